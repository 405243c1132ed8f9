"""THE TABLE: one row per primitive, one rule per operand. The functions composed from rows stand in `composed`.

Read a row as: name, the function on floats, ∂z/∂x (and ∂z/∂y), then how people write it. z is the result; x and y are the
operands. The rules are ordinary Python over the table's own functions, so they mean the same on floats and on Values;
on Values a rule's result is a graph again, which is all that higher derivatives need.

Laws, each held by a test:

- A rule uses rows and arithmetic only. The rule of a smooth row has no abs, sign, heaviside or max in it: a form with |x|
  looks right and breaks the next derivative at 0. (hypot and pow have a point where they are not smooth, and say so; so
  does power where c - 1 is no float. pow has a step too, between two forms of one function.)
- A rule may branch on a plain number, never on an operand that may be a Value: a program recorded at x = 1.5 would keep
  that branch at x = -1.5. Branches belong in the forward column, which sees floats only.
- No rule overflows on its way to a derivative that fits a float, and none is off by more than 4 units in the last place, from
  the subnormals to the tails. The test lists the exceptions, each with its bound and its reason.
- The computed form is the accurate one; `textbook` is the one people read. They are equal.
"""

from __future__ import annotations

import math
import operator
from typing import Any

from . import floats, rounding
from .primitive import REALS, Binary, Defaulted, Interval, Unary
from .rows import binary, defaulted, unary

# For `from autograd import *`: everything but abs and pow, which would take the place of Python's own.
__all__ = [
    "above", "acos", "acosh", "add", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "cos", "cosh", "digamma", "divide", "elu", "erf",
    "erfc", "exp", "expm1", "floor", "gaussian", "hardswish", "heaviside", "hypot", "leaky_relu", "lgamma", "log", "log1mexp", "log1p",
    "log2", "log10", "log_sigmoid", "logaddexp", "maximum", "minimum", "mish", "multiply", "negate", "power", "psi", "relu", "rhypot",
    "round_", "sech", "sigmoid", "sign", "sin", "sinh", "softplus", "softsign", "sqrt", "stop_gradient", "subtract", "tan", "tanh",
    "trunc", "xlogy",
]  # fmt: skip


# -- Arithmetic --------------------------------------------------------------------------------------------------------

add: Binary = binary(
    "add", operator.add, lambda z, x, y: 1.0, lambda z, x, y: 1.0,
    symbol="+", formula="x + y", latex="<x> + <y>", textbook=("1", "1"),
    summary="The sum. It hands the upstream gradient on unchanged.", operator="add",
)  # fmt: skip
subtract: Binary = binary(
    "subtract", operator.sub, lambda z, x, y: 1.0, lambda z, x, y: -1.0,
    symbol="−", formula="x - y", latex="<x> - <y>", textbook=("1", "-1"),
    summary="The difference.", operator="sub",
)  # fmt: skip
multiply: Binary = binary(
    "multiply", operator.mul, lambda z, x, y: y, lambda z, x, y: x,
    symbol="×", formula="x * y", latex=r"<x> \cdot <y>", textbook=("y", "x"),
    summary="The product. It hands each operand the other's value times the upstream gradient.", operator="mul", zero="product",
)  # fmt: skip
divide: Binary = binary(
    # -(z / y) and not -x / y²: y² underflows from |y| = 1e-162 on.
    "divide", operator.truediv, lambda z, x, y: 1.0 / y, lambda z, x, y: -(z / y),
    symbol="÷", formula="x / y", latex=r"\frac{<x>}{<y>}", textbook=("1/y", "-x/y**2"),
    condition="y ≠ 0", summary="The quotient.", operator="truediv",
    zero="product", loss={"y": (lambda z, x, y: rounding.LEAST / math.fabs(y), "a subnormal z has lost digits, and z/y shows it")},
)  # fmt: skip
negate: Unary = unary(
    "negate", operator.neg, lambda z, x: -1.0,
    symbol="−", formula="-x", latex="-<x>", textbook="-1",
    summary="The number of opposite sign.", result="finite", operator="neg",
)  # fmt: skip


def _power_x(z: Any, x: Any, c: float) -> Any:
    # c is a plain number, so a rule may look at it. For small c, c - 1 rounds, and a rounded exponent is worth up to 339 units
    # in the last place; for others, z may underflow where x**(c - 1) does not. Each form is used where its exponent is exact.
    if c == 0.0:
        return 0.0
    if c > 2.0**53:  # c - 1 would round to an even number, and lose the sign of a negative base
        return (c * z) / (x + _vanishes(x))
    return c * power(x, c - 1.0) if c >= 0.5 else (c * z) / x


