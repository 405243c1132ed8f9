"""`glassgrad list`, `glassgrad train` and `glassgrad doctor`."""

from __future__ import annotations

import argparse
import textwrap
from itertools import zip_longest

from .. import doctor
from .output import say


def _list(options: argparse.Namespace) -> int:
    from ..expression import functions
    from ..primitive import PRIMITIVES
    from ..typeset import formula, table

    rows = [("name", "symbol", "z", "local derivatives", "domain")]
    for primitive in PRIMITIVES.values():
        derivatives = [
            f"∂z/∂{operand} = {formula(text)}" if text else f"{operand} is a plain number"
            for operand, text in zip(primitive.operands, primitive.textbook, strict=True)
        ]
        first = [primitive.name], [primitive.symbol], [formula(primitive.formula)]
        rows += zip_longest(*first, derivatives, textwrap.wrap(primitive.domain_text, 32), fillvalue="")
    say(table(*zip(*rows, strict=True)))
    composed = [name for name in functions() if name not in PRIMITIVES]
    say("\nMade of these: " + ", ".join(composed))
    return 0


def _train(options: argparse.Namespace) -> int:
    options.parser.error("write train first, then its options")
    return 2


def _doctor(options: argparse.Namespace) -> int:
    findings = doctor.examine()
    widest = max(len(finding.what) for finding in findings)
    for finding in findings:
        say(f"{'!' if finding.ails else ' '} {finding.what:{widest}}  {finding.text}")
    return 1 if any(finding.ails for finding in findings) else 0
