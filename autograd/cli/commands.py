"""What all commands share: a parser each, with a summary and examples, and the types of their options' values."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class Command(argparse.ArgumentParser):
    """The parser of one command, which may take an expression such as "-x**2*y".

    argparse takes every word with a minus in front for an option. Here, in a command that takes an expression, a word is an option
    only if the command has that option, or if the word is written like --this or --this=that.
    """

    takes_expression = False

    def parse_known_args(self, args: Iterable[str] | None = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """The options that were read, and the words that are left over."""
        if args is None or not self.takes_expression:
            return super().parse_known_args(args, namespace)
        args = list(args)
        # argparse never takes a word with a space in it for an option, so a space in front makes a word an operand.
        words = [f" {word}" if self._is_operand(word, after) else word for word, after in zip(args, ["", *args], strict=False)]
        options, more = super().parse_known_args(words, namespace)
        # Operands behind an option that stands between them are left over by argparse.
        options.values = [*options.values, *(word.strip() for word in more if not word.startswith("-"))]
        return options, [word for word in more if word.startswith("-")]

    def _is_operand(self, word: str, after: str) -> bool:
        """Whether the word has a minus in front, and is neither an option nor the value of the option before it."""
        if not word.startswith("-") or re.fullmatch("--([a-z-]+(=.*)?)?", word):
            return False
        known = self._option_string_actions  # argparse has no public name for the options that were added
        with_value = {option for option, action in known.items() if action.nargs != 0}
        return word not in known and word[:2] not in with_value and after not in with_value


class Commands:
    """All commands of a command line. `parser` reads the whole, and what is said without a command."""

    def __init__(self, parser: Command) -> None:
        self.parser = parser
        self._named = parser.add_subparsers(title="commands", metavar="COMMAND")

    def add(self, name: str, run: Callable[[argparse.Namespace], int], summary: str, *examples: str, **more: Any) -> Command:
        """Add a command and return its parser. `run` gets the options, with that parser among them; `examples` are shown in the help."""
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
    """The type of a path: any text but the empty one."""
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    from pathlib import Path

    return Path(text)


def count(text: str) -> int:
    """The type of a count: a whole number from 0 to 9,999,999."""
    if not re.fullmatch("[0-9]{1,7}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no count; write a whole number such as 10")
    return int(text)
