"""Layers of neurons. Each takes the numbers of one example and computes one Value per neuron, every step of it visible.

Wherever a list of numbers goes in, one number stands for a list of one; and where one number comes out it comes out as such, as
people know from micrograd: `MLP(2, [16, 1])([0.5, 0.3])` is a Value, `MLP(2, [16, 3])([0.5, 0.3])` a list of three.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from operator import mul
from random import Random
from typing import Any, ClassVar

from autograd import Value, given, mean, scope, sqrt, square, take
from autograd.numbers import as_float, as_operand, holds_many
from autograd.whole import Whole

from . import activations
from .init import Initialiser, checked, gaussian, generator, suited
from .module import Module, number

ActivationLike = str | Callable[[Any], Any] | None


class Neuron(Module):
    """y = f(w₀x₀ + w₁x₁ + … + b).

    inputs      how many numbers an example has, from 1 on
    w           the weights, a list of Values
    b           the bias, a Value; None with bias=False
    activation  f: a name such as "relu", a function of a Value, or None for the identity
    init, rng   where the weights start (see `init`); the bias starts at 0
    fan_out     how many neurons stand side by side, for initialisers that ask
    nonlin      micrograd's word: True for "relu", False for None. There it is True unless said; here a neuron is linear unless said, and
                `nn.micrograd` has micrograd's own defaults

    >>> from nn import init
    >>> Neuron(2, "relu", init=init.constant(0.5))([1.0, 3.0]).data
    2.0
    """

    kind: ClassVar[type[Value]] = Value
    """What its parameters are."""

    def __init__(
        self,
        inputs: int,
        activation: ActivationLike = None,
        *,
        bias: bool = True,
        init: Initialiser | None = None,
        rng: Random | int | None = None,
        fan_out: int = 1,
        nonlin: bool | None = None,
    ) -> None:
        inputs = size(inputs, "Neuron", "inputs")
        rng = generator(rng)
        activation = _micrograds(activation, nonlin, "Neuron")
        self.activation_name, self.activation = activations.find(activation, "Neuron")
        if self.activation_name in activations.WHOLE:
            raise ValueError(f"{self.activation_name} is a function of a whole layer, not of one neuron")
        start = suited(self.activation_name) if init is None else checked(init, "Neuron")
        fan_out = size(fan_out, "Neuron", "fan_out")
        weights = [as_float(start(inputs, fan_out, rng), "an init that returns a number", "Neuron") for _ in range(inputs)]
        self.w = [self.kind(weight) for weight in weights]
        self.b = self.kind(0.0) if given.flag(bias, "bias", "Neuron") else None

    def forward(self, x: Any) -> Value:
        """The neuron's output for x, one example's inputs."""
        x = as_list(x)
        w, b, activation = self.w, self.b, self.activation
        if len(x) != len(w):
            _refuse_rows(x)
            raise ValueError(f"{self._path or 'this neuron'} takes {len(w)} inputs, but got {len(x)}")
        try:
            z: Value = sum(map(mul, w, x), 0 if b is None else b)  # type: ignore[assignment] # from Python's 0 no node comes
        except TypeError:
            for item in x:
                as_operand(item, "numbers as inputs", self._path or "this neuron")
            raise
        if not isinstance(z, Value) and holds_many(z):
            raise one_at_a_time(f"an array of shape {x[0].shape} as an input" if hasattr(x[0], "shape") else "arrays as inputs")
        return z if activation is None else activation(z)

    def summary(self) -> str:
        """Its inputs and its activation."""
        return f"Neuron({_words(self.activation_name, str(len(self.w)), self.b is not None)})"


class Linear(Module):
    """A layer of neurons that all see the same inputs: y = f(Wx + b). Also called Layer.

    The weight from input i to neuron j is `neurons[j].w[i]`. The notes' matrices: with examples as columns, Z = W X + b, and
    W is `weights`, a row for each neuron; with examples as rows, the affine layer Y = X W + B, and W is its transpose.

    inputs      how many numbers an example has, from 1 on
    outputs     how many neurons there are, from 1 on
    activation  as for `Neuron`; also "softmax" and "log_softmax", which take all outputs together
    bias        whether the neurons have biases
    init, rng   where the weights start (see `init`); all neurons draw from one generator, in their order
    nonlin      as for `Neuron`

    >>> from nn import init
    >>> [y.data for y in Linear(2, 3, init=init.constant(0.5))([1.0, 3.0])]
    [2.0, 2.0, 2.0]
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        activation: ActivationLike = None,
        *,
        bias: bool = True,
        init: Initialiser | None = None,
        rng: Random | int | None = None,
        nonlin: bool | None = None,
    ) -> None:
        activation = _micrograds(activation, nonlin, "Linear")
        inputs, outputs = size(inputs, "Linear", "inputs"), size(outputs, "Linear", "outputs")
        rng = generator(rng)
        self.activation_name, function = activations.find(activation, "Linear")
        self._whole = function if self.activation_name in activations.WHOLE else None
        each = None if self._whole else activation
        self.neurons = [Neuron(inputs, each, bias=bias, init=init, rng=rng, fan_out=outputs) for _ in range(outputs)]

    @property
    def weights(self) -> list[list[Value]]:
        """W: a row for each neuron, a column for each input."""
        return [neuron.w for neuron in self.neurons]

    @property
    def biases(self) -> list[Value]:
        """b: one for each neuron; empty without biases."""
        return [neuron.b for neuron in self.neurons if neuron.b is not None]

    def forward(self, x: Any) -> Any:
        """The neurons' outputs for x, one example's inputs: a list, or a Value where there is one neuron."""
        x = as_list(x)
        if len(x) != len(self.neurons[0].w):
            _refuse_rows(x)
            raise ValueError(f"{self._path or 'this layer'}, a {self.summary()}, takes {len(self.neurons[0].w)} inputs, but got {len(x)}")
        y = [neuron(x) for neuron in self.neurons]
        if self._whole is not None:
            with scope(self.activation_name):
                y = self._whole(y)
        return y[0] if len(y) == 1 else y

    def summary(self) -> str:
        """Its inputs, its outputs and its activation."""
        neuron = self.neurons[0]
        return f"Linear({_words(self.activation_name, f'{len(neuron.w)} → {len(self.neurons)}', neuron.b is not None)})"

    def _shown(self) -> Iterator[tuple[str, Value | Module]]:
        return iter(())  # all neurons are alike: one line says it


