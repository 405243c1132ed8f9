"""`python -m autograd`, also installed as `glassgrad`: the command line, which lives in the room `cli`."""

from __future__ import annotations

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
