"""One graph twice, side by side: what its gradient costs in forward and in reverse mode, written at every edge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from .. import given
from ..errors import DrawingError, MissingExtraError

try:
    import graphviz
except ImportError as error:
    raise MissingExtraError("draw_modes needs the extra named draw: pip install 'glassgrad[draw]'") from error

from ..graph import cotangents
from ..jacobians import Modes, modes
from ..typeset import DIGITS, shown
from ..value import Value, as_value, as_values
from ..words import Language, check_language
from .fonts import fitting
from .picture import Picture
from .style import FONT, Look, Style, literal, markup, plain
from .view import Box, Connection, View, look

if TYPE_CHECKING:
    from .style import Background

LIMIT = 150
"""So many boxes in each of the two: beyond, nobody could read it."""
LISTED = 8
"""So many derivatives are listed at the output, where forward mode finds them; the others are counted."""
INSIDE = 26.0
"""How wide a text may be in a circle, in points."""
HEAVIEST = 6.0
"""The width of an arrow that every sweep crosses, in points."""

Side = Literal["forward", "reverse"]


def draw_modes(
    output: Value,
    wrt: Iterable[Value],
    *,
    names: Mapping[str, Any] | None = None,
    digits: int = 4,
    pretty: bool = True,
    background: Background = "white",
    caption: str = "",
    lang: Language = "en",
) -> Picture:
    """A picture of the graph twice, side by side: the gradient by the inputs `wrt` in forward mode and in reverse mode.

    At each arrow stands how many sweeps cross it, each with one multiplication by the local derivative, and so wide is the arrow:
    in forward mode one sweep from every input, in reverse mode one sweep in all. The totals, as `modes` counts them, stand above.
    Both find the same derivatives: forward mode one after another at the output, reverse mode all at once at the inputs.

    names, digits, pretty, background, caption, lang as in `draw`. DrawingError: more than 150 boxes.

    >>> x, y = Value(3.0, label="x"), Value(2.0, label="y")
    >>> draw_modes(x * y * y, [x, y]).source.count("5 multiplications")
    1
    """
    root = as_value(output, "draw_modes")
    inputs = list(dict.fromkeys(as_values(wrt, "draw_modes", "a list of Values as wrt")))
    given.choice(background, ("white", "dark", "transparent"), "background")
    given.text(caption, "caption", "draw_modes")
    digits, pretty = given.count(digits, "digits", "draw_modes", 1, DIGITS), given.flag(pretty, "pretty", "draw_modes")
    view = look([root], names=names, fold=0, chains=False, stubs=False)
    if len(view.boxes) > LIMIT:
        many = f"{len(view.boxes)} boxes twice are too many to read (the limit is {LIMIT})"
        raise DrawingError(f"{many}; modes(output, wrt) counts without a picture")
    appearance = Look(digits=digits, pretty=pretty, background=background, caption=caption, lang=check_language(lang))
    gradient = cotangents(root)
    return Pair.of(Sides(view, appearance, modes(root, inputs), {x: gradient.get(x, 0.0) for x in inputs}))


class Pair(Picture):
    """The picture; as text there is none."""

    def _styled(self) -> Style:
        raise DrawingError("the two modes side by side can be written as .svg, .png or .pdf, and not as text")


class Sides(Style):
    """Laid out and rendered in one go: two clusters, of the same boxes and connections.

    counted  the operations of either mode
    found    the gradient, by input
    """

    def __init__(self, view: View, look: Look, counted: Modes, found: Mapping[Value, float]) -> None:
        super().__init__(view, look)
        self.counted, self.found = counted, found

    def plan(self, graph: graphviz.Digraph) -> None:
        """Fill the graph with both sides."""
        self.frame(graph, nodesep="0.14", ranksep="0.34")
        graph.attr(rankdir="TB")  # so that the two stand beside each other
        graph.attr("node", fontname=FONT, fontsize="15", fontcolor=self.palette.ink, shape="plain")
        graph.attr("edge", fontname=FONT, fontsize="11", arrowsize="0.6")
        sweeps = len(self.counted.forward)
        forward = self.say("modes.input") if sweeps == 1 else self.say("modes.inputs", count=str(sweeps))
        self._side(graph, "forward", forward, sum(self.counted.forward))
        self._side(graph, "reverse", self.say("modes.all") if sweeps > 1 else self.say("modes.output"), self.counted.reverse)

    def _side(self, graph: graphviz.Digraph, side: Side, sweeps: str, total: int) -> None:
        color = self._color(side)
        title = "".join(
            f'<tr><td><font point-size="{size}" color="{ink}">{text}</font></td></tr>'
            for text, size, ink in (
                (f"<b>{self.say('modes.' + side)}</b>", 16, self.palette.ink),
                (sweeps, 13, self.palette.quiet),
                (f"<b>{self.say('modes.multiplications', count=str(total))}</b>", 15, color),
            )
        )
        with graph.subgraph(name=f"cluster_{side}") as cluster:
            cluster.attr(label=markup(f'<table border="0" cellspacing="0" cellpadding="2">{title}</table>'), color=self.palette.faint)
            cluster.attr(style="rounded", margin="14", fontname=FONT, labelloc="t")
            for box in self.view.boxes:
                cluster.node(f"{side}_{box.id}", id=f"{side}_{box.id}", **self._box(box, side))
            for connection in self.view.connections:
                tail, head = (f"{side}_{box.id}" for box in (connection.tail, connection.head))
                cluster.edge(tail, head, id=f"{side}_{connection.id}", **self._arrow(connection, side))

    def crossings(self, connection: Connection, side: Side) -> int:
        """How many sweeps of a mode cross the connection; none where no input reaches it, and none from the last operation on."""
        node = connection.tail.node
        reached = 0 if node is None or connection.head.kind == "output" else self.counted.reached[node]
        return reached if side == "forward" else min(reached, 1)

    def _arrow(self, connection: Connection, side: Side) -> dict[str, str]:
        crossings = self.crossings(connection, side)
        if not crossings:
            return {"color": self.palette.greyed, "penwidth": "1"}
        width = 1.2 + (HEAVIEST - 1.2) * (crossings - 1) / max(len(self.counted.forward) - 1, 1)
        clear = " " * (1 + round(width / 4))  # the layout does not know how wide the arrow is
        arrow = {"label": f"{clear}{crossings} ", "penwidth": f"{width:.2f}"}
        if side == "forward":
            return arrow | {"color": self.palette.forward, "fontcolor": self.palette.value}
        return arrow | {"color": self.palette.backward, "fontcolor": self.palette.gradient, "dir": "back"}

    def _box(self, box: Box, side: Side) -> dict[str, str]:
        if box.kind == "operation":
            size = 16.0 if len(box.symbol) <= 2 else 11.0 if len(box.symbol) <= 5 else 8.0
            symbol = shown(box.symbol, 12)
            circle = {"shape": "circle", "width": "0.42", "fixedsize": "true", "color": self.palette.forward}
            circle |= {"fontsize": f"{fitting(symbol, size, INSIDE):.4g}"}
            return circle | {"label": plain(symbol)} | ({"ordering": "in"} if box.ordered else {})
        if box.kind == "constant":
            return {"label": plain(self.number(box.value)), "fontcolor": self.palette.quiet, "fontsize": "13", "margin": "0.03"}
        word = literal(self.word(box) or (self.say("picture.output") if box.kind == "output" else self.number(box.value)))
        rows = [f'<tr><td><font color="{self.palette.ink}">{word}</font></td></tr>']
        if box.kind == "output":
            rows += [self._derivative(text, side, "forward") for text in self._list()]
        elif box.node is not None and box.node in self.found:
            rows.insert(0, self._derivative(self.number(self.found[box.node]), side, "reverse"))
        return {"label": markup(f'<table border="0" cellborder="0" cellspacing="0" cellpadding="0">{"".join(rows)}</table>')}

    def _list(self) -> list[str]:
        """What forward mode finds at the output, one derivative a sweep."""
        words = {box.node: self.word(box) for box in self.view.boxes}
        lines = [
            f"∂/∂{words.get(x) or self.say('modes.numbered', i=i)} = {self.number(d)}" for i, (x, d) in enumerate(self.found.items(), 1)
        ]
        return lines if len(lines) <= LISTED else [*lines[: LISTED - 1], self.say("picture.more", count=len(lines) - LISTED + 1)]

    def _derivative(self, text: str, side: Side, belongs: Side) -> str:
        """A line with a derivative on the side where it is found; as much room on the other, so that the two look alike."""
        inside = f'<font point-size="12" color="{self._color(side)}">{literal(text)}</font>' if side == belongs else ""
        return f'<tr><td width="{7 * len(text)}" height="16">{inside}</td></tr>'

    def _color(self, side: Side) -> str:
        return self.palette.value if side == "forward" else self.palette.gradient

    def descriptions(self) -> dict[str, str]:
        """A sentence for every box and arrow of either side."""
        found = {}
        sides: tuple[Side, Side] = ("forward", "reverse")
        for side in sides:
            for box in self.view.boxes:
                found[f"{side}_{box.id}"] = self._describe(box, "")
            for connection in self.view.connections:
                tail, head = (box.symbol or self.what(box) for box in (connection.tail, connection.head))
                way = f"{tail} → {head}" if side == "forward" else f"{head} → {tail}"
                crossings = self.crossings(connection, side)
                found[f"{side}_{connection.id}"] = f"{way}: {self.say('modes.sweeps.' + side, count=str(crossings))}"
        return found
