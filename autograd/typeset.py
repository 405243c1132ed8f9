"""Numbers, formulas and tables as people read them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from .expression import Expression, Step, parse, width
from .primitive import PRIMITIVES

_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def number(x: float, digits: int = 6, *, fractions: bool = False) -> str:
    """x in at most `digits` significant digits, fewer where they suffice, with a real minus sign; powers of ten only
    for what is very large or very small. With `fractions`, what is a ratio of small whole numbers is written as one.

    >>> number(2.2000000000000002), number(-0.0063295), number(1.5e-9), number(-2 / 3, fractions=True)
    ('2.2', '−0.0063295', '1.5·10⁻⁹', '−2/3')
    """
    if fractions and 1e-3 < abs(x) < 1e3:
        for below in (3, 6, 7, 9, 11, 12):  # the others are short as decimals
            above = round(x * below)
            if math.gcd(above, below) == 1 and math.isclose(above / below, x, rel_tol=1e-15):
                return f"{above}/{below}".replace("-", "−")
    if math.isnan(x):
        return "does not exist"
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    text = format(x + 0.0, f".{digits}g")  # + 0.0 makes -0.0 read 0
    mantissa, e, exponent = text.partition("e")
    if e and 0 <= int(exponent) < 9:  # 220000000 reads better than 2.2·10⁸
        mantissa, e = format(float(text), ".0f"), ""
    mantissa = mantissa.replace("-", "−")
    return mantissa + (f"·10{str(int(exponent)).translate(_SUPERSCRIPT)}" if e else "")


_SUBSCRIPT = str.maketrans("0123456789aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ", "iota": "ι", "kappa": "κ",
    "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ",
    "psi": "ψ", "omega": "ω",
}  # fmt: skip
_GREEK |= {word.capitalize(): letter.upper() for word, letter in _GREEK.items()}
_BASE = "|".join(["[A-Za-z]", *sorted(_GREEK, key=len, reverse=True)])
_SYMBOL = re.compile(rf"(?P<base>{_BASE})(?:_?(?P<digits>\d+)|_(?P<letters>[aehijklmnoprstuvx]{{1,2}}))?")
_DERIVATIVE = re.compile(r"d(?P<above>\w+)/d(?P<below>\w+)")


def name(text: str) -> str:
    """A name as mathematics writes it: w1 as w₁, alpha as α, x_i as xᵢ, dC/dw1 as ∂C/∂w₁. Words stay as they are.

    Only a single letter or the name of a Greek one takes a subscript, alone or at the end of a dotted name.

    >>> name("w1"), name("dC/dw1"), name("layer1.w2"), name("apple count")
    ('w₁', '∂C/∂w₁', 'layer1.w₂', 'apple count')
    """
    derivative = _DERIVATIVE.fullmatch(text)
    if derivative:
        return f"∂{name(derivative['above'])}/∂{name(derivative['below'])}"
    before, dot, last = text.rpartition(".")
    symbol = _SYMBOL.fullmatch(last)
    if symbol is None:
        return text
    index = (symbol["digits"] or symbol["letters"] or "").translate(_SUBSCRIPT)
    return f"{before}{dot}{_GREEK.get(symbol['base'], symbol['base'])}{index}"


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


def latex(expression: str | Expression) -> str:
    r"""The expression in LaTeX, for mathematics mode.

    >>> print(latex("-x/y**2 + sigmoid(w1)"))
    -\frac{x}{y^{2}} + \sigma\left(w_{1}\right)
    """
    return [str(piece) for piece in _Latex().pieces(_read(expression))][-1]


def _read(expression: str | Expression) -> tuple[Step, ...]:
    return (parse(expression) if isinstance(expression, str) else expression).steps


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