Layer = Linear


class LayerNorm(Module):
    """Layer normalisation (Ba et al. 2016, arXiv:1607.06450): yᵢ = γᵢ·(xᵢ - μ)/√(σ² + ε) + βᵢ.

    μ and σ² are the mean and the variance, Σ(xᵢ - μ)²/n, of one example's numbers, so nothing depends on a batch, and training and use are
    the same. Every step of it is a node.

    size    n, how many numbers an example has here
    eps     ε, above 0: it keeps the gradient finite where all numbers are alike
    affine  whether there are γ, which starts at 1, and β, which starts at 0; without them y has mean 0 and variance 1

    >>> [round(y, 3) for y in LayerNorm(3, affine=False)([1.0, 2.0, 3.0])]
    [-1.225, 0.0, 1.225]
    """

    def __init__(self, size: int, eps: float = 1e-5, *, affine: bool = True) -> None:
        self.size = given.count(size, "size", "LayerNorm", 1, MOST)
        self.eps = number(eps, "LayerNorm's eps")
        if self.eps <= 0.0:
            raise ValueError(f"LayerNorm needs eps > 0, but got {eps}")
        affine = given.flag(affine, "affine", "LayerNorm")
        self.gamma = [Value(1.0) for _ in range(self.size)] if affine else []
        self.beta = [Value(0.0) for _ in range(self.size)] if affine else []

    def forward(self, x: Any) -> Any:
        """The normalised numbers of x, one example, as a list."""
        x = as_list(x)
        if len(x) != self.size:
            raise ValueError(f"{self._path or 'this layer'}, a {self.summary()}, takes {self.size} inputs, but got {len(x)}")
        mu = mean(x)
        centred = [xi - mu for xi in x]
        deviation = sqrt(mean([square(c) for c in centred]) + self.eps)
        y = [c / deviation for c in centred]
        if self.gamma:
            y = [gamma * yi + beta for gamma, yi, beta in zip(self.gamma, y, self.beta, strict=True)]
        return y

    def summary(self) -> str:
        """How many numbers it takes."""
        return f"LayerNorm({self.size}{'' if self.gamma else ', no γ and β'})"

    def _shown(self) -> Iterator[tuple[str, Value | Module]]:
        return iter(())


