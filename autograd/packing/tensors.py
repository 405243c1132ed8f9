"""A plan as source to read, for NumPy, PyTorch or JAX: one array for each group of the plan, and our own sweep, without this package.

The text is a function of flat parameters and batched arguments. Inside, examples are the last axis, as in the equations. An operand that
is a view of one array is written as a slice, a reshape, a transpose; else its places stand in a constant. No array is written to after it
is made, since JAX forbids it: gradients are put together from those of their parts.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from keyword import iskeyword
from typing import Any

import numpy as np

from .. import floats, given
from ..primitive import PRIMITIVES, Primitive
from ..program.rules import ANY, Term, local_derivative, may_be_missing
from ..program.targets import Arrays
from .assembling import Assembly, Piece
from .fuse import SUM, Ints
from .grids import Product
from .plan import Group, Plan
from .spelling import WORDS, Shape, Words, added, atom, contracted, pick, reshaped, statement, tuple_of
from .views import common, regular

LETTERS = "xturqs"
"""What arguments are called."""

ERROR_FUNCTIONS = {name: f"def {name}(x):\n    return np.vectorize(math.{name}, otypes=[float])(x)" for name in ("erf", "erfc")}
"""NumPy has none."""

TAKEN = {
    *PRIMITIVES, "BranchError", "all", "float", "jax", "jnp", "map", "math", "np", "number", "place", "special", "strong",
    "torch",
}  # fmt: skip
"""Names that programs use."""

STRONG = """def strong(gradient, partial):
    \"\"\"Their product, but 0 where the gradient is 0, whatever the local derivative is.\"\"\"
    return m.where(gradient == 0.0, 0.0, gradient * partial)"""
PLACE = """def place(count, where, numbers):
    \"\"\"The numbers at their places among `count` zeros; those that meet are added.\"\"\"
    rest = numbers.shape[where.ndim :]
    numbers = numbers.reshape(-1, *rest)
    total = m.zeros((count, *rest)DOUBLE)"""
BRANCH = """class BranchError(RuntimeError):
    \"\"\"A comparison comes out otherwise than where the program was recorded.\"\"\""""


@dataclass(eq=False)
class Source:
    """An array of the program that others read: an argument, the parameters, or a group.

    start     the address of its first number
    shape     that of its numbers; one of the examples may follow
    leaf      whether the program gets it
    pieces    the parts of it that have names, and which numbers they are
    arrived   the gradients that have come so far: by which of its numbers, and the amount
    gradient  what holds its gradient, once that is known
    """

    name: str
    start: int
    shape: Shape
    batched: bool
    leaf: bool = False
    pieces: dict[str, Ints] = field(default_factory=dict)
    arrived: list[Piece] = field(default_factory=list)
    gradient: str = ""

    @property
    def count(self) -> int:
        """How many numbers it has (for each example)."""
        return math.prod(self.shape)


@dataclass
class Operand:
    """An array as it is read. The axes `dropped`, along which it is the same, it does not have; `addresses` are without them."""

    text: str
    addresses: Ints
    batched: bool
    dropped: tuple[int, ...] = ()


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


class Language(Arrays):
    """How a library writes an operation on arrays."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.module, words.special)
        self.words = words

    def row(self, op: Primitive, args: tuple[Any, ...]) -> Term | str:
        """The operation as plain arithmetic, or the name of the function to call."""
        if op.forward is floats.power and isinstance(args[1], float):
            return Term(args, sign="**")
        if not self.words.special and op.name in ERROR_FUNCTIONS and PRIMITIVES.get(op.name) is op:
            self.written.rows[op.name] = ERROR_FUNCTIONS[op.name]
            return op.name
        return super().row(op, args)

    def named(self, text: str) -> str:
        """A text of ours, with the library's name."""
        return re.sub(r"\bm\.", f"{self.words.module}.", text)


