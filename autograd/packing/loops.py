"""Arrays of C and loops over them: in which array an address lies, how its numbers are read, and what is added to their gradients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from ..program.c import C, number
from ..program.syntax import Name, Node
from ..terms import Term
from .equations import Equations
from .fuse import Ints
from .plan import Plan
from .sweep import carrying
from .views import contiguous, regular

ARGUMENTS = "xtuwyv"
"""What arguments are called."""
NO_DERIVATIVE = "a local derivative that is needed does not exist, or the gradient leaves the range of floats"


@dataclass
class Section:
    """An array, and where its numbers lie among all addresses. `numbers` are those of constants, `gradient` says whether there is one."""

    name: str
    start: int
    count: int
    batched: bool
    gradient: bool = False
    numbers: list[float] | None = None


@dataclass
class Place:
    """A loop's place: the index along each axis, and in the order of all."""

    indices: list[str]
    flat: str


@dataclass
class Lines:
    """Lines of C at some depth."""

    lines: list[str] = field(default_factory=list)
    depth: int = 1

    def add(self, *lines: str) -> None:
        """Some more."""
        self.lines += ["    " * self.depth + line if line else "" for line in lines]

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Lines in braces."""
        self.add(f"{head} {{")
        self.depth += 1
        yield
        self.depth -= 1
        self.add("}")


class Pieces(C):
    """How C writes operations on numbers of arrays: what stands for them in terms are names of `pieces`."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: dict[str, Node] = {}

    def term(self, piece: Node) -> Term:
        """A number as a term."""
        self.pieces[str(piece)] = piece
        return Term(name=str(piece))

    def node(self, x: Term | float, names: dict[Term, str]) -> Node:
        """A term as a piece of code."""
        if isinstance(x, Term) and x.name in self.pieces:
            return self.pieces[x.name]
        return super().node(x, names)


