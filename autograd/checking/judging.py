"""What difference quotients say about a number that should be a derivative, and about the derivatives of a row."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from ..context import recording
from ..errors import StaleGraphError
from ..expression import parse
from ..primitive import PRIMITIVES, Primitive
from ..reverse import gradient
from ..typeset import number
from ..value import Value
from .differences import (
    EPSILON,
    FINER,
    NO_VALUE,
    ROUNDING,
    Estimate,
    best_estimate,
    consistent,
    first_step,
    plain,
    roughness,
    rounding_error,
    steps_to_try,
    tableau,
)
from .places import everyday, roots

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
    "not the derivative",
    "missing",
]
TOLERANCE = 1e-6
"""The relative mistake that a check must be able to see before it says "agrees"."""
NO_RULE = "the rule has no value here"
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
        return _at_an_end(evaluate, x, middle)
    if not math.isfinite(analytic):
        if _is_flat(evaluate, x, middle):
            note = f"{NO_RULE}; nor is there anything to see, for the function is flat"
            return Judgement(0.0, math.inf, "limited by rounding", note, best.step)
        firm = _firm(evaluate, x, found, largest, noise(abs(middle)))
        if firm is not None:
            return Judgement(firm.value, firm.error, "differs", NO_RULE, firm.step)
    estimate = best
    bound = estimate.error + slack
    if agrees(estimate) and power(estimate):
        return Judgement(estimate.value, bound, "agrees", step=estimate.step)
    kink = _corner(evaluate, x, middle, analytic, estimate, noise)
    if kink is not None:
        return kink
    if not agrees(estimate) and _is_confirmed(evaluate, x, middle, estimate, [other for other in found if not agrees(other)], noise):
        near = 1e-3 * min(abs(analytic), abs(analytic - estimate.value))
        larger = [other for other in found if other.step > 8.0 * estimate.step and abs(other.value - analytic) + other.error <= near]
        if larger and estimate.step <= 2.0**-16 * max(abs(x), 1.0):
            note = f"steps below {estimate.step:.0e} say otherwise: they see how 1 + x is rounded"
            return Judgement(larger[0].value, larger[0].error + slack, "limited by rounding", note, larger[0].step)
        step_of_f = quantum(evaluate, x, middle)
        if step_of_f > noise(abs(middle)):  # within rounding f is a staircase: what differences see then is the stair
            coarse = _above_stairs(evaluate, x, middle, most, step, lambda size: max(noise(size), step_of_f))
            if coarse is None or agrees(coarse):
                bound = math.inf if coarse is None else coarse.error + slack
                note = f"rounding lets the function go in steps of {step_of_f:.1g} here"
                return Judgement(estimate.value, bound, "limited by rounding", note, estimate.step)
        return Judgement(estimate.value, bound, "differs", "" if math.isfinite(analytic) else NO_RULE, estimate.step)
    if most < min(first_step(x, step), (abs(x) or 1.0) * 2.0**-20):
        return Judgement(estimate.value, bound, "kink within h", "too near for a smaller step", estimate.step)
    return Judgement(estimate.value, bound, _why_open(x, estimate, slack, step), step=estimate.step)


def _is_flat(f: Callable[[float], float], x: float, middle: float) -> bool:
    """Whether f does not change at all within its first step, as functions do far out: there nobody misses a derivative of 0."""
    h = first_step(x, None)
    try:
        return f(x + h) == middle == f(x - h) == f(x + 0.37 * h)
    except NO_VALUE:
        return False


def _firm(f: Callable[[float], float], x: float, found: list[Estimate], largest: float, noise: float) -> Estimate | None:
    """An estimate that leaves no doubt that f has a derivative at x, where a rule has none: sharp, as all others have it, no corner."""
    if 0.0 < abs(x) < 2.0**-960:  # the floats around such an x have few digits
        return None
    scale = largest / max(abs(x), 1.0)
    sharp = [estimate for estimate in found if estimate.error <= 1e-3 * max(abs(estimate.value), scale)]
    if not sharp or not all(consistent(sharp[0], other) for other in found):
        return None
    if corner(f, x, sharp[0].step, noise, measured=True) is not None:
        return None
    best = min(sharp, key=lambda estimate: estimate.error)
    try:
        odd = tableau(f, x, f(x), 0.7183 * best.step, rounding_error)
    except NO_VALUE:
        return None
    return best if abs(best.value - odd.value) <= 4.0 * (best.error + odd.error) else None


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


def _above_stairs(
    f: Callable[[float], float], x: float, middle: float, most: float, step: float | None, noise: Callable[[float], float]
) -> Estimate | None:
    """The sharpest estimate where each value is off by as much as a stair is high: one from large steps."""
    found = []
    for h in steps_to_try(x, most, step):
        try:
            found.append(tableau(f, x, middle, h, noise))
        except NO_VALUE:
            continue
    return min(found, key=lambda estimate: estimate.error, default=None)


def quantum(f: Callable[[float], float], x: float, middle: float) -> float:
    """How high the stairs of f beside x are, if it is a staircase that rounding made, as exp(x) − 1 near 0 is; else 0.

    Outwards from x, ever farther, until f changes; then inwards to the two neighbouring floats where it does. What changes by more
    than rounding between these is a jump of its own.
    """
    highest = 0.0
    for sign in (1.0, -1.0):
        near, far = 0.0, max(math.ulp(x), 2.0**-80 if not x else 0.0)
        reach = 2.0 * max(abs(x), 1.0)
        try:
            while far <= reach and f(x + sign * far) == middle:
                near, far = far, 2.0 * far
            if not near or far > reach:
                continue
            above = f(x + sign * far)
            while True:
                between = (near + far) / 2.0
                if not near < between < far or x + sign * between in (x + sign * near, x + sign * far):
                    break
                value = f(x + sign * between)
                if value == middle:
                    near = between
                else:
                    far, above = between, value
        except NO_VALUE:
            continue
        stair = abs(above - middle)
        if stair <= 2.0**-30 * max(abs(above), abs(middle), abs(x), 1.0):
            highest = max(highest, stair)
    return highest


def _at_an_end(f: Callable[[float], float], x: float, middle: float) -> Judgement:
    """Where f has values on one side alone: the slope there, which no rule has to know."""
    for sign, side in ((1.0, "right"), (-1.0, "left")):
        h = max(abs(x), 1.0) * 2.0**-8
        row: list[float] = []
        try:
            for _ in range(8):
                new = [(f(x + sign * h) - middle) / (sign * h)]
                for j, older in enumerate(row, 1):
                    new.append(new[-1] + (new[-1] - older) / (2.0**j - 1.0))
                row = new
                h /= 2.0
        except NO_VALUE:
            continue
        if math.isfinite(row[-1]):
            note = f"there is a value on the {side} alone, and the slope there is {number(row[-1], 6)}"
            return Judgement(row[-1], math.inf, "kink within h", note)
    return Judgement(math.nan, math.inf, "kink within h", "there is no value on both sides")


def _slopes(f: Callable[[float], float], x: float, middle: float, h: float) -> tuple[float, float]:
    return (middle - f(x - h)) / h, (f(x + h) - middle) / h


def _at_a_kink(f: Callable[[float], float], x: float, middle: float) -> Judgement:
    h = (abs(x) or 1.0) * 2.0**-20
    try:
        left, right = _slopes(f, x, middle, h)
    except NO_VALUE:
        return _at_an_end(f, x, middle)
    return Judgement((left + right) / 2.0, math.inf, "kink within h", _both(left, right))


def _corner(
    f: Callable[[float], float], x: float, middle: float, analytic: float, estimate: Estimate, noise: Callable[[float], float]
) -> Judgement | None:
    """A corner at x itself that nobody declared: two slopes that do not meet as the step shrinks, with `analytic` between them."""
    slopes = corner(f, x, estimate.step, noise(abs(middle)), measured=True)
    if slopes is None:
        return None
    low, high = sorted(slopes)
    room = (high - low) / 64.0
    if not low - room <= analytic <= high + room:
        return None
    return Judgement(estimate.value, math.inf, "kink within h", _both(*slopes), estimate.step)


def corner(f: Callable[[float], float], x: float, h: float, noise: float, *, measured: bool = False) -> tuple[float, float] | None:
    """The slopes of f on the left and on the right of x, where they do not meet as the step h shrinks; None where they do.

    A gap must stand out of the noise: of what is given, and of what is measured if that is asked for.
    """
    try:
        middle = f(x)
        (left, right), (left2, right2) = _slopes(f, x, middle, h), _slopes(f, x, middle, h / FINER)
    except NO_VALUE:
        return None
    gap, gap2 = abs(right - left), abs(right2 - left2)
    if not (gap2 > gap / 8.0 and gap2 * h / FINER > 64.0 * noise):
        return None
    if measured:
        size = max(abs(right2 - left2), abs(right2), abs(left2)) * h / FINER
        rough = max(roughness(f, x + sign * h / FINER, h / FINER) for sign in (1.0, -1.0))
        if rough < math.inf and gap2 * h / FINER <= 64.0 * max(rough, rounding_error(size)):
            return None
    return left2, right2


def _both(left: float, right: float) -> str:
    return f"slope {number(left)} on the left, {number(right)} on the right"


# ------------------------------------------------------------------------------------------------------------------------
# Kinks: the rows say where their functions have no derivative, as expressions that vanish there


@lru_cache(maxsize=1024)
def _kinks(op: Primitive, bends: bool = False) -> tuple[Callable[[Sequence[float]], float], ...]:
    def reader(kink: Any) -> Callable[[Sequence[float]], float]:
        expression = parse(kink) if isinstance(kink, str) else None

        def read(point: Sequence[float]) -> float:
            try:
                if expression is None:
                    return plain(kink(*point))
                return plain(expression.build(dict(zip(op.operands, point, strict=True))))
            except NO_VALUE:
                return math.inf  # x - y beyond the floats is not near 0

        return read

    return tuple(map(reader, (*op.kinks, *op.bends) if bends else op.kinks))


def is_at_kink(primitive: Primitive, operands: Sequence[float]) -> bool:
    """Whether one of the row's kink expressions vanishes at these numbers, or changes its sign within rounding of them: sin(x) at π."""
    for kink in _kinks(primitive):
        here = kink(operands)
        if here == 0.0:
            return True
        if not math.isfinite(here):
            continue
        for position, x in enumerate(operands):
            ends = [kink(moved(operands, position, x + sign * 2.0 * math.ulp(x))) for sign in (1.0, -1.0)]
            if min(ends) <= 0.0 <= max(ends):
                return True
    return False


