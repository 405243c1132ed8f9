"""Stepping: one gradient's way, edge by edge, forwards and back again.

`steps(output)` iterates over the steps, `Stepper(output)` walks them in both directions and shows itself, `explain(x, output)`
says along which paths a gradient comes.
"""

from __future__ import annotations

from .paths import Explanation, explain
from .recorder import Backward, Forward, Step, steps
from .stepper import Stepper
from .walk import State

__all__ = ["Backward", "Explanation", "Forward", "State", "Step", "Stepper", "explain", "steps"]
