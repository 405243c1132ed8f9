"""Trainings that people try after the lecture: each plain and packed, with the same numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

import nn
from autograd import Value, exp, log, maximum, pack, relu, softmax, softplus, tanh

np = pytest.importorskip("numpy")


def blobs(classes: int, size: int, count: int, seed: int = 0) -> tuple[list[list[float]], list[int]]:
    """Points around a middle for each class, as iris or wine are."""
    draw = Random(seed)
    middles = [[draw.gauss(0.0, 2.0) for _ in range(size)] for _ in range(classes)]
    return [[m + draw.gauss(0.0, 1.0) for m in middles[i % classes]] for i in range(count)], [i % classes for i in range(count)]


def parameters(rng: Random, *shape: int) -> Any:
    if not shape:
        return Value(rng.gauss(0.0, 0.5))
    return [parameters(rng, *shape[1:]) for _ in range(shape[0])]


def product(rows: Any, x: Any) -> list[Any]:
    return [sum([a * b for a, b in zip(row, x, strict=True)][1:], row[0] * x[0]) for row in rows]


class Recurrent(nn.Module):
    """h ← tanh(U x + W h), for sequences of any length; y = v h."""

    def __init__(self) -> None:
        draw = Random(0)
        self.u, self.w, self.v = parameters(draw, 3, 1), parameters(draw, 3, 3), parameters(draw, 1, 3)

    def forward(self, xs: Any) -> Any:
        h: list[Any] = [0.0, 0.0, 0.0]
        for x in xs:
            h = [tanh(a + b) for a, b in zip(product(self.u, [x]), product(self.w, h), strict=True)]
        return product(self.v, h)[0]


class Attention(nn.Module):
    """A transformer's block over letters: embedding and place, one head that looks back, a hidden layer, and the next letter."""

    def __init__(self, letters: int = 6, length: int = 4, width: int = 4) -> None:
        draw = Random(0)
        self.letters = nn.Embedding(letters, width, rng=0)
        self.places, self.q, self.k, self.v = parameters(draw, length, width), *(parameters(draw, width, width) for _ in range(3))
        self.hidden, self.out = nn.Linear(width, 6, "gelu", rng=1), nn.Linear(6, letters, rng=2)

    def forward(self, tokens: Any) -> Any:
        rows = [[a + b for a, b in zip(row, place, strict=True)] for row, place in zip(self.letters(tokens), self.places, strict=True)]
        q = product(self.q, rows[-1])
        keys, values = [product(self.k, row) for row in rows], [product(self.v, row) for row in rows]
        share = softmax([product([q], key)[0] * 0.5 for key in keys])
        return self.out(self.hidden([product([share], column)[0] for column in zip(*values, strict=True)]))


class Convolution(nn.Module):
    """A 3 × 3 kernel over 5 × 5 pixels, relu, the mean, and two classes."""

    def __init__(self) -> None:
        self.kernel, self.out = parameters(Random(0), 9), nn.Linear(1, 2, rng=0)

    def forward(self, x: Any) -> Any:
        places = [(i, j) for i in range(3) for j in range(3)]
        windows = [[x[5 * (i + a) + j + b] for a in range(3) for b in range(3)] for i, j in places]
        found = [relu(product([self.kernel], window)[0]) for window in windows]
        return self.out([sum(found[1:], found[0]) / 9.0])


class Factors(nn.Module):
    """A person's and a film's factors, and a bias for each: their product is the rating."""

    def __init__(self) -> None:
        self.people, self.films, self.bias = nn.Embedding(5, 2, rng=0), nn.Embedding(4, 2, rng=1), nn.Embedding(5, 1, rng=2)

    def forward(self, x: Any) -> Any:
        return product([self.people(x[0])], self.films(x[1]))[0] + self.bias(x[0])[0]


class Logistic(nn.Module):
    """Written without layers, as in a first lecture."""

    def __init__(self) -> None:
        self.w, self.b = [Value(0.1), Value(-0.2)], Value(0.0)

    def forward(self, x: Any) -> Any:
        return self.w[0] * x[0] + self.w[1] * x[1] + self.b


def focal(z: Any, t: Any) -> Any:
    """(1 - p)² times the cross-entropy, of a score z (Lin et al. 2017)."""
    margin = (2.0 * t - 1.0) * z
    return exp(-2.0 * softplus(margin)) * softplus(-margin)


def quantile(y: Any, t: Any) -> Any:
    return maximum(0.9 * (t - y), 0.1 * (y - t))


