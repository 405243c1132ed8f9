"""Random numbers, operands and graphs. The source of chance is a random.Random, or one whose numbers hypothesis draws."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import AutogradError
from ..primitive import PRIMITIVES, REALS, Interval, Primitive
from ..value import Value

_POSITIVE = (
    5e-324, 2.2e-308, 1e-300, 1e-160, 1e-8, 0.1, 0.5, 1.0 - 2.0**-53, 1.0, 1.0 + 2.0**-52, 1.3, 2.0, 3.0, 20.0, 36.7, 100.0,
    709.78, 709.79, 745.2, 1e3, 1e8, 1e16, 1e22, 1e154, 1e155, 1e200, sys.float_info.max,
)  # fmt: skip
SPECIAL = (0.0, -0.0, *_POSITIVE, *(-x for x in _POSITIVE))
"""0 first; then where an exponential overflows or underflows, a square does, a sum with 1 rounds, and the ends of the floats."""
COMMON = (0.0, *(s * x for x in (0.1, 0.5, 1.0, 1.3, 2.0, 3.0, 20.0, 36.7) for s in (1.0, -1.0)))
"""Numbers that people meet, 0 first."""


def random_number(rng: random.Random, interval: Interval = Interval(), around: Sequence[float] = ()) -> float:  # noqa: B008
    """A number in the interval: special, near an end or one of the points `around`, or just any."""
    ends = [end for end in (interval.low, interval.high) if math.isfinite(end)]
    way = rng.randrange(8)
    if way == 0:
        x = rng.choice(SPECIAL)
    elif way == 1 and (ends or around):
        x = rng.choice([*ends, *around])
        x += rng.choice((0.0, 1.0, -1.0)) * math.ldexp(1.0, rng.randint(-52, 0))
    elif way == 2:
        x = rng.choice((1.0, -1.0)) * math.ldexp(rng.uniform(1.0, 2.0), rng.randint(-20, 8))
    elif way == 3:
        x = float(rng.randint(-5, 5))
    else:
        x = rng.uniform(-4.0, 4.0)
    return into(x, interval)


def into(x: float, interval: Interval) -> float:
    """x if it lies in the interval, else a number that does."""
    low, high = interval.low, interval.high
    if x in interval:
        return x
    if math.isfinite(low) and math.isfinite(high):
        x = low + (high - low) * (0.5 + math.atan(x if math.isfinite(x) else 0.0) / 4.0)
    elif math.isfinite(low):
        x = low + abs(x) if low + abs(x) > low else low + 1.0
    else:
        x = high - abs(x) if high - abs(x) < high else high - 1.0
    return x if x in interval else low + 1.0 if math.isfinite(low) else high - 1.0


def random_operands(rng: random.Random, primitive: Primitive) -> tuple[float, ...]:
    """Operands at which the row has a value, often special, at an end of the domain, or near a kink."""
    for _ in range(20):
        operands = [random_number(rng, interval, (0.0, 1.0)) for interval in primitive.domain]
        if len(operands) == 2 and rng.randrange(6) == 0:  # a tie, or nearly one
            near = 1.0 - rng.choice((0.0, 1.0, -1.0)) * math.ldexp(1.0, rng.randint(-52, -1))
            operands[1] = into(operands[0] * near if abs(operands[0]) < 1e300 else operands[0], primitive.domain[1])
        for mended in _mended(operands):
            if has_value(primitive, mended):
                return mended
    raise ValueError(f"no operands were found at which {primitive.name} has a value")


def _mended(operands: Sequence[float]) -> Iterator[tuple[float, ...]]:
    """The operands; then as they must be for joint conditions and the range of floats: whole exponents, positive bases, modest sizes."""
    yield tuple(operands)
    if len(operands) == 2:
        x, y = operands
        if abs(y) < 1e15:
            yield x, float(round(y))
            yield x, float(abs(round(y)))
        yield abs(x), y
    yield tuple(math.remainder(x, 8.0) for x in operands)
    yield tuple(abs(math.remainder(x, 8.0)) + 0.125 for x in operands)
    if len(operands) == 2:
        yield abs(math.remainder(x, 8.0)) + 0.125, 1.0 + abs(round(math.remainder(y, 8.0)))


def has_value(primitive: Primitive, operands: Sequence[float]) -> bool:
    """Whether the row has a finite value at the operands."""
    try:
        primitive.kinds[float](*operands)
    except AutogradError:
        return False
    return True


def common_points(primitive: Primitive) -> list[tuple[float, ...]]:
    """Operands people meet, 0 first, at which the row has a value."""
    if len(primitive.operands) == 1:
        points: list[tuple[float, ...]] = [(into(x, primitive.domain[0]),) for x in COMMON]
    elif len(primitive.operands) == 2:
        few = COMMON[:11]
        points = [(x, y) for x in few for y in few]
    else:
        rng = random.Random(0)
        points = [tuple(into(rng.choice(COMMON[:11]), interval) for interval in primitive.domain) for _ in range(120)]
    return list(dict.fromkeys(point for point in points if has_value(primitive, point)))


# ------------------------------------------------------------------------------------------------------------------------
# Random graphs

_SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "power": "**", "pow": "**"}
LIMIT = 1e6
"""No result in a random graph is larger."""


Entry = tuple[Primitive | None, tuple[int | float, ...]]
"""A row and its operands, places of earlier entries or constants; for a leaf, None and its number."""


@dataclass(frozen=True)
class Recipe:
    """A computation written down: leaves and operations in order, the last of which is the output.

    Called with one number or Value a leaf, it computes the output; printed, it is a Python function.
    """

    steps: tuple[Entry, ...]

    @property
    def inputs(self) -> tuple[float, ...]:
        """The leaves' numbers."""
        return tuple(float(operands[0]) for row, operands in self.steps if row is None)

    def results(self, *inputs: Any) -> list[Any]:
        """The result of every entry."""
        waiting, made = iter(inputs), []
        for row, operands in self.steps:
            if row is None:
                made.append(next(waiting))
            else:
                numbers = [made[operand] if isinstance(operand, int) else operand for operand in operands]
                kind = next((type(x) for x in numbers if type(x) is not float), float)
                made.append(row.kinds[kind](*numbers))
        return made

    def __call__(self, *inputs: Any) -> Any:
        """The output for these leaves."""
        return self.results(*inputs)[-1]

    def record(self) -> Value:
        """The output as a graph, with fresh leaves x0, x1, …"""
        output = self(*(Value(x, label=f"x{i}") for i, x in enumerate(self.inputs)))
        assert isinstance(output, Value)
        return output

    def __repr__(self) -> str:
        names: list[str] = []
        lines = []
        for i, (row, operands) in enumerate(self.steps):
            if row is None:
                names.append(f"x{sum(name.startswith('x') for name in names)}")
                continue
            names.append(f"n{i}")
            x, *y = [names[operand] if isinstance(operand, int) else repr(operand) for operand in operands]
            if row.name in _SIGNS and not (row.name == "pow" and isinstance(operands[1], float)):  # x ** 2.0 is the row power
                text = f"({x}) {_SIGNS[row.name]} {y[0]}" if x.startswith("-") else f"{x} {_SIGNS[row.name]} {y[0]}"
            else:
                text = f"{row.name}({', '.join([x, *y])})"
            lines.append(f"    n{i} = {text}")
        leaves = [name for name in names if name.startswith("x")]
        numbers = ", ".join(map(repr, self.inputs))
        return "\n".join([f"def f({', '.join(leaves)}):", *lines, f"    return {names[-1]}", "", f"f({numbers})"])


