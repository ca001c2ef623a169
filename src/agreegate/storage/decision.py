"""The gate's recorded answers, with what was asked and known, so that they can be decided again."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agreegate.domain.actor import Actor, Channel
from agreegate.domain.agreement import AgreementType, TemplateId
from agreegate.domain.fact import TransactionDecided
from agreegate.domain.gate import Verdict
from agreegate.domain.partner import PartnerId
from agreegate.domain.reason import Code, Reason
from agreegate.domain.standing import Current, Standing, Unknown
from agreegate.domain.transaction import Action, Transaction
from agreegate.storage.idempotency import KEPT
from agreegate.storage.page import Listing, Page, Wanted, page_of
from agreegate.storage.unit_of_work import Row, UnitOfWork, from_micros, maybe_instant, maybe_micros, to_micros

_KEPT = (
    "decided_at, decision_id, action, channel, agreement_type, verdict, reasons, advisories, standing, policy,"
    " decided_by, request_id, subject_id from decision where partner_id = $1 and customer_id = $2"
)


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """A decision as it was kept, with what was asked and known."""

    id: str
    asked: Transaction
    verdict: Verdict
    reasons: tuple[Reason, ...]
    advisories: tuple[Reason, ...]
    known: Standing | Unknown
    policy: str
    decided_by: str
    """The user or application that asked."""
    request_id: str
    subject: str | None
    """The order, cart or subscription that it was about."""
    decided_at: datetime

    @property
    def allowed(self) -> bool:
        """Whether the transaction might complete."""
        return self.verdict is Verdict.ALLOW


async def repeated_decision(uow: UnitOfWork, partner: PartnerId, fact: TransactionDecided) -> str | None:
    """The id under which the same call was decided alike, on what was known before, in the last 24 hours of machine time."""
    row = await uow.one(
        "select decision_id from decision_repeat join decision using (partner_id, decision_id)"
        " where partner_id = $1 and decision_repeat.request_id = $2 and decision_repeat.fingerprint = $3"
        " and decision_repeat.verdict = $4 and decision_repeat.action = $5 and kept_at > $6"
        " and reasons = $7 and advisories = $8 and standing = $9 and policy = $10",
        partner,
        *_same(fact),
        to_micros(uow.machine_now - KEPT),
        *_found(fact),
    )
    if row is None:
        return None
    (decision_id,) = row
    return str(decision_id)


async def add_decision(uow: UnitOfWork, actor: Actor, fact: TransactionDecided) -> None:
    """Keep a decision; `record` calls this."""
    await uow.run(
        "insert into decision (partner_id, decision_id, customer_id, action, channel, agreement_type, verdict, reasons,"
        " advisories, standing, policy, cloud, decided_by, request_id, fingerprint, subject_id, decided_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        actor.partner.id,
        fact.decision_id,
        fact.customer,
        fact.asked.action,
        fact.asked.channel,
        fact.asked.agreement_type,
        fact.decision.verdict,
        *_found(fact),
        actor.partner.cloud,
        actor.recorded_by,
        fact.request_id,
        fact.fingerprint,
        fact.subject,
        to_micros(uow.now),
    )
    if fact.once:
        await uow.run(
            "insert into decision_repeat (partner_id, request_id, fingerprint, verdict, action, decision_id, kept_at)"
            " values ($1, $2, $3, $4, $5, $6, $7) on conflict (partner_id, request_id, fingerprint, verdict, action)"
            " do update set decision_id = excluded.decision_id, kept_at = excluded.kept_at",
            actor.partner.id,
            *_same(fact),
            fact.decision_id,
            to_micros(uow.machine_now),
        )


def _same(fact: TransactionDecided) -> tuple[str, ...]:
    """What a repeat has in common with the first call."""
    return fact.request_id, fact.fingerprint, fact.decision.verdict, fact.asked.action


def _found(fact: TransactionDecided) -> tuple[str, ...]:
    """What was decided, and on what, as it is kept."""
    decision = fact.decision
    return (
        reasons_text(decision.reasons),
        reasons_text(decision.advisories),
        standing_text(fact.standing),
        decision.policy,
    )


async def forget_repeats(uow: UnitOfWork, most: int) -> int:
    """Delete at most that many rows by which repeats older than a day would be known; returns how many it deleted."""
    return await uow.run(
        "delete from decision_repeat where (partner_id, request_id, fingerprint, verdict, action) in"
        " (select partner_id, request_id, fingerprint, verdict, action from decision_repeat where kept_at <= $1 limit $2)",
        to_micros(uow.machine_now - KEPT),
        most,
    )


async def decisions_of(uow: UnitOfWork, partner: PartnerId, customer: str, wanted: Wanted) -> Page[KeptDecision]:
    """A page of what the gate decided about a customer for this partner, newest first."""
    listing = Listing(f"select {_KEPT}", "decided_at", "decision_id", newest_first=True)
    found = await page_of(uow, listing, wanted, partner, customer)
    return Page(tuple(map(_kept, found.items)), found.first, found.last, found.more_before, found.more_after)


async def decision_of(uow: UnitOfWork, partner: PartnerId, customer: str, decision: str) -> KeptDecision | None:
    """One decision about a customer."""
    row = await uow.one(f"select {_KEPT} and decision_id = $3", partner, customer, decision)
    return None if row is None else _kept(row)


def reasons_text(reasons: tuple[Reason, ...]) -> str:
    """Reasons as they are kept."""
    return json.dumps([[r.code, r.rule, r.channel, maybe_micros(r.date)] for r in reasons], separators=(",", ":"))


def as_reasons(text: str) -> tuple[Reason, ...]:
    """Kept reasons, as the rules made them."""
    return tuple(
        Reason(Code(code), rule, None if channel is None else Channel(channel), maybe_instant(date))
        for code, rule, channel, date in json.loads(text)
    )


def standing_text(standing: Standing | Unknown) -> str:
    """What was known, as it is kept: no personal data."""
    if isinstance(standing, Unknown):
        return "null"
    known: dict[str, Any] = {
        "related": standing.related,
        "refused_at": maybe_micros(standing.refused_at),
        "current": [
            [c.agreement_type, c.template_id, to_micros(c.date_agreed), to_micros(c.recorded_at), c.sequence,
             maybe_micros(c.outdated_since), maybe_micros(c.renew_by), c.overdue]
            for c in standing.current
        ],
    }  # fmt: skip
    return json.dumps(known, separators=(",", ":"))


def as_standing(text: str) -> Standing | Unknown:
    """What was known when a kept decision was made."""
    known = json.loads(text)
    if known is None:
        return Unknown()
    current = tuple(
        Current(AgreementType(kind), TemplateId(template), from_micros(agreed), from_micros(recorded), sequence,
                maybe_instant(outdated), maybe_instant(renew_by), overdue)
        for kind, template, agreed, recorded, sequence, outdated, renew_by, overdue in known["current"]
    )  # fmt: skip
    return Standing(known["related"], current, maybe_instant(known["refused_at"]))


def _kept(row: Row) -> KeptDecision:
    kind = None if row[4] is None else AgreementType(row[4])
    return KeptDecision(
        id=row[1],
        asked=Transaction(Action(row[2]), Channel(row[3]), kind),
        verdict=Verdict(row[5]),
        reasons=as_reasons(row[6]),
        advisories=as_reasons(row[7]),
        known=as_standing(row[8]),
        policy=row[9],
        decided_by=row[10],
        request_id=row[11],
        subject=row[12],
        decided_at=from_micros(row[0]),
    )
