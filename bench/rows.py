"""Makes records of any size, of made-up rows written straight into the tables.

Customers are spread over partners, one confirmation each, and their ids over the whole range of GUIDs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw

from agreegate.storage.customers.standing import UNKNOWN_TEXT
from agreegate.storage.deployment import make_for
from agreegate.storage.engine.folder import DATABASE
from agreegate.storage.engine.schema import APPLICATION_ID, migrations, upgrade
from agreegate.storage.engine.sqlite import InlineStore, connect
from agreegate.storage.engine.sqlite_unit import drive
from agreegate.storage.engine.unit_of_work import to_micros

PARTNERS = 32
PROGRAMME = "microsoft-cloud-agreement"
CLOUD_AGREEMENT = "998b88de-aa99-4388-a42c-1b3517d49490"
_START = to_micros(datetime(2018, 8, 10, tzinfo=UTC))
DAY = timedelta(days=1) // timedelta(microseconds=1)

MADE = """
    create temp table made as
    with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < $each)
    select $number * $each + i as i, ($number * $each + i) * 2654435761 % 4294967296 as mixed,
      printf('%08x-%04x-4%03x-8%03x-%012x', i * (4294967296 / $each) + i * 2654435761 % (4294967296 / $each),
        i * 40503 % 65536, i * 2057 % 4096, i * 1543 % 4096, i * 11400714819 % 281474976710656) as customer
    from n
"""
"""SQL: a table with the numbers and ids of customers; `mixed` brings their numbers into no order."""
_ROWS = (
    """insert into customer (partner_id, customer_id, commerce_id, company_name, company_key, domain, country, language,
         culture, created_at)
       select $partner, customer, customer, printf('Customer %09d (made up)', i), printf('customer %09d (made up)', i),
         printf('customer%09d.example', i), 'US', 'en', 'en-US', $start
       from made""",
    "insert into customer_sequence (partner_id, customer_id, last_sequence) select $partner, customer, 1 from made",
    """insert into relationship (partner_id, customer_id, period, started_at)
       select $partner, customer, 1, $start from made""",
    """insert into confirmation (partner_id, customer_id, sequence, confirmation_id, period, template_id, agreement_type,
         date_agreed_at, user_id, recorded_by, channel, request_id, recorded_at)
       select $partner, customer, 1, printf('01650000-0000-7000-8000-%012x', i), 1, $template,
         'MicrosoftCloudAgreement', $start + i % 400 * $day, $user, $user, 'api', customer, $start + i % 400 * $day + 36000000000
       from made""",
    """insert into confirmation_contact (confirmation_number, first_name, last_name, email, phone)
       select c.number, 'Noa', 'Berg', 'noa.berg@' || k.domain, '5550100' from confirmation c
       join customer k using (partner_id, customer_id) where c.partner_id = $partner order by c.number""",
    """insert into current_confirmation (partner_id, customer_id, agreement_type, period, sequence, template_id,
         date_agreed_at, recorded_at, text_at, text_number)
       select partner_id, customer_id, agreement_type, period, sequence, template_id, date_agreed_at, recorded_at,
         recorded_at, $unknown
       from confirmation where partner_id = $partner""",
    """insert into audit_record (partner_id, audit_id, customer_id, resource_type, resource_id, operation_type,
         operation_status, user_id, channel, operation_at)
       select $partner, customer, customer, 'agreement', customer, 'create_agreement', 'succeeded', $user, 'api',
         $lately + i % 20 * $day + i
       from made where i % 10 = 0""",
)


@dataclass(frozen=True, slots=True)
class Seller:
    """A partner and its user."""

    partner: str
    user: str
    user_name: str


def sellers() -> tuple[Seller, ...]:
    """Return the partners of a record."""
    return tuple(
        Seller(
            f"{number:02x}5e11e2-0000-4000-8000-000000000001",
            f"{number:02x}5e11e2-0000-4000-8000-0000000000a1",
            f"sales@partner{number:02d}.example",
        )
        for number in range(PARTNERS)
    )


def make_record(folder: Path, fill: Callable[[apsw.Connection], None]) -> None:
    """Make a server's data folder, with a database that a function fills; an existing one gets the present schema."""
    path = folder / DATABASE
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        making = path.with_suffix(".making")
        making.unlink(missing_ok=True)
        connection = connect(making)
        for pragma, value in (("journal_mode", "off"), ("synchronous", "off"), ("foreign_keys", False)):
            connection.pragma(pragma, value)
        fill(connection)
        connection.pragma("journal_mode", "wal")
        connection.close()
        making.rename(path)
    connection = connect(path)
    upgrade(connection)
    connection.close()


