"""The table's functions, and a Value's methods, for type checkers and editors. Made by .ci/make_types.py from the rows."""

from typing import Any, TypeVar, overload

from .expression import Expression
from .forward import Dual
from .graph import Node
from .value import Value

N = TypeVar("N", Value, Dual, Expression)

__all__ = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "negate",
    "power",
    "exp",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "sqrt",
    "log1mexp",
    "logaddexp",
    "xlogy",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "sech",
    "asinh",
    "acosh",
    "atanh",
    "hypot",
    "rhypot",
    "atan2",
    "sign",
    "heaviside",
    "above",
    "maximum",
    "minimum",
    "floor",
    "ceil",
    "trunc",
    "round_",
    "sigmoid",
    "log_sigmoid",
    "softplus",
    "relu",
    "leaky_relu",
    "elu",
    "mish",
    "softsign",
    "hardswish",
    "erf",
    "erfc",
    "gaussian",
    "lgamma",
    "digamma",
    "psi",
    "stop_gradient",
]

@overload
def add(x: float, y: float, /) -> float: ...
@overload
def add(x: N, y: float, /) -> N: ...
@overload
def add(x: float, y: N, /) -> N: ...
@overload
def add(x: N, y: N, /) -> N:
    r"""The sum. It hands the upstream gradient on unchanged.

    z = x + y
    ∂z/∂x = 1
    ∂z/∂y = 1
    """

@overload
def subtract(x: float, y: float, /) -> float: ...
@overload
def subtract(x: N, y: float, /) -> N: ...
@overload
def subtract(x: float, y: N, /) -> N: ...
@overload
def subtract(x: N, y: N, /) -> N:
    r"""The difference.

    z = x - y
    ∂z/∂x = 1
    ∂z/∂y = -1
    """

@overload
def multiply(x: float, y: float, /) -> float: ...
@overload
def multiply(x: N, y: float, /) -> N: ...
@overload
def multiply(x: float, y: N, /) -> N: ...
@overload
def multiply(x: N, y: N, /) -> N:
    r"""The product. It hands each operand the other's value times the upstream gradient.

    z = x * y
    ∂z/∂x = y
    ∂z/∂y = x
    """

@overload
def divide(x: float, y: float, /) -> float: ...
@overload
def divide(x: N, y: float, /) -> N: ...
@overload
def divide(x: float, y: N, /) -> N: ...
@overload
def divide(x: N, y: N, /) -> N:
    r"""The quotient.

        z = x / y
        ∂z/∂x = 1/y
        ∂z/∂y = -x/y**2

    Domain: y ≠ 0. Outside it: DomainError or DivisionByZeroError.
    """

@overload
def negate(x: float, /) -> float: ...
@overload
def negate(x: N, /) -> N:
    r"""The number of opposite sign.

    z = -x
    ∂z/∂x = -1
    """

@overload
def power(x: float, c: float, /) -> float: ...
@overload
def power(x: N, c: float, /) -> N:
    r"""x to a power that is a plain number; never takes a logarithm.

        z = x**c
        ∂z/∂x = c*x**(c - 1)
        c is a plain number

    Domain: a whole number c where x < 0, and c ≥ 0 where x = 0. Outside it: DomainError or DivisionByZeroError.
    """

@overload
def pow(x: float, y: float, /) -> float: ...
@overload
def pow(x: N, y: float, /) -> N: ...
@overload
def pow(x: float, y: N, /) -> N: ...
@overload
def pow(x: N, y: N, /) -> N:
    r"""x to a power that is a Value too.

        z = x**y
        ∂z/∂x = y*x**(y - 1)
        ∂z/∂y = x**y * log(x)

    Domain: a whole number y where x < 0, and y ≥ 0 where x = 0. Outside it: DomainError or DivisionByZeroError.
    """

@overload
def exp(x: float, /) -> float: ...
@overload
def exp(x: N, /) -> N:
    r"""The exponential, e to the power x.

    z = exp(x)
    ∂z/∂x = exp(x)
    """

@overload
def expm1(x: float, /) -> float: ...
@overload
def expm1(x: N, /) -> N:
    r"""exp(x) - 1, exact for small x.

    z = exp(x) - 1
    ∂z/∂x = exp(x)
    """

@overload
def log(x: float, /) -> float: ...
@overload
def log(x: N, /) -> N:
    r"""The natural logarithm.

        z = log(x)
        ∂z/∂x = 1/x

    Domain: x > 0. Outside it: DomainError or DivisionByZeroError.
    """

