"""What is printed: text in characters that the terminal knows, tables of numbers, and the reasons of errors."""

from __future__ import annotations

import re
import sys
from typing import TextIO

# How characters are written that an encoding may lack.
_PLAIN = {"−": "-", "·": "*", "×": "x", "÷": "/", "√": "sqrt ", "σ": "sigma", "π": "pi", "∂": "d", "∞": "inf"}
_PLAIN |= {"≤": "<=", "≥": ">=", "≠": "!=", "…": "...", "–": "-"}
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"
_LOWERED = str.maketrans(_RAISED, "0123456789-")


def say(text: object, stream: TextIO | None = None, end: str = "\n") -> None:
    """Print the text. A character that the output's encoding lacks is written plainly: a minus must not become a question mark."""
    stream = stream or sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"

    def fitting(found: re.Match[str]) -> str:
        try:
            found[0].encode(encoding)
        except UnicodeEncodeError:
            return "^" + found[0].translate(_LOWERED) if found[0][0] in _RAISED else _PLAIN.get(found[0], "?")
        return found[0]

    print(re.sub(f"[{_RAISED}]+|[^\x00-\x7f]", fitting, str(text)), file=stream, end=end)


def write(program: str) -> None:
    """Print a program. A file or a pipe gets UTF-8, whatever the output's encoding is: that is how Python reads it."""
    if sys.stdout.isatty():
        say(program, end="")
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(program.encode(errors="backslashreplace"))


def reason(error: BaseException | str) -> str:
    """What the error says, without its sentence about the gradients on nodes, which a command line does not show."""
    return str(error).removesuffix(" No gradient was changed.")


def numbers(rows: list[tuple[str, str, str]]) -> str:
    """The table of nodes, a row each: its name, its number and its gradient."""
    from ..typeset import aligned, shown, table

    names, forward, gradient = zip(*rows, strict=True)
    columns = ["node", *map(shown, names)], ["forward", *aligned(forward)], ["gradient", *aligned(gradient)]
    return table(*columns, right=(1, 2))
