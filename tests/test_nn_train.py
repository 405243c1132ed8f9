"""Training: the loop is the equations, it ends as asked, and whatever ends it keeps what was learned."""

from __future__ import annotations

import builtins
import io
import math
import re
import sys
from random import Random
from typing import Any

import pytest

import nn
from autograd import MissingExtraError, Value, mean

X, T = nn.moons(30, rng=1)


def small(seed: int = 0) -> nn.MLP:
    return nn.MLP(2, [4, 1], rng=seed)


def test_one_step_is_the_gradient_of_the_batchs_mean() -> None:
    """Example by example or as one graph: the same update; the history holds the loss before it."""
    one, other = small(), small()
    history = nn.fit(one, X, T, nn.binary_cross_entropy_with_logits, nn.SGD(one.parameters(), lr=0.5), rng=None)
    loss = mean([nn.binary_cross_entropy_with_logits(other(x), t) for x, t in zip(X, T, strict=True)])
    loss.backward()
    nn.SGD(other.parameters(), lr=0.5).step()
    assert math.isclose(loss.data, history.losses[0], rel_tol=1e-14)
    for (name, a), b in zip(one.state_dict().items(), other.state_dict().values(), strict=True):
        assert math.isclose(a, b, rel_tol=1e-13, abs_tol=1e-15), name


@pytest.mark.parametrize(("batch_size", "steps"), [(None, 2), (30, 2), (1, 60), (7, 10), (1000, 2)])
def test_steps_of_an_epoch(batch_size: int | None, steps: int) -> None:
    """Gradient descent, stochastic, mini-batch: as many steps as batches; the epoch's loss is the mean over examples."""
    model = small()
    optimiser = nn.SGD(model.parameters(), lr=0.1)
    history = nn.fit(model, X, T, nn.binary_cross_entropy_with_logits, optimiser, epochs=2, batch_size=batch_size)
    assert steps == len(history.losses) == optimiser.steps
    assert [1, 2] == [epoch.number for epoch in history.epochs]
    sizes = [min(batch_size or 30, 30 - start) for start in range(0, 30, batch_size or 30)]
    weighted = sum(n * loss for n, loss in zip(sizes, history.losses, strict=False)) / 30
    assert math.isclose(weighted, history.epochs[0].loss, rel_tol=1e-12)
    assert "" == history.stopped


def test_the_same_seed_learns_the_same_bits() -> None:
    """Seeds, and generators of that seed; another seed shuffles otherwise."""
    states = []
    for rng in (5, Random(5), 6, None):
        model = small()
        nn.fit(model, X, T, nn.binary_cross_entropy_with_logits, nn.Adam(model.parameters(), lr=0.05), epochs=2, batch_size=8, rng=rng)
        states.append(model.state_dict())
    assert states[0] == states[1]
    assert states[0] != states[2] != states[3]


def test_xor_is_learned() -> None:
    """What one layer cannot."""
    x, t = nn.xor(40, rng=0)
    model = nn.MLP(2, [8, 1], "tanh", rng=1)
    history = nn.fit(
        model, x, t, nn.binary_cross_entropy_with_logits, nn.Adam(model.parameters(), lr=0.05), epochs=40, batch_size=8, metric=nn.accuracy
    )
    assert 1.0 == nn.accuracy(model, x, t) == history.epochs[-1].metric
    assert "epoch 40: loss" in str(history.epochs[-1])
    assert "metric 1.0000" in str(history.epochs[-1])


def test_validation_is_looked_at_and_not_learned_from() -> None:
    model, other = small(), small()
    test = nn.moons(10, rng=9)
    common: dict[str, Any] = {"epochs": 2, "batch_size": 10}
    loss = nn.binary_cross_entropy_with_logits
    history = nn.fit(model, X, T, loss, nn.SGD(model.parameters(), lr=0.1), validation=test, **common)
    nn.fit(other, X, T, loss, nn.SGD(other.parameters(), lr=0.1), **common)
    assert model.state_dict() == other.state_dict()
    assert nn.evaluate(model, *test, loss) == history.epochs[-1].validation
    assert not model.training


