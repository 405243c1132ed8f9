"""Value: a number that remembers how it was made, and `backward()`.

Arithmetic on Values records the graph; `backward()` sweeps it. How a row of the table records is said once, in `_on_values`;
only + and × are written out again below, for speed, and a test compares the two.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from itertools import repeat
from typing import TYPE_CHECKING, Any

from . import composed, context, copies, given, joined
from .arrays import bind_names
from .context import State
from .context import no_grad as no_grad
from .context import scope as scope
from .derived import bind_habits, derive
from .errors import LostGradientError
from .failures import guilty, refuse_grads, refuse_misplaced
from .graph import Node, edges, topological
from .marks import sweep
from .masking import MISSING, Missing, swept
from .numbers import ABOVE, as_float, holds_many
from .primitive import FAILURES, PRIMITIVES, Primitive, among_arrays, bind, failure, forward_of, interpretation, rule_of
from .process import LentError, refuse_reentry, together, updating

if TYPE_CHECKING:
    from .typed import Methods as _Node  # a node with the rows as methods, which are bound at the end of this file
else:
    _Node = Node

_new = object.__new__
_here: Callable[[], State] | None = None
context.tell(globals())


class Value(_Node):
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
    and so `math.exp(v)` give a plain number: no gradient flows through them, and while a function is differentiated (`grad` and its kin)
    they are a LostGradientError, if the Value depends on its arguments. Beside an array of NumPy's a Value computes with each element
    (see `arrays`). A Value takes ints, floats, NumPy scalars, Fractions and Decimals; anything else is a TypeError, NaN and infinity
    a NonFiniteError.
    """

    __slots__ = ("data", "grad", "label", "op", "scope")
    x: Value | None
    y: Value | None
    data: float
    grad: float
    label: str | None
    scope: str | None
    op: Primitive | None

    # What the slots of the partials hold where there is none, under names of their own. So no node has a slot more.
    made_in: Any = Node.__dict__["dx"]  # of a leaf: the derivative in whose run it was made (`State.run`); None outside of any
    first_constant: float = Node.__dict__["dx"]  # beside an operand that is None: the plain number in its place
    second_constant: float = Node.__dict__["dy"]
    unused: None = Node.__dict__["dy"]  # where there is nothing to hold: of a leaf, and of a row with one operand

    def __init__(self, data: Any, *, label: str | None = None) -> None:
        self.data = as_float(data, asker="Value")
        if label is not None and not isinstance(label, str):
            raise given.wrong("label", "a text", label)
        self.grad = 0.0
        self.label = label
        here = context.here()
        self.scope = here.scope
        self.op = self.x = self.y = self.unused = None
        self.made_in = here.run

    # -- the graph -------------------------------------------------------------------------------------------------------

    @property
    def args(self) -> tuple[Value | float, ...]:
        """The operands in their order: Values, and floats for constants. Empty for a leaf."""
        if self.op is None:
            return ()
        first = self.first_constant if self.x is None else self.x
        if len(self.op.operands) == 1:
            return (first,)
        return (first, self.second_constant if self.y is None else self.y)

    @property
    def parents(self) -> tuple[Value, ...]:
        """The operands that are Values, in their order; x * x has x twice."""
        return tuple(edge.operand for edge in edges(self))

    @property
    def partials(self) -> tuple[float, ...]:
        """The local derivative for each of `parents`, fixed at recording; nan where none exists, inf where it is beyond the floats."""
        return tuple(edge.partial for edge in edges(self))

    # -- gradients -------------------------------------------------------------------------------------------------------

    def backward(self, seed: float = 1.0) -> None:
        """Put ∂self/∂node × seed into `grad` of this node and of every node below it.

        Leaves add it to what they hold, so that several calls accumulate (see `zero_grad`); inner nodes hold the gradient
        of this call. All or nothing: after a GradientError or Ctrl-C every `grad` is what it was. Gradients belong to the
        numbers at recording, whatever was written into `data` since. Iterative, linear in nodes and edges; safe to call
        from several threads. InUseError: this very thread is amid a sweep or a step, as a signal handler may find it.

        GradientError: a local derivative that is needed does not exist, or the numbers leave the range of floats; the
        message names the edge. Where a gradient of exactly 0 meets one that does not exist, `autograd.masking` says which zeros mask it.
        """
        seed = as_float(seed, "a seed", "backward")
        refuse_reentry("backward()")
        try:
            with updating:
                _backward(self, seed)
        except LentError as error:
            _await(error)
            self.backward(seed)

    def detach(self) -> Value:
        """A leaf with the same number: what is computed from it knows nothing of this node. `stop_gradient` is the same as a node."""
        return Value(self.data, label=self.label)

    def zero_grad(self) -> None:
        """Set `grad` to 0.0 on this node and on every node below it."""
        refuse_reentry("zero_grad()")
        try:
            with updating:
                together(map(_put_grad, topological(self), repeat(0.0)))
        except LentError as error:
            _await(error)
            self.zero_grad()

    # -- arithmetic: + and × are written out, the others come from their rows --------------------------------------------

    def __add__(self, other: Any) -> Value:
        if isinstance(other, Value):
            y, b, dy = other, other.data, 1.0
        else:
            if type(other) is not float:
                if type(other) in _above:
                    return _ADD.kinds[type(other)](self, other)  # type: ignore[no-any-return]
                try:
                    other = as_float(other, asker="add")
                except TypeError:
                    return among_arrays(_ADD, self, other)  # type: ignore[no-any-return]
            y, b, dy = None, other, other
        try:
            z = self.data + b
            if z * 0.0:  # true for nan and the infinities alone: the cheapest test there is
                raise failure(_ADD, (self, other))
        except (TypeError, ValueError):
            refuse_misplaced(self, other)
            raise
        node: Value = _new(Value)
        node.data = z
        node.grad = 0.0
        node.label = None
        node.op = _ADD
        node.x = self
        node.dx = 1.0
        node.y = y
        node.dy = dy
        if _here is None:
            node.scope = None
        else:
            here = _here()
            node.scope = here.scope
            if here.paused:
                _forget(node, here)
        return node

    def __mul__(self, other: Any) -> Value:
        a = self.data
        if isinstance(other, Value):
            y, b, dy = other, other.data, a
        else:
            if type(other) is not float:
                if type(other) in _above:
                    return _MULTIPLY.kinds[type(other)](self, other)  # type: ignore[no-any-return]
                try:
                    other = as_float(other, asker="multiply")
                except TypeError:
                    return among_arrays(_MULTIPLY, self, other)  # type: ignore[no-any-return]
            y, b, dy = None, other, other
        try:
            z = a * b
            if z * 0.0:
                raise failure(_MULTIPLY, (self, other))
        except (TypeError, ValueError):
            refuse_misplaced(self, other)
            raise
        node: Value = _new(Value)
        node.data = z
        node.grad = 0.0
        node.label = None
        node.op = _MULTIPLY
        node.x = self
        node.dx = b
        node.y = y
        node.dy = dy
        if _here is None:
            node.scope = None
        else:
            here = _here()
            node.scope = here.scope
            if here.paused:
                _forget(node, here)
        return node

    def __radd__(self, other: Any) -> Value:
        if type(other) is int and other == 0:
            return self  # where sum([...]) starts: no node
        return _ADD.kinds[type(self)](other, self)  # type: ignore[no-any-return]

    def __pow__(self, other: Any, modulus: None = None) -> Value:
        if modulus is not None:
            raise TypeError("pow of a Value takes no modulus")
        if type(other) is not int and type(other) is not float and holds_many(other):
            return NotImplemented  # each of its elements asks for itself
        return (_POW if isinstance(other, Value) or type(other) in _above else _POWER).kinds[type(self)](self, other)  # type: ignore[no-any-return]

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

    def __init_subclass__(cls, *, results: bool = True, **options: Any) -> None:
        """What is computed from numbers of a class that derives from Value is of that class, unless results=False."""
        super().__init_subclass__(**options)
        if results:
            derive(cls, Value, _on_values)

    # -- as a Python object ----------------------------------------------------------------------------------------------

    def __lt__(self, other: Any) -> bool:
        return self.data < _comparable(other)

    def __le__(self, other: Any) -> bool:
        return self.data <= _comparable(other)

    def __gt__(self, other: Any) -> bool:
        return self.data > _comparable(other)

    def __ge__(self, other: Any) -> bool:
        return self.data >= _comparable(other)

    def __eq__(self, other: object) -> Any:
        # A node is a place in a graph, equal to itself alone; but pytest.approx(2.0) can only be meant to ask for its number.
        kind = type(other)
        return other == self.data if kind.__name__.startswith("Approx") and kind.__module__.startswith("_pytest") else NotImplemented

    __hash__ = Node.__hash__

    def __bool__(self) -> bool:
        raise TypeError("a Value is neither true nor false: compare v.data with a number, or choose with where(condition, x, y)")

    def __float__(self) -> float:
        return float(self._left("float(x)"))

    def __int__(self) -> int:
        return int(self._left("int(x)"))

    def item(self) -> float:
        """The plain number, as `float(x)` gives it: PyTorch's word."""
        return float(self._left("x.item()"))

    def as_integer_ratio(self) -> tuple[int, int]:
        """Refused. `statistics` asks for it, and would make a leaf of what it computes."""
        raise LostGradientError(
            "the functions of statistics compute with plain numbers: autograd.mean(xs) keeps the gradients, statistics.fmean(xs) gives the"
            " plain mean, and [x.data for x in xs] the numbers"
        )

    def __round__(self, digits: int | None = None) -> float:
        return round(self._left("round(x)"), digits)

    def _left(self, what: str) -> float:
        """The number, without what is known of it; a LostGradientError where that is wanted."""
        here = context.here()
        if here.run is not None and not here.paused:
            from .escape import refuse

            refuse(self, here.run, what)
        return self.data

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def __repr__(self) -> str:
        name = f", label={self.label!r}" if self.label else ""
        return f"Value({self.data!r}{name}, grad={self.grad!r})"

    def __copy__(self) -> Value:
        """A second node with the same operands, number and gradient."""
        self._left("copy.copy(x)")
        copy: Value = copies.copied(self, self.x, self.y)
        return copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        self._left("copy.deepcopy(x)")
        copy: Value = copies.deep(self, memo)
        return copy

    def __reduce__(self) -> tuple[Any, ...]:
        self._left("a pickle of x")
        return copies.pickled(self)


