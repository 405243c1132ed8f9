"""What can be reached from a function by the names that it and the functions it calls use."""

from __future__ import annotations

import dis
import sys
from array import array
from collections import deque
from collections.abc import Container, Iterator
from contextvars import ContextVar
from functools import cached_property, lru_cache, partial
from operator import attrgetter, methodcaller
from re import findall
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

from ..marks import STEADY
from ..value import Value

SHORT = 100
"""Longer lists and dicts, and larger arrays, are not compared: they are data sets and tables of parameters."""
FAR = 10**5
"""So many things are looked at, at most: a function may hold a large data set."""
PLAIN = frozenset({float, int, bool, str, bytes, complex, type(None), type(...), type(NotImplemented), range})
"""Types whose instances never change, and hold nothing else."""
_PASSIVE = frozenset(
    f"__{name}__"
    for name in (
        *("init", "new", "post_init", "del", "repr", "str", "dir", "sizeof", "getstate", "setstate", "reduce", "reduce_ex", "copy"),
        *("deepcopy", "replace", "init_subclass", "class_getitem", "set_name"),
    )
)
"""Methods that Python does not call of an instance while a function computes with it."""
_WHOLE = frozenset({"vars", "getattr", "asdict", "astuple", "fields", "attrgetter", "__dict__", "__getattribute__", "__slots__"})
"""Names of what reads attributes whose names do not stand in the code."""
_BY_TEXT = frozenset({"globals", "eval", "exec"})
"""Names of what finds globals by names in texts."""


