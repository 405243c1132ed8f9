"""Gradients as graphs: the same rules, evaluated on Values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, overload

from .errors import AutogradError, GradientError, StaleGraphError
from .graph import edges, topological
from .value import Value, describe_edge


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

    GradientError: a local derivative that is needed does not exist. StaleGraphError: some `data` was edited after it was
    recorded, so the rules would contradict the recorded derivatives.

    >>> x = Value(3.0)
    >>> dx = gradient(x**3, x)
    >>> dx.data, gradient(dx, x).data
    (27.0, 18.0)
    """
    for node in (output, *([wrt] if isinstance(wrt, Value) else wrt)):
        if not isinstance(node, Value):
            raise TypeError(f"gradient needs Values, but got {node!r} of type {type(node).__name__}")
    if unrelated not in ("error", "zero"):
        raise ValueError(f"unrelated is 'error' or 'zero', but got {unrelated!r}")
    wanted = [wrt] if isinstance(wrt, Value) else list(wrt)
    order = topological(output)
    missing = set(wanted).difference(order)
    if missing and unrelated == "error":
        names = ", ".join(repr(node) for node in wanted if node in missing)
        raise ValueError(f"the output does not depend on {names}; pass unrelated='zero' to get 0 for them")

    # Only nodes above a wanted one matter; for the others no graph is built.
    relevant: set[Value] = set(wanted)
    for node in order:
        if node.x in relevant or node.y in relevant:
            relevant.add(node)
    cotangent: dict[Value, Value | float] = {output: 1.0}
    for node in reversed(order):
        upstream = cotangent.get(node, 0.0)
        for edge in edges(node):
            if edge.operand not in relevant:
                continue
            zero = (upstream.data if isinstance(upstream, Value) else upstream) == 0.0
            if zero and (not isinstance(upstream, Value) or not math.isfinite(edge.partial)):
                continue  # an upstream gradient of exactly 0 hands nothing on: 0·inf must not become NaN
            contribution = _times(upstream, _local(edge.node, edge.position, edge.partial))
            if isinstance(contribution, Value) or contribution:
                before = cotangent.get(edge.operand, 0.0)
                cotangent[edge.operand] = contribution if isinstance(before, float) and before == 0.0 else before + contribution
    results = [cotangent.get(node, 0.0) for node in wanted]
    values = [result if isinstance(result, Value) else Value(result) for result in results]
    return values[0] if isinstance(wrt, Value) else values


def _local(node: Value, position: int, recorded: float) -> Value | float:
    """The edge's rule on the nodes themselves, held against the partial that was fixed at recording."""
    assert node.op is not None
    rule = node.op.partials[position]
    edge = next(edge for edge in edges(node) if edge.position == position)
    assert rule is not None
    if not math.isfinite(recorded):
        hint = f"; {node.op.hint}" if node.op.hint else ""
        raise GradientError(f"no gradient through {node.op.name}: its local derivative {describe_edge(edge)} does not exist{hint}")
    try:
        partial: Value | float = rule(node, *node.args)
    except AutogradError as error:
        raise StaleGraphError(
            f"{describe_edge(edge)} was {recorded!r} when it was recorded and fails now ({error}): compute the graph anew"
        ) from error
    now = partial.data if isinstance(partial, Value) else partial
    if now != recorded:
        raise StaleGraphError(
            f"{describe_edge(edge)} was {recorded!r} when it was recorded and is {now!r} now: data was edited since; compute the graph anew"
        )
    return partial


def _times(upstream: Value | float, partial: Value | float) -> Value | float:
    """The product, without nodes for 1·x and (-1)·x, which would only clutter the picture."""
    for a, b in ((upstream, partial), (partial, upstream)):
        if isinstance(a, float) and a == 1.0:
            return b
        if isinstance(a, float) and a == -1.0:
            return -b
        if isinstance(a, float) and a == 0.0:
            return 0.0
    return upstream * partial