class Loops:
    """The arrays of a plan, and the lines that are written so far.

    given     what the function gets, and `sections` all arrays in the order of their addresses; `of` those of groups, by first address
    words     what may fail, with its status
    memory    how many numbers lie on the stack
    inside    whether the lines stand in the loop over the examples
    """

    def __init__(self, plan: Plan, equations: Equations, arguments: Sequence[tuple[bool, int]], batch: str | None) -> None:
        self.plan, self.batch, self.equations = plan, batch, equations
        self.carrying = carrying(plan)
        self.language = Pieces()
        self.gathered: dict[bytes, str] = {}  # numbers from several arrays, by their addresses
        self.tables: dict[bytes, tuple[str, Ints]] = {}
        self.words: dict[str, int] = {}
        self.memory = self.temporaries = 0
        self.inside = False
        self.out = Lines()
        self._sections(arguments)

    # -- where numbers lie -----------------------------------------------------------------------------------------------

    def _sections(self, arguments: Sequence[tuple[bool, int]]) -> None:
        plan = self.plan
        self.given: list[tuple[str, Section]] = []
        leaf = same = 0
        parts = iter([start for start, count in plan.parts if count])
        for i, (batched, count) in enumerate([(b, n) for b, n in arguments if n]):
            name = ARGUMENTS[i] if i < len(ARGUMENTS) else f"a{i}"
            wanted = bool(plan.wanted[leaf : leaf + count].any())
            self.given.append((name, Section(name, next(parts) if batched else same, count, batched, wanted)))
            same += 0 if batched else count
            leaf += count
        if len(plan.wanted) > leaf:
            wanted = bool(plan.wanted[leaf:].any())
            self.given.insert(0, ("params", Section("params", same, len(plan.wanted) - leaf, False, wanted)))
        first, numbers = plan.constants
        self.sections = [section for _, section in self.given]
        if numbers:
            self.sections.append(Section("constants", first, len(numbers), False, numbers=numbers))
        self.sections.append(Section("zero", plan.zero, 1, False, numbers=[0.0]))
        taken: dict[str, None] = {}
        for group in plan.groups:
            symbol = self.equations.names[group.start]
            letter = symbol.letter if symbol.letter.isascii() else "V"
            name = f"{letter}{'' if symbol.index is None else symbol.index}"
            if group.start in self.equations.inside or name in taken:
                name = f"U{len(taken)}"
            taken[name] = None
            self.sections.append(Section(name, group.start, len(group.nodes), group.batched, group.carries))
            self.memory += len(group.nodes) * (1 + group.carries)
        self.sections.sort(key=lambda section: section.start)
        self.starts = np.array([section.start for section in self.sections])
        self.of = {section.start: section for section in self.sections}

    def among(self, addresses: Ints) -> tuple[Ints, list[int]]:
        """For each address its section, and which those are."""
        which = np.searchsorted(self.starts, addresses.ravel(), side="right") - 1
        return which, np.unique(which).tolist()

    def table(self, numbers: Ints) -> str:
        """The name of a table of whole numbers."""
        key = numbers.tobytes()
        return self.tables.setdefault(key, (f"K{len(self.tables) + 1}", numbers.ravel()))[0]

    def temporary(self, letter: str) -> str:
        """A new name."""
        self.temporaries += 1
        return f"{letter}{self.temporaries}"

    def index(self, section: Section, addresses: Ints, place: Place) -> str:
        """The place of these numbers in their array, as an expression of the loop's indices."""
        view = regular(addresses)
        if view is None:
            return f"{self.table(addresses - section.start)}[{place.flat}]"
        return affine(view.offset - section.start, view.strides, addresses.shape, place.indices)

    def read(self, addresses: Ints, place: Place) -> Node:
        """The numbers at these addresses, in a loop of their shape. To be called before the loop begins, since they may have to be put
        together first.
        """
        which, found = self.among(addresses)
        if len(found) == 1:
            section = self.sections[found[0]]
            if section.numbers is not None and len(np.unique(addresses)) == 1:
                return number(section.numbers[int(addresses.flat[0]) - section.start])
            return Name(section.name)[self.index(section, addresses, place)]
        key = addresses.tobytes()
        if key not in self.gathered:
            name = self.gathered[key] = self.temporary("H")
            self.memory += addresses.size
            self.out.add(f"double {name}[{addresses.size}];")
            for i in found:
                section = self.sections[i]
                self._copy(f"{name}[{{0}}] = {section.name}[{{1}}];", np.nonzero(which == i)[0], addresses.ravel(), section)
        return Name(self.gathered[key])[place.flat]

    def _copy(self, line: str, at: Ints, flat: Ints, section: Section) -> None:
        """A line for each of some places of an array and their addresses in a section."""
        inner = Place(["i"], "i") if len(at) > 1 else Place(["0"], "0")
        there = regular(at)
        here = f"{self.table(at)}[{inner.flat}]" if there is None else affine(there.offset, there.strides, at.shape, inner.indices)
        head = f"for (int i = 0; i < {len(at)}; i++) " if len(at) > 1 else ""
        self.out.add(head + line.format(here, self.index(section, flat[at], inner)))

    def give(self, addresses: Ints, place: Place) -> tuple[str, list[tuple[str, Ints]]] | None:
        """The gradient at these addresses to which amounts are added in a loop of their shape, and what has to be handed on afterwards:
        a temporary array, and its addresses. None where no gradient is needed.
        """
        if not self.carrying[addresses].any():
            return None
        _, found = self.among(addresses)
        if len(found) == 1:
            section = self.sections[found[0]]
            return f"g{section.name}[{self.index(section, addresses, place)}]", []
        name = self.temporary("gH")
        self.memory += addresses.size
        self.out.add(f"double {name}[{addresses.size}] = {{0.0}};")
        return f"{name}[{place.flat}]", [(name, addresses)]

    def hand_on(self, rest: list[tuple[str, Ints]]) -> None:
        """Add what was collected in temporary arrays."""
        for name, addresses in rest:
            which, found = self.among(addresses)
            for i in found:
                if self.sections[i].gradient:
                    at = np.nonzero(which == i)[0]
                    self._copy(f"g{self.sections[i].name}[{{1}}] += {name}[{{0}}];", at, addresses.ravel(), self.sections[i])

    # -- loops and checks ------------------------------------------------------------------------------------------------

    def place(self, shape: Sequence[int], letters: str = "ijlmpqrw") -> Place:
        """The place of a loop over an array of this shape."""
        indices = [letter if n > 1 else "0" for letter, n in zip(letters, shape, strict=False)]
        return Place(indices, affine(0, contiguous(shape), shape, indices))

    @contextmanager
    def loop(self, shape: Sequence[int], place: Place) -> Iterator[None]:
        """Loops over the axes. What is done stands in braces where it is more than one line, or has names of its own."""
        heads = [f"for (int {index} = 0; {index} < {n}; {index}++)" for index, n in zip(place.indices, shape, strict=True) if n > 1]
        outer, self.out = self.out, Lines(depth=0)
        yield
        inner, self.out = self.out.lines, outer
        named = any(line.lstrip().startswith(("double", "const")) for line in inner)
        braces = named or (len(inner) > 1 and bool(heads))
        heads = heads or [""] * braces
        for head in heads[:-1] if braces else heads:
            self.out.add(head)
            self.out.depth += 1
        if braces:
            self.out.add(f"{heads[-1]} {{".lstrip())
            self.out.depth += 1
        self.out.add(*inner)
        self.out.depth -= len(heads)
        if braces:
            self.out.depth += len(heads) - 1
            self.out.add("}")
            self.out.depth -= len(heads) - 1

    def each(self, name: str, count: int, statement: str) -> None:
        """A statement where a number of an array is not finite."""
        if count == 1:
            self.out.add(f"if (!isfinite({name}[0])) {statement}")
        else:
            self.out.add(f"for (int i = 0; i < {count}; i++)", f"    if (!isfinite({name}[i])) {statement}")

    def fail(self, words: str, sign: int = 1) -> str:
        """The statement that returns a status, which these words explain."""
        status = self.words.setdefault(words, len(self.words) + 1) if sign > 0 else -1
        return f"{{ *example = n; return {status}; }}" if self.inside else f"return {status};"


def affine(offset: int, strides: Sequence[int], shape: Sequence[int], indices: Sequence[str]) -> str:
    """offset + Σ stride · index"""
    parts = [
        index if stride == 1 else f"{stride} * {index}"
        for n, stride, index in zip(shape, strides, indices, strict=True)
        if n > 1 and stride
    ]
    return " + ".join([*parts, *([str(offset)] if offset or not parts else [])])
