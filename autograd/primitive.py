"""What a primitive is: one record per row of the table, and what a row means on each kind of number.

A row says how to compute a function on floats and, per operand, its local derivative. Everything else is an *interpretation*
of that record: plain floats are one (below), `Value` is another, and a new kind of number joins by `interpretation(kind)`
without any row knowing of it.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from importlib import import_module
from keyword import iskeyword
from numbers import Real
from typing import Any, NamedTuple, Protocol, TypeVar, overload

from . import given
from .errors import DivisionByZeroError, DomainError, NonFiniteError, RangeError
from .numbers import ABOVE, KINDS, as_float, as_operand, holds_many, kind_of

Rule = Callable[..., Any]
"""rule(z, x) or rule(z, x, y): the local derivative, from the result z and the operands, in the table's own functions."""

T = TypeVar("T")


class Unary(Protocol):
    """A row with one operand, as a function: float to float, any other kind of number to that kind."""

    primitive: Primitive

    @overload
    def __call__(self, x: float, /) -> float: ...
    @overload
    def __call__(self, x: T, /) -> T: ...


class Binary(Protocol):
    """A row with two operands, as a function. Plain numbers mix with any one other kind."""

    primitive: Primitive

    @overload
    def __call__(self, x: float, y: float, /) -> float: ...
    @overload
    def __call__(self, x: T, y: float, /) -> T: ...
    @overload
    def __call__(self, x: float, y: T, /) -> T: ...
    @overload
    def __call__(self, x: T, y: T, /) -> T: ...


class Defaulted(Protocol):
    """A row with two operands of which the second may be left out, as a function."""

    primitive: Primitive

    @overload
    def __call__(self, x: float, y: float = ..., /) -> float: ...
    @overload
    def __call__(self, x: T, y: float = ..., /) -> T: ...
    @overload
    def __call__(self, x: float, y: T, /) -> T: ...
    @overload
    def __call__(self, x: T, y: T, /) -> T: ...


class Interval(NamedTuple):
    """The numbers an operand may take, from low to high; an end belongs to it where it is said to be closed."""

    low: float = -math.inf
    high: float = math.inf
    closed_low: bool = False
    closed_high: bool = False

    def __contains__(self, x: float) -> bool:  # type: ignore[override] # a tuple asks for its members, an interval for its numbers
        above = self.low < x or (self.closed_low and x == self.low)
        return above and (x < self.high or (self.closed_high and x == self.high))

    def describe(self, name: str) -> str:
        """The interval as a condition on `name`: 'x > 0', '-1 ≤ x ≤ 1', or '' for all reals."""
        low = f"{self.low:g}".replace("-", "−")
        high = f"{self.high:g}".replace("-", "−")
        if self.low == -math.inf:
            return "" if self.high == math.inf else f"{name} {'≤' if self.closed_high else '<'} {high}"
        if self.high == math.inf:
            return f"{name} {'≥' if self.closed_low else '>'} {low}"
        return f"{low} {'≤' if self.closed_low else '<'} {name} {'≤' if self.closed_high else '<'} {high}"


REALS = Interval()


def _rule(rule: Rule, name: str) -> Rule:
    """The rule. One from outside of this package may return what is no number, as where a return is missing: that is refused here."""
    if (getattr(rule, "__module__", None) or "").partition(".")[0] == __package__:
        return rule

    @wraps(rule)
    def checked(*numbers: Any) -> Any:
        partial = rule(*numbers)
        if type(partial) is complex:  # what Python's ** makes of a negative base: no derivative here
            return math.nan
        return partial if type(partial) is float else as_operand(partial, "a rule that returns a number", name)

    return checked


