"""How a command line begins and how it ends."""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import doctor  # the other rooms are opened when it is sure that they are ours
from .about import _doctor, _list, _train
from .checking import QUICK, THOROUGH, _check
from .output import say
from .pictures import DIRECTIONS, FOLDER, _all, _draw, _example
from .programs import _source
from .steps import _step


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. What goes wrong is said in a message, never in a traceback."""
    parser = _parser()
    try:
        try:
            code = _run(parser, list(sys.argv[1:] if argv is None else argv))
        except SystemExit as stop:  # argparse has said what there is to say
            code = stop.code if isinstance(stop.code, int) else 0
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        _close_output()
        code = 141
    except OSError as error:
        _close_output()
        code = _complain(parser, f"cannot write the output: {error.strerror}", 1)
    return code


def _close_output() -> None:
    """Let go of what is still to be written to an output that takes no more, so that the interpreter's last flush is quiet."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(parser: argparse.ArgumentParser, arguments: list[str]) -> int:
    if arguments[:1] == ["train"] and doctor.is_ours():  # the package nn has its own words; it is found only when asked for
        result: int = importlib.import_module("nn.__main__").main(arguments, parser.prog)
        return result
    options, more = parser.parse_known_args(_protected(arguments))
    if hasattr(options, "values"):  # name=value is welcome after an option too
        options.values = [*options.values, *(word for word in more if not word.startswith("-"))]
        more = [word for word in more if word.startswith("-")]
    if more:
        options.parser.error(f"unrecognized arguments: {' '.join(more)}")
    code: int
    if options.run is _doctor:
        code = _doctor(options)
        return code
    if not doctor.is_ours():
        return _complain(parser, f"another package has taken the name autograd; `{parser.prog} doctor` says more", 1)

    from ..errors import AutogradError, ExpressionError

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = lambda message, *_, **__: say(f"{parser.prog}: note: {message}", sys.stderr)
        try:
            code = options.run(options)
        except AutogradError as error:
            code = _complain(options.parser, error, 2 if isinstance(error, ExpressionError) else 1)
    return code


def _complain(parser: argparse.ArgumentParser, error: object, code: int) -> int:
    sys.stdout.flush()
    say("\n".join([f"{parser.prog}: error: {error}", *getattr(error, "__notes__", [])]), sys.stderr)
    return code


# The words of the command line.


def _parser() -> argparse.ArgumentParser:
    prog = "glassgrad" if Path(sys.argv[0]).stem == "glassgrad" else "python -m autograd"
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Automatic differentiation that can be looked at. Without a command: all worked examples, as tables and pictures.",
        allow_abbrev=False,
    )
    version = getattr(sys.modules.get("autograd"), "__version__", "?")
    parser.add_argument("--version", action="version", version=f"glassgrad {version}")
    _add_pictures(parser)
    parser.set_defaults(run=_all, parser=parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def command(name: str, run: Any, summary: str, **more: Any) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".", allow_abbrev=False, **more)
        added.set_defaults(run=run, parser=added)
        return added

    example = command("example", _example, "one worked example, as a table and pictures")
    example.add_argument("name", metavar="NAME", help="apple, fruit, chain, sigmoid, two_two_one, two_outputs or softmax_loss")
    example.add_argument("--steps", type=_count, metavar="N", help="how many updates two_two_one makes (1 unless given)")
    _add_pictures(example)

    draw = command(
        "draw",
        _draw,
        "any expression over the table: its numbers, and a picture",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f'for example:\n  {prog} draw "a*b + exp(c)" a=2 b=3 c=1 -o graph.svg',
    )
    draw.add_argument("expression", metavar="EXPR", help=f"numbers, names, + - * / **, and the functions of `{prog} list`")
    draw.add_argument("values", metavar="name=value", nargs="*", default=[], help="a number for each name")
    where = "write the picture here: .svg, .png or .pdf"
    draw.add_argument("-o", "--output", type=_path, metavar="FILE", default=argparse.SUPPRESS, help=where)
    draw.add_argument("--direction", choices=DIRECTIONS, default="both", help="what the picture shows (both unless given)")

    step = command(
        "step",
        _step,
        "a worked example or an expression, step by step: printed, or as a page for a browser",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f'for example:\n  {prog} step apple -o apple.html\n  {prog} step "a*b + exp(c)" a=2 b=3 c=1 -o page.html',
    )
    step.add_argument("expression", metavar="NAME|EXPR", help="an example, or numbers, names, + - * / **, and functions")
    step.add_argument("values", metavar="name=value", nargs="*", default=[], help="a number for each name")
    page = "write a page to step through here: .html, one file that needs no network"
    step.add_argument("-o", "--output", type=_path, metavar="FILE", default=argparse.SUPPRESS, help=page)
    theme = "the page's colours (auto unless given: what the reader's system prefers)"
    step.add_argument("--theme", choices=("auto", "light", "dark"), default="auto", help=theme)

    source = command(
        "source",
        _source,
        "an expression, or a worked example, as the program that computes its value and gradients",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f'for example:\n  {prog} source "a*b + exp(c)" a b c > program.py\n'
        f"  {prog} source two_two_one\n  {prog} source sigmoid single",
    )
    source.add_argument("expression", metavar="EXPR", help="as for draw; or the name of an example: every graph of it, one after another")
    source.add_argument(
        "values",
        metavar="name",
        nargs="*",
        default=[],
        help="the program's arguments in their order (the names' own unless given); of an example, which of its graphs",
    )
    source.add_argument(
        "--target", choices=("python", "torch", "jax"), default="python", help="for what it is written (python unless given)"
    )

    check = command("check", _check, "prove the derivatives of this installation: exact numbers, differences, random graphs, mutants")
    size = check.add_mutually_exclusive_group()
    size.add_argument("--thorough", action="store_true", help=f"{THOROUGH:,} cases instead of {QUICK:,}")
    size.add_argument("--cases", type=_count, metavar="N", help="about so many cases")
    check.add_argument("--seed", type=_count, default=0, metavar="N", help="where the random numbers start (0 unless given)")

    command("list", _list, "the primitives with their symbols, derivatives and domains")
    command("train", _train, "a network that learns: moons, digits or mnist (train --help says more)", add_help=False)
    command("doctor", _doctor, "what is installed, which layout engine draws, and what is amiss (then the exit code is 1)")
    return parser


def _add_pictures(parser: argparse.ArgumentParser) -> None:
    # Without a default of its own, so that the option holds on either side of a command's name.
    choice = parser.add_mutually_exclusive_group()
    where = f"the folder for the pictures ({FOLDER} unless given)"
    choice.add_argument("-o", "--output", type=_path, metavar="DIR", default=argparse.SUPPRESS, help=where)
    choice.add_argument("--no-pictures", action="store_true", default=argparse.SUPPRESS, help="print the numbers only")


def _path(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def _count(text: str) -> int:
    if not re.fullmatch("[0-9]{1,7}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no count; write a whole number such as 10")
    return int(text)


def _protected(arguments: list[str]) -> list[str]:
    """The arguments, with "-a*b" told from an option: argparse takes no argument with a space in it for one."""
    if arguments[:1] not in (["draw"], ["step"], ["source"]):
        return arguments
    return [" " + word if re.match(r"-(?![-oh]|$)|-h\w", word) else word for word in arguments]
