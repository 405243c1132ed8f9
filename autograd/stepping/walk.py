"""A place in a recording, that goes forwards and back again."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from .. import given
from ..typeset import aligned, number, table
from ..value import Value
from ..words import into, said
from .recorder import Backward, Recording, Step

ROWS = 24
"""Lines of the table that a terminal shows at most."""


@dataclass(frozen=True)
class State:
    """What is known after so many steps: the numbers computed so far, and the gradients so far of the nodes that the sweep has reached."""

    position: int
    values: dict[Value, float]
    gradients: dict[Value, float]


class Walk:
    """A walk through the steps of a recording, which starts before the first. Going back is exact.

    source   lines of a text that say in another way what happens, such as a program's: each with the numbers of the steps it belongs
             to. A page shows them beside its steps.
    parameters  the leaves that learn where a page takes the step; None: those named as weights and biases are
    """

    source: Sequence[tuple[str, Collection[int]]] = ()
    parameters: Collection[Value] | None = None

    def __init__(self, recording: Recording, title: str = "") -> None:
        self.recording, self.output, self.title = recording, recording.output, title
        self._position = 0
        self._gradients = array("d", bytes(8 * recording.forward))
        self._arrived = array("l", bytes(array("l").itemsize * recording.forward))

    # -- where we are ----------------------------------------------------------------------------------------------------

    @property
    def position(self) -> int:
        """How many steps have been done."""
        return self._position

    @property
    def step(self) -> Step | None:
        """The step done last; None before the first."""
        return self.recording.step(self._position) if self._position else None

    @property
    def state(self) -> State:
        """The numbers and gradients so far, by node."""
        recording = self.recording
        reached = ((i, node) for i, node in enumerate(recording.order) if self.reached(i))
        values = dict(zip(recording.order[: self._position], recording.values, strict=False))
        return State(self._position, values, {node: self._gradients[i] for i, node in reached})

    def reached(self, place: int) -> bool:
        """Whether a gradient has come to the node at this place in the order."""
        return self._arrived[place] > 0

    def gradient(self, place: int) -> float:
        """The gradient so far of the node at this place in the order."""
        return self._gradients[given.count(place, "place", "gradient", 0, len(self._gradients) - 1)]

    def __len__(self) -> int:
        return len(self.recording)

    # -- going ------------------------------------------------------------------------------------------------------------

    def next(self) -> Step | None:
        """Do the next step and return it; None where all are done."""
        if self._position == len(self):
            if self.recording.problem is not None:
                raise self.recording.problem
            return None
        self._go(self._position + 1)
        return self.step

    def back(self) -> Step | None:
        """Undo the last step and return it; None at the start. What was there before is there again, bit for bit."""
        step = self.step
        if step is not None:
            self._go(self._position - 1)
        return step

    def jump(self, position: int) -> Step | None:
        """Go to a position, from 0 to the number of steps, and return the step done last there. Any other is an IndexError."""
        if not isinstance(position, int) or isinstance(position, bool):
            raise given.wrong("jump", "a whole number", position)
        if not 0 <= position <= len(self):
            raise IndexError(f"there is no position {position}: they go from 0 to {len(self)}; the position is still {self._position}")
        self._go(position)
        return self.step

    def _go(self, target: int) -> None:
        recording, gradients, arrived = self.recording, self._gradients, self._arrived
        forward = recording.forward
        for k in range(max(self._position, forward) - forward, target - forward):
            tail = recording.tails[k]
            arrived[tail] += 1
            gradients[tail] = self._after(k)
        for k in range(self._position - forward - 1, max(target, forward) - forward - 1, -1):
            tail = recording.tails[k]
            arrived[tail] -= 1
            gradients[tail] = recording.before[k]
        turned = target >= forward  # all numbers are there: the output's own gradient is the seed
        if turned != (self._position >= forward):
            arrived[-1] = int(turned)
            gradients[-1] = recording.seed if turned else 0.0
        self._position = target

    def _after(self, k: int) -> float:
        recording = self.recording
        upstream = recording.gradients[recording.heads[k]]
        return recording.before[k] + upstream * recording.partials[k] if upstream else recording.before[k]

    # -- showing ----------------------------------------------------------------------------------------------------------

    def view(self, *, color: bool = False) -> str:
        """The step, its arithmetic and the numbers so far, for a terminal; in colour with color=True."""
        step, names = self.step, self.recording.names
        color = given.flag(color, "color", "view")
        bold, blue, orange, off = ("\033[1m", "\033[34m", "\033[33m", "\033[0m") if color else ("", "", "", "")
        if step is None:
            counts = {"forward": self.recording.forward, "backward": len(self.recording.heads)}
            lines = [names.say("view.start", total=str(len(self)), **counts)]
        else:
            tint = orange if isinstance(step, Backward) else blue
            lines = [
                bold + names.say("view.step", n=str(step.number), total=str(len(self)), way=said(f"way.{step.kind}")) + off,
                f"{tint}{step}{off}",
            ]
        if self._position == len(self) and self.recording.problem is not None:
            lines.append(f"{bold}{names.say('view.stops')}{off}: {self._problem()}")
        rows = self._rows(step)
        marks = ["", *(">" if step is not None and self.recording.order[i] is step.target else "" for i in rows)]
        values = aligned([number(self.recording.values[i]) if i < self._position else "–" for i in rows])
        gradients = aligned([number(self.gradient(i)) if self.reached(i) else "–" for i in rows])
        columns = (
            [names.say("view.node"), *(names(self.recording.order[i]) for i in rows)],
            [names.say("view.value"), *values],
            [names.say("view.gradient"), *gradients],
        )
        text = table(marks, *columns, right=(2, 3)).splitlines()
        text = [f"{bold}{line}{off}" if mark and color else line for mark, line in zip(marks, text, strict=True)]
        more = ["  " + names.say("view.more", count=self.recording.forward - len(rows))] if len(rows) < self.recording.forward else []
        return "\n".join([*lines, *text, *more])

    def _problem(self) -> str:
        lang = self.recording.names.lang
        return str(self.recording.problem) if lang == "en" else into(self.recording.problem_said, lang)

    def _rows(self, step: Step | None) -> Sequence[int]:
        """The nodes in a table, as places in the order: all, or the ones next to the step's."""
        everything = self.recording.forward
        if everything <= ROWS:
            return range(everything)
        at = self.recording.index[step.target] if step is not None else 0
        start = max(min(at - ROWS // 2, everything - ROWS), 0)
        return range(start, start + ROWS)