def migrate(connection: apsw.Connection, first: int, last: int) -> None:
    """Bring a database from one version of the schema to another, before rows of that version are written."""
    for migration in migrations()[first:last]:
        connection.execute(migration.sql)
    connection.pragma("user_version", last)
    connection.pragma("application_id", APPLICATION_ID)


def add_partner(connection: apsw.Connection, id_: str, name: str, kind: str, mpn_id: str, domain: str, at: int) -> None:
    """Add a made-up partner."""
    connection.execute(
        "insert into partner (partner_id, name, kind, cloud, account, mpn_id, domain, country, culture, profile_etag,"
        " created_at) values (?, ?, ?, 'public', 'production', ?, ?, 'US', 'en-US', '1', ?)",
        (id_, f"{name} (made up)", kind, mpn_id, domain, at),
    )


def load(folder: Path, confirmations: int) -> None:
    """Make a record with confirmations, a multiple of `PARTNERS`."""

    def fill(connection: apsw.Connection) -> None:
        upgrade(connection)
        drive(InlineStore(connection).write(lambda uow: make_for(uow, PROGRAMME, demo=False)))
        for number, seller in enumerate(sellers()):
            with connection:
                _load(connection, number, seller, confirmations // PARTNERS)
        # Persons are copied already, as on a server that has run for a while.
        connection.execute("update person_progress set confirmation_number = (select max(number) from confirmation)")

    make_record(folder, fill)


def _load(connection: apsw.Connection, number: int, seller: Seller, each: int) -> None:
    domain = seller.user_name.partition("@")[2]
    add_partner(connection, seller.partner, f"Partner {number}", "direct_bill", str(number), domain, _START)
    connection.execute(
        "insert into partner_user (partner_id, user_id, user_name, created_at) values (?, ?, ?, ?)",
        (seller.partner, seller.user, seller.user_name, _START),
    )
    connection.execute("insert into partner_user_role values (?, ?, 'sales_agent')", (seller.partner, seller.user))
    connection.execute(MADE, {"number": number, "each": each})
    values = {
        "partner": seller.partner,
        "user": seller.user,
        "template": CLOUD_AGREEMENT,
        "start": _START,
        "day": DAY,
        "lately": to_micros(datetime.now(UTC)) - 21 * DAY,
        "unknown": UNKNOWN_TEXT,
    }
    for sql in _ROWS:
        connection.execute(sql, values)
    connection.execute("drop table made")


def some_customers(folder: Path, most: int | None = None) -> Iterator[tuple[int, str]]:
    """Return customers from the whole record, each with the number of its partner; None: all customers."""
    connection = apsw.Connection(str(folder / DATABASE), flags=apsw.SQLITE_OPEN_READONLY)
    for number, seller in enumerate(sellers()):
        each = int(connection.execute("select count(*) from customer where partner_id = ?", (seller.partner,)).get)
        step = 1 if most is None else max(1, each * PARTNERS // most)
        ids = connection.execute("select customer_id from customer where partner_id = ?", (seller.partner,))
        yield from ((number, row[0]) for place, row in enumerate(ids) if place % step == 0)
    connection.close()
