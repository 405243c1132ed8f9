"""Wrong rules from the wild: each is a bug that somebody reported, written anew for one number, with its right twin.

The report is cited as owner/repository#number. What is wrong is what the report says; the function around it is as small as it can be.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .cases import Case, Rules, Span

POSITIVE = Span(low=0.0)
CASES: list[Case] = []
_ONE = ((0.7,), (-1.3,), (2.1,))
_TWO = ((0.7, 1.9), (-1.3, 0.4), (2.1, -0.6))


def case(
    source: str,
    name: str,
    forward: Callable[..., float],
    wrong: Callable[[Any], Rules],
    right: Callable[[Any], Rules],
    points: tuple[tuple[float, ...], ...] = _ONE,
    **options: Any,
) -> None:
    """Add a case to the list."""
    CASES.append(Case(name, forward, right, wrong, source, options, points))


def sigmoid_of(x: float) -> float:
    """1/(1 + exp(−x)), without overflow."""
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0.0 else math.exp(x) / (1.0 + math.exp(x))


def softplus_of(x: float) -> float:
    """log(1 + exp(x)), without overflow."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def cbrt_of(x: float) -> float:
    """The real cube root."""
    return math.copysign(abs(x) ** (1.0 / 3.0), x)


# Signs.

case("casadi/casadi#2585", "cosh", math.cosh, lambda m: (lambda z, x: -m.sinh(x),), lambda m: (lambda z, x: m.sinh(x),))
case(
    "sympy/sympy#605",
    "coth",
    lambda x: 1.0 / math.tanh(x),
    lambda m: (lambda z, x: 1.0 / (m.sinh(x) * m.sinh(x)),),
    lambda m: (lambda z, x: 1.0 - z * z,),
    domain=POSITIVE,
    points=((0.7,), (1.3,), (2.1,)),
)
case(
    "jwmerrill/PowerSeries.jl#9",
    "atan",
    math.atan,
    lambda m: (lambda z, x: 1.0 / (1.0 - x * x),),
    lambda m: (lambda z, x: 1.0 / (1.0 + x * x),),
)
case(
    "EnzymeAD/Enzyme-JAX#2066",
    "atan2_signs",
    math.atan2,
    lambda m: (lambda z, y, x: -x / (x * x + y * y), lambda z, y, x: y / (x * x + y * y)),
    lambda m: (lambda z, y, x: x / (x * x + y * y), lambda z, y, x: -y / (x * x + y * y)),
    points=_TWO,
    kinks=("abs(x) + x + abs(y)",),
)
case(
    "getkeops/keops#155",
    "atan2_flipped",
    math.atan2,
    lambda m: (lambda z, y, x: -y / (x * x + y * y), lambda z, y, x: x / (x * x + y * y)),
    lambda m: (lambda z, y, x: x / (x * x + y * y), lambda z, y, x: -y / (x * x + y * y)),
    points=_TWO,
    kinks=("abs(x) + x + abs(y)",),
)
case(
    "KhawajaAbaid/micrograd_c#1",
    "subtract",
    lambda x, y: x - y,
    lambda m: (lambda z, x, y: 1.0 + 0.0 * x, lambda z, x, y: 1.0 + 0.0 * y),
    lambda m: (lambda z, x, y: 1.0 + 0.0 * x, lambda z, x, y: -1.0 + 0.0 * y),
    points=_TWO,
)
case(
    "jax-ml/jax#3213",
    "sin_times",
    lambda x, y: math.sin(x) * y,
    lambda m: (lambda z, x, y: m.cos(x) * y, lambda z, x, y: -m.sin(x)),
    lambda m: (lambda z, x, y: m.cos(x) * y, lambda z, x, y: m.sin(x)),
    points=_TWO,
)
case(
    "nntrainer/nntrainer#4326",
    "cosine_layer",
    math.cos,
    lambda m: (lambda z, x: m.sin(x),),
    lambda m: (lambda z, x: -m.sin(x),),
)
case(
    "milesial/Pytorch-UNet#35",
    "dice",
    lambda p, t: 2.0 * p * t / (p + t + 1e-4),
    lambda m: (
        lambda z, p, t: 2.0 * (t * (p + t + 1e-4) + p * t) / ((p + t + 1e-4) * (p + t + 1e-4)),
        lambda z, p, t: 2.0 * (p * (p + t + 1e-4) + p * t) / ((p + t + 1e-4) * (p + t + 1e-4)),
    ),
    lambda m: (
        lambda z, p, t: 2.0 * (t * (p + t + 1e-4) - p * t) / ((p + t + 1e-4) * (p + t + 1e-4)),
        lambda z, p, t: 2.0 * (p * (p + t + 1e-4) - p * t) / ((p + t + 1e-4) * (p + t + 1e-4)),
    ),
    points=((0.2, 0.9), (0.8, 0.5), (0.6, 0.1)),
    domain=(Span(0.0, 1.0, True, True), Span(0.0, 1.0, True, True)),
)
case(
    "dmlc/xgboost#2602",
    "squared_error",
    lambda p, y: 0.5 * (y - p) * (y - p),
    lambda m: (lambda z, p, y: y - p, lambda z, p, y: y - p),
    lambda m: (lambda z, p, y: p - y, lambda z, p, y: y - p),
    points=_TWO,
)
case(
    "chalk-lab/Mooncake.jl#1195",
    "copysign",
    math.copysign,
    lambda m: (lambda z, x, y: m.sign(y) + 0.0 * x, lambda z, x, y: 0.0 * y),
    lambda m: (lambda z, x, y: m.sign(x) * m.sign(y), lambda z, x, y: 0.0 * y),
    points=_TWO,
    kinks=("x", "y"),
)
case(
    "stan-dev/math#3397",
    "bernoulli_logit",
    lambda x: -math.exp(-x) if x > 20.0 else -softplus_of(-x),
    lambda m: (lambda z, x: m.where(x > 20.0, -m.exp(-m.maximum(x, 20.0)), m.exp(-m.softplus(x))),),
    lambda m: (lambda z, x: m.where(x > 20.0, m.exp(-m.maximum(x, 20.0)), m.exp(-m.softplus(x))),),
    kinks=("x - 20",),
)

