"""Functions on plain floats that `math` does not have: the forward column of the table, where a row needs more than `math`.

Branches live here, and only here: a forward function sees floats, never Values, so it may choose the form that keeps
every digit. Each function is written with nothing but `math`, so that a generated program can carry its source along.
"""

import math


def power(x: float, y: float) -> float:
    """x to the power y in the reals. Python's own ** leaves the reals for a negative base; here that is a ValueError."""
    if x < 0.0 and y != math.floor(y):
        raise ValueError("math domain error")
    z: float = x**y
    return z


def sign(x: float) -> float:
    """-1, 0 or 1."""
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0


def heaviside(x: float) -> float:
    """1 for x > 0, else 0. The 0 at the step makes relu'(0) = 0, the subgradient of least norm."""
    return 1.0 if x > 0.0 else 0.0


def above(x: float, y: float) -> float:
    """1 where x > y, 0 where x < y, and 1/2 at a tie, so that max(x, x) passes on a gradient of 1 in total."""
    return 1.0 if x > y else 0.0 if x < y else 0.5


def maximum(x: float, y: float) -> float:
    """The larger of x and y."""
    return x if x >= y else y


def minimum(x: float, y: float) -> float:
    """The smaller of x and y."""
    return x if x <= y else y


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)). The exponential is taken of a number that is not positive, so it cannot overflow.

    For negative x that is e / (1 + e) with e = exp(x); as e less a part of it, it rounds least.
    """
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e - e * (e / (1.0 + e))


def log_sigmoid(x: float) -> float:
    """log(sigmoid(x)), without the underflow of taking the two in turn."""
    return min(x, 0.0) - math.log1p(math.exp(-abs(x)))


def softplus(x: float) -> float:
    """log(1 + exp(x)), without overflow, and exact in both tails."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def sech(x: float) -> float:
    """1 / cosh(x) = 2e / (1 + e²), with e = exp(-|x|), which cannot overflow. As 2e less a part of it, it rounds least."""
    e = math.exp(-abs(x))
    return 2.0 * e - 2.0 * e * (e * e / (1.0 + e * e))


def gaussian(x: float) -> float:
    """exp(-x²). Squaring x would round away up to x²/2 units of the result, so x is split: x = h + r with h·h exact."""
    if abs(x) > 28.0:
        return 0.0  # exp(-28²) is below the smallest subnormal
    h = math.floor(x * 4096.0 + 0.5) / 4096.0
    return math.exp(-h * h) * math.exp((h - x) * (x + h))


def rhypot(x: float, y: float) -> float:
    """1 / √(x² + y²). Both operands near the largest float would overflow `hypot`, so they are scaled by an exact 1/4."""
    h = math.hypot(x, y)
    return 1.0 / h if h < math.inf else 0.25 / math.hypot(x * 0.25, y * 0.25)


def relu(x: float) -> float:
    """max(x, 0)."""
    return x if x > 0.0 else 0.0


def leaky_relu(x: float, a: float) -> float:
    """x where x > 0, else a·x."""
    return x if x > 0.0 else a * x


def elu(x: float, a: float) -> float:
    """x where x > 0, else a·(exp(x) - 1)."""
    return x if x > 0.0 else a * math.expm1(x)


def mish(x: float) -> float:
    """x·tanh(log(1 + exp(x))). With e = exp(-|x|) the tangent is a quotient of sums of positive numbers, so nothing cancels."""
    e = math.exp(-abs(x))
    if x >= 0.0:
        return x * ((1.0 + 2.0 * e) / (1.0 + 2.0 * e + 2.0 * e * e))
    return x * (e * (e + 2.0) / (e * (e + 2.0) + 2.0))


def softsign(x: float) -> float:
    """x / (1 + |x|)."""
    return x / (1.0 + abs(x))


def hardswish(x: float) -> float:
    """x·min(max(x + 3, 0), 6) / 6."""
    return 0.0 if x <= -3.0 else x if x >= 3.0 else x * (x + 3.0) / 6.0


def log1mexp(x: float) -> float:
    """log(1 - exp(-x)): of the two exact forms, the one that does not cancel there (Mächler 2012)."""
    return math.log(-math.expm1(-max(x, 0.0))) if x <= 0.6931471805599453 else math.log1p(-math.exp(-x))


def logaddexp(x: float, y: float) -> float:
    """log(exp(x) + exp(y)), without overflow."""
    return max(x, y) + math.log1p(math.exp(-abs(x - y)))


def xlogy(x: float, y: float) -> float:
    """x·log(y), and 0 at (0, 0)."""
    return 0.0 if x == 0.0 and y == 0.0 else x * math.log(y)


def lgamma(x: float) -> float:
    """The logarithm of Γ(x), for x > 0."""
    if x <= 0.0:
        raise ValueError("math domain error")
    return math.lgamma(x)


def digamma(x: float) -> float:
    """Γ'(x)/Γ(x), for x > 0: ψ(x) = ψ(y) - 1/x - … - 1/(y - 1) at y = x + m from 10 on, where few terms of Stirling's series are enough."""
    if x <= 0.0:
        raise ValueError("math domain error")
    y, terms = x, list[float]()
    while y < 10.0:
        terms += [-1.0 / y]
        y = x + len(terms)
    q = 1.0 / y / y
    series = 0.0
    for c in (3617 / 8160, 1 / 12, 691 / 32760, 1 / 132, 1 / 240, 1 / 252, 1 / 120, 1 / 12):  # of Bernoulli's numbers, B/2k
        series = q * (c - series)
    return math.fsum([*terms, math.log(y), -0.5 / y, -series])


def psi(x: float, n: float) -> float:
    """The n-th derivative of digamma, for x > 0 and a whole number n from 1 on: ± n! Σ 1/(x + i)^(n + 1), the rest of the sum by Euler and
    Maclaurin's series.
    """
    if x <= 0.0 or n < 1.0 or n != math.floor(n):
        raise ValueError("math domain error")
    if n > 170.0:
        raise OverflowError("n! is beyond the floats")
    y, terms = x, list[float]()
    while y < 10.0 + n:
        term = 1.0 / y
        for j in range(1, int(n) + 1):
            term *= j / y
        terms += [term]
        y = x + len(terms)
    part = 1.0 / y
    for j in range(1, int(n)):
        part *= j / y
    terms += [part, 0.5 * part * (n / y)]
    for k, b in enumerate((1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330), 1):
        part *= (n + 2 * k - 2) / y * ((n + 2 * k - 1) / y) / ((2 * k - 1) * 2 * k)
        terms += [b * part]
    total = math.fsum(terms)
    return total if n % 2.0 else -total


def floor(x: float) -> float:
    """The greatest whole number that is not above x."""
    return float(math.floor(x))


def ceil(x: float) -> float:
    """The least whole number that is not below x."""
    return float(math.ceil(x))


def trunc(x: float) -> float:
    """x without its fraction."""
    return float(math.trunc(x))


def nearest(x: float) -> float:
    """The whole number next to x; of two as near, the even one."""
    return float(round(x))


def identity(x: float) -> float:
    """x itself."""
    return x
