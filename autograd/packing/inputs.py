"""What a packed program is called with: examples taken apart into numbers, an array with a row for each, and what is no number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from .. import given
from ..errors import NonFiniteError, RangeError
from ..numbers import as_float
from ..program.arguments import flatten
from ..trees import NUMBER as NUMBER_OF
from ..trees import ONE_OF, STILL, Structure, leaves, nested, replaced
from ..whole import FIXED, NUMBER, Whole
from .arrays import Array

COLUMN = "column"
FLOATS = np.dtype(np.float64)
Kind = int | str
"""What a whole number is to a program: FIXED, a program for each; NUMBER; or one of so many things that it looks up."""


@dataclass(eq=False)
class Rows:
    """Examples of one structure.

    structure  the signature of an example, with ("column", k) in the place of what is no float
    floats     a row of numbers for each example
    columns    a row of whole numbers for each: they stand for themselves, or for one of the things in `meanings`; `size` is how many
    """

    structure: Structure
    floats: Array
    columns: Array
    meanings: list[list[Any] | None]
    size: int

    def __getitem__(self, chosen: Any) -> Rows:
        floats, columns = self.floats[chosen], self.columns[chosen] if self.meanings else self.columns
        return Rows(self.structure, floats, columns, self.meanings, len(floats))

    def constant(self, k: int, code: int) -> Any:
        """What stands in a column."""
        meaning = self.meanings[k]
        return code if meaning is None else meaning[code]

    def signature(self, found: Iterator[Structure]) -> Structure:
        """The signature of an example, with these for its columns."""
        if not self.meanings:
            return self.structure
        return replaced(self.structure, lambda leaf: next(found) if leaf[0] == COLUMN else leaf)

    def part(self, kinds: Sequence[Kind]) -> Array:
        """The numbers of an example, a row for each, where the columns are of these kinds."""
        if not self.meanings:
            return self.floats
        pieces: list[Array] = []
        at = 0
        for leaf, *column in leaves(self.structure):
            k = column[0] if leaf == COLUMN else -1
            if k < 0:
                pieces.append(self.floats[:, at : at + 1])
                at += 1
            elif kinds[k] == NUMBER:
                pieces.append(self.columns[:, k : k + 1].astype(np.float64))
            elif kinds[k] != FIXED:
                pieces.append(_hot(self.columns[:, k], int(kinds[k])))
        return np.concatenate(pieces, 1) if pieces else np.empty((self.size, 0))


class WrongRowError(IndexError):
    """A whole number that looks up what is not there, in this row."""

    def __init__(self, text: str, row: int) -> None:
        super().__init__(text)
        self.row = row


def at_example(error: Exception, i: int) -> Exception:
    """The error, saying which example of the batch it is about: to people, and as its attribute `example` to whoever catches it."""
    if "example" in error.__dict__:
        return error
    error.args = (f"{str(error).rstrip('.')}; this is example {i} of the batch",)
    error.__dict__["example"] = i
    return error


class Examples:
    """Examples, taken apart once and for all: mostly of one structure, else in groups of one structure each.

    which, place   of each example, its group and its row there; None where there is one group
    """

    def __init__(self, examples: Any, what: str) -> None:
        self.groups, self.which, self.place = _apart(examples, what)

    def __len__(self) -> int:
        return self.groups[0].size if self.which is None else len(self.which)

    def __getitem__(self, chosen: Any) -> Examples:
        """Some of them: by a slice, or by a list of their numbers."""
        found = Examples.__new__(Examples)
        if self.which is None:
            found.groups, found.which, found.place = [self.groups[0][chosen]], None, None
        else:
            found.groups, found.which, found.place = self.groups, self.which[chosen], self.place[chosen]
        return found

    def rows(self, group: int, members: Any) -> Rows:
        """Those examples of a group."""
        if self.which is None:
            return self.groups[0] if members is None else self.groups[0][members]
        return self.groups[group][self.place if members is None else self.place[members]]


def combined(leaves: Sequence[Examples]) -> Iterator[tuple[Any, list[Rows]]]:
    """For each combination of structures that there is: which examples have it, None for all, and their rows in each argument."""
    several: list[Any] = [leaf.which for leaf in leaves if leaf.which is not None]
    if not several:
        yield None, [leaf.groups[0] for leaf in leaves]
        return
    groups, which = np.unique(np.stack(several, 1), axis=0, return_inverse=True)
    for k, group in enumerate(groups.tolist()):
        members = np.nonzero(which.ravel() == k)[0]
        of = iter(group)
        yield members, [leaf.rows(0 if leaf.which is None else next(of), members) for leaf in leaves]


@dataclass(eq=False)
class Layout:
    """What is known of arguments of one shape.

    kinds   what each column is; empty where there are none
    draws   what draws the random numbers of one example
    forms   the forms there are, by the columns that are fixed
    """

    kinds: list[Kind]
    draws: list[Callable[[], Any]] = field(default_factory=list)
    forms: dict[tuple[int, ...], Any] = field(default_factory=dict)

    @property
    def symbolic(self) -> bool:
        """Whether whole numbers differ within one program."""
        return any(kind != FIXED for kind in self.kinds)


def kind_of(whole: Any) -> Kind:
    """What a whole number is, from the uses that were noted."""
    if not isinstance(whole, Whole):
        return FIXED
    uses = whole.uses or {NUMBER}
    return next(iter(uses)) if len(uses) == 1 else FIXED


def signature_of(kind: Kind, constant: Any) -> Structure:
    """The signature of a column's entry."""
    if kind == FIXED:
        return STILL, "int" if isinstance(constant, Whole) else type(constant).__name__, constant
    return NUMBER_OF if kind == NUMBER else (ONE_OF, kind)


