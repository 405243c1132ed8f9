"""A graph as a function of the page's script: from the numbers that go in, every number, every gradient and every contribution.

It is written by the printer that programs in JavaScript are written by, and goes over the graph as the engine's sweep does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..javascript import Script, constant
from ..terms import ANY, FINITE, Term, TracingError, local_derivative
from ..value import Value
from .recorder import Recording

TIMES = "const times = (g, local) => g === 0 && local === local ? 0 : g * local;"
"""An upstream gradient of 0 hands nothing on, unless what it meets does not exist."""


def program(recording: Recording, script: Script) -> str:
    """An arrow function of the list of numbers by place, of which those of leaves are read. It returns three lists: the numbers and the
    gradients by place, and the contributions in the order of the backward steps. What is not defined is not finite there.

    script collects the functions that the text calls. TracingError: a row has no form in JavaScript, and is named.
    """
    script.functions.setdefault("times", TIMES)
    lines = ["(x) => {"]

    def term(arg: Value | float) -> Term | float:
        return Term(name=f"v{recording.index[arg]}", size=FINITE) if isinstance(arg, Value) else arg

    for place, node in enumerate(recording.order):
        text = f"x[{place}]" if node.op is None else script.applied(node.op, tuple(map(term, node.args)))
        lines.append(f"const v{place} = {text};")
    end = recording.forward - 1
    lines.append(f"let {', '.join(f'g{i} = {constant(recording.seed) if i == end else 0}' for i in range(recording.forward))};")
    for k, (head, tail) in enumerate(zip(recording.heads, recording.tails, strict=True)):
        node = recording.order[head]
        assert node.op is not None
        partial = local_derivative(node.op, recording.positions[k], term(node), tuple(map(term, node.args)))
        lines.append(f"const c{k} = {_contribution(script, head, partial)}; g{tail} += c{k};")
    lists = (("v", recording.forward), ("g", recording.forward), ("c", len(recording.heads)))
    lines.append(f"return [{', '.join(f'[{_names(letter, count)}]' for letter, count in lists)}];")
    return "\n".join([*lines, "}"])


def _names(letter: str, count: int) -> str:
    return ", ".join(f"{letter}{i}" for i in range(count))


def _contribution(script: Script, head: int, partial: Term | float) -> str:
    if partial == 1.0:
        return f"g{head}"
    text, binds = script.text(partial)
    sure = (isinstance(partial, float) and math.isfinite(partial)) or (isinstance(partial, Term) and bool(partial.name))
    if sure:
        return f"g{head} * {text if binds >= 3 else f'({text})'}"
    certain = isinstance(partial, Term) and partial.sure and partial.size < ANY
    return f"g{head} === 0 ? 0 : g{head} * ({text})" if certain else f"times(g{head}, {text})"


def script_of(programs: Sequence[str], script: Script) -> str:
    """The page's script of these functions, one for each of its graphs; "null" stands for one that it does not compute."""
    return "\n".join(['"use strict";', *script.functions.values(), f"window.programs = [{', '.join(programs)}];"])


def why_not(recording: Recording) -> str:
    """The name of the row that has no form in JavaScript; "" where there is none."""
    for node in dict.fromkeys(node.op for node in recording.order):
        if node is not None:
            try:
                Script().applied(node, tuple(Term(name=f"v{i}") for i in range(len(node.operands))))
            except TracingError:
                return node.name
    return ""
