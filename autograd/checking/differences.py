"""Derivatives from difference quotients, extrapolated to step 0, each with a bound for its error."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from .. import given
from ..numbers import as_float
from ..rounding import LEAST as LEAST
from ..value import Value

EPSILON = 2.0**-52
ROUNDING = 4.0
"""Units in the last place by which one operation may be off. The table's own are within 3, and their local derivatives within 4."""
_ROWS = 6  # of the tableau; the steps differ by 2⁵, the orders reach h¹²
_FIRST = 2.0**-4  # the first step, in units of the scale on which f changes: (1/16)¹² is below ε
FINER = 64.0
"""By so much smaller is the next step that is tried."""
NO_VALUE = (ArithmeticError, ValueError)
"""What a function or a rule raises where it has no value; every AutogradError about numbers is one of them."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A derivative from difference quotients. The true one lies within `error` = truncation + rounding of `value`.

    step   the largest step that was taken
    """

    value: float
    truncation: float
    rounding: float
    step: float

    @property
    def error(self) -> float:
        """How far off the value may be."""
        return self.truncation + self.rounding


def central_difference(f: Callable[[float], Any], x: float, step: float | None = None) -> float:
    """(f(x + h) − f(x − h)) / 2h, the plain one.

    Without a step, h is (3ε)^⅓ ≈ 9e-6 times the larger of |x| and 1, where truncation, h²/6·|f‴|, and rounding, ε·|f|/h, weigh
    the same for a function that is about as large as its third derivative.

    >>> abs(central_difference(lambda x: x**3, 2.0) - 12.0) < 1e-9
    True
    """
    x, h = as_float(x, "a number as x", "central_difference"), checked_step(step)
    given.function(f, "central_difference")
    if h is None:
        h = (3.0 * EPSILON) ** (1.0 / 3.0) * max(abs(x), 1.0)
    high, low = x + h, x - h
    if high == low:
        raise ValueError(f"a step of {h!r} changes nothing at x={x!r}: take one above {math.ulp(x)!r}")
    if not math.isfinite(high - low):
        raise ValueError(f"a step of {h!r} leads beyond the floats at x={x!r}")
    return (plain(f(high)) - plain(f(low))) / (high - low)  # by what was truly stepped, not by 2h


def extrapolated_difference(f: Callable[[float], Any], x: float, step: float | None = None) -> Estimate:
    """The derivative of f at x from central differences, extrapolated to step 0, with an estimate of its error.

    The step is the largest that is taken; without one, several sizes compete. f may raise outside its domain: smaller steps
    are tried. ValueError: there is no step at which f has values on both sides.

    >>> estimate = extrapolated_difference(math.exp, 1.0)
    >>> abs(estimate.value - math.e) < estimate.error < 1e-11
    True
    """
    x, step = as_float(x, "a number as x", "extrapolated_difference"), checked_step(step)
    given.function(f, "extrapolated_difference")

    def evaluate(t: float) -> float:
        return plain(f(t))

    estimate, _ = best_estimate(evaluate, x, evaluate(x), rounding_error, math.inf, step)
    if estimate is None:
        raise ValueError(f"the function has no values on both sides of x={x!r} within any step that was tried")
    return estimate


def checked_step(step: float | None) -> float | None:
    """The step that was asked for, a positive number; None where none was."""
    return None if step is None else positive(step, "step")


def positive(x: Any, name: str) -> float:
    """x as a float, or a ValueError that says whose number must be above 0."""
    size = as_float(x, "a number", name)
    if size <= 0.0:
        raise ValueError(f"{name} needs a positive number, but got {size!r}")
    return size


def plain(result: Any) -> float:
    """The number that a function returned, plain or in a Value."""
    return result.data if isinstance(result, Value) else as_float(result, "to return a number", "the function")


def rounding_error(size: float) -> float:
    """By how much a result of this size may be off."""
    return ROUNDING * math.ulp(size)


def tableau(f: Callable[[float], float], x: float, middle: float, h: float, noise: Callable[[float], float]) -> Estimate:
    """The best entry of the tableau that starts with step h. ArithmeticError or ValueError where f has no value."""
    best = Estimate(math.nan, math.inf, math.inf, h)
    values: list[float] = []
    roundings: list[float] = []
    step = h
    for _ in range(_ROWS):
        high, low = x + step, x - step
        width = high - low
        if not low < x < high:
            break  # x has no digits left for so small a step
        above, below = f(high), f(low)
        slope = (above - below) / width
        lopsided = abs((high - x) - (x - low)) / 2.0  # x ± step are rounded: the quotient belongs to a point beside x
        rounding = 2.0 * noise(max(abs(above), abs(below))) / width + EPSILON * abs(slope)
        if lopsided:
            rounding += abs((above - middle) / step - (middle - below) / step) / step * lopsided
        value_row, rounding_row = [slope], [rounding]
        for j, (value, error) in enumerate(zip(values, roundings, strict=True), 1):
            below_it, worse = value_row[-1], rounding_row[-1]
            better = below_it + (below_it - value) / (4.0**j - 1.0)
            worse = (4.0**j * worse + error) / (4.0**j - 1.0)
            value_row.append(better)
            rounding_row.append(worse)
            truncation = max(abs(better - below_it), abs(better - value))
            if truncation + worse < best.error:
                best = Estimate(better, truncation, worse, h)
        values, roundings = value_row, rounding_row
        step /= 2.0
    if not math.isfinite(best.value):
        raise OverflowError("the quotients are beyond the floats")
    return best


