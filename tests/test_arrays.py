"""Values in arrays and beside them: NumPy's arithmetic and functions give the numbers and the gradients that they give on floats."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import LostGradientError, Value, compile, derivative, grad, no_grad  # noqa: A004
from autograd.arrays import NAMES, OTHERS

np = pytest.importorskip("numpy")

POINT = [0.4, -0.7, 0.2, 0.9, 0.3, 0.6]
"""No two alike, none at a kink, all in the domain of arcsin."""
A = np.array([[1.5, -2.0, 0.5], [0.25, 1.0, 3.0]])


def values(shape: tuple[int, ...] = (2, 3)) -> Any:
    array = np.empty(len(POINT), dtype=object)
    array[:] = [Value(x) for x in POINT]
    return array.reshape(shape)


def numbers(shape: tuple[int, ...] = (2, 3)) -> Any:
    return np.array(POINT).reshape(shape)


def agree(f: Callable[[Any], Any], shape: tuple[int, ...] = (2, 3)) -> None:
    """f of an array of Values has f's own numbers, and gradients as differences of those find them."""
    X = values(shape)
    result, expected = f(X), f(numbers(shape))
    flat = np.asarray(result, dtype=object).ravel()
    assert np.shape(expected) == np.shape(result)
    assert np.allclose(np.asarray(expected, dtype=float).ravel(), [getattr(z, "data", z) for z in flat], rtol=1e-12, atol=1e-12)
    weights = [1.0 + 0.5 * k for k in range(len(flat))]
    total = sum(w * z for w, z in zip(weights, flat, strict=True))
    assert isinstance(total, Value)
    total.backward()

    def plain(x: Any) -> float:
        return float(np.dot(weights, np.asarray(f(x), dtype=float).ravel()))

    for i, x in enumerate(X.ravel()):
        step = np.zeros(len(POINT))
        step[i] = 1e-6
        step = step.reshape(shape)
        slope = (plain(numbers(shape) + step) - plain(numbers(shape) - step)) / 2e-6
        assert x.grad == pytest.approx(slope, rel=1e-6, abs=1e-8)


SIDES: dict[str, Callable[[Any], Any]] = {
    "array": lambda X: A,
    "row": lambda X: A[0],
    "column": lambda X: A[:, :1],
    "whole numbers": lambda X: np.array([[1, 2, 3], [3, 2, 1]]),
    "half precision, big-endian, read-only": lambda X: _odd(),
    "number": lambda X: 2.5,
    "NumPy's number": lambda X: np.float32(2.5),
    "no axes": lambda X: np.array(2.5),
    "array of Values": lambda X: X[::-1],
    "Value": lambda X: X[1, 2],
    "Value of its own": lambda X: Value(2.5) if X.dtype == object else 2.5,
    "mean": lambda X: X.mean(),
}


def _odd() -> Any:
    odd = A.astype(">f2")
    odd.flags.writeable = False
    return odd


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("operation", [operator.add, operator.sub, operator.mul, operator.truediv])
def test_arithmetic_on_either_side(operation: Callable[[Any, Any], Any], side: str) -> None:
    """+ − × ÷ of an array of Values with arrays, Values and numbers."""
    agree(lambda X: operation(X, SIDES[side](X)))
    agree(lambda X: operation(SIDES[side](X), X))


@pytest.mark.parametrize("operation", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow])
def test_a_value_beside_an_array_of_numbers(operation: Callable[[Any, Any], Any]) -> None:
    """Value ∘ array and array ∘ Value: an array of Values of the array's shape, each as Value ∘ number is."""
    B = abs(A)
    for shape in ((2, 3), (3, 2, 1), (6,), (0,), (2, 0)):
        array = B.ravel()[: int(np.prod(shape))].reshape(shape)
        for left in (True, False):
            v = Value(1.5)
            result = operation(v, array) if left else operation(array, v)
            assert (shape, object) == (result.shape, result.dtype)
            for z, b in zip(result.ravel(), array.ravel(), strict=True):
                w = Value(1.5)
                expected = operation(w, float(b)) if left else operation(float(b), w)
                assert (expected.data, expected.op, expected.partials) == (z.data, z.op, z.partials)


def test_powers() -> None:
    agree(lambda X: abs(X) ** A)
    agree(lambda X: abs(A) ** X)
    agree(lambda X: X**2 + X**3.0)
    agree(lambda X: abs(X) ** abs(X)[0, 0])
    agree(lambda X: 2.0**X)
    agree(lambda X: np.power(abs(X), X))


def test_the_middle_and_the_share() -> None:
    """W - W.mean() and W / W.sum(), which were refused."""
    agree(lambda W: W - W.mean())
    agree(lambda W: W / W.sum())
    agree(lambda W: (W - W.mean(axis=0)) / (W.std(axis=0) + 1.0))


UFUNCS = sorted(
    {name for name in {*NAMES, *OTHERS, *autograd.PRIMITIVES} if isinstance(getattr(np, name, None), np.ufunc)}
    - {"acosh", "pow", "arccosh", "log", "log2", "log10", "sqrt", "heaviside", "power", "float_power", "sign"}
    - {"floor", "ceil", "trunc", "rint"}
)


