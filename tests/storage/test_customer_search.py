"""What lists of customers are found by follows from the record, whatever happens to it, and is made anew by an upgrade."""

import apsw
import pytest

from agreegate.domain.customer_search import CustomerSearch
from agreegate.domain.partner import PartnerId
from agreegate.storage import schema
from agreegate.storage.customer_search import Chosen, choose, entries_of, tally
from agreegate.storage.page import Wanted
from agreegate.storage.sqlite import InlineStore, connect
from tests import personas as cast
from tests.world import populate

KEY = f"partner_id = '{cast.ALDER}' and customer_id = '{cast.CEDAR}'"
CONFIRM = f"""
    insert into confirmation values ('{cast.ALDER}', '{cast.CEDAR}', {{n}}, 'c{{n}}', 1, '{{template}}', '{{kind}}', 5, 'u', 'u',
      'api', null, 5);
    insert into current_confirmation (partner_id, customer_id, agreement_type, period, sequence, template_id,
      date_agreed_at, recorded_at, refused_at)
      values ('{cast.ALDER}', '{cast.CEDAR}', '{{kind}}', 1, {{n}}, '{{template}}', 5, 5, null)
      on conflict do update set sequence = {{n}}, template_id = '{{template}}';
"""
BUY = f"""
    insert or ignore into order_ values ('{cast.ALDER}', '{cast.CEDAR}', 'o', 'monthly', 'USD', 'completed', 1);
    insert into subscription (partner_id, customer_id, subscription_id, order_id, offer_id, offer_name, friendly_name,
      quantity, billing_cycle, term_duration, renewal_term_duration, status, auto_renew, created_at, started_at, months,
      commitment_end_at) values ('{cast.ALDER}', '{cast.CEDAR}', 's{{end}}', 'o', 'f', 'F', 'F', 1, 'monthly', 'P1M', 'P1M',
      'active', 1, 1, 1, 1, {{end}});
"""
STEPS = {
    "confirmed": CONFIRM.format(n=1, template="t1", kind="A"),
    "confirmed again, otherwise": CONFIRM.format(n=2, template="t2", kind="A"),
    "another agreement": CONFIRM.format(n=3, template="t0", kind="B"),
    "one taken back": f"delete from current_confirmation where {KEY} and agreement_type = 'A'",
    "bought": BUY.format(end=900) + BUY.format(end=300),
    "renewed": f"update subscription set commitment_end_at = 1200 where {KEY} and subscription_id = 's300'",
    "cancelled": f"update subscription set status = 'deleted' where {KEY} and subscription_id = 's900'",
    "refused": f"delete from current_confirmation where {KEY};"
    f" update relationship set refused_at = 7, refused_sequence = 4 where {KEY}",
    "renamed": f"update customer set company_name = 'Zeder', company_key = 'zeder', domain = 'z.example', country = 'DE'"
    f" where {KEY}",
    "without a reseller": f"delete from customer_reseller where {KEY} and reseller_id = '{cast.BIRCH}'",
    "parted": f"update relationship set ended_at = 9 where {KEY}",
    "renamed while away": f"update customer set company_name = 'Zeder 2', company_key = 'zeder 2' where {KEY}",
    "back": f"update relationship set ended_at = null, period = 2, started_at = 10 where {KEY}",
    "with a reseller": f"insert into customer_reseller values ('{cast.ALDER}', '{cast.CEDAR}', '{cast.BIRCH}', 1)",
}  # fmt: skip
ENTRIES = """
    select e.partner_id, e.customer_id, e.company_key, e.country, e.coverage, e.commitment_end_at from customer_entry e
    order by 1, 2
"""
EXPECTED = """
    select r.partner_id, r.customer_id, c.company_key, c.country, iif(r.refused_at is null, '', '!') || coalesce((
        select group_concat(n.template_id, ' ' order by n.template_id) from current_confirmation n
        where n.partner_id = r.partner_id and n.customer_id = r.customer_id), ''),
      (select min(s.commitment_end_at) from subscription s where s.partner_id = r.partner_id
        and s.customer_id = r.customer_id and s.status in ('active', 'suspended'))
    from relationship r join customer c on c.partner_id = r.partner_id and c.customer_id = r.customer_id
    where r.ended_at is null order by 1, 2
"""
TALLY = "select partner_id, country, coverage, customers from customer_tally where customers <> 0 order by 1, 2, 3"
COUNTED = "select partner_id, country, coverage, count(*) from customer_entry group by 1, 2, 3 order by 1, 2, 3"


