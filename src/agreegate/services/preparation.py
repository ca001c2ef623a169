"""Prepare the confirmation form: the agreement, the current confirmation, and the proposed contact (contract 5)."""

from dataclasses import dataclass, replace
from datetime import datetime

from agreegate.domain.actor import Actor
from agreegate.domain.agreements.accepted_text import AcceptedText, offered
from agreegate.domain.agreements.agreement import AgreementTemplate, TemplateId
from agreegate.domain.agreements.text import TextVersion, in_force
from agreegate.domain.confirmation import Confirmation, Ending, Facts, PrimaryContact
from agreegate.domain.customers.customer import Customer
from agreegate.domain.error import Rejected
from agreegate.domain.partner import Partner, PartnerId, PartnerKind
from agreegate.domain.programme import Programme
from agreegate.services.customers.relationship import require_relationship
from agreegate.storage.agreements.accepted_text import accepted_text_of
from agreegate.storage.agreements.text import text_versions_in
from agreegate.storage.confirmation import current_confirmation
from agreegate.storage.customers.customer import customer_of, resellers_of
from agreegate.storage.customers.standing import standing_of
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.history import newest_confirmation, newest_ending, was_confirmed
from agreegate.storage.partner import linked_resellers, users_named

MOST_RESELLERS = 100
"""Maximum number of resellers listed in the form. The customer's own come first."""


@dataclass(frozen=True, slots=True)
class Event:
    """A record about one agreement of a customer."""

    record: Confirmation | Ending
    by: str
    """The user's name in the directory, else an id."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of an agreement for a customer of one country."""

    published: tuple[TextVersion, ...] = ()
    """Every version with a text for the country."""
    offered: tuple[TextVersion, ...] = ()
    """The versions that may be named, latest effect first; for a first confirmation the one in force (R32)."""
    first: bool = True
    """No confirmation of the agreement was recorded for this customer, except in error."""
    in_force: TextVersion | None = None
    """The version that the customer accepts now, if one is in force."""
    accepted: AcceptedText | None = None
    """The text of the current confirmation."""
    outdated_since: datetime | None = None
    """Since when a newer major text binds the customer (R34)."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """The facts that a form for one agreement shows first."""

    template: AgreementTemplate
    choice: tuple[AgreementTemplate, ...]
    """Every template that may be confirmed now."""
    designated: bool
    """The user is a designated account, so the form asks for the employee (R28)."""
    resellers: tuple[Partner, ...]
    """The resellers of an indirect provider, the customer's own first (R23)."""
    customer: Customer | None = None
    """None: a customer to create."""
    current: Confirmation | None = None
    """The current confirmation of this agreement."""
    newest: Event | None = None
    """The last record about this agreement; a later one was made meanwhile."""
    texts: Texts = Texts()

    @property
    def outdated(self) -> bool:
        """Whether a newer text must be accepted (R34)."""
        return self.texts.outdated_since is not None

    @property
    def contact(self) -> PrimaryContact | None:
        """The proposed contact: who accepted last, else the customer's primary contact (R19)."""
        if self.current is not None and self.current.contact is not None:
            return self.current.contact
        billing = None if self.customer is None else self.customer.billing
        if billing is None:
            return None
        address = billing.address
        return PrimaryContact(address.first_name, address.last_name, billing.email, address.phone or None)

    def facts(self, actor: Actor, now: datetime, latest_day: datetime) -> Facts:
        """Return the facts that the rules compare with a form's draft.

        Args:
            latest_day: midnight UTC of the last day that has begun where customer and partner are.
        """
        return Facts(
            now,
            self.template,
            actor.user_id,
            designated=self.designated,
            resellers=frozenset(reseller.id for reseller in self.resellers),
            latest_day=latest_day,
        )


