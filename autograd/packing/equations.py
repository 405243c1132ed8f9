"""A plan as the matrix equations of a textbook: Z¹ = b¹ + W¹ X⁰, ∇W¹ = ∇Z¹ X⁰ᵀ, and so on, forward and backward.

The letters are those of the lecture: X⁰ the inputs, W and b the weights and biases of a layer, Z what goes into its activation and X what
comes out, E the output; ∇A stands for ∂E/∂A. Examples are columns. ∗ is the product number by number, row_sum the sum over the examples.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..graph import Edge
from ..primitive import Primitive
from ..typeset import Notation, is_sum, number
from ..value import Value
from .fuse import SUM, Ints
from .grids import Product
from .plan import Group, Plan
from .sweep import carrying, squares, ways
from .views import factors

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
LONGEST = 30
"""What is needed once only, and is no longer than this, is written where it is needed."""


@dataclass(frozen=True)
class Symbol:
    """A letter with the number of its layer, such as W¹, or with a number of its own, such as V₃.

    rows, columns   its shape; without columns it has one number a row, for each example where there are some
    """

    letter: str
    index: int | None
    rows: int
    columns: int | None = None

    def text(self, tex: bool) -> str:
        """As Unicode or LaTeX."""
        letter = {"θ": r"\theta"}.get(self.letter, self.letter) if tex else self.letter
        if len(self.letter) > 1:
            letter = rf"\mathrm{{{letter}}}".replace("_", r"\_") if tex else letter
        if self.index is None:
            return letter
        low = self.letter in "Vv"
        if tex:
            return f"{letter}{'_' if low else '^'}{{{self.index}}}"
        return letter + str(self.index).translate(_LOWERED if low else _RAISED)

    def shape(self, batched: bool) -> str:
        """Its shape, in words; n is the number of examples."""
        sizes = [str(self.rows)] + ([str(self.columns)] if self.columns else []) + ["n"] * batched
        return " × ".join(sizes)


@dataclass(frozen=True)
class Amount:
    """A gradient: a number times factors, number by number."""

    number: float
    factors: tuple[str, ...] = ()

    def text(self, times: str) -> str:
        """Written out."""
        size = number(abs(self.number), 6)
        parts = [*([size] if size != "1" or not self.factors else []), *self.factors]
        return ("−" if self.number < 0.0 else "") + times.join(parts)


@dataclass(frozen=True)
class Equation:
    """One line: what is computed, from what, its shape, and by which group, in the backward pass the one whose gradient is handed on; there
    `of` is the array of which it is the gradient.
    """

    left: str
    right: str
    shape: str
    adds: bool = False
    group: Group | None = None
    of: str = ""


class Equations:
    """The equations of a plan. Printed they are text, in a notebook LaTeX.

    forward, backward  the lines
    inputs             the names of the batched arguments; `shared` those of the others, and how many numbers each has
    names              the symbol of each group, by its first address
    inside             the text of those that have no line of their own, since they are written where they are needed
    """

    def __init__(self, plan: Plan, mean: bool | None, inputs: list[str], shared: list[tuple[str, int]]) -> None:
        self._made = [_Maker(plan, mean, inputs, shared, tex) for tex in (False, True)]
        plain = self._made[0]
        self.forward, self.backward, self.names, self.inside = plain.forward, plain.backward, plain.names, plain.inside
        self._batched = plan.inputs > 0

    def blocks_of(self, addresses: Ints) -> list[str]:
        """The parameters and inputs among these, as they are called."""
        maker = self._made[0]
        leaves = addresses[maker.owner[addresses] < 0]
        first, _ = maker.plan.constants
        leaves = leaves[(leaves < first) | (leaves >= maker.plan.same)]
        name = maker.array_of(leaves) if leaves.size else ""
        return [name] if name else []

    def __str__(self) -> str:
        sides = [("forward", self.forward), ("backward", self.backward)]
        every = [equation for _, equations in sides for equation in equations]
        left = max((len(equation.left) for equation in every), default=0)
        right = min(max((len(equation.right) for equation in every), default=0), 60)
        lines = ["examples are columns, n of them; ∇A is ∂E/∂A" if self._batched else "∇A is ∂E/∂A"]
        for title, equations in sides:
            lines += ["", title]
            lines += [f"  {e.left:<{left}} {'+' if e.adds else ' '}= {e.right:<{right}}  {e.shape}".rstrip() for e in equations]
        return "\n".join(lines)

    __repr__ = __str__

    def latex(self) -> str:
        """The equations as LaTeX, an aligned environment."""
        made = self._made[1]
        times = r"\times"
        lines = [
            f"{e.left} &{'{+}' if e.adds else ''}= {e.right} && {e.shape.replace('×', times)}" for e in (*made.forward, *made.backward)
        ]
        lines.insert(len(made.forward), r"\\[-0.6em]")
        return "\\begin{aligned}\n" + " \\\\\n".join(lines).replace("\\\\[-0.6em] \\\\", r"\\[-0.6em]") + "\n\\end{aligned}"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"


class _Maker:
    """Writes the equations in one of the two languages."""

    def __init__(self, plan: Plan, mean: bool | None, inputs: list[str], shared: list[tuple[str, int]], tex: bool) -> None:
        self.plan, self.tex, self.mean = plan, tex, mean
        self.names: dict[int, Symbol] = {}
        self.grids: dict[int, tuple[Ints, Ints]] = {}  # for groups that are matrices: each node's row and column
        self.blocks: list[tuple[Ints, Symbol]] = []  # parameters and inputs, by their addresses
        self.owner = np.full(plan.same + plan.inputs + plan.computed, -1)
        for i, group in enumerate(plan.groups):
            self.owner[group.addresses] = i
        self.symbols = Notation(lambda node: node.label or "", tex=tex, ready=True)
        self.carrying = carrying(plan)
        self._name(inputs, shared)
        self.inside: dict[int, str] = {}  # groups that are written where they are needed
        self._find_inside()
        self._renumber()
        self.forward = [
            Equation(self.of(group), self._forward(group), self.names[group.start].shape(group.batched), group=group)
            for group in plan.groups
            if group.start not in self.inside
        ]
        self.backward: list[Equation] = []
        self.seen: set[str] = set()
        self.passed: dict[int, Amount] = {}  # the gradients of those groups, which are passed on
        self._backward()

    # -- names -----------------------------------------------------------------------------------------------------------

    def _name(self, inputs: list[str], shared: list[tuple[str, int]]) -> None:
        plan = self.plan
        layer, others = 0, 0
        low, high = sum(count for _, count in shared), plan.constants[0]  # the parameters: after the shared arguments, before the constants
        names = [*(name for name, _ in shared), *inputs]
        start = 0
        blocks = []
        for count in (count for _, count in shared):
            blocks.append((start, count))
            start += count
        for i, (start, count) in enumerate([*blocks, *(part for part in plan.parts if part[1])]):
            block = Symbol("X", 0, count) if not i else Symbol(names[i].upper() if i < len(names) else f"X{i}", None, count)
            self.blocks.append((np.arange(start, start + count), block))

        def parameters(addresses: Ints) -> bool:
            return bool(((addresses >= low) & (addresses < high)).all())

        last: dict[int, tuple[Symbol, int]] = {}  # groups that go into an activation
        for group in plan.groups:
            n = len(group.nodes)
            symbol: Symbol | None = None
            weights = [side for product in group.products for side in (product.left, product.right) if parameters(side)]
            if weights and not all(parameters(side) for p in group.products for side in (p.left, p.right)):
                layer += 1
                rows, columns = n, None
                if not group.batched and len(group.products) == 1 and group.products[0].place.shape[0] == 1:
                    place = group.products[0].place[0]
                    rows, columns = place.shape
                    order = np.argsort(place, axis=None)
                    self.grids[group.start] = order // columns, order % columns
                symbol = Symbol("Z", layer, rows, columns)
                for extra, side in enumerate(weights):
                    letter = "W" if not extra else "VUQR"[min(extra - 1, 3)]
                    self.blocks.append((side.reshape(-1), Symbol(letter, layer, side.shape[0] * side.shape[1], side.shape[2])))
                for term in group.terms:
                    if parameters(term):
                        self.blocks.append((np.unique(term), Symbol("b", layer, len(np.unique(term)))))
                last[group.start] = symbol, n
            elif group.op is not None and len(group.args) == 1 and not isinstance(group.args[0], float):
                start = int(group.args[0][0])
                if start in last and last[start][1] == n and (group.args[0] == np.arange(start, start + n)).all():
                    base, _ = last.pop(start)
                    symbol = Symbol("X", base.index, base.rows, base.columns)
            if symbol is None:
                others += 1
                symbol = Symbol("V" if n > 1 else "v", others, n)
            self.names[group.start] = symbol
        if high > low:
            self.blocks.append((np.arange(low, high), Symbol("θ", None, high - low)))
        output = plan.groups[int(self.owner[plan.output])] if self.owner[plan.output] >= 0 else None
        if output is not None and len(output.nodes) == 1:
            self.names[output.start] = Symbol("E", None, 1)

    def _find_inside(self) -> None:
        """Which groups are needed once, as a whole, and are short."""
        uses = dict.fromkeys(self.names, 0)
        whole = dict.fromkeys(self.names, True)
        for group in self.plan.groups:
            operands = [arg for arg in group.args if not isinstance(arg, float)] + _terms(group, self.owner)
            for addresses in operands:
                for i in np.unique(self.owner[addresses]).tolist():
                    if i >= 0:
                        start = self.plan.groups[i].start
                        uses[start] += 1
                        whole[start] &= len(np.unique(addresses)) == len(self.plan.groups[i].nodes)
            for product in group.products:
                for i in np.unique(self.owner[np.r_[product.left.ravel(), product.right.ravel()]]).tolist():
                    uses[self.plan.groups[i].start] += 2 if i >= 0 else 0
        for group in self.plan.groups:
            name = self.names[group.start]
            if name.letter in "Vv" and uses[group.start] == 1 and whole[group.start] and not group.products:
                text = self._forward(group)
                if len(text.replace("\\", "")) <= LONGEST:
                    self.inside[group.start] = text

    def _renumber(self) -> None:
        """Count those that have a line of their own, without gaps."""
        count = 0
        for group in self.plan.groups:
            name = self.names[group.start]
            if group.start in self.inside:
                self.inside[group.start] = self._forward(group)
            elif name.letter in "Vv":
                count += 1
                self.names[group.start] = replace(name, index=count)

    def of(self, group: Group) -> str:
        """A group's symbol."""
        return self.names[group.start].text(self.tex)

    def say(self, addresses: Ints | float, bare: bool = False) -> str:
        """What these numbers are called: a group, a block of parameters, or a part of one; repetition goes without saying. What is written
        out instead is held in brackets if it is a sum, unless it is to be `bare`.
        """
        if isinstance(addresses, float):
            return number(addresses)
        flat = addresses.ravel()
        distinct = np.unique(flat)
        first, numbers = self.plan.constants
        if (distinct >= first).all() and (distinct < first + len(numbers)).all():
            return number(numbers[int(flat[0]) - first]) if len(distinct) == 1 else "c"
        for block, symbol in self.blocks:
            if len(block) == len(distinct) and (np.sort(block) == distinct).all():
                return symbol.text(self.tex)
        if len(distinct) > 1:
            distinct = distinct[distinct != self.plan.zero]
        owners = np.unique(self.owner[distinct])
        if len(owners) == 1 and owners[0] >= 0:
            group = self.plan.groups[int(owners[0])]
            if group.start in self.inside:
                text = self.inside[group.start]
                return text if bare else _held(text)
            name = self.of(group)
            return name if len(distinct) == len(group.nodes) else name + self._part(distinct - group.start, group.start)
        for block, symbol in self.blocks:
            if np.isin(distinct, block).all():
                return symbol.text(self.tex) + self._part(np.searchsorted(np.sort(block), distinct))
        names = [self.of(self.plan.groups[i]) for i in owners.tolist() if i >= 0]
        known = (distinct >= first) & (distinct < first + len(numbers))
        names += [number(numbers[i]) for i in (distinct[known] - first).tolist()]
        rest = distinct[~known & (self.owner[distinct] < 0)]
        if len(rest) < len(distinct):
            names += [self.say(rest)] if len(rest) else []
        if 1 < len(names) <= 3 and r"\ldots" not in names[-1] and "…" not in names[-1]:
            return f"({', '.join(names)})"
        return r"(\ldots)" if self.tex else "(…)"

    def array_of(self, addresses: Ints) -> str:
        """What the one array is called in which all of these numbers lie; '' where there is none."""
        distinct = np.unique(addresses)
        if len(distinct) > 1:
            distinct = distinct[distinct != self.plan.zero]
        owners = np.unique(self.owner[distinct])
        if len(owners) == 1 and owners[0] >= 0:
            return self.of(self.plan.groups[int(owners[0])])
        whole = (symbol for block, symbol in self.blocks if len(block) == len(distinct) and (np.sort(block) == distinct).all())
        part = (symbol for block, symbol in self.blocks if np.isin(distinct, block).all())
        found = next(whole, None) or next(part, None)
        return found.text(self.tex) if found else ""

    def _part(self, rows: Ints, start: int = -1) -> str:
        """Which rows of a symbol, or which rows and columns of a matrix."""
        text = _range(rows)
        if start in self.grids:
            row, column = (np.unique(line[rows]) for line in self.grids[start])
            if len(row) * len(column) == len(rows):
                every = [len(line) == int(whole.max()) + 1 for line, whole in zip((row, column), self.grids[start], strict=True)]
                text = ", ".join(":" if all_of_them else _range(line) for all_of_them, line in zip(every, (row, column), strict=True))
        return f"[{text.replace('…', chr(92) + 'ldots')}]" if self.tex else f"[{text}]"

    def _side(self, addresses: Ints, turned: bool = False) -> str:
        """A side of a matrix product (S, P, K) as a matrix with P rows, or with K where it is `turned`."""
        text = self.say(addresses)
        _, p, k = addresses.shape
        lies = False
        if addresses.max() == addresses.min():
            return text  # the same number everywhere
        if p > 1 and k > 1:
            down, right = int(addresses[0, 1, 0]), int(addresses[0, 0, 1])
            corner = int(addresses[0, 0, 0])
            owner = int(self.owner[corner])
            start = self.plan.groups[owner].start if owner >= 0 else -1
            if start in self.grids and self.owner[right] == owner:
                lies = bool(self.grids[start][0][right - start] != self.grids[start][0][corner - start])
            else:
                lies = abs(right - corner) > abs(down - corner)
        return self.transposed(text) if lies != turned else text

    # -- forward ---------------------------------------------------------------------------------------------------------

    def _forward(self, group: Group) -> str:
        if group.op is not None:
            return self._times_signs(self.symbols.node(self._stand_in(group)))
        parts = []
        for term in _terms(group, self.owner):
            many = len(term) > len(group.nodes)
            sign = ((r"\sum " if self.tex else "Σ ") if group.kind == SUM else (r"\max " if self.tex else "max ")) if many else ""
            parts.append(sign + self.say(term))
        parts += [self._matrix_product(product) for product in group.products]
        return " + ".join(parts)

    def _stand_in(self, group: Group, output: str = "") -> Value:
        """A node that has the group's operation and its operands' names, or what those compute where they have none."""
        args: list[Value | float] = []
        for arg in group.args:
            if isinstance(arg, float):
                args.append(arg)
                continue
            owners = np.unique(self.owner[arg])
            under = self.plan.groups[int(owners[0])] if len(owners) == 1 and owners[0] >= 0 else None
            if under is not None and under.start in self.inside and under.op is not None:
                args.append(self._stand_in(under))
            else:
                args.append(_node(None, self.say(arg, bare=True), []))
        labels = [arg.label if isinstance(arg, Value) else None for arg in args]
        if len(args) == 2 and labels[0] is not None and labels[0] == labels[1]:
            if np.array_equal(group.args[0], group.args[1]):
                args[1] = args[0]
            else:  # of one array, but not row by row
                args = [_node(None, f"{label}[{i}]", []) for label, i in zip(labels, "jk", strict=True)]
        return _node(group.op, output, args)

    def _times_signs(self, text: str) -> str:
        """A product number by number has a sign of its own; that of a power of ten stays."""
        return re.sub(r"\\cdot(?! 10)", r"\\ast", text) if self.tex else re.sub(" × |·(?!10)", " ∗ ", text)

    def _matrix_product(self, product: Product) -> str:
        if _number_by_number(product):
            left, right = self.say(product.left), self.say(product.right)
            total = product.left.shape[2] > 1
            inner = self._square(left) if squares(product) else self.times(left, right)
            return ((r"\sum " if self.tex else "Σ ") if total else "") + inner
        if self._examples_are_columns(product):
            return f"{self.say(product.left)} {self.say(product.right)}"
        return f"{self._side(product.left)} {self._side(product.right, turned=True)}"

    def _examples_are_columns(self, product: Product) -> bool:
        """Whether the right side has an axis of examples, and so stands there as it is."""
        return bool((product.right >= self.plan.same).any() and (product.left < self.plan.same).all())

    def transposed(self, text: str) -> str:
        """The transpose."""
        return f"{{{text}}}^\\top" if self.tex else f"{text}ᵀ"

    def times(self, *texts: str) -> str:
        """A product number by number."""
        return (r" \ast " if self.tex else " ∗ ").join(texts)

    def _square(self, text: str) -> str:
        return f"({text})^2" if self.tex else f"({text})²"

    def gradient(self, text: str) -> str:
        """The gradient by something."""
        return rf"\nabla {text}" if self.tex else f"∇{text}"

    # -- backward --------------------------------------------------------------------------------------------------------

    def _backward(self) -> None:
        plan = self.plan
        n = (r"\frac{1}{n}" if self.tex else "1/n") if self.mean and plan.inputs else ""
        self._put(np.array([plan.output]), Amount(1.0, (n,) if n else ()))
        for group in reversed(plan.groups):
            if group.carries:
                upstream = self.passed.get(group.start) or Amount(1.0, (self.gradient(self.of(group)),))
                for addresses, amount in self._ways(group, upstream):
                    self._put(addresses, amount, group)

    def _put(self, addresses: Ints, amount: Amount, giver: Group | None = None) -> None:
        """One line, unless the gradient is passed on to where it goes next."""
        if not self.carrying[addresses].any():
            return
        flat = np.unique(addresses)
        owner = int(self.owner[flat[-1]])
        group = self.plan.groups[owner] if owner >= 0 else None
        if group is not None and group.start in self.inside:
            self.passed[group.start] = amount
            return
        name = self.say(addresses)
        block = next((s for b, s in self.blocks if len(b) == len(flat) and (np.sort(b) == flat).all()), None)
        symbol = block or (self.names[group.start] if group is not None else Symbol("", None, len(flat)))
        shape = symbol.shape(bool(flat[-1] >= self.plan.same))
        text = amount.text(r" \ast " if self.tex else " ∗ ")
        self.backward.append(
            Equation(
                self.gradient(name), text.replace("−", "-") if self.tex else text, shape, name in self.seen, giver, self.array_of(addresses)
            )
        )
        self.seen.add(name)

    def _summed(self, amount: Amount, addresses: Ints, batched: bool) -> Amount:
        """An amount as it arrives at operands that are fewer: summed over the examples, or over what they were repeated for."""
        times = r" \ast " if self.tex else " ∗ "
        fewer = addresses.size > len(np.unique(addresses))
        over = batched and bool((addresses < self.plan.same).all())
        if not (fewer or over):
            return amount
        text = Amount(1.0, amount.factors).text(times)
        if fewer:
            text = rf"\sum {text}" if self.tex else f"Σ {text}"
        if over:
            text = rf"\mathrm{{row\_sum}}({text})" if self.tex else f"row_sum({text})"
        return Amount(amount.number, (f"({text})" if fewer and not over and amount.number != 1.0 else text,))

    def _ways(self, group: Group, upstream: Amount) -> Iterator[tuple[Ints, Amount]]:
        """For each operand of a group, its addresses and what arrives there."""
        if group.op is not None:
            node = self._stand_in(group, "" if group.start in self.inside else self.of(group))
            for position, arg in ways(group, self.carrying):
                factor = self._local(group.op, node, position)
                if factor.number == 0.0:
                    continue
                amount = Amount(factor.number * upstream.number, (*factor.factors, *upstream.factors))
                yield arg, self._summed(amount, arg, group.batched)
            return
        for term in _terms(group, self.owner):
            yield term, upstream if len(term) > len(group.nodes) else self._summed(upstream, term, group.batched)
        whole = self.gradient(self.of(group))
        for product in group.products:
            left, right = self.say(product.left), self.say(product.right)
            if _number_by_number(product):
                if squares(product):
                    yield product.left, Amount(2.0, (left, whole))
                else:
                    yield product.left, self._summed(Amount(1.0, (right, whole)), product.left, group.batched)
                    yield product.right, self._summed(Amount(1.0, (left, whole)), product.right, group.batched)
            elif self._examples_are_columns(product):
                yield product.left, Amount(1.0, (f"{whole} {self.transposed(right)}",))
                yield product.right, Amount(1.0, (f"{self.transposed(left)} {whole}",))
            else:  # ∇L = ∇Z R and ∇R = ∇Zᵀ L, or the transposes of both sides
                for side, other, turned in ((product.left, product.right, False), (product.right, product.left, True)):
                    upstream_side = self.transposed(whole) if turned else whole
                    text = f"{upstream_side} {self._side(other)}"
                    if self._side(side) != self.say(side):
                        text = f"{self._side(other, turned=True)} {whole if turned else self.transposed(whole)}"
                    yield side, Amount(1.0, (text,))

    def _local(self, op: Primitive, node: Value, position: int) -> Amount:
        """A local derivative in its textbook form."""
        first, *others = node.args
        constant = others[0] if others and isinstance(others[0], float) else first if isinstance(first, float) else None
        if op.name == "power" and constant == 2.0:
            return Amount(2.0, (_held(self._times_signs(self.symbols.word(first))),))  # type: ignore[arg-type]
        if op.name == "multiply" and constant is not None:
            return Amount(constant)
        if op.name == "divide" and others and isinstance(others[0], float):
            return Amount(1.0 / others[0])
        local = self._times_signs(self.symbols.local(Edge(node, position, node.args[position], 1.0)))  # type: ignore[arg-type]
        plain = {"0": 0.0, "1": 1.0, "-1": -1.0, "−1": -1.0}
        return Amount(plain[local]) if local in plain else Amount(1.0, (_held(local),))


