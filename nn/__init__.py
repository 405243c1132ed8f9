"""Stands on the `autograd` of this distribution, and refuses another package of that name.

Networks of Values that learn: modules, losses, initialisers, optimisers, data, training, saving, and a doctor.

    from nn import MLP, SGD, accuracy, binary_cross_entropy_with_logits, fit, moons

    X, t = moons(100)
    model = MLP(2, [16, 16, 1], rng=0)
    history = fit(model, X, t, binary_cross_entropy_with_logits, SGD(model.parameters(), lr=0.1), epochs=50, batch_size=10)

The standard library is enough, except for plots (extra `plots`), scikit-learn's digits (`data`) and progress bars (`train`).
"""

import autograd as _autograd

if not hasattr(_autograd, "PRIMITIVES"):
    _where = getattr(_autograd, "__file__", None) or next(iter(getattr(_autograd, "__path__", ["an unknown place"])))
    raise ImportError(
        "nn needs the autograd that comes with glassgrad, but `import autograd` found another package, or what is left of this one, at"
        f" {_where}. Remedy: pip uninstall autograd glassgrad, then pip install glassgrad; or use an environment of its own."
    )

from . import init
from .activations import ELU, GELU, Activation, Identity, LeakyReLU, LogSoftmax, ReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh
from .data import Images, circles, digits, minibatches, mnist, moons, one_hot, read_idx, spiral, split, xor
from .doctor import diagnose
from .dropout import Dropout, Noise
from .judging import accuracy, confusion, evaluate, predict
from .layers import MLP, Embedding, Layer, LayerNorm, Linear, Neuron, Sequential
from .losses import (
    absolute_error,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    cross_entropy_from_probabilities,
    half_squared_error,
    hinge,
    huber,
    max_margin,
    squared_error,
)
from .module import Module
from .optim import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    Optimiser,
    RMSProp,
    clip_grad_norm,
    clip_grad_value,
    constant_rate,
    cosine_decay,
    exponential_decay,
    linear_decay,
    step_decay,
    warm_up,
)
from .save import SavedModelError, load_model, save_model
from .train import Epoch, History, fit

__all__ = [
    "ELU",
    "GELU",
    "MLP",
    "SGD",
    "Activation",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Dropout",
    "Embedding",
    "Epoch",
    "History",
    "Identity",
    "Images",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "Module",
    "Neuron",
    "Noise",
    "Optimiser",
    "RMSProp",
    "ReLU",
    "SavedModelError",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "absolute_error",
    "accuracy",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "circles",
    "clip_grad_norm",
    "clip_grad_value",
    "confusion",
    "constant_rate",
    "cosine_decay",
    "cross_entropy",
    "cross_entropy_from_probabilities",
    "diagnose",
    "digits",
    "evaluate",
    "exponential_decay",
    "fit",
    "half_squared_error",
    "hinge",
    "huber",
    "init",
    "linear_decay",
    "load_model",
    "max_margin",
    "minibatches",
    "mnist",
    "moons",
    "one_hot",
    "predict",
    "read_idx",
    "save_model",
    "spiral",
    "split",
    "squared_error",
    "step_decay",
    "warm_up",
    "xor",
]
