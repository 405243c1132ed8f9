"""Which example an error is about: its number, and where in it a number is that is none."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from autograd import AutogradError
from autograd.given import DEPTH

T = TypeVar("T")
ERRORS = (AutogradError, ArithmeticError, ValueError, IndexError, TypeError)
"""What may be wrong with an example."""


def told(error: Exception, i: int, x: Any, t: Any) -> None:
    """Have the error say which example it is about, once."""
    if not error.args or not isinstance(error.args[0], str) or "; this is example " in error.args[0]:
        return
    where = _no_number(x, f"examples[{i}]") or _no_number(t, f"targets[{i}]")
    error.args = (f"{error.args[0].rstrip('.')}; this is example {i}{f', and {where}' if where else ''}", *error.args[1:])


def each(
    function: Callable[[Any, Any], T], examples: Sequence[Any], targets: Sequence[Any], numbers: Sequence[int] | None = None
) -> Iterator[T]:
    """The function of each example and its target, one after the other; an error says which example it is about, by these numbers."""
    for k, (x, t) in enumerate(zip(examples, targets, strict=True)):
        try:
            found = function(x, t)
        except ERRORS as error:
            told(error, k if numbers is None else numbers[k], x, t)
            raise
        yield found


def _no_number(x: Any, name: str, depth: int = 0) -> str:
    """Where in an example NaN or an infinity is, in words; "" where nowhere."""
    if isinstance(x, Mapping):
        entries: Any = x.items()
    elif isinstance(x, (list, tuple)) or getattr(x, "ndim", None):
        entries = enumerate(x)
    else:
        try:
            return "" if math.isfinite(x) else f"{name} is {float(x)}"
        except (TypeError, ValueError, OverflowError):
            return ""
    found = (_no_number(item, f"{name}[{key!r}]", depth + 1) for key, item in entries if depth < DEPTH)
    return next((where for where in found if where), "")