class Reach:
    """One look around.

    values, generators  the Values, and the generators of random numbers, there are
    noted               everything that matters, in the order in which it was met, for two lookings to be compared
    names               mappings (of a module's, a class's or an object's names) and, of each, the names that are used with what they mean
    owners              objects with such mappings
    cells, slots        of closures and of objects, with what is there; `codes` of functions
    lists, tables       lists and dicts, with copies; `arrays` small ones, with their bytes
    telling, tellers    the attributes of objects whose class tells when any are set, with copies; and what that says
    """

    def __init__(self, function: Any, own: Container[Value]) -> None:
        self.own = own
        self.values: list[Value] = []
        self.generators: list[Any] = []
        self.noted: list[Any] = []
        self.names: dict[int, tuple[Any, dict[str, Any]]] = {}
        self.owners: list[tuple[Any, Any]] = []
        self.cells: list[tuple[CellType, Any]] = []
        self.slots: list[tuple[Any, Any, Any]] = []
        self.codes: list[tuple[FunctionType, CodeType]] = []
        self.lists: list[tuple[Any, Any]] = []
        self.tables: list[tuple[Any, Any]] = []
        self.arrays: list[tuple[Any, bytes]] = []
        self.telling: list[tuple[Any, Any]] = []
        self.tellers: list[list[int]] = []
        self._seen: dict[int, int] = {}
        self._left = FAR  # entries of long lists that are looked into
        self._todo: list[Any] = [function]
        self._asked: dict[str, None] = {}  # the attributes that functions ask for
        self._whole = False  # whether they may ask for all there are
        self._answering: dict[int, tuple[Any, int]] = {}  # modules, classes and objects, and how many of these they were asked for
        self._look()

    def told(self) -> list[int]:
        """How many attributes of objects whose class tells were set."""
        return [count[0] for count in self.tellers]

    def _look(self) -> None:
        while self._todo:
            while self._todo:
                self._visit(self._todo.pop())
            asked = [*self._asked]
            if not self._whole and not _WHOLE.isdisjoint(asked):
                self._whole = True
                self._answering = {i: (x, min(done, 1)) for i, (x, done) in self._answering.items()}
            for i, (x, done) in [*self._answering.items()]:
                if done < len(asked):
                    self._answering[i] = x, len(asked)
                    self._ask(x, asked[done:], not done)

    def _visit(self, x: Any) -> None:
        if type(x) in PLAIN:
            self.noted.append(x)
            return
        if id(x) in self._seen or len(self._seen) > FAR:
            self.noted.append(self._seen.get(id(x), -1))
            return
        self._seen[id(x)] = len(self._seen)
        if isinstance(x, Value):
            self.noted.append(x)
            if type(x) is Value:  # and not lent, or away in an array: then it is one of the program's own
                self.values.append(x)
        elif isinstance(x, (list, tuple, set, frozenset, deque, dict, MappingProxyType)):
            if isinstance(x, (dict, MappingProxyType)):
                self._table(x)
            else:
                self._items(x)
            if not is_steady(type(x).__module__):  # somebody's class, with methods, and attributes beside the items
                self._other(x)
        elif isinstance(x, CellType):
            try:
                content = x.cell_contents
            except ValueError:  # an empty one
                return
            self.cells.append((x, content))
            self._todo.append(content)
        elif isinstance(x, MethodType):
            self._todo += x.__self__, x.__func__
        elif isinstance(x, partial):
            self._todo += x.func, x.args, x.keywords
        elif isinstance(x, ContextVar):
            content = _variable(x)
            self.slots.append((_variable, x, content))
            self._todo.append(content)
        elif isinstance(x, bytearray):
            self._items(x)
        elif isinstance(x, array):
            self.noted.append(x)
            if len(x) <= SHORT:
                self.noted.append(x.tobytes())
                self.arrays.append((x, x.tobytes()))
        elif _is_array(x):
            self._array(x)
        elif _is_generator(x):
            self.generators.append(x)
            self.noted.append(x)
        else:
            self.noted.append(x)
            self._other(x)

    def _other(self, x: Any) -> None:
        if isinstance(x, FunctionType):
            self._function(x)
        elif isinstance(x, BuiltinFunctionType):
            if not isinstance(x.__self__, ModuleType):
                self._todo.append(x.__self__)
        elif isinstance(x, ModuleType):
            if not is_steady(x.__name__):
                self._answers(x)
        elif isinstance(x, (attrgetter, methodcaller)):
            made: Any = x.__reduce__()  # how it is made again
            function, given = made
            given = (*given, *function.args, function.keywords) if isinstance(function, partial) else given
            self._asked |= dict.fromkeys(part for name in given if isinstance(name, str) for part in name.split("."))
            self._todo += given
        elif isinstance(x, type):
            if not is_steady(x.__module__):
                self._answers(x)
                self._todo += _methods(x, [name for name in _PASSIVE if name in vars(x)])
        elif callable(getattr(type(x), "parameters", None)):
            self._with_parameters(x)
        elif _top(type(x).__module__) not in STEADY:
            self._answers(x)
            if _top(type(x).__module__) == "collections":  # a UserDict, or one of its kin
                self._todo += getattr(x, "__dict__", {}).values()
            for kind in type(x).__mro__:
                if not is_steady(kind.__module__):
                    self._todo += _methods(kind, [name for name in [*vars(kind)] if name[:2] == "__" and name not in _PASSIVE])
                elif kind is not object:
                    self._todo += _inherited(type(x), kind)
        else:  # of this house: it may hold a function of somebody else, as a program does
            self._todo += [part for part in getattr(x, "__dict__", {}).values() if _is_others(part)]
        attributes = getattr(x, "__dict__", None)
        if isinstance(attributes, dict) and "__wrapped__" in attributes:
            self._todo.append(attributes["__wrapped__"])

    # -- containers ------------------------------------------------------------------------------------------------------

    def _table(self, x: Any) -> None:
        """A dict."""
        if len(x) > SHORT:
            self._long(x, x.values())
            return
        self.noted += type(x), len(x), *x
        self.tables.append((x, {**x}))
        self._todo += x.values()

    def _items(self, x: Any) -> None:
        """A list, a tuple, or what else has items."""
        items = [*x]  # in one step: another thread may change it meanwhile
        others = [item for item in items if not isinstance(item, Value) or item not in self.own]
        if others and len(items) > SHORT:
            self._long(x, items)
            return
        self.noted += type(x), len(items)
        if len(others) < len(items):
            self.noted += items
        if not isinstance(x, (tuple, frozenset)):
            self.lists.append((x, items))
        self._todo += others

    def _long(self, x: Any, items: Any) -> None:
        """A table of data, whose numbers stay what they are; there may be Values and objects in it."""
        self.noted += x, len(x)
        todo = [items]
        while todo and self._left > 0:
            inside = todo.pop()
            self._left -= len(inside)
            for item in inside:
                if isinstance(item, (list, tuple)):
                    todo.append(item)
                elif isinstance(item, dict):
                    todo.append(item.values())
                elif type(item) not in PLAIN:
                    self._todo.append(item)

    def _array(self, x: Any) -> None:
        self.noted.append(x)
        if x.size <= SHORT:
            self.arrays.append((x, x.tobytes()))  # of an array of objects these are their addresses
        if x.dtype.kind == "O":
            self.noted += x.flat
            self._todo += x.flat
        elif x.size <= SHORT:
            self.noted.append(x.tobytes())

    # -- functions -------------------------------------------------------------------------------------------------------

    def _function(self, x: FunctionType) -> None:
        if is_steady(x.__module__) and is_steady(x.__globals__.get("__name__")):
            if not hasattr(x, "primitive"):  # of another package, or of this house: only whom it was made for matters
                self._todo += [part for part in map(_content, x.__closure__ or ()) if _is_others(part)]
            return
        used, asked, imported = _used(x.__code__)
        self._asked |= asked
        self._asked |= dict.fromkeys(_WHOLE.intersection(used))
        if not _BY_TEXT.isdisjoint(used):
            words = [word for text in asked for word in findall(r"[^\W\d]\w*", text)]
            used, self._asked = (*used, *words), self._asked | dict.fromkeys(words)
        if x.__globals__.get("__name__") != "__main__":  # IPython's autoreload puts new code into functions of modules
            self.codes.append((x, x.__code__))
        self.noted.append(x.__code__)
        for name in imported:
            for full in (name, f"{x.__globals__.get('__package__')}.{name}"):
                if full in sys.modules:
                    self._todo.append(sys.modules[full])
        if used:
            self.names.setdefault(id(x.__globals__), (x.__globals__, {}))  # where a builtin's name may come to mean something else
        for name in used:
            if name in x.__globals__:
                self._note(x.__globals__, name, x.__globals__[name])
        if x.__dict__:
            self._answers(x)
        self._todo += x.__defaults__, x.__kwdefaults__, *(x.__closure__ or ())

    def _note(self, names: Any, name: str, meaning: Any, owner: Any = None) -> None:
        """That a name is used, and what it means."""
        _, kept = self.names.setdefault(id(names if owner is None else owner), (names, {}))
        if name not in kept:
            kept[name] = meaning
            self.noted.append(name)
            self._todo.append(meaning)

    # -- objects ---------------------------------------------------------------------------------------------------------

    def _answers(self, x: Any) -> None:
        self._answering.setdefault(id(x), (x, 0))

    def _ask(self, x: Any, asked: list[str], first: bool) -> None:
        """Note what an object, a class or a module has of what functions ask for."""
        kinds: tuple[type, ...] = ()
        if isinstance(x, type):
            meta: type = type(x)
            kinds = (*x.__mro__, *meta.__mro__)
        else:
            attributes = getattr(x, "__dict__", None)
            if isinstance(attributes, dict):
                if first and not isinstance(x, ModuleType):
                    self.owners.append((x, attributes))
                    self.names.setdefault(id(attributes), (attributes, {}))  # where a name of its class may be hidden
                whole = self._whole and not isinstance(x, (ModuleType, FunctionType)) and len(attributes) <= SHORT
                for name in [*attributes] if whole else asked:
                    if name in attributes:
                        self._note(attributes, name, attributes[name])
            if not isinstance(x, (ModuleType, FunctionType)):
                kinds = type(x).__mro__
        for kind in kinds:
            if not is_steady(kind.__module__):
                members = vars(kind)
                self.names.setdefault(id(kind), (members, {}))  # where a name of a class behind it may be hidden
                for name in asked:
                    if name in members:
                        member = members[name]
                        if not isinstance(member, MemberDescriptorType):
                            self._note(members, name, member, kind)
                            self._todo += _functions(member)
                        elif not isinstance(x, type):
                            self._slot(x, name, member)

    def _slot(self, x: Any, name: str, member: Any) -> None:
        content = _slot_content(member, x)
        self.noted.append(name)
        self.slots.append((partial(_slot_content, member), x, content))
        self._todo.append(content)

    def _with_parameters(self, x: Any) -> None:
        """All that an object with parameters has."""
        attributes = getattr(x, "__dict__", {})
        self.noted += attributes
        if hasattr(type(x), "_changes"):
            self.telling.append((attributes, {**attributes}))
            if not any(told is x._changes for told in self.tellers):
                self.tellers.append(x._changes)
            for part in attributes.values():
                if type(part) is list and all(isinstance(item, Value) and item in self.own for item in part):
                    self.noted += part  # its own list, in which it puts nothing else
                else:
                    self._todo.append(part)
        else:
            self.tables.append((attributes, {**attributes}))
            self._todo += [*x.parameters(), *attributes.values()]
        for kind in type(x).__mro__:
            if not is_steady(kind.__module__):
                self._answers(kind)
                self._todo += _methods(kind, [name for name in [*vars(kind)] if name not in _PASSIVE])


