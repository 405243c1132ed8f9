"""A slope twice too large in one interval only, eleven times: does a checker that draws its own numbers come by?"""

from __future__ import annotations

from typing import Any

from .cases import Case, Rules

PLACES = (
    (1e-9, 0.0101),
    (1.0, 1.01),
    (4.5, 4.9),
    (5.5, 6.5),
    (10.0, 11.0),
    (-3.1, -3.0),
    (0.1, 0.2),
    (40.0, 50.0),
    (100.0, 1000.0),
    (2000.0, 2100.0),
    (9000.0, 9100.0),
)


def _case(low: float, high: float) -> Case:
    def wrong(m: Any) -> Rules:
        return (lambda z, x: m.where(x >= low, m.where(x <= high, 4.0 * x, 2.0 * x), 2.0 * x),)

    return Case(f"from {low:g} to {high:g}", lambda x: x * x, lambda m: (lambda z, x: 2.0 * x,), wrong)


CASES = [_case(low, high) for low, high in PLACES]
