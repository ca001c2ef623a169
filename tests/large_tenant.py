"""A partner with much of everything, as rows: what one tenant can put in the way of the others."""

from collections.abc import Iterable, Sequence
from typing import Any

from agreegate.domain.customers.customer import search_key
from agreegate.storage.engine.unit_of_work import to_micros
from tests import personas as cast
from tests.world import AUGUST, World

MANY = 2_000
NOW = to_micros(AUGUST)
YEAR = 365 * 24 * 3600 * 1_000_000


def id_of(kind: int, number: int) -> str:
    return f"{kind:08}-0000-4000-8000-{number:012}"


def enlarge(world: World, many: int = MANY) -> None:
    """Give Alder many customers, resellers and audit records; and Cedar, which it serves, many orders, subscriptions and
    confirmations."""
    with world.connected() as connection, connection:
        _insert(connection, "customer", "partner_id customer_id commerce_id company_name company_key domain country language"
                " culture created_at", (
            (cast.ALDER, id_of(1, n), id_of(1, n), f"Sample {n}", search_key(f"Sample {n}"), f"sample-{n}.example", "US", "en",
             "en-US", NOW) for n in range(many)))  # fmt: skip
        _insert(connection, "relationship", "partner_id customer_id period started_at",
                ((cast.ALDER, id_of(1, n), 1, NOW) for n in range(many)))  # fmt: skip
        _insert(connection, "customer_reseller", "partner_id customer_id reseller_id created_at",
                ((cast.ALDER, id_of(1, n), cast.BIRCH, NOW) for n in range(many)))  # fmt: skip
        _insert(connection, "partner", "partner_id name kind cloud account mpn_id domain country culture profile_etag"
                " created_at", (
            (id_of(2, n), f"Reseller {n}", "indirect_reseller", "public", "production", f"{2_000_000 + n}",
             f"reseller-{n}.example", "US", "en-US", "1", NOW) for n in range(many // 4)))  # fmt: skip
        _insert(connection, "reseller_link", "partner_id reseller_id created_at",
                ((cast.ALDER, id_of(2, n), NOW) for n in range(many // 4)))  # fmt: skip
        _insert(connection, "customer_reseller", "partner_id customer_id reseller_id created_at",
                ((cast.ALDER, cast.CEDAR, id_of(2, n), NOW) for n in range(many // 4)))  # fmt: skip
        buy(connection, many)
        confirm(connection, many // 2)
        _insert(connection, "audit_record", "partner_id audit_id customer_id resource_type resource_id operation_type"
                " operation_status user_id channel correlation_id operation_at", (
            (cast.ALDER, id_of(5, n), cast.CEDAR, "order", id_of(3, n), "create_order", "succeeded", cast.ALDER_SALES, "api",
             id_of(5, n), NOW - n) for n in range(many)))  # fmt: skip


def buy(connection: Any, many: int) -> None:
    """Orders of one line each, with their subscriptions; half of these are add-ons of the first."""
    _insert(connection, "order_", "partner_id customer_id order_id billing_cycle currency_code status created_at",
            ((cast.ALDER, cast.CEDAR, id_of(3, n), "monthly", "USD", "completed", NOW + n) for n in range(many)))  # fmt: skip
    _insert(connection, "subscription", "partner_id customer_id subscription_id order_id offer_id offer_name friendly_name"
            " quantity parent_subscription_id billing_cycle term_duration renewal_term_duration status auto_renew created_at"
            " started_at months commitment_end_at", (
        (cast.ALDER, cast.CEDAR, id_of(4, n), id_of(3, n), id_of(6, n), f"Offer {n}", f"Offer {n}", 1,
         id_of(4, 0) if n % 2 else None, "monthly", "P1Y", "P1Y", "active", 1, NOW + n, NOW, 12, NOW + YEAR)
        for n in range(many)))  # fmt: skip
    _insert(connection, "order_line", "partner_id customer_id order_id line_number offer_id subscription_id friendly_name"
            " quantity kind term_duration", (
        (cast.ALDER, cast.CEDAR, id_of(3, n), 0, id_of(6, n), id_of(4, n), f"Offer {n}", 1, "new", "P1Y")
        for n in range(many)))  # fmt: skip


def confirm(connection: Any, many: int) -> None:
    """Confirmations one after the other, by a designated account."""
    key = "partner_id customer_id sequence"
    _insert(connection, "confirmation", f"{key} confirmation_id period template_id agreement_type date_agreed_at user_id"
            " recorded_by channel recorded_at", (
        (cast.ALDER, cast.CEDAR, n, id_of(7, n), 1, cast.CLOUD_AGREEMENT, "MicrosoftCloudAgreement", NOW, cast.ALDER_MARKETPLACE,
         cast.ALDER_MARKETPLACE, "api", NOW + n) for n in range(1, many + 1)))  # fmt: skip
    connection.execute("insert into confirmation_contact (confirmation_number, first_name, last_name, email, phone)"
                       " select number, 'Noa', 'Berg', 'noa@cedar.example', '' from confirmation")  # fmt: skip
    _insert(connection, "current_confirmation", f"{key} agreement_type period template_id date_agreed_at recorded_at text_at"
            " text_number", [(cast.ALDER, cast.CEDAR, many, "MicrosoftCloudAgreement", 1, cast.CLOUD_AGREEMENT, NOW, NOW + many,
                              NOW, 1)])  # fmt: skip
    _insert(connection, "customer_sequence", "partner_id customer_id last_sequence", [(cast.ALDER, cast.CEDAR, many)])


def _insert(connection: Any, table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    names = columns.split()
    places = ", ".join("?" * len(names))
    connection.executemany(f"insert into {table} ({', '.join(names)}) values ({places})", rows)
