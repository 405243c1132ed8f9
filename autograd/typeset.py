"""Numbers, formulas and tables as people read them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, ClassVar

from . import given
from .errors import ExpressionError
from .expression import Expression, Step, parse, width
from .failures import label_of
from .graph import Edge
from .joined import parents, place_of, seen
from .naming import find_names
from .primitive import PRIMITIVES, Primitive
from .shown import Formula
from .value import Value
from .words import said

_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


DIGITS = 100
"""More significant digits than any float has."""


def number(x: float, digits: int = 6, *, fractions: bool = False) -> str:
    """x in at most `digits` significant digits, fewer where they suffice, with a real minus sign; powers of ten only
    for what is very large or very small. With `fractions`, what is a ratio of small whole numbers is written as one.

    >>> number(2.2000000000000002), number(-0.0063295), number(1.5e-9), number(-2 / 3, fractions=True)
    ('2.2', '−0.0063295', '1.5·10⁻⁹', '−2/3')
    """
    if type(digits) is not int or not 1 <= digits <= DIGITS:  # the usual case is spared the look: a picture has many numbers
        digits = given.count(digits, "digits", "a text of a number", 1, DIGITS)
    if fractions is not False:
        fractions = given.flag(fractions, "fractions", "a text of a number")
    if fractions and isinstance(x, Real) and 1e-3 < abs(x) < 1e3:
        for below in (3, 6, 7, 9, 11, 12):  # the others are short as decimals
            above = round(x * below)
            if math.gcd(above, below) == 1 and math.isclose(above / below, x, rel_tol=1e-15):
                return f"{above}/{below}".replace("-", "−")
    try:
        missing = math.isnan(x)
    except (TypeError, ValueError, OverflowError):  # no number, or none that is a float
        raise given.wrong("a text of a number", "a number", x) from None
    if missing:
        return said("number.none")
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    text = format(x + 0.0, f".{digits}g")  # + 0.0 makes -0.0 read 0
    mantissa, e, exponent = text.partition("e")
    if e and 0 <= int(exponent) < 9:  # 220000000 reads better than 2.2·10⁸
        mantissa, e = format(float(text), ".0f"), ""
    mantissa = mantissa.replace("-", "−")
    return mantissa + (f"·10{str(int(exponent)).translate(_SUPERSCRIPT)}" if e else "")


_SUBSCRIPT = str.maketrans("0123456789aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ", "iota": "ι", "kappa": "κ",
    "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ",
    "psi": "ψ", "omega": "ω",
}  # fmt: skip
GREEK |= {word.capitalize(): letter.upper() for word, letter in GREEK.items()}
_BASE = "|".join(["[A-Za-z]", *sorted(GREEK, key=len, reverse=True)])
_SYMBOL = re.compile(rf"(?P<base>{_BASE})(?:_?(?P<digits>\d+)|_(?P<letters>[aehijklmnoprstuvx]{{1,2}}))?")
_DERIVATIVE = re.compile(r"d(?P<above>\w+)/d(?P<below>\w+)")


def name(text: str) -> str:
    """A name as mathematics writes it: w1 as w₁, alpha as α, x_i as xᵢ, dC/dw1 as ∂C/∂w₁. Words stay as they are.

    Only a single letter or the name of a Greek one takes a subscript, alone or at the end of a dotted name.

    >>> name("w1"), name("dC/dw1"), name("layer1.w2"), name("apple count")
    ('w₁', '∂C/∂w₁', 'layer1.w₂', 'apple count')
    """
    derivative = _DERIVATIVE.fullmatch(given.text(text, "text", "a name"))
    if derivative:
        return f"∂{name(derivative['above'])}/∂{name(derivative['below'])}"
    before, dot, last = text.rpartition(".")
    symbol = _SYMBOL.fullmatch(last)
    if symbol is None:
        return text
    index = (symbol["digits"] or symbol["letters"] or "").translate(_SUBSCRIPT)
    return f"{before}{dot}{GREEK.get(symbol['base'], symbol['base'])}{index}"


def shown(text: str, most: int = 40) -> str:
    r"""The text as one printable line of at most `most` characters: what cannot be printed is a space, a long text ends in an ellipsis.

    >>> shown("two\nlines")
    'two lines'
    """
    line = "".join(c if c.isprintable() or c in "\u200c\u200d" else " " for c in text[: most + 1])
    return line if len(text) <= most else line[: most - 1] + "…"


# Formulas: the steps of an expression, each typeset from the pieces its operands became.


def formula(expression: str | Expression) -> str:
    """The expression in Unicode, as people write it: products with a dot, raised exponents, only the brackets it needs.

    >>> formula("-x/y**2"), formula("2/sqrt(pi)*exp(-x**2)"), formula("(x <= 0)*x")
    ('−x/y²', '(2/√π)·exp(−x²)', '[x ≤ 0]·x')
    """
    return formulas(expression)[-1]


def formulas(expression: str | Expression) -> list[str]:
    """The formula of every step of the expression, in their order; the last is the whole."""
    return [str(piece) for piece in _Unicode().pieces(_read(expression))]


def latex(expression: str | Expression | Value, *, names: Mapping[str, Any] | None = None) -> Formula:
    r"""The expression in LaTeX, for mathematics mode; of a Value, what it computes from the named nodes below it. A notebook shows it.

    names   names for nodes without a label, as from locals(); the output is written out all the same

    >>> print(latex("-x/y**2 + sigmoid(w1)"))
    -\frac{x}{y^{2}} + \sigma\left(w_{1}\right)
    >>> print(latex((Value(2.0, label="a") + Value(3.0, label="b")) ** 2))
    \left(a + b\right)^{2}
    """
    named = find_names(given.names(names))
    if isinstance(expression, Value):
        return Formula(Notation(lambda node: label_of(node) or named.get(node, ""), tex=True).node(expression))
    return Formula([str(piece) for piece in _Latex().pieces(_read(expression))][-1])


def _read(expression: str | Expression) -> tuple[Step, ...]:
    if isinstance(expression, str):
        expression = parse(expression)
    elif not isinstance(expression, Expression):
        raise given.wrong("a formula", "an expression, or the text of one", expression)
    return expression.steps


_SUM, _QUOTIENT, _PRODUCT, _POWER, _CALL, _WORD = range(6)  # how tightly a piece holds together, loosest first


@dataclass(frozen=True)
class _Piece:
    """A typeset subexpression. A minus in front of the whole is kept apart, for it decides about brackets by itself."""

    text: str
    rank: int
    minus: str = ""

    def __str__(self) -> str:
        return self.minus + self.text


class _Unicode:
    """The language of expressions in plain Unicode."""

    MINUS = "−"
    BRACKETS = "({})"
    SIGNS: ClassVar[dict[str, str]] = {">=": "≥", "<=": "≤"}

    def pieces(self, steps: Iterable[Step]) -> Iterator[_Piece]:
        """The piece of every step, in their order."""
        pending: list[_Piece] = []
        for step in steps:
            if step.operands:
                piece = self.combine(step.name, pending[-step.operands :])
                del pending[-step.operands :]
            else:
                piece = _Piece(self.name(step.name), _WORD) if step.name else self.number(step.number or 0.0)
            pending.append(piece)
            yield piece

    def combine(self, name: str, operands: list[_Piece]) -> _Piece:
        """What a function makes of its operands."""
        match name, operands:
            case "add", [x, y]:
                return _Piece(f"{x} + {self.held(y, _QUOTIENT)}", _SUM)
            case "subtract", [x, y]:
                return _Piece(f"{x} {self.MINUS} {self.held(y, _QUOTIENT)}", _SUM)
            case "negate", [x]:
                rank = _WORD if x.minus or x.rank < _QUOTIENT else x.rank
                return _Piece(self.held(x, _QUOTIENT), rank, self.MINUS)
            case "multiply", [x, y]:  # of (−x)·y the minus stands in front of the whole
                return _Piece(self.product(self.held(replace(x, minus=""), _PRODUCT), self.held(y, _POWER)), _PRODUCT, x.minus)
            case "divide", [x, y]:
                return replace(self.quotient(replace(x, minus=""), y), minus=x.minus)
            case "pow", [x, y]:
                return _Piece(self.power(self.held(x, _CALL), y), _POWER)
            case "square", [x]:
                return self.combine("pow", [x, self.number(2.0)])
            case ((">" | "<" | ">=" | "<="), [x, y]):
                return self.comparison(f"{x} {self.SIGNS.get(name, name)} {y}")
        return self.call(name, operands)

    def held(self, piece: _Piece, rank: int) -> str:
        """The piece, in brackets unless it holds together at least so tightly."""
        return self.BRACKETS.format(piece) if piece.minus or piece.rank < rank else piece.text

    def number(self, x: float) -> _Piece:
        text = number(x, next(digits for digits in range(1, 18) if float(format(x, f".{digits}g")) == x))
        return _Piece(text, _PRODUCT if "·" in text else _WORD)

    def name(self, name: str) -> str:
        return "π" if name == "pi" else name

    def product(self, x: str, y: str) -> str:
        return f"{x} × {y}" if y[0].isdecimal() else f"{x}·{y}"  # a dot between digits would read as a decimal point

    def quotient(self, x: _Piece, y: _Piece) -> _Piece:
        return _Piece(f"{self.held(x, _PRODUCT)}/{self.held(y, _POWER)}", _QUOTIENT)

    def power(self, x: str, y: _Piece) -> str:
        if y.text.isdecimal() and len(y.text) < 4:
            return x + str(y).replace(self.MINUS, "-").translate(_SUPERSCRIPT)
        return f"{x}^{self.held(y, _WORD)}"

    def comparison(self, text: str) -> _Piece:
        return _Piece(f"[{text}]", _CALL)

    def call(self, name: str, operands: list[_Piece]) -> _Piece:
        inside = ", ".join(map(str, operands))
        if name == "sqrt":
            return _Piece("√" + self.held(operands[0], _WORD), _POWER)
        if name == "abs":
            return _Piece(f"|{inside}|", _CALL)
        symbol = PRIMITIVES[name].symbol if name in PRIMITIVES else name
        return _Piece(f"{symbol if symbol.isidentifier() else name}({inside})", _CALL)


class _Latex(_Unicode):
    """The same in LaTeX, with a row's own template where that is one word and its operands in brackets."""

    MINUS = "-"
    BRACKETS = r"\left({}\right)"
    SIGNS: ClassVar[dict[str, str]] = {">=": r"\ge", "<=": r"\le"}

    def number(self, x: float) -> _Piece:
        piece = super().number(x)
        return replace(piece, text=re.sub(r"·10(.+)", lambda found: rf" \cdot 10^{{{found[1].translate(_DIGITS)}}}", piece.text))

    def name(self, name: str) -> str:
        if name in ("pi", "π"):
            return r"\pi"
        letters, index = re.fullmatch(r"(.+?)_?([0-9]*)", name, re.DOTALL).groups()  # type: ignore[union-attr]
        if len(letters) > 1 or letters == "_":
            letters = (r"\mathrm{%s}" if letters.isascii() else r"\text{%s}") % letters.replace("_", r"\_")
        return f"{letters}_{{{index}}}" if index else letters

    def product(self, x: str, y: str) -> str:
        return rf"{x} \cdot {y}"

    def quotient(self, x: _Piece, y: _Piece) -> _Piece:
        return _Piece(rf"\frac{{{x}}}{{{y}}}", _POWER)

    def power(self, x: str, y: _Piece) -> str:
        return f"{x}^{{{y}}}"

    def comparison(self, text: str) -> _Piece:
        return _Piece(rf"\left[{text}\right]", _CALL)

    def call(self, name: str, operands: list[_Piece]) -> _Piece:
        inside = ", ".join(map(str, operands))
        match name:
            case "sqrt":
                return _Piece(rf"\sqrt{{{inside}}}", _CALL)
            case "exp":
                return _Piece(f"e^{{{inside}}}", _POWER)
            case "abs":
                return _Piece(rf"\left|{inside}\right|", _CALL)
        own = re.fullmatch(
            r"(\\(?:operatorname\{.*\}|[a-z]+))\\left\([<>a-z, ]*\\right\)", PRIMITIVES[name].latex if name in PRIMITIVES else ""
        )
        word = own[1] if own else rf"\operatorname{{{name}}}".replace("_", r"\_")
        return _Piece(rf"{word}\left({inside}\right)", _CALL)


