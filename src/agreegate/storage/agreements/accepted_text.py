"""The accepted text of each confirmation, as rows that are only added."""

from collections.abc import Sequence
from typing import Any

from agreegate.domain.agreements.accepted_text import AcceptedText, Basis
from agreegate.domain.agreements.text import Digest, Locale, VersionId
from agreegate.storage.confirmation import LAST
from agreegate.storage.engine.unit_of_work import UnitOfWork, from_micros

_TEXTS = """
    select c.sequence, t.basis, t.version_id, t.country, t.language, t.digest, v.label, v.effective_at, v.number
    from confirmation c join confirmation_text t on t.confirmation_number = c.number
    left join text_version v on v.version_id = t.version_id
    where c.partner_id = $1 and c.customer_id = $2"""


async def accepted_texts_of(
    uow: UnitOfWork, partner: str, customer: str, first: int = 0, last: int = LAST
) -> dict[int, AcceptedText]:
    """Return the accepted texts of a customer's confirmations, by sequence; the oldest confirmations have no text.

    Args:
        first, last: only of confirmations with these sequences and between them.
    """
    rows = await uow.fetch_all(
        f"{_TEXTS} and c.sequence between $3 and $4 order by c.sequence", partner, customer, first, last
    )
    return {sequence: as_accepted(text) for sequence, *text in rows}


async def accepted_text_of(uow: UnitOfWork, partner: str, customer: str, sequence: int) -> AcceptedText | None:
    """Return the accepted text of a confirmation; None: it was recorded before versions of texts existed."""
    row = await uow.fetch_one(f"{_TEXTS} and c.sequence = $3", partner, customer, sequence)
    return None if row is None else as_accepted(row[1:])


def as_accepted(row: Sequence[Any]) -> AcceptedText:
    """Return the accepted text of the columns `basis` to `number`."""
    basis, version_id, country, language, digest, label, effective_at, number = row
    return AcceptedText(
        Basis(basis),
        None if version_id is None else VersionId(version_id),
        None if country is None else Locale(country, language),
        None if digest is None else Digest(digest),
        label,
        None if number is None else (from_micros(effective_at), number),
    )
