"""What a row means on arrays: one function over a namespace of functions, which NumPy, PyTorch, JAX and others each fill.

A row whose `forward` is arithmetic needs nothing: it is the same arithmetic on arrays. A row named as a function that every namespace has,
such as exp, is that function. Any other says it in its column `arrays`, a function of the namespace m and the operands:

    arrays=lambda m, x: m.maximum(x, 0.0) + m.log1p(m.exp(-m.abs(x)))

There m has the functions of COMMON, and every row of the table that has a form itself. As text, a form is a few lines of Python.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from .primitive import PRIMITIVES, Primitive

COMMON = (
    "abs", "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cos", "cosh", "exp", "expm1", "floor", "hypot", "log", "log10",
    "log1p", "log2", "maximum", "minimum", "sign", "sin", "sinh", "sqrt", "tan", "tanh", "where",
)  # fmt: skip
"""The functions that every namespace has; `where(condition, x, y)` takes its conditions from comparisons."""
SPECIAL = ("erf", "erfc", "lgamma", "digamma", "psi")
"""The functions that a namespace may have."""
ARITHMETIC = (operator.add, operator.sub, operator.mul, operator.truediv, operator.neg)

Form = Callable[..., Any]


def form_of(primitive: Primitive, has: Callable[[str], bool]) -> Form | None:
    """form(m, *operands), the row on a namespace that has these functions; None where it has no meaning there."""
    if primitive.arrays is not None:
        return primitive.arrays
    if primitive.forward in ARITHMETIC:
        return lambda m, *operands: primitive.forward(*operands)
    if PRIMITIVES.get(primitive.name) is primitive and has(primitive.name):
        return lambda m, *operands: getattr(m, primitive.name)(*operands)
    return None


class Namespace:
    """Functions by name: some of its own, and the rows of the table by their forms."""

    def __init__(self, functions: dict[str, Callable[..., Any]]) -> None:
        self.functions = functions

    def has(self, name: str) -> bool:
        """Whether it has a function of its own of this name."""
        return name in self.functions

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name in self.functions:
            return self.functions[name]
        form = form_of(PRIMITIVES[name], self.has) if name in PRIMITIVES else None
        if form is None:
            raise AttributeError(
                f"a form on arrays cannot use {name!r}: there are {', '.join(sorted(self.functions))}, and rows with a form"
            )
        return lambda *operands: form(self, *operands)


# Forms as text.


class Term:
    """A part of a form: a name, a number, or an operation on parts."""

    __slots__ = ("args", "how")

    def __init__(self, how: str, *args: Any) -> None:
        self.how, self.args = how, args

    def __neg__(self) -> Term:
        return Term("neg", self)

    def __bool__(self) -> bool:
        raise TypeError("a form on arrays cannot decide by a number: write m.where(condition, x, y)")


def _operators() -> None:
    for method, sign in {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**"}.items():
        setattr(Term, f"__{method}__", lambda x, y, sign=sign: Term(sign, x, y))
        setattr(Term, f"__r{method}__", lambda x, y, sign=sign: Term(sign, y, x))
    for method, sign in {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}.items():
        setattr(Term, f"__{method}__", lambda x, y, sign=sign: Term(sign, x, y))


_operators()

BINDS = {"<": 0, "<=": 0, ">": 0, ">=": 0, "+": 1, "-": 1, "*": 2, "/": 2, "neg": 3, "**": 4}


class Written(Namespace):
    """A namespace in which functions write calls, of a module's functions or of rows that are written out as well.

    module    how the module with the functions is called in the text, and `special` the one with the SPECIAL functions
    rows      the rows that were called, in the order in which their texts must stand
    """

    def __init__(self, module: str, special: str) -> None:
        self.module, self.special = module, special
        self.rows: dict[str, str] = {}
        self._names: dict[Primitive, str] = {}

    def has(self, name: str) -> bool:
        """Whether there is a function of this name to call."""
        return name in COMMON or (bool(self.special) and name in SPECIAL)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if self.has(name):
            return lambda *operands: Term(self.function(name), *operands)
        row = None if name.startswith("_") or name not in PRIMITIVES else self.add(PRIMITIVES[name])
        if row is None:
            raise AttributeError(f"a form on arrays cannot use {name!r}: there are {', '.join(COMMON)}, and rows with a form")
        return lambda *operands: Term(row, *operands)

    def is_free(self, name: str) -> bool:
        """Whether a row's function can have this name."""
        return True

    def function(self, name: str) -> str:
        """How a function of the library's is called."""
        return f"{self.module if name in COMMON else self.special}.{name}"

    def add(self, primitive: Primitive) -> str | None:
        """The name of a row's function, which is written out if it was not; None where the row has no form.

        A row that is not the table's has a name of its own, whatever it is called.
        """
        name = self._names.get(primitive, primitive.name)
        if primitive not in self._names:
            if PRIMITIVES.get(name) is not primitive or not self.is_free(name):
                name = f"{name}_{len(self._names)}"
            form = form_of(primitive, self.has)
            if form is None:
                return None
            operands = primitive.operands
            result = form(self, *map(Term, operands))
            if isinstance(result, Term) and BINDS.get(result.how) == 0:
                result = Term("number", result)
            self.rows[name] = self.written_out(primitive, name, result)
            self._names[primitive] = name
        return name

    def written_out(self, primitive: Primitive, name: str, result: Any) -> str:
        """The text of a row's function, which computes this."""
        operands = primitive.operands
        numbers = f"{', '.join(operands)} = {', '.join(f'number({operand})' for operand in operands)}"
        shared = shared_parts(result, set(operands))
        lines: list[str] = []
        names: dict[Term, str] = {}
        for part, free in shared.items():
            lines.append(f"{free} = {self._text(part, names)[0]}")
            names[part] = free
        return "\n    ".join([f"def {name}({', '.join(operands)}):", numbers, *lines, f"return {self._text(result, names)[0]}"])

    def _text(self, part: Any, names: dict[Term, str]) -> tuple[str, int]:
        """A part as an expression, and how tightly it binds."""
        if not isinstance(part, Term):
            x = float(part)
            return (repr(x), 3 if math.copysign(1.0, x) < 0.0 else 5) if math.isfinite(x) else (f"float({str(x)!r})", 5)
        if part in names or not part.args:
            return names.get(part, part.how), 5
        if part.how not in BINDS:
            numbered = part.how == f"{self.module}.where"  # there two plain numbers would be of another precision
            args = [self._text(arg, names)[0] for arg in part.args]
            if numbered or part.how in (f"{self.module}.{name}" for name in ("maximum", "minimum", "hypot", "atan2")):
                args = [arg if isinstance(given, Term) else f"number({arg})" for given, arg in zip(part.args, args, strict=True)]
            return f"{part.how}({', '.join(args)})", 5
        binds = BINDS[part.how]
        if part.how == "neg":
            return f"-{self._inside(part.args[0], 3, names)}", 3
        left, right = (5, 3) if part.how == "**" else (binds, binds + 1)
        x, y = part.args
        return f"{self._inside(x, left, names)} {part.how} {self._inside(y, right, names)}", binds

    def _inside(self, part: Any, least: int, names: dict[Term, str]) -> str:
        text, binds = self._text(part, names)
        return text if binds >= least else f"({text})"


def shared_parts(result: Any, taken: set[str]) -> dict[Term, str]:
    """The parts of a form that are used twice, in the order in which they have to be computed, each with a name that is not taken."""
    uses: dict[Term, int] = {}
    order: list[Term] = []

    def count(part: Any) -> None:
        if isinstance(part, Term) and part.args:
            uses[part] = uses.get(part, 0) + 1
            if uses[part] == 1:
                for arg in part.args:
                    count(arg)
                order.append(part)

    count(result)
    free = (name for name in "efghijklpqrstuvw" if name not in taken)
    return {part: next(free) for part in order if uses[part] > 1}
