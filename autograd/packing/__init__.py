"""Packing: a scalar graph made into its own matrix equations, for whole batches of numbers, at the speed of arrays."""
