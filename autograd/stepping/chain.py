"""The chain rule as lectures write it: ∂C/∂w₁ = ∂C/∂o · ∂o/∂z₃ · … from named node to named node, with those between merged.

A factor is the sum, over all ways from one named node down to another past no third, of the product of the local derivatives. A chain is
a row of factors from the output down to one node; its product is a part of that node's gradient, and over all chains they add up to it.
Where no node on the way has a name, every node counts as named.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from heapq import heappop, heappush, nlargest
from typing import Any

from .recorder import Recording


@dataclass(frozen=True, eq=False)
class Factor:
    """∂head/∂tail, as places in the order, with the backward steps between the two, the head's first."""

    head: int
    tail: int
    local: float
    steps: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Chains:
    """How many chains lead to a node, the largest of them with the product of each, and the sum over all."""

    count: int
    largest: tuple[tuple[tuple[Factor, ...], float], ...]
    total: float


class ChainRule:
    """The factors of a recording that has no problem."""

    def __init__(self, recording: Recording, *, merged: bool = True) -> None:
        self.recording = recording
        end = recording.forward - 1
        self._named = {i for i, node in enumerate(recording.order) if not merged or i == end or recording.names.given(node)}
        self._whole = ChainRule(recording, merged=False) if merged else None
        self._own: list[list[int]] = [[] for _ in recording.order]
        self._above: list[list[int]] = [[] for _ in recording.order]
        for k, (head, tail) in enumerate(zip(recording.heads, recording.tails, strict=True)):
            self._own[head].append(k)
            self._above[tail].append(head)
        self._below: dict[int, list[Factor]] | None = None
        self.into = cache(self._into)

    def to(self, place: int, most: int) -> Chains:
        """The chains from the output down to the node at this place, the `most` largest of them walked."""
        found = self._to(place, most)
        plain = found.count == 1 and len(found.largest[0][0]) == 1 < len(found.largest[0][0][0].steps)
        return self._whole.to(place, most) if plain and self._whole is not None else found

    def _to(self, place: int, most: int) -> Chains:
        below, end, seed = self._factors(), self.recording.forward - 1, self.recording.seed
        into = {} if place in self._named else self.into(place)
        counts, totals = {place: 1}, {place: 1.0}
        # As for paths: of every named node its largest chains, each as (log of its size, factor, which of the tail's largest goes on).
        largest: dict[int, list[tuple[float, Factor | None, int]]] = {place: [(0.0, None, 0)]}
        for i in sorted(i for i in self._named if i > place):
            factors = [factor for factor in below.get(i, ()) if factor.tail in counts] + ([into[i]] if i in into else [])
            if factors:
                counts[i] = sum(counts[factor.tail] for factor in factors)
                totals[i] = sum(_times(factor.local, totals[factor.tail]) for factor in factors)
                chains = [
                    (_log_size(factor.local) + size, factor, rank)
                    for factor in factors
                    for rank, (size, _, _) in enumerate(largest[factor.tail])
                ]
                largest[i] = nlargest(most, chains, key=lambda chain: chain[0])
        walked = (self._walked(largest, end, rank) for rank in range(len(largest.get(end, ()))))
        return Chains(counts.get(end, 0), tuple(walked), _times(seed, totals.get(end, 0.0)))

    def _walked(self, largest: Any, i: int, rank: int) -> tuple[tuple[Factor, ...], float]:
        factors: list[Factor] = []
        product = self.recording.seed
        while (factor := largest[i][rank][1]) is not None:
            factors.append(factor)
            product = _times(product, factor.local)
            i, rank = factor.tail, largest[i][rank][2]
        return tuple(factors), product

    def _factors(self) -> dict[int, list[Factor]]:
        """Of every named node, the factors down to other named ones."""
        if self._below is None:
            self._below = {}
            for tail in sorted(self._named):
                for head, factor in self.into(tail).items():
                    self._below.setdefault(head, []).append(factor)
        return self._below

    def _into(self, tail: int) -> dict[int, Factor]:
        """The factors from named nodes down to this one, by the place of the head."""
        recording = self.recording
        sums, found = {tail: 1.0}, {}
        rim, met = sorted(set(self._above[tail])), set(self._above[tail])
        while rim:
            i = heappop(rim)
            local = sum(_times(recording.partials[k], sums[recording.tails[k]]) for k in self._own[i] if recording.tails[k] in sums)
            if i in self._named:
                found[i] = local
                continue
            sums[i] = local
            for head in self._above[i]:
                if head not in met:
                    met.add(head)
                    heappush(rim, head)
        return {head: Factor(head, tail, local, self._between(head, tail, sums)) for head, local in found.items()}

    def _between(self, head: int, tail: int, open_: dict[int, float]) -> tuple[int, ...]:
        steps: dict[int, None] = {}
        met, stack = {head, tail}, [head]
        while stack:
            for k in self._own[stack.pop()]:
                at = self.recording.tails[k]
                if at in open_:
                    steps[k] = None
                    if at not in met:
                        met.add(at)
                        stack.append(at)
        return tuple(sorted(steps))

    def ways(self, factor: Factor, most: int) -> list[tuple[int, ...]] | None:
        """Each way from the factor's head to its tail as backward steps; None where there are more than `most`."""
        found: list[tuple[int, ...]] = []
        for way in self._ways(factor, set(factor.steps)):
            if len(found) == most:
                return None
            found.append(way)
        return found

    def _ways(self, factor: Factor, steps: set[int]) -> Iterator[tuple[int, ...]]:
        stack: list[tuple[int, tuple[int, ...]]] = [(factor.head, ())]
        while stack:
            at, way = stack.pop()
            if at == factor.tail:
                yield way
            else:
                stack += [(self.recording.tails[k], (*way, k)) for k in reversed(self._own[at]) if k in steps]


def _times(x: float, y: float) -> float:
    """The product; a 0 hands nothing on, whatever it meets, and neither does what does not exist, or there would be no sweep to explain."""
    return x * y if x and y and not math.isnan(x * y) else 0.0


def _log_size(x: float) -> float:
    return math.log(abs(x)) if x and math.isfinite(x) else -math.inf
