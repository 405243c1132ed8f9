"""Recording: a function run once on numbers that write down what is done with them, and give nothing away that could freeze.

A `Traced` is a Value as far as arithmetic goes. It differs where a program could go wrong: a comparison is noted as a guard, for the
program is right only while it comes out the same, and a number cannot be read. It computes no local derivatives, since the program
will have its own.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count, repeat
from types import SimpleNamespace
from typing import Any, NoReturn

from .. import context, ops
from ..arrays import bind_names
from ..errors import InUseError
from ..failures import label_of
from ..graph import Node, become
from ..numbers import ABOVE, as_float, holds_many
from ..primitive import FAILURES, PRIMITIVES, Primitive, among_arrays, bind, failure, forward_of, function_of, interpretation
from ..process import LentError, afterwards, all_of, assign, come_home, in_a_child, lending, refuse_reentry, together, updating
from ..terms import TracingError as TracingError
from ..value import Value
from .tape import Check, Tape, no_operation

_new = object.__new__
_above = ABOVE[Value]


class Recorder:
    """A recording: the tape that it fills, and what it keeps until the tape is done.

    constants  the constant operands, by the node's number: of the first operand, and of the second. Most nodes have none
    names      labels and scopes, likewise
    failed     the rows that failed: a function that caught that went a way for which there is no comparison
    next       gives the next node's number
    note       takes (row, number of the first operand, number of the second), -1 where that is a constant or none; `noted` has them in line
    """

    __slots__ = ("constants", "failed", "names", "next", "note", "noted", "tape")

    def __init__(self, inputs: int) -> None:
        self.tape = Tape([], [], [], [], [], [], set(), ([], []), [], 0.0)
        self.constants: tuple[dict[int, float], dict[int, float]] = ({}, {})
        self.names: dict[str, dict[int, str | None]] = {"label": {}, "scope": {}}
        self.failed: list[str] = []
        self.next: Callable[[], int] = count(inputs).__next__
        self.noted: list[Any] = []
        self.note = self.noted.extend


_NONE = Recorder(0)
_now: Recorder = _NONE
"""The recording that is under way; `_NONE` where none is. It is one at a time, since the parameters are Traced as long as it lasts. What is
under way in this very thread stands in its context, too: `here.tape is _now` says "this thread records", for no context has `_NONE`.
"""


_recording_here: Callable[[], bool] = lending._is_owned
_updating_here: Callable[[], bool] = updating._is_owned


PATIENCE = 10.0
"""How many seconds other threads wait for a recording to give a parameter back. One that the recording itself waits for is told then."""


def _given_back(x: Value) -> bool:
    """Whether x was lent to a recording in another thread, and is itself again."""
    if _recording_here():
        return False
    patience = 0.0 if _updating_here() else PATIENCE  # for what this thread holds then, the recording may wait
    if not lending.acquire(timeout=patience):
        name = "a parameter" if x.label is None else f"the parameter {x.label!r}"
        raise LentError(f"{name} is in use: another thread records a program with it", x)
    back = type(x) not in (Traced, Foreign)  # asked while nobody can lend it to the next recording
    lending.release()
    return back


def _refuse(what: str, instead: str = "use stop_gradient(x) where no gradient is to flow, where(condition, x, y) to choose") -> NoReturn:
    raise TracingError(f"{what} while a program is recorded: it would be frozen into the program; {instead}")


def _named(name: str) -> property:
    """A name that a number can be given while it is recorded: it is kept by the tape."""
    slot = Value.__dict__[name]

    def get(self: Traced) -> str | None:
        try:
            text: str | None = slot.__get__(self)
        except AttributeError:
            return None
        return text

    def put(self: Traced, text: str | None) -> None:
        text = None if text is None else str(text)  # a label may be anything
        slot.__set__(self, text)
        if self._run is _now:
            _now.names[name][self._index] = text

    return property(get, put)


def _withheld(name: str) -> property:
    """A place in the graph, which a number has not while it is recorded."""

    def get(self: Traced) -> Any:
        if _given_back(self):
            return getattr(self, name)
        _refuse(
            "a derivative was taken backwards, or operands were asked for,",
            "a derivative inside the function, as of a network by its inputs, is taken forwards: with derivative or jvp of a function of"
            " them; by the arguments and the parameters the program itself returns the gradients",
        )

    return property(get)


class Traced(Value, results=False):
    """A number of a function that is being recorded. It knows its place on the tape, not its operands: what the function has no more use
    for is gone at once, and its memory serves the next.
    """

    __slots__ = ()

    # The slots under other names: under their own they are not for the function that is recorded.
    _number = Value.__dict__["data"]
    _run = Node.__dict__["dx"]  # which recording it belongs to
    _index = Node.__dict__["dy"]  # the node's number on the tape

    @property
    def data(self) -> float:
        """Not to be read: it would be frozen into the program."""
        if _given_back(self):
            return self.data
        _refuse(".data was read or written")

    @data.setter
    def data(self, number: float) -> None:
        if not _given_back(self):
            _refuse(".data was read or written")
        self.data = number

    @property
    def grad(self) -> float:
        """Not to be read: there is no gradient while a program is recorded."""
        if _given_back(self):
            return self.grad
        _refuse(".grad was read or written", "the program returns the gradients")

    @grad.setter
    def grad(self, number: float) -> None:
        if not _given_back(self):
            _refuse(".grad was read or written", "the program returns the gradients")
        self.grad = number

    x, y, dx, dy, made_in, first_constant, second_constant, unused = map(
        _withheld, ("x", "y", "dx", "dy", "made_in", "first_constant", "second_constant", "unused")
    )
    label, scope = _named("label"), _named("scope")

    # -- + and ×, written out for speed as a Value's are -----------------------------------------------------------------

    def __add__(self, other: Any) -> Any:
        here, run = context.here(), _now
        if here.tape is not run:
            return _ADD.kinds[Traced](self, other)
        if type(other) is Traced:
            z = self._number + other._number
            y = other._index
            known = self._run is other._run is run
        elif type(other) is float:
            z = self._number + other
            y = -1
            known = self._run is run
        else:
            return _ADD.kinds[Traced](self, other)
        if z * 0.0 or not known:
            return _ADD.kinds[Traced](self, other)  # which says what is wrong
        node = _new(Traced)
        node._number = z
        node.op = _ADD
        node._run = run
        number, note = run.next, run.note  # named first: Python 3.11 is slow to call what stands in a slot
        node._index = i = number()
        note((_ADD, self._index, y))
        if y < 0:
            run.constants[1][i] = other
        if here.scope is not None or here.paused:
            _place(node, here)
        return node

    def __mul__(self, other: Any) -> Any:
        here, run = context.here(), _now
        if here.tape is not run:
            return _MULTIPLY.kinds[Traced](self, other)
        if type(other) is Traced:
            z = self._number * other._number
            y = other._index
            known = self._run is other._run is run
        elif type(other) is float:
            z = self._number * other
            y = -1
            known = self._run is run
        else:
            return _MULTIPLY.kinds[Traced](self, other)
        if z * 0.0 or not known:
            return _MULTIPLY.kinds[Traced](self, other)
        node = _new(Traced)
        node._number = z
        node.op = _MULTIPLY
        node._run = run
        number, note = run.next, run.note  # named first: Python 3.11 is slow to call what stands in a slot
        node._index = i = number()
        note((_MULTIPLY, self._index, y))
        if y < 0:
            run.constants[1][i] = other
        if here.scope is not None or here.paused:
            _place(node, here)
        return node

    def __radd__(self, other: Any) -> Any:
        return self if type(other) is int and other == 0 else _ADD.kinds[Traced](other, self)

    def __pow__(self, other: Any, modulus: None = None) -> Any:
        if modulus is not None:
            raise TypeError("pow of a Value takes no modulus")
        if holds_many(other):
            return NotImplemented
        return (ops.pow if isinstance(other, Value) or type(other) in _above else ops.power)(self, other)

    def detach(self) -> Any:
        """The same number, through which no gradient flows."""
        if _given_back(self):
            return self.detach()
        node: Traced = ops.stop_gradient(self)
        _now.tape.stopped.add(node._index)
        return node

    # -- what would give the number away ---------------------------------------------------------------------------------

    def __float__(self) -> float:
        if _given_back(self):
            return float(self)
        _refuse("float(x), or a function of math or of a format that needs it, was asked for")

    def __int__(self) -> int:
        if _given_back(self):
            return int(self)
        _refuse("int(x) was asked for")

    def __round__(self, digits: int | None = None) -> float:
        if _given_back(self):
            return round(self, digits)
        _refuse("round(x) was asked for")

    def __format__(self, spec: str) -> str:
        if _given_back(self):
            return format(self, spec)
        return _refuse("a number was written as text", "print(x) shows what it is") if spec else repr(self)

    def __repr__(self) -> str:
        with suppress(InUseError):  # then it is shown as what it is meanwhile
            if _given_back(self):
                return repr(self)
        what = self.op.name if self.op else "a leaf"
        return f"<traced: {what}{f', label {self.label!r}' if self.label else ''}>"

    def backward(self, seed: float = 1.0) -> None:
        """Not while a program is recorded."""
        if _given_back(self):
            return self.backward(seed)
        _refuse("backward() was called", "the program returns the gradients")

    def zero_grad(self) -> None:
        """Not while a program is recorded."""
        if _given_back(self):
            return self.zero_grad()
        _refuse("zero_grad() was called", "the program returns the gradients")

    def __copy__(self) -> Value:
        if _given_back(self):
            return self.__copy__()
        _refuse("a number was copied or pickled")

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        if _given_back(self):
            return self.__deepcopy__(memo)
        _refuse("a number was copied or pickled")

    def __reduce__(self) -> tuple[Any, ...]:
        if _given_back(self):
            return self.__reduce__()
        _refuse("a number was copied or pickled")


def _comparing(relation: str, compare: Callable[[float, float], bool]) -> Callable[[Traced, Any], bool]:
    def method(self: Traced, other: Any) -> bool:
        if context.here().tape is not _now and _given_back(self):
            return compare(self, other)  # type: ignore[arg-type] # this is another thread, and now it is a Value again
        _known(self, other)
        if type(other) is Traced:
            outcome, y = compare(self._number, other._number), other._index
        else:
            if not (type(other) is float and other in (float("inf"), -float("inf"))):  # those two are welcome, as in `best = inf`
                if holds_many(other):
                    return NotImplemented  # type: ignore[no-any-return] # each of its elements asks for itself
                _refuse_values(other)
                other = as_float(other, "a number to compare with", "a Value")
            outcome, y = compare(self._number, other), other
        _now.tape.checks.append((len(_now.noted) // 3, Check(relation, (self._index, y), outcome)))
        return outcome

    return method


def _refuse_values(other: Any) -> None:
    if isinstance(other, Value):
        raise _stranger(other)


def _stranger(x: Value) -> TracingError:
    what = Value.__repr__(x) if type(x) is Value else repr(x)
    return TracingError(
        f"{what} is used while a program is recorded, but it is neither an argument nor among the parameters: give compile"
        " params=[...], with it in the list, or pass it as an argument"
    )


class Foreign(Value, results=False):
    """A Value that the function can reach, and that is none of its own, while the function is recorded: whatever it is asked is refused,
    for its number, and how it compares, would be frozen.
    """

    __slots__ = ()
    _number = Value.__dict__["data"]

    @property
    def data(self) -> float:
        """Not for the function that is recorded."""
        if _given_back(self):
            return self.data
        raise _stranger(self)

    @data.setter
    def data(self, number: float) -> None:
        if not _given_back(self):
            raise _stranger(self)
        self.data = number

    # Those two that a Value's class has written out look at the other operand first.

    def __add__(self, other: Any) -> Value:
        self.data  # noqa: B018 - it refuses
        return Value.__add__(self, other)

    def __mul__(self, other: Any) -> Value:
        self.data  # noqa: B018
        return Value.__mul__(self, other)

    def __repr__(self) -> str:
        return f"Value({self._number!r}{f', label={self.label!r}' if self.label is not None else ''})"


def _known(*operands: Any) -> None:
    """TracingError if one of them is not of the recording that is under way."""
    for x in operands:
        if type(x) is Traced and x._run is not _now:
            if _now is _NONE:
                raise TracingError("the recording is over: a number that was kept from inside a compiled function has no meaning outside")
            raise TracingError(f"{x!r} comes from an earlier run of the function, which must not keep numbers outside")


def _place(node: Traced, here: context.State) -> None:
    node.scope = here.scope
    if here.paused:
        _now.tape.stopped.add(node._index)


@interpretation(Traced, over=(Value,))
def _on_traced(primitive: Primitive) -> Callable[..., Any]:
    """A row while a program is recorded: compute, refuse what is not finite, note down. No local derivatives: the program has them."""
    forward, binary = forward_of(primitive), len(primitive.operands) == 2

    def record(*operands: Any) -> Any:
        here, run = context.here(), _now
        if here.tape is not run and not any(type(x) is Traced and not _given_back(x) for x in operands):
            return function_of(primitive)(*operands)  # this is another thread, and now they are Values again
        if primitive.joins:
            raise no_operation(primitive)
        sides: list[Any] = []
        numbers: list[float] = []
        for x in operands:
            if type(x) is not Traced:
                if type(x) in _above and type(x) is not Traced:
                    return primitive.kinds[type(x)](*operands)
                _refuse_values(x)
                try:
                    x = as_float(x, asker=primitive.name)
                except TypeError:
                    return among_arrays(primitive, *operands)
            sides.append(x)
            numbers.append(x if type(x) is float else x._number)
        if binary and primitive.partials[1] is None and type(sides[1]) is not float:
            raise TypeError(
                f"{primitive.name} needs a plain number as {primitive.operands[1]}, but got {sides[1]!r}; x ** y takes a Value there"
            )
        try:
            z = forward(*numbers)
        except FAILURES as error:
            run.failed.append(primitive.name)
            raise failure(primitive, tuple(map(_described, sides)), error) from None
        if z * 0.0 or any(x * 0.0 for x in numbers):
            run.failed.append(primitive.name)
            raise failure(primitive, tuple(map(_described, sides)))
        _known(*sides)
        node = _new(Traced)
        node._number, node.op, node._run = z, primitive, run
        node._index = i = run.next()
        places = [-1, -1]
        for k, side in enumerate(sides):
            if type(side) is float:
                run.constants[k][i] = side
            else:
                places[k] = side._index
        run.note((primitive, *places))
        if here.scope is not None or here.paused:
            _place(node, here)
        return node

    record.__name__, record.__doc__ = primitive.name, primitive.summary
    return record


def _described(x: Any) -> Any:
    """An operand as an error message shows it: by its number and label."""
    return SimpleNamespace(data=x._number, label=x.label) if type(x) is Traced else x


_ADD, _MULTIPLY = PRIMITIVES["add"], PRIMITIVES["multiply"]


bind(Traced, lambda primitive: primitive.kinds[Traced])
bind_names(Traced)
for _method, _relation, _compare in (
    ("__lt__", "<", operator.lt), ("__le__", "<=", operator.le), ("__gt__", ">", operator.gt), ("__ge__", ">=", operator.ge),
):  # fmt: skip
    setattr(Traced, _method, _comparing(_relation, _compare))


def leaf(number: float, label: str | None) -> Traced:
    """An argument of a function that is being recorded."""
    node: Traced = _new(Traced)
    _put_label(node, label)
    node._number, node.op, node._run = number, None, None
    return node


_put_label = Value.__dict__["label"].__set__


_undone: dict[int, list[tuple[Any, ...]]] = {}  # what ends each of the recordings that are under way, one inside the other


def can_be_lent(x: Value) -> bool:
    """Whether a Value can become a Traced for a while: not one of a class with attributes of its own."""
    return not type(x).__dictoffset__ and type(x).__basicsize__ == Value.__basicsize__


def record(leaves: Sequence[Traced], parameters: Sequence[Value], foreign: Sequence[Value], function: Callable[[], Traced]) -> Tape:
    """The tape of what the function does with Traced numbers, beginning with these leaves; the parameters are Traced themselves while it
    runs, and `foreign` Values refused.

    All of them keep their identity, so that it does not matter where the function finds them. They become what they were in one call
    into C, so that Ctrl-C cannot leave half of them. Nothing of what stands around the first call gets into the tape.
    """
    foreign = [x for x in foreign if can_be_lent(x)]
    with lending:
        inputs = [*leaves, *parameters]
        back = _way_back(parameters, foreign)
        run = Recorder(len(inputs))
        with afterwards(*back), context.alone(run):
            _undone[len(_undone)] = back
            with updating:  # not amid a sweep of another thread, which stands on them
                _begin(run, inputs, parameters, foreign)
            return _finished(run, inputs, function())


# No loops stand in the blocks above and below, for the reason that is said at `backward()`'s sweep.


def _way_back(parameters: Sequence[Value], foreign: Sequence[Value]) -> list[tuple[Any, ...]]:
    """The calls that end a recording that begins now."""
    for x in parameters:
        if type(x) not in (Value, Traced):
            come_home(x)
    back: list[tuple[Any, ...]] = [(globals().update, {"_now": _now})]
    back += [(become, x, type(x)) for x in (*parameters, *foreign)]
    back += [(slot.__set__, x, slot.__get__(x)) for x in parameters for slot in (Traced._run, Traced._index)]
    return [*back, (_undone.pop, len(_undone), None)]


def _begin(run: Recorder, inputs: Sequence[Any], parameters: Sequence[Value], foreign: Sequence[Value]) -> None:
    global _now
    together(map(become, parameters, repeat(Traced)))
    together(map(become, foreign, repeat(Foreign)))
    _now = run
    for i, x in enumerate(inputs):
        x._run, x._index = run, i


@in_a_child
def _end_recordings() -> None:
    """In a forked child: nobody else will end the recordings of another thread."""
    if _undone and not _recording_here():
        all_of(step for back in reversed([*_undone.values()]) for step in back)


# Parameters, for programs. While another thread records, they are lent to it: whoever comes waits.


def numbers_of(parameters: Sequence[Value]) -> list[float]:
    """The parameters' numbers, all of one moment."""
    if not parameters:
        return []
    with lending:  # which a step holds as well
        return _numbers(parameters)


