"""What a function finds around itself, and whether it is still so: a program is right for that alone."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Container
from contextlib import suppress
from operator import is_, itemgetter
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, NamedTuple

from ..process import lending
from ..value import Value
from .reach import PLAIN, Reach


class Surroundings:
    """Everything that a function finds by the names it uses: in its closure, its defaults, its module; in modules, classes and objects
    that it reaches so, what it asks them for; all of objects with parameters; and lists, dicts and small arrays there.

    values      the Values among it
    generators  the generators of random numbers among it
    watched     whether there is anything that could change

    `holds()` tells whether all is as it was: numbers, texts, switches such as a module's `training`, functions, and which objects there
    are. A number that is equal but of another type, -0.0 in place of 0.0, and another order are something else. Parameters' numbers may
    change, and so may what is inside a list, a dict or an array of more than `reach.SHORT` entries, and in lists of parameters that a
    module holds.

    A class with parameters may have an attribute `_changes`, a list of a number that it raises whenever an attribute of an instance is set:
    then the instances need not be looked at one by one as long as it stays the same.
    """

    def __init__(self, function: Any, own: Container[Value] = ()) -> None:
        self.function, self.own = function, own
        self._found: Reach
        self._watch: Watch
        self.take(self.reach())

    def reach(self) -> Reach:
        """What is there now, and not lent to another thread's recording."""
        with lending:
            return Reach(self.function, self.own)

    def take(self, found: Reach) -> None:
        """Let what was found be what has to be there."""
        self._found, self._watch = found, watch(found)
        self.watched = any(self._watch[:-1]) or self._watch.others is not None

    @property
    def values(self) -> list[Value]:
        """The Values there are, the own ones too."""
        return self._found.values

    @property
    def generators(self) -> list[Any]:
        """The generators of random numbers there are."""
        return self._found.generators

    def agrees(self, found: Reach) -> bool:
        """Whether this is what has to be there. If it is not, though nothing told so, `holds` looks at everything from now on."""
        if not changes(self._found, found):
            return True
        self._watch = self._watch._replace(named=[((), 1, len, 1)])
        self.watched = True
        return False

    def holds(self) -> bool:
        """Whether everything is as it was."""
        # Nothing but comparisons in C here: this runs before each call of a program.
        named, exactly, cells, codes, lists, told, telling, others = self._watch
        try:
            for names, size, get, before in named:
                if len(names) != size or get(names) != before:
                    return self._still()
            for names, name, before in exactly:
                if names[name] is not before:
                    return self._still()
            for cell, before in cells:
                if cell.cell_contents is not before:
                    return self._still()
            for function, code in codes:
                if function.__code__ is not code:
                    return self._still()
            for items, before in lists:
                if items != before:
                    return self._still()
            for count, before in told:
                if count[0] != before:
                    if not all(_are(attributes, kept) for attributes, kept in telling):
                        return self._still()
                    self._watch = self._watch._replace(told=[(count, count[0]) for count, _ in told])
                    break
            return others is None or others.hold() or self._still()
        except Exception:  # something is not there any more, or cannot be compared with what was
            return self._still()

    def _still(self) -> bool:
        """Whether what is not the very same is equal to it, so that a program cannot tell."""
        if differs(self._found):
            return False
        now = self.reach()
        if changes(self._found, now):
            return False
        self.take(now)
        return True


class Others(NamedTuple):
    """What few functions find, each entry with what it was.

    owners  objects, and the mappings of their attributes
    slots   getters and objects
    alike   lists, sets and the like whose entries are to be identical
    tables  dicts, with their keys in order
    arrays  arrays, and their bytes
    """

    owners: list[tuple[Any, Any]]
    slots: list[tuple[Any, Any, Any]]
    alike: list[tuple[Any, Any]]
    tables: list[tuple[Any, Any]]
    arrays: list[tuple[Any, bytes]]

    def hold(self) -> bool:
        """Whether they are what they were."""
        owners, slots, alike, tables, arrays = self
        for owner, attributes in owners:
            if owner.__dict__ is not attributes:
                return False
        for get, owner, before in slots:
            if get(owner) is not before:
                return False
        for items, before in alike:
            if len(items) != len(before) or not all(map(is_, items, before)):
                return False
        for table, kept in tables:
            if not _are(table, kept):
                return False
        for array, before in arrays:  # noqa: SIM110 - as above
            if array.tobytes() != before:
                return False
        return True


