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
    """Return the text by which a provider asks a reseller for its customers' data."""
    opening = [
        text("reseller-request.letter.hello", language, name=reseller),
        "",
        text("reseller-request.letter.why", language, provider=provider, agreement=agreement),
        text("reseller-request.letter.asked", language),
    ]
    closing = [text("reseller-request.letter.otherwise", language)]
    return _letter(opening, closing, customers, language)


def answer_text(provider: str, agreement: str, customers: Iterable[Named], language: str) -> str:
    """Return the text by which a reseller hands the data over to its provider."""
    opening = [
        text("reseller-request.letter.hello", language, name=provider),
        "",
        text("reseller-request.letter.given", language, agreement=agreement),
    ]
    return _letter(opening, [], customers, language)


def _letter(opening: Sequence[str], closing: Sequence[str], customers: Iterable[Named], language: str) -> str:
    lines = [
        *opening,
        "",
        text("reseller-request.letter.who", language),
        text("reseller-request.letter.nobody", language),
        text("reseller-request.letter.text", language),
        text("reseller-request.letter.papers", language),
        text("reseller-request.letter.use", language),
        *closing,
    ]
    for customer, name in customers:
        lines += ["", _filled("word.customer", name, language)]
        lines.append(_filled("reseller-request.column.customer-id", customer, language))
        lines += [_filled(f"reseller-request.data.{member}", "", language) for member in DATA]
    return "\n".join(lines) + "\n"


def _filled(label: str, value: str, language: str) -> str:
    return text("reseller-request.letter.line", language, label=text(label, language), value=value).rstrip()