def _column(entries: Any, column: str, kind: type, asker: str) -> tuple[Any, ...]:
    """One of a row's tuples, each entry of that type."""
    if type(entries) is tuple and len(entries) <= 2:  # nearly always, and all rows are made when the package is imported
        for entry in entries:
            if not isinstance(entry, kind):
                break
        else:
            return entries
    found = []
    for entry in given.items(entries, f"a tuple as {column}", asker):
        if not isinstance(entry, kind):
            raise given.wrong(asker, f"{column} of type {kind.__name__}", entry)
        found.append(entry)
        if len(found) > MOST and type(entries) is not tuple:  # it may have no end
            raise ValueError(f"{asker} has more than {MOST} {column}")
    return tuple(found)


def _losses(losses: Any, operands: tuple[str, ...], asker: str) -> dict[str, Loss]:
    """A row's column `loss`."""
    if losses is None:
        return {}
    if not isinstance(losses, Mapping):
        raise given.wrong(asker, "a dict as loss", losses)
    for operand, entry in losses.items():
        given.choice(operand, (*operands, "z"), f"each key in the loss of {asker}")
        if not isinstance(entry, tuple) or len(entry) != 2:
            raise given.wrong(asker, "(a function, why) in its loss", entry)
        given.function(entry[0], asker, "a function in its loss")
        given.text(entry[1], "the reason in its loss", asker)
    return dict(losses)


MOST = 100
"""So many operands or kinks no function has: what has more has no end."""


Loss = tuple[Callable[..., float], str]

ZEROS = ("", "exact", "product")
"""What a result of 0 may say: nothing, since it may be underflow or rounding; that the function is 0 there, as far as those of its operands
are that are 0; that one of its operands is 0, or else it is underflow."""

RESULTS = ("", "unit", "finite", "loud")
"""What may be known of a row's result on finite operands: nothing; that there is one, from -1 to 1; that there is one, and it is finite;
that it is finite, or else `forward` raises."""


