"""Functions of somebody's own with derivatives of their own: one decorator, for any function of numbers."""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Callable, Mapping
from typing import Any

from . import given
from .expression import CONSTANTS, functions
from .numbers import as_float
from .primitive import REALS, Interval, Primitive, Rule, function_of

_ASKER = "custom_gradient"
Kinks = str | Callable[..., float]


def custom_gradient(
    *rules: Rule | None,
    textbook: tuple[str, ...] = (),
    kinks: tuple[Kinks, ...] | list[Kinks] | str | None = None,
    domain: Interval | tuple[Interval, ...] | Mapping[str, Interval] | None = None,
    condition: str = "",
    accept: float = 0.0,
    surrogate: bool = False,
    further: bool = True,
) -> Callable[[Callable[..., float]], Any]:
    """A decorator that gives a function of numbers the derivatives you say: a rule(z, x, y, …) for each operand.

    The function is computed on floats, and so may do whatever it likes; it returns a number, and raises a ValueError (or returns NaN)
    where it has none. The rules are written in the table's functions, as a row's are, so derivatives of every order and of both modes
    follow them. A rule is a local derivative alone: the upstream gradient comes by itself, and cannot be forgotten. Operands have the
    names that the function gives them. Nothing is registered: the name stays free, a notebook's cell may run again, and a node of it
    cannot be pickled. `autograd.testing.assert_primitive` checks all of it in one call.

    rules      one for each operand; None for an operand that is always a plain number
    textbook   each rule as people write it, for formulas
    kinks      where there is no derivative: texts in the language of expressions, or functions of the operands, that vanish there
    domain     an Interval for all operands, a tuple of them, or a dict by the operands' names; where nothing is said, it may be any
    condition  what else the operands must fulfil together, in words
    accept     the relative error that values of the function may have on purpose: 1e-6 for Newton's iteration, a quadrature, float32
    surrogate  whether the rules are not the derivative, on purpose, as where a gradient passes straight through
    further    whether the rules can be differentiated again; not if they compute with `math`

    >>> @custom_gradient(lambda z, x: 1.0, surrogate=True)  # straight through: rounds, and hands the gradient on as if it did not
    ... def rounded(x):
    ...     return float(round(x))
    >>> rounded(2.7)
    3.0
    """
    for rule in rules:
        if rule is not None and not callable(rule):
            raise given.wrong(_ASKER, "rules, as in custom_gradient(lambda z, x: 1.0)", rule)
    if not any(rules):
        raise ValueError(f"{_ASKER} needs a rule for at least one operand, but got {len(rules) or 'none'}")
    forms = given.items(textbook, "a tuple of texts as textbook", _ASKER)
    textbook = tuple(given.text(form, "each of textbook", _ASKER) for form in forms)
    if textbook and len(textbook) != len(rules):
        raise ValueError(f"{_ASKER} needs one textbook form for each of {len(rules)} rule(s), but got {len(textbook)}")
    told = {
        "accept": _share(accept),
        "surrogate": given.flag(surrogate, "surrogate", _ASKER),
        "further": given.flag(further, "further", _ASKER),
        "undeclared": frozenset(("outside", *(column for column, said in (("domain", domain), ("kinks", kinks)) if said is None))),
    }
    where = _kinks(kinks)

    def decorate(forward: Callable[..., float]) -> Any:
        given.function(forward, f"{_ASKER} takes its rules first, then the function: it")
        known = getattr(forward, "__name__", "")
        name = known if known.isidentifier() else "custom"
        operands = _operands(forward, len(rules))
        slots = ", ".join(f"<{operand}>" for operand in operands)
        row = Primitive(
            name=name,
            operands=operands,
            forward=forward,
            partials=rules,
            symbol=name,
            formula=f"{name}({', '.join(operands)})",
            latex=rf"\operatorname{{{name}}}\left({slots}\right)".replace("_", r"\_"),
            textbook=textbook or tuple(f"d{name}/d{operand}" for operand in operands),
            domain=_domain(domain, operands),
            condition=condition,
            kinks=where,
            summary=(getattr(forward, "__doc__", None) or "").strip(),
        )
        vars(row).update(told)
        function = function_of(row)
        function.__module__ = getattr(forward, "__module__", __name__)
        return function

    return decorate


def _share(accept: float) -> float:
    share = as_float(accept, "a number as accept", _ASKER)
    if not 0.0 <= share < 1.0:
        raise ValueError(f"{_ASKER} needs an accept from 0 to below 1, a relative error, but got {share!r}")
    return share


def _operands(forward: Callable[..., float], count: int) -> tuple[str, ...]:
    """The names that the function gives its first operands; x, y, … where it has none that an expression could use."""
    kinds = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    try:
        names = [parameter.name for parameter in inspect.signature(forward).parameters.values() if parameter.kind in kinds]
    except (TypeError, ValueError):
        names = []
    taken = {*functions(), *CONSTANTS, "z"}
    if len(names) < count or any(name in taken or keyword.iskeyword(name) for name in names[:count]):
        names = ["x", "y"] if count <= 2 else [f"x{i + 1}" for i in range(count)]
    return tuple(names[:count])


def _kinks(kinks: Any) -> tuple[Kinks, ...]:
    """One of them, or several: texts and functions."""
    if kinks is None or isinstance(kinks, str) or callable(kinks):
        return () if kinks is None else (kinks,)
    several = given.items(kinks, "texts or functions as kinks", _ASKER)
    return tuple(kink if callable(kink) else given.text(kink, "each of kinks", _ASKER) for kink in several)


def _domain(domain: Any, operands: tuple[str, ...]) -> tuple[Interval, ...]:
    """An interval for each operand."""
    if domain is None or isinstance(domain, Interval):
        return (domain or REALS,) * len(operands)
    if isinstance(domain, Mapping):
        for name in domain:
            given.choice(name, operands, "each name in domain")
        return tuple(domain.get(operand, REALS) for operand in operands)
    return tuple(given.items(domain, "an Interval, a dict of them by operand, or one for each operand", _ASKER))
