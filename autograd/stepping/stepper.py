"""The stepper: a walk through a recording that stops where it is told to, and shows itself."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import given
from ..errors import AutogradError
from ..primitive import Primitive
from ..typeset import shown
from ..value import Value, as_values
from ..words import Language
from .condition import condition, is_condition
from .notebook import Theme, check_theme, show
from .recorder import Forward, Recording, Step
from .walk import Walk

if TYPE_CHECKING:
    from ..drawing.style import Background
    from .page import Page

Where = Value | Primitive | str | Callable[..., Any]
"""What to stop at: a node or its label, an operation, or a condition, as a text over WORDS or as a function of the step."""

WORDS = ("data", "grad", "before", "contribution", "upstream", "local")
"""What the text of a condition may name. `data` is the number of the step's target, `grad` its gradient after the step; the others
are a backward step's."""


class Stepper(Walk):
    """A walk through the steps of a graph, forwards and backwards; the same object in a terminal, in a test and in a notebook.

    output       the node whose gradient is taken, times `seed`
    names        names for nodes without a label, as from locals()
    breakpoints  where `run()` stops: labels, nodes, operations, conditions such as "abs(grad) > 10" or a function of the step
    title        what its page is called
    theme        "light" or "dark" for its page and its picture in a notebook; "auto" for the page that is as the notebook around it, or
                 as the reader's system prefers, beside a picture on white. On paper pages are light
    lang         the language of its words, "en" or "ko"; the reader of a page can switch
    parameters   the leaves that learn where its page takes the step, as from module.parameters(); those named as weights and biases are,
                 such as w1 or layer.b, unless said, and the reader can choose

    Position 0 is before the first step, position n after the n-th. The recording is made once, here: later changes to the graph are
    not seen, and the graph is never changed. Going back is exact. Where `backward()` would raise a GradientError, the steps end
    before the edge that is to blame, and `next()` there raises it.

    >>> apple, count = Value(100.0, label="apple"), Value(2.0, label="count")
    >>> stepper = Stepper(apple * count)
    >>> stepper.run_to("abs(grad) > 10")
    <step 5: apple·count -> count: upstream 1 × local 100 (∂(x·y)/∂y = x) = 100; count.grad 0 + 100 = 100>
    >>> stepper.back().operand.label, stepper.position
    ('count', 4)
    """

    def __init__(
        self,
        output: Value,
        *,
        seed: float = 1.0,
        names: Mapping[str, Any] | None = None,
        breakpoints: Iterable[Where] = (),
        title: str = "",
        theme: Theme = "auto",
        lang: Language = "en",
        parameters: Iterable[Value] | None = None,
    ) -> None:
        check_theme(theme)
        super().__init__(Recording(output, seed, names, asker="Stepper", lang=lang), title)
        self.lang: Language = lang
        if parameters is not None:
            self.parameters = set(as_values(parameters, "Stepper", "a list of Values as parameters"))
        self.theme: Theme = theme
        given.text(title, "title", "Stepper")
        self.breakpoints: list[Where] = []
        for where in [breakpoints] if isinstance(breakpoints, str) else given.items(breakpoints, "a list as breakpoints", "Stepper"):
            self._matching(where)  # a typing mistake is said now, not when it fails to stop
            self.breakpoints.append(where)

    # -- going ------------------------------------------------------------------------------------------------------------

    def run_to(self, where: Where) -> Step:
        """Do steps up to and with the next one that matches, and return it.

        where  a label or a node: the step that computes it, or brings its gradient a contribution; an operation, as
               `autograd.multiply`, its name or its symbol; a condition, as "abs(grad) > 10 and data == 2" over data, grad, before,
               contribution, upstream, local (== is what is shown alike, to six digits), or as a function of the step

        LookupError: no later step matches; the position stays what it is.
        """
        matches = self._matching(where)
        step = self._find([matches])
        if step is None:
            raise LookupError(f"no step after {self._position} matches {_said(where)}; the position is still {self._position}")
        self._go(step.number)
        return step

    def run(self) -> Step | None:
        """Do steps up to and with the next one at a breakpoint, and return it; None where none hits, after the last step."""
        step = self._find([self._matching(where) for where in self.breakpoints])
        self._go(len(self) if step is None else step.number)
        return step

    def _find(self, conditions: Sequence[Callable[[Step], bool]]) -> Step | None:
        if conditions:
            for number in range(self._position + 1, len(self) + 1):
                step = self.recording.step(number)
                if any(matches(step) for matches in conditions):
                    return step
        return None

    # -- breakpoints ------------------------------------------------------------------------------------------------------

    def _matching(self, where: Where) -> Callable[[Step], bool]:
        recording = self.recording
        where = getattr(where, "primitive", where)
        if isinstance(where, Value):
            if where not in recording.index:
                raise ValueError(f"{where!r} is not in the graph of the output: neither run_to nor breakpoints can stop at it")
            return lambda step: step.target is where
        if isinstance(where, Primitive):
            return lambda step: step.node.op is where
        if isinstance(where, str):
            return self._matching_text(where)
        if callable(where):
            return lambda step: bool(where(step))
        raise TypeError(
            "a place to stop is a label, a node, an operation or a condition, but"
            f" got {given.shorten(where)} of type {type(where).__name__}, for run_to or as one of the breakpoints"
        )

    def _matching_text(self, text: str) -> Callable[[Step], bool]:
        names = self.recording.names
        nodes = {node for node in self.recording.order if names.given(node) == text}
        nodes = nodes or {node for node in self.recording.order[:1000] if text in (names(node), self.recording.pretty(node))}
        if nodes:
            return lambda step: step.target in nodes
        ops = {node.op for node in self.recording.order if node.op is not None}
        called = {op for op in ops if text in (op.name, op.symbol)}
        if called:
            return lambda step: step.node.op in called
        if not is_condition(text):
            raise self._no_such(text)
        meets = condition(text, WORDS)

        def holds(step: Step) -> bool:
            try:
                return meets(self._numbers(step)) is True
            except AutogradError:  # the condition is not defined here, as log(grad) at 0
                return False

        return holds

    def _numbers(self, step: Step) -> dict[str, float]:
        """What WORDS stand for at a step."""
        data = {"data": self.recording.values[self.recording.index[step.target]]}
        if isinstance(step, Forward):
            return data
        return data | {
            "grad": step.after,
            "before": step.before,
            "contribution": step.contribution,
            "upstream": step.upstream,
            "local": step.local,
        }

    def _no_such(self, text: str) -> ValueError:
        names = self.recording.names
        known = [shown(names.given(node)) for node in self.recording.order if names.given(node)]
        known += [node.op.name for node in self.recording.order if node.op is not None]
        near = difflib.get_close_matches(text, sorted(set(known[:10_000])), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "; a condition is written as in 'abs(grad) > 10 and data < 2'"
        return ValueError(f"{text!r} is neither a label nor an operation of this graph{hint}")

    # -- showing ----------------------------------------------------------------------------------------------------------

    def __str__(self) -> str:
        return self.view(color=sys.stdout is not None and sys.stdout.isatty() and "NO_COLOR" not in os.environ)

    def __repr__(self) -> str:
        at = f"after {self.step!s}" if self._position else "before the first"
        return f"<Stepper at {self._position} of {len(self)} steps, {at}>"

    def beside(
        self, *others: Stepper, title: str = "", theme: Theme | None = None, lang: Language | None = None, remarks: Iterable[str] = ()
    ) -> Page:
        """A page with the steps of several steppers beside each other, to show in a notebook or to `.write()`.

        others       the steppers that stand beside this one; TypeError: something else
        title        what the page is called
        theme, lang  as for `Stepper`; this one's unless said
        remarks      what to notice, a line each
        """
        from .page import Page

        for other in others:
            if not isinstance(other, Stepper):
                raise given.wrong("beside", "other Steppers", other)
        lines = [given.text(remark, "each of the remarks", "beside") for remark in given.items(remarks, "a list as remarks", "beside")]
        return Page(
            [self, *others],
            given.text(title, "title", "beside"),
            self.theme if theme is None else theme,
            self.lang if lang is None else lang,
            lines,
        )

    def write(self, path: str | os.PathLike[str], *, theme: Theme | None = None, lang: Language | None = None) -> Path:
        """Write the steps as one self-contained HTML page, whole or not at all, and return its path.

        The page needs no network and works from disk: arrow keys, a slider, predictions, what-if; a click on anything goes to the step it
        comes from, and of a gradient shows the chain rule with every factor's number; depth first or layer by layer, by hand or playing.
        The page computes by itself: what if a number were different, and steps of learning, as often as its reader likes. It speaks English
        and Korean. page.html#step=27 is the address of a step, #lang=ko of the page in Korean. A page that stands there is replaced;
        anything else there, a missing folder or another ending than .html is a DrawingError. Needs the extra `draw`.

        theme: "auto", "light" or "dark", and lang: "en" or "ko"; the stepper's own unless given. Printed, the page has the picture, every
        number, every step.
        """
        return self.beside(theme=theme, lang=lang).write(path)

    def write_frames(self, folder: str | os.PathLike[str], format: str = "png", *, background: Background | None = None) -> list[Path]:
        """Write one picture for each position, 000 to the last, into the folder, and return their paths. All are of one size.

        Frames of the same format that an earlier call left in the folder are removed; whatever else is there stays.

        format      "png", "svg" or "pdf"
        background  "white", "dark" or "transparent", as for `draw`; unless given, dark where the stepper's theme is
        """
        from .frames import write_frames

        if background is None:
            background = "dark" if self.theme == "dark" else "white"
        return write_frames(self, folder, format, background)

    def _repr_html_(self) -> str:
        return self.beside()._repr_html_()

    def _ipython_display_(self) -> None:
        try:
            page = self.beside()
        except AutogradError as error:  # without the extra, the words
            show({"text/plain": f"{self.view()}\n\n{error}"})
        else:
            page._ipython_display_()


def _said(where: object) -> str:
    return repr(getattr(where, "label", None) or getattr(where, "name", None) or getattr(where, "__name__", None) or where)
