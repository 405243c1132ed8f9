"""Calling packed programs: arguments of every kind, errors that name the example, branches, bad input, pickles."""

from __future__ import annotations

import copy
import math
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import nn
from autograd import (
    AutogradError,
    DivisionByZeroError,
    DomainError,
    GradientError,
    NonFiniteError,
    RangeError,
    Value,
    above,
    custom_gradient,
    derivative,
    dot,
    erf,
    exp,
    gradient,
    jvp,
    log,
    sqrt,
    tanh,
    where,
)
from autograd.program import GuardError, TracingError
from autograd.program import compile as compiled

np = pytest.importorskip("numpy")

from autograd import pack  # noqa: E402


def product(x: Any, y: Any) -> Any:
    return exp(x[0]) * x[1] + y


def sheet(x: Any) -> Any:
    return log(x[0]) * x[1]


X = np.array([[0.0, 2.0], [0.0, 3.0], [0.0, 5.0]])
Y = np.array([1.0, 2.0, 3.0])

# ------------------------------------------------------------------------------------------------------------------------
# Arguments


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("memory", [1, 100, 2**23])
def test_sum_and_mean(count: int, memory: int) -> None:
    """The sum, or the mean, and the gradients of each example's arguments, in any number of blocks."""
    expected = float((X[:count, 1] + Y[:count]).sum())
    value, (dx, dy) = pack(product, batch="sum", memory=memory)(X[:count], Y[:count])
    assert value == expected
    assert dx.tolist() == [[x[1], 1.0] for x in X[:count].tolist()]
    assert dy.tolist() == [1.0] * count
    value, (dx, dy) = pack(product, memory=memory)(X[:count], Y[:count])
    assert value == pytest.approx(expected / count, rel=1e-15)
    assert dy.tolist() == [1 / count] * count


@pytest.mark.parametrize(
    "kind",
    [
        lambda x: x.tolist(),
        lambda x: tuple(map(tuple, x.tolist())),
        lambda x: x.astype(np.float32),
        lambda x: x.astype(np.float16),
        lambda x: x.astype(">f8"),
        np.asfortranarray,
        lambda x: np.repeat(x, 2, 0)[::2],
        lambda x: np.repeat(x, 2, 1)[:, ::2],
        lambda x: x[::-1].copy()[::-1],
        lambda x: [*x],
        lambda x: np.broadcast_to(x, x.shape),  # which cannot be written to
        lambda x: x.astype(np.longdouble),
        lambda x: np.ma.array(x),
        lambda x: x.astype(object).tolist(),
    ],
)
def test_arrays_of_every_kind(kind: Any) -> None:
    """Lists, tuples, other precisions, other orders in storage: the same numbers give the same result; they stay as they were."""
    given = kind(X)
    before = np.array(given, float)
    value, (dx, dy) = pack(product, batch="sum")(given, Y)
    assert value == 16.0
    assert dx.tolist() == [[2.0, 1.0], [3.0, 1.0], [5.0, 1.0]]
    assert (dx.dtype, dy.dtype) == (np.float64, np.float64)
    assert (np.array(given, float) == before).all()


@pytest.mark.parametrize(
    "kind", [list, np.asfortranarray, lambda x: x.astype(">f8"), lambda x: x.astype(object), lambda x: np.repeat(x, 2, -1)[..., ::2]]
)
def test_arrays_of_known_shapes(kind: Any) -> None:
    """Arrays of floats whose shapes were there before are taken as they are: value and gradients are, to the bit, those of the same
    numbers in any other form, before and after."""
    p = pack(lambda x, y: exp(x[0][0] * y) * x[1][1], wrt="arguments")
    x, y = np.random.default_rng(1).normal(size=(5, 2, 2)), np.linspace(0.1, 0.7, 5)
    value, gradients = p(kind(x), kind(y))
    for again in [(x, y), (x.copy(), y.copy()), (kind(x), y), (x, y)]:
        found = p(*again)
        assert found.value == value
        assert [g.tolist() for g in found.gradients] == [g.tolist() for g in gradients]
    assert len(p.forms) == 1


def test_known_shapes_of_wrong_numbers() -> None:
    """What is refused in a first call is refused in a later one: too few examples, none, and another shape that does not fit."""
    p = pack(lambda x, y: x[0] * x[1] * y)
    ones = np.ones((3, 2)), np.ones(3)
    for _ in range(2):
        with pytest.raises(ValueError, match="as many examples everywhere"):
            p(ones[0], np.ones(2))
        with pytest.raises(ValueError, match="the batch is empty"):
            p(np.empty((0, 2)), np.empty(0))
        with pytest.raises(IndexError):
            p(np.ones((3, 1)), ones[1])
        with pytest.raises(NonFiniteError, match="example 1 of the batch"):
            p(ones[0], np.array([1.0, math.nan, 1.0]))
        assert p(*ones).value == 1.0


