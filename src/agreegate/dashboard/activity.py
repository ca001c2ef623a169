"""Activity: who did what to which customer, a sentence a line, and the same as a file for a spreadsheet."""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlencode

from litestar import Response, get

from agreegate.dashboard.frame.csv import csv_answer, in_pages
from agreegate.dashboard.frame.day import day_of
from agreegate.dashboard.frame.form import Form, Mistake
from agreegate.dashboard.frame.page import DashboardRequest, actor_of, id_of, page, reader_language, records_of
from agreegate.dashboard.frame.pagination import page_links, page_request
from agreegate.domain.activity import Activity, ActivitySearch, Deed, Kind, Status
from agreegate.domain.actor import READ_AUDIT, Channel
from agreegate.domain.error import Rejected
from agreegate.i18n import text
from agreegate.services.audit import list_activity, list_users
from agreegate.spreadsheet import Line
from agreegate.storage.pagination import Page

SIZE = 50
APPLICATION = "application"
"""The choice for activity of applications alone."""
LATEST_YEAR = 8999
"""The last year of a search, so that the day after it can be computed."""
FIELDS = ("from", "to", "customer", "user", "kind", "status")
_OPERATIONS = {
    "record_confirmation": "create_agreement",
    "state_employee": "update_agreement",
    "end_confirmation": "delete_agreement",
    "end_relationship": "remove_partner_customer_relationship",
}
"""Operations that the file calls as the contract's audit records do, so that people find them there."""
_USER, _CUSTOMER = "\x01", "\x02"
"""Placeholders of names in a sentence: no name contains these characters."""
_PLACES = re.compile(f"([{_USER}{_CUSTOMER}])")
COLUMNS = (
    "activity.column.instant",
    "activity.column.what",
    "word.customer",
    "word.customer-id",
    "word.user",
    "activity.column.application",
    "word.channel",
    "word.outcome",
    "activity.column.operation",
    "activity.column.resource-id",
    "activity.column.correlation-id",
)

