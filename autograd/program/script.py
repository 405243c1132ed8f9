"""From a tape to JavaScript: the program as one function that needs nothing else, in a browser or in Node."""

from __future__ import annotations

import textwrap

from ..javascript import Script
from ..terms import ANY, FINITE, Term, local_derivative, size_of, spreads
from .body import comment
from .source import GRADIENT, WIDTH
from .tape import Arg, Check, Step, Tape

HEAD = [
    "// A value and its gradients, by reverse-mode differentiation. Generated; needs JavaScript alone.",
    '"use strict";',
    "",
]
ERRORS = {
    "GradientError": "A local derivative that is needed does not exist, or the numbers left the range of floats.",
    "BranchError": "A comparison comes out otherwise than where the program was recorded.",
}
FINITE_ALL = "const finite = (numbers, words, kind = RangeError) => {\n  if (!numbers.every(Number.isFinite)) throw new kind(words);\n};"
FOOT = ["", 'if (typeof module !== "undefined") module.exports = { value_and_gradients };', ""]
RELATIONS = {"==": "===", "!=": "!=="}


def source(tape: Tape) -> tuple[str, dict[int, int]]:
    """The program, and the node that each of its lines belongs to. A TracingError names a row that has no form."""
    return _Writer(tape).whole()


class _Writer:
    def __init__(self, tape: Tape) -> None:
        self.tape, self.script = tape, Script()
        self.lines: list[str] = []
        self.nodes: dict[int, int] = {}
        self.size = len(tape.labels)

    def whole(self) -> tuple[str, dict[int, int]]:
        leaves = [f"v{i}" for i in range(self.size)]
        self._list("const [", leaves, "] = numbers.flat();")
        for i, label in enumerate(self.tape.labels):
            if label:
                self._add(f"// v{i}:{_comment(label)[5:]}", i)
        self._add(f'if (numbers.flat().length !== {self.size}) throw new TypeError("{self.size} numbers are needed");')
        self._check(leaves, '"the numbers have to be finite"')
        self._forward()
        gradients = self._sweep()
        self._check([g for g in gradients if g], f"{GRADIENT}, GradientError")
        output = self.tape.output
        self._list(
            f"return [{f'v{output}' if isinstance(output, int) else self.script.text(output)[0]}, [", [g or "0" for g in gradients], "]];"
        )
        text = "\n".join(self.lines)
        above = [*HEAD]
        for name, what in ERRORS.items():
            if name in text:
                above += [f"// {what}", f"class {name} extends Error {{}}", ""]
        for function in (FINITE_ALL, *self.script.functions.values()):
            above += [*function.splitlines(), ""]
        above.append("function value_and_gradients(...numbers) {")
        return "\n".join([*above, text, "}", *FOOT]), {line + len(above): node for line, node in self.nodes.items()}

    # -- the forward pass ----------------------------------------------------------------------------------------------------

    def _term(self, arg: Arg) -> Term | float:
        return Term(name=f"v{arg}", size=FINITE) if isinstance(arg, int) else arg

    def _forward(self) -> None:
        unchecked: dict[str, None] = {}  # numbers that may not be finite: through sums and products that is not lost

        def look() -> None:
            self._check([*unchecked], '"a number is beyond the largest one, or not defined"')
            unchecked.clear()

        for entry in self.tape.entries:
            args = tuple(map(self._term, entry.args))
            if isinstance(entry, Check):
                look()
                x, y = (self.script.text(arg)[0] for arg in args)
                said = f"{x} {entry.relation} {y}"
                test = f"{x} {RELATIONS.get(entry.relation, entry.relation)} {y}"
                failed = f"!({test})" if entry.outcome else test
                self._add(f'if ({failed}) throw new BranchError("recorded where {said} is {entry.outcome}");')
                continue
            if not spreads(entry.op):
                look()
            for arg in args:
                if isinstance(arg, Term):
                    unchecked.pop(arg.name, None)
            self._add(f"const v{entry.node} = {self.script.applied(entry.op, args)};{_comment(entry.label)}", entry.node)
            if size_of(entry.op, args) == ANY or entry.op.result not in ("unit", "finite"):
                unchecked[f"v{entry.node}"] = None
        look()

    # -- the sweep ---------------------------------------------------------------------------------------------------------------

    def _sweep(self) -> list[str]:
        """Write the sweep, and return each leaf's gradient as an expression; "" where it is 0."""
        ways = self._ways()
        output = self.tape.output
        if not isinstance(output, int) or (output not in ways and output >= self.size):
            return [""] * self.size
        names = dict.fromkeys([output, *(to for steps in ways.values() for to, _ in steps)])
        self._list("let ", [f"g{node} = {int(node == output)}" for node in names], ";")
        for node, steps in ways.items():
            for to, partial in steps:
                self._add(self._contribution(node, to, partial) + _comment(self._label(to)), node)
        return [f"g{i}" if i in names else "" for i in range(self.size)]

    def _ways(self) -> dict[int, list[tuple[int, Term | float]]]:
        """For each node, in the order of the sweep, the operands its gradient goes to, each by its local derivative."""
        below = set(range(self.size))
        found: dict[int, list[tuple[int, Term | float]]] = {}
        for node in self.tape.order:
            step = self.tape.steps.get(node)
            if step is None or not step.flows:
                continue
            args = tuple(map(self._term, step.args))
            steps = [
                (arg, local_derivative(step.op, position, self._term(node), args))
                for position, arg in enumerate(step.args)
                if isinstance(arg, int) and arg in below
            ]
            if steps:
                found[node] = steps
                below.add(node)
        reached = {self.tape.output}
        sweep: dict[int, list[tuple[int, Term | float]]] = {}
        for node in reversed(self.tape.order):
            if node in found and node in reached:
                sweep[node] = found[node]
                reached.update(to for to, _ in found[node])
        return sweep

    def _contribution(self, node: int, to: int, partial: Term | float) -> str:
        """upstream × local derivative, added to what is there: an upstream gradient of 0 hands nothing on, unless what it meets is NaN."""
        if isinstance(partial, float) and abs(partial) == 1.0:
            return f"g{to} {'+' if partial > 0.0 else '-'}= g{node};"
        text, binds = self.script.text(partial)
        product = f"g{node} * {text if binds >= 3 else f'({text})'}"
        if isinstance(partial, float) and partial == partial and abs(partial) != float("inf"):
            return f"g{to} += {product};"
        if isinstance(partial, Term) and partial.name:
            return f"g{to} += {product};"
        if isinstance(partial, Term) and partial.sure and partial.size < ANY:
            return f"if (g{node} !== 0) g{to} += {product};"
        return f"g{to} += times(g{node}, {text});"

    def _label(self, node: int) -> str | None:
        step = self.tape.steps.get(node)
        return step.label if isinstance(step, Step) else self.tape.labels[node]

    # -- lines -------------------------------------------------------------------------------------------------------------------

    def _add(self, line: str, node: int | None = None) -> None:
        self.lines.append(f"  {line}")
        if node is not None:
            self.nodes[len(self.lines)] = node
        if "times(" in line:
            self.script.functions.setdefault("times", "const times = (g, local) => g === 0 && local === local ? 0 : g * local;")

    def _check(self, names: list[str], words: str) -> None:
        if names:
            self._list("finite([", list(dict.fromkeys(names)), f"], {words});")

    def _list(self, start: str, items: list[str], end: str) -> None:
        if len(start) + sum(map(len, items)) + 2 * len(items) + len(end) <= WIDTH:
            self._add(start + ", ".join(items) + end)
            return
        self._add(start.rstrip())
        glued = ", ".join(item.replace(" ", "\xa0") for item in items)
        for line in textwrap.wrap(glued, WIDTH, break_long_words=False, break_on_hyphens=False):
            self._add("  " + line.replace("\xa0", " "))
        self._add(end)


def _comment(label: str | None) -> str:
    """The label as a comment, which it cannot get out of; "" without one."""
    return comment(label).replace("#", "//", 1).replace("\u2028", "\ufffd").replace("\u2029", "\ufffd")
