"""The forward pass of a program for people: one statement for each group of the plan."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..program.syntax import Binary, Node, node
from ..terms import Term
from .assembling import Piece
from .fuse import SUM, Ints
from .grids import Product
from .plan import Group
from .reading import Operand, Reader, same_along
from .sources import line_of, whole
from .spelling import Shape, added, contracted, reshaped, tuple_of
from .views import common, regular


@dataclass
class Contraction:
    """A matrix product as it is written: operands and letters for their axes, and for those of the result, which is laid out as `place`."""

    left: Operand
    right: Operand
    letters: tuple[str, str, str]
    place: Ints

    @property
    def batched(self) -> bool:
        """Whether there is a result for each example."""
        return self.letters[2].endswith("b")


@dataclass
class Made:
    """How a group was written, for the way back.

    operands      what it reads one by one, and `args` the same as terms, between its constants
    contractions  the matrix products in it, and `table` its single terms, where these were read as one table
    """

    operands: list[Operand] = field(default_factory=list)
    args: list[Term | float] = field(default_factory=list)
    contractions: list[Contraction] = field(default_factory=list)
    table: Ints | None = None


class Forward(Reader):
    """Writes the forward pass; `made` says how, by the groups' first addresses."""

    def compute(self, batch: str | None) -> tuple[Node, Node | None]:
        """Every statement; the value, and the gradient at the output."""
        self.made: dict[int, Made] = {}
        for group in self.plan.groups:
            array = self.of[group.start]
            made = self.made[group.start] = Made()
            how = self._sum if group.kind == SUM else self._single if group.op is not None else self._largest
            array.shape, value = how(group, made)
            self.write(array.name, value, " × ".join(map(str, [*array.shape, *["size"] * group.batched])))
        self._guards()
        value, seed = self._value(batch)
        self.write("value", value)
        return value, seed

    def _single(self, group: Group, made: Made) -> tuple[Shape, Node]:
        op, n = group.op, len(group.nodes)
        assert op is not None
        columns = [arg for arg in group.args if not isinstance(arg, float)]
        shape, operands = self.beside_others(columns, n, group.start) if columns else (line_of(n), [])
        left = iter(operands)
        made.operands = operands
        made.args = [
            arg if isinstance(arg, float) else self.language.term(self.beside(next(left), shape, group.batched)) for arg in group.args
        ]
        args = made.args
        if not columns:  # an operation that has no result on these constants
            args = [self.language.term(self.full(shape, False, node(arg))) for arg in made.args]
        return shape, self._filled(self.language.node(Term(tuple(args), op=op), {}), shape, operands, group.batched)

    def _filled(self, value: Node, shape: Shape, operands: list[Operand], batched: bool) -> Node:
        """What is computed from operands, repeated along the axes that none of them has."""
        missing = operands and set.intersection(*({*operand.dropped} for operand in operands))
        return self.words.call("broadcast_to", value, tuple_of(shape, batched)) if missing else value

    # -- sums ------------------------------------------------------------------------------------------------------------

    def _sum(self, group: Group, made: Made) -> tuple[Shape, Node]:
        made.contractions = [self._contraction(group, product) for product in group.products]
        shape: Shape | None = None
        parts: list[Node] = []
        if made.contractions:
            shape, product = self._products(made.contractions, len(group.nodes))
            parts.append(product if made.contractions[0].batched or not group.batched else product["...", "None"])
        made.table = self._table(group)
        if made.table is not None or group.ragged is not None:
            shape, total = self._many(group, made, shape)
            parts.append(total)
        elif group.terms and shape is None:
            shape, made.operands = self.beside_others(group.terms, len(group.nodes), group.start)
            sides = [self.beside(operand, shape, group.batched) for operand in made.operands]
            parts.append(self._filled(added(sides), shape, made.operands, group.batched))
        elif group.terms:
            assert shape is not None
            layer = self.layer.get(group.start)
            for term in group.terms:
                column = term.reshape(shape)
                operand = self.read(column, same_along(column), f"b{layer}" if layer and self.is_param(term) else "p")
                made.operands.append(operand)
                parts.append(self.beside(operand, shape, group.batched))
        assert shape is not None
        return shape, added(parts)

    def _many(self, group: Group, made: Made, shape: Shape | None) -> tuple[Shape, Node]:
        """The sum of many single terms: of the rows of a table, or of as many as each node has."""
        if made.table is not None:
            shape = self._rows_of(made.table) if shape is None else shape
            operand = self.read(made.table.reshape(*shape, made.table.shape[1]))
            total = operand.array.method("sum", len(shape))
        else:
            assert group.ragged is not None
            shape = line_of(len(group.nodes)) if shape is None else shape
            operand = self.read(group.ragged[0])
            total = self.helper("place", len(group.nodes), self.constant(group.owner), operand.array)
            total = total if len(shape) == 1 else reshaped(total, shape, operand.batched)
        made.operands = [operand]
        return shape, self._widened(total, operand, group)

    def _widened(self, array: Node, operand: Operand, group: Group) -> Node:
        return array["...", "None"] if group.batched and not operand.batched else array

    def _table(self, group: Group) -> Ints | None:
        """The terms of a group's nodes, where each has as many, or is the only one and has them from one array."""
        if group.ragged is not None:
            return group.table
        if len(group.nodes) == 1 and len(group.terms) > 1 and not group.products:
            together = np.concatenate(group.terms)
            _, sections = self.sections_of(together)
            if len(sections) == 1 and self.sections[sections[0]][1] is not None:
                return together[None]
        return None

    def _rows_of(self, table: Ints) -> Shape:
        """The shape of a table's rows: as they lie in the array they are from, if they do."""
        _, sections = self.sections_of(table)
        source = self.sections[sections[0]][1]
        if len(sections) == 1 and source is not None and source.count == table.size and source.shape[-1:] == table.shape[1:]:
            return source.shape[:-1]
        return () if len(table) == 1 else (len(table),)

    def _largest(self, group: Group, made: Made) -> tuple[Shape, Node]:
        if group.ragged is None:
            table: Ints | None = np.stack(group.terms, 1)
        else:
            terms, starts = group.ragged
            table = group.table
            if table is None:  # the first again and again where there are fewer
                lengths = np.diff(np.r_[starts, len(terms)])
                columns = np.arange(lengths.max())
                table = terms[starts[:, None] + np.where(columns < lengths[:, None], columns, 0)]
        assert table is not None
        shape = self._rows_of(table)
        operand = self.read(table.reshape(*shape, table.shape[1]))
        return shape, self._widened(operand.array.method(self.words.largest, len(shape)), operand, group)

    # -- matrix products -------------------------------------------------------------------------------------------------

    def _products(self, contractions: list[Contraction], n: int) -> tuple[Shape, Node]:
        """Matrix products as an array of n numbers: as it lies where there is one, else brought in order."""
        arrays = [
            contracted(self.words.module, (c.left.array, c.letters[0]), (c.right.array, c.letters[1]), c.letters[2]) for c in contractions
        ]
        first, batched = contractions[0].place, contractions[0].batched
        if len(contractions) == 1 and whole(first, n):
            return first.shape, arrays[0]
        pieces: list[Piece] = []
        shape = line_of(n)
        for c, array in zip(contractions, arrays, strict=True):
            name = self.kept("H", array)
            rows = c.place.ravel()
            order = np.argsort(rows, kind="stable")[np.count_nonzero(rows < 0) :]
            if len(order) == n > 1:
                finer, (view,) = common([order])
                shape = shape if view is None else finer
                return shape, self.taken(name, c.place.shape, batched, order.reshape(shape))
            pieces.append((rows[order], self.taken(name, c.place.shape, batched, order)))
        return shape, self.assembled(shape, batched, pieces)

    def _contraction(self, group: Group, product: Product) -> Contraction:
        """A matrix product with letters: s products of p rows and q columns, k the axis that is summed, and b the examples."""
        left, right = product.left, product.right
        sizes = dict(zip("spqk", (*product.place.shape, left.shape[2]), strict=True))
        # A layer's weights stay a matrix, though it may have one row or column.
        keep = "pk" if sizes["s"] == sizes["q"] == 1 and self.is_param(left) and (right >= self.plan.same).all() else ""
        same = [{c for i, c in enumerate(letters) if i in same_along(side)} for side, letters in ((left, "spk"), (right, "sqk"))]
        single = {c for c, n in sizes.items() if n == 1 and c not in keep}
        drops = single | ((same[0] - same[1]) & {"s"}), single | (same[1] & {"s"})
        layer = self.layer.get(group.start)
        found = []
        for side, letters, drop in ((left, "spk", drops[0]), (right, "sqk", drops[1])):
            hint = f"W{layer}" if layer and self.is_param(side) else "p"
            left_over = [c for c in letters if c not in drop]
            addresses = side[tuple(0 if c in drop else slice(None) for c in letters)]
            lies = regular(addresses)
            if lies is not None and min(lies.strides, default=0) > 0:  # in the order in which they lie
                order = sorted(range(addresses.ndim), key=lambda i: -lies.strides[i])
                addresses, left_over = addresses.transpose(order), [left_over[i] for i in order]
            operand = self.read(addresses, (), hint)
            found.append((operand, "".join(left_over) + "b" * operand.batched))
        axes = [i for i, c in enumerate("spq") if c not in single]
        place = product.place.transpose(*axes, *(i for i in range(3) if i not in axes)).reshape([product.place.shape[i] for i in axes])
        view = regular(place)
        if view is not None:
            order = sorted(range(len(axes)), key=lambda i: -view.strides[i] if place.shape[i] > 1 else 0)
            place, axes = place.transpose(order), [axes[i] for i in order]
        batched = "b" * any(operand.batched for operand, _ in found)
        return Contraction(found[0][0], found[1][0], (found[0][1], found[1][1], "".join("spq"[i] for i in axes) + batched), place)

    # -- comparisons and the value ---------------------------------------------------------------------------------------

    def _guards(self) -> None:
        for check in self.plan.checks:
            batched = any(bool((side >= self.plan.same).any()) for side in check.sides)
            shape, operands = self.beside_others([*check.sides], len(check.sides[0]))
            x, y = (self.beside(operand, shape, batched) for operand in operands)
            test = Binary(check.relation, x, y)
            self.lines += [
                f"if not {test.method('all')}:" if check.outcome else f"if {test.method('any')}:",
                f'    raise BranchError("recorded where {test} is {check.outcome}")',
            ]

    def _value(self, batch: str | None) -> tuple[Node, Node | None]:
        """The value, and the gradient at the output."""
        output = np.array(self.plan.output)
        source = self.sections[self.sections_of(output)[1][0]][1]
        operand = self.read(output)
        if source is None:
            return self.helper("number", operand.array), None
        summed = batch == "sum" and bool(self.plan.parts)
        if not operand.batched:
            value = operand.array * node("size") if summed else operand.array
            return value, self.helper("number", node(1.0) * node("size") if summed else 1.0)
        array = source.array if source.count == 1 else operand.array
        seed = self.full(source.shape if source.count == 1 else (), True, node(1.0) if summed else Binary("/", node(1.0), node("size")))
        return array.method("sum" if batch == "sum" else "mean"), seed
