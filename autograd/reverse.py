"""Gradients as graphs: the same rules, evaluated on Values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal, overload

from . import ops
from .errors import AutogradError, RangeError, StaleGraphError
from .graph import Edge, edges, topological
from .value import Value, describe_edge, no_derivative, out_of_range


@overload
def gradient(output: Value, wrt: Value, *, unrelated: Literal["error", "zero"] = ...) -> Value: ...
@overload
def gradient(output: Value, wrt: Sequence[Value], *, unrelated: Literal["error", "zero"] = ...) -> list[Value]: ...
def gradient(output: Value, wrt: Value | Sequence[Value], *, unrelated: Literal["error", "zero"] = "error") -> Value | list[Value]:
    """∂output/∂x as a Value, for x = `wrt` or for each x of a list: a graph again, to draw or to differentiate once more.

    Where `backward()` multiplies the stored numbers, this evaluates each rule on the nodes themselves, so the result knows
    how it depends on every leaf. No `grad` is read or written. A local derivative that is one of the operands is that very
    node: gradient(a * b, a) is b.

    unrelated   what to do with an x that the output does not depend on: "error" (ValueError naming them) or "zero"

    GradientError: a local derivative that is needed does not exist, or the numbers leave the range of floats.
    StaleGraphError: some `data` was edited after it was recorded, so the rules would contradict the recorded derivatives.

    >>> x = Value(3.0)
    >>> dx = gradient(x**3, x)
    >>> dx.data, gradient(dx, x).data
    (27.0, 18.0)
    """
    wanted = list(wrt) if isinstance(wrt, Iterable) else [wrt]
    for node in (output, *wanted):
        if not isinstance(node, Value):
            raise TypeError(f"gradient needs an output and one Value or a list of them, but got {node!r} of type {type(node).__name__}")
    if unrelated not in ("error", "zero"):
        raise ValueError(f"unrelated is 'error' or 'zero', but got {unrelated!r}")
    order = topological(output)
    below = set(order)
    missing = [node for node in wanted if node not in below]
    if missing and unrelated == "error":
        names = ", ".join(map(repr, missing[:5])) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise ValueError(f"the output does not depend on {names}; pass unrelated='zero' to get 0 there")

    # Only nodes above a wanted one matter; for the others no graph is built.
    relevant: set[Value | None] = set(wanted)
    for node in order:
        if node.x in relevant or node.y in relevant:
            relevant.add(node)
    cotangent: dict[Value, Value | float] = {output: 1.0}
    for node in reversed(order):
        upstream = cotangent.get(node, 0.0)
        for edge in edges(node):
            if edge.operand not in relevant:
                continue
            # An upstream gradient of exactly 0 hands nothing on where 0·inf would become NaN. Where it is a Value it must be
            # handed on all the same otherwise: it depends on the leaves, and the next derivative asks how.
            finite = math.isfinite(edge.partial)
            if _number(upstream) == 0.0 and not (finite and isinstance(upstream, Value)):
                continue
            if not finite:
                raise no_derivative(edge, _number(upstream))
            partial = _local(edge)
            before = cotangent.get(edge.operand, 0.0)
            try:
                cotangent[edge.operand] = _plus(before, _times(upstream, partial))
            except RangeError:
                raise out_of_range(edge, _number(upstream), _number(before)) from None
    values = [result if isinstance(result, Value) else Value(result) for result in (cotangent.get(node, 0.0) for node in wanted)]
    return values[0] if isinstance(wrt, Value) else values


def _local(edge: Edge[Value]) -> Value | float:
    """The edge's rule on the nodes themselves, held against the partial that was fixed at recording."""
    node = edge.node
    assert node.op is not None
    rule = node.op.partials[edge.position]
    assert rule is not None
    cause: AutogradError | None = None
    try:
        partial: Value | float = rule(node, *node.args)
    except AutogradError as error:
        now, cause = f"fails now ({error})", error
    else:
        if _number(partial) == edge.partial:
            return partial
        now = f"is {_number(partial)!r} now"
    raise StaleGraphError(
        f"{describe_edge(edge)} {now}, but was {edge.partial!r} when it was recorded: data was edited since; compute the graph anew"
    ) from cause


# What a gradient needs of arithmetic, on floats and Values alike, without nodes for 0 + x, 1·x and (-1)·x: they would only
# clutter the picture.


def _number(x: Value | float) -> float:
    return x.data if isinstance(x, Value) else x


def _is(x: Value | float, constant: float) -> bool:
    return isinstance(x, float) and x == constant


def _plus(x: Value | float, y: Value | float) -> Value | float:
    if _is(x, 0.0):
        return y
    return x if _is(y, 0.0) else ops.add(x, y)


def _times(x: Value | float, y: Value | float) -> Value | float:
    for a, b in ((x, y), (y, x)):
        if _is(a, 0.0):
            return 0.0
        if _is(a, 1.0):
            return b
        if _is(a, -1.0):
            return ops.negate(b)
    return ops.multiply(x, y)
