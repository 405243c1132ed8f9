"""Ctrl-C at any instant leaves nothing behind: no pause, no scope, no error state, no thread count, no half of a step or a load."""

from __future__ import annotations

import gc
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

np = pytest.importorskip("numpy")

import nn  # noqa: E402
from autograd import Value, compile, context, gradient, no_grad, pack, process, scope, sigmoid  # noqa: A004, E402
from autograd.context import recording  # noqa: E402
from autograd.packing import recordings  # noqa: E402
from autograd.packing.machine import one_thread  # noqa: E402
from autograd.program import trace  # noqa: E402

INSTANTS = int(os.environ.get("INTERRUPTS", "40"))
"""How many instants are tried in each test: hundreds in all; the environment can ask for thousands."""
X = np.random.default_rng(0).normal(size=(8, 2))
T = np.sin(X[:, 0])

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timer on this system")


@pytest.fixture(autouse=True)
def _ctrl_c() -> Iterator[None]:
    def strike(_: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    callbacks = gc.callbacks[:]  # Hypothesis has one, in Python, where Ctrl-C would be lost
    gc.callbacks.clear()
    before = signal.signal(signal.SIGALRM, strike)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    signal.signal(signal.SIGALRM, before)
    gc.callbacks[:] = callbacks


def threads() -> list[int]:
    threadpoolctl = pytest.importorskip("threadpoolctl")
    return [info["num_threads"] for info in threadpoolctl.threadpool_info() if info["user_api"] == "blas"]


def left_behind() -> Any:
    """All that a block could leave changed."""
    free = []

    def look() -> None:  # from another thread, whom a lock that is held would keep out
        for lock in (process.updating, process.lending, one_thread.lock):
            free.append(lock.acquire(blocking=False) and lock.release() is None)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    here = context.here()
    return (
        free, here.scope, here.paused, here.run, here.known, dict(context._open), context.here is context._plain,
        np.geterr(), gc.isenabled(), gc.get_threshold(), dict(trace._undone), trace._now, dict(recordings.AWAY), dict(one_thread.users),
    )  # fmt: skip


def interrupted(work: Callable[[], Any], check: Callable[[], Any], start: Callable[[], Any] = lambda: None) -> int:
    """Ctrl-C at random instants of some work, from just before it to just after: how often it came amid it. Each time all is checked."""
    lasts = 1.0
    for _ in range(3):  # the first may record
        start()
        began = time.perf_counter()
        work()
        lasts = min(lasts, time.perf_counter() - began)
        check()
    pick = random.Random(1)
    struck = 0
    before = left_behind()
    tries = 0
    while tries < INSTANTS or struck <= INSTANTS // 4:  # where other work keeps the machine busy, a time is measured too long at first
        tries += 1
        assert tries < 20 * INSTANTS, f"only {struck} of {tries} interrupts came amid the work"
        start()
        began = time.perf_counter()
        try:
            signal.setitimer(signal.ITIMER_REAL, pick.uniform(1e-6, 1.1 * lasts))
            work()
            signal.setitimer(signal.ITIMER_REAL, 0.0)
        except KeyboardInterrupt:
            struck += 1
        else:
            lasts = min(lasts, time.perf_counter() - began)
        check()
        assert before == left_behind()
    return struck


# -- what holds ----------------------------------------------------------------------------------------------------------


@no_grad()
def decorated() -> Value:
    return Value(1.0) * 2.0


def rows() -> Iterator[None]:
    with no_grad(), scope("rows"):
        yield
        with recording():
            yield


CONTEXTS: dict[str, Callable[[], Any]] = {"decorator": decorated}


def _context(function: Callable[[], Any]) -> Callable[[], Any]:
    CONTEXTS[function.__name__] = function
    return function


@_context
def pauses() -> None:
    with no_grad():
        pass


@_context
def scopes() -> None:
    with scope("a"), scope("b"):
        Value(1.0) * 2.0
    with scope("c"):
        pass


@_context
def nested() -> None:
    with no_grad():
        with scope("a"):
            with recording():
                Value(1.0) * 2.0
            decorated()
        with no_grad():
            pass


@_context
def generators() -> None:
    for _ in rows():
        Value(1.0) * 2.0


@pytest.mark.parametrize("name", CONTEXTS)
def test_contexts(name: str) -> None:
    """However deep they stand, whichever of their instructions it strikes."""

    def work() -> None:
        for _ in range(20):
            CONTEXTS[name]()

    def check() -> None:
        assert (True, None) == ((Value(1.0) * 2.0).op is not None, (Value(1.0) * 2.0).scope)

    for _ in range(4):  # the instants are many, and each try is short
        interrupted(work, check)


# -- gradients -----------------------------------------------------------------------------------------------------------


def test_gradients_as_graphs() -> None:
    """Full collections wait while a large one is built."""
    y = x = Value(0.5)
    for _ in range(600):
        y = sigmoid(y) * 1.1
    interrupted(lambda: gradient(y, x), lambda: None)


def test_backward_of_programs() -> None:
    """Eager, compiled, packed: all gradients are added, or none."""
    w = [Value(0.5), Value(2.0), Value(1.0)]
    packed = pack(lambda x: w[0] * x * w[1] + w[2], params=w, batch="sum")
    program = compile(lambda x: w[0] * x * w[1] + w[2], params=w)
    program(1.0)

    def put() -> None:
        for p in w:
            p.grad = 0.0

    def work() -> None:
        for _ in range(5):
            program.backward(2.0)
            packed.backward([2.0])
            (w[0] * 2.0 * w[1] + w[2]).backward()

    def check() -> None:
        count = w[2].grad
        assert [4.0 * count, 1.0 * count, count] == [p.grad for p in w]

    interrupted(work, check, put)


def test_recordings() -> None:
    """The parameters are what they were, and what was recorded is whole."""
    w, foreign = [Value(0.5, label="w"), Value(2.0)], Value(7.0)
    made: list[Any] = []

    def f(x: Any) -> Any:
        for _ in range(20):
            with scope("inner"):
                x = sigmoid(x * w[0]) + w[1]
        return x if True else foreign

    def work() -> None:
        made.append(compile(f, params=w))
        made[-1](0.3)

    expected = compile(f, params=w)(0.3)

    def check() -> None:
        assert [Value, Value, Value] == [type(p) for p in (*w, foreign)]
        assert [(0.5, "w", None), (2.0, None, None)] == [(p.data, p.label, p.dx) for p in w]
        assert expected == made.pop()(0.3)
        made.clear()
        made.append(compile(f, params=w))

    interrupted(work, check)


# -- packed programs and training ----------------------------------------------------------------------------------------


def network() -> tuple[Any, Any, Any]:
    model = nn.MLP(2, [3, 1], rng=0)
    return model, pack(lambda x, t: (model(x) - t) ** 2, params=model), nn.Adam(model.parameters(), lr=0.1)


def test_packed_calls() -> None:
    """Their recordings, too; NumPy's error state and the threads of matrix products are as before."""
    _, program, _ = network()
    before, expected = threads(), program(X, T).value

    def work() -> None:
        assert expected == program(X, T).value
        program(X, T, shard=3)

    def check() -> None:
        assert before == threads()

    interrupted(work, check)
    interrupted(lambda: network()[1](X, T), check)


def test_packed_training() -> None:
    """A step is whole or has not been; the parameters come back on leaving or, should Ctrl-C come amid that, when they are looked at."""
    model, program, optimiser = network()
    states: dict[int, Any] = {}

    def look() -> Any:
        return [p.data for p in model.parameters()], optimiser.state_dict()["memory"]

    initial = model.state_dict(), optimiser.state_dict()
    states[0] = look()
    with program.training(optimiser) as step:
        for _ in range(5):
            step(X, T)
            states[optimiser.steps] = look()

    def start() -> None:
        model.load_state_dict(initial[0])
        optimiser.load_state_dict(initial[1])

    def work() -> None:
        with program.training(optimiser) as step:
            for _ in range(3):
                step(X, T)
            look()
            for _ in range(2):
                step(X, T)

    def check() -> None:
        assert states[optimiser.steps] == look()
        assert {Value} == {type(p) for p in model.parameters()}
        assert program._session is None

    interrupted(work, check, start)


def test_eager_steps() -> None:
    """Parameters, memory and count change together; gradients are cleared together."""
    model, _, optimiser = network()
    parameters = model.parameters()
    initial = model.state_dict(), optimiser.state_dict()
    states: dict[int, Any] = {}

    def look() -> Any:
        return [p.data for p in parameters], optimiser.memory, {p.grad for p in parameters}

    def start() -> None:
        model.load_state_dict(initial[0])
        optimiser.load_state_dict(initial[1])
        for p in parameters:
            p.grad = 1.0

    start()
    for _ in range(4):
        states[optimiser.steps] = look()[:2]
        optimiser.step()

    def work() -> None:
        for _ in range(3):
            optimiser.step()
        nn.clip_grad_value(parameters, 0.5)
        nn.clip_grad_norm(parameters, 0.25)
        model.zero_grad()

    def check() -> None:
        numbers, memory, grads = look()
        assert states[optimiser.steps] == (numbers, memory)
        assert 1 == len(grads)

    interrupted(work, check, start)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of the file that was being read
def test_loading_a_model_and_its_optimiser(tmp_path: Path) -> None:
    """Both are what they were, or what the file says."""
    model, program, optimiser = network()
    old = model.state_dict(), optimiser.state_dict()
    with program.training(optimiser) as step:
        step(X, T)
    nn.save_model(tmp_path / "model.json", model, optimiser)
    new = model.state_dict(), optimiser.state_dict()

    def start() -> None:
        model.load_state_dict(old[0])
        optimiser.load_state_dict(old[1])

    def check() -> None:
        assert (model.state_dict(), optimiser.state_dict()) in (old, new)

    for _ in range(4):
        interrupted(lambda: nn.load_model(tmp_path / "model.json", model, optimiser), check, start)


@pytest.mark.parametrize("packed", [False, True])
def test_fit(packed: bool) -> None:
    """It keeps what was learned in whole steps, and the model is in use, not in training, whoever gets the KeyboardInterrupt."""
    model, _, optimiser = network()
    initial = model.state_dict(), optimiser.state_dict()
    xs, ts = X.tolist(), T.tolist()
    states: dict[int, Any] = {}

    def start() -> None:
        model.load_state_dict(initial[0])
        optimiser.load_state_dict(initial[1])
        model.eval()

    def work(**options: Any) -> None:
        loss = lambda y, t: (y - t) ** 2  # noqa: E731
        if nn.fit(model, xs, ts, loss, optimiser, epochs=3, rng=None, progress=False, pack=packed, **options).stopped:
            raise KeyboardInterrupt  # as it came in there

    states[0] = model.state_dict()
    work(callbacks=[lambda history: states.update({optimiser.steps: model.state_dict()})])

    def check() -> None:
        assert states[optimiser.steps] == model.state_dict()
        assert {Value} == {type(p) for p in model.parameters()}
        assert {False} == {module.training for module in model.modules()}

    interrupted(work, check, start)
