"""Training on arrays: the parameters live in one array, and come back to their Values whenever somebody looks."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from itertools import accumulate, chain, repeat, starmap, zip_longest
from operator import call
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import given
from ..errors import InUseError, RangeError
from ..graph import become
from ..numbers import ABOVE, as_float
from ..primitive import Primitive, interpretation
from ..process import Back, all_of, in_a_child, lending, refuse_reentry, together, updating
from ..value import Value
from .arrays import Array
from .recordings import AWAY

if TYPE_CHECKING:
    from .packed import Packed

TOGETHER = 16_384
"""How many parameters are updated together."""

_put_data = Value.__dict__["data"].__set__
_get_data = Value.__dict__["data"].__get__
_forks = 0
"""How often this process was forked from one that had imported this."""


class Resident(Value, results=False):
    """A parameter whose number is in the array of a Session. Whoever sets it, or computes with it, brings all of that session's back."""

    __slots__ = ()

    @property
    def data(self) -> float:
        """The number, read from the array: that of one parameter costs nothing more."""
        with updating:
            for session in AWAY.values():
                place = session.places.get(self)
                if place is not None:
                    return float(session.theta[place])
            number: float = _get_data(self)
            return number

    @data.setter
    def data(self, number: float) -> None:
        with updating:
            _settle(self)
            _put_data(self, number)

    def come_home(self) -> None:
        """Have the numbers of all parameters of the session back in them, and what the optimiser remembers."""
        _settle(self)


@interpretation(Resident, over=(Value,))
def _on_residents(primitive: Primitive) -> Callable[..., Any]:
    """A row on parameters that are away: they come back first."""

    def record(*operands: Any) -> Any:
        for x in operands:
            if type(x) is Resident:
                _settle(x)
        kinds = [type(x) for x in operands if type(x) is not float]
        kind = next((k for k in kinds if k in ABOVE[Value]), Value)
        return primitive.kinds[kind](*operands)

    return record


def _settle(parameter: Value) -> None:
    for session in [*AWAY.values()]:
        if parameter in session.places:
            session.settle()


@in_a_child
def _forked() -> None:
    global _forks
    _forks += 1


