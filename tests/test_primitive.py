"""What a primitive is: its record, its meaning on each kind of number, the way in for numbers, and the words of a refusal."""

from __future__ import annotations

import decimal
import math
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import (
    PRIMITIVES,
    DivisionByZeroError,
    DomainError,
    GradientError,
    NonFiniteError,
    Primitive,
    RangeError,
    Value,
    composed,
    gradient,
    ops,
)
from autograd.numbers import as_float, as_operand
from autograd.primitive import REALS, Interval, interpretation, register

ROWS = pytest.mark.parametrize("row", PRIMITIVES.values(), ids=list(PRIMITIVES))


def cube(**columns: Any) -> Primitive:
    """A row as somebody outside writes one; `columns` replaces some of it."""
    row: dict[str, Any] = {
        "name": "cube",
        "operands": ("x",),
        "forward": lambda x: x * x * x,
        "partials": (lambda z, x: 3.0 * (x * x),),
        "symbol": "³",
        "formula": "x**3",
        "latex": "<x>^3",
        "textbook": ("3*x**2",),
        "domain": (REALS,),
        "summary": "The cube.",
    }
    return Primitive(**(row | columns))


@pytest.fixture
def table() -> Iterator[dict[str, Primitive]]:
    """The table, put back as it was afterwards."""
    before = dict(PRIMITIVES)
    yield PRIMITIVES
    PRIMITIVES.clear()
    PRIMITIVES.update(before)


# ------------------------------------------------------------------------------------------------------------------------
# Rows from outside


def test_a_row_from_outside_is_a_function_on_floats_and_values(table: dict[str, Primitive]) -> None:
    """One registered record is enough: numbers, gradients and their gradients follow."""
    function = register(cube())
    assert "cube" == function.__name__
    assert table["cube"] is function.primitive
    assert 8.0 == function(2.0) == function(2) == function(Fraction(2)) == function(np.float32(2.0))
    x = Value(2.0)
    z = function(x)
    z.backward()
    assert (8.0, 12.0) == (z.data, x.grad)
    second = gradient(gradient(z, x), x)
    assert (12.0, 6.0) == (second.data, gradient(second, x).data)
    with pytest.raises(RangeError, match="cube gives a number beyond the largest float"):
        function(1e200)


def test_a_row_with_two_operands_from_outside(table: dict[str, Primitive]) -> None:
    """Rules by position, a condition in words, and a constant on either side."""
    function = register(
        cube(
            name="ratio",
            operands=("a", "b"),
            forward=lambda a, b: a / (a + b),
            partials=(lambda z, a, b: z / a * (1.0 - z), lambda z, a, b: -z * z / a),
            formula="a/(a + b)",
            latex=r"\frac{<a>}{<a> + <b>}",
            textbook=("b/(a + b)**2", "-a/(a + b)**2"),
            domain=(REALS, REALS),
            condition="a + b ≠ 0",
        )
    )
    a, b = Value(1.0), Value(3.0)
    function(a, b).backward()
    assert (0.25, 0.1875, -0.0625) == (function(1.0, 3.0), a.grad, b.grad)
    assert ((0.1875,), (-0.0625,)) == (function(a, 3).partials, function(1, b).partials)
    with pytest.raises(DivisionByZeroError, match=r"ratio would divide by zero: it needs a \+ b ≠ 0, but got a=1.0, b=-1.0"):
        function(a, -1.0)


def test_a_name_is_taken_once(table: dict[str, Primitive]) -> None:
    """A second row of the same name is refused, and the table keeps the first."""
    first = register(cube()).primitive
    with pytest.raises(ValueError, match="there is a primitive named 'cube' already"):
        register(cube())
    assert first is table["cube"]
    with pytest.raises(ValueError, match="named 'exp' already"):
        register(cube(name="exp"))


@pytest.mark.parametrize("name", ["a b", "lambda", "", "2x", "data", "grad", "label", "x"])
def test_names_that_no_function_can_have_are_refused(name: str) -> None:
    """What Python cannot call, and what is an attribute of every Value, such as `data`."""
    before = dict(PRIMITIVES)
    with pytest.raises(ValueError, match=r"named as a Python function is|numbers have an attribute"):
        register(cube(name=name))
    assert before == PRIMITIVES


