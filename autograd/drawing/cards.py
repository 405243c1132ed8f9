"""The cards style: one card a node with its name, data and gradient, in frames by scope.

Kinds differ in shape and in a quiet tint: inputs are rounded, parameters square, constants dashed, operations carry their
symbol, and the output has a heavy frame.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import graphviz

from ..typeset import shown
from .style import FONT, Style, literal, markup, plain
from .view import Box, Connection

DENSE = 100
"""From so many arrows on they are thin and straight, with room to cross."""


class Cards(Style):
    """Laid out and rendered in one go: an arrow carries no numbers unless its arithmetic is asked for."""

    def plan(self, graph: graphviz.Digraph) -> None:
        """Fill the graph with cards, in clusters by scope, and arrows."""
        dense = len(self.view.connections) > DENSE
        self.frame(
            graph,
            nodesep="0.22",
            ranksep="1.6" if dense else "0.5" if self.look.arithmetic else "0.38",
            splines="line" if dense else "true",
        )
        graph.attr("node", fontname=FONT, fontsize="13", fontcolor=self.palette.ink, shape="plain", margin="0")
        graph.attr("edge", fontname=FONT, fontsize="11", arrowsize="0.6", penwidth="0.6" if dense else "1.1")
        self._results = {connection.tail for connection in self.view.connections if connection.head.kind == "output"}
        self._cluster(graph, "", [box for box in self.view.boxes if box.kind != "output"])
        for connection in self.view.connections:
            if connection.head.kind == "output":
                continue  # the card that it comes from is marked instead
            graph.edge(connection.tail.id, connection.head.id, id=f"{connection.id}f", **self._arrow(connection))

    def _cluster(self, graph: graphviz.Digraph, scope: str, boxes: list[Box]) -> None:
        """The cards of a scope, and in frames of their own those of the scopes inside it."""
        inside: dict[str, list[Box]] = {}
        for box in boxes:
            rest = box.scope[len(scope) :].lstrip("/") if box.scope != scope else ""
            if rest:
                head = rest.split("/", 1)[0]
                inside.setdefault(f"{scope}/{head}" if scope else head, []).append(box)
            else:
                graph.node(box.id, id=box.id, **self._card(box))
        for path, members in inside.items():
            self._clusters = getattr(self, "_clusters", 0) + 1
            with graph.subgraph(name=f"cluster_{self._clusters}") as frame:
                title = markup(f'<font color="{self.palette.quiet}">{literal(path.rpartition("/")[2])}</font>')
                frame.attr(
                    label=title,
                    labeljust="l",
                    labelloc="t",
                    style="rounded",
                    color=self.palette.faint,
                    fontname=FONT,
                    fontsize="13",
                    margin="10",
                )
                self._cluster(frame, path, members)

    def _card(self, box: Box) -> dict[str, str]:
        palette = self.palette
        if box.kind in ("stub", "constant"):
            word = self.number(box.value) if box.kind == "constant" else self.word(box) or self.number(box.value)
            dashed = {"shape": "box", "style": "dashed", "width": "0.3", "height": "0.3", "margin": "0.08,0.04", "color": palette.quiet}
            return {"label": plain(word), "fontcolor": palette.quiet, **(dashed if box.kind == "constant" else {"margin": "0.04"})}
        result = box in self._results
        fill = palette.output if result and not self.look.color else self.fill(box)
        ink = self.ink_on(fill)
        value, gradient = (ink, ink) if self.look.color else (palette.value, palette.gradient)
        title = literal(self._title(box))
        if box.kind == "operation":
            title = f"{title} ({literal(box.symbol)})" if title else f"<b>{literal(box.symbol)}</b>"
        elif box.kind == "group":
            title = f"<b>{title}</b>"
        rows = [self._line(title or literal(self.say(f"picture.{box.kind}")), ink, 13)]
        if box.kind == "group":
            rows.append(self._row(self.say("card.nodes"), str(box.count), ink))
        if box.value is not None:
            rows.append(self._row("data", self.number(box.value), value))
        if self.look.direction != "forward":
            rows.append(self._row("‖∇‖" if box.kind == "group" else "grad", self.number(box.gradient), gradient))
        if self.look.stored and box.node is not None:
            rows.append(self._row("stored", *self._stored(box.node.grad, box.gradient, gradient)))
        if box.edited:
            rows.append(self._line(self.say("card.edited"), palette.backward, 10))
        if box.wrong:
            rows.append(self._line(f"<b>{self.say('card.wrong', count=box.wrong)}</b>", palette.wrong, 11))
        if box.outside:
            rows.append(self._line(self.say("card.outside"), palette.quiet, 10))
        rounded = ' style="rounded"' if box.kind in ("input", "group") else ""
        color = palette.wrong if box.wrong else palette.backward if box.edited else palette.forward
        border = 3 if result or box.wrong else 1
        frame = f'border="{border}" cellborder="0" cellspacing="0" cellpadding="3" color="{color}" bgcolor="{fill}"{rounded}'
        return {"label": markup(f"<table {frame}>{''.join(rows)}</table>"), **({"ordering": "in"} if box.ordered else {})}

    def _stored(self, held: Any, expected: float | None, color: str) -> tuple[str, str]:
        """What stands in a node's `grad`, which may be anything, and its colour: another one where the sweep has another number."""
        if not isinstance(held, (float, int)) or not math.isfinite(held):
            return literal(shown(repr(held), 12)), self.palette.wrong
        same = expected is not None and math.isclose(held, expected, rel_tol=1e-9)
        return self.number(held), color if same else self.palette.wrong

    def _title(self, box: Box) -> str:
        """The name, without the scope that the frame around the card says already."""
        within = box.scope.replace("/", ".") + "."
        return self.word(replace(box, name=box.name.removeprefix(within))) if box.scope else self.word(box)

    def _line(self, text: str, color: str, size: int) -> str:
        return f'<tr><td colspan="2"><font color="{color}" point-size="{size}">{text}</font></td></tr>'

    def _row(self, what: str, number: str, color: str) -> str:
        quiet = self.palette.ink if self.look.color else self.palette.quiet
        name = f'<td align="left"><font point-size="11" color="{quiet}">{what}</font></td>'
        return f'<tr>{name}<td align="right"><font color="{color}">{number}&#8201;</font></td></tr>'

    def _arrow(self, connection: Connection) -> dict[str, str]:
        back = self.look.direction == "backward"
        flows = connection.tail.kind != "constant"
        arrow = {"color": self.palette.forward}
        if len(self.view.connections) > DENSE:
            arrow |= {"tailport": "e", "headport": "w"}
        if back:
            arrow |= {"color": self.palette.backward, "dir": "back", "penwidth": "2.2"} if flows else {"color": self.palette.greyed}
        if connection.count > 1:
            arrow |= {"label": f" {connection.count} ", "fontcolor": self.palette.quiet}
            return arrow
        lines = []
        if self.look.arithmetic and connection.contribution is not None and self.look.direction != "forward":
            lines.append((f"{self.product(connection)}<br/>= {self.number(connection.contribution)}", self.palette.gradient))
        if connection.checked is not None:
            lines.append(self.finding_markup(connection))
        if self.is_wrong(connection):
            arrow |= {"color": self.palette.wrong, "penwidth": "3.5"}
        if lines:
            arrow["label"] = markup("<br/>".join(f'<font color="{color}">{text}</font>' for text, color in lines))
        return arrow
