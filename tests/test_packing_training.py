"""Packed training is eager training, with the parameters in arrays: they come back whenever somebody looks, and however it ends."""

from __future__ import annotations

import copy
import gc
import pickle
import random
import signal
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import nn
from autograd import DomainError, RangeError, Value, exp, jvp, log, tanh
from autograd.process import come_home
from autograd.program import compile as compiled

np = pytest.importorskip("numpy")

from autograd import pack  # noqa: E402

X = np.random.default_rng(0).normal(size=(12, 2))
T = np.sin(X[:, 0]) + 0.1 * X[:, 1]

OPTIMISERS: dict[str, Callable[[Any], Any]] = {
    "SGD": lambda p: nn.SGD(p, lr=0.1),
    "momentum": lambda p: nn.SGD(p, lr=0.05, momentum=0.9),
    "nesterov": lambda p: nn.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "decay": lambda p: nn.SGD(p, lr=0.05, momentum=0.5, weight_decay=0.1),
    "AdaGrad": lambda p: nn.AdaGrad(p, lr=0.1, weight_decay=0.01),
    "RMSProp": lambda p: nn.RMSProp(p, lr=0.01),
    "Adam": lambda p: nn.Adam(p, lr=0.01, weight_decay=0.01),
    "AdamW": lambda p: nn.AdamW(p, lr=0.01),
    "linear": lambda p: nn.SGD(p, lr=nn.linear_decay(0.1, 0.01, 4)),
    "cosine": lambda p: nn.Adam(p, lr=nn.warm_up(2, nn.cosine_decay(0.1, 0.01, 4))),
    "exponential": lambda p: nn.SGD(p, lr=nn.exponential_decay(0.1, 0.5)),
    "steps": lambda p: nn.SGD(p, lr=nn.step_decay(0.1, 0.1, 2)),
}


def network(optimiser: str = "Adam") -> tuple[Any, Any, Any]:
    model = nn.MLP(2, [5, 1], rng=0)
    return model, pack(lambda x, t: (model(x) - t) ** 2, params=model), OPTIMISERS[optimiser](model.parameters())


def numbers(model: Any) -> list[float]:
    return [p.data for p in model.parameters()]


def eager_step(model: Any, optimiser: Any) -> float:
    optimiser.zero_grad()
    losses = [(model(x) - t) ** 2 for x, t in zip(X.tolist(), T.tolist(), strict=True)]
    loss = sum(losses[1:], losses[0]) / len(losses)
    loss.backward()
    optimiser.step()
    return float(loss.data)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_steps_are_the_eager_steps(name: str) -> None:
    """Each step from the same state leads to the same state, and a whole training to the same network, up to rounding."""
    eager, _, own = network(name)
    model, program, optimiser = network(name)
    other, _, alone = network(name)
    with program.training(optimiser) as step:
        for _ in range(6):
            assert step(X, T) == pytest.approx(eager_step(eager, own), rel=1e-13)
            assert numbers(model) == pytest.approx(numbers(eager), rel=1e-12, abs=1e-13)
            assert optimiser.state_dict()["steps"] == own.steps
            for ours, theirs in zip(optimiser.state_dict()["memory"], own.memory, strict=True):
                assert ours == pytest.approx(theirs, rel=1e-11, abs=1e-16)
            eager.load_state_dict(model.state_dict())
            own.load_state_dict(optimiser.state_dict())
            eager_step(other, alone)
    assert numbers(model) == pytest.approx(numbers(other), rel=1e-9, abs=1e-10)


def test_to_read_one_parameter_leaves_the_others_where_they_are() -> None:
    """It is the number of the last step; to set one, or to compute with it, brings all back."""
    model, program, optimiser = network()
    with program.training(optimiser) as step:
        step(X, T)
        theta = step.theta.tolist()
        assert theta == numbers(model)
        assert step.away
        model.parameters()[0].data = 0.5
        assert not step.away
        assert [0.5, *theta[1:]] == numbers(model)


