"""Optimisers: three steps of each by hand, all or nothing, schedules and clipping."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import pytest

import nn
from autograd import NonFiniteError, RangeError, Value

GRADIENTS = (0.5, -1.25, 2.0)
START = 0.75


def hand(update: Callable[[float, float, int], float]) -> list[float]:
    """θ after each of three steps, as the equations say."""
    θ, path = START, []
    for t, g in enumerate(GRADIENTS, 1):
        θ = update(θ, g, t)
        path.append(θ)
    return path


class Memory:
    """Named numbers of the equations, 0 at the start."""

    def __init__(self) -> None:
        self.m = self.v = self.b = self.s = 0.0


def sgd(θ: float, g: float, t: int) -> float:
    return θ - 0.1 * g


def decayed(θ: float, g: float, t: int) -> float:
    return θ - 0.1 * (g + 0.01 * θ)


def momentum(x: Memory, nesterov: bool) -> Callable[[float, float, int], float]:
    def update(θ: float, g: float, t: int) -> float:
        x.b = 0.9 * x.b + g
        return θ - 0.1 * (g + 0.9 * x.b if nesterov else x.b)

    return update


def adagrad(x: Memory) -> Callable[[float, float, int], float]:
    def update(θ: float, g: float, t: int) -> float:
        x.s += g**2
        return θ - 0.1 * g / (math.sqrt(x.s) + 1e-10)

    return update


def rmsprop(x: Memory) -> Callable[[float, float, int], float]:
    def update(θ: float, g: float, t: int) -> float:
        x.s = 0.99 * x.s + 0.01 * g**2
        return θ - 0.1 * g / (math.sqrt(x.s) + 1e-8)

    return update


def adam(x: Memory, l2: float = 0.0, decoupled: float = 0.0) -> Callable[[float, float, int], float]:
    def update(θ: float, g: float, t: int) -> float:
        g = g + l2 * θ
        x.m = 0.9 * x.m + 0.1 * g
        x.v = 0.999 * x.v + 0.001 * g**2
        step = x.m / (1 - 0.9**t) / (math.sqrt(x.v / (1 - 0.999**t)) + 1e-8)
        return θ - 0.1 * decoupled * θ - 0.1 * step

    return update


MAKERS: list[tuple[str, Callable[[list[Value]], nn.Optimiser], Callable[[float, float, int], float]]] = [
    ("SGD", lambda p: nn.SGD(p, lr=0.1), sgd),
    ("weight decay", lambda p: nn.SGD(p, lr=0.1, weight_decay=0.01), decayed),
    ("momentum", lambda p: nn.SGD(p, lr=0.1, momentum=0.9), momentum(Memory(), False)),
    ("Nesterov", lambda p: nn.SGD(p, lr=0.1, momentum=0.9, nesterov=True), momentum(Memory(), True)),
    ("AdaGrad", lambda p: nn.AdaGrad(p, lr=0.1), adagrad(Memory())),
    ("RMSProp", lambda p: nn.RMSProp(p, lr=0.1), rmsprop(Memory())),
    ("Adam", lambda p: nn.Adam(p, lr=0.1), adam(Memory())),
    ("Adam, L2", lambda p: nn.Adam(p, lr=0.1, weight_decay=0.01), adam(Memory(), l2=0.01)),
    ("AdamW", lambda p: nn.AdamW(p, lr=0.1, weight_decay=0.01), adam(Memory(), decoupled=0.01)),
]
EACH = pytest.mark.parametrize("make", [make for _, make, _ in MAKERS], ids=[name for name, *_ in MAKERS])


@pytest.mark.parametrize(("make", "update"), [maker[1:] for maker in MAKERS], ids=[name for name, *_ in MAKERS])
def test_three_steps_are_those_of_the_equations(
    make: Callable[[list[Value]], nn.Optimiser], update: Callable[[float, float, int], float]
) -> None:
    """Of one parameter, beside another whose gradient is 0."""
    parameter, still = Value(START), Value(2.0)
    optimiser = make([parameter, still])
    path = []
    for g in GRADIENTS:
        parameter.grad = g
        optimiser.step()
        path.append(parameter.data)
    for expected, actual in zip(hand(update), path, strict=True):
        assert math.isclose(expected, actual, rel_tol=1e-14)
    decay = optimiser.options["weight_decay"]
    assert (still.data == 2.0) == (not decay)
    assert 3 == optimiser.steps


def test_the_first_step_of_adam_is_the_learning_rate() -> None:
    """m̂ = g and √v̂ = |g|: whatever the gradient, the step is ±η."""
    for g in (1e-3, -7.0, 1e100):
        parameter = Value(1.0)
        parameter.grad = g
        nn.Adam([parameter], lr=0.01).step()
        assert math.isclose(1.0 - math.copysign(0.01, g), parameter.data, rel_tol=1e-6)


@EACH
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_gradient_that_is_not_finite_changes_nothing(make: Callable[[list[Value]], nn.Optimiser], bad: float) -> None:
    """Neither the parameters before and after the guilty one, nor the optimiser's memory. The message names it."""
    parameters = [Value(1.0), Value(2.0, label="layer0.w"), Value(3.0)]
    optimiser = make(parameters)
    for p in parameters:
        p.grad = 0.5
    optimiser.step()
    before = [p.data for p in parameters], optimiser.state_dict()
    parameters[1].grad = bad
    with pytest.raises(NonFiniteError, match=r"parameter 'layer0\.w'; nothing was changed"):
        optimiser.step()
    assert before == ([p.data for p in parameters], optimiser.state_dict())


