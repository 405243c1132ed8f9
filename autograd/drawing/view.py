"""What a picture shows, before any style: boxes, the connections between them, and the numbers on both.

Looking changes nothing: gradients come from a sweep of our own, never from `grad`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from ..graph import cotangents, topological
from ..primitive import Primitive
from ..value import Value

Kind = Literal["input", "constant", "operation", "output"]


@dataclass(eq=False)
class Box:
    """One thing to draw.

    id        generated, never a label
    kind      what it is
    name      its node's name, "" without one
    symbol    an operation's symbol
    ordered   the operation's operands cannot change places
    value     its number
    gradient  ∂output/∂this; None for constants and outputs, which have none to show
    uses      how many connections leave it
    edited    its number was changed since it was recorded, or its operands' were
    """

    id: str
    kind: Kind
    name: str
    value: float
    gradient: float | None = None
    symbol: str = ""
    ordered: bool = False
    uses: int = 0
    edited: bool = False


@dataclass(eq=False)
class Connection:
    """A number's way from one box to the next, and its gradient's way back: upstream × local = contribution.

    The last three are None where no gradient flows back, from an operation to a constant.
    """

    id: str
    tail: Box
    head: Box
    upstream: float | None = None
    local: float | None = None
    contribution: float | None = None


@dataclass
class View:
    """Boxes and connections, operands before the operations that use them."""

    boxes: list[Box]
    connections: list[Connection]


def look(outputs: Sequence[Value], *, seed: float, names: Mapping[str, Any] | None) -> View:
    """The whole graph below the outputs."""
    order = topological(*outputs)
    gradient = cotangents(*outputs, seed=seed)
    named = find_names(names or {})
    boxes: dict[Value, Box] = {}
    constants: list[Box] = []
    connections: list[Connection] = []

    def name(node: Value) -> str:
        return node.label if node.label is not None else named.get(node, "")

    def connect(tail: Box, head: Box, *numbers: Any) -> None:
        tail.uses += 1
        connections.append(Connection(f"e{len(connections)}", tail, head, *numbers))

    for node in order:
        box = Box(f"n{len(boxes)}", "input", name(node), node.data, gradient[node])
        boxes[node] = box
        if node.op is None:
            continue
        box.kind, box.symbol = "operation", node.op.symbol
        box.ordered, box.edited = order_matters(node.op), was_edited(node)
        for arg, partial in zip(node.args, (node.dx, node.dy), strict=False):
            if isinstance(arg, Value):
                upstream, local = gradient[node], float(partial)  # type: ignore[arg-type]
                contribution = upstream * local if upstream else 0.0
                connect(boxes[arg], box, upstream, local, contribution)
            else:
                constant = Box(f"c{len(constants)}", "constant", "", arg)
                constants.append(constant)
                connect(constant, box)
    ends: list[Box] = []
    for node in dict.fromkeys(outputs):
        end = Box(f"o{len(ends)}", "output", name(node), node.data)
        ends.append(end)
        connect(boxes[node], end, seed, 1.0, seed)
    return View([*boxes.values(), *constants, *ends], connections)


def find_names(names: Mapping[str, Any]) -> dict[Value, str]:
    """The names of Values in a namespace such as locals(), and of the Values in its lists: w[0], w[1]. The first name wins."""
    found: dict[Value, str] = {}
    for name, thing in names.items():
        if name.startswith("_"):
            continue
        if isinstance(thing, Value):
            found.setdefault(thing, name)
        elif isinstance(thing, (list, tuple)):
            for i, item in enumerate(thing):
                if isinstance(item, Value):
                    found.setdefault(item, f"{name}[{i}]")
    return found


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
