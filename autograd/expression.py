"""One small language for formulas: what the command line draws, and what the table's `formula` and `textbook` strings are written in.

    a*b + exp(-c)/2        numbers, names, + - * / **, a leading minus, brackets, and functions of the table by name
    (x > 0)*x              a comparison is 1 or 0
    2*pi*r                 pi and e are constants

Python's own parser reads the structure; nothing is ever executed. What is not in the language is an `ExpressionError` that marks
the spot. An expression is kept as its steps in the order of computation, so that whoever uses one, to compute it or to typeset
it, walks a list and never recurses.
"""

from __future__ import annotations

import ast
import difflib
import keyword
import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from . import composed, given, ops
from .errors import AutogradError, ExpressionError
from .numbers import as_float
from .primitive import PRIMITIVES, Primitive, function_of
from .value import Value

CONSTANTS = {"pi": math.pi, "π": math.pi, "e": math.e}
"""Names that have their value by themselves."""

MOST = 10_000
"""The longest text that is read, in characters."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a computation: take a number or a name, or apply a function to the latest results.

    name      of the variable, of the constant or of the function; '' for a number
    number    the number, of a number or a constant
    operands  how many of the latest results the function takes; 0 for all else
    start     where the step's subexpression starts in the text, and `end` where it ends
    """

    name: str
    number: float | None
    operands: int
    start: int
    end: int


