"""The demo's clock: on every page of the demo, one click to each date of the process, or to any instant.

In production there is none, and its address answers 404.
"""

import re
from datetime import UTC, datetime
from typing import Any

from babel.dates import get_month_names
from litestar import Response, get, post

from agreegate.dashboard.frame.form import Form, Mistake, opened, sent
from agreegate.dashboard.frame.guard import actor_of
from agreegate.dashboard.frame.page import DashboardRequest, page, reader_language, see
from agreegate.dashboard.frame.signin import local
from agreegate.deployment.deployment import Sandbox, deployment_of
from agreegate.domain.actor import ANYONE_SIGNED_IN, Channel
from agreegate.domain.error import Rejected
from agreegate.domain.programme import Programme
from agreegate.i18n import LANGUAGES, count_text, date_text, instant_text, text
from agreegate.storage.orders.renewal import count_renewals

ADDRESS = "/clock"
NOW = "now"
"""What leads back to the machine's own time."""
LONGEST = 60
_NUMBERS = re.compile(
    r"(?P<year>[0-9]{4})[-/.](?P<month>[0-9]{1,2})[-/.](?P<day>[0-9]{1,2})(?:(?:\s*[tT,]\s*|\s+)(?P<time>.+))?"
)
_WORDS = re.compile(
    r"(?P<day>[0-9]{1,2})(?:er|st|nd|rd|th)?\s+(?P<month>[^\W\d_]+)\.?\s+(?P<year>[0-9]{4})(?:(?:\s*,\s*|\s+)(?P<time>.+))?"
)
_TIME = re.compile(
    r"(?P<hour>[0-9]{1,2})\s*[:h]\s*(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]+)?)?\s*(?P<zone>z|utc|gmt|[+-][0-9]{2}:?[0-9]{2})?",
    re.IGNORECASE,
)


@get(ADDRESS, opt={"access": ANYONE_SIGNED_IN}, include_in_schema=False)
async def show_clock(request: DashboardRequest) -> Response[str]:
    """The clock on a page of its own, with every date of the programme.

    Raises:
        `request.not-found`: this is no demo.
    """
    _sandbox(request)
    return _page(request, opened(request, at="", back="/"))


@post(ADDRESS, opt={"access": ANYONE_SIGNED_IN}, include_in_schema=False)
async def set_clock(request: DashboardRequest) -> Response[Any]:
    """Set the clock, and go back to the page the reader came from, with a sentence on what the date means.

    Raises:
        `request.not-found`: this is no demo.
    """
    _sandbox(request)
    form = await sent(request)
    wanted = form["jump"] or form["at"]
    if (instant := read_instant(wanted)) is None:
        return _page(request, form.with_mistakes(Mistake("at", "clock.unreadable")), 422)
    try:
        return await jump(request, instant, local(form["back"] or "/"))
    except Rejected as error:
        error.expect("request.invalid-instant")
        return _page(request, form.with_mistakes(Mistake("at", "clock.out-of-reach")), 422)


ROUTES = (show_clock, set_clock)


async def jump(request: DashboardRequest, instant: datetime, path: str) -> Response[Any]:
    """Set the demo's clock and send the browser to `path`, which says what the date means.

    Raises:
        `request.not-found`: this is no demo.
        `request.invalid-instant`: beyond what the clock can show.
    """
    deployment, language, partner = deployment_of(request), reader_language(request), actor_of(request).partner.id
    before, renewed = (
        deployment.store.clock(),
        await deployment.store.read_slow(lambda uow: count_renewals(uow, partner)),
    )
    await _sandbox(request).set(instant)
    renewed = await deployment.store.read_slow(lambda uow: count_renewals(uow, partner)) - renewed
    if renewed:
        then = count_text("clock.renewed", renewed, language)
    else:
        then = text("clock.went-back" if instant < before else "clock.nothing-due", language)
    return see(
        request,
        path,
        "clock.moved",
        instant=instant_text(instant, language),
        meaning=" ".join(meaning(deployment.programme, channel, instant, language) for channel in reversed(Channel)),
        then=then,
    )


def meaning(programme: Programme, channel: Channel, now: datetime, language: str) -> str:
    """What an instant means for orders by one channel (R1–R5)."""
    enforced = programme.enforce_from.get(channel)
    if not programme.exists(now):
        state = "absent"
    elif enforced is None:
        state = "watching"
    else:
        state = "optional" if now < enforced else "required"
    date = date_text(programme.starts if state == "absent" or enforced is None else enforced, language)
    return text(f"clock.means.{state}", language, by=text(f"answer.by.{channel}", language), date=date)


def read_instant(written: str) -> datetime | None:
    """The instant that somebody means, in UTC where no zone is written; None when it cannot be told.

    Read: year first in numbers, or the day with the month's name in one of our languages; then hours and minutes, or
    none for midnight. Day and month in numbers alone are not: half the world would be taken wrongly.
    """
    written = " ".join(written.split())[:LONGEST]
    if written.casefold() == NOW:
        return datetime.now(UTC)
    found = _NUMBERS.fullmatch(written) or _WORDS.fullmatch(written)
    if found is None:
        return None
    month = found["month"] if found["month"].isdecimal() else _month(found["month"])
    clock = _TIME.fullmatch(found["time"] or "00:00")
    if month is None or clock is None:
        return None
    zone = (clock["zone"] or "Z").upper().replace("UTC", "Z").replace("GMT", "Z")
    day = f"{found['year']}-{int(month):02}-{int(found['day']):02}"
    try:
        read = datetime.fromisoformat(
            f"{day}T{int(clock['hour']):02}:{clock['minute']}:{clock['second'] or '00'}{zone}"
        )
        return read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _month(name: str) -> int | None:
    for language in LANGUAGES:
        for number, month in get_month_names("wide", locale=language).items():
            if name.casefold() == month.casefold():
                return int(number)
    return None


def _page(request: DashboardRequest, form: Form, status: int = 200) -> Response[str]:
    return page(request, "clock.html", status, form=form)


def _sandbox(request: DashboardRequest) -> Sandbox:
    sandbox = deployment_of(request).sandbox
    if sandbox is None:
        raise Rejected("request.not-found")
    return sandbox
