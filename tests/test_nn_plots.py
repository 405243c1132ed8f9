"""Plots: they show what they are given, in both forms a notebook needs, and write files as carefully as pictures do."""

from __future__ import annotations

import builtins
import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import nn
from autograd import DrawingError, MissingExtraError
from nn import plots

pytestmark = pytest.mark.slow
X, T = nn.moons(20, rng=0)


@pytest.fixture
def model() -> nn.MLP:
    return nn.MLP(2, [4, 1], rng=0)


def test_lines_are_told_apart_by_more_than_colour() -> None:
    """Each curve's numbers over 1, 2, 3 …, its own colour and dash, and a legend."""
    plot = plots.lines({"a": [3.0, 2.0, 1.0], "b": nn.History(losses=[5.0, 4.0])}, title="two", log=True)
    (axes,) = plot.figure.axes
    assert [[3.0, 2.0, 1.0], [5.0, 4.0]] == [list(line.get_ydata()) for line in axes.lines]
    assert [1, 2, 3] == list(axes.lines[0].get_xdata())
    assert 2 == len({line.get_color() for line in axes.lines}) == len({line.get_linestyle() for line in axes.lines})
    assert ["a", "b"] == [text.get_text() for text in axes.get_legend().get_texts()]
    assert "log" == axes.get_yscale()
    assert "<Plot: two>" == repr(plot)


def test_loss_curves(model: nn.MLP) -> None:
    """Training and validation of every epoch."""
    history = nn.fit(
        model, X, T, nn.binary_cross_entropy_with_logits, nn.SGD(model.parameters(), lr=0.1), epochs=3, batch_size=5, validation=(X, T)
    )
    (axes,) = plots.loss_curves(history).figure.axes
    assert [epoch.loss for epoch in history.epochs] == list(axes.lines[0].get_ydata())
    assert [epoch.validation for epoch in history.epochs] == list(axes.lines[1].get_ydata())


def test_the_decision_boundary_is_the_models(model: nn.MLP) -> None:
    """Every place of the plane has the class that the model says there; wrongly judged examples are ringed."""
    plot = plots.decision_boundary(model, X, T, resolution=10)
    (axes,) = plot.figure.axes
    (image,) = axes.images
    left, right, bottom, top = image.get_extent()
    said = image.get_array()
    for i in (0, 4, 9):
        for j in (0, 5, 9):
            x = [left + (right - left) * (j + 0.5) / 10, bottom + (top - bottom) * (i + 0.5) / 10]
            assert nn.predict(model(x)) == said[i][j]
    right_ones = round(20 * nn.accuracy(model, X, T))
    assert f"{right_ones} of 20 on their side" == axes.get_title()
    dots = [len(each.get_offsets()) for each in axes.collections]
    assert [10, 10, 20 - right_ones] == dots


def test_gradients_by_layer(model: nn.MLP) -> None:
    nn.binary_cross_entropy_with_logits([model(x) for x in X], T).backward()
    (axes,) = plots.gradients_by_layer(model).figure.axes
    heights = [bar.get_height() for bar in axes.patches]
    for layer, height in zip(model.layers, heights, strict=True):
        squares = [p.grad**2 for p in layer.parameters()]
        assert abs((sum(squares) / len(squares)) ** 0.5 - height) < 1e-15


def test_a_plot_wider_than_paper_has_no_size_of_its_own() -> None:
    """So that no printed notebook cuts it: its SVG is as wide as there is room. A narrow one has its size, and so has every file."""
    for columns, sized in ((1, True), (2, False)):
        svg = plots.panels(columns)[0]._repr_mimebundle_()["image/svg+xml"]
        root = ElementTree.fromstring(svg)
        assert sized == ("width" in root.attrib) == ("height" in root.attrib)
        assert "viewBox" in root.attrib


def test_a_notebook_gets_svg_png_and_pdf() -> None:
    data = plots.lines({"a": [1.0, 2.0]})._repr_mimebundle_()
    ElementTree.fromstring(data["image/svg+xml"])
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["application/pdf"].startswith(b"%PDF")
    assert ["image/png"] == list(plots.lines({"a": [1.0]})._repr_mimebundle_(include=["image/png"]))


@pytest.mark.parametrize(("ending", "begin"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_files(ending: str, begin: bytes, tmp_path: Path) -> None:
    """Twice the same bytes; only a picture of that kind is replaced."""
    path = tmp_path / f"plot.{ending}"
    plot = plots.lines({"a": [1.0, 2.0]})
    first = plot.write(path).read_bytes()
    assert first.startswith(begin)
    assert first == plot.write(path).read_bytes()
    assert [path.name] == os.listdir(tmp_path)
    path.write_bytes(b"notes")
    with pytest.raises(DrawingError, match="would be lost"):
        plot.write(path)
    with pytest.raises(DrawingError, match=r"its ending says \.gif"):
        plot.write(tmp_path / "plot.gif")
    with pytest.raises(DrawingError, match="there is no folder"):
        plot.write(tmp_path / "none" / path.name)


def test_wrong_examples_are_said(model: nn.MLP) -> None:
    with pytest.raises(ValueError, match="examples of 2 numbers, but got one of 3"):
        plots.decision_boundary(model, [[1.0, 2.0, 3.0]], [0])
    with pytest.raises(ValueError, match="1 examples and 2 targets"):
        plots.decision_boundary(model, [[1.0, 2.0]], [0, 1])


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(MissingExtraError, match=r"pip install 'glassgrad\[plots\]'"):
        plots.lines({"a": [1.0]})