@pytest.mark.parametrize(
    "kind",
    [np.asfortranarray, lambda x: np.broadcast_to(x, x.shape), lambda x: x[:, ::-1], lambda x: x.astype(np.float32), lambda x: x[:1]],
)
def test_many_inputs_are_read_where_they_lie(kind: Any) -> None:
    """From 64 inputs on nothing is copied; the result is the same for any order in storage."""
    model = nn.Linear(80, 2, rng=0)
    given = kind(np.random.default_rng(0).normal(size=(7, 80)).round(2))
    program = pack(lambda x: sum((y * y for y in model(x)), 0.0), params=model, wrt="all")
    value, (dx, _) = program(given)
    assert program.latest().code.direct == (0,)
    W = np.array([[w.data for w in model.parameters()[i * 81 : i * 81 + 80]] for i in range(2)])
    b = np.array([model.parameters()[80].data, model.parameters()[161].data])
    z = given.astype(float) @ W.T + b
    assert value == pytest.approx((z**2).sum() / len(given), rel=1e-13)
    assert dx == pytest.approx(2 * z @ W / len(given), rel=1e-11)


@pytest.mark.parametrize("wrt", ["params", "all"])
@pytest.mark.parametrize("width", [63, 64, 65])
def test_arguments_that_products_alone_read(width: int, wrt: Any) -> None:
    """Two wide arguments may meet in a product: dot(x, y)·c."""
    X, Y = np.random.default_rng(0).normal(size=(2, 3, width))
    c = Value(2.0)
    value, (dx, dy, by_params) = pack(lambda x, y: dot(x, y) * c, params=[c], wrt=wrt)(X, Y)
    assert value == pytest.approx(2.0 * (X * Y).sum() / 3, rel=1e-13)
    assert by_params == pytest.approx([(X * Y).sum() / 3], rel=1e-13)
    if wrt == "all":
        assert (dx.tolist(), dy.tolist()) == ((2.0 / 3 * Y).tolist(), (2.0 / 3 * X).tolist())


def test_gradients_that_nobody_asked_for() -> None:
    """With wrt="arguments" there are none by the parameters: neither garbage from views that go over them nor steps that would use it."""
    w = Value(0.5)

    def f(x: Any, s: Any) -> Any:
        return (s[0] * s[0] + w) * (w * w + s[0]) + 0.0 * x

    program = pack(f, params=[w], shared=(1,), wrt="arguments")
    for _ in range(2):
        value, (dx, ds, by_params) = program([1.0], [3.0])
        assert (value, dx.tolist(), ds, by_params) == (9.5 * 3.25, [0.0], [6.0 * 3.25 + 9.5], None)
        with program.latest().code.machine(1) as machine:
            assert machine.g_same[:2].tolist() == [29.0, 0.0]
    with pytest.raises(ValueError, match="backward needs gradients by the parameters, but f is packed with wrt='arguments'"):
        program.backward([1.0], [3.0])
    with pytest.raises(ValueError, match="training needs gradients by the parameters"), program.training(nn.SGD([w], lr=0.1)):
        pass
    assert w.grad == 0.0


def test_nested_arguments() -> None:
    """Arguments may have any number of axes, and dicts may hold several arrays; gradients come in the same shapes."""

    def f(a: Any, point: Any) -> Any:
        return a[1][0] * point["x"] + point["far"]["y"][0] * a[0][1] + point["k"]

    A = np.arange(12.0).reshape(3, 2, 2)
    points = {"x": [1.0, 2.0, 3.0], "far": {"y": [[4.0, 0.0], [5.0, 0.0], [6.0, 0.0]]}, "k": [0, 0, 7]}
    value, (da, dpoint) = pack(f, batch="sum")(A, points)
    assert value == (2 + 4) + (12 + 25) + (30 + 54 + 7)
    assert da[2].tolist() == [[0.0, 6.0], [3.0, 0.0]]
    assert dpoint["x"].tolist() == [2.0, 6.0, 10.0]
    assert dpoint["far"]["y"].tolist() == [[1.0, 0.0], [5.0, 0.0], [9.0, 0.0]]
    assert dpoint["k"] is None


def test_other_keys_are_another_program() -> None:
    """Two dicts whose arrays are alike but whose keys are not do not share a program."""
    program = pack(lambda d: d["a"] * 2.0 if "a" in d else d["b"] * 3.0, batch="sum")
    assert program({"a": [1.0, 2.0]}).value == 6.0
    assert program({"b": [1.0, 2.0]}).value == 9.0
    assert program({"a": [1.0, 2.0]}).value == 6.0


def test_shared_arguments() -> None:
    """An argument that is the same for all examples has no axis for them; its gradient is the sum over the examples."""
    program = pack(lambda x, s: x * s["a"] * s["b"][0] + s["n"], shared=(1,), batch="sum")
    value, (dx, ds) = program([1.0, 2.0, 3.0], {"a": 2.0, "b": (5.0,), "n": 4})
    assert value == 72.0
    assert dx.tolist() == [10.0, 10.0, 10.0]
    assert ds == {"a": 30.0, "b": (12.0,), "n": None}
    assert isinstance(ds["a"], float)


