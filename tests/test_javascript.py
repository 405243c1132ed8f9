"""Programs as JavaScript, run in Node where there is one: the engine's numbers, its refusals, and labels that stay comments."""

from __future__ import annotations

import json
import math
import random
import shutil
import struct
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from autograd import AutogradError, Value, compile, examples, exp, log, maximum, sigmoid, sqrt  # noqa: A004
from autograd.custom import custom_gradient
from autograd.graph import topological
from autograd.javascript import HELPERS, MATH, ULPS, Script
from autograd.primitive import PRIMITIVES, Interval, Primitive
from autograd.stepping import computing
from autograd.stepping.recorder import Recording
from autograd.terms import OPERATORS, Term, TracingError

from .random_functions import random_function
from .special_values import sample
from .sweeps import some
from .test_drawing import HOSTILE

NODE = shutil.which("node") or ""
needs_node = pytest.mark.skipif(not NODE, reason="there is no Node")


def node(text: str, said: Any = None) -> Any:
    """What the script prints as JSON, with `said` as its input."""
    done = subprocess.run([NODE, "-"], input=f"const said = {json.dumps(said)};\n{text}", capture_output=True, text=True, timeout=100)
    assert "" == done.stderr
    return json.loads(done.stdout)


PRINTED = """
const number = (x) => Object.is(x, -0) ? "-0" : Number.isFinite(x) ? x : String(x);
console.log(JSON.stringify(said.map((numbers) => {
  try { const [value, gradients] = value_and_gradients(numbers); return [number(value), gradients.map(number)]; }
  catch (error) { return [error.constructor.name, error.message]; }
})));
"""


def run(source: str, cases: Sequence[Sequence[float]]) -> list[Any]:
    """Value and gradients, or the error's name and words, in each case."""
    found = node(source + PRINTED, [list(case) for case in cases])
    return [
        (float(value), [float(g) for g in gradients]) if isinstance(gradients, list) else (value, gradients) for value, gradients in found
    ]


def has_form(row: Primitive) -> bool:
    """Whether the row is `Math`'s, written out, or has a form on arrays whose functions are."""
    with suppress(TracingError):
        Script().call(row)
        return True
    return row.forward in OPERATORS


def place(x: float) -> int:
    """Where the float stands among all of them."""
    bits: int = struct.unpack("<q", struct.pack("<d", x))[0]
    return bits if bits >= 0 else -(bits & 0x7FFFFFFFFFFFFFFF)


@needs_node
@pytest.mark.parametrize("row", PRIMITIVES.values(), ids=list(PRIMITIVES))
def test_every_row_of_the_table_is_the_engines_but_for_the_digits_that_are_listed(row: Primitive) -> None:
    """Arithmetic, the square root and rows made of comparisons agree to the bit, the sign of 0 too; others within ULPS."""
    script = Script()
    names = [f"v{i}" for i in range(len(row.operands))]
    if not has_form(row):
        with pytest.raises(TracingError, match=row.name):
            script.applied(row, [Term(name=name) for name in names])
        return
    text = script.applied(row, [Term(name=name) for name in names])
    cases = [(z, operands) for z, operands in sample(row, 400) if abs(z) >= 2.3e-308 or z == 0.0]
    functions = "\n".join(script.functions.values())
    print_ = "console.log(JSON.stringify(said.map((x) => { const z = f(...x); return Object.is(z, -0) ? '-0' : String(z); })));"
    found = node(f"{functions}\nconst f = ({', '.join(names)}) => {text};\n{print_}", [operands for _, operands in cases])
    most = ULPS.get(row.name, 64 if row.arrays else 0)
    for (z, operands), got in zip(cases, map(float, found), strict=True):
        assert abs(place(z) - place(got)) <= most, (row.name, operands, z, got)
        if row.forward in HELPERS or row.forward in MATH or row.forward in OPERATORS:  # a form on arrays need not know the sign of 0
            assert z or math.copysign(1.0, z) == math.copysign(1.0, got), (row.name, operands, z, got)


@needs_node
@pytest.mark.parametrize("name", examples.NAMES)
def test_every_example_has_the_engines_numbers(name: str) -> None:
    """Value and gradients of each graph; those of arithmetic alone to the bit."""
    for graph in examples.run(name).graphs:
        program = compile(graph.output)
        leaves = [node for node in topological(graph.output) if node.op is None]
        ((value, gradients),) = run(program.source("javascript"), [[leaf.data for leaf in leaves]])
        graph.output.zero_grad()
        graph.output.backward()
        exactly = name in ("apple", "fruit")
        near = (lambda x, y: x == y) if exactly else (lambda x, y: math.isclose(x, y, rel_tol=1e-13, abs_tol=1e-300))
        assert near(graph.output.data, value)
        assert [True] * len(leaves) == [near(leaf.grad, g) for leaf, g in zip(leaves, gradients, strict=True)]


