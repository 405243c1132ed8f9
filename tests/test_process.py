"""What the process shares, under threads, signals, forks and no memory: no update is lost, nothing is torn, nothing hangs."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import nn
from autograd import InUseError, Value, compile, pack, process  # noqa: A004
from autograd.graph import topological
from autograd.program import trace

from .test_faults import in_a_process, run_together

np = pytest.importorskip("numpy")

CALLS = int(os.environ.get("CALLS", "400"))
"""How often threads call what must not lose an update, together."""


@pytest.fixture(autouse=True)
def _hasty_threads() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


# -- threads -------------------------------------------------------------------------------------------------------------


def many_times(call: Callable[[], Any]) -> Callable[[], None]:
    def work() -> None:
        for _ in range(CALLS // 8):
            call()

    return work


def backward_of_a_program(w: list[Value]) -> Callable[[], Any]:
    program = compile(lambda x: w[0] * x + w[1] * w[2], params=w)
    return lambda: program.backward(2.0)


def backward_of_a_packed_program(w: list[Value]) -> Callable[[], Any]:
    program = pack(lambda x: w[0] * x + w[1] * w[2], params=w, batch="sum")
    return lambda: program.backward(np.array([2.0]))


def a_program_made_by_each_thread(w: list[Value]) -> Callable[[], Any]:
    """While one records, it has the parameters: the others wait."""
    return lambda: compile(lambda x: w[0] * x + w[1] * w[2], params=w).backward(2.0)


BACKWARD = {
    "Value": lambda w: lambda: (w[0] * 2.0 + w[1] * w[2]).backward(),
    "Program": backward_of_a_program,
    "Packed": backward_of_a_packed_program,
}


@pytest.mark.parametrize("kind", BACKWARD)
def test_backward_in_eight_threads_loses_no_update(kind: str) -> None:
    """From the first call on, which records; whole numbers, so that the sums are exact."""
    w = [Value(1.0), Value(3.0), Value(5.0)]
    call = many_times(BACKWARD[kind](w))
    run_together(*[call] * 8)
    count = CALLS // 8 * 8
    assert [2.0 * count, 5.0 * count, 3.0 * count] == [p.grad for p in w]


def test_programs_recorded_in_eight_threads_lose_no_update() -> None:
    w = [Value(1.0), Value(3.0), Value(5.0)]
    call = a_program_made_by_each_thread(w)
    run_together(*[lambda: [call() for _ in range(5)]] * 8)  # type: ignore[list-item,return-value]
    assert [2.0 * 40, 5.0 * 40, 3.0 * 40] == [p.grad for p in w]


def test_steps_of_an_optimiser_in_eight_threads_lose_none() -> None:
    """θ ← θ - η g with g = 1 and η = 1: the number counts the steps, whoever else reads the state meanwhile."""
    w = [Value(0.0), Value(0.0)]
    optimiser = nn.SGD(w, lr=1.0)
    for p in w:
        p.grad = 1.0
    run_together(*[many_times(optimiser.step)] * 7, many_times(optimiser.state_dict))
    count = CALLS // 8 * 7
    assert (count, [-float(count)] * 2) == (optimiser.steps, [p.data for p in w])


def counting_training() -> tuple[Any, Any, Any]:
    """A program and an optimiser by which each step adds 1 to each of two parameters."""
    w = [Value(0.0, label="w"), Value(0.0, label="v")]
    program = pack(lambda x: -(w[0] + w[1]) * x, params=w, batch="sum")
    return w, program, nn.SGD(w, lr=1.0)


LOOKS: dict[str, Callable[[list[Value], Any], Any]] = {
    "data": lambda w, optimiser: w[0].data,
    "arithmetic": lambda w, optimiser: w[0] * w[1],
    "state": lambda w, optimiser: optimiser.state_dict(),
    "comparison": lambda w, optimiser: w[0] > w[1],
    "gradients": lambda w, optimiser: optimiser.zero_grad(),
}


@pytest.mark.parametrize("look", LOOKS)
def test_looking_during_packed_training_loses_no_step(look: str) -> None:
    """Two other threads look at the parameters all the time: they see whole steps, and every step counts."""
    w, program, optimiser = counting_training()
    x = np.array([1.0])
    done = threading.Event()
    seen: list[float] = [0.0]

    def train() -> None:
        try:
            with program.training(optimiser) as step:
                for _ in range(CALLS):
                    step(x)
        finally:
            done.set()

    def watch() -> None:
        while not done.is_set():
            LOOKS[look](w, optimiser)

    def follow() -> None:
        while not done.is_set():
            seen.append(w[1].data)

    run_together(train, watch, follow)
    assert ([float(CALLS)] * 2, CALLS) == ([p.data for p in w], optimiser.steps)
    assert sorted(seen) == seen
    assert {Value} == {type(p) for p in w}


def test_what_another_thread_writes_during_packed_training_counts() -> None:
    """Each of its 100 additions of 1000, made under the lock, is there in the end, and every step as well."""
    w, program, optimiser = counting_training()
    x = np.array([1.0])

    def train() -> None:
        with program.training(optimiser) as step:
            for _ in range(CALLS):
                step(x)

    def write() -> None:
        for _ in range(100):
            with process.lending, process.updating:
                w[0].data += 1000.0

    run_together(train, write)
    assert [100_000.0 + CALLS, float(CALLS)] == [p.data for p in w]


def test_two_threads_step_one_training() -> None:
    w, program, optimiser = counting_training()
    x = np.array([1.0])
    with program.training(optimiser) as step:
        run_together(*[many_times(lambda: step(x))] * 4)
    assert [float(CALLS // 8 * 4)] * 2 == [p.data for p in w]


def test_two_trainings_of_the_same_parameters_lose_no_step() -> None:
    """Two programs in two threads: each step begins from the numbers there are."""
    w, first, optimiser = counting_training()
    second = pack(lambda x: -(w[0] + w[1]) * x, params=w, batch="sum")
    x = np.array([1.0])
    with first.training(optimiser) as one, second.training(nn.SGD(w, lr=1.0)) as two:
        run_together(many_times(lambda: one(x)), many_times(lambda: two(x)))
    assert [float(CALLS // 8 * 2)] * 2 == [p.data for p in w]


def test_a_parameter_that_another_thread_records_is_waited_for() -> None:
    """Its number and its gradient are there as soon as the recording is over."""
    w = Value(2.0)
    y = w * 3.0
    found: list[float] = []

    def elsewhere() -> None:
        found.append(w.data)
        y.backward()
        w.grad += 1.0
        w.data = 5.0

    threads = []

    def f(x: Any) -> Any:
        threads.append(threading.Thread(target=elsewhere))
        threads[-1].start()
        for _ in range(1000):
            x = x * 1.5
        return w * x

    compile(f, params=[w], verify=False)(1e-300)
    threads[0].join()
    assert ([2.0], 4.0, 5.0) == (found, w.grad, w.data)


def test_a_value_that_a_recorded_function_can_reach_is_waited_for() -> None:
    """It is refused to the function alone."""
    v, found, threads = Value(2.0), [], []

    def elsewhere() -> None:
        found.append((v * v).data)

    def f(x: Any) -> Any:
        threads.append(threading.Thread(target=elsewhere))
        threads[-1].start()
        for _ in range(1000):
            x = x * 1.5
        return x if found is not None else v

    compile(f, verify=False)(1e-300)
    threads[0].join()
    assert [4.0] == found


USES: dict[str, Callable[[Value], Any]] = {
    "sum": lambda w: (w + 1.0).data,
    "product": lambda w: (w * w).data,
    "row": lambda w: w.exp().data,
    "comparison": lambda w: w > 1.0,
    "detach": lambda w: w.detach().data,
    "float": lambda w: (float(w), int(w), round(w, 1)),
    "text": lambda w: (f"{w:.2f}", repr(w)),
    "copy": lambda w: (type(copy.copy(w)), copy.deepcopy(w * w).data, copy.deepcopy([w])[0].data),
    "pickle": lambda w: (pickle.loads(pickle.dumps(w * w)).data, type(pickle.loads(pickle.dumps(w)))),
    "sweep": lambda w: (w * 3.0).backward(),
    "zeros": lambda w: (w * w).zero_grad(),
    "compiled graph": lambda w: compile(w * w, inputs=[w])(3.0).value,
}


@pytest.mark.parametrize("use", USES)
def test_computing_with_a_parameter_that_another_thread_records_waits(use: str) -> None:
    """What is computed is right, and nothing of it gets into the program."""
    w = Value(2.0)
    expected = USES[use](w)
    found: list[Any] = []
    threads = []

    def f(x: Any) -> Any:
        threads.append(threading.Thread(target=lambda: found.append(USES[use](w))))
        threads[-1].start()
        for _ in range(300):
            x = x * 1.5
        return w * x

    program = compile(f, params=[w], verify=False, passes=())
    program(1e-300)
    threads[0].join()
    assert [expected] == found
    assert 301 == sum(node.op is not None for node in topological(program.graph()))


@pytest.mark.parametrize("use", USES)
def test_computing_while_another_thread_records_again_and_again(use: str) -> None:
    """Whatever instant a recording begins or ends at: the thread that computes gets the right number, and no error."""
    found: set[Any] = set()
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(60):
            w, over = Value(2.0), threading.Event()

            def compute(w: Value = w, over: threading.Event = over) -> None:
                while not over.is_set():
                    found.add(USES[use](w))

            thread = threading.Thread(target=compute)
            thread.start()
            for _ in range(3):
                compile(lambda x, w=w: w * x * 1.5, params=[w], verify=False, passes=())(1e-300)
            over.set()
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert {USES[use](Value(2.0))} == found


def test_a_sweep_and_a_program_s_gradients_do_not_wait_for_each_other() -> None:
    """Sweeps, programs that add gradients, and recordings, all of one parameter: no update is lost, and nobody waits for nobody."""
    w, over = Value(1.0), threading.Event()
    program, y = compile(lambda x: w * x, params=[w]), w * 2.0
    program(1.0)
    sums = [0.0, 0.0]
    failed: list[BaseException] = []

    def again(i: int, amount: float, add: Callable[[], Any]) -> None:
        try:
            while not over.is_set():
                add()
                sums[i] += amount
        except BaseException as error:
            failed.append(error)

    threads = [
        threading.Thread(target=again, args=(0, 3.0, lambda: program.backward(3.0))),
        threading.Thread(target=again, args=(1, 2.0, y.backward)),
    ]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        start = time.monotonic()
        for _ in range(150):
            compile(lambda x: w * x + x, params=[w])(1.0)
    finally:
        sys.setswitchinterval(before)
        over.set()
        for thread in threads:
            thread.join()
    assert [] == failed
    assert sum(sums) == w.grad
    assert time.monotonic() - start < trace.PATIENCE


def test_a_parameter_that_is_not_given_back_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a recording waits for the thread that waits for it: no hang, but words that say who has it."""
    monkeypatch.setattr(trace, "PATIENCE", 0.05)
    w = Value(2.0, label="w")
    y = w * 3.0
    said: list[str] = []

    def elsewhere() -> None:
        try:
            y.backward()
        except InUseError as error:
            said.append(str(error))

    def f(x: Any) -> Any:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        return w * x

    compile(f, params=[w], verify=False)(1.0)
    assert ["the parameter 'w' is in use: another thread records a program with it"] == said
    y.backward()
    assert 3.0 == w.grad


