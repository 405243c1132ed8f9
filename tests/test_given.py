"""What callers give: each kind of mistake is said in words, wherever it is made."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd import NonFiniteError, Value, custom_gradient, draw, expression, given, grad, gradient, jvp, pack, program
from autograd.check import check_edges
from autograd.primitive import Primitive

np = pytest.importorskip("numpy", reason="the extra `pack` is not installed")


def deep() -> list[Any]:
    found: list[Any] = []
    for _ in range(5000):
        found = [found]
    return found


def circle() -> list[Any]:
    found: list[Any] = [1.0]
    found.append(found)
    return found


X = Value(1.0, label="x")
MISTAKES: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "a 0-d array for a list": (
        lambda: autograd.softmax(np.array(1.0)),
        TypeError,
        r"softmax needs a list of numbers, but got array\(1\.\)",
    ),
    "a number for a list": (lambda: autograd.modes(X, 3), TypeError, "modes needs a list of Values as wrt, but got 3 of type int"),  # type: ignore[arg-type]
    "no Value for modes": (lambda: autograd.modes(3, [X]), TypeError, "modes needs a Value as output, but got 3"),  # type: ignore[arg-type]
    "no Value for tangents": (lambda: autograd.tangents([X], X), TypeError, "tangents needs a Value as output, but got"),  # type: ignore[arg-type]
    "no Value for check_edges": (lambda: check_edges(None), TypeError, "check_edges needs a Value, but got None"),  # type: ignore[arg-type]
    "no expression for latex": (lambda: autograd.latex(3), TypeError, "a formula needs an expression, or the text of one, but got 3"),  # type: ignore[arg-type]
    "digits": (lambda: draw(X * X, digits=-1), ValueError, "draw needs at least 1 as digits, but got -1"),
    "names": (lambda: draw(X * X, names=3), TypeError, r"names needs a dict, as from locals\(\), but got 3"),  # type: ignore[arg-type]
    "a limit": (lambda: draw(X * X, limit="a"), TypeError, "draw needs a whole number as limit, but got 'a'"),  # type: ignore[arg-type]
    "a flag": (lambda: draw(X * X, pretty="no"), TypeError, "draw needs True or False as pretty, but got 'no'"),  # type: ignore[arg-type]
    "a class for an activation": (lambda: nn.MLP(1, [1, 1], nn.Tanh), TypeError, r"got the class Tanh: write Tanh\(\) for one of its kind"),
    "a class for a module": (
        lambda: nn.Sequential(nn.ReLU),
        TypeError,
        r"Sequential needs modules, but got the class ReLU: write ReLU\(\)",
    ),
    "a class for a model": (lambda: nn.save_model("x.json", nn.MLP), TypeError, r"save_model needs a model.*: write MLP\(…\) for one"),  # type: ignore[arg-type]
    "a list in itself": (lambda: grad(lambda x: x[0])(circle()), ValueError, "grad got a list that contains itself, at argument 0"),
    "a deep list": (lambda: grad(lambda x: x)(deep()), ValueError, "grad got lists in lists, more than 100 deep"),
    "a deep list in a program": (lambda: program.compile(lambda x: x)(deep()), ValueError, "lists in lists, more than 100 deep"),
    "a deep list in a module": (
        lambda: setattr(nn.Module(), "held", circle()),
        ValueError,
        "held.* holds lists in lists, more than 100 deep",
    ),
    "what has no repr": (lambda: Value(deep()), TypeError, r"Value needs a number .* but got (an unprintable list|\[\[\[.*…) of type list"),
    "a list for hessian": (lambda: autograd.hessian([]), TypeError, r"hessian needs a function, but got \[\]"),  # type: ignore[arg-type]
    "a text for hvp": (lambda: autograd.hvp(lambda x: x, "a", "b"), TypeError, "hvp needs primals as a list or tuple"),
    "too many": (lambda: nn.moons(2**70), ValueError, "moons needs at most 100000000 as n, but got 1180591620717411303424"),
    "a product": (lambda: expression.parse("(x)(x)"), expression.ExpressionError, r"a product is written \(…\)\*\(…\)"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_said(name: str) -> None:
    act, error, words = MISTAKES[name]
    with pytest.raises(error, match=words):
        act()


@pytest.mark.parametrize("wrong", [None, "1", True, [1.0]])
def test_a_rule_that_returns_no_number_is_named(wrong: Any) -> None:
    """As where its return is missing: wherever the rule is asked."""

    @custom_gradient(lambda z, x: wrong)
    def broken(x: float) -> float:
        return x

    for act in (
        lambda: broken(Value(1.0)),
        lambda: jvp(broken, (1.0,), (1.0,)),
        lambda: grad(broken)(1.0),
        lambda: program.compile(lambda x: broken(x) * 2.0)(1.0),
        lambda: pack(lambda x: broken(x) * 2.0)([1.0, 2.0]),
    ):
        with pytest.raises(TypeError, match=r"'broken' needs a rule that returns a number \(int or float\), but got"):
            act()


def test_a_rule_from_outside_may_return_what_is_made_a_float() -> None:
    """Whole numbers and NumPy's; and what does not exist stays what it is."""
    x = Value(3.0)
    for partial in (2, np.float32(2.0), 2.0):
        y = custom_gradient(lambda z, x, partial=partial: partial)(lambda x: x)(x)
        assert (2.0, float) == (y.partials[0], type(y.partials[0]))
        assert 2.0 == gradient(y, x).data
    assert math.isnan(custom_gradient(lambda z, x: math.nan)(lambda x: x)(x).partials[0])


def test_the_tables_own_rules_are_as_they_were_written() -> None:
    """No check stands between the engine and its own rules."""
    assert [] == [row for row in autograd.PRIMITIVES.values() if any(hasattr(rule, "__wrapped__") for rule in row.partials)]


@pytest.mark.parametrize("label", ["w", None])
def test_a_parameter_that_is_no_number_is_blamed_on_no_example(label: str | None) -> None:
    w = Value(1.0, label=label)
    w.data = math.nan
    for packed in (pack(lambda x: x * w, params=[w]), pack(lambda x: x * w + 1.0, params=[w])):
        with pytest.raises(NonFiniteError, match=r"<lambda> met the parameter (number 0|'w'), which is nan$"):
            packed([1.0, 2.0])


def test_counts_flags_and_choices_take_what_numpy_gives() -> None:
    assert (3, int) == (given.count(np.int64(3), "n", "f"), type(given.count(np.int64(3), "n", "f")))
    assert [True, False, True, False] == [given.flag(x, "pretty", "draw") for x in (np.True_, np.False_, 1, 0)]
    assert "b" == given.choice("b", ("a", "b", None), "which")
    assert given.choice(None, ("a", "b", None), "which") is None
    with pytest.raises(ValueError, match=r"which is 'a', 'b' or None, but got array\(\['a'\]"):
        given.choice(np.array(["a"]), ("a", "b", None), "which")


def test_a_row_says_which_of_its_columns_is_wrong() -> None:
    exp = autograd.PRIMITIVES["exp"]
    columns = ("operands", "forward", "partials", "symbol", "formula", "latex", "textbook", "domain")
    good = {column: getattr(exp, column) for column in columns}
    for column in columns:
        with pytest.raises(TypeError, match=f"primitive 'mine' needs .*{column}.*, but got 3 of type int"):
            Primitive("mine", **(good | {column: 3}))
