"""Numbers where people's functions live, and the extremes: what a check of a whole function looks at.

*Everyday* numbers are 0 and those from 1e-9 to 1e4 in size, of either sign. They lie so densely that a mistake on an interval 0.01 wide is
met up to ±32, and one on an interval a hundredth of its place wide anywhere; simple ones, ends of the domain and kinks are among them.
*Extremes* are the others: where squares overflow, exponentials vanish, and sums with 1 forget.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence

from ..primitive import Interval
from .chance import COMMON, SPECIAL

LEAST, MOST = 1e-9, 1e4
"""The sizes between which a number is an everyday one."""
SPACING = 0.0097
"""How far apart the uniform numbers lie, up to 32; four times as far up to 100."""
_DECADE = 240
"""How many logarithmic numbers lie within a power of ten."""


def is_everyday(x: float, interval: Interval = Interval()) -> bool:  # noqa: B008
    """Whether it is 0, or of a size that people meet; where the interval's ends are larger, or all of it is smaller, that is theirs."""
    if x == 0.0 or LEAST <= abs(x) <= MOST:
        return True
    low, high = interval.low, interval.high
    largest = max(abs(low), abs(high))
    return abs(x) <= largest if math.isfinite(largest) and (largest < 1e-6 or abs(x) > MOST) else False


def simplicity(x: float) -> tuple[int, float, bool]:
    """A key by which simpler numbers come first: short ones, then those near 1, then positive ones."""
    return len(repr(abs(x))), abs(math.log(abs(x))) if x else -1.0, x < 0.0


def simplest_first(points: Iterable[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """Points in the order in which a person would like to see them."""
    return sorted(points, key=lambda point: (sum(simplicity(x)[0] for x in point), *map(simplicity, point)))


def _sizes(share: float) -> list[float]:
    """Distances from a point: logarithmic ones, uniform ones, and wider ones beyond."""
    count = max(int(13 * _DECADE * share), 13)
    logarithmic = [LEAST * 10.0 ** (13.0 * (i + 0.37) / count) for i in range(count)]
    uniform = [(i + 0.37) * SPACING / share for i in range(int(32.0 * share / SPACING))]
    uniform += [32.0 + (i + 0.37) * 4.0 * SPACING / share for i in range(int(17.0 * share / SPACING))]
    wide = [100.0 + (i + 0.37) / share for i in range(int(900 * share))] + [
        1000.0 + (i + 0.37) * 10.0 / share for i in range(int(900 * share))
    ]
    return [*logarithmic, *uniform, *wide]


def roots(kink: Callable[[float], float], numbers: Sequence[float]) -> list[float]:
    """Where a function of one number changes its sign between sorted numbers, to the last digit; at most 100 of them."""
    found: list[float] = []
    before: tuple[float, float] | None = None
    for x in numbers:
        value = kink(x)
        if not math.isfinite(value):
            before = None
            continue
        if value == 0.0:
            found.append(x)
        elif before is not None and (before[1] < 0.0) != (value < 0.0) and before[1]:
            low, high, negative = before[0], x, before[1] < 0.0
            while low < (middle := low + (high - low) / 2.0) < high:
                if (kink(middle) < 0.0) == negative:
                    low = middle
                else:
                    high = middle
            found.append(high)
        before = x, value
        if len(found) >= 100:
            break
    return found


def everyday(interval: Interval, around: Sequence[float] = (), share: float = 1.0) -> list[float]:
    """Everyday numbers of an interval, sorted: densely, simple ones, and close to its ends and to the points `around`.

    share  how many of the dense numbers, 1 for all
    """
    low, high = interval.low, interval.high
    ends = [end for end in (low, high) if math.isfinite(end)]
    listed = {
        *COMMON,
        *(k / 2.0 for k in range(-20, 21)),
        *(float(sign * k) for k in (25, 50, 100, 1000) for sign in (1, -1)),
        *ends,
        *around,
    }
    for x in (*ends, *around):
        for k in (52, 40, 30, 20, 14, 10, 7, 4, 2, 1):
            listed |= {x + sign * max(abs(x), 1.0) * 2.0**-k for sign in (1.0, -1.0)}
    if math.isfinite(high - low):
        count = int(8000 * share)
        listed |= {low + (high - low) * (i + 0.37) / count for i in range(count)}
        depths = [10.0 ** (-9.0 * (i + 0.37) / 200) * (high - low) / 2.0 for i in range(200)]
        listed |= {low + depth for depth in depths} | {high - depth for depth in depths}
        for sign in (1.0, -1.0):  # a wide interval is everyday within
            listed |= {sign * size for size in _sizes(share / 2.0) if low < sign * size < high}
    elif ends:
        sign = 1.0 if math.isfinite(low) else -1.0
        sizes = _sizes(share)
        listed |= {ends[0] + sign * size for size in sizes} | ({sign * size for size in sizes[::3]} if ends[0] else set())
    else:
        listed |= {sign * size for size in _sizes(share) for sign in (1.0, -1.0)}
    return sorted(x + 0.0 for x in listed if x in interval and is_everyday(x, interval))


def extremes(interval: Interval) -> list[float]:
    """The other numbers of an interval, sorted, smallest sizes first."""
    powers = [10.0**k for k in (*range(5, 308, 11), 154, 155, 300, *range(-10, -308, -11))]
    listed = {sign * x for x in (*powers, *map(abs, SPECIAL)) for sign in (1.0, -1.0)}
    return sorted((x for x in listed if x in interval and not is_everyday(x, interval)), key=lambda x: (abs(x), x < 0.0))


def partner(rng: random.Random, interval: Interval, x: float) -> float:
    """A number for another operand, where one is x: modest, simple, of x's size, or x itself."""
    way = rng.randrange(16)
    if way == 0:
        y = rng.choice((x, -x))
    elif way == 1:
        y = float(rng.randint(-3, 3))
    elif way < 5:
        y = rng.choice((1.0, -1.0)) * 10.0 ** rng.uniform(-3.0, 2.0)
    else:
        y = rng.uniform(-4.0, 4.0)
    if y in interval:
        return y
    low, high = interval.low, interval.high
    if math.isfinite(low) and math.isfinite(high):
        return low + (high - low) * rng.uniform(0.01, 0.99)
    return low + abs(y) + 0.01 if math.isfinite(low) else high - abs(y) - 0.01
