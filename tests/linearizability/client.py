"""A program: one client with a store of its own, which sends calls about a few customers and writes each with its answer.

The plan comes as JSON on the first line of the input; a second line says that every client is ready. On the output stands a line
of JSON for each call: customer, call, start, end and answer. The product's functions are those on the path of this process.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from agreegate import programme
from agreegate.domain.actor import Actor, Role, UserId
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.agreements.text import Digest, Locale, MediaType, TextDraft, TextFile
from agreegate.domain.confirmation import Draft, PrimaryContact
from agreegate.domain.error import Rejected, StoreUnavailable
from agreegate.domain.gate import Decision
from agreegate.domain.orders.order import LineDraft, Order, OrderDraft
from agreegate.domain.orders.subscription import Subscription, SubscriptionChange, SubscriptionId
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.partner import Partner, PartnerId
from agreegate.domain.reason import Code
from agreegate.services.agreements.accepted_text import text_of
from agreegate.services.agreements.text import at_command_line, list_texts, publish_text
from agreegate.services.confirmation import confirm, list_confirmations
from agreegate.services.gate import Denial, ask
from agreegate.services.idempotency import Answer, IdempotentCall, do_once
from agreegate.services.orders.order import place_order
from agreegate.services.orders.subscription import change_subscription, list_subscriptions
from agreegate.services.standing import record_no_longer_agrees, void_confirmation
from agreegate.storage.engine.postgresql import PostgresStore
from agreegate.storage.engine.unit_of_work import UnitOfWork, new_id
from agreegate.storage.partner import partner_of
from tests import personas as cast
from tests.linearizability.customer import DONE, Call

PROGRAMME = programme.load(programme.DEFAULT)
AGREEMENT = TemplateId(cast.CUSTOMER_AGREEMENT)
"""Its identical repeats are refused, so that a confirmation decides by the one before it."""
AGREED = datetime(2024, 5, 6, 7, 8, tzinfo=UTC)
FIRST_TEXT = datetime(2020, 1, 1, tzinfo=UTC)
ACCEPTORS, MOST_SEATS = 2, 4
TWICE = 0.1
"""Share of the changes that are sent twice at the same time, to two stores."""
PUBLISHED = ""
"""The key of a publication, which concerns every customer."""


@dataclass
class Plan:
    """What one client does."""

    url: str
    seed: int
    customers: list[tuple[str, str]]
    """Each with its first subscription."""
    at_once: int
    """How many customers are called about at the same time; the clients go from one group to the next."""
    calls: int
    """About each customer."""
    shares: dict[str, int]
    """How often each kind of call comes."""
    gives_up: bool
    """Whether one call about each customer is left without waiting for its answer."""


async def actor_of(uow: UnitOfWork) -> Actor:
    """An administrator of the partner."""
    found = await partner_of(uow, PartnerId(cast.ALDER))
    assert isinstance(found, Partner)
    return Actor(found, frozenset({Role.ADMIN_AGENT}), UserId(cast.ALDER_ADMIN), "admin@alder.example")


class Client:
    """Sends calls, one after another, and writes what became of them."""

    def __init__(self, plan: Plan) -> None:
        self.random = Random(plan.seed)
        self.plan = plan
        self.stores = PostgresStore(plan.url), PostgresStore(plan.url)
        self.subscriptions = {customer: SubscriptionId(id_) for customer, id_ in plan.customers}
        self.revisions: dict[str, int] = {}
        """By customer, as this client saw it last."""
        self.texts = 1
        self.left: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        self.actor = await self.stores[0].read(actor_of)
        self.operator = await self.stores[0].read(at_command_line)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        for first in range(0, len(self.plan.customers), self.plan.at_once):
            group = [customer for customer, _ in self.plan.customers[first : first + self.plan.at_once]]
            planned = [customer for customer in group for _ in range(self.plan.calls)]
            self.random.shuffle(planned)
            for number, customer in enumerate(planned):
                await self._one(customer, leaves=self.plan.gives_up and customer not in planned[:number])
        await asyncio.gather(*self.left)
        for store in self.stores:
            await store.finish()

    async def _one(self, customer: str, *, leaves: bool) -> None:
        shares = self.plan.shares
        [kind] = self.random.choices([*shares], [*shares.values()])
        value = self.random.randrange(ACCEPTORS) if kind == "confirm" else self.random.randrange(1, MOST_SEATS)
        revision = self.revisions.get(customer) if self.random.random() < 0.5 else None
        twice = kind in ("confirm", "order", "seats") and self.random.random() < TWICE
        call = Call(kind, new_id(), value, revision if kind == "seats" else None, twice)
        if kind == "publish":
            if self.plan.seed:  # one client publishes, so that labels follow the order
                call = call._replace(kind="read")
            else:
                customer, leaves, self.texts = PUBLISHED, False, self.texts + 1
        sent = [asyncio.ensure_future(self._recorded(store, customer, call)) for store in self.stores[: 1 + twice]]
        if leaves:
            await asyncio.sleep(0)
            for task in sent:
                task.cancel()
        self.left += sent if leaves else []
        await asyncio.gather(*sent, return_exceptions=leaves)

    async def _recorded(self, store: PostgresStore, customer: str, call: Call) -> None:
        start = time.monotonic_ns()
        answer: tuple[Any, ...] | None
        try:
            answer = await self._sent(store, customer, call)
            if call.kind == "publish":
                answer = answer or await self._sent(store, customer, call)  # a repeat changes nothing
                assert answer is not None, "the next label depends on it"
        except asyncio.CancelledError:
            answer = None
        if (task := asyncio.current_task()) is not None and task.cancelling():
            answer = None  # whatever came of it, the client had gone away
        end = None if answer is None else time.monotonic_ns()
        print(json.dumps([customer, call, start, end, answer]), flush=True)

    async def _sent(self, store: PostgresStore, customer: str, call: Call) -> tuple[Any, ...] | None:
        """The answer as a client sees it; None: 503, or the gate could not read the record and so denied."""
        try:
            if call.kind == "ask":
                asked = Transaction(Action.NEW_PURCHASE, self.actor.channel)
                decision = await ask(store, self.actor, PROGRAMME, customer, asked)
                return None if Code.STANDING_UNKNOWN in _codes(decision) else _verdict(decision)
            if call.kind == "read":
                return await store.read(lambda uow: self._read(uow, customer))
            if call.kind == "publish":
                await store.write(self._publish)
                return DONE
            identity = IdempotentCall.of(
                self.actor, "POST", f"/{customer}/{call.kind}", call.request, call.request, b"", repeatable=True
            )
            done = await do_once(store, identity, lambda uow: self._change(uow, identity, customer, call))
        except Rejected as error:
            return "refused", error.code
        except StoreUnavailable:
            return None
        except Exception as error:  # noqa: BLE001 - a client sees 500
            return "failed", type(error).__name__, str(error)
        answer: tuple[Any, ...] = tuple(json.loads(done.body))
        if call.kind == "seats" and answer[0] == "done":
            self.revisions[customer] = answer[2]
        return answer

    async def _change(self, uow: UnitOfWork, identity: IdempotentCall, customer: str, call: Call) -> Answer:
        match call.kind:
            case "confirm":
                kept = await confirm(uow, identity, PROGRAMME, customer, confirmation(call.value))
                return _answer(*DONE, confirmation=kept.id)
            case "end":
                await record_no_longer_agrees(uow, identity, PROGRAMME, customer, "")
                return _answer(*DONE)
            case "void":
                await void_confirmation(uow, identity, PROGRAMME, customer, AGREEMENT, "")
                return _answer(*DONE)
            case "order":
                ordered = await place_order(uow, identity, PROGRAMME, customer, ORDER)
                return _answer(*DONE) if isinstance(ordered, Order) else _denied(ordered)
            case _:
                revisions = [] if call.revision is None else [call.revision]
                change, subscription = SubscriptionChange(quantity=call.value), self.subscriptions[customer]
                changed = await change_subscription(uow, identity, PROGRAMME, customer, subscription, change, revisions)
                if isinstance(changed, Subscription):
                    return _answer("done", changed.quantity, changed.revision)
                return _denied(changed)

    async def _read(self, uow: UnitOfWork, customer: str) -> tuple[Any, ...]:
        """The customer's confirmations, subscriptions and texts, from one state of the record."""
        confirmations = await list_confirmations(uow, self.actor, PROGRAMME, customer)
        current = await text_of(uow, self.actor, customer, confirmations[0]) if confirmations else None
        subscriptions = await list_subscriptions(uow, self.actor, customer)
        published = sum(len(versions) for _, versions in await list_texts(uow, PROGRAMME))
        [first] = [one for one in subscriptions if one.id == self.subscriptions[customer]]
        self.revisions[customer] = first.revision
        return (
            tuple(one.request_id for one in confirmations),
            None if current is None else int(current.label or 0),
            first.quantity,
            first.revision,
            len(subscriptions),
            published,
        )

    async def _publish(self, uow: UnitOfWork) -> None:
        await publish(uow, self.operator, self.texts)


