"""Typesetting: numbers, formulas and tables as people read them, and formulas that still mean what they meant."""

from __future__ import annotations

import doctest
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import PRIMITIVES, AutogradError, ops, typeset
from autograd.expression import parse, width
from autograd.typeset import aligned, formula, formulas, latex, number, shown, table

from .test_expression import VALUES, texts

# Numbers.


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (2.2000000000000002, "2.2"),
        (-0.00633046123, "−0.00633046"),
        (220000000.0, "220000000"),
        (1.5e-9, "1.5·10⁻⁹"),
        (-3e200, "−3·10²⁰⁰"),
        (0.0, "0"),
        (-0.0, "0"),
        (1 / 3, "0.333333"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "does not exist"),
        (5e-324, "4.94066·10⁻³²⁴"),
    ],
)
def test_numbers(x: float, expected: str) -> None:
    """Six digits at most, fewer where they suffice, a real minus sign, powers of ten only where they are needed."""
    assert expected == number(x)


def test_digits_can_be_chosen() -> None:
    """So many significant digits at most."""
    assert ("0.33", "3·10⁻⁹") == (number(1 / 3, digits=2), number(3e-9, digits=2))


def test_shown_is_one_printable_line() -> None:
    """Line breaks and controls are spaces, and a long text is cut where that is said."""
    assert ("a b c", "x" * 39 + "…", "사과") == (shown("a\nb\0c"), shown("x" * 50), shown("사과"))


# Formulas.

TABLE = {
    "add": ["x + y", "1", "1"],
    "subtract": ["x − y", "1", "−1"],
    "multiply": ["x·y", "y", "x"],
    "divide": ["x/y", "1/y", "−x/y²"],
    "negate": ["−x", "−1"],
    "power": ["x^c", "c·x^(c − 1)"],
    "pow": ["x^y", "y·x^(y − 1)", "x^y·log(x)"],
    "exp": ["exp(x)", "exp(x)"],
    "expm1": ["exp(x) − 1", "exp(x)"],
    "log": ["log(x)", "1/x"],
    "log2": ["log2(x)", "1/(x·log(2))"],
    "log10": ["log10(x)", "1/(x·log(10))"],
    "log1p": ["log(1 + x)", "1/(1 + x)"],
    "sqrt": ["√x", "1/(2·√x)"],
    "sin": ["sin(x)", "cos(x)"],
    "cos": ["cos(x)", "−sin(x)"],
    "tan": ["tan(x)", "1 + tan(x)²"],
    "asin": ["asin(x)", "1/√(1 − x²)"],
    "acos": ["acos(x)", "−1/√(1 − x²)"],
    "atan": ["atan(x)", "1/(1 + x²)"],
    "sinh": ["sinh(x)", "cosh(x)"],
    "cosh": ["cosh(x)", "sinh(x)"],
    "tanh": ["tanh(x)", "1 − z²"],
    "sech": ["1/cosh(x)", "−z·tanh(x)"],
    "asinh": ["asinh(x)", "1/√(x² + 1)"],
    "acosh": ["acosh(x)", "1/√(x² − 1)"],
    "atanh": ["atanh(x)", "1/(1 − x²)"],
    "hypot": ["√(x² + y²)", "x/z", "y/z"],
    "rhypot": ["1/√(x² + y²)", "−x·z³", "−y·z³"],
    "atan2": ["atan2(y, x)", "x/(x² + y²)", "−y/(x² + y²)"],
    "abs": ["|x|", "sign(x)"],
    "sign": ["sign(x)", "0"],
    "heaviside": ["[x > 0]", "0"],
    "above": ["above(x, y)", "0", "0"],
    "maximum": ["max(x, y)", "[x > y]", "[y > x]"],
    "minimum": ["min(x, y)", "[x < y]", "[y < x]"],
    "sigmoid": ["1/(1 + exp(−x))", "z·(1 − z)"],
    "log_sigmoid": ["log(σ(x))", "1 − σ(x)"],
    "softplus": ["log(1 + exp(x))", "σ(x)"],
    "relu": ["max(x, 0)", "[x > 0]"],
    "leaky_relu": ["[x > 0]·x + [x ≤ 0]·a·x", "[x > 0] + [x ≤ 0]·a", "[x ≤ 0]·x"],
    "elu": ["[x > 0]·x + [x ≤ 0]·a·(exp(x) − 1)", "[x > 0] + [x ≤ 0]·a·exp(x)", "[x ≤ 0]·(exp(x) − 1)"],
    "erf": ["erf(x)", "(2/√π)·exp(−x²)"],
    "erfc": ["1 − erf(x)", "−(2/√π)·exp(−x²)"],
    "gaussian": ["exp(−x²)", "−2·x·z"],
    "stop_gradient": ["stop(x)", "0"],
    "log1mexp": ["log(1 − exp(−x))", "1/expm1(x)"],
    "logaddexp": ["log(exp(x) + exp(y))", "σ(x − y)", "σ(y − x)"],
    "xlogy": ["x·log(y)", "log(y)", "x/y"],
    "floor": ["floor(x)", "0"],
    "ceil": ["ceil(x)", "0"],
    "trunc": ["trunc(x)", "0"],
    "round_": ["round(x)", "0"],
    "mish": ["x·tanh(log(1 + exp(x)))", "tanh(softplus(x)) + x·σ(x)/cosh(softplus(x))²"],
    "softsign": ["x/(1 + |x|)", "1/(1 + |x|)²"],
    "hardswish": ["x·min(max(x + 3, 0), 6)/6", "[x > −3]·([x < 3]·(x/3 + 1/2) + [x ≥ 3])"],
    "lgamma": ["lgamma(x)", "ψ(x)"],
    "digamma": ["ψ(x)", "psi(x, 1)"],
    "psi": ["psi(x, n)", "psi(x, n + 1)"],
}


