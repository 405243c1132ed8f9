"""How much of the heavy sweeps is done: a sample, or with GLASSGRAD_SWEEPS=1 in the environment all of them."""

from __future__ import annotations

import os
import zlib

WHOLE = bool(os.environ.get("GLASSGRAD_SWEEPS"))


def sampled(name: str, one_in: int) -> bool:
    """Whether a case of this name is in the sample: one in so many, the same ones in every process; all of them in a whole sweep."""
    return WHOLE or zlib.crc32(name.encode()) % one_in == 0


def some(few: int, all_: int) -> int:
    """How many cases are tried: few, or in a whole sweep all."""
    return all_ if WHOLE else few
