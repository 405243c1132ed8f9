"""The recordings of a function, each for arguments of one kind; and arguments taken apart for them."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import AutogradError, NonFiniteError
from ..numbers import as_float
from ..process import updating
from ..program import GuardError, Program, TracingError
from ..program.arguments import flatten
from ..program.program import STATES, Moved, Recording
from ..program.surroundings import Surroundings
from ..program.tape import Tape
from ..program.trace import numbers_of
from ..trees import Structure, describe, size
from ..whole import FIXED, Draws, UndeclaredDrawError, Whole
from .arrays import Array
from .inputs import Examples, Layout, Rows, WrongRowError, at_example, combined, kind_of, shapes_of, signature_of
from .machine import Code, code
from .plan import Plan, plan

if TYPE_CHECKING:
    from .training import Session

WORTH = 16.0
"""How many scalar operations an array operation has to stand for, without a batch, so that packing pays: it takes some 9 µs with its
way back, a scalar operation of source 0.5 µs."""
MOST = 256
"""How many different sets of whole numbers there may be."""
AWAY: dict[int, Session] = {}
"""Trainings whose parameters are in their arrays."""
ALONE = 8
"""So few examples are computed one by one where one among them is in trouble; more are halved."""
SETS = 32
"""So many recordings for different sets of whole numbers are told as costly."""
WAYS = 4
"""So many recordings of one shape of examples, by their comparisons, are told as costly."""
CHOOSE = "Choose without a comparison: with relu(x), maximum(x, y) or where(condition, x, y) instead of max(0, x) or `x if x > 0 else 0`"
ALIVE = 64
"""For how many signatures a program without a batch keeps its recordings: those that were used last."""
ERRORS = (AutogradError, ArithmeticError, ValueError, IndexError)
"""What may be wrong with an example."""


@dataclass(eq=False)
class Variant:
    """One recording of the function: its tape, plan and code; `scalar` is its program without arrays, `alone` whether that runs instead;
    `seconds` is how long it took to make.
    """

    tape: Tape
    plan: Plan
    code: Code
    scalar: Recording
    alone: bool
    seconds: float = 0.0

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "scalar": self.scalar.passes}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, scalar=Recording(state["tape"], state["scalar"]))


@dataclass(eq=False)
class Form:
    """All that arguments of one signature have in common.

    signature  of one example, and `leaves` those of its arguments, dicts taken apart
    batched    whether each number is batched: the arguments' numbers, then the parameters
    wanted     whether the gradient by each is wanted
    layout     what is known of arguments of this shape
    around     what the function finds around itself where this is right
    variants   the recordings there are
    """

    signature: Structure
    leaves: list[Structure]
    batched: Array
    wanted: Array
    layout: Layout
    around: Surroundings | None
    variants: list[Variant] = field(default_factory=list)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "around": None}


class Known(NamedTuple):
    """What was made for what a function finds around itself, in one: threads may change that at any time.

    forms    by the signatures of one example
    shapes   what is known of arguments of a structure, and of arrays of these shapes
    """

    around: Surroundings | None
    forms: dict[Structure, Form]
    shapes: dict[tuple[Any, ...], Layout]


class Batch(NamedTuple):
    """Arguments, taken apart.

    shared  the numbers that are the same for all examples
    parts   for each batched array of numbers, the array with a row for each example
    size    how many examples there are
    rows    which of the examples these are, where they are not all; None for all
    """

    form: Form
    shared: list[float]
    parts: list[Array]
    size: int
    rows: Any = None


@dataclass(eq=False)
class Call:
    """Arguments of one structure.

    args    as they were given
    parts   of each, or of each array in a dict of them: the keys that lead there, and the rows of its examples, or the signature of what
            is the same for all
    shared  the numbers that are the same for all
    theta   the parameters
    known   what was made for what is around now
    """

    args: tuple[Any, ...]
    parts: list[tuple[tuple[Any, ...], Any]]
    shared: list[float]
    theta: Array
    known: Known

    @property
    def rows(self) -> list[Rows]:
        """The rows of all arguments that have examples."""
        return [found for _, found in self.parts if isinstance(found, Rows)]

    @property
    def firsts(self) -> list[Any]:
        """What stands in the columns of the first example."""
        return [rows.constant(k, code) for rows in self.rows if rows.meanings for k, code in enumerate(rows.columns[0].tolist())]

    @property
    def same(self) -> Array:
        """The numbers that are the same for all examples, and then the parameters."""
        return np.concatenate([np.array(self.shared, np.float64), self.theta]) if self.shared else self.theta


class Again(Exception):  # noqa: N818 - no error: more is known, and it is done once more
    """The arguments are to be taken apart once more."""


class Recorded:
    """A function, and its recordings: for arguments of each structure, for each set of those whole numbers, texts and switches that a
    program is made for, and for each state of what the function finds around itself.
    """

    _warned: frozenset[str] = frozenset()

    def __init__(
        self, program: Program, batch: str | None, shared: tuple[int, ...], wrt: str, memory: int, native: bool | str = False
    ) -> None:
        self.program, self.batch, self.shared, self.wrt, self.memory = program, batch, shared, wrt, memory
        self.native = native
        self.params = program.params
        self._known = Known(None, {}, {})  # for what the function found around itself last
        self._others: list[Known] = []  # and otherwise
        self._session: Session | None = None
        self._last: Variant | None = None
        self.__name__ = program.__name__

    def _theta(self) -> Array:
        """The parameters' numbers: from the array of a training, if they are there."""
        if AWAY:
            with updating:
                for session in AWAY.values():
                    if session.packed.params is self.params or session.packed.params == self.params:
                        return session.theta.copy()  # whose memory a later step may use
        return np.array(numbers_of(self.params), np.float64)

    @property
    def forms(self) -> dict[Structure, Form]:
        """What was made for what the function found around itself last, by the signatures of one example."""
        return self._known.forms

    def _look_around(self) -> Known:
        """What was made for what the function finds around itself now."""
        around, known = self.program.surroundings(), self._known
        if around is not known.around:
            kept = [*self._others, known]
            known = next((each for each in kept if each.around is around), None) or Known(around, {}, {})
            self._others = [each for each in kept if each is not known][1 - STATES :]
            self._known = known
        return known

    # -- arguments -------------------------------------------------------------------------------------------------------

    def _is_batched(self, i: int) -> bool:
        return self.batch is not None and i not in self.shared

    def _leaves(self, args: tuple[Any, ...]) -> Iterator[tuple[int, tuple[Any, ...], Any]]:
        """Each argument, or each of the arrays in it where it is a dict of them: the argument's number, keys that lead there, and what is
        there.
        """
        for i, arg in enumerate(args):
            if isinstance(arg, dict) and self._is_batched(i):
                yield from ((i, *found) for found in entries(arg, ()))
            else:
                yield i, (), arg

    def _taken_apart(self, args: tuple[Any, ...], theta: Array, known: Known) -> list[Batch]:
        """The arguments in batches that one program each computes, with the random numbers of their examples."""
        shapes = None if self.shared or self.batch is None else shapes_of(args)
        layout = None if shapes is None else known.shapes.get(shapes)
        form = None if layout is None else self._met(layout, (), known)
        if form is None:
            batches = self._looked_at(args, theta, known)
            if shapes is not None:
                known.shapes[shapes] = batches[0].form.layout
        else:  # nearly always: the same to the bit, and sooner
            size = len(args[0])
            batches = [Batch(form, [], [arg if arg.ndim == 2 else arg.reshape(size, -1) for arg in args], size)]
        for batch in batches:
            if batch.form.layout.draws:
                _draw(batches)
                break
        return batches

    def _looked_at(self, args: tuple[Any, ...], theta: Array, known: Known) -> list[Batch]:
        while True:
            try:
                return list(self._batches(args, theta, known))
            except Again:
                continue

    def _batches(self, args: tuple[Any, ...], theta: Array, known: Known) -> Iterator[Batch]:
        """The arguments taken apart, once for each structure, and for each different set of whole numbers that a program is made for."""
        shared: list[float] = []
        places: list[tuple[tuple[Any, ...], Any]] = []  # keys, and the examples there, or the signature of what is the same for all
        size = -1
        if any(i >= len(args) for i in self.shared):
            raise TypeError(f"{self.__name__} has shared={self.shared}, but got {len(args)} argument{'s' * (len(args) != 1)}")
        for i, keys, arg in self._leaves(args):
            if not self._is_batched(i):
                numbers: list[float] = []
                places.append((keys, flatten(arg, numbers, plain)))
                shared += numbers
                continue
            examples = arg if isinstance(arg, Examples) else Examples(arg, f"argument {i} of {self.__name__}")
            if size not in (-1, len(examples)):
                raise ValueError(f"{self.__name__} needs as many examples everywhere, but got {size} and, in argument {i}, {len(examples)}")
            size = len(examples)
            if self.wrt != "params":
                self._refuse_mixed(examples, i)
            places.append((keys, examples))
        if self.batch is None:
            size = 1
        elif size < 0:
            raise ValueError(f"{self.__name__} got no argument with examples, for shared has the places of all")
        if not size:
            raise ValueError(f"{self.__name__} needs at least one example, but the batch is empty")
        for members, rows in combined([found for _, found in places if isinstance(found, Examples)]):
            of = iter(rows)
            parts = [(keys, next(of) if isinstance(found, Examples) else found) for keys, found in places]
            yield from self._fixed(Call(args, parts, shared, theta, known), size if members is None else len(members), members)

    def _refuse_mixed(self, examples: Examples, i: int) -> None:
        rows = examples.groups[0]
        if examples.which is not None or dict in rows.structure or (rows.meanings and rows.floats.size):
            raise TypeError(
                f"argument {i} of {self.__name__} needs examples of one shape, of floats alone, where gradients by it are wanted: leave out"
                " wrt, or give a dict of arrays"
            )

    def _fixed(self, call: Call, size: int, members: Any) -> Iterator[Batch]:
        """Batches of one structure: one, or one for each set of those whole numbers, texts and switches that a program is made for."""
        key = tuple((keys, found.structure) if isinstance(found, Rows) else (keys, found) for keys, found in call.parts)
        layout = call.known.shapes.get(key)
        if layout is None:
            layout = call.known.shapes[key] = self._laid_out(call)
        kinds, rows, cuts = layout.kinds, call.rows, [0]
        if not kinds:
            parts = [each.floats for each in rows]
            yield Batch(self._form(call, [], layout, parts, members), call.shared, parts, size, members)
            return
        for each in rows:
            cuts.append(cuts[-1] + len(each.meanings))
        try:
            numbers = [each.part(kinds[a:]) for each, a in zip(rows, cuts, strict=False)]
        except WrongRowError as error:
            raise at_example(self._wrong_row(call, error), error.row if members is None else int(members[error.row])) from None
        columns = [column for each in rows if each.meanings for column in each.columns.T]
        fixed = [column for column, kind in zip(columns, kinds, strict=True) if kind == FIXED]
        if not fixed:
            yield Batch(self._form(call, [], layout, numbers, members), call.shared, numbers, size, members)
            return
        sets, which = np.unique(np.stack(fixed, 1), axis=0, return_inverse=True)
        met = max(len(sets), len(call.known.forms))
        if met > MOST and self.batch is not None:
            raise ValueError(
                f"{self.__name__} got {met} different sets of whole numbers, and each has a program of its own: numbers to compute with"
                " are floats, as in X.astype(float); take(table, i) looks a row up, and a class is better written one-hot, in floats"
            )
        if met > SETS and self.batch is not None:
            self._warn(
                f"{self.__name__} is recorded for {met} different sets of whole numbers, texts or switches, and each set's examples are"
                " computed apart: take(table, i) looks a row up without that"
            )
        for k, codes in enumerate(sets.tolist()):
            inside = np.nonzero(which.ravel() == k)[0]
            names = inside if members is None else members[inside]
            some = [part[inside] for part in numbers]
            yield Batch(self._form(call, codes, layout, some, names), call.shared, some, len(inside), names)

    def _wrong_row(self, call: Call, error: WrongRowError) -> Exception:
        """What the function itself says of an example that looks up what is not there."""
        parts = [(keys, found[error.row : error.row + 1] if isinstance(found, Rows) else found) for keys, found in call.parts]
        alone = Call(call.args, parts, call.shared, call.theta, call.known)
        try:
            self._probe(alone, Layout([FIXED] * len(alone.firsts)), alone.firsts)
        except ERRORS as found:
            return type(found)(str(found))
        return IndexError(str(error))

    def _laid_out(self, call: Call) -> Layout:
        """What the columns of these arguments are: the function is run with the first example, to see what it does with whole numbers."""
        constants = call.firsts
        layout = Layout([FIXED] * len(constants))
        if self.wrt == "params" and self.program.function is not None and any(type(x) is int for x in constants):
            constants = [Whole(x) if type(x) is int else x for x in constants]
            try:
                layout.draws = self._probe(call, layout, constants)
            except Moved:
                raise
            except Exception:  # what is wrong will be told when the function is recorded
                layout.draws = []
            layout.kinds = [kind_of(x) for x in constants]
        return layout

    def _probe(self, call: Call, layout: Layout, constants: list[Any]) -> list[Any]:
        """Run the function with the first example, and with these in its columns; what it draws."""
        self._settle()
        signature, _, batched = self._signature(call, constants, Layout(layout.kinds))
        draws = Draws()
        numbers = first(np.array(batched, bool), call.same, [rows.part(layout.kinds) for rows in call.rows])
        self.program.probe(signature, numbers, draws, call.known.around)
        return draws.asked

    def _settle(self) -> None:
        for session in [*AWAY.values()]:
            if session is self._session or not session.places.keys().isdisjoint(self.params):
                session.settle()

    def _signature(self, call: Call, constants: Sequence[Any], layout: Layout) -> tuple[Structure, list[Structure], list[bool]]:
        """The signature of an example with these constants, those of its leaves, and which of its numbers are batched."""
        fixed, kinds = iter(constants), iter(layout.kinds)
        leaves: list[Structure] = []
        batched: list[bool] = []
        for _, found in call.parts:
            if isinstance(found, Rows):
                leaves.append(found.signature(signature_of(kind, next(fixed) if kind == FIXED else None) for kind in kinds))
            else:
                leaves.append(found)
            batched += [isinstance(found, Rows)] * size(leaves[-1])
        of = iter(leaves)
        whole = [_signature_like(arg, of) if self._is_batched(i) else next(of) for i, arg in enumerate(call.args)]
        if layout.draws:
            whole.append(("drawn", len(layout.draws)))
            batched += [True] * len(layout.draws)
        return (tuple, tuple(whole)), leaves, batched + [False] * len(self.params)

    def _met(self, layout: Layout, codes: tuple[int, ...], known: Known) -> Form | None:
        """The form of examples whose fixed columns have these codes, if there is one: from now on the one that was used last."""
        found: Form | None = layout.forms.get(codes)
        if found is not None and len(known.forms) > 1:
            known.forms.pop(found.signature, None)  # in another thread it may be amid this, too
            known.forms[found.signature] = found
        return found

    def _form(self, call: Call, codes: list[int], layout: Layout, parts: list[Array], members: Any) -> Form:
        """The form of examples whose fixed columns have these codes. Where it is new the function is recorded at the first of them."""
        forms = call.known.forms
        found = self._met(layout, tuple(codes), call.known)
        if found is not None:
            return found
        columns = [(rows, k) for rows in call.rows for k in range(len(rows.meanings))]
        of = iter(codes)
        constants = [rows.constant(k, next(of)) for (rows, k), kind in zip(columns, layout.kinds, strict=True) if kind == FIXED]
        signature, leaves, batched = self._signature(call, constants, layout)
        form = forms.get(signature)
        if form is None:
            form = Form(signature, leaves, np.array(batched, bool), np.array(self._wanted(batched), bool), layout, call.known.around)
            middle = [*parts, np.full((1, len(layout.draws)), 0.5)] if layout.draws else parts
            try:
                self._record(form, middle, call.same, 0 if members is None else int(members[0]))
            except Moved:
                raise
            except Exception as error:
                if isinstance(error, UndeclaredDrawError) and not layout.draws:
                    layout.draws = self._probe(call, Layout([FIXED] * len(call.firsts)), call.firsts)
                elif layout.symbolic:
                    layout.kinds = [FIXED] * len(layout.kinds)
                else:
                    raise
                raise Again from None
            self._keep(form, call.known)
        layout.forms[tuple(codes)] = form
        return form

    def _wanted(self, batched: list[bool]) -> list[bool]:
        """Whether the gradient by each number is wanted."""
        return [self.wrt != "params"] * (len(batched) - len(self.params)) + [self.wrt != "arguments"] * len(self.params)

    def _another_way(self, tried: int, name: int) -> None:
        """GuardError where there may be no further recording of comparisons that come out in another way; once, a warning of many."""
        if tried == WAYS:
            self._warn(
                f"{self.__name__} has {tried} recordings, and its comparisons come out otherwise again for example {name}: each way costs"
                f" another recording, and its examples are computed apart from the others. {CHOOSE}"
            )
        if not tried or (self.program.branches != "raise" and tried < self.program.limit):
            return
        another = self.program.branches == "raise"
        what = "takes another branch" if another else f"has taken {tried} different ways, and limit={self.program.limit},"
        raise GuardError(f"{self.__name__} {what} for example {name}. {CHOOSE}")

    def _warn(self, text: str, about: str = "recordings") -> None:
        """Tell what costs time, once of each sort."""
        if about not in self._warned:
            self._warned |= {about}
            warnings.warn(f"{text}; report() says what else costs time", RuntimeWarning, stacklevel=2)

    def _keep(self, form: Form, known: Known) -> None:
        """Keep a form, and let go of the one that was not used for longest, where they are too many."""
        forms, shapes = known.forms, known.shapes
        if len(forms) >= (MOST if self.batch is not None else ALIVE):
            oldest, *_ = forms
            old = forms.pop(oldest)
            old.layout.forms = {codes: other for codes, other in old.layout.forms.items() if other is not old}
            for key in [key for key, layout in shapes.items() if not layout.forms and layout is not form.layout]:
                del shapes[key]
        forms[form.signature] = form

    # -- recording -------------------------------------------------------------------------------------------------------

    def _record(self, form: Form, xs: list[Array], same: Array, name: int) -> None:
        """Record the function at the numbers of the first of these examples, whose number is given, and pack it."""
        if self.program.function is None:
            raise TracingError(
                f"{self.__name__} was unpickled, and has no function any more: it runs what it was packed for, not"
                f" {describe(form.signature)}"
            )
        self._settle()
        numbers = first(form.batched, same, xs)
        start = time.perf_counter()
        try:
            tape = self.program.record(form.signature, numbers, form.around)
        except (TracingError, UndeclaredDrawError):
            raise
        except (*ERRORS, TypeError) as error:
            raise self._of(name, same, error) from error.__cause__
        others = [known.forms[form.signature].variants for known in (*self._others, self._known) if form.signature in known.forms]
        variant = next((variant for variants in others for variant in variants if variant.tape == tape), None)
        if variant is None:
            made = plan(tape, form.batched, form.wanted, [x.shape[1] for x in xs])
            program = code(made)
            alone = self.batch is None and len(tape.ops) < WORTH * max(program.operations, 1)
            variant = Variant(tape, made, program, Recording(tape, self.program.passes), alone, time.perf_counter() - start)
        form.variants.append(variant)
        self._last = variant

    def latest(self) -> Variant:
        """The recording that ran last."""
        if self._last is None:
            raise ValueError(f"nothing is packed yet: call the program once, with numbers for {self.__name__}")
        return self._last

    def _of(self, name: int, same: Array, error: Exception) -> Exception:
        """The error, with the example that it is about. A parameter that is no number is the same for all: then no example is to blame."""
        for i, (parameter, x) in enumerate(zip(self.params, same[len(same) - len(self.params) :].tolist(), strict=True)):
            if x * 0.0:
                which = f"number {i}" if parameter.label is None else f"{parameter.label!r}"
                return NonFiniteError(f"{self.__name__} met the parameter {which}, which is {x}")
        return error if self.batch is None else at_example(error, name)


