"""The arrays of a program for people: what it gets, what it computes, what they are called, and in which of them an address lies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..program.syntax import Name
from .assembling import Assembly, Piece
from .fuse import Ints
from .plan import Plan
from .spelling import Shape, Words
from .sweep import carrying

LETTERS = "xturqs"
"""What arguments are called."""


@dataclass(eq=False)
class Source:
    """An array of the program that others read: an argument, the parameters, or a group.

    start     the address of its first number
    shape     that of its numbers; one of the examples may follow
    leaf      whether the program gets it
    pieces    the parts of it that have names, and which numbers they are
    arrived   the gradients that have come so far: by which of its numbers, and the amount
    gradient  what holds its gradient, once that is known
    """

    name: str
    start: int
    shape: Shape
    batched: bool
    leaf: bool = False
    pieces: dict[str, Ints] = field(default_factory=dict)
    arrived: list[Piece] = field(default_factory=list)
    gradient: Name | None = None

    @property
    def array(self) -> Name:
        """It in the program."""
        return Name(self.name)

    @property
    def count(self) -> int:
        """How many numbers it has (for each example)."""
        return math.prod(self.shape)


class Sources(Assembly):
    """The arrays of a plan's program.

    names     what the function gets, and `columns` the arrays made of its arguments, each with the argument's name
    wanted    for each of those, whether the gradient by it is asked for; `params` are the parameters, if there are some
    of        the array of each group, by the group's first address, and `layer` the number of its layer, where it has weights
    sources   all of them
    """

    def __init__(self, plan: Plan, words: Words, arguments: Sequence[tuple[bool, int]]) -> None:
        super().__init__(words)
        self.plan = plan
        self.carrying = carrying(plan)
        self._name_arguments(arguments)
        self._name_groups()
        self._find_shapes()

    def _name_arguments(self, arguments: Sequence[tuple[bool, int]]) -> None:
        """The arrays that the function gets."""
        self.sources: list[Source] = []
        self.names: list[str] = []
        self.columns: list[tuple[str, Source]] = []
        self.wanted: list[bool] = []
        self.params: Source | None = None
        leaf = same = 0
        parts = iter([start for start, count in self.plan.parts if count])
        for i, (batched, count) in enumerate([(b, n) for b, n in arguments if n]):
            letter = LETTERS[i] if i < len(LETTERS) else f"a{i}"
            column = Source("X0" if not i else letter.upper(), next(parts) if batched else same, line_of(count), batched, True)
            same += 0 if batched else count
            self.names.append(letter)
            self.sources.append(column)
            self.columns.append((letter, column))
            self.wanted.append(bool(self.plan.wanted[leaf : leaf + count].any()))
            leaf += count
        count = len(self.plan.wanted) - leaf
        if count:
            self.params = Source("params", same, (count,), False, True)
            self.names.insert(0, "params")
            self.sources.append(self.params)
        self.sources.sort(key=lambda source: source.start)

    def _name_groups(self) -> None:
        """Z for what goes into the activation of a layer, X for what comes out, V for others, E for the output."""
        self.of: dict[int, Source] = {}
        last: dict[int, tuple[str, int]] = {}
        self.layer: dict[int, int] = {}
        others = 0
        for group in self.plan.groups:
            name, n = "", len(group.nodes)
            arg = group.args[0] if len(group.args) == 1 else 0.0
            sides = [self.is_param(side) for product in group.products for side in (product.left, product.right)]
            if any(sides) and not all(sides):
                self.layer[group.start] = len(self.layer) + 1
                name = f"Z{len(self.layer)}"
                last[group.start] = f"X{len(self.layer)}", n
            elif not isinstance(arg, float) and last.get(int(arg[0]), ("", 0))[1] == n and (np.diff(arg) == 1).all():
                name = last.pop(int(arg[0]))[0]
            elif n == 1 and group.start == self.plan.output:
                name = "E"
            else:
                others += 1
                name = f"V{others}"
            self.of[group.start] = Source(name, group.start, line_of(n), group.batched)
        self.sources += self.of.values()
        self.sources.sort(key=lambda source: source.start)
        first, numbers = self.plan.constants
        fixed = [first] * bool(numbers) + [self.plan.zero]
        starts: list[tuple[int, Source | None]] = [*((s.start, s) for s in self.sources), *((start, None) for start in fixed)]
        self.sections = sorted(starts, key=lambda section: section[0])
        self.starts = np.array([start for start, _ in self.sections])

    def _find_shapes(self) -> None:
        """The shapes in which matrix products read groups as a whole."""
        self.hints: dict[int, Shape] = {}
        for group in self.plan.groups:
            for product in group.products:
                for side in (product.left, product.right):
                    first = int(side.flat[0])
                    if first in self.of and whole(side - first, self.of[first].count):
                        self.hints.setdefault(first, tuple(n for n in side.shape if n > 1))

    def is_param(self, addresses: Ints) -> bool:
        """Whether all of these are parameters."""
        params = self.params
        return params is not None and bool((addresses >= params.start).all() and (addresses < params.start + params.count).all())

    def sections_of(self, addresses: Ints) -> tuple[Ints, list[int]]:
        """For each address in which section it lies, and which sections those are."""
        which = np.searchsorted(self.starts, addresses.ravel(), side="right") - 1
        return which, np.unique(which).tolist()


def line_of(count: int) -> Shape:
    """The shape of so many numbers; one alone is no line."""
    return (count,) if count > 1 else ()


def whole(place: Ints, count: int) -> bool:
    """Whether these are all numbers of an array, in order."""
    return place.size == count and bool((place.ravel() == np.arange(count)).all())
