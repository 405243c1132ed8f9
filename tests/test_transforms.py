"""Functions in, functions out: right to order 4 in every mixture of modes, in the structures people use, and clear when it cannot be."""

from __future__ import annotations

import copy
import doctest
import gc
import importlib
import math
import pickle
import threading
from collections import OrderedDict, namedtuple
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import (
    DomainError,
    ExpressionError,
    GradientError,
    RangeError,
    Value,
    asinh,
    atan,
    context,
    cos,
    custom_gradient,
    derivative,
    dot,
    draw,
    elementwise,
    erf,
    exp,
    grad,
    gradient,
    hessian,
    hvp,
    hypot,
    jacobian,
    jacobian_chain,
    jvp,
    log,
    log1p,
    logsumexp,
    matrix,
    maximum,
    modes,
    no_grad,
    norm,
    relu,
    scope,
    sigmoid,
    sin,
    softmax,
    softplus,
    sqrt,
    stop_gradient,
    sum,  # noqa: A004
    tan,
    tanh,
    value_and_grad,
    vjp,
)
from autograd.graph import topological
from autograd.primitive import PRIMITIVES, REALS, Primitive, function_of

from .random_graphs import SMOOTH, Step, build, recipes

Point = namedtuple("Point", "x y")

# -- right, to order 4 and in every mixture ------------------------------------------------------------------------------

SMOOTH_FUNCTIONS: list[tuple[str, Callable[[Any], Any], Callable[[Any], Any], tuple[float, ...]]] = [
    ("x⁵", lambda x: x**5, lambda x: x**5, (0.0, -1.3, 2.0)),
    ("exp(−x²)", lambda x: exp(-x * x), lambda x: mpmath.exp(-x * x), (0.0, 0.7)),
    ("x log x", lambda x: x * log(x), lambda x: x * mpmath.log(x), (0.5, 3.0)),
    ("sin(x)/x", lambda x: sin(x) / x, lambda x: mpmath.sin(x) / x, (1.3,)),
    ("sigmoid", sigmoid, lambda x: 1 / (1 + mpmath.exp(-x)), (0.0, -1.5, 20.0)),
    ("tanh", tanh, mpmath.tanh, (0.0, 0.9, -3.0)),
    ("softplus", softplus, lambda x: mpmath.log(1 + mpmath.exp(x)), (0.0, 2.0)),
    ("atan", atan, mpmath.atan, (0.0, 0.5)),
    ("asinh", asinh, mpmath.asinh, (0.0, 2.0)),
    ("erf", erf, mpmath.erf, (0.0, 0.8)),
    ("√(1 + x²)", lambda x: sqrt(1 + x * x), lambda x: mpmath.sqrt(1 + x * x), (0.0, 1.7)),
    ("hypot(x, 2)", lambda x: hypot(x, 2.0), lambda x: mpmath.sqrt(4 + x * x), (0.0, 1.7)),
    ("x**x", lambda x: x**x, lambda x: mpmath.exp(x * mpmath.log(x)), (1.0, 1.8)),
    ("tan", tan, mpmath.tan, (0.4,)),
    ("log1p(exp)", lambda x: log1p(exp(sin(x))), lambda x: mpmath.log(1 + mpmath.exp(mpmath.sin(x))), (0.6,)),
]
MIXTURES = [
    (grad, grad, grad, grad),
    (derivative, derivative, derivative, derivative),
    (grad, derivative, grad, derivative),
    (derivative, derivative, grad, grad),
    (derivative, grad, derivative, grad),
    (grad, grad, derivative, derivative),
]


@pytest.mark.parametrize(("name", "f", "exact", "points"), SMOOTH_FUNCTIONS, ids=[name for name, *_ in SMOOTH_FUNCTIONS])
def test_orders_1_to_4_against_mpmath_in_every_mixture_of_modes(name: str, f: Any, exact: Any, points: tuple[float, ...]) -> None:
    for x in points:
        with mpmath.workdps(50):
            expected = [float(c * math.factorial(n)) for n, c in enumerate(mpmath.taylor(exact, mpmath.mpf(x), 4))]
        size = max(1e-300, *map(abs, expected))
        for mixture in MIXTURES:
            g = f
            for n, mode in enumerate(mixture, 1):
                g = mode(g)
                assert expected[n] == pytest.approx(g(x), rel=2e-13, abs=1e-14 * size), (x, n)


@given(recipes(SMOOTH, most=15), st.lists(st.floats(-2.0, 2.0), min_size=6, max_size=6))
def test_the_dot_product_identity(steps: list[Step], weights: list[float]) -> None:
    """⟨v, Jᵀu⟩ = ⟨Jv, u⟩ for a function from three numbers to the last three nodes of a random graph."""

    def f(xs: list[Any]) -> list[Any]:
        return build(SMOOTH, steps, xs)[-3:]

    u, v = weights[:3], weights[3:]
    at = [0.3, -1.2, 2.0]
    _, pullback = vjp(f, at)
    result, tangent = jvp(f, (at,), (v,))
    (cotangent,) = pullback(u)
    scale = 1e-12 * (1 + math.fsum(abs(x) for x in (*tangent, *cotangent)))
    assert math.fsum(a * b for a, b in zip(tangent, u, strict=True)) == pytest.approx(
        math.fsum(a * b for a, b in zip(cotangent, v, strict=True)), rel=1e-9, abs=scale
    )
    assert [float(y) for y in f([Value(x) for x in at])] == result


