"""scope(), no_grad() and their kin hold for the code they stand around: in generators, coroutines, threads, and as decorators."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import doctest
import gc
import inspect
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from autograd import Value, compile, context, exp, grad, no_grad, scope  # noqa: A004
from autograd.context import Context, alone, recording, running


def test_examples() -> None:
    assert 0 == doctest.testmod(context).failed
    assert doctest.testmod(context).attempted > 5


def paused() -> bool:
    return (Value(2.0) * 3.0).op is None


def place() -> str | None:
    return (Value(2.0) * 3.0).scope


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    yield
    gc.collect()
    assert (False, None, {}) == (paused(), place(), context._open)
    assert (context.NOTHING, context._plain) == (context.here(), context.here)


# -- generators ----------------------------------------------------------------------------------------------------------


def loader(seen: list[bool], count: int = 3) -> Iterator[int]:
    with no_grad():
        for i in range(count):
            seen.append(paused())
            yield i
        seen.append(paused())


def test_a_loader_that_yields_inside_no_grad_does_not_pause_its_caller() -> None:
    """The gradient that a training loop finds is not 0, and inside the loader nothing is remembered, to its end."""
    inside: list[bool] = []
    w = Value(3.0)
    for i in loader(inside):
        assert not paused()
        (w * w * float(i)).backward()
    assert 6.0 * (0 + 1 + 2) == w.grad
    assert [True] * 4 == inside


def test_two_generators_that_are_closed_in_opening_order() -> None:
    first, second = loader([]), loader([])
    next(first)
    next(second)
    first.close()
    assert not paused()
    second.close()
    assert not paused()


def test_a_generator_that_is_dropped() -> None:
    """It is closed at once, without the garbage collector, and leaves nothing."""
    gc.disable()
    try:
        suspended = loader([])
        next(suspended)
        assert 1 == len(context._open)
        del suspended
        assert {} == context._open
    finally:
        gc.enable()


def test_a_generator_that_another_thread_goes_on_with_and_closes() -> None:
    """Its block goes on there; neither thread is paused outside of it."""
    inside: list[bool] = []
    moving = loader(inside)
    next(moving)
    outside: list[bool] = []

    def work() -> None:
        next(moving)
        outside.append(paused())
        moving.close()
        outside.append(paused())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ([True, True], [False, False], False) == (inside, outside, paused())


def test_a_scope_in_a_generator() -> None:
    """What the generator makes is in it, inside the scope that its caller is in at that moment; what its caller makes is not."""
    inside: list[str | None] = []

    def rows() -> Iterator[None]:
        with scope("rows"):
            while True:
                inside.append(place())
                with scope("row"):
                    inside.append(place())
                    yield

    generator = rows()
    next(generator)
    assert place() is None
    with scope("training"):
        next(generator)
        assert "training" == place()
    generator.close()
    assert ["rows", "rows/row", "training/rows", "training/rows/row"] == inside


def test_the_innermost_block_decides_whoever_is_called_from_where() -> None:
    """recording() in a plain function called by a paused generator; a paused generator asked inside recording(); one inside the other."""
    seen: list[bool] = []

    def inner() -> Iterator[None]:
        with no_grad():
            seen.append(paused())
            with recording():
                seen.append(paused())
                yield
            seen.append(paused())
            yield

    def remembered() -> bool:
        with recording():
            return paused()

    def outer() -> Iterator[None]:
        with no_grad():
            seen.append(remembered())
            seen.append(paused())
            with recording():
                generator = inner()
                next(generator)
                seen.append(paused())
                next(generator)
                seen.append(paused())
            seen.append(paused())
            yield

    with no_grad():
        for _ in outer():
            assert paused()
    assert [False, True, True, False, False, True, False, True] == seen


def test_a_derivative_in_a_paused_generator_is_right() -> None:
    def slopes() -> Iterator[Any]:
        with no_grad():
            for x in (1.0, 2.0):
                yield grad(lambda y: y * y * y)(x)

    assert [3.0, 12.0] == list(slopes())


def test_a_generator_in_a_generator() -> None:
    """yield from: the outer one's block holds for the inner one."""
    seen: list[bool] = []

    def inner() -> Iterator[int]:
        seen.append(paused())
        yield 1
        seen.append(paused())

    def outer() -> Iterator[int]:
        with no_grad():
            yield from inner()
        seen.append(paused())

    for _ in outer():
        assert not paused()
    assert [True, True, False] == seen


def test_a_generator_expression_and_a_comprehension_inside_a_block() -> None:
    with no_grad():
        assert {True} == {paused() for _ in range(2)}
        assert [True, True] == list(paused() for _ in range(2))  # noqa: C400 - a generator is meant