def random_recipe(rng: random.Random, primitives: Iterable[Primitive] | None = None, *, leaves: int = 3, most: int = 12) -> Recipe:
    """A random computation over the rows: shared and repeated operands, constants, dead branches; every entry has a value.

    Where an operand lies outside a row's domain, it is sent through a function that leads there, such as sigmoid, if the rows have
    one; else a new leaf takes its place. So nothing is drawn in vain. Results stay below a million.
    """
    rows = list(PRIMITIVES.values() if primitives is None else primitives)
    adapters = [row for row in rows if leads(row)]
    steps: list[Entry] = []
    numbers: list[float] = []

    def leaf(interval: Interval) -> int:
        x = into(math.remainder(random_number(rng, interval, (0.0, 1.0)), 8.0), interval)
        steps.append((None, (x,)))
        numbers.append(x)
        return len(steps) - 1

    def apply(row: Primitive, operands: tuple[int | float, ...]) -> bool:
        """Append the entry if it has a value of modest size."""
        point = tuple(numbers[x] if isinstance(x, int) else x for x in operands)
        try:
            z = row.kinds[float](*point)
        except AutogradError:
            return False
        if abs(z) > LIMIT or (z and abs(z) < 1.0 / LIMIT**2):
            return False
        steps.append((row, operands))
        numbers.append(z)
        return True

    def pick(row: Primitive) -> tuple[int | float, ...]:
        operands: list[int | float] = [len(steps) - 1 - rng.randrange(min(len(steps), 5)) for _ in row.operands]
        if len(operands) == 2:
            if row.partials[1] is None:
                operands[1] = rng.choice((2.0, 3.0, 0.5, -1.0, 1.5, 0.0))
            elif rng.randrange(6) == 0:
                operands[rng.randrange(2)] = rng.choice((2.0, 3.0, 0.5, 1.5))
        return tuple(operands)

    for _ in range(rng.randint(1, leaves)):
        leaf(Interval())
    for _ in range(rng.randint(1, most)):
        row = rng.choice(rows)
        operands = pick(row)
        if apply(row, operands):
            continue
        for adapter in adapters:
            held = len(steps)
            through = list(dict.fromkeys(place for place in operands if isinstance(place, int)))
            places = {place: held + i for i, place in enumerate(through) if apply(adapter, (place,))}
            if len(places) == len(through) and apply(row, tuple(places[x] if isinstance(x, int) else x for x in operands)):
                break
            del steps[held:], numbers[held:]
        else:
            held = len(steps)
            for _ in range(10):
                if apply(row, tuple(leaf(interval) if isinstance(x, int) else x for x, interval in zip(operands, row.domain, strict=True))):
                    break
                del steps[held:], numbers[held:]
    if steps[-1][0] is None and all(row is None for row, _ in steps):
        apply(rows[0], tuple(0 for _ in rows[0].operands))
    while steps[-1][0] is None and len(steps) > 1:
        del steps[-1]
    return Recipe(tuple(steps))


def leads(row: Primitive) -> bool:
    """Whether a row leads to other domains: a smooth function of any number. Between them, their results are in most."""
    return len(row.operands) == 1 and row.domain == (REALS,) and bool(row.result) and not (row.kinks or row.bends or any(row.flat))


def smooth_rows() -> list[Primitive]:
    """The rows without a kink: on graphs of them every derivative exists."""
    return [row for row in PRIMITIVES.values() if not row.kinks and row.name != "stop_gradient"]
