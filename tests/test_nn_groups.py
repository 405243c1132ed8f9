"""Groups of parameters: each with a rate and options of its own, plain and packed, in steps, states and files."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from autograd import RangeError, Value

X = [[0.5, -0.25], [1.0, 2.0], [-0.75, 0.5], [0.1, -1.5]]
T = [0.5, -1.0, 0.25, 1.0]


def halves(model: nn.Module, first: dict[str, Any], second: dict[str, Any]) -> list[dict[str, Any]]:
    """The first four parameters as one group, the others as another."""
    parameters = model.parameters()
    return [{"params": parameters[:4], **first}, {"params": parameters[4:], **second}]


def mixed(model: nn.Module) -> list[nn.Optimiser]:
    """Optimisers whose groups differ in the rate, in options, and in how much they remember."""
    return [
        nn.SGD(halves(model, {"lr": 0.2}, {"momentum": 0.9}), lr=0.05),
        nn.SGD(halves(model, {"momentum": 0.5, "nesterov": True}, {"lr": nn.step_decay(0.1, 0.5, 2)}), lr=0.05),
        nn.AdaGrad(halves(model, {"weight_decay": 0.1}, {"lr": 0.1})),
        nn.RMSProp(halves(model, {"centered": True, "alpha": 0.5}, {"momentum": 0.5}), beta=0.9),
        nn.Adam(halves(model, {"amsgrad": True, "lr": nn.linear_decay(0.1, 0.0, 9)}, {"betas": (0.5, 0.9)}), lr=0.02),
        nn.AdamW(halves(model, {"lr": 0.1}, {"amsgrad": True, "weight_decay": 0.0})),
    ]


KINDS = range(6)


def network() -> nn.MLP:
    return nn.MLP(2, [2, 1], rng=0)


def numbers(model: nn.Module) -> list[float]:
    return [p.data for p in model.parameters()]


def train(model: nn.Module, optimiser: nn.Optimiser, **options: Any) -> nn.History:
    return nn.fit(model, X, T, nn.squared_error, optimiser, **{"epochs": 5, "batch_size": 2, "progress": False, **options})


def test_two_groups_by_hand() -> None:
    """θ ← θ - η g with η and λ of the group: 1 - 0.1·2 and 3 - 0.5·(4 + 0.25·3)."""
    a, b = Value(1.0), Value(3.0)
    a.grad, b.grad = 2.0, 4.0
    nn.SGD([{"params": [a], "lr": 0.1}, {"params": b, "weight_decay": 0.25}], lr=0.5).step()
    assert (0.8, 0.625) == (a.data, b.data)


def test_schedules_by_hand() -> None:
    """Each group's rate is its own function of the number of steps: 0, 1, 2."""
    a, b = Value(0.0), Value(0.0)
    optimiser = nn.SGD([{"params": [a], "lr": lambda t: 1.0 + t}, {"params": [b], "lr": nn.step_decay(8.0, 0.5, 1)}], lr=0.0)
    for rates in ((1.0, 8.0), (2.0, 4.0), (3.0, 2.0)):
        a.grad = b.grad = 1.0
        assert rates == optimiser.rates == tuple(group.rate for group in optimiser.groups)
        assert rates[0] == optimiser.rate
        optimiser.step()
    assert (-6.0, -14.0) == (a.data, b.data)


def apart(kind: int, model: nn.Module) -> list[nn.Optimiser]:
    """Two optimisers of a group each that do, taking turns, what the one with both groups does."""
    first, second = mixed(model)[kind].rules
    return [first, second]


@pytest.mark.parametrize("kind", KINDS)
def test_groups_are_optimisers_side_by_side(kind: int) -> None:
    """The same bits as two optimisers of one group each."""
    one, two = network(), network()
    optimiser, others = mixed(one)[kind], apart(kind, two)
    for _ in range(5):
        for model, optimisers in ((one, [optimiser]), (two, others)):
            model.zero_grad()
            for x, t in zip(X, T, strict=True):
                ((model(x) - t) ** 2).backward()
            for each in optimisers:
                each.step()
    assert numbers(one) == numbers(two)
    assert optimiser.memory == others[0].memory + others[1].memory


