"""The recorder and the stepper: every step of a sweep, forwards and back again, exactly."""

from __future__ import annotations

import gc
import math
import struct
import time
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import GradientError, Stepper, Value, examples, exp, log, multiply, relu, sigmoid, sqrt, steps, tanh
from autograd.graph import topological
from autograd.stepping import Backward, Forward
from autograd.stepping.recorder import Recording, rule

GRAPHS = [(f"{name}-{graph.name}", graph) for name in examples.NAMES for graph in examples.run(name).graphs]


def bits(x: float) -> bytes:
    """The float, bit for bit: 0.0 and -0.0 differ."""
    return struct.pack("d", x)


def apple() -> Value:
    return examples.apple.build()


APPLE = """\
apple = 100
count = 2
subtotal = apple·count = 100 × 2 = 200
tax = 1.1
price = subtotal·tax = 200 × 1.1 = 220
price -> subtotal: upstream 1 × local 1.1 (∂(x·y)/∂x = y) = 1.1; subtotal.grad 0 + 1.1 = 1.1
price -> tax: upstream 1 × local 200 (∂(x·y)/∂y = x) = 200; tax.grad 0 + 200 = 200
subtotal -> apple: upstream 1.1 × local 2 (∂(x·y)/∂x = y) = 2.2; apple.grad 0 + 2.2 = 2.2
subtotal -> count: upstream 1.1 × local 100 (∂(x·y)/∂y = x) = 110; count.grad 0 + 110 = 110"""


def test_the_steps_of_the_apple_read_as_they_should() -> None:
    assert APPLE == "\n".join(map(str, steps(apple())))


def replayed(output: Value, seed: float = 1.0) -> dict[Value, float]:
    """The gradients that following the steps by hand leaves: nothing but the steps is used."""
    gradients: dict[Value, float] = {}
    for step in steps(output, seed=seed):
        if isinstance(step, Forward):
            gradients[step.node] = 0.0
            gradients[output] = seed if step.node is output else 0.0
        else:
            assert bits(gradients[step.node]) == bits(step.upstream)
            assert bits(gradients[step.operand]) == bits(step.before)
            gradients[step.operand] = step.after
    return gradients


@pytest.mark.parametrize("graph", [graph for _, graph in GRAPHS], ids=[name for name, _ in GRAPHS])
def test_replaying_the_steps_of_an_example_leaves_the_gradients_of_backward(graph: examples.Graph) -> None:
    """Bit for bit, at every node; the order is that of the sweep, one step a node and one an edge, constants none."""
    order = topological(graph.output)
    found = list(steps(graph.output, seed=graph.seed))
    forward = [step for step in found if isinstance(step, Forward)]
    backward = [step for step in found if isinstance(step, Backward)]
    assert order == [step.node for step in forward]
    assert [(node, operand) for node in reversed(order) for operand in node.parents] == [(step.node, step.operand) for step in backward]
    assert list(range(1, len(found) + 1)) == [step.number for step in found]
    graph.output.zero_grad()
    graph.output.backward(graph.seed)
    assert {node: bits(node.grad) for node in order} == {node: bits(g) for node, g in replayed(graph.output, graph.seed).items()}


OPERATIONS: list[Callable[[Value, Value], Value]] = [
    lambda x, y: x + y,
    lambda x, y: x - y,
    lambda x, y: x * y,
    lambda x, y: x * x,
    lambda x, y: tanh(x) * 3.0,
    lambda x, y: sigmoid(y - x),
    lambda x, y: relu(x) + 0.0 * y,
    lambda x, y: 1.0 / (2.0 + y * y),
    lambda x, y: x**3,
]


@st.composite
def graphs(draw: st.DrawFn) -> Value:
    """Graphs with shared nodes, from up to 4 leaves and 12 operations."""
    numbers = st.floats(-2.0, 2.0, allow_subnormal=False)
    nodes = [Value(draw(numbers)) for _ in range(draw(st.integers(1, 4)))]
    for _ in range(draw(st.integers(0, 12))):
        operation = draw(st.sampled_from(OPERATIONS))
        nodes.append(operation(draw(st.sampled_from(nodes)), draw(st.sampled_from(nodes[-3:]))))
    return nodes[-1]


