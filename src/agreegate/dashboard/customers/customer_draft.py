"""A new customer, and in one go the confirmation that it accepted the agreement (contract 5.2, R8, R12, R19)."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from litestar import Response, get, post

from agreegate.dashboard.customers.confirmation_form import NAMES, asked, checked
from agreegate.dashboard.frame.form import Done, Form, Mistake, opened, save, seen, sent
from agreegate.dashboard.frame.page import DashboardRequest, actor_of, page, reader_language, records_of
from agreegate.dashboard.orders.transaction import other_agreement
from agreegate.deployment.deployment import Deployment, deployment_of
from agreegate.domain.actor import CONFIRM, WRITE_CUSTOMERS, Actor, Channel, may
from agreegate.domain.confirmation import Draft
from agreegate.domain.customers.customer import REGISTRATION_FORMATS, Address, CustomerDraft, violations_of
from agreegate.domain.error import ErrorCode, Rejected
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.partner import Cloud, Partner, PartnerId
from agreegate.i18n import country_text, culture_text, plain, text
from agreegate.locales import country_codes
from agreegate.services.confirmation import confirm
from agreegate.services.customers.customer import create_customer, domain_taken
from agreegate.services.gate import foresee
from agreegate.services.idempotency import IdempotentCall
from agreegate.services.preparation import Preparation, prepare
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.partner import linked_resellers

CHECK = "check"
"""The value of the button that asks whether the domain is free."""
TAKEN = "new-customer.domain.taken"
CULTURES = (
    "ar-SA", "bg-BG", "cs-CZ", "da-DK", "de-DE", "el-GR", "en-US", "es-ES", "et-EE", "fi-FI", "fr-FR", "he-IL", "hi-IN",
    "hr-HR", "hu-HU", "id-ID", "it-IT", "ja-JP", "kk-KZ", "ko-KR", "lt-LT", "lv-LV", "ms-MY", "nb-NO", "nl-NL", "pl-PL",
    "pt-BR", "pt-PT", "ro-RO", "ru-RU", "sk-SK", "sl-SI", "sr-Latn-RS", "sv-SE", "th-TH", "tr-TR", "uk-UA", "vi-VN",
    "zh-CN", "zh-HK", "zh-SG", "zh-TW",
)  # fmt: skip
"""The languages that customers are offered: those that agreements are published in."""
MEMBERS = {
    "domain": "domain",
    "registration_number": "registration",
    "company_name": "company",
    "email": "contact_email",
    "culture": "culture",
    "language": "culture",
    "address.country": "country",
    "address.city": "city",
    "address.line1": "line1",
    "address.line2": "line2",
    "address.state": "state",
    "address.postal_code": "postal_code",
    "address.first_name": "contact_first_name",
    "address.last_name": "contact_last_name",
    "address.phone": "contact_phone",
    "reseller_id": "reseller",
}
"""The field for each member that a rule may name."""
MOST_RESELLERS = 100
"""Maximum number of resellers listed in the form. Beyond it the form asks for the reseller's tenant id."""
ORDER = (
    "company", "domain", "country", "culture", "registration", "contact_first_name", "contact_last_name",
    "contact_email", "contact_phone", "line1", "line2", "city", "state", "postal_code", "reseller",
)  # fmt: skip
"""The fields of the page from top to bottom; those of the confirmation follow."""
CONTACT = {
    "acceptor_first_name": "contact_first_name",
    "acceptor_last_name": "contact_last_name",
    "acceptor_email": "contact_email",
    "acceptor_phone": "contact_phone",
}
"""The field of the primary contact for each field of the acceptor, unless another person accepted."""
SENTENCES: dict[ErrorCode, str] = {
    "customer.country-meant": "new-customer.wrong.country",
    "customer.country-unknown": "new-customer.wrong.country",
    "customer.domain-taken": TAKEN,
    "customer.phone-missing": "new-customer.phone-missing",
    "customer.registration-malformed": "new-customer.registration-malformed",
    "customer.registration-missing": "new-customer.registration-missing",
    "customer.registration-not-supported": "new-customer.registration-not-supported",
    "customer.reseller-not-linked": "new-customer.reseller-gone",
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


@get("/customers/new", opt=ACCESS)
async def show_new_customer(request: DashboardRequest) -> Response[str]:
    """Show the empty form; `?domain=` says whether that domain is free, `?country=` which text is to be accepted."""
    partner, domain = actor_of(request).partner, request.query_params.get("domain", "")
    country = request.query_params.get("country", partner.country)
    language = partner.culture.partition("-")[0]
    culture = min(CULTURES, key=lambda one: (one != partner.culture, one.partition("-")[0] != language, one != "en-US"))
    form = opened(request, country=country, culture=culture, domain=domain)
    return await _page(request, form, domain_sentence=await _domain_sentence(request, domain))


@post("/customers/new", opt=ACCESS)
async def make_customer(request: DashboardRequest) -> Response[Any]:
    """Create the customer, with the confirmation if one is stated: both or neither."""
    actor, form = actor_of(request), await sent(request)
    if form["step"] == CHECK:
        return await _page(request, form, domain_sentence=await _domain_sentence(request, form["domain"]))
    customer, stated = _draft(form), await _stated(request, actor, form)
    mistakes = [_mistake(violation) for violation in violations_of(customer, country_codes(actor.partner.cloud))]
    if mistakes or isinstance(stated, Form):
        if await _domain_sentence(request, form["domain"]) == TAKEN:
            mistakes.append(Mistake("domain", TAKEN))
        shown = (stated if isinstance(stated, Form) else form).with_mistakes(*mistakes)
        return await _page(request, replace(shown, mistakes=_in_order(shown)), 422 if shown.mistakes else 200)
    programme = deployment_of(request).programme

    async def work(uow: UnitOfWork, call: IdempotentCall) -> Done:
        reseller = PartnerId(form["reseller"].lower()) if form["reseller"] else None
        id_ = (await create_customer(uow, call, customer, reseller)).customer.id
        if stated is not None:
            await confirm(uow, call, programme, id_, stated)
            return Done(f"/customers/{id_}", "new-customer.created-confirmed")
        decision = await foresee(uow, actor, programme, id_, Transaction(Action.NEW_PURCHASE, actor.channel))
        if not decision.allowed:
            return Done(f"/customers/{id_}", "new-customer.created-blocked")
        absent = _section(actor, deployment_of(request)) is None
        return Done(f"/customers/{id_}", "new-customer.created-absent" if absent else "new-customer.created")

    try:
        done = await save(request, form, work)
    except Rejected as error:
        if error.code == "request.id-reused":
            return await _page(request, form.rejected(error), 409)
        return await _page(request, form.with_mistakes(_mistake(error)), 422)
    return seen(request, done)


async def _stated(request: DashboardRequest, actor: Actor, form: Form) -> Draft | Form | None:
    """Return the confirmation that is stated, None without one; with mistakes or a warning, the form to show again.

    Who accepted is the primary contact, unless somebody else is named (R19).
    """
    deployment, language = deployment_of(request), reader_language(request)
    if not form["accepted"] or _section(actor, deployment) is None:
        return None
    values = {} if form["other"] else {acceptor: form[contact] for acceptor, contact in CONTACT.items()}

    async def read(uow: UnitOfWork) -> Draft | Form:
        if (other := await other_agreement(uow, actor, deployment.programme, form)) is not None:
            return other
        preparation = await prepare(
            uow, actor, deployment.programme, template_id=form["template"], country=form["country"]
        )
        return await checked(uow, actor, form.with_values(**values), preparation, language)

    found = await records_of(request).read_slow(read)
    if isinstance(found, Draft):
        return found
    # What is wrong with the primary contact is said there, not where nothing was typed.
    mistakes = tuple(mistake for mistake in found.mistakes if mistake.where not in values)
    kept = {name: found.all(name) for name in ("warned", "seen", "text_seen", "template")}
    return replace(form, fields={**form.fields, **kept}, mistakes=mistakes)


def _in_order(form: Form) -> tuple[Mistake, ...]:
    """Return the mistakes in the order of their fields, each once."""
    unique = {(mistake.where, mistake.key): mistake for mistake in form.mistakes}
    order = list(dict.fromkeys([*ORDER, *NAMES]))
    return tuple(sorted(unique.values(), key=lambda m: order.index(m.where) if m.where in order else -1))


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


def _mistake(violation: Rejected) -> Mistake:
    """Return the mistake for a violation, at its field and in words for it."""
    where = MEMBERS.get(str(violation.parameters.get("name", "")), "")
    if violation.code == "request.invalid-property" and where:
        return Mistake(where, f"new-customer.wrong.{where}")
    digits = _digits(str(violation.parameters.get("format", "")))
    return Mistake(where, SENTENCES.get(violation.code, violation.code), {**violation.parameters, "digits": digits})


def _digits(form: str) -> str:
    """Return how many digits a registration number may have, such as `8 / 11`, by its pattern."""
    counts = {
        sum(int(times or 1) for times in re.findall(r"\\d(?:\{(\d+)\})?", choice)) for choice in form.split("|") if form
    }
    return " / ".join(map(str, sorted(counts)))


async def _domain_sentence(request: DashboardRequest, written: str) -> str | None:
    """Return the key of the sentence about a typed domain; None where none is typed."""
    if not written.strip():
        return None
    try:
        taken = await records_of(request).read(lambda uow: domain_taken(uow, written))
    except Rejected:
        return "new-customer.wrong.domain"
    return TAKEN if taken else "new-customer.domain.free"


async def _page(
    request: DashboardRequest, form: Form, status: int = 200, domain_sentence: str | None = None
) -> Response[str]:
    actor, deployment, language = actor_of(request), deployment_of(request), reader_language(request)
    section = _section(actor, deployment)

    async def read(uow: UnitOfWork) -> tuple[list[Partner], Preparation | None]:
        if section is None:
            return await linked_resellers(uow, actor.partner.id), None
        stated = await prepare(uow, actor, deployment.programme, template_id=form["template"], country=form["country"])
        return await linked_resellers(uow, actor.partner.id), stated

    linked, preparation = await records_of(request).read_slow(read)
    asking = [country_text(country, language) for country in REGISTRATION_FORMATS]
    return page(
        request,
        "customer_draft.html",
        status,
        form=form,
        domain_sentence=domain_sentence,
        resellers=[("", text("new-customer.reseller.none", language)), *((r.id, r.name) for r in linked)]
        if linked
        else [],
        many=len(linked) > MOST_RESELLERS,
        countries=_countries(actor.partner.cloud, language),
        cultures=sorted(((c, culture_text(c, language)) for c in CULTURES), key=lambda culture: culture[1]),
        asking=", ".join(sorted(asking)),
        section=section,
        asked=None
        if preparation is None
        else asked(form, preparation, actor, deployment.store.clock(), language, form["country"]),
    )


@cache
def _countries(cloud: Cloud, language: str) -> list[tuple[str, str]]:
    """Return each country that a customer can be in as code and name, in the order of names."""
    named = [(code, country_text(code, language)) for code in country_codes(cloud)]
    return sorted(named, key=lambda country: plain(country[1]))


def _section(actor: Actor, deployment: Deployment) -> Section | None:
    """None: there is nothing to confirm, in this cloud or on this day (R1, R31)."""
    now = deployment.store.clock()
    if not may(actor, CONFIRM) or not deployment.programme.exists(now):
        return None
    enforced = deployment.programme.enforce_from.get(Channel.DASHBOARD)
    return Section(deployment.programme.asks_for(now), enforced is not None and enforced <= now, enforced)


ROUTES = (show_new_customer, make_customer)
