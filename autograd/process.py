"""What all threads of the process share: who may change gradients and parameters, and Python's garbage collector. And how a block that
changed something is left, whatever happens: by Ctrl-C at any instant, or in a child that was forked meanwhile.
"""

from __future__ import annotations

import gc
import io
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import repeat, starmap
from operator import call
from typing import Any, Generic, TypeVar, overload

from .errors import InUseError

T = TypeVar("T")

# All at once. Ctrl-C may fall between any two steps of Python code, and another thread may run there. Neither can amid one call into C, as
# long as that calls nothing but functions in C. So whatever has to change as one changes in one such call: the gradients of a sweep, the
# parameters in a step, the classes of those that are lent to a recording, and the way back from each. Its steps are made ready before.

together: Callable[[Iterable[Any]], None] = deque(maxlen=0).extend
"""Goes through an iterator in one call into C. Of all such calls this one needs no memory of its own."""


def all_of(calls: Iterable[tuple[Any, ...]]) -> None:
    """Make calls, each (function in C, *arguments), all at once."""
    together(starmap(call, [*calls]))


def assign(things: Sequence[Any], name: str, values: Iterable[Any]) -> None:
    """Give each of these things its value as an attribute, all at once. The values are a list, or an iterator in C such as repeat(0.0)."""
    together(map(setattr, things, repeat(name), values))


class Back(io.IOBase):
    """The way out of a block: its `__exit__` calls `close`, which whoever makes it sets to a function of no arguments that returns nothing.

    An `__exit__` written in Python can be struck by Ctrl-C before its first line, and what it was to put back stays as it was inside. Of
    the standard library's classes this one lends an `__exit__` in C that calls something of ours; with a function in C, Ctrl-C falls
    before or after all of it.
    """

    __slots__ = ("close",)
    close: Callable[[], None]
    closed = True  # so that nothing is done when the object is dropped


class afterwards(Back):  # noqa: N801 - in the words of `with`
    """A context that makes some calls when it is left, each (function, *arguments), all of them in one call into C. It is for one block.

    Entering does nothing: whoever changes something inside, and has it put back by these calls, leaves nothing behind.
    """

    __slots__ = ()

    def __init__(self, *calls: tuple[Any, ...]) -> None:
        self.close = partial(together, starmap(call, calls))

    def __enter__(self) -> Any:
        return None


# Forks.


def lock() -> Any:
    """A lock that is free in a forked child where another thread held it. Its own thread may take it again, as in a signal handler."""
    made: Any = threading.RLock()
    in_a_child(lambda: made._is_owned() or made._at_fork_reinit())
    return made


def in_a_child(repair: Callable[[], object]) -> None:
    """Have this called first in every forked child: of the threads there were, only the one that forked is there."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=repair)


class kept(Generic[T]):  # noqa: N801 - in the words of `property`
    """A property that is computed once for each object, and kept in its `__dict__`.

    That of `functools` has one lock for the objects of all threads, before Python 3.12: a child that is forked meanwhile waits for ever.
    """

    def __init__(self, function: Callable[[Any], T]) -> None:
        self.function, self.__doc__ = function, function.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> kept[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> T | kept[T]:
        if instance is None:
            return self
        return instance.__dict__.setdefault(self.function.__name__, self.function(instance))  # type: ignore[no-any-return]


# Gradients and parameters.

updating: Any = threading.RLock()
"""Held by whoever reads or writes several gradients or parameters: a sweep, for its sums stand on the nodes themselves, and a step."""
if hasattr(os, "register_at_fork"):
    # A child is forked between two sweeps: in it nobody would end one that another thread has begun.
    os.register_at_fork(before=updating.acquire, after_in_parent=updating.release, after_in_child=updating.release)
_updating_here: Callable[[], bool] = updating._is_owned


def refuse_reentry(asker: str) -> None:
    """InUseError if this very thread is amid a sweep or a step: it would wait for itself for ever, or see half of the gradients."""
    if _updating_here():
        raise InUseError(
            f"{asker} was called while this thread is amid a sweep or a step, as by a signal handler, a __del__ or the garbage collector:"
            " nothing was changed; have these note that there is something to do, and do it later"
        )


def come_home(parameter: Any) -> None:
    """Where a parameter is in packed training, its number is in an array: have it, and all others of that training, back."""
    back = getattr(parameter, "come_home", None)
    if back is not None:
        back()


lending: Any = lock()
"""Held by a recording, to which its parameters are lent while it lasts. Whoever needs both takes this one before `updating`."""


class LentError(InUseError):
    """A parameter is lent to a recording in another thread: reading its number waits until it is back.

    lent   the parameter
    """

    def __init__(self, message: str, lent: object = None) -> None:
        super().__init__(message)
        self.lent = lent


# The garbage collector.

_off: set[object] = set()  # a token for each block without it
_NEVER = 10**9
_thresholds = gc.get_threshold()  # as they were before a block in which full collections wait


def uncollected() -> afterwards:
    """A context without the garbage collector: while a long program is made, nothing becomes garbage, and looking for it takes half of
    the time.
    """
    if not gc.isenabled():
        return afterwards()
    return _Uncollected()


class _Uncollected(afterwards):
    __slots__ = ("_token",)

    def __init__(self) -> None:
        self._token = object()
        super().__init__((gc.enable,), (_off.discard, self._token))

    def __enter__(self) -> Any:
        try:
            _off.add(self._token)
            gc.disable()
        except BaseException:
            self.close()
            raise


def full_collections_wait() -> afterwards:
    """A context in which the collector looks at new objects alone, as often as ever, and takes those it has seen for old.

    While a hundred thousand nodes are made, none of them can be garbage before the end, yet it would look at all of them again and again:
    half of the time. Where several threads are in such blocks, the first to leave ends it for all: the others are slower, no more.
    """
    return _Waiting()


class _Waiting(afterwards):
    __slots__ = ()

    def __init__(self) -> None:
        global _thresholds
        now = gc.get_threshold()
        if now[2] != _NEVER:
            _thresholds = now
        super().__init__((gc.set_threshold, *_thresholds))

    def __enter__(self) -> Any:
        try:
            gc.set_threshold(_thresholds[0], 0, _NEVER)
        except BaseException:
            self.close()
            raise


@in_a_child
def _collect_again() -> None:
    if _off:
        _off.clear()
        gc.enable()
    if gc.get_threshold()[2] == _NEVER:
        gc.set_threshold(*_thresholds)
