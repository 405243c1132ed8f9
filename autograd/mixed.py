"""Two packages named autograd in one folder: how to tell, and what to say.

The other one (HIPS autograd, which `lifelines` needs, say) has a file `autograd/__init__.py` as well. Whichever is installed last has its
own there, and if either is uninstalled it is gone. All other files have different names, and lie side by side.
"""

from __future__ import annotations

import os
import warnings

REMEDY = "pip uninstall autograd glassgrad, then pip install glassgrad; where both are wanted, an environment for each"
_STRANGER = "tracer.py"  # the other package has had it in every version since 1.2; here no file may have this name


def is_mixed(folder: str | os.PathLike[str]) -> bool:
    """Whether files of the other package lie in this folder of ours."""
    return os.path.exists(os.path.join(folder, _STRANGER))


def words(folder: str | os.PathLike[str]) -> str:
    """What is wrong with a folder of ours where files of the other package lie, or that has lost its __init__.py; and the remedy."""
    if os.path.exists(os.path.join(folder, "__init__.py")):
        what = f"in {os.fspath(folder)} lie the files of two packages named autograd, glassgrad's and another's"
    else:
        what = f"{os.fspath(folder)} has lost its __init__.py, which another package named autograd took along when it was uninstalled"
    return f"{what}. Remedy: {REMEDY}"


def warn(folder: str | os.PathLike[str]) -> None:
    """Say it when the package is imported."""
    warnings.warn(words(folder), RuntimeWarning, stacklevel=3)


def refuse(folder: str | os.PathLike[str], name: str) -> None:
    """Say it when the package is asked for a name that it has not: an ImportError, unless it is a file's in the folder, or Python asks."""
    from importlib.util import find_spec

    if not name.startswith("__") and find_spec(f"autograd.{name}") is None:
        raise ImportError(f"cannot import name {name!r}: {words(folder)}")
