"""Classes that derive from Value: what is computed from their numbers is of their class; and attributes of people's own.

    class Weight(Value):
        m = v = 0.0

`Weight(0.5)` takes attributes, as any object of Python's does, and so does whatever is computed from it: an operation with a Weight makes a
Weight. It is made without `__init__`, so an attribute that every node has stands in the class, as m and v do. Copies and pickles keep class
and attributes. Where nodes of several classes meet, Python's operators take the class that derives from the other, or the left one's; a
function of two takes its first operand's.

A Value itself has no room for attributes, since that would cost every node memory and time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .arrays import NAMES
from .errors import GradientError
from .failures import describe_edge
from .graph import edges
from .primitive import PRIMITIVES, Primitive, interpretation

OWN = ("m", "v", "velocity", "momentum", "cache", "color", "name", "tag")
"""What people like to put on nodes: for these the error can say what to do, at no cost to other attributes."""


def derive(kind: Any, base: Any, on_kind: Callable[[Primitive, Any], Callable[..., Any]]) -> None:
    """Give a class that derives from `base` the rows as methods and operators whose results are of this class; what it has written itself,
    or a class between the two, it keeps."""
    interpretation(kind)(lambda primitive: on_kind(primitive, kind))
    between = kind.__mro__[: kind.__mro__.index(base)]
    written = {name for one in between for name in vars(one) if name not in vars(one).get("_rows", ())}
    rows: dict[str, Any] = {"__radd__": lambda self, other: base.__radd__(self, other)}  # Python asks it first where it is another's
    for primitive in PRIMITIVES.values():
        function = primitive.kinds[kind]
        rows[primitive.name] = function
        if primitive.operator:
            rows.setdefault(f"__{primitive.operator}__", function)
            if len(primitive.operands) == 2:
                rows.setdefault(f"__r{primitive.operator}__", _reflected(function))
    del rows["__pow__"]  # looks for the class by itself
    rows |= {name: rows[row] for name, row in NAMES.items()}
    rows["detach"] = lambda self: _leaf(base.detach(self), kind)
    for name, function in rows.items():
        if name not in written:
            setattr(kind, name, function)
    kind._rows = frozenset(rows.keys() - written)


def _reflected(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda self, other: function(other, self)


def _leaf(x: Any, kind: Any) -> Any:
    """The leaf as one of this class."""
    leaf = object.__new__(kind)
    for name in ("data", "grad", "label", "scope", "op", "x", "y", "dx", "dy"):
        setattr(leaf, name, getattr(x, name))
    return leaf


class Own:
    """An attribute that people like to put on a node, which has it where the node's class has room for it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, node: Any, kind: Any = None) -> Any:
        if node is None:
            return self
        held = getattr(node, "__dict__", {})
        if self.name not in held:
            raise AttributeError(f"{type(node).__name__!r} object has no attribute {self.name!r}", name=self.name, obj=node)
        return held[self.name]

    def __set__(self, node: Any, thing: Any) -> None:
        held = getattr(node, "__dict__", None)
        if held is None:
            raise AttributeError(
                f"a Value has no room for an attribute {self.name!r} of your own. Make a class that has, `class MyValue(Value): pass`, and"
                " results are of that class too; the Value of nn.micrograd and of its models is such a class. Or keep a dict by node:"
                f" {self.name}[x] = …"
            )
        held[self.name] = thing

    def __delete__(self, node: Any) -> None:
        self.__get__(node)
        del node.__dict__[self.name]


# What micrograd's programs look at.

MICROGRAD = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "negate": "-", "pow": "**", "relu": "ReLU"}


def _micrograds_name(node: Any) -> str:
    """A node's operation as micrograd writes it."""
    if node.op is None:
        return ""
    if node.op.name == "power":
        return f"**{node.args[1]:g}"
    name: str = node.op.name
    return MICROGRAD.get(name, name)


def _hand_on(node: Any) -> None:
    """Hand this node's `grad` on to its operands, as one step of a sweep that somebody walks by hand."""
    for edge in edges(node):
        contribution = node.grad * edge.partial
        if not math.isfinite(contribution):
            raise GradientError(f"no gradient through {describe_edge(edge)}: upstream {node.grad!r} × local derivative {edge.partial!r}")
        edge.operand.grad += contribution


def bind_habits(kind: Any) -> None:
    """Give Value the words of micrograd's that its programs read, and the errors for attributes of people's own."""
    kind._prev = property(lambda node: {*node.parents}, doc="The operands that are Values. Constants are none: they have no node.")
    kind._op = property(_micrograds_name, doc="The operation as micrograd writes it: +, *, **2, ReLU; '' for a leaf.")
    kind._backward = _hand_on
    for name in OWN:
        setattr(kind, name, Own(name))
