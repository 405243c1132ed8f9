"""Derivatives held against difference quotients, which know nothing of rules or graphs.

    (f(x + h) − f(x − h)) / 2h = f′(x) + f‴(x)·h²/6 + f⁽⁵⁾(x)·h⁴/120 + …

Two errors pull on the step. *Truncation*, the terms in h², h⁴, …, wants it small; *rounding* wants it large, for if each value
of f may be off by δ, the quotient may be off by δ/h. A single quotient balances the two at h ≈ ε^⅓, and has then a third of a
float's digits left to lose. Halving the step and combining the quotients so that h², then h⁴, … cancel (Richardson 1911; Romberg
1955; with this stopping rule, Ridders 1982) leaves twice as many digits. Every entry of that tableau gets two numbers beside it:

- *truncation*: how far it lies from the two entries it was made of, which are less accurate than it is;
- *rounding*: δ/h, sent through the same combinations with every minus turned into a plus.

The entry with the least sum is the estimate, and that sum its error. Where does δ come from? For one row of the table it is
`ROUNDING` units in the last place of the result. For an output far downstream of a node, every operation in between adds so many
units of its own result, times the absolute local derivatives from there to the output. A bound for a gradient has one more part,
for the gradient itself is rounded: a product along a path of m operations is off by at most about m·`ROUNDING`·ε, and the sum of
its absolute contributions says of what. Near 0 this relative error is not all, since the floats there are `LEAST` apart whatever their
size: a local derivative may be off by `ROUNDING` of these, a product by one, and the local derivatives that follow multiply the loss.

Where estimate and derivative disagree, nothing is said yet: the quotients are taken anew with much smaller steps, the noise of f is
measured, and only a disagreement that much smaller steps confirm, and steps of an odd ratio, and that bends as smooth functions do, is
called one. A `Report` has words for the other cases too.

The files, lower ones first:

differences    quotients of a function of one number, extrapolated to step 0, each with its error
complex_step   f(x + ih) for a tiny h: complex numbers that rows take
judging        what differences say about a number that should be a derivative; the derivatives of one row
report         what was found, in words and as a table
graphs         a recorded graph: its edges by their own rows, its nodes by a replay
functions      a function and its inputs
chance         random numbers, operands and graphs
exact          rows and graphs in 50 digits
ladder         every check on one row
mutants        mistakes made on purpose, which the checks must find
prove          all of it for all rows, counted
"""
