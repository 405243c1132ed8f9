"""Numbers that leave a function which is being differentiated: made plain ones there, they would lose their gradients, and say nothing."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from typing import Any

from .errors import LostGradientError
from .graph import Node
from .primitive import PRIMITIVES

_STOP = PRIMITIVES["stop_gradient"]


def refuse(x: Any, run: Any, what: str) -> None:
    """A LostGradientError if this Value depends on an argument of the run, or of one around it, otherwise than through stop_gradient."""
    variables = set()
    while run is not None:
        variables |= run.variables
        run = run.outer
    seen: set[Node] = set()
    todo: list[Any] = [x] if variables else []
    while todo:
        node = todo.pop()
        if node in variables:
            raise lost(x, what)
        if node not in seen and node.op is not _STOP:
            seen.add(node)
            todo += [operand for operand in (node.x, node.y) if operand is not None]


def lost(x: Any, what: str) -> LostGradientError:
    """The error for a number that was to be made a plain one."""
    line, library = _asked()
    return LostGradientError(
        f"{what}{library} would take the number of {x!r} without its gradient, which would be lost, while a function is being"
        f" differentiated{line}. Write exp(x) for math.exp(x), and keep numbers in lists or in arrays with dtype=object; where no gradient"
        " is to flow, use x.data or stop_gradient(x)"
    )


def _asked() -> tuple[str, str]:
    """The line that asked for it, of the code outside of this package, and of Python's and installed libraries if there is such; and the
    library's function that it called.
    """
    import sysconfig

    here = Path(__file__).resolve().parent
    paths = sysconfig.get_paths()
    libraries = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    first = within = None
    frame: Any = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not (file.startswith("<frozen") or here in Path(file).parents):
            first = first or frame
            if not (any(map(file.startswith, libraries)) or {"site-packages", "dist-packages"} & {*Path(file).parts}):
                break
            within = frame
        frame = frame.f_back
    frame = frame or first
    if frame is None:
        return "", ""
    called = ""
    if within is not None and within is not frame:
        package = str(within.f_globals.get("__name__")).partition(".")[0]
        called = f", asked for by {package}.{within.f_code.co_name},"
    text = linecache.getline(frame.f_code.co_filename, frame.f_lineno, frame.f_globals).strip()
    return f": {frame.f_code.co_filename}:{frame.f_lineno}{f', {text}' if text else ''}", called
