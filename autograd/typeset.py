"""Numbers and formulas as people read them."""

from __future__ import annotations

import math

_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def number(x: float, digits: int = 6) -> str:
    """x in at most `digits` significant digits, fewer where they suffice, with a real minus sign; powers of ten only
    for what is very large or very small.

    >>> number(2.2000000000000002), number(-0.0063295), number(1.5e-9)
    ('2.2', '−0.0063295', '1.5·10⁻⁹')
    """
    if math.isnan(x):
        return "does not exist"
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    text = format(x + 0.0, f".{digits}g")  # + 0.0 makes -0.0 read 0
    mantissa, e, exponent = text.partition("e")
    if e and 0 <= int(exponent) < 9:  # 220000000 reads better than 2.2·10⁸
        mantissa, e = format(float(text), ".0f"), ""
    mantissa = mantissa.replace("-", "−")
    return mantissa + (f"·10{str(int(exponent)).translate(_SUPERSCRIPT)}" if e else "")