def test_contexts_that_contextlib_makes() -> None:
    """A context made of a generator hands on what it opens to the block that it stands around; ExitStack's are the block's own."""

    @contextlib.contextmanager
    def quiet(name: str) -> Iterator[None]:
        with no_grad(), scope(name):
            yield

    with quiet("a"):
        assert (True, "a") == (paused(), place())
        with quiet("b"):
            assert "a/b" == place()
    assert not paused()
    with contextlib.ExitStack() as stack:
        stack.enter_context(quiet("c"))
        stack.enter_context(scope("d"))
        assert (True, "c/d") == (paused(), place())
        kept = stack.pop_all()
    assert paused()  # as they were told
    kept.close()
    assert not paused()

    def rows() -> Iterator[None]:
        with quiet("e"), contextlib.ExitStack() as stack:
            stack.enter_context(scope("f"))
            assert (True, "e/f") == (paused(), place())
            yield
            assert (True, "e/f") == (paused(), place())

    for _ in rows():
        assert (False, None) == (paused(), place())


def test_entered_by_hand() -> None:
    held = no_grad()
    held.__enter__()
    assert paused()
    held.__exit__(None, None, None)
    assert not paused()


def test_one_context_for_one_block() -> None:
    used = scope("a")
    with used:
        with pytest.raises(RuntimeError, match=r"this scope\(…\) has stood around a block already: make a new one for each block"), used:
            raise AssertionError
        assert "a" == place()
    with pytest.raises(RuntimeError, match="already"), used:
        raise AssertionError


def test_scopes_are_remembered_up_to_a_bound() -> None:
    """A loop that names its scopes by number does not fill the memory."""
    for i in range(1000):
        with scope(f"step{i}"):
            assert f"step{i}" == place()
    assert len(context.NOTHING.inner) <= context.INNER


# -- coroutines ----------------------------------------------------------------------------------------------------------


def test_in_tasks() -> None:
    """A block around an await holds for what is awaited and for tasks it starts, and for no other task."""
    seen: dict[str, bool] = {}

    async def look(name: str) -> None:
        await asyncio.sleep(0)
        seen[name] = paused()

    async def quiet() -> None:
        with no_grad():
            await look("awaited")
            await asyncio.gather(look("started"), look("too"))
            await asyncio.sleep(0)
            seen["own"] = paused()
        seen["after"] = paused()

    async def main() -> None:
        task = asyncio.create_task(quiet())
        for _ in range(3):
            await asyncio.sleep(0)
            assert not paused()
        await look("other")
        await task

    asyncio.run(main())
    assert {"awaited": True, "started": True, "too": True, "own": True, "after": False, "other": False} == seen


def test_an_asynchronous_generator_does_not_pause_its_task() -> None:
    seen: list[bool] = []

    async def batches() -> AsyncIterator[int]:
        with no_grad():
            for i in range(2):
                await asyncio.sleep(0)
                seen.append(paused())
                yield i

    async def main() -> None:
        async for _ in batches():
            await asyncio.sleep(0)
            assert not paused()
        unfinished = batches()
        await anext(unfinished)
        assert not paused()
        await unfinished.aclose()  # type: ignore[attr-defined]

    asyncio.run(main())
    assert [True, True, True] == seen


def test_a_coroutine_that_is_driven_by_hand() -> None:
    """Without an event loop: as a generator, it does not pause its caller, nor when it is closed elsewhere."""
    seen: list[bool] = []

    class Rest:
        def __await__(self) -> Iterator[None]:
            yield

    async def quiet() -> None:
        with no_grad():
            await Rest()
            seen.append(paused())
            await Rest()

    coroutine = quiet()
    coroutine.send(None)
    assert not paused()
    coroutine.send(None)
    assert (False, [True]) == (paused(), seen)
    contextvars.copy_context().run(coroutine.close)
    assert not paused()


def test_a_task_that_is_left_behind_is_closed_without_a_word() -> None:
    """Its coroutine is closed outside of the task's context, which changes nothing there."""

    async def forever() -> None:
        with no_grad():
            await asyncio.sleep(3600)

    async def main() -> None:
        task = asyncio.create_task(forever())
        await asyncio.sleep(0)
        coroutine = task.get_coro()
        task.cancel()
        with scope("main"):
            coroutine.close()  # type: ignore[union-attr]
            assert (False, "main") == (paused(), place())
        with contextlib.suppress(asyncio.CancelledError, RuntimeError):
            await task

    asyncio.run(main())


