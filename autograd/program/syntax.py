"""Pieces of generated code as objects, and how they are written as Python.

Whoever generates code builds these, and asks them what they are: which names they read, where they write, what their terms are. Nobody
looks into a text again. Each piece writes itself, with brackets where it needs them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any


class Tight(IntEnum):
    """How tightly a piece binds."""

    CHOICE = -1
    RELATION = 0
    SUM = 1
    PRODUCT = 2
    SIGN = 3
    POWER = 4
    ATOM = 5


BINDS = {
    "<": Tight.RELATION,
    "<=": Tight.RELATION,
    ">": Tight.RELATION,
    ">=": Tight.RELATION,
    "!=": Tight.RELATION,
    "+": Tight.SUM,
    "-": Tight.SUM,
    "*": Tight.PRODUCT,
    "/": Tight.PRODUCT,
    "@": Tight.PRODUCT,
    "**": Tight.POWER,
}


class Node:
    """A piece of code that has a value. Python's own signs make larger pieces of it."""

    __slots__ = ()

    @property
    def binds(self) -> int:
        """How tightly it binds."""
        return Tight.ATOM

    @property
    def parts(self) -> tuple[Node, ...]:
        """The pieces that it is made of."""
        return ()

    def names(self) -> Iterator[str]:
        """The names that it reads."""
        for part in self.parts:
            yield from part.names()

    def pieces(self) -> Iterator[Node]:
        """Itself, and all that it is made of."""
        yield self
        for part in self.parts:
            yield from part.pieces()

    @property
    def opposite(self) -> Node | None:
        """The same without its minus, if it begins with one."""
        return None

    def within(self, least: int) -> str:
        """Its text as a part of another: in brackets, if it binds less tightly than that."""
        return str(self) if self.binds >= least else f"({self})"

    def __getitem__(self, index: Any) -> Node:
        return Index(self, index if isinstance(index, tuple) else (index,))

    def __mul__(self, other: Any) -> Node:
        return Binary("*", self, node(other))

    def __rmul__(self, other: Any) -> Node:
        return Binary("*", node(other), self)

    def __matmul__(self, other: Node) -> Node:
        return Binary("@", self, other)

    def __neg__(self) -> Node:
        return Negative(self)

    def method(self, name: str, *args: Any) -> Node:
        """A call of one of its methods."""
        return Call(Attribute(self, name), tuple(map(node, args)))

    @property
    def turned(self) -> Node:
        """Its transpose."""
        return Attribute(self, "T")


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A variable."""

    name: str

    def names(self) -> Iterator[str]:
        """Itself."""
        yield self.name

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Verbatim(Node):
    """What is written already: a number, a shape, a formula; how tightly it binds, and the names in it."""

    text: str
    tight: int = Tight.ATOM
    inside: tuple[str, ...] = ()

    @property
    def binds(self) -> int:
        """How tightly it binds."""
        return self.tight

    @property
    def opposite(self) -> Node | None:
        """The number without its minus."""
        return Verbatim(self.text.removeprefix("-"), inside=self.inside) if self.tight == Tight.SIGN else None

    def names(self) -> Iterator[str]:
        """The names in it."""
        yield from self.inside

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Attribute(Node):
    """of.name"""

    of: Node
    name: str

    @property
    def parts(self) -> tuple[Node, ...]:
        """What it is of."""
        return (self.of,)

    def __str__(self) -> str:
        return f"{self.of.within(Tight.ATOM)}.{self.name}"


@dataclass(frozen=True, slots=True)
class Index(Node):
    """of[…], with texts or pieces between the brackets."""

    of: Node
    index: tuple[Any, ...]

    @property
    def parts(self) -> tuple[Node, ...]:
        """What it is of, and what stands in the brackets."""
        return (self.of, *(part for part in self.index if isinstance(part, Node)))

    def __str__(self) -> str:
        return f"{self.of.within(Tight.ATOM)}[{', '.join(map(str, self.index))}]"


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Two pieces with a sign between them."""

    sign: str
    left: Node
    right: Node

    @property
    def binds(self) -> int:
        """How tightly its sign does."""
        return BINDS[self.sign]

    @property
    def parts(self) -> tuple[Node, ...]:
        """The two sides."""
        return self.left, self.right

    @property
    def opposite(self) -> Node | None:
        """The same with the opposite of what it begins with, where that is the same."""
        first = self.left.opposite if self.binds == Tight.PRODUCT else None
        return None if first is None else Binary(self.sign, first, self.right)

    def __str__(self) -> str:
        binds = self.binds
        left, right = (Tight.ATOM, Tight.SIGN) if self.sign == "**" else (binds, binds + 1)
        return f"{self.left.within(left)} {self.sign} {self.right.within(right)}"