def test_a_model_learns_in_training_and_is_judged_in_use() -> None:
    """Its own `training` says which: for each of two epochs, two examples to learn from, then one to be judged by."""

    class Watched(nn.Module):
        def __init__(self) -> None:
            self.layer = nn.Linear(1, 1, rng=0)
            self._modes: list[bool] = []

        def forward(self, x: float) -> Value:
            self._modes.append(self.training)
            y: Value = self.layer(x)
            return y

    model = Watched()
    nn.fit(model, [0.1, 0.2], [1.0, 2.0], nn.squared_error, nn.SGD(model.parameters(), lr=0.1), epochs=2, validation=([0.3], [3.0]))
    assert [True, True, False] * 2 == model._modes


def test_early_stop_goes_back_to_the_best_epoch() -> None:
    """A rate that grows makes the loss rise: two epochs later the training ends, with the best epoch's parameters."""
    model = small()
    optimiser = nn.SGD(model.parameters(), lr=lambda t: 0.3 if t < 5 else 30.0)
    states = []
    history = nn.fit(
        model, X, T, nn.binary_cross_entropy_with_logits, optimiser, epochs=50, patience=2, validation=(X, T),
        callbacks=[lambda history: states.append(model.state_dict())],
    )  # fmt: skip
    losses = [epoch.validation for epoch in history.epochs]
    best = losses.index(min(losses))  # type: ignore[type-var]
    assert best + 3 == len(losses) < 50
    assert f"no lower loss for 2 epochs; the parameters are those after epoch {best + 1}" == history.stopped
    assert states[best] == model.state_dict() != states[-1]


def test_callbacks_see_the_history_and_can_end_it() -> None:
    """All are called after every epoch; only True ends the training, not something true."""
    seen: list[int] = []
    model = small()
    history = nn.fit(
        model, X, T, nn.binary_cross_entropy_with_logits, nn.SGD(model.parameters(), lr=0.1), epochs=9,
        callbacks=[lambda h: len(h.epochs) == 3, lambda h: seen.append(h.epochs[-1].number), lambda h: 1],
    )  # fmt: skip
    assert [1, 2, 3] == seen
    assert "a callback asked for it after epoch 3" == history.stopped


def test_ctrl_c_keeps_what_was_learned() -> None:
    """In the middle of a batch: the steps before it are whole, the one it fell into left no trace."""
    calls = 0

    def loss(y: Value, t: int) -> Value:
        nonlocal calls
        calls += 1
        if calls == 25:
            raise KeyboardInterrupt
        return nn.binary_cross_entropy_with_logits(y, t)

    model, other = small(), small()
    history = nn.fit(model, X, T, loss, nn.SGD(model.parameters(), lr=0.1), batch_size=10, rng=None)
    nn.fit(other, X[:20], T[:20], nn.binary_cross_entropy_with_logits, nn.SGD(other.parameters(), lr=0.1), batch_size=10, rng=None)
    assert "interrupted in step 3; what was learned before it is kept" == history.stopped
    assert other.state_dict() == model.state_dict()
    assert 2 == len(history.losses)


def test_divergence_ends_the_training_and_names_the_step() -> None:
    """A number beyond the floats is a warning; the history up to there is returned."""
    model = nn.MLP(1, [1], rng=0)
    with pytest.warns(RuntimeWarning, match=r"training diverged in step \d+: .*beyond the largest float.*a smaller learning rate"):
        history = nn.fit(model, [[1.0], [2.0]], [1.0, -1.0], nn.squared_error, nn.SGD(model.parameters(), lr=1e30), epochs=50)
    assert history.stopped.startswith(f"diverged in step {len(history.losses) + 1}: ")
    assert 2 <= len(history.losses) < 50
    assert all(map(math.isfinite, model.state_dict().values()))


