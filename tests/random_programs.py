"""Random programs of several arguments for packing's tests: every sort of argument, of every width, with every size threshold moved.

A threshold is a number in the code from which on something is done otherwise, and a fault behind it shows only in programs that are as
large. So here the programs are small, and the thresholds smaller; now and then they are what they are, and the arguments as wide.
"""

from __future__ import annotations

import importlib
import math
import pkgutil
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest

import autograd.packing
import autograd.program
from autograd import AutogradError, Value, exp, maximum, pack, relu, sigmoid, tanh
from autograd.program import Outcome

from .random_functions import ROWS, row

BATCHED, SHARED, PARAMS, WHOLE = range(4)
"""What an argument may be: one with a row for each example, the same for all, the parameters, or a class for each example."""

Vector = list[Any]


def _modules() -> Iterator[ModuleType]:
    for room in (autograd.packing, autograd.program):
        yield room
        for found in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
            yield importlib.import_module(found.name)


MARKS = {"LEAF", "CONSTANT", "SUM", "LARGEST", "UNIT", "FINITE", "ANY"}
"""Numbers in capitals that are names of something, and not sizes."""
REFUSED = {"autograd.packing.recordings.MOST", "autograd.packing.recordings.WAYS", "autograd.packing.recordings.SETS"}
"""Sizes from which on there is an error, or a warning."""
THRESHOLDS = {
    f"{module.__name__}.{name}": size
    for module in _modules()
    for name, size in vars(module).items()
    if name.isupper() and type(size) in (int, float) and name not in MARKS and f"{module.__name__}.{name}" not in REFUSED
}
"""Every size from which on the code does something else, by its name."""


@contextmanager
def thresholds(rng: random.Random) -> Iterator[None]:
    """Some of the thresholds are moved, most of them down to where small programs meet them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, size in THRESHOLDS.items():
            if rng.random() < 0.5:
                patch.setattr(name, type(size)(rng.choice((40, 80) if name.endswith("WIDTH") else (1, 1, 2, 3, 5, 64))))
        yield


class Argument:
    """One argument: its sort, and its shape, of which () is a single number."""

    def __init__(self, sort: int, shape: tuple[int, ...]) -> None:
        self.sort, self.shape = sort, shape
        self.count = 0 if sort == WHOLE else math.prod(shape)

    def shaped(self, numbers: Sequence[float]) -> Any:
        """These numbers in the argument's shape."""
        if len(self.shape) == 2:
            columns = self.shape[1]
            return [list(numbers[i : i + columns]) for i in range(0, len(numbers), columns)]
        return list(numbers) if self.shape else numbers[0]

    def flat(self, arg: Any) -> Vector:
        """The numbers of such an argument."""
        return [x for part in arg for x in part] if len(self.shape) == 2 else list(arg) if self.shape else [arg]

    def __repr__(self) -> str:
        return f"{('batched', 'shared', 'params', 'whole')[self.sort]}{list(self.shape)}"


