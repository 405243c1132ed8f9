"""Showing in a notebook."""

from __future__ import annotations

from typing import Any, Literal

from .. import given

Theme = Literal["auto", "light", "dark"]

DARK = "[data-jp-theme-light=false],.vscode-dark,.vscode-high-contrast,html[theme=dark]"
LIGHT = "[data-jp-theme-light=true],.vscode-light,.vscode-high-contrast-light,html[theme=light],#notebook-container"
"""Where a notebook is dark, and where it is light: JupyterLab, Notebook 7 and what nbconvert makes like them; VS Code, whose bodies of
high contrast that are light are of both classes; Colab; the classic notebook, which is light."""


def themed(selector: str, theme: Theme = "auto") -> str:
    """The CSS by which what is selected has a theme, or by "auto" that of the notebook around it.

    A frame's own `prefers-color-scheme` follows the `color-scheme` that it has in the page around it, even where it is a sandbox and
    can read nothing there. Around it may be a page that is no notebook we know: that page's color-scheme is inherited.
    """
    if theme != "auto":
        return f"{selector}{{color-scheme:{theme}}}"
    return "".join(f":where({host}) {selector}{{color-scheme:{scheme}}}" for scheme, host in (("dark", DARK), ("light", LIGHT)))


def check_theme(theme: object) -> None:
    """Another theme than there is, is a ValueError."""
    given.choice(theme, ("auto", "light", "dark"), "theme")


def show(*things: Any) -> None:
    """Show one thing below the other; a dict is what it is in several formats, for each viewer to choose from."""
    from IPython import display

    shown: Any = display.display
    for thing in things:
        shown(thing, raw=isinstance(thing, dict))
