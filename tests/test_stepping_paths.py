"""Paths: a gradient as a sum over them, counted exactly, the largest listed, and the check that they add up."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given

from autograd import DrawingError, GradientError, Value, examples, explain, sqrt
from autograd.graph import edges, topological
from autograd.stepping.paths import counted

from .test_stepping import graphs


def every_path(output: Value, x: Value) -> list[float]:
    """The product along each path, by walking all of them."""
    if output is x:
        return [1.0]
    return [edge.partial * rest for edge in edges(output) for rest in every_path(edge.operand, x)]


def test_w1_has_one_path_with_its_five_factors() -> None:
    graph = examples.run("two_two_one").graphs[0]
    assert """\
C depends on w1 along 1 path:
  C -> y − o -> o -> z3 -> h1·w5 -> h1 -> z1 -> x1·w1 -> w1
    0.708572 × (−1) × 0.228767 × 1 × 0.55 × 0.236687 × 1 × 0.5 = −0.0105508
that is the gradient of C by w1: −0.0105508""" == str(explain(graph["w1"], graph.output))


def test_two_outputs_two_paths() -> None:
    """∂E/∂w1 is −0.010551 + 0.008432 = −0.002118, as worked out by hand."""
    graph = examples.run("two_outputs").graphs[0]
    found = explain(graph["w1"], graph.output)
    assert [-0.010551, 0.008432] == [round(path.product, 6) for path in found.paths]
    assert -0.002118 == round(found.total, 6)
    assert found.adds_up
    assert "together −0.0105508 + 0.00843228 = −0.00211849" in str(found)


@given(graphs())
def test_the_paths_of_any_graph_are_all_there_largest_first_and_add_up(output: Value) -> None:
    """Count, products and sum, against walking every path; any node below will do as the start."""
    order = topological(output)
    for x in order[:3]:
        products = every_path(output, x)
        if len(products) > 500:
            continue
        found = explain(x, output, most=500)
        assert len(products) == found.count == len(found.paths)
        assert sorted(map(abs, products), reverse=True) == pytest.approx([abs(path.product) for path in found.paths], rel=1e-12, abs=1e-300)
        assert math.isclose(math.fsum(products), found.gradient, rel_tol=1e-9, abs_tol=1e-9)
        assert found.adds_up
        few = explain(x, output, most=2)
        expected = [abs(path.product) for path in found.paths[:2]]
        assert expected == pytest.approx([abs(path.product) for path in few.paths], rel=1e-12, abs=1e-300)
        for path in found.paths:
            ends = [output, *(edge.operand for edge in path.edges)]
            assert all(edge.node is node for edge, node in itertools.zip_longest(path.edges, ends[:-1]))
            assert ends[-1] is x


def test_astronomically_many_paths_are_counted_and_the_largest_listed() -> None:
    x = Value(1.0, label="x")
    y = x
    for _ in range(1000):
        y = y + y
    found = explain(x, y)
    assert 2**1000 == found.count
    assert (2.0**1000, 2.0**1000, 5) == (found.gradient, found.total, len(found.paths))
    assert "1.071·10³⁰¹ paths; the largest 5" in str(found)
    wide = Value(1.0, label="w")
    z = wide * 0.0
    for k in range(300):
        z = z + wide * (0.5 + k)
    assert [299.5, 298.5] == [path.product for path in explain(wide, z, most=2).paths]


def test_counts_read_exactly_or_as_a_power_of_ten() -> None:
    assert ["7", "123,456", "1.000·10¹⁵", "9.999·10²⁰"] == [counted(n) for n in (7, 123456, 10**15, 10**21 - 1)]
    assert counted(3 * 10**20_000).startswith("3.000·10²⁰⁰⁰⁰")


def test_what_cannot_be_explained() -> None:
    x, y, z = Value(2.0, label="x"), Value(3.0, label="y"), Value(0.0, label="z")
    with pytest.raises(ValueError, match="does not depend on"):
        explain(y, x * 2.0)
    with pytest.raises(TypeError, match="needs a Value"):
        explain(x, 3.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="needs two Values"):
        explain(3.0, x)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="explain needs at least 1 as most, how many paths to list, but got 0"):
        explain(x, x * y, most=0)
    with pytest.raises(GradientError, match="sqrt"):
        explain(z, sqrt(z))
    assert (1, 1.0, ()) == ((found := explain(x, x)).count, found.gradient, found.paths[0].edges)


def test_the_largest_path_is_marked_in_the_picture() -> None:
    """Its arrows are the wide ones; a graph too big for a picture is still explained in words."""
    graph = examples.run("two_two_one").graphs[0]
    svg = explain(graph["w1"], graph.output).picture().pipe("svg", encoding="utf-8")
    assert 8 == svg.count('stroke-width="5"') // 2
    long: Value = Value(1.0, label="x")
    for _ in range(300):
        long = long * 1.01
    found = explain(topological(long)[0], long)
    with pytest.raises(DrawingError, match="too many for a picture"):
        found.picture()
    assert "… ×" in str(found)
