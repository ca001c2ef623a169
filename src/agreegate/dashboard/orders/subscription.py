"""Change one subscription: its auto-renewal, suspend, reactivate, cancel. Each is confirmed before it is done (4.11)."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from agreegate.dashboard.frame.form import Done, Form, Mistake, opened, save, seen, sent
from agreegate.dashboard.frame.page import DashboardRequest, actor_of, page, reader_language, records_of
from agreegate.dashboard.orders.gate import worded
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import CONFIRM, WRITE_SUBSCRIPTIONS, may
from agreegate.domain.customers.customer import Customer
from agreegate.domain.error import Rejected
from agreegate.domain.orders.subscription import Subscription, SubscriptionChange, SubscriptionStatus
from agreegate.i18n import date_text, number_text, text
from agreegate.services.customers.customer import get_customer
from agreegate.services.gate import Denial
from agreegate.services.idempotency import IdempotentCall
from agreegate.services.orders.renewal import read_renewed
from agreegate.services.orders.subscription import change_subscription, list_addons, show_subscription
from agreegate.storage.engine.unit_of_work import UnitOfWork

PATH = "/customers/{customer:uuid}/subscriptions/{subscription:uuid}/change"


class Change(StrEnum):
    """What can be done on this page."""

    AUTO_RENEWAL_ON = "auto-renewal-on"
    AUTO_RENEWAL_OFF = "auto-renewal-off"
    SUSPEND = "suspend"
    REACTIVATE = "reactivate"
    CANCEL = "cancel"


CHANGES = {
    Change.AUTO_RENEWAL_ON: SubscriptionChange(auto_renew=True),
    Change.AUTO_RENEWAL_OFF: SubscriptionChange(auto_renew=False),
    Change.SUSPEND: SubscriptionChange(status=SubscriptionStatus.SUSPENDED),
    Change.REACTIVATE: SubscriptionChange(status=SubscriptionStatus.ACTIVE),
    Change.CANCEL: SubscriptionChange(status=SubscriptionStatus.DELETED),
}


@dataclass(frozen=True, slots=True)
class Found:
    """The subscription as it is now."""

    customer: Customer
    subscription: Subscription
    addons: list[Subscription]
    """What follows it when it is suspended or cancelled."""


@get(PATH, opt={"access": WRITE_SUBSCRIPTIONS})
async def show_change(
    request: DashboardRequest, customer: FromPath[UUID], subscription: FromPath[UUID]
) -> Response[str]:
    """Show what can be changed; with `?to=`, the question whether to do that."""
    found = await _found(request, customer, subscription)
    form = opened(request, to=request.query_params.get("to", ""), **_as_seen(found.subscription))
    return _page(request, found, form)


@post(PATH, opt={"access": WRITE_SUBSCRIPTIONS})
async def change(request: DashboardRequest, customer: FromPath[UUID], subscription: FromPath[UUID]) -> Response[str]:
    """Do it, if the subscription is still as its reader saw it and the gate lets it pass."""
    deployment, form = deployment_of(request), await sent(request)
    chosen = _chosen(form)
    if chosen is None:
        found = await _found(request, customer, subscription)
        return _page(request, found, form.with_mistakes(Mistake("", "subscription.choose")), 422)

    async def work(uow: UnitOfWork, call: IdempotentCall) -> Done | Denial:
        after = await change_subscription(
            uow, call, deployment.programme, str(customer), str(subscription), CHANGES[chosen], [_revision(form)]
        )
        if isinstance(after, Denial):
            return after
        return Done(f"/customers/{customer}", f"subscription.done.{chosen}", {"name": after.friendly_name})

    try:
        done = await save(request, form, work, goes_on=True)
    except Rejected as error:
        error.expect(
            "request.etag-stale", "subscription.ended", "subscription.parent-not-active",
            "subscription.not-auto-renewable", "request.id-reused",
        )  # fmt: skip
        found = await _found(request, customer, subscription)
        if error.code != "request.etag-stale":
            return _page(request, found, form.rejected(error), 409 if error.code == "request.id-reused" else 422)
        mistakes = _meanwhile(form, found.subscription, reader_language(request))
        fields = {name: [value] for name, value in _as_seen(found.subscription).items()} | {"to": [chosen]}
        fresh = Form(fields, form.request_id, (Mistake("", "subscription.meanwhile"), *mistakes))
        return _page(request, found, fresh, 409)
    if isinstance(done, Done):
        return seen(request, done)
    found = await _found(request, customer, subscription)
    return _refused(request, found, form, done)


ROUTES = (show_change, change)


async def _found(request: DashboardRequest, customer: UUID, subscription: UUID) -> Found:
    actor, id_, of = actor_of(request), str(subscription), str(customer)

    async def read(uow: UnitOfWork) -> Found:
        found = await show_subscription(uow, actor, of, id_)
        served = await get_customer(uow, actor, of)
        return Found(served.customer, found, await list_addons(uow, actor, of, id_))

    return await read_renewed(deployment_of(request).store, actor, of, read, reading=records_of(request).read_slow)


def _page(request: DashboardRequest, found: Found, form: Form, status: int = 200) -> Response[str]:
    possible = _possible(found.subscription)
    chosen = _chosen(form)
    follow = chosen in (Change.SUSPEND, Change.CANCEL)
    return page(
        request,
        "subscription.html",
        status,
        customer=found.customer,
        one=found.subscription,
        possible=possible,
        chosen=chosen if chosen in possible else None,
        form=form,
        addons=[one for one in found.addons if follow and not one.status.ended],
    )


def _refused(request: DashboardRequest, found: Found, form: Form, denied: Denial) -> Response[str]:
    deployment, actor = deployment_of(request), actor_of(request)
    return page(
        request,
        "subscription_refused.html",
        403,
        customer=found.customer,
        one=found.subscription,
        form=form,
        chosen=_chosen(form),
        decision=denied.id,
        reasons=worded(denied.reasons, deployment.programme, deployment.store.clock(), reader_language(request)),
        may_confirm=may(actor, CONFIRM),
    )


def _chosen(form: Form) -> Change | None:
    return next((change for change in Change if change == form["to"]), None)


def _revision(form: Form) -> int:
    """Return the revision that the form's reader saw; 0, which no subscription has, where the form has none."""
    written = form["revision"]
    return int(written) if written.isdecimal() and len(written) < 10 else 0


