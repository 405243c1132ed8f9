"""The same program in C99, which needs math.h alone: one function for the value and the gradients, and one for many examples.

Nothing raises in C. A function says by its status what went wrong, in the order in which the engine would have: which number of the forward
pass is not finite, which comparison comes out otherwise, at which node a local derivative does not exist.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from .. import floats
from ..forms import COMMON, Term, Written, shared_parts
from ..primitive import PRIMITIVES, Primitive
from ..terms import OPERATORS
from ..terms import Term as Formula
from .body import Action, Body, Compare, Computable, Exists, Finite, Missing, Python, Statement, Zero
from .source import split
from .syntax import Assign, Binary, Choice, Name, Node, Tight, Verbatim, call
from .tape import Tape
from .trace import TracingError

MOST = 500
"""The most statements in one C function; longer programs are split."""
MEMORY = 500_000
"""A program that hands on more numbers than this between its functions is refused: they lie on the stack."""
WIDTH = 110
"""Longer lists are written on several lines."""

_MATH = """acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs floor fmod hypot lgamma
log log10 log1p log2 pow remainder sin sinh sqrt tan tanh trunc"""
MATH = frozenset(_MATH.split())
"""Functions that math.h and Python's math have under one name."""
_INCLUDE = """static void include(double sum[2], double x)
{
    const double s = sum[0] + x;
    sum[1] += fabs(sum[0]) >= fabs(x) ? (sum[0] - s) + x : (x - s) + sum[0];
    sum[0] = s;
}"""
OWN = {
    "maximum": "static double maximum(double x, double y)\n{\n    return x >= y ? x : y;\n}",
    "minimum": "static double minimum(double x, double y)\n{\n    return x <= y ? x : y;\n}",
    "sign": "static double sign(double x)\n{\n    return (x > 0.0) - (x < 0.0);\n}",
    "lgamma": "static double positive_lgamma(double x)\n{\n    return x > 0.0 ? lgamma(x) : NAN;\n}",
    "digamma": """static double digamma(double x)
{
    static const double b[8] = {3617.0 / 8160, 1.0 / 12, 691.0 / 32760, 1.0 / 132, 1.0 / 240, 1.0 / 252, 1.0 / 120, 1.0 / 12};
    double y = x, sum[2] = {0.0, 0.0}, series = 0.0;
    if (!(x > 0.0)) return NAN;
    for (int m = 1; y < 10.0; m++) {
        include(sum, -1.0 / y);
        y = x + m;
    }
    for (int i = 0; i < 8; i++) series = 1.0 / y / y * (b[i] - series);
    include(sum, log(y));
    include(sum, -0.5 / y);
    include(sum, -series);
    return sum[0] + sum[1];
}""",
    "psi": """static double psi(double x, double n)
{
    static const double b[10] = {
        1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6, -3617.0 / 510, 43867.0 / 798, -174611.0 / 330,
    };
    double y = x, part, sum[2] = {0.0, 0.0};
    if (!(x > 0.0) || !(n >= 1.0) || n != floor(n) || n > 170.0) return NAN;
    for (int m = 1; y < 10.0 + n; m++) {
        double term = 1.0 / y;
        for (int j = 1; j <= (int)n; j++) term *= j / y;
        include(sum, term);
        y = x + m;
    }
    part = 1.0 / y;
    for (int j = 1; j < (int)n; j++) part *= j / y;
    include(sum, part);
    include(sum, 0.5 * part * (n / y));
    for (int k = 1; k <= 10; k++) {
        part *= (n + 2 * k - 2) / y * ((n + 2 * k - 1) / y) / ((2 * k - 1) * 2 * k);
        include(sum, b[k - 1] * part);
    }
    return fmod(n, 2.0) == 1.0 ? sum[0] + sum[1] : -(sum[0] + sum[1]);
}""",
}
"""Functions that math.h has not, or not where we need them: zeros of both signs, the positive half of lgamma; as in `floats`."""
_TAKEN = """abs auto break case char const continue count default do double else enum example extern float for gamma goto got gparams gx i
if inline int isfinite j j0 j1 jn long m main nan numbers one params printf recorded register restrict return round short signed sizeof
static status struct switch tgamma typedef union unsigned value value_and_gradients value_and_gradients_batch value_and_gradients_failure
values void volatile while x y y0 y1 yn drem exp10 fdim fma fmax fmin frexp ilogb ldexp llrint llround logb lrint lround modf nearbyint
nextafter nexttoward pow10 remquo rint scalb scalbln scalbn signbit significand sincos"""
TAKEN = frozenset(_TAKEN.split()) | MATH | frozenset(OWN) | {"include", "positive_lgamma"}
"""Names that mean something else in C, or to a C compiler."""