power: Binary = binary(
    "power", floats.power, _power_x, None,
    operands=("x", "c"), symbol="^", formula="x**c", latex="<x>^{<c>}", textbook=("c*x**(c - 1)", ""),
    condition="a whole number c where x < 0, and c ≥ 0 where x = 0", kinks=("abs(x) + (c <= 0) + (c >= 1)",),
    flat=(lambda x, c: c == 0.0, None),
    summary="x to a power that is a plain number; never takes a logarithm.", result="loud", arrays=lambda m, x, c: x**c,
    zero="product", loss={"x": (rounding.power_loss, "a subnormal power has lost digits, and the exponent multiplies the loss")},
)  # fmt: skip


def _vanishes(x: Any) -> Any:
    """1 at 0, else 0."""
    s = sign(x)
    return 1.0 - s * s


def _pow_x(z: Any, x: Any, y: Any) -> Any:
    # Two forms of one smooth function, as in _power_x, but y may be a Value: h chooses without a branch. Where it is 1, y·x**(y - 1);
    # where it is 0, (y·x**y)/x, which neither rounds y - 1 nor overflows for a tiny x before a tinier y is multiplied in.
    h = heaviside(y - 0.5)
    return (y * pow(x, y - h)) / (h + (1.0 - h) * x + _vanishes(x) * _vanishes(y))


pow: Binary = binary(  # noqa: A001 - Python's own pow(v, w) reaches it too
    # The corrections by _vanishes act only at x = 0, where the limits are taken: ∂x is 0 at (0, 0), and ∂y is 0 at (0, y ≥ 0).
    # A negative x still reaches the logarithm and fails there, as it should: ∂z/∂y does not exist.
    "pow", floats.power, _pow_x, lambda z, x, y: z * log(x + _vanishes(x)),
    symbol="^", formula="x**y", latex="<x>^{<y>}", textbook=("y*x**(y - 1)", "x**y * log(x)"),
    condition="a whole number y where x < 0, and y ≥ 0 where x = 0", kinks=("x",), hint="use a plain number as exponent",
    once=lambda x, y: x == 0.0 and y <= 1.0,
    summary="x to a power that is a Value too.", result="loud", operator="pow", arrays=lambda m, x, y: x**y, zero="product",
    loss={
        "x": (rounding.pow_loss, "a subnormal power has lost digits, and the exponent multiplies the loss"),
        "y": (lambda z, x, y: rounding.LEAST * math.fabs(math.log(x)) if x > 0.0 else 0.0, "a subnormal z has lost digits"),
    },
)  # fmt: skip

# -- Exponentials and logarithms ---------------------------------------------------------------------------------------

_LOG2_E, _LOG10_E = 1.4426950408889634, 0.4342944819032518  # 1/ln 2 and 1/ln 10, correctly rounded

exp: Unary = unary(
    "exp", math.exp, lambda z, x: z,
    latex="e^{<x>}", textbook="exp(x)",
    summary="The exponential, e to the power x.", result="loud", zero="",
)  # fmt: skip
expm1: Unary = unary(
    "expm1", math.expm1, lambda z, x: exp(x),  # not z + 1, which is rounded
    formula="exp(x) - 1", latex="e^{<x>} - 1", textbook="exp(x)",
    summary="exp(x) - 1, exact for small x.", result="loud",
)  # fmt: skip
log: Unary = unary(
    "log", math.log, lambda z, x: 1.0 / x,
    latex=r"\ln\left(<x>\right)", textbook="1/x", domain=Interval(low=0.0),
    summary="The natural logarithm.", result="loud",
)  # fmt: skip
log1p: Unary = unary(
    "log1p", math.log1p, lambda z, x: 1.0 / (1.0 + x),
    formula="log(1 + x)", latex=r"\ln\left(1 + <x>\right)", textbook="1/(1 + x)", domain=Interval(low=-1.0),
    summary="log(1 + x), exact for small x.", result="loud",
)  # fmt: skip
log2: Unary = unary(
    "log2", math.log2, lambda z, x: _LOG2_E / x,
    latex=r"\log_2\left(<x>\right)", textbook="1/(x*log(2))", domain=Interval(low=0.0),
    summary="The logarithm to base 2.", result="loud",
)  # fmt: skip
log10: Unary = unary(
    "log10", math.log10, lambda z, x: _LOG10_E / x,
    latex=r"\log_{10}\left(<x>\right)", textbook="1/(x*log(10))", domain=Interval(low=0.0),
    summary="The logarithm to base 10.", result="loud",
)  # fmt: skip
sqrt: Unary = unary(
    "sqrt", math.sqrt, lambda z, x: 0.5 / z,
    symbol="√", latex=r"\sqrt{<x>}", textbook="1/(2*sqrt(x))", domain=Interval(low=0.0, closed_low=True), kinks=("x",),
    summary="The square root. At 0 it has a value but no finite derivative.", result="loud",
)  # fmt: skip


