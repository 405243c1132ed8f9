"""A plan that can run: its program as text, the text made executable, and bound to arrays of its own."""

from __future__ import annotations

import math
import operator
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from ..process import in_a_child, kept, lock
from ..program.syntax import Assign, Line, Name, Verbatim, call
from .arrays import Array, look
from .banks import BANKS
from .emit import Writer
from .fuse import Ints
from .plan import Guard, Plan


def view(bank: Array, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    """Numbers of a bank as an array; of a batched one with an axis for the examples, which comes last."""
    step, *last = bank.strides
    strides = (*[step * n for n in strides], *last)
    return np.ndarray(shape + bank.shape[1:], np.float64, bank, step * offset, strides)  # quicker than as_strided


def strong(gradient: Array, partial: Array) -> Array:
    """Their product, but 0 where the gradient is 0, whatever the local derivative is."""
    return np.where(gradient == 0.0, 0.0, gradient * partial)


TOOLS: dict[str, Any] = {
    "absolute": np.absolute, "add": np.add, "broadcast_to": np.broadcast_to, "copyto": np.copyto, "einsum": np.einsum, "empty": np.empty,
    "look": look, "matmul": np.matmul, "maximum": np.maximum, "multiply": np.multiply, "sign": np.sign, "strong": strong, "take": np.take,
    "vecdot": np.vecdot, "view": view, "zeros": np.zeros,
}  # fmt: skip
SIZES, IDLE = 8, 4
"""For how many sizes of a batch a program keeps machines, and how many for each."""
RELATIONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class Quicker(Protocol):
    """The same program in another form: `sums` as those of a Machine; None where a check of it failed, which `said` then names."""

    said: str

    def sums(self, same: Array, xs: list[Array], size: int, seed: float) -> Sums | None:
        """The sums over the examples."""


@dataclass
class Code:
    """A plan's program, and what is needed to run it: it can be pickled, and so sent to another process.

    source      the text; `names` are the functions and index arrays it needs
    sizes       how long the banks are
    constants   where the constants lie, and what they are
    parts       for each batched argument, the place of its first number among them, and how many it has; `direct` those that are not copied
    output      its address
    inputs_too  whether gradients by batched inputs are wanted
    guards      the comparisons
    operations  how many array operations there are in the forward pass
    example     how many bytes the arrays have for each example
    native      the program as C, which runs first; None where that was not asked for, False where it was and cannot be had
    """

    source: str
    names: dict[str, Any]
    sizes: tuple[int, int, int]
    constants: tuple[int, list[float]]
    parts: list[tuple[int, int]]
    direct: tuple[int, ...]
    output: int
    inputs_too: bool
    guards: list[Guard]
    operations: int
    example: int
    native: Quicker | Literal[False] | None = None

    def sums(self, same: Array, xs: list[Array], size: int, seed: float) -> Sums | Array | None:
        """The sums over so many examples, or what else `Machine.sums` answers."""
        found = self.native.sums(same, xs, size, seed) if self.native else None
        if found is not None:
            return found
        with self.machine(size) as machine:
            return machine.sums(same, xs, seed)

    @kept
    def compiled(self) -> Any:
        """The source as code."""
        return compile(self.source, "<packed>", "exec")

    @kept
    def idle(self) -> dict[int, list[Machine]]:
        """The machines that nobody uses, by size."""
        return {}

    @contextmanager
    def machine(self, size: int) -> Iterator[Machine]:
        """A machine for so many examples that nobody else uses meanwhile."""
        idle = self.idle.setdefault(size, [])
        try:
            machine = idle.pop()  # atomic: no two threads have the same
        except IndexError:
            machine = Machine(self, size)
            for old in list(self.idle)[:-SIZES]:
                self.idle.pop(old, None)
        yield machine
        if len(idle) < IDLE:  # not after an error: Ctrl-C may have left it in any state
            idle.append(machine)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("compiled", "idle")}