class Forms(Written):
    """A namespace in which forms write C."""

    def __init__(self) -> None:
        super().__init__("", "")

    def has(self, name: str) -> bool:
        """Whether C has the function, or a form can call one of ours."""
        return name in COMMON or name in MATH or name in OWN

    def is_free(self, name: str) -> bool:
        """Whether a row's function can have this name, in C."""
        return name not in TAKEN and not re.fullmatch(r"([vgt]|part)\d+", name)

    def function(self, name: str) -> str:
        """How it is called."""
        if name in OWN and name not in self.rows:
            if "include(" in OWN[name]:
                self.rows["include"] = _INCLUDE
            self.rows[name] = OWN[name]
        return {"abs": "fabs", "lgamma": "positive_lgamma"}.get(name, name)

    def written_out(self, primitive: Primitive, name: str, result: Any) -> str:
        """The text of a row's function."""
        names: dict[Term, str] = {}
        lines = []
        for part, free in shared_parts(result, set(primitive.operands)).items():
            lines.append(f"    const double {free} = {self.node(part, names)};")
            names[part] = free
        arguments = ", ".join(f"double {operand}" for operand in primitive.operands)
        text = [
            f"/* {remark(f'{name} = {primitive.formula}')} */" if primitive.formula != f"{name}({', '.join(primitive.operands)})" else ""
        ]
        text += [f"static double {name}({arguments})", "{", *lines, f"    return {self.node(result, names)};", "}"]
        return "\n".join(line for line in text if line)

    def node(self, part: Any, names: dict[Term, str]) -> Node:
        """A part of a form as a piece of code."""
        if not isinstance(part, Term):
            return number(float(part))
        if part in names or not part.args:
            return Name(names.get(part, part.how))
        args = [self.node(arg, names) for arg in part.args]
        if part.how == "number":
            return Choice(args[0], number(1.0), number(0.0))
        if part.how == "where":
            return Choice(args[0], args[1], args[2])
        if part.how == "neg":
            return -args[0]
        if part.how == "**":
            return call("pow", *args)
        if part.how in ("+", "-", "*", "/", "<", "<=", ">", ">="):
            return Binary(part.how, *args)
        return call(part.how, *args)


class C(Python):
    """How C writes an operation."""

    raises = False

    def __init__(self) -> None:
        super().__init__()
        self.forms = Forms()

    def row(self, op: Primitive, args: tuple[Any, ...]) -> Any:
        """The operation as plain arithmetic, or the name of the function to call."""
        forward = op.forward
        if forward is floats.identity:
            return args[0]
        if forward in OPERATORS:
            return Formula(args, sign=OPERATORS[forward])
        if forward is floats.power:
            return "pow"
        name = getattr(forward, "__name__", "")
        if name in MATH and getattr(math, name, None) is forward:
            return name
        if PRIMITIVES.get(op.name) is op and op.arrays is None and self.forms.has(op.name):
            return self.forms.function(op.name)
        found = self.forms.add(op)
        if found is None:
            raise TracingError(f"{op.name} has no form on arrays, which this source needs: a row says one in its column `arrays`")
        return found

    def node(self, x: Formula | float, names: dict[Formula, str]) -> Node:
        """A term as a piece of code."""
        return number(x) if isinstance(x, float) else super().node(x, names)

    def absolute(self, x: Node) -> Node:
        """|x|"""
        return call("fabs", x)

    def power(self, x: Node, c: Node) -> Node:
        """x to the power c."""
        return call("pow", x, c)


