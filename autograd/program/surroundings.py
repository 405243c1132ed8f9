"""What a function finds around itself, and whether it is still so: a program is right for that alone."""

from __future__ import annotations

import dis
from collections.abc import Container, Iterator
from contextlib import suppress
from functools import partial
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from ..value import Value

PACKAGE = __name__.partition(".")[0]
SHORT = 100
"""Longer lists and dicts are not compared: they are data sets and tables of parameters."""
FAR = 10**5
"""So many things are looked at, at most: a function may hold a large data set."""


class Surroundings:
    """Everything that a function finds by its own names: in its closure, its defaults, its module, in what it is bound to, in objects with
    parameters, and in lists and dicts there.

    values   the Values among it
    watched  whether there is anything that could change

    `holds()` tells whether all is as it was: numbers, texts, switches such as a module's `training`, functions, and which objects there
    are. Parameters' numbers may change, and so may what is inside an array or a list longer than SHORT.

    A class with parameters may have an attribute `_changes`, a list of a number that it raises whenever an attribute of an instance is set:
    then the instances need not be looked at one by one as long as it stays the same.
    """

    def __init__(self, function: Any, own: Container[Value] = ()) -> None:
        self.function, self.own = function, own
        self.look()

    def look(self) -> None:
        """Take what is there now for how it has to be."""
        self._live: list[Any] = []  # lists and dicts,
        self._telling: list[dict[str, Any]] = []  # attributes of objects whose class tells when any are set,
        self._tellers: list[list[int]] = []  # and what that says
        self._cells: list[CellType] = []
        self._names: list[tuple[dict[str, Any], str]] = []
        self.values = list(self._found())
        copies: list[Any] = [x.copy() for x in self._live]
        self._before = copies, self._contents(), self._meanings(), [x.copy() for x in self._telling]
        self._told = [x.copy() for x in self._tellers]
        self.watched = any((self._live, self._telling, self._cells, self._names))

    def holds(self) -> bool:
        """Whether everything is as it was."""
        live, contents, meanings, telling = self._before
        try:
            if (
                self._live != live
                or (contents and self._contents() != contents)
                or (meanings and self._meanings() != meanings)
                or (self._tellers != self._told and self._telling != telling)
            ):
                return False
        except Exception:  # what cannot be compared with what was there before, such as another array, is something else
            return False
        if self._tellers != self._told:
            self._told = [x.copy() for x in self._tellers]
        return True

    def _contents(self) -> list[Any]:
        return [cell.cell_contents for cell in self._cells]

    def _meanings(self) -> list[Any]:
        return [names.get(name) for names, name in self._names]

    def _found(self) -> Iterator[Value]:
        """The Values; on the way everything is noted."""
        seen: set[int] = set()
        todo: list[Any] = [self.function]
        while todo:
            x = todo.pop()
            if id(x) in seen or len(seen) > FAR:
                continue
            seen.add(id(x))
            if type(x) is Value:
                yield x
            elif isinstance(x, (list, tuple)):
                others = [item for item in x if type(item) is not Value or item not in self.own]
                todo += others
                if others and type(x) is list and len(x) <= SHORT:
                    self._live.append(x)
            elif isinstance(x, dict):
                todo += x.values()
                if len(x) <= SHORT:
                    self._live.append(x)
            elif isinstance(x, CellType):
                with suppress(ValueError):  # an empty one
                    todo.append(x.cell_contents)
                    self._cells.append(x)
            elif isinstance(x, MethodType):
                todo += [x.__self__, x.__func__, *self._attributes(x.__self__, x.__func__)]
            elif isinstance(x, partial):
                todo += [x.func, x.args, x.keywords]
            elif _stays(x):
                continue
            elif isinstance(x, FunctionType):
                todo += self._globals(x)
                todo += [x.__defaults__, x.__kwdefaults__, *(x.__closure__ or ())]
            elif callable(getattr(x, "parameters", None)):
                todo += self._inside(x)
            elif callable(x):
                todo += self._attributes(x, type(x).__call__)

    def _globals(self, function: FunctionType) -> Iterator[Any]:
        for name in _loaded(function.__code__, "LOAD_GLOBAL", "LOAD_NAME"):
            if name in function.__globals__:
                meaning = function.__globals__[name]
                if not _stays(meaning):
                    self._names.append((function.__globals__, name))
                yield meaning

    def _inside(self, module: Any) -> list[Any]:
        """What an object with parameters has."""
        attributes = getattr(module, "__dict__", {})
        if not hasattr(type(module), "_changes"):
            self._live.append(attributes)
            return [module.parameters(), *attributes.values()]
        self._telling.append(attributes)
        if not any(told is module._changes for told in self._tellers):
            self._tellers.append(module._changes)
        return [*attributes.values(), *_methods(type(module))]

    def _attributes(self, x: Any, method: Any) -> Iterator[Any]:
        """The attributes of another object that its method reads: the others, such as a counter of steps, do not matter."""
        attributes, code = getattr(x, "__dict__", None), getattr(method, "__code__", None)
        if isinstance(attributes, dict) and code is not None and not _stays(x) and not callable(getattr(x, "parameters", None)):
            for name in _loaded(code, "LOAD_ATTR", "LOAD_METHOD"):
                if name in attributes:
                    self._names.append((attributes, name))
                    yield attributes[name]


def _methods(kind: type) -> Iterator[Any]:
    """The functions in a class and in those it derives from, without the library of the class that tells."""
    library = next(base for base in kind.__mro__ if "_changes" in vars(base)).__module__.partition(".")[0]
    for base in kind.__mro__:
        if base.__module__.partition(".")[0] not in (library, "builtins"):
            yield from (part for part in vars(base).values() if isinstance(part, FunctionType))


def _loaded(code: CodeType, *operations: str) -> dict[str, None]:
    """The names that the code loads in one of these ways, in functions inside it, too."""
    found = {step.argval: None for step in dis.get_instructions(code) if step.opname in operations}
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            found |= _loaded(inner, *operations)
    return found


def _stays(x: Any) -> bool:
    """Whether it is what it always was: a module, a class, or something of this package but a number."""
    if isinstance(x, (type, ModuleType, BuiltinFunctionType)):
        return True
    module = getattr(x if isinstance(x, FunctionType) else type(x), "__module__", None)
    return isinstance(module, str) and module.partition(".")[0] == PACKAGE and not isinstance(x, Value)
