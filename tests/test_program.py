"""Programs: equal to the engine bit for bit, right where branches change, and clear about what they cannot take."""

from __future__ import annotations

import copy
import math
import multiprocessing
import pickle
import random
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import (
    PRIMITIVES,
    DomainError,
    DrawingError,
    GradientError,
    Primitive,
    Value,
    clip,
    compile,  # noqa: A004
    exp,
    forms,
    grad,
    heaviside,
    hypot,
    jvp,
    log,
    no_grad,
    pow,  # noqa: A004
    relu,
    scope,
    sigmoid,
    softmax,
    sqrt,
    stop_gradient,
    tanh,
    terms,
    value_and_grad,
    where,
)
from autograd.custom import custom_gradient
from autograd.examples import NAMES, run
from autograd.graph import topological
from autograd.primitive import REALS, function_of
from autograd.program import PASSES, GuardError, Program, TracingError, source
from autograd.program.body import Python
from autograd.program.passes import key
from autograd.program.program import Recording
from autograd.program.tape import of_graph

from .random_graphs import SMOOTH, build, recipes
from .special_values import MODEST, SPECIAL, bits, sample

ROOT = Path(__file__).parent.parent
SUBSETS = [passes for count in range(len(PASSES) + 1) for passes in combinations(PASSES, count)]
FAMILIES = (ZeroDivisionError, OverflowError, ValueError, ArithmeticError)


def outcome(f: Callable[..., Any], *numbers: float) -> Any:
    """The bits of what f returns, or the builtin error that it raises."""
    try:
        value, gradients = f(*numbers)
    except FAMILIES as error:
        return next(family for family in FAMILIES if isinstance(error, family))
    return bits(value), [*map(bits, gradients)]


def engine(f: Callable[..., Any]) -> Callable[..., tuple[float, list[float]]]:
    """f as the engine computes it: the value, and the gradients that backward() leaves."""

    def run(*numbers: float) -> tuple[float, list[float]]:
        leaves = [Value(x) for x in numbers]
        output = f(*leaves)
        output.backward()
        return output.data, [leaf.grad for leaf in leaves]

    return run


def executed(text: str) -> Callable[..., Any]:
    """The function of a generated source."""
    namespace: dict[str, Any] = {}
    exec(text, namespace)
    function: Callable[..., Any] = namespace["value_and_gradients"]
    return function


def graphs(rng: random.Random, pool: Sequence[float]) -> tuple[list[Value], Value]:
    """A graph of any rows of the table, with constants among their operands, and its leaves."""
    rows = list(PRIMITIVES.values())
    leaves = [Value(rng.choice(pool)) for _ in range(rng.randint(1, 4))]
    nodes = list(leaves)
    for _ in range(rng.randint(1, 12)):
        row = rng.choice(rows)
        args: list[Any] = [rng.choice(nodes[-4:])]
        if len(row.operands) == 2:
            constant = row.partials[1] is None or rng.random() < 0.2
            args.append(rng.choice([*MODEST, 0.5, 2.0, -1.0]) if constant else rng.choice(nodes[-4:]))
            if row.partials[1] is not None and rng.random() < 0.3:
                args.reverse()
        try:
            nodes.append(function_of(row)(*args))
        except (ArithmeticError, ValueError):
            continue
    return leaves, nodes[-1]


# The same bits.