def number(x: float) -> Node:
    """A constant, exactly."""
    text = repr(x) if math.isfinite(x) else "NAN" if math.isnan(x) else "INFINITY" if x > 0.0 else "-INFINITY"
    return Verbatim(text, Tight.SIGN if text.startswith("-") else Tight.ATOM)


def remark(text: str) -> str:
    """What may stand in a comment, which it cannot get out of."""
    text = "".join(c if c.isprintable() else "\ufffd" for c in text[:101])
    text = text if len(text) <= 100 else text[:99] + "…"
    return text.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")


def quoted(text: str) -> str:
    """A text as C's."""
    safe = "".join(c if c.isprintable() else "\ufffd" for c in text[:400])
    return '"' + safe.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?") + '"'


def comment(text: str | None) -> str:
    """A remark after a line."""
    return f"  /* {remark(text)} */" if text else ""


# ------------------------------------------------------------------------------------------------------------------------
# Steps


class Writer:
    """Writes the steps of one function. `read` are the names that are read anywhere; `node` is the node that a step belongs to."""

    def __init__(self, read: set[str], comparisons: int) -> None:
        self.read, self.comparisons = read, comparisons
        self.declared: set[str] = set()

    def lines(self, statements: Sequence[Statement]) -> Iterator[str]:
        """The statements' lines."""
        for statement in statements:
            for step in statement.lines:
                yield from self.step(step, statement.node or 0)

    def step(self, step: Action, node: int) -> Iterator[str]:
        """One step's lines."""
        failed = f"return {-1 - node};"
        if isinstance(step, Assign):
            yield self.assignment(step)
        elif isinstance(step, Zero):
            new = [name for name in step.names if name not in self.declared]
            self.declared.update(new)
            yield f"double {', '.join(f'{name} = 0.0' for name in new)};"
        elif isinstance(step, Finite):
            for chain in step.chains:
                where = "".join(f"!isfinite({name}) ? {int(name[1:]) + 1} : " for name in chain[:-1])
                yield f"if (!isfinite({chain[-1]})) return {where}{int(chain[-1][1:]) + 1};"
        elif isinstance(step, Compare):
            yield f"if ({f'!({step.test})' if step.outcome else step.test}) return {self.comparisons + step.number};"
        elif isinstance(step, Exists):
            zero = f"{step.part.within(Tight.SUM)} == 0.0 || " if step.divides else ""
            yield f"if ({zero}!isfinite({step.part})) {failed}"
        elif isinstance(step, Missing):
            yield failed
        elif isinstance(step, Computable):
            yield f"if (!isfinite({step.partial})) {failed}"
        else:
            yield f"if ({step.upstream} != 0.0) {{"
            yield from self._block(step.then, node)
            if step.otherwise:
                yield "} else {"
                yield from self._block(step.otherwise, node)
            yield "}"

    def _block(self, steps: Sequence[Action], node: int) -> Iterator[str]:
        for step in steps:
            yield from (f"    {line}" for line in self.step(step, node))

    def assignment(self, step: Assign) -> str:
        """An assignment; the first one declares the variable."""
        name = str(step.target)
        line = f"{step};"
        if name not in self.declared:
            self.declared.add(name)
            line = f"{'double' if name.startswith('g') else 'const double'} {line}"
        unused = "" if name in self.read or name.startswith("t") else f" (void){name};"
        return f"{line}{unused}{comment(step.note)}"


# ------------------------------------------------------------------------------------------------------------------------
# The text


