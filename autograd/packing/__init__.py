"""Packing: a scalar graph made into its own matrix equations, for whole batches of numbers, at the speed of arrays.

Everything in here but this file needs NumPy, from the extra `pack`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from .. import compiler, given
from ..errors import MissingExtraError
from ..program import Program
from ..program import compile as compiled
from ..value import Value

if TYPE_CHECKING:
    from .packed import Packed as Packed

CACHE = 8 * 2**20
"""Bytes that the numbers of one block of examples take by default: what stays in a processor's cache is computed quickest."""


def pack(
    f: Callable[..., Any] | Program,
    loss: Callable[[Any, Any], Any] | None = None,
    *,
    params: Any = (),
    batch: Literal["mean", "sum"] | None = "mean",
    shared: Sequence[int] = (),
    wrt: Literal["params", "arguments", "all"] | None = None,
    memory: int = CACHE,
    native: bool | Literal["auto"] = False,
    **options: Any,
) -> Packed:
    """The function of one example as a program for batches of them, in array operations (`Packed`), recorded when it is first called.

    f        a function, a module together with a `loss`, or a graph, as for `compile`; or a Program
    params   leaves, or a module that has them; those of f, if it is a module
    batch    the "mean" or the "sum" of the function over the examples; None for no batch at all: the arguments are those of the function
    shared   the places of arguments that are the same for all examples, and have no axis for them
    wrt      which gradients are computed: by the "params" (unless there are none), by the "arguments", or by "all"
    memory   about how many bytes the numbers of the examples that are computed together may take; a larger batch is split
    native   whether the program runs as C, built by the machine's compiler when it is recorded: quicker where it is many operations on
             short arrays, such as a transformer's. "auto": as arrays where that cannot be, with a warning
    options  as for `compile`

    Needs NumPy (extra `pack`); native=True a C compiler as well (cc, gcc or clang, the one in $CC, or `pip install ziglang`). What is built
    is kept for the next time: `glassgrad cache` says where, and `glassgrad cache --clear` removes it. MissingExtraError: there is none;
    CompilerError, when it is called: it failed; TracingError: the program has no form in C.

    >>> from autograd import exp
    >>> program = pack(lambda x, y: exp(x[0]) * x[1] + y, batch="sum")
    >>> value, (dx, dy) = program([[0.0, 2.0], [0.0, 3.0]], [1.0, 1.0])
    >>> value, dx.tolist(), dy.tolist()
    (7.0, [[2.0, 1.0], [3.0, 1.0]], [1.0, 1.0])
    """
    try:
        from .packed import Packed
    except ImportError as error:
        if error.name != "numpy":
            raise
        raise MissingExtraError("pack needs the extra of that name: pip install 'glassgrad[pack]'") from None
    given.choice(batch, ("mean", "sum", None), "batch")
    if wrt is not None:
        given.choice(wrt, ("params", "arguments", "all"), "wrt")
    if not isinstance(f, Value):
        given.function(f, "pack", "a function, a module or a Value")
    memory = given.count(memory, "memory, a number of bytes", "pack", 1)
    given.choice(native, (False, True, "auto"), "native")
    if native is True:
        compiler.command()
    for name in options:
        if name not in (compiled.__kwdefaults__ or ()):
            raise TypeError(f"pack() got an unexpected keyword argument {name!r}")
    no_params = isinstance(params, tuple) and not params
    if no_params and loss is None and not isinstance(f, (Value, Program)) and callable(getattr(f, "parameters", None)):
        params = f
    program = f if isinstance(f, Program) else compiled(f, loss, params=params, **options)
    if isinstance(f, Program) and (loss is not None or not no_params or options):
        raise TypeError("a Program has its parameters and options already")
    wrt = wrt or ("params" if program.params else "arguments")
    if wrt == "params" and not program.params:
        raise ValueError("wrt='params' needs parameters: pack the function with params=")
    places = tuple(shared) if isinstance(shared, Sequence) else (None,)
    if not all(isinstance(i, int) and not isinstance(i, bool) and i >= 0 for i in places):
        raise ValueError(f"shared needs the places of arguments, from 0 on, but got {given.shorten(shared)}")
    return Packed(program, batch, places, wrt, memory, native)


__all__ = ["pack"]
