"""`glassgrad step`: an example or an expression, step by step."""

from __future__ import annotations

import argparse

from .expressions import leaves
from .output import say, writing


def _step(options: argparse.Namespace) -> int:
    from ..errors import GradientError
    from ..examples import NAMES, run
    from ..expression import parse
    from ..stepping import Stepper
    from ..typeset import formula, number
    from ..value import Value

    if options.expression in NAMES:
        if options.values:
            options.parser.error(f"{options.expression} has numbers of its own: {options.values[0]} is of no use")
        example = run(options.expression)
        title = example.title
        steppers = [Stepper(graph.output, seed=graph.seed, title=graph.title) for graph in example.graphs]
    else:
        expression = parse(options.expression)
        output = expression.build(leaves(options, expression.names))
        if not isinstance(output, Value):
            options.parser.error(f"there is no name in the expression, so nothing to step through; its value is {number(output)}")
            return 2
        title = formula(expression)
        steppers = [Stepper(output, title=title)]
    for stepper in steppers:
        say(f"{stepper.title}\n")
        try:
            while (step := stepper.next()) is not None:
                say(f"{step.number:4}  {step}")
        except GradientError as error:
            say(f"\n{str(error).removesuffix(' No gradient was changed.')}")
        say("")
        stepper.jump(0)
    if not hasattr(options, "output"):
        say("No page was asked for: -o page.html writes one to step through.")
        return 0
    with writing(options.output):
        steppers[0].beside(*steppers[1:], title=title, theme=options.theme).write(options.output)
    say(f"The page is in {options.output}")
    return 0