# Nodes: the formula of what an operation computes, and of each of its local derivatives, with words for its operands.

_OPEN = re.compile(r"(?:\{|\(|\[|\||,)$")
_CLOSED = re.compile(r"\}|\\right|,|$")
_SLOT = re.compile("<([a-z]+)>")


class _Rows(_Latex):
    """LaTeX with a row's own template for what is more than one word and brackets, as in e^{x} - 1."""

    def call(self, name: str, operands: list[_Piece]) -> _Piece:
        row = PRIMITIVES.get(name)
        if row is None or name in ("sqrt", "exp", "abs") or len(row.operands) != len(operands):
            return super().call(name, operands)
        named = dict(zip(row.operands, operands, strict=True))

        def fill(slot: re.Match[str]) -> str:
            before, after = row.latex[: slot.start()].rstrip(), row.latex[slot.end() :].lstrip()
            if after.startswith("^"):
                return self.held(named[slot[1]], _CALL)
            delimited = (_OPEN.search(before) or not before) and _CLOSED.match(after)
            return str(named[slot[1]]) if delimited else self.held(named[slot[1]], _PRODUCT)

        outside, depth = "", 0  # the template without what stands in brackets of any kind, which decides how tightly it holds
        for word in re.findall(r"\\left|\\right|\\?.", row.latex):
            depth -= word in ("}", r"\right")
            outside += word if not depth else ""
            depth += word in ("{", r"\left")
        rank = (
            _SUM
            if re.search("[-+<>]", _SLOT.sub("", outside))
            else _PRODUCT
            if r"\cdot" in outside
            else _POWER
            if "^" in outside
            else _CALL
        )
        return _Piece(_SLOT.sub(fill, row.latex), rank)

    def name(self, name: str) -> str:
        return _latex_label(name)


