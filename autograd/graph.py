"""The order of a graph, and a sweep over it that changes nothing. Knows operands and partials, and no arithmetic beyond × and +.

A `Node` is a leaf, unary or binary. Its operands and its local derivatives sit directly on it, in no container: the garbage
collector, which is most of the cost of a graph in Python, then has one object a node to look at, and no cycles.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar


class Node:
    """A node's place in its graph.

    x, y    the operands that are nodes; None for a constant operand and where there is none
    dx, dy  the local derivatives ∂node/∂x and ∂node/∂y, fixed when the node was recorded; beside an operand that is
            None, the constant itself
    """

    __slots__ = ("dx", "dy", "x", "y")
    x: Node | None
    y: Node | None
    dx: float | None
    dy: float | None


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
    seen: set[Node] = set()
    done, see = order.append, seen.add
    for output in outputs:
        if output in seen:
            continue
        see(output)
        node: Node = output
        path: list[Node] = []
        down, up = path.append, path.pop
        while True:  # go down to an operand not seen yet; without one, the node is complete: note it and go back up
            x = node.x
            if x is not None and x not in seen:
                see(x)
                down(node)
                node = x
                continue
            y = node.y
            if y is not None and y not in seen:
                see(y)
                down(node)
                node = y
                continue
            done(node)  # type: ignore[arg-type]
            if not path:
                break
            node = up()
    return order


def edges(node: N) -> Iterator[Edge[N]]:
    """The node's edges to its operands, first operand first. x·x has two."""
    if node.x is not None:
        yield Edge(node, 0, node.x, node.dx)  # type: ignore[arg-type]
    if node.y is not None:
        yield Edge(node, 1, node.y, node.dy)  # type: ignore[arg-type]


def cotangents(*outputs: N, seed: float = 1.0) -> dict[N, float]:
    """The gradient of the outputs' sum for every node below them, times the seed; nothing on the nodes is read or written
    but their operands and partials. Entries stand in the order of the sweep.

    A node hands partial × gradient to each operand, where contributions add up; the order guarantees that a node's
    gradient is complete before it is handed on. A gradient of exactly 0 is not handed on: 0 · inf must not become NaN.
    """
    order = topological(*outputs)
    order.reverse()
    gradient: dict[N, float] = dict.fromkeys(order, 0.0)
    for output in outputs:
        gradient[output] += seed
    for node in order:
        upstream = gradient[node]
        if upstream:
            for edge in edges(node):
                gradient[edge.operand] += upstream * edge.partial
    return gradient
