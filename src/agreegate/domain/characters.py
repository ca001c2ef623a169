"""Kinds of characters that text for people may or may not have."""

from unicodedata import category

CONTROL = frozenset({"Cc", "Cs"})
"""Control characters, and halves of a character, which no database keeps."""
UNSEEN = CONTROL | {"Cf"}
"""Control characters, and format characters, which nobody sees: an address with one misleads. Names need them in some scripts."""
_BLANK = UNSEEN | {"Zs", "Zl", "Zp"}
"""What is nothing to a reader, however much there is of it."""


def nothing_to_read(text: str) -> bool:
    """Whether a reader would see nothing: there is no character, or none that shows."""
    return all(category(character) in _BLANK for character in text)
