"""Value: a number that remembers how it was made, and `backward()`.

Arithmetic on Values records the graph; `backward()` sweeps it. How a row of the table records is said once, in `_on_values`;
only + and × are written out again below, for speed, and a test compares the two.
"""

from __future__ import annotations

import math
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import repeat
from operator import add as _plus
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar

from . import ops
from .errors import GradientError
from .graph import Edge, Node, cotangents, edges, topological
from .primitive import FAILURES, PRIMITIVES, Primitive, as_float, failure, interpretation

_new = object.__new__
_scope: ContextVar[str | None] = ContextVar("scope", default=None)
_scopes_in_use = False  # spares every op a context look-up until the first scope() of the process
_sweeping = threading.Lock()  # one backward() at a time: a sweep's sums stand on the nodes themselves


class Value(Node):
    """A number that remembers the operation and the operands it came from.

    data    the number, a float
    grad    ∂output/∂this after `output.backward()`; 0.0 before. Leaves add up over several calls, inner nodes hold the last
    label   a name for people, any text, settable at any time; None without one
    scope   where the node was made, as said by `scope(...)`; None outside of any
    op      the Primitive that made it; None for a leaf

    >>> apple, count, tax = Value(100.0, label="apple"), Value(2.0), Value(1.1)
    >>> price = apple * count * tax
    >>> price.backward()
    >>> round(apple.grad, 10)
    2.2

    Equality and hashing are by identity, since a node is a place in a graph; < and its kin compare the numbers. `float(v)`
    and so `math.exp(v)` give a plain number: no gradient flows through them. A Value takes ints, floats, NumPy scalars,
    Fractions and Decimals; anything else is a TypeError, NaN and infinity a NonFiniteError.
    """

    __slots__ = ("data", "grad", "label", "op", "scope")
    x: Value | None
    y: Value | None
    data: float
    grad: float
    label: str | None
    scope: str | None
    op: Primitive | None

    def __init__(self, data: Any, *, label: str | None = None) -> None:
        self.data = as_float(data, "a number")
        if label is not None and not isinstance(label, str):
            raise TypeError(f"label needs a text, but got {label!r} of type {type(label).__name__}")
        self.grad = 0.0
        self.label = label
        self.scope = _scope.get()
        self.op = self.x = self.y = self.dx = self.dy = None

    # -- the graph -------------------------------------------------------------------------------------------------------

    @property
    def args(self) -> tuple[Value | float, ...]:
        """The operands in their order: Values, and floats for constants. Empty for a leaf."""
        if self.op is None:
            return ()
        first = self.dx if self.x is None else self.x
        if len(self.op.operands) == 1:
            return (first,)  # type: ignore[return-value]
        return (first, self.dy if self.y is None else self.y)  # type: ignore[return-value]

    @property
    def parents(self) -> tuple[Value, ...]:
        """The operands that are Values, in their order; x * x has x twice."""
        return tuple(edge.operand for edge in edges(self))

    @property
    def partials(self) -> tuple[float, ...]:
        """The local derivative for each of `parents`, as fixed when the node was recorded; nan where none exists."""
        return tuple(edge.partial for edge in edges(self))

    # -- gradients -------------------------------------------------------------------------------------------------------

    def backward(self, seed: float = 1.0) -> None:
        """Put ∂self/∂node × seed into `grad` of this node and of every node below it.

        Leaves add it to what they hold, so that several calls accumulate (see `zero_grad`); inner nodes hold the gradient
        of this call. All or nothing: after a GradientError or Ctrl-C every `grad` is what it was. Gradients belong to the
        numbers at recording, whatever was written into `data` since. Iterative, linear in nodes and edges; safe to call
        from several threads.

        GradientError: a local derivative that is needed does not exist, or the numbers leave the range of floats; the
        message names the edge.
        """
        seed = as_float(seed, "a seed")
        with _sweeping:
            order = topological(self)
            before = list(map(_get_grad, order))
            leaves = [node for node in order if node.op is None]
            held = list(map(_get_grad, leaves))
            try:
                _set_grads(order, repeat(0.0))
                self.grad = seed
                for node in reversed(order):
                    upstream = node.grad
                    if upstream:  # a gradient of exactly 0 hands nothing on, so that 0·inf cannot become NaN
                        x = node.x
                        if x is not None:
                            x.grad += upstream * node.dx  # type: ignore[operator] # += : contributions from several paths add up
                        y = node.y
                        if y is not None:
                            y.grad += upstream * node.dy  # type: ignore[operator]
                # What is not finite on the way cannot heal before it reaches the leaves: only they need a look.
                totals = list(map(_plus, held, map(_get_grad, leaves)))
                if not all(map(math.isfinite, totals)):
                    raise _guilty(self, seed, leaves, held)
                _set_grads(leaves, totals)
            except BaseException:
                _set_grads(order, before)
                raise

    def zero_grad(self) -> None:
        """Set `grad` to 0.0 on this node and on every node below it."""
        with _sweeping:
            _set_grads(topological(self), repeat(0.0))

    # -- arithmetic: + and × are written out, the others come from their rows --------------------------------------------

    def __add__(self, other: Any) -> Value:
        if type(other) is Value:
            y, b, dy = other, other.data, 1.0
        else:
            y, b = None, other if type(other) is float else as_float(other)
            dy = b
        z = self.data + b
        if z * 0.0:  # true for nan and the infinities alone: the cheapest test there is
            raise failure(_ADD, (self, other))
        node: Value = _new(Value)
        node.data = z
        node.grad = 0.0
        node.label = None
        node.scope = _scope.get() if _scopes_in_use else None
        node.op = _ADD
        node.x = self
        node.dx = 1.0
        node.y = y
        node.dy = dy
        return node

    def __mul__(self, other: Any) -> Value:
        a = self.data
        if type(other) is Value:
            y, b, dy = other, other.data, a
        else:
            y, b = None, other if type(other) is float else as_float(other)
            dy = b
        z = a * b
        if z * 0.0:
            raise failure(_MULTIPLY, (self, other))
        node: Value = _new(Value)
        node.data = z
        node.grad = 0.0
        node.label = None
        node.scope = _scope.get() if _scopes_in_use else None
        node.op = _MULTIPLY
        node.x = self
        node.dx = b
        node.y = y
        node.dy = dy
        return node

    def __radd__(self, other: Any) -> Value:
        if type(other) is int and other == 0:
            return self  # where sum([...]) starts: no node
        return ops.add.primitive.kinds[Value](other, self)  # type: ignore[no-any-return]

    def __pow__(self, other: Any, modulus: None = None) -> Value:
        if modulus is not None:
            raise TypeError("pow of a Value takes no modulus")
        return ops.pow(self, other) if isinstance(other, Value) else ops.power(self, other)

    def __pos__(self) -> Value:
        return self

    if TYPE_CHECKING:  # bound from the rows at the end of this file

        def __sub__(self, other: Any) -> Value: ...
        def __truediv__(self, other: Any) -> Value: ...
        def __rmul__(self, other: Any) -> Value: ...
        def __rsub__(self, other: Any) -> Value: ...
        def __rtruediv__(self, other: Any) -> Value: ...
        def __rpow__(self, other: Any) -> Value: ...
        def __neg__(self) -> Value: ...
        def __abs__(self) -> Value: ...
        def __getattr__(self, name: str) -> Callable[..., Value]: ...

    # -- as a Python object ----------------------------------------------------------------------------------------------

    def __lt__(self, other: Any) -> bool:
        return self.data < _comparable(other)

    def __le__(self, other: Any) -> bool:
        return self.data <= _comparable(other)

    def __gt__(self, other: Any) -> bool:
        return self.data > _comparable(other)

    def __ge__(self, other: Any) -> bool:
        return self.data >= _comparable(other)

    def __bool__(self) -> bool:
        raise TypeError("a Value is neither true nor false: compare v.data with a number, or choose with where(condition, x, y)")

    def __float__(self) -> float:
        return float(self.data)

    def __int__(self) -> int:
        return int(self.data)

    def __round__(self, digits: int | None = None) -> float:
        return round(self.data, digits)

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def __repr__(self) -> str:
        name = f", label={self.label!r}" if self.label is not None else ""
        return f"Value({self.data!r}{name}, grad={self.grad!r})"

    __array_ufunc__ = None  # an array of NumPy leaves `array * value` to us, and we refuse it

    def __copy__(self) -> Value:
        """A second node with the same operands, number and gradient."""
        return _restore(*_fields(self), self.x, self.y)

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        for node in topological(self):  # operands first, so that no copy waits for another: no recursion
            if id(node) not in memo:
                x, y = (None if operand is None else memo[id(operand)] for operand in (node.x, node.y))
                memo[id(node)] = _restore(*_fields(node), x, y)
        return memo[id(self)]  # type: ignore[no-any-return]

    def __reduce__(self) -> tuple[Any, ...]:
        return _last, ([_Record.of(node) for node in topological(self)],)


