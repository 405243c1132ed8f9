"""What our calls say about a case."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import autograd
from autograd import check_gradients, custom_gradient
from autograd.primitive import Interval
from autograd.testing import assert_gradients, assert_primitive, floats_in

from .cases import Case, Rules, Said, Span


class Ours:
    """The table's functions, under the names that the cases use."""

    stop = staticmethod(autograd.stop_gradient)

    @staticmethod
    def equal(x: Any, y: Any) -> bool:
        """Whether two numbers are equal; `==` asks Values whether they are the same node."""
        return not (x < y or x > y)

    @staticmethod
    def floor(x: Any) -> float:
        """The plain number below."""
        return float(math.floor(getattr(x, "data", x)))

    def __getattr__(self, name: str) -> Any:
        return getattr(autograd, name)


def function(case: Case, rules: Callable[[Any], Rules]) -> Any:
    """The case as a function of ours."""
    options = dict(case.options)
    domain = options.get("domain")
    if domain is not None:
        options["domain"] = Interval(*domain) if isinstance(domain, Span) else tuple(Interval(*span) for span in domain)
    return custom_gradient(*rules(Ours()), **options)(case.forward)


def at_points(case: Case, f: Any) -> None:
    """check_gradients at three everyday points."""
    for point in case.points or ((0.7,), (-1.3,), (2.1,)):
        check_gradients(f, *point, order=2).require()


def anywhere(case: Case, f: Any) -> None:
    """assert_gradients as it comes."""
    assert_gradients(f, *[floats_in() for _ in f.primitive.operands])


def alone(case: Case, f: Any) -> None:
    """assert_primitive as it comes."""
    assert_primitive(f)


CALLS: dict[str, Callable[[Case, Any], None]] = {"check_gradients": at_points, "assert_gradients": anywhere, "assert_primitive": alone}


def ask(call: str, case: Case, rules: Callable[[Any], Rules]) -> Said:
    """What a call of ours says of a case with these rules."""
    f = function(case, rules)
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            CALLS[call](case, f)
    except Exception as error:  # whatever it raises, a person's test fails
        return Said(True, f"{type(error).__name__}: {error}", time.perf_counter() - start)
    return Said(False, "", time.perf_counter() - start)


def asked(call: str, cases: list[Case]) -> Iterator[tuple[Case, str, Said]]:
    """What a call says of all cases: wrong, then right."""
    for case in cases:
        if case.wrong is not None:
            yield case, "wrong", ask(call, case, case.wrong)
        yield case, "right", ask(call, case, case.right)
