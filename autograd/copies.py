"""Copies and pickles of graphs. None of them recurses, however deep the graph is, and each keeps the classes of its nodes.

A pickle refers to rows of the table by their names. So a graph can be loaded wherever the module is imported that registers its rows.
"""

from __future__ import annotations

import weakref
from typing import Any

from .graph import Node, topological
from .joined import Carried
from .masking import Missing
from .primitive import PRIMITIVES, Primitive
from .process import lending, lock

Fields = tuple[type, dict[str, Any] | None, Primitive | None, float, float, str | None, str | None, float | None, float | None]
_new = object.__new__


def copied(node: Any, x: Any, y: Any) -> Any:
    """A second node with the same number, gradient, label and row, on these operands."""
    with lending:  # lent to a recording, a parameter is of another class meanwhile
        return restore(*_fields(node), x, y)


def deep(output: Any, memo: dict[int, Any]) -> Any:
    """The copy of the whole graph below a node, for `copy.deepcopy`."""
    with lending:
        return _deep(output, memo)


def _deep(output: Any, memo: dict[int, Any]) -> Any:
    from copy import deepcopy

    carrying: list[Any] = []
    for node in topological(output):  # operands first, so that no copy waits for another: no recursion
        if id(node) not in memo:
            x, y = (None if operand is None else memo[id(operand)] for operand in (node.x, node.y))
            kind, own, *others = _fields(node)
            again: tuple[Any, ...] = kind, deepcopy(own, memo) if own else own, *others, x, y
            memo[id(node)] = restore(*again)
            if isinstance(node.data, Carried) or isinstance(node.dy, Carried):
                carrying.append(memo[id(node)])
    for copy in carrying:  # now all operands have their copies
        for slot in ("data", "dy"):
            if isinstance(carried := getattr(copy, slot), Carried):
                args = tuple(memo.get(id(arg), arg) for arg in carried.args)
                setattr(copy, slot, Carried(carried, args, carried.first))
    return memo[id(output)]


def pickled(node: Any) -> tuple[Any, ...]:
    """A function and its arguments, which give the node anew: what `__reduce__` returns."""
    with lending:
        return (restore, (*_fields(node), None, None)) if node.op is None else (last, (_records(node),))


def _fields(node: Any) -> Fields:
    """What a node carries besides its operands; a copy of a leaf belongs to no run."""
    dx = node.dx if node.op is not None else None
    return type(node), _own(node), node.op, node.data, node.grad, node.label, node.scope, dx, node.dy


def _own(node: Any) -> dict[str, Any] | None:
    """What a node of a class of somebody's own has besides; None for a Value."""
    kind = type(node)
    if _is_value(kind):
        return None
    own = dict(getattr(node, "__dict__", {}))
    for base in kind.__mro__:
        if _is_value(base):
            break
        slots = base.__dict__.get("__slots__", ())
        names = (slots,) if isinstance(slots, str) else slots
        own |= {name: getattr(node, name) for name in names if hasattr(node, name)}
    return own


def _is_value(kind: type) -> bool:
    return Node in kind.__bases__


def restore(
    kind: type,
    own: dict[str, Any] | None,
    op: Primitive | str | None,
    data: float,
    grad: float,
    label: str | None,
    scope: str | None,
    dx: float | None,
    dy: float | None,
    x: Any,
    y: Any,
) -> Any:
    """A node of this class with these fields."""
    if isinstance(op, str):
        if op not in PRIMITIVES:
            raise ValueError(f"the pickled graph uses a primitive named {op!r}, which nobody has registered here: import its module first")
        op = PRIMITIVES[op]
    node: Any = _new(kind)  # not as a new result is made: a copy keeps its operands under no_grad() too
    node.op, node.data, node.grad, node.label, node.scope = op, data, grad, label, scope
    # In a pickle of version 0.1.0 a local derivative that does not exist is a plain nan.
    node.x, node.dx, node.y, node.dy = x, dx if dx == dx else Missing(), y, dy if dy == dy else Missing()
    for name, attribute in (own or {}).items():
        setattr(node, name, attribute)
    return node


def last(nodes: list[Any]) -> Any:
    """The output of a graph that was pickled as the list of its inner nodes."""
    return nodes[-1]


class _Record:
    """An inner node on its way into a pickle: it refers to its operands' records, and is loaded as the node itself.

    An inner node pickles as the list of the records of its whole graph, operands first: the pickler meets every operand before
    it is referred to, so it never recurses. One node has one record as long as a pickler remembers it, so nodes that are
    dumped together, in whatever order, stay one graph. A leaf needs no record: it refers to nothing.
    """

    __slots__ = ("__weakref__", "node", "x", "y")

    def __init__(self, node: Any, x: Any, y: Any) -> None:
        self.node, self.x, self.y = node, x, y

    def __reduce__(self) -> tuple[Any, ...]:
        with lending:
            kind, own, op, *others = _fields(self.node)
        assert op is not None
        if PRIMITIVES.get(op.name) is not op:  # by its name another would be found, or none
            raise TypeError(
                f"cannot pickle a node made by {op.name}: its row is in no table, where loading could find it by its name."
                " Register it in a module, register(Primitive(...)), and import that before loading; or pickle the numbers (.data) alone"
            )
        return restore, (kind, own, op.name, *others, self.x, self.y)


_alive: weakref.WeakValueDictionary[int, _Record] = weakref.WeakValueDictionary()
_pickling = lock()  # two threads must not make two records of one node


def _records(output: Any) -> list[_Record]:
    """The record of every inner node below the output, operands first."""
    with _pickling:
        return _find_records(output)


def _find_records(output: Any) -> list[_Record]:
    records = []
    standing_for: dict[Any, Any] = {None: None}
    for node in topological(output):
        if node.op is None:
            standing_for[node] = node
            continue
        record = _alive.get(id(node))  # a record keeps its node alive, so an id found here is never another node's
        if record is None:
            record = _alive[id(node)] = _Record(node, standing_for[node.x], standing_for[node.y])
        standing_for[node] = record
        records.append(record)
    return records
