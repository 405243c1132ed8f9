"""What every style shares: how numbers and names are written, how boxes are coloured, the caption and the legend."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any, Literal

import graphviz

from ..typeset import name, number, shown
from ..words import TABLE, Language, into, said
from .fonts import FONT as FONT
from .fonts import upright
from .palette import DARK, LIGHT, SCOPES, Palette, Scale, largest
from .view import Box, Connection, View

Direction = Literal["forward", "backward", "both"]
Coloring = Literal["gradient", "value", "scope"]
Background = Literal["white", "dark", "transparent"]


@dataclass(frozen=True)
class Look:
    """How a picture is to look; each field as `draw` describes it. `lines` are room for as many lines below it, each that wide."""

    direction: Direction = "both"
    arithmetic: bool = False
    digits: int = 6
    fractions: bool = False
    pretty: bool = True
    color: Coloring | None = None
    scale: float | None = None
    legend: bool = False
    background: Background = "white"
    caption: str = ""
    lang: Language = "en"
    stored: bool = False
    lines: tuple[str, ...] = ()


class Style:
    """A view and a look, and what follows from the two whatever the style.

    shows_sums  whether a Σ marks a gradient that several contributions make up
    """

    shows_sums = False

    def __init__(self, view: View, look: Look) -> None:
        self.view, self.look = view, look
        self.palette: Palette = DARK if look.background == "dark" else LIGHT
        self.paper = "transparent" if look.background == "transparent" else self.palette.paper
        self._scale: Scale | None = None
        self._scopes: dict[str, str] = {}
        if look.color in ("gradient", "value"):
            most = look.scale or largest(self._colored_number(box) for box in view.boxes)
            self._scale = Scale(most, self.palette.operation, look.background == "dark")
        elif look.color == "scope":
            scopes = dict.fromkeys(box.scope for box in view.boxes if box.scope)
            self._scopes = {scope: SCOPES[i % len(SCOPES)] for i, scope in enumerate(scopes)}

    def plan(self, graph: graphviz.Digraph) -> None:
        """Fill the graph for the layout engine."""
        raise TypeError(f"{type(self).__name__} is no complete style")

    # -- words and numbers -----------------------------------------------------------------------------------------------

    def say(self, row: str, /, **slots: object) -> str:
        """A sentence of the table of words, in the picture's language."""
        return said(row, **slots).into(self.look.lang)

    def number(self, x: float | None) -> str:
        """A number as this picture writes it; a dash for one that is not there."""
        return "–" if x is None else into(number(x, self.look.digits, fractions=self.look.fractions), self.look.lang)

    def word(self, box: Box) -> str:
        """A box's name as this picture writes it; "" without one."""
        return shown(name(box.name) if self.look.pretty else box.name)

    def factor(self, x: float | None) -> str:
        """A number after a multiplication sign: a negative one in brackets."""
        text = self.number(x)
        return f"({text})" if text.startswith("−") else text

    def product(self, connection: Connection) -> str:
        """upstream × local."""
        return f"{self.number(connection.upstream)} × {self.factor(connection.local)}"

    def finding(self, connection: Connection) -> str:
        """What a check found on a connection, in words; "" where there was none."""
        checked = connection.checked
        if checked is None:
            return ""
        wrong = checked.is_wrong
        digits = (
            next((d for d in range(self.look.digits, 18) if number(checked.analytic, d) != number(checked.numeric, d)), 6) if wrong else 6
        )
        local, quotient = number(checked.analytic, digits), number(checked.numeric, digits)
        if wrong:
            return self.say("picture.finding.wrong", local=local, quotient=quotient)
        verdict = f"verdict.{checked.verdict}"
        remark = "" if checked.verdict == "agrees" else f", {self.say(verdict) if verdict in TABLE else checked.verdict}"
        return self.say("picture.finding", local=local, quotient=quotient, remark=remark)

    def is_wrong(self, connection: Connection) -> bool:
        """Whether a check contradicts the connection's local derivative."""
        return connection.checked is not None and connection.checked.is_wrong

    def finding_markup(self, connection: Connection) -> tuple[str, str]:
        """The finding as markup, and its colour."""
        text = self.finding(connection)
        return (f"<b>{text}</b>", self.palette.wrong) if self.is_wrong(connection) else (text, self.palette.quiet)

    def hidden(self) -> list[str]:
        """What a check found that no connection shows, one line each."""
        lines = [self.say("picture.hidden", what=shown(str(found), 150)) for found in self.view.hidden[:5]]
        more = len(self.view.hidden) - len(lines)
        return [*lines, self.say("picture.more", count=more)] if more else lines

    def what(self, box: Box) -> str:
        """What to call a box in a sentence."""
        return self.word(box) or (
            box.symbol if box.kind == "operation" else self.say("picture.output") if box.kind == "output" else self.number(box.value)
        )

    # -- colours ---------------------------------------------------------------------------------------------------------

    def _colored_number(self, box: Box) -> float | None:
        return box.gradient if self.look.color == "gradient" else box.value

    def fill(self, box: Box) -> str:
        """The box's colour: by the scale asked for, else the tint of its kind."""
        if self._scale is not None:
            number = self._colored_number(box)
            return self._scale(number) if number is not None else self.palette.operation
        if self.look.color == "scope":
            return self._scopes.get(box.scope, self.palette.operation)
        tint: str = getattr(self.palette, box.kind, self.palette.operation)
        return tint

    def ink_on(self, fill: str) -> str:
        """A colour of text that can be read on this one."""
        if self.look.color == "scope" and fill in self._scopes.values():
            return LIGHT.ink
        return self.palette.ink

    # -- caption and legend ----------------------------------------------------------------------------------------------

    def footer(self, lines: tuple[str, ...] = ()) -> str:
        """Caption and legend as markup for the graph's label, or these three lines in their place; "" without either."""
        if lines:
            colors = (self.palette.ink, self.palette.gradient, self.palette.ink)
            below = [
                f'<tr><td align="left" height="{size + 8}">'
                f'<font point-size="{size}" color="{color}">{literal(line) or " "}</font></td></tr>'
                for line, size, color in zip(lines, (15, 14, 12), colors, strict=True)
            ]
            return markup(f'<table border="0" cellborder="0" cellspacing="0" cellpadding="2">{"".join(below)}</table>')
        rows = []
        if self.look.caption:
            caption = literal(shown(into(self.look.caption, self.look.lang), 120))
            rows.append(f'<tr><td colspan="2"><font point-size="16" color="{self.palette.ink}">{caption}</font></td></tr>')
        rows += [f'<tr><td colspan="2"><font color="{self.palette.wrong}">{literal(line)}</font></td></tr>' for line in self.hidden()]
        rows += self._legend() if self.look.legend else []
        return markup(f'<table border="0" cellborder="0" cellspacing="0" cellpadding="4">{"".join(rows)}</table>') if rows else ""

    def _legend(self) -> list[str]:
        palette, look = self.palette, self.look
        lines = []
        if look.direction != "backward":
            lines.append((f'<font color="{palette.value}">{self.say("legend.value")}</font>', self.say("legend.forward")))
        if look.direction != "forward":
            lines.append((f'<font color="{palette.gradient}"><b>{self.say("legend.gradient")}</b></font>', self.say("legend.backward")))
            if self.shows_sums and any(box.uses > 1 for box in self.view.boxes):
                lines.append((f'<font color="{palette.gradient}">Σ</font>', self.say("legend.sum")))
        if any(connection.checked for connection in self.view.connections):
            lines.append((f'<font color="{palette.wrong}"><b>≠</b></font>', self.say("legend.wrong")))
        if self._scale is not None:
            steps = [-1.0, -0.25, 0.0, 0.25, 1.0]
            cells = "".join(
                f'<td bgcolor="{self._scale(step * self._scale.most)}" border="1" color="{palette.faint}">'
                f'<font color="{palette.ink}">{self.number(step * self._scale.most)}</font></td>'
                for step in steps
            )
            lines.append(
                (
                    f'<table border="0" cellborder="0" cellspacing="0" cellpadding="4"><tr>{cells}</tr></table>',
                    self.say("legend.colour", what=said(f"legend.colour.{look.color}")),
                )
            )
        for scope, tint in self._scopes.items():
            lines.append(
                (
                    f'<table border="0" cellspacing="0" cellborder="0"><tr><td width="24" bgcolor="{tint}"> </td></tr></table>',
                    literal(shown(scope)),
                )
            )
        return [
            f'<tr><td align="left">{sample}</td><td align="left"><font color="{palette.ink}">{meaning}</font></td></tr>'
            for sample, meaning in lines
        ]

    def frame(self, graph: graphviz.Digraph, lines: tuple[str, ...] = (), **attributes: str) -> None:
        """The attributes of the whole picture. Its margin is that of a page, in PDF alone."""
        footer = self.footer(lines)
        if footer:
            attributes |= {"label": footer, "labelloc": "b", "fontname": FONT, "fontsize": "12"}
        graph.attr(rankdir="LR", outputorder="edgesfirst", bgcolor=self.paper, margin="0", **attributes)

    # -- for readers and hands -------------------------------------------------------------------------------------------

    def descriptions(self) -> dict[str, str]:
        """For everything with an id in the SVG, a sentence: what a pointer resting on it, or a screen reader, says."""
        found = {}
        forward_only = self.look.direction == "forward"
        for box in self.view.boxes:
            found[box.id] = self._describe(
                box, "" if box.gradient is None or forward_only else self._with_gradient(self.number(box.gradient))
            )
        for connection in self.view.connections:
            tail, head = (
                self.what(box) if box.kind == "group" or not box.symbol else box.symbol for box in (connection.tail, connection.head)
            )
            carried = self.say("picture.numbers", count=str(connection.count)) if connection.count > 1 else self._value(connection)
            found[f"{connection.id}f"] = f"{tail} → {head}: {carried}"
            if connection.contribution is None:
                found[f"{connection.id}b"] = f"{head} → {tail}: {self.say('picture.gradients')}"
                continue
            product = self.number(connection.contribution)
            upstream, local = self.number(connection.upstream), self.number(connection.local)
            carried = self.say("picture.product", upstream=upstream, local=local, product=product)
            found[f"{connection.id}b"] = f"{head} → {tail}: {carried}"
            found[connection.id] = self._value(connection) + ("" if forward_only else self._with_gradient(product))
        return found

    def _value(self, connection: Connection) -> str:
        return self.say("picture.value", value=self.number(connection.tail.value))

    def _with_gradient(self, gradient: str) -> str:
        return self.say("picture.with.gradient", gradient=gradient)

    def _describe(self, box: Box, gradient: str) -> str:
        edited = self.say("picture.edited") if box.edited else ""
        if box.kind == "group":
            return f"{self.word(box)}: {self.say('picture.nodes', count=str(box.count))}{gradient}"
        value = self.number(box.value)
        if box.kind == "constant":
            return self.say("picture.constant", value=value)
        if box.kind == "output":
            return f"{self.what(box)} = {value}"
        if box.kind == "operation":
            return f"{self.word(box) or self.say('picture.unnamed')} = {box.symbol}: {value}{gradient}{edited}"
        return f"{self.what(box)}: {value}{gradient}"


def literal(text: str) -> str:
    """A text inside markup, shown as it is: Graphviz would replace \\N and its kin even there, and takes no text of spaces alone."""
    line = shown(text, len(text))
    return html.escape("\u00a0" * len(line) if line.isspace() else line).replace("\\", "\\\\")


def italic(text: str) -> str:
    """A text as markup in italics; upright where its script has none."""
    return literal(text) if upright(text) else f"<i>{literal(text)}</i>"


def markup(text: str) -> str:
    """A label that is markup."""
    return f"<{text}>"


def plain(text: str) -> str:
    """A label that is shown literally: no escapes, no entities, no markup."""
    return str(graphviz.escape(text.replace("&", "&amp;")))


def cell(text: str, color: str, size: int) -> str:
    """A table's row with one text; an empty one keeps its height."""
    inside = f'<font color="{color}" point-size="{size}">{text}</font>' if text else ""
    return f'<tr><td height="{size + 3}">{inside}</td></tr>'


Laid = dict[str, Any]
"""What the layout engine says in its json0 format."""
