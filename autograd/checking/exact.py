"""Exact numbers: what a row's formula and textbook strings say, in 50 digits, and how far a gradient is from them."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from ..errors import MissingExtraError
from ..expression import Expression, is_name, parse
from ..graph import cotangents, edges, topological
from ..masking import substitutes
from ..primitive import PRIMITIVES, Loss, Primitive
from ..value import Value
from .differences import LEAST, NO_VALUE
from .judging import is_at_kink, point_of


@cache
def arithmetic() -> Any:
    """mpmath's numbers and functions, whose precision is set with `workprec`."""
    try:
        import mpmath
    except ImportError as error:
        raise MissingExtraError("exact numbers need mpmath, from the extra check: pip install 'glassgrad[check]'") from error
    return mpmath.mp


@cache
def meanings() -> dict[str, Callable[..., Any]]:
    """The functions of the expression language on mpmath's numbers; what is missing is computed from its row's formula."""
    mp = arithmetic()

    def raised(x: Any, y: Any) -> Any:
        return mp.power(x, y) if x else mp.mpf(0) ** y

    own: dict[str, Callable[..., Any]] = {
        "add": lambda x, y: x + y,
        "subtract": lambda x, y: x - y,
        "multiply": lambda x, y: x * y,
        "divide": lambda x, y: x / y,
        "negate": lambda x: -x,
        "pow": raised,
        "power": raised,
        "abs": abs,
        "maximum": max,
        "minimum": min,
        "above": lambda x, y: (1 + mp.sign(x - y)) / 2,
        "log2": lambda x: mp.log(x) / mp.log(2),
        "stop_gradient": lambda x: x,
        "lgamma": mp.loggamma,
        "psi": lambda x, n: mp.psi(int(n), x),
        "floor": mp.floor,
        "ceil": mp.ceil,
        "trunc": lambda x: mp.sign(x) * mp.floor(abs(x)),
        "round_": mp.nint,
        "xlogy": lambda x, y: x * mp.log(y) if x or y else mp.mpf(0),
        ">": lambda x, y: mp.mpf(x > y),
        "<": lambda x, y: mp.mpf(x < y),
        ">=": lambda x, y: mp.mpf(x >= y),
        "<=": lambda x, y: mp.mpf(x <= y),
    }
    same = "exp log log10 sqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh atan2 hypot sign erf erfc digamma"
    return own | {name: getattr(mp, name) for name in same.split(" ")}


_parse = lru_cache(maxsize=1024)(parse)


def _exactly(expression: Expression, names: Mapping[str, Any]) -> Any:
    """The expression at these numbers of mpmath's, in its precision. ValueError where it has no real value."""
    mp, known = arithmetic(), meanings()
    pending: list[Any] = []
    for step in expression.steps:
        if not step.operands:
            if step.name in ("pi", "π"):
                pending.append(+mp.pi)
            elif step.name in names:
                pending.append(names[step.name])
            elif step.name and step.number is None:
                raise LookupError(f"{step.name} is the name of nothing known")
            else:
                pending.append(+mp.e if step.name else mp.mpf(step.number))
            continue
        operands = pending[-step.operands :]
        del pending[-step.operands :]
        result = known[step.name](*operands) if step.name in known else _value(PRIMITIVES[step.name], operands)
        if not isinstance(result, mp.mpf) or mp.isnan(result):
            raise ValueError("not a real number")
        pending.append(result)
    return pending[-1]


def _bits(operands: Sequence[float]) -> int:
    """How many bits keep 50 digits in an expression that adds such a number to 1, or takes its exp."""
    bits = 170
    for x in operands:
        size = abs(x)
        if size and size < 1e-6:
            bits = max(bits, 170 - 3 * math.frexp(x)[1])
        elif size > 20.0:  # beyond 1,100, what exp adds to 1, or 1 to exp, is nothing to a float
            bits = max(bits, 170 + int(3.0 * size) if size < 1100.0 else 0, 170 + 2 * math.frexp(x)[1])
    return bits


def exact_value(primitive: Primitive, operands: Sequence[float]) -> Any:
    """The row's `formula` at these numbers, in 50 digits or more; None where it has no real value.

    LookupError: the formula is a name that mpmath does not have.
    """
    return _precisely(operands, lambda point: _value(primitive, point))


def exact_partial(primitive: Primitive, position: int, operands: Sequence[float]) -> Any:
    """The row's `textbook` form of one local derivative at these numbers, in 50 digits or more; None where it has none."""
    return _precisely(operands, lambda point: _partial(primitive, position, point))


def reference_value(reference: Callable[..., Any], operands: Sequence[float]) -> Any:
    """A function of mpmath's numbers at these, in 50 digits or more; None where it has no value."""
    return _precisely(operands, lambda point: reference(*point))


def reference_partial(reference: Callable[..., Any], position: int, operands: Sequence[float]) -> Any:
    """Its derivative by one operand, as mpmath finds it; None where it has none."""
    mp = arithmetic()
    orders = tuple(int(i == position) for i in range(len(operands)))

    def slope(point: Sequence[Any]) -> Any:
        return mp.diff(reference, point, orders) if len(point) > 1 else mp.diff(reference, point[0])

    result = _precisely(operands, slope)
    return result if isinstance(result, mp.mpf) else None


