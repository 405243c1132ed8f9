"""Value as a Python object: what it takes, what it refuses, and what it remembers."""

from __future__ import annotations

import asyncio
import base64
import copy
import math
import operator
import pickle
import random
import sys
import threading
import zlib
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import (
    PRIMITIVES,
    GradientError,
    NonFiniteError,
    RangeError,
    Value,
    composed,
    exp,
    gradient,
    ops,
    scope,
    sigmoid,
    sqrt,
    tanh,
    where,
)
from autograd.failures import describe_edge
from autograd.graph import edges, topological
from autograd.primitive import REALS, Primitive

from .random_graphs import SMOOTH, Step, build, recipes, values

# -- what a Value takes --------------------------------------------------------------------------------------------------

NUMBERS = [2, 2.0, np.float16(2), np.float32(2), np.float64(2), np.int8(2), np.int64(2), np.uint32(2), Fraction(2), Decimal(2)]
NO_NUMBERS = [
    True,
    np.True_,
    "2",
    b"2",
    None,
    2j,
    np.complex128(2),
    [2.0],
    (2.0,),
    {2.0},
    {"data": 2.0},
    object(),
    math.sqrt,
    float,
]
NOT_FINITE = [math.nan, math.inf, -math.inf, np.float64("nan"), np.float32("-inf"), Decimal("NaN"), Decimal("Infinity")]

POSITIONS: dict[str, Callable[[Any], Any]] = {
    "construction": lambda x: Value(x),
    "v + x": lambda x: Value(3.0) + x,
    "x + v": lambda x: x + Value(3.0),
    "v - x": lambda x: Value(3.0) - x,
    "x - v": lambda x: x - Value(3.0),
    "v * x": lambda x: Value(3.0) * x,
    "x * v": lambda x: x * Value(3.0),
    "v / x": lambda x: Value(3.0) / x,
    "x / v": lambda x: x / Value(3.0),
    "v ** x": lambda x: Value(3.0) ** x,
    "x ** v": lambda x: x ** Value(3.0),
    "hypot(v, x)": lambda x: autograd.hypot(Value(3.0), x),
    "hypot(x, v)": lambda x: autograd.hypot(x, Value(3.0)),
    "seed": lambda x: Value(3.0).backward(x),
    "v < x": lambda x: Value(3.0) < x,
    "v >= x": lambda x: Value(3.0) >= x,
}


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("x", NUMBERS, ids=lambda x: type(x).__name__)
def test_numbers_are_taken(position: str, x: Any) -> None:
    """Every kind of number means what the float means, wherever it stands, and a plain float is what is stored."""
    expected, actual = POSITIONS[position](2.0), POSITIONS[position](x)
    if isinstance(expected, Value):
        assert type(actual) is Value
        assert float is type(actual.data)
        assert expected.data == actual.data
        assert [float] * len(actual.args) == [type(getattr(arg, "data", arg)) for arg in actual.args]
        assert expected.partials == actual.partials
    else:
        assert type(expected) is type(actual)
        assert expected == actual


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("x", NO_NUMBERS, ids=lambda x: repr(x)[:12])
def test_what_is_no_number_is_refused(position: str, x: Any) -> None:
    """A bool, a text, None, a complex number, a container, an array: TypeError wherever it stands, saying what came."""
    with pytest.raises(TypeError, match=type(x).__name__):
        POSITIONS[position](x)


@pytest.mark.parametrize("position", [name for name in POSITIONS if name not in ("v < x", "v >= x")])
@pytest.mark.parametrize("x", NOT_FINITE, ids=repr)
def test_what_is_not_finite_is_refused(position: str, x: Any) -> None:
    with pytest.raises(NonFiniteError, match="finite"):
        POSITIONS[position](x)


@pytest.mark.parametrize("position", POSITIONS)
def test_an_int_beyond_the_floats_is_refused(position: str) -> None:
    with pytest.raises(RangeError, match="fits a float"):
        POSITIONS[position](10**400)


def test_a_value_of_a_value_is_refused() -> None:
    with pytest.raises(TypeError, match=r"got Value\(2.0, grad=0.0\) of type Value"):
        Value(Value(2))


def test_a_value_as_seed_is_refused() -> None:
    with pytest.raises(TypeError, match="needs a seed"):
        Value(2.0).backward(Value(1.0))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("x", "advice"),
    [
        (True, "write 1.0 or 0.0, or use where"),
        ("2", r"convert it with float\(\.\.\.\) first"),
        ([2.0], "one Value per number"),
    ],
)
def test_the_refusal_says_what_to_do(x: Any, advice: str) -> None:
    with pytest.raises(TypeError, match=advice):
        Value(3.0) * x


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.int64])
@pytest.mark.parametrize("operation", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow])
def test_a_numpy_scalar_on_the_left_gives_a_value(operation: Callable[[Any, Any], Any], kind: type) -> None:
    v = Value(3.0)
    actual = operation(kind(2), v)
    assert Value is type(actual)
    assert (operation(2.0, 3.0), (2.0, v)) == (actual.data, actual.args)


