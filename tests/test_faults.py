"""backward() where calculus, floating point, the machine or a person goes wrong: the rows of the fault tables, one by one."""

from __future__ import annotations

import contextlib
import copy
import gc
import importlib.util
import math
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from _pytest.assertion.rewrite import AssertionRewritingHook
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import GradientError, NonFiniteError, Value, above, exp, gradient, hypot, log, maximum, relu, sigmoid, sqrt, where
from autograd.graph import cotangents, topological

from .conftest import SHARED
from .random_graphs import SMOOTH, Step, build, recipes, values

ROOT = Path(__file__).parent.parent


def grads(output: Value) -> list[float]:
    return [node.grad for node in topological(output)]


def in_a_process(program: str, *options: str, **environment: str) -> str:
    """What a program prints in a fresh interpreter; anything on stderr fails."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run([sys.executable, *options, "-c", program], env=env, capture_output=True, text=True, timeout=120, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


# -- any size, any shape -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_chain_of_a_million_nodes() -> None:
    """Built, differentiated, printed, copied and freed, without recursion anywhere."""
    x = y = Value(1.0)
    for _ in range(500_000):
        y = y * 1.000001 + 1e-9
    y.backward()
    assert math.exp(500_000 * math.log1p(1e-6)) == pytest.approx(x.grad, rel=1e-9)
    assert f"Value({y.data!r}, grad=1.0)" == repr(y)
    twin = copy.deepcopy(y)
    del x, y
    twin.zero_grad()
    twin.backward()
    assert 1.0 == twin.grad
    assert 1_000_001 == len(topological(twin))
    del twin


@pytest.mark.slow
def test_a_deep_chain_through_pickle() -> None:
    x = y = Value(1.0)
    for _ in range(50_000):
        y = y * 1.000001 + 1e-9
    y.backward()
    x2, y2 = pickle.loads(pickle.dumps((x, y)))
    assert (y.data, x.grad) == (y2.data, x2.grad)
    y2.backward()
    assert (2 * x.grad, x.grad) == (x2.grad, x.grad)


def test_y_plus_y_a_thousand_times() -> None:
    """2¹⁰⁰⁰ paths through 1,001 nodes; the gradient is exactly 2.0**1000."""
    x = y = Value(1e-10)
    for _ in range(1000):
        y = y + y
    y.backward()
    assert (1001, 2.0**1000) == (len(topological(y)), x.grad)


@pytest.mark.slow
def test_a_leaf_used_a_million_times() -> None:
    x = Value(2.0)
    y = x * x
    for _ in range(500_000):
        y = y + x
    for _ in range(499_998):
        y = y - x
    y.backward()
    assert (8.0, 4.0 + 2.0) == (y.data, x.grad)


@pytest.mark.slow
def test_a_sum_of_a_million_terms() -> None:
    terms = [Value(1.0) for _ in range(500_000)]
    total = sum([*terms, *terms])
    assert isinstance(total, Value)
    total.backward(3.0)
    assert (1e6, {6.0}) == (total.data, {term.grad for term in terms})


def test_a_diamond_mesh() -> None:
    """Each node of a row takes two neighbours of the row before: binomially many paths, each counted."""
    bottom = row = [Value(1.0) for _ in range(200)]
    for _ in range(100):
        row = [row[i] + row[i + 1] for i in range(len(row) - 1)]
    row[0].backward()
    assert [float(math.comb(100, k)) for k in range(101)] == pytest.approx([leaf.grad for leaf in bottom[:101]], rel=1e-13)
    assert {0.0} == {leaf.grad for leaf in bottom[101:]}


class Rational:
    """An exact number in a partial's place, which counts how often it is multiplied by."""

    count = 0

    def __rmul__(self, upstream: float) -> float:
        Rational.count += 1
        return upstream


