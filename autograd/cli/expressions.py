"""What commands that take an expression have in common: its values."""

from __future__ import annotations

import argparse
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..value import Value


def leaves(options: argparse.Namespace, names: tuple[str, ...]) -> dict[str, Value]:
    """The leaves that name=value asks for."""
    from ..errors import AutogradError
    from ..expression import CONSTANTS
    from ..primitive import as_float
    from ..value import Value

    values: dict[str, Value] = {}
    for word in map(str.strip, options.values):
        name, equals, text = word.partition("=")
        name = unicodedata.normalize("NFKC", name.strip())  # as Python reads names
        if not (equals and name.isidentifier()):
            options.parser.error(f"{word!r} is no name=value, such as a=2")
        if name in values:
            options.parser.error(f"{name} is given twice")
        if name not in names:
            why = f"{name} is a constant" if name in CONSTANTS else f"the expression has {', '.join(names) or 'no names'}"
            options.parser.error(f"{word} is of no use: {why}")
        try:
            values[name] = Value(as_float(float(text), f"a number as {name}"), label=name)
        except ValueError as error:
            options.parser.error(str(error) if isinstance(error, AutogradError) else f"{text!r} is no number, in {word}")
    return values
