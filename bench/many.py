"""A million customers of many partners, all of whom accepted the agreement: what a simulation is measured on. Made up.

Twenty partners, every second an indirect provider with resellers. Of the customers 70 % have a subscription: yearly ones
mostly, monthly and three-yearly ones too, one in six to be renewed by an order. Some have two, some an open cart, one in
ten another agreement beside the first. Finished rows, written straight into the tables, and never committed.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw

from agreegate.storage.engine.schema import upgrade
from agreegate.storage.engine.unit_of_work import to_micros
from bench.rows import CLOUD_AGREEMENT, DAY, MADE, PROGRAMME, add_partner, make_record, migrate

PARTNERS = 20
RESELLERS = 5
"""Resellers of each provider."""
CONFIRMED_ANOTHER = 10
"""The share (1 : n) of customers that confirmed another agreement too. It opens the gate and is current: no version of the first
outdates these customers."""
BEFORE_LISTS, WITH_TEXTS = 2, 4
"""The versions of the schema at which rows are written; later migrations make the indexes of lists from the rows."""
CUSTOMER_AGREEMENT = "117a77b0-9360-443b-8795-c6dedc750cf9"
_TEXT_FROM = to_micros(datetime(2018, 1, 1, tzinfo=UTC))
_COUNTRIES = ("US", "US", "US", "FR", "DE", "GB", "CA", "ES", "IT", "NL", "BE", "CH", "AU", "JP")

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
    """Make a record with customers, a multiple of `PARTNERS`."""

    def fill(connection: apsw.Connection) -> None:
        with connection:
            migrate(connection, 0, BEFORE_LISTS)
            connection.execute("insert into deployment (id, programme, demo) values (1, ?, 0)", (PROGRAMME,))
            for number in range(PARTNERS):
                _partner(connection, number, customers // PARTNERS, now)
            migrate(connection, BEFORE_LISTS, WITH_TEXTS)
            _publish(connection)
        upgrade(connection)

    make_record(folder, fill)


def _partner(connection: apsw.Connection, number: int, each: int, now: datetime) -> None:
    partner = f"{number:02x}5e11e2-0000-4000-8000-000000000000"
    start = to_micros(now - timedelta(days=500))
    provider = number % 2 == 0
    kind = "indirect_provider" if provider else "direct_bill"
    add_partner(connection, partner, f"Partner {number}", kind, str(number), f"partner{number}.example", start)
    for n in range(1, RESELLERS + 1) if provider else ():
        id_, mpn_id = f"{partner[:24]}{n:012x}", 1000 + number * 10 + n
        add_partner(
            connection,
            id_,
            f"Reseller {number}.{n}",
            "indirect_reseller",
            str(mpn_id),
            f"partner{mpn_id}.example",
            start,
        )
        connection.execute("insert into reseller_link values (?, ?, ?, null)", (partner, id_, start))
    values: dict[str, str | int] = {
        "partner": partner, "number": number, "each": each, "user": partner[:-1] + "a", "cloud": CLOUD_AGREEMENT,
        "other": CUSTOMER_AGREEMENT, "start": start, "now": to_micros(now), "day": DAY, "resellers": RESELLERS,
        "countries": json.dumps(_COUNTRIES),
    }  # fmt: skip
    for sql in (MADE, *_ROWS, "drop table made"):
        connection.execute(sql, values)


def _publish(connection: apsw.Connection) -> None:
    """Publish a first text, which four in five customers are known to have accepted."""
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
