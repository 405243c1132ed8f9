"""A row's rule as a formula; it stands in `terms`, below the rooms that show things, since their pages compute by it too."""

from __future__ import annotations

from ..terms import ANY as ANY
from ..terms import FINITE as FINITE
from ..terms import OPERATORS as OPERATORS
from ..terms import Term as Term
from ..terms import is_off as is_off
from ..terms import local_derivative as local_derivative
from ..terms import may_be_missing as may_be_missing
from ..terms import size_of as size_of
from ..terms import spreads as spreads
