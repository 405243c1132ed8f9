"""The ladder: every check on one row. Each rung raises an AssertionError in one line."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from .. import joined, ops
from ..errors import DivisionByZeroError, DomainError
from ..primitive import FAILURES, Primitive, forward_of
from ..value import Value
from .chance import COMMON, common_points, has_value, into
from .complex_step import complex_step
from .differences import NO_VALUE
from .exact import exact_partial, exact_value, known_loss, reference_partial, reference_value, ulps
from .judging import Judgement, along, corner, is_at_kink, judge_partial, judge_second, kink_distance, kinks_along, moved
from .places import simplest_first

ULPS = 4.0
"""Units in the last place that a local derivative of the table's own rows may be off, beyond its `known_loss`."""
UNITS = 512.0
"""Units in the last place that any other row may be off at common points before `climb` refuses it: 1e-13."""


def spelled(primitive: Primitive, operands: Sequence[float]) -> str:
    """The operands in words: x=1.0, y=2.0."""
    return ", ".join(f"{name}={x!r}" for name, x in zip(primitive.operands, operands, strict=True))


def spelled_partial(primitive: Primitive, position: int, operands: Sequence[float]) -> str:
    """A local derivative in words: ∂divide/∂y at x=1.0, y=2.0."""
    return f"∂{primitive.name}/∂{primitive.operands[position]} at {spelled(primitive, operands)}"


def evaluated(rule: Callable[..., Any], *operands: Any) -> float | None:
    """A finite result of a function or a rule, as a float; None where there is none."""
    try:
        result = rule(*operands)
        x = result.data if isinstance(result, Value) else float(result)
    except NO_VALUE:
        return None
    return x if math.isfinite(x) else None


def rules_of(primitive: Primitive) -> Iterator[tuple[int, Callable[..., Any]]]:
    """The row's rules, each with the position of its operand."""
    return ((position, rule) for position, rule in enumerate(primitive.partials) if rule is not None)


def partials_at(primitive: Primitive, operands: Sequence[float]) -> Iterator[tuple[int, float]]:
    """The row's local derivatives that exist at these numbers, by its rules, each with the position of its operand."""
    z = primitive.kinds[float](*operands)
    for position, rule in rules_of(primitive):
        got = evaluated(rule, z, *operands)
        if got is not None:
            yield position, got


def check_rules(primitive: Primitive, operands: Sequence[float]) -> None:
    """A rule means the same on floats and on Values, bit for bit, and is what a node records."""
    z = primitive.kinds[float](*operands)
    for mask in _masks(len(operands)):
        mixture: list[Any] = [Value(x) if mask >> i & 1 else x for i, x in enumerate(operands)]
        if any(isinstance(x, Value) and rule is None for x, rule in zip(mixture, primitive.partials, strict=True)):
            continue
        node: Value = primitive.kinds[Value](*mixture)
        stored = joined.partials(node)
        for position, rule in rules_of(primitive):
            on_floats, on_values = evaluated(rule, z, *operands), evaluated(rule, node, *mixture)
            what = spelled_partial(primitive, position, operands)
            if (on_floats is None) != (on_values is None) or (on_floats is not None and _apart(on_floats, on_values)):
                there, here = _outcome(rule, z, *operands), _outcome(rule, node, *mixture)
                raise AssertionError(f"{what}: the rule {there} on floats, but {here} on Values")
            if position in stored:
                recorded = stored[position] if math.isfinite(stored[position]) else None
                if (recorded is None) != (on_floats is None) or (recorded is not None and _apart(recorded, on_floats)):
                    raise AssertionError(f"{what}: the node recorded {stored[position]!r}, but the rule gives {on_floats!r}")


def _masks(count: int) -> list[int]:
    """Which operands are Values, one bit for each: every choice of up to three; of more, each alone, and all."""
    return [*range(1, 2**count)] if count <= 3 else [*(2**i for i in range(count)), 2**count - 1]


