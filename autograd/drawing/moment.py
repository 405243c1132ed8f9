"""A moment of a calculation: what a picture of it shows, and what is still to come and hidden."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Moment:
    """What a picture of one moment shows.

    boxes, back  the ids of the boxes whose numbers are known and of the connections whose gradients are
    sums         the text of the sums so far, by box
    hot          the ids of the boxes and connections that the step is about, and `target`, the box it changes
    lines        what stands below the picture, where the style has lines reserved
    """

    boxes: set[str]
    back: set[str]
    sums: dict[str, str] = field(default_factory=dict)
    hot: set[str] = field(default_factory=set)
    target: str = ""
    lines: tuple[str, ...] = ()

    @property
    def is_backward(self) -> bool:
        """Whether the step hands a gradient on."""
        return bool(self.back & self.hot)
