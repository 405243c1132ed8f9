"""Colours: those of a picture, and the scales that colour boxes by a number or by scope.

Blue and orange carry the news twice over: they differ in hue and in darkness, and their arrows in weight and direction, so that
grey print and a colour-blind reader lose nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """The colours of one background.

    ink for words and outlines; forward and value for what runs forward; backward and gradient for what runs back; quiet for
    constants; greyed for what stands back; wrong for what a check found; faint for outlines of clusters; paper for the
    background; tints by kind of box.
    """

    paper: str
    ink: str
    forward: str
    value: str
    backward: str
    gradient: str
    quiet: str
    greyed: str
    wrong: str
    faint: str
    input: str
    parameter: str
    operation: str
    group: str
    output: str


LIGHT = Palette(
    paper="white", ink="#1f2933", forward="#44546a", value="#0b5394", backward="#c04a00", gradient="#a83f00", quiet="#6b7680",
    greyed="#b8c0c8", wrong="#c4001d", faint="#d5dbe1",
    input="#e8f0fa", parameter="#fdf0d9", operation="#ffffff", group="#eef1f4", output="#e4efe4",
)  # fmt: skip
DARK = Palette(
    paper="#16191d", ink="#e6eaee", forward="#9fb2c8", value="#7fb8f0", backward="#f08a3c", gradient="#ffa765", quiet="#97a3ad",
    greyed="#56616c", wrong="#ff5c6c", faint="#3a434c",
    input="#1f3044", parameter="#453414", operation="#1f242a", group="#262c33", output="#213524",
)  # fmt: skip

SCOPES = ("#cfe3f5", "#fbe3c0", "#d3ecd8", "#ead9f0", "#f7d4d4", "#d9f0f0", "#eeeac2", "#e3e3e3")
"""Quiet tints for scopes, in the order in which scopes appear; they repeat after the eighth."""


def mix(start: str, end: str, share: float) -> str:
    """The colour so far along the way from one to another, as #rrggbb."""
    pairs = ((int(start[i : i + 2], 16), int(end[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


class Scale:
    """Colours for signed numbers, on one scale for the whole picture: orange below 0, blank at 0, blue above.

    most   the size that gets the full colour; larger ones get it too. Steps between are by square root, so that small numbers
           still show.
    """

    def __init__(self, most: float, blank: str, dark: bool) -> None:
        self.most, self.blank = most, blank
        self.positive, self.negative = ("#1d5c96", "#9c4a12") if dark else ("#6aa5dc", "#f0a35e")

    def __call__(self, number: float) -> str:
        """The colour of a number."""
        if not math.isfinite(number) or self.most <= 0.0:
            return self.blank
        share = math.sqrt(min(abs(number) / self.most, 1.0))
        return mix(self.blank, self.positive if number > 0 else self.negative, share)


def largest(numbers: Iterable[float | None]) -> float:
    """The largest size among the finite numbers; 0 without any."""
    return max((abs(x) for x in numbers if x is not None and math.isfinite(x)), default=0.0)
