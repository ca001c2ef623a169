"""What `agreegate db check` finds: nothing in a record with a history, and each broken invariant where it is broken."""

from functools import partial

import pytest

from agreegate.storage.agreements.text import published_digests
from agreegate.storage.agreements.text_file import TextFiles
from agreegate.storage.invariant import INVARIANTS, breaches_of, damaged_texts
from tests import personas as cast
from tests.operations import OPERATIONS, case_for, customer, named, order
from tests.texts import AMERICA, publish
from tests.world import API_ENFORCED, World, agreement

TRIGGERS = (
    "confirmation_kept",
    "current_confirmation_counts",
    "current_confirmation_advances",
    "relationship_without_current",
)
"""What keeps the application from breaking the record; somebody with the database in hand does not mind."""
BREAKS: list[tuple[str, str]] = [
    ("counting-confirmation-missing", "delete from current_confirmation where customer_id = ?1"),
    ("counting-confirmation-wrong", "update relationship set ended_at = 1 where customer_id = ?1"),
    ("counting-confirmation-wrong", "update current_confirmation set template_id = 'x' where customer_id = ?1"),
    ("counting-confirmation-wrong", "update current_confirmation set date_agreed_at = 1 where customer_id = ?1"),
    (
        "counting-confirmation-wrong",
        (
            "update current_confirmation set sequence = (select min(c.sequence) from confirmation c where"
            " c.customer_id = ?1) where customer_id = ?1"
        ),
    ),
    ("no-longer-agrees-differs", "update relationship set no_longer_agrees_sequence = 9 where customer_id = ?1"),
    ("sequence-behind", "update customer_sequence set last_sequence = 1 where customer_id = ?1"),
    ("sequence-behind", "delete from customer_sequence where customer_id = ?1"),
    (
        "sequence-shared",
        (
            "insert into ending (partner_id, customer_id, sequence, ending_id, period, reason, note, recorded_by, channel,"
            " recorded_at) select partner_id, customer_id, sequence, 'e', period, 'no_longer_agrees', '', 'x', 'api', 1"
            " from confirmation where customer_id = ?1 limit 1"
        ),
    ),
    (
        "contact-missing",
        (
            "delete from confirmation_contact where confirmation_number in"
            " (select number from confirmation where customer_id = ?1)"
        ),
    ),
    ("audit-record-missing", "drop trigger audit_record_kept; delete from audit_record where customer_id = ?1"),
    ("domain-not-taken", "delete from tenant_domain where customer_id = ?1"),
    ("words-missing", "delete from customer_word where customer_id = ?1"),
    (
        "renewal-twice",
        (
            "insert into renewal select partner_id, customer_id, subscription_id, 2, 'renewed', 1, 1 from subscription"
            " where customer_id = ?1"
        ),
    ),
    ("text-incomplete", "drop trigger text_file_kept; delete from text_file"),
]


async def broken(world: World) -> dict[str, list[tuple[object, ...]]]:
    """The breaches of each invariant that has some."""
    found = {one.name: await world.store.read(partial(breaches_of, invariant=one)) for one in INVARIANTS}
    return {name: [tuple(row) for row in rows] for name, rows in found.items() if rows}


async def confirmed_twice(world: World) -> str:
    """A customer that was confirmed twice and has bought something."""
    world.clock.now = API_ENFORCED
    await publish(world, {AMERICA: ("text.md", b"# Made up")})
    made = (await world.send(cast.ALDER_ADMIN, "POST", "/v1/customers", customer("twice.example"))).json()["id"]
    for date in ("2018-09-01", "2018-09-02"):
        body = agreement(dateAgreed=date)
        assert (await world.send(cast.ALDER_ADMIN, "POST", f"/v1/customers/{made}/agreements", body)).status_code == 201
    body = order(await case_for(world, cast.ALDER_ADMIN, OPERATIONS[0])) | {"referenceCustomerId": made}
    assert (await world.send(cast.ALDER_ADMIN, "POST", f"/v1/customers/{made}/orders", body)).status_code == 201
    return str(made)


@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
async def test_no_operation_breaks_an_invariant(world: World, operation) -> None:
    case = await case_for(world, cast.MAPLE_ADMIN, operation)
    await world.send(cast.MAPLE_ADMIN, operation.method, operation.at(case), operation.body(case))
    assert await broken(world) == {}


@pytest.mark.parametrize(("name", "changes"), BREAKS)
async def test_a_broken_invariant_is_found_where_it_is_broken(world: World, name: str, changes: str) -> None:
    made = await confirmed_twice(world)
    assert await broken(world) == {}
    for trigger in TRIGGERS:
        world.change(f"drop trigger {trigger}")
    for change in changes.split("; "):
        world.change(change, *([made] if "?1" in change else []))
    found = await broken(world)
    assert name in found
    assert {row[0] for row in found[name]} <= {cast.ALDER, cast.CLOUD_AGREEMENT}


async def test_a_file_that_is_missing_or_changed_is_found(world: World) -> None:
    await publish(world, {AMERICA: ("text.md", b"# Made up")})
    [digest] = await world.store.read(published_digests)
    assert await damaged_texts(world.deployment.texts, [digest]) == []
    path = TextFiles(world.path.parent / "texts").path_of(digest)
    path.chmod(0o600)
    path.write_bytes(b"# Changed")
    assert await damaged_texts(world.deployment.texts, [digest]) == [digest]
    path.unlink()
    assert await damaged_texts(world.deployment.texts, [digest]) == [digest]
