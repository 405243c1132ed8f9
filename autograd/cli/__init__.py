"""The command line: `python -m autograd`, also installed as `glassgrad`.

Exit codes: 0 all is well, 1 a run failed, 2 the command line was wrong, 130 interrupted, 141 the reader of our output left.
"""

from __future__ import annotations

from .entry import main

__all__ = ["main"]
