"""Module: names, parameters, state, and the tree it prints."""

from __future__ import annotations

from random import Random

import pytest

import nn
from autograd import NonFiniteError, Value


class Pair(nn.Module):
    """Two parameters of its own, a layer, a list of layers and a dict."""

    def __init__(self) -> None:
        self.first = nn.Linear(2, 2, rng=0)
        self.scale = Value(2.0)
        self.blocks = [nn.Linear(2, 1, rng=1), nn.Linear(2, 1, rng=2)]
        self.extra = {"a": Value(1.0, label="mine")}
        self._hidden = Value(9.0)
        self.result = self.scale * 3.0

    def forward(self, x: list[float]) -> Value:
        return self.blocks[0](self.first(x)) * self.scale


def test_parameters_stand_in_the_order_of_declaration_with_their_names() -> None:
    """Attributes, lists and dicts in turn; nothing private, and no node that was computed."""
    model = Pair()
    names = [name for name, _ in model.named_parameters()]
    assert [
        "first.neuron0.w0", "first.neuron0.w1", "first.neuron0.b", "first.neuron1.w0", "first.neuron1.w1", "first.neuron1.b",
        "scale", "block0.neuron0.w0", "block0.neuron0.w1", "block0.neuron0.b", "block1.neuron0.w0", "block1.neuron0.w1", "block1.neuron0.b",
        "extra.a",
    ] == names  # fmt: skip
    assert [parameter for _, parameter in model.named_parameters()] == model.parameters()


def test_labels_are_the_names_and_a_persons_own_label_stays() -> None:
    model = Pair()
    for name, parameter in model.named_parameters():
        assert ("mine" if name == "extra.a" else name) == parameter.label


def test_labels_grow_with_the_model_around_them() -> None:
    """A layer alone, in a network, in a network of networks; and anew where it is moved to."""
    layer = nn.Linear(2, 2)
    assert "neuron1.w0" == layer.neurons[1].w[0].label
    inner = nn.Sequential(nn.ReLU(), layer)
    assert "layer1.neuron1.w0" == layer.neurons[1].w[0].label
    outer = nn.Sequential(inner)
    assert "layer0.layer1.neuron1.w0" == layer.neurons[1].w[0].label
    assert "layer0/layer1/neuron1" == layer.neurons[1].w[0].scope
    moved = nn.Sequential(layer)
    assert "layer0.neuron1.w0" == layer.neurons[1].w[0].label
    assert "layer0/neuron1" == moved([1.0, 2.0])[1].scope
    assert 6 == len(outer.parameters())


def test_a_list_that_grew_gets_its_names_when_it_is_asked_for_them() -> None:
    class Grown(nn.Module):
        def __init__(self) -> None:
            self.layers: list[nn.Module] = []
            self.layers.append(nn.Linear(1, 1))

    assert ["layer0.neuron0.w0", "layer0.neuron0.b"] == [parameter.label for _, parameter in Grown().named_parameters()]


@pytest.mark.parametrize(
    ("attribute", "name"),
    [("layers", "layer0"), ("biases", "bias0"), ("bias", "bias0"), ("w", "w0"), ("w1", "w1_0"), ("heads2", "heads2_0")],
)
def test_one_of_several_is_named_after_all(attribute: str, name: str) -> None:
    model = nn.Module()
    setattr(model, attribute, [Value(1.0)])
    assert name == model.named_parameters()[0][0]


def test_tied_weights_are_one_parameter() -> None:
    """Tied Values and tied modules count once, under their first name."""
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    model[1].neurons[0].w = model[0].neurons[0].w
    assert 6 == len(model.parameters()) == len(model.state_dict())
    assert "layer0.neuron0.w0" in model.state_dict()
    assert "layer1.neuron0.w0" not in model.state_dict()
    layer = nn.Linear(2, 2)
    assert 6 == len(nn.Sequential(layer, layer).parameters())


def test_two_parameters_of_one_name_are_refused() -> None:
    model = nn.Module()
    model.layers = [Value(1.0)]
    model.layer0 = Value(2.0)
    with pytest.raises(ValueError, match="two parameters of Module are called 'layer0'"):
        model.named_parameters()


def test_a_module_that_holds_itself_is_refused() -> None:
    """It has no tree; a private attribute may point anywhere."""
    model, part = nn.Module(), nn.Module()
    model.part = part
    part._parent = model
    with pytest.raises(ValueError, match="cannot hold itself"):
        part.parent = model


