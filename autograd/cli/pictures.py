"""`glassgrad`, `glassgrad example` and `glassgrad draw`: numbers as tables, and pictures."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Literal

from .commands import Command, Commands, count, path
from .expressions import EXPRESSION, add_expression, computed
from .output import numbers, reason, say

if TYPE_CHECKING:
    from pathlib import Path

    from ..examples import Example
    from ..value import Value

FOLDER = "glassgrad-pictures"
DIRECTIONS: tuple[Literal["forward", "backward", "both"], ...] = ("forward", "backward", "both")


def add(commands: Commands) -> None:
    """Add the two commands, and what is done without a command."""
    commands.parser.set_defaults(run=_all, parser=commands.parser)
    _add_pictures(commands.parser)

    example = commands.add("example", _example, "one worked example, as a table and pictures")
    example.add_argument("name", metavar="NAME", help="apple, fruit, chain, sigmoid, two_two_one, two_outputs or softmax_loss")
    example.add_argument("--steps", type=count, metavar="N", help="how many updates two_two_one makes (1 unless given)")
    _add_pictures(example)

    summary = "any expression over the table: its numbers, and a picture"
    draw = commands.add("draw", _draw, summary, '"a*b + exp(c)" a=2 b=3 c=1 -o graph.svg')
    add_expression(draw, EXPRESSION.format(commands.parser.prog))
    where = "write the picture here: .svg, .png or .pdf"
    draw.add_argument("-o", "--output", type=path, metavar="FILE", default=argparse.SUPPRESS, help=where)
    draw.add_argument("--direction", choices=DIRECTIONS, default="both", help="what the picture shows (both unless given)")


def _add_pictures(command: Command) -> None:
    """Add the options that say where pictures go. Without a default they hold on either side of a command's name."""
    choice = command.add_mutually_exclusive_group()
    where = f"the folder for the pictures ({FOLDER} unless given)"
    choice.add_argument("-o", "--output", type=path, metavar="DIR", default=argparse.SUPPRESS, help=where)
    choice.add_argument("--no-pictures", action="store_true", default=argparse.SUPPRESS, help="print the numbers only")


def _all(options: argparse.Namespace) -> int:
    from ..examples import NAMES, run

    return _present([run(name) for name in NAMES], options)


def _example(options: argparse.Namespace) -> int:
    from ..examples import NAMES, run

    if options.name not in NAMES:
        options.parser.error(f"there is no example {options.name!r}; there are {', '.join(NAMES)}")
    if options.steps is None:
        return _present([run(options.name)], options)
    if options.name != "two_two_one":
        options.parser.error(f"--steps is for two_two_one; {options.name} does not learn")
    return _present([run(options.name, steps=options.steps)], options)


def _present(examples: list[Example], options: argparse.Namespace) -> int:
    """Print every example and draw it. When drawing fails, go on printing, and raise the error at the end."""
    from pathlib import Path

    from ..errors import AutogradError

    folder: Path = getattr(options, "output", Path(FOLDER))
    problem: AutogradError | None = None
    count = 0
    for example in examples:
        say(_text(example) + "\n")
        if problem is None and not hasattr(options, "no_pictures"):
            try:
                count += _write_pictures(example, folder)
            except AutogradError as error:
                error.add_note("The numbers above need no pictures: --no-pictures asks for them alone.")
                problem = error
    if problem is not None:
        raise problem
    if count:
        say(f"{count} pictures are in {folder}{os.sep}")
    return 0


def _text(example: Example) -> str:
    """The example as it is printed: a table for each graph, and the remarks."""
    import textwrap

    from ..typeset import number

    parts = [example.title, "=" * len(example.title)]
    for graph in example.graphs:
        rows = [(str(node.label), number(node.data), number(node.grad)) for node in graph.nodes]
        parts += ["", graph.title, "", textwrap.indent(numbers(rows), "  ")]
    return "\n".join([*parts, "", *(textwrap.fill(remark, 100, subsequent_indent="  ") for remark in example.remarks)])


def _write_pictures(example: Example, folder: Path) -> int:
    """Write every graph in every direction, as SVG and as PNG, and return how many files that are."""
    from .. import files
    from ..drawing import draw
    from ..drawing.engine import layout

    layout("digraph {}", "dot")  # without an engine this raises, before there is an empty folder
    count = 0
    files.make_folder(folder, files.PICTURES[".svg"], parents=True)
    for graph in example.graphs:
        name = graph.name if graph.name.startswith(example.name) else f"{example.name}-{graph.name}"
        for direction in DIRECTIONS:
            picture = draw(graph.output, direction=direction, seed=graph.seed, caption=f"{graph.title} ({direction})")
            for ending in ("svg", "png"):
                picture.write(folder / f"{name}-{direction}.{ending}")
                count += 1
    return count


def _draw(options: argparse.Namespace) -> int:
    from ..errors import GradientError
    from ..graph import cotangents
    from ..typeset import formulas, number
    from ..value import Value

    given = computed(options)
    output = given.output
    gradient = cotangents(output)
    names: dict[Value, str] = {}
    for result, text in zip(given.results, formulas(given.expression), strict=True):
        if isinstance(result, Value):
            names.setdefault(result, text)
    say(numbers([(text, number(node.data), number(gradient[node])) for node, text in names.items()]))
    try:
        output.backward()
    except GradientError as error:
        say(f"\n{reason(error)}")
    if not hasattr(options, "output"):
        say("\nNo picture was asked for: -o graph.svg writes one (or .png, .pdf).")
        return 0

    from ..drawing import draw

    draw(output, direction=options.direction, caption=names[output]).write(options.output)
    say(f"\nThe picture is in {options.output}")
    return 0