@dataclass(frozen=True, slots=True)
class Choice(Node):
    """One piece or another, in the way of C."""

    test: Node
    then: Node
    otherwise: Node

    @property
    def binds(self) -> int:
        """Less tightly than all others."""
        return Tight.CHOICE

    @property
    def parts(self) -> tuple[Node, ...]:
        """The three."""
        return self.test, self.then, self.otherwise

    def __str__(self) -> str:
        return f"{self.test.within(Tight.RELATION)} ? {self.then.within(Tight.RELATION)} : {self.otherwise}"


@dataclass(frozen=True, slots=True)
class Negative(Node):
    """-of"""

    of: Node

    @property
    def binds(self) -> int:
        """As a sign does."""
        return Tight.SIGN

    @property
    def parts(self) -> tuple[Node, ...]:
        """What it is of."""
        return (self.of,)

    @property
    def opposite(self) -> Node | None:
        """What it is of."""
        return self.of

    def __str__(self) -> str:
        return f"-{self.of.within(Tight.SIGN)}"


@dataclass(frozen=True, slots=True)
class Sum(Node):
    """Terms, one after another."""

    terms: tuple[Node, ...]

    @property
    def binds(self) -> int:
        """As + does."""
        return Tight.SUM

    @property
    def parts(self) -> tuple[Node, ...]:
        """The terms."""
        return self.terms

    def signed(self) -> list[str]:
        """Each term as it is written, all but the first with its sign."""
        texts = [self.terms[0].within(Tight.SUM)]
        for term in self.terms[1:]:
            opposite = term.opposite
            texts.append(f"+ {term.within(Tight.PRODUCT)}" if opposite is None else f"- {opposite.within(Tight.PRODUCT)}")
        return texts

    def __str__(self) -> str:
        return " ".join(self.signed())


@dataclass(frozen=True, slots=True)
class Listed(Node):
    """[…]"""

    items: tuple[Node, ...]

    @property
    def parts(self) -> tuple[Node, ...]:
        """What is in it."""
        return self.items

    def __str__(self) -> str:
        return f"[{', '.join(map(str, self.items))}]"


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A call. `options` are arguments by name.

    into    the argument that says where the result goes, if it is said, and `leads` what has to stand before it
    direct  whether the function can be told where its result goes
    """

    function: Node
    args: tuple[Node, ...]
    options: tuple[tuple[str, Node], ...] = ()
    direct: bool = False
    leads: tuple[Node, ...] = ()
    into: Node | None = None

    @property
    def parts(self) -> tuple[Node, ...]:
        """The function, and all arguments."""
        return self.function, *self.args, *(value for _, value in self.options), *((self.into,) if self.into else ())

    def put(self, target: Node) -> Call:
        """The same call, with its result there."""
        return replace(self, into=target)

    def __str__(self) -> str:
        args = [*self.args, *((*self.leads, self.into) if self.into is not None else ())]
        texts = [*map(str, args), *(f"{name}={value}" for name, value in self.options)]
        return f"{self.function.within(Tight.ATOM)}({', '.join(texts)})"


def node(x: Any) -> Node:
    """A piece as it is, a text or a number as one; None is written as None."""
    if isinstance(x, Node):
        return x
    text = x if isinstance(x, str) else repr(x)
    return Verbatim(text, Tight.SIGN if isinstance(x, (int, float)) and text.startswith("-") else Tight.ATOM)


def call(function: str, *args: Any, direct: bool = False, **options: Any) -> Call:
    """A call of a function by its name."""
    return Call(Verbatim(function), tuple(map(node, args)), tuple((name, node(value)) for name, value in options.items()), direct)


# Statements.


@dataclass(frozen=True, slots=True)
class Assign:
    """target = value, or with another sign; `note` is a remark for a comment."""

    target: Node
    value: Node
    sign: str = "="
    note: str = ""

    def names(self) -> Iterator[str]:
        """The names that it reads, and those it writes."""
        yield from self.target.names()
        yield from self.value.names()

    def __str__(self) -> str:
        return f"{self.target} {self.sign} {self.value}"


@dataclass(frozen=True, slots=True)
class When:
    """if test: then"""

    test: Node
    then: Node

    def names(self) -> Iterator[str]:
        """The names that it reads."""
        yield from self.test.names()
        yield from self.then.names()

    def __str__(self) -> str:
        return f"if {self.test}: {self.then}"


Line = Node | Assign | When
"""One statement on one line."""