def _outcome(rule: Callable[..., Any], *operands: Any) -> str:
    """What becomes of a rule, in words."""
    try:
        result = rule(*operands)
    except NO_VALUE as error:
        return f"raises {type(error).__name__} ({error})"
    return f"gives {result.data if isinstance(result, Value) else result!r}"


def _apart(x: float, y: float | None) -> bool:
    return y is None or struct.pack("<d", x) != struct.pack("<d", y)


class Row:
    """A row as a subject for `screen`: its function and its rules on floats."""

    judged = 150

    def __init__(self, primitive: Primitive) -> None:
        self.primitive = primitive
        self.names, self.intervals, self.accept = primitive.operands, primitive.domain, primitive.accept
        self._forward = forward_of(primitive)

    def value(self, point: Sequence[float]) -> float | None:
        """The function's value; None where it has none, or is not finite."""
        try:
            z = self._forward(*point)
        except FAILURES:
            return None
        return None if z * 0.0 else z

    def claims(self, point: Sequence[float]) -> tuple[float, list[float | None]] | None:
        """The function's value and the rules'; None where a rule has none, and nan where there is no rule."""
        z = self.value(point)
        if z is None:
            return None
        return z, [math.nan if rule is None else evaluated(rule, z, *point) for rule in self.primitive.partials]

    def judge(self, point: Sequence[float], position: int, slope: float | None) -> Judgement:
        """What differences say of a local derivative."""
        return judge_partial(self.primitive, point, position, math.nan if slope is None else slope)

    def kinks(self, position: int) -> list[float]:
        """Where the row's kinks are, along one operand."""
        return kinks_along(self.primitive, position, [into(0.5, interval) for interval in self.intervals])


def said(primitive: Primitive, position: int, operands: Sequence[float], slope: float | None, judged: Judgement) -> str:
    """A contradiction between a rule and differences, in one line."""
    rule = "the rule has no value" if slope is None else f"the rule gives {slope!r}"
    differences = f"differences of the function give {judged.numeric!r} ± {judged.bound:.1g}"
    return f"{spelled_partial(primitive, position, operands)}: {rule}, but {differences}"


def check_differences(primitive: Primitive, operands: Sequence[float]) -> str:
    """Each local derivative agrees with differences of the forward function, and there is one where differences have one.

    Returns the verdicts met.
    """
    met = []
    row = Row(primitive)
    for position, got in enumerate((row.claims(operands) or (0.0, []))[1]):
        # A joint condition may leave points that have no neighbours, which differences cannot see where floats are whole numbers apart: a
        # negative number has a power to 1e16 and to 1e16 + 2, and none between.
        if primitive.partials[position] is None or (
            got is None and primitive.condition is not None and math.ulp(operands[position]) >= 1.0
        ):
            continue
        judgement = row.judge(operands, position, got)
        met.append(judgement.verdict)
        if judgement.verdict == "differs":
            raise AssertionError(said(primitive, position, operands, got, judgement))
    return ", ".join(met)


def check_kinks(primitive: Primitive, operands: Sequence[float]) -> None:
    """Where the function has a corner or a jump, one of the row's kink expressions vanishes."""
    if is_at_kink(primitive, operands):
        return
    noise = 4.0 * math.ulp(primitive.kinds[float](*operands))
    for position, x in enumerate(operands):
        slopes = corner(along(primitive, operands, position), x, max(abs(x), 1.0) * 2.0**-10, noise, measured=True)
        if slopes is not None:
            at = f"{spelled(primitive, operands)}: slope {slopes[0]:g} on the left, {slopes[1]:g} on the right"
            raise AssertionError(f"{primitive.name} has a kink that it does not declare, at {at}")


