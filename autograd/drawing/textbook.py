"""The textbook style: operations as circles, words for inputs and outputs, and two arrows a connection.

A connection's number stands above its thin forward arrow, its gradient below the heavy arrow that points back. To get the two
side by side without a wobble, the layout engine sees one line per connection, broken by a box that holds the two numbers;
once it has found places for everything, each line is drawn through its box as two, a little to either side of it.
"""

from __future__ import annotations

import html
import math
from typing import Any, Literal

import graphviz

from ..typeset import number, shown
from .view import Box, Connection, View

Direction = Literal["forward", "backward", "both"]
Point = tuple[float, float]

FONT = "Helvetica,Arial,sans-serif"
INK = "#1f2933"
FORWARD, VALUE = "#44546a", "#0b5394"
BACKWARD, GRADIENT = "#c04a00", "#a83f00"
QUIET = "#8a949e"
"""Blue and orange differ in hue and darkness, their arrows in weight and direction: grey print keeps the news."""

APART = 3.2
"""Half the distance between the two arrows of a connection, in points."""


class Textbook:
    """A view in this style: `plan()` for the layout engine, then `finish(plan as laid out)` to be rendered as it stands."""

    def __init__(self, view: View, direction: Direction, *, arithmetic: bool, digits: int) -> None:
        self.view, self.direction, self.arithmetic, self.digits = view, direction, arithmetic, digits

    # -- the plan --------------------------------------------------------------------------------------------------------

    def plan(self, graph: graphviz.Digraph) -> None:
        """Fill the graph with one line per connection, broken by a box with its numbers."""
        graph.attr(rankdir="LR", nodesep="0.16", ranksep="0.28", outputorder="edgesfirst", bgcolor="white")
        graph.attr("node", fontname=FONT, fontsize="16", fontcolor=INK, shape="plain")
        graph.attr("edge", arrowsize="0.7", color=FORWARD, penwidth="1.2")
        for box in self.view.boxes:
            graph.node(box.id, **self._box(box))
        for connection in self.view.connections:
            tail, head = connection.tail.id, connection.head.id
            label = self._numbers(connection)
            if not label:
                graph.edge(tail, head, **self._forward())
                continue
            graph.node(connection.id, label, fontsize="14")
            both = self.direction != "forward" and connection.contribution is not None
            color = f"{FORWARD}:{BACKWARD}" if both else FORWARD
            graph.edge(tail, f"{connection.id}:w", color=color, dir="back" if both else "none")
            graph.edge(f"{connection.id}:e", head, color=color)

    def _box(self, box: Box) -> dict[str, str]:
        if box.kind == "operation":
            size = "18" if len(box.symbol) <= 2 else "12" if len(box.symbol) <= 5 else "8"
            look = {"shape": "circle", "width": "0.5", "fixedsize": "true", "color": FORWARD, "fontsize": size}
            if box.ordered:
                look["ordering"] = "in"
            if box.edited:
                look |= {"style": "dashed", "color": BACKWARD}
            return {"label": _plain(shown(box.symbol, 12)), **look}
        if box.kind == "constant":
            return {"label": _plain(number(box.value, self.digits)), "fontcolor": QUIET, "margin": "0.04"}
        word = _literal(self._word(box))
        if self._sum(box):
            word += f"<br/>{self._sum(box)}"
        return {"label": _markup(f'<table border="0" cellborder="0" cellspacing="0" cellpadding="3"><tr><td>{word}</td></tr></table>')}

    def _word(self, box: Box) -> str:
        return shown(box.name) or ("output" if box.kind == "output" else number(box.value, self.digits))

    def _sum(self, box: Box) -> str:
        """The gradient of a box where several contributions meet."""
        if self.direction == "forward" or box.uses < 2 or box.gradient is None:
            return ""
        return f'<font point-size="12" color="{GRADIENT}">Σ = {number(box.gradient, self.digits)}</font>'

    def _numbers(self, connection: Connection) -> str:
        """The box in the middle of a line: the value above, room for the arrows, the gradient below."""
        if connection.contribution is None:
            return ""
        tail = connection.tail
        value = number(tail.value, self.digits)
        if tail.kind == "operation" and tail.name and connection.head.kind != "output":
            value = f"<i>{_literal(shown(tail.name))}</i> = {value}"
        elif tail.kind == "input" and not tail.name:
            value = ""  # the number itself stands where a name would
        above = _cell(value, VALUE if self.direction != "backward" else QUIET, 14)
        below = _cell("" if self.direction == "forward" else number(connection.contribution, self.digits), GRADIENT, 14)
        rows = [above, '<tr><td height="11"></td></tr>', below]
        if self.arithmetic and self.direction != "forward":
            arithmetic = "" if connection.head.kind == "output" else f"= {self._product(connection)}"
            rows = [_cell("", "", 11), *rows, _cell(arithmetic, GRADIENT, 11)]  # the empty one keeps the arrows in the middle
        return _markup(f'<table border="0" cellborder="0" cellspacing="0" cellpadding="1">{"".join(rows)}</table>')

    def _product(self, connection: Connection) -> str:
        upstream, local = (number(x or 0.0, self.digits) for x in (connection.upstream, connection.local))
        return f"{upstream} × {f'({local})' if local.startswith('−') else local}"

    def _forward(self) -> dict[str, str]:
        return {"color": "#b8c0c8" if self.direction == "backward" else FORWARD}

    # -- the finish ------------------------------------------------------------------------------------------------------

    def finish(self, laid_out: dict[str, Any]) -> str:
        """DOT text with every place fixed: the boxes where the engine put them, each connection as its arrows."""
        places = {node["name"]: node["pos"] for node in laid_out["objects"]}
        graph = graphviz.Digraph()
        graph.attr(outputorder="edgesfirst", bgcolor="white")
        graph.attr("node", fontname=FONT, fontsize="16", fontcolor=INK, shape="plain")
        graph.attr("edge", arrowsize="0.7")
        for box in self.view.boxes:
            graph.node(box.id, pos=places[box.id], id=box.id, **self._box(box))
        drawn = [point for node in laid_out["objects"] if node["name"].startswith("e") for point in _grid(node)]
        names = {node["_gvid"]: node["name"] for node in laid_out["objects"]}
        paths = {(names[edge["tail"]], names[edge["head"]]): Path(edge["pos"]) for edge in laid_out["edges"]}
        for connection in self.view.connections:
            tail, head = connection.tail.id, connection.head.id
            label = self._numbers(connection)
            if not label:
                graph.edge(tail, head, pos=paths[tail, head].forward(), id=f"{connection.id}f", **self._forward())
                continue
            graph.node(connection.id, label, fontsize="14", pos=places[connection.id], id=connection.id)
            path = paths[tail, connection.id].then(paths[connection.id, head])
            drawn += path.sample()
            both = self.direction != "forward"
            graph.edge(
                tail, head, pos=path.aside(APART if both else 0.0).forward(), penwidth="1.2", id=f"{connection.id}f", **self._forward()
            )
            if both:
                graph.edge(
                    tail, head, pos=path.aside(-APART).backward(), dir="back", color=BACKWARD, penwidth="2.8", id=f"{connection.id}b"
                )
        for box in self.view.boxes:
            if box.kind == "operation" and (text := self._sum(box)):
                width = 6.5 * (len(number(box.gradient or 0.0, self.digits)) + 4)
                place = _free_place(_point(places[box.id]), width, drawn)
                graph.node(f"{box.id}s", _markup(text), pos=_text(place), id=f"{box.id}s")
        return str(graph.source)

    def descriptions(self) -> dict[str, str]:
        """For everything with an id in the SVG, a sentence: what a pointer resting on it, or a screen reader, says."""
        said = {}
        for box in self.view.boxes:
            what = {"constant": "constant", "output": f"{self._word(box)} =", "input": f"{self._word(box)}:"}.get(
                box.kind, f"{shown(box.name) or 'unnamed'} = {box.symbol}:"
            )
            gradient = "" if box.gradient is None or self.direction == "forward" else f", gradient {number(box.gradient, self.digits)}"
            said[box.id] = f"{what} {number(box.value, self.digits)}{gradient}{' (edited since it was recorded)' if box.edited else ''}"
        for connection in self.view.connections:
            tail, head = (box.symbol or self._word(box) for box in (connection.tail, connection.head))
            said[f"{connection.id}f"] = f"{tail} → {head}: value {number(connection.tail.value, self.digits)}"
            if connection.contribution is not None:
                upstream, local, product = (
                    number(x or 0.0, self.digits) for x in (connection.upstream, connection.local, connection.contribution)
                )
                said[f"{connection.id}b"] = f"{head} → {tail}: upstream gradient {upstream} × local derivative {local} = {product}"
                said[connection.id] = f"value {number(connection.tail.value, self.digits)}" + (
                    "" if self.direction == "forward" else f", gradient {product}"
                )
        return said


