"""Expressions on arrays, for NumPy, PyTorch or JAX: parts of an array, products, constants, and lines that are not too long.

Where there is a choice, what is shortest to read is written: a slice rather than an index array, `@` rather than einsum.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..program.syntax import Attribute, Call, Index, Listed, Node, Sum, Verbatim, call, node
from .fuse import Ints
from .views import common, contiguous, regular

Shape = tuple[int, ...]
WIDTH = 120
"""Longer lines are broken."""


@dataclass(frozen=True)
class Words:
    """What a library calls things.

    title    the library
    imports  the lines that import it
    module   its name in the program, and `special` where its error functions are
    array    what makes an array of numbers
    dtype    what an array has to be told to be one of doubles, '' for nothing
    permute  the method that puts axes in another order, and `largest` the one for a largest number
    number   the body of `number(x)`
    place    the last line of `place(count, where, numbers)`, which adds numbers up at places among zeros
    """

    title: str
    imports: list[str]
    module: str
    special: str
    array: str
    dtype: str
    permute: str
    largest: str
    number: str
    place: list[str]

    def call(self, function: str, *args: Any) -> Node:
        """A call of a function of the module."""
        return call(f"{self.module}.{function}", *args)

    def doubles(self, function: str, *args: Any) -> Node:
        """The same for one that makes an array, which is to be one of doubles."""
        options = (("dtype", Verbatim(self.dtype)),) if self.dtype else ()
        return Call(Verbatim(function), tuple(map(node, args)), options)


WORDS = {
    "numpy": Words(
        "NumPy", ["import numpy as np"], "np", "", "np.array", "", "transpose", "max", "np.asarray(x, dtype=np.float64)",
        ["np.add.at(total, where.reshape(-1), numbers)", "return total"],
    ),
    "torch": Words(
        "PyTorch", ["import torch"], "torch", "torch", "torch.tensor", "torch.float64", "permute", "amax",
        "torch.as_tensor(x, dtype=torch.float64)", ["return total.index_add(0, where.reshape(-1), numbers)"],
    ),
    "jax": Words(
        "JAX", ["import jax", "import jax.numpy as jnp", "from jax.scipy import special", "", 'jax.config.update("jax_enable_x64", True)'],
        "jnp", "special", "jnp.array", "", "transpose", "max", "jnp.asarray(x, dtype=jnp.float64)",
        ["return total.at[where.reshape(-1)].add(numbers)"],
    ),
}  # fmt: skip


def pick(array: Node, shape: Shape, batched: bool, places: Ints, permute: str, start: int | None = None) -> Node | None:
    """The numbers at these places of an array of this shape, as a view of it, in the shape of `places`; None where it takes an index array.

    start  where the table begins of which they are a part, if that is known
    """
    total = math.prod(shape)
    if places.size == total and (places.ravel() == np.arange(total)).all():
        return array if places.shape == shape else reshaped(array, places.shape, batched)
    core = places.reshape([n for n in places.shape if n > 1])
    view = regular(core)
    if view is None:
        finer, (view,) = common([places.ravel()])
        found = pick(array, shape, batched, places.reshape(finer), permute, start) if view is not None and finer != places.shape else None
        return found and reshaped(found, places.shape, batched)
    if min(view.strides, default=1) < 1:
        return None
    order = sorted(range(core.ndim), key=lambda axis: -view.strides[axis])
    sizes, strides = [core.shape[i] for i in order], [view.strides[i] for i in order]
    found = None
    if places.shape == (1,) and len(shape) == 1:
        return array[f"{view.offset}:{view.offset + 1}"]
    if start is None:
        found = sliced(array, subscript(shape, view.offset, sizes, strides))
    if found is None:
        found = _of_table(array, shape, batched, view.offset, sizes, strides, start)
    if found is None:
        return None
    turn = [order.index(axis) for axis in range(core.ndim)]
    moved = [i for i, axis in enumerate(turn) if i != axis]
    if moved and core.ndim == 2 and not batched:
        found = found.turned
    elif len(moved) == 2:
        found = found.method("swapaxes", *moved)
    elif moved:
        found = found.method(permute, *turn, *[core.ndim] * batched)
    return found if core.shape == places.shape else reshaped(found, places.shape, batched)


def _of_table(
    array: Node, shape: Shape, batched: bool, offset: int, sizes: list[int], strides: list[int], start: int | None
) -> Node | None:
    """Numbers of an array as a part of a table that it is, or a stretch of it."""
    if any(a % b for a, b in pairwise(strides)):
        return None
    total = math.prod(shape)
    flat = array if len(shape) == 1 else reshaped(array, (total,), batched)
    if not sizes or (len(sizes) == 1 and start in (None, offset)):
        return sliced(flat, subscript((total,), offset, sizes, strides))
    table = (sizes[0], *(a // b for a, b in pairwise(strides)), *[strides[-1]] * (strides[-1] > 1))
    length = sizes[0] * strides[0]
    start = min(offset if start is None else start, total - length)
    if start < 0 or offset - start >= strides[0]:
        return None
    stretch = flat[f"{start}:{start + length}"] if length < total else array
    return sliced(reshaped(stretch, table, batched), subscript(table, offset - start, sizes, strides))


def subscript(table: Shape, offset: int, sizes: Sequence[int], strides: Sequence[int]) -> tuple[str, ...] | None:
    """The numbers at offset + Σ iₖ·stridesₖ of a table as slices, () for all; None if there are none."""
    steps = contiguous(table) if table else ()
    at = [int(i) for i in np.unravel_index(offset, table)] if table else []
    parts = [str(i) for i in at]
    axis = 0
    for size, stride in zip(sizes, strides, strict=True):
        while axis < len(table) and (stride % steps[axis] or at[axis] + stride // steps[axis] * (size - 1) >= table[axis]):
            axis += 1
        if axis == len(table):
            return None
        step, first = stride // steps[axis], at[axis]
        last = first + step * (size - 1) + 1
        parts[axis] = f"{first or ''}:{last if last < table[axis] else ''}{f':{step}' if step > 1 else ''}"
        axis += 1
    while parts and parts[-1] == ":":
        parts.pop()
    return tuple(parts)


def sliced(array: Node, parts: tuple[str, ...] | None) -> Node | None:
    """An array with slices, if there are any."""
    return None if parts is None else array[parts] if parts else array


def reshaped(array: Node, shape: Shape, batched: bool) -> Node:
    """An array in another shape."""
    sizes = [*map(str, shape), "-1"] if batched else ["-1"] if len(shape) == 1 else [*map(str, shape)]
    return array.method("reshape", *(sizes or ["()"]))


def widened(array: Node, letters: str, out: str) -> Node | None:
    """An array whose axes are these letters, so that it stands beside one with the axes `out`; None if they are in another order."""
    if [c for c in out if c in letters] != list(letters):
        return None
    parts = [":" if c in letters else "None" for c in out]
    while parts and parts[0] == "None":
        parts.pop(0)
    while parts and parts[-1] == ":":
        parts.pop()
    return array[tuple(parts)] if "None" in parts else array


def contracted(module: str, first: tuple[Node, str], second: tuple[Node, str], out: str) -> Node:
    """The product of two arrays, each with letters for its axes, summed over the letters that the result lacks."""
    (a, left), (b, right) = first, second
    summed = {*left, *right} - {*out}
    if not summed:
        x, y = widened(a, left, out), widened(b, right, out)
        if x is not None and y is not None:
            return x * y
    longer = max(left, right, key=len)
    if len(summed) == 1 and len(longer) > 1 and "".join(c for c in longer if c not in summed) == out:
        x, y = widened(a, left, longer), widened(b, right, longer)
        if x is not None and y is not None and (left == right or len(out) > 1):
            return (x * y).method("sum", longer.index(*summed))
    if len(summed) == 1 and summed <= {*left} & {*right}:
        (k,) = summed
        found = _matrix_product(first, second, out, k) or _matrix_product(second, first, out, k)
        if found is not None:
            return found
        if not out and left == right:
            return a @ b
    return call(f"{module}.einsum", repr(f"{left},{right}->{out}"), a, b)


def _matrix_product(first: tuple[Node, str], second: tuple[Node, str], out: str, k: str) -> Node | None:
    """The product over k with @, if the axes lie so."""
    (x, xs), (y, ys) = first, second
    if ys == k and xs[-2:] == xs[-2:-1] + k and xs[:-1] == out:
        return x @ y
    if xs == k and ys[-2:-1] == k and ys[:-2] + ys[-1:] == out:
        return x @ y
    left, right = _matrix(x, xs, out[:-2], out[-2:-1], k, False), _matrix(y, ys, out[:-2], out[-1:], k, True)
    return left @ right if len(out) > 1 and left is not None and right is not None else None


def _matrix(array: Node, letters: str, lead: str, own: str, k: str, below: bool) -> Node | None:
    """A factor of a matrix product over k, which stands below `own` or beside it; None where it is none."""
    before, last = letters[:-2], letters[-2:]
    if not lead.endswith(before) or {*last} != {own, k} or len(last) != 2:
        return None
    if last == (k + own if below else own + k):
        return array
    return array.turned if not before else array.method("swapaxes", -2, -1)


def literal(array: Any, words: Words) -> Node:
    """A constant array as an expression: a row of numbers, or, of whole numbers, a sum of rows along the axes where it is one."""
    flat = array.ravel()
    if array.dtype.kind == "f":
        numbers = Listed(tuple(node(x if math.isfinite(x) else f"float({str(x)!r})") for x in flat.tolist()))
        return _shaped(words.doubles(words.array, numbers), array.shape)
    table = array
    if array.ndim == 1:  # stretches of one length
        jumps = np.nonzero(np.diff(flat) != 1)[0]
        run = int(jumps[0]) + 1 if len(jumps) else len(flat)
        if 1 < run < len(flat) and not len(flat) % run:
            table = array.reshape(-1, run)
    rows = []  # along each axis, how far the numbers are from the first
    for axis in range(table.ndim):
        rows.append(table[tuple(slice(None) if i == axis else 0 for i in range(table.ndim))] - flat[0])
    sums = flat[0] + sum(row.reshape([-1 if i == axis else 1 for i in range(table.ndim)]) for axis, row in enumerate(rows))
    if (np.diff(flat) == 1).all() or sum(map(len, rows)) >= len(flat) or (sums != table).any() or not all(row.any() for row in rows):
        return _shaped(_row(flat, words), array.shape)
    rows[0] = rows[0] + flat[0]
    wide = [widened(_row(row, words), "spqk"[axis], "spqk"[: table.ndim]) for axis, row in enumerate(rows)]
    found = added([row for row in wide if row is not None])
    return found if table is array else found.method("reshape", -1)


def _row(numbers: Ints, words: Words) -> Node:
    """A row of whole numbers."""
    steps = np.diff(numbers)
    if len(numbers) > 2 and (steps == steps[0]).all() and steps[0] > 0:
        ends = [*([numbers[0]] if numbers[0] or steps[0] > 1 else []), numbers[-1] + 1, *([steps[0]] if steps[0] > 1 else [])]
        return words.call("arange", *map(int, ends))
    return call(words.array, Listed(tuple(map(node, numbers.tolist()))))


def _shaped(array: Node, shape: Shape) -> Node:
    return array if len(shape) == 1 else array.method("reshape", *(shape or ["()"]))


def added(nodes: Sequence[Node]) -> Node:
    """Their sum."""
    return nodes[0] if len(nodes) == 1 else Sum(tuple(nodes))


def tuple_of(shape: Shape, batched: bool) -> Node:
    """A shape as a tuple."""
    sizes = [*map(str, shape), *["size"] * batched]
    return Verbatim(f"({', '.join(sizes)}{',' * (len(sizes) == 1)})")


def statement(name: str, value: Node, note: str = "") -> list[str]:
    """The lines of an assignment, with a comment where it fits in one. A long list has its parts in lines of their own, a sum its terms."""
    line = f"{name} = {value}"
    if len(line) <= WIDTH:
        return [f"{line}  # {note}" if note else line]
    around = _around(value)
    if around is not None:
        before, items, after = around
        parts = [f"{item}," for item in items]
        if not any(isinstance(piece, (Listed, Index)) for item in items for piece in item.pieces()):
            parts = textwrap.wrap(" ".join(parts), WIDTH - 8)
    else:
        before, after = "(", ")"
        terms = value.signed() if isinstance(value, Sum) else [str(value)]
        parts = [line for term in terms for line in textwrap.wrap(term, WIDTH - 8, break_long_words=False, break_on_hyphens=False)]
    return [f"{name} = {before}", *(f"    {part}" for part in parts), after]


def _around(value: Node) -> tuple[str, tuple[Node, ...], str] | None:
    """What stands before a list with which an expression begins, the list, and what comes after it; None if it begins with none."""
    if isinstance(value, Listed):
        return "[", value.items, "]"
    if isinstance(value, Call) and value.args and isinstance(value.args[0], Listed) and isinstance(value.function, Verbatim):
        others = [*map(str, value.args[1:]), *(f"{name}={option}" for name, option in value.options)]
        return f"{value.function}([", value.args[0].items, f"{', '.join([']', *others])})"
    of = value.function if isinstance(value, Call) else value.of if isinstance(value, (Attribute, Index)) else None
    inner = None if of is None else _around(of)
    if inner is None or of is None:
        return None
    before, items, after = inner
    return before, items, after + str(value)[len(str(of)) :]