# -- arithmetic ----------------------------------------------------------------------------------------------------------

OPERATORS: list[tuple[str, str, Callable[[Any, Any], Any]]] = [
    ("a + b", "add", lambda a, b: a + b),
    ("a - b", "subtract", lambda a, b: a - b),
    ("a * b", "multiply", lambda a, b: a * b),
    ("a / b", "divide", lambda a, b: a / b),
    ("a ** b", "pow", lambda a, b: a**b),
    ("pow(a, b)", "pow", lambda a, b: pow(a, b)),
]
PAIRS = [(2.0, 3.0), (0.5, -2.0), (-3.0, 2.0), (1.5, 0.25), (1e-300, 3.0), (-0.0, 5.0)]


def record_of(node: Value) -> tuple[Any, ...]:
    return node.op, node.x, node.y, node.dx, node.dy, node.data, node.grad, node.label, node.scope


@pytest.mark.parametrize(("text", "name", "operate"), OPERATORS, ids=[text for text, _, _ in OPERATORS])
@pytest.mark.parametrize("pair", PAIRS)
def test_an_operator_records_its_row(text: str, name: str, operate: Callable[[Any, Any], Any], pair: tuple[float, float]) -> None:
    """An operator is its row: one node with the row's op, number, operands and local derivatives, + and × included, which are
    written out a second time; with a constant on either side too, which stays a float and makes no node."""
    a, b = map(Value, pair)
    constant_power = PRIMITIVES["power"] if name == "pow" else PRIMITIVES[name]
    for x, y, primitive in ((a, b, PRIMITIVES[name]), (a, pair[1], constant_power), (pair[0], b, PRIMITIVES[name])):
        node = operate(x, y)
        assert repr(record_of(primitive.kinds[Value](x, y))) == repr(record_of(node))  # as text: -0.0 and nan count
        assert (x, y) == node.args
        assert tuple(operand for operand in (x, y) if isinstance(operand, Value)) == node.parents
        assert 1 + len(node.parents) == len(topological(node))
        assert primitive.kinds[float](*pair) == node.data


@pytest.mark.parametrize(("name", "operate"), [("negate", operator.neg), ("abs", abs), ("relu", Value.relu), ("tanh", Value.tanh)])
def test_a_unary_operator_is_one_node(name: str, operate: Callable[[Value], Value]) -> None:
    a = Value(-1.25)
    node = operate(a)
    assert (PRIMITIVES[name], (a,), (a,)) == (node.op, node.args, node.parents)
    assert [a, node] == topological(node)


def test_plus_v_is_v() -> None:
    v = Value(2.0)
    assert +v is v


@pytest.mark.parametrize("name", [name for name, row in PRIMITIVES.items() if len(row.operands) == 1])
def test_every_unary_row_is_a_method(name: str) -> None:
    """v.f() and f(v) are the same record."""
    v = Value(1.5 if name == "acosh" else 0.5)
    assert record_of(getattr(ops, name)(v)) == record_of(getattr(v, name)())


@pytest.mark.parametrize("name", [name for name, row in PRIMITIVES.items() if len(row.operands) == 2])
def test_every_binary_row_is_a_method(name: str) -> None:
    v, w = Value(0.5), 2.0
    assert record_of(getattr(ops, name)(v, w)) == record_of(getattr(v, name)(w))


def test_a_row_registered_later_works_everywhere() -> None:
    """Adding one's own row from outside gives a function whose gradients, of any order, and copies are right."""
    row = Primitive("cube", ("x",), lambda x: x**3, (lambda z, x: 3.0 * x * x,), "cube", "x**3", "x^3", ("3*x**2",), (REALS,))
    v = Value(2.0)
    cube = autograd.primitive.register(row)
    try:
        assert (8.0, (12.0,)) == (cube(v).data, gradients(cube(v), v))
        assert (12.0, 12.0) == (gradient(cube(v), v).data, gradient(gradient(cube(v), v), v).data)
        assert row is pickle.loads(pickle.dumps(cube(v))).op
    finally:
        del PRIMITIVES["cube"]


def test_methods_have_the_names_of_their_rows() -> None:
    assert ("tanh", "Value.tanh", PRIMITIVES["tanh"].summary) == (Value.tanh.__name__, Value.tanh.__qualname__, Value.tanh.__doc__)
    with pytest.raises(TypeError, match=r"Value.hypot\(\) missing 1 required positional argument: 'y'"):
        Value(1.0).hypot()


def test_composed_functions_are_methods() -> None:
    v = Value(0.5)
    for name in ("square", "silu", "gelu", "gelu_tanh"):
        assert getattr(composed, name)(v).data == getattr(v, name)().data
    assert composed.clip(v, 0.0, 0.25).data == v.clip(0.0, 0.25).data


def gradients(output: Value, *nodes: Value) -> tuple[float, ...]:
    output.zero_grad()
    output.backward()
    return tuple(node.grad for node in nodes)


