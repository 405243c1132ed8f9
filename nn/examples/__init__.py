"""Worked examples of networks: what vanishes, why backpropagation, and learning. Each is a small program that returns its numbers."""

from __future__ import annotations

from . import learning, vanishing, why_backpropagation

__all__ = ["learning", "vanishing", "why_backpropagation"]
