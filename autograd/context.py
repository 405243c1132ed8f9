"""What holds around the code that runs: its scope, no_grad(), and the derivative whose function it belongs to.

Each is a context: it holds for the code it stands around, wherever that code is called from, and for nobody else. In a function that is
plain: the block is over before the function goes on. A generator hands numbers out of the middle of its block, to a caller the block
does not stand around; so there a context holds while the generator itself runs, and rests while its caller does. An asyncio task has a
context of its own, as Python's `contextvars` have it: what holds in a coroutine is nothing to other tasks, except those it starts.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial, wraps
from itertools import count
from operator import attrgetter
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, overload

from . import given
from .process import Back, together

F = TypeVar("F", bound=Callable[..., Any])


class State:
    """What holds at some place of a program.

    scope    the path of the scopes around, or None
    paused   whether no_grad() holds
    run      the derivative whose function runs, or None. A leaf that is made meanwhile remembers it (`Value.made_in`)
    tape     the recording of a program that this code belongs to, or None
    known    the numbers of the generators' contexts that are in it already
    inner    what held in scopes inside, by their names: a network enters the same ones again and again
    """

    __slots__ = ("inner", "known", "paused", "run", "scope", "tape")

    scope: str | None
    paused: bool
    run: Any
    tape: Any
    known: tuple[int, ...]
    inner: dict[str, State]


_new = object.__new__


def _made(scope: str | None, paused: bool, run: Any, tape: Any, known: tuple[int, ...]) -> State:
    state = _new(State)
    state.scope = scope
    state.paused = paused
    state.run = run
    state.tape = tape
    state.known = known
    state.inner = {}
    return state


INNER = 64
"""How many scopes inside of one are remembered."""
NOTHING = _made(None, False, None, None, ())
_state: ContextVar[State] = ContextVar("state", default=NOTHING)
_set, _reset = _state.set, _state.reset
_plain = _state.get
here: Callable[[], State] = _plain
"""What holds here. To be called as `context.here()`, since it is another function while a generator has a context open."""
in_use = False
"""Whether there ever was a context: until then nobody needs to ask."""
_told: list[dict[str, Any]] = []


def tell(namespace: dict[str, Any]) -> None:
    """Keep `here` under the name `_here` in the globals of a module that asks at every operation; None while there is nothing to ask."""
    _told.append(namespace)
    namespace["_here"] = None if here is _plain and not in_use else here


def _hand_out(function: Callable[[], State]) -> None:
    global here
    here = function
    for namespace in _told:
        namespace["_here"] = function


# Generators' contexts hold while the generator's frame is among those that run. A frame that is suspended has no frame behind it.

_open: dict[int, tuple[FrameType, Context]] = {}
_numbers = count(1)
_frame = sys._getframe
_CONTEXTLIB = contextlib.__dict__
_GENERATORS = 0x20 | 0x200  # inspect.CO_GENERATOR and CO_ASYNC_GENERATOR, written out: inspect would be a quarter of our import
_SUSPEND = _GENERATORS | 0x80 | 0x100  # and CO_COROUTINE and CO_ITERABLE_COROUTINE


def _look() -> State:
    """What holds here, by the frames that run."""
    state = _plain()
    opened = [*_open.items()]
    if not opened:
        _hand_out(_plain)
        if _open:  # another thread's came meanwhile
            _hand_out(_look)
    running = {frame for _, (frame, _) in opened if frame.f_back is not None}
    around: list[FrameType] = []
    frame: FrameType | None = _frame(1) if running else None
    while frame is not None and running:
        if frame in running:
            running.remove(frame)
            around.append(frame)
        frame = frame.f_back
    for outer in reversed(around):
        for number, (frame, context) in opened:
            if frame is outer and number not in state.known:
                state = context._seen_from(state, number)
    return state


def _suspending(frame: FrameType | None) -> FrameType | None:
    """The frame that a context opened by this one stands in, if it can be suspended amid the block; else None.

    Contexts that `contextlib` makes of generators hand on to the block that they stand around: there it is the frame of that block.
    """
    while frame is not None:
        if frame.f_globals is not _CONTEXTLIB:
            if not frame.f_code.co_flags & _SUSPEND:
                return None
            if frame.f_back is None or frame.f_back.f_globals is not _CONTEXTLIB:
                return frame
        frame = frame.f_back
    return None


def _in_a_task() -> bool:
    """Whether an asyncio task runs here, which has a context of its own."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    try:
        return asyncio.current_task() is not None
    except RuntimeError:  # no event loop
        return False


