"""Names for what a program of array operations reads and writes: views of banks, buffers, index arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..program.syntax import Assign, Line, Name, Node, Verbatim, call
from .fuse import Ints
from .plan import Plan
from .sweep import carrying
from .views import Strided, regular

BANKS = ("same", "inputs", "computed")
DIRECT = 64
"""From so many batched inputs on they are not copied into a bank, where only matrix products read them."""


@dataclass
class Listing:
    """The parts of the program. `constants` are index arrays and functions, by name; `direct` are the arguments that are read where they
    lie, and `arriving` the views of them by name, which can only be made when the program runs; `scratch` is how many numbers the buffers
    have, unbatched and for each example.
    """

    bind: list[Line] = field(default_factory=list)
    arriving: dict[str, Node] = field(default_factory=dict)
    forward: list[Line] = field(default_factory=list)
    backward: list[Line] = field(default_factory=list)
    constants: dict[str, Any] = field(default_factory=dict)
    scratch: list[int] = field(default_factory=lambda: [0, 0])
    direct: tuple[int, ...] = ()
    operations: int = 0

    def run(self, statements: list[Line]) -> list[Line]:
        """The statements, after the views that they need of arguments that are read where they lie."""
        needed: list[Line] = []
        read = {name for statement in statements for name in statement.names()}
        for name, view in reversed(self.arriving.items()):  # a view may be one of another, which was made before it
            if name in read:
                needed.insert(0, Assign(Name(name), view))
                read.update(view.names())
        return needed + statements


class Banks:
    """Gives names, and writes what has to be there before they can be read."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.text = Listing()
        self.carrying = carrying(plan)
        self.known: dict[Any, Name] = {}
        self.ends: list[int] = np.cumsum([plan.same, plan.inputs, plan.computed]).tolist()
        self.text.direct = tuple(i for i, part in enumerate(plan.parts) if self._is_direct(*part))

    def new(self, letter: str, key: Any = None) -> Name:
        """A new name, known by a key, or by itself."""
        name = Name(f"{letter}{len(self.known)}")
        self.known[name if key is None else key] = name
        return name

    def bank(self, addresses: Ints) -> int:
        """Which bank all of these are in; -1 if several."""
        low, high = int(addresses.min()), int(addresses.max())
        found = next(i for i, end in enumerate(self.ends) if low < end)
        return found if high < self.ends[found] else -1

    def offset(self, bank: int) -> int:
        """Where a bank begins."""
        return self.ends[bank - 1] if bank else 0

    def shares(self, addresses: Ints) -> Iterable[tuple[int, int, Ints]]:
        """For each bank that has some of these addresses: its number, where it begins, and which of them are there."""
        for i, (low, high) in enumerate(zip([0, *self.ends], self.ends, strict=False)):
            at = np.nonzero((addresses >= low) & (addresses < high))[0]
            if len(at):
                yield i, low, at

    # -- arrays that are there before the program runs --------------------------------------------------------------------

    def view(self, view: Strided, gradient: bool = False) -> Name:
        """The name of a view; its offset is an address."""
        bank = self.bank(np.array([view.offset]))
        view = view._replace(strides=tuple(0 if n == 1 else step for n, step in zip(view.shape, view.strides, strict=True)))
        key = (bank, view, gradient)
        if key not in self.known:
            name = self.new("g" if gradient else "a", key)
            part = -1 if gradient else self.direct_part(view.offset)
            if part >= 0:
                start, _ = self.plan.parts[part]
                self.text.arriving[name.name] = call("view", Name(f"x{part}").turned, view.offset - start, view.shape, view.strides)
            else:
                where = Name(("g_" if gradient else "") + BANKS[bank])
                self.text.bind.append(Assign(name, call("view", where, view.offset - self.offset(bank), view.shape, view.strides)))
        return self.known[key]

    def constant(self, value: Any) -> Name:
        """The name of an index array."""
        key = ("k", value.shape, value.tobytes())
        if key not in self.known:
            self.text.constants[self.new("k", key).name] = value
        return self.known[key]

    def buffer(self, shape: tuple[int, ...], batched: bool, zeros: bool = False) -> Name:
        """The name of a new array for results that have no place in a bank."""
        name = self.new("b")
        self.text.scratch[batched] += int(np.prod(shape))
        self.text.bind.append(Assign(name, call("zeros" if zeros else "empty", self.sizes(shape, batched))))
        return name

    def derived(self, view: Node) -> Name:
        """The name of a view of an array that has a name. It is made where that one is: beforehand, or when the program runs."""
        if view not in self.known:
            name = self.new("v", view)
            if self.text.arriving.keys().isdisjoint(view.names()):
                self.text.bind.append(Assign(name, view))
            else:
                self.text.arriving[name.name] = view
        return self.known[view]

    def sizes(self, shape: tuple[int, ...], batched: bool) -> Node:
        """A shape, with the axis of the examples where there is one."""
        return Verbatim(f"{(*shape,)} + (size,)" if batched else f"{(*shape,)}")

    def flat(self, array: Node, count: int, axes: int) -> Name:
        """An array with its first axes as one, which has so many numbers."""
        return self.derived(array.method("reshape", Verbatim(f"({count},) + {array}.shape[{axes}:]", inside=tuple(array.names()))))

    # -- reading ---------------------------------------------------------------------------------------------------------

    def read(self, addresses: Ints, shape: tuple[int, ...], view: Strided | None, batched: bool) -> Name:
        """The name of an array with these numbers, of this shape; for each example, if it is batched, or broadcast over them."""
        bank = self.bank(addresses)
        if view is not None and bank >= 0:
            name = self.view(view)
            return self.derived(name["..., None"]) if batched and not bank else name
        key = ("read", addresses.shape, addresses.tobytes(), batched)
        flat = addresses.ravel()
        if key not in self.known:
            self.known[key] = self._gathered(flat, bank, batched)
        name = self.known[key]
        if shape == (len(flat),):
            return name
        return self.derived(name.method("reshape", Verbatim(f"{(*shape,)} + {name}.shape[1:]", inside=(name.name,))))

    def _gathered(self, flat: Ints, bank: int, batched: bool) -> Name:
        """A buffer into which these numbers are copied."""
        lines = self.text.forward
        if bank >= 0:
            name = self.buffer((len(flat),), bank > 0)
            lines.append(call("take", Name(BANKS[bank]), self.constant(flat - self.offset(bank)), 0, name, "'clip'"))
            return self.derived(name[":, None"]) if batched and not bank else name
        name = self.buffer((len(flat),), True)
        for i, low, at in self.shares(flat):
            part: Node = Name(BANKS[i])[self.constant(flat[at] - low)]
            lines.append(Assign(name[self.constant(at)], part if i else part[":, None"]))
        return name

    # -- arguments that are not copied -----------------------------------------------------------------------------------

    def direct_part(self, address: int) -> int:
        """The number of the argument in which this address lies, if that stays where it is, else -1."""
        for i, (low, count) in enumerate(self.plan.parts):
            if low <= address < low + count and i in self.text.direct:
                return i
        return -1

    def _is_direct(self, low: int, count: int) -> bool:
        """Whether these batched inputs can stay where they are: they are many, and only matrix products read them, as views."""
        if count < DIRECT:
            return False

        def among(addresses: Any) -> bool:
            return not isinstance(addresses, float) and bool(((addresses >= low) & (addresses < low + count)).any())

        for group in self.plan.groups:
            columns: list[Any] = [*group.args, *group.terms] + ([group.ragged[0]] if group.ragged else [])
            if any(map(among, columns)):
                return False
            for product in group.products:
                if among(product.left):
                    return False
                right = product.right
                if among(right) and (regular(right) is None or right.min() < low or right.max() >= low + count):
                    return False
        return not any(among(side) for check in self.plan.checks for side in check.sides)
