"""Packed programs compute what the engine computes, on every graph; and each pass does what it says."""

from __future__ import annotations

import itertools
import math
import random
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from autograd import (
    AutogradError,
    Value,
    above,
    clip,
    custom_gradient,
    elu,
    exp,
    heaviside,
    hypot,
    leaky_relu,
    log,
    maximum,
    minimum,
    no_grad,
    relu,
    sign,
    sqrt,
    stop_gradient,
    tanh,
    where,
)
from autograd import abs as ag_abs
from autograd.primitive import PRIMITIVES, Primitive, function_of
from autograd.program import compile as compiled
from autograd.proof import SPECIAL, random_operands

np = pytest.importorskip("numpy")

from autograd import pack  # noqa: E402
from autograd.packing.align import align, edges  # noqa: E402
from autograd.packing.arrays import Each, kernel  # noqa: E402
from autograd.packing.fuse import LARGEST, SUM  # noqa: E402
from autograd.packing.grids import Product, matrix_products  # noqa: E402
from autograd.packing.packed import Packed  # noqa: E402
from autograd.packing.plan import plan  # noqa: E402
from autograd.packing.views import Strided, common, factors, regular  # noqa: E402

from .random_functions import Function, random_function  # noqa: E402
from .random_programs import RandomProgram, thresholds  # noqa: E402
from .rounding import UNIT, distances  # noqa: E402

INPUT, SHARED, PARAM = range(3)


def eagerly(f: Any, numbers: list[float]) -> tuple[float, list[float], float, list[float]]:
    """Value and gradients by the engine, and how far off both may be."""
    leaves = [Value(x, label=f"x{i}") for i, x in enumerate(numbers)]
    output = f(*leaves)
    if not isinstance(output, Value) or output.op is None:
        raise AutogradError("constant")
    output.backward()
    off, errors = distances(output)
    return output.data, [x.grad for x in leaves], off, [errors.get(x, 0.0) for x in leaves]


class Case:
    """A function with some of its numbers batched, some shared and some parameters, and examples at which it has a value."""

    def __init__(self, rng: random.Random, most: int = 12) -> None:
        self.f: Function
        self.f, start = random_function(rng, most)
        self.sort = [rng.choice((INPUT, INPUT, SHARED, PARAM)) for _ in start]
        self.sort[rng.randrange(len(start))] = INPUT
        self.examples = []
        self.found = []
        for i in range(rng.choice((1, 2, 3, 9))):
            numbers = [
                x if not i or kind != INPUT or rng.random() < 0.5 else rng.uniform(-2.0, 2.0)
                for x, kind in zip(start, self.sort, strict=True)
            ]
            try:
                self.found.append(eagerly(self.f, numbers))
            except AutogradError:
                continue
            self.examples.append(numbers)
        self.rng = rng

    def at(self, kind: int, row: list[Any]) -> list[Any]:
        return [x for x, own in zip(row, self.sort, strict=True) if own == kind]

    def program(self, **options: Any) -> tuple[Any, tuple[Any, ...]]:
        """The packed function, and its arguments."""
        params = [Value(x) for x in self.at(PARAM, self.examples[0])]

        def f(xs: list[Any], shared: list[Any]) -> Any:
            kinds = [iter(xs), iter(shared), iter(params)]
            return self.f(*(next(kinds[kind]) for kind in self.sort))

        wrt = "all" if params else "arguments"
        program = pack(f, params=params, shared=(1,), **{"wrt": wrt, "verify": False, **options})
        return program, ([self.at(INPUT, row) for row in self.examples], self.at(SHARED, self.examples[0]))


