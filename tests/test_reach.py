"""Whatever a function reads of what stands around it, wherever that is: a program computes what the function computes now."""

from __future__ import annotations

import dataclasses
import math
import random
import sys
import threading
from array import array
from collections import UserDict, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from functools import lru_cache, partial, wraps
from itertools import count
from operator import attrgetter, methodcaller
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import pytest

import nn
from autograd import Value, atan2, exp, sigmoid, tanh
from autograd.program import Program, TracingError
from autograd.program import compile as compiled


@dataclasses.dataclass
class Settings:
    """A dataclass."""

    rate: float = 2.0
    deep: Any = None


@dataclasses.dataclass(slots=True)
class Slotted:
    """One without a dict."""

    rate: float = 2.0


class Class:
    """A class as a namespace."""

    rate = 2.0
    table: list[Any] = [1.0, 2]  # noqa: RUF012


class Listed(list[float]):
    """A list with attributes and methods of its own."""

    share = 2.0

    def scaled(self, x: Any) -> Any:
        return x * self[0] * self.share


class Keyed(dict[str, float]):
    """A dict that has an answer for what is not in it."""

    fallback = 2.0

    def __missing__(self, key: str) -> float:
        return self.fallback


class Pair(NamedTuple):
    """A named tuple with a method."""

    rate: float

    def scaled(self, x: Any) -> Any:
        return x * self.rate * settings.rate


class Meta(type):
    """A class of classes."""

    rate = 2.0


class Made(metaclass=Meta):
    """A class that has its rate from there."""


class Base(nn.Module):
    """A module with a number of its class."""

    rate = 1.5

    def __init__(self) -> None:
        self.w = Value(2.0)

    def forward(self, x: Any) -> Any:
        """A product."""
        return self.w * x * self.rate


class Derived(Base):
    """One that may hide it."""


class Thing:
    """A plain object: attributes, a property, methods, operators."""

    default = 1.0

    def __init__(self) -> None:
        self.own, self.counter = 2.0, 0

    @property
    def rate(self) -> float:
        """Of an attribute."""
        return self.own

    def scaled(self, x: Any) -> Any:
        """By an attribute and what another method says."""
        return x * self.own + self.offset()

    def offset(self) -> float:
        """What the class says, or the instance."""
        return self.default

    @staticmethod
    def fixed(x: Any) -> Any:
        """By a global."""
        return x * number

    def __mul__(self, x: Any) -> Any:
        return x * self.own


module = ModuleType("a_module_of_mine")
sys.modules[module.__name__] = module
vars(module).update(rate=2.0, inner=SimpleNamespace(rate=2.0))
space = SimpleNamespace(rate=2.0, inner=SimpleNamespace(rate=2.0), table={"a": 1.0})
only, variable = SimpleNamespace(a=1.0, b=2.0), ContextVar("variable", default=2.0)
settings, slotted, thing = Settings(), Slotted(), Thing()
activation: Any = tanh
number: Any = 1
zero = 0.0
order = {"a": 1.0, "b": 2.0}
queue, numbers, user = deque([1.0, 2.0]), array("d", [1.0, 2.0]), UserDict(rate=2.0)
derived = Derived()
weights = [Value(0.5), Value(2.0), Value(3.0)]
pairs = [(1.0, settings)]


def set_global(name: str, value: Any) -> None:
    globals()[name] = value


def helper(x: Any) -> Any:
    return x * space.rate


def with_attribute(x: Any) -> Any:
    return x * with_attribute.rate  # type: ignore[attr-defined]


with_attribute.rate = 2.0  # type: ignore[attr-defined]


def in_a_cell() -> tuple[Callable[[Any], Any], Callable[[], Any]]:
    config = SimpleNamespace(rate=2.0)
    return (lambda x: x * config.rate), (lambda: more(config))


def aliased(x: Any) -> Any:
    config = space
    for name in ("rate",):
        x = x * getattr(config, name)
    return x


def importing(x: Any) -> Any:
    import a_module_of_mine
    from a_module_of_mine import rate

    return x * rate * a_module_of_mine.inner.rate


