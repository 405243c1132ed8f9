"""`glassgrad source`: an expression or an example as a program."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .commands import Commands
from .expressions import add_expression, leaves, named, with_a_name
from .output import write

if TYPE_CHECKING:
    from ..expression import Expression
    from ..value import Value


def add(commands: Commands) -> None:
    """Add the command with its options."""
    source = commands.add(
        "source",
        _source,
        "an expression, or a worked example, as the program that computes its value and gradients",
        '"a*b + exp(c)" a b c > program.py',
        "two_two_one",
        "sigmoid single",
    )
    add_expression(
        source,
        "as for draw; or the name of an example: every graph of it, one after another",
        values="name",
        values_help="the program's arguments in their order (the names' own unless given); of an example, which of its graphs",
    )
    source.add_argument(
        "--target",
        choices=("python", "torch", "jax", "c", "javascript"),
        default="python",
        help="for what it is written (python unless given)",
    )


def _source(options: argparse.Namespace) -> int:
    from ..examples import NAMES
    from ..expression import parse
    from ..program import compile as compiled

    if options.expression in NAMES:
        return _source_of_example(options)
    expression = parse(options.expression)
    wanted = [named(word)[0] for word in options.values] or list(expression.names)
    if sorted(wanted) != sorted(expression.names):
        options.parser.error(f"the expression has {', '.join(expression.names) or 'no names'}, but got {', '.join(wanted) or 'none'}")
    given = leaves(options.parser, [word for word in options.values if "=" in word], expression.names)
    inputs, result = _somewhere(expression, {name: given.get(name) for name in wanted})
    program = compiled(with_a_name(options.parser, result), inputs=list(inputs.values()))
    write(program.source(options.target))
    return 0


def _source_of_example(options: argparse.Namespace) -> int:
    """Print the programs of an example's graphs, or of those that are named. Each has a heading where the example has several graphs."""
    from ..examples import run
    from ..program import compile as compiled

    example = run(options.expression)
    graphs = {graph.name: graph for graph in example.graphs}
    wanted = options.values or list(graphs)
    unknown = [name for name in wanted if name not in graphs]
    if unknown:
        options.parser.error(f"the graphs of {example.name} are {', '.join(graphs)}, but got {', '.join(unknown)}")
    parts = []
    for name in wanted:
        graph = graphs[name]
        remark = "/* {} */\n" if options.target == "c" else "# {}\n"
        heading = remark.format(f"{example.name}, {name}: {graph.title}") if len(graphs) > 1 else ""
        upstream = f"The example multiplies its gradients by {graph.seed}, which comes from upstream."
        heading += remark.format(upstream) if graph.seed != 1.0 else ""
        parts.append(heading + "\n" * bool(heading) + compiled(graph.output).source(options.target))
    write("\n\n".join(parts))
    return 0


def _somewhere(expression: Expression, given: dict[str, Value | None]) -> tuple[dict[str, Value], Value | float]:
    """Leaves for the names, and the expression at them. A name without a number gets one at which the expression has a value:
    the program is the same whichever it is.
    """
    from ..errors import AutogradError
    from ..value import Value

    for number in (1.0, 0.5, 2.0, -0.5, 0.0, 100.0):
        leaves = {name: Value(number, label=name) if leaf is None else leaf for name, leaf in given.items()}
        try:
            return leaves, expression.build(leaves)
        except AutogradError as error:
            failure = error
    failure.add_note("Give numbers at which it has a value, as in a=2.")
    raise failure
