"""Examples and targets as other people have them: rows, columns and frames of pandas', arrays of one column and of no axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import nn
from autograd import Value

np = pytest.importorskip("numpy")

POINTS, CLASSES = nn.moons(20, rng=0)
X, T = np.array(POINTS), np.array(CLASSES)


def learned(examples: Any, targets: Any, *, inputs: int = 2, classes: int = 1, **options: Any) -> tuple[Any, ...]:
    """What a small network has learned of them."""
    model = nn.MLP(inputs, [3, classes], rng=1)
    loss = nn.cross_entropy if classes > 1 else nn.binary_cross_entropy_with_logits
    history = nn.fit(model, examples, targets, loss, nn.SGD(model.parameters(), lr=0.1), epochs=2, batch_size=5, rng=0, **options)
    return history.epochs[-1].loss, history.epochs[-1].validation, *model.state_dict().values()


COLUMNS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "arrays": lambda: (X, T),
    "a column of targets": lambda: (X, T[:, None]),
    "targets without axes": lambda: (X, [np.array(t) for t in T]),
    "rows of targets": lambda: (X, [np.array([t]) for t in T]),
    "float32": lambda: (X.astype(np.float64), T.astype(np.float32)),
    "read-only": lambda: (_locked(X), _locked(T)),
}


def _locked(array: Any) -> Any:
    array = array.copy()
    array.flags.writeable = False
    return array


@pytest.mark.parametrize("classes", [1, 2])
@pytest.mark.parametrize("what", COLUMNS)
def test_arrays_of_any_shape_teach_the_same(what: str, classes: int) -> None:
    """As lists do, bit for bit."""
    if (what, classes) == ("float32", 2):
        pytest.skip("a class is a whole number")
    assert learned(POINTS, CLASSES, classes=classes) == learned(*COLUMNS[what](), classes=classes)


@pytest.mark.parametrize("pack", [False, True])
def test_frames_teach_the_same(pack: bool) -> None:
    """pandas' frames, rows and columns, whatever their index is called: as arrays do; for training, validation and looking."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b"], index=range(100, 120))
    column = pandas.Series(T, index=frame.index)
    expected = learned(X, T, validation=(X, T), pack=pack)
    assert expected == learned(frame, column, validation=(frame, column.to_frame()), pack=pack)
    assert learned(X[:, 0], T, inputs=1, pack=pack) == learned(frame["a"], column, inputs=1, pack=pack)
    model = nn.MLP(2, [3, 1], rng=1)
    assert nn.accuracy(model, X, T) == nn.accuracy(model, frame, column, pack=pack)
    assert nn.evaluate(model, X, T, nn.squared_error) == nn.evaluate(model, frame, column, nn.squared_error)
    assert model(X[3]).data == model(frame.iloc[3]).data == model(frame.iloc[3:4]).data
    outputs = [model(x) for x in X]
    assert nn.squared_error(outputs, T).data == nn.squared_error(outputs, column).data == nn.squared_error(outputs, column.to_frame()).data
    for ours, theirs in zip(nn.split(X, T), nn.split(frame, column), strict=True):
        assert np.array_equal(ours[0], theirs[0])
        assert ours[1] == theirs[1]
    batches = zip(nn.minibatches(X, T, 5, rng=3), nn.minibatches(frame, column, 5, rng=3), strict=True)
    assert all(np.array_equal(ours[0], theirs[0]) and ours[1] == theirs[1] for ours, theirs in batches)
    with pytest.raises(TypeError, match="'x' of type str"):
        learned(frame.assign(c="x"), column, inputs=3, pack=pack)


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize(("examples", "targets", "what"), [(np.array(1.0), T, "examples"), (X, np.array(1.0), "targets")])
def test_a_single_number_is_no_set(examples: Any, targets: Any, what: str, pack: bool) -> None:
    with pytest.raises(TypeError, match=rf"fit needs a list of {what}, but got array"):
        learned(examples, targets, pack=pack)


def test_one_example_may_be_a_row_a_column_or_a_number() -> None:
    model = nn.MLP(2, [3, 1], rng=1)
    expected = model(POINTS[0]).data
    assert [expected] * 4 == [model(x).data for x in (X[0], X[:1], X[:1].T, [np.array(x) for x in X[0]])]
    assert nn.MLP(1, [1], rng=0)([0.5]).data == nn.MLP(1, [1], rng=0)(np.array(0.5)).data


@pytest.mark.parametrize("many", [X, X[:2], list(X), list(X[:2]), POINTS, POINTS[:2], np.zeros((2, 2, 2))], ids=lambda x: str(np.shape(x)))
def test_many_examples_at_once_are_refused(many: Any) -> None:
    """Never read as one example whose inputs are arrays, not even where their number fits."""
    for model in (nn.MLP(2, [3, 1], rng=1), nn.Linear(2, 3, rng=1), nn.Neuron(2, rng=1)):
        with pytest.raises((ValueError, TypeError), match=r"one example at a time|needs numbers as inputs"):
            model(many)


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.array([True, False]), "of type bool"),
        (np.array(["a", 1.0], dtype=object), "'a' of type str"),
        (np.array([]), "takes 2 inputs, but got 0"),
        (np.ma.array([1.0, 2.0], mask=[False, True]), "masked of type MaskedConstant"),
        (np.array([1j, 1.0]), "of type complex"),
    ],
)
def test_what_is_no_number_is_named(x: Any, words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        nn.MLP(2, [3, 1], rng=1)(x)


def test_an_array_of_values_is_an_example() -> None:
    x = np.array([Value(0.5), Value(-1.0)])
    y = nn.MLP(2, [3, 1], rng=1)(x)
    y.backward()
    assert any(xi.grad for xi in x)
