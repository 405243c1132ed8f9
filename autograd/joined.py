"""Functions of any number of operands, on nodes that have two.

f(a, b, c) is recorded as a chain with a node for each operand that is a Value: join(a, join(b, join(c, carried))). A node's local
derivative by its operand is f's, and by the chain 1, so a sweep finds every gradient. The outermost node has f's number. The others, and
the constant that the chain begins with, have it too, as a float that *carries* all operands: of these a rule is made again, when it is
asked on Values. Whoever shows a graph looks through the chain (`seen`): it is one node with an arrow for each operand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from .errors import StaleGraphError
from .graph import Edge, Node, edges
from .numbers import as_float
from .primitive import REALS, Primitive, among_arrays, function_of, interpretation, rule_of


class Joined(Primitive):
    """A row with any number of operands, each of which may be a plain number always (a rule that is None)."""

    joins = True


class Carried(float):
    """A function's number, with the operands it was computed from, Values and floats, and the place of the first that is a Value."""

    __slots__ = ("args", "first")
    args: tuple[Any, ...]
    first: int

    def __new__(cls, number: float, args: tuple[Any, ...], first: int) -> Carried:
        """This number, with operands."""
        self = super().__new__(cls, number)
        self.args, self.first = args, first
        return self


@interpretation(Carried)
def _on_carried(row: Primitive) -> Callable[..., Any]:
    """What carries operands is a number like any other, and keeps them on its way into the next node of its chain."""

    def hand_on(*operands: Any) -> Any:
        return row.kinds[next((type(x) for x in operands if type(x) not in (float, Carried)), float)](*operands)

    return hand_on


def _number(x: Any) -> Any:
    """The plain number in an operand."""
    return x.data if isinstance(x, Node) else x  # type: ignore[attr-defined]


@cache
def _join(whole: Primitive, place: int) -> Primitive:
    """The row of a node of a chain: `whole` as a function of the operand in this place, and of the chain so far."""
    rule, function, name = whole.partials[place], function_of(whole), whole.name
    assert rule is not None
    plain = rule_of(rule)

    def forward(x: float, chain: float) -> float:
        if not isinstance(chain, Carried):
            return chain  # moved by itself, as differences do
        numbers = [*map(_number, chain.args)]
        numbers[place] = x
        z: float = whole.kinds[float](*numbers)
        return z if place == chain.first else Carried(z, tuple(numbers), chain.first)

    def partial(z: Any, x: Any, chain: Any) -> Any:
        carried = _number(chain)
        if not isinstance(carried, Carried):
            raise StaleGraphError(f"the data of an inner node of {name} was edited since it was recorded: compute the graph anew")
        args = [*carried.args]
        args[place] = x
        if not isinstance(chain, Node) and not isinstance(x, Node):
            numbers = [*map(_number, args)]
            return plain(whole.kinds[float](*numbers), *numbers)
        return rule(z if isinstance(z, Node) and place == carried.first else function(*args), *args)

    return whole.altered(
        joins=False,
        whole=whole,
        place=place,
        operands=(whole.operands[place], f"the other operands of {name}"),
        forward=forward,
        partials=(partial, lambda z, x, chain: 1.0),
        textbook=(whole.textbook[place], "1"),
        domain=(whole.domain[place], REALS),
        kinks=(),
    )


UNDEFINED = (ArithmeticError, ValueError)
"""What a rule raises where there is no local derivative."""


def recording(
    whole: Primitive,
    record_node: Callable[..., Any],
    above: set[type],
    refuse_misplaced: Callable[..., None],
    undefined: Callable[[Exception], float],
) -> Callable[..., Any]:
    """The row on Values: compute, fix the local derivatives, make the chain."""
    rules = [*map(rule_of, whole.partials)]
    evaluate = whole.kinds[float]

    def record(*operands: Any) -> Any:
        args: list[Any] = []
        for name, rule, x in zip(whole.operands, rules, operands, strict=True):
            if type(x) in above:
                return whole.kinds[type(x)](*operands)
            if isinstance(x, Node):
                if rule is None:
                    raise TypeError(f"{whole.name} needs a plain number as {name}, but got {x!r}")
                args.append(x)
                continue
            try:
                args.append(as_float(x, asker=whole.name))
            except TypeError:
                return among_arrays(whole, *operands)
        refuse_misplaced(*args)
        numbers = [*map(_number, args)]
        z = evaluate(*numbers)
        places = [place for place, x in enumerate(args) if isinstance(x, Node)]
        carried = Carried(z, tuple(args), places[0])
        node: Any = None
        for place in reversed(places):
            try:
                partial = rules[place](z, *numbers)
            except UNDEFINED as error:
                partial = undefined(error)
            data = z if place == places[0] else carried
            node = record_node(_join(whole, place), data, args[place], partial, node, carried if node is None else 1.0)
        return node

    record.__name__, record.__doc__ = whole.name, whole.summary
    return record


# What those who show a graph ask.


def is_hidden(node: Any) -> bool:
    """Whether it is an inner node of a chain, which no picture shows."""
    return node.op is not None and node.op.whole is not None and isinstance(node.data, Carried)


def chain(outermost: Any) -> Iterator[Any]:
    """The nodes of a chain from the outermost: one for each operand that is a Value, in their order."""
    node = outermost
    while node is not None:
        yield node
        node = node.y


def seen(node: Any) -> tuple[Primitive, tuple[Any, ...]]:
    """An operation's row and operands as people see them: the function's, where the node stands for a chain."""
    if node.op.whole is None:
        return node.op, node.args
    *_, last = chain(node)
    return node.op.whole, last.second_constant.args


def parents(node: Any) -> list[Any]:
    """The operands that are nodes, as people see them."""
    return [x for x in seen(node)[1] if isinstance(x, Node)] if node.op is not None else []


def place_of(node: Any, position: int) -> int:
    """Which of the operands that people see is meant: a chain's outermost node has its own first, and otherwise they count as seen."""
    return node.op.place if node.op.whole is not None and (position == 0 or is_hidden(node)) else position


def partials(node: Any) -> dict[int, float]:
    """The recorded local derivatives by the places of the operands, as people see them."""
    if node.op.whole is not None:
        return {each.op.place: each.dx for each in chain(node)}
    return {i: partial for i, (x, partial) in enumerate(((node.x, node.dx), (node.y, node.dy))) if x is not None}


def edges_seen(node: Any) -> Iterator[Edge[Any]]:
    """The edges to the operands that people see, in their order."""
    if node.op is None or node.op.whole is None:
        yield from edges(node)
    else:
        for each in chain(node):
            yield Edge(each, 0, each.x, each.dx)
