"""Derivatives held against differences: the public names, of which `autograd.checking` says how they work.

differences    central_difference, extrapolated_difference and its Estimate; EPSILON, ROUNDING, LEAST
complex_step   complex_step
judging        Verdict, Judgement, judge_partial, judge_function, judge_second; corner, kink_distance; TOLERANCE
report         Report, and the Finding that each of its lines is
graphs         check_edges, check_graph
functions      check_gradients
"""

from __future__ import annotations

from .checking.complex_step import complex_step
from .checking.differences import EPSILON, LEAST, ROUNDING, Estimate, central_difference, extrapolated_difference
from .checking.functions import check_gradients
from .checking.graphs import check_edges, check_graph
from .checking.judging import (
    TOLERANCE,
    Judgement,
    Verdict,
    corner,
    judge_function,
    judge_partial,
    judge_second,
    kink_distance,
)
from .checking.report import Finding, Report

Check = Finding
"""The older name: a check is what finds it."""

__all__ = [
    "EPSILON",
    "LEAST",
    "ROUNDING",
    "TOLERANCE",
    "Check",
    "Estimate",
    "Finding",
    "Judgement",
    "Report",
    "Verdict",
    "central_difference",
    "check_edges",
    "check_gradients",
    "check_graph",
    "complex_step",
    "corner",
    "extrapolated_difference",
    "judge_function",
    "judge_partial",
    "judge_second",
    "kink_distance",
]
