"""Random functions of many numbers for hypothesis: rows of every kind between sums, dot products, layers, attention and maxima."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd import AutogradError, exp, maximum, sigmoid, stop_gradient, tanh, where
from autograd.custom import custom_gradient
from autograd.primitive import PRIMITIVES, Primitive

NUMBERS = (0.0, 0.0, 1.0, -1.0, 0.5, 2.0, -0.25)


@custom_gradient(lambda z, x: 2.0 * x)
def squared(x: float) -> float:
    """A function of somebody's own."""
    return x * x


ROWS = [*PRIMITIVES.values(), *3 * [PRIMITIVES[name] for name in ("add", "multiply", "subtract", "relu", "tanh")], squared.primitive]


@dataclass
class Function:
    """A function of `count` numbers, as steps: each takes the list of numbers so far and returns those that it adds."""

    count: int
    steps: list[Callable[[list[Any]], list[Any]]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def __call__(self, *xs: Any) -> Any:
        numbers = list(xs)
        for step in self.steps:
            numbers += step(numbers)
        return sum((numbers[i] for i in self.ends[1:]), numbers[self.ends[0]])

    def __repr__(self) -> str:
        return f"of {self.count} numbers: {'; '.join(self.said)}; the sum of {self.ends}"


def row(op: Primitive, places: Sequence[int | float]) -> Callable[[list[Any]], list[Any]]:
    """One operation."""

    def step(numbers: list[Any]) -> list[Any]:
        args = [numbers[i] if isinstance(i, int) else i for i in places]
        kind = next((type(x) for x in args if type(x) is not float), float)
        return [op.kinds[kind](*args)]

    return step


def random_function(rng: random.Random, most: int = 12) -> tuple[Function, list[float]]:
    """A function, and numbers at which it has a value."""
    f = Function(rng.randint(2, 7))
    numbers: list[Any] = [rng.choice(NUMBERS) if rng.random() < 0.4 else rng.uniform(-2.0, 2.0) for _ in range(f.count)]
    start = [*numbers]

    def pick() -> int:
        return rng.randrange(len(numbers)) if rng.random() < 0.5 else max(0, len(numbers) - 1 - rng.randrange(4))

    def apply(what: str, step: Callable[[list[Any]], list[Any]]) -> bool:
        try:
            new = step(numbers)
        except AutogradError:
            return False
        if any(abs(z) > 1e4 or (z and abs(z) < 1e-8) for z in new):
            return False
        f.steps.append(step)
        f.said.append(what)
        numbers.extend(new)
        return True

    for _ in range(rng.randint(1, most)):
        kind = rng.randrange(12)
        if kind < 6:
            op = rng.choice(ROWS)
            places: list[Any] = [pick() for _ in op.operands]
            if len(places) == 2 and op.partials[1] is None:
                places[1] = rng.choice((2.0, 3.0, 0.5, -1.0, -0.5, 1.5, 0.0, 1.0))
            elif rng.random() < 0.2:
                places[rng.randrange(len(places))] = rng.choice((2.0, 0.5, -1.0, 0.0))
            if all(isinstance(place, float) for place in places):
                continue
            if not apply(f"{len(numbers)} = {op.name}{tuple(places)}", row(op, places)):
                inside = rng.choice(["sigmoid", "softplus", "tanh"])
                if apply(f"{len(numbers)} = {inside}({places[0]})", row(PRIMITIVES[inside], places[:1])):
                    places[0] = len(numbers) - 1
                    apply(f"{len(numbers)} = {op.name}{tuple(places)}", row(op, places))
            continue
        n, m = rng.randint(1, 4), rng.randint(1, 3)
        a, b = [[pick() for _ in range(n * m)] for _ in range(2)]
        if rng.random() < 0.5:  # as people lay them out: side by side
            step = rng.choice((1, 1, -1, 2))
            a = [(a[0] + step * i) % len(numbers) for i in range(n * m)]
            b = [(b[0] + i) % len(numbers) for i in range(n * m)]
        c = pick()

        def dot(v: list[Any], a: list[int] = a, b: list[int] = b, c: int = c) -> list[Any]:
            return [sum((v[i] * v[j] for i, j in zip(a, b, strict=True)), v[c])]

        def layer(v: list[Any], a: list[int] = a, b: list[int] = b, n: int = n, m: int = m, c: int = c) -> list[Any]:
            return [tanh(sum((v[i] * v[j] for i, j in zip(a[k * n : k * n + n], b[:n], strict=True)), v[c])) for k in range(m)]

        def attention(v: list[Any], a: list[int] = a, b: list[int] = b, n: int = n, m: int = m) -> list[Any]:
            rows = [[v[i] for i in a[k * n : k * n + n]] for k in range(m)]
            found = []
            for t in range(m):  # each place looks at those up to it
                scores = [tanh(sum((x * y for x, y in zip(rows[t], rows[s], strict=True)), 0.0)) for s in range(t + 1)]
                most = scores[0]
                for s in scores[1:]:
                    most = maximum(most, s)
                weights = [exp(s - stop_gradient(most)) for s in scores]
                found.append(sum((w * v[b[s]] for s, w in enumerate(weights)), 0.0) / sum(weights, 0.0))
            return found

        def matrix(v: list[Any], a: list[int] = a, b: list[int] = b, n: int = n, m: int = m) -> list[Any]:
            left, right = ([[v[i] for i in side[k * n : k * n + n]] for k in range(m)] for side in (a, b))
            return [tanh(sum((x * y for x, y in zip(row, column, strict=True)), 0.0)) for row in left for column in right]

        def gram(v: list[Any], a: list[int] = a, n: int = n, m: int = m) -> list[Any]:
            rows = [[v[i] for i in a[k * n : k * n + n]] for k in range(m)]
            return [sum((x * y for x, y in zip(row, other, strict=True)), 0.0) * 0.2 for row in rows for other in rows]

        def beginnings(v: list[Any], a: list[int] = a, b: list[int] = b) -> list[Any]:
            return [sum((v[i] * v[j] for i, j in zip(a[: k + 1], b, strict=False)), 0.0) * 0.2 for k in range(len(a))]

        def largest(v: list[Any], a: list[int] = a) -> list[Any]:
            found = v[a[0]]
            for i in a[1:]:
                found = maximum(found, v[i])
            return [found]

        def chosen(v: list[Any], a: list[int] = a, b: list[int] = b) -> list[Any]:
            return [where(PRIMITIVES["heaviside"].kinds[type(v[a[0]])](v[a[0]]), v[b[0]], v[b[-1]])]

        def apart(v: list[Any], a: list[int] = a, b: list[int] = b) -> list[Any]:
            return [stop_gradient(v[a[0]] * v[b[0]]) + sigmoid(v[a[-1]])]

        def plain(v: list[Any], a: list[int] = a) -> list[Any]:
            return [sum((v[i] for i in a[1:]), v[a[0]])]

        steps = {
            "dot": dot,
            "layer": layer,
            "attention": attention,
            "matrix": matrix,
            "gram": gram,
            "beginnings": beginnings,
            "largest": largest,
            "chosen": chosen,
            "apart": apart,
            "plain": plain,
        }
        name = rng.choice([*steps])
        apply(f"{len(numbers)}… = {name}({a}, {b}, {c}, {n}x{m})", steps[name])
    f.ends = [len(numbers) - 1, *(pick() for _ in range(rng.randrange(3)))]
    return f, start