@pytest.mark.parametrize(
    ("build_it", "data", "grads"),
    [
        (lambda v, w: 2**v, 8.0, (8 * math.log(2), 0.0)),
        (lambda v, w: v**w, 9.0, (6.0, 9 * math.log(3))),
        (lambda v, w: v**-1, 1 / 3, (-1 / 9, 0.0)),
        (lambda v, w: 1 / v, 1 / 3, (-1 / 9, 0.0)),
        (lambda v, w: 1 - v, -2.0, (-1.0, 0.0)),
        (lambda v, w: abs(-v), 3.0, (1.0, 0.0)),
        (lambda v, w: max(v, w), 3.0, (1.0, 0.0)),
        (lambda v, w: min(v, w), 2.0, (0.0, 1.0)),
        (lambda v, w: max(v, 1.0), 3.0, (1.0, 0.0)),
        (lambda v, w: sum([v, w, v]), 8.0, (2.0, 1.0)),
        (lambda v, w: sum([v, w], 10), 15.0, (1.0, 1.0)),
        (lambda v, w: sorted([v, w])[0], 2.0, (0.0, 1.0)),
        (lambda v, w: math.prod([v, w]), 6.0, (2.0, 3.0)),
    ],
)
def test_python_s_own_functions(build_it: Callable[[Value, Value], Value], data: float, grads: tuple[float, float]) -> None:
    """2 ** v, v ** w, 1 / v, 1 - v, abs, max, min, sum, sorted work on Values, and gradients flow."""
    v, w = Value(3.0), Value(2.0)
    output = build_it(v, w)
    assert data == pytest.approx(output.data, rel=1e-15)
    assert grads == pytest.approx(gradients(output + 0 * (v + w), v, w), rel=1e-15)


def test_sum_adds_no_node_for_its_integer_0() -> None:
    """sum([...]) starts at the integer 0, and 0 + v is v itself: only for that 0, and only on the left."""
    v, w = Value(3.0), Value(2.0)
    assert (0 + v) is v
    assert [v, w, sum([v, w])][:2] == list(sum([v, w]).args)
    assert sum([v]) is v
    assert 3 == len(topological(sum([v, w])))
    for other in (0.0 + v, v + 0, np.int64(0) + v, 1 + v):
        assert other is not v
        assert 2 == len(topological(other))


def test_the_same_operand_twice() -> None:
    """a + a, x · x, x - x, x / x: rules go by position, and there are two edges."""
    x = Value(3.0)
    expected = {"add": (6.0, (1.0, 1.0), 2.0), "multiply": (9.0, (3.0, 3.0), 6.0), "subtract": (0.0, (1.0, -1.0), 0.0)}
    for node in (x + x, x * x, x - x):
        assert node.op is not None
        data, partials, total = expected[node.op.name]
        assert (data, (x, x), partials) == (node.data, node.parents, node.partials)
        assert [0, 1] == [edge.position for edge in edges(node)]
        assert (total,) == gradients(node, x)
    ratio = x / x
    assert (1.0, (x, x)) == (ratio.data, ratio.parents)
    assert (0.0,) == gradients(ratio, x)


def test_augmented_assignment_rebinds() -> None:
    """x += 1 makes a new node and leaves the old one as it was."""
    x = old = Value(2.0, label="x")
    x += 1
    x *= 3
    x -= 1
    x /= 2
    x **= 2
    assert old is not x
    assert (16.0, 2.0, (), "x") == (x.data, old.data, old.args, old.label)
    assert (12.0,) == gradients(x, old)


@pytest.mark.parametrize(
    "operate",
    [
        lambda v: v % 2,
        lambda v: 2 % v,
        lambda v: v // 2,
        lambda v: 2 // v,
        lambda v: divmod(v, 2),
        lambda v: divmod(2, v),
        lambda v: pow(v, 2, 5),
        lambda v: pow(2, v, 5),
        lambda v: v @ v,
        lambda v: v & 1,
        lambda v: ~v,
        lambda v: v[0],
        lambda v: len(v),
        lambda v: list(v),
        lambda v: [1, 2][v],
        lambda v: range(v),
        lambda v: v(),
    ],
)
def test_what_a_real_number_has_no_derivative_for_is_refused(operate: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError):
        operate(Value(3.0))


def test_attribute_access_stays_fast() -> None:
    """CPython specialises reads of slots only on classes without __getattr__ and __getattribute__: they cost a quarter of all speed."""
    for name in ("__getattr__", "__setattr__", "__getattribute__", "__dict__"):
        assert name not in {key for kind in Value.__mro__[:-1] for key in vars(kind)}


def test_a_misspelt_attribute_is_an_error() -> None:
    v = Value(1.0)
    with pytest.raises(AttributeError):
        v.date = 3.0  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="grads"):
        _ = v.grads


