"""The language of expressions: it means what Python means, and says where a text is none."""

from __future__ import annotations

import doctest
import math
import warnings
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import AutogradError, DivisionByZeroError, DomainError, ExpressionError, RangeError, Value, composed, expression, ops
from autograd.expression import MOST, Expression, functions, mark, parse, width
from autograd.graph import topological
from autograd.primitive import PRIMITIVES, Primitive, function_of

VALUES = {"a": 1.5, "b": -0.75, "사과": 2.25, "x1": 0.5}

numbers = st.sampled_from(["2", "0.5", "1e1", ".25", "3."])
names = st.sampled_from(list(VALUES))


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(["+", " + ", "-", "*", " * ", "/"]), inner).map("".join),
        inner.map("({})".format),
        inner.map("-{}".format),
        inner.map("({})**2".format),
        st.tuples(inner, inner).map(lambda two: "maximum({}, {})".format(*two)),
        inner.map("abs({})".format),
        inner.map("sigmoid({})".format),
    )


texts = st.recursive(st.one_of(numbers, names), _grow, max_leaves=12)
"""Well-formed expressions over VALUES."""


def python(text: str) -> float:
    """What Python itself makes of the text."""
    known = {"maximum": max, "abs": abs, "sigmoid": ops.sigmoid}
    return float(eval(text, {"__builtins__": {}}, {**VALUES, **known}))


# What a text means.


@given(texts)
def test_an_expression_means_what_python_means(text: str) -> None:
    """The result on floats is Python's own, bit for bit; where Python divides by zero, so do we."""
    try:
        expected = python(text)
    except ZeroDivisionError:
        with pytest.raises(DivisionByZeroError):
            parse(text).build(VALUES)
    else:
        assert expected == parse(text).build(VALUES)


@given(texts)
def test_values_and_floats_give_the_same_number(text: str) -> None:
    """Built on Values, an expression is a graph with the same number at its top, and its leaves are the given Values."""
    leaves = {name: Value(x, label=name) for name, x in VALUES.items()}
    read = parse(text)
    try:
        expected = read.build(VALUES)
    except AutogradError as error:
        with pytest.raises(type(error)):
            read.build(leaves)
        return
    built = read.build(leaves)
    if not read.names:
        assert expected == built
        return
    assert isinstance(built, Value)
    assert expected == built.data
    assert {leaves[name] for name in read.names} == {node for node in topological(built) if node.op is None}


@given(texts)
def test_every_step_knows_its_place(text: str) -> None:
    """The piece of text that a step points to, read by itself, has the step's result."""
    read = parse(text)
    try:
        results = read.results(VALUES)
    except AutogradError:
        return
    for step, result in zip(read.steps, results, strict=True):
        assert result == parse(text[step.start : step.end]).build(VALUES)


@pytest.mark.parametrize("name", [name for name in PRIMITIVES if name not in ("power", "pow")])
def test_every_row_can_be_called(name: str) -> None:
    """A row's name calls the row."""
    primitive = PRIMITIVES[name]
    point = _point(primitive)
    assert function_of(primitive)(*point.values()) == parse(f"{name}({', '.join(point)})").build(point)


@pytest.mark.parametrize("row", PRIMITIVES.values(), ids=str)
def test_the_formulas_of_the_table_are_true(row: Primitive) -> None:
    """A row's formula is its function and its textbook forms are its rules, when evaluated."""
    point = _point(row)
    z = row.forward(*point.values())
    assert math.isclose(z, _number(parse(row.formula).build(point)), rel_tol=1e-14)
    for rule, textbook in zip(row.partials, row.textbook, strict=True):
        if rule is not None:
            assert math.isclose(rule(z, *point.values()), _number(parse(textbook).build({**point, "z": z})), rel_tol=1e-13)


def _point(row: Primitive) -> dict[str, float]:
    """A point inside the row's domain, its coordinates different."""
    if row.name == "psi":
        return {"x": 1.75, "n": 2.0}
    return {name: x if x in interval else 0.375 for name, x, interval in zip(row.operands, (1.75, 0.625), row.domain, strict=False)}


