"""Derivative checkers raced: our calls, PyTorch's, JAX's, HIPS autograd's and plain differences, on rules that people wrote.

cases      what a case is, and how it becomes a function of ours
wrong      wrong rules from public bug reports, each with its right twin
right      right rules as engineers first write them
intervals  a slope twice too large in one interval only
ours       what our calls say
others     what the other checkers say, each in an environment of its own
"""
