"""The textbook style: operations as circles, words for inputs and outputs, and two arrows a connection.

A connection's number stands above its thin forward arrow, its gradient below the heavy arrow that points back. To get the two
side by side without a wobble, the layout engine sees one line per connection, broken by a box that holds the two numbers;
once it has found places for everything, each line is drawn through its box as two, a little to either side of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import graphviz

from ..typeset import shown
from .fonts import fitting
from .fonts import width as text_width
from .moment import Moment
from .style import FONT, Laid, Style, cell, italic, literal, markup, plain
from .view import Box, Connection

Point = tuple[float, float]

APART = 3.2
"""Half the distance between the two arrows of a connection, in points."""
INSIDE = 31.0
"""How wide a text may be in a circle of half an inch, which has a line around it."""


class Textbook(Style):
    """`plan()` for the layout engine, then `finish(plan as laid out)` to be rendered as it stands."""

    shows_sums = True

    # -- the plan --------------------------------------------------------------------------------------------------------

    def plan(self, graph: graphviz.Digraph) -> None:
        """Fill the graph with one line per connection, broken by a box with its numbers."""
        self.frame(graph, self.look.lines, nodesep="0.16", ranksep="0.28")
        self._defaults(graph)
        for box in self.view.boxes:
            graph.node(box.id, **self._box(box))
        for connection in self.view.connections:
            tail, head = connection.tail.id, connection.head.id
            label = self._numbers(connection)
            both = self.flows_back(connection)
            color = f"{self.palette.forward}:{self.palette.backward}" if both else self._forward_color()
            if not label:
                graph.edge(tail, head, color=color, dir="both" if both else "forward")
                continue
            graph.node(connection.id, label, fontsize="14")
            graph.edge(tail, f"{connection.id}:w", color=color, dir="back" if both else "none")
            graph.edge(f"{connection.id}:e", head, color=color)

    def _defaults(self, graph: graphviz.Digraph) -> None:
        graph.attr("node", fontname=FONT, fontsize="16", fontcolor=self.palette.ink, shape="plain")
        graph.attr("edge", arrowsize="0.7", penwidth="1.2")

    def _box(self, box: Box, moment: Moment | None = None) -> dict[str, str]:
        """The attributes of a box's node: at a moment, grey while its number is not known, and tinted where the step is."""
        if box.kind == "operation":
            return self._circle(box, moment)
        if box.kind in ("constant", "stub"):
            word = self.number(box.value) if box.kind == "constant" else self.word(box)
            return {"label": plain(word), "fontcolor": self.palette.quiet, "margin": "0.04"}
        frame = f'border="0" bgcolor="{self.fill(box)}"' if self.look.color else 'border="0"'
        ink = self.ink_on(self.fill(box)) if self.look.color else self.palette.ink
        if moment is not None:
            ink = ink if box.id in moment.boxes else self.palette.greyed
            if self._is_lit(box, moment):
                frame = f'style="rounded" bgcolor="{self._tint(moment)}" border="0"'
        if box.kind == "group":
            color, border = (self.palette.wrong, 3) if box.wrong else (self.palette.forward, 1)
            frame = f'border="{border}" color="{color}" style="rounded" bgcolor="{self.fill(box)}"'
            numbers = f'<br/><font point-size="12" color="{self.palette.quiet}">{self.say("picture.nodes", count=str(box.count))}</font>'
            if box.value is not None:
                numbers += f'<br/><font point-size="14" color="{self.palette.value}">{self.number(box.value)}</font>'
            if box.gradient is not None and self.look.direction != "forward":
                numbers += f'<br/><font point-size="14" color="{self.palette.gradient}">‖∇‖ = {self.number(box.gradient)}</font>'
        else:
            numbers = f"<br/>{self._sum(box, moment)}" if self._sum(box, moment) else ""
        word = literal(self.word(box) or (self.say("picture.output") if box.kind == "output" else self.number(box.value)))
        pad = "8" if box.kind == "group" else "3"
        inside = f'<tr><td><font color="{ink}">{word}</font>{numbers}</td></tr>'
        return {"label": markup(f'<table {frame} cellborder="0" cellspacing="0" cellpadding="{pad}">{inside}</table>')}

    def _circle(self, box: Box, moment: Moment | None) -> dict[str, str]:
        size = 18.0 if len(box.symbol) <= 2 else 12.0 if len(box.symbol) <= 5 else 8.0
        symbol = shown(box.symbol, 12)
        style = "dashed,filled" if box.edited else "filled"
        outline = self.palette.wrong if box.wrong else self.palette.backward if box.edited else self.palette.forward
        fill = self.fill(box) if self.look.color else self.paper
        circle = {"shape": "circle", "width": "0.5", "fixedsize": "true", "color": outline, "style": style, "fillcolor": fill}
        if box.wrong:
            circle["penwidth"] = "3"
        if box.ordered:
            circle["ordering"] = "in"
        written = {"label": plain(symbol), "fontsize": f"{fitting(symbol, size, INSIDE):.4g}", "fontcolor": self.ink_on(fill), **circle}
        if moment is None:
            return written
        if box.id not in moment.boxes:
            written |= {"color": self.palette.greyed, "fontcolor": self.palette.greyed}
        if self._is_lit(box, moment):
            color = self.palette.backward if moment.is_backward else self.palette.value
            written |= {"fillcolor": self._tint(moment), "color": color, "penwidth": "2.4"}
        return written

    def _is_lit(self, box: Box, moment: Moment) -> bool:
        return box.id == moment.target or box.id in moment.hot

    def _tint(self, moment: Moment) -> str:
        return self.palette.parameter if moment.is_backward else self.palette.input

    def _sum(self, box: Box, moment: Moment | None = None) -> str:
        """The gradient of a box where several contributions meet; of a moment, what has come so far."""
        if self.look.direction == "forward" or box.uses < 2 or box.gradient is None:
            return ""
        sum_ = self.number(box.gradient) if moment is None else moment.sums.get(box.id, "")
        return f'<font point-size="12" color="{self.palette.gradient}">Σ = {sum_}</font>' if sum_ else ""

    def _numbers(self, connection: Connection, moment: Moment | None = None) -> str:
        """The box in the middle of a line: the value above, room for the arrows, the gradient below. What a moment does not know yet
        leaves its place empty."""
        if connection.contribution is None:
            return ""
        tail, look = connection.tail, self.look
        value = self.number(tail.value)
        if tail.kind == "operation" and tail.name and connection.head.kind != "output":
            value = f"{italic(self.word(tail))} = {value}"
        elif tail.kind in ("input", "parameter") and not tail.name:
            value = ""  # the number itself stands where a name would
        gradient = "" if look.direction == "forward" else self.number(connection.contribution)
        if moment is not None:
            value = value if tail.id in moment.boxes or tail.kind == "stub" else ""
            gradient = "" if connection.id not in moment.back else f"<b>{gradient}</b>" if connection.id in moment.hot else gradient
        above = cell(value, self.palette.value if look.direction != "backward" else self.palette.quiet, 14)
        below = cell(gradient, self.palette.gradient, 14)
        rows = [above, '<tr><td height="11"></td></tr>', below]
        small = []
        if look.arithmetic and look.direction != "forward":
            small.append(("" if connection.head.kind == "output" else f"= {self.product(connection)}", self.palette.gradient))
        if connection.checked is not None:
            small.append(self.finding_markup(connection))
        empty = [cell("", "", 11)] * len(small)  # as much above as below: the arrows stay in the middle
        rows = [*empty, *rows, *(cell(text, color, 11) for text, color in small)]
        return markup(f'<table border="0" cellborder="0" cellspacing="0" cellpadding="1">{"".join(rows)}</table>')

    def flows_back(self, connection: Connection) -> bool:
        """Whether the picture shows a gradient on its way back along the connection."""
        return self.look.direction != "forward" and connection.tail.kind != "constant"

    def _forward_color(self) -> str:
        return self.palette.greyed if self.look.direction == "backward" else self.palette.forward

    # -- the finish ------------------------------------------------------------------------------------------------------

    def finish(self, laid_out: Laid, moment: Moment | None = None) -> str:
        """DOT text with every place fixed: the boxes where the engine put them, each connection as its arrows; everything, or a moment."""
        places = {node["name"]: node["pos"] for node in laid_out["objects"]}
        graph = graphviz.Digraph()
        fixed = {key: laid_out[key] for key in ("bb", "lp", "lwidth", "lheight") if key in laid_out}
        self.frame(graph, self.look.lines and (self.look.lines if moment is None else moment.lines), **fixed)
        self._defaults(graph)
        for box in self.view.boxes:
            graph.node(box.id, pos=places[box.id], id=box.id, **self._box(box, moment))
        drawn = [point for node in laid_out["objects"] if node["name"].startswith("e") for point in _grid(node)]
        for connection, path in self.routes(laid_out):
            tail, head = connection.tail.id, connection.head.id
            label = self._numbers(connection, moment)
            if label:
                graph.node(connection.id, label, fontsize="14", pos=places[connection.id], id=connection.id)
            drawn += path.sample()
            both = self.flows_back(connection)
            forward = path.aside(APART if both else 0.0).forward()
            graph.edge(tail, head, pos=forward, id=f"{connection.id}f", **self._forward_arrow(connection, moment))
            if both:
                back = path.aside(-APART).backward()
                graph.edge(tail, head, pos=back, dir="back", id=f"{connection.id}b", **self._backward_arrow(connection, moment))
        for box in self.view.boxes:
            if box.kind == "operation" and self._sum(box):
                width = text_width(f"Σ = {self.number(box.gradient)}", 12.0)
                place = _free_place(_point(places[box.id]), width, drawn)
                drawn += _points_in(place, width, 16.0)
                graph.node(f"{box.id}s", markup(self._sum(box, moment) or " "), pos=_text(place), id=f"{box.id}s")
        return str(graph.source)

    def _forward_arrow(self, connection: Connection, moment: Moment | None) -> dict[str, str]:
        """The attributes of a connection's forward arrow: at a moment, heavy where the step computes, grey where none has."""
        if moment is not None:
            into = connection.head.id == moment.target and connection.id not in moment.back and not moment.is_backward
            if into:
                return {"color": self.palette.value, "penwidth": "2.6"}
            if connection.head.id not in moment.boxes:
                return {"color": self.palette.greyed}
        if self.is_wrong(connection) and not self.flows_back(connection):
            return {"color": self.palette.wrong, "penwidth": "3"}
        return {"color": self._forward_color()}

    def _backward_arrow(self, connection: Connection, moment: Moment | None) -> dict[str, str]:
        """The attributes of a connection's backward arrow: at a moment, heavy where the step goes, and none where no gradient has gone."""
        if moment is not None and connection.id not in moment.back:
            return {"style": "invis", "color": self.palette.backward}
        if moment is not None and connection.id in moment.hot:
            return {"color": self.palette.backward, "penwidth": "5"}
        if self.is_wrong(connection):
            return {"color": self.palette.wrong, "penwidth": "4.5"}
        return {"color": self.palette.backward, "penwidth": "2.8"}

    def routes(self, laid_out: Laid) -> Iterator[tuple[Connection, Path]]:
        """Each connection with the line that the engine found for it, through the box with its numbers."""
        names = {node["_gvid"]: node["name"] for node in laid_out["objects"]}
        paths: dict[tuple[str, str], list[Path]] = {}
        for edge in laid_out.get("edges", ()):
            paths.setdefault((names[edge["tail"]], names[edge["head"]]), []).append(Path(edge["pos"]))
        for connection in self.view.connections:
            tail, head = connection.tail.id, connection.head.id
            if connection.contribution is not None:
                yield connection, paths[tail, connection.id][0].then(paths[connection.id, head][0])
            else:
                yield connection, paths[tail, head].pop()


