"""Arguments of a program: which of their numbers it takes, and what of them it is made for."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ..given import DEPTH, is_bool, shorten
from ..process import lending
from ..value import Value
from ..whole import Whole
from .trace import Traced

Signature = tuple[Any, ...]
"""Everything about arguments but their numbers: a program is made for it. ("one of", n) is a whole number below n, as n numbers, of which
one is 1; ("drawn", n), which comes last, are n random numbers that the function draws.
"""

_NUMBER: Signature = ("number",)


def flatten(args: Any, numbers: list[Any], convert: Callable[[Any], Any], exact: bool = True, depth: int = 0) -> Signature:
    """The signature of nested lists, tuples and dicts, whose numbers go onto the list.

    Whole numbers, texts, bools and None are no numbers to differentiate by (a class, a row of a table, a switch): they belong to the
    signature. Not so where it is not to be exact: then whole numbers are numbers, and tuples are lists.
    """
    if type(args) is float:
        numbers.append(convert(args))
        return _NUMBER
    if isinstance(args, (list, tuple)):
        if depth > DEPTH:
            raise _too_deep()
        parts: list[Signature] = []
        for item in args:
            if type(item) is float:  # nearly always; a call would cost more than all the rest
                numbers.append(convert(item))
                parts.append(_NUMBER)
            else:
                parts.append(flatten(item, numbers, convert, exact, depth + 1))
        return type(args) if exact else list, tuple(parts)
    if isinstance(args, dict):
        if depth > DEPTH:
            raise _too_deep()
        return dict, tuple([(key, flatten(item, numbers, convert, exact, depth + 1)) for key, item in args.items()])
    if exact and (args is None or isinstance(args, str) or is_bool(args)):
        return "is", type(args).__name__, args
    if exact and hasattr(args, "__index__") and not isinstance(args, Iterable):  # NumPy's whole numbers, and no array of one
        return "is", "int", operator.index(args)
    if getattr(args, "ndim", 0) and hasattr(args, "tolist"):  # a NumPy array
        return flatten(args.tolist(), numbers, convert, exact)
    numbers.append(convert(args))
    return _NUMBER


def _too_deep() -> ValueError:
    return ValueError(f"the arguments of a program are lists in lists, more than {DEPTH} deep, or contain themselves")


def rebuild(signature: Signature, leaf: Iterator[Any], constant: Callable[[Any], Any] = lambda x: x) -> Any:
    """Arguments of this signature, with these in place of the numbers."""
    if signature == _NUMBER:
        return next(leaf)
    kind, *rest = signature
    if kind == "is":
        return constant(rest[1])
    if kind in ("one of", "drawn"):
        found = [next(leaf) for _ in range(rest[0])]
        return Whole(0, found) if kind == "one of" else found
    if kind is dict:
        return {key: rebuild(item, leaf, constant) for key, item in rest[0]}
    items = [rebuild(item, leaf, constant) for item in rest[0]]
    if issubclass(kind, list):
        return items
    return kind(*items) if hasattr(kind, "_fields") else tuple(items)


def names_of(signature: Signature, name: str) -> Iterator[str]:
    """A name for each number: x, xs[0], point['x']."""
    if signature == _NUMBER:
        yield name
    elif signature[0] == "is":
        return
    elif signature[0] in ("one of", "drawn"):
        yield from (f"{name}[{i}]" for i in range(signature[1]))
    elif signature[0] is dict:
        for key, item in signature[1]:
            yield from names_of(item, f"{name}[{key!r}]")
    else:
        for i, item in enumerate(signature[1]):
            yield from names_of(item, f"{name}[{i}]")


def describe(signature: Signature) -> str:
    """The signature in words: (number, [number, number], 3)."""
    if signature == _NUMBER:
        return "number"
    if signature[0] == "is":
        return repr(signature[2])
    if signature[0] == "one of":
        return f"one of {signature[1]}"
    if signature[0] == "drawn":
        return f"{signature[1]} drawn"
    if signature[0] is dict:
        return "{" + ", ".join(f"{key!r}: {describe(item)}" for key, item in signature[1]) + "}"
    items = signature[1]
    inside = ", ".join(map(describe, items[:8])) + (f", … ({len(items)} in all)" if len(items) > 8 else "")
    return f"[{inside}]" if issubclass(signature[0], list) else f"({inside}{',' if len(items) == 1 else ''})"


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
            found[x] = None
        else:
            what = ", which was computed from others" if isinstance(x, Value) else f" of type {type(x).__name__}"
            raise TypeError(f"params needs leaves, made by Value(...), or a module that has them, but got {shorten(x)}{what}")

    with lending:  # for a recording in another thread may have them
        gather(params)
    return list(found)