@given(recipes(SMOOTH))
def test_a_sweep_visits_each_edge_once(steps: list[Step]) -> None:
    """One multiplication an edge, whatever is shared: counted."""
    output = build(SMOOTH, steps, values([0.3, -1.2, 2.0]))[-1]
    edges = sum(len(node.parents) for node in topological(output))
    for node in topological(output):
        node.dx = node.dy = Rational()  # type: ignore[assignment]
    Rational.count = 0
    output.backward()
    assert edges == Rational.count


# -- what calls leave behind ---------------------------------------------------------------------------------------------


def test_backward_twice() -> None:
    """Leaves hold the sum of both calls; inner nodes hold the last."""
    x = Value(3.0)
    inner = x * x
    output = inner * 2.0
    output.backward()
    output.backward(10.0)
    assert (12.0 + 120.0, 20.0, 10.0) == (x.grad, inner.grad, output.grad)


def test_two_roots_sharing_a_subgraph() -> None:
    """Leaves add up over the roots, exactly; the shared inner node holds what the last root asked of it."""
    x, y = Value(3.0), Value(5.0)
    shared = x * y
    first, second = shared * 2.0, shared + x
    first.backward()
    second.backward()
    assert (2 * 5.0 + 5.0 + 1.0, 2 * 3.0 + 3.0, 1.0, 1.0) == (x.grad, y.grad, shared.grad, first.grad)


def test_backward_of_an_inner_node_and_of_a_leaf() -> None:
    x = Value(3.0)
    inner = x * x
    output = inner + 1.0
    inner.backward()
    assert (6.0, 1.0, 0.0) == (x.grad, inner.grad, output.grad)
    x.backward(0.5)
    assert 6.5 == x.grad


def test_a_seed_scales() -> None:
    x = Value(3.0)
    (x * x).backward(-0.5)
    assert -3.0 == x.grad
    (x * x).backward(0)
    assert -3.0 == x.grad


@pytest.mark.parametrize(("seed", "error"), [(True, TypeError), ("1", TypeError), (None, TypeError), (math.nan, NonFiniteError)])
def test_a_bad_seed_changes_nothing(seed: Any, error: type[Exception]) -> None:
    x = Value(3.0)
    y = x * x
    y.backward()
    with pytest.raises(error, match="needs a seed"):
        y.backward(seed)
    assert [6.0, 1.0] == grads(y)


def test_zero_grad() -> None:
    """Every node below, and none above."""
    x = Value(3.0)
    inner = x * x
    output = inner * 2.0
    output.backward()
    inner.zero_grad()
    assert [0.0, 0.0, 1.0] == grads(output)
    output.zero_grad()
    assert [0.0, 0.0, 0.0] == grads(output)


def test_a_gradient_set_to_none_counts_as_0() -> None:
    """As people reset gradients who come from PyTorch."""
    x = Value(3.0)
    y = x * x
    for node in topological(y):
        node.grad = None  # type: ignore[assignment]
    y.backward()
    assert [6.0, 1.0] == grads(y)


def test_data_edited_between_forward_and_backward() -> None:
    """The gradient belongs to the forward pass that made the graph."""
    x, w = Value(3.0), Value(2.0)
    y = (x * w) ** 2
    for node in topological(y):
        node.data = -1000.0
    y.backward()
    assert (2 * 6.0 * 2.0, 2 * 6.0 * 3.0) == (x.grad, w.grad)


@given(recipes(SMOOTH), st.integers(-3, 3))
def test_backward_is_the_sweep_that_changes_nothing(steps: list[Step], seed: int) -> None:
    """backward() puts on the nodes what cotangents() returns."""
    output = build(SMOOTH, steps, values([0.3, -1.2, 2.0]))[-1]
    expected = cotangents(output, seed=float(seed))
    output.backward(seed)
    assert expected == {node: node.grad for node in topological(output)}


# -- strong zero ---------------------------------------------------------------------------------------------------------

STRONG_ZERO: dict[str, Callable[[Value], Value]] = {
    "times 0": lambda x: sqrt(x) * 0.0 + x,
    "where": lambda x: where(x > 0.0, sqrt(x), x),
    "maximum": lambda x: maximum(sqrt(x), 1.0) + x,
    "above": lambda x: above(sqrt(x), 1.0) + x,
    "stop": lambda x: sqrt(x).stop_gradient() + x,
}