@given(recipes({**SMOOTH, "maximum": lambda a, b: sin(a) * cos(b)}, most=12))
def test_hessians_are_symmetric_and_every_way_to_them_agrees(steps: list[Step]) -> None:
    """Reverse over reverse, forward over reverse, reverse over forward, forward over forward, and column by column with hvp."""
    table = {**SMOOTH, "maximum": lambda a, b: sin(a) * cos(b)}

    def f(xs: list[Any]) -> Any:
        return build(table, steps, xs)[-1]

    at = [0.3, -1.2, 2.0]
    h = hessian(f)(at)
    ways = [
        jacobian(jacobian(f), mode="forward")(at),
        jacobian(jacobian(f, mode="forward"))(at),
        jacobian(jacobian(f, mode="forward"), mode="forward")(at),
        [hvp(f, (at,), ([float(i == j) for i in range(3)],))[0] for j in range(3)],
        [list(column) for column in zip(*h, strict=True)],
    ]
    for other in ways:
        assert [x for row in h for x in row] == pytest.approx([x for row in other for x in row], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("degree", "f"),
    [
        (1.0, norm),
        (2.0, lambda xs: dot(xs, xs)),
        (3.0, lambda xs: xs[0] * xs[1] * xs[2] + xs[0] ** 3),
        (0.0, lambda xs: xs[0] / (xs[1] + xs[2])),
        (-1.0, lambda xs: 1.0 / hypot(xs[0], hypot(xs[1], xs[2]))),
        (0.5, lambda xs: sqrt(xs[0] + 2 * xs[1] + xs[2])),
        (1.0, lambda xs: maximum(xs[0], maximum(xs[1], xs[2]))),
    ],
)
def test_eulers_theorem(degree: float, f: Any) -> None:
    """x·∇f = k·f where f(tx) = tᵏf(x); and so x·H = (k − 1)·∇f."""
    at = [1.5, 0.7, 2.25]
    value, slopes = value_and_grad(f)(at)
    assert degree * value == pytest.approx(math.fsum(x * g for x, g in zip(at, slopes, strict=True)), abs=1e-14)
    products = hvp(f, (at,), (at,))[0]
    assert [(degree - 1.0) * g for g in slopes] == pytest.approx(products, rel=1e-12, abs=1e-14)


def test_the_curvature_of_the_2_2_1_network() -> None:
    """Its Hessian by the six weights against differences of the gradient."""

    def loss(w: list[Any]) -> Any:
        h1, h2 = sigmoid(0.5 * w[0] + 0.3 * w[2]), sigmoid(0.5 * w[1] + 0.3 * w[3])
        return (1.0 - sigmoid(h1 * w[4] + h2 * w[5])) ** 2

    at = [0.7, 0.3, 0.4, 0.6, 0.55, 0.45]
    assert [-0.010551, -0.008874, -0.006330, -0.005325, -0.099753, -0.094302] == pytest.approx(grad(loss)(at), abs=5e-7)
    h, step = hessian(loss)(at), 1e-5
    for j in range(6):
        up, down = ([x + s * step * (i == j) for i, x in enumerate(at)] for s in (1, -1))
        expected = [(a - b) / (2 * step) for a, b in zip(grad(loss)(up), grad(loss)(down), strict=True)]
        assert expected == pytest.approx(h[j], abs=1e-9)


def test_the_sweep_over_numbers_and_the_gradient_graph_give_the_same_bits() -> None:
    """grad on plain numbers uses the one; on a Value, the other."""

    def f(xs: list[Any]) -> Any:
        return logsumexp([x * y for x in xs for y in xs]) + sin(xs[0]) / xs[1] - tanh(xs[2]) ** 3

    at = [0.3, -1.2, 2.0]
    assert grad(f)(at) == [g.data for g in grad(f)([Value(x) for x in at])]


def test_a_hessian_runs_the_function_once() -> None:
    calls = []

    def f(xs: list[Any]) -> Any:
        calls.append(1)
        return sum([x * y for x in xs for y in xs]) ** 2

    h = hessian(f)([1.0, 2.0, 3.0])
    assert [1] == calls
    assert [[12 * 36.0] * 3] * 3 == h


@pytest.mark.slow
def test_nothing_is_left_for_the_collector() -> None:
    """No transform makes a reference cycle: what it used is freed when it returns."""

    def f(xs: list[Any]) -> Any:
        return sum([sin(x * y) for x in xs for y in xs])

    def use() -> None:
        at = [0.5, 1.5]
        grad(f)(at), hessian(f)(at), jacobian(lambda xs: [f(xs), xs[0]], mode="forward")(at), hvp(f, (at,), (at,))
        vjp(f, at)[1](1.0)

    use()
    gc.collect()
    gc.disable()
    try:
        use()
        assert [] == [x for x in gc.get_objects() if isinstance(x, Value) and x.op is sin.primitive]
    finally:
        gc.enable()


# -- structures ----------------------------------------------------------------------------------------------------------


def test_results_have_the_structure_of_the_argument() -> None:
    """Lists, tuples, named tuples and dicts, nested, empty ones too; the caller's own containers are not touched."""
    tree = {"w": [[1.0, 2.0], []], "b": (3.0, Point(4.0, 5.0)), "none": {}}

    def f(p: Any) -> Any:
        assert isinstance(p["b"], tuple)
        assert isinstance(p["b"][1], Point)
        total = p["w"][0][0] * p["w"][0][1] + p["b"][0] ** 2 + p["b"][1].x * p["b"][1].y
        p["w"].clear()
        return total

    before = copy.deepcopy(tree)
    assert {"w": [[2.0, 1.0], []], "b": (6.0, Point(5.0, 4.0)), "none": {}} == grad(f)(tree)
    assert before == tree
    assert isinstance(grad(f)(tree)["b"][1], Point)
    assert (11.0, 10.0) == jvp(lambda p: p["a"] * 10 + p["b"], ({"a": 1.0, "b": 1.0},), ({"b": 0.0, "a": 1.0},))
    assert ["b", "a"] == list(grad(lambda d: d["a"] * d["b"])(OrderedDict(b=1.0, a=2.0)))