def as_value(x: Any, asker: str, what: str = "a Value") -> Value:
    """x, if it is a Value."""
    if not isinstance(x, Value):
        raise given.wrong(asker, what, x)
    return x


def as_values(xs: Any, asker: str, what: str = "a list of Values") -> list[Value]:
    """Several Values, as a list."""
    return [as_value(x, asker, what) for x in given.items(xs, what, asker)]


_FLOATS = {float}
_get_data = Value.__dict__["data"].__get__
_put_grad = Value.__dict__["grad"].__set__
_above = ABOVE[Value]  # the kinds of number that take Values among their operands


def _await(error: LentError) -> None:
    """Wait for a parameter that another thread's recording has, without holding what that may wait for."""
    if isinstance(error.lent, Value):
        error.lent.data  # noqa: B018 - it comes when the recording is over


# The sweep. `with` and `try` hold calls here and no loops: CPython 3.13.0 leaves jumps of some loops out of its exception table,
# so that Ctrl-C inside such a loop would neither be undone nor free the lock.


def _backward(output: Value, seed: float) -> None:
    order = topological(output)
    before = [node.grad for node in order]
    restoring = map(setattr, order, repeat("grad"), before)
    restore = together
    try:
        _sweep(output, seed, order, before)
    except BaseException:
        # One call into C, made ready before: not even a second Ctrl-C can fall between two nodes of it, as it can in a loop. It needs no
        # memory, of which there may be none: `setattr` takes its arguments as they stand, where a slot's own setter wants a tuple of them.
        restore(restoring)
        if sys.exc_info()[0] is TypeError:  # not in a clause of its own: without memory CPython 3.11 never comes out of one
            refuse_misplaced(*order)
            refuse_grads(order, before)
        raise


