"""Module: something with parameters. Everything that learns derives from it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any, ClassVar

from autograd import NonFiniteError, Value, given, scope
from autograd.marks import STEADY
from autograd.numbers import as_float
from autograd.process import assign, come_home, lending, refuse_reentry, together, updating

STEADY.add(__name__.partition(".")[0])


class Module:
    """Something with parameters: every leaf Value in its attributes, in those of the modules it holds, in lists and dicts of either.

    Attributes whose names begin with an underscore are its own business: nothing in them is a parameter. A subclass says in
    `forward` what it computes, and is called like a function.

    A module names what it holds after the attribute: the third weight of `self.layers[1].neurons[0].w` is "layer1.neuron0.w2". That
    is the parameter's name in `named_parameters` and `state_dict` and, unless it was given one before, its label. It stands, and the
    neuron's nodes are made, in the scope "layer1/neuron0", so that pictures fold by layer and by neuron.

    training   whether it is learning (`train()`) or being used (`eval()`); for modules that differ in the two
    """

    training: bool = True
    _path: str = ""
    _changes: ClassVar[list[int]] = [0]  # how many attributes of modules were set: programs see by it whether they have to look at theirs

    def __call__(self, *args: Any, **options: Any) -> Any:
        """What `forward` returns, its nodes made in a scope of this module's name."""
        if not self._path:
            return self.forward(*args, **options)
        with scope(self._path.rpartition(".")[2]):
            return self.forward(*args, **options)

    def forward(self, *args: Any, **options: Any) -> Any:
        """What the module computes from args and options, those of the call; each subclass says it."""
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    # -- names -----------------------------------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        parts = [] if name.startswith("_") else [*_parts(value, _join(self._path, name))]
        try:
            super().__setattr__(name, value)
        finally:
            self._changes[0] += 1
        if parts:
            for full, part in parts:
                if isinstance(part, Module):
                    part._place(full)
                else:
                    part.label = part.label or full
                    part.scope = _scope(self._path)

    def _own(self) -> Iterator[tuple[str, Value | Module]]:
        """The parameters and modules in the attributes, with their names; nothing of what is inside those modules."""
        for name, value in [*vars(self).items()]:  # in one step: another thread may add one
            if not name.startswith("_"):
                yield from _parts(value, name)

    def _place(self, path: str, above: tuple[Module, ...] = ()) -> None:
        """Name this module and everything in it after where it stands now. A label that a person chose stays."""
        if self in above:
            raise ValueError(f"a module cannot hold itself, as {path!r}; a name with an underscore in front keeps a module out")
        for name, part in self._own():
            if isinstance(part, Module):
                part._place(_join(path, name), (*above, self))
            else:
                if not part.label or part.label == _join(self._path, name):
                    part.label = _join(path, name)
                part.scope = _scope(path)
        self.__dict__["_path"] = path

    # -- parameters ------------------------------------------------------------------------------------------------------

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Every parameter with its name, in the order of declaration. One that stands in several places has its first name."""
        self._place(self._path)  # lists may have grown since they were assigned
        found: dict[Value, str] = {}
        self._gather(found, "")
        if len(set(found.values())) < len(found):
            counts = Counter(found.values())
            twice = next(name for name in counts if counts[name] > 1)
            raise ValueError(f"two parameters of {type(self).__name__} are called {twice!r}: rename an attribute")
        return [(name, parameter) for parameter, name in found.items()]

    def _gather(self, found: dict[Value, str], prefix: str) -> None:
        for name, part in self._own():
            if isinstance(part, Module):
                part._gather(found, _join(prefix, name))
            else:
                found.setdefault(part, _join(prefix, name))

    def parameters(self) -> list[Value]:
        """Every parameter once, in the order of declaration."""
        found: dict[Value, str] = {}
        self._gather(found, "")
        return [*found]

    def modules(self) -> Iterator[Module]:
        """This module and every one inside it, each once, outer ones first."""
        found: dict[Module, None] = {}
        todo: list[Module] = [self]
        while todo:
            module = todo.pop()
            if module not in found:
                found[module] = None
                todo += [part for _, part in module._own() if isinstance(part, Module)][::-1]
        yield from found

    def zero_grad(self) -> None:
        """Set `grad` of every parameter to 0.0."""
        zero_grad(self.parameters())

    def train(self, mode: bool = True) -> Module:
        """Set `training` to mode, True or False, here and in every module inside, and return this module."""
        mode = given.flag(mode, "mode", "train")
        told = map(self._changes.__setitem__, [0], [self._changes[0] + 1])
        together(chain(map(dict.__setitem__, map(vars, [*self.modules()]), repeat("training"), repeat(mode)), told))
        return self

    def eval(self) -> Module:
        """The same as train(False)."""
        return self.train(False)

    # -- state -----------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, float]:
        """The parameters' numbers by name."""
        names, parameters = zip(*found, strict=True) if (found := self.named_parameters()) else ((), ())
        return dict(zip(names, numbers_of(parameters), strict=True))

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Take over the numbers of a `state_dict`: all of them, or after any error none.

        state   a dict of the parameters' names and numbers

        ValueError: names are missing or unknown. TypeError, NonFiniteError: something is no finite number.
        """
        parameters, numbers = self._check_state(state)
        with lending, updating:
            put_numbers(parameters, numbers)

    def _check_state(self, state: Mapping[str, float]) -> tuple[list[Value], list[float]]:
        """The parameters, and what the state has for them."""
        if not isinstance(state, Mapping):
            raise given.wrong("load_state_dict", "a dict of names and numbers", state)
        mine = dict(self.named_parameters())
        missing, unknown = [name for name in mine if name not in state], [name for name in state if name not in mine]
        if missing or unknown:
            problems = [f"{_some(missing)} missing"] * bool(missing) + [f"{_some(unknown)} not known here"] * bool(unknown)
            raise ValueError(f"the state has {len(state)} numbers and {type(self).__name__} {len(mine)} parameters: {', '.join(problems)}")
        return [*mine.values()], [number(state[name], name) for name in mine]

    # -- as text ---------------------------------------------------------------------------------------------------------

    def summary(self) -> str:
        """The module on one line, without what it holds."""
        return f"{type(self).__name__}()"

    def __repr__(self) -> str:
        """The modules as a tree, a line each, with the number of parameters."""
        return "\n".join(self._tree())

    def _tree(self) -> list[str]:
        count = len(self.parameters())
        lines = [self.summary() + (f"  {count} parameter{'s' * (count != 1)}" if count else "")]
        held = [(name, part) for name, part in self._shown() if isinstance(part, Module)]
        for name, part in held:
            last = part is held[-1][1]
            first, *more = part._tree()
            lines.append(f"{'└─' if last else '├─'} {name}: {first}")
            lines += [f"{'  ' if last else '│ '} {line}" for line in more]
        return lines

    def _shown(self) -> Iterator[tuple[str, Value | Module]]:
        return self._own()


def number(x: Any, what: str) -> float:
    """x as a finite float, or the engine's error with `what` before it."""
    return as_float(x, "a number", what)