def test_empty_containers() -> None:
    for empty in ([], (), {}):
        for transform in (grad, hessian, jacobian):
            assert empty == transform(lambda xs: sum([*xs]) + 1.0)(empty)
        assert (1.0, empty) == value_and_grad(lambda xs: 1.0)(empty)
    for mode in ("reverse", "forward"):
        assert [] == jacobian(lambda x: [], mode=mode)(2.0)
        assert [[], []] == jacobian(lambda xs: [1.0, 2.0], mode=mode)([])
    assert ([], []) == jvp(lambda xs: xs, ([],), ([],))
    result, pullback = vjp(lambda x: {}, 2.0)
    assert ({}, (0.0,)) == (result, pullback({}))
    assert () == grad(lambda x: x, argnums=())(1.0)
    assert () == hvp(lambda: 3.0, (), ())


def test_jacobians_have_the_result_s_structure_outside_and_the_argument_s_inside() -> None:
    def f(p: Any) -> Any:
        return {"sum": p["a"] + p["b"][0], "parts": [p["a"] * p["b"][1], 5.0]}

    at = {"a": 2.0, "b": (3.0, 4.0)}
    expected = {
        "sum": {"a": 1.0, "b": (1.0, 0.0)},
        "parts": [{"a": 4.0, "b": (0.0, 2.0)}, {"a": 0.0, "b": (0.0, 0.0)}],
    }
    assert expected == jacobian(f)(at) == jacobian(f, mode="forward")(at)
    two = jacobian(lambda x, y: [x * y, y], argnums=(0, 1))
    assert [(3.0, 2.0), (0.0, 1.0)] == two(2.0, 3.0)
    assert ((2.0, 1.0), (1.0, 0.0)) == hessian(lambda x, y: x * x + x * y, argnums=(0, 1))(2.0, 3.0)


def test_argnums() -> None:
    """One, several, negative; what is not chosen is passed on as it is, keywords too."""

    def f(x: Any, text: str, ys: list[Any], *, power: int = 1) -> Any:
        assert text == "as it is"
        return x * ys[0] ** power

    assert 3.0 == grad(f)(2.0, "as it is", [3.0])
    assert [12.0] == grad(f, argnums=2)(2.0, "as it is", [3.0], power=2) == grad(f, argnums=-1)(2.0, "as it is", [3.0], power=2)
    assert ([2.0], 3.0) == grad(f, argnums=(2, 0))(2.0, "as it is", [3.0])
    assert 6.0 == derivative(lambda x, y: x**y, argnums=0)(3.0, 2.0)
    assert 3.0 * math.log(3.0) == derivative(lambda x, y: x**y, argnums=1)(3.0, 1.0)
    assert 1.0 == derivative(lambda x, y: x - y, argnums=-2)(3.0, 1.0)
    assert (5.0, 2.0) == derivative(lambda x, y: x * y, argnums=(0, 1))(2.0, 5.0) == grad(lambda x, y: x * y, argnums=(0, 1))(2.0, 5.0)
    assert ([1.0, 2.0], [0.0, 5.0]) == derivative(lambda x, y: [y, x * y], argnums=(1, 0))(2.0, 5.0)
    assert ((2.0,), "aux") == derivative(lambda x, y: (x * y, "aux"), argnums=[1], has_aux=True)(2.0, 5.0)
    assert () == derivative(lambda x: x, argnums=())(1.0)


def test_has_aux() -> None:
    """What else the function returns comes back beside the result: numbers plain, everything else as it is."""

    def f(x: Any) -> Any:
        return x * x, {"seen": [x + 1.0, (x,)], "text": "hello", "n": 3}

    aux = {"seen": [4.0, (3.0,)], "text": "hello", "n": 3}
    assert (6.0, aux) == grad(f, has_aux=True)(3.0) == derivative(f, has_aux=True)(3.0)
    assert ((9.0, aux), 6.0) == value_and_grad(f, has_aux=True)(3.0)
    assert (2.0, aux) == hessian(f, has_aux=True)(3.0)
    assert (6.0, aux) == jacobian(f, has_aux=True)(3.0) == jacobian(f, has_aux=True, mode="forward")(3.0)
    assert (9.0, 12.0, aux) == jvp(f, (3.0,), (2.0,), has_aux=True)
    result, pullback, third = vjp(f, 3.0, has_aux=True)
    assert (9.0, (6.0,), aux) == (result, pullback(1.0), third)
    assert all(isinstance(x, float) for x in (third["seen"][0], third["seen"][1][0]))
    with pytest.raises(TypeError, match="has_aux needs a function that returns a pair"):
        grad(lambda x: x, has_aux=True)(1.0)


def test_kinds_of_plain_numbers() -> None:
    """Ints, NumPy scalars and Fractions are taken as floats, and floats come back."""
    for three in (3, np.float32(3.0), np.int64(3), Fraction(3), 3.0):
        for result in (grad(lambda x: x**2)(three), derivative(lambda x: x**2)(three), grad(lambda x: x[0] ** 2)([three])[0]):
            assert (6.0, float) == (result, type(result))
    assert (0.0, float) == (grad(lambda x: 7)(1.0), type(grad(lambda x: 7)(1.0)))


# -- composition ---------------------------------------------------------------------------------------------------------


