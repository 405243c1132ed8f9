"""Layers, activations and initialisers."""

from __future__ import annotations

import math
import random
from statistics import fmean, pvariance
from typing import Any

import pytest

import autograd
import nn
from autograd import Value


def test_a_neuron_is_the_activation_of_its_weighted_sum() -> None:
    neuron = nn.Neuron(2, "tanh", rng=0)
    assert neuron.b is not None
    neuron.w[0].data, neuron.w[1].data, neuron.b.data = 0.5, -2.0, 0.25
    assert math.tanh(0.25 + 0.5 * 3.0 - 2.0 * 0.5) == neuron([3.0, 0.5]).data


def test_a_layers_output_is_wx_plus_b() -> None:
    """`weights` has a row for each neuron, `biases` an entry."""
    layer = nn.Linear(3, 2, rng=0)
    for i, bias in enumerate(layer.biases):
        bias.data = i + 0.5
    x = [0.3, -0.2, 0.9]
    expected = [
        b.data + row[0].data * x[0] + row[1].data * x[1] + row[2].data * x[2] for row, b in zip(layer.weights, layer.biases, strict=True)
    ]
    assert expected == [y.data for y in layer(x)]
    assert nn.Layer is nn.Linear


def test_one_number_and_a_list_of_one_are_the_same() -> None:
    """One output comes out as a Value, and goes into the next layer as such: hidden width 1 works."""
    model = nn.MLP(1, [1, 3, 1], rng=0)
    assert isinstance(model(0.5), Value)
    assert model([0.5]).data == model(0.5).data == model((0.5,)).data
    model = nn.MLP(2, [4, 1, 3], rng=0)
    assert 3 == len(model([0.1, 0.2]))