class Sequential(Module):
    """Modules, one after another: the output of each is the input of the next.

    layers   modules, or any functions of one thing; those that are modules have their parameters found

    >>> Sequential(LayerNorm(2, affine=False, eps=1e-12), lambda x: [round(xi, 6) for xi in x])([3.0, 5.0])
    [-1.0, 1.0]
    """

    def __init__(self, *layers: Callable[[Any], Any]) -> None:
        for layer in layers:
            given.function(layer, "Sequential", "modules")
        self.layers = list(layers)

    def forward(self, x: Any) -> Any:
        """The last module's output for x, one example's inputs."""
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, i: int) -> Any:
        try:
            return self.layers[i]
        except (IndexError, TypeError) as error:
            raise type(error)(f"Sequential has the layers 0 to {len(self) - 1}, but was asked for {given.shorten(i)}") from None

    def __iter__(self) -> Iterator[Any]:
        return iter(self.layers)


class MLP(Module):
    """A multi-layer perceptron: fully connected layers, relu after each but the last unless told otherwise.

    >>> model = MLP(2, [16, 16, 1], rng=0)
    >>> len(model.parameters())
    337
    >>> model([0.5, 0.3]).data == MLP(2, [16, 16, 1], rng=0)([0.5, 0.3]).data
    True

    inputs      how many numbers an example has
    outputs     how many neurons each layer has
    activation  of the hidden layers: one for all, or a list with one for each; a name, a function or None
    output      of the last layer
    bias        whether neurons have biases
    init, rng   where the weights start; `rng=7` and `rng=random.Random(7)` give the same weights every time
    """

    def __init__(
        self,
        inputs: int,
        outputs: Sequence[int],
        activation: ActivationLike | Sequence[ActivationLike] = "relu",
        output: ActivationLike = None,
        *,
        bias: bool = True,
        init: Initialiser | None = None,
        rng: Random | int | None = None,
    ) -> None:
        needs = "a list with at least one layer size, such as [16, 16, 1]"
        if isinstance(outputs, (str, int)):
            raise ValueError(f"MLP needs {needs}, but got {given.shorten(outputs)}")
        outputs = [size(n, "MLP", "a layer size") for n in given.items(outputs, needs, "MLP")]
        if not outputs:
            raise ValueError(f"MLP needs {needs}, but got an empty list")
        sizes = [size(inputs, "MLP", "inputs"), *outputs]
        hidden: list[Any] = list(activation) if isinstance(activation, (list, tuple)) else [activation] * (len(outputs) - 1)
        if len(hidden) != len(outputs) - 1:
            raise ValueError(f"MLP has {len(outputs) - 1} hidden layers, but got {len(hidden)} activations")
        rng = generator(rng)
        functions = [*hidden, output]
        self.layers = [
            Linear(n, m, function, bias=bias, init=init, rng=rng) for (n, m), function in zip(pairwise(sizes), functions, strict=True)
        ]

    def forward(self, x: Any) -> Any:
        """The last layer's output for x, one example's inputs: a list, or a Value where there is one."""
        for layer in self.layers:
            x = layer(x)
        return x

    def summary(self) -> str:
        """The sizes of its layers."""
        sizes = [len(self.layers[0].neurons[0].w), *(len(layer.neurons) for layer in self.layers)]
        return f"MLP({' → '.join(map(str, sizes))})"


