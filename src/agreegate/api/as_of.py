"""A customer's standing: today's, or that of a day as the records stood on another (R48)."""

from collections.abc import Container
from typing import Annotated, Any

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import QueryParameter
from msgspec import UNSET, Meta, UnsetType

from agreegate.api.confirmation_record import EndingOut, RecordedOut
from agreegate.api.instant import query_moment, written_z
from agreegate.api.paths import as_guid
from agreegate.api.problem_details import problems
from agreegate.api.rest import Cursor, CustomerId, PageSize, RestRequest, actor_of, next_page, page_request_of
from agreegate.api.standing import StandingOut
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import STANDING
from agreegate.domain.as_of import AgreementThen, Moment
from agreegate.domain.error import Rejected
from agreegate.services.as_of import StandingAsOf, standing_as_of
from agreegate.services.standing import show_standing
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import LARGEST, Page, page_in

_TEMPLATE = "998b88de-aa99-4388-a42c-1b3517d49490"


class AgreementThenOut(msgspec.Struct, rename="camel"):
    """One agreement type of the programme."""

    agreement_type: Annotated[str, Meta(description="The agreement type.", examples=["MicrosoftCloudAgreement"])]
    template_id: Annotated[str, Meta(description="Its template.", examples=[_TEMPLATE])]
    state: Annotated[
        str | None,
        Meta(
            description="`current`, `outdated`, `overdue`, `missing` or `ended`; null: without a relationship on that day "
            "there was no standing.",
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
            "in a look back: what subscriptions were like then is not kept.",
            examples=[None],
        ),
    ]
    confirmation: Annotated[
        RecordedOut | None, Meta(description="The confirmation that counts, or was in effect; null when none.")
    ]
    history: Annotated[
        list[RecordedOut],
        Meta(
            description="Its confirmations on this page of the history, newest first, ended ones included; in a look back "
            "those known then."
        ),
    ]

    @classmethod
    def of(cls, agreement: AgreementThen, as_of: StandingAsOf, shown: Container[int]) -> "AgreementThenOut":
        """Return the agreement type as it stood, as our own API answers it.

        Args:
            shown: the sequences of what is on the page of the history.
        """
        current, recorded = agreement.confirmation, as_of.recorded
        return cls(
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


class StandingAsOfOut(msgspec.Struct, rename="camel"):
    """Everything known about a customer's acceptance, as the caller's tenant recorded it."""

    customer_id: Annotated[
        str, Meta(description="The customer's tenant id.", examples=["ceda0000-0000-4000-8000-000000000011"])
    ]
    relationship_since: Annotated[
        str | None,
        Meta(
            description="Since when the partner serves the customer, in UTC; in a look back, when the relationship of that "
            "day had begun, null: there was none.",
            examples=["2018-08-01T00:00:00Z"],
        ),
    ]
    agreements: Annotated[list[AgreementThenOut], Meta(description="One entry per agreement type of the programme.")]
    refusals: Annotated[
        list[EndingOut],
        Meta(
            description="When the customer was recorded as no longer agreeing, newest first; those of this page of the history.",
            examples=[[]],
        ),
    ]
    on: Annotated[
        str | UnsetType,
        Meta(description="The instant that a look back is about, in UTC.", examples=["2019-05-01T23:59:59.999999Z"]),
    ] = UNSET
    known_at: Annotated[
        str | UnsetType,
        Meta(description="By when it had to be recorded to count, in UTC.", examples=["2019-06-01T23:59:59.999999Z"]),
    ] = UNSET

    @classmethod
    def of(cls, as_of: StandingAsOf, shown: Container[int]) -> "StandingAsOfOut":
        """Return the standing as of a day, as our own API answers it.

        Args:
            shown: the sequences of what is on the page of the history.
        """
        found = as_of.found
        return cls(
            customer_id=as_of.customer_id,
            relationship_since=None if found.period is None else written_z(found.period.started_at),
            agreements=[AgreementThenOut.of(agreement, as_of, shown) for agreement in found.agreements],
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
        200: ResponseSpec(StandingAsOfOut, generate_examples=False, description="The standing."),
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
) -> Response[StandingOut | StandingAsOfOut]:
    """What is recorded about a customer's acceptance, newest first, with its history page by page.

    The `Link` header leads to the next page of the history; all the rest is the same on each page.

    With `on` or `knownAt` it is what the standing was on that day, as the records stood on the other: what was recorded
    later is left out, corrections too. Then a former customer may be named as well.
    """
    deployment = deployment_of(request)
    actor, programme, customer = actor_of(request), deployment.programme, as_guid(customer_id, "customerId")
    page_request, then, by = (
        page_request_of(request, size, cursor, "on", "knownAt"),
        _moment(on, "on"),
        _moment(known_at, "knownAt"),
    )

    async def today(uow: UnitOfWork) -> tuple[StandingOut | StandingAsOfOut, Page[Any]]:
        standing = await show_standing(uow, actor, programme, customer, page_request)
        return StandingOut.of(standing), standing.page

    async def back(uow: UnitOfWork) -> tuple[StandingOut | StandingAsOfOut, Page[Any]]:
        try:
            as_of = await standing_as_of(uow, actor, programme, customer, then, by)
        except Rejected as error:
            raise error.renamed({"known_at": "knownAt"}) from None
        sequences = sorted({*as_of.recorded, *(ending.sequence for ending in as_of.found.refusals)}, reverse=True)
        page = page_in(sequences, lambda sequence: (sequence, ""), page_request)
        return StandingAsOfOut.of(as_of, frozenset(page.items)), page

    async with deployment.list_locks.of(actor.partner.id):
        shown, page = await deployment.store.read_slow(today if on is None and known_at is None else back)
    return Response(shown, headers=next_page(request, page))


def _moment(written: str | None, name: str) -> Moment | None:
    try:
        return None if written is None else query_moment(written)
    except ValueError:
        raise Rejected("request.invalid-instant", name=name) from None