@pytest.mark.parametrize(
    ("make", "g"),
    [
        (lambda p: nn.SGD(p, lr=1e300), 1e300),
        (lambda p: nn.SGD(p, lr=1.0, momentum=0.5), 1e308),
        (lambda p: nn.AdaGrad(p), 1e200),
        (lambda p: nn.RMSProp(p), 1e200),
        (lambda p: nn.Adam(p), 1e200),
    ],
)
def test_a_step_beyond_the_floats_changes_nothing(make: Callable[[list[Value]], nn.Optimiser], g: float) -> None:
    """A finite gradient whose square or whose step is not finite: RangeError, and all is as it was."""
    first, parameter = Value(1.0), Value(2.0)
    optimiser = make([first, parameter])
    first.grad, parameter.grad = 1e-200, g
    before, said = None, ""
    for _ in range(3):
        before = first.data, parameter.data, optimiser.state_dict()
        try:
            optimiser.step()
        except RangeError as error:
            said = str(error)
            break
    assert "takes parameter number 1 beyond the floats" in said
    assert before == (first.data, parameter.data, optimiser.state_dict())


@EACH
def test_a_loaded_state_goes_on_as_the_saved_one(make: Callable[[list[Value]], nn.Optimiser]) -> None:
    """Two steps, a copy by state, and a third step by both: the same bits."""
    one, other = Value(START), Value(START)
    first, second = make([one]), make([other])
    for g in GRADIENTS[:2]:
        one.grad = g
        first.step()
    other.data = one.data
    second.load_state_dict(first.state_dict())
    one.grad = other.grad = GRADIENTS[2]
    first.step()
    second.step()
    assert one.data == other.data
    assert first.state_dict() == second.state_dict()


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.pop("memory"),
        lambda s: s.update(more=1),
        lambda s: s.update(optimiser="SGD"),
        lambda s: s.update(lr=-1.0),
        lambda s: s.update(lr="fast"),
        lambda s: s.update(steps=-1),
        lambda s: s.update(steps=True),
        lambda s: s.update(steps=1.5),
        lambda s: s.update(options={"beta1": 0.9}),
        lambda s: s.update(options=3),
        lambda s: s["options"].update(beta1="x"),
        lambda s: s.update(memory=[[0.0, 0.0]] * 2),
        lambda s: s.update(memory=[[0.0]]),
        lambda s: s.update(memory=3),
        lambda s: s.update(memory=[[0.0, math.nan]]),
        lambda s: s.update(memory=[[0.0, True]]),
        lambda s: s.update(memory=[[0.0, -1e-9]]),
        lambda s: s["options"].update(beta1=1.5),
        lambda s: s["options"].update(beta2=1.0),
        lambda s: s["options"].update(eps=-1e-8),
        lambda s: s["options"].update(weight_decay=-1.0),
    ],
)
def test_a_wrong_state_changes_nothing(change: Callable[[dict[str, Any]], Any]) -> None:
    optimiser = nn.Adam([Value(1.0)], lr=0.1)
    before = optimiser.state_dict()
    state = optimiser.state_dict()
    change(state)
    with pytest.raises((ValueError, TypeError)):
        optimiser.load_state_dict(state)
    assert before == optimiser.state_dict()


