"""Stands on the `autograd` of this distribution, and refuses another package of that name."""

import autograd as _autograd

if not hasattr(_autograd, "PRIMITIVES"):
    _where = getattr(_autograd, "__file__", None) or next(iter(getattr(_autograd, "__path__", ["an unknown place"])))
    raise ImportError(
        f"nn needs the autograd that comes with glassgrad, but `import autograd` found another package, at {_where}."
        " Remedy: pip uninstall autograd glassgrad, then pip install glassgrad; or use an environment of its own."
    )