def test_whole_numbers_are_indices() -> None:
    """Examples are grouped by their whole numbers, and each group has a program; results come back in the examples' order."""
    program = pack(lambda x, k, s: x[k] * x[k] * s[0], shared=(2,), batch="sum", wrt="all", params=[Value(0.0)])
    value, (dx, dk, ds, dp) = program([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]], np.array([0, 1, 0, 1], np.int8), [2.0])
    assert value == 2 * (1 + 16 + 25 + 64)
    assert dx.tolist() == [[4.0, 0.0], [0.0, 16.0], [20.0, 0.0], [0.0, 32.0]]
    assert (dk, ds, dp.tolist()) == (None, [106.0], [0.0])
    assert len(program.forms) == 2


def test_whole_numbers_alone() -> None:
    """A function of parameters and a class alone has batches, too."""
    w = [Value(1.0), Value(2.0)]
    value, (_, g) = pack(lambda k: w[k] * w[k], params=w, batch="sum")([0, 1, 1, 1])
    assert value == 13.0
    assert g.tolist() == [2.0, 12.0]


def test_whole_numbers_of_two_types() -> None:
    """NumPy makes floats of signed and unsigned ones together; classes stay classes."""
    program = pack(lambda x, j, k: x[j] * x[k], batch="sum")
    x, j, k = [[2.0, 3.0], [5.0, 7.0]], np.array([0, 1]), np.array([1, 1], np.uint64)
    value, (dx, _, _) = program(x, j, k)
    assert value == 2 * 3 + 7 * 7
    assert dx.tolist() == [[3.0, 2.0], [0.0, 14.0]]
    with pytest.raises(ValueError, match=r"argument 2 of <lambda> needs whole numbers below 2\*\*63, but got 9223372036854775808"):
        program(x, j, np.array([2**63, 0], np.uint64))


def test_an_option_that_pack_has_not() -> None:
    """The function that was called is named, and not one inside it."""
    with pytest.raises(TypeError, match=r"^pack\(\) got an unexpected keyword argument 'executor'$"):
        pack(lambda x: x * x, executor=None)


def test_too_many_whole_numbers() -> None:
    """Where each set of them is a program of its own, as by an index, too many are refused, and what to do is said; not so as numbers."""
    w = Value(1.0)
    program = pack(lambda x: w * x[0], params=[w])
    assert program(np.arange(300).reshape(300, 1)) == program(np.arange(300.0).reshape(300, 1))
    table = [float(i) for i in range(300)]
    with pytest.raises(ValueError, match=r"got 300 different sets of whole numbers.*X\.astype\(float\).*take\(table, i\)"):
        pack(lambda x: w * table[x[0]], params=[w])(np.arange(300).reshape(300, 1))


def test_no_batch() -> None:
    """Without a batch the arguments are those of the function, and gradients come in their structure, as from `compile`."""
    f = compiled(lambda x, p: tanh(x[0] * p["a"]) + x[1])
    packed = pack(f, batch=None)
    assert packed([0.5, 1.0], {"a": 2.0}) == f([0.5, 1.0], {"a": 2.0})


def test_a_graph() -> None:
    """The graph of an output is packed as it is, its leaves being the arguments."""
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    value, (dx, dy) = pack(x * y + x, batch="sum", wrt="arguments")([1.0, 2.0], [5.0, 6.0])
    assert (value, dx.tolist(), dy.tolist()) == (20.0, [6.0, 7.0], [1.0, 2.0])


def test_backward_adds_to_the_parameters() -> None:
    """backward() is what it is on Values: the gradients are added to those that are there; arguments change nothing."""
    w = Value(3.0)
    program = pack(lambda x: w * x, params=[w])
    assert program.backward([1.0, 2.0]) == 4.5
    program.backward([1.0, 2.0])
    assert w.grad == 3.0
    with pytest.raises(ValueError, match="has no parameters"):
        pack(product).backward(X, Y)


def test_parameters_are_read_at_each_call() -> None:
    """A parameter that was changed is another number, not another program."""
    w = Value(3.0)
    program = pack(lambda x: w * x, params=[w])
    program([1.0])
    w.data = 4.0
    assert program([1.0]).value == 4.0
    assert sum(len(form.variants) for form in program.forms.values()) == 1


def test_shapes_that_change() -> None:
    """Another number of examples needs no new program; another shape of an example has one of its own."""
    program = pack(lambda x: sum((xi * xi for xi in x), 0.0), batch="sum")
    for count in [*range(1, 30), 3, 1]:
        assert program(np.ones((count, 2))).value == 2.0 * count
    assert len(program.forms) == 1
    assert program(np.ones((4, 3))).value == 12.0
    assert program(np.ones((4, 2))).value == 8.0
    assert len(program.forms) == 2


# ------------------------------------------------------------------------------------------------------------------------
# Errors