def test_a_step_returns_the_loss_before_it() -> None:
    """That is what `loss = step(X, T)` gives, and it goes down."""
    model, program, optimiser = network()
    with program.training(optimiser) as step:
        losses = [step(X, T) for _ in range(30)]
    assert losses[0] == network()[1](X, T).value
    assert losses[-1] < 0.5 * losses[0]
    assert program(X, T).value < losses[-1]
    assert all(type(p) is Value for p in model.parameters())


LOOKS: dict[str, Callable[[Any, Any], Any]] = {
    "data": lambda model, optimiser: model.parameters()[3].data,
    "text": lambda model, optimiser: repr(model.parameters()[3]) + str(model),
    "state": lambda model, optimiser: model.state_dict(),
    "memory": lambda model, optimiser: optimiser.state_dict(),
    "model": lambda model, optimiser: model([1.0, 2.0]).data,
    "backward": lambda model, optimiser: (model([1.0, 2.0]) ** 2).backward(),
    "pickle": lambda model, optimiser: pickle.loads(pickle.dumps(model)).state_dict(),
    "pickled parameter": lambda model, optimiser: repr(pickle.loads(pickle.dumps(model.parameters()[3]))),
    "deepcopy": lambda model, optimiser: copy.deepcopy(model).state_dict(),
    "copy": lambda model, optimiser: copy.copy(model.parameters()[3]).data,
    "comparison": lambda model, optimiser: (model.parameters()[3] < 0.0, model.parameters()[3] >= 0.5),
    "plus": lambda model, optimiser: (model.parameters()[3] + 1.0, 1.0 - model.parameters()[3], -model.parameters()[3]),
    "with a Value": lambda model, optimiser: (Value(2.0) * model.parameters()[3], model.parameters()[3] * Value(2.0)),
    "with each other": lambda model, optimiser: model.parameters()[3] * model.parameters()[2],
    "a row": lambda model, optimiser: (exp(model.parameters()[3]), model.parameters()[3].tanh(), abs(model.parameters()[3])),
    "detach": lambda model, optimiser: model.parameters()[3].detach(),
    "forward mode": lambda model, optimiser: repr(jvp(lambda x: model([x, 1.0]), (1.0,), (1.0,))),
    "another program": lambda model, optimiser: pack(lambda x: model(x), params=model)(X).value,
    "compiled": lambda model, optimiser: compiled(lambda x: model(x), params=model)([1.0, 2.0]),
    "another optimiser": lambda model, optimiser: repr(nn.SGD(model.parameters(), lr=0.1)),
    "change": lambda model, optimiser: setattr(model.parameters()[3], "data", 0.5),
    "load": lambda model, optimiser: model.load_state_dict({**model.state_dict(), next(iter(model.state_dict())): 0.25}),
    "load memory": lambda model, optimiser: optimiser.load_state_dict({**optimiser.state_dict(), "steps": 1}),
    "an eager step": lambda model, optimiser: optimiser.step(),
    "rate": lambda model, optimiser: setattr(optimiser, "lr", 0.5),
    "nothing": lambda model, optimiser: None,
}


@pytest.mark.parametrize("look", LOOKS)
def test_whoever_looks_finds_the_numbers(look: str) -> None:
    """Whatever is done with the parameters between two steps means what it means when they are at home, and the training goes on so."""
    found = []
    for away in (True, False):
        model, program, optimiser = network()
        with program.training(optimiser) as step:
            for _ in range(3):
                step(X, T)
            assert type(model.parameters()[0]) is not Value
            if not away:
                come_home(model.parameters()[0])
                assert type(model.parameters()[0]) is Value
            seen = repr(LOOKS[look](model, optimiser))
            step(X, T)
            step(X, T)
        found.append((seen, numbers(model), optimiser.state_dict()))
    assert found[0] == found[1]


