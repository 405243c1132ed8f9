"""Texts that show themselves as they look: a tree, a matrix, a formula, in notebooks, in marimo and at a prompt."""

from __future__ import annotations

import html
from typing import Any


class Text(str):
    """A text of several lines. It is a str in every way, but a notebook or a prompt shows its lines, and not one with backslashes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self),)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        return f'<pre style="line-height:1.2">{html.escape(self)}</pre>'


class Formula(str):
    """LaTeX. A str in every way, which a notebook shows as the formula."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self),)

    def _repr_latex_(self) -> str:
        return f"${self}$"
