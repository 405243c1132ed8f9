"""The checker for people's own rules: no cry of wolf, no wolf unseen."""

from __future__ import annotations

import math
import sys
import warnings
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import strategies as st

from autograd import (
    ExpressionError,
    Value,
    check_gradients,
    cos,
    custom_gradient,
    exp,
    gradient,
    log,
    maximum,
    relu,
    sigmoid,
    sin,
    sqrt,
    where,
)
from autograd.checking.judging import judge, judge_function, judge_partial, judge_second, quantum
from autograd.checking.places import everyday, extremes, is_everyday, roots, simplest_first
from autograd.primitive import PRIMITIVES, REALS, Interval, Primitive, register
from autograd.testing import ExtremesWarning, assert_gradients, assert_primitive, floats_in
from benchmarks.checkers import intervals, ours, race, right, wrong

from .sweeps import sampled

# ------------------------------------------------------------------------------------------------------------------------
# The collection


def test_the_collection_cites_its_sources() -> None:
    """At least forty wrong rules, each with the report it comes from and a right twin; fifty further right ones; eleven intervals."""
    assert len(wrong.CASES) >= 40
    assert len(right.CASES) >= 50
    assert 11 == len(intervals.CASES)
    assert all(case.wrong is not None and case.url.startswith("https://github.com/") for case in wrong.CASES)
    names = [case.name for case in (*wrong.CASES, *right.CASES)]
    assert len(names) == len(set(names))


MISSED = ("tanh_by_cosh",)
"""1/cosh² overflows beyond 710, where tanh is flat: as 1/(1 + exp(−x)) does, which nobody calls wrong."""
ALARMING = ("focal",)
"""Its function computes 1 − σ, and has few digits left where σ is nearly 1: it should say `accept`, or compute σ(−x)."""


@pytest.mark.slow
@pytest.mark.parametrize("case", wrong.CASES, ids=lambda case: case.name)
def test_a_wrong_rule_from_the_wild_is_caught_and_its_right_twin_is_not(case: Any) -> None:
    """By both calls, as they come; the slower one asks a sample (tests/sweeps.py)."""
    for call in ("assert_primitive", "assert_gradients") if sampled(case.name, 5) else ("assert_primitive",):
        assert (case.name not in MISSED) == ours.ask(call, case, case.wrong).alarmed, call
        said = ours.ask(call, case, case.right)
        assert (case.name in ALARMING) == said.alarmed, f"{call}: {said.words}"


@pytest.mark.slow
@pytest.mark.parametrize("case", right.CASES, ids=lambda case: case.name)
def test_a_right_rule_as_it_is_first_written_raises_no_alarm(case: Any) -> None:
    """By no call; the slower one asks a sample (tests/sweeps.py)."""
    for call in ours.CALLS:
        if call == "assert_gradients" and not sampled(case.name, 5):
            continue
        said = ours.ask(call, case, case.right)
        assert not said.alarmed, f"{call}: {said.words}"


@pytest.mark.parametrize("case", intervals.CASES, ids=lambda case: case.name)
def test_a_slope_twice_too_large_in_one_interval_is_found(case: Any) -> None:
    """By both calls; and the message says where."""
    said = ours.ask("assert_primitive", case, case.wrong)
    assert said.alarmed
    assert "numbers, all with x in" in said.words
    assert ours.ask("assert_gradients", case, case.wrong).alarmed


def test_the_race_asks_others_in_a_process_of_their_own() -> None:
    """Plain differences at three everyday points: no false alarm, two thirds of the wrong rules, and no mistake in an interval seen."""
    found, seen = race.of_others("plain", sys.executable, (3,))
    assert {"wrong", "right", "intervals"} == {verdict.where for verdict in found}
    assert not any(verdict.alarmed for verdict in found if verdict.which == "right")
    assert 0.5 < sum(verdict.alarmed for verdict in found if verdict.where == "wrong") / len(wrong.CASES) < 0.9
    assert 1e-4 == seen
    assert ["plain", f"35 of {len(wrong.CASES)}", f"0 of {len(wrong.CASES)}", f"0 of {len(right.CASES)}", "0 of 11"] == race.row(
        "plain", found, seen
    )[:5]


