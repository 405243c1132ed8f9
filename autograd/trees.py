"""Trees: numbers in lists, tuples, dicts, named tuples, dataclasses and NumPy arrays, taken apart and put together again.

`flatten` takes a tree apart into its numbers, in order, and its *structure*: the tree without its numbers. `rebuild` puts numbers into a
structure. A structure is made of tuples, so it can be compared, hashed and pickled:

    NUMBER                                one number
    (kind, (structure, …))                a list or tuple
    (kind, ((key, structure), …))         a dict, or a dataclass by its fields
    (ARRAY, shape)                        an array of numbers; (ARRAY, shape, structure), an array of other trees
    (STILL, type, what)                   what belongs to the structure itself, where the caller says so: a class, a switch
    (ONE_OF, n), (DRAWN, n)               n numbers: for a whole number below n, of which one is 1 (see `whole`); drawn at random

What is put together has the kind that was taken apart. A class that derives from list, or from tuple and is no named tuple, becomes a plain
one, and one that derives from dict becomes a dict or an OrderedDict. A dataclass is made by its constructor, of the fields that this takes.
An array becomes one of floats if all its numbers are, else one of objects, such as Values.
"""

from __future__ import annotations

import dataclasses
import math
import sys
from collections import OrderedDict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import cache
from itertools import islice, product
from typing import Any

from .given import DEPTH, shorten
from .numbers import kind_of
from .whole import Whole

Structure = tuple[Any, ...]

NUMBER: Structure = ("number",)
LIST, TUPLE, DICT, DATACLASS, ARRAY, STILL, ONE_OF, DRAWN = "list", "tuple", "dict", "dataclass", "array", "is", "one of", "drawn"


@cache
def sort_of(kind: type) -> str | None:
    """Which sort of container a class is; None for what is none."""
    for base, sort in ((list, LIST), (tuple, TUPLE), (dict, DICT)):
        if issubclass(kind, base):
            return sort
    numpy = sys.modules.get("numpy")  # an array can only arrive if somebody imported it
    if numpy is not None and issubclass(kind, numpy.ndarray):
        return ARRAY
    return DATACLASS if hasattr(kind, "__dataclass_fields__") and not kind_of(kind) else None


def sort(tree: Any) -> str | None:
    """Which sort of container it is; None for what is none, as an array of moments or of records is: it has no numbers."""
    kind: type = type(tree)
    found = sort_of(kind)
    return None if found is ARRAY and tree.dtype.kind in "mMV" else found


def flatten(
    tree: Any,
    numbers: list[Any],
    leaf: Callable[[Any], Any],
    still: Callable[[Any], Structure | None] | None = None,
    lists: Container[str] = (),
    depth: int = 0,
) -> Structure:
    """The structure of a tree. leaf(x) of whatever stands where a number is due goes onto the list, so that it can refuse what is none.

    still   what belongs to the structure itself: still(x) is (STILL, the type's name, x), or None for a number; nothing does unless given
    lists   the sorts that count as lists, of TUPLE and ARRAY: then they have a list's structure

    ValueError: containers more than DEPTH deep. Where one leaf failed, its number is that of those on the list.
    """
    kind: type = type(tree)
    if kind is float:
        numbers.append(leaf(tree))
        return NUMBER
    found = sort_of(kind)
    if found is None or (found is ARRAY and sort(tree) is None):
        return _single(tree, numbers, leaf, still, lists, depth)
    if depth > DEPTH:
        raise ValueError(f"the arguments are lists in lists, more than {DEPTH} deep, or contain themselves")
    if found is LIST or found is TUPLE:
        if found in lists:
            kind = list
        for item in tree:
            if type(item) is not float:
                break
        else:  # nearly always
            numbers.extend(map(leaf, tree))
            return kind, (NUMBER,) * len(tree)
        parts: list[Structure] = []
        for item in tree:
            if type(item) is float:  # a call would cost more than all the rest
                numbers.append(leaf(item))
                parts.append(NUMBER)
            else:
                parts.append(flatten(item, numbers, leaf, still, lists, depth + 1))
        return kind, tuple(parts)
    if found is ARRAY:
        if ARRAY in lists:
            return flatten(tree.tolist(), numbers, leaf, still, lists, depth)
        numbers.extend(map(leaf, tree.ravel().tolist()))
        return ARRAY, tree.shape
    if found is DICT:
        kind = OrderedDict if isinstance(tree, OrderedDict) else dict
    return kind, tuple([(key, flatten(item, numbers, leaf, still, lists, depth + 1)) for key, item in items(tree)])