class Session:
    """Steps of an optimiser with the parameters in an array: `session(X, T)` makes one and returns the loss before it.

    theta     the parameters, in their order
    places    the place of each
    stepping  held during a step: one at a time, since they share arrays

    While they are away the optimiser has no attribute `memory`, if its class knows what to do then: those of `nn` bring all back.

    A step computes without `updating`, so that trainings in several threads do not wait for one another. Who looks at a parameter
    meanwhile brings the numbers before the step; who changes one is seen at the end of the step, which then begins again from there.
    """

    def __init__(self, packed: Packed, optimiser: Any, clip_norm: float | None = None, clip_value: float | None = None) -> None:
        self.packed, self.optimiser = packed, optimiser
        self.clip_norm, self.clip_value = (_limit(x, what) for x, what in ((clip_norm, "clip_norm"), (clip_value, "clip_value")))
        if isinstance(optimiser, type) or not hasattr(optimiser, "update") or not hasattr(optimiser, "parameters"):
            raise TypeError(f"training needs an optimiser, such as nn.SGD(params, lr=0.1), but got {given.shorten(optimiser)}")
        if _steps_otherwise(optimiser):
            raise ValueError(
                f"training on arrays calls the update of {type(optimiser).__name__} and not its step, which does more here: put that into"
                " update, or train without packing"
            )
        self.places = places = {parameter: i for i, parameter in enumerate(packed.params)}
        self.stepping: Any = threading.RLock()
        self._forks = _forks
        strangers = [p for p in optimiser.parameters if p not in places]
        if strangers or not places:
            what = f"{strangers[0]!r} is none of them" if places else "there are none: pack the function with params="
            raise ValueError(f"training needs an optimiser of the program's parameters, but {what}")
        self._given = optimiser.parameters
        self._index = np.array([places[p] for p in optimiser.parameters])
        self._all = self._index.tolist() == [*range(len(packed.params))]
        self.theta: Array = np.empty(0)
        self._memory: list[Array] = []
        self._free: list[Any] = []  # arrays of the step before the last
        self._home = True
        self._attributes = vars(optimiser)
        self._takes_memory = hasattr(type(optimiser), "__getattr__")
        self._groups = _groups(optimiser)
        self._fetch()

    def __call__(self, *args: Any, **options: Any) -> float:
        """The loss at this batch, and one step. Nothing is changed by a step that fails."""
        refuse_reentry("a step of training")
        if self._forks != _forks:
            self._forks = _forks
            if not self.stepping._is_owned():  # in a forked child nobody else is amid a step
                self.stepping = threading.RLock()
        if self.stepping._is_owned():
            raise InUseError("a step of training was called amid another one of the same training, as by a signal handler: do it later")
        with self.stepping:
            return self._until_done(args, options)

    def _until_done(self, args: tuple[Any, ...], options: dict[str, Any]) -> float:
        while True:
            loss: float | None = copy_context().run(self._step, args, options)  # NumPy's error state is that of the copy
            if loss is not None:
                return loss

    def _step(self, args: tuple[Any, ...], options: dict[str, Any]) -> float | None:
        """One step; None where somebody changed parameters meanwhile, so that it is to begin again."""
        optimiser = self.optimiser
        self._look_at_optimiser()
        with lending, updating:
            if self._home:
                self._fetch()
                self._leave_home()
            before, steps = self.theta, optimiser.steps
        np.errstate(all="ignore").__enter__()  # never left: the context is a copy, and ends with the step
        loss, gradients = self.packed.at(before, args, **options) if options else self.packed.within(before, args)
        g = self._clipped(gradients[-1] if self._all else gradients[-1][self._index])
        θ = before if self._all else before[self._index]
        θ, *memory = self._updated(θ, g)
        if not all(new is old or np.isfinite(new).all() for new, old in zip((θ, *memory), (None, *self._memory), strict=True)):
            bad = int(np.nonzero(~np.isfinite([θ, *memory]).all(0))[0][0])
            parameter = optimiser.parameters[bad]
            what = repr(parameter.label) if parameter.label is not None else f"number {bad}"
            rate = next(rate for (_, rows, _), rate in zip(self._groups, _rates(optimiser), strict=True) if bad < rows.stop)
            raise RangeError(
                f"{type(optimiser).__name__}.step takes parameter {what} beyond the floats: its gradient was {g[bad]!r}, the learning rate"
                f" {rate!r}; nothing was changed"
            )
        if self._all:
            new = θ
        else:
            new = before.copy()
            new[self._index] = θ
        with lending, updating:
            if self._home:  # somebody looked
                if self._memory_was_set() or self._numbers().tobytes() != before.tobytes():
                    return None
                if any(now.tobytes() != old.tobytes() for now, old in zip(self._columns(), self._memory, strict=True)):
                    return None
                self._leave_home()
            if optimiser.steps != steps:
                return None
            free = [before if self._all else θ, *self._memory]
            changes = ("theta", new), ("_memory", memory), ("_free", free)
            all_of([*((setattr, self, *change) for change in changes), (setattr, optimiser, "steps", steps + 1)])
            if self._home:  # a signal handler looked just before
                self._leave_home()
        return float(loss)

    def _clipped(self, g: Array) -> Array:
        """The gradient, no longer than `clip_norm`; then none of its numbers larger than `clip_value`."""
        if self.clip_norm is not None and len(g):
            largest = float(np.abs(g).max())
            scale = 1.0 if 1e-140 < largest < 1e140 else largest or 1.0  # squares of other numbers leave the floats
            unit = g if scale == 1.0 else g / scale
            norm = math.sqrt(float(unit @ unit))
            if norm * scale > self.clip_norm:
                g = self.clip_norm * (unit / norm)
        return g if self.clip_value is None else np.clip(g, -self.clip_value, self.clip_value)

    def _look_at_optimiser(self) -> None:
        """A callback may have given it other parameters, which is refused, or another memory, which is taken."""
        optimiser = self.optimiser
        if optimiser.parameters is not self._given or len(self._given) != len(self._index):
            raise ValueError(
                f"the parameters of {type(optimiser).__name__} were changed during training on arrays: leave it, and begin another"
            )
        if not self._home and self._memory_was_set():
            self.settle()

    def _updated(self, θ: Array, g: Array) -> list[Array]:
        """θ and the optimiser's memory after a step; an array that it does not change is the same one.

        Some parameters at a time, where the update is known to treat each by itself: what the arithmetic needs meanwhile then stays in the
        processor's cache. The numbers go into the arrays of the step before the last, since new ones of that size take long to get.
        """
        optimiser, old = self.optimiser, [θ, *self._memory]
        new, step = old[:], optimiser.steps + 1
        for (rule, group, by_element), rate in zip(self._groups, _rates(optimiser), strict=True):
            letters = 1 + len(self._brought[group.start]) if len(self._groups) > 1 else len(old)
            together = TOGETHER if by_element else max(len(θ), 1)
            for start in range(group.start, group.stop, together):
                rows = slice(start, min(start + together, group.stop))
                given = [array[rows] for array in old]
                try:
                    parts = [*rule.update(given[0], g[rows], rate, step, *given[1:letters])]
                except (TypeError, ValueError) as error:
                    raise TypeError(f"{type(rule).__name__}.update must be arithmetic that means the same on arrays: {error}") from error
                for k, part in enumerate(parts + given[len(parts) :]):
                    if part is not given[k] or new[k] is not old[k]:
                        self._put(new, old, k, rows, part)
        return new

    def _put(self, new: list[Array], old: list[Array], k: int, rows: slice, part: Array) -> None:
        """Put some numbers of array k after those of before, which stand in the old one while nothing has changed."""
        if new[k] is old[k]:
            new[k] = np.empty_like(old[k]) if self._free[k] is None or self._free[k] is old[k] else self._free[k]
            new[k][: rows.start] = old[k][: rows.start]
        new[k][rows] = part

    @property
    def away(self) -> bool:
        """Whether the parameters are in the array, and not in their Values."""
        return not self._home

    def _fetch(self) -> None:
        """Take the parameters and the optimiser's memory from where they belong."""
        self.theta = self._numbers()
        self._brought = self.optimiser.memory
        self._memory = self._columns()
        self._free = [None] * (1 + len(self._memory))

    def _columns(self) -> list[Array]:
        """What the optimiser remembers, an array for each letter; 0 for parameters of a group that remembers less than others."""
        groups = [[*zip(*self._brought[rows], strict=True)] for _, rows, _ in self._groups]
        counts = [rows.stop - rows.start for _, rows, _ in self._groups]
        filled = (
            chain.from_iterable(column or repeat(0.0, n) for column, n in zip(letter, counts, strict=True))
            for letter in zip_longest(*groups)
        )
        return [np.array([*column], np.float64) for column in filled]

    def _memory_was_set(self) -> bool:
        """Whether somebody has given the optimiser another memory."""
        if self._takes_memory and not self._home:
            return "memory" in self._attributes
        return self.optimiser.memory is not self._brought

    def _numbers(self) -> Array:
        for p in self.packed.params:
            if type(p) is Resident:  # in another training
                p.come_home()
        return np.array([p.data for p in self.packed.params], np.float64)

    def _leave_home(self) -> None:
        calls: list[tuple[Any, ...]] = [(become, parameter, Resident) for parameter in self.packed.params]
        if self._takes_memory:
            calls.append((self._attributes.pop, "memory", None))
        all_of([(AWAY.__setitem__, id(self), self), (setattr, self, "_home", False), *calls])

    def settle(self) -> None:
        """Bring the parameters and the optimiser's memory back. The next step takes them from there, changed or not."""
        with updating:
            if self._home:
                return
            params = self.packed.params
            memory = list(zip(*(array.tolist() for array in self._memory), strict=True)) or [()] * len(self._index)
            if len(self._groups) > 1:  # some may remember less than others
                memory = [numbers[: len(before)] for numbers, before in zip(memory, self._brought, strict=True)]
            calls: list[tuple[Any, ...]] = [(setattr, self, "_brought", memory), (setattr, self, "_home", True)]
            if not self._memory_was_set():
                calls.append((self._attributes.__setitem__, "memory", memory))
            calls += zip(repeat(_put_data), params, self.theta.tolist(), strict=False)
            calls += zip(repeat(become), params, repeat(Value), strict=False)
            all_of([*calls, (AWAY.pop, id(self), None)])