_get_grad = attrgetter("grad")
_put_grad = Value.__dict__["grad"].__set__


def _set_grads(nodes: Sequence[Value], grads: Any) -> None:
    # One call into C: no Ctrl-C can fall between two nodes of it, as it can in a loop.
    deque(map(_put_grad, nodes, grads), 0)


def _comparable(other: Any) -> float:
    return other.data if isinstance(other, Value) else as_float(other, "a Value or a number to compare with")


# How a row records.


def _record(primitive: Primitive, data: float, x: Value | None, dx: float | None, y: Value | None = None, dy: float | None = None) -> Value:
    node: Value = _new(Value)
    node.data = data
    node.grad = 0.0
    node.label = None
    node.scope = _scope.get() if _scopes_in_use else None
    node.op = primitive
    node.x = x
    node.dx = dx
    node.y = y
    node.dy = dy
    return node


@interpretation(Value)
def _on_values(primitive: Primitive) -> Callable[..., Value]:
    """A row on Values: compute, refuse what is not finite, fix the local derivatives, make the node.

    A local derivative that does not exist is stored as nan, for it must not break a forward pass that has a value; a sweep
    that needs it raises. Constants stay floats, in the partial's place of the operand that is missing.
    """
    forward = primitive.forward

    if len(primitive.operands) == 1:
        (rule,) = primitive.partials
        assert rule is not None  # for the type checker: a row without any rule would differentiate nothing

        def record(x: Value) -> Value:
            a = x.data
            try:
                z = forward(a)
            except FAILURES as error:
                raise failure(primitive, (x,), error) from None
            if z * 0.0:
                raise failure(primitive, (x,))
            try:
                dx = rule(z, a)
            except FAILURES:
                dx = math.nan
            return _record(primitive, z, x, dx)

        return record

    rule_x, rule_y = primitive.partials

    def record_two(x: Any, y: Any) -> Value:
        if isinstance(x, Value):
            a = x.data
            left: Value | None = x
        else:
            dx = a = as_float(x)
            left = None
        if isinstance(y, Value):
            b = y.data
            right: Value | None = y
        else:
            dy = b = as_float(y)
            right = None
        if right is not None and rule_y is None:
            raise TypeError(f"{primitive.name} needs a plain number as {primitive.operands[1]}, but got {y!r}; x ** y takes a Value there")
        try:
            z = forward(a, b)
        except FAILURES as error:
            raise failure(primitive, (x, y), error) from None
        if z * 0.0:
            raise failure(primitive, (x, y))
        if left is not None:
            try:
                dx = rule_x(z, a, b)  # type: ignore[misc]
            except FAILURES:
                dx = math.nan
        if right is not None:
            try:
                dy = rule_y(z, a, b)  # type: ignore[misc]
            except FAILURES:
                dy = math.nan
        return _record(primitive, z, left, dx, right, dy)

    return record_two


