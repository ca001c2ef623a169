"""Ask the gate: `POST /api/gate/decisions`. The hot path spells its answers with the same `spelled`."""

from datetime import datetime
from functools import lru_cache

import msgspec
from litestar import post
from litestar.params import JSONBody

from agreegate.api.deployment import Deployment
from agreegate.api.instant import parse_instant, written_utc, written_z
from agreegate.api.own import OwnRequest, actor_of, call_of
from agreegate.api.paths import as_guid
from agreegate.api.problem_details import language
from agreegate.domain.actor import ASK_GATE, RECORD_DECISION, Channel, permit
from agreegate.domain.agreement import AgreementType
from agreegate.domain.errors import AccessDenied, InvalidProperty
from agreegate.domain.gate import Code, Decision, Reason
from agreegate.domain.programme import Programme
from agreegate.domain.transaction import Action, Transaction
from agreegate.i18n import date_text, text
from agreegate.services.gate import ask, check


class Question(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A transaction that might be."""

    customer_id: str
    action: Action
    channel: Channel
    partner_id: str | None = None
    """The caller's own tenant when left out; another's is refused."""
    agreement_type: str | None = None
    """Only a confirmation of this type counts; any that opens the gate when left out."""
    at: str | None = None
    """Compare the programme's dates with this instant; the standing is today's."""
    record: bool = False
    """Keep the decision, and answer with its id."""


class ReasonOut(msgspec.Struct, rename="camel", omit_defaults=True):
    """Why a transaction is refused, or what will matter later."""

    code: str
    rule: str
    text: str
    next_step: str
    channel: str | None = None
    date: str | None = None


class ConfirmationOut(msgspec.Struct, rename="camel"):
    """The confirmation that counts; no personal data."""

    template_id: str
    type: str
    date_agreed: str
    recorded_at: str


class DecisionOut(msgspec.Struct, rename="camel", kw_only=True):
    """The gate's answer."""

    verdict: str
    reasons: list[ReasonOut]
    advisories: list[ReasonOut]
    policy: str
    decided_at: str
    confirmation: ConfirmationOut | None
    decision_id: str | msgspec.UnsetType = msgspec.UNSET


@post("/gate/decisions", status_code=200, opt={"access": ASK_GATE}, tags=["gate"], summary="Ask the gate")
async def decide_question(request: OwnRequest, data: JSONBody[Question]) -> DecisionOut:
    """Whether a transaction may complete, with every reason: 200 for allow and deny alike."""
    deployment: Deployment = request.app.state.deployment
    actor, spoken = actor_of(request), language(request)
    asked = Transaction(data.action, data.channel, _agreement_type(data, deployment.programme))
    customer = as_guid(data.customer_id, "customerId")
    if data.partner_id is not None and as_guid(data.partner_id, "partnerId") != actor.partner.id:
        raise AccessDenied
    if not data.record:
        at = _instant(data.at)
        decision = await ask(deployment.store, actor, deployment.programme, customer, asked, at)
        return spelled(decision, deployment, spoken)
    permit(actor, RECORD_DECISION)
    if data.at is not None:
        raise InvalidProperty(name="at")
    call = call_of(request, data)
    kept = await deployment.store.write(lambda uow: check(uow, actor, deployment.programme, customer, asked, call))
    return spelled(kept.decision, deployment, spoken, kept.id)


def spelled(decision: Decision, deployment: Deployment, spoken: str, decision_id: str | None = None) -> DecisionOut:
    """A decision in words, in one of our languages."""
    current, title = decision.confirmation, deployment.programme.title
    return DecisionOut(
        verdict=decision.verdict,
        reasons=[_reason(reason, title, spoken) for reason in decision.reasons],
        advisories=[_reason(advisory, title, spoken) for advisory in decision.advisories],
        policy=decision.policy,
        decided_at=written_z(deployment.store.clock()),
        confirmation=None
        if current is None
        else ConfirmationOut(
            current.template_id,
            current.agreement_type,
            written_utc(current.date_agreed),
            written_z(current.recorded_at),
        ),
        decision_id=decision_id or msgspec.UNSET,
    )


@lru_cache(maxsize=1024)
def _reason(reason: Reason, agreement: str, spoken: str) -> ReasonOut:
    filled = {
        "agreement": agreement,
        "channel": "" if reason.channel is None else text(f"channel.{reason.channel}", spoken),
        "date": "" if reason.date is None else date_text(reason.date, spoken),
    }
    undated = ".undated" if reason.code is Code.CONFIRMATION_OUTDATED and reason.date is None else ""
    return ReasonOut(
        code=reason.code,
        rule=reason.rule,
        text=text(f"gate.{reason.code}.text", spoken, **filled),
        next_step=text(f"gate.{reason.code}.next{undated}", spoken, **filled),
        channel=reason.channel,
        date=None if reason.date is None else written_z(reason.date),
    )


def _agreement_type(question: Question, programme: Programme) -> AgreementType | None:
    if question.agreement_type is None:
        return None
    template = programme.of_type(question.agreement_type)
    if template is None:
        raise InvalidProperty(name="agreementType")
    return template.agreement_type


def _instant(written: str | None) -> datetime | None:
    try:
        parsed = None if written is None else parse_instant(written)
    except ValueError:
        raise InvalidProperty(name="at") from None
    if parsed is None and written is not None:
        raise InvalidProperty(name="at")
    return None if parsed is None else parsed.instant
