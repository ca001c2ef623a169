"""A transaction begun on a page. Where no confirmation lets it pass, the form for one opens in place (contract 5.4).

What was begun is carried along in hidden fields. One unit of work records the confirmation, decides and carries out the
transaction. A rule broken by either leaves nothing of both. When the gate refuses all the same, because the text accepted
is an older one, the confirmation stays: it is true whatever is ordered.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

from agreegate.dashboard.customers.confirmation_form import asked, defaults, record
from agreegate.dashboard.frame.form import Done, Form, Mistake
from agreegate.dashboard.frame.page import DashboardRequest, reader_language
from agreegate.dashboard.orders.gate import worded
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import Actor
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.gate import Decision
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.programme import Programme
from agreegate.domain.reason import Code
from agreegate.services.gate import Denial, foresee
from agreegate.services.idempotency import IdempotentCall
from agreegate.services.preparation import Preparation, prepare
from agreegate.storage.customers.customer_lock import lock_customers
from agreegate.storage.engine.unit_of_work import UnitOfWork

LONGEST_NUMBER = 9
PROMPTED = frozenset({Code.CONFIRMATION_MISSING, Code.CONFIRMATION_ENDED, Code.ENFORCEMENT_UPCOMING})
"""Advisories on which a confirmation is asked for, though the transaction passes without (R2)."""


class Step(StrEnum):
    """The button that a form was sent with; the first one has no name."""

    BEGIN = ""
    CONFIRM = "confirm"
    """Record the confirmation typed, and go on."""
    SKIP = "skip"
    """Go on without, while that is possible."""
    CANCEL = "cancel"


class Why(StrEnum):
    """Why a transaction was not carried out."""

    ASKED = "asked"
    """It would pass; a confirmation is asked for and can be left out."""
    REFUSED = "refused"
    """The gate refuses it."""
    MEANWHILE = "meanwhile"
    """It would pass now: somebody else confirmed while the form was open."""


@dataclass(frozen=True, slots=True)
class Held:
    """A transaction that was not completed. Only the gate's denial of it is recorded."""

    why: Why
    answer: Decision | Denial
    recorded: bool = False
    """The confirmation typed was recorded, and the gate refused all the same."""

    @property
    def asks(self) -> bool:
        """Whether a confirmation is what it needs."""
        return not self.answer.reasons or any(reason.code.met_by_confirming for reason in self.answer.reasons)


def step_of(form: Form) -> Step:
    """Return the pressed button; an unknown value counts as the first button."""
    return next((step for step in Step if step == form["step"]), Step.BEGIN)


@dataclass(frozen=True, slots=True)
class Begun:
    """A transaction as it stands on its page."""

    actor: Actor
    programme: Programme
    customer: str
    action: Action
    carried: Sequence[str]
    """The fields of the transaction; hidden while the form for a confirmation is open."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows of a transaction, read in the unit of work in which the gate decided."""

    form: Form
    held: Held | None = None
    ahead: bool = False
    """The transaction would be held if it were begun now."""
    preparation: Preparation | None = None
    """What the form for the confirmation begins with; None: no confirmation is asked for."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the page of a transaction shows, read in one unit of work. Each page adds its own facts."""

    shown: Shown

    def with_form(self, form: Form) -> Self:
        """Return the same with another form."""
        return replace(self, shown=replace(self.shown, form=form))


Pause = Callable[[Decision], Held | None]
"""What stops a transaction that the gate allows, to ask for a confirmation first."""


async def carry_out(
    uow: UnitOfWork,
    begun: Begun,
    form: Form,
    call: IdempotentCall,
    language: str,
    work: Callable[[Pause], Awaitable[Done | Denial | Held]],
) -> Done | Shown:
    """Record the confirmation that was typed, then carry the transaction out; or return what its page shows.

    The gate decides once: where `work` asks it, or, when the confirmation cannot be recorded, for the page.

    Args:
        language: the user's.
        work: the transaction itself, in the same unit of work.

    Raises:
        Rejected: a rule refuses it; the unit of work is to be undone.
    """
    await lock_customers(uow, begun.actor.partner.id, begun.customer)
    step = step_of(form)
    if step is Step.CONFIRM:
        actor, programme, customer = begun.actor, begun.programme, begun.customer
        other = await other_agreement(uow, actor, programme, form, customer)
        recorded = other or await record(uow, call, programme, customer, form, language)
        if isinstance(recorded, Form):
            return await show(uow, begun, recorded)

    def pause(decision: Decision) -> Held | None:
        return _held(decision, begun, uow) if step is Step.BEGIN else None

    result = await work(pause)
    if isinstance(result, Done):
        return result
    if isinstance(result, Denial):
        result = Held(Why.REFUSED, result, recorded=step is Step.CONFIRM)
    return await _shown(uow, begun, form, result)


