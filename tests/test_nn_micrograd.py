"""micrograd's public demo runs here after changing its imports, and learns the same curve."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

import nn

DEMO = """
model = MLP(2, [16, 16, 1]) # 2-layer neural network
start(model)

def loss(batch_size=None):

    # inline DataLoader :)
    if batch_size is None:
        Xb, yb = X, y
    else:
        ri = np.random.permutation(X.shape[0])[:batch_size]
        Xb, yb = X[ri], y[ri]
    inputs = [list(map(Value, xrow)) for xrow in Xb]

    # forward the model to get scores
    scores = list(map(model, inputs))

    # svm "max-margin" loss
    losses = [(1 + -yi*scorei).relu() for yi, scorei in zip(yb, scores)]
    data_loss = sum(losses) * (1.0 / len(losses))
    # L2 regularization
    alpha = 1e-4
    reg_loss = alpha * sum((p*p for p in model.parameters()))
    total_loss = data_loss + reg_loss

    # also get accuracy
    accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(yb, scores)]
    return total_loss, sum(accuracy) / len(accuracy)

# optimization
for k in range(STEPS):

    # forward
    total_loss, acc = loss()

    # backward
    model.zero_grad()
    total_loss.backward()

    # update (sgd)
    learning_rate = 1.0 - 0.9*k/100
    for p in model.parameters():
        p.data -= learning_rate * p.grad

    curve.append((total_loss.data, acc))
"""
"""The code of micrograd's demo.ipynb (MIT licence, Andrej Karpathy), less its plots and prints."""

STEPS, EXAMPLES = 8, 30


def learn(imports: str) -> list[tuple[float, float]]:
    import numpy as np

    points, classes = nn.moons(EXAMPLES, noise=0.1, rng=7)
    rng = random.Random(1337)

    def start(model: Any) -> None:
        for p in model.parameters():
            p.data = rng.uniform(-1.0, 1.0) if p.data else 0.0

    curve: list[tuple[float, float]] = []
    X, y = np.array(points), np.array(classes) * 2 - 1
    names: dict[str, Any] = {"np": np, "X": X, "y": y, "curve": curve, "STEPS": STEPS, "start": start}
    exec(imports + DEMO, names)
    return curve


@pytest.mark.slow
def test_the_demo_learns_the_same_curve() -> None:
    """Loss and accuracy at every step, from the same weights: ours and micrograd's own."""
    pytest.importorskip("micrograd")
    theirs = learn("from micrograd.engine import Value\nfrom micrograd.nn import Neuron, Layer, MLP\n")
    ours = learn("from autograd import Value\nfrom nn import Neuron, Layer, MLP\n")
    assert STEPS == len(ours)
    for (loss, accuracy), (expected, right) in zip(ours, theirs, strict=True):
        assert math.isclose(expected, loss, rel_tol=1e-9)
        assert right == accuracy
    assert ours[-1][0] < 0.5 * ours[0][0]
