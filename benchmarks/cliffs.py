"""What makes a packed program record again, compute apart, or run slowly, each beside what does not: `python -m benchmarks.cliffs`."""

from __future__ import annotations

import os
import platform
import time
import warnings
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np

import nn
from autograd import Value, custom_gradient, pack, relu, take

SIZE, BATCH = 16, 64


def seconds(work: Callable[[], Any], least: float = 0.05) -> float:
    """The quickest of some calls, after one that does not count."""
    work()
    best, until = float("inf"), time.perf_counter() + least
    while time.perf_counter() < until:
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def data(count: int = BATCH) -> Any:
    """Examples of SIZE numbers."""
    return np.random.default_rng(0).normal(size=(count, SIZE))


def network(activation: Any = "relu") -> nn.MLP:
    """Of one number."""
    return nn.MLP(SIZE, [8, 1], activation, rng=0)


def loss_of(model: Any) -> Callable[..., float]:
    """A step's work: the loss of a batch, and its gradients."""
    program = pack(model, nn.squared_error)
    return lambda x, t: program(x, t).value


def recording() -> tuple[float, float]:
    """The first call of a kind, and any other."""
    x, t = data(), np.zeros(BATCH)
    loss_of(network("tanh"))(x, t)  # which imports what is needed
    start = time.perf_counter()
    run = loss_of(network())
    run(x, t)
    first = time.perf_counter() - start
    return seconds(lambda: run(x, t)), first


def branches() -> tuple[float, float]:
    """relu, and a comparison in each of two neurons: four ways."""

    def model(activation: Any) -> nn.MLP:
        return nn.MLP(SIZE, [2, 1], activation, rng=0)

    x, t = data(), np.zeros(BATCH)
    good, bad = loss_of(model(relu)), loss_of(model(lambda z: z if z > 0 else 0.0 * z))
    return seconds(lambda: good(x, t)), seconds(lambda: bad(x, t))


def lookups() -> tuple[float, float]:
    """A row of forty by `take`, and by an index: forty recordings."""
    table = [[Value(0.1 * i + k) for k in range(4)] for i in range(40)]
    x = np.arange(BATCH) % 40
    good = pack(lambda i: sum(take(table, i)[1:], take(table, i)[0]), params=table)
    bad = pack(lambda i: sum(table[i][1:], table[i][0]), params=table)
    return seconds(lambda: good(x)), seconds(lambda: bad(x))


def shapes() -> tuple[float, float]:
    """Rows of one length, and of eight lengths."""
    w = [Value(0.1), Value(0.2)]
    program = pack(lambda xs: sum([w[0] * x + w[1] for x in xs], 0.0 * w[0]), params=w)
    one, several = [[0.5] * 8] * BATCH, [[0.5] * (1 + i % 8) for i in range(BATCH)]
    return seconds(lambda: program(one)), seconds(lambda: program(several))


def by_number() -> tuple[float, float]:
    """tanh, and a function of one's own without a form on arrays."""
    import math

    own = custom_gradient(lambda z, x: 1.0 - z * z)(math.tanh)
    x, t = data(), np.zeros(BATCH)
    good, bad = loss_of(network("tanh")), loss_of(network(own))
    return seconds(lambda: good(x, t)), seconds(lambda: bad(x, t))


def one_at_a_time() -> tuple[float, float]:
    """An example in a batch of 64, and alone."""
    x, t = data(), np.zeros(BATCH)
    run = loss_of(network())
    return seconds(lambda: run(x, t)) / BATCH, seconds(lambda: run(x[:1], t[:1]))


def drawing() -> tuple[float, float]:
    """A step without Dropout, and with it."""
    x, t = data(), np.zeros(BATCH)
    layers = nn.Linear(SIZE, 8, "relu", rng=0), nn.Dropout(0.5, rng=0), nn.Linear(8, 1, rng=0)
    good, bad = loss_of(nn.Sequential(layers[0], layers[2])), loss_of(nn.Sequential(*layers))
    return seconds(lambda: good(x, t)), seconds(lambda: bad(x, t))


