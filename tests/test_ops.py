"""THE TABLE: each law that its first lines state, and each rule against the mathematics."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf, workdps

import autograd
from autograd import (
    PRIMITIVES,
    AutogradError,
    DivisionByZeroError,
    DomainError,
    GradientError,
    Primitive,
    RangeError,
    Value,
    composed,
    gradient,
    ops,
)
from autograd.graph import topological
from autograd.proof import LOSSES

from .special_values import LARGEST, MODEST, SMALLEST, SPECIAL, bits, nearest, sample, special_pairs, ulps
from .test_floats import EXACT

ROWS = pytest.mark.parametrize("row", PRIMITIVES.values(), ids=list(PRIMITIVES))

NO_VALUE = (ArithmeticError, ValueError)
"""What a rule raises where there is no derivative; every AutogradError about numbers is one of them."""

STEPS = {"sign", "heaviside", "above", "floor", "ceil", "trunc", "round_"}
CORNERED = {"abs", *STEPS, "maximum", "minimum", "relu", "leaky_relu", "elu", "hardswish", "softsign"}
"""The rows whose functions, or whose first derivatives, have a corner or a step. All others are smooth inside their domain."""


def number(x: Value | float) -> float:
    return x.data if isinstance(x, Value) else x


def evaluated(rule: Callable[..., Any], *operands: Any) -> float | None:
    """The rule's number, None where it fails or is not finite."""
    try:
        result = number(rule(*operands))
    except NO_VALUE:
        return None
    return result if math.isfinite(result) else None


def rules(row: Primitive) -> Iterator[tuple[int, Callable[..., Any]]]:
    return ((position, rule) for position, rule in enumerate(row.partials) if rule is not None)


def mixtures(row: Primitive, operands: tuple[float, ...]) -> Iterator[tuple[Value | float, ...]]:
    """The operands as Values, and with either of two left a constant, as far as the row takes a Value there."""
    x, *rest = operands
    if not rest:
        yield (Value(x),)
        return
    yield Value(x), rest[0]
    if row.partials[1] is not None:
        yield x, Value(rest[0])
        yield Value(x), Value(rest[0])


# ------------------------------------------------------------------------------------------------------------------------
# A rule means the same on floats and on Values


@ROWS
def test_rules_agree_on_floats_and_values(row: Primitive) -> None:
    """Bit for bit at every special point, in every mixture of Values and constants; where one fails, so does the other."""
    for z, operands in sample(row, 100):
        expected = [evaluated(rule, z, *operands) for _, rule in rules(row)]
        for mixture in mixtures(row, operands):
            node = row.kinds[Value](*mixture)
            for (_, rule), on_floats in zip(rules(row), expected, strict=True):
                on_values = evaluated(rule, node, *mixture)
                if on_floats is None or on_values is None:
                    assert on_floats == on_values, (operands, on_floats, on_values)
                else:
                    assert bits(on_floats) == bits(on_values), (operands, on_floats, on_values)


@ROWS
def test_recorded_partials_are_the_rules(row: Primitive) -> None:
    """What a node stores is the rule on floats; where that fails, what it stores is not finite."""
    for z, operands in sample(row, 0):
        for mixture in mixtures(row, operands):
            node = row.kinds[Value](*mixture)
            stored = iter(node.partials)
            for position, rule in rules(row):
                if isinstance(mixture[position], Value):
                    partial, expected = next(stored), evaluated(rule, z, *operands)
                    assert not math.isfinite(partial) if expected is None else bits(partial) == bits(expected)


@ROWS
def test_rules_fail_on_values_with_our_own_errors(row: Primitive) -> None:
    """A rule that cannot be evaluated on Values says so as an AutogradError, never as a bare ValueError of `math`."""
    for _, operands in sample(row, 0):
        for mixture in mixtures(row, operands):
            node = row.kinds[Value](*mixture)
            for _, rule in rules(row):
                with suppress(AutogradError):
                    rule(node, *mixture)


def rule_graph(row: Primitive, rule: Callable[..., Any], z: Value, mixture: tuple[Value | float, ...]) -> list[str] | None:
    """The operations that a rule records, z's own not among them; None where it fails."""
    try:
        result = rule(z, *mixture)
    except AutogradError:
        return None
    own = {id(z), *(id(operand) for operand in mixture)}
    nodes = topological(result) if isinstance(result, Value) else []
    return [node.op.name for node in nodes if node.op is not None and id(node) not in own]


@pytest.mark.slow
@ROWS
def test_rules_of_smooth_rows_are_smooth(row: Primitive) -> None:
    """No abs, sign, step or maximum in them: it would break the next derivative. hypot and pow have one exceptional point,
    and pow steps from one form of its derivative to another."""
    allowed = {"hypot": {"sign"}, "pow": {"sign", "heaviside"}, "power": {"sign"}, "xlogy": {"sign"}}.get(row.name, set())
    met: set[str] = set()
    for _, operands in sample(row, 100):
        for mixture in mixtures(row, operands):
            node = row.kinds[Value](*mixture)
            for _, rule in rules(row):
                used = set(rule_graph(row, rule, node, mixture) or ()) & CORNERED
                if row.name == "power" and operands[1] <= 2.0**53:
                    assert not used, operands  # only where c - 1 is no float
                met |= used
    assert row.name in CORNERED or met == allowed


@pytest.mark.slow
@ROWS
def test_rules_do_not_branch_on_what_may_be_a_value(row: Primitive) -> None:
    """The rule records the same operations at every point: a program recorded at one is right at all others."""
    recorded: dict[Any, list[str]] = {}
    for _, operands in sample(row, 100):
        for mixture in mixtures(row, operands):
            node = row.kinds[Value](*mixture)
            # A constant may be looked at, so points are compared that share it.
            key = tuple(None if isinstance(operand, Value) else operand for operand in mixture)
            for position, rule in rules(row):
                graph = rule_graph(row, rule, node, mixture)
                if graph is not None:
                    assert graph == recorded.setdefault((position, *key), graph), operands


