"""Habits from elsewhere: what people write without thinking, with Values where numbers were."""

from __future__ import annotations

import copy
import html
import pickle
import statistics
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest

from autograd import LostGradientError, Value, derivative, explain, grad, jacobian_chain, latex, matrix, mean, relu, steps, sum, tree  # noqa: A004
from autograd.naming import find_names


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


def test_texts_show_themselves_as_they_look() -> None:
    """A tree, a matrix, a chain, a formula: strings that a notebook and a prompt show by their lines."""
    pretty = pytest.importorskip("IPython.lib.pretty").pretty
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    for text in (tree(a * b), matrix([[1.0, -2.0], [3.0, 4.0]])):
        assert isinstance(text, str)
        assert str(text) == pretty(text) == repr(text)
        assert "\n" in text
        assert f'<pre style="line-height:1.2">{html.escape(text)}</pre>' == text._repr_html_()
        for again in (copy.copy(text), pickle.loads(pickle.dumps(text))):
            assert (text, type(text)) == (again, type(again))
    chain = jacobian_chain([relu, sum], [2.0, -1.0])
    assert html.escape(str(chain)) in chain._repr_html_()
    formula = latex(a / b)
    assert r"\frac{a}{b}" == formula
    assert r"$\frac{a}{b}$" == formula._repr_latex_()


def test_names_for_a_formula() -> None:
    """latex(y, names=locals()) calls unlabelled nodes so, as pictures do."""
    x, y = Value(2.0), Value(3.0)
    z = (x + y) * x
    assert r"\left(x + y\right) \cdot x" == latex(z, names=locals()) != latex(z)
    with pytest.raises(TypeError, match=r"a list does not say which node is called so: write \{'x': x, …\}"):
        latex(z, names=["x", "y"])  # type: ignore[arg-type]


def test_names_reach_into_containers() -> None:
    """Lists in lists, dicts, arrays, named tuples and dataclasses; one that contains itself ends; a name of its own comes first."""
    np = pytest.importorskip("numpy")
    n = [Value(float(i)) for i in range(9)]
    circle: list[Any] = [n[6]]
    circle.append(circle)
    names = {
        "w": [[n[0]], (n[1],)],
        "p": {"bias": n[2], 3: n[3]},
        "A": np.array([[n[4], 1.0], [2.0, n[5]]], dtype=object),
        "circle": circle,
        "pair": Pair(n[7], 1.0),
        "layer": Held(n[8]),
        "own": n[0],
    }
    expected = ["own", "w[1][0]", "p['bias']", "p[3]", "A[0, 0]", "A[1, 1]", "circle[0]", "pair.first", "layer.b"]
    assert expected == [find_names(names)[x] for x in n]


class Pair(NamedTuple):
    """Two things."""

    first: Any
    second: Any


@dataclass
class Held:
    """A thing."""

    b: Any


def test_an_explanation_shows_itself_without_ipython() -> None:
    """The picture with the path marked, where it can be had, and the words."""
    x = Value(3.0, label="x")
    y = x * x + x
    shown = explain(x, y)._repr_html_()
    assert html.escape(str(explain(x, y))) in shown
    assert "<svg" in shown


def test_a_step_in_a_variable_names_no_node() -> None:
    """`for step in steps(y)` leaves one behind, and y's nodes must not be called step.node."""
    x = Value(2.0)
    y = x * 3.0 + 1.0
    kept = [*steps(y)]
    step = kept[0]
    assert step.node is not y
    assert {x: "x", y: "y"} == find_names({"kept": kept, "step": step, "x": x, "y": y})
