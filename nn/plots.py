"""Plots of training, for notebooks and files. They need matplotlib, the extra `plots`; each returns a Plot."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd import MissingExtraError, files, given
from autograd.numbers import as_float, as_operand

from .data import same_length
from .doctor import layer_gradients
from .judging import Arrays, classes, predict
from .module import Module, model_given
from .train import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito's colours, which colour-blind readers tell apart too."""
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "^", "s", "D", "v", "P", "X")


class Plot:
    """A figure of matplotlib's that shows itself in notebooks as SVG and PNG, without any global state.

    figure  to be changed at will
    """

    def __init__(self, figure: Figure) -> None:
        self.figure = figure

    def _bytes(self, format: str, dpi: float = 100) -> bytes:
        import matplotlib

        buffer = io.BytesIO()
        metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(format, {})
        with matplotlib.rc_context({"svg.hashsalt": "glassgrad"}):  # the same picture, the same bytes
            self.figure.savefig(buffer, format=format, dpi=dpi, metadata=metadata)
        return buffer.getvalue()

    def write(self, path: str | os.PathLike[str], dpi: float = 150) -> Path:
        """Write the plot to a .svg, .png or .pdf file. A picture of that kind is replaced; anything else there is an error."""
        path = files.as_path(path, "Plot.write")
        kind = files.kind_of(path, files.PICTURES)
        return files.write(path, kind, lambda: self._bytes(path.suffix[1:].lower(), dpi))

    def _repr_mimebundle_(self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None, **_: Any) -> dict[str, Any]:
        svg = self._bytes("svg").decode()
        if self.figure.get_figwidth() > PAPER:  # without a size, it is as wide as there is room
            svg = re.sub(r' width="[\d.]+pt" height="[\d.]+pt"', "", svg, count=1)
        pdf = self._bytes("pdf")  # for nbconvert's way through LaTeX, which would need Inkscape to make one of the SVG
        data = {"image/svg+xml": svg, "image/png": self._bytes("png"), "application/pdf": pdf, "text/plain": repr(self)}
        wanted = set(include or data) - set(exclude or ())
        return {kind: thing for kind, thing in data.items() if kind in wanted}

    def __repr__(self) -> str:
        return f"<Plot: {', '.join(axes.get_title() for axes in self.figure.axes if axes.get_title()) or 'untitled'}>"


PAPER = 6.0
"""Inches: what a printed notebook has room for; nbconvert cuts an SVG of a larger size."""
WIDEST = 8.9
"""Inches: what a notebook's cell shows without scrolling, as wide as a drawing there."""


