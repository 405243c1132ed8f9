"""The same training in PyTorch, step by step: losses and parameters agree to rounding. Skipped where PyTorch is not installed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

import nn

np = pytest.importorskip("numpy")
torch = pytest.importorskip("torch")

draw = Random(0)
X = [[draw.gauss(0.0, 1.0) for _ in range(4)] for _ in range(12)]
Y = [[draw.gauss(0.0, 1.0) for _ in range(3)] for _ in range(12)]
CLASSES = [i % 3 for i in range(12)]
SOFT = [[0.2, 0.3, 0.5], [0.0, 1.0, 0.0], [0.1, 0.1, 0.8]] * 4
SIDES = [[float((i + k) % 2) for k in range(3)] for i in range(12)]
TIGHT: dict[str, Any] = {"rel": 1e-12, "abs": 1e-13}


def tensor(x: Any) -> Any:
    return torch.tensor(x, dtype=torch.long if isinstance(x[0], int) else torch.float64)


def twins(activation: str, seed: int = 0) -> tuple[nn.MLP, Any]:
    """A network here, and one of the same numbers there."""
    model = nn.MLP(4, [5, 3], activation, rng=seed)
    there = {
        "tanh": torch.nn.Tanh, "relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid, "gelu": torch.nn.GELU, "silu": torch.nn.SiLU,
        "softplus": torch.nn.Softplus, "elu": torch.nn.ELU, "leaky_relu": torch.nn.LeakyReLU,
        "gelu_tanh": lambda: torch.nn.GELU(approximate="tanh"), "log_sigmoid": torch.nn.LogSigmoid,
    }[activation]  # fmt: skip
    other = torch.nn.Sequential(torch.nn.Linear(4, 5), there(), torch.nn.Linear(5, 3)).double()
    with torch.no_grad():
        for here, layer in zip(model.layers, (other[0], other[2]), strict=True):
            layer.weight.copy_(tensor([[w.data for w in row] for row in here.weights]))
            layer.bias.copy_(tensor([b.data for b in here.biases]))
    return model, other


def numbers_of(other: Any) -> list[float]:
    """The parameters there in the order in which they are here: each neuron's weights, then its bias."""
    found: list[float] = []
    for layer in (other[0], other[2]):
        for row, bias in zip(layer.weight.tolist(), layer.bias.tolist(), strict=True):
            found += [*row, bias]
    return found


def compare(
    activation: str = "tanh", *, optimiser: Any = None, there: Any = None, loss: Any = nn.squared_error, their: Any = None, t: Any = Y,
    tell: Callable[[Any], None] = lambda other: None, **options: Any,
) -> None:  # fmt: skip
    """Six steps of both on the whole set, plain and packed."""
    their = torch.nn.MSELoss() if their is None else their
    for packed in (False, True):
        model, other = twins(activation)
        mine = nn.SGD(model.parameters(), lr=0.1) if optimiser is None else optimiser(model.parameters())
        yours = torch.optim.SGD(other.parameters(), lr=0.1) if there is None else there(other.parameters())
        history = nn.fit(model, X, t, loss, mine, epochs=6, rng=None, pack=packed, **options)
        losses = []
        for _ in range(6):
            yours.zero_grad()
            value = their(other(tensor(X)), tensor(t))
            value.backward()
            tell(other)
            yours.step()
            losses.append(value.item())
        assert history.losses == pytest.approx(losses, **TIGHT)
        assert [p.data for p in model.parameters()] == pytest.approx(numbers_of(other), **TIGHT)


@pytest.mark.parametrize(
    "activation", ["tanh", "relu", "sigmoid", "gelu", "gelu_tanh", "silu", "softplus", "elu", "leaky_relu", "log_sigmoid"]
)
def test_activations(activation: str) -> None:
    """`softplus` there turns straight at 20, beyond what is met here."""
    compare(activation)


OPTIMISERS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "SGD": (lambda p: nn.SGD(p, lr=0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
    "momentum": (lambda p: nn.SGD(p, 0.1, momentum=0.9), lambda p: torch.optim.SGD(p, 0.1, momentum=0.9)),
    "dampening": (lambda p: nn.SGD(p, 0.1, momentum=0.9, dampening=0.3), lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, dampening=0.3)),
    "nesterov": (lambda p: nn.SGD(p, 0.1, momentum=0.9, nesterov=True), lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, nesterov=True)),
    "decay": (lambda p: nn.SGD(p, 0.1, momentum=0.5, weight_decay=0.1), lambda p: torch.optim.SGD(p, 0.1, momentum=0.5, weight_decay=0.1)),
    "AdaGrad": (lambda p: nn.AdaGrad(p, lr=0.1), lambda p: torch.optim.Adagrad(p, lr=0.1)),
    "RMSProp": (lambda p: nn.RMSProp(p, lr=0.01, alpha=0.9), lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9)),
    "RMSProp, momentum": (lambda p: nn.RMSProp(p, 0.01, momentum=0.9), lambda p: torch.optim.RMSprop(p, 0.01, momentum=0.9)),
    "RMSProp, centered": (lambda p: nn.RMSProp(p, 0.01, centered=True), lambda p: torch.optim.RMSprop(p, 0.01, centered=True)),
    "RMSProp, both": (
        lambda p: nn.RMSProp(p, 0.01, momentum=0.5, centered=True, weight_decay=0.1),
        lambda p: torch.optim.RMSprop(p, 0.01, momentum=0.5, centered=True, weight_decay=0.1),
    ),
    "Adam": (lambda p: nn.Adam(p, lr=0.01, weight_decay=0.1), lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.1)),
    "AMSGrad": (lambda p: nn.Adam(p, 0.05, amsgrad=True), lambda p: torch.optim.Adam(p, 0.05, amsgrad=True)),
    "AdamW": (lambda p: nn.AdamW(p, lr=0.01), lambda p: torch.optim.AdamW(p, lr=0.01)),
    "AdamW, AMSGrad": (lambda p: nn.AdamW(p, 0.05, amsgrad=True), lambda p: torch.optim.AdamW(p, 0.05, amsgrad=True)),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_optimisers(name: str) -> None:
    optimiser, there = OPTIMISERS[name]
    compare(optimiser=optimiser, there=there)


