"""A row, or any function, at all numbers that people meet: what `autograd.testing` asserts, without hypothesis."""

from __future__ import annotations

import math
import random
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Literal

from ..errors import AutogradError, LostGradientError
from ..graph import cotangents, topological
from ..primitive import Interval, Primitive
from ..trees import flatten, rebuild, walk
from ..value import Value
from .chance import random_operands
from .functions import check_gradients, names_of_inputs, second_of_rules
from .judging import Judgement
from .ladder import (
    RUNGS,
    Row,
    allowed_units,
    check_differences,
    check_exact,
    check_formula,
    check_reference,
    check_rules,
    faults,
    has_textbook,
    said,
)
from .places import is_everyday, simplest_first
from .report import Report
from .screen import Fault, Point, far, screen

NOWHERE = (AutogradError, ArithmeticError)
"""What a function raises where it has no value: such points are passed over."""


class ExtremesWarning(UserWarning):
    """A derivative is right at all numbers that people meet, and wrong at extremes only; or a rule is right, and cannot be compiled."""


class Counted(dict[str, int]):
    """How often each rung was climbed, and what was found besides, in `notes`: printed below the counts."""

    def __init__(self, *counts: Any) -> None:
        super().__init__(*counts)
        self.notes: list[str] = []

    def told(self) -> str:
        """The counts and the notes, a line each."""
        return "\n".join([", ".join(f"{rung}: {count:,}" for rung, count in self.items()), *self.notes])


def about(line: str) -> str:
    """What a line is about: all before the place."""
    return line.split(" at ", 1)[0]


def distinct(lines: Iterable[str]) -> list[str]:
    """The lines without those that say another time what is wrong with the same derivative."""
    seen: dict[str, str] = {}
    for line in lines:
        seen.setdefault(about(line), line)
    return list(seen.values())


def refuse(found: list[str], extremes: list[str], notes: list[str], fail: bool, level: int = 3) -> None:
    """One AssertionError for all faults; a warning for what is wrong at extremes only, unless that is to fail as well."""
    if found or (fail and extremes):
        raise AssertionError("\n".join([*found, *(extremes if fail else [])]))
    for line in [*extremes, *notes]:
        warnings.warn(line, ExtremesWarning, stacklevel=level)


def row_faults(
    row: Primitive,
    count: Counted,
    reference: Callable[..., Any] | None,
    units: float | None,
    examples: int,
    order: int,
) -> tuple[list[str], list[str]]:
    """What is wrong with a row, a line for each fault; and what is wrong with it at extremes only."""
    found: list[str] = []
    distant: list[str] = []
    if not row.surrogate:
        subject = Row(row)
        for fault in sorted(screen(subject), key=lambda fault: (fault.position, -fault.wrong)):
            found.append(_line(row, fault))
        for fault in far(subject):
            distant.append(_line(row, fault))
    found += faults(row, count, reference, units=units, order=order)
    at_random, distant_at_random = _at_random(row, count, reference, units, examples)
    found, distant = distinct([*found, *at_random]), distinct([*distant, *distant_at_random])
    wrong = {about(line) for line in found}
    return found, [line for line in distant if about(line) not in wrong]


def _at_random(
    row: Primitive, count: Counted, reference: Callable[..., Any] | None, units: float | None, examples: int
) -> tuple[list[str], list[str]]:
    """What is wrong with a row at random points: at everyday ones, and at extremes."""
    rng = random.Random(0)
    allowed = max(allowed_units(row) if units is None else units, 4.0 * row.accept * 2.0**52)
    looks: dict[str, Callable[[Point], object]] = {"rules": lambda point: check_rules(row, point)}
    if not row.surrogate:
        looks["differences"] = lambda point: check_differences(row, point)
        looks["formula"] = lambda point: check_formula(row, point)
        if has_textbook(row):
            looks["textbook"] = lambda point: check_exact(row, point, allowed)
        if reference is not None:
            looks["reference"] = lambda point: check_reference(row, point, reference, allowed)
    found: list[str] = []
    distant: list[str] = []
    for _ in range(examples):
        point = random_operands(rng, row)
        usual = all(map(is_everyday, point, row.domain))
        for rung, look in list(looks.items()):
            exact = rung in ("formula", "textbook", "reference")
            if exact and not (usual and _are_normal(row, point)):
                continue
            try:
                look(point)
                count[rung] += 1
            except LookupError:
                del looks[rung]
            except AssertionError as error:
                count[rung] += 1
                if usual:
                    found.append(str(error))
                    del looks[rung]
                else:
                    distant.append(str(error))
    return found, distant


