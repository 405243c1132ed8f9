"""What a step of training may be told: clipping, weights, modules that draw, the best epoch, an executor. Plain and packed the same."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest

import nn
from autograd import Value, pack, sample

np = pytest.importorskip("numpy")

rng = Random(0)
X = [[rng.gauss(0.0, 1.0) for _ in range(4)] for _ in range(10)]
CLASSES = [i % 3 for i in range(10)]
TARGETS = [x[0] * x[1] for x in X]


def both(make: Callable[[], nn.Module], x: Any, t: Any, loss: Any, **options: Any) -> nn.History:
    """The history, if it is the same plain and packed."""
    kind = options.pop("optimiser", lambda p: nn.SGD(p, lr=0.1, momentum=0.5))
    found = []
    for packed in (False, True):
        model = make()
        history = nn.fit(model, x, t, loss, kind(model.parameters()), **{"epochs": 3, "batch_size": 4, "pack": packed, **options})
        numbers = [*history.losses, *history.rates, *(p.data for p in model.parameters())]
        found.append((history, numbers + [e.validation for e in history.epochs if e.validation is not None]))
    assert found[0][1] == pytest.approx(found[1][1], rel=1e-9, abs=1e-12)
    return found[1][0]


def mlp(outputs: int = 1) -> nn.MLP:
    return nn.MLP(4, [5, outputs], "tanh", rng=0)


# Clipping.


@pytest.mark.parametrize("limits", [{"clip_norm": 0.1}, {"clip_value": 0.02}, {"clip_norm": 0.5, "clip_value": 0.1}, {"clip_norm": 1e9}])
def test_clipping(limits: dict[str, float]) -> None:
    """Of the gradient of a whole step, as clip_grad_norm and clip_grad_value do it."""
    both(mlp, X, TARGETS, nn.squared_error, **limits)
    model, other = mlp(), mlp()
    nn.fit(model, X, TARGETS, nn.squared_error, nn.SGD(model.parameters(), lr=0.1), **limits)
    loss = sum([nn.squared_error(other(x), t) for x, t in zip(X, TARGETS, strict=True)], Value(0.0)) / 10.0
    loss.backward()
    if "clip_norm" in limits:
        nn.clip_grad_norm(other.parameters(), limits["clip_norm"])
    if "clip_value" in limits:
        nn.clip_grad_value(other.parameters(), limits["clip_value"])
    nn.SGD(other.parameters(), lr=0.1).step()
    assert [p.data for p in model.parameters()] == pytest.approx([p.data for p in other.parameters()], rel=1e-12)


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_the_norm_of_gradients_whose_squares_leave_the_floats(size: float) -> None:
    """It is 5 · size: the gradient becomes (0.6, 0.8)."""
    w = [Value(0.0), Value(0.0)]
    program = pack(lambda x: 3.0 * x * w[0] + 4.0 * x * w[1], params=w)
    with program.training(nn.SGD(w, lr=1.0), clip_norm=min(1.0, size)) as step:
        step([size])
    assert [-0.6 * min(1.0, size), -0.8 * min(1.0, size)] == pytest.approx([p.data for p in w], rel=1e-14)


def test_an_update_of_ones_own_gets_all_parameters_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may look at all of them, as to clip; those of nn are called with pieces, and give the same numbers."""
    monkeypatch.setattr("autograd.packing.training.TOGETHER", 7)

    class Own(nn.SGD):
        def update(self, θ: Any, g: Any, η: float, t: int, *memory: Any) -> tuple[Any, ...]:
            sizes.append(len(g))
            return super().update(θ, g / max(1.0, float(np.linalg.norm(g))), η, t, *memory)

    sizes: list[int] = []
    model, other = mlp(), mlp()
    with pack(model, nn.squared_error).training(Own(model.parameters(), lr=0.1)) as step:
        step(X, TARGETS)
    assert [len(model.parameters())] == sizes
    with pack(other, nn.squared_error).training(nn.SGD(other.parameters(), lr=0.1), clip_norm=1.0) as step:
        step(X, TARGETS)
    assert [p.data for p in model.parameters()] == pytest.approx([p.data for p in other.parameters()], rel=1e-13)


# Weights.


def test_sample_weights() -> None:
    """A weight of 2 is an example that is there twice, but for the number that the mean is over; 0 is one that is not there."""
    weights = [1.0, 2.0, 0.0, 0.5] * 2 + [1.0, 3.0]
    history = both(mlp, X, TARGETS, nn.squared_error, sample_weight=weights, batch_size=None, epochs=1)
    losses = [w * nn.squared_error(mlp()(x), t).data for x, t, w in zip(X, TARGETS, weights, strict=True)]
    assert history.losses[0] == pytest.approx(math.fsum(losses) / 10, rel=1e-13)
    both(mlp, X, TARGETS, nn.squared_error, sample_weight=weights)


