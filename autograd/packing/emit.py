"""The plan as straight-line NumPy: every operand that can be one is a view made beforehand, and every result goes where it belongs.

The text is a function `bind(same, inputs, computed, g_same, g_inputs, g_computed)`: given the banks, and those of the gradients, it makes
the views and returns two functions, `forward(x0, x1, …)` for the batched arguments with examples as rows, and `backward(x0, x1, …)`,
which expects the gradient at the output to be there.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..primitive import PRIMITIVES, Primitive
from .arrays import UFUNCS, WITH_SLOPE, Formula, kernel
from .fuse import SUM, Ints
from .grids import Product
from .plan import Group, Plan
from .views import View, common, regular

NAME = re.compile(r"[a-z]\w*")
BANKS = ("same", "inputs", "computed")
DIRECT = 64
"""From so many batched inputs on they are not copied into a bank, where only matrix products read them."""


LARGE = 50_000
"""From so many multiplications on a matrix product may be computed in threads."""
GAP = 4096
"""Stretches of gradients to be cleared that lie no further apart are cleared together."""


@dataclass
class Text:
    """The parts of the program. `constants` are index arrays and functions, by name; `direct` are the arguments that are read where they
    lie, and `arriving` the views of them by name, which can only be made when the program runs; `scratch` is how many numbers the buffers
    have, unbatched and for each example.
    """

    bind: list[str] = field(default_factory=list)
    arriving: dict[str, str] = field(default_factory=dict)
    forward: list[str] = field(default_factory=list)
    backward: list[str] = field(default_factory=list)
    constants: dict[str, Any] = field(default_factory=dict)
    scratch: list[int] = field(default_factory=lambda: [0, 0])
    direct: tuple[int, ...] = ()
    operations: int = 0

    def run(self, statements: list[str]) -> list[str]:
        """The statements, after the views that they need of arguments that are read where they lie."""
        needed: list[str] = []
        words = set(NAME.findall("\n".join(statements)))
        for name, view in reversed(self.arriving.items()):  # a view may be one of another, which was made before it
            if name in words:
                needed.insert(0, f"{name} = {view}")
                words.update(NAME.findall(view))
        return needed + statements


class Writer:
    """Writes a plan's program."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.text = Text()
        self.names: dict[Any, str] = {}
        self.rows: dict[Primitive, str] = {}
        self.kept: dict[int, list[Any]] = {}  # the names of each group's operands, for the way back
        ends = np.cumsum([plan.same, plan.inputs, plan.computed])
        self.ends: list[int] = ends.tolist()
        self.touched = np.zeros(self.ends[-1], bool)
        self.cleared = np.zeros(self.ends[-1], bool)
        self.carrying = np.zeros(self.ends[-1], bool)
        nodes = np.nonzero(plan.where >= 0)[0]
        self.carrying[plan.where[nodes]] = plan.graph.carries[nodes]
        self.text.direct = tuple(i for i, part in enumerate(plan.parts) if self._is_direct(*part))
        for group in plan.groups:
            getattr(self, {SUM: "_sum", -1: "_single"}.get(group.kind, "_largest"))(group)
        self.text.operations = sum(not line.startswith("if ") for line in self.text.forward)
        self.touched[plan.output] = True
        for group in reversed(plan.groups):
            if group.carries:
                getattr(self, {SUM: "_sum_back", -1: "_single_back"}[group.kind])(group)
        self._clear()
        for op, name in self.rows.items():
            self.text.constants[name] = kernel(op)

    # -- banks and views -------------------------------------------------------------------------------------------------

    def bank(self, addresses: Ints) -> int:
        """Which bank all of these are in; -1 if several."""
        low, high = int(addresses.min()), int(addresses.max())
        found = next(i for i, end in enumerate(self.ends) if low < end)
        return found if high < self.ends[found] else -1

    def offset(self, bank: int) -> int:
        """Where a bank begins."""
        return self.ends[bank - 1] if bank else 0

    def view(self, view: View, gradient: bool = False) -> str:
        """The name of a view; its offset is an address."""
        bank = self.bank(np.array([view.offset]))
        view = view._replace(strides=tuple(0 if n == 1 else step for n, step in zip(view.shape, view.strides, strict=True)))
        key = (bank, view, gradient)
        if key not in self.names:
            name = self.names[key] = f"{'g' if gradient else 'a'}{len(self.names)}"
            where = ("g_" if gradient else "") + BANKS[bank]
            how = f"{view.offset - self.offset(bank)}, {view.shape}, {view.strides})"
            part = -1 if gradient else self.direct_part(view.offset)
            if part >= 0:
                self.text.arriving[name] = f"view(x{part}.T, {view.offset - self.plan.parts[part][0]}, {view.shape}, {view.strides})"
            else:
                self.text.bind.append(f"{name} = view({where}, {how}")
        return self.names[key]

    def constant(self, value: Any) -> str:
        """The name of an index array."""
        key = ("k", value.shape, value.tobytes())
        if key not in self.names:
            self.names[key] = f"k{len(self.names)}"
            self.text.constants[self.names[key]] = value
        return self.names[key]

    def buffer(self, shape: tuple[int, ...], batched: bool, fill: str = "") -> str:
        """The name of a new array for results that have no place in a bank."""
        name = f"b{len(self.names)}"
        self.names[name] = name
        self.text.scratch[batched] += int(np.prod(shape))
        self.text.bind.append(f"{name} = {'zeros' if fill else 'empty'}({(*shape,)}{' + (size,)' if batched else ''})")
        return name

    def derived(self, text: str) -> str:
        """The name of a view of an array that has a name. It is made where that one is: beforehand, or when the program runs."""
        if text not in self.names:
            name = self.names[text] = f"v{len(self.names)}"
            if self.text.arriving.keys().isdisjoint(NAME.findall(text)):
                self.text.bind.append(f"{name} = {text}")
            else:
                self.text.arriving[name] = text
        return self.names[text]

    # -- reading ---------------------------------------------------------------------------------------------------------

    def read(self, addresses: Ints, shape: tuple[int, ...], view: View | None, batched: bool) -> str:
        """The name of an array with these numbers, of this shape; for each example, if it is batched, or broadcast over them."""
        lines = self.text.forward
        bank = self.bank(addresses)
        if view is not None and bank >= 0:
            name = self.view(view)
            return self.derived(f"{name}[..., None]") if batched and not bank else name
        key = ("read", addresses.shape, addresses.tobytes(), batched)
        flat = addresses.ravel()
        if key not in self.names:
            if bank >= 0:
                source = BANKS[bank]
                name = self.buffer((len(flat),), bank > 0)
                lines.append(f"take({source}, {self.constant(flat - self.offset(bank))}, 0, {name}, 'clip')")
                if batched and not bank:
                    name = self.derived(f"{name}[:, None]")
            else:
                name = self.buffer((len(flat),), True)
                for i, (low, high) in enumerate(zip([0, *self.ends], self.ends, strict=False)):
                    at = np.nonzero((flat >= low) & (flat < high))[0]
                    if len(at):
                        part = f"{BANKS[i]}[{self.constant(flat[at] - low)}]{'' if i else '[:, None]'}"
                        lines.append(f"{name}[{self.constant(at)}] = {part}")
            self.names[key] = name
        name = self.names[key]
        return name if shape == (len(flat),) else self.derived(f"{name}.reshape({(*shape,)} + {name}.shape[1:])")

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

    # -- forward ---------------------------------------------------------------------------------------------------------

    def out(self, group: Group, shape: tuple[int, ...] | None = None, gradient: bool = False) -> str:
        """The view of a group, or of its gradients, in a shape."""
        shape = shape or (len(group.nodes),)
        return self.view(View(group.start, shape, contiguous(shape)), gradient)

    def _single(self, group: Group) -> None:
        op = group.op
        assert op is not None
        shape, views = common([arg for arg in group.args if not isinstance(arg, float)] or [group.addresses])
        found = iter(views)
        names: list[str | float] = [
            arg if isinstance(arg, float) else self.read(arg, shape, next(found), group.batched) for arg in group.args
        ]
        out = self.out(group, shape)
        args = ", ".join(repr(name) if isinstance(name, float) else name for name in names)
        slope = ""
        if group.carries and op.name in WITH_SLOPE and PRIMITIVES.get(op.name) is op:
            slope = self.buffer(shape, group.batched)
            self.text.constants[f"{op.name}_and_slope"] = WITH_SLOPE[op.name]
            spare = self.out(group, shape, True)  # their gradients are not there yet
            self.text.forward.append(f"{op.name}_and_slope({args}, {out}, {slope}, {spare})")
        elif op.name == "relu" and PRIMITIVES.get("relu") is op:
            self.text.forward.append(f"maximum({args}, 0.0, out={out})")
        else:
            into = f"out={out}" if op.name in ("maximum", "minimum") else out  # where NumPy warns of a third argument without a name
            self.text.forward.append(f"{self.row(op)}({args}, {into})")
        self.kept[group.start] = [shape, names, views, slope]

    def row(self, op: Primitive) -> str:
        """The name of the function that computes a row."""
        if op.name in UFUNCS and PRIMITIVES.get(op.name) is op:
            name = UFUNCS[op.name].__name__
            self.text.constants[name] = UFUNCS[op.name]
            return name
        return self.rows.setdefault(op, f"row{len(self.rows)}")

    def _sum(self, group: Group) -> None:
        count = len(group.nodes)
        out = self.out(group)
        parts = self.kept.setdefault(group.start, [])
        for product in group.products:
            parts.append(self._product(group, product))
        started = bool(group.products)
        if group.terms:
            shape, views = common([*group.terms, group.addresses])
            names = [self.read(term, shape, view, group.batched) for term, view in zip(group.terms, views, strict=False)]
            place = self.out(group, shape)
            if not started and len(names) == 1:
                self.text.forward.append(f"copyto({place}, {names.pop()})")
            elif not started:
                self.text.forward.append(f"add({names.pop(0)}, {names.pop(0)}, {place})")
            for name in names:
                self.text.forward.append(f"add({place}, {name}, {place})")
        elif group.ragged:
            target = self.buffer((count,), group.batched) if started else out
            self._reduce("add", group, target)
            if started:
                self.text.forward.append(f"add({out}, {target}, {out})")

    def _largest(self, group: Group) -> None:
        if group.terms:
            group.ragged = np.stack(group.terms, 1).ravel(), np.arange(len(group.nodes)) * len(group.terms)
            group.terms = []
        self._reduce("maximum", group, self.out(group))

    def _reduce(self, function: str, group: Group, target: str) -> None:
        """A sum, or another reduction, of as many terms as each node has."""
        assert group.ragged is not None
        terms, starts = group.ragged
        even = equal(terms, starts)
        table = terms if even is None else even
        name = self.read(table, table.shape, regular(table), group.batched)
        if group.batched and not self.bank(terms):  # the same for all examples, and there is a result for each
            name = self.derived(f"broadcast_to({name}, {table.shape} + (size,))")
        if even is not None:
            self.text.forward.append(f"{function}.reduce({name}, 1, None, {target})")
        else:
            self.text.forward.append(f"{function}.reduceat({name}, {self.constant(starts)}, 0, None, {target})")

    def _product(self, group: Group, product: Product) -> tuple[str, str, str, Any]:
        """A matrix product. There are three sorts: nothing is batched, the right side is, or both are."""
        s, p, q = product.place.shape
        left_batched = self.bank(product.left) != 0
        right_batched = self.bank(product.right) != 0
        left = self.read(product.left, product.left.shape, regular(product.left), left_batched)
        right = self.read(product.right, product.right.shape, regular(product.right), right_batched)
        place: Ints = product.place
        shape: tuple[int, ...]
        if left_batched:
            form, shape = "both", (s, p, q)
        elif right_batched and q > 1:
            form, shape, place = "weights", (s, q, p), place.transpose(0, 2, 1)
        elif right_batched:
            form, shape, place = "weights", (s, p), place[:, :, 0]
        elif p == q == 1:
            form, shape, place = "dots", (s,), place[:, 0, 0]
        else:
            form, shape = "plain", (s, p, q)
        rows = place.ravel()
        whole = bool((rows >= 0).all())
        view = regular(place) if whole else None
        if view is not None:
            out = self.view(View(group.start + view.offset, shape, view.strides))
            target = out
        else:
            target = self.buffer(shape, group.batched)
        lead = "[0]" if s == 1 else ""  # one product is quicker as a product of plain matrices
        write = self.text.forward.append
        if p == q == product.left.shape[2] == 1 and form != "weights":
            form = "numbers"
            names = [self.derived(f"{side}[:, 0, 0]") for side in (left, right)]
            write(f"multiply({', '.join(names)}, {self.derived(target + '[:, 0, 0]') if group.batched else target})")
        elif form == "dots":
            l, r = (self.derived(f"{side}.reshape({s}, {product.left.shape[2]})") for side in (left, right))
            write(f"vecdot({l}, {r}, {target})")
        elif form == "plain":
            write(f"matmul({self.derived(left + lead)}, {self.derived(right + '.swapaxes(1, 2)' + lead)}, {self.derived(target + lead)})")
        elif form == "weights" and q == 1:
            write(f"matmul({self.derived(left + lead)}, {self.derived(right + '[:, 0]' + lead)}, {self.derived(target + lead)})")
        elif form == "weights":
            write(f"matmul({self.derived(left + '[:, None]')}, {right}, {target})")
        elif p == q == 1:
            names = [self.derived(f"{side}[:, 0]") for side in (left, right)]
            write(f"einsum('skb,skb->sb', {', '.join(names)}, out={self.derived(target + '[:, 0, 0]')})")
        else:
            write(f"einsum('spkb,sqkb->spqb', {left}, {right}, out={target})")
        direct = self.direct_part(int(product.right.flat[0])) >= 0
        if form != "numbers":
            # In threads a product's floating-point flags are lost, and inputs that stay where they are were not looked at.
            # einsum never tells of any.
            big = f"{s * p * q * product.left.shape[2]}{' * size' * group.batched} > {LARGE}"
            write(f"look({target})" if direct or form == "both" else f"if {self.derived(big)}: look({target})")
        if view is None:
            at = np.nonzero(rows >= 0)[0]
            flat = self.derived(f"{target}.reshape(({rows.size},) + {target}.shape[{len(shape)}:])")
            order = at[np.argsort(rows[at], kind="stable")]
            members = np.sort(rows[at])
            if len(members) == len(group.nodes):
                write(f"take({flat}, {self.constant(order)}, 0, {self.out(group)}, 'clip')")
            else:
                write(f"{self.out(group)}[{self.constant(members)}] = {flat}[{self.constant(order)}]")
        return form, left, right, (shape, view, rows, whole)

    # -- backward --------------------------------------------------------------------------------------------------------

    def _sum_back(self, group: Group) -> None:
        for product, part in zip(group.products, self.kept[group.start], strict=True):
            self._product_back(group, product, *part)
        if group.terms:
            shape, views = common([*group.terms, group.addresses])
            gradient = self.out(group, shape, True)
            for term, view in zip(group.terms, views, strict=False):
                self.add(term, shape, view, gradient, group.batched)
        elif group.ragged:
            terms, starts = group.ragged
            even = equal(terms, starts)
            gradient = self.out(group, None, True)
            if even is not None:
                wide = f"broadcast_to({gradient}[:, None], {even.shape}{' + (size,)' * group.batched})"
                self.add(even, even.shape, regular(even), self.derived(wide), group.batched)
            else:
                owner = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(terms)]))
                self.add(terms, terms.shape, regular(terms), f"take({gradient}, {self.constant(owner)}, 0)", group.batched)

    def _single_back(self, group: Group) -> None:
        shape, names, views, slope = self.kept[group.start]
        op = group.op
        assert op is not None
        out, gradient = self.out(group, shape), self.out(group, shape, True)
        found = iter(views)
        for position, arg in enumerate(group.args):
            if isinstance(arg, float):
                continue
            view: Any = next(found)
            if not self.carrying[arg].any():
                continue
            formula = Formula(op, position, out, names, self.rows)
            if formula.constant == 1.0:
                amount = gradient
            elif formula.constant == -1.0:
                amount = f"-{gradient}"
            elif slope:
                amount = f"{gradient} * {slope}"
            elif op.name == "relu" and PRIMITIVES.get("relu") is op:
                amount = f"{gradient} * sign({out})"  # 0 at 0, and 1 above
            elif formula.safe or formula.doubtful or op is PRIMITIVES["multiply"]:  # 0·∞ is nan: what it is, the engine decides
                amount = f"{gradient} * {formula.text}"
            else:
                amount = f"strong({gradient}, {formula.text})"
            self.add(arg, shape, view, amount, group.batched)

    def _product_back(self, group: Group, product: Product, form: str, left: str, right: str, how: Any) -> None:
        shape, view, rows, whole = how
        s, p, q = product.place.shape
        k = product.left.shape[2]
        write = self.text.backward.append
        if view is not None:
            g = self.view(View(group.start + view.offset, shape, view.strides), True)
        else:
            buffer = self.buffer(shape, group.batched, "zeros")
            flat = self.derived(f"{buffer}.reshape(({rows.size},) + {buffer}.shape[{len(shape)}:])")
            source = self.out(group, None, True)
            if whole:
                write(f"take({source}, {self.constant(rows)}, 0, {flat}, 'clip')")
            else:
                at = np.nonzero(rows >= 0)[0]
                write(f"{flat}[{self.constant(at)}] = {source}[{self.constant(rows[at])}]")
            g = buffer
        lead = "[0]" if s == 1 else ""
        d = self.derived

        def carries(addresses: Ints) -> bool:
            return bool(self.carrying[addresses].any())

        if form == "numbers":
            g = d(f"{g}[:, 0, 0]") if group.batched else g
            for addresses, other in ((product.left, right), (product.right, left)):
                column = addresses[:, 0, 0]
                self.add(column, (s,), regular(column), f"{g} * {d(other + '[:, 0, 0]')}", group.batched)
            return
        same = product.left.shape == product.right.shape and (product.left == product.right).all()
        if form == "dots":
            g = d(f"{g}[:, None]")
            l, r = (d(f"{side}.reshape({s}, {k})") for side in (left, right))
            sides = [(product.left, f"{'2.0 * ' * bool(same)}{g} * {r}")] + [(product.right, f"{g} * {l}")] * (not same)
            for addresses, amount in sides:
                if carries(addresses):
                    flat_view = regular(addresses[:, 0])
                    self.add(addresses[:, 0], (s, k), flat_view, amount, group.batched)
            return
        left_amount: tuple[str, ...]
        right_amount: tuple[str, ...]
        if form == "plain":
            left_amount = (d(g + lead), d(right + lead))
            right_amount = (d(f"{g}.swapaxes(1, 2){lead}"), d(left + lead))
            shapes = (product.left.shape, product.right.shape)
        elif form == "weights" and q == 1:
            left_amount = (d(g + lead), self.derived(f"{right}[:, 0]{lead}.swapaxes(-1, -2)"))
            right_amount = (d(f"{left}{lead}.swapaxes(-1, -2)"), d(g + lead))
            shapes = (product.left.shape, (s, k))
        elif form == "weights":
            left_amount = (g, self.derived(f"{right}.swapaxes(2, 3)"))
            right_amount = (d(f"{left}[:, None].swapaxes(2, 3)"), g)
            shapes = (product.left.shape, product.right.shape)
        else:
            amounts = (f"{g} * {right}" if q == 1 else f"einsum('spqb,sqkb->spkb', {g}, {right})",
                       f"{d(g + '.swapaxes(1, 2)')} * {left}" if p == 1 else f"einsum('spqb,spkb->sqkb', {g}, {left})")  # fmt: skip
            for addresses, amount in zip((product.left, product.right), amounts, strict=True):
                if carries(addresses):
                    self.add(addresses, addresses.shape, regular(addresses), amount, True)
            return
        if carries(product.left):
            amount = f"matmul({', '.join(left_amount)}"
            if form == "weights" and q > 1:
                self.add(product.left, product.left.shape, regular(product.left), f"add.reduce({amount}), 1)", False)
            else:
                self.add(product.left, product.left.shape, regular(product.left), amount, False, s == 1, True)
        if carries(product.right):
            addresses = product.right.reshape(s, k) if len(shapes[1]) == 2 else product.right
            amount = f"matmul({', '.join(right_amount)}"
            if form == "weights" and q > 1:
                amount += ")"
                self.add(addresses, addresses.shape, regular(addresses), amount, group.batched)
            else:
                self.add(addresses, addresses.shape, regular(addresses), amount, group.batched, s == 1, True)

    def add(
        self, addresses: Ints, shape: tuple[int, ...], view: View | None, amount: str, batched: bool, drop: bool = False, call: bool = False
    ) -> None:
        """Add an amount of this shape (and for each example, if it is batched) to the gradients at these addresses.

        call   whether the amount is a call that is not closed yet, and takes the place for its result as one more argument
        drop   whether it has no first axis, which has the length 1
        """
        if not self.carrying[addresses].any():
            return
        write = self.text.backward.append
        bank = self.bank(addresses)
        if bank >= 0 and view is not None and batched and not bank:
            amount, batched, call = f"add.reduce({amount}{')' * call}, -1)", False, False
        if view is not None and bank >= 0:
            again = tuple(i for i, (n, stride) in enumerate(zip(view.shape, view.strides, strict=True)) if n > 1 and stride == 0)
            once = [i for i in range(len(view.shape)) if i not in again]
            distinct = np.unique(addresses)
            if len(distinct) == math.prod(view.shape[i] for i in once):
                if again:
                    if call:
                        amount, call, drop = f"{amount})" + "[None]" * drop, False, False
                    amount = f"add.reduce({amount}, {again})"
                    view = View(view.offset, tuple(view.shape[i] for i in once) or (1,), tuple(view.strides[i] for i in once) or (1,))
                target = self.view(view, True)
                if drop:
                    target = self.derived(f"{target}[0]")
                fresh = self._touch(distinct)
                if fresh and call:
                    write(f"{amount}, {target})")
                elif fresh:
                    write(_into(target, amount))
                else:
                    write(f"add({target}, {amount}{')' * call}, {target})")
                return
        # Gathered: several amounts may go to one number.
        flat = addresses.ravel()
        if call:
            amount += ")"
        temporary = f"t{len(self.names)}"
        self.names[temporary] = temporary
        tail = " + (size,)" if batched else ""
        write(f"{temporary} = broadcast_to({amount}{'[None]' * drop}, {(*shape,)}{tail}).reshape(({len(flat)},){tail})")
        for i, (low, high) in enumerate(zip([0, *self.ends], self.ends, strict=False)):
            at = np.nonzero((flat >= low) & (flat < high) & self.carrying[flat])[0]
            if not len(at):
                continue
            part = temporary if len(at) == len(flat) else f"{temporary}[{self.constant(at)}]"
            if batched and not i:
                part = f"add.reduce({part}, -1)"
            to = flat[at] - low
            distinct, inverse = np.unique(to, return_inverse=True)
            if len(distinct) < len(to):
                order = np.argsort(inverse, kind="stable")
                cuts = np.nonzero(np.r_[True, np.diff(inverse[order]) > 0])[0]
                if (order != np.arange(len(order))).any():
                    part = f"{part}[{self.constant(order)}]"
                part = f"add.reduceat({part}, {self.constant(cuts)}, 0)"
                to = distinct
            fresh = self._touch(to + low)
            write(f"g_{BANKS[i]}[{self.constant(to)}] {'' if fresh else '+'}= {part}")

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
        lines = []
        for i, (low, high) in enumerate(zip([0, *self.ends], self.ends, strict=False)):
            at = np.nonzero(self.cleared[low:high])[0]
            if len(at):  # to clear more than has to be is right, too, and a few long stretches are quicker than many short ones
                output = self.plan.output - low
                gaps = np.nonzero((np.diff(at) > GAP) | ((at[:-1] < output) & (output < at[1:])))[0]
                for a, b in zip(at[np.r_[0, gaps + 1]].tolist(), at[np.r_[gaps, -1]].tolist(), strict=True):
                    lines.append(f"g_{BANKS[i]}[{a}:{b + 1}] = 0.0")
        self.text.backward[:0] = lines
        # A view may go over leaves of both sorts: what arrived at those whose gradients nobody wants is no gradient.
        leaves = self.plan.where[: len(self.plan.wanted)]
        unwanted = np.sort(leaves[~self.plan.wanted & self.touched[leaves] & (leaves < self.ends[0])])
        if len(unwanted):
            self.text.backward.append(f"g_{BANKS[0]}[{self.constant(unwanted)}] = 0.0")


def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of an array of this shape without gaps."""
    strides = [1]
    for n in reversed(shape[1:]):
        strides.insert(0, strides[0] * n)
    return tuple(strides)


def equal(terms: Ints, starts: Ints) -> Ints | None:
    """The terms as a table, if all nodes have as many."""
    count = len(terms) // len(starts)
    even = count * len(starts) == len(terms) and (starts == np.arange(len(starts)) * count).all()
    return terms.reshape(-1, count) if even else None


def _into(target: str, amount: str) -> str:
    """The statement that puts an amount into the target, where it can be without an array in between."""
    a, _, b = amount.partition(" * ")
    if a.isidentifier() and b.isidentifier():
        return f"multiply({a}, {b}, {target})"
    if a.isidentifier() and b.startswith("sign(") and b[5:-1].isidentifier():
        return f"multiply({a}, {b[:-1]}, {target}), {target})"
    if amount.startswith("add.reduce(") and amount[11:-5].isidentifier() and amount.endswith(", -1)"):
        return f"{amount[:-1]}, None, {target})"
    return f"copyto({target}, {amount})"