def test_errors_of_an_op_name_the_labels() -> None:
    p, q = Value(-1.0, label="p"), Value(1e200, label="가격")
    with pytest.raises(autograd.DomainError, match=r"log needs x > 0, but got x=-1.0 \(label 'p'\)"):
        p.log()
    with pytest.raises(RangeError, match=r"multiply gives a number beyond .* x=1e\+200 \(label '가격'\), y=1e\+200 \(label '가격'\)"):
        q * q
    with pytest.raises(RangeError, match=r"add gives .* x=1.7e\+308, y=1e\+308"):
        Value(1.7e308) + 1e308
    with pytest.raises(autograd.DivisionByZeroError, match=r"divide .*zero.* x=-1.0 \(label 'p'\), y=0"):
        p / 0
    with pytest.raises(TypeError, match=r"power needs a plain number as c, .* x \*\* y takes a Value there"):
        autograd.power(p, q)


@pytest.mark.parametrize("operate", [lambda w: w + 1.0, lambda w: 2.0 * w, lambda w: w.exp(), lambda w: 1.0 / w, lambda w: w**2])
def test_an_op_that_meets_an_edited_in_nan_names_that_leaf(operate: Callable[[Value], Value]) -> None:
    w = Value(1.0, label="w")
    w.data = math.nan
    with pytest.raises(NonFiniteError, match=r"[xy]=nan \(label 'w'\)"):
        operate(w)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", PRIMITIVES)
def test_every_row_refuses_an_operand_edited_to_no_number(name: str, bad: float) -> None:
    """Even where its result would be a number, as in relu(nan) or nan**0: what is not finite is named, not hidden."""
    primitive = PRIMITIVES[name]
    operands: list[Value | float] = [Value(0.5, label="good") for _ in primitive.operands]
    if primitive.partials[-1] is None:
        operands[-1] = 0.0
    edited = Value(0.5, label="edited")
    edited.data = bad
    operands[0] = edited
    with pytest.raises(NonFiniteError, match="label 'edited'"):
        primitive.kinds[Value](*operands)


def test_a_rule_that_fails_for_no_mathematical_reason_is_not_hidden() -> None:
    """A local derivative that does not exist is stored as nan; a mistake in somebody's own rule comes out, and leaves no node."""
    bad = Primitive("bad", ("x",), lambda x: x, (lambda z, x: x.upper(),), "bad", "bad(x)", "bad", ("",), (REALS,))
    with pytest.raises(AttributeError, match="upper"):
        bad.kinds[Value](Value(1.0))
    undefined = Primitive("u", ("x",), lambda x: x, (lambda z, x: 1 / 0,), "u", "u(x)", "u", ("",), (REALS,))
    assert math.isnan(undefined.kinds[Value](Value(1.0)).partials[0])


def test_a_local_derivative_beyond_the_floats_is_infinite_and_one_that_does_not_exist_is_nan() -> None:
    assert (math.inf,) == Value(5e-324).log().partials
    assert math.isinf(Value(1e-320).atan2(1e-320).partials[0])
    assert math.isnan(sqrt(Value(0.0)).partials[0])


# -- comparing -----------------------------------------------------------------------------------------------------------


def test_equality_and_hash_are_identity() -> None:
    a, b = Value(2.0), Value(2.0)
    assert a == a
    assert a != b
    assert a != 2.0
    assert hash(a) != hash(b)
    assert 2 == len({a, b, a})
    assert b not in [a]