def cosh(y: Any, t: Any) -> Any:
    return log((exp(y - t) + exp(t - y)) / 2.0)


draw = Random(7)
MOONS, SPIRAL, XOR = nn.moons(24, rng=1), nn.spiral(24, rng=1), nn.xor(24, rng=1)
IRIS, WINE, DIGITS = blobs(3, 4, 24), blobs(3, 13, 18), blobs(10, 16, 20)
CURVE = [[0.1 * i] for i in range(20)], [math.sin(0.1 * i) for i in range(20)]
SERIES = [[math.sin(0.3 * i + 0.2 * k) for k in range(3 + i % 3)] for i in range(18)], [math.sin(0.3 * i) for i in range(18)]
LETTERS = [[draw.randrange(6) for _ in range(4)] for _ in range(20)], [draw.randrange(6) for _ in range(20)]
RATINGS = [[i % 5, i % 4] for i in range(20)], [1.0 + i % 5 for i in range(20)]
IMAGES = [[draw.random() for _ in range(25)] for _ in range(10)], [i % 2 for i in range(10)]
PLANE, SAME, SIDES = ([x[:2] for x in IRIS[0]], [x[2] for x in IRIS[0]]), (IRIS[0], IRIS[0]), (MOONS[0], [2 * c - 1 for c in MOONS[1]])
ROUGH = nn.huber
BCE, CE, MSE = nn.binary_cross_entropy_with_logits, nn.cross_entropy, nn.squared_error