@pytest.mark.parametrize("name", STRONG_ZERO)
def test_strong_zero(name: str) -> None:
    """A zero that masks hands nothing on: 0·inf never poisons a gradient, in the sweep, in cotangents() and in gradient()."""
    x = Value(0.0)
    y = STRONG_ZERO[name](x)
    y.backward()
    assert (1.0, 1.0, 1.0) == (x.grad, cotangents(y)[x], gradient(y, x).data)


@pytest.mark.parametrize(
    ("f", "at", "slope"),
    [
        (relu, 0.0, 0.0),
        (abs, 0.0, 0.0),
        (lambda x: x.leaky_relu(0.1), 0.0, 0.1),
        (lambda x: x.elu(2.0), 0.0, 2.0),
        (lambda x: relu(1.0 - x), 1.0, 0.0),  # the hinge at its margin
        (lambda x: hypot(x, Value(0.0)), 0.0, 0.0),
        (lambda x: maximum(x, x), 3.0, 1.0),
        (lambda x: x.minimum(Value(3.0)), 3.0, 0.5),
        (lambda x: maximum(maximum(x, Value(3.0)), Value(3.0)), 3.0, 0.25),
        (lambda x: x.clip(0.0, 1.0), 1.0, 1.0),
    ],
)
def test_kinks_take_the_subgradient_of_least_norm(f: Callable[[Value], Value], at: float, slope: float) -> None:
    x = Value(at)
    y = f(x)
    y.backward()
    assert (slope, slope) == (x.grad, gradient(y, x).data)


# -- derivatives that do not exist, numbers out of range -----------------------------------------------------------------


def broken() -> dict[str, tuple[Value, str]]:
    """Outputs whose backward() must fail, each with what the message says."""
    x, zero, c = Value(2.0, label="x"), Value(0.0, label="p"), Value(1e-200, label="c")
    full = Value(1.0, label="full")
    full.grad = 1.7e308
    return {
        "sqrt at 0": (
            x * sqrt(zero),
            "no gradient through sqrt: its local derivative ∂(sqrt(x))/∂x at x=0.0 (label 'p') does not exist (upstream gradient 2.0)."
            " No gradient was changed.",
        ),
        "power below 1 at 0": (
            x + zero**0.5,
            "no gradient through power: its local derivative ∂(x**c)/∂x at x=0.0 (label 'p'), c=0.5 does",
        ),
        "negative ** Value": (
            Value(-2.0, label="base") ** (x + 1.0),
            "does not exist (upstream gradient 1.0); use a plain number as exponent.",
        ),
        "beyond the floats": (log(Value(5e-324)), "∂(log(x))/∂x at x=5e-324 is beyond the largest float (about 1.8e308)"),
        "product of finite numbers": (
            c * 1e200 * 1e200,
            "the gradient leaves the range of floats (about 1.8e308) at ∂(x * y)/∂x at x=1e-200 (label 'c'), y=1e+200:"
            " upstream gradient 1e+200 × local derivative 1e+200. No gradient was changed.",
        ),
        "sum of finite numbers": (
            c * 1e308 + c * 1e308,
            "∂(x * y)/∂x at x=1e-200 (label 'c'), y=1e+308: upstream gradient 1.0 × local derivative 1e+308, added to 1e+308.",
        ),
        "sum with what is held": (
            full * 1e308,
            "Value(1.0, label='full', grad=1.7e+308) cannot add 1e+308 to its grad: the sum is not finite."
            " No gradient was changed; zero_grad() makes room.",
        ),
    }


@pytest.mark.parametrize("case", broken())
def test_a_sweep_that_fails_names_the_edge_and_changes_nothing(case: str) -> None:
    output, message = broken()[case]
    for i, node in enumerate(topological(output)):
        node.grad = node.grad or float(i)
    before = grads(output)
    with pytest.raises(GradientError) as raised:
        output.backward()
    assert message in str(raised.value)
    assert before == grads(output)
    with pytest.raises(ArithmeticError):  # the builtin that a Python programmer would expect to catch
        output.backward()