class Path:
    """A line as Bézier curves end to end: its first point, three for each curve, and its last."""

    def __init__(self, pos: str = "") -> None:
        self.points: list[Point] = []
        first = last = None
        for word in pos.split():
            if word.startswith("s,"):
                first = _point(word[2:])
            elif word.startswith("e,"):
                last = _point(word[2:])
            else:
                self.points.append(_point(word))
        # Where the engine left room for an arrowhead, the line itself is shorter: `first` and `last` are where it truly ends.
        if pos:
            self.first, self.last = first or self.points[0], last or self.points[-1]

    def then(self, other: Path) -> Path:
        """This line, a straight piece, and the other line."""
        path = Path()
        (x0, y0), (x1, y1) = self.points[-1], other.points[0]
        middle = [(x0 + (x1 - x0) * t, y0 + (y1 - y0) * t) for t in (1 / 3, 2 / 3)]
        path.points = [*self.points, *middle, *other.points]
        path.first, path.last = self.first, other.last
        return path

    def aside(self, distance: float) -> Path:
        """The line moved to its left by so many points: each point of it at a right angle to its neighbours' direction."""
        path = Path()
        points = [self.first, *self.points, self.last]
        moved = []
        for i, (x, y) in enumerate(points):
            (ax, ay), (bx, by) = points[max(i - 1, 0)], points[min(i + 1, len(points) - 1)]
            length = math.hypot(bx - ax, by - ay) or 1.0
            moved.append((x - (by - ay) / length * distance, y + (bx - ax) / length * distance))
        path.first, path.points, path.last = moved[0], moved[1:-1], moved[-1]
        return path

    def sample(self) -> list[Point]:
        """Points along the line, a few to each curve."""
        points = []
        for i in range(0, len(self.points) - 3, 3):
            a, b, c, d = self.points[i : i + 4]
            for t in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
                u = 1.0 - t
                p, q, r, s = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
                points.append((p * a[0] + q * b[0] + r * c[0] + s * d[0], p * a[1] + q * b[1] + r * c[1] + s * d[1]))
        return points

    def forward(self) -> str:
        """As Graphviz's `pos` with an arrowhead at the end; the line begins at its true beginning."""
        return f"e,{_text(self.last)} {' '.join(map(_text, [self.first, *self.points[1:]]))}"

    def backward(self) -> str:
        """The same with the arrowhead at the beginning."""
        return f"s,{_text(self.first)} {' '.join(map(_text, [*self.points[:-1], self.last]))}"


