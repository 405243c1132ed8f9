"""A plan as C99 that needs math.h alone: a loop for each array of the equations, one example after another, and our own sweep.

What is the same for all examples is computed once, before them, and swept once, after them. All arrays but those of the caller lie on the
stack, and have the size that one example needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from ..primitive import Primitive
from ..program.body import lost
from ..program.c import MEMORY, array_of, number, quoted, refusal, remark, reproduced
from ..program.syntax import Binary, Name, Node, Tight, Verbatim
from ..program.trace import TracingError
from ..terms import Term
from .equations import Equations
from .fuse import LARGEST, SUM, Ints
from .grids import Product
from .loops import NO_DERIVATIVE, Lines, Loops, Place, affine
from .machine import Sums
from .plan import Group, Plan
from .sweep import local, squares, ways
from .views import common, contiguous, regular

LOOPS = 2_000
"""A program of more arrays than this is refused: it would be one function that takes a compiler minutes."""


class Recorded(Protocol):
    """Examples: how many, and the arrays of those numbers that differ."""

    @property
    def size(self) -> int:
        """How many."""

    @property
    def parts(self) -> list[Any]:
        """For each batched argument a row for each."""


def source(
    plan: Plan,
    equations: Equations,
    arguments: Sequence[tuple[bool, int]],
    batch: str | None,
    recorded: tuple[Recorded, Any, Sums] | None = None,
) -> str:
    """The program as C; `arguments` and `batch` as for the other sources.

    recorded   examples, the numbers that are the same for all, and what comes of them: for a `main`
    """
    author = authored(plan, equations, arguments, batch)
    return author.text() + ("\n".join(author.main(*recorded)) + "\n" if recorded else "")


def authored(plan: Plan, equations: Equations, arguments: Sequence[tuple[bool, int]], batch: str | None) -> Author:
    """The program as C, and the arrays that its function gets."""
    if len(plan.groups) > LOOPS:
        raise TracingError(
            f"the program is too long for C: it has {len(plan.groups)} arrays, and {LOOPS} at most make one function; what has so little in"
            " common is better compiled, as in compile(f).source('c'), which is split"
        )
    return Author(plan, equations, arguments, batch)


class Author(Loops):
    """The lines of a function in C, for those parts of the program that come before, in and after the loop over the examples."""

    def __init__(self, plan: Plan, equations: Equations, arguments: Sequence[tuple[bool, int]], batch: str | None) -> None:
        super().__init__(plan, equations, arguments, batch)
        self.out.add(*self._clearing(False))
        self._forward(False)
        ahead, self.out = self.out, Lines(depth=2 if batch else 1)
        if batch:
            self._rows()
            self.out.add(*self._clearing(True))
            self._forward(True)
            self._backward(True)
            self._look_at_rows()
        inside, self.out = self.out, Lines()
        self._backward(False)
        self.parts = ahead.lines, inside.lines, self.out.lines

    # -- forward ---------------------------------------------------------------------------------------------------------

    def _forward(self, batched: bool) -> None:
        self.inside = batched
        lines = {id(equation.group): equation for equation in self.equations.forward}
        for group in self.plan.groups:
            if group.batched != batched:
                continue
            name, equation = self.of[group.start].name, lines.get(id(group))
            about = f"{equation.left} = {equation.right}" if equation else f"{name} = {self.equations.inside[group.start]}"
            self.out.add("", f"/* {remark(about)} */")
            if group.kind == SUM:
                self._sum(group, name, about)
            elif group.kind == LARGEST:
                self._largest(group, name)
            else:
                self._single(group, name)
        if any(check_is(check.sides, self.plan.same) == batched for check in self.plan.checks):
            self._guards(batched)

    def _single(self, group: Group, name: str) -> None:
        op = group.op
        assert op is not None
        shape, _ = common([arg for arg in group.args if not isinstance(arg, float)] or [group.addresses])
        place = self.place(shape)
        args = [arg if isinstance(arg, float) else self.read(arg.reshape(shape), place) for arg in group.args]
        terms = tuple(arg if isinstance(arg, float) else self.language.term(arg) for arg in args)
        value = self.language.node(Term(terms, op=op), {})
        if all(isinstance(arg, float) for arg in group.args):
            shape, place = (len(group.nodes),), self.place((len(group.nodes),))
        with self.loop(shape, place):
            self.out.add(f"{name}[{place.flat}] = {value};")
            if op.result not in ("unit", "finite"):
                self.out.add(f"if (!isfinite({name}[{place.flat}])) {self.fail(f'{name}: {refusal(op)}')}")

    def _sum(self, group: Group, name: str, about: str) -> None:
        fail = self.fail(f"{name}: a product or a sum is beyond the largest float (about 1.8e308)")
        one = group.products[0] if len(group.products) == 1 and not group.ragged else None
        if one is not None and one.place.size == len(group.nodes) and (np.sort(one.place.ravel()) == np.arange(len(group.nodes))).all():
            self._dots(group, one, f"{name}[{{}}] = z;", fail)
            return
        n = len(group.nodes)
        shape, _ = common([*group.terms, group.addresses])
        place = self.place(shape)
        if group.ragged is not None:
            self._ragged(group, name, "z += {};", "0.0")
        else:
            start = added([self.read(term.reshape(shape), place) for term in group.terms])
            with self.loop(shape, place):
                self.out.add(f"{name}[{place.flat}] = {start};")
        for product in group.products:
            self._dots(group, product, f"{name}[{{}}] += z;", "")
        self.each(name, n, fail)

    def _dots(self, group: Group, product: Product, line: str, fail: str) -> None:
        """A matrix product, and what is done with each of its numbers; with the single terms where the numbers are checked."""
        shape, place, at = self._grid(product)
        k = product.left.shape[2]
        inner = Place([*place.indices, "k" if k > 1 else "0"], "")
        left, right = self._sides(product, inner)
        terms = [self.read(term[product.place], place) for term in group.terms] if fail else []
        with self.loop(shape, place):
            if (product.place < 0).any():
                self.out.add(f"if ({at} < 0) continue;")
            self.out.add(f"double z = {added(terms)};")
            self.out.add(f"for (int k = 0; k < {k}; k++) z += {left * right};" if k > 1 else f"z += {left * right};")
            self.out.add(line.format(at))
            if fail:
                self.out.add(f"if (!isfinite(z)) {fail}")

    def _grid(self, product: Product) -> tuple[tuple[int, ...], Place, str]:
        """The loop over a matrix product's numbers, and which row of the group each is."""
        shape = product.place.shape
        place = self.place(shape, "sij" if shape[0] > 1 else " ij")
        view = regular(product.place)
        if view is not None and view.offset >= 0 and (product.place >= 0).all():
            return shape, place, affine(view.offset, view.strides, shape, place.indices)
        return shape, place, f"{self.table(product.place)}[{place.flat}]"

    def _sides(self, product: Product, place: Place) -> tuple[Node, Node]:
        """A number of each factor, in loops s, i, j over the product and k over the sum."""
        s, i, j, k = place.indices
        found = []
        for side, own in ((product.left, i), (product.right, j)):
            at = Place([s, own, k], affine(0, contiguous(side.shape), side.shape, [s, own, k]))
            found.append(self.read(side, at))
        return found[0], found[1]

    def _ragged(self, group: Group, name: str, line: str, start: str) -> None:
        """What is computed from as many numbers as each node has."""
        assert group.ragged is not None
        terms, starts = group.ragged
        table = group.table
        if table is not None:
            place = self.place(table.shape, "ik")
            term = self.read(table, place)
            bounds = f"k = 0; k < {table.shape[1]}"
            term = term if table.shape[1] > 1 else self.read(table, place)
        else:
            term = self.read(terms, Place(["k"], "k"))
            ends = self.table(np.r_[starts, len(terms)])
            bounds = f"k = {ends}[i]; k < {ends}[i + 1]"
        with self.out.block(f"for (int i = 0; i < {len(starts)}; i++)"):
            self.out.add(f"double z = {start};", f"for (int {bounds}; k++) {line.format(term)}", f"{name}[i] = z;")

    def _largest(self, group: Group, name: str) -> None:
        if group.ragged is None:
            group.ragged = np.stack(group.terms, 1).ravel(), np.arange(len(group.nodes)) * len(group.terms)
        self._ragged(group, name, "z = {0} > z ? {0} : z;", "-INFINITY")

    def _guards(self, batched: bool) -> None:
        for check in self.plan.checks:
            if check_is(check.sides, self.plan.same) != batched:
                continue
            x, y = check.sides
            place = self.place((len(x),))
            test = Binary(check.relation, self.read(x, place), self.read(y, place))
            words = f"recorded where {test} is {'true' if check.outcome else 'false'}"
            with self.loop((len(x),), place):
                self.out.add(f"if ({f'!({test})' if check.outcome else test}) {self.fail(words)}")

    # -- backward --------------------------------------------------------------------------------------------------------

    def _backward(self, batched: bool) -> None:
        self.inside = batched
        plan, output = self.plan, self.sections[self.among(np.array([self.plan.output]))[1][0]]
        if (plan.output >= plan.same) == batched and self.carrying[plan.output]:
            seed = (
                {"mean": "1.0 / (double)size", "sum": "1.0"}.get(self.batch or "", "1.0")
                if batched
                else ("(double)size" if self.batch == "sum" else "1.0")
            )
            first = next(e for e in self.equations.backward if e.group is None) if self.equations.backward else None
            about = f"{first.left} = {first.right}" if first else f"∇{output.name}"
            self.out.add("", f"/* {remark(about)} */", f"g{output.name}[{plan.output - output.start}] += {seed};")
        by_group: dict[int, list[str]] = {}
        for equation in self.equations.backward:
            if equation.group is not None:
                by_group.setdefault(equation.group.start, []).append(f"{equation.left} {'+' * equation.adds}= {equation.right}")
        for group in reversed(plan.groups):
            if group.carries and group.batched == batched:
                name = self.of[group.start].name
                self.out.add("", *(f"/* {remark(line)} */" for line in by_group.get(group.start, [])))
                self.each(f"g{name}", len(group.nodes), self.fail(NO_DERIVATIVE, -1))
                (self._sum_back if group.kind == SUM else self._single_back)(group, name)

    def _single_back(self, group: Group, name: str) -> None:
        op = group.op
        assert op is not None
        shape, _ = common([arg for arg in group.args if not isinstance(arg, float)])
        place = self.place(shape)
        args = [arg if isinstance(arg, float) else self.read(arg.reshape(shape), place) for arg in group.args]
        terms = tuple(arg if isinstance(arg, float) else self.language.term(arg) for arg in args)
        z = self.language.term(Name(name)[place.flat])
        upstream = Name(f"g{name}")[place.flat]
        for position, addresses in ways(group, self.carrying):
            rule, strong = local(op, position, z, terms)
            rule = known(rule, op, terms, z)
            if isinstance(rule, float) and rule == 0.0:
                continue
            target = self.give(addresses.reshape(shape), place)
            assert target is not None
            with self.loop(shape, place):
                self._add(target[0], upstream, rule, strong)
            self.hand_on(target[1])

    def _add(self, target: str, upstream: Node, rule: Term | float, strong: bool) -> None:
        """Add the upstream gradient times a local derivative."""
        if isinstance(rule, float) and abs(rule) == 1.0:
            self.out.add(f"{target} {'+' if rule > 0.0 else '-'}= {upstream};")
            return
        names: dict[Term, str] = {}
        looked = lost([rule])
        lines = []
        for count, part in enumerate(parts_of(rule, looked)):
            piece = self.language.node(part, names)
            if not part.name:
                names[part] = f"t{count}"
                lines.append(f"const double t{count} = {piece};")
                piece = Name(f"t{count}")
            zero = f"{piece.within(Tight.SUM)} == 0.0 || " if looked[part] else ""
            lines.append(f"if ({zero}!isfinite({piece})) {self.fail(NO_DERIVATIVE, -1)}")
        line = f"{target} += {upstream * self.language.node(rule, names)};"
        if strong or looked:
            with self.out.block(f"if ({upstream} != 0.0)"):
                self.out.add(*lines, line)
        else:
            self.out.add(line)

    def _sum_back(self, group: Group, name: str) -> None:
        for product in group.products:
            self._product_back(product, name)
        if group.ragged is not None:
            terms, starts = group.ragged
            place = Place(["k"], "k")
            target = self.give(terms, place)
            if target is not None:
                ends = self.table(np.r_[starts, len(terms)])
                self.out.add(f"for (int i = 0; i < {len(starts)}; i++)")
                self.out.add(f"    for (int k = {ends}[i]; k < {ends}[i + 1]; k++) {target[0]} += g{name}[i];")
                self.hand_on(target[1])
        elif group.terms:
            shape, _ = common([*group.terms, group.addresses])
            place = self.place(shape)
            for term in group.terms:
                target = self.give(term.reshape(shape), place)
                if target is not None:
                    with self.loop(shape, place):
                        self.out.add(f"{target[0]} += g{name}[{place.flat}];")
                    self.hand_on(target[1])

    def _product_back(self, product: Product, name: str) -> None:
        shape, place, at = self._grid(product)
        k = product.left.shape[2]
        s, i, j, inner = *place.indices, "k" if k > 1 else "0"
        left, right = self._sides(product, Place([s, i, j, inner], ""))
        twice = squares(product) and product.left.shape[1] == product.right.shape[1] == 1
        for side, own, other in ((product.left, i, right), (product.right, j, left))[: 1 if twice else 2]:
            target = self.give(side, Place([s, own, inner], affine(0, contiguous(side.shape), side.shape, [s, own, inner])))
            if target is None:
                continue
            with self.loop(shape, place):
                if (product.place < 0).any():
                    self.out.add(f"if ({at} < 0) continue;")
                line = f"{target[0]} += {'2.0 * ' * twice}g{name}[{at}] * {other};"
                self.out.add(f"for (int k = 0; k < {k}; k++) {line}" if k > 1 else line)
            self.hand_on(target[1])

    # -- the whole -------------------------------------------------------------------------------------------------------

    def _rows(self) -> None:
        """The arguments of one example."""
        for name, section in self.given:
            if section.batched:
                step = "n" if section.count == 1 else f"{section.count} * n"
                self.out.add(f"const double *{name} = {name}s + {step};")
                self.out.add(*[f"double *g{name} = g{name}s + {step};"] * section.gradient)
        for name, section in self.given:
            if section.batched:
                self.each(name, section.count, f"{{ *example = n; return {self._not_finite()}; }}")

    def _not_finite(self) -> int:
        return self.words.setdefault("the numbers have to be finite", len(self.words) + 1)

    def _clearing(self, batched: bool) -> Iterator[str]:
        """Arrays, and gradients of 0."""
        for section in self.sections:
            mine = section.numbers is None and section not in [s for _, s in self.given]
            if section.batched == batched and mine:
                gradient = f", g{section.name}[{section.count}] = {{0.0}}" if section.gradient else ""
                yield f"double {section.name}[{section.count}]{gradient};"
            elif section.batched == batched and section.numbers is None and section.gradient:
                yield f"for (int i = 0; i < {section.count}; i++) g{section.name}[i] = 0.0;"

    def _look_at_rows(self) -> None:
        for _, section in self.given:
            if section.batched and section.gradient:
                self.inside = True
                self.each(f"g{section.name}", section.count, self.fail(NO_DERIVATIVE, -1))

    def _signature(self) -> str:
        parts = ["long size"] * bool(self.batch)
        parts += [f"const double *{name}s" if s.batched else f"const double {name}[{s.count}]" for name, s in self.given]
        parts += ["double *value"]
        parts += [f"double *g{name}s" if s.batched else f"double g{name}[{s.count}]" for name, s in self.given if s.gradient]
        return ", ".join([*parts, *["long *example"] * bool(self.batch)])

    def text(self) -> str:
        """All of it."""
        ahead, inside, behind = self.parts
        plan = self.plan
        output = self.sections[self.among(np.array([plan.output]))[1][0]]
        value = (
            str(number(output.numbers[plan.output - output.start])) if output.numbers else f"{output.name}[{plan.output - output.start}]"
        )
        self.inside = False
        unbatched = [section for _, section in self.given if not section.batched]
        if self.memory > MEMORY:
            raise TracingError(
                f"the program is too large for C: one example needs {self.memory} numbers on the stack, and {MEMORY} may lie there"
            )
        body = Lines()
        body.add(*["*example = -1;"] * bool(self.batch))
        self.out = body
        for section in unbatched:
            self.each(section.name, section.count, f"return {self._not_finite()};")
        body.lines += ahead
        batched = plan.output >= plan.same
        if self.batch:
            body.add("", *["double total = 0.0;"] * batched, "for (long n = 0; n < size; n++) {")
            body.lines += inside
            body.add(*[f"    total += {value};"] * batched, "}")
        body.lines += behind
        for section in unbatched:
            if section.gradient:
                body.add(
                    f"for (int i = 0; i < {section.count}; i++)", f"    if (!isfinite(g{section.name}[i])) {self.fail(NO_DERIVATIVE, -1)}"
                )
        scale = {"mean": " / (double)size" * batched, "sum": "" if batched else " * (double)size"}.get(self.batch or "", "")
        body.add(f"*value = {'total' if batched and self.batch else value}{scale};")
        body.add(f"if (!isfinite(*value)) {self.fail('the value is beyond the largest float (about 1.8e308)')}", "return 0;")
        lines = ["/* A value and its gradients in loops, by reverse-mode differentiation. Generated; C99, needs math.h alone. */"]
        lines += ["", "#include <math.h>", ""]
        for row in self.language.forms.rows.values():
            lines += [*row.split("\n"), ""]
        text = "\n".join(body.lines)
        for section in self.sections:
            if section.numbers is not None and f"{section.name}[" in text:
                lines += [*array_of(f"static const double {section.name}[{section.count}]", [*map(number, section.numbers)], ""), ""]
        for name, numbers in self.tables.values():
            lines += [*array_of(f"static const int {name}[{numbers.size}]", [Verbatim(str(i)) for i in numbers.tolist()], ""), ""]
        lines += [*self._about(), f"int value_and_gradients({self._signature()})", "{", *(line.rstrip() for line in body.lines), "}", ""]
        return "\n".join([*lines, *self._failure(), ""])

    def _about(self) -> Iterator[str]:
        what = {"mean": "The mean over the examples", "sum": "The sum over the examples"}.get(self.batch or "", "The value")
        yield f"/* {what}, and its gradients: g<name> is the one by <name>, and ∇A in a remark the one by A."
        yield " *"
        for name, section in self.given:
            many = f"{section.count} number{'s' * (section.count > 1)}"
            yield f" * {name + 's' * section.batched:<8} {f'examples as rows, {many} each' if section.batched else many}"
        yield f" * On the stack lie {self.memory} numbers. Returns 0, or a status that value_and_gradients_failure() explains;"
        where = "example says at which one it was, -1 if it was at none."
        yield f" * {where if self.batch else 'then value and gradients are not to be used.'}"
        yield " */"

    def _failure(self) -> Iterator[str]:
        yield "/* What a status other than 0 means, in words. */"
        yield "const char *value_and_gradients_failure(int status)"
        yield "{"
        yield "    switch (status) {"
        yield f"    case -1: return {quoted(NO_DERIVATIVE)};"
        yield from (f"    case {status}: return {quoted(words)};" for words, status in self.words.items())
        yield '    default: return "there is no such status";'
        yield from ("    }", "}")

    def main(self, examples: Recorded, same: Any, sums: Sums) -> Iterator[str]:
        """A main that computes a recorded call again."""
        yield from ("#include <stdio.h>", "")
        yield "/* Compute the recorded value and gradients again, and print each beside what was recorded; 0 if all agree to 10 digits. */"
        yield from ("int main(void)", "{")
        parts = iter([part for part in examples.parts if part.size])
        column = 0
        arguments, gradients, expected = [], [], [sums.value]
        for name, section in self.given:
            if section.batched:
                numbers = next(parts).ravel()
                found = sums.inputs[:, column : column + section.count].ravel() if section.gradient else numbers[:0]
                column += section.count
            else:
                numbers = same[section.start : section.start + section.count]
                found = sums.same[section.start : section.start + section.count]
            arguments.append(name + "s" * section.batched)
            yield from array_of(f"static const double {arguments[-1]}[{len(numbers)}]", [*map(number, numbers.tolist())])
            if section.gradient:
                gradients.append(f"got + {len(expected)}")
                expected += found.tolist()
        yield from array_of(f"static const double recorded[{len(expected)}]", [*map(number, expected)])
        yield f"    static double got[{len(expected)}];"
        yield from ["    long example;"] * bool(self.batch)
        given = [*[str(examples.size)] * bool(self.batch), *arguments, "got", *gradients, *["&example"] * bool(self.batch)]
        yield f"    const int status = value_and_gradients({', '.join(given)});"
        yield from reproduced(len(expected), "1e-10")


def added(pieces: Sequence[Node]) -> str:
    """Their sum."""
    return " + ".join(piece.within(Tight.SUM) for piece in pieces) if pieces else "0.0"


def check_is(sides: tuple[Ints, Ints], same: int) -> bool:
    """Whether a comparison's sides differ from example to example."""
    return any(bool((side >= same).any()) for side in sides)


def known(rule: Term | float, op: Primitive, terms: tuple[Term | float, ...], z: Term) -> Term | float:
    """A rule in which the row's own result has its name."""
    if isinstance(rule, float) or rule.name:
        return rule
    if rule.op is op and all(a is b for a, b in zip(rule.args, terms, strict=True)):
        return z
    return Term(tuple(known(arg, op, terms, z) for arg in rule.args), sign=rule.sign, op=rule.op)


def parts_of(rule: Term | float, looked: dict[Term, bool]) -> list[Term]:
    """The parts of a rule that have to be looked at, each after those that it is made of."""
    order: list[Term] = []

    def walk(x: Term | float) -> None:
        if isinstance(x, Term):
            for arg in x.args:
                walk(arg)
            if x in looked and x not in order:
                order.append(x)

    walk(rule)
    return order
