"""Arguments of a program: which of their numbers it takes, and what of them it is made for."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .. import trees
from ..given import DEPTH, is_bool, shorten
from ..process import lending
from ..trees import ARRAY, STILL, Structure
from ..value import Value
from .trace import Traced, can_be_lent


def flatten(args: Any, numbers: list[Any], convert: Callable[[Any], Any]) -> Structure:
    """The signature of arguments, whose numbers go onto the list: everything about them but their numbers. A program is made for it.

    Whole numbers, texts, bools and None are no numbers to differentiate by (a class, a row of a table, a switch): they belong to the
    signature. Arrays are lists.
    """
    return trees.flatten(args, numbers, convert, still, (ARRAY,))


def still(x: Any) -> Structure | None:
    """What belongs to the signature; None for a number."""
    if x is None or isinstance(x, str) or is_bool(x):
        return STILL, type(x).__name__, x
    if hasattr(x, "__index__") and not isinstance(x, Iterable):  # NumPy's whole numbers, and no array of one
        return STILL, "int", operator.index(x)
    return None


def parameters_of(params: Any) -> list[Value]:
    """The leaves in a module, a Value, or nested lists and dicts of them, each once."""
    found: dict[Value, None] = {}

    def gather(x: Any, depth: int = 0) -> None:
        if depth > DEPTH:
            raise ValueError(f"params are lists in lists, more than {DEPTH} deep, or contain themselves")
        if hasattr(x, "parameters") and callable(x.parameters) and not isinstance(x, type):
            gather(x.parameters(), depth + 1)
        elif isinstance(x, dict):
            gather(list(x.values()), depth + 1)
        elif isinstance(x, Sequence) and not isinstance(x, (str, bytes)):
            for item in x:
                gather(item, depth + 1)
        elif isinstance(x, Value) and x.op is None and not isinstance(x, Traced):
            if not can_be_lent(x):
                raise TypeError(
                    f"the parameter {x!r} is of the class {type(x).__name__}, which has attributes of its own, and a program takes plain"
                    " Values: build the model of those, as nn.MLP does"
                )
            found[x] = None
        else:
            what = ", which was computed from others" if isinstance(x, Value) else f" of type {type(x).__name__}"
            raise TypeError(f"params needs leaves, made by Value(...), or a module that has them, but got {shorten(x)}{what}")

    with lending:  # for a recording in another thread may have them
        gather(params)
    return list(found)
