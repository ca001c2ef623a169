"""What must hold in every record, each as a statement that finds what breaks it. `agreegate db check` runs them."""

from collections.abc import Iterable
from typing import NamedTuple

from agreegate.domain.agreements.text import Digest
from agreegate.storage.agreements.text_file import TextDamaged
from agreegate.storage.agreements.text_store import TextStore
from agreegate.storage.confirmation import COUNTING, is_voided
from agreegate.storage.engine.unit_of_work import Row, UnitOfWork

SHOWN = 5
"""Maximum number of breaches shown of one invariant."""


class Invariant(NamedTuple):
    """Something that holds in every record."""

    name: str
    """The end of its sentence's key, `invariant.…`."""
    sql: str
    """Finds the breaches: two columns that say where, such as partner and customer."""


INVARIANTS = (
    Invariant(
        "counting-confirmation-missing",
        f"select distinct c.partner_id, c.customer_id from confirmation c {COUNTING}"
        " and not exists (select 1 from current_confirmation n where n.partner_id = c.partner_id"
        " and n.customer_id = c.customer_id and n.agreement_type = c.agreement_type)",
    ),
    Invariant(
        "counting-confirmation-wrong",
        "select distinct n.partner_id, n.customer_id from current_confirmation n"
        " where not exists (select 1 from relationship r join confirmation c on c.partner_id = r.partner_id"
        " and c.customer_id = r.customer_id where r.partner_id = n.partner_id and r.customer_id = n.customer_id"
        " and r.ended_at is null and r.period = n.period and coalesce(r.no_longer_agrees_sequence, 0) < n.sequence"
        " and coalesce(r.no_longer_agrees_at, 0) = coalesce(n.no_longer_agrees_at, 0) and c.sequence = n.sequence"
        " and c.period = n.period and c.agreement_type = n.agreement_type and c.template_id = n.template_id"
        " and c.date_agreed_at = n.date_agreed_at and c.recorded_at = n.recorded_at)"
        f" or {is_voided('n')}"
        " or exists (select 1 from confirmation c where c.partner_id = n.partner_id and c.customer_id = n.customer_id"
        " and c.sequence > n.sequence and c.period = n.period and c.agreement_type = n.agreement_type"
        f" and not {is_voided('c')})",
    ),
    Invariant(
        "no-longer-agrees-differs",
        "select r.partner_id, r.customer_id from relationship r where coalesce(r.no_longer_agrees_sequence, 0) <>"
        " coalesce((select max(x.sequence) from ending x where x.partner_id = r.partner_id"
        " and x.customer_id = r.customer_id and x.reason = 'no_longer_agrees'), 0)",
    ),
    Invariant(
        "sequence-behind",
        "select k.partner_id, k.customer_id from customer k"
        " left join customer_sequence s on s.partner_id = k.partner_id and s.customer_id = k.customer_id"
        " where coalesce(s.last_sequence, 0) < coalesce((select max(c.sequence) from confirmation c"
        " where c.partner_id = k.partner_id and c.customer_id = k.customer_id), 0)"
        " or coalesce(s.last_sequence, 0) < coalesce((select max(x.sequence) from ending x"
        " where x.partner_id = k.partner_id and x.customer_id = k.customer_id), 0)",
    ),
    Invariant(
        "sequence-shared",
        "select c.partner_id, c.customer_id from confirmation c join ending x on x.partner_id = c.partner_id"
        " and x.customer_id = c.customer_id and x.sequence = c.sequence",
    ),
    Invariant(
        "contact-missing",
        "select c.partner_id, c.confirmation_id from confirmation c"
        " where not exists (select 1 from confirmation_contact k where k.confirmation_number = c.number)",
    ),
    Invariant(
        "audit-record-missing",
        "select c.partner_id, c.confirmation_id from confirmation c where not exists (select 1 from audit_record a"
        " where a.partner_id = c.partner_id and a.customer_id = c.customer_id and a.resource_id = c.confirmation_id)",
    ),
    Invariant(
        "domain-not-taken",
        "select c.partner_id, c.customer_id from customer c where not exists"
        " (select 1 from tenant_domain t where t.domain = c.domain and t.customer_id = c.customer_id)",
    ),
    Invariant(
        "words-missing",
        "select partner_id, customer_id from customer where name_words <> ''"
        " except select partner_id, customer_id from customer_word",
    ),
    Invariant(
        "renewal-twice",
        "select s.partner_id, s.subscription_id from subscription s where s.terms <="
        " (select count(*) from renewal w where w.partner_id = s.partner_id and w.customer_id = s.customer_id"
        " and w.subscription_id = s.subscription_id and w.outcome = 'renewed')",
    ),
    Invariant(
        "text-incomplete",
        "select v.template_id, v.label from text_version v"
        " where v.files <> (select count(*) from text_file f where f.number = v.number)",
    ),
)
"""Every invariant of the rows, in the order of checking."""


async def breaches_of(uow: UnitOfWork, invariant: Invariant) -> list[Row]:
    """Return where the record breaks an invariant: at most `SHOWN` places."""
    return await uow.fetch_all(f"select * from ({invariant.sql}) broken limit $1", SHOWN)


async def damaged_texts(texts: TextStore, digests: Iterable[Digest]) -> list[str]:
    """Return the digests whose file is missing or has other bytes: at most `SHOWN`."""
    damaged: list[str] = []
    for digest in sorted(digests):
        try:
            (await texts.opened(digest)).close()
        except TextDamaged:
            damaged.append(digest)
    return damaged[:SHOWN]
