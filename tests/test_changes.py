"""Programs notice when what their function finds around itself has changed: modes, switches, numbers, functions."""

from __future__ import annotations

import copy
import pickle
import random
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

import nn
from autograd import Value, exp, log, tanh
from autograd.program import Program, TracingError
from autograd.program import compile as compiled

factor = 2.0


class Net(nn.Module):
    """A module that depends on its mode, on a number, on a table, on a function and on a global number."""

    def __init__(self) -> None:
        self.layer = nn.Linear(2, 1, rng=0)
        self.rate = 0.5
        self.table = [1.0, 2.0]
        self.options = {"bias": 1.0, "deep": {"power": 2.0}}
        self.function = tanh
        self.calls = 0

    def forward(self, x: Any) -> Any:
        """All of them."""
        self.calls += 1
        y = self.function(self.layer(x)) * factor + self.table[1] + self.options["bias"]
        return y * self.rate if self.training else y ** self.options["deep"]["power"]  # type: ignore[index]


class Foreign:
    """A class of somebody's own, with parameters."""

    def __init__(self) -> None:
        self.w, self.scale = Value(0.5), 3.0

    def parameters(self) -> list[Value]:
        """Its parameter."""
        return [self.w]

    def __call__(self, x: Any) -> Any:
        return x[0] * self.w * self.scale


class Trainer:
    """An object whose method is compiled. It counts its steps, which the method does not read."""

    def __init__(self) -> None:
        self.net, self.weight, self.steps = Net(), 1.5, 0

    def loss(self, x: Any) -> Any:
        """A function of a module, and of a number."""
        return self.net(x) * self.weight


class Loss:
    """A loss that is an object."""

    def __init__(self) -> None:
        self.weight = 2.0

    def __call__(self, y: Any, t: Any) -> Any:
        return (y - t) * self.weight


def change(name: str, value: Any) -> None:
    globals()[name] = value


net, foreign, trainer, loss = Net(), Foreign(), Trainer(), Loss()
box = SimpleNamespace(net=net)


def nonlocally() -> tuple[Callable[[Any], Any], Callable[[], None]]:
    k = 1.0

    def f(x: Any) -> Any:
        return x[0] * k

    def more() -> None:
        nonlocal k
        k += 1.0

    return f, more


inner, more = nonlocally()

CASES: list[tuple[Callable[[Any], Any], Any, Callable[[], Any]]] = [
    (net, net, lambda: net.train(not net.training)),
    (lambda x: net(x), net, lambda: net.eval() if net.training else net.train()),
    (net.forward, net, lambda: setattr(net, "rate", net.rate + 0.25)),
    (lambda x: net(x), net, lambda: net.table.__setitem__(1, net.table[1] + 1.0)),
    (lambda x: net(x), net, lambda: net.options.update(bias=net.options["bias"] + 1.0)),  # type: ignore[operator]
    (lambda x: net.eval()(x), net, lambda: net.options["deep"].update(power=net.options["deep"]["power"] + 1.0)),  # type: ignore[attr-defined,index]
    (partial(lambda m, x: m(x), net), net, lambda: setattr(net, "function", exp if net.function is tanh else tanh)),
    (lambda x: net(x), net, lambda: change("factor", factor + 1.0)),
    (lambda x: x[0] * factor, (), lambda: change("factor", factor + 1.0)),
    (inner, (), more),
    (lambda x: foreign(x), foreign, lambda: setattr(foreign, "scale", foreign.scale + 1.0)),
    (trainer.loss, trainer.net, lambda: setattr(trainer, "weight", trainer.weight + 1.0)),
    (trainer.loss, trainer.net, lambda: trainer.net.train(not trainer.net.training)),
    (lambda x: loss(x[0], x[1]), (), lambda: setattr(loss, "weight", loss.weight + 1.0)),
]


def programs(f: Any, params: Any) -> list[Any]:
    found: list[Any] = [compiled(f, params=params)]
    try:
        from autograd import pack

        found.append(pack(f, params=params, wrt="all" if params != () else "arguments"))
    except ImportError:
        pass
    return found


@pytest.mark.parametrize("case", CASES)
def test_what_changed_is_noticed(case: tuple[Callable[[Any], Any], Any, Callable[[], Any]]) -> None:
    """Whatever the function reads and somebody changes, compiled and packed programs compute what the function computes now."""
    net.train()  # whatever test of this process came before
    f, params, changed = case
    found = programs(f, params)
    seen = set()
    for _ in range(3):
        for x in ([0.5, -0.25], [1.5, 0.75]):
            expected = float(f([Value(0.5), Value(-0.25)] if x[0] == 0.5 else [Value(1.5), Value(0.75)]))
            assert expected == found[0](x).value
            assert all(expected == pytest.approx(packed([x]).value, rel=1e-14) for packed in found[1:])
            seen.add(expected)
        changed()
    assert len(seen) > 2