def _number(x: Value | float) -> float:
    assert isinstance(x, float)
    return x


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2**3**2", 512.0),
        ("-2**2", -4.0),
        ("2**-1", 0.5),
        ("+a", 1.5),
        ("a > 0", 1.0),
        ("a < 0", 0.0),
        ("b <= b", 1.0),
        ("a >= b", 1.0),
        ("where(a > b, a, b)", 1.5),
        ("clip(a, 0, 1)", 1.0),
        ("sum(a, b, 1)", 1.75),
        ("norm(3, 4)", 5.0),
        ("power(a, 2)", 2.25),
        ("pow(a, 2)", 2.25),
        ("cos(pi)", -1.0),
        ("log(e)", 1.0),
        ("2*π", 2 * math.pi),
        ("a +\n  b", 0.75),
        ("1_000", 1000.0),
    ],
)
def test_meanings(text: str, expected: float) -> None:
    """Precedence, constants, comparisons and composed functions."""
    assert expected == parse(text).build(VALUES)


def test_names_stand_in_order_of_appearance() -> None:
    """Variables once each; constants and functions are none."""
    assert ("b", "a", "사과") == parse("b*pi + exp(a)*b - 사과/e").names


def test_names_are_read_as_python_reads_them() -> None:
    """A name typed as separate Hangul letters, or in any script, is the composed name."""
    assert ("사과", "कि") == parse("\u1109\u1161\u1100\u116a * कि").names


def test_a_plain_exponent_takes_no_logarithm() -> None:
    """x**2 is the row for plain exponents however it is written, and x**y with a Value y the other."""
    x, y = Value(-2.0), Value(2.0)
    for text in ("x**2", "power(x, 2)", "pow(x, 2)", "x**(1 + 1)"):
        built = parse(text).build({"x": x})
        assert isinstance(built, Value)
        assert PRIMITIVES["power"] is built.op
    built = parse("x**y").build({"x": x, "y": y})
    assert isinstance(built, Value)
    assert PRIMITIVES["pow"] is built.op


def test_comparisons_are_nodes_without_gradient() -> None:
    """(x > 0)*x has the gradient of relu, from a graph."""
    x = Value(3.0)
    built = parse("(x > 0)*x").build({"x": x})
    assert isinstance(built, Value)
    built.backward()
    assert 1.0 == x.grad


# What is none.

