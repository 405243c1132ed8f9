"""How far two programs for one graph may lie apart by rounding alone: a running error analysis, number by number.

Forward, each node is off by what its operands are off, times the local derivatives, and by a few units in its last place; a sum, which
another program may add up in another order, by a unit of all its terms' sizes for each of them. Backward, a local derivative is off by
as much as it changes within those distances, and each contribution and each sum of them rounds once more. What is exact stays exact: at
a kink or a tie a number is off by nothing if nothing was rounded before it, and the kink counts.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

from autograd import AutogradError, Value
from autograd.graph import topological

UNIT = 2.0**-52
ROW = 8.0
"""How many units in the last place a row may be off, in two programs together, and so a local derivative."""
EXACT = ("negate", "maximum", "minimum", "abs", "relu", "sign", "heaviside", "stop_gradient")
"""Rows that round nothing."""


def distances(output: Value, numbers: Mapping[Value, float] | None = None) -> tuple[float, dict[Value, float]]:
    """How far off the output may be, and the gradient by each node; the leaves' numbers are off by nothing unless said."""
    order = topological(output)
    off: dict[Value, float] = {}
    size: dict[Value, float] = {}
    terms: dict[Value, int] = {}
    for node in order:
        size[node], terms[node] = abs(node.data), 1
        if node.op is None:
            off[node] = 0.0
            continue
        if node.op.name == "add":
            for arg in node.args:
                terms[node] += terms[arg] if isinstance(arg, Value) else 1
            size[node] = sum(size[arg] if isinstance(arg, Value) else abs(arg) for arg in node.args)
        own = ROW * terms[node] * UNIT * size[node]
        if node.op.name in EXACT:
            own = 0.0
        off[node] = own + _spread(node, off)
    gradient = {node: node.grad for node in order}  # leaves' gradients; inner ones too, since backward() writes them all
    sizes = dict.fromkeys(order, 0.0)
    error = dict.fromkeys(order, 0.0)
    arriving = dict.fromkeys(order, 0)
    sizes[output] = 1.0
    for node in reversed(order):
        error[node] += arriving[node] * UNIT * sizes[node]
        if node.op is None or not (gradient[node] or error[node]):
            continue
        for i, (arg, partial) in enumerate(zip(node.args, (node.dx, node.dy), strict=False)):
            if isinstance(arg, Value) and partial is not None:
                wrong = _change(node, i, partial, off)
                error[arg] += _times(error[node], abs(partial)) + _times(abs(gradient[node]) + error[node], wrong)
                error[arg] += UNIT * _times(abs(gradient[node]), abs(partial))
                sizes[arg] += _times(abs(gradient[node]), abs(partial))
                arriving[arg] += 1
    return off[output], error


def _times(a: float, b: float) -> float:
    if not a or not b:
        return 0.0
    return math.inf if math.isnan(a * b) else a * b


def _corners(node: Value, off: Mapping[Value, float]) -> list[tuple[float, ...]]:
    """The operands, moved as far as they may be off, in all directions."""
    sides = []
    for arg in node.args:
        if not isinstance(arg, Value) or not off[arg]:
            sides.append([arg.data if isinstance(arg, Value) else arg])
        else:
            sides.append([arg.data, arg.data - off[arg], arg.data + off[arg]])
    return list(itertools.product(*sides))[1:]


def _spread(node: Value, off: Mapping[Value, float]) -> float:
    assert node.op is not None
    found = 0.0
    for corner in _corners(node, off):
        try:
            found = max(found, abs(node.op.kinds[float](*corner) - node.data))
        except AutogradError:
            return math.inf
    return found


def _change(node: Value, i: int, partial: float, off: Mapping[Value, float]) -> float:
    """How far off a local derivative may be."""
    assert node.op is not None
    found = 0.0
    rule = node.op.partials[i]
    if rule is None or node.op.name in ("add", "subtract", "negate"):
        return 0.0
    for corner in _corners(node, off):
        try:
            found = max(found, abs(rule(node.op.kinds[float](*corner), *corner) - partial))
        except (AutogradError, ArithmeticError, ValueError):
            return math.inf
    if node.op.name in ("multiply", *EXACT, "above"):
        return found
    return found + ROW * UNIT * abs(partial) + 2.0**-1060