@pytest.mark.parametrize("x", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("y", [1.0, 2.0, 3.0])
def test_order_is_that_of_the_numbers(x: float, y: float) -> None:
    """<, ≤, >, ≥ compare the numbers: Value with Value, and Value with a plain number on either side."""
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        for a, b in ((Value(x), Value(y)), (Value(x), y), (x, Value(y)), (np.float64(x), Value(y)), (Fraction(x), Value(y))):
            assert compare(x, y) is bool(compare(a, b))


def test_comparing_with_infinity_is_allowed_and_with_nan_is_not() -> None:
    """`best = inf; if loss < best:` is how people start; infinity does not enter a graph by it. NaN is a mistake."""
    v = Value(2.0)
    assert v < math.inf
    assert not v > math.inf
    assert v > -math.inf
    assert min(math.inf, v) is v
    with pytest.raises(NonFiniteError, match="to compare with"):
        _ = v < math.nan


def test_sorted_max_min() -> None:
    v = [Value(x) for x in (3.0, 1.0, 2.0)]
    assert [v[1], v[2], v[0]] == sorted(v)
    assert (v[0], v[1]) == (max(v), min(v))


@pytest.mark.parametrize("ask", [bool, operator.not_, lambda v: v and 1, lambda v: 1 if v else 2, lambda v: any([v])])
def test_a_value_is_neither_true_nor_false(ask: Callable[[Value], Any]) -> None:
    with pytest.raises(TypeError, match=r"compare v\.data with a number, or choose with where"):
        ask(Value(1.0))


# -- as a plain number ---------------------------------------------------------------------------------------------------


def test_plain_numbers_out() -> None:
    v = Value(3.14159)
    assert (3.14159, float) == (float(v), type(float(v)))
    assert (3, int) == (int(v), type(int(v)))
    assert (3.14, float) == (round(v, 2), type(round(v, 2)))
    assert (3, int) == (round(v), type(round(v)))
    assert "3.1416" == f"{v:.4f}"
    assert "   3.142" == f"{v:8.3f}"
    assert math.exp(3.14159) == math.exp(v)
    assert (3, 4) == (math.floor(v), math.ceil(v))


def test_repr_says_label_data_grad() -> None:
    v = Value(2.0, label="x")
    w = v * 3.0
    w.backward()
    assert "Value(2.0, label='x', grad=3.0)" == repr(v) == str(v) == f"{v}"
    assert "Value(6.0, grad=1.0)" == repr(w)
    w.label = '가격 "×"\n'
    assert "Value(6.0, label='가격 \"×\"\\n', grad=1.0)" == repr(w)


# -- what a node remembers -----------------------------------------------------------------------------------------------


def test_a_leaf() -> None:
    v = Value(2)
    assert (2.0, 0.0, None, None, None) == (v.data, v.grad, v.label, v.scope, v.op)
    assert ((), (), ()) == (v.args, v.parents, v.partials)


def test_args_parents_partials() -> None:
    """args has constants in their place; parents and partials go together, without them."""
    a, b = Value(2.0), Value(5.0)
    expected = {
        "a - b": ((a, b), (a, b), (1.0, -1.0)),
        "a - 5": ((a, 5.0), (a,), (1.0,)),
        "2 - b": ((2.0, b), (b,), (-1.0,)),
        "-a": ((a,), (a,), (-1.0,)),
    }
    for text, wanted in expected.items():
        node = eval(text, {"a": a, "b": b})
        assert wanted == (node.args, node.parents, node.partials)


def test_describe_edge_names_operation_operand_numbers_and_labels() -> None:
    x, y = Value(2.0, label="x"), Value(4.0)
    first, second = edges(x / y)
    assert "∂(x / y)/∂x at x=2.0 (label 'x'), y=4.0" == describe_edge(first)
    assert "∂(x / y)/∂y at x=2.0 (label 'x'), y=4.0" == describe_edge(second)
    (only,) = edges(1.0 / x)
    assert "∂(x / y)/∂y at x=1.0, y=2.0 (label 'x')" == describe_edge(only)


@pytest.mark.parametrize("label", ["apple", "", "사과", "a\nb", "<b>", "🍎", "x" * 10**6])
def test_a_label_is_any_text_and_can_be_set_later(label: str) -> None:
    v, w = Value(1.0, label=label), Value(1.0) + 1.0
    w.label = label
    assert (label, label) == (v.label, w.label)
    w.label = None
    assert w.label is None


@pytest.mark.parametrize("label", [1, b"x", ["x"], Value(1.0)])
def test_a_label_that_is_no_text_is_refused(label: Any) -> None:
    with pytest.raises(TypeError, match=f"label needs a text, but got .* of type {type(label).__name__}"):
        Value(1.0, label=label)


def test_labels_are_given_by_name_only() -> None:
    with pytest.raises(TypeError, match="positional"):
        Value(1.0, "x")  # type: ignore[misc]


# -- scope ---------------------------------------------------------------------------------------------------------------


def made() -> dict[str, str | None]:
    """The scope of a leaf and of a node from each way of recording."""
    v = Value(0.5)
    return {"leaf": v.scope, "+": (v + v).scope, "×": (v * 2.0).scope, "unary": exp(v).scope, "binary": (v / 2.0).scope}


def everywhere(name: str | None) -> dict[str, str | None]:
    return dict.fromkeys(("leaf", "+", "×", "unary", "binary"), name)


def test_scopes_nest_and_are_restored() -> None:
    assert everywhere(None) == made()
    with scope("hidden"):
        assert everywhere("hidden") == made()
        with scope("h1"):
            assert everywhere("hidden/h1") == made()
        with scope("h2"):
            assert everywhere("hidden/h2") == made()
        assert everywhere("hidden") == made()
    assert everywhere(None) == made()


def test_a_scope_is_left_when_an_exception_leaves_it() -> None:
    with pytest.raises(KeyError), scope("a"), scope("b"):
        raise KeyError
    assert everywhere(None) == made()


def test_a_scope_belongs_to_its_thread() -> None:
    seen: dict[str, Any] = {}

    def work(name: str, mine: threading.Barrier) -> None:
        with scope(name):
            mine.wait()
            seen[name] = made()
            mine.wait()

    barrier = threading.Barrier(3)
    threads = [threading.Thread(target=work, args=(name, barrier)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    barrier.wait()
    seen["main"] = made()
    barrier.wait()
    for thread in threads:
        thread.join()
    assert {"a": everywhere("a"), "b": everywhere("b"), "main": everywhere(None)} == seen


def test_a_scope_belongs_to_its_task() -> None:
    async def work(name: str) -> dict[str, str | None]:
        with scope(name):
            await asyncio.sleep(0)
            return made()

    async def both() -> list[dict[str, str | None]]:
        with scope("model"):
            return list(await asyncio.gather(work("a"), work("b")))

    assert [everywhere("model/a"), everywhere("model/b")] == asyncio.run(both())
    assert everywhere(None) == made()


def test_a_scope_decorates_a_function() -> None:
    @scope("layer")
    def layer() -> dict[str, str | None]:
        return made()

    assert [everywhere("layer"), everywhere("layer"), everywhere(None)] == [layer(), layer(), made()]


@pytest.mark.parametrize(("name", "error"), [(None, TypeError), (3, TypeError), (Value(1.0), TypeError), ("", ValueError)])
def test_a_scope_without_a_name_is_refused(name: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="scope needs a name"), scope(name):
        pass
    assert everywhere(None) == made()


# -- copies --------------------------------------------------------------------------------------------------------------


def fields(node: Value) -> tuple[Any, ...]:
    return node.op, repr((node.data, node.grad, node.dx, node.dy)), node.label, node.scope


def shape(*outputs: Value) -> list[tuple[Any, ...]]:
    """The graph as a list: each node's fields, and where in the list its operands stand."""
    order = topological(*outputs)
    place: dict[Value | None, int | None] = {node: i for i, node in enumerate(order)}
    place[None] = None
    return [(*fields(node), place[node.x], place[node.y]) for node in order]


def example() -> tuple[Value, Value, Value]:
    """A leaf, an inner node and an output: shared, labelled, in scopes, with constants on either side and gradients."""
    with scope("hidden"):
        x = Value(0.1, label="x")
        with scope("사과"):
            inner = 3 - x * x / (1.0 + exp(-x))
            inner.label = "속"
    y = sqrt(Value(0.0)) * 0.0 + inner**2 + sigmoid(inner) * x
    y.backward(0.3)
    return x, inner, y


COPIES: dict[str, Callable[[Any], Any]] = {
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": lambda thing, protocol=protocol: pickle.loads(pickle.dumps(thing, protocol))
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
    "pickle in Python": lambda thing: pickle._loads(pickle._dumps(thing)),  # type: ignore[attr-defined]
}


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2), (2, 0), (1, 0), (2, 2, 1), (0,), (1,), (2,)])
def test_copies_keep_everything_and_stay_one_graph(way: str, order: tuple[int, ...]) -> None:
    """deepcopy and pickle keep numbers, gradients, labels, scopes and local derivatives bit for bit; what is copied together, in
    whatever order, stays one graph."""
    nodes = example()
    originals = [nodes[i] for i in order]
    before = shape(*originals)
    copies = COPIES[way](originals)
    assert before == shape(*copies) == shape(*originals)
    assert not set(topological(*copies)) & set(topological(*originals))
    assert [originals.index(node) for node in originals] == [copies.index(node) for node in copies]


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("first", ["x", "y"])
def test_a_pickled_pair_still_works(way: str, first: str) -> None:
    """x, y = loads(dumps((x, y))): y.backward() fills that x, in either order."""
    x = Value(3.0)
    y = x * x + exp(x) / 2.0
    pair = {"x": x, "y": y} if first == "x" else {"y": y, "x": x}
    copied = COPIES[way](pair)
    copied["y"].backward()
    assert 6.0 + math.exp(3.0) / 2.0 == copied["x"].grad
    assert 0.0 == x.grad