BAD = [  # text, in the message, the marked spot
    ("2x", "a product is written 2*x", "x"),
    ("2 x", "a product is written 2*x", "x"),
    ("a b", "a product is written a*b", "b"),
    ("2(a)", "an operator is missing before '('", "("),
    ("(a)(b)", "an operator is missing before '('", "("),
    ("sqrt a", "write sqrt(a)", "a"),
    ("5 5", "an operator is missing", "5"),
    ("1.5.2", "an operator is missing before '.2'", ".2"),
    ("a + * b", "something is missing before '*'", "*"),
    ("a +", "something is missing after '+'", "+"),
    ("exp(,a)", "something is missing before ','", ","),
    ("exp(a,)", "something is missing before ')'", ")"),
    ("exp()", "something is missing before ')'", ")"),
    ("(a", "never closed", "("),
    ("((a)", "never closed", "("),
    ("a)", "closes none", ")"),
    ("a ^ 2", "a power is written **", "^"),
    ("a × b", "a product is written *", "×"),
    ("a·b", "a product is written *", "·"),
    ("a ÷ b", "a quotient is written /", "÷"),
    ("a − b", "the minus sign on a keyboard is -", "−"),
    ("a²", "a square is written **2", "²"),
    ("√a", "sqrt(x)", "√"),
    ("a // b", "a quotient is written /", "//"),
    ("|a|", "abs(x)", "|"),
    ("[a]", "brackets are round", "["),
    ("a[0]", "brackets are round", "["),
    ("a = 3", "values are given apart", "="),
    ("a == b", "values are given apart", "="),
    ("a.real", "'.' has no meaning", "."),
    ("'a'", "no meaning", "'"),
    ("f'{a}'", "no meaning", "'"),
    ("a # b", "'#' has no meaning", "#"),
    ("a % b", "'%' has no meaning", "%"),
    ("a @ b", "'@' has no meaning", "@"),
    ("a; b", "';' has no meaning", ";"),
    ("a\\b", "no meaning", "\\"),
    ("a\0b", "no meaning", "�"),
    ("\ud800", "no meaning", "�"),
    ("lambda: a", "'lambda' is a reserved word", "lambda"),
    ("a if b else a", "where(x > 0, a, b)", "if"),
    ("[a for a in b]", "brackets are round", "["),
    ("None", "'None' is a reserved word", "None"),
    ("not a", "'not' is a reserved word", "not"),
    ("a or b", "'or' is a reserved word", "or"),
    ("sinn(a)", "there is no function 'sinn'; did you mean 'sin'?", "sinn"),
    ("sigmiod(a)", "did you mean 'sigmoid'?", "sigmiod"),
    ("ln(a)", "write log", "ln"),
    ("max(a, b)", "write maximum", "max"),
    ("a(b + 1)", "a product is written a*(…)", "a"),
    ("__import__(a)", "there is no function '__import__'", "__import__"),
    ("softmax(a, b)", "there is no function 'softmax'", "softmax"),
    ("2*exp", "'exp' is a function: write exp(…)", "exp"),
    ("1 + exp(a, b)", "exp takes 1 operand, but got 2", "exp(a, b)"),
    ("hypot(a)", "hypot takes 2 operands, but got 1", "hypot(a)"),
    ("where(a, b)", "where takes 3 operands, but got 2", "where(a, b)"),
    ("a, b", "a comma stands only between", "a, b"),
    ("a < b < 1", "comparisons cannot be chained", "a < b < 1"),
    ("a >> b", "something is missing before '>'", ">"),
    ("exp(*a)", "something is missing before '*'", "*"),
    ("2j", "an operator is missing before 'j'", "j"),
    ("1 + 1e999", "beyond the largest float", "1e999"),
    ("9" * 400, "beyond the largest float", "9" * 72),
    ("a*007", "this is no expression", "0"),
    ("가나*다 + 사아(자)", "there is no function '사아'", "사아"),
    ("a*b + c", "there is no value for c; give it, as in c=1", "c"),
    ("c + b*d", "there is no value for c, d; give them, as in c=1", "c"),
    ("알파*베타", "there is no value for 알파, 베타", "알파"),
    ("a + (사과들)", "did you mean '사과'?", "사과들"),
]


def marked(message: str) -> str:
    """What the line of carets below the expression underlines, read as a terminal shows it."""
    *_, line, carets = message.split("\n")
    left, right = len(carets) - len(carets.lstrip()), len(carets)
    spot, column = "", 0
    for c in line:
        spot += c if left <= column < right else ""
        column += width(c)
    return spot


@pytest.mark.parametrize(("text", "said", "spot"), BAD)
def test_a_bad_expression_is_marked(text: str, said: str, spot: str) -> None:
    """The message says what is wrong, and underlines just that; nothing is warned of."""
    with pytest.raises(ExpressionError) as caught:
        parse(text).build(VALUES)
    first, *_ = str(caught.value).split("\n")
    assert said in first
    assert spot == marked(str(caught.value))


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_an_empty_expression(text: str) -> None:
    """There is nothing to mark, and that is said."""
    with pytest.raises(ExpressionError, match=r"^the expression is empty$"):
        parse(text)


@pytest.mark.parametrize("text", [5, None, b"a"])
def test_only_a_text_is_read(text: object) -> None:
    """Anything else is a TypeError."""
    with pytest.raises(TypeError, match="an expression is a text"):
        parse(text)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["(" * 300 + "a" + ")" * 300, "-" * (MOST - 1) + "a", "exp(" * 400 + "a" + ")" * 400, "a**" * 3000 + "a"])