def test_transforms_compose_in_any_order() -> None:
    """jvp of vjp, vjp of jvp, grad of jacobian, jacobian of hvp, grad through a pullback: against the polynomial x²y³."""

    def f(p: list[Any]) -> Any:
        return p[0] ** 2 * p[1] ** 3

    at = [2.0, 3.0]
    h = [[2 * 27.0, 4 * 27.0], [4 * 27.0, 4 * 18.0]]
    assert h == hessian(f)(at)
    assert [h[0][1], h[1][1]] == jvp(lambda p: vjp(f, p)[1](1.0)[0], (at,), ([0.0, 1.0],))[1]
    assert [h[0][1], h[1][1]] == vjp(lambda p: jvp(f, (p,), ([0.0, 1.0],))[1], at)[1](1.0)[0]
    assert [h[0][0] + h[1][0], h[0][1] + h[1][1]] == grad(lambda p: sum(jacobian(f)(p)))(at)
    assert [h[0][0] + h[1][0], h[0][1] + h[1][1]] == grad(lambda p: sum(jacobian(f, mode="forward")(p)))(at)
    third = jacobian(lambda p: hvp(f, (p,), ([1.0, 0.0],))[0])(at)
    assert [[0.0, 2 * 27.0], [2 * 27.0, 4 * 18.0]] == third
    assert third == jacobian(lambda p: hvp(f, (p,), ([1.0, 0.0],))[0], mode="forward")(at)
    assert third == [row[0] for row in jacobian(hessian(f))(at)]


def test_a_pullback_is_linear_and_differentiable_in_what_it_is_given() -> None:
    """It may be called again; the derivative by its weight is the derivative; in another derivative's run it stays right."""
    result, pullback = vjp(lambda x: x**3, 2.0)
    assert (8.0, (12.0,), (24.0,), (0.0,)) == (result, pullback(1.0), pullback(2.0), pullback(0.0))
    for mode in (grad, derivative):
        assert 72.0 == mode(lambda s: pullback(s * s)[0])(3.0)
        assert 24.0 == mode(lambda x: vjp(lambda y: x * y**2, 3.0)[1](x)[0])(2.0)


def test_huge_weights_do_not_overflow_a_pullback() -> None:
    _, pullback = vjp(lambda x: [x * 1e200, x * -1e200], 1.0)
    assert (0.0,) == pullback([1e107, 1e107])
    with pytest.raises(GradientError):
        pullback([1e109, 0.0])


def test_newtons_method_through_its_own_steps() -> None:
    """√a as three Newton steps, differentiated by a: half of 1/√a."""

    def root(a: Any) -> Any:
        x = a * 0.0 + 1.5
        for _ in range(6):
            x = x - (x * x - a) / grad(lambda t: t * t - a)(x)
        return x

    for mode in (grad, derivative):
        assert 0.5 / math.sqrt(2.0) == pytest.approx(mode(root)(2.0), rel=1e-12)


# -- Values in, Values brought along, aliases ----------------------------------------------------------------------------


def test_a_value_as_argument_gives_a_value_that_depends_on_it() -> None:
    x = Value(3.0, label="x")
    slope = grad(lambda t: t**3)(x)
    assert isinstance(slope, Value)
    slope.backward()
    assert (27.0, 18.0) == (slope.data, x.grad)
    slope = derivative(lambda t: t**3)(x)
    assert (27.0, 18.0) == (slope.data, gradient(slope, x).data)
    with pytest.raises(ValueError, match=r"label 'x'"):
        grad(log)(Value(-1.0, label="x"))


def test_closures_over_values_are_right() -> None:
    """d/dx (x²w) = 2xw depends on w, so it is a Value, and ∂/∂w of it is 2x. Value and gradient say so alike."""
    w = Value(5.0, label="w")
    for mode in (grad, derivative):
        w.grad = 0.0
        slope = mode(lambda x: x * x * w)(3.0)
        slope.backward()
        assert (30.0, 6.0) == (slope.data, w.grad)
    value, slope = value_and_grad(lambda x: x * x * w)(3.0)
    assert (45.0, 9.0) == (value.data, gradient(value, w).data)
    assert 1.0 == grad(lambda x: x + w)(3.0)
    assert isinstance(grad(lambda x: x + w)(3.0), float)
    (product,) = hvp(lambda x: x * x * w, (3.0,), (1.0,))
    assert (10.0, 2.0) == (product.data, gradient(product, w).data)


def test_results_that_depend_on_no_value_are_plain_numbers() -> None:
    """In nested runs too, where variables of an inner run are constants once it is over."""
    for a in (grad, derivative):
        for b in (grad, derivative):
            result = a(lambda x, b=b: x * b(lambda y: x * y * y)(2.0))(3.0)
            assert (24.0, float) == (result, type(result))


def test_leaves_that_the_function_makes_are_constants() -> None:
    """detach(), no_grad() and Value(…) inside the function: the result is a plain number, in either mode, in nested runs, in aux."""

    def paused(x: Any) -> Any:
        with no_grad():
            c = x * 1.0
        return c * x

    w = Value(3.0)
    cases: list[tuple[Callable[[Any], Any], float]] = [
        (lambda x: x.detach() * x, 2.0),
        (paused, 2.0),
        (lambda x: Value(5.0) * x, 5.0),
        (lambda x: Value(5.0) * x * x + w.detach(), 20.0),
        (lambda x: x * x * w.detach(), 12.0),
        (lambda x: x * gradient(x * x, x).data if isinstance(x, Value) else 4.0 * x, 4.0),
        (lambda x: copy.copy(Value(1.0)).detach() * x, 1.0),
    ]
    for f, expected in cases:
        for mode in (grad, derivative, jacobian, lambda f: lambda x: jvp(f, (x,), (1.0,))[1], lambda f: lambda x: vjp(f, x)[1](1.0)[0]):
            assert (expected, float) == (mode(f)(2.0), type(mode(f)(2.0)))
        for outer in (grad, derivative):
            for inner in (grad, derivative):
                assert float is type(outer(lambda x, f=f, inner=inner: inner(f)(x) * x)(2.0))
    assert (10.0, 5.0) == value_and_grad(lambda x: Value(5.0) * x)(2.0)
    assert all(type(x) is float for x in value_and_grad(lambda x: Value(5.0) * x)(2.0))
    assert (4.0, {"seen": 2.0}) == grad(lambda x: (x * x, {"seen": x.detach() * 1.0}), has_aux=True)(2.0)
    _, pullback = vjp(lambda x: Value(5.0) * x, 2.0)
    for mode in (grad, derivative):
        slope = mode(lambda s: pullback(s * s)[0])(3.0)
        assert (30.0, float) == (slope, type(slope))