def source(
    plan: Plan,
    target: str = "numpy",
    name: str = "value_and_gradients",
    *,
    arguments: Sequence[tuple[bool, int]] | None = None,
    batch: str | None = "mean",
) -> str:
    """The program as source for "numpy", "torch" or "jax": a function of the parameters, flat, and of the arguments.

    name       what the function is called
    arguments  for each argument, whether it is batched, and how many numbers it has; all are batched unless said
    batch      whether the value is the "mean" or the "sum" over the examples; None without a batch
    """
    given.choice(target, WORDS, "target")
    if not name.isidentifier() or iskeyword(name) or name in TAKEN:
        raise ValueError(f"name needs a free name for a function, but got {name!r}")
    if arguments is None:
        arguments = [(True, count) for _, count in plan.parts]
    return _Author(plan, WORDS[target], name, arguments, batch).text()


def simplified(rule: Term | float) -> Term | float:
    """A rule without powers of 1."""
    if isinstance(rule, float) or rule.name:
        return rule
    args = tuple(simplified(arg) for arg in rule.args)
    if args[1:] == (1.0,) and (rule.sign == "**" or rule.op is PRIMITIVES["power"]):
        return args[0]
    return Term(args, sign=rule.sign, op=rule.op)


# ------------------------------------------------------------------------------------------------------------------------


