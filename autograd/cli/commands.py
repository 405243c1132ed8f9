"""What every command is made of: a parser with its summary and its examples, and the kinds of words its options take."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class Command(argparse.ArgumentParser):
    """The words of one command.

    Where a command takes an expression, "-x**2*y" is one: a word is an option only if the command has that option or if it is
    written like --this. Every other word is an operand, wherever it stands.
    """

    takes_expression = False

    def parse_known_args(self, args: Iterable[str] | None = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """The options, and the words that have no place among them."""
        if args is None or not self.takes_expression:
            return super().parse_known_args(args, namespace)
        args = list(args)
        # A space in front says that a word is no option: argparse takes none with a space in it for one.
        words = [f" {word}" if self._is_operand(word, after) else word for word, after in zip(args, ["", *args], strict=False)]
        options, more = super().parse_known_args(words, namespace)
        options.values = [*options.values, *(word.strip() for word in more if not word.startswith("-"))]  # those after an option, too
        return options, [word for word in more if word.startswith("-")]

    def _is_operand(self, word: str, after: str) -> bool:
        """Whether the word begins with a minus and is no option all the same, nor the value of the option that it comes after."""
        if not word.startswith("-") or re.fullmatch("--([a-z-]+(=.*)?)?", word):
            return False
        known = self._option_string_actions  # what argparse was told; there is no public name for it
        with_value = {option for option, action in known.items() if action.nargs != 0}
        return word not in known and word[:2] not in with_value and after not in with_value


class Commands:
    """The commands of the parser, which keeps for itself what holds without one."""

    def __init__(self, parser: Command) -> None:
        self.parser = parser
        self._named = parser.add_subparsers(title="commands", metavar="COMMAND")

    def add(self, name: str, run: Callable[[argparse.Namespace], int], summary: str, *examples: str, **more: Any) -> Command:
        """A command that runs `run` with its options, which say by which parser they were read. Examples are its words but for the name."""
        lines = "\n".join(f"  {self.parser.prog} {name} {example}" for example in examples)
        command = self._named.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=f"for example:\n{lines}" if examples else None,
            formatter_class=argparse.RawDescriptionHelpFormatter if examples else argparse.HelpFormatter,
            allow_abbrev=False,
            **more,
        )
        command.set_defaults(run=run, parser=command)
        return command


def path(text: str) -> Path:
    """A path, which is not empty."""
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    from pathlib import Path

    return Path(text)


def count(text: str) -> int:
    """A whole number of up to seven digits."""
    if not re.fullmatch("[0-9]{1,7}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no count; write a whole number such as 10")
    return int(text)