@given(graphs())
def test_replaying_leaves_the_gradients_of_backward_on_any_graph(output: Value) -> None:
    """`apply` does the same on the graph itself; without it nothing on the graph changes."""
    order = topological(output)
    for i, node in enumerate(order):
        node.grad = float(i)
    following = replayed(output)
    assert [float(i) for i in range(len(order))] == [node.grad for node in order]
    list(steps(output, apply=True))
    applied = [bits(node.grad) for node in order]
    output.zero_grad()
    output.backward()
    assert [bits(node.grad) for node in order] == applied
    assert [bits(node.grad) for node in order] == [bits(following[node]) for node in order]


@given(graphs(), st.data())
def test_going_back_and_jumping_are_exact(output: Value, data: st.DataObject) -> None:
    """Whatever way leads to a position, values and gradients there are the same, bit for bit."""
    stepper = Stepper(output)

    def state() -> tuple[object, ...]:
        now = stepper.state
        return now.position, list(now.values.items()), sorted((id(node), bits(g)) for node, g in now.gradients.items())

    seen = [state()]
    while stepper.next() is not None:
        seen.append(state())
    assert len(seen) == len(stepper) + 1
    for position in data.draw(st.lists(st.integers(0, len(stepper)), max_size=5)):
        stepper.jump(position)
        assert seen[position] == state()
    stepper.jump(len(stepper))
    for expected in reversed(seen[:-1]):
        stepper.back()
        assert expected == state()
    assert stepper.back() is None


def test_x_times_x_makes_two_steps_and_a_constant_none() -> None:
    x = Value(3.0, label="x")
    found = [step for step in steps(x * x * 2.0) if isinstance(step, Backward)]
    assert [("x·x × 2", 0), ("x·x", 0), ("x·x", 1)] == [(step.names(step.node), step.position) for step in found]
    assert [(0.0, 6.0), (6.0, 12.0)] == [(step.before, step.after) for step in found[1:]]


def test_an_upstream_gradient_of_zero_hands_nothing_on() -> None:
    """0 × a local derivative that does not exist is a contribution of 0, as in the engine."""
    x = Value(0.0, label="x")
    output = 0.0 * sqrt(x)
    *_, last = steps(output)
    assert isinstance(last, Backward)
    assert (0.0, 0.0) == (last.contribution, last.after)
    assert not math.isfinite(last.local)
    output.backward()
    assert 0.0 == x.grad


def test_where_backward_fails_the_steps_end_with_its_error() -> None:
    """All steps before the edge are there; nothing on the graph changes, even with `apply` only what the steps did."""
    x, y = Value(0.0, label="x"), Value(2.0, label="y")
    output = y * sqrt(x)
    seen: list[object] = []
    with pytest.raises(GradientError, match="no gradient through sqrt") as stepping:
        seen.extend(steps(output, apply=False))
    with pytest.raises(GradientError) as sweeping:
        output.backward()
    assert str(sweeping.value) == str(stepping.value)
    assert 4 + 2 == len(seen)
    assert [0.0] * 4 == [node.grad for node in topological(output)]
    stepper = Stepper(output)
    assert stepper.jump(len(stepper)) is not None
    with pytest.raises(GradientError, match="no gradient through sqrt"):
        stepper.next()
    assert len(stepper) == stepper.position
    assert "here backward() stops" in stepper.view()
    with pytest.raises(GradientError, match="leaves the range"):
        list(steps(Value(1e-200, label="x") * 1e200, seed=1e200))


def test_numbers_are_those_of_the_recording() -> None:
    """What is edited later is not seen by a stepper; a new one says that the numbers no longer follow."""
    x = Value(2.0, label="x")
    y = x * 3.0
    stepper = Stepper(y)
    x.data, x.grad = 50.0, 7.0
    assert stepper.jump(1).data == 2.0  # type: ignore[union-attr]
    assert "x × 3 = 2 × 3 = 6" == str(stepper.jump(2))
    assert (50.0, 7.0) == (x.data, x.grad)
    assert "(a number was edited since it was recorded)" in str(list(steps(y))[1])


