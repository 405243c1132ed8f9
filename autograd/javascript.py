"""JavaScript, as programs and pages compute in it: what the rows of the table are called there, and formulas as its expressions.

Arithmetic and the square root are those of IEEE 754 in both languages, so they agree to the bit. Other functions of `Math` may differ from
Python's `math` in their last digits; ULPS says by how much. A function that `Math` lacks is written out, here or by the row's column
`arrays`, and a row that has neither has no form: a TracingError names it.

JavaScript raises nothing where Python does: outside its domain a function is NaN, and beyond the largest number it is Infinity.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from . import floats, forms
from .forms import BINDS
from .primitive import PRIMITIVES, Primitive
from .terms import OPERATORS, Term, TracingError

MATH = {
    function: f"Math.{name}"
    for name, function in vars(math).items()
    if name
    in ("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh")
    or name in ("asinh", "acosh", "atanh", "atan2", "hypot")
} | {math.fabs: "Math.abs"}
"""Functions of `math` that `Math` has as well."""

HELPERS: dict[Callable[..., Any], tuple[str, str]] = {
    floats.power: ("power", "const power = (x, y) => y === 2 ? x * x : x ** y;"),
    floats.sign: ("sign", "const sign = (x) => x > 0 ? 1 : x < 0 ? -1 : 0;"),
    floats.heaviside: ("heaviside", "const heaviside = (x) => x > 0 ? 1 : 0;"),
    floats.above: ("above", "const above = (x, y) => x > y ? 1 : x < y ? 0 : 0.5;"),
    floats.maximum: ("maximum", "const maximum = (x, y) => x >= y ? x : y;"),
    floats.minimum: ("minimum", "const minimum = (x, y) => x <= y ? x : y;"),
    floats.sigmoid: (
        "sigmoid",
        "const sigmoid = (x) => {\n"
        "  if (x >= 0) return 1 / (1 + Math.exp(-x));\n"
        "  const e = Math.exp(x);\n"
        "  return e - e * (e / (1 + e));\n"
        "};",
    ),
    floats.log_sigmoid: ("log_sigmoid", "const log_sigmoid = (x) => Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));"),
    floats.softplus: ("softplus", "const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));"),
    floats.sech: (
        "sech",
        "const sech = (x) => {\n  const e = Math.exp(-Math.abs(x));\n  return 2 * e - 2 * e * (e * e / (1 + e * e));\n};",
    ),
    floats.gaussian: (
        "gaussian",
        "const gaussian = (x) => {\n"
        "  if (Math.abs(x) > 28) return 0;\n"
        "  const h = Math.floor(x * 4096 + 0.5) / 4096;\n"
        "  return Math.exp(-h * h) * Math.exp((h - x) * (x + h));\n"
        "};",
    ),
    floats.rhypot: (
        "rhypot",
        "const rhypot = (x, y) => {\n"
        "  const h = Math.hypot(x, y);\n"
        "  return h < Infinity ? 1 / h : 0.25 / Math.hypot(x * 0.25, y * 0.25);\n"
        "};",
    ),
    floats.relu: ("relu", "const relu = (x) => x > 0 ? x : 0;"),
    floats.leaky_relu: ("leaky_relu", "const leaky_relu = (x, a) => x > 0 ? x : a * x;"),
    floats.elu: ("elu", "const elu = (x, a) => x > 0 ? x : a * Math.expm1(x);"),
    math.erf: (
        "erf",
        # Near 0 the series 2/√π·exp(−x²)·Σ (2x²)ⁿ·x/(1·3·5⋯(2n + 1)), whose terms have one sign; beyond, 1 − erfc.
        "const erf = (x) => {\n"
        "  if (x === 0) return x;\n"
        "  if (Math.abs(x) > 1.5) return Math.sign(x) * (1 - erfc(Math.abs(x)));\n"
        "  let term = x, sum = 0;\n"
        "  for (let n = 1; sum + term !== sum; n += 1) {\n"
        "    sum += term;\n"
        "    term *= 2 * x * x / (2 * n + 1);\n"
        "  }\n"
        "  return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;\n"
        "};",
    ),
    math.erfc: (
        "erfc",
        # Beyond 0.5 the continued fraction exp(−x²)/√π/(x + (1/2)/(x + 1/(x + (3/2)/(x + …)))), from its far end; x² in two parts, as in
        # the row gaussian, or rounding it would cost x² units in the last place.
        "const erfc = (x) => {\n"
        "  if (x < 0.5) return 1 - erf(x);\n"
        "  if (x > 28) return 0;\n"
        "  let f = x;\n"
        "  for (let k = Math.ceil(20 + 180 / (x * x)); k > 0; k -= 1) f = x + k / 2 / f;\n"
        "  const h = Math.floor(x * 4096 + 0.5) / 4096;\n"
        "  return Math.exp(-h * h) * Math.exp((h - x) * (x + h)) / f / Math.sqrt(Math.PI);\n"
        "};",
    ),
}
"""Functions that `Math` lacks, each by its name and its text."""
NEEDS = {"erf": math.erfc, "erfc": math.erf}
"""Of a helper, another that it calls."""

ULPS = {
    **dict.fromkeys(("power", "pow", "exp", "expm1", "log", "log1p", "log2", "sin", "cos", "tan", "asin", "acos", "atan", "sinh"), 2),
    **dict.fromkeys(("tanh", "asinh", "acosh", "atanh", "atan2", "gaussian", "elu"), 2),
    **dict.fromkeys(("log10", "cosh", "sech", "hypot", "sigmoid", "log_sigmoid", "softplus"), 4),
    "rhypot": 8,
    "erfc": 8,
    "erf": 12,
}
"""By how many units in the last place a row may differ from Python's: twice as many as were found in V8 against the C library of Linux,
in 7,500 places each. The table's other rows agree to the bit. A row that is written out from its column `arrays` has no such bound."""


