"""The customers whose confirmations become outdated in a simulation, a page of them with what each has in the window."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from agreegate.domain.partner import PartnerId
from agreegate.domain.simulation import Foresight, Rival, Stake
from agreegate.domain.term import Commitment, TermDuration, ends_within
from agreegate.storage.page import Listing, Page, Wanted, page_of
from agreegate.storage.simulation import LIVING, OUTDATED_FROM, Asked, Portfolio, portions
from agreegate.storage.unit_of_work import Row, UnitOfWork, from_micros, maybe_instant, to_micros


@dataclass(frozen=True, slots=True)
class Affected:
    """A customer whose confirmation becomes outdated."""

    customer_id: str
    company_name: str
    country: str
    resellers: tuple[PartnerId, ...]
    date_agreed: datetime
    text: str | None
    """The label of the accepted text; None where it is not known."""
    stake: Stake


async def affected_customers(
    uow: UnitOfWork, portfolio: Portfolio, foresight: Foresight, wanted: Wanted
) -> Page[Affected]:
    """A page of the customers who become outdated, by name, each with what it has in the window."""
    asked = Asked(portfolio, foresight, joined=True)
    if not asked.concerned:
        return Page()
    select = f"""
      select c.company_key, c.customer_id, c.company_name, c.country from customer c
      where c.partner_id = $1 and exists (select 1 from current_confirmation n
        where n.partner_id = c.partner_id and n.customer_id = c.customer_id and {asked.becomes})"""
    found = await page_of(uow, Listing(select, "c.company_key", "c.customer_id"), wanted, *asked.values)
    items: list[Affected] = []
    for some in portions(found.items):
        items += await _affected(uow, asked, some)
    return Page(tuple(items), found.first, found.last, found.more_before, found.more_after)


async def _affected(uow: UnitOfWork, asked: Asked, customers: Sequence[Row]) -> list[Affected]:
    """What is said of customers of a page."""
    partner, *_ = asked.values
    ids = [customer for _, customer, _, _ in customers]
    listed = ", ".join(f"${place}" for place in range(2, len(ids) + 2))
    last = len(ids) + 2
    accepted = await uow.all(
        f"""select n.customer_id, n.date_agreed_at, v.label from current_confirmation n
            left join text_version v on v.number = n.text_number
            where n.partner_id = $1 and n.customer_id in ({listed}) and n.template_id || '' = ${last}""",
        partner, *ids, asked.template,
    )  # fmt: skip
    resellers = await uow.all(
        f"select r.customer_id, r.reseller_id from customer_reseller r where r.partner_id = $1"
        f" and r.customer_id in ({listed}) order by r.customer_id, r.reseller_id",
        partner, *ids,
    )  # fmt: skip
    rivals = await uow.all(
        f"""select m.customer_id, m.template_id, {OUTDATED_FROM} from current_confirmation m
            where m.partner_id = $1 and m.customer_id in ({listed}) and m.template_id || '' <> ${last}
            order by m.customer_id, m.template_id""",
        partner, *ids, asked.template,
    )  # fmt: skip
    subscriptions = await uow.all(
        f"""select s.customer_id, s.auto_renew, s.started_at, s.terms, s.months, s.term_duration, s.renewal_term_duration
            from subscription s where s.partner_id = $1 and s.customer_id in ({listed})
              and case when {LIVING} then true else false end""",
        partner, *ids,
    )  # fmt: skip
    carts = await uow.all(
        f"""select k.customer_id, k.expires_at from cart k where k.partner_id = $1 and k.customer_id in ({listed})
              and k.status = 'active' and k.expires_at > ${last} order by k.customer_id, k.expires_at, k.cart_id""",
        partner, *ids, to_micros(asked.foresight.begins),
    )  # fmt: skip
    of = [_by_customer(rows) for rows in (accepted, resellers, rivals, subscriptions, carts)]
    return [_one(asked, id_, name, country, *(each[id_] for each in of)) for _, id_, name, country in customers]


def _by_customer(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for customer, *rest in rows:
        found[customer].append(tuple(rest))
    return found


def _one(
    asked: Asked,
    id_: str,
    name: str,
    country: str,
    accepted: Sequence[Row],
    resellers: Sequence[Row],
    rivals: Sequence[Row],
    subscriptions: Sequence[Row],
    carts: Sequence[Row],
) -> Affected:
    """What is said of one customer, from the rows about it."""
    auto: list[datetime] = []
    orders: list[datetime] = []
    for renews, started_at, terms, months, term, renewal_term in subscriptions:
        commitment = Commitment(from_micros(started_at), terms, months, TermDuration(term), TermDuration(renewal_term))
        if renews:
            auto += ends_within(commitment, asked.foresight.begins, asked.foresight.until)
        elif asked.foresight.begins <= commitment.ends_at < asked.foresight.until:
            orders.append(commitment.ends_at)
    stake = Stake(
        tuple(sorted(auto)),
        tuple(sorted(orders)),
        tuple(from_micros(expiry) for (expiry,) in carts),
        tuple(Rival(template, maybe_instant(outdated_from)) for template, outdated_from in rivals),
    )
    [(agreed, text)] = accepted
    linked = asked.linked(" ".join(reseller for (reseller,) in resellers))
    return Affected(id_, name, country, linked, from_micros(agreed), text, stake)