@overload
def log1p(x: float, /) -> float: ...
@overload
def log1p(x: N, /) -> N:
    r"""log(1 + x), exact for small x.

        z = log(1 + x)
        ∂z/∂x = 1/(1 + x)

    Domain: x > −1. Outside it: DomainError or DivisionByZeroError.
    """

@overload
def log2(x: float, /) -> float: ...
@overload
def log2(x: N, /) -> N:
    r"""The logarithm to base 2.

        z = log2(x)
        ∂z/∂x = 1/(x*log(2))

    Domain: x > 0. Outside it: DomainError or DivisionByZeroError.
    """

@overload
def log10(x: float, /) -> float: ...
@overload
def log10(x: N, /) -> N:
    r"""The logarithm to base 10.

        z = log10(x)
        ∂z/∂x = 1/(x*log(10))

    Domain: x > 0. Outside it: DomainError or DivisionByZeroError.
    """

@overload
def sqrt(x: float, /) -> float: ...
@overload
def sqrt(x: N, /) -> N:
    r"""The square root. At 0 it has a value but no finite derivative.

        z = sqrt(x)
        ∂z/∂x = 1/(2*sqrt(x))

    Domain: x ≥ 0. Outside it: DomainError or DivisionByZeroError.
    """

@overload
def log1mexp(x: float, /) -> float: ...
@overload
def log1mexp(x: N, /) -> N:
    r"""log(1 - exp(-x)), exact for small x and for large: the logarithm of the probability 1 - exp(-x).

        z = log(1 - exp(-x))
        ∂z/∂x = 1/expm1(x)

    Domain: x > 0. Outside it: DomainError or DivisionByZeroError.
    """

@overload
def logaddexp(x: float, y: float, /) -> float: ...
@overload
def logaddexp(x: N, y: float, /) -> N: ...
@overload
def logaddexp(x: float, y: N, /) -> N: ...
@overload
def logaddexp(x: N, y: N, /) -> N:
    r"""log(exp(x) + exp(y)): the sum of two numbers whose logarithms are x and y.

    z = log(exp(x) + exp(y))
    ∂z/∂x = sigmoid(x - y)
    ∂z/∂y = sigmoid(y - x)
    """

@overload
def xlogy(x: float, y: float, /) -> float: ...
@overload
def xlogy(x: N, y: float, /) -> N: ...
@overload
def xlogy(x: float, y: N, /) -> N: ...
@overload
def xlogy(x: N, y: N, /) -> N:
    r"""x·log(y), and 0 at (0, 0), as in an entropy; there ∂y is 0, and ∂x does not exist.

        z = x*log(y)
        ∂z/∂x = log(y)
        ∂z/∂y = x/y

    Domain: y ≥ 0, x = 0 where y = 0. Outside it: DomainError or DivisionByZeroError.
    """

@overload
def sin(x: float, /) -> float: ...
@overload
def sin(x: N, /) -> N:
    r"""The sine; x in radians.

    z = sin(x)
    ∂z/∂x = cos(x)
    """

@overload
def cos(x: float, /) -> float: ...
@overload
def cos(x: N, /) -> N:
    r"""The cosine; x in radians.

    z = cos(x)
    ∂z/∂x = -sin(x)
    """

@overload
def tan(x: float, /) -> float: ...
@overload
def tan(x: N, /) -> N:
    r"""The tangent; x in radians.

    z = tan(x)
    ∂z/∂x = 1 + tan(x)**2
    """

@overload
def asin(x: float, /) -> float: ...
@overload
def asin(x: N, /) -> N:
    r"""The arc sine, in radians from -π/2 to π/2. At ±1 it has a value but no finite derivative.

        z = asin(x)
        ∂z/∂x = 1/sqrt(1 - x**2)

    Domain: −1 ≤ x ≤ 1. Outside it: DomainError or DivisionByZeroError.
    """

@overload
def acos(x: float, /) -> float: ...
@overload
def acos(x: N, /) -> N:
    r"""The arc cosine, in radians from 0 to π. At ±1 it has a value but no finite derivative.

        z = acos(x)
        ∂z/∂x = -1/sqrt(1 - x**2)

    Domain: −1 ≤ x ≤ 1. Outside it: DomainError or DivisionByZeroError.
    """

@overload
def atan(x: float, /) -> float: ...
@overload
def atan(x: N, /) -> N:
    r"""The arc tangent, in radians from -π/2 to π/2.

    z = atan(x)
    ∂z/∂x = 1/(1 + x**2)
    """