def test_inputs_may_be_values_numbers_or_a_numpy_row() -> None:
    import numpy as np

    model = nn.MLP(2, [3, 1], rng=0)
    expected = model([0.5, -0.25]).data
    x = [Value(0.5), Value(-0.25)]
    y = model(x)
    y.backward()
    assert expected == y.data == model(np.array([0.5, -0.25])).data
    assert 0.0 != x[0].grad


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: nn.MLP(2, [3, 1])([1.0, 2.0, 3.0]), r"layer0, a Linear\(2 → 3, relu\), takes 2 inputs, but got 3"),
        (lambda: nn.MLP(2, [3, 1])(1.0), "takes 2 inputs, but got 1"),
        (lambda: nn.Linear(2, 1)([]), r"this layer, a Linear\(2 → 1\), takes 2 inputs, but got 0"),
        (lambda: nn.Neuron(2)([1.0]), "this neuron takes 2 inputs, but got 1"),
        (lambda: nn.Linear(0, 1), "Linear needs at least 1 as inputs, but got 0"),
        (lambda: nn.MLP(2, [3, 0]), "MLP needs at least 1 as a layer size, but got 0"),
        (lambda: nn.MLP(2, []), "at least one layer size"),
        (lambda: nn.MLP(2, 3), "a list with at least one layer size"),  # type: ignore[arg-type]
        (lambda: nn.MLP(2, [3, 3, 1], ["relu"]), "MLP has 2 hidden layers, but got 1 activations"),
        (lambda: nn.Linear(1, 1, "rleu"), "Linear has no activation 'rleu'; there are relu, sigmoid"),
        (lambda: nn.Neuron(2, "softmax"), "softmax is a function of a whole layer"),
    ],
)
def test_wrong_sizes_and_names_are_said(call: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()  # type: ignore[operator]


@pytest.mark.parametrize("bad", [2.0, True, "2", None])
def test_a_size_is_a_whole_number(bad: object) -> None:
    with pytest.raises(TypeError, match="needs a whole number as inputs"):
        nn.Linear(bad, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", ["ab", b"ab", {0.5, 1.0}, {0: 1.0, 1: 2.0}])
def test_a_text_or_a_set_is_no_example(bad: object) -> None:
    """A set has no order, a dict gives its keys, and a text its letters: none of them is a list of numbers."""
    with pytest.raises(TypeError, match="a list of numbers is needed"):
        nn.Linear(2, 1)(bad)


def test_activations_by_layer() -> None:
    """One for all hidden layers, or one for each, by name, function or module; the output's own."""
    model = nn.MLP(2, [3, 3, 2], ["tanh", nn.LeakyReLU(0.5)], "softmax", rng=0)
    assert ["tanh", "leaky_relu", "softmax"] == [layer.activation_name for layer in model.layers]
    assert math.isclose(1.0, sum(y.data for y in model([0.5, 0.3])))
    custom = nn.Linear(1, 1, lambda z: z * z, bias=False, init=nn.init.constant(3.0))
    assert 36.0 == custom(2.0).data


@pytest.mark.parametrize(
    ("module", "function"),
    [
        (nn.ReLU(), autograd.relu),
        (nn.Sigmoid(), autograd.sigmoid),
        (nn.Tanh(), autograd.tanh),
        (nn.Softplus(), autograd.softplus),
        (nn.GELU(), autograd.gelu),
        (nn.SiLU(), autograd.silu),
        (nn.Identity(), lambda x: x),
        (nn.LeakyReLU(), lambda x: autograd.leaky_relu(x, 0.01)),
        (nn.ELU(0.5), lambda x: autograd.elu(x, 0.5)),
    ],
    ids=lambda thing: type(thing).__name__,
)  # fmt: skip
def test_an_activation_module_is_its_function(module: nn.Activation, function: object) -> None:
    """Of one number, of each number of a list, and as a layer's activation."""
    for x in (-1.5, 0.0, 2.5):
        expected = function(x)  # type: ignore[operator]
        assert expected == module(Value(x)).data
        assert [expected, expected] == [y.data for y in module([Value(x), Value(x)])]
        layer = nn.Linear(1, 1, module, bias=False, init=nn.init.constant(1.0))
        assert expected == layer(x).data


def test_softmax_modules_take_the_whole_list() -> None:
    x = [Value(1.0), Value(2.0), Value(4.0)]
    assert [y.data for y in autograd.softmax(x)] == [y.data for y in nn.Softmax()(x)]
    assert [y.data for y in autograd.log_softmax(x)] == [y.data for y in nn.LogSoftmax()(x)]


def test_units_of_an_activation_module_have_scopes_of_their_own() -> None:
    model = nn.Sequential(nn.Linear(2, 2, rng=0), nn.ReLU())
    assert ["layer1/unit0", "layer1/unit1"] == [y.scope for y in model([1.0, 1.0])]
    assert 2 == len(model)
    assert [model[0], model[1]] == list(model)
    with pytest.raises(TypeError, match="Sequential needs modules, but got 3"):
        nn.Sequential(3)  # type: ignore[arg-type]


# Initialisers.


@pytest.mark.parametrize(
    ("init", "variance", "limit"),
    [
        (nn.init.xavier_uniform, 2 / 70, math.sqrt(6 / 70)),
        (nn.init.xavier_normal, 2 / 70, None),
        (nn.init.he_uniform, 2 / 50, math.sqrt(6 / 50)),
        (nn.init.he_normal, 2 / 50, None),
        (nn.init.uniform(-1.0, 1.0), 1 / 3, 1.0),
        (nn.init.gaussian(0.1), 0.01, None),
    ],
)
def test_weights_have_the_variance_of_their_source(init: nn.init.Initialiser, variance: float, limit: float | None) -> None:
    """Mean 0 and the paper's variance, within four standard errors of 20,000 draws; uniform ones within their limits."""
    rng = random.Random(5)
    draws = [init(50, 20, rng) for _ in range(20_000)]
    assert abs(fmean(draws)) < 4 * math.sqrt(variance / 20_000)
    assert abs(pvariance(draws) / variance - 1.0) < 4 * math.sqrt(2 / 20_000)
    if limit is not None:
        assert 0.99 * limit < max(map(abs, draws)) <= limit


def test_constant_initialisers() -> None:
    assert {0.0} == {w.data for w in nn.Linear(3, 3, init=nn.init.zeros).parameters()}
    assert [0.5, 0.5, 0.0] == [w.data for w in nn.Linear(2, 1, init=nn.init.constant(0.5)).parameters()]


def test_layers_start_from_what_suits_their_activation() -> None:
    rows = {name: nn.init.suited(name) for name in ("relu", "leaky_relu", "tanh", "sigmoid", "")}
    assert [nn.init.he_uniform] * 2 + [nn.init.xavier_uniform] * 3 == list(rows.values())


def test_the_same_seed_gives_the_same_bits_and_the_global_generator_rests() -> None:
    """A seed, or a generator of that seed: nothing is drawn from `random` itself. Without either, `random.seed` decides."""
    random.seed(3)
    state = random.getstate()
    one, two = nn.MLP(2, [5, 1], rng=11), nn.MLP(2, [5, 1], rng=random.Random(11))
    assert state == random.getstate()
    free = nn.MLP(2, [5, 1])
    assert one.state_dict() == two.state_dict() != free.state_dict() != nn.MLP(2, [5, 1]).state_dict()
    random.seed(3)
    assert free.state_dict() == nn.MLP(2, [5, 1]).state_dict()
    for bad in (True, 1.5, "7"):
        with pytest.raises(TypeError, match=r"rng needs a random\.Random, a whole number as seed, or None"):
            nn.MLP(1, [1], rng=bad)  # type: ignore[arg-type]


def test_micrograds_word_for_an_activation() -> None:
    """nonlin=True is a relu, nonlin=False none; not both words at once."""
    for kind, sizes in ((nn.Neuron, (2,)), (nn.Layer, (2, 3))):
        assert ["relu", "", ""] == [kind(*sizes, **word).activation_name for word in ({"nonlin": True}, {"nonlin": False}, {})]  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="activation= or nonlin=, but not both"):
            kind(*sizes, activation="tanh", nonlin=False)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.init.uniform(1.0, 0.0),
        lambda: nn.init.gaussian(-1.0),
        lambda: nn.init.constant(math.nan),
        lambda: nn.init.constant(math.inf),
    ],
)
def test_impossible_initialisers_are_refused(make: object) -> None:
    with pytest.raises(ValueError, match=r"(uniform|gaussian) needs|constant"):
        make()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("init", "says"),
    [
        ("he", "such as init=nn.init.he_uniform or init=nn.init.he_normal, but got 'he' of type str"),
        ("Xavier_Normal", "such as init=nn.init.xavier_normal, but got"),
        ("orthogonal", "such as init=nn.init.he_uniform or init=nn.init.constant"),
        ("", "such as init=nn.init.he_uniform or init=nn.init.constant"),
        (0.5, "but got 0.5 of type float"),
    ],
)
def test_an_initialiser_is_a_function(init: Any, says: str) -> None:
    """Its name is not enough, but the message knows what was meant."""
    for make in (nn.Neuron, lambda n, **more: nn.Linear(n, 2, **more), lambda n, **more: nn.MLP(n, [2, 1], **more)):
        with pytest.raises(TypeError, match=says):
            make(2, init=init)


