"""Packing: a scalar graph made into its own matrix equations, for whole batches of numbers, at the speed of arrays."""

from ..errors import MissingExtraError

try:
    import numpy as _numpy  # noqa: F401
except ImportError:
    raise MissingExtraError("pack needs the extra of that name: pip install 'glassgrad[pack]'") from None

from .packed import Packed, pack

__all__ = ["Packed", "pack"]