def code(plan: Plan) -> Code:
    """The plan's program."""
    text = Writer(plan).text
    xs = ", ".join(f"x{i}" for i in range(len(plan.parts)))
    copies: list[Line] = []
    for i, (a, n) in enumerate(plan.parts):
        if n and i not in text.direct:
            text.bind.append(Assign(Name(f"i{i}"), Name("inputs")[f"{a - plan.same}:{a - plan.same + n}"]))
            copies += [call("copyto", Name(f"i{i}"), Name(f"x{i}").turned), call("look", Name(f"i{i}"))]
    lines = [f"def bind({', '.join([*BANKS, *(f'g_{bank}' for bank in BANKS)])}, size):"]
    lines += [f"    {line}" for line in text.bind]
    for name, statements in (("forward", [*copies, *text.run(text.forward)]), ("backward", text.run(text.backward))):
        lines += [f"    def {name}({xs}):", *(f"        {line}" for line in statements or [Verbatim("pass")])]
    lines.append("    return forward, backward")
    leaves = plan.where[: len(plan.wanted)]
    inputs_too = bool((plan.wanted & (leaves >= plan.same)).any())
    copied = sum(n for i, (_, n) in enumerate(plan.parts) if i not in text.direct)
    example = 8 * (2 * plan.computed + copied + inputs_too * plan.inputs + 2 * text.scratch[1])
    return Code(
        "\n".join(lines), text.constants, (plan.same, plan.inputs, plan.computed), plan.constants,
        [(a - plan.same, n) for a, n in plan.parts], text.direct, plan.output, inputs_too, plan.checks, text.operations, example,
    )  # fmt: skip


class OneThread:
    """Calls a function while matrix products are computed in one thread each: how they are shared out decides about their last bits, and
    whole shards are shared out instead. It holds as long as any such call lasts. Without the package `threadpoolctl` it does nothing.
    """

    def __init__(self) -> None:
        self.lock = lock()
        self.users: dict[object, int] = {}  # one for each call, with its thread
        self.before: list[tuple[Any, int]] = []  # the libraries, and how many threads each had
        self.libraries: list[Any] | None = None
        in_a_child(self._others_are_gone)

    def __call__(self, function: Callable[..., Any], *args: Any) -> Any:
        """The function of these arguments."""
        user = object()
        try:
            self._enter(user)
            return function(*args)
        finally:
            try:
                self._leave(user)
            except BaseException:  # Ctrl-C came amid it: all of it once more
                self._leave(user)
                raise

    def _enter(self, user: object) -> None:
        with self.lock:
            self.users[user] = threading.get_ident()
            if not self.before:
                self._limit()

    def _limit(self) -> None:
        if self.libraries is None:
            self.libraries = self._libraries()
        self.before = [(library, library.num_threads) for library in self.libraries]
        self._put([(library, 1) for library, _ in self.before])

    def _leave(self, user: object) -> None:
        with self.lock:
            self.users.pop(user, None)
            if not self.users and self.before:
                self._put(self.before)
                self.before = []

    def _others_are_gone(self) -> None:
        """In a forked child."""
        here = threading.get_ident()
        self.users = {user: thread for user, thread in self.users.items() if thread == here}
        self._leave(None)

    def _libraries(self) -> list[Any]:
        try:
            import threadpoolctl
        except ImportError:
            return []
        return [library for library in threadpoolctl.ThreadpoolController().lib_controllers if library.user_api == "blas"]

    def _put(self, threads: list[tuple[Any, int]]) -> None:
        """Newer versions listen to one thread alone; but here who leaves last need not be who came first."""
        from threadpoolctl import OpenBLASController

        clear = getattr(OpenBLASController, "clear_controlling_thread", lambda force: None)
        clear(force=True)
        for library, count in threads:
            library.set_num_threads(count)
        clear(force=True)


one_thread = OneThread()


class Sums(NamedTuple):
    """What comes of some examples: the value, the gradients by the unbatched leaves, and by the batched inputs, a row for each example."""

    value: float
    same: Array
    inputs: Array