ESCAPED = {
    "\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    **{c: "\\" + c for c in "{}$&#%_"},
}  # fmt: skip
_WITH_COMMAND = {word for word in GREEK if word.islower() and word != "omicron"}
_WITH_COMMAND |= {"Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"}


def _latex_label(label: str) -> str:
    """A label in LaTeX, whatever it holds: w1 and alpha as mathematics writes them, all else as text."""
    symbol = _SYMBOL.fullmatch(label)
    if symbol is None:
        escaped = "".join(ESCAPED.get(c, c) for c in label)
        return rf"\text{{{escaped}}}"
    base, index = symbol["base"], symbol["digits"] or symbol["letters"] or ""
    letter = base if len(base) == 1 else f"\\{base}" if base in _WITH_COMMAND else rf"\mathrm{{{base[0]}}}"
    return f"{letter}_{{{index}}}" if index else letter


class Notation:
    r"""Formulas of nodes in Unicode, or in LaTeX with `tex`. `label` says what to call a node; "" has it written out.
    With `ready` that is a symbol already, or its LaTeX, and stands as it is.

    >>> a, b = Value(2.0, label="a"), Value(3.0, label="b")
    >>> notation = Notation(lambda node: node.label or "")
    >>> notation.node((a + b) * b), notation.numbers(a * b)
    ('(a + b)·b', '2 × 3')
    """

    LONGEST = 1000
    """Of what is written out, so many characters at most; what would be longer is an ellipsis."""

    def __init__(self, label: Callable[[Value], str], *, tex: bool = False, digits: int = 6, ready: bool = False) -> None:
        self._language: _Unicode = _Rows() if tex else _Unicode()
        self._label, self._tex, self._digits, self._ready = label, tex, digits, ready

    def node(self, node: Value) -> str:
        """What the node computes, from its operands; a leaf's label or number."""
        return str(self._itself(node))

    def word(self, node: Value) -> str:
        """The node's label, or without one what it computes."""
        return str(self._named(node))

    def numbers(self, node: Value, numbers: Sequence[float] | None = None) -> str:
        """The operation with its operands' numbers in place of their names."""
        assert node.op is not None
        op, args = seen(node)
        data = [arg.data if isinstance(arg, Value) else arg for arg in args] if numbers is None else numbers
        return str(self._operation(op, data, {}))

    def local(self, edge: Edge[Value]) -> str:
        """The local derivative of an edge in its textbook form, with the node's and its operands' words in place of z, x, y."""
        node = edge.node
        op, args = seen(node)
        text = op.textbook[place_of(node, edge.position)]
        try:
            steps = parse(text).steps
        except ExpressionError:
            return text  # a row from elsewhere may be written in its own way
        written = self._written_out(node)
        known: dict[str, Value | float] = dict(zip(op.operands, args, strict=True))
        pending: list[tuple[_Piece, float | None]] = []
        for step in steps:
            if step.operands:
                operands = pending[-step.operands :]
                del pending[-step.operands :]
                pending.append(self._combined(step.name, operands))
            elif step.name in known:
                arg = known[step.name]
                pending.append((self._operand(arg, written), arg if isinstance(arg, float) else None))
            elif step.name == "z":
                pending.append((self._named(node), None))
            elif step.name:
                pending.append((_Piece(self._language.name(step.name), _WORD), None))
            else:
                pending.append((self._number(step.number or 0.0), step.number))
        return str(pending[-1][0])

    def fraction(self, above: Value, below: Value) -> str:
        """∂above/∂below."""
        over, under = (self._language.held(self._named(node), _WORD) for node in (above, below))
        return rf"\frac{{\partial {over}}}{{\partial {under}}}" if self._tex else f"∂{over}/∂{under}"

    def number(self, x: float) -> str:
        """A number; a negative one in brackets, as it stands after a sign."""
        return self._language.held(self._number(x), _PRODUCT)

    def bare(self, x: float) -> str:
        """A number without brackets."""
        return str(self._number(x))

    # -- pieces ----------------------------------------------------------------------------------------------------------

    def _itself(self, node: Value) -> _Piece:
        return self._operand(node, {}) if node.op is None else self._operation(*seen(node), self._written_out(node))

    def _named(self, node: Value) -> _Piece:
        return self._word(self._label(node)) if self._label(node) else self._itself(node)

    def _combined(self, name: str, operands: list[tuple[_Piece, float | None]]) -> tuple[_Piece, float | None]:
        """A function of pieces; what is a plain number is computed where a book would: c·x^(c − 1) at c = 2 is 2·x."""
        match name, [number for _, number in operands]:
            case "subtract", [float(x), float(y)]:
                return self._number(x - y), x - y
            case "pow", [_, 0.0]:
                return self._number(1.0), 1.0
            case "pow", [_, 1.0]:
                return operands[0]
            case "multiply", [1.0, _]:
                return operands[1]
            case "multiply", [_, 1.0]:
                return operands[0]
        return self._apply(name, [piece for piece, _ in operands]), None

    def _apply(self, name: str, operands: list[_Piece]) -> _Piece:
        return self._language.combine("pow" if name == "power" else name, operands)

    def _operation(self, op: Primitive, args: Sequence[Value | float], written: Mapping[Value, _Piece]) -> _Piece:
        return self._apply(op.name, [self._operand(arg, written) for arg in args])

    def _operand(self, arg: Value | float, written: Mapping[Value, _Piece]) -> _Piece:
        if not isinstance(arg, Value):
            return self._number(arg)
        label = self._label(arg)
        if label:
            return self._word(label)
        return written[arg] if arg in written else self._number(arg.data)

    def _written_out(self, node: Value) -> dict[Value, _Piece]:
        """The formula of every unlabelled node below this one, down to the labelled ones. Iterative, and never very long."""
        written: dict[Value, _Piece] = {}
        stack = [(parent, False) for parent in parents(node)]
        while stack:
            at, ready = stack.pop()
            if at in written or at.op is None or self._label(at):
                continue
            if ready:
                piece = self._operation(*seen(at), written)
                written[at] = piece if len(piece.text) <= self.LONGEST else _Piece(r"\ldots" if self._tex else "…", _WORD)
            else:
                stack.append((at, True))
                stack += [(parent, False) for parent in parents(at)]
        return written

    def _word(self, label: str) -> _Piece:
        if self._ready:
            raised = "^" in label or label[-1:] in "⁰¹²³⁴⁵⁶⁷⁸⁹ᵀ"  # Z² squared is (Z²)²
            return _Piece(label, _SUM if is_sum(label, big=not raised) else _POWER if raised else _WORD)
        text = _latex_label(label) if self._tex else label
        return _Piece(text, _SUM if re.search(r"[-+−*/·×÷^=<>,]", label) else _WORD)

    def _number(self, x: float) -> _Piece:
        text = number(x, self._digits)
        minus, size = ("−", text[1:]) if text.startswith("−") else ("", text)
        if self._tex:
            size = re.sub(r"·10(.+)", lambda found: rf" \cdot 10^{{{found[1].translate(_DIGITS)}}}", size)
            size = {"∞": r"\infty", "does not exist": r"\text{does not exist}"}.get(size, size)
        return _Piece(size, _PRODUCT if "·" in text else _WORD, self._language.MINUS if minus else "")