def panels(columns: int = 1, width: float = 6.0, height: float = 3.6, **more: Any) -> tuple[Plot, list[Axes]]:
    """An empty Plot with so many axes side by side, to draw into; sizes in inches, of one panel, less where the page is full."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("plots need matplotlib: pip install 'glassgrad[plots]'") from None
    columns = given.count(columns, "columns", "panels", 1, 100)
    width, height = (_between(x, what, "panels", 0.1, 1000.0) for x, what in ((width, "width"), (height, "height")))
    figure = Figure(figsize=(min(width * columns, WIDEST), height), layout="constrained")
    axes = figure.subplots(1, columns, squeeze=False, **more)[0].tolist()
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
        each.grid(alpha=0.25)
    return Plot(figure), axes


def lines(
    curves: Mapping[str, Sequence[float] | History],
    *,
    title: str = "",
    x: str = "step",
    y: str = "loss",
    log: bool = False,
    axes: Axes | None = None,
    start: int = 1,
    markers: bool = False,
) -> Plot:
    """Curves over 1, 2, 3, …, told apart by colour and dash. A History stands for its losses; a nan leaves a gap."""
    if not isinstance(curves, Mapping):
        raise given.wrong("lines", "a dict of curves by their names", curves)
    log, markers = given.flag(log, "log", "lines"), given.flag(markers, "markers", "lines")
    start = given.count(start, "start", "lines", -(10**9), 10**9)
    title, x, y = given.text(title, "title", "lines"), given.text(x, "x", "lines"), given.text(y, "y", "lines")
    plot, axes = _into(axes, "lines")
    for i, (name, curve) in enumerate(curves.items()):
        drawn = curve.losses if isinstance(curve, History) else given.items(curve, f"a list of numbers as the curve {name!r:.40}", "lines")
        numbers = [n if type(n) is float else float(as_operand(n, "numbers in a curve", "lines")) for n in drawn]  # nan is a gap
        style: dict[str, Any] = {"marker": MARKERS[i % len(MARKERS)], "markersize": 4} if markers else {}
        places = range(start, start + len(numbers))
        axes.plot(places, numbers, DASHES[i % len(DASHES)], color=COLOURS[i % len(COLOURS)], label=name, **style)
    if log:
        axes.set_yscale("log")
    axes.set(title=title, xlabel=x, ylabel=y)
    if len(curves) > 1:
        axes.legend(frameon=False)
    return plot


def loss_curves(*histories: History, title: str = "Loss") -> Plot:
    """The loss of every epoch, and where there was a validation set, its loss too."""
    curves: dict[str, Sequence[float]] = {}
    for i, history in enumerate(histories, 1):
        if not isinstance(history, History):
            raise given.wrong("loss_curves", "histories, as fit returns them", history)
        which = f" {i}" if len(histories) > 1 else ""
        curves[f"training{which}"] = [epoch.loss for epoch in history.epochs]
        seen = [epoch.validation for epoch in history.epochs if epoch.validation is not None]
        if seen:
            curves[f"validation{which}"] = seen
    return lines(curves, title=title, x="epoch")


def decision_boundary(
    model: Module,
    examples: Sequence[Sequence[float]],
    targets: Sequence[int],
    *,
    resolution: int = 60,
    threshold: float = 0.0,
    title: str = "",
    axes: Axes | None = None,
) -> Plot:
    """Which class the model says at every place of the plane, and the examples on it. Wrongly judged ones are ringed."""
    asker = "decision_boundary"
    given.function(model, asker, "a model"), same_length(examples, targets, asker), given.text(title, "title", asker)
    resolution = given.count(resolution, "resolution", asker, 1, 10_000)
    threshold = as_float(threshold, "a number as threshold", asker)
    examples = [
        [as_float(x, "numbers as examples", asker) for x in given.items(each, "lists of numbers as examples", asker)] for each in examples
    ]
    targets = [int(as_float(t, "classes as targets", asker)) for t in targets]
    if any(len(x) != 2 for x in examples):
        raise ValueError(f"decision_boundary needs examples of 2 numbers, but got one of {next(len(x) for x in examples if len(x) != 2)}")
    plot, axes = _into(axes, asker, height=4.2)
    low, high = [min(column) - 0.4 for column in zip(*examples, strict=True)], [max(column) + 0.4 for column in zip(*examples, strict=True)]
    steps = [[a + (b - a) * (i + 0.5) / resolution for i in range(resolution)] for a, b in zip(low, high, strict=True)]
    row = _said(model, [[float(x), float(y)] for y in steps[1] for x in steps[0]] + [list(x) for x in examples], threshold)
    said = [row[i * resolution : (i + 1) * resolution] for i in range(resolution)]
    there = sorted({max(int(t), 0) for t in targets} | {*row})
    from matplotlib.colors import BoundaryNorm, ListedColormap

    colours = [COLOURS[c % len(COLOURS)] for c in range(there[-1] + 1)]
    norm = BoundaryNorm([c - 0.5 for c in range(len(colours) + 1)], len(colours))
    extent = (low[0], high[0], low[1], high[1])
    axes.imshow(said, origin="lower", extent=extent, aspect="equal", cmap=ListedColormap(colours), norm=norm, alpha=0.22)
    for c in there:
        mine = [x for x, t in zip(examples, targets, strict=True) if max(int(t), 0) == c]
        if mine:
            axes.scatter(
                [x[0] for x in mine], [x[1] for x in mine], s=18, color=colours[c], marker=MARKERS[c % len(MARKERS)], label=f"class {c}"
            )
    wrong = [x for x, t, c in zip(examples, targets, row[resolution**2 :], strict=True) if c != max(int(t), 0)]
    if wrong:
        axes.scatter([x[0] for x in wrong], [x[1] for x in wrong], s=90, facecolors="none", edgecolors="black", label="judged wrongly")
    axes.grid(False)
    axes.set(title=title or f"{len(examples) - len(wrong)} of {len(examples)} on their side")
    axes.legend(frameon=False, fontsize="small", loc="upper right")
    return plot


def _said(model: Any, places: list[list[float]], threshold: float) -> list[int]:
    """The class that the model says at each place: computed as array operations where it can be packed."""
    try:
        return classes(Arrays(model).outputs(places, "decision_boundary"), threshold)
    except Exception:  # what is wrong is said by the model itself
        return [predict(model(place), threshold) for place in places]


def gradients_by_layer(model: Module, *, title: str = "Gradient by layer", axes: Axes | None = None) -> Plot:
    """The size of the gradients that the model's parameters hold now, by layer: the root of the mean square, on a log scale."""
    model_given(model, "gradients_by_layer")
    norms = layer_gradients([(name, parameter.grad) for name, parameter in model.named_parameters()])
    plot, axes = _into(axes, "gradients_by_layer")
    axes.bar(list(norms), list(norms.values()), color=COLOURS[0])
    if any(norms.values()):
        axes.set_yscale("log")
    axes.set(title=title, ylabel="root mean square of ∂E/∂w")
    return plot


def _between(x: Any, what: str, asker: str, least: float, most: float) -> float:
    number: float = as_float(x, f"a number as {what}", asker)
    if not least <= number <= most:
        raise ValueError(f"{asker} needs a number from {least:g} to {most:g} as {what}, but got {number!r}")
    return number


def _into(axes: Axes | None, asker: str, height: float = 3.6) -> tuple[Plot, Axes]:
    """The plot around given axes, or a new one."""
    if axes is not None:
        if isinstance(axes, type) or not hasattr(axes, "get_figure"):
            raise given.wrong(asker, "matplotlib's Axes as axes", axes)
        figure: Any = axes.get_figure()
        return Plot(figure), axes
    plot, (new,) = panels(height=height)
    return plot, new