@sweep
def _sweep(output: Value, seed: float, order: list[Value], before: list[float]) -> None:
    if type(output.data) is not float:  # + and × go on with other types as Python does, and the output tells
        refuse_misplaced(output)
    found = swept(order, (output,), seed) if MISSING else None
    if found is not None:  # some local derivative does not exist: a sweep that looks whether it is masked
        for node, gradient in found.items():
            node.grad = gradient
    else:
        for node in order:
            node.grad = 0.0
        output.grad = seed
        for node in reversed(order):
            upstream = node.grad
            if upstream:  # a gradient of exactly 0 hands nothing on, so that 0·inf cannot become NaN
                x = node.x
                if x is not None:
                    x.grad += upstream * node.dx  # += : contributions from several paths add up
                y = node.y
                if y is not None:
                    y.grad += upstream * node.dy
    # A gradient that is not finite stays so on its way down, and reaches a leaf: only the leaves need a look.
    leaves = [node for node in order if node.op is None]
    if not {*map(type, map(_get_data, leaves))} <= _FLOATS:
        refuse_misplaced(*leaves)
    held = [grad for node, grad in zip(order, before, strict=True) if node.op is None]
    if not {*map(type, held)} <= _FLOATS:
        refuse_grads(leaves, held)
        held = [grad or 0.0 for grad in held]  # None is how some people write 0
    totals = [grad + leaf.grad for grad, leaf in zip(held, leaves, strict=True)]
    sum_of_all = sum(totals)  # tells of other types, and of what is not finite: quicker than to look at each
    if type(sum_of_all) is not float:
        totals = [float(total) for total in totals]
    if not (math.isfinite(sum_of_all) or all(map(math.isfinite, totals))):
        raise guilty(output, seed, leaves, held)
    for leaf, total in zip(leaves, totals, strict=True):
        leaf.grad = total


