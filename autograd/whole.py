"""What a function takes that is no number to differentiate by, and that may differ from example to example all the same: a whole number
that looks something up, and a number drawn at random. A plain call uses them as they are; a packed program has one recording for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from functools import partial
from numbers import Real
from operator import index
from typing import Any

from .errors import AutogradError
from .given import count, function, is_bool, items, wrong

FIXED, NUMBER = "fixed", "number"
"""Uses of a whole number for which there is no size: as it is, and as a number to compute with."""


class Whole:
    """A whole number of one example while a program is recorded: it notes what it is used for.

    uses   FIXED, where the program would be another one for another number (an index, a comparison, a range); NUMBER in arithmetic; and,
           where it looks something up, how many things there are
    hot    once that is known, the numbers that say which: 1 in its place, and 0 elsewhere
    """

    __slots__ = ("hot", "number", "uses")

    def __init__(self, number: int, hot: Sequence[Any] | None = None) -> None:
        self.number, self.hot = number, hot
        self.uses: set[int | str] = set()

    def one_hot(self, size: int) -> list[Any]:
        """1 in its place among so many, 0 elsewhere."""
        if self.hot is None:
            self.uses.add(size)
            return [float(k == self.number) for k in range(size)]
        if len(self.hot) != size:
            raise MixedUseError(f"it looked something up among {len(self.hot)}, and now among {size}")
        return [*self.hot]

    def fixed(self) -> int:
        """The number, which is then that of every example of its program."""
        if self.hot is not None:
            raise MixedUseError("it looked something up, and is now used otherwise")
        self.uses.add(FIXED)
        return self.number

    def __float__(self) -> float:
        if self.hot is not None:
            raise MixedUseError("it looked something up, and is now a number to compute with")
        self.uses.add(NUMBER)
        return float(self.number)

    def __repr__(self) -> str:
        return repr(self.number)


class MixedUseError(AutogradError, TypeError):
    """A whole number is used in two ways: there has to be a program for each number."""


def _arithmetic(name: str) -> Callable[..., Any]:
    def method(self: Whole, *others: Any) -> Any:
        if self.hot is not None:
            raise MixedUseError("it looked something up, and is now a number to compute with")
        self.uses.add(NUMBER)
        for other in others:
            if isinstance(other, Whole):
                other.uses.add(NUMBER)
        return getattr(self.number, name)(*(other.number if isinstance(other, Whole) else other for other in others))

    return method


def _as_it_is(name: str) -> Callable[..., Any]:
    def method(self: Whole, *others: Any) -> Any:
        return getattr(self.fixed(), name)(*(other.fixed() if isinstance(other, Whole) else other for other in others))

    return method


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "neg", "pos", "abs"):
    setattr(Whole, f"__{_name}__", _arithmetic(f"__{_name}__"))
for _name in (
    "index", "int", "bool", "hash", "eq", "ne", "lt", "le", "gt", "ge", "floordiv", "rfloordiv", "mod", "rmod", "divmod", "rdivmod", "pow",
    "rpow", "and", "rand", "or", "ror", "xor", "rxor", "lshift", "rlshift", "rshift", "rrshift", "invert", "str", "format", "round",
):  # fmt: skip
    setattr(Whole, f"__{_name}__", _as_it_is(f"__{_name}__"))
Real.register(Whole)  # so that whoever needs a number takes it for one


def take(table: Sequence[Any], i: int) -> Any:
    """table[i], where a packed program has one recording for every i: a row of an embedding, a token, a class.

    table  numbers, or lists of them that are all alike, such as parameters
    i      a whole number from 0 on; anything else is a TypeError, one beyond the table an IndexError

    For a batch of examples the whole numbers become rows E of zeros with a 1, and the lookup is the matrix product E·table: one
    multiplication for each number of the table and each example.

    >>> take([[1.0, 2.0], [3.0, 4.0]], 1)
    [3.0, 4.0]
    """
    items(table, "a list as table", "take")
    if not hasattr(table, "__getitem__") or not hasattr(table, "__len__"):
        raise wrong("take", "a list as table", table)
    if isinstance(i, Whole):
        hot = i.one_hot(len(table))
        return table[i.number] if i.hot is None else _mixed(hot, table)
    i = count(i, "i", "take")
    if i >= len(table):
        raise IndexError(f"take has a table of {len(table)}, 0 to {len(table) - 1}, but got i={i}")
    return table[i]


def _mixed(hot: list[Any], rows: Sequence[Any]) -> Any:
    """Σᵢ hotᵢ·rowᵢ, of numbers or, place by place, of lists."""
    if isinstance(rows[0], (list, tuple)):
        return [_mixed(hot, column) for column in zip(*rows, strict=True)]
    if any(is_bool(x) or isinstance(x, (str, dict)) for x in rows):
        raise MixedUseError("it looks up what is no number")
    first, *more = map(_product, hot, rows)
    for term in more:
        first = first + term
    return first


def _product(x: Any, y: Any) -> Any:
    return x * y


# Chance.

_recording: ContextVar[Draws | None] = ContextVar("draws", default=None)


class Draws:
    """Random numbers of a function that is being recorded.

    asked   what draws each of them, in order
    given   the numbers that stand for them; None while it is found out how many there are
    """

    def __init__(self, given: Sequence[Any] | None = None) -> None:
        self.asked: list[Callable[[], Any]] = []
        self.given: Iterator[Any] | None = None if given is None else iter(given)

    def call(self, f: Callable[..., Any], *args: Any) -> Any:
        """f(*args), with these for its random numbers."""
        token = _recording.set(self)
        try:
            return f(*args)
        finally:
            _recording.reset(token)


class UndeclaredDrawError(AutogradError, TypeError):
    """A function that is recorded draws random numbers, of which nothing was known."""


def sample(draw: Callable[..., float], *args: Any) -> Any:
    """draw(*args): a random number, anew for each example and each call, in a packed program too. No gradient flows to it.

    A packed program draws in the order in which plain calls do, example by example, so that both have the same numbers.

    >>> from random import Random
    >>> sample(Random(0).uniform, 2.0, 2.0)
    2.0
    """
    function(draw, "sample")
    draws = _recording.get()
    if draws is None:
        return draw(*args)
    draws.asked.append(partial(draw, *args))
    if draws.given is None:
        return 0.5
    found = next(draws.given, None)
    if found is None:
        raise UndeclaredDrawError(
            "sample draws a number while a program is recorded, and it would stay in the program for good: pass it as an argument, or pack"
            " the function, which draws as many numbers for each example"
        )
    return found


def whole_index(i: Any) -> int:
    """i as the whole number it is."""
    return i.fixed() if isinstance(i, Whole) else index(i)
