"""The command line: `python -m autograd`, also installed as `glassgrad`.

Exit codes: 0 all is well, 1 a run failed, 2 the command line was wrong, 130 interrupted, 141 the reader of our output left.

entry        begins and ends a run: reads the words, turns errors into messages and exit codes
pictures     no command, `example` and `draw`: numbers as tables, and pictures
gradients    `grad`: value, gradient and Hessian of an expression
steps        `step`: a sweep step by step, and its page
programs     `source`: an expression or an example as a program
checking     `check`: the derivatives of this installation, proved
about        `list`, `train`, `cache` and `doctor`
expressions  what all commands share that take an expression
commands     what all commands share
output       what is printed

A new command is a function `add` in a file of its own, or in a file of its kind, and `entry` names the file. The files import
other rooms only inside the functions that need them: what a command does not use costs it no time, and where another package has
overwritten half of this one, `doctor` still runs.
"""

from __future__ import annotations

from .entry import main

__all__ = ["main"]