def test_names() -> None:
    """Labels, then lent names, then v1, v2 for leaves, then what is computed while that is short, then the number of the step."""
    a, b, c = Value(2.0, label="a"), Value(3.0), Value(5.0)
    long = (a + b) * (b + c) * (a + c) * (b + a)
    names = Recording(long, names={"lent": b}).names
    assert ["a", "lent", "a + lent", "v1"] == [names(node) for node in topological(long)][:4]
    assert "#8·(lent + a)" == names(long)  # what step 8 computed is too long to be written out again
    chain = Value(1.0, label="v1") + Value(1.0)
    assert ["v1", "v2", "v1 + v2"] == [step.names(step.node) for step in steps(chain) if isinstance(step, Forward)]
    deep: Value = Value(1.0, label="x")
    for _ in range(8):
        deep = -deep
    texts = [step.names(step.node) for step in steps(deep) if isinstance(step, Forward)]
    assert texts == [step.names(step.node) for step in reversed(list(steps(deep))[:9]) if isinstance(step, Forward)][::-1]


def test_rules_are_written_as_books_write_them() -> None:
    from autograd import PRIMITIVES

    assert "∂(x·y)/∂x = y" == rule(PRIMITIVES["multiply"], 0)
    assert "∂σ(x)/∂x = z·(1 − z)" == rule(PRIMITIVES["sigmoid"], 0)
    assert "∂(x/y)/∂y = −x/y²" == rule(PRIMITIVES["divide"], 1)


@pytest.mark.parametrize("wrong", [3.0, 3, "x", None, [Value(1.0)]])
def test_what_is_no_value_is_refused(wrong: object) -> None:
    for function in (steps, Stepper):
        with pytest.raises(TypeError, match="needs a Value, but got"):
            function(wrong)  # type: ignore[operator]
    with pytest.raises(TypeError, match="needs a seed"):
        steps(Value(1.0), seed="1")  # type: ignore[arg-type]


# The stepper.


def test_the_ends_are_quiet_and_jumps_are_checked() -> None:
    stepper = Stepper(apple())
    assert (0, None, None) == (stepper.position, stepper.step, stepper.back())
    assert "count" == stepper.jump(9).names(stepper.jump(9).target)  # type: ignore[union-attr]
    assert (None, 9) == (stepper.next(), stepper.position)
    for wrong in (-1, 10, 10**30):
        with pytest.raises(IndexError, match=r"they go from 0 to 9; the position is still 9"):
            stepper.jump(wrong)
    for wrong in (1.0, True, "3", None):
        with pytest.raises(TypeError, match="jump needs a whole number"):
            stepper.jump(wrong)  # type: ignore[arg-type]
    assert 9 == stepper.position


def test_run_to_a_label_a_node_an_operation_or_a_condition() -> None:
    price = apple()
    stepper = Stepper(price)

    def run_to(where: object) -> int:
        stepper.jump(0)
        return stepper.run_to(where).number  # type: ignore[arg-type]

    assert 3 == run_to("subtotal")
    assert 4 == run_to("tax")
    assert [3] * 5 == [run_to(where) for where in (multiply, multiply.primitive, "multiply", "×", price.parents[0])]
    assert 7 == run_to("abs(grad) > 10")
    assert 6 == run_to("grad > 0")
    assert 3 == run_to("data > 100")
    assert 7 == run_to("contribution >= 200")
    assert 8 == run_to("(upstream > 1.05)*(local > 1.5) > 0")
    assert 8 == run_to(lambda step: step.kind == "backward" and step.operand.label == "apple")
    stepper.jump(4)
    assert 7 == stepper.run_to("tax").number