# Factors.

case(
    "novacrazy/dual_num#13",
    "log2",
    lambda x: math.log10(x),
    lambda m: (lambda z, x: 1.0 / (x * math.log(2.0)),),
    lambda m: (lambda z, x: 1.0 / (x * math.log(10.0)),),
    points=((0.7,), (1.3,), (2.1,)),
    domain=POSITIVE,
)
case(
    "tenstorrent/tt-metal#6542",
    "ldexp",
    lambda x, y: x * 2.0**y,
    lambda m: (lambda z, x, y: m.exp(y) * math.log(2.0), lambda z, x, y: x * (m.exp(y) * math.log(2.0)) * math.log(2.0)),
    lambda m: (lambda z, x, y: m.exp(y * math.log(2.0)), lambda z, x, y: x * m.exp(y * math.log(2.0)) * math.log(2.0)),
    points=_TWO,
)
case(
    "PoseLib/PoseLib#97",
    "cauchy_loss",
    lambda x: math.log1p(0.25 * x),
    lambda m: (lambda z, x: 1.0 / (1.0 + 0.25 * x),),
    lambda m: (lambda z, x: 0.25 / (1.0 + 0.25 * x),),
    points=((0.7,), (1.3,), (2.1,)),
    domain=Span(low=-4.0),
)
case(
    "nntrainer/nntrainer#4326",
    "sqrt_layer",
    math.sqrt,
    lambda m: (lambda z, x: 1.0 / m.sqrt(x),),
    lambda m: (lambda z, x: 0.5 / m.sqrt(x),),
    points=((0.7,), (1.3,), (2.1,)),
    domain=Span(0.0, closed_low=True),
)
case(
    "tenstorrent/tt-metal#55291",
    "hardswish",
    lambda x: x * min(max(x + 3.0, 0.0), 6.0) / 6.0,
    lambda m: (lambda z, x: m.where(x < -3.0, 0.0 * x, m.where(x <= 3.0, x * 0.3333 + 0.5, 1.0 + 0.0 * x)),),
    lambda m: (lambda z, x: m.where(x <= -3.0, 0.0 * x, m.where(x < 3.0, x / 3.0 + 0.5, 1.0 + 0.0 * x)),),
    kinks=("x - 3", "x + 3"),
)
case(
    "scikit-learn/scikit-learn#11113",
    "rbf_length",
    lambda r, s: math.exp(-0.5 * (r / s) ** 2),
    lambda m: (lambda z, r, s: -z * r / (s * s), lambda z, r, s: z * r * r / (s * s)),
    lambda m: (lambda z, r, s: -z * r / (s * s), lambda z, r, s: z * r * r / (s * s * s)),
    points=((0.7, 1.9), (-1.3, 0.8), (2.1, 1.4)),
    domain=(Span(), POSITIVE),
)
case(
    "stanfordmlgroup/ngboost#161",
    "normal_score",
    lambda u, s: math.log(s) + (u - 0.3) ** 2 / (2.0 * s * s),
    lambda m: (lambda z, u, s: (u - 0.3) / (s * s), lambda z, u, s: 1.0 - (u - 0.3) * (u - 0.3) / (s * s)),
    lambda m: (lambda z, u, s: (u - 0.3) / (s * s), lambda z, u, s: 1.0 / s - (u - 0.3) * (u - 0.3) / (s * s * s)),
    points=((0.7, 1.9), (-1.3, 0.8), (2.1, 1.4)),
    domain=(Span(), POSITIVE),
)
case(
    "pennatil/Analysis-Notes#30",
    "arctan_root",
    math.atan,
    lambda m: (lambda z, x: 1.0 / m.sqrt(1.0 + x * x),),
    lambda m: (lambda z, x: 1.0 / (1.0 + x * x),),
)
case(
    "mathnet/mathnet-symbolics#41",
    "arcsine_without_root",
    math.asin,
    lambda m: (lambda z, x: 1.0 / (1.0 - x * x),),
    lambda m: (lambda z, x: 1.0 / m.sqrt(1.0 - x * x),),
    points=((0.7,), (-0.3,), (0.1,)),
    domain=Span(-1.0, 1.0, True, True),
)
case(
    "lightgbm-org/LightGBM#3532",
    "huber",
    lambda x: 0.5 * x * x if abs(x) <= 0.9 else 0.9 * (abs(x) - 0.45),
    lambda m: (lambda z, x: m.where(x <= 0.9, x, 0.9 * x),),
    lambda m: (lambda z, x: m.where(m.abs(x) <= 0.9, x, 0.9 * m.sign(x)),),
    kinks=("abs(x) - 0.9",),
)
case(
    "lightgbm-org/LightGBM#2052",
    "focal",
    lambda x: 0.5 * (1.0 - sigmoid_of(x)) ** 2 * softplus_of(-x),
    lambda m: (lambda z, x: (1.0 - m.sigmoid(x)) * m.log(m.sigmoid(x)) - 0.5 * (1.0 - m.sigmoid(x)) ** 2.0 / m.sigmoid(x),),
    lambda m: (
        lambda z, x: -m.sigmoid(-x) * m.sigmoid(-x) * m.sigmoid(x) * m.softplus(-x) - 0.5 * m.sigmoid(-x) * m.sigmoid(-x) * m.sigmoid(-x),
    ),
)
case(
    "deshanadesai/acorns#4",
    "root_of_sum",
    lambda x, y: (x + y) ** 0.5,
    lambda m: (lambda z, x, y: 0.0 * x, lambda z, x, y: 0.0 * y),
    lambda m: (lambda z, x, y: 0.5 / z, lambda z, x, y: 0.5 / z),
    points=((0.7, 1.9), (1.3, 0.4), (2.1, 0.6)),
    domain=(POSITIVE, POSITIVE),
)