def check_jumps(primitive: Primitive) -> int:
    """Where the function or a rule jumps, between any two common numbers, a kink is declared. Returns how many ways were searched.

    Halving a way again and again, always to the half with the greater change, ends at a jump if there is one.
    """
    modest = [into(0.5, interval) for interval in primitive.domain]
    searched = 0
    for by, interval in enumerate(primitive.domain):
        numbers = sorted({x for x in COMMON if x in interval})

        def at(x: float, by: int = by) -> list[float]:
            return moved(modest, by, x)

        def value(x: float) -> float | None:
            return evaluated(primitive.kinds[float], *at(x))

        def slope(x: float, rule: Callable[..., Any]) -> float | None:
            z = value(x)
            return None if z is None else evaluated(rule, z, *at(x))

        functions: list[Callable[[float], float | None]] = [value, *(partial(slope, rule=rule) for _, rule in rules_of(primitive))]
        for f in functions:
            for low, high in pairwise(numbers):
                searched += 1
                ends = _greatest_change(f, low, high)
                if (
                    ends is not None
                    and not any(is_at_kink(primitive, at(end)) for end in ends)
                    and kink_distance(primitive, *map(at, ends)) > 1.0
                ):
                    what = "jumps" if f is value else "has a rule that jumps"
                    raise AssertionError(f"{primitive.name} {what}, and declares no kink there: at {spelled(primitive, at(ends[1]))}")
    return searched


def _greatest_change(f: Callable[[float], float | None], low: float, high: float) -> tuple[float, float] | None:
    """Neighbouring floats between which f jumps by more than a millionth; None where none were found, or f is no modest number."""
    while True:
        middle = low + (high - low) / 2.0
        first, last = f(low), f(high)
        if (
            first is None
            or last is None
            or abs(last - first) <= 1e-6 * max(abs(first), abs(last), 1e-3)
            or max(abs(first), abs(last)) > 1e6
        ):
            return None
        if not low < middle < high:
            return low, high
        between = f(middle)
        if between is None:
            return None
        low, high = (low, middle) if abs(between - first) > abs(last - between) else (middle, high)


def check_complex(primitive: Primitive, operands: Sequence[float], tolerance: float = 1e-10) -> bool:
    """Each local derivative agrees with a complex step. False where the function has no complex form.

    A complex step believes that the function is analytic. So it accuses nobody whom real differences do not accuse as well.
    """
    if is_at_kink(primitive, operands) or primitive.name == "stop_gradient":
        return True
    for position, got in partials_at(primitive, operands):
        try:
            slope = complex_step(along(primitive, operands, position), operands[position])
        except TypeError:
            return False
        except NO_VALUE:
            continue
        if math.isfinite(slope) and abs(slope - got) > tolerance * max(abs(slope), abs(got)) + 1e-300:
            judgement = judge_partial(primitive, operands, position, got)
            if abs(slope - judgement.numeric) > 4.0 * judgement.bound + tolerance * abs(slope):
                continue  # differences contradict the complex step: the function is not analytic, as where it looks at abs(x)
            raise AssertionError(
                f"{spelled_partial(primitive, position, operands)}: the rule gives {got!r}, but a complex step gives {slope!r}"
            )
    return True


def check_domain(primitive: Primitive) -> int:
    """The function has a value within its declared intervals, up to their ends, and none outside. Returns how many points were tried.

    Where the operands have a `condition` as well, in words, only the second is tried.
    """
    modest = [into(0.5, interval) for interval in primitive.domain]
    tried = 0
    for position, interval in enumerate(primitive.domain):
        ends = [end for end in (interval.low, interval.high) if math.isfinite(end)]
        near = [end + sign * max(abs(end), 1.0) * step for end in ends for sign in (1.0, -1.0) for step in (2.0**-52, 0.01, 1.0)]
        for x in dict.fromkeys([*ends, *near, *COMMON]):
            point = moved(modest, position, x)
            try:
                primitive.kinds[float](*point)
            except (DomainError, DivisionByZeroError) as error:
                if x in interval and not primitive.condition:
                    declared = primitive.domain_text or "all numbers"
                    raise AssertionError(
                        f"{primitive.name} declares {declared} as its domain, but at {spelled(primitive, point)}: {error}"
                    ) from None
            except NO_VALUE:
                pass
            else:
                if x not in interval and "outside" not in primitive.undeclared:
                    raise AssertionError(
                        f"{primitive.name} has a value at {spelled(primitive, point)}, outside of its declared domain"
                        f" {primitive.domain_text}"
                    )
            tried += 1
    return tried