class _Author(Assembly):
    """Writes the program."""

    def __init__(self, plan: Plan, words: Words, name: str, arguments: Sequence[tuple[bool, int]], batch: str | None) -> None:
        super().__init__(words)
        self.plan, self.name, self.batch = plan, name, batch
        self.language = Language(words)
        self.lines: list[str] = []
        self.read_already: dict[tuple[Shape, bytes], Operand] = {}
        self.known: set[str] = set()  # the gradients of those that there are
        self.made: dict[int, Any] = {}  # how each group was written
        self.temporary: dict[str, int] = {}
        self.named: dict[tuple[str, Shape, bytes], str] = {}  # the parts of the parameters
        self.carrying = np.zeros(plan.same + plan.inputs + plan.computed, bool)
        nodes = np.nonzero(plan.where >= 0)[0]
        self.carrying[plan.where[nodes]] = plan.graph.carries[nodes]
        self._name_arguments(arguments)
        self._name_groups()
        self._find_shapes()
        for group in plan.groups:
            self._forward(group)
        self._guards()
        value, seed = self._value()
        self.lines.append(f"value = {value}")
        forward, self.lines = self.lines, []
        if seed is not None:
            made = self.of.get(plan.output)
            self.give(np.full(made.shape if made and made.batched else (), plan.output), seed, plan.output >= plan.same)
        for group in reversed(plan.groups):
            gradient = self._arrived(self.of[group.start]) if group.carries else ""
            if gradient:
                self._backward(group, gradient)
        self._close(forward)

    # -- names -----------------------------------------------------------------------------------------------------------

    def _name_arguments(self, arguments: Sequence[tuple[bool, int]]) -> None:
        """The arrays that the function gets. `names` are its arguments, `columns` the arrays made of them, and `sources` all there are."""
        self.sources: list[Source] = []
        self.names: list[str] = []
        self.columns: list[tuple[str, Source]] = []
        self.wanted: list[bool] = []
        self.params: Source | None = None
        leaf = same = 0
        parts = iter([start for start, count in self.plan.parts if count])
        for i, (batched, count) in enumerate([(b, n) for b, n in arguments if n]):
            letter = LETTERS[i] if i < len(LETTERS) else f"a{i}"
            column = Source("X0" if not i else letter.upper(), next(parts) if batched else same, _line_of(count), batched, True)
            same += 0 if batched else count
            self.names.append(letter)
            self.sources.append(column)
            self.columns.append((letter, column))
            self.wanted.append(bool(self.plan.wanted[leaf : leaf + count].any()))
            leaf += count
        count = len(self.plan.wanted) - leaf
        if count:
            self.params = Source("params", same, (count,), False, True)
            self.names.insert(0, "params")
            self.sources.append(self.params)
        self.sources.sort(key=lambda source: source.start)

    def _name_groups(self) -> None:
        """Z for what goes into the activation of a layer, X for what comes out, V for others, E for the output."""
        self.of: dict[int, Source] = {}
        last: dict[int, tuple[str, int]] = {}
        self.layer: dict[int, int] = {}
        others = 0
        for group in self.plan.groups:
            name, n = "", len(group.nodes)
            arg = group.args[0] if len(group.args) == 1 else 0.0
            sides = [self._is_param(side) for product in group.products for side in (product.left, product.right)]
            if any(sides) and not all(sides):
                self.layer[group.start] = len(self.layer) + 1
                name = f"Z{len(self.layer)}"
                last[group.start] = f"X{len(self.layer)}", n
            elif not isinstance(arg, float) and last.get(int(arg[0]), ("", 0))[1] == n and (np.diff(arg) == 1).all():
                name = last.pop(int(arg[0]))[0]
            elif n == 1 and group.start == self.plan.output:
                name = "E"
            else:
                others += 1
                name = f"V{others}"
            self.of[group.start] = Source(name, group.start, _line_of(n), group.batched)
        self.sources += self.of.values()
        self.sources.sort(key=lambda source: source.start)
        first, numbers = self.plan.constants
        fixed = [first] * bool(numbers) + [self.plan.zero]
        starts: list[tuple[int, Source | None]] = [*((s.start, s) for s in self.sources), *((start, None) for start in fixed)]
        self.sections = sorted(starts, key=lambda section: section[0])
        self.starts = np.array([start for start, _ in self.sections])

    def _find_shapes(self) -> None:
        """The shapes in which matrix products read groups as a whole."""
        self.hints: dict[int, Shape] = {}
        for group in self.plan.groups:
            for product in group.products:
                for side in (product.left, product.right):
                    first = int(side.flat[0])
                    if first in self.of and _whole(side - first, self.of[first].count):
                        self.hints.setdefault(first, tuple(n for n in side.shape if n > 1))

    def _is_param(self, addresses: Ints) -> bool:
        params = self.params
        return params is not None and bool((addresses >= params.start).all() and (addresses < params.start + params.count).all())

    def new(self, letter: str) -> str:
        """A new name."""
        self.temporary[letter] = self.temporary.get(letter, 0) + 1
        return f"{letter}{self.temporary[letter]}"

    def write(self, name: str, text: str, note: str = "") -> None:
        """One statement."""
        self.lines += statement(name, text, note)

    # -- reading ---------------------------------------------------------------------------------------------------------

    def sections_of(self, addresses: Ints) -> tuple[Ints, list[int]]:
        """For each address in which section it lies, and which sections those are."""
        which = np.searchsorted(self.starts, addresses.ravel(), side="right") - 1
        return which, np.unique(which).tolist()

    def viewed(self, addresses: Ints) -> str | None:
        """The text of a view, if these numbers are one of an array that is no constant; a named part of the parameters is short."""
        _, found = self.sections_of(addresses)
        source = self.sections[found[0]][1]
        if len(found) > 1 or source is None:
            return "0.0" if source is None and addresses.size == 1 else None
        if source.leaf and not source.batched:
            return "W1"
        return pick(source.name, source.shape, source.batched, addresses - source.start, self.words.permute)

    def numbers(self, source: Source | None, addresses: Ints, letter: str = "p") -> str:
        """Numbers of one section."""
        if source is None:
            first, numbers = self.plan.constants
            known = np.array([*numbers, 0.0])[np.where(addresses == self.plan.zero, -1, addresses - first)]
            return self.constant(known) if known.ndim else self.language.constant(float(known))
        places = addresses - source.start
        if source.leaf and not source.batched:
            return self.piece(source, places, letter)
        return self.taken(source.name, source.shape, source.batched, places)

    def piece(self, source: Source, places: Ints, letter: str) -> str:
        """The name of a part of the parameters, or of a shared argument."""
        key = source.name, places.shape, places.tobytes()
        if key not in self.named:
            name = letter if letter[1:] else self.new(letter)
            if name in self.named.values():
                name = self.new(f"{name}_")
            self.named[key] = name
            source.pieces[name] = places
        return self.named[key]

    def read(self, addresses: Ints, drop: Iterable[int] = (), letter: str = "p") -> Operand:
        """The numbers at these addresses, without some axes along which they are the same."""
        dropped = tuple(drop)
        addresses = addresses[tuple(0 if axis in dropped else slice(None) for axis in range(addresses.ndim))]
        addresses = np.asarray(addresses)
        key = addresses.shape, addresses.tobytes()
        known = self.read_already.get(key)
        if known is None:
            known = self.read_already[key] = self._read(addresses, letter)
        return Operand(known.text, addresses, known.batched, dropped)

    def _read(self, addresses: Ints, letter: str) -> Operand:
        which, found = self.sections_of(addresses)
        sources = [self.sections[i][1] for i in found]
        batched = any(source is not None and source.batched for source in sources)
        if len(set(sources)) == 1:
            text = self.numbers(sources[0], addresses, letter)
            if sources[0] is not None and re.search(r"\[K\d+\]$", text):
                name = self.new("H")
                self.write(name, text)
                text = name
            return Operand(text, addresses, batched)
        flat, parts = addresses.ravel(), list[Piece]()
        for i, source in zip(found, sources, strict=True):
            if source is None and (flat[which == i] == self.plan.zero).all():
                continue
            at = np.nonzero(which == i)[0]
            text = self.numbers(source, flat[at])
            if batched and (source is None or not source.batched):
                text = f"{self.words.module}.broadcast_to({text}[:, None], {tuple_of((len(at),), True)})"
            parts.append((at, text))
        name = self.new("H")
        self.write(name, self.assembled(addresses.shape, batched, parts))
        return Operand(name, addresses, batched)

    def beside(self, operand: Operand, shape: Shape, batched: bool) -> str:
        """An operand as it stands beside arrays of this shape."""
        if not operand.addresses.ndim:
            return operand.text
        parts = ["None" if axis in operand.dropped else ":" for axis in range(len(shape))]
        while parts[0] == "None":
            parts.pop(0)
        parts += ["None"] * (batched and not operand.batched)
        while parts[-1] == ":" and "None" in parts:
            parts.pop()
        if parts == [":", ":", "None"] and operand.addresses.ndim == 2 and not operand.batched:
            parts = ["...", "None"]  # shorter to read, where no other axis follows
        return f"{operand.text}[{', '.join(parts)}]" if "None" in parts else operand.text

    def beside_others(self, columns: list[Ints], n: int, start: int = -1) -> tuple[Shape, list[Operand]]:
        """Columns of n addresses in one shape, in which as many as possible are views, and in which the group that begins at `start` is
        read. What is the same along an axis does not have it.
        """
        hint = self.hints.get(start)
        shapes: Iterable[Shape] = dict.fromkeys([*([hint] if hint else []), *self._shapes_of(columns, n), common(columns)[0], _line_of(n)])
        if n == 1:
            shapes = [max(self._shapes_of(columns, n), key=len, default=())]
        shape = min(shapes, key=lambda shape: sum(self._cost(column.reshape(shape)) for column in columns))
        tables = [column.reshape(shape) for column in columns]
        drops = [_same(table) for table in tables]
        if shape == (1,):  # what has no such axis goes without
            drops = [set() if shape in self._shapes_of([column], n) else {0} for column in columns]
        return shape, [self.read(table, drop) for table, drop in zip(tables, drops, strict=True)]

    def _shapes_of(self, columns: list[Ints], n: int) -> list[Shape]:
        found = []
        for column in columns:
            _, sections = self.sections_of(column)
            source = self.sections[sections[0]][1]
            if len(sections) == 1 and source is not None and source.count == n:
                found.append(source.shape)
        return found

    def _cost(self, table: Ints) -> int:
        view = self.viewed(table[tuple(0 if axis in _same(table) else slice(None) for axis in range(table.ndim))])
        return 1000 if view is None else len(view)

    # -- forward ---------------------------------------------------------------------------------------------------------

    def _forward(self, group: Group) -> None:
        made = self.of[group.start]
        how = {SUM: self._sum, -1: self._single}.get(group.kind, self._largest)
        made.shape, text = how(group)
        self.write(made.name, text, " × ".join(map(str, [*made.shape, *["size"] * group.batched])))

    def _single(self, group: Group) -> tuple[Shape, str]:
        op, n = group.op, len(group.nodes)
        assert op is not None
        columns = [arg for arg in group.args if not isinstance(arg, float)]
        shape, operands = self.beside_others(columns, n, group.start) if columns else (_line_of(n), [])
        left = iter(operands)
        args: list[Any] = [
            arg if isinstance(arg, float) else Term(name=self.beside(next(left), shape, group.batched)) for arg in group.args
        ]
        self.made[group.start] = operands, args
        if not columns:  # an operation that has no result on these constants
            args = [Term(name=self.full(shape, False, repr(arg))) for arg in args]
        return shape, self._filled(self.language.text(Term(tuple(args), op=op), {})[0], shape, operands, group.batched)

    def _filled(self, text: str, shape: Shape, operands: list[Operand], batched: bool) -> str:
        """What is computed from operands, repeated along the axes that none of them has."""
        missing = operands and set.intersection(*({*operand.dropped} for operand in operands))
        return f"{self.words.module}.broadcast_to({text}, {tuple_of(shape, batched)})" if missing else text

    def _sum(self, group: Group) -> tuple[Shape, str]:
        n = len(group.nodes)
        contractions = [self._contraction(group, product) for product in group.products]
        shape: Shape | None = None
        parts: list[str] = []
        if contractions:
            shape, text = self._products(contractions, n)
            parts.append(text if contractions[0].batched or not group.batched else f"{atom(text)}[..., None]")
        table = self._table(group)
        terms: list[Operand] = []
        if table is not None and shape is None:
            shape = self._rows_of(table)
        if table is not None:
            assert shape is not None
            operand = self.read(table.reshape(*shape, table.shape[1]))
            terms = [operand]
            parts.append(self._widened(f"{atom(operand.text)}.sum({len(shape)})", operand, group))
        elif group.ragged is not None:
            numbers, _ = group.ragged
            shape = _line_of(n) if shape is None else shape
            operand = self.read(numbers)
            terms = [operand]
            text = f"{self.helper('place')}({n}, {self.constant(group.owner)}, {operand.text})"
            parts.append(self._widened(text if len(shape) == 1 else reshaped(text, shape, operand.batched), operand, group))
        elif group.terms and shape is None:
            shape, terms = self.beside_others(group.terms, n, group.start)
            sides = [self.beside(operand, shape, group.batched) for operand in terms]
            parts.append(self._filled(added(sides), shape, terms, group.batched))
        elif group.terms:
            assert shape is not None
            layer = self.layer.get(group.start)
            for term in group.terms:
                column = term.reshape(shape)
                terms.append(self.read(column, _same(column), f"b{layer}" if layer and self._is_param(term) else "p"))
                parts.append(self.beside(terms[-1], shape, group.batched))
        assert shape is not None
        self.made[group.start] = contractions, table, terms
        return shape, added(parts)

    def _products(self, contractions: list[Contraction], n: int) -> tuple[Shape, str]:
        """Matrix products as an array of n numbers: as it lies where there is one, else brought in order."""
        texts = [
            contracted(self.words.module, (c.left.text, c.letters[0]), (c.right.text, c.letters[1]), c.letters[2]) for c in contractions
        ]
        first, batched = contractions[0].place, contractions[0].batched
        if len(contractions) == 1 and _whole(first, n):
            return first.shape, texts[0]
        pieces: list[Piece] = []
        shape = _line_of(n)
        for c, text in zip(contractions, texts, strict=True):
            name = self.new("H")
            self.write(name, text)
            rows = c.place.ravel()
            order = np.argsort(rows, kind="stable")[np.count_nonzero(rows < 0) :]
            if len(order) == n > 1:
                finer, (view,) = common([order])
                shape = shape if view is None else finer
                return shape, self.taken(name, c.place.shape, batched, order.reshape(shape))
            pieces.append((rows[order], self.taken(name, c.place.shape, batched, order)))
        return shape, self.assembled(shape, batched, pieces)

    def _widened(self, text: str, operand: Operand, group: Group) -> str:
        return f"{text}[..., None]" if group.batched and not operand.batched else text

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

    def _largest(self, group: Group) -> tuple[Shape, str]:
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
        return shape, self._widened(f"{atom(operand.text)}.{self.words.largest}({len(shape)})", operand, group)

    def _contraction(self, group: Group, product: Product) -> Contraction:
        """A matrix product with letters: s products of p rows and q columns, k the axis that is summed, and b the examples."""
        left, right = product.left, product.right
        sizes = dict(zip("spqk", (*product.place.shape, left.shape[2]), strict=True))
        # A layer's weights stay a matrix, though it may have one row or column.
        keep = "pk" if sizes["s"] == sizes["q"] == 1 and self._is_param(left) and (right >= self.plan.same).all() else ""
        same = [{c for i, c in enumerate(letters) if i in _same(side)} for side, letters in ((left, "spk"), (right, "sqk"))]
        single = {c for c, n in sizes.items() if n == 1 and c not in keep}
        drops = single | ((same[0] - same[1]) & {"s"}), single | (same[1] & {"s"})
        layer = self.layer.get(group.start)
        found = []
        for side, letters, drop in ((left, "spk", drops[0]), (right, "sqk", drops[1])):
            hint = f"W{layer}" if layer and self._is_param(side) else "p"
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

    def _guards(self) -> None:
        for check in self.plan.checks:
            batched = any(bool((side >= self.plan.same).any()) for side in check.sides)
            shape, operands = self.beside_others([*check.sides], len(check.sides[0]))
            x, y = (self.beside(operand, shape, batched) for operand in operands)
            test = f"({x} {check.relation} {y})"
            self.lines += [
                f"if not {test}.all():" if check.outcome else f"if {test}.any():",
                f'    raise BranchError("recorded where {test[1:-1]} is {check.outcome}")',
            ]

    def _value(self) -> tuple[str, str | None]:
        """The value, and the gradient at the output."""
        output = np.array(self.plan.output)
        source = self.sections[self.sections_of(output)[1][0]][1]
        operand = self.read(output)
        if source is None:
            return f"{self.helper('number')}({operand.text})", None
        factor = "size" if self.batch == "sum" and self.plan.parts else ""
        if not operand.batched:
            return operand.text + f" * {factor}" * bool(factor), f"{self.helper('number')}(1.0{f' * {factor}' * bool(factor)})"
        text = source.name if source.count == 1 else operand.text
        seed = self.full(source.shape if source.count == 1 else (), True, "1.0" if factor else "1.0 / size")
        return f"{text}.{'sum' if self.batch == 'sum' else 'mean'}()", seed

    # -- backward --------------------------------------------------------------------------------------------------------

    def give(self, addresses: Ints, amount: str, batched: bool) -> None:
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
                    self.write(name, added([name, amount]))
                    return
                self.write(name, amount)
                self.known.add(name)
                amount = name
            source.arrived.append((places, amount))
            return
        name = self.new("H")
        self.write(name, amount)
        flat = addresses.ravel()
        for i in found:
            source = self.sections[i][1]
            at = np.nonzero(which == i)[0]
            if source is not None:
                part = self.taken(name, addresses.shape, batched, at)
                self.give(flat[at], part if source.batched or not batched else f"{part}.sum(-1)", source.batched)

    def _give_to(self, operand: Operand, amount: str, shape: Shape, batched: bool) -> None:
        """As above, to an operand that stood beside others in this shape: what it was repeated for is summed."""
        axes = [*operand.dropped, *[len(shape)] * (batched and not operand.batched)]
        if axes:
            amount = f"{atom(amount)}.sum({axes[0] if len(axes) == 1 else tuple(axes)})"
        self.give(operand.addresses, amount, operand.batched)

    def _arrived(self, source: Source) -> str:
        """The name of the gradient of an array, '' where none arrives."""
        if source.arrived and not source.gradient:
            text = self.assembled(source.shape, source.batched, source.arrived)
            source.gradient = text if text.isidentifier() else f"g{source.name}"
            if text != source.gradient:
                self.write(source.gradient, text)
        return source.gradient

    def _backward(self, group: Group, gradient: str) -> None:
        made = self.of[group.start]
        if group.kind != SUM:
            self._single_back(group, made, gradient)
            return
        contractions, table, terms = self.made[group.start]
        for contraction in contractions:
            self._product_back(made, contraction, gradient)
        if group.ragged is None and table is None:
            for operand in terms:
                self._give_to(operand, gradient, made.shape, group.batched)
            return
        operand = terms[0]
        if group.batched and not operand.batched and self.carrying[operand.addresses].any():
            gradient = f"{gradient}.sum(-1)"
        if table is not None:
            parts = [":"] * len(made.shape) + ["None"]
            wide = f"{gradient}[{', '.join(parts)}]" if made.shape else gradient
            self.give(
                operand.addresses,
                f"{self.words.module}.broadcast_to({wide}, {tuple_of(operand.addresses.shape, operand.batched)})",
                operand.batched,
            )
        else:
            self.give(operand.addresses, self.taken(gradient, made.shape, operand.batched, group.owner), operand.batched)

    def _single_back(self, group: Group, made: Source, gradient: str) -> None:
        op = group.op
        assert op is not None
        operands, args = self.made[group.start]
        left = iter(operands)
        for position, arg in enumerate(args):
            if isinstance(arg, float):
                continue
            operand = next(left)
            if not self.carrying[operand.addresses].any():
                continue
            rule = simplified(local_derivative(op, position, Term(name=made.name), tuple(args)))
            if isinstance(rule, float):
                if rule == 0.0:
                    continue
                safe = math.isfinite(rule)
                amount = {1.0: gradient, -1.0: f"-{gradient}"}.get(rule, f"{self.language.constant(rule)} * {gradient}")
            else:
                # Where products and squares are finite, so are these.
                square = op is PRIMITIVES["power"] and args[1] == 2.0
                safe = (rule.sure and rule.size < ANY) or op is PRIMITIVES["multiply"] or square
                doubtful = not rule.sure and may_be_missing(op, tuple(args))  # 0·∞ has no value here: it is nan
                safe = safe or doubtful
                amount = self.language.text(Term((rule, Term(name=gradient)), sign="*"), {})[0]
            if not safe:
                amount = f"{self.helper('strong')}({gradient}, {self.language.text(rule, {})[0]})"
            self._give_to(operand, amount, made.shape, group.batched)

    def _product_back(self, made: Source, c: Contraction, gradient: str) -> None:
        left, right, out = c.letters
        batched = c.batched
        if not (self.carrying[c.left.addresses].any() or self.carrying[c.right.addresses].any()):
            return
        if made.batched and not batched:
            gradient = f"{gradient}.sum(-1)"
        if not (_whole(c.place, made.count) and c.place.shape == made.shape):
            rows = c.place.ravel()
            at = np.nonzero(rows >= 0)[0]
            name = self.new("H")
            if len(at) == len(rows):
                self.write(name, self.taken(gradient, made.shape, batched, c.place))
            else:
                text = f"{self.helper('place')}({len(rows)}, {self.constant(at)}, {self.taken(gradient, made.shape, batched, rows[at])})"
                self.write(name, reshaped(text, c.place.shape, batched))
            gradient = name
        module, upstream = self.words.module, (gradient, out)
        if left == right and (c.left.addresses == c.right.addresses).all() and not {"p", "q"} & {*out}:
            self.give(c.left.addresses, f"2.0 * {contracted(module, upstream, (c.right.text, right), left)}", c.left.batched)
            return
        for operand, own, other, letters in ((c.left, left, c.right, right), (c.right, right, c.left, left)):
            if self.carrying[operand.addresses].any():
                self.give(operand.addresses, contracted(module, upstream, (other.text, letters), own), operand.batched)

    # -- the whole -------------------------------------------------------------------------------------------------------

    def _close(self, forward: list[str]) -> None:
        """What is returned, and what comes first."""
        returned = ["value"]
        self.returns_params = self.params is not None and bool(self.plan.wanted[-1])
        if self.params is not None and self.returns_params:
            self._write_gradient(self.params)
            returned.append("gparams")
        for (letter, column), wanted in zip(self.columns, self.wanted, strict=True):
            if wanted:
                name = self._write_gradient(column)
                returned.append(f"{name}{'.T' * (column.batched and column.shape != ())}.reshape({letter}.shape)")
        backward = self.lines
        self.lines = []
        for source in self.sources:
            if source.leaf and not source.batched:
                self._write_parts(source)
        parts, self.lines = self.lines, []
        for letter, column in self.columns:
            text = (
                f"{letter}.reshape(-1, {column.count}).T"
                if column.batched and column.shape
                else reshaped(letter, column.shape, column.batched)
            )
            self.lines.append(f"{column.name} = {text}")
        batched = [column.name for _, column in self.columns if column.batched]
        if batched:
            self.lines.append(f"size = {batched[0]}.shape[-1]")
        names = ", ".join(self.names)
        made = f"{names} = map(number, ({names}))" if len(self.names) > 1 else f"{names} = number({names})"
        self.body = [made, *self.lines, *parts, "", *forward, "", *backward]
        if self.words.module == "np":
            checked = [source.name for source in self.of.values()] + [text for text in returned if text != "value"]
            self.lines = []
            self.write("results", f"[{', '.join(checked)}]")
            test = "if not all(np.isfinite(array).all() for array in results):"
            self.body += [*self.lines, test, '    raise FloatingPointError("a number is not finite")']
        self.body.append(f"return {', '.join(returned)}")

    def _write_gradient(self, source: Source) -> str:
        name = self._arrived(source)
        if not name:
            name = f"g{source.name}"
            self.write(name, self.zeros(source.shape, source.batched))
        elif source is self.params and name != "gparams":
            self.write("gparams", name)
        return name

    def _write_parts(self, source: Source) -> None:
        """The named parts of the parameters. What lies beside others in a table is written as a part of that."""
        outer: dict[str, tuple[int, int, int]] = {}  # how many rows, how far apart, and where the first begins
        for name, places in source.pieces.items():
            view = regular(places.reshape([n for n in places.shape if n > 1]))
            if view is not None and view.shape:
                stride, size = max(zip(view.strides, view.shape, strict=True))
                outer[name] = size, stride, view.offset
        starts: dict[tuple[int, int], list[int]] = {}
        for size, stride, offset in sorted(outer.values()):
            starts.setdefault((size, stride), []).append(offset)
        for name, places in sorted(source.pieces.items(), key=lambda piece: (int(piece[1].min()), piece[0])):
            start = None
            if name in outer and outer[name][1] > 1:
                size, stride, offset = outer[name]
                others = starts[size, stride]
                start = others[bisect_right(others, offset - stride)]
            text = pick(source.name, source.shape, False, places, self.words.permute, start)
            self.write(name, text or self.taken(source.name, source.shape, False, places))

    def text(self) -> str:
        """All of it."""
        words = self.words
        rows = list(self.language.written.rows.values())
        lines = [f'"""A value and its gradients in array operations, by reverse-mode differentiation, for {words.title}. Generated."""', ""]
        lines += ["import math", ""] * any("math." in row for row in rows) + [*words.imports, "", ""]
        functions = [BRANCH] * any("BranchError" in line for line in self.body)
        functions += [f'def number(x):\n    """Double precision."""\n    return {words.number}', *rows]
        if "strong" in self.helpers:
            functions.append(self.language.named(STRONG))
        if "place" in self.helpers:
            functions.append("\n    ".join([self.language.named(PLACE.replace("DOUBLE", words.double)), *words.place]))
        for function in functions:
            lines += [*function.splitlines(), "", ""]
        for constant, name in self.constants.items():
            lines += statement(name, constant)
        lines += ["", ""] * bool(self.constants)
        lines += ['@np.errstate(all="ignore")'] * (words.module == "np")
        lines += [f"def {self.name}({', '.join(self.names)}):", *(f"    {line}".rstrip() for line in [*self._about(), *self.body])]
        return "\n".join([*lines, ""])

    def _about(self) -> list[str]:
        """The docstring."""
        what = {"mean": "The mean over the examples", "sum": "The sum over the examples"}.get(self.batch or "", "The value")
        by = [*(["params"] * self.returns_params), *(name for (name, _), wanted in zip(self.columns, self.wanted, strict=True) if wanted)]
        known = [("params", self.params)] if self.params is not None else []
        width = max(map(len, self.names))
        lines = []
        for name, array in [*known, *self.columns]:
            many = f"{array.count} number{'s' * (array.count > 1)}"
            lines.append(f"{name:<{width}}  {f'examples as rows, {many} each' if array.batched else many}")
        return [f'"""{what}, and the gradient{"s" * (len(by) > 1)} by {", ".join(by)}.', "", *lines, '"""']


def _line_of(count: int) -> Shape:
    """The shape of so many numbers; one alone is no line."""
    return (count,) if count > 1 else ()


def _same(table: Ints) -> set[int]:
    """The axes, longer than 1, along which all numbers are the same."""
    return {axis for axis, n in enumerate(table.shape) if n > 1 and (table == table.take([0], axis)).all()}


def _whole(place: Ints, count: int) -> bool:
    return place.size == count and bool((place.ravel() == np.arange(count)).all())