@overload
def sinh(x: float, /) -> float: ...
@overload
def sinh(x: N, /) -> N:
    r"""The hyperbolic sine.

    z = sinh(x)
    ∂z/∂x = cosh(x)
    """

@overload
def cosh(x: float, /) -> float: ...
@overload
def cosh(x: N, /) -> N:
    r"""The hyperbolic cosine.

    z = cosh(x)
    ∂z/∂x = sinh(x)
    """

@overload
def tanh(x: float, /) -> float: ...
@overload
def tanh(x: N, /) -> N:
    r"""The hyperbolic tangent, from -1 to 1.

    z = tanh(x)
    ∂z/∂x = 1 - z**2
    """

@overload
def sech(x: float, /) -> float: ...
@overload
def sech(x: N, /) -> N:
    r"""The hyperbolic secant, 1 / cosh(x); its square is tanh's derivative.

    z = 1/cosh(x)
    ∂z/∂x = -z*tanh(x)
    """

@overload
def asinh(x: float, /) -> float: ...
@overload
def asinh(x: N, /) -> N:
    r"""The inverse of sinh.

    z = asinh(x)
    ∂z/∂x = 1/sqrt(x**2 + 1)
    """

@overload
def acosh(x: float, /) -> float: ...
@overload
def acosh(x: N, /) -> N:
    r"""The inverse of cosh, for x ≥ 1. At 1 it has a value but no finite derivative.

        z = acosh(x)
        ∂z/∂x = 1/sqrt(x**2 - 1)

    Domain: x ≥ 1. Outside it: DomainError or DivisionByZeroError.
    """

@overload
def atanh(x: float, /) -> float: ...
@overload
def atanh(x: N, /) -> N:
    r"""The inverse of tanh.

        z = atanh(x)
        ∂z/∂x = 1/(1 - x**2)

    Domain: −1 < x < 1. Outside it: DomainError or DivisionByZeroError.
    """

@overload
def hypot(x: float, y: float, /) -> float: ...
@overload
def hypot(x: N, y: float, /) -> N: ...
@overload
def hypot(x: float, y: N, /) -> N: ...
@overload
def hypot(x: N, y: N, /) -> N:
    r"""The length √(x² + y²); its derivative at the origin is taken as 0, and there is no second one.

    z = sqrt(x**2 + y**2)
    ∂z/∂x = x/z
    ∂z/∂y = y/z
    """

@overload
def rhypot(x: float, y: float, /) -> float: ...
@overload
def rhypot(x: N, y: float, /) -> N: ...
@overload
def rhypot(x: float, y: N, /) -> N: ...
@overload
def rhypot(x: N, y: N, /) -> N:
    r"""The reciprocal of a length, 1/√(x² + y²).

        z = 1/sqrt(x**2 + y**2)
        ∂z/∂x = -x*z**3
        ∂z/∂y = -y*z**3

    Domain: x and y not both 0. Outside it: DomainError or DivisionByZeroError.
    """

@overload
def atan2(y: float, x: float, /) -> float: ...
@overload
def atan2(y: N, x: float, /) -> N: ...
@overload
def atan2(y: float, x: N, /) -> N: ...
@overload
def atan2(y: N, x: N, /) -> N:
    r"""The angle of the point (x, y), in radians from -π to π. Note the order of the operands: y first.

    z = atan2(y, x)
    ∂z/∂y = x/(x**2 + y**2)
    ∂z/∂x = -y/(x**2 + y**2)
    """

@overload
def abs(x: float, /) -> float: ...
@overload
def abs(x: N, /) -> N:
    r"""The absolute value; its derivatives at 0, the first and the second, are taken as 0.

    z = abs(x)
    ∂z/∂x = sign(x)
    """

@overload
def sign(x: float, /) -> float: ...
@overload
def sign(x: N, /) -> N:
    r"""-1, 0 or 1.

    z = sign(x)
    ∂z/∂x = 0
    """

@overload
def heaviside(x: float, /) -> float: ...
@overload
def heaviside(x: N, /) -> N:
    r"""The step: 1 where x > 0, else 0.

    z = (x > 0)
    ∂z/∂x = 0
    """

@overload
def above(x: float, y: float, /) -> float: ...
@overload
def above(x: N, y: float, /) -> N: ...
@overload
def above(x: float, y: N, /) -> N: ...
@overload
def above(x: N, y: N, /) -> N:
    r"""1 where x > y, 1/2 at a tie, 0 where x < y.

    z = above(x, y)
    ∂z/∂x = 0
    ∂z/∂y = 0
    """