def compare(case: Case, outcome: Any, scale: float) -> None:
    """Value and gradients are within the bound of the sum of the examples', times the scale."""
    count = len(case.examples)
    values = [found[0] for found in case.found]
    bound = sum(found[2] for found in case.found) + 4 * count * UNIT * sum(map(abs, values))
    assert abs(outcome.value - scale * math.fsum(values)) <= scale * bound, (case.f, outcome.value, values, bound)
    inputs, shared, *params = outcome.gradients
    for k, (_, gradient, _, errors) in enumerate(case.found):
        expected = case.at(INPUT, gradient)
        for got, g, error in zip(inputs[k].tolist(), expected, case.at(INPUT, errors), strict=True):
            assert abs(got - scale * g) <= scale * (error + 4 * UNIT * abs(g)) + 1e-300, (case.f, case.examples[k], got / scale, g, error)
    for kind, got_all in ((SHARED, shared), (PARAM, params[0].tolist() if params else [])):
        columns = [case.at(kind, found[1]) for found in case.found]
        errors_of = [case.at(kind, found[3]) for found in case.found]
        for j, got in enumerate(got_all):
            sizes = [abs(column[j]) for column in columns]
            bound = sum(column[j] for column in errors_of) + 4 * count * UNIT * sum(sizes)
            expected = math.fsum(column[j] for column in columns)
            assert abs(got - scale * expected) <= scale * bound + 1e-300, (case.f, case.examples, kind, j, got / scale, expected, bound)


def compare_sums(outcome: Any, found: list[Any]) -> None:
    """Value and gradients by the inputs are within the bound of the examples'."""
    bound = sum(off for _, _, off, _ in found) + 4 * len(found) * UNIT * sum(abs(value) for value, *_ in found)
    assert abs(outcome.value - math.fsum(value for value, *_ in found)) <= bound
    for row, (_, gradient, _, errors) in zip(outcome.gradients[0].tolist(), found, strict=True):
        for got, g, error in zip(row, gradient, errors, strict=True):
            assert abs(got - g) <= error + 4 * UNIT * abs(g) + 1e-300


one_by_one = Packed._one_by_one


def only_where_one_is_missing(self: Packed, batch: Any, variant: Any, same: Any, xs: Any, names: Any, seed: float) -> Any:
    """By arrays alone, but where a local derivative does not exist: there the engine decides what it is worth."""
    numbers = np.zeros(len(batch.form.batched))
    numbers[~batch.form.batched] = same
    found = []
    for i in range(len(names)):
        numbers[batch.form.batched] = np.concatenate([x[i] for x in xs])
        nodes = [node for node in variant.scalar.nodes(numbers.tolist()) if isinstance(node, Value)]
        found += [partial for node in nodes for partial in node.partials]
    assert any(map(math.isnan, found)), "the arrays were in trouble without need"
    return one_by_one(self, batch, variant, same, xs, names, seed)


@pytest.mark.slow
@settings(max_examples=250)
@given(st.randoms(use_true_random=False))
def test_any_function_with_any_arguments_batched(rng: random.Random) -> None:
    """Sum and mean, in one block or in many, equal the engine's inside the rounding bound."""
    case = Case(rng)
    if not case.examples:
        return
    count = len(case.examples)
    batch = rng.choice(("mean", "sum"))
    program, args = case.program(batch=batch, memory=rng.choice((1, 300, 2**23)))
    scale = 1.0 / count if batch == "mean" else 1.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Packed, "_one_by_one", only_where_one_is_missing)
        for _ in range(2):  # a second time in the arrays of the first
            compare(case, program(*args), scale)


@pytest.mark.slow
@settings(max_examples=100)
@given(st.randoms(use_true_random=False))
def test_any_function_without_a_batch(rng: random.Random) -> None:
    """Arrays for a single example, where nothing has an axis for examples."""
    f, start = random_function(rng, 15)
    try:
        value, gradient, off, errors = eagerly(f, start)
    except AutogradError:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("autograd.packing.recordings.WORTH", 0.0)
        program = pack(lambda xs: f(*xs), batch=None, verify=False)
        for _ in range(2):
            got, (found,) = program(start)
            assert abs(got - value) <= off + 4 * UNIT * abs(value)
            for x, g, error in zip(found, gradient, errors, strict=True):
                assert abs(x - g) <= error + 4 * UNIT * abs(g) + 1e-300, (f, start, x, g, error)
    assert not program.latest().alone


@settings(max_examples=150)
@given(st.randoms(use_true_random=False))
def test_any_program_with_every_sort_of_argument(rng: random.Random) -> None:
    """Whatever an argument is for, however wide it is, and on whichever side of each size threshold: within the rounding bound."""
    with thresholds(rng):
        case = RandomProgram(rng)
        if not case.judged(eagerly):
            return
        count = len(case.examples)
        batch = rng.choice(("mean", "sum"))
        wrt = rng.choice(("params", "arguments", "all")) if case.has_params else "arguments"
        program, args = case.program(batch=batch, wrt=wrt, memory=rng.choice((1, 300, 2**23, 2**23)))
        for shard in (None, rng.choice((None, 1, 2))):
            case.compare(program(*args, shard=shard), wrt, 1.0 if batch == "sum" else 1.0 / count, UNIT)