def test_a_gradient_beyond_the_floats_is_divergence_too() -> None:
    """The loss is finite; its gradient is not."""
    model = nn.MLP(1, [1, 1], None, init=nn.init.constant(1e200), bias=False)
    with pytest.warns(RuntimeWarning, match="diverged in step 1: the gradient leaves the range of floats"):
        history = nn.fit(model, [[1e-300]], [0.0], lambda y, t: y * 1e150, nn.SGD(model.parameters(), lr=0.1))
    assert [] == history.losses


def test_a_loss_that_left_the_graph_is_said() -> None:
    model = small()
    with pytest.raises(TypeError, match=r"the loss must be a Value, but is .* of type float: did float\(\)"):
        nn.fit(model, X, T, lambda y, t: float(y) - t, nn.SGD(model.parameters(), lr=0.1))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"targets": T[:-1]}, "30 examples and 29 targets"),
        ({"examples": [], "targets": []}, "at least one example"),
        ({"epochs": 0}, "at least 1 as epochs"),
        ({"batch_size": 0}, "at least 1 as batch_size"),
        ({"patience": 0}, "at least 1 as patience"),
        ({"validation": (X, T[:3])}, "30 examples and 3 targets"),
        ({"examples": [[1.0]] * 30}, "takes 2 inputs, but got 1"),
    ],
)
def test_wrong_arguments_are_said_before_anything_is_learned(arguments: dict[str, Any], says: str) -> None:
    model = small()
    before = model.state_dict()
    call: dict[str, Any] = {"examples": X, "targets": T, "loss": nn.binary_cross_entropy_with_logits} | arguments
    with pytest.raises(ValueError, match=says):
        nn.fit(model, optimiser=nn.SGD(model.parameters(), lr=0.1), **call)
    assert before == model.state_dict()


def test_predict_and_accuracy() -> None:
    """Of a list the index of the largest; of one number, above the threshold or not; targets 0 or −1 and 1."""
    assert 2 == nn.predict([0.1, -1.0, 0.5])
    assert (0, 1, 0, 1) == (nn.predict(0.0), nn.predict(0.1), nn.predict(0.4, 0.5), nn.predict(Value(0.6), 0.5))
    model = nn.Linear(1, 1, bias=False, init=nn.init.constant(1.0))
    assert (
        0.75
        == nn.accuracy(model, [[1.0], [-1.0], [2.0], [-2.0]], [1, 0, 0, 0])
        == nn.accuracy(model, [1.0, -1.0, 2.0, -2.0], [1, -1, -1, -1])
    )
    with pytest.raises(IndexError, match="has 2 classes, 0 to 1, but got class 2"):
        nn.accuracy(nn.Linear(1, 2), [[1.0]], [2])
    with pytest.raises(ValueError, match="1 examples and 2 targets"):
        nn.evaluate(model, [[1.0]], [1, 2], nn.squared_error)


# The progress bar.


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    """With progress=True it is there and counts the steps; without a terminal, or on short work, standard error is quiet."""
    said = {}
    for name, progress, stream in (
        ("asked", True, io.StringIO()),
        ("no terminal", None, io.StringIO()),
        ("short", None, Terminal()),
        ("off", False, Terminal()),
    ):
        monkeypatch.setattr(sys, "stderr", stream)
        model = small()
        nn.fit(
            model, X, T, nn.binary_cross_entropy_with_logits, nn.SGD(model.parameters(), lr=0.1), epochs=2, batch_size=10, progress=progress
        )
        said[name] = stream.getvalue()
    assert "/6 [" in said["asked"]
    assert ["", "", ""] == [said["no terminal"], said["short"], said["off"]]


