"""The overview, where everybody who signs in begins: how customers stand, what comes next, and what was refused."""

from collections.abc import Iterator
from dataclasses import dataclass

from litestar import Response

from agreegate.dashboard.customers.customer import closed
from agreegate.dashboard.frame.clock import meanings
from agreegate.dashboard.frame.nothing_to_confirm import why_nothing_to_confirm
from agreegate.dashboard.frame.page import DashboardRequest, page, reader_language, records_of
from agreegate.dashboard.orders.gate import Worded, worded
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import ASK_GATE, CONFIRM, READ_CUSTOMERS, Actor, may
from agreegate.domain.partner import PartnerKind
from agreegate.domain.programme import Programme
from agreegate.domain.standing import State
from agreegate.services.overview import Denials, Urgent, show_denials, show_urgent
from agreegate.services.totals import ShownTotals, totals_of, upcoming
from agreegate.storage.customers.totals import Totals
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.overview import Denied

ALWAYS = (State.CONFIRMED, State.NOT_CONFIRMED, State.NO_LONGER_AGREES)
"""The states that have a line even where no customer is in them."""
WIDTH = 1_000
"""Width of the bar, in its own units."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the bar, and the line of its table."""

    state: State
    customers: int
    at: float
    """The left edge of the part, in the units of `width`."""
    width: float


@dataclass(frozen=True, slots=True)
class Shown:
    """The sections of the overview. A section that the reader may not see is None."""

    totals: ShownTotals | None
    urgent: Urgent | None
    denials: Denials | None


@dataclass(frozen=True, slots=True)
class DenialInWords:
    """A refused transaction in words."""

    denied: Denied
    state: State | None
    reasons: list[Worded]


async def overview(request: DashboardRequest, reader: Actor) -> Response[str]:
    """Return the overview, as much of it as the reader may see."""
    deployment, language = deployment_of(request), reader_language(request)
    programme, now = deployment.programme, deployment.store.clock()
    operator = reader.partner.kind is PartnerKind.OPERATOR
    absent = None if operator and programme.exists(now) else closed(reader, programme, now)
    asks = may(reader, ASK_GATE) and why_nothing_to_confirm(reader, programme, now) is None

    async def read(uow: UnitOfWork) -> Shown:
        return Shown(
            await totals_of(uow, reader, programme, deployment.totals) if absent is None else None,
            await show_urgent(uow, reader, programme) if absent is None and not operator else None,
            await show_denials(uow, reader, programme) if asks else None,
        )

    shown = await records_of(request).read_slow(read)
    deployment.totals.refresh(deployment.store, programme, reader, shown.totals)
    totals = None if shown.totals is None else shown.totals.totals
    return page(
        request,
        "overview.html",
        absent=absent,
        operator=operator,
        meanings=list(meanings(programme, now, language)) if absent != "cloud" else [],
        shown=shown.totals,
        totals=totals,
        upcoming=() if totals is None else upcoming(totals, programme, now),
        bar=[] if totals is None else list(_bar(totals)),
        bar_width=WIDTH,
        urgent=shown.urgent,
        denials=shown.denials,
        denied=_in_words(shown.denials, programme, language),
        may_confirm=absent is None and may(reader, CONFIRM),
        may_list=may(reader, READ_CUSTOMERS),
    )


def _bar(totals: Totals) -> Iterator[Part]:
    at = 0.0
    for state, customers in totals.states.items():
        if customers or state in ALWAYS:
            width = WIDTH * customers / max(1, totals.customers)
            yield Part(state, customers, round(at, 2), round(width, 2))
            at += width


def _in_words(denials: Denials | None, programme: Programme, language: str) -> list[DenialInWords]:
    latest = () if denials is None else denials.latest
    return [DenialInWords(one, state, worded(one.reasons, programme, one.at, language)) for one, state in latest]