def test_a_leaf_of_the_caller_s_is_none_that_the_function_makes() -> None:
    """Made by detach() or under no_grad(), a copy, or of a run around: what depends on it says so."""
    with no_grad():
        updated = Value(3.0) - 1.0
    for w in (updated, Value(2.0).detach(), copy.copy(Value(2.0)), pickle.loads(pickle.dumps(Value(2.0)))):
        for mode in (grad, derivative):
            slope = mode(lambda x, w=w: x * x * w)(3.0)
            assert (12.0, 6.0) == (slope.data, gradient(slope, w).data)

    def f(x: Any) -> Any:
        c = Value(2.0)
        inner = grad(lambda y: y * y * c)(x)  # within f, c is somebody's: f's
        assert isinstance(inner, Value)
        return inner * gradient(inner, c).data

    assert (16.0, float) == (grad(f)(2.0), type(grad(f)(2.0)))


def test_aliases_are_told_apart() -> None:
    """The same Value, or the same list, in two places is two variables; a node of the outer graph used inside is a third."""
    v = Value(3.0)
    assert [6.0, 3.0] == [float(g) for g in grad(lambda x, y: x * y + x * x * 0.5, argnums=(0, 1))(v, v)]
    shared = [2.0]
    assert [[5.0], [2.0]] == [[*map(float, g)] for g in grad(lambda p: p[0][0] * p[1][0] + 3 * p[0][0])([shared, shared])]
    xs = [v, v]
    assert [1.0, 10.0] == [float(g) for g in grad(lambda p: p[0] + 10.0 * p[1])(xs)]
    assert 3.0 == float(grad(lambda x: x * v)(v))
    assert 6.0 == float(gradient(v * grad(lambda x: x * v)(v), v))


def test_a_gradient_with_respect_to_what_the_function_does_not_use_is_zero() -> None:
    assert [0.0, 2.0] == grad(lambda p: 2.0 * p[1])([5.0, 6.0])
    for transform, zero in ((grad, 0.0), (derivative, 0.0), (jacobian, 0.0), (hessian, 0.0)):
        for constant in (lambda x: 3.0, lambda x: 3, lambda x: Value(3.0), lambda x: np.float64(3.0)):
            assert zero == float(transform(constant)(1.0))
    assert (3.0, 0.0) == jvp(lambda x: 3, (1.0,), (1.0,))
    assert (0.0,) == vjp(lambda x: 3.0, 1.0)[1](1.0)
    assert 1.0 == grad(lambda x: x)(4.0)


