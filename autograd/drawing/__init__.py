"""Pictures of graphs: forward, backward, or both in one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from .. import given
from ..errors import DrawingError, MissingExtraError
from ..numbers import as_float
from ..typeset import DIGITS
from ..value import Value, as_value, as_values
from ..words import Language, check_language
from .engine import layout_engine as layout_engine
from .fonts import hangul_font as hangul_font
from .text import tree as tree
from .view import look, outputs_of

if TYPE_CHECKING:
    from .picture import Picture as Picture
    from .style import Background, Coloring, Direction

LIMIT = 1000
"""So much at most: beyond, a layout takes long, cannot be interrupted, and nobody could read it."""
TEXTBOOK_BOXES = 60
"""Up to so many boxes the textbook style is the default, beyond it cards."""


def draw(
    output: Value | Iterable[Value],
    *,
    direction: Direction = "both",
    style: Literal["textbook", "cards"] | None = None,
    names: Mapping[str, Any] | None = None,
    parameters: Iterable[Value] = (),
    arithmetic: bool = False,
    check: bool = False,
    gradients: Literal["sweep", "stored"] = "sweep",
    seed: float = 1.0,
    digits: int = 6,
    fractions: bool = False,
    formulas: bool = False,
    pretty: bool = True,
    fold: int | None = None,
    chains: bool | None = None,
    around: Value | None = None,
    radius: int = 2,
    paths: tuple[Value, Value] | None = None,
    color: Coloring | None = None,
    scale: float | None = None,
    legend: bool = False,
    background: Background = "white",
    caption: str = "",
    lang: Language = "en",
    limit: int = LIMIT,
) -> Picture:
    """A picture of the graph below the output, or below several outputs.

    In the textbook style every connection carries two arrows: forward, thin, with the value above it; backward, heavy, with the
    gradient below it that flows back along it. Where several meet, their sum Σ stands at the node. Constants are grey and send
    nothing back. In the cards style each node is a card with its data and gradient. Gradients are those of the outputs' sum
    times `seed`, from a sweep of the picture's own: no `backward()` is needed, and no `grad` is read or changed. A dashed circle
    is a node whose number, or an operand's, was edited after recording.

    direction   "forward", "backward" or "both"
    style       "textbook" or "cards"; textbook for small graphs unless said
    names       names for nodes without a label, as from locals(); a list's Values become w[0], w[1]
    parameters  leaves to be shown as parameters, in the cards style
    arithmetic  write each gradient as upstream × local derivative = contribution
    check       write under each gradient the local derivative and what difference quotients say it is; a wrong one is red, and so is a
                folded box that hides one, which a line below the picture then names
    gradients   "sweep", or "stored" for what `backward()` has left in each node's `grad` beside it, in the cards style: what is more there
                has added up
    digits      significant digits, at most
    fractions   write 1/3 for 0.333333, where a number is such a fraction
    formulas    unnamed inner nodes show what they compute: apple × count
    pretty      write w1 as w₁, alpha as α, dC/dw1 as ∂C/∂w₁
    fold        fold scopes to one box: 1 for layers, 2 for the neurons in them; 0 for none; by itself where it needs it
    chains      fold chains of + to Σ, and of max and min likewise; by itself where they are long
    around      show only the nodes within `radius` steps of this one
    paths       show only what lies between a node and a later one, as in paths=(w, loss)
    color       colour boxes by "gradient" or "value" (one scale for all, up to `scale` if given), or by "scope"
    legend      explain arrows and colours
    background  "white", "dark" or "transparent"
    caption     a line below the picture, and what screen readers call it
    lang        the language of the legend and of what a pointer resting on something says: "en" or "ko"
    limit       refuse to lay out more than this: boxes, and in the textbook style connections too

    Needs the extra `draw`; without it a MissingExtraError says so. DrawingError: too many boxes.

    >>> x = Value(3.0, label="x")
    >>> draw(x * x).source.count(">9<")  # the product, on its way to the output
    1
    """
    try:
        import graphviz  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("draw needs the extra of that name: pip install 'glassgrad[draw]'") from error
    from .cards import Cards
    from .picture import Picture
    from .style import Look
    from .textbook import Textbook

    outputs = outputs_of(output, "draw")
    given.choice(direction, ("forward", "backward", "both"), "direction")
    given.choice(style, ("textbook", "cards", None), "style")
    stored = given.choice(gradients, ("sweep", "stored"), "gradients") == "stored"
    if stored and style == "textbook":
        raise ValueError("gradients='stored' needs the cards style: in the textbook style each number stands at the arrow it flows along")
    given.choice(color, ("gradient", "value", "scope", None), "color")
    given.choice(background, ("white", "dark", "transparent"), "background")
    digits = given.count(digits, "digits", "draw", 1, DIGITS)
    limit = given.count(limit, "limit", "draw")
    given.text(caption, "caption", "draw")
    asked = {"arithmetic": arithmetic, "fractions": fractions, "pretty": pretty, "legend": legend}
    flags: dict[str, Any] = {name: given.flag(x, name, "draw") for name, x in asked.items()} | {"stored": stored}
    view = look(
        outputs,
        seed=as_float(seed, "a seed", "draw"),
        names=names,
        parameters=as_values(parameters, "draw", "a list of Values as parameters"),
        around=None if around is None else as_value(around, "draw", "a Value as around"),
        radius=given.count(radius, "radius", "draw"),
        paths=None if paths is None else _ends(paths),
        fold=None if fold is None else given.count(fold, "fold", "draw"),
        chains=None if chains is None else given.flag(chains, "chains", "draw"),
        formulas=given.flag(formulas, "formulas", "draw"),
        check=given.flag(check, "check", "draw"),
    )
    small = len(view.boxes) <= TEXTBOOK_BOXES and not view.grouped
    textbook = style == "textbook" or (style is None and small and not stored)
    size = len(view.boxes) + (len(view.connections) if textbook else 0)  # there, each connection has numbers to find a place for
    if size > limit:
        what = f"{len(view.boxes)} boxes{f' and {len(view.connections)} connections with their numbers' if textbook else ''}"
        raise DrawingError(
            f"{what} are too many to lay out and to read (the limit is {limit}). Remedies: fold=1 folds what was made inside each"
            " scope(...); around=node, radius=2 shows a neighbourhood; paths=(w, loss) shows what lies between two nodes; style='cards'"
            " needs less room; or raise limit="
        )
    scale = None if scale is None else as_float(scale, "a number as scale", "draw")
    appearance = Look(
        direction=direction,
        digits=digits,
        color=color,
        scale=scale,
        background=background,
        caption=caption,
        lang=check_language(lang),
        **flags,
    )
    return Picture.of((Textbook if textbook else Cards)(view, appearance))


def _ends(paths: object) -> tuple[Value, Value]:
    ends = as_values(paths, "draw", "two Values as paths")
    if len(ends) != 2:
        raise ValueError(f"draw needs two Values as paths, from one and to the other, but got {len(ends)}")
    return ends[0], ends[1]


__all__ = ["draw", "hangul_font", "layout_engine", "tree"]
