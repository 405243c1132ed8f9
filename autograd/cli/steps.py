"""`glassgrad step`: the sweep over an example or an expression, step by step."""

from __future__ import annotations

import argparse

from .commands import Commands, path
from .expressions import add_expression, computed
from .output import reason, say


def add(commands: Commands) -> None:
    """Add the command with its options."""
    step = commands.add(
        "step",
        _step,
        "a worked example or an expression, step by step: printed, or as a page for a browser",
        "apple -o apple.html",
        '"a*b + exp(c)" a=2 b=3 c=1 -o page.html',
    )
    add_expression(step, "an example, or numbers, names, + - * / **, and functions", metavar="NAME|EXPR")
    where = "write a page to step through here: .html, one file that needs no network"
    step.add_argument("-o", "--output", type=path, metavar="FILE", default=argparse.SUPPRESS, help=where)
    theme = "the page's colours (auto unless given: what the reader's system prefers)"
    step.add_argument("--theme", choices=("auto", "light", "dark"), default="auto", help=theme)


def _step(options: argparse.Namespace) -> int:
    from ..errors import GradientError
    from ..examples import NAMES, run
    from ..stepping import Stepper
    from ..typeset import formula

    if options.expression in NAMES:
        if options.values:
            options.parser.error(f"{options.expression} has numbers of its own: {options.values[0]} is of no use")
        example = run(options.expression)
        title = example.title
        steppers = [Stepper(graph.output, seed=graph.seed, title=graph.title) for graph in example.graphs]
    else:
        given = computed(options, "step through")
        title = formula(given.expression)
        steppers = [Stepper(given.output, title=title)]
    for stepper in steppers:
        say(f"{stepper.title}\n")
        try:
            while (step := stepper.next()) is not None:
                say(f"{step.number:4}  {step}")
        except GradientError as error:
            say(f"\n{reason(error)}")
        say("")
        stepper.jump(0)
    if not hasattr(options, "output"):
        say("No page was asked for: -o page.html writes one to step through.")
        return 0
    steppers[0].beside(*steppers[1:], title=title, theme=options.theme).write(options.output)
    say(f"The page is in {options.output}")
    return 0
