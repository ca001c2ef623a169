"""The demo's clock: on every page of the demo, one click to each date of the process, or to any instant.

In production there is none, and its address answers 404.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from litestar import Response, get, post

from agreegate.dashboard.frame.day import instant_of
from agreegate.dashboard.frame.form import Form, Mistake, opened, sent
from agreegate.dashboard.frame.page import DashboardRequest, actor_of, page, reader_language, records_of, see
from agreegate.dashboard.frame.signin import local
from agreegate.deployment.deployment import Sandbox, deployment_of
from agreegate.domain.actor import ANYONE_SIGNED_IN, Channel
from agreegate.domain.error import Rejected
from agreegate.domain.programme import Programme
from agreegate.i18n import count_text, date_text, instant_text, text
from agreegate.storage.orders.renewal import count_renewals

ADDRESS = "/clock"
NOW = "now"
"""The value that sets the clock to the machine's own time."""


@get(ADDRESS, opt={"access": ANYONE_SIGNED_IN})
async def show_clock(request: DashboardRequest) -> Response[str]:
    """Show the clock on a page of its own, with every date of the programme.

    Raises:
        `request.not-found`: this is no demo.
    """
    _sandbox(request)
    return _page(request, opened(request, at="", back="/"))


@post(ADDRESS, opt={"access": ANYONE_SIGNED_IN})
async def set_clock(request: DashboardRequest) -> Response[Any]:
    """Set the clock, and go back to the page the reader came from, with a sentence on what the date means.

    Raises:
        `request.not-found`: this is no demo.
    """
    _sandbox(request)
    form = await sent(request)
    typed = form["jump"] or form["at"]
    now = typed.casefold() == NOW
    if (instant := datetime.now(UTC) if now else instant_of(typed, reader_language(request))) is None:
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
        await records_of(request).read_slow(lambda uow: count_renewals(uow, partner)),
    )
    await _sandbox(request).set(instant)
    renewed = await records_of(request).read_slow(lambda uow: count_renewals(uow, partner)) - renewed
    if renewed:
        then = count_text("clock.renewed", renewed, language)
    else:
        then = text("clock.went-back" if instant < before else "clock.nothing-due", language)
    return see(
        request,
        path,
        "clock.moved",
        instant=instant_text(instant, language),
        meaning=" ".join(meanings(deployment.programme, instant, language)),
        then=then,
    )


def meanings(programme: Programme, now: datetime, language: str) -> Iterator[str]:
    """Yield what the programme asks for at an instant, channel by channel (R1–R5)."""
    if not programme.exists(now):
        yield text("customer.absent.not-yet", language, date=date_text(programme.starts, language))
    for channel in Channel:
        enforced = programme.enforce_from.get(channel)
        state = "watching" if enforced is None else "optional" if now < enforced else "required"
        date = "" if enforced is None else date_text(enforced, language)
        yield text(f"start.now.{state}", language, by=text(f"answer.by.{channel}", language), date=date)


def _page(request: DashboardRequest, form: Form, status: int = 200) -> Response[str]:
    return page(request, "clock.html", status, form=form)


def _sandbox(request: DashboardRequest) -> Sandbox:
    sandbox = deployment_of(request).sandbox
    if sandbox is None:
        raise Rejected("request.not-found")
    return sandbox
