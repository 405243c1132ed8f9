"""Packed programs: a function of scalars, computed for whole batches of numbers by array operations."""

from __future__ import annotations

import hashlib
import math
import pickle
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from .. import __version__
from ..errors import AutogradError, GradientError
from ..primitive import as_float
from ..program import GuardError, Outcome, Program, TracingError
from ..program import compile as compiled
from ..program.arguments import Signature, describe, flatten, rebuild
from ..program.program import Recording
from ..program.tape import Tape
from .arrays import Array
from .machine import Code, Machine, code
from .plan import Plan, plan
from .training import Session

CACHE = 8 * 2**20
"""Bytes that the numbers of one block of examples take by default: what stays in a processor's cache is computed quickest."""
WORTH = 6.0
"""How many scalar operations an array operation has to stand for, without a batch, so that packing pays."""
WAITING = 16
"""How many shards are on their way to an executor at a time."""

_NUMBER: Signature = ("number",)


@dataclass(eq=False)
class Variant:
    """One recording of the function: its tape, plan and code; `scalar` is its program without arrays, `alone` whether that is the better one."""

    tape: Tape
    plan: Plan
    code: Code
    scalar: Recording
    alone: bool


@dataclass(eq=False)
class Form:
    """All that arguments of one signature have in common.

    signature  of one example
    batched    whether each number is batched: the arguments' numbers, then the parameters
    wanted     whether the gradient by each is wanted
    variants   the recordings there are
    """

    signature: Signature
    batched: Array
    wanted: Array
    variants: list[Variant] = field(default_factory=list)


class Batch(NamedTuple):
    """Arguments, taken apart.

    shared  the numbers that are the same for all examples
    parts   for each batched argument of numbers, an array with a row for each example
    size    how many examples there are
    rows    which of the examples these are, where they are not all; None for all
    """

    form: Form
    shared: list[float]
    parts: list[Array]
    size: int
    rows: Any = None


class Sums(NamedTuple):
    """What comes of some examples: the value, the gradients by the unbatched leaves, and by the batched inputs, a row for each example."""

    value: float
    same: Array
    inputs: Array