@pytest.mark.parametrize("weights", [[1.0, 2.0, 3.0], {1: 2.0, 2: 3.0}])
@pytest.mark.parametrize("targets", [CLASSES, [nn.one_hot(c, 3) for c in CLASSES]])
def test_class_weights(weights: Any, targets: Any) -> None:
    """They are the sample weights of their classes, and multiply those that are given besides."""
    found = both(lambda: mlp(3), X, targets, nn.cross_entropy, class_weight=weights, sample_weight=[0.5] * 10)
    other = both(lambda: mlp(3), X, targets, nn.cross_entropy, sample_weight=[0.5 * (c + 1) for c in CLASSES])
    assert found.losses == pytest.approx(other.losses, rel=1e-14)


def test_a_list_of_class_weights_has_all_classes() -> None:
    """One that is too short is not taken for a weight of 1, nor is class -1 of a pair of classes: a dict has weights for some."""
    for weights, targets, wrong in (([1.0, 2.0], CLASSES, 2), ([1.0, 2.0], [2.0 * (c % 2) - 1.0 for c in CLASSES], -1)):
        model = mlp(3)
        with pytest.raises(ValueError, match=f"a weight for every class, but got 2, and target . is of class {wrong}: a dict"):
            nn.fit(model, X, targets, nn.cross_entropy, nn.SGD(model.parameters(), lr=0.1), class_weight=weights)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"sample_weight": [1.0] * 9}, "10 examples and 9 weights"),
        ({"sample_weight": [-1.0] * 10}, r"sample_weight\[0\] needs a number from 0 on, but is -1.0"),
        ({"class_weight": [1.0]}, "class_weight needs classes as targets, but got"),
        ({"clip_norm": -1.0}, "clip_norm needs a number from 0 on"),
        ({"executor": 3}, "with an executor where pack=True alone"),
    ],
)
def test_what_an_option_has_to_be(options: dict[str, Any], says: str) -> None:
    model = mlp()
    with pytest.raises(ValueError, match=says):
        nn.fit(model, X, TARGETS, nn.squared_error, nn.SGD(model.parameters(), lr=0.1), **options)


# Modules.


def dropping() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 6, "tanh", rng=0), nn.Dropout(0.5, rng=3), nn.Linear(6, 1, rng=1), nn.Noise(0.1, rng=5))


def test_modules_that_draw() -> None:
    """The same numbers plain and packed: masks are drawn anew for each step, and the generators end alike; in use nothing is drawn."""
    ends = []
    for packed in (False, True):
        model: Any = dropping()
        history = nn.fit(
            model,
            X,
            TARGETS,
            nn.squared_error,
            nn.SGD(model.parameters(), lr=0.1),
            epochs=3,
            batch_size=4,
            validation=(X, TARGETS),
            pack=packed,
        )
        ends.append((model.layers[1].rng.random(), model.layers[3].rng.random(), model(X[0]).data == model(X[0]).data))
        assert len(set(history.losses)) == 9
    assert ends[0] == ends[1] == (ends[0][0], ends[0][1], True)
    both(dropping, X, TARGETS, nn.squared_error, validation=(X, TARGETS))
    both(dropping, [x[: 3 + i % 2] + [0.0] * (1 - i % 2) for i, x in enumerate(X)], TARGETS, nn.squared_error)


def test_dropout_keeps_the_expectation() -> None:
    """Of 20,000 numbers the share 1 - p is kept, and is 1 / (1 - p) times itself."""
    module = nn.Dropout(0.25, rng=0)
    found = module([1.0] * 20_000)
    assert {0.0, 1.0 / 0.75} == set(found)
    assert sum(found) / 20_000 == pytest.approx(1.0, abs=0.02)
    assert [1.0, 2.0] == module.eval()([1.0, 2.0])


@pytest.mark.parametrize("kind", [np.array, tuple, iter, lambda x: np.array([x]), lambda x: np.array([Value(each) for each in x])])
@pytest.mark.parametrize("make", [lambda: nn.Dropout(0.5, rng=0), lambda: nn.Noise(0.5, rng=0)])
def test_each_number_of_an_array_is_drawn_for(kind: Any, make: Any) -> None:
    """As for each of a list: not one draw for all. In use an array stays what it is, and one number is one number."""
    x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert make()(x) == [each.data if isinstance(each, Value) else float(each) for each in make()(kind(x))]
    assert make()([2.0]) == [make()(2.0)]
    given = kind(x)
    assert make().eval()(given) is given