def split(p: Any, first: dict[str, Any], second: dict[str, Any]) -> list[dict[str, Any]]:
    """The first layer's parameters as one group and the second's as another, of numbers here or of tensors there."""
    parameters = [*p]
    at = 25 if len(parameters) > 4 else 2
    return [{"params": parameters[:at], **first}, {"params": parameters[at:], **second}]


GROUPS: dict[str, tuple[str, str, dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "rates": ("SGD", "SGD", {"lr": 0.1}, {}, {"lr": 0.02, "momentum": 0.9}),
    "momentum in one": ("SGD", "SGD", {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}, {"lr": 0.2}, {"lr": 0.1}),
    "momentum in the other": ("SGD", "SGD", {}, {"momentum": 0.9, "nesterov": True}, {"lr": 0.1}),
    "none in one": ("SGD", "SGD", {"momentum": 0.0}, {}, {"lr": 0.1, "momentum": 0.5}),
    "AdaGrad": ("AdaGrad", "Adagrad", {"eps": 1e-3}, {"lr": 0.05, "weight_decay": 0.1}, {"lr": 0.1}),
    "RMSProp": ("RMSProp", "RMSprop", {"alpha": 0.9, "centered": True}, {"momentum": 0.5}, {"lr": 0.01}),
    "Adam": ("Adam", "Adam", {"lr": 0.1}, {"weight_decay": 0.01, "betas": (0.8, 0.9)}, {"lr": 0.01}),
    "AMSGrad in one": ("Adam", "Adam", {"eps": 1e-3}, {"amsgrad": True, "lr": 0.05}, {"lr": 0.02, "betas": (0.5, 0.99)}),
    "AdamW": ("AdamW", "AdamW", {"weight_decay": 0.0}, {"lr": 0.1}, {"lr": 0.01}),
}


@pytest.mark.parametrize("name", GROUPS)
def test_groups(name: str) -> None:
    """Two groups with options of their own; the other options are those of the constructor."""
    here, there, first, second, usual = GROUPS[name]
    compare(
        optimiser=lambda p: getattr(nn, here)(split(p, first, second), **usual),
        there=lambda p: getattr(torch.optim, there)(split(p, first, second), **usual),
    )


def test_schedules_of_groups() -> None:
    """A schedule a group is LambdaLR there, with a function a group."""

    def scheduled(p: Any) -> Any:
        optimiser = torch.optim.Adam(split(p, {"lr": 1.0}, {"lr": 1.0}))
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimiser, [lambda t: 0.1 * 0.5**t, lambda t: 0.02 / (1 + t)])
        optimiser.register_step_post_hook(lambda *_: scheduler.step())
        return optimiser

    compare(
        optimiser=lambda p: nn.Adam(split(p, {"lr": nn.exponential_decay(0.1, 0.5)}, {"lr": lambda t: 0.02 / (1 + t)})),
        there=scheduled,
    )


def test_clipping_is_over_all_groups() -> None:
    def by_norm(other: Any) -> None:
        norm = torch.sqrt(sum((p.grad**2).sum() for p in other.parameters()))
        for p in other.parameters():
            p.grad *= torch.clamp(0.1 / norm, max=1.0)

    first, second = {"lr": 0.5}, {"momentum": 0.9}
    compare(
        optimiser=lambda p: nn.SGD(split(p, first, second), lr=0.1),
        there=lambda p: torch.optim.SGD(split(p, first, second), lr=0.1),
        clip_norm=0.1,
        tell=by_norm,
    )


LOSSES: dict[str, tuple[Any, Any, Any]] = {
    "squared error": (nn.squared_error, torch.nn.MSELoss(), Y),
    "absolute error": (nn.absolute_error, torch.nn.L1Loss(), Y),
    "huber": (nn.huber, torch.nn.HuberLoss(), Y),
    "cross-entropy of classes": (nn.cross_entropy, torch.nn.CrossEntropyLoss(), CLASSES),
    "cross-entropy of probabilities": (nn.cross_entropy, torch.nn.CrossEntropyLoss(), SOFT),
    "logits": (nn.binary_cross_entropy_with_logits, torch.nn.BCEWithLogitsLoss(), SIDES),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name: str) -> None:
    loss, their, t = LOSSES[name]
    compare(loss=loss, their=their, t=t)


def test_clipping() -> None:
    """By the value it is the same; by the norm PyTorch divides by the norm + 1e-6, which is undone here."""
    compare(clip_value=0.05, tell=lambda other: torch.nn.utils.clip_grad_value_(other.parameters(), 0.05))

    def by_norm(other: Any) -> None:
        norm = torch.sqrt(sum((p.grad**2).sum() for p in other.parameters()))
        for p in other.parameters():
            p.grad *= torch.clamp(0.1 / norm, max=1.0)

    compare(clip_norm=0.1, tell=by_norm)


def test_weights_of_classes() -> None:
    """PyTorch divides by the sum of the weights of the batch, here by the number of examples: so much for the factor."""
    weights = [1.0, 2.0, 0.5]
    share = sum(weights[c] for c in CLASSES) / len(CLASSES)
    theirs = torch.nn.CrossEntropyLoss(weight=tensor(weights))
    compare(loss=nn.cross_entropy, their=lambda z, t: share * theirs(z, t), t=CLASSES, class_weight=weights)
