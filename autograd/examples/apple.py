"""Two apples at 100 each with 10 % consumption tax: the first computational graph."""

from __future__ import annotations

from ..typeset import number
from ..value import Value
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
    graph = Graph("apple", "price = (apple × count) × tax", build())
    price, apple, count, tax = (graph[label] for label in ("price", "apple", "count", "tax"))
    dearer, higher = build(apple_price=101.0), build(tax_rate=1.2)
    return Example(
        "apple",
        "Two apples at 100 each, 10 % tax",
        [graph],
        [
            f"One more unit of the apple's price costs {number(apple.grad)} more: an apple at 101 makes {number(dearer.data)}.",
            f"One more apple costs {number(count.grad)} more.",
            f"A tax of 1.2 instead of 1.1 costs {number(tax.grad)} × 0.1 = {number(higher.data - price.data)} more.",
            "A product hands each operand the other operand's value times what came from upstream.",
        ],
        {"price with an apple at 101": dearer.data, "price with tax 1.2": higher.data},
    )
