"""Vanishing gradients: a chain of one-unit sigmoid layers, and what depth, activation and initial weights do to the gradient.

a → h1 → h2 → h3 → y with weights w1 … w4 and cost ½(y − t)²: δₗ = δₗ₊₁ · wₗ₊₁ · hₗ(1 − hₗ), and h(1 − h) is never above 0.25.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from autograd import Value, mean

from ..doctor import layer_gradients
from ..init import Initialiser, gaussian, suited, zeros
from ..layers import MLP
from ..losses import half_squared_error

INPUT, WEIGHTS, TARGET = 1.0, (0.8, 0.6, 0.4, 0.9), 0.0


def chain(weights: Sequence[float] = WEIGHTS, activation: str | None = "sigmoid") -> MLP:
    """A network of one-unit layers with these weights and no biases."""
    model = MLP(1, [1] * len(weights), activation, activation, bias=False)
    model.load_state_dict({f"layer{i}.neuron0.w0": w for i, w in enumerate(weights)})
    return model


def run() -> tuple[MLP, Value]:
    """The chain of the lecture and its cost, after backward()."""
    model = chain()
    cost = half_squared_error(model(INPUT), TARGET)
    cost.backward()
    return model, cost


STARTS: dict[str, Initialiser | None] = {"zero": zeros, "Gaussian, width 1": gaussian(1.0), "Xavier / He": None}
"""Three ways to start; None means the one suited to the activation."""


def by_layer(
    depth: int, activation: str, init: Initialiser | None = None, *, width: int = 8, examples: int = 4, rng: Random | int = 0
) -> list[float]:
    """The size of ∂E/∂w in each layer of a network of so many equal layers: the root of the mean square over its weights."""
    rng = rng if isinstance(rng, Random) else Random(rng)
    model = MLP(width, [width] * depth, activation, activation, bias=False, init=init or suited(activation), rng=rng)
    pairs = [([rng.gauss(0.0, 1.0) for _ in range(width)], [rng.gauss(0.0, 1.0) for _ in range(width)]) for _ in range(examples)]
    mean([half_squared_error(model(x), t) for x, t in pairs]).backward()
    return [*layer_gradients([(name, parameter.grad) for name, parameter in model.named_parameters()]).values()]
