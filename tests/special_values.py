"""Numbers at which mistakes show, points all over the floats, and the ruler that errors are measured with."""

from __future__ import annotations

import math
import random
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

import mpmath

from autograd import AutogradError, Primitive

LARGEST = sys.float_info.max
SMALLEST = 5e-324
ULP = sys.float_info.epsilon

POSITIVE = (
    SMALLEST, 2.2e-308, 1e-300, 1e-160, 1e-8, 0.1, 0.5, 1.0 - ULP / 2.0, 1.0, 1.0 + ULP, 1.3, 2.0, 3.0, 20.0, 36.7, 100.0,
    709.78, 709.79, 745.2, 1e3, 1e8, 1e16, 1e22, 1e154, 1e155, 1e200, LARGEST,
)  # fmt: skip

SPECIAL = (0.0, -0.0, *POSITIVE, *(-x for x in POSITIVE))
"""0 first; then where an exponential overflows or underflows, a square does, a sum with 1 rounds, and the ends of the floats."""

MODEST = (0.0, *(s * x for x in (1e-8, 0.1, 0.5, 0.9, 1.0, 1.3, 2.0, 3.0, 20.0, 36.7, 100.0) for s in (1.0, -1.0)))
"""0 first; then numbers people meet, at which no function of the table overflows."""


def special_pairs() -> list[tuple[float, float]]:
    """Every pair of special values."""
    return [(x, y) for x in SPECIAL for y in SPECIAL]


def spread(count: int, seed: int = 0) -> list[float]:
    """`count` seeded points over the whole range of floats, by turns from each of the regions where functions differ."""
    rng = random.Random(seed)

    def signed(x: float) -> float:
        return x if rng.random() < 0.5 else -x

    regions: tuple[Callable[[], float], ...] = (
        lambda: signed(math.ldexp(rng.uniform(1.0, 2.0), rng.randint(-1022, 1023))),  # every magnitude
        lambda: signed(rng.randint(1, 2**52) * SMALLEST),  # subnormals
        lambda: signed(1.0 + signed(2.0 ** rng.uniform(-53.0, -1.0))),  # near ±1, where 1 - x² cancels
        lambda: signed(2.0 ** rng.uniform(-30.0, 2.0)),  # near 0
        lambda: rng.uniform(-5.0, 5.0),  # where people work
        lambda: rng.uniform(-50.0, 50.0),
        lambda: rng.uniform(-760.0, 760.0),  # the tails of the exponential
        lambda: (rng.randint(-2000, 2000) * math.pi / 2.0) * (1.0 + rng.randint(-2, 2) * ULP),  # poles and zeros of tan
    )
    return [regions[i % len(regions)]() for i in range(count)]


def spread_pairs(count: int, seed: int = 0) -> list[tuple[float, float]]:
    """`count` seeded pairs: independent ones, and ones of nearly equal magnitude."""
    rng = random.Random(seed + 1)
    xs, ys = spread(2 * count, seed), spread(2 * count, seed + 2)
    rng.shuffle(ys)
    pairs = []
    for i in range(count):
        x, y = xs[i], ys[i]
        if i % 3 == 0:
            y = max(-LARGEST, min(LARGEST, x * rng.choice((1.0, -1.0)) * 2.0 ** rng.uniform(-3.0, 3.0)))
        pairs.append((x, y) if rng.random() < 0.5 else (y, x))
    return pairs


@cache
def sample(primitive: Primitive, count: int = 1000, seed: int = 0) -> list[tuple[float, tuple[float, ...]]]:
    """(z, operands) at every special value, or pair of them, and at `count` points of the spread, wherever the row has a value."""
    points: list[tuple[float, ...]]
    if len(primitive.operands) == 1:
        points = [(x,) for x in (*SPECIAL, *spread(count, seed))]
    else:
        points = [*special_pairs(), *spread_pairs(count, seed)]
    values = []
    for operands in points:
        with suppress(AutogradError):
            values.append((primitive.kinds[float](*operands), operands))
    return values


def bits(x: float) -> bytes:
    """The float's own eight bytes: apart for 0.0 and -0.0, and for two NaNs that differ."""
    return struct.pack("<d", x)


def nearest(exact: Any) -> float:
    """The float nearest to an mpmath number: ±inf beyond the range, right among the subnormals too."""
    if not mpmath.isfinite(exact):
        return float(exact)
    sign, mantissa, exponent, _ = mpmath.mpf(exact)._mpf_
    if not mantissa:
        return 0.0
    mantissa = int(mantissa)
    if mantissa.bit_length() + exponent < -1075:  # below half the smallest float; the shifts below would need its size in bits
        return 0.0
    drop = max(mantissa.bit_length() - 53, -1074 - exponent, 0)  # bits beyond the float's last place
    if drop:
        half = 1 << (drop - 1)
        low = mantissa & ((1 << drop) - 1)
        mantissa >>= drop
        mantissa += low > half or (low == half and mantissa & 1)
    try:
        size = math.ldexp(mantissa, exponent + drop)
    except OverflowError:
        size = math.inf
    return -size if sign else size


def ulps(got: float, exact: Any) -> float:
    """How far `got` is from the exact number, in units in the last place of the float nearest to it."""
    near = nearest(exact)
    if math.isinf(near) or not math.isfinite(got):
        return 0.0 if got == near else math.inf
    return float(abs(mpmath.mpf(got) - exact) / math.ulp(near))
