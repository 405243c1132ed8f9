"""Classes that derive from Value, attributes of people's own, and what micrograd's programs read of a node."""

from __future__ import annotations

import copy
import operator
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import GradientError, Value, compile, exp, gradient, hypot, no_grad, sqrt, sum, tanh  # noqa: A004
from autograd.primitive import function_of


class Weight(Value):
    """With attributes, two of them on every node."""

    m = v = 0.0


class Slotted(Value):
    """With one attribute, and a method that is its own."""

    __slots__ = ("tag",)

    def tanh(self) -> Any:
        """Not the table's."""
        return self * 7.0


class Heir(Slotted):
    """What it is given."""

    __slots__ = ()


@pytest.mark.parametrize("operate", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow])
def test_results_are_of_the_class(operate: Callable[[Any, Any], Any]) -> None:
    """Beside Values and numbers, on either side; with the number, operands and local derivatives of a Value's."""
    w, v = Weight(3.0), Value(2.0)
    for x, y in ((w, v), (v, w), (w, w), (w, 2.0), (2.0, w), (w, 2), (2, w)):
        node = operate(x, y)
        plain = operate(*(Value(z.data) if isinstance(z, Weight) else z for z in (x, y)))
        assert (Weight, (x, y)) == (type(node), node.args)
        assert (plain.data, plain.op, plain.partials) == (node.data, node.op, node.partials)


@pytest.mark.parametrize("name", [name for name, row in autograd.PRIMITIVES.items() if len(row.operands) == 1])
def test_rows_of_one_operand_keep_the_class(name: str) -> None:
    at = 1.5 if name == "acosh" else 0.5
    w = Weight(at)
    for node in (function_of(autograd.PRIMITIVES[name])(w), getattr(w, name)()):
        plain = getattr(Value(at), name)()
        assert (Weight, plain.data, plain.partials) == (type(node), node.data, node.partials)


def test_rows_of_two_operands_keep_the_class_of_the_first() -> None:
    w, v = Weight(3.0), Value(4.0)
    assert [Weight, Weight, Value] == [type(x) for x in (hypot(w, v), hypot(4.0, w), hypot(v, w))]


def test_what_a_class_has_written_it_keeps_and_so_do_its_heirs() -> None:
    s, h = Slotted(1.0), Heir(1.0)
    assert (7.0, 7.0) == (s.tanh().data, h.tanh().data)
    assert [Slotted, Heir, Heir, Heir, Heir] == [type(x) for x in (s + 1.0, h.sin(), h + s, s + h, h.tanh())]
    assert Value(1.0).tanh().data == tanh(s).data


def test_sums_gradients_detached_leaves_and_no_grad() -> None:
    w = Weight(3.0, label="w")
    assert w is sum([w])
    assert [Weight] * 4 == [type(x) for x in (sum([w, w]), gradient(w * w * w, w), w.detach(), -w)]
    assert (3.0, None, "w") == (w.detach().data, w.detach().op, w.detach().label)
    with no_grad():
        assert (Weight, None) == (type(w * w), (w * w).op)


def test_attributes_stay_in_copies_and_pickles() -> None:
    w = Weight(3.0)
    w.m, w.note = 0.5, ["x"]  # type: ignore[attr-defined]
    y = exp(w * 0.1)
    y.color = "red"  # type: ignore[attr-defined]
    for again in (copy.copy(y), copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
        assert (Weight, "red", y.data) == (type(again), again.color, again.data)
        below = again.parents[0].parents[0]
        assert (Weight, 0.5, 0.0, ["x"]) == (type(below), below.m, below.v, below.note)
        again.backward()
    s = Slotted(1.0)
    s.tag = 4
    assert 4 == pickle.loads(pickle.dumps(s)).tag == copy.copy(s).tag


@pytest.mark.parametrize("name", ["m", "v", "color", "velocity"])
def test_the_error_says_what_has_room(name: str) -> None:
    x = Value(1.0)
    with pytest.raises(AttributeError, match=r"class MyValue\(Value\): pass.*nn\.micrograd.*dict by node"):
        setattr(x, name, 0.0)
    assert not hasattr(x, name)
    with pytest.raises(AttributeError, match=f"no attribute {name!r}"):
        getattr(x, name)
    mine = type("Mine", (Value,), {})(1.0)
    setattr(mine, name, 2.0)
    assert 2.0 == getattr(mine, name)
    delattr(mine, name)
    assert not hasattr(mine, name)


def test_programs_take_plain_values() -> None:
    """A class with room for attributes cannot be lent to a recording, and is refused by name; one without can."""
    w = Weight(2.0)
    with pytest.raises(TypeError, match="of the class Weight, which has attributes of its own, and a program takes plain Values"):
        compile(lambda x: x * w, params=[w])(3.0)
    h = type("Bare", (Value,), {"__slots__": ()})(2.0)
    assert 6.0 == compile(lambda x: x * h, params=[h])(3.0).value


def test_what_micrograd_calls_it() -> None:
    """_prev and _op, read as draw_dot and a hand-written order read them."""
    a, b = Value(2.0), Value(-3.0)
    for node, name, operands in (
        (a + b, "+", {a, b}),
        (a * b, "*", {a, b}),
        (a * 2.0, "*", {a}),
        (a + a, "+", {a}),
        (a**2, "**2", {a}),
        (a**-0.5, "**-0.5", {a}),
        (a - b, "-", {a, b}),
        (a / b, "/", {a, b}),
        (a.relu(), "ReLU", {a}),
        (a.tanh(), "tanh", {a}),
        (a, "", set()),
    ):
        assert (name, operands) == (node._op, node._prev)


def test_a_sweep_walked_by_hand() -> None:
    """o.grad = 1, then o._backward() and so on, as the lecture does it, gives backward()'s gradients."""

    def network() -> tuple[Any, ...]:
        x1, x2, w1, w2, b = (Value(x) for x in (2.0, 0.0, -3.0, 1.0, 6.8813735870195432))
        n = x1 * w1 + x2 * w2 + b
        return n.tanh(), x1, x2, w1, w2, b

    o, *leaves = network()
    order: list[Any] = []

    def build(v: Any) -> None:
        if v not in order:
            for child in v._prev:
                build(child)
            order.append(v)

    build(o)
    o.grad = 1.0
    for node in reversed(order):
        node._backward()
    again, *others = network()
    again.backward()
    assert [leaf.grad for leaf in others] == [leaf.grad for leaf in leaves]
    edge = sqrt(Value(0.0))
    edge.grad = 1.0
    with pytest.raises(GradientError, match="no gradient through"):
        edge._backward()