def _numbers(parameters: Sequence[Value]) -> list[float]:
    return [parameter.data for parameter in parameters]


def add_gradients(parameters: Sequence[Value], gradients: Sequence[float]) -> None:
    """Add gradients to what the parameters hold, to all or, where a sum is not finite, to none: NonFiniteError."""
    refuse_reentry("backward()")
    with lending, updating:
        assign(parameters, "grad", _totals(parameters, gradients))


def _totals(parameters: Sequence[Value], gradients: Sequence[float]) -> list[float]:
    totals = [parameter.grad + gradient for parameter, gradient in zip(parameters, gradients, strict=True)]
    for total in totals:
        if total * 0.0:  # true for nan and the infinities alone
            as_float(total, "a gradient", "backward")
    return totals


def _finished(run: Recorder, inputs: Sequence[Any], output: Traced) -> Tape:
    """The tape, now that everything is on it."""
    _known(output)
    if run.failed:
        raise TracingError(
            f"{run.failed[0]} failed while the function was recorded, and the function caught that: the program would go that way for good."
            " Choose with a comparison, or with where(condition, x, y)"
        )
    tape, size = run.tape, len(inputs)
    tape.ops, tape.xs, tape.ys = run.noted[::3], run.noted[1::3], run.noted[2::3]
    tape.labels = [None if x.label is None else label_of(x) for x in inputs]
    tape.a, tape.b = (_column(found, size, len(tape.ops)) for found in run.constants)
    labels, scopes = (_column(run.names[name], size, len(tape.ops)) for name in ("label", "scope"))
    tape.names, tape.output = (labels, scopes), output._index
    return tape


def _column(found: dict[int, Any], start: int, length: int) -> list[Any]:
    """What was found for some nodes, and None for the others."""
    column: list[Any] = [None] * length
    for i, x in found.items():
        if i >= start:
            column[i - start] = x
    return column
