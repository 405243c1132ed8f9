"""Addresses as views: which of the numbers in a bank an operand is, said by an offset and strides where that is possible.

A view costs nothing; anything else has to be gathered. A view may go over one number again and again (stride 0).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from .fuse import Ints

Factors = list[tuple[int, int]]
"""Sizes and strides, from the slowest to the fastest."""
AXES = 4
"""A column of addresses with more of them is gathered."""


class Strided(NamedTuple):
    """The numbers at offset + Σ iₖ·stridesₖ, 0 ≤ iₖ < shapeₖ."""

    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def contiguous(shape: Sequence[int]) -> tuple[int, ...]:
    """The strides of an array of this shape without gaps."""
    strides = [1]
    for n in reversed(shape[1:]):
        strides.insert(0, strides[0] * n)
    return tuple(strides)


def regular(addresses: Ints) -> Strided | None:
    """The addresses as a view of their own shape, or None."""
    strides = []
    expected: Ints | int = int(addresses.flat[0])
    for axis, size in enumerate(addresses.shape):
        step = 0
        if size > 1:
            second = [0] * addresses.ndim
            second[axis] = 1
            step = int(addresses[tuple(second)]) - int(addresses.flat[0])
        strides.append(step)
        along = [1] * addresses.ndim
        along[axis] = size
        expected = expected + np.arange(size).reshape(along) * step
    return Strided(int(addresses.flat[0]), addresses.shape, tuple(strides)) if (addresses == expected).all() else None


def factors(addresses: Ints) -> Factors | None:
    """A column of addresses as sizes and strides, as few as will do; None where more than AXES would be needed."""
    found: Factors = []
    while len(addresses) > 1:
        if len(found) == AXES:
            return None
        steps = np.diff(addresses)
        other = np.nonzero(steps != steps[0])[0]
        size = int(other[0]) + 1 if len(other) else len(addresses)
        if len(addresses) % size:
            return None
        table = addresses.reshape(-1, size)
        if (np.diff(table, axis=1) != steps[0]).any():
            return None
        found.insert(0, (size, int(steps[0])))
        addresses = table[:, 0]
    return found


def common(columns: list[Ints]) -> tuple[tuple[int, ...], list[Strided | None]]:
    """One shape in which as many as possible of these columns, equally long, are views; and the views."""
    size = len(columns[0])
    cuts = {size}
    chosen: list[Factors | None] = []
    for column in columns:
        found = factors(column)
        if found is not None:
            own, inner = set(), 1
            for n, _ in reversed(found):
                inner *= n
                own.add(inner)
            chain = sorted(cuts | own)
            if all(b % a == 0 for a, b in pairwise(chain)):
                cuts |= own
            else:
                found = None
        chosen.append(found)
    sizes = sorted(cuts - {1})
    shape = tuple(b // a for a, b in zip([1, *sizes], sizes, strict=False))[::-1] or (1,)
    views: list[Strided | None] = []
    for column, found in zip(columns, chosen, strict=True):
        views.append(None if found is None else _refined(int(column[0]), found, shape))
    return shape, views


def _refined(offset: int, found: Factors, shape: tuple[int, ...]) -> Strided:
    strides: list[int] = []
    todo = list(found)
    left, step = todo.pop() if todo else (1, 0)
    for n in reversed(shape):
        if left == 1 and todo:
            left, step = todo.pop()
        strides.insert(0, step)
        left //= n
        step *= n
    return Strided(offset, shape, tuple(strides))
