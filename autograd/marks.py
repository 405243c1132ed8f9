"""Marks on functions, for rooms above that look for them. A marked function is the function it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

STEADY = {__name__.partition(".")[0]}
"""Packages whose own functions and names stay what they are: programs do not look whether they do. A package of this house adds itself."""
SWEEPS: list[Callable[..., Any]] = []
"""The functions that are marked as sweeps."""


def sweep(function: F) -> F:
    """Mark a function in which contributions to gradients add up: `checking.mutants` makes mistakes in each, which must be found.

    A contribution is added as a product, `x += upstream * partial`, or by `reverse.plus`.
    """
    SWEEPS.append(function)
    return function