@pytest.mark.parametrize("name", UFUNCS)
def test_functions_of_numbers_under_numpys_names(name: str) -> None:
    """np.exp and its kin: of a Value, of an array of them, of both together."""
    function = getattr(np, name)
    if function.nin == 1:
        agree(function)
        agree(lambda X: function(X[0, 0]))
        return
    agree(lambda X: function(X[0, 0], X[1, 1]))
    agree(lambda X: function(X[0, 0], A))
    agree(lambda X: function(A, X[0, 0]))
    agree(lambda X: function(X[0, 0], 0.5))
    if any(types.startswith("O") for types in function.types):  # np.logaddexp is none for objects
        agree(lambda X: function(X, X[::-1]))


@pytest.mark.parametrize("name", ["arccosh", "log", "log2", "log10", "sqrt"])
def test_functions_of_positive_numbers(name: str) -> None:
    function = getattr(np, name)
    agree(lambda X: function(X * X + 1.5))
    agree(lambda X: function(X[0, 0] + 1.5))


def test_whole_numbers() -> None:
    """np.floor and its kin of a Value are Values whose gradient is 0; of an array of them, plain numbers by way of math.floor."""
    x = Value(-1.5)
    for function, expected in ((np.floor, -2.0), (np.ceil, -1.0), (np.trunc, -1.0), (np.rint, -2.0)):
        z = function(x)
        assert (Value, expected, 0.0) == (type(z), z.data, autograd.gradient(z + x, x).data - 1.0)
    assert [1.0, 0.0] == [float(z) for z in np.floor(np.array([Value(1.5), Value(0.5)]))]


def test_steps() -> None:
    """np.sign and np.heaviside do not change; heaviside says itself what it is at 0, and may do so by a Value."""
    agree(lambda X: np.sign(X[0, 0]) * X)
    agree(lambda X: np.heaviside(X[0, 1], 0.5) + X[0, 0])
    middle = Value(0.25)
    at_zero = np.heaviside(Value(0.0), middle)
    at_zero.backward()
    assert (0.25, 1.0) == (at_zero.data, middle.grad)


WHOLE: dict[str, Callable[[Any], Any]] = {
    "sum": lambda X: X.sum(axis=1),
    "np.sum of a list": lambda X: np.sum([X[0, 0], X[1, 1]]),
    "mean": np.mean,
    "prod": lambda X: X.prod(axis=0),
    "var": np.var,
    "var, ddof": lambda X: X.var(axis=1, ddof=1),
    "std": np.std,
    "dot": lambda X: X.dot(A.T),
    "dot with a Value": lambda X: np.dot(A, X[0, 0]),
    "@": lambda X: X @ X.T,
    "matmul": lambda X: np.matmul(A, X.T),
    "einsum": lambda X: np.einsum("ij,kj->ik", X, A),
    "einsum of one": lambda X: np.einsum("ij->j", X),
    "cumsum": lambda X: np.cumsum(X, axis=1),
    "outer": lambda X: np.outer(X[0], A[1]),
    "outer of a Value": lambda X: np.outer(A[0], X[0, 0]),
    "add.outer": lambda X: np.add.outer(A[0], X[0, 0]),
    "where": lambda X: np.where(A > 0.4, X, 0.0) + X,
    "where of a Value": lambda X: np.where(A > 0.4, X[0, 0], A) + X,
    "linalg.norm": np.linalg.norm,
    "linalg.norm of rows": lambda X: np.linalg.norm(X, axis=1),
    "max": lambda X: np.max(X, axis=0),
    "min": np.min,
    "clip": lambda X: np.clip(X, -0.5, 0.5) + X,
    "median": np.median,
    "sort": lambda X: np.sort(X, axis=1),
    "diff": np.diff,
    "trace": lambda X: np.trace(X @ A.T),
    "tensordot": lambda X: np.tensordot(X, A, axes=2),
    "inner": lambda X: np.inner(X, X),
    "kron": lambda X: np.kron(X, X[:1]),
    "convolve": lambda X: np.convolve(X[0], A[0]),
    "cross": lambda X: np.cross(X[0], A[1]),
    "average": lambda X: np.average(X, weights=abs(A)),
    "polyval": lambda X: np.polyval(X[0], X[1, 1]),
    "trapezoid": lambda X: np.trapezoid(X, A, axis=1),
    "stack": lambda X: np.stack([X[0, 0], X[1, 1]]),
    "concatenate": lambda X: np.concatenate([X, A]),
    "append": lambda X: np.append(A, X[0, 0]),
    "full": lambda X: np.full((2, 2), X[0, 0]),
    "vectorize": lambda X: np.vectorize(lambda a: a * X[0, 0])(A),
}


@pytest.mark.parametrize("name", WHOLE)
def test_functions_of_whole_arrays(name: str) -> None:
    agree(WHOLE[name])