def _limit(x: Any, what: str) -> float | None:
    if x is None:
        return None
    limit = as_float(x, f"a number as {what}", "training")
    if limit < 0.0:
        raise ValueError(f"{what} needs a number from 0 on, but got {limit}")
    return limit


def _groups(optimiser: Any) -> list[tuple[Any, slice, bool]]:
    """An optimiser for each group of parameters, and without groups the optimiser itself; which parameters it changes; and whether it is
    known to treat each by itself.
    """
    rules = getattr(optimiser, "rules", (optimiser,))
    ends = [*accumulate(len(rule.parameters) for rule in rules)]
    known = ["update" not in vars(rule) and getattr(type(rule).update, "by_element", False) for rule in rules]
    return [(rule, slice(start, end), alone) for rule, start, end, alone in zip(rules, [0, *ends], ends, known, strict=False)]


def _rates(optimiser: Any) -> tuple[float, ...]:
    """The learning rate of each group."""
    return optimiser.rates if hasattr(optimiser, "rules") else (optimiser.rate,)


def _steps_otherwise(optimiser: Any) -> bool:
    """Whether somebody has made the step of an optimiser of ours more than its update, in a class or on the object."""
    ours = [step for kind in type(optimiser).__mro__ if getattr(step := vars(kind).get("step"), "only_updates", False)]
    return bool(ours) and ("step" in vars(optimiser) or type(optimiser).step is not ours[0])


class Training(Back):
    """The context of a session. Should Ctrl-C keep the parameters from coming back on leaving, they come when they are looked at."""

    __slots__ = ("packed", "session")

    def __init__(self, packed: Packed, optimiser: Any, clip_norm: float | None = None, clip_value: float | None = None) -> None:
        self.packed, self.session = packed, Session(packed, optimiser, clip_norm, clip_value)
        self.close = partial(together, starmap(call, [(setattr, packed, "_session", None), (self.session.settle,)]))

    def __enter__(self) -> Any:
        if self.packed._session is not None:
            raise RuntimeError(f"{self.packed.__name__} is in training already")
        self.packed._session = self.session
        return self.session
