"""What difference quotients say about a number that should be a derivative, and about the derivatives of a row."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from ..context import recording
from ..expression import parse
from ..primitive import PRIMITIVES, Primitive
from ..reverse import gradient
from ..typeset import number
from ..value import Value
from .differences import (
    FINER,
    NO_VALUE,
    ROUNDING,
    Estimate,
    best_estimate,
    consistent,
    first_step,
    plain,
    rounding_error,
    steps_to_try,
    tableau,
)

Verdict = Literal[
    "agrees",
    "differs",
    "kink within h",
    "limited by rounding",
    "step too large",
    "step too small",
    "beyond the floats",
    "not deterministic",
    "ignores its input",
]
TOLERANCE = 1e-6
"""The relative mistake that a check must be able to see before it says "agrees"."""
STOP = PRIMITIVES["stop_gradient"]
"""The row whose derivative is 0 by definition: differences would contradict it."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What differences say about a number that should be a derivative."""

    numeric: float
    bound: float
    verdict: Verdict
    note: str = ""
    step: float = 0.0


def judge(
    f: Callable[[float], float],
    x: float,
    analytic: float,
    *,
    noise: Callable[[float], float],
    slack: float,
    most: float,
    step: float | None,
    tolerance: float,
) -> Judgement:
    """What difference quotients of f at x say about `analytic`, which should be the derivative.

    noise      how far off a value of f may be, by its size
    slack      how far off `analytic` may be by rounding
    most       the largest step without a kink; 0 at a kink
    step       the first step, which others compete with; None for the usual ones
    tolerance  the relative mistake that must be visible before the verdict is "agrees"
    """
    largest = 0.0

    def evaluate(t: float) -> float:
        nonlocal largest
        result = f(t)
        if abs(result) > largest:
            largest = abs(result)
        return result

    middle = evaluate(x)
    if not most:
        return _at_a_kink(evaluate, x, middle)
    if step is not None and not x - step < x < x + step:
        return Judgement(math.nan, math.inf, "step too small", f"{x!r} ± {step!r} is {x!r}")

    def power(estimate: Estimate) -> bool:
        """Could a relative mistake of `tolerance` be seen? Where the derivative is 0, it is relative to f over its scale."""
        size = max(abs(analytic), abs(estimate.value)) if analytic else largest / max(abs(x), 1.0)
        return estimate.error + slack <= max(tolerance * size, sys.float_info.min)

    def agrees(estimate: Estimate) -> bool:
        return abs(analytic - estimate.value) <= estimate.error + slack

    for h in steps_to_try(x, most, step):  # nearly always the first settles it
        try:
            estimate = tableau(evaluate, x, middle, h, noise)
        except NO_VALUE:
            continue
        if agrees(estimate) and power(estimate):
            return Judgement(estimate.value, estimate.error + slack, "agrees", step=h)
        if not agrees(estimate):
            break

    best, found = best_estimate(evaluate, x, middle, noise, most, step)
    if best is None:
        if abs(x) == sys.float_info.max:
            return Judgement(math.nan, math.inf, "beyond the floats", "no float lies beyond this one, so there are no differences")
        return Judgement(math.nan, math.inf, "kink within h", "there is no value on both sides")
    estimate = best
    bound = estimate.error + slack
    if agrees(estimate) and power(estimate):
        return Judgement(estimate.value, bound, "agrees", step=estimate.step)
    kink = _corner(evaluate, x, middle, analytic, estimate, noise)
    if kink is not None:
        return kink
    if not agrees(estimate) and _is_confirmed(evaluate, x, middle, estimate, [other for other in found if not agrees(other)], noise):
        return Judgement(estimate.value, bound, "differs", step=estimate.step)
    if most < min(first_step(x, step), (abs(x) or 1.0) * 2.0**-20):
        return Judgement(estimate.value, bound, "kink within h", "too near for a smaller step", estimate.step)
    return Judgement(estimate.value, bound, _why_open(x, estimate, slack, step), step=estimate.step)


def _why_open(x: float, estimate: Estimate, slack: float, step: float | None) -> Verdict:
    """Why an estimate is too vague to tell."""
    if estimate.truncation > estimate.rounding + slack:
        return "step too large"
    if step is not None and step < first_step(x, None):
        return "step too small"
    if step is not None and step > FINER * first_step(x, None):
        return "step too large"
    return "limited by rounding"