def _grid(node: dict[str, Any]) -> list[Point]:
    """Points all over a laid-out box."""
    x, y = _point(node["pos"])
    width, height = (72.0 * float(node[side]) for side in ("width", "height"))
    return [(x + width * (i / 10 - 0.5), y + height * (j / 6 - 0.5)) for i in range(11) for j in range(7)]


def _free_place(centre: Point, width: float, drawn: list[Point]) -> Point:
    """Where a text of this width beside a circle is farthest from what is drawn: above or below, to the left, middle or right."""
    x, y = centre
    places = [(x + dx, y + dy) for dy in (27.0, -27.0) for dx in (-width / 2, 0.0, width / 2)]

    def room(place: Point) -> float:
        gaps = (math.hypot(max(abs(px - place[0]) - width / 2, 0.0), max(abs(py - place[1]) - 8.0, 0.0)) for px, py in drawn)
        return min(gaps, default=math.inf)

    return max(places, key=room)


def _point(text: str) -> Point:
    x, y = text.split(",")[:2]
    return float(x), float(y)


def _text(point: Point) -> str:
    return f"{point[0]:.2f},{point[1]:.2f}"


def _markup(text: str) -> str:
    return f"<{text}>"


def _cell(text: str, color: str, size: int) -> str:
    """A row of a numbers' box; an empty one keeps its height."""
    inside = f'<font color="{color}" point-size="{size}">{text}</font>' if text else ""
    return f'<tr><td height="{size + 3}">{inside}</td></tr>'


def _literal(text: str) -> str:
    """A text inside markup, shown as it is: Graphviz would replace \\N and its kin even there."""
    return html.escape(text).replace("\\", "\\\\")


def _plain(text: str) -> str:
    """A text that Graphviz shows literally: no escapes, no entities, no markup."""
    return str(graphviz.escape(text.replace("&", "&amp;")))
