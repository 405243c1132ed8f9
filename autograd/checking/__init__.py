"""Derivatives checked, in several ways."""