def test_a_gram_matrix_of_a_reversed_vector() -> None:
    """Addresses that run backwards over one another: each gradient arrives once."""

    def f(x: Any) -> Any:
        rows = [[x[2], x[1]], [x[1], x[0]]]
        return sum((tanh(row[0] * other[0] + row[1] * other[1]) for row in rows for other in rows), 0.0)

    for batch in ("sum", None):
        leaves = [Value(x) for x in (0.5, -0.3, 0.8)]
        f(leaves).backward()
        numbers = [leaf.data for leaf in leaves]
        _, (found,) = pack(f, batch=batch)([numbers] if batch else numbers)
        assert np.ravel(found).tolist() == pytest.approx([leaf.grad for leaf in leaves], rel=1e-14)


def test_blocks_keep_to_the_memory() -> None:
    """A batch far larger than the memory is computed in about so much, whatever its size."""
    model = nn.MLP(20, [30, 1], rng=0)
    program = pack(lambda x: model(x), params=model, memory=2**20)
    given = np.ones((20000, 20))
    program(given[:100])
    tracemalloc.start()
    program(given)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * 2**20


def test_the_bound_is_narrow() -> None:
    """Half of all gradients are held to less than 1e-14 of their size, and nine in ten to less than 1e-9."""
    rng, widths = random.Random(1), []
    for _ in range(100):
        for _, gradient, _, errors in Case(rng).found:
            widths += [error / (abs(g) + 1e-9) for g, error in zip(gradient, errors, strict=True)]
    widths.sort()
    assert len(widths) > 300
    assert widths[len(widths) // 2] < 1e-14
    assert widths[len(widths) * 9 // 10] < 1e-9


@pytest.mark.slow
@settings(max_examples=150)
@given(st.randoms(use_true_random=False))
def test_any_batch_with_bad_examples(rng: random.Random) -> None:
    """Where the engine raises at an example, the packed program raises the same class and names the first such; else it has a result."""
    f, start = random_function(rng, 8)
    numbers = list(start)
    for step in f.steps:
        numbers += step(numbers)
    f.ends = list(range(len(numbers)))  # nothing is dead: what is dead cannot fail
    hostile = (0.0, 1.0, -1.0, 720.0, -720.0, 1e-300)
    examples = [start] + [[rng.choice((x, rng.uniform(-2.0, 2.0), *hostile)) for x in start] for _ in range(rng.randint(1, 11))]
    raised: list[AutogradError | None] = []
    for row in examples:
        try:
            eagerly(f, row)
            raised.append(None)
        except AutogradError as error:
            raised.append(error)
    program = pack(lambda xs: f(*xs), batch="sum", verify=False, memory=rng.choice((1, 300, 2**23)))
    first = next((i for i, error in enumerate(raised) if error), None)
    if first is None:
        assert math.isfinite(program(examples).value)
        return
    with pytest.raises(AutogradError) as caught:
        program(examples)
    assert type(caught.value) is type(raised[first]), (f, examples[first])
    assert str(caught.value).endswith(f"this is example {first} of the batch")
    good = [row for row, error in zip(examples, raised, strict=True) if not error]
    if good:  # nothing is left broken
        compare_sums(program(good), [eagerly(f, row) for row in good])


# ------------------------------------------------------------------------------------------------------------------------
# Kinks, strong zeros, networks


def gradients(f: Any, xs: list[float]) -> tuple[float, list[float]]:
    """Of the sum over these numbers, packed."""
    value, (found,) = pack(f, batch="sum")(xs)
    return value, found.tolist()


@pytest.mark.parametrize(
    "f",
    [
        relu,
        ag_abs,
        lambda x: maximum(x, -x),
        lambda x: maximum(x, 0.0) + minimum(0.0, x),
        lambda x: x * heaviside(x) + sign(x),
        lambda x: leaky_relu(x, 0.25) + elu(x, 0.5),
        lambda x: maximum(maximum(x, 0.0), maximum(0.0, x)),
        lambda x: clip(x, 0.0, 1.0) * 3.0,
        lambda x: above(x, 0.0) * x,
    ],
)
def test_kinks(f: Any) -> None:
    """At a kink or a tie the gradient is the engine's, to the bit."""
    numbers = [0.0, -0.0, 1.0, -1.0, 2.0, 5e-324, -5e-324]
    expected = []
    for number in numbers:
        x = Value(number)
        f(x).backward()
        expected.append(x.grad)
    assert expected == gradients(f, numbers)[1]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: sqrt(x) * 0.0,
        lambda x: where(heaviside(x), sqrt(where(heaviside(x), x, 1.0)), 0.0),
        lambda x: log(where(heaviside(x), x, 1.0)) * heaviside(x),
        lambda x: hypot(x, 0.0) * 0.0,
    ],
)
def test_a_gradient_of_zero_hands_nothing_on(f: Any) -> None:
    """0 times a local derivative that is infinite is 0, and the constant 0 masks one that does not exist: the arrays do it themselves."""
    numbers = [0.0, 1.0, 0.0, 4.0]
    expected = []
    for number in numbers:
        x = Value(number)
        f(x).backward()
        expected.append(x.grad)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Packed, "_one_by_one", None)
        assert expected == gradients(f, numbers)[1]