class Script:
    """Rows and formulas as JavaScript. It collects the functions that a text calls, each to be written once before it."""

    def __init__(self) -> None:
        self.functions: dict[str, str] = {}
        self._forms = Forms(self)

    def add(self, function: Callable[..., Any]) -> str:
        """The name of a function that is written out, with the one it calls."""
        name, text = HELPERS[function]
        if name not in self.functions:
            self.functions[name] = text
            if name in NEEDS:
                self.add(NEEDS[name])
        return name

    def call(self, op: Primitive) -> str:
        """The name of the function that a row is."""
        if op.forward in MATH:
            return MATH[op.forward]
        if op.forward in HELPERS:
            return self.add(op.forward)
        name = self._forms.add(op)
        if name is None:
            raise TracingError(
                f"{op.name} has no form in JavaScript, which has none of its own for it: a row says one in its column `arrays`"
            )
        return name

    def applied(self, op: Primitive, args: Sequence[Any]) -> str:
        """A row of operands as an expression."""
        if op.forward in OPERATORS and OPERATORS[op.forward] != "**":
            return self.text(Term(tuple(args), sign=OPERATORS[op.forward]))[0]
        return self.text(Term(tuple(args), op=op))[0]

    def text(self, x: Term | float) -> tuple[str, int]:
        """A term as an expression, and how tightly it binds."""
        if isinstance(x, float):
            return constant(x), 3 if math.copysign(1.0, x) < 0.0 else 5
        if x.name:
            return x.name, 5
        if x.op is not None:
            if x.op.forward is floats.identity:
                return self.text(x.args[0])
            if x.op.forward in OPERATORS and OPERATORS[x.op.forward] != "**":
                return self.text(Term(x.args, sign=OPERATORS[x.op.forward]))
            if x.op.forward is floats.power and isinstance(x.args[1], float) and x.args[1] == 1.0:
                return self.text(x.args[0])
            if (
                x.op.forward is floats.power
                and isinstance(x.args[1], float)
                and x.args[1] == 2.0
                and isinstance(x.args[0], Term)
                and x.args[0].name
            ):
                return f"{x.args[0].name} * {x.args[0].name}", 2
            name = self.add(floats.power) if x.op.forward in OPERATORS else self.call(x.op)
            return f"{name}({', '.join(self.text(arg)[0] for arg in x.args)})", 5
        if x.sign == "abs":
            return f"Math.abs({self.text(x.args[0])[0]})", 5
        if x.sign == "neg":
            return f"-{self._inside(x.args[0], 4)}", 3
        if x.sign == "**":
            return f"{self.add(floats.power)}({self.text(x.args[0])[0]}, {self.text(x.args[1])[0]})", 5
        binds = {"+": 1, "-": 1, "*": 2, "/": 2}[x.sign]
        return f"{self._inside(x.args[0], binds)} {x.sign} {self._inside(x.args[1], binds + 1)}", binds

    def _inside(self, x: Term | float, least: int) -> str:
        text, binds = self.text(x)
        return text if binds >= least else f"({text})"