def _log1mexp_arrays(m: Any, x: Any) -> Any:
    half = 0.6931471805599453  # log 2; each form sees the numbers on its own side alone
    return m.where(x <= half, m.log(-m.expm1(-m.minimum(x, half))), m.log1p(-m.exp(-m.maximum(x, half))))


log1mexp: Unary = unary(
    "log1mexp", floats.log1mexp, lambda z, x: exp(-x) / -expm1(-x),  # expm1(x) would overflow where this is small
    formula="log(1 - exp(-x))", latex=r"\ln\left(1 - e^{-<x>}\right)", textbook="1/expm1(x)", domain=Interval(low=0.0),
    summary="log(1 - exp(-x)), exact for small x and for large: the logarithm of the probability 1 - exp(-x).",
    result="loud", arrays=_log1mexp_arrays, zero="",
)  # fmt: skip
logaddexp: Binary = binary(
    "logaddexp", floats.logaddexp, lambda z, x, y: sigmoid(x - y), lambda z, x, y: sigmoid(y - x),
    formula="log(exp(x) + exp(y))", latex=r"\ln\left(e^{<x>} + e^{<y>}\right)", textbook=("sigmoid(x - y)", "sigmoid(y - x)"),
    summary="log(exp(x) + exp(y)): the sum of two numbers whose logarithms are x and y.",
    result="finite", zero="", arrays=lambda m, x, y: m.maximum(x, y) + m.log1p(m.exp(-m.abs(x - y))),
    loss={
        "x": (lambda z, x, y: rounding.difference_loss(x, y), "x - y is rounded, and its exponential shows it"),
        "y": (lambda z, x, y: rounding.difference_loss(y, x), "x - y is rounded, and its exponential shows it"),
        "z": (rounding.sum_loss, "its two parts cancel where exp(x) + exp(y) is near 1"),
    },
)  # fmt: skip


def _xlogy_arrays(m: Any, x: Any, y: Any) -> Any:
    return x * m.log(m.where(m.maximum(m.abs(x), m.abs(y)) > 0.0, y, 1.0))


xlogy: Binary = binary(
    # At (0, 0) the rule for y is 0/1: with x = 0 the function is 0 for every y. That for x is log(0): there is none.
    "xlogy", floats.xlogy, lambda z, x, y: log(y), lambda z, x, y: x / (y + _vanishes(y)),
    formula="x*log(y)", latex=r"<x> \ln\left(<y>\right)", textbook=("log(y)", "x/y"),
    domain=(REALS, Interval(low=0.0, closed_low=True)), condition="x = 0 where y = 0", kinks=("y",), once=lambda x, y: y == 0.0,
    summary="x·log(y), and 0 at (0, 0), as in an entropy; there ∂y is 0, and ∂x does not exist.", zero="product", arrays=_xlogy_arrays,
)  # fmt: skip

# -- Circular and hyperbolic functions ---------------------------------------------------------------------------------

sin: Unary = unary(
    "sin", math.sin, lambda z, x: cos(x),
    latex=r"\sin\left(<x>\right)", textbook="cos(x)",
    summary="The sine; x in radians.", result="unit",
)  # fmt: skip
cos: Unary = unary(
    "cos", math.cos, lambda z, x: -sin(x),
    latex=r"\cos\left(<x>\right)", textbook="-sin(x)",
    summary="The cosine; x in radians.", result="unit",
)  # fmt: skip
tan: Unary = unary(
    "tan", math.tan, lambda z, x: 1.0 + z * z,
    latex=r"\tan\left(<x>\right)", textbook="1 + tan(x)**2",
    summary="The tangent; x in radians.", result="finite",
)  # fmt: skip
asin: Unary = unary(
    "asin", math.asin, lambda z, x: 1.0 / sqrt((1.0 - x) * (1.0 + x)),  # 1 - x² would cancel near 1
    latex=r"\arcsin\left(<x>\right)", textbook="1/sqrt(1 - x**2)", domain=Interval(-1.0, 1.0, True, True), kinks=("1 - x", "1 + x"),
    summary="The arc sine, in radians from -π/2 to π/2. At ±1 it has a value but no finite derivative.", result="loud",
)  # fmt: skip
acos: Unary = unary(
    "acos", math.acos, lambda z, x: -1.0 / sqrt((1.0 - x) * (1.0 + x)),
    latex=r"\arccos\left(<x>\right)", textbook="-1/sqrt(1 - x**2)", domain=Interval(-1.0, 1.0, True, True), kinks=("1 - x", "1 + x"),
    summary="The arc cosine, in radians from 0 to π. At ±1 it has a value but no finite derivative.", result="loud",
)  # fmt: skip


