"""The worked examples of networks: vanishing gradients, why backpropagation, learning; every number of the lecture."""

from __future__ import annotations

import math

import pytest

import nn
from autograd import Value
from nn.examples import learning, vanishing, why_backpropagation


def rounded(numbers: list[float]) -> list[str]:
    return [f"{number:.6f}" for number in numbers]


def test_the_chain_of_one_unit_layers() -> None:
    """h = 0.689974, 0.602043, 0.559915, y = 0.623381, cost 0.194302; the first gradient is 205 times smaller than the last."""
    model, cost = vanishing.run()
    outputs: list[float] = []
    x: float | Value = vanishing.INPUT
    for layer in model.layers:
        x = layer(x)
        assert isinstance(x, Value)
        outputs.append(x.data)
    assert ["0.689974", "0.602043", "0.559915", "0.623381"] == rounded(outputs)
    assert "0.194302" == f"{cost.data:.6f}"
    gradients = [parameter.grad for parameter in model.parameters()]
    assert ["0.000399", "0.002146", "0.019541", "0.081947"] == rounded(gradients)
    assert 205 == round(gradients[-1] / gradients[0])


def test_the_chains_deltas() -> None:
    """δₗ = δₗ₊₁ wₗ₊₁ hₗ(1 − hₗ), and ∂E/∂wₗ = δₗ hₗ₋₁."""
    model, _ = vanishing.run()
    h = [vanishing.INPUT]
    for w in vanishing.WEIGHTS:
        h.append(1 / (1 + math.exp(-w * h[-1])))
    y, δ = h[-1], (h[-1] - vanishing.TARGET) * h[-1] * (1 - h[-1])
    for l in (3, 2, 1, 0):
        assert math.isclose(δ * h[l], model.parameters()[l].grad, rel_tol=1e-13)
        δ = δ * vanishing.WEIGHTS[l] * h[l] * (1 - h[l])
    assert y == h[4]


def test_depth_starves_sigmoids_and_not_relus() -> None:
    """Each sigmoid layer divides the gradient, by 3 on average from Xavier's start; He's relus keep its size within a factor of 100."""
    for depth in (4, 10, 30):
        for start in ("Gaussian, width 1", "Xavier / He"):
            sizes = vanishing.by_layer(depth, "sigmoid", vanishing.STARTS[start])
            assert depth == len(sizes)
            assert sizes[0] < sizes[-1] / (1.5 if start.startswith("G") else 3.0) ** (depth - 1)
        relu = vanishing.by_layer(depth, "relu")
        assert 1e-2 < relu[0] / relu[-1] < 1e2


def test_zero_weights_leave_the_units_of_a_layer_alike_for_ever() -> None:
    """After twenty steps each hidden unit still has the weights of its neighbour; from random ones they differ."""
    for init, alike in ((nn.init.zeros, True), (None, False)):
        model = nn.MLP(2, [3, 1], "sigmoid", init=init, rng=0)
        nn.fit(model, [[0.1, 0.9], [0.8, 0.3]], [1.0, 0.0], nn.squared_error, nn.SGD(model.parameters(), lr=1.0), epochs=20)
        rows = {tuple(w.data for w in row) for row in model.layers[0].weights}
        assert alike == (len(rows) == 1)
    assert vanishing.by_layer(4, "sigmoid", nn.init.zeros)[:2] == [0.0, 0.0]


def test_linear_layers_collapse_into_one() -> None:
    """W = W3 W2 W1: three linear layers without biases compute what one does."""
    model = vanishing.chain((0.8, 0.6, 0.4), None)
    assert math.isclose(0.8 * 0.6 * 0.4 * 1.7, model(1.7).data, rel_tol=1e-15)