def test_dropout_takes_one_example() -> None:
    """Several at once are refused."""
    with pytest.raises(ValueError, match="one example at a time"):
        nn.Dropout(0.5)(np.ones((2, 3)))


class Names(nn.Module):
    """The next of 9 letters, from three before it."""

    def __init__(self) -> None:
        self.letters, self.hidden, self.out = nn.Embedding(9, 3, rng=0), nn.Linear(9, 5, "tanh", rng=1), nn.Linear(5, 9, rng=2)

    def forward(self, x: Any) -> Any:
        return self.out(self.hidden([each for row in self.letters(x) for each in row]))


def test_an_embedding_has_one_recording() -> None:
    """For every letter, and every class."""
    draw = Random(1)
    x, t = [[draw.randrange(9) for _ in range(3)] for _ in range(30)], [draw.randrange(9) for _ in range(30)]
    both(Names, x, t, nn.cross_entropy, optimiser=lambda p: nn.Adam(p, lr=0.1))
    model = Names()
    program = pack(model, nn.cross_entropy)
    program(x, t)
    assert 1 == len(program.forms)
    with pytest.raises(IndexError, match="letters has the rows 0 to 8, but got 9; this is example 1 of the batch"):
        program([[0, 1, 2], [0, 9, 2]], [1, 1])


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_cross_entropy_takes_as_many_exponentials_as_classes(classes: int) -> None:
    """Whoever calls it, and however the class is written."""
    model = nn.Linear(2, classes, rng=0)
    for t in ([1], [nn.one_hot(1, classes)], [[1.0 / classes] * classes]):
        program = pack(lambda x, t: nn.cross_entropy(model(x), t), params=model)
        program([[1.0, 2.0]], t)
        assert classes == sum(op.name == "exp" for op in program.latest().tape.ops)
    assert 3 == sum(node == "exp" for node in _ops(nn.cross_entropy([Value(0.1), Value(0.2), Value(0.3)], [0.2, 0.3, 0.5])))


def _ops(output: Value) -> list[str]:
    from autograd.graph import topological

    return [node.op.name for node in topological(output) if node.op]


def test_recordings_without_a_batch_are_bounded() -> None:
    """Those that were used last are kept."""
    w = [Value(1.0)]
    program = pack(lambda xs: sum([w[0] * x for x in xs], 0.0 * w[0]), params=w, batch=None)
    for n in range(1, 100):
        assert n == program([1.0] * n).value
    assert 64 == len(program.forms)


def test_a_random_module_of_ones_own() -> None:
    """With `sample`, whatever it draws."""

    class Jitter(nn.Module):
        def __init__(self) -> None:
            self.w, self.rng = Value(0.5), Random(4)

        def forward(self, x: Any) -> Any:
            return self.w * x[0] * sample(self.rng.choice, [1.0, 2.0]) + sample(self.rng.expovariate, 2.0)

    both(Jitter, X, TARGETS, nn.squared_error)


# The end.


@pytest.mark.parametrize("pack", [False, True])
def test_the_best_epoch_is_restored(pack: bool) -> None:
    """Without patience, too: the parameters are those of the epoch with the lowest loss."""
    model, states = mlp(), []
    optimiser = nn.SGD(model.parameters(), lr=lambda t: 0.1 if t < 3 else 3.0)
    history = nn.fit(
        model, X, TARGETS, nn.squared_error, optimiser, epochs=6, validation=(X, TARGETS), restore_best=True, pack=pack,
        callbacks=[lambda h: states.append(model.state_dict())],
    )  # fmt: skip
    losses = [epoch.validation for epoch in history.epochs]
    best = losses.index(min(losses))  # type: ignore[type-var]
    assert best < 5
    assert states[best] == model.state_dict()
    assert [0.1, 0.1, 0.1, 3.0, 3.0, 3.0] == history.rates == [epoch.rate for epoch in history.epochs]


def test_an_executor() -> None:
    """Shards of each batch elsewhere: the same bits as without one, for the same shards."""
    states = []
    for workers in (1, 3):
        model = mlp()
        with ThreadPoolExecutor(workers) as executor:
            nn.fit(model, X, TARGETS, nn.squared_error, nn.SGD(model.parameters(), lr=0.1), epochs=2, pack=True, executor=executor, shard=3)
        states.append(model.state_dict())
    assert states[0] == states[1]