# Taking apart.


def shapes_of(args: tuple[Any, ...]) -> tuple[tuple[int, ...], ...] | None:
    """The shapes of the examples in arrays that can be computed with as they are: of as many examples each, in floats, row by row. None
    for all other arguments, right or wrong.
    """
    shapes = []
    size = 0
    for arg in args:
        if type(arg) is not np.ndarray or arg.dtype is not FLOATS or not arg.flags.c_contiguous or not arg.ndim:
            return None
        some, *shape = arg.shape
        if not some or (size and some != size):
            return None
        size = some
        shapes.append((*shape,))
    return (*shapes,) or None


def _apart(arg: Any, what: str) -> tuple[list[Rows], Array | None, Array]:
    if hasattr(arg, "__array__"):
        if np.ma.is_masked(arg):
            raise ValueError(f"{what} needs numbers, but some of its entries are masked")
        arg = np.asarray(arg)
    elif isinstance(arg, (str, bytes, dict, set, frozenset)) or not hasattr(arg, "__len__"):
        raise ValueError(f"{what} needs a batch: a number, or a list of them, for each example; but got {given.shorten(arg)}")
    elif (array := _array_of(arg)) is not None:
        arg = array
    if isinstance(arg, np.ndarray) and arg.dtype.kind != "O":
        return [_of_array(arg, what)], None, None
    return _of_objects(arg, what)


def _array_of(examples: Any) -> Array | None:
    """The array of examples that are lists of floats, or of whole numbers, of one shape; None for any others."""
    level: Any = examples
    while len(level) and isinstance(level[0], list):
        if set(map(type, level)) != {list}:
            return None
        level = [*chain.from_iterable(level)]
    types = set(map(type, level))
    if types and (types <= {float, np.float64} or types == {int} or all(issubclass(kind, np.ndarray) for kind in types)):
        try:
            found = np.asarray(examples)
        except (ValueError, OverflowError):
            return None
        return found if found.dtype.kind in "fi" else None
    return None


