"""The form for a confirmation, the same wherever it is asked for: its own page, a new customer, an order (contract 5.1).

A page shows `asked(...)` with the macro of `confirmation_fields.html`, and hands what was typed to `record`, in the very
unit of work that goes on afterwards. Where there is no customer yet, `checked` says whether it could be recorded.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agreegate.dashboard.customers.text import text_address
from agreegate.dashboard.frame.day import day_of, latest_day
from agreegate.dashboard.frame.form import Form, Mistake
from agreegate.domain.actor import Actor
from agreegate.domain.agreements.accepted_text import Basis, candidates
from agreegate.domain.agreements.text import TextVersion
from agreegate.domain.confirmation import (
    CollectionDraft,
    Confirmation,
    Draft,
    Employee,
    Ending,
    PrimaryContact,
    violations_of,
)
from agreegate.domain.error import Rejected
from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme
from agreegate.domain.warning import AcceptorWarning
from agreegate.i18n import country_text, date_text, instant_text, text
from agreegate.services.confirmation import acceptor_warnings, confirm
from agreegate.services.idempotency import IdempotentCall
from agreegate.services.preparation import Event, Preparation, Texts, prepare
from agreegate.storage.customers.customer_lock import lock_customers
from agreegate.storage.engine.unit_of_work import UnitOfWork

NAMES = (
    "template", "seen", "text_seen", "warned", "acceptor_first_name", "acceptor_last_name", "acceptor_email",
    "acceptor_phone", "accepted_on", "version", "collected_through", "collected_from", "collected_on", "employee_name",
    "employee_email",
)  # fmt: skip
"""The names of the form's fields, with the hidden fields."""
LONG_AGO, LONG_AGO_YEARS = "long_ago", 10
"""The code of the warning about an old date of acceptance, and its age in years: a year is easily mistyped."""
NOT_KNOWN = "unknown"
"""The choice *not known* where the date leaves several texts open."""
FIELDS = {
    "contact.first_name": "acceptor_first_name",
    "contact.last_name": "acceptor_last_name",
    "contact.email": "acceptor_email",
    "contact.phone": "acceptor_phone",
    "date_agreed": "accepted_on",
    "version": "version",
    "collection.reseller_id": "collected_through",
    "collection.person": "collected_from",
    "collection.collected_on": "collected_on",
    "employee.name": "employee_name",
    "employee.email": "employee_email",
}
"""The field for each member that a rule may name. The form asks for no template, for no user and for no reference."""
SENTENCES = {
    "acceptor_first_name": "confirmation.form.first-name",
    "acceptor_last_name": "confirmation.form.last-name",
    "acceptor_email": "confirmation.form.email",
    "acceptor_phone": "confirmation.form.phone",
    "accepted_on": "confirmation.form.date-unread",
    "collected_on": "confirmation.form.date-unread",
    "collected_through": "confirmation.form.reseller",
    "collected_from": "confirmation.form.person",
    "employee_name": "confirmation.form.employee-name",
    "employee_email": "confirmation.form.employee-email",
}
"""What is said at a field, whatever rule its value breaks."""
MISSING = {
    "acceptor_email": "confirmation.form.email-missing",
    "accepted_on": "confirmation.form.date-missing",
    "collected_on": "confirmation.form.collected-missing",
}
"""What is said at a field in which nothing was typed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form's macro shows besides the values."""

    preparation: Preparation
    latest: str
    """The last day that can be chosen, as `2018-09-03`."""
    text: str
    """Where the agreement's text for the customer's country and language is (R49)."""
    versions: tuple[tuple[str, str], ...]
    """What can be chosen as *text accepted*; empty where there is no choice."""
    several: bool
    """The date leaves several texts open: one of them has to be chosen, or that it is not known."""
    where: str
    """The country of a customer that is about to be created: there is none else whose text could be meant."""
    warnings: tuple[str, ...] = (*AcceptorWarning, LONG_AGO)
    """Every kind there is, in the order in which they are shown."""

    @property
    def resellers(self) -> list[tuple[str, str]]:
        """Return the choices of *collected through*."""
        return [("", "–"), *((reseller.id, reseller.name) for reseller in self.preparation.resellers)]


def asked(form: Form, preparation: Preparation, actor: Actor, now: datetime, language: str, country: str = "") -> Asked:
    """Return what the form shows besides its values.

    Args:
        form: what was typed: the date decides whether the text must be asked for.
        country: of a customer that is about to be created.
    """
    several = _several(form, preparation.texts, now, language)
    return Asked(
        preparation,
        latest_day(now, _countries(preparation, actor)).isoformat(),
        text_address(preparation.customer, preparation.template.id),
        _versions(preparation.texts, several, now, language),
        bool(several),
        country_text(country, language) if country and preparation.customer is None else "",
    )