def _atan_x(z: Any, x: Any) -> Any:
    r = rhypot(1.0, x)
    return r * r  # 1 / (1 + x²), where x² would overflow


atan: Unary = unary(
    "atan", math.atan, _atan_x,
    latex=r"\arctan\left(<x>\right)", textbook="1/(1 + x**2)",
    summary="The arc tangent, in radians from -π/2 to π/2.", result="finite",
)  # fmt: skip
sinh: Unary = unary(
    "sinh", math.sinh, lambda z, x: cosh(x),
    latex=r"\sinh\left(<x>\right)", textbook="cosh(x)",
    summary="The hyperbolic sine.", result="loud",
)  # fmt: skip
cosh: Unary = unary(
    "cosh", math.cosh, lambda z, x: sinh(x),
    latex=r"\cosh\left(<x>\right)", textbook="sinh(x)",
    summary="The hyperbolic cosine.", result="loud",
)  # fmt: skip


def _tanh_x(z: Any, x: Any) -> Any:
    s = sech(x)
    return s * s  # 1 - z² is exact nowhere near the tails: from x = 19 on it would be 0


tanh: Unary = unary(
    "tanh", math.tanh, _tanh_x,
    latex=r"\tanh\left(<x>\right)", textbook="1 - z**2",
    summary="The hyperbolic tangent, from -1 to 1.", result="unit",
)  # fmt: skip


def _sech_arrays(m: Any, x: Any) -> Any:
    e = m.exp(-m.abs(x))
    return 2.0 * e - 2.0 * e * (e * e / (1.0 + e * e))


sech: Unary = unary(
    "sech", floats.sech, lambda z, x: -z * tanh(x),
    formula="1/cosh(x)", latex=r"\operatorname{sech}\left(<x>\right)", textbook="-z*tanh(x)",
    summary="The hyperbolic secant, 1 / cosh(x); its square is tanh's derivative.", result="unit", arrays=_sech_arrays, zero="",
)  # fmt: skip
asinh: Unary = unary(
    "asinh", math.asinh, lambda z, x: rhypot(1.0, x),
    latex=r"\operatorname{arsinh}\left(<x>\right)", textbook="1/sqrt(x**2 + 1)",
    summary="The inverse of sinh.", result="finite",
)  # fmt: skip
acosh: Unary = unary(
    "acosh", math.acosh, lambda z, x: 1.0 / (sqrt(x - 1.0) * sqrt(x + 1.0)),  # x² - 1 would cancel near 1 and overflow
    latex=r"\operatorname{arcosh}\left(<x>\right)", textbook="1/sqrt(x**2 - 1)", domain=Interval(low=1.0, closed_low=True),
    kinks=("x - 1",),
    summary="The inverse of cosh, for x ≥ 1. At 1 it has a value but no finite derivative.", result="loud",
)  # fmt: skip
atanh: Unary = unary(
    "atanh", math.atanh, lambda z, x: 1.0 / ((1.0 - x) * (1.0 + x)),
    latex=r"\operatorname{artanh}\left(<x>\right)", textbook="1/(1 - x**2)", domain=Interval(-1.0, 1.0),
    summary="The inverse of tanh.", result="loud",
)  # fmt: skip

# -- The plane: lengths and angles -------------------------------------------------------------------------------------


def _rhypot_x(z: Any, x: Any, y: Any) -> Any:
    return -((x * z) * z) * z  # x·z is a cosine, at most 1: the product cannot overflow before its result does


def _rhypot_arrays(m: Any, x: Any, y: Any) -> Any:
    h = m.hypot(x, y)
    return m.where(h < math.inf, 1.0 / h, 0.25 / m.hypot(0.25 * x, 0.25 * y))


def _atan2_y(z: Any, y: Any, x: Any) -> Any:
    r = rhypot(x, y)
    return (x * r) * r


def _atan2_x(z: Any, y: Any, x: Any) -> Any:
    r = rhypot(x, y)
    return -((y * r) * r)


