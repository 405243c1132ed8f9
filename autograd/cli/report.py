"""`glassgrad report`: a derivative by every way there is, with all that somebody needs who is to find out why it is wrong."""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .. import doctor
from .commands import Commands
from .expressions import EXPRESSION, Computed, add_expression, computed
from .output import reason, say

if TYPE_CHECKING:
    from ..value import Value


def add(commands: Commands) -> None:
    """Add the command with its options."""
    summary = "all that is needed to report a wrong gradient: the same by every way, and what is installed"
    report = commands.add("report", _report, summary, '"x**2*y" x=2 y=3')
    add_expression(report, EXPRESSION.format(commands.parser.prog))


def _report(options: argparse.Namespace) -> int:
    from ..checking.graphs import check_graph
    from ..errors import AutogradError
    from ..typeset import table

    given = computed(options)
    say(f"expression  {options.expression}")
    for name, leaf in given.leaves.items():
        say(f"{name:10}  {leaf.data!r}  {leaf.data.hex()}")
    say(f"{'value':10}  {given.output.data!r}  {given.output.data.hex()}\n")
    columns = [["gradient by", *given.expression.names]]
    said: dict[str, None] = {}
    for way, gradients in WAYS.items():
        try:
            found = [repr(number) for number in gradients(given)]
        except (AutogradError, ArithmeticError, ValueError) as error:
            found = [type(error).__name__] * len(given.leaves)
            said[f"{type(error).__name__}: {reason(error)}"] = None
        columns.append([way, *found])
    say("\n".join([table(*zip(*columns, strict=True)), *said]))
    say(f"\n{check_graph(given.output)}\n")
    say(f"platform    {platform.platform()}, {platform.python_implementation()} {platform.python_version()}, {platform.python_compiler()}")
    for finding in doctor.examine():
        say(f"{finding.what:10}  {finding.text}")
    return 0


def _leaves(given: Computed) -> list[Value]:
    return [given.leaves[name] for name in given.expression.names]


def _backward(given: Computed) -> Sequence[float]:
    given.output.backward()
    return [leaf.grad for leaf in _leaves(given)]


def _graph(given: Computed) -> Sequence[float]:
    from ..reverse import gradient

    return [node.data for node in gradient(given.output, _leaves(given), unrelated="zero")]


def _forward(given: Computed) -> Sequence[float]:
    from ..forward import tangents

    return [tangents(given.output, leaf)[given.output] for leaf in _leaves(given)]


def _compiled(given: Computed) -> Sequence[float]:
    from ..program import compile  # noqa: A004

    leaves = _leaves(given)
    return list(compile(given.output, inputs=leaves)(*(leaf.data for leaf in leaves)).gradients)


def _differences(given: Computed) -> Sequence[float]:
    from ..checking.differences import extrapolated_difference

    numbers = {name: leaf.data for name, leaf in given.leaves.items()}

    def along(name: str) -> Callable[[float], float]:
        return lambda x: float(given.expression.results(numbers | {name: x})[-1])

    return [extrapolated_difference(along(name), numbers[name]).value for name in given.expression.names]


WAYS: dict[str, Callable[[Computed], Sequence[float]]] = {
    "backward()": _backward,
    "as a graph": _graph,
    "forward": _forward,
    "compiled": _compiled,
    "differences": _differences,
}
"""Every way to a gradient. All but the differences give the same bits, or fail alike."""