def test_without_tqdm_there_is_no_bar_and_no_complaint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless it was asked for: then the extra is named."""
    real = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name == "tqdm":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    model = small()
    optimiser = nn.SGD(model.parameters(), lr=0.1)
    assert 1 == len(nn.fit(model, X, T, nn.binary_cross_entropy_with_logits, optimiser).losses)
    with pytest.raises(MissingExtraError, match=r"pip install 'glassgrad\[train\]'"):
        nn.fit(model, X, T, nn.binary_cross_entropy_with_logits, optimiser, progress=True)


def test_a_loss_that_leaves_its_domain_after_the_first_step_ends_training_with_its_history() -> None:
    """A probability that has become 0 is a divergence like any other: named, with what was measured before it."""
    X, t = nn.moons(20, rng=0)
    model = nn.MLP(2, [8, 1], "relu", "sigmoid", rng=0)
    with pytest.warns(RuntimeWarning, match="diverged in step"):
        history = nn.fit(model, X, t, nn.binary_cross_entropy, nn.SGD(model.parameters(), lr=1e4), epochs=5)
    assert history.losses
    assert "diverged in step" in history.stopped


@pytest.mark.parametrize(("target", "error"), [(7, IndexError), (-2, IndexError), (0.5, IndexError), (True, TypeError)])
def test_accuracy_refuses_a_class_that_one_output_does_not_have(target: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="accuracy"):
        nn.accuracy(nn.MLP(2, [1], rng=0), [[0.0, 1.0]], [target])


def test_fit_refuses_an_optimiser_of_another_model() -> None:
    """Nothing would be learned. One that holds a part of the model's parameters is welcome: the rest stays as it is."""
    model = nn.MLP(2, [3, 1], rng=0)
    for stranger in (nn.MLP(2, [3, 1], rng=0).parameters(), [Value(1.0)]):
        with pytest.raises(ValueError, match="this one holds none of them: make it anew, "):
            nn.fit(model, [[0.0, 1.0]], [1.0], nn.squared_error, nn.SGD(stranger, lr=0.1))
    with pytest.raises(TypeError, match=r"needs an optimiser, such as SGD\(model.parameters\(\), lr=0.1\), but got Adam"):
        nn.fit(model, [[0.0, 1.0]], [1.0], nn.squared_error, nn.Adam)  # type: ignore[arg-type]
    before = model.state_dict()
    nn.fit(model, [[0.0, 1.0]], [5.0], nn.squared_error, nn.SGD(model.layers[1].parameters(), lr=0.1))
    changed = {name.split(".")[0] for name, number in model.state_dict().items() if number != before[name]}
    assert {"layer1"} == changed


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"validation": 5}, r"two lists as validation, \(examples, targets\), but got 5"),
        ({"validation": [[1.0, 2.0]] * 10}, "as validation, .* but got a list of 10"),
        ({"validation": ([[1.0, 2.0]], [1.0], [1.0])}, "but got a list of 1, a list of 1, a list of 1"),
        ({"validation": ([[1.0, 2.0]], 1.0)}, "but got a list of 1, 1.0"),
        ({"validation": ()}, "but got none"),
        ({"callbacks": print}, r"a list as callbacks, even of one function: callbacks=\[f\]"),
        ({"callbacks": 3}, "a list of functions as callbacks, but got 3 of type int"),
        ({"callbacks": [print, 3]}, "functions as callbacks, but got 3 of type int"),
    ],
)
def test_fit_says_what_an_option_has_to_be(options: dict[str, Any], says: str) -> None:
    """In words of its own, before anything is learned."""
    model = nn.MLP(2, [3, 1], rng=0)
    before = model.state_dict()
    with pytest.raises(TypeError, match=says):
        nn.fit(model, [[0.0, 1.0]], [1.0], nn.squared_error, nn.SGD(model.parameters(), lr=0.1), **options)
    assert before == model.state_dict()


