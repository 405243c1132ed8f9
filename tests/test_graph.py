"""The order of a graph and the sweep that changes nothing, on bare nodes: no Value is needed to say what they do."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.graph import Edge, Node, cotangents, edges, topological


def leaf() -> Node:
    return join(None, None)


def join(x: Node | None, y: Node | None, dx: Any = 1.0, dy: Any = 1.0) -> Node:
    node = Node()
    node.x, node.y, node.dx, node.dy = x, y, dx, dy
    return node


def operands(node: Node) -> list[Node]:
    return [operand for operand in (node.x, node.y) if operand is not None]


def recursive(node: Node, order: list[Node]) -> list[Node]:
    """The definition, word for word: a node after its operands, the first operand's nodes before the second's."""
    if node not in order:
        for operand in operands(node):
            recursive(operand, order)
        order.append(node)
    return order


def dag(recipe: list[tuple[int, int, int, int]]) -> list[Node]:
    """Nodes, operands before the nodes made of them: each step says how far back its operands lie, 0 for none, and the partials."""
    nodes = [leaf()]
    for i, j, dx, dy in recipe:
        x, y = (nodes[-min(k, len(nodes))] if k else None for k in (i, j))
        nodes.append(join(x, y, float(dx), float(dy)))
    return nodes


def dags(most: int = 30) -> st.SearchStrategy[list[Node]]:
    """Random DAGs: shared, repeated and missing operands, loose ends."""
    back, partial = st.integers(0, 6), st.integers(-3, 3)
    return st.lists(st.tuples(back, back, partial, partial), max_size=most).map(dag)


# -- topological ---------------------------------------------------------------------------------------------------------


@given(dags())
def test_order_is_that_of_the_recursive_definition(nodes: list[Node]) -> None:
    """topological() is the post-order walk, first operand first, each node once."""
    assert recursive(nodes[-1], []) == topological(nodes[-1])


@given(dags(), st.data())
def test_order_of_several_outputs_is_one_walk_after_the_other(nodes: list[Node], data: st.DataObject) -> None:
    """Several outputs, shared, nested or repeated, are walked in turn; what was met stays where it is."""
    outputs = data.draw(st.lists(st.sampled_from(nodes), max_size=5))
    expected: list[Node] = []
    for output in outputs:
        recursive(output, expected)
    assert expected == topological(*outputs)


def test_order_of_nothing_and_of_a_leaf() -> None:
    a = leaf()
    assert [] == topological()
    assert [a] == topological(a)
    assert [a] == topological(a, a)


def test_order_of_a_node_with_a_second_operand_only() -> None:
    """2 / x has no first node: the walk goes down the second operand."""
    a = leaf()
    b = join(None, a, 2.0, 3.0)
    c = join(None, b)
    assert [a, b, c] == topological(c)


def test_order_of_x_times_x() -> None:
    a = leaf()
    square = join(a, a)
    assert [a, square] == topological(square)


class Counted(Node):
    """A node that counts how often its operands are looked at."""

    __slots__ = ("_x", "_y")
    looks = 0

    @property  # type: ignore[misc]
    def x(self) -> Node | None:
        Counted.looks += 1
        return self._x  # type: ignore[no-any-return]

    @x.setter
    def x(self, x: Node | None) -> None:
        self._x = x

    @property  # type: ignore[misc]
    def y(self) -> Node | None:
        Counted.looks += 1
        return self._y  # type: ignore[no-any-return]

    @y.setter
    def y(self, y: Node | None) -> None:
        self._y = y


def counted(x: Node | None, y: Node | None) -> Counted:
    node = Counted()
    node.x, node.y, node.dx, node.dy = x, y, 1.0, 1.0
    return node


def chain(n: int) -> Node:
    node = counted(None, None)
    for _ in range(n):
        node = counted(node, None)
    return node


def ladder(n: int) -> Node:
    """y = y + y: 2ⁿ paths."""
    node = counted(None, None)
    for _ in range(n):
        node = counted(node, node)
    return node


def fan(n: int) -> Node:
    """One leaf used n times, added up."""
    one = counted(None, None)
    total = one
    for _ in range(n):
        total = counted(total, one)
    return total


def mesh(n: int) -> Node:
    """A diamond mesh: each node takes two neighbours of the row below, so the number of paths is exponential."""
    row: list[Node] = [counted(None, None) for _ in range(30)]
    for _ in range(n // 30):
        row = [counted(row[i], row[(i + 1) % 30]) for i in range(30)]
    node = row[0]
    for other in row[1:]:
        node = counted(node, other)
    return node


@pytest.mark.parametrize("graph", [chain, ladder, fan, mesh])
def test_the_walk_is_linear_in_nodes_and_edges(graph: Any) -> None:
    """Each node's first operand is looked at once, its second once and once more when the walk comes back from below: counted, for
    graphs with any number of paths."""
    output = graph(3000)
    Counted.looks = 0
    order = topological(output)
    looks = Counted.looks
    count = sum(len(operands(node)) for node in order)
    assert len(order) >= 3000
    assert 2 * len(order) <= looks <= 2 * len(order) + count


# -- edges ---------------------------------------------------------------------------------------------------------------


def described(edge: Edge[Node]) -> tuple[Node, int, Node, float]:
    return edge.node, edge.position, edge.operand, edge.partial


def test_edges_in_the_order_of_the_operands() -> None:
    a, b = leaf(), leaf()
    both, second, none = join(a, b, 2.0, 3.0), join(None, b, 2.0, 3.0), join(None, None, 2.0, 3.0)
    assert [(both, 0, a, 2.0), (both, 1, b, 3.0)] == [described(edge) for edge in edges(both)]
    assert [(second, 1, b, 3.0)] == [described(edge) for edge in edges(second)]
    assert [] == list(edges(none))


def test_x_times_x_has_two_edges() -> None:
    a = leaf()
    square = join(a, a, 5.0, 5.0)
    assert [(square, 0, a, 5.0), (square, 1, a, 5.0)] == [described(edge) for edge in edges(square)]


# -- cotangents ----------------------------------------------------------------------------------------------------------


def over_all_paths(output: Node, node: Node) -> Fraction:
    """The definition: the sum, over every path from the output down to the node, of the product of the local derivatives."""
    if output is node:
        return Fraction(1)
    total = Fraction(0)
    for edge in edges(output):
        total += Fraction(edge.partial) * over_all_paths(edge.operand, node)
    return total


@given(dags(most=12), st.integers(-2, 2))
def test_cotangents_are_the_sum_over_paths(nodes: list[Node], seed: int) -> None:
    """∂output/∂node × seed for every node below the output, exactly, against the sum over all paths."""
    output = nodes[-1]
    expected = {node: float(seed * over_all_paths(output, node)) for node in topological(output)}
    assert expected == cotangents(output, seed=float(seed))


@given(dags(), st.data())
def test_cotangents_of_several_outputs_are_those_of_their_sum(nodes: list[Node], data: st.DataObject) -> None:
    outputs = data.draw(st.lists(st.sampled_from(nodes), min_size=1, max_size=4))
    expected = dict.fromkeys(topological(*outputs), 0.0)
    for output in outputs:
        for node, gradient in cotangents(output).items():
            expected[node] += gradient
    assert expected == cotangents(*outputs)


@given(dags())
def test_cotangents_stand_in_the_order_of_the_sweep(nodes: list[Node]) -> None:
    """Each node comes before its operands: an entry is complete when its turn comes."""
    assert topological(nodes[-1])[::-1] == list(cotangents(nodes[-1]))


def test_cotangents_change_nothing() -> None:
    a = leaf()
    b = join(a, a, 2.0, 3.0)
    cotangents(b)
    assert (a, a, 2.0, 3.0) == (b.x, b.y, b.dx, b.dy)
    assert (None, None, 1.0, 1.0) == (a.x, a.y, a.dx, a.dy)


@pytest.mark.parametrize("partial", [math.inf, -math.inf])
def test_cotangents_strong_zero(partial: float) -> None:
    """A gradient of exactly 0 hands nothing on, so that 0 times a local derivative beyond the floats cannot become NaN."""
    a = leaf()
    b = join(a, None, partial)
    c = join(b, a, 0.0, 7.0)
    assert {c: 1.0, b: 0.0, a: 7.0} == cotangents(c)


def test_a_million_paths_are_one_sweep() -> None:
    """y = y + y, a thousand times: 2¹⁰⁰⁰ paths, 1,001 nodes."""
    node = bottom = leaf()
    for _ in range(1000):
        node = join(node, node)
    gradient = cotangents(node)
    assert 1001 == len(gradient)
    assert 2.0**1000 == gradient[bottom]