def _inherited(kind: type, library: type) -> Iterator[Any]:
    """The methods that a class of a library may call of a class that derives from it, by names that we do not see."""
    if library.__module__ != "builtins":
        for base in kind.__mro__[: kind.__mro__.index(library)]:
            if not is_steady(base.__module__):
                yield from _methods(base, [name for name in [*vars(base)] if name not in _PASSIVE])


def _methods(kind: type, names: list[str]) -> Iterator[Any]:
    for name in names:
        yield from _functions(vars(kind)[name])


def _functions(member: Any) -> Iterator[Any]:
    """The functions in what a class has under a name."""
    if isinstance(member, FunctionType):
        yield member
    elif isinstance(member, (staticmethod, classmethod)):
        yield member.__func__
    elif isinstance(member, property):
        yield from (part for part in (member.fget, member.fset) if part is not None)
    elif isinstance(member, cached_property):
        yield member.func


def _slot_content(member: Any, x: Any) -> Any:
    try:
        return member.__get__(x)
    except AttributeError:  # nothing is there yet
        return NotImplemented


def _variable(x: ContextVar[Any]) -> Any:
    return x.get(NotImplemented)


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # an empty one
        return None


def _is_others(x: Any) -> bool:
    """Whether something in an object of this house, or in a closure of a library, may be the function of somebody else."""
    if isinstance(x, (FunctionType, MethodType, partial)):
        return True
    return not isinstance(x, type) and callable(x) and (not is_steady(type(x).__module__) or hasattr(type(x), "_changes"))