def _is_confirmed(
    f: Callable[[float], float], x: float, middle: float, estimate: Estimate, others: list[Estimate], noise: Callable[[float], float]
) -> bool:
    """Whether a disagreement holds: much smaller steps confirm it, and so do steps of no simple ratio to those of the estimate.

    All steps of one set may miss a wave, or a peak amid a plain. So they must also see the function: what it bends by within a step
    fades with the step's square.
    """
    if not any(other.step <= estimate.step / 8.0 and consistent(estimate, other) for other in others):
        return False

    def bend(h: float) -> float:
        return abs((f(x + h) - middle) - (middle - f(x - h)))

    try:
        odd = tableau(f, x, middle, 0.7183 * estimate.step, noise)
        coarse, fine = bend(estimate.step), bend(estimate.step / 32.0)
    except NO_VALUE:
        return False
    return consistent(estimate, odd) and fine <= coarse / 64.0 + 4.0 * noise(abs(middle))


def _slopes(f: Callable[[float], float], x: float, middle: float, h: float) -> tuple[float, float]:
    return (middle - f(x - h)) / h, (f(x + h) - middle) / h


def _at_a_kink(f: Callable[[float], float], x: float, middle: float) -> Judgement:
    h = (abs(x) or 1.0) * 2.0**-20
    try:
        left, right = _slopes(f, x, middle, h)
    except NO_VALUE:
        return Judgement(math.nan, math.inf, "kink within h", "the function ends here")
    return Judgement((left + right) / 2.0, math.inf, "kink within h", _both(left, right))


def _corner(
    f: Callable[[float], float], x: float, middle: float, analytic: float, estimate: Estimate, noise: Callable[[float], float]
) -> Judgement | None:
    """A corner at x itself that nobody declared: two slopes that do not meet as the step shrinks, with `analytic` between them."""
    slopes = corner(f, x, estimate.step, noise(abs(middle)))
    if slopes is None:
        return None
    low, high = sorted(slopes)
    room = (high - low) / 64.0
    if not low - room <= analytic <= high + room:
        return None
    return Judgement(estimate.value, math.inf, "kink within h", _both(*slopes), estimate.step)


def corner(f: Callable[[float], float], x: float, h: float, noise: float) -> tuple[float, float] | None:
    """The slopes of f on the left and on the right of x, where they do not meet as the step h shrinks; None where they do."""
    try:
        middle = f(x)
        (left, right), (left2, right2) = _slopes(f, x, middle, h), _slopes(f, x, middle, h / FINER)
    except NO_VALUE:
        return None
    gap, gap2 = abs(right - left), abs(right2 - left2)
    return (left2, right2) if gap2 > gap / 8.0 and gap2 * h / FINER > 64.0 * noise else None


def _both(left: float, right: float) -> str:
    return f"slope {number(left)} on the left, {number(right)} on the right"


# ------------------------------------------------------------------------------------------------------------------------
# Kinks: the rows say where their functions have no derivative, as expressions that vanish there


@lru_cache(maxsize=1024)
def _kinks(op: Primitive, bends: bool = False) -> tuple[Callable[[Sequence[float]], float], ...]:
    def reader(text: str) -> Callable[[Sequence[float]], float]:
        expression = parse(text)

        def read(point: Sequence[float]) -> float:
            try:
                return plain(expression.build(dict(zip(op.operands, point, strict=True))))
            except NO_VALUE:
                return math.inf  # x - y beyond the floats is not near 0

        return read

    return tuple(map(reader, (*op.kinks, *op.bends) if bends else op.kinks))


def is_at_kink(primitive: Primitive, operands: Sequence[float]) -> bool:
    """Whether one of the row's kink expressions vanishes at these numbers."""
    return any(kink(operands) == 0.0 for kink in _kinks(primitive))


def kink_distance(op: Primitive, here: Sequence[float], *around: Sequence[float], bends: bool = False) -> float:
    """How far the nearest kink, or bend, is, in units of the way from `here` to the points around it; inf where none comes nearer."""
    nearest = math.inf
    for kink in _kinks(op, bends):
        now = kink(here)
        change = max(abs(kink(point) - now) for point in around)
        if change:
            nearest = min(nearest, abs(now) / change)
    return nearest


