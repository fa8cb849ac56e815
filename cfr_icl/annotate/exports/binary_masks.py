"""A black and white PNG for each object."""

from __future__ import annotations

from cfr_icl.annotate.exports.picture import ExportFormat, ExportJob, Files, object_file
from cfr_icl.annotate.exports.png import mask_png


def _masks(job: ExportJob) -> Files:
    return {
        object_file(stem, instance): mask_png(instance.mask.pixels)
        for stem, picture in job.pictures
        for instance in picture.instances
    }


FORMATS = (ExportFormat("masks", "Binary masks", 1, _masks),)