def big_tables() -> tuple[float, float]:
    """A row of 40, and of 4,000."""
    runs = []
    for rows in (40, 4000):
        table = [[Value(0.01 * i)] for i in range(rows)]
        program = pack(lambda i, table=table: take(table, i)[0] * 2.0, params=table)
        runs.append(seconds(lambda program=program: program(np.arange(BATCH) % 40)))
    return runs[0], runs[1]


def steps(between: Callable[[nn.MLP], Any]) -> float:
    """A step of a training of 2,410 parameters, and what is done between two."""
    model = nn.MLP(64, [32, 10], rng=0)
    x, t = np.random.default_rng(0).normal(size=(BATCH, 64)), np.arange(BATCH) % 10
    with pack(model, nn.cross_entropy).training(nn.Adam(model.parameters(), lr=0.001)) as step:
        return seconds(lambda: (step(x, t), between(model)))


def reading() -> tuple[float, float]:
    """Between two steps nothing, and one parameter read."""
    return steps(lambda model: None), steps(lambda model: model.layers[0].neurons[0].b.data)


def writing() -> tuple[float, float]:
    """Between two steps nothing, and one parameter set: all come back from the array, and go there again."""
    return steps(lambda model: None), steps(lambda model: setattr(model.layers[0].neurons[0].b, "data", 0.0))


def metrics() -> tuple[float, float]:
    """An epoch with nn.accuracy, and with a metric that calls the model."""
    x, t = np.random.default_rng(0).normal(size=(256, 64)), [i % 10 for i in range(256)]

    def own(model: nn.Module, examples: Any, targets: Any) -> float:
        return sum(nn.predict(model(x)) == c for x, c in zip(examples, targets, strict=True)) / len(targets)

    def epoch(metric: Any) -> float:
        marks: list[float] = []
        model = nn.MLP(64, [32, 10], rng=0)
        mark = [lambda h: marks.append(time.perf_counter())]
        nn.fit(
            model,
            x,
            t,
            nn.cross_entropy,
            nn.SGD(model.parameters(), lr=0.1),
            epochs=4,
            batch_size=64,
            metric=metric,
            callbacks=mark,
            pack=True,
        )
        return min(b - a for a, b in pairwise(marks))

    return epoch(nn.accuracy), epoch(own)


CLIFFS: dict[str, Callable[[], tuple[float, float]]] = {
    "a call of a kind that is known; the first of its kind, which is recorded": recording,
    "relu in two neurons; `z if z > 0 else 0` there, four ways": branches,
    "a row of 40 by take(table, i); by table[i], a recording each": lookups,
    "rows of one length; of eight lengths": shapes,
    "tanh; a function of one's own without a form on arrays": by_number,
    "an example in a batch of 64; an example alone": one_at_a_time,
    "a step without Dropout; with 8 masks drawn for each example": drawing,
    "a row of 40 by take; of 4,000, by a product with zeros and a 1": big_tables,
    "a step of 2,410 parameters; and one of them read": reading,
    "a step of 2,410 parameters; and one of them set": writing,
    "an epoch of 256 with nn.accuracy; with a metric that calls the model": metrics,
}
"""Each measures what is quick, and what is slow."""


def table() -> Iterator[str]:
    """A row for each, in Markdown."""
    yield f"{os.cpu_count()} cores, CPython {platform.python_version()}, NumPy {np.__version__}; the quickest of some calls, in ms"
    yield ""
    yield "| the one; the other | one | other | ratio |"
    yield "| --- | ---: | ---: | ---: |"
    for name, measure in CLIFFS.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # which tell the same
            good, bad = measure()
        yield f"| {name} | {1e3 * good:.3g} | {1e3 * bad:.3g} | {bad / good:.1f} |"


if __name__ == "__main__":
    for line in table():
        print(line, flush=True)