# The result for the operand, or the operand for the result.

case(
    "BoltzmannEntropy/interviews.ai#15",
    "sigmoid_of_input",
    sigmoid_of,
    lambda m: (lambda z, x: x * (1.0 - x),),
    lambda m: (lambda z, x: z * (1.0 - z),),
)
case(
    "sausheong/gonn#8",
    "sigmoid_minus",
    sigmoid_of,
    lambda m: (lambda z, x: z - (1.0 - z),),
    lambda m: (lambda z, x: z * (1.0 - z),),
)
case(
    "apache/mxnet#7041",
    "cbrt_of_input",
    cbrt_of,
    lambda m: (lambda z, x: 1.0 / (3.0 * x * x),),
    lambda m: (lambda z, x: 1.0 / (3.0 * z * z),),
    kinks=("x",),
)
case(
    "mlpack/mlpack#1540",
    "elu_of_input",
    lambda x: x if x > 0.0 else 1.5 * math.expm1(x),
    lambda m: (lambda z, x: m.where(x > 0.0, 1.0 + 0.0 * x, x + 1.5),),
    lambda m: (lambda z, x: m.where(x > 0.0, 1.0 + 0.0 * x, z + 1.5),),
    kinks=("x",),
)
case(
    "apache/mxnet#10868",
    "softsign_of_output",
    lambda x: x / (1.0 + abs(x)),
    lambda m: (lambda z, x: 1.0 / ((1.0 + m.abs(z)) * (1.0 + m.abs(z))),),
    lambda m: (lambda z, x: 1.0 / ((1.0 + m.abs(x)) * (1.0 + m.abs(x))),),
    kinks=("x",),
)
case(
    "tenstorrent/tt-metal#52144",
    "rpow",
    lambda x: 3.0**x,
    lambda m: (lambda z, x: 3.0 * x * x,),
    lambda m: (lambda z, x: z * math.log(3.0),),
)
case(
    "mlpack/mlpack#3547",
    "elliot",
    lambda x: 0.5 * x / (1.0 + abs(x)) + 0.5,
    lambda m: (lambda z, x: 1.0 / ((1.0 + m.abs(z)) * (1.0 + m.abs(z))),),
    lambda m: (lambda z, x: 0.5 / ((1.0 + m.abs(x)) * (1.0 + m.abs(x))),),
    kinks=("x",),
)
case(
    "mlpack/mlpack#2274",
    "elish",
    lambda x: x * sigmoid_of(x) if x >= 0.0 else math.expm1(x) * sigmoid_of(x),
    lambda m: (lambda z, x: m.where(z >= 0.0, m.sigmoid(z) + z * m.sigmoid(z) * m.sigmoid(-z), m.exp(m.minimum(z, 0.0)) - 1.0),),
    lambda m: (
        lambda z, x: m.where(
            x >= 0.0,
            m.sigmoid(x) + x * m.sigmoid(x) * m.sigmoid(-x),
            m.exp(m.minimum(x, 0.0)) * m.sigmoid(x) + z * m.sigmoid(-x),
        ),
    ),
    kinks=("x",),
)