def test_conditions_of_several_parts() -> None:
    """and, or, not, chains; equal is what is shown alike; what a step does not know decides nothing."""
    stepper = Stepper(apple())

    def run_to(where: str, start: int = 0) -> int:
        stepper.jump(start)
        return stepper.run_to(where).number

    assert 7 == run_to("grad == 200")
    assert 8 == run_to("grad == 2.2")
    assert 5 == run_to("data == 220")  # it is 220.00000000000003
    assert 220.0 < stepper.output.data
    assert 9 == run_to("grad == 110")
    assert 7 == run_to("grad != 0 and data < 2")
    assert 9 == run_to("grad > 1 and data == 2")
    assert 6 == run_to("grad > 1 and grad < 2") == run_to("1 < grad < 2")
    assert 3 == run_to("data > 150 or grad > 150")
    assert 7 == run_to("grad > 150 or data > 150", 6)
    assert 8 == run_to("not data > 150 and not (grad > 100 or upstream == 1)")
    assert 6 == run_to("not grad > 150")  # a forward step knows no gradient
    assert 2 == run_to("(data > 1)*(data <= 2) == 1")
    assert 1 == run_to("data\n == 100")


def test_conditions_see_the_recording() -> None:
    """A number that is edited afterwards changes no condition, no more than it changes a step."""
    price = apple()
    stepper = Stepper(price)
    leaf = next(node for node in topological(price) if node.label == "apple")
    leaf.data = 7.0
    assert 1 == stepper.run_to("data == 100").number
    assert 8 == stepper.run_to("data == 100").number


def test_a_breakpoint_that_never_hits_loses_nothing() -> None:
    stepper = Stepper(apple())
    stepper.jump(6)
    for never in ("grad > 1000", "count*", lambda step: False):
        with pytest.raises((LookupError, ValueError)):
            stepper.run_to(never)
        assert 6 == stepper.position
    with pytest.raises(LookupError, match=r"no step after 6 matches 'grad > 1000'; the position is still 6"):
        stepper.run_to("grad > 1000")
    stepper.jump(0)
    assert 7 == stepper.run_to("log(grad - 2.5) > 0").number  # not defined at smaller gradients, and no error there


def test_what_is_mistyped_is_said_at_once() -> None:
    price = apple()
    with pytest.raises(ValueError, match="did you mean 'apple'"):
        Stepper(price, breakpoints=["appel"])
    with pytest.raises(ValueError, match=r"names gradient; there are data, grad"):
        Stepper(price).run_to("gradient > 3")
    with pytest.raises(ValueError, match="is not in the graph"):
        Stepper(price).run_to(Value(1.0))
    with pytest.raises(TypeError, match="a place to stop"):
        Stepper(price).run_to(3)  # type: ignore[arg-type]
    for wrong, says in (
        ("grad = 110", "'grad = 110' has a single =: equality is written =="),
        ("grad > 1 and gradient > 3", r"names gradient; there are data, grad"),
        ("grad > 1 && data > 2", "'&' has no meaning"),
        ("grad ≥ 1", "write >="),
        ("grad > 1 in data", "'in' is a reserved word"),
        ("grad > 1 and", "this is no condition: 'grad > 1 and'; one is written as in"),
        ("grad is 1", "a condition is written as in 'abs\\(grad\\) > 10 and data < 2'"),
        ("not " * 5000 + "grad > 1", "no condition|too deeply"),
    ):
        with pytest.raises(ValueError, match=says):
            Stepper(price).run_to(wrong)
    for code in ("__import__('os').system('true') > 0", "().__class__ > 1", "grad > ", "grad == print()", "[x for x in grad] == 1"):
        with pytest.raises(ValueError):  # noqa: PT011 - the language's own messages
            Stepper(price).run_to(code)


def test_breakpoints() -> None:
    stepper = Stepper(apple(), breakpoints=["abs(grad) > 10", "subtotal"])
    assert [3, 6, 7, 9] == [stepper.run().number for _ in range(4)]  # type: ignore[union-attr]
    assert (None, 9) == (stepper.run(), stepper.position)
    stepper.breakpoints.clear()
    stepper.jump(0)
    assert (None, 9) == (stepper.run(), stepper.position)


def test_the_state_hides_what_is_to_come() -> None:
    price = apple()
    apple_, count, subtotal, tax, _ = order = topological(price)
    stepper = Stepper(price)
    stepper.jump(3)
    assert {apple_: 100.0, count: 2.0, subtotal: 200.0} == stepper.state.values
    assert {} == stepper.state.gradients
    stepper.jump(5)
    assert {price: 1.0} == stepper.state.gradients
    stepper.jump(7)
    assert {price: 1.0, subtotal: 1.1, tax: 200.0} == stepper.state.gradients
    stepper.jump(9)
    price.backward()
    assert {node: node.grad for node in order} == stepper.state.gradients