def constant(x: float) -> str:
    """A number as JavaScript reads it back, exactly."""
    if not math.isfinite(x):
        return "NaN" if math.isnan(x) else "Infinity" if x > 0.0 else "-Infinity"
    return repr(x).removesuffix(".0")


class Forms(forms.Written):
    """The rows' forms on arrays, of which a number is the smallest: each is written out as a function."""

    def __init__(self, script: Script) -> None:
        super().__init__("Math", "")
        self._script = script

    def has(self, name: str) -> bool:
        """Whether there is a function of this name to call: the common ones, erf and erfc."""
        return name in forms.COMMON or name in ("erf", "erfc")

    def function(self, name: str) -> str:
        """How it is called."""
        function = getattr(floats, name, None) or getattr(math, name, None)
        return self._script.add(function) if function in HELPERS else f"Math.{name}"

    def is_free(self, name: str) -> bool:
        """A row's name may be a word of JavaScript's, or a name in a program: its function has a number as well."""
        return False

    def add(self, primitive: Primitive) -> str | None:
        """The name of a row's function, which is written out if it was not; None where the row has no form."""
        name = super().add(primitive)
        if name is not None:
            self._script.functions.setdefault(name, self.rows[name])
        return name

    def written_out(self, primitive: Primitive, name: str, result: Any) -> str:
        """The text of a row's function, which computes this."""
        lines: list[str] = []
        names: dict[forms.Term, str] = {}
        for part, free in forms.shared_parts(result, set(primitive.operands)).items():
            lines.append(f"  const {free} = {self._text(part, names)[0]};")
            names[part] = free
        lines.append(f"  return {self._text(result, names)[0]};")
        return "\n".join([f"const {name} = ({', '.join(primitive.operands)}) => {{", *lines, "};"])

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if not self.has(name) and name in PRIMITIVES:
            row = self._script.call(PRIMITIVES[name])
            return lambda *operands: forms.Term(row, *operands)
        return super().__getattr__(name)

    def _text(self, part: Any, names: dict[forms.Term, str]) -> tuple[str, int]:
        if not isinstance(part, forms.Term):
            return constant(float(part)), 3 if math.copysign(1.0, float(part)) < 0.0 else 5
        if part in names or not part.args:
            return names.get(part, part.how), 5
        if part.how == "Math.where":
            condition, one, other = (self._text(arg, names)[0] for arg in part.args)
            return f"({condition} ? {one} : {other})", 5
        if part.how not in BINDS or part.how == "**":
            how = self._script.add(floats.power) if part.how == "**" else part.how
            return f"{how}({', '.join(self._text(arg, names)[0] for arg in part.args)})", 5
        if part.how == "neg":
            return f"-{self._inside(part.args[0], 4, names)}", 3
        binds = BINDS[part.how]
        return f"{self._inside(part.args[0], binds, names)} {part.how} {self._inside(part.args[1], binds + 1, names)}", binds