@pytest.mark.parametrize(
    ("f", "bad", "error", "op"),
    [
        (log, -1.0, DomainError, "log"),
        (log, 0.0, DomainError, "log"),
        (lambda x: 1.0 / x, 0.0, DivisionByZeroError, "divide"),
        (lambda x: x**-1, 0.0, DivisionByZeroError, "power"),
        (exp, 1000.0, RangeError, "exp"),
        (lambda x: x * 1e300, 1e300, RangeError, "multiply"),
        (lambda x: x + 1.7e308, 1.7e308, RangeError, "add"),
        (sqrt, 0.0, GradientError, "sqrt"),
        (lambda x: sqrt(x) * 2.0 + x, -4.0, DomainError, "sqrt"),
        (lambda x: (x * 1e-200) ** 0.5, 0.0, GradientError, "power"),
        (lambda x: x, float("nan"), NonFiniteError, "nan"),
        (lambda x: x, float("inf"), NonFiniteError, "inf"),
    ],
)
@pytest.mark.parametrize("place", [0, 5, 20, 39])
def test_a_bad_example(f: Any, bad: float, error: type[Exception], op: str, place: int) -> None:
    """Anywhere in a batch, the error is the engine's, with the operation, the input's label, and the example; the next call is right."""
    program = pack(lambda speed: f(speed) * 1e-300, batch="sum", memory=2000)
    good = np.linspace(1.0, 2.0, 40)
    expected = program(good) if place else None  # the error may also come while the function is recorded
    wrong = good.copy()
    wrong[place] = bad
    with pytest.raises(error) as caught:
        program(wrong)
    assert type(caught.value) is error
    assert op in str(caught.value)
    assert "(label 'speed')" in str(caught.value) or (op in ("power", "nan", "inf", "add"))
    assert str(caught.value).endswith(f"; this is example {place} of the batch")
    after = program(good)
    if expected:
        assert after.value == expected.value
        assert (after.gradients[0] == expected.gradients[0]).all()


def test_a_parameter_is_named() -> None:
    """What is wrong with a parameter is said with its label."""
    w = Value(-1.0, label="width")
    with pytest.raises(DomainError, match=r"log needs x > 0, but got x=-1.0 \(label 'width'\); this is example 0 of the batch"):
        pack(lambda x: log(w) * x, params=[w])([1.0, 2.0])


def test_a_gradient_by_a_parameter_that_is_not_there() -> None:
    """It is the engine's error, too, though no input's gradient is asked for; and so it is if it is only one example's."""
    w = Value(0.0, label="w")
    program = pack(lambda x: sqrt(w) * x[0] + sqrt(w * w + x[1]), params=[w])
    for xs, bad in (([[1.0, 1.0], [2.0, 1.0]], 0), ([[0.0, 1.0], [0.0, 2.0], [1.0, 1.0]], 2)):
        with pytest.raises(GradientError, match=rf"no gradient through sqrt.*\(label 'w'\).*this is example {bad} of the batch"):
            program(xs)
    assert program([[0.0, 1.0], [0.0, 4.0]]).value == 1.5


def test_false_alarms() -> None:
    """Where arrays, which add up in another order, leave the floats and the engine does not, its scalars have the last word."""

    def f(x: Any, w: Any) -> Any:
        first = x[0] + x[1]
        return ((x[2] + x[3]) + first) * w

    program = pack(f, shared=(1,), wrt="arguments")
    xs = np.array([[1.0, 2.0, 3.0, 4.0]] * 11)
    xs[7] = [1e308, 0.0, 1e308, -1e308]
    value, (dx, dw) = program(xs, 0.5)
    assert value == pytest.approx(1e308 / 22, rel=1e-12)
    assert dx == pytest.approx(np.full((11, 4), 0.5 / 11), rel=1e-15)
    assert dw == pytest.approx(1e308 / 11, rel=1e-12)


def test_without_a_batch_there_is_no_example() -> None:
    """The error is then the engine's own, word for word."""
    with pytest.raises(DomainError) as caught:
        pack(log, batch=None)(-1.0)
    assert "example" not in str(caught.value)


def test_products_on_attention_scale() -> None:
    """Where both factors differ from example to example, what goes beyond the floats is seen as well."""

    def f(q: Any, k: Any) -> Any:
        return sum((tanh(sum((a * b for a, b in zip(row, other, strict=True)), 0.0)) for row in q for other in k), 0.0)

    program = pack(f, batch="sum")
    Q, K = np.ones((4, 3, 2)), np.ones((4, 3, 2))
    program(Q, K)
    Q[2], K[2] = 1e200, 1e200
    with pytest.raises(RangeError, match="example 2 of the batch"):
        program(Q, K)


@pytest.mark.slow
@pytest.mark.parametrize("width", [64, 300])
def test_large_products_in_threads(width: int) -> None:
    """A layer of 64 x 64 weights over 64 examples and more: what goes wrong in another thread of the matrix product is seen, too."""
    model = nn.Linear(width, 64, rng=0)
    program = pack(lambda x: sum((tanh(y) for y in model(x)), 0.0), params=model)
    given = np.full((200, width), 0.1)
    before = program(given)
    for bad, error in ((1e308, RangeError), (float("nan"), NonFiniteError), (-float("inf"), NonFiniteError)):
        wrong = given.copy()
        wrong[77] = bad
        for weight in model.parameters():
            weight.data *= 100.0
        with pytest.raises(error, match="this is example 77 of the batch"):
            program(wrong)
        for weight in model.parameters():
            weight.data /= 100.0
    after = program(given)
    assert after.value == pytest.approx(before.value, rel=1e-12)


