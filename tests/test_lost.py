"""No silent zero: what other people's functions do with a number that is being differentiated, from end to end.

Each keeps the gradient, or ends in an error; none hands back plain numbers computed from it. An answer of whole numbers or of truth
is one about an order, which has no gradient.
"""

from __future__ import annotations

import math
import operator
import statistics
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from autograd import Dual, LostGradientError, Value, derivative, grad

np = pytest.importorskip("numpy")


def _objects(*xs: Any) -> Any:
    return np.array(xs, dtype=object)


NUMPY: dict[str, Callable[[Any], Any]] = {
    "element": lambda x: operator.setitem(np.zeros(2), 0, x),
    "slice": lambda x: operator.setitem(np.zeros(3), slice(None), [x, x, x]),
    "fill": lambda x: np.zeros(3).fill(x),
    "in place": lambda x: operator.iadd(np.zeros(2), x),
    "array of floats": lambda x: np.array([x, 1.0], dtype=float),
    "astype": lambda x: _objects(x).astype(float),
    "full": lambda x: np.full(3, x, dtype=float),
    "fill_diagonal": lambda x: np.fill_diagonal(np.zeros((2, 2)), x),
    "put": lambda x: np.put(np.zeros(3), [0], [x]),
    "fromiter": lambda x: np.fromiter([x], dtype=float),
    "float32": np.float32,
    "gradient": lambda x: np.gradient(_objects(x, x * x, 1.0)),
    "interp": lambda x: np.interp(x, [0.0, 9.0], [0.0, 9.0]),
    "interp of an array": lambda x: np.interp(_objects(x), [0.0, 9.0], [0.0, 9.0]),
    "interp through": lambda x: np.interp(1.0, [0.0, 9.0], [0.0, x]),
    "inv": lambda x: np.linalg.inv(np.array([[x, 0.0], [0.0, 1.0]])),
    "solve": lambda x: np.linalg.solve(np.array([[x, 0.0], [0.0, 1.0]]), np.ones(2)),
    "det": lambda x: np.linalg.det(np.array([[x, 0.0], [0.0, 1.0]])),
    "histogram": lambda x: np.histogram([x, 1.0])[1],
    "bincount": lambda x: np.bincount([0, 1], weights=[x, 1.0]),
    "quantile": lambda x: np.quantile([x, 1.0, 2.0], 0.5),
    "cov": lambda x: np.cov([x, 1.0, 2.0]),
    "random": lambda x: np.random.default_rng(0).normal(x, 1.0),
    "polyfit": lambda x: np.polyfit([1.0, 2.0, 3.0], [x, 2.0, 3.0], 1),
    "polyval": lambda x: np.poly1d([1.0, 2.0])(x),
    "linspace": lambda x: np.linspace(0.0, x, 3),
    "arange": lambda x: np.arange(0.0, x),
    "searchsorted": lambda x: np.searchsorted([0.0, 1.0, 5.0], x),
    "fft": lambda x: np.fft.fft(_objects(x, x)),
    "einsum": lambda x: np.einsum("i,i->", _objects(x, 1.0), np.ones(2)),
    "sort": lambda x: np.sort(_objects(x, 1.0)),
}

PLAIN: dict[str, Callable[[Any], Any]] = {
    "fmean": lambda x: statistics.fmean([x, 3.0]),
    "mean": lambda x: statistics.mean([x, 3.0]),
    "variance": lambda x: statistics.variance([x, 3.0]),
    "median": lambda x: statistics.median([x, 3.0, 7.0]),
    "exp": math.exp,
    "fsum": lambda x: math.fsum([x, 1.0]),
    "hypot": lambda x: math.hypot(x, 1.0),
    "dist": lambda x: math.dist([x], [1.0]),
    "float": float,
    "round": lambda x: round(x, 2),
}