@overload
def maximum(x: float, y: float, /) -> float: ...
@overload
def maximum(x: N, y: float, /) -> N: ...
@overload
def maximum(x: float, y: N, /) -> N: ...
@overload
def maximum(x: N, y: N, /) -> N:
    r"""The larger operand; a tie splits the gradient evenly, and there the second derivative is taken as 0.

    z = maximum(x, y)
    ∂z/∂x = (x > y)
    ∂z/∂y = (y > x)
    """

@overload
def minimum(x: float, y: float, /) -> float: ...
@overload
def minimum(x: N, y: float, /) -> N: ...
@overload
def minimum(x: float, y: N, /) -> N: ...
@overload
def minimum(x: N, y: N, /) -> N:
    r"""The smaller operand; a tie splits the gradient evenly, and there the second derivative is taken as 0.

    z = minimum(x, y)
    ∂z/∂x = (x < y)
    ∂z/∂y = (y < x)
    """

@overload
def floor(x: float, /) -> float: ...
@overload
def floor(x: N, /) -> N:
    r"""The greatest whole number that is not above x; its derivative is 0, where it jumps too.

    z = floor(x)
    ∂z/∂x = 0
    """

@overload
def ceil(x: float, /) -> float: ...
@overload
def ceil(x: N, /) -> N:
    r"""The least whole number that is not below x; its derivative is 0, where it jumps too.

    z = ceil(x)
    ∂z/∂x = 0
    """

@overload
def trunc(x: float, /) -> float: ...
@overload
def trunc(x: N, /) -> N:
    r"""x without its fraction; its derivative is 0, where it jumps too.

    z = trunc(x)
    ∂z/∂x = 0
    """

@overload
def round_(x: float, /) -> float: ...
@overload
def round_(x: N, /) -> N:
    r"""The whole number next to x, of two as near the even one; its derivative is 0, where it jumps too.

    z = round_(x)
    ∂z/∂x = 0
    """

@overload
def sigmoid(x: float, /) -> float: ...
@overload
def sigmoid(x: N, /) -> N:
    r"""The logistic function, from 0 to 1.

    z = 1/(1 + exp(-x))
    ∂z/∂x = z*(1 - z)
    """

@overload
def log_sigmoid(x: float, /) -> float: ...
@overload
def log_sigmoid(x: N, /) -> N:
    r"""The logarithm of the logistic function.

    z = log(sigmoid(x))
    ∂z/∂x = 1 - sigmoid(x)
    """

@overload
def softplus(x: float, /) -> float: ...
@overload
def softplus(x: N, /) -> N:
    r"""A smooth relu, log(1 + exp(x)).

    z = log(1 + exp(x))
    ∂z/∂x = sigmoid(x)
    """

@overload
def relu(x: float, /) -> float: ...
@overload
def relu(x: N, /) -> N:
    r"""The rectifier, max(x, 0); its derivatives at 0, the first and the second, are taken as 0.

    z = maximum(x, 0)
    ∂z/∂x = (x > 0)
    """

@overload
def leaky_relu(x: float, a: float = ..., /) -> float: ...
@overload
def leaky_relu(x: N, a: float = ..., /) -> N: ...
@overload
def leaky_relu(x: float, a: N, /) -> N: ...
@overload
def leaky_relu(x: N, a: N, /) -> N:
    r"""x where x > 0, else a·x; its derivative at 0 is taken as a. Maas et al. 2013 have a = 0.01.

    z = (x > 0)*x + (x <= 0)*a*x
    ∂z/∂x = (x > 0) + (x <= 0)*a
    ∂z/∂a = (x <= 0)*x
    """

@overload
def elu(x: float, a: float = ..., /) -> float: ...
@overload
def elu(x: N, a: float = ..., /) -> N: ...
@overload
def elu(x: float, a: N, /) -> N: ...
@overload
def elu(x: N, a: N, /) -> N:
    r"""x where x > 0, else a·(exp(x) - 1); its derivative at 0 is taken as a. Clevert et al. 2015 have a = 1.

    z = (x > 0)*x + (x <= 0)*a*(exp(x) - 1)
    ∂z/∂x = (x > 0) + (x <= 0)*a*exp(x)
    ∂z/∂a = (x <= 0)*(exp(x) - 1)
    """

@overload
def mish(x: float, /) -> float: ...
@overload
def mish(x: N, /) -> N:
    r"""x·tanh(softplus(x)), a smooth relu that is below 0 for negative x (Misra 2019).

    z = x*tanh(log(1 + exp(x)))
    ∂z/∂x = tanh(softplus(x)) + x*sigmoid(x)/cosh(softplus(x))**2
    """

