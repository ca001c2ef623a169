"""A partner's activity: its audit records of every kind, newest first, with the names that pages show."""

import json
import re
from collections.abc import Mapping
from typing import Any

from agreegate.domain.activity import Activity, ActivitySearch
from agreegate.domain.partner import PartnerId
from agreegate.storage.audit import in_records, of_company, present_word
from agreegate.storage.engine.unit_of_work import UnitOfWork, maybe_micros
from agreegate.storage.pagination import Listing, Page, PageRequest, page_of
from agreegate.storage.row import reader
from agreegate.storage.statement import Statement

_RECORDS = """
    a.audit_id, a.operation_at, a.customer_id, c.company_name,
      r.customer_id is not null, a.user_id, u.user_name, a.application_id, a.channel, a.operation_type, a.resource_type,
      a.resource_id, a.operation_status, a.correlation_id, f.agreement_type, e.reason, a.resource_old_value,
      a.resource_new_value
    from audit_record a
    left join customer c on c.partner_id = a.partner_id and c.customer_id = a.customer_id
    left join relationship r on r.partner_id = a.partner_id and r.customer_id = a.customer_id and r.ended_at is null
    left join partner_user u on u.partner_id = a.partner_id and u.user_id = a.user_id
    left join confirmation f on f.partner_id = a.partner_id and f.confirmation_id = a.resource_id
      and a.operation_type in ('record_confirmation', 'create_agreement')
    left join ending e on e.partner_id = a.partner_id and e.customer_id = a.customer_id and e.ending_id = a.resource_id
      and a.operation_type in ('end_confirmation', 'delete_agreement')
    where a.partner_id = $1"""


def _values(text: str | None) -> Mapping[str, Any]:
    values = None if text is None else json.loads(text)
    return {_present_name(name): value for name, value in values.items()} if isinstance(values, dict) else {}


def _present_name(recorded: str) -> str:
    """Return the present name of a recorded value; former versions recorded the contract's names."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", recorded).lower().removesuffix("_enabled")


_as_activity = reader(Activity, operation=present_word, resource_type=present_word, before=_values, after=_values)


async def activity_of(
    uow: UnitOfWork, partner: PartnerId, search: ActivitySearch, page_request: PageRequest
) -> Page[Activity]:
    """Return a page of a partner's activity, newest first."""
    to, conditions = Statement(partner), [_RECORDS]
    if search.customer is not None:
        conditions.append(f"a.customer_id = {to.bind(search.customer)}")
    if search.company is not None:
        conditions.append(of_company(search.company, to))
    if search.user is not None:
        conditions.append(f"a.user_id = {to.bind(search.user)}")
    if search.application_only:
        conditions.append("a.user_id is null")
    if search.kind is not None:
        conditions.append(f"a.resource_type in ({in_records(*search.kind.resources)})")
    if search.status is not None:
        conditions.append(f"a.operation_status = {to.bind(search.status)}")
    listing = Listing(
        " and ".join(conditions),
        "a.operation_at",
        "a.audit_id",
        newest_first=True,
        lower=maybe_micros(search.start),
        upper=maybe_micros(search.end),
    )
    return await page_of(uow, _as_activity, listing, page_request, *to.values)


async def users_of(uow: UnitOfWork, partner: PartnerId, most: int) -> list[tuple[str, str]]:
    """Return id and name of a partner's users, closed ones included, by name; at most `most`."""
    rows = await uow.fetch_all(
        "select user_id, user_name from partner_user where partner_id = $1 order by user_name, user_id limit $2",
        partner,
        most,
    )
    return [(id_, name) for id_, name in rows]
