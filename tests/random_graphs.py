"""Random graphs for hypothesis: any sharing, repeated operands, constants on either side, and nodes nobody uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from autograd import Value, cos, hypot, maximum, negate, sigmoid, sin, softplus, tanh

POLYNOMIAL: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "negate": lambda a, b: -a,
    "square": lambda a, b: a**2,
    "add a constant": lambda a, b: a + 3,
    "constant minus": lambda a, b: 2 - a,
    "times a constant": lambda a, b: a * -2,
}
"""Operations that keep small integers small integers, so that derivatives can be compared exactly."""

SMOOTH: dict[str, Callable[..., Any]] = {
    **POLYNOMIAL,
    "multiply": lambda a, b: tanh(a) * b,
    "square": lambda a, b: sin(a) ** 2,
    "divide": lambda a, b: a / (softplus(b) + 1.0),
    "power": lambda a, b: (sigmoid(a) + 0.5) ** cos(b),
    "hypot": hypot,
    "maximum": maximum,
    "tanh": lambda a, b: tanh(a),
    "negate": lambda a, b: negate(a),
}
"""Operations that stay in range for long, of many kinds."""

Step = tuple[str, int, int]


def recipes(table: dict[str, Callable[..., Any]], most: int = 30) -> st.SearchStrategy[list[Step]]:
    """Lists of steps (operation, how far back the first operand lies, and the second)."""
    back = st.integers(1, 8)
    return st.lists(st.tuples(st.sampled_from(sorted(table)), back, back), min_size=1, max_size=most)


def build(table: dict[str, Callable[..., Any]], steps: list[Step], leaves: list[Any]) -> list[Any]:
    """The leaves and, after them, what each step makes of what came before."""
    made = list(leaves)
    for name, i, j in steps:
        made.append(table[name](made[-min(i, len(made))], made[-min(j, len(made))]))
    return made


def values(numbers: list[float]) -> list[Value]:
    return [Value(x, label=f"x{i}") for i, x in enumerate(numbers)]
