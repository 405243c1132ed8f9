"""What Sphinx has to learn to read our code: docstrings with columns, formulas as MathML, and the table of primitives as a page."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from typing import Any
from unittest import mock

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

# Docstrings.

COLUMNS = re.compile(r"(\S+(?:,? \S+)*)  +(\S.*)")
"""A line of a list of parameters: one name or several, two spaces or more, what it is."""


def docstring(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Docstrings as Sphinx wants them: our columns are a list of definitions, our words have no markup but `code`."""
    lines[:] = rewritten(lines)


def rewritten(lines: list[str]) -> list[str]:
    """The lines of a docstring as reStructuredText."""
    made: list[str] = []
    for block in blocks(lines):
        if block[0].startswith((">>>", " ")):
            made += ["::", "", *(f"    {line}" for line in block)] if block[0].startswith(" ") else block
        elif COLUMNS.fullmatch(block[0]) and is_columns(block):
            made += definitions(block)
        elif all(line.startswith(("- ", "  ")) for line in block):
            made += [escaped(line) for line in block]
        else:
            made += [f"| {escaped(line)}" if any("  " in line or "←" in line for line in block) else escaped(line) for line in block]
        made.append("")
    return made


def blocks(lines: list[str]) -> Iterator[list[str]]:
    """Runs of lines without an empty one between them."""
    block: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            block.append(line.rstrip())
        elif block:
            yield block
            block = []


def is_columns(block: list[str]) -> bool:
    """Whether every line begins an entry, or goes on where the entries' second column stands."""
    match = COLUMNS.fullmatch(block[0])
    assert match is not None
    at = match.start(2)
    return all(line[:at].strip() == "" or (line[at - 2 : at] == "  " and line[at:].strip()) for line in block)


def definitions(block: list[str]) -> list[str]:
    """The entries as a list of definitions."""
    at = COLUMNS.fullmatch(block[0]).start(2)  # type: ignore[union-attr]
    made: list[str] = []
    for line in block:
        if line[:at].strip():
            made += [f"``{line[:at].strip()}``"]
        made.append(f"    {escaped(line[at:])}")
    return made


def escaped(text: str) -> str:
    """Words that hold for themselves, and `code` between single quotes of that kind."""
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(f"`{part}`" if i % 2 else re.sub(r"([\\*|_`])", r"\\\1", part) for i, part in enumerate(parts))


# Formulas.


def formula(self: Any, node: Any) -> None:
    """MathML, which browsers show without a script and without a network."""
    from autograd.mathml import mathml

    self.body.append(mathml(node.astext()))
    raise nodes.SkipNode


# The table of primitives.


OPERAND = re.compile(r"<(\w+)>")
"""Where an operand stands in a row's LaTeX."""


class Table(Directive):
    """Every row of the table with its mathematics, its domain, and a plot of function and derivative."""

    def run(self) -> list[nodes.Node]:
        """The rows, one a section."""
        from autograd import PRIMITIVES

        made: list[nodes.Node] = []
        for row in PRIMITIVES.values():
            section = nodes.section(ids=[nodes.make_id(f"row-{row.name}")], names=[f"row {row.name}"])
            section += nodes.title("", "", nodes.literal(text=row.name))
            section += described(row)
            if len(row.operands) == 1:
                section += nodes.raw("", plot(row), format="html")
            made.append(section)
        return made


def described(row: Any) -> Iterator[nodes.Node]:
    """A row in words and formulas."""
    from autograd.typeset import latex

    yield nodes.paragraph(text=row.summary)
    yield nodes.paragraph("", "", nodes.math(text=f"z = {OPERAND.sub(lambda operand: operand[1], row.latex)}"))
    for operand, partial in zip(row.operands, row.textbook, strict=True):
        rule = (
            nodes.math(text=rf"\frac{{\partial z}}{{\partial {operand}}} = {latex(partial)}")
            if partial
            else nodes.Text(f"{operand} is a plain number.")
        )
        yield nodes.paragraph("", "", rule)
    yield nodes.paragraph("", "", *example(row))
    if row.domain_text:
        yield nodes.paragraph(text=f"Domain: {row.domain_text}.")
    if row.kinks:
        yield nodes.paragraph(text="Kinks, where the derivative is a convention: " + ", ".join(f"{kink} = 0" for kink in row.kinks) + ".")


def example(row: Any) -> Iterator[nodes.Node]:
    """The row at an everyday point, where it has a value."""
    for point in (0.5, 1.5, 2.0):
        try:
            number = row.kinds[float](*[point] * len(row.operands))
        except (ArithmeticError, ValueError):
            continue
        yield nodes.literal(text=f"{row.name}({', '.join([str(point)] * len(row.operands))})")
        yield nodes.Text(f" is {number:.6g}.")
        return


def plot(row: Any) -> str:
    """Function and derivative over their everyday range, as an SVG that takes the colours of the page."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    from autograd import Value, gradient

    low, high = row.domain[0].low, row.domain[0].high
    low, high = max(low, -4.0), min(high, 4.0)
    xs, zs, slopes = [], [], []
    for i in range(401):
        x = low + (high - low) * i / 400
        v = Value(x)
        try:
            z = row.kinds[Value](v)
            (slope,) = gradient(z, [v])
        except (ArithmeticError, ValueError):
            continue
        xs.append(x), zs.append(z.data), slopes.append(slope.data)
    with mpl.rc_context({"svg.hashsalt": row.name, "svg.fonttype": "none", "font.size": 9}):
        figure, axes = plt.subplots(figsize=(4.2, 2.4))
        axes.plot(xs, zs, color="#2f7fd0", label=row.name)
        axes.plot(xs, slopes, color="#e06a10", linestyle="--", label=f"{row.name}′")
        axes.set_ylim(max(-4, min(zs + slopes) - 0.2), min(4, max(zs + slopes) + 0.2))
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
        plt.close(figure)
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :].replace("<svg", '<svg fill="currentColor"', 1).replace("#000000", "currentColor")
    return f'<figure role="img" aria-label="{row.name} and its derivative">{svg}</figure>'


# The command line.


class Help(Directive):
    """The help of every command, as the commands print it."""

    def run(self) -> list[nodes.Node]:
        """The help of the whole, then that of each command."""
        from autograd.cli import entry

        with mock.patch.object(sys, "argv", ["glassgrad"]), mock.patch.dict(os.environ, {"COLUMNS": "100"}):
            whole = entry._parser()
        named = next(action.choices for action in whole._actions if isinstance(action.choices, dict))
        made: list[nodes.Node] = [nodes.literal_block(text=whole.format_help())]
        for name, command in named.items():
            section = nodes.section(ids=[nodes.make_id(f"command-{name}")], names=[f"command {name}"])
            section += nodes.title("", "", nodes.literal(text=f"glassgrad {name}"))
            with mock.patch.dict(os.environ, {"COLUMNS": "100"}):
                section += nodes.literal_block(text=command.format_help())
            made.append(section)
        return made


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx."""
    app.connect("autodoc-process-docstring", docstring)
    app.add_html_math_renderer("mathml", inline_renderers=(formula, None), block_renderers=(formula, None))
    app.add_directive("primitives", Table)
    app.add_directive("command-line", Help)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
