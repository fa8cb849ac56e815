"""A label map for each picture: object ids as pixel values, and their labels beside them in the file."""

from __future__ import annotations

from cfr_icl.annotate.exports.format import ExportFormat, ExportJob, Files
from cfr_icl.annotate.exports.png import indexed_png


def _indexed(job: ExportJob) -> Files:
    files = {}
    for stem, picture in job.each_picture():
        layers = [(each.id, each.colour, each.mask.pixels) for each in picture.instances]
        labels = {each.id: each.label for each in picture.instances}
        files[f"{stem}.png"] = indexed_png(picture.size, layers, labels)
    return files


FORMATS = (ExportFormat("indexed", "Label map PNG", 2, _indexed, label_map=True),)
