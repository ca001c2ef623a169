"""The texts by which acceptance data are asked for and handed over, ready to copy: which customers, exactly which data.

Nobody is sent anything (R18); the exchange is outside the system (R23).
"""

from collections.abc import Iterable, Sequence

from agreegate.i18n import text

DATA = ("first-name", "last-name", "email", "phone", "date")
"""What is asked for (R15), as the last part of catalogue keys."""

Named = tuple[str, str]
"""A customer: its id, and its company's name."""


def request_text(provider: str, reseller: str, agreement: str, customers: Iterable[Named], spoken: str) -> str:
    """A provider asks a reseller for its customers' data."""
    opening = [
        text("collection.letter.hello", spoken, name=reseller),
        "",
        text("collection.letter.why", spoken, provider=provider, agreement=agreement),
        text("collection.letter.asked", spoken),
    ]
    closing = [text("collection.letter.otherwise", spoken)]
    return _letter(opening, closing, customers, spoken)


def answer_text(provider: str, agreement: str, customers: Iterable[Named], spoken: str) -> str:
    """A reseller hands the data over to its provider."""
    opening = [
        text("collection.letter.hello", spoken, name=provider),
        "",
        text("collection.letter.given", spoken, agreement=agreement),
    ]
    return _letter(opening, [], customers, spoken)


def _letter(opening: Sequence[str], closing: Sequence[str], customers: Iterable[Named], spoken: str) -> str:
    lines = [
        *opening,
        "",
        text("collection.letter.who", spoken),
        text("collection.letter.nobody", spoken),
        text("collection.letter.text", spoken),
        text("collection.letter.papers", spoken),
        text("collection.letter.use", spoken),
        *closing,
    ]
    for customer, name in customers:
        lines += ["", _filled("collection.column.customer", name, spoken)]
        lines.append(_filled("collection.column.customer-id", customer, spoken))
        lines += [_filled(f"collection.data.{member}", "", spoken) for member in DATA]
    return "\n".join(lines) + "\n"


def _filled(label: str, value: str, spoken: str) -> str:
    return text("collection.letter.line", spoken, label=text(label, spoken), value=value).rstrip()
