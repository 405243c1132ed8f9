"""What an optimiser is given: parameters, or groups of them, each with options of its own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autograd import Value, given

from .module import called

if TYPE_CHECKING:
    from .optim import Optimiser, Schedule


class Group:
    """Some of an optimiser's parameters, with the rate and the options that they have. What is set here holds from the next step on.

    >>> import nn
    >>> body, head = nn.Linear(2, 2, rng=0), nn.Linear(2, 1, rng=1)
    >>> optimiser = nn.SGD([{"params": body.parameters(), "lr": 0.01}, {"params": head.parameters()}], lr=0.1, momentum=0.9)
    >>> optimiser.groups[0].lr = 0.02
    >>> optimiser.groups[1].options["weight_decay"] = 0.001
    >>> optimiser.groups
    (Group(lr=0.02, momentum=0.9, nesterov=False, weight_decay=0; 6 parameters), \
Group(lr=0.1, momentum=0.9, nesterov=False, weight_decay=0.001; 3 parameters))
    """

    def __init__(self, whole: Optimiser, rule: Optimiser) -> None:
        self._whole, self._rule = whole, rule

    @property
    def parameters(self) -> list[Value]:
        """The group's parameters."""
        return self._rule.parameters

    @property
    def lr(self) -> float | Schedule:
        """η: a number, or a schedule, a function of how many steps the optimiser has taken."""
        return self._rule.lr

    @lr.setter
    def lr(self, lr: float | Schedule) -> None:
        self._rule.lr = lr

    @property
    def options(self) -> dict[str, float | bool]:
        """The other letters."""
        return self._rule.options

    @property
    def rate(self) -> float:
        """η of the next step."""
        return self._rule.rate_after(self._whole.steps)

    def __repr__(self) -> str:
        return f"Group({self._rule._letters()}; {len(self.parameters)} parameters)"


def parameters_or_groups(found: Any, asker: str) -> tuple[list[Value], list[dict[str, Any]]]:
    """All parameters, and the groups that they were given in; no groups where there was a plain list.

    A group is a dict of `params`, a list of its own, and of words of the optimiser's constructor.
    """
    if isinstance(found, Mapping):
        raise given.wrong(asker, "a list of groups, even of one: [{'params': …, 'lr': …}]", found)
    listed: list[Any] = []
    for item in given.items(found, "a list of parameters, as from model.parameters()", asker):
        if not isinstance(item, (Value, Mapping)):  # at the first one, for there may be no end of them
            raise given.wrong(asker, "Values as parameters", item)
        listed.append(item)
    if not any(isinstance(item, Mapping) for item in listed):
        return checked(listed, asker), []
    groups = [_group(item, f"{asker}'s group {k}") for k, item in enumerate(listed)]
    seen: dict[Value, int] = {}
    for k, group in enumerate(groups):
        for i, parameter in enumerate(group["params"]):
            if parameter in seen:
                raise ValueError(f"{asker} got parameter {called(parameter, i)} twice, in groups {seen[parameter]} and {k}")
            seen[parameter] = k
    return [*seen], groups


def _group(item: Any, asker: str) -> dict[str, Any]:
    if not isinstance(item, Mapping):
        raise given.wrong(asker, "a dict, {'params': …}, as the other groups are", item)
    if "params" not in item:
        raise ValueError(f"{asker} needs the entry 'params', a list of its parameters, but has {', '.join(map(repr, item)) or 'none'}")
    params = item["params"]
    return {**item, "params": checked([params] if isinstance(params, Value) else params, asker)}


def checked(parameters: Iterable[Value], asker: str) -> list[Value]:
    """The parameters as a list of leaves, each once, and at least one."""
    found: dict[Value, int] = {}
    for i, parameter in enumerate(given.items(parameters, "a list of parameters, as from model.parameters()", asker)):
        if not isinstance(parameter, Value):
            raise given.wrong(asker, "Values as parameters", parameter)
        if parameter.op is not None:
            raise ValueError(f"{asker} needs leaves as parameters, but got {parameter!r}, the result of {parameter.op.name}")
        if parameter in found:
            raise ValueError(f"{asker} got parameter {called(parameter, i)} twice, as numbers {found[parameter]} and {i}")
        found[parameter] = i
    if not found:
        raise ValueError(f"{asker} needs at least one parameter, but got none")
    return [*found]


def rules_of(
    kind: type[Optimiser], groups: Sequence[dict[str, Any]], words: Callable[[dict[str, Any]], dict[str, Any]]
) -> tuple[Optimiser, ...]:
    """An optimiser of that kind for each group, which says how the group's parameters change.

    words   from those of a group, all that its optimiser is made with
    """
    _, *known = inspect.signature(kind).parameters.values()
    names = [p.name for p in known if p.kind is not p.VAR_KEYWORD]
    takes_any = len(names) < len(known)
    rules = []
    for k, group in enumerate(groups):
        own = {name: value for name, value in group.items() if name != "params"}
        strange = next((name for name in own if name not in names and not takes_any), None)
        if strange is not None:
            raise TypeError(f"{kind.__name__}'s group {k} has the option {strange!r}, but {kind.__name__} knows {', '.join(names)}")
        try:
            rules.append(kind(group["params"], **{name: value for name, value in words(own).items() if name in names or takes_any}))
        except Exception as error:
            error.add_note(f"in {kind.__name__}'s group {k}")
            raise
    return tuple(rules)