@pytest.mark.slow
def test_operations_counted_on_the_graph_of_one_image() -> None:
    """79,400 weights, 110 biases; 79,400 multiplications forward, 80,400 back; the figures for one update of 60,000 images."""
    model, image, target = why_backpropagation.build()
    assert (784, 10) == (len(image), len(model(image)))
    counts = why_backpropagation.count(model, nn.cross_entropy(model(image), target))
    assert (79_400, 110) == (counts.weights, counts.biases)
    assert (79_400, 80_400) == (counts.multiplications, counts.multiplications_back)
    assert 79_511 == counts.evaluations
    assert 4_764_000_000 == counts.multiplications * why_backpropagation.IMAGES
    assert 378_790_404_000_000 == counts.numerical
    assert 9_588_000_000 == counts.backpropagation
    assert "445636" == f"{counts.numerical / why_backpropagation.RATE:.0f}"
    assert "123.8" == f"{counts.numerical / why_backpropagation.RATE / 3600:.1f}"
    assert "11.3" == f"{counts.backpropagation / why_backpropagation.RATE:.1f}"
    assert 39_507 == round(counts.numerical / counts.backpropagation)
    # Each weight once forward, each sum, 110 sigmoids and biases; and the 10 scores' loss. Backward at most two ways a node.
    assert counts.operations == 2 * 79_400 + 100 + (counts.operations - 158_900)
    assert 40 <= counts.operations - 158_900 <= 60
    assert counts.operations < counts.edges < 2 * counts.operations


@pytest.mark.slow
def test_a_slice_of_the_numerical_way() -> None:
    """Its quotients agree with the backpropagated gradients; at this pace the whole is many thousand times as long."""
    found = why_backpropagation.measure(2)
    assert 2 == found.evaluations
    assert found.largest < 1e-4
    assert found.hours_numerical > 1000 * found.hours_backpropagation > 0.0


def test_gradient_checking_on_the_two_two_one_network() -> None:
    """Central differences with step 1e-4: the largest difference is 1.2e-11; the gradients are the lecture's."""
    rows = learning.check()
    assert ["w1", "w2", "w3", "w4", "w5", "w6"] == [name for name, *_ in rows]
    assert ["-0.010551", "-0.008874", "-0.006330", "-0.005325", "-0.099753", "-0.094302"] == rounded([gradient for _, gradient, _ in rows])
    assert "1.2e-11" == f"{max(abs(a - b) for _, a, b in rows):.1e}"


def test_two_two_one_learns_as_by_hand() -> None:
    """The loss before the 10th and 100th update: 0.109773, 0.040600."""
    model, loss = learning.two_two_one()
    assert "0.125518" == f"{loss.data:.6f}"
    history = nn.fit(model, [list(learning.INPUTS)], [1.0], nn.squared_error, nn.SGD(model.parameters(), lr=0.1), epochs=100)
    assert ("0.109773", "0.040600") == (f"{history.losses[9]:.6f}", f"{history.losses[99]:.6f}")


@pytest.mark.parametrize(("batch_size", "steps"), [(None, 12), (1, 480), (8, 60)])
def test_three_ways_down(batch_size: int | None, steps: int) -> None:
    """From one start, on the same data: full descent falls at every step, the others wander; all end near the line."""
    descent = learning.descend(batch_size)
    assert steps + 1 == len(descent.path) == len(descent.losses)
    assert learning.START == descent.path[0]
    falls = [after < before for before, after in zip(descent.losses, descent.losses[1:], strict=False)]
    assert all(falls) == (batch_size is None)
    assert descent.losses[-1] < 0.1 * descent.losses[0]
    if batch_size is not None:
        w, b = descent.path[-1]
        assert abs(w - learning.SLOPE) < 0.3
        assert abs(b - learning.INTERCEPT) < 0.3


@pytest.mark.slow
def test_the_whole_gradient_packed() -> None:
    """The gradient over all images in one call; that of one image is the engine's."""
    pytest.importorskip("numpy")
    done = why_backpropagation.whole(images=300)
    assert 300 == done.images
    assert done.largest < 1e-14
    assert 1.0 < done.loss < 5.0
    assert done.seconds < done.packing