# -- bad input -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: grad(lambda x: [x, x])(1.0), TypeError, "needs a function that returns one number, but got .* use jacobian or vjp"),
        (lambda: grad(lambda x: (x, "aux"))(1.0), TypeError, "has_aux=True"),
        (lambda: hessian(lambda x: [x])(1.0), TypeError, "one number"),
        (lambda: hvp(lambda x: [x], (1.0,), (1.0,)), TypeError, "one number"),
        (lambda: grad(lambda x: None)(1.0), TypeError, "is a return missing"),
        (lambda: jacobian(lambda x: None)(1.0), TypeError, "is a return missing"),
        (lambda: derivative(lambda x: None)(1.0), TypeError, "is a return missing"),
        (lambda: grad(lambda x: x > 0)(1.0), TypeError, "the function's result .*but got True of type bool"),
        (lambda: grad(lambda x: "a")(1.0), TypeError, "'a' of type str"),
        (lambda: grad(lambda x: math.nan)(1.0), ValueError, "finite, but got nan"),
        (lambda: grad(lambda x: x)(True), TypeError, "a number at argument 0 .*but got True of type bool"),
        (lambda: derivative(lambda x: x)(False), TypeError, "argument 0 .*False of type bool"),
        (lambda: grad(lambda p: p["w"][1])({"w": [1.0, "two"]}), TypeError, r"argument 0\['w'\]\[1\] .*'two' of type str"),
        (lambda: grad(lambda x, y: x, argnums=1)(1.0, None), TypeError, "argument 1 .*None"),
        (lambda: grad(lambda x: x)(math.inf), ValueError, "argument 0 that is finite, but got inf"),
        (lambda: grad(lambda x: x)(np.ones(2)), TypeError, "returns one number, but got array.* use jacobian"),
        (lambda: grad(lambda x: x)({1.0}), TypeError, "of type set"),
        (lambda: grad(lambda x: x)(1j), TypeError, "real numbers"),
        (lambda: grad(lambda x: x, argnums=1)(1.0), ValueError, r"asked for argument 1, but .* 1 positional"),
        (lambda: grad(lambda x: x)(x=1.0), ValueError, r"asked for argument 0, but .* 0 positional"),
        (lambda: grad(lambda x: x, argnums=(0, -1))(1.0), ValueError, "twice"),
        (lambda: grad(lambda x: x, argnums="x")(1.0), TypeError, "argnums"),
        (lambda: grad(lambda x: x, argnums=True)(1.0), TypeError, "argnums"),
        (lambda: grad(3.0), TypeError, "grad needs a function, but got 3.0"),
        (lambda: vjp(3.0, 1.0), TypeError, "vjp needs a function"),
        (lambda: jvp(3.0, (1.0,), (1.0,)), TypeError, "jvp needs a function"),
        (lambda: hvp(3.0, (1.0,), (1.0,)), TypeError, "needs a function"),
        (lambda: jacobian(lambda x: x, mode="sideways"), ValueError, "'reverse' or 'forward', but got 'sideways'"),
        (lambda: derivative(lambda x: x)([1.0]), TypeError, "by one number, but got .* use jvp"),
        (lambda: derivative(lambda x, y: x, argnums=(0, 1))(1.0, [1.0]), TypeError, "by one number, but got .* use jvp"),
        (lambda: derivative(lambda x: x, argnums=(0, "x"))(1.0), TypeError, "argnums"),
        (lambda: derivative(lambda x: (x, x), argnums=(), has_aux=True)(1.0), ValueError, "at least one argument in argnums"),
        (lambda: jvp(lambda x: x, 1.0, 1.0), TypeError, "primals as a list or tuple of arguments, but got 1.0"),
        (lambda: jvp(lambda x: x, (1.0,), 1.0), TypeError, "tangents as a list or tuple"),
        (lambda: jvp(lambda x: x, (1.0,), (1.0, 2.0)), ValueError, "a tuple of length 1, but got a tuple of length 2"),
        (lambda: jvp(lambda x: x, ([1.0, 2.0],), ([1.0],)), ValueError, r"a list of length 2 at \[0\], but got a list of length 1"),
        (lambda: jvp(lambda x: x, ({"a": 1.0},), ({"b": 1.0},)), ValueError, r"\['a'\] at \[0\], but got a dict with the keys \['b'\]"),
        (lambda: jvp(lambda x: x, (1.0,), ([1.0],)), ValueError, r"one number at \[0\], but got a list of length 1"),
        (lambda: jvp(lambda x: x, (1.0,), (True,)), TypeError, "tangents.*True of type bool"),
        (lambda: vjp(lambda x: [x, x], 1.0)[1](1.0), ValueError, "a list of length 2, but got one number"),
        (lambda: vjp(lambda x: x, 1.0)[1]([1.0]), ValueError, "one number, but got a list of length 1"),
        (lambda: vjp(lambda x: x, 1.0)[1](None), TypeError, "None"),
    ],
)  # fmt: skip
def test_bad_input_is_a_clear_error(call: Callable[[], Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_a_container_that_contains_itself_is_an_error() -> None:
    xs: list[Any] = [1.0]
    xs.append(xs)
    with pytest.raises(ValueError, match=r"a list that contains itself, at argument 0\[1\]"):
        grad(lambda p: p[0])(xs)


def test_an_exception_of_the_function_is_its_own_and_leaves_nothing_behind() -> None:
    class MineError(Exception):
        pass

    def f(x: Any) -> Any:
        raise MineError

    for transform in (grad, derivative, jacobian, hessian):
        with pytest.raises(MineError), no_grad():
            transform(f)(1.0)
    assert 2.0 == grad(lambda x: x * x)(1.0)


def test_the_plain_number_has_no_derivative() -> None:
    """x.data gives a plain number, for Values and Duals alike."""
    assert (0.0, 0.0) == (grad(lambda x: math.exp(x.data))(1.0), derivative(lambda x: math.exp(x.data))(1.0))


# -- stop, pause, custom -------------------------------------------------------------------------------------------------


def test_stop_gradient_and_detach_stop_every_order_and_mode() -> None:
    for stop in (stop_gradient, lambda x: x.detach()):
        for mode in (grad, derivative):
            assert 3.0 == float(mode(lambda x, stop=stop: x * stop(x))(3.0))
            assert 0.0 == float(mode(mode(lambda x, stop=stop: x * stop(x) ** 2))(3.0))
    v = Value(2.0, label="v")
    assert (2.0, "v", (), None) == ((v * 1.0).detach().data, v.detach().label, v.detach().args, v.detach().op)
    assert v.detach() is not v


def test_under_no_grad_nothing_is_remembered() -> None:
    """Results of + and ×, of rows with one and two operands, of composed functions and of gradient() are leaves with the right number."""
    x = Value(2.0)
    with no_grad():
        results = [x + 1, x * x, 3 - x, exp(x), hypot(x, 1.0), softmax([x, x])[0], sum([x, x]), x**2, -x, x.relu()]
        assert [3.0, 4.0, 1.0, math.exp(2.0), math.hypot(2.0, 1.0), 0.5, 4.0, 4.0, -2.0, 2.0] == [r.data for r in results]
    assert all((None, (), ()) == (r.op, r.args, r.partials) for r in results)
    y = x * x
    with no_grad():
        assert (4.0, ()) == (gradient(y, x).data, gradient(y, x).args)
        y.backward()
    assert 4.0 == x.grad
    assert (2, 4.0) == (len(topological(x * x)), gradient(x * x, x).data)


def test_no_grad_ends_with_its_block_whatever_happens() -> None:
    """Nested, left by an exception, as a decorator, in a generator that is dropped; and scopes are kept inside."""
    x = Value(2.0)

    def recorded() -> bool:
        return (x * x).op is not None

    with no_grad():
        with no_grad():
            assert not recorded()
        assert not recorded()
        with scope("inside"):
            assert "inside" == (x * x).scope
    assert recorded()
    with pytest.raises(ZeroDivisionError), no_grad():
        x / 0.0
    assert recorded()
    assert not no_grad()(recorded)()

    def generator() -> Iterator[None]:
        with no_grad():
            yield

    suspended = generator()
    next(suspended)
    suspended.close()
    assert recorded()
    assert context.here is context._plain  # so that recording is as fast as before


def test_no_grad_holds_for_one_thread_alone() -> None:
    x = Value(2.0)
    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append((x * x).op is not None))
        thread.start()
        thread.join()
        assert [True] == seen
        assert (x * x).op is None


def test_copies_and_pickles_under_no_grad_keep_their_graph() -> None:
    output = Value(2.0) * Value(3.0)
    with no_grad():
        for other in (copy.copy(output), copy.deepcopy(output), pickle.loads(pickle.dumps(output))):
            assert (6.0, "multiply", 2) == (other.data, other.op and other.op.name, len(other.parents))


def test_derivatives_taken_under_no_grad_are_right_and_plain() -> None:
    """A pause around a derivative does not reach into it; a pause inside the function does."""
    w = Value(5.0)
    with no_grad():
        for transform in (grad, derivative, jacobian):
            result = transform(lambda x: x * x * w)(3.0)
            assert (30.0, float) == (result, type(result))
            assert (30.0, float) == (transform(lambda x: x * x * w)(Value(3.0)), type(transform(lambda x: x * w)(Value(3.0))))
        assert 2.0 == hessian(lambda x: x * x)(3.0)
        assert (9.0, 6.0) == jvp(lambda x: x * x, (3.0,), (1.0,))
        assert (6.0,) == vjp(lambda x: x * x, 3.0)[1](1.0)

    def f(x: Any) -> Any:
        with no_grad():
            c = x * x
        return c * x

    for transform in (grad, derivative, jacobian):
        assert 9.0 == float(transform(f)(3.0))
    assert 0.0 == float(grad(grad(f))(3.0))


def test_parameters_updated_under_no_grad_are_leaves() -> None:
    w = Value(2.0)
    for _ in range(3):
        loss = (w - 5.0) ** 2
        w.grad = 0.0
        loss.backward()
        with no_grad():
            w = w - 0.25 * w.grad
    assert (5.0 - 3.0 / 8, None) == (w.data, w.op)


@custom_gradient(lambda z, x: 1.0)
def rounded(x: float) -> float:
    """x to the nearest whole number; the gradient passes straight through."""
    return float(round(x))


def test_a_straight_through_estimator() -> None:
    """Rounded forward, the identity backward: what is quantised can still be trained (Bengio et al. 2013)."""
    assert (3.0, 3.0) == (rounded(2.7), rounded(Value(2.7)).data)
    for mode in (grad, derivative):
        assert 6.0 == mode(lambda x: rounded(x) ** 2)(2.7)
    w = 0.2
    for _ in range(200):
        w -= 0.1 * grad(lambda v: (rounded(v) * 2.0 - 6.0) ** 2)(w)
    assert 3.0 == rounded(w)


@pytest.mark.parametrize(
    ("returned", "outcome"),
    [
        (3, 3.0),
        (np.float32(2.5), 2.5),
        (Fraction(1, 2), 0.5),
        (-0.0, 0.0),
        (True, TypeError),
        (None, TypeError),
        ("3", TypeError),
        ([1.0], TypeError),
        (1j, DomainError),  # what Python's ** makes of a negative base
        (Value(3.0), TypeError),
        (math.nan, DomainError),
        (math.inf, RangeError),
        (np.float64("nan"), ValueError),
        (10**400, RangeError),
    ],
    ids=repr,
)
def test_what_a_custom_function_returns_becomes_a_float_or_is_refused(returned: Any, outcome: Any) -> None:
    """On floats, on Values, in forward mode, and for a row from outside: the table's own rows give finite floats."""
    f = custom_gradient(lambda z, x: 1.0)(lambda x: returned)
    row = function_of(Primitive("custom", ("x",), lambda x: returned, (lambda z, x: 1.0,), "c", "c(x)", "c", ("1",), (REALS,)))
    for way in (f, row, lambda x: f(Value(x)).data, lambda x: row(Value(x)).data, lambda x: jvp(f, (x,), (1.0,))[0]):
        if isinstance(outcome, type):
            with pytest.raises(outcome, match="custom"):
                way(2.0)
        else:
            assert (outcome, float) == (way(2.0), type(way(2.0)))


def test_a_custom_node_cannot_be_pickled_and_says_what_to_do() -> None:
    with pytest.raises(TypeError, match=r"cannot pickle a node made by rounded: .* Register it in a module, .*, or pickle|numbers"):
        pickle.dumps(rounded(Value(2.7)) * 2.0)
    assert 3.0 == copy.deepcopy(rounded(Value(2.7))).data


def test_custom_rules_give_every_order_and_mode() -> None:
    """cosh and sinh with rules of each other; x·yᵏ with two rules. Registered nowhere."""

    @custom_gradient(lambda z, x: _sinh(x), textbook=("sinh(x)",))
    def _cosh(x: float) -> float:
        return math.cosh(x)

    @custom_gradient(lambda z, x: _cosh(x))
    def _sinh(x: float) -> float:
        return math.sinh(x)

    for mixture in MIXTURES:
        g: Any = _cosh
        for n, mode in enumerate(mixture, 1):
            g = mode(g)
            assert (math.sinh, math.cosh)[n % 2 == 0](0.4) == pytest.approx(g(0.4), rel=1e-14)

    @custom_gradient(lambda z, x, y: y * y, lambda z, x, y: 2.0 * x * y)
    def product(x: float, y: float) -> float:
        return x * y * y

    assert ((9.0, 12.0), ((0.0, 6.0), (6.0, 4.0))) == (
        grad(product, argnums=(0, 1))(2.0, 3.0),
        hessian(product, argnums=(0, 1))(2.0, 3.0),
    )
    assert ("product", "_cosh") == (product.__name__, _cosh.__name__)
    assert not {"rounded", "_cosh", "product"} & set(PRIMITIVES)
    assert "rounded" in draw(rounded(Value(2.7))).source
    with pytest.raises(ValueError, match="sqrt is not defined everywhere: got x=-1"):
        custom_gradient(lambda z, x: 0.0)(math.sqrt)(-1.0)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: custom_gradient(), ValueError, "a rule for at least one operand, but got none"),
        (lambda: custom_gradient(None, None), ValueError, "a rule for at least one operand, but got 2"),
        (lambda: custom_gradient(lambda z, x: 0.0, accept=2.0), ValueError, "an accept from 0 to below 1"),
        (lambda: custom_gradient(lambda z, x: 0.0, kinks="7*(x")(lambda x: x), ExpressionError, "this bracket is never closed"),
        (
            lambda: custom_gradient(lambda z, x: 0.0, kinks="y")(lambda x: x),
            ExpressionError,
            "kinks of .* names y in 'y', but its operands",
        ),
        (lambda: custom_gradient(3.0), TypeError, "but got 3.0"),
        (lambda: custom_gradient(lambda z, x: 0.0, textbook=("0", "0")), ValueError, "one textbook form for each of 1"),
    ],
)
def test_custom_rules_that_cannot_be(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


# -- the Jacobian view ---------------------------------------------------------------------------------------------------


def test_jacobians_of_activations() -> None:
    """Diagonal for what works number by number; softmax's is full, with yᵢ(1 − yᵢ) on the diagonal and −yᵢyⱼ off it."""
    xs = [0.5, -1.0, 2.0]
    for f in (relu, sigmoid, tanh, softplus, exp):
        expected = [[derivative(f)(x) if i == j else 0.0 for j in range(3)] for i, x in enumerate(xs)]
        assert expected == jacobian(elementwise(f))(xs) == jacobian(elementwise(f), mode="forward")(xs)
    full = [[0.21, -0.06, -0.15], [-0.06, 0.16, -0.10], [-0.15, -0.10, 0.25]]
    found = jacobian(softmax)([math.log(3), math.log(2), math.log(5)])
    assert [x for row in full for x in row] == pytest.approx([x for row in found for x in row], rel=1e-14)
    assert "⎡ 0.21 −0.06 −0.15⎤\n⎢−0.06  0.16 −0.1 ⎥\n⎣−0.15 −0.1   0.25⎦" == matrix(found, digits=2)


def test_a_chain_of_transposed_jacobians_is_the_engine_s_gradient() -> None:
    """For the 2-2-1 network as linear, sigmoid, linear, sigmoid, loss; and each ∇ is the gradient at that point."""
    w, v = [[0.7, 0.4], [0.3, 0.6]], [0.55, 0.45]

    def hidden(x: list[Any]) -> list[Any]:
        return [dot(row, x) for row in w]

    def output(h: list[Any]) -> list[Any]:
        return [dot(v, h)]

    def loss(o: list[Any]) -> Any:
        return (1.0 - o[0]) ** 2

    chain = jacobian_chain([hidden, sigmoid, output, sigmoid, loss], [0.5, 0.3])
    steps = [hidden, elementwise(sigmoid), output, elementwise(sigmoid), loss]

    def rest(k: int) -> Callable[[Any], Any]:
        def f(x: Any) -> Any:
            for step in steps[k:]:
                x = step(x)
            return x

        return f

    for k in range(5):
        assert grad(rest(k))(chain.points[k]) == pytest.approx(chain.gradients[k], rel=1e-14)
    assert chain.gradient is chain.gradients[0]
    assert w == chain.jacobians[0]
    assert [[1.0]] == [chain.gradients[-1]]
    assert 0.125518 == pytest.approx(chain.points[-1][0], abs=5e-7)
    text = str(chain)
    assert ["hidden", "sigmoid", "output", "sigmoid", "loss"] == chain.names
    for piece in ("x₀ = (0.5, 0.3)", "x₂ = sigmoid(x₁) = (0.6154, 0.5818)", "∇₅ = 1", "∇₂ = J₃ᵀ ∇₃ = ⎡0.55⎤ [−0.1621] = ⎡−0.08915⎤"):
        assert piece in text
    assert "∇₀ = J₁ᵀ ∇₁ = ⎡0.7 0.3⎤" in text  # transposed
    assert not [line for line in text.splitlines() if line != line.rstrip()]


def test_chains_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="one number, but relu returned 2"):
        jacobian_chain([relu], [1.0, 2.0])
    with pytest.raises(ValueError, match="at least one function"):
        jacobian_chain([], [1.0])


