"""The chain rule in one line, and the three gates every chain is built of."""

from __future__ import annotations

from ..ops import relu
from ..typeset import number
from ..value import Value
from ..words import said
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
        Graph("addition", said("chain.addition", u=UPSTREAM), total, UPSTREAM),
        Graph("product", said("chain.product", u=UPSTREAM), product, UPSTREAM),
        Graph("relu_on", said("chain.on", u=UPSTREAM), switched_on, UPSTREAM),
        Graph("relu_off", said("chain.off"), switched_off, UPSTREAM),
    ]


def run() -> Example:
    """The example, computed."""
    chain = Graph("animals", said("chain.animals"), animals())
    square = Graph("square_of_sum", said("chain.square"), square_of_sum())
    return Example(
        "chain",
        said("chain.title"),
        [chain, square, *gates()],
        [
            said("chain.multiply", slope=number(chain["person"].grad)),
            said("chain.rule", slope=number(square["x"].grad)),
            said("chain.gates"),
        ],
    )