def defaults(preparation: Preparation) -> dict[str, str]:
    """Return the first values: the confirmation that counts, else the primary contact and no date (R19).

    An update corrects the current confirmation, so the text named for it stays named. A newer text was accepted on a
    day of its own: none is proposed (R34).
    """
    texts, current = preparation.texts, preparation.current
    values = {"template": preparation.template.id, "seen": _mark(preparation.newest), "text_seen": _text_mark(texts)}
    if (contact := preparation.contact) is not None:
        values |= {
            "acceptor_first_name": contact.first_name,
            "acceptor_last_name": contact.last_name,
            "acceptor_email": contact.email,
            "acceptor_phone": contact.phone or "",
        }
    if current is not None and not preparation.outdated:
        values["accepted_on"] = current.date_agreed.date().isoformat()
        if texts.accepted is not None and texts.accepted.basis is Basis.STATED:
            values["version"] = texts.accepted.version_id or ""
        elif texts.accepted is not None and texts.accepted.basis is Basis.UNDETERMINED:
            values["version"] = NOT_KNOWN
    return values


def noticed(form: Form, preparation: Preparation, language: str) -> Form:
    """Return the form with a mistake for each change since it was opened; saving again goes on."""
    newest, texts = preparation.newest, preparation.texts
    if form["seen"] != _mark(newest):
        form = form.with_values(seen=_mark(newest)).with_mistakes(_meanwhile(newest, language))
    if form["text_seen"] != _text_mark(texts):
        form = form.with_values(text_seen=_text_mark(texts)).with_mistakes(_other_text(texts, language))
    return form


async def record(
    uow: UnitOfWork, call: IdempotentCall, programme: Programme, customer: str, form: Form, language: str
) -> Confirmation | Form:
    """Record what was typed; or the form to show again, with mistakes or a warning, and nothing was done.

    Raises:
        `confirmation.feature-absent`, `relationship.missing`, `confirmation.template-unknown`.
    """
    await lock_customers(uow, call.actor.partner.id, customer)
    preparation = await prepare(uow, call.actor, programme, customer, form["template"])
    draft = await checked(uow, call.actor, form, preparation, language)
    if isinstance(draft, Form):
        return draft
    try:
        return await confirm(uow, call, programme, customer, draft)
    except Rejected as error:  # raised before anything is written
        return form.rejected(error, FIELDS)


async def checked(uow: UnitOfWork, actor: Actor, form: Form, preparation: Preparation, language: str) -> Draft | Form:
    """Return the confirmation that was typed; while it has a mistake or a new warning, the form to show again.

    Every mistake is named at once. A warning, and what somebody else recorded meanwhile, are shown once: the next press
    of the button goes on.
    """
    draft = _draft(form, preparation, language)
    latest = datetime.combine(latest_day(uow.now, _countries(preparation, actor)), datetime.min.time(), uow.now.tzinfo)
    violations = violations_of(draft, preparation.facts(actor, uow.now, latest))
    mistakes = [_mistake(one, form, latest, language) for one in violations]
    mistakes += _version(form, preparation.texts, _several(form, preparation.texts, uow.now, language))
    if draft.employee is not None and draft.employee.email is None:  # a field that this page requires, and no rule
        mistakes.append(Mistake("employee_email", "confirmation.form.employee-email"))
    mistakes.sort(key=lambda mistake: NAMES.index(mistake.where) if mistake.where else -1)
    known = noticed(form, preparation, language)
    warned: list[str] = []
    if not any(mistake.where == "acceptor_email" for mistake in mistakes):
        warned += await acceptor_warnings(uow, actor, draft.contact.email, draft.employee)
    if draft.date_agreed is not None and draft.date_agreed.year < uow.now.year - LONG_AGO_YEARS:
        warned.append(LONG_AGO)
    if set(warned) <= set(form.all("warned")) and not mistakes and known is form:
        return draft
    return replace(known, fields={**known.fields, "warned": warned}).with_mistakes(*mistakes)


