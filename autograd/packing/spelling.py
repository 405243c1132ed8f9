"""Expressions on arrays as text, for NumPy, PyTorch or JAX: parts of an array, products, constants, and lines that are not too long.

Where there is a choice, what is shortest to read is written: a slice rather than an index array, `@` rather than einsum.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from .emit import contiguous
from .fuse import Ints
from .views import common, regular

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
    double   what has to be said for an array to be one of doubles
    permute  the method that puts axes in another order, and `largest` the one for a largest number
    number   the body of `number(x)`
    place    the last line of `place(count, where, numbers)`, which adds numbers up at places among zeros
    """

    title: str
    imports: list[str]
    module: str
    special: str
    array: str
    double: str
    permute: str
    largest: str
    number: str
    place: list[str]


WORDS = {
    "numpy": Words(
        "NumPy", ["import numpy as np"], "np", "", "np.array", "", "transpose", "max", "np.asarray(x, dtype=np.float64)",
        ["np.add.at(total, where.reshape(-1), numbers)", "return total"],
    ),
    "torch": Words(
        "PyTorch", ["import torch"], "torch", "torch", "torch.tensor", ", dtype=torch.float64", "permute", "amax",
        "torch.as_tensor(x, dtype=torch.float64)", ["return total.index_add(0, where.reshape(-1), numbers)"],
    ),
    "jax": Words(
        "JAX", ["import jax", "import jax.numpy as jnp", "from jax.scipy import special", "", 'jax.config.update("jax_enable_x64", True)'],
        "jnp", "special", "jnp.array", "", "transpose", "max", "jnp.asarray(x, dtype=jnp.float64)",
        ["return total.at[where.reshape(-1)].add(numbers)"],
    ),
}  # fmt: skip


def pick(text: str, shape: Shape, batched: bool, places: Ints, permute: str, start: int | None = None) -> str | None:
    """The numbers at these places of an array of this shape, as a view of it, in the shape of `places`; None where it takes an index array.

    start  where the table begins of which they are a part, if that is known
    """
    total = math.prod(shape)
    if places.size == total and (places.ravel() == np.arange(total)).all():
        return text if places.shape == shape else reshaped(text, places.shape, batched)
    core = places.reshape([n for n in places.shape if n > 1])
    view = regular(core)
    if view is None:
        finer, (view,) = common([places.ravel()])
        found = pick(text, shape, batched, places.reshape(finer), permute, start) if view is not None and finer != places.shape else None
        return found and reshaped(found, places.shape, batched)
    if min(view.strides, default=1) < 1:
        return None
    order = sorted(range(core.ndim), key=lambda axis: -view.strides[axis])
    sizes, strides = [core.shape[i] for i in order], [view.strides[i] for i in order]
    found = None
    if places.shape == (1,) and len(shape) == 1:
        return f"{atom(text)}[{view.offset}:{view.offset + 1}]"
    if start is None:
        index = subscript(shape, view.offset, sizes, strides)
        found = None if index is None else f"{atom(text)}{index}"
    if found is None:
        found = _of_table(text, shape, batched, view.offset, sizes, strides, start)
    if found is None:
        return None
    turn = [order.index(axis) for axis in range(core.ndim)]
    moved = [i for i, axis in enumerate(turn) if i != axis]
    if moved and core.ndim == 2 and not batched:
        found += ".T"
    elif len(moved) == 2:
        found += f".swapaxes({moved[0]}, {moved[1]})"
    elif moved:
        found += f".{permute}({', '.join(map(str, [*turn, *[core.ndim] * batched]))})"
    return found if core.shape == places.shape else reshaped(found, places.shape, batched)


