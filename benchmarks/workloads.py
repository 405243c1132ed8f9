"""The workloads, each written once: a program over an engine's node class, the same arithmetic for every contender.

`zip` is not strict here: the lengths are right by construction, and the check would be on every clock.
"""

# ruff: noqa: B905

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

SEED = 20240229


@dataclass
class Model:
    """A program that can be run again and again.

    leaves   the nodes whose gradients are compared and, where it learns, updated
    forward  builds the graph anew and returns its output
    rate     the learning rate, where a run is a whole training step
    start    the leaves' numbers, to which `reset` goes back
    """

    leaves: list[Any]
    forward: Callable[[], Any]
    rate: float = 0.0
    start: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.start = [leaf.data for leaf in self.leaves]

    def reset(self) -> None:
        """Numbers as at the start, gradients 0."""
        for leaf, data in zip(self.leaves, self.start, strict=True):
            leaf.data, leaf.grad = data, 0.0

    def backward(self, output: Any) -> None:
        """The backward pass; in a training step, with zeroed gradients before and the update after."""
        if self.rate:
            for leaf in self.leaves:
                leaf.grad = 0.0
        output.backward()
        if self.rate:
            for leaf in self.leaves:
                leaf.data -= self.rate * leaf.grad


def tiny(value: Any) -> Model:
    """Two inputs, two hidden units, one output, each a sigmoid; one example, squared error."""
    weights = [value(w) for w in (0.7, 0.3, 0.4, 0.6, 0.55, 0.45)]
    w1, w2, w3, w4, w5, w6 = weights

    def sigmoid(z: Any) -> Any:
        return 1.0 / (1.0 + (-z).exp())

    def forward() -> Any:
        x1, x2, target = value(0.5), value(0.3), value(1.0)
        h1 = sigmoid(x1 * w1 + x2 * w3)
        h2 = sigmoid(x1 * w2 + x2 * w4)
        return (target - sigmoid(h1 * w5 + h2 * w6)) ** 2

    return Model(weights, forward)