@dataclass(frozen=True)
class Expression:
    """A text that was read: its steps, each after the steps it needs; the last is the whole.

    >>> parse("a*b + 1").build({"a": 2.0, "b": 3.0})
    7.0
    """

    text: str
    steps: tuple[Step, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The variables in the order of their first appearance."""
        return tuple(dict.fromkeys(step.name for step in self.steps if _is_variable(step)))

    def build(self, values: Mapping[str, Value | float]) -> Value | float:
        """The expression at these values of its names: a Value where a Value takes part, else a float."""
        return self.results(values)[-1]

    def results(self, values: Mapping[str, Value | float]) -> list[Value | float]:
        """The result of every step, in their order.

        A name without a value is an ExpressionError. A DomainError and its kin stay what they are, with the spot as a note.
        """
        if not isinstance(values, Mapping):
            raise given.wrong("an expression", "a dict of the names' values", values)
        known = {
            name: value if isinstance(value, Value) else as_float(value, f"a number as {name}", "an expression")
            for name, value in values.items()
        }
        results: list[Value | float] = []
        pending: list[Value | float] = []
        for step in self.steps:
            if step.operands:
                result = self._apply(step, pending[-step.operands :])
                del pending[-step.operands :]
            elif step.number is not None:
                result = step.number
            elif step.name in known:
                result = known[step.name]
            else:
                missing = [name for name in self.names if name not in known]
                pronoun = "it" if len(missing) == 1 else "them"
                hint = _did_you_mean(step.name, set(known) - set(self.names)) or f"; give {pronoun}, as in {step.name}=1"
                raise _error(f"there is no value for {', '.join(missing)}{hint}", self.text, step.start, step.end)
            results.append(result)
            pending.append(result)
        return results

    def _apply(self, step: Step, operands: list[Any]) -> Any:
        try:
            return _meaning(step.name)(*operands)
        except AutogradError as error:
            error.add_note(mark(self.text, step.start, step.end))
            raise
        except (TypeError, ValueError) as error:  # a composed function that takes no such operand: clip(x, low, high) with a Value as low
            raise _error(str(error), self.text, step.start, step.end) from None


def parse(text: str) -> Expression:
    """The text as an Expression; an ExpressionError that marks the spot if it is none."""
    if not isinstance(text, str):
        raise TypeError(f"an expression is a text, but got {given.shorten(text)} of type {type(text).__name__}")
    text = re.sub(r"\s", " ", text)  # several lines read as one, each character in its place
    if not text.strip():
        raise ExpressionError("the expression is empty")
    if len(text) > MOST:
        raise ExpressionError(f"the expression has {len(text)} characters, more than the {MOST} that are read")
    _check_words(text)
    body = text.lstrip()
    try:
        tree = ast.parse(body, mode="eval").body
    except (RecursionError, MemoryError):
        raise _error("the expression is nested too deeply", text) from None
    except SyntaxError as error:
        spot = len(text) - len(body) + max((error.offset or 1) - 1, 0)
        message = "brackets are nested too deeply" if "nested" in error.msg else f"this is no expression: {error.msg}"
        raise _error(message, text, spot) from None
    return Expression(text, tuple(_steps(tree, text, len(text) - len(body))))


# Words: what may stand where, in the order of reading. All that a beginner mistypes is caught here, in our words and not in those
# of a Python version; what comes through is well formed but for a few rarities.

_NUMBER = re.compile(r"([0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)([eE][+-]?[0-9]+)?")
_SIGN = re.compile(r"\*\*|<=|>=|[-+*/(),<>]")
_INSTEAD = {
    "^": "a power is written **",
    "×": "a product is written *",
    "·": "a product is written *",
    "∙": "a product is written *",
    "⋅": "a product is written *",
    "÷": "a quotient is written /",
    "−": "the minus sign on a keyboard is -",
    "–": "the minus sign on a keyboard is -",
    "²": "a square is written **2",
    "³": "a cube is written **3",
    "√": "a square root is written sqrt(x)",
    "=": "values are given apart, as in a=2",
    "≤": "write <=",
    "≥": "write >=",
    "//": "a quotient is written /",
    "|": "an absolute value is written abs(x)",
    "[": "brackets are round here",
    "]": "brackets are round here",
    "{": "brackets are round here",
    "}": "brackets are round here",
    "if": "a choice is written where(x > 0, a, b)",
    "else": "a choice is written where(x > 0, a, b)",
}


def _words(text: str) -> Iterator[tuple[int, int]]:
    """Where each number, name and sign starts and ends. What is none of these is an error."""
    at = 0
    while at < len(text):
        if text[at] == " ":
            at += 1
            continue
        start = at
        if number := _NUMBER.match(text, at):
            at = number.end()
        elif text[at].isidentifier():
            while at < len(text) and ("_" + text[at]).isidentifier() and text[at] not in _INSTEAD:
                at += 1
        elif (sign := _SIGN.match(text, at)) and not text.startswith("//", at):
            at = sign.end()
        else:
            pair = text[at : at + 2]
            hint = _INSTEAD.get(pair) or _INSTEAD.get(text[at])
            what = f"{text[at]!r} has no meaning in an expression"
            raise _error(f"{what}; {hint}" if hint else what, text, at, at + (2 if pair in _INSTEAD else 1))
        yield start, at


def _check_words(text: str) -> None:
    """Whether operands and signs alternate as they must and brackets match; an ExpressionError where not."""
    brackets: list[int] = []
    before, last = "", 0
    complete = False  # does an operand end just before this word?
    for start, end in _words(text):
        word = text[start:end]
        call = word == "(" and before[:1].isidentifier()
        sign = _SIGN.fullmatch(word)
        if keyword.iskeyword(word):
            hint = _INSTEAD.get(word, "choose another name")
            raise _error(f"{word!r} is a reserved word and cannot stand in an expression; {hint}", text, start, end)
        if complete and not call and (word == "(" or not sign):
            product = f"{'(…)' if before == ')' else before}*{'(…)' if word == '(' else word}"
            hint = f"write {before}({word})" if before in functions() else f"a product is written {product}"
            raise _error(f"an operator is missing before {word!r}; {hint}", text, start, end)
        if not complete and sign and word not in "(+-":
            raise _error(f"something is missing before {word!r}", text, start, end)
        if word == "(":
            brackets.append(start)
        elif word == ")":
            if not brackets:
                raise _error("this bracket closes none that was opened", text, start, end)
            brackets.pop()
        complete = word == ")" or not sign
        before, last = word, end
    if not complete:
        raise _error(f"something is missing after {before!r}", text, last - len(before), last)
    if brackets:
        raise _error("this bracket is never closed", text, brackets[-1])


# Structure: the tree that Python's parser makes, turned into steps.

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "pow",
    ast.USub: "negate",
    ast.Gt: ">",
    ast.Lt: "<",
    ast.GtE: ">=",
    ast.LtE: "<=",
}
_COMPOSED = {"square": 1, "silu": 1, "gelu": 1, "gelu_tanh": 1, "where": 3, "clip": 3}
_FOLDS = ("sum", "mean", "prod", "norm", "logsumexp")
"""Composed functions of one or more numbers, written here without a list: sum(a, b, c)."""
_OTHER_NAMES = {"ln": "log", "max": "maximum", "min": "minimum"}


def functions() -> list[str]:
    """The names that can be called, rows of the table first."""
    return [*PRIMITIVES, *_COMPOSED, *_FOLDS]


def _steps(tree: ast.expr, text: str, indent: int) -> Iterator[Step]:
    """The tree's steps, operands before what is made of them. Iterative: depth costs nothing."""
    # The parser counts in bytes of UTF-8, we count in characters.
    character = [indent + i for i, c in enumerate(text[indent:]) for _ in c.encode()] + [len(text)]
    stack: list[tuple[ast.expr, bool]] = [(tree, False)]
    while stack:
        node, ready = stack.pop()
        start, end = character[node.col_offset], character[node.end_col_offset or -1]
        name, operands = _shape(node, text, start, end)
        if isinstance(node, ast.Constant):
            yield Step("", _literal(node.value, text, start, end), 0, start, end)
        elif isinstance(node, ast.Name):
            yield Step(name, CONSTANTS.get(name), 0, start, end)
        elif not name:  # a plus sign in front changes nothing
            stack.append((operands[0], False))
        elif ready:
            yield Step(name, None, len(operands), start, end)
        else:
            stack.append((node, True))
            stack += [(operand, False) for operand in reversed(operands)]


def _shape(node: ast.expr, text: str, start: int, end: int) -> tuple[str, list[ast.expr]]:
    """The name of what the node does, and its operands; an ExpressionError for what the language does not have."""
    match node:
        case ast.Constant():
            return "", []
        case ast.Name(id=name):
            if name in functions() or name in _OTHER_NAMES:
                raise _error(f"{name!r} is a function: write {name}(…)", text, start, end)
            return name, []
        case ast.BinOp(left=x, op=operator, right=y) if type(operator) in _OPERATORS:
            return _OPERATORS[type(operator)], [x, y]
        case ast.UnaryOp(op=ast.UAdd(), operand=x):
            return "", [x]
        case ast.UnaryOp(op=operator, operand=x) if type(operator) in _OPERATORS:
            return _OPERATORS[type(operator)], [x]
        case ast.Compare(left=x, ops=[comparison], comparators=[y]) if type(comparison) in _OPERATORS:
            return _OPERATORS[type(comparison)], [x, y]
        case ast.Compare():
            raise _error("comparisons cannot be chained; write (a < b)*(b < c)", text, start, end)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if not any(isinstance(arg, ast.Starred) for arg in args):
            _check_call(name, len(args), text, start, end)
            return ("pow" if name == "power" else name), args
        case ast.Tuple():
            raise _error("a comma stands only between the operands of a function", text, start, end)
    raise _error("this is not part of the language of expressions", text, start, end)


def _check_call(name: str, given: int, text: str, start: int, end: int) -> None:
    if name in PRIMITIVES:
        wanted = len(PRIMITIVES[name].operands)
    elif name in _COMPOSED:
        wanted = _COMPOSED[name]
    elif name in _FOLDS:
        wanted = max(given, 1)
    else:
        hint = f"; write {_OTHER_NAMES[name]}" if name in _OTHER_NAMES else _did_you_mean(name, functions())
        hint = hint or f"; a product is written {name}*(…)"
        raise _error(f"there is no function {name!r}{hint}", text, start, start + len(name))
    if given != wanted:
        raise _error(f"{name} takes {wanted} operand{'s' if wanted > 1 else ''}, but got {given}", text, start, end)


def _literal(number: Any, text: str, start: int, end: int) -> float:
    try:
        return as_float(number)
    except AutogradError:
        raise _error("this number is beyond the largest float, about 1.8e308", text, start, end) from None


def _is_variable(step: Step) -> bool:
    return not step.operands and step.number is None


# Meaning: the same functions for floats and Values.


def _power(x: Any, y: Any) -> Any:
    return ops.power(x, y) if isinstance(y, float) else ops.pow(x, y)


def _greater(x: Any, y: Any) -> Any:
    return ops.heaviside(x if isinstance(y, float) and y == 0.0 else ops.subtract(x, y))


_COMPARISONS: dict[str, Callable[..., Any]] = {
    ">": _greater,
    "<": lambda x, y: _greater(y, x),
    ">=": lambda x, y: ops.subtract(1.0, _greater(y, x)),
    "<=": lambda x, y: ops.subtract(1.0, _greater(x, y)),
}


_function: Callable[[Primitive], Callable[..., Any]] = lru_cache(maxsize=1024)(function_of)


def _meaning(name: str) -> Callable[..., Any]:
    if name == "pow":
        return _power
    if name in _COMPARISONS:
        return _COMPARISONS[name]
    if name in PRIMITIVES:
        return _function(PRIMITIVES[name])
    function: Callable[..., Any] = getattr(ops, name, None) or getattr(composed, name)
    return (lambda *xs: function(xs)) if name in _FOLDS else function


# Errors, with the spot marked.


def width(text: str) -> int:
    """How many columns of a terminal the text takes: Hangul and its kin two, marks that join the letter before them none."""
    columns = 0
    for c in text:
        joins = unicodedata.category(c) in ("Mn", "Me", "Cf") or "\u1160" <= c <= "\u11ff"  # the latter: vowels and finals of split Hangul
        columns += 0 if joins else 2 if unicodedata.east_asian_width(c) in "WF" else 1
    return columns


def mark(text: str, start: int = 0, end: int | None = None, columns: int = 72) -> str:
    """The text, indented, and below it the characters from start to end underlined; of a long text, the part around them."""
    line = "".join(c if c.isprintable() else "�" for c in text)
    end = len(line) if end is None else end
    left, right = 0, len(line)
    if width(line) > columns:
        left = start
        while left and width(line[left - 1 : start]) <= columns // 3:
            left -= 1
        right = left
        while right < len(line) and width(line[left : right + 1]) <= columns:
            right += 1
    before, after = "…" if left else "", "…" if right < len(line) else ""
    spot = line[start : min(end, right)]
    return f"    {before}{line[left:right]}{after}\n    {' ' * width(before + line[left:start])}{'^' * max(width(spot), 1)}"


def _error(message: str, text: str, start: int = 0, end: int | None = None) -> ExpressionError:
    return ExpressionError(f"{message}\n{mark(text, start, start + 1 if end is None else end)}")


def _did_you_mean(name: str, among: Any) -> str:
    near = difflib.get_close_matches(name, sorted(among), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


# What a row says of itself in texts is read as soon as there is one.


def is_name(primitive: Primitive) -> bool:
    """Whether the row's formula is no more than its name, or its symbol, with the operands."""
    operands = f"({', '.join(primitive.operands)})"
    return primitive.formula in ("", primitive.name + operands, primitive.symbol + operands)


def look(primitive: Primitive) -> None:
    """ExpressionError for a text of a row that cannot be read, or that names what is no operand. A formula that only names the row is a
    name, and so is d<row>/d<operand>."""
    if not primitive.name.isidentifier():  # the engine's own, for a derivative; `register` refuses such names
        return
    operands = set(primitive.operands)
    texts = [("kinks", text, operands) for text in primitive.kinks if isinstance(text, str)]
    if not is_name(primitive):
        texts.append(("formula", primitive.formula, operands))
    for operand, text in zip(primitive.operands, primitive.textbook, strict=True):
        if text not in ("", f"d{primitive.name}/d{operand}"):
            texts.append(("textbook", text, operands | {"z"}))
    for column, text, known in texts:
        try:
            strangers = [name for name in parse(text).names if name not in known]
        except ExpressionError as error:
            error.add_note(f"in {column} of {primitive.name}")
            raise
        if strangers:
            also = ", and z for the result" if column == "textbook" else ""
            raise ExpressionError(
                f"{column} of {primitive.name} names {', '.join(strangers)} in {text!r}, but its operands are"
                f" {', '.join(primitive.operands)}{also}"
            )