def found(connection: apsw.Connection, words: str) -> set[str]:
    """Customers of Alder that the index of words finds."""
    rows = connection.execute(
        "select c.company_name from customer_text t join customer_entry e on e.entry = t.rowid"
        " join customer c on c.partner_id = e.partner_id and c.customer_id = e.customer_id"
        " where t.customer_text match ? and e.partner_id = ?",
        (words, cast.ALDER),
    )
    return {row[0] for row in rows}


def holds(connection: apsw.Connection) -> None:
    """Everything follows from the record."""
    assert connection.execute(ENTRIES).fetchall() == connection.execute(EXPECTED).fetchall()
    assert connection.execute(TALLY).fetchall() == connection.execute(COUNTED).fetchall()
    words = connection.execute("select count(*) from customer_text").get
    assert words == connection.execute("select count(*) from customer_entry").get


def test_lists_follow_the_record_step_by_step() -> None:
    connection = connect(":memory:")
    schema.upgrade(connection)
    populate(connection)
    holds(connection)
    for name, sql in STEPS.items():
        connection.execute(sql)
        holds(connection)
        gone = name in ("parted", "renamed while away")
        renamed = list(STEPS).index(name) >= list(STEPS).index("renamed")
        birch = f'facets : "{cast.BIRCH.replace("-", "")}"'
        assert bool(found(connection, 'name : "bakery"')) is not renamed
        assert bool(found(connection, 'name : "zeder" AND facets : "DE"')) is (renamed and not gone), name
        assert bool(found(connection, birch)) is (not renamed or name in {"with a reseller", "renamed"}), name


@pytest.mark.parametrize("steps", [0, 3, 8, 11, 14])
def test_an_upgrade_makes_them_of_the_rows_there_are(steps: int) -> None:
    connection = connect(":memory:")
    for migration in schema.migrations()[:2]:
        connection.execute(migration.sql)
    connection.pragma("user_version", 2)
    connection.pragma("application_id", schema.APPLICATION_ID)
    populate(connection)
    for sql in list(STEPS.values())[:steps]:
        connection.execute(sql)
    assert schema.upgrade(connection) == schema.latest() - 2
    holds(connection)
    for sql in list(STEPS.values())[steps:]:
        connection.execute(sql)
        holds(connection)
    assert connection.execute("pragma foreign_key_check").fetchall() == []


async def test_many_that_fit_come_newest_first_and_few_of_a_standing_are_found_among_them() -> None:
    connection = connect(":memory:")
    schema.upgrade(connection)
    populate(connection)
    connection.execute(STEPS["confirmed"])
    store, alder = InlineStore(connection), PartnerId(cast.ALDER)

    async def listed(search: CustomerSearch, coverages: list[str] | None, fewer: int) -> tuple[Chosen, list[str]]:
        chosen = await store.read(lambda uow: choose(uow, alder, search, coverages, fewer, many=1))
        page = await store.read(lambda uow: entries_of(uow, alder, chosen, Wanted(), coverages=coverages))
        return chosen, [entry.company_name for entry in page.items]

    many, names = await listed(CustomerSearch("example"), None, 9)
    assert (many.entries, names) == ((), [])
    many, names = await listed(CustomerSearch(reseller=PartnerId(cast.HORNBEAM)), None, 9)
    assert many.match is not None
    assert names == ["Frêne Conseil", "Cedar Bakery"]
    many, names = await listed(CustomerSearch(reseller=PartnerId(cast.HORNBEAM)), ["t1"], 1)
    assert names == ["Cedar Bakery"]
    rows = await store.read(lambda uow: tally(uow, alder))
    assert sorted((row.country, row.coverage, row.customers) for row in rows) == [
        ("FR", "", 1), ("US", "", 1), ("US", "t1", 1),
    ]  # fmt: skip