def test_every_formula_of_the_table() -> None:
    """Each row's function and textbook derivatives, as they were read and found right."""
    rows = {name: row for name, row in PRIMITIVES.items() if hasattr(ops, name)}  # the table's own, whatever else was registered
    assert TABLE == {name: [formula(text) for text in (row.formula, *row.textbook) if text] for name, row in rows.items()}


@pytest.mark.parametrize(
    ("text", "expected", "in_latex"),
    [
        ("a*b*c", "a·b·c", r"a \cdot b \cdot c"),
        ("a*(b*c)", "a·(b·c)", r"a \cdot \left(b \cdot c\right)"),
        ("a - (b - c)", "a − (b − c)", r"a - \left(b - c\right)"),
        ("(a - b) - c", "a − b − c", "a - b - c"),
        ("a/b/c", "(a/b)/c", r"\frac{\frac{a}{b}}{c}"),
        ("a/(b/c)", "a/(b/c)", r"\frac{a}{\frac{b}{c}}"),
        ("a/b*c", "(a/b)·c", r"\frac{a}{b} \cdot c"),
        ("a*b/c", "a·b/c", r"\frac{a \cdot b}{c}"),
        ("a*(b/c)", "a·(b/c)", r"a \cdot \frac{b}{c}"),
        ("(a + b)/(c*d)", "(a + b)/(c·d)", r"\frac{a + b}{c \cdot d}"),
        ("-a*b", "−a·b", r"-a \cdot b"),
        ("-(a*b)", "−a·b", r"-a \cdot b"),
        ("a*-b", "a·(−b)", r"a \cdot \left(-b\right)"),
        ("a + -b", "a + (−b)", r"a + \left(-b\right)"),
        ("-(a + b)*c", "−(a + b)·c", r"-\left(a + b\right) \cdot c"),
        ("-(a/b)*c", "−(a/b)·c", r"-\frac{a}{b} \cdot c"),
        ("--a", "−(−a)", r"-\left(-a\right)"),
        ("-a**2", "−a²", "-a^{2}"),
        ("(-a)**2", "(−a)²", r"\left(-a\right)^{2}"),
        ("a**-1", "a⁻¹", "a^{-1}"),
        ("a**b**c", "a^(b^c)", "a^{b^{c}}"),
        ("(a**2)**3", "(a²)³", r"\left(a^{2}\right)^{3}"),
        ("a**0.5", "a^0.5", "a^{0.5}"),
        ("a**1000", "a^1000", "a^{1000}"),
        ("a**(b + 1)", "a^(b + 1)", "a^{b + 1}"),
        ("(a/b)**2", "(a/b)²", r"\left(\frac{a}{b}\right)^{2}"),
        ("exp(a)**2", "exp(a)²", r"\left(e^{a}\right)^{2}"),
        ("sqrt(a)**2", "(√a)²", r"\sqrt{a}^{2}"),
        ("sqrt(a + b)*c", "√(a + b)·c", r"\sqrt{a + b} \cdot c"),
        ("abs(a)**2", "|a|²", r"\left|a\right|^{2}"),
        ("square(a + b)", "(a + b)²", r"\left(a + b\right)^{2}"),
        ("2*3*a", "2 × 3·a", r"2 \cdot 3 \cdot a"),
        ("a*1e20", "a·(1·10²⁰)", r"a \cdot \left(1 \cdot 10^{20}\right)"),
        ("1.5e-9*a", "1.5·10⁻⁹·a", r"1.5 \cdot 10^{-9} \cdot a"),
        ("0.1234567890123", "0.1234567890123", "0.1234567890123"),
        ("pi*r**2", "π·r²", r"\pi \cdot r^{2}"),
        ("(a > b)*(a <= 0)", "[a > b]·[a ≤ 0]", r"\left[a > b\right] \cdot \left[a \le 0\right]"),
        ("where(a >= 0, a, b)", "where([a ≥ 0], a, b)", r"\operatorname{where}\left(\left[a \ge 0\right], a, b\right)"),
        ("maximum(a, 0)", "max(a, 0)", r"\max\left(a, 0\right)"),
        ("log_sigmoid(a)", "log_sigmoid(a)", r"\operatorname{log\_sigmoid}\left(a\right)"),
        ("w1*sigmoid(x_2)", "w1·σ(x_2)", r"w_{1} \cdot \sigma\left(x_{2}\right)"),
        ("apple_price*사과", "apple_price·사과", r"\mathrm{apple\_price} \cdot \text{사과}"),
    ],
)
def test_brackets_and_signs(text: str, expected: str, in_latex: str) -> None:
    """No bracket missing, none to spare, in both scripts."""
    assert expected == formula(text)
    assert in_latex == latex(text)