@pytest.mark.parametrize("kind", KINDS)
def test_packed_is_plain(kind: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parameters, memory, losses and rates, to rounding; and the same bits however many parameters are updated together."""
    pytest.importorskip("numpy")
    plain, found = network(), []
    own = mixed(plain)[kind]
    expected = train(plain, own, clip_norm=0.5)
    for together in (16_384, 3, 1):
        monkeypatch.setattr("autograd.packing.training.TOGETHER", together)
        model = network()
        optimiser = mixed(model)[kind]
        history = train(model, optimiser, clip_norm=0.5, pack=True)
        assert history.losses == pytest.approx(expected.losses, rel=1e-10)
        assert history.group_rates == expected.group_rates
        found.append((numbers(model), optimiser.state_dict()))
    assert found[0] == found[1] == found[2]
    assert found[0][0] == pytest.approx(numbers(plain), rel=1e-9, abs=1e-11)
    assert [len(own) for own in optimiser.memory] == [len(own) for own in own.memory]
    for ours, theirs in zip(optimiser.memory, own.memory, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("still", [0, 1])
def test_what_a_group_remembers_stays_where_it_is_not_used(still: int) -> None:
    """Without its momentum a group leaves b as it was after the second step, while the other group's b goes on."""
    pytest.importorskip("numpy")
    found = []
    for steps in (2, 3):
        model = network()
        optimiser = nn.SGD(halves(model, {}, {}), lr=0.05, momentum=0.9)
        with autograd.pack(lambda x, t, model=model: (model(x) - t) ** 2, params=model).training(optimiser) as step:
            for k in range(steps):
                if k == 2:
                    optimiser.groups[still].options["momentum"] = 0.0
                step(X, T)
        found.append(optimiser.memory)
    (before, after), mine = found, range(4) if still == 0 else range(4, 9)
    assert [k in mine for k in range(9)] == [then == now for then, now in zip(before, after, strict=True)]


@pytest.mark.parametrize("pack", [False, True])
def test_groups_of_equal_options_are_no_groups(pack: bool) -> None:
    """The same bits as of one list of parameters."""
    if pack:
        pytest.importorskip("numpy")
    one, two = network(), network()
    train(one, nn.Adam(halves(one, {}, {}), lr=0.1), pack=pack)
    train(two, nn.Adam(two.parameters(), lr=0.1), pack=pack)
    assert numbers(one) == numbers(two)


@pytest.mark.parametrize("pack", [False, True])
def test_some_parameters_in_groups_of_any_order(pack: bool) -> None:
    """What no group holds stays as it is."""
    if pack:
        pytest.importorskip("numpy")
    model, other = network(), network()
    before = numbers(model)
    for each, order in ((model, 1), (other, -1)):
        p = each.parameters()
        groups = [{"params": p[7:], "lr": 0.2}, {"params": p[2:5][::-1], "momentum": 0.5}][::order]
        train(each, nn.SGD(groups, lr=0.1), pack=pack)
    assert numbers(model) == numbers(other)
    assert [k in (2, 3, 4, 7, 8) for k in range(9)] == [now != then for now, then in zip(numbers(model), before, strict=True)]


@pytest.mark.parametrize("pack", [False, True])
def test_what_a_callback_sets_holds_from_the_next_step(pack: bool) -> None:
    """A rate and an option of one group; the History has every group's rates, and the first group's alone."""
    if pack:
        pytest.importorskip("numpy")
    model = network()
    optimiser = nn.SGD(halves(model, {"lr": 0.5}, {}), lr=0.25)
    seen = []

    def freeze(history: nn.History) -> None:
        seen.append(numbers(model)[:4])
        optimiser.groups[0].lr = 0.0
        optimiser.groups[1].options["momentum"] = 0.5

    history = train(model, optimiser, callbacks=[freeze], epochs=2, pack=pack)
    assert [(0.5, 0.25), (0.5, 0.25), (0.0, 0.25), (0.0, 0.25)] == history.group_rates
    assert [0.5, 0.5, 0.0, 0.0] == history.rates
    assert [0.5, 0.0] == [epoch.rate for epoch in history.epochs]
    assert seen[0] == seen[1]
    assert all(b == (0.0,) for b in optimiser.memory[:4])
    assert all(b != (0.0,) for b in optimiser.memory[4:])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pack", [False, True])
def test_training_goes_on_from_a_file_as_if_never_left(kind: int, pack: bool, tmp_path: Path) -> None:
    """Saved and loaded into others that were trained otherwise, then trained further by both: the same bits."""
    if pack:
        pytest.importorskip("numpy")
    model, other = network(), network()
    optimiser, second = mixed(model)[kind], mixed(other)[kind]
    train(model, optimiser, pack=pack)
    optimiser.groups[1].options["weight_decay"] = 0.125
    train(other, second, epochs=1)
    path = nn.save_model(tmp_path / "model.json", model, optimiser)
    nn.load_model(path, other, second)
    assert optimiser.state_dict() == second.state_dict()
    for m, o in ((model, optimiser), (other, second)):
        train(m, o, pack=pack)
    assert numbers(model) == numbers(other)


@pytest.mark.parametrize("make", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_a_copy_is_one_of_its_own(make: Callable[[Any], Any]) -> None:
    """Its groups are those of the copied parameters."""
    model = network()
    optimiser = nn.Adam(halves(model, {"lr": 0.1}, {"amsgrad": True}), lr=0.01)
    train(model, optimiser)
    other, second = make((model, optimiser))
    before = optimiser.state_dict()
    assert before == second.state_dict()
    train(other, second)
    assert before == optimiser.state_dict()
    train(model, optimiser)
    assert numbers(model) == numbers(other)
    assert second.groups[0].parameters == other.parameters()[:4]


STATES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "none": (lambda s: s.pop("groups"), "the state is of an optimiser without groups of parameters, but this one has 2"),
    "fewer": (lambda s: s["groups"].pop(), "the state is of groups of 4 parameters, but this optimiser has groups of 4, 5"),
    "another size": (lambda s: s["groups"][1].update(parameters=6), "of groups of 4, 6 parameters, but this optimiser has groups of 4, 5"),
    "no list": (lambda s: s.update(groups={}), "the groups of a state are a list, each with the entries parameters, lr, options, not {}"),
    "an entry": (lambda s: s["groups"][0].pop("lr"), "each with the entries parameters, lr, options"),
    "an option": (lambda s: s["groups"][1]["options"].pop("eps"), "Adam has the options beta1, beta2, eps"),
    "a rate": (lambda s: s["groups"][1].update(lr=-1.0), "lr needs a number from 0 on, but got -1.0"),
    "memory": (lambda s: s["memory"][8].append(0.0), "Adam remembers 2 numbers a parameter, not [0.0, 0.0, 0.0]"),
    "squares": (lambda s: s["memory"][0].__setitem__(2, -1.0), "the optimiser's memory of u, of squares, needs a number from 0 on"),
    "the letters of all": (lambda s: s.update(lr=0.1), "the state of an optimiser has the entries optimiser, groups, steps, memory"),
}


@pytest.mark.parametrize("case", STATES)
def test_a_wrong_state_changes_nothing(case: str) -> None:
    change, message = STATES[case]
    model = network()
    optimiser = nn.Adam(halves(model, {"amsgrad": True}, {"lr": 0.1}))
    before = optimiser.state_dict()
    state = copy.deepcopy(before)
    state["steps"] = 7
    state["groups"][0]["lr"] = 0.5
    change(state)
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        optimiser.load_state_dict(state)
    assert before == optimiser.state_dict()


def test_a_state_of_groups_is_for_groups() -> None:
    model = network()
    state = nn.Adam(halves(model, {}, {})).state_dict()
    with pytest.raises(ValueError, match="the state is of an optimiser with groups of parameters, but this one has none"):
        nn.Adam(model.parameters()).load_state_dict(state)


a, b, c = Value(1.0, label="a"), Value(2.0), Value(3.0)

REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "in two groups": (lambda: nn.SGD([{"params": [a]}, {"params": [b, a]}], 0.1), "SGD got parameter 'a' twice, in groups 0 and 1"),
    "twice in one": (lambda: nn.SGD([{"params": [a, a]}], 0.1), "SGD's group 0 got parameter 'a' twice, as numbers 0 and 1"),
    "empty": (lambda: nn.SGD([{"params": [a]}, {"params": []}], 0.1), "SGD's group 1 needs at least one parameter, but got none"),
    "no groups": (lambda: nn.SGD([], 0.1), "SGD needs at least one parameter, but got none"),
    "no params": (
        lambda: nn.SGD([{"param": [a]}], 0.1),
        "SGD's group 0 needs the entry 'params', a list of its parameters, but has 'param'",
    ),
    "a dict": (lambda: nn.SGD({"params": [a]}, 0.1), "SGD needs a list of groups, even of one: [{'params': …, 'lr': …}], but got"),  # type: ignore[arg-type]
    "a Value among them": (lambda: nn.SGD([{"params": [a]}, b], 0.1), "SGD's group 1 needs a dict, {'params': …}, as the other groups are"),
    "unknown": (
        lambda: nn.Adam([{"params": [a]}, {"params": [b], "momentum": 0.9}]),
        "Adam's group 1 has the option 'momentum', but Adam knows lr, betas, eps, weight_decay, amsgrad",
    ),
    "out of range": (lambda: nn.SGD([{"params": [a], "momentum": 1.0}], 0.1), "momentum needs a number from 0 to below 1, but got 1.0"),
    "not together": (lambda: nn.SGD([{"params": [a], "nesterov": True}], 0.1), "nesterov needs a momentum above 0"),
    "two words": (lambda: nn.RMSProp([{"params": [a], "alpha": 0.9, "beta": 0.9}]), "two words for one number"),
    "a result": (lambda: nn.SGD([{"params": [a * b]}], 0.1), "SGD's group 0 needs leaves as parameters"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_groups_are_refused(case: str) -> None:
    make, message = REFUSED[case]
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        make()


def test_an_option_that_is_out_of_range_is_told_with_its_group() -> None:
    with pytest.raises(ValueError, match="lr needs a number from 0 on") as caught:
        nn.SGD([{"params": [a]}, {"params": [b], "lr": -1.0}], 0.1)
    assert ["in SGD's group 1"] == caught.value.__notes__


@pytest.mark.parametrize("letter", ["lr", "options"])
@pytest.mark.parametrize("pack", [False, True])
def test_the_letters_of_all_are_those_of_no_group(letter: str, pack: bool) -> None:
    """To read them is an error that says where they are, and to set them is one at the next step."""
    if pack:
        pytest.importorskip("numpy")
    model = network()
    optimiser = nn.SGD(halves(model, {}, {}), 0.1)
    with pytest.raises(AttributeError, match=rf"SGD has groups, each with {letter} of its own: optimiser\.groups\[0\]\.{letter}"):
        getattr(optimiser, letter)
    setattr(optimiser, letter, 0.5)
    with pytest.raises(ValueError, match=rf"set that of optimiser\.groups\[0\], and of the others, and not optimiser\.{letter}"):
        train(model, optimiser, pack=pack)


@pytest.mark.parametrize("pack", [False, True])
def test_a_step_that_fails_in_one_group_changes_none(pack: bool) -> None:
    """The message has that group's rate."""
    if pack:
        pytest.importorskip("numpy")
    model = network()
    before = numbers(model)
    optimiser = nn.SGD(halves(model, {"lr": 0.1}, {"lr": 1.5e308}), lr=0.2, momentum=0.5)
    with pytest.warns(RuntimeWarning, match=r"diverged in step 1: SGD\.step takes parameter .*the learning rate 1\.5e\+308; nothing"):
        train(model, optimiser, pack=pack, sample_weight=[1e3] * 4)
    assert before == numbers(model)
    assert [(0.0,)] * 9 == optimiser.memory
    assert 0 == optimiser.steps


def test_a_step_by_hand_that_fails_changes_no_group() -> None:
    p, q = Value(1.0), Value(1.0, label="q")
    p.grad, q.grad = 1.0, 1e300
    optimiser = nn.SGD([{"params": [p]}, {"params": [q], "lr": 1e300}], lr=0.1)
    with pytest.raises(RangeError, match="takes parameter 'q' beyond the floats"):
        optimiser.step()
    assert (1.0, 1.0, 0) == (p.data, q.data, optimiser.steps)


def test_a_plain_list_is_one_group() -> None:
    optimiser = nn.SGD([b, c], 0.1)
    (group,) = optimiser.groups
    group.lr = 0.25
    group.options["momentum"] = 0.5
    assert (0.25, 0.5, [b, c], 0.25) == (optimiser.lr, optimiser.options["momentum"], group.parameters, group.rate)


def test_an_optimiser_of_groups_says_what_they_are() -> None:
    expected = """\
SGD(2 groups; 3 parameters, 0 steps)
  0: Group(lr=0.1, momentum=0.9, nesterov=False, weight_decay=0; 1 parameters)
  1: Group(lr=0.2, momentum=0, nesterov=False, weight_decay=0.01; 2 parameters)"""
    assert expected == repr(
        nn.SGD([{"params": [a], "momentum": 0.9}, {"params": (x for x in (b, c)), "lr": 0.2, "weight_decay": 0.01}], 0.1)
    )


class Signs(nn.Optimiser):
    """θ ← θ - η k sign(g), with a constructor that takes no rate."""

    def __init__(self, parameters: Any, *, k: float = 1.0) -> None:
        super().__init__(parameters, 0.5, k=k)

    def update(self, θ: float, g: float, η: float, t: int, *memory: float) -> tuple[float, ...]:
        return (θ - η * self.options["k"] * ((g > 0.0) * 1.0 - (g < 0.0) * 1.0),)


def test_optimisers_of_ones_own_have_groups() -> None:
    """Their options are the words of their constructor, and `update` sees the group's."""
    p, q = Value(1.0), Value(1.0)
    p.grad, q.grad = 3.0, -2.0
    Signs([{"params": [p]}, {"params": [q], "k": 4.0}], k=2.0).step()
    assert (0.0, 3.0) == (p.data, q.data)
    with pytest.raises(TypeError, match="Signs's group 0 has the option 'lr', but Signs knows k"):
        Signs([{"params": [p], "lr": 0.1}])