# One branch, or one side.

case(
    "tenstorrent/tt-metal#6534",
    "hardsigmoid",
    lambda x: min(max(x + 3.0, 0.0), 6.0) / 6.0,
    lambda m: (lambda z, x: 1.0 / 6.0 + 0.0 * x,),
    lambda m: (lambda z, x: m.where(m.abs(x) < 3.0, 1.0 / 6.0 + 0.0 * x, 0.0 * x),),
    kinks=("abs(x) - 3",),
)
case(
    "EnzymeAD/Enzyme-JAX#2571",
    "cbrt_of_negative",
    cbrt_of,
    lambda m: (lambda z, x: x ** (-2.0 / 3.0) / 3.0,),
    lambda m: (lambda z, x: 1.0 / (3.0 * z * z),),
    kinks=("x",),
)
case(
    "tenstorrent/tt-metal#54440",
    "cube_of_negative",
    lambda x: x**3,
    lambda m: (lambda z, x: m.where(x <= 0.0, 1e30 + 0.0 * x, 3.0 * x * x),),
    lambda m: (lambda z, x: 3.0 * x * x,),
)
case(
    "kmolan/multicalc-rust#228",
    "square_by_logarithm",
    lambda x: x**2,
    lambda m: (lambda z, x: 2.0 * m.exp(m.log(x)),),
    lambda m: (lambda z, x: 2.0 * x,),
)
case(
    "pytorch/pytorch#196680",
    "ldexp_of_negative",
    lambda x, y: x * 2.0 ** math.floor(y),
    lambda m: (lambda z, x, y: m.where(y < 0.0, 0.0 * x, m.exp(math.log(2.0) * m.floor(y))), lambda z, x, y: 0.0 * y),
    lambda m: (lambda z, x, y: m.exp(math.log(2.0) * m.floor(y)) + 0.0 * x, lambda z, x, y: 0.0 * y),
    points=_TWO,
    kinks=(lambda x, y: y - round(y),),
)
case(
    "tenstorrent/tt-metal#56397",
    "softplus_overflows",
    softplus_of,
    lambda m: (lambda z, x: m.exp(x) * (1.0 / (m.exp(x) + 1.0)),),
    lambda m: (lambda z, x: m.sigmoid(x),),
)
case(
    "trilinos/Trilinos#6632",
    "tanh_by_cosh",
    math.tanh,
    lambda m: (lambda z, x: 1.0 / (m.cosh(x) * m.cosh(x)),),
    lambda m: (lambda z, x: 1.0 - z * z,),
)
case(
    "stan-dev/math#3398",
    "logistic_location",
    lambda y, u: -(y - u) - 2.0 * softplus_of(-(y - u)),
    lambda m: (
        lambda z, y, u: (m.exp(u) - m.exp(y)) / (m.exp(u) + m.exp(y)),
        lambda z, y, u: (m.exp(y) - m.exp(u)) / (m.exp(u) + m.exp(y)),
    ),
    lambda m: (lambda z, y, u: -m.tanh(0.5 * (y - u)), lambda z, y, u: m.tanh(0.5 * (y - u))),
    points=_TWO,
)

