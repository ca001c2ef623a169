"""Floors: the newest major text in force, of each agreement that opens the gate and in each country (R34).

A confirmation of a text below the floor of the customer's country is outdated. Where countries have different floors, the
customers in a state are found below one floor, or above it, together with those in the countries whose floor differs.
"""

from collections.abc import Mapping
from datetime import datetime

from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme
from agreegate.storage.engine.unit_of_work import UnitOfWork, to_micros

Rank = tuple[int, int]
"""The place of a text among the texts of its template: the instant it takes effect, then the order of publishing."""
Floors = Mapping[TemplateId, Mapping[str, Rank]]
"""By template that opens the gate, and by country. Templates and countries without a major text in force are absent."""


async def floors_of(uow: UnitOfWork, programme: Programme, at: datetime, country: str | None = None) -> Floors:
    """Return what outdates confirmations at an instant.

    Args:
        country: only of customers in this country; None: everywhere.
    """
    found: dict[TemplateId, dict[str, Rank]] = {}
    for template in programme.templates:
        if template.opens_gate(at):
            for there, effective_at, number in await uow.fetch_all(
                "select distinct f.country, v.effective_at, v.number from text_version v"
                " join text_file f on f.number = v.number"
                " where v.template_id = $1 and v.major = 1 and v.effective_at <= $2 order by v.effective_at, v.number",
                template.id,
                to_micros(at),
            ):
                if country in (None, there):
                    found.setdefault(template.id, {})[there] = effective_at, number
    return found


async def outdated_from(uow: UnitOfWork, partner: PartnerId, floors: Floors) -> int:
    """Return when the oldest major text in force took effect that outdates a confirmation of the partner; else now."""
    found = [to_micros(uow.now)]
    for template in floors:
        [(effective_at,)] = await uow.fetch_all(
            """select min(v.effective_at) from text_version v where v.template_id = $2 and v.major = 1
                 and (v.effective_at, v.number) > (select n.text_at, n.text_number from current_confirmation n
                   where n.partner_id = $1 and n.template_id = $2 order by n.text_at, n.text_number limit 1)""",
            partner,
            template,
        )
        if effective_at is not None:
            found.append(effective_at)
    return min(found)


async def countries_of(uow: UnitOfWork, partner: PartnerId) -> list[str]:
    """Return the countries of a partner's customers, in order: one step of an index for each."""
    rows = await uow.fetch_all(
        """with recursive seen (country) as (
             select min(c.country) from customer c where c.partner_id = $1
             union all
             select (select min(c.country) from customer c where c.partner_id = $1 and c.country > seen.country)
             from seen where seen.country is not null)
           select country from seen where country is not null""",
        partner,
    )
    return [country for (country,) in rows]