def missing(tape: Any, numbers: list[float]) -> list[float]:
    """The local derivatives of the graph that a tape makes of these numbers."""
    return [partial for node in topological(tape.output_of(tape.replay([*map(Value, numbers)]))) for partial in node.partials]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_a_program_of_any_rows_has_the_bits_of_the_engine(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Value and gradients, at the numbers of the graph and at others; or the same kind of error. Every choice of passes, whole or split.

    Only what the pass `dead` leaves out can no longer fail: there a gradient may be found where the sweep meets one that does not exist.
    And the text that stands alone refuses where some local derivative does not exist, for what masks it the engine alone can tell.
    """
    rng = random.Random(seed)
    compared = 0
    for trial in range(60):
        pool = MODEST if trial % 3 else SPECIAL
        leaves, output = graphs(rng, pool)
        passes = SUBSETS[trial % len(SUBSETS)]
        monkeypatch.setattr(source, "MOST", rng.choice((1500, 3, 7)))
        recording = Recording(of_graph(output, leaves), passes)
        body = recording.body(Python())
        alone = executed(source.standalone(body, source.functions(body))[0])

        def replayed(*numbers: float, tape: Any = recording.tape) -> tuple[float, list[float]]:
            nodes = tape.replay([Value(x) for x in numbers])
            nodes[tape.output].backward()
            return nodes[tape.output].data, [leaf.grad for leaf in nodes[: len(numbers)]]

        for numbers in ([leaf.data for leaf in leaves], *([rng.choice(pool) for _ in leaves] for _ in range(3))):
            expected, actual = outcome(replayed, *numbers), outcome(alone, *numbers)
            if expected is ArithmeticError and "dead" in passes and isinstance(actual, tuple):
                continue
            if actual is not ArithmeticError or not any(map(math.isnan, missing(recording.tape, numbers))):
                assert expected == actual
            assert expected == outcome(lambda *xs, made=recording: made.run(xs), *numbers)
            compared += isinstance(expected, tuple)
    assert compared > 60


@given(recipes(SMOOTH), st.lists(st.floats(-3.0, 3.0), min_size=3, max_size=3), st.lists(st.floats(-3.0, 3.0), min_size=3, max_size=3))
def test_a_function_recorded_once_has_the_bits_of_the_engine_everywhere(steps: list[Any], first: list[float], second: list[float]) -> None:
    """A smooth function of random shape is recorded at one point, and computed at another."""

    def f(*xs: Any) -> Any:
        return build(SMOOTH, steps, list(xs))[-1]

    program = compile(f)
    for numbers in (first, second):
        assert outcome(engine(f), *numbers) == outcome(program, *numbers)
    assert len(program.recordings) <= 1


def test_no_pass_changes_a_bit() -> None:
    """-0.0, shared subexpressions, constants and dead parts: all choices of passes have the same bits, and the tidiest is the shortest."""

    def f(x: Any, y: Any) -> Any:
        unused = exp(x)
        shared = tanh(x * y) + tanh(x * y)
        two = Value_free(3.0) - 1.0
        return shared * two + (unused - unused) * -0.0 + stop_gradient(x) * y - relu(-x)

    def Value_free(x: float) -> float:
        return x

    for numbers in ((0.5, -2.0), (-0.0, 0.0), (0.0, -0.0), (700.0, 1.0)):
        outcomes = [outcome(compile(f, passes=passes), *numbers) for passes in SUBSETS]
        assert [outcome(engine(f), *numbers)] * len(SUBSETS) == outcomes
    lengths = []
    for passes in ((), PASSES):
        program = compile(f, passes=passes)
        program(0.5, -2.0)
        lengths.append(len(program.source().splitlines()))
    assert lengths[1] < lengths[0] - 10


def test_constants_fold_exactly() -> None:
    """Leaves that are no arguments are constants: what is made of them alone is computed beforehand, -0.0 and subnormals exactly."""
    x, a, b = Value(2.0), Value(-0.0), Value(5e-324)
    program = compile((a * 3.0 + a) * x + (b + b) / x, inputs=[x])
    text = program.source()
    assert "1e-323" in text
    assert "-0.0" in text
    assert outcome(engine(lambda x: (Value(-0.0) * 3.0 + Value(-0.0)) * x + (Value(5e-324) + 5e-324) / x), 3.0) == outcome(program, 3.0)


def test_equal_constants_of_other_sign_are_not_shared() -> None:
    """atan2(x, 0.0) and atan2(x, -0.0) differ by π at -1: they are two subexpressions."""
    assert key("op", (1, 0.0)) != key("op", (1, -0.0))
    program = compile(lambda x: autograd.atan2(x - x, x * 0.0 - 0.0) + autograd.atan2(x - x, x * 0.0 + 0.0))
    assert outcome(engine(program.function), -1.0) == outcome(program, -1.0)


@pytest.mark.parametrize("name", NAMES)
def test_the_examples(name: str) -> None:
    """Every worked example, as a program of its leaves, finds what the engine finds."""
    for graph in run(name).graphs:
        program = compile(graph.output)
        assert program._last is not None
        leaves = program._last[1]
        value, gradients = program(*leaves)
        graph.output.zero_grad()
        graph.output.backward()
        order = [node for node in autograd.graph.topological(graph.output) if node.op is None]
        assert (graph.output.data, tuple(leaf.grad for leaf in order)) == (value, gradients)


def test_what_is_known_of_rows_is_true() -> None:
    """What a row's column `result` says holds at every special value, and a sum or product keeps what is not finite."""
    assert {"", "unit", "finite", "loud"} == {row.result for row in PRIMITIVES.values()}
    for row in PRIMITIVES.values():
        if not row.result:
            continue
        for operands in {tuple(operands) for _, operands in sample(row)} if row.result == "loud" else _points(row):
            try:
                z = row.forward(*operands)
            except (ArithmeticError, ValueError):
                assert row.result == "loud"
                continue
            assert math.isfinite(z)
            assert row.result != "unit" or -1.0 <= z <= 1.0
    for row in filter(terms.spreads, PRIMITIVES.values()):
        for bad in (math.inf, -math.inf, math.nan):
            for other in (*SPECIAL, bad):
                assert not any(
                    math.isfinite(row.forward(*args)) for args in ([(bad,)] if len(row.operands) == 1 else [(bad, other), (other, bad)])
                )
    assert ["add", "subtract", "multiply", "negate"] == [row.name for row in filter(terms.spreads, PRIMITIVES.values())]


def _points(row: Primitive) -> list[tuple[float, ...]]:
    return [(x,) for x in SPECIAL] if len(row.operands) == 1 else [(x, y) for x in SPECIAL for y in SPECIAL]


# The text.


def test_source_runs_without_the_package(tmp_path: Path) -> None:
    """In a bare interpreter the source gives the very numbers, and the errors are builtin ones."""
    program = compile(lambda x, y: sigmoid(x * y) + log(x) + autograd.elu(y, 0.5) + pow(x, y) + autograd.softplus(y))
    expected = program(2.0, -0.25)
    (tmp_path / "made.py").write_text(program.source(), encoding="utf-8")
    script = (
        "import sys; sys.path.append('.'); import made\n"
        "print(made.value_and_gradients(2.0, -0.25))\n"
        "for bad in ((-1.0, 0.5), (float('nan'), 1.0), (1e308, 9.0)):\n"
        "    try: made.value_and_gradients(*bad)\n"
        "    except (ArithmeticError, ValueError) as error: print(isinstance(error, ValueError), isinstance(error, OverflowError))\n"
        "print('autograd' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-I", "-W", "error", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert f"{tuple(expected)}\nTrue False\nTrue False\nFalse True\nFalse\n" == done.stdout + done.stderr


HOSTILE = (
    "a\nimport os", "a\r\nraise SystemExit", '"""', "'''\n", "\\", "{x}", "a\0b", "# -*- coding: utf-16 -*-", "\u202egnp", "\ud800",
    "a\x0cb\x85c\u2028d", "사과", "x" * 10**6, "%s", "", "𝔵", "lambda", "\x1a",
)  # fmt: skip


def test_a_label_cannot_become_code() -> None:
    """Whatever a label holds stands in one comment; the program is the same as without labels, line for line."""
    plain = compile(Value(2.0) * Value(3.0) + 1.0).source().splitlines()
    for label in HOSTILE:
        x, y = Value(2.0, label=label), Value(3.0, label=label)
        product = x * y
        product.label = label
        program = compile(product + 1.0)
        text = program.source()
        text.encode()
        lines = text.splitlines()
        code = [line.split("#")[0].rstrip() for line in lines if line.split("#")[0].strip()]
        assert [line.rstrip() for line in plain if line.strip()] == code
        assert max(map(len, lines)) < 200
        assert (7.0, (3.0, 2.0)) == executed(text)(2.0, 3.0)
        assert (7.0, (3.0, 2.0)) == program(2.0, 3.0)
    assert "# 사과" in compile(Value(2.0, label="사과") * Value(3.0)).source()


@pytest.mark.parametrize("constant", [-2.0, 5e-324, 1.7976931348623157e308, -0.0, 0.1, 1e22, 123456789012345680.0])
def test_constants_are_exact(constant: float) -> None:
    """As left and right operand and as exponent: the text has the float itself, with brackets where its sign needs them."""
    for f in (
        lambda x: x - constant,
        lambda x: constant - x,
        lambda x: x * constant,
        lambda x: pow(abs(constant) + 1e-3, x),
        lambda x: x**constant,
    ):
        assert outcome(engine(f), 0.75) == outcome(compile(f), 0.75)
    assert outcome(engine(lambda x: pow(-2.0, x)), 3.0) == outcome(compile(lambda x: pow(-2.0, x)), 3.0)


def test_a_row_of_ones_own(tmp_path: Path) -> None:
    """A function with a custom gradient runs in programs; a def that uses math alone is carried along in the source, a lambda is not."""

    @custom_gradient(lambda z, x: 3.0 * x * x)
    def cube(x: float) -> float:
        return math.pow(x, 3.0)

    odd = custom_gradient(lambda z, x: 2.0 * x)(lambda x: x * x)
    program = compile(lambda x: cube(x) * odd(x))
    assert (32.0, (80.0,)) == program(2.0)
    with pytest.raises(TracingError, match="write it as a def that uses math, numbers, and functions"):
        program.source()
    with pytest.raises(TracingError, match="has no form on arrays, which this source needs"):
        program.source("jax")


@custom_gradient(lambda z, x: 3.0 * x * x)
def cubed(x: float) -> float:
    """x³, at the top of a module."""
    return math.pow(x, 3.0)


def test_the_source_of_a_row_of_ones_own_is_carried_along() -> None:
    """Decorators are left behind with what is not math: such a function cannot be carried; one that is registered as it is can."""
    row = Primitive(
        name="weird name\n", operands=("x",), forward=helper, partials=(lambda z, x: 2.0 * x,), symbol="w", formula="w(x)",
        latex="w", textbook=("2*x",), domain=(REALS,),
    )  # fmt: skip
    program = compile(lambda x: function_of(row)(x) * 2.0)
    assert (18.0, (12.0,)) == program(3.0)
    assert (18.0, (12.0,)) == executed(program.source())(3.0)
    assert "row0 = helper" in program.source()


def helper(x: float) -> float:
    """x², as an overflow-safe product."""
    return math.prod((x, x))


THIRD = 1.0 / 3.0


def helper_of_helpers(x: float) -> float:
    """x² + x²/3, by way of two other functions and a number of the module's."""
    return helper(x) + part_of_it(x)


def part_of_it(x: float) -> float:
    """A third of x²."""
    return THIRD * helper(x)


def test_the_functions_that_a_row_calls_are_carried_along() -> None:
    """With the numbers that they use, each once; two that would have one name are refused."""
    own = custom_gradient(lambda z, x: 8.0 / 3.0 * x)(helper_of_helpers)
    program = compile(lambda x: own(x) * 2.0)
    assert (24.0, (16.0,)) == program(3.0)
    text = program.source()
    assert (24.0, (16.0,)) == executed(text)(3.0)
    assert [1, 1, 1] == [text.count(f"def {name}(") for name in ("helper", "part_of_it", "helper_of_helpers")]
    alias = FunctionType(helper_of_helpers.__code__, {**globals(), "part_of_it": helper}, "helper_of_helpers")
    clash = custom_gradient(lambda z, x: 1.0)(alias)
    made = compile(lambda x: clash(x))
    made(1.0)
    with pytest.raises(TracingError, match="two things in it would be called part_of_it"):
        made.source()


def test_a_rule_that_looks_at_a_number_is_refused() -> None:
    """A rule with a branch on its operand would be frozen."""
    crooked = custom_gradient(lambda z, x: 1.0 if x > 0.0 else 0.5)(helper)
    with pytest.raises(TracingError, match="a rule looks at a number"):
        compile(lambda x: crooked(x))(1.0)


@pytest.mark.slow
def test_long_programs_are_split() -> None:
    """A chain of 20,000 operations and 300 arguments: several functions, and the bits of the engine."""

    def f(xs: list[Any]) -> Any:
        y = xs[0]
        for i in range(10_000):
            y = y * 0.9999 + xs[i % 300]
        return tanh(y * 1e-3)

    numbers = [random.Random(i).uniform(-1.0, 1.0) for i in range(300)]
    program = compile(f, verify=False)
    value, (gradients,) = program(numbers)
    leaves = [Value(x) for x in numbers]
    output = f(leaves)  # type: ignore[arg-type]
    output.backward()
    assert (output.data, [leaf.grad for leaf in leaves]) == (value, gradients)
    text = program.source()
    assert text.count("def part") >= 10
    assert (value, tuple(gradients)) == executed(text)(*numbers)
    with pytest.raises(TypeError, match="300 numbers are needed, but got 2"):
        executed(text)(1.0, 2.0)


def test_lines_lead_to_nodes() -> None:
    """Every line that computes v7 or hands on g7 belongs to node 7, whose label in the graph and the picture begins with v7."""
    program = compile(run("two_two_one").output)
    lines = program.source().splitlines()
    names = {node.label.split(":")[0]: node for node in autograd.graph.topological(program.graph()) if node.label}
    assert len(lines) > max(program.lines)
    for number, node in program.lines.items():
        line = lines[number - 1].strip()
        assert f"v{node}" in names
        if line.startswith("v"):
            assert line.startswith(f"v{node} = ")
    forward = [n for n in program.lines if lines[n - 1].strip().startswith("v")]
    assert [*range(9, 23)] == [program.lines[n] for n in forward]
    assert "v22:C" in program.draw().source


def test_a_page_has_picture_formulas_and_lines(tmp_path: Path) -> None:
    """Every node's formula stands beside its line, once; the picture has its name; a hostile label stays text."""
    program = compile(run("two_two_one").output)
    program.write(tmp_path / "program.html")
    text = (tmp_path / "program.html").read_text(encoding="utf-8")
    assert '<tr data-node="12"><td class="code">    v12 = sigmoid(v11)  # h1</td><td>v12 = σ(v11)</td></tr>' in text
    assert [1] * 23 == [len(re.findall(rf"<td>v{i}(?::\S+)? = ", text)) for i in range(23)]
    for i in range(23):
        assert re.search(rf">v{i}[: ]?[^<]*</text>", text)
    x = Value(2.0, label="</td></script><script>alert(1)</script>")
    assert "<script>alert" not in compile(x * x).page()
    with pytest.raises(DrawingError, match=r"its ending says \.txt, and there are \.html and \.htm"):
        program.write("program.txt")


def test_a_page_is_light_or_dark(tmp_path: Path) -> None:
    """ "auto" has each colour twice, for the page around it to choose from, and nothing else differs; "light" and "dark" once."""
    program = compile(run("apple").output)
    pages = {theme: program.page(theme=theme) for theme in ("auto", "light", "dark")}  # type: ignore[arg-type]
    drawn = {theme: re.search("<svg.*</svg>", page, re.DOTALL)[0] for theme, page in pages.items()}  # type: ignore[index]
    assert {"light": 0, "dark": 0} == {theme: drawn[theme].count("light-dark") for theme in ("light", "dark")}
    assert drawn["light"] == re.sub(' style="(fill|stroke):light-dark[^"]*"', "", drawn["auto"])
    chosen = [re.findall(r"light-dark\(([^,]+),([^)]+)\)", drawn["auto"])]
    assert {("#1f2933", "#e6eaee"), ("white", "#16191d"), ("#0b5394", "#7fb8f0")} <= set(chosen[0])
    assert drawn["dark"] == program.draw(background="dark").pipe("svg", encoding="utf-8").partition("<svg")[2].join(["<svg", ""]).rstrip()
    for theme, scheme in (("auto", "light dark"), ("light", "light"), ("dark", "dark")):
        program.write(tmp_path / "page.html", theme=theme)  # type: ignore[arg-type]
        assert f":root{{color-scheme:{scheme};" in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "light-dark(#" not in program.page(background="dark", theme="auto").partition("<svg")[2]


def test_a_program_prints_as_its_functions() -> None:
    """print shows the code without its preliminaries; before anything is recorded, that nothing is."""
    program = compile(lambda x: x * x)
    assert "<program <lambda>: nothing recorded yet>" == str(program) == repr(program)
    program(3.0)
    assert str(program).startswith("def value_and_gradients(v0):\n    # v0: x\n")
    assert "    v1 = v0 * v0\n" in str(program)
    assert "<program <lambda>: (number,) × 1>" == repr(program)


def test_a_scope_and_a_label_survive() -> None:
    """Labels that the function gives become comments, and scopes fold its picture."""

    def f(x: Any) -> Any:
        with scope("inner"):
            y = x * 2.0
            y.label = "twice"
        return y + 1.0

    program = compile(f)
    program(1.0)
    assert "v1 = v0 * 2.0  # twice" in str(program)
    assert {"inner", None} == {node.scope for node in autograd.graph.topological(program.graph())}


# Branches.


def test_another_branch_is_recorded_anew() -> None:
    """A comparison, max, sorted and a condition: each outcome has a recording of its own, and the right result."""

    def f(x: Any, ys: list[Any]) -> Any:
        z = max(ys) if x > 0.0 else sorted(ys)[0] * 2.0
        return x * x if 1.0 <= x < 2.0 else z * x

    program = compile(f)
    for numbers in ((1.5, [1.0, 2.0]), (3.0, [1.0, 2.0]), (3.0, [2.0, 1.0]), (-1.0, [1.0, 2.0]), (-1.0, [2.0, 1.0]), (1.5, [4.0, 4.0])) * 2:
        x, ys = Value(numbers[0]), [Value(y) for y in numbers[1]]
        output = f(x, ys)
        output.backward()
        assert (output.data, (x.grad, [y.grad for y in ys])) == program(*numbers)
    made = sum(map(len, program.recordings.values()))
    assert 5 <= made <= 6
    program(1.5, [1.0, 2.0])
    assert made == sum(map(len, program.recordings.values()))


def test_a_guard_comes_before_what_it_guards() -> None:
    """Where the branch is for a domain, the other branch's numbers do not fail in it."""
    program = compile(lambda x: log(x) if x > 0.0 else x)
    assert (0.0, (1.0,)) == program(1.0)
    assert (-1.0, (1.0,)) == program(-1.0)


def test_infinity_is_compared() -> None:
    """`best = inf; if loss < best` works, as it does with Values."""
    program = compile(lambda x: x if x < math.inf else x * 2.0)
    assert (3.0, (1.0,)) == program(3.0)
    assert "float('inf')" in str(program)


def test_branches_can_raise() -> None:
    """Where it was not to be recorded again, another branch is an error; and so is one too many."""
    program = compile(lambda x: x if x > 0.0 else -x, branches="raise")
    program(1.0)
    with pytest.raises(GuardError, match=r"another branch at these numbers: recorded where v0 > 0\.0 is True"):
        program(-1.0)
    counting = compile(lambda x: x * sum(1.0 for i in range(10) if x > i), limit=3)
    for x in (0.5, 1.5, 2.5):
        counting(x)
    with pytest.raises(GuardError, match="3 different ways through its comparisons, and limit=3"):
        counting(3.5)


def test_a_parameter_in_a_branch_is_guarded() -> None:
    """A parameter is read at each call, and a comparison of it is a guard."""
    w = Value(2.0, label="w")
    program = compile(lambda x: x * w if w > 0.0 else x * 3.0, params=[w])
    assert (10.0, (2.0, [5.0])) == program(5.0)
    w.data = -1.0
    assert (15.0, (3.0, [0.0])) == program(5.0)
    assert type(w) is Value
    assert 0.0 == w.grad


# What freezes is refused.


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: x * x.data, r"\.data was read or written while a program is recorded.*use stop_gradient"),
        (lambda x: x * float(x), r"float\(x\)"),
        (lambda x: x * int(x), r"int\(x\)"),
        (lambda x: x * round(x, 1), r"round\(x\)"),
        (lambda x: x * math.exp(x), r"float\(x\)"),
        (lambda x: x * float(f"{x:.2f}"), "written as text"),
        (lambda x: x * (x * x).backward(), r"backward\(\) was called"),
        (lambda x: x * x.grad, r"\.grad was read"),
        (lambda x: autograd.gradient(x * x, x), "a derivative was taken"),
        (lambda x: __import__("copy").deepcopy(x), "copied or pickled"),
        (lambda x: x * Value(2.0, label="w"), r"Value\(2.0, label='w', grad=0.0\) is used while .* give compile params="),
        (lambda x: x + Value(2.0, label="w"), "neither an argument nor among the parameters"),
        (lambda x: x if x > Value(2.0) else -x, "neither an argument nor among the parameters"),
        (lambda x: 3.0, "returned 3.0 of type float, which does not depend on its arguments"),
        (lambda x: None, "returned None: is a return missing"),
        (lambda x: [x, x], "returned a list, but a program has one value"),
        (lambda x: Value(2.0) * 3.0, "a Value that has nothing to do with its arguments"),
        (lambda x: x * random.random(), "draws random numbers"),
        (lambda x: x * random.Random().random(), "draws random numbers"),
    ],
)
def test_what_would_freeze_is_an_error(f: Callable[[Any], Any], message: str) -> None:
    """A number that is read, a derivative inside, foreign Values, a result that is no number of the recording, chance."""
    program = compile(f)
    with pytest.raises(TracingError, match=message):
        program(2.0)
    assert not program.recordings