def _possible(one: Subscription) -> list[Change]:
    """Return the changes to offer. The rules decide whether a change may be made."""
    if one.status.ended:
        return []
    renewal = Change.AUTO_RENEWAL_OFF if one.auto_renew else Change.AUTO_RENEWAL_ON
    state = Change.SUSPEND if one.status is SubscriptionStatus.ACTIVE else Change.REACTIVATE
    return [*([] if one.is_trial and not one.auto_renew else [renewal]), state, Change.CANCEL]


def _as_seen(one: Subscription) -> dict[str, str]:
    """Return the hidden fields that show whether a colleague changed the subscription meanwhile."""
    return {
        "revision": str(one.revision),
        "seen-status": one.status,
        "seen-seats": str(one.quantity),
        "seen-auto-renewal": "on" if one.auto_renew else "off",
        "seen-end": one.commitment.ends_at.isoformat(),
    }


def _meanwhile(form: Form, now: Subscription, language: str) -> Iterator[Mistake]:
    """Yield what has changed since the form's reader saw the subscription."""
    current = {
        "status": text(f"subscription.status.{now.status}", language),
        "seats": number_text(now.quantity, language),
        "auto-renewal": text(f"subscription.auto-renewal.{'on' if now.auto_renew else 'off'}", language),
        "end": date_text(now.commitment.ends_at, language),
    }
    for name, value in _as_seen(now).items():
        what = name.removeprefix("seen-")
        if what in current and form[name] != value:
            yield Mistake("", f"subscription.meanwhile.{what}", {"now": current[what]})
