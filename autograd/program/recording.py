"""One straight program, made executable when it first runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..context import alone
from ..errors import AutogradError, GradientError
from ..process import uncollected
from ..trees import Structure
from ..value import Value
from . import source
from .body import Body, Python
from .reach import Reach
from .surroundings import Surroundings
from .tape import Tape


class GuardError(AutogradError, RuntimeError):
    """A comparison comes out otherwise than when the program was recorded, and it was not to be recorded again."""


class Recording:
    """One straight program: a tape, its text, and the text made executable."""

    def __init__(self, tape: Tape, passes: Sequence[str]) -> None:
        self.tape, self.passes = tape, tuple(passes)
        self._run: Callable[..., tuple[float, tuple[float, ...]]] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_run": None}

    def body(self, language: Python) -> Body:
        """The statements, in a language."""
        return Body(self.tape, self.passes, language)

    def run(self, numbers: Sequence[float]) -> tuple[float, tuple[float, ...]]:
        """The value and the gradients at these numbers. What fails is said in the engine's own words."""
        if self._run is None:
            with uncollected():
                body = self.body(Python())
                self._run = source.executable(body, source.functions(body), {"GradientError": GradientError, "BranchError": GuardError})
        try:
            return self._run(*numbers)
        except (ArithmeticError, ValueError):
            # The engine raises the same in its own words, or knows that what does not exist is masked: the text cannot tell.
            nodes = self.nodes(numbers)
            output = self.tape.output_of(nodes)
            output.backward()
            return output.data, tuple([leaf.grad for leaf in nodes[: len(numbers)]])

    def nodes(self, numbers: Sequence[float]) -> list[Any]:
        """The graph's nodes at these numbers, as the engine records them."""
        with alone():
            return self.tape.replay([Value(x, label=label) for x, label in zip(numbers, self.tape.labels, strict=True)])


class State(NamedTuple):
    """What a function found around itself, and the recordings that were made then, in one: threads change it at any time."""

    around: Surroundings | None
    recordings: dict[Structure, list[Recording]]


class Trace(NamedTuple):
    """One run of a function that is recorded: its tape, what was around it before and after, and whose random numbers were drawn."""

    tape: Tape
    before: Reach
    after: Reach
    drawn: str


class Moved(Exception):  # noqa: N818 - no error: whoever records begins again
    """While a function was recorded, somebody changed what it finds around itself."""
