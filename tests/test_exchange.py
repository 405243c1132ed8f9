"""Graphs for other tools: JSON and back, networkx, a table of nodes."""

from __future__ import annotations

import contextlib
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings

from autograd import GradientError, Value, custom_gradient, from_json, gradient, node_table, scope, sqrt, to_json, to_networkx
from autograd.graph import cotangents, topological

from .random_graphs import SMOOTH, Step, build, recipes, values


@settings(max_examples=60, deadline=None)
@given(recipes(SMOOTH))
def test_a_graph_comes_back_to_the_bit(recipe: list[Step]) -> None:
    """Numbers, local derivatives, operations and operands; so gradients and gradient graphs are the same."""
    output = build(SMOOTH, recipe, values([0.3, -1.2, 2.0]))[-1]
    again = from_json(to_json(output))
    before, after = topological(output), topological(again)
    assert [(x.data, x.op, x.partials, x.label) for x in before] == [(x.data, x.op, x.partials, x.label) for x in after]
    assert [before.index(p) for x in before for p in x.parents] == [after.index(p) for x in after for p in x.parents]
    assert [*cotangents(output, order=before).values()] == [*cotangents(again, order=after).values()]
    assert to_json(output) == to_json(again)


def test_what_else_comes_back() -> None:
    """Scopes, stored gradients, constants on either side, −0.0, several outputs that share, a local derivative that does not exist."""
    x = Value(0.0, label="x · „x“ \n")
    with scope("outer/inner"):
        y, z = 3.0 - x, (x * -0.0 + 2) ** 3
    root = sqrt(x)
    (y * z).backward()
    text = to_json([y, z, root])
    first, second, third = from_json(text)
    assert first.parents[0] is third.parents[0]
    assert ("outer/inner", x.label, x.grad) == (second.scope, first.parents[0].label, first.parents[0].grad)
    assert [y.args[0], z.args[1]] == [first.args[0], second.args[1]]
    assert "-0.0" == str(topological(second)[1].args[1])
    with pytest.raises(GradientError, match="sqrt"):
        third.backward()
    assert gradient(second, first.parents[0]).data == gradient(z, x).data
    assert '"nan"' in text or '"inf"' in text


def test_a_deep_graph_needs_no_recursion() -> None:
    y = x = Value(1.0)
    for _ in range(20_000):
        y = y + 1e-6
    assert y.data == from_json(to_json(y)).data
    assert 20_001 == len(node_table(y))
    assert 1.0 == node_table(y)[0]["gradient"]
    assert x.grad == 0.0


def test_an_operation_of_ones_own_cannot_be_written() -> None:
    @custom_gradient(lambda z, x: 1.0)
    def mine(x: float) -> float:
        return x

    with pytest.raises(TypeError, match="made by mine: its row is in no table"):
        to_json(mine(Value(1.0)))


def _changed(**changes: Any) -> str:
    x = Value(3.0)
    found = json.loads(to_json(x * x))
    found["nodes"][1] |= changes
    return json.dumps(found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "needs JSON as to_json writes it"),
        ("[1, 2]", "this is something else"),
        ("[" * 100_000, "needs JSON"),
        ('{"format": "glassgrad graph", "version": 2, "nodes": []}', "reads version 1 of the format, but got version 2"),
        ('{"format": "glassgrad graph", "version": 1, "nodes": [], "output": 0}', "cannot find the output: node 0 is not among"),
        (_changed(op="import os"), "cannot make node 1: there is no operation named 'import os'"),
        (_changed(args=[{"node": 1}, {"node": 0}]), "node 1 is not among the 1 before"),
        (_changed(args=[{"node": True}, {"node": 0}]), "node True is not among"),
        (_changed(args=[{"node": 0}]), "multiply needs 2 args"),
        (_changed(partials=[3.0]), "a number, inf or nan as partial"),
        (_changed(partials=[3.0, 3.0, 3.0]), "a partial for each operand that is a node"),
        (_changed(args=[1.0, 2.0], partials=[]), "of which it has one at least"),
        (_changed(data=float("nan")), "finite, but got nan"),
        (_changed(data="9"), "'9' of type str"),
        (_changed(label=5), "a text as label"),
        (_changed(code="x"), "a node has data and grad, and may have"),
    ],
)
def test_texts_that_are_no_graph(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        from_json(text)


def test_random_damage_is_an_error_of_ours() -> None:
    """A text with a few characters changed is a graph or a ValueError."""
    x = Value(3.0, label="x")
    text = to_json(sqrt(x * x + 2.0) / x)
    rng = random.Random(0)
    for _ in range(2000):
        letters = list(text)
        for _ in range(rng.randint(1, 3)):
            letters[rng.randrange(len(letters))] = rng.choice('0123456789"[]{}:,.-xnul')
        with contextlib.suppress(ValueError):
            from_json("".join(letters))


def test_the_table_of_nodes() -> None:
    """A row for each node, which pandas takes; gradients of a sweep beside the stored ones, and names from locals()."""
    x, w = Value(3.0), Value(2.0, label="weight")
    with scope("layer"):
        y = x * w + 1.0
    rows = node_table(y, names={"x": x, "y": y})
    assert ["x", "weight", "", "y"] == [row["name"] for row in rows]
    assert ["", "", "multiply", "add"] == [row["op"] for row in rows]
    assert [[], [], [0, 1], [2, 1.0]] == [row["operands"] for row in rows]
    assert [2.0, 3.0, 1.0, 1.0] == [row["gradient"] for row in rows]
    assert [0.0] * 4 == [row["stored"] for row in rows]
    assert ["", "", "layer", "layer"] == [row["scope"] for row in rows]
    pandas = pytest.importorskip("pandas")
    assert 3.0 == pandas.DataFrame(rows).set_index("name").loc["weight", "gradient"]


def test_networkx_has_the_graph() -> None:
    """Nodes with their numbers, edges with local derivatives: the sum over all paths of the products is the gradient."""
    networkx = pytest.importorskip("networkx")
    x = Value(3.0, label="x")
    y = x * x + 2.0 * x
    graph = to_networkx(y)
    assert networkx.is_directed_acyclic_graph(graph)
    assert (4, 5) == (graph.number_of_nodes(), graph.number_of_edges())
    assert ("x", 3.0, 8.0) == tuple(graph.nodes[0][key] for key in ("name", "data", "gradient"))
    total = 0.0
    for path in networkx.all_simple_edge_paths(graph, 0, 3):
        product = 1.0
        for edge in path:
            product *= graph.edges[edge]["partial"]
        total += product
    assert 8.0 == total