class RandomProgram:
    """A function of some arguments, and examples at which it has a value.

    `f(numbers, k)` is the function of all its floats in one list, and of a class; `program(…)` packs it, and returns the arguments, too.
    """

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        wide = rng.random() < 0.1
        widths = (63, 64, 65, 70) if wide else (1, 2, 3, 4, 6, 9)
        self.arguments = [self._argument(widths, first=not i) for i in range(rng.randint(1, 4))]
        self.steps: list[Callable[[list[Vector], int], Vector]] = []
        self.said: list[str] = []
        self.products_only = [rng.random() < 0.5 for _ in self.arguments]
        start = [rng.uniform(-2.0, 2.0) for a in self.arguments for _ in range(a.count)]
        self.pool = self._vectors(start)
        for _ in range(rng.randint(1, 3 if wide else 6)):
            self._step()
        self.ends = sorted({len(self.pool) - 1, *(rng.randrange(len(self.pool)) for _ in range(rng.randrange(3)))})
        self.ends = [i for i in self.ends if i >= len(self.arguments) or not self.products_only[i]] or [len(self.pool) - 1]
        self.examples: list[list[float]] = []
        self.classes: list[int] = []
        self.found: list[Any] = []
        for i in range(rng.choice((1, 1, 2, 3, 9, 10))):
            numbers, at = start[:], 0
            for a in self.arguments:
                if a.sort == BATCHED and i:
                    numbers[at : at + a.count] = [rng.uniform(-2.0, 2.0) for _ in range(a.count)]
                at += a.count
            self.examples.append(numbers)
            self.classes.append(rng.randrange(2) if any(a.sort == WHOLE for a in self.arguments) else 0)

    def _argument(self, widths: tuple[int, ...], first: bool) -> Argument:
        rng = self.rng
        sort = BATCHED if first else rng.choice((BATCHED, BATCHED, SHARED, PARAMS, PARAMS, WHOLE))
        width = rng.choice(widths)
        shape = rng.choice(((width,), (width,), (width,), (), (rng.choice((1, 2, 3)), width)))
        return Argument(sort, () if sort == WHOLE else shape)

    def _vectors(self, numbers: Sequence[Any]) -> list[Vector]:
        found, at = [], 0
        for a in self.arguments:
            found.append(list(numbers[at : at + a.count]) if a.count else [1.0])
            at += a.count
        return found

    def f(self, numbers: Sequence[Any], k: int) -> Any:
        """The function of one example."""
        pool = self._vectors(numbers)
        for step in self.steps:
            pool.append(step(pool, k))
        return sum((x for i in self.ends for x in pool[i][1:]), sum(pool[i][0] for i in self.ends))

    def __repr__(self) -> str:
        return f"of {self.arguments}: {'; '.join(self.said)}; the sum of {self.ends}"

    # -- steps -----------------------------------------------------------------------------------------------------------

    def _step(self) -> None:
        rng = self.rng
        kind, step = rng.choice((self._dots, self._dots, self._dots, self._numbers, self._each, self._part, self._sums))()
        for k in (0, 1):
            try:
                new = step(self.pool, k)
            except AutogradError:
                return
            if not new or any(abs(z) > 1e4 or (z and abs(z) < 1e-8) for z in new):
                return
        self.steps.append(step)
        self.said.append(f"{len(self.pool)} = {kind}")
        self.pool.append(step(self.pool, 0))

    def _pick(self, product: bool) -> int:
        """The place of a vector. Some arguments are read by products alone."""
        places = [i for i in range(len(self.pool)) if product or i >= len(self.arguments) or not self.products_only[i]]
        return self.rng.choice(places or [len(self.pool) - 1])

    def _read(self, product: bool) -> tuple[str, Callable[[list[Vector]], Vector]]:
        """Some vector, or a part of it, in this order or that; longer than it is, it begins again."""
        i = self._pick(product)
        size = len(self.pool[i])
        start, step = self.rng.choice(((0, 1), (0, 1), (0, 1), (1, 1), (size - 1, -1), (0, 2), (0, 0)))
        start %= size
        return f"{i}[{start}::{step}]", lambda pool: [pool[i][(start + step * j) % size] for j in range(size)]

    def _dots(self) -> tuple[str, Callable[[list[Vector], int], Vector]]:
        """Rows of one vector times rows of another: a dot product, a layer, attention's scores, prefixes."""
        rng = self.rng
        (left, u), (right, v) = self._read(True), self._read(True)
        if rng.random() < 0.2:
            right, v = left, u
        sizes = len(u(self.pool)), len(v(self.pool))
        k = min(sizes) if rng.random() < 0.6 else rng.randint(1, min(sizes))
        p, q = (max(1, min(3, size // k)) for size in sizes)
        bias = self._pick(False) if rng.random() < 0.4 else None
        end = rng.choice((None, None, tanh, sigmoid, relu))
        prefixes = rng.random() < 0.1
        scale = 1.0 if rng.random() < 0.5 else 0.25

        def step(pool: list[Vector], which: int) -> Vector:
            a, b = u(pool), v(pool)
            found = []
            for i in range(p):
                for j in range(q):
                    terms = [x * y for x, y in zip(a[i * k : i * k + k], b[j * k : j * k + k], strict=True)][: i + 1 if prefixes else None]
                    z = sum(terms[1:], terms[0]) if bias is None else sum(terms, pool[bias][(i + which) % len(pool[bias])])
                    z = z * scale if scale != 1.0 else z
                    found.append(z if end is None else end(z))
            return found

        return f"{end.__name__ if end else ''}({left} · {right}, {p}x{q}x{k}, {bias}, {prefixes}, {scale})", step

    def _numbers(self) -> tuple[str, Callable[[list[Vector], int], Vector]]:
        """Number by number: a row of two operands, or of one and a constant."""
        op = self.rng.choice([op for op in ROWS if len(op.operands) == 2])
        product = op.name == "multiply"
        (left, u), (right, v) = self._read(product), self._read(product)
        constant = 2.0 if op.partials[1] is None else self.rng.choice((None, None, 0.5, -1.0, 0.0))

        def step(pool: list[Vector], which: int) -> Vector:
            numbers = [[x, y if constant is None else constant] for x, y in zip(u(pool), v(pool), strict=False)]
            return [row(op, (0, 1) if constant is None else (0, constant))(pair)[0] for pair in numbers]

        return f"{op.name}({left}, {right if constant is None else constant})", step

    def _each(self) -> tuple[str, Callable[[list[Vector], int], Vector]]:
        """A row of one operand, number by number."""
        op = self.rng.choice([op for op in ROWS if len(op.operands) == 1])
        left, u = self._read(False)
        return f"{op.name}({left})", lambda pool, which: [row(op, (0,))([x])[0] for x in u(pool)]

    def _part(self) -> tuple[str, Callable[[list[Vector], int], Vector]]:
        """One number of a vector, by the class or by a comparison."""
        left, u = self._read(False)
        if self.rng.random() < 0.2:
            return f"where positive {left}", lambda pool, which: [u(pool)[0] * 2.0 if u(pool)[-1] > 0.0 else u(pool)[0] * 0.5]
        return f"{left}[k]", lambda pool, which: [u(pool)[which % len(u(pool))] * 1.5]

    def _sums(self) -> tuple[str, Callable[[list[Vector], int], Vector]]:
        """Sums, largest numbers, and softmax's weights."""
        left, u = self._read(False)
        kind = self.rng.choice(("sum", "largest", "weights", "beginnings"))

        def step(pool: list[Vector], which: int) -> Vector:
            xs = u(pool)
            if kind == "sum":
                return [sum(xs[1:], xs[0])]
            if kind == "beginnings":
                return [sum(xs[1 : i + 1], xs[0]) for i in range(min(4, len(xs)))]
            most = xs[0]
            for x in xs[1:]:
                most = maximum(most, x)
            if kind == "largest":
                return [most]
            weights = [exp(tanh(x)) for x in xs]
            total = sum(weights[1:], weights[0])
            return [w / total for w in weights]

        return f"{kind}({left})", step

    # -- packing ---------------------------------------------------------------------------------------------------------

    def at(self, place: int, numbers: Sequence[Any]) -> list[Any]:
        """The numbers of one argument."""
        start = sum(a.count for a in self.arguments[:place])
        return list(numbers[start : start + self.arguments[place].count])

    @property
    def has_params(self) -> bool:
        """Whether there are parameters."""
        return any(a.sort == PARAMS for a in self.arguments)

    def judged(self, eagerly: Callable[[Any, list[float]], Any]) -> bool:
        """Look at every example by the engine; whether all have a value that depends on their numbers."""
        try:
            for numbers, k in zip(self.examples, self.classes, strict=True):
                self.found.append(eagerly(lambda *xs, k=k: self.f(xs, k), numbers))
        except AutogradError:
            return False
        return True

    def program(self, **options: Any) -> tuple[Any, tuple[Any, ...]]:
        """The packed function, and its arguments."""
        np = pytest.importorskip("numpy")
        first, places = self.examples[0], range(len(self.arguments))
        given = [i for i in places if self.arguments[i].sort != PARAMS]
        params = {i: [Value(x) for x in self.at(i, first)] for i in places if self.arguments[i].sort == PARAMS}

        def f(*args: Any) -> Any:
            by_place = dict(zip(given, args, strict=True))
            k = next((by_place[i] for i in given if self.arguments[i].sort == WHOLE), 0)
            numbers: list[Any] = []
            for i, a in enumerate(self.arguments):
                if a.sort != WHOLE:
                    numbers += params[i] if i in params else a.flat(by_place[i])
            return self.f(numbers, k)

        def argument(i: int) -> Any:
            a = self.arguments[i]
            if a.sort == WHOLE:
                return np.array(self.classes)
            if a.sort == SHARED:
                return a.shaped(self.at(i, first))
            rows = np.array([self.at(i, numbers) for numbers in self.examples]).reshape(len(self.examples), *a.shape)
            return self.rng.choice((rows, rows.tolist(), np.asfortranarray(rows)))

        shared = [n for n, i in enumerate(given) if self.arguments[i].sort == SHARED]
        leaves = [leaf for i in params for leaf in params[i]]
        return pack(f, params=leaves, shared=shared, verify=False, **options), tuple(map(argument, given))

    def compare(self, outcome: Outcome, wrt: str, scale: float, unit: float) -> None:
        """Value and gradients are within the bound of the sum of the examples', times the scale."""
        np = pytest.importorskip("numpy")
        count = len(self.found)
        values = [found[0] for found in self.found]
        bound = sum(found[2] for found in self.found) + 4 * count * unit * sum(map(abs, values))
        assert abs(outcome.value - scale * math.fsum(values)) <= scale * bound, (self, outcome.value, values, bound)
        found_by = iter(outcome.gradients)
        params: list[tuple[float, float]] = []
        for i, a in enumerate(self.arguments):
            columns = [[*zip(self.at(i, found[1]), self.at(i, found[3]), strict=True)] for found in self.found]
            sums = [
                (math.fsum(g for g, _ in column), sum(e + 4 * count * unit * abs(g) for g, e in column))
                for column in zip(*columns, strict=True)
            ]
            if a.sort == PARAMS:
                params += sums
                continue
            got = next(found_by)
            if a.sort == WHOLE or wrt == "params":
                assert got is None or a.sort != WHOLE
                continue
            expected = [(g, e + 4 * unit * abs(g)) for column in columns for g, e in column] if a.sort == BATCHED else sums
            self._near(np.asarray(got, float).ravel().tolist(), expected, scale)
        if params:
            (got,) = found_by
            if wrt == "arguments":
                assert got is None
            else:
                self._near(got.tolist(), params, scale)
        assert next(found_by, None) is None, self

    def _near(self, got: list[float], expected: list[tuple[float, float]], scale: float) -> None:
        assert len(got) == len(expected), self
        for x, (g, error) in zip(got, expected, strict=True):
            assert abs(x - scale * g) <= scale * error + 1e-300, (self, x / scale, g, error)
