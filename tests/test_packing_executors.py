"""Shards of a batch on any executor: the same bits for any number of workers, and a worker that dies changes nothing."""

from __future__ import annotations

import math
import multiprocessing
import os
import pickle
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest

import nn
from autograd import DomainError, Value, erf, log, tanh

np = pytest.importorskip("numpy")

from autograd import pack  # noqa: E402
from autograd.packing import shards as room  # noqa: E402
from autograd.packing.machine import one_thread  # noqa: E402

pytestmark = pytest.mark.slow

COUNT, SHARD = 750, 100
RNG = np.random.default_rng(0)
X = RNG.normal(size=(COUNT, 300))
T = np.eye(4)[RNG.integers(0, 4, COUNT)]


class Here(Executor):
    """An executor that does all at once, in this thread, but takes functions and results through pickles as processes do."""

    def submit(self, f: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        call, given = pickle.loads(pickle.dumps((f, args)))
        future.set_result(pickle.loads(pickle.dumps(call(*given, **kwargs))))
        return future


class Through(Executor):
    """Another executor, in which the submission of some number is something else."""

    def __init__(self, executor: Executor, number: int, instead: Callable[..., Any], *args: Any) -> None:
        self.executor, self.number, self.instead, self.args = executor, number, instead, args
        self.count = 0

    def submit(self, f: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.count += 1
        return self.executor.submit(self.instead, *self.args) if self.count == self.number + 1 else self.executor.submit(f, *args, **kwargs)


def processes(count: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))


@pytest.fixture(scope="module")
def program() -> Any:
    """A classifier large enough that its matrix products would be computed in threads."""
    model = nn.MLP(300, [64, 4], rng=0)
    return pack(lambda x, t: nn.cross_entropy(model(x), t), params=model, wrt="all")


@pytest.fixture(scope="module")
def expected(program: Any) -> Any:
    """Its result without an executor."""
    return program(X, T, shard=SHARD)


def assert_same(a: Any, b: Any) -> None:
    assert a.value == b.value
    for mine, others in zip(a.gradients, b.gradients, strict=True):
        assert (mine == others).all()


@pytest.fixture(scope="module")
def two_processes() -> Iterator[Executor]:
    """Two spawned workers."""
    with processes(2) as pool:
        yield pool


# ------------------------------------------------------------------------------------------------------------------------
# The same bits


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_threads(workers: int, program: Any, expected: Any) -> None:
    """One, two or three threads have the result of none, to the bit, again and again."""
    with ThreadPoolExecutor(workers) as pool:
        for _ in range(3):
            assert_same(expected, program(X, T, shard=SHARD, executor=pool))


@pytest.mark.slow
def test_spawned_processes(program: Any, expected: Any, two_processes: Executor) -> None:
    """So have two spawned processes, and one."""
    for _ in range(2):
        assert_same(expected, program(X, T, shard=SHARD, executor=two_processes))
    with processes(1) as pool:
        assert_same(expected, program(X, T, shard=SHARD, executor=pool))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of somebody else's
def test_dask(program: Any, expected: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """So has Dask's executor on a cluster of two workers; one that dies there is named as elsewhere, and the cluster goes on."""
    distributed = pytest.importorskip("distributed")
    dask = pytest.importorskip("dask")
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0, "distributed.worker.daemon": True}),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50) as cluster,
        distributed.Client(cluster) as client,
    ):
        with client.get_executor() as pool:
            for _ in range(2):
                assert_same(expected, program(X, T, shard=SHARD, executor=pool))
            with pytest.raises(RuntimeError, match=r"the executor lost shard [0-7] \(examples .*KilledWorker.*no gradient was applied"):
                program(X, T, shard=SHARD, executor=Through(pool, 3, os._exit, 1))
            cluster.scheduler.allowed_failures = 3
            assert_same(expected, program(X, T, shard=SHARD, executor=pool))
        with pytest.raises(RuntimeError, match=r"the executor did not take shard 0 \(examples 0 to 99\)"):
            program(X, T, shard=SHARD, executor=pool)


