"""The flat program: what is computed, in which order, and how the sweep goes back over it. Numbers of nodes in place of nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import count
from math import copysign
from typing import Any

from ..failures import label_of
from ..graph import Node, topological
from ..primitive import Primitive, function_of
from ..process import kept
from ..terms import TracingError
from ..value import Value


def no_operation(row: Primitive) -> TracingError:
    """The error for a function that is no operation of a program."""
    operands = ", ".join((*row.operands[:6], "…") if len(row.operands) > 6 else row.operands)
    return TracingError(
        f"{row.name} cannot be in a program, whose operations have one or two operands: it is a function of {operands} on a chain of nodes;"
        " write it in the table's functions, or differentiate it outside of the program"
    )


Arg = int | float
"""The number of a node, or a constant."""


@dataclass(slots=True, eq=True)
class Step:
    """One operation: node `node` is op(*args). Where nothing flows, no gradient goes from it to its operands."""

    node: int
    op: Primitive
    args: tuple[Arg, ...]
    flows: bool = True
    label: str | None = None
    scope: str | None = None


@dataclass(slots=True, eq=True)
class Check:
    """A comparison that has to come out as it did when the program was recorded; x and y are as in a Step's args."""

    relation: str
    args: tuple[Arg, Arg]
    outcome: bool


def _signs(constants: list[float | None]) -> list[float]:
    """Those of its zeros."""
    return [copysign(1.0, x) for x in constants if x == 0.0]


@dataclass(eq=False)
class Tape:
    """A recorded function, or a graph. It is kept in columns, since that is quick to make; `entries` are the same as objects.

    labels   a name, or None, for each leaf: the arguments' numbers first, then the parameters; they are the nodes 0, 1, …
    ops      the operations in the order in which they were made; they are the nodes after the leaves
    xs, ys   for each of them, the number of each operand that is a node, else -1, and
    a, b     the operand that is a constant, else None
    stopped  the nodes from which no gradient goes to their operands
    names    label and scope of each operation
    checks   comparisons, each with the number of operations that were made before it
    output   the number of the output, or a constant
    """

    labels: list[str | None]
    ops: list[Primitive]
    xs: list[int]
    ys: list[int]
    a: list[float | None]
    b: list[float | None]
    stopped: set[int]
    names: tuple[list[str | None], list[str | None]]
    checks: list[tuple[int, Check]]
    output: Arg

    def __eq__(self, other: object) -> bool:
        """Whether both compute the same to the bit: of constants, -0.0 is not 0.0."""
        if not isinstance(other, Tape):
            return NotImplemented
        if any(getattr(self, each.name) != getattr(other, each.name) for each in fields(self)):
            return False
        columns = [(mine, theirs) for mine, theirs in ((self.a, other.a), (self.b, other.b)) if 0.0 in mine]
        return all(_signs(mine) == _signs(theirs) for mine, theirs in columns)

    __hash__ = None  # type: ignore[assignment] # its columns may change

    @kept
    def entries(self) -> list[Step | Check]:
        """The steps and checks in the order in which they were made."""
        found: list[Step | Check] = []
        checks = [*self.checks, (len(self.ops) + 1, None)]
        at = 0
        columns = zip(count(len(self.labels)), self.ops, self.xs, self.ys, self.a, self.b, *self.names, strict=False)
        for i, (node, op, x, y, a, b, label, scope) in enumerate(columns):
            while checks[at][0] <= i:
                found.append(checks[at][1])  # type: ignore[arg-type]
                at += 1
            args: tuple[Any, ...] = (a if x < 0 else x,)
            if len(op.operands) == 2:
                args += (b if y < 0 else y,)
            found.append(Step(node, op, args, node not in self.stopped, label, scope))
        return [*found, *(check for _, check in self.checks[at:])]

    @kept
    def steps(self) -> dict[int, Step]:
        """The steps by the numbers of their nodes."""
        return {entry.node: entry for entry in self.entries if isinstance(entry, Step)}

    @kept
    def order(self) -> list[int]:
        """The nodes in the graph's topological order: the sweep goes through it backwards."""
        if not isinstance(self.output, int):
            return []
        nodes = [Node() for _ in range(len(self.labels) + len(self.ops))]
        for i, node in enumerate(nodes):
            node.x = node.y = None
            j = i - len(self.labels)
            if j >= 0 and i not in self.stopped:
                x, y = self.xs[j], self.ys[j]
                node.x, node.y = nodes[x] if x >= 0 else None, nodes[y] if y >= 0 else None
        numbers = dict(zip(nodes, count(), strict=False))
        return [numbers[node] for node in topological(nodes[self.output])]

    def replay(self, leaves: Sequence[Any]) -> list[Any]:
        """Every node, computed by the engine from these leaves, of whatever kind of number they are; checks are not looked at."""
        nodes: list[Any] = [*leaves]
        for step in self.steps.values():
            z = function_of(step.op)(*(nodes[arg] if isinstance(arg, int) else arg for arg in step.args))
            if not step.flows and not isinstance(z, float):
                z = z.detach()
            if isinstance(z, Value):
                z.label, z.scope = step.label, step.scope
            nodes.append(z)
        return nodes

    def output_of(self, nodes: Sequence[Any]) -> Any:
        """The output among the nodes of a replay."""
        return nodes[self.output] if isinstance(self.output, int) else Value(self.output)


def of_graph(output: Value, leaves: Sequence[Value]) -> Tape:
    """The tape of a graph that is there already. Leaves that are not named are constants, with the numbers they have now."""
    numbers: dict[Value | None, Arg] = {leaf: i for i, leaf in enumerate(leaves)}
    tape = Tape([None if leaf.label is None else label_of(leaf) for leaf in leaves], [], [], [], [], [], set(), ([], []), [], 0)
    size = len(leaves)
    for node in topological(output):
        if node.op is None:
            numbers.setdefault(node, float(node.data))
            continue
        if node.op.whole is not None:
            raise no_operation(node.op.whole)
        numbers[node] = size
        size += 1
        tape.ops.append(node.op)
        args = [numbers[arg] if isinstance(arg, Value) else arg for arg in node.args]
        for column, constants, arg in zip((tape.xs, tape.ys), (tape.a, tape.b), [*args, None], strict=False):
            column.append(arg if isinstance(arg, int) else -1)
            constants.append(None if isinstance(arg, int) else arg)
        tape.names[0].append(None if node.label is None else label_of(node))
        tape.names[1].append(node.scope)
    tape.output = numbers[output]
    return tape