def test_a_parameter_is_a_value_all_the_while() -> None:
    """Whether they are away or not, parameters are Values, have their labels and grads, and are found in sets and dicts."""
    model, program, optimiser = network()
    first = model.parameters()[0]
    before = first.label
    places = {p: i for i, p in enumerate(model.parameters())}
    with program.training(optimiser) as step:
        step(X, T)
        assert type(first) is not Value
        assert isinstance(first, Value)
        assert (first.label, first.grad, places[first]) == (before, 0.0, 0)
        optimiser.zero_grad()
        assert type(first) is not Value


def test_the_program_itself_may_be_called() -> None:
    """Inside, the program computes with the parameters of the last step, or with what somebody has put there since."""
    model, program, optimiser = network()
    with program.training(optimiser) as step:
        step(X, T)
        inside = program(X, T).value
        assert inside == pack(program.program)(X, T).value
        model.parameters()[-1].data += 1.0
        assert program(X, T).value != inside
        assert program(X, T).value == step(X, T)


class OddError(Exception):
    """Nobody else's."""


@pytest.mark.parametrize("error", [OddError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_errors_bring_the_parameters_back(error: type[BaseException]) -> None:
    """However the block ends, parameters and memory are those after the last step."""
    model, program, optimiser = network()
    expected, other, alone = network()

    def some_steps() -> None:
        with program.training(optimiser) as step:
            for _ in range(3):
                step(X, T)
            raise error

    with pytest.raises(error):
        some_steps()
    assert all(type(p) is Value for p in model.parameters())
    with other.training(alone) as step:
        for _ in range(3):
            step(X, T)
    assert numbers(model) == numbers(expected)
    assert optimiser.state_dict() == alone.state_dict()
    with program.training(optimiser) as step:  # and it can go on
        step(X, T)


def test_a_failing_step_changes_nothing() -> None:
    """A bad example, or a step beyond the floats, is an error that leaves parameters, memory and the count of steps as they were."""
    w = Value(2.0, label="w")
    program = pack(lambda x: log(x * w) ** 2, params=[w])
    optimiser = nn.SGD([w], lr=0.1, momentum=0.9)
    with program.training(optimiser) as step:
        step([1.0, 2.0])
        before = (w.data, optimiser.state_dict())
        with pytest.raises(DomainError, match=r"log needs x > 0.*example 1 of the batch"):
            step([1.0, -2.0])
        assert (w.data, optimiser.state_dict()) == before
        optimiser.lr = 1.7e308
        before = (w.data, optimiser.state_dict())
        with pytest.raises(RangeError, match=r"SGD.step takes parameter 'w' beyond the floats.*nothing was changed"):
            step([10.0, 20.0])
        assert (w.data, optimiser.state_dict()) == before
        optimiser.lr = 0.1
        step([1.0, 2.0])


def test_an_optimiser_that_does_not_know_arrays() -> None:
    """Its update must be arithmetic: a branch in it is told, and nothing is changed."""

    class Branching(nn.SGD):
        def update(self, θ: float, g: float, η: float, t: int, *memory: float) -> tuple[float, ...]:
            return (θ - η if g > 0.0 else θ + η), *memory

    model, program, _ = network()
    before = numbers(model)
    with program.training(Branching(model.parameters(), lr=0.1)) as step, pytest.raises(TypeError, match=r"Branching.update must be arith"):
        step(X, T)
    assert numbers(model) == before


def test_callbacks_of_a_gradient_that_is_not_there() -> None:
    """A step with an empty batch, or another shape of examples that cannot be, changes nothing either."""
    model, program, optimiser = network()
    with program.training(optimiser) as step:
        step(X, T)
        before = numbers(model)
        with pytest.raises(ValueError, match="the batch is empty"):
            step(X[:0], T[:0])
        with pytest.raises(ValueError, match="as many examples everywhere"):
            step(X, T[:5])
        assert numbers(model) == before


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer that interrupts")
def test_interrupted_anywhere() -> None:
    """Wherever Ctrl-C falls, parameters, memory and the count of steps are those after some whole step."""
    model, program, optimiser = network()
    states = {}
    with program.training(optimiser) as step:
        for _ in range(401):
            states[optimiser.steps] = (numbers(model), optimiser.state_dict())
            step(X, T)
    rng = random.Random(0)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    callbacks = gc.callbacks[:]  # Hypothesis has one, in Python, where Ctrl-C would be lost
    gc.callbacks.clear()
    previous = signal.signal(signal.SIGALRM, interrupt)
    counts = set()
    try:
        for _ in range(60):
            model, program, optimiser = network()
            program(X, T)
            try:
                with program.training(optimiser) as step:
                    signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.0001, 0.004))
                    for i in range(400):
                        step(X, T)
                        if i % 3 == 0:
                            assert model.parameters()[0].data == states[optimiser.steps][0][0]
            except KeyboardInterrupt:
                pass
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            counts.add(optimiser.steps)
            assert (numbers(model), optimiser.state_dict()) == states[optimiser.steps]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, previous)
        gc.callbacks[:] = callbacks
    assert len(counts) > 3