def _are_normal(row: Primitive, point: Point) -> bool:
    """Whether the row's value and rules at the point are normal floats: subnormal ones have fewer digits."""
    value, slopes = Row(row).claims(point) or (0.0, [])
    return all(x is None or x != x or x == 0.0 or abs(x) >= sys.float_info.min for x in (value, *slopes))


def _line(row: Primitive, fault: Fault) -> str:
    text = said(row, fault.position, fault.point, fault.slope, fault.judged)
    return f"{text}; {fault.extent(row.operands[fault.position])}"


def climbed_anywhere(
    row: Primitive,
    reference: Callable[..., Any] | None = None,
    *,
    units: float | None = None,
    examples: int = 50,
    order: int = 2,
) -> tuple[Counted, list[str], list[str]]:
    """The counts of all rungs, the faults, and the faults at extremes alone."""
    count = Counted(dict.fromkeys(RUNGS, 0))
    found, distant = row_faults(row, count, reference, units, examples, order)
    return count, found, distant


# ------------------------------------------------------------------------------------------------------------------------
# Any function


@dataclass
class Looked:
    """What a check of a function at many numbers looked at; printed, in words.

    points   at how many points the function had a value
    nowhere  at how many it had none; these are passed over
    notes    what is wrong at extremes only, a line each
    """

    points: int = 0
    nowhere: int = 0
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        without = f", {self.nowhere:,} without a value passed over" if self.nowhere else ""
        return "\n".join([f"right at {self.points:,} points{without}", *self.notes])


class Function:
    """A function of numbers, or of lists of them, as a subject for `screen`: its value, and the gradient of the graph that it records."""

    judged = 24

    def __init__(self, f: Callable[..., Any], inputs: tuple[Any, ...], intervals: Sequence[Interval], **options: Any) -> None:
        self.f, self.inputs, self.options = f, inputs, options
        self.names = tuple(names_of_inputs(f, inputs))
        self.intervals = tuple(intervals)
        self.accept = 0.0
        self.structure = flatten(inputs, [], lambda x: x)
        self.is_flat = all(isinstance(x, (int, float)) for x in inputs)
        self.takes_floats = False
        self.looked = Looked()
        self.reports: dict[Point, Report] = {}

    def kinks(self, position: int) -> Sequence[float]:
        """Nothing is known of a function's kinks."""
        return ()

    def filled(self, numbers: Iterable[Any]) -> tuple[Any, ...]:
        """The inputs with these numbers in their places."""
        return tuple(rebuild(self.structure, iter(numbers)))

    def output(self, point: Point) -> tuple[Any, list[Value]]:
        """What the function makes of fresh Values, and these."""
        leaves = [Value(x) for x in point]
        return (self.f(*leaves) if self.is_flat else self.f(*self.filled(leaves))), leaves

    def value(self, point: Point) -> float | None:
        """The function's value; None where it has none. A function that can is asked with floats, which are faster."""
        try:
            output = self.f(*point) if self.takes_floats else self.output(point)[0]
        except LostGradientError:
            raise
        except NOWHERE:
            return None
        return output if type(output) is float else float(getattr(output, "data", output))

    def claims(self, point: Point) -> tuple[float, list[float | None]] | None:
        """The value and the gradient; None where the graph has none."""
        try:
            output, leaves = self.output(point)
        except LostGradientError:
            raise
        except NOWHERE:
            self.looked.nowhere += 1
            return None
        self.looked.points += 1
        if not isinstance(output, Value):
            return float(output), [0.0] * len(leaves)
        gradient = cotangents(output)
        slopes = [gradient.get(leaf, 0.0) for leaf in leaves]
        return output.data, [slope if math.isfinite(slope) else None for slope in slopes]

    def look_whether_floats_do(self, point: Point) -> None:
        """Find out whether the function takes plain floats, and says of them what it says of Values."""
        self.takes_floats = False
        expected = self.value(point)
        if self.is_flat:
            try:
                found = self.f(*point)
            except Exception:  # such as an AttributeError: floats have no methods
                return
            self.takes_floats = type(found) is float and found == expected

    def report(self, point: Point) -> Report:
        """What check_gradients says at a point."""
        if point not in self.reports:
            self.reports[point] = check_gradients(self.f, *self.filled(point), **self.options)
        return self.reports[point]

    def judge(self, point: Point, position: int, slope: float | None) -> Judgement:
        """Whether the report at this point has a mistake."""
        report = self.report(point)
        if not report.mistakes:
            return Judgement(math.nan, math.inf, "agrees")
        mistake = report.mistakes[0]
        return Judgement(mistake.numeric, mistake.bound, "differs", mistake.note)