def test_a_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="a primitive needs a text as name, but got None"):
        cube(name=None)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"operands": ()}, "one or two operands, but 'cube' names 0"),
        ({"operands": ("x", "y", "z")}, "one or two operands, but 'cube' names 3"),
        ({"partials": ()}, r"'cube' has 1 operand\(s\) but 0 partials"),
        ({"textbook": ("1", "2")}, r"'cube' has 1 operand\(s\) but 2 textbook"),
        ({"domain": ()}, r"'cube' has 1 operand\(s\) but 0 domain"),
        ({"partials": (None,)}, "'cube' needs a rule for x"),
        ({"loss": {"y": (lambda z, x: 0.0, "rounding")}}, "each key in the loss of primitive 'cube' is 'x' or 'z', but got 'y'"),
        ({"zero": "never"}, "zero is '', 'exact' or 'product', but got 'never'"),
    ],
)
def test_a_record_that_does_not_fit_together_is_refused(columns: dict[str, Any], message: str) -> None:
    """Every column has one entry per operand, and the first operand has a rule."""
    with pytest.raises(ValueError, match=message):
        cube(**columns)


def test_a_forward_without_a_declared_domain_still_speaks_clearly() -> None:
    """Where a row says nothing of its domain, the error says where it happened."""
    row = cube(forward=math.sqrt)
    with pytest.raises(DomainError, match=r"cube is not defined everywhere: got x=-1\.0"):
        row.kinds[float](-1.0)
    row = cube(forward=lambda x: 1.0 / x)
    with pytest.raises(DivisionByZeroError, match=r"cube would divide by zero: it is not defined everywhere: got x=0\.0"):
        row.kinds[float](0.0)
    row = cube(forward=lambda x: x + "1")
    with pytest.raises(TypeError, match=r"cube could not be computed: got x=1\.0 \(unsupported operand"):
        row.kinds[float](1.0)


@ROWS
def test_docstrings_say_the_function_its_derivatives_and_its_domain(row: Primitive) -> None:
    """help(autograd.log) is a page of the table."""
    text = getattr(autograd, row.name).__doc__
    assert text.startswith(row.summary)
    assert f"z = {row.formula}" in text
    for operand, form in zip(row.operands, row.textbook, strict=True):
        assert (f"∂z/∂{operand} = {form}" if form else f"{operand} is a plain number") in text
    assert (f"Domain: {row.domain_text}." in text) == bool(row.domain_text)


@ROWS
def test_functions_of_the_table_can_be_pickled(row: Primitive) -> None:
    """They are found where they say they are, so a program that holds one can be sent to another process."""
    function = getattr(autograd, row.name)
    assert function is pickle.loads(pickle.dumps(function))


# ------------------------------------------------------------------------------------------------------------------------
# Intervals


@pytest.mark.parametrize(
    ("interval", "inside", "outside", "words"),
    [
        (Interval(), [0.0, -1e308, 1e308], [], ""),
        (Interval(low=0.0), [5e-324, 1e308], [0.0, -0.0, -1.0], "x > 0"),
        (Interval(low=0.0, closed_low=True), [0.0, -0.0, 1.0], [-5e-324], "x ≥ 0"),
        (Interval(-1.0, 1.0), [0.0, 1.0 - 2**-53], [1.0, -1.0, 2.0], "−1 < x < 1"),
        (Interval(-1.0, 1.0, True, True), [0.0, 1.0, -1.0], [1.0 + 2**-52, -2.0], "−1 ≤ x ≤ 1"),
        (Interval(0.0, 1.0, True), [0.0, 0.5], [1.0, -0.5], "0 ≤ x < 1"),
        (Interval(high=2.5, closed_high=True), [2.5, -1e308], [2.6], "x ≤ 2.5"),
        (Interval(high=2.5), [2.4], [2.5], "x < 2.5"),
    ],
)
def test_intervals(interval: Interval, inside: list[float], outside: list[float], words: str) -> None:
    """What belongs to an interval, and how it is said."""
    assert all(x in interval for x in inside)
    assert not any(x in interval for x in outside)
    assert words == interval.describe("x")


def test_domain_in_words() -> None:
    """Intervals and the joint condition, in the order of the operands."""
    assert "" == ops.add.primitive.domain_text
    assert "−1 ≤ x ≤ 1" == ops.asin.primitive.domain_text
    assert "y ≠ 0" == ops.divide.primitive.domain_text
    row = cube(
        operands=("a", "b"),
        formula="a**b",
        partials=(len, len),
        textbook=("", ""),
        domain=(Interval(low=0.0), Interval(high=1.0)),
        condition="a > b",
    )
    assert "a > 0, b < 1, a > b" == row.domain_text