# ------------------------------------------------------------------------------------------------------------------------
# Local derivatives against mpmath

ULPS = 4
"""How far a local derivative may be from the true one, in units in the last place."""


def _half(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: f(x / 2)


_t, _sh, _ch = _half(mp.tan), _half(mp.sinh), _half(mp.cosh)


def _power_x(x: Any, y: Any) -> Any:
    if not x:
        return mpf(y == 1) if y == 0 or y >= 1 else mp.inf
    return y * EXACT["power"](x, y) / x


def _pow_y(x: Any, y: Any) -> Any:
    return EXACT["power"](x, y) * mp.log(x) if x > 0 else mpf(0) if x == 0 else mp.nan


def _direction(x: Any, y: Any) -> Any:
    return mp.sign(x) / mp.sqrt(1 + (y / x) ** 2) if x else mpf(0)


def _mish_x(x: Any) -> Any:
    e = mp.exp(x)
    return e * (4 * (x + 1) + 4 * e * e + e**3 + e * (4 * x + 6)) / (2 * e + e * e + 2) ** 2


def _psi(n: int, x: Any) -> Any:
    """ψ⁽ⁿ⁾(x), by that of x + 1."""
    return mp.psi(n, x + 1) - (-1) ** n * mp.factorial(n) / x ** (n + 1)


def _step(x: Any, *_: Any) -> Any:
    return mpf(x > 0)


def _zero(*_: Any) -> Any:
    return mpf(0)


# Each is written from another identity than the engine's rule: half angles for circular and hyperbolic functions, quotients
# for products, exp(x) for σ(x).
DERIVATIVES: dict[str, tuple[Callable[..., Any] | None, ...]] = {
    "add": (lambda x, y: mpf(1), lambda x, y: mpf(1)),
    "subtract": (lambda x, y: mpf(1), lambda x, y: mpf(-1)),
    "multiply": (lambda x, y: y, lambda x, y: x),
    "divide": (lambda x, y: y / y**2, lambda x, y: -x / y**2),
    "negate": (lambda x: mpf(-1),),
    "power": (_power_x, None),
    "pow": (_power_x, _pow_y),
    "exp": (lambda x: mp.e**x,),
    "expm1": (lambda x: _sh(x) ** 2 + _ch(x) ** 2 + 2 * _sh(x) * _ch(x) if x > 0 else 1 / mp.exp(-x),),
    "log": (lambda x: mp.exp(-mp.log(x)),),
    "log1p": (lambda x: mp.exp(-mp.log1p(x)),),
    "log2": (lambda x: mp.log(mp.e, 2) / x,),
    "log10": (lambda x: mp.log10(mp.e) / x,),
    "sqrt": (lambda x: mp.exp(-mp.log(x) / 2) / 2,),
    "log1mexp": (lambda x: 1 / mp.expm1(x),),
    "logaddexp": (lambda x, y: 1 / (1 + mp.exp(y - x)), lambda x, y: 1 / (1 + mp.exp(x - y))),
    "xlogy": (lambda x, y: mp.log(10) * mp.log10(y) if y else mp.nan, lambda x, y: x * mp.exp(-mp.log(y)) if y else mpf(0)),
    "sin": (lambda x: (1 - _t(x) ** 2) / (1 + _t(x) ** 2),),
    "cos": (lambda x: -2 * _t(x) / (1 + _t(x) ** 2),),
    "tan": (lambda x: mp.sec(x) ** 2,),
    "asin": (lambda x: 1 / mp.sqrt(1 - x * x),),
    "acos": (lambda x: -1 / mp.sqrt(1 - x * x),),
    "atan": (lambda x: 1 / (1 + x * x),),
    "sinh": (lambda x: 1 + 2 * _sh(x) ** 2,),
    "cosh": (lambda x: 2 * _sh(x) * _ch(x),),
    "tanh": (lambda x: 4 / (mp.exp(x) + mp.exp(-x)) ** 2,),
    "sech": (lambda x: -mp.tanh(x) * mp.exp(-mp.log(mp.cosh(x))),),
    "asinh": (lambda x: 1 / mp.sqrt(1 + x * x),),
    "acosh": (lambda x: 1 / mp.sqrt(x * x - 1),),
    "atanh": (lambda x: 1 / (1 - x * x),),
    "hypot": (_direction, lambda x, y: _direction(y, x)),
    "rhypot": (lambda x, y: -x / mp.sqrt(x * x + y * y) ** 3, lambda x, y: -y / mp.sqrt(x * x + y * y) ** 3),
    "atan2": (lambda y, x: x / (x * x + y * y), lambda y, x: -y / (x * x + y * y)),
    "abs": (mp.sign,),
    "sign": (_zero,),
    "heaviside": (_zero,),
    "above": (_zero, _zero),
    "maximum": (EXACT["above"], lambda x, y: EXACT["above"](y, x)),
    "minimum": (lambda x, y: EXACT["above"](y, x), EXACT["above"]),
    **dict.fromkeys(("floor", "ceil", "trunc", "round_"), (_zero,)),
    "sigmoid": (lambda x: 1 / (2 + mp.exp(x) + mp.exp(-x)),),
    "log_sigmoid": (lambda x: 1 / (1 + mp.exp(x)),),
    "softplus": (lambda x: mp.exp(x) / (1 + mp.exp(x)),),
    "relu": (_step,),
    "leaky_relu": (lambda x, a: mpf(1) if x > 0 else a, lambda x, a: min(x, mpf(0))),
    "elu": (lambda x, a: mpf(1) if x > 0 else a / mp.exp(-x), lambda x, a: 2 * _sh(x) * mp.exp(x / 2) if x < 0 else mpf(0)),
    "mish": (_mish_x,),
    "softsign": (lambda x: 1 / (1 + 2 * abs(x) + x * x),),
    "hardswish": (lambda x: mpf(x > 0) if abs(x) >= 3 else x / 3 + mpf(1) / 2,),
    "erf": (lambda x: 2 * mp.npdf(x, 0, mp.sqrt(0.5)),),
    "erfc": (lambda x: -2 * mp.npdf(x, 0, mp.sqrt(0.5)),),
    "gaussian": (lambda x: -2 * x / mp.exp(x * x),),
    "lgamma": (lambda x: mp.digamma(x + 1) - 1 / x,),
    "digamma": (lambda x: _psi(1, x),),
    "psi": (lambda x, n: _psi(int(n) + 1, x), None),
    "stop_gradient": (_zero,),
}


POINTS: dict[tuple[str, str], tuple[float, ...]] = {
    ("divide", "y"): (1e-323, 1.1e-5),
    ("power", "x"): (0.37, 745.0),
    ("pow", "x"): (0.37, 745.0),
    ("pow", "y"): (1e155, -2.0),
    ("hypot", "x"): (SMALLEST, SMALLEST),
    ("hypot", "y"): (SMALLEST, SMALLEST),
    ("rhypot", "x"): (1e-322, 1.1e-5),
    ("rhypot", "y"): (1.1e-5, 1e-322),
    ("atan2", "y"): (1.1e-5, 1e-322),
    ("atan2", "x"): (1e-322, 1.1e-5),
    ("gaussian", "x"): (26.9,),
    ("logaddexp", "x"): (0.1, 30.3),
    ("logaddexp", "y"): (30.3, 0.1),
    ("mish", "x"): (-1.1924,),
    ("lgamma", "x"): (1.46,),
    ("psi", "x"): (0.942189055100636, 20.0),
}
EXCEPTIONS = {key: (loss, POINTS[key], why) for key, (loss, why) in LOSSES.items()}
"""Where a local derivative may be further off than ULPS: by how much more (a number, not in units), a point where it is, and why."""


def exact_derivative(name: str, position: int, operands: tuple[float, ...]) -> Any:
    """The true derivative in mpmath; nan where there is none."""
    function = DERIVATIVES[name][position]
    assert function is not None
    try:
        exact = function(*map(mpf, operands))
    except ZeroDivisionError:
        return mp.nan
    return exact if isinstance(exact, mpf) else mp.nan


def allowance(name: str, operand: str, z: float, operands: tuple[float, ...]) -> float:
    return EXCEPTIONS[name, operand][0](z, *operands) if (name, operand) in EXCEPTIONS else 0.0


def verdict(got: float | None, exact: Any, allowed: float) -> bool:
    """Whether a rule's number (None where it failed) is as near to the exact derivative as it must be."""
    near = nearest(exact)
    if got is None or not math.isfinite(near):
        return (got is None and not math.isfinite(near)) or allowed == math.inf
    return bool(abs(mpf(got) - exact) <= ULPS * math.ulp(near) + allowed)


@ROWS
def test_local_derivatives_are_within_four_units_of_mpmath(row: Primitive) -> None:
    """Over all special values and a spread of the floats, subnormals, poles and tails included; EXCEPTIONS have their own bound.

    Where the true derivative does not exist or is beyond the floats, the rule fails or is not finite, and nowhere else.
    """
    with workdps(50):
        for z, operands in sample(row):
            for position, rule in rules(row):
                got, exact = evaluated(rule, z, *operands), exact_derivative(row.name, position, operands)
                allowed = allowance(row.name, row.operands[position], z, operands)
                assert verdict(got, exact, allowed), (row.operands[position], operands, got, nearest(exact), ulps(got or 0.0, exact))


@pytest.mark.parametrize(("name", "operand"), EXCEPTIONS)
def test_exceptions_are_needed(name: str, operand: str) -> None:
    """At the point named, the derivative misses the general bound and keeps its own."""
    row, (_, operands, _) = PRIMITIVES[name], EXCEPTIONS[name, operand]
    position = row.operands.index(operand)
    z, rule = row.kinds[float](*operands), row.partials[position]
    assert rule is not None
    with workdps(50):
        got, exact = evaluated(rule, z, *operands), exact_derivative(name, position, operands)
        assert not verdict(got, exact, 0.0), (got, exact)
        assert verdict(got, exact, allowance(name, operand, z, operands)), (got, exact)


@ROWS
@pytest.mark.parametrize("mutation", ["a billionth", "the sign"])
def test_the_oracle_sees_a_wrong_rule(row: Primitive, mutation: str) -> None:
    """A local derivative that is off by a billionth (or by 1e-9, where it is 0 throughout), or of the wrong sign, is caught."""

    def mutated(got: float | None, flat: bool) -> float | None:
        if got is None:
            return None
        return got + 1e-9 if flat else -got if mutation == "the sign" else got * (1.0 + 1e-9)

    with workdps(50):
        points = sample(row)
        for position, rule in rules(row):
            flat = not any(evaluated(rule, z, *operands) for z, operands in points)
            assert any(
                not verdict(
                    mutated(evaluated(rule, z, *operands), flat),
                    exact_derivative(row.name, position, operands),
                    allowance(row.name, row.operands[position], z, operands),
                )
                for z, operands in points
            )


# ------------------------------------------------------------------------------------------------------------------------
# Second and third derivatives: the rules evaluated on Values


def read(text: str, row: Primitive, operands: tuple[float, ...]) -> float:
    """A string of the table at these operands, as Python reads it: comparisons are 1 or 0."""
    names = dict(zip(row.operands, operands, strict=True)) | {"z": row.kinds[float](*operands)}
    functions = {name: vars(ops)[name] for name in PRIMITIVES}
    return float(eval(text, {"__builtins__": {}, "pi": math.pi, **functions}, names))


def is_smooth_at(row: Primitive, operands: tuple[float, ...], margin: float = 1e-9) -> bool:
    """Whether the function has derivatives at the operands: inside the domain, and not within the margin of its end or of a kink."""
    if not all(x - margin in interval and x + margin in interval for interval, x in zip(row.domain, operands, strict=True)):
        return False
    if row.name in ("power", "pow") and operands[0] <= margin and (row.name == "pow" or operands[1] != int(operands[1])):
        return False
    try:
        row.kinds[float](*operands)
        return all(abs(read(kink, row, operands)) > margin for kink in (*row.kinks, *row.bends))
    except AutogradError:
        return False


def modest(row: Primitive) -> list[tuple[float, ...]]:
    """Points, 0 first, at which the function is smooth and not too steep."""
    few = (0.0, 0.5, -0.5, 1.0, 1.3, -2.0, 3.0)
    points: list[tuple[float, ...]] = [(x,) for x in MODEST] if len(row.operands) == 1 else [(x, y) for x in few for y in few]
    return [operands for operands in points if is_smooth_at(row, operands)]


def derivative(row: Primitive, operands: tuple[float, ...], orders: tuple[int, ...]) -> float:
    """∂ⁿz/∂x^i∂y^j, as the gradient of the gradient."""
    leaves = [Value(x) for x, rule in zip(operands, row.partials, strict=True) if rule is not None]
    z: Value = row.kinds[Value](*leaves, *operands[len(leaves) :])
    for leaf, order in zip(leaves, orders, strict=False):
        for _ in range(order):
            z = gradient(z, leaf, unrelated="zero")
    return z.data


@pytest.mark.slow
@ROWS
@pytest.mark.parametrize("order", [2, 3])
def test_higher_derivatives_agree_with_mpmath(row: Primitive, order: int) -> None:
    """The second and third derivatives, mixed ones too, that follow from the rules: at 0 first, then at other points."""
    with workdps(50):
        for operands in modest(row):
            for first in range(order, -1, -1) if len(list(rules(row))) == 2 else [order]:
                orders = (first, order - first)[: len(operands)]
                exact = mp.diff(EXACT[row.name], tuple(map(mpf, operands)), orders)
                got = derivative(row, operands, orders)
                assert abs(got - exact) <= 1e-12 * abs(exact) + 1e-14, (operands, orders, got, float(exact))


# ------------------------------------------------------------------------------------------------------------------------
# What people read is what is computed


@ROWS
def test_formula_is_the_function(row: Primitive) -> None:
    """The `formula` string, computed as it stands, gives the row's value."""
    for operands in modest(row):
        if max(map(abs, operands)) <= 3.0:
            assert math.isclose(row.kinds[float](*operands), read(row.formula, row, operands), rel_tol=1e-7), operands


@ROWS
def test_textbook_forms_are_the_rules(row: Primitive) -> None:
    """Each `textbook` string, computed as it stands, is the derivative that the rule computes; '' stands where there is no rule."""
    for position, text in enumerate(row.textbook):
        rule = row.partials[position]
        assert bool(text) == (rule is not None)
        for operands in modest(row):
            if row.name == "power" and operands == (0.0, 0.0):
                continue  # x⁰ is flat, which c·x**(c - 1) cannot say at 0
            if rule is not None and max(map(abs, operands)) <= 3.0:
                computed = rule(row.kinds[float](*operands), *operands)
                assert math.isclose(computed, read(text, row, operands), rel_tol=1e-9, abs_tol=1e-12), operands


@ROWS
def test_every_column_is_filled_in(row: Primitive) -> None:
    """Symbol, LaTeX with its operands, and a sentence."""
    assert row.symbol
    assert row.summary.endswith(".")
    assert all(f"<{operand}>" in row.latex for operand in row.operands)
    assert row.name.isidentifier()


# ------------------------------------------------------------------------------------------------------------------------
# Kinks and domains


@pytest.mark.parametrize(
    ("x", "y", "by_x"),
    [
        (5e-324, 0.0, 0.0),
        (-5e-324, 0.0, 0.0),
        (1e-310, 0.0, 0.0),
        (5e-324, 1e-20, 2.024022533073106e303),
        (0.0, 0.0, 0.0),
        (0.0, 1.0, 1.0),
        (0.0, 1.5, 0.0),
        (-2.0, 2.0, -4.0),
        (-2.0, -1.0, -0.25),
        (1e-300, 0.1, 9.999999999999964e268),  # 0.1 is a little more than a tenth
    ],
)
def test_a_power_of_two_values_has_its_derivative_by_the_base(x: float, y: float, by_x: float) -> None:
    """For a tiny base x**(y - 1) is beyond the floats, and y times it is not."""
    base = Value(x)
    z = base ** Value(y)
    assert by_x == pytest.approx(z.partials[0], rel=1e-15)
    assert by_x == pytest.approx(gradient(z, base).data, rel=1e-15)


def test_a_power_of_two_values_has_its_second_derivatives_on_both_sides_of_the_step() -> None:
    """∂²/∂x² = y(y − 1)x**(y − 2) and ∂²/∂x∂y = x**(y − 1)(1 + y log x), at exponents around ½ and at 0."""
    for x in (0.3, 1.8):
        for exponent in (-1.5, 0.0, 0.25, 0.5, math.nextafter(0.5, 1.0), 1.0, 2.0):
            base, y = Value(x), Value(exponent)
            by_x = gradient(base**y, base)
            twice, mixed = (g.data for g in gradient(by_x, [base, y]))
            assert exponent * (exponent - 1.0) * x ** (exponent - 2.0) == pytest.approx(twice, rel=1e-14, abs=1e-15)
            assert x ** (exponent - 1.0) * (1.0 + exponent * math.log(x)) == pytest.approx(mixed, rel=1e-14)


@pytest.mark.parametrize("zeros", [0, 1, 2, 3])
def test_a_norm_has_its_second_derivatives_wherever_its_zeros_stand(zeros: int) -> None:
    """(δᵢⱼ − xᵢxⱼ/r²)/r at numbers of which the first ones are 0, as at the same numbers in another order."""
    at = [0.0] * zeros + [3.0, 4.0, 0.0]
    xs = [Value(x) for x in at]
    r = composed.norm(xs)
    assert 5.0 == r.data
    first = gradient(r, xs)
    assert [x / 5.0 for x in at] == [g.data for g in first]
    for i, g in enumerate(first):
        expected = [((i == j) - at[i] * at[j] / 25.0) / 5.0 for j in range(len(at))]
        assert expected == pytest.approx([h.data for h in gradient(g, xs, unrelated="zero")], abs=1e-15)


@pytest.mark.parametrize(
    ("function", "operands", "partials"),
    [
        (ops.relu, (0.0,), (0.0,)),
        (ops.relu, (-0.0,), (0.0,)),
        (ops.abs, (0.0,), (0.0,)),
        (ops.sign, (0.0,), (0.0,)),
        (ops.heaviside, (0.0,), (0.0,)),
        (ops.hypot, (0.0, 0.0), (0.0, 0.0)),
        (ops.leaky_relu, (0.0, 0.01), (0.01, 0.0)),
        (ops.elu, (0.0, 1.5), (1.5, 0.0)),
        (ops.above, (2.0, 2.0), (0.0, 0.0)),
        (ops.maximum, (2.0, 2.0), (0.5, 0.5)),
        (ops.minimum, (2.0, 2.0), (0.5, 0.5)),
        (ops.maximum, (0.0, -0.0), (0.5, 0.5)),
        (ops.maximum, (3.0, 2.0), (1.0, 0.0)),
        (ops.minimum, (3.0, 2.0), (0.0, 1.0)),
        (ops.hardswish, (-3.0,), (0.0,)),
        (ops.hardswish, (3.0,), (1.0,)),
        (ops.floor, (2.0,), (0.0,)),
        (ops.ceil, (-1.0,), (0.0,)),
        (ops.trunc, (1.0,), (0.0,)),
        (ops.round_, (2.5,), (0.0,)),
    ],
)
def test_kinks_take_the_subgradient_of_least_norm(function: Any, operands: tuple[float, ...], partials: tuple[float, ...]) -> None:
    """0 at a corner (α for the two with a slope on the left), and a tie of two splits evenly."""
    assert partials == function(*map(Value, operands)).partials


@pytest.mark.parametrize("function", [ops.maximum, ops.minimum])
def test_a_number_compared_with_itself_keeps_its_gradient(function: Any) -> None:
    """max(x, x) is x, and passes on 1 in total."""
    x = Value(3.0)
    function(x, x).backward()
    assert 1.0 == x.grad


def test_a_tie_of_several_gives_a_subgradient() -> None:
    """The gradient of the largest of several equal numbers has no negative part and sums to 1."""
    xs = [Value(2.0) for _ in range(5)]
    largest = xs[0]
    for x in xs[1:]:
        largest = ops.maximum(largest, x)
    largest.backward()
    assert 1.0 == sum(x.grad for x in xs)
    assert all(x.grad > 0.0 for x in xs)


KINKS: dict[str, list[tuple[float, ...]]] = {
    "power": [(0.0, 0.5), (0.0, 1e-300)],
    "pow": [(0.0, 0.5), (0.0, 2.0)],
    "sqrt": [(0.0,)],
    "asin": [(1.0,), (-1.0,)],
    "acos": [(1.0,), (-1.0,)],
    "acosh": [(1.0,)],
    "hypot": [(0.0, 0.0)],
    "atan2": [(0.0, 0.0), (0.0, -1.0), (0.0, -1e-300)],
    "abs": [(0.0,)],
    "sign": [(0.0,)],
    "heaviside": [(0.0,)],
    "above": [(2.0, 2.0)],
    "maximum": [(2.0, 2.0), (0.0, -0.0)],
    "minimum": [(-3.0, -3.0)],
    "relu": [(0.0,)],
    "leaky_relu": [(0.0, 0.1)],
    "elu": [(0.0, 1.0)],
    "xlogy": [(0.0, 0.0)],
    "floor": [(2.0,), (0.0,), (-1.0,)],
    "ceil": [(2.0,), (0.0,), (-1.0,)],
    "trunc": [(2.0,), (-1.0,)],
    "round_": [(0.5,), (-2.5,)],
    "hardswish": [(-3.0,), (3.0,)],
}
"""The points inside each row's domain at which its function has a value and no derivative."""

SMOOTH = (
    (0.7, 0.2),
    (0.7, 0.0),
    (0.7, -0.3),
    (0.0, 0.7),
    (-0.7, 2.0),
    (-0.7, -3.0),
    (0.0, 1.0),
    (0.0, 3.0),
)
"""Points at which most functions of one or two operands have their derivatives."""


@ROWS
def test_kinks_vanish_at_kinks_and_only_there(row: Primitive) -> None:
    """Some expression of the column is 0 at each kink; none is 0 where left and right slopes agree."""
    for operands in KINKS.get(row.name, []):
        assert 0.0 in [read(kink, row, operands) for kink in row.kinks], operands
    assert bool(row.kinks) == (row.name in KINKS)
    for point in SMOOTH:
        for operands in {point[: len(row.operands)], point[::-1][: len(row.operands)]}:
            straight = row.name in ("leaky_relu", "elu") and operands == (0.0, 1.0)  # a slope of 1 on the left has no corner
            if row.name != "pow" and not straight and _slopes_agree(row, operands):
                assert 0.0 not in [read(kink, row, operands) for kink in row.kinks], operands


def _slopes_agree(row: Primitive, operands: tuple[float, ...]) -> bool:
    """Whether the exact function has one finite slope, seen from either side, in each operand that has a derivative."""
    step, f = mpf(10) ** -30, EXACT[row.name]
    with workdps(50):
        for position, _ in rules(row):
            low, high = ([mpf(x) + sign * step * (i == position) for i, x in enumerate(operands)] for sign in (-1, 1))
            try:
                row.kinds[float](*operands)
                here = f(*map(mpf, operands))
                left, right = (here - f(*low)) / step, (f(*high) - here) / step
            except (ArithmeticError, ValueError):
                return False
            if not (isinstance(left, mpf) and isinstance(right, mpf) and abs(right - left) < 1e-9 and abs(left) < 1e9):
                return False
    return True


CONDITIONS: dict[str, Callable[[float, float], bool]] = {
    "divide": lambda x, y: y != 0.0,
    "power": lambda x, c: c == int(c) if x < 0.0 else c >= 0.0 or x > 0.0,
    "pow": lambda x, y: y == int(y) if x < 0.0 else y >= 0.0 or x > 0.0,
    "rhypot": lambda x, y: x != 0.0 or y != 0.0,
    "xlogy": lambda x, y: x == 0.0 or y != 0.0,
    "psi": lambda x, n: n >= 1.0 and n == int(n),
}
"""The column `condition`, which is in words, as a test."""


@ROWS
def test_domain_is_where_the_function_has_a_value(row: Primitive) -> None:
    """DomainError or DivisionByZeroError outside the interval and the condition, and nowhere else."""
    assert bool(row.condition) == (row.name in CONDITIONS)
    points = [(x,) for x in SPECIAL] if len(row.operands) == 1 else special_pairs()
    for operands in points:
        inside = all(x in interval for interval, x in zip(row.domain, operands, strict=True))
        inside = inside and (row.name not in CONDITIONS or CONDITIONS[row.name](*operands))
        for kind in (float, Value):
            try:
                row.kinds[kind](*map(kind, operands[: len(list(rules(row)))]), *operands[len(list(rules(row))) :])
                refused = False
            except RangeError:
                refused = False
            except (DomainError, DivisionByZeroError):
                refused = True
            assert inside != refused, (kind, operands)


BEYOND = " gives a number beyond the largest float (about 1.8e308): got "


@pytest.mark.parametrize(
    ("function", "operands", "error", "message"),
    [
        (ops.log, (-1.0,), DomainError, "log needs x > 0, but got x=-1.0"),
        (ops.log, (0.0,), DomainError, "log needs x > 0, but got x=0.0"),
        (ops.log1p, (-1.0,), DomainError, "log1p needs x > −1, but got x=-1.0"),
        (ops.sqrt, (-4.0,), DomainError, "sqrt needs x ≥ 0, but got x=-4.0"),
        (ops.asin, (2.0,), DomainError, "asin needs −1 ≤ x ≤ 1, but got x=2.0"),
        (ops.acosh, (0.5,), DomainError, "acosh needs x ≥ 1, but got x=0.5"),
        (ops.atanh, (1.0,), DomainError, "atanh needs −1 < x < 1, but got x=1.0"),
        (ops.divide, (1.0, 0.0), DivisionByZeroError, "divide would divide by zero: it needs y ≠ 0, but got x=1.0, y=0.0"),
        (
            ops.power,
            (-2.0, 0.5),
            DomainError,
            "power needs a whole number c where x < 0, and c ≥ 0 where x = 0, but got x=-2.0, c=0.5",
        ),
        (
            ops.power,
            (0.0, -1.0),
            DivisionByZeroError,
            "power would divide by zero: it needs a whole number c where x < 0, and c ≥ 0 where x = 0, but got x=0.0, c=-1.0",
        ),
        (
            ops.rhypot,
            (0.0, 0.0),
            DivisionByZeroError,
            "rhypot would divide by zero: it needs x and y not both 0, but got x=0.0, y=0.0",
        ),
        (ops.exp, (710.0,), RangeError, "exp" + BEYOND + "x=710.0"),
        (
            ops.add,
            (LARGEST, LARGEST),
            RangeError,
            "add" + BEYOND + f"x={LARGEST}, y={LARGEST}",
        ),
        (
            ops.multiply,
            (1e200, 1e200),
            RangeError,
            "multiply" + BEYOND + "x=1e+200, y=1e+200",
        ),
        (ops.power, (2.0, 1024.0), RangeError, "power" + BEYOND + "x=2.0, c=1024.0"),
    ],
)
def test_refusals_say_what_was_asked_what_came_and_what_is_needed(
    function: Any, operands: tuple[float, ...], error: type[Exception], message: str
) -> None:
    """The same message from floats and from Values; a label is named with its number."""
    with pytest.raises(error) as refusal:
        function(*operands)
    assert message == str(refusal.value)
    x, *rest = operands
    with pytest.raises(error) as refusal:
        function(Value(x), *rest)
    assert message == str(refusal.value)
    with pytest.raises(error) as refusal:
        function(Value(x, label="사과"), *rest)
    assert message.replace(f"x={x}", f"x={x} (label '사과')", 1) == str(refusal.value)


@ROWS
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_refused(row: Primitive, bad: float) -> None:
    """Functions on floats take no NaN and no infinity, even where they have a limit there, and name the operand."""
    for position, operand in enumerate(row.operands):
        operands = [bad if i == position else 0.5 for i in range(len(row.operands))]
        with pytest.raises(autograd.NonFiniteError) as refusal:
            row.kinds[float](*operands)
        assert f"{row.name} met {operand}={bad}, which is not a finite number" == str(refusal.value)


# ------------------------------------------------------------------------------------------------------------------------
# Powers


@pytest.mark.parametrize("x", SPECIAL)
def test_anything_to_the_power_0_is_1_and_flat(x: float) -> None:
    """x**0 is 1 with derivative 0, at x = 0 too."""
    node = Value(x) ** 0
    assert (1.0, (0.0,)) == (node.data, node.partials)
    assert 1.0 == ops.power(x, 0.0) == ops.pow(x, 0.0)


@pytest.mark.parametrize(("c", "derivative_at_0"), [(1.0, 1.0), (2.0, 0.0), (1.5, 0.0), (1e16, 0.0), (1e300, 0.0)])
def test_powers_of_0(c: float, derivative_at_0: float) -> None:
    """0**c for c ≥ 1 has a value and a derivative."""
    x = Value(0.0)
    node = x**c
    node.backward()
    assert (0.0, derivative_at_0) == (node.data, x.grad)


def test_derivatives_of_a_square_at_0() -> None:
    """0, 2 and then 0: the rule of x**c ends where the exponent does."""
    x = Value(0.0)
    first = gradient(x**2, x)
    second = gradient(first, x)
    third = gradient(second, x, unrelated="zero")
    assert [0.0, 2.0, 0.0] == [first.data, second.data, third.data]


@pytest.mark.parametrize("c", [SMALLEST, 0.1, 0.5, 1.0 - 2.0**-53])
def test_a_root_at_0_has_a_value_and_no_derivative(c: float) -> None:
    """0**c for 0 < c < 1 does not stop a forward pass; a sweep that needs its derivative says so, one that does not is right."""
    x = Value(0.0)
    root = x**c
    assert 0.0 == root.data
    with pytest.raises(GradientError, match=r"no gradient through power.*does not exist"):
        root.backward()
    assert 0.0 == x.grad
    (root * 0.0 + x).backward()
    assert 1.0 == x.grad


@pytest.mark.parametrize("exponent", [-1.0, -0.5, -2.0, -SMALLEST])
def test_0_to_a_negative_power_divides_by_zero(exponent: float) -> None:
    """On floats and on Values, whether the exponent is a Value or not."""
    for compute in (
        lambda: ops.power(0.0, exponent),
        lambda: Value(0.0) ** exponent,
        lambda: Value(0.0) ** Value(exponent),
        lambda: 0.0 ** Value(exponent),
    ):
        with pytest.raises(DivisionByZeroError):
            compute()


def test_a_negative_base_with_a_whole_exponent_takes_no_logarithm() -> None:
    """(-2)³ is -8 with derivative 12, in the gradient's graph too."""
    x = Value(-2.0)
    cube = x**3
    slope = gradient(cube, x)
    assert (-8.0, (12.0,), 12.0) == (cube.data, cube.partials, slope.data)
    assert "log" not in [node.op.name for node in topological(slope) if node.op is not None]
    assert -12.0 == gradient(slope, x).data


@pytest.mark.parametrize(("x", "c", "slope"), [(-1.0, 2.0**53, -(2.0**53)), (-1.0, 1e16, -1e16), (-1.0, -1e16, 1e16), (1.0, 1e300, 1e300)])
def test_the_slope_of_a_huge_power_has_the_right_sign(x: float, c: float, slope: float) -> None:
    """c - 1 is no float here and would round to an even number; the derivative of an even power at -1 is negative all the same."""
    assert (slope,) == (Value(x) ** c).partials


@pytest.mark.parametrize("exponent", [0.5, -0.5, 1e-300, 2.5])
def test_a_negative_base_with_a_broken_exponent_is_refused(exponent: float) -> None:
    """Never a complex number."""
    for compute in (
        lambda: ops.power(-2.0, exponent),
        lambda: Value(-2.0) ** exponent,
        lambda: Value(-2.0) ** Value(exponent),
        lambda: (-2.0) ** Value(exponent),
    ):
        with pytest.raises(DomainError, match="needs a whole number"):
            compute()


@pytest.mark.parametrize(
    ("y", "value", "partials"),
    [(0.0, 1.0, (0.0, 0.0)), (1.0, 0.0, (1.0, 0.0)), (2.0, 0.0, (0.0, 0.0)), (1.5, 0.0, (0.0, 0.0))],
)
def test_0_to_the_power_of_a_value(y: float, value: float, partials: tuple[float, float]) -> None:
    """∂y is 0 for every y ≥ 0, and ∂x is that of the plain power."""
    node = Value(0.0) ** Value(y)
    assert (value, partials) == (node.data, node.partials)


def test_0_to_the_power_of_a_value_between_0_and_1() -> None:
    """∂x does not exist, ∂y is 0."""
    node = Value(0.0) ** Value(0.5)
    assert not math.isfinite(node.partials[0])
    assert 0.0 == node.partials[1]
    assert (0.0,) == (0.0 ** Value(0.5)).partials


def test_a_negative_base_to_the_power_of_a_value() -> None:
    """It has a value; ∂y does not exist, and the error says what to do instead."""
    x, y = Value(-2.0), Value(3.0)
    power = x**y
    assert -8.0 == power.data
    with pytest.raises(GradientError, match="use a plain number as exponent"):
        power.backward()
    assert (0.0, 0.0) == (x.grad, y.grad)
    assert 12.0 == gradient(power, x).data


def test_powers_of_1_and_powers_beyond_the_floats() -> None:
    """1**y does not depend on y; 2**1024 is the first power of 2 beyond the floats."""
    assert (0.0,) == (1.0 ** Value(5.0)).partials
    assert (math.log(2.0) * 8.0,) == (2.0 ** Value(3.0)).partials
    for compute in (lambda: Value(2.0) ** 1024, lambda: 2.0 ** Value(1024.0), lambda: ops.power(2.0, 1024.0)):
        with pytest.raises(RangeError):
            compute()


# ------------------------------------------------------------------------------------------------------------------------
# Local derivatives against finite differences


@pytest.mark.parametrize("row", [row for row in PRIMITIVES.values() if row.name != "stop_gradient"], ids=lambda row: row.name)
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_local_derivatives_agree_with_finite_differences(row: Primitive, data: st.DataObject) -> None:
    """The picture a person understands: (f(x + h) - f(x - h)) / 2h at random points, inside an error bound that is derived.

    The quotient is wrong by h²/6·|f‴| in theory and by a few units in the last place of f, over h, in floats. The step
    h = ε^⅓ balances the two; f‴ comes from the rules themselves, at x and at either end of the step.
    """
    h = 2.0**-17  # about ε^⅓; a power of 2, so that x ± h is exact for |x| < 8
    ranges = [st.floats(max(-4.0, interval.low + 0.1), min(4.0, interval.high - 0.1)) for interval in row.domain]
    operands = tuple(round(data.draw(numbers) * 2.0**20) / 2.0**20 for numbers in ranges)
    if row.name == "power" and data.draw(st.booleans()):
        operands = (operands[0], float(round(operands[1])))  # else a negative base would never come
    if row.name == "psi":
        operands = (operands[0], 1.0 + abs(round(operands[1])))
    assume(is_smooth_at(row, operands, margin=0.05))
    for position, _ in rules(row):
        orders = tuple(3 * (i == position) for i in range(len(operands)))

        def shifted(step: float, position: int = position) -> tuple[float, ...]:
            return tuple(x + step * (i == position) for i, x in enumerate(operands))

        try:
            high, low = row.kinds[float](*shifted(h)), row.kinds[float](*shifted(-h))
            bend = max(abs(derivative(row, shifted(step), orders)) for step in (-h, 0.0, h))
        except AutogradError:
            assume(False)
        lost = row.loss["z"][0](row.kinds[float](*operands), *operands) if "z" in row.loss else 0.0
        tolerance = h * h / 6.0 * 2.0 * bend + (4.0 * math.ulp(max(abs(high), abs(low))) + lost) / h
        slope = derivative(row, operands, tuple(int(i == position) for i in range(len(operands))))
        assert abs((high - low) / (2.0 * h) - slope) <= tolerance, (position, operands)


# ------------------------------------------------------------------------------------------------------------------------
# The rows as functions, methods and exports


@ROWS
def test_every_row_is_a_function_of_the_package_and_a_method(row: Primitive) -> None:
    """autograd.exp(v), v.exp() and autograd.exp(1.0)."""
    function = getattr(autograd, row.name)
    assert row is function.primitive
    assert row.name == function.__name__
    assert row.summary in function.__doc__
    operands = (0.5, 2.0)[: len(row.operands)] if row.name != "acosh" else (1.5,)
    x, rest = Value(operands[0]), operands[1:]
    by_function, by_method = function(x, *rest), getattr(x, row.name)(*rest)
    assert by_function.data == by_method.data == function(*operands)
    assert by_function.partials == by_method.partials
    assert row is by_function.op is by_method.op


def test_import_of_everything_takes_nothing_from_python() -> None:
    """`from autograd import *` brings every row but those named as Python's own functions, which keep their place."""
    names: dict[str, Any] = {}
    exec("from autograd import *", names)
    assert not set(names) & set(vars(builtins)) - {"__builtins__", "__doc__", "__name__"}
    assert {"abs", "pow"} == {name for name in PRIMITIVES if name not in names}
    assert all(hasattr(autograd, name) for name in autograd.__all__)


FIELDS = ("data", "grad", "label", "scope", "op", "x", "dx", "y", "dy")


@pytest.mark.parametrize(("symbol", "name"), [("+", "add"), ("*", "multiply")])
@pytest.mark.parametrize("other", [Value(2.5), 2.5, 2, -0.0, Fraction(1, 3)], ids=str)
def test_operators_written_out_for_speed_record_what_their_rows_record(symbol: str, name: str, other: Any) -> None:
    """Every field of a + b and a × b is the same from the written-out method and from the row's own recorder."""
    x = Value(-3.0, label="x")
    record = PRIMITIVES[name].kinds[Value]
    pairs: list[tuple[Value, Value]] = [
        (eval(f"x {symbol} other", {"x": x, "other": other}), record(x, other)),
        (eval(f"x {symbol} x", {"x": x}), record(x, x)),
        (eval(f"other {symbol} x", {"x": x, "other": other}), record(other, x)),
    ]
    with autograd.scope("hidden"):
        pairs.append((eval(f"x {symbol} other", {"x": x, "other": other}), record(x, other)))
    for written, generic in pairs:
        for field in FIELDS:
            a, b = getattr(written, field), getattr(generic, field)
            assert bits(a) == bits(b) if isinstance(a, float) and isinstance(b, float) else a is b, (field, a, b)


@pytest.mark.parametrize("name", ["add", "multiply"])
def test_operators_written_out_for_speed_refuse_what_their_rows_refuse(name: str) -> None:
    """The same error, and the same words but for NaN: the row's recorder meets it before it adds."""
    x, record = Value(1e308, label="x"), PRIMITIVES[name].kinds[Value]
    method = {"add": Value.__add__, "multiply": Value.__mul__}[name]
    for other in (LARGEST, Value(LARGEST), "2", True, math.nan, None):
        with pytest.raises(Exception) as written:  # noqa: PT011 - compared below, type and message
            method(x, other)
        with pytest.raises(Exception) as generic:  # noqa: PT011
            record(x, other)
        assert type(generic.value) is type(written.value)
        if other is not math.nan:
            assert str(generic.value) == str(written.value)
