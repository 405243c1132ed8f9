"""Optimisers: how gradients change parameters. The letters are those of the equations:

θ, g             a parameter and its gradient
η, lr            the learning rate, from 0 on: a number, or a schedule, a function of how many steps were taken so far
λ, weight_decay  how strongly a parameter is drawn to 0, from 0 on
μ, momentum      how much of the last step goes on into the next, from 0 to below 1
β, betas         how much of an average stays in the next, from 0 to below 1; for Adam two, of the gradient and of its square
ε, eps           what keeps a division finite, from 0 on
t                which step it is, counted from 1
memory           what is remembered of a parameter between steps: the letters that the equations say anew
parameters       leaf Values, each once, as from `model.parameters()`

A step is all or nothing: a gradient or a result that is not finite raises, and neither a parameter nor the optimiser has changed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, TypeVar

from autograd import RangeError, Value, given
from autograd.process import assign, come_home, lending, refuse_reentry, updating

from .groups import Group, checked, parameters_or_groups, rules_of
from .module import called, finite_gradients, number, plain, put_numbers, zero_grad

Schedule = Callable[[int], float]
Parameters = Iterable[Value] | Iterable[Mapping[str, Any]]
F = TypeVar("F", bound=Callable[..., Any])


def by_element(update: F) -> F:
    """An update of arrays that treats each number by itself, so that they may be given in pieces."""
    setattr(update, "by_element", True)  # noqa: B010 - a function has no such attribute, by its type
    return update


class Optimiser:
    """What all optimisers share. A subclass says in `update` what one step does to one parameter.

    parameters  leaf Values, each once; or groups of them, dicts of `params` and of options that hold for these alone
    lr          η: a number, or a schedule, a function of how many steps were taken so far
    options     the other letters

    With groups, the rate and the options are those of `groups`, and what the constructor is given holds where a group says nothing else.
    """

    averages: tuple[str, ...] = ()
    """What the optimiser remembers for each parameter, by the letters of its equation; all start at 0."""
    squares: tuple[str, ...] = ()
    """Those of them that are averages or sums of squares, and so never negative."""
    shares: ClassVar[tuple[str, ...]] = ()
    """Options from 0 to below 1."""
    sizes: ClassVar[tuple[str, ...]] = ()
    """Options from 0 on."""
    later: ClassVar[tuple[str, ...]] = ()
    """Options that states of earlier versions have not: 0, or off, there."""
    _rules: tuple[Optimiser, ...] = ()
    lr: float | Schedule
    options: dict[str, float | bool]

    def __init__(self, parameters: Parameters, lr: float | Schedule, **options: float | bool) -> None:
        self.parameters, groups = parameters_or_groups(parameters, type(self).__name__)
        lr, options = lr if callable(lr) else _from(0.0, lr, "lr"), self._allowed(options)
        if groups:
            self._rules = rules_of(type(self), groups, lambda own: self._words({"lr": lr, **options}, own))
        else:
            self.lr, self.options = lr, options
        self.steps = 0
        self.memory = [none for rule in self.rules for none in [(0.0,) * len(rule.averages)] * len(rule.parameters)]

    def _words(self, usual: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
        """What the constructor is given for a group: the options of all groups, and in their place its own."""
        return {**usual, **own}

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups of parameters; one of all where none were given."""
        return tuple(Group(self, rule) for rule in self.rules)

    @property
    def rules(self) -> tuple[Optimiser, ...]:
        """For each group an optimiser that knows its letters, and whose `update` changes its parameters."""
        return self._rules or (self,)

    def _allowed(self, options: dict[str, float | bool]) -> dict[str, float | bool]:
        """The options, whoever gave them: the constructor or a file; a ValueError for one that is out of range."""
        checked = {name: _between(options[name], name) for name in self.shares}
        checked |= {name: _from(0.0, options[name], name) for name in self.sizes}
        return {**options, **checked}

    @property
    def rate(self) -> float:
        """η of the next step; with groups, of the first one's."""
        return self.rates[0] if self._rules else self.rate_after(self.steps)

    @property
    def rates(self) -> tuple[float, ...]:
        """η of the next step, of each group."""
        if not self._rules:
            return (self.rate,)
        for letter in {"lr", "options"} & vars(self).keys():
            what = f"{type(self).__name__} has groups, each with {letter} of its own: set that of optimiser.groups[0], and of the others"
            raise ValueError(f"{what}, and not optimiser.{letter}")
        return tuple(rule.rate_after(self.steps) for rule in self._rules)

    def rate_after(self, steps: int) -> float:
        """η after so many steps."""
        return _from(0.0, self.lr(steps), "lr, the schedule's learning rate,") if callable(self.lr) else self.lr

    def update(self, θ: float, g: float, η: float, t: int, *memory: float) -> tuple[float, ...]:
        """The new θ, and the new memory. Arithmetic alone, so that it means the same on arrays, of all parameters at once."""
        raise NotImplementedError

    def step(self) -> None:
        """Change every parameter by its gradient. Nothing is changed if something is not finite.

        NonFiniteError: a gradient; RangeError: a new parameter or a memory. Both name the parameter.
        """
        refuse_reentry(f"{type(self).__name__}.step")
        with lending, updating:
            self._step()

    def _step(self) -> None:
        asker = f"{type(self).__name__}.step"
        gradients = finite_gradients(self.parameters, asker)
        self._bring_back()
        rules, t = self._rule_of_each(), self.steps + 1
        numbers, memory = [], []
        for i, (parameter, g, remembered, (rule, η)) in enumerate(zip(self.parameters, gradients, self.memory, rules, strict=True)):
            try:
                θ, *more = rule.update(parameter.data, g, η, t, *remembered)
            except (OverflowError, ZeroDivisionError):
                θ, more = math.nan, []
            except TypeError:
                plain(parameter.data, asker, "the number", parameter, i)
                raise
            if θ * 0.0 or any(m * 0.0 for m in more):
                what = f"{type(self).__name__}.step takes parameter {called(parameter, i)} beyond the floats"
                raise RangeError(f"{what}: it was {parameter.data!r}, its gradient {g!r}, the learning rate {η!r}; nothing was changed")
            numbers.append(θ)
            memory.append(tuple(more))
        if type(sum(numbers)) is not float:  # somebody has put numbers of another type into a parameter
            numbers = [plain(θ, asker, "the number", p, i) for i, (p, θ) in enumerate(zip(self.parameters, numbers, strict=True))]
        put_numbers(self.parameters, numbers, (self, "memory", memory), (self, "steps", t))

    setattr(step, "only_updates", True)  # noqa: B010 - for training on arrays, which calls `update` alone

    def _rule_of_each(self) -> list[tuple[Optimiser, float]]:
        """For every parameter what changes it, and the rate."""
        if not self._rules:
            return [(self, self.rate)] * len(self.parameters)
        return [(rule, η) for rule, η in zip(self._rules, self.rates, strict=True) for _ in rule.parameters]

    def _bring_back(self) -> None:
        """In packed training the numbers are in arrays: the memory, too."""
        come_home(self.parameters[0])

    def __getattr__(self, name: str) -> Any:
        """The memory, where packed training has taken it. With groups, the letters are theirs."""
        if name == "memory" and "parameters" in vars(self):
            with lending, updating:
                self._bring_back()
                return vars(self)["memory"]
        if name in ("lr", "options") and self._rules:
            what = f"{type(self).__name__} has groups, each with {name} of its own: optimiser.groups[0].{name} is that of the first"
            raise AttributeError(what, name=name, obj=self)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)

    def __getstate__(self) -> dict[str, Any]:
        with lending, updating:
            self._bring_back()
            return dict(vars(self))

    def zero_grad(self) -> None:
        """Set every parameter's `grad` to 0.0."""
        zero_grad(self.parameters)

    def state_dict(self) -> dict[str, Any]:
        """What the optimiser knows, as numbers, texts and lists only: to be saved as JSON, and loaded again."""
        with lending, updating:
            return self._state()

    def _state(self) -> dict[str, Any]:
        self._bring_back()
        letters = [{"lr": None if callable(rule.lr) else rule.lr, "options": dict(rule.options)} for rule in self.rules]
        groups = [{"parameters": len(rule.parameters), **own} for rule, own in zip(self.rules, letters, strict=True)]
        return {
            "optimiser": type(self).__name__,
            **({"groups": groups} if self._rules else letters[0]),
            "steps": self.steps,
            "memory": [list(remembered) for remembered in self.memory],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the state, a `state_dict`: all of it, or after any error nothing. A schedule is not part of it: the own one stays."""
        with lending, updating:
            put_numbers((), (), *self._changes(state))

    def _changes(self, state: Mapping[str, Any]) -> list[tuple[Any, str, Any]]:
        """What loading the state changes: objects, attributes and values."""
        mine = self.state_dict()
        self._check_kind(state, mine)
        changes: list[tuple[Any, str, Any]] = []
        for rule, letters in zip(self.rules, state["groups"] if self._rules else [state], strict=True):
            lr, options = rule._check_letters(letters["lr"], letters["options"])
            changes += [] if lr is None or callable(rule.lr) else [(rule, "lr", lr)]
            changes.append((rule, "options", options))
        steps = state["steps"]
        if isinstance(steps, bool) or not isinstance(steps, int) or steps < 0:
            raise ValueError(f"steps must be a whole number from 0 on, but is {given.shorten(steps)}")
        return [*changes, (self, "steps", steps), (self, "memory", self._check_memory(state["memory"]))]

    def _check_kind(self, state: Any, mine: dict[str, Any]) -> None:
        """Whether the state is one of such an optimiser, with such groups."""
        entries = ValueError(f"the state of an optimiser has the entries {', '.join(mine)}")
        if not isinstance(state, Mapping) or "optimiser" not in state:
            raise entries
        if state["optimiser"] != mine["optimiser"]:
            raise ValueError(f"the state is of {given.shorten(state['optimiser'])}, but this optimiser is {mine['optimiser']}")
        if ("groups" in state) != ("groups" in mine):
            theirs, own = ("with", "has none") if "groups" in state else ("without", f"has {len(self.rules)}")
            raise ValueError(f"the state is of an optimiser {theirs} groups of parameters, but this one {own}")
        if set(state) != set(mine):
            raise entries
        if self._rules:
            self._check_groups(state["groups"], mine["groups"])

    def _check_groups(self, groups: Any, mine: list[dict[str, Any]]) -> None:
        if not isinstance(groups, list) or not all(isinstance(group, Mapping) and set(group) == set(mine[0]) for group in groups):
            raise ValueError(f"the groups of a state are a list, each with the entries {', '.join(mine[0])}, not {given.shorten(groups)}")
        if [group["parameters"] for group in groups] != (sizes := [group["parameters"] for group in mine]):
            theirs = ", ".join(given.shorten(group["parameters"]) for group in groups) or "none"
            raise ValueError(
                f"the state is of groups of {theirs} parameters, but this optimiser has groups of {', '.join(map(str, sizes))}"
            )

    def _check_letters(self, lr: Any, options: Any) -> tuple[float | None, dict[str, float | bool]]:
        name = type(self).__name__
        if isinstance(options, Mapping):
            options = {name: type(self.options[name])(0) for name in self.later} | dict(options)
        if not isinstance(options, Mapping) or set(options) != set(self.options):
            raise ValueError(f"{name} has the options {', '.join(self.options) or 'none'}, not {given.shorten(options)}")
        taken: dict[str, float | bool] = {}
        for name, own in self.options.items():
            if isinstance(own, bool) and not isinstance(options[name], bool):
                raise TypeError(f"{name} must be true or false, but is {given.shorten(options[name])}")
            taken[name] = options[name] if isinstance(own, bool) else number(options[name], name)
        return None if lr is None else _from(0.0, lr, "lr"), self._allowed(taken)

    def _check_memory(self, memory: Any) -> list[tuple[float, ...]]:
        rules = [rule for rule in self.rules for _ in rule.parameters]
        if not isinstance(memory, list) or len(memory) != len(self.memory):
            count = len(memory) if isinstance(memory, list) else given.shorten(memory)
            raise ValueError(f"the memory is of {count} parameters, but the optimiser has {len(self.memory)}")
        numbers = []
        for rule, remembered in zip(rules, memory, strict=True):
            if not isinstance(remembered, list) or len(remembered) != len(rule.averages):
                what = f"{type(self).__name__} remembers {len(rule.averages)} numbers a parameter, not {given.shorten(remembered)}"
                raise ValueError(what)
            numbers.append(tuple(number(m, "the optimiser's memory") for m in remembered))
            for letter in rule.squares:
                _from(0.0, numbers[-1][rule.averages.index(letter)], f"the optimiser's memory of {letter}, of squares,")
        return numbers

    def _letters(self) -> str:
        """The rate and the options as text."""
        rate = getattr(self.lr, "__name__", "a schedule") if callable(self.lr) else f"{self.lr:g}"
        said = {name: value for name, value in self.options.items() if value or name not in self.later}
        options = "".join(f", {name}={value:g}" if not isinstance(value, bool) else f", {name}={value}" for name, value in said.items())
        return f"lr={rate}{options}"

    def __repr__(self) -> str:
        name, steps = type(self).__name__, f"{len(self.parameters)} parameters, {self.steps} steps"
        if not self._rules:
            return f"{name}({self._letters()}; {steps})"
        return f"{name}({len(self.rules)} groups; {steps})" + "".join(f"\n  {k}: {group}" for k, group in enumerate(self.groups))


def optimiser_given(x: Any, asker: str) -> Optimiser:
    """x, if it is an optimiser."""
    if isinstance(x, Optimiser):
        return x
    kind = x.__name__ if isinstance(x, type) else type(x).__name__
    raise TypeError(f"{asker} needs an optimiser, such as SGD(model.parameters(), lr=0.1), but got {kind}")


class SGD(Optimiser):
    """Gradient descent: θ ← θ - η g. With options:

    weight_decay λ   g ← g + λ θ                            the gradient of an L2 penalty ½ λ θ²
    momentum μ       b ← μ b + g,  θ ← θ - η b              Polyak 1964, in the form of Sutskever et al. 2013
    dampening τ      b ← μ b + (1 - τ) g                    from the second step on, as in PyTorch
    nesterov         θ ← θ - η (g + μ b)                    Nesterov 1983, in the form that PyTorch uses
    """

    averages = ("b",)
    shares = ("momentum",)
    sizes = ("weight_decay", "dampening")
    later = ("dampening",)

    def __init__(
        self,
        parameters: Parameters,
        lr: float | Schedule,
        *,
        momentum: float = 0.0,
        dampening: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        nesterov = given.flag(nesterov, "nesterov", "SGD")
        super().__init__(parameters, lr, momentum=momentum, dampening=dampening, nesterov=nesterov, weight_decay=weight_decay)

    def _allowed(self, options: dict[str, float | bool]) -> dict[str, float | bool]:
        options = super()._allowed(options)
        if options["nesterov"] and (not options["momentum"] or options["dampening"]):
            raise ValueError("nesterov needs a momentum above 0, and no dampening")
        return options

    @by_element
    def update(self, θ: float, g: float, η: float, t: int, *memory: float) -> tuple[float, ...]:
        """One step of the equations above."""
        (b,) = memory
        μ, τ, λ = self.options["momentum"], self.options["dampening"], self.options["weight_decay"]
        if λ:
            g = g + λ * θ
        if not μ:
            return θ - η * g, b
        b = μ * b + (1.0 - τ) * g if τ and t > 1 else μ * b + g
        return θ - η * (g + μ * b if self.options["nesterov"] else b), b


class AdaGrad(Optimiser):
    """s ← s + g²,  θ ← θ - η g / (√s + ε)   (Duchi, Hazan and Singer 2011)."""

    averages = squares = ("s",)
    sizes = ("eps", "weight_decay")

    def __init__(self, parameters: Parameters, lr: float | Schedule = 0.01, *, eps: float = 1e-10, weight_decay: float = 0.0) -> None:
        super().__init__(parameters, lr, eps=eps, weight_decay=weight_decay)

    @by_element
    def update(self, θ: float, g: float, η: float, t: int, *memory: float) -> tuple[float, ...]:
        """One step of the equation above, with g ← g + λ θ before."""
        g = g + self.options["weight_decay"] * θ
        s = memory[0] + g * g
        return θ - η * _ratio(g, _root(s) + self.options["eps"]), s


class RMSProp(Optimiser):
    """s ← β s + (1 - β) g²,  θ ← θ - η g / (√s + ε)   (Hinton 2012, Neural Networks for Machine Learning, lecture 6e). With options:

    centered         a ← β a + (1 - β) g, and √(s - a²) for √s      Graves 2013, arXiv:1308.0850
    momentum μ       b ← μ b + g / (√s + ε),  θ ← θ - η b

    beta is called `alpha` in PyTorch: either word will do.
    """

    shares = ("beta", "momentum")
    sizes = ("eps", "weight_decay")
    squares = ("s",)
    later = ("momentum", "centered")

    def __init__(
        self,
        parameters: Parameters,
        lr: float | Schedule = 0.01,
        *,
        beta: float | None = None,
        alpha: float | None = None,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        if beta is not None and alpha is not None:
            raise ValueError(f"RMSProp's beta and alpha are two words for one number, but got beta={beta} and alpha={alpha}")
        share = beta if alpha is None else alpha
        centered = given.flag(centered, "centered", "RMSProp")
        self.averages = ("s", *["a"] * bool(centered), *["b"] * bool(_between(momentum, "momentum")))
        super().__init__(
            parameters, lr, beta=0.99 if share is None else share, eps=eps, weight_decay=weight_decay, momentum=momentum, centered=centered
        )

    def _words(self, usual: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
        if "alpha" in own:
            usual = {name: value for name, value in usual.items() if name != "beta"}
        return {**usual, **own}

    @by_element
    def update(self, θ: float, g: float, η: float, t: int, *memory: float) -> tuple[float, ...]:
        """One step of the equations above, with g ← g + λ θ before."""
        β, μ = self.options["beta"], self.options["momentum"]
        g = g + self.options["weight_decay"] * θ
        s = β * memory[0] + (1.0 - β) * g * g
        new, spread = [s], s
        if self.options["centered"]:
            a = β * memory[1] + (1.0 - β) * g
            new.append(a)
            spread = _larger(s - a * a, 0.0 * s)  # rounding may take it below 0
        step = _ratio(g, _root(spread) + self.options["eps"])
        if μ:
            step = μ * memory[-1] + step
            new.append(step)
        return θ - η * step, *new


class Adam(Optimiser):
    """Averages of the gradient and of its square, freed of their start at 0 (Kingma and Ba 2014, arXiv:1412.6980, algorithm 1).

    m ← β₁ m + (1 - β₁) g,  v ← β₂ v + (1 - β₂) g²,  m̂ = m / (1 - β₁ᵗ),  v̂ = v / (1 - β₂ᵗ),  θ ← θ - η m̂ / (√v̂ + ε)

    amsgrad   u ← max(u, v), and u for v in v̂ (Reddi, Kale and Kumar 2018, arXiv:1904.09237, with the correction, as in PyTorch)
    """

    shares = ("beta1", "beta2")
    sizes = ("eps", "weight_decay")
    later = ("amsgrad",)

    def __init__(
        self,
        parameters: Parameters,
        lr: float | Schedule = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ) -> None:
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            needs = "betas needs two numbers, for the gradient and for its square, such as (0.9, 0.999)"
            raise ValueError(f"{needs}, but got {given.shorten(betas)}")
        beta1, beta2 = betas
        amsgrad = given.flag(amsgrad, "amsgrad", type(self).__name__)
        self.averages, self.squares = (("m", "v", "u"), ("v", "u")) if amsgrad else (("m", "v"), ("v",))
        super().__init__(parameters, lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad)

    def _words(self, usual: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
        others = {name: value for name, value in usual.items() if name not in ("beta1", "beta2")}
        return {**others, "betas": (usual["beta1"], usual["beta2"]), **own}

    @by_element
    def update(self, θ: float, g: float, η: float, t: int, *memory: float) -> tuple[float, ...]:
        """One step of the equations above, with g ← g + λ θ before."""
        return self._adam(θ, g + self.options["weight_decay"] * θ, η, t, *memory)

    def _adam(self, θ: float, g: float, η: float, t: int, *memory: float) -> tuple[float, ...]:
        m, v, *most = memory
        β1, β2 = self.options["beta1"], self.options["beta2"]
        m = β1 * m + (1.0 - β1) * g
        v = β2 * v + (1.0 - β2) * g * g
        m_hat = m / (1.0 - β1**t)
        if most:
            most = [_larger(most[0], v)]
        v_hat = (most[0] if most else v) / (1.0 - β2**t)
        return θ - η * _ratio(m_hat, _root(v_hat) + self.options["eps"]), m, v, *most


class AdamW(Adam):
    """Adam with weight decay beside the averages, not inside: θ ← θ - η λ θ first (Loshchilov and Hutter 2017, arXiv:1711.05101)."""

    def __init__(
        self,
        parameters: Parameters,
        lr: float | Schedule = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(parameters, lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad)

    @by_element
    def update(self, θ: float, g: float, η: float, t: int, *memory: float) -> tuple[float, ...]:
        """One step of the equations above."""
        return self._adam(θ - η * self.options["weight_decay"] * θ, g, η, t, *memory)


# Schedules: functions of how many steps were taken so far, from 0.


def linear_decay(start: float, end: float, steps: int) -> Schedule:
    """From start to end along a line, `steps` steps long; then end."""
    start, end, steps = _from(0.0, start, "start"), _from(0.0, end, "end"), _steps(steps, "linear_decay")
    return lambda t: start + (end - start) * min(t / steps, 1.0)


def cosine_decay(start: float, end: float, steps: int) -> Schedule:
    """From start to end along half a cosine, `steps` steps long; then end (Loshchilov and Hutter 2016, arXiv:1608.03983)."""
    start, end, steps = _from(0.0, start, "start"), _from(0.0, end, "end"), _steps(steps, "cosine_decay")
    return lambda t: end + 0.5 * (start - end) * (1.0 + math.cos(math.pi * min(t / steps, 1.0)))


def exponential_decay(start: float, factor: float) -> Schedule:
    """start · factorᵗ after t steps, for a start and a factor from 0 on."""
    start, factor = _from(0.0, start, "start"), _from(0.0, factor, "factor")
    return lambda t: start * factor**t


def step_decay(start: float, factor: float, every: int) -> Schedule:
    """start, multiplied by factor after every so many steps."""
    start, factor, every = _from(0.0, start, "start"), _from(0.0, factor, "factor"), _steps(every, "step_decay", "every")
    return lambda t: start * factor ** (t // every)


def warm_up(steps: int, then: Schedule | float) -> Schedule:
    """A rise over `steps` steps to where `then` starts, then `then`."""
    steps = _steps(steps, "warm_up")
    after: Schedule = then if callable(then) else constant_rate(_from(0.0, then, "warm_up's then"))

    def rising(t: int) -> float:
        rate = _from(0.0, after(max(t - steps, 0)), "warm_up's then")
        return rate * (t + 1) / (steps + 1) if t < steps else rate

    return rising


def constant_rate(rate: float) -> Schedule:
    """Always the same rate, from 0 on."""
    rate = _from(0.0, rate, "rate")
    return lambda t: rate


# Clipping.


def clip_grad_norm(parameters: Iterable[Value], limit: float) -> float:
    """Scale all gradients by one factor so that their norm √Σg² is at most `limit` (Pascanu et al. 2012, arXiv:1211.5063).

    Returns the norm before. NonFiniteError: a gradient is not finite, and nothing was changed.
    """
    parameters, limit = checked(parameters, "clip_grad_norm"), _from(0.0, limit, "limit")
    refuse_reentry("clip_grad_norm")
    with lending, updating:
        return _clip_norm(parameters, limit)


def _clip_norm(parameters: list[Value], limit: float) -> float:
    gradients = finite_gradients(parameters, "clip_grad_norm")
    norm = math.hypot(*gradients)
    if norm == math.inf:  # finite gradients whose norm is beyond the floats
        scale = max(map(abs, gradients))
        unit = math.hypot(*(g / scale for g in gradients))
        new = [limit * (g / scale / unit) for g in gradients]
    else:
        new = [limit * (g / norm) for g in gradients] if norm > limit else gradients
    assign(parameters, "grad", new)
    return norm


def clip_grad_value(parameters: Iterable[Value], limit: float) -> None:
    """Cut every gradient to the range from -limit to limit. NonFiniteError: one is not finite, and nothing was changed."""
    parameters, limit = checked(parameters, "clip_grad_value"), _from(0.0, limit, "limit")
    refuse_reentry("clip_grad_value")
    with lending, updating:
        assign(parameters, "grad", _clipped(parameters, limit))


def _clipped(parameters: list[Value], limit: float) -> list[float]:
    return [min(max(g, -limit), limit) for g in finite_gradients(parameters, "clip_grad_value")]


# Checks.


def _from(low: float, x: Any, what: str) -> float:
    value: float = number(x, what)
    if value < low:
        raise ValueError(f"{what} needs a number from {low:g} on, but got {value}")
    return value


def _between(x: Any, what: str) -> float:
    value: float = number(x, what)
    if not 0.0 <= value < 1.0:
        raise ValueError(f"{what} needs a number from 0 to below 1, but got {value}")
    return value


def _steps(n: Any, asker: str, what: str = "steps") -> int:
    return given.count(n, what, asker, 1)


def _ratio(x: float, y: float) -> float:
    """x / y, and 0 for 0 / 0, where no gradient has ever come. Written so that it means the same on arrays."""
    return x / (y + (x == 0.0) * (y == 0.0))


def _larger(x: float, y: float) -> float:
    """The larger of two, of floats or of arrays."""
    return max(x, y) if isinstance(x, float) else x * (x >= y) + y * (y > x)


def _root(x: float) -> float:
    """√x, of a float or an array."""
    return math.sqrt(x) if isinstance(x, float) else x**0.5
