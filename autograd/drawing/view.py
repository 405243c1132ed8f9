"""What a picture shows, before any style: boxes, the connections between them, and the numbers on both.

Looking changes nothing: gradients come from a sweep of our own, never from `grad`. A big graph is looked at in three steps,
each of which only says something about nodes: which of them are shown at all (`choose`), which stand together for one box
(`fold`), and what is left is turned into boxes and connections (`look`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from .. import given
from ..failures import label_of
from ..graph import cotangents, topological
from ..joined import chain, is_hidden, parents, seen
from ..naming import find_names
from ..primitive import Primitive
from ..typeset import number
from ..value import Value, as_values
from .fold import CHAINS, Fold, Group, Unit

if TYPE_CHECKING:
    from ..checking.report import Finding

Kind = Literal["input", "parameter", "stub", "constant", "operation", "group", "output"]


MANY_USES, STUBS_FROM = 4, 30
"""A leaf with so many uses, in a picture of more boxes than that, is named at each place instead of sending long arrows."""


@dataclass(eq=False)
class Box:
    """One thing to draw.

    id        generated, never a label
    kind      what it is
    name      its node's name, "" without one; a group's title
    value     its number; None for a group that sends out several
    gradient  ∂output/∂this; a group's is the norm of its leaves' gradients; None where there is none to show
    symbol    an operation's symbol, Σ for a folded sum
    ordered   the operation's operands cannot change places
    uses      how many connections leave it
    edited    its number was changed since it was recorded, or its operands' were
    scope     the scope of its node
    count     how many nodes it stands for
    outside   it depends on nodes that are not shown
    node      the Value it stands for, where it is a single one
    wrong     how many local derivatives inside of it a check contradicts: those on connections that are not drawn
    """

    id: str
    kind: Kind
    name: str
    value: float | None
    gradient: float | None = None
    symbol: str = ""
    ordered: bool = False
    uses: int = 0
    edited: bool = False
    scope: str = ""
    count: int = 1
    outside: bool = False
    node: Value | None = None
    wrong: int = 0


@dataclass(eq=False)
class Connection:
    """A number's way from one box to the next, and its gradient's way back: upstream × local = contribution.

    The last three are None where no single gradient flows back: from an operation to a constant, and between groups, where
    a connection stands for `count` numbers. `checked` holds the local derivative against differences, where that was asked for.
    """

    id: str
    tail: Box
    head: Box
    upstream: float | None = None
    local: float | None = None
    contribution: float | None = None
    count: int = 1
    checked: Finding | None = None


@dataclass
class View:
    """Boxes and connections, operands before the operations that use them.

    hidden   the local derivatives that a check contradicts and no connection shows: inside a folded box, or outside of the part shown
    """

    boxes: list[Box]
    connections: list[Connection]
    hidden: list[Finding] = field(default_factory=list)

    @property
    def grouped(self) -> bool:
        """Whether some box stands for several nodes of a scope."""
        return any(box.kind == "group" for box in self.boxes)


def outputs_of(output: Any, what: str) -> list[Value]:
    """One Value or several, as a list."""
    outputs = [output] if isinstance(output, Value) else as_values(output, what, "a Value, or several")
    if not outputs:
        raise ValueError(f"{what} needs at least one Value, but got an empty list")
    return outputs


def choose(order: Sequence[Value], around: Value | None, radius: int, paths: tuple[Value, Value] | None) -> set[Value] | None:
    """The nodes to show: those within so many steps of one, or those on a path from one to another; None for all."""
    if around is None and paths is None:
        return None
    shown = set(order)
    if around is not None:
        if around not in shown:
            raise ValueError(f"around={around!r} is not in the graph of the output")
        consumers: dict[Value, list[Value]] = {}
        for node in order:
            for parent in () if is_hidden(node) else parents(node):
                consumers.setdefault(parent, []).append(node)
        near, rim = {around}, {around}
        for _ in range(radius):
            rim = {other for node in rim for other in (*parents(node), *consumers.get(node, ()))} - near
            near |= rim
        shown &= near
    if paths is not None:
        start, end = paths
        above: set[Value] = {start}
        for node in order:
            if node.x in above or node.y in above:
                above.add(node)
        if end not in above:
            raise ValueError(f"paths={paths!r}: there is no path from the first to the second")
        shown &= above.intersection(topological(end))
    return shown


def with_chains(order: Sequence[Value], shown: set[Value] | None) -> set[Value] | None:
    """The nodes to show, with the whole chain where a function of several operands is among them, and without it where it is not."""
    if shown is None:
        return None
    for node in order:
        if node.op is not None and node.op.whole is not None and not is_hidden(node):
            shown = shown | {*chain(node)} if node in shown else shown - {*chain(node)}
    return shown


def look(
    outputs: Sequence[Value],
    *,
    seed: float = 1.0,
    names: Mapping[str, Any] | None = None,
    parameters: Iterable[Value] = (),
    around: Value | None = None,
    radius: int = 2,
    paths: tuple[Value, Value] | None = None,
    only: set[Value] | None = None,
    fold: int | None = None,
    chains: bool | None = None,
    formulas: bool = False,
    check: bool = False,
    stubs: bool = True,
) -> View:
    """The graph below the outputs, or the part that was asked for (or `only` these nodes), folded as asked for or as needs be."""
    order = topological(*outputs)
    gradient = cotangents(*outputs, seed=seed, order=order)
    shown = with_chains(order, choose(order, around, radius, paths) if only is None else only)
    nodes = order if shown is None else [node for node in order if node in shown]
    if fold is None and shown is not None:
        fold = 0  # who asks for a part wants to see its nodes
    folded = Fold(nodes, outputs, depth=fold, chains=chains)
    named = find_names(given.names(names))
    tuned = set(parameters)
    boxes: dict[Unit, Box] = {}
    constants: list[Box] = []
    connections: dict[tuple[Box, Box] | int, Connection] = {}

    if formulas:
        _name_by_formula(nodes, named)

    def name(node: Value) -> str:
        return label_of(node) or named.get(node, "")

    checks: dict[tuple[Value, int | None], Finding] = {}
    if check:
        from ..checking.graphs import check_edges  # when asked for: it is no small room

        checks = {(found.node, found.position): found for output in outputs for found in check_edges(output)}

    def connect(
        tail: Box,
        head: Box,
        upstream: float | None = None,
        local: float | None = None,
        contribution: float | None = None,
        checked: Finding | None = None,
    ) -> None:
        if tail.kind == "group" or head.kind == "group":  # one connection stands for all numbers between two groups
            known = connections.get((tail, head))
            if known is not None:
                known.count += 1
                return
            connections[tail, head] = Connection(f"e{len(connections)}", tail, head)
        else:
            connections[len(connections)] = Connection(f"e{len(connections)}", tail, head, upstream, local, contribution, 1, checked)
        tail.uses += 1

    def connect_operands(node: Value, box: Box) -> None:
        for position, arg in enumerate(node.args):
            if isinstance(arg, Value):
                connect_operand(node, position, box)
            elif box.kind != "group":
                connect_constant(arg, box)

    def connect_operand(node: Value, position: int, box: Box) -> None:
        arg, partial = (node.y, node.dy) if position else (node.x, node.dx)
        assert arg is not None
        if shown is not None and arg not in shown:
            box.outside = True
            return
        tail = boxes[folded.unit(arg)]
        if tail is not box:  # within a group or a sum nothing is drawn
            upstream, local = gradient[node], float(partial)
            connect(tail, box, upstream, local, upstream * local if upstream else 0.0, checks.get((node, position)))

    def connect_constant(number: float, box: Box) -> None:
        constant = Box(f"c{len(constants)}", "constant", "", number)
        constants.append(constant)
        connect(constant, box)

    def connect_function(unit: Value, box: Box) -> None:
        of_operand = {node.op.place: node for node in chain(unit) if node.op is not None}
        for place, arg in enumerate(seen(unit)[1]):
            if place in of_operand:
                connect_operand(of_operand[place], 0, box)
            else:
                connect_constant(arg, box)

    for unit in folded.units:
        if isinstance(unit, Group):
            box = Box(f"n{len(boxes)}", "group", unit.title, None, scope=unit.scope, count=sum(not is_hidden(node) for node in unit.nodes))
            box.value = unit.output.data if unit.output is not None else None
            box.gradient = math.hypot(*(gradient[node] for node in unit.weighed)) if unit.weighed else None
        else:
            kind: Kind = "operation" if unit.op is not None else "parameter" if unit in tuned else "input"
            box = Box(f"n{len(boxes)}", kind, name(unit), unit.data, gradient[unit], scope=unit.scope or "", node=unit)
            if unit.op is not None:
                members = folded.members.get(unit, [unit])
                is_function = unit.op.whole is not None
                box.count = 1 if is_function else len(members)
                box.symbol = CHAINS[unit.op.name] if box.count > 1 else unit.op.symbol
                box.ordered, box.edited = order_matters(unit.op), any(map(was_edited, members if is_function else [unit]))
        boxes[unit] = box
    for unit, box in boxes.items():
        if isinstance(unit, Value) and unit.op is not None and unit.op.whole is not None:
            connect_function(unit, box)
            continue
        for member in folded.members.get(unit, () if isinstance(unit, Group) else (unit,)):
            connect_operands(member, box)
    ends: list[Box] = []
    for node in dict.fromkeys(outputs):
        if shown is None or node in shown:
            end = Box(f"o{len(ends)}", "output", name(node), node.data)
            ends.append(end)
            connections[len(connections)] = Connection(f"e{len(connections)}", boxes[folded.unit(node)], end, seed, 1.0, seed)
            boxes[folded.unit(node)].uses += 1
    drawn = {id(connection.checked) for connection in connections.values()}
    hidden = [found for found in checks.values() if found.is_wrong and id(found) not in drawn]
    for found in hidden:
        if shown is None or found.node in shown:
            boxes[folded.unit(found.node)].wrong += 1
    view = View([*boxes.values(), *constants, *ends], list(connections.values()), hidden)
    if stubs and len(view.boxes) > STUBS_FROM:
        _cut_long_arrows(view)
    return view


def _cut_long_arrows(view: View) -> None:
    """A leaf used in many places keeps its first arrow; at the other places its name stands again."""
    drawn: set[Box] = set()
    stubs: list[Box] = []
    for connection in view.connections:
        tail = connection.tail
        if tail.kind in ("input", "parameter") and tail.uses >= MANY_USES and connection.head.kind != "group":
            if tail in drawn:
                connection.tail = Box(f"s{len(stubs)}", "stub", tail.name, tail.value, uses=1, scope=connection.head.scope)
                stubs.append(connection.tail)
            drawn.add(tail)
    view.boxes.extend(stubs)


LONGEST_FORMULA = 24
_INFIX = {"add": "+", "subtract": "−", "multiply": "×", "divide": "÷"}


def _name_by_formula(nodes: Sequence[Value], named: dict[Value, str]) -> None:
    """Name what has no name by what it computes from what has one, while that stays short: apple × count."""
    compound: set[Value] = set()
    for node in nodes:
        if node.op is None or node.label or node in named or is_hidden(node):
            continue
        parts = []
        for arg in seen(node)[1]:
            if isinstance(arg, Value):
                part = label_of(arg) or named.get(arg, "")
                parts.append(
                    f"({part})"
                    if arg in compound and node.op.name != "add" and part
                    else part or (number(arg.data) if arg.op is None else "")
                )
            else:
                parts.append(number(arg))
        if not all(parts):
            continue
        infix = _INFIX.get(node.op.name)
        if infix:
            text = f" {infix} ".join(parts)
            compound.add(node)
        elif node.op.name == "negate":
            text = f"−{parts[0]}"
        elif node.op.name in ("power", "pow"):
            text = f"{parts[0]}^{parts[1]}"
        else:
            bare = (part[1:-1] if part.startswith("(") else part for part in parts)
            text = f"{node.op.symbol}({', '.join(bare)})"
        if len(text) <= LONGEST_FORMULA:
            named[node] = text


@cache
def order_matters(op: Primitive) -> bool:
    """Whether the operands cannot change places, judged by trying it on two numbers."""
    if len(op.operands) == 1:
        return False
    try:
        return op.forward(2.0, 3.0) != op.forward(3.0, 2.0)
    except (ArithmeticError, ValueError):
        return True


def was_edited(node: Value) -> bool:
    """Whether the node's number no longer follows from its operands' numbers."""
    assert node.op is not None
    try:
        now = node.op.forward(*(arg.data if isinstance(arg, Value) else arg for arg in node.args))
    except (ArithmeticError, ValueError, TypeError):
        return True
    return now != node.data and not (math.isnan(now) and math.isnan(node.data))
