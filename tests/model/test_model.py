"""Thousands of made-up histories, each driven through the services and compared with the reference after every step (decision 0007).

`HYPOTHESIS_PROFILE=deep` makes many more of them, and others each time.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count, product
from unittest import TestCase

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agreegate import programme as programmes
from agreegate.domain.actor import CONFIRM, WRITE_ORDERS, Actor, Channel, Role, UserId, permit
from agreegate.domain.agreements.agreement import AgreementType, TemplateId
from agreegate.domain.confirmation import Draft, PrimaryContact
from agreegate.domain.error import Rejected
from agreegate.domain.gate import decide
from agreegate.domain.orders.cart import CartLine
from agreegate.domain.orders.order import LineDraft, Order, OrderDraft
from agreegate.domain.orders.subscription import SubscriptionChange, SubscriptionId, SubscriptionStatus
from agreegate.domain.orders.term import TermDuration
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.partner import Cloud
from agreegate.domain.programme import StaleRule
from agreegate.services.confirmation import confirm, list_confirmations
from agreegate.services.customers.customer import delete_customer, relate, remove_relationship
from agreegate.services.gate import Denial, ask
from agreegate.services.idempotency import IdempotentCall
from agreegate.services.orders.cart import check_out, create_cart
from agreegate.services.orders.order import place_order
from agreegate.services.orders.renewal import run_renewals
from agreegate.services.orders.subscription import change_subscription
from agreegate.services.standing import record_no_longer_agrees, show_standing, void_confirmation
from agreegate.storage.agreements.text import add_text_version
from agreegate.storage.customers.customer import customer_of
from agreegate.storage.decision import as_reasons, as_standing
from agreegate.storage.engine.unit_of_work import from_micros
from agreegate.storage.orders.subscription import subscriptions_of
from agreegate.storage.partner import partner_of
from tests import engines, texts
from tests import personas as cast
from tests.engines import Record, run
from tests.model import reference
from tests.world import AUGUST, Clock

pytestmark = pytest.mark.rule("R2", "R6", "R7", "R11", "R17", "R22", "R26", "R27", "R31", "R33", "R34", "R35", "R37",
                               "R38", "R40", "R47", "X4", "X5")  # fmt: skip

PAIRS = (
    (cast.ALDER, cast.CEDAR),
    (cast.HAZEL, cast.CEDAR),
    (cast.MAPLE, cast.CEDAR),
    (cast.ALDER, cast.DOGWOOD),
    (cast.FIR, cast.GINKGO),
)
USERS = {
    cast.ALDER: (cast.ALDER_SALES, cast.ALDER_ADMIN, cast.ALDER_MARKETPLACE),
    cast.HAZEL: (cast.HAZEL_ADMIN,),
    cast.MAPLE: (cast.MAPLE_ADMIN,),
    cast.FIR: (cast.FIR_ADMIN,),
    cast.BIRCH: (cast.BIRCH_SALES,),
}
CLOUDS = {cast.FIR: "us_government"}
TEMPLATES = {"cloud": cast.CLOUD_AGREEMENT, "customer": cast.CUSTOMER_AGREEMENT}
TYPES = {"cloud": "MicrosoftCloudAgreement", "customer": "MicrosoftCustomerAgreement"}
LOCALES = {"US": texts.AMERICA, "FR": texts.FRANCE}
TERMS = {1: TermDuration.MONTH, 12: TermDuration.YEAR, 36: TermDuration.THREE_YEARS}
OFFER = "BD938F12-058F-4927-BBA3-AE36B1D2501C"
CONTACTS = (PrimaryContact("Noa", "Berg", "noa@contoso.example"), PrimaryContact("Nia", "Berg", "nia@contoso.example"))
APPEND_ONLY = ("confirmation", "confirmation_contact", "ending", "decision", "renewal", "audit_record", "text_version",
               "confirmation_text")  # fmt: skip

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
DATES = tuple(
    datetime.fromisoformat(text).replace(tzinfo=UTC)
    for text in (
        "2018-08-07", "2018-11-07", "2019-03-22", "2019-10-01", "2020-02-01", "2020-02-29", "2020-03-31", "2021-01-14",
        "2021-02-28", "2024-02-29",
    )
)  # fmt: skip

# Mostly what can be done; now and then what cannot.
pairs = st.runner().flatmap(lambda machine: st.sampled_from(machine.about))
confirmed = st.runner().flatmap(
    lambda machine: st.sampled_from(
        machine.counting() or [(pair, name) for pair in machine.about for name in TEMPLATES]
    )
)
strangers = st.runner().flatmap(lambda machine: st.sampled_from(machine.strangers() or machine.about))
held = st.runner().flatmap(lambda machine: st.sampled_from(machine.held_by()))
channels = st.sampled_from(Channel)
picks = st.integers(0, 30)
agreements = st.sampled_from(sorted(TEMPLATES))
terms = st.sampled_from(sorted(TERMS))
seats = st.sampled_from((1, 5, 25, 26))
versions = st.one_of(st.none(), st.none(), st.integers(0, 6))
countries = st.sampled_from((("US",), ("FR",), ("US", "FR")))
statuses = st.sampled_from(
    (None, None, SubscriptionStatus.ACTIVE, SubscriptionStatus.SUSPENDED, SubscriptionStatus.DELETED)
)
instants = st.one_of(
    st.sampled_from([moment for day in DATES for moment in (day - INSTANT, day)]),
    st.datetimes(datetime(2018, 8, 1), datetime(2024, 3, 2), timezones=st.just(UTC)),
)


class Ground:
    """One database; what happens in a history is undone after it."""

    def __init__(self) -> None:
        self.clock = Clock(DATES[0])
        self.ids = count()
        self.record = Record(self.clock, cast=True, ids=lambda: f"{next(self.ids):08}-0000-4000-8000-000000000000")
        self.connection, self.store = self.record.connection, self.record.store
        # The clock jumps back, which only a demo's may; what any other clock does: `tests/services/test_clock.py`.
        self.connection.execute("insert into deployment values (1, 'microsoft-cloud-agreement', 1)")
        self.partners = {p: run(self.store.read(lambda uow, p=p: partner_of(uow, p))) for p in USERS}
        self.copies, self.countries = {}, {}
        for partner, customer in PAIRS:
            found = run(self.store.read(lambda uow, c=customer: customer_of(uow, self.partners[_owner(c)], c)))
            self.copies[customer] = found[0]
            self.countries[customer] = found[0].country
            run(self.store.write(lambda uow, p=partner, c=found[0]: relate(uow, p, c, [])))


def _owner(customer: str) -> str:
    return next(partner for partner, its in PAIRS if its == customer)


@cache
def ground() -> Ground:
    return Ground()


class Histories(RuleBasedStateMachine):
    """What happens, told twice: to the product and to the reference."""

    programme = programmes.load("microsoft-cloud-agreement")
    dates = reference.PUBLISHED

    def __init__(self) -> None:
        super().__init__()
        self.ground = ground()
        self.ground.record.begin()
        self.ground.ids = count()  # the same history has the same ids
        self.about = PAIRS
        self.calls = 0
        self.histories = {pair: [{"did": "began"}] for pair in PAIRS}
        self.held = {pair: {} for pair in PAIRS}
        self.carts = []
        self.texts = []
        self.touched = set(PAIRS)
        self.decided = set()
        self.kept = {table: set() for table in APPEND_ONLY}

    def teardown(self) -> None:
        self.ground.record.undo()

    @property
    def now(self) -> datetime:
        return self.ground.clock.now

    # What happens

    @initialize(start=st.one_of(st.just(AUGUST), instants),
                about=st.lists(st.sampled_from(PAIRS), min_size=1, max_size=3, unique=True),
                owned=st.lists(terms, max_size=2))  # fmt: skip
    def begin(self, start, about, owned) -> None:
        """A history is about few, so that much happens to them; all the others are watched."""
        self.ground.clock.now = start
        self.about = about
        for term in owned:
            self.order(about[0], Channel.API, term, 5, 0, False)

    @rule(
        to=instants, later=st.sampled_from((timedelta(0), DAY, 40 * DAY, 400 * DAY, 1200 * DAY)), attended=st.booleans()
    )
    def jump(self, to, later, attended) -> None:
        """To a date, forwards or back, or a while later; what falls due renews now, or when somebody looks after it."""
        self.ground.clock.now = self.now + later if later else to
        self.touched = set(PAIRS)
        if attended:
            self.renew()

    @rule()
    def renew(self) -> None:
        run(run_renewals(self.ground.store, self.now))
        for pair, held in self.held.items():
            self.held[pair] = {key: reference.renewed(subscription, self.now) for key, subscription in held.items()}

    @rule(pair=pairs, user=picks, named=picks, channel=channels, agreement=agreements,
          contact=st.sampled_from(CONTACTS), ago=st.sampled_from((timedelta(0), DAY, 40 * DAY, 400 * DAY, -DAY)),
          version=versions)  # fmt: skip
    def confirm(self, pair, user, named, channel, agreement, contact, ago, version) -> None:
        partner, country, history = pair[0], self.ground.countries[pair[1]], self.histories[pair]
        agreed = self.now - ago
        users = USERS[partner]
        draft = Draft(contact, TemplateId(TEMPLATES[agreement]), agreed, user_id=UserId(users[named % len(users)]),
                      version=None if version is None else self.written(version))  # fmt: skip
        if version is None:
            text = reference.text_of(self.texts, agreement, country, agreed, self.now)
        else:
            text = reference.named(self.texts, agreement, country, version)
        newest = reference.current(history, agreement)
        forbidden = reference.why_not_confirm(
            self.dates,
            CLOUDS.get(partner, "public"),
            history,
            agreement,
            agreed,
            newest and reference.repeats(self.texts, country, newest, contact, text),
            self.duty(pair, agreement),
            version is not None and text is None,
            self.now,
        )
        done = self.attempt(pair, confirm, draft, channel=channel, user=user, access=CONFIRM, forbidden=forbidden)
        if done is not None:
            assert (done.user_id, done.recorded_by) == (users[named % len(users)], users[user % len(users)])
            there_were = any(t["agreement"] == agreement and t["from"] <= self.now for t in self.texts)
            self.note(pair, "confirmed", agreement=agreement, contact=contact, id=done.id, agreed=agreed, text=text,
                      at=self.now, there_were_texts=there_were or version is not None)  # fmt: skip

    def written(self, version: int) -> str:
        """How somebody names a version: by its label or its id, or by what nobody published."""
        if version >= len(self.texts):
            return "never"
        return str(version) if version % 2 else str(self.texts[version]["id"])

    @rule(agreement=agreements, major=st.sampled_from((True, True, False)), where=countries, to=instants,
          later=st.sampled_from((None, timedelta(0), DAY, -DAY, 400 * DAY)))  # fmt: skip
    @precondition(lambda self: len(self.texts) < 6)
    def publish(self, agreement, major, where, to, later) -> None:
        """A text takes effect: now, soon, long ago or on some date."""
        effective = to if later is None else self.now + later
        files = {LOCALES[country]: texts.file() for country in where}
        requested = texts.draft(
            str(len(self.texts)), template_id=TEMPLATES[agreement], major=major, effective_from=effective, files=files
        )
        published = run(self.ground.store.write(lambda uow: add_text_version(uow, requested, "tests")))
        text = {"agreement": agreement, "major": major, "where": where, "from": effective, "id": published.id}
        self.texts = [*self.texts, text]
        self.touched = set(PAIRS)

    @rule(pair=pairs, agreement=agreements, contact=st.sampled_from(CONTACTS))
    def accept(self, pair, agreement, contact) -> None:
        """A confirmation with nothing wrong, so that there are many."""
        self.confirm(pair, 0, 0, Channel.API, agreement, contact, DAY, None)

    @rule(what=confirmed, channel=channels)
    @precondition(lambda self: self.counting() or self.seldom())
    def no_longer_agrees(self, what, channel) -> None:
        pair, _ = what
        forbidden = reference.why_not_refuse(self.histories[pair], self.now)
        if self.attempt(pair, record_no_longer_agrees, "", channel=channel, forbidden=forbidden):
            self.note(pair, "refused")

    @rule(what=confirmed)
    @precondition(lambda self: self.counting() or self.seldom())
    def recorded_in_error(self, what) -> None:
        pair, agreement = what
        forbidden = reference.why_not_take_back(self.histories[pair], agreement, self.now)
        if self.attempt(pair, void_confirmation, TEMPLATES[agreement], "", forbidden=forbidden):
            self.note(pair, "erred", agreement=agreement)

    @rule(pair=pairs, channel=channels, term=terms, quantity=seats, parent=picks, add_on=st.booleans())
    def order(self, pair, channel, term, quantity, parent, add_on) -> None:
        held = self.renew_first(pair)
        parent = list(held)[parent % len(held)] if add_on and held else None
        line = LineDraft(0, OFFER, quantity, term=TERMS[term], parent_id=parent)
        forbidden = self.why_not_buy(pair, quantity)
        if parent and not forbidden:
            forbidden = None if held[parent]["status"] == "active" else "subscription.parent-not-active"
        order = self.purchase(pair, place_order, OrderDraft((line,)), channel=channel, forbidden=forbidden,
                              actions=["add_on" if parent else "new_purchase"])  # fmt: skip
        if order is not None:
            self.bought(pair, [order], [(term, quantity)], parent)

    @rule(what=held, channel=channels, term=terms, quantity=seats)
    @precondition(lambda self: self.held_by())
    def renew_by_order(self, what, channel, term, quantity) -> None:
        pair, key = what
        renewed = self.renew_first(pair)[key]
        line = LineDraft(0, OFFER, quantity, subscription_id=SubscriptionId(key), renews_to=TERMS[term])
        forbidden = "sandbox.limit" if pair[0] == cast.MAPLE and quantity > 25 else None
        forbidden = forbidden or reference.why_not_renew(renewed, self.now)
        if self.purchase(
            pair, place_order, OrderDraft((line,)), channel=channel, forbidden=forbidden, actions=["renewal"]
        ):
            self.held[pair] |= {key: reference.lengthened(renewed, term, self.now) | {"seats": quantity}}

    @rule(pair=pairs, requested=st.lists(st.tuples(terms, seats), min_size=1, max_size=3))
    def fill_a_cart(self, pair, requested) -> None:
        lines = [
            CartLine(number, OFFER, quantity, term=TERMS[term]) for number, (term, quantity) in enumerate(requested)
        ]
        forbidden = None if reference.related(self.histories[pair]) else "relationship.missing"
        self.renew_first(pair)
        cart = self.attempt(pair, create_cart, lines, forbidden=forbidden, access=WRITE_ORDERS, plain=True)
        if cart is None:
            self.undo_renewals(pair)
        else:
            self.carts.append({"pair": pair, "id": cart.id, "requested": requested, "made": self.now, "ordered": False})

    @rule(which=picks, channel=channels)
    @precondition(lambda self: self.carts)
    def check_a_cart_out(self, which, channel) -> None:
        cart = self.carts[which % len(self.carts)]
        pair = cart["pair"]
        if not reference.related(self.histories[pair]):
            forbidden = "relationship.missing"
        elif not cart["ordered"] and self.now >= cart["made"] + timedelta(minutes=15):
            forbidden = "cart.not-found"
        else:
            forbidden = "cart.submitted" if cart["ordered"] else None
        self.renew_first(pair)
        limit = any(self.why_not_buy(pair, quantity, len(cart["requested"])) for _, quantity in cart["requested"])
        orders = self.purchase(pair, check_out, cart["id"], channel=channel, actions=["new_purchase"],
                               first=forbidden, forbidden="cart.faulty" if limit else None)  # fmt: skip
        if orders is not None:
            cart["ordered"] = True
            self.bought(pair, orders, cart["requested"])

    @rule(what=held, channel=channels, quantity=st.one_of(st.none(), seats), status=statuses,
          auto=st.sampled_from((None, True, False)))  # fmt: skip
    @precondition(lambda self: self.held_by())
    def change(self, what, channel, quantity, status, auto) -> None:
        """Seats, suspension, reactivation, cancellation and auto-renewal, several of them in one call."""
        pair, key = what
        held = self.renew_first(pair)
        renewed = held[key]
        requested = (quantity or renewed["seats"], status or renewed["status"])
        forbidden = reference.why_not_change(renewed, *requested, held.get(renewed["parent"]), pair[0] == cast.MAPLE)
        changes = SubscriptionChange(quantity=quantity, status=status, auto_renew=auto)
        actions = reference.actions_of(renewed, *requested)
        done = self.purchase(
            pair, change_subscription, key, changes, (), channel=channel, forbidden=forbidden, actions=actions
        )
        if done is not None:
            self.held[pair] = reference.with_status(
                held | {key: renewed | {"seats": requested[0], "auto": renewed["auto"] if auto is None else auto}},
                key,
                requested[1],
            )

    @rule(pair=pairs)
    @precondition(lambda self: not self.strangers() or self.seldom())
    def leave(self, pair) -> None:
        forbidden = None if reference.related(self.histories[pair]) else "relationship.missing"
        if any(subscription["status"] == "active" for subscription in self.renew_first(pair).values()):
            forbidden = forbidden or "relationship.subscriptions-active"
        self.attempt(pair, remove_relationship, forbidden=forbidden, plain=True)
        if forbidden is None:
            self.note(pair, "parted")
        else:
            self.undo_renewals(pair)

    @rule(pair=strangers)
    @precondition(lambda self: self.strangers() or self.seldom())
    def come_back(self, pair) -> None:
        copy = self.ground.copies[pair[1]]
        run(self.ground.store.write(lambda uow: relate(uow, pair[0], copy, [])))
        if not reference.related(self.histories[pair]):
            self.note(pair, "began")

    @rule(pair=pairs)
    @precondition(lambda self: self.seldom())
    def delete_from_the_sandbox(self, pair) -> None:
        forbidden = None if reference.related(self.histories[pair]) else "relationship.missing"
        forbidden = forbidden if pair[0] == cast.MAPLE else "access.action-not-allowed"
        self.attempt(pair, delete_customer, forbidden=forbidden, plain=True)
        if forbidden is None:
            self.note(pair, "parted")
            self.held[pair] = {
                key: subscription | {"status": "deleted"} if reference.living(subscription) else subscription
                for key, subscription in self.renew_first(pair).items()
            }

    @rule(pair=st.sampled_from([pair for pair in PAIRS if pair[0] == cast.ALDER]), agreement=agreements)
    @precondition(lambda self: self.seldom())
    def reseller_tries(self, pair, agreement) -> None:
        """What a reseller records is nothing, for itself and for its provider."""
        draft = Draft(CONTACTS[0], TemplateId(TEMPLATES[agreement]), self.now)
        birch = (cast.BIRCH, pair[1])
        self.attempt(birch, confirm, draft, access=CONFIRM, forbidden="access.reseller")
        self.attempt(birch, confirm, draft, forbidden="relationship.missing" if self.now >= DATES[0] else
                     "confirmation.feature-absent")  # fmt: skip
        line = OrderDraft((LineDraft(0, OFFER, 1),))
        self.attempt(birch, place_order, line, access=WRITE_ORDERS, forbidden="access.denied")

    # How it is reported

    def attempt(
        self, pair, work, *what, forbidden=None, first=None, access=None, user=0, channel=Channel.API, plain=False
    ):
        """Do it, if it is not forbidden. It must be forbidden exactly when the reference says so, and why."""
        partner, customer = pair
        users = USERS[partner]
        actor = Actor(self.ground.partners[partner], frozenset({Role.SALES_AGENT}), UserId(users[user % len(users)]), "",
                      channel=channel)  # fmt: skip
        self.calls += 1
        call = IdempotentCall(actor, "POST", "/", f"00000000-0000-4000-8000-{self.calls:012}", "", "f")
        by = actor if work is create_cart else call
        what = (by, customer, *what) if plain else (by, self.programme, customer, *what)
        self.touched.add(pair) if pair in PAIRS else None
        try:
            if access is not None:
                permit(actor, access)
            done = run(self.ground.store.write(lambda uow: work(uow, *what)))
        except Rejected as rejected:
            assert rejected.code == (first or forbidden)
            return None
        assert isinstance(done, Denial) or (first or forbidden) is None
        return done

    def renew_first(self, pair):
        """What is due renews in the unit of work that changes something about the customer."""
        self.before = self.held[pair]
        self.held[pair] = {key: reference.renewed(subscription, self.now) for key, subscription in self.before.items()}
        return self.held[pair]

    def undo_renewals(self, pair) -> None:
        """What is refused leaves nothing."""
        self.held[pair] = self.before

    def purchase(self, pair, work, *what, actions, channel, forbidden=None, first=None):
        """Do what goes through the gate: all of it or nothing, and a denial has the reasons of the rules (R7).

        The caller has renewed first; a denial keeps the renewals.
        """
        if not reference.related(self.histories[pair]):
            first = "relationship.missing"
        verdicts = [self.decide(pair, action, channel) for action in actions]
        reasons = list(dict.fromkeys(code for verdict, codes, _, _ in verdicts if verdict == "deny" for code in codes))
        decisions = self.count("decision")
        done = self.attempt(pair, work, *what, channel=channel, first=first, forbidden=None if reasons else forbidden,
                            access=WRITE_ORDERS)  # fmt: skip
        asked = 0 if first or (forbidden and not reasons) else len(actions)
        assert self.count("decision") == decisions + asked
        if first is None and reasons:
            assert isinstance(done, Denial)
            assert list(dict.fromkeys(reason.code for reason in done.reasons)) == reasons
            return None
        assert not isinstance(done, Denial)
        if done is None:
            self.undo_renewals(pair)
        return done

    def decide(self, pair, action, channel, now=None, only=None):
        cloud = CLOUDS.get(pair[0], "public")
        duties = {agreement: self.duty(pair, agreement) for agreement in TEMPLATES}
        return reference.decide(self.dates, cloud, self.histories[pair], action, channel, now or self.now, duties, only)

    def duty(self, pair, agreement):
        """Of the confirmation that counts now, if one does."""
        current = reference.current(self.histories[pair], agreement)
        country, held = self.ground.countries[pair[1]], self.held[pair].values()
        return current and reference.duty(self.texts, country, held, current, self.now)

    def why_not_buy(self, pair, quantity, lines=1):
        """What a sandbox account may not have: more than 25 seats, more than five subscriptions a customer."""
        living = sum(reference.living(subscription) for subscription in self.held[pair].values())
        return "sandbox.limit" if pair[0] == cast.MAPLE and (quantity > 25 or living + lines > 5) else None

    def bought(self, pair, orders: list[Order], requested, parent=None) -> None:
        keys = [line.subscription_id for order in orders for line in order.lines]
        new = {
            key: reference.bought(self.now, term, quantity, parent)
            for key, (term, quantity) in zip(keys, requested, strict=True)
        }
        self.held[pair] |= new

    def note(self, pair, did, **what) -> None:
        self.histories[pair] = [*self.histories[pair], {"did": did, **what}]

    def counting(self):
        """Whose confirmation of which agreement counts."""
        return [(p, name) for p in self.about for name in TEMPLATES if reference.current(self.histories[p], name)]

    def strangers(self):
        return [pair for pair in self.about if not reference.related(self.histories[pair])]

    def held_by(self):
        return [(pair, key) for pair in self.about for key in self.held[pair]]

    def seldom(self) -> bool:
        return self.calls % 8 == 1

    def count(self, table: str) -> int:
        return self.ground.connection.execute(f"select count(*) from {table}").get

    # What must hold after every step

    @invariant()
    def all_is_as_the_rules_have_it(self) -> None:
        """All that can be asked where something happened; elsewhere the rows are seen to be as they were."""
        self.the_gate_answers_by_the_rules()
        self.each_partner_sees_its_own_record_and_no_other()
        self.touched = set()

    def the_gate_answers_by_the_rules(self) -> None:
        for pair in sorted(self.touched):
            actor = Actor(self.ground.partners[pair[0]], frozenset({Role.SALES_AGENT}), UserId(USERS[pair[0]][0]))
            questions = [(action, channel, self.now, None) for action, channel in product(Action, Channel)]
            questions += [(Action.NEW_PURCHASE, Channel.API, day, None) for day in DATES]
            questions += [(Action.NEW_PURCHASE, Channel.DASHBOARD, self.now, agreement) for agreement in TEMPLATES]
            for action, channel, at, only in questions:
                verdict, reasons, advisories, counted = self.decide(pair, action, channel, at, only)
                asked = Transaction(action, channel, AgreementType(TYPES[only]) if only else None)
                answer = run(ask(self.ground.store, actor, self.programme, pair[1], asked, at=at))
                assert answer.verdict == verdict, (pair, action, channel, at)
                assert [reason.code for reason in answer.reasons] == reasons, (pair, action, channel, at)
                assert [reason.code for reason in answer.advisories] == advisories, (pair, action, channel, at)
                if action.needs_confirmation and not reasons and not advisories:
                    found = answer.confirmation and answer.confirmation.sequence
                    assert found == (counted and self.sequence(pair, counted))

    def each_partner_sees_its_own_record_and_no_other(self) -> None:
        for pair in sorted(self.touched):
            history = self.histories[pair]
            partner, customer = pair
            actor = Actor(self.ground.partners[partner], frozenset({Role.SALES_AGENT}), UserId(USERS[partner][0]))
            counting = [c for agreement in TEMPLATES for c in reference.counting(history, agreement)]
            try:
                listed = run(
                    self.ground.store.read(
                        lambda uow, a=actor, c=customer: list_confirmations(uow, a, self.programme, c)
                    )
                )
                standing = run(
                    self.ground.store.read(lambda uow, a=actor, c=customer: show_standing(uow, a, self.programme, c))
                )
            except Rejected as rejected:
                assert rejected.code == (
                    "confirmation.feature-absent" if self.now < DATES[0] else "relationship.missing"
                )
                assert self.now < DATES[0] or not reference.related(history)
                continue
            counting.sort(key=history.index, reverse=True)
            assert [c.id for c in listed] == [c["id"] for c in counting]
            assert [c.sequence for c in listed] == [self.sequence(pair, c) for c in counting]
            for agreement in standing.agreements:
                name = next(name for name, template in TEMPLATES.items() if template == agreement.template.id)
                current = reference.current(history, name)
                due = self.duty(pair, name)
                assert agreement.state == reference.state(self.dates, history, name, self.now, due)
                assert (agreement.outdated_since, agreement.renew_by) == (
                    (due["since"], due["before"]) if due else (None, None)
                )
                assert (agreement.confirmation and agreement.confirmation.id) == (current and current["id"])
                recorded = [e["id"] for e in reversed(history) if e["did"] == "confirmed" and e["agreement"] == name]
                assert [r.confirmation.id for r in agreement.history] == recorded

    @invariant()
    def one_confirmation_at_most_is_current(self) -> None:
        """What the gate reads is the newest confirmation that counts, of each agreement type (R27), and no other is kept."""
        rows = self.ground.connection.execute(
            "select partner_id, customer_id, confirmation_id from confirmation"
        ).fetchall()
        assert sorted(rows) == sorted(
            (*pair, event["id"]) for pair, history in self.histories.items() for event in history if "id" in event
        )
        rows = self.ground.connection.execute(
            "select n.partner_id, n.customer_id, n.agreement_type, c.confirmation_id from current_confirmation n"
            " join confirmation c using (partner_id, customer_id, sequence)"
        ).fetchall()
        assert sorted(rows) == sorted(
            (*pair, TYPES[agreement], current["id"])
            for pair, history in self.histories.items()
            for agreement in TEMPLATES
            if (current := reference.current(history, agreement))
        )

    @invariant()
    def subscriptions_are_where_the_rules_put_them(self) -> None:
        past: dict[str, list[tuple[str, datetime]]] = {}
        for key, term, outcome, due in self.ground.connection.execute(
            "select subscription_id, term, outcome, due_at from renewal order by term"
        ):
            past.setdefault(key, []).append((outcome, from_micros(due)))
            assert term == len(past[key]) + 1, "each term once, in order"
        for (partner, customer), held in self.held.items():
            found = run(self.ground.store.read(lambda uow, p=partner, c=customer: subscriptions_of(uow, p, c)))
            assert {s.id: (s.status, s.quantity, s.auto_renew, s.commitment.ends_at) for s in found} == {
                key: (s["status"], s["seats"], s["auto"], reference.ends(s)) for key, s in held.items()
            }
            assert {s.id: tuple(past.get(s.id, ())) for s in found} == {key: s["past"] for key, s in held.items()}

    @invariant()
    def what_was_recorded_stays_as_it_was(self) -> None:
        for table, kept in self.kept.items():
            rows = set(self.ground.connection.execute(f"select * from {table}"))
            assert kept <= rows
            self.kept[table] = rows

    @invariant()
    def what_was_decided_would_be_decided_again(self) -> None:
        """A kept decision has all that it takes: what was asked, what was known, and when (decision 0028)."""
        rows = self.ground.connection.execute(
            "select action, channel, standing, cloud, decided_at, verdict, reasons, advisories from decision"
        ).fetchall()
        for action, channel, standing, cloud, at, verdict, reasons, advisories in set(rows) - self.decided:
            asked = Transaction(Action(action), Channel(channel))
            again = decide(asked, as_standing(standing), self.programme, Cloud(cloud), from_micros(at))
            assert (again.verdict, again.reasons, again.advisories) == (
                verdict,
                as_reasons(reasons),
                as_reasons(advisories),
            )
        self.decided = set(rows)

    def sequence(self, pair, event) -> int:
        """The event's place among the confirmations and endings of its customer."""
        recorded = [e for e in self.histories[pair] if e["did"] in ("confirmed", "erred", "refused")]
        return next(place for place, e in enumerate(recorded, start=1) if e is event)