def test_the_default_shard(program: Any) -> None:
    """Without `shard`, a shard is what fits into the memory; the result does not depend on where it is computed."""
    small = pack(program.program, wrt="all", memory=100_000)
    with ThreadPoolExecutor(2) as pool:
        first, second = small(X, T, executor=pool), small(X, T, executor=Here())
    assert_same(first, second)
    assert first.value == pytest.approx(small(X, T).value, rel=1e-13)
    assert first.value == pytest.approx(program(X, T).value, rel=1e-13)


def test_sums_in_shard_order() -> None:
    """Shards that come back in another order are added up in theirs: floats add up otherwise in another order."""
    program = pack(lambda x: x * 1.0, batch="sum", memory=1)
    numbers = np.array([1e16, 1.0, -1e16, 1.0])

    class Backwards(Executor):
        """Answers only when the fourth shard is there, the last first."""

        def __init__(self) -> None:
            self.waiting: list[tuple[Future[Any], Any]] = []

        def submit(self, f: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            self.waiting.append((Future(), f(*args)))
            if len(self.waiting) == 4:
                for future, result in reversed(self.waiting):
                    future.set_result(result)
            return self.waiting[-1][0]

    assert program(numbers, shard=1, executor=Backwards()).value == 1.0
    assert program(numbers, shard=1).value == 1.0


def test_many_shards_are_not_all_sent_at_once() -> None:
    """A long batch is sent a few shards at a time, so that it is not held twice."""
    program = pack(lambda x: x * x, batch="sum")
    most, there = [0], [0]

    class Counting(Here):
        def submit(self, f: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            there[0] += 1
            most[0] = max(most[0], there[0])
            future = super().submit(f, *args, **kwargs)
            result = future.result

            def taken(timeout: float | None = None) -> Any:
                there[0] -= 1
                return result(timeout)

            future.result = taken  # type: ignore[method-assign]
            return future

    assert program(np.ones(200), shard=1, executor=Counting()).value == 200.0
    assert most[0] <= room.WAITING


def test_rows_without_arrays() -> None:
    """Rows that are computed number by number go to other processes as well; so do classes, shared arguments and branches."""
    w = [Value(0.5), Value(2.0)]

    def f(x: Any, k: Any, s: Any) -> Any:
        y = erf(x[0] * w[k]) * s
        return y if x[1] > 0.0 else tanh(y * x[1])

    program = pack(f, params=w, shared=(2,), batch="sum", wrt="all")
    xs, ks = RNG.normal(size=(40, 2)), RNG.integers(0, 2, 40)
    here, there = (program(xs, ks, 1.5, shard=7, executor=executor) for executor in (None, Here()))
    assert here.value == there.value
    assert (here.gradients[0] == there.gradients[0]).all()
    assert here.gradients[2] == there.gradients[2]
    assert (here.gradients[3] == there.gradients[3]).all()


def test_whole_numbers_alone() -> None:
    """A batch that has no array of floats has shards, too."""
    w = [Value(1.0), Value(2.0)]
    program = pack(lambda k: w[k] * w[k], params=w, batch="sum")
    assert program([0, 1, 1, 1], shard=2, executor=Here()).gradients[1].tolist() == [2.0, 12.0]


def test_without_a_batch() -> None:
    """One example has no shards: the executor is not asked."""
    program = pack(lambda x: x * x, batch=None)
    with ThreadPoolExecutor(1) as pool:
        pool.shutdown()
        assert program(3.0, executor=pool).value == 9.0


def test_training_on_an_executor(two_processes: Executor) -> None:
    """A training whose shards are computed elsewhere gives the same network, to the bit."""
    found = []
    for executor in (None, two_processes):
        model = nn.MLP(300, [8, 4], rng=0)
        program = pack(lambda x, t, model=model: nn.cross_entropy(model(x), t), params=model)
        with program.training(nn.Adam(model.parameters(), lr=0.01)) as step:
            losses = [step(X, T, executor=executor, shard=SHARD) for _ in range(4)]
        found.append((losses, [p.data for p in model.parameters()]))
    assert found[0] == found[1]


def test_matrix_products_in_one_thread() -> None:
    """The limit holds while anybody needs it, and is as it was afterwards."""
    threadpoolctl = pytest.importorskip("threadpoolctl")

    def threads() -> list[int]:
        return [info["num_threads"] for info in threadpoolctl.threadpool_info() if info["user_api"] == "blas"]

    before = threads()
    if not before:
        pytest.skip("no library of matrix products that can be limited")
    inside, outside = threading.Event(), threading.Event()

    def other() -> None:
        inside.set()
        outside.wait()

    def here() -> list[int]:
        thread.start()
        inside.wait()
        return threads()

    thread = threading.Thread(target=one_thread, args=(other,))
    assert set(one_thread(here)) == {1}
    assert set(threads()) == {1}
    outside.set()
    thread.join()
    assert threads() == before


# ------------------------------------------------------------------------------------------------------------------------
# What goes wrong


def test_a_worker_that_dies() -> None:
    """A process that is gone is an error that names its shard; nothing is applied; another executor goes on from there."""
    model = nn.MLP(300, [8, 4], rng=0)
    program = pack(lambda x, t: nn.cross_entropy(model(x), t), params=model)
    optimiser = nn.SGD(model.parameters(), lr=0.1, momentum=0.9)
    with processes(1) as pool, program.training(optimiser) as step:
        step(X, T, executor=pool, shard=SHARD)
        before = [p.data for p in model.parameters()], optimiser.state_dict()
        with pytest.raises(
            RuntimeError, match=r"the executor lost shard 2 \(examples 200 to 299\) of <lambda>: Broken.*no gradient was applied"
        ):
            step(X, T, executor=Through(pool, 2, os._exit, 1), shard=SHARD)
        assert ([p.data for p in model.parameters()], optimiser.state_dict()) == before
        with pytest.raises(RuntimeError, match=r"the executor did not take shard 0 \(examples 0 to 99\).*Broken"):
            step(X, T, executor=pool, shard=SHARD)
        assert ([p.data for p in model.parameters()], optimiser.state_dict()) == before
        step(X, T, executor=Here(), shard=SHARD)
    assert optimiser.steps == 2


def test_backward_applies_nothing_of_a_lost_batch(program: Any) -> None:
    """backward() with a shard that fails adds nothing to any grad."""

    def broken() -> None:
        raise OSError("no memory left there")

    with ThreadPoolExecutor(2) as pool:
        with pytest.raises(
            RuntimeError, match=r"the executor lost shard 5 .*OSError: no memory left there; no gradient was applied"
        ) as caught:
            program.backward(X, T, executor=Through(pool, 5, broken), shard=SHARD)
        assert isinstance(caught.value.__cause__, OSError)
    assert {p.grad for p in program.params} == {0.0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda sums: 0.0, "0.0 of type float"),
        (lambda sums: tuple(sums), "of type tuple"),
        (lambda sums: sums._replace(value=np.zeros(1)), r"the value array\(\[0.\]\) of type ndarray"),
        (lambda sums: sums._replace(value=math.nan), "the value nan of type float"),
        (lambda sums: sums._replace(same=sums.same[:1]), r"the parameters' gradients as float64 of the shape \(1,\), where float64 of \("),
        (lambda sums: sums._replace(same=0.0), r"the parameters' gradients as float64 of the shape \(\)"),
        (lambda sums: sums._replace(same=sums.same.astype(np.float32)), "the parameters' gradients as float32"),
        (lambda sums: sums._replace(inputs=sums.inputs[:1]), r"the examples' gradients as float64 of the shape \(1, "),
        (lambda sums: sums._replace(inputs=sums.inputs * math.nan), "the examples' gradients that are not finite"),
    ],
)
def test_an_answer_that_merely_broadcasts(program: Any, change: Callable[[Any], Any], message: str) -> None:
    """An executor whose answer is something else than the shard's sums is told of, and nothing is added."""

    class Liar(Executor):
        def submit(self, f: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_result(change(f(*args)))
            return future

    with pytest.raises(RuntimeError, match=rf"the executor answered shard 0 \(examples 0 to {SHARD - 1}\) of <lambda> with .*{message}"):
        program.backward(X, T, executor=Liar(), shard=SHARD)
    assert {p.grad for p in program.params} == {0.0}


def test_an_executor_that_is_shut_down(program: Any, expected: Any) -> None:
    """It refuses, in words that say which shard."""
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(RuntimeError, match=r"the executor did not take shard 0 .*cannot schedule new futures after shutdown; no gradient"):
        program(X, T, shard=SHARD, executor=pool)
    assert_same(expected, program(X, T, shard=SHARD))


def test_a_shard_that_is_cancelled(program: Any) -> None:
    """So does one that was cancelled; what is still waiting is cancelled with it."""
    futures: list[Future[Any]] = []

    class Idle(Executor):
        def submit(self, f: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            futures.append(Future())
            if len(futures) == 3:
                futures[0].set_result(f(*args))
                futures[1].cancel()
            return futures[-1]

    with pytest.raises(RuntimeError, match=r"the executor lost shard 1 .*CancelledError") as caught:
        program(X, T, shard=SHARD, executor=Idle())
    assert isinstance(caught.value.__cause__, CancelledError)
    assert all(future.done() for future in futures)


def test_what_is_no_executor(program: Any) -> None:
    """Anything without submit() is told."""
    with pytest.raises(TypeError, match=r"needs an executor, with a method submit, but got 3 of type int"):
        program(X, T, shard=SHARD, executor=3)


def test_a_bad_example_on_an_executor(two_processes: Executor) -> None:
    """An example that has no value is the engine's own error, with its place in the whole batch, whoever met it."""
    program = pack(lambda x: log(x) * 2.0)
    numbers = np.linspace(1.0, 2.0, 40)
    assert program(numbers, shard=7, executor=two_processes).value == program(numbers, shard=7).value
    numbers[33] = -1.0
    for executor in (two_processes, Here(), None):
        with pytest.raises(DomainError, match=r"log needs x > 0, but got x=-1.0 \(label 'x'\); this is example 33 of the batch"):
            program(numbers, shard=7, executor=executor)


def test_a_worker_of_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker with another version of the package refuses the program."""
    sealed = room.Sealed(pack_code())
    content = pickle.dumps(sealed)
    assert pickle.loads(content).code.source == sealed.code.source
    assert pickle.loads(content) is pickle.loads(content)
    monkeypatch.setattr("autograd.packing.shards.__version__", "99.0")
    with pytest.raises(ValueError, match=r"was packed by glassgrad .*, but here is glassgrad 99\.0: pack it again"):
        pickle.loads(content)


def pack_code() -> Any:
    program = pack(lambda x: x * x)
    program([1.0])
    return program.latest().code


def test_workers_forget_old_programs() -> None:
    """A worker keeps the last few programs, not all it ever met."""
    for i in range(3 * room.KNOWN):
        program = pack(lambda x, i=i: x * float(i + 2), batch="sum")
        assert program([1.0, 2.0], executor=Here()).value == 3.0 * (i + 2)
    assert len(room._known) <= room.KNOWN + 1


def test_a_row_that_cannot_be_sent() -> None:
    """A program with a row that is in no table stays in this process; threads compute it."""
    from autograd import custom_gradient

    @custom_gradient(lambda z, x: 2.0 * x)
    def mine(x: float) -> float:
        return x * x

    program = pack(lambda x: mine(x), batch="sum")
    with ThreadPoolExecutor(2) as pool:
        assert program([1.0, 2.0, 3.0], shard=1, executor=pool).value == 14.0
    with pytest.raises(
        RuntimeError, match=r"cannot be sent to another process, for it has a row of your own: cannot pickle <primitive mine>"
    ):
        program([1.0, 2.0, 3.0], shard=1, executor=Here())
