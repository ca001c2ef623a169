"""The texts by which acceptance data are asked for and handed over, ready to copy: which customers, exactly which data.

Nobody is sent anything (R18); the exchange is outside the system (R23).
"""

from collections.abc import Iterable, Sequence

from agreegate.i18n import text

DATA = ("first-name", "last-name", "email", "phone", "date")
"""What is asked for (R15), as the last part of catalogue keys."""

Named = tuple[str, str]
"""A customer: its id, and its company's name."""


def request_text(provider: str, reseller: str, agreement: str, customers: Iterable[Named], language: str) -> str:
    """A provider asks a reseller for its customers' data."""
    opening = [
        text("collection.letter.hello", language, name=reseller),
        "",
        text("collection.letter.why", language, provider=provider, agreement=agreement),
        text("collection.letter.asked", language),
    ]
    closing = [text("collection.letter.otherwise", language)]
    return _letter(opening, closing, customers, language)


def answer_text(provider: str, agreement: str, customers: Iterable[Named], language: str) -> str:
    """A reseller hands the data over to its provider."""
    opening = [
        text("collection.letter.hello", language, name=provider),
        "",
        text("collection.letter.given", language, agreement=agreement),
    ]
    return _letter(opening, [], customers, language)


def _letter(opening: Sequence[str], closing: Sequence[str], customers: Iterable[Named], language: str) -> str:
    lines = [
        *opening,
        "",
        text("collection.letter.who", language),
        text("collection.letter.nobody", language),
        text("collection.letter.text", language),
        text("collection.letter.papers", language),
        text("collection.letter.use", language),
        *closing,
    ]
    for customer, name in customers:
        lines += ["", _filled("collection.column.customer", name, language)]
        lines.append(_filled("collection.column.customer-id", customer, language))
        lines += [_filled(f"collection.data.{member}", "", language) for member in DATA]
    return "\n".join(lines) + "\n"


def _filled(label: str, value: str, language: str) -> str:
    return text("collection.letter.line", language, label=text(label, language), value=value).rstrip()
