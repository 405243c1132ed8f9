"""The exceptions: each is the builtin that a Python programmer would expect to catch, and one of ours."""

from __future__ import annotations

import inspect
import pickle

import pytest

import autograd
from autograd import errors

BUILTINS = {
    "AutogradError": Exception,
    "DomainError": ValueError,
    "DivisionByZeroError": ZeroDivisionError,
    "RangeError": OverflowError,
    "NonFiniteError": ValueError,
    "GradientError": ArithmeticError,
    "LostGradientError": TypeError,
    "StaleGraphError": RuntimeError,
    "InUseError": RuntimeError,
    "ExpressionError": ValueError,
    "DrawingError": RuntimeError,
    "CompilerError": RuntimeError,
    "MissingExtraError": ImportError,
}


@pytest.mark.parametrize(("name", "builtin"), BUILTINS.items())
def test_an_error_refines_the_builtin_and_can_be_caught_as_ours(name: str, builtin: type[Exception]) -> None:
    error = getattr(autograd, name)
    assert issubclass(error, builtin)
    assert issubclass(error, autograd.AutogradError)
    assert error.__doc__


@pytest.mark.parametrize("name", BUILTINS)
def test_an_error_survives_pickling(name: str) -> None:
    """As it must to come back from a worker process."""
    error = getattr(errors, name)("log needs x > 0, but got x=-1.0 (label '사과')")
    again = pickle.loads(pickle.dumps(error))
    assert (type(error), str(error)) == (type(again), str(again))


def test_every_error_is_in_the_table_above() -> None:
    assert set(BUILTINS) == {name for name, thing in vars(errors).items() if inspect.isclass(thing)}