def model_given(x: Any, asker: str) -> Module:
    """x, if it is a module."""
    if isinstance(x, Module):
        return x
    raise given.wrong(asker, "a model, a Module", x, f": write {x.__name__}(…) for one" if isinstance(x, type) else "")


# Whoever reads or writes several parameters or gradients holds `updating` meanwhile, and `lending`, since a recording may have them.


def at_home(parameters: Sequence[Value]) -> None:
    """Have the numbers of those that are in packed training back from its arrays."""
    for parameter in parameters:
        if type(parameter) is not Value:
            come_home(parameter)


def numbers_of(parameters: Sequence[Value]) -> list[float]:
    """The parameters' numbers, all of one moment."""
    with lending, updating:
        return _numbers(parameters)


FEW = 64
"""So many parameters are read one by one, in packed training; more are brought back together."""


def _numbers(parameters: Sequence[Value]) -> list[float]:
    if len(parameters) > FEW:
        at_home(parameters)
    return [parameter.data for parameter in parameters]


def put_numbers(parameters: Sequence[Value], numbers: Sequence[float], *more: tuple[Any, str, Any]) -> None:
    """Put numbers into the parameters and, with them, more (objects, attributes, values), all at once. To be called while the locks are
    held.
    """
    at_home(parameters)
    owners, names, values = zip(*more, strict=True) if more else ((), (), ())
    together(map(setattr, (*parameters, *owners), ("data",) * len(parameters) + names, (*numbers, *values)))


def zero_grad(parameters: Sequence[Value]) -> None:
    """Set every parameter's `grad` to 0.0."""
    refuse_reentry("zero_grad()")
    with lending, updating:
        assign(parameters, "grad", repeat(0.0))


def finite_gradients(parameters: list[Value], asker: str) -> list[float]:
    """The parameters' gradients; NonFiniteError naming the first parameter whose gradient is NaN or infinite."""
    for i, parameter in enumerate(parameters):
        try:
            bad = parameter.grad * 0.0
        except TypeError:
            plain(parameter.grad, asker, "the gradient", parameter, i)
            raise
        if bad:
            raise NonFiniteError(f"{asker} met the gradient {parameter.grad} of parameter {called(parameter, i)}; nothing was changed")
    gradients = [parameter.grad for parameter in parameters]
    if type(sum(gradients)) is not float:
        return [plain(g, asker, "the gradient", parameter, i) for i, (parameter, g) in enumerate(zip(parameters, gradients, strict=True))]
    return gradients


def plain(x: Any, asker: str, what: str, parameter: Value, i: int) -> float:
    """x as a float; a TypeError that names the parameter if somebody has put there what is no float or int, such as a float32."""
    if not isinstance(x, (float, int)) or isinstance(x, bool):
        raise TypeError(
            f"{asker} met {what} {x!r} of type {type(x).__name__} of parameter {called(parameter, i)}: put float(number) there instead;"
            " nothing was changed"
        )
    return float(x)


def called(parameter: Value, i: int) -> str:
    """A parameter's name for a message: its label, or which one it is."""
    return f"{parameter.label!r}" if parameter.label is not None else f"number {i}"


def _parts(value: Any, name: str, depth: int = 0) -> Iterator[tuple[str, Value | Module]]:
    """The leaf Values and modules in an attribute's value, which may be one of them or a container."""
    if depth > given.DEPTH:
        raise ValueError(f"a module's attribute {name:.40} holds lists in lists, more than {given.DEPTH} deep, or one that contains itself")
    if isinstance(value, Module):
        yield name, value
    elif isinstance(value, Value):
        if value.op is None:
            yield name, value
    elif isinstance(value, (list, tuple)):
        one = _singular(name)
        for i, item in enumerate(value):
            yield from _parts(item, f"{one}_{i}" if one[-1:].isdigit() else f"{one}{i}", depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _parts(item, f"{name}.{key}", depth + 1)


def _singular(name: str) -> str:
    """The name of one of several: layer for layers, bias for biases and for bias."""
    return re.sub(r"(?<=s)es$|(?<![aius])s$", "", name)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _scope(path: str) -> str | None:
    return path.replace(".", "/") or None


def _some(names: list[str]) -> str:
    return ", ".join(map(repr, names[:3])) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
