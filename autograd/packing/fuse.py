"""The scalar graph with its chains of + over × made one node each: what is left are sums, dot products and single operations.

A node of the fused graph is known by the number that it has on the tape. Constants come after the tape's nodes, each once. Left out are the
nodes that nobody needs, and those inside a chain: the sums and products from which the chain's own node is computed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..errors import AutogradError
from ..primitive import PRIMITIVES, Primitive
from ..program.tape import Tape

Ints = np.ndarray[Any, np.dtype[np.int64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]

LEAF, CONSTANT, SUM, LARGEST = -1, -2, -3, -4
"""What stands in place of an operation: a leaf, a constant, a fused sum (of products and single terms), a fused maximum."""


@dataclass
class Fused:
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


def fuse(tape: Tape, batched: Bools, wanted: Bools) -> Fused:
    """The fused graph of a tape, whose leaves differ from example to example where `batched` says so, and where the gradients by the
    `wanted` ones are asked for.
    """
    scalars = _scalars(tape)
    flows = _flows(scalars, tape)
    live, reached = _marks(scalars, flows)
    differs, below = _tags(scalars, flows, batched, wanted)
    chains = _chains(scalars, live, reached, flows, differs)
    gone = chains.swallowed | chains.product
    return Fused(
        scalars.ops, chains.op, scalars.x, scalars.y, scalars.first, [value for value, _ in scalars.constants], np.nonzero(live & ~gone)[0],
        chains.terms, chains.products, _levels(scalars, live, gone), differs, below & reached, scalars.output, scalars.checks,
    )  # fmt: skip


@dataclass
class _Scalars:
    """The scalar graph with its constants as nodes; names as in Fused."""

    ops: list[Primitive]
    op: Ints
    x: Ints
    y: Ints
    leaves: int
    first: int
    constants: dict[tuple[float, float], int]
    output: int
    checks: list[tuple[str, bool, int, int]]

    @property
    def total(self) -> int:
        """How many nodes there are."""
        return len(self.op)

    def are(self, name: str) -> Bools:
        """Which nodes are of the table's row of this name."""
        row = PRIMITIVES[name]
        found: Bools = self.op == (self.ops.index(row) if row in self.ops else -9)
        return found


def _scalars(tape: Tape) -> _Scalars:
    leaves = len(tape.labels)
    kinds: dict[Primitive, int] = {}
    op = np.fromiter((kinds.setdefault(p, len(kinds)) for p in tape.ops), np.int64, len(tape.ops))
    ops = [*kinds]
    op = np.concatenate([np.full(leaves, LEAF), op])
    first = len(op)
    x, y, constants = _operands(tape, ops, op)

    def place(arg: int | float) -> int:
        return arg if isinstance(arg, int) else first + constants.setdefault(_key(arg), len(constants))

    output = place(tape.output)
    checks = [(check.relation, check.outcome, place(check.args[0]), place(check.args[1])) for _, check in tape.checks]
    op = np.concatenate([op, np.full(len(constants), CONSTANT)])
    x, y = (np.concatenate([column, np.full(len(constants), -1)]) for column in (x, y))
    return _Scalars(ops, op, x, y, leaves, first, constants, output, checks)


def _flows(scalars: _Scalars, tape: Tape) -> Bools:
    """Whether a gradient goes from each node to its operands."""
    flows = ~scalars.are("stop_gradient")
    flows[list(tape.stopped)] = False
    zeros = [scalars.first + scalars.constants[key] for key in (_key(0.0), _key(-0.0)) if key in scalars.constants]
    if zeros:  # the constant 0 stops it too, as a factor
        flows[scalars.are("multiply") & (np.isin(scalars.x, zeros) | np.isin(scalars.y, zeros))] = False
    return flows


# The three passes below that go from node to node do so on lists, which are quicker to index than arrays. All else is on whole columns.


