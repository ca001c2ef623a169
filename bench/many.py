"""A million customers of many partners, all of whom accepted the agreement: what a simulation is measured on. Made up.

Twenty partners, every second an indirect provider with resellers. Of the customers 70 % have a subscription: yearly ones
mostly, monthly and three-yearly ones too, one in six to be renewed by an order. Some have two, some an open cart, one in
ten another agreement beside the first. Finished rows, written straight into the tables, and never committed.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw

from agreegate.storage.engine.folder import DATABASE
from agreegate.storage.engine.schema import APPLICATION_ID, migrations, upgrade
from agreegate.storage.engine.sqlite import connect
from agreegate.storage.engine.unit_of_work import to_micros
from bench.rows import CLOUD_AGREEMENT, PROGRAMME

PARTNERS = 20
RESELLERS = 5
"""Of each provider."""
CONFIRMED_ANOTHER = 10
"""The share (1 : n) of customers that confirmed another agreement too. It opens the gate and is current: no version of the first
outdates these customers."""
BEFORE_LISTS, WITH_TEXTS = 2, 4
"""The schemas at which rows are written: what lists are found by is then made from them at once, as an upgrade does."""
CUSTOMER_AGREEMENT = "117a77b0-9360-443b-8795-c6dedc750cf9"
_TEXT_FROM = to_micros(datetime(2018, 1, 1, tzinfo=UTC))
_DAY = timedelta(days=1) // timedelta(microseconds=1)
_COUNTRIES = ("US", "US", "US", "FR", "DE", "GB", "CA", "ES", "IT", "NL", "BE", "CH", "AU", "JP")

_MADE = """
    create temp table made as
    with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < $each)
    select $number * $each + i as i, ($number * $each + i) * 2654435761 % 4294967296 as mixed,
      printf('%08x-%04x-4%03x-8%03x-%012x', i * (4294967296 / $each) + i * 2654435761 % (4294967296 / $each),
        i * 40503 % 65536, i * 2057 % 4096, i * 1543 % 4096, i * 11400714819 % 281474976710656) as customer
    from n
"""
_SUBSCRIPTIONS = """
    insert into subscription (partner_id, customer_id, subscription_id, order_id, offer_id, offer_name, friendly_name,
      quantity, billing_cycle, term_duration, renewal_term_duration, status, auto_renew, created_at, started_at, months,
      commitment_end_at)
    select $partner, customer, printf('{id}', mixed) || substr(customer, 9), customer, customer, 'Made-up offer',
      'Made-up offer', 5, 'monthly', term, term, iif(mixed % 50 = 3, 'suspended', 'active'), mixed / 19 % 6 <> 0, began,
      began, months,
      unixepoch(began / 1000000, 'unixepoch', '+' || months || ' months', 'floor') * 1000000 + began % 1000000
    from (
      select customer, mixed, case months when 1 then 'P1M' when 12 then 'P1Y' else 'P3Y' end as term, months,
        $now - mixed / 7 % (months * 28) * $day - mixed * 20 as began
      from (
        select customer, mixed, case when mixed / 11 % 20 < 16 then 12 when mixed / 11 % 20 < 18 then 1 else 36 end as months
        from made where {whose}))
