"""Both modes side by side: the arrows say what `modes` counts, on two drawings of one graph."""

from __future__ import annotations

import doctest
import importlib
import re
import sys

import pytest
from hypothesis import given, settings

from autograd import DrawingError, MissingExtraError, Value, draw_modes, grad, modes, sigmoid, sin
from autograd import sum as total
from autograd.graph import topological

from .random_graphs import SMOOTH, Step, build, recipes, values

pytest.importorskip("graphviz")

EDGE = re.compile(r"^\t\t(forward|reverse)_(\w+) -> (?:forward|reverse)_(\w+) \[(.*)\]$", re.MULTILINE)


def arrows(source: str, side: str) -> dict[tuple[str, str, str], int]:
    """How many sweeps cross each arrow of a side, by its ends and its id."""
    found = {}
    for which, tail, head, attributes in EDGE.findall(source):
        if which == side:
            label = re.search(r'label=" *(\d+) "', attributes)
            name = re.search(r"id=\w+?_(\w+)", attributes)
            assert name
            found[tail, head, name[1]] = int(label[1]) if label else 0
    return found


@settings(max_examples=30)
@given(recipes(SMOOTH))
def test_the_numbers_at_the_arrows_add_up_to_what_modes_counts(steps: list[Step]) -> None:
    """On either side, over random graphs with sharing; and both sides have the same arrows."""
    leaves = values([0.3, -1.2, 2.0])
    output = build(SMOOTH, steps, leaves)[-1]
    counted = modes(output, leaves)
    source = draw_modes(output, leaves).source
    forward, reverse = arrows(source, "forward"), arrows(source, "reverse")
    assert (sum(counted.forward), counted.reverse) == (sum(forward.values()), sum(reverse.values()))
    assert forward.keys() == reverse.keys()
    assert all(reverse[arrow] == min(crossings, 1) for arrow, crossings in forward.items())
    assert counted.reached == {node: sum(leaf in topological(node) for leaf in leaves) for node in topological(output)}


def test_either_side_shows_the_derivatives_where_its_sweeps_end() -> None:
    """Forward mode at the output, one after another; reverse mode at the inputs."""
    a, b, c = Value(2.0, label="a"), Value(3.0, label="b"), Value(7.0)
    source = draw_modes(a * b + a * c, [b, a, c], names={"c": c}).source
    forward, reverse = source.split("subgraph cluster_reverse")
    assert ["b = 2", "a = 10", "c = 2"] == re.findall(r"∂/∂(\w = \d+)<", forward)
    assert [] == re.findall(r"∂/∂", reverse)
    assert ["10", "2", "2"] == sorted(re.findall(r">(\d+)<", reverse))
    assert [] == re.findall(r">\d+<", forward)
    for words in ("3 sweeps, one from each input", "8 multiplications"):
        assert words in forward
    for words in ("1 sweep, for all inputs", "6 multiplications"):
        assert words in reverse


def test_what_no_input_reaches_is_crossed_by_nothing() -> None:
    x, y = Value(2.0), Value(3.0)
    source = draw_modes(sin(x) * sin(y), [x]).source
    assert [1, 1, 0, 0, 0] == sorted(arrows(source, "forward").values(), reverse=True)
    assert "1 sweep, from the input" in source
    assert "1 sweep, from the output" in source
    assert "0 multiplications" in draw_modes(sin(x), [y]).source


def test_the_picture_can_be_rendered_and_read_aloud() -> None:
    """Hostile names stay names; every arrow has a sentence."""
    w = [Value(0.1 * i, label=f'<b>"{i}|') for i in range(1, 13)]
    picture = draw_modes(sigmoid(total(v * 0.5 for v in w)), w, caption="twelve", background="dark")
    svg = picture.pipe("svg", encoding="utf-8")
    assert "and 5 more" in svg
    assert "× → +: 1 forward sweep" in svg
    assert "output → σ: 0 reverse sweeps" in svg
    assert "+ → σ: 12 forward sweeps" in svg
    assert "σ → +: 1 reverse sweep<" in svg


def test_what_cannot_be_drawn_is_refused() -> None:
    x = Value(1.0)
    y = x
    for _ in range(148):
        y = y * x
    assert 296 == modes(y, [x]).reverse == sum(arrows(draw_modes(y, [x]).source, "reverse").values())
    y = y * x
    with pytest.raises(DrawingError, match=r"151 boxes twice are too many .*modes\(output, wrt\) counts"):
        draw_modes(y, [x])
    for text in (draw_modes(x * x, [x]).mermaid, draw_modes(x * x, [x]).tikz):
        with pytest.raises(DrawingError, match="and not as text"):
            text()
    with pytest.raises(TypeError, match="draw_modes needs a Value"):
        draw_modes(grad(sin)(1.0), [x])


def test_without_the_extra_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "graphviz", None)
    monkeypatch.delitem(sys.modules, "autograd.drawing.sides")
    with pytest.raises(MissingExtraError, match=r"draw_modes needs the extra named draw: pip install"):
        importlib.import_module("autograd.drawing.sides")


def test_the_example_in_the_docstring_runs() -> None:
    done = doctest.testmod(importlib.import_module("autograd.drawing.sides"))
    assert (0, True) == (done.failed, done.attempted > 0)