# ------------------------------------------------------------------------------------------------------------------------
# Numbers where people's functions live


def test_everyday_numbers_lie_densely() -> None:
    """No gap of more than a hundredth up to 32, and none of more than a hundredth of its place above that, both signs alike."""
    numbers = everyday(REALS)
    assert {0.0, 1.0, -1.0, 0.5, 2.0, 1e3} <= set(numbers)
    assert all(is_everyday(x) for x in numbers)
    assert max(b - a for a, b in pairwise(numbers) if abs(a) < 31.9) <= 0.01
    assert max((b - a) / a for a, b in pairwise(numbers) if a > 1e-8) <= 0.011
    assert len(numbers) < 40_000


@pytest.mark.parametrize(
    "interval",
    [
        Interval(0.0, 1.0),
        Interval(low=3.0),
        Interval(high=-2.0),
        Interval(1e5, 1e6),
        Interval(-1e-12, 1e-12),
        Interval(-1.0, 1.0, True, True),
    ],
)
def test_everyday_numbers_are_those_of_their_interval(interval: Interval) -> None:
    """Many, and all inside; where the whole interval is beyond the usual sizes, these are everyday ones there."""
    numbers = everyday(interval)
    assert len(numbers) > 1000
    assert all(x in interval for x in numbers)
    assert not any(is_everyday(x, interval) for x in extremes(interval))


def test_kinks_are_found_where_an_expression_changes_its_sign() -> None:
    """To the last digit."""
    assert [pytest.approx(-math.pi, abs=1e-15), 0.0, pytest.approx(math.pi, abs=1e-15)] == roots(math.sin, [-4.0, -1.0, 0.0, 2.0, 4.0])


def test_simple_points_come_first() -> None:
    assert [(0.0,), (1.0,), (-1.0,), (2.0,), (4.75,), (4.7512,)] == simplest_first([(4.7512,), (-1.0,), (2.0,), (4.75,), (1.0,), (0.0,)])


def test_a_fault_has_its_extent() -> None:
    """How many numbers, and from where to where; and the simplest of them is shown."""
    bad = custom_gradient(lambda z, x: 2.0 * x * (2.0 if 4.5 <= float(getattr(x, "data", x)) <= 4.9 else 1.0))(lambda x: x * x)
    with pytest.raises(
        AssertionError, match=r"at x=4\.(5|8): the rule gives .* wrong at \d+ of .* numbers, all with x in 4\.5.* … 4\.89"
    ) as refusal:
        assert_primitive(bad, order=1)
    assert 1 == len(str(refusal.value).splitlines())


def test_what_is_wrong_at_extremes_only_is_a_warning() -> None:
    """A square overflows beyond 1e154: told in words of its own, and no failure unless that is asked for."""

    @custom_gradient(lambda z, x: 1.0 / sqrt(1.0 + x * x))
    def arsinh(x: float) -> float:
        return math.asinh(x)

    with pytest.warns(ExtremesWarning, match=r"only beyond x=.*10¹⁵⁵|only at extremes"):
        count = assert_primitive(arsinh)
    assert len(count.notes) == 1
    with pytest.raises(AssertionError, match="extremes"):
        assert_primitive(arsinh, extremes=True)


def test_an_if_in_a_rule_is_told() -> None:
    """The rule is right, so the test passes; that it cannot be compiled is said here and not later."""

    @custom_gradient(lambda z, x: 1.0 if x > 0.0 else 0.25)
    def leaky(x: float) -> float:
        return max(x, 0.25 * x)

    with pytest.warns(ExtremesWarning, match="leaky cannot be compiled: a rule looks at a number"):
        assert_primitive(leaky, order=1)