def test_one_nan_where_it_does_not_show() -> None:
    """A NaN in an input that the function does not even read is refused as the engine refuses it."""
    with pytest.raises(NonFiniteError, match="example 1"):
        pack(lambda x: x[0] * 2.0)([[1.0, 2.0], [1.0, float("nan")]])


def test_a_row_of_ones_own_that_refuses() -> None:
    """A function of somebody's own tells by its own errors."""

    @custom_gradient(lambda z, x: 2.0 * x)
    def careful(x: float) -> float:
        if x > 1.0:
            raise ValueError("too large")
        return x * x

    program = pack(lambda x: careful(x) + x, batch="sum")
    assert program([1.0, 0.5]).value == 2.75
    with pytest.raises(DomainError, match=r"careful.*example 2 of the batch"):
        program([1.0, 0.5, 3.0])
    assert program([1.0, 0.5]).gradients[0].tolist() == [3.0, 2.0]
    with pytest.raises(DomainError, match=r"careful.*example 1 of the batch"):  # though a comparison with nothing comes out somehow
        pack(lambda x: above(careful(x), 0.5) + x)([1.0, 3.0])


def test_sums_beyond_the_floats() -> None:
    """Examples that are fine each, but whose sum is not, are said to be so, without a warning of NumPy's."""
    program = pack(lambda x: x * 1.0, batch="sum")
    with pytest.raises(RangeError, match="the sum of <lambda> is beyond the floats"):
        program([1.7e308, 1.7e308])
    w = Value(0.0)
    with pytest.raises(GradientError, match="a gradient of <lambda> is beyond the floats"):
        pack(lambda x: w * x, params=[w], batch="sum", memory=1)([1.7e308, 1.7e308])


def test_errors_in_threads() -> None:
    """One program in many threads: each gets its own result or its own error."""
    program = pack(sheet, batch="sum")
    program([[1.0, 1.0]])

    def call(i: int) -> Any:
        given = np.array([[1.0 + i, 2.0], [2.0, -1.0 if i % 3 else 1.0]])
        given[1, 0] = -1.0 if i % 2 else 2.0
        try:
            return program(given).value
        except DomainError as error:
            return str(error).rpartition(";")[2]

    expected = [call(i) for i in range(40)]
    with ThreadPoolExecutor(8) as pool:
        assert expected == list(pool.map(call, range(40)))


# ------------------------------------------------------------------------------------------------------------------------
# Branches


def folded(x: Any) -> Any:
    if x > 2.0:
        return x * 10.0
    if x > 0.0:
        return x * x
    return -x


def test_examples_that_branch_differently() -> None:
    """Examples of one batch may take different ways: each way has a recording, and the sums and the order are right."""
    program = pack(folded, batch="sum")
    numbers = [1.0, -2.0, 3.0, 0.5, -1.0, 4.0, 1.5]
    for _ in range(2):
        value, (dx,) = program(numbers)
        assert value == 1.0 + 2.0 + 30.0 + 0.25 + 1.0 + 40.0 + 2.25
        assert dx.tolist() == [2.0, -1.0, 10.0, 1.0, -1.0, 10.0, 3.0]
    assert [3] == [len(form.variants) for form in program.forms.values()]


def test_branches_and_bad_examples() -> None:
    """A bad example is found whichever way it takes, and named by its place in the whole batch."""

    def f(x: Any) -> Any:
        return log(x - 2.0) if x > 1.0 else exp(-x)

    program = pack(f, batch="sum")
    assert program([0.0, 3.0, 0.0]).value == 2.0
    with pytest.raises(DomainError, match=r"log needs x > 0, but got x=-0\.5; this is example 4 of the batch"):
        program([0.0, 3.0, 0.0, 4.0, 1.5])
    with pytest.raises(RangeError, match=r"exp gives.*this is example 1 of the batch"):
        program([0.0, -1000.0, 3.0])


def test_a_branch_behind_an_error() -> None:
    """A comparison of a number that is not there is not taken for another branch."""

    def f(x: Any) -> Any:
        y = log(x)
        return y if y > 0.0 else -y

    with pytest.raises(DomainError, match="example 2 of the batch"):
        pack(f, batch="sum")([2.0, 0.5, -1.0])


def test_branches_that_are_not_to_be() -> None:
    """branches="raise" and limit= say when another way is an error, and what to do instead."""
    with pytest.raises(
        GuardError, match=r"folded takes another branch for example 1\. Choose without a comparison: with relu\(x\), maximum\(x, y\) or"
    ):
        pack(folded, branches="raise")([1.0, -1.0])

    def steps(x: Any) -> Any:
        for i in range(9):
            if x < float(i):
                return x * float(i)
        return x

    program = pack(steps, limit=3)
    with pytest.raises(GuardError, match=r"has taken 3 different ways, and limit=3, for example 3"):
        program([0.5, 1.5, 2.5, 3.5])
    assert program([0.5, 1.5, 2.5]).value == (0.5 + 3.0 + 7.5) / 3