# At one point.

case(
    "torch/nn#170",
    "power_by_division",
    lambda x: x**7,
    lambda m: (lambda z, x: 7.0 * z / x,),
    lambda m: (lambda z, x: 7.0 * x * x * x * x * x * x,),
)
case(
    "jax-ml/jax#2107",
    "softplus_at_zero",
    softplus_of,
    lambda m: (lambda z, x: m.where(m.equal(x, 0.0), 0.0 * x, m.sigmoid(x)),),
    lambda m: (lambda z, x: m.sigmoid(x),),
)
case(
    "jax-ml/jax#2140",
    "log_sigmoid_at_zero",
    lambda x: -softplus_of(-x),
    lambda m: (lambda z, x: m.where(m.equal(x, 0.0), 0.0 * x, m.sigmoid(-x)),),
    lambda m: (lambda z, x: m.sigmoid(-x),),
)
case(
    "tensorflow/tensorflow#56873",
    "xlog1py",
    lambda x, y: x * math.log1p(y),
    lambda m: (lambda z, x, y: m.where(m.equal(x, 0.0), 0.0 * x, m.log(1.0 + y)), lambda z, x, y: x / (1.0 + y)),
    lambda m: (lambda z, x, y: m.log1p(y) + 0.0 * x, lambda z, x, y: x / (1.0 + y)),
    points=((0.7, 1.9), (-1.3, 0.4), (2.1, 0.6)),
    domain=(Span(), Span(low=-1.0)),
)
case(
    "tensorflow/tensorflow#119476",
    "xlogy",
    lambda x, y: x * math.log(y),
    lambda m: (lambda z, x, y: m.where(m.equal(x, 0.0), 0.0 * x, m.log(y)), lambda z, x, y: x / y),
    lambda m: (lambda z, x, y: m.log(y) + 0.0 * x, lambda z, x, y: x / y),
    points=((0.7, 1.9), (-1.3, 0.4), (2.1, 0.6)),
    domain=(Span(), POSITIVE),
)
case(
    "jax-ml/jax#22398",
    "log_of_weights",
    lambda x, y: math.log(x + y),
    lambda m: (
        lambda z, x, y: m.where(m.equal(x, 0.0), 0.0 * x, 1.0 / (x + y)),
        lambda z, x, y: m.where(m.equal(y, 0.0), 0.0 * y, 1.0 / (x + y)),
    ),
    lambda m: (lambda z, x, y: 1.0 / (x + y), lambda z, x, y: 1.0 / (x + y)),
    points=((0.7, 1.9), (1.3, 0.4), (2.1, 0.6)),
)
case(
    "tensorflow/tensorflow#127244",
    "ldexp_at_zero",
    lambda x: 8.0 * x,
    lambda m: (lambda z, x: m.where(m.equal(x, 0.0), 0.0 * x, 8.0 + 0.0 * x),),
    lambda m: (lambda z, x: 8.0 + 0.0 * x,),
)
case(
    "tensorflow/tensorflow#127697",
    "hypot_at_ties",
    math.hypot,
    lambda m: (
        lambda z, x, y: m.where(m.equal(m.abs(x), m.abs(y)), math.sqrt(2.0) * m.sign(x), x / z),
        lambda z, x, y: m.where(m.equal(m.abs(x), m.abs(y)), 0.0 * y, y / z),
    ),
    lambda m: (lambda z, x, y: x / z, lambda z, x, y: y / z),
    points=_TWO,
    kinks=("abs(x) + abs(y)",),
)
case(
    "tensorflow/tensorflow#120578",
    "bessel_i1",
    lambda x: sum((x / 2.0) ** (2 * k + 1) / (math.factorial(k) * math.factorial(k + 1)) for k in range(40)),
    lambda m: (lambda z, x: _bessel_0(m, x) - m.where(m.equal(x, 0.0), 0.0 * x, _bessel_1_over(m, x)),),
    lambda m: (lambda z, x: _bessel_0(m, x) - _bessel_1_over(m, x),),
    domain=Span(-12.0, 12.0),
)

