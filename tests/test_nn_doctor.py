"""diagnose(model, loss): every mistake made on purpose, said in one line; and silence where all is well."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

import nn
from autograd import Value, exp, mean, sigmoid, softmax

X, T = nn.moons(20, rng=0)


def batch_loss(model: Callable[[Any], Any], x: Any = X, t: Any = T) -> Value:
    loss = nn.binary_cross_entropy_with_logits([model(xi) for xi in x], t)
    assert isinstance(loss, Value)
    return loss


def only(found: list[str]) -> str:
    assert 1 == len(found), found
    assert "\n" not in found[0]
    return found[0]


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "leaky_relu"])
@pytest.mark.parametrize("seed", range(3))
def test_a_healthy_model_gets_no_word(activation: str, seed: int) -> None:
    """Before training and after it, on scores and on classes. (Training does leave a relu or two without an example: said, and true.)"""
    model = nn.MLP(2, [16, 1], activation, rng=seed)
    assert [] == nn.diagnose(model, batch_loss(model))
    nn.fit(model, X, T, nn.binary_cross_entropy_with_logits, nn.SGD(model.parameters(), lr=0.3), epochs=30, batch_size=5)
    assert [] == [line for line in nn.diagnose(model, batch_loss(model)) if "relu units that are 0" not in line]
    model = nn.MLP(2, [16, 2], activation, rng=seed)
    assert [] == nn.diagnose(model, nn.cross_entropy([model(x) for x in X], T))


def test_looking_changes_nothing() -> None:
    model = nn.MLP(2, [4, 1], rng=0)
    loss = batch_loss(model)
    loss.backward()
    before = model.state_dict(), [p.grad for p in model.parameters()], [p.label for p in model.parameters()], loss.grad
    nn.diagnose(model, loss)
    assert before == (model.state_dict(), [p.grad for p in model.parameters()], [p.label for p in model.parameters()], loss.grad)


def test_a_loss_that_is_no_value() -> None:
    model = nn.MLP(2, [4, 1], rng=0)
    assert "the loss is 0.5 of type float, no Value: float(), .data and math functions end the graph" in only(nn.diagnose(model, 0.5))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="diagnose needs a model"):
        nn.diagnose(Value(1.0), batch_loss(model))  # type: ignore[arg-type]


def test_a_parameter_that_is_not_connected() -> None:
    """A layer that forward forgot is named once, not once for each of its weights; one line says it of all that is not connected."""

    class Forgetful(nn.Module):
        def __init__(self) -> None:
            self.used = nn.Linear(2, 1, rng=0)
            self.forgotten = nn.Linear(2, 3, rng=0)
            self.alone = Value(1.0)

        def forward(self, x: Any) -> Any:
            return self.used(x)

    model = Forgetful()
    said = only(nn.diagnose(model, batch_loss(model)))
    assert said.startswith("forgotten (9 parameters, the first is 'forgotten.neuron0.w0'), alone: not connected to the loss: not used, or")
    other = nn.MLP(2, [2, 1], rng=0)
    assert "the whole MLP (9 parameters, the first is 'layer0.neuron0.w0'): not connected to the loss" in only(
        nn.diagnose(other, batch_loss(model))
    )


@pytest.mark.parametrize("leave", [lambda h: math.tanh(h), lambda h: float(h), lambda h: h.data])
def test_numbers_that_left_the_graph_disconnect_what_is_below(leave: Callable[[Value], float]) -> None:
    class Leaky(nn.Module):
        def __init__(self) -> None:
            self.below, self.above = nn.Linear(2, 3, rng=0), nn.Linear(3, 1, rng=1)

        def forward(self, x: Any) -> Any:
            return self.above([leave(h) for h in self.below(x)])

    model = Leaky()
    said = only(nn.diagnose(model, batch_loss(model)))
    assert said.startswith("below (9 parameters, the first is 'below.neuron0.w0'): not connected to the loss")
    assert "float(), .data and math functions give plain numbers; use autograd's functions" in said


@pytest.mark.parametrize(("way", "leave"), [("math.exp", lambda h: math.exp(h)), ("float() or .data", lambda h: h.data)])
@pytest.mark.parametrize("wrap", [float, Value])
def test_a_number_that_left_and_came_back_is_recognised(way: str, leave: Callable[[Value], float], wrap: Callable[[float], Any]) -> None:
    """Where the graph goes on beside it, so that every parameter is connected: by its digits, as a constant or a new leaf."""
    layer = nn.Linear(2, 1, rng=3)
    h = layer([0.3, -0.7])
    h.label = "h"
    said = only(nn.diagnose(layer, h * wrap(leave(h)) + 1.0))
    assert said.startswith("'h' (back in ")
    assert f"): the number seems to have left the graph by {way} and come back as a constant" in said
    assert "stop_gradient where it is meant" in said


def test_one_cause_is_one_line() -> None:
    """A module that reads numbers does so for every unit of every example, and a model may be dead or saturated layer by layer."""
    hidden, last = nn.Linear(2, 4, "tanh", rng=1), nn.Linear(4, 1, rng=2)
    gated = mean([last([h * float(h) for h in hidden(x)]) for x in X])
    said = only(nn.diagnose(nn.Sequential(hidden, last), gated))
    assert re.search(r"\) and 77 more: the number seems to have left the graph by float\(\) or .data and come back", said)
    model = nn.MLP(2, [4, 4, 4, 1], "sigmoid", rng=0)
    for parameter in model.parameters():
        parameter.data *= 40.0
    assert 1 == sum("saturated" in line for line in nn.diagnose(model, batch_loss(model)))
    model = nn.MLP(2, [4, 4, 4, 1], rng=0)
    for layer in model.layers[:-1]:
        for neuron in layer.neurons:
            neuron.b.data = -30.0
    dead, silent = nn.diagnose(model, batch_loss(model))
    units = "(4 of 4 units, neuron0, neuron1, neuron2 and 1 more)"
    assert dead.startswith(f"layer0 {units}, layer1 {units}, layer2 {units}: relu units that are 0 for all 20 examples and learn nothing")
    assert silent.startswith("layer0, layer1, layer2: the gradients are all exactly 0")


def test_stop_gradient_is_no_mistake() -> None:
    layer = nn.Linear(2, 1, rng=3)
    h = layer([0.3, -0.7])
    assert [] == nn.diagnose(layer, h * h.stop_gradient())


def test_weights_and_data_of_one_seed_are_no_mistake() -> None:
    """Equal numbers that were drawn, not computed: a weight equal to an input, and their product, its square."""
    rng = Random(0)
    model = nn.MLP(2, [10, 1], "tanh", init=nn.init.gaussian(1.0), rng=0)
    assert [] == nn.diagnose(model, batch_loss(model, [[rng.gauss(0.0, 1.0), rng.gauss(0.0, 1.0)] for _ in range(20)]))


def test_dead_relu_units() -> None:
    """A unit that is 0 for every one of many examples is named; in a batch too small to tell, nothing is said."""
    model = nn.MLP(2, [6, 1], rng=1)
    for i in (1, 4):
        model.layers[0].neurons[i].b.data = -100.0
    said = only(nn.diagnose(model, batch_loss(model)))
    assert said.startswith("layer0 (2 of 6 units, neuron1, neuron4): relu units that are 0 for all 20 examples and learn nothing")
    assert [] == nn.diagnose(model, batch_loss(model, X[:5], T[:5]))
    model = nn.Sequential(nn.Linear(2, 6, rng=1), nn.ReLU(), nn.Linear(6, 1, rng=2))
    model[0].neurons[3].b.data = -100.0
    assert "layer1 (1 of 6 units, unit3): relu units that are 0 for all 20 examples" in only(nn.diagnose(model, batch_loss(model)))


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_saturated_units(activation: str) -> None:
    """Inputs that were not scaled: most units on their flat ends."""
    model = nn.MLP(2, [6, 1], activation, rng=1)
    found = nn.diagnose(model, batch_loss(model, [[300.0 * v for v in x] for x in X]))
    assert 1 == sum("layer0/neuron" in line and f"): {activation} units that are saturated" in line for line in found)
    assert all("scale the inputs" in line for line in found if "saturated" in line)


def test_an_output_that_is_sure_is_not_called_saturated() -> None:
    model = nn.MLP(2, [4, 1], "leaky_relu", "sigmoid", rng=0)
    model.layers[1].neurons[0].b.data = 30.0
    loss = nn.binary_cross_entropy([model(x) for x in X], [1] * 20)
    assert not [line for line in nn.diagnose(model, loss) if "saturated" in line]


def test_probabilities_for_a_loss_of_scores() -> None:
    """Each loss once, with the activation that made them and the loss that takes them."""
    model = nn.MLP(2, [4, 3], output="softmax", rng=0)
    said = only(nn.diagnose(model, nn.cross_entropy([model(x) for x in X], T)))
    assert "probabilities of a softmax go into cross_entropy, which takes scores and makes its own" in said
    assert said.endswith("leave the activation out, or use cross_entropy_from_probabilities")
    model = nn.MLP(2, [4, 1], output="sigmoid", rng=0)
    said = only(nn.diagnose(model, batch_loss(model)))
    assert said.endswith("leave the activation out, or use binary_cross_entropy")
    plain = nn.MLP(2, [4, 1], rng=0)
    assert "sigmoid go into" in only(nn.diagnose(plain, batch_loss(lambda x: sigmoid(plain(x)))))
    by_hand: list[Callable[[Any], Any]] = [lambda z: 1 / (1 + exp(-z)), lambda z: 1.0 / (exp(-z) + 1.0), lambda z: (1 + exp(-z)) ** -1]
    for hand in by_hand:
        assert "sigmoid go into" in only(nn.diagnose(plain, batch_loss(lambda x, hand=hand: hand(plain(x)))))
    assert [] == nn.diagnose(plain, batch_loss(lambda x: 1 / (2 + exp(-plain(x)))))
    scores = nn.MLP(2, [4, 3], rng=0)
    assert [] == nn.diagnose(scores, nn.cross_entropy_from_probabilities([softmax(scores(x)) for x in X], T))


def test_weights_that_start_alike() -> None:
    """All zero, or all the same: hidden neurons stay alike for ever. The last layer may start from 0."""
    for init, words in ((nn.init.zeros, " (all 0)"), (nn.init.constant(0.5), "")):
        model = nn.MLP(2, [4, 1], "sigmoid", init=init)
        found = nn.diagnose(model, batch_loss(model))
        if words:
            assert f"layer0 (4 neurons): the neurons of a layer have the same weights{words}, get the same gradients" in found[0]
    softmax_regression = nn.MLP(2, [3], init=nn.init.zeros)
    assert [] == nn.diagnose(softmax_regression, nn.cross_entropy([softmax_regression(x) for x in X], T))


def test_vanishing_and_exploding_gradients_by_layer() -> None:
    """Twelve sigmoid layers; twelve linear layers with large weights; a layer that nothing reaches; a flat loss."""
    rng = Random(0)
    model = nn.MLP(2, [4] * 12 + [1], "sigmoid", rng=rng)
    (line,) = [line for line in nn.diagnose(model, batch_loss(model)) if "vanish" in line]
    assert line.startswith("layer0, layer1, layer2 and ")
    assert "on average at layer0, " in line
    assert "times smaller than at layer12; relu instead of sigmoid" in line
    model = nn.MLP(2, [4] * 8 + [1], None, init=nn.init.gaussian(10.0), rng=rng)
    loss = mean([model(x) for x in X])
    found = nn.diagnose(model, loss)
    assert "layer0, layer1, layer2 and 6 more: the gradients explode: " in only(found)
    assert found[0].endswith("smaller initial weights, scaled inputs, clip_grad_norm")
    model = nn.MLP(1, [1, 1], None, bias=False)
    model.layers[0].neurons[0].w[0].data, model.layers[1].neurons[0].w[0].data = 1e-4, 1e4
    assert "layer0: the gradients explode: 1e+04 on average at layer0; " in only(nn.diagnose(model, model([1.0])))
    model = nn.MLP(2, [4, 1], "tanh", rng=rng)
    for w in model.layers[1].neurons[0].w:
        w.data = 0.0
    assert "layer0: the gradients are all exactly 0" in only(nn.diagnose(model, batch_loss(model)))
    model = nn.MLP(2, [1], rng=rng)
    flat = nn.hinge([model(x) * 0.0 + 5.0 for x in X], [1] * 20)
    assert "every gradient is exactly 0: the loss is flat here" in only(nn.diagnose(model, flat))
    assert isinstance(flat, Value)


def test_an_infinite_slope_that_nothing_reaches_is_no_trouble() -> None:
    """√ at 0 beside a factor of 0: a gradient of exactly 0 is not handed on, so 0·∞ does not become NaN."""
    layer = nn.Linear(1, 1, rng=0)
    root = (layer([0.0]) * 0.0).sqrt()
    assert [] == nn.diagnose(layer, layer([1.0]) + root * 0.0)


def test_gradients_beyond_the_floats() -> None:
    model = nn.MLP(1, [1, 1], None, init=nn.init.constant(1e200), bias=False)
    assert "the gradients leave the range of floats: loss.backward() names the edge" in only(nn.diagnose(model, model([1e-300]) * 1e150))


@pytest.mark.slow
def test_a_deep_graph_is_no_trouble() -> None:
    """A hundred thousand operations in a chain: no recursion."""
    layer = nn.Linear(1, 1, rng=0)
    loss = layer([1.0])
    for _ in range(100_000):
        loss = loss + 1.0
    assert [] == nn.diagnose(layer, loss)


def _loop(*, zero: bool = True, again: bool = True, steps: int = 3) -> tuple[nn.MLP, Value]:
    """A model after a few steps as a beginner writes them, and its last loss."""
    X, t = nn.moons(20, rng=0)
    model = nn.MLP(2, [4, 1], rng=1)

    def loss() -> Value:
        return nn.binary_cross_entropy_with_logits([model(x) for x in X], t)

    last = loss()
    for step in range(steps):
        if zero:
            model.zero_grad()
        last.backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad
        if again:
            last = loss() if step < steps - 1 else last
    return model, last


def test_a_forgotten_zero_grad_is_noticed() -> None:
    """After backward(), grads that hold more than this loss's own are told; not before it, not clipped ones, not those of one loss."""
    words = "call zero_grad() before each backward()"
    model, loss = _loop(zero=False)
    assert any(words in line for line in nn.diagnose(model, loss))
    model, loss = _loop()
    assert not any(words in line for line in nn.diagnose(model, loss))
    nn.clip_grad_norm(model.parameters(), 1e-3)
    assert not any(words in line for line in nn.diagnose(model, loss))
    x = [0.5, -0.5]
    fresh = nn.squared_error(model(x), 1.0)  # at the beginning of the next step, before zero_grad() and backward()
    assert not any(words in line for line in nn.diagnose(model, fresh))
    for p in model.parameters():
        p.grad = 0.0
    fresh.backward(2.0)
    assert not any(words in line for line in nn.diagnose(model, fresh))
    fresh.backward(2.0)
    (line,) = [line for line in nn.diagnose(model, fresh) if words in line]
    assert "of 17 parameters" in line


def test_a_forward_pass_outside_of_the_loop_is_noticed() -> None:
    """The loss was computed once, and its numbers have changed since."""
    words = "it anew inside the loop"
    model, loss = _loop(again=False)
    (line,) = [line for line in nn.diagnose(model, loss) if words in line]
    assert "made of 'layer0.neuron0.w0'" in line
    fresh = nn.squared_error(model([0.5, -0.5]), 1.0)
    assert not any(words in line for line in nn.diagnose(model, fresh))
    model.parameters()[0].data = 1e308
    assert any(words in line for line in nn.diagnose(model, fresh))
