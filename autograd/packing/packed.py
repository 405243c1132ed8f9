"""Packed programs: a function of scalars, computed for whole batches of numbers by array operations."""

from __future__ import annotations

import hashlib
import inspect
import math
import operator
import pickle
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import uuid4

import numpy as np

from .. import __version__, given
from ..errors import AutogradError, GradientError, NonFiniteError, RangeError
from ..numbers import as_float
from ..process import updating
from ..program import GuardError, Outcome, Program, TracingError
from ..program.arguments import flatten
from ..program.program import STATES, TRIES, Moved, Recording, State
from ..program.surroundings import Surroundings
from ..program.tape import Tape
from ..program.trace import add_gradients, numbers_of
from ..trees import Structure, describe, rebuild, size
from ..value import Value
from ..whole import FIXED, Draws, UndeclaredDrawError, Whole
from . import c
from .arrays import Array, Each, kernel
from .equations import Equations
from .inputs import Examples, Layout, Rows, combined, kind_of, signature_of
from .looking import draw, owners, places
from .looking import rows as table
from .machine import Code, Sums, code, one_thread
from .plan import Plan, plan
from .spelling import WORDS
from .tensors import source
from .training import Session, Training

if TYPE_CHECKING:
    from ..drawing.picture import Picture

WORTH = 16.0
"""How many scalar operations an array operation has to stand for, without a batch, so that packing pays: it takes some 9 µs with its
way back, a scalar operation of source 0.5 µs."""
MOST = 256
"""How many different sets of whole numbers there may be."""
ALONE = 8
"""So few examples are computed one by one where one among them is in trouble; more are halved."""
WAITING = 16
"""How many shards are on their way to an executor at a time."""
KNOWN = 8
"""How many programs a worker keeps."""
ALIVE = 64
"""For how many signatures a program without a batch keeps its recordings: those that were used last."""
ERRORS = (AutogradError, ArithmeticError, ValueError, IndexError)
"""What may be wrong with an example."""


@dataclass(eq=False)
class Variant:
    """One recording of the function: its tape, plan and code; `scalar` is its program without arrays, `alone` whether that runs instead."""

    tape: Tape
    plan: Plan
    code: Code
    scalar: Recording
    alone: bool

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
    shapes   what is known of arguments of a shape
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
    def same(self) -> Array:
        """The numbers that are the same for all examples, and then the parameters."""
        return np.concatenate([np.array(self.shared, np.float64), self.theta]) if self.shared else self.theta


class Again(Exception):  # noqa: N818 - no error: more is known, and it is done once more
    """The arguments are to be taken apart once more."""


_QUIET = partial(np.errstate, over="ignore", invalid="ignore")


