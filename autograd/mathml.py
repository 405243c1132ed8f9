"""LaTeX as MathML, which browsers show: of the LaTeX that `typeset` writes."""

from __future__ import annotations

import html
import re

from . import given
from .typeset import ESCAPED, GREEK

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[0-9]+(?:\.[0-9]+)?|\s+|.", re.DOTALL)
_SIGNS = {r"\cdot": "·", r"\times": "×", r"\ge": "≥", r"\le": "≤", r"\pm": "±", "-": "−", r"\to": "→", r"\ldots": "…"}
_LETTERS = {f"\\{word}": letter for word, letter in GREEK.items()} | {r"\partial": "∂", r"\infty": "∞"}


def mathml(source: str) -> str:
    r"""LaTeX as MathML: fractions, roots, indices, brackets, words. An unknown command shows its name.

    >>> mathml(r"\frac{x}{y^{2}}")
    '<math><mfrac><mi>x</mi><msup><mi>y</mi><mn>2</mn></msup></mfrac></math>'
    """
    tokens = _TOKEN.findall(given.text(source, "source", "mathml"))
    tokens.reverse()
    return f"<math>{''.join(_row(tokens))}</math>"


def _row(tokens: list[str]) -> list[str]:
    """The atoms up to the end of a group."""
    atoms: list[str] = []
    while tokens and tokens[-1] not in ("}", r"\right"):
        token = tokens.pop()
        if token in ("^", "_") and atoms:
            tag = "msup" if token == "^" else "msub"
            atoms.append(f"<{tag}>{atoms.pop()}{_argument(tokens)}</{tag}>")
        elif not token.isspace():
            tokens.append(token)
            atoms.append(_atom(tokens))
    return atoms


def _argument(tokens: list[str]) -> str:
    """One atom or one group, as a single element."""
    while tokens and tokens[-1].isspace():
        tokens.pop()
    if not tokens or tokens[-1] != "{":
        return _atom(tokens) if tokens else "<mrow></mrow>"
    tokens.pop()
    atoms = _row(tokens)
    if tokens:
        tokens.pop()
    return atoms[0] if len(atoms) == 1 else f"<mrow>{''.join(atoms)}</mrow>"


def _atom(tokens: list[str]) -> str:
    token = tokens.pop()
    if token == "{":
        tokens.append(token)
        return _argument(tokens)
    if token == r"\frac":
        return f"<mfrac>{_argument(tokens)}{_argument(tokens)}</mfrac>"
    if token == r"\sqrt":
        return f"<msqrt>{_argument(tokens)}</msqrt>"
    if token == r"\left":
        left = html.escape(tokens.pop()) if tokens else ""
        inside = "".join(_row(tokens))
        end = tokens[-2:]  # the token after \right, then \right
        del tokens[-2:]
        return f"<mrow><mo>{left}</mo>{inside}<mo>{html.escape(end[0]) if len(end) == 2 else ''}</mo></mrow>"
    if token in (r"\operatorname", r"\mathrm", r"\text"):
        tag = "mtext" if token == r"\text" else "mi"
        return f"<{tag}>{html.escape(_verbatim(tokens))}</{tag}>"
    if token in _LETTERS:
        return f"<mi>{_LETTERS[token]}</mi>"
    if token[0].isdigit():
        return f"<mn>{token}</mn>"
    if token[0] == "\\" and len(token) > 1 and token not in _SIGNS:
        return f"<mi>{html.escape(token[1:])}</mi>"
    return f"<mi>{html.escape(token)}</mi>" if token.isalpha() else f"<mo>{html.escape(_SIGNS.get(token, token))}</mo>"


def _verbatim(tokens: list[str]) -> str:
    """The text of a group in braces, with what was escaped as it was."""
    text, depth = "", 0
    unescaped = {word.removesuffix("{}"): c for c, word in ESCAPED.items()}
    while tokens:
        token = tokens.pop()
        depth += (token == "{") - (token == "}")
        if token in unescaped:
            text += unescaped[token]
        elif token not in ("{", "}"):
            text += token
        if depth == 0:
            break
    return text
