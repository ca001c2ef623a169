"""A new customer, and in one go the confirmation that it accepted the agreement (contract 5.2, R8, R12, R19)."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Response, get, post

from agreegate.dashboard.form import Done, Form, Mistake, opened, save, seen, sent
from agreegate.dashboard.guard import actor_of
from agreegate.dashboard.navigation import may
from agreegate.dashboard.page import PageRequest, Site, language, page, site_of
from agreegate.domain.actor import CONFIRM, WRITE_CUSTOMERS, Actor, Channel
from agreegate.domain.customer import REGISTRATION_FORMATS, Address, CustomerDraft, faults_of
from agreegate.domain.errors import (
    DomainTaken,
    InvalidProperty,
    PhoneMissing,
    RegistrationMalformed,
    RegistrationMissing,
    RegistrationNotSupported,
    Rejected,
    RequestIdReused,
    ResellerNotLinked,
)
from agreegate.domain.partner import PartnerId
from agreegate.domain.transaction import Action, Transaction
from agreegate.i18n import countries, country_text, culture_text, text
from agreegate.services.call import Call
from agreegate.services.customer import create_customer, domain_taken
from agreegate.services.gate import foresee
from agreegate.storage.partner import linked_resellers
from agreegate.storage.unit_of_work import UnitOfWork

CHECK = "check"
"""The value of the button that asks whether the domain is free."""
CULTURES = (
    "ar-SA", "bg-BG", "cs-CZ", "da-DK", "de-DE", "el-GR", "en-US", "es-ES", "et-EE", "fi-FI", "fr-FR", "he-IL", "hi-IN",
    "hr-HR", "hu-HU", "id-ID", "it-IT", "ja-JP", "kk-KZ", "ko-KR", "lt-LT", "lv-LV", "ms-MY", "nb-NO", "nl-NL", "pl-PL",
    "pt-BR", "pt-PT", "ro-RO", "ru-RU", "sk-SK", "sl-SI", "sr-Latn-RS", "sv-SE", "th-TH", "tr-TR", "uk-UA", "vi-VN",
    "zh-CN", "zh-HK", "zh-SG", "zh-TW",
)  # fmt: skip
"""The languages that customers are offered: those that agreements are published in."""
MEMBERS = {
    "companyProfile.domain": "domain",
    "companyProfile.organizationRegistrationNumber": "registration",
    "billingProfile.companyName": "company",
    "billingProfile.email": "contact_email",
    "billingProfile.culture": "culture",
    "billingProfile.language": "culture",
    "billingProfile.defaultAddress.country": "country",
    "billingProfile.defaultAddress.city": "city",
    "billingProfile.defaultAddress.addressLine1": "line1",
    "billingProfile.defaultAddress.addressLine2": "line2",
    "billingProfile.defaultAddress.state": "state",
    "billingProfile.defaultAddress.postalCode": "postal_code",
    "billingProfile.defaultAddress.firstName": "contact_first_name",
    "billingProfile.defaultAddress.lastName": "contact_last_name",
    "billingProfile.defaultAddress.phoneNumber": "contact_phone",
    "associatedPartnerId": "reseller",
}
"""The field for each member that a rule may name."""
KINDS: dict[type[Rejected], str] = {
    DomainTaken: "new-customer.domain.taken",
    PhoneMissing: "new-customer.phone-missing",
    RegistrationMalformed: "new-customer.registration-malformed",
    RegistrationMissing: "new-customer.registration-missing",
    RegistrationNotSupported: "new-customer.registration-not-supported",
    ResellerNotLinked: "order.reseller-gone",
}
ACCESS = {"access": WRITE_CUSTOMERS}


@dataclass(frozen=True, slots=True)
class Section:
    """The section about the agreement, as it stands on this day."""

    agreement: str
    required: bool
    """Whether the dashboard asks for a confirmation before anything is bought (R3)."""
    enforced: datetime | None
    """From when on it does, if ever."""


@get("/customers/new", opt=ACCESS, include_in_schema=False)
async def show_new_customer(request: PageRequest) -> Response[str]:
    """The empty form; with `?domain=` also whether that domain is free."""
    partner, wanted = actor_of(request).partner, request.query_params.get("domain", "")
    culture = next((culture for culture in CULTURES if culture == partner.culture), "en-US")
    form = opened(request, country=partner.country, culture=culture, domain=wanted)
    return await _page(request, form, said=await _said(request, wanted))


@post("/customers/new", opt=ACCESS, include_in_schema=False)
async def make_customer(request: PageRequest) -> Response[Any]:
    """Create the customer, with the confirmation if one is stated: both or neither."""
    actor, form = actor_of(request), await sent(request)
    if form["step"] == CHECK:
        return await _page(request, form, said=await _said(request, form["domain"]))
    draft = _draft(form)
    mistakes = [_mistake(fault) for fault in faults_of(draft)]
    if mistakes:
        return await _page(request, form.with_mistakes(*mistakes), 422)
    programme = site_of(request).programme

    async def work(uow: UnitOfWork, call: Call) -> Done:
        served = await create_customer(
            uow, actor, draft, PartnerId(form["reseller"]) if form["reseller"] else None, call
        )
        asked = Transaction(Action.NEW_PURCHASE, actor.channel)
        decision = await foresee(uow, actor, programme, served.customer.id, asked)
        told = "created" if decision.allowed else "created-blocked"
        return Done(f"/customers/{served.customer.id}", f"new-customer.{told}")

    try:
        done = await save(request, actor, form, work)
    except RequestIdReused as error:
        return await _page(request, form.rejected(error), 409)
    except Rejected as error:
        return await _page(request, form.with_mistakes(_mistake(error)), 422)
    return seen(request, done)


def _draft(form: Form) -> CustomerDraft:
    return CustomerDraft(
        domain=form["domain"],
        company_name=form["company"],
        email=form["contact_email"],
        culture=form["culture"],
        language=form["culture"].partition("-")[0],
        address=Address(
            country=form["country"],
            city=form["city"],
            line1=form["line1"],
            state=form["state"],
            line2=form["line2"],
            postal_code=form["postal_code"],
            first_name=form["contact_first_name"],
            last_name=form["contact_last_name"],
            phone=form["contact_phone"],
        ),
        registration_number=form["registration"] or None,
    )


def _mistake(fault: Rejected) -> Mistake:
    """What a rule refuses, beside the field that mends it and in words for it."""
    where = MEMBERS.get(str(fault.parameters.get("name", "")), "")
    if isinstance(fault, InvalidProperty) and where:
        return Mistake(where, f"new-customer.wrong.{where}")
    digits = _digits(str(fault.parameters.get("format", "")))
    return Mistake(where, KINDS.get(type(fault), fault.key), {**fault.parameters, "digits": digits})


def _digits(form: str) -> str:
    """How many digits a registration number may have, such as `8 / 11`, by the pattern that it must fit."""
    counts = {
        sum(int(times or 1) for times in re.findall(r"\\d(?:\{(\d+)\})?", choice)) for choice in form.split("|") if form
    }
    return " / ".join(map(str, sorted(counts)))


async def _said(request: PageRequest, written: str) -> str | None:
    """What there is to say about a domain; nothing where none is written."""
    if not written.strip():
        return None
    try:
        taken = await site_of(request).store.read(lambda uow: domain_taken(uow, written))
    except InvalidProperty:
        return "new-customer.wrong.domain"
    return "new-customer.domain.taken" if taken else "new-customer.domain.free"


async def _page(request: PageRequest, form: Form, status: int = 200, said: str | None = None) -> Response[str]:
    actor, site, spoken = actor_of(request), site_of(request), language(request)
    linked = await site.store.read(lambda uow: linked_resellers(uow, actor.partner.id))
    asking = [country_text(country, spoken) for country in REGISTRATION_FORMATS]
    return page(
        request,
        "customer_draft.html",
        status,
        form=form,
        said=said,
        resellers=[("", text("new-customer.reseller.none", spoken)), *((r.id, r.name) for r in linked)]
        if linked
        else [],
        countries=countries(spoken),
        cultures=sorted(((c, culture_text(c, spoken)) for c in CULTURES), key=lambda culture: culture[1]),
        asking=", ".join(sorted(asking)),
        section=_section(actor, site),
    )


def _section(actor: Actor, site: Site) -> Section | None:
    """None: there is nothing to confirm, in this cloud or on this day (R1, R31)."""
    now = site.store.clock()
    if not may(actor, CONFIRM) or not site.programme.exists(now):
        return None
    enforced = site.programme.enforce_from.get(Channel.DASHBOARD)
    return Section(site.programme.asks_for(now), enforced is not None and enforced <= now, enforced)


ROUTES = (show_new_customer, make_customer)
