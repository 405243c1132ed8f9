"""How good a model is: of the same examples the same, example by example and as array operations, inside a packed training and outside."""

from __future__ import annotations

import itertools
import re
from random import Random
from typing import Any

import pytest

import nn
from autograd import pack

np = pytest.importorskip("numpy")

rng = Random(3)
X = [[rng.gauss(0.0, 1.0) for _ in range(4)] for _ in range(60)]


def mlp(outputs: int) -> nn.MLP:
    return nn.MLP(4, [5, outputs], "tanh", rng=0)


@pytest.mark.parametrize(
    ("outputs", "targets"), [(3, [0, 1, 2]), (3, [[1, 0, 0], [0, 1, 0], [0.2, 0.3, 0.5]]), (1, [0, 1, 1]), (1, [-1, 1, -1])]
)
def test_accuracy_and_confusion(outputs: int, targets: list[Any]) -> None:
    """To the last example, since both look at the same outputs; the diagonal of the confusion is what is right."""
    model, t = mlp(outputs), targets * 20
    for threshold in (0.0, 0.2):
        share, table = nn.accuracy(model, X, t, threshold), nn.confusion(model, X, t, threshold)
        assert share == nn.accuracy(model, X, t, threshold, pack=True)
        assert table == nn.confusion(model, X, t, threshold, pack=True)
        assert 60 == sum(map(sum, table))
        assert share == sum(table[c][c] for c in range(len(table))) / 60


def test_of_two_equal_scores_the_first_is_said() -> None:
    """Packed, too."""
    model = nn.Linear(4, 3, init=nn.init.constant(0.0))
    assert [1.0, 0.0] == [nn.accuracy(model, X, [c] * 60, pack=pack) for c, pack in ((0, True), (1, True))]


def test_the_mean_loss() -> None:
    model, t = mlp(3), [i % 3 for i in range(60)]
    assert nn.evaluate(model, X, t, nn.cross_entropy) == pytest.approx(nn.evaluate(model, X, t, nn.cross_entropy, pack=True), rel=1e-14)


def test_inside_a_packed_training_the_arrays_are_used() -> None:
    """Whoever asks for the accuracy or a mean loss of the model that is trained; not of another one. The numbers are those of the epoch."""
    model, t, seen = mlp(3), [i % 3 for i in range(60)], []

    def metric(judged: nn.Module, examples: Any, targets: Any) -> float:
        before = next(calls)
        found = nn.accuracy(judged, examples, targets), nn.evaluate(judged, examples, targets, nn.cross_entropy)
        assert next(calls) - before <= 9  # to record, not for every example
        seen.append((model.state_dict(), *found))
        return found[0]

    calls = itertools.count()
    forward = model.forward
    model.forward = lambda x: (next(calls), forward(x))[1]  # type: ignore[method-assign]
    history = nn.fit(model, X, t, nn.cross_entropy, nn.SGD(model.parameters(), lr=0.5), epochs=4, batch_size=16, metric=metric, pack=True)
    assert [share for _, share, _ in seen] == [epoch.metric for epoch in history.epochs]
    for state, share, loss in seen:
        other = mlp(3)
        other.load_state_dict(state)
        assert share == nn.accuracy(other, X, t)
        assert loss == pytest.approx(nn.evaluate(other, X, t, nn.cross_entropy), rel=1e-13)


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize(
    ("judge", "targets", "says"),
    [
        (nn.accuracy, [0, 1, 5] * 20, "accuracy has 3 classes, 0 to 2, but got class 5; this is example 2"),
        (nn.confusion, [0, 1, True] * 20, "confusion needs a class .* but got True of type bool; this is example 2"),
        (lambda *args, pack: nn.evaluate(*args, nn.cross_entropy, pack=pack), [0, 1, 5] * 20, "but got class 5; this is example 2"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_the_example(judge: Any, targets: list[Any], says: str, pack: bool) -> None:
    with pytest.raises((IndexError, TypeError)) as error:
        judge(mlp(3), X, targets, pack=pack)
    assert re.search(says, str(error.value))


# predict of a packed program


def test_predictions_are_the_functions_values() -> None:
    """In the structure in which the function returns them: a number, lists, lists of lists, dicts; with branches, tables and constants."""
    model = mlp(3)
    assert pack(model).predict(X).ravel().tolist() == pytest.approx([y.data for x in X for y in model(x)], rel=1e-13)
    assert pack(mlp(1)).predict(X).tolist() == pytest.approx([mlp(1)(x).data for x in X], rel=1e-13)
    program = pack(lambda x, k: {"a": x[0] * k, "b": [[x[1], 2.0], [x[2], x[3] if x[3] > 0.0 else -x[3]]]}, shared=[1])
    found = program.predict(X[:5], 3)
    assert [x[0] * 3 for x in X[:5]] == found["a"].tolist()
    assert [[[x[1], 2.0], [x[2], abs(x[3])]] for x in X[:5]] == found["b"].tolist()