def _comparable(other: Any) -> float:
    if isinstance(other, Value):
        return other.data
    if type(other) is float and math.isinf(other):
        return other  # as in `best = inf; if loss < best`: it is looked at, and does not enter a graph
    if type(other) in _above:
        return other.data  # type: ignore[no-any-return]
    if holds_many(other):
        return other  # type: ignore[no-any-return] # it compares the number with each of its own
    return as_float(other, "a number to compare with", "a Value")


# How a row records.


def _recording(kind: type[Value]) -> Callable[..., Value]:
    """How nodes of this class are made."""

    def record(primitive: Primitive, data: float, x: Value | None, dx: float, y: Value | None = None, dy: float | None = None) -> Value:
        node: Value = _new(kind)
        node.data = data
        node.grad = 0.0
        node.label = None
        node.op = primitive
        node.x = x
        node.dx = dx
        node.y = y
        node.dy = dy  # type: ignore[assignment] # None where `unused` is
        if _here is None:
            node.scope = None
        else:
            here = _here()
            node.scope = here.scope
            if here.paused:
                _forget(node, here)
        return node

    return record


UNDEFINED = (ArithmeticError, ValueError)
"""What a rule raises where there is no local derivative. Anything else is a mistake in the rule, and is not hidden."""


def _undefined(error: Exception) -> float:
    return math.inf if isinstance(error, OverflowError) else Missing()  # infinite of a sign that is not known


