"""What all commands share that take an expression: how it is given, the numbers of its names, and its results at these numbers."""

from __future__ import annotations

import argparse
import math
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from .commands import Command

if TYPE_CHECKING:
    from ..expression import Expression
    from ..value import Value

EXPRESSION = "numbers, names, + - * / **, and the functions of `{} list`"
"""The help about an expression; the program's name goes in."""


def add_expression(
    command: Command,
    help: str,  # noqa: A002 - argparse's word for it
    *,
    metavar: str = "EXPR",
    values: str = "name=value",
    values_help: str = "a number for each name",
) -> None:
    """Let the command take an expression as `options.expression`, and the words after it as `options.values`."""
    command.takes_expression = True
    command.add_argument("expression", type=str.strip, metavar=metavar, help=help)
    command.add_argument("values", type=str.strip, metavar=values, nargs="*", default=[], help=values_help)


class Computed(NamedTuple):
    """An expression at the numbers that are given.

    leaves   the Value of each name
    results  what each step of the expression is
    output   the last of them, which is the whole
    """

    expression: Expression
    leaves: dict[str, Value]
    results: list[Value | float]
    output: Value


def computed(options: argparse.Namespace, purpose: str = "differentiate by") -> Computed:
    """The expression of the options at their numbers. `purpose` says in an error what its names are needed for."""
    from ..expression import parse

    expression = parse(options.expression)
    given = leaves(options.parser, options.values, expression.names)
    results = expression.results(given)
    return Computed(expression, given, results, with_a_name(options.parser, results[-1], purpose))


def with_a_name(parser: argparse.ArgumentParser, result: Value | float, purpose: str = "differentiate by") -> Value:
    """The result, which is a Value where the expression has a name. Without a name the command line is wrong."""
    from ..typeset import number
    from ..value import Value

    if not isinstance(result, Value):
        parser.error(f"there is no name in the expression, so nothing to {purpose}; its value is {number(result)}")
    return result


def named(word: str) -> tuple[str, str, str]:
    """The three parts of name=value: the name as Python reads it, "=" or "", and the text of the value."""
    name, equals, text = word.partition("=")
    return unicodedata.normalize("NFKC", name.strip()), equals, text


def leaves(parser: argparse.ArgumentParser, words: Sequence[str], names: tuple[str, ...]) -> dict[str, Value]:
    """A leaf for each word such as a=2. A word that says no number of one of these names is an error."""
    from ..expression import CONSTANTS
    from ..value import Value

    values: dict[str, Value] = {}
    for word in words:
        name, equals, text = named(word)
        if not (equals and name.isidentifier()):
            parser.error(f"{word!r} is no name=value, such as a=2")
        if name in values:
            parser.error(f"{name} is given twice")
        if name not in names:
            why = f"{name} is a constant" if name in CONSTANTS else f"the expression has {', '.join(names) or 'no names'}"
            parser.error(f"{word} is of no use: {why}")
        try:
            number = float(text)
        except ValueError:
            parser.error(f"{text!r} is no number, in {word}")
        if not math.isfinite(number):
            parser.error(f"{name} needs a finite number (up to about 1.8e308), but got {text}")
        values[name] = Value(number, label=name)
    return values
