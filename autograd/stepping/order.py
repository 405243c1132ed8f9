"""The orders in which a sweep may go. Any is right in which a node hands its gradient on only after everything that it feeds has handed
back to it: then the gradient is complete."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from .recorder import Recording


def depth_first(recording: Recording) -> Sequence[int]:
    """The backward steps as the engine does them: down one operand to its end before the next."""
    return range(len(recording.heads))


def layer_by_layer(recording: Recording) -> Sequence[int]:
    """The backward steps as lectures do them: whatever is equally far from the output together, by the longest way there."""
    depth = [0] * recording.forward
    for head, tail in zip(recording.heads, recording.tails, strict=True):  # a head comes after all that it feeds
        depth[tail] = max(depth[tail], depth[head] + 1)
    return sorted(range(len(recording.heads)), key=lambda k: (depth[recording.heads[k]], k))


class Order:
    """The backward steps in an order of their own.

    number    of every backward step, which step it is
    complete  of every node, the step that brings its last contribution, and `done`, the one by which it has handed its gradient on
    arrived   of every backward step, the how manieth contribution it brings, of how many in all: `uses` of the operand
    before    of every backward step, the operand's gradient before it, and `after`, the one after it
    """

    def __init__(self, recording: Recording, steps: Sequence[int]) -> None:
        count = len(steps)
        self.steps = steps
        self.number, self.arrived, self.before, self.after = [0] * count, [0] * count, [0.0] * count, [0.0] * count
        self.complete: dict[int, int] = {}
        self.done: dict[int, int] = {}
        self.uses: dict[int, int] = {}
        sums = [0.0] * recording.forward
        for number, k in enumerate(steps, recording.forward + 1):
            head, tail, upstream = recording.heads[k], recording.tails[k], recording.gradients[recording.heads[k]]
            self.uses[tail] = self.uses.get(tail, 0) + 1
            self.number[k], self.arrived[k], self.before[k] = number, self.uses[tail], sums[tail]
            sums[tail] += upstream * recording.partials[k] if upstream and not math.isnan(recording.partials[k]) else 0.0
            self.after[k] = sums[tail]
            self.complete[tail], self.done[head] = number, number
        for k in steps:  # all orders end with the sweep's own bits
            if self.arrived[k] == self.uses[recording.tails[k]]:
                self.after[k] = recording.gradients[recording.tails[k]]


def natural(names: Iterable[str]) -> list[int]:
    """Places among the names, so that w₂ stands before w₁₀ and after w₁: families as they first appear, each by its numbers."""
    families: dict[str, int] = {}
    keys = []
    for i, name in enumerate(names):
        plain = name.translate(_PLAIN)
        family = re.sub(r"\d+", "#", plain)
        keys.append((families.setdefault(family, len(families)), [int(digits) for digits in re.findall(r"\d+", plain)], i))
    return [i for _, _, i in sorted(keys)]


_PLAIN = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