class Path:
    """A line as Bézier curves end to end: its first point, three for each curve, and its last.

    Where the engine leaves room for an arrowhead, the line itself is shorter; `first` and `last` are where it truly ends.
    """

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

    def tikz(self) -> str:
        """As a path of TikZ's."""
        points = [self.first, *self.points[1:-1], self.last]
        curves = (
            f" .. controls ({_text(a)}) and ({_text(b)}) .. ({_text(c)})"
            for a, b, c in zip(points[1::3], points[2::3], points[3::3], strict=True)
        )
        return f"({_text(points[0])}){''.join(curves)}"

    def forward(self) -> str:
        """As Graphviz's `pos` with an arrowhead at the end; the line begins at its true beginning."""
        return f"e,{_text(self.last)} {' '.join(map(_text, [self.first, *self.points[1:]]))}"

    def backward(self) -> str:
        """The same with the arrowhead at the beginning."""
        return f"s,{_text(self.first)} {' '.join(map(_text, [*self.points[:-1], self.last]))}"


def _grid(node: Laid) -> list[Point]:
    """Points all over a laid-out box."""
    return _points_in(_point(node["pos"]), 72.0 * float(node["width"]), 72.0 * float(node["height"]))


def _points_in(centre: Point, width: float, height: float) -> list[Point]:
    return [(centre[0] + width * (i / 10 - 0.5), centre[1] + height * (j / 6 - 0.5)) for i in range(11) for j in range(7)]


def _free_place(centre: Point, width: float, drawn: list[Point]) -> Point:
    """Where a text of this width stands clear of what is drawn, as near to a circle as can be; where nothing is clear, the
    place with the most room."""
    x, y = centre
    places = [(x + dx, y + dy) for up in (27.0, 34.0, 41.0, 50.0) for dy in (up, -up) for dx in (-width / 2, 0.0, width / 2)]

    def room(place: Point) -> float:
        gaps = (math.hypot(max(abs(px - place[0]) - width / 2, 0.0), max(abs(py - place[1]) - 8.0, 0.0)) for px, py in drawn)
        return min(gaps, default=math.inf)

    return next((place for place in places if room(place) > 2.0), max(places, key=room))


def _point(text: str) -> Point:
    x, y = text.split(",")[:2]
    return float(x), float(y)


def _text(point: Point) -> str:
    return f"{point[0]:.2f},{point[1]:.2f}"