# ------------------------------------------------------------------------------------------------------------------------
# Numbers in


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (3, 3.0),
        (-0.0, -0.0),
        (2.5, 2.5),
        (10**308, 1e308),
        (np.float16(0.5), 0.5),
        (np.float32(0.1), 0.10000000149011612),
        (np.float64(0.1), 0.1),
        (np.longdouble(0.25), 0.25),
        (np.int64(-7), -7.0),
        (np.uint8(255), 255.0),
        (Fraction(1, 3), 1 / 3),
        (decimal.Decimal("0.1"), 0.1),
        (decimal.Decimal("1e-400"), 0.0),
    ],
)
def test_numbers_come_in_as_python_floats(number: Any, expected: float) -> None:
    """Through the converter, into a Value, into a function, beside a Value: a float each time."""
    for taken in (as_float(number), Value(number).data, ops.stop_gradient(number), (Value(0.0) + number).data):
        assert float is type(taken)
        assert expected == taken
    assert math.copysign(1.0, expected) == math.copysign(1.0, as_float(number))


class Odd:
    """No number, and not even printable."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (True, "a number (int or float), but got True of type bool; write 1.0 or 0.0, or use where(condition, x, y)"),
        (np.True_, "a number (int or float), but got np.True_ of type bool; write 1.0 or 0.0, or use where(condition, x, y)"),
        ("2", "a number (int or float), but got '2' of type str; convert it with float(...) first"),
        (b"2", "a number (int or float), but got b'2' of type bytes; this engine is scalar: one Value per number"),
        (None, "a number (int or float), but got None of type NoneType"),
        (1 + 2j, "a number (int or float), but got (1+2j) of type complex; this engine computes with real numbers"),
        (
            np.complex128(1),
            "a number (int or float), but got np.complex128(1+0j) of type complex128; this engine computes with real numbers",
        ),
        ([1.0], "a number (int or float), but got [1.0] of type list; this engine is scalar: one Value per number"),
        ((), "a number (int or float), but got () of type tuple; this engine is scalar: one Value per number"),
        ({"a": 1}, "a number (int or float), but got {'a': 1} of type dict; this engine is scalar: one Value per number"),
        (Odd(), "a number (int or float), but got an unprintable Odd of type Odd"),
        ("x" * 100, f"a number (int or float), but got '{'x' * 36}… of type str; convert it with float(...) first"),
    ],
)
def test_what_is_no_number_is_a_type_error(thing: Any, words: str) -> None:
    """The message says what came, and what to do where that is plain; functions name themselves."""
    with pytest.raises(TypeError) as refusal:
        as_float(thing)
    assert f"needs {words}" == str(refusal.value)
    for function in (ops.exp, lambda x: ops.hypot(1.0, x), lambda x: ops.hypot(x, 2), lambda x: composed.sum([x])):
        with pytest.raises(TypeError) as refusal:
            function(thing)
        assert str(refusal.value).endswith(f" needs {words}")
    for function in (Value, Value(1.0).__add__, Value(1.0).backward, lambda x: ops.hypot(Value(1.0), x), lambda x: x - Value(1.0)):
        with pytest.raises(TypeError):
            function(thing)


def test_a_value_where_a_plain_number_is_needed() -> None:
    """Value(Value(2)) and a Value as a seed are refused with the way out."""
    for function in (Value, Value(1.0).backward, as_float):
        with pytest.raises(TypeError, match=r"got Value\(2\.0.*of type Value; take the plain number in its \.data"):
            function(Value(2.0))


@pytest.mark.parametrize(
    ("number", "error", "message"),
    [
        (math.nan, NonFiniteError, "needs a number that is finite, but got nan"),
        (-math.inf, NonFiniteError, "needs a number that is finite, but got -inf"),
        (np.float32("inf"), NonFiniteError, "needs a number that is finite, but got inf"),
        (decimal.Decimal("Infinity"), NonFiniteError, "needs a number that is finite, but got inf"),
        (decimal.Decimal("NaN"), NonFiniteError, "needs a number that is finite, but got nan"),
        (decimal.Decimal("sNaN"), NonFiniteError, "needs a number that is finite, but got nan"),
        (10**309, RangeError, f"needs a number that fits a float (up to about 1.8e308), but got 1{'0' * 36}…"),
        pytest.param(
            -(10**5000),
            RangeError,
            "needs a number that fits a float (up to about 1.8e308), but got an unprintable int",
            id="an int of 5001 digits",
        ),
        (Fraction(10**400), RangeError, f"needs a number that fits a float (up to about 1.8e308), but got Fraction(1{'0' * 27}…"),
        (decimal.Decimal("1e400"), RangeError, "needs a number that fits a float (up to about 1.8e308), but got Decimal('1E+400')"),
    ],
)
def test_numbers_that_no_finite_float_holds_are_refused(number: Any, error: type[Exception], message: str) -> None:
    """NaN and infinity, and finite numbers that are too large, in whatever type they come."""
    with pytest.raises(error) as refusal:
        as_float(number)
    assert message == str(refusal.value)
    for function in (Value, Value(1.0).__mul__, Value(1.0).backward, ops.exp, lambda x: ops.maximum(Value(1.0), x)):
        with pytest.raises(error):
            function(number)


def test_messages_name_what_is_needed() -> None:
    """The one converter speaks for seeds, operands and data alike."""
    with pytest.raises(TypeError, match=r"^needs a seed \(int or float\), but got 'x'"):
        as_float("x", "a seed")
    with pytest.raises(NonFiniteError, match=r"^clip needs a number as low that is finite, but got nan"):
        as_float(math.nan, "a number as low", "clip")


def test_operands_are_values_or_floats() -> None:
    """What the rows are interpreted on stays itself; plain numbers become floats."""
    x = Value(1.0)
    assert x is as_operand(x)
    assert float is type(as_operand(np.float64(2.0)))
    with pytest.raises(NonFiniteError):
        as_operand(math.inf)


# ------------------------------------------------------------------------------------------------------------------------
# Functions on plain numbers


@ROWS
@pytest.mark.parametrize("convert", [np.float64, np.float32, Fraction, decimal.Decimal], ids=lambda convert: convert.__name__)
def test_functions_take_plain_numbers_of_any_type(row: Primitive, convert: Callable[[float], Any]) -> None:
    """The result is a float, equal to that of the float, whichever operands come in another type."""
    function = getattr(autograd, row.name)
    operands = (1.5, 2.0)[: len(row.operands)] if row.name not in ("asin", "acos", "atanh") else (0.5,)
    expected = function(*operands)
    foreign = tuple(map(convert, operands))
    for mixture in {foreign, (*foreign[:1], *operands[1:]), (*operands[:-1], *foreign[-1:])}:
        assert float is type(function(*mixture))
        assert expected == function(*mixture)


def test_functions_take_ints_beside_values() -> None:
    """An int is a constant: it stays a float on the node."""
    x = Value(3.0)
    assert (3.0, 4.0, 5.0) == (*(getattr(a, "data", a) for a in ops.hypot(x, 4).args), ops.hypot(x, 4).data)
    assert 5.0 == ops.hypot(4, x).data
    assert 8.0 == ops.power(2, 3)


def test_a_plain_exponent_is_asked_for_where_a_value_comes() -> None:
    """`power` takes a plain number as exponent; with a Value it points to x ** y."""
    for base in (2.0, Value(2.0)):
        with pytest.raises(TypeError, match=r"power needs a plain number as c, but got Value\(3\.0.*x \*\* y takes a Value there"):
            ops.power(base, Value(3.0))


def test_messages_show_numpy_numbers_as_numbers() -> None:
    """A NumPy scalar beside a Value is named with its number when the sum overflows."""
    with pytest.raises(RangeError, match=r"got x=1e\+308, y=(np\.float64\()?1e\+308"):
        Value(1e308) + np.float64(1e308)


# ------------------------------------------------------------------------------------------------------------------------
# Another kind of number


@dataclass(frozen=True)
class Dual:
    """A number with a slope: the least that makes another kind of differentiation."""

    real: float
    slope: float

    def __add__(self, other: Any) -> Any:
        return ops.add(self, other)

    def __radd__(self, other: Any) -> Any:
        return ops.add(other, self)

    def __sub__(self, other: Any) -> Any:
        return ops.subtract(self, other)

    def __rsub__(self, other: Any) -> Any:
        return ops.subtract(other, self)

    def __mul__(self, other: Any) -> Any:
        return ops.multiply(self, other)

    def __rmul__(self, other: Any) -> Any:
        return ops.multiply(other, self)

    def __truediv__(self, other: Any) -> Any:
        return ops.divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return ops.divide(other, self)

    def __neg__(self) -> Any:
        return ops.negate(self)


def on_duals(primitive: Primitive) -> Callable[..., Dual]:
    def evaluate(*operands: Dual | float) -> Dual:
        plain = [x.real if isinstance(x, Dual) else as_float(x) for x in operands]
        z = primitive.kinds[float](*plain)
        slope = 0.0
        for rule, x in zip(primitive.partials, operands, strict=True):
            if isinstance(x, Dual):
                assert rule is not None
                slope += x.slope * rule(z, *plain)
        return Dual(z, slope)

    return evaluate


@pytest.fixture
def duals() -> Iterator[None]:
    """Duals as a kind of number; forgotten afterwards."""
    from autograd import numbers

    with pytest.raises(TypeError, match="of type Dual"):
        ops.exp(Dual(0.0, 1.0))  # met before it is a number: that must not stick
    interpretation(Dual)(on_duals)
    yield
    del numbers.KINDS[Dual]
    numbers.kind_of.cache_clear()
    for row in PRIMITIVES.values():
        row.kinds.pop(Dual, None)


@pytest.mark.usefixtures("duals")
@ROWS
def test_a_new_kind_of_number_joins_without_any_row_knowing(row: Primitive) -> None:
    """Every row works on it at once, mixed with floats too, and agrees with the gradients of Values."""
    operands = (1.5, 2.0)[: len(row.operands)] if row.name not in ("asin", "acos", "atanh") else (0.5,)
    x, rest = Value(operands[0]), operands[1:]
    node = row.kinds[Value](x, *rest)
    function = getattr(autograd, row.name)
    assert Dual(node.data, node.partials[0]) == function(Dual(operands[0], 1.0), *rest)
    if row.partials[-1] is not None and rest:
        y = Value(rest[0])
        node = row.kinds[Value](operands[0], y)
        assert Dual(node.data, node.partials[0]) == function(operands[0], Dual(rest[0], 1.0))
        assert Dual(node.data, node.partials[0]) == function(int(2 * operands[0]) / 2, Dual(rest[0], 1.0))


@pytest.mark.usefixtures("duals")
def test_composed_functions_work_on_a_new_kind_of_number() -> None:
    """They are made of rows and of nothing else."""
    xs = [Dual(0.5, 1.0), Dual(2.0, 0.0), 3]
    values = [Value(0.5), 2.0, 3.0]
    for function in (
        composed.sum,
        composed.mean,
        composed.prod,
        composed.norm,
        composed.logsumexp,
        lambda xs: composed.softmax(xs)[0],
        lambda xs: composed.log_softmax(xs)[1],
    ):
        node, dual = function(values), function(xs)
        node.backward()
        assert node.data == dual.real
        assert math.isclose(values[0].grad, dual.slope, rel_tol=1e-14, abs_tol=1e-16)
        values[0].zero_grad()
    for function in (
        composed.square,
        composed.silu,
        composed.gelu,
        composed.gelu_tanh,
        lambda x: composed.clip(x, 0.0, 1.0),
        lambda x: composed.where(True, x, 2.0),
    ):
        x = Value(0.5)
        node = function(x)
        node.backward()
        dual = function(Dual(0.5, 1.0))
        assert node.data == dual.real
        assert math.isclose(x.grad, dual.slope, rel_tol=1e-14)


@pytest.mark.usefixtures("duals")
def test_a_kind_derived_from_a_known_kind_is_known() -> None:
    """The interpretation of the nearest base is taken."""

    class Named(Dual):
        pass

    assert Dual(math.exp(0.5), math.exp(0.5)) == ops.exp(Named(0.5, 1.0))


def test_a_derivative_beyond_a_domain_end_has_a_value_and_no_derivative() -> None:
    """sqrt at 0, asin at 1, acosh at 1: a forward pass goes on, a sweep that needs the derivative stops."""
    for function, x in ((ops.sqrt, 0.0), (ops.asin, 1.0), (ops.acos, -1.0), (ops.acosh, 1.0)):
        leaf = Value(x)
        node = function(leaf)
        assert math.isfinite(node.data)
        with pytest.raises(GradientError, match="no gradient through"):
            node.backward()
