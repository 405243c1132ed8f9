"""Two apples and three oranges with 10 % tax: an addition in the graph."""

from __future__ import annotations

from ..value import Value
from ..words import said
from .example import Example, Graph


def build() -> Value:
    """price = (apple × apple count + orange × orange count) × tax, as a graph."""
    apple, apple_count = Value(100.0, label="apple"), Value(2.0, label="apple count")
    orange, orange_count = Value(150.0, label="orange"), Value(3.0, label="orange count")
    tax = Value(1.1, label="tax")
    apples, oranges = apple * apple_count, orange * orange_count
    apples.label, oranges.label = "apples", "oranges"
    total = apples + oranges
    total.label = "sum"
    price = total * tax
    price.label = "price"
    return price


def run() -> Example:
    """The example, computed."""
    return Example(
        "fruit",
        said("fruit.title"),
        [Graph("fruit", said("fruit.graph"), build())],
        [said("fruit.addition")],
    )