def _draft(form: Form, preparation: Preparation, language: str) -> Draft:
    """Return what was typed: the employee of a designated account alone, a reseller where there are any."""
    collection = None
    if preparation.resellers and (form["collected_through"] or form["collected_from"] or form["collected_on"]):
        day = day_of(form["collected_on"], language)
        collection = CollectionDraft(PartnerId(form["collected_through"]), form["collected_from"], day)
    return Draft(
        PrimaryContact(
            form["acceptor_first_name"],
            form["acceptor_last_name"],
            form["acceptor_email"],
            form["acceptor_phone"] or None,
        ),
        preparation.template.id,
        day_of(form["accepted_on"], language),
        date_zoned=False,
        version=form["version"] if form["version"] not in ("", NOT_KNOWN) else None,
        employee=Employee(form["employee_name"], form["employee_email"] or None) if preparation.designated else None,
        collection=collection,
    )


def _version(form: Form, texts: Texts, several: Sequence[TextVersion]) -> Iterator[Mistake]:
    """Yield the mistake of a text that was not offered, or that is missing where the date leaves several open."""
    named = form["version"]
    if several and not named:
        yield Mistake("version", "confirmation.form.version-asked")
    elif named in ("", NOT_KNOWN, *(version.id for version in (*texts.offered, *several))):
        return
    elif texts.first:  # the one in force is shown as a fact: there is no field
        yield Mistake("", "confirmation.form.version-fixed")
    else:
        yield Mistake("version", "confirmation.form.version")


def _mistake(violation: Rejected, form: Form, latest: datetime, language: str) -> Mistake:
    """Return the mistake for a violation, at its field and in words for what was typed there."""
    where = FIELDS.get(str(violation.parameters.get("name", "")), "")
    if where in MISSING and not form[where]:
        return Mistake(where, MISSING[where])
    if violation.code == "confirmation.agreed-in-future":
        return Mistake(where, "confirmation.form.date-ahead", {"date": date_text(latest, language)})
    return Mistake(where, SENTENCES.get(where, violation.code), violation.parameters)


def _countries(preparation: Preparation, actor: Actor) -> Iterable[str]:
    """Return the countries of the partner who confirms and the customer who accepts."""
    return (actor.partner.country, *(() if preparation.customer is None else (preparation.customer.country,)))


def _several(form: Form, texts: Texts, now: datetime, language: str) -> list[TextVersion]:
    """Return the texts that the date of acceptance leaves open, newest first; none where it leaves at most one."""
    day = day_of(form["accepted_on"], language)
    found = [] if day is None else candidates(texts.published, day, now)
    return found[::-1] if len(found) > 1 else []


def _versions(
    texts: Texts, several: Sequence[TextVersion], now: datetime, language: str
) -> tuple[tuple[str, str], ...]:
    """Return the choices: the text of the day, then the texts that can be named; none without a choice (R32, R35).

    Args:
        several: the texts that the date leaves open: then there is no text of the day, and one must be chosen.
    """
    offered = several if texts.first else texts.offered
    if not offered:
        return ()
    named = []
    for version in offered:
        key = "confirmation.version.upcoming" if version.effective_from > now else "confirmation.version.effective"
        shown = text(key, language, label=version.label, date=date_text(version.effective_from, language))
        named.append((str(version.id), shown))
    if several:
        begin, end = text("confirmation.version.choose", language), text("confirmation.version.not-known", language)
        return (("", begin), *named, (NOT_KNOWN, end))
    return (("", text("confirmation.version.by-date", language)), *named)


def _mark(newest: Event | None) -> str:
    """Return the newest record that the form was opened on; every later record has another mark."""
    return "" if newest is None else str(newest.record.sequence)


def _text_mark(texts: Texts) -> str:
    """Return the text that the form was opened on."""
    return "" if texts.in_force is None else texts.in_force.id


def _other_text(texts: Texts, language: str) -> Mistake:
    """Return the sentence about the text that is in force by now, or in the country that was chosen."""
    if texts.in_force is None:
        return Mistake("", "confirmation.meanwhile.no-text")
    since = date_text(texts.in_force.effective_from, language)
    return Mistake("", "confirmation.meanwhile.text", {"label": texts.in_force.label, "date": since})


def _meanwhile(newest: Event | None, language: str) -> Mistake:
    """Return the sentence about who recorded what while the form was open."""
    if newest is None:
        return Mistake("", "confirmation.meanwhile.nothing")
    record = newest.record
    parameters = {"by": newest.by, "at": instant_text(record.recorded_at, language)}
    if isinstance(record, Ending):
        return Mistake("", f"confirmation.meanwhile.{record.reason}", parameters)
    if record.contact is None:
        return Mistake("", "confirmation.meanwhile.confirmed", parameters)
    who = f"{record.contact.first_name} {record.contact.last_name}"
    return Mistake(
        "", "confirmation.meanwhile", parameters | {"who": who, "date": date_text(record.date_agreed, language)}
    )
