"""Pictures of graphs: forward, backward, or both in one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from ..errors import DrawingError, MissingExtraError
from ..primitive import as_float
from ..value import Value
from .engine import hangul_font as hangul_font
from .engine import layout_engine as layout_engine
from .view import look

if TYPE_CHECKING:
    from .picture import Picture as Picture

LIMIT = 300
"""So many boxes at most: beyond, a layout takes long, cannot be interrupted, and nobody could read it."""


def draw(
    output: Value | Iterable[Value],
    *,
    direction: Literal["forward", "backward", "both"] = "both",
    names: Mapping[str, Any] | None = None,
    arithmetic: bool = False,
    seed: float = 1.0,
    digits: int = 6,
    caption: str = "",
    limit: int = LIMIT,
) -> Picture:
    """A picture of the graph below the output, or below several outputs.

    Every connection carries two arrows: forward, thin, with the value above it; backward, heavy, with the gradient below it
    that flows back along it. Where several meet, their sum Σ stands at the node. Constants are grey and send nothing back.
    Gradients are those of the outputs' sum times `seed`, from a sweep of the picture's own: no `backward()` is needed, and no
    `grad` is read or changed. A dashed circle is a node whose number, or an operand's, was edited after recording.

    direction   "forward", "backward" or "both"
    names       names for nodes without a label, as from locals(); a list's Values become w[0], w[1]
    arithmetic  write each gradient as upstream × local derivative = contribution
    digits      significant digits, at most
    caption     what the picture is called, for screen readers
    limit       refuse more boxes than this

    Needs the extra `draw`; without it a MissingExtraError says so. DrawingError: too many boxes.

    >>> x = Value(3.0, label="x")
    >>> draw(x * x).source.count("9")  # the product, on its way to the output
    1
    """
    try:
        import graphviz  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("draw needs the extra of that name: pip install 'glassgrad[draw]'") from error
    from .picture import Picture
    from .textbook import Textbook

    outputs = [output] if isinstance(output, Value) else list(output) if isinstance(output, Iterable) else [output]
    for node in outputs:
        if not isinstance(node, Value):
            raise TypeError(f"draw needs a Value, or several, but got {node!r} of type {type(node).__name__}")
    if not outputs:
        raise ValueError("draw needs at least one Value, but got an empty list")
    if direction not in ("forward", "backward", "both"):
        raise ValueError(f"direction is 'forward', 'backward' or 'both', but got {direction!r}")
    view = look(outputs, seed=as_float(seed, "a seed"), names=names)
    if len(view.boxes) > limit:
        raise DrawingError(
            f"{len(view.boxes)} boxes are too many to lay out and to read (the limit is {limit}):"
            " draw an inner node instead of the output, or raise limit="
        )
    picture = Picture()
    picture.style = Textbook(view, direction, arithmetic=arithmetic, digits=digits)
    picture.style.plan(picture)
    picture.caption = caption
    return picture


__all__ = ["Picture", "draw", "hangul_font", "layout_engine"]