async def prepare(
    uow: UnitOfWork,
    actor: Actor,
    programme: Programme,
    customer: str | None = None,
    template_id: str = "",
    country: str = "",
) -> Preparation:
    """Prepare a confirmation.

    Args:
        customer: None: a customer to create.
        template_id: the agreement; empty: the one that the gate asks for now.
        country: of a customer to create, once it is known.

    Raises:
        `confirmation.feature-absent`: before the programme starts, or in a national cloud (R1, R31).
        `relationship.missing`, `confirmation.template-unknown`.
    """
    programme.require(uow.now, actor.partner.cloud)
    template = _template(programme, template_id, uow.now)
    choice = tuple(one for one in programme.templates if not one.retired(uow.now))
    partner = actor.partner.id
    named = {} if actor.user_id is None else await users_named(uow, partner, [actor.user_id])
    designated = actor.user_id in named and named[actor.user_id].designated
    if customer is None:
        texts = await _texts(uow, template, country)
        return Preparation(template, choice, designated, await _resellers(uow, actor, frozenset()), texts=texts)
    await require_relationship(uow, actor, customer)
    served = await customer_of(uow, actor.partner, customer)
    found, _ = served or (None, None)
    current = await current_confirmation(uow, partner, customer, template.agreement_type)
    first = not await was_confirmed(uow, partner, customer, template.agreement_type)
    texts = await _texts(uow, template, "" if found is None else found.country, first=first)
    if current is not None:
        texts = await _with_accepted(uow, actor, customer, current, texts)
    return Preparation(
        template,
        choice,
        designated,
        resellers=await _resellers(uow, actor, await resellers_of(uow, partner, customer)),
        customer=found,
        current=current,
        newest=await _newest(uow, actor, customer, template),
        texts=texts,
    )


async def _texts(uow: UnitOfWork, template: AgreementTemplate, country: str, *, first: bool = True) -> Texts:
    published = await text_versions_in(uow, template.id, country)
    may_be_named = offered(published, country, uow.now, first=first)
    return Texts(tuple(published), tuple(may_be_named), first, in_force(published, country, uow.now))


async def _with_accepted(uow: UnitOfWork, actor: Actor, customer: str, current: Confirmation, texts: Texts) -> Texts:
    """Add the text of the current confirmation."""
    partner = actor.partner.id
    standing = await standing_of(uow, partner, customer)
    since = next((one.outdated_since for one in standing.current if one.sequence == current.sequence), None)
    accepted = await accepted_text_of(uow, partner, customer, current.sequence)
    return replace(texts, accepted=accepted, outdated_since=since)


def _template(programme: Programme, template_id: str, now: datetime) -> AgreementTemplate:
    found = programme.template(TemplateId(template_id)) if template_id else programme.asked_template(now)
    if found is None and not template_id:
        found = programme.of_type(programme.default_agreement_type)
    if found is None:
        raise Rejected("confirmation.template-unknown", name="template")
    return found


async def _resellers(uow: UnitOfWork, actor: Actor, serving: frozenset[PartnerId]) -> tuple[Partner, ...]:
    if actor.partner.kind is not PartnerKind.INDIRECT_PROVIDER:
        return ()
    linked = await linked_resellers(uow, actor.partner.id)
    return tuple(sorted(linked, key=lambda reseller: reseller.id not in serving)[:MOST_RESELLERS])


async def _newest(uow: UnitOfWork, actor: Actor, customer: str, template: AgreementTemplate) -> Event | None:
    """Return the last record about an agreement: a confirmation, or an ending that concerns it."""
    about = (uow, actor.partner.id, customer, template.agreement_type)
    confirmed, ended = await newest_confirmation(*about), await newest_ending(*about)
    recorded = [one for one in (confirmed, ended) if one is not None]
    newest = max(recorded, key=lambda one: one.sequence, default=None)
    if newest is None:
        return None
    named = await users_named(uow, actor.partner.id, [newest.recorded_by])
    return Event(newest, named[newest.recorded_by].name if newest.recorded_by in named else newest.recorded_by)
