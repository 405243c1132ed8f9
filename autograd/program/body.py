"""What a program computes, as statements: the forward pass, and the engine's own sweep, unrolled.

Everything in it has a generated name: v7 is the number of node 7, g7 its gradient, t1 a part of a local derivative. Labels stand in
comments, and constants as Python writes them exactly.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .. import floats
from ..primitive import Primitive
from ..terms import ANY, FINITE, OPERATORS, Term, is_off, local_derivative, may_be_missing, size_of, spreads
from .passes import key, places
from .syntax import Assign, Binary, Name, Node, Tight, Verbatim, call
from .tape import Arg, Check, Step, Tape

CHAIN = 20
"""Where functions do not stop by themselves, a number is looked at when it is from so many at which nobody has looked."""

# What a statement does, in steps. Each language has its own way to write them.


@dataclass(slots=True)
class Zero:
    """These variables begin at 0."""

    names: list[str]


@dataclass(slots=True)
class Finite:
    """Stop unless these numbers of the forward pass are finite. Each comes with all those from which it is a sum or product and at which
    nobody has looked, in order, itself last: the first of them that is not finite is where it went wrong.
    """

    chains: list[list[str]]


@dataclass(slots=True)
class Compare:
    """Stop unless a comparison comes out as it did when the program was recorded; `number` says which one it is."""

    test: Node
    outcome: bool
    number: int


@dataclass(slots=True)
class Exists:
    """Stop unless a part of a local derivative is a finite number, and not 0 where it `divides`."""

    part: Node
    divides: bool = False


@dataclass(slots=True)
class Missing:
    """Stop: a local derivative does not exist."""


@dataclass(slots=True)
class Needed:
    """What is done where this gradient is not 0, and what else."""

    upstream: str
    then: list[Action]
    otherwise: list[Action]


@dataclass(slots=True)
class Computable:
    """Stop if a local derivative cannot be computed."""

    partial: Node


Action = Assign | Zero | Finite | Compare | Exists | Missing | Needed | Computable


@dataclass(slots=True)
class Statement:
    """Some lines of the program that belong together.

    lines    what is done
    reads    the variables it needs, and `writes` those it sets; temporary ones are not among them
    node     the node it belongs to
    """

    lines: list[Action]
    reads: set[str]
    writes: set[str]
    node: int | None = None


class Python:
    """How Python writes an operation. Other languages derive from it.

    calls      for each function that a text calls by a name of its own, that name; `rows` has the row whose forward function it is
    stops      whether it stops where a number is not finite
    raises     whether its functions stop by themselves where they have no value
    """

    stops = True
    raises = True

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
            return Verbatim(self.constant(x), Tight.SIGN if math.copysign(1.0, x) < 0.0 else Tight.ATOM)
        if x.name or x in names:
            return Name(x.name or names[x])
        sign, args = x.sign, x.args
        if x.op is not None:
            how = self.row(x.op, args)
            if not isinstance(how, str):
                return self.node(how, names)
            return call(how, *(self.node(arg, names) for arg in args))
        if sign == "abs":
            return self.absolute(self.node(args[0], names))
        if sign == "neg":
            return -self.node(args[0], names)
        if sign == "**":
            return self.power(self.node(args[0], names), self.node(args[1], names))
        return Binary(sign, self.node(args[0], names), self.node(args[1], names))

    def where_not_zero(self, upstream: Node, amount: Node) -> Node:
        """The amount, but 0 where the gradient is 0: for languages that do not stop."""
        raise NotImplementedError

    def absolute(self, x: Node) -> Node:
        """|x|"""
        return call("abs", x)

    def power(self, x: Node, c: Node) -> Node:
        """x to the power c."""
        return Binary("**", x, c)


@dataclass(slots=True, eq=False)
class Way:
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

    def _edges(self) -> dict[int, list[Way]]:
        """For each node, in the order of the sweep, its ways down."""
        tape, dead = self.tape, "dead" in self.passes
        leaves = set(range(len(tape.labels)))
        found: dict[int, list[Way]] = {}
        below: set[int] = set(leaves)  # nodes from which a gradient reaches a leaf
        zeros: set[Way] = set()  # edges whose local derivative is 0, though it may not be 0 nearby
        doubtful = False  # whether a local derivative may not exist
        for node in tape.order:
            step = tape.steps.get(node)
            if step is None or not step.flows:
                continue
            args = tuple(map(self.number, step.args))
            ways = []
            for position, arg in enumerate(step.args):
                if isinstance(arg, int) and arg in below:
                    edge = Way(node, arg, local_derivative(step.op, position, self.number(node), args))
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
        sweep: dict[int, list[Way]] = {}
        for node in reversed(tape.order):
            if node in found and node in reached:
                sweep[node] = found[node]
                reached.update(edge.to for edge in found[node])
        return sweep

    def _needed(self, edges: dict[int, list[Way]]) -> set[int] | None:
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
        unchecked: dict[str, list[str]] = {}  # numbers that may not be finite, where nobody has looked yet, and what they are from

        def look() -> None:
            """A number that is not finite must not get lost. Through sums and products it does not, so one look at their end will do."""
            chains = list(unchecked.values()) if self.language.stops else []
            for i in range(0, len(chains), 20):
                some = chains[i : i + 20]
                read = {name for chain in some for name in (chain if not self.language.raises else chain[-1:])}
                self.statements.append(Statement([Finite(some)], read, set()))
            unchecked.clear()

        comparisons = 0
        for entry in self.tape.entries:
            if isinstance(entry, Check):
                look()
                self._write_check(entry, comparisons)
                comparisons += 1
                continue
            if self.places[entry.node] != entry.node or (needed is not None and entry.node not in needed):
                continue
            args = tuple(map(self.number, entry.args))
            names = [arg.name for arg in args if isinstance(arg, Term)]
            name = f"v{entry.node}"
            doubtful = self._may_leave(entry.op, args)
            if not spreads(entry.op):
                look()
            chain: list[str] = []
            for n in dict.fromkeys(names):
                if n in unchecked:
                    found = unchecked.pop(n)
                    chain, shorter = (chain, found) if len(chain) > len(found) else (found, chain)
                    chain += shorter
                    doubtful = True
            value = self.language.node(Term(args, op=entry.op), {})
            self.statements.append(Statement([Assign(Name(name), value, note=entry.label or "")], set(names), {name}, entry.node))
            if doubtful:
                chain.append(name)
                unchecked[name] = chain
                if len(chain) > CHAIN and not self.language.raises:
                    look()
        look()
        self.value = str(self.language.node(self.number(self.tape.output), {}))

    def _may_leave(self, op: Primitive, args: tuple[Any, ...]) -> bool:
        """Whether a row's result may not be finite without anything having stopped."""
        return size_of(op, args) == ANY or (not self.language.raises and op.result == "loud")

    def _write_check(self, check: Check, number: int) -> None:
        x, y = map(self.number, check.args)
        names = {side.name for side in (x, y) if isinstance(side, Term)}
        test = Binary(check.relation, self.language.node(x, {}), self.language.node(y, {}))
        self.statements.append(Statement([Compare(test, check.outcome, number)], names, set()))

    def _write_sweep(self, edges: dict[int, list[Way]]) -> None:
        fold = "fold" in self.passes
        output = self.tape.output
        arriving = Counter(edge.to for ways in edges.values() for edge in ways)
        names: dict[int, str] = {}  # the variable of each gradient that there is; '' for the 1 at the output
        self.temporaries = 0
        self.fresh = []
        if isinstance(output, int) and (output in edges or output < len(self.tape.labels)):
            names[output] = "" if fold and output in edges else f"g{output}"
            if names[output]:
                one = Assign(Name(f"g{output}"), self.language.node(1.0, {}))
                self.statements.append(Statement([one], set(), {f"g{output}"}, output))
        for node, ways in edges.items():
            self._write_node(node, self._handed_on(ways, names, arriving), names)
        self.gradients = [names.get(i, "") for i in range(len(self.tape.labels))]

    def _handed_on(self, ways: list[Way], names: dict[int, str], arriving: Counter[int]) -> list[Way]:
        """The ways that need a statement: where nothing is multiplied and nothing else arrives, the same variable will do."""
        rest = []
        for edge in ways:
            upstream = names[edge.node]
            alone = arriving[edge.to] == 1 and (upstream or edge.to >= len(self.tape.labels))
            if "share" in self.passes and edge.partial == 1.0 and alone:
                names[edge.to] = upstream
            else:
                rest.append(edge)
        return rest

    def _write_node(self, node: int, ways: list[Way], names: dict[int, str]) -> None:
        """What one node hands to its operands."""
        if not ways:
            return
        upstream, stops = names[node], self.language.stops
        partials = [self.tidy(edge.partial) for edge in ways]
        self._forget()
        made, reads, parts = self._parts(partials)
        certain = all(isinstance(p, float) or p.sure for p in partials) and not any(isinstance(step, Exists) for step in made)
        finite = all(not p * 0.0 if isinstance(p, float) else p.size < ANY for p in partials)
        # 0 times a finite number changes nothing: no need to ask.
        straight = ("dead" in self.passes and certain and finite) or not upstream
        self.fallible = self.fallible or (stops and not certain)
        reads |= {names[edge.to] for edge in ways if edge.to in names} | ({upstream} if upstream else set())
        first: dict[str, None] = {}
        doubts = [] if certain and finite else [p for p in partials if self._may_be_missing(node, p)]
        lines: list[Action] = []
        for edge, partial in zip(ways, partials, strict=True):
            to = f"g{edge.to}"
            if stops and isinstance(partial, float) and partial * 0.0:
                (made if math.isnan(partial) else lines).append(Missing())
                self.fallible = True
                names.setdefault(edge.to, to)
                first[to] = None
                continue
            if edge.to not in names and not (straight and "fold" in self.passes):
                first[to] = None
                names[edge.to] = to
            plain = straight or stops or partial in doubts
            lines.append(self._contribution(edge.to, upstream, partial, parts, edge.to in names, plain))
            names[edge.to] = to
            if not (self.language.raises or isinstance(partial, float) or partial.sure):  # else only its end would tell
                lines.append(Exists(Name(to)))
        if straight or not stops:
            block: list[Action] = [*made, *lines]
        elif doubts:  # 0 times a local derivative that does not exist is not 0: what it is, the engine decides
            looks: list[Action] = [Computable(self.language.node(p, parts)) for p in doubts if isinstance(p, Term)]
            block = [*made, *([Needed(upstream, lines, looks)] if lines else [])]
        else:
            block = [Needed(upstream, [*made, *lines], [])]
        if first:
            block.insert(0, Zero([*first]))
        self.statements.append(Statement(block, reads, {f"g{edge.to}" for edge in ways}, node))

    def _may_be_missing(self, node: int, partial: Term | float) -> bool:
        step = self.tape.steps[node]
        return _is_doubtful(step, partial, tuple(map(self.number, step.args)))

    def _label(self, node: int) -> str:
        step = self.tape.steps.get(node)
        return (step.label if step else self.tape.labels[node]) or ""

    def _contribution(self, to: int, upstream: str, partial: Term | float, names: dict[Term, str], started: bool, plain: bool) -> Assign:
        """upstream × local derivative, added to what is there. Multiplying by 1 and adding to 0 change nothing, and are left out."""
        fold, node, target, note = "fold" in self.passes, self.language.node, Name(f"g{to}"), self._label(to)
        if fold and not upstream:
            amount = node(partial, names)
        elif fold and isinstance(partial, float) and abs(partial) == 1.0:
            if partial < 0.0:
                return Assign(target, Name(upstream) if started else -Name(upstream), "-=" if started else "=", note)
            amount = Name(upstream)
        else:
            amount = Binary("*", Name(upstream) if upstream else node(1.0, {}), node(partial, names))
        if not plain:
            amount = self.language.where_not_zero(Name(upstream), amount)
        if started and not self.language.stops:
            return Assign(target, Binary("+", target, amount), note=note)
        return Assign(target, amount, "+=" if started else "=", note)

    def _parts(self, partials: list[Term | float]) -> tuple[list[Action], set[str], dict[Term, str]]:
        """Assignments for the parts of local derivatives that are used twice or have to be looked at, all variables that are read, and
        the names of those parts.
        """
        uses: dict[Term, int] = {}
        looked = {} if self.language.raises else lost(partials)
        order: list[Term] = []

        def walk(x: Term | float) -> None:
            if isinstance(x, float):
                return
            uses[x] = uses.get(x, 0) + 1
            if uses[x] == 1:
                for arg in x.args:
                    walk(arg)
                    if isinstance(arg, Term) and arg.size == ANY and (x.op is not None or (arg.loose and x.sign in ("/", "**", "abs"))):
                        looked.setdefault(arg, False)  # the engine's rows refuse what is not finite, in a rule too
                order.append(x)

        for partial in partials:
            walk(partial)
        steps: list[Action] = []
        names: dict[Term, str] = {}
        for x in order:
            if not x.name and (uses[x] > 1 or x in looked):
                value = self.language.node(x, names)
                names[x] = f"t{self.temporaries}"
                self.temporaries += 1
                steps.append(Assign(Name(names[x]), value))
            if x in looked and self.language.stops:
                steps.append(Exists(self.language.node(x, names), looked[x]))
        return steps, {x.name for x in order if x.name}, names


