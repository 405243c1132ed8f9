"""What speaks where `autograd/__init__.py` is missing: this file is installed beside the folder.

Python takes a folder with an `__init__.py` before a module of that name, and the module before a folder without. So nobody sees this file
unless another package named autograd was uninstalled and has taken our `__init__.py` with it: it had been installed over it, or under it.
"""

import os

if __name__ == "__main__":  # python -m autograd
    from autograd.cli import main

    raise SystemExit(main())

__path__ = [os.path.splitext(os.path.abspath(__file__))[0]]  # what is inside the folder can be imported: the doctor, say

from autograd import mixed

mixed.warn(__path__[0])


def __getattr__(name: str) -> object:
    if name != "PRIMITIVES":  # by which others know that the package is not whole
        mixed.refuse(__path__[0], name)
    raise AttributeError(f"module 'autograd' has no attribute {name!r}")
