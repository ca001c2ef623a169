"""What outdated confirmations are found by follows from the record, whatever happens to it, and is made anew by an upgrade."""

import apsw
import pytest

from agreegate.domain.accepted_text import accepted_by
from agreegate.storage import schema
from agreegate.storage.sqlite import connect
from agreegate.storage.unit_of_work import from_micros, to_micros
from tests import personas as cast
from tests.world import populate

KEY = f"partner_id = '{cast.ALDER}' and customer_id = '{cast.CEDAR}'"
CONFIRM = f"""
    insert into confirmation values ('{cast.ALDER}', '{cast.CEDAR}', {{n}}, 'c{{n}}', {{period}}, '{{kind}}-id', '{{kind}}',
      {{agreed}}, 'u', 'u', 'api', null, 5);
    insert into current_confirmation (partner_id, customer_id, agreement_type, period, sequence, template_id, date_agreed_at,
      recorded_at, refused_at)
    select '{cast.ALDER}', '{cast.CEDAR}', '{{kind}}', {{period}}, {{n}}, '{{kind}}-id', {{agreed}}, 5, refused_at
      from relationship where {KEY}
      on conflict do update set sequence = {{n}}, date_agreed_at = {{agreed}}, text_at = null, text_number = null;
"""
BUY = f"""
    insert or ignore into order_ values ('{cast.ALDER}', '{cast.CEDAR}', 'o', 'monthly', 'USD', 'completed', 1);
    insert into subscription (partner_id, customer_id, subscription_id, order_id, offer_id, offer_name, friendly_name,
      quantity, billing_cycle, term_duration, renewal_term_duration, status, auto_renew, created_at, started_at, months,
      commitment_end_at) values ('{cast.ALDER}', '{cast.CEDAR}', 's{{end}}', 'o', 'f', 'F', 'F', 1, 'monthly', 'P1M', 'P1M',
      'active', 1, 1, 1, 1, {{end}});
"""
RENEW = f"""
    insert into renewal values ('{cast.ALDER}', '{cast.CEDAR}', '{{s}}', {{term}}, '{{outcome}}', {{due}}, {{at}});
    update subscription set commitment_end_at = {{due}} + 500 where {KEY} and subscription_id = '{{s}}';
"""
SPAN = 30 * 24 * 3600 * 1_000_000
STEPS = {
    "confirmed": CONFIRM.format(n=1, kind="A", period=1, agreed=50),
    "bought": BUY.format(end=900) + BUY.format(end=300),
    "renewed": RENEW.format(s="s300", term=2, outcome="renewed", due=300, at=310),
    "expired": RENEW.format(s="s900", term=2, outcome="expired", due=900, at=910),
    "renewed ahead": RENEW.format(s="s300", term=3, outcome="renewed", due=800, at=400),
    "another agreement": CONFIRM.format(n=2, kind="B", period=1, agreed=350),
    "its text is told": f"insert into confirmation_text values ('{cast.ALDER}', '{cast.CEDAR}', 2, 'stated', 'v', null, null,"
    " null)",
    "the first one again": CONFIRM.format(n=3, kind="A", period=1, agreed=-1),
    "cancelled": f"update subscription set status = 'deleted' where {KEY} and subscription_id = 's900'",
    "moved": f"update customer set country = 'DE' where {KEY}",
    "renamed": f"update customer set company_name = 'Zeder', company_key = 'zeder' where {KEY}",
    "one taken back": f"delete from current_confirmation where {KEY} and agreement_type = 'A'",
    "confirmed later": CONFIRM.format(n=4, kind="A", period=1, agreed=3 * SPAN + 7),
    "refused": f"delete from current_confirmation where {KEY};"
    f" update relationship set refused_at = 7, refused_sequence = 5 where {KEY}",
    "confirmed after it": CONFIRM.format(n=6, kind="B", period=1, agreed=-SPAN - 1),
    "nothing subscribed": f"update subscription set status = 'expired' where {KEY}",
    "parted": f"delete from current_confirmation where {KEY}; update relationship set ended_at = 9 where {KEY}",
    "back": f"update relationship set ended_at = null, period = 2, started_at = 10 where {KEY}",
    "confirmed anew": CONFIRM.format(n=7, kind="A", period=2, agreed=0),
    "confirmed by a date": CONFIRM.format(n=8, kind="A", period=2, agreed=-86_400_000_000),
}
VERSION = "insert into text_version values ('B-id', 3, 'v', 'v', 1, '', 70, 1, 'x', 1)"
FOUND = """
    select g.partner_id, e.customer_id, g.template_id, g.country, g.later, g.text_at, g.text_number, e.commitment_end_at,
      e.date_agreed_at, e.accepted_by_at, e.renewed_at
    from confirmation_entry e join confirmation_group g on g.group_number = e.group_number order by 1, 2, 3"""