class Primitive:
    """One row of the table.

    name       the function's name, unique in PRIMITIVES
    operands   the operands' names: one or two, and any number for a `joined` row
    forward    the function on floats; ValueError, ZeroDivisionError and OverflowError say what `math` means by them
    partials   one rule per operand: rule(z, *operands) is ∂z/∂operand; None where the operand must be a plain number
    symbol     what a picture writes into the operation's circle
    formula    the function in the expression language of the command line, for people
    latex      the same for LaTeX, operands as <x> and <y>
    textbook   each partial as books print it, in the expression language plus z for the result
    domain     an Interval per operand
    condition  what else the operands must fulfil together, in words; '' where there is nothing
    kinks      expressions that vanish where the function has no derivative, as texts or as functions of the operands
    flat       per operand, a test of the operands: where it holds, the result does not depend on that operand, there and nearby, so that
               what lies below masks what does not exist there; None where nowhere, and () for a row that has no such place
    once       a test of the operands: where it holds, the rules give a first derivative, by convention or as a limit, which jumps there or
               grows without bound, so that there is no second; None where nowhere
    hint       what to do instead where a local derivative does not exist
    summary    the first sentence of the function's docstring
    result     what is known of the result on finite operands, one of RESULTS; programs spare checks by it
    operator   Python's operator for it, as in __add__ without the underscores; '' without one
    arrays     what it means on arrays: arrays(m, *operands), in arithmetic and the functions of a namespace m (see `forms`); None where
               arithmetic or the namespace's function of this name will do, or nothing will
    init       how a layer begins that ends in it: "he" where about half of its inputs come through, else "xavier"
    default    the second operand where it is left out; None where it has to be given
    bends      expressions that vanish where the function has a derivative, and no second one: there its rules take that as 0
    zero       what a result of 0 says, one of ZEROS
    loss       for operands by name, and for the result as "z": how far the local derivative, or the result, may be off beyond 4 units in
               the last place, as a function of (z, operands), and why
    """

    # What a row of somebody's own may say besides, to those who check it.

    accept: float = 0.0
    """The relative error of a value that is meant: more than rounding, as of Newton's iteration, a quadrature, or float32."""
    surrogate: bool = False
    """Whether the rules are not the derivative, on purpose."""
    further: bool = True
    """Whether the rules can be differentiated again."""
    undeclared: frozenset[str] = frozenset()
    """The columns of which nothing is said: a domain that may be any, kinks that may be anywhere, a function that has values outside."""

    joins: bool = False
    """Whether it has any number of operands, each of which may be a plain number always; a node has two (see `joined`)."""
    whole: Primitive | None = None
    """Of the row of a node that brings one operand of such a function: the function's row."""
    place: int = 0
    """Which operand it brings."""

    # Written out, since dataclasses would double the time of `import autograd`.

    def __init__(
        self,
        name: str,
        operands: tuple[str, ...],
        forward: Callable[..., float],
        partials: tuple[Rule | None, ...],
        symbol: str,
        formula: str,
        latex: str,
        textbook: tuple[str, ...],
        domain: tuple[Interval, ...],
        condition: str = "",
        kinks: tuple[str | Callable[..., float], ...] = (),
        hint: str = "",
        summary: str = "",
        flat: tuple[Callable[..., bool] | None, ...] = (),
        once: Callable[..., bool] | None = None,
        *,
        result: str = "",
        operator: str = "",
        arrays: Callable[..., Any] | None = None,
        init: str = "xavier",
        default: float | None = None,
        bends: tuple[str, ...] = (),
        zero: str = "",
        loss: Mapping[str, Loss] | None = None,
    ) -> None:
        known = given.shorten(given.text(name, "name", "a primitive"))
        asker = f"primitive {known}"
        texts = {"symbol": symbol, "formula": formula, "latex": latex, "condition": condition, "hint": hint, "summary": summary}
        for column, text in texts.items():
            given.text(text, column, asker)
        given.function(forward, asker, "a function as forward")
        operands, kinks = _column(operands, "operands", str, asker), _column(kinks, "kinks", object, asker)
        for kink in kinks:
            if not isinstance(kink, str):
                given.function(kink, asker, "texts or functions of the operands as kinks")
        textbook, domain = _column(textbook, "textbook", str, asker), _column(domain, "domain", Interval, asker)
        partials = _column(partials, "partials", object, asker)
        partials = tuple(None if rule is None else _rule(given.function(rule, asker, "functions as partials"), known) for rule in partials)
        if not 1 <= len(operands) <= 2 and not self.joins:
            raise ValueError(f"a primitive has one or two operands, but {known} names {len(operands)}")
        for column, entries in (("partials", partials), ("textbook", textbook), ("domain", domain)):
            if len(entries) != len(operands):
                raise ValueError(f"{known} has {len(operands)} operand(s) but {len(entries)} {column}")
        flat = _column(flat, "flat", object, asker)
        for judge in (*flat, once):
            if judge is not None:
                given.function(judge, asker, "functions as flat and once")
        if flat and len(flat) != len(operands):
            raise ValueError(f"{known} has {len(operands)} operand(s) but {len(flat)} flat")
        given.text(operator, "operator", asker)
        given.choice(result, RESULTS, "result")
        given.choice(init, ("xavier", "he"), "init")
        given.choice(zero, ZEROS, "zero")
        bends, loss = _column(bends, "bends", str, asker), _losses(loss, operands, asker)
        if arrays is not None:
            given.function(arrays, asker, "a function as arrays")
        if partials[0] is None and not self.joins:
            raise ValueError(f"partials: {known} needs a rule for {operands[0]}: only a second operand can be a plain number always")
        self.name, self.operands, self.forward, self.partials = name, operands, forward, partials
        self.symbol, self.formula, self.latex, self.textbook = symbol, formula, latex, textbook
        self.domain, self.condition, self.kinks, self.hint, self.summary = domain, condition, kinks, hint, summary
        self.flat, self.once = flat, once
        self.result, self.operator, self.arrays, self.init = result, operator, arrays, init
        if default is not None and len(operands) == 1:
            raise ValueError(f"{known} has one operand, but a default for the second")
        self.default = None if default is None else as_float(default, "a number as default", asker)
        self.bends, self.zero, self.loss = bends, zero, loss
        self.kinds: dict[type, Callable[..., Any]] = _Kinds(self)
        _read_texts(self)

    def altered(self, **columns: Any) -> Primitive:
        """The row with these columns, and all others as they are."""
        row = object.__new__(type(self))
        vars(row).update(vars(self) | columns)
        row.kinds = _Kinds(row)
        return row

    @property
    def domain_text(self) -> str:
        """The domain in words, '' for all reals."""
        parts = [interval.describe(name) for interval, name in zip(self.domain, self.operands, strict=True)]
        return ", ".join(part for part in [*parts, self.condition] if part)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        if PRIMITIVES.get(self.name) is not self:
            raise TypeError(f"cannot pickle {self!r}: its row is in no table, where loading could find it by its name")
        return _named, (self.name,)


