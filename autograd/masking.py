"""Where a gradient of exactly 0 meets a local derivative that does not exist: for every sweep, what is masked and what is refused.

**Why 0·∞ is refused.** By the chain rule a gradient is upstream × local. Where the local derivative does not exist and the upstream
gradient is exactly 0, that product may be anything. At 0 the derivative of cos(√x) is −½, that of (√x)² is 1, that of cosh(√x) is ½, and
all three are 0 · ∞. To take it for 0 would be a wrong number in silence; to refuse it always would be the "where-NaN" trap, in which
the branch that was not taken spoils the one that was. So two zeros are told apart: one that *masks*, for there the result does not depend
on the operand at all; and one that *happens* to be 0 at these numbers. `substitutes` tells them, and every sweep asks it.

**What is not told.** A derivative beyond the floats (±inf) is 0 under a gradient of 0, whatever made that 0. Where it is an underflow
the product may be a number: with w·1e-200·1e-200, which is 0, times 1/x, at x = 1e-200, the derivative by x is -w, and 0 is found. To
tell would take a look at every gradient that is 0, on every path of every program. Numbers that are so far from 1 are to be scaled.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from .errors import StaleGraphError
from .marks import sweep
from .ops import multiply
from .primitive import Primitive

N = TypeVar("N", bound=Any)
"""A node: its operands x, y and local derivatives dx, dy, the row `op` that made it, and its number `data`."""

MISSING: set[int] = set()
"""The ids of all `Missing` there are. While it is empty, no graph has one, and no sweep has to look for it."""


class Missing(float):
    """A local derivative that does not exist, on the node that has it: nan."""

    __slots__ = ()

    def __new__(cls) -> Missing:
        """One more, of which sweeps know as long as its node is there."""
        self = float.__new__(cls, math.nan)
        MISSING.add(id(self))
        return self

    def __del__(self, forget: Any = MISSING.discard) -> None:
        forget(id(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return Missing, ()


Partials = tuple[float | None, float | None]


def is_still(node: Any, depth: int = 8) -> bool:
    """Whether a node depends on no leaf but by edges to flat places, for who has no walk at hand: it looks at a few nodes only."""
    if node.op is None or not depth:
        return False
    flat, numbers = node.op.flat, _numbers(node)
    return all(
        operand is None or (test is not None and test(*numbers)) or is_still(operand, depth - 1)
        for operand, test in zip((node.x, node.y)[: len(numbers)], flat or (None, None), strict=False)
    )


def vanishes(row: Primitive, numbers: Sequence[float], exact: Sequence[bool]) -> bool:
    """Whether the row's result, which is 0 at these numbers, is so exactly and not by underflow; `exact` says it of operands that are 0."""
    zeros = [sure for x, sure in zip(numbers, exact, strict=True) if x == 0.0]
    return any(zeros) if row.zero == "product" else row.zero == "exact" and all(zeros)


def substitutes(order: Sequence[N], outputs: Iterable[N], *, wrt: Iterable[N] | None = None, again: bool = False) -> dict[N, Partials]:
    """For each node with a local derivative that does not exist: its two local derivatives as a sweep has to take them.

    One that is masked is 0.0, whatever arrives there. One that is not stays nan, which a sweep must not drop where the gradient that
    arrives is 0: 0·∞ has no value here (the docstring of this module says why), and a derivative that is needed and does not exist is an
    error as ever. A derivative beyond the floats (±inf) is none of these: under a gradient of 0 it gives 0, but in a gradient that is a
    graph, where that 0 may depend on leaves, it is an error.

    order    the nodes below the outputs, operands first
    wrt      the nodes whose gradients are asked for; all leaves unless said
    again    whether the gradient is to be differentiated again, as the graph that `gradient` makes

    A node is masked if every way from the outputs to it, or every way from it on to the leaves, passes an edge that is *off*:

    - the row is flat there (its column `flat`): relu below 0, the smaller operand of maximum, a step beside its jump, stop_gradient;
    - in a product, the other factor is exactly 0 and still: a plain number, or a node that depends on no leaf but by edges that are off;
    - in a product, the other factor is exactly 0 and shares no leaf with the operand: as the operand's leaves move, it stays 0. Not so
      where the derivative is taken again, by a leaf of that factor.

    A zero by convention (relu, abs and hypot at their kink), by underflow or by rounding (1 − σ(40)) is not off. Linear in nodes and edges.

    StaleGraphError: data that decides was edited since it was recorded.
    """
    if not MISSING:
        return {}
    broken: dict[N, Partials] = {node: (node.dx, node.dy) for node in order if node.dx != node.dx or node.dy != node.dy}
    if broken:
        for node, position in _Walk(order, outputs, wrt, broken).masked(again):
            dx, dy = broken[node]
            broken[node] = (dx, 0.0) if position else (0.0, dy)
    return broken