@pytest.mark.parametrize(
    ("loss", "outputs", "targets"),
    [
        (nn.cross_entropy, 3, lambda i: i % 3),
        (nn.cross_entropy, 3, lambda i: nn.one_hot(i % 3, 3)),
        (nn.cross_entropy, 3, lambda i: [int(k == i % 3) for k in range(3)]),
        (nn.max_margin, 3, lambda i: i % 3),
        (nn.squared_error, 1, lambda i: i % 3),
        (nn.squared_error, 2, lambda i: [0.5 * i, 1.0]),
        (nn.binary_cross_entropy_with_logits, 1, lambda i: i % 2),
        (nn.hinge, 1, lambda i: 2 * (i % 2) - 1),
        (lambda z, t: nn.squared_error(z[t], 1.0), 3, lambda i: i % 3),
    ],
)
def test_packed_training_is_the_same_training(loss: Any, outputs: int, targets: Any) -> None:
    """Loss by loss and parameter by parameter, but for rounding: batches, optimiser, validation and classes are the same."""
    pytest.importorskip("numpy")
    rng = Random(0)
    X = [[rng.gauss(0.0, 1.0) for _ in range(4)] for _ in range(24)]
    t = [targets(i) for i in range(24)]
    found = []
    for pack in (False, True):
        model = nn.MLP(4, [5, outputs], activation="tanh", rng=0)
        optimiser = nn.Adam(model.parameters(), lr=0.01)
        history = nn.fit(model, X, t, loss, optimiser, epochs=3, batch_size=7, rng=1, validation=(X[:5], t[:5]), pack=pack)
        found.append((history, model.state_dict(), optimiser.state_dict()))
    (eager, weights, memory), (packed, packed_weights, packed_memory) = found
    assert eager.losses == pytest.approx(packed.losses, rel=1e-12, abs=1e-12)
    assert [e.validation for e in eager.epochs] == pytest.approx([e.validation for e in packed.epochs], rel=1e-12, abs=1e-12)
    assert weights == pytest.approx(packed_weights, rel=1e-9, abs=1e-12)
    assert memory["steps"] == packed_memory["steps"] == 12


def test_packed_training_with_callbacks_patience_and_divergence() -> None:
    """A callback finds the numbers of the last step; patience brings back the best; divergence is the same warning, and nothing is lost."""
    pytest.importorskip("numpy")
    model = nn.MLP(2, [3, 1], rng=0)
    X, t = [[0.0, 1.0], [1.0, 0.0]], [1.0, 0.0]
    seen: list[dict[str, float]] = []
    nn.fit(
        model,
        X,
        t,
        nn.squared_error,
        nn.SGD(model.parameters(), lr=0.1),
        epochs=3,
        callbacks=[lambda h: seen.append(model.state_dict())],
        pack=True,
    )
    assert 3 == len({tuple(state.values()) for state in seen})
    assert seen[-1] == model.state_dict()
    history = nn.fit(model, X, t, nn.squared_error, nn.SGD(model.parameters(), lr=0.0), epochs=9, patience=2, pack=True)
    assert "no lower loss for 2 epochs; the parameters are those after epoch 1" == history.stopped
    assert seen[-1] == model.state_dict()
    with pytest.warns(RuntimeWarning, match="training diverged in step"):
        history = nn.fit(model, X, t, nn.squared_error, nn.SGD(model.parameters(), lr=1e200), epochs=9, pack=True)
    assert all(math.isfinite(number) for number in model.state_dict().values())


@pytest.mark.parametrize("classes", [63, 64, 65])
def test_packed_training_with_many_classes(classes: int) -> None:
    """From 64 numbers on an argument stays where it is: the loss, the validation and the weights are those of plain training."""
    pytest.importorskip("numpy")
    X, t = [[0.25 * i, 1.0] for i in range(4)], [i * 20 % classes for i in range(4)]
    found = []
    for pack in (False, True):
        model = nn.MLP(2, [3, classes], rng=0)
        optimiser = nn.SGD(model.parameters(), lr=0.1)
        history = nn.fit(model, X, t, nn.cross_entropy, optimiser, epochs=2, validation=(X, t), rng=None, pack=pack)
        found.append([x for epoch in history.epochs for x in (epoch.loss, epoch.validation)] + [p.data for p in model.parameters()])
    assert found[0] == pytest.approx(found[1], rel=1e-11, abs=1e-13)


