"""The search for customers: by typed text, state, reseller and country."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from agreegate.domain.customers.customer import search_key
from agreegate.domain.partner import PartnerId
from agreegate.domain.standing import State

LONGEST_TEXT = 200
MOST_WORDS = 8
"""Maximum number of words in a search."""
LONGEST_WORD = 32
"""Maximum length of a word in the index. Longer words are cut, in names and in searches."""
LONGEST_ADDRESS = 64
"""Maximum length of an e-mail address in the index, with an `@` before it. Longer addresses are cut."""
LISTED = (State.CONFIRMED, State.OUTDATED, State.OVERDUE, State.NOT_CONFIRMED, State.NO_LONGER_AGREES)
"""The states that lists count and filter by, in the order in which pages show them."""
SHORTEST_ID = 4
"""Minimum length of the beginning of a customer id."""

_WRITTEN_WITHOUT_SPACES = (
    "\u1100-\u11ff\u3005-\u3007\u3031-\u3035\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u3131-\u318e"
    "\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97c\uac00-\ud7fb\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Han, Hiragana, Katakana, Bopomofo and Hangul, for a regular expression."""
_RUN = re.compile(f"([{_WRITTEN_WITHOUT_SPACES}]+)")
_PLAIN_WORD = re.compile("[a-z0-9]+")
_NO_LETTER = re.compile(r"[\W_]")
_DOMAIN = re.compile("[a-z0-9.-]+")
_ID_TEMPLATE = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
_GROUPS = (8, 12, 16, 20)
"""Numbers of digits after which a GUID has a hyphen."""
_HEX_WORD = re.compile("[a-f]{1,7}")


@dataclass(frozen=True, slots=True)
class CustomerSearch:
    """A search for customers; every condition must fit."""

    text: str = ""
    """The beginnings of words of the name, of the domain, or of a customer id; see `persons`."""
    state: State | None = None
    country: str | None = None
    """Two capitals."""
    reseller: PartnerId | None = None
    persons: bool = False
    """Also find customers by the person who accepted; only for readers who may read persons."""

    @property
    def typed(self) -> str:
        """The typed text, folded and without surrounding blanks."""
        return search_key(self.text[:LONGEST_TEXT]).strip()

    @property
    def words(self) -> tuple[str, ...]:
        """The different typed words, at most `MOST_WORDS`; each is the beginning of a word of the index."""
        cut = dict.fromkeys(word[:LONGEST_WORD] for word in words_in(self.text[:LONGEST_TEXT]))
        return tuple(cut)[:MOST_WORDS]

    @property
    def person_words(self) -> tuple[str, ...]:
        """The typed words that also find persons. The words of an e-mail address do not."""
        return self.words if self.persons and "@" not in self.typed else ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """The typed beginning of an e-mail address or its domain, as words of the index; empty for a plain word."""
        typed = self.typed
        if not self.persons or typed in self.words or len(typed.split()) != 1:
            return ()
        beginning = typed.removeprefix("@")
        return (f"@{beginning}"[:LONGEST_ADDRESS], beginning[:LONGEST_ADDRESS])

    @property
    def domain(self) -> str | None:
        """The typed beginning of a domain name; None: no domain name begins like this."""
        typed = self.typed
        return typed if _DOMAIN.fullmatch(typed) else None

    @property
    def customer(self) -> str | None:
        """The typed beginning of a customer id, with or without braces and hyphens; None: the text is no id.

        An id has at least four characters. Up to seven letters without a digit are a word, such as *café*.
        """
        typed = self.typed.removeprefix("{").removesuffix("}")
        if "-" not in typed:
            typed = "-".join(typed[a:b] for a, b in zip((0, *_GROUPS), (*_GROUPS, None), strict=True) if typed[a:b])
        if not SHORTEST_ID <= len(typed) <= len(_ID_TEMPLATE) or _HEX_WORD.fullmatch(typed):
            return None
        fits = all(
            (c == "-") if place == "-" else c in "0123456789abcdef"
            for c, place in zip(typed, _ID_TEMPLATE, strict=False)
        )
        return typed if fits else None


def words_in(text: str) -> Iterator[str]:
    """Return the words of a text, folded, in order: runs of letters, marks and digits.

    Chinese, Japanese and Korean parts of a word are words of their own.
    """
    folded = search_key(text)
    if folded.isascii():
        yield from _PLAIN_WORD.findall(folded)
        return
    for word in _NO_LETTER.sub(_mark_or_blank, folded).split():
        yield from filter(None, _RUN.split(word))


def index_words(name: str) -> frozenset[str]:
    """Return the words of the index for a name; a search finds the name by the beginning of each.

    A Chinese, Japanese or Korean name is found by any part, because the index has every rest of its words.
    """
    words = set[str]()
    for word in words_in(name):
        begins = range(len(word)) if is_part_of_word(word) else range(1)
        words.update(word[begin : begin + LONGEST_WORD] for begin in begins)
    return frozenset(words)


def spaced_words(name: str) -> str:
    """Return the words of a name in order, each after a blank, for searches by several words."""
    return "".join(f" {word}" for word in words_in(name))


def is_part_of_word(word: str) -> bool:
    """Return whether a search finds the word inside words of the index, not only at their beginning."""
    return _RUN.match(word) is not None


def _mark_or_blank(found: re.Match[str]) -> str:
    return found[0] if unicodedata.category(found[0])[0] == "M" else " "