def test_the_first_guilty_edge_is_named() -> None:
    """Of several, the one that the sweep meets first: nearest to the output."""
    p, q = Value(0.0, label="p"), Value(0.0, label="q")
    with pytest.raises(GradientError, match="label 'q'"):
        (sqrt(p) + sqrt(q)).backward()


def test_a_derivative_never_breaks_a_forward_pass() -> None:
    x = Value(0.0)
    y = sqrt(x)
    assert (0.0, True) == (y.data, math.isnan(y.partials[0]))


def test_underflow_is_silent() -> None:
    x = Value(1e-200)
    y = x * 1e-200
    (y * 1e-200).backward()
    assert (0.0, 0.0) == (y.data, x.grad)


def test_an_error_out_of_a_partial_changes_nothing() -> None:
    """Whatever goes wrong in the middle, at whichever edge: every gradient is what it was."""

    class Bomb:
        def __rmul__(self, upstream: float) -> float:
            raise KeyboardInterrupt

    count = len(topological(small()))
    failed = 0
    for i in range(count):
        output = small()
        before = grads(output)
        node = topological(output)[i]
        if node.x is not None:
            node.dx = Bomb()  # type: ignore[assignment]
            failed += 1
            with pytest.raises(KeyboardInterrupt):
                output.backward()
            assert before == grads(output)
    assert failed > 3


def small() -> Value:
    x, y = Value(0.5), Value(2.0)
    inner = x * y + exp(x)
    output = sigmoid(inner) * inner - y
    for i, node in enumerate(topological(output)):
        node.grad = 1000.0 + i
    return output


# -- interrupted ---------------------------------------------------------------------------------------------------------