@pytest.mark.parametrize(
    ("optimiser", "options", "message"),
    [
        (nn.SGD([Value(1.0)], 0.1, momentum=0.9), {"momentum": 1.0}, "momentum needs a number from 0 to below 1, but got 1.0"),
        (nn.SGD([Value(1.0)], 0.1, momentum=0.9), {"momentum": 0.0, "nesterov": True}, "nesterov needs a momentum above 0"),
        (nn.RMSProp([Value(1.0)]), {"beta": -0.1}, "beta needs a number from 0 to below 1, but got -0.1"),
        (nn.AdaGrad([Value(1.0)]), {"eps": -1.0}, "eps needs a number from 0 on, but got -1.0"),
        (nn.Adam([Value(1.0)]), {"beta1": 1.5}, "beta1 needs a number from 0 to below 1, but got 1.5"),
        (nn.AdamW([Value(1.0)]), {"weight_decay": -1.0}, "weight_decay needs a number from 0 on, but got -1.0"),
    ],
)
def test_a_file_has_no_options_that_the_constructor_refuses(optimiser: nn.Optimiser, options: dict[str, Any], message: str) -> None:
    """Both are refused in the same words, and nothing is changed by the file."""
    before = optimiser.state_dict()
    with pytest.raises(ValueError, match=re.escape(message)):
        optimiser.load_state_dict({**before, "options": {**before["options"], **options}})
    assert before == optimiser.state_dict()
    kind, betas = type(optimiser), {"betas": (options["beta1"], 0.999)} if "beta1" in options else options
    with pytest.raises(ValueError, match=re.escape(message)):
        kind([Value(1.0)], 0.1, **betas)


def test_parameters_are_leaves_and_each_stands_once() -> None:
    """Duplicates are refused by their places; so are results, plain numbers and an empty list."""
    a, b = Value(1.0, label="a"), Value(2.0)
    with pytest.raises(ValueError, match="got parameter 'a' twice, as numbers 0 and 2"):
        nn.SGD([a, b, a], lr=0.1)
    with pytest.raises(ValueError, match="needs leaves as parameters"):
        nn.SGD([a * b], lr=0.1)
    with pytest.raises(TypeError, match=r"needs Values as parameters, but got 1\.0"):
        nn.SGD([1.0], lr=0.1)  # type: ignore[list-item]
    with pytest.raises(TypeError, match=r"needs a list of parameters, as from model\.parameters\(\), but got"):
        nn.SGD(a, lr=0.1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one parameter"):
        nn.Adam([])
    assert [a, b] == nn.SGD((p for p in (a, b)), lr=0.1).parameters


@pytest.mark.parametrize(
    "make",
    [
        lambda p: nn.SGD(p, lr=-0.1),
        lambda p: nn.SGD(p, lr=math.nan),
        lambda p: nn.SGD(p, lr=0.1, momentum=1.0),
        lambda p: nn.SGD(p, lr=0.1, nesterov=True),
        lambda p: nn.SGD(p, lr=0.1, weight_decay=-1.0),
        lambda p: nn.RMSProp(p, beta=1.5),
        lambda p: nn.Adam(p, betas=(0.9, 1.0)),
        lambda p: nn.Adam(p, eps=-1.0),
        lambda p: nn.SGD(p, lr=lambda t: -1.0).step(),
    ],
)
def test_letters_out_of_range_are_refused(make: Callable[[list[Value]], Any]) -> None:
    with pytest.raises(ValueError, match="needs"):
        make([Value(1.0)])


def test_an_optimiser_says_what_it_is() -> None:
    parameter = Value(1.0)
    assert "SGD(lr=0.1, momentum=0.9, nesterov=False, weight_decay=0; 1 parameters, 0 steps)" == repr(
        nn.SGD([parameter], 0.1, momentum=0.9)
    )
    parameter.grad = 3.0
    optimiser = nn.SGD([parameter], nn.linear_decay(1.0, 0.0, 10))
    assert 1.0 == optimiser.rate
    optimiser.step()
    assert (-2.0, 0.9) == (parameter.data, optimiser.rate)
    optimiser.zero_grad()
    assert 0.0 == parameter.grad


# Schedules.


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (nn.linear_decay(1.0, 0.1, 9), [1.0, 0.9, 0.8, 0.7]),
        (nn.step_decay(1.0, 0.5, 2), [1.0, 1.0, 0.5, 0.5]),
        (nn.exponential_decay(2.0, 0.5), [2.0, 1.0, 0.5, 0.25]),
        (nn.cosine_decay(1.0, 0.0, 2), [1.0, 0.5, 0.0, 0.0]),
        (nn.warm_up(2, 0.9), [0.3, 0.6, 0.9, 0.9]),
        (nn.warm_up(1, nn.exponential_decay(1.0, 0.5)), [0.5, 1.0, 0.5, 0.25]),
        (nn.constant_rate(0.3), [0.3, 0.3, 0.3, 0.3]),
    ],
)
def test_schedules(schedule: Callable[[int], float], expected: list[float]) -> None:
    """The rates of the first four steps."""
    for t, rate in enumerate(expected):
        assert math.isclose(rate, schedule(t), abs_tol=1e-15)


