"""Habits from elsewhere: what people write without thinking, with Values where numbers were."""

from __future__ import annotations

import statistics
from typing import Any

import pytest

from autograd import LostGradientError, Value, derivative, grad, mean


def test_approx_asks_for_the_number() -> None:
    """Alone, in lists and in dicts; and to nothing else is a node equal but to itself."""
    v = Value(2.0)
    assert v == pytest.approx(2.0)
    assert v != pytest.approx(2.1)
    assert [v, Value(3.0)] == pytest.approx([2.0, 3.0])
    assert {"a": v} == pytest.approx({"a": 2.0})
    assert v == pytest.approx(2.0 + 1e-9)
    assert (v == Value(2.0), v == 2.0, v == v, v in {v}, len({v, Value(2.0)})) == (False, False, True, True, 2)


def test_statistics() -> None:
    """fmean and median as numbers and Values; what would make a leaf of what it computed says what to take."""
    xs = [Value(1.0), Value(2.0), Value(6.0)]
    assert (3.0, xs[1]) == (statistics.fmean(xs), statistics.median(xs))
    for function in (statistics.mean, statistics.variance, statistics.stdev, statistics.pvariance):
        with pytest.raises(TypeError, match=r"autograd\.mean\(xs\) keeps the gradients, statistics\.fmean\(xs\)"):
            function(xs)  # type: ignore[type-var]
    assert 3.0 == mean(xs).data


def test_item_is_the_number() -> None:
    """As by float(x), and so it is refused where a gradient would be lost."""
    assert (2.0, float) == (Value(2.0).item(), type(Value(2).item()))
    for transform in (grad, derivative):
        with pytest.raises(LostGradientError, match=r"x\.item\(\) would take the number"):
            transform(lambda x: x * x.item())(2.0)


def test_the_error_names_the_librarys_function() -> None:
    np = pytest.importorskip("numpy")
    for function, name in ((np.gradient, r"numpy\.gradient"), (lambda x: np.full(2, x[0], dtype=float), r"numpy\.full")):
        with pytest.raises(LostGradientError, match=rf"float\(x\), asked for by {name}, would take"):
            grad(lambda x, function=function: (function([x, x * x, 1.0]), x)[1])(2.0)
    with pytest.raises(LostGradientError, match=r"float\(x\), asked for by statistics\.fmean, would take"):
        grad(lambda x: statistics.fmean([x, 1.0]) * x)(2.0)


PLOTS: dict[str, Any] = {
    "plot": lambda plt, xs: plt.plot(xs)[0].get_ydata(),
    "plot of two": lambda plt, xs: plt.plot(xs, xs)[0].get_xdata(),
    "bar": lambda plt, xs: [bar.get_height() for bar in plt.bar(range(3), xs)],
    "scatter": lambda plt, xs: plt.scatter(xs, xs).get_offsets()[:, 1],
    "hist": lambda plt, xs: [plt.hist(xs)[1][0], *plt.hist([x.data for x in xs])[1][[3, -1]] - [0.5, 0.0]],
}


@pytest.mark.parametrize("name", PLOTS)
def test_plots_of_values(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    try:
        drawn = PLOTS[name](plt, [Value(1.0), Value(2.0), Value(6.0)])
        assert [1.0, 2.0, 6.0] == pytest.approx([float(y) for y in drawn])
        plt.gcf().canvas.draw()
    finally:
        plt.close("all")


def test_histograms_of_values() -> None:
    np = pytest.importorskip("numpy")
    numbers = [0.0, 1.0, 1.5, 4.0]
    for bins in (10, 3, [0.0, 2.0, 5.0]):
        for expected, actual in zip(np.histogram(numbers, bins), np.histogram([Value(x) for x in numbers], bins), strict=True):
            assert np.array_equal(expected, actual)