def kinks_along(primitive: Primitive, position: int, point: Sequence[float]) -> list[float]:
    """Where the row's kink expressions change their sign along one operand, the others being as in `point`."""
    numbers = everyday(primitive.domain[position], share=0.02) if primitive.kinks else []
    found: list[float] = []
    for kink in _kinks(primitive):
        found += roots(lambda x, kink=kink: kink(moved(point, position, x)), numbers)  # type: ignore[misc]
    return found


def kink_distance(op: Primitive, here: Sequence[float], *around: Sequence[float], bends: bool = False) -> float:
    """How far the nearest kink, or bend, is, in units of the way from `here` to the points around it; inf where none comes nearer."""
    nearest = math.inf
    for kink in _kinks(op, bends):
        now = kink(here)
        change = max(abs(kink(point) - now) for point in around)
        if change:
            nearest = min(nearest, abs(now) / change)
        elif now == 0.0 and PRIMITIVES.get(op.name) is not op:  # somebody's own row says so wherever it moves
            return 0.0
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
    if op.surrogate:
        return Judgement(math.nan, math.inf, "not the derivative", f"{op.name} says so: its rules are a surrogate")
    evaluate = op.kinds[float]
    f: Callable[[float], float]
    if "outside" in op.undeclared and not all(x in interval for x, interval in zip(point, op.domain, strict=True)):
        return Judgement(math.nan, math.inf, "kink within h", f"outside of the domain that {op.name} declares")
    if op.kinks and is_at_kink(op, point):
        return _at_a_kink(along(op, point, position), point[position], evaluate(*point))
    if len(point) == 1:
        f = evaluate
    elif len(point) > 2:
        f = along(op, point, position)
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
    accept = op.accept
    if not accept:
        return judge(f, x, derivative, noise=rounding_error, slack=slack, most=h, step=step, tolerance=tolerance)
    slack += 4.0 * accept * abs(derivative) if math.isfinite(derivative) else 0.0
    tolerance = max(tolerance, 1024.0 * accept)
    return judge(
        f, x, derivative, noise=lambda size: max(rounding_error(size), accept * size), slack=slack, most=h, step=step, tolerance=tolerance
    )