class _Exit(property):
    """An `__exit__` that is somebody else's: a block finds the very function in C, and whoever asks the class (ExitStack) a way to it."""

    def __call__(self, context: Context, *error: Any) -> Any:
        return context._back.__exit__(*error)


_ENTERED = None, NOTHING


class Context:
    """A context that changes what holds, for one block; or, as a decorator, for a function, each time it is called.

    Ctrl-C amid entering it undoes what is done of that. To leave is one call into C, before or after which Ctrl-C falls.
    """

    __slots__ = ("_back", "_found")
    given: ClassVar[tuple[str, ...]] = ()
    """The names of what it was made with."""

    def __init__(self) -> None:
        self._back = Back()
        self._found: tuple[State | None, State] | None = None  # around and inside, for a generator's; None until it is entered

    def change(self, state: State) -> State:
        """What holds inside, where this holds around."""
        raise NotImplementedError

    def __enter__(self) -> None:
        global in_use
        if self._found is not None:
            raise RuntimeError(f"this {type(self).__name__}(…) has stood around a block already: make a new one for each block")
        self._found = _ENTERED
        if not in_use:
            _hand_out(here)
            in_use = True
        frame = _frame(1)
        in_a_task = False
        if frame.f_code.co_flags & _SUSPEND or frame.f_globals is _CONTEXTLIB:
            standing = _suspending(frame)
            if standing is not None:
                if standing.f_code.co_flags & _GENERATORS or not _in_a_task():
                    number = next(_numbers)
                    self._back.close = partial(together, map(_open.pop, (number,), (None,)))
                    try:
                        _open[number] = standing, self
                        _hand_out(_look)
                    except BaseException:
                        _open.pop(number, None)
                        raise
                    return
                in_a_task = True
        before = _plain()
        inside = self.change(here())
        try:
            token = _set(inside)
            self._back.close = partial(_leave, before, inside) if in_a_task else partial(_reset, token)
        except BaseException:  # Ctrl-C has come between the two
            _set(before)
            raise

    if TYPE_CHECKING:

        def __exit__(self, *error: object) -> None: ...
    else:
        __exit__ = _Exit(attrgetter("_back.__exit__"))

    def _seen_from(self, state: State, number: int) -> State:
        found = self._found
        if found is None or found[0] is not state:
            inside = self.change(state)
            inside = _made(inside.scope, inside.paused, inside.run, inside.tape, (*state.known, number))
            self._found = found = state, inside
        return found[1]

    def __call__(self, function: F) -> F:
        """The function, each of its calls in a context of its own; a generator's or a coroutine's each time it goes on."""
        import inspect

        name = type(self).__name__

        def again() -> Context:
            return type(self)(*(getattr(self, given) for given in self.given))

        if not callable(function) or isinstance(function, (type, staticmethod)):
            kind = (
                f"the class {function.__name__}"
                if isinstance(function, type)
                else f"{given.shorten(function)} of type {type(function).__name__}"
            )
            raise TypeError(f"{name} decorates functions, but got {kind}: decorate the function itself, or each method")
        code = function if inspect.isroutine(function) or isinstance(function, partial) else type(function).__call__
        if inspect.isasyncgenfunction(code):
            raise TypeError(
                f"{name} cannot decorate {getattr(function, '__name__', function)!r}, which is an asynchronous generator:"
                f" write `with {name}(…):` inside it"
            )
        decorated: Any
        if inspect.iscoroutinefunction(code):

            async def decorated(*args: Any, **options: Any) -> Any:
                with again():
                    return await function(*args, **options)

        elif inspect.isgeneratorfunction(code):

            def decorated(*args: Any, **options: Any) -> Any:
                with again():
                    return (yield from function(*args, **options))

        else:

            def decorated(*args: Any, **options: Any) -> Any:
                with again():
                    return function(*args, **options)

        return wraps(function)(decorated)  # type: ignore[return-value]


