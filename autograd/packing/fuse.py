"""The scalar graph with its chains of + over × made one node each: what is left are sums, dot products and single operations.

A node of the fused graph is known by the number it has on the tape; constants come after, each once. What nobody needs is left out,
and so are the inside of a chain and the products in it: they have no number of their own any more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import AutogradError
from ..primitive import PRIMITIVES, Primitive
from ..program.tape import Tape

Ints = np.ndarray[Any, np.dtype[np.int64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]

LEAF, CONSTANT, SUM, LARGEST = -1, -2, -3, -4
"""What stands in place of an operation: a leaf, a constant, a fused sum (of products and single terms), a fused maximum."""


@dataclass
class Graph:
    """The fused graph.

    ops       the operations there are, and `op` for each node the place of its own, or one of the marks above
    x, y      the operands of a single operation; y = -1 where there is none
    constants the constants' numbers, beginning with the node `first`
    nodes     the nodes that have to be computed, in order
    terms     for the fused: the node, and one operand, sorted by node
    products  for the fused sums: the node, and the two operands of one product in it, sorted by node
    level     the longest way to the node from a leaf, in nodes
    batched   whether the number differs from example to example
    below     whether a gradient reaches a wanted leaf from it
    carries   whether its gradient is needed: the output depends on it, it is below, and no stop_gradient is between
    output    the output's node
    checks    comparisons: the relation, how it comes out, and the nodes on its sides
    """

    ops: list[Primitive]
    op: Ints
    x: Ints
    y: Ints
    first: int
    constants: list[float]
    nodes: Ints
    terms: tuple[Ints, Ints]
    products: tuple[Ints, Ints, Ints]
    level: Ints
    batched: Bools
    carries: Bools
    output: int
    checks: list[tuple[str, bool, int, int]]


def fuse(tape: Tape, batched: Bools, wanted: Bools) -> Graph:
    """The fused graph of a tape, whose leaves differ from example to example where `batched` says so, and where the gradients by the
    `wanted` ones are asked for.
    """
    leaves = len(tape.labels)
    kinds: dict[Primitive, int] = {}
    op = np.fromiter((kinds.setdefault(p, len(kinds)) for p in tape.ops), np.int64, len(tape.ops))
    ops = [*kinds]
    op = np.concatenate([np.full(leaves, LEAF), op])
    first = len(op)
    x, y, constants = _operands(tape, ops, op)
    output = tape.output if isinstance(tape.output, int) else first + constants.setdefault(_key(tape.output), len(constants))
    checks = []
    for _, check in tape.checks:
        i, j = (
            arg if isinstance(arg, int) else first + constants.setdefault(_key(arg), len(constants)) for arg in check.args
        )  # fmt: skip
        checks.append((check.relation, check.outcome, i, j))
    total = first + len(constants)
    op = np.concatenate([op, np.full(len(constants), CONSTANT)])
    x, y = (np.concatenate([column, np.full(len(constants), -1)]) for column in (x, y))
    stop = kinds.get(PRIMITIVES["stop_gradient"], -9)
    flows = op != stop
    flows[list(tape.stopped)] = False
    zeros = [first + constants[key] for key in (_key(0.0), _key(-0.0)) if key in constants]
    if zeros:  # the constant 0 stops it too, as a factor
        flows[(op == kinds.get(PRIMITIVES["multiply"], -9)) & (np.isin(x, zeros) | np.isin(y, zeros))] = False

    # Three passes over the scalar graph go from node to node (lists are quicker to index than arrays), the rest is on whole columns.
    needed = bytearray(total)  # 1: the output depends on it; 2: so does a gradient
    for _, _, i, j in checks:
        needed[i] = needed[j] = 1
    needed[output] = 3
    xs, ys, through = x.tolist(), y.tolist(), flows.tolist()
    for i in range(first - 1, leaves - 1, -1):
        mark = needed[i]
        if mark:
            if not through[i]:
                mark &= 1
            needed[xs[i]] |= mark
            if ys[i] >= 0:
                needed[ys[i]] |= mark
    tags = [0] * total  # 1: differs from example to example; 2: a wanted leaf is below
    tags[:leaves] = (batched + 2 * wanted).tolist()
    for i in range(leaves, first):
        tag = tags[xs[i]]
        if ys[i] >= 0:
            tag |= tags[ys[i]]
        tags[i] = tag if through[i] else tag & 1
    tag = np.array(tags)
    differs = tag % 2 > 0
    marks = np.frombuffer(needed, np.uint8)
    live, reached = marks > 0, marks > 1
    live[:leaves] = live[first:] = False

    # Chains.
    inside = np.nonzero(live & (y >= 0))[0]
    single = np.nonzero(live & (y < 0))[0]
    uses = np.bincount(np.concatenate([x[inside], y[inside], x[single]]), minlength=total)
    uses[output] += 2
    for _, _, i, j in checks:
        uses[[i, j]] += 2
    consumer = np.zeros(total, np.int64)
    for column, rows in ((x, inside), (y, inside), (x, single)):
        consumer[column[rows]] = rows
    adds, times, largest = (op == kinds.get(PRIMITIVES[name], -9) for name in ("add", "multiply", "maximum"))
    largest &= ~reached  # where a gradient has to go through, a tie is shared out pair by pair
    alone = live & (uses == 1)
    alone &= (flows == flows[consumer]) & (differs == differs[consumer])
    swallowed = alone & ((adds & adds[consumer]) | (largest & largest[consumer]))
    product = alone & times & adds[consumer]
    root = np.where(swallowed, consumer, np.arange(total))
    while True:
        further = root[root]
        if (further == root).all():
            break
        root = further
    at = np.nonzero(live & (adds | largest))[0]
    owner = np.repeat(root[at], 2)
    operand = np.stack([x[at], y[at]], 1).ravel()
    keep = ~swallowed[operand]
    owner, operand = owner[keep], operand[keep]
    op = np.where(live & ~swallowed & adds, SUM, np.where(live & ~swallowed & largest, LARGEST, op))
    order = np.argsort(owner, kind="stable")
    owner, operand = owner[order], operand[order]
    is_product = product[operand]
    terms = owner[~is_product], operand[~is_product]
    products = owner[is_product], x[operand[is_product]], y[operand[is_product]]

    # Levels.
    step = (~(swallowed | product)).astype(np.int64).tolist()
    alive = live.tolist()
    level = [0] * total
    for i in range(leaves, first):
        if alive[i]:
            a = level[xs[i]]
            if ys[i] >= 0:
                b = level[ys[i]]
                if b > a:
                    a = b
            level[i] = a + step[i]
    nodes = np.nonzero(live & ~swallowed & ~product)[0]
    return Graph(
        ops, op, x, y, first, [value for value, _ in constants], nodes, terms, products, np.array(level), differs, (tag > 1) & reached,
        output, checks,
    )  # fmt: skip


def _key(x: float) -> tuple[float, float]:
    """What tells a constant from others, -0.0 from 0.0 too."""
    return x, math.copysign(1.0, x)


def _operands(tape: Tape, ops: list[Primitive], op: Ints) -> tuple[Ints, Ints, dict[tuple[float, float], int]]:
    """The operands' columns, with constants as nodes; what is constant altogether is computed."""
    leaves, first = len(tape.labels), len(op)
    x = np.concatenate([np.full(leaves, -1), np.array(tape.xs, np.int64)])
    y = np.concatenate([np.full(leaves, -1), np.array(tape.ys, np.int64)])
    constants: dict[tuple[float, float], int] = {}
    for column, values in ((x, tape.a), (y, tape.b)):
        for i in np.nonzero(column[leaves:] < 0)[0].tolist():
            value = values[i]
            if value is not None:
                column[leaves + i] = first + constants.setdefault(_key(value), len(constants))
    # Nodes all of whose operands are constants are constants too. There are few, if any: after each round the next are looked for.
    known = np.zeros(first + 1, bool)
    place = np.zeros(first, np.int64)
    while constants:
        found = (x >= first) & ((y < 0) | (y >= first)) & ~known[:first]
        if not found.any():
            break
        numbers = [value for value, _ in constants]
        known[:first] |= found
        done = np.zeros(first, bool)
        for i in np.nonzero(found)[0].tolist():
            args = [numbers[j - first] for j in (int(x[i]), int(y[i])) if j >= 0]
            try:
                value = ops[op[i]].kinds[float](*args)
            except AutogradError:
                continue  # it is raised when the program comes to it
            place[i] = first + constants.setdefault(_key(value), len(constants))
            done[i] = True
        for column in (x, y):
            inner = (column >= 0) & (column < first)
            inner[inner] = done[column[inner]]
            column[inner] = place[column[inner]]
    return x, y, constants