ORDER = OrderDraft((LineDraft(0, cast.NOBODY, 1),))


def confirmation(acceptor: int) -> Draft:
    """A confirmation of one of a few persons."""
    return Draft(PrimaryContact(f"Noa {acceptor}", "Berg", "noa@contoso.example"), AGREEMENT, AGREED)


async def publish(uow: UnitOfWork, operator: Actor, number: int) -> None:
    """Publish a major text that is in force at once."""
    effective = FIRST_TEXT + timedelta(minutes=number)
    files = {Locale("US", "en-US"): TextFile(Digest("0" * 64), MediaType.MARKDOWN, 100)}
    version = TextDraft(AGREEMENT, str(number), major=True, effective_from=effective, note="Made up.", files=files)
    await publish_text(uow, operator, PROGRAMME, version, allow_past=True)


def _answer(*answer: Any, confirmation: str | None = None) -> Answer:
    return Answer(200, json.dumps(answer).encode(), confirmation)


def _denied(denied: Any) -> Answer:
    assert isinstance(denied, Denial)
    return Answer(403, json.dumps(["denied", *(reason.code for reason in denied.reasons)]).encode())


def _verdict(decision: Decision) -> tuple[Any, ...]:
    return "allow" if decision.allowed else "deny", *_codes(decision)


def _codes(decision: Decision) -> list[str]:
    return [reason.code for reason in (*decision.reasons, *decision.advisories)]


if __name__ == "__main__":
    asyncio.run(Client(Plan(**json.loads(sys.stdin.readline()))).run())