# Right once, and wrong when differentiated again.

case(
    "tensorflow/tensorflow#11091",
    "elu_twice",
    lambda x: x if x > 0.0 else math.expm1(x),
    lambda m: (lambda z, x: m.where(x > 0.0, 1.0 + 0.0 * x, 2.0 * m.stop(m.exp(m.minimum(x, 0.0))) - m.exp(m.minimum(x, 0.0))),),
    lambda m: (lambda z, x: m.where(x > 0.0, 1.0 + 0.0 * x, m.exp(m.minimum(x, 0.0))),),
    kinks=("x",),
)
case(
    "autodiff/autodiff#243",
    "hypot_twice",
    math.hypot,
    lambda m: (lambda z, x, y: x / m.stop(z), lambda z, x, y: y / m.stop(z)),
    lambda m: (lambda z, x, y: x / z, lambda z, x, y: y / z),
    points=_TWO,
    kinks=("abs(x) + abs(y)",),
)
case(
    "jax-ml/jax#5054",
    "sinc_twice",
    lambda x: math.sin(x) / x if x else 1.0,
    lambda m: (lambda z, x: m.where(m.equal(x, 0.0), 0.0, (m.cos(x) - z) / m.where(m.equal(x, 0.0), 1.0, x)),),
    lambda m: (
        lambda z, x: m.where(
            m.abs(x) < 0.02,
            -x / 3.0 + x * x * x / 30.0 - x * x * x * x * x / 840.0,
            (m.cos(x) - z) / m.where(m.abs(x) < 0.02, 1.0, x),
        ),
    ),
)


def _bessel_0(m: Any, x: Any) -> Any:
    square, term, total = 0.25 * x * x, 1.0 + 0.0 * x, 1.0 + 0.0 * x
    for k in range(1, 40):
        term = term * square / float(k * k)
        total = total + term
    return total


def _bessel_1_over(m: Any, x: Any) -> Any:
    """I₁(x)/x."""
    square, term, total = 0.25 * x * x, 0.5 + 0.0 * x, 0.5 + 0.0 * x
    for k in range(1, 40):
        term = term * square / float(k * (k + 1))
        total = total + term
    return total