def _of_array(array: Array, what: str) -> Rows:
    kind, size, shape = array.dtype.kind, len(array) if array.ndim else 0, array.shape[1:]
    if not array.ndim:
        raise ValueError(f"{what} needs a batch: a number, or a list of them, for each example; but got {array!r}")
    if kind == "f":
        floats = np.ascontiguousarray(array, np.float64).reshape(size, -1) if size else np.empty((0, 0))
        return Rows(nested(shape), floats, None, [], size)
    if kind not in "iubU":
        raise TypeError(f"{what} needs numbers, but got an array of {array.dtype}")
    if array.dtype == np.uint64 and array.size and array.max() > np.iinfo(np.int64).max:
        raise ValueError(f"{what} needs whole numbers below 2**63, but got {array.max()}")
    flat = array.reshape(size, -1) if size else np.empty((0, 0), array.dtype)
    meaning: list[Any] | None = [False, True] if kind == "b" else None
    if kind == "U":
        texts, flat = np.unique(flat, return_inverse=True)
        meaning, flat = texts.tolist(), flat.reshape(size, -1)
    found = iter(range(flat.shape[1]))
    structure = replaced(nested(shape), lambda leaf: (COLUMN, next(found)))
    return Rows(structure, np.empty((size, 0)), flat.astype(np.int64), [meaning] * flat.shape[1], size)


def _of_objects(examples: Any, what: str) -> tuple[list[Rows], Array | None, Array]:
    """Examples one by one: those of one structure together. Where a number is a float in one of them, it is one in all."""
    templates: dict[Structure, list[int]] = {}
    entries: list[list[Any]] = []
    for i, example in enumerate(examples):
        numbers: list[float] = []
        try:
            signature = flatten(example, numbers, lambda x: as_float(x, "numbers", what))
        except (TypeError, NonFiniteError, RangeError) as error:
            raise at_example(type(error)(str(error)), i) from None
        found: list[Any] = []
        of = iter(numbers)
        templates.setdefault(replaced(signature, partial(_template, of, found)), []).append(i)
        entries.append(found)
    if not templates:
        return [Rows(NUMBER_OF, np.empty((0, 1)), None, [], 0)], None, None
    groups = [_of_one_structure(template, [entries[i] for i in members], what) for template, members in templates.items()]
    if len(groups) == 1:
        return groups, None, None
    which, place = np.empty(len(entries), np.int64), np.empty(len(entries), np.int64)
    for k, members in enumerate(templates.values()):
        which[members], place[members] = k, np.arange(len(members))
    return groups, which, place


def _template(numbers: Iterator[float], found: list[Any], leaf: Structure) -> Structure:
    """A place in an example, with all that is alike in the examples of one structure; what stands there goes onto the list."""
    if leaf == NUMBER_OF:
        found.append(next(numbers))
        return NUMBER_OF
    found.append(leaf[2])
    return NUMBER_OF if leaf[1] == "int" else (STILL, leaf[1])


def _of_one_structure(template: Structure, entries: list[list[Any]], what: str) -> Rows:
    floats: list[Sequence[float]] = []
    columns: list[Sequence[int]] = []
    meanings: list[list[Any] | None] = []
    sorts = iter([*zip(*entries, strict=True)])

    def place(leaf: Structure) -> Structure:
        column = next(sorts)
        types = set(map(type, column))
        if float in types:
            floats.append([float(x) for x in column])
            return NUMBER_OF
        if types == {int}:
            if max(map(abs, column)) >= 2**63:
                raise ValueError(f"{what} needs whole numbers below 2**63, but got {max(column, key=abs)}")
            columns.append(column)
            meanings.append(None)
        else:
            codes = {x: i for i, x in enumerate(dict.fromkeys(column))}
            columns.append([codes[x] for x in column])
            meanings.append([*codes])
        return COLUMN, len(columns) - 1

    structure = replaced(template, place)
    size = len(entries)
    rows = np.array(floats, np.float64).T.copy() if floats else np.empty((size, 0))
    return Rows(structure, rows, np.array(columns, np.int64).T if columns else None, meanings, size)


def _hot(column: Array, size: int) -> Array:
    """A row for each of these whole numbers, with a 1 in its place."""
    wrong = (column < 0) | (column >= size)
    if wrong.any():
        i = int(np.nonzero(wrong)[0][0])
        raise WrongRowError(f"take has a table of {size}, 0 to {size - 1}, but got i={column[i]}", i)
    return (column[:, None] == np.arange(size)).astype(np.float64)