def _held(text: str) -> str:
    """In brackets, if it is a sum."""
    return f"({text})" if is_sum(text) else text


def _terms(group: Group, owner: Ints) -> list[Ints]:
    """The single terms of a sum: columns, one for each node; or all together, where they are many, or the parts of one and the same."""
    if group.ragged is not None:
        return [group.ragged[0]]
    if len(group.terms) > 1:
        kinds = [set(owner[term].tolist()) for term in group.terms]
        alike = all(kind == kinds[0] and -1 not in kind for kind in kinds)
        if alike and not any(np.array_equal(group.terms[0], term) for term in group.terms[1:]):
            return [np.concatenate(group.terms)]
    return group.terms


def _range(rows: Ints) -> str:
    """Some of the numbers from 0 on: one, a stretch, or every so many."""
    found = factors(rows)
    if len(rows) == 1:
        return str(rows[0])
    if found and len(found) == 1:
        step = found[0][1]
        return f"{rows[0]}:{rows[-1] + 1}" if step == 1 else f"{rows[0]}::{step}"
    return "…"


def _number_by_number(product: Product) -> bool:
    """Whether the dot products share nothing, so that it is no matrix product."""
    _, p, q = product.place.shape
    return (p == q == 1 and product.place.shape[0] > 1) or (p == q == 1 and not (product.left < product.right.min()).all())


def _node(op: Primitive | None, label: str, args: list[Value | float]) -> Value:
    """A node for typesetting only: nothing is computed."""
    node: Value = object.__new__(Value)
    node.op, node.label, node.data, node.grad, node.scope = op, label or None, 0.5, 0.0, None
    node.x = node.y = node.made_in = node.unused = None
    for position, arg in enumerate(args):
        first, second = ("x", "dx") if not position else ("y", "dy")
        if isinstance(arg, Value):
            setattr(node, first, arg)
        else:
            setattr(node, second, arg)
    return node
