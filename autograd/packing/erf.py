"""The error function on arrays, to a few units in the last place: by the rational approximations of Sun Microsystems' fdlibm (s_erf.c of
1993), each on the numbers of its range.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = Any  # an ndarray of float64

# Each range has a numerator and a denominator, from the constant term on.
SMALL = (
    (
        1.28379167095512558561e-01, -3.25042107247001499370e-01, -2.84817495755985104766e-02, -5.77027029648944159157e-03,
        -2.37630166566501626084e-05,
    ),
    (
        1.0, 3.97917223959155352819e-01, 6.50222499887672944485e-02, 5.08130628187576562776e-03, 1.32494738004321644526e-04,
        -3.96022827877536812320e-06,
    ),
)  # fmt: skip
"""In x², for |x| < 0.84375: (erf(x) - x) / x."""
MIDDLE = (
    (
        -2.36211856075265944077e-03, 4.14856118683748331666e-01, -3.72207876035701323847e-01, 3.18346619901161753674e-01,
        -1.10894694282396677476e-01, 3.54783043256182359371e-02, -2.16637559486879084300e-03,
    ),
    (
        1.0, 1.06420880400844228286e-01, 5.40397917702171048937e-01, 7.18286544141962662868e-02, 1.26171219808761642112e-01,
        1.36370839120290507362e-02, 1.19844998467991074170e-02,
    ),
)  # fmt: skip
"""In |x| - 1, up to 1.25: erf(|x|) - ERX."""
LARGE = (
    (
        -9.86494403484714822705e-03, -6.93858572707181764372e-01, -1.05586262253232909814e01, -6.23753324503260060396e01,
        -1.62396669462573470355e02, -1.84605092906711035994e02, -8.12874355063065934246e01, -9.81432934416914548592e00,
    ),
    (
        1.0, 1.96512716674392571292e01, 1.37657754143519042600e02, 4.34565877475229228821e02, 6.45387271733267880336e02,
        4.29008140027567833386e02, 1.08635005541779435134e02, 6.57024977031928170135e00, -6.04244152148580987438e-02,
    ),
)  # fmt: skip
"""In 1/x², up to 1/0.35: log(|x|·exp(x²)·erfc(|x|)) + 0.5625."""
LARGEST = (
    (
        -9.86494292470009928597e-03, -7.99283237680523006574e-01, -1.77579549177547519889e01, -1.60636384855821916062e02,
        -6.37566443368389627722e02, -1.02509513161107724954e03, -4.83519191608651397019e02,
    ),
    (
        1.0, 3.03380607434824582924e01, 3.25792512996573918826e02, 1.53672958608443695994e03, 3.19985821950859553908e03,
        2.55305040643316442583e03, 4.74528541206955367215e02, -2.24409524465858183362e01,
    ),
)  # fmt: skip
"""The same beyond."""
ERX = 8.45062911510467529297e-01
"""erf(1), to 24 bits."""
ENDS = (0.84375, 1.25, 1.0 / 0.35)
NOTHING = 28.0
"""From here on erfc is below the smallest float."""


def erf(x: Array, out: Array = None) -> Array:
    """2/√π ∫₀ˣ exp(-t²) dt."""
    return _by_range(x, out, _erf_small, lambda x, p: np.copysign(ERX + p, x), lambda x, tail: np.copysign(1.0 - tail, x))


def erfc(x: Array, out: Array = None) -> Array:
    """1 - erf(x), exact in its upper tail."""
    return _by_range(
        x, out, _erfc_small, lambda x, p: np.where(x > 0.0, (1.0 - ERX) - p, 1.0 + (ERX + p)),
        lambda x, tail: np.where(x > 0.0, tail, 2.0 - tail),
    )  # fmt: skip


def _erf_small(x: Array, p: Array) -> Array:
    return x + x * p


def _erfc_small(x: Array, p: Array) -> Array:
    return np.where(x < 0.25, 1.0 - (x + x * p), 0.5 - (x * p + (x - 0.5)))


def _by_range(x: Array, out: Array, small: Any, middle: Any, large: Any) -> Array:
    x = np.asarray(x, np.float64)
    z = np.empty(x.shape) if out is None else out
    size = np.abs(x)
    rest = size >= ENDS[0]
    if not rest.any():  # nearly always, in a network that learns
        z[...] = small(x, _ratio(size * size, SMALL))
        return z
    here = ~rest
    some = x[here]
    z[here] = small(some, _ratio(some * some, SMALL))
    low = ENDS[0]
    for high, coefficients in ((ENDS[1], MIDDLE), (ENDS[2], LARGE), (np.inf, LARGEST)):
        here = (size >= low) & (size < high) if high < np.inf else size >= low
        low = high
        if here.any():
            some, a = x[here], np.minimum(size[here], NOTHING)
            z[here] = middle(some, _ratio(a - 1.0, MIDDLE)) if coefficients is MIDDLE else large(some, _tail(a, coefficients))
    return z


def _tail(a: Array, coefficients: tuple[Sequence[float], Sequence[float]]) -> Array:
    """erfc(a). exp(-a²) from a number near a whose square is exact, and the rest."""
    near = np.floor(a * 4096.0 + 0.5) / 4096.0
    return np.exp(-near * near - 0.5625) * np.exp((near - a) * (near + a) + _ratio(1.0 / (a * a), coefficients)) / a


def _ratio(s: Array, coefficients: tuple[Sequence[float], Sequence[float]]) -> Array:
    top, bottom = (_polynomial(s, each) for each in coefficients)
    return np.divide(top, bottom, out=top)


def _polynomial(s: Array, coefficients: Sequence[float]) -> Array:
    found = np.full(np.shape(s), coefficients[-1])
    for c in coefficients[-2::-1]:
        found *= s
        found += c
    return found