def test_rows_take_arrays() -> None:
    """The table's own functions compute element by element, those too that NumPy lacks; of plain numbers come plain numbers."""
    agree(lambda X: autograd.exp(X))
    agree(lambda X: autograd.hypot(X, A))
    agree(lambda X: autograd.hypot(3, X))
    assert [autograd.sigmoid(x) for x in POINT] == [z.data for z in autograd.sigmoid(values()).ravel()]
    assert np.array_equal([[autograd.relu(x) for x in row] for row in A.tolist()], autograd.relu(A))
    assert float == autograd.relu(A).dtype


def test_comparisons_are_those_of_the_numbers() -> None:
    v, W = Value(1.0), values()
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        for array in (A, W):
            plain = A if array is A else numbers()
            assert np.array_equal(compare(plain, 1.0), compare(array, v))
            assert np.array_equal(compare(1.0, plain), compare(v, array))
            assert bool == compare(v, array).dtype
    assert np.isclose(v, 1.0)
    assert np.allclose(v, [1.0, 1.0])
    assert np.isfinite(v)
    assert not np.isnan(v)


def test_where_no_values_can_stay_they_are_not_put() -> None:
    """An array of floats changed in place, a function that reads numbers alone: refused, and nothing was changed."""
    array = A.copy()
    for change in (
        lambda: operator.iadd(array, Value(1.0)),
        lambda: np.exp(Value(1.0), out=array),
        lambda: np.add.at(array, 0, Value(1.0)),
    ):
        with pytest.raises(TypeError, match="Make it with dtype=object"):
            change()
    assert np.array_equal(A, array)
    with pytest.raises(LostGradientError, match=r"np\.interp cannot keep the gradients of Values"):
        np.interp(Value(1.0), [0.0, 2.0], [0.0, 2.0])
    with pytest.raises(TypeError, match=r"np\.spacing is not among the functions that Values have"):
        np.spacing(Value(1.5))
    with pytest.raises(TypeError, match=r"np\.exp of Values takes no where=: choose with np\.where"):
        np.exp(Value(1.0), where=np.array([True, False]))
    objects = values()
    objects += Value(1.0)
    assert object == objects.dtype
    assert 1.4 == objects[0, 0].data


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "a text": (lambda: np.array(["a", 1.0], dtype=object), "'a' of type str"),
    "bools": (lambda: np.array([True, False]), "True of type bool; write 1.0 or 0.0"),
    "complex": (lambda: np.array([1j]), "1j of type complex"),
    "ragged": (lambda: np.array([[1.0], [1.0, 2.0]], dtype=object), "of type list"),
    "nan": (lambda: np.array([1.0, np.nan]), "finite, but got nan"),
    "None": (lambda: np.array([None]), "None of type NoneType"),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("operation", [operator.add, operator.mul, operator.sub, autograd.hypot, np.arctan2])
def test_elements_that_are_no_numbers_are_named(what: str, operation: Callable[[Any, Any], Any]) -> None:
    array, words = BAD[what]
    for operands in ((Value(1.0), array()), (array(), Value(1.0))):
        with pytest.raises((TypeError, ValueError), match=words):
            operation(*operands)


def test_masked_arrays() -> None:
    """Either the mask stays, or the error says what to take."""
    masked = np.ma.array([1.0, 2.0], mask=[False, True])
    v = Value(3.0)
    product = masked * v
    assert ([False, True], 3.0) == (product.mask.tolist(), product[0].data)
    with pytest.raises(TypeError, match=r"take x\.filled"):
        v * masked


def test_within_derivatives_and_programs() -> None:
    """Forward mode, recordings and second derivatives compute with arrays as the engine does."""

    def f(x: Any) -> Any:
        z = np.array([1.0, 2.0]) * x + np.array([x, x * x])
        return np.sum(np.tanh(z) ** 2) + np.arctan2(x, 2.0) + autograd.sigmoid(z)[1]

    slope = grad(f)(0.3)
    assert slope == pytest.approx(derivative(f)(0.3), rel=1e-14)
    assert slope == pytest.approx((f(0.3 + 1e-6) - f(0.3 - 1e-6)) / 2e-6, rel=1e-8)
    assert grad(grad(f))(0.3) == pytest.approx(derivative(derivative(f))(0.3), rel=1e-12)
    program = compile(f)
    outcome = program(0.3)
    assert f(Value(0.3)).data == outcome.value
    assert slope == pytest.approx(outcome.gradients[0], rel=1e-14)


def test_no_grad_holds() -> None:
    with no_grad():
        assert (A * Value(2.0))[0, 0].op is None


@pytest.mark.parametrize("package", ["pandas"])
def test_frames(package: str) -> None:
    """pandas' rows and frames keep their labels beside a Value, on either side."""
    pandas = pytest.importorskip(package)
    row = pandas.Series([1.0, 2.0], index=["a", "b"])
    for result in (row * Value(3.0), Value(3.0) * row):
        assert (["a", "b"], [3.0, 6.0]) == (list(result.index), [z.data for z in result])
    frame = pandas.DataFrame({"a": [1.0, 2.0]})
    assert 6.0 == (Value(3.0) * frame)["a"][1].data == (frame * Value(3.0))["a"][1].data
    assert 2.0 == (row - Value(3.0) + 3.0).iloc[1].data
