"""The words of a sweep that failed: which local derivative, at which numbers, and what to do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from . import given
from .errors import GradientError
from .graph import Edge, Node, edges, topological
from .joined import place_of, seen
from .masking import substitutes
from .primitive import Primitive


def label_of(node: Any) -> str:
    """The label as a text, "" without one. It may be anything: to look at it costs nothing until somebody shows it."""
    label = node.label
    return label if isinstance(label, str) else "" if label is None else str(label)


def describe_edge(edge: Edge[Any]) -> str:
    """The edge in words: the operation, the operand, and the numbers at which its local derivative is taken."""
    op, args = seen(edge.node)
    return describe_partial(op, place_of(edge.node, edge.position), args)


def describe_partial(op: Primitive, position: int, args: Sequence[Any]) -> str:
    """A local derivative in words, with the numbers at which it is taken."""
    at = []
    for name, arg in zip(op.operands, args, strict=True):
        label = getattr(arg, "label", None)
        at.append(f"{name}={arg if isinstance(arg, float) else arg.data!r}" + (f" (label {label!r})" if label else ""))
    return f"∂({op.formula})/∂{op.operands[position]} at {', '.join(at)}"


def missing(op: Primitive, partial: float) -> tuple[str, str]:
    """What to say of a local derivative that is not finite, and the row's hint."""
    what = "does not exist" if math.isnan(partial) else "is beyond the largest float (about 1.8e308)"
    return what, f"; {op.hint}" if op.hint else ""


ZERO_TIMES_INFINITY = (
    "0·∞ has no value here. Keep the operand away from there (a floor, as in maximum(x, 1e-12)), choose with where(condition, x, y) where"
    " a number masks by being 0 or very large, or compute from scores, as log_sigmoid and log_softmax do"
)


def no_derivative(edge: Edge[Any], upstream: float) -> GradientError:
    """The error for an edge whose local derivative is not finite and needed, with the upstream gradient that it met."""
    what, hint = missing(edge.node.op, edge.partial)
    at = f"no gradient through {edge.node.op.name}: its local derivative {describe_edge(edge)} {what}"
    if upstream:
        return GradientError(f"{at} (upstream gradient {upstream!r}){hint}. No gradient was changed.")
    return GradientError(f"{at}, and the upstream gradient is exactly 0: {ZERO_TIMES_INFINITY}{hint}. No gradient was changed.")


def out_of_range(edge: Edge[Any], upstream: float, before: float) -> GradientError:
    """The error for an edge whose contribution, or its sum with the contributions before it, is beyond the floats."""
    return GradientError(
        f"the gradient leaves the range of floats (about 1.8e308) at {describe_edge(edge)}: upstream gradient {upstream!r}"
        f" × local derivative {edge.partial!r}{f', added to {before!r}' if before else ''}. No gradient was changed."
    )


def guilty(output: Any, seed: float, leaves: list[Any], held: list[float]) -> GradientError:
    """The error for a sweep that failed: the same sweep again, slowly, to the first edge at which the numbers are not finite."""
    order = topological(output)
    partials = substitutes(order, (output,))
    gradient = dict.fromkeys(reversed(order), 0.0)
    gradient[output] = seed
    for node, upstream in gradient.items():
        substitute = partials.get(node, (node.dx, node.dy))
        for edge in edges(node):
            partial: float = substitute[edge.position]
            if math.isnan(partial) or (upstream and not math.isfinite(partial)):
                return no_derivative(edge, upstream)
            before = gradient[edge.operand]
            if upstream:
                gradient[edge.operand] += upstream * partial
            if not math.isfinite(gradient[edge.operand]):
                return out_of_range(edge, upstream, before)
    leaf, grad = next((leaf, grad) for leaf, grad in zip(leaves, held, strict=True) if not math.isfinite(grad + gradient[leaf]))
    leaf.grad = grad  # as it was before, and will be again, so that the message shows it
    return GradientError(
        f"{leaf!r} cannot add {gradient[leaf]!r} to its grad: the sum is not finite. No gradient was changed; zero_grad() makes room."
    )


# What somebody has put into a node, where a number belongs.


def _misplaced(x: Any) -> bool:
    return not isinstance(x, (float, int)) or given.is_bool(x)


def _is_node(x: Any) -> bool:
    return isinstance(x, Node)


def refuse_misplaced(*nodes: Any) -> None:
    """A TypeError that names the first node whose `data` somebody has set to what is no float. An int, and a number of a class that
    derives from float, is as good as one; a float32 would make all that is computed from it less accurate.
    """
    for node in nodes:
        if _is_node(node) and _misplaced(node.data):
            leaves: list[Any] = [x for x in topological(node) if x.op is None]
            below = next((x for x in leaves if _misplaced(x.data)), node)
            instead = "its .data" if _is_node(below.data) else "float(number)"
            raise TypeError(
                f"the data of {below!r} is of type {type(below.data).__name__}: somebody has put it there; put {instead} there instead"
            )


def refuse_grads(nodes: Sequence[Any], grads: Sequence[Any]) -> None:
    """A TypeError that names the first leaf whose `grad` somebody has set to what is no float. An int is as good, and None stands for 0."""
    for node, grad in zip(nodes, grads, strict=True):
        if node.op is None and grad is not None and _misplaced(grad):
            node.grad = grad  # as it was before, and will be again, so that the message shows it
            raise TypeError(
                f"the grad of {node!r} is of type {type(grad).__name__}: somebody has put it there; put float(number) there instead"
            )