def _few(subject: Function) -> list[Point]:
    """Simple points, every combination of a few numbers."""
    few = (0.0, 1.0, -1.0, 0.5, 2.0, -2.0, 3.0, 0.25, 0.75, -0.5)
    count = len(subject.names)
    options = few if count == 1 else few[:6] if count == 2 else few[:3] if count <= 4 else ()
    choices = [[x for x in options if x in interval] for interval in subject.intervals]
    return [tuple(map(float, point)) for point in product(*choices)] if all(choices) else []


def function_faults(subject: Function, drawn: Sequence[Point], *, dense: bool, order: Literal[1, 2]) -> tuple[list[str], list[str]]:
    """What is wrong with a function, a text for each fault; and what is wrong with it at extremes only.

    drawn  points that somebody chose
    dense  whether the function may be asked anywhere in its intervals
    """
    looked = subject.looked
    simple = _few(subject) if dense else []
    wrong: list[Point] = []
    distant: list[Point] = []
    second: list[str] = []
    extents: dict[Point, str] = {}
    for point in simplest_first(dict.fromkeys([*simple, *drawn])):
        usual = all(map(is_everyday, point, subject.intervals))
        if len(wrong if usual else distant) >= 5:
            continue
        try:
            report = subject.report(point)
        except LostGradientError:
            raise
        except NOWHERE:
            looked.nowhere += 1
            continue
        looked.points += 1
        if report.mistakes:
            (wrong if usual else distant).append(point)
    if dense:
        for fault in _screened(subject):
            wrong.append(fault.point)
            extents[fault.point] = fault.extent(subject.names[fault.position])
    found = [_text(subject, point, extent) for point, extent in _representatives(subject, wrong, extents).items()]
    if order == 2 and not found:
        second = list(_second(subject, [*simple, *drawn[:10]]))
    far_texts = [] if found else [_far_text(subject, point) for point in list(_representatives(subject, distant, {}))[:1]]
    return [*found, *second], far_texts


def _screened(subject: Function) -> Iterator[Fault]:
    """The faults that a screen finds. The larger the graph, the fewer the points."""
    nodes = 3
    for point in _few(subject):
        try:
            output, _ = subject.output(point)
        except NOWHERE:
            continue
        nodes = len(topological(output)) if isinstance(output, Value) else 1
        subject.look_whether_floats_do(point)
        break
    count = len(subject.names)
    share = min(1.0, 3.5 / max(nodes, 1)) / (1.0 if count == 1 else 2.5 * count)
    if share > 0.002:
        yield from screen(subject, share=share)


def _representatives(subject: Function, points: list[Point], extents: dict[Point, str]) -> dict[Point, str]:
    """For each guilty operation or input, the simplest point at which it is wrong, and its extent if that is known."""
    chosen: dict[str, Point] = {}
    known: dict[str, str] = {}
    for point in simplest_first(dict.fromkeys(points)):
        guilty = subject.report(point).mistakes[0]
        key = f"{guilty.op} {guilty.position}" if guilty.position is not None else guilty.name
        chosen.setdefault(key, point)
        if point in extents:
            known.setdefault(key, extents[point])
    return {point: known.get(key, "") for key, point in chosen.items()}


def _text(subject: Function, point: Point, extent: str) -> str:
    where = f" ({extent})" if extent else ""
    return f"at {', '.join(map(repr, subject.filled(point)))}{where}:\n{subject.report(point)}"


def _far_text(subject: Function, point: Point) -> str:
    first = subject.report(point).guilty[0]
    return f"only at extremes, as at {', '.join(map(repr, subject.filled(point)))}: {first}"


SMALL = 16
"""Nodes up to which a graph's second derivatives are checked whole: they cost the square of a graph some times as large."""


def _second(subject: Function, points: Sequence[Point]) -> Iterator[str]:
    """What is wrong with second derivatives, at the first point where something is: of the whole if it is small, else of each rule."""
    step, tolerance = subject.options["step"], subject.options["tolerance"]
    for point in simplest_first(dict.fromkeys(points))[:14]:
        if not all(map(is_everyday, point, subject.intervals)):
            continue
        try:
            output, _ = subject.output(point)
            if not isinstance(output, Value):
                continue
            if len(topological(output)) <= SMALL:
                report = check_gradients(subject.f, *subject.filled(point), **subject.options | {"order": 2})
            else:
                report = Report(output, [], second_of_rules(output, step, tolerance))
        except LostGradientError:
            raise
        except NOWHERE:
            continue
        if report.mistakes:
            yield f"at {', '.join(map(repr, subject.filled(point)))}, the second derivative:\n{report}"
            return


def numbers_in(inputs: Any) -> Point:
    """The numbers in an input and the lists in it, one after the other."""
    return tuple(float(getattr(x, "data", x)) for _, x in walk(inputs, "", "assert_gradients"))