def test_a_chain_through_zero_keeps_the_strong_zero() -> None:
    chain = jacobian_chain([relu, sum], [-1.0, 2.0])
    assert [0.0, 1.0] == chain.gradient
    assert "F₁(x₀)" in str(jacobian_chain([lambda x: [2 * x[0]], sum], [1.0]))


@given(recipes(SMOOTH))
def test_operations_in_either_mode_are_those_of_the_sweeps(steps: list[Step]) -> None:
    """Reverse: one an edge that leads to an input. Forward: for each input, one an edge it reaches; never fewer in total."""
    leaves = [Value(x) for x in (0.3, -1.2, 2.0)]
    output = build(SMOOTH, steps, leaves)[-1]
    order = topological(output)
    counted = modes(output, leaves)
    assert counted.reverse == math.fsum(len(node.parents) for node in order)
    assert counted.reverse <= math.fsum(counted.forward)
    one = modes(output, leaves[:1])
    assert one.reverse == one.forward[0] == counted.forward[0]


def test_a_gradient_of_a_gradient_can_be_drawn() -> None:
    x, y = Value(1.5, label="x"), Value(0.5, label="y")
    second = gradient(gradient(sin(x * y), x), y)
    assert "<svg" in draw(second).pipe(format="svg").decode()
    assert math.cos(0.75) - 0.75 * math.sin(0.75) == pytest.approx(second.data, rel=1e-15)


@pytest.mark.parametrize("room", ["forward", "transforms", "jacobians", "reverse"])
def test_the_examples_in_docstrings_run(room: str) -> None:
    done = doctest.testmod(importlib.import_module(f"autograd.{room}"))
    assert (0, True) == (done.failed, done.attempted > 0)
