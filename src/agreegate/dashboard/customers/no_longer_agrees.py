"""A customer who no longer agrees: that is recorded first, then the partner cancels what it chooses (R39, R40, R47).

Nothing is cancelled by itself. Each subscription is a unit of work of its own: what can be cancelled is, and what cannot
says why beside its name.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

from litestar import Response, get, post
from litestar.params import FromPath

from agreegate.dashboard.frame.form import Done, Form, Mistake, opened, save, seen, sent
from agreegate.dashboard.frame.page import DashboardRequest, actor_of, page, reader_language, records_of
from agreegate.dashboard.orders.transaction import number_of
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import CONFIRM, Actor
from agreegate.domain.customers.customer import Customer
from agreegate.domain.error import Rejected
from agreegate.domain.orders.subscription import Subscription, SubscriptionChange, SubscriptionStatus
from agreegate.i18n import number_text
from agreegate.services.customers.customer import get_customer
from agreegate.services.gate import Denial
from agreegate.services.idempotency import IdempotentCall
from agreegate.services.orders.renewal import read_renewed
from agreegate.services.orders.subscription import change_subscription, list_subscriptions
from agreegate.services.standing import CustomerStanding, record_no_longer_agrees, show_standing
from agreegate.storage.engine.unit_of_work import UnitOfWork

PATH = "/customers/{customer:uuid}/no-longer-agrees"
MOST = 100
"""Maximum number of subscriptions listed at a time. A customer with more needs several rounds."""
CANCELLED = SubscriptionChange(status=SubscriptionStatus.DELETED)


class Step(StrEnum):
    """What a form of this page asks for."""

    REFUSE = "refuse"
    CHOOSE = "choose"
    """Show what was ticked once more."""
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Found:
    """The customer as it stands."""

    customer: Customer
    standing: CustomerStanding
    active: list[Subscription]
    """What is not ended, in the order in which it would renew."""

    @property
    def refused(self) -> bool:
        """Whether it is recorded that the customer no longer agrees, and nothing was confirmed since."""
        return self.standing.no_longer_agrees is not None and all(
            one.confirmation is None for one in self.standing.agreements
        )

    def chosen(self, form: Form) -> list[Subscription]:
        """Return the subscriptions that were ticked and are still active."""
        ids = set(form.all("subscription"))
        return [one for one in self.active if one.id in ids]


@get(PATH, opt={"access": CONFIRM})
async def show_no_longer_agrees(request: DashboardRequest, customer: FromPath[UUID]) -> Response[str]:
    """Show the form to record that the customer no longer agrees; once recorded, what can be cancelled."""
    found = await _found(request, str(customer))
    return _page(request, found, opened(request))


@post(PATH, opt={"access": CONFIRM})
async def act(request: DashboardRequest, customer: FromPath[UUID]) -> Response[Any]:
    """Record that the customer no longer agrees, show the ticked subscriptions once more, or cancel them."""
    id_, form = str(customer), await sent(request)
    match form["step"]:
        case Step.REFUSE:
            return await _refuse(request, id_, form)
        case Step.CANCEL:
            return await _cancel(request, id_, form)
        case _:
            found = await _found(request, id_)
            if not found.refused:
                return _page(request, found, form.with_mistakes(Mistake("", "no-longer-agrees.first")), 409)
            if not found.chosen(form):
                return _page(request, found, form.with_mistakes(Mistake("", "no-longer-agrees.choose")), 422)
            return _page(request, found, form)


async def _refuse(request: DashboardRequest, customer: str, form: Form) -> Response[Any]:
    deployment, actor = deployment_of(request), actor_of(request)
    if "yes" not in form.all("sure"):
        found = await _found(request, customer)
        return _page(request, found, form.with_mistakes(Mistake("sure", "no-longer-agrees.sure-missing")), 422)

    async def work(uow: UnitOfWork, call: IdempotentCall) -> Done:
        served = await get_customer(uow, actor, customer)
        await record_no_longer_agrees(uow, call, deployment.programme, customer, form["note"])
        path = f"/customers/{customer}/no-longer-agrees"
        return Done(path, "no-longer-agrees.recorded", {"company": served.customer.company_name})

    try:
        return seen(request, await save(request, form, work))
    except Rejected as error:
        error.expect("request.invalid-property", "confirmation.nothing-to-end", "request.id-reused")
        if error.code == "request.invalid-property":
            found = await _found(request, customer)
            return _page(request, found, form.with_mistakes(Mistake("note", "ending.note-long")), 422)
        return _page(request, await _found(request, customer), form.rejected(error), 409)


async def _cancel(request: DashboardRequest, customer: str, form: Form) -> Response[Any]:
    actor, before = actor_of(request), await _found(request, customer)
    if not before.refused:
        return _page(request, before, form.with_mistakes(Mistake("", "no-longer-agrees.first")), 409)
    named = {str(one.id): one.friendly_name for one in await _all(request, actor, customer)}
    chosen = [id_ for id_ in dict.fromkeys(form.all("subscription")) if id_ in named]
    failed: dict[str, Mistake] = {}
    for id_ in chosen:
        error = await _cancel_one(request, customer, id_, form)
        if error is not None:
            failed[id_] = Mistake("", f"no-longer-agrees.failed.{_why(error)}", {"name": named[id_]})
    if chosen and not failed:
        notice = "no-longer-agrees.cancelled.one" if len(chosen) == 1 else "no-longer-agrees.cancelled.other"
        count = number_text(len(chosen), reader_language(request))
        return seen(request, Done(f"/customers/{customer}/no-longer-agrees", notice, {"count": count}))
    mistakes = failed.values() if chosen else [Mistake("", "no-longer-agrees.choose")]
    again = replace(form, fields={"subscription": list(failed)}).with_mistakes(*mistakes)
    return _page(
        request, await _found(request, customer), again, 409 if failed else 422, cancelled=len(chosen) - len(failed)
    )


async def _cancel_one(request: DashboardRequest, customer: str, id_: str, form: Form) -> Rejected | Denial | None:
    """Cancel one subscription, once for each sent form. Return None, or why it was not cancelled."""
    revision = form[f"revision-{id_}"]
    one = replace(
        form,
        request_id=str(uuid5(UUID(form.request_id), id_)),
        fields={"subscription": [id_], "revision": [revision]},
    )

    async def work(uow: UnitOfWork, call: IdempotentCall) -> Done | Denial:
        revisions = [number_of(revision) or 0]
        programme = deployment_of(request).programme
        after = await change_subscription(uow, call, programme, customer, id_, CANCELLED, revisions)
        return after if isinstance(after, Denial) else Done("/")

    try:
        result = await save(request, one, work, goes_on=True)
    except Rejected as error:
        active = {left.id for left in (await _found(request, customer)).active}
        # Gone already: with the subscription that it adds to, or by a colleague.
        return error if id_ in active else None
    return None if isinstance(result, Done) else result


def _why(error: Rejected | Denial) -> str:
    match error:
        case Rejected(code="request.etag-stale"):
            return "changed"
        case Denial():
            return "refused"
        case _:
            return "rule"


async def _found(request: DashboardRequest, customer: str) -> Found:
    deployment, actor = deployment_of(request), actor_of(request)

    async def read(uow: UnitOfWork) -> Found:
        served = await get_customer(uow, actor, customer)
        standing = await show_standing(uow, actor, deployment.programme, customer)
        return Found(served.customer, standing, _active(await list_subscriptions(uow, actor, customer)))

    return await read_renewed(deployment.store, actor, customer, read, reading=records_of(request).read_slow)


async def _all(request: DashboardRequest, actor: Actor, customer: str) -> list[Subscription]:
    return await read_renewed(
        deployment_of(request).store,
        actor,
        customer,
        lambda uow: list_subscriptions(uow, actor, customer),
        reading=records_of(request).read_slow,
    )


def _active(every: Iterable[Subscription]) -> list[Subscription]:
    return sorted((one for one in every if not one.status.ended), key=lambda one: (one.commitment.ends_at, one.id))


def _page(request: DashboardRequest, found: Found, form: Form, status: int = 200, cancelled: int = 0) -> Response[str]:
    asking = form["step"] == Step.CHOOSE and found.refused
    deployment = deployment_of(request)
    ahead = [date for date in deployment.programme.enforce_from.values() if date and date > deployment.store.clock()]
    return page(
        request,
        "no_longer_agrees.html",
        status,
        form=form,
        customer=found.customer,
        refused=found.refused,
        no_longer_agrees=found.standing.no_longer_agrees,
        before=max(ahead, default=None),
        confirmed=any(one.confirmation is not None for one in found.standing.agreements),
        active=found.active[:MOST],
        total=len(found.active),
        asked=found.chosen(form) if asking else [],
        cancelled=cancelled,
    )


ROUTES = (show_no_longer_agrees, act)
