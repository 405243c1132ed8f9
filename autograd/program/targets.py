"""The same program in the words of PyTorch or JAX, on double precision. The sweep is ours, not theirs.

There a number that is not finite does not stop anything: what the engine refuses comes out as nan or infinite. The strong zero is kept,
with `where`. Arrays may stand for numbers; then everything happens number by number, the gradients too.
"""

from __future__ import annotations

from typing import Any

from .. import floats
from ..primitive import PRIMITIVES, Primitive
from .body import Body, Python
from .rules import OPERATORS, Term, is_among
from .source import Text, functions
from .tape import Tape
from .trace import TracingError

OWN = (
    "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh",
    "acosh", "atanh", "abs", "sign",
)  # fmt: skip
"""Rows that both libraries have under our name."""

WRITTEN = {
    "power": "def power(x, y):\n    return number(x) ** number(y)",
    "heaviside": "def heaviside(x):\n    return m.where(x > 0.0, number(1.0), number(0.0))",
    "above": "def above(x, y):\n    x, y = number(x), number(y)\n"
    "    return m.where(x > y, number(1.0), m.where(x < y, number(0.0), number(0.5)))",
    "maximum": "def maximum(x, y):\n    return m.where(number(x) >= number(y), number(x), number(y))",
    "minimum": "def minimum(x, y):\n    return m.where(number(x) <= number(y), number(x), number(y))",
    "hypot": "def hypot(x, y):\n    return m.hypot(number(x), number(y))",
    "atan2": "def atan2(y, x):\n    return m.atan2(number(y), number(x))",
    "rhypot": "def rhypot(x, y):\n    x, y = number(x), number(y)\n    h = m.hypot(x, y)\n"
    "    return m.where(h < float('inf'), 1.0 / h, 0.25 / m.hypot(x * 0.25, y * 0.25))",
    "sigmoid": "def sigmoid(x):\n    e = m.exp(-m.abs(x))\n    return m.where(x >= 0.0, 1.0 / (1.0 + e), e - e * (e / (1.0 + e)))",
    "log_sigmoid": "def log_sigmoid(x):\n    return m.where(x < 0.0, x, number(0.0)) - m.log1p(m.exp(-m.abs(x)))",
    "softplus": "def softplus(x):\n    return m.where(x > 0.0, x, number(0.0)) + m.log1p(m.exp(-m.abs(x)))",
    "sech": "def sech(x):\n    e = m.exp(-m.abs(x))\n    return 2.0 * e - 2.0 * e * (e * e / (1.0 + e * e))",
    "gaussian": "def gaussian(x):\n    h = m.floor(x * 4096.0 + 0.5) / 4096.0\n"
    "    return m.where(m.abs(x) > 28.0, number(0.0), m.exp(-h * h) * m.exp((h - x) * (x + h)))",
    "relu": "def relu(x):\n    return m.where(x > 0.0, x, number(0.0))",
    "leaky_relu": "def leaky_relu(x, a):\n    x = number(x)\n    return m.where(x > 0.0, x, a * x)",
    "elu": "def elu(x, a):\n    x = number(x)\n    return m.where(x > 0.0, x, a * m.expm1(x))",
    "stop_gradient": "def stop_gradient(x):\n    return x",
}
"""The other rows, in functions that both have. Their local derivatives are never asked for: the program has its own."""

HEADS = {
    "torch": [
        "import torch as m",
        "",
        "",
        "def number(x):",
        "    return m.as_tensor(x, dtype=m.float64)",
    ],
    "jax": [
        "import jax",
        "import jax.numpy as m",
        "from jax.scipy import special",
        "",
        'jax.config.update("jax_enable_x64", True)',
        "",
        "",
        "def number(x):",
        "    return m.asarray(x, dtype=m.float64)",
    ],
}


class Arrays(Python):
    """How PyTorch and JAX write an operation."""

    stops = False

    def __init__(self, special: str) -> None:
        super().__init__()
        self.special = special
        self.used: dict[str, None] = {}

    def row(self, op: Primitive, args: tuple[Any, ...]) -> Term | str:
        """The operation as plain arithmetic, or the name of the function to call."""
        if op.forward in OPERATORS:
            return Term(args, sign=OPERATORS[op.forward])
        if is_among(op, OWN):
            return f"m.{op.name}"
        if is_among(op, ("erf", "erfc")):
            return f"{self.special}.{op.name}"
        name = "power" if op.forward is floats.power else op.name
        if name not in WRITTEN or PRIMITIVES.get(op.name) is not op:
            raise TracingError(f"{op.name} is a row of your own, which has no form for arrays: only target='python' can have it")
        self.used[name] = None
        return name


def source(tape: Tape, passes: tuple[str, ...], target: str) -> tuple[str, dict[int, int]]:
    """The program for "torch" or "jax", and the node that each of its lines belongs to."""
    language = Arrays("m" if target == "torch" else "special")
    body = Body(tape, passes, language)
    text: Text = functions(body)
    lines = [f'"""A value and its gradients, by reverse-mode differentiation, for {target}. Generated."""', "", *HEADS[target], "", ""]
    if any("BranchError" in line for line in text.lines):
        lines += [
            "class BranchError(RuntimeError):",
            '    """A comparison comes out otherwise than where the program was recorded."""',
            "",
            "",
        ]
    for name in language.used:
        lines += [*WRITTEN[name].splitlines(), "", ""]
    return "\n".join([*lines, *text.lines, ""]), {line + len(lines): node for line, node in text.nodes.items()}
