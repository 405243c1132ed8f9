"""The same program in the words of PyTorch or JAX, on double precision. The sweep is ours, not theirs.

There a number that is not finite does not stop anything: what the engine refuses comes out as nan or infinite. The strong zero is kept,
with `where`. Arrays may stand for numbers; then everything happens number by number, the gradients too.
"""

from __future__ import annotations

from typing import Any

from ..forms import Written
from ..primitive import PRIMITIVES, Primitive
from ..terms import OPERATORS, Term
from .body import Body, Python
from .source import Text, functions
from .syntax import Binary, Node, call, node
from .tape import Tape
from .trace import TracingError

HEADS = {
    "torch": [
        "from types import SimpleNamespace",
        "",
        "import torch as m",
        "",
        "special = SimpleNamespace(",
        "    erf=m.erf, erfc=m.erfc, lgamma=m.lgamma, digamma=m.digamma, psi=lambda x, n: m.special.polygamma(int(n), x)",
        ")",
        "",
        "",
        "def number(x):",
        "    return m.as_tensor(x, dtype=m.float64)",
    ],
    "jax": [
        "from types import SimpleNamespace",
        "",
        "import jax",
        "import jax.numpy as m",
        "from jax.scipy.special import digamma, erf, erfc, gammaln, polygamma",
        "",
        "special = SimpleNamespace(erf=erf, erfc=erfc, lgamma=gammaln, digamma=digamma, psi=lambda x, n: polygamma(n.astype(int), x))",
        'jax.config.update("jax_enable_x64", True)',
        "",
        "",
        "def number(x):",
        "    return m.asarray(x, dtype=m.float64)",
    ],
}


class Arrays(Python):
    """How an array library writes an operation: as arithmetic, as a call of its own function, or of a row that is written out."""

    stops = False

    def where_not_zero(self, upstream: Node, amount: Node) -> Node:
        """The amount, but 0 where the gradient is 0."""
        return call("m.where", Binary("!=", upstream, node(0.0)), amount, call("number", 0.0))

    def __init__(self, module: str, special: str) -> None:
        super().__init__()
        self.written = Written(module, special)

    def row(self, op: Primitive, args: tuple[Any, ...]) -> Term | str:
        """The operation as plain arithmetic, or the name of the function to call."""
        if op.forward in OPERATORS:
            return Term(args, sign=OPERATORS[op.forward])
        if op.arrays is None and len(op.operands) == 1 and self.written.has(op.name) and PRIMITIVES.get(op.name) is op:
            return self.written.function(op.name)
        name = self.written.add(op)
        if name is None:
            raise TracingError(f"{op.name} has no form on arrays, which this source needs: a row says one in its column `arrays`")
        return name


def source(tape: Tape, passes: tuple[str, ...], target: str) -> tuple[str, dict[int, int]]:
    """The program for "torch" or "jax", and the node that each of its lines belongs to."""
    language = Arrays("m", "special")
    body = Body(tape, passes, language)
    text: Text = functions(body)
    lines = [f'"""A value and its gradients, by reverse-mode differentiation, for {target}. Generated."""', "", *HEADS[target], "", ""]
    if "BranchError" in text.errors:
        lines += [
            "class BranchError(RuntimeError):",
            '    """A comparison comes out otherwise than where the program was recorded."""',
            "",
            "",
        ]
    for row in language.written.rows.values():
        lines += [*row.splitlines(), "", ""]
    return "\n".join([*lines, *text.lines, ""]), {line + len(lines): node for line, node in text.nodes.items()}
