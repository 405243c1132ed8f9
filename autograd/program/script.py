"""From statements to JavaScript: the program as one function that needs nothing else, in a browser or in Node."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from .. import floats
from ..javascript import Script, constant
from ..primitive import Primitive
from ..terms import OPERATORS, Term
from .body import Action, Body, Compare, Computable, Exists, Finite, Missing, Python, Zero, comment
from .source import GRADIENT, WIDTH
from .syntax import Assign, Node, Tight, Verbatim, call
from .tape import Tape

HEAD = [
    "// A value and its gradients, by reverse-mode differentiation. Generated; needs JavaScript alone.",
    '"use strict";',
    "",
]
ERRORS = {
    "GradientError": "A local derivative that is needed does not exist, or the numbers left the range of floats.",
    "BranchError": "A comparison comes out otherwise than where the program was recorded.",
}
CHECKS = {
    "finite": "const finite = (numbers, words, kind = RangeError) => {\n  if (!numbers.every(Number.isFinite)) throw new kind(words);\n};",
    "exists": f"const exists = (local) => {{\n  if (!Number.isFinite(local)) throw new GradientError({GRADIENT});\n}};",
}
FOOT = ["", 'if (typeof module !== "undefined") module.exports = { value_and_gradients };', ""]
BEYOND = '"a number is beyond the largest one, or not defined"'


class JavaScript(Python):
    """How JavaScript writes an operation. It raises nothing by itself: outside its domain a function is NaN."""

    raises = False

    def __init__(self) -> None:
        super().__init__()
        self.script = Script()

    def row(self, op: Primitive, args: tuple[Any, ...]) -> Any:
        """The operation as plain arithmetic, or the name of the function to call."""
        if op.forward is floats.identity:
            return args[0]
        if op.forward is floats.power and args[1] == 2.0 and isinstance(args[0], Term) and args[0].name:
            return Term((args[0], args[0]), sign="*")
        if op.forward in OPERATORS:
            return Term(args, sign=OPERATORS[op.forward])
        return self.script.call(op)

    def node(self, x: Term | float, names: dict[Term, str]) -> Node:
        """A term as a piece of code. Two minus signs in a row would be another sign."""
        if isinstance(x, float):
            text = constant(x)
            return Verbatim(text, Tight.SIGN if text.startswith("-") else Tight.ATOM)
        found = super().node(x, names)
        return Verbatim(f"-({str(found)[1:]})", Tight.SIGN, tuple(found.names())) if str(found).startswith("--") else found

    def absolute(self, x: Node) -> Node:
        """|x|"""
        return call("Math.abs", x)

    def power(self, x: Node, c: Node) -> Node:
        """x to the power c."""
        return call(self.script.add(floats.power), x, c)


def source(tape: Tape, passes: tuple[str, ...]) -> tuple[str, dict[int, int]]:
    """The program, and the node that each of its lines belongs to. A TracingError names a row that has no form."""
    return _Writer(Body(tape, passes, JavaScript())).whole()


class _Writer:
    def __init__(self, body: Body) -> None:
        self.body = body
        self.lines: list[str] = []
        self.nodes: dict[int, int] = {}
        self.declared: set[str] = set()

    def whole(self) -> tuple[str, dict[int, int]]:
        labels, language = self.body.tape.labels, self.body.language
        assert isinstance(language, JavaScript)
        leaves = [f"v{i}" for i in range(len(labels))]
        self._list("const [", leaves, "] = numbers.flat();")
        for i, label in enumerate(labels):
            if label:
                self._add(f"// v{i}:{_comment(label)[5:]}", i)
        self._add(f'if (numbers.flat().length !== {len(labels)}) throw new TypeError("{len(labels)} numbers are needed");')
        self._check(leaves, '"the numbers have to be finite"')
        for statement in self.body.statements:
            for step in statement.lines:
                for line in self._step(step):
                    self._add(line, statement.node)
        gradients = self.body.gradients
        self._check([g for g in gradients if g], f"{GRADIENT}, GradientError")
        # The engine's gradients start as 0.0, and 0.0 + -0.0 is 0.0; so do these.
        self._list(f"return [{self.body.value}, [", [f"{g} + 0" if g else "0" for g in gradients], "]];")
        text = "\n".join(self.lines)
        above = [*HEAD]
        for name, what in ERRORS.items():
            if name in text:
                above += [f"// {what}", f"class {name} extends Error {{}}", ""]
        checks = [check for name, check in CHECKS.items() if f"{name}(" in text]
        for function in (*checks, *language.script.functions.values()):
            above += [*function.splitlines(), ""]
        above.append("function value_and_gradients(...numbers) {")
        return "\n".join([*above, text, "}", *FOOT]), {line + len(above): node for line, node in self.nodes.items()}

    def _step(self, step: Action) -> Iterator[str]:
        """A step as lines of JavaScript."""
        if isinstance(step, Assign):
            name = str(step.target)
            new = name not in self.declared
            self.declared.add(name)
            yield f"{('let ' if name.startswith('g') else 'const ') if new else ''}{step};{_comment(step.note)}"
        elif isinstance(step, Zero):
            new_names = [name for name in step.names if name not in self.declared]
            self.declared.update(new_names)
            yield f"let {', '.join(f'{name} = 0' for name in new_names)};"
        elif isinstance(step, Finite):
            yield f"finite([{', '.join(chain[-1] for chain in step.chains)}], {BEYOND});"
        elif isinstance(step, Compare):
            failed = f"!({step.test})" if step.outcome else f"{step.test}"
            yield f'if ({failed}) throw new BranchError("recorded where {step.test} is {step.outcome}");'
        elif isinstance(step, Exists):
            yield f"exists({step.part});"
            if step.divides:
                yield f"exists({step.part.within(Tight.SUM)} === 0 ? NaN : 0);"
        elif isinstance(step, Missing):
            yield f"throw new GradientError({GRADIENT});"
        elif isinstance(step, Computable):
            yield f"exists({step.partial});"
        else:
            yield f"if ({step.upstream} !== 0) {{"
            for inner in step.then:
                yield from (f"  {line}" for line in self._step(inner))
            if step.otherwise:
                yield "} else {"
                for inner in step.otherwise:
                    yield from (f"  {line}" for line in self._step(inner))
            yield "}"

    # -- lines -------------------------------------------------------------------------------------------------------------------

    def _add(self, line: str, node: int | None = None) -> None:
        self.lines.append(f"  {line}")
        if node is not None:
            self.nodes[len(self.lines)] = node

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
