"""Plain and packed training mean the same: what is taken is taken by both, with the same numbers, and what is refused is refused by both,
in the same words, with the example's number and the place in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

import nn
from autograd import Value, elu, leaky_relu, maximum, take, tanh, where

np = pytest.importorskip("numpy")

rng = Random(0)
X = [[rng.gauss(0.0, 1.0) for _ in range(4)] for _ in range(8)]
CLASSES = [i % 3 for i in range(8)]
SIDES = [i % 2 for i in range(8)]
FIFTH = np.arange(8)[:, None] == 5
CE, BCE, MSE = nn.cross_entropy, nn.binary_cross_entropy_with_logits, nn.squared_error


def mlp(outputs: int, activation: Any = "tanh") -> Callable[[], nn.Module]:
    return lambda: nn.MLP(4, [3, outputs], activation, rng=0)


class Of(nn.Module):
    """A model of some parameters and a function."""

    def __init__(self, function: Callable[..., Any], count: int = 8) -> None:
        draw = Random(1)
        self.w = [Value(draw.gauss(0.0, 1.0)) for _ in range(count)]
        self._function = function

    def forward(self, x: Any) -> Any:
        return self._function(self.w, x)


def recurrent(w: list[Value], xs: Any) -> Any:
    h: Any = 0.0
    for x in xs:
        h = tanh(w[0] * x + w[1] * h)
    return h


def outcome(make: Callable[[], nn.Module], x: Any, t: Any, loss: Any, pack: bool, **options: Any) -> Any:
    """The losses and the parameters, or the error."""
    model = make()
    optimiser = options.pop("optimiser", lambda p: nn.SGD(p, lr=0.1))(model.parameters())
    try:
        history = nn.fit(model, x, t, loss, optimiser, **{"epochs": 2, "batch_size": 3, "pack": pack, **options})
    except Exception as error:
        return type(error), str(error)
    numbers = [*history.losses, *(p.data for p in model.parameters())]
    numbers += [x for e in history.epochs for x in (e.loss, e.validation, e.metric) if x is not None]
    return history.stopped, pytest.approx(numbers, rel=1e-9, abs=1e-12), numbers


def assert_alike(make: Callable[[], nn.Module], x: Any, t: Any, loss: Any, **options: Any) -> Any:
    plain, packed = (outcome(make, x, t, loss, pack, **options) for pack in (False, True))
    assert plain[:2] == (packed[0], packed[-1])
    return plain


TAKEN: dict[str, tuple[Callable[[], nn.Module], Any, Any, Any]] = {
    "classes": (mlp(3), X, CLASSES, CE),
    "classes in an array": (mlp(3), np.array(X), np.array(CLASSES, np.uint8), CE),
    "one-hot": (mlp(3), X, [nn.one_hot(c, 3) for c in CLASSES], CE),
    "one-hot ints": (mlp(3), X, np.eye(3, dtype=int)[CLASSES], CE),
    "soft targets": (mlp(3), X, [[0.2, 0.3, 0.5], [0.0, 1.0, 0.0]] * 4, CE),
    "classes of probabilities": (lambda: nn.MLP(4, [3], output="softmax", rng=0), X, CLASSES, nn.cross_entropy_from_probabilities),
    "margins": (mlp(3), X, CLASSES, nn.max_margin),
    "sides as ints": (mlp(1), X, SIDES, BCE),
    "sides as floats": (mlp(1), X, [float(s) for s in SIDES], BCE),
    "sides −1 and 1": (mlp(1), X, [2 * s - 1 for s in SIDES], nn.hinge),
    "bools to a loss of one's own": (mlp(1), X, [bool(s) for s in SIDES], lambda y, t: (y - (1.0 if t else -1.0)) ** 2),
    "texts to a loss of one's own": (mlp(1), X, ["ab"[s] for s in SIDES], lambda y, t: (y - {"a": 0.0, "b": 1.0}[t]) ** 2),
    "classes to a loss of one's own": (mlp(3), X, CLASSES, lambda z, t: (z[t] - 1.0) ** 2),
    "numbers that are whole here and there": (mlp(1), X, [0, 0.5, 1, 2, 0.25, 1, 0, 3], MSE),
    "columns": (mlp(2), X, [[1, 0.5]] * 8, MSE),
    "a column of an array": (mlp(1), X, np.array(SIDES, float)[:, None], BCE),
    "a column of classes": (mlp(3), X, np.array(CLASSES)[:, None], CE),
    "whole numbers as inputs": (mlp(1), [[i, 1, 2, 0] for i in range(8)], [0.5] * 8, MSE),
    "arrays": (mlp(1), [np.array(x) for x in X], [0.5] * 8, MSE),
    "float32": (mlp(1), np.array(X, np.float32), np.array(SIDES, np.float32), MSE),
    "tuples": (mlp(1), [tuple(x) for x in X], [0.5] * 8, MSE),
    "ragged rows": (lambda: Of(recurrent), [X[i][: 1 + i % 3] for i in range(8)], [0.1] * 8, MSE),
    "dicts": (lambda: Of(lambda w, x: w[0] * x["a"] + w[1] * x["b"][0]), [{"a": 0.1 * i, "b": [1.0, i]} for i in range(8)], [0.5] * 8, MSE),
    "rows of a table": (lambda: Of(lambda w, x: take(w, x[0]) * take(w, x[1])), [[i, i * 5 % 8] for i in range(8)], [0.5] * 8, MSE),
    "rows by an index": (lambda: Of(lambda w, x: w[x[0]] * w[x[1]]), [[i, i * 5 % 8] for i in range(8)], [0.5] * 8, MSE),
    "a row and a number": (lambda: Of(lambda w, x: take(w, x[0]) * x[1]), [[i, 0.5 * i + 0.1] for i in range(8)], [0.5] * 8, MSE),
    "elu by itself": (mlp(1, elu), X, [0.5] * 8, MSE),
    "leaky_relu by itself": (mlp(1, leaky_relu), X, [0.5] * 8, MSE),
    "max(0, x)": (mlp(1, lambda x: max(0, x)), X, [0.5] * 8, MSE),
    "x if x > 0": (mlp(1, lambda x: x if x > 0 else 0.0 * x), X, [0.5] * 8, MSE),
    "chosen": (mlp(1, lambda x: where(x > 0, x, 0.1 * x)), X, [0.5] * 8, lambda y, t: maximum(y - t, 0.5 * (t - y))),
}  # fmt: skip


@pytest.mark.parametrize("case", TAKEN)
def test_what_both_take(case: str) -> None:
    """Same losses, same parameters."""
    assert assert_alike(*TAKEN[case])[0] == ""


REFUSED: dict[str, tuple[tuple[Callable[[], nn.Module], Any, Any, Any], str]] = {
    "bools as numbers": ((mlp(1), X, [bool(s) for s in SIDES], BCE), "got False of type bool; write 1.0 or 0.0"),
    "bools in an array": ((mlp(1), np.array(X), np.array(SIDES, bool), MSE), "of type bool"),
    "bools one-hot": ((mlp(3), X, np.eye(3, dtype=bool)[CLASSES], CE), "of type bool"),
    "a bool among floats": ((mlp(1), X, [0.5] * 6 + [True, 0.5], MSE), "got True of type bool; .*; this is example 6"),
    "bools as classes": ((mlp(2), X, [bool(s) for s in SIDES], CE), "needs a class as a whole number, or one-hot, but got False"),
    "floats as classes": ((mlp(3), X, [float(c) for c in CLASSES], CE), "needs a class as a whole number, or one-hot, but got 1.0"),
    "a class that is none": ((mlp(3), X, [0, 1, 2, 3, 0, 0, 0, 0], CE), "3 classes, 0 to 2, but got class 3; this is example 3"),
    "−1 as a probability": ((mlp(1), X, [2 * s - 1 for s in SIDES], BCE), "needs targets from 0 to 1, but got -1.0; this is example"),
    "0 as a side": ((mlp(1), X, SIDES, nn.hinge), "hinge needs targets -1 and 1, but got 0.0; this is example"),
    "no distribution": ((mlp(3), X, [[0.2, 0.3, 0.5]] * 7 + [[0.2, 0.3, 0.9]], CE), "got a sum of 1.4; this is example 7"),
    "one output, two classes": ((mlp(1), X, SIDES, CE), "needs a list with a number for each class, but got one number"),
    "a column of targets": ((mlp(1), X, [[float(s)] for s in SIDES], BCE), "but got one number and a list of 1; this is example"),
    "ragged rows to a layer": ((mlp(1), [*X[:7], X[7][:2]], [0.5] * 8, MSE), "takes 4 inputs, but got 2; this is example 7"),
    "targets of another shape": ((mlp(2), X, [[0.1, 0.2]] * 6 + [[0.1]] * 2, MSE), "2 outputs and 1 targets; this is example"),
    "fewer targets": ((mlp(1), X, [0.5] * 7, MSE), "8 examples and 7 targets"),
    "none": ((mlp(1), [], [], MSE), "fit needs at least one example, but got none"),
    "texts": ((mlp(1), ["abc"] * 8, [0.5] * 8, MSE), "a list of numbers is needed as inputs, but got 'abc' of type str"),
    "numbers as texts": ((mlp(1), [["1", "2", "3", "4"]] * 8, [0.5] * 8, MSE), r"got '1' of type str; convert it with float\(...\) first"),
    "classes as texts": ((mlp(3), X, ["a", "b"] * 4, CE), "a class as a whole number, or one-hot, but got '.' of type str"),
    "NaN in a row": ((mlp(1), [*X[:3], [0.0, float("nan"), 1.0, 0.0], *X[4:]], [0.5] * 8, MSE), r"and examples\[3\]\[1\] is nan"),
    "NaN in an array": ((mlp(1), np.where(FIFTH, np.nan, X), [0.5] * 8, MSE), r"and examples\[5\]\[0\] is nan"),
    "an infinite target": ((mlp(1), X, [0.5] * 5 + [float("inf")] + [0.5] * 2, MSE), r"example 5, and targets\[5\] is inf"),
    "a row that is none": ((lambda: Of(lambda w, i: take(w, i)), [*range(7), 8], [0.5] * 8, MSE), "a table of 8, 0 to 7, but got i=8"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_both_refuse(case: str) -> None:
    """In the same words."""
    arguments, says = REFUSED[case]
    kind, text = assert_alike(*arguments)
    assert issubclass(kind, (TypeError, ValueError, LookupError))
    assert re.search(says, text), text


@pytest.mark.parametrize("batch_size", [1, 3, 7, 8, 100, None])
def test_the_last_batch_may_be_smaller(batch_size: int | None) -> None:
    """Of one example, or of as many as there are."""
    assert_alike(mlp(3), X, CLASSES, CE, batch_size=batch_size, validation=(X[:3], CLASSES[:3]), metric=nn.accuracy)


def grown(model: Any, optimiser: Any) -> None:
    model.layers = [*model.layers, nn.Linear(1, 1, rng=5)]


def appended(model: Any, optimiser: Any) -> None:
    model.layers.append(nn.Linear(1, 1, rng=5))


def frozen(model: Any, optimiser: Any) -> None:
    optimiser.memory = optimiser.memory[2:]
    optimiser.parameters = optimiser.parameters[2:]


def still(model: Any, optimiser: Any) -> None:
    optimiser.lr = 0.0


def switched(model: Any, optimiser: Any) -> None:
    model.layers[0] = nn.Linear(4, 3, "sigmoid", rng=9)


@pytest.mark.parametrize("change", [grown, appended, frozen, still, switched])
def test_a_model_that_changes_between_epochs(change: Callable[[Any, Any], None]) -> None:
    """A layer more, a parameter that is not learned any more, a rate of 0, another layer: the training goes on with what there is."""
    found = []
    for pack in (False, True):
        model: Any = mlp(1)()
        optimiser = nn.SGD(model.parameters(), lr=0.1, momentum=0.5)
        changed = [lambda h, m=model, o=optimiser: change(m, o) if len(h.epochs) == 2 else None]
        history = nn.fit(model, X, [0.5] * 8, MSE, optimiser, epochs=4, batch_size=3, callbacks=changed, pack=pack)
        found.append([*history.losses, *(p.data for p in model.parameters())])
    assert found[0] == pytest.approx(found[1], rel=1e-9, abs=1e-12)
