"""Writes autograd/typed.pyi: what a type checker and an editor know of the table's functions and methods. They are bound from the rows when
the package is imported, so no checker sees them otherwise. A test holds the file to the table.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from autograd import composed, ops  # noqa: E402
from autograd.primitive import PRIMITIVES, Primitive, function_of  # noqa: E402

HEAD = '''"""The table's functions, and a Value's methods, for type checkers and editors. Made by .ci/make_types.py from the rows."""

from typing import Any, TypeVar, overload

from .expression import Expression
from .forward import Dual
from .graph import Node
from .value import Value

N = TypeVar("N", Value, Dual, Expression)

'''


def stub() -> str:
    """The text of the file."""
    rows = [row for row in PRIMITIVES.values() if row.name in {*ops.__all__, "abs", "pow"}]
    names = [row.name for row in rows if row.name not in ("abs", "pow")]
    parts = [HEAD, "__all__ = [\n", *(f'    "{name}",\n' for name in names), "]\n\n"]
    parts += [function(row) for row in rows]
    parts += [
        "class Methods(Node):\n",
        '    """The rows as methods: x.exp(), x.hypot(y)."""\n\n',
        *map(method, rows),
        *map(composed_method, composed.METHODS),
    ]
    return "".join(parts)


def function(row: Primitive) -> str:
    """A row as a function: plain numbers to a plain number, and any one other kind to that kind."""
    plain = ", ".join(f"{operand}: float" for operand in row.operands) + default(row)
    mixed = list(kinds(row))
    lines = [f"@overload\ndef {row.name}({plain}, /) -> float: ...\n"]
    lines += [f"@overload\ndef {row.name}({operands}, /) -> N: ...\n" for operands in mixed[:-1]]
    return "".join(lines) + f"@overload\ndef {row.name}({mixed[-1]}, /) -> N:\n{documented(row, 4)}\n"


def kinds(row: Primitive) -> Iterator[str]:
    """The operands where at least one is no plain number."""
    if len(row.operands) == 1:
        yield f"{row.operands[0]}: N"
        return
    x, y = row.operands
    yield f"{x}: N, {y}: float{default(row)}"
    if row.partials[1] is not None:
        yield f"{x}: float, {y}: N"
        yield f"{x}: N, {y}: N"


def method(row: Primitive) -> str:
    """A row as a method of its first operand."""
    more = "".join(f", {operand}: {'float' if row.partials[1] is None else 'Value | float'}{default(row)}" for operand in row.operands[1:])
    return f"    def {row.name}(self{more}, /) -> Value:\n{documented(row, 8)}\n"


def composed_method(name: str) -> str:
    """A composed function as a method."""
    _, *others = inspect.signature(getattr(composed, name)).parameters.values()
    more = "".join(f", {p.name}: Any{'' if p.default is p.empty else ' = ...'}" for p in others)
    summary = inspect.getdoc(getattr(composed, name)).partition("\n")[0]  # type: ignore[union-attr]
    return f'    def {name}(self{more}) -> Value:\n        """{summary}"""\n\n'


def default(row: Primitive) -> str:
    """` = ...` where the second operand may be left out."""
    parameters = list(inspect.signature(function_of(row)).parameters.values())
    return "" if parameters[-1].default is inspect.Parameter.empty else " = ..."


def documented(row: Primitive, indent: int) -> str:
    """The row's docstring at this depth."""
    lines = (inspect.getdoc(function_of(row)) or "").splitlines()
    text = "\n".join(" " * indent + line if line else "" for line in ['r"""' + lines[0], *lines[1:]])
    return f'{text}\n{" " * indent}"""\n' if len(lines) > 1 else f'{text}"""\n'


if __name__ == "__main__":
    (ROOT / "autograd" / "typed.pyi").write_text(stub(), encoding="utf-8")
