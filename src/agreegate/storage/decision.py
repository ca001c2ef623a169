"""The gate's recorded decisions, each with its transaction and standing, so that it can be decided again.

Reasons, advisories and standings are recorded as JSON with a version and the names of the domain's fields. Recorded text never
changes, so every version stays readable. Version 1 has no version number: its values are known by position.
Version 3 of a standing has `no_longer_agrees_at` where version 2 had `refused_at`.
A new field of the domain needs a default. A field that is renamed or removed needs a new version here.
"""

import json
from dataclasses import dataclass
from datetime import datetime

import msgspec

from agreegate.domain.actor import Actor, Channel
from agreegate.domain.agreements.agreement import AgreementType, TemplateId
from agreegate.domain.fact import TransactionDecided
from agreegate.domain.gate import Verdict
from agreegate.domain.orders.transaction import Transaction
from agreegate.domain.partner import PartnerId
from agreegate.domain.reason import Code, Reason
from agreegate.domain.standing import Current, Standing, Unknown
from agreegate.storage.engine.unit_of_work import UnitOfWork, Value, from_micros, maybe_instant, to_micros
from agreegate.storage.idempotency import KEPT
from agreegate.storage.pagination import Listing, Page, PageRequest, page_of
from agreegate.storage.row import find, insert, put, reader


class _Reasons(msgspec.Struct, tag_field="version", tag=2):
    """Reasons or advisories, as they are recorded."""

    reasons: tuple[Reason, ...]


class _Known(msgspec.Struct, tag_field="version", tag=3, omit_defaults=True):
    """A standing, as it is recorded: without personal data."""

    standing: Standing | None
    """None: `Unknown`."""
    clock_behind: bool = False


_REASONS = msgspec.json.Decoder(_Reasons)
_KNOWN = msgspec.json.Decoder(_Known)


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """A recorded decision, with its transaction and the standing that the gate read."""

    id: str
    asked: Transaction
    verdict: Verdict
    reasons: tuple[Reason, ...]
    advisories: tuple[Reason, ...]
    known: Standing | Unknown
    policy: str
    decided_by: str
    """The user or application that requested the decision."""
    request_id: str
    subject: str | None
    """Id of the order, cart or subscription that the transaction is about."""
    decided_at: datetime

    @property
    def allowed(self) -> bool:
        """Whether the gate allowed the transaction."""
        return self.verdict is Verdict.ALLOW


def reasons_text(reasons: tuple[Reason, ...]) -> str:
    """Return reasons as they are recorded."""
    return msgspec.json.encode(_Reasons(reasons)).decode()


def as_reasons(text: str) -> tuple[Reason, ...]:
    """Return recorded reasons."""
    if not text.startswith("["):
        return _REASONS.decode(text).reasons
    return tuple(
        Reason(Code(code), rule, None if channel is None else Channel(channel), maybe_instant(date))
        for code, rule, channel, date in json.loads(text)
    )


def standing_text(standing: Standing | Unknown) -> str:
    """Return a standing as it is recorded: without personal data."""
    known = _Known(None, standing.clock_behind) if isinstance(standing, Unknown) else _Known(standing)
    return msgspec.json.encode(known).decode()


def as_standing(text: str) -> Standing | Unknown:
    """Return a recorded standing."""
    if text.startswith('{"version":'):
        found = _KNOWN.decode(
            text.replace('{"version":2,', '{"version":3,').replace('"refused_at":', '"no_longer_agrees_at":')
        )
        return found.standing or Unknown(found.clock_behind)
    known = json.loads(text)
    if known is None:
        return Unknown()
    current = tuple(
        Current(AgreementType(kind), TemplateId(template), from_micros(agreed), from_micros(recorded), sequence,
                maybe_instant(outdated), maybe_instant(renew_by), overdue)
        for kind, template, agreed, recorded, sequence, outdated, renew_by, overdue in known["current"]
    )  # fmt: skip
    return Standing(known["related"], current, maybe_instant(known["refused_at"]))


_KEPT = (
    "decision_id, action, channel, agreement_type, verdict, reasons, advisories, standing, policy, decided_by, request_id,"
    " subject_id, decided_at from decision where partner_id = $1 and customer_id = $2"
)
_as_kept = reader(KeptDecision, reasons=as_reasons, advisories=as_reasons, known=as_standing)


async def repeated_decision(uow: UnitOfWork, partner: PartnerId, fact: TransactionDecided) -> str | None:
    """Return the id of an equal decision on an equal call and standing, recorded in the last 24 hours of machine time."""
    row = await uow.fetch_one(
        "select decision_id, reasons, advisories, standing from decision_repeat"
        " join decision using (partner_id, decision_id)"
        " where partner_id = $1 and decision_repeat.request_id = $2 and decision_repeat.fingerprint = $3"
        " and decision_repeat.verdict = $4 and decision_repeat.action = $5 and kept_at > $6 and policy = $7",
        *_same(partner, fact).values(),
        to_micros(uow.machine_now - KEPT),
        fact.decision.policy,
    )
    if row is None:
        return None
    decision_id, reasons, advisories, known = row
    recorded = as_reasons(reasons), as_reasons(advisories), as_standing(known)
    equal = recorded == (fact.decision.reasons, fact.decision.advisories, fact.standing)
    return str(decision_id) if equal else None


async def add_decision(uow: UnitOfWork, actor: Actor, fact: TransactionDecided) -> None:
    """Add a decision; only `record` calls this function."""
    same = _same(actor.partner.id, fact)
    await insert(
        uow,
        "decision",
        **same,
        decision_id=fact.decision_id,
        customer_id=fact.customer,
        channel=fact.asked.channel,
        agreement_type=fact.asked.agreement_type,
        reasons=reasons_text(fact.decision.reasons),
        advisories=reasons_text(fact.decision.advisories),
        standing=standing_text(fact.standing),
        policy=fact.decision.policy,
        cloud=actor.partner.cloud,
        decided_by=actor.recorded_by,
        subject_id=fact.subject,
        decided_at=to_micros(uow.now),
    )
    if fact.once:
        kept_at = to_micros(uow.machine_now)
        await put(uow, "decision_repeat", same, decision_id=fact.decision_id, kept_at=kept_at)


def _same(partner: PartnerId, fact: TransactionDecided) -> dict[str, Value]:
    """Return the columns by which a repeated call is recognised."""
    return {
        "partner_id": partner,
        "request_id": fact.request_id,
        "fingerprint": fact.fingerprint,
        "verdict": fact.decision.verdict,
        "action": fact.asked.action,
    }


async def forget_repeats(uow: UnitOfWork, most: int) -> int:
    """Delete at most `most` rows by which repeated calls are recognised, older than a day; return how many it deleted."""
    return await uow.execute(
        "delete from decision_repeat where (partner_id, request_id, fingerprint, verdict, action) in"
        " (select partner_id, request_id, fingerprint, verdict, action from decision_repeat where kept_at <= $1 limit $2)",
        to_micros(uow.machine_now - KEPT),
        most,
    )


async def decisions_of(
    uow: UnitOfWork, partner: PartnerId, customer: str, page_request: PageRequest
) -> Page[KeptDecision]:
    """Return a page of the decisions about a customer of this partner, newest first."""
    listing = Listing(_KEPT, "decided_at", "decision_id", newest_first=True)
    return await page_of(uow, _as_kept, listing, page_request, partner, customer)


async def decision_of(uow: UnitOfWork, partner: PartnerId, customer: str, decision: str) -> KeptDecision | None:
    """Return a decision about a customer."""
    return await find(uow, _as_kept, f"select {_KEPT} and decision_id = $3", partner, customer, decision)
