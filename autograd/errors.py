"""What can go wrong. Each error refines the builtin that a Python programmer would expect to catch."""


class AutogradError(Exception):
    """Base of every error this package raises on purpose, apart from plain TypeErrors and ValueErrors for wrong arguments."""


class DomainError(AutogradError, ValueError):
    """An operand lies outside the function's domain: log(-1), sqrt(-1), asin(2)."""


class DivisionByZeroError(AutogradError, ZeroDivisionError):
    """A division by zero: a / 0, or 0 raised to a negative power."""


class RangeError(AutogradError, OverflowError):
    """Finite operands whose result is beyond the largest float, about 1.8e308."""


class NonFiniteError(AutogradError, ValueError):
    """A number that is NaN or infinite where a finite one is needed."""


class GradientError(AutogradError, ArithmeticError):
    """A sweep needs a local derivative that does not exist, or its numbers left the range of floats. Nothing was changed."""


class LostGradientError(AutogradError, TypeError):
    """A number was to be made a plain one in a function that is being differentiated: its gradient would be lost without a word."""


class StaleGraphError(AutogradError, RuntimeError):
    """A node's data was edited after recording, so the rules evaluated now would contradict the recorded derivatives."""


class InUseError(AutogradError, RuntimeError):
    """Gradients or parameters are wanted while a call that changes them is under way in this very thread, or has them in another."""


class ExpressionError(AutogradError, ValueError):
    """A text that is not an expression over the table. The message marks the spot."""


class DrawingError(AutogradError, RuntimeError):
    """A picture that cannot be made: too big, no layout engine, or markup the engine rejects."""


class CompilerError(AutogradError, RuntimeError):
    """A C compiler that was asked to build a program failed, took too long, or made what cannot be loaded. The message has its words."""


class MissingExtraError(AutogradError, ImportError):
    """An optional package is needed and absent. The message names the extra that brings it."""