@contextmanager
def scope(name: str) -> Iterator[None]:
    """Mark every node made inside as belonging to `name`; nested scopes join with "/", as in "hidden/h1".

    >>> with scope("hidden"):
    ...     h = Value(1.0) * 2.0
    >>> h.scope
    'hidden'
    """
    global _scopes_in_use
    if not isinstance(name, str) or not name:
        raise TypeError(f"scope needs a name, but got {name!r}")
    _scopes_in_use = True
    outer = _scope.get()
    token = _scope.set(f"{outer}/{name}" if outer else name)
    try:
        yield
    finally:
        _scope.reset(token)


# When a sweep fails.


def describe_edge(edge: Edge[Value]) -> str:
    """The edge in words: the operation, the operand, and the numbers at which its local derivative is taken."""
    node = edge.node
    assert node.op is not None
    names = node.op.operands
    at = []
    for name, arg in zip(names, node.args, strict=True):
        label = arg.label if isinstance(arg, Value) else None
        at.append(f"{name}={arg.data if isinstance(arg, Value) else arg!r}" + (f" (label {label!r})" if label else ""))
    return f"∂({node.op.formula})/∂{names[edge.position]} at {', '.join(at)}"


def _guilty(output: Value, seed: float, leaves: list[Value], held: list[float]) -> GradientError:
    """The slow sweep that finds the first edge at which the numbers stopped being finite, and says so."""
    gradient = cotangents(output, seed=seed)
    total = dict.fromkeys(gradient, 0.0)
    total[output] = seed
    for node in gradient:
        upstream = total[node]
        if not upstream:
            continue
        for edge in edges(node):
            if not math.isfinite(edge.partial):
                what = "does not exist" if math.isnan(edge.partial) else f"is {edge.partial}"
                assert node.op is not None
                hint = f"; {node.op.hint}" if node.op.hint else ""
                return GradientError(
                    f"no gradient through {node.op.name}: its local derivative {describe_edge(edge)} {what}"
                    f" (upstream gradient {upstream!r}){hint}. No gradient was changed."
                )
            total[edge.operand] += upstream * edge.partial
            if not math.isfinite(total[edge.operand]):
                return GradientError(
                    f"the gradient leaves the range of floats (about 1.8e308) at {describe_edge(edge)}:"
                    f" upstream gradient {upstream!r} × local derivative {edge.partial!r}. No gradient was changed."
                )
    for leaf, grad in zip(leaves, held, strict=True):
        if not math.isfinite(grad + gradient[leaf]):
            return GradientError(f"{leaf!r} cannot take on a further {gradient[leaf]!r}: the sum is not finite. No gradient was changed.")
    return GradientError("a gradient is not finite. No gradient was changed.")