LIMIT = Value(1.0, label="limit")


class Scaled:
    """Something with a number of its own."""

    def __init__(self) -> None:
        self.factor = Value(2.0)

    def parameters(self) -> list[Value]:
        return [self.factor]

    def __call__(self, x: Any) -> Any:
        return x * 2.0 if self.factor.data > 1.0 else x


def test_values_from_outside_do_not_freeze() -> None:
    """A Value that the function finds by a name of its own is refused even where it meets no argument: its number would be frozen."""
    near = Value(1.0)
    listed = {"a": [Value(1.0)]}
    scaled = Scaled()
    functions: list[Callable[[Any], Any]] = [
        lambda x: x if LIMIT > 0.0 else -x,
        lambda x: x * near.data,
        lambda x: x * float(listed["a"][0]),
        lambda x: (lambda: x if near < 0.0 else -x)(),
        lambda x: scaled(x),
        scaled.__call__,
    ]
    for f in functions:
        with pytest.raises(TracingError, match="is used while a program is recorded, but it is neither an argument nor among"):
            compile(f)(3.0)
    for value in (LIMIT, near, listed["a"][0], scaled.factor):
        assert type(value) is Value
        assert value.data in (1.0, 2.0)
    with pytest.raises(TracingError, match=r"\.data was read"):
        compile(scaled, params=scaled)(3.0)


