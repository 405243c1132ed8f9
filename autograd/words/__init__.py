"""The words that people read on pages, in pictures and in steps, in every language there is: one table, one row a sentence, one column
a language.

`said("step.forward", name="C")` is a sentence. As a text it is English; `into("ko")` is the same in another column. What stands in its
slots may be a sentence itself. In the table a slot is {name}; {count:path|paths} is a count with its noun; {name:을} is a word with the
Korean particle that goes with it, 을 or 를. A third language is one more column in each file of this room, and one more name in LANGUAGES.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, Self

from .. import given
from . import examples, page, pictures, steps

Language = Literal["en", "ko"]

LANGUAGES = {"en": "English", "ko": "한국어"}
"""The columns of the table, in order, each with what its language calls itself."""

TABLE: dict[str, tuple[str, ...]] = {**page.ROWS, **steps.ROWS, **pictures.ROWS, **examples.ROWS}

_SLOT = re.compile(r"\{(\w+)(?::([^}]*))?\}")


class Said(str):
    """A sentence of the table with what stands in its slots. It is a text, the English one; `into` says it in another language."""

    __slots__ = ("key", "slots")
    key: str
    slots: dict[str, str]

    def __new__(cls, key: str, slots: Mapping[str, str]) -> Self:
        """The sentence; a KeyError where the table has no such row, or the sentence a slot that is empty."""
        self = super().__new__(cls, _filled(TABLE[key][0], slots, "en"))
        self.key, self.slots = key, dict(slots)
        return self

    def __reduce__(self) -> tuple[type[Self], tuple[str, dict[str, str]]]:
        """So that copies and pickles are made as this one was."""
        return type(self), (self.key, self.slots)

    def into(self, lang: str) -> str:
        """The sentence in a language."""
        return _filled(TABLE[self.key][list(LANGUAGES).index(lang)], self.slots, lang)

    @property
    def carried(self) -> list[Any]:
        """The sentence for a page's script: its row, and what stands in its slots."""
        return [self.key, {name: carried(text) for name, text in self.slots.items()}]


def said(row: str, /, **slots: object) -> Said:
    """The sentence of that row. What is no text yet is written as `str` does, whole numbers from 1,000 on with commas."""
    texts = {name: x if isinstance(x, str) else f"{x:,}" if isinstance(x, int) else str(x) for name, x in slots.items()}
    return Said(row, texts)


def into(text: str, lang: str) -> str:
    """A text in a language: that of a sentence of the table; any other text as it is, for it is somebody's own."""
    return text.into(lang) if isinstance(text, Said) else text


def carried(text: str) -> Any:
    """A text for a page's script, which says sentences of the table in the language that its reader chooses."""
    return text.carried if isinstance(text, Said) else text


def keys_of(thing: Any) -> Iterator[str]:
    """The rows of the table that sentences for a script are of."""
    if isinstance(thing, list) and len(thing) == 2 and isinstance(thing[0], str) and isinstance(thing[1], dict) and thing[0] in TABLE:
        yield thing[0]
    for part in thing.values() if isinstance(thing, dict) else thing if isinstance(thing, list) else ():
        yield from keys_of(part)


def check_language(lang: object) -> Language:
    """The language; a ValueError that lists them where it is none of the table's."""
    given.choice(lang, tuple(LANGUAGES), "lang")
    return lang  # type: ignore[return-value]


def _filled(text: str, slots: Mapping[str, str], lang: str) -> str:
    def fill(found: re.Match[str]) -> str:
        word, how = into(slots[found[1]], lang), found[2]
        if not how:
            return word
        one, _, many = how.partition("|")
        return f"{word} {one if word == '1' else many}" if many else word + particle(word, how)

    return _SLOT.sub(fill, text)


# ------------------------------------------------------------------------------------------------------------------------
# Korean particles. A word's last sound says which of two goes with it; page.js does the same.

PARTICLES = {"을": "를", "이": "가", "은": "는", "과": "와", "으로": "로", "이라": "라"}
"""After a consonant, and after a vowel."""
CLOSED = "0136780LMNRlmnr²³¹⁰⁴⁵⁶⁷⁸⁹₀₁₃₆₇₈"
"""Digits and letters whose Korean names end in a consonant: 영, 일, 삼, 육, 칠, 팔, 엘, 엠, 엔, 알, and 제곱
after any power."""
LIQUID = "178LRlr₁₇₈"
"""Those that end in ㄹ, after which 로 follows as after a vowel."""


def particle(word: str, after_consonant: str) -> str:
    """The particle that goes with a word; both, as 을(를), after a word in Latin letters, whose sound the letters do not tell.

    >>> "C" + particle("C", "을"), "w₁" + particle("w₁", "을"), "price" + particle("price", "을")
    ('C를', 'w₁을', 'price을(를)')
    """
    other = PARTICLES[after_consonant]
    both = "(으)로" if other == "로" else "(이)라" if other == "라" else f"{after_consonant}({other})"
    heard = re.sub(r"[^\w%²³¹⁰⁴-⁹₀-₉]+$", "", word)
    if not heard or re.search(r"[^\W\d_][A-Za-z]$", heard):
        return both if heard else other
    last = heard[-1]
    if "가" <= last <= "힣":
        final = (ord(last) - ord("가")) % 28
        closed, liquid = final > 0, final == 8
    elif last.isascii() or last in CLOSED or last in "₂₄₅₉" or last in "αβγδζηθικλμνξορστυφχψωΣΔ∞":
        closed, liquid = last in CLOSED, last in LIQUID
    else:
        return both
    return after_consonant if closed and not (liquid and other == "로") else other
