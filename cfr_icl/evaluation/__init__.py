"""Evaluation by simulated clicks: protocol, sessions of the robot user, metrics, and reports."""

from cfr_icl.evaluation.metrics import boundary_iou, clicks_to_reach, iou, object_area
from cfr_icl.evaluation.protocol import Protocol
from cfr_icl.evaluation.simulation import Result, Simulation, evaluate_object, setting_name, simulate
from cfr_icl.evaluation.summary import Metrics, summarise

__all__ = [
    "Metrics",
    "Protocol",
    "Result",
    "Simulation",
    "boundary_iou",
    "clicks_to_reach",
    "evaluate_object",
    "iou",
    "object_area",
    "setting_name",
    "simulate",
    "summarise",
]
