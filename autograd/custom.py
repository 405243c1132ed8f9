"""Functions of somebody's own with derivatives of their own: one decorator, for any function of numbers and lists of them."""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from . import given
from .expression import CONSTANTS, functions
from .joined import Joined
from .numbers import as_float
from .primitive import REALS, Interval, Primitive, Rule, function_of, interpretation

_ASKER = "custom_gradient"
LENGTH = 3
"""How long the lists are that checks hand to a function of lists."""
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
    lists: tuple[str, ...] | list[str] | str = (),
) -> Callable[[Callable[..., float]], Any]:
    """A decorator that gives a function of numbers the derivatives you say: a rule(z, x, y, …) for each operand, of any number.

    The function is computed on floats, and so may do whatever it likes; it returns a number, and raises a ValueError (or returns NaN)
    where it has none. The rules are written in the table's functions, as a row's are, so derivatives of every order and of both modes
    follow them. A rule is a local derivative alone: the upstream gradient comes by itself, and cannot be forgotten. Operands have the
    names that the function gives them. Nothing is registered: the name stays free, a notebook's cell may run again, and a node of it
    cannot be pickled. `autograd.testing.assert_primitive` checks all of it in one call.

    A function of three or more operands, of lists, or with a plain number first is a chain of nodes, since a node has two operands: one
    for each operand that is a Value. Pictures, steps and texts show it as one node with an arrow for each operand. `compile`, `pack` and
    what is made of a program refuse such a function with a TracingError that names it.

    rules      one for each operand; None for an operand that is always a plain number
    textbook   each rule as people write it, for formulas
    kinks      where there is no derivative: texts in the language of expressions, or functions of the operands, that vanish there
    domain     an Interval for all operands, a tuple of them, or a dict by the operands' names; where nothing is said, it may be any
    condition  what else the operands must fulfil together, in words
    accept     the relative error that values of the function may have on purpose: 1e-6 for Newton's iteration, a quadrature, float32
    surrogate  whether the rules are not the derivative, on purpose, as where a gradient passes straight through
    further    whether the rules can be differentiated again; not if they compute with `math`
    lists      the operands that are lists of numbers, of any length: function and rules get them as tuples, and the rule for one returns a
               list, one derivative for each number. A list of n numbers costs n calls of that rule, and n² where `gradient` asks it
               on Values: it is meant for some tens or hundreds of numbers

    >>> @custom_gradient(lambda z, x: 1.0, surrogate=True)  # straight through: rounds, and hands the gradient on as if it did not
    ... def rounded(x):
    ...     return float(round(x))
    >>> rounded(2.7)
    3.0
    >>> @custom_gradient(lambda z, xs, c: [2.0 * c * x for x in xs], lambda z, xs, c: sum(x * x for x in xs), lists="xs")
    ... def energy(xs, c):
    ...     return c * sum(x * x for x in xs)
    >>> energy([1.0, 2.0], 3.0)
    15.0
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
    many = (lists,) if isinstance(lists, str) else tuple(given.items(lists, "a tuple of names as lists", _ASKER))

    def decorate(forward: Callable[..., float]) -> Any:
        given.function(forward, f"{_ASKER} takes its rules first, then the function: it")
        known = getattr(forward, "__name__", "")
        name = known if known.isidentifier() else "custom"
        operands = _operands(forward, len(rules))
        for operand in many:
            given.choice(operand, operands, "each name in lists")
        slots = ", ".join(f"<{operand}>" for operand in operands)
        columns: dict[str, Any] = {
            "name": name,
            "operands": operands,
            "forward": forward,
            "partials": rules,
            "symbol": name,
            "formula": f"{name}({', '.join(operands)})",
            "latex": rf"\operatorname{{{name}}}\left({slots}\right)".replace("_", r"\_"),
            "textbook": textbook or tuple(f"d{name}/d{operand}" for operand in operands),
            "domain": _domain(domain, operands),
            "condition": condition,
            "kinks": where,
            "summary": (getattr(forward, "__doc__", None) or "").strip(),
        }
        function = _of_lists(columns, told, many) if many else function_of(_row(columns, told))
        function.__module__ = getattr(forward, "__module__", __name__)
        if function.primitive.joins:
            kind = inspect.Parameter.POSITIONAL_ONLY
            function.__signature__ = inspect.Signature([inspect.Parameter(operand, kind) for operand in operands])
        return function

    return decorate


def _row(columns: Mapping[str, Any], told: Mapping[str, Any]) -> Primitive:
    """A row; one that joins nodes where a single node cannot have its operands."""
    rules = columns["partials"]
    row = (Joined if len(rules) > 2 or rules[0] is None else Primitive)(**columns)
    vars(row).update(told)
    return row


class _Item(float):
    """A float in a list that a rule gets. Python's `sum` adds these as it adds Values, one after the other: from 3.12 on it corrects the
    rounding of plain floats, and a rule would say one thing on floats and another on Values."""

    __slots__ = ()


def _staying(name: str) -> Callable[..., Any]:
    compute = getattr(float, name)
    return lambda self, *others: _item(compute(self, *others))


def _item(x: Any) -> Any:
    return _Item(x) if type(x) is float else x


def _plain(x: Any) -> Any:
    return float(x) if type(x) is _Item else x


for _name in ("add", "sub", "mul", "truediv", "pow", "radd", "rsub", "rmul", "rtruediv", "rpow", "neg", "pos", "abs"):
    setattr(_Item, f"__{_name}__", _staying(f"__{_name}__"))


@interpretation(_Item)
def _on_items(row: Primitive) -> Callable[..., Any]:
    function = function_of(row)
    return lambda *operands: _item(function(*map(_plain, operands)))


def _of_lists(columns: dict[str, Any], told: Mapping[str, Any], many: Sequence[str]) -> Any:
    """A function of lists: for each set of lengths a row, whose operands are the numbers in the lists."""
    name, operands = columns["name"], columns["operands"]
    if any(isinstance(kink, str) for kink in columns["kinks"]):
        raise ValueError(f"{name} has lists as operands: kinks are functions of the operands then, but got {columns['kinks']!r}")
    if columns["textbook"] != tuple(f"d{name}/d{operand}" for operand in operands):
        raise ValueError(f"{name} has lists as operands, and no textbook forms: but got {columns['textbook']!r}")

    @cache
    def row_of(lengths: tuple[int | None, ...]) -> Primitive:
        counts = [1 if length is None else length for length in lengths]
        places = [(k, None if length is None else i) for k, length in enumerate(lengths) for i in range(counts[k])]
        names = tuple(operands[k] if i is None else f"{operands[k]}[{i}]" for k, i in places)

        def rebuilt(flat: Sequence[Any]) -> list[Any]:
            found: list[Any] = []
            start = 0
            for length, count in zip(lengths, counts, strict=True):
                found.append(flat[start] if length is None else tuple(flat[start : start + count]))
                start += count
            return found

        def on_lists(function: Callable[..., Any]) -> Callable[..., Any]:
            return lambda *flat: function(*rebuilt(flat))

        def entry(rule: Rule, k: int, i: int) -> Rule:
            def partial(z: Any, *flat: Any) -> Any:
                found = rule(_item(z), *rebuilt([*map(_item, flat)]))
                partials = [*given.items(found, "a rule that returns a list", name)]
                if len(partials) != counts[k]:
                    raise TypeError(  # no ValueError, which would say that there is no derivative
                        f"the rule of {name} for {operands[k]} returns one derivative for each of {counts[k]} number(s), but got"
                        f" {len(partials)}"
                    )
                return _plain(partials[i])

            return partial

        def placed(rule: Rule | None, k: int, i: int | None) -> Rule | None:
            if rule is None or i is not None:
                return None if rule is None or i is None else entry(rule, k, i)
            return lambda z, *flat: _plain(rule(_item(z), *rebuilt([*map(_item, flat)])))

        shaped = {
            "operands": names,
            "forward": on_lists(columns["forward"]),
            "partials": tuple(placed(columns["partials"][k], k, i) for k, i in places),
            "latex": rf"\operatorname{{{name}}}\left({', '.join(f'<{each}>' for each in names)}\right)".replace("_", r"\_"),
            "formula": f"{name}({', '.join(names)})",
            "textbook": tuple(f"d{name}/d{each}" for each in names),
            "domain": tuple(columns["domain"][k] for k, _ in places),
            "kinks": tuple(map(on_lists, columns["kinks"])),
        }
        row = Joined(**columns | shaped)
        vars(row).update(told)
        return row

    def function(*args: Any) -> Any:
        if len(args) != len(operands):
            raise TypeError(f"{name} takes {', '.join(operands)}, but got {len(args)} operand(s)")
        flat: list[Any] = []
        lengths: list[int | None] = []
        for operand, x in zip(operands, args, strict=True):
            if operand in many:
                numbers = list(given.items(x, f"a list of numbers as {operand}", name))
                flat += numbers
                lengths.append(len(numbers))
            else:
                flat.append(x)
                lengths.append(None)
        if not flat:
            raise ValueError(f"{name} needs at least one number, but got empty lists")
        return function_of(row_of(tuple(lengths)))(*flat)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = columns["summary"]
    function.primitive = row_of(tuple(LENGTH if operand in many else None for operand in operands))  # type: ignore[attr-defined]
    return function


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