def judge_second(
    op: Primitive, point: Sequence[float], position: int, by: int, *, step: float | None = None, tolerance: float = TOLERANCE
) -> tuple[float, Judgement] | None:
    """The derivative of the rule for one operand by another, as `gradient` finds it, and what differences of the rule on floats say.

    Where rounding hides what differences of the rule see, as beside a place where it divides 0 by 0, second differences of the function
    are asked, with larger steps. None where there is no such derivative.
    """
    rule = op.partials[position]
    if rule is None or op.partials[by] is None or not op.further or op.whole is not None:  # of a chain, the whole function is asked
        return None
    leaves: list[Any] = [x if partial is None else Value(x) for x, partial in zip(point, op.partials, strict=True)]

    def slope(t: float) -> float:
        here = moved(point, by, t)
        return float(rule(op.kinds[float](*here), *here))

    try:
        with recording():
            first = gradient(op.kinds[Value](*leaves), leaves[position])
            second = gradient(first, leaves[by], unrelated="zero").data
    except NO_VALUE:
        return None
    except StaleGraphError as error:  # the rule has a value on floats, and none on Values
        return math.nan, Judgement(math.nan, math.inf, "missing", str(error))
    try:
        judged = judge_function(slope, second, op, point, by, step=step, tolerance=tolerance, bends=True)
    except NO_VALUE:
        return None
    if judged.verdict in ("limited by rounding", "step too large", "step too small") and not op.surrogate and not op.accept:
        larger = _second_differences(op, point, position, by)
        if larger is not None and abs(larger.value - second) > larger.error + tolerance * abs(second):
            judged = Judgement(larger.value, larger.error, "differs", "second differences of the function say so", larger.step)
    return second, judged


