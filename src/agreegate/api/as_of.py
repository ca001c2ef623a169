"""A customer's standing: today's, or that of a day as the records stood on another (R48)."""

from collections.abc import Container
from typing import Annotated, Any

from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import QueryParameter

from agreegate.api.confirmation_record import EndingOut, RecordedOut
from agreegate.api.instant import query_moment, read_date, written_z
from agreegate.api.paths import as_guid
from agreegate.api.problem_details import problems
from agreegate.api.rest import Cursor, CustomerId, PageSize, RestRequest, actor_of, next_page, page_request_of
from agreegate.api.standing import AgreementStandingOut, StandingOut
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import STANDING
from agreegate.domain.as_of import AgreementThen
from agreegate.domain.error import Rejected
from agreegate.services.as_of import StandingAsOf, standing_as_of
from agreegate.services.standing import show_standing
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import LARGEST, Page, page_in


def _agreement(agreement: AgreementThen, as_of: StandingAsOf, shown: Container[int]) -> AgreementStandingOut:
    current, recorded = agreement.confirmation, as_of.recorded
    return AgreementStandingOut(
        agreement_type=agreement.template.agreement_type,
        template_id=agreement.template.id,
        state=agreement.state,
        outdated_since=None if agreement.outdated_since is None else written_z(agreement.outdated_since),
        renew_by=None,
        confirmation=None if current is None else RecordedOut.of(recorded[current.sequence]),
        history=[
            RecordedOut.of(recorded[one.confirmation.sequence])
            for one in agreement.history
            if one.confirmation.sequence in shown
        ],
    )


def _standing(as_of: StandingAsOf, shown: Container[int]) -> StandingOut:
    """Return a standing as of a day, as our own API answers it.

    Args:
        shown: the sequences of what is on the page of the history.
    """
    found = as_of.found
    return StandingOut(
        customer_id=as_of.customer_id,
        relationship_since=None if found.period is None else written_z(found.period.started_at),
        agreements=[_agreement(agreement, as_of, shown) for agreement in found.agreements],
        refusals=[EndingOut.of(ending) for ending in found.refusals if ending.sequence in shown],
        on=written_z(found.on),
        known_at=written_z(found.known_at),
    )


@get(
    "/customers/{customer_id:str}/standing",
    opt={"access": STANDING},
    tags=["standing"],
    summary="Read a standing",
    responses={
        200: ResponseSpec(StandingOut, generate_examples=False, description="The standing."),
        **problems(400, 403, 404),
    },
)
async def read_standing(
    request: RestRequest,
    customer_id: CustomerId,
    on: Annotated[
        str | None,
        QueryParameter(
            description="The day or instant asked about; a date alone is the whole day in UTC. That of `knownAt` when left "
            "out. It may come after it: the answer is what was to be expected then.",
            examples=[Example(value="2019-05-01")],
        ),
    ] = None,
    known_at: Annotated[
        str | None,
        QueryParameter(
            name="knownAt",
            description="Only what was recorded by this day or instant counts; now when left out. It may not lie ahead.",
            examples=[Example(value="2019-06-01")],
        ),
    ] = None,
    size: PageSize = LARGEST,
    cursor: Cursor = None,
) -> Response[StandingOut]:
    """What is recorded about a customer's acceptance, newest first, with its history page by page.

    The `Link` header leads to the next page of the history; all the rest is the same on each page.

    `on` and `knownAt` ask for the standing of the day `on` by the records of the day `knownAt`: later records and
    corrections are left out. `knownAt` defaults to now, `on` to `knownAt`. A former customer may be named as well.
    """
    deployment = deployment_of(request)
    actor, programme, customer = actor_of(request), deployment.programme, as_guid(customer_id, "customerId")
    page_request = page_request_of(request, size, cursor, "on", "knownAt")
    day = None if on is None else read_date(query_moment, on, "on")
    recorded_by = None if known_at is None else read_date(query_moment, known_at, "knownAt")

    async def today(uow: UnitOfWork) -> tuple[StandingOut, Page[Any]]:
        standing = await show_standing(uow, actor, programme, customer, page_request)
        return StandingOut.of(standing), standing.page

    async def as_of_day(uow: UnitOfWork) -> tuple[StandingOut, Page[Any]]:
        try:
            as_of = await standing_as_of(uow, actor, programme, customer, day, recorded_by)
        except Rejected as error:
            raise error.renamed({"known_at": "knownAt"}) from None
        sequences = sorted({*as_of.recorded, *(ending.sequence for ending in as_of.found.refusals)}, reverse=True)
        page = page_in(sequences, lambda sequence: (sequence, ""), page_request)
        return _standing(as_of, frozenset(page.items)), page

    async with deployment.list_locks.of(actor.partner.id):
        shown, page = await deployment.store.read_slow(today if on is None and known_at is None else as_of_day)
    return Response(shown, headers=next_page(request, page))
