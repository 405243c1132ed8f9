"""The node layout of microgpt, written anew: slots, a tuple of operands, a tuple of local derivatives.

It stands for the straightforward fast scalar engine: constants become nodes, a difference and a quotient are two nodes,
and nothing is checked. The order of the sweep is found without recursion, so that deep graphs work.
"""

from __future__ import annotations

import math
from typing import Any


class Value:
    """A number with its operands and its local derivatives."""

    __slots__ = ("data", "grad", "operands", "partials")

    def __init__(self, data: float, operands: tuple[Value, ...] = (), partials: tuple[float, ...] = ()) -> None:
        self.data = data
        self.grad = 0.0
        self.operands = operands
        self.partials = partials

    def __add__(self, other: Any) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, exponent: float) -> Value:
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def exp(self) -> Value:
        """e to the power of this."""
        z = math.exp(self.data)
        return Value(z, (self,), (z,))

    def log(self) -> Value:
        """The natural logarithm."""
        return Value(math.log(self.data), (self,), (1.0 / self.data,))

    def relu(self) -> Value:
        """max(this, 0)."""
        return Value(max(0.0, self.data), (self,), (float(self.data > 0.0),))

    def __neg__(self) -> Value:
        return self * -1.0

    def __sub__(self, other: Any) -> Any:
        return self + (-other)

    def __truediv__(self, other: Any) -> Any:
        return self * other**-1

    def __radd__(self, other: Any) -> Any:
        return self + other

    def __rmul__(self, other: Any) -> Any:
        return self * other

    def __rsub__(self, other: Any) -> Any:
        return other + (-self)

    def __rtruediv__(self, other: Any) -> Any:
        return other * self**-1

    def order(self) -> list[Value]:
        """Every node below this one and itself, operands first."""
        order: list[Value] = []
        seen: set[Value] = set()
        stack: list[Any] = [self]
        while stack:
            node = stack.pop()
            if node is None:  # all operands of the node below the mark are done
                order.append(stack.pop())
            elif node not in seen:
                seen.add(node)
                stack += (node, None)
                stack += node.operands
        return order

    def backward(self) -> None:
        """Add ∂self/∂node to the gradient of every node below."""
        order = self.order()
        self.grad = 1.0
        for node in reversed(order):
            upstream = node.grad
            for operand, partial in zip(node.operands, node.partials):  # noqa: B905 - made together, and strict costs time
                operand.grad += upstream * partial