TRAININGS: dict[str, tuple[Callable[[], nn.Module], Any, Any, Callable[[Any], nn.Optimiser], dict[str, Any]]] = {
    "moons": (lambda: nn.MLP(2, [6, 6, 1], rng=0), MOONS, BCE, lambda p: nn.SGD(p, lr=0.3), {}),
    "moons, as micrograd has it": (
        lambda: nn.MLP(2, [6, 1], rng=0), SIDES, nn.hinge, lambda p: nn.SGD(p, lr=0.1, weight_decay=1e-4), {},
    ),
    "spiral": (lambda: nn.MLP(2, [8, 3], "tanh", rng=0), SPIRAL, CE, lambda p: nn.Adam(p, lr=0.05), {}),
    "xor": (lambda: nn.MLP(2, [4, 1], "sigmoid", rng=0), XOR, BCE, lambda p: nn.SGD(p, lr=0.5, momentum=0.9, nesterov=True), {}),
    "iris": (lambda: nn.MLP(4, [5, 3], "elu", rng=0), IRIS, CE, lambda p: nn.RMSProp(p, lr=0.01, momentum=0.5), {"metric": nn.accuracy}),
    "wine": (lambda: nn.MLP(13, [4, 3], "leaky_relu", rng=0), WINE, CE, lambda p: nn.AdamW(p, lr=0.02), {"class_weight": [1.0, 2.0, 0.5]}),
    "diabetes": (lambda: nn.MLP(2, [5, 1], "softplus", rng=0), PLANE, MSE, lambda p: nn.AdaGrad(p, lr=0.1), {}),
    "digits": (lambda: nn.MLP(16, [8, 10], rng=0), DIGITS, CE, lambda p: nn.SGD(p, lr=nn.cosine_decay(0.2, 0.01, 9)), {"clip_norm": 1.0}),
    "digits with dropout": (
        lambda: nn.Sequential(nn.Linear(16, 8, "relu", rng=0), nn.Dropout(0.3, rng=1), nn.Linear(8, 10, rng=0)), DIGITS, CE,
        lambda p: nn.Adam(p, lr=0.01, amsgrad=True), {},
    ),
    "soft labels": (
        lambda: nn.MLP(4, [5, 3], "silu", rng=0), (IRIS[0], [[0.8 * h + 0.2 / 3 for h in nn.one_hot(c, 3)] for c in IRIS[1]]), CE,
        lambda p: nn.Adam(p, lr=0.01), {},
    ),
    "a curve": (lambda: nn.MLP(1, [8, 1], "tanh", rng=0), CURVE, MSE, lambda p: nn.Adam(p, lr=0.02), {"restore_best": True}),
    "a robust curve": (lambda: nn.MLP(1, [5, 1], "gelu", rng=0), CURVE, ROUGH, lambda p: nn.SGD(p, 0.1, momentum=0.5, dampening=0.1), {}),
    "an absolute error": (lambda: nn.MLP(1, [5, 1], "tanh", rng=0), CURVE, nn.absolute_error, lambda p: nn.SGD(p, lr=0.01), {}),
    "a quantile": (lambda: nn.MLP(1, [5, 1], "tanh", rng=0), CURVE, quantile, lambda p: nn.Adam(p, lr=0.01), {}),
    "a cosh": (lambda: nn.MLP(1, [5, 1], "tanh", rng=0), CURVE, cosh, lambda p: nn.RMSProp(p, lr=0.01, centered=True), {}),
    "focal": (lambda: nn.MLP(2, [5, 1], rng=0), MOONS, focal, lambda p: nn.Adam(p, lr=0.02), {"clip_value": 0.05}),
    "logistic regression": (Logistic, MOONS, BCE, lambda p: nn.SGD(p, lr=0.5), {"sample_weight": [1.0 + i % 2 for i in range(24)]}),
    "probabilities": (lambda: nn.MLP(2, [4, 1], "tanh", "sigmoid", rng=0), MOONS, nn.binary_cross_entropy, lambda p: nn.SGD(p, lr=0.2), {}),
    "a margin": (lambda: nn.MLP(4, [5, 3], rng=0), IRIS, nn.max_margin, lambda p: nn.SGD(p, lr=0.05), {}),
    "an autoencoder": (
        lambda: nn.MLP(4, [2, 4], "tanh", rng=0), SAME, MSE, lambda p: nn.Adam(p, lr=nn.warm_up(3, 0.02)), {},
    ),
    "a denoising autoencoder": (
        lambda: nn.Sequential(nn.Noise(0.2, rng=0), nn.MLP(4, [2, 4], "tanh", rng=0)), SAME, MSE, lambda p: nn.Adam(p, lr=0.02), {},
    ),
    "a recurrent network": (Recurrent, SERIES, MSE, lambda p: nn.SGD(p, lr=0.1), {"clip_norm": 0.5}),
    "a transformer": (Attention, LETTERS, CE, lambda p: nn.AdamW(p, lr=0.01), {"metric": nn.accuracy}),
    "a convolution": (Convolution, IMAGES, CE, lambda p: nn.SGD(p, lr=0.2), {}),
    "a factorisation": (Factors, RATINGS, MSE, lambda p: nn.SGD(p, lr=0.05), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", TRAININGS)
def test_plain_and_packed(name: str) -> None:
    """The same losses, validation and metric, and the same network."""
    make, (x, t), loss, optimiser, options = TRAININGS[name]
    found = []
    for packed in (False, True):
        model = make()
        history = nn.fit(
            model, x, t, loss, optimiser(model.parameters()), epochs=3, batch_size=7, validation=(x[:5], t[:5]), pack=packed, **options
        )
        numbers = [number for epoch in history.epochs for number in (epoch.loss, epoch.validation, epoch.metric or 0.0)]
        found.append([*numbers, *history.losses, *(p.data for p in model.parameters())])
        assert "" == history.stopped
    assert found[0] == pytest.approx(found[1], rel=1e-8, abs=1e-11)


def adversaries(packed: bool) -> list[float]:
    """A generator's and a judge's parameters after four steps of each, taken in turns, while the other's stay as they are."""
    draws = Random(5)
    noise, real = [[draws.gauss(0.0, 1.0)] for _ in range(8)], [[3.0 + draws.gauss(0.0, 0.5)] for _ in range(8)]
    maker, judge = nn.MLP(1, [3, 1], "tanh", rng=0), nn.MLP(1, [3, 1], "tanh", rng=1)
    everything = [*maker.parameters(), *judge.parameters()]

    def fool(z: Any) -> Any:
        return softplus(-judge(maker(z)))

    def tell(x: Any, z: Any) -> Any:
        return softplus(-judge(x)) + softplus(judge(maker(z)))

    first, second = nn.SGD(judge.parameters(), lr=0.1), nn.SGD(maker.parameters(), lr=0.1)
    if packed:
        with pack(tell, params=everything).training(first) as one, pack(fool, params=everything).training(second) as two:
            for _ in range(4):
                one(real, noise), two(noise)
    else:
        for _ in range(4):
            _eager(first, everything, lambda: map(tell, real, noise))
            _eager(second, everything, lambda: map(fool, noise))
    return [p.data for p in everything]


def _eager(optimiser: nn.Optimiser, everything: list[Value], losses: Callable[[], Any]) -> None:
    for p in everything:
        p.grad = 0.0
    for each in losses():
        each.backward(1.0 / 8.0)
    optimiser.step()


def test_two_networks_against_one_another() -> None:
    assert adversaries(False) == pytest.approx(adversaries(True), rel=1e-11, abs=1e-13)
