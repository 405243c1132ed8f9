"""The functions on floats: close to the mathematics everywhere, and ready to travel as source."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from mpmath import mp, mpf, workdps

from autograd import PRIMITIVES, floats

from .special_values import LARGEST, SMALLEST, SPECIAL, bits, sample, ulps

FUNCTIONS = {name: f for name, f in vars(floats).items() if inspect.isfunction(f)}


def _power(x: Any, y: Any) -> Any:
    """x**y in the reals, for whole y also where x is negative."""
    if not x:
        return mpf(not y)
    size = mp.exp(y * mp.log(abs(x)))
    return -size if x < 0 and int(y) % 2 else size


def _above(x: Any, y: Any) -> Any:
    return (1 + mp.sign(x - y)) / 2


EXACT: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "negate": lambda x: -x,
    "power": _power,
    "pow": _power,
    "exp": mp.exp,
    "expm1": mp.expm1,
    "log": mp.log,
    "log1p": mp.log1p,
    "log2": lambda x: mp.log(x, 2),
    "log10": mp.log10,
    "sqrt": mp.sqrt,
    "log1mexp": lambda x: mp.log(-mp.expm1(-x)) if x < 1 else mp.log1p(-mp.exp(-x)),
    "logaddexp": lambda x, y: max(x, y) + mp.log1p(mp.exp(-abs(x - y))),
    "xlogy": lambda x, y: x * mp.log(y) if x or y else mpf(0),
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "asin": mp.asin,
    "acos": mp.acos,
    "atan": mp.atan,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "sech": mp.sech,
    "asinh": mp.asinh,
    "acosh": mp.acosh,
    "atanh": mp.atanh,
    "hypot": lambda x, y: mp.sqrt(x * x + y * y),
    "rhypot": lambda x, y: 1 / mp.sqrt(x * x + y * y),
    "atan2": lambda y, x: mp.atan2(y, x) if x or y else mpf(0),
    "abs": abs,
    "sign": mp.sign,
    "heaviside": lambda x: mpf(x > 0),
    "above": _above,
    "maximum": max,
    "minimum": min,
    "floor": mp.floor,
    "ceil": mp.ceil,
    "trunc": lambda x: mp.sign(x) * mp.floor(abs(x)),
    "round_": mp.nint,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "log_sigmoid": lambda x: -mp.log1p(mp.exp(-x)),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "relu": lambda x: max(x, mpf(0)),
    "leaky_relu": lambda x, a: x if x > 0 else a * x,
    "elu": lambda x, a: x if x > 0 else a * mp.expm1(x),
    "mish": lambda x: x * mp.tanh(mp.log1p(mp.exp(x))),
    "softsign": lambda x: x / (1 + abs(x)),
    "hardswish": lambda x: x * min(max(x + 3, mpf(0)), mpf(6)) / 6,
    "erf": mp.erf,
    "erfc": lambda x: mp.erfc(x) if abs(x) < 1000 else mpf(2 * (x < 0)),
    "gaussian": lambda x: mp.exp(-x * x),
    "lgamma": mp.loggamma,
    "digamma": mp.digamma,
    "psi": lambda x, n: mp.psi(int(n), x),
    "stop_gradient": lambda x: x,
}
"""Every row's function in mpmath, from a definition that does not overflow there."""


def test_every_row_has_its_exact_function() -> None:
    """A row added to the table is missed here by name, not passed over."""
    assert list(PRIMITIVES) == list(EXACT)


