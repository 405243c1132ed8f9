"""Learning: the same line fitted from the same start by all examples at once, by one at a time, and by small batches.

And gradient checking on the 2-2-1 network: the difference quotient of every weight beside the backpropagated gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from autograd import Value

from ..judging import evaluate
from ..layers import MLP, Neuron
from ..losses import squared_error
from ..optim import SGD
from ..train import fit

SLOPE, INTERCEPT = 1.5, -0.5
START = (-1.0, 1.5)


def line(n: int = 40, noise: float = 0.3, rng: Random | int = 0) -> tuple[list[list[float]], list[float]]:
    """n points near the line y = 1.5 x − 0.5, with x from -1 to 1."""
    rng = rng if isinstance(rng, Random) else Random(rng)
    xs = [2.0 * i / (n - 1) - 1.0 for i in range(n)]
    return [[x] for x in xs], [SLOPE * x + INTERCEPT + rng.gauss(0.0, noise) for x in xs]


@dataclass
class Descent:
    """How a neuron y = wx + b learned.

    path    (w, b) at the start and after every update
    losses  the mean loss over all examples at each place of the path
    """

    path: list[tuple[float, float]]
    losses: list[float]


def descend(batch_size: int | None, epochs: int = 12, lr: float = 0.1, rng: Random | int = 0) -> Descent:
    """Gradient descent on the line's points in batches of that size, from START: None for all of them, 1 for stochastic."""
    examples, targets = line()
    model = Neuron(1)
    assert model.b is not None
    model.load_state_dict({"w0": START[0], "b": START[1]})
    descent = Descent([], [])

    class Watched(SGD):
        """An SGD that notes where it is."""

        def step(self) -> None:
            super().step()
            note()

    def note() -> None:
        assert model.b is not None
        descent.path.append((model.w[0].data, model.b.data))
        descent.losses.append(evaluate(model, examples, targets, squared_error))

    note()
    optimiser = Watched(model.parameters(), lr=lr)
    fit(model, examples, targets, squared_error, optimiser, epochs=epochs, batch_size=batch_size, rng=rng, progress=False)
    return descent


# Gradient checking.

INPUTS, TARGET = (0.5, 0.3), 1.0
WEIGHTS = {"w1": 0.7, "w2": 0.3, "w3": 0.4, "w4": 0.6, "w5": 0.55, "w6": 0.45}
PLACES = {
    "w1": "layer0.neuron0.w0",
    "w3": "layer0.neuron0.w1",
    "w2": "layer0.neuron1.w0",
    "w4": "layer0.neuron1.w1",
    "w5": "layer1.neuron0.w0",
    "w6": "layer1.neuron0.w1",
}
"""The lecture's names, and where these weights stand: w1, w3 feed the first hidden neuron, w2, w4 the second."""


def two_two_one() -> tuple[MLP, Value]:
    """The 2-2-1 network as a model, and its loss (1 − o)²."""
    model = MLP(2, [2, 1], "sigmoid", "sigmoid", bias=False)
    model.load_state_dict({place: WEIGHTS[name] for name, place in PLACES.items()})
    return model, squared_error(model(list(INPUTS)), TARGET)


def check(step: float = 1e-4) -> list[tuple[str, float, float]]:
    """For every weight: its name, the backpropagated gradient, and the central difference quotient."""
    model, loss = two_two_one()
    loss.backward()
    parameters = dict(model.named_parameters())
    rows = []
    for name in WEIGHTS:
        parameter = parameters[PLACES[name]]
        before, costs = parameter.data, []
        for nudged in (before + step, before - step):
            parameter.data = nudged
            costs.append(squared_error(model(list(INPUTS)), TARGET).data)
        parameter.data = before
        rows.append((name, parameter.grad, (costs[0] - costs[1]) / (2.0 * step)))
    return rows
