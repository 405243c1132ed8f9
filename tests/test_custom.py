"""Functions of any number of operands: an engineer's own, right ones and wrong ones, and how a graph shows them."""

import copy
import gc
import math
import pickle
import re

import pytest

from autograd import (
    GradientError,
    StaleGraphError,
    Value,
    check_gradients,
    compile,  # noqa: A004
    cos,
    custom_gradient,
    exp,
    explain,
    grad,
    gradient,
    hessian,
    jvp,
    no_grad,
    node_table,
    pack,
    scope,
    sin,
    sqrt,
    steps,
    tree,
)
from autograd.drawing.view import look
from autograd.graph import topological
from autograd.primitive import Interval
from autograd.program import TracingError
from autograd.testing import assert_primitive

# Twelve functions as an engineer writes them, each with a decorator.

POSITIVE = Interval(low=0.0)


@custom_gradient(lambda z, a, b, c: b * b * c**3, lambda z, a, b, c: 2.0 * a * b * c**3, lambda z, a, b, c: 3.0 * a * b * b * c * c)
def product(a, b, c):
    return a * b * b * c**3


@custom_gradient(None, lambda z, n, x: n * x ** (n - 1.0), domain={"n": Interval(1.0, 5.0), "x": POSITIVE})
def power_law(n, x):
    return x**n


@custom_gradient(lambda z, xs: [exp(x - z) for x in xs], lists="xs")
def log_sum_exp(xs):
    top = max(xs)
    return top + math.log(sum(math.exp(x - top) for x in xs))


@custom_gradient(
    lambda z, xs, ws: [*ws],
    lambda z, xs, ws: [*xs],
    lists=("xs", "ws"),
)
def dot(xs, ws):
    return math.fsum(x * w for x, w in zip(xs, ws, strict=True))


@custom_gradient(
    lambda z, x, low, high: (z - low) * (high - z) / (high - low), None, None, domain={"low": Interval(-5, -1), "high": Interval(1, 5)}
)
def squashed(x, low, high):
    return low + (high - low) / (1.0 + math.exp(-x)) if x > -700.0 else low


@custom_gradient(lambda z, m, g, h: g * h, lambda z, m, g, h: m * h, lambda z, m, g, h: m * g)
def potential(m, g, h):
    """Energy of a mass at a height."""
    return m * g * h


@custom_gradient(lambda z, p, n, t: z / p, lambda z, p, n, t: z / n, lambda z, p, n, t: -z / t, domain=POSITIVE)
def gas(p, n, t):
    return p * n / t


@custom_gradient(lambda z, a, b, c, d: d, lambda z, a, b, c, d: -c, lambda z, a, b, c, d: -b, lambda z, a, b, c, d: a)
def determinant(a, b, c, d):
    return a * d - b * c


@custom_gradient(
    lambda z, t, a, w: a * w * cos(w * t), lambda z, t, a, w: sin(w * t), lambda z, t, a, w: a * t * cos(w * t), domain=Interval(-9.0, 9.0)
)
def wave(t, a, w):
    return a * math.sin(w * t)


@custom_gradient(lambda z, x: x / z, domain=POSITIVE)
def length(x):
    return math.sqrt(x * x)


@custom_gradient(lambda z, xs, c: [2.0 * c * x for x in xs], lambda z, xs, c: sum(x * x for x in xs), lists=["xs"])
def energy(xs, c):
    return c * sum(x * x for x in xs)


@custom_gradient(lambda z, x, y, w: x / z, lambda z, x, y, w: y / z, lambda z, x, y, w: w / z, domain=Interval(0.5, 100.0))
def norm(x, y, w):
    return math.sqrt(x * x + y * y + w * w)


RIGHT = [product, power_law, log_sum_exp, dot, squashed, potential, gas, determinant, wave, length, energy, norm]


@pytest.mark.parametrize("function", RIGHT, ids=lambda function: function.__name__)
def test_right_functions_are_green_on_the_first_try(function):
    """A decorator and one call are all that a right rule needs, whatever the operands are."""
    assert assert_primitive(function)["rules"] > 50


def wrong(*rules, **told):
    return custom_gradient(*rules, **told)


@wrong(
    lambda z, a, b, c: b * c,
    lambda z, a, b, c: a * c * (2.0 if 4.5 <= float(getattr(b, "data", b)) <= 4.9 else 1.0),
    lambda z, a, b, c: a * b,
)
def interval(a, b, c):
    return a * b * c


