"""How a command line begins and how it ends."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Sequence

from .. import doctor
from . import about, checking, gradients, pictures, programs, report, steps
from .commands import Command, Commands
from .output import reason, say


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. What goes wrong is said in a message, never in a traceback."""
    if sys.stderr is None:  # closed, as by 2>&-: the next file that is opened would take its place
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - as long as the process lasts
    parser = _parser()
    if sys.stdout is None:
        return _complain(parser, "cannot write the output: it is closed", 1)
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
    """Read the words and run their command. An error of the package is a message, a warning is a note."""
    if arguments[:1] == ["train"] and doctor.is_ours():
        return about.train(arguments, parser.prog)
    options, more = parser.parse_known_args(arguments)
    if more:
        options.parser.error(f"unrecognized arguments: {' '.join(more)}")
    run: Callable[[argparse.Namespace], int] = options.run
    if run is about.examine:
        return run(options)
    if not doctor.is_ours():
        return _complain(parser, f"another package has taken the name autograd; `{parser.prog} doctor` says more", 1)

    from ..errors import AutogradError, ExpressionError

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = lambda message, *_, **__: say(f"{parser.prog}: note: {message}", sys.stderr)
        try:
            return run(options)
        except AutogradError as error:
            return _complain(options.parser, error, 2 if isinstance(error, ExpressionError) else 1)


def _complain(parser: argparse.ArgumentParser, error: BaseException | str, code: int) -> int:
    """Print the error with its notes after all that is printed already, and return the exit code."""
    if sys.stdout is not None:
        sys.stdout.flush()
    say("\n".join([f"{parser.prog}: error: {reason(error)}", *getattr(error, "__notes__", [])]), sys.stderr)
    return code


def _parser() -> Command:
    """The parser of the whole command line, with every command in the order of the help."""
    parser = Command(
        prog="glassgrad" if os.path.splitext(os.path.basename(sys.argv[0]))[0] == "glassgrad" else "python -m autograd",
        description="Automatic differentiation that can be looked at. Without a command: all worked examples, as tables and pictures.",
        allow_abbrev=False,
    )
    version = getattr(sys.modules.get("autograd"), "__version__", "?")
    parser.add_argument("--version", action="version", version=f"glassgrad {version}")
    commands = Commands(parser)
    for group in (pictures, gradients, steps, programs, checking, report, about):
        group.add(commands)
    return parser
