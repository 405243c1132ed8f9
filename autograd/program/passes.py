"""What makes a program tidy. Each pass can be left out, and none changes a bit of a result.

A tape says how the graph is; the sweep has to go over it as it is. What a pass changes is only where the program finds the number of a
node: in its own variable, in another's that holds the same number, or in the program's text.
"""

from __future__ import annotations

from contextlib import suppress

from ..errors import AutogradError
from ..floats import identity
from .tape import Arg, Tape

PASSES = ("fold", "share", "dead")
"""Every pass, in order. What `dead` leaves out, and what the others do to local derivatives, is decided in `body`."""


def places(tape: Tape, passes: tuple[str, ...]) -> dict[int, Arg]:
    """For each node, the node whose variable holds its number, or the number itself where it is a constant."""
    found: dict[int, Arg] = {i: i for i in range(len(tape.labels))}
    seen: dict[tuple[object, ...], int] = {}
    for step in tape.steps.values():
        args = tuple(found[arg] if isinstance(arg, int) else arg for arg in step.args)
        constants = [arg for arg in args if isinstance(arg, float)]
        found[step.node] = step.node
        if "fold" in passes and len(constants) == len(args):
            with suppress(AutogradError):  # the program raises it when it comes to it
                found[step.node] = step.op.kinds[float](*constants)
        elif "share" in passes and step.op.forward is identity:
            found[step.node] = args[0]
        elif "share" in passes:
            found[step.node] = seen.setdefault(key(step.op, args), step.node)
    return found


def key(what: object, args: tuple[object, ...]) -> tuple[object, ...]:
    """What tells an operation from all others: -0.0 from 0.0 too."""
    return (what, *(arg.hex() if isinstance(arg, float) else arg for arg in args))