def test_a_function_that_changes_something_is_found_out() -> None:
    """A counter makes the second run another; a number that is kept belongs to no later run."""
    calls = []

    def counting(x: Any) -> Any:
        calls.append(1)
        return x * float(len(calls))

    with pytest.raises(TracingError, match="changes what it depends on"):
        compile(counting)(2.0)
    kept: list[Any] = []

    def keeping(x: Any) -> Any:
        kept.append(x)
        return x * kept[0]

    with pytest.raises(TracingError, match="comes from an earlier run"):
        compile(keeping)(2.0)
    with pytest.raises(TracingError, match="the recording is over"):
        kept[0] * 2.0
    with pytest.raises(TracingError, match="the recording is over"):
        assert kept[0] > 2.0
    x = Value(1.0)
    with pytest.raises(TracingError, match=r"\.data was read or written"):
        compile(lambda y: _assign(x, y), params=[x])(2.0)
    assert (1.0, Value) == (x.data, type(x))


def _assign(x: Value, y: Value) -> Value:
    x.data = 3.0
    return x * y


def test_a_function_that_prints(capsys: pytest.CaptureFixture[str]) -> None:
    """It prints when it is recorded, without numbers that would mislead; never when the program runs."""

    def f(x: Any) -> Any:
        print(x, f"{x}", x * x)  # noqa: T201
        return x * 2.0

    program = compile(f)
    program(2.0)
    assert "<traced: a leaf, label 'x'> <traced: a leaf, label 'x'> <traced: multiply>\n" * 2 == capsys.readouterr().out
    assert (8.0, (2.0,)) == program(4.0)
    assert "" == capsys.readouterr().out