async def other_agreement(
    uow: UnitOfWork, actor: Actor, programme: Programme, form: Form, customer: str | None = None
) -> Form | None:
    """Return the form for another agreement, when the form's own no longer opens the gate; None while it does.

    Args:
        customer: None: one that is about to be created.
    """
    now_asked = programme.asked_template(uow.now)
    if now_asked is None or not form["template"] or programme.opens_gate(TemplateId(form["template"]), uow.now):
        return None
    begins = defaults(await prepare(uow, actor, programme, customer, now_asked.id))
    mistake = Mistake("", "transaction.other-agreement", {"agreement": now_asked.title})
    begun = {name: begins.get(name, "") for name in ("template", "seen", "text_seen", "version")}
    return form.with_values(**begun).with_mistakes(mistake)


async def show(uow: UnitOfWork, begun: Begun, form: Form) -> Shown:
    """Return what the page shows of a transaction that is not carried out now. The gate records nothing.

    A confirmation that was typed is never lost: its form stays open, whatever else was wrong, and after signing in again.
    """
    asked = Transaction(begun.action, begun.actor.channel)
    foreseen = await foresee(uow, begun.actor, begun.programme, begun.customer, asked)
    held = _held(foreseen, begun, uow)
    typed = step_of(form) is Step.CONFIRM
    shown = await _shown(uow, begun, form, (held or Held(Why.MEANWHILE, foreseen)) if typed else None)
    return replace(shown, ahead=held is not None)


async def _shown(uow: UnitOfWork, begun: Begun, form: Form, held: Held | None) -> Shown:
    if held is None or not held.asks:
        return Shown(form, held)
    # An agreement that the programme does not know may not undo a denial that this unit of work records.
    known = begun.programme.template(form["template"]) is not None
    preparation = await prepare(uow, begun.actor, begun.programme, begun.customer, form["template"] if known else "")
    begins, typed = defaults(preparation), form.fields
    if step_of(form) is not Step.CONFIRM:
        typed = {name: [value] for name, value in begins.items()} | dict(typed)
    form = replace(form, fields=typed)
    if not known:
        form = form.with_values(template=begins["template"])
    return Shown(form, held, preparation=preparation)


def named(request: DashboardRequest, begun: Begun, shown: Shown) -> dict[str, Any]:
    """Return what `transaction.html` calls by name."""
    held, preparation, language = shown.held, shown.preparation, reader_language(request)
    now = deployment_of(request).store.clock()
    reasons = () if held is None else (*held.answer.reasons, *held.answer.advisories)
    ended = any(reason.code is Code.CONFIRMATION_ENDED for reason in reasons)
    wrong = {mistake.where for mistake in shown.form.mistakes}
    return {
        "form": shown.form,
        "held": held,
        "ahead": shown.ahead,
        "reasons": worded(reasons, begun.programme, now, language),
        "no_longer_agrees": ended,
        "advised": preparation is None or ended,
        "carried": begun.carried,
        "unseen": preparation is not None and wrong.isdisjoint(begun.carried),
        "asked": None if preparation is None else asked(shown.form, preparation, begun.actor, now, language),
    }


def _held(decision: Decision, begun: Begun, uow: UnitOfWork) -> Held | None:
    if not decision.allowed:
        return Held(Why.REFUSED, decision)
    prompts = begun.programme.exists(uow.now) and any(advisory.code in PROMPTED for advisory in decision.advisories)
    return Held(Why.ASKED, decision) if prompts else None


def number_of(written: str) -> int | None:
    """Return a typed whole number, blanks between digits allowed; None for anything else."""
    digits = "".join(written.split())
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER else None
