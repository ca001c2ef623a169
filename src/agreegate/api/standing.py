"""A customer's standing in our own API: today's, that of a day as the records stood on another (R48), and its end."""

from collections.abc import Container, Iterable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import JSONBody, QueryParameter
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import replace

from agreegate.api.confirmation_record import (
    EXAMPLE_RECORDED,
    EXAMPLE_TEMPLATE,
    EXAMPLE_USER,
    NAMES,
    EndingOut,
    RecordedOut,
)
from agreegate.api.exchange import answer
from agreegate.api.instant import query_moment, read_date, written_z
from agreegate.api.paths import as_guid
from agreegate.api.problem_details import problems
from agreegate.api.rest import (
    Cursor,
    CustomerId,
    PageSize,
    RestRequest,
    actor_of,
    call_of,
    next_page,
    once,
    page_request_of,
)
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import STANDING
from agreegate.domain.as_of import AgreementAsOf
from agreegate.domain.confirmation import EndReason
from agreegate.domain.error import Rejected
from agreegate.services.as_of import CustomerAsOf, standing_as_of
from agreegate.services.idempotency import Answer
from agreegate.services.standing import (
    AgreementStanding,
    CustomerStanding,
    Recorded,
    record_no_longer_agrees,
    show_standing,
    void_confirmation,
)
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import LARGEST, Page, page_in


class AgreementStandingOut(msgspec.Struct, rename="camel"):
    """One agreement type of the programme."""

    agreement_type: Annotated[str, Meta(description="The agreement type.", examples=["MicrosoftCloudAgreement"])]
    template_id: Annotated[str, Meta(description="Its template.", examples=[EXAMPLE_TEMPLATE])]
    state: Annotated[
        str | None,
        Meta(
            description="`current`, `outdated`, `overdue`, `missing` or `ended`; null: there was no relationship on the day "
            "`on`, and so no standing.",
            examples=["current"],
        ),
    ]
    outdated_since: Annotated[
        str | None,
        Meta(description="Since when a newer major text binds the customer than the one confirmed.", examples=[None]),
    ]
    renew_by: Annotated[
        str | None,
        Meta(
            description="Before when an outdated confirmation must be renewed; null: before the next new order. Always null "
            "with `on`: Agreegate does not keep what subscriptions were like then.",
            examples=[None],
        ),
    ]
    confirmation: Annotated[
        RecordedOut | None, Meta(description="The confirmation that counts, or that was in effect; null when none.")
    ]
    history: Annotated[
        list[RecordedOut],
        Meta(
            description="Its confirmations on this page of the history, newest first, ended ones included; with `knownAt` "
            "those recorded by then."
        ),
    ]

    @classmethod
    def of(
        cls,
        agreement: AgreementStanding | AgreementAsOf,
        current: Recorded | None,
        history: Iterable[Recorded],
        renew_by: datetime | None,
    ) -> "AgreementStandingOut":
        """Return the standing of an agreement type as our own API answers it."""
        return cls(
            agreement_type=agreement.template.agreement_type,
            template_id=agreement.template.id,
            state=agreement.state,
            outdated_since=None if agreement.outdated_since is None else written_z(agreement.outdated_since),
            renew_by=None if renew_by is None else written_z(renew_by),
            confirmation=None if current is None else RecordedOut.of(current),
            history=[RecordedOut.of(recorded) for recorded in history],
        )


