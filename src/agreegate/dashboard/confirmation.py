"""The form for a confirmation, the same wherever it is asked for: its own page, a new customer, an order (contract 5.1).

A page shows `asked(...)` with the macro of `confirmation_fields.html`, and hands what was typed to `record`, in the very
unit of work that goes on afterwards. Where there is no customer yet, `checked` says beforehand whether it can be recorded.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agreegate.dashboard.day import day_of, latest_day
from agreegate.dashboard.form import Form, Mistake
from agreegate.dashboard.text import text_address
from agreegate.domain.accepted_text import Basis, candidates
from agreegate.domain.actor import Actor
from agreegate.domain.confirmation import (
    Collection,
    Confirmation,
    Draft,
    Employee,
    PrimaryContact,
    checked_collection,
    checked_contact,
    checked_employee,
)
from agreegate.domain.errors import Rejected
from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme
from agreegate.domain.text import TextVersion
from agreegate.domain.warning import AcceptorWarning
from agreegate.i18n import country_text, date_text, instant_text, text
from agreegate.services.call import Call
from agreegate.services.confirmation import acceptor_warnings, confirm
from agreegate.services.preparation import Event, Preparation, Texts, prepare
from agreegate.storage.unit_of_work import UnitOfWork

NAMES = (
    "template", "seen", "text_seen", "warned", "acceptor_first_name", "acceptor_last_name", "acceptor_email",
    "acceptor_phone", "accepted_on", "version", "collected_through", "collected_from", "collected_on", "employee_name",
    "employee_email",
)  # fmt: skip
"""Every field of it, hidden ones included."""
NOT_KNOWN = "unknown"
"""Chosen as the text accepted where the date leaves several open and nobody can say which one it was."""
MEMBERS = {
    "primaryContact.firstName": "acceptor_first_name",
    "primaryContact.lastName": "acceptor_last_name",
    "primaryContact.email": "acceptor_email",
    "primaryContact.phoneNumber": "acceptor_phone",
    "dateAgreed": "accepted_on",
    "version": "version",
    "collectedThrough.reseller": "collected_through",
    "collectedThrough.person": "collected_from",
    "collectedThrough.date": "collected_on",
    "confirmedBy.name": "employee_name",
    "confirmedBy.email": "employee_email",
}
"""The field for each member that a rule may name."""


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
    warnings: tuple[AcceptorWarning, ...] = tuple(AcceptorWarning)
    """Every kind there is, in the order in which they are shown."""

    @property
    def resellers(self) -> list[tuple[str, str]]:
        """What can be chosen as *collected through*."""
        return [("", "–"), *((reseller.id, reseller.name) for reseller in self.preparation.resellers)]


def asked(form: Form, preparation: Preparation, actor: Actor, now: datetime, language: str, country: str = "") -> Asked:
    """The form for what was prepared.

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
    """The values to begin with: what counts now, else the customer's primary contact and no date (R19).

    Whoever updates what counts corrects it, so the text that was named for it stays named. A newer text was accepted on a
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
    """The form as it was typed, with what came since it was opened, recorded or in force: the next press goes on."""
    newest, texts, marks = preparation.newest, preparation.texts, dict[str, list[str]]()
    mistakes = []
    if form["seen"] != _mark(newest):
        marks["seen"] = [_mark(newest)]
        mistakes.append(_meanwhile(newest, language))
    if form["text_seen"] != _text_mark(texts):
        marks["text_seen"] = [_text_mark(texts)]
        mistakes.append(_other_text(texts, language))
    return replace(form, fields={**form.fields, **marks}).with_mistakes(*mistakes) if mistakes else form


async def record(
    uow: UnitOfWork,
    actor: Actor,
    programme: Programme,
    customer: str,
    form: Form,
    call: Call,
    language: str,
) -> Confirmation | Form:
    """Record what was typed; or the form to show again, with mistakes or a warning, and nothing was done.

    Raises:
        FeatureAbsent, NoRelationship, TemplateUnknown.
    """
    preparation = await prepare(uow, actor, programme, customer, form["template"])
    draft = await checked(uow, actor, form, preparation, language)
    if isinstance(draft, Form):
        return draft
    try:
        return await confirm(uow, actor, programme, customer, draft, call)
    except Rejected as error:  # raised before anything is written
        return form.rejected(error, MEMBERS)


async def checked(uow: UnitOfWork, actor: Actor, form: Form, preparation: Preparation, language: str) -> Draft | Form:
    """What was typed, once there is nothing left to say about it; else the form, to be shown again.

    Every mistake is named at once. A warning, and what somebody else recorded meanwhile, are shown once: the next press
    of the button goes on.
    """
    latest = latest_day(uow.now, _countries(preparation, actor))
    read = _Reading(form, preparation, language, uow.now, datetime.combine(latest, datetime.min.time(), uow.now.tzinfo))
    mistakes = list(read.mistakes())
    known = noticed(form, preparation, language)
    wrong_address = any(mistake.where == "acceptor_email" for mistake in mistakes)
    warned = () if wrong_address else await acceptor_warnings(uow, actor, read.contact.email, read.employee)
    told = set(warned) <= set(form.all("warned"))
    if told and not mistakes and known is form:
        return read.draft()
    return replace(known, fields={**known.fields, "warned": [str(one) for one in warned]}).with_mistakes(*mistakes)


class _Reading:
    """What was typed, and what is wrong with it."""

    def __init__(self, form: Form, preparation: Preparation, language: str, now: datetime, latest: datetime) -> None:
        self._form, self._preparation, self._language, self._latest = form, preparation, language, latest
        self._several = _several(form, preparation.texts, now, language)
        self.contact = PrimaryContact(
            form["acceptor_first_name"],
            form["acceptor_last_name"],
            form["acceptor_email"],
            form["acceptor_phone"] or None,
        )
        self.employee = (
            Employee(form["employee_name"], form["employee_email"] or None) if preparation.designated else None
        )

    def mistakes(self) -> Iterator[Mistake]:
        """All of them, in the order of the fields."""
        yield from self._contact()
        yield from self._day("accepted_on", "confirmation.form.date-missing")
        yield from self._version()
        if self._preparation.resellers:
            yield from self._collected()
        if self.employee is not None:
            yield from self._behind(self.employee)

    def draft(self) -> Draft:
        """What is confirmed. Only once there is no mistake."""
        form, date_agreed = self._form, day_of(self._form["accepted_on"], self._language)
        assert date_agreed is not None  # noqa: S101 - else there is a mistake
        return Draft(
            self.contact,
            self._preparation.template.id,
            date_agreed,
            date_zoned=False,
            version=form["version"] if form["version"] not in ("", NOT_KNOWN) else None,
            employee=self.employee,
            collection=self._collection() if form["collected_through"] and self._preparation.resellers else None,
        )

    def _collection(self) -> Collection:
        day = day_of(self._form["collected_on"], self._language)
        return Collection(PartnerId(self._form["collected_through"]), self._form["collected_from"], day or self._latest)

    def _contact(self) -> Iterator[Mistake]:
        """The domain's own checks, one field after the other."""
        good, typed = PrimaryContact("A", "B", "a@b.example"), self.contact
        email = "confirmation.form.email" if typed.email else "confirmation.form.email-missing"
        attempts = (
            ("acceptor_first_name", replace(good, first_name=typed.first_name), "confirmation.form.first-name"),
            ("acceptor_last_name", replace(good, last_name=typed.last_name), "confirmation.form.last-name"),
            ("acceptor_email", replace(good, email=typed.email), email),
            ("acceptor_phone", replace(good, phone=typed.phone), "confirmation.form.phone"),
        )
        for name, attempt, key in attempts:
            try:
                checked_contact(attempt)
            except Rejected:
                yield Mistake(name, key)

    def _day(self, name: str, missing: str) -> Iterator[Mistake]:
        day = day_of(self._form[name], self._language)
        if not self._form[name]:
            yield Mistake(name, missing)
        elif day is None:
            yield Mistake(name, "confirmation.form.date-unread")
        elif day > self._latest:
            yield Mistake(name, "confirmation.form.date-ahead", {"date": date_text(self._latest, self._language)})

    def _version(self) -> Iterator[Mistake]:
        """One of those that were offered; none only where the date tells it."""
        texts, named = self._preparation.texts, self._form["version"]
        if self._several and not named:
            yield Mistake("version", "confirmation.form.version-asked")
        elif named in ("", NOT_KNOWN, *(version.id for version in (*texts.offered, *self._several))):
            return
        elif texts.first:
            yield Mistake("", "confirmation.form.version-fixed")
        else:
            yield Mistake("version", "confirmation.form.version")

    def _collected(self) -> Iterator[Mistake]:
        form, known = self._form, {reseller.id for reseller in self._preparation.resellers}
        if not (form["collected_through"] or form["collected_from"] or form["collected_on"]):
            return
        if form["collected_through"] not in known:
            yield Mistake("collected_through", "confirmation.form.reseller")
        try:
            checked_collection(replace(self._collection(), collected_on=self._latest), self._latest)
        except Rejected:
            yield Mistake("collected_from", "confirmation.form.person")
        yield from self._day("collected_on", "confirmation.form.collected-missing")

    def _behind(self, employee: Employee) -> Iterator[Mistake]:
        try:
            checked_employee(Employee(employee.name))
        except Rejected:
            yield Mistake("employee_name", "confirmation.form.employee-name")
        try:
            checked_contact(PrimaryContact("A", "B", employee.email or ""))
        except Rejected:
            yield Mistake("employee_email", "confirmation.form.employee-email")