@sweep
def swept(order: Sequence[N], outputs: Sequence[N], seed: float) -> dict[N, float] | None:
    """The gradients of a graph that has a local derivative that does not exist, last node first; None for one without.

    The arithmetic is that of `cotangents`, in the same order. Where 0·∞ is not masked, what arrives is nan.
    """
    partials = substitutes(order, outputs)
    if not partials:
        return None
    gradient: dict[N, float] = dict.fromkeys(reversed(order), 0.0)
    for output in outputs:
        gradient[output] += seed
    for node, upstream in gradient.items():
        if node in partials:
            for operand, partial in zip((node.x, node.y), partials[node], strict=True):
                if operand is not None and (upstream or partial != partial):
                    gradient[operand] += upstream * partial  # type: ignore[operator]
        elif upstream:
            x, y = node.x, node.y
            if x is not None:
                gradient[x] += upstream * node.dx
            if y is not None:
                gradient[y] += upstream * node.dy
    return gradient


_MULTIPLY = multiply.primitive
BITS = 4096
"""How many leaves are told apart at once. Beyond, two may be taken for one, and something be refused that need not be."""


class _Walk:
    """One look at a graph, or at what of it matters to the local derivatives that do not exist.

    nans    these edges, as node and position of the operand
    above   the nodes from which one of them is reached
    region  what decides: the nodes below their operands, and below the other factors of products by 0 on the way to them
    live    of the region, the nodes that depend on a leaf by some way without an edge that is off; all others are still
    shut    the edges that are off
    maybe   products by an exact 0 that is not still: of the region, and then of the ways to it
    """

    def __init__(self, order: Sequence[Any], outputs: Iterable[Any], wrt: Iterable[Any] | None, broken: Mapping[Any, Partials]) -> None:
        self.order, self.outputs, self.wrt = order, list(outputs), wrt
        self.nans = [
            (node, position)
            for node, partials in broken.items()
            for position, (operand, partial) in enumerate(zip((node.x, node.y), partials, strict=True))
            if operand is not None and partial != partial
        ]
        self.above = above = {node for node, _ in self.nans}
        for node in order:
            if node.x in above or node.y in above:
                above.add(node)
        self.live: set[Any] = set()
        self.shut: set[tuple[Any, int]] = set()
        self.maybe: tuple[list[tuple[Any, int]], list[tuple[Any, int]]] = ([], [])
        self._exact: dict[Any, bool] = {}
        crossed = [(node, 0) for node in above if node.dx == 0.0 and node.x in above]
        crossed += [(node, 1) for node in above if node.dy == 0.0 and node.y in above]
        others = [node.x if position else node.y for node, position in crossed if node.op is _MULTIPLY]
        self.region = _below([*(other for other in others if other is not None), *map(_operand, self.nans)])
        self.inside = [node for node in order if node in self.region] if self.region else []
        live, shut = self.live, self.shut
        for node in self.inside:
            x, y = node.x, node.y
            if x is None and y is None:
                live.add(node)
            if x in live:
                if node.dx == 0.0 and self._off(node, 0):
                    shut.add((node, 0))
                else:
                    live.add(node)
            if y in live:
                if node.dy == 0.0 and self._off(node, 1):
                    shut.add((node, 1))
                else:
                    live.add(node)
        shut.update([edge for edge in crossed if self._off(*edge)])

    def _off(self, node: Any, position: int) -> bool:
        """Whether the edge, whose local derivative is 0, is off; of `maybe` that is not known yet."""
        row = node.op
        if row is _MULTIPLY:
            other = node.x if position else node.y
            if other is None:
                return True
            if other.data != 0.0:
                raise _stale(node)
            if not self._exactly(other):
                return False
            if other in self.live:
                self.maybe[node in self.above].append((node, position))
                return False
            return True
        flat = row.flat[position] if row.flat else None
        if flat is None:
            return False
        numbers = _numbers(node)
        _look(node, position, numbers)
        return bool(flat(*numbers))

    def _exactly(self, zero: Any) -> bool:
        """Whether a node whose number is 0 is so exactly, and not by underflow."""
        known, path = self._exact, [zero]
        while zero not in known:
            node = path[-1]
            operands = (node.x, node.y)[: len(node.op.operands)] if node.op is not None else ()
            further = [operand for operand in operands if operand is not None and operand.data == 0.0 and operand not in known]
            path.extend(further)
            if not further:
                path.pop()
                exact = [operand is None or known.get(operand, True) for operand in operands]
                known[node] = node.op is None or (
                    vanishes(node.op, _numbers(node), exact) and (node not in self.live or _not_by_rounding(node, operands))
                )
        return known[zero]

    def masked(self, again: bool) -> list[tuple[Any, int]]:
        """Of the local derivatives that do not exist, those that are masked."""
        reached, needed = self._reached(), self._needed()
        for turn, maybe in () if again else ((1, self.maybe[1]), (0, self.maybe[0])):
            if maybe and any(node in reached and _operand((node, position)) in needed for node, position in self.nans):
                self._part(maybe)
                reached = self._reached()
                needed = needed if turn else self._needed()
        return [edge for edge in self.nans if edge[0] not in reached or _operand(edge) not in needed]

    def _needed(self) -> set[Any]:
        """The nodes from which a way that is open leads to one whose gradient is asked for."""
        shut = self.shut
        partly = {node for node, _ in shut}
        needed = {node for node in self.inside if node.op is None} if self.wrt is None else set(self.wrt)
        for node in self.inside:
            x, y = node.x, node.y
            if node not in partly:
                if x in needed or y in needed:
                    needed.add(node)
            elif (x in needed and (node, 0) not in shut) or (y in needed and (node, 1) not in shut):
                needed.add(node)
        return needed

    def _reached(self) -> set[Any]:
        """The nodes above what does not exist to which a way that is open leads from the outputs."""
        shut, above = self.shut, self.above
        partly = {node for node, _ in shut}
        reached = above.intersection(self.outputs)
        for node in reversed(self.order):
            if node in reached:
                x, y = node.x, node.y
                free = node not in partly
                if x in above and (free or (node, 0) not in shut):
                    reached.add(x)
                if y in above and (free or (node, 1) not in shut):
                    reached.add(y)
        return reached

    def _part(self, maybe: Iterable[tuple[Any, int]]) -> None:
        """Shut those whose factors share no leaf."""
        pairs = [(edge, edge[0].x, edge[0].y) for edge in maybe]
        common = _below(x for _, x, _ in pairs) & _below(y for _, _, y in pairs)
        bits: dict[Any, int] = {}
        if common:
            still = self.region.difference(self.live)  # they depend on no leaf
            leaves = 0
            for node in self.order:
                if node.op is None:
                    if node in common:
                        bits[node] = 1 << leaves % BITS
                        leaves += 1
                elif node not in still:
                    found = bits.get(node.x, 0) | bits.get(node.y, 0)
                    if found:
                        bits[node] = found
        self.shut.update([edge for edge, x, y in pairs if not bits.get(x, 0) & bits.get(y, 0)])


