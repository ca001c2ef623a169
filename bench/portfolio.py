"""One partner with a million customers: what its pages are measured on. Made up, and never committed.

An indirect provider with 40 resellers; customers in 12 countries with names of several words; three in ten confirmed, one
in fifty no longer agrees; every tenth has a subscription, some an open cart, some were refused an order this month.
A newer major text took effect a month ago, so every confirmation is outdated, until all but a handful are renewed.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path

import apsw

from agreegate.domain.customers.customer import search_key
from agreegate.storage.customers.person import take_over_persons
from agreegate.storage.customers.standing import UNKNOWN_TEXT
from agreegate.storage.engine.folder import DATABASE
from agreegate.storage.engine.schema import upgrade
from agreegate.storage.engine.sqlite import InlineStore, connect
from agreegate.storage.engine.sqlite_unit import drive
from agreegate.storage.engine.unit_of_work import to_micros
from bench.rows import CLOUD_AGREEMENT, DAY, MADE, PROGRAMME, add_partner, make_record, migrate

PARTNER = "a0f0110e-0000-4000-8000-000000000001"
USER = "a0f0110e-0000-4000-8000-0000000000a1"
USER_NAME = "sales@provider.example"
RESELLERS = 40
PORTION = 10_000
"""Confirmations whose persons are copied in one unit of work."""
BEFORE_LISTS = 2
"""The version of the schema at which rows are written; later migrations make the indexes of lists from the rows."""
_FIRST = ("Amber", "Blue", "Calm", "Delta", "Éclair", "Fjord", "Golden", "Harbour", "Indigo", "Jolly", "Kestrel", "Lunar",
          "Münster", "Northern", "Opal", "Prairie", "Quiet", "River", "Silver", "Tall", "Ultra", "Velvet", "Western",
          "Xenon", "Yellow", "Zenith")  # fmt: skip
_SECOND = ("Bakery", "Clinic", "Dairy", "Estates", "Foods", "Glass", "Hotels", "Imports", "Joinery", "Kitchens", "Legal",
           "Motors", "Nurseries", "Optics", "Print", "Quarries", "Research", "Schools", "Tools", "Unions", "Vines",
           "Works", "Yards")  # fmt: skip
_LAST = ("Ltd", "GmbH", "Inc", "SA", "Group", "Holding", "et Fils", "Zeta")
_GIVEN = ("Ada", "Björn", "Chloé", "Dario", "Emre", "Fatou", "Gita", "Hugo", "Inès", "Jonas", "Kofi", "Lena", "Milo", "Noa",
          "Oona", "Pavel", "Quinn", "Rosa", "Selim", "Tove", "Umar", "Vera", "Wim", "Xenia", "Yuki", "Zoë")  # fmt: skip
_FAMILY = ("Abel", "Berg", "Corti", "Dupré", "Ekman", "Faye", "Grün", "Holm", "Ivers", "Jansen", "Kaya", "Lund",
           "Moreau")  # fmt: skip
_COUNTRIES = ("US", "US", "US", "FR", "DE", "GB", "CA", "ES", "IT", "NL", "BE", "CH", "AU", "JP")

_ROWS = (
    """insert into customer (partner_id, customer_id, commerce_id, company_name, company_key, domain, country, language,
         culture, last_sequence, created_at)
       select $partner, customer, customer, name, search_key(name), domain, country, 'en', 'en-US', 1, $start + i from (
         select i, customer,
           ($first ->> (mixed % 26)) || ' ' || ($second ->> (mixed / 26 % 23)) || ' ' || (mixed / 598 % 20000) || ' '
             || ($last ->> (mixed / 7 % 8)) as name,
           printf('c%09d-example.example', mixed) as domain, $countries ->> (mixed / 3 % 14) as country
         from made) order by customer""",
    """insert into relationship (partner_id, customer_id, period, started_at, refused_at, refused_sequence)
       select $partner, customer, 1, $start + i, iif(i % 50 = 7, $start + i, null), iif(i % 50 = 7, 1, null)
       from made order by customer""",
    """insert into customer_reseller (partner_id, customer_id, reseller_id, created_at)
       select $partner, customer, printf('%08x-0000-4000-8000-00000000000f', 3000000000 + mixed / 11 % $resellers), $start
       from made where i % 4 <> 0 order by customer""",
    """insert into confirmation (partner_id, customer_id, sequence, confirmation_id, period, template_id, agreement_type,
         date_agreed_at, user_id, recorded_by, channel, request_id, recorded_at)
       select $partner, customer, 1, customer, 1, $template, 'MicrosoftCloudAgreement', $start, $user, $user, 'api',
         customer, $start from made where i % 10 in (1, 4, 8) order by customer""",
    """insert into confirmation_contact (partner_id, customer_id, sequence, first_name, last_name, email)
       select $partner, customer, 1, $given ->> (mixed / 5 % 26), family, printf('%s.%d@c%09d-example.example', family, i, mixed)
       from (select i, customer, mixed, ($family ->> (mixed / 130 % 13)) || ($family ->> (mixed / 1690 % 13)) as family
             from made where i % 10 in (1, 4, 8)) order by customer""",
    """insert into current_confirmation (partner_id, customer_id, agreement_type, period, sequence, template_id,
         date_agreed_at, recorded_at)
       select partner_id, customer_id, agreement_type, period, sequence, template_id, date_agreed_at, recorded_at
       from confirmation order by customer_id""",
    """insert into order_ (partner_id, customer_id, order_id, billing_cycle, currency_code, status, created_at)
       select $partner, customer, customer, 'monthly', 'USD', 'completed', $start from made where i % 10 in (1, 7)""",
    """insert into subscription (partner_id, customer_id, subscription_id, order_id, offer_id, offer_name, friendly_name,
         quantity, billing_cycle, term_duration, renewal_term_duration, status, auto_renew, created_at, started_at, months,
         commitment_end_at)
       select $partner, customer, customer, customer, customer, 'Made-up offer', 'Made-up offer', 5, 'monthly', 'P1Y', 'P1Y',
         'active', i % 2, $start, $start, 12, $now + (1 + mixed % 360) * $day from made where i % 10 in (1, 7)""",
    """insert into cart (partner_id, customer_id, cart_id, status, last_modified_user, line_items, created_at, modified_at,
         expires_at)
       select $partner, customer, customer, 'Active', $user, '[]', $now - mixed * 140, $now - mixed * 140,
         $now - mixed * 140 + 7 * $day from made where i % 500 in (1, 12)""",
    """insert into decision (partner_id, decision_id, customer_id, action, channel, verdict, reasons, advisories, standing,
         cloud, policy, decided_by, request_id, fingerprint, decided_at)
       select $partner, customer, customer, 'new_purchase', 'api', 'deny', '[["confirmation.missing","R9","api",null]]',
         '[]', '{"related":true,"refused_at":null,"current":[]}', 'public', 'microsoft-cloud-agreement@1', $user, customer,
         'x', $now - mixed * 804 from made where i % 200 in (2, 13)""",
)


_VERSION = """
    insert into text_version (template_id, number, version_id, label, major, note, effective_at, published_at, published_by,
      files) values ($template, $number, 'v' || $number, $label, 1, '', $at, $at, $user, json_array_length($countries))"""
_FILE = """
    insert into text_file (number, country, language, digest, media_type, size)
    select distinct $number, value, 'en-US', printf('%064d', $number), 'text/markdown', 1
    from json_each($countries)"""
_RENEW = """
    update current_confirmation set date_agreed_at = $agreed, text_at = $agreed, text_number = $unknown
    where partner_id = $partner and customer_id not in (
      select customer_id from current_confirmation where partner_id = $partner order by sequence, customer_id limit $but)"""


def load(folder: Path, customers: int, now: datetime) -> None:
    """Make a record with the customers of one partner, or keep an existing one."""

    def fill(connection: apsw.Connection) -> None:
        with connection:
            _write(connection, customers, now)
        upgrade(connection)
        while drive(InlineStore(connection).write(lambda uow: take_over_persons(uow, PORTION))):
            pass
        with connection:
            _publish(connection, now)

    make_record(folder, fill)


def _write(connection: apsw.Connection, customers: int, now: datetime) -> None:
    start = to_micros(now - timedelta(days=500))
    values: dict[str, str | int] = {
        "partner": PARTNER, "user": USER, "number": 0, "each": customers, "resellers": RESELLERS,
        "template": CLOUD_AGREEMENT, "start": start, "now": to_micros(now), "day": DAY, "first": json.dumps(_FIRST),
        "second": json.dumps(_SECOND), "last": json.dumps(_LAST), "countries": json.dumps(_COUNTRIES),
        "given": json.dumps(_GIVEN), "family": json.dumps(_FAMILY),
    }  # fmt: skip
    connection.create_scalar_function("search_key", _search_key, 1, deterministic=True)
    migrate(connection, 0, BEFORE_LISTS)
    connection.execute("insert into deployment (id, programme, demo) values (1, ?, 0)", (PROGRAMME,))
    add_partner(connection, PARTNER, "One partner", "indirect_provider", "1", "provider.example", start)
    connection.execute("insert into partner_user values (?, ?, ?, 0, 1, ?)", (PARTNER, USER, USER_NAME, start))
    connection.execute("insert into partner_user_role values (?, ?, 'sales_agent')", (PARTNER, USER))
    for n in range(RESELLERS):
        add_partner(connection, reseller(n), f"Reseller {n}", "indirect_reseller", f"9{n}", f"r{n}.example", start)
        connection.execute("insert into reseller_link values (?, ?, ?, null)", (PARTNER, reseller(n), start))
    for sql in (MADE, *_ROWS, "drop table made"):
        connection.execute(sql, values)


def _publish(connection: apsw.Connection, now: datetime) -> None:
    """Publish two major texts: one that every customer accepted, and one that took effect a month ago."""
    countries = json.dumps(sorted(set(_COUNTRIES)))
    for number, label, before in ((1, "old", 10_000), (2, "new", 30)):
        at = to_micros(now - timedelta(days=before))
        values = {"template": CLOUD_AGREEMENT, "number": number, "countries": countries}
        connection.execute(_VERSION, values | {"label": label, "user": USER, "at": at})
        connection.execute(_FILE, values)


def renew(folder: Path, agreed: datetime, but: int) -> None:
    """Renew the confirmations of all customers but `but` at an instant."""
    connection = connect(folder / DATABASE)
    with connection:
        values = {"partner": PARTNER, "agreed": to_micros(agreed), "but": but, "unknown": UNKNOWN_TEXT}
        connection.execute(_RENEW, values)
    connection.close()


def _search_key(*name: object) -> str:
    return search_key(str(name[0]))


def reseller(number: int) -> str:
    """Return the id of a reseller."""
    return f"{3_000_000_000 + number:08x}-0000-4000-8000-00000000000f"
