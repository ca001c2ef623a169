"""The characters that text for people may have."""

from unicodedata import category

CONTROL = frozenset({"Cc", "Cs"})
"""Control characters, and halves of a character, which no database stores."""
UNSEEN = CONTROL | {"Cf"}
"""Control and format characters, which nobody sees. An address with one misleads; names need them in some scripts."""
_BLANK = UNSEEN | {"Zs", "Zl", "Zp"}
"""Characters that show nothing."""


def controls(text: str) -> bool:
    """Whether a text has control characters or halves of characters.

    Blanks of every width, joiners and directional marks are allowed: French, Japanese, Persian and Hebrew need them.
    """
    return any(category(character) in CONTROL for character in text)


def nothing_to_read(text: str) -> bool:
    """Whether a text shows nothing."""
    return all(category(character) in _BLANK for character in text)


def fits_line(text: str, least: int, most: int) -> bool:
    """Whether a text without surrounding blanks can be a name: one line of `least` to `most` characters that shows something."""
    return least <= len(text) <= most and not controls(text) and not (text and nothing_to_read(text))