def _countries(preparation: Preparation, actor: Actor) -> Iterable[str]:
    """Where the people are who accept and confirm."""
    return (actor.partner.country, *(() if preparation.customer is None else (preparation.customer.country,)))


def _several(form: Form, texts: Texts, now: datetime, language: str) -> list[TextVersion]:
    """The texts that the date of acceptance leaves open, the newest first; nothing where it leaves at most one."""
    day = day_of(form["accepted_on"], language)
    found = [] if day is None else candidates(texts.published, day, now)
    return found[::-1] if len(found) > 1 else []


def _versions(
    texts: Texts, several: Sequence[TextVersion], now: datetime, language: str
) -> tuple[tuple[str, str], ...]:
    """The text of the day comes first; then those that can be named, if a choice is offered at all (R32, R35).

    Args:
        several: the texts that the date leaves open: then there is no text of the day, and one must be chosen.
    """
    offered = several if texts.first else texts.offered
    if not offered:
        return ()
    named = []
    for version in offered:
        key = "confirmation.version.upcoming" if version.effective_from > now else "confirmation.version.effective"
        told = text(key, language, label=version.label, date=date_text(version.effective_from, language))
        named.append((str(version.id), told))
    if several:
        begin, end = text("confirmation.version.choose", language), text("confirmation.version.not-known", language)
        return (("", begin), *named, (NOT_KNOWN, end))
    return (("", text("confirmation.version.by-date", language)), *named)