def forest(n: int) -> Value:
    y = Value(1.0)
    for i in range(n // 2):
        y = y * 1.0001 + Value(float(i % 7))
    return y


@pytest.fixture
def alarm() -> Iterator[Callable[[float, float], None]]:
    """alarm(delay, pause): Ctrl-C after the delay and, with a pause, again after every pause; it strikes inside backward() only."""
    again = 0.0

    def interrupt(_: int, frame: FrameType | None) -> None:
        frames = [frame] if frame else []
        while frames and len(frames) < 4 and frames[-1].f_back:
            frames.append(frames[-1].f_back)
        codes = [frame.f_code for frame in frames]
        signal.setitimer(signal.ITIMER_REAL, again)
        if Value.backward.__code__ in codes and interrupt.__code__ not in codes:
            raise KeyboardInterrupt

    def arm(delay: float, pause: float) -> None:
        nonlocal again
        again = pause
        signal.setitimer(signal.ITIMER_REAL, delay)

    if not hasattr(signal, "setitimer"):
        pytest.skip("no interval timer on this system")
    old = signal.signal(signal.SIGALRM, interrupt)
    yield arm
    arm(0.0, 0.0)
    signal.signal(signal.SIGALRM, old)


@pytest.mark.parametrize("pause", [0.0, 10e-6], ids=["once", "again and again"])
def test_ctrl_c_at_any_time_changes_all_or_nothing(alarm: Callable[[float, float], None], pause: float) -> None:
    """Ctrl-C at random times, and in a hail that does not spare the restoring: all gradients are new, or all are what they were."""
    y = Value(1.0)
    for i in range(3000):
        y = y * 1.0001 + Value(float(i % 7))
    order = topological(y)
    before = [float(i) for i in range(len(order))]

    def start() -> None:
        for node, grad in zip(order, before, strict=True):
            node.grad = grad

    lasts = 1.0
    for _ in range(5):
        start()
        began = time.perf_counter()
        y.backward()
        lasts = min(lasts, time.perf_counter() - began)
    after = [node.grad for node in order]
    seen = {"nothing": 0, "all": 0}
    pick = random.Random(1)
    for _ in range(200):
        start()
        alarm(pick.uniform(1e-6, 1.3 * lasts), pause)
        with contextlib.suppress(KeyboardInterrupt):
            y.backward()
        alarm(0.0, 0.0)
        now = [node.grad for node in order]
        assert now in (before, after)
        seen["all" if now == after else "nothing"] += 1
    assert seen["nothing"] > 50  # the trials did strike inside
    y.zero_grad()  # and the lock is free
    assert {0.0} == set(grads(y))


# -- the same again ------------------------------------------------------------------------------------------------------

RANDOM_NETWORK = """
import random
from autograd import Value, exp, sigmoid, tanh
pick = random.Random(7)
nodes = [Value(pick.uniform(-1, 1), label=f"x{i}") for i in range(20)]
leaves = list(nodes)
named = {node.label: node for node in nodes}
for i in range(2000):
    a, b = named[f"x{pick.randrange(20)}"], nodes[-1 - pick.randrange(15)]
    nodes.append(pick.choice((lambda: tanh(a * b) + b, lambda: sigmoid(a - b), lambda: 0.3 * b - exp(-a * a)))())
output = sum(nodes[-9:])
output.backward()
print(output.data.hex(), *(leaf.grad.hex() for leaf in leaves))
"""


def test_gradients_are_bit_identical_from_run_to_run() -> None:
    """Whatever PYTHONHASHSEED says, and wherever objects lie in memory."""
    runs = {in_a_process(RANDOM_NETWORK, PYTHONHASHSEED=seed) for seed in ("0", "1", "4242")}
    (run,) = runs
    assert 21 == len(run.split())


CHECKS = """
from autograd import Value, gradient, log, scope, sqrt, where
x = Value(2.0)
edited = x * Value(3.0)
edited.y.data = 4.0
def in_scope():
    with scope(3):
        pass
for check in (
    lambda: Value(True), lambda: Value("2"), lambda: Value(float("nan")), lambda: Value(10**400), lambda: Value(1.0, label=3),
    lambda: x + "2", lambda: x * [1], lambda: x ** None, lambda: x < "a", lambda: bool(x), lambda: pow(x, 2, 5),
    lambda: x / 0, lambda: log(-x), lambda: Value(1e200) * 1e200, lambda: Value(1.7e308) + 1.7e308, lambda: where(0.5, x, x),
    lambda: x.backward("1"), lambda: sqrt(Value(0.0)).backward(), lambda: gradient(x, 2.0), lambda: gradient(x, Value(1.0)),
    lambda: gradient(edited, x), in_scope,
):
    try:
        print(check())
    except Exception as error:
        print(type(error).__name__, error)
"""


def test_every_check_is_there_under_python_O() -> None:
    """No assert validates anything: `python -O` refuses what Python refuses, in the same words."""
    expected = in_a_process(CHECKS).splitlines()
    assert 22 == len(expected)
    assert [] == [line for line in expected if "Error" not in line.split()[0]]
    assert expected == in_a_process(CHECKS, "-O").splitlines()
    assert expected == in_a_process(CHECKS, "-OO").splitlines()


def test_the_tests_hold_under_python_O() -> None:
    """Their assertions are rewritten, in what they share as well, and so are no assert statements."""
    command = [sys.executable, "-O", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "tests/test_errors.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    assert " passed" in done.stdout
    for name in SHARED:
        spec = importlib.util.find_spec(f"{__package__}.{name}")
        assert spec is not None
        assert isinstance(spec.loader, AssertionRewritingHook)


# -- memory --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def network(examples: int, width: int = 16) -> Value:
    """A 2-16-16-1 relu network on random points: about 650 nodes an example."""
    pick = random.Random(1)
    layers = [[[Value(pick.uniform(-1, 1)) for _ in range(n + 1)] for _ in range(m)] for n, m in ((2, width), (width, width), (width, 1))]
    total: Any = 0
    for _ in range(examples):
        signals: list[Any] = [pick.gauss(0, 1), pick.gauss(0, 1)]
        for layer in layers:
            signals = [relu(sum((w * s for w, s in zip(weights, signals, strict=False)), weights[-1])) for weights in layer]
        total = total + (1 - signals[0]) ** 2
    return total  # type: ignore[no-any-return]


def test_a_dropped_graph_is_freed_at_once(no_collector: None) -> None:
    """No reference cycles: with the collector off, nothing is left of a graph, whatever was done with it."""

    def use() -> None:
        y = network(3)
        y.backward()
        gradient(y, [node for node in topological(y) if node.op is None])
        copy.deepcopy(y)
        pickle.loads(pickle.dumps(y))
        repr(y)
        try:
            (y * sqrt(Value(0.0))).backward()
        except GradientError:
            pass
        else:
            raise AssertionError

    for _ in range(3):
        use()
    before = sys.getallocatedblocks()
    use()
    assert abs(sys.getallocatedblocks() - before) < 50
    assert 0 == gc.collect()


def test_a_node_is_the_only_thing_the_collector_sees(no_collector: None) -> None:
    """No tuple, list, dict or closure per node."""
    x, w = Value(0.5), Value(2.0)
    before = len(gc.get_objects())
    nodes = [x * w + 1.0 for _ in range(1000)]
    assert 2001 == pytest.approx(len(gc.get_objects()) - before, abs=5)
    assert 1000 == len(nodes)


def test_memory_is_flat_over_ten_thousand_training_steps(no_collector: None) -> None:
    inputs = ((0.5, 0.3), (-0.2, 0.9))
    weights = [Value(w) for w in (0.7, 0.3, 0.4, 0.6, 0.55, 0.45)]

    def train(steps: int) -> None:
        for _ in range(steps):
            w1, w2, w3, w4, w5, w6 = weights
            loss: Any = 0
            for x1, x2 in inputs:
                loss = loss + (1 - sigmoid(sigmoid(x1 * w1 + x2 * w3) * w5 + sigmoid(x1 * w2 + x2 * w4) * w6)) ** 2
            loss.zero_grad()
            loss.backward()
            for w in weights:
                w.data -= 0.1 * w.grad

    def grown() -> int:
        before = sys.getallocatedblocks()
        train(10_000)
        return abs(sys.getallocatedblocks() - before)

    train(100)
    assert any(grown() < 50 for _ in range(3))  # what the steps leave, every run leaves; what other threads of the process take, one


def test_bytes_a_node() -> None:
    """At most 250 bytes a node retained before backward(), and 400 at its peak."""
    tracemalloc.start()
    try:
        start, _ = tracemalloc.get_traced_memory()
        y = network(20)
        retained, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        y.backward()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    count = len(topological(y))
    assert count > 10_000
    assert (retained - start) / count <= 250
    assert (peak - start) / count <= 400


# -- threads -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def run_together(*works: Callable[[], None]) -> None:
    failures: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == failures


def test_threads_sharing_leaves_lose_no_update(hasty_threads: None) -> None:
    """Each thread differentiates its own graphs over the same leaves; small whole numbers, so the sums are exact."""
    leaves = [Value(float(i)) for i in range(30)]

    def work(k: int) -> None:
        for _ in range(40):
            sum(leaf * k for leaf in leaves).backward()  # type: ignore[union-attr]

    run_together(*(lambda k=k: work(k) for k in (1, 2, 3, 4)))  # type: ignore[misc]
    assert [400.0] * 30 == [leaf.grad for leaf in leaves]


def test_threads_sharing_a_graph_lose_no_update(hasty_threads: None) -> None:
    x, y = Value(3.0), Value(2.0)
    inner = x * y
    output = inner * inner + x
    run_together(*[lambda: [output.backward() for _ in range(200)] for _ in range(4)])  # type: ignore[list-item,misc]
    assert (800 * 25.0, 800 * 36.0, 12.0) == (x.grad, y.grad, inner.grad)


def test_recording_goes_on_while_another_thread_sweeps(hasty_threads: None) -> None:
    w = Value(2.0)
    outputs: list[Value] = []

    def record() -> None:
        for i in range(300):
            outputs.append(w * i + w)

    base = w * w
    run_together(record, lambda: [base.backward() for _ in range(300)], record)  # type: ignore[arg-type,return-value,misc]
    assert 300 * 4.0 == w.grad
    w.grad = 0.0
    for output in outputs:
        output.backward()
    assert 2 * sum(i + 1.0 for i in range(300)) == w.grad


def test_a_failing_sweep_in_one_thread_spares_the_others(hasty_threads: None) -> None:
    w, zero = Value(2.0), Value(0.0)
    good, bad = w * 3.0, w * sqrt(zero)

    def fail() -> None:
        for _ in range(100):
            with pytest.raises(GradientError):
                bad.backward()

    run_together(fail, lambda: [good.backward() for _ in range(100)], fail)  # type: ignore[arg-type,return-value,misc]
    assert (300.0, 0.0) == (w.grad, zero.grad)


# -- the package itself --------------------------------------------------------------------------------------------------


def test_the_engine_imports_the_standard_library_alone() -> None:
    program = """
import sys
before = set(sys.modules)
import autograd
names = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(name for name in names - sys.stdlib_module_names if name != "autograd"))
"""
    assert "[]\n" == in_a_process(program, "-S")
    assert autograd.__file__ == str(ROOT / "autograd" / "__init__.py")


# What is no number, put into a node.

MISPLACED = {
    "a Value": lambda: Value(3.0) - 0.1 * Value(1.0),
    "float32": lambda: np.float32(1.5),
    "int64": lambda: np.int64(1),
    "an array": lambda: np.array([1.0, 2.0]),
    "an array of one": lambda: np.array(1.0),
    "True": lambda: True,
    "complex": lambda: 1j,
    "a text": lambda: "1.5",
    "None": lambda: None,
    "a list": lambda: [1.5],
}
WAYS: dict[str, Callable[[Value], Value]] = {
    "+": lambda w: w + 1.0,
    "×": lambda w: Value(2.0) * w,
    "−": lambda w: w - 1.0,
    "÷": lambda w: w / 2.0,
    "negate": lambda w: -w,
    "power": lambda w: w**2,
    "exp": exp,
    "chain": lambda w: (w * 2.0 + 1.0) * 3.0,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", MISPLACED)
def test_what_is_no_number_in_data_is_named(what: str, way: str) -> None:
    """By the operation that meets it or, at the latest, by the sweep; and no gradient has changed."""
    w, b = Value(1.5, label="w"), Value(2.0)
    b.grad = 0.25
    w.data = MISPLACED[what]()  # type: ignore[assignment]
    with pytest.raises(
        TypeError, match=r"the data of Value\(.*label='w'.* is of type \w+: somebody has put it there; put (its \.data|float)"
    ):
        (WAYS[way](w) + b).backward()
    assert (0.0, 0.25) == (w.grad, b.grad)


@pytest.mark.parametrize("what", [what for what in MISPLACED if what != "None"])
def test_what_is_no_number_in_grad_is_named(what: str) -> None:
    """By the sweep that would add to it; None stands for 0, as in PyTorch."""
    w, b = Value(1.5, label="w"), Value(2.0)
    w.grad = put = MISPLACED[what]()  # type: ignore[assignment]
    with pytest.raises(TypeError, match=r"the grad of Value\(.*label='w'.* is of type \w+: somebody has put it there"):
        (w * b).backward()
    assert (True, 0.0) == (w.grad is put, b.grad)
    w.grad = None  # type: ignore[assignment]
    (w * b).backward()
    assert (2.0, 1.5) == (w.grad, b.grad)


def test_numbers_of_other_classes_that_are_as_good() -> None:
    """An int and NumPy's float64 have all the digits."""
    for number in (3, np.float64(3.0)):
        w = Value(1.0)
        w.data, w.grad = number, number
        (w * w).backward()
        assert 9.0 == w.grad