@wrong(lambda z, a, b, c, d: d, lambda z, a, b, c, d: c, lambda z, a, b, c, d: -b, lambda z, a, b, c, d: a)
def minor(a, b, c, d):
    return a * d - b * c


@wrong(lambda z, xs: [x for x in xs], lists="xs")  # noqa: C416
def half(xs):
    return sum(x * x for x in xs)


@wrong(None, lambda z, n, x: n * x**n, domain={"n": Interval(1.0, 5.0), "x": POSITIVE})
def exponent(n, x):
    return x**n


@wrong(lambda z, a, b, c: 1.0, lambda z, a, b, c: 1.0, lambda z, a, b, c: 2.0 * math.fabs(c) * math.copysign(1.0, c))
def frozen(a, b, c):
    return a + b + c * c


WRONG = {
    interval: r"∂interval/∂b at a=.*, b=.*, c=.*: the rule gives .*, but differences .*; wrong at .*, all with b in 4.* … 4.*",
    minor: r"∂minor/∂b at a=.*, d=.*: the rule gives .*, but differences of the function give .*; wrong at .*, all with b in −.* … .*",
    half: r"∂half/∂xs\[0\] at xs\[0\]=.*, xs\[2\]=.*: the rule gives .*; wrong at .*, all with xs\[0\] in −.* … .*",
    exponent: r"∂exponent/∂x at n=.*, x=.*: the rule gives .*; wrong at .*, all with x in .* … .*",
    frozen: r"∂²frozen/∂c∂c at .*: gradient of gradient gives 0\.0, but differences of the rule for c give 2\.0.*further=False",
}


@pytest.mark.parametrize("function", WRONG, ids=lambda function: function.__name__)
def test_wrong_functions_say_what_is_wrong_by_how_much_and_where(function):
    """Each wrong operand is one line: the operation, the operand, both numbers, and from where to where."""
    with pytest.raises(AssertionError) as caught:
        assert_primitive(function)
    line = str(caught.value).splitlines()[0]
    assert re.search(WRONG[function], line), line


# Derivatives.


def plain(a, b, c):
    return a * b * b * c**3


def test_derivatives_of_every_order_and_both_modes_are_those_of_the_same_function_of_rows():
    """Gradients, tangents, second and third derivatives of a function of three operands, with shared operands and constants, too."""
    point = (2.0, 3.0, 1.5)
    for f in (lambda a, b, c: (a, b, c), lambda a, b, c: (a * b, b, a), lambda a, b, c: (c, c, c), lambda a, b, c: (a, 2.0, b + c)):
        mine, theirs = (lambda a, b, c, f=f, g=g: g(*f(a, b, c)) * b for g in (product, plain))
        for found, expected in zip(
            (grad(mine, argnums=(0, 1, 2))(*point), jvp(mine, point, (1.0, -2.0, 0.5))),
            (grad(theirs, argnums=(0, 1, 2))(*point), jvp(theirs, point, (1.0, -2.0, 0.5))),
            strict=True,
        ):
            assert expected == pytest.approx(found, rel=1e-13)
        one = hessian(lambda v, mine=mine: mine(*v))([*point])
        two = hessian(lambda v, theirs=theirs: theirs(*v))([*point])
        assert all(row == pytest.approx(other, rel=1e-12) for row, other in zip(two, one, strict=True))
        third = [grad(grad(grad(lambda t, g=g: g(t, t + 1.0, t * t))))(1.5) for g in (mine, theirs)]
        assert third[1] == pytest.approx(third[0], rel=1e-12)


def test_modes_nest():
    """Forward over reverse is reverse over reverse."""
    backwards = grad(grad(lambda x: product(x, x, 2.0)))(1.5)
    forwards = jvp(lambda x: grad(lambda y: product(y, y, 2.0))(x), (1.5,), (1.0,))[1]
    assert backwards == pytest.approx(forwards, rel=1e-14)


