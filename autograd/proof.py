"""Independent truth about the table and the sweeps: the public names, of which the files of `autograd.checking` say how they work.

    chance    Recipe, random_number, random_operands, random_recipe; SPECIAL, into, has_value, common_points, smooth_rows
    exact     exact_value, exact_partial, graph_ratio; ulps, LOSSES, known_loss, is_at_kink, NO_VALUE
    ladder    climb and its rungs, check_rules to check_reference; ULPS, UNITS, allowed_units
    mutants   mutants, sweeps, sweep_is_right, survivors
    prove     prove, and the Proof it finds, a Line for each row; primitives_given

Every oracle here is written without the engine's rules. `exact_value` and `exact_partial` compute a row's `formula` and `textbook`
strings with mpmath, in as many digits as they need: what people read, held against what is computed. `climb` runs every check on
one row; `mutants` are rows with small mistakes, which `climb` must refuse; `prove` does all of it, and counts.
"""

from __future__ import annotations

from .checking.chance import SPECIAL, Recipe, common_points, has_value, into, random_number, random_operands, random_recipe, smooth_rows
from .checking.differences import NO_VALUE
from .checking.exact import LOSSES, exact_partial, exact_value, graph_ratio, known_loss, ulps
from .checking.judging import is_at_kink
from .checking.ladder import (
    ULPS,
    UNITS,
    allowed_units,
    check_complex,
    check_differences,
    check_domain,
    check_exact,
    check_formula,
    check_jumps,
    check_kinks,
    check_reference,
    check_rules,
    check_second,
    climb,
)
from .checking.mutants import Sweep, mutants, survivors, sweep_is_right, sweeps
from .checking.prove import Line, Proof, primitives_given, prove

__all__ = [
    "LOSSES",
    "NO_VALUE",
    "SPECIAL",
    "ULPS",
    "UNITS",
    "Line",
    "Proof",
    "Recipe",
    "Sweep",
    "allowed_units",
    "check_complex",
    "check_differences",
    "check_domain",
    "check_exact",
    "check_formula",
    "check_jumps",
    "check_kinks",
    "check_reference",
    "check_rules",
    "check_second",
    "climb",
    "common_points",
    "exact_partial",
    "exact_value",
    "graph_ratio",
    "has_value",
    "into",
    "is_at_kink",
    "known_loss",
    "mutants",
    "primitives_given",
    "prove",
    "random_number",
    "random_operands",
    "random_recipe",
    "smooth_rows",
    "survivors",
    "sweep_is_right",
    "sweeps",
    "ulps",
]