COUNTED = """
    select g.group_number, g.confirmations, (select count(*) from confirmation_entry e where e.group_number = g.group_number)
    from confirmation_group g"""


def expected(connection: apsw.Connection) -> list[tuple[object, ...]]:
    """The same, worked out from the record by other means."""
    lines = []
    for partner, customer, template, sequence, agreed, recorded_at, text_at, text_number in connection.execute(
        "select partner_id, customer_id, template_id, sequence, date_agreed_at, recorded_at, text_at, text_number"
        " from current_confirmation"
    ):
        of_it = (partner, customer)
        country = connection.execute("select country from customer where (partner_id, customer_id) = (?, ?)", of_it).get
        others = connection.execute(
            "select template_id, sequence from current_confirmation where (partner_id, customer_id) = (?, ?)", of_it
        ).fetchall()
        later = " ".join(sorted(other for other, place in others if place > sequence))
        ends = [
            end
            for end, status in connection.execute(
                "select commitment_end_at, status from subscription where (partner_id, customer_id) = (?, ?)", of_it
            )
            if status in ("active", "suspended")
        ]
        ran = [
            min(due, recorded)
            for due, recorded, outcome in connection.execute(
                "select due_at, recorded_at, outcome from renewal where (partner_id, customer_id) = (?, ?)", of_it
            )
            if outcome == "renewed" and min(due, recorded) > agreed
        ]
        at = agreed // SPAN * SPAN if text_at is None else text_at
        end = min(ends, default=999_999_999_999_999_999)
        by = to_micros(accepted_by(from_micros(agreed), from_micros(recorded_at)))
        lines.append((
            partner, customer, template, country, later, at, text_number or 0, end, agreed, by, max(ran, default=None),
        ))  # fmt: skip
    return sorted(lines)


def holds(connection: apsw.Connection, name: str) -> None:
    """Everything follows from the record."""
    assert connection.execute(FOUND).fetchall() == expected(connection), name
    assert all(kept == there for _, kept, there in connection.execute(COUNTED)), name


def test_the_groups_follow_the_record_step_by_step() -> None:
    connection = connect(":memory:")
    schema.upgrade(connection)
    populate(connection)
    connection.execute(VERSION)
    for name, sql in STEPS.items():
        connection.execute(sql)
        holds(connection, name)
    assert connection.execute("pragma foreign_key_check").fetchall() == []


@pytest.mark.parametrize("begun", [5, 6])
@pytest.mark.parametrize("steps", [0, 1, 5, 8, 13, 16, 19, 20])
def test_an_upgrade_makes_them_of_the_rows_there_are(steps: int, begun: int) -> None:
    connection = connect(":memory:")
    for migration in schema.migrations()[:begun]:
        connection.execute(migration.sql)
    connection.pragma("user_version", begun)
    connection.pragma("application_id", schema.APPLICATION_ID)
    populate(connection)
    connection.execute(VERSION)
    for sql in list(STEPS.values())[:steps]:
        connection.execute(sql)
    before = connection.execute("select * from current_confirmation").fetchall()
    assert schema.upgrade(connection) == schema.latest() - begun
    assert connection.execute("select * from current_confirmation").fetchall() == before
    holds(connection, "upgrade")
    for name, sql in list(STEPS.items())[steps:]:
        connection.execute(sql)
        holds(connection, name)


def test_what_agrees_in_country_text_and_month_of_acceptance_is_one_group() -> None:
    connection = connect(":memory:")
    schema.upgrade(connection)
    populate(connection)
    for number, (customer, agreed) in enumerate(((cast.CEDAR, 1), (cast.DOGWOOD, SPAN - 1), (cast.FRENE, 1)), 1):
        sql = CONFIRM.format(n=1, kind="A", period=1, agreed=agreed).replace("'c1'", f"'c{number}'")
        connection.execute(sql.replace(cast.CEDAR, customer))
    groups = connection.execute("select country, confirmations from confirmation_group order by 1").fetchall()
    assert groups == [("FR", 1), ("US", 2)]