def test_what_is_remembered_by_nobody() -> None:
    """Through stop_gradient, detach() and no_grad() no gradient flows, but the numbers do."""

    def f(x: Any) -> Any:
        with no_grad():
            a = x * x
        return x * stop_gradient(x * 3.0) + a * x + (x * 2.0).detach() * x

    value, found = gradients(f, [1.0, 2.0, -3.0])
    assert value == 3.0 + 12.0 + 27.0 + 1.0 + 8.0 - 27.0 + 2.0 + 8.0 + 18.0
    assert found == [6.0, 14.0, -6.0]


@pytest.mark.parametrize("width", [3, 70])  # from 64 inputs on they are read where they lie
@pytest.mark.parametrize("batch", ["mean", "sum"])
def test_a_network(width: int, batch: Any) -> None:
    """Loss and gradients of a small network, by parameters and inputs, equal those of the engine, whatever the blocks."""
    model = nn.MLP(width, [5, 4, 1], rng=1)
    rng = np.random.default_rng(0)
    X, T = rng.normal(size=(13, width)), rng.normal(size=13)
    total = np.zeros(len(model.parameters()))
    inputs, values = [], []
    for x, t in zip(X.tolist(), T.tolist(), strict=True):
        leaves = [Value(number) for number in x]
        model.zero_grad()
        loss = (model(leaves) - t) ** 2
        loss.backward()
        values.append(loss.data)
        inputs.append([leaf.grad for leaf in leaves])
        total += [p.grad for p in model.parameters()]
    scale = 1 / 13 if batch == "mean" else 1.0
    for memory in (1, 2000, 2**23):
        program = pack(lambda x, t: (model(x) - t) ** 2, params=model, batch=batch, wrt="all", memory=memory)
        value, (by_x, _, by_params) = program(X, T)
        assert value == pytest.approx(scale * sum(values), rel=1e-13)
        assert np.abs(by_params - scale * total).max() < 1e-13 * np.abs(total).max()
        assert np.abs(by_x - scale * np.array(inputs)).max() < 1e-13
        only = pack(lambda x, t: (model(x) - t) ** 2, params=model, batch=batch, memory=memory)(X, T)
        assert only.gradients[:2] == (None, None)
        assert np.abs(only.gradients[2] - by_params).max() <= 1e-13 * np.abs(total).max()
        program = pack(lambda x, t: (model(x) - t) ** 2, params=model, batch=batch, wrt="arguments", memory=memory)
        assert np.abs(program(X, T).gradients[0] - by_x).max() < 1e-13


# ------------------------------------------------------------------------------------------------------------------------
# The rows on arrays


