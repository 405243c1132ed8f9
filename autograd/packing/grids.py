"""Dot products that share their operands, found and laid out as matrix products.

Write each dot product as Σₖ lₖ rₖ. All those with the same l make a row of a matrix product, and all with the same r a column: weights
times inputs, queries times keys. Which have the same l is found by hashing: a random number for each address times one for each
position, summed; 64 bits of it.

Where the sums differ in length (a place of a sequence looks at those before it), a shorter r may be the beginning of a longer one: it is
taken for that, and its l is filled up with zeros.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from .fuse import Ints

FILL = 4
"""A matrix product may have at most so many times the products that are asked for: the rest is computed in vain."""


@dataclass
class Product:
    """S matrix products of one shape, left (S, P, K) times right (S, Q, K): `place` (S, P, Q) says which dot product each number is, or
    -1 where it is none. `left` and `right` are addresses.
    """

    left: Ints
    right: Ints
    place: Ints


def matrix_products(dot: Ints, left: Ints, right: Ints, zero: int) -> list[Product]:
    """The matrix products that hold all the dot products. `dot` says for each pair of factors to which it belongs, and is sorted from 0
    on; `zero` is the address of a 0.
    """
    order = np.lexsort((left, right, dot))
    left, right = left[order], right[order]
    length = np.bincount(dot)
    start = np.r_[0, np.cumsum(length)[:-1]]
    position = np.arange(len(dot)) - start[dot]
    draw = np.random.default_rng(20240229)
    names = draw.integers(0, 2**63, int(max(left.max(), right.max(), zero)) + 1, dtype=np.uint64) * 2 + 1
    places = draw.integers(0, 2**63, int(length.max()), dtype=np.uint64) * 2 + 1
    weight = places[position]
    sides = [names[left] * weight, names[right] * weight]
    hashes = [np.add.reduceat(side, start) for side in sides]
    vectors = [left, right]
    reach = length.copy()  # how long a dot product is with its zeros
    if length.min() < length.max():
        for side in (1, 0):
            if _lengthen(hashes, sides[side], side, start, length, reach, names, places, vectors[1 - side], zero):
                break
    return _grids(hashes, vectors, start, length, reach, zero)


def _lengthen(
    hashes: list[Any], summands: Any, side: int, start: Ints, length: Ints, reach: Ints, names: Any, places: Any, other: Ints, zero: int
) -> bool:
    """Take each vector of one side that is the beginning of a longer one for that, where all shorter ones are; whether it was so."""
    longest = np.nonzero(length == length.max())[0]
    _, first = np.unique(hashes[side][longest], return_index=True)
    known: dict[int, int] = {}
    for i in longest[first].tolist():
        whole = np.cumsum(summands[start[i] : start[i] + length[i]])
        for h in whole.tolist():
            known.setdefault(h, i)
    shorter = np.nonzero(length < length.max())[0]
    found = [known.get(h, -1) for h in hashes[side][shorter].tolist()]
    if min(found) < 0:
        return False
    tails = np.r_[np.cumsum((names[zero] * places)[::-1])[::-1], np.uint64(0)]  # the zeros from a position on
    hashes[side][shorter] = hashes[side][found]
    hashes[1 - side][shorter] += tails[length[shorter]]
    reach[shorter] = length.max()
    return True


def _grids(hashes: list[Any], vectors: list[Ints], start: Ints, length: Ints, reach: Ints, zero: int) -> list[Product]:
    count = len(length)
    rows, row = np.unique(hashes[0], return_inverse=True)
    columns, column = np.unique(hashes[1], return_inverse=True)
    # Which belong together: the smallest number of a dot product goes round along rows and columns until nothing changes.
    label = np.arange(count)
    while True:
        before = label
        for line, size in ((row, len(rows)), (column, len(columns))):
            least = np.full(size, count)
            np.minimum.at(least, line, label)
            label = least[line]
        if (label == before).all():
            break
    order = np.argsort(label, kind="stable")
    cuts = np.nonzero(np.r_[True, np.diff(label[order]) > 0])[0]
    sizes = np.diff(np.r_[cuts, count])
    stacks: dict[tuple[int, int, int], list[tuple[Ints, Ints, Ints]]] = defaultdict(list)
    lone = [order[cuts[sizes == 1]]]
    for a, size in zip(cuts[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True):
        dots = np.sort(order[a : a + size])
        _, once = np.unique(row[dots] * len(columns) + column[dots], return_index=True)
        if len(once) < size:  # the same dot product a second time has no place of its own in the grid
            lone.append(np.delete(dots, once))
            dots = dots[np.sort(once)]
            size = len(dots)
        p, left = _first(row[dots])
        q, right = _first(column[dots])
        if len(left) * len(right) > FILL * size:
            lone.append(dots)
            continue
        place = np.full((len(left), len(right)), -1)
        place[p, q] = dots
        stacks[len(left), len(right), int(reach[dots[0]])].append((dots[left], dots[right], place))

    def laid_out(dots: Ints, side: int, k: int) -> Ints:
        """The addresses of one side's vectors, a row for each of these dot products, filled up with zeros. A vector that was taken for
        a longer one is found where it is longest.
        """
        table = np.full((len(dots), k), zero)
        for i, d in enumerate(dots.tolist()):
            table[i, : length[d]] = vectors[side][start[d] : start[d] + length[d]]
        return table

    # Where a vector is the beginning of another, the longest says what it is.
    longest = []
    for line, size in ((row, len(rows)), (column, len(columns))):
        best = np.zeros(size, np.int64)
        by_length = np.argsort(length, kind="stable")
        best[line[by_length]] = by_length
        longest.append(best[line])
    found = []
    for (_, _, k), parts in sorted(stacks.items(), key=lambda item: int(item[1][0][2].max())):
        left = np.stack([laid_out(longest[0][p], 0, k) for p, _, _ in parts])
        right = np.stack([laid_out(longest[1][q], 1, k) for _, q, _ in parts])
        found.append(Product(left, right, np.stack([place for _, _, place in parts])))
    single = np.sort(np.concatenate(lone))
    for k in np.unique(reach[single]).tolist():
        dots = single[reach[single] == k]
        left, right = (laid_out(longest[side][dots], side, k)[:, None, :] for side in (0, 1))
        found.append(Product(left, right, dots[:, None, None]))
    return found


def _first(line: Ints) -> tuple[Ints, Ints]:
    """For each entry its number in the order of first appearance, and where each appears first."""
    _, first, inverse = np.unique(line, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse], np.sort(first)