hypot: Binary = binary(
    # z is never negative, so 1 - sign(z) is 1 at the origin and 0 elsewhere: 0/0 becomes 0/1, the subgradient of least norm.
    "hypot", math.hypot, lambda z, x, y: x / (z + (1.0 - sign(z))), lambda z, x, y: y / (z + (1.0 - sign(z))),
    formula="sqrt(x**2 + y**2)", latex=r"\sqrt{<x>^2 + <y>^2}", textbook=("x/z", "y/z"), kinks=("abs(x) + abs(y)",),
    once=lambda x, y: x == 0.0 and y == 0.0,
    summary="The length √(x² + y²); its derivative at the origin is taken as 0, and there is no second one.",
    loss=dict.fromkeys("xy", (rounding.length_loss, "a subnormal length has lost digits")),
)  # fmt: skip
rhypot: Binary = binary(
    "rhypot", floats.rhypot, _rhypot_x, lambda z, x, y: _rhypot_x(z, y, x),
    formula="1/sqrt(x**2 + y**2)", latex=r"\frac{1}{\sqrt{<x>^2 + <y>^2}}", textbook=("-x*z**3", "-y*z**3"),
    condition="x and y not both 0", summary="The reciprocal of a length, 1/√(x² + y²).",
    arrays=_rhypot_arrays,
    zero="",
    loss={
        "x": (lambda z, x, y: rounding.cube_loss(z, x), "z³ is three times as wrong as z"),
        "y": (lambda z, x, y: rounding.cube_loss(z, y), "z³ is three times as wrong as z"),
        "z": (lambda z, x, y: z * rounding.LEAST * z, "a subnormal length has lost digits"),
    },
)  # fmt: skip
atan2: Binary = binary(
    "atan2", math.atan2, _atan2_y, _atan2_x,
    operands=("y", "x"), latex=r"\operatorname{atan2}\left(<y>, <x>\right)",
    textbook=("x/(x**2 + y**2)", "-y/(x**2 + y**2)"), kinks=("abs(x) + abs(y)", "abs(y) + (x > 0)"),
    summary="The angle of the point (x, y), in radians from -π to π. Note the order of the operands: y first.", result="finite",
    loss={
        "y": (lambda z, y, x: rounding.angle_loss(x, y), "r² is twice as wrong as r = 1/√(x² + y²)"),
        "x": (lambda z, y, x: rounding.angle_loss(y, x), "r² is twice as wrong as r = 1/√(x² + y²)"),
    },
)  # fmt: skip

# -- Corners and steps -------------------------------------------------------------------------------------------------

abs: Unary = unary(  # noqa: A001 - Python's own abs(v) reaches it too
    "abs", math.fabs, lambda z, x: sign(x),
    symbol="|·|", latex=r"\left|<x>\right|", textbook="sign(x)", kinks=("x",),
    summary="The absolute value; its derivatives at 0, the first and the second, are taken as 0.", result="finite", operator="abs",
)  # fmt: skip
sign: Unary = unary(
    "sign", floats.sign, lambda z, x: 0.0,
    textbook="0", kinks=("x",), flat=lambda x: x < 0.0 or x > 0.0,
    summary="-1, 0 or 1.", result="unit",
)  # fmt: skip
heaviside: Unary = unary(
    "heaviside", floats.heaviside, lambda z, x: 0.0,
    symbol="H", latex=r"\left[<x> > 0\right]", formula="(x > 0)", textbook="0", kinks=("x",),
    flat=lambda x: x < 0.0 or x > 0.0,
    summary="The step: 1 where x > 0, else 0.", result="unit", arrays=lambda m, x: m.where(x > 0.0, 1.0, 0.0),
)  # fmt: skip


def _differ(x: float, y: float) -> bool:
    return x < y or x > y


above: Binary = binary(
    "above", floats.above, lambda z, x, y: 0.0, lambda z, x, y: 0.0,
    symbol=">", textbook=("0", "0"), kinks=("x - y",), flat=(_differ, _differ),
    summary="1 where x > y, 1/2 at a tie, 0 where x < y.",
    result="unit", arrays=lambda m, x, y: m.where(x > y, 1.0, m.where(x < y, 0.0, 0.5)),
)  # fmt: skip
maximum: Binary = binary(
    "maximum", floats.maximum, lambda z, x, y: above(x, y), lambda z, x, y: above(y, x),
    symbol="max", latex=r"\max\left(<x>, <y>\right)", textbook=("(x > y)", "(y > x)"), kinks=("x - y",),
    flat=(lambda x, y: x < y, lambda x, y: y < x),
    summary="The larger operand; a tie splits the gradient evenly, and there the second derivative is taken as 0.", result="finite",
)  # fmt: skip
minimum: Binary = binary(
    "minimum", floats.minimum, lambda z, x, y: above(y, x), lambda z, x, y: above(x, y),
    symbol="min", latex=r"\min\left(<x>, <y>\right)", textbook=("(x < y)", "(y < x)"), kinks=("x - y",),
    flat=(lambda x, y: x > y, lambda x, y: y > x),
    summary="The smaller operand; a tie splits the gradient evenly, and there the second derivative is taken as 0.", result="finite",
)  # fmt: skip