def test_the_view_of_a_terminal() -> None:
    stepper = Stepper(apple())
    stepper.jump(8)
    assert """\
step 8 of 9, backward
subtotal -> apple: upstream 1.1 × local 2 (∂(x·y)/∂x = y) = 2.2; apple.grad 0 + 2.2 = 2.2
   node      value  gradient
>  apple     100         2.2
   count       2         –
   subtotal  200         1.1
   tax         1.1     200
   price     220         1""" == stepper.view()
    assert str(stepper) == stepper.view()  # no colours where the output is no terminal
    assert "\033[" in stepper.view(color=True)
    assert "<Stepper at 8 of 9 steps, after subtotal -> apple" in repr(stepper)
    assert stepper.step is not None
    assert repr(stepper.step).startswith("<step 8: subtotal -> apple")


def big(links: int) -> Value:
    """A long chain beside a leaf of many uses."""
    x = Value(1.0, label="x")
    y = x
    for _ in range(links):
        y = y * 0.99 + x
    return y


@pytest.mark.slow
def test_a_graph_of_100_000_nodes_starts_at_once_in_bounded_memory() -> None:
    """Under a second, some hundred bytes a step, no step kept; any jump and any view is quick; the gradients are the engine's."""
    output = big(50_000)
    best = math.inf
    for _ in range(3):
        start = time.process_time()
        stepper = Stepper(output)
        best = min(best, time.process_time() - start)
    assert best < 1.0
    assert 100_001 + 150_000 == len(stepper)
    gc.collect()
    tracemalloc.start()
    stepper = Stepper(output)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200 * len(stepper)
    assert "… and" in stepper.view()
    assert len(stepper.view().splitlines()) < 40
    stepper.jump(len(stepper))
    output.backward()
    (x,) = [node for node in topological(output) if node.op is None]
    assert bits(x.grad) == bits(stepper.state.gradients[x])
    stepper.jump(0)
    assert {} == stepper.state.gradients


def test_deep_and_wide_graphs_need_no_recursion() -> None:
    deep: Value = Value(0.5, label="x")
    for _ in range(20_000):
        deep = sigmoid(deep)
    *_, last = steps(deep)
    assert "x" == last.names(last.target)
    assert len(str(last)) < 200


def test_a_leaf_alone_is_one_step() -> None:
    assert ["x = 3"] == [str(step) for step in steps(Value(3.0, label="x"))]
    assert {} != Stepper(Value(3.0)).jump(1).names.leaves  # type: ignore[union-attr]


def test_exports_are_lazy() -> None:
    """`import autograd` alone loads neither the stepping room nor the pictures."""
    import subprocess
    import sys

    code = "import sys, autograd; print(sorted(m for m in sys.modules if 'stepping' in m or 'graphviz' in m)); autograd.Stepper"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]\n" == done.stdout


def test_terminal_stepping_needs_no_extra() -> None:
    """Steps, the stepper and the explanation work where graphviz is absent; a page says what it needs."""
    import subprocess
    import sys

    code = """
import sys
sys.modules["graphviz"] = None
from autograd import MissingExtraError, Stepper, Value, exp, explain, log, steps
x = Value(2.0, label="x")
y = log(x) + exp(x)
print(len(list(steps(y))), explain(x, y).count, Stepper(y).view().splitlines()[0])
try:
    Stepper(y).write("page.html")
except MissingExtraError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert "8 2 before step 1 of 8: 4 forward, then 4 backward" == first
    assert "pictures and pages of steps need the extra `draw`: pip install 'glassgrad[draw]'" == second


def test_logs_and_exponentials_step_too() -> None:
    x = Value(2.0, label="x")
    assert "∂log(x)/∂x = 1/x" in str(list(steps(log(x)))[-1])
    assert "∂exp(x)/∂x = exp(x)" in str(list(steps(exp(x)))[-1])