# -- called by itself ----------------------------------------------------------------------------------------------------


class Calls:
    """A local derivative that calls something amid the sweep, as a signal handler or a __del__ may."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call, self.errors = call, []

    def __rmul__(self, upstream: float) -> float:
        try:
            self.call()
        except InUseError as error:
            self.errors.append(error)
        return upstream


def reentrant() -> dict[str, Callable[[], Any]]:
    w = [Value(1.0), Value(2.0)]
    model = nn.MLP(1, [1], rng=0)
    program, packed = compile(lambda x: w[0] * x, params=w[:1]), pack(lambda x: w[0] * x, params=w[:1])
    session = packed.training(nn.SGD(w[:1], lr=0.1)).session
    return {
        "backward()": lambda: (w[0] * w[1]).backward(),
        "zero_grad()": (w[0] * w[1]).zero_grad,
        "backward() ": lambda: program.backward(1.0),
        "backward()  ": lambda: packed.backward(np.array([1.0])),
        "SGD.step": nn.SGD(w, lr=0.1).step,
        "zero_grad() ": nn.SGD(w, lr=0.1).zero_grad,
        "zero_grad()  ": model.zero_grad,
        "clip_grad_norm": lambda: nn.clip_grad_norm(w, 1.0),
        "clip_grad_value": lambda: nn.clip_grad_value(w, 1.0),
        "a step of training": lambda: session(np.array([1.0])),
    }


@pytest.mark.parametrize("name", reentrant())
def test_a_call_amid_a_sweep_of_the_same_thread_is_an_error(name: str) -> None:
    """It neither waits for itself for ever, nor sees half of the gradients; the sweep goes on."""
    x = Value(3.0)
    y = x * 2.0 + 1.0
    y.x.dx = calls = Calls(reentrant()[name])  # type: ignore[assignment, union-attr]
    y.backward()
    (error,) = calls.errors
    assert f"{name.strip()} was called while this thread is amid a sweep or a step" in str(error)
    assert 1.0 == x.grad
    y.backward()
    assert 2 == len(calls.errors)


def test_backward_in_a_signal_handler() -> None:
    """Amid a sweep an error of ours, between two sweeps it works; it never hangs."""
    x = Value(3.0)
    other = x * x
    done, refused = 0, 0

    def handler(*_: Any) -> None:
        nonlocal done, refused
        try:
            other.backward()
            done += 1
        except InUseError:
            refused += 1

    y = Value(1.0)
    for _ in range(3000):
        y = y * 1.0
    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 1e-4, 2e-4)
        while not (done and refused):
            y.backward()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    assert 6.0 * done == x.grad


def test_backward_in_a_callback_of_the_collector() -> None:
    x = Value(3.0)
    found: list[BaseException | None] = []

    def callback(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and process._updating_here():
            try:
                (x * x).backward()
                found.append(None)
            except InUseError as error:
                found.append(error)

    y = Value(1.0)
    for _ in range(3000):
        y = y * 1.0
    gc.callbacks.append(callback)
    thresholds = gc.get_threshold()
    try:
        gc.set_threshold(1)
        y.x.dx = Calls(lambda: gc.collect(0))  # type: ignore[assignment, union-attr]
        y.backward()
    finally:
        gc.set_threshold(*thresholds)
        gc.callbacks.remove(callback)
    assert found
    assert None not in found
    assert 0.0 == x.grad


def test_a_signal_handler_that_looks_at_packed_training() -> None:
    """As one that prints how it is going: it sees whole steps, and none is lost."""
    w, program, optimiser = counting_training()
    seen: list[float] = []
    before = signal.signal(signal.SIGALRM, lambda *_: seen.append(w[0].data))
    x = np.array([1.0])
    try:
        with program.training(optimiser) as step:
            step(x)
            signal.setitimer(signal.ITIMER_REAL, 1e-4, 1e-4)
            for _ in range(CALLS - 1):
                step(x)
            signal.setitimer(signal.ITIMER_REAL, 0.0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    assert [float(CALLS)] * 2 == [p.data for p in w]
    assert sorted(seen) == seen
    assert {x - int(x) for x in seen} == {0.0}


# -- forks ---------------------------------------------------------------------------------------------------------------

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
PRELUDE = """
import gc, os, sys, threading, time, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # a warning of forks beside threads
sys.setswitchinterval(1e-5)
import autograd, nn
from autograd import Value, compile, gradient
end = time.monotonic() + 60
def in_a_child(check):
    child = os.fork()
    if not child:
        code = 1
        try:
            check()
            code = 0
        finally:
            os._exit(code)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > end:
            os.kill(child, 9)
            os.waitpid(child, 0)
            return "hangs"
        time.sleep(0.001)
