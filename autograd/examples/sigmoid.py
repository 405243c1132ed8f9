"""The sigmoid opened up: four nodes and one node, the same gradient."""

from __future__ import annotations

from .. import ops
from ..typeset import number
from ..value import Value
from ..words import said
from .example import Example, Graph


def opened(x: Value) -> Value:
    """y = 1 / (1 + exp(-x)) as four operations."""
    negative = x * -1.0
    exponential = ops.exp(negative)
    denominator = exponential + 1.0
    y = 1.0 / denominator
    negative.label, exponential.label, denominator.label, y.label = "−x", "exp(−x)", "1 + exp(−x)", "y"
    return y


def slope(x: float) -> float:
    """y(1 − y) at x: the local derivative of y = σ(x)."""
    (partial,) = ops.sigmoid(Value(x)).partials
    return partial


def run() -> Example:
    """The example, computed at x = 1."""
    four = Graph("opened", said("sigmoid.opened"), opened(Value(1.0, label="x")))
    single = ops.sigmoid(Value(1.0, label="x"))
    single.label = "y"
    one = Graph("single", said("sigmoid.single"), single)
    y = single.data
    return Example(
        "sigmoid",
        said("sigmoid.title"),
        [four, one],
        [
            said("sigmoid.same", four=number(four["x"].grad), one=number(one["x"].grad)),
            said("sigmoid.largest", slope=number(slope(0.0)), times=number(1.0 / slope(0.0))),
        ],
        {"y(1 − y)": y * (1.0 - y), "largest y(1 − y)": slope(0.0)},
    )
