"""Trees of numbers: taken apart and put together again, named, described, compared."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections import OrderedDict, namedtuple
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, exp, grad, hessian, hvp, jacobian, jvp, ops, trees, value_and_grad, vjp
from autograd import program as programs

Point = namedtuple("Point", "x y")


@dataclass(frozen=True, slots=True)
class Layer:
    """A dataclass that cannot be written into."""

    weights: Any
    bias: Any = 0.0


@dataclass
class Box:
    """One whose constructor computes a field."""

    width: Any
    height: Any
    area: Any = field(init=False)

    def __post_init__(self) -> None:
        self.area = self.width * self.height


NUMBERS = st.floats(-10.0, 10.0)
TREES = st.recursive(
    NUMBERS,
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.lists(inside, max_size=3).map(tuple)
        | st.dictionaries(st.sampled_from("abc"), inside)
        | st.dictionaries(st.sampled_from("abc"), inside).map(OrderedDict)
        | st.builds(Point, inside, inside)
        | st.builds(Layer, inside, inside)
    ),
    max_leaves=12,
)


@given(TREES)
def test_taken_apart_and_put_together_a_tree_is_what_it_was(tree: Any) -> None:
    """Its structure has as many names as numbers, can be hashed, and is loaded from a pickle as the same."""
    numbers: list[float] = []
    structure = trees.flatten(tree, numbers, float)
    again = trees.rebuild(structure, iter(numbers))
    assert (tree, type(tree)) == (again, type(again))
    assert len(numbers) == trees.size(structure) == len(list(trees.names(structure, "x")))
    assert [*zip(trees.names(structure, "x"), numbers, strict=True)] == list(trees.walk(tree, "x", "test"))
    loaded = pickle.loads(pickle.dumps(structure))
    assert {structure} == {loaded}
    assert tree == trees.rebuild(loaded, iter(numbers))
    assert numbers == list(trees.matching(tree, again, ValueError))
    assert tree == trees.mapped(tree, lambda x: x)


def test_names_and_words() -> None:
    tree = {"w": np.ones((1, 2)), "p": Layer([1.0, (2.0,)], 3.0)}
    structure = trees.flatten(tree, [], float)
    assert ["m['w'][0, 0]", "m['w'][0, 1]", "m['p'].weights[0]", "m['p'].weights[1][0]", "m['p'].bias"] == list(trees.names(structure, "m"))
    assert "{'w': array of shape (1, 2), 'p': Layer(weights=[number, (number,)], bias=number)}" == trees.describe(structure)
    assert trees.nested((2, 3)) == trees.flatten([[1.0] * 3] * 2, [], float)
    assert trees.nested((2, 0)) == trees.flatten([[], []], [], float)


# -- arrays --------------------------------------------------------------------------------------------------------------


def same(expected: Any, actual: Any) -> bool:
    """Whether two arrays are of one shape, one type and the same numbers."""
    return (expected.shape, expected.dtype, expected.tolist()) == (actual.shape, actual.dtype, actual.tolist())


@pytest.mark.parametrize("kind", [float, int, np.float16, np.float32, ">f8", np.uint8, object])
@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (3, 1), (0,), (2, 0, 3)])
def test_an_array_in_an_array_out(shape: tuple[int, ...], kind: Any) -> None:
    """The gradient of Σ x³ has the argument's shape, whatever its type; the function gets an array of Values of that shape."""
    x = (np.arange(np.prod(shape, dtype=int)) + 1).reshape(shape).astype(kind)

    def f(x: Any) -> Any:
        assert shape == x.shape
        return sum([item**3 for item in x.ravel()]) + 0.0

    expected = 3.0 * x.astype(float) ** 2
    value, gradient = value_and_grad(f)(x)
    assert same(expected, gradient)
    assert float((x.astype(float) ** 3).sum()) == value
    assert same(expected, vjp(f, x)[1](1.0)[0])
    v = np.ones(shape)
    assert (value, float(expected.sum())) == jvp(f, (x,), (v,))
    assert same(6.0 * x.astype(float), hvp(f, (x,), (v,))[0])
    assert shape * 2 == hessian(f)(x).shape
    assert [6.0 * n for n in x.astype(float).ravel()] == np.diag(hessian(f)(x).reshape(x.size, x.size)).tolist()


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_the_jacobian_of_arrays_is_an_array(mode: Any) -> None:
    """With the result's axes first; of lists by arrays, a list of arrays."""
    a = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    x = np.array([1.0, 0.5, 2.0])
    assert same(a, jacobian(lambda x: a @ x, mode=mode)(x))
    rows = jacobian(lambda x: [x[0] * x[1], x[2]], mode=mode)(x)
    assert isinstance(rows, list)
    assert same(np.array([[0.5, 1.0, 0.0], [0.0, 0.0, 1.0]]), np.array(rows))
    assert (2, 3, 2, 2) == jacobian(lambda w: np.array([[w[0, 0], w[0, 1], w[1, 0]]] * 2), mode=mode)(np.ones((2, 2))).shape
    filled = np.zeros(2, dtype=object)

    def put(x: Any) -> Any:
        filled[0], filled[1] = x[0] * x[0], x[1] * x[0] + x[2]
        return filled

    assert same(np.array([[2.0, 0.0, 0.0], [2.0, 1.0, 1.0]]), jacobian(put, mode=mode)(np.array([1.0, 2.0, 2.0])))