def _whole(x: float) -> bool:
    return x == math.floor(x)


def _nearest_arrays(m: Any, x: Any) -> Any:
    low = m.floor(x)
    rest = x - low  # exact
    return low + m.where(rest > 0.5, 1.0, m.where(rest < 0.5, 0.0, low - 2.0 * m.floor(0.5 * low)))


floor: Unary = unary(
    "floor", floats.floor, lambda z, x: 0.0,
    symbol="⌊·⌋", latex=r"\left\lfloor <x> \right\rfloor", textbook="0", kinks=("x - floor(x)",), flat=lambda x: not _whole(x),
    summary="The greatest whole number that is not above x; its derivative is 0, where it jumps too.", result="finite",
)  # fmt: skip
ceil: Unary = unary(
    "ceil", floats.ceil, lambda z, x: 0.0,
    symbol="⌈·⌉", latex=r"\left\lceil <x> \right\rceil", textbook="0", kinks=("x - floor(x)",), flat=lambda x: not _whole(x),
    summary="The least whole number that is not below x; its derivative is 0, where it jumps too.",
    result="finite", arrays=lambda m, x: -m.floor(-x),
)  # fmt: skip
trunc: Unary = unary(
    "trunc", floats.trunc, lambda z, x: 0.0,
    textbook="0", kinks=("x - floor(x) + (abs(x) < 1)",), flat=lambda x: x * x < 1.0 or not _whole(x),
    summary="x without its fraction; its derivative is 0, where it jumps too.",
    result="finite", arrays=lambda m, x: m.sign(x) * m.floor(m.abs(x)),
)  # fmt: skip
round_: Unary = unary(
    "round_", floats.nearest, lambda z, x: 0.0,
    symbol="round", latex=r"\operatorname{round}\left(<x>\right)", textbook="0", kinks=("x - floor(x) - 0.5",),
    flat=lambda x: math.fabs(x) < 2.0**51 and x - math.floor(x) != 0.5,
    summary="The whole number next to x, of two as near the even one; its derivative is 0, where it jumps too.",
    result="finite", arrays=_nearest_arrays,
)  # fmt: skip

# -- Activations -------------------------------------------------------------------------------------------------------


def _sigmoid_arrays(m: Any, x: Any) -> Any:
    e = m.exp(-m.abs(x))
    return m.where(x >= 0.0, 1.0 / (1.0 + e), e - e * (e / (1.0 + e)))


sigmoid: Unary = unary(
    "sigmoid", floats.sigmoid, lambda z, x: sigmoid(x) * sigmoid(-x),  # z(1 - z) is 0 from x = 37 on
    symbol="σ", formula="1/(1 + exp(-x))", latex=r"\sigma\left(<x>\right)", textbook="z*(1 - z)",
    summary="The logistic function, from 0 to 1.", result="unit", arrays=_sigmoid_arrays, zero="",
)  # fmt: skip
log_sigmoid: Unary = unary(
    "log_sigmoid", floats.log_sigmoid, lambda z, x: sigmoid(-x),
    symbol="log σ", formula="log(sigmoid(x))", latex=r"\ln\sigma\left(<x>\right)", textbook="1 - sigmoid(x)",
    summary="The logarithm of the logistic function.", result="finite", arrays=lambda m, x: m.minimum(x, 0.0) - m.log1p(m.exp(-m.abs(x))),
    zero="",
)  # fmt: skip
softplus: Unary = unary(
    "softplus", floats.softplus, lambda z, x: sigmoid(x),
    formula="log(1 + exp(x))", latex=r"\ln\left(1 + e^{<x>}\right)", textbook="sigmoid(x)",
    summary="A smooth relu, log(1 + exp(x)).", result="finite", arrays=lambda m, x: m.maximum(x, 0.0) + m.log1p(m.exp(-m.abs(x))), zero="",
)  # fmt: skip
relu: Unary = unary(
    "relu", floats.relu, lambda z, x: heaviside(x),
    formula="maximum(x, 0)", textbook="(x > 0)", kinks=("x",), flat=lambda x: x < 0.0,
    summary="The rectifier, max(x, 0); its derivatives at 0, the first and the second, are taken as 0.",
    result="finite", init="he", arrays=lambda m, x: m.maximum(x, 0.0),
)  # fmt: skip