def check_formula(primitive: Primitive, operands: Sequence[float]) -> None:
    """The function is what `formula` says exactly, up to rounding."""
    z, exact = primitive.kinds[float](*operands), exact_value(primitive, operands)
    if exact is not None and not math.isclose(z, float(exact), rel_tol=max(1e-11, 2.0 * primitive.accept), abs_tol=1e-15):
        raise AssertionError(
            f"{primitive.name} at {spelled(primitive, operands)} is {z!r}, but its formula {primitive.formula!r} is {float(exact)!r}"
        )


def check_exact(primitive: Primitive, operands: Sequence[float], units: float) -> float:
    """Local derivatives are within so many units in the last place (and a `known_loss`) of what `textbook` says exactly.

    Returns the worst error.
    """
    z = primitive.kinds[float](*operands)
    worst = 0.0
    if is_at_kink(primitive, operands):
        return worst
    for position, rule in rules_of(primitive):
        exact = exact_partial(primitive, position, operands)
        if exact is None:
            continue
        got = evaluated(rule, z, *operands)
        error = ulps(math.nan if got is None else got, exact)
        if math.isinf(float(exact)) and got is None:
            continue
        worst = max(worst, error)
        if error > units + known_loss(primitive, position, z, operands) / math.ulp(float(exact)):
            what = f"{spelled_partial(primitive, position, operands)}: the rule gives {got!r}"
            textbook = f"its textbook form {primitive.textbook[position]!r} is {float(exact)!r}"
            raise AssertionError(f"{what}, but {textbook}: off by {error:.2g} units in the last place, where {units:g} are allowed")
    return worst


def check_second(primitive: Primitive, operands: Sequence[float]) -> None:
    """The derivative of each rule, by `gradient`, agrees with differences of the rule on floats."""
    if is_at_kink(primitive, operands) or not primitive.further:
        return
    places = [position for position, _ in rules_of(primitive)]
    for position in places:
        for by in places:
            found = judge_second(primitive, operands, position, by)
            if found is None or found[1].verdict != "differs":
                continue
            second, judgement = found
            x, y = primitive.operands[position], primitive.operands[by]
            hint = "" if second else LOST
            raise AssertionError(
                f"∂²{primitive.name}/∂{x}∂{y} at {spelled(primitive, operands)}: gradient of gradient gives {second!r},"
                f" but differences of the rule for {x} give {judgement.numeric!r} ± {judgement.bound:.1g}{hint}"
            )


LOST = "; a rule that computes with math, or with plain numbers, has no derivative: write it in the table's functions, or say further=False"


def check_reference(primitive: Primitive, operands: Sequence[float], reference: Callable[..., Any], units: float) -> None:
    """Function and local derivatives agree with a function of mpmath's numbers, which mpmath differentiates."""
    if is_at_kink(primitive, operands):
        return
    z, exact = primitive.kinds[float](*operands), reference_value(reference, operands)
    if exact is not None and not math.isclose(z, float(exact), rel_tol=max(1e-7, 2.0 * primitive.accept), abs_tol=1e-300):
        raise AssertionError(f"{primitive.name} at {spelled(primitive, operands)} is {z!r}, but the reference gives {float(exact)!r}")
    for position, got in partials_at(primitive, operands) if primitive.name != "stop_gradient" else ():
        around = [moved(operands, position, operands[position] + h) for h in (2.0**-20, -(2.0**-20))]
        exact = reference_partial(reference, position, operands) if all(has_value(primitive, point) for point in around) else None
        if exact is None:  # at an end of the domain, or where mpmath finds none
            continue
        loss = known_loss(primitive, position, z, operands) / math.ulp(float(exact))
        if ulps(got, exact) > units + loss and abs(exact - got) > 1e-30:
            raise AssertionError(
                f"{spelled_partial(primitive, position, operands)}: the rule gives {got!r},"
                f" but the reference gives {float(exact)!r}: off by {ulps(got, exact):.2g} units in the last place"
            )


