"""A function held against plain differences at thousands of numbers, and where these disagree, judged in full.

A plain difference costs two evaluations, a judgement some hundred. So the first look is cheap and at tens of thousands of points; what
it suspects, and a step sixteen times smaller and one sixteen times larger suspect too, lies in *runs* of neighbouring points. Some of
each run are judged in full, and only what these confirm is a fault. A fault knows its extent: at how many points, from where to where.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..primitive import Interval
from ..typeset import number
from .judging import Judgement
from .places import everyday, extremes, is_everyday, partner, simplest_first

Point = tuple[float, ...]
_STEP = 6e-6  # in units of x: where truncation and rounding of a plain difference weigh about the same
_VISIBLE = 2e-7
"""The relative mistake that a plain difference must show to raise a suspicion."""
SHARES = {1: 1.0, 2: 0.4}
"""Which share of the dense numbers each operand of a function with so many gets; 0.25 with more."""


class Subject(Protocol):
    """What is screened: a function of some numbers, and derivatives that it claims."""

    names: tuple[str, ...]
    intervals: tuple[Interval, ...]
    accept: float
    """The relative error that values of the function may have."""
    judged: int
    """So many suspects are judged in full, at most, for each operand."""

    def value(self, point: Point) -> float | None:
        """The function's value; None where it has none."""

    def claims(self, point: Point) -> tuple[float, Sequence[float | None]] | None:
        """The value, and the derivative by each operand that the function claims: None where it claims none, nan for an operand it has no
        rule for. None where there is no value."""

    def judge(self, point: Point, position: int, slope: float | None) -> Judgement:
        """What differences say of it, in full."""

    def kinks(self, position: int) -> Sequence[float]:
        """Where the function is said to have kinks along one operand, all others being modest."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A claim that differences contradict.

    position  the operand
    point     the simplest point at which the claim is wrong
    slope     what is claimed there; None where there is no claim
    judged    what differences say there
    wrong     at how many of the `looked` points it is wrong, all of them with this operand from `low` to `high`
    far       whether all of them are extremes
    """

    position: int
    point: Point
    slope: float | None
    judged: Judgement
    wrong: int
    looked: int
    low: float
    high: float
    far: bool = False

    def extent(self, name: str) -> str:
        """Where the claim is wrong, in words."""
        if self.far:
            sizes = sorted((abs(self.low), abs(self.high)))
            least = min(sizes) if self.low * self.high > 0.0 else 0.0
            if least > 1.0:
                return f"only beyond {name}={number(math.copysign(least, self.low), 3)}, at {self.wrong} of {self.looked} extremes"
            return f"only at extremes, {self.wrong} of {self.looked}, from {number(self.low, 3)} to {number(self.high, 3)}"
        if self.wrong == 1 or self.low == self.high:
            return f"wrong at {name}={number(self.low, 6)} alone, of {self.looked:,} numbers"
        span = f"{number(self.low, 4)} … {number(self.high, 4)}"
        return f"wrong at {self.wrong:,} of {self.looked:,} numbers, all with {name} in {span}"


def screen(subject: Subject, *, share: float | None = None, seed: int = 0) -> Iterator[Fault]:
    """The faults among everyday numbers: one for each stretch of each operand's, the simplest first."""
    count = len(subject.names)
    share = SHARES.get(count, 0.25) if share is None else share
    rng = random.Random(seed)
    for along in range(count):
        numbers = everyday(subject.intervals[along], subject.kinks(along), share)
        points = [tuple(x if i == along else partner(rng, interval, x) for i, interval in enumerate(subject.intervals)) for x in numbers]
        points = [point for point in points if all(map(is_everyday, point, subject.intervals))]
        yield from _faults(subject, points, along)


def _faults(subject: Subject, points: list[Point], along: int) -> Iterator[Fault]:
    """The faults at points that are sorted along one operand."""
    suspects: dict[int, list[int]] = {}
    looked = 0
    claims: dict[int, Sequence[float | None]] = {}
    for place, point in enumerate(points):
        claimed = subject.claims(point)
        if claimed is None:
            continue
        looked += 1
        middle, slopes = claimed
        for position, slope in enumerate(slopes):
            if (slope is None or slope == slope) and _is_suspect(subject, point, position, slope, middle):
                suspects.setdefault(position, []).append(place)
                claims[place] = slopes
    for position, places in suspects.items():
        yield from _confirmed(subject, points, position, places, claims, looked)