def test_numpy_random_numbers_and_none_at_all() -> None:
    """verify=False leaves out the second run: what was drawn once is part of the program then."""
    draw = random.Random(0).random
    program = compile(lambda x: x * draw(), verify=False)
    assert program(2.0) == program(2.0)


def test_a_failure_while_recording_leaves_parameters_as_they_were() -> None:
    """After an error in the function, parameters are Values again, and the next recording works."""
    w = Value(2.0)

    def f(x: Any) -> Any:
        if x > 3.0:
            raise RuntimeError("no")
        return x * w

    program = compile(f, params=w)
    with pytest.raises(RuntimeError, match="no"):
        program(4.0)
    assert type(w) is Value
    assert (2.0, (2.0, [1.0])) == program(1.0)


def test_the_engine_s_own_words() -> None:
    """What fails in a program is said as the engine says it, with names; nothing is changed by it."""
    program = compile(lambda p: log(p) * sqrt(p))
    program(1.0)
    with pytest.raises(DomainError, match=r"log needs x > 0, but got x=-1.0 \(label 'p'\)"):
        program(-1.0)
    with pytest.raises(autograd.RangeError, match="exp gives a number beyond"):
        compile(lambda x: exp(x))(1e4)
    root = compile(lambda x: sqrt(x) + x)
    root(1.0)
    with pytest.raises(GradientError, match=r"no gradient through sqrt: its local derivative .* at x=0.0 \(label 'x'\) does not exist"):
        root(0.0)
    with pytest.raises(autograd.NonFiniteError):
        root(math.nan)
    with pytest.raises(TypeError, match="numbers as arguments"):
        root(object())


def test_strong_zero() -> None:
    """A branch that is not taken does not spoil the gradient, though its derivative is infinite."""
    program = compile(lambda x: where(heaviside(x), sqrt(relu(x)), 2.0 * x))
    assert (-2.0, (2.0,)) == program(-1.0)
    assert (2.0, (0.25,)) == program(4.0)
    assert "if g" in str(program)
    with pytest.raises(GradientError, match="0·∞ has no value here"):  # at the step both branches are at hand
        program(0.0)


