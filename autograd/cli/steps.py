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
    lang = "the language of the steps and of the page: en or ko (en unless given; a page's reader can switch)"
    step.add_argument("--lang", choices=("en", "ko"), default="en", help=lang)
    step.add_argument("--theme", choices=("auto", "light", "dark"), default="auto", help=theme)


def _step(options: argparse.Namespace) -> int:
    from ..errors import GradientError
    from ..examples import NAMES, run
    from ..stepping import Stepper
    from ..typeset import formula
    from ..words import into, said

    if options.expression in NAMES:
        if options.values:
            options.parser.error(f"{options.expression} has numbers of its own: {options.values[0]} is of no use")
        example = run(options.expression)
        page, steppers = example.page(lang=options.lang, theme=options.theme), example.steppers(lang=options.lang)
    else:
        given = computed(options, "step through")
        steppers = [Stepper(given.output, title=formula(given.expression), lang=options.lang)]
        page = steppers[0].beside(theme=options.theme)
    for stepper in steppers:
        say(f"{into(stepper.title, options.lang)}\n")
        try:
            while (step := stepper.next()) is not None:
                say(f"{step.number:4}  {step}")
        except GradientError as error:
            problem = into(stepper.recording.problem_said, options.lang)
            say(f"\n{reason(error) if options.lang == 'en' else problem}")
        say("")
    if not hasattr(options, "output"):
        say(said("command.none").into(options.lang))
        return 0
    page.write(options.output)
    say(said("command.page", path=options.output).into(options.lang))
    return 0