class StandingOut(msgspec.Struct, rename="camel"):
    """Everything known about a customer's acceptance, as the caller's tenant recorded it: today's, or as of a day."""

    customer_id: Annotated[
        str, Meta(description="The customer's tenant id.", examples=["ceda0000-0000-4000-8000-000000000011"])
    ]
    relationship_since: Annotated[
        str | None,
        Meta(
            description="Since when the partner serves the customer, in UTC; with `on`, when the relationship of that day "
            "had begun, null: there was none.",
            examples=["2018-08-01T00:00:00Z"],
        ),
    ]
    agreements: Annotated[
        list[AgreementStandingOut], Meta(description="One entry per agreement type of the programme.")
    ]
    refusals: Annotated[
        list[EndingOut],
        Meta(
            description="When the customer was recorded as no longer agreeing, newest first; those of this page of the history.",
            examples=[[]],
        ),
    ]
    on: Annotated[
        str | UnsetType,
        Meta(
            description="The instant that the standing is of, in UTC; left out of today's.",
            examples=["2019-05-01T23:59:59.999999Z"],
        ),
    ] = UNSET
    known_at: Annotated[
        str | UnsetType,
        Meta(
            description="By when a record had to be made to count, in UTC; left out of today's.",
            examples=["2019-06-01T23:59:59.999999Z"],
        ),
    ] = UNSET

    @classmethod
    def of(cls, standing: CustomerStanding) -> "StandingOut":
        """Return today's standing as our own API answers it."""
        return cls(
            customer_id=standing.customer_id,
            relationship_since=written_z(standing.relationship_since),
            agreements=[
                AgreementStandingOut.of(agreement, agreement.current, agreement.history, agreement.renew_by)
                for agreement in standing.agreements
            ],
            refusals=[EndingOut.of(ending) for ending in standing.no_longer_agreed],
        )

    @classmethod
    def as_of(cls, standing: CustomerAsOf, shown: Container[int]) -> "StandingOut":
        """Return a standing as of a day.

        Args:
            shown: the sequences of what is on the page of the history.
        """
        found, recorded = standing.found, standing.recorded
        return cls(
            customer_id=standing.customer_id,
            relationship_since=None if found.period is None else written_z(found.period.started_at),
            agreements=[
                AgreementStandingOut.of(
                    agreement,
                    None if agreement.confirmation is None else recorded[agreement.confirmation.sequence],
                    [
                        recorded[one.confirmation.sequence]
                        for one in agreement.history
                        if one.confirmation.sequence in shown
                    ],
                    None,
                )
                for agreement in found.agreements
            ],
            refusals=[EndingOut.of(ending) for ending in found.no_longer_agreed if ending.sequence in shown],
            on=written_z(found.on),
            known_at=written_z(found.known_at),
        )


class EndIn(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Why confirmations no longer count."""

    reason: EndReason
    note: Annotated[str, Meta(description="For your own record.", examples=["Told us by phone."])] = ""
    template_id: Annotated[
        str | None,
        Meta(description="Required for `recorded_in_error`: the current confirmation of this template is voided."),
    ] = None


def _no_longer_agreed() -> Example:
    """Return the answer to the example of `end_standing`: a standing without a confirmation that counts."""
    ending = EndingOut(EndReason.NO_LONGER_AGREES, "Told us by phone.", "2019-04-02T09:30:00Z", EXAMPLE_USER, "api")
    confirmed = replace(EXAMPLE_RECORDED, ended=ending)
    agreement = AgreementStandingOut(
        "MicrosoftCloudAgreement", EXAMPLE_TEMPLATE, "ended", None, None, None, [confirmed]
    )
    standing = StandingOut("ceda0000-0000-4000-8000-000000000011", "2018-08-01T00:00:00Z", [agreement], [ending])
    return Example(value=standing)  # as it is: of a dict, the document would leave out what is null


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
        sequences = sorted(
            {*as_of.recorded, *(ending.sequence for ending in as_of.found.no_longer_agreed)}, reverse=True
        )
        page = page_in(sequences, lambda sequence: (sequence, ""), page_request)
        return StandingOut.as_of(as_of, frozenset(page.items)), page

    async with deployment.list_locks.of(actor.partner.id):
        shown, page = await deployment.store.read_slow(today if on is None and known_at is None else as_of_day)
    return Response(shown, headers=next_page(request, page))


@post(
    "/customers/{customer_id:str}/standing/end",
    status_code=200,
    opt={"access": STANDING},
    tags=["standing"],
    summary="End confirmations",
    responses={
        200: ResponseSpec(
            StandingOut, generate_examples=False, description="The standing afterwards.", examples=[_no_longer_agreed()]
        ),
        **problems(400, 403, 404, 409, 413),
    },
)
async def end_standing(request: RestRequest, customer_id: CustomerId, data: JSONBody[EndIn]) -> Response[StandingOut]:
    """Record that the customer no longer agrees, or void a confirmation recorded in error. Nothing is deleted."""
    programme, customer = deployment_of(request).programme, as_guid(customer_id, "customerId")
    call = call_of(request, data)

    async def end(uow: UnitOfWork) -> Answer:
        if data.reason is EndReason.NO_LONGER_AGREES:
            standing = await record_no_longer_agrees(uow, call, programme, customer, data.note)
        elif data.template_id is None:
            raise Rejected("request.invalid-property", name="templateId")
        else:
            template = as_guid(data.template_id, "templateId")
            standing = await void_confirmation(uow, call, programme, customer, template, data.note)
        return answer(200, StandingOut.of(standing))

    return await once(request, call, end, NAMES)
