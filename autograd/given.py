"""What callers give. Each kind of argument is looked at in one place, and refused by a message that says who needs what, and what came.

Numbers are looked at by `numbers.as_float`; paths by `files.as_path`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def is_bool(x: Any) -> bool:
    """Whether x is True or False, Python's or NumPy's own."""
    return type(x).__name__ in ("bool", "bool_")


DEPTH = 100
"""So deep may lists stand in lists: what is deeper, or contains itself, is a mistake, and would end Python's recursion."""


def shorten(x: Any, most: int = 60) -> str:
    """x as Python writes it, cut where it is long; in words where its own text cannot be had."""
    try:
        text = repr(x)
    except Exception:  # a foreign repr, a list too deep for Python's, or an int of more digits than Python prints
        return f"an unprintable {type(x).__name__}"
    text = text.partition("\n")[0]
    return text if len(text) <= most else text[: most - 3] + "…"


def wrong(asker: str, what: str, x: Any, advice: str = "") -> TypeError:
    """The error for an argument of a type that will not do."""
    return TypeError(f"{asker} needs {what}, but got {shorten(x)} of type {type(x).__name__}{advice}")


def function(f: Any, asker: str, what: str = "a function") -> Callable[..., Any]:
    """A function, or whatever else can be called; not a class whose instances are functions, such as Tanh for Tanh()."""
    if not callable(f):
        raise wrong(asker, what, f)
    if isinstance(f, type) and any("__call__" in vars(kind) for kind in f.__mro__):
        raise TypeError(f"{asker} needs {what}, but got the class {f.__name__}: write {f.__name__}() for one of its kind")
    return f  # type: ignore[no-any-return]


def flag(x: Any, what: str, asker: str) -> bool:
    """True or False, Python's or NumPy's, or 1 or 0."""
    if is_bool(x) or (isinstance(x, int) and x in (0, 1)):
        return bool(x)
    raise wrong(asker, f"True or False as {what}", x)


def choice(x: Any, choices: Iterable[Any], what: str) -> Any:
    """One of several words or numbers, which the message lists."""
    allowed = [*choices]
    if (x is None or isinstance(x, (str, int))) and x in allowed:
        return x
    *most, last = map(repr, allowed)
    listed = f"{', '.join(most)} or {last}" if most else last
    raise ValueError(f"{what} is {listed}, but got {shorten(x)}")


def count(n: Any, what: str, asker: str, least: int = 0, most: int = 2**53) -> int:
    """A whole number in its bounds."""
    if is_bool(n) or not hasattr(n, "__index__") or isinstance(n, Iterable):
        raise wrong(asker, f"a whole number as {what}", n)
    n = n.__index__()
    if n < least:
        raise ValueError(f"{asker} needs at least {least} as {what}, but got {shorten(n)}")
    if n > most:
        raise ValueError(f"{asker} needs at most {most} as {what}, but got {shorten(n)}")
    return n  # type: ignore[no-any-return]


def text(x: Any, what: str, asker: str) -> str:
    """A text."""
    if not isinstance(x, str):
        raise wrong(asker, f"a text as {what}", x)
    return x


def items(xs: Any, what: str, asker: str) -> Iterator[Any]:
    """The items of a list, one after the other; not the letters of a text, and not the keys of a dict."""
    if isinstance(xs, (str, bytes, Mapping)) or not isinstance(xs, Iterable) or _without_axis(xs):
        raise wrong(asker, what, xs)
    return iter(xs)


def _without_axis(x: Any) -> bool:
    """Whether it is an array of NumPy's that is a single number."""
    return getattr(x, "ndim", None) == 0


def names(xs: Any) -> dict[str, Any]:
    """Names for nodes, as from locals(); none for None."""
    if xs is None:
        return {}
    if not isinstance(xs, Mapping):
        texts = isinstance(xs, (list, tuple)) and all(isinstance(x, str) for x in xs) and xs
        advice = f"; a list does not say which node is called so: write {{{xs[0]!r}: {xs[0]}, …}}" if texts else ""
        raise wrong("names", "a dict, as from locals()", xs, advice)
    return {text(key, "each of its keys", "names"): thing for key, thing in xs.items()}
