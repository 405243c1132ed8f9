"""Arrays put together from arrays that have some of their numbers each: side by side, in a table, or by an index array."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..program.syntax import Call, Listed, Name, Node, call
from .fuse import Bools, Ints
from .spelling import Shape, Words, added, literal, pick, reshaped, tuple_of
from .views import common

Piece = tuple[Ints, Node]
"""Which numbers of an array these are, and the array that has them."""


@dataclass
class Family:
    """Pieces that share nothing, and which places are taken."""

    taken: Bools
    pieces: list[Piece] = field(default_factory=list)


class Assembly:
    """Expressions of arrays, and what they need.

    constants  the names of constant arrays, by what these are
    helpers    the functions that have to be there
    """

    def __init__(self, words: Words) -> None:
        self.words = words
        self.constants: dict[Node, Name] = {}
        self.helpers: dict[str, None] = {}

    def constant(self, array: Any) -> Name:
        """The name of a constant array."""
        return self.constants.setdefault(literal(array, self.words), Name(f"K{len(self.constants) + 1}"))

    def helper(self, name: str, *args: Any) -> Call:
        """A call of a function that has to be there."""
        self.helpers[name] = None
        return call(name, *args)

    def taken(self, array: Node, shape: Shape, batched: bool, places: Ints) -> Node:
        """The numbers at these places of an array: a view of it, or gathered."""
        view = pick(array, shape, batched, places, self.words.permute)
        if view is not None:
            return view
        flat = array if len(shape) == 1 else reshaped(array, (math.prod(shape),), batched)
        return flat[self.constant(places)]

    def full(self, shape: Shape, batched: bool, number: Node) -> Node:
        """An array of one number."""
        return self.words.doubles(f"{self.words.module}.full", tuple_of(shape, batched), number)

    def side_by_side(self, arrays: Sequence[Node], axis: int = 0) -> Node:
        """Arrays one after another, or beside one another."""
        return self.words.call("concatenate", Listed(tuple(arrays)), *[axis] * bool(axis))

    def placed(self, shape: Shape, batched: bool, places: Ints, array: Node) -> Node:
        """Numbers at their places among zeros; those that meet are added."""
        found = self.helper("place", math.prod(shape), self.constant(places), array)
        return found if len(shape) == 1 else reshaped(found, shape, batched)

    def assembled(self, shape: Shape, batched: bool, pieces: Sequence[Piece]) -> Node:
        """The sum of arrays each of which has a part of the numbers of an array of this shape: which ones, and the array."""
        count = math.prod(shape)
        whole: list[Node] = []
        partial: list[Family] = []
        for places, text in sorted(pieces, key=lambda piece: -piece[0].size):
            flat = places.ravel()
            if len(np.unique(flat)) < len(flat):
                whole.append(self.placed(shape, batched, places, text))
            elif len(flat) == count:
                whole.append(self.taken(text, places.shape, batched, np.argsort(flat).reshape(shape)))
            else:
                free = [family for family in partial if not family.taken[flat].any()]
                if not free:
                    free = [Family(np.zeros(count, bool))]
                    partial += free
                free[0].taken[flat] = True
                free[0].pieces.append((places, text))
        return added([*whole, *(self._joined(shape, batched, family.pieces) for family in partial)])

    def _joined(self, shape: Shape, batched: bool, family: list[Piece]) -> Node:
        """Arrays that share nothing, one after another, or beside one another in a table; zeros where nothing is."""
        count = math.prod(shape)
        family = sorted(family, key=lambda piece: int(piece[0].min()))
        blocks: list[list[Piece]] = []
        end = -1
        for piece in family:
            if int(piece[0].min()) > end:
                blocks.append([])
            blocks[-1].append(piece)
            end = max(end, int(piece[0].max()))
        texts: list[Node] = []
        at = 0
        for i, block in enumerate(blocks):
            low = int(block[0][0].min())
            limit = int(blocks[i + 1][0][0].min()) if i + 1 < len(blocks) else count
            found = self._block(low, limit, block, batched)
            if found is None:
                return self._scattered(shape, batched, family)
            if low > at:
                texts.append(self.zeros((low - at,), batched))
            text, sizes = found
            if sizes == shape:
                return text
            texts.append(text if len(sizes) == 1 else reshaped(text, (math.prod(sizes),), batched))
            at = low + math.prod(sizes)
        if at < count:
            texts.append(self.zeros((count - at,), batched))
        text = texts[0] if len(texts) == 1 else self.side_by_side(texts)
        return text if len(shape) == 1 else reshaped(text, shape, batched)

    def _scattered(self, shape: Shape, batched: bool, family: list[Piece]) -> Node:
        """Arrays that share nothing, brought in order."""
        count = math.prod(shape)
        texts = [text if places.ndim == 1 else reshaped(text, (places.size,), batched) for places, text in family]
        text = texts[0] if len(texts) == 1 else self.side_by_side(texts)
        places = np.concatenate([places.ravel() for places, _ in family])
        if len(places) == count:
            return self.taken(text, (count,), batched, np.argsort(places).reshape(shape))
        return self.placed(shape, batched, places, text)

    def zeros(self, shape: Shape, batched: bool) -> Node:
        """An array of zeros."""
        return self.words.doubles(f"{self.words.module}.zeros", tuple_of(shape, batched))

    def _block(self, low: int, limit: int, block: list[Piece], batched: bool) -> tuple[Node, Shape] | None:
        """A stretch of numbers from pieces: one that has them all, or several that are columns of a table; and its shape."""
        flat = block[0][0].ravel()
        high = max(int(places.max()) for places, _ in block) + 1
        if len(block) == 1 and len(flat) == high - low:
            return self.taken(block[0][1], block[0][0].shape, batched, np.argsort(flat)), (len(flat),)
        for width in widths([places for places, _ in block]):
            rows = -(-(high - low) // width)
            if low + rows * width > limit:
                continue
            columns: list[tuple[int, int, Node]] = []
            for places, text in block:
                order = np.argsort(places.ravel())
                if len(order) % rows:
                    break
                table = places.ravel()[order].reshape(rows, -1) - low
                first, many = int(table[0, 0]), table.shape[1]
                if first + many > width or (table != first + np.arange(many) + width * np.arange(rows)[:, None]).any():
                    break
                part = self.taken(text, places.shape, batched, order if many == 1 else order.reshape(rows, many))
                columns.append((first, many, part[":", "None"] if many == 1 else part))
            else:
                texts: list[Node] = []
                at = 0
                for first, many, text in sorted(columns, key=lambda column: column[:2]):
                    if first > at:
                        texts.append(self.zeros((rows, first - at), batched))
                    texts.append(text)
                    at = first + many
                if at < width:
                    texts.append(self.zeros((rows, width - at), batched))
                return self.side_by_side(texts, 1), (rows, width)
        return None


def widths(parts: list[Ints]) -> list[int]:
    """How wide a table may be that these are columns of."""
    found: dict[int, None] = {}
    for places in parts:
        _, (view,) = common([places.ravel()])
        if view is not None:
            found[max(view.strides)] = None
    return sorted((width for width in found if width > 1), reverse=True)