PRIMITIVES: dict[str, Primitive] = {}
"""Every row by its name, in the order of the table."""


def _named(name: str) -> Primitive:
    """The row that was pickled under this name."""
    if name not in PRIMITIVES:
        raise ValueError(f"the pickle uses a primitive named {name!r}, which nobody has registered here: import its module first")
    return PRIMITIVES[name]


class _Kinds(dict[type, Callable[..., Any]]):
    """What one primitive means on each kind of number, built when the kind is first met."""

    def __init__(self, primitive: Primitive) -> None:
        super().__init__()
        self.primitive = primitive

    def __missing__(self, kind: type) -> Callable[..., Any]:
        build = kind_of(kind) or (_many if callable(getattr(kind, "__array_ufunc__", None)) else _foreign)
        self[kind] = meaning = build(self.primitive)
        return meaning


def interpretation(kind: type, *, over: tuple[type, ...] = ()) -> Callable[[T], T]:
    """A decorator: `build(primitive)` returns what the primitive does with operands of this kind (some may be floats).

    over   the kinds whose numbers may stand among the operands as well
    """

    def register(build: T) -> T:
        KINDS[kind] = build
        for below in over:
            ABOVE[below].add(kind)
        kind_of.cache_clear()
        for primitive in PRIMITIVES.values():  # a number of this kind may have been met before the kind joined, and been refused
            for met in [met for met in primitive.kinds if issubclass(met, kind)]:
                del primitive.kinds[met]
        return build

    return register


def function_of(primitive: Primitive) -> Any:
    """The row as a function: it hands its operands to the interpretation of their kind, as the docstring of `numbers` says."""
    kinds = primitive.kinds

    if primitive.joins:

        def function(*operands: Any) -> Any:
            if len(operands) != len(primitive.operands):
                raise TypeError(f"{primitive.name} takes {', '.join(primitive.operands)}, but got {len(operands)} operand(s)")
            return kinds[next((type(x) for x in operands if type(x) is not float), float)](*operands)
    elif len(primitive.operands) == 1:

        def function(x: Any, /) -> Any:  # type: ignore[misc]
            return kinds[type(x)](x)
    elif primitive.default is not None:
        last = primitive.default

        def function(x: Any, y: Any = last, /) -> Any:  # type: ignore[misc]
            kind = type(x)
            return kinds[type(y) if kind is float else kind](x, y)
    else:

        def function(x: Any, y: Any, /) -> Any:  # type: ignore[misc]
            kind = type(x)
            return kinds[type(y) if kind is float else kind](x, y)

    function.__name__ = function.__qualname__ = primitive.name
    function.__doc__ = _docstring(primitive)
    function.primitive = primitive  # type: ignore[attr-defined]
    return function


def bind(kind: type, meaning: Callable[[Primitive], Callable[..., Any]]) -> None:
    """Give a kind of number the rows as methods of their names and as Python's operators, except for those operators that it has."""
    own = set(kind.__dict__)
    for primitive in PRIMITIVES.values():
        function = meaning(primitive)
        setattr(kind, primitive.name, function if primitive.default is None else _with_default(function, primitive.default))
        if primitive.operator:
            methods = {f"__{primitive.operator}__": function}
            if len(primitive.operands) == 2:
                methods[f"__r{primitive.operator}__"] = _reflected(function)
            for method in methods.keys() - own:
                setattr(kind, method, methods[method])