def _scipy() -> dict[str, Callable[[Any], Any]]:
    from scipy import integrate, interpolate, linalg, signal, special, stats

    return {
        "interp1d": lambda x: interpolate.interp1d([0.0, 9.0], [0.0, 9.0])(x),
        "CubicSpline": lambda x: interpolate.CubicSpline([0.0, 1.0, 2.0, 9.0], [0.0, 1.0, 4.0, 9.0])(x),
        "erf": special.erf,
        "expit": special.expit,
        "gamma": lambda x: special.gamma(_objects(x)),
        "logsumexp": lambda x: special.logsumexp([x, 1.0]),
        "softmax": lambda x: special.softmax(_objects(x, x)),
        "quad": lambda x: integrate.quad(lambda t: t * x, 0.0, 1.0)[0],
        "norm.pdf": stats.norm.pdf,
        "norm.logpdf": lambda x: stats.norm.logpdf(x, 0.0, 1.0),
        "expm": lambda x: linalg.expm(np.array([[x, 0.0], [0.0, 1.0]])),
        "solve": lambda x: linalg.solve(np.array([[x, 0.0], [0.0, 1.0]]), np.ones(2)),
        "convolve": lambda x: signal.convolve([x, 1.0], [1.0, 2.0]),
    }


def _pandas() -> dict[str, Callable[[Any], Any]]:
    import pandas

    def column(*xs: Any) -> Any:
        return pandas.Series([*xs], dtype=object)

    return {
        "floats": lambda x: pandas.Series([x, 1.0], dtype=float),
        "astype": lambda x: column(x, 1.0).astype(float),
        "set": lambda x: operator.setitem(pandas.Series([1.0, 2.0]).loc, 0, x),
        "sum": lambda x: column(x, 1.0).sum(),
        "mean": lambda x: column(x, 1.0).mean(),
        "std": lambda x: column(x, 1.0).std(),
        "prod": lambda x: column(x, 1.0).prod(),
        "cumsum": lambda x: column(x, 1.0).cumsum(),
        "dot": lambda x: column(x, 1.0).dot(pandas.Series([1.0, 2.0])),
        "corr": lambda x: column(x, 1.0, 2.0).corr(pandas.Series([1.0, 2.0, 4.0])),
        "rolling": lambda x: column(x, 1.0, 2.0).rolling(2).mean(),
        "to_numeric": lambda x: pandas.to_numeric(column(x, 1.0)),
        "exp": lambda x: np.exp(column(x, x)),
        "groupby": lambda x: pandas.DataFrame({"a": column(x, 1.0), "k": [0, 0]}).groupby("k").mean(),
        "frame": lambda x: (pandas.DataFrame({"a": [1.0, 2.0]}) * x)["a"],
        "diff": lambda x: column(x, 1.0, 2.0).diff(),
    }


def numbers(result: Any) -> Iterator[Any]:
    """Every number in what a function gave back."""
    if hasattr(result, "to_numpy"):
        result = result.to_numpy()
    if isinstance(result, (list, tuple)) or getattr(result, "ndim", 0):
        for item in result:
            yield from numbers(item)
    elif result is not None:
        yield result


def check(way: Callable[[Any], Any]) -> None:
    for transform in (grad, derivative):
        given: list[Any] = []

        def f(x: Any, given: list[Any] = given) -> Any:
            given.append(way(x * x))
            return x * x

        try:
            transform(f)(2.0)
        except Exception:  # whatever a library says of what is no float
            assert not given
            continue
        found = [*numbers(given[0])]
        kept = any(isinstance(x, (Value, Dual)) for x in found)
        assert kept or all(isinstance(x, (bool, int, np.integer, np.bool_)) for x in found)


@pytest.mark.parametrize("name", NUMPY)
def test_numpy(name: str) -> None:
    check(NUMPY[name])


@pytest.mark.parametrize("name", PLAIN)
def test_the_standard_library(name: str) -> None:
    check(PLAIN[name])


def test_scipy() -> None:
    pytest.importorskip("scipy")
    for way in _scipy().values():
        check(way)


@pytest.mark.filterwarnings("ignore")  # pandas warns of much
def test_pandas() -> None:
    pytest.importorskip("pandas")
    for way in _pandas().values():
        check(way)


def test_the_four_lines() -> None:
    """An element of a float array was a silent zero; the same with room for Values is right."""

    def lost(b: Any) -> Any:
        c = np.zeros(2)
        c[0] = b[0] * b[0]
        c[1] = b[1] * b[0] + b[2]
        return list(c)

    def kept(b: Any) -> Any:
        c = np.zeros(2, dtype=object)
        c[0] = b[0] * b[0]
        c[1] = b[1] * b[0] + b[2]
        return list(c)

    from autograd import jacobian

    with pytest.raises(LostGradientError, match="dtype=object"):
        jacobian(lost)([1.0, 2.0, 2.0])
    assert [[2.0, 0.0, 0.0], [2.0, 1.0, 1.0]] == jacobian(kept)([1.0, 2.0, 2.0])
