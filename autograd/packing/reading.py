"""How the arrays of a program for people are read: as a slice of one, gathered, or put together from several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import floats
from ..primitive import PRIMITIVES, Primitive
from ..program.syntax import Index, Name, Node, node
from ..program.targets import Arrays
from ..terms import Term
from .assembling import Piece
from .fuse import Ints
from .plan import Plan
from .sources import Source, Sources, line_of
from .spelling import Shape, Words, pick, statement, tuple_of
from .views import common

ERROR_FUNCTIONS = {name: f"def {name}(x):\n    return np.vectorize(math.{name}, otypes=[float])(x)" for name in ("erf", "erfc")}
"""NumPy has none."""


@dataclass
class Operand:
    """An array as it is read. The axes `dropped`, along which it is the same, it does not have; `addresses` are without them."""

    array: Node
    addresses: Ints
    batched: bool
    dropped: tuple[int, ...] = ()


class Language(Arrays):
    """How a library writes an operation on arrays.

    pieces  what the operands are, by the names that stand for them in terms
    math    whether Python's math is needed
    """

    def __init__(self, words: Words) -> None:
        super().__init__(words.module, words.special)
        self.words = words
        self.pieces: dict[str, Node] = {}
        self.math = False

    def term(self, piece: Node) -> Term:
        """An operand as a term."""
        name = str(piece)
        self.pieces[name] = piece
        return Term(name=name)

    def node(self, x: Term | float, names: dict[Term, str]) -> Node:
        """A term as a piece of code."""
        if isinstance(x, Term) and x.name in self.pieces:
            return self.pieces[x.name]
        return super().node(x, names)

    def row(self, op: Primitive, args: tuple[Any, ...]) -> Term | str:
        """The operation as plain arithmetic, or the name of the function to call."""
        if op.forward is floats.power and isinstance(args[1], float):
            return Term(args, sign="**")
        if not self.words.special and op.name in ERROR_FUNCTIONS and PRIMITIVES.get(op.name) is op:
            self.written.rows[op.name] = ERROR_FUNCTIONS[op.name]
            self.math = True
            return op.name
        return super().row(op, args)


class Reader(Sources):
    """Reads arrays, and writes what has to be made before they can be read."""

    def __init__(self, plan: Plan, words: Words, arguments: Sequence[tuple[bool, int]]) -> None:
        super().__init__(plan, words, arguments)
        self.language = Language(words)
        self.lines: list[str] = []
        self.read_already: dict[tuple[Shape, bytes], Operand] = {}
        self.temporary: dict[str, int] = {}
        self.named: dict[tuple[str, Shape, bytes], str] = {}  # the parts of the parameters

    def new(self, letter: str) -> Name:
        """A new name."""
        self.temporary[letter] = self.temporary.get(letter, 0) + 1
        return Name(f"{letter}{self.temporary[letter]}")

    def write(self, name: str | Name, value: Node, note: str = "") -> None:
        """One statement."""
        self.lines += statement(str(name), value, note)

    def kept(self, letter: str, value: Node) -> Name:
        """A value that has a name from now on."""
        name = self.new(letter)
        self.write(name, value)
        return name

    def view_of(self, addresses: Ints) -> Node | None:
        """A view, if these numbers are one of an array that is no constant; a named part of the parameters is short."""
        _, found = self.sections_of(addresses)
        source = self.sections[found[0]][1]
        if len(found) > 1 or source is None:
            return node(0.0) if source is None and addresses.size == 1 else None
        if source.leaf and not source.batched:
            return Name("W1")
        return pick(source.array, source.shape, source.batched, addresses - source.start, self.words.permute)

    def numbers(self, source: Source | None, addresses: Ints, letter: str = "p") -> Node:
        """Numbers of one section."""
        if source is None:
            first, numbers = self.plan.constants
            known = np.array([*numbers, 0.0])[np.where(addresses == self.plan.zero, -1, addresses - first)]
            return self.constant(known) if known.ndim else self.language.node(float(known), {})
        places = addresses - source.start
        if source.leaf and not source.batched:
            return Name(self.piece(source, places, letter))
        return self.taken(source.array, source.shape, source.batched, places)

    def piece(self, source: Source, places: Ints, letter: str) -> str:
        """The name of a part of the parameters, or of a shared argument."""
        key = source.name, places.shape, places.tobytes()
        if key not in self.named:
            name = letter if letter[1:] else self.new(letter).name
            if name in self.named.values():
                name = self.new(f"{name}_").name
            self.named[key] = name
            source.pieces[name] = places
        return self.named[key]

    def read(self, addresses: Ints, drop: Iterable[int] = (), letter: str = "p") -> Operand:
        """The numbers at these addresses, without some axes along which they are the same."""
        dropped = tuple(drop)
        addresses = addresses[tuple(0 if axis in dropped else slice(None) for axis in range(addresses.ndim))]
        addresses = np.asarray(addresses)
        key = addresses.shape, addresses.tobytes()
        known = self.read_already.get(key)
        if known is None:
            known = self.read_already[key] = self._read(addresses, letter)
        return Operand(known.array, addresses, known.batched, dropped)

    def _read(self, addresses: Ints, letter: str) -> Operand:
        which, found = self.sections_of(addresses)
        sources = [self.sections[i][1] for i in found]
        batched = any(source is not None and source.batched for source in sources)
        if len(set(sources)) == 1:
            array = self.numbers(sources[0], addresses, letter)
            gathered = isinstance(array, Index) and isinstance(array.index[0], Name)
            return Operand(self.kept("H", array) if gathered else array, addresses, batched)
        flat, parts = addresses.ravel(), list[Piece]()
        for i, source in zip(found, sources, strict=True):
            if source is None and (flat[which == i] == self.plan.zero).all():
                continue
            at = np.nonzero(which == i)[0]
            array = self.numbers(source, flat[at])
            if batched and (source is None or not source.batched):
                array = self.words.call("broadcast_to", array[":", "None"], tuple_of((len(at),), True))
            parts.append((at, array))
        return Operand(self.kept("H", self.assembled(addresses.shape, batched, parts)), addresses, batched)

    # -- side by side ----------------------------------------------------------------------------------------------------

    def beside(self, operand: Operand, shape: Shape, batched: bool) -> Node:
        """An operand as it stands beside arrays of this shape."""
        if not operand.addresses.ndim:
            return operand.array
        parts = ["None" if axis in operand.dropped else ":" for axis in range(len(shape))]
        while parts[0] == "None":
            parts.pop(0)
        parts += ["None"] * (batched and not operand.batched)
        while parts[-1] == ":" and "None" in parts:
            parts.pop()
        if parts == [":", ":", "None"] and operand.addresses.ndim == 2 and not operand.batched:
            parts = ["...", "None"]  # shorter to read, where no other axis follows
        return operand.array[tuple(parts)] if "None" in parts else operand.array

    def beside_others(self, columns: list[Ints], n: int, start: int = -1) -> tuple[Shape, list[Operand]]:
        """Columns of n addresses in one shape, in which as many as possible are views, and in which the group that begins at `start` is
        read. What is the same along an axis does not have it.
        """
        hint = self.hints.get(start)
        shapes: Iterable[Shape] = dict.fromkeys([*([hint] if hint else []), *self._shapes_of(columns, n), common(columns)[0], line_of(n)])
        if n == 1:
            shapes = [max(self._shapes_of(columns, n), key=len, default=())]
        shape = min(shapes, key=lambda shape: sum(self._cost(column.reshape(shape)) for column in columns))
        tables = [column.reshape(shape) for column in columns]
        drops = [same_along(table) for table in tables]
        if shape == (1,):  # what has no such axis goes without
            drops = [set() if shape in self._shapes_of([column], n) else {0} for column in columns]
        return shape, [self.read(table, drop) for table, drop in zip(tables, drops, strict=True)]

    def _shapes_of(self, columns: list[Ints], n: int) -> list[Shape]:
        found = []
        for column in columns:
            _, sections = self.sections_of(column)
            source = self.sections[sections[0]][1]
            if len(sections) == 1 and source is not None and source.count == n:
                found.append(source.shape)
        return found

    def _cost(self, table: Ints) -> int:
        """How much there is to read."""
        view = self.view_of(table[tuple(0 if axis in same_along(table) else slice(None) for axis in range(table.ndim))])
        return 1000 if view is None else len(str(view))


def same_along(table: Ints) -> set[int]:
    """The axes, longer than 1, along which all numbers are the same."""
    return {axis for axis, n in enumerate(table.shape) if n > 1 and (table == table.take([0], axis)).all()}
