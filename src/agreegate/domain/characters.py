"""Kinds of characters that text for people may or may not have."""

from unicodedata import category

CONTROL = frozenset({"Cc", "Cs"})
"""Control characters, and halves of a character, which no database keeps."""
UNSEEN = CONTROL | {"Cf"}
"""Control characters, and format characters, which nobody sees: an address with one misleads. Names need them in some scripts."""
_BLANK = UNSEEN | {"Zs", "Zl", "Zp"}
"""What is nothing to a reader, however much there is of it."""


def controls(text: str) -> bool:
    """Whether a text has control characters or halves of characters.

    Blanks of every width, joiners and directional marks are none: French, Japanese, Persian and Hebrew need them.
    """
    return any(category(character) in CONTROL for character in text)


def nothing_to_read(text: str) -> bool:
    """Whether a reader would see nothing: there is no character, or none that shows."""
    return all(category(character) in _BLANK for character in text)


def fits_line(text: str, least: int, most: int) -> bool:
    """Whether a text without blanks around it can be a name: one line of `least` to `most` characters that shows something."""
    return least <= len(text) <= most and not controls(text) and not (text and nothing_to_read(text))
