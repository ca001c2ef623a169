"""Which text a customer accepts, and which one a confirmation speaks of (R32, R35, R38, R49)."""

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
    """Which text a confirmation speaks of: as it was kept with it.

    A confirmation recorded before texts existed is read by the texts published today.
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
    """What the customer is given to read before it accepts: the text in force now, as close to its language as there is (R49).

    None where no text is in force for its country.

    Raises:
        `confirmation.feature-absent`: before the programme began (R1).
        `request.not-found`: the programme has no such template.
    """
    programme.require(uow.now)
    template = programme.template(template_id)
    if template is None:
        raise Rejected("request.not-found")
    published = await text_versions_in(uow, template.id, customer.country)
    return text_to_accept(published, customer.country, customer.text_language, uow.now)