def test_layer_normalisation_is_its_formula() -> None:
    """γ·(x - μ)/√(σ² + ε) + β, number by number as NumPy computes it; and its gradients, γ's and β's included, as differences find them."""
    np = pytest.importorskip("numpy")
    layer = nn.LayerNorm(4, eps=1e-3)
    numbers = [0.5, -1.0, 2.0, 0.1]
    for i, (gamma, beta) in enumerate(zip(layer.gamma, layer.beta, strict=True)):
        gamma.data, beta.data = 1.0 + 0.5 * i, 0.25 * i - 0.5
    x = np.array(numbers)
    expected = np.array([g.data for g in layer.gamma]) * (x - x.mean()) / np.sqrt(x.var() + 1e-3) + np.array([b.data for b in layer.beta])
    assert np.allclose(expected, [y.data for y in layer(numbers)], rtol=1e-14)
    assert [*layer.gamma, *layer.beta] == layer.parameters()
    assert ["gamma0", "gamma1"] == [name for name, _ in layer.named_parameters()][:2]

    def weighed(p: list[Any]) -> Any:
        inside = nn.LayerNorm(4, eps=1e-3)
        inside.gamma, inside.beta = p[4:8], p[8:]
        return sum((i + 1.0) * y * y for i, y in enumerate(inside(p[:4])))

    autograd.check_gradients(weighed, [*numbers, 1.0, 1.5, 0.5, 2.0, 0.0, 0.5, -0.5, 0.25]).require()


def test_layer_normalisation_at_its_edges() -> None:
    """Numbers that are all alike give β and finite gradients; without γ and β the mean is 0 and the variance 1; one size only."""
    layer = nn.LayerNorm(3)
    x = [Value(2.0) for _ in range(3)]
    y = layer(x)
    assert [0.0] * 3 == [yi.data for yi in y]
    sum(yi * w for yi, w in zip(y, (1.0, 2.0, 4.0), strict=True)).backward()
    assert all(math.isfinite(xi.grad) for xi in x)
    bare = nn.LayerNorm(3, eps=1e-12, affine=False)
    assert (0, "LayerNorm(3, no γ and β)") == (len(bare.parameters()), bare.summary())
    z = bare([1.0, 2.0, 6.0])
    assert 0.0 == pytest.approx(sum(z))
    assert 3.0 == pytest.approx(sum(zi * zi for zi in z))
    with pytest.raises(ValueError, match=r"a LayerNorm\(3\), takes 3 inputs, but got 2"):
        layer([1.0, 2.0])
    with pytest.raises(ValueError, match="eps > 0"):
        nn.LayerNorm(3, eps=0.0)


def test_layer_normalisation_is_packed() -> None:
    """Between two layers, over a batch: the engine's loss and gradients."""
    pytest.importorskip("numpy")
    model = nn.Sequential(nn.Linear(3, 4, "tanh", rng=0), nn.LayerNorm(4), nn.Linear(4, 2, rng=1))
    rows, wanted = [[0.1, 0.2, 0.3], [0.5, -0.2, 0.1], [0.9, 0.8, 0.7]], [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]
    loss = nn.squared_error([model(x) for x in rows], wanted)
    loss.backward()
    expected = [p.grad for p in model.parameters()]
    model.zero_grad()
    program = autograd.pack(lambda x, t: nn.squared_error(model(x), t), params=model)
    value = program.backward(rows, wanted)
    assert loss.data == pytest.approx(value, rel=1e-12)
    assert expected == pytest.approx([p.grad for p in model.parameters()], rel=1e-9, abs=1e-15)