# Copies and pickles.

Fields = tuple[Primitive | None, float, float, str | None, str | None, float | None, float | None]


def _fields(node: Value) -> Fields:
    """What a node carries besides its operands."""
    return node.op, node.data, node.grad, node.label, node.scope, node.dx, node.dy


def _restore(
    op: Primitive | str | None,
    data: float,
    grad: float,
    label: str | None,
    scope: str | None,
    dx: float | None,
    dy: float | None,
    x: Value | None,
    y: Value | None,
) -> Value:
    if isinstance(op, str):
        if op not in PRIMITIVES:
            raise ValueError(f"the pickled graph uses a primitive named {op!r}, which nobody has registered here: import its module first")
        op = PRIMITIVES[op]
    node = _record(op, data, x, dx, y, dy)  # type: ignore[arg-type]
    node.grad, node.label, node.scope = grad, label, scope
    return node


def _last(nodes: list[Value]) -> Value:
    return nodes[-1]


class _Record:
    """A node on its way into a pickle: it refers to its operands' records, and is loaded as the node itself.

    A Value pickles as the list of the records of its whole graph, operands first: the pickler meets every operand before it
    is referred to, so it never recurses. One node has one record as long as a pickler remembers it, so nodes that are
    dumped together, in whatever order, stay one graph.
    """

    __slots__ = ("__weakref__", "node")
    _alive: ClassVar[weakref.WeakValueDictionary[int, _Record]] = weakref.WeakValueDictionary()

    def __init__(self, node: Value) -> None:
        self.node = node

    @classmethod
    def of(cls, node: Value) -> _Record:
        record = cls._alive.get(id(node))
        if record is None:  # a live record keeps its node alive, so an id in the table is never another node's
            record = cls._alive[id(node)] = cls(node)
        return record

    def __reduce__(self) -> tuple[Any, ...]:
        op, *others = _fields(self.node)
        operands = (None if operand is None else _Record.of(operand) for operand in (self.node.x, self.node.y))
        return _restore, (None if op is None else op.name, *others, *operands)


# Operators and methods, bound from the rows. Every row is a method of its name: v.exp(), x.hypot(y).

_ADD, _MULTIPLY = ops.add.primitive, ops.multiply.primitive
_OPERATORS = {"subtract": "sub", "multiply": "mul", "divide": "truediv", "pow": "pow"}
_COMPOSED = ("square", "log2", "log10", "clip", "silu", "gelu", "gelu_tanh")


def _reflected(record: Callable[[Any, Any], Value]) -> Callable[[Value, Any], Value]:
    return lambda self, other: record(other, self)


def _bind() -> None:
    for name, primitive in PRIMITIVES.items():
        setattr(Value, name, primitive.kinds[Value])
    for name, operator in _OPERATORS.items():
        record = PRIMITIVES[name].kinds[Value]
        if f"__{operator}__" not in Value.__dict__:
            setattr(Value, f"__{operator}__", record)
        setattr(Value, f"__r{operator}__", _reflected(record))
    Value.__neg__ = PRIMITIVES["negate"].kinds[Value]  # type: ignore[method-assign]
    Value.__abs__ = PRIMITIVES["abs"].kinds[Value]  # type: ignore[method-assign]
    for name in _COMPOSED:
        setattr(Value, name, getattr(ops, name))


_bind()
