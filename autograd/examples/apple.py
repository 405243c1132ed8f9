"""Two apples at 100 each with 10 % consumption tax: the first computational graph."""

from __future__ import annotations

from ..typeset import number
from ..value import Value
from ..words import said
from .example import Example, Graph


def build(apple_price: float = 100.0, apple_count: float = 2.0, tax_rate: float = 1.1) -> Value:
    """price = (apple × count) × tax, as a graph."""
    apple = Value(apple_price, label="apple")
    count = Value(apple_count, label="count")
    tax = Value(tax_rate, label="tax")
    subtotal = apple * count
    subtotal.label = "subtotal"
    price = subtotal * tax
    price.label = "price"
    return price


def run() -> Example:
    """The example, computed."""
    graph = Graph("apple", said("apple.graph"), build())
    price, apple, count, tax = (graph[label] for label in ("price", "apple", "count", "tax"))
    dearer, higher = build(apple_price=101.0), build(tax_rate=1.2)
    return Example(
        "apple",
        said("apple.title"),
        [graph],
        [
            said("apple.price", slope=number(apple.grad), price=number(dearer.data)),
            said("apple.count", slope=number(count.grad)),
            said("apple.tax", slope=number(tax.grad), more=number(higher.data - price.data)),
            said("apple.product"),
        ],
        {"price with an apple at 101": dearer.data, "price with tax 1.2": higher.data},
    )