def test_branches_of_parameters() -> None:
    """A comparison of parameters alone holds for all examples, or for none."""
    w = Value(1.0)
    program = pack(lambda x: x * w if w > 0.0 else x * w * w, params=[w], batch="sum")
    assert program([1.0, 2.0]).value == 3.0
    w.data = -2.0
    value, (_, g) = program([1.0, 2.0])
    assert (value, g.tolist()) == (12.0, [-12.0])


def test_branches_without_a_batch() -> None:
    """Source that stands in for arrays takes every branch as well."""
    program = pack(folded, batch=None)
    assert [program(x).value for x in (1.0, 3.0, -2.0, 1.0)] == [1.0, 30.0, 2.0, 1.0]


def test_where_is_no_branch() -> None:
    """`where` chooses number by number, in one program."""
    program = pack(lambda x: where(nn_heaviside(x), x * x, -x), batch="sum")
    value, (dx,) = program([1.0, -2.0, 3.0])
    assert (value, dx.tolist()) == (12.0, [2.0, -1.0, 6.0])
    assert [1] == [len(form.variants) for form in program.forms.values()]


def nn_heaviside(x: Any) -> Any:
    return x.heaviside()


# ------------------------------------------------------------------------------------------------------------------------
# Bad input


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        ((), ValueError, "got no argument with examples"),
        ((X,), TypeError, "missing 1 required positional argument"),
        ((X, Y, Y), TypeError, "takes 2 positional arguments but 3"),
        ((X, Y[:2]), ValueError, "as many examples everywhere, but got 3 and, in argument 1, 2"),
        ((X[:0], Y[:0]), ValueError, "needs at least one example, but the batch is empty"),
        (([], []), ValueError, "the batch is empty"),
        ((X, 2.0), ValueError, "argument 1 of product needs a batch"),
        ((X > 0, Y), TypeError, "exp needs a number .* but got False of type bool; .*; this is example 0 of the batch"),
        ((X, ["a", "b", "c"]), TypeError, "add needs a number .* but got 'a' of type str; .*; this is example 0 of the batch"),
        ((X, [None, 1.0, 2.0]), TypeError, "argument 1 of product needs examples of one shape, of floats alone, where gradients"),
        ((X, [Value(1.0), 2.0, 3.0]), TypeError, r"argument 1 of product needs numbers .* but got Value\(1.0, .*; this is example 0"),
        ((np.ma.array(X, mask=X > 4.0), Y), ValueError, "argument 0 of product needs numbers, but some of its entries are masked"),
        ((X.astype(complex), Y), TypeError, "an array of complex128"),
        ((X, (y for y in Y)), ValueError, "argument 1 of product needs a batch: .* but got <generator"),
        (([[1.0, 2.0], [1.0]], Y[:2]), TypeError, "argument 0 of product needs examples of one shape"),
        ((X[:, :1], Y), IndexError, "list index out of range; this is example 0 of the batch"),
    ],
)
def test_bad_arguments(args: tuple[Any, ...], error: type[Exception], message: str) -> None:
    """What cannot be a batch is refused in words, and a program that has run still runs."""
    program = pack(product, batch="sum")
    program(X, Y)
    with pytest.raises(error, match=message):
        program(*args)
    assert program(X, Y).value == 16.0


def test_labels_out_of_range() -> None:
    """A class that there is not is told with its example, by the loss."""
    model = nn.Linear(2, 3, rng=0)
    program = pack(lambda x, t: nn.cross_entropy(model(x), t), params=model)
    program(X, [0, 1, 2])
    for label in (3, -1):
        with pytest.raises(IndexError, match=f"3 classes, 0 to 2, but got class {label}; this is example 1 of the batch"):
            program(X, [0, label, 2])
    assert program(X, [0, 1, 2]).value > 0.0


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"memory": 0}, ValueError, "pack needs at least 1 as memory, a number of bytes, but got 0"),
        ({"memory": 1.5}, TypeError, "pack needs a whole number as memory"),
        ({"memory": True}, TypeError, "pack needs a whole number as memory"),
        ({"memory": "1 GB"}, TypeError, "pack needs a whole number as memory"),
        ({"batch": "max"}, ValueError, "batch is 'mean', 'sum' or None, but got 'max'"),
        ({"wrt": "weights"}, ValueError, "wrt is 'params', 'arguments' or 'all', but got 'weights'"),
        ({"wrt": "params"}, ValueError, "wrt='params' needs parameters"),
        ({"shared": (-1,)}, ValueError, "shared needs the places of arguments"),
        ({"shared": ("x",)}, ValueError, "shared needs the places of arguments"),
        ({"shared": 1}, ValueError, "shared needs the places of arguments"),
        ({"params": [1.0]}, TypeError, "params needs leaves"),
        ({"limit": 0}, ValueError, "compile needs at least 1 as limit, but got 0"),
    ],
)
def test_bad_options(options: dict[str, Any], error: type[Exception], message: str) -> None:
    """Options are looked at when the program is made."""
    with pytest.raises(error, match=message):
        pack(product, **options)