@overload
def softsign(x: float, /) -> float: ...
@overload
def softsign(x: N, /) -> N:
    r"""x / (1 + |x|), from -1 to 1 with slow tails; its second derivative at 0, where it jumps from 2 to -2, is taken as 0.

    z = x/(1 + abs(x))
    ∂z/∂x = 1/(1 + abs(x))**2
    """

@overload
def hardswish(x: float, /) -> float: ...
@overload
def hardswish(x: N, /) -> N:
    r"""x·min(max(x + 3, 0), 6)/6, silu from straight pieces and a parabola; its derivatives at -3 and 3 are taken as 0 and 1.

    z = x*minimum(maximum(x + 3, 0), 6)/6
    ∂z/∂x = (x > -3)*((x < 3)*(x/3 + 1/2) + (x >= 3))
    """

@overload
def erf(x: float, /) -> float: ...
@overload
def erf(x: N, /) -> N:
    r"""The error function, from -1 to 1.

    z = erf(x)
    ∂z/∂x = 2/sqrt(pi)*exp(-x**2)
    """

@overload
def erfc(x: float, /) -> float: ...
@overload
def erfc(x: N, /) -> N:
    r"""1 - erf(x), exact in its upper tail.

    z = 1 - erf(x)
    ∂z/∂x = -2/sqrt(pi)*exp(-x**2)
    """

@overload
def gaussian(x: float, /) -> float: ...
@overload
def gaussian(x: N, /) -> N:
    r"""The bell curve exp(-x²); erf's derivative up to a factor.

    z = exp(-x**2)
    ∂z/∂x = -2*x*z
    """

@overload
def lgamma(x: float, /) -> float: ...
@overload
def lgamma(x: N, /) -> N:
    r"""The logarithm of the gamma function, for x > 0: of (n - 1)! at a whole number n.

        z = lgamma(x)
        ∂z/∂x = digamma(x)

    Domain: x > 0. Outside it: DomainError or DivisionByZeroError.
    """

@overload
def digamma(x: float, /) -> float: ...
@overload
def digamma(x: N, /) -> N:
    r"""The derivative of lgamma, for x > 0.

        z = digamma(x)
        ∂z/∂x = psi(x, 1)

    Domain: x > 0. Outside it: DomainError or DivisionByZeroError.
    """

@overload
def psi(x: float, n: float, /) -> float: ...
@overload
def psi(x: N, n: float, /) -> N:
    r"""The n-th derivative of digamma, for x > 0 and a plain whole number n; polygamma(n, x) takes n = 0, too.

        z = psi(x, n)
        ∂z/∂x = psi(x, n + 1)
        n is a plain number

    Domain: x > 0, a whole number n ≥ 1. Outside it: DomainError or DivisionByZeroError.
    """

@overload
def stop_gradient(x: float, /) -> float: ...
@overload
def stop_gradient(x: N, /) -> N:
    r"""The same number, through which no gradient flows.

    z = stop_gradient(x)
    ∂z/∂x = 0
    """