class Successor(Histories):
    programme = programmes.load("microsoft-customer-agreement")
    dates = reference.SUCCESSOR


class Watching(Histories):
    programme = replace(Histories.programme, enforce_from={})
    dates = reference.PUBLISHED | {"enforced": {"dashboard": None, "api": None}}


class HalfWatching(Histories):
    """And what there is refuses outdated confirmations from a grace date on."""

    programme = replace(
        Successor.programme,
        enforce_from={Channel.API: Successor.programme.enforce_from[Channel.API]},
        stale_rule=StaleRule.REFUSE,
        stale_from=DATES[4],
    )
    dates = reference.SUCCESSOR | {
        "enforced": {"dashboard": None, "api": reference.DATES["api"]},
        "stale": reference.day("2020-02-01"),
    }


def case_of(machine: type[Histories]) -> type[TestCase]:
    """Its test: 550 histories of up to 30 steps, twenty times as many under the profile `deep`; a tenth on PostgreSQL."""
    tenths = 1 if engines.chosen == "postgresql" else 10
    machine.TestCase.settings = settings(
        max_examples=settings().max_examples * 11 * tenths // 20, stateful_step_count=30
    )
    return machine.TestCase


TestPublished, TestSuccessor = case_of(Histories), case_of(Successor)
TestWatching, TestHalfWatching = case_of(Watching), case_of(HalfWatching)