def test_bad_options_of_a_call() -> None:
    """So are those of a call."""
    program = pack(product)
    for shard in (0, -1, 1.5, True, "2"):
        with pytest.raises(ValueError, match="shard needs a whole number of examples from 1 on"):
            program(X, Y, shard=shard)
    with pytest.raises(TypeError, match=r"has shared=\(2,\), but got 2 arguments"):
        pack(product, shared=(2,))(X, Y)
    with pytest.raises(TypeError, match="has its parameters and options already"):
        pack(compiled(product), limit=3)


def test_what_cannot_be_recorded() -> None:
    """What `compile` refuses, pack refuses in the same words."""
    with pytest.raises(TracingError, match="whole numbers are taken for indices"):
        pack(lambda x: x[0] * x[1])([[1, 2], [3, 4]])
    with pytest.raises(TracingError, match="returned None"):
        pack(lambda x: None)([1.0])
    with pytest.raises(TracingError):
        pack(lambda x: float(x) * 2.0)([1.0])


# ------------------------------------------------------------------------------------------------------------------------
# Pickles


def test_a_pickled_program() -> None:
    """It runs what it was packed for, with its own parameters, in arrays and by scalars; anything else is a clear error."""
    model = nn.MLP(2, [3, 1], rng=0)
    program = pack(lambda x, t: (erf(model(x)) - t) ** 2, params=model)
    before = program(X, Y)
    loaded = pickle.loads(pickle.dumps(program))
    assert loaded(X, Y).value == before.value
    assert (loaded(X, Y).gradients[2] == before.gradients[2]).all()
    with pytest.raises(NonFiniteError, match="example 1"):
        loaded([[1.0, 1.0], [float("nan"), 1.0]], [1.0, 1.0])
    with pytest.raises(TracingError, match=r"was unpickled, and has no function any more: it runs what it was packed for, not"):
        loaded(np.ones((2, 5)), [1.0, 1.0])
    model.parameters()[0].data += 1.0
    assert loaded(X, Y).value == before.value
    assert copy.deepcopy(program)(X, Y).value == program(X, Y).value


def test_a_pickled_program_of_source() -> None:
    """So does one that has fallen back to source, though it has run."""
    program = pack(lambda x: tanh(x) * x, batch=None)
    program(0.5)
    assert pickle.loads(pickle.dumps(program))(0.25) == program(0.25)


