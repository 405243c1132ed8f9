"""`glassgrad grad`: the value of an expression, and its derivatives by all its names."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .commands import Commands
from .expressions import EXPRESSION, add_expression, computed
from .output import numbers, say

if TYPE_CHECKING:
    from ..value import Value


def add(commands: Commands) -> None:
    """Add the command with its options."""
    summary = "the value of any expression over the table, and its gradient by every name"
    grad = commands.add("grad", _grad, summary, '"x**2*y" x=2 y=3', '"x**2*y" x=2 y=3 --order 2')
    add_expression(grad, EXPRESSION.format(commands.parser.prog))
    order = "1 for the gradient (unless given), 2 for the Hessian too, the matrix of all second derivatives"
    grad.add_argument("--order", choices=("1", "2"), default="1", help=order)


def _grad(options: argparse.Namespace) -> int:
    from ..graph import cotangents
    from ..reverse import gradient
    from ..typeset import formula, number

    given = computed(options)
    leaves = [given.leaves[name] for name in given.expression.names]
    slopes = cotangents(given.output)
    nodes = dict(zip(leaves, given.expression.names, strict=True))
    nodes.setdefault(given.output, formula(given.expression))
    say(numbers([(name, number(node.data), number(slopes[node])) for node, name in nodes.items()]))
    gradients = gradient(given.output, leaves, unrelated="zero")  # where one of those above does not exist, this raises and says why
    if options.order == "2":
        say(f"\n{_hessian(given.expression.names, leaves, gradients)}")
        jumps = _jumps(gradients)
        if jumps:
            say(f"\nThe gradient jumps here ({', '.join(jumps)}): its own derivative there is taken as 0, by convention.")
    return 0


def _hessian(names: Sequence[str], leaves: list[Value], gradients: list[Value]) -> str:
    """The table of the gradients' derivatives: a row for each gradient, a column for each leaf."""
    from ..errors import AutogradError
    from ..reverse import gradient
    from ..typeset import aligned, number, shown, table

    try:
        rows = [gradient(first, leaves, unrelated="zero") for first in gradients]
    except AutogradError as error:
        error.add_note("The gradient above exists; the Hessian, which is the gradient's own gradient, does not.")
        raise
    heads = list(map(shown, names))
    columns = [
        [head, *aligned([number(entry.data) for entry in column])] for head, column in zip(heads, zip(*rows, strict=True), strict=True)
    ]
    return table(["Hessian", *heads], *columns, right=range(1, len(columns) + 1))


def _jumps(gradients: Sequence[Value]) -> list[str]:
    """The operations in the gradients that stand at a jump, or at a kink, where they are taken for flat."""
    from ..graph import edges, topological
    from ..typeset import number

    found: dict[str, None] = {}
    for node in dict.fromkeys(node for each in gradients for node in topological(each)):
        operands = [x if isinstance(x, float) else x.data for x in node.args]
        for edge in edges(node):
            test = node.op.flat[edge.position] if node.op is not None and node.op.flat else None
            if node.op is not None and test is not None and edge.partial == 0.0 and not test(*operands):
                found[f"{node.op.name} at {', '.join(map(number, operands))}"] = None
    return [*found]