def _not_by_rounding(node: Any, operands: Sequence[Any]) -> bool:
    """Whether a zero is one of the numbers themselves: 1 − σ(40) is 0 because σ(40) was rounded. Of leaves and constants, of operands
    that are 0, and where the row is flat, nothing was.
    """
    if any(x is not None and x.op is not None and x.data for x in operands) and all(_numbers(node)):
        numbers = _numbers(node)
        return any(test is not None and bool(test(*numbers)) for test in node.op.flat or ())
    return True


def _operand(edge: tuple[Any, int]) -> Any:
    node, position = edge
    return node.y if position else node.x


def _below(nodes: Iterable[Any]) -> set[Any]:
    """The nodes below these, themselves included."""
    todo = list(nodes)
    below = set(todo)
    while todo:
        node = todo.pop()
        for operand in (node.x, node.y):
            if operand is not None and operand not in below:
                below.add(operand)
                todo.append(operand)
    return below


def _numbers(node: Any) -> list[float]:
    """The numbers of the operands as they are now."""
    pairs = ((node.x, node.dx), (node.y, node.dy))[: len(node.op.operands)]
    return [constant if operand is None else operand.data for operand, constant in pairs]


def _look(node: Any, position: int, numbers: list[float]) -> None:
    """StaleGraphError where the numbers are not those at which the node was recorded."""
    try:
        z = node.op.forward(*numbers)
        partial = node.op.partials[position](z, *numbers)
    except (ArithmeticError, ValueError):
        raise _stale(node) from None
    if z != node.data or partial != (node.dy if position else node.dx):
        raise _stale(node)


def _stale(node: Any) -> StaleGraphError:
    return StaleGraphError(
        f"a gradient of 0 meets a local derivative that does not exist, and whether {node.op.name} masks it cannot be said any more: data"
        f" was edited since {node.op.name} gave {node.data!r}; compute the graph anew"
    )
