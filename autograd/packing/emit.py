"""The plan as straight-line NumPy: every operand that can be one is a view made beforehand, and every result goes where it belongs.

The text is a function `bind(same, inputs, computed, g_same, g_inputs, g_computed)`: given the banks, and those of the gradients, it makes
the views and returns two functions, `forward(x0, x1, …)` for the batched arguments with examples as rows, and `backward(x0, x1, …)`,
which expects the gradient at the output to be there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..primitive import PRIMITIVES, Primitive
from ..program.syntax import Assign, Binary, Call, Line, Name, Node, Verbatim, When, call, node
from ..terms import Term
from .arrays import UFUNCS, WITH_SLOPE, kernel
from .banks import BANKS, Banks
from .fuse import LARGEST, SUM, Ints
from .grids import Product
from .plan import Group, Plan
from .products import Amount, Multiplication, multiplication_of
from .sweep import local, ways
from .views import Strided, common, contiguous, regular

LARGE = 50_000
"""From so many multiplications on a matrix product may be computed in threads."""
GAP = 4096
"""Stretches of gradients to be cleared that lie no further apart are cleared together."""
REDUCE = Verbatim("add.reduce")


class Applied(NamedTuple):
    """How a single operation was written: the shape, the operands (names or numbers), their views, and where its local derivative lies
    if it came along.
    """

    shape: tuple[int, ...]
    operands: list[Name | float]
    views: list[Strided | None]
    slope: Name | None


@dataclass
class Multiplied:
    """How a matrix product was written: its form, and the view of the group where its result lies, if it is one."""

    form: Multiplication
    view: Strided | None
    rows: Ints


class Writer(Banks):
    """Writes a plan's program."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.rows: dict[Primitive, str] = {}
        self.applied: dict[int, Applied] = {}  # for the way back: the single operations and
        self.multiplied: dict[int, list[Multiplied]] = {}  # the matrix products of sums, by their groups' first addresses
        self.touched = np.zeros(self.ends[-1], bool)
        self.cleared = np.zeros(self.ends[-1], bool)
        forward = {SUM: self._sum, LARGEST: self._largest}
        for group in plan.groups:
            forward.get(group.kind, self._single)(group)
        self.text.operations = sum(not isinstance(line, When) for line in self.text.forward)
        self.touched[plan.output] = True
        for group in reversed(plan.groups):
            if group.carries:
                (self._sum_back if group.kind == SUM else self._single_back)(group)
        self._clear()
        for op, name in self.rows.items():
            self.text.constants[name] = kernel(op)

    # -- forward ---------------------------------------------------------------------------------------------------------

    def compute(self, line: Line) -> None:
        """One line of the forward pass."""
        self.text.forward.append(line)

    def out(self, group: Group, shape: tuple[int, ...] | None = None, gradient: bool = False) -> Name:
        """The view of a group, or of its gradients, in a shape."""
        shape = shape or (len(group.nodes),)
        return self.view(Strided(group.start, shape, contiguous(shape)), gradient)

    def _single(self, group: Group) -> None:
        op = group.op
        assert op is not None
        shape, views = common([arg for arg in group.args if not isinstance(arg, float)] or [group.addresses])
        found = iter(views)
        operands: list[Name | float] = [
            arg if isinstance(arg, float) else self.read(arg, shape, next(found), group.batched) for arg in group.args
        ]
        out = self.out(group, shape)
        slope = None
        if group.carries and op.name in WITH_SLOPE and PRIMITIVES.get(op.name) is op:
            slope = self.buffer(shape, group.batched)
            self.text.constants[f"{op.name}_and_slope"] = WITH_SLOPE[op.name]
            spare = self.out(group, shape, True)  # their gradients are not there yet
            self.compute(call(f"{op.name}_and_slope", *operands, out, slope, spare))
        elif is_row(op, "relu"):
            self.compute(call("maximum", *operands, 0.0, out=out))
        elif op.name in ("maximum", "minimum"):  # where NumPy warns of a third argument without a name
            self.compute(call(self.row(op), *operands, out=out))
        else:
            self.compute(call(self.row(op), *operands, out))
        self.applied[group.start] = Applied(shape, operands, views, slope)

    def row(self, op: Primitive) -> str:
        """The name of the function that computes a row."""
        if op.name in UFUNCS and PRIMITIVES.get(op.name) is op:
            name = UFUNCS[op.name].__name__
            self.text.constants[name] = UFUNCS[op.name]
            return name
        return self.rows.setdefault(op, f"row{len(self.rows)}")

    def _sum(self, group: Group) -> None:
        out = self.out(group)
        self.multiplied[group.start] = [self._product(group, product) for product in group.products]
        started = bool(group.products)
        if group.terms:
            shape, views = common([*group.terms, group.addresses])
            names = [self.read(term, shape, view, group.batched) for term, view in zip(group.terms, views, strict=False)]
            place = self.out(group, shape)
            if not started and len(names) == 1:
                self.compute(call("copyto", place, names.pop()))
            elif not started:
                self.compute(call("add", names.pop(0), names.pop(0), place))
            for name in names:
                self.compute(call("add", place, name, place))
        elif group.ragged:
            target = self.buffer((len(group.nodes),), group.batched) if started else out
            self._reduce("add", group, target)
            if started:
                self.compute(call("add", out, target, out))

    def _largest(self, group: Group) -> None:
        if group.terms:
            group.ragged = np.stack(group.terms, 1).ravel(), np.arange(len(group.nodes)) * len(group.terms)
            group.terms = []
        self._reduce("maximum", group, self.out(group))

    def _reduce(self, function: str, group: Group, target: Name) -> None:
        """A sum, or another reduction, of as many terms as each node has."""
        assert group.ragged is not None
        terms, starts = group.ragged
        even = group.table
        table = terms if even is None else even
        name = self.read(table, table.shape, regular(table), group.batched)
        if group.batched and not self.bank(terms):  # the same for all examples, and there is a result for each
            name = self.derived(call("broadcast_to", name, self.sizes(table.shape, True)))
        if even is not None:
            self.compute(call(f"{function}.reduce", name, 1, None, target))
        else:
            self.compute(call(f"{function}.reduceat", name, self.constant(starts), 0, None, target))

    def _product(self, group: Group, product: Product) -> Multiplied:
        differ = self.bank(product.left) != 0, self.bank(product.right) != 0
        left, right = (
            self.read(side, side.shape, regular(side), batched) for side, batched in zip((product.left, product.right), differ, strict=True)
        )
        form = multiplication_of(self, product, left, right, group.batched, differ)
        rows = form.place.ravel()
        view = regular(form.place) if (rows >= 0).all() else None
        if view is not None:
            target = self.view(Strided(group.start + view.offset, form.shape, view.strides))
        else:
            target = self.buffer(form.shape, group.batched)
        self.compute(form.forward(target))
        self._look(group, form, target)
        if view is None:
            self._put_in_order(group, self.flat(target, rows.size, len(form.shape)), rows)
        return Multiplied(form, view, rows)

    def _look(self, group: Group, form: Multiplication, target: Name) -> None:
        """Look at a product's result where the operation may not tell of numbers that are not finite."""
        if form.looks == "never":
            return
        look = call("look", target)
        if form.looks == "always" or self.direct_part(int(form.product.right.flat[0])) >= 0:  # such inputs were not looked at
            self.compute(look)
            return
        count = f"{math.prod(form.product.place.shape) * form.k}"
        large = Verbatim(f"{count} * size > {LARGE}" if group.batched else f"{count} > {LARGE}")
        self.compute(When(self.derived(large), look))

    def _put_in_order(self, group: Group, flat: Name, rows: Ints) -> None:
        """Put a product's numbers where their nodes lie."""
        at = np.nonzero(rows >= 0)[0]
        order = self.constant(at[np.argsort(rows[at], kind="stable")])
        members = np.sort(rows[at])
        if len(members) == len(group.nodes):
            self.compute(call("take", flat, order, 0, self.out(group), "'clip'"))
        else:
            self.compute(Assign(self.out(group)[self.constant(members)], flat[order]))

    # -- backward --------------------------------------------------------------------------------------------------------

    def sweep(self, line: Line) -> None:
        """One line of the backward pass."""
        self.text.backward.append(line)

    def _sum_back(self, group: Group) -> None:
        for product in self.multiplied[group.start]:
            for amount in product.form.backward(self._gradient(group, product)):
                self.give(amount, amount.addresses.shape, regular(amount.addresses))
        if group.terms:
            shape, views = common([*group.terms, group.addresses])
            gradient = self.out(group, shape, True)
            for term, view in zip(group.terms, views, strict=False):
                self.give(Amount(term, gradient, group.batched), shape, view)
        elif group.ragged:
            gradient, even = self.out(group, None, True), group.table
            if even is not None:
                wide = self.derived(call("broadcast_to", gradient[":, None"], self.sizes(even.shape, group.batched)))
                self.give(Amount(even, wide, group.batched), even.shape, regular(even))
            else:
                terms, _ = group.ragged
                each = call("take", gradient, self.constant(group.owner), 0)
                self.give(Amount(terms, each, group.batched), terms.shape, regular(terms))

    def _gradient(self, group: Group, product: Multiplied) -> Name:
        """The gradient of a product's numbers, in its shape."""
        form, view, rows = product.form, product.view, product.rows
        if view is not None:
            return self.view(Strided(group.start + view.offset, form.shape, view.strides), True)
        buffer = self.buffer(form.shape, group.batched, zeros=True)
        flat, source = self.flat(buffer, rows.size, len(form.shape)), self.out(group, None, True)
        if (rows >= 0).all():
            self.sweep(call("take", source, self.constant(rows), 0, flat, "'clip'"))
        else:
            at = np.nonzero(rows >= 0)[0]
            self.sweep(Assign(flat[self.constant(at)], source[self.constant(rows[at])]))
        return buffer

    def _single_back(self, group: Group) -> None:
        op, (shape, operands, views, slope) = group.op, self.applied[group.start]
        assert op is not None
        out, gradient = self.out(group, shape), self.out(group, shape, True)
        terms = tuple(x if isinstance(x, float) else Term(name=x.name) for x in operands)
        by_position = dict(zip((i for i, arg in enumerate(group.args) if not isinstance(arg, float)), views, strict=False))
        for position, arg in ways(group, self.carrying):
            rule, strong = local(op, position, Term(name=out.name), terms)
            amount: Node = gradient
            if isinstance(rule, float) and rule == -1.0:
                amount = -gradient
            elif slope is not None:
                amount = gradient * slope
            elif is_row(op, "relu"):
                amount = gradient * call("sign", out, direct=True)  # 0 at 0, and 1 above
            elif not (isinstance(rule, float) and rule == 1.0):
                factor = self.formula(rule)
                amount = call("strong", gradient, factor) if strong else gradient * factor
            self.give(Amount(arg, amount, group.batched), shape, by_position[position])

    def formula(self, x: Term | float) -> Node:
        """A local derivative over arrays."""
        if isinstance(x, float):
            return node(x) if math.isfinite(x) else Verbatim(f"float({str(x)!r})")
        if x.name:
            return Name(x.name)
        args = [self.formula(arg) for arg in x.args]
        if x.sign == "neg":
            return -args[0]
        if x.sign == "abs":
            return call("absolute", *args)
        power = PRIMITIVES["power"]
        if x.sign == "**" or x.op is power:
            return call(self.kept_row(power), *args)
        if x.op is None:
            return Binary(x.sign, *args)
        sign = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}.get(x.op.name)
        if sign and is_row(x.op, x.op.name):
            return Binary(sign, *args)
        return call(self.kept_row(x.op), *args)

    def kept_row(self, op: Primitive) -> str:
        """The name of a row's own function, which formulas call."""
        return self.rows.setdefault(op, f"row{len(self.rows)}")

    def give(self, given: Amount, shape: tuple[int, ...], view: Strided | None) -> None:
        """Add an amount of this shape (and for each example, if it is batched) to the gradients at its addresses."""
        if not self.carrying[given.addresses].any():
            return
        bank = self.bank(given.addresses)
        if bank >= 0 and view is not None:
            if given.batched and not bank:
                summed = Call(REDUCE, (given.amount, node(-1)), direct=True, leads=(node(None),))
                given = given._replace(amount=summed, batched=False)
            if self._give_view(given, view):
                return
        self._give_gathered(given, shape)

    def _give_view(self, given: Amount, view: Strided) -> bool:
        """The same where the gradients are a view and no number is in it twice, but along whole axes; whether it is so."""
        again = tuple(i for i, (n, stride) in enumerate(zip(view.shape, view.strides, strict=True)) if n > 1 and stride == 0)
        once = [i for i in range(len(view.shape)) if i not in again]
        distinct = np.unique(given.addresses)
        if len(distinct) != math.prod(view.shape[i] for i in once):
            return False
        amount, bare = given.amount, given.bare
        if again:
            amount = call("add.reduce", amount["None"] if bare else amount, again)
            bare = False
            view = Strided(view.offset, tuple(view.shape[i] for i in once) or (1,), tuple(view.strides[i] for i in once) or (1,))
        target = self.view(view, True)
        if bare:
            target = self.derived(target["0"])
        self.sweep(_into(target, amount) if self._touch(distinct) else call("add", target, amount, target))
        return True

    def _give_gathered(self, given: Amount, shape: tuple[int, ...]) -> None:
        """The same where the gradients are anywhere: several amounts may go to one number."""
        flat = given.addresses.ravel()
        temporary = self.new("t")
        tail = " + (size,)" if given.batched else ""
        wide = call("broadcast_to", given.amount["None"] if given.bare else given.amount, self.sizes(shape, given.batched))
        self.sweep(Assign(temporary, wide.method("reshape", Verbatim(f"({len(flat)},){tail}"))))
        for i, low, places in self.shares(flat):
            at = places[self.carrying[flat[places]]]
            if not len(at):
                continue
            part: Node = temporary if len(at) == len(flat) else temporary[self.constant(at)]
            if given.batched and not i:
                part = call("add.reduce", part, -1)
            to = flat[at] - low
            distinct, inverse = np.unique(to, return_inverse=True)
            if len(distinct) < len(to):
                order = np.argsort(inverse, kind="stable")
                cuts = np.nonzero(np.r_[True, np.diff(inverse[order]) > 0])[0]
                if (order != np.arange(len(order))).any():
                    part = part[self.constant(order)]
                part = call("add.reduceat", part, self.constant(cuts), 0)
                to = distinct
            fresh = self._touch(to + low)
            self.sweep(Assign(Name(f"g_{BANKS[i]}")[self.constant(to)], part, "=" if fresh else "+="))

    def _touch(self, addresses: Ints) -> bool:
        """Note that gradients arrive here; whether they are the first for all of these. Where some are, those are cleared beforehand."""
        seen = self.touched[addresses]
        if not seen.any():
            self.touched[addresses] = True
            return True
        self.cleared[addresses[~seen]] = True
        self.touched[addresses] = True
        return False

    def _clear(self) -> None:
        """The gradients that have to be 0 before anything is added, or that nothing is ever added to."""
        wanted = self.plan.where[np.nonzero(self.plan.wanted)[0]]
        self.cleared[wanted] |= ~self.touched[wanted]
        # Of a group that carries a gradient, all of it is read.
        for group in self.plan.groups:
            if group.carries:
                self.cleared[group.addresses] |= ~self.touched[group.addresses]
        self.cleared[self.plan.output] = False
        lines: list[Line] = []
        for i, low, places in self.shares(np.nonzero(self.cleared)[0]):
            at = np.nonzero(self.cleared)[0][places] - low
            # To clear more than has to be is right, too, and a few long stretches are quicker than many short ones.
            output = self.plan.output - low
            gaps = np.nonzero((np.diff(at) > GAP) | ((at[:-1] < output) & (output < at[1:])))[0]
            for a, b in zip(at[np.r_[0, gaps + 1]].tolist(), at[np.r_[gaps, -1]].tolist(), strict=True):
                lines.append(Assign(Name(f"g_{BANKS[i]}")[f"{a}:{b + 1}"], node(0.0)))
        self.text.backward[:0] = lines
        # A view may go over leaves of both sorts: what arrived at those whose gradients nobody wants is no gradient.
        leaves = self.plan.where[: len(self.plan.wanted)]
        unwanted = np.sort(leaves[~self.plan.wanted & self.touched[leaves] & (leaves < self.ends[0])])
        if len(unwanted):
            self.sweep(Assign(Name(f"g_{BANKS[0]}")[self.constant(unwanted)], node(0.0)))


def is_row(op: Primitive, name: str) -> bool:
    """Whether it is the table's row of this name."""
    return op.name == name and PRIMITIVES.get(name) is op


def _into(target: Name, amount: Node) -> Line:
    """The statement that puts an amount into the target, where it can be without an array in between."""
    if isinstance(amount, Call) and amount.direct and (amount.function != REDUCE or isinstance(amount.args[0], Name)):
        return amount.put(target)
    if isinstance(amount, Binary) and amount.sign == "*" and isinstance(amount.left, Name):
        right = amount.right
        if isinstance(right, Name):
            return call("multiply", amount.left, right, target)
        if isinstance(right, Call) and right.direct:
            return call("multiply", amount.left, right.put(target), target)
    return call("copyto", target, amount)
