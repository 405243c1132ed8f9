"""Showing in a notebook."""

from __future__ import annotations

from typing import Any


def show(*things: Any) -> None:
    """Show one thing below the other; a dict is what it is in several formats, for each viewer to choose from."""
    from IPython import display

    shown: Any = display.display
    for thing in things:
        shown(thing, raw=isinstance(thing, dict))
