"""Pictures as text: for Mermaid, for TikZ, and as a tree for the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .. import given
from ..numbers import as_float
from ..shown import Text
from ..typeset import name, number, shown
from ..value import Value
from .view import Box, look, outputs_of

if TYPE_CHECKING:  # it needs the extra, and the tree for the terminal does not
    from .style import Laid, Style

# Mermaid

_MERMAID_SHAPES = {
    "input": ("([", "])"),
    "parameter": ("[", "]"),
    "constant": ("[/", "/]"),
    "operation": ("((", "))"),
    "group": ("[[", "]]"),
}


def mermaid(style: Style) -> str:
    """The view as a Mermaid flowchart, for Markdown that renders it; values and gradients stand in the boxes."""
    lines, red = ["flowchart LR"], []
    for box in style.view.boxes:
        left, right = _MERMAID_SHAPES.get(box.kind, ("[", "]"))
        words = [style.word(box) or box.symbol or ("" if box.kind != "output" else style.say("picture.output"))]
        if box.kind == "operation" and style.word(box):
            words.append(box.symbol)
        if box.kind == "group":
            words.append(f"{box.count} nodes")
        if box.value is not None:
            words.append(style.number(box.value))
        if box.gradient is not None and style.look.direction != "forward":
            words.append(f"∇ {style.number(box.gradient)}")
        if box.wrong:
            words.append(f"{box.wrong} wrong inside")
            red.append(f"style {box.id}")
        text = "<br/>".join(_mermaid_text(word) for word in words if word)
        lines.append(f'    {box.id}{left}"{text}"{right}')
    for i, connection in enumerate(style.view.connections):
        label = f'|"{_mermaid_text(style.finding(connection))}"|' if connection.checked is not None else ""
        lines.append(f"    {connection.tail.id} -->{label} {connection.head.id}")
        if style.is_wrong(connection):
            red.append(f"linkStyle {i}")
    for i, line in enumerate(style.hidden()):
        lines.append(f'    x{i}["{_mermaid_text(line)}"]')
        red.append(f"style x{i}")
    lines += [f"    {what} stroke:{style.palette.wrong},stroke-width:4px,color:{style.palette.wrong}" for what in red]
    return "\n".join(lines) + "\n"


def _mermaid_text(text: str) -> str:
    """Mermaid reads HTML entities written with # for &, and may take what is left for Markdown or markup."""
    return re.sub(r"[^\w\s.,−×÷+=∇‖Σσ√]", lambda match: f"#{ord(match[0])};", text)


# TikZ


def tikz(style: Style, laid_out: Laid) -> str:
    """The view as a TikZ picture, boxes and arrows where this package draws them; needs \\usetikzlibrary{arrows.meta}."""
    from .textbook import APART, Textbook

    places = {node["name"]: tuple(map(float, node["pos"].split(","))) for node in laid_out["objects"] if "pos" in node}
    lines = [
        "% needs \\usepackage{tikz} and \\usetikzlibrary{arrows.meta}; letters beyond Latin need a font that has them",
        "\\begin{tikzpicture}[x=1pt, y=1pt, >={Stealth}]",
        *(
            f"  \\definecolor{{{key}}}{{HTML}}{{{getattr(style.palette, key)[1:].upper()}}}"
            for key in ("forward", "value", "backward", "gradient", "quiet", "wrong")
        ),
    ]

    def node(look: str, place: tuple[float, ...], words: str, name: str = "") -> None:
        label = f" ({name})" if name else ""
        lines.append(f"  \\node[{look}]{label} at ({place[0]:.1f}, {place[1]:.1f}) {{{_tex(words)}}};")

    for box in style.view.boxes:
        if box.id in places:
            look = {"operation": "draw=forward, circle, minimum size=36pt", "group": "draw=forward, rounded corners"}.get(
                box.kind, "inner sep=2pt"
            )
            if box.wrong:
                look = look.replace("draw=forward", "draw=wrong, line width=2pt")
            words = box.symbol if box.kind == "operation" else style.word(box) or ("" if box.value is None else style.number(box.value))
            node(look, places[box.id], words, box.id)
    routes = dict(style.routes(laid_out)) if isinstance(style, Textbook) else {}
    for connection in style.view.connections:
        if connection.tail.id not in places or connection.head.id not in places:
            continue
        path = routes.get(connection)
        both = path is not None and isinstance(style, Textbook) and style.flows_back(connection)
        wrong = style.is_wrong(connection)
        forward = "wrong" if wrong and not both else "forward"
        if path is None:
            words = (
                f" node[midway, text={'wrong' if wrong else 'quiet'}] {{{_tex(style.finding(connection))}}}" if connection.checked else ""
            )
            lines.append(f"  \\draw[->, {forward}] ({connection.tail.id}) --{words} ({connection.head.id});")
            continue
        lines.append(f"  \\draw[->, {forward}] {path.aside(APART if both else 0.0).tikz()};")
        if both:
            lines.append(f"  \\draw[<-, {'wrong' if wrong else 'backward'}, line width=1.6pt] {path.aside(-APART).tikz()};")
        if connection.id in places:
            x, y = places[connection.id]
            node("text=value", (x, y + 13), style.number(connection.tail.value))
            if both:
                node("text=gradient", (x, y - 13), style.number(connection.contribution))
            if connection.checked is not None:
                node(f"text={'wrong' if wrong else 'quiet'}, font=\\scriptsize", (x, y - 26), style.finding(connection))
    for i, line in enumerate(style.hidden()):
        node("text=wrong, anchor=west", (0.0, -20.0 - 14.0 * i), line)
    return "\n".join([*lines, "\\end{tikzpicture}"]) + "\n"


_TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "−": "$-$", "×": r"$\times$", "÷": r"$\div$", "·": r"$\cdot$", "σ": r"$\sigma$",
    "√": r"$\surd$", "Σ": r"$\Sigma$", "∂": r"$\partial$", "∞": r"$\infty$", "≠": r"$\neq$", "‖": r"$\|$", "∇": r"$\nabla$", "⁻": "$^{-}$",
}  # fmt: skip
_TEX |= {c: f"$_{{{i}}}$" for i, c in enumerate("₀₁₂₃₄₅₆₇₈₉")} | {c: f"$^{{{i}}}$" for i, c in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}


def _tex(text: str) -> str:
    return "".join(_TEX.get(c, c) for c in text)


# The terminal


def tree(
    output: Value | Iterable[Value], *, names: Mapping[str, Any] | None = None, seed: float = 1.0, digits: int = 6, most: int = 200
) -> Text:
    """The graph below the output as a tree of text: each node with its value and gradient, operands indented below it.

    A node that is used again is written out once; later it stands with an arrow ↑. Like a picture, it needs no `backward()`, and reads and
    changes no `grad`.

    output  a node, or several in a list
    names   names for nodes without a label, as from locals()
    seed    what the gradients are multiplied by: the output's own gradient
    digits  significant digits, at most
    most    how many lines, at most

    >>> a, b = Value(2.0, label="a"), Value(3.0, label="b")
    >>> print(tree(a * b))
    (×) = 6, gradient 1
    ├─ a = 2, gradient 3
    └─ b = 3, gradient 2
    """
    outputs = outputs_of(output, "tree")
    most = given.count(most, "most", "tree", 1)
    view = look(outputs, seed=as_float(seed, "a seed", "tree"), names=names, fold=0, chains=False)
    below: dict[Box, list[Box]] = {}
    for connection in view.connections:
        below.setdefault(connection.head, []).append(connection.tail)
    ends = [below[box][0] for box in view.boxes if box.kind == "output"]
    lines: list[str] = []
    written: set[Box] = set()
    stack = [(box, "", "") for box in reversed(ends)]
    while stack:
        box, before, after = stack.pop()
        if len(lines) >= most:
            lines.append(f"… and more: {len(view.boxes) - len(written)} nodes are not shown")
            break
        again = box in written and box in below
        lines.append(before + _line(box, digits) + (" ↑" if again else ""))
        written.add(box)
        operands = [] if again else below.get(box, [])
        for i, operand in reversed(list(enumerate(operands))):
            last = i == len(operands) - 1
            stack.append((operand, after + ("└─ " if last else "├─ "), after + ("   " if last else "│  ")))
    return Text("\n".join(lines))


def _line(box: Box, digits: int) -> str:
    value = number(box.value or 0.0, digits)
    if box.kind == "constant":
        return value
    title = shown(name(box.name))
    if box.kind == "operation":
        title = f"{title} ({box.symbol})" if title else f"({box.symbol})"
    return (
        f"{title} = {value}, gradient {number(box.gradient or 0.0, digits)}"
        if title
        else f"{value}, gradient {number(box.gradient or 0.0, digits)}"
    )