class Methods(Node):
    """The rows as methods: x.exp(), x.hypot(y)."""

    def add(self, y: Value | float, /) -> Value:
        r"""The sum. It hands the upstream gradient on unchanged.

        z = x + y
        ∂z/∂x = 1
        ∂z/∂y = 1
        """

    def subtract(self, y: Value | float, /) -> Value:
        r"""The difference.

        z = x - y
        ∂z/∂x = 1
        ∂z/∂y = -1
        """

    def multiply(self, y: Value | float, /) -> Value:
        r"""The product. It hands each operand the other's value times the upstream gradient.

        z = x * y
        ∂z/∂x = y
        ∂z/∂y = x
        """

    def divide(self, y: Value | float, /) -> Value:
        r"""The quotient.

            z = x / y
            ∂z/∂x = 1/y
            ∂z/∂y = -x/y**2

        Domain: y ≠ 0. Outside it: DomainError or DivisionByZeroError.
        """

    def negate(self, /) -> Value:
        r"""The number of opposite sign.

        z = -x
        ∂z/∂x = -1
        """

    def power(self, c: float, /) -> Value:
        r"""x to a power that is a plain number; never takes a logarithm.

            z = x**c
            ∂z/∂x = c*x**(c - 1)
            c is a plain number

        Domain: a whole number c where x < 0, and c ≥ 0 where x = 0. Outside it: DomainError or DivisionByZeroError.
        """

    def pow(self, y: Value | float, /) -> Value:
        r"""x to a power that is a Value too.

            z = x**y
            ∂z/∂x = y*x**(y - 1)
            ∂z/∂y = x**y * log(x)

        Domain: a whole number y where x < 0, and y ≥ 0 where x = 0. Outside it: DomainError or DivisionByZeroError.
        """

    def exp(self, /) -> Value:
        r"""The exponential, e to the power x.

        z = exp(x)
        ∂z/∂x = exp(x)
        """

    def expm1(self, /) -> Value:
        r"""exp(x) - 1, exact for small x.

        z = exp(x) - 1
        ∂z/∂x = exp(x)
        """

    def log(self, /) -> Value:
        r"""The natural logarithm.

            z = log(x)
            ∂z/∂x = 1/x

        Domain: x > 0. Outside it: DomainError or DivisionByZeroError.
        """

    def log1p(self, /) -> Value:
        r"""log(1 + x), exact for small x.

            z = log(1 + x)
            ∂z/∂x = 1/(1 + x)

        Domain: x > −1. Outside it: DomainError or DivisionByZeroError.
        """

    def log2(self, /) -> Value:
        r"""The logarithm to base 2.

            z = log2(x)
            ∂z/∂x = 1/(x*log(2))

        Domain: x > 0. Outside it: DomainError or DivisionByZeroError.
        """

    def log10(self, /) -> Value:
        r"""The logarithm to base 10.

            z = log10(x)
            ∂z/∂x = 1/(x*log(10))

        Domain: x > 0. Outside it: DomainError or DivisionByZeroError.
        """

    def sqrt(self, /) -> Value:
        r"""The square root. At 0 it has a value but no finite derivative.

            z = sqrt(x)
            ∂z/∂x = 1/(2*sqrt(x))

        Domain: x ≥ 0. Outside it: DomainError or DivisionByZeroError.
        """

    def log1mexp(self, /) -> Value:
        r"""log(1 - exp(-x)), exact for small x and for large: the logarithm of the probability 1 - exp(-x).

            z = log(1 - exp(-x))
            ∂z/∂x = 1/expm1(x)

        Domain: x > 0. Outside it: DomainError or DivisionByZeroError.
        """

    def logaddexp(self, y: Value | float, /) -> Value:
        r"""log(exp(x) + exp(y)): the sum of two numbers whose logarithms are x and y.

        z = log(exp(x) + exp(y))
        ∂z/∂x = sigmoid(x - y)
        ∂z/∂y = sigmoid(y - x)
        """

    def xlogy(self, y: Value | float, /) -> Value:
        r"""x·log(y), and 0 at (0, 0), as in an entropy; there ∂y is 0, and ∂x does not exist.

            z = x*log(y)
            ∂z/∂x = log(y)
            ∂z/∂y = x/y

        Domain: y ≥ 0, x = 0 where y = 0. Outside it: DomainError or DivisionByZeroError.
        """

    def sin(self, /) -> Value:
        r"""The sine; x in radians.

        z = sin(x)
        ∂z/∂x = cos(x)
        """

    def cos(self, /) -> Value:
        r"""The cosine; x in radians.

        z = cos(x)
        ∂z/∂x = -sin(x)
        """

    def tan(self, /) -> Value:
        r"""The tangent; x in radians.

        z = tan(x)
        ∂z/∂x = 1 + tan(x)**2
        """

    def asin(self, /) -> Value:
        r"""The arc sine, in radians from -π/2 to π/2. At ±1 it has a value but no finite derivative.

            z = asin(x)
            ∂z/∂x = 1/sqrt(1 - x**2)

        Domain: −1 ≤ x ≤ 1. Outside it: DomainError or DivisionByZeroError.
        """

    def acos(self, /) -> Value:
        r"""The arc cosine, in radians from 0 to π. At ±1 it has a value but no finite derivative.

            z = acos(x)
            ∂z/∂x = -1/sqrt(1 - x**2)

        Domain: −1 ≤ x ≤ 1. Outside it: DomainError or DivisionByZeroError.
        """

    def atan(self, /) -> Value:
        r"""The arc tangent, in radians from -π/2 to π/2.

        z = atan(x)
        ∂z/∂x = 1/(1 + x**2)
        """

    def sinh(self, /) -> Value:
        r"""The hyperbolic sine.

        z = sinh(x)
        ∂z/∂x = cosh(x)
        """

    def cosh(self, /) -> Value:
        r"""The hyperbolic cosine.

        z = cosh(x)
        ∂z/∂x = sinh(x)
        """

    def tanh(self, /) -> Value:
        r"""The hyperbolic tangent, from -1 to 1.

        z = tanh(x)
        ∂z/∂x = 1 - z**2
        """

    def sech(self, /) -> Value:
        r"""The hyperbolic secant, 1 / cosh(x); its square is tanh's derivative.

        z = 1/cosh(x)
        ∂z/∂x = -z*tanh(x)
        """

    def asinh(self, /) -> Value:
        r"""The inverse of sinh.

        z = asinh(x)
        ∂z/∂x = 1/sqrt(x**2 + 1)
        """

    def acosh(self, /) -> Value:
        r"""The inverse of cosh, for x ≥ 1. At 1 it has a value but no finite derivative.

            z = acosh(x)
            ∂z/∂x = 1/sqrt(x**2 - 1)

        Domain: x ≥ 1. Outside it: DomainError or DivisionByZeroError.
        """

    def atanh(self, /) -> Value:
        r"""The inverse of tanh.

            z = atanh(x)
            ∂z/∂x = 1/(1 - x**2)

        Domain: −1 < x < 1. Outside it: DomainError or DivisionByZeroError.
        """

    def hypot(self, y: Value | float, /) -> Value:
        r"""The length √(x² + y²); its derivative at the origin is taken as 0, and there is no second one.

        z = sqrt(x**2 + y**2)
        ∂z/∂x = x/z
        ∂z/∂y = y/z
        """

    def rhypot(self, y: Value | float, /) -> Value:
        r"""The reciprocal of a length, 1/√(x² + y²).

            z = 1/sqrt(x**2 + y**2)
            ∂z/∂x = -x*z**3
            ∂z/∂y = -y*z**3

        Domain: x and y not both 0. Outside it: DomainError or DivisionByZeroError.
        """

    def atan2(self, x: Value | float, /) -> Value:
        r"""The angle of the point (x, y), in radians from -π to π. Note the order of the operands: y first.

        z = atan2(y, x)
        ∂z/∂y = x/(x**2 + y**2)
        ∂z/∂x = -y/(x**2 + y**2)
        """

    def abs(self, /) -> Value:
        r"""The absolute value; its derivatives at 0, the first and the second, are taken as 0.

        z = abs(x)
        ∂z/∂x = sign(x)
        """

    def sign(self, /) -> Value:
        r"""-1, 0 or 1.

        z = sign(x)
        ∂z/∂x = 0
        """

    def heaviside(self, /) -> Value:
        r"""The step: 1 where x > 0, else 0.

        z = (x > 0)
        ∂z/∂x = 0
        """

    def above(self, y: Value | float, /) -> Value:
        r"""1 where x > y, 1/2 at a tie, 0 where x < y.

        z = above(x, y)
        ∂z/∂x = 0
        ∂z/∂y = 0
        """

    def maximum(self, y: Value | float, /) -> Value:
        r"""The larger operand; a tie splits the gradient evenly, and there the second derivative is taken as 0.

        z = maximum(x, y)
        ∂z/∂x = (x > y)
        ∂z/∂y = (y > x)
        """

    def minimum(self, y: Value | float, /) -> Value:
        r"""The smaller operand; a tie splits the gradient evenly, and there the second derivative is taken as 0.

        z = minimum(x, y)
        ∂z/∂x = (x < y)
        ∂z/∂y = (y < x)
        """

    def floor(self, /) -> Value:
        r"""The greatest whole number that is not above x; its derivative is 0, where it jumps too.

        z = floor(x)
        ∂z/∂x = 0
        """

    def ceil(self, /) -> Value:
        r"""The least whole number that is not below x; its derivative is 0, where it jumps too.

        z = ceil(x)
        ∂z/∂x = 0
        """

    def trunc(self, /) -> Value:
        r"""x without its fraction; its derivative is 0, where it jumps too.

        z = trunc(x)
        ∂z/∂x = 0
        """

    def round_(self, /) -> Value:
        r"""The whole number next to x, of two as near the even one; its derivative is 0, where it jumps too.

        z = round_(x)
        ∂z/∂x = 0
        """

    def sigmoid(self, /) -> Value:
        r"""The logistic function, from 0 to 1.

        z = 1/(1 + exp(-x))
        ∂z/∂x = z*(1 - z)
        """

    def log_sigmoid(self, /) -> Value:
        r"""The logarithm of the logistic function.

        z = log(sigmoid(x))
        ∂z/∂x = 1 - sigmoid(x)
        """

    def softplus(self, /) -> Value:
        r"""A smooth relu, log(1 + exp(x)).

        z = log(1 + exp(x))
        ∂z/∂x = sigmoid(x)
        """

    def relu(self, /) -> Value:
        r"""The rectifier, max(x, 0); its derivatives at 0, the first and the second, are taken as 0.

        z = maximum(x, 0)
        ∂z/∂x = (x > 0)
        """

    def leaky_relu(self, a: Value | float = ..., /) -> Value:
        r"""x where x > 0, else a·x; its derivative at 0 is taken as a. Maas et al. 2013 have a = 0.01.

        z = (x > 0)*x + (x <= 0)*a*x
        ∂z/∂x = (x > 0) + (x <= 0)*a
        ∂z/∂a = (x <= 0)*x
        """

    def elu(self, a: Value | float = ..., /) -> Value:
        r"""x where x > 0, else a·(exp(x) - 1); its derivative at 0 is taken as a. Clevert et al. 2015 have a = 1.

        z = (x > 0)*x + (x <= 0)*a*(exp(x) - 1)
        ∂z/∂x = (x > 0) + (x <= 0)*a*exp(x)
        ∂z/∂a = (x <= 0)*(exp(x) - 1)
        """

    def mish(self, /) -> Value:
        r"""x·tanh(softplus(x)), a smooth relu that is below 0 for negative x (Misra 2019).

        z = x*tanh(log(1 + exp(x)))
        ∂z/∂x = tanh(softplus(x)) + x*sigmoid(x)/cosh(softplus(x))**2
        """

    def softsign(self, /) -> Value:
        r"""x / (1 + |x|), from -1 to 1 with slow tails; its second derivative at 0, where it jumps from 2 to -2, is taken as 0.

        z = x/(1 + abs(x))
        ∂z/∂x = 1/(1 + abs(x))**2
        """

    def hardswish(self, /) -> Value:
        r"""x·min(max(x + 3, 0), 6)/6, silu from straight pieces and a parabola; its derivatives at -3 and 3 are taken as 0 and 1.

        z = x*minimum(maximum(x + 3, 0), 6)/6
        ∂z/∂x = (x > -3)*((x < 3)*(x/3 + 1/2) + (x >= 3))
        """

    def erf(self, /) -> Value:
        r"""The error function, from -1 to 1.

        z = erf(x)
        ∂z/∂x = 2/sqrt(pi)*exp(-x**2)
        """

    def erfc(self, /) -> Value:
        r"""1 - erf(x), exact in its upper tail.

        z = 1 - erf(x)
        ∂z/∂x = -2/sqrt(pi)*exp(-x**2)
        """

    def gaussian(self, /) -> Value:
        r"""The bell curve exp(-x²); erf's derivative up to a factor.

        z = exp(-x**2)
        ∂z/∂x = -2*x*z
        """

    def lgamma(self, /) -> Value:
        r"""The logarithm of the gamma function, for x > 0: of (n - 1)! at a whole number n.

            z = lgamma(x)
            ∂z/∂x = digamma(x)

        Domain: x > 0. Outside it: DomainError or DivisionByZeroError.
        """

    def digamma(self, /) -> Value:
        r"""The derivative of lgamma, for x > 0.

            z = digamma(x)
            ∂z/∂x = psi(x, 1)

        Domain: x > 0. Outside it: DomainError or DivisionByZeroError.
        """

    def psi(self, n: float, /) -> Value:
        r"""The n-th derivative of digamma, for x > 0 and a plain whole number n; polygamma(n, x) takes n = 0, too.

            z = psi(x, n)
            ∂z/∂x = psi(x, n + 1)
            n is a plain number

        Domain: x > 0, a whole number n ≥ 1. Outside it: DomainError or DivisionByZeroError.
        """

    def stop_gradient(self, /) -> Value:
        r"""The same number, through which no gradient flows.

        z = stop_gradient(x)
        ∂z/∂x = 0
        """

    def square(self) -> Value:
        """x·x, or x². One node: the row `power` with exponent 2, whose derivative is 2·x."""

    def clip(self, low: Any, high: Any) -> Value:
        """x kept between low and high; the derivative is 1 from low to high, both included, and 0 outside."""

    def silu(self) -> Value:
        """x·sigmoid(x), also called swish (Elfwing et al. 2017, arXiv:1702.03118)."""

    def gelu(self) -> Value:
        """x·Φ(x) with Φ the normal distribution function, as ½·x·erfc(-x/√2) (Hendrycks and Gimpel 2016, arXiv:1606.08415)."""

    def gelu_tanh(self) -> Value:
        """The tanh approximation of gelu: ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), from the same paper."""

