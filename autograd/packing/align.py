"""When each node is computed: level by level, and nodes of one kind together where they can wait for one another.

A node may come as soon as its operands are there. Where a few nodes of a kind would come earlier than most (the first place of a
sequence, say, whose sum has a single term and so is no sum), and nothing else needs them yet, they wait: one array operation then
computes them all.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from .fuse import Fused, Ints

ROUNDS = 100
"""How often a kind of node is made to wait, at most: each time saves one array operation."""


def align(graph: Fused, kinds: Ints) -> Ints:
    """The level of each node; `kinds` says for each node what it can share an array operation with."""
    nodes = graph.nodes
    if not len(nodes):
        return graph.level
    node, operand = edges(graph)
    computed = graph.level[operand] > 0
    node, operand = node[computed], operand[computed]
    order = np.argsort(graph.level[node], kind="stable")
    node, operand = node[order], operand[order]
    cuts = np.searchsorted(graph.level[node], np.arange(1, graph.level.max() + 2))
    stages = [(node[a:b], operand[a:b]) for a, b in pairwise(cuts) if a < b]
    late = np.full(len(graph.level), graph.level.max())
    for above, under in reversed(stages):
        np.minimum.at(late, under, late[above] - 1)
    level = graph.level.copy()
    least = level.copy()
    kind = kinds[nodes]
    for _ in range(ROUNDS):
        if not _wait(nodes, kind, level, late, least):
            break
        level[nodes] = least[nodes]
        for above, under in stages:
            np.maximum.at(level, above, level[under] + 1)
    return level


def edges(graph: Fused) -> tuple[Ints, Ints]:
    """Every way from a node to an operand, as two columns."""
    single = graph.nodes[graph.op[graph.nodes] >= 0]
    two = single[graph.y[single] >= 0]
    above = np.concatenate([single, two, graph.terms[0], graph.products[0], graph.products[0]])
    return above, np.concatenate([graph.x[single], graph.y[two], graph.terms[1], graph.products[1], graph.products[2]])


def _wait(nodes: Ints, kind: Ints, level: Ints, late: Ints, least: Ints) -> bool:
    """Make the first group of nodes wait that can join a later one of its kind as a whole; whether there was one."""
    at, until = level[nodes], late[nodes]
    groups: dict[int, list[tuple[int, int, Ints]]] = {}
    order = np.lexsort((at, kind))
    key = np.stack([kind[order], at[order]])
    starts = np.nonzero(np.r_[True, (np.diff(key) != 0).any(0)])[0]
    for a, b in zip(starts, [*starts[1:], len(order)], strict=True):
        members = order[a:b]
        groups.setdefault(int(kind[members[0]]), []).append((int(at[members[0]]), int(until[members].min()), members))
    best: tuple[int, int, Ints] | None = None
    for found in groups.values():
        for (early, latest, members), (later, _, _) in pairwise(found):
            if later <= latest and (best is None or early < best[0]):
                best = early, later, members
    if best is None:
        return False
    least[nodes[best[2]]] = best[1]
    return True
