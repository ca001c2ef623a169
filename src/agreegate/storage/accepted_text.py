"""Which text each confirmation speaks of, as rows beside it. Append only."""

from agreegate.domain.accepted_text import AcceptedText, Basis
from agreegate.domain.text import Digest, Locale, VersionId
from agreegate.storage.confirmation import LAST
from agreegate.storage.unit_of_work import Row, UnitOfWork

_TEXTS = """
    select t.sequence, t.basis, t.version_id, t.country, t.language, t.digest, v.label
    from confirmation_text t left join text_version v on v.version_id = t.version_id
    where t.partner_id = $1 and t.customer_id = $2"""


async def add_accepted_text(
    uow: UnitOfWork, partner: str, customer: str, sequence: int, accepted: AcceptedText
) -> None:
    """Keep, with a confirmation, which text it speaks of."""
    locale = accepted.locale
    await uow.run(
        "insert into confirmation_text (partner_id, customer_id, sequence, basis, version_id, country, language, digest)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8)",
        partner,
        customer,
        sequence,
        accepted.basis,
        accepted.version_id,
        None if locale is None else locale.country,
        None if locale is None else locale.language,
        accepted.digest,
    )


async def accepted_texts_of(
    uow: UnitOfWork, partner: str, customer: str, first: int = 0, last: int = LAST
) -> dict[int, AcceptedText]:
    """The texts that a customer's confirmations speak of, by sequence; those recorded before there were texts have none.

    Args:
        first, last: only of confirmations with these sequences and between them.
    """
    rows = await uow.all(
        f"{_TEXTS} and t.sequence between $3 and $4 order by t.sequence", partner, customer, first, last
    )
    return {row[0]: _accepted(row) for row in rows}


async def accepted_text_of(uow: UnitOfWork, partner: str, customer: str, sequence: int) -> AcceptedText | None:
    """The text that one confirmation speaks of; None for one that was recorded before there were texts."""
    row = await uow.one(f"{_TEXTS} and t.sequence = $3", partner, customer, sequence)
    return None if row is None else _accepted(row)


def _accepted(row: Row) -> AcceptedText:
    _, basis, version_id, country, language, digest, label = row
    return AcceptedText(
        Basis(basis),
        None if version_id is None else VersionId(version_id),
        None if country is None else Locale(country, language),
        None if digest is None else Digest(digest),
        label,
    )