@interpretation(Value)
def _on_values(primitive: Primitive, kind: type[Value] | None = None) -> Callable[..., Value]:
    """A row on Values: compute, refuse what is not finite, fix the local derivatives, make the node.

    A local derivative that does not exist is stored as nan and one beyond the floats as inf, for it must not break a forward
    pass that has a value; a sweep that needs it raises. Constants stay floats, in the partial's place of the operand that is
    missing.
    """
    name, forward, record_node = primitive.name, forward_of(primitive), _recording(kind or Value)
    if primitive.joins:
        return joined.recording(primitive, record_node, _above, refuse_misplaced, _undefined)
    # Python's arithmetic hands a strange type in `data` on, to be refused later. Other functions would make a float of it: they look here.
    looks = getattr(primitive.forward, "__module__", None) != "_operator"

    if len(primitive.operands) == 1:
        rule = rule_of(primitive.partials[0])

        def record(x: Value) -> Value:
            a = x.data
            if looks and type(a) is not float:
                refuse_misplaced(x)
            try:
                z = forward(a)
            except FAILURES as error:
                refuse_misplaced(x)
                raise failure(primitive, (x,), error) from None
            try:
                if z * 0.0 or a * 0.0:  # an operand that was edited to NaN is refused even where the result is a number
                    raise failure(primitive, (x,))
                if type(z) is not float:
                    refuse_misplaced(x)
            except (TypeError, ValueError):
                refuse_misplaced(x)
                raise
            try:
                dx = rule(z, a)
            except UNDEFINED as error:
                dx = _undefined(error)
            return record_node(primitive, z, x, dx)

        return _named(record, primitive)

    rule_x, rule_y = map(rule_of, primitive.partials)

    def record_two(x: Any, y: Any) -> Value:
        if isinstance(x, Value):
            a = x.data
            if looks and type(a) is not float:
                refuse_misplaced(x)
            left: Value | None = x
        else:
            if type(x) in _above:
                return primitive.kinds[type(x)](x, y)  # type: ignore[no-any-return]
            try:
                dx = a = as_float(x, asker=name)
            except TypeError:
                return among_arrays(primitive, x, y)  # type: ignore[no-any-return]
            left = None
        if isinstance(y, Value):
            b = y.data
            if looks and type(b) is not float:
                refuse_misplaced(y)
            right: Value | None = y
        else:
            if type(y) in _above:
                return primitive.kinds[type(y)](x, y)  # type: ignore[no-any-return]
            try:
                dy = b = as_float(y, asker=name)
            except TypeError:
                return among_arrays(primitive, x, y)  # type: ignore[no-any-return]
            right = None
        if right is not None and rule_y is None:
            raise TypeError(f"{name} needs a plain number as {primitive.operands[1]}, but got {y!r}; x ** y takes a Value there")
        try:
            z = forward(a, b)
        except FAILURES as error:
            refuse_misplaced(x, y)
            raise failure(primitive, (x, y), error) from None
        try:
            if z * 0.0 or a * 0.0 or b * 0.0:
                raise failure(primitive, (x, y))
            if type(z) is not float:
                refuse_misplaced(x, y)
        except (TypeError, ValueError):
            refuse_misplaced(x, y)
            raise
        if left is not None:
            try:
                dx = rule_x(z, a, b)
            except UNDEFINED as error:
                dx = _undefined(error)
        if right is not None:
            try:
                dy = rule_y(z, a, b)
            except UNDEFINED as error:
                dy = _undefined(error)
        return record_node(primitive, z, left, dx, right, dy)

    return _named(record_two, primitive)


def _named(record: Callable[..., Value], primitive: Primitive) -> Callable[..., Value]:
    record.__name__, record.__qualname__, record.__doc__ = primitive.name, f"Value.{primitive.name}", primitive.summary
    return record


def _forget(node: Value, here: State) -> None:
    """Under no_grad() a new node forgets how it was made."""
    node.op = node.x = node.y = node.unused = None
    node.made_in = here.run


# The names by which pickles from before `copies` stood on its own find what loads them.


def _restore(*fields: Any) -> Value:
    kind, own = fields[9:] or (Value, None)
    return copies.restore(kind, own, *fields[:9])  # type: ignore[no-any-return]


_last = copies.last


# Operators and methods, bound from the rows. Every row is a method of its name: v.exp(), x.hypot(y).

_ADD, _MULTIPLY, _POW, _POWER = (PRIMITIVES[name] for name in ("add", "multiply", "pow", "power"))


def _methods() -> None:
    bind(Value, lambda primitive: primitive.kinds[Value])
    for name in composed.METHODS:
        setattr(Value, name, getattr(composed, name))


_methods()
bind_names(Value)
bind_habits(Value)
