"""What a program computes, as statements: the forward pass, and the engine's own sweep, unrolled.

Everything in it has a generated name: v7 is the number of node 7, g7 its gradient, t1 a part of a local derivative. Labels stand in
comments, and constants as Python writes them exactly.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .. import floats
from ..primitive import Primitive
from .passes import key, places
from .rules import ANY, FINITE, OPERATORS, Term, is_off, local_derivative, may_be_missing, size_of, spreads
from .syntax import Binary, Name, Node, Text, Tight, call
from .tape import Arg, Check, Step, Tape

GRADIENT = '"a local derivative that is needed does not exist, or the gradient leaves the range of floats"'


@dataclass(slots=True)
class Statement:
    """Some lines of the program that belong together.

    lines    the text; further lines of a block are indented
    reads    the variables it needs, and `writes` those it sets; temporary ones are not among them
    node     the node it belongs to
    """

    lines: list[str]
    reads: set[str]
    writes: set[str]
    node: int | None = None


class Python:
    """How Python writes an operation. Other languages derive from it.

    calls      for each function that a text calls by a name of its own, that name; `rows` has the row whose forward function it is
    stops      whether it stops where a number is not finite
    """

    stops = True

    def __init__(self) -> None:
        self.calls: dict[Callable[..., Any], str] = {}
        self.rows: dict[Callable[..., Any], Primitive] = {}

    def row(self, op: Primitive, args: tuple[Any, ...]) -> Any:
        """The operation as a term of plain arithmetic, or the name of the function to call."""
        forward = op.forward
        if forward is floats.identity:
            return args[0]
        if forward in OPERATORS:
            return Term(args, sign=OPERATORS[forward])
        if forward is floats.power and isinstance(args[1], float) and args[1] == math.floor(args[1]):
            return Term(args, sign="**")  # with a whole exponent it never leaves the reals
        self.rows[forward] = op
        name = getattr(forward, "__name__", "")
        if getattr(math, name, None) is forward:
            return f"math.{name}"
        if getattr(floats, name, None) is forward:
            return self.calls.setdefault(forward, name)
        return self.calls.setdefault(forward, f"row{len(self.calls)}")

    def constant(self, x: float) -> str:
        """The number, exactly."""
        return repr(x) if math.isfinite(x) else f"float({str(x)!r})"

    # -- text ------------------------------------------------------------------------------------------------------------

    def node(self, x: Term | float, names: dict[Term, str]) -> Node:
        """A term as a piece of code; `names` has those terms that are in variables."""
        if isinstance(x, float):
            return Text(self.constant(x), Tight.SIGN if math.copysign(1.0, x) < 0.0 else Tight.ATOM)
        if x.name or x in names:
            return Name(x.name or names[x])
        sign, args = x.sign, x.args
        if x.op is not None:
            how = self.row(x.op, args)
            if not isinstance(how, str):
                return self.node(how, names)
            return call(how, *(self.node(arg, names) for arg in args))
        if sign == "abs":
            return call("abs", self.node(args[0], names))
        if sign == "neg":
            return -self.node(args[0], names)
        return Binary(sign, self.node(args[0], names), self.node(args[1], names))

    def text(self, x: Term | float, names: dict[Term, str]) -> tuple[str, int]:
        """A term as an expression, and how tightly it binds."""
        node = self.node(x, names)
        return str(node), node.binds

    def inside(self, x: Term | float, least: int, names: dict[Term, str]) -> str:
        """A term as a part of an expression."""
        return self.node(x, names).within(least)


@dataclass(slots=True, eq=False)
class Edge:
    """A way the gradient goes: from a node to the operand `to`, by a local derivative."""

    node: int
    to: int
    partial: Term | float


@dataclass
class Body:
    """The statements of a program, in order, and what it returns.

    value      the output, as a text, and `gradients` each leaf's, as a variable or '' where it is 0
    forward    how many statements are the forward pass
    fallible   whether a local derivative may fail to exist
    """

    tape: Tape
    passes: tuple[str, ...]
    language: Python
    statements: list[Statement] = field(default_factory=list)
    value: str = ""
    gradients: list[str] = field(default_factory=list)
    forward: int = 0
    fallible: bool = False

    def __post_init__(self) -> None:
        self.places = places(self.tape, self.passes)
        self.terms: dict[int, Term] = {}
        self.known: dict[tuple[object, ...], Term] = {}
        for step in self.tape.steps.values():
            place = self.number(step.node)  # each term is made here, operands first
            if "share" in self.passes and isinstance(place, Term):
                self.known.setdefault(self._key(step.op, "", tuple(map(self.number, step.args))), place)
        edges = self._edges()
        self._write_forward(self._needed(edges))
        self.forward = len(self.statements)
        self._write_sweep(edges)

    # -- numbers of the forward pass -------------------------------------------------------------------------------------

    def term(self, node: int) -> Term:
        """The variable that holds a node's number."""
        if node not in self.terms:
            step = self.tape.steps.get(node)
            size = size_of(step.op, tuple(map(self.number, step.args))) if step else FINITE
            self.terms[node] = Term(name=f"v{node}", size=min(size, FINITE))  # once it was looked at
        return self.terms[node]

    def number(self, arg: Arg) -> Term | float:
        """A node's number, or a constant, as a term."""
        place = self.places[arg] if isinstance(arg, int) else arg
        return self.term(place) if isinstance(place, int) else place

    def _key(self, op: Primitive | None, sign: str, args: tuple[Any, ...]) -> tuple[object, ...]:
        return key(OPERATORS.get(op.forward, op) if op is not None else sign, args)

    def tidy(self, x: Term | float) -> Term | float:
        """The term, with parts that the forward pass or this very block has computed already in place of others like them."""
        if isinstance(x, float) or x.name:
            return x
        args = tuple(map(self.tidy, x.args))
        if "fold" in self.passes and args[1:] == (1.0,) and (x.sign == "**" or (x.op is not None and x.op.forward is floats.power)):
            return args[0]  # x**1 is x
        if "share" not in self.passes:
            return x if all(map(operator.is_, args, x.args)) else Term(args, sign=x.sign, op=x.op)
        found = self._key(x.op, x.sign, args)
        if found not in self.known:
            self.fresh.append(found)
            self.known[found] = Term(args, sign=x.sign, op=x.op)
        return self.known[found]

    # -- the sweep -------------------------------------------------------------------------------------------------------

    def _edges(self) -> dict[int, list[Edge]]:
        """For each node, in the order of the sweep, its ways down."""
        tape, dead = self.tape, "dead" in self.passes
        leaves = set(range(len(tape.labels)))
        found: dict[int, list[Edge]] = {}
        below: set[int] = set(leaves)  # nodes from which a gradient reaches a leaf
        zeros: set[Edge] = set()  # edges whose local derivative is 0, though it may not be 0 nearby
        doubtful = False  # whether a local derivative may not exist
        for node in tape.order:
            step = tape.steps.get(node)
            if step is None or not step.flows:
                continue
            args = tuple(map(self.number, step.args))
            ways = []
            for position, arg in enumerate(step.args):
                if isinstance(arg, int) and arg in below:
                    edge = Edge(node, arg, local_derivative(step.op, position, self.number(node), args))
                    doubtful = doubtful or _is_doubtful(step, edge.partial, args)
                    if edge.partial == 0.0 and dead:
                        if is_off(step.op, position, args):
                            continue
                        zeros.add(edge)
                    ways.append(edge)
            if ways:
                below.add(node)
                found[node] = ways
        if zeros and not doubtful:  # then nothing depends on what they hand on, which is 0
            below = set(leaves)
            for node, ways in list(found.items()):
                found[node] = [edge for edge in ways if edge.to in below and edge not in zeros]
                if found[node]:
                    below.add(node)
                else:
                    del found[node]
        reached = {tape.output}
        sweep: dict[int, list[Edge]] = {}
        for node in reversed(tape.order):
            if node in found and node in reached:
                sweep[node] = found[node]
                reached.update(edge.to for edge in found[node])
        return sweep

    def _needed(self, edges: dict[int, list[Edge]]) -> set[int] | None:
        """The nodes whose numbers the program needs; None for all."""
        if "dead" not in self.passes:
            return None
        needed: set[int] = set()
        todo: list[Any] = [self.number(self.tape.output)]
        for entry in self.tape.entries:
            if isinstance(entry, Check):
                todo += map(self.number, entry.args)
        self.fresh: list[tuple[object, ...]] = []
        for ways in edges.values():
            for edge in ways:
                todo.append(self.tidy(edge.partial))
            self._forget()
        while todo:
            x = todo.pop()
            if isinstance(x, Term):
                if x.name:
                    node = int(x.name[1:])
                    if node not in needed:
                        needed.add(node)
                        step = self.tape.steps.get(node)
                        todo += map(self.number, step.args) if step else ()
                else:
                    todo += x.args
        return needed

    def _forget(self) -> None:
        """What is computed inside one block of the sweep is not there in the next."""
        for found in self.fresh:
            del self.known[found]
        self.fresh = []

    # -- statements ------------------------------------------------------------------------------------------------------

    def _write_forward(self, needed: set[int] | None) -> None:
        unchecked: dict[str, None] = {}  # numbers that may not be finite, where nobody has looked yet

        def look() -> None:
            """A number that is not finite must not get lost. Through sums and products it does not, so one look at their end will do."""
            names = list(unchecked) if self.language.stops else []
            for i in range(0, len(names), 20):
                some = names[i : i + 20]
                self.statements.append(Statement(self.check_range(some), set(some), set()))
            unchecked.clear()

        for entry in self.tape.entries:
            if isinstance(entry, Check):
                look()
                self._write_check(entry)
                continue
            if self.places[entry.node] != entry.node or (needed is not None and entry.node not in needed):
                continue
            args = tuple(map(self.number, entry.args))
            names = [arg.name for arg in args if isinstance(arg, Term)]
            name = f"v{entry.node}"
            doubtful = size_of(entry.op, args) == ANY
            if not spreads(entry.op):
                look()
            for n in names:
                if n in unchecked:
                    del unchecked[n]
                    doubtful = True
            text, _ = self.language.text(Term(args, op=entry.op), {})
            self.statements.append(Statement([f"{name} = {text}{comment(entry.label)}"], set(names), {name}, entry.node))
            if doubtful:
                unchecked[name] = None
        look()
        self.value = self.language.text(self.number(self.tape.output), {})[0]

    def check_range(self, names: list[str]) -> list[str]:
        """Whether these numbers are finite."""
        return [f"if {' or '.join(f'{name} * 0.0' for name in names)}:", '    raise OverflowError("a number is beyond the largest float")']

    def _write_check(self, check: Check) -> None:
        x, y = map(self.number, check.args)
        text = f"{self.language.inside(x, 2, {})} {check.relation} {self.language.inside(y, 2, {})}"
        names = {side.name for side in (x, y) if isinstance(side, Term)}
        lines = [f"if {f'not {text}' if check.outcome else text}:", f'    raise BranchError("recorded where {text} is {check.outcome}")']
        self.statements.append(Statement(lines, names, set()))

    def _write_sweep(self, edges: dict[int, list[Edge]]) -> None:
        fold, share, dead = ("fold" in self.passes, "share" in self.passes, "dead" in self.passes)
        output = self.tape.output
        arriving = Counter(edge.to for ways in edges.values() for edge in ways)
        names: dict[int, str] = {}  # the variable of each gradient that there is; '' for the 1 at the output
        temporaries = 0
        self.fresh = []
        if isinstance(output, int) and (output in edges or output < len(self.tape.labels)):
            names[output] = "" if fold and output in edges else f"g{output}"
            if names[output]:
                self.statements.append(Statement([f"g{output} = 1.0"], set(), {f"g{output}"}, output))
        for node, ways in edges.items():
            upstream = names[node]
            rest = []
            for edge in ways:  # where nothing is multiplied and nothing else arrives, the same variable will do
                if share and edge.partial == 1.0 and arriving[edge.to] == 1 and (upstream or edge.to >= len(self.tape.labels)):
                    names[edge.to] = upstream
                else:
                    rest.append(edge)
            ways = rest
            if not ways:
                continue
            partials = [self.tidy(edge.partial) for edge in ways]
            self._forget()
            made, reads, parts, temporaries = self._temporaries(partials, temporaries)
            lines: list[str] = []
            stops = self.language.stops
            certain = all(isinstance(p, float) or p.sure for p in partials) and not any("raise" in line for line in made)
            finite = all(not p * 0.0 if isinstance(p, float) else p.size < ANY for p in partials)
            straight = (dead and certain and finite) or not upstream  # 0 times a finite number changes nothing: no need to ask
            self.fallible = self.fallible or (stops and not certain)
            reads |= {names[edge.to] for edge in ways if edge.to in names} | ({upstream} if upstream else set())
            first: dict[str, None] = {}
            doubts = [] if certain and finite else [p for p in partials if self._may_be_missing(node, p)]
            for edge, partial in zip(ways, partials, strict=True):
                to = f"g{edge.to}"
                if stops and isinstance(partial, float) and partial * 0.0:
                    (made if math.isnan(partial) else lines).append(f"raise GradientError({GRADIENT})")
                    self.fallible = True
                    names.setdefault(edge.to, to)
                    first[to] = None
                    continue
                if edge.to not in names and not (straight and fold):
                    first[to] = None
                    names[edge.to] = to
                plain = straight or stops or partial in doubts
                text = self._contribution(to, upstream, partial, parts, edge.to in names, fold, plain)
                lines.append(text + comment(self._label(edge.to)))
                names[edge.to] = to
            if straight or not stops:
                block = [*made, *lines]
            else:
                looks = [f"{self.language.text(p, parts)[0]}  # has to exist" for p in doubts if isinstance(p, Term)]
                block = [f"if {upstream}:", *(f"    {line}" for line in lines)] if lines else []
                if doubts:  # 0 times a local derivative that does not exist is not 0: what it is, the engine decides
                    block = [*made, *block, *(["else:", *(f"    {look}" for look in looks)] if looks else [])]
                else:
                    block[1:1] = [f"    {line}" for line in made]
            if first:
                block.insert(0, " = ".join(first) + " = 0.0")
            self.statements.append(Statement(block, reads, {f"g{edge.to}" for edge in ways}, node))
        self.gradients = [names.get(i, "") for i in range(len(self.tape.labels))]

    def _may_be_missing(self, node: int, partial: Term | float) -> bool:
        step = self.tape.steps[node]
        return _is_doubtful(step, partial, tuple(map(self.number, step.args)))

    def _label(self, node: int) -> str | None:
        step = self.tape.steps.get(node)
        return step.label if step else self.tape.labels[node]

    def _contribution(
        self, to: str, upstream: str, partial: Term | float, names: dict[Term, str], started: bool, fold: bool, plain: bool
    ) -> str:
        """upstream × local derivative, added to what is there. Multiplying by 1 and adding to 0 change nothing, and are left out."""
        text = self.language.text
        if fold and not upstream:
            amount, _ = text(partial, names)
        elif fold and isinstance(partial, float) and abs(partial) == 1.0:
            if partial < 0.0:
                return f"{to} -= {upstream}" if started else f"{to} = -{upstream}"
            amount = upstream
        else:
            amount = f"{upstream or '1.0'} * {self.language.inside(partial, 3, names)}"
        if not plain:
            amount = f"m.where({upstream} != 0.0, {amount}, number(0.0))"
        return f"{to} = {to} + {amount}" if started and not self.language.stops else f"{to} {'+' * started}= {amount}"

    def _temporaries(self, partials: list[Term | float], count: int) -> tuple[list[str], set[str], dict[Term, str], int]:
        """Assignments for the parts of local derivatives that are used twice or have to be looked at, and all variables that are read."""
        uses: dict[Term, int] = {}
        looked: dict[Term, None] = {}
        order: list[Term] = []

        def walk(x: Term | float) -> None:
            if isinstance(x, float):
                return
            uses[x] = uses.get(x, 0) + 1
            if uses[x] == 1:
                for arg in x.args:
                    walk(arg)
                    if isinstance(arg, Term) and arg.size == ANY and (x.op is not None or (arg.loose and x.sign in ("/", "**", "abs"))):
                        looked[arg] = None  # the engine's rows refuse what is not finite, in a rule too
                order.append(x)

        for partial in partials:
            walk(partial)
        lines: list[str] = []
        names: dict[Term, str] = {}
        for x in order:
            if not x.name and (uses[x] > 1 or x in looked):
                text = self.language.text(x, names)[0]
                names[x] = f"t{count}"
                count += 1
                lines.append(f"{names[x]} = {text}")
                if x in looked and self.language.stops:
                    lines += [f"if {names[x]} * 0.0:", f"    raise GradientError({GRADIENT})"]
        return lines, {x.name for x in order if x.name}, names, count


def _is_doubtful(step: Step, partial: Term | float, args: tuple[Any, ...]) -> bool:
    """Whether the local derivative may not exist."""
    return partial != partial if isinstance(partial, float) else not partial.sure and may_be_missing(step.op, args)


def comment(label: str | None) -> str:
    """The label as a comment, which it cannot get out of; '' without one."""
    if not label:
        return ""
    text = "".join(c if c.isprintable() else "\ufffd" for c in label[:61])
    return f"  # {text if len(text) <= 60 else text[:59] + '…'}"