def allowed_units(primitive: Primitive) -> float:
    """`ULPS` for the table's own rows, `UNITS` for any other."""
    return ULPS if getattr(vars(ops).get(primitive.name), "primitive", None) is primitive else UNITS


RUNGS = "domain", "rules", "differences", "complex step", "formula", "textbook", "second derivatives", "reference"


def climb(
    primitive: Primitive,
    reference: Callable[..., Any] | None = None,
    *,
    units: float | None = None,
    points: Sequence[tuple[float, ...]] = (),
) -> dict[str, int]:
    """Every rung of the ladder at common points and at `points`; an AssertionError in one line at the first fault.

    Returns how often each rung was climbed; the rungs that need exact forms are left out where the row's strings have none.
    """
    count = dict.fromkeys(RUNGS, 0)
    for fault in faults(primitive, count, reference, units=units, points=points):
        raise AssertionError(fault)
    return count


def faults(
    primitive: Primitive,
    count: dict[str, int],
    reference: Callable[..., Any] | None = None,
    *,
    units: float | None = None,
    points: Sequence[tuple[float, ...]] = (),
    order: int = 2,
) -> Iterator[str]:
    """What is wrong with a row, a line for each fault: every rung at common points and at `points`. A rung is left at its first fault.

    count  is told how often each rung was climbed
    """
    units = allowed_units(primitive) if units is None else units
    units = max(units, 4.0 * primitive.accept * 2.0**52)
    common = simplest_first(common_points(primitive))
    if not common and not points:
        raise ValueError(f"no points were found at which {primitive.name} has a value")
    broken: set[str] = set()
    agreed = 0

    def climbed(rung: str, look: Callable[[], Any]) -> Iterator[str]:
        nonlocal agreed
        if rung in broken:
            return
        try:
            result = look()
        except AssertionError as error:
            broken.add(rung)
            yield str(error)
            return
        except LookupError:
            broken.add(rung)
            return
        agreed += isinstance(result, str) and "agrees" in result
        if rung in count:
            count[rung] += result if rung == "domain" else result is not False

    if "domain" not in primitive.undeclared:
        yield from climbed("domain", partial(check_domain, primitive))
    for operands in (*common, *points):
        modest = max(map(abs, operands)) <= 50.0
        yield from climbed("rules", partial(check_rules, primitive, operands))
        if modest:
            yield from climbed("formula", partial(check_formula, primitive, operands))
            if has_textbook(primitive):
                yield from climbed("textbook", partial(check_exact, primitive, operands, units))
        if primitive.surrogate:
            continue
        if "kinks" not in primitive.undeclared:
            yield from climbed("kinks", partial(check_kinks, primitive, operands))
        yield from climbed("differences", partial(check_differences, primitive, operands))
        if all(1e-6 < abs(x) < 50.0 for x in operands):  # where complex arithmetic is exact enough, and no power branches
            yield from climbed("complex step", partial(check_complex, primitive, operands))
        if reference is not None and modest:
            yield from climbed("reference", partial(check_reference, primitive, operands, reference, units))
    if "kinks" not in primitive.undeclared | broken and not primitive.surrogate:
        yield from climbed("jumps", partial(check_jumps, primitive))
    if not agreed and not broken & {"differences", "rules"} and not primitive.surrogate:
        yield f"{primitive.name}: at none of {count['differences']} points could differences say anything"
    for operands in common[:: max(len(common) // 20, 1)] if order > 1 else ():
        yield from climbed("second derivatives", partial(check_second, primitive, operands))


def has_textbook(primitive: Primitive) -> bool:
    """Whether each rule of the row has a textbook form, one that is more than a name."""
    texts = zip(primitive.operands, primitive.textbook, primitive.partials, strict=True)
    return all(text not in ("", f"d{primitive.name}/d{operand}") for operand, text, rule in texts if rule is not None)