@given(recipes(SMOOTH), st.permutations(range(4)))
def test_random_graphs_survive_copies(steps: list[Step], order: list[int]) -> None:
    made_nodes = build(SMOOTH, steps, values([0.3, -1.2, 2.0]))
    originals = [made_nodes[-min(i + 1, len(made_nodes))] for i in order]
    for way in (copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))):
        copies = way(originals)
        assert shape(*originals) == shape(*copies)
        copies[0].backward()


def test_one_pickler_dumping_twice_keeps_identity() -> None:
    """Nodes that go into one pickle stream by several dumps stay one graph, as Python's own objects do."""
    import io

    x, inner, y = example()
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream)
    for node in (inner, y, x):
        pickler.dump(node)
    stream.seek(0)
    unpickler = pickle.Unpickler(stream)
    inner2, y2, x2 = (unpickler.load() for _ in range(3))
    assert shape(inner, y, x) == shape(inner2, y2, x2)
    assert {inner2, x2} <= set(topological(y2))


@pytest.mark.slow
def test_threads_pickling_one_graph_do_not_tear_it() -> None:
    """Several threads dump the nodes of one graph at once; each gets one graph back, with no node twice."""
    sizes: set[int] = set()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def work(nodes: list[Value], start: threading.Barrier) -> None:
        start.wait()
        sizes.add(len(topological(*pickle.loads(pickle.dumps(nodes)))))

    try:
        for _ in range(60):
            nodes = [Value(1.0)]
            for _ in range(100):
                nodes.append(nodes[-1] * 0.5)
            barrier = threading.Barrier(4)
            threads = [threading.Thread(target=work, args=(nodes[::-1], barrier)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert {101} == sizes


def test_a_copy_is_a_second_node_with_the_same_operands() -> None:
    _, _, y = example()
    y.label = "y"
    twin = copy.copy(y)
    assert (fields(y), y.x, y.y) == (fields(twin), twin.x, twin.y)
    assert twin is not y
    twin.label = "other"
    assert "y" == y.label


def test_deepcopy_leaves_no_trace_and_keeps_containers() -> None:
    x, inner, y = example()
    model = {"w": [x, x], "out": (y, inner)}
    copied = copy.deepcopy(model)
    assert copied["w"][0] is copied["w"][1]
    assert copied["w"][0] in topological(copied["out"][0])
    assert copied["out"][1] in topological(copied["out"][0])


def test_a_pickle_with_an_unknown_primitive_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A graph over somebody's own primitive is pickled by the primitive's name: it is refused before it is registered, when it is
    dumped and when it is loaded. A row that only has the name of one in the table is refused too."""
    for name in ("mine", "exp"):
        own = Primitive(name, ("x",), lambda x: x, (lambda z, x: 1.0,), name, f"{name}(x)", name, ("1",), (REALS,))
        with pytest.raises(TypeError, match=rf"cannot pickle a node made by {name}: .* Register it in a module, .* or pickle the numbers"):
            pickle.dumps(own.kinds[Value](Value(2.0)))
        monkeypatch.setitem(PRIMITIVES, name, own)
        data = pickle.dumps(own.kinds[Value](Value(2.0)))
        assert (2.0, own) == (pickle.loads(data).data, pickle.loads(data).op)
    monkeypatch.delitem(PRIMITIVES, "mine")
    data = data.replace(b"exp", b"own")
    with pytest.raises(ValueError, match="primitive named 'own', which nobody has registered here: import its module first"):
        pickle.loads(data)


def test_pickling_many_leaves_is_linear() -> None:
    """10⁴ leaves pickle in as many bytes a leaf as 10² do, and a shared leaf is one leaf."""
    few, many = ([Value(random.random()) for _ in range(n)] for n in (100, 10_000))
    assert len(pickle.dumps(many)) / 10_000 < 1.2 * len(pickle.dumps(few)) / 100
    again = pickle.loads(pickle.dumps([*many, many[0]]))
    assert [v.data for v in many] == [v.data for v in again[:-1]]
    assert again[0] is again[-1]


# -- as other engines have it --------------------------------------------------------------------------------------------


def test_the_public_example_of_micrograd() -> None:
    """The example that micrograd's readers know, after changing only the import: the same three numbers."""
    a = Value(-4.0)
    b = Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert ("24.7041", "138.8338", "645.5773") == (f"{g.data:.4f}", f"{a.grad:.4f}", f"{b.grad:.4f}")


def test_the_public_names_of_micrograd() -> None:
    x = Value(0.5)
    y = x.exp().log().tanh().relu()
    y.backward()
    assert math.tanh(0.5) == pytest.approx(y.data, rel=1e-15)
    assert 1 - math.tanh(0.5) ** 2 == pytest.approx(x.grad, rel=1e-14)
    x.grad = 0  # as its training loops do
    y.backward()
    assert 1 - math.tanh(0.5) ** 2 == pytest.approx(x.grad, rel=1e-14)
    x.data += -0.1 * x.grad
    assert float is type(x.data)


def test_where_chooses() -> None:
    v, w = Value(3.0), Value(2.0)
    assert (1.0, 0.0) == gradients(where(v > w, v, w), v, w)


class Unit(Value):
    """A Value of somebody's own, with attributes of both sorts."""

    __slots__ = ("power", "unit")


class Measured(Unit):
    """And one that derives from it."""

    def __init__(self, data: float, unit: str) -> None:
        super().__init__(data, label="length")
        self.unit, self.notes = unit, ["a list"]


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
def test_a_class_that_derives_from_Value_is_kept(way: Callable[[Any], Any]) -> None:
    """With its own attributes, by copy, deepcopy and pickle, alone and below other nodes."""
    length = Measured(2.0, "m")
    again = way(length)
    assert (Measured, 2.0, "length", "m", ["a list"]) == (type(again), again.data, again.label, again.unit, again.notes)
    assert not hasattr(again, "power")
    assert (way is copy.copy) == (again.notes is length.notes)
    y = way(length * 3.0 + length)
    assert y.y is y.x.x
    assert (Measured, "m", Measured) == (type(y.y), y.y.unit, type(y))
    y.backward()
    assert 4.0 == y.y.grad


# -- numbers of other types ------------------------------------------------------------------------------------------------

STRANGE = [np.float32(0.5), np.float16(0.5), np.longdouble(0.5), 1j, "0.5", None, [0.5]]
USES: dict[str, Callable[[Value], Value]] = {
    "+": lambda p: p + 1.0,
    "reflected +": lambda p: 1.0 + p,
    "+ of Values": lambda p: Value(1.0) + p,
    "×": lambda p: p * 2.0,
    "× of Values": lambda p: Value(2.0) * p,
    "−": lambda p: p - 1.0,
    "÷": lambda p: p / 2.0,
    "reflected ÷": lambda p: 2.0 / p,
    "negate": lambda p: -p,
    "power": lambda p: p**2,
    "pow": lambda p: p**p,
    "exp": exp,
    "exp of a product": lambda p: exp(p * 1.1),
    "maximum": lambda p: ops.maximum(p, 0.1),
    "nothing": lambda p: p,
}


@pytest.mark.parametrize("strange", STRANGE, ids=repr)
@pytest.mark.parametrize("use", USES)
def test_a_number_of_another_type_in_data_is_named(use: str, strange: Any) -> None:
    """The next operation that meets it, or the sweep, says which node it is and what was put there: else a float32 would stay one."""
    p = Value(0.5, label="p")
    p.data = strange
    with pytest.raises(TypeError, match=r"label='p'|label 'p'") as refusal:
        USES[use](p).backward()
    assert repr(strange) in str(refusal.value)
    assert 0.0 == p.grad


@pytest.mark.parametrize("fine", [3, np.float64(0.5), 0.5])
@pytest.mark.parametrize("use", USES)
def test_a_whole_number_or_a_float64_in_data_is_a_float(use: str, fine: Any) -> None:
    """What has a float's value is taken for it, and gradients are floats."""
    p, expected = Value(0.5), Value(float(fine))
    p.data = fine
    found = USES[use](p)
    found.backward()
    USES[use](expected).backward()
    assert (expected.grad, float) == (p.grad, type(p.grad))


@pytest.mark.parametrize("strange", [*STRANGE[:5], [0.5]], ids=repr)
def test_a_number_of_another_type_in_grad_is_named(strange: Any) -> None:
    """None is how some people write 0; a float64 and an int are floats; all else is named, and stays where it was put."""
    p = Value(0.5, label="p")
    y = p * 2.0
    for fine, total in ((None, 2.0), (3, 5.0), (np.float64(1.0), 3.0)):
        p.grad = fine
        y.backward()
        assert (total, float) == (p.grad, type(p.grad))
    p.grad = strange
    with pytest.raises(TypeError, match=r"the grad of Value\(0.5, label='p', grad=.* is of type .*: somebody has put it there"):
        y.backward()
    assert strange is p.grad


def test_graphs_pickled_by_the_first_version_load() -> None:
    """A graph that 0.1.0 stored is the same graph here: numbers, labels, scope and gradients, and its leaves get more of them."""
    x, w, y = pickle.loads((Path(__file__).parent / "data" / "graph-0.1.0.pickle").read_bytes())
    h = next(node for node in topological(y) if node.label == "h")
    assert (0.5, -1.5, "layer") == (x.data, w.data, h.scope)
    before = x.grad, w.grad
    fresh = exp(tanh(x * w + 1.0)) * x**2 / 3.0
    assert fresh.data == y.data
    y.backward()
    assert (2 * before[0], 2 * before[1]) == (x.grad, w.grad)


PICKLED_BEFORE = (
    "c-n1Gy{f`66i&5bK@br)!MQGd1-o^+8H77Z3AC7E>rayiR}fs}E@u!tzNe31Qd1G_8BRXJ_jgY2?c$JXpwE=tEK8OIdzPyd!HdgO$W58z6@40oPacWvOTbY`&A>ovq6o~6"
    "t=RotXHpA~8Y%<9DNsn9BX4Ol@@;l_npG46oj7O07%b4&3h)Y*%WRwfVH6HNwDhf94S0|DY#O*?S4#ZOG|gW}7fh_O^%9}`lL=wa6{mBgyiaSNHcOJ`_}Sh5)qs!q*vj}Y"
    "3jK!0UftLNKB<DzvtIugJOIbEX7~"
)
"""u·u + √z, times 3, at u=2 of a class of somebody's own and z=0, pickled while `value` did that itself; compressed, in base 85."""


def test_graphs_pickled_before_copies_stood_on_their_own_load() -> None:
    """With the leaf's class and its attribute, the edge that does not exist, and one node where there was one."""
    u, z, y = pickle.loads(zlib.decompress(base64.b85decode(PICKLED_BEFORE)))
    assert (Unit, "m", "u", 12.0) == (type(u), u.unit, u.label, y.data)
    assert [u, u] == list(y.x.x.parents)
    with pytest.raises(GradientError, match=r"through sqrt: its local derivative .* at x=0.0 .label 'z'. does not exist"):
        y.backward()
    again = pickle.loads(pickle.dumps((u, z, y)))
    assert (12.0, 2.0, 0.0) == (again[2].data, again[0].data, again[1].data)
