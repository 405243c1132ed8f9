"""Why backpropagation at all: the operations of one update of a 784-100-10 network, counted on its graph, and a slice of the other way.

Numerical differentiation evaluates the loss once for every parameter and once more; backpropagation goes forward once and
backward once. And then the whole of it: the gradient over all images, by the same graph packed into array operations.

    python -m nn why [--data DIR]     with the IDX files of MNIST in DIR; without, with images made up
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import autograd
from autograd import Value

from .. import data
from ..doctor import nodes_below
from ..layers import MLP
from ..losses import cross_entropy

IMAGES = 60_000
RATE = 850_000_000
"""Multiplications a second, by the lecture."""


def build(rng: Random | int = 0) -> tuple[MLP, list[float], int]:
    """The network, an image of 784 random pixels, and its class. What is counted does not depend on what the image shows."""
    rng = rng if isinstance(rng, Random) else Random(rng)
    return MLP(784, [100, 10], "sigmoid", rng=rng), [rng.random() for _ in range(784)], 3


@dataclass
class Counts:
    """What the graph of one image's loss is made of, and what follows for an update from all images.

    weights, biases          the parameters
    operations               operations forward
    edges                    ways back: one multiplication and one addition each
    multiplications          forward, with a weight
    multiplications_back     backward through those, to weights and to hidden units
    """

    weights: int
    biases: int
    operations: int
    edges: int
    multiplications: int
    multiplications_back: int

    @property
    def evaluations(self) -> int:
        """Of the loss, for one numerical gradient."""
        return self.weights + self.biases + 1

    @property
    def numerical(self) -> int:
        """Multiplications of one update by numerical differentiation."""
        return self.evaluations * self.multiplications * IMAGES

    @property
    def backpropagation(self) -> int:
        """Multiplications of one update by backpropagation."""
        return (self.multiplications + self.multiplications_back) * IMAGES


def count(model: MLP, loss: Value) -> Counts:
    """The counts, made on the loss's graph itself."""
    nodes = nodes_below(loss)
    weights = {w for layer in model.layers for row in layer.weights for w in row}
    products = [node for node in nodes if node.op is not None and node.op.name == "multiply" and weights.intersection(node.parents)]
    return Counts(
        weights=len(weights),
        biases=len(model.parameters()) - len(weights),
        operations=sum(node.op is not None for node in nodes),
        edges=sum(len(node.parents) for node in nodes),
        multiplications=len(products),
        multiplications_back=sum(len(node.parents) for node in products),
    )


@dataclass
class Slice:
    """What was measured on this machine, for one image.

    evaluations   of the loss that were made, one parameter nudged in each
    numerical     seconds of one evaluation
    forward_back  seconds of forward and backward together, which give every gradient
    largest       the largest difference between the slice's quotients and the backpropagated gradients
    """

    evaluations: int
    numerical: float
    forward_back: float
    largest: float

    @property
    def hours_numerical(self) -> float:
        """For one update over all images, by numerical differentiation, at this machine's pace."""
        return self.numerical * 79_511 * IMAGES / 3600.0

    @property
    def hours_backpropagation(self) -> float:
        """The same by backpropagation."""
        return self.forward_back * IMAGES / 3600.0


def measure(evaluations: int = 5, step: float = 1e-4, rng: Random | int = 0) -> Slice:
    """A slice of the numerical way: so many parameters, chosen at random, beside one backward pass for all of them."""
    rng = rng if isinstance(rng, Random) else Random(rng)
    model, image, target = build(rng)
    model.zero_grad()
    start = time.perf_counter()
    base = cross_entropy(model(image), target)
    base.backward()
    forward_back = time.perf_counter() - start
    largest = 0.0
    chosen = rng.sample(model.parameters(), evaluations)
    start = time.perf_counter()
    for parameter in chosen:
        before = parameter.data
        parameter.data = before + step
        quotient = (cross_entropy(model(image), target).data - base.data) / step
        parameter.data = before
        largest = max(largest, abs(quotient - parameter.grad))
    return Slice(evaluations, (time.perf_counter() - start) / evaluations, forward_back, largest)


@dataclass
class Whole:
    """The gradient of the mean loss over all images, packed (extra `pack`).

    images    how many there were
    packing   seconds to record the scalar graph of one image and to pack it
    seconds   of the gradient over all images
    loss      their mean loss
    largest   the largest difference, in any parameter, between the gradient of the first image and the engine's
    """

    images: int
    packing: float
    seconds: float
    loss: float
    largest: float


def whole(images: int = IMAGES, folder: str | Path | None = None, rng: Random | int = 0) -> Whole:
    """The whole gradient, measured; of images made up, or of those of a folder."""
    model, image, _ = build(rng)
    program = autograd.pack(lambda x, t: cross_entropy(model(x), t), params=model.parameters())
    import numpy as np  # where there is none, the line above says so

    if folder is None:
        made: Any = np.random.default_rng(0)
        pixels, classes = made.random((images, len(image))), made.integers(0, 10, images)
    else:
        found, labels = data.mnist(folder)
        pixels, classes = np.asarray(found)[:images], np.array(labels[:images])
    start = time.perf_counter()
    first = program(pixels[:1], classes[:1])
    packing = time.perf_counter() - start
    model.zero_grad()
    cross_entropy(model(pixels[0].tolist()), int(classes[0])).backward()
    largest = max(abs(p.grad - g) for p, g in zip(model.parameters(), first.gradients[-1].tolist(), strict=True))
    start = time.perf_counter()
    loss = program(pixels, classes).value
    return Whole(len(pixels), packing, time.perf_counter() - start, loss, largest)


def report(folder: str | Path | None = None, images: int = IMAGES) -> Iterator[str]:
    """What is counted and measured, line by line, as it becomes known."""
    if folder is not None:
        data.mnist(folder)  # what is wrong with it is said before the work
    model, image, target = build()
    counts = count(model, cross_entropy(model(image), target))
    hours, seconds = counts.numerical / RATE / 3600.0, counts.backpropagation / RATE
    yield f"numerical differentiation   {counts.numerical:>23,} multiplications: {hours:.1f} hours, by the lecture"
    yield f"backpropagation             {counts.backpropagation:>23,} multiplications: {seconds:.1f} seconds"
    here = measure()
    yield f"\nhere, one scalar after another: {here.hours_numerical:,.0f} hours and {here.hours_backpropagation:.1f} hours"
    done = whole(images, folder)
    packing = f"after {done.packing:.1f} seconds of packing"
    yield f"here, packed: {done.seconds:.2f} seconds for the gradient over {done.images:,} images, {packing}"
    yield f"(mean loss {done.loss:.6f}; the largest difference from the engine's gradient, on one image, is {done.largest:.1e})"