def back(text: str) -> str:
    """A formula in Unicode, back in the language of expressions."""
    raised = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
    text = re.sub("·10([⁻⁰¹²³⁴-⁹]+)", lambda found: f"e{found[1].translate(raised)}", text)
    text = re.sub("[⁻⁰¹²³⁴-⁹]+", lambda found: f"**({found[0].translate(raised)})", text)
    text = re.sub(r"√(\w+)", r"sqrt(\1)", text).replace("√(", "sqrt(")
    for sign, plain in {"·": "*", "×": "*", "−": "-", "π": "pi", "σ": "sigmoid", "max": "maximum", "^": "**"}.items():
        text = text.replace(sign, plain)
    return text.replace("[", "(").replace("]", ")").replace("≤", "<=").replace("≥", ">=")


@given(texts.filter(lambda text: "abs" not in text))
def test_a_formula_means_what_its_expression_means(text: str) -> None:
    """Read back, the typeset formula has the same value, bit for bit: no bracket was dropped that mattered."""
    try:
        expected = parse(text).build(VALUES)
    except AutogradError:
        return
    assert expected == parse(back(formula(text))).build(VALUES)


@given(texts)
def test_every_step_has_its_formula(text: str) -> None:
    """One formula a step, the last of them the whole."""
    read = parse(text)
    assert len(read.steps) == len(formulas(read))
    assert formula(read) == formulas(read)[-1]


@given(texts)
def test_latex_is_balanced(text: str) -> None:
    r"""Braces match, and so do \left and \right; nothing of the templates is left."""
    result = latex(text)
    assert result.count("{") == result.count("}")
    assert result.count(r"\left") == result.count(r"\right")
    assert "<" not in result
    assert not re.search(r"\^\{[^{}]*\}\^", result)  # a second exponent on the same base is an error of LaTeX


def test_every_row_has_its_word_in_latex() -> None:
    """A call is typeset with the row's own word where the row has one, and never with a raw underscore."""
    for name, row in PRIMITIVES.items():
        if not hasattr(ops, name):
            continue
        result = latex(f"{name}({', '.join(row.operands)})")
        assert "_" not in result.replace(r"\_", "")
    assert r"\arctan\left(x\right)" == latex("atan(x)")


# Tables.


def test_decimal_points_stand_below_each_other() -> None:
    """Whatever stands before them is flush right, and every cell is of one width."""
    assert ["100       ", "  1.1     ", " −0.25    ", "  1.5·10⁻⁹"] == aligned(["100", "1.1", "−0.25", "1.5·10⁻⁹"])


@given(st.lists(st.floats(allow_nan=False).map(number), min_size=1))
def test_aligned_numbers_are_of_one_width(numbers: list[str]) -> None:
    """And they are the same numbers."""
    cells = aligned(numbers)
    assert numbers == [cell.strip() for cell in cells]
    assert 1 == len({width(cell) for cell in cells})


def test_columns_are_wide_enough_for_hangul() -> None:
    """A cell in Hangul takes two columns a letter, and the next column starts where it should."""
    assert "node   x\n사과   1\nab    10" == table(["node", "사과", "ab"], ["x", "1", "10"], right=[1])


def test_the_examples_in_the_docstrings() -> None:
    """They run and print what they say."""
    assert 0 == doctest.testmod(typeset).failed
