"""Find the text that a customer accepts, and the text of a confirmation (R32, R35, R38, R49)."""

from agreegate.domain.actor import Actor
from agreegate.domain.agreements.accepted_text import AcceptedText, inferred, text_to_accept
from agreegate.domain.agreements.text import FoundText
from agreegate.domain.confirmation import Confirmation
from agreegate.domain.customers.customer import Customer
from agreegate.domain.error import Rejected
from agreegate.domain.programme import Programme
from agreegate.storage.agreements.accepted_text import accepted_text_of
from agreegate.storage.agreements.text import text_versions_in
from agreegate.storage.customers.customer import locale_of
from agreegate.storage.engine.unit_of_work import UnitOfWork


async def text_of(uow: UnitOfWork, actor: Actor, customer: str, confirmation: Confirmation) -> AcceptedText | None:
    """Return the recorded text of a confirmation.

    For a confirmation recorded before texts existed, the text is inferred from today's texts.
    """
    partner = actor.partner.id
    kept = await accepted_text_of(uow, partner, customer, confirmation.sequence)
    if kept is not None:
        return kept
    where = await locale_of(uow, partner, customer)
    if where is None:
        return None
    country, language = where
    published = await text_versions_in(uow, confirmation.template_id, country)
    return inferred(published, country, language, confirmation.date_agreed, confirmation.recorded_at)


async def find_text_to_accept(
    uow: UnitOfWork, programme: Programme, customer: Customer, template_id: str
) -> FoundText | None:
    """Return the text in force for a customer to read before accepting, in the closest language, if there is one (R49).

    Raises:
        `confirmation.feature-absent`: before the programme starts (R1).
        `request.not-found`: the programme has no such template.
    """
    programme.require(uow.now)
    template = programme.template(template_id)
    if template is None:
        raise Rejected("request.not-found")
    published = await text_versions_in(uow, template.id, customer.country)
    return text_to_accept(published, customer.country, customer.text_language, uow.now)