def _single(tree: Any, numbers: list[Any], leaf: Any, still: Any, lists: Container[str], depth: int) -> Structure:
    """What is no container."""
    if still is not None:
        found: Structure | None = still(tree)
        if found is not None:
            return found
    if ARRAY in lists and getattr(tree, "ndim", None) and hasattr(tree, "tolist"):  # another library's array
        return flatten(tree.tolist(), numbers, leaf, still, lists, depth)
    numbers.append(leaf(tree))
    return NUMBER


def items(tree: Any) -> Iterable[tuple[Any, Any]]:
    """What stands in a container, each with its key: an index, a dict's key, a field's name."""
    found = sort(tree)
    if found is DICT:
        return tree.items()  # type: ignore[no-any-return]
    if found is DATACLASS:
        return [(field.name, getattr(tree, field.name)) for field in dataclasses.fields(tree) if field.init]
    if found is ARRAY:
        return zip(product(*map(range, tree.shape)), tree.ravel().tolist(), strict=True)
    return enumerate(tree)


def rebuild(structure: Structure, numbers: Iterator[Any], constant: Callable[[Any], Any] = lambda x: x) -> Any:
    """A tree of this structure with these numbers in it, and with constant(x) in place of what belongs to the structure."""
    if structure == NUMBER:
        return next(numbers)
    kind, inside = structure[:2]
    if type(kind) is str:
        if kind == STILL:
            return constant(structure[2])
        if kind == ARRAY:
            count = math.prod(inside)
            return _array(inside, rebuild((list, (structure[2] if structure[2:] else NUMBER,) * count), numbers, constant))
        found = list(islice(numbers, inside))
        return Whole(0, found) if kind == ONE_OF else found
    if issubclass(kind, (list, tuple)):
        plain = inside.count(NUMBER) == len(inside)  # nearly always
        return _made(kind, [*islice(numbers, len(inside))] if plain else [rebuild(part, numbers, constant) for part in inside])
    return _made(kind, {key: rebuild(part, numbers, constant) for key, part in inside})


def _made(kind: Any, inside: Any) -> Any:
    """A container of this kind, of a list of its items, or of a dict by their keys."""
    if issubclass(kind, list):
        return inside
    if issubclass(kind, tuple):
        return tuple(inside) if kind is tuple else kind(*inside) if hasattr(kind, "_fields") else tuple(inside)
    if issubclass(kind, dict):
        return OrderedDict(inside) if issubclass(kind, OrderedDict) else inside
    try:
        return kind(**inside)
    except Exception as error:
        error.add_note(f"raised by the constructor of {kind.__name__}, a dataclass, which should take any number in its fields")
        raise


def _array(shape: tuple[int, ...], inside: Sequence[Any]) -> Any:
    import numpy

    if all(type(x) is float for x in inside):
        return numpy.array(inside, dtype=float).reshape(shape)
    found = numpy.empty(len(inside), dtype=object)
    for i, x in enumerate(inside):  # one by one: NumPy would look for lists in them
        found[i] = x
    return found.reshape(shape)


def nested(shape: Sequence[int]) -> Structure:
    """The structure of lists in lists of numbers, as of an array's tolist()."""
    found = NUMBER
    for n in reversed(shape):
        found = (list, (found,) * n)
    return found


def nest(outer: Structure, inner: Structure) -> Structure:
    """The outer structure with the inner one in place of each number. An array of arrays is one array, which has the inner axes last."""
    if inner == NUMBER:
        return outer
    if outer[0] == ARRAY and len(outer) == 2:
        return (ARRAY, outer[1] + inner[1], *inner[2:]) if inner[0] == ARRAY else (*outer, inner)
    return replaced(outer, lambda leaf: inner if leaf == NUMBER else nest(leaf, inner) if leaf[0] == ARRAY else leaf)


def replaced(structure: Structure, change: Callable[[Structure], Structure]) -> Structure:
    """The structure with change(leaf) in place of each leaf in it: whatever is no list, tuple, dict or dataclass."""
    kind, *inside = structure
    if type(kind) is str:
        return change(structure)
    if issubclass(kind, (list, tuple)):
        return kind, tuple([replaced(part, change) for part in inside[0]])
    return kind, tuple([(key, replaced(part, change)) for key, part in inside[0]])


def leaves(structure: Structure) -> Iterator[Structure]:
    """The leaves, in order."""
    kind = structure[0]
    if type(kind) is str:
        yield structure
    else:
        for part in structure[1]:
            yield from leaves(part if issubclass(kind, (list, tuple)) else part[1])


def size(structure: Structure) -> int:
    """How many numbers it has."""
    total = 0
    for kind, *inside in leaves(structure):
        total += 1 if not inside else 0 if kind == STILL else math.prod(inside[0]) if kind == ARRAY else inside[0]
    return total