def _precisely(operands: Sequence[float], compute: Callable[[Sequence[Any]], Any]) -> Any:
    """What is computed from the operands as mpmath's numbers, in 50 digits or more; None where that has no value."""
    mp = arithmetic()
    with mp.workprec(_bits(operands)):
        try:
            result = compute(tuple(mp.mpf(x) for x in operands))
        except NO_VALUE:
            return None
        return result if mp.isfinite(result) else None


def _value(primitive: Primitive, operands: Sequence[Any]) -> Any:
    if primitive.name in meanings() and not primitive.joins:
        return meanings()[primitive.name](*operands)
    if is_name(primitive):
        raise LookupError(f"{primitive.name} has no exact form: its formula names only itself")
    return _exactly(_parse(primitive.formula), dict(zip(primitive.operands, operands, strict=True)))


def _partial(primitive: Primitive, position: int, operands: Sequence[Any]) -> Any:
    names = dict(zip(primitive.operands, operands, strict=True))
    expression = _parse(primitive.textbook[position])
    if "z" in expression.names:
        names["z"] = _value(primitive, operands)
    return _exactly(expression, names)


# ------------------------------------------------------------------------------------------------------------------------
# How far off a number is, and how far off it may be


LOSSES: dict[tuple[str, str], Loss] = {
    (row.name, operand): row.loss[operand] for row in PRIMITIVES.values() for operand in row.operands if operand in row.loss
}
"""What the rows of the table say in their column `loss`, of their rules."""


def known_loss(primitive: Primitive, position: int, z: float, operands: Sequence[float]) -> float:
    """By how much a rule is known to be off, beyond 4 units in the last place, as the row says."""
    loss = primitive.loss.get(primitive.operands[position])
    return loss[0](z, *operands) if loss else 0.0


def ulps(got: float, exact: Any) -> float:
    """How far `got` is from the exact number, in units in the last place of the nearest float."""
    near = float(exact)
    if math.isinf(near) or not math.isfinite(got):
        return 0.0 if got == near else math.inf
    return float(abs(exact - got) / math.ulp(near))


# ------------------------------------------------------------------------------------------------------------------------
# A whole graph against exact numbers


def graph_ratio(output: Value, gradient: Mapping[Value, float] | None = None) -> float:
    """How much of its rounding bound the gradient uses up at the worst node: above 1, it is wrong.

    The exact gradient is a sweep in 50 digits over exact local derivatives at the recorded numbers. In floats a local derivative
    may be off by 4 units in the last place (8u, with u = ε/2), a product by u, and a sum by u for each term; along a path these
    add up to m·u. So the bound is γ = m·u / (1 − m·u) times the same sweep with absolute local derivatives.

    Near 0 a unit in the last place is the least float, η = 2⁻¹⁰⁷⁴, whatever the size: a local derivative may be off by 4η (and by its
    `known_loss`), a product by η, and the local derivatives from there on multiply what is lost.
    """
    mp = arithmetic()
    order = topological(output)
    gradient = cotangents(output) if gradient is None else gradient
    exact = dict.fromkeys(order, mp.mpf(0))
    absolute = dict.fromkeys(order, mp.mpf(0))
    roundings = dict.fromkeys(order, 0.0)
    lost = dict.fromkeys(order, mp.mpf(0))
    exact[output], absolute[output] = mp.mpf(1), mp.mpf(1)
    worst = 0.0
    missing = substitutes(order, (output,))
    with mp.workprec(170):
        for node in reversed(order):
            gamma = roundings[node] * 2.0**-53
            bound = absolute[node] * gamma / (1.0 - gamma) + lost[node] if gamma < 1.0 else mp.inf
            if not absolute[node] > sys.float_info.max:  # where it is, floats have no gradient, and anything may be said
                worst = max(worst, _share(gradient[node], exact[node], bound))
            if not gradient[node] and not exact[node] and node not in missing:
                continue
            for edge in edges(node):
                assert node.op is not None
                point = point_of(node)
                partial = None if is_at_kink(node.op, point) else exact_partial(node.op, edge.position, point)
                if partial is None:
                    partial = mp.mpf(missing.get(node, (node.dx, node.dy))[edge.position])
                exact[edge.operand] += exact[node] * partial
                absolute[edge.operand] += absolute[node] * abs(partial)
                loss = 4.0 * LEAST + known_loss(node.op, edge.position, node.data, point)
                if abs(partial) > sys.float_info.max:  # recorded as infinite; what a small gradient would make of it is lost
                    loss = math.inf
                lost[edge.operand] += lost[node] * abs(partial) + absolute[node] * loss + LEAST
                roundings[edge.operand] = max(roundings[edge.operand], roundings[node] + 9.0) + 1.0
    return worst


def _share(got: float, exact: Any, bound: Any) -> float:
    """How much of its bound a number uses up. Where either does not exist (nan), the other must not."""
    if math.isnan(got) or arithmetic().isnan(exact):
        return 0.0 if math.isnan(got) and arithmetic().isnan(exact) else math.inf
    error = abs(arithmetic().mpf(got) - exact)
    return float(error / bound) if bound else math.inf if error else 0.0