def test_arrays_inside_of_other_containers_and_of_derivatives() -> None:
    def loss(p: Any) -> Any:
        return ops.tanh((p["w"] @ p["x"])[0]) * p["b"]

    p = OrderedDict(w=np.array([[1.0, 2.0]]), x=np.array([0.25, 0.5]), b=3.0)
    gradient = grad(loss)(p)
    assert (OrderedDict, ["w", "x", "b"], (1, 2)) == (type(gradient), list(gradient), gradient["w"].shape)
    assert gradient["b"] == float(ops.tanh(1.25))
    second = grad(lambda x: grad(lambda x: (x**3).sum())(x).sum())(np.array([1.0, 2.0]))
    assert same(np.array([6.0, 12.0]), second)
    w = np.array([Value(2.0), Value(3.0)])
    gradient = grad(lambda x: x[0] * x[1])(w)
    assert [Value, Value] == [type(g) for g in gradient]
    gradient[0].backward()
    assert 1.0 == w[1].grad


def test_dataclasses() -> None:
    """The gradient is one of the class, made by its constructor; what the constructor computes is computed of Values."""
    assert Layer([4.0, 2.0], 1.0) == grad(lambda p: p.weights[0] * p.weights[1] + p.bias)(Layer([2.0, 4.0]))
    box = grad(lambda b: b.area * b.width)(Box(3.0, 2.0))
    assert (12.0, 9.0) == (box.width, box.height)
    program = programs.compile(lambda p: p.weights[0] * p.weights[1] + p.bias)
    assert (8.0, (Layer([4.0, 2.0], 1.0),)) == program(Layer([2.0, 4.0]))
    assert (8.0, (Point(4.0, 2.0),)) == programs.compile(lambda p: p.x * p.y)(Point(2.0, 4.0))

    @dataclass
    class Positive:
        x: Any

        def __post_init__(self) -> None:
            if self.x < 0:
                raise ValueError("x is negative")

    with pytest.raises(ValueError, match="x is negative") as caught:
        grad(lambda p: -p.x)(Positive(1.0))
    assert ["raised by the constructor of Positive, a dataclass, which should take any number in its fields"] == caught.value.__notes__


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: grad(lambda x: x)(np.array([1.0, np.nan])), ValueError, r"argument 0\[1\] that is finite, but got nan"),
        (lambda: grad(lambda x: x)(np.array([[True]])), TypeError, r"argument 0\[0, 0\] .* True of type bool; write 1.0 or 0.0"),
        (lambda: grad(lambda x: x)(np.array(["a"])), TypeError, r"argument 0\[0\] .* 'a' of type str"),
        (lambda: grad(lambda x: x)(np.array([1j])), TypeError, "real numbers"),
        (lambda: grad(lambda x: x)(np.array([None, 1.0])), TypeError, r"argument 0\[0\] .* None"),
        (lambda: grad(lambda x: x)(np.array(["2001-01-01"], "M8[ns]")), TypeError, "argument 0 .* of type ndarray"),
        (lambda: grad(lambda x: x)(np.ma.masked_less(np.array([1.0, 2.0]), 1.5)), TypeError, r"argument 0\[0\] .* None"),
        (lambda: grad(lambda x: x)(Layer(1.0, "b")), TypeError, r"argument 0\.bias .* 'b' of type str"),
        (lambda: grad(lambda x: x * 2.0)(np.ones(2)), TypeError, "one number, but got array.* use jacobian"),
        (lambda: jvp(sum, (np.ones(2),), (np.ones(3),)), ValueError, r"array of shape \(2,\) at \[0\], but got an array of shape \(3,\)"),
        (lambda: jvp(sum, (np.ones(2),), ([1.0, 1.0],)), ValueError, r"array of shape \(2,\) at \[0\], but got a list of length 2"),
        (lambda: jvp(lambda p: p.x, (Box(1.0, 1.0),), (1.0,)), ValueError, r"a Box at \[0\], but got one number"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_named_by_its_place(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_numpy_is_not_imported_where_no_array_came() -> None:
    code = "import sys; from autograd import grad; grad(lambda p: p['a'][0] * 2)({'a': [1.0]}); print('numpy' in sys.modules)"
    assert "False\n" == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_what_else_a_function_returns_keeps_its_arrays() -> None:
    """Only what remembers is made plain: an array of plain numbers, and a dataclass of such, are the very same things."""
    whole, layer = np.array([1, 2]), Layer([1.0])

    def f(x: Any) -> Any:
        return x[0] * x[1], {"whole": whole, "layer": layer, "xs": x, "made": Layer(x[0])}

    _, aux = grad(f, has_aux=True)(np.array([1.0, 2.0]))
    assert (True, True) == (aux["whole"] is whole, aux["layer"] is layer)
    assert same(np.array([1.0, 2.0]), aux["xs"])
    assert Layer(1.0) == aux["made"]


def test_the_manual_of_scipy() -> None:
    """Rosenbrock's valley by BFGS and by Newton-CG, a root and a fit of least squares, with our derivatives as they come."""
    optimize = pytest.importorskip("scipy.optimize")

    def rosen(x: Any) -> Any:
        return sum(100.0 * (x[1:] - x[:-1] ** 2.0) ** 2.0 + (1 - x[:-1]) ** 2.0)

    x0 = np.array([1.3, 0.7, 0.8, 1.9, 1.2])
    assert np.allclose(optimize.rosen_der(x0), grad(rosen)(x0), rtol=1e-12)
    assert np.allclose(optimize.rosen_hess(x0), hessian(rosen)(x0), rtol=1e-12)
    found = optimize.minimize(value_and_grad(rosen), x0, jac=True)
    assert np.allclose(np.ones(5), found.x, atol=1e-5)
    newton = {"method": "Newton-CG", "jac": grad(rosen), "options": {"xtol": 1e-8}}
    for curvature in ({"hess": hessian(rosen)}, {"hessp": lambda x, p: hvp(rosen, (x,), (p,))[0]}):
        assert np.allclose(np.ones(5), optimize.minimize(rosen, x0, **newton, **curvature).x, atol=1e-6)

    def system(x: Any) -> Any:
        return np.array([x[0] + 0.5 * (x[0] - x[1]) ** 3 - 1.0, 0.5 * (x[1] - x[0]) ** 3 + x[1]])

    root = optimize.root(system, np.array([0.0, 0.0]), jac=jacobian(system))
    assert np.allclose([0.8411639, 0.1588361], root.x, atol=1e-6)
    ts = np.linspace(0.0, 1.0, 7)

    def residuals(p: Any) -> Any:
        return np.array([p[0] * exp(-p[1] * t) for t in ts.tolist()]) - 2.0 * np.exp(-1.5 * ts)

    fit = optimize.least_squares(residuals, np.array([1.0, 1.0]), jac=jacobian(residuals))
    assert np.allclose([2.0, 1.5], fit.x, atol=1e-6)
