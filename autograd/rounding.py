"""How far a rule may be off, beyond 4 units in the last place, where a row of the table says so in its column `loss`.

Each is a number, not in units. Where an intermediate result overflows for operands below the normal floats, the loss is infinite: the
engine has no derivative there, and says so.
"""

from __future__ import annotations

import math

from . import floats

LEAST = 5e-324
"""The least float above 0. An operation whose result is smaller than all normal floats may be off by some of these."""


def power_loss(z: float, x: float, c: float) -> float:
    """∂/∂x of x to a plain power."""
    return LEAST * (abs(c) if c >= 0.5 else abs(c / x) if x else 0.0)


def pow_loss(z: float, x: float, y: float) -> float:
    """∂/∂x of x to a power."""
    if y <= 0.5:
        return LEAST * abs(y / x) if x else 0.0  # as for power
    from fractions import Fraction

    rounding = abs(float(Fraction(y) - 1 - Fraction(y - 1.0)))
    if x < 0.0 and rounding:
        return math.inf  # y - 1 has lost its last bit, and with it the sign
    size = (y - 1.0) * math.log(abs(x)) if x else -math.inf
    return abs(y) * (math.exp(size) * (rounding * abs(math.log(abs(x) or 1.0)) * 1.01) + LEAST)


def length_loss(z: float, x: float, y: float) -> float:
    """∂/∂x and ∂/∂y of a length."""
    return LEAST / z if z else 0.0


def cube_loss(z: float, x: float) -> float:
    """∂/∂x of 1/√(x² + y²), where it is x·z³."""
    return 3.0 * math.ulp(x * z * z * z) + (LEAST + LEAST * z) * z * z


def angle_loss(across: float, along: float) -> float:
    """The derivative of an angle by the way along the ray, or across."""
    r = 1.0 / math.hypot(across, along) if across or along else 0.0
    return math.ulp(across * r * r) + LEAST * r + LEAST * r * r if r < math.inf else math.inf


def difference_loss(x: float, y: float) -> float:
    """σ(x - y), where the difference has been rounded."""
    d = x - y
    if math.isinf(d):
        return math.inf
    return 0.51 * math.ulp(d) * math.exp(min(d, 0.0)) + LEAST


def mish_loss(z: float, x: float) -> float:
    """tanh(y) + x·sech²(y)·σ(x) with y = log(1 + exp(x)), to some units of its terms."""
    y = max(x, 0.0) + math.log1p(math.exp(-abs(x)))
    e = math.exp(-y)
    sech = 2.0 * e / (1.0 + e * e)
    term = abs(x) * sech * sech * (math.exp(min(x, 0.0)) / (1.0 + math.exp(-abs(x))))
    return 2.0**-50 * (1.0 + y) * term + 2.0**-52 * math.tanh(y) + (abs(x) + 1.0) * LEAST


def sum_loss(z: float, x: float, y: float) -> float:
    """max(x, y) + log(1 + exp(-|x - y|)), to some units of its second term."""
    return 4.0 * math.ulp(math.log1p(math.exp(-abs(x - y))))


def digamma_loss(x: float) -> float:
    """The sum of a logarithm and of reciprocals, to some units of them."""
    return 1e-15 if 0.1 < x < 10.0 else 0.0


def psi_loss(x: float, n: float) -> float:
    """A sum of powers, to a unit for each factor of each term."""
    try:
        return (2.0 * n + 4.0) * math.ulp(floats.psi(x, n))
    except OverflowError:  # n! is
        return math.inf