def _leaky_relu_x(z: Any, x: Any, a: Any) -> Any:
    h = heaviside(x)
    return h + (1.0 - h) * a


def _elu_x(z: Any, x: Any, a: Any) -> Any:
    h = heaviside(x)
    # -relu(-x) is min(x, 0): the exponential cannot overflow. Its root is taken twice, lest it underflow before a is there.
    e = exp(-0.5 * relu(-x))
    return h + (1.0 - h) * ((a * e) * e)


leaky_relu: Defaulted = defaulted(
    "leaky_relu", floats.leaky_relu, _leaky_relu_x, lambda z, x, a: -relu(-x),
    operands=("x", "a"), formula="(x > 0)*x + (x <= 0)*a*x",
    textbook=("(x > 0) + (x <= 0)*a", "(x <= 0)*x"), kinks=("x",), flat=(None, lambda x, a: x > 0.0),
    summary="x where x > 0, else a·x; its derivative at 0 is taken as a. Maas et al. 2013 have a = 0.01.",
    init="he", default=0.01, arrays=lambda m, x, a: x * m.where(x > 0.0, 1.0, a),
    zero="product",
)  # fmt: skip
elu: Defaulted = defaulted(
    "elu", floats.elu, _elu_x, lambda z, x, a: expm1(-relu(-x)),
    operands=("x", "a"), formula="(x > 0)*x + (x <= 0)*a*(exp(x) - 1)",
    textbook=("(x > 0) + (x <= 0)*a*exp(x)", "(x <= 0)*(exp(x) - 1)"), kinks=("x",), flat=(None, lambda x, a: x > 0.0),
    summary="x where x > 0, else a·(exp(x) - 1); its derivative at 0 is taken as a. Clevert et al. 2015 have a = 1.",
    init="he", default=1.0, arrays=lambda m, x, a: m.where(x > 0.0, x, a * m.expm1(m.where(x > 0.0, 0.0, x))),
    zero="product",
)  # fmt: skip


def _mish_x(z: Any, x: Any) -> Any:
    y = softplus(x)
    s = sech(y)
    return tanh(y) + x * (s * s) * sigmoid(x)


def _mish_arrays(m: Any, x: Any) -> Any:
    e = m.exp(-m.abs(x))
    n = m.where(x >= 0.0, 1.0 + 2.0 * e, e * (e + 2.0))
    return x * (n / (n + m.where(x >= 0.0, 2.0 * e * e, 2.0)))


mish: Unary = unary(
    "mish", floats.mish, _mish_x,
    formula="x*tanh(log(1 + exp(x)))", textbook="tanh(softplus(x)) + x*sigmoid(x)/cosh(softplus(x))**2",
    summary="x·tanh(softplus(x)), a smooth relu that is below 0 for negative x (Misra 2019).",
    result="finite", init="he", zero="product", arrays=_mish_arrays,
    loss={
        "x": (rounding.mish_loss, "its two terms cancel near -1.19, where it is 0, and each has some units"),
        "z": (lambda z, x: math.fabs(x) * rounding.LEAST, "x multiplies an exponential that has lost digits where it is subnormal"),
    },
)  # fmt: skip


def _softsign_x(z: Any, x: Any) -> Any:
    r = 1.0 / (1.0 + abs(x))
    return r * r  # the square is taken last: (1 + |x|)² would overflow


softsign: Unary = unary(
    "softsign", floats.softsign, _softsign_x,
    formula="x/(1 + abs(x))", textbook="1/(1 + abs(x))**2", bends=("x",),
    summary="x / (1 + |x|), from -1 to 1 with slow tails; its second derivative at 0, where it jumps from 2 to -2, is taken as 0.",
    result="unit", zero="product", arrays=lambda m, x: x / (1.0 + m.abs(x)),
)  # fmt: skip


def _hardswish_x(z: Any, x: Any) -> Any:
    h = heaviside(3.0 - x)
    return heaviside(x + 3.0) * (h * ((x + 1.5) / 3.0) + (1.0 - h))


def _hardswish_arrays(m: Any, x: Any) -> Any:
    c = m.maximum(m.minimum(x, 3.0), -3.0)
    return m.where(x >= 3.0, x, c * (c + 3.0) / 6.0)