def test_an_asynchronous_context_of_contextlib() -> None:
    @contextlib.asynccontextmanager
    async def quiet() -> AsyncIterator[None]:
        with no_grad():
            yield

    async def main() -> bool:
        async with quiet():
            await asyncio.sleep(0)
            return paused()

    assert asyncio.run(main())


# -- decorators ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decorator", [no_grad, no_grad()], ids=["without brackets", "with"])
def test_as_a_decorator(decorator: Any) -> None:
    """Functions, methods, generators and coroutines keep their name; each call has a context of its own, calls inside calls too."""

    @decorator
    def depth(n: int) -> list[bool]:
        """Doc."""
        return [paused(), *(depth(n - 1) if n else [])]

    assert ([True] * 4, "depth", "Doc.") == (depth(3), depth.__name__, depth.__doc__)

    @decorator
    def rows() -> Any:
        got = yield paused()
        yield got, paused()
        return "end"

    generator = rows()
    assert next(generator) is True
    assert not paused()
    assert ("sent", True) == generator.send("sent")
    with pytest.raises(StopIteration, match="end"):
        next(generator)

    @decorator
    async def later() -> bool:
        await asyncio.sleep(0)
        return paused()

    assert asyncio.run(later())

    class Model:
        @decorator
        def look(self) -> bool:
            return paused()

        @staticmethod
        @decorator
        def still() -> bool:
            return paused()

        @decorator
        def __call__(self) -> bool:
            return paused()

    model = Model()
    assert [True, True, True] == [model.look(), model.still(), model()]
    with pytest.raises(ZeroDivisionError):
        decorator(lambda: 1 // 0)()
    assert not paused()


def test_scope_as_a_decorator_of_a_generator() -> None:
    @scope("rows")
    def rows() -> Iterator[str | None]:
        yield place()
        yield place()

    assert [("rows", None), ("rows", None)] == [(inside, place()) for inside in rows()]


async def _numbers() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: no_grad()(_numbers), "no_grad cannot decorate '_numbers', which is an asynchronous generator: write `with no_grad"),
        (lambda: no_grad()(3), "no_grad decorates functions, but got 3 of type int: decorate the function itself, or each method"),  # type: ignore[type-var]
        (lambda: no_grad(3), "no_grad decorates functions, but got 3"),  # type: ignore[call-overload]
        (lambda: no_grad(Value), "no_grad decorates functions, but got the class Value"),
        (lambda: no_grad(classmethod(len)), "no_grad decorates functions, but got <classmethod"),  # type: ignore[call-overload]
        (lambda: scope(paused), "scope needs a name, but got <function paused"),  # type: ignore[arg-type]
        (lambda: scope("a")(Value), "scope decorates functions, but got the class Value"),
    ],
)
def test_what_cannot_be_decorated(wrong: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError) as raised:
        wrong()
    assert message in str(raised.value)


def test_every_context_can_be_made_again() -> None:
    """As a decorator it makes another of its kind for each call."""
    made: list[Context] = [scope("a"), no_grad(), recording(), running(None), alone()]
    assert set(Context.__subclasses__()) == {type(one) for one in made}
    for one in made:
        decorated = one(paused)
        assert decorated() == decorated()


# -- what surrounds a first call ------------------------------------------------------------------------------------------


def test_alone_nothing_holds_of_what_stands_around() -> None:
    def generator() -> Iterator[None]:
        with no_grad(), scope("outer"):
            with alone():
                assert (False, None) == (paused(), place())
            yield

    with no_grad(), scope("outermost"):
        with alone():
            assert (False, None) == (paused(), place())
            with scope("inner"):
                assert "inner" == place()
        assert (True, "outermost") == (paused(), place())
        assert [None] == list(generator())


def test_a_paused_generator_beside_a_recording() -> None:
    """A generator that is suspended in no_grad() is nothing to a program that is recorded meanwhile; nor is one that records it."""
    waiting = loader([])
    next(waiting)
    program = compile(lambda x: exp(x) * x)
    assert compile(lambda x: exp(x) * x)(2.0) == program(2.0)

    def recorder() -> Iterator[Any]:
        with no_grad():
            yield compile(lambda x: exp(x) * x)(2.0)

    assert [program(2.0)] == list(recorder())
    waiting.close()


def test_the_flags_of_code_are_those_of_inspect() -> None:
    """They are written out, so that importing the package does not import inspect, and what that imports."""
    assert inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR == context._GENERATORS
    assert context._GENERATORS | inspect.CO_COROUTINE | inspect.CO_ITERABLE_COROUTINE == context._SUSPEND
    code = "import sys, autograd; print([name for name in ('inspect', 'ast', 'dis', 'numpy', 'dataclasses') if name in sys.modules])"
    assert "[]\n" == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
