"""One case of a question: which programme, which partner, which instant. And the conditions and customers of the table."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from agreegate.domain.agreement import AgreementTemplate
from agreegate.domain.partner import Account, Partner, PartnerKind
from agreegate.domain.programme import Programme
from agreegate.domain.standing import Current, Standing


@dataclass(frozen=True, slots=True)
class Case:
    """Who asks, under which programme, at which instant."""

    programme: Programme
    partner: Partner
    now: datetime


Condition = Callable[[Case], bool]
Customer = Callable[[Case], Standing]


def everywhere(_case: Case) -> bool:
    """In every cloud, at any time."""
    return True


def national(case: Case) -> bool:
    """The partner's cloud has no confirmations (R31)."""
    return case.partner.cloud in case.programme.unsupported_clouds


def public(case: Case) -> bool:
    """The partner's cloud has confirmations (R30)."""
    return not national(case)


def begun(case: Case) -> bool:
    """Confirmations can be recorded now (R1)."""
    return public(case) and case.programme.exists(case.now)


def enforced(case: Case) -> bool:
    """The programme has a date from which a channel refuses, past or still to come (R3, R4)."""
    return public(case) and any(case.programme.enforce_from.values())


def superseded(case: Case) -> bool:
    """Confirmations of an agreement no longer count (R33)."""
    return begun(case) and bool(closed(case))


def closed(case: Case) -> list[AgreementTemplate]:
    """Agreements whose confirmations counted once and no longer do (R33)."""
    return [t for t in case.programme.templates if t.has_opened(case.now) and not t.opens_gate(case.now)]


def sandbox(case: Case) -> bool:
    """The partner's account is for tests."""
    return public(case) and case.partner.account is Account.SANDBOX


def _unless(condition: Condition) -> Condition:
    return lambda case: public(case) and not condition(case)


def _asked_by(kind: PartnerKind) -> Condition:
    return lambda case: public(case) and case.partner.kind is kind


early = _unless(begun)
lasting = _unless(superseded)
direct_bill = _asked_by(PartnerKind.DIRECT_BILL)
provider = _asked_by(PartnerKind.INDIRECT_PROVIDER)
reseller = _asked_by(PartnerKind.INDIRECT_RESELLER)
operator = _asked_by(PartnerKind.OPERATOR)


def collecting(case: Case) -> bool:
    """An indirect provider asks, and can record what its resellers send (R23)."""
    return begun(case) and provider(case)


def unconfirmed(_case: Case) -> Standing:
    """A customer without a record."""
    return Standing(related=True)


def confirmed(case: Case) -> Standing:
    """A customer who accepted the agreement of today."""
    return accepted(case, case.programme.asked_template(case.now))


def outdated(case: Case) -> Standing:
    """A customer who accepted a text that a newer one has replaced since."""
    return accepted(case, case.programme.asked_template(case.now), case.now)


def no_longer_agrees(case: Case) -> Standing:
    """A customer recorded as no longer agreeing."""
    return Standing(related=True, refused_at=case.now)


def accepted(case: Case, template: AgreementTemplate | None, outdated_since: datetime | None = None) -> Standing:
    """A customer whose one confirmation is of this template."""
    if template is None:
        return unconfirmed(case)
    current = Current(template.agreement_type, template.id, case.now, case.now, 1, outdated_since)
    return Standing(related=True, current=(current,))