@pytest.mark.parametrize("name", EXACT)
def test_forward_is_within_a_few_units_of_mpmath(name: str) -> None:
    """Over all special values and a spread of the floats: three units for ours, four for those that come with the platform."""
    few = 3 if PRIMITIVES[name].forward in FUNCTIONS.values() else 4
    with workdps(50):
        for z, operands in sample(PRIMITIVES[name]):
            if name == "atan2" and not operands[0]:
                continue  # the angle of (x, ±0): floats tell 0 from -0 there, mpmath does not
            lost = PRIMITIVES[name].loss["z"][0](z, *operands) if "z" in PRIMITIVES[name].loss else 0.0
            error = abs(mpf(z) - EXACT[name](*map(mpf, operands)))
            assert error <= few * math.ulp(z) + lost, (operands, z, ulps(z, EXACT[name](*map(mpf, operands))))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_travels_as_source_with_math_alone(name: str) -> None:
    """Its own lines and `math` are all it needs, so that a generated program can carry it along."""
    alone: dict[str, Any] = {"math": math}
    exec(inspect.getsource(FUNCTIONS[name]), alone)
    count = len(inspect.signature(FUNCTIONS[name]).parameters)
    for x in (0.3, -0.3, 30.0, -30.0, 800.0):
        operands = (x, 2.0)[:count]
        with suppress(ValueError):  # where the function has no value
            assert bits(FUNCTIONS[name](*operands)) == bits(alone[name](*operands))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_is_a_forward_of_the_table(name: str) -> None:
    """Nothing is kept in the room that no row needs."""
    assert any(row.forward is FUNCTIONS[name] for row in PRIMITIVES.values())


@pytest.mark.parametrize(
    ("base", "exponent"),
    [(-2.0, 0.5), (-1.0, 1e-300), (-1e300, -0.1), (-SMALLEST, 1.5)],
)
def test_power_never_leaves_the_reals(base: float, exponent: float) -> None:
    """Where Python's ** would answer with a complex number, a ValueError."""
    with pytest.raises(ValueError, match="domain"):
        floats.power(base, exponent)


@pytest.mark.parametrize(("base", "exponent", "result"), [(-2.0, 3.0, -8.0), (-2.0, -2.0, 0.25), (0.0, 0.0, 1.0), (-1.0, 1e300, 1.0)])
def test_power_of_a_negative_base_is_real_for_whole_exponents(base: float, exponent: float, result: float) -> None:
    """-8 is (-2)³."""
    assert result == floats.power(base, exponent)


def test_steps_and_corners() -> None:
    """The values at the corner itself and on both sides, which everything about kinks follows from."""
    for x in SPECIAL:
        assert (x > 0.0) - (x < 0.0) == floats.sign(x)
        assert float(x > 0.0) == floats.heaviside(x)
        assert max(x, 0.0) == floats.relu(x)
        assert 0.5 == floats.above(x, x)
        for y in SPECIAL:
            assert max(x, y) == floats.maximum(x, y)
            assert min(x, y) == floats.minimum(x, y)
            assert floats.above(x, y) == 1.0 - floats.above(y, x)
            assert floats.above(x, y) == floats.heaviside(x - y) or x == y or abs(x - y) == math.inf


@pytest.mark.parametrize(
    ("function", "x", "result"),
    [
        (floats.sigmoid, LARGEST, 1.0),
        (floats.sigmoid, -LARGEST, 0.0),
        (floats.log_sigmoid, LARGEST, 0.0),
        (floats.log_sigmoid, -LARGEST, -LARGEST),
        (floats.softplus, LARGEST, LARGEST),
        (floats.softplus, -LARGEST, 0.0),
        (floats.sech, LARGEST, 0.0),
        (floats.sech, -LARGEST, 0.0),
        (floats.sech, 0.0, 1.0),
        (floats.gaussian, LARGEST, 0.0),
        (floats.gaussian, 0.0, 1.0),
        (floats.gaussian, SMALLEST, 1.0),
    ],
)
def test_limits_are_reached_without_overflow(function: Callable[[float], float], x: float, result: float) -> None:
    """The functions made from exponentials have their limits at the ends of the floats."""
    assert result == function(x)


def test_reciprocal_length_of_the_longest_vector() -> None:
    """√(x² + y²) is beyond the floats here; its reciprocal is not."""
    assert math.isinf(math.hypot(LARGEST, LARGEST))
    with workdps(50):
        assert ulps(floats.rhypot(LARGEST, LARGEST), EXACT["rhypot"](mpf(LARGEST), mpf(LARGEST))) <= 1.0


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "sin", "erf", "asinh", "atan"])
def test_symmetries_hold_to_the_last_bit(name: str) -> None:
    """Odd functions are odd; σ(x) + σ(-x) is 1 up to rounding."""
    function = PRIMITIVES[name].forward
    for x in SPECIAL:
        if name == "sigmoid":
            assert abs(function(x) + function(-x) - 1.0) <= 2.3e-16
        else:
            assert bits(function(-x)) == bits(-function(x))