@needs_node
@pytest.mark.slow
def test_random_functions_of_every_row_have_the_engines_numbers() -> None:
    """Value and gradients of random functions in 5 places each; where the engine refuses a place, so does the script."""
    rng, ran = random.Random(7), 0
    while ran < some(20, 200):
        f, numbers = random_function(rng)
        program = compile(f)
        try:
            program(*numbers)
            source = program.source("javascript")
        except AutogradError:
            continue
        ran += 1
        cases = [numbers, *([x * rng.uniform(0.8, 1.2) for x in numbers] for _ in range(4))]
        for case, (value, gradients) in zip(cases, run(source, cases), strict=True):
            leaves = [Value(x) for x in case]
            if value == "BranchError":  # a comparison that comes out otherwise is recorded anew by the program
                continue
            try:
                output = f(*leaves)
                output.backward()
            except AutogradError:
                assert isinstance(value, str), (f, case, value)
                continue
            assert not isinstance(value, str), (f, case, value, gradients)
            size = max(1.0, *(abs(leaf.grad) for leaf in leaves))
            assert math.isclose(output.data, value, rel_tol=1e-9, abs_tol=1e-9), (f, case)
            assert all(abs(x.grad - g) <= 1e-7 * size for x, g in zip(leaves, gradients, strict=True)), (f, case)


@needs_node
def test_arithmetic_and_roots_agree_to_the_bit() -> None:
    """200 places of a function of sums, products, quotients and square roots."""
    rng = random.Random(3)

    def f(x: Any, y: Any, z: Any) -> Any:
        return sqrt(x * x + y * y) / (1.0 + x * z) - (y - z) * x / 3.0 + (x + y) ** 2

    program = compile(f)
    program(1.0, 2.0, 3.0)
    cases = [[rng.uniform(0.1, 5.0) for _ in range(3)] for _ in range(200)]
    expected = []
    for case in cases:
        leaves = [Value(x) for x in case]
        output = f(*leaves)
        output.backward()
        expected.append((output.data, [leaf.grad for leaf in leaves]))
    assert expected == run(program.source("javascript"), cases)


@needs_node
def test_refusals_are_the_programs() -> None:
    """Numbers that are not finite, too few of them, outside a domain, beyond the floats, a gradient that does not exist, another branch."""
    program = compile(lambda x, y: log(x) + exp(y))
    program(1.0, 1.0)
    text = program.source("javascript")
    found = run(text, [[1.0, 1.0, 1.0], [-1.0, 1.0], [0.0, 1.0], [1.0, 1000.0]])
    assert ["TypeError", "RangeError", "RangeError", "RangeError"] == [name for name, _ in found]
    assert "2 numbers are needed" == found[0][1]
    assert [["RangeError", "the numbers have to be finite"]] == node(
        text + "try { value_and_gradients(NaN, 1); } catch (e) { console.log(JSON.stringify([[e.constructor.name, e.message]])); }"
    )
    root = compile(lambda x: sqrt(x * 1.0))
    root(1.0)
    assert [("GradientError", "a local derivative that is needed does not exist, or the gradient leaves the range of floats")] == run(
        root.source("javascript"), [[0.0]]
    )
    branch = compile(lambda x: x * 2.0 if x > 0.0 else x)
    branch(1.0)
    ((name, words),) = run(branch.source("javascript"), [[-1.0]])
    assert "BranchError" == name
    assert words.startswith("recorded where v0 > 0")


@needs_node
def test_an_upstream_gradient_of_0_hands_nothing_on() -> None:
    """Where the product masks the root's infinite slope, the gradient is 0 and no refusal."""
    program = compile(lambda x, y: maximum(sqrt(x) * 0.0, y))
    program(1.0, 2.0)
    assert [(2.0, [0.0, 1.0])] == run(program.source("javascript"), [[1.0, 2.0]])