def two_moons(count: int, rng: random.Random) -> tuple[list[list[float]], list[float]]:
    """Points on two half circles that reach into one another, blurred by 0.1, and the side of each: −1 or 1."""
    points, sides = [], []
    for i in range(count):
        angle = math.pi * (i // 2) / (max(count // 2, 2) - 1)
        lower = i % 2 == 1
        x, y = (1.0 - math.cos(angle), 0.5 - math.sin(angle)) if lower else (math.cos(angle), math.sin(angle))
        points.append([x + rng.gauss(0.0, 0.1), y + rng.gauss(0.0, 0.1)])
        sides.append(1.0 if lower else -1.0)
    return points, sides


def network(value: Any, sizes: tuple[int, ...], rng: random.Random, *, last: bool) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """The parameters of a relu network with one output, and the network; `last` says whether the output has a relu too."""
    layers = [
        [([value(rng.uniform(-1.0, 1.0)) for _ in range(inputs)], value(0.0)) for _ in range(outputs)]
        for inputs, outputs in pairwise(sizes)
    ]

    def run(x: list[Any]) -> Any:
        for layer in layers:
            x = [sum((w * v for w, v in zip(weights, x)), bias) for weights, bias in layer]
            if last or layer is not layers[-1]:
                x = [unit.relu() for unit in x]
        return x[0]

    return [p for layer in layers for weights, bias in layer for p in (*weights, bias)], run


def moons(value: Any, examples: int = 100, hidden: tuple[int, ...] = (16, 16)) -> Model:
    """One training step of a relu network on two moons: the largest margin, and a penalty on the squares of the weights."""
    rng = random.Random(SEED)
    points, sides = two_moons(examples, rng)
    parameters, score = network(value, (2, *hidden, 1), rng, last=False)

    def forward() -> Any:
        scores = [score([value(coordinate) for coordinate in point]) for point in points]
        margins = [(1.0 + -side * s).relu() for side, s in zip(sides, scores)]
        return sum(margins) * (1.0 / examples) + 1e-4 * sum(p * p for p in parameters)

    return Model(parameters, forward, rate=1.0)


def highest(scores: list[Any]) -> Any:
    """The highest score as a plain number."""
    return max(s.data for s in scores)


def gpt(
    value: Any, document: str = "leibniz", width: int = 16, heads: int = 4, block: int = 16, largest: Callable[[list[Any]], Any] = highest
) -> Model:
    """The loss of a one-layer transformer on one document, letter by letter: 26 letters and one mark for either end.

    largest  what a softmax subtracts from its scores; one that is not a plain number must let no gradient through
    """
    rng = random.Random(SEED)
    mark = 26
    tokens = [mark, *(ord(letter) - ord("a") for letter in document), mark]

    def matrix(rows: int, columns: int) -> list[list[Any]]:
        return [[value(rng.gauss(0.0, 0.08)) for _ in range(columns)] for _ in range(rows)]

    token_table, place_table, unembed = matrix(27, width), matrix(block, width), matrix(27, width)
    query, key, mix, merge = (matrix(width, width) for _ in range(4))
    widen, narrow = matrix(4 * width, width), matrix(width, 4 * width)
    parts = (token_table, place_table, unembed, query, key, mix, merge, widen, narrow)
    parameters = [p for part in parts for row in part for p in row]
    size = width // heads

    def apply(rows: list[list[Any]], x: list[Any]) -> list[Any]:
        return [sum(w * v for w, v in zip(row, x)) for row in rows]

    def normalise(x: list[Any]) -> list[Any]:
        scale = (sum(v * v for v in x) / len(x) + 1e-5) ** -0.5
        return [v * scale for v in x]

    def softmax(scores: list[Any]) -> list[Any]:
        top = largest(scores)
        exponentials = [(s - top).exp() for s in scores]
        total = sum(exponentials)
        return [e / total for e in exponentials]

    def attend(x: list[Any], keys: list[list[Any]], values: list[list[Any]]) -> list[Any]:
        q = apply(query, x)
        keys.append(apply(key, x))
        values.append(apply(mix, x))
        out = []
        for low in range(0, width, size):
            part = slice(low, low + size)
            scores = [sum(a * b for a, b in zip(q[part], k[part])) / size**0.5 for k in keys]
            weights = softmax(scores)
            out += [sum(w * v[j] for w, v in zip(weights, values)) for j in range(low, low + size)]
        return apply(merge, out)

    def forward() -> Any:
        keys: list[list[Any]] = []
        values: list[list[Any]] = []
        losses = []
        for place, (token, following) in enumerate(pairwise(tokens)):
            x = normalise([t + p for t, p in zip(token_table[token], place_table[place])])
            x = [a + b for a, b in zip(attend(normalise(x), keys, values), x)]
            x = [a + b for a, b in zip(apply(narrow, [h.relu() for h in apply(widen, normalise(x))]), x)]
            losses.append(-softmax(apply(unembed, x))[following].log())
        return sum(losses) * (1.0 / len(losses))

    return Model(parameters, forward)


def chain(value: Any, length: int = 10**6) -> Model:
    """x multiplied by one constant, again and again."""
    x = value(1.0)

    def forward() -> Any:
        y = x
        for _ in range(length):
            y = y * 1.000001
        return y

    return Model([x], forward)


def ladder(value: Any, length: int = 1000) -> Model:
    """y = y + y, again and again: 2 to the power `length` paths from the output to x."""
    x = value(1.0)

    def forward() -> Any:
        y = x
        for _ in range(length):
            y = y + y
        return y

    return Model([x], forward)


def fan(value: Any, length: int = 10**6) -> Model:
    """One leaf, used `length` times."""
    x = value(1.0)

    def forward() -> Any:
        y = x
        for _ in range(length):
            y = y + x
        return y

    return Model([x], forward)


def picture(value: Any, sizes: tuple[int, ...] = (2, 2, 1)) -> Model:
    """Something to draw: a relu network on one example. The sizes 2-2-1 make 26 nodes, 1-7-7-1 220, 1-15-15-1 828."""
    parameters, run = network(value, sizes, random.Random(SEED), last=True)
    return Model(parameters, lambda: run([value(0.5) for _ in range(sizes[0])]))


MODELS: dict[str, Callable[..., Model]] = {model.__name__: model for model in (tiny, moons, gpt, chain, ladder, fan, picture)}
