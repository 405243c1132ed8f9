"""The forms in which a matrix product of the plan is an array operation: how it is computed, and what it hands back.

Its numbers are left (S, P, K) times right (S, Q, K), and the examples are one more axis, which comes last. Which form it has depends on
what differs from example to example: nothing, the right side (weights times inputs), or both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..program.syntax import Line, Name, Node, call
from .banks import Banks
from .fuse import Ints
from .grids import Product
from .sweep import squares


class Amount(NamedTuple):
    """What arrives at the gradients of the numbers at these addresses, in the shape of those.

    batched   whether there is one for each example
    bare      whether it has no first axis, which has the length 1
    """

    addresses: Ints
    amount: Node
    batched: bool
    bare: bool = False


class Multiplication:
    """A matrix product as it is written.

    shape   that of its result, and `place` its dot products in that order
    looks   whether a look at the result is needed, as the operation itself does not tell of numbers that are not finite: "never", "always",
            or when it is "large", since from then on it may be computed in threads, where what is told gets lost
    """

    looks = "large"

    def __init__(self, banks: Banks, product: Product, left: Name, right: Name, batched: bool) -> None:
        self.banks, self.product, self.left, self.right, self.batched = banks, product, left, right, batched
        self.s, self.p, self.q = product.place.shape
        self.k = product.left.shape[2]
        self.shape, self.place = self.layout(product.place)

    def layout(self, place: Ints) -> tuple[tuple[int, ...], Ints]:
        """The shape of the result, and the dot products in it."""
        return place.shape, place

    def view(self, view: Node) -> Name:
        """The name of a view."""
        return self.banks.derived(view)

    def one(self, array: Node) -> Node:
        """The array without its first axis where that has the length 1: one product is quicker as a product of plain matrices."""
        return array["0"] if self.s == 1 else array

    def only(self, array: Node) -> Name:
        """The same as the name of a view."""
        return self.view(self.one(array)) if self.s == 1 else self._named(array)

    def _named(self, array: Node) -> Name:
        return array if isinstance(array, Name) else self.view(array)

    def forward(self, target: Name) -> Line:
        """Compute it into the target."""
        raise NotImplementedError

    def backward(self, g: Name) -> Iterator[Amount]:
        """What arrives at its factors, given its gradient. Only what is asked for is named."""
        raise NotImplementedError

    def wants(self, addresses: Ints) -> bool:
        """Whether a gradient goes there."""
        return bool(self.banks.carrying[addresses].any())


class Numbers(Multiplication):
    """Products of two numbers each."""

    looks = "never"

    def layout(self, place: Ints) -> tuple[tuple[int, ...], Ints]:
        """Its layout."""
        return (place.shape, place) if self.batched else (place.shape[:1], place[:, 0, 0])

    def forward(self, target: Name) -> Line:
        """Compute it."""
        left, right = (self.view(side[":, 0, 0"]) for side in (self.left, self.right))
        return call("multiply", left, right, self.view(target[":, 0, 0"]) if self.batched else target)

    def backward(self, g: Name) -> Iterator[Amount]:
        """What its factors get."""
        g = self.view(g[":, 0, 0"]) if self.batched else g
        for addresses, other in ((self.product.left, self.right), (self.product.right, self.left)):
            yield Amount(addresses[:, 0, 0], g * self.view(other[":, 0, 0"]), self.batched)


class Dots(Multiplication):
    """Dot products that share nothing, the same for all examples."""

    def layout(self, place: Ints) -> tuple[tuple[int, ...], Ints]:
        """Its layout."""
        return place.shape[:1], place[:, 0, 0]

    def _rows(self) -> Iterator[Name]:
        for side in (self.left, self.right):
            yield self.view(side.method("reshape", self.s, self.k))

    def forward(self, target: Name) -> Line:
        """Compute it."""
        return call("vecdot", *self._rows(), target)

    def backward(self, g: Name) -> Iterator[Amount]:
        """What its factors get."""
        wide = self.view(g[":, None"])
        left, right = self._rows()
        if squares(self.product):
            yield Amount(self.product.left[:, 0], 2.0 * wide * right, self.batched)
            return
        yield Amount(self.product.left[:, 0], wide * right, self.batched)
        yield Amount(self.product.right[:, 0], wide * left, self.batched)


class Plain(Multiplication):
    """Matrix products that are the same for all examples."""

    def forward(self, target: Name) -> Line:
        """Compute it."""
        return call("matmul", self.only(self.left), self.only(self.right.method("swapaxes", 1, 2)), self.only(target))

    def backward(self, g: Name) -> Iterator[Amount]:
        """What its factors get."""
        upstream, right, left = self.only(g), self.only(self.right), self.only(self.left)
        turned = self.only(g.method("swapaxes", 1, 2))
        if self.wants(self.product.left):
            yield Amount(self.product.left, call("matmul", upstream, right, direct=True), False, self.s == 1)
        if self.wants(self.product.right):
            yield Amount(self.product.right, call("matmul", turned, left, direct=True), self.batched, self.s == 1)


class Layer(Multiplication):
    """A matrix that is the same for all examples, times a vector for each: the examples are columns."""

    def layout(self, place: Ints) -> tuple[tuple[int, ...], Ints]:
        """Its layout."""
        return place.shape[:2], place[:, :, 0]

    def forward(self, target: Name) -> Line:
        """Compute it."""
        return call("matmul", self.only(self.left), self.view(self.one(self.right[":, 0"])), self.only(target))

    def backward(self, g: Name) -> Iterator[Amount]:
        """What its factors get."""
        upstream = self.only(g)
        turned = self.view(self.one(self.right[":, 0"]).method("swapaxes", -1, -2))
        left = self.view(self.one(self.left).method("swapaxes", -1, -2))
        if self.wants(self.product.left):
            yield Amount(self.product.left, call("matmul", upstream, turned, direct=True), False, self.s == 1)
        if self.wants(self.product.right):
            yield Amount(self.product.right[:, 0], call("matmul", left, upstream, direct=True), self.batched, self.s == 1)


class Layers(Multiplication):
    """A matrix that is the same for all examples, times a matrix for each."""

    def layout(self, place: Ints) -> tuple[tuple[int, ...], Ints]:
        """Its layout."""
        turned = place.transpose(0, 2, 1)
        return turned.shape, turned

    def forward(self, target: Name) -> Line:
        """Compute it."""
        return call("matmul", self.view(self.left[":, None"]), self.right, target)

    def backward(self, g: Name) -> Iterator[Amount]:
        """What its factors get."""
        turned = self.view(self.right.method("swapaxes", 2, 3))
        left = self.view(self.left[":, None"].method("swapaxes", 2, 3))
        if self.wants(self.product.left):
            yield Amount(self.product.left, call("add.reduce", call("matmul", g, turned), 1), False)
        if self.wants(self.product.right):
            yield Amount(self.product.right, call("matmul", left, g), self.batched)


class Both(Multiplication):
    """Both sides differ from example to example."""

    looks = "always"  # einsum never tells

    def forward(self, target: Name) -> Line:
        """Compute it."""
        if self.p == self.q == 1:
            left, right = (self.view(side[":, 0"]) for side in (self.left, self.right))
            return call("einsum", "'skb,skb->sb'", left, right, out=self.view(target[":, 0, 0"]))
        return call("einsum", "'spkb,sqkb->spqb'", self.left, self.right, out=target)

    def backward(self, g: Name) -> Iterator[Amount]:
        """What its factors get."""
        to_left, to_right = call("einsum", "'spqb,sqkb->spkb'", g, self.right), call("einsum", "'spqb,spkb->sqkb'", g, self.left)
        if self.wants(self.product.left):
            yield Amount(self.product.left, g * self.right if self.q == 1 else to_left, True)
        if self.wants(self.product.right):
            yield Amount(self.product.right, self.view(g.method("swapaxes", 1, 2)) * self.left if self.p == 1 else to_right, True)


def multiplication_of(banks: Banks, product: Product, left: Name, right: Name, batched: bool, differ: tuple[bool, bool]) -> Multiplication:
    """The form of a product of which these sides differ from example to example."""
    _, p, q = product.place.shape
    only_right = differ == (False, True)
    if p == q == product.left.shape[2] == 1 and not only_right:
        form: type[Multiplication] = Numbers
    elif differ[0]:
        form = Both
    elif only_right:
        form = Layer if q == 1 else Layers
    else:
        form = Dots if p == q == 1 else Plain
    return form(banks, product, left, right, batched)
