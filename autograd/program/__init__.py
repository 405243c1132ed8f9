"""Programs: a scalar graph made into straight code, its value and its gradients, to read and to run again without the graph."""

from .passes import PASSES
from .program import GuardError, Outcome, Program, compile  # noqa: A004
from .trace import TracingError

__all__ = ["PASSES", "GuardError", "Outcome", "Program", "TracingError", "compile"]
