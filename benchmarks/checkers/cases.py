"""What a case is: a function on floats, rules for it, and where it comes from."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Rules = tuple[Callable[..., Any], ...]


class Span(NamedTuple):
    """The numbers that an operand may be, as an Interval of ours: this file is read where our package is not."""

    low: float = -math.inf
    high: float = math.inf
    closed_low: bool = False
    closed_high: bool = False

    def __contains__(self, x: object) -> bool:
        assert isinstance(x, float)
        above = self.low < x or (self.closed_low and x == self.low)
        return above and (x < self.high or (self.closed_high and x == self.high))


@dataclass(frozen=True)
class Said:
    """What a checker said of a case: whether it alarmed, in which words, and how long it took, in seconds."""

    alarmed: bool
    words: str
    seconds: float


@dataclass(frozen=True)
class Case:
    """A function and its rules, wrong ones and their right twins.

    forward  the function on floats
    wrong    from a namespace m of functions (ours, PyTorch's, …) to one rule an operand; None where there are only right ones
    right    the same, right
    source   owner/repository#number of the report; "" for a rule that is no report's
    options  what the decorator is told besides: domain and kinks, as Spans and texts
    points   three everyday points
    """

    name: str
    forward: Callable[..., float]
    right: Callable[[Any], Rules]
    wrong: Callable[[Any], Rules] | None = None
    source: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    points: tuple[tuple[float, ...], ...] = ()

    @property
    def url(self) -> str:
        """Where the report is."""
        return "https://github.com/{}/issues/{}".format(*self.source.split("#")) if self.source else ""

    @property
    def is_held_out(self) -> bool:
        """Whether the case is one of the third that nobody looks at while the checkers are made."""
        return int(hashlib.sha256(self.name.encode()).hexdigest(), 16) % 3 == 0