def is_sum(text: str, big: bool = True) -> bool:
    """Whether a formula needs brackets as a part of another: outside of all brackets there is a + or a −, or it begins with one, or (unless
    `big` is false) with a Σ.
    """
    depth = 0
    for i, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if not depth and text[i : i + 3] in (" + ", " − ", " - "):
            return True
    return text.startswith(("−", "-")) or (big and text.startswith(("Σ ", r"\sum ", "max ", r"\max ")))


# Tables, for a terminal.


def aligned(numbers: Sequence[str]) -> list[str]:
    """The numbers, padded so that their decimal points stand below each other."""
    whole = [(re.match("−?[0-9]+", text) or [text])[0] for text in numbers]
    before = max(map(width, whole), default=0)
    padded = [" " * (before - width(part)) + text for part, text in zip(whole, numbers, strict=True)]
    return _padded(padded)


def table(*columns: Sequence[str], right: Sequence[int] = ()) -> str:
    """The columns beside each other, each as wide as its widest cell; those whose position is in `right` are flush right."""
    padded = [_padded(cells, right=position in right) for position, cells in enumerate(columns)]
    return "\n".join("  ".join(cells).rstrip() for cells in zip(*padded, strict=True))


def _padded(cells: Sequence[str], *, right: bool = False) -> list[str]:
    widest = max(map(width, cells), default=0)
    spaces = [" " * (widest - width(cell)) for cell in cells]
    return [space + cell if right else cell + space for cell, space in zip(cells, spaces, strict=True)]
