"""An upgrade keeps tables that grow in the order of recording, and everything that was in them."""

from datetime import UTC, datetime, timedelta

import apsw

from agreegate.domain.agreements.accepted_text import Basis
from agreegate.domain.partner import PartnerId
from agreegate.storage.agreements.accepted_text import accepted_texts_of
from agreegate.storage.as_of import employees_stated_by
from agreegate.storage.confirmation import collections_of, confirmations_of, warnings_of
from agreegate.storage.customers.standing import UNKNOWN_TEXT
from agreegate.storage.engine import schema
from agreegate.storage.engine.sqlite import InlineStore
from agreegate.storage.history import endings_of
from tests import personas as cast
from tests.storage.records import old_record

BEFORE = 12
KEY = f"'{cast.ALDER}', '{cast.CEDAR}'"
ROWS = f"""
    insert into text_version values ('{cast.CLOUD_AGREEMENT}', 1, 'cloud-1', '1', 1, '', 10, 30, 'tests', 1);
    insert into text_version values ('{cast.CLOUD_AGREEMENT}', 2, 'cloud-2', '2', 1, '', 10, 20, 'tests', 1);
    insert into text_version values ('{cast.CUSTOMER_AGREEMENT}', 1, 'customer-1', '1', 1, '', 10, 25, 'tests', 1);
    insert into text_file values ('{cast.CLOUD_AGREEMENT}', 2, 'US', 'en-US', '{"0" * 64}', 'text/markdown', 1);
    insert into confirmation values ({KEY}, 1, 'c1', 1, '{cast.CLOUD_AGREEMENT}', 'A', 5, 'u', 'u', 'api', 'r', 40);
    insert into confirmation values ({KEY}, 2, 'c2', 1, '{cast.CLOUD_AGREEMENT}', 'A', 6, 'u', 'u', 'dashboard', null, 50);
    insert into confirmation values ('{cast.HAZEL}', '{cast.CEDAR}', 1, 'c0', 1, '{cast.CLOUD_AGREEMENT}', 'A', 5, 'u', 'u', 'api',
      null, 45);
    insert into confirmation_contact values ({KEY}, 1, 'Noa', 'Berg', 'noa@cedar.example', '1');
    insert into confirmation_contact values ({KEY}, 2, 'Ada', 'Quill', 'ada@cedar.example', null);
    insert into confirmation_employee values ({KEY}, 2, 1, 'Ben Ohm', null, null, 'u', 51);
    insert into confirmation_employee values ({KEY}, 2, 2, 'Eve Ohm', null, 'x', 'u', 52);
    insert into confirmation_collection values ({KEY}, 1, '{cast.BIRCH}', 'Lin', 0);
    insert into confirmation_warning values ({KEY}, 2, 'own_address');
    insert into confirmation_text values ({KEY}, 1, 'stated', 'cloud-2', 'US', 'en-US', '{"0" * 64}');
    insert into confirmation_text values ({KEY}, 2, 'undetermined', null, null, null, null);
    insert into ending values ({KEY}, 3, 'e3', 1, 'recorded_in_error', 2, 'a note', 'u', 'api', null, 60);
    insert into current_confirmation values ({KEY}, 'A', 1, 1, '{cast.CLOUD_AGREEMENT}', 5, 40, null, 10, 2);
    insert into current_confirmation values ('{cast.HAZEL}', '{cast.CEDAR}', 'A', 1, 1, '{cast.CLOUD_AGREEMENT}', 5, 45, null, 5,
      {UNKNOWN_TEXT});
    insert into clock_acceptance values ('{cast.ALDER}', 1, 1, 9, 'first', 'tests');
    insert into clock_acceptance values ('{cast.ALDER}', 2, 2, 8, 'second', 'tests');
    insert into audit_record (partner_id, audit_id, customer_id, resource_type, resource_id, operation_type, operation_status,
      channel, resource_new_value, operation_at)
    values ('{cast.ALDER}', 'a2', '{cast.CEDAR}', 'agreement', 'c2', 'create_agreement', 'succeeded', 'api', '{{"A":1}}', 50),
      ('{cast.ALDER}', 'a1', '{cast.CEDAR}', 'agreement', 'c1', 'create_agreement', 'succeeded', 'api', null, 40);
"""


def upgraded() -> apsw.Connection:
    """A record made at the schema before."""
    connection = old_record(BEFORE)
    connection.execute(ROWS)
    schema.upgrade(connection)
    return connection


async def test_what_was_beside_a_confirmation_stays_beside_it() -> None:
    connection = upgraded()
    store, alder = InlineStore(connection), PartnerId(cast.ALDER)
    second, first = await store.read(lambda uow: confirmations_of(uow, alder, cast.CEDAR))
    assert (first.id, first.request_id, first.contact and first.contact.phone) == ("c1", "r", "1")
    assert (second.id, second.contact and second.contact.first_name) == ("c2", "Ada")
    assert (first.confirmed_by, second.confirmed_by and second.confirmed_by.name) == (None, "Eve Ohm")
    then = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=51)
    stated = await store.read(lambda uow: employees_stated_by(uow, alder, cast.CEDAR, then))
    assert {sequence: employee.name for sequence, employee in stated.items()} == {2: "Ben Ohm"}
    collected = await store.read(lambda uow: collections_of(uow, alder, cast.CEDAR))
    assert {sequence: one.person for sequence, one in collected.items()} == {1: "Lin"}
    assert await store.read(lambda uow: warnings_of(uow, alder, cast.CEDAR)) == {2: ("own_address",)}
    texts = await store.read(lambda uow: accepted_texts_of(uow, alder, cast.CEDAR))
    assert {sequence: (text.basis, text.label) for sequence, text in texts.items()} == {
        1: (Basis.STATED, "2"),
        2: (Basis.UNDETERMINED, None),
    }
    [ending] = await store.read(lambda uow: endings_of(uow, alder, cast.CEDAR))
    assert (ending.id, ending.confirmation_id, ending.note) == ("e3", "c2", "a note")
    [other] = await store.read(lambda uow: confirmations_of(uow, PartnerId(cast.HAZEL), cast.CEDAR))
    assert (other.id, other.contact) == ("c0", None)


def test_the_numbers_are_in_the_order_of_recording() -> None:
    connection = upgraded()
    ordered = "select confirmation_id from confirmation order by number"
    assert connection.execute(ordered).fetchall() == [("c1",), ("c0",), ("c2",)]
    assert connection.execute("select audit_id, resource_new_value from audit_record order by number").fetchall() == [
        ("a1", None),
        ("a2", '{"A":1}'),
    ]
    assert connection.execute("select reason from clock_acceptance order by number").fetchall() == [
        ("first",),
        ("second",),
    ]
    assert connection.execute("pragma foreign_key_check").fetchall() == []


def test_texts_of_a_template_stay_in_the_order_of_publishing_though_a_clock_was_set_back() -> None:
    connection = upgraded()
    versions = connection.execute("select number, version_id from text_version order by number").fetchall()
    assert versions == [(1, "customer-1"), (2, "cloud-1"), (3, "cloud-2")]
    assert connection.execute("select number, country from text_file").fetchall() == [(3, "US")]
    counting = connection.execute(
        "select partner_id, text_at, text_number from current_confirmation order by recorded_at"
    )
    assert counting.fetchall() == [(cast.ALDER, 10, 3), (cast.HAZEL, 5, UNKNOWN_TEXT)]
