"""Statistics of the work: objects of each class, their sizes, time at work; as tables and as a page."""

from __future__ import annotations

import csv
import html
import io
import statistics
from collections.abc import Iterable, Sequence

from cfr_icl.annotate.exports.format import ExportFormat, ExportJob, Files
from cfr_icl.annotate.objects.annotated_picture import AnnotatedPicture
from cfr_icl.annotate.pictures.listing import shown_name

OBJECTS = ("picture", "object", "class", "pixels", "share", "left", "top", "width", "height", "clicks")
CLASSES = ("class", "objects", "pictures", "least pixels", "median pixels", "most pixels", "mean share")
PICTURES = ("picture", "width", "height", "objects", "done", "seconds")


def _statistics(job: ExportJob) -> Files:
    pictures = [picture for _, picture in job.each_picture()]
    tables = {
        "classes": (CLASSES, _classes(job.class_names, pictures)),
        "pictures": (PICTURES, [_picture(picture) for picture in pictures]),
        "objects": (OBJECTS, [row for picture in pictures for row in _objects(picture)]),
    }
    files = {f"{name}.csv": _csv(titles, rows) for name, (titles, rows) in tables.items()}
    page = [
        _table(name, titles, rows) for name, (titles, rows) in tables.items() if name != "objects" and rows
    ]
    return {"statistics.html": _page(pictures, page), **files}


def _objects(picture: AnnotatedPicture) -> list[list[object]]:
    height, width = picture.size
    return [
        [
            *(shown_name(picture.name), each.id, each.label, each.mask.area),
            round(each.mask.area / (height * width), 6),
            *each.mask.box.xywh,
            len(each.clicks),
        ]
        for each in picture.instances
    ]


def _picture(picture: AnnotatedPicture) -> list[object]:
    height, width = picture.size
    done = "yes" if picture.document.done else "no"
    return [shown_name(picture.name), width, height, len(picture.instances), done, round(picture.seconds)]


def _classes(names: Sequence[str], pictures: Sequence[AnnotatedPicture]) -> list[list[object]]:
    rows: list[list[object]] = []
    for name in names:
        areas, shares, holders = [], [], 0
        for picture in pictures:
            of_picture = [each.mask.area for each in picture.instances if each.label == name]
            areas += of_picture
            shares += [area / (picture.size[0] * picture.size[1]) for area in of_picture]
            holders += bool(of_picture)
        sizes = [min(areas), round(statistics.median(areas)), max(areas)] if areas else ["", "", ""]
        rows.append([name, len(areas), holders, *sizes, round(statistics.mean(shares), 6) if areas else ""])
    return rows


def _csv(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(titles)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")  # with the mark by which spreadsheets know UTF-8


def _harmless(cell: object) -> object:
    """Quote a cell that a spreadsheet would take for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _table(name: str, titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    def line(tag: str, cells: Iterable[object]) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"

    lines = [line("th", titles), *(line("td", row) for row in rows)]
    return f"<h2>{name.capitalize()}</h2>\n<table>\n" + "\n".join(lines) + "\n</table>"


def _page(pictures: Sequence[AnnotatedPicture], tables: Sequence[str]) -> bytes:
    objects = sum(len(picture.instances) for picture in pictures)
    seconds = sum(picture.seconds for picture in pictures)
    done = sum(picture.document.done for picture in pictures)
    parts = [f"{len(pictures)} pictures", f"{done} of them done", f"{objects} objects"]
    if seconds:
        parts += [f"{seconds / 60:.0f} minutes of work", f"{3600 * objects / seconds:.0f} objects an hour"]
    style = (
        "body{font:14px system-ui,sans-serif;margin:2rem;color-scheme:light dark}"
        "table{border-collapse:collapse}"
        "th,td{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #8886}"
        ":is(th,td):first-child{text-align:left}"
    )
    return (
        f'<!doctype html>\n<meta charset="utf-8">\n<title>Statistics</title>\n<style>{style}</style>\n'
        f"<h1>Statistics</h1>\n<p>{', '.join(parts)}</p>\n" + "\n".join(tables) + "\n"
    ).encode("utf-8", "replace")


FORMATS = (ExportFormat("statistics", "Statistics", 11, _statistics, stems=False),)
