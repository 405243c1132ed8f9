"""What a function returns for every example of a batch, one number or a structure of them: without a mean, and without gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from ..numbers import as_operand
from ..ops import stop_gradient
from ..program import Program
from ..program.program import TRIES, Moved
from ..program.trace import Traced
from ..trees import ARRAY, NUMBER, TUPLE, Structure, flatten
from ..whole import Whole
from .arrays import Array
from .recordings import ALONE, ERRORS, Batch, Form, Known, Recorded, Variant


class Returned:
    """What the function returned when it was recorded last.

    structure  its signature
    entries    the number of each of its numbers on the tape; a number that is always the same as it is
    """

    structure: Structure = NUMBER
    entries: tuple[int | float, ...] = ()


def _total(function: Callable[..., Any], returned: Returned, *args: Any) -> Any:
    """The sum of all that the function returns: so that all of it is computed, each number by itself."""
    found: list[Any] = []
    output = function(*args)
    returned.structure = flatten(output, found, partial(as_operand, what="numbers", asker="predict"), lists=(TUPLE, ARRAY))
    total: Any = 0.0
    entries: list[Any] = []
    for each in found:
        kept = stop_gradient(each)
        entries.append(kept._index if isinstance(kept, Traced) else kept)
        total = total + kept
    returned.entries = tuple(entries)
    if isinstance(total, Traced):
        return total
    return next((0.0 * x + total for x in _traced(args)), total)  # what always returns the same depends on its arguments in name alone


def _traced(x: Any) -> Iterator[Traced]:
    """The numbers of a recording that are in arguments."""
    if isinstance(x, Traced):
        yield x
    elif isinstance(x, Whole):
        yield from _traced(x.hot)
    elif isinstance(x, (list, tuple, dict)):
        for item in x.values() if isinstance(x, dict) else x:
            yield from _traced(item)


class Outputs(Recorded):
    """A packed function that returns what the function itself does, as arrays with a row for each example."""

    def __init__(self, program: Program, shared: tuple[int, ...], memory: int) -> None:
        self.returned = Returned()
        function = partial(_total, program.function, self.returned)
        inner = Program(function, program.params, program.branches, program.limit, program.passes, program.verify)
        inner.__name__ = program.__name__
        super().__init__(inner, "sum", shared, "params", memory)
        self._found: dict[int, tuple[Variant, Structure, tuple[int | float, ...]]] = {}

    def _wanted(self, batched: list[bool]) -> list[bool]:
        """No gradients."""
        return [False] * len(batched)

    def _record(self, form: Form, xs: list[Array], same: Array, name: int) -> None:
        super()._record(form, xs, same, name)
        made = form.variants[-1]
        self._found[id(made)] = made, self.returned.structure, self.returned.entries

    def of(self, theta: Array, args: tuple[Any, ...]) -> Any:
        """What the function returns for these arguments, with these numbers for the parameters."""
        for _ in range(TRIES):
            try:
                return self._of_all(self._look_around(), theta, args)
            except Moved:
                pass
        raise self.program.restless()

    def _of_all(self, known: Known, theta: Array, args: tuple[Any, ...]) -> Any:
        rows: list[Any] = []
        structures: list[Structure] = []
        size = 0
        for batch in self._taken_apart(args, theta, known):
            same = np.concatenate([np.array(batch.shared, np.float64), theta]) if batch.shared else theta
            step = max(1, self.memory // max(batch.form.variants[0].code.example, 1))
            for a in range(0, batch.size, step):
                names = np.arange(a, min(a + step, batch.size)) if batch.rows is None else batch.rows[a : a + step]
                for some, structure, numbers in self._examples(batch, same, [part[a : a + step] for part in batch.parts], names, 0):
                    rows.append((some, numbers))
                    structures.append(structure)
            size += batch.size
        if any(structure != structures[0] for structure in structures):
            raise ValueError(f"predict gives arrays, but {self.__name__} returns numbers in several structures: give those examples apart")
        table = np.empty((size, rows[0][1].shape[1]))
        for some, numbers in rows:
            table[some] = numbers
        return _arrays(structures[0], iter(table.T), size)

    def _examples(self, batch: Batch, same: Array, xs: list[Array], names: Array, tried: int) -> Iterator[tuple[Array, Structure, Array]]:
        """Some examples, what the function returns for them, and its structure: by the first recording whose comparisons fit."""
        variants = batch.form.variants
        if tried == len(variants):
            self._another_way(tried, names[0])
            self._record(batch.form, xs, same, int(names[0]))
        variant, structure, entries = self._found[id(variants[tried])]
        with variant.code.machine(len(names)) as machine:
            machine.same[: len(same)] = same
            trouble = False
            try:
                machine.values(xs)
            except FloatingPointError:
                trouble = True
                with np.errstate(all="ignore"):
                    machine.forward(*xs)
            fits = machine.fits()
            if fits is None and not trouble:
                found = np.empty((len(names), len(entries)))
                for k, entry in enumerate(entries):
                    found[:, k] = machine.row(int(variant.plan.where[entry])) if isinstance(entry, int) else entry
                yield names, structure, found
                return
        if fits is not None:
            parts = [(np.nonzero(fits)[0], tried), (np.nonzero(~fits)[0], tried + 1)]
        elif len(names) > ALONE:
            parts = [(np.arange(len(names) // 2), tried), (np.arange(len(names) // 2, len(names)), tried)]
        else:
            yield names, structure, np.array([self._alone(batch, variant, entries, same, xs, i, int(n)) for i, n in enumerate(names)])
            return
        for some, turn in parts:
            if len(some):
                yield from self._examples(batch, same, [x[some] for x in xs], names[some], turn)

    def _alone(self, batch: Batch, variant: Variant, entries: Any, same: Array, xs: list[Array], i: int, name: int) -> list[float]:
        """The numbers of one example, by the engine; an error says which operation it is, and which example."""
        numbers = np.zeros(len(batch.form.batched))
        numbers[~batch.form.batched] = same
        numbers[batch.form.batched] = np.concatenate([x[i] for x in xs]) if xs else []
        try:
            nodes = variant.scalar.nodes(numbers.tolist())
        except ERRORS as error:
            raise self._of(name, same, error) from error.__cause__
        return [float(nodes[entry]) if isinstance(entry, int) else entry for entry in entries]


def _arrays(structure: Structure, columns: Iterator[Array], size: int) -> Any:
    """The columns in the structure of what was returned: lists of numbers become one array."""
    if structure == NUMBER:
        return np.ascontiguousarray(next(columns))
    if structure[0] is dict:
        return {key: _arrays(part, columns, size) for key, part in structure[1]}
    parts = [_arrays(part, columns, size) for part in structure[1]]
    if all(isinstance(part, np.ndarray) and part.shape == parts[0].shape for part in parts):
        return np.stack(parts, 1) if parts else np.empty((size, 0))
    return parts