def test_a_schedule_ends_where_it_says() -> None:
    assert math.isclose(0.1, nn.linear_decay(1.0, 0.1, 100)(10**6))
    assert 0.1 == nn.cosine_decay(1.0, 0.1, 100)(10**6)
    for bad, error in ((0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)):
        with pytest.raises(error, match="as steps, but got"):
            nn.linear_decay(1.0, 0.1, bad)  # type: ignore[arg-type]


# Clipping.


def with_gradients(*gradients: float) -> list[Value]:
    parameters = [Value(0.0) for _ in gradients]
    for parameter, g in zip(parameters, gradients, strict=True):
        parameter.grad = g
    return parameters


def test_clipping_by_norm_keeps_the_direction() -> None:
    """The norm before is returned; small gradients stay; also where the norm itself overflows."""
    parameters = with_gradients(3.0, -4.0)
    assert 5.0 == nn.clip_grad_norm(parameters, 1.0)
    assert [3.0 / 5.0, -4.0 / 5.0] == [p.grad for p in parameters]
    parameters = with_gradients(3.0, -4.0)
    assert 5.0 == nn.clip_grad_norm(parameters, 6.0)
    assert [3.0, -4.0] == [p.grad for p in parameters]
    parameters = with_gradients(1.5e308, 1.5e308)
    assert math.inf == nn.clip_grad_norm(parameters, 1.0)
    for p in parameters:
        assert math.isclose(math.sqrt(0.5), p.grad)


def test_clipping_by_value() -> None:
    parameters = with_gradients(3.0, -4.0, 0.5)
    nn.clip_grad_value(parameters, 1.0)
    assert [1.0, -1.0, 0.5] == [p.grad for p in parameters]


@pytest.mark.parametrize("clip", [nn.clip_grad_norm, nn.clip_grad_value])
def test_clipping_refuses_what_is_not_finite(clip: Callable[..., Any]) -> None:
    parameters = with_gradients(3.0, math.nan)
    with pytest.raises(NonFiniteError, match="parameter number 1; nothing was changed"):
        clip(parameters, 1.0)
    assert 3.0 == parameters[0].grad
    with pytest.raises(ValueError, match="limit needs a number from 0 on"):
        clip(parameters[:1], -1.0)


@pytest.mark.parametrize("optimiser", [nn.Adam, nn.AdamW])
@pytest.mark.parametrize("betas", [0.9, (0.9,), (0.9, 0.99, 0.999), "09", None])
def test_betas_are_two(optimiser: Any, betas: Any) -> None:
    with pytest.raises(
        ValueError,
        match=re.escape(f"betas needs two numbers, for the gradient and for its square, such as (0.9, 0.999), but got {betas!r}"),
    ):
        optimiser([Value(1.0)], betas=betas)


@EACH
@pytest.mark.parametrize("what", ["data", "grad"])
def test_a_number_of_another_type_is_named(what: str, make: Callable[[list[Value]], nn.Optimiser]) -> None:
    """A float32, a text or None in a parameter or its gradient: nothing is changed. A float64 becomes a float."""
    np = pytest.importorskip("numpy")
    for strange in (np.float32(0.5), "a", None, 1j):
        parameter = Value(0.5, label="p")
        optimiser = make([parameter])
        parameter.grad = 1.0
        setattr(parameter, what, strange)
        with pytest.raises(TypeError, match=r"\.step met the (number|gradient) .* of type .* of parameter 'p'"):
            optimiser.step()
        assert (strange, 0) == (getattr(parameter, what), optimiser.steps)
    setattr(parameter, what, np.float64(0.5))
    setattr(parameter, {"data": "grad", "grad": "data"}[what], 0.5)
    optimiser.step()
    assert float is type(parameter.data)