def plain(x: Any) -> float:
    """x as a float."""
    return as_float(x, "numbers as arguments", "a packed program")


def first(batched: Array, same: Array, parts: list[Array]) -> list[float]:
    """The numbers of the first of these examples."""
    numbers = np.zeros(len(batched))
    numbers[~batched] = same
    numbers[batched] = np.concatenate([part[0] for part in parts]) if parts else []
    return numbers.tolist()


def _draw(batches: list[Batch]) -> None:
    """Add to each batch the random numbers of its examples. They are drawn in the order of the examples, as plain calls draw them."""
    owners = [(batch, i if batch.rows is None else batch.rows[i]) for batch in batches for i in range(batch.size)]
    if len(batches) > 1:
        owners.sort(key=lambda owner: int(owner[1]))
    drawn: dict[int, list[list[float]]] = {id(batch): [] for batch in batches}
    for batch, _ in owners:
        drawn[id(batch)].append([as_float(draw(), "a number as what is drawn", "sample") for draw in batch.form.layout.draws])
    for batch in batches:
        if batch.form.layout.draws:
            batch.parts.append(np.array(drawn[id(batch)], np.float64))


def entries(arg: Any, keys: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The arrays in nested dicts, each with the keys that lead to it."""
    if isinstance(arg, dict):
        for key, item in arg.items():
            yield from entries(item, (*keys, key))
    else:
        yield keys, arg


def _signature_like(arg: Any, found: Iterator[Structure]) -> Structure:
    return (dict, tuple((key, _signature_like(item, found)) for key, item in arg.items())) if isinstance(arg, dict) else next(found)