class Embedding(Module):
    """A table of vectors that are learned: whole numbers from 0 to below `count` become rows of `outputs` numbers.

    A whole number gives its row, a list of them the list of their rows. Packed, one program serves all (see `autograd.take`).

    count      how many rows, from 1 on
    outputs    how many numbers each has, from 1 on
    init, rng  where the numbers start: Gaussian of deviation 1 unless said otherwise, as in PyTorch

    >>> from nn import init
    >>> [x.data for x in Embedding(10, 3, init=init.constant(0.5))(7)]
    [0.5, 0.5, 0.5]
    """

    def __init__(self, count: int, outputs: int, *, init: Initialiser | None = None, rng: Random | int | None = None) -> None:
        count, outputs = size(count, "Embedding", "count"), size(outputs, "Embedding", "outputs")
        rng = generator(rng)
        start = gaussian(1.0) if init is None else checked(init, "Embedding")
        self.rows = [[Value(number(start(count, outputs, rng), "Embedding's init")) for _ in range(outputs)] for _ in range(count)]

    def forward(self, x: Any) -> Any:
        """The row of x, a whole number; the rows of a list of them. IndexError: there is no such row."""
        if isinstance(x, (list, tuple)) or getattr(x, "ndim", None):
            return [self._row(each) for each in as_list(x)]
        return self._row(x)

    def _row(self, x: Any) -> Any:
        if given.is_bool(x) or not hasattr(x, "__index__") or isinstance(x, Iterable):
            raise given.wrong(self._path or "Embedding", "whole numbers", x)
        if not isinstance(x, Whole) and not 0 <= x < len(self.rows):
            raise IndexError(f"{self._path or 'Embedding'} has the rows 0 to {len(self.rows) - 1}, but got {given.shorten(x)}")
        return take(self.rows, x)

    def summary(self) -> str:
        """How many rows, of how many numbers."""
        return f"Embedding({len(self.rows)} × {len(self.rows[0])})"

    def _shown(self) -> Any:
        return iter(())


def as_list(x: Any) -> list[Any]:
    """The numbers of one example as a list; a single number as a list of one."""
    if isinstance(x, list):
        return x
    if isinstance(x, (str, bytes, dict, set)):
        raise TypeError(f"a list of numbers is needed as inputs, but got {given.shorten(x)} of type {type(x).__name__}")
    if hasattr(x, "__next__"):  # one by one, so that what never ends, and is no numbers, is refused
        return [as_operand(item, "numbers as inputs", "a layer") for item in x]
    if hasattr(x, "to_numpy"):  # a row of pandas', or a frame of one row
        x = x.to_numpy()
    axes = getattr(x, "ndim", None)
    if axes == 0:
        return [x[()]]
    if axes is not None and axes > 1:
        if max(x.shape) != x.size:
            raise one_at_a_time(f"an array of shape {x.shape}")
        x = x.ravel()  # one row, or one column
    return list(x) if hasattr(x, "__len__") else [x]


def _refuse_rows(x: list[Any]) -> None:
    if x and all(hasattr(row, "__len__") and not isinstance(row, str) for row in x):
        raise one_at_a_time(f"a list of {len(x)} lists as its inputs")


def one_at_a_time(what: str) -> ValueError:
    """The error for several examples where one is due."""
    return ValueError(f"a network takes one example at a time, but got {what}: write [model(x) for x in X], or pack it for a whole batch")


MOST = 10**8
"""Of whatever is counted here: each costs memory or time of its own, and more than that no machine has."""


def size(n: Any, asker: str, what: str) -> int:
    """n, if it is a whole number from 1 on."""
    return given.count(n, what, asker, 1, MOST)


def _micrograds(activation: ActivationLike, nonlin: bool | None, asker: str) -> ActivationLike:
    """The activation, where it may be said in micrograd's word."""
    if nonlin is None:
        return activation
    if activation is not None:
        raise TypeError(f"{asker} takes activation= or nonlin=, but not both")
    return "relu" if given.flag(nonlin, "nonlin", asker) else None


def _words(activation: str, sizes: str, bias: bool) -> str:
    return ", ".join([sizes, *([activation] if activation else []), *([] if bias else ["no bias"])])