@lru_cache(4096)
def _used(code: CodeType) -> tuple[tuple[str, ...], dict[str, None], tuple[str, ...]]:
    """The global names that code uses, the attributes that it may ask for, the modules that it imports; in functions inside it, too."""
    used: dict[str, None] = {}
    asked: dict[str, None] = {}
    imported: dict[str, None] = {}
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            used[step.argval] = None
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR", "IMPORT_FROM"):
            asked[step.argval] = None
        elif step.opname == "IMPORT_NAME":
            imported[step.argval] = None
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            for names, more in zip((used, asked, imported), _used(constant), strict=True):
                names.update(dict.fromkeys(more))
        else:  # getattr(x, "rate"), and the names in a pattern
            asked |= dict.fromkeys(text for text in (constant if isinstance(constant, tuple) else [constant]) if isinstance(text, str))
    return tuple(used), asked, tuple(imported)


def _top(module: Any) -> str:
    return module.partition(".")[0] if isinstance(module, str) else ""


def is_steady(module: Any) -> bool:
    """Whether a module is of a library, whose own names stay what they are: of this house, of Python, or installed."""
    return _is_library(_top(module))


@lru_cache(1024)
def _is_library(top: str) -> bool:
    if top in STEADY or (top in sys.stdlib_module_names and top != "__main__"):
        return True
    found = getattr(sys.modules.get(top), "__file__", None)
    return isinstance(found, str) and ("site-packages" in found or "dist-packages" in found)


def _is_array(x: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(x, numpy.ndarray)


def _is_generator(x: Any) -> bool:
    """Whether it gives random numbers."""
    random = sys.modules.get("random")
    if random is not None and isinstance(x, random.Random):
        return True
    return _top(type(x).__module__) == "numpy" and (hasattr(x, "bit_generator") or hasattr(x, "get_state"))
