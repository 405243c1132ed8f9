"""Packed programs as source: what the text computes is what the engine computes, in every library, and it reads well."""

from __future__ import annotations

import ast
import itertools
import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from autograd import Value, custom_gradient, erf, exp, log, maximum, sqrt, stop_gradient, tanh
from autograd.program import GuardError, Outcome
from autograd.program.trace import TracingError
from benchmarks import workloads

np = pytest.importorskip("numpy")

from autograd import pack  # noqa: E402
from autograd.packing.packed import Packed  # noqa: E402
from autograd.packing.spelling import WORDS, contracted, literal, pick, statement  # noqa: E402
from autograd.packing.tensors import source  # noqa: E402
from autograd.program.syntax import Listed, Name, Node, Sum, call, node  # noqa: E402

from .random_programs import WHOLE, RandomProgram, thresholds  # noqa: E402
from .rounding import UNIT  # noqa: E402
from .test_packing import Case, compare, eagerly  # noqa: E402

TARGETS = ("numpy", "torch", "jax")


def library(target: str) -> None:
    """Go on only where the library is there."""
    pytest.importorskip(target, exc_type=ImportError)


def function(text: str) -> Any:
    """The function that a source has."""
    namespace: dict[str, Any] = {}
    exec(text, namespace)
    return namespace["value_and_gradients"]


def run(program: Packed, args: tuple[Any, ...], target: str) -> list[Any]:
    """What the source returns: the value, then the gradients as NumPy arrays."""
    arrays = [np.asarray(arg) for arg in args if np.size(arg)]
    if program.params:
        arrays.insert(0, np.array([p.data for p in program.params]))
    value, *gradients = function(program.source(target))(*arrays)  # type: ignore[arg-type]
    return [float(value), *(np.asarray(gradient) for gradient in gradients)]


def assert_same(program: Packed, args: tuple[Any, ...], target: str) -> None:
    """The source returns what the packed program does."""
    value, gradients = program(*args)
    expected = [gradient for gradient in gradients if gradient is not None]
    if program.params and program.wrt != "arguments":  # in a source they come first
        expected = [expected[-1], *expected[:-1]]
    got = run(program, args, target)
    assert abs(value - got[0]) <= 1e-12 * (1.0 + abs(value))
    assert [np.shape(g) for g in expected] == [g.shape for g in got[1:]]
    for e, g in zip(expected, got[1:], strict=True):
        assert np.abs(np.asarray(e) - g).max() <= 1e-12 * (1.0 + np.abs(e).max())


def numbers(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape)


def squares(model: Any) -> Any:
    def loss(x: Any, t: Any) -> Any:
        return sum((y - s) ** 2 for y, s in zip(model(x), t, strict=True))

    return loss


# ------------------------------------------------------------------------------------------------------------------------
# How it reads

SMALL = '''
@np.errstate(all="ignore")
def value_and_gradients(params, x, t):
    """The mean over the examples, and the gradient by params.

    params  53 numbers
    x       examples as rows, 6 numbers each
    t       examples as rows, 3 numbers each
    """
    params, x, t = map(number, (params, x, t))
    X0 = x.reshape(-1, 6).T
    T = t.reshape(-1, 3).T
    size = X0.shape[-1]
    W1 = params[0:35].reshape(5, 7)[:, :6]
    b1 = params[0:35].reshape(5, 7)[:, 6]
    W2 = params[35:53].reshape(3, 6)[:, :5]
    b2 = params[35:53].reshape(3, 6)[:, 5]

    Z1 = W1 @ X0 + b1[:, None]  # 5 × size
    X1 = relu(Z1)  # 5 × size
    Z2 = W2 @ X1 + b2[:, None]  # 3 × size
    V1 = Z2 - T  # 3 × size
    V2 = V1 ** 2.0  # 3 × size
    E = V2.sum(0)  # size
    value = E.mean()

    gE = np.full((size,), 1.0 / size)
    gV2 = np.broadcast_to(gE, (3, size))
    gV1 = 2.0 * V1 * gV2
    gW2 = gV1 @ X1.T
    gb2 = gV1.sum(1)
    gX1 = W2.T @ gV1
    gZ1 = heaviside(Z1) * gX1
    gW1 = gZ1 @ X0.T
    gb1 = gZ1.sum(1)
    gparams = np.concatenate([
        np.concatenate([gW1, gb1[:, None]], 1).reshape(-1),
        np.concatenate([gW2, gb2[:, None]], 1).reshape(-1),
    ])
    results = [Z1, X1, Z2, V1, V2, E, gparams]
    if not all(np.isfinite(array).all() for array in results):
        raise FloatingPointError("a number is not finite")
    return value, gparams
'''