class Packed:
    """A function of scalars as array operations: call it with a batch of examples, and it returns the value and the gradients (an `Outcome`).

    The first axis of every argument counts the examples. Gradients come as arrays in the shapes of the arguments, None where they are not
    asked for; and, where there are parameters, one more array with a gradient for each, in their order.

    As with a `Program`, whole numbers are no numbers to differentiate by: the examples are then grouped by them, and each group has a
    program of its own. Write a class one-hot, in floats, to have one for all.
    """

    def __init__(
        self, program: Program, batch: str | None, shared: tuple[int, ...], wrt: str, memory: int
    ) -> None:
        self.program, self.batch, self.shared, self.wrt, self.memory = program, batch, shared, wrt, memory
        self.params = program.params
        self.forms: dict[Signature, Form] = {}
        self._shapes: dict[tuple[Any, ...], Form] = {}  # the forms of arguments that are arrays of numbers, which are quicker to look up
        self._session: Session | None = None
        self._last: Variant | None = None
        self._machines: dict[tuple[int, int], list[Machine]] = {}
        self._lock = threading.Lock()
        self.__name__ = program.__name__

    # -- calls -----------------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, executor: Executor | None = None, shard: int | None = None) -> Outcome:
        """The mean (or sum) of the function over the examples, and its gradients.

        executor  where the shards of the batch are computed: any of `concurrent.futures`, or one that behaves like them. They are added up
                  in their order, so that the result is the same to the bit for any number of workers
        shard     how many examples a shard has; as many as fit in `memory` unless said
        """
        theta = self._theta()
        total = 0.0
        g_params: Array = None
        answer: list[Any] = [None] * len(args)
        batches = list(self._batches(args))
        whole = sum(batch.size for batch in batches)
        for batch in batches:
            seed = 1.0 / whole if self.batch == "mean" else 1.0
            sums = self._total(batch, theta, seed, executor, shard)
            total += sums.value
            count = len(batch.shared)
            g_params = sums.same[count:] if g_params is None else g_params + sums.same[count:]
            if self.wrt != "params":
                self._spread(answer, args, batch, whole, sums.same[:count], sums.inputs)
        if not math.isfinite(total):
            raise OverflowError(f"the {self.batch or 'value'} of {self.__name__} is beyond the floats")
        return Outcome(total, (*answer, g_params) if self.params else tuple(answer))

    def backward(self, *args: Any, **options: Any) -> float:
        """The value, with the gradients of the parameters added to their `grad`, as backward() does."""
        if not self.params:
            raise ValueError(f"{self.__name__} has no parameters to add gradients to: pack it with params=")
        value, gradients = self(*args, **options)
        totals = [p.grad + g for p, g in zip(self.params, gradients[-1].tolist(), strict=True)]
        for total in totals:
            as_float(total, "a gradient", "backward")
        deque(map(setattr, self.params, ["grad"] * len(totals), totals), 0)
        return float(value)

    def _theta(self) -> Array:
        if self._session is not None:
            return self._session.theta
        return np.array([p.data for p in self.params], np.float64)

    # -- arguments -------------------------------------------------------------------------------------------------------

    def _batches(self, args: tuple[Any, ...]) -> Iterator[Batch]:
        """The arguments taken apart, once for each different set of whole numbers among them."""
        signatures: list[Any] = []
        shared: list[float] = []
        parts: list[Array] = []
        batched: list[bool] = []
        whole: list[tuple[int, Array]] = []  # arguments of whole numbers: where, and which
        shapes: list[Any] = []
        size = -1
        for i, arg in enumerate(args):
            if self.batch is None or i in self.shared:
                numbers: list[float] = []
                signatures.append(flatten(arg, numbers, _number))
                shared += numbers
                batched += [False] * len(numbers)
                shapes.append(signatures[-1])
                continue
            rows = _array(arg, i, self.__name__)
            if size not in (-1, len(rows)):
                raise ValueError(f"{self.__name__} needs as many examples in every argument, but got {size} and, in argument {i}, {len(rows)}")
            size = len(rows)
            if rows.dtype.kind == "f":
                shapes.append(rows.shape[1:])
                signatures.append(None)
                parts.append(rows if rows.ndim == 2 else rows.reshape(size, -1))
                batched += [True] * parts[-1].shape[1]
            else:
                whole.append((i, rows))
                signatures.append(None)
        if self.batch is None:
            size = 1
        elif size < 0:
            raise ValueError(f"{self.__name__} got no argument with examples")
        if not size:
            raise ValueError(f"{self.__name__} needs at least one example, but the batch is empty")
        if not whole:
            key = tuple(shapes)
            if key not in self._shapes:
                self._shapes[key] = self._form([_signature(shape) if s is None else s for s, shape in zip(signatures, shapes, strict=True)], batched)
            yield Batch(self._shapes[key], shared, parts, size)
            return
        left = iter(shapes)
        for i, arg in enumerate(args):
            if signatures[i] is None and i not in [place for place, _ in whole]:
                signatures[i] = _signature(next(left))
            elif signatures[i] is not None:
                next(left)
        kinds, which = np.unique(np.concatenate([rows.reshape(size, -1) for _, rows in whole], 1), axis=0, return_inverse=True)
        for k, kind in enumerate(kinds):
            at = 0
            for place, rows in whole:
                count = int(np.prod(rows.shape[1:]))
                signatures[place] = flatten(kind[at : at + count].reshape(rows.shape[1:]).tolist(), [], _number)
                at += count
            members = np.nonzero(which.ravel() == k)[0]
            yield Batch(self._form(signatures, batched), shared, [part[members] for part in parts], len(members), members)

    def _form(self, signatures: Sequence[Signature], batched: list[bool]) -> Form:
        signature = (tuple, tuple(signatures))
        if signature not in self.forms:
            wanted = [self.wrt != "params"] * len(batched) + [self.wrt != "arguments"] * len(self.params)
            self.forms[signature] = Form(signature, np.array(batched + [False] * len(self.params), bool), np.array(wanted, bool))
        return self.forms[signature]

    def _spread(self, answer: list[Any], args: tuple[Any, ...], batch: Batch, whole: int, same: Array, inputs: Array) -> None:
        """Put the gradients by the arguments where they belong."""
        column, number = 0, 0
        for i, (arg, part) in enumerate(zip(args, batch.form.signature[1], strict=True)):
            if self.batch is None or i in self.shared:
                count = _count(part)
                found = rebuild(part, iter(same[number : number + count].tolist()), lambda constant: None)
                answer[i] = found if answer[i] is None else _added(answer[i], found)
                number += count
                continue
            count = _count(part)
            if not count:
                continue
            if answer[i] is None:
                answer[i] = np.zeros((whole, *np.shape(arg)[1:]))
            rows = slice(None) if batch.rows is None else batch.rows
            answer[i][rows] = inputs[:, column : column + count].reshape(-1, *np.shape(arg)[1:])
            column += count

    # -- running ---------------------------------------------------------------------------------------------------------

    def _total(self, batch: Batch, theta: Array, seed: float, executor: Executor | None, shard: int | None) -> Sums:
        """The sums over a batch, shard by shard, in their order."""
        same = np.concatenate([np.array(batch.shared, np.float64), theta]) if batch.shared else theta
        variants = batch.form.variants
        if not variants:
            self._record(batch, batch.parts, same)
        first = variants[0]
        self._last = first
        if shard is None:
            shard = batch.size if self.batch is None else max(1, self.memory // max(first.code.example, 1))
        elif not isinstance(shard, int) or isinstance(shard, bool) or shard < 1:
            raise ValueError(f"shard needs a whole number of examples from 1 on, but got {shard!r}")
        cuts = [(a, min(a + shard, batch.size)) for a in range(0, batch.size, shard)]
        done: Iterator[Sums]
        if executor is None:
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
        return Sums(value, g_same, inputs)

    def _run(self, batch: Batch, same: Array, a: int, b: int, seed: float) -> Sums:
        """The sums over the examples from a to b, here."""
        xs = [part[a:b] for part in batch.parts]
        names = np.arange(a, b) if batch.rows is None else batch.rows[a:b]
        return self._examples(batch, same, xs, names, seed, 0)

    def _examples(self, batch: Batch, same: Array, xs: list[Array], names: Array, seed: float, tried: int) -> Sums:
        """The sums over some examples, by the first variant from `tried` on whose comparisons fit; a new one is recorded where there is none.

        Examples that do not fit go on to the next, by themselves.
        """
        variants = batch.form.variants
        if tried == len(variants):
            limit = self.program.limit
            if tried and (self.program.branches == "raise" or tried >= limit):
                what = "takes another branch" if self.program.branches == "raise" else f"has taken {tried} different ways, and limit={limit},"
                raise GuardError(f"{self.__name__} {what} for example {names[0]}: choose with where(condition, x, y) instead")
            self._record(batch, xs, same)
        variant = variants[tried]
        size = len(names)
        if variant.alone:
            return self._one_by_one(batch, variant, same, xs, names, seed)
        key = (id(variant.code), size)
        machine = self._machine(variant.code, size)
        trouble = False
        try:
            try:
                machine.same[: len(same)] = same
                machine.values(xs)
            except FloatingPointError:
                trouble = True
                if machine.code.guards:  # which examples it is about can only be said when all numbers are there
                    with np.errstate(all="ignore"):
                        machine.forward(*xs)
            fits = machine.fits(xs)
            if fits is None and not trouble:
                value = machine.gradients(xs, seed)
                found = machine.g_same[: len(same)]
                if np.isfinite(found).all() and np.isfinite(machine.g_inputs).all() and math.isfinite(value):
                    return Sums(value, found.copy(), machine.g_inputs.T.copy())
                trouble = True
        finally:
            with self._lock:
                idle = self._machines.setdefault(key, [])
                if len(idle) < 4:
                    idle.append(machine)
        if fits is not None:
            parts = [(np.nonzero(fits)[0], tried), (np.nonzero(~fits)[0], tried + 1)]
        elif size > 8:  # halve, until those that are in trouble stand alone
            parts = [(np.arange(size // 2), tried), (np.arange(size // 2, size), tried)]
        else:
            return self._one_by_one(batch, variant, same, xs, names, seed)
        value, g_same, inputs = 0.0, np.zeros(len(same)), np.zeros((size * (self.wrt != "params"), int(batch.form.batched.sum())))
        for rows, turn in parts:
            if len(rows):
                sums = self._examples(batch, same, [x[rows] for x in xs], names[rows], seed, turn)
                value += sums.value
                g_same += sums.same
                if len(inputs):
                    inputs[rows] = sums.inputs
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
            except (AutogradError, ArithmeticError, ValueError) as error:
                if self.batch is None:
                    raise
                raise type(error)(f"{error}; this is example {name} of the batch") from error
            value += z * seed
            found = np.array(gradients) * seed
            g_same += found[~batched]
            inputs[i] = found[batched]
        return Sums(value, g_same, inputs[: len(names) * (self.wrt != "params")])

    def _machine(self, code: Code, size: int) -> Machine:
        with self._lock:
            idle = self._machines.get((id(code), size))
            if idle:
                return idle.pop()
            if len(self._machines) > 16:  # many sizes: the arrays of the oldest go
                self._machines.pop(next(iter(self._machines)))
        return Machine(code, size)

    # -- shards elsewhere ------------------------------------------------------------------------------------------------

    def _sent(self, batch: Batch, same: Array, cuts: list[tuple[int, int]], seed: float, executor: Executor) -> Iterator[Sums]:
        """The sums of each shard, from an executor, in order."""
        variant = batch.form.variants[0]
        sealed = Sealed(variant.code)
        waiting: deque[tuple[int, Future[Sums | None]]] = deque()
        todo = iter(enumerate(cuts))

        def refused(i: int, what: str, error: BaseException) -> RuntimeError:
            a, b = cuts[i]
            return RuntimeError(
                f"{what} shard {i} (examples {a} to {b - 1}) of {self.__name__}: {type(error).__name__}: {error}; no gradient was applied"
            )

        def send() -> None:
            for i, (a, b) in todo:
                xs = [part[a:b] for part in batch.parts]
                try:
                    waiting.append((i, executor.submit(work, sealed, same, xs, seed)))
                except Exception as error:
                    raise refused(i, "the executor did not take", error) from error
                if len(waiting) >= WAITING:
                    return

        try:
            send()
            while waiting:
                i, future = waiting.popleft()
                try:
                    sums = future.result()
                except Exception as error:
                    raise refused(i, "the executor lost", error) from error
                yield sums if sums is not None else self._run(batch, same, *cuts[i], seed)
                send()
        finally:
            for _, future in waiting:
                future.cancel()

    # -- recording -------------------------------------------------------------------------------------------------------

    def _record(self, batch: Batch, xs: list[Array], same: Array) -> None:
        """Record the function at the numbers of the first of these examples, and pack it."""
        form = batch.form
        if self.program.function is None:
            raise TracingError(
                f"{self.__name__} was unpickled, and has no function any more: it runs what it was packed for, not {describe(form.signature)}"
            )
        if self._session is not None:
            self._session.settle()
        numbers = np.zeros(len(form.batched))
        numbers[~form.batched] = same
        numbers[form.batched] = np.concatenate([x[0] for x in xs]) if xs else []
        tape = self.program.record(form.signature, numbers.tolist())
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
        """How many array operations the scalar graph became."""
        if self._last is None:
            return repr(self)
        variant = self._last
        text = f"{self.__name__}: {len(variant.tape.ops)} scalar operations became {variant.code.operations} array operations"
        return text + ("; they have too little in common, so it runs as scalar source" if variant.alone else "")

    def __repr__(self) -> str:
        made = ", ".join(f"{describe(signature)} × {len(form.variants)}" for signature, form in [*self.forms.items()][:5])
        more = f" and {len(self.forms) - 5} more" if len(self.forms) > 5 else ""
        return f"<packed {self.__name__}: {made or 'nothing packed yet'}{more}>"

    # -- training --------------------------------------------------------------------------------------------------------

    @contextmanager
    def training(self, optimiser: Any) -> Iterator[Session]:
        """A context in which the parameters live in arrays: it gives a function that takes a batch, makes one step of the optimiser and
        returns the loss before the step.

        optimiser  of the parameters, all or some, such as those of `nn`: its `update` must be arithmetic that means the same on arrays

        Whoever looks at a parameter's `data` meanwhile, in a callback or for a state_dict, finds the numbers of the last step. On leaving, by
        an error too, they and the optimiser's memory are back where they belong.
        """
        if self._session is not None:
            raise RuntimeError(f"{self.__name__} is in training already")
        session = Session(self, optimiser)
        self._session = session
        try:
            yield session
        finally:
            session.settle()
            self._session = None

    # -- copies ----------------------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        if self._session is not None:
            raise TypeError(f"{self.__name__} is in training, and cannot be pickled meanwhile")
        state = {name: value for name, value in self.__dict__.items() if not name.startswith("_") or name == "__name__"}
        program = Program.__new__(Program)
        program.__dict__.update(self.program.__dict__, function=None, recordings={}, _last=None)
        return {"version": __version__, **state, "program": program}

    def __setstate__(self, state: dict[str, Any]) -> None:
        _check_version(state.pop("version", "an unknown version"))
        self.__dict__.update(state)
        self._session, self._last, self._machines, self._lock = None, None, {}, threading.Lock()
        self._shapes = {}
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
_idle: dict[tuple[int, int], list[Machine]] = {}


def _unsealed(version: str, key: str, content: bytes) -> Sealed:
    _check_version(version)
    if key not in _known:
        _known[key] = Sealed(pickle.loads(content))
    return _known[key]


def _check_version(version: str) -> None:
    if version != __version__:
        raise ValueError(f"this program was packed by glassgrad {version}, but here is glassgrad {__version__}: pack it again")


def work(sealed: Sealed, same: Array, xs: list[Array], seed: float) -> Sums | None:
    """The sums over one shard; None where its examples have to be looked at one by one, by whoever has the function."""
    key = (id(sealed.code), len(xs[0]))
    idle = _idle.setdefault(key, [])
    try:
        machine = idle.pop()  # atomic: no two threads have the same
    except IndexError:
        machine = Machine(sealed.code, len(xs[0]))
    try:
        machine.same[: len(same)] = same
        try:
            machine.values(xs)
        except FloatingPointError:
            return None
        if machine.fits(xs) is not None:
            return None
        value = machine.gradients(xs, seed)
        found = machine.g_same[: len(same)].copy()
        if not (np.isfinite(found).all() and np.isfinite(machine.g_inputs).all() and math.isfinite(value)):
            return None
        return Sums(value, found, machine.g_inputs.T.copy())
    finally:
        idle.append(machine)


def pack(
    f: Callable[..., Any] | Program,
    loss: Callable[[Any, Any], Any] | None = None,
    *,
    params: Any = (),
    batch: Literal["mean", "sum"] | None = "mean",
    shared: Sequence[int] = (),
    wrt: Literal["params", "arguments", "all"] | None = None,
    memory: int = CACHE,
    **options: Any,
) -> Packed:
    """The function of one example as a program for batches of them, in array operations (`Packed`), recorded when it is first called.

    f        a function, a module together with a `loss`, or a graph, as for `compile`; or a Program
    params   leaves, or a module that has them
    batch    the "mean" or the "sum" of the function over the examples; None for no batch at all: the arguments are those of the function
    shared   the places of arguments that are the same for all examples, and have no axis for them
    wrt      which gradients are computed: by the "params" (unless there are none), by the "arguments", or by "all"
    memory   about how many bytes the numbers of the examples that are computed together may take; a larger batch is split
    options  as for `compile`

    Needs NumPy (extra `pack`).

    >>> from autograd import exp
    >>> program = pack(lambda x, y: exp(x[0]) * x[1] + y, batch="sum")
    >>> value, (dx, dy) = program([[0.0, 2.0], [0.0, 3.0]], [1.0, 1.0])
    >>> value, dx.tolist(), dy.tolist()
    (7.0, [[2.0, 1.0], [3.0, 1.0]], [1.0, 1.0])
    """
    if batch not in ("mean", "sum", None):
        raise ValueError(f"batch is 'mean', 'sum' or None, but got {batch!r}")
    program = f if isinstance(f, Program) else compiled(f, loss, params=params, **options)
    if isinstance(f, Program) and (loss is not None or params != () or options):
        raise TypeError("a Program has its parameters and options already")
    wrt = wrt or ("params" if program.params else "arguments")
    if wrt not in ("params", "arguments", "all"):
        raise ValueError(f"wrt is 'params', 'arguments' or 'all', but got {wrt!r}")
    if wrt == "params" and not program.params:
        raise ValueError("wrt='params' needs parameters: pack the function with params=")
    if not isinstance(memory, int) or memory < 1:
        raise ValueError(f"memory needs a whole number of bytes from 1 on, but got {memory!r}")
    return Packed(program, batch, tuple(shared), wrt, memory)


def _number(x: Any) -> float:
    return as_float(x, "numbers as arguments", "a packed program")


def _array(arg: Any, place: int, name: str) -> Array:
    """An argument as an array with a row for each example: of floats, or of whole numbers."""
    if type(arg) is np.ndarray and arg.dtype == np.float64 and arg.ndim and arg.flags.c_contiguous:
        return arg
    what = f"argument {place} of {name}"
    try:
        rows = np.asarray(arg)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{what} needs examples of one shape: {error}") from None
    if rows.dtype.kind == "O":
        raise TypeError(f"{what} needs plain numbers, but got {type(rows.flat[0]).__name__ if rows.size else 'nothing'}")
    if rows.dtype.kind not in "fiu":
        raise TypeError(f"{what} needs numbers, but got an array of {rows.dtype}")
    if not rows.ndim:
        raise ValueError(f"{what} needs a batch: a number, or a list of them, for each example; but got {arg!r}")
    return np.ascontiguousarray(rows, np.float64) if rows.dtype.kind == "f" else rows


def _signature(shape: tuple[int, ...]) -> Signature:
    """The signature of an array of numbers."""
    found = _NUMBER
    for n in reversed(shape):
        found = (list, (found,) * n)
    return found


def _count(signature: Signature) -> int:
    """How many numbers it has."""
    if signature == _NUMBER:
        return 1
    if signature[0] == "is":
        return 0
    return sum(_count(part[1] if signature[0] is dict else part) for part in signature[1])


def _added(a: Any, b: Any) -> Any:
    """Two nested structures of numbers, number by number."""
    if isinstance(a, dict):
        return {key: _added(a[key], b[key]) for key in a}
    if isinstance(a, (list, tuple)):
        return type(a)(_added(x, y) for x, y in zip(a, b, strict=True))
    return None if a is None else a + b
