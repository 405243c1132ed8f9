"""Gradients as graphs: the same rules, evaluated on Values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from operator import is_
from typing import Any, Literal, NamedTuple, NoReturn, overload

from . import given, ops
from .errors import AutogradError, RangeError, StaleGraphError
from .failures import describe_edge, no_derivative, out_of_range
from .graph import Edge, edges, topological
from .marks import sweep
from .masking import Partials, substitutes
from .primitive import PRIMITIVES, Primitive, function_of
from .process import full_collections_wait
from .value import Value, as_value, as_values


@overload
def gradient(output: Value, wrt: Value, *, unrelated: Literal["error", "zero"] = ...) -> Value: ...
@overload
def gradient(output: Value, wrt: Sequence[Value], *, unrelated: Literal["error", "zero"] = ...) -> list[Value]: ...
def gradient(output: Value, wrt: Value | Sequence[Value], *, unrelated: Literal["error", "zero"] = "error") -> Value | list[Value]:
    """∂output/∂x as a Value, for x = `wrt` or for each x of a list: a graph again, to draw or to differentiate once more.

    Where `backward()` multiplies the stored numbers, this evaluates each rule on the nodes themselves, so the result knows
    how it depends on every leaf. No `grad` is read or written. A local derivative that is one of the operands is that very
    node: gradient(a * b, a) is b.

    On networks it takes four to five times as long as `backward()`; more where rules make many nodes (eleven times on a graph of atan2
    and hypot). While a large one is built, full runs of Python's garbage collector wait, in the whole process; runs over young objects
    go on.

    unrelated   what to do with an x that the output does not depend on: "error" (ValueError naming them) or "zero"

    GradientError: a local derivative that is needed does not exist, or the numbers leave the range of floats. Of m·√x with a leaf m = 0,
    `backward()` knows that it stays 0 as x moves alone; here it is an error at x = 0, for the result would have to depend on m as well.
    StaleGraphError: some `data` was edited after it was recorded, so the rules would contradict the recorded derivatives.

    >>> x = Value(3.0)
    >>> dx = gradient(x**3, x)
    >>> dx.data, gradient(dx, x).data
    (27.0, 18.0)
    """
    needs = "an output and one Value or a list of them"
    as_value(output, "gradient", needs)
    wanted = [wrt] if isinstance(wrt, Value) else as_values(wrt, "gradient", needs)
    given.choice(unrelated, ("error", "zero"), "unrelated")
    order = topological(output)
    absent = set(wanted).difference(order)
    missing = [node for node in wanted if node in absent]
    if missing and unrelated == "error":
        names = ", ".join(map(repr, missing[:5])) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise ValueError(f"the output does not depend on {names}; pass unrelated='zero' to get 0 there")
    values = [result if isinstance(result, Value) else Value(result) for result in pull(order, wanted)]
    return values[0] if isinstance(wrt, Value) else values


def pull(order: Sequence[Value], wanted: Sequence[Value]) -> list[Value | float]:
    """∂output/∂x for each wanted x, where `order` is the topological order of the output, its last node.

    A Value where the derivative depends on nodes, a float where it is a constant; 0.0 for an x the output does not depend on.
    """
    if len(order) < 1000:
        return _pull(order, wanted)
    with full_collections_wait():
        return _pull(order, wanted)


_ADD = PRIMITIVES["add"]
_MULTIPLY = PRIMITIVES["multiply"]
_HYPOT = PRIMITIVES["hypot"]


@sweep
def _pull(order: Sequence[Value], wanted: Sequence[Value]) -> list[Value | float]:
    # Only nodes above a wanted one matter; for the idle ones no graph is built. A leaf has no operands, so it is idle unless wanted.
    kept = set(wanted)
    idle: set[Value | None] = {None}
    for node in order:
        if node.x in idle and node.y in idle and node not in kept:
            idle.add(node)
    partials = substitutes(order, order[-1:], wrt=wanted, again=True)
    cotangent: dict[Value | None, Value | float] = {order[-1]: 1.0}
    arrived = cotangent.get
    before: Value | float | None
    try:
        for node in reversed(order):
            upstream = arrived(node)
            if upstream is not None:
                op, x, y = node.op, node.x, node.y
                # Sums and products are most of any graph: what their rules say is written out.
                if x not in idle:
                    position, before = 0, arrived(x)
                    if op is _ADD:
                        contribution = upstream
                    elif op is _MULTIPLY and (y is None or node.dx == y.data):
                        contribution = times(upstream, node.dx if y is None else y)
                    else:
                        contribution = _contribution(node, 0, upstream, partials)
                    cotangent[x] = contribution if before is None else plus(before, contribution)
                if y not in idle:
                    position, before = 1, arrived(y)
                    if op is _ADD:
                        contribution = upstream
                    elif op is _MULTIPLY and (x is None or node.dy == x.data):
                        contribution = times(upstream, node.dy if x is None else x)
                    else:
                        contribution = _contribution(node, 1, upstream, partials)
                    cotangent[y] = contribution if before is None else plus(before, contribution)
    except RangeError:
        raise out_of_range(_edge(node, position), number(upstream), 0.0 if before is None else number(before)) from None
    return [cotangent.get(node, 0.0) for node in wanted]


def _contribution(node: Value, position: int, upstream: Value | float, partials: Mapping[Value, Partials]) -> Value | float:
    """What a node hands to one of its operands: upstream gradient × local derivative, by the rule evaluated on the nodes themselves.

    partials   the local derivatives that do not exist, as `masking` has them
    """
    op, x, y, recorded = node.op, node.x, node.y, node.dy if position else node.dx
    if recorded * 0.0:  # true for nan and the infinities alone
        if partials[node][position] == 0.0 if node in partials else isinstance(upstream, float) and not upstream:
            return 0.0
        if op in _SLOPES and (rest := _without(upstream, Length(node.args), {}, 50)) is not None:
            return _slope_of_length(node, position, rest)  # type: ignore[no-any-return]
        raise no_derivative(_edge(node, position), number(upstream))
    # An upstream gradient of exactly 0 hands nothing on. Where it is a Value it must be handed on all the same: it depends on the leaves,
    # and the next derivative asks how.
    if isinstance(upstream, float) and upstream == 0.0:
        return 0.0
    if op is _HYPOT and node.data == 0.0 and (rest := _without(upstream, Length(node.args), {}, 50)) is not None:
        return times(rest, node.args[position])  # type: ignore[no-any-return]
    rules = op.partials  # type: ignore[union-attr]
    try:
        if len(rules) == 1:
            partial = rules[0](node, x)  # type: ignore[misc]
        else:  # node.args, which takes twice the time
            a, b = node.first_constant if x is None else x, node.second_constant if y is None else y
            partial = rules[position](node, a, b)  # type: ignore[misc]
            if op.once is not None:  # type: ignore[union-attr]
                partial = only_once(op, position, partial, (a, b))  # type: ignore[arg-type]
    except AutogradError as error:
        raise _stale(_edge(node, position), f"fails now ({error})") from error
    if isinstance(partial, Value):
        now = partial.data
    else:
        partial = now = float(partial)  # a rule of somebody's own may give an int
    if now != recorded:
        raise _stale(_edge(node, position), f"is {now!r} now")
    return times(upstream, partial)  # type: ignore[no-any-return]


def only_once(op: Primitive, position: int, partial: Any, operands: tuple[Any, ...]) -> Any:
    """The local derivative; where there is a first one and no second, as an operation that cannot be differentiated again."""
    assert op.once is not None
    return partial if isinstance(partial, float) or not op.once(*map(number, operands)) else _slope(op, position)(*operands)


@cache
def _slope(op: Primitive, position: int) -> Any:
    """A rule as a row without rules of its own."""
    rule, operand = op.partials[position], op.operands[position]
    assert rule is not None

    def missing(*_: Any) -> NoReturn:
        raise ValueError("there is no second derivative")

    slope = function_of(
        Primitive(
            name=f"the derivative of {op.name}",
            operands=op.operands,
            forward=lambda *numbers: float(rule(op.kinds[float](*numbers), *numbers)),
            partials=(missing,) * len(op.operands),
            symbol="∂",
            formula=f"∂{op.name}/∂{operand}",
            latex=rf"\frac{{\partial}}{{\partial {operand}}}{op.latex}",
            textbook=tuple(f"∂²{op.name}/∂{operand}∂{other}" for other in op.operands),
            domain=op.domain,
        )
    )
    if op is _HYPOT:
        _SLOPES[slope.primitive] = position
    return slope


_SLOPES: dict[Primitive, int] = {}
"""The derivatives of hypot as rows, each with the operand it is by."""


class Length(NamedTuple):
    """hypot of these operands, as the factor of a product."""

    args: tuple[Value | float, ...]


def _slope_of_length(node: Value, position: int, rest: Any) -> Any:
    """What is handed on by s = ∂z/∂x of a length z at the origin, where s has no derivative, if what arrives is rest·z.

    From z·s = x it follows that z·∂s/∂x = 1 - s·∂z/∂x and z·∂s/∂y = -s·∂z/∂y.
    """
    by = _SLOPES[node.op]  # type: ignore[index]
    other = node if by == position else _slope(_HYPOT, position)(*node.args)
    return times(rest, plus(times(times(-1.0, node), other), float(by == position)))


def _without(product: Any, factor: Length, known: dict[Value, Any], depth: int) -> Any:
    """The product divided by a length that is a factor of it, or a factor of every summand; None where it is not.

    z·∂z/∂x = x for a length z = √(x² + y²), at the origin too, where z has no second derivative and ∂z/∂x only the first by convention.
    So where what arrives at z is r·z, what is handed on is r·x: of ‖v‖² every derivative is right.
    """
    if isinstance(product, Value) and product.op is _HYPOT and all(map(is_, product.args, factor.args)):
        return 1.0
    if not isinstance(product, Value) or product.op is None or not depth:
        return None
    if product not in known:
        found: Any = None
        x: Any
        x, y = (*product.args, 0.0)[:2]

        def inside(part: Any) -> Any:
            return _without(part, factor, known, depth - 1)

        if product.op is _MULTIPLY:
            if (rest := inside(x)) is not None:
                found = times(rest, y)
            elif (rest := inside(y)) is not None:
                found = times(rest, x)
        elif product.op is _ADD:
            if (rest := inside(x)) is not None and (other := inside(y)) is not None:
                found = ops.add(rest, other)
        elif product.op is PRIMITIVES["divide"] and (rest := inside(x)) is not None:
            found = ops.divide(rest, y)
        elif product.op is PRIMITIVES["power"] and inside(x) == 1.0 and (y == 1.0 or y >= 2.0):
            found = ops.power(x, y - 1.0) if y > 1.0 else 1.0
        elif product.op is PRIMITIVES["negate"] and (rest := inside(x)) is not None:
            found = times(-1.0, rest)
        known[product] = found
    return known[product]


def _edge(node: Value, position: int) -> Edge[Value]:
    return next(edge for edge in edges(node) if edge.position == position)


def _stale(edge: Edge[Value], now: str) -> StaleGraphError:
    """The error for a rule that contradicts the partial that was fixed at recording."""
    return StaleGraphError(
        f"{describe_edge(edge)} {now}, but was {edge.partial!r} when it was recorded: data was edited since; compute the graph anew"
    )


def number(x: Any) -> float:
    """The plain number in a float, a Value or what stands around one."""
    return x if isinstance(x, float) else x.data


# What derivatives need of arithmetic, on every kind of number, without nodes for 0 + x, 1·x and (-1)·x: they would only clutter
# the picture. A float comes second in what is written: Value + float and Value · float are the fast ways to the rows.


def plus(x: Any, y: Any) -> Any:
    """x + y, and no node for 0 + y."""
    if type(x) is float:
        x, y = y, x
    if type(y) is not float:
        return x + y
    if y == 0.0:
        return x
    return ops.add(x, y) if type(x) is float else x + y


def times(x: Any, y: Any) -> Any:
    """x·y; no node for 1·y, the node -y for (-1)·y, and exactly 0.0 for 0·y."""
    if type(x) is float:
        x, y = y, x
    if type(y) is not float:
        return x * y
    if y == 1.0:
        return x
    if y == -1.0:
        return -x
    if y == 0.0 or (type(x) is float and x == 0.0):
        return 0.0
    return ops.multiply(x, y) if type(x) is float else x * y
