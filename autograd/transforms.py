"""Functions in, functions out: grad, jvp and their kin, on functions of numbers in lists, tuples and dicts.

A function differentiated here is ordinary Python: it gets its arguments with numbers that remember (Values) or that carry a
derivative along (Duals) in place of the plain ones, and returns what it computed. Results have the structure of the arguments: lists,
tuples, dicts, named tuples, dataclasses and NumPy arrays, nested as you like (`trees`). For an array the function gets an array of
Values, and what comes back is an array of floats.

One rule says what comes back: **a plain number, unless it depends on a Value of yours** that was an argument or that the function
brought along; then a Value that knows how. So transforms nest in any order, and `backward()` goes through them. A leaf that the
function makes while it runs (`Value(3.0)`, `x.detach()`, whatever is computed under `no_grad()`) is a constant, then and later.

While the function runs, what depends on its arguments cannot become a plain number unnoticed: float(x), math.exp(x), an element of an
array of floats and copy.copy(x) are a LostGradientError that names the line. x.data and stop_gradient(x) say that it is meant.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, Literal

from . import context, given, ops, trees
from .context import paused, recording, running
from .errors import GradientError
from .forward import Dual, Level, Undefined, number, refuse_kept
from .graph import cotangents, topological
from .numbers import as_operand
from .reverse import pull
from .trees import rebuild
from .value import Value

Argnums = int | Sequence[int]
_levels = count(1)  # of the derivatives begun so far: later ones are inner ones, as long as the earlier ones are under way


# ------------------------------------------------------------------------------------------------------------------------
# Reverse mode


def grad(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that returns the gradient of f: ∂f/∂x for every number x in the argument `argnums`, in that argument's structure.

    f         returns one number
    argnums   which positional argument, counted from 0 or, negative, from the end; several give a tuple of gradients
    has_aux   f returns (number, anything else), and so (gradient, anything else) comes back

    TypeError: f returns something else than one number. GradientError: a derivative that is needed does not exist.

    >>> grad(lambda p: p["w"] * p["x"] ** 2)({"w": 3.0, "x": 2.0})
    {'w': 4.0, 'x': 12.0}
    >>> grad(grad(ops.tanh))(0.0), grad(lambda x, y: x * y, argnums=(0, 1))(2.0, 5.0)
    (0.0, (5.0, 2.0))
    """

    return _gradient("grad", f, argnums, has_aux)


def _gradient(asker: str, f: Callable[..., Any], argnums: Argnums, has_aux: bool) -> Callable[..., Any]:
    def gradient_of(*args: Any, **kwargs: Any) -> Any:
        run = _Reverse(asker, f, args, kwargs, argnums, has_aux)
        return run.with_aux(run.gradient(run.scalar()))

    return _named(gradient_of, asker, f, has_aux)