E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a sentence: words, or a name with an optional link."""

    text: str
    name: bool = False
    href: str = ""


@dataclass(frozen=True, slots=True)
class ActivityLine:
    """One line of the list."""

    activity: Activity
    pieces: tuple[Piece, ...]
    channel: str
    status: str


@get("/activity", opt={"access": READ_AUDIT, "costly": True})
async def show_activity(request: DashboardRequest) -> Response[str]:
    """Show a page of the activity that fits the filters, newest first."""
    actor, language = actor_of(request), reader_language(request)
    search, form = _search(_form(request), language)
    found: Page[Activity] = Page()
    if search is not None:
        asked, place = search, page_request(request, "list", SIZE)
        found = await records_of(request).read_slow(lambda uow: list_activity(uow, actor, asked, place))
    users = await records_of(request).read_slow(lambda uow: list_users(uow, actor))
    return page(
        request,
        "activity.html",
        200 if search is not None else 422,
        form=form,
        lines=[_activity_line(one, language) for one in found.items],
        page_links=page_links(request, "list", found),
        users=[
            ("", text("activity.anybody", language)),
            *users,
            (APPLICATION, text("activity.applications", language)),
        ],
        kinds=[
            ("", text("activity.anything", language)),
            *((kind, text(f"activity.kind.{kind}", language)) for kind in Kind),
        ],
        statuses=[
            ("", text("activity.any-status", language)),
            *((one, text(f"activity.status.{one}", language)) for one in Status),
        ],
        filtered=any(form[name] for name in FIELDS),
        file=_file(form),
    )


@get("/activity.csv", opt={"access": READ_AUDIT, "costly": True})
async def export_activity(request: DashboardRequest) -> Response[Any]:
    """Export the whole list as a CSV file.

    Raises:
        `request.invalid-parameter`: a date cannot be read.
    """
    actor, language = actor_of(request), reader_language(request)
    search, form = _search(_form(request), language)
    if search is None:
        raise Rejected("request.invalid-parameter", name=form.mistakes[0].where)
    asked = search
    pages = in_pages(
        request, lambda uow, place: list_activity(uow, actor, asked, place), lambda one: _line(one, language)
    )
    return await csv_answer(request, "activity", COLUMNS, pages)


ROUTES = (show_activity, export_activity)


def _form(request: DashboardRequest) -> Form:
    """Return the filters in the address."""
    return Form({name: [request.query_params.get(name, "")] for name in FIELDS}, "")


def _file(form: Form) -> str:
    """Return the address of the CSV file for the same filters."""
    kept = {name: form[name] for name in FIELDS if form[name]}
    return "/activity.csv" + (f"?{urlencode(kept)}" if kept else "")


def _search(form: Form, language: str) -> tuple[ActivitySearch | None, Form]:
    """Return the search, or None and the form with its mistakes when a date cannot be read."""
    start, end = day_of(form["from"], language), day_of(form["to"], language)
    for name, day in (("from", start), ("to", end)):
        if form[name] and (day is None or day.year > LATEST_YEAR):
            form = form.with_mistakes(Mistake(name, "activity.not-a-date"))
    if start is not None and end is not None and end < start:
        form = form.with_mistakes(Mistake("to", "activity.ends-first"))
    if form.mistakes:
        return None, form
    customer = id_of(form["customer"])
    user = form["user"]
    return ActivitySearch(
        start=start,
        end=None if end is None else end + timedelta(days=1),
        customer=customer,
        company=form["customer"] if customer is None and form["customer"] else None,
        user=user if user and user != APPLICATION else None,
        application_only=user == APPLICATION,
        kind=_one_of(Kind, form["kind"]),
        status=_one_of(Status, form["status"]),
    ), form


def _one_of(kind: type[E], value: str) -> E | None:
    return kind(value) if value in tuple(kind) else None


def _activity_line(activity: Activity, language: str) -> ActivityLine:
    pieces = []
    for part in _PLACES.split(_sentence(activity, language, _USER, _CUSTOMER)):
        if part == _USER:
            pieces.append(Piece(_who(activity, language), name=True))
        elif part == _CUSTOMER:
            link = f"/customers/{activity.customer_id}" if activity.served else ""
            pieces.append(Piece(_customer(activity, language), name=True, href=link))
        elif part:
            pieces.append(Piece(part))
    return ActivityLine(activity, tuple(pieces), _channel(activity, language), _status(activity, language))


def _sentence(activity: Activity, language: str, who: str, customer: str) -> str:
    """Return the sentence about an activity, with `who` and `customer` as names."""
    deed = activity.deed
    kind = activity.agreement_type
    agreement = (
        text("activity.an-agreement", language) if kind is None else re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", kind)
    )
    if deed is Deed.OTHER and activity.customer_id is None:
        return text("activity.did.other-account", language, who=who, operation=activity.operation)
    return text(
        f"activity.did.{deed}",
        language,
        who=who,
        customer=customer,
        agreement=agreement,
        operation=activity.operation,
        before=activity.before.get("quantity", "?"),
        after=activity.after.get("quantity", "?"),
    )


def _line(activity: Activity, language: str) -> Line:
    """Return one line of the CSV file."""
    return (
        f"{activity.at:%Y-%m-%dT%H:%M:%SZ}",
        _sentence(activity, language, _who(activity, language), _customer(activity, language)),
        activity.customer_name,
        activity.customer_id,
        activity.user_name or activity.user_id,
        activity.application_id,
        _channel(activity, language),
        _status(activity, language),
        _OPERATIONS.get(activity.operation, activity.operation),
        activity.resource_id,
        activity.correlation_id,
    )


def _who(activity: Activity, language: str) -> str:
    if activity.user_id is not None:
        return activity.user_name or activity.user_id
    if _is_by_command(activity):
        return text("activity.a-command", language, command=activity.application_id)
    return text("activity.an-application", language, application=activity.application_id or "?")


def _customer(activity: Activity, language: str) -> str:
    return activity.customer_name or activity.customer_id or text("activity.no-customer", language)


def _is_by_command(activity: Activity) -> bool:
    """Return whether a command on the data folder made the change: its name stands in the application's place."""
    return activity.user_id is None and (activity.application_id or "").startswith("agreegate ")


def _channel(activity: Activity, language: str) -> str:
    if _is_by_command(activity):
        return text("activity.by-command", language)
    known = activity.channel in tuple(Channel)
    return text(f"channel.{activity.channel}", language) if known else activity.channel


def _status(activity: Activity, language: str) -> str:
    known = activity.status in tuple(Status)
    return text(f"activity.status.{activity.status}", language) if known else activity.status