class Machine:
    """A program for one number of examples, with arrays of its own: to be used by one thread at a time.

    same      the unbatched numbers; the leaves come first
    g_same    their gradients, and `g_inputs` those by the batched inputs
    """

    def __init__(self, code: Code, size: int) -> None:
        self.code, self.size = code, size
        same, inputs, computed = code.sizes
        self.same, self.g_same = np.zeros(same), np.zeros(same)
        start, numbers = code.constants
        self.same[start : start + len(numbers)] = numbers
        self.inputs, self.computed = np.empty((inputs, size)), np.empty((computed, size))
        self.g_inputs, self.g_computed = np.zeros((inputs * code.inputs_too, size)), np.zeros((computed, size))
        namespace: dict[str, Any] = {**TOOLS, **code.names}
        exec(code.compiled, namespace)  # every name in it is generated, every constant a repr
        banks = [self.same, self.inputs, self.computed, self.g_same, self.g_inputs, self.g_computed]
        self.forward, self.backward = namespace["bind"](*banks, size)
        at = code.output
        if at < same:
            self.value, self.seed = self.same[at : at + 1], self.g_same[at : at + 1]
        elif at < same + inputs:
            self.value, self.seed = self.inputs[at - same], self.g_inputs[at - same]
        else:
            self.value, self.seed = self.computed[at - same - inputs], self.g_computed[at - same - inputs]
        self.batched = at >= same
        self.guards: list[tuple[Any, bool, Any, Any]] = [
            (RELATIONS[guard.relation], guard.outcome, self._side(guard.sides[0]), self._side(guard.sides[1])) for guard in code.guards
        ]

    def sums(self, same: Array, xs: list[Array], seed: float) -> Sums | Array | None:
        """The sums over the examples, each times the seed. Where some compare otherwise than when the program was recorded: which do as
        then. None: somewhere a number is not finite.
        """
        count = len(same)
        self.same[:count] = same
        trouble = False
        try:
            self.values(xs)
        except FloatingPointError:
            trouble = True
            if self.code.guards:  # which examples it is about can only be said when all numbers are there
                with np.errstate(all="ignore"):
                    self.forward(*xs)
        fits = self.fits()
        if fits is not None:
            return fits
        if trouble:
            return None
        value = self.gradients(xs, seed)
        found = self.g_same[:count]
        if not (np.isfinite(found).all() and math.isfinite(value) and (not self.code.inputs_too or np.isfinite(self.g_inputs).all())):
            return None
        return Sums(value, found.copy(), self.g_inputs.T.copy())

    def values(self, xs: list[Array]) -> None:
        """Compute forward. FloatingPointError: a number left the domain of a function, or the range of floats."""
        with np.errstate(over="raise", divide="raise", invalid="raise", under="ignore"):
            self.forward(*xs)

    def gradients(self, xs: list[Array], seed: float) -> float:
        """Sweep backward; the sum of the values of all examples times the seed."""
        with np.errstate(all="ignore"):
            each = seed if self.batched else seed * self.size
            value = float(self.value.sum()) * each
            self.seed[...] = each
            self.backward(*xs)
        return value

    def fits(self) -> Any:
        """Which examples compare as when the program was recorded; None if all do."""
        fits: Any = None
        for relation, outcome, x, y in self.guards:
            found = relation(x(), y())
            if not (found.all() if outcome else not found.any()):
                found = (found == outcome).all(0)
                fits = found if fits is None else fits & found
        return None if fits is None else np.broadcast_to(fits, (self.size,))

    def row(self, address: int) -> Array:
        """The numbers at an address: one for each example, or one for all."""
        same, inputs, _ = self.code.sizes
        if address < same:
            return self.same[address]
        return self.inputs[address - same] if address < same + inputs else self.computed[address - same - inputs]

    def _side(self, addresses: Ints) -> Callable[[], Array]:
        """A function that gives the numbers at these addresses: a row for each, and a column for each example, or one for all."""
        same, inputs, _ = self.code.sizes
        banks = [(0, self.same[:, None]), (same, self.inputs), (same + inputs, self.computed)]
        parts = []
        for low, bank in banks:
            at = np.nonzero((addresses >= low) & (addresses < low + len(bank)))[0]
            if len(at):
                parts.append((bank, at, addresses[at] - low))
        if len(parts) == 1:
            ((bank, _, rows),) = parts
            if rows[-1] - rows[0] == len(rows) - 1 and (np.diff(rows) == 1).all():
                view = bank[rows[0] : rows[-1] + 1]
                return lambda: view
            return lambda: bank[rows]
        found = np.empty((len(addresses), self.size))

        def together() -> Array:
            for bank, at, rows in parts:
                found[at] = bank[rows]
            return found

        return together