def test_no_gradient_flows() -> None:
    """stop_gradient, detach() and no_grad() stop it as they do in the engine."""

    def f(x: Any, y: Any) -> Any:
        with no_grad():
            z = x * y
        return z * x + y.detach() * y + stop_gradient(exp(x)) * y

    assert outcome(engine(f), 0.5, -2.0) == outcome(compile(f), 0.5, -2.0)


# Arguments.


def test_arguments_of_every_shape() -> None:
    """Lists, tuples and dicts; gradients come back in their structure, and None for what is no number."""

    def f(point: dict[str, Any], pairs: list[tuple[Any, Any]], power: int, name: str | None = None) -> Any:
        return sum((a * b for a, b in pairs), point["x"]) ** power

    program = compile(f)
    value, gradients = program({"x": 1.0}, [(2.0, 3.0), (4.0, 5.0)], 2, "name")
    assert (729.0, ({"x": 54.0}, [(162.0, 108.0), (270.0, 216.0)], None, None)) == (value, gradients)
    assert "# v1: pairs[0][0]" in str(program)


def test_one_program_for_each_whole_number() -> None:
    """An index, a class, a switch: each has its own program, made once."""
    table = [Value(1.0 * i) for i in range(3)]
    program = compile(lambda x, row: softmax([x * w for w in table])[row], params=table)
    for row in (0, 2, 0, 2):
        program(1.0, row)
    assert [1, 1] == [len(found) for found in program.recordings.values()]
    assert program(1.0, 2) != program(1.0, 0)
    assert "(number, 2) × 1" in repr(program)
    with pytest.raises(IndexError):
        program(1.0, 7)


def test_other_shapes_get_other_programs() -> None:
    """A longer list is another signature; whole numbers alone leave nothing to differentiate by."""
    program = compile(lambda xs: sum(xs) * 2.0)
    assert (6.0, ([2.0, 2.0],)) == program([1.0, 2.0])
    assert (12.0, ([2.0, 2.0, 2.0],)) == program([1.0, 2.0, 3.0])
    with pytest.raises(TracingError, match=r"write 2\.0 and not 2"):
        compile(lambda x: x * x)(2)
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        compile(lambda x, y: x * y)(2.0)
    with pytest.raises(TypeError, match="takes 1 positional argument but 2 were given"):
        compile(lambda x: x)(2.0, 3.0)


def test_numpy_numbers_are_numbers() -> None:
    """NumPy's floats and arrays of them are taken; its whole numbers are indices."""
    np = pytest.importorskip("numpy")
    program = compile(lambda xs, i: xs[i] * xs[0])
    assert (6.0, ([2.0, 3.0], None)) == program(np.array([3.0, 2.0]), np.int64(1))
    assert (9.0, ([6.0],)) == compile(lambda xs: xs[0] * xs[0])([np.float32(3.0)])


def test_a_graph_as_it_is() -> None:
    """Inputs in their order and structure, parameters read anew; other leaves are constants; branches are as they were taken."""
    x, y, w, c = Value(2.0, label="x"), Value(3.0), Value(5.0), Value(7.0)
    output = hypot(x * w, y) * c
    program = compile(output, inputs=[y, [x]], params=[w])
    output.backward()
    assert (output.data, (y.grad, [x.grad], [w.grad])) == program(3, [2])
    w.data = 1.0
    assert outcome(engine(lambda y, x, w: hypot(x * w, y) * 7.0), 4.0, 3.0, 1.0) == (
        bits(program(4.0, [3.0]).value),
        [bits(g) for g in (program(4.0, [3.0])[1][0], program(4.0, [3.0])[1][1][0], program(4.0, [3.0])[1][2][0])],
    )
    assert outcome(engine(lambda x, w, y, c: hypot(x * w, y) * c), 2.0, 1.0, 3.0, 7.0) == outcome(compile(output), 2.0, 1.0, 3.0, 7.0)
    for wrong in ((1.0,), (1.0, 2.0), (1.0, [2.0], 3.0), (1.0, [2.0, 3.0]), ([1.0], 2.0), ()):
        with pytest.raises(TypeError, match=r"the program of graph takes \[number, \[number\]\], but got"):
            program(*wrong)
    with pytest.raises(TypeError, match="numbers as arguments"):
        program("a", [2.0])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"inputs": [Value(9.0)]}, ValueError, "does not depend on"),
        ({"inputs": ["x"]}, TypeError, "inputs needs leaves of the graph, but got 'x' of type str"),
        ({"inputs": [Value(1.0) * 2.0]}, TypeError, "was computed from others"),
        ({"params": [3.0]}, TypeError, "params needs leaves"),
        ({"params": [Value(1.0) * 2.0]}, TypeError, "was computed from others"),
        ({"passes": "fold"}, ValueError, "passes is"),
        ({"passes": ["best"]}, ValueError, "passes is"),
        ({"branches": "freeze"}, ValueError, "branches is 'record' or 'raise'"),
        ({"limit": 0}, ValueError, "compile needs at least 1 as limit, but got 0"),
        ({"loss": len}, TypeError, "a loss goes with a module"),
    ],
)
def test_wrong_orders(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    """What compile cannot take is said, with what it got."""
    with pytest.raises(error, match=message):
        compile(Value(2.0) * 3.0, **arguments)


def test_more_wrong_orders() -> None:
    """A leaf twice, a number for a function, inputs of a function, an unknown target, a program that never ran."""
    x = Value(2.0)
    with pytest.raises(ValueError, match="a leaf twice"):
        compile(x * x, inputs=[x, x])
    with pytest.raises(ValueError, match="a leaf twice"):
        compile(x * x, inputs=[x], params=[x])
    with pytest.raises(TypeError, match="needs a function, a module or a Value, but got 3"):
        compile(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="inputs are for a graph"):
        compile(lambda x: x, inputs=[x])
    with pytest.raises(ValueError, match="target is 'python', 'torch', 'jax', 'c' or 'javascript', but got 'fortran'"):
        compile(x * x).source("fortran")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="nothing is recorded yet"):
        compile(lambda x: x).source()
    with pytest.raises(ValueError, match="has no parameters"):
        compile(x * x).backward(2.0)
    with pytest.raises(TracingError, match="inside a function that is being recorded"):
        compile(lambda x: compile(x * x)(2.0))(2.0)