class Packed:
    """A function of scalars as array operations: call it with a batch of examples, and it returns value and gradients (an `Outcome`).

    The first axis of every argument counts the examples. Gradients come as arrays in the shapes of the arguments, None where they are not
    asked for; and, where there are parameters, one more array with a gradient for each, in their order (None where it is not asked for).

    As with a `Program`, whole numbers are no numbers to differentiate by: the examples are then grouped by them, and each group has a
    program of its own. Write a class one-hot, in floats, to have one for all.
    """

    def __init__(self, program: Program, batch: str | None, shared: tuple[int, ...], wrt: str, memory: int) -> None:
        self.program, self.batch, self.shared, self.wrt, self.memory = program, batch, shared, wrt, memory
        self.params = program.params
        self._known = Known(None, {}, {})  # for what the function found around itself last
        self._others: list[Known] = []  # and otherwise
        self._session: Session | None = None
        self._last: Variant | None = None
        self.__name__ = program.__name__

    # -- calls -----------------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, executor: Executor | None = None, shard: int | None = None) -> Outcome:
        """The mean (or sum) of the function over the examples, and its gradients.

        executor  where the shards of the batch are computed: any of `concurrent.futures`, or one that behaves like them. They are added up
                  in their order, and each is computed in one thread, so that the result is the same to the bit for any number of workers,
                  and for none with the same `shard`
        shard     how many examples a shard has; as many as fit in `memory` unless said
        """
        return self.at(self._theta(), args, executor, shard)

    def at(self, theta: Array, args: tuple[Any, ...], executor: Executor | None = None, shard: int | None = None) -> Outcome:
        """What a call returns, with these numbers for the parameters."""
        # In a copy of the context, which ends with the call: Ctrl-C leaves nothing of NumPy's error state behind.
        run = copy_context().run
        if executor is None and shard is None:
            return run(self.within, theta, args)
        found: Outcome = one_thread(run, self.within, theta, args, executor, shard)
        return found

    def within(self, theta: Array, args: tuple[Any, ...], executor: Executor | None = None, shard: int | None = None) -> Outcome:
        """The same within a copy of the context that the caller has made."""
        for _ in range(TRIES):
            try:
                return self._within(self._look_around(), theta, args, executor, shard)
            except Moved:
                pass
        raise self.program.restless()

    def _within(self, known: Known, theta: Array, args: tuple[Any, ...], executor: Executor | None, shard: int | None) -> Outcome:
        _QUIET().__enter__()  # never left: the context is a copy, and ends with the call
        total = 0.0
        g_params: Array = None
        answer: list[Any] = [] if self.wrt == "params" else [None] * sum(1 for _ in self._leaves(args))
        batches = self._taken_apart(args, theta, known)
        whole = sum(batch.size for batch in batches)
        seed = 1.0 / whole if self.batch == "mean" else 1.0
        if executor is not None and not callable(getattr(executor, "submit", None)):
            raise given.wrong(self.__name__, "an executor, with a method submit", executor)
        for batch in batches:
            sums = self._total(batch, theta, seed, executor, shard)
            total += sums.value
            count = len(batch.shared)
            g_params = sums.same[count:] if g_params is None else g_params + sums.same[count:]
            if len(batches) > 1:
                self._check_finite(g_params)
            if self.wrt != "params":
                self._spread(answer, args, batch, whole, sums.same[:count], sums.inputs)
        if not math.isfinite(total):
            raise RangeError(f"the {self.batch or 'value'} of {self.__name__} is beyond the floats")
        found = iter(answer) if answer else repeat(None)
        shaped = tuple(_like(arg, found) if self._is_batched(i) else next(found) for i, arg in enumerate(args))
        return Outcome(total, (*shaped, g_params if self.wrt != "arguments" else None) if self.params else shaped)

    def backward(self, *args: Any, **options: Any) -> float:
        """The value, with the gradients of the parameters added to their `grad`, as backward() does."""
        if not self.params:
            raise ValueError(f"{self.__name__} has no parameters to add gradients to: pack it with params=")
        self._by_params("backward")
        value, gradients = self(*args, **options)
        add_gradients(self.params, gradients[-1].tolist())
        return float(value)

    def _by_params(self, asker: str) -> None:
        if self.params and self.wrt == "arguments":
            raise ValueError(
                f"{asker} needs gradients by the parameters, but {self.__name__} is packed with wrt='arguments': leave wrt out"
            )

    def _theta(self) -> Array:
        session = self._session
        if session is not None:
            with updating:
                if session.away:
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
                yield from ((i, *found) for found in _entries(arg, ()))
            else:
                yield i, (), arg

    def _taken_apart(self, args: tuple[Any, ...], theta: Array, known: Known) -> list[Batch]:
        """The arguments in batches that one program each computes, with the random numbers of their examples."""
        while True:
            try:
                batches = list(self._batches(args, theta, known))
                break
            except Again:
                continue
        if any(batch.form.layout.draws for batch in batches):
            _draw(batches)
        return batches

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
                places.append((keys, flatten(arg, numbers, _number)))
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
        for each in rows:
            cuts.append(cuts[-1] + len(each.meanings))
        numbers = [each.part(kinds[a:]) for each, a in zip(rows, cuts, strict=False)]
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
        for k, codes in enumerate(sets.tolist()):
            inside = np.nonzero(which.ravel() == k)[0]
            names = inside if members is None else members[inside]
            some = [part[inside] for part in numbers]
            yield Batch(self._form(call, codes, layout, some, names), call.shared, some, len(inside), names)

    def _laid_out(self, call: Call) -> Layout:
        """What the columns of these arguments are: the function is run with the first example, to see what it does with whole numbers."""
        constants = [found.constant(k, code) for found in call.rows if found.meanings for k, code in enumerate(found.columns[0].tolist())]
        layout = Layout([FIXED] * len(constants))
        if self.wrt == "params" and self.program.function is not None and any(type(x) is int for x in constants):
            constants = [Whole(x) if type(x) is int else x for x in constants]
            try:
                layout.draws = self._probe(call, layout, constants)
                layout.kinds = [kind_of(x) for x in constants]
            except Moved:
                raise
            except Exception:  # what is wrong will be told when the function is recorded as it is
                layout.draws = []
        return layout

    def _probe(self, call: Call, layout: Layout, constants: list[Any]) -> list[Any]:
        """Run the function with the first example, and with these in its columns; what it draws."""
        self._settle()
        signature, _, batched = self._signature(call, constants, Layout(layout.kinds))
        draws = Draws()
        self.program.probe(
            signature, _first(np.array(batched, bool), call.same, [rows.part(layout.kinds) for rows in call.rows]), draws, call.known.around
        )
        return draws.asked

    def _settle(self) -> None:
        if self._session is not None:
            self._session.settle()

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

    def _form(self, call: Call, codes: list[int], layout: Layout, parts: list[Array], members: Any) -> Form:
        """The form of examples whose fixed columns have these codes. Where it is new the function is recorded at the first of them."""
        forms = call.known.forms
        found: Form | None = layout.forms.get(tuple(codes))
        if found is not None:
            if len(forms) > 1:
                forms.pop(found.signature, None)  # in another thread it may be amid this, too
                forms[found.signature] = found  # now it is the one that was used last
            return found
        columns = [(rows, k) for rows in call.rows for k in range(len(rows.meanings))]
        of = iter(codes)
        constants = [rows.constant(k, next(of)) for (rows, k), kind in zip(columns, layout.kinds, strict=True) if kind == FIXED]
        signature, leaves, batched = self._signature(call, constants, layout)
        form = forms.get(signature)
        if form is None:
            wanted = [self.wrt != "params"] * (len(batched) - len(self.params)) + [self.wrt != "arguments"] * len(self.params)
            form = Form(signature, leaves, np.array(batched, bool), np.array(wanted, bool), layout, call.known.around)
            middle = [*parts, np.full((1, len(layout.draws)), 0.5)] if layout.draws else parts
            try:
                self._record(form, middle, call.same, 0 if members is None else int(members[0]))
            except Moved:
                raise
            except Exception as error:
                if isinstance(error, UndeclaredDrawError) and not layout.draws:
                    firsts = [rows.constant(k, rows.columns[0, k]) for rows, k in columns]
                    layout.draws = self._probe(call, Layout([FIXED] * len(firsts)), firsts)
                elif layout.symbolic:
                    layout.kinds = [FIXED] * len(layout.kinds)
                else:
                    raise
                raise Again from None
            self._keep(form, call.known)
        layout.forms[tuple(codes)] = form
        return form

    def _keep(self, form: Form, known: Known) -> None:
        """Keep a form, and let go of the one that was not used for longest, where they are too many."""
        forms, shapes = known.forms, known.shapes
        if len(forms) >= (MOST if self.batch is not None else ALIVE):
            first, *_ = forms
            old = forms.pop(first)
            old.layout.forms = {codes: other for codes, other in old.layout.forms.items() if other is not old}
            for key in [key for key, layout in shapes.items() if not layout.forms and layout is not form.layout]:
                del shapes[key]
        forms[form.signature] = form

    def _spread(self, answer: list[Any], args: tuple[Any, ...], batch: Batch, whole: int, same: Array, inputs: Array) -> None:
        """Put the gradients by the arguments where they belong."""
        column, number = 0, 0
        for k, ((i, _, arg), part) in enumerate(zip(self._leaves(args), batch.form.leaves, strict=True)):
            some = size(part)
            if not self._is_batched(i):
                found = rebuild(part, iter(same[number : number + some].tolist()), lambda constant: None)
                answer[k] = found if answer[k] is None else _added(answer[k], found)
                number += some
            elif part[0] != "is" and some:
                if answer[k] is None:
                    answer[k] = np.zeros((whole, *np.shape(arg)[1:]))
                rows = slice(None) if batch.rows is None else batch.rows
                answer[k][rows] = inputs[:, column : column + some].reshape(-1, *np.shape(arg)[1:])
                column += some

    # -- running ---------------------------------------------------------------------------------------------------------

    def _total(self, batch: Batch, theta: Array, seed: float, executor: Executor | None, shard: int | None) -> Sums:
        """The sums over a batch, shard by shard, in their order."""
        same = np.concatenate([np.array(batch.shared, np.float64), theta]) if batch.shared else theta
        first = batch.form.variants[0]
        self._last = first
        if shard is None:
            shard = batch.size if self.batch is None else max(1, self.memory // max(first.code.example, 1))
        elif not isinstance(shard, int) or isinstance(shard, bool) or shard < 1:
            raise ValueError(f"shard needs a whole number of examples from 1 on, but got {given.shorten(shard)}")
        cuts = [(a, min(a + shard, batch.size)) for a in range(0, batch.size, shard)]
        done: Iterator[Sums]
        if executor is None or self.batch is None:
            done = (self._run(batch, same, a, b, seed) for a, b in cuts)
        else:
            done = self._sent(batch, same, cuts, seed, executor)
        if len(cuts) == 1:
            return next(done)
        value = 0.0
        g_same = np.zeros(len(same))
        inputs = np.zeros((batch.size, int(batch.form.batched.sum())) if self.wrt != "params" else (0, 0))
        for (a, b), sums in zip(cuts, done, strict=True):
            value += sums.value
            g_same += sums.same
            if inputs.size:
                inputs[a:b] = sums.inputs
        self._check_finite(g_same)
        return Sums(value, g_same, inputs)

    def _check_finite(self, gradients: Array) -> None:
        """Sums of finite numbers may not be."""
        if not np.isfinite(gradients).all():
            raise GradientError(f"a gradient of {self.__name__} is beyond the floats")

    def _run(self, batch: Batch, same: Array, a: int, b: int, seed: float) -> Sums:
        """The sums over the examples from a to b, here."""
        xs = [part[a:b] for part in batch.parts]
        names = np.arange(a, b) if batch.rows is None else batch.rows[a:b]
        return self._examples(batch, same, xs, names, seed, 0)

    def _examples(self, batch: Batch, same: Array, xs: list[Array], names: Array, seed: float, tried: int) -> Sums:
        """The sums over some examples, by the first variant from `tried` on whose comparisons fit; where there is none, a new one is
        recorded. Examples that do not fit go on to the next, by themselves.
        """
        variants = batch.form.variants
        if tried == len(variants):
            limit = self.program.limit
            if tried and (self.program.branches == "raise" or tried >= limit):
                another = self.program.branches == "raise"
                what = "takes another branch" if another else f"has taken {tried} different ways, and limit={limit},"
                raise GuardError(f"{self.__name__} {what} for example {names[0]}: choose with where(condition, x, y) instead")
            self._record(batch.form, xs, same, int(names[0]))
        variant = variants[tried]
        size = len(names)
        if variant.alone:
            try:
                return self._one_by_one(batch, variant, same, xs, names, seed)
            except GuardError:
                return self._examples(batch, same, xs, names, seed, tried + 1)
        with variant.code.machine(size) as machine:
            fits = machine.sums(same, xs, seed)
        if isinstance(fits, Sums):
            return fits
        if fits is not None:
            parts = [(np.nonzero(fits)[0], tried), (np.nonzero(~fits)[0], tried + 1)]
        elif size > ALONE:  # halve, until those that are in trouble stand alone
            parts = [(np.arange(size // 2), tried), (np.arange(size // 2, size), tried)]
        else:
            return self._one_by_one(batch, variant, same, xs, names, seed)
        value, g_same = 0.0, np.zeros(len(same))
        inputs = np.zeros((size * (self.wrt != "params"), int(batch.form.batched.sum())))
        for some, turn in parts:
            if len(some):
                sums = self._examples(batch, same, [x[some] for x in xs], names[some], seed, turn)
                value += sums.value
                g_same += sums.same
                if len(inputs):
                    inputs[some] = sums.inputs
        return Sums(value, g_same, inputs)

    def _one_by_one(self, batch: Batch, variant: Variant, same: Array, xs: list[Array], names: Array, seed: float) -> Sums:
        """The sums over some examples, each computed by scalars; an error says which operation it is, and which example."""
        batched = batch.form.batched
        numbers = np.zeros(len(batched))
        numbers[~batched] = same
        value, g_same, inputs = 0.0, np.zeros(len(same)), np.zeros((len(names), int(batched.sum())))
        for i, name in enumerate(names.tolist()):
            numbers[batched] = np.concatenate([x[i] for x in xs]) if xs else []
            try:
                if variant.alone:
                    z, gradients = variant.scalar.run(numbers.tolist())
                else:
                    nodes = variant.scalar.nodes(numbers.tolist())
                    output = variant.tape.output_of(nodes)
                    output.backward()
                    z, gradients = output.data, tuple(leaf.grad for leaf in nodes[: len(numbers)])
            except ERRORS as error:
                raise self._of(name, same, error) from error
            value += z * seed
            found = np.array(gradients) * seed
            g_same += found[~batched]
            inputs[i] = found[batched]
        return Sums(value, g_same, inputs[: len(names) * (self.wrt != "params")])

    def _of(self, name: int, same: Array, error: Exception) -> Exception:
        """The error, with the example that it is about. A parameter that is no number is the same for all: then no example is to blame."""
        for i, (parameter, x) in enumerate(zip(self.params, same[len(same) - len(self.params) :].tolist(), strict=True)):
            if x * 0.0:
                which = f"number {i}" if parameter.label is None else f"{parameter.label!r}"
                return NonFiniteError(f"{self.__name__} met the parameter {which}, which is {x}")
        return error if self.batch is None else type(error)(f"{str(error).rstrip('.')}; this is example {name} of the batch")

    # -- shards elsewhere ------------------------------------------------------------------------------------------------

    def _sent(self, batch: Batch, same: Array, cuts: list[tuple[int, int]], seed: float, executor: Executor) -> Iterator[Sums]:
        """The sums of each shard, from an executor, in order."""
        variant = batch.form.variants[0]
        sealed = Sealed(variant.code)
        waiting: deque[tuple[int, str, Future[Sums | None]]] = deque()
        todo = iter(enumerate(cuts))
        call = uuid4().hex

        def send() -> None:
            for i, (a, b) in todo:
                xs = [part[a:b] for part in batch.parts]
                try:
                    waiting.append((i, "lost", executor.submit(work, sealed, same, xs, b - a, seed, call)))
                except Exception as error:  # it is told when it is this shard's turn: one before it may be the reason
                    refused: Future[Sums | None] = Future()
                    refused.set_exception(error)
                    waiting.append((i, "did not take", refused))
                if len(waiting) >= WAITING:
                    return

        try:
            send()
            while waiting:
                i, what, future = waiting.popleft()
                try:
                    sums = future.result()
                except Exception as error:
                    a, b = cuts[i]
                    raise RuntimeError(
                        f"the executor {what} shard {i} (examples {a} to {b - 1}) of {self.__name__}: {type(error).__name__}: {error}; no"
                        " gradient was applied"
                    ) from error
                wrong = None if sums is None else _unlike(sums, len(same), cuts[i][1] - cuts[i][0], variant.code)
                if wrong is not None:
                    raise RuntimeError(
                        f"the executor answered shard {i} (examples {cuts[i][0]} to {cuts[i][1] - 1}) of {self.__name__} with {wrong}; no"
                        " gradient was applied"
                    )
                yield sums if sums is not None else self._run(batch, same, *cuts[i], seed)
                send()
        finally:
            for _, _, future in waiting:
                future.cancel()

    # -- recording -------------------------------------------------------------------------------------------------------

    def _record(self, form: Form, xs: list[Array], same: Array, name: int) -> None:
        """Record the function at the numbers of the first of these examples, whose number is given, and pack it."""
        if self.program.function is None:
            raise TracingError(
                f"{self.__name__} was unpickled, and has no function any more: it runs what it was packed for, not"
                f" {describe(form.signature)}"
            )
        self._settle()
        numbers = _first(form.batched, same, xs)
        try:
            tape = self.program.record(form.signature, numbers, form.around)
        except (TracingError, UndeclaredDrawError):
            raise
        except (*ERRORS, TypeError, KeyError) as error:
            raise self._of(name, same, error) from error
        others = [known.forms[form.signature].variants for known in (*self._others, self._known) if form.signature in known.forms]
        variant = next((variant for variants in others for variant in variants if variant.tape == tape), None)
        if variant is None:
            made = plan(tape, form.batched, form.wanted, [x.shape[1] for x in xs])
            program = code(made)
            alone = self.batch is None and len(tape.ops) < WORTH * max(program.operations, 1)
            variant = Variant(tape, made, program, Recording(tape, self.program.passes), alone)
        form.variants.append(variant)
        self._last = variant

    def latest(self) -> Variant:
        """The recording that ran last."""
        if self._last is None:
            raise ValueError(f"nothing is packed yet: call the program once, with numbers for {self.__name__}")
        return self._last

    def __str__(self) -> str:
        """How many array operations the scalar graph became, and which of them are slow: computed number by number."""
        if self._last is None:
            return repr(self)
        variant = self._last
        text = f"{self.__name__}: {len(variant.tape.ops)} scalar operations became {variant.code.operations} array operations"
        if variant.alone:
            return f"{text}; they have too little in common, so it runs as scalar source"
        slow = dict.fromkeys(group.op.name for group in variant.plan.groups if group.op is not None and isinstance(kernel(group.op), Each))
        return f"{text}; number by number, for want of a form on arrays: {', '.join(slow)}" if slow else text

    def __repr__(self) -> str:
        made = ", ".join(f"{describe(signature)} × {len(form.variants)}" for signature, form in [*self.forms.items()][:5])
        more = f" and {len(self.forms) - 5} more" if len(self.forms) > 5 else ""
        return f"<packed {self.__name__}: {made or 'nothing packed yet'}{more}>"

    # -- to be looked at -------------------------------------------------------------------------------------------------

    def equations(self) -> Equations:
        """The matrix equations of the program that ran last, forward and backward: text when printed, LaTeX in a notebook."""
        variant = self.latest()
        mean = None if self.batch is None else self.batch == "mean"
        signature = next(form.signature for form in self.forms.values() if variant in form.variants)
        try:
            names = list(inspect.signature(self.program.function).parameters)
        except (TypeError, ValueError):
            names = []
        names += [f"x{i}" for i in range(len(names), len(signature[1]))]
        counts = [(i, name, size(part)) for i, (name, part) in enumerate(zip(names, signature[1], strict=False)) if size(part)]
        alike = [(name, count) for i, name, count in counts if self.batch is None or i in self.shared]
        return Equations(variant.plan, mean, [name for _, name, count in counts if (name, count) not in alike], alike)

    def source(self, target: Literal["numpy", "torch", "jax", "c"] = "numpy", *, main: tuple[Any, ...] | None = None) -> str:
        """The program that ran last, as source that needs nothing of this package: a function `value_and_gradients(params, *arguments)`.

        It takes the parameters as one array, in their order, and each argument that has floats in it as an array: of the examples, as rows,
        or of the numbers that are the same for all. It returns the value, and those gradients that are wanted, in the same shapes.

        In C99 it needs math.h alone, goes through the examples one after another, and allocates nothing: `value_and_gradients(size, params,
        xs, …, &value, gparams, gxs, …, &example)`, without what there is none of, returns 0, or a status that says which check failed at
        which example, and that `value_and_gradients_failure` puts into words.

        target   "numpy", or the same program in the words of "torch", "jax" or "c"
        main     for "c": the arguments of a call whose value and gradients a `main` computes again
        """
        given.choice(target, (*WORDS, "c"), "target")
        if main is not None and (target != "c" or not isinstance(main, tuple)):
            raise ValueError(
                f"source writes a main for target='c', of a tuple of arguments, but got target={target!r} and main={given.shorten(main)}"
            )
        recorded = None if main is None else self._recorded(main)
        variant = self.latest()
        form = next(form for form in self.forms.values() if variant in form.variants)
        arguments: list[tuple[bool, int]] = []
        at = 0
        for some in map(size, form.leaves):
            if some:
                arguments.append((bool(form.batched[at]), some))
                at += some
        if form.layout.draws:
            arguments.append((True, len(form.layout.draws)))
        if target == "c":
            return c.source(variant.plan, self.equations(), arguments, self.batch, recorded)
        return source(variant.plan, target, arguments=arguments, batch=self.batch)

    def _recorded(self, args: tuple[Any, ...]) -> tuple[Batch, Array, Sums]:
        """The arguments of a call that one program computes, the numbers that are the same for all examples, and what comes of them."""

        def compute() -> tuple[Batch, Array, Sums]:
            _QUIET().__enter__()
            theta = self._theta()
            batches = self._taken_apart(args, theta, self._look_around())
            if len(batches) != 1:
                raise ValueError(f"a main computes one program, but these arguments of {self.__name__} need {len(batches)}")
            (batch,) = batches
            seed = 1.0 / batch.size if self.batch == "mean" else 1.0
            return batch, np.array([*batch.shared, *theta]), self._total(batch, theta, seed, None, None)

        return copy_context().run(compute)

    def rows(self) -> str:
        """A table of the arrays of the program that ran last: which scalar nodes became their rows. v7 is the node of that name in the
        source and in the pictures of `compile`.
        """
        return table(self.latest().plan, self.equations())

    def draw(self) -> Picture:
        """A picture of the program that ran last, a box for each equation: its forward pass, and the gradients that come back."""
        return draw(self.latest().plan, self.equations(), self.__name__)

    def graph(self, *args: Any) -> Value:
        """The scalar graph of one example (given as for the function itself) as the engine records it: each node is labelled by the array
        and the row that it became, and all nodes of one array are in a scope of its name, so that `draw` folds them into it.
        """
        variant = self.latest()
        one = tuple([arg] if self._is_batched(i) else arg for i, arg in enumerate(args))
        (batch,) = self._taken_apart(one, self._theta(), self._known)
        numbers = _first(batch.form.batched, np.array([*batch.shared, *self._theta().tolist()]), batch.parts)
        if len(numbers) != len(variant.tape.labels):
            raise ValueError(
                f"{self.__name__} needs {len(variant.tape.labels) - len(self.params)} numbers as one example, but got"
                f" {len(numbers) - len(self.params)}"
            )
        equations = self.equations()
        nodes = variant.scalar.nodes(numbers)
        names, owner = places(variant.plan, equations), owners(variant.plan)
        for i, node in enumerate(nodes):
            if isinstance(node, Value) and node.op is not None:
                node.label = names.get(i)
                node.scope = None if owner[i] < 0 else equations.names[variant.plan.groups[owner[i]].start].text(False)
        output: Value = variant.tape.output_of(nodes)
        return output

    # -- training --------------------------------------------------------------------------------------------------------

    def training(self, optimiser: Any) -> Training:
        """A context in which the parameters live in arrays: it gives a function that takes a batch, makes one step of the optimiser and
        returns the loss before the step.

        optimiser  of the parameters, all or some, such as those of `nn`: its `update` must be arithmetic that means the same on arrays

        Whoever looks at a parameter's `data` meanwhile, in a callback, for a state_dict or from another thread, finds the numbers of the
        last step. On leaving, by an error too, they and the optimiser's memory are back where they belong.
        """
        if self._session is not None:
            raise RuntimeError(f"{self.__name__} is in training already")
        self._by_params("training")
        return Training(self, optimiser)

    # -- copies ----------------------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        if self._session is not None:
            raise TypeError(f"{self.__name__} is in training, and cannot be pickled meanwhile")
        state = {name: value for name, value in self.__dict__.items() if not name.startswith("_") or name == "__name__"}
        program = Program.__new__(Program)
        program.__dict__.update(self.program.__dict__, function=None, _state=State(None, {}), _states=[], _last=None)
        return {"version": __version__, **state, "forms": self.forms, "program": program}

    def __copy__(self) -> Packed:
        """The same program, with recordings of its own from now on; a pickle and a deep copy have no function, and run what was packed."""
        copy = type(self).__new__(type(self))
        known = Known(self._known.around, dict(self._known.forms), dict(self._known.shapes))
        copy.__dict__.update(self.__dict__, _known=known, _others=[*self._others], _session=None)
        return copy

    def __setstate__(self, state: dict[str, Any]) -> None:
        _check_version(state.get("version", "an unknown version"))
        self.__dict__.update({name: value for name, value in state.items() if name not in ("version", "forms")})
        self._session, self._last, self._others = None, None, []
        self._known = Known(self.program.surroundings(), state["forms"], {})
        for form in self.forms.values():
            self._last = form.variants[0] if form.variants else self._last


class Sealed:
    """A code on its way to another process: pickled once, and unpickled there once, however many shards follow."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self._bytes: bytes | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        if self._bytes is None:
            try:
                self._bytes = pickle.dumps(self.code)
            except Exception as error:
                raise TypeError(f"this program cannot be sent to another process, for it has a row of your own: {error}") from error
        return _unsealed, (__version__, hashlib.sha256(self._bytes).hexdigest(), self._bytes)


_known: dict[str, Sealed] = {}


def _unsealed(version: str, key: str, content: bytes) -> Sealed:
    _check_version(version)
    if key not in _known:
        for old in list(_known)[:-KNOWN]:
            _known.pop(old, None)
        _known[key] = Sealed(pickle.loads(content))
    return _known[key]


def _check_version(version: str) -> None:
    if version != __version__:
        raise ValueError(f"this program was packed by glassgrad {version}, but here is glassgrad {__version__}: pack it again")


def work(sealed: Sealed, same: Array, xs: list[Array], size: int, seed: float, call: str) -> Sums | None:
    """The sums over one shard; None where its examples have to be looked at one by one, by whoever has the function.

    call   tells this call from another with the same numbers: Dask remembers what came of it, and be it that a worker died
    """
    found: Sums | None = one_thread(copy_context().run, _work, sealed.code, same, xs, size, seed)
    return found


def _work(code: Code, same: Array, xs: list[Array], size: int, seed: float) -> Sums | None:
    with code.machine(size) as machine:
        found = machine.sums(same, xs, seed)
    return found if isinstance(found, Sums) else None


def _unlike(answer: Any, same: int, size: int, code: Code) -> str | None:
    """What is wrong with an answer that is not the sums over so many examples: what merely broadcasts would be added without a word."""
    if not isinstance(answer, Sums):
        return f"{answer!r:.60} of type {type(answer).__name__}"
    if type(answer.value) is not float or not math.isfinite(answer.value):
        return f"the value {answer.value!r:.60} of type {type(answer.value).__name__}"
    for what, array, shape in (
        ("the parameters'", answer.same, (same,)),
        ("the examples'", answer.inputs, (size, code.sizes[1] * code.inputs_too)),
    ):
        if not isinstance(array, np.ndarray) or (array.dtype, array.shape) != (np.float64, shape):
            return f"{what} gradients as {np.asarray(array).dtype} of the shape {np.shape(array)}, where float64 of {shape} is due"
        if not np.isfinite(array).all():
            return f"{what} gradients that are not finite"
    return None


def _number(x: Any) -> float:
    return as_float(x, "numbers as arguments", "a packed program")


def _first(batched: Array, same: Array, parts: list[Array]) -> list[float]:
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


def _entries(arg: Any, keys: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The arrays in nested dicts, each with the keys that lead to it."""
    if isinstance(arg, dict):
        for key, item in arg.items():
            yield from _entries(item, (*keys, key))
    else:
        yield keys, arg


def _like(arg: Any, found: Iterator[Any]) -> Any:
    """What was found for each array in nested dicts, in such dicts."""
    return {key: _like(item, found) for key, item in arg.items()} if isinstance(arg, dict) else next(found)


def _signature_like(arg: Any, found: Iterator[Structure]) -> Structure:
    return (dict, tuple((key, _signature_like(item, found)) for key, item in arg.items())) if isinstance(arg, dict) else next(found)


def _added(a: Any, b: Any) -> Any:
    """Two trees of one structure, number by number."""
    xs, ys = list[float](), list[float]()
    flatten(b, ys, float)
    return rebuild(flatten(a, xs, float), map(operator.add, xs, ys))
