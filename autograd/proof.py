"""Independent truth about the table and the sweeps: random graphs, exact numbers, a ladder of checks for a row, and mutants.

Every oracle here is written without the engine's rules. `exact_value` and `exact_partial` compute a row's `formula` and `textbook`
strings with mpmath, in as many digits as they need: what people read, held against what is computed. `climb` runs every check on
one row; `mutants` are rows with small mistakes, which `climb` must refuse; `prove` does all of it, and counts.
"""

from __future__ import annotations

from .checking.chance import SPECIAL as SPECIAL
from .checking.chance import Recipe as Recipe
from .checking.chance import common_points as common_points
from .checking.chance import has_value as has_value
from .checking.chance import into as into
from .checking.chance import random_number as random_number
from .checking.chance import random_operands as random_operands
from .checking.chance import random_recipe as random_recipe
from .checking.chance import smooth_rows as smooth_rows
from .checking.exact import LOSSES as LOSSES
from .checking.exact import NO_VALUE as NO_VALUE
from .checking.exact import exact_partial as exact_partial
from .checking.exact import exact_value as exact_value
from .checking.exact import graph_ratio as graph_ratio
from .checking.exact import is_at_kink as is_at_kink
from .checking.exact import known_loss as known_loss
from .checking.exact import ulps as ulps
from .checking.ladder import ULPS as ULPS
from .checking.ladder import UNITS as UNITS
from .checking.ladder import allowed_units as allowed_units
from .checking.ladder import check_complex as check_complex
from .checking.ladder import check_differences as check_differences
from .checking.ladder import check_domain as check_domain
from .checking.ladder import check_exact as check_exact
from .checking.ladder import check_formula as check_formula
from .checking.ladder import check_jumps as check_jumps
from .checking.ladder import check_kinks as check_kinks
from .checking.ladder import check_reference as check_reference
from .checking.ladder import check_rules as check_rules
from .checking.ladder import check_second as check_second
from .checking.ladder import climb as climb
from .checking.mutants import Sweep as Sweep
from .checking.mutants import mutants as mutants
from .checking.mutants import survivors as survivors
from .checking.mutants import sweep_is_right as sweep_is_right
from .checking.mutants import sweeps as sweeps
from .checking.prove import Line as Line
from .checking.prove import Proof as Proof
from .checking.prove import primitives_given as primitives_given
from .checking.prove import prove as prove
