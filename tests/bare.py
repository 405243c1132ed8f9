"""What has to work with nothing installed but glassgrad itself: python -I tests/bare.py, with an interpreter that has no other packages.

Not a test by itself, since pytest is another package: the gate runs it on a wheel, and test_bare.py without site-packages.
"""

from __future__ import annotations

import importlib.util
import inspect
import pydoc
from typing import Any

import autograd
import nn
from autograd.__main__ import main


def every_name(package: Any) -> None:
    """Each name of dir() can be had, by getattr and by inspect; `import *` brings all that is exported, with help on it."""
    names = dir(package)
    assert names == [name for name, _ in inspect.getmembers(package)], package
    assert set(package.__all__) <= set(names), set(package.__all__) - set(names)
    brought: dict[str, Any] = {}
    exec(f"from {package.__name__} import *", brought)
    assert set(package.__all__) == set(brought) - {"__builtins__"}, set(package.__all__) ^ set(brought)
    text = pydoc.plain(pydoc.render_doc(package.__name__))
    missing = [name for name in package.__all__ if name not in text]
    assert not missing, f"help({package.__name__}) lacks {missing}"


def asks(extra: str, call: Any, *arguments: Any) -> None:
    """The call says which extra it needs."""
    try:
        call(*arguments)
    except autograd.MissingExtraError as error:
        said = str(error)
    else:
        said = "nothing"
    assert f"pip install 'glassgrad[{extra}]'" in said, f"{call} says {said}"


def everything() -> None:
    """All checks, one after the other."""
    present = [name for name in ("graphviz", "pygraphviz", "numpy", "matplotlib", "sklearn", "tqdm") if importlib.util.find_spec(name)]
    assert not present, f"this is no bare interpreter: it has {present}"
    for package in (autograd, nn):
        every_name(package)
    x = autograd.Value(3.0)
    asks("draw", autograd.draw, x)
    asks("draw", autograd.draw_modes, x * x, [x])
    asks("draw", autograd.Picture)
    asks("pack", autograd.pack, lambda x: x)
    asks("pack", autograd.Packed)
    asks("data", nn.digits)
    assert not isinstance(x, autograd.Picture | autograd.Packed)
    assert 0 == main(["list"])
    assert 0 == main(["example", "apple", "--no-pictures"])


if __name__ == "__main__":
    everything()
