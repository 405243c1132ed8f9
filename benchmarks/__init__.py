"""Ratios against peers, measured in one run: `python -m benchmarks` from the root of the repository.

__main__    the command line: what is measured, and what each figure is held against
workloads   the programs, each written once for every contender
contenders  who runs them, and how each gets its engine
arrays      the contenders that compute whole batches: packed, by hand, and installed; needs NumPy
slots       one contender: a plain node with tuples, written here
peers       an environment of its own for each contender that is installed
worker      the process in which one contender runs one workload
report      tables, files and the plot
"""