@pytest.mark.parametrize("op", PRIMITIVES.values(), ids=lambda op: op.name)
def test_a_row_on_arrays(op: Primitive) -> None:
    """On arrays a row has the engine's values, up to 4 units in the last place, and tells by a floating-point error where it has none."""
    rng = random.Random(2)
    points = [random_operands(rng, op) for _ in range(300)]
    points += [tuple(rng.choice([x for x in SPECIAL if math.isfinite(x)]) for _ in op.operands) for _ in range(300)]
    inside, outside, expected = [], [], []
    for point in points:
        try:
            expected.append(op.kinds[float](*point))
            inside.append(point)
        except AutogradError:
            outside.append(point)
    function = kernel(op)
    with np.errstate(over="raise", divide="raise", invalid="raise", under="ignore"):
        found = function(*np.array(inside).T)
        out = np.empty_like(found)
        if isinstance(function, np.ufunc):
            function(*np.array(inside).T, out=out)
        else:
            function(*np.array(inside).T, out)
    assert (found == out).all()
    loss = op.loss["z"][0] if "z" in op.loss else lambda z, *operands: 0.0
    off = [abs(x - y) - loss(y, *point) for x, y, point in zip(found.tolist(), expected, inside, strict=True)]
    assert max(x / math.ulp(y) for x, y in zip(off, expected, strict=True)) <= (0 if isinstance(function, Each) else 4)
    for point in outside:
        with np.errstate(over="raise", divide="raise", invalid="raise", under="ignore"), pytest.raises(FloatingPointError):
            function(*(np.full(3, x) for x in point))


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "abs", "sqrt", "negate", "multiply", "sign"])
def test_a_zero_on_arrays_has_the_engine_s_sign(name: str) -> None:
    """-0.0 is not 0.0."""
    op, signs = PRIMITIVES[name], (0.0, -0.0, 2.0, -2.0)
    for point in itertools.product(*[signs] * len(op.operands)):
        if name != "sqrt" or point[0] >= 0.0:
            assert repr(op.forward(*point)) == repr(float(kernel(op)(*(np.array([x]) for x in point))[0]))


def test_every_row_is_packed_with_its_derivatives() -> None:
    """Over a batch of points, every row's packed gradients are the engine's up to rounding."""
    rng = random.Random(3)
    for op in PRIMITIVES.values():
        points = []
        for _ in range(60):
            point = random_operands(rng, op)
            if op.partials[-1] is None:
                point = (point[0], 3.0)
            leaves = [Value(x) for x in point]
            try:
                function_of(op)(*leaves[: 1 + (op.partials[-1] is not None)], *([3.0] if op.partials[-1] is None else [])).backward()
            except AutogradError:
                continue
            if abs(op.kinds[float](*point)) < 1e300:  # or the sum of all may be beyond the floats
                points.append((point, [leaf.grad for leaf in leaves]))
        if op.partials[-1] is None:
            program = pack(lambda xs, op=op: function_of(op)(xs[0], 3.0), batch="sum")
        else:
            program = pack(lambda xs, op=op: function_of(op)(*xs), batch="sum")
        _, (found,) = program([point for point, _ in points])
        for (point, expected), got in zip(points, found.tolist(), strict=True):
            for x, y in zip(expected, got, strict=True):
                assert abs(x - y) <= 1e-12 * abs(x) + 1e-290, (op.name, point, expected, got)


def test_a_row_of_ones_own() -> None:
    """custom_gradient and register make rows for arrays too; one of the table's name that is another's is not taken for it."""

    @custom_gradient(lambda z, x: 7.0 * x)
    def exp(x: float) -> float:
        return x + 1.0

    value, found = gradients(lambda x: exp(x) * 2.0, [1.0, 2.0])
    assert value == 10.0
    assert found == [14.0, 28.0]


# ------------------------------------------------------------------------------------------------------------------------
# The passes


def tape_of(f: Any, count: int) -> Any:
    return compiled(f, verify=False).record((tuple, ((list, (("number",),) * count),)), [0.5 + 0.1 * i for i in range(count)])


def planned(f: Any, count: int, batched: list[int] | None = None) -> Any:
    differs = np.array([batched is None or i in batched for i in range(count)])
    return plan(tape_of(f, count), differs, np.ones(count, bool))


def test_fused_sums() -> None:
    """A chain of + over × is one node; what is used twice, or is the output of a branch, keeps its number."""
    graph = planned(lambda x: x[0] * x[1] + x[2] * x[3] + x[4], 5).graph
    assert [SUM] == graph.op[graph.nodes].tolist()
    assert [len(column) for column in graph.products] == [2, 2, 2]
    assert graph.terms[1].tolist() == [4]
    assert graph.level.max() == 1

    def twice(x: Any) -> Any:
        s = x[0] + x[1]
        return s * s + s

    assert len(planned(twice, 2).graph.nodes) == 2


