"""A label map for each picture: object ids as pixel values."""

from __future__ import annotations

from cfr_icl.annotate.exports.format import ExportFormat, ExportJob, Files
from cfr_icl.annotate.exports.png import indexed_png


def _indexed(job: ExportJob) -> Files:
    return {
        f"{stem}.png": indexed_png(picture.size, [(i.id, i.colour, i.mask.pixels) for i in picture.instances])
        for stem, picture in job.each_picture()
    }


FORMATS = (ExportFormat("indexed", "Label map PNG", 2, _indexed, label_map=True),)