def test_training_in_training() -> None:
    """One program is trained once at a time; two programs may share their parameters, and each finds what the other did."""
    model, program, optimiser = network("SGD")
    with program.training(optimiser):
        with pytest.raises(RuntimeError, match="is in training already"), program.training(optimiser):
            pass
        with pytest.raises(TypeError, match="is in training, and cannot be pickled meanwhile"):
            pickle.dumps(program)
    second = pack(lambda x, t: (model(x) - t) ** 2, params=model)
    expected, alone, own = network("SGD")
    other = nn.SGD(model.parameters(), lr=0.1)
    with program.training(optimiser) as one, second.training(other) as two:
        for _ in range(3):
            one(X, T)
            two(X, T)
    with alone.training(own) as step:
        for _ in range(6):
            step(X, T)
    assert numbers(model) == numbers(expected)
    assert all(type(p) is Value for p in model.parameters())


def test_some_of_the_parameters() -> None:
    """An optimiser of a subset, in any order, changes these alone; two optimisers may take turns."""
    model, program, _ = network()
    head, body = model.parameters()[-3:][::-1], model.parameters()[:5]
    before = numbers(model)
    expected, _, _ = network()
    own = nn.Adam(expected.parameters()[-3:][::-1], lr=0.1)
    with program.training(nn.Adam(head, lr=0.1)) as step:
        for _ in range(4):
            step(X, T)
            eager_step(expected, own)
            expected.zero_grad()
    assert numbers(model)[:-3] == before[:-3]
    assert numbers(model) == pytest.approx(numbers(expected), rel=1e-10)
    with program.training(nn.SGD(body, lr=0.1)) as step:
        step(X, T)
    assert numbers(model)[5:] == pytest.approx(numbers(expected)[5:], rel=1e-10)
    assert numbers(model)[:5] != before[:5]


def test_parameters_that_are_shared() -> None:
    """A parameter that stands in two places is one number, with the sum of both gradients."""
    w, b = Value(0.3, label="w"), Value(0.1, label="b")

    def f(x: Any, t: Any) -> Any:
        return (tanh(w * tanh(w * x[0] + b) + b) - t) ** 2

    program = pack(f, params=[w, [b, w]])
    assert program.params == [w, b]
    optimiser = nn.SGD([w, b], lr=0.2)
    v, c = Value(0.3), Value(0.1)
    own = nn.SGD([v, c], lr=0.2)
    with program.training(optimiser) as step:
        for _ in range(5):
            step(X, T)
            own.zero_grad()
            total = sum(((tanh(v * tanh(v * x[0] + c) + c) - t) ** 2 for x, t in zip(X.tolist(), T.tolist(), strict=True)), Value(0.0))
            (total / len(X)).backward()
            own.step()
    assert [w.data, b.data] == pytest.approx([v.data, c.data], rel=1e-12)