# ------------------------------------------------------------------------------------------------------------------------
# Judgements


def own(rule: Any, **told: Any) -> Any:
    """A decorator for rules of one operand or two."""
    return custom_gradient(*(rule if isinstance(rule, tuple) else (rule,)), **told)


@pytest.mark.parametrize(
    ("x", "forward", "rule"),
    [(1e-20, lambda x: math.exp(x) - 1.0, math.exp), (1e-8, lambda x: math.log(1.0 + x), lambda x: 1.0 / (1.0 + x))],
)
def test_a_staircase_of_rounding_contradicts_nobody(x: float, forward: Any, rule: Any) -> None:
    row = own(lambda z, t: rule(t))(forward).primitive
    assert "differs" != judge_partial(row, (x,), 0, rule(x)).verdict


def test_a_staircase_is_one_of_rounding_only() -> None:
    """exp(x) − 1 has stairs of 2⁻⁵²; the positive part has but what -1 + h leaves, and the floor's are no rounding."""
    assert quantum(lambda x: math.exp(x) - 1.0, 1e-20, 0.0) <= 2.0**-52
    assert quantum(lambda x: math.exp(x) - 1.0, 1e-20, 0.0) > 0.0
    assert quantum(lambda x: max(x, 0.0), -1.0, 0.0) <= 2.0**-52  # as far as -1 + h is from 0
    assert 0.0 == quantum(math.floor, 0.5, 0.0)
    wrong_where_flat = own(lambda z, x: 0.01 + 0.0 * x)(lambda x: max(x, 0.0)).primitive
    assert "differs" == judge_partial(wrong_where_flat, (-1.0,), 0, 0.01).verdict


def test_a_kink_is_claimed_beyond_the_noise_only() -> None:
    """log(p/(1 − p)) has none at ½; the positive part has one at 0, where nobody declared it."""
    logit = own(lambda z, p: 1.0 / (p * (1.0 - p)), domain=Interval(0.0, 1.0))(lambda p: math.log(p / (1.0 - p))).primitive
    assert "agrees" == judge_partial(logit, (0.5,), 0, 4.0).verdict
    part = own(lambda z, x: 0.0 * x)(lambda x: max(x, 0.0)).primitive
    assert "kink within h" == judge_partial(part, (0.0,), 0, 1.0).verdict


def test_a_one_sided_slope_is_shown() -> None:
    """cos √x at 0: −½ on the right; that the engine has no derivative there is no fault."""
    report = check_gradients(lambda x: cos(sqrt(x)), 0.0)
    assert not report.mistakes
    assert -0.5 == pytest.approx(report.nodes[0].numeric, abs=1e-6)
    judged = judge_function(lambda x: math.cos(math.sqrt(x)), -0.5, PRIMITIVES["sqrt"], (0.0,), 0)
    assert "there is a value on the right alone, and the slope there is −0.5" == judged.note