def test_fused_maxima() -> None:
    """Maxima through which no gradient goes are one node; where it goes, pairs stay, for a tie is shared out pair by pair."""

    def softmax(x: Any) -> Any:
        largest = maximum(maximum(x[0], x[1]), x[2])
        return sum((exp(xi - stop_gradient(largest)) for xi in x), 0.0)

    def hard(x: Any) -> Any:
        return maximum(maximum(x[0], x[1]), x[2])

    assert planned(softmax, 3).graph.op[planned(softmax, 3).graph.nodes].tolist().count(LARGEST) == 1
    assert len(planned(hard, 3).graph.nodes) == 2


def test_what_nobody_needs_is_left_out() -> None:
    """Dead nodes are gone, constants are computed, and equal constants are one."""

    def f(x: Any) -> Any:
        _ = exp(x[0]) * x[1]
        return x[0] * 3.0 + x[1] * 3.0

    graph = planned(f, 2).graph
    assert len(graph.nodes) == 1
    assert graph.constants == [3.0]


def test_a_gradient_that_nobody_wants_is_not_computed() -> None:
    """What only leads to leaves whose gradients are not asked for carries none."""
    tape = tape_of(lambda x: exp(x[0]) * tanh(x[1]), 2)
    made = plan(tape, np.array([True, True]), np.array([False, True]))
    carries = {group.op.name: group.carries for group in made.groups if group.op}
    assert carries == {"exp": False, "tanh": True, "multiply": True}


def test_nodes_wait_for_others_of_their_kind() -> None:
    """A node that is ready early joins those of its kind on a later level, if nothing needs it before."""
    made = planned(lambda x: tanh(x[0] * x[1]) + tanh(exp(x[2] * x[3])) + tanh(exp(x[0] * x[4])), 5)
    assert [3] == [len(group.nodes) for group in made.groups if group.op and group.op.name == "tanh"]

    def chain(x: Any) -> Any:
        return tanh(tanh(x[0]))

    assert [1, 1] == [len(group.nodes) for group in planned(chain, 1).groups]


def test_levels_are_an_order() -> None:
    """Whatever waits: every operand is computed before."""
    rng = random.Random(4)
    for _ in range(60):
        f, start = random_function(rng, 20)
        try:
            graph = planned(lambda x, f=f: f(*x), len(start)).graph
        except AutogradError:
            continue
        if len(graph.nodes):
            level = align(graph, np.unique(graph.op, return_inverse=True)[1])
            above, below = edges(graph)
            inner = graph.level[below] > 0
            assert (level[above] > np.where(inner, level[below], 0))[inner].all()


def dots(products: list[Product], zero: int) -> dict[int, list[tuple[int, int]]]:
    """The pairs of factors of each dot product that the matrix products hold."""
    found: dict[int, list[tuple[int, int]]] = {}
    for product in products:
        for s, p, q in zip(*np.nonzero(product.place >= 0), strict=True):
            pairs = zip(product.left[s, p].tolist(), product.right[s, q].tolist(), strict=True)
            name = int(product.place[s, p, q])
            assert name not in found
            found[name] = sorted(pair for pair in pairs if zero not in pair)
    return found


@given(st.randoms(use_true_random=False))
def test_matrix_products_hold_every_dot_product(rng: random.Random) -> None:
    """Each dot product has one place, with its own factors and beyond them zeros."""
    zero = 40
    rows = [[rng.randrange(zero) for _ in range(rng.choice((2, 3, 3)))] for _ in range(rng.randint(1, 4))]
    columns = [[rng.randrange(zero) for _ in range(4)] for _ in range(rng.randint(1, 4))]
    wanted = []
    for row in rows:
        for column in columns:
            if rng.random() < 0.8:
                wanted.append(list(zip(row, column, strict=False)))
    wanted += [wanted[0]] if wanted and rng.random() < 0.3 else []
    if not wanted:
        return
    triples = [(d, x, y) for d, pairs in enumerate(wanted) for x, y in pairs]
    dot, left, right = (np.array(column) for column in zip(*triples, strict=True))
    assert dict(enumerate(map(sorted, wanted))) == dots(matrix_products(dot, left, right, zero), zero)