def lost(partials: Sequence[Term | float]) -> dict[Term, bool]:
    """The parts of local derivatives which Python would refuse to compute and whose nan or infinity would get lost in what is computed
    from them; and for each whether it is because something is divided by it. Sums and products lose none, nor does a gradient.
    """
    found: dict[Term, bool] = {}
    seen: set[tuple[Term, bool]] = set()

    def walk(x: Term | float, lost: bool) -> None:
        if isinstance(x, float) or x.name or (x, lost) in seen:
            return
        seen.add((x, lost))
        if lost and (x.sign == "**" or (x.op is not None and x.op.result in ("", "loud"))):
            found.setdefault(x, False)
        for position, arg in enumerate(x.args):
            below = x.sign == "/" and position == 1
            if below and lost and isinstance(arg, Term):
                found[arg] = True
            walk(arg, lost or below or x.op is not None or x.sign == "**")

    for partial in partials:
        walk(partial, False)
    return found


def _is_doubtful(step: Step, partial: Term | float, args: tuple[Any, ...]) -> bool:
    """Whether the local derivative may not exist."""
    return partial != partial if isinstance(partial, float) else not partial.sure and may_be_missing(step.op, args)


def comment(label: str | None) -> str:
    """The label as a comment, which it cannot get out of; '' without one."""
    if not label:
        return ""
    text = "".join(c if c.isprintable() else "\ufffd" for c in label[:61])
    return f"  # {text if len(text) <= 60 else text[:59] + '…'}"