@pytest.mark.parametrize(
    ("forward", "rule", "words"),
    [
        (lambda x: math.copysign(abs(x) ** (1.0 / 3.0), x), lambda z, x: x ** (-2.0 / 3.0) / 3.0, r"at x=-1\.0: the rule has no value"),
        (
            lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x))),
            lambda z, x: exp(x) / (1.0 + exp(x)),
            r"the rule has no value.*all with x in 70|71",
        ),
        (lambda x: x**7, lambda z, x: 7.0 * z / x, r"at x=0\.0: the rule has no value.*wrong at x=0 alone"),
    ],
)
def test_a_rule_without_a_value_where_differences_have_one_is_a_fault(forward: Any, rule: Any, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        assert_primitive(own(rule)(forward))
    with pytest.raises(AssertionError, match="the rule has no value here"):
        assert_gradients(own(rule)(forward), floats_in())


def test_nobody_misses_a_derivative_of_0_far_out() -> None:
    """1/(1 + exp(−x)) overflows below −709, where log(1 + exp(x)) is flat: told by a judgement, and no fault."""
    row = own(lambda z, x: 1.0 / (1.0 + exp(-x)))(lambda x: math.log(1.0 + math.exp(x))).primitive
    judged = judge_partial(row, (-732.0,), 0, math.nan)
    assert ("limited by rounding", True) == (judged.verdict, "the function is flat" in judged.note)


def test_a_rule_is_not_asked_outside_of_the_domain_it_declares() -> None:
    """x**y has a value at x = 0, and z·log(x) none."""
    power = own((lambda z, x, y: y * z / x, lambda z, x, y: z * log(x)), domain=(Interval(low=0.0), REALS))(lambda x, y: x**y)
    assert "outside of the domain" in judge_partial(power.primitive, (0.0, 2.0), 1, math.nan).note
    assert_primitive(power)


def test_a_second_derivative_beside_a_masked_place_is_judged_with_larger_steps() -> None:
    """sin(x)/x with a masked 0: the second derivative there is −⅓, and the mask makes it 0."""

    def rule(z: Any, x: Any) -> Any:
        at_zero = not (x < 0.0 or x > 0.0)
        return where(at_zero, 0.0, (cos(x) - z) / where(at_zero, 1.0, x))

    masked = own(rule)(lambda x: math.sin(x) / x if x else 1.0)
    found = judge_second(masked.primitive, (0.0,), 0, 0)
    assert found is not None
    second, judged = found
    assert (0.0, "differs") == (second, judged.verdict)
    assert -1.0 / 3.0 == pytest.approx(judged.numeric, rel=1e-4)
    with pytest.raises(AssertionError, match=r"∂²custom/∂x∂x at x=0\.0"):
        assert_primitive(masked)


def test_a_complex_step_does_not_accuse_what_is_not_analytic() -> None:
    """abs of a complex number is its length."""
    assert_primitive(own(lambda z, x: 1.0 / ((1.0 + abs(x)) * (1.0 + abs(x))))(lambda x: x / (1.0 + abs(x))))


def test_a_complex_result_is_no_value() -> None:
    """Of a function: a DomainError, which says so; of a rule: a derivative that does not exist."""
    root = own(lambda z, x: 1.5 * x**0.5)(lambda x: x**1.5)
    with pytest.raises(ValueError, match=r"custom is not defined everywhere: got x=-1\.0"):
        root(-1.0)
    x = Value(-1.0)
    node = own(lambda z, x: (-8.0) ** (1.0 / 3.0))(lambda x: x)(x)
    assert math.isnan(node.partials[0])


def test_a_wrong_slope_is_seen_down_to_1e_11() -> None:
    """The smallest mistake seen at a single point."""
    for mistake in (1e-9, 1e-11):
        assert (
            "differs"
            == judge(
                math.exp,
                1.0,
                math.e * (1.0 + mistake),
                noise=lambda size: 2.0**-50 * size,
                slack=0.0,
                most=math.inf,
                step=None,
                tolerance=1e-6,
            ).verdict
        )


# ------------------------------------------------------------------------------------------------------------------------
# What is declared


def test_strings_are_read_when_they_are_given() -> None:
    """What cannot be read, or names what is no operand, is an error at once, with the column and the row."""
    columns: dict[str, Any] = {
        "operands": ("x",),
        "symbol": "s",
        "latex": "<x>",
        "domain": (REALS,),
        "forward": abs,
        "partials": (lambda z, x: 1.0,),
    }
    with pytest.raises(ExpressionError, match="this bracket is never closed"):
        Primitive(name="own", formula="7*(x", textbook=("1",), **columns)
    with pytest.raises(ExpressionError, match="textbook of own names y in 'y', but its operands are x, and z for the result"):
        Primitive(name="own", formula="x", textbook=("y",), **columns)
    with pytest.raises(ExpressionError, match="kinks of own names t in 't - 1', but its operands are x"):
        Primitive(name="own", formula="x", textbook=("1",), kinks=("t - 1",), **columns)
    Primitive(name="own", formula="own(x)", textbook=("z/x + pi",), kinks=("x - e",), **columns)


def test_every_row_of_the_table_would_pass() -> None:
    """They were made before there was a language to read them."""
    for row in PRIMITIVES.values():
        assert row.altered().name == row.name
        Primitive(**{name: column for name, column in vars(row).items() if name != "kinds"})


def test_kinks_may_be_functions_that_vanish_within_rounding() -> None:
    """An angle that is wrapped jumps at odd multiples of π, which are no floats."""
    wrapped = own(lambda z, x: 1.0 + 0.0 * x, kinks=lambda x: math.cos(x / 2.0))(lambda x: math.remainder(x, 2.0 * math.pi))
    assert "kink within h" == judge_partial(wrapped.primitive, (math.pi,), 0, 1.0).verdict
    assert "agrees" == judge_partial(wrapped.primitive, (3.0,), 0, 1.0).verdict
    assert_primitive(wrapped)


def test_operands_have_the_names_that_the_function_gives_them() -> None:
    """In a message as in the graph; a domain may be told by them."""
    ratio = custom_gradient(lambda z, price, count: 1.0 / count, lambda z, price, count: -z / count, domain={"count": Interval(low=0.0)})(
        lambda price, count: price / count
    )
    assert ("price", "count") == ratio.primitive.operands
    assert (REALS, Interval(low=0.0)) == ratio.primitive.domain
    assert_primitive(ratio)
    with pytest.raises(ValueError, match="each name in domain is 'x', but got 'y'"):
        custom_gradient(lambda z, x: 1.0, domain={"y": REALS})(lambda x: x)


def test_a_forward_that_is_rough_on_purpose_says_accept() -> None:
    """A root by Newton's iteration to 1e-7: with accept it passes, and a slope twice too large does not."""

    def root(x: float) -> float:
        mantissa, exponent = math.frexp(x)
        if exponent % 2:
            mantissa, exponent = mantissa / 2.0, exponent + 1
        guess = 0.5 + mantissa / 2.0
        for _ in range(3):
            guess = (guess + mantissa / guess) / 2.0
        return math.ldexp(guess, exponent // 2)

    told: dict[str, Any] = {"domain": Interval(low=0.0), "accept": 1e-6}
    assert_primitive(own(lambda z, x: 0.5 / z, **told)(root))
    with pytest.raises(AssertionError, match="differences of the function give"):
        assert_primitive(own(lambda z, x: 1.0 / z, **told)(root))


def test_a_surrogate_is_not_held_against_its_function() -> None:
    """Straight through: neither by itself nor amid a function."""
    through = own(lambda z, x: 1.0 + 0.0 * x, surrogate=True)(lambda x: float(round(x)))
    assert_primitive(through)
    report = check_gradients(lambda x: through(x) * 2.0, 0.7)
    assert not report.mistakes
    assert {"not the derivative"} <= {finding.verdict for finding in report.nodes}
    assert_gradients(lambda x: through(x) * 2.0, floats_in(-5, 5))


def test_a_rule_may_say_that_it_has_no_further_derivative() -> None:
    """With `math` in it, a second derivative is a silent 0: a fault, unless the rule says that there is none."""
    silent = own(lambda z, x: math.cos(float(getattr(x, "data", x))))(math.sin)
    with pytest.raises(AssertionError, match=r"gradient of gradient gives 0\.0.*say further=False"):
        assert_primitive(silent)
    said = own(lambda z, x: math.cos(float(getattr(x, "data", x))), further=False)(math.sin)
    assert_primitive(said)
    report = check_gradients(said, 1.0, order=2)
    assert not report.mistakes
    assert ("missing", "sin says that its rules have no derivative (further=False)") == (report.nodes[-1].verdict, report.nodes[-1].note)
    assert_gradients(said, floats_in())


def test_an_operation_that_is_decorated_in_the_function_is_deterministic() -> None:
    """It is another row in each call, and the same function."""

    def f(x: Any) -> Any:
        @custom_gradient(lambda z, t: 2.0 * t)
        def square(t: float) -> float:
            return t * t

        return square(x) + sin(x)

    assert not check_gradients(f, 1.5).mistakes
    assert_gradients(f, floats_in(-3, 3))


def test_a_cell_that_registers_may_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row of the same name from the same place replaces the older one, which old graphs keep; another module's is refused."""
    monkeypatch.setattr("autograd.primitive.PRIMITIVES", PRIMITIVES)
    cell = (
        "from autograd.primitive import REALS, Primitive, register\n"
        "rules = (lambda z, x: {} * x * x,)\n"
        "cube = register(Primitive('a_cell_s_own', ('x',), lambda x: x**3, rules, 'c', 'x**3', '<x>', ('3*x**2',), (REALS,)))\n"
    )
    notebook: dict[str, Any] = {"__name__": "a_notebook"}
    try:
        exec(compile(cell.format("2.0"), "<cell 1>", "exec"), notebook)
        x = Value(2.0)
        old = notebook["cube"](x)
        exec(compile(cell.format("3.0"), "<cell 2>", "exec"), notebook)
        new = notebook["cube"](x)
        assert (8.0, 12.0) == (gradient(old, x).data, gradient(new, x).data)
        assert PRIMITIVES["a_cell_s_own"] is notebook["cube"].primitive
        with pytest.raises(ValueError, match="there is a primitive named 'a_cell_s_own' already"):
            exec(compile(cell.format("3.0"), "<cell 1>", "exec"), {"__name__": "another_notebook"})
        with pytest.raises(ValueError, match="there is a primitive named 'sin' already"):
            register(PRIMITIVES["sin"])
    finally:
        PRIMITIVES.pop("a_cell_s_own", None)


# ------------------------------------------------------------------------------------------------------------------------
# Functions


def test_a_function_may_have_plain_parameters() -> None:
    """They are handed to it by name, and not differentiated."""
    looked = assert_gradients(lambda x, *, low, high: maximum(x, low) * high, floats_in(-2, 2), low=0.5, high=3.0)
    assert looked.points > 50
    assert str(looked).startswith("right at ")


def test_floats_in_takes_two_numbers() -> None:
    assert_gradients(lambda p: log(p / (1.0 - p)), floats_in(0, 1))
    with pytest.raises(TypeError, match="a number as the lowest"):
        floats_in("0", 1)  # type: ignore[arg-type]


def test_lists_are_checked_at_what_is_drawn() -> None:
    """Strategies of any sort, and the faults that they meet."""
    bad = own(lambda z, x: 3.0 * x)(lambda x: x * x)
    with pytest.raises(AssertionError, match=r"edge custom: ∂\(custom\(x\)\)/∂x .*: 1\.5 times what it should be"):
        assert_gradients(lambda xs: bad(xs[0]) + xs[1], st.lists(st.floats(-2.0, 2.0), min_size=2, max_size=2))


def test_several_faults_are_one_error() -> None:
    """Each operation with its own table."""
    first, second = own(lambda z, x: 3.0 * x)(lambda x: x * x), own(lambda z, x: -cos(x))(math.sin)
    with pytest.raises(AssertionError) as refusal:
        assert_gradients(lambda x: first(x) + second(x), floats_in())
    assert "edge custom" in str(refusal.value)
    assert "edge sin" in str(refusal.value)
    assert "the sign is wrong" in str(refusal.value)


def test_composed_functions_raise_no_alarm_and_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_gradients(lambda x, y: relu(x) * sigmoid(y) + sin(x * y), floats_in(size=20.0), floats_in(size=20.0))