def test_packed_training_says_what_it_cannot_do() -> None:
    """Chance inside the model, examples of two shapes, a class that is none."""
    pytest.importorskip("numpy")
    model = nn.MLP(2, [3, 1], rng=0)
    rng = Random(0)
    with pytest.raises(TypeError, match="draws random numbers"):
        nn.fit(model, [[0.0, 1.0]], [1.0], lambda y, t: (y * rng.random() - t) ** 2, nn.SGD(model.parameters(), lr=0.1), pack=True)
    model = nn.MLP(2, [3, 2], rng=0)
    optimiser = nn.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="takes 2 inputs, but got 1; this is example 1"):
        nn.fit(model, [[0.0, 1.0], [1.0]], [1, 0], nn.cross_entropy, optimiser, pack=True)
    with pytest.raises(IndexError, match="class 2"):
        nn.fit(model, [[0.0, 1.0]], [2], nn.cross_entropy, optimiser, pack=True)


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize("bad", ["3", "a", True, 2 + 5j, None])
def test_what_is_no_number_is_refused_packed_or_not(bad: Any, pack: bool) -> None:
    """NumPy alone would make 3 of the text "3", 1 of True, and 2 of 2+5j; the engine takes none of them, and says which came."""
    pytest.importorskip("numpy")
    for examples, targets in (([[bad, bad]] * 2, [0.0, 1.0]), ([[0.5, 1.0], [1.0, 0.0]], [bad, bad])):
        model = nn.MLP(2, [3, 1], rng=0)
        before = model.state_dict()
        with pytest.raises(TypeError, match=re.escape(f"got {bad!r} of type {type(bad).__name__}")):
            nn.fit(model, examples, targets, nn.squared_error, nn.SGD(model.parameters(), lr=0.1), pack=pack)
        with pytest.raises(TypeError, match=re.escape(f"got {bad!r} of type {type(bad).__name__}")):
            nn.accuracy(model, examples, targets, pack=pack)
        assert before == model.state_dict()


@pytest.mark.parametrize(("outputs", "targets"), [(3, [0, 1, 2]), (1, [0, 1, 1]), (1, [-1, 1, -1])])
def test_packed_accuracy_is_the_accuracy(outputs: int, targets: list[int]) -> None:
    """Of classes, and of the two sides of one output, with a threshold."""
    pytest.importorskip("numpy")
    rng = Random(3)
    model = nn.MLP(4, [5, outputs], activation="tanh", rng=0)
    X = [[rng.gauss(0.0, 1.0) for _ in range(4)] for _ in range(60)]
    t = targets * 20
    for threshold in (0.0, 0.2):
        assert nn.accuracy(model, X, t, threshold) == pytest.approx(nn.accuracy(model, X, t, threshold, pack=True), abs=1e-12)


class Drifting(list[Any]):
    """Examples that are others each time they are asked for, as augmented ones."""

    asked = 0

    def __getitem__(self, i: Any) -> Any:
        self.asked += 1
        return [x + 0.01 * self.asked for x in super().__getitem__(i)]


def test_packed_training_reads_what_plain_training_reads() -> None:
    """Examples that change while they are trained on are those of their time, packed or not."""
    pytest.importorskip("numpy")
    found = []
    for pack in (False, True):
        runs = []
        for augmented in (False, True):
            model = nn.MLP(2, [3, 3], rng=0)
            rows: Any = [[0.0, 1.0], [1.0, 0.5], [0.5, -1.0]]
            rows = Drifting(rows) if augmented else rows
            t, held = [0, 1, 2], ([[0.1, 0.2], [0.3, 0.4]], [1, 0])

            def edit(history: Any, rows: Any = rows, held: Any = held) -> None:
                held[0][0] = [held[0][0][0] + 1.0, 0.0]
                held[1][0] = 2
                rows.append(rows.pop(0))

            optimiser = nn.SGD(model.parameters(), lr=0.1)
            history = nn.fit(
                model, rows, t, nn.cross_entropy, optimiser, epochs=3, batch_size=2, validation=held, callbacks=[edit], pack=pack
            )
            runs.append([history.losses, [epoch.validation for epoch in history.epochs], [*model.state_dict().values()]])
        found.append(runs)
    for plain, packed in zip(*found, strict=True):
        for expected, actual in zip(plain, packed, strict=True):
            assert expected == pytest.approx(actual, rel=1e-12)