def test_a_leaf_as_output() -> None:
    """The identity, and a graph that is one leaf."""
    assert (3.0, (1.0,)) == compile(lambda x: x)(3.0)
    assert (3.0, (1.0, 0.0)) == compile(lambda x, y: x)(3.0, 4.0)
    assert (3.0, (1.0,)) == compile(Value(2.0))(3.0)


def test_a_program_is_garbage_when_dropped_and_runs_in_threads() -> None:
    """Eight threads, one program, each with its own numbers."""
    from concurrent.futures import ThreadPoolExecutor

    program = compile(lambda x: x * x if x > 0.0 else -x)
    numbers = [(-1.0) ** i * i for i in range(1, 200)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(program, numbers))
    assert [(x * x, (2.0 * x,)) if x > 0 else (-x, (-1.0,)) for x in numbers] == found


# Beside the other rooms.


def test_transforms_take_programs() -> None:
    """grad, value_and_grad and jvp of a program are those of its function; of a graph too."""

    def f(x: Any, ys: list[Any]) -> Any:
        return tanh(x) * ys[0] + clip(ys[1], -1.0, 1.0)

    program = compile(f)
    point = (0.5, [2.0, 0.25])
    program(*point)
    assert grad(f, (0, 1))(*point) == grad(program, (0, 1))(*point)
    assert value_and_grad(f)(*point) == value_and_grad(program)(*point)
    assert jvp(f, (0.5, [2.0, 0.25]), (1.0, [0.0, 1.0])) == jvp(program, (0.5, [2.0, 0.25]), (1.0, [0.0, 1.0]))
    assert grad(grad(tanh))(0.3) == grad(grad(compile(lambda x: tanh(x))))(0.3)
    x = Value(2.0)
    assert 12.0 == grad(compile(x**3))(2.0)
    assert 12.0 == grad(grad(compile(x**3)))(2.0)


def test_a_module_and_a_loss() -> None:
    """compile(module, loss) reads the parameters at each call, and adds to their gradients when asked."""
    nn = pytest.importorskip("nn")
    model = nn.MLP(2, [3, 1], rng=0)
    program = compile(model, nn.losses.squared_error)
    for _ in range(3):
        eager = nn.losses.squared_error(model([0.5, -0.3]), 1.0)
        model.zero_grad()
        eager.backward()
        gradients = [parameter.grad for parameter in model.parameters()]
        value, (_, _, found) = program([0.5, -0.3], 1.0)
        assert (eager.data, gradients) == (value, found)
        model.zero_grad()
        assert eager.data == program.backward([0.5, -0.3], 1.0)
        assert gradients == [parameter.grad for parameter in model.parameters()]
        for parameter in model.parameters():
            parameter.data -= 0.1 * parameter.grad
    assert "# v3: layer0.neuron0.w0" in program.source()
    assert "<program MLP: ([number, number], number) × 1>" == repr(program)
    with pytest.raises(TracingError, match="neither an argument nor among the parameters"):
        compile(lambda x: model(x))([0.5, -0.3])


@pytest.mark.parametrize("target", ["torch", "jax"])
def test_other_targets(target: str) -> None:
    """The same program in the words of a library has the same numbers, to rounding; for every row, on either side of its corners."""
    pytest.importorskip(target)
    for name, row in PRIMITIVES.items():
        function = function_of(row)
        for point in ((0.3, 0.7), (1.5, 2.0), (2.0, 2.0), (0.9, -0.4), (0.0, 0.0), (-0.5, 3.0)):
            args = point[: 1 if row.partials[-1] is None else len(row.operands)]
            program = compile(lambda x, *ys: function(x, *(ys or ([3.0] if len(row.operands) == 2 else []))) * x)  # noqa: B023
            try:
                value, gradients = program(*args)
            except (ArithmeticError, ValueError):
                continue
            namespace: dict[str, Any] = {}
            exec(program.source(target), namespace)  # type: ignore[arg-type]
            found, theirs = namespace["value_and_gradients"](*map(namespace["number"], args))
            got = [float(found), *map(float, theirs)]
            assert pytest.approx([value, *gradients], rel=1e-12, abs=1e-300) == got, name


def test_every_row_has_a_form_for_arrays() -> None:
    """No row of the table is forgotten in the other targets."""
    written = forms.Written("m", "special")
    assert [] == [name for name, row in PRIMITIVES.items() if written.add(row) is None]


def test_other_targets_compile_as_text() -> None:
    """Whether or not the libraries are there: the text is Python, with guards and strong zeros, and names the library."""

    def f(x: Any, y: Any) -> Any:
        return log(x) * y + autograd.erf(y) + x**-2 if x > y else x

    program = compile(f)
    program(3.0, 2.0)
    for target in ("torch", "jax"):
        text = program.source(target)  # type: ignore[arg-type]
        compiled = __builtins__["compile"](text, "made", "exec")  # type: ignore[index]
        assert "value_and_gradients" in compiled.co_names
        assert target in text
        assert "m.where(g" in text
        assert "raise BranchError" in text


def test_a_program_is_what_is_exported() -> None:
    """autograd.compile makes an autograd.Program, and `from autograd import *` leaves Python's own compile alone."""
    assert isinstance(autograd.compile(lambda x: x), Program)
    assert autograd.Program is Program
    assert "compile" not in autograd.__all__


# The command line.