def _marks(scalars: _Scalars, flows: Bools) -> tuple[Bools, Bools]:
    """Which nodes have to be computed, and from which a gradient comes if one is asked for below."""
    needed = bytearray(scalars.total)  # 1: the output depends on it; 2: so does a gradient
    for _, _, i, j in scalars.checks:
        needed[i] = needed[j] = 1
    needed[scalars.output] = 3
    xs, ys, through = scalars.x.tolist(), scalars.y.tolist(), flows.tolist()
    for i in range(scalars.first - 1, scalars.leaves - 1, -1):
        mark = needed[i]
        if mark:
            if not through[i]:
                mark &= 1
            needed[xs[i]] |= mark
            if ys[i] >= 0:
                needed[ys[i]] |= mark
    marks = np.frombuffer(needed, np.uint8)
    live = marks > 0
    live[: scalars.leaves] = live[scalars.first :] = False
    return live, marks > 1


def _tags(scalars: _Scalars, flows: Bools, batched: Bools, wanted: Bools) -> tuple[Bools, Bools]:
    """Which nodes differ from example to example, and below which there is a wanted leaf."""
    tags = [0] * scalars.total  # 1: differs; 2: a wanted leaf is below
    tags[: scalars.leaves] = (batched + 2 * wanted).tolist()
    xs, ys, through = scalars.x.tolist(), scalars.y.tolist(), flows.tolist()
    for i in range(scalars.leaves, scalars.first):
        tag = tags[xs[i]]
        if ys[i] >= 0:
            tag |= tags[ys[i]]
        tags[i] = tag if through[i] else tag & 1
    tag = np.array(tags)
    return tag % 2 > 0, tag > 1


class _Chains(NamedTuple):
    """The chains. A node that is `swallowed` is a part of the chain of the node that reads it; a `product` is one of its products."""

    op: Ints
    swallowed: Bools
    product: Bools
    terms: tuple[Ints, Ints]
    products: tuple[Ints, Ints, Ints]


def _chains(scalars: _Scalars, live: Bools, reached: Bools, flows: Bools, differs: Bools) -> _Chains:
    x, y = scalars.x, scalars.y
    uses, consumer = _uses(scalars, live)
    adds, times, largest = scalars.are("add"), scalars.are("multiply"), scalars.are("maximum")
    largest &= ~reached  # where a gradient has to go through, a tie is shared out pair by pair
    alone = live & (uses == 1) & (flows == flows[consumer]) & (differs == differs[consumer])
    swallowed = alone & ((adds & adds[consumer]) | (largest & largest[consumer]))
    product = alone & times & adds[consumer]
    root = np.where(swallowed, consumer, np.arange(scalars.total))
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
    op = np.where(live & ~swallowed & adds, SUM, np.where(live & ~swallowed & largest, LARGEST, scalars.op))
    order = np.argsort(owner, kind="stable")
    owner, operand = owner[order], operand[order]
    is_product = product[operand]
    terms = owner[~is_product], operand[~is_product]
    return _Chains(op, swallowed, product, terms, (owner[is_product], x[operand[is_product]], y[operand[is_product]]))


def _uses(scalars: _Scalars, live: Bools) -> tuple[Ints, Ints]:
    """How often each node is read, where the output and the sides of a comparison count as read twice; and by whom, if it is once."""
    x, y = scalars.x, scalars.y
    inside = np.nonzero(live & (y >= 0))[0]
    single = np.nonzero(live & (y < 0))[0]
    uses = np.bincount(np.concatenate([x[inside], y[inside], x[single]]), minlength=scalars.total)
    uses[scalars.output] += 2
    for _, _, i, j in scalars.checks:
        uses[[i, j]] += 2
    consumer = np.zeros(scalars.total, np.int64)
    for column, rows in ((x, inside), (y, inside), (x, single)):
        consumer[column[rows]] = rows
    return uses, consumer


def _levels(scalars: _Scalars, live: Bools, gone: Bools) -> Ints:
    """The longest way to each node from a leaf; those that are `gone` are no nodes on it."""
    step, alive = (~gone).astype(np.int64).tolist(), live.tolist()
    xs, ys = scalars.x.tolist(), scalars.y.tolist()
    level = [0] * scalars.total
    for i in range(scalars.leaves, scalars.first):
        if alive[i]:
            a = level[xs[i]]
            if ys[i] >= 0:
                b = level[ys[i]]
                if b > a:
                    a = b
            level[i] = a + step[i]
    return np.array(level)


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