def busily(work):
    def loop():
        while True:
            work()
    threading.Thread(target=loop, daemon=True).start()
"""
FORKS = {
    "sweeps": """
y = w = Value(1.0)
for _ in range(20000):
    y = y * 1.0
busily(y.backward)
x = Value(3.0)
def check():
    assert 0.0 == y.grad or 1.0 == y.grad
    middle = {node.grad for node in autograd.graph.topological(y)[1:]}
    assert middle in ({0.0}, {1.0}), middle  # no half a sweep
    (x * x).backward()
    assert 6.0 == x.grad
    y.backward()
""",
    "graphs of gradients": """
y = w = Value(1.0)
for _ in range(20000):
    y = y * 1.0000001
thresholds = gc.get_threshold()
busily(lambda: gradient(y, w))
def check():
    assert thresholds == gc.get_threshold(), gc.get_threshold()
    assert gradient(y, w).data > 0.9
""",
    "recordings": """
w = Value(1.0)
def f(x):
    for _ in range(3000):
        x = x * w
    return x
busily(lambda: compile(f, params=[w])(2.0))
def check():
    assert gc.isenabled()
    assert type(w) is Value, type(w)
    assert 1.0 == w.data
    assert (8.0, ([12.0])) == compile(lambda x: w * x, params=[w])(8.0)[:1] + ([12.0],)
    assert 3.0 == compile(lambda x: w * x, params=[w]).backward(3.0)
    assert 3.0 == w.grad