hardswish: Unary = unary(
    "hardswish", floats.hardswish, _hardswish_x,
    formula="x*minimum(maximum(x + 3, 0), 6)/6", textbook="(x > -3)*((x < 3)*(x/3 + 1/2) + (x >= 3))", kinks=("x + 3", "x - 3"),
    flat=lambda x: x < -3.0,
    summary="x·min(max(x + 3, 0), 6)/6, silu from straight pieces and a parabola; its derivatives at -3 and 3 are taken as 0 and 1.",
    result="finite", init="he", zero="product", arrays=_hardswish_arrays,
)  # fmt: skip

# -- The error function ------------------------------------------------------------------------------------------------

_TWO_OVER_ROOT_PI = 1.1283791670955126  # 2/√π, correctly rounded

erf: Unary = unary(
    "erf", math.erf, lambda z, x: _TWO_OVER_ROOT_PI * gaussian(x),
    textbook="2/sqrt(pi)*exp(-x**2)",
    summary="The error function, from -1 to 1.", result="unit",
)  # fmt: skip
erfc: Unary = unary(
    "erfc", math.erfc, lambda z, x: -_TWO_OVER_ROOT_PI * gaussian(x),
    formula="1 - erf(x)", textbook="-2/sqrt(pi)*exp(-x**2)",
    summary="1 - erf(x), exact in its upper tail.", result="finite", zero="",
)  # fmt: skip


def _gaussian_arrays(m: Any, x: Any) -> Any:
    x = m.minimum(m.maximum(x, -28.0), 28.0)
    h = m.floor(x * 4096.0 + 0.5) / 4096.0
    return m.exp(-h * h) * m.exp((h - x) * (x + h))


gaussian: Unary = unary(
    "gaussian", floats.gaussian, lambda z, x: -2.0 * z * x,
    formula="exp(-x**2)", latex="e^{-<x>^2}", textbook="-2*x*z",
    summary="The bell curve exp(-x²); erf's derivative up to a factor.", result="unit", arrays=_gaussian_arrays, zero="",
    loss={"x": (lambda z, x: 2.0 * math.fabs(x) * rounding.LEAST, "a subnormal z has lost digits, and 2x multiplies the loss")},
)  # fmt: skip

# -- The gamma function ------------------------------------------------------------------------------------------------

lgamma: Unary = unary(
    "lgamma", floats.lgamma, lambda z, x: digamma(x),
    symbol="ln Γ", latex=r"\ln\Gamma\left(<x>\right)", textbook="digamma(x)", domain=Interval(low=0.0),
    summary="The logarithm of the gamma function, for x > 0: of (n - 1)! at a whole number n.",
    loss={
        "x": (lambda z, x: rounding.digamma_loss(x), "a logarithm and reciprocals cancel, near 1.46 wholly, where it is 0"),
        "z": (lambda z, x: 2e-15 if x < 15.0 else 0.0, "its parts cancel, near 1 and 2 wholly, where it is 0"),
    },
)  # fmt: skip
digamma: Unary = unary(
    "digamma", floats.digamma, lambda z, x: psi(x, 1.0),
    symbol="ψ", latex=r"\psi\left(<x>\right)", textbook="psi(x, 1)", domain=Interval(low=0.0),
    summary="The derivative of lgamma, for x > 0.",
    zero="", loss={"z": (lambda z, x: rounding.digamma_loss(x), "a logarithm and reciprocals cancel, near 1.46 wholly, where it is 0")},
)  # fmt: skip
psi: Binary = binary(
    "psi", floats.psi, lambda z, x, n: psi(x, n + 1.0), None,
    operands=("x", "n"), symbol="ψ⁽ⁿ⁾", latex=r"\psi^{(<n>)}\left(<x>\right)", textbook=("psi(x, n + 1)", ""),
    domain=(Interval(low=0.0), REALS), condition="a whole number n ≥ 1",
    summary="The n-th derivative of digamma, for x > 0 and a plain whole number n; polygamma(n, x) takes n = 0, too.",
    zero="", loss={
        "x": (lambda z, x, n: rounding.psi_loss(x, n + 1.0), "each term of the sum is off by some units, the more the greater n"),
        "z": (lambda z, x, n: rounding.psi_loss(x, n), "each term of the sum is off by some units, the more the greater n"),
    },
)  # fmt: skip

# -- The way out -------------------------------------------------------------------------------------------------------

stop_gradient: Unary = unary(
    "stop_gradient", floats.identity, lambda z, x: 0.0,
    symbol="stop", latex=r"\operatorname{stop}\left(<x>\right)", textbook="0", flat=lambda x: True,
    summary="The same number, through which no gradient flows.", result="finite", arrays=lambda m, x: x,
)  # fmt: skip