def _leave(before: State, inside: State) -> None:
    """Leave a coroutine's block: a coroutine that its task has left behind is closed in another context, which is not to be touched."""
    if _plain() is inside:
        _set(before)


class scope(Context):  # noqa: N801 - in the words of `with`
    """Mark every node made inside as belonging to `name`; nested scopes join with "/", as in "hidden/h1".

    It holds for this thread (or task) alone, until the end of the block however it ends; around a generator's `yield` it holds for the
    generator, and not for its caller. As a decorator it holds for every call of the function.

    name   any text; ValueError: the empty one

    >>> from autograd import Value
    >>> with scope("hidden"):
    ...     h = Value(1.0) * 2.0
    >>> h.scope
    'hidden'
    """

    __slots__ = ("name",)
    given = ("name",)

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise given.wrong("scope", "a name", name)
        if not name:
            raise ValueError("scope needs a name, but got an empty text")
        self._back, self._found, self.name = Back(), None, name

    def change(self, state: State) -> State:
        """The name, after those around: what holds inside, where `state` holds around it."""
        inside = state.inner.get(self.name)
        if inside is None:
            if len(state.inner) >= INNER:
                state.inner.clear()
            inside = _made(f"{state.scope}/{self.name}" if state.scope else self.name, state.paused, state.run, state.tape, state.known)
            state.inner[self.name] = inside
        return inside


class no_grad(Context):  # noqa: N801 - in the words of `with`
    """Remember nothing inside: results are leaves, as if each had been made from its number, and tangents are dropped.

    It holds for this thread (or task) alone, until the end of the block however it ends; around a generator's `yield` it holds for the
    generator, and not for its caller. A derivative that is taken inside is right all the same, and a program that is recorded inside has
    its gradients; what comes out of the derivative is a plain number. As a decorator, with or without brackets, it holds for every call of
    the function.

    >>> from autograd import Value
    >>> w = Value(2.0)
    >>> with no_grad():
    ...     w = w - 0.1 * w
    >>> w
    Value(1.8, grad=0.0)
    """

    __slots__ = ()

    @overload
    def __new__(cls) -> no_grad: ...
    @overload
    def __new__(cls, function: F, /) -> F: ...  # type: ignore[misc]
    def __new__(cls, *function: Any) -> Any:
        """A context; or the function, decorated, where there were no brackets."""
        made = super().__new__(cls)
        if not function:
            return made
        if len(function) > 1:
            raise TypeError(f"no_grad takes nothing, or a function to decorate, but got {len(function)} arguments")
        made.__init__()  # type: ignore[misc]
        return made(function[0])

    def change(self, state: State) -> State:
        """Paused: what holds inside, where `state` holds around it."""
        return _made(state.scope, True, state.run, state.tape, state.known)


class recording(Context):  # noqa: N801 - in the words of `with`
    """A context in which everything is remembered, whatever no_grad() stands around it."""

    __slots__ = ()

    def change(self, state: State) -> State:
        """Not paused."""
        return _made(state.scope, False, state.run, state.tape, state.known)


class running(Context):  # noqa: N801 - in the words of `with`
    """A context in which everything is remembered, and leaves are marked as made in this derivative's run of its function."""

    __slots__ = ("run",)
    given = ("run",)

    def __init__(self, run: Any) -> None:
        super().__init__()
        self.run = run

    def change(self, state: State) -> State:
        """Not paused, in this run."""
        return _made(state.scope, False, self.run, state.tape, state.known)


class alone(Context):  # noqa: N801 - in the words of `with`
    """A context in which nothing holds of what stands around it: for what is made once and kept, such as a program, it must not matter
    where it was first asked for.

    tape   the recording that it is for, or None
    """

    __slots__ = ("tape",)
    given = ("tape",)

    def __init__(self, tape: Any = None) -> None:
        super().__init__()
        self.tape = tape

    def change(self, state: State) -> State:
        """Nothing, and none of the generators' contexts around."""
        return _made(None, False, None, self.tape, state.known)


def paused() -> bool:
    """Whether no_grad() holds here."""
    return in_use and here().paused