def value_and_grad(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that returns (f, gradient of f), for the price of one; with has_aux ((f, anything else), gradient).

    f, argnums, has_aux  as for `grad`, with its errors

    >>> value_and_grad(lambda xs: xs[0] * xs[1])([2.0, 5.0])
    (10.0, [5.0, 2.0])
    """

    def value_and_gradient_of(*args: Any, **kwargs: Any) -> Any:
        run = _Reverse("value_and_grad", f, args, kwargs, argnums, has_aux)
        output = run.scalar()
        return run.with_aux(run.outside(output)), run.gradient(output)

    return _named(value_and_gradient_of, "value_and_grad", f, has_aux)


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """(f(*primals), pullback): the pullback takes a number for each number that f returned, in that structure, and gives
    vᵀJ, the gradient of their weighted sum, as a tuple of one structure an argument. It may be called again and again.

    With has_aux, f returns (results, anything else), and (results, pullback, anything else) comes back.

    >>> result, pullback = vjp(lambda x, y: [x * y, x + y], 2.0, 5.0)
    >>> result, pullback([1.0, 0.0]), pullback([1.0, 10.0])
    ([10.0, 7.0], (5.0, 2.0), (15.0, 12.0))
    """
    run = _Reverse("vjp", f, primals, {}, range(len(primals)), has_aux)
    outputs = run.outputs()

    def pullback(cotangents: Any) -> Any:
        seeds = _beside(run.result, cotangents, "vjp's pullback", "the function's result", "what it was given")
        with recording():
            # Only the slope of this sum is used. Its terms v·(y - y) are 0, so that no sum of large v·y overflows.
            weighted: Any = 0.0
            for seed, output in zip(seeds, outputs, strict=True):
                if not (isinstance(output, float) or (isinstance(seed, float) and seed == 0.0)):
                    weighted = weighted + seed * (output - ops.stop_gradient(output))
        return run.gradient(weighted)

    result = rebuild(run.shape, map(run.outside, outputs))
    return (result, pullback, run.aux()) if run.has_aux else (result, pullback)


def jacobian(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, mode: Literal["reverse", "forward"] = "reverse"
) -> Callable[..., Any]:
    """The function that returns all ∂yᵢ/∂xⱼ: the structure of f's result, in it for each number the structure of the argument.

    For a function from a list to a list that is a list of rows, one a result.

    f                 returns a number, or a list, tuple or dict of numbers
    argnums, has_aux  as for `grad`
    mode              "reverse" runs f once and sweeps back once a result; "forward" runs f once an input

    >>> jacobian(lambda x: [x[0] * x[1], x[0] + 3 * x[1]])([2.0, 5.0])
    [[5.0, 2.0], [1.0, 3.0]]
    """
    given.choice(mode, ("reverse", "forward"), "mode")

    return _jacobian("jacobian", f, argnums, has_aux, mode)


def _jacobian(asker: str, f: Callable[..., Any], argnums: Argnums, has_aux: bool, mode: str = "reverse") -> Callable[..., Any]:
    def jacobian_of(*args: Any, **kwargs: Any) -> Any:
        if mode == "forward":
            return _jacobian_forward(f, args, kwargs, argnums, has_aux)
        run = _Reverse(asker, f, args, kwargs, argnums, has_aux)
        outputs = run.outputs()
        return run.with_aux(rebuild(trees.nest(run.shape, run.structure), (x for output in outputs for x in run.slopes(output))))

    return _named(jacobian_of, asker, f, has_aux)


def hessian(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that returns all ∂²f/∂xᵢ∂xⱼ: the argument's structure, in it for each number that structure again.

    The gradient is recorded once, as a graph, and swept once for each of its numbers.

    f                 returns one number
    argnums, has_aux  as for `grad`

    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 2.0])
    [[4.0, 6.0], [6.0, 0.0]]
    """
    gradient = _gradient("hessian", f, argnums, has_aux)
    return _named(_jacobian("hessian", gradient, argnums, has_aux), "hessian", f, has_aux)


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """H·v, the Hessian of f at the arguments `primals` times the direction `tangents`, as a tuple of one structure an argument.

    Forward over reverse: the gradient of f, computed on Duals. About the price of a few gradients, whatever the number of inputs.

    >>> hvp(lambda x: x[0] ** 2 * x[1], ([3.0, 2.0],), ([1.0, 0.0],))
    ([4.0, 6.0],)
    """
    given.function(f, "hvp")
    run = _along("hvp", grad(f, argnums=range(len(_arguments(primals, "hvp", "primals")))), primals, tangents, False)
    return run.tangents()


# ------------------------------------------------------------------------------------------------------------------------
# Forward mode


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> Any:
    """(f(*primals), J·v): the results, and how fast they change when the arguments move along `tangents`.

    Both are lists or tuples of arguments, of one structure. With has_aux, f returns (results, anything else), which comes third.

    >>> jvp(lambda x, y: x * y, (2.0, 5.0), (1.0, 0.0))
    (10.0, 5.0)
    """
    run = _along("jvp", f, primals, tangents, has_aux)
    return (run.values(), run.tangents(), run.aux()) if run.has_aux else (run.values(), run.tangents())


def _along(asker: str, f: Callable[..., Any], primals: Any, tangents: Any, has_aux: bool) -> _Forward:
    args, directions = _arguments(primals, asker, "primals"), _arguments(tangents, asker, "tangents")
    moving = _beside(args, directions, asker, "the arguments", "the tangents")
    return _Forward(asker, f, args, {}, range(len(args)), has_aux, moving)


def derivative(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that returns df/dx for one number x, in the structure of f's result; by forward mode.

    argnums   which argument x is; several give a tuple of derivatives, and f runs once for each
    has_aux   as in `grad`; what else f returns is that of its first run

    >>> derivative(lambda x: [x**2, ops.exp(x)])(0.0)
    [0.0, 1.0]
    >>> derivative(lambda x, y: x * y, argnums=(0, 1))(2.0, 5.0)
    (5.0, 2.0)
    >>> derivative(lambda x: x * derivative(lambda y: x + y)(1.0))(1.0)
    1.0
    """

    def derivative_of(*args: Any, **kwargs: Any) -> Any:
        places = _positions("derivative", argnums, len(args))
        for place in places:
            if trees.sort(args[place]):
                raise TypeError(
                    f"derivative is by one number, but got {given.shorten(args[place])} of type {type(args[place]).__name__}; use jvp"
                )
        runs = [_Forward("derivative", f, args, kwargs, place, has_aux, [1.0]) for place in places]
        found = tuple(run.tangents() for run in runs)
        if isinstance(argnums, int):
            return runs[0].with_aux(found[0])
        if not runs and has_aux:
            raise ValueError("derivative with has_aux needs at least one argument in argnums, since f runs once for each")
        return runs[0].with_aux(found) if runs else found

    return _named(derivative_of, "derivative", f, has_aux)


def _jacobian_forward(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Argnums, has_aux: bool) -> Any:
    size = len(_chosen("jacobian", args, argnums)[2])
    first, columns = None, []
    for j in range(max(size, 1)):
        run = _Forward("jacobian", f, args, kwargs, argnums, has_aux, [1.0 if i == j else 0.0 for i in range(size)])
        columns.append(run.slopes())  # now, since the next run may fill the same array
        first = first or run
    assert first is not None
    rows = zip(*columns, strict=True) if size else ()
    return first.with_aux(rebuild(trees.nest(first.shape, first.structure), (x for row in rows for x in row)))


# ------------------------------------------------------------------------------------------------------------------------
# One run of a function


def begun() -> Level:
    """A new derivative's level."""
    level = Level(next(_levels))
    level.outer, level.variables = context.here().run, set()
    return level


@contextmanager
def under_way(level: Level) -> Iterator[None]:
    """A context for the run of the function that is differentiated; when it is left, the level is over."""
    try:
        with running(level):
            yield
    finally:
        level.over, level.variables = True, set()  # a leaf of the run knows the level: a level that knew the leaf would keep both


class _Run:
    """A function run once on arguments whose chosen numbers were replaced, and what is asked of its result."""

    def __init__(
        self,
        asker: str,
        f: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        argnums: Argnums,
        has_aux: bool,
        replace: Callable[[Sequence[Any]], Sequence[Any]],
    ) -> None:
        given.function(f, asker)
        self.asker, self.has_aux = asker, given.flag(has_aux, "has_aux", asker)
        self.level = begun()
        places, structure, numbers = _chosen(asker, args, argnums)
        self.structure = structure[1][0] if isinstance(argnums, int) else structure
        moved = list(args)
        for place, arg in zip(places, rebuild(structure, iter(replace(numbers))), strict=True):
            moved[place] = arg
        with under_way(self.level):
            result = f(*moved, **kwargs)
        self._aux: Any = None
        if has_aux:
            if not isinstance(result, tuple) or len(result) != 2:
                raise TypeError(
                    f"{asker} with has_aux needs a function that returns a pair (result, anything else), but got {given.shorten(result)}"
                )
            result, self._aux = result
        self.result = result

    def outputs(self) -> list[Any]:
        """The numbers f returned; `shape` is the structure that they stood in."""
        if self.result is None:
            raise TypeError(f"{self.asker} needs a function that returns numbers, but got None: is a return missing?")
        self.shape, numbers = _apart(self.result, self.asker, [("the function's result", self.result)])
        return numbers

    def outside(self, x: Any) -> Any:
        """The number as the caller sees it, who knows nothing of this run."""
        if isinstance(x, Dual):
            refuse_kept(x)
            return _settled(
                Dual(x.level, self.outside(x.primal), x.tangent if isinstance(x.tangent, Undefined) else self.outside(x.tangent), x.moves)
            )
        return _settled(_plain([x])[0])

    def aux(self) -> Any:
        """What else f returned, with its numbers as the caller sees them."""
        return trees.mapped(self._aux, lambda x: self.outside(x) if isinstance(x, (Value, Dual)) else x)

    def with_aux(self, result: Any) -> Any:
        """The result, and with has_aux what else f returned."""
        return (result, self.aux()) if self.has_aux else result


def _constant(leaf: Value) -> bool:
    """Whether the leaf was made in the run of a function that has returned, by us as a variable or by the function: nobody asks how a
    result depends on it. All others are somebody's: a Value of the caller's, or one of a run around this one."""
    return getattr(leaf.made_in, "over", False)


def _plain(results: list[Any]) -> list[Any]:
    """The results with a plain number for every Value that depends on constants alone."""
    foreign: set[Value | None] = set()
    for node in topological(*(result for result in results if isinstance(result, Value))):
        if node.x in foreign or node.y in foreign or (node.op is None and not _constant(node)):
            foreign.add(node)
    return [result.data if isinstance(result, Value) and result not in foreign else result for result in results]


class _Reverse(_Run):
    """A run on fresh Values, one for every number, so that aliases among the arguments are told apart."""

    def __init__(
        self, asker: str, f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Argnums, has_aux: bool
    ) -> None:
        self.variables: list[Value] = []
        super().__init__(asker, f, args, kwargs, argnums, has_aux, lambda numbers: [self._fresh(x) for x in numbers])

    def _fresh(self, x: Any) -> Any:
        """x with a new variable at its bottom. A Value's is a node above it, so that what is found depends on that Value."""
        if isinstance(x, Dual):
            return Dual(x.level, self._fresh(x.primal), x.tangent, x.moves)
        if isinstance(x, Value):
            variable = x * 1.0
            variable.label = x.label
        else:
            variable = Value(x)
            variable.made_in = self.level
        self.variables.append(variable)
        self.level.variables.add(variable)
        return variable

    def scalar(self) -> Any:
        """The one number f returned."""
        if type(self.result) is Value:  # nearly always
            return self.result
        if getattr(self.result, "shape", None) != () and trees.sort(self.result):  # an array may be one number, too
            raise TypeError(
                f"{self.asker} needs a function that returns one number, but got {given.shorten(self.result)} of type"
                f" {type(self.result).__name__}; use jacobian or vjp, or has_aux=True for a pair of a number and something else"
            )
        return self.outputs()[0]

    def gradient(self, output: Any) -> Any:
        """∂output/∂x for every number of the chosen arguments, in their structure."""
        return rebuild(self.structure, self.slopes(output))

    def slopes(self, output: Any) -> Iterator[Any]:
        """The same, number by number."""
        return map(_settled, self._gradients(output))

    def _gradients(self, output: Any) -> Iterable[Any]:
        if isinstance(output, Dual):  # ∂/∂x of p + ṫε, for ε does not depend on x
            pairs = zip(self._gradients(output.primal), self._gradients(output.tangent), strict=True)
            return [Dual(output.level, p, t) if output.moves else p for p, t in pairs]
        if isinstance(output, Undefined):
            return [output] * len(self.variables)
        if not isinstance(output, Value):
            return [0.0] * len(self.variables)
        order = topological(output)
        if all(node.op is not None or _constant(node) for node in order):
            # Nobody can ask how the gradient depends on anything: a sweep over plain numbers will do.
            found = cotangents(output, order=order)
            gradient = [found.get(variable, 0.0) for variable in self.variables]
            if all(map(math.isfinite, gradient)):
                return gradient
        with recording():
            return _plain(pull(order, self.variables))


class _Forward(_Run):
    """A run on Duals of a level of its own."""

    def __init__(
        self,
        asker: str,
        f: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        argnums: Argnums,
        has_aux: bool,
        moving: Sequence[Any],
    ) -> None:
        super().__init__(
            asker, f, args, kwargs, argnums, has_aux, lambda numbers: [Dual(self.level, x, v) for x, v in zip(numbers, moving, strict=True)]
        )

    def values(self) -> Any:
        """What f returned."""
        outputs = self.outputs()
        return rebuild(self.shape, map(self.outside, outputs))

    def tangents(self) -> Any:
        """How fast what f returned changes."""
        slopes = self.slopes()
        return rebuild(self.shape, iter(slopes))

    def slopes(self) -> list[Any]:
        """The same, number by number."""
        return [self._tangent(x) for x in self.outputs()]

    def _tangent(self, x: Any) -> Any:
        if not isinstance(x, Dual) or x.level != self.level:
            return 0.0
        if isinstance(x.tangent, Undefined):
            raise GradientError(*x.tangent.error.args)
        return self._handed_out(x.tangent)

    def outside(self, x: Any) -> Any:
        """The number as the caller sees it, who knows nothing of this run."""
        return self._handed_out(x.primal if isinstance(x, Dual) and x.level == self.level else x)

    def _handed_out(self, x: Any) -> Any:
        # Inside another run, or while a program is recorded, that will see to it, and this one need not look at what is recorded.
        here = context.here()
        return super().outside(x) if here.run is None and here.tape is None else _settled(x)


def _settled(x: Any) -> Any:
    """A result; under no_grad() nothing is remembered, so a plain number."""
    return number(x) if paused() else x


# ------------------------------------------------------------------------------------------------------------------------
# Arguments, and structures of numbers


def _named(function: Callable[..., Any], transform: str, f: Callable[..., Any], has_aux: bool) -> Callable[..., Any]:
    given.function(f, transform)
    given.flag(has_aux, "has_aux", transform)
    function.__name__ = function.__qualname__ = f"{transform}({getattr(f, '__name__', type(f).__name__)})"
    return function


def _positions(asker: str, argnums: Argnums, size: int) -> list[int]:
    """The chosen arguments' places, counted from 0."""
    places = []
    for place in [argnums] if isinstance(argnums, int) else given.items(argnums, "a whole number or several as argnums", asker):
        if not isinstance(place, int) or isinstance(place, bool):
            raise TypeError(f"{asker} needs a whole number or several as argnums, but got {given.shorten(argnums)}")
        if not -size <= place < size:
            raise ValueError(f"{asker} was asked for argument {place}, but the function was called with {size} positional argument(s)")
        places.append(place % size)
    if len(set(places)) < len(places):
        raise ValueError(f"{asker} was asked for an argument twice: argnums={given.shorten(argnums)}")
    return places


def _chosen(asker: str, args: tuple[Any, ...], argnums: Argnums) -> tuple[list[int], trees.Structure, list[Any]]:
    """The places of the chosen arguments, the structure of the tuple of these arguments, and all the numbers in them."""
    places = _positions(asker, argnums, len(args))
    chosen = tuple([args[place] for place in places])
    return places, *_apart(chosen, asker, ((f"argument {place}", args[place]) for place in places))


def _arguments(args: Any, asker: str, what: str) -> tuple[Any, ...]:
    if not isinstance(args, (list, tuple)):
        raise TypeError(
            f"{asker} needs {what} as a list or tuple of arguments, but got {given.shorten(args)} of type {type(args).__name__}"
        )
    return tuple(args)


def _apart(tree: Any, asker: str, named: Iterable[tuple[str, Any]]) -> tuple[trees.Structure, list[Any]]:
    """The structure of a tree, and its numbers. `named` has the tree, or what it consists of, under its names in messages."""
    numbers: list[Any] = []
    try:
        return trees.flatten(tree, numbers, as_operand), numbers
    except (TypeError, ValueError):
        for name, part in named:  # once more, to say where
            for where, x in trees.walk(part, name, asker):
                as_operand(x, f"a number at {where}", asker)
        raise


def _beside(tree: Any, other: Any, asker: str, name: str, others: str) -> list[Any]:
    """The numbers of `other`, which has the structure of `tree`."""

    def mismatch(what: str) -> ValueError:
        return ValueError(f"{asker} needs {others} to have the structure of {name}: {what}")

    _apart(tree, asker, [(name, tree)])  # refuses what is no number, and what contains itself
    return [as_operand(x, f"a number at {others}", asker) for x in trees.matching(tree, other, mismatch)]