def steps_to_try(x: float, most: float, step: float | None) -> Iterator[float]:
    """First steps to try, none above `most`: of size 1 and of x's own size, then ever smaller ones."""
    size = math.ldexp(0.5, math.frexp(x)[1]) if x else 0.0  # the power of two below |x|
    starts = [_FIRST, size * _FIRST] if size else [_FIRST]
    if step is not None:  # one that is too large competes with the usual ones
        starts = [step, *(h for h in starts if h < step)]
    starts = list(dict.fromkeys(min(h, most) for h in starts))
    yield from starts
    h = min(starts) / FINER
    for _ in range(7):
        if h <= size * 2.0**-46:
            break
        yield h
        h /= FINER


def best_estimate(
    f: Callable[[float], float], x: float, middle: float, noise: Callable[[float], float], most: float, step: float | None
) -> tuple[Estimate | None, list[Estimate]]:
    """The best of the estimates that all steps give, and these estimates; None where f has no values on both sides of x.

    Values are as noisy as `noise` says of their size, or as f is measured to be near x, whichever is more.
    """
    measured = roughness(f, x, min(most, 1.0))

    def rough(size: float) -> float:
        return max(noise(size), measured) if measured < math.inf else noise(size)

    found = []
    for h in steps_to_try(x, most, step):
        try:
            found.append(tableau(f, x, middle, h, rough))
        except NO_VALUE:
            continue
    if not found:
        return None, []
    best = _resolved(f, x, _most_credible(found), rough)
    return (best if measured < math.inf else replace(best, rounding=math.inf)), found


def _most_credible(found: list[Estimate]) -> Estimate:
    """The estimate of least error among those that no estimate from smaller steps contradicts.

    Large steps can be fooled: sin(2πx) with steps of whole numbers looks constant. Small ones are only ever vague.
    """
    for estimate in sorted(found, key=lambda estimate: estimate.error):
        if all(consistent(estimate, finer) for finer in found if finer.step < estimate.step):
            return estimate
    return min(found, key=lambda estimate: estimate.step)


def _resolved(f: Callable[[float], float], x: float, estimate: Estimate, noise: Callable[[float], float]) -> Estimate:
    """The estimate, or one of infinite error where f changes within a few floats by more than the estimate says.

    sin at 1e16 is such a function: the floats there lie 2 apart, and no difference quotient can see a slope.
    """
    u = 4.0 * math.ulp(x) if x else estimate.step * 2.0**-40
    try:
        above, below = f(x + u), f(x - u)
    except NO_VALUE:
        return estimate
    size = max(abs(above), abs(below))
    if noise(size) > max(size, abs(estimate.value) * estimate.step, sys.float_info.min) * 2.0**-10:
        return replace(estimate, rounding=math.inf)  # noise hides what f does from float to float
    room = 2.0 * noise(size) + 2.0 * u * (estimate.error + EPSILON * abs(estimate.value)) + size * 2.0**-36
    if abs(above - below - 2.0 * u * estimate.value) <= room:
        return estimate
    if abs(above - below) < size * 2.0**-20:  # f is smooth here after all, but no step was small enough to see it
        return replace(estimate, truncation=math.inf)
    return replace(estimate, rounding=math.inf)


def consistent(a: Estimate, b: Estimate) -> bool:
    """Whether both estimates can be right."""
    return abs(a.value - b.value) <= a.error + b.error


def roughness(f: Callable[[float], float], x: float, most: float) -> float:
    """How rough f is near x: its fourth differences on a grid so fine that nothing smooth is left of them (Hamming 1971)."""
    h = min(max(min(abs(x), 1.0) * 1.1 * 2.0**-24, 64.0 * math.ulp(x)) if x else 1.1 * 2.0**-24, most / 8.0)  # 1.1: no power of 2
    try:
        differences = [f(x + k * h) for k in range(-4, 5)]
    except NO_VALUE:
        return 0.0
    size = max(map(abs, differences))
    for _ in range(4):
        differences = [b - a for a, b in pairwise(differences)]
    noise = max(map(abs, differences)) / math.sqrt(70.0) * 4.0  # of noise of size 1, fourth differences have variance C(8, 4) = 70
    return noise if noise <= size * 2.0**-10 else math.inf  # more than that is no rounding, but a pole or a jump


def first_step(x: float, step: float | None) -> float:
    """The step that was asked for; else one of the larger of |x| and 1, in size."""
    return step if step is not None else max(abs(x), 1.0) * _FIRST