def test_micrograds_way_of_writing_a_module_works() -> None:
    """No super().__init__, and a parameters() of one's own."""

    class Mine(nn.Module):
        def __init__(self) -> None:
            self.w = [Value(1.0), Value(2.0)]

        def __call__(self, x: float) -> Value:
            return self.w[0] * x + self.w[1]

        def parameters(self) -> list[Value]:
            return self.w

    model = Mine()
    model(3.0).backward()
    assert [3.0, 1.0] == [p.grad for p in model.parameters()]
    model.zero_grad()
    assert [0.0, 0.0] == [p.grad for p in model.parameters()]


def test_train_and_eval_reach_every_module() -> None:
    model = nn.Sequential(nn.Sequential(nn.ReLU()), nn.Linear(1, 1))
    assert all(module.training for module in model.modules())
    assert model is model.eval()
    assert not any(module.training for module in model.modules())
    assert all(module.training for module in model.train().modules())


def test_a_module_without_forward_says_so() -> None:
    with pytest.raises(NotImplementedError, match="Module has no forward"):
        nn.Module()(1.0)


def test_nodes_are_made_in_the_scope_of_their_neuron() -> None:
    """Every node of a network stands in layer and neuron, so that pictures fold; an outer scope stays outside."""
    model = nn.MLP(2, [3, 1], rng=0)
    y = model([0.5, 0.25])
    assert "layer1/neuron0" == y.scope
    scopes = set()
    todo = [y]
    while todo:
        node = todo.pop()
        scopes.add(node.scope)
        todo += node.parents
    assert {"layer0/neuron0", "layer0/neuron1", "layer0/neuron2", "layer1/neuron0"} == scopes


def test_state_goes_from_model_to_model() -> None:
    """The same numbers bit for bit, and the same output."""
    one, other = nn.MLP(2, [3, 1], rng=0), nn.MLP(2, [3, 1], rng=1)
    other.load_state_dict(one.state_dict())
    assert one.state_dict() == other.state_dict()
    assert one([0.1, 0.2]).data == other([0.1, 0.2]).data


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda state: state.pop("layer0.neuron0.w0"), ValueError, "12 numbers and MLP 13 parameters: 'layer0.neuron0.w0' missing"),
        (lambda state: state.update(more=1.0), ValueError, "14 numbers and MLP 13 parameters: 'more' not known here"),
        (lambda state: state.update({"layer1.neuron0.b": float("nan")}), NonFiniteError, "layer1.neuron0.b"),
        (lambda state: state.update({"layer1.neuron0.b": "1"}), TypeError, "layer1.neuron0.b"),
        (lambda state: state.update({"layer1.neuron0.b": True}), TypeError, "layer1.neuron0.b"),
        (lambda state: state.update({"layer1.neuron0.b": 10**400}), OverflowError, "layer1.neuron0.b"),
    ],
)  # fmt: skip
def test_a_wrong_state_changes_nothing(change: object, error: type[Exception], says: str) -> None:
    model = nn.MLP(2, [3, 1], rng=0)
    before = model.state_dict()
    state = dict.fromkeys(before, 7.0)
    change(state)  # type: ignore[operator]
    with pytest.raises(error, match=says):
        model.load_state_dict(state)
    assert before == model.state_dict()


def test_what_is_no_state_is_refused() -> None:
    with pytest.raises(TypeError, match=r"needs a dict of names and numbers, but got .* of type list"):
        nn.MLP(1, [1]).load_state_dict([1.0])  # type: ignore[arg-type]


def test_the_tree() -> None:
    model = nn.Sequential(nn.MLP(2, [16, 16, 1], rng=0), nn.LeakyReLU(0.2), nn.Linear(1, 3, "softmax", bias=False))
    assert (
        repr(model)
        == """\
Sequential()  340 parameters
├─ layer0: MLP(2 → 16 → 16 → 1)  337 parameters
│  ├─ layer0: Linear(2 → 16, relu)  48 parameters
│  ├─ layer1: Linear(16 → 16, relu)  272 parameters
│  └─ layer2: Linear(16 → 1)  17 parameters
├─ layer1: LeakyReLU(a=0.2)
└─ layer2: Linear(1 → 3, softmax, no bias)  3 parameters"""
    )
    assert "Neuron(2, relu)  3 parameters" == repr(nn.Neuron(2, "relu", rng=Random(0)))