def test_a_list_may_have_any_length_and_hold_numbers_among_values():
    """Each number in a list is an operand."""
    x, y = Value(1.0), Value(2.0)
    z = energy([x, 3.0, y, x], 2.0)
    z.backward()
    assert (30.0, 8.0, 8.0) == (z.data, x.grad, y.grad)
    assert 10.0 == energy([1.0, 2.0], 2.0)
    many = [Value(1.0) for _ in range(150)]
    energy(many, 0.5).backward()
    assert [1.0] * 150 == [x.grad for x in many]
    with pytest.raises(TypeError, match="energy needs a list of numbers as xs"):
        energy(1.0, 2.0)
    with pytest.raises(ValueError, match="log_sum_exp needs at least one number"):
        log_sum_exp([])
    short = custom_gradient(lambda z, xs: [1.0], lists="xs")(lambda xs: sum(xs))
    with pytest.raises(TypeError, match=r"the rule of custom for xs returns one derivative for each of 2 number\(s\), but got 1"):
        short([x, y])


def test_sums_in_rules_are_the_same_on_floats_and_on_values():
    """Python's `sum` corrects the rounding of floats from 3.12 on, and not of Values: a rule says the same to both all the same."""
    total = custom_gradient(lambda z, xs: [sum(exp(x) * x for x in xs)] * len(xs), lists="xs", surrogate=True)(lambda xs: sum(xs))
    for numbers in ([0.1, 0.2, -0.3], [1.3, 2.0, -2.0], [1e16, 1.0, -1e16], [0.1] * 10):
        xs = [Value(min(x, 3.0)) for x in numbers]
        z = total(xs)
        z.backward()
        assert xs[0].grad == gradient(z, xs[0]).data
        assert type(xs[0].grad) is float


def test_what_no_function_takes_is_refused():
    """A Value where there is no rule, too few operands, texts, and numbers outside of the domain, by the function's own names."""
    x = Value(1.0)
    with pytest.raises(TypeError, match="power_law needs a plain number as n, but got Value"):
        power_law(x, x)
    with pytest.raises(TypeError, match="power_law needs a plain number as n"):
        grad(lambda n: power_law(n, 2.0))(3.0)
    with pytest.raises(TypeError, match="product takes a, b, c, but got 2"):
        product(x, 1.0)
    with pytest.raises(TypeError, match="product needs a number"):
        product(x, "1", 2.0)
    with pytest.raises(ValueError, match="each name in lists"):
        custom_gradient(lambda z, x: 1.0, lists="y")(lambda x: x)
    nowhere = custom_gradient(*(lambda z, a, b, c: 1.0 / sqrt(c),) * 3)(lambda a, b, c: a + b + abs(c) ** 0.5)
    with pytest.raises(GradientError, match=r"∂\(custom\(a, b, c\)\)/∂c at a=1.0, b=1.0, c=0.0 .*does not exist|∂\(custom"):
        nowhere(x, x, Value(0.0)).backward()
    masked = Value(0.0)
    (masked * nowhere(x, x, Value(0.0))).backward()
    assert 2.0 == masked.grad
    assert "the rule has no value here" in str(check_gradients(lambda x, c: nowhere(x, x, c) * 2.0, 1.0, 0.0))


def test_a_program_refuses_by_name():
    """compile and pack say which function they cannot take, and what to do."""
    with pytest.raises(TracingError, match=r"product cannot be in a program.*function of a, b, c"):
        compile(lambda x: product(x, x, 2.0))(1.0)
    with pytest.raises(TracingError, match="product cannot be in a program"):
        pack(lambda x: product(x, x, 2.0))([1.0, 2.0])


# How a graph shows it.


def graph():
    a, b, c = (Value(x, label=name) for name, x in (("a", 2.0), ("b", 3.0), ("c", 1.5)))
    return a, b, c, product(a + b, 5.0, c) * product(a, b, c)


def test_one_box_with_an_arrow_for_each_operand():
    """Pictures show a function of three operands as one operation; each arrow has its own local derivative, a constant is one operand."""
    a, b, c = (Value(x, label=name) for name, x in (("a", 2.0), ("b", 3.0), ("c", 1.5)))
    for args in ((a, b, c), (a, 3.0, c), (2.0, 3.0, c), (c, c, c)):
        z = product(*args)
        view = look([z])
        (box,) = [box for box in view.boxes if box.kind == "operation"]
        arrows = [link for link in view.connections if link.head is box]
        assert ("product", 1, False) == (box.symbol, box.count, box.edited)
        assert [getattr(x, "data", x) for x in args] == [link.tail.value for link in arrows]
        fresh = [Value(getattr(x, "data", x)) for x in args]
        expected = [derivative.data for derivative in gradient(plain(*fresh), fresh)]
        found = [link.local if link.local is not None else None for link in arrows]
        assert [e if isinstance(x, Value) else None for e, x in zip(expected, args, strict=True)] == pytest.approx(found)
    a.data = 5.0
    assert look([product(a, b, c)]).boxes[-2].edited is False