"""
_ROWS = (
    """insert into customer (partner_id, customer_id, commerce_id, company_name, company_key, domain, country, language,
         culture, last_sequence, created_at)
       select $partner, customer, customer, printf('Customer %09d (made up)', i), printf('customer %09d (made up)', i),
         printf('customer%09d.example', i), $countries ->> (mixed / 3 % 14), 'en', 'en-US', 2, $start from made""",
    """insert into relationship (partner_id, customer_id, period, started_at)
       select $partner, customer, 1, $start from made""",
    """insert into customer_reseller (partner_id, customer_id, reseller_id, created_at)
       select $partner, customer, printf('%02x5e11e2-0000-4000-8000-%012x', $number, 1 + mixed / 5 % $resellers), $start
       from made where $number % 2 = 0 and i % 4 <> 0""",
    """insert or ignore into customer_reseller (partner_id, customer_id, reseller_id, created_at)
       select $partner, customer, printf('%02x5e11e2-0000-4000-8000-%012x', $number, 1), $start
       from made where $number % 2 = 0 and i % 8 = 1""",
    """insert into confirmation (partner_id, customer_id, sequence, confirmation_id, period, template_id, agreement_type,
         date_agreed_at, user_id, recorded_by, channel, request_id, recorded_at)
       select $partner, customer, 1, printf('%02x-', $number) || customer, 1, $cloud,
         'MicrosoftCloudAgreement', $start + i % 400 * $day, $user, $user, 'api', customer,
         $start + i % 400 * $day + 36000000000 from made""",
    """insert into confirmation (partner_id, customer_id, sequence, confirmation_id, period, template_id, agreement_type,
         date_agreed_at, user_id, recorded_by, channel, request_id, recorded_at)
       select $partner, customer, 2, printf('%02x+', $number) || customer, 1, $other,
         'MicrosoftCustomerAgreement', $start + 400 * $day, $user, $user, 'api', customer,
         $start + 400 * $day from made where i % 10 = 3""",
    """insert into current_confirmation (partner_id, customer_id, agreement_type, period, sequence, template_id,
         date_agreed_at, recorded_at)
       select partner_id, customer_id, agreement_type, period, sequence, template_id, date_agreed_at, recorded_at
       from confirmation where partner_id = $partner""",
    """insert into order_ (partner_id, customer_id, order_id, billing_cycle, currency_code, status, created_at)
       select $partner, customer, customer, 'monthly', 'USD', 'completed', $start from made where i % 10 < 7""",
    _SUBSCRIPTIONS.format(id="%08x", whose="i % 10 < 7"),
    _SUBSCRIPTIONS.format(id="5%07x", whose="i % 20 = 1"),
    """insert into cart (partner_id, customer_id, cart_id, status, last_modified_user, line_items, created_at, modified_at,
         expires_at)
       select $partner, customer, customer, 'Active', $user, '[]', $now, $now, $now + 30 * $day + mixed * 1000
       from made where i % 100 = 7""",
)


def load(folder: Path, customers: int, now: datetime) -> None:
    """Make a server's data folder with customers (a multiple of `PARTNERS`); one that is there gets this schema."""
    path = folder / DATABASE
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        making = path.with_suffix(".making")
        making.unlink(missing_ok=True)
        connection = connect(making)
        for pragma, value in (("journal_mode", "off"), ("synchronous", "off"), ("foreign_keys", False)):
            connection.pragma(pragma, value)
        with connection:
            for migration in migrations()[:BEFORE_LISTS]:
                connection.execute(migration.sql)
            connection.pragma("application_id", APPLICATION_ID)
            connection.execute("insert into deployment (id, programme, demo) values (1, ?, 0)", (PROGRAMME,))
            for number in range(PARTNERS):
                _partner(connection, number, customers // PARTNERS, now)
            for migration in migrations()[BEFORE_LISTS:WITH_TEXTS]:
                connection.execute(migration.sql)
            connection.pragma("user_version", WITH_TEXTS)
            _publish(connection)
        upgrade(connection)
        connection.pragma("journal_mode", "wal")
        connection.close()
        making.rename(path)
    connection = connect(path)
    upgrade(connection)
    connection.close()


def _partner(connection: apsw.Connection, number: int, each: int, now: datetime) -> None:
    partner = f"{number:02x}5e11e2-0000-4000-8000-000000000000"
    start = to_micros(now - timedelta(days=500))
    provider = number % 2 == 0
    listed = [(partner, f"Partner {number} (made up)", "indirect_provider" if provider else "direct_bill", number)]
    listed += [
        (
            f"{partner[:24]}{one:012x}",
            f"Reseller {number}.{one} (made up)",
            "indirect_reseller",
            1000 + number * 10 + one,
        )
        for one in range(1, RESELLERS + 1)
        if provider
    ]
    for id_, name, kind, mpn_id in listed:
        connection.execute(
            "insert into partner (partner_id, name, kind, cloud, account, mpn_id, domain, country, culture, profile_etag,"
            " created_at) values (?, ?, ?, 'public', 'production', ?, ?, 'US', 'en-US', '1', ?)",
            (id_, name, kind, str(mpn_id), f"partner{mpn_id}.example", start),
        )
    for id_, *_ in listed[1:]:
        connection.execute("insert into reseller_link values (?, ?, ?, null)", (partner, id_, start))
    values: dict[str, str | int] = {
        "partner": partner, "number": number, "each": each, "user": partner[:-1] + "a", "cloud": CLOUD_AGREEMENT,
        "other": CUSTOMER_AGREEMENT, "start": start, "now": to_micros(now), "day": _DAY, "resellers": RESELLERS,
        "countries": json.dumps(_COUNTRIES),
    }  # fmt: skip
    connection.execute(_MADE, values)
    for sql in _ROWS:
        connection.execute(sql, values)
    connection.execute("drop table made")


def _publish(connection: apsw.Connection) -> None:
    """A first text, which four in five customers are known to have accepted."""
    countries = sorted(set(_COUNTRIES))
    connection.execute(
        "insert into text_version (template_id, number, version_id, label, major, note, effective_at, published_at,"
        " published_by, files) values (?, 1, 'made-up', '1', 1, '', ?, ?, 'bench', ?)",
        (CLOUD_AGREEMENT, _TEXT_FROM, _TEXT_FROM, len(countries)),
    )
    for country in countries:
        connection.execute(
            "insert into text_file (template_id, number, country, language, digest, media_type, size)"
            " values (?, 1, ?, 'en-US', ?, 'text/markdown', 1)",
            (CLOUD_AGREEMENT, country, "0" * 64),
        )
    connection.execute(
        "insert into confirmation_text (partner_id, customer_id, sequence, basis, version_id, country, language, digest)"
        " select n.partner_id, n.customer_id, n.sequence, 'inferred', 'made-up', c.country, 'en-US', ?"
        " from current_confirmation n join customer c using (partner_id, customer_id)"
        " where n.template_id = ? and substr(n.customer_id, 8, 1) not in ('0', '1', '2')",
        ("0" * 64, CLOUD_AGREEMENT),
    )
