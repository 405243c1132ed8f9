"""Softmax with cross-entropy, opened up operation by operation; the whole of its backward pass collapses to y − t."""

from __future__ import annotations

from math import log as ln

from ..composed import softmax
from ..graph import cotangents
from ..ops import exp, log
from ..typeset import number
from ..value import Value
from ..words import said
from .example import Example, Graph

SCORES = (ln(3.0), ln(2.0), ln(5.0))
TARGET = (0.0, 1.0, 0.0)


def build(scores: tuple[float, ...] = SCORES, target: tuple[float, ...] = TARGET) -> Value:
    """L = −Σ t·ln y with y = exp(a) · (1/S), S = Σ exp(a). No shift by the largest score here: it would hide the lesson."""
    nodes = [Value(score, label=f"a{i}") for i, score in enumerate(scores, 1)]
    exponentials = [exp(score) for score in nodes]
    total = exponentials[0]
    for exponential in exponentials[1:]:
        total = total + exponential
    total.label = "S"
    inverse = 1.0 / total
    inverse.label = "1/S"
    terms = []
    for i, (exponential, t) in enumerate(zip(exponentials, target, strict=True), 1):
        y = exponential * inverse
        logarithm = log(y)
        exponential.label, y.label, logarithm.label = f"exp a{i}", f"y{i}", f"ln y{i}"
        terms.append(t * logarithm)
    loss = -(terms[0] + terms[1] + terms[2])
    loss.label = "L"
    return loss


def jacobian(scores: tuple[float, ...] = SCORES) -> list[list[float]]:
    """∂yᵢ/∂aⱼ of softmax, a row for each output: yᵢ(1 − yᵢ) on the diagonal, −yᵢyⱼ off it."""
    nodes = [Value(score) for score in scores]
    return [[cotangents(y)[node] for node in nodes] for y in softmax(nodes)]


def run() -> Example:
    """The example, computed."""
    graph = Graph("softmax_loss", said("softmax.graph"), build())
    at_scores = [graph[f"a{i}"].grad for i in (1, 2, 3)]
    ys = [graph[f"y{i}"].data for i in (1, 2, 3)]
    rows = jacobian()
    at_y = [0.0, graph["y2"].grad, 0.0]
    diagonal_only = [rows[i][i] * at_y[i] for i in range(3)]

    def tuple_of(numbers: list[float]) -> str:
        return f"({', '.join(number(x) for x in numbers)})"

    return Example(
        "softmax_loss",
        said("softmax.title"),
        [graph],
        [
            said("softmax.difference", ys=tuple_of(ys), gradients=tuple_of(at_scores)),
            said("softmax.paths"),
            said("softmax.jacobian", rows="; ".join(tuple_of(row) for row in rows)),
            said("softmax.diagonal", wrong=tuple_of(diagonal_only)),
        ],
        {f"∂y{i + 1}/∂a{j + 1}": rows[i][j] for i in range(3) for j in range(3)}
        | {f"diagonal only, a{i + 1}": diagonal_only[i] for i in range(3)},
    )
