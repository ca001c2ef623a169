"""The newest major text in force of each agreement that opens the gate, in each country (R34).

A confirmation of an older text than the newest of the customer's country is outdated. Where countries have different newest
texts, the customers in a state are those before one of them, or from it on, together with all customers in countries with
another newest text.
"""

from collections.abc import Mapping
from datetime import datetime

from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme
from agreegate.storage.engine.unit_of_work import UnitOfWork, to_micros

Rank = tuple[int, int]
"""The order of a text among the texts of its template: when it takes effect in microseconds, then its number."""
NewestMajors = Mapping[TemplateId, Mapping[str, Rank]]
"""The newest major texts in force, by template and by country; a template or country without one is left out."""


async def newest_majors_of(
    uow: UnitOfWork, programme: Programme, at: datetime, country: str | None = None
) -> NewestMajors:
    """Return the newest major texts in force at an instant.

    Args:
        country: only this country; None: all countries.
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


async def outdated_from(uow: UnitOfWork, partner: PartnerId, newest: NewestMajors) -> int:
    """Return when a confirmation of the partner first became outdated, in microseconds; if none is, now."""
    found = [to_micros(uow.now)]
    for template in newest:
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