def _confirmed(
    subject: Subject,
    points: list[Point],
    position: int,
    places: list[int],
    claims: dict[int, Sequence[float | None]],
    looked: int,
) -> Iterator[Fault]:
    """The suspicions against one operand's derivative that hold."""
    runs: list[list[int]] = []
    for place in places:
        if runs and place - runs[-1][-1] <= 3:
            runs[-1].append(place)
        else:
            runs.append([place])
    runs.sort(key=lambda run: (-min(len(run), 4), run[0]))
    most = subject.judged
    each = max(most // max(len(runs), 1), 1)
    held: list[tuple[Point, float | None, Judgement]] = []
    wrong: list[float] = []
    for run in runs[:most]:
        simple = simplest_first(points[place] for place in run)
        few = simple[: max(each // 2, 1)] + [points[place] for place in run[:: max(len(run) // max(each // 2, 1), 1)]]
        place_of = {points[place]: place for place in run}
        found = []
        for point in list(dict.fromkeys(few))[: max(each, 2)]:
            claim = claims[place_of[point]][position]
            judged = subject.judge(point, position, claim)
            if judged.verdict == "differs":
                found.append((point, claim, judged))
                if len(found) >= 3:
                    break
        if found:
            held += found
            wrong += [points[place][position] for place in run]
    if held:
        simplest = simplest_first(point for point, *_ in held)[0]
        point, claim, judged = next(item for item in held if item[0] == simplest)
        yield Fault(position, point, claim, judged, len(wrong), looked, min(wrong), max(wrong))


def _is_suspect(subject: Subject, point: Point, position: int, slope: float | None, middle: float) -> bool:
    """Whether plain differences of three steps all contradict the claim."""
    size = abs(point[position]) or 1.0
    h = size * max(_STEP, math.pow(subject.accept, 1.0 / 3.0))
    return all(_contradicts(subject, point, position, slope, middle, step) for step in (h, h / 16.0, h * 16.0))


def _contradicts(subject: Subject, point: Point, position: int, slope: float | None, middle: float, h: float) -> bool:
    x = point[position]
    high, low = x + h, x - h
    above = subject.value((*point[:position], high, *point[position + 1 :]))
    below = subject.value((*point[:position], low, *point[position + 1 :]))
    if above is None or below is None:
        return False
    width = high - low
    quotient = (above - below) / width
    if slope is None:  # the function has a slope here, if both sides agree on it
        left, right = (middle - below) / (x - low), (above - middle) / (high - x)
        return abs(right - left) <= 0.01 * max(abs(left), abs(right)) + 1e-14 * (abs(above) + abs(below)) / width
    visible = max(_VISIBLE, 16.0 * math.pow(subject.accept, 2.0 / 3.0))
    noise = max(4e-15, 2.0 * subject.accept) * (abs(above) + abs(below) + abs(middle)) / width
    allowed = visible * max(abs(quotient), abs(slope)) + noise
    return abs(quotient - slope) > allowed


def far(subject: Subject, seed: int = 0) -> Iterator[Fault]:
    """The faults at extremes: each operand in turn, all others modest. Every point is judged in full."""
    rng = random.Random(seed)
    for along, interval in enumerate(subject.intervals):
        held: list[tuple[Point, int, float | None, Judgement]] = []
        looked = 0
        for x in extremes(interval):
            point = tuple(x if i == along else partner(rng, other, 1.0) for i, other in enumerate(subject.intervals))
            claimed = subject.claims(point)
            if claimed is None:
                continue
            looked += 1
            for position, slope in enumerate(claimed[1]):
                if slope is not None and slope != slope:
                    continue
                judged = subject.judge(point, position, slope)
                gone = slope is None and abs(judged.numeric) <= judged.bound  # nobody misses a 0 that far out
                if judged.verdict == "differs" and not gone:
                    held.append((point, position, slope, judged))
        for position in sorted({position for _, position, *_ in held}):
            mine = [item for item in held if item[1] == position]
            point, _, slope, judged = mine[0]
            places = [item[0][along] for item in mine]
            yield Fault(position, point, slope, judged, len(mine), looked, min(places), max(places), far=True)
