"""Ask the gate: `POST /api/gate/decisions`. The hot path encodes its answers with the same `encoded`."""

from datetime import datetime
from functools import lru_cache
from typing import Annotated

import msgspec
from litestar import post
from litestar.params import JSONBody
from msgspec import Meta

from agreegate.api.body import LARGEST_QUESTION
from agreegate.api.instant import read_date, stated_instant, written_utc, written_z
from agreegate.api.paths import as_guid
from agreegate.api.problem_details import problems, reader_language
from agreegate.api.rest import RestRequest, actor_of, call_of
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import ASK_GATE, RECORD_DECISION, Actor, Channel, permit
from agreegate.domain.agreements.agreement import AgreementType
from agreegate.domain.error import Rejected
from agreegate.domain.gate import Decision
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.programme import Programme
from agreegate.domain.reason import Reason
from agreegate.i18n import date_text, text
from agreegate.services.gate import Inquiry, ask, check


class Question(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A transaction to ask about."""

    customer_id: Annotated[
        str, Meta(description="The customer's tenant id, a GUID.", examples=["d09d0000-0000-4000-8000-000000000012"])
    ]
    action: Action
    channel: Channel
    partner_id: Annotated[
        str | None, Meta(description="The caller's own tenant when left out; another's is refused.")
    ] = None
    agreement_type: Annotated[
        str | None, Meta(description="Only a confirmation of this type counts; any that opens the gate when left out.")
    ] = None
    at: Annotated[
        str | None,
        Meta(description="Compare the programme's dates with this instant instead of now. The standing is today's."),
    ] = None
    record: Annotated[
        bool,
        Meta(description="Keep the decision, and answer with its id. Not together with `at`, nor by a Helpdesk agent."),
    ] = False


class ReasonOut(msgspec.Struct, rename="camel", omit_defaults=True):
    """Why a transaction is refused, or what will matter later."""

    code: Annotated[str, Meta(description="From the closed list in docs/gate.md.", examples=["confirmation.missing"])]
    rule: Annotated[str, Meta(description="The rule of the published process it follows from.", examples=["R9"])]
    text: Annotated[
        str,
        Meta(
            description="The reason in a sentence, in the caller's language.",
            examples=["We have no confirmation that this customer accepted the Microsoft Cloud Agreement."],
        ),
    ]
    next_step: Annotated[
        str,
        Meta(
            description="What to do about it, in the caller's language.",
            examples=["Obtain the customer's acceptance, confirm it, and send the same transaction again."],
        ),
    ]
    channel: Annotated[
        str | None, Meta(description="The channel the reason speaks of, if it speaks of one.", examples=["api"])
    ] = None
    date: Annotated[
        str | None, Meta(description="The date the reason speaks of, in UTC; left out when there is none.")
    ] = None


class ConfirmationOut(msgspec.Struct, rename="camel"):
    """The confirmation that counts; no personal data."""

    template_id: Annotated[str, Meta(description="The agreement template that was accepted.")]
    type: Annotated[str, Meta(description="Its agreement type.")]
    date_agreed: Annotated[str, Meta(description="When the customer accepted, in UTC.")]
    recorded_at: Annotated[datetime, Meta(description="When the partner recorded it, in UTC.")]


class DecisionOut(msgspec.Struct, rename="camel", kw_only=True):
    """The gate's answer."""

    verdict: Annotated[str, Meta(description="`allow` or `deny`.", examples=["deny"])]
    reasons: Annotated[
        list[ReasonOut],
        Meta(description="Every reason that denies by itself, the first one first; empty when allowed."),
    ]
    advisories: Annotated[
        list[ReasonOut],
        Meta(description="What does not refuse today but will matter; also beside reasons.", examples=[[]]),
    ]
    policy: Annotated[
        str, Meta(description="The programme and its version decided by.", examples=["microsoft-cloud-agreement@2"])
    ]
    decided_at: Annotated[
        datetime, Meta(description="The server's instant, in UTC.", examples=["2019-03-22T00:00:00Z"])
    ]
    confirmation: Annotated[
        ConfirmationOut | None,
        Meta(
            description="The confirmation that counts, if there is one, also when it was not needed.", examples=[None]
        ),
    ]
    decision_id: Annotated[
        str | msgspec.UnsetType, Meta(description="Under which the decision is kept; only when `record` was asked for.")
    ] = msgspec.UNSET


@post(
    "/gate/decisions",
    status_code=200,
    opt={"access": ASK_GATE},
    request_max_body_size=LARGEST_QUESTION,
    tags=["gate"],
    summary="Ask the gate",
    response_description="The decision. A denial is an answer too, hence 200.",
    responses=problems(400, 403, 413),
)
async def decide_question(request: RestRequest, data: JSONBody[Question]) -> DecisionOut:
    """Return whether a transaction may complete, with every reason: 200 for allow and deny alike."""
    deployment = deployment_of(request)
    actor, language = actor_of(request), reader_language(request)
    programme, now = deployment.programme, deployment.store.clock()
    customer, transaction, at = inquiry_of(data, actor, programme)
    if not data.record:
        decision = await ask(deployment.store, actor, programme, customer, transaction, at, now)
        return encoded(decision, programme, language, now, at or now)
    permit(actor, RECORD_DECISION)
    if at is not None:
        raise Rejected("request.recorded-at-now", name="at")
    call = call_of(request, data)
    kept = await deployment.store.write(lambda uow: check(uow, call, programme, customer, transaction))
    return encoded(kept.decision, programme, language, now, now, kept.id)


def inquiry_of(question: Question, actor: Actor, programme: Programme) -> Inquiry:
    """Return the customer, transaction and instant of a question.

    Raises:
        `request.malformed-id`, `request.invalid-property`, `request.invalid-instant`: a member has no usable value.
        `access.denied`: it names another partner than the caller's.
    """
    transaction = _transaction(question.action, question.channel, _agreement_type(question, programme))
    customer = as_guid(question.customer_id, "customerId")
    if question.partner_id is not None and as_guid(question.partner_id, "partnerId") != actor.partner.id:
        raise Rejected("access.denied")
    at = None if question.at is None else read_date(stated_instant, question.at, "at").instant
    return Inquiry(customer, transaction, at)


def encoded(
    decision: Decision, programme: Programme, language: str, now: datetime, at: datetime, decision_id: str | None = None
) -> DecisionOut:
    """Return a decision with its sentences in one of the two languages.

    Args:
        at: the instant that the programme's dates were compared with.
    """
    current = decision.confirmation
    title = programme.asks_for(at) if decision.reasons or decision.advisories else ""
    return DecisionOut(
        verdict=decision.verdict,
        reasons=[_reason(reason, title, language) for reason in decision.reasons] if decision.reasons else [],
        advisories=[_reason(advisory, title, language) for advisory in decision.advisories]
        if decision.advisories
        else [],
        policy=decision.policy,
        decided_at=now,
        confirmation=None
        if current is None
        else ConfirmationOut(
            current.template_id,
            current.agreement_type,
            _date_agreed(current.date_agreed),
            current.recorded_at,
        ),
        decision_id=decision_id or msgspec.UNSET,
    )


_transaction = lru_cache(maxsize=256)(Transaction)
_date_agreed = lru_cache(maxsize=4096)(written_utc)  # mostly days, and few different ones


@lru_cache(maxsize=1024)
def _reason(reason: Reason, agreement: str, language: str) -> ReasonOut:
    filled = {
        "agreement": agreement,
        "channel": "" if reason.channel is None else text(f"channel.{reason.channel}", language),
        "date": "" if reason.date is None else date_text(reason.date, language),
    }
    return ReasonOut(
        code=reason.code,
        rule=reason.rule,
        text=text(reason.text_key, language, **filled),
        next_step=text(reason.next_key, language, **filled),
        channel=reason.channel,
        date=None if reason.date is None else written_z(reason.date),
    )


def _agreement_type(question: Question, programme: Programme) -> AgreementType | None:
    if question.agreement_type is None:
        return None
    template = programme.of_type(question.agreement_type)
    if template is None:
        raise Rejected("request.invalid-property", name="agreementType")
    return template.agreement_type