def test_what_training_refuses() -> None:
    """It needs an optimiser, of this program's parameters."""
    model, program, _ = network()
    for wrong in (None, model, model.parameters(), lambda: None):
        with pytest.raises(TypeError, match="training needs an optimiser, such as"), program.training(wrong):
            pass
    with pytest.raises(ValueError, match=r"needs an optimiser of the program's parameters, but .* is none of them"):
        program.training(nn.SGD([Value(1.0)], lr=0.1)).__enter__()
    with pytest.raises(ValueError, match="there are none: pack the function with params="):
        pack(lambda x: x).training(nn.SGD([Value(1.0)], lr=0.1)).__enter__()
    with program.training(nn.SGD(model.parameters(), lr=0.1)) as step:  # a refusal leaves nothing behind
        step(X, T)


def test_blocks_do_not_matter() -> None:
    """A batch that is computed in many blocks trains the same network up to rounding."""
    found = []
    for memory in (1, 1000, 2**23):
        model = nn.MLP(2, [5, 1], rng=0)
        program = pack(lambda x, t, model=model: (model(x) - t) ** 2, params=model, memory=memory)
        with program.training(nn.Adam(model.parameters(), lr=0.01)) as step:
            for _ in range(5):
                step(X, T)
        found.append(numbers(model))
    assert found[0] == pytest.approx(found[2], rel=1e-10)
    assert found[1] == pytest.approx(found[2], rel=1e-10)