def test_a_pickle_of_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of another version is refused: its plan may mean something else there."""
    program = pack(product)
    program(X, Y)
    content = pickle.dumps(program)
    monkeypatch.setattr("autograd.packing.shards.__version__", "99.0")
    with pytest.raises(ValueError, match=r"was packed by glassgrad .*, but here is glassgrad 99\.0: pack it again"):
        pickle.loads(content)


def test_a_row_that_nobody_can_find() -> None:
    """A row that is in no table cannot be pickled; one that is not registered where it is loaded cannot be loaded."""

    @custom_gradient(lambda z, x: 1.0)
    def mine(x: float) -> float:
        return x

    program = pack(lambda x: mine(x))
    program([1.0])
    with pytest.raises(TypeError, match="cannot pickle <primitive mine>: its row is in no table"):
        pickle.dumps(program)
    with pytest.raises(ValueError, match="a primitive named 'elsewhere', which nobody has registered here"):
        pickle.loads(pickle.dumps(log.primitive).replace(b"\x03log", b"\x09elsewhere"))


# ------------------------------------------------------------------------------------------------------------------------
# What it says


def test_what_it_says() -> None:
    """The text tells how many operations became how many arrays; before the first call it says that nothing is packed yet."""
    model = nn.MLP(2, [16, 16, 1], rng=0)
    program = pack(lambda x, t: (model(x) - t) ** 2, params=model)
    assert str(program) == "<packed <lambda>: nothing packed yet>"
    with pytest.raises(ValueError, match="nothing is packed yet"):
        program.latest()
    program(X, Y)
    operations = program.latest().code.operations
    assert str(program) == f"<lambda>: {len(program.latest().tape.ops)} scalar operations became {operations} array operations"
    assert repr(program) == "<packed <lambda>: ([number, number], number) × 1>"
    assert 15 > operations


def test_a_graph_without_structure_falls_back_to_source() -> None:
    """Without a batch, and without operations in common, arrays do not pay: the program runs as source, and says so."""
    program = pack(lambda x: tanh(exp(x) * x) + x, batch=None)
    program(0.5)
    assert str(program).endswith("they have too little in common, so it runs as scalar source")
    assert program.latest().alone
    model = nn.MLP(4, [16, 16, 1], rng=0)
    program = pack(lambda x: model(x), params=model, batch=None)
    program([1.0, 2.0, 3.0, 4.0])
    assert not program.latest().alone


@pytest.mark.slow
def test_the_extra() -> None:
    """Without NumPy everything can be imported, and pack says which extra it needs when it is called."""
    script = (
        "import sys; sys.modules['numpy'] = None\n"
        "import autograd, nn, nn.examples\n"
        "from autograd import *\n"
        "model = nn.MLP(2, [1], rng=0)\n"
        "train = lambda: nn.fit(model, [[0.0, 1.0]], [1.0], nn.squared_error, nn.SGD(model.parameters(), lr=0.1), pack=True)\n"
        "why = nn.examples.why_backpropagation.whole\n"
        "for call in (lambda: pack(lambda x: x * x), train, lambda: nn.accuracy(model, [[0.0, 1.0]], [1], pack=True), why):\n"
        "    try: call()\n"
        "    except autograd.MissingExtraError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert 4 * ["pack needs the extra of that name: pip install 'glassgrad[pack]'"] == done.stdout.splitlines()


def test_errors_are_the_packages_own() -> None:
    """Everything that is wrong with numbers is an AutogradError."""
    assert all(issubclass(error, AutogradError) for error in (GuardError, TracingError, RangeError, GradientError))


# The error function


def test_the_error_function_on_arrays() -> None:
    """To 4 units in the last place, in each of its ranges and at their ends, without an alarm; and not number by number."""
    mpmath = pytest.importorskip("mpmath")
    from autograd.packing import arrays

    rng = np.random.default_rng(0)
    ends = [0.0, 0.25, 0.84375, 1.25, 1.0 / 0.35, 6.0, 26.5, 27.2, 28.0, 40.0]
    x = np.concatenate([rng.normal(size=300) * size for size in (1e-300, 1e-8, 0.3, 1.0, 3.0, 9.0)])
    x = np.concatenate([x, ends, np.negative(ends), np.nextafter(ends, 0.0)])
    with mpmath.workprec(200), np.errstate(over="raise", divide="raise", invalid="raise"):
        for name in ("erf", "erfc"):
            for at, found in zip(x.tolist(), arrays.QUICK[name](x).tolist(), strict=True):
                exact = getattr(mpmath, name)(mpmath.mpf(at))
                assert abs(mpmath.mpf(found) - exact) <= 4 * math.ulp(float(exact)), (name, at)
    program = pack(lambda x: x[0].gelu() + erf(x[1]))
    program([[1.0, 2.0]])
    assert "number by number" not in str(program)


# Derivatives inside


def test_a_derivative_inside_is_taken_forwards() -> None:
    """As a loss of physics needs: u'' + u of a network, by its input; the program gives its gradients by the parameters."""
    model = nn.MLP(1, [4, 1], "tanh", rng=0)

    def loss(x: Any) -> Any:
        u = lambda s: model([s])  # noqa: E731
        (y,), slope = jvp(lambda s: [u(s)], (x,), (1.0,))
        return (derivative(derivative(u))(x) + y) ** 2 + (slope[0] - y) ** 2

    value, gradients = pack(loss, params=model)([0.1, 0.2])
    expected = (loss(0.1) + loss(0.2)) / 2.0
    expected.backward()
    assert value == pytest.approx(expected.data, rel=1e-13)
    assert gradients[-1].tolist() == pytest.approx([p.grad for p in model.parameters()], rel=1e-11, abs=1e-14)


def test_a_derivative_taken_backwards_names_the_way() -> None:
    model = nn.MLP(1, [4, 1], "tanh", rng=0)
    with pytest.raises(TracingError, match="taken forwards: with derivative or jvp"):
        pack(lambda x: gradient(model([x]), [x])[0], params=model)([0.1])


# What costs time


def test_many_ways_and_many_sets_are_told_once() -> None:
    """With what to do; report() has both, with their numbers."""
    model = nn.Linear(2, 8, lambda z: z if z > 0 else 0.0 * z, rng=0)
    program = pack(lambda x: dot(model(x), [1.0] * 8), params=model, limit=40)
    with pytest.warns(RuntimeWarning, match=r"has 4 recordings, and its comparisons .*relu\(x\).* instead of max\(0, x\)") as told:
        program([[math.cos(0.2 * i), math.sin(0.2 * i)] for i in range(36)])
    assert 1 == len(told)
    table = [Value(0.1 * i) for i in range(40)]
    program = pack(lambda i: table[i] * 2.0, params=table)
    with pytest.warns(RuntimeWarning, match=r"recorded for 40 different sets of whole numbers.*take\(table, i\)"):
        program([*range(40)])
    program([*range(40)])
    assert "40 sets of whole numbers, texts or switches, each with recordings of its own" in program.report()


def test_a_report_says_what_costs_time() -> None:
    """Or that nothing does."""
    layers = nn.Linear(2, 8, "tanh", rng=0), nn.Dropout(0.5, rng=0), nn.Linear(8, 1, rng=0)
    program = pack(nn.Sequential(layers[0], layers[2]), nn.squared_error)
    assert program.report().endswith("nothing is packed yet; call it once")
    program([[1.0, 2.0]], [1.0])
    assert program.report().endswith("\n- nothing here makes it slow")
    program = pack(nn.Sequential(*layers), nn.squared_error)
    program([[1.0, 2.0]], [1.0])
    assert "8 random numbers are drawn for each example" in program.report()
    w = Value(0.5)
    program = pack(lambda xs: sum([own_tanh(w * x) for x in xs], 0.0 * w), params=[w])
    program([[1.0], [1.0, 2.0]])
    assert "2 shapes of examples" in program.report()
    assert "is computed number by number, 2 for each example" in program.report()


own_tanh = custom_gradient(lambda z, x: 1.0 - z * z)(math.tanh)