""",
    "packed training": """
import numpy as np
w = [Value(0.0), Value(0.0)]
program = autograd.pack(lambda x: -(w[0] + w[1]) * x, params=w, batch="sum")
context = program.training(nn.SGD(w, lr=1.0))
step = context.__enter__()
busily(lambda: step(np.array([1.0])))
def check():
    before = w[0].data
    assert before == w[1].data
    step(np.array([1.0]))
    assert [before + 1.0] * 2 == [p.data for p in w]
""",
}


FORKED = """
time.sleep(0.2)
print([in_a_child(check) for _ in range(8)], flush=True)
os._exit(0)
"""


@needs_fork
@pytest.mark.slow
@pytest.mark.parametrize("busy", FORKS)
def test_a_child_forked_while_another_thread_is_amid_it_works(busy: str) -> None:
    """Locks are free in it, no sweep and no recording is half done, and the collector is as it was."""
    program = f"{PRELUDE}{FORKS[busy]}{FORKED}"
    assert f"{[0] * 8}\n" == in_a_process(program)


@needs_fork
@pytest.mark.slow
def test_a_pool_that_forks_while_a_thread_sweeps() -> None:
    program = f"""{PRELUDE}
import multiprocessing
y = Value(1.0)
for _ in range(20000):
    y = y * 1.0