def source(tape: Tape, passes: tuple[str, ...], params: int, recorded: tuple[list[float], float, Sequence[float]] | None = None) -> str:
    """The program as C.

    params     how many of the leaves, the last ones, are parameters
    recorded   the numbers, the value and the gradients that a `main` reproduces; no main without
    """
    return "\n".join(_Program(tape, passes, params).text(recorded))


class _Program:
    def __init__(self, tape: Tape, passes: tuple[str, ...], params: int) -> None:
        self.tape, self.body = tape, Body(tape, passes, C())
        self.arguments, self.params = len(tape.labels) - params, params
        self.total = len(tape.labels) + len(tape.ops)
        self.read = {name for statement in self.body.statements for name in statement.reads}
        self.read |= {self.body.value, *self.body.gradients}
        self.most = MOST

    def text(self, recorded: tuple[list[float], float, Sequence[float]] | None) -> Iterator[str]:
        """The lines."""
        language = self.body.language
        assert isinstance(language, C)
        yield "/* A value and its gradients, by reverse-mode differentiation. Generated; C99, needs math.h alone. */"
        yield from ("", "#include <math.h>", "")
        for row in language.forms.rows.values():
            yield from (*row.split("\n"), "")
        yield from self._function()
        yield from self._batch()
        yield from self._words()
        if recorded is not None:
            yield from self._main(*recorded)

    # Arguments, as they are declared, and as they are handed on.

    def _given(self, *, gradients: bool) -> list[tuple[str, int]]:
        names = ("gx", "gparams") if gradients else ("x", "params")
        return [(name, count) for name, count in zip(names, (self.arguments, self.params), strict=True) if count]

    def _signature(self) -> str:
        given = [f"const double {name}[{count}]" for name, count in self._given(gradients=False)]
        return ", ".join([*given, "double *value", *(f"double {name}[{count}]" for name, count in self._given(gradients=True))])

    def _place(self, leaf: int, gradients: bool) -> str:
        names = ("gx", "gparams") if gradients else ("x", "params")
        return f"{names[0]}[{leaf}]" if leaf < self.arguments else f"{names[1]}[{leaf - self.arguments}]"

    def _about(self) -> Iterator[str]:
        yield (
            "/* The value, and the gradients by the numbers x and the parameters."
            if self.params
            else "/* The value, and the gradients by x."
        )
        yield " *"
        yield " * Returns 0, or which check failed; then value and gradients are not to be used:"
        yield " *   n + 1        v<n> is not finite: its function has no value there, or leaves the range of floats"
        yield " *   -(n + 1)     a local derivative of v<n> does not exist, or the gradient g<n> leaves the range of floats"
        if self.tape.checks:
            first = f"{self.total + 1} + k"
            yield f" *   {first:<12} comparison k comes out otherwise than where the program was recorded"
        yield " */"

    def _function(self) -> Iterator[str]:
        body = self.body
        whole = len(body.statements) <= self.most
        parts: list[str] = []
        if not whole:
            parts = [*self._parts()]
        yield from parts
        yield from self._about()
        yield f"int value_and_gradients({self._signature()})"
        yield "{"
        yield from (f"    {line}".rstrip() for line in self._inside(whole))
        yield "}"
        yield ""

    def _inside(self, whole: bool) -> Iterator[str]:
        body = self.body
        for leaf, (name, count) in zip((0, self.arguments), (("x", self.arguments), ("params", self.params)), strict=True):
            if count:
                yield f"for (int i = 0; i < {count}; i++)"
                yield f"    if (!isfinite({name}[i])) return {f'{leaf + 1} + i'};"
        writer = Writer(self.read, self.total + 1)
        if whole:
            for leaf, label in enumerate(self.tape.labels):
                if f"v{leaf}" in self.read:
                    yield f"const double v{leaf} = {self._place(leaf, False)};{comment(label)}"
            yield from ("", *writer.lines(body.statements[: body.forward]), "")
            yield from writer.lines(body.statements[body.forward :])
            named = {name: name for name in (*body.gradients, body.value)}
        else:
            named = yield from self._calls()
        yield ""
        for leaf, gradient in enumerate(body.gradients):
            yield f"{self._place(leaf, True)} = {f'{named[gradient]} + 0.0' if gradient else '0.0'};"  # -0.0 becomes 0.0
        for leaf, (name, count) in zip((0, self.arguments), (("gx", self.arguments), ("gparams", self.params)), strict=True):
            if count:
                yield f"for (int i = 0; i < {count}; i++)"
                yield f"    if (!isfinite({name}[i])) return {f'-{leaf + 1} - i'};"
        yield f"*value = {named[body.value]};"
        yield "return 0;"

    def _parts(self) -> Iterator[str]:
        self.parts, self.memory = split(self.body, self.most)
        if len(self.memory) > MEMORY:
            raise TracingError(
                f"the program is too long for C: its {len(self.parts)} functions would hand on {len(self.memory)} numbers, and {MEMORY} at"
                " most lie on the stack"
            )
        for i, part in enumerate(self.parts):
            writer = Writer(self.read, self.total + 1)
            yield f"static int part{i}(double *m)"
            yield "{"
            for name in part.needed:
                writer.declared.add(name)
                yield f"    {'double' if name.startswith('g') else 'const double'} {name} = m[{self.memory[name]}];"
            yield from (f"    {line}" for line in writer.lines(part.statements))
            yield from (f"    m[{self.memory[name]}] = {name};" for name in part.written)
            yield from ("    return 0;", "}", "")

    def _calls(self) -> Any:
        """The calls of all parts; returns where the numbers are found."""
        yield f"double m[{len(self.memory)}] = {{0.0}};"
        yield "int status;"
        for leaf, (name, count) in zip((0, self.arguments), (("x", self.arguments), ("params", self.params)), strict=True):
            if count:
                yield f"for (int i = 0; i < {count}; i++) m[{f'{leaf} + i' if leaf else 'i'}] = {name}[i];"
        for i in range(len(self.parts)):
            yield f"if ((status = part{i}(m)) != 0) return status;"
        return {name: f"m[{self.memory[name]}]" if name in self.memory else name for name in (*self.body.gradients, self.body.value)}

    def _batch(self) -> Iterator[str]:
        if not self.arguments:
            return
        yield "/* The same for many examples: x has a row of numbers for each, and so has gx; values has a value for each."
        if self.params:
            yield " * The gradients by the parameters are added up."
        yield " * Returns 0, or what failed at which example. */"
        yield "int value_and_gradients_batch("
        yield f"    long count, const double *x, {f'const double params[{self.params}], ' * bool(self.params)}".rstrip()
        yield f"    double *values, double *gx, {f'double gparams[{self.params}], ' * bool(self.params)}long *example)"
        yield "{"
        if self.params:
            yield f"    double one[{self.params}];"
            yield f"    for (int j = 0; j < {self.params}; j++) gparams[j] = 0.0;"
        yield "    for (long i = 0; i < count; i++) {"
        given = [f"x + {self.arguments} * i", *["params"] * bool(self.params)]
        got = ["values + i", f"gx + {self.arguments} * i", *["one"] * bool(self.params)]
        yield f"        const int status = value_and_gradients({', '.join([*given, *got])});"
        yield "        if (status != 0) {"
        yield from ("            *example = i;", "            return status;", "        }")
        if self.params:
            yield f"        for (int j = 0; j < {self.params}; j++) gparams[j] += one[j];"
        yield from ("    }", "    return 0;", "}", "")

    # Words.

    def _words(self) -> Iterator[str]:
        yield "/* What a status other than 0 means, in words. */"
        yield "const char *value_and_gradients_failure(int status)"
        yield "{"
        yield '    if (status < 0) return "a local derivative that is needed does not exist, or the gradient leaves the range of floats";'
        yield f'    if (status <= {len(self.tape.labels)}) return "the numbers have to be finite";'
        yield "    switch (status) {"
        cases: dict[str, list[int]] = {}
        for node in self._looked_at():
            cases.setdefault(refusal(self.tape.steps[node].op), []).append(node + 1)
        steps = [step for statement in self.body.statements for step in statement.lines]
        for compare in (step for step in steps if isinstance(step, Compare)):
            words = f"recorded where {compare.test} is {'true' if compare.outcome else 'false'}"
            cases.setdefault(words, []).append(self.total + 1 + compare.number)
        for words, statuses in cases.items():
            for i in range(0, len(statuses), 10):
                last = i + 10 >= len(statuses)
                yield f"    {' '.join(f'case {status}:' for status in statuses[i : i + 10])}{f' return {quoted(words)};' if last else ''}"
        yield '    default: return "there is no such status";'
        yield from ("    }", "}")

    def _looked_at(self) -> list[int]:
        """The nodes whose numbers may turn out not to be finite."""
        steps = [step for statement in self.body.statements for step in statement.lines]
        names = {name for step in steps if isinstance(step, Finite) for chain in step.chains for name in chain}
        return sorted(int(name[1:]) for name in names)

    def _main(self, numbers: list[float], value: float, gradients: Sequence[float]) -> Iterator[str]:
        """A main that reproduces what was recorded."""
        yield from ("", "#include <stdio.h>", "")
        yield "/* Compute the recorded value and gradients again, and print each beside what was recorded; 0 if all agree to 12 digits. */"
        yield from ("int main(void)", "{")
        for name, count in self._given(gradients=False):
            start = 0 if name == "x" else self.arguments
            yield from array_of(f"static const double {name}[{count}]", [*map(number, numbers[start : start + count])])
        expected = [value, *gradients]
        yield from array_of(f"static const double recorded[{len(expected)}]", [*map(number, expected)])
        yield f"    double got[{len(expected)}];"
        given = [name for name, _ in self._given(gradients=False)]
        got = [f"got + {1 if name == 'gx' else 1 + self.arguments}" for name, _ in self._given(gradients=True)]
        yield f"    const int status = value_and_gradients({', '.join([*given, 'got', *got])});"
        yield from reproduced(len(expected), "1e-12")