@pytest.mark.parametrize("name", ["SGD", "nesterov", "AdamW"])
def test_updates_of_some_at_a_time(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many parameters are updated together, the numbers are the same."""
    found = []
    for together in (8192, 4, 1):
        monkeypatch.setattr("autograd.packing.training.TOGETHER", together)
        model, program, optimiser = network(name)
        with program.training(optimiser) as step:
            for _ in range(5):
                step(X, T)
        found.append((numbers(model), optimiser.state_dict()))
    assert found[0] == found[1] == found[2]


def test_an_option_that_is_changed_in_between() -> None:
    """A momentum that begins later begins at 0; a step with it that fails leaves it there."""
    found = []
    for failing in (False, True):
        model, program, optimiser = network("SGD")
        with program.training(optimiser) as step:
            for _ in range(3):
                step(X, T)
            optimiser.options["momentum"] = 0.9
            if failing:
                rate, optimiser.lr = optimiser.lr, 1.7e308
                with pytest.raises(RangeError, match="nothing was changed"):
                    step(X, 1000.0 * T)
                optimiser.lr = rate
            step(X, T)
            step(X, T)
        found.append((numbers(model), optimiser.state_dict()))
    assert found[0] == found[1]


def test_branches_and_classes_in_training() -> None:
    """Examples that branch, and classes as whole numbers, are recorded while the parameters are away."""
    model = nn.Linear(2, 3, rng=0)

    def f(x: Any, t: Any) -> Any:
        return nn.cross_entropy(model(x), t) * (2.0 if x[0] > 0.0 else 1.0)

    program = pack(f, params=model)
    labels = [i % 3 for i in range(12)]
    with program.training(nn.SGD(model.parameters(), lr=0.5)) as step:
        step(X[:4, :], [0, 0, 0, 0])
        losses = [step(X, labels) for _ in range(20)]
    assert losses[-1] < losses[0]
    assert [2] == [len(form.variants) for form in program.forms.values()]


def test_steps_are_quick() -> None:
    """The parameters stay in the array: a thousand steps of a small network take less than a second."""
    _, program, optimiser = network()
    with program.training(optimiser) as step:
        step(X, T)
        start = time.process_time()
        for _ in range(1000):
            step(X, T)
    assert time.process_time() - start < 1.0


def test_an_optimiser_that_does_more_in_its_step_is_refused() -> None:
    """Training on arrays calls `update` alone: what a step does beside it would not happen, in a class or on the object."""

    class Clip(nn.SGD):
        def step(self) -> None:
            nn.clip_grad_norm(self.parameters, 0.01)
            super().step()

    model = nn.MLP(2, [3, 1], rng=0)
    program = pack(lambda x, t: nn.half_squared_error(model(x), t), params=model)
    on_object = nn.SGD(model.parameters(), lr=0.1)
    on_object.step = lambda: None  # type: ignore[method-assign]
    for optimiser in (Clip(model.parameters(), lr=0.1), on_object):
        with pytest.raises(ValueError, match=r"calls the update of (Clip|SGD) and not its step"):
            program.training(optimiser)


def test_what_a_callback_does_to_the_optimiser_is_seen() -> None:
    """Other parameters are refused, and a memory that is set anew is the one that the next step goes on from."""
    model = nn.MLP(2, [3, 1], rng=0)
    program = pack(lambda x, t: nn.half_squared_error(model(x), t), params=model)
    optimiser = nn.SGD(model.parameters(), lr=0.1, momentum=0.9)
    with program.training(optimiser) as step:
        step([[0.5, 0.3]], [1.0])
        step([[0.5, 0.3]], [1.0])
        restarted = [(0.0,)] * len(optimiser.parameters)
        optimiser.memory = restarted
        before = [p.data for p in model.parameters()]
        optimiser.memory = restarted
        step([[0.5, 0.3]], [1.0])
    _, gradients = program.at(np.array(before), ([[0.5, 0.3]], [1.0]))
    assert [p.data for p in model.parameters()] == pytest.approx(
        [x - 0.1 * g for x, g in zip(before, gradients[-1], strict=True)], rel=1e-12
    )
    with program.training(optimiser) as step:
        optimiser.parameters.pop()
        with pytest.raises(ValueError, match="the parameters of SGD were changed during training"):
            step([[0.5, 0.3]], [1.0])


@pytest.mark.parametrize("kind", [nn.Adam, partial(nn.SGD, momentum=0.9)])
def test_the_memory_of_an_optimiser_in_training_is_what_it_is_now(kind: Any) -> None:
    """Read, written in place, set, copied or saved amid training on arrays, it is that of plain steps."""
    X, t = [[0.5, 1.0], [-1.0, 2.0]], [1.0, 0.0]

    def watched(step: Callable[[], Any], optimiser: Any) -> list[Any]:
        seen = []
        kept = optimiser.memory
        for k in range(6):
            step()
            if k == 1:
                optimiser.memory[0] = tuple(m + 0.25 for m in optimiser.memory[0])
            if k == 2:
                kept = optimiser.memory
            if k == 3:
                optimiser.memory = [tuple(0.5 for _ in row) for row in optimiser.memory]
                seen.append([(optimiser.parameters[0].data,)])
            if k == 4:
                optimiser.memory = kept
            seen.append([*optimiser.memory] if k % 2 else copy.deepcopy(optimiser).memory)
        return [m for memory in (*seen, optimiser.state_dict()["memory"]) for row in memory for m in row]

    found = []
    for packed in (False, True):
        model = nn.Linear(2, 1, rng=0)
        optimiser = kind(model.parameters(), lr=0.1)
        if packed:
            program = pack(lambda x, t, model=model: nn.squared_error(model(x), t), params=model)
            with program.training(optimiser) as session:
                found.append(watched(lambda session=session: session(np.array(X), np.array(t)), optimiser))  # type: ignore[misc]
        else:

            def step(model: Any = model, optimiser: Any = optimiser) -> None:
                optimiser.zero_grad()
                for x, y in zip(X, t, strict=True):
                    nn.squared_error(model(x), y).backward(0.5)
                optimiser.step()

            found.append(watched(step, optimiser))
    assert found[0] == pytest.approx(found[1], rel=1e-12)


def test_a_call_amid_training_keeps_the_numbers_that_it_began_with() -> None:
    """A call in another thread computes with the parameters of one step, however many steps are made meanwhile."""
    model = nn.Linear(2, 1, rng=0)
    program = pack(lambda x, t: nn.squared_error(model(x), t), params=model)
    with program.training(nn.SGD(model.parameters(), lr=0.1)) as step:
        step(X, T)
        taken = program._theta()
        kept = taken.tolist()
        for _ in range(3):
            step(X, T)
        assert kept == taken.tolist()