busily(y.backward)
def slope(x):
    x = Value(x)
    (x * x).backward()
    return x.grad
if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(3) as pool:
        print(pool.map_async(slope, [1.0, 2.0, 3.0]).get(timeout=50))
    sys.stdout.flush()
    os._exit(0)
"""
    assert "[2.0, 4.0, 6.0]\n" == in_a_process(program)


@needs_fork
def test_a_fork_amid_a_sweep_of_the_thread_itself() -> None:
    """As by a signal handler that starts a process: the sweep goes on in both."""
    program = f"""{PRELUDE}
x = Value(3.0)
y = x * 2.0
class Forks:
    def __rmul__(self, upstream):
        self.child = os.fork()
        return upstream
y.dx = forks = Forks()
y.backward()
y.dx = 2.0
y.backward()
assert 3.0 == x.grad
if not forks.child:
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(forks.child, 0)[1]))
"""
    assert "7\n" == in_a_process(program)


@needs_fork
def test_a_fork_inside_a_recording_of_the_thread_itself() -> None:
    program = f"""{PRELUDE}
w = Value(3.0)
child = None
def f(x):
    global child
    child = os.fork()
    return w * x
found = compile(f, params=[w], verify=False)(2.0)
assert (6.0, (3.0, [2.0])) == found, found
assert type(w) is Value and gc.isenabled()
if not child:
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert "7\n" == in_a_process(program)


# -- no memory -----------------------------------------------------------------------------------------------------------

NO_MEMORY = """
import _testcapi
from autograd import Value, sigmoid
from autograd.graph import topological
y = x = Value(0.5)
for i in range(40):
    y = y * 1.01 + sigmoid(x) * Value(float(i))
order = topological(y)
y.backward()
after = [node.grad for node in order]
before = [float(i) for i in range(len(order))]
whole = [grad + held if node.op is None else grad for node, grad, held in zip(order, after, before)]
def start():
    for node, grad in zip(order, before):
        node.grad = grad
seen = {"nothing": 0, "all": 0, "torn": 0}
for n in range(1, 3000):
    start()
    failed = False
    _testcapi.set_nomemory(n)  # from the n-th allocation on, for good
    try:
        y.backward()
    except MemoryError:
        failed = True
    _testcapi.remove_mem_hooks()
    now = [node.grad for node in order]
    seen["nothing" if now == before else "all" if now == whole else "torn"] += 1
    if not failed:
        break
y.zero_grad()  # the lock is free
print(seen["torn"], seen["nothing"] > 100, failed)
"""


def test_memory_that_ends_for_good_changes_all_or_nothing() -> None:
    """No allocation succeeds from some instant on, whichever it is: the gradients are still put back."""
    pytest.importorskip("_testcapi")
    assert "0 True False\n" == in_a_process(NO_MEMORY)