def ordered(x: Any) -> Any:
    total = 1.0
    for key in order:
        total = total * 2.0 + order[key]
    return x * total


def matched(x: Any) -> Any:
    match settings:
        case Settings(rate=rate):
            return x * rate
    return x


def decorated(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @wraps(function)
    def around(x: Any) -> Any:
        return function(x)

    return around


@lru_cache(None)
def cached(_: int) -> float:
    return 2.0


def more(x: Any, name: str = "rate") -> None:
    setattr(x, name, getattr(x, name) + 1.0)


def another(x: Any) -> Any:
    """The same number, of another type."""
    return {int: True, bool: 1.0, float: 1}[type(x)]


def by_type(x: Any, n: Any) -> Any:
    return x * {int: 2.0, bool: 3.0, float: 4.0}[type(n)]


def another_method(met: list[float] = [1.5]) -> None:  # noqa: B006
    met[0] += 1.0
    factor = met[0]
    Thing.scaled = lambda self, x: x * factor  # type: ignore[method-assign]


def replaced(x: Any) -> Any:
    return x * 2.0


cell, more_in_cell = in_a_cell()
listed, keyed, pair = Listed([1.0]), Keyed(), Pair(3.0)
getter, caller, named = attrgetter("inner.rate"), methodcaller("scaled", 3.0), methodcaller("scaled", x=3.0)
codes = [(lambda x: x * 3.0).__code__, (lambda x: x * 4.0).__code__, (lambda x: x * 5.0).__code__]
CASES: dict[str, tuple[Callable[[Any], Any], Callable[[], Any]]] = {
    "a namespace": (lambda x: x * space.rate, lambda: more(space)),
    "one inside another": (lambda x: x * space.inner.rate, lambda: more(space.inner)),
    "that is replaced": (lambda x: x * space.inner.rate, lambda: setattr(space, "inner", SimpleNamespace(rate=space.inner.rate + 1.0))),
    "a dict in it": (lambda x: x * space.table["a"], lambda: space.table.update(a=space.table["a"] + 1.0)),
    "by vars": (lambda x: x * vars(space)["rate"], lambda: more(space)),
    "by getattr": (aliased, lambda: more(space)),
    "by a default": (lambda x: x * getattr(settings, "other", 1.0), lambda: vars(settings).update(other=2.0 + len(vars(settings)))),
    "all of a namespace": (lambda x: x * sum(vars(only).values()), lambda: more(only, "b")),
    "all of a dataclass": (lambda x: x * dataclasses.astuple(settings)[0], lambda: more(settings)),
    "by names that are data": (lambda x: x * getattr(only, next(iter(order))), lambda: (more(only, "a"), more(only, "b"))),
    "a context variable": (lambda x: x * variable.get(), lambda: variable.set(variable.get() + 1.0)),
    "by a pattern": (matched, lambda: more(settings)),
    "a dataclass": (lambda x: x * settings.rate, lambda: more(settings)),
    "in a list": (lambda x: x * pairs[0][1].rate, lambda: more(settings)),
    "slots": (lambda x: x * slotted.rate, lambda: more(slotted)),
    "a class": (lambda x: x * Class.rate, lambda: more(Class)),
    "a list of a class": (lambda x: by_type(x, Class.table[1]), lambda: Class.table.__setitem__(1, another(Class.table[1]))),
    "a module": (lambda x: x * module.rate, lambda: more(module)),
    "an import": (importing, lambda: more(module)),
    "inside an import": (importing, lambda: more(module.inner)),
    "a cell": (cell, more_in_cell),
    "a helper": (lambda x: helper(x), lambda: more(space)),
    "a decorated one": (decorated(helper), lambda: more(space)),
    "a partial": (partial(lambda c, x: x * c.rate, settings), lambda: more(settings)),
    "an attribute of the function": (with_attribute, lambda: more(with_attribute)),
    "a property": (lambda x: x * thing.rate, lambda: more(thing, "own")),
    "a method": (lambda x: thing.scaled(x), lambda: more(thing, "own")),
    "a bound method": (thing.scaled, lambda: more(thing, "own")),
    "a default of the class": (lambda x: x * thing.offset(), lambda: more(Thing, "default")),
    "one that is hidden": (lambda x: x * thing.offset(), lambda: more(thing, "default")),
    "a static method": (lambda x: Thing.fixed(x), lambda: set_global("number", number + 1)),
    "an operator": (lambda x: thing * x, lambda: more(thing, "own")),
    "another dict of attributes": (lambda x: thing * x, lambda: setattr(thing, "__dict__", {**vars(thing), "own": thing.own + 1.0})),
    "another method": (lambda x: thing.scaled(x), another_method),
    "a function of this package": (
        lambda x: activation(x), lambda: set_global("activation", {tanh: sigmoid, sigmoid: exp, exp: tanh}[activation]),
    ),
    "1, True and 1.0": (lambda x: by_type(x, zero + 1 if number is None else number), lambda: set_global("number", another(number))),
    "the sign of a constant 0": (lambda x: atan2(x * zero, -1.0), lambda: set_global("zero", -zero)),
    "the sign of 0": (lambda x: x * math.copysign(2.0, zero), lambda: set_global("zero", -zero)),
    "the order of a dict": (ordered, lambda: order.update({"a": order.pop("a")} if next(iter(order)) == "a" else {"b": order.pop("b")})),
    "a queue": (lambda x: x * queue[0], lambda: queue.rotate()),
    "an array of Python": (lambda x: x * numbers[0], numbers.reverse),
    "a dict of the library": (lambda x: x * user["rate"], lambda: user.update(rate=user["rate"] + 1.0)),
    "an attribute of a list": (lambda x: x * listed.share, lambda: more(listed, "share")),
    "a method of a list": (lambda x: listed.scaled(x), lambda: more(Listed, "share")),
    "what a dict has not": (lambda x: x * keyed["rate"], lambda: more(keyed, "fallback")),
    "a method of a named tuple": (lambda x: Pair(1.0).scaled(x) + pair.scaled(x), lambda: more(settings)),
    "a getter": (lambda x: x * getter(space), lambda: more(space.inner)),
    "a caller": (lambda x: caller(thing) + x, lambda: more(thing, "own")),
    "a caller by keyword": (lambda x: named(thing) + x, lambda: more(thing, "own")),
    "a class of classes": (lambda x: x * Made.rate, lambda: more(Meta)),
    "a global by its name": (lambda x: x * globals()["zero"] + x, lambda: set_global("zero", zero + 1.0)),
    "new code in a function": (lambda x: replaced(x), lambda: setattr(replaced, "__code__", codes.pop())),
    "a builtin's name": (
        lambda x: x * sum([1.0, 2.0]), lambda: set_global("sum", partial(lambda n, _: n, 4.0 if sum([1.0, 2.0]) != 4.0 else 5.0)),
    ),
}  # fmt: skip
PARAMETERS: dict[str, tuple[Callable[[Any], Any], Callable[[], Any]]] = {
    "another order": (lambda x: x * weights[0] + weights[1], weights.reverse),
    "one more": (lambda x: x * weights[-1], lambda: weights.append(weights[0])),
}
MODULES: dict[str, tuple[Callable[[Any], Any], Callable[[], Any]]] = {
    "a number of a module's class": (lambda x: derived(x), lambda: more(Base)),
    "one that its own class hides": (lambda x: derived(x), lambda: setattr(Derived, "rate", derived.rate + 1.0)),
}


@pytest.fixture(autouse=True)
def as_they_were() -> Iterator[None]:
    """What the cases change is as it was afterwards."""
    kept = {name: globals()[name] for name in ("activation", "number", "zero")}
    table, method, values = [*Class.table], Thing.scaled, [*weights]
    globals()["number"] = 1
    yield
    globals().update(kept)
    globals().pop("sum", None)
    Class.table[:], weights[:] = table, values
    Thing.scaled = method  # type: ignore[method-assign]
    Listed.share = 2.0
    vars(listed).clear()
    vars(thing).pop("default", None)


def programs(f: Callable[[Any], Any], params: Any) -> list[Callable[[float], float]]:
    program = compiled(f, params=params)
    found: list[Callable[[float], float]] = [lambda x: program(x).value]
    try:
        from autograd import pack

        packed = pack(f, params=params, wrt="all" if params else "arguments")
        found.append(lambda x: packed([x]).value)
    except ImportError:
        pass
    return found


@pytest.mark.parametrize("name", [*CASES, *PARAMETERS, *MODULES])
def test_what_is_reached_and_changes_is_noticed(name: str) -> None:
    """Compiled and packed."""
    f, change = {**CASES, **PARAMETERS, **MODULES}[name]
    found = programs(f, weights[:3] if name in PARAMETERS else derived if name in MODULES else ())
    seen = []
    for _ in range(3):
        seen.append(float(f(Value(0.5))))
        for program in found:
            assert seen[-1] == pytest.approx(program(0.5), rel=1e-14)
        change()
    assert seen[0] != seen[1]


@pytest.mark.parametrize("name", ["small", "of objects"])
def test_arrays_of_up_to_a_hundred_entries_are_looked_into(name: str) -> None:
    """Larger ones are data, and so are long lists."""
    np = pytest.importorskip("numpy")
    w = [Value(2.0), Value(3.0)]
    array = np.array([2.0, 3.0] if name == "small" else w)
    for program in programs(lambda x: x * (float(array[0]) if name == "small" else array[0]), () if name == "small" else w):
        assert program(1.0) == 2.0
        array[:] = array[::-1].copy()
        assert program(1.0) == 3.0
        array[:] = array[::-1].copy()


def test_what_nobody_reads_does_not_matter() -> None:
    """Attributes of another name, and what stands beside, cost no recording."""
    program = compiled(lambda x: thing.offset() * x * space.rate)
    program(1.0)
    made = program.recordings
    thing.counter += 1
    space.unread = 3.0
    set_global("unread", 3.0)
    space.inner = None
    program(1.0)
    assert program.recordings is made
    del space.unread, globals()["unread"]
    space.inner = SimpleNamespace(rate=2.0)


def test_equal_numbers_cost_no_recording() -> None:
    """An attribute that is set to what it was, as another object."""
    program = compiled(lambda x: x * space.rate * settings.rate)
    program(1.0)
    made = program.recordings
    for _ in range(3):
        space.rate, settings.rate = space.rate * 1.0, float(repr(settings.rate))
        program(1.0)
    assert program.recordings is made


def test_nothing_of_an_object_runs_when_it_is_looked_at() -> None:
    """Properties are not evaluated, and no __getattr__ is asked: a program that is called runs nothing of the function's."""
    ran = count()

    class Watchful:
        rate = 2.0

        @property
        def seen(self) -> float:
            """It tells."""
            next(ran)
            return 1.0

        def __getattr__(self, name: str) -> Any:
            next(ran)
            raise AttributeError(name)

    watchful = Watchful()
    program = compiled(lambda x: x * watchful.rate * watchful.seen)
    program(1.0)
    before = repr(ran)
    program(2.0)
    assert before == repr(ran)


GENERATORS: dict[str, Callable[[Any], Callable[[], Any]]] = {
    "Python's random": lambda np: random.random,
    "the random.Random that it finds": lambda np: random.Random(1).random,
    "numpy.random": lambda np: np.random.rand,
    "the numpy.random.Generator that it finds": lambda np: np.random.default_rng(1).normal,
    "the numpy.random.RandomState that it finds": lambda np: np.random.RandomState(1).rand,
}


@pytest.mark.parametrize("whose", GENERATORS)
def test_random_numbers_are_noticed_whoever_gives_them(whose: str) -> None:
    """What is drawn in a recording would be drawn for good; the error names the generator, though both runs draw alike."""
    draw = GENERATORS[whose](pytest.importorskip("numpy"))
    with pytest.raises(TracingError, match=f"draws random numbers, from {whose}, and"):
        compiled(lambda x: x * (2.0 if draw() > 100.0 else 1.0))(0.5)


def test_another_thread_that_draws_is_not_blamed_on_the_function() -> None:
    """Random numbers that were drawn during the first run alone are not the function's."""
    runs = []

    def f(x: Any) -> Any:
        runs.append(1)
        if len(runs) == 1:
            thread = threading.Thread(target=random.random)
            thread.start()
            thread.join()
        return x * 2.0

    assert compiled(f)(1.0).value == 2.0


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_a_mode_that_another_thread_changes_amid_a_recording(packed: bool, at: int) -> None:
    """Whenever it falls, what was recorded is kept for the mode in which it was: each mode has its own numbers afterwards."""

    class Net(nn.Module):
        def __init__(self) -> None:
            self.w = Value(2.0)

        def forward(self, x: Any) -> Any:
            parts = []
            for _ in range(2):
                turn()
                parts.append(self.w * x if self.training else x * 10.0)
            return parts[0] + parts[1]

    turns = []

    def turn() -> None:
        if len(turns) == at:
            other = threading.Thread(target=lambda: model.train(False))
            other.start()
            other.join()
        turns.append(1)

    model = Net()
    if packed:
        pytest.importorskip("numpy")
        from autograd import pack

        packed_program = pack(lambda x: model(x), params=model)
        call: Callable[[], float] = lambda: packed_program([1.0]).value  # noqa: E731
    else:
        program: Program = compiled(lambda x: model(x), params=model)
        call = lambda: program(1.0).value  # noqa: E731
    assert call() in (4.0, 20.0)
    for training, expected in ((False, 20.0), (True, 4.0), (False, 20.0)):
        model.train(training)
        assert expected == call()


def test_what_a_function_counts_itself_is_no_other_surrounding() -> None:
    """A number of calls, or a list of them, that each run of the function changes: one recording for each signature."""
    counted: list[int] = []
    space.calls = 0

    def f(x: Any) -> Any:
        counted.append(1)
        space.calls += 1
        return x * 2.0

    program = compiled(f)
    for _ in range(3):
        assert (2.0, 6.0) == (program(1.0).value, compiled_pair(program))
    assert (2, 2) == (len(counted), space.calls)
    del space.calls


def compiled_pair(program: Program) -> float:
    return program(3.0).value


def test_what_is_set_without_a_word_is_noticed_when_more_is_recorded() -> None:
    """A module that is named anew, past its own __setattr__: the program is recorded again, and goes on."""
    model = nn.Linear(1, 1, rng=0)
    for program in programs(lambda x: model([x]), model):
        expected = program(1.0)
        vars(model).pop("_path", None)
        model.state_dict()
        assert expected == program(1.0)
    program = compiled(lambda x: model([x[0]]), params=model)
    program([1.0])
    vars(model)["hidden"] = 1.0
    assert program([1.0]).value == program([1.0, 2.0]).value


def test_programs_that_several_threads_call_while_another_changes_what_they_read() -> None:
    """Every answer is one that the function gave at some time, and afterwards each is that of now."""
    before, over = sys.getswitchinterval(), threading.Event()
    config = SimpleNamespace(rate=1.0)
    found = programs(lambda x: x * config.rate, ())
    seen: set[Any] = set()

    def call(program: Callable[[float], float]) -> None:
        while not over.is_set():
            with suppress(TracingError):  # changed, and changed back, again and again amid its recording
                seen.add(program(1.0))

    threads = [threading.Thread(target=call, args=(program,)) for program in found * 2]
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for i in range(20_000):
            config.rate = 1.0 + i % 3
    finally:
        sys.setswitchinterval(before)
        over.set()
        for thread in threads:
            thread.join()
    assert seen <= {1.0, 2.0, 3.0}
    for config.rate in (1.0, 2.0, 3.0):
        assert [config.rate] * len(found) == [program(1.0) for program in found]
