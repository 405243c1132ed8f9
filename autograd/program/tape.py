"""The flat program: what is computed, in which order, and how the sweep goes back over it. Numbers of nodes in place of nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..graph import topological
from ..primitive import Primitive, function_of
from ..value import Value
from .trace import Guard, TracingError

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


@dataclass
class Tape:
    """A recorded function, or a graph.

    labels   a name, or None, for each leaf: the arguments' numbers first, then the parameters; they are the nodes 0, 1, …
    entries  the steps and checks in the order in which they were made
    output   the number of the output, or a constant
    order    the nodes in the graph's topological order: the sweep goes through it backwards
    """

    labels: list[str | None]
    entries: list[Step | Check]
    output: Arg
    order: list[int]
    steps: dict[int, Step] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        self.steps = {entry.node: entry for entry in self.entries if isinstance(entry, Step)}

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


def of_trace(leaves: Sequence[Any], entries: Sequence[Any], output: Any) -> Tape:
    """The tape of a function that was recorded."""
    numbers: dict[Any, Arg] = {leaf: i for i, leaf in enumerate(leaves)}
    found: list[Step | Check] = []
    size = len(leaves)
    try:
        for entry in entries:
            if type(entry) is Guard:
                y = entry.y
                found.append(Check(entry.relation, (numbers[entry.x], y if type(y) is float else numbers[y]), entry.outcome))
                continue
            x, y, op = entry.x, entry.y, entry.op
            flows = x is not None or y is not None
            first = entry._first if x is None else x
            args: tuple[Arg, ...] = (first if type(first) is float else numbers[first],)
            if len(op.operands) == 2:
                second = entry._second if y is None else y
                args += (second if type(second) is float else numbers[second],)
            numbers[entry] = size
            found.append(Step(size, op, args, flows, entry.label, entry.scope))
            size += 1
        order = [numbers[node] for node in topological(output)]
    except KeyError as error:
        raise TracingError(f"{error.args[0]!r} comes from an earlier run of the function, which must not keep numbers outside") from None
    return Tape([leaf.label for leaf in leaves], found, numbers[output], order)  # type: ignore[arg-type]


def of_graph(output: Value, leaves: Sequence[Value]) -> Tape:
    """The tape of a graph that is there already. Leaves that are not named are constants, with the numbers they have now."""
    numbers: dict[Value | None, Arg] = {leaf: i for i, leaf in enumerate(leaves)}
    found: list[Step | Check] = []
    order: list[int] = []
    size = len(leaves)
    for node in topological(output):
        if node.op is None:
            numbers.setdefault(node, float(node.data))
        else:
            args = tuple(numbers[arg] if isinstance(arg, Value) else arg for arg in node.args)
            numbers[node] = size
            found.append(Step(size, node.op, args, True, node.label, node.scope))
            size += 1
        number = numbers[node]
        if isinstance(number, int):
            order.append(number)
    return Tape([leaf.label for leaf in leaves], found, numbers[output], order)
