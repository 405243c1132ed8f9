"""The examples of SciPy's manual, with our derivatives where it writes its own by hand."""

from __future__ import annotations

from typing import Any

import pytest

from autograd import grad, hessian, hvp, jacobian, value_and_grad

np = pytest.importorskip("numpy")
optimize = pytest.importorskip("scipy.optimize")

START = np.array([1.3, 0.7, 0.8, 1.9, 1.2])


def rosen(x: Any) -> Any:
    """The Rosenbrock function, as the manual has it."""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2.0) ** 2.0 + (1 - x[:-1]) ** 2.0)


def test_derivatives_are_those_that_scipy_has_by_hand() -> None:
    """rosen_der, rosen_hess and rosen_hess_prod, also of SciPy's own function."""
    for f in (rosen, optimize.rosen):
        assert np.allclose(optimize.rosen_der(START), grad(f)(START), rtol=1e-13, atol=1e-11)
        assert np.allclose(optimize.rosen_hess(START), hessian(f)(START), rtol=1e-13, atol=1e-11)
        assert np.allclose(optimize.rosen_hess_prod(START, START), hvp(f, [START], [START])[0], rtol=1e-13, atol=1e-11)


WAYS: dict[str, dict[str, Any]] = {
    "BFGS, both at once": {"fun": value_and_grad(rosen), "jac": True, "method": "BFGS"},
    "BFGS": {"jac": grad(rosen), "method": "BFGS"},
    "CG": {"jac": grad(rosen), "method": "CG"},
    "L-BFGS-B": {"jac": grad(rosen), "method": "L-BFGS-B"},
    "TNC": {"jac": grad(rosen), "method": "TNC", "options": {"maxfun": 500}},
    "Newton-CG": {"jac": grad(rosen), "hess": hessian(rosen), "method": "Newton-CG", "tol": 1e-8},
    "Newton-CG by products": {
        "jac": grad(rosen), "hessp": lambda x, v: hvp(rosen, [x], [v])[0], "method": "Newton-CG", "tol": 1e-8,
    },
    "trust-ncg": {"jac": grad(rosen), "hess": hessian(rosen), "method": "trust-ncg"},
    "trust-exact": {"jac": grad(rosen), "hess": hessian(rosen), "method": "trust-exact"},
    "trust-krylov": {"jac": grad(rosen), "hess": hessian(rosen), "method": "trust-krylov"},
    "dogleg": {"fun": lambda x: np.sum((x - 1.0) ** 4 + x**2), "method": "dogleg"},
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_minimize(way: str) -> None:
    options = dict(WAYS[way])
    f = options.pop("fun", rosen)
    if way == "dogleg":
        options |= {"jac": grad(f), "hess": hessian(f)}
    found = optimize.minimize(f, START, **options)
    assert found.success
    expected = np.ones(5) if way != "dogleg" else np.full(5, 0.4102454876985416)
    assert np.allclose(expected, found.x, atol=1e-3)


def test_constrained() -> None:
    """The manual's problem with a nonlinear constraint, for SLSQP and for trust-constr."""

    def objective(x: Any) -> Any:
        return (x[0] - 1.0) ** 2 + (x[1] - 2.5) ** 2

    def disc(x: Any) -> Any:
        return 4.0 - x[0] ** 2 - x[1] ** 2

    by_slsqp = optimize.minimize(objective, [0.5, 0.5], jac=grad(objective), constraints={"type": "ineq", "fun": disc, "jac": grad(disc)})
    border = optimize.NonlinearConstraint(
        disc, 0.0, np.inf, jac=lambda x: np.array([grad(disc)(x)]), hess=lambda x, v: v[0] * hessian(disc)(x)
    )
    by_trust = optimize.minimize(
        objective, np.array([0.5, 0.5]), jac=grad(objective), hess=hessian(objective), method="trust-constr", constraints=border
    )
    expected = np.array([1.0, 2.5]) * 2.0 / np.hypot(1.0, 2.5)
    assert np.allclose(expected, by_slsqp.x, atol=1e-6)
    assert np.allclose(expected, by_trust.x, atol=1e-4)


def equations(x: Any) -> Any:
    return np.array([x[0] * np.cos(x[1]) - 4.0, x[1] * x[0] - x[1] - 5.0])


@pytest.mark.parametrize("method", ["hybr", "lm"])
def test_root(method: str) -> None:
    found = optimize.root(equations, [1.0, 1.0], jac=jacobian(equations), method=method)
    assert np.allclose([6.50409711, 0.90841421], found.x)
    assert np.allclose(found.x, optimize.fsolve(equations, [1.0, 1.0], fprime=jacobian(equations)))


def test_least_squares_and_curve_fit() -> None:
    u = np.array([4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])
    y = np.array([0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246])

    def model(u: Any, *p: Any) -> Any:
        return p[0] * (u**2 + p[1] * u) / (u**2 + p[2] * u + p[3])

    def slopes(p: Any) -> Any:
        return jacobian(lambda p: model(u, *p) - y)(p)

    begin = [2.5, 3.9, 4.15, 3.9]
    found = optimize.least_squares(lambda p: model(u, *p) - y, begin, jac=slopes, bounds=(0, 100))
    assert np.allclose([0.192806, 0.191304, 0.123052, 0.136074], found.x, atol=1e-5)
    fitted, _ = optimize.curve_fit(model, u, y, p0=begin, jac=lambda u, *p: slopes(np.array(p)), bounds=(0, 100))
    assert np.allclose(found.x, fitted, atol=1e-5)


def test_scalars() -> None:
    def f(x: Any) -> Any:
        return x**3 - 1.0

    assert 1.0 == pytest.approx(optimize.newton(f, 1.5, fprime=grad(f), fprime2=grad(grad(f))))
    assert 1.0 == pytest.approx(optimize.root_scalar(f, x0=3.0, fprime=grad(f), method="newton").root)
    assert optimize.check_grad(rosen, grad(rosen), START) < 1e-3