def clear_step(h: float, usual: float, nearness: Callable[[float], float]) -> float:
    """The largest step, at most h, that stays clear of kinks; 0 at a kink. One that leads outside the domain gives way to the usual."""
    for _ in range(8):
        try:
            near = nearness(h)
        except NO_VALUE:  # outside the domain
            if h > usual:
                h = usual
                continue
            near = 0.25
        if near > 1.0:
            break
        h *= near / 2.0
        if not h:
            break
    return h


# ------------------------------------------------------------------------------------------------------------------------
# The derivatives of a row


def point_of(node: Value) -> list[float]:
    """The numbers at which a node's operation was computed."""
    return [arg.data if isinstance(arg, Value) else arg for arg in node.args]


def moved(point: Sequence[Any], position: int, x: Any) -> list[Any]:
    """The point with x at one position."""
    return [*point[:position], x, *point[position + 1 :]]


def along(op: Primitive, point: Sequence[float], position: int) -> Callable[[Any], Any]:
    """The row as a function of one operand, of whatever kind that is."""
    return lambda x: op.kinds[type(x)](*moved(point, position, x))


def judge_partial(
    op: Primitive, point: Sequence[float], position: int, partial: float, *, step: float | None = None, tolerance: float = TOLERANCE
) -> Judgement:
    """What differences of a row's forward function say about one local derivative of it at a point."""
    if op is STOP:  # 0 by definition, whatever the function does
        return Judgement(0.0, 0.0, "agrees" if partial == 0.0 else "differs", "stopped: no gradient passes")
    evaluate = op.kinds[float]
    f: Callable[[float], float]
    if len(point) == 1:
        f = evaluate
    elif position == 0:
        f = lambda t: evaluate(t, point[1])  # noqa: E731
    else:
        f = lambda t: evaluate(point[0], t)  # noqa: E731
    return judge_function(f, partial, op, point, position, step=step, tolerance=tolerance)


def judge_function(
    f: Callable[[float], float],
    derivative: float,
    op: Primitive,
    point: Sequence[float],
    position: int,
    *,
    step: float | None = None,
    tolerance: float = TOLERANCE,
    bends: bool = False,
) -> Judgement:
    """What differences of any function of one operand say about its derivative. It has the row's domain and kinks; a rule, which is meant
    where `bends` is True, has a kink where the row bends, too.
    """
    x = point[position]
    h = first_step(x, step)
    interval = op.domain[position]
    for end in (interval.low, interval.high):
        if math.isfinite(end):
            h = min(h, abs(x - end) / 2.0)
    if (op.kinks or (bends and op.bends)) and h:

        def nearness(h: float) -> float:
            return kink_distance(op, point, moved(point, position, x + h), moved(point, position, x - h), bends=bends)

        h = clear_step(h, first_step(x, None), nearness)
    slack = ROUNDING * math.ulp(derivative) if math.isfinite(derivative) else 0.0
    return judge(f, x, derivative, noise=rounding_error, slack=slack, most=h, step=step, tolerance=tolerance)


def judge_second(
    op: Primitive, point: Sequence[float], position: int, by: int, *, step: float | None = None, tolerance: float = TOLERANCE
) -> tuple[float, Judgement] | None:
    """The derivative of the rule for one operand by another, as `gradient` finds it, and what differences of the rule on floats say.

    None where there is no such derivative.
    """
    rule = op.partials[position]
    if rule is None or op.partials[by] is None:
        return None
    leaves: list[Any] = [x if partial is None else Value(x) for x, partial in zip(point, op.partials, strict=True)]

    def slope(t: float) -> float:
        here = moved(point, by, t)
        return float(rule(op.kinds[float](*here), *here))

    try:
        with recording():
            first = gradient(op.kinds[Value](*leaves), leaves[position])
            second = gradient(first, leaves[by], unrelated="zero").data
        return second, judge_function(slope, second, op, point, by, step=step, tolerance=tolerance, bends=True)
    except NO_VALUE:
        return None
