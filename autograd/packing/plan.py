"""The plan: which array operations compute the fused graph, and where every number lies.

Numbers lie in three banks, one behind the other in one row of addresses: those that are the same for all examples, the inputs that
differ from example to example, and what is computed from them. The nodes of one group lie side by side, in the order in which they
were made: since people write loops, the operands of the next group are then mostly a view of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..primitive import Primitive
from ..program.tape import Tape
from .align import align
from .fuse import CONSTANT, LARGEST, SUM, Bools, Fused, Ints, fuse
from .grids import Product, matrix_products


@dataclass(eq=False)
class Group:
    """Nodes that one array operation, or a sum of some, computes.

    kind     SUM, LARGEST, or -1 for a single operation, which is then `op`
    nodes    the nodes, in order; they lie at the addresses from `start` on
    batched  whether they differ from example to example
    carries  whether their gradients are needed
    args     a single operation's operands: addresses, or a number where it is the same constant for all
    terms    the single terms of sums: a column of addresses each, if all have as many, or `ragged`: all terms one after another, and
             where each node's begin
    products the matrix products in sums; their places are rows of the group
    level    when
    """

    kind: int
    nodes: Ints
    start: int
    batched: bool
    carries: bool
    level: int
    op: Primitive | None = None
    args: list[Ints | float] = field(default_factory=list)
    terms: list[Ints] = field(default_factory=list)
    ragged: tuple[Ints, Ints] | None = None
    products: list[Product] = field(default_factory=list)

    @property
    def addresses(self) -> Ints:
        """Where the nodes lie."""
        return np.arange(self.start, self.start + len(self.nodes))

    @property
    def table(self) -> Ints | None:
        """The ragged terms with a row for each node, if all nodes have as many."""
        assert self.ragged is not None
        terms, starts = self.ragged
        count = len(terms) // len(starts)
        even = count * len(starts) == len(terms) and (starts == np.arange(len(starts)) * count).all()
        return terms.reshape(-1, count) if even else None

    @property
    def owner(self) -> Ints:
        """For each of the ragged terms which node it belongs to."""
        assert self.ragged is not None
        terms, starts = self.ragged
        return np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(terms)]))


@dataclass(eq=False)
class Guard:
    """A comparison that has to come out as it did when the function was recorded; its sides are addresses."""

    relation: str
    outcome: bool
    sides: tuple[Ints, Ints]


@dataclass(eq=False)
class Plan:
    """The array operations in order, and the banks.

    same      how long the bank of unbatched numbers is: the leaves that are unbatched, in order, constants, what is computed, and a 0
    inputs    how long the bank of batched inputs is
    computed  how long the bank of what is computed from them is
    where     the address of each node
    wanted    whether the gradient by each leaf is wanted
    constants the address of the first constant, and their numbers
    parts     for each batched argument, the address of its first number, and how many it has
    checks    the comparisons of one kind together
    """

    tape: Tape
    graph: Fused
    groups: list[Group]
    same: int
    inputs: int
    computed: int
    where: Ints
    wanted: Bools
    constants: tuple[int, list[float]]
    parts: list[tuple[int, int]]
    checks: list[Guard] = field(default_factory=list)

    @property
    def zero(self) -> int:
        """The address of a 0."""
        return self.same - 1

    @property
    def output(self) -> int:
        """The address of the output."""
        return int(self.where[self.graph.output])


MANY = 4
"""More single terms than this are summed along an axis, fewer one column after another."""


def plan(tape: Tape, batched: Bools, wanted: Bools, parts: Sequence[int] | None = None) -> Plan:
    """The plan for a tape; `batched` and `wanted` say of each leaf whether it differs from example to example, and whether the gradient by
    it is asked for; `parts` how many numbers each batched argument has.
    """
    graph = fuse(tape, batched, wanted)
    kinds = _kinds(graph, len(tape.labels))
    level = align(graph, kinds)
    where = np.full(len(graph.op), -1)
    same = 0
    unbatched = [np.nonzero(~batched)[0], np.arange(graph.first, graph.first + len(graph.constants))]
    for part in unbatched:
        where[part] = same + np.arange(len(part))
        same += len(part)
    constants = int(same - len(graph.constants)), graph.constants
    at = [same, 0]
    single = ~graph.batched[graph.nodes]
    same += int(single.sum()) + 1
    inputs = int(batched.sum())
    where[np.nonzero(batched)[0]] = same + np.arange(inputs)
    at[1] = same + inputs
    sizes = [inputs] if parts is None else [*parts]
    begins = [same + sum(sizes[:i]) for i in range(len(sizes))]
    plan = Plan(
        tape, graph, [], same, inputs, len(graph.nodes) - int(single.sum()), where, wanted, constants, list(zip(begins, sizes, strict=True))
    )  # fmt: skip

    origin = np.zeros(same + inputs + plan.computed, np.int64)  # the number of the group at an address, to tell a weight from an activation
    order = np.lexsort((graph.nodes, kinds[graph.nodes], level[graph.nodes]))
    nodes = graph.nodes[order]
    keys = np.stack([level[nodes], kinds[nodes]])
    cuts = np.nonzero(np.r_[True, (np.diff(keys) != 0).any(0)])[0].tolist() if len(nodes) else []
    terms, products = _Rows(graph.terms), _Rows(graph.products)
    for a, b in zip(cuts, [*cuts[1:], len(nodes)], strict=False):
        members = nodes[a:b]
        head = int(members[0])
        differs = bool(graph.batched[head])
        code = int(graph.op[head])
        group = Group(min(code, -1), members, at[differs], differs, bool(graph.carries[head]), int(level[head]))
        where[members] = group.addresses
        at[differs] += len(members)
        origin[group.addresses] = len(plan.groups) + 1
        if code >= 0:
            group.op = graph.ops[code]
            columns = [graph.x[members]] + ([graph.y[members]] if graph.y[head] >= 0 else [])
            for column in columns:
                constant = len(set(column.tolist())) == 1 and graph.op[column[0]] == CONSTANT
                group.args.append(graph.constants[int(column[0]) - graph.first] if constant else where[column])
        else:
            owner, operands = terms.of(members)
            _put_terms(group, owner, where[operands[0]])
            if code == SUM:
                owner, operands = products.of(members)
                if len(owner):
                    group.products = _products(owner, where[operands[0]], where[operands[1]], same, origin, plan.zero)
        plan.groups.append(group)
    sides: dict[tuple[str, bool], list[tuple[int, int]]] = {}
    for relation, outcome, x, y in graph.checks:
        sides.setdefault((relation, outcome), []).append((int(where[x]), int(where[y])))
    plan.checks = [Guard(*kind, (np.array([x for x, _ in found]), np.array([y for _, y in found]))) for kind, found in sides.items()]
    return plan


def _kinds(graph: Fused, leaves: int) -> Ints:
    """For each node, what it can share an array operation with: the operation, whether it is batched, whether a gradient goes through it,
    which operands are constants, and which, where it may not be any other.
    """
    total = len(graph.op)
    sort = np.ones(total, np.int64)  # of an operand: computed, a leaf, a constant
    sort[:leaves] = 2
    sort[graph.first :] = 3
    kind = graph.op - LARGEST
    single = graph.op >= 0
    for column, base in ((graph.x, 4), (graph.y, 4)):
        kind = kind * base + np.where(single & (column >= 0), sort[column], 0)
    plain = np.array([len(op.partials) > 1 and op.partials[1] is None for op in [*graph.ops]] + [False])
    exponent = np.where(single & plain[np.where(single, graph.op, -1)], graph.y + 1, 0)
    kind = (kind * (total + 1) + exponent) * 4 + graph.batched * 2 + graph.carries
    parts = np.zeros(total, np.int64)  # of a sum: products, single terms, or both
    parts[graph.products[0]] = 1
    parts[graph.terms[0]] += 2
    numbered: Ints = np.unique(kind * 4 + parts, return_inverse=True)[1]
    return numbered


class _Rows:
    """Columns sorted by node, of which the rows of some nodes can be asked for."""

    def __init__(self, columns: tuple[Ints, ...]) -> None:
        self.owner, self.columns = columns[0], columns[1:]

    def of(self, nodes: Ints) -> tuple[Ints, list[Ints]]:
        """For each row of these nodes (in order), which of them it belongs to, and the columns."""
        low, high = np.searchsorted(self.owner, nodes), np.searchsorted(self.owner, nodes, side="right")
        count = high - low
        owner = np.repeat(np.arange(len(nodes)), count)
        rows = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(low, count)
        return owner, [column[rows] for column in self.columns]


def _put_terms(group: Group, owner: Ints, terms: Ints) -> None:
    """The single terms of a group's nodes, as columns or one after another."""
    if not len(owner):
        return
    count = np.bincount(owner, minlength=len(group.nodes))
    if count.min() == count.max() <= MANY:
        group.terms = list(terms.reshape(len(group.nodes), -1).T)
    else:
        group.ragged = terms, np.r_[0, np.cumsum(count)[:-1]]


def _products(owner: Ints, left: Ints, right: Ints, same: int, origin: Ints, zero: int) -> list[Product]:
    """The matrix products of a group of sums. The factor that is the same for all examples stands left; else the one made later."""
    first, second = left >= same, right >= same
    swap = (first & ~second) | ((first == second) & (origin[left] < origin[right]))
    left, right = np.where(swap, right, left), np.where(swap, left, right)
    # Dot products with an unbatched left side and others do not mix.
    batched = np.zeros((2, int(owner.max()) + 1), bool)
    batched[0][owner[left >= same]] = True
    batched[1][owner[right >= same]] = True
    sort = batched[0] * 2 + batched[1]
    found = []
    for s in np.unique(sort[owner]).tolist():
        keep = sort[owner] == s
        rows, dots = np.unique(owner[keep], return_inverse=True)
        for product in matrix_products(dots, left[keep], right[keep], zero):
            product.place = np.where(product.place >= 0, rows[product.place], -1)
            found.append(product)
    return found
