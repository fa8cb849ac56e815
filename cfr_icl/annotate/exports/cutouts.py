"""A cut-out with transparency for each object."""

from __future__ import annotations

from cfr_icl.annotate.exports.format import ExportFormat, ExportJob, Files
from cfr_icl.annotate.exports.names import free_name, object_file
from cfr_icl.annotate.exports.png import cutout_png
from cfr_icl.pictures.decoding import PictureError
from cfr_icl.sentences import Sentence


def _cutouts(job: ExportJob) -> Files:
    files: Files = {}
    for stem, picture in job.each_picture():
        if not picture.instances:
            continue
        try:
            pixels = picture.read()
        except PictureError as error:
            job.sentences.append(
                Sentence("{name}: {error} It has no cut-outs.", name=picture.name, error=error)
            )
            continue
        if pixels.shape[:2] != picture.size:
            job.sentences.append(
                Sentence("{name} has another size than its masks; it has no cut-outs.", name=picture.name)
            )
            continue
        for instance in picture.instances:
            name = free_name(object_file(stem, instance), files.__contains__)
            files[name] = cutout_png(pixels, instance.mask.pixels)
    return files


FORMATS = (ExportFormat("cutouts", "Cut-outs", 3, _cutouts),)
