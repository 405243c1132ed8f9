"""Names for nodes: what `names=locals()` calls them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import given
from .value import Value


def find_names(names: Mapping[str, Any]) -> dict[Value, str]:
    """The names of the Values in a namespace such as locals(), and of those in its lists, dicts, arrays, named tuples and dataclasses,
    however deep: w[0], W[1, 2], p['bias'], layer.b. What is named itself keeps that name, else the first wins.

    >>> a, b = Value(1.0), Value(2.0)
    >>> [*find_names({"p": {"w": [a], "b": b}}).values()]
    ["p['w'][0]", "p['b']"]
    """
    shown = {name: thing for name, thing in names.items() if not name.startswith("_")}
    found: dict[Value, str] = {}
    for name, thing in shown.items():
        if isinstance(thing, Value):
            found.setdefault(thing, name)
    for name, thing in shown.items():
        for value, path in _inside(thing, name, ()):
            found.setdefault(value, path)
    return found


def _inside(thing: Any, path: str, above: tuple[int, ...]) -> Iterator[tuple[Value, str]]:
    if isinstance(thing, Value):
        yield thing, path
    elif len(above) < given.DEPTH and id(thing) not in above:
        for part, item in _parts(thing):
            yield from _inside(item, f"{path}{part}", (*above, id(thing)))


def _parts(thing: Any) -> Iterator[tuple[str, Any]]:
    """What stands in a container, with how one gets there; a step or a report of ours is none, for its nodes are not named by it."""
    if type(thing).__module__.partition(".")[0] == __package__:
        return
    if isinstance(thing, Mapping):
        yield from ((f"[{key!r}]", item) for key, item in thing.items() if isinstance(key, (str, int)))
    elif isinstance(thing, tuple) and hasattr(thing, "_fields"):
        yield from ((f".{name}", item) for name, item in zip(thing._fields, thing, strict=True))
    elif isinstance(thing, (list, tuple)):
        yield from ((f"[{i}]", item) for i, item in enumerate(thing))
    elif hasattr(type(thing), "__dataclass_fields__"):
        yield from ((f".{name}", getattr(thing, name)) for name in type(thing).__dataclass_fields__ if hasattr(thing, name))
    elif type(thing).__module__ == "numpy" and str(getattr(thing, "dtype", "")) == "object":
        for index in _indices(thing.shape):
            yield f"[{', '.join(map(str, index))}]" if index else "", thing[index]


def _indices(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    if not shape:
        yield ()
        return
    for i in range(shape[0]):
        yield from ((i, *rest) for rest in _indices(shape[1:]))
