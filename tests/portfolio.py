"""Made-up portfolios as rows: customers with confirmations, subscriptions and carts, in every state that a record can be in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from uuid import NAMESPACE_OID, uuid5

import apsw

from agreegate.domain.customers.customer import search_key
from agreegate.domain.orders.term import Commitment, TermDuration
from agreegate.storage.customers.standing import UNKNOWN_TEXT
from agreegate.storage.engine.unit_of_work import to_micros
from tests import personas as cast

TYPES = {cast.CLOUD_AGREEMENT: "MicrosoftCloudAgreement", cast.CUSTOMER_AGREEMENT: "MicrosoftCustomerAgreement"}
MONTH, YEAR, THREE_YEARS = TermDuration
START = datetime.fromisoformat("2018-07-01T00:00:00+00:00")


@dataclass(frozen=True)
class Confirmed:
    """A confirmation that counts; a text that is known to be accepted is named by its number."""

    agreed: datetime
    template: str = cast.CLOUD_AGREEMENT
    text: int | None = None
    recorded: datetime | None = None
    """None: at the instant of acceptance."""

    @property
    def accepted_by(self) -> datetime:
        """The latest instant of acceptance: midnight stands for its day, as far as it had gone at the recording."""
        if self.agreed.time() != time():
            return self.agreed
        return max(self.agreed, min(self.agreed + timedelta(days=1, microseconds=-1), self.recorded or self.agreed))


@dataclass(frozen=True)
class Subscribed:
    """A subscription: when it began, and in which of its terms it is."""

    began: datetime
    term: TermDuration = YEAR
    auto_renew: bool = True
    terms: int = 1
    then: TermDuration | None = None
    """Its next terms, where they are of another length."""
    status: str = "active"

    @property
    def commitment(self) -> Commitment:
        return Commitment(self.began, self.terms, self.terms * self.term.months, self.term, self.then or self.term)


@dataclass(frozen=True)
class Bought:
    """A customer of a partner, with everything that a simulation looks at."""

    name: str
    confirmed: Sequence[Confirmed] = ()
    subscribed: Sequence[Subscribed] = ()
    carts: Sequence[datetime] = ()
    """When they expire."""
    partner: str = cast.ALDER
    country: str = "US"
    resellers: Sequence[str] = ()
    id: str = field(default="")

    @property
    def customer(self) -> str:
        return self.id or str(uuid5(NAMESPACE_OID, self.name))


def fill(connection: apsw.Connection, bought: Iterable[Bought]) -> None:
    """Write them down as the services would have."""
    with connection:
        for one in bought:
            _customer(connection, one)
            for number, confirmed in enumerate(one.confirmed, 1):
                _confirmation(connection, one, number, confirmed)
            for number, subscribed in enumerate(one.subscribed):
                _subscription(connection, one, number, subscribed)
            for number, expires in enumerate(one.carts):
                created = to_micros(expires - timedelta(minutes=15))
                _insert(
                    connection, "cart", partner_id=one.partner, customer_id=one.customer, cart_id=f"{one.customer}-{number}",
                    status="active", modified_by="x", lines="[]", created_at=created, modified_at=created,
                    expires_at=to_micros(expires),
                )  # fmt: skip


def _customer(connection: apsw.Connection, one: Bought) -> None:
    key = {"partner_id": one.partner, "customer_id": one.customer}
    start = to_micros(START)
    _insert(
        connection, "customer", **key, commerce_id=one.customer, company_name=one.name, company_key=search_key(one.name),
        domain=f"{one.customer}.example", country=one.country, language="en", culture="en-US", created_at=start,
    )  # fmt: skip
    _insert(connection, "customer_sequence", **key, last_sequence=len(one.confirmed))
    _insert(connection, "relationship", **key, period=1, started_at=start)
    for reseller in one.resellers:
        _insert(connection, "customer_reseller", **key, reseller_id=reseller, created_at=start)


def _confirmation(connection: apsw.Connection, one: Bought, number: int, confirmed: Confirmed) -> None:
    key = {"partner_id": one.partner, "customer_id": one.customer, "sequence": number}
    kind, agreed = TYPES[confirmed.template], to_micros(confirmed.agreed)
    counts = {
        "template_id": confirmed.template,
        "agreement_type": kind,
        "date_agreed_at": agreed,
        "recorded_at": to_micros(confirmed.recorded or confirmed.agreed),
    }
    _insert(
        connection, "confirmation", **key, **counts, confirmation_id=f"{one.partner}-{one.customer}-{number}", period=1, user_id="x",
        recorded_by="x", channel="api",
    )  # fmt: skip
    [(recorded,)] = connection.execute("select max(number) from confirmation").fetchall()
    rank = (to_micros(confirmed.accepted_by), UNKNOWN_TEXT)
    if confirmed.text is not None:
        [(version, country, language, digest, *known)] = connection.execute(
            "select v.version_id, f.country, f.language, f.digest, v.effective_at, v.number from text_version v join text_file f"
            " using (number) where v.template_id = ? and v.number = ? limit 1",
            (confirmed.template, confirmed.text),
        ).fetchall()
        _insert(
            connection, "confirmation_text", confirmation_number=recorded, basis="stated", version_id=version,
            country=country, language=language, digest=digest,
        )  # fmt: skip
        rank = known[0], known[1]
    _insert(connection, "current_confirmation", **key, **counts, period=1, text_at=rank[0], text_number=rank[1])


def _subscription(connection: apsw.Connection, one: Bought, number: int, subscribed: Subscribed) -> None:
    key = {"partner_id": one.partner, "customer_id": one.customer, "order_id": f"{one.customer}-{number}"}
    began, commitment = to_micros(subscribed.began), subscribed.commitment
    _insert(
        connection, "order_", **key, billing_cycle="monthly", currency_code="USD", status="completed", created_at=began
    )
    _insert(
        connection, "subscription", **key, subscription_id=f"{one.customer}-{number}", offer_id="x", offer_name="x",
        friendly_name="x", quantity=1, billing_cycle="monthly", term_duration=commitment.term,
        renewal_term_duration=commitment.renewal_term, status=subscribed.status, auto_renew=int(subscribed.auto_renew),
        created_at=began, started_at=began, terms=commitment.terms, months=commitment.months,
        commitment_end_at=to_micros(commitment.ends_at),
    )  # fmt: skip


def _insert(connection: apsw.Connection, table: str, **values: str | int) -> None:
    places = ", ".join("?" * len(values))
    connection.execute(f"insert into {table} ({', '.join(values)}) values ({places})", tuple(values.values()))