def test_a_layer_is_one_matrix_product() -> None:
    """Four sums over the same three numbers are one product of a 4 by 3 matrix and a vector."""
    triples = [(d, 3 * d + k, 20 + k) for d in range(4) for k in range(3)]
    (product,) = matrix_products(*(np.array(column) for column in zip(*triples, strict=True)), 99)
    assert (1, 4, 3) == product.left.shape
    assert (1, 1, 3) == product.right.shape
    assert product.place.ravel().tolist() == [0, 1, 2, 3]


def test_shorter_sums_are_filled_up_with_zeros() -> None:
    """Sums over the beginnings of one vector make one matrix product: a triangle, with the address of a 0 beyond it."""
    triples = [(d, 10 * d + k, 50 + k) for d in range(3) for k in range(d + 1)]
    (product,) = matrix_products(*(np.array(column) for column in zip(*triples, strict=True)), 99)
    assert product.left[0].tolist() == [[0, 99, 99], [10, 11, 99], [20, 21, 22]]
    assert product.right[0].tolist() == [[50, 51, 52]]


def test_too_empty_a_grid_is_no_matrix_product() -> None:
    """Where most of a grid would be computed in vain, dot products stay by themselves."""
    triples = [(d, i, 50 + j) for d, (i, j) in enumerate((k, k) for k in range(9))]
    triples += [(9 + d, d, 51 + d) for d in range(8)]
    found = matrix_products(*(np.array(column) for column in zip(*triples, strict=True)), 99)
    assert sum(product.place.size for product in found) <= 4 * 17
    assert dots(found, 99) == {d: [(x, y)] for d, x, y in triples}


def at(view: Strided) -> list[int]:
    places: list[int] = []
    for index in np.ndindex(view.shape):
        places.append(view.offset + sum(i * n for i, n in zip(index, view.strides, strict=True)))
    return places


@given(st.integers(0, 50), st.lists(st.tuples(st.integers(1, 4), st.integers(-9, 9)), min_size=1, max_size=4))
def test_regular_addresses_are_a_view(offset: int, sizes: list[tuple[int, int]]) -> None:
    """An array of addresses made by strides is found to be a view; as a column it has factors with the same addresses."""
    shape = tuple(n for n, _ in sizes)
    addresses = np.array(at(Strided(offset, shape, tuple(step for _, step in sizes)))).reshape(shape)
    found = regular(addresses)
    assert found is not None
    assert at(found) == addresses.ravel().tolist()
    column = addresses.ravel()
    parts = factors(column)
    assert parts is not None
    assert at(Strided(offset, tuple(n for n, _ in parts) or (1,), tuple(step for _, step in parts) or (0,))) == column.tolist()


def test_other_addresses_are_none() -> None:
    """What strides cannot say is no view, and a column with too many factors is given up."""
    assert regular(np.array([0, 1, 3])) is None
    assert regular(np.array([[0, 1], [2, 4]])) is None
    assert factors(np.array([0, 1, 3])) is None
    assert factors(np.array([0, 1, 5, 6, 20, 21, 25, 26, 7, 8, 12, 13])) is None


@given(
    st.lists(st.lists(st.tuples(st.sampled_from([1, 2, 3]), st.integers(0, 5)), min_size=1, max_size=3), min_size=1, max_size=3),
    st.integers(1, 2),
)
def test_columns_in_one_shape(columns: list[list[tuple[int, int]]], more: int) -> None:
    """Views of several columns in one shape have each column's own addresses."""
    made = []
    for sizes in columns:
        shape = tuple(n for n, _ in sizes)
        made.append(np.array(at(Strided(7, shape, tuple(step for _, step in sizes)))))
    size = math.lcm(*map(len, made)) * more
    made = [np.tile(column, size // len(column)) for column in made]
    shape, views = common(made)
    assert math.prod(shape) == size
    for column, view in zip(made, views, strict=True):
        if view is not None:
            assert (shape, column.tolist()) == (view.shape, at(view))


def test_layers_need_no_gathering() -> None:
    """A network's operands are all views: its program takes nothing by an index, forward or backward."""
    model = nn.MLP(3, [8, 8, 2], rng=0)
    program = pack(lambda x: sum((y * y for y in model(x)), 0.0), params=model)
    program(np.ones((4, 3)))
    source = program.latest().code.source
    assert "take(" not in source
    assert "[k" not in source
    assert 12 > program.latest().code.operations