@needs_node
@pytest.mark.parametrize("label", [*HOSTILE, "a\u2028b", "*/", "</script>", "${x}", "`"])
def test_a_label_stays_in_its_comment(label: str) -> None:
    """No label ends its comment or the script."""
    x = Value(2.0, label=label)
    y = x * x
    y.label = label
    assert [(4.0, [4.0])] == run(compile(y).source("javascript"), [[2.0]])


def test_a_row_without_a_form_is_named() -> None:
    """A row of one's own says its form in the column `arrays`, or there is no script."""

    @custom_gradient(lambda z, x: 2.0 * x)
    def own(x: float) -> float:
        return x * x

    with pytest.raises(TracingError, match="own has no form in JavaScript"):
        compile(own(Value(2.0))).source("javascript")


@needs_node
def test_a_row_with_a_form_on_arrays_is_written_out() -> None:
    """Its conditions, powers, and the functions of the table that it calls."""
    row = Primitive(
        "bump",
        ("x",),
        lambda x: (1.0 / (1.0 + math.exp(-x))) ** 2.0 if x > 0.0 else -x,
        (lambda z, x: sigmoid(x),),
        "bump",
        "sigmoid(x)**2",
        "<x>",
        ("sigmoid(x)",),
        (Interval(),),
        arrays=lambda m, x: m.where(x > 0.0, m.sigmoid(x) ** 2.0, -x),
    )
    script = Script()
    text = script.applied(row, [Term(name="x")])
    found = node("\n".join([*script.functions.values(), f"console.log(JSON.stringify(said.map((x) => {text})));"]), [1.0, -2.0])
    assert 2.0 == found[1]
    assert math.isclose((1.0 / (1.0 + math.exp(-1.0))) ** 2.0, found[0], rel_tol=1e-15)


@needs_node
def test_many_numbers_and_statements() -> None:
    """A program of 30,000 operations and one of 5,000 numbers run."""
    x = Value(1.0)
    y = x
    for _ in range(15_000):
        y = y * 1.0001 + 0.001
    ((value, _),) = run(compile(y).source("javascript"), [[1.0]])
    assert y.data == value
    leaves = [Value(float(i)) for i in range(5000)]
    total = leaves[0]
    for leaf in leaves[1:]:
        total = total + leaf
    program = compile(total)
    ((value, gradients),) = run(program.source("javascript"), [[leaf.data for leaf in leaves]])
    assert (total.data, [1.0] * 5000) == (value, gradients)


def test_the_command_line_prints_it(capfdbinary: Any) -> None:
    """`glassgrad source … --target javascript` is what `source("javascript")` says."""
    from autograd.__main__ import main

    assert 0 == main(["source", "x*y", "--target", "javascript"])
    assert b"function value_and_gradients(...numbers)" in capfdbinary.readouterr().out


@pytest.fixture(autouse=True)
def _nothing_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    assert [] == [*tmp_path.iterdir()]


@needs_node
def test_the_function_of_a_page_has_every_number_every_gradient_and_every_contribution() -> None:
    """Of the 2-2-1 network, with other weights: those of a recording there. Where it is not defined, the numbers are not finite."""
    recording = Recording(examples.two_two_one.build())
    script = Script()
    text = computing.script_of([computing.program(recording, script)], script)
    weights = (0.1, -0.4, 0.9, 0.3, -0.7, 1.1)
    other = Recording(examples.two_two_one.build(weights))
    v, g, c = node(f"const window = {{}};\n{text}\nconsole.log(JSON.stringify(window.programs[0](said)));", [*other.values])
    upstream = [other.gradients[head] * partial for head, partial in zip(other.heads, other.partials, strict=True)]
    for expected, got in ((other.values, v), (other.gradients, g), (upstream, c)):
        assert len(expected) == len(got)
        assert all(math.isclose(x, y, rel_tol=1e-12, abs_tol=1e-300) for x, y in zip(expected, got, strict=True))
    outside = Recording(log(Value(1.0) - 0.2))
    script = Script()
    text = computing.script_of([computing.program(outside, script)], script)
    v, _, _ = node(f"const window = {{}};\n{text}\nconsole.log(JSON.stringify(window.programs[0](said)));", [0.1, 0, 0])
    assert None is v[-1]


def test_a_row_without_a_form_is_why_a_page_does_not_compute() -> None:
    """It is named, once for the graph."""

    @custom_gradient(lambda z, x: 2.0 * x)
    def own(x: float) -> float:
        return x * x

    assert "own" == computing.why_not(Recording(own(Value(2.0)) + 1.0))
    assert "" == computing.why_not(Recording(examples.apple.build()))