def test_a_scope_counts_it_once():
    """In a box for a scope, a function of three operands is one node."""
    a, b, c = Value(2.0), Value(3.0), Value(1.5)
    with scope("layer"):
        z = product(a, b, c) + product(a, 5.0, c)
    assert [3] == [box.count for box in look([z], fold=1).boxes if box.kind == "group"]


def test_a_part_of_a_picture_has_the_function_whole_or_not_at_all():
    """Around a node, and along paths, a function keeps its one box."""
    _, b, c, z = graph()
    for view in (look([z], around=c, radius=1), look([z], paths=(c, z)), look([z], around=b, radius=1)):
        assert all(box.symbol in ("product", "×", "+", "") for box in view.boxes)
        assert len([box for box in view.boxes if box.symbol == "product"]) <= 2


def test_steps_are_one_forward_and_one_backward_for_each_operand_and_end_where_backward_does():
    """The steps of a function of three operands, and bit for bit the gradients of backward()."""
    a, b, c, z = graph()
    lines = [*map(str, steps(z, apply=True))]
    stepped = [x.grad for x in (a, b, c)]
    for x in (a, b, c):
        x.grad = 0.0
    z.backward()
    assert [x.grad for x in (a, b, c)] == stepped
    assert 1 == sum(line.startswith("product(a, b, c) = ") for line in lines)
    assert 3 == sum(line.startswith("product(a, b, c) -> ") for line in lines)
    assert any(line.startswith("product(a + b, 5, c) = product(5, 5, 1.5) = ") for line in lines)


def test_texts_show_one_operation():
    """Trees, explanations, tables and checks have a line for the function, not one for each operand."""
    _, _, c, z = graph()
    assert "(product) = 60.75" in str(tree(z))
    assert str(tree(z)).count("(product)") == 2
    assert "c along 2 paths" in str(explain(c, z))
    assert [3, 3] == [len(row["operands"]) for row in node_table(z) if row["op"] == "product"]
    report = check_gradients(lambda a, b, c: product(a, b, c) * b, 2.0, 3.0, 1.5, order=2)
    assert ["a", "b", "c", "#3", "#4"] == [found.name for found in report.nodes][:5]
    assert [] == report.mistakes
    assert [] == check_gradients(lambda x: product(x, x, x) * x, 1.5, order=2).mistakes
    assert ["xs[0]", "xs[1]", "c", "#3"] == [found.name for found in check_gradients(energy, [1.0, 2.0], 3.0).nodes]
    guilty = check_gradients(lambda *x: minor(*x) * x[0], 2.0, 3.0, 1.5, 0.5).guilty
    assert ["edge minor: ∂(minor(a, b, c, d))/∂b at a=2.0, b=3.0, c=1.5, d=0.5"] == [
        str(found).partition(": recorded")[0] for found in guilty
    ]


# As a Python object.


def test_copies_know_their_own_operands():
    """A deep copy can be differentiated again, by its own leaves; a pickle is refused as for every function that is in no table."""
    a, b, c, z = graph()
    again = copy.deepcopy(z)
    mine = {node.label: node for node in topological(again) if node.label}
    assert [x.data for x in gradient(z, [a, b, c])] == [x.data for x in gradient(again, [mine[name] for name in "abc"])]
    with pytest.raises(TypeError, match="cannot pickle a node made by product"):
        pickle.dumps(z)


def test_edited_numbers_are_told():
    """A rule that is asked on Values sees that data was edited since."""
    a, b, c = Value(2.0), Value(3.0), Value(1.5)
    z = product(a, b, c)
    a.data = 7.0
    with pytest.raises(StaleGraphError, match=r"∂\(product"):
        gradient(z, b)


def test_long_chains_and_no_graph():
    """A graph of 20,000 such functions is made, swept and freed without recursion; under no_grad() there is none; nothing is a cycle."""
    x = start = Value(1.0)
    for _ in range(20_000):
        x = product(x, 1.0, 1.0)
    x.backward()
    assert 1.0 == start.grad
    gc.collect()
    gc.disable()
    try:
        del x
        product(start, start, start)
        assert 0 == gc.collect()
    finally:
        gc.enable()
    with no_grad():
        assert product(start, start, start).op is None
