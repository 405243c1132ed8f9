"""Packed programs: a function of scalars, computed for whole batches of numbers by array operations."""

from __future__ import annotations

import inspect
import math
import operator
from collections.abc import Iterator
from concurrent.futures import Executor
from contextvars import copy_context
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .. import __version__, given
from ..errors import CompilerError, GradientError, MissingExtraError, RangeError
from ..program import GuardError, Outcome, Program, TracingError
from ..program.arguments import flatten
from ..program.program import TRIES, Moved, State
from ..program.trace import add_gradients
from ..trees import describe, rebuild, size
from ..value import Value
from . import c
from .arrays import Array, Each, kernel
from .equations import Equations
from .looking import draw, owners, places, rows
from .machine import Sums, one_thread
from .native import Native
from .outputs import Outputs
from .recordings import ALONE, ERRORS, Batch, Form, Known, Recorded, Variant, first, plain
from .report import report
from .shards import check_version, sent
from .spelling import WORDS
from .tensors import source
from .training import Training

if TYPE_CHECKING:
    from ..drawing.picture import Picture

_QUIET = partial(np.errstate, over="ignore", invalid="ignore")


class Packed(Recorded):
    """A function of scalars as array operations: call it with a batch of examples, and it returns value and gradients (an `Outcome`).

    The first axis of every argument counts the examples. Gradients come as arrays in the shapes of the arguments, None where they are not
    asked for; and, where there are parameters, one more array with a gradient for each, in their order (None where it is not asked for).

    As with a `Program`, whole numbers are no numbers to differentiate by. There is one recording for all of them where the function
    computes with them as with numbers, or looks something up with `take`, as an embedding and the losses of `nn` do with classes. Used
    otherwise (an index, a comparison) they are as texts and switches: the examples are grouped by them, and each group has a recording of
    its own.

    Examples need not have one shape, and may be dicts: those of each structure have a recording of their own.
    """

    _outputs: Outputs | None = None

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

    def predict(self, *args: Any) -> Any:
        """What the function returns for every example: one number as an array with one for each, a list of numbers as an array with a
        row for each, a dict as a dict of arrays. Without gradients, and for functions of several outputs too, such as a model.

        >>> from autograd import pack
        >>> pack(lambda x: [x[0] + x[1], x[0] * x[1]]).predict([[1.0, 2.0], [3.0, 4.0]]).tolist()
        [[3.0, 2.0], [7.0, 12.0]]
        """
        if self._outputs is None:
            if self.program.function is None:
                raise TracingError(f"{self.__name__} was unpickled, and has no function any more: it runs what it was packed for alone")
            self._outputs = Outputs(self.program, self.shared, self.memory)
        return copy_context().run(self._outputs.of, self._theta(), args)

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
        self._quicken(batch.form, first)
        if shard is None:
            shard = batch.size if self.batch is None else max(1, self.memory // max(first.code.example, 1))
        elif not isinstance(shard, int) or isinstance(shard, bool) or shard < 1:
            raise ValueError(f"shard needs a whole number of examples from 1 on, but got {given.shorten(shard)}")
        cuts = [(a, min(a + shard, batch.size)) for a in range(0, batch.size, shard)]
        done: Iterator[Sums]
        if executor is None or self.batch is None:
            done = (self._run(batch, same, a, b, seed) for a, b in cuts)
        else:
            done = sent(batch, same, cuts, seed, executor, self.__name__, lambda a, b: self._run(batch, same, a, b, seed))
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
            self._another_way(tried, names[0])
            self._record(batch.form, xs, same, int(names[0]))
        variant = variants[tried]
        size = len(names)
        self._quicken(batch.form, variant)
        native = variant.code.native
        if variant.alone and not native:
            try:
                return self._one_by_one(batch, variant, same, xs, names, seed)
            except GuardError:
                return self._examples(batch, same, xs, names, seed, tried + 1)
        fits = variant.code.sums(same, xs, size, seed)
        if isinstance(fits, Sums):
            if native and native.said:
                self._warn(f"{self.__name__} computes some examples on arrays, since a check of its C is stricter: {native.said}", "C")
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

    def _quicken(self, form: Form, variant: Variant) -> None:
        """Build the C of a variant, if that is asked for. With native="auto" a warning says why there is none."""
        if not self.native or variant.code.native is not None:
            return
        try:
            variant.code.native = Native(variant.plan, self._equations(form, variant, False), self._arguments(form), self.batch is not None)
        except (MissingExtraError, CompilerError, TracingError) as error:
            if self.native != "auto":
                raise
            variant.code.native = False
            self._warn(f"{self.__name__} runs on arrays and not as C: {error}", "no C")

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
                raise self._of(name, same, error) from error.__cause__
            value += z * seed
            found = np.array(gradients) * seed
            g_same += found[~batched]
            inputs[i] = found[batched]
        return Sums(value, g_same, inputs[: len(names) * (self.wrt != "params")])

    def __str__(self) -> str:
        """How many array operations the scalar graph became, and which of them are slow: computed number by number."""
        if self._last is None:
            return repr(self)
        variant = self._last
        text = f"{self.__name__}: {len(variant.tape.ops)} scalar operations became {variant.code.operations} array operations"
        if variant.code.native:
            return f"{text}, and run as C"
        if variant.alone:
            return f"{text}; they have too little in common, so it runs as scalar source"
        slow = dict.fromkeys(group.op.name for group in variant.plan.groups if group.op is not None and isinstance(kernel(group.op), Each))
        return f"{text}; number by number, for want of a form on arrays: {', '.join(slow)}" if slow else text

    def report(self) -> str:
        """What makes this program slow, or record again, with what that costs here and what to do: a line each. What there is of the kind
        stands in docs/cliffs.md.
        """
        return report(self)

    def __repr__(self) -> str:
        made = ", ".join(f"{describe(signature)} × {len(form.variants)}" for signature, form in [*self.forms.items()][:5])
        more = f" and {len(self.forms) - 5} more" if len(self.forms) > 5 else ""
        return f"<packed {self.__name__}: {made or 'nothing packed yet'}{more}>"

    # -- to be looked at -------------------------------------------------------------------------------------------------

    def equations(self) -> Equations:
        """The matrix equations of the program that ran last, forward and backward: text when printed, LaTeX in a notebook."""
        variant = self.latest()
        form = next(form for form in self.forms.values() if variant in form.variants)
        return self._equations(form, variant, self.batch == "mean")

    def _equations(self, form: Form, variant: Variant, mean: bool) -> Equations:
        signature = form.signature
        try:
            names = list(inspect.signature(self.program.function).parameters)
        except (TypeError, ValueError):
            names = []
        names += [f"x{i}" for i in range(len(names), len(signature[1]))]
        counts = [(i, name, size(part)) for i, (name, part) in enumerate(zip(names, signature[1], strict=False)) if size(part)]
        alike = [(name, count) for i, name, count in counts if self.batch is None or i in self.shared]
        return Equations(
            variant.plan, None if self.batch is None else mean, [name for _, name, count in counts if (name, count) not in alike], alike
        )

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
        arguments = self._arguments(form)
        if target == "c":
            return c.source(variant.plan, self.equations(), arguments, self.batch, recorded)
        return source(variant.plan, target, arguments=arguments, batch=self.batch)

    def _arguments(self, form: Form) -> list[tuple[bool, int]]:
        """For each argument that has numbers, whether it is batched, and how many they are (of one example)."""
        arguments: list[tuple[bool, int]] = []
        at = 0
        for some in map(size, form.leaves):
            if some:
                arguments.append((bool(form.batched[at]), some))
                at += some
        if form.layout.draws:
            arguments.append((True, len(form.layout.draws)))
        return arguments

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
        return rows(self.latest().plan, self.equations())

    def draw(self) -> Picture:
        """A picture of the program that ran last, a box for each equation: its forward pass, and the gradients that come back."""
        return draw(self.latest().plan, self.equations(), self.__name__)

    def graph(self, *args: Any) -> Value:
        """The scalar graph of one example (given as for the function itself) as the engine records it: each node is labelled by the array
        and the row that it became, and all nodes of one array are in a scope of its name, so that `draw` folds them into it.
        """
        variant = self.latest()
        form = next(form for form in self.forms.values() if variant in form.variants)
        if form.layout.symbolic or form.layout.draws:
            one = tuple([arg] if self._is_batched(i) else arg for i, arg in enumerate(args))
            batch = self._taken_apart(one, self._theta(), self._known)[0]
            numbers = first(form.batched, np.array([*batch.shared, *self._theta().tolist()]), batch.parts)
        else:
            numbers = []
            flatten(args, numbers, plain)
            numbers += self._theta().tolist()
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

    def training(self, optimiser: Any, clip_norm: float | None = None, clip_value: float | None = None) -> Training:
        """A context in which the parameters live in arrays: it gives a function that takes a batch, makes one step of the optimiser and
        returns the loss before the step.

        optimiser  of the parameters, all or some, such as those of `nn`: its `update` must be arithmetic that means the same on arrays.
                   One of your own is called with the arrays of all its parameters
        clip_norm  how long the gradient by the optimiser's parameters may be: a longer one is scaled. `clip_value`: how large each of its
                   numbers may be, after that

        Whoever looks at a parameter's `data` meanwhile, in a callback, for a state_dict or from another thread, finds the number of the
        last step, and that alone is read; who sets it, or computes with it, brings all back. On leaving, by an error too, they and the
        optimiser's memory are back where they belong.
        """
        if self._session is not None:
            raise RuntimeError(f"{self.__name__} is in training already")
        self._by_params("training")
        return Training(self, optimiser, clip_norm, clip_value)

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
        copy.__dict__.update(self.__dict__, _known=known, _others=[*self._others], _session=None, _outputs=None)
        return copy

    def __setstate__(self, state: dict[str, Any]) -> None:
        check_version(state.get("version", "an unknown version"))
        self.__dict__.update({name: value for name, value in state.items() if name not in ("version", "forms")})
        self._session, self._last, self._others = None, None, []
        self._known = Known(self.program.surroundings(), state["forms"], {})
        for form in self.forms.values():
            self._last = form.variants[0] if form.variants else self._last


def _like(arg: Any, found: Iterator[Any]) -> Any:
    """What was found for each array in nested dicts, in such dicts."""
    return {key: _like(item, found) for key, item in arg.items()} if isinstance(arg, dict) else next(found)


def _added(a: Any, b: Any) -> Any:
    """Two trees of one structure, number by number."""
    xs, ys = list[float](), list[float]()
    flatten(b, ys, float)
    return rebuild(flatten(a, xs, float), map(operator.add, xs, ys))
