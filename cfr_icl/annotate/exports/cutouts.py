"""A cut-out with transparency for each object."""

from __future__ import annotations

from cfr_icl.annotate.exports.picture import ExportFormat, ExportJob, Files, object_file
from cfr_icl.annotate.exports.png import cutout_png


def _cutouts(job: ExportJob) -> Files:
    files = {}
    for stem, picture in job.pictures:
        if picture.instances:
            pixels = picture.read()
        for instance in picture.instances:
            files[object_file(stem, instance)] = cutout_png(pixels, instance.mask.pixels)
    return files


FORMATS = (ExportFormat("cutouts", "Cut-outs", 3, _cutouts),)