def _of_table(text: str, shape: Shape, batched: bool, offset: int, sizes: list[int], strides: list[int], start: int | None) -> str | None:
    """Numbers of an array as a part of a table that it is, or a stretch of it."""
    if any(a % b for a, b in pairwise(strides)):
        return None
    total = math.prod(shape)
    flat = text if len(shape) == 1 else reshaped(text, (total,), batched)
    if not sizes or (len(sizes) == 1 and start in (None, offset)):
        steps = subscript((total,), offset, sizes, strides)
        return None if steps is None else f"{atom(flat)}{steps}"
    table = (sizes[0], *(a // b for a, b in pairwise(strides)), *[strides[-1]] * (strides[-1] > 1))
    length = sizes[0] * strides[0]
    start = min(offset if start is None else start, total - length)
    if start < 0 or offset - start >= strides[0]:
        return None
    index = subscript(table, offset - start, sizes, strides)
    if index is None:
        return None
    stretch = f"{atom(flat)}[{start}:{start + length}]" if length < total else text
    return reshaped(stretch, table, batched) + index


def subscript(table: Shape, offset: int, sizes: Sequence[int], strides: Sequence[int]) -> str | None:
    """The numbers at offset + Σ iₖ·stridesₖ of a table as a subscript of slices, '' for all; None if there is none."""
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
    return f"[{', '.join(parts)}]" if parts else ""


def reshaped(text: str, shape: Shape, batched: bool) -> str:
    """An array in another shape."""
    sizes = [*map(str, shape), "-1"] if batched else ["-1"] if len(shape) == 1 else [*map(str, shape)]
    return f"{atom(text)}.reshape({', '.join(sizes) or '()'})"


def atom(text: str) -> str:
    """An expression that a dot or a bracket can follow."""
    depth = 0
    for c in text:
        depth += (c in "([{") - (c in ")]}")
        if c == " " and not depth:
            return f"({text})"
    return f"({text})" if text.startswith("-") else text


def split(text: str, mark: str = ", ") -> list[str]:
    """What stands between commas, or other marks."""
    found, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if not depth and text.startswith(mark, i):
            found.append(text[start:i])
            start = i + len(mark)
    return [*found, text[start:]]


def _closing(text: str, start: int) -> int:
    """Where the bracket closes after which the text starts."""
    depth = 1
    for i in range(start, len(text)):
        depth += (text[i] in "([{") - (text[i] in ")]}")
        if not depth:
            return i
    return len(text)


def _outside(rest: str) -> str:
    """What follows a list, without what stands in brackets that close the call."""
    return re.sub(r"\([^()]*\)", "", rest.partition(")")[2])


def widened(text: str, letters: str, out: str) -> str | None:
    """An array whose axes are these letters, so that it stands beside one with the axes `out`; None if they are in another order."""
    if [c for c in out if c in letters] != list(letters):
        return None
    parts = [":" if c in letters else "None" for c in out]
    while parts and parts[0] == "None":
        parts.pop(0)
    while parts and parts[-1] == ":":
        parts.pop()
    return f"{text}[{', '.join(parts)}]" if "None" in parts else text


def contracted(module: str, first: tuple[str, str], second: tuple[str, str], out: str) -> str:
    """The product of two arrays, each a text and letters for its axes, summed over the letters that the result lacks."""
    (a, left), (b, right) = first, second
    summed = {*left, *right} - {*out}
    if not summed:
        sides = widened(a, left, out), widened(b, right, out)
        if None not in sides:
            return f"{sides[0]} * {sides[1]}"
    longer = max(left, right, key=len)
    if len(summed) == 1 and len(longer) > 1 and "".join(c for c in longer if c not in summed) == out:
        sides = widened(a, left, longer), widened(b, right, longer)
        if None not in sides and (left == right or len(out) > 1):
            return f"({sides[0]} * {sides[1]}).sum({longer.index(*summed)})"
    if len(summed) == 1 and summed <= {*left} & {*right}:
        k = summed.pop()
        for x, xs, y, ys in ((a, left, b, right), (b, right, a, left)):
            if ys == k and xs[-2:] == xs[-2:-1] + k and xs[:-1] == out:
                return f"{x} @ {y}"
            if xs == k and ys[-2:-1] == k and ys[:-2] + ys[-1:] == out:
                return f"{x} @ {y}"
            matrix = _matrix(x, xs, out[:-2], out[-2:-1], k, False), _matrix(y, ys, out[:-2], out[-1:], k, True)
            if len(out) > 1 and None not in matrix:
                return f"{matrix[0]} @ {matrix[1]}"
        if not out and left == right:
            return f"{a} @ {b}"
    return f"{module}.einsum('{left},{right}->{out}', {a}, {b})"


def _matrix(text: str, letters: str, lead: str, own: str, k: str, below: bool) -> str | None:
    """A factor of a matrix product over k, which stands below `own` or beside it; None where it is none."""
    before, last = letters[:-2], letters[-2:]
    if not lead.endswith(before) or {*last} != {own, k} or len(last) != 2:
        return None
    if last == (k + own if below else own + k):
        return text
    return f"{text}.T" if not before else f"{text}.swapaxes(-2, -1)"


def literal(array: Any, words: Words) -> str:
    """A constant array as an expression: a row of numbers, or, of whole numbers, a sum of rows along the axes where it is one."""
    flat = array.ravel()
    if array.dtype.kind == "f":
        numbers = [repr(x) if math.isfinite(x) else f"float({str(x)!r})" for x in flat.tolist()]
        return _shaped(f"{words.array}([{', '.join(numbers)}]{words.double})", array.shape)
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
    text = " + ".join(widened(_row(row, words), "spqk"[axis], "spqk"[: table.ndim]) or "" for axis, row in enumerate(rows))
    return text if table is array else f"({text}).reshape(-1)"


def _row(numbers: Ints, words: Words) -> str:
    """A row of whole numbers."""
    steps = np.diff(numbers)
    if len(numbers) > 2 and (steps == steps[0]).all() and steps[0] > 0:
        ends = [*([numbers[0]] if numbers[0] or steps[0] > 1 else []), numbers[-1] + 1, *([steps[0]] if steps[0] > 1 else [])]
        return f"{words.module}.arange({', '.join(map(str, ends))})"
    return f"{words.array}([{', '.join(map(str, numbers.tolist()))}])"


def _shaped(text: str, shape: Shape) -> str:
    return text if len(shape) == 1 else f"{text}.reshape({', '.join(map(str, shape)) or '()'})"


def added(texts: Sequence[str]) -> str:
    """Their sum."""
    return texts[0] + "".join(f" - {text[1:]}" if text.startswith("-") else f" + {text}" for text in texts[1:])


def tuple_of(shape: Shape, batched: bool) -> str:
    """A shape as a tuple."""
    sizes = [*map(str, shape), *["size"] * batched]
    return f"({', '.join(sizes)}{',' * (len(sizes) == 1)})"


def statement(name: str, text: str, note: str = "") -> list[str]:
    """The lines of an assignment, with a comment where it fits in one. A long list has its parts in lines of their own, a sum its terms."""
    line = f"{name} = {text}"
    if len(line) <= WIDTH:
        return [f"{line}  # {note}" if note else line]
    opening = re.match(r"([\w.]+\()?\[", text)
    end = _closing(text, opening.end()) if opening else 0
    if opening and " " not in _outside(text[end:]):
        before, inner, after = opening[0], text[opening.end() : end], text[end:]
        parts = [f"{part}," for part in split(inner)]
        if "[" not in inner:
            parts = textwrap.wrap(" ".join(parts), WIDTH - 8)
    else:
        before, after = "(", ")"
        terms = [f"{'+ ' * (i > 0)}{term}" for i, term in enumerate(split(text, " + "))]
        parts = [line for term in terms for line in textwrap.wrap(term, WIDTH - 8, break_long_words=False, break_on_hyphens=False)]
    return [f"{name} = {before}", *(f"    {part}" for part in parts), after]
