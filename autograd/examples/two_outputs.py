"""The 2-2-1 network with a second output: a hidden neuron hears from both, and its gradient is a sum over paths."""

from __future__ import annotations

from ..ops import sigmoid
from ..typeset import number
from ..value import Value
from ..words import said
from .example import Example, Graph
from .two_two_one import INPUTS, WEIGHTS

MORE_WEIGHTS = (0.25, 0.35)
TARGETS = (1.0, 0.0)
ORDER = (
    *("x1", "x2", "w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "y1", "y2"),
    *("z1", "z2", "h1", "h2", "z3", "z4", "o1", "o2", "E"),
)


def build() -> Value:
    """E = (y1 − o1)² + (y2 − o2)², with z3 = w5·h1 + w6·h2 and z4 = w7·h1 + w8·h2."""
    x1, x2 = (Value(x, label=f"x{i}") for i, x in enumerate(INPUTS, 1))
    y1, y2 = (Value(y, label=f"y{i}") for i, y in enumerate(TARGETS, 1))
    w1, w2, w3, w4, w5, w6, w7, w8 = (Value(w, label=f"w{i}") for i, w in enumerate(WEIGHTS + MORE_WEIGHTS, 1))
    z1 = x1 * w1 + x2 * w3
    z2 = x1 * w2 + x2 * w4
    h1, h2 = sigmoid(z1), sigmoid(z2)
    z3 = h1 * w5 + h2 * w6
    z4 = h1 * w7 + h2 * w8
    o1, o2 = sigmoid(z3), sigmoid(z4)
    error = (y1 - o1) ** 2 + (y2 - o2) ** 2
    for label, node in {"z1": z1, "z2": z2, "h1": h1, "h2": h2, "z3": z3, "z4": z4, "o1": o1, "o2": o2, "E": error}.items():
        node.label = label
    return error


def run() -> Example:
    """The example, computed."""
    graph = Graph("two_outputs", said("two_outputs.graph"), build(), order=ORDER)
    numbers: dict[str, float] = {}
    remarks = []
    for hidden, first, second in (("h1", "w5", "w7"), ("h2", "w6", "w8")):
        one, other = graph["z3"].grad * graph[first].data, graph["z4"].grad * graph[second].data
        numbers |= {f"∂E/∂{hidden} by o1": one, f"∂E/∂{hidden} by o2": other}
        remarks.append(said("two_outputs.hears", hidden=hidden, one=number(one), other=number(other), both=number(graph[hidden].grad)))
    slope = graph["h1"].data * (1.0 - graph["h1"].data) * graph["x1"].data
    paths = numbers["∂E/∂h1 by o1"] * slope, numbers["∂E/∂h1 by o2"] * slope
    numbers |= {"∂E/∂w1 by o1": paths[0], "∂E/∂w1 by o2": paths[1]}
    remarks.append(said("two_outputs.paths", one=number(paths[0]), other=number(paths[1]), both=number(graph["w1"].grad)))
    return Example("two_outputs", said("two_outputs.title"), [graph], remarks, numbers)