def _with_default(function: Callable[[Any, Any], Any], default: float) -> Callable[..., Any]:
    @wraps(function)
    def method(x: Any, y: Any = default) -> Any:
        return function(x, y)

    return method


def _reflected(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda self, other: function(other, self)


def _read_texts(primitive: Primitive) -> None:
    """ExpressionError where a text of a row cannot be read. The table's own are made before there is a language; a test reads them."""
    if hasattr(sys.modules[__package__], "gradient"):  # the package is there
        import_module(f"{__package__}.expression").look(primitive)


_PLACES: dict[str, tuple[str, str, int]] = {}
"""For each row that was registered from outside, where: the module, and the function and line in it that called `register`."""


def _may_replace(name: str, place: tuple[str, str, int]) -> bool:
    """Whether a row comes from where the one of its name came from: a notebook's cell that runs again, a module that is loaded again."""
    module, function, _ = place
    before = _PLACES.get(name)
    return before is not None and (before == place or (module, function) == before[:2] == (module, "<module>"))


def register(primitive: Primitive) -> Any:
    """Add a row to the table and return it as a function. A name is one that Python can call, and is one module's.

    A row of the same name from the same place, as where a notebook's cell runs again, takes the place of the older one; graphs keep
    the row that they were recorded with.
    """
    if not isinstance(primitive, Primitive):
        raise given.wrong("register", "a Primitive", primitive)
    name = primitive.name
    if not name.isidentifier() or iskeyword(name):
        raise ValueError(f"a primitive is named as a Python function is, but got {name!r}")
    frame = sys._getframe(1)
    place = frame.f_globals.get("__name__", ""), frame.f_code.co_name, frame.f_lineno
    if name in PRIMITIVES and not _may_replace(name, place):
        raise ValueError(f"there is a primitive named {name!r} already")
    if any(hasattr(getattr(kind, name, None), "__set__") for kind in KINDS):
        raise ValueError(f"numbers have an attribute {name!r} already: a primitive needs another name")
    PRIMITIVES[name], _PLACES[name] = primitive, place
    return function_of(primitive)


def _docstring(primitive: Primitive) -> str:
    lines = [primitive.summary, "", f"    z = {primitive.formula}"]
    for operand, text in zip(primitive.operands, primitive.textbook, strict=True):
        lines.append(f"    ∂z/∂{operand} = {text}" if text else f"    {operand} is a plain number")
    if primitive.domain_text:
        lines += ["", f"Domain: {primitive.domain_text}. Outside it: DomainError or DivisionByZeroError."]
    return "\n".join(lines)


# Floats through a row.


def failure(primitive: Primitive, operands: tuple[Any, ...], cause: BaseException | None = None) -> Exception:
    """The error for a row that could not be computed: what was asked, what came, what is needed."""
    came = []
    for name, operand in zip(primitive.operands, operands, strict=True):
        data, label = getattr(operand, "data", operand), getattr(operand, "label", None)
        if not isinstance(data, Real):  # NumPy's numbers have a `data` of another sort
            data = operand
        came.append(f"{name}={data!r}" + (f" (label {label!r})" if label else ""))
        if isinstance(data, float) and data * 0.0:
            return NonFiniteError(f"{primitive.name} met {came[-1]}, which is not a finite number")
    got = ", ".join(came)
    needs = f"needs {primitive.domain_text}, but got {got}" if primitive.domain_text else f"is not defined everywhere: got {got}"
    if isinstance(cause, ZeroDivisionError):
        return DivisionByZeroError(f"{primitive.name} would divide by zero: it {needs}")
    if isinstance(cause, ValueError):
        return DomainError(f"{primitive.name} {needs}")
    if cause is None or isinstance(cause, OverflowError):
        return RangeError(f"{primitive.name} gives a number beyond the largest float (about 1.8e308): got {got}")
    return TypeError(f"{primitive.name} could not be computed: got {got} ({cause})")


FAILURES = (ArithmeticError, ValueError, TypeError)
"""What a forward function may raise; `failure` turns each into its proper error."""


def forward_of(primitive: Primitive) -> Callable[..., float]:
    """The forward function as numbers are put through it: what it returns is a float. A function from outside may return an int or a
    number of NumPy's, which is made one; NaN, a bool, a Value, None and their like are refused."""
    forward, name = primitive.forward, primitive.name
    if getattr(forward, "__module__", None) in ("math", "_operator", f"{__package__}.floats", f"{__package__}.joined"):
        return forward

    @wraps(forward)
    def compute(*operands: float) -> float:
        z = forward(*operands)
        if type(z) is complex:  # what Python's ** makes of a negative base
            raise ValueError("the function returned a complex number")
        if type(z) is not float:
            z = as_float(z, "a function that returns a number", name)
        if math.isnan(z):
            raise ValueError("the function returned nan")
        return z

    return compute


def rule_of(rule: Rule | None) -> Any:
    """The rule as numbers are put through it. One from outside may return nan where it has no derivative, which is as good as raising."""
    if rule is None or getattr(rule, "__module__", None) == f"{__package__}.ops":
        return rule

    def look(*numbers: float) -> Any:
        partial = rule(*numbers)
        if partial != partial:
            raise ValueError("there is no derivative")
        return partial

    return look


@interpretation(float)
def _on_floats(primitive: Primitive) -> Callable[..., float]:
    forward = forward_of(primitive)

    if primitive.joins:

        def evaluate_all(*operands: float) -> float:
            try:
                z = forward(*operands)
            except FAILURES as error:
                raise failure(primitive, operands, error) from None
            if z * 0.0 or any(x * 0.0 for x in operands):
                raise failure(primitive, operands)
            return z

        return evaluate_all

    if len(primitive.operands) == 1:

        def evaluate(x: float) -> float:
            try:
                z = forward(x)
            except FAILURES as error:
                raise failure(primitive, (x,), error) from None
            if z * 0.0 or x * 0.0:  # tanh(inf) has a limit, but infinity is refused on its way in
                raise failure(primitive, (x,))
            return z

        return evaluate

    def evaluate_two(x: float, y: float) -> float:
        try:
            z = forward(x, y)
        except FAILURES as error:
            raise failure(primitive, (x, y), error) from None
        if z * 0.0 or x * 0.0 or y * 0.0:
            raise failure(primitive, (x, y))
        return z

    return evaluate_two


def _foreign(primitive: Primitive) -> Callable[..., Any]:
    """Ints, NumPy scalars, Fractions: made floats, then asked again. What is no number gets the converter's TypeError."""
    function = function_of(primitive)

    def convert(*operands: Any) -> Any:
        try:
            numbers = [as_operand(operand, asker=primitive.name) for operand in operands]
        except TypeError:
            return among_arrays(primitive, *operands)
        return function(*numbers)

    return convert


def _many(primitive: Primitive) -> Callable[..., Any]:
    """Arrays: element by element, as NumPy broadcasts them. Of plain numbers alone comes an array of floats, else one of objects."""
    import numpy as np

    each = np.frompyfunc(function_of(primitive), len(primitive.operands), 1)

    def elementwise(*operands: Any) -> Any:
        result = each(*operands)
        return result.astype(float) if isinstance(result, np.ndarray) and all(map(_plain, operands)) else result

    return elementwise


def _plain(x: Any) -> bool:
    return isinstance(x, Real) or getattr(getattr(x, "dtype", None), "kind", "") in tuple("iuf")


def among_arrays(primitive: Primitive, *operands: Any) -> Any:
    """Called where an operand was refused as a number: what the row is if an operand is an array; else that error, once more."""
    for x in operands:
        if holds_many(x):
            return primitive.kinds[type(x)](*operands)
    raise
