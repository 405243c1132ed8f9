"""The way back of a program for people: our own sweep over the groups. No array is written to after it is made."""

from __future__ import annotations

import numpy as np

from ..program.syntax import Binary, Name, Node, node
from .forwards import Contraction, Forward
from .fuse import SUM, Ints
from .plan import Group
from .reading import Operand
from .sources import Source, whole
from .spelling import Shape, added, contracted, tuple_of
from .sweep import local


class Backward(Forward):
    """Writes the sweep."""

    def sweep(self, seed: Node | None) -> None:
        """Every statement, given the gradient at the output."""
        self.known: set[str] = set()  # the gradients of those parts of the parameters that there are
        if seed is not None:
            made = self.of.get(self.plan.output)
            output = np.full(made.shape if made and made.batched else (), self.plan.output)
            self.give(output, seed, self.plan.output >= self.plan.same)
        for group in reversed(self.plan.groups):
            gradient = self.arrived(self.of[group.start]) if group.carries else None
            if gradient is not None:
                (self._sum_back if group.kind == SUM else self._single_back)(group, self.of[group.start], gradient)

    def give(self, addresses: Ints, amount: Node, batched: bool) -> None:
        """Let an amount arrive at the gradients by these numbers; it has their shape, and is for each example if it is batched."""
        if not self.carrying[addresses].any():
            return
        which, found = self.sections_of(addresses)
        source = self.sections[found[0]][1]
        if len(found) == 1 and source is not None:
            places = addresses - source.start
            if source.leaf and not source.batched:
                name = "g" + self.piece(source, places, "p")
                if name in self.known:
                    self.write(name, added([Name(name), amount]))
                    return
                self.write(name, amount)
                self.known.add(name)
                amount = Name(name)
            source.arrived.append((places, amount))
            return
        array = self.kept("H", amount)
        flat = addresses.ravel()
        for i in found:
            source = self.sections[i][1]
            at = np.nonzero(which == i)[0]
            if source is not None:
                part = self.taken(array, addresses.shape, batched, at)
                self.give(flat[at], part if source.batched or not batched else part.method("sum", -1), source.batched)

    def _give_to(self, operand: Operand, amount: Node, shape: Shape, batched: bool) -> None:
        """As above, to an operand that stood beside others in this shape: what it was repeated for is summed."""
        axes = [*operand.dropped, *[len(shape)] * (batched and not operand.batched)]
        if axes:
            amount = amount.method("sum", axes[0] if len(axes) == 1 else tuple(axes))
        self.give(operand.addresses, amount, operand.batched)

    def arrived(self, source: Source) -> Name | None:
        """The name of the gradient of an array; None where none arrives."""
        if source.arrived and source.gradient is None:
            gradient = self.assembled(source.shape, source.batched, source.arrived)
            source.gradient = gradient if isinstance(gradient, Name) else Name(f"g{source.name}")
            if gradient != source.gradient:
                self.write(source.gradient, gradient)
        return source.gradient

    def _sum_back(self, group: Group, array: Source, gradient: Name) -> None:
        made = self.made[group.start]
        for contraction in made.contractions:
            self._product_back(array, contraction, gradient)
        if group.ragged is None and made.table is None:
            for operand in made.operands:
                self._give_to(operand, gradient, array.shape, group.batched)
            return
        (operand,) = made.operands
        upstream: Node = gradient
        if group.batched and not operand.batched and self.carrying[operand.addresses].any():
            upstream = gradient.method("sum", -1)
        if made.table is not None:
            wide = upstream[(*[":"] * len(array.shape), "None")] if array.shape else upstream
            amount = self.words.call("broadcast_to", wide, tuple_of(operand.addresses.shape, operand.batched))
        else:
            amount = self.taken(upstream, array.shape, operand.batched, group.owner)
        self.give(operand.addresses, amount, operand.batched)

    def _single_back(self, group: Group, array: Source, gradient: Name) -> None:
        op, made, language = group.op, self.made[group.start], self.language
        assert op is not None
        left = iter(made.operands)
        for position, arg in enumerate(made.args):
            if isinstance(arg, float):
                continue
            operand = next(left)
            if not self.carrying[operand.addresses].any():
                continue
            rule, strong = local(op, position, language.term(array.array), tuple(made.args))
            if isinstance(rule, float) and rule == 0.0:
                continue
            amount: Node = gradient
            if strong:
                amount = self.helper("strong", gradient, language.node(rule, {}))
            elif isinstance(rule, float) and rule == -1.0:
                amount = -gradient
            elif not (isinstance(rule, float) and rule == 1.0):
                amount = language.node(rule, {}) * gradient
            self._give_to(operand, amount, array.shape, group.batched)

    def _product_back(self, array: Source, c: Contraction, gradient: Node) -> None:
        left, right, out = c.letters
        if not (self.carrying[c.left.addresses].any() or self.carrying[c.right.addresses].any()):
            return
        if array.batched and not c.batched:
            gradient = gradient.method("sum", -1)
        if not (whole(c.place, array.count) and c.place.shape == array.shape):
            gradient = self.kept("H", self._in_places(array, c, gradient))
        module, upstream = self.words.module, (gradient, out)
        if left == right and (c.left.addresses == c.right.addresses).all() and not {"p", "q"} & {*out}:
            self.give(c.left.addresses, _doubled(contracted(module, upstream, (c.right.array, right), left)), c.left.batched)
            return
        for operand, own, other, letters in ((c.left, left, c.right, right), (c.right, right, c.left, left)):
            if self.carrying[operand.addresses].any():
                self.give(operand.addresses, contracted(module, upstream, (other.array, letters), own), operand.batched)

    def _in_places(self, array: Source, c: Contraction, gradient: Node) -> Node:
        """The gradient of a group, in the places of a matrix product's numbers."""
        rows = c.place.ravel()
        at = np.nonzero(rows >= 0)[0]
        if len(at) == len(rows):
            return self.taken(gradient, array.shape, c.batched, c.place)
        return self.placed(c.place.shape, c.batched, at, self.taken(gradient, array.shape, c.batched, rows[at]))


def _doubled(product: Node) -> Node:
    """Twice a product; the 2 belongs to its first factor."""
    if isinstance(product, Binary):
        return Binary(product.sign, _doubled(product.left), product.right)
    return node(2.0) * product