def test_source_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """An expression with its names in the order that is asked for, and an example; the text runs."""
    from autograd.__main__ import main

    assert 0 == main(["source", "a*b + exp(c)", "c", "a", "b"])
    value, gradients = executed(capsys.readouterr().out)(0.0, 2.0, 3.0)
    assert (7.0, (1.0, 3.0, 2.0)) == (value, gradients)
    assert 0 == main(["source", "-a**2"])
    assert (-9.0, (-6.0,)) == executed(capsys.readouterr().out)(3.0)
    assert 0 == main(["source", "two_two_one"])
    assert "# h1" in capsys.readouterr().out
    assert 0 == main(["source", "acosh(a) + asin(b)", "a", "b=0.5"])
    assert "math.acosh(v0)" in capsys.readouterr().out
    assert 0 == main(["source", "apple", "--target", "jax"])
    assert "import jax" in capsys.readouterr().out
    assert 0 == main(["source", "two_outputs", "--target", "c"])
    text = capsys.readouterr().out
    assert "#include <math.h>" in text
    assert [line for line in text.splitlines() if line.startswith("#") and "include" not in line] == []


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["a*b", "a"], 2, "the expression has a, b, but got a"),
        (["a*b", "a", "b", "c"], 2, "the expression has a, b, but got a, b, c"),
        (["a*b", "a", "a"], 2, "but got a, a"),
        (["3"], 2, "nothing to differentiate by"),
        (["a +"], 2, "something is missing after '+'"),
        (["log(-1*a*a)"], 1, "Give numbers at which it has a value"),
        (["a", "a=x"], 2, "'x' is no number"),
    ],
)
def test_wrong_command_lines(arguments: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One message, the exit code of its kind, and nothing on the output."""
    from autograd.__main__ import main

    assert code == main(["source", *arguments])
    out, err = capsys.readouterr()
    assert "" == out
    assert message in err


def test_what_a_function_from_outside_returns_is_made_a_float() -> None:
    """An int that a custom function returns is a float in the program, too; None is refused in the engine's words."""
    from autograd import custom_gradient

    whole = custom_gradient(lambda z, x: 1.0)(lambda x: 3)
    assert (6.0, (2.0,)) == compile(lambda x: whole(x) * 2.0)(2.7)
    nothing = custom_gradient(lambda z, x: 1.0)(lambda x: None)
    with pytest.raises(TypeError, match="a function that returns a number"):
        compile(lambda x: nothing(x) * 1.0)(2.7)


def test_the_steps_of_a_program_stand_beside_its_lines() -> None:
    """`program.stepper()` walks through the graph that was computed last; each line of the source belongs to the steps of its node."""
    program = compile(lambda x, y: x * y + x)
    program(2.0, 3.0)
    steps = program.stepper()
    lines = [line for line, numbers in steps.source or [] if numbers]
    assert any(line.strip().startswith("v2 = v0 * v1") for line in lines)
    assert any(line.strip().startswith("g0 ") for line in lines)
    assert "v2 = v0 * v1" in steps._repr_html_()


# -- copies ----------------------------------------------------------------------------------------------------------------


def product(x: Any, y: Any) -> Any:
    """A function that a pickle can name."""
    return x * y if x > y else x + exp(y)


def called(program: Program, *args: float) -> tuple[Any, ...]:
    """What another process is asked to do."""
    return tuple(program(*args))


def test_a_pickled_program() -> None:
    """It has its recordings, or its function where that can be found by name: then it records anew, in the surroundings it finds there."""
    program = compile(product)
    again = pickle.loads(pickle.dumps(program))
    assert program(3.0, 2.0) == again(3.0, 2.0) == pickle.loads(pickle.dumps(program))(3.0, 2.0)
    again = pickle.loads(pickle.dumps(program))
    assert ({}, again.source()) == (again.recordings, program.source())
    assert program(2.0, 3.0) == again(2.0, 3.0)
    assert (again(Value(2.0), 3.0).data, again.__name__) == (2.0 + math.exp(3.0), "product")
    for way in (copy.copy, copy.deepcopy):
        assert program(3.0, 2.0) == way(program)(3.0, 2.0)
    graph = compile(Value(2.0, label="x") * 3.0)
    assert graph(5.0) == pickle.loads(pickle.dumps(graph))(5.0) == copy.deepcopy(graph)(5.0)


def test_a_pickled_program_of_a_module() -> None:
    """Module, loss and parameters stay together: what the copy learns, its own module knows, and the original does not."""
    model = nn.MLP(2, [3, 1], rng=0)
    program = compile(model, nn.squared_error)
    before = program([1.0, 2.0], 1.0)
    again = pickle.loads(pickle.dumps(program))
    assert before == again([1.0, 2.0], 1.0)
    again.backward([1.0, 2.0], 1.0)
    again.params[0].data += 1.0
    assert before != again([1.0, 2.0], 1.0) != program([1.0, 2.0], 1.0) == before
    mine = again.function.args[0]
    assert mine.parameters() == again.params
    assert (0.0, False) == (model.parameters()[0].grad, again.params[0] in program.params)
    mine.eval()
    assert again([1.0, 2.0], 1.0).value == float(nn.squared_error(mine([Value(1.0), Value(2.0)]), 1.0))


def test_a_program_of_a_function_without_a_name_runs_what_it_recorded() -> None:
    """A lambda cannot be pickled: its recordings can, and what is beyond them says why it cannot be computed."""
    program = compile(lambda x: x * x if x > 0.0 else -x)
    with pytest.raises(TypeError, match=r"nothing is recorded yet, and Python cannot pickle its function\. Define that at the top level"):
        pickle.dumps(program)
    expected = program(3.0)
    again = pickle.loads(pickle.dumps(program))
    assert (expected, None) == (again(3.0), again.function)
    for args in ((-1.0,), (1.0, 2.0), (Value(1.0),)):
        with pytest.raises(TracingError, match="was unpickled, and has no function any more: it runs what was recorded before"):
            again(*args)
    assert pickle.loads(pickle.dumps(again))(3.0) == expected
    assert copy.deepcopy(program)(-1.0) == program(-1.0)


def test_a_program_in_another_process() -> None:
    """As a Pool that starts anew gets it, with nothing of the function but its recordings, or its name."""
    unnamed = compile(lambda x, y: x * y)
    unnamed(1.0, 1.0)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        for program in (compile(product), unnamed):
            assert tuple(program(3.0, 2.0)) == pool.apply(called, (program, 3.0, 2.0))


def test_a_parameter_of_another_type_is_named() -> None:
    """A float32 that somebody has put into a parameter would make the program's value one."""
    np = pytest.importorskip("numpy")
    w = Value(0.5, label="w")
    program = compile(lambda x: x * w, params=[w])
    program(1.0)
    w.data = np.float32(0.1)
    with pytest.raises(TypeError, match=r"the data of Value\(np.float32\(0.1\), label='w'.* is of type float32: somebody has put it there"):
        program(2.0)