def names(structure: Structure, name: str) -> Iterator[str]:
    """A name for each number: x, xs[0], point['x'], point.x, w[0, 1]."""
    if structure == NUMBER:
        yield name
        return
    kind, inside = structure[:2]
    if kind == ARRAY:
        yield from (name + _key(ARRAY, at) for at in product(*map(range, inside)))
    elif kind in (ONE_OF, DRAWN):
        yield from (f"{name}[{i}]" for i in range(inside))
    elif kind != STILL:
        sort = sort_of(kind)
        for key, part in enumerate(inside) if sort is LIST or sort is TUPLE else inside:
            yield from names(part, name + _key(sort, key))


def describe(structure: Structure) -> str:
    """The structure in words: (number, [number, number], 3)."""
    if structure == NUMBER:
        return "number"
    kind, inside = structure[:2]
    if type(kind) is str:
        words = {STILL: repr(structure[-1]), ARRAY: f"array of shape {inside}", ONE_OF: f"one of {inside}", DRAWN: f"{inside} drawn"}
        return words[kind]
    if not issubclass(kind, (list, tuple)):
        text = [(f"{key!r}: " if issubclass(kind, dict) else f"{key}=") + describe(part) for key, part in inside]
        return f"{{{', '.join(text)}}}" if issubclass(kind, dict) else f"{kind.__name__}({', '.join(text)})"
    listed = ", ".join(map(describe, inside[:8])) + (f", … ({len(inside)} in all)" if len(inside) > 8 else "")
    return f"[{listed}]" if issubclass(kind, list) else f"({listed}{',' if len(inside) == 1 else ''})"


# By the trees themselves, where something is to be said of a place in them.


def walk(tree: Any, name: str, asker: str, above: tuple[Any, ...] = ()) -> Iterator[tuple[str, Any]]:
    """What stands where a number is due, one after the other, each with its name.

    ValueError: a container that contains itself, or containers more than DEPTH deep.
    """
    found = sort(tree)
    if found is None:
        yield name, tree
        return
    if any(tree is outer for outer in above):
        raise ValueError(f"{asker} got a {type(tree).__name__} that contains itself, at {name:.60}")
    if len(above) > DEPTH:
        raise ValueError(f"{asker} got lists in lists, more than {DEPTH} deep, at {name:.60}…")
    for key, item in items(tree):
        yield from walk(item, name + _key(found, key), asker, (*above, tree))


def _key(found: str | None, key: Any) -> str:
    if found is ARRAY:
        return f"[{', '.join(map(str, key))}]"
    return f".{key}" if found is DATACLASS else f"[{key!r}]"


def mapped(tree: Any, change: Callable[[Any], Any], depth: int = 0) -> Any:
    """The tree with change(x) in place of every x in it that is no container. A container in which nothing changes stays what it is."""
    found = sort(tree)
    if found is None:
        return change(tree)
    if depth > DEPTH:
        raise ValueError(f"lists in lists, more than {DEPTH} deep, or one that contains itself")
    if found is ARRAY and tree.dtype != object:
        return tree
    before = dict(items(tree))
    after = {key: mapped(item, change, depth + 1) for key, item in before.items()}
    if all(after[key] is item for key, item in before.items()):
        return tree
    if found is ARRAY:
        return _array(tree.shape, [*after.values()])
    return _made(type(tree), after if found in (DICT, DATACLASS) else list(after.values()))


def matching(tree: Any, other: Any, mismatch: Callable[[str], Exception], where: str = "") -> Iterator[Any]:
    """What stands in `other` for each number of the tree, where both are of one structure; dicts may have their keys in any order.

    mismatch   of what is wrong, in words: the error
    """
    found = sort(tree)
    keys = [key for key, _ in items(tree)] if found else []
    if sort(other) is not found or (found and (len(keys) != len(beside := dict(items(other))) or any(key not in beside for key in keys))):
        raise mismatch(f"{_shape(tree)}{where}, but got {_shape(other)}")
    if not found:
        yield other
        return
    for key, item in items(tree):
        yield from matching(item, beside[key], mismatch, (where or " at ") + _key(found, key))


def _shape(x: Any) -> str:
    found = sort(x)
    if found is DICT:
        return f"a dict with the keys {shorten(list(x))}"
    if found is ARRAY:
        return f"an array of shape {x.shape}"
    if found is DATACLASS:
        return f"a {type(x).__name__}"
    if found:
        return f"a {type(x).__name__} of length {len(x)}"
    kind: type = type(x)
    return "one number" if isinstance(x, (float, int)) or kind_of(kind) else f"{shorten(x)} of type {type(x).__name__}"
