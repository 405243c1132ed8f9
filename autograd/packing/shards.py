"""Shards of a batch, computed by an executor: in other threads, in other processes, or on other machines."""

from __future__ import annotations

import hashlib
import math
import pickle
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextvars import copy_context
from typing import Any
from uuid import uuid4

import numpy as np

from .. import __version__
from .arrays import Array
from .machine import Code, Sums, one_thread
from .recordings import Batch

WAITING = 16
"""How many shards are on their way to an executor at a time."""
KNOWN = 8
"""How many programs a worker keeps."""


def sent(
    batch: Batch,
    same: Array,
    cuts: list[tuple[int, int]],
    seed: float,
    executor: Executor,
    name: str,
    here: Callable[[int, int], Sums],
) -> Iterator[Sums]:
    """The sums of each shard, from an executor, in order; of those that it could not compute from `here`."""
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
                    f"the executor {what} shard {i} (examples {a} to {b - 1}) of {name}: {type(error).__name__}: {error}; no"
                    " gradient was applied"
                ) from error
            wrong = None if sums is None else _unlike(sums, len(same), cuts[i][1] - cuts[i][0], variant.code)
            if wrong is not None:
                raise RuntimeError(
                    f"the executor answered shard {i} (examples {cuts[i][0]} to {cuts[i][1] - 1}) of {name} with {wrong}; no"
                    " gradient was applied"
                )
            yield sums if sums is not None else here(*cuts[i])
            send()
    finally:
        for _, _, future in waiting:
            future.cancel()


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
    check_version(version)
    if key not in _known:
        for old in list(_known)[:-KNOWN]:
            _known.pop(old, None)
        _known[key] = Sealed(pickle.loads(content))
    return _known[key]


def check_version(version: str) -> None:
    """ValueError unless a program that was pickled is of this version."""
    if version != __version__:
        raise ValueError(f"this program was packed by glassgrad {version}, but here is glassgrad {__version__}: pack it again")


def work(sealed: Sealed, same: Array, xs: list[Array], size: int, seed: float, call: str) -> Sums | None:
    """The sums over one shard; None where its examples have to be looked at one by one, by whoever has the function.

    call   tells this call from another with the same numbers: Dask remembers what came of it, and be it that a worker died
    """
    found: Sums | None = one_thread(copy_context().run, _work, sealed.code, same, xs, size, seed)
    return found


def _work(code: Code, same: Array, xs: list[Array], size: int, seed: float) -> Sums | None:
    found = code.sums(same, xs, size, seed)
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
