"""A black and white PNG for each object."""

from __future__ import annotations

from cfr_icl.annotate.exports.format import ExportFormat, ExportJob, Files
from cfr_icl.annotate.exports.names import free_name, object_file
from cfr_icl.annotate.exports.png import mask_png


def _masks(job: ExportJob) -> Files:
    files: Files = {}
    for stem, picture in job.each_picture():
        for instance in picture.instances:
            name = free_name(object_file(stem, instance), files.__contains__)
            files[name] = mask_png(instance.mask.pixels)
    return files


FORMATS = (ExportFormat("masks", "Mask PNG per object", 1, _masks),)
