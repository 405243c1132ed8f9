"""Right rules as engineers first write them: naive formulas, plain domains, kinks told or not. A checker that alarms here cries wolf."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .cases import Case, Rules, Span
from .wrong import POSITIVE, cbrt_of, sigmoid_of, softplus_of

CASES: list[Case] = []
_ONE = ((0.7,), (-1.3,), (2.1,))
_POSITIVE = ((0.7,), (1.3,), (2.1,))
_TWO = ((0.7, 1.9), (-1.3, 0.4), (2.1, -0.6))
_BOTH = ((0.7, 1.9), (1.3, 0.4), (2.1, 0.6))
_WITHIN = ((0.2,), (0.7,), (0.45,))


def case(
    name: str, forward: Callable[..., float], right: Callable[[Any], Rules], points: tuple[tuple[float, ...], ...] = _ONE, **options: Any
) -> None:
    """Add a case to the list."""
    CASES.append(Case(name, forward, right, None, "", options, points))


# Polynomials, powers and roots.
case("cube", lambda x: x**3, lambda m: (lambda z, x: 3.0 * x**2.0,))
case("polynomial", lambda x: x**5 - 3.0 * x**2 + 1.0, lambda m: (lambda z, x: 5.0 * x * x * x * x - 6.0 * x,))
case("reciprocal", lambda x: 1.0 / x, lambda m: (lambda z, x: -1.0 / (x * x),))
case("reciprocal_by_result", lambda x: 1.0 / x, lambda m: (lambda z, x: -z * z,))
case("square_root", math.sqrt, lambda m: (lambda z, x: 0.5 / z,), _POSITIVE)
case("inverse_square_root", lambda x: 1.0 / math.sqrt(x), lambda m: (lambda z, x: -0.5 * z * z * z,), _POSITIVE, domain=POSITIVE)
case("inverse_square_root_by_power", lambda x: x**-0.5, lambda m: (lambda z, x: -0.5 * z / x,), _POSITIVE, domain=POSITIVE)
case("three_halves", lambda x: x**1.5, lambda m: (lambda z, x: 1.5 * m.sqrt(x),), _POSITIVE)
case("cube_root", cbrt_of, lambda m: (lambda z, x: 1.0 / (3.0 * z * z),))
case("quadratic_root", lambda x: math.sqrt(x * x + 1.0), lambda m: (lambda z, x: x / z,))

# Logarithms and exponentials, with cancellation where the textbook has it.
case("log", math.log, lambda m: (lambda z, x: 1.0 / x,), _POSITIVE)
case("naive_log1p", lambda x: math.log(1.0 + x), lambda m: (lambda z, x: 1.0 / (1.0 + x),), _POSITIVE)
case("naive_expm1", lambda x: math.exp(x) - 1.0, lambda m: (lambda z, x: z + 1.0,))
case("naive_expm1_by_exp", lambda x: math.exp(x) - 1.0, lambda m: (lambda z, x: m.exp(x),))
case("power_of_ten", lambda x: 10.0**x, lambda m: (lambda z, x: z * math.log(10.0),))
case("entropy", lambda x: -x * math.log(x), lambda m: (lambda z, x: -m.log(x) - 1.0,), _POSITIVE, domain=POSITIVE)
case("logit", lambda x: math.log(x / (1.0 - x)), lambda m: (lambda z, x: 1.0 / (x * (1.0 - x)),), _WITHIN, domain=Span(0.0, 1.0))
case(
    "binary_entropy",
    lambda x: -x * math.log(x) - (1.0 - x) * math.log(1.0 - x),
    lambda m: (lambda z, x: m.log((1.0 - x) / x),),
    _WITHIN,
    domain=Span(0.0, 1.0),
)
case("x_exp", lambda x: x * math.exp(-x), lambda m: (lambda z, x: m.exp(-x) * (1.0 - x),))
case("bell", lambda x: math.exp(-0.5 * x * x), lambda m: (lambda z, x: -x * z,))
case("normal_density", lambda x: math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi), lambda m: (lambda z, x: -x * z,))
case(
    "normal_distribution",
    lambda x: 0.5 * math.erfc(-x / math.sqrt(2.0)),
    lambda m: (lambda z, x: m.exp(-0.5 * x * x) / 2.5066282746310002,),
)
case("gompertz", lambda x: math.exp(-math.exp(-x)) if x > -700.0 else 0.0, lambda m: (lambda z, x: z * m.exp(m.minimum(-x, 700.0)),))

# Activations.
case("naive_sigmoid", lambda x: 1.0 / (1.0 + math.exp(-x)), lambda m: (lambda z, x: z * (1.0 - z),))
case("naive_softplus", lambda x: math.log(1.0 + math.exp(x)), lambda m: (lambda z, x: 1.0 / (1.0 + m.exp(-x)),))
case("stable_softplus", softplus_of, lambda m: (lambda z, x: m.sigmoid(x),))
case("swish", lambda x: x * sigmoid_of(x), lambda m: (lambda z, x: z + m.sigmoid(x) * (1.0 - z),))
case("tanh", math.tanh, lambda m: (lambda z, x: 1.0 - z * z,))
case(
    "naive_tanh",
    lambda x: (math.exp(x) - math.exp(-x)) / (math.exp(x) + math.exp(-x)),
    lambda m: (lambda z, x: 1.0 - z * z,),
)
case(
    "mish",
    lambda x: x * math.tanh(softplus_of(x)),
    lambda m: (lambda z, x: m.tanh(m.softplus(x)) + x * (1.0 - m.tanh(m.softplus(x)) ** 2.0) * m.sigmoid(x),),
)
case("relu", lambda x: max(x, 0.0), lambda m: (lambda z, x: m.where(x > 0.0, 1.0 + 0.0 * x, 0.0 * x),))
case(
    "relu6",
    lambda x: min(max(x, 0.0), 6.0),
    lambda m: (lambda z, x: m.where(x > 0.0, m.where(x < 6.0, 1.0 + 0.0 * x, 0.0 * x), 0.0 * x),),
    kinks=("x", "x - 6"),
)
case("softsign", lambda x: x / (1.0 + abs(x)), lambda m: (lambda z, x: 1.0 / (1.0 + m.abs(x)) ** 2.0,))
case("logcosh", lambda x: math.log(math.cosh(x)), lambda m: (lambda z, x: m.tanh(x),))
case(
    "selu",
    lambda x: 1.0507 * (x if x > 0.0 else 1.67326 * (math.exp(x) - 1.0)),
    lambda m: (lambda z, x: m.where(x > 0.0, 1.0507 + 0.0 * x, z + 1.0507 * 1.67326),),
    kinks=("x",),
)
case(
    "softshrink",
    lambda x: math.copysign(max(abs(x) - 0.5, 0.0), x),
    lambda m: (lambda z, x: m.where(m.abs(x) > 0.5, 1.0 + 0.0 * x, 0.0 * x),),
)

# Waves.
case("sine_of_square", lambda x: math.sin(x * x), lambda m: (lambda z, x: 2.0 * x * m.cos(x * x),))
case(
    "damped",
    lambda x: math.exp(-0.1 * x) * math.cos(5.0 * x),
    lambda m: (lambda z, x: m.exp(-0.1 * x) * (-0.1 * m.cos(5.0 * x) - 5.0 * m.sin(5.0 * x)),),
)
case("tangent", math.tan, lambda m: (lambda z, x: 1.0 + z * z,))
case("degrees", lambda x: math.sin(math.radians(x)), lambda m: (lambda z, x: math.pi / 180.0 * m.cos(x * math.pi / 180.0),))
case("wrapped_angle", lambda x: math.remainder(x, 2.0 * math.pi), lambda m: (lambda z, x: 1.0 + 0.0 * x,))
case("arcsine", math.asin, lambda m: (lambda z, x: 1.0 / m.sqrt(1.0 - x * x),), ((0.7,), (-0.3,), (0.1,)))
case("arctangent_by_log", math.atanh, lambda m: (lambda z, x: 1.0 / (1.0 - x * x),), ((0.7,), (-0.3,), (0.1,)), domain=Span(-1.0, 1.0))
case("arsinh", math.asinh, lambda m: (lambda z, x: 1.0 / m.sqrt(x * x + 1.0),))

# Losses, physics, two operands.
case(
    "huber_untold", lambda x: 0.5 * x * x if abs(x) < 1.0 else abs(x) - 0.5, lambda m: (lambda z, x: m.where(m.abs(x) < 1.0, x, m.sign(x)),)
)
case("quantile_loss", lambda x: max(0.9 * x, -0.1 * x), lambda m: (lambda z, x: m.where(x > 0.0, 0.9 + 0.0 * x, -0.1 + 0.0 * x),))
case("welsch", lambda x: 1.0 - math.exp(-0.5 * x * x), lambda m: (lambda z, x: x * m.exp(-0.5 * x * x),))
case(
    "lennard_jones",
    lambda r: 4.0 * (r**-12 - r**-6),
    lambda m: (lambda z, r: 4.0 * (-12.0 * r**-13.0 + 6.0 * r**-7.0),),
    _POSITIVE,
    domain=POSITIVE,
)
case(
    "morse", lambda r: (1.0 - math.exp(-(r - 1.5))) ** 2, lambda m: (lambda z, r: 2.0 * (1.0 - m.exp(1.5 - r)) * m.exp(1.5 - r),), _POSITIVE
)
case("coulomb", lambda x, y: 1.0 / math.sqrt(x * x + y * y), lambda m: (lambda z, x, y: -x * z**3.0, lambda z, x, y: -y * z**3.0), _TWO)
case("product_by_result", lambda x, y: x * y, lambda m: (lambda z, x, y: y + 0.0 * x, lambda z, x, y: x + 0.0 * y), _TWO)
case("ratio", lambda x, y: x / y, lambda m: (lambda z, x, y: 1.0 / y, lambda z, x, y: -x / (y * y)), _TWO)
case(
    "power_of_two_operands",
    lambda x, y: x**y,
    lambda m: (lambda z, x, y: y * x ** (y - 1.0), lambda z, x, y: z * m.log(x)),
    _BOTH,
    domain=(POSITIVE, Span()),
)
case(
    "log_of_sum_of_exps",
    lambda x, y: max(x, y) + math.log1p(math.exp(-abs(x - y))),
    lambda m: (lambda z, x, y: m.exp(x - z), lambda z, x, y: m.exp(y - z)),
    _TWO,
)
case(
    "gaussian_nll",
    lambda u, s: 0.5 * math.log(s) + 0.5 * u * u / s,
    lambda m: (lambda z, u, s: u / s, lambda z, u, s: 0.5 / s - 0.5 * u * u / (s * s)),
    _BOTH,
    domain=(Span(), POSITIVE),
)
case("cross_entropy", lambda x, y: softplus_of(x) - x * y, lambda m: (lambda z, x, y: m.sigmoid(x) - y, lambda z, x, y: -x + 0.0 * y), _TWO)
case(
    "relative_entropy",
    lambda p, q: p * math.log(p / q),
    lambda m: (lambda z, p, q: m.log(p / q) + 1.0, lambda z, p, q: -p / q),
    _BOTH,
    domain=(POSITIVE, POSITIVE),
)
case(
    "van_der_waals",
    lambda v, t: 8.314 * t / (v - 0.03) - 0.14 / (v * v),
    lambda m: (lambda z, v, t: -8.314 * t / ((v - 0.03) * (v - 0.03)) + 0.28 / (v * v * v), lambda z, v, t: 8.314 / (v - 0.03) + 0.0 * t),
    _BOTH,
    domain=(Span(low=0.03), POSITIVE),
)
case(
    "largest",
    max,
    lambda m: (lambda z, x, y: m.where(x >= y, 1.0 + 0.0 * x, 0.0 * x), lambda z, x, y: m.where(x >= y, 0.0 * y, 1.0 + 0.0 * y)),
    _TWO,
)
case("distance", lambda x, y: abs(x - y), lambda m: (lambda z, x, y: m.sign(x - y), lambda z, x, y: -m.sign(x - y)), _TWO)
case("angle", math.atan2, lambda m: (lambda z, y, x: x / (x * x + y * y), lambda z, y, x: -y / (x * x + y * y)), _TWO)
