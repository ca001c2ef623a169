"""A transaction begun on a page. Where no confirmation lets it pass, the form for one opens in place (contract 5.4).

What was begun is carried along in hidden fields; the confirmation and the very transaction are then done in one unit of
work. A rule broken by either leaves nothing of both. When the gate refuses all the same, because the text accepted is an
older one, the confirmation stays: it is true whatever is ordered.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from agreegate.dashboard.confirmation import asked, defaults, record
from agreegate.dashboard.form import Done, Form, Mistake, save
from agreegate.dashboard.gate import worded
from agreegate.dashboard.page import PageRequest, language, site_of
from agreegate.domain.actor import Actor
from agreegate.domain.agreement import TemplateId
from agreegate.domain.gate import Decision
from agreegate.domain.programme import Programme
from agreegate.domain.reason import Code
from agreegate.domain.transaction import Action, Transaction
from agreegate.services.call import Call
from agreegate.services.gate import Denial, foresee
from agreegate.services.preparation import Preparation, prepare
from agreegate.storage.unit_of_work import UnitOfWork

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
    """A transaction that was begun and not carried out; nothing of it is kept but a refusal by the gate."""

    why: Why
    answer: Decision | Denial
    form: Form
    recorded: bool = False
    """The confirmation typed was recorded, and the gate refused all the same."""

    @property
    def asks(self) -> bool:
        """Whether a confirmation is what it needs."""
        return not self.answer.reasons or any(reason.code.met_by_confirming for reason in self.answer.reasons)


def step_of(form: Form) -> Step:
    """What the user wants; what is not known is a beginning."""
    return next((step for step in Step if step == form["step"]), Step.BEGIN)


@dataclass(frozen=True, slots=True)
class Begun:
    """A transaction as it stands on its page."""

    actor: Actor
    customer: str
    action: Action
    carried: Sequence[str]
    """The fields that say what is wanted; hidden while a confirmation is asked for."""


async def carry_out(
    request: PageRequest,
    actor: Actor,
    form: Form,
    customer: str,
    action: Action | None,
    work: Callable[[UnitOfWork, Call], Awaitable[Done | Denial]],
) -> Done | Held:
    """Carry a transaction out, once however often it is sent; or say why it is held.

    Args:
        action: what the gate is asked about; None: nothing that it is asked about.
        work: the transaction itself, in the same unit of work as the confirmation before it.

    Raises:
        Rejected: a rule refuses it; nothing was done.
    """
    programme, step, spoken = site_of(request).programme, step_of(form), language(request)

    async def unit(uow: UnitOfWork, call: Call) -> Done | Held:
        if action is not None:
            foreseen = await foresee(uow, actor, programme, customer, Transaction(action, actor.channel))
            held = _held(foreseen, programme, uow, form) or Held(Why.MEANWHILE, foreseen, form)
            if step is Step.BEGIN and held.why is Why.ASKED:
                return held
            if step is Step.CONFIRM:
                if (other := await other_agreement(uow, actor, programme, form, customer)) is not None:
                    return replace(held, form=other)
                recorded = await record(uow, actor, programme, customer, form, call, spoken)
                if isinstance(recorded, Form):
                    return replace(held, form=recorded)
        result = await work(uow, call)
        if isinstance(result, Denial):
            return Held(Why.REFUSED, result, form, recorded=step is Step.CONFIRM)
        return result

    return await save(request, actor, form, unit)


async def other_agreement(
    uow: UnitOfWork, actor: Actor, programme: Programme, form: Form, customer: str | None = None
) -> Form | None:
    """The form for another agreement, when the one that it was opened for has ceased to open the gate meanwhile.

    Args:
        customer: None: one that is about to be created.
    """
    now_asked = programme.asked_template(uow.now)
    if now_asked is None or not form["template"] or programme.opens_gate(TemplateId(form["template"]), uow.now):
        return None
    begins = defaults(await prepare(uow, actor, programme, customer, now_asked.id))
    said = Mistake("", "transaction.other-agreement", {"agreement": now_asked.title})
    begun = {name: begins.get(name, "") for name in ("template", "seen", "text_seen", "version")}
    return with_values(form, **begun).with_mistakes(said)


async def shown(request: PageRequest, begun: Begun, form: Form, held: Held | None) -> dict[str, Any]:
    """What `transaction.html` calls by name.

    A confirmation that was typed is never lost: its form stays open, whatever else was wrong, and after signing in again.
    """
    site, actor = site_of(request), begun.actor
    programme, typed = site.programme, step_of(form) is Step.CONFIRM

    async def look(uow: UnitOfWork) -> tuple[Held | None, bool, Preparation | None]:
        foreseen = await foresee(uow, actor, programme, begun.customer, Transaction(begun.action, actor.channel))
        now = _held(foreseen, programme, uow, form)
        found = held or (now or Held(Why.MEANWHILE, foreseen, form) if typed else None)
        preparation = None
        if found is not None and found.asks:
            preparation = await prepare(uow, actor, programme, begun.customer, form["template"])
        return found, now is not None, preparation

    held, ahead, preparation = await site.store.browse(look)
    reasons = () if held is None else (*held.answer.reasons, *held.answer.advisories)
    wrong = {mistake.where for mistake in form.mistakes}
    now = site.store.clock()
    if preparation is not None and not typed:
        form = replace(form, fields={**{name: [value] for name, value in defaults(preparation).items()}, **form.fields})
    return {
        "form": form,
        "held": held,
        "ahead": ahead,
        "reasons": worded(reasons, programme, now, language(request)),
        "advised": preparation is None or any(reason.code is Code.CONFIRMATION_ENDED for reason in reasons),
        "carried": begun.carried,
        "unseen": preparation is not None and wrong.isdisjoint(begun.carried),
        "asked": None if preparation is None else asked(form, preparation, actor, now, language(request)),
    }


def _held(foreseen: Decision, programme: Programme, uow: UnitOfWork, form: Form) -> Held | None:
    if not foreseen.allowed:
        return Held(Why.REFUSED, foreseen, form)
    prompts = programme.exists(uow.now) and any(advisory.code in PROMPTED for advisory in foreseen.advisories)
    return Held(Why.ASKED, foreseen, form) if prompts else None


def with_values(form: Form, **values: str) -> Form:
    """The same form with other values in some fields."""
    return replace(form, fields={**form.fields, **{name: [value] for name, value in values.items()}})


def number_of(written: str) -> int | None:
    """A whole number as people type it, blanks between its digits allowed; None: it is none."""
    digits = "".join(written.split())
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER else None