class Watch(NamedTuple):
    """What to compare, sorted by how that is quickest, each entry with what it was.

    named    mappings from names, how many names they have, and a getter of those whose meanings are equal only if they are the same
    exactly  mappings and names whose meanings may be equal and yet others, as 1 and True, so that they are to be identical
    cells    of closures; `codes` of functions
    lists    lists whose entries are equal only if they are the same
    told     counts of attributes that were set, and in `telling` the attributes of which they tell
    others   None for nothing else
    """

    named: list[tuple[Any, int, Any, Any]]
    exactly: list[tuple[Any, str, Any]]
    cells: list[tuple[Any, Any]]
    codes: list[tuple[Any, Any]]
    lists: list[tuple[Any, Any]]
    told: list[tuple[list[int], int]]
    telling: list[tuple[Any, Any]]
    others: Others | None


def watch(found: Reach) -> Watch:
    """How to see whether what was found is still there."""
    others = Others(found.owners, found.slots, [], found.tables, found.arrays)
    made = Watch([], [], found.cells, found.codes, [], [(count, count[0]) for count in found.tellers], found.telling, others)
    for names, kept in found.names.values():
        certain = [name for name, meaning in kept.items() if _by_identity(meaning)]
        made.exactly.extend((names, name, meaning) for name, meaning in kept.items() if name not in certain)
        if not certain:
            made.named.append((names, len(names), len, len(names)))
        elif len(certain) == 1:
            made.named.append((names, len(names), itemgetter(*certain), kept[certain[0]]))
        else:
            made.named.append((names, len(names), itemgetter(*certain), tuple([kept[name] for name in certain])))
    for items, before in found.lists:
        (made.lists if type(items) is list and all(map(_by_identity, before)) else others.alike).append((items, before))
    return made if any(others) else made._replace(others=None)


def _by_identity(x: Any) -> bool:
    """Whether what is equal to it is, for a program, the same: not so of 1, which True and 1.0 are equal to."""
    if type(x) is float:
        return not x.is_integer()
    kind: Any = type(x)
    return kind.__eq__ is object.__eq__ or isinstance(x, (Value, str, type, FunctionType, BuiltinFunctionType, ModuleType))


def _are(table: Any, kept: Any) -> bool:
    """Whether two dicts have the same keys in the same order, and the very same values."""
    return len(table) == len(kept) and [*table] == [*kept] and all(map(is_, table.values(), kept.values()))


def differs(found: Reach) -> bool:
    """Whether something is certainly another: what a quick look can tell of where identity is broken."""
    try:
        return not (
            all(maybe(names.get(name, names), before) for names, kept in found.names.values() for name, before in kept.items())
            and all(maybe(cell.cell_contents, before) for cell, before in found.cells)
            and all(maybe(get(owner), before) for get, owner, before in found.slots)
            and all(len(x) == len(before) and all(map(maybe, x, before)) for x, before in found.lists)
            and all(
                len(x) == len(kept) and all(name in x and maybe(x[name], before) for name, before in kept.items())
                for x, kept in (*found.tables, *found.telling)
            )
            and all(array.tobytes() == before for array, before in found.arrays)
        )
    except Exception:  # the same words as in `holds`
        return True


def maybe(now: Any, before: Any) -> bool:
    """Whether the two may be the same for a program: they are, or are equal, or are containers that nobody has looked into yet."""
    if now is before:
        return True
    kind = type(now)
    if kind is not type(before):
        return False
    return same(now, before) if kind in PLAIN else kind in (list, tuple, dict, set)


def same(now: Any, before: Any) -> bool:
    """Whether two things are the very same, or plain and equal: -0.0 is not 0.0, and True not 1."""
    if now is before:
        return True
    if type(now) is not type(before) or type(now) not in PLAIN:
        return False
    return bool(repr(now) == repr(before)) if isinstance(now, (float, complex)) else bool(now == before)


def changes(before: Reach, now: Reach) -> frozenset[int]:
    """Where two lookings differ, as places in what they noted: empty if nowhere, and {-1} if they noted different things."""
    if len(before.noted) != len(now.noted):
        return frozenset([-1])
    return frozenset(i for i, (x, y) in enumerate(zip(before.noted, now.noted, strict=True)) if not same(x, y))


def randomness(generators: list[Any]) -> dict[str, Any]:
    """The states of generators of random numbers, by words for them: of these, and of those that Python and NumPy have for everybody."""
    random, numpy = sys.modules.get("random"), sys.modules.get("numpy.random")
    states: dict[str, Any] = {}
    if random is not None:
        states["Python's random"] = random.getstate()
    if numpy is not None:
        _, key, *others = numpy.get_state()
        states["numpy.random"] = key.tobytes(), others
    for i, x in enumerate(generators):
        name = f"the {type(x).__module__.partition('.mtrand')[0].partition('._')[0]}.{type(x).__name__} that it finds"
        with suppress(NotImplementedError):  # one that asks the system has no state
            state = x.bit_generator.state if hasattr(x, "bit_generator") else (getattr(x, "getstate", None) or x.get_state)()
            states[f"{name} (number {i + 1})" if len(generators) > 1 else name] = pickle.dumps(state)
    return states
