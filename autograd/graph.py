"""The order of a graph, and a sweep over it that changes nothing. Knows operands and partials, and no arithmetic beyond × and +.

A `Node` is a leaf, unary or binary. Its operands and its local derivatives sit directly on it, in no container: the garbage
collector, which is most of the cost of a graph in Python, then has one object a node to look at, and no cycles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from .marks import sweep
from .masking import MISSING, swept


class Node:
    """A node's place in its graph.

    x, y    the operands that are nodes; None for a constant operand and where there is none
    dx, dy  the local derivatives ∂node/∂x and ∂node/∂y, fixed when the node was recorded. Where an operand is None there
            is none, and the slot holds something else, under another name (`Value.first_constant`, `Value.made_in`)
    """

    __slots__ = ("dx", "dy", "x", "y")
    x: Node | None
    y: Node | None
    dx: float
    dy: float


become: Callable[[Node, type], None] = object.__dict__["__class__"].__set__
"""become(node, kind) makes a node one of another class, which adds no slots. So it keeps its identity, wherever somebody holds it, and
answers otherwise for a while: a parameter is Traced while a program is recorded with it, a Value that the function can reach, and that is
none of its own, is Foreign then, and in packed training, where the numbers are in arrays, a parameter is Resident. This is a function in C,
and the way back is made ready before: all nodes go back in one call (`process.all_of`), whatever happens.
"""

N = TypeVar("N", bound=Node)


class Edge(Generic[N]):
    """One way a gradient flows: from a node to one of its operands, by the local derivative `partial`."""

    __slots__ = ("node", "operand", "partial", "position")

    def __init__(self, node: N, position: int, operand: N, partial: float) -> None:
        self.node, self.position, self.operand, self.partial = node, position, operand, partial


def topological(*outputs: N) -> list[N]:
    """Every node the outputs depend on, themselves included: operands before the nodes made of them, the first operand's
    nodes before the second's. The order depends on the graph alone. Iterative, and linear in nodes and edges.
    """
    order: list[N] = []
    seen: set[Node | None] = {None}  # None stands where an operand is no node: as good as seen
    path: list[Node | None] = [None]
    done, see, down, up = order.append, seen.add, path.append, path.pop
    for output in outputs:
        node: Node | None = None if output in seen else output
        see(output)
        while node is not None:
            x = node.x
            if x not in seen:  # down to the first operand
                see(x)
                down(node)
                node = x
                continue
            while node is not None:
                y = node.y
                if y not in seen:  # down to the second operand
                    see(y)
                    down(node)
                    node = y
                    break
                done(node)  # type: ignore[arg-type]
                node = up()  # the first operand of the node above is complete, whichever this one was
        down(None)
    return order


def edges(node: N) -> Iterator[Edge[N]]:
    """The node's edges to its operands, first operand first. x·x has two."""
    if node.x is not None:
        yield Edge(node, 0, node.x, node.dx)  # type: ignore[arg-type]
    if node.y is not None:
        yield Edge(node, 1, node.y, node.dy)  # type: ignore[arg-type]


@sweep
def cotangents(*outputs: N, seed: float = 1.0, order: Sequence[N] | None = None) -> dict[N, float]:
    """The gradient of the outputs' sum for every node below them, times the seed; nothing on the nodes is read or written
    but their operands and partials. Entries stand in the order of the sweep. `order` spares the search for it, where
    `topological(*outputs)` is known already.

    A node hands partial × gradient to each operand, where contributions add up; the order guarantees that a node's
    gradient is complete before it is handed on. A gradient of exactly 0 is not handed on: 0 · inf must not become NaN. Where a local
    derivative does not exist (nan), `masking` says whether 0 times it is 0; where not, what arrives is nan.
    """
    if order is None:
        order = topological(*outputs)
    found = swept(order, outputs, seed) if MISSING else None
    if found is not None:
        return found
    gradient: dict[N, float] = dict.fromkeys(reversed(order), 0.0)
    for output in outputs:
        gradient[output] += seed
    for node, upstream in gradient.items():  # only entries still to come are changed on the way
        if upstream:
            x, y = node.x, node.y
            if x is not None:
                gradient[x] += upstream * node.dx  # type: ignore[index]
            if y is not None:
                gradient[y] += upstream * node.dy  # type: ignore[index]
    return gradient