def small() -> tuple[Packed, tuple[Any, ...]]:
    model = nn.MLP(6, [5, 3], rng=0)
    program = pack(squares(model), params=model)
    args = numbers(4, 6), numbers(4, 3)
    program(*args)
    return program, args


def test_a_small_network_reads_as_one_writes_it() -> None:
    """The source of a network of two layers is its matrix equations, forward and backward, in the order of the plan."""
    text = small()[0].source()
    assert text[text.index("\n@np") :] == SMALL


@pytest.mark.parametrize("target", TARGETS)
def test_a_source_needs_its_library_alone(target: str) -> None:
    """The program imports nothing but the library (and math), and calls nothing that it does not define or import."""
    tree = ast.parse(small()[0].source(target))  # type: ignore[arg-type]
    imported = {a.name.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    imported |= {str(node.module).partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {target}


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_not_finite_is_an_error_in_numpy_alone(target: str) -> None:
    """NumPy's source raises where the engine would; in the other libraries the number comes out."""
    library(target)
    program = pack(lambda x: exp(x) * 2.0)
    program(numbers(3))
    run_it = function(program.source(target))  # type: ignore[arg-type]
    if target == "numpy":
        with pytest.raises(FloatingPointError, match="a number is not finite"):
            run_it(np.array([1.0, 1000.0]))
    else:
        assert float(run_it(np.array([1.0, 1000.0]))[0]) == math.inf


def test_labels_and_names_do_not_become_code() -> None:
    """Whatever parameters are called, and whatever the function's arguments are, the source is the same."""
    texts = []
    for label in ("w", '"""\nraise SystemExit\n"""', "가중치"):
        w = Value(0.5, label=label)

        def f(x: Any, 값: Any, w: Value = w) -> Any:
            return tanh(w * x) + 값

        program = pack(f, params=[w], wrt="params")
        program(numbers(2), numbers(2))
        texts.append(program.source())
    assert texts == [texts[0]] * 3


def test_a_source_has_to_be_possible() -> None:
    """Unknown targets, names that are none, operations of one's own, and programs that never ran are refused in words."""
    program, _ = small()
    with pytest.raises(ValueError, match="target is 'numpy', 'torch', 'jax' or 'c', but got 'fortran'"):
        program.source("fortran")  # type: ignore[arg-type]
    for name in ("a b", "class", "place"):
        with pytest.raises(ValueError, match="name needs a free name"):
            source(program.latest().plan, name=name)

    @custom_gradient(lambda z, x: 2.0 * x)
    def own(x: float) -> float:
        return x * x

    mine = pack(lambda x: own(x) * 2.0)
    mine(numbers(2))
    with pytest.raises(TracingError, match="own has no form on arrays, which this source needs"):
        mine.source()
    with pytest.raises(ValueError, match="nothing is packed yet"):
        pack(tanh).source()


# ------------------------------------------------------------------------------------------------------------------------
# What it computes


@pytest.mark.parametrize("target", TARGETS)
def test_networks(target: str) -> None:
    """Networks with one output and many, by parameters and by everything, have the values and gradients of the packed program."""
    library(target)
    assert_same(*small(), target)
    moons = nn.MLP(2, [16, 16, 1], rng=0)
    points, classes = numbers(7, 2), (numbers(7) > 0.0) * 1.0

    def loss(x: Any, t: Any) -> Any:
        return nn.binary_cross_entropy_with_logits(moons(x), t)

    for wrt in ("params", "all", "arguments"):
        assert_same(pack(loss, params=moons, wrt=wrt), (points, classes), target)  # type: ignore[arg-type]
    assert_same(pack(lambda x, t: (moons(x) - t) ** 2, params=moons, batch="sum"), (points, classes), target)

    digits = nn.MLP(12, [8, 4], rng=0)

    def entropy(x: Any, t: Any) -> Any:
        scores = digits(x)
        top = stop_gradient(maximum(maximum(scores[0], scores[1]), maximum(scores[2], scores[3])))
        powers = [exp(s - top) for s in scores]
        return -sum(u * log(p / sum(powers)) for u, p in zip(t, powers, strict=True))

    assert_same(pack(entropy, params=digits, wrt="all"), (numbers(5, 12), np.eye(4)[[0, 1, 3, 1, 2]]), target)


@pytest.mark.parametrize("target", TARGETS)
def test_a_transformer(target: str) -> None:
    """A small transformer that looks back, without a batch, where sums have as many terms as there are places before."""
    library(target)
    model = workloads.gpt(Value, document="ada", width=8, heads=2, block=6, largest=lambda scores: 0.0)
    assert_same(pack(model.forward, params=model.leaves, batch=None), (), target)


@pytest.mark.parametrize("target", TARGETS)
def test_attention_over_a_batch(target: str) -> None:
    """Products of which both sides are batched, and of weights with the places of a sequence."""
    library(target)
    rng = random.Random(0)
    size, places = 4, 3
    rows = [[Value(rng.gauss(0.0, 0.5)) for _ in range(size)] for _ in range(3 * size)]

    def attend(x: Any) -> Any:
        made = [[[sum(w * v for w, v in zip(row, place, strict=True)) for row in part] for place in x]
                for part in (rows[:size], rows[size : 2 * size], rows[2 * size :])]  # fmt: skip
        scores = [[exp(sum(a * b for a, b in zip(q, k, strict=True))) for k in made[1]] for q in made[0]]
        weights = [[s / sum(row) for s in row] for row in scores]
        out = [[sum(p * v[j] for p, v in zip(row, made[2], strict=True)) for j in range(size)] for row in weights]
        return sum(o * o for row in out for o in row)

    program = pack(attend, params=[w for row in rows for w in row], wrt="all", batch="sum")
    assert_same(program, (numbers(5, places, size) * 0.5,), target)


@pytest.mark.parametrize("target", TARGETS)
def test_odd_parts(target: str) -> None:
    """Parameters that are read in several ways at once, repeated, out of order, in part or not at all; and dots of all sorts."""
    library(target)
    w = [Value(x) for x in numbers(23).tolist()]
    order = [7, 1, 4, 4, 0, 9, 2]

    def odd(x: Any, s: Any) -> Any:
        a = sum(w[i] * x[j] for j, i in enumerate(order))  # gathered, one twice
        b = sum(u * u for u in w[10:16]) * 0.5  # a square
        c = [tanh(w[i] * x[i % 7] - s[1]) for i in range(3, 9)]
        d = [sum(w[3 * i + j] * x[j] for j in range(3)) for i in range(4)] + [sum(w[3 * j + i] * x[j] for j in range(4)) for i in range(3)]
        e = [erf(x[i]) * s[0] for i in (0, 2, 4)] + [x[6] * 1.0, s[2] * s[2]]
        return a + b + sum(c) + sum(v * v for v in d) + sum(e[i] * c[i] for i in range(5)) + x[1] * x[1] + w[20]

    for wrt in ("all", "params", "arguments"):
        program = pack(odd, params=w, shared=(1,), wrt=wrt)  # type: ignore[arg-type]
        assert_same(program, (numbers(4, 7), [0.5, -0.25, 2.0]), target)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("batch", ["mean", "sum", None])
def test_single_numbers(target: str, batch: Any) -> None:
    """A number for each example, a shared one and a lone parameter keep their shapes; a batch counts where nothing depends on it, too."""
    library(target)
    w = Value(0.75)
    x: Any = 0.5 if batch is None else numbers(3)
    for f in (lambda x, s: x * w + s, lambda x, s: w * s * 2.0, lambda x, s: x + 0.0 * s, lambda x, s: w, lambda x, s: x):
        assert_same(pack(f, params=[w], shared=(1,), wrt="all", batch=batch), (x, 1.5), target)


def test_arguments_that_are_no_arrays_of_numbers() -> None:
    """Of a dict each array is an argument; whole numbers are a part of the program, which is that of the last examples' then."""
    program = pack(lambda d, k, s: d["a"][k] * s["u"] + d["b"] * s["v"], shared=(2,), batch="sum")
    a, b = numbers(3, 2), numbers(3)
    value, _ = program({"a": a, "b": b}, np.array([1, 1, 1]), {"u": 2.0, "v": 0.5})
    got, _ga, _gb, gs = function(program.source())(a, b, np.array([2.0, 0.5]))
    assert abs(got - value) <= 1e-15
    assert np.abs(gs - [a[:, 1].sum(), b.sum()]).max() <= 1e-15


@pytest.mark.parametrize("target", TARGETS)
def test_branches(target: str) -> None:
    """Another branch than the recorded one is a BranchError, for one example or all."""
    library(target)
    program = pack(lambda x, s: x * 2.0 if x > s[0] else -x, shared=(1,))
    args = np.array([1.0, 2.0]), np.array([0.5])
    assert_same(program, args, target)
    run_it = function(program.source(target))  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="recorded where"):
        run_it(np.array([1.0, 0.25]), args[1])


@pytest.mark.parametrize("target", TARGETS)
def test_a_gradient_of_zero_stays_zero(target: str) -> None:
    """0 times a local derivative that does not exist is 0."""
    library(target)
    program = pack(lambda x: sqrt(x) * 0.0 + x)
    assert_same(program, (np.array([4.0, 0.0]),), target)
    assert run(program, (np.array([4.0, 0.0]),), target)[1].tolist() == [0.5, 0.5]


def at_random(seed: int, batch: str) -> tuple[Case, Packed, tuple[Any, ...]] | None:
    """A random function with its packed program and arguments; None where it goes several ways, or has an operation of one's own."""
    case = Case(random.Random(seed))
    if not case.examples:
        return None
    program, args = case.program(batch=batch, branches="raise")
    try:
        program(*args)
        program.source()
    except (GuardError, TracingError):
        return None
    return case, program, args


@pytest.mark.slow
@settings(max_examples=60)
@given(st.integers(0, 10**9), st.sampled_from(["sum", "mean"]))
def test_random_graphs(seed: int, batch: str) -> None:
    """On any expression, shared in any way, of batched and unbatched numbers, NumPy's source is within the engine's rounding bound."""
    found = at_random(seed, batch)
    if found is None:
        return
    case, program, args = found
    value, *gradients = run(program, args, "numpy")
    names = ["params"] * bool(program.params) + [name for name, arg in zip("xs", args, strict=True) if np.size(arg)]
    by = dict(zip(names, gradients, strict=True))
    shaped = [by["x"], by.get("s", np.zeros(0)), *([by["params"]] if program.params else [])]
    compare(case, Outcome(value, tuple(shaped)), 1.0 if batch == "sum" else 1.0 / len(args[0]))


@settings(max_examples=60)
@given(st.randoms(use_true_random=False))
def test_random_programs(rng: random.Random) -> None:
    """With every sort of argument, however wide, and on whichever side of each size threshold, the same."""
    with thresholds(rng):
        case = RandomProgram(rng)
        if any(a.sort == WHOLE for a in case.arguments) or not case.judged(eagerly):
            return
        program, args = case.program(batch="sum", wrt="all" if case.has_params else "arguments", branches="raise")
        try:
            program(*args)
            program.source()
        except (GuardError, TracingError):
            return
        value, *gradients = run(program, args, "numpy")
        last = gradients.pop(0) if case.has_params else None
        case.compare(Outcome(value, (*gradients, *([last] if case.has_params else []))), program.wrt, 1.0, UNIT)


@pytest.mark.parametrize("target", TARGETS)
def test_an_axis_between_others(target: str) -> None:
    """An operand without the last axis of a table stands beside the table, and not beside the examples, of which there are as many."""
    library(target)
    w = [Value(0.3), Value(-0.7), Value(1.1)]

    def f(x: Any) -> Any:
        return sum((tanh(a * b) for a in x for b in x), 0.0) + sum((tanh(a * b) for a in reversed(x) for b in w), 0.0)

    assert_same(pack(f, params=w, wrt="arguments"), (numbers(3, 3),), target)


@pytest.mark.parametrize("target", ["torch", "jax"])
def test_random_graphs_elsewhere(target: str) -> None:
    """The other libraries compute what NumPy does."""
    library(target)
    for seed in range(8 if target == "jax" else 40):  # JAX compiles each operation
        found = at_random(seed, "mean")
        if found is not None and len(found[1].latest().tape.ops) < 200:
            expected, got = run(*found[1:], "numpy"), run(*found[1:], target)
            for e, g in zip(expected, got, strict=True):
                assert np.abs(np.asarray(e) - g).max(initial=0.0) <= 1e-9 * (1.0 + np.abs(e).max(initial=0.0))


def test_torch_agrees_with_its_own_sweep() -> None:
    """The gradient of our sweep is that of PyTorch's over the forward pass; and training goes on there."""
    torch = pytest.importorskip("torch", exc_type=ImportError)
    program, (x, t) = small()
    run_it = function(program.source("torch"))
    params = torch.tensor([p.data for p in program.params], dtype=torch.float64, requires_grad=True)
    value, gradient = run_it(params, x, t)
    value.backward()
    assert (params.grad - gradient).abs().max() <= 1e-12
    optimiser = torch.optim.SGD([params], lr=0.05)
    for _ in range(20):
        loss, params.grad = (array.detach() for array in run_it(params, x, t))
        optimiser.step()
    assert loss < value


def test_jax_compiles_it() -> None:
    """Under jit the source computes the same, and our gradient is JAX's."""
    jax = pytest.importorskip("jax", exc_type=ImportError)
    program, (x, t) = small()
    run_it = function(program.source("jax"))
    params = np.array([p.data for p in program.params])
    value, gradient = jax.jit(run_it)(params, x, t)
    expected = program(x, t)
    assert abs(float(value) - expected.value) <= 1e-12
    assert np.abs(np.asarray(gradient) - expected.gradients[-1]).max() <= 1e-12
    theirs = jax.grad(lambda p: run_it(p, x, t)[0])(params)
    assert np.abs(np.asarray(theirs) - np.asarray(gradient)).max() <= 1e-12


# ------------------------------------------------------------------------------------------------------------------------
# Expressions


@settings(max_examples=200)
@given(st.data())
def test_a_part_is_what_it_says(data: Any) -> None:
    """Slices, steps, reshapes and transposes of an array are written so that they are the places that were asked for."""
    shape = tuple(data.draw(st.lists(st.integers(1, 4), min_size=0, max_size=3)))
    batched = data.draw(st.booleans())
    count = math.prod(shape)
    places = np.arange(count).reshape(shape)
    for axis, n in enumerate(shape):
        first = data.draw(st.integers(0, n - 1))
        places = places.take(np.arange(first, data.draw(st.integers(first + 1, n)), data.draw(st.integers(1, 2))), axis)
    places = places.transpose(data.draw(st.permutations(range(places.ndim))))
    if data.draw(st.booleans()):
        places = places.reshape(-1)
    array = np.arange(2.0 * count).reshape(*shape, 2) if batched else np.arange(1.0 * count).reshape(shape)
    found = pick(Name("a"), shape, batched, places, "transpose")
    if found is not None:
        assert np.array_equal(array.reshape((count, 2) if batched else count)[places], eval(str(found), {"a": array}))
    if places.size == count:
        assert found is not None


@settings(max_examples=200)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.integers(1, 3), st.integers(1, 5))
def test_a_constant_is_what_it_says(row: list[int], times: int, step: int) -> None:
    """Index arrays are written so that they are the same again, with rules and without."""
    first = np.array(row)
    for array in (
        first,
        first[:, None] * step + np.arange(times),
        np.repeat(first, times),
        (first[:, None] * 10 + np.arange(step)).ravel(),
    ):
        text = str(literal(array, WORDS["numpy"]))
        again = eval(text, {"np": np})
        assert (array.shape, array.tolist()) == (again.shape, again.tolist())