def _second_differences(op: Primitive, point: Sequence[float], position: int, by: int) -> Estimate | None:
    """A second derivative from second differences of the function, extrapolated to step 0; None where two sets of steps differ, or a kink
    lies within them."""

    def value(*moves: tuple[int, float]) -> float:
        here = list(point)
        for place, move in moves:
            here[place] += move
        return float(op.kinds[float](*here))

    def quotient(h: float) -> tuple[float, float]:
        if position == by:
            around = value((by, h)), value((by, -h))
            middle = value()
            return (around[0] - 2.0 * middle + around[1]) / (h * h), max(map(abs, (*around, middle))) / (h * h)
        corners = [value((position, a * h), (by, b * h)) for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
        return (corners[0] - corners[1] - corners[2] + corners[3]) / (4.0 * h * h), max(map(abs, corners)) / (h * h)

    def extrapolated(h: float) -> Estimate:
        best, row = Estimate(math.nan, math.inf, 0.0, h), list[float]()
        for k in range(6):
            plain_quotient, size = quotient(h / 2.0**k)
            new = [plain_quotient]
            for j, older in enumerate(row, 1):
                new.append(new[-1] + (new[-1] - older) / (4.0**j - 1.0))
            if row:
                found = Estimate(new[-1], abs(new[-1] - row[-1]), 4.0 * ROUNDING * EPSILON * size, h)
                best = min(best, found, key=lambda estimate: estimate.error)
            row = new
        return best

    here = [abs(x) or 1.0 for x in point]
    h = min(*(max(size, 0.25) for size in here), 1.0) / 4.0
    around = [moved(point, place, point[place] + sign * h) for place in {position, by} for sign in (1.0, -1.0)]
    try:
        if (op.kinks or op.bends) and kink_distance(op, point, *around, bends=True) <= 2.0:
            return None
        one, other = extrapolated(h), extrapolated(0.7183 * h)
    except NO_VALUE:
        return None
    trust = max(1e-4 * abs(one.value), 1e-7)
    return one if one.error <= trust and abs(one.value - other.value) <= 4.0 * (one.error + other.error) else None
