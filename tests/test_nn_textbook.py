"""The textbook's closed forms: backpropagation's equations, written with matrices, against the engine's gradients on random networks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value, log, mean, softmax
from autograd import sum as total

SIZES = [(1, 1, 1), (2, 2, 1), (3, 5, 2), (7, 4, 6), (1, 8, 3), (6, 1, 4)]
BATCHES = [1, 2, 7]
ARRAY = Callable[[np.ndarray], np.ndarray]

ACTIVATIONS: dict[str, tuple[ARRAY, ARRAY]] = {
    "sigmoid": (lambda u: 1 / (1 + np.exp(-u)), lambda y: (1 - y) * y),
    "tanh": (np.tanh, lambda y: 1 - y**2),
    "relu": (lambda u: np.maximum(u, 0), lambda y: (y > 0) * 1.0),
    "identity": (lambda u: u, np.ones_like),
}
"""Each activation, and its derivative from its output."""


def data(thing: Any) -> np.ndarray:
    """The numbers of nested lists of Values."""
    return np.array([data(x) for x in thing] if isinstance(thing, list) else thing.data)


def grad(thing: Any) -> np.ndarray:
    """Their gradients."""
    return np.array([grad(x) for x in thing] if isinstance(thing, list) else thing.grad)


def close(expected: Any, actual: Any) -> None:
    np.testing.assert_allclose(np.array(actual), np.array(expected), rtol=1e-10, atol=1e-12)


def numbers(rng: Random, *shape: int) -> Any:
    return [numbers(rng, *shape[1:]) for _ in range(shape[0])] if shape else rng.gauss(0.0, 1.0)


def as_list(y: Any) -> list[Value]:
    return y if isinstance(y, list) else [y]


class Network:
    """i (l nodes) → j (m) → k (n) on a batch: the graph node by node, and W, b as arrays."""

    def __init__(self, sizes: tuple[int, int, int], activation: str, batch: int = 1, seed: int = 0) -> None:
        rng = Random(f"{sizes}{activation}{batch}{seed}")
        l, m, n = sizes
        self.hidden = nn.Linear(l, m, activation, rng=rng)
        self.output = nn.Linear(m, n, rng=rng)
        for bias in (*self.hidden.biases, *self.output.biases):
            bias.data = rng.gauss(0.0, 0.5)
        self.x = [[Value(v) for v in row] for row in numbers(rng, batch, l)]
        self.h = [as_list(self.hidden(x)) for x in self.x]
        self.z = [as_list(self.output(h)) for h in self.h]
        self.t = numbers(rng, batch, n)
        self.classes = [rng.randrange(n) for _ in range(batch)]
        self.derivative = ACTIVATIONS[activation][1]

    def check_rows(self, dz: np.ndarray) -> None:
        """Examples as rows: from the gradient at the output's weighted sums, every other gradient by its closed form."""
        x, h, w1, w2 = data(self.x), data(self.h), data(self.hidden.weights), data(self.output.weights)
        close(dz, grad(self.z))
        close((h.T @ dz).T, grad(self.output.weights))
        close(dz.sum(axis=0), grad(self.output.biases))
        dh = dz @ w2
        close(dh, grad(self.h))
        du = self.derivative(h) * dh
        close((x.T @ du).T, grad(self.hidden.weights))
        close(du.sum(axis=0), grad(self.hidden.biases))
        close(du @ w1, grad(self.x))

    def check_columns(self, dz: np.ndarray) -> None:
        """Examples as columns: everything transposed."""
        x, h, w1, w2 = data(self.x).T, data(self.h).T, data(self.hidden.weights), data(self.output.weights)
        close(dz, grad(self.z).T)
        close(dz @ h.T, grad(self.output.weights))
        close(dz.sum(axis=1), grad(self.output.biases))
        du = self.derivative(h) * (w2.T @ dz)
        close(du @ x.T, grad(self.hidden.weights))
        close(du.sum(axis=1), grad(self.hidden.biases))
        close(w1.T @ du, grad(self.x).T)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_one_example_unit_by_unit(sizes: tuple[int, int, int], activation: str) -> None:
    """E = ½ Σ (y − t)²: δₖ = yₖ − tₖ; ∂wⱼₖ = yⱼδₖ; ∂bₖ = δₖ; ∂yⱼ = Σ δᵣwⱼᵣ; δⱼ = ∂yⱼ·∂yⱼ/∂uⱼ; ∂wᵢⱼ = yᵢδⱼ; ∂bⱼ = δⱼ; ∂yᵢ = Σ δ_q w_iq."""
    net = Network(sizes, activation)
    (x,), (h,), (z,), (t,) = net.x, net.h, net.z, net.t
    nn.half_squared_error(z, t).backward()
    δk = [y.data - tk for y, tk in zip(z, t, strict=True)]
    for k, neuron in enumerate(net.output.neurons):
        close(δk[k], z[k].grad)
        close([y.data * δk[k] for y in h], grad(neuron.w))
        close(δk[k], neuron.b.grad)  # type: ignore[union-attr]
    δj = []
    for j, neuron in enumerate(net.hidden.neurons):
        dy = np.sum([δk[r] * other.w[j].data for r, other in enumerate(net.output.neurons)])
        close(dy, h[j].grad)
        δj.append(dy * float(net.derivative(np.array(h[j].data))))
        close([y.data * δj[j] for y in x], grad(neuron.w))
        close(δj[j], neuron.b.grad)  # type: ignore[union-attr]
    for i, y in enumerate(x):
        close(np.sum([δj[q] * neuron.w[i].data for q, neuron in enumerate(net.hidden.neurons)]), y.grad)


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_a_batch_in_rows_and_columns(sizes: tuple[int, int, int], activation: str, batch: int) -> None:
    """Regression, summed over the batch: ∇_Z E = Y − T, and from it everything below, in both conventions."""
    net = Network(sizes, activation, batch)
    nn.half_squared_error(net.z, net.t).backward()
    dz = data(net.z) - np.array(net.t)
    net.check_rows(dz)
    net.check_columns(dz.T)


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("sizes", [sizes for sizes in SIZES if sizes[2] > 1], ids=str)
def test_classification(sizes: tuple[int, int, int], batch: int) -> None:
    """Softmax and E = −Σ t log y: δₖ = yₖ − tₖ, over a batch of N (y − t)/N, from scores and from probabilities alike."""
    one_hot = [nn.one_hot(k, sizes[2]) for k in Network(sizes, "tanh", batch).classes]
    for by in ("scores", "probabilities", "by hand"):
        net = Network(sizes, "tanh", batch)
        y = [softmax(z) for z in net.z]
        if by == "scores":
            loss = nn.cross_entropy(net.z, net.classes)
        elif by == "probabilities":
            loss = nn.cross_entropy_from_probabilities(y, one_hot)
        else:
            loss = mean([-total([t * log(p) for p, t in zip(row, ts, strict=True)]) for row, ts in zip(y, one_hot, strict=True)])
        loss.backward()
        dz = (data(y) - np.array(one_hot)) / batch
        net.check_rows(dz)
        net.check_columns(dz.T)


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_binary_classification(sizes: tuple[int, int, int], batch: int) -> None:
    """Sigmoid and −Σ (t log y + (1 − t) log(1 − y)): δ = y − t, from probabilities and from scores."""
    targets = [[float(v > 0) for v in row] for row in Network(sizes, "sigmoid", batch).t]
    for by_scores in (True, False):
        net = Network(sizes, "sigmoid", batch)
        if by_scores:
            loss = nn.binary_cross_entropy_with_logits(net.z, targets, "sum")
        else:
            loss = nn.binary_cross_entropy([[z.sigmoid() for z in row] for row in net.z], targets, "sum")
        loss.backward()
        net.check_rows(1 / (1 + np.exp(-data(net.z))) - np.array(targets))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_derivatives_come_from_their_outputs(activation: str) -> None:
    """sigmoid y(1 − y), tanh 1 − y², relu [x > 0]; the numbers forward are NumPy's."""
    forward, derivative = ACTIVATIONS[activation]
    for u in (-3.0, -0.5, 0.0, 0.25, 2.0):
        x = Value(u)
        y = nn.Linear(1, 1, activation, bias=False, init=nn.init.constant(1.0))(x)
        y.backward()
        close(forward(np.array(u)), y.data)
        close(derivative(np.array(y.data)), x.grad)


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_softmax_in_general(n: int) -> None:
    """∇ₓE = y ∗ (∇_y E − Σ y ∗ ∇_y E) for any E of y; the Jacobian has yᵢ(1 − yᵢ) on the diagonal and −yᵢyⱼ off it."""
    rng = Random(n)
    x = [Value(rng.gauss(0.0, 1.0)) for _ in range(n)]
    y = softmax(x)
    e = total([c * v**2 + v.sin() for c, v in zip(numbers(rng, n), y, strict=True)])
    e.backward()
    dy = grad(y)
    close(data(y) * (dy - (data(y) * dy).sum()), grad(x))
    rows = []
    for out in softmax(x):
        for node in x:
            node.grad = 0.0
        out.backward()
        rows.append(grad(x))
    close(np.diag(data(y)) - np.outer(data(y), data(y)), rows)