def test_products_are_what_they_say() -> None:
    """However the letters lie, `@` and sums stand only where they compute what einsum does."""
    sizes = dict(zip("spqkb", (2, 3, 4, 5, 6), strict=True))
    rng = np.random.default_rng(0)
    seen = set()
    for a, b in itertools.product(
        ["k", "pk", "kp", "spk", "pkb", "spkb", "p", "sp", "", "pskb"], ["k", "qk", "kq", "kb", "qkb", "sqk", "skb", ""]
    ):
        for out in itertools.permutations(sorted({*a, *b} - {"k"})):
            letters = "".join(out)
            x, y = (rng.normal(size=[sizes[c] for c in side]) for side in (a, b))
            if "k" in {*a} ^ {*b}:
                continue
            text = str(contracted("np", (Name("x"), a), (Name("y"), b), letters))
            seen.add(text.partition("(")[0])
            assert np.allclose(np.einsum(f"{a},{b}->{letters}", x, y), eval(text, {"np": np, "x": x, "y": y}))
    assert {"x @ y", "y @ x", "np.einsum", "x.T @ y.T", "x * y"} <= seen


def listed(*items: Any) -> Node:
    return Listed(tuple(map(node, items)))


@pytest.mark.parametrize(
    "value",
    [
        call("np.array", listed(*range(100))).method("reshape", 10, 10),
        call("np.concatenate", listed(*(call("np.zeros", (i, 7)) for i in range(20))), 1).method("reshape", -1),
        Sum(tuple(call("f", Name(f"x{i}"), listed(1, 2)) @ Name(f"y{i}") for i in range(30))),
        Name("x").turned["0:5"].method("reshape", *range(100))[":", "3"],
    ],
    ids=("row", "parts", "terms", "arguments"),
)
def test_a_long_line_is_broken_without_harm(value: Node) -> None:
    """Broken into lines, a statement is the same statement, and short."""
    lines = statement("x", value)
    assert ast.dump(ast.parse(f"x = {value}")) == ast.dump(ast.parse("\n".join(lines)))
    assert max(map(len, lines)) <= 120
