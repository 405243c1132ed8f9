"""Inside a function that is differentiated, a number that depends on its arguments cannot become a plain one unnoticed."""

from __future__ import annotations

import copy
import gc
import math
import pickle
import statistics
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from autograd import (
    Dual,
    LostGradientError,
    Value,
    check_gradients,
    derivative,
    exp,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    stop_gradient,
    value_and_grad,
    vjp,
)

WAYS: dict[str, Callable[[Any], Any]] = {
    "float": float,
    "int": int,
    "round": round,
    "round to digits": lambda x: round(x, 2),
    "complex": lambda x: complex(x).real,
    "math.exp": math.exp,
    "math.floor": math.floor,
    "math.fsum": lambda x: math.fsum([x, 1.0]),
    "fmean": lambda x: statistics.fmean([x, 1.0]),
    "percent": lambda x: len("%.3f" % x),  # noqa: UP031
    "inner": lambda x: derivative(lambda y: y * float(x))(1.0),
}

TRANSFORMS: dict[str, Callable[[Callable[[Any], Any], float], Any]] = {
    "grad": lambda f, x: grad(f)(x),
    "grad of a Value": lambda f, x: grad(f)(Value(x)),
    "value_and_grad": lambda f, x: value_and_grad(f)(x),
    "jacobian": lambda f, x: jacobian(lambda xs: [f(xs[0])])([x]),
    "jacobian forward": lambda f, x: jacobian(lambda xs: [f(xs[0])], mode="forward")([x]),
    "hessian": lambda f, x: hessian(f)(x),
    "vjp": lambda f, x: vjp(f, x),
    "jvp": lambda f, x: jvp(f, (x,), (1.0,)),
    "hvp": lambda f, x: hvp(f, (x,), (1.0,)),
    "derivative": lambda f, x: derivative(f)(x),
    "derivative twice": lambda f, x: derivative(derivative(f))(x),
    "grad of derivative": lambda f, x: grad(derivative(f))(x),
    "check_gradients": lambda f, x: check_gradients(f, x),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_plain_number_is_refused(transform: str, way: str) -> None:
    """In every transform, whatever asks for it: an argument, and what was computed from one. Outside, each is a number as ever."""
    for argument in (lambda x: x, lambda x: x * x + 1.0):
        with pytest.raises(
            LostGradientError, match=r"without its gradient, which would be lost, while a function is being differentiated: .*test_escape"
        ):
            TRANSFORMS[transform](lambda x, argument=argument: x * WAYS[way](argument(x)), 2.0)
    assert WAYS[way](2.0) == WAYS[way](Value(2.0))


def test_the_line_is_named() -> None:
    """The line of the user's code, through the libraries between; and the ways out."""

    def f(x: Any) -> Any:
        y = x * x
        return statistics.fmean([y, 3.0]) * x  # this line

    line = f.__code__.co_firstlineno + 2
    with pytest.raises(LostGradientError) as refusal:
        grad(f)(2.0)
    assert f"{__file__}:{line}, return statistics.fmean([y, 3.0]) * x  # this line." in str(refusal.value)
    assert "use x.data or stop_gradient(x)" in str(refusal.value)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_an_element_of_a_float_array_is_refused(transform: str) -> None:
    """c[0] = b·b, np.interp and their like; an array of objects keeps what is put into it."""
    np = pytest.importorskip("numpy")

    def put(x: Any) -> Any:
        c = np.zeros(2)
        c[0] = x * x
        return c[0] * x

    ways = [
        put,
        lambda x: np.interp(x, [0.0, 9.0], [0.0, 9.0]) * x,
        lambda x: np.array([x, 1.0], dtype=float)[0] * x,
        lambda x: np.float64(x) * x,
    ]
    for way in ways:
        with pytest.raises(LostGradientError, match=r"dtype=object|np\.interp cannot keep the gradients"):
            TRANSFORMS[transform](way, 2.0)

    def kept(x: Any) -> Any:
        c = np.zeros(2, dtype=object)
        c[0] = x * x
        return c[0] * x

    assert 12.0 == grad(kept)(2.0)


def test_what_stays_free() -> None:
    """x.data, stop_gradient, detach, no_grad; comparisons and texts; Values that the function brings along or makes of none."""
    w = Value(3.0)
    above = w * w + 1.0

    def paused(x: Any) -> Any:
        with no_grad():
            return float(x) * x

    free: list[tuple[Callable[[Any], Any], float]] = [
        (lambda x: x * x.data, 2.0),
        (lambda x: x * float(stop_gradient(x * x)), 4.0),
        (lambda x: x * float(x.detach()), 2.0),
        (lambda x: x + 0.0 * paused(x), 1.0),
        (lambda x: x * 5.0 if x > 1.0 and x < w else x, 5.0),
        (lambda x: x * max(x, 1.0).data * sorted([x, w])[0].data, 4.0),
        (lambda x: x * len(f"{x:.1f}") * len(f"{x}"[:1]) * len(repr(x)[:1]) * len(str(x)[:1]), 3.0),
        (lambda x: x * float(w) * float(above), 30.0),
        (lambda x: x * float(Value(7.0)) * int(w), 21.0),
        (lambda x: x * float(exp(w * 0.0)), 1.0),
    ]
    for f, slope in free:
        for transform in (grad, derivative):
            assert slope == transform(f)(2.0)


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda x: copy.deepcopy([x])[0], lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_would_lose_the_gradient(way: Callable[[Any], Any]) -> None:
    """A copy of an argument is another leaf, and of what was computed a graph of other leaves; forward mode copies tangents, too."""
    for f in (lambda x: way(x) * x, lambda x: way(x * 3.0) * x):
        for transform in (grad, hessian, lambda f: lambda x: check_gradients(f, x)):
            with pytest.raises(LostGradientError, match="without its gradient"):
                transform(f)(2.0)  # type: ignore[arg-type]
    assert 5.0 == grad(lambda x: x * way(Value(5.0)).data)(2.0)
    assert 4.0 == derivative(lambda x: way(x) * x)(2.0)


def test_an_inner_function_sees_the_arguments_of_an_outer_one() -> None:
    """What an inner derivative drops may be what the outer one asks for."""
    for outer in (grad, derivative):
        for inner in (grad, derivative):
            with pytest.raises(LostGradientError):
                outer(lambda x, inner=inner: inner(lambda y: y * y * math.exp(x))(1.0) * x)(2.0)
            assert 4.0 * 2.0 == outer(lambda x, inner=inner: inner(lambda y: y * y)(1.0) * x * x)(2.0)


def test_afterwards_all_is_as_before() -> None:
    """Numbers are plain again once the function has returned or failed, in this thread; and nothing is kept alive."""
    kept: list[Any] = []
    with pytest.raises(LostGradientError):
        grad(lambda x: (kept.append(x * x), math.exp(x))[1])(2.0)  # type: ignore[func-returns-value]
    assert 4.0 == float(kept[0])
    pullbacks = vjp(lambda x: kept.append(x * 3.0) or x * x, 2.0)[1]  # type: ignore[func-returns-value]
    assert (6.0, (4.0,)) == (float(kept[1]), pullbacks(1.0))
    derivative(lambda x: kept.append(x) or x)(2.0)  # type: ignore[func-returns-value]
    assert isinstance(kept[2], Dual)
    assert 2.0 == float(kept[2])
    assert 4.0 == float(pickle.loads(pickle.dumps(kept[0]))) == float(copy.deepcopy(kept[0]))
    gc.collect()
    gc.disable()
    try:
        for transform in (grad, derivative, hessian):
            transform(lambda x: exp(x) * x)(2.0)
        assert 0 == sum(isinstance(x, (Value, Dual)) for x in _garbage())
    finally:
        gc.enable()


def _garbage() -> Iterator[Any]:
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        yield from gc.garbage
    finally:
        gc.set_debug(0)
        gc.garbage.clear()


def test_another_thread_is_free() -> None:
    """A thread that differentiates nothing reads numbers while another one does."""
    w = Value(3.0)
    found: list[float] = []

    def f(x: Any) -> Any:
        thread = threading.Thread(target=lambda: found.append(float(w * w)))
        thread.start()
        thread.join()
        return x * x

    assert (4.0, [9.0]) == (grad(f)(2.0), found)