def _mark(newest: Event | None) -> str:
    """What the form was opened on: whatever is recorded later has another."""
    return "" if newest is None else str(newest.sequence)


def _text_mark(texts: Texts) -> str:
    """Which text the form was opened on."""
    return "" if texts.in_force is None else texts.in_force.id


def _other_text(texts: Texts, language: str) -> Mistake:
    """Which text is in force by now, or in the country that was chosen."""
    if texts.in_force is None:
        return Mistake("", "confirmation.meanwhile.no-text")
    since = date_text(texts.in_force.effective_from, language)
    return Mistake("", "confirmation.meanwhile.text", {"label": texts.in_force.label, "date": since})


def _meanwhile(newest: Event | None, language: str) -> Mistake:
    """Who recorded what while the form was open."""
    if newest is None:
        return Mistake("", "confirmation.meanwhile.nothing")
    told = {"by": newest.by, "at": instant_text(newest.at, language)}
    if newest.ending is not None:
        return Mistake("", f"confirmation.meanwhile.{newest.ending.reason}", told)
    confirmed = newest.confirmation
    if confirmed is None or confirmed.contact is None:
        return Mistake("", "confirmation.meanwhile.confirmed", told)
    who = f"{confirmed.contact.first_name} {confirmed.contact.last_name}"
    return Mistake(
        "", "confirmation.meanwhile", told | {"who": who, "date": date_text(confirmed.date_agreed, language)}
    )
