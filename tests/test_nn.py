"""The package nn: it stands on our autograd and on no other."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import pytest


def test_nn_is_importable() -> None:
    """Beside our own autograd."""
    assert "nn" == importlib.import_module("nn").__name__


@pytest.mark.parametrize("place", ["__file__", "__path__"])
def test_another_autograd_is_refused(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says where the other package is and what to do; a folder without __init__.py is another package too."""
    other = ModuleType("autograd")
    where = "/somewhere/autograd" + ("/__init__.py" if place == "__file__" else "")
    setattr(other, place, where if place == "__file__" else [where])
    monkeypatch.setitem(sys.modules, "autograd", other)
    monkeypatch.delitem(sys.modules, "nn", raising=False)
    with pytest.raises(ImportError, match="needs the autograd that comes with glassgrad") as caught:
        importlib.import_module("nn")
    assert f"at {where}." in str(caught.value)
    assert "pip uninstall autograd glassgrad, then pip install glassgrad" in str(caught.value)