@pytest.mark.parametrize("seed", range(3))
def test_a_composition_pulls_its_gradient_back_one_jacobian_at_a_time(seed: int) -> None:
    """g ∘ F₄ ∘ … ∘ F₁ has the gradient J₁ᵀ … J₄ᵀ ∇g: at every stage the pulled-back vector is the stage's gradient."""
    rng = Random(seed)
    widths = [rng.randint(1, 5) for _ in range(5)]
    layers = [nn.Linear(a, b, rng.choice(["tanh", "sigmoid", "relu"]), rng=rng) for a, b in pairwise(widths)]
    stages = [[Value(rng.gauss(0.0, 1.0)) for _ in range(widths[0])]]
    for layer in layers:
        stages.append(as_list(layer(stages[-1])))
    total([v**3 for v in stages[-1]]).backward()
    vector = 3 * data(stages[-1]) ** 2
    close(vector, grad(stages[-1]))
    for layer, before, after in reversed([*zip(layers, stages, stages[1:], strict=False)]):
        jacobian = ACTIVATIONS[layer.activation_name][1](data(after))[:, None] * data(layer.weights)
        vector = jacobian.T @ vector
        close(vector, grad(before))


@pytest.mark.parametrize("batch", BATCHES)
def test_the_affine_layer(batch: int) -> None:
    """Y = XW + B on rows, for any E of Y: ∂L/∂X = ∂L/∂Y Wᵀ, ∂L/∂W = Xᵀ ∂L/∂Y, ∂L/∂B = Σ over the batch of ∂L/∂Y."""
    rng = Random(batch)
    layer = nn.Linear(4, 3, rng=rng)
    x = [[Value(v) for v in row] for row in numbers(rng, batch, 4)]
    y = [layer(row) for row in x]
    total([v.tanh() * c for row in y for v, c in zip(row, numbers(rng, 3), strict=True)]).backward()
    w, dy = data(layer.weights).T, grad(y)
    close(dy @ w.T, grad(x))
    close(data(x).T @ dy, grad(layer.weights).T)
    close(dy.sum(axis=0), grad(layer.biases))
    close(data(x) @ w + data(layer.biases), data(y))