def reproduced(count: int, tolerance: str) -> Iterator[str]:
    """The end of a main: what was got beside what was recorded."""
    yield from ("    int agree = 1;", "    if (status != 0) {")
    yield '        printf("%d: %s\\n", status, value_and_gradients_failure(status));'
    yield from ("        return 2;", "    }", f"    for (int i = 0; i < {count}; i++) {{")
    yield '        printf("%-8s %.17g (recorded: %.17g)\\n", i == 0 ? "value" : "gradient", got[i], recorded[i]);'
    yield f"        agree = agree && fabs(got[i] - recorded[i]) <= {tolerance} * (1.0 + fabs(recorded[i]));"
    yield from ("    }", "    return agree ? 0 : 1;", "}")


def refusal(op: Primitive) -> str:
    """What the engine says where a row has no value, without the numbers."""
    beyond = f"{op.name} gives a number beyond the largest float (about 1.8e308)"
    return f"{op.name} needs {op.domain_text}; or {beyond}" if op.domain_text else beyond


def array_of(start: str, numbers: Sequence[Node], indent: str = "    ") -> Iterator[str]:
    """An array with these numbers."""
    lines: list[str] = [""]
    for text in (f"{x}," for x in numbers):
        if len(lines[-1]) + len(text) > WIDTH:
            lines.append("")
        lines[-1] += f" {text}" if lines[-1] else text
    if len(lines) == 1:
        yield f"{indent}{start} = {{{lines[0].rstrip(',')}}};"
        return
    yield f"{indent}{start} = {{"
    yield from (f"{indent}    {line}" for line in lines)
    yield f"{indent}}};"
