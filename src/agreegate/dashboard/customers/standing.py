"""The as-of page of one customer: the standing on one day, as the records stood on another (R48)."""

from datetime import datetime
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath

from agreegate.dashboard.customers.customer import in_order
from agreegate.dashboard.frame.day import day_of
from agreegate.dashboard.frame.form import Form, Mistake
from agreegate.dashboard.frame.page import DashboardRequest, actor_of, page, reader_language, records_of
from agreegate.dashboard.frame.pagination import page_links, page_request
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import READ_CONFIRMATIONS
from agreegate.domain.as_of import Moment
from agreegate.domain.error import Rejected
from agreegate.i18n import country_text, date_text, instant_text
from agreegate.services.as_of import RecordAsOf, read_as_of

ON, KNOWN_AT = "on", "known-at"
"""The fields, and the names in the address."""
HISTORY = "history"
"""The list's name in addresses."""
MOST = 250
"""Entries of the history on one page."""


@get("/customers/{customer:uuid}/standing", opt={"access": READ_CONFIRMATIONS, "absent": "as-of.title"})
async def show_standing_then(request: DashboardRequest, customer: FromPath[UUID]) -> Response[str]:
    """Show the standing on the two days that the address names; each defaults to now."""
    deployment, actor, language, id_ = (
        deployment_of(request),
        actor_of(request),
        reader_language(request),
        str(customer),
    )
    form = Form({name: [request.query_params.get(name, "")] for name in (ON, KNOWN_AT)}, "")
    days = {name: _day(form[name], language) for name in (ON, KNOWN_AT)}
    form = form.with_mistakes(
        *(Mistake(name, "as-of.day-unread") for name in days if form[name] and days[name] is None)
    )
    place = page_request(request, HISTORY, MOST)
    on, known_at = (None, None) if form.mistakes else (days[ON], days[KNOWN_AT])
    try:
        record = await records_of(request).read_slow(
            lambda uow: read_as_of(uow, actor, deployment.programme, id_, on, known_at, place)
        )
    except Rejected as error:
        error.expect("as-of.known-ahead")
        form = form.with_mistakes(Mistake(KNOWN_AT, "as-of.day-ahead", {"date": _today(request)}))
        record = await records_of(request).read_slow(lambda uow: read_as_of(uow, actor, deployment.programme, id_))
    return _shown(request, form, record, on, known_at)


def _shown(
    request: DashboardRequest, form: Form, record: RecordAsOf, on: Moment | None, known_at: Moment | None
) -> Response[str]:
    """Return the page, without an answer where a date is wrong."""
    found, language = record.as_of.found, reader_language(request)
    return page(
        request,
        "standing.html",
        422 if form.mistakes else 200,
        form=form,
        record=record,
        page_links=page_links(request, HISTORY, record.history),
        found=found,
        customer={"id": record.as_of.customer_id, "company_name": record.as_of.company_name},
        country=country_text(record.as_of.country, language),
        on=_written(on or known_at, found.on, language),
        known_at=_written(known_at, found.known_at, language),
        agreements=in_order(found.agreements, deployment_of(request).programme, found.on),
    )


def _day(written: str, language: str) -> Moment | None:
    day = day_of(written, language)
    return None if day is None else Moment(day, whole_day=True)


def _written(moment: Moment | None, instant: datetime, language: str) -> str:
    """Return the day where a whole day is meant and is over, else the instant."""
    over = moment is not None and moment.whole_day and instant == moment.last
    return date_text(instant, language) if over else instant_text(instant, language)


def _today(request: DashboardRequest) -> str:
    return date_text(deployment_of(request).store.clock(), reader_language(request))


ROUTES = (show_standing_then,)