def test_what_is_too_deep_says_so(text: str) -> None:
    """Depth beyond the parser is an error of ours, with an excerpt, not a crash."""
    with pytest.raises(ExpressionError, match="nested too deeply") as caught:
        parse(text)
    assert len(str(caught.value)) < 300


def test_what_is_too_long_says_so() -> None:
    """The limit is named; what is just below it works."""
    with pytest.raises(ExpressionError, match=f"more than the {MOST}"):
        parse("a" * (MOST + 1))
    assert ("a" * MOST,) == parse("a" * MOST).names


def test_long_sums_are_no_depth() -> None:
    """A thousand terms are a chain of a thousand nodes."""
    built = parse(" + ".join(["a"] * 1000)).build({"a": Value(1.0)})
    assert isinstance(built, Value)
    assert 1000.0 == built.data


@given(st.text(max_size=40) | st.lists(st.sampled_from([*"()+-*/<>,=.^ 2aεσ가", "**", "exp", "pi", "1e5", "if", "é"])).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text whatever leads to another error, or to a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with suppress(ExpressionError):
            assert isinstance(parse(text), Expression)


# What cannot be computed.


@pytest.mark.parametrize(
    ("text", "error", "spot"),
    [
        ("1 + log(b)*2", DomainError, "log(b)"),
        ("사과 + a/(a - a)", DivisionByZeroError, "a/(a - a)"),
        ("1e300*a*1e300", RangeError, "1e300*a*1e300"),
        ("2 + b**0.5", DomainError, "b**0.5"),
    ],
)
@pytest.mark.parametrize("kind", [float, Value])
def test_a_failing_operation_is_marked(text: str, error: type[Exception], spot: str, kind: type) -> None:
    """The operation's own error comes through, with the spot as a note."""
    with pytest.raises(error) as caught:
        parse(text).build({name: kind(x) for name, x in VALUES.items()})
    assert spot == marked(caught.value.__notes__[0])


@pytest.mark.parametrize(("text", "spot"), [("2*clip(a, b, 사과)", "clip(a, b, 사과)"), ("where(a, 1, 2)", "where(a, 1, 2)")])
def test_a_function_that_refuses_its_operands_is_marked(text: str, spot: str) -> None:
    """A bound that must be a plain number, a condition that is neither 0 nor 1."""
    with pytest.raises(ExpressionError) as caught:
        parse(text).build({name: Value(x) for name, x in VALUES.items()})
    assert spot == marked(str(caught.value))


def test_values_are_numbers() -> None:
    """Any other kind of value is the converter's TypeError, which names it."""
    with pytest.raises(TypeError, match="needs a number as a"):
        parse("a").build({"a": "2"})  # type: ignore[dict-item]


# Marks.


def test_columns_of_a_terminal() -> None:
    """Hangul takes two columns, also when its letters are stored apart; accents stored apart take none."""
    assert (2, 4, 2, 1, 3) == (width("사"), width("사과"), width("\u1109\u1161"), width("e\u0301"), width("a·b"))


def test_a_long_expression_is_shown_in_part() -> None:
    """The excerpt holds the spot, fits a terminal, and says with dots that there is more."""
    text = "가 + " * 100 + "sinn(b)" + " + 나" * 100
    start = text.index("sinn")
    line, carets = mark(text, start, start + 4).split("\n")
    assert "sinn" == marked(f"{line}\n{carets}")
    assert ("…", "…") == (line.strip()[0], line.strip()[-1])
    assert width(line) <= 80


def test_functions_are_rows_and_composed_ones() -> None:
    """Everything that can be called exists."""
    assert set(PRIMITIVES) < set(functions())
    assert all(name in PRIMITIVES or callable(getattr(composed, name)) for name in functions())


def test_the_examples_in_the_docstrings() -> None:
    """They run and print what they say."""
    assert 0 == doctest.testmod(expression).failed
