"""`glassgrad list`, `train`, `cache` and `doctor`: the table, the package nn, what was built, and this installation."""

from __future__ import annotations

import argparse
import importlib

from .. import doctor
from .commands import Commands
from .output import say


def add(commands: Commands) -> None:
    """Add these commands."""
    commands.add("list", _list, "the primitives with their symbols, derivatives and domains")
    commands.add("train", _train, "a network that learns: moons, digits or mnist (train --help says more)", add_help=False)
    command = commands.add("cache", _cache, "the programs that a C compiler built for pack(..., native=True), and where they are kept")
    command.add_argument("--clear", action="store_true", help="remove them; they are built again when they are needed")
    command = commands.add("doctor", examine, "what is installed, which layout engine draws, and what is amiss (then the exit code is 1)")
    command.add_argument("--developer", action="store_true", help="look for the packages that developers need as well")


def _list(options: argparse.Namespace) -> int:
    import textwrap
    from itertools import zip_longest

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


def train(arguments: list[str], prog: str) -> int:
    """Let the package nn read and run a command line that begins with `train`. It is imported here alone, when it is asked for."""
    code: int = importlib.import_module("nn.__main__").main(arguments, prog)
    return code


def _train(options: argparse.Namespace) -> int:
    """Reached where `train` is not the first word, so that nn never saw the command line."""
    parser: argparse.ArgumentParser = options.parser
    parser.error("write train first, then its options")


def _cache(options: argparse.Namespace) -> int:
    from .. import compiler

    if options.clear:
        say(f"removed from {compiler.folder()}: {compiler.clear()}")
    else:
        files = compiler.kept()
        say(f"kept in {compiler.folder()}: {len(files)}, {sum(path.stat().st_size for path in files):,} bytes")
    return 0


def examine(options: argparse.Namespace) -> int:
    """Print what the doctor finds. It alone runs where another package has taken the name autograd."""
    findings = doctor.examine(options.developer)
    widest = max(len(finding.what) for finding in findings)
    for finding in findings:
        say(f"{'!' if finding.ails else ' '} {finding.what:{widest}}  {finding.text}")
    return 1 if any(finding.ails for finding in findings) else 0