def test_what_the_function_does_not_read_does_not_matter() -> None:
    """A number of steps, or of calls, costs no recording; and a mode that was met before has its recording still."""
    trainer.net.train()
    program = compiled(trainer.loss, params=trainer.net)
    program([0.5, 1.0])
    known = program.recordings
    made = [*known.values()]
    for _ in range(3):
        trainer.steps += 1
        program([0.5, 1.0])
    assert program.recordings is known
    trainer.net.train(not trainer.net.training)
    program([0.5, 1.0])
    assert program.recordings is not known
    trainer.net.train(not trainer.net.training)
    trainer.net.calls -= 2
    program([0.5, 1.0])
    assert program.recordings is known
    assert [*known.values()] == made


def test_a_mode_that_makes_no_difference_is_not_packed_again() -> None:
    """A recording that is equal to one of another state is that one."""
    model = nn.MLP(2, [3, 1], rng=0)
    for program in programs(lambda x: model(x), model):
        x = [0.5, 1.0] if isinstance(program, Program) else [[0.5, 1.0]]
        program(x)
        first = program._last
        model.eval()
        program(x)
        assert (program._last[0] is first[0]) if isinstance(program, Program) else (program._last is first)
        model.train()


def test_a_new_parameter_is_refused() -> None:
    """A parameter that was replaced by another Value is none of the program's: the error says so."""
    model = nn.Linear(1, 1, rng=0)
    program = compiled(lambda x: model([x]), params=model)
    program(1.0)
    model.neurons[0].b = Value(3.0)
    with pytest.raises(TypeError, match="it is neither an argument nor among the parameters"):
        program(1.0)


def test_what_cannot_be_compared_has_changed() -> None:
    """An array in place of another is noticed, though two arrays are not equal or unequal."""
    np = pytest.importorskip("numpy")
    net.mask = np.array([1.0, 2.0])
    program = compiled(lambda x: net(x) * float(net.mask[1]), params=net)
    first = program([0.5, 1.0]).value
    net.mask = np.array([1.0, 4.0])
    assert 2.0 * first == program([0.5, 1.0]).value
    del net.mask


def test_validation_of_packed_training_is_in_its_mode() -> None:
    """fit(pack=True) computes the validation as fit does: by the model that is not training."""
    pytest.importorskip("numpy")
    found = []
    for pack in (False, True):
        model = Net()
        X, t = [[0.0, 1.0], [1.0, 0.5]], [1.0, 0.0]
        optimiser = nn.SGD(model.parameters(), lr=0.01)
        history = nn.fit(model, X, t, nn.squared_error, optimiser, epochs=3, validation=(X, t), rng=None, pack=pack)
        found.append([(epoch.loss, epoch.validation) for epoch in history.epochs])
    for plain, packed in zip(*found, strict=True):
        assert plain == pytest.approx(packed, rel=1e-12)


def test_a_failure_that_the_function_catches_is_no_way_for_a_program() -> None:
    """For it there is no comparison that a later call could see come out otherwise."""

    def safe(x: Any) -> Any:
        try:
            return log(x)
        except ValueError:
            return 0.0 * x

    for program in programs(safe, ()):
        x = -1.0 if isinstance(program, Program) else [-1.0]
        with pytest.raises(TracingError, match="log failed while the function was recorded, and the function caught that"):
            program(x)


def test_random_numbers_that_are_twice_alike_are_seen() -> None:
    """A drop-out that drops the same twice is drawn all the same."""
    for seed in range(10):
        random.seed(seed)
        with pytest.raises(TracingError, match="draws random numbers"):
            compiled(lambda x: x * (0.0 if random.random() < 0.001 else 1.0))(2.0)


def test_a_copy_does_not_take_new_surroundings_for_old_ones() -> None:
    """A recording belongs to what was around when it was made, in copies, deep copies and pickles too."""
    program = compiled(scaled)
    change("factor", 1.0)
    program(2.0)
    stored = pickle.dumps(program)
    change("factor", 5.0)
    assert [10.0] * 4 == [p(2.0).value for p in (copy.copy(program), copy.deepcopy(program), pickle.loads(stored), program)]
    *_, packed = programs(scaled, ())
    if not isinstance(packed, Program):
        packed([2.0])
        change("factor", 7.0)
        assert [14.0] * 2 == [p([2.0]).value for p in (copy.copy(packed), packed)]


def scaled(x: Any) -> Any:
    return x * factor
