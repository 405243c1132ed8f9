"""The chain rule in one line, and the three gates every chain is built of."""

from __future__ import annotations

from ..ops import relu
from ..typeset import number
from ..value import Value
from .example import Example, Graph

UPSTREAM = 1.3
"""The gradient that reaches each of the gates."""


def animals() -> Value:
    """A cheetah is 2 times as fast as a lion, a lion 2 times as fast as a bear, a bear 1.5 times as fast as a person."""
    person = Value(1.0, label="person")
    bear = 1.5 * person
    lion = 2.0 * bear
    cheetah = 2.0 * lion
    bear.label, lion.label, cheetah.label = "bear", "lion", "cheetah"
    return cheetah


def square_of_sum() -> Value:
    """z = t², t = x + y."""
    x, y = Value(3.0, label="x"), Value(1.0, label="y")
    t = x + y
    z = t**2
    t.label, z.label = "t", "z"
    return z


def gates() -> list[Graph]:
    """An addition, a product and a relu at either side of 0, each with the same gradient from upstream."""
    ten, five = Value(10.0, label="x"), Value(5.0, label="y")
    total = ten + five
    total.label = "sum"
    other_ten, other_five = Value(10.0, label="x"), Value(5.0, label="y")
    product = other_ten * other_five
    product.label = "product"
    switched_on, switched_off = relu(Value(2.0, label="x")), relu(Value(-2.0, label="x"))
    switched_on.label = switched_off.label = "relu(x)"
    return [
        Graph("addition", f"Addition: hands {UPSTREAM} to both operands", total, UPSTREAM),
        Graph("product", f"Product: hands {UPSTREAM} × the other operand to each", product, UPSTREAM),
        Graph("relu_on", f"Relu at 2: hands {UPSTREAM} on", switched_on, UPSTREAM),
        Graph("relu_off", "Relu at −2: hands 0 on", switched_off, UPSTREAM),
    ]


def run() -> Example:
    """The example, computed."""
    chain = Graph("animals", "cheetah = 2 · lion, lion = 2 · bear, bear = 1.5 · person", animals())
    square = Graph("square_of_sum", "z = t², t = x + y", square_of_sum())
    return Example(
        "chain",
        "The chain rule in one line, and three gates",
        [chain, square, *gates()],
        [
            f"∂cheetah/∂person = 2 · 2 · 1.5 = {number(chain['person'].grad)}: along a chain, local derivatives multiply.",
            f"∂z/∂x = ∂z/∂t · ∂t/∂x = 2t · 1 = 2(x + y) = {number(square['x'].grad)}.",
            "An addition passes the upstream gradient on, a product swaps the operands' values into it, a relu is a switch.",
        ],
    )
