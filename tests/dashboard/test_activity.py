"""Activity: who did what to which customer, found, paged, kept as a file; of one's own partner only."""

import asyncio
import csv
import json
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest

from agreegate.domain.activity import Deed
from agreegate.storage.engine.unit_of_work import to_micros
from tests import personas as cast
from tests.dashboard.reading import lines
from tests.dashboard.visitor import Visitor, link_to, visitor
from tests.world import API_ENFORCED, AUGUST, DASHBOARD_ENFORCED, World

HOSTILE = '<script>alert("1")</script>&'
RIGHT_TO_LEFT = "\u05d7\u05d1\u05e8\u05d4 \u05e2\u05dd \u05e9\u05dd"
LONG = "Very Long Company Name " * 8 + "of 200 characters"


def record(
    world: World,
    number: int,
    at: datetime = AUGUST,
    operation: str = "create_order",
    resource_type: str = "order",
    **changed: Any,
) -> None:
    """A record as the services keep it."""
    row = {
        "partner_id": cast.ALDER, "audit_id": f"00000000-0000-4000-8000-{number:012}", "customer_id": cast.CEDAR,
        "resource_type": resource_type, "resource_id": f"r{number}", "operation_type": operation,
        "operation_status": "succeeded", "user_id": cast.ALDER_SALES, "application_id": None, "channel": "api",
        "correlation_id": "c", "resource_old_value": None, "resource_new_value": None,
        "operation_at": to_micros(at) + number, **changed,
    }  # fmt: skip
    write(world, f"insert into audit_record ({', '.join(row)}) values ({', '.join('?' * len(row))})", *row.values())


def write(world: World, sql: str, *values: Any) -> None:
    connection = world.connection()
    connection.set_busy_timeout(5000)
    connection.execute(sql, values)
    connection.close()


def rename(world: World, name: str) -> None:
    write(world, "update customer set company_name = ? where customer_id = ?", name, cast.CEDAR)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            "sales@alder.example confirmed that Cedar Bakery accepted the Microsoft Cloud Agreement. API done",
        ),
        (
            "fr",
            "sales@alder.example a confirmé l’acceptation du contrat Microsoft Cloud par Cedar Bakery . API fait",
        ),
    ],
)
async def test_a_line_says_who_did_what_to_whom_when_and_by_which_channel(
    world: World, language: str, expected: str
) -> None:
    world.clock.now = API_ENFORCED
    assert (await world.confirm(cast.ALDER_SALES, cast.CEDAR)).status_code == 201
    reply = await (await visitor(world, cast.ALDER_ADMIN, language)).get("/activity")
    assert reply.status == 200
    instant = {"en": "22 March 2019, 00:00 UTC", "fr": "22 mars 2019, 00:00 UTC"}[language]
    assert lines(reply.page) == [f"{instant} {expected}"]
    assert f"/customers/{cast.CEDAR}" in reply.page.links


@pytest.mark.parametrize(
    ("operation", "kind", "before", "after", "expected"),
    [
        ("update_subscription", "subscription", {"Quantity": 8}, {"Quantity": 10}, "from 8 to 10 seats"),
        ("update_subscription", "subscription", {"Status": "active"}, {"Status": "deleted"}, "cancelled a subscription of Cedar Bakery"),
        ("update_subscription", "subscription", {"AutoRenewEnabled": True}, {"AutoRenewEnabled": False}, "turned auto-renewal off"),
        ("add_customer", "customer", None, None, "added the customer Cedar Bakery"),
        ("invented_later", "transfer", None, None, "made a change for Cedar Bakery (invented_later)"),
    ],
)  # fmt: skip
async def test_each_change_has_its_sentence(
    world: World, operation: str, kind: str, before: object, after: object, expected: str
) -> None:
    old, new = (None if value is None else json.dumps(value) for value in (before, after))
    record(world, 1, operation=operation, resource_type=kind, resource_old_value=old, resource_new_value=new)
    [line] = lines((await (await visitor(world)).get("/activity")).page)
    assert expected in line


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_every_deed_can_be_written_in_both_languages(world: World, language: str) -> None:
    operations = {
        "record_confirmation": "create_agreement", "recorded-in-error": "delete_agreement", "no-longer-agrees": "delete_agreement",
    }  # fmt: skip
    accounts = {"partner-changed": "partner", "user-changed": "partner_user", "reseller-changed": "reseller_link"}
    for number, deed in enumerate(Deed):
        operation = operations.get(deed, deed)
        record(world, number, operation=operation, resource_type=accounts.get(deed, "agreement"))
    record(world, 100, operation="x", customer_id=None, user_id=None, application_id="billing-robot")
    reply = await (await visitor(world, language=language)).get("/activity")
    assert reply.status == 200
    assert len(lines(reply.page)) == len(Deed) + 1
    assert "billing-robot" in lines(reply.page)[0]


@pytest.mark.parametrize(
    ("language", "who", "channel"),
    [
        ("en", "The command agreegate directory apply", "command line"),
        ("fr", "La commande agreegate directory apply", "ligne de commande"),
    ],
)
async def test_a_change_by_a_command_names_the_command_and_no_channel(
    world: World, language: str, who: str, channel: str
) -> None:
    record(world, 1, operation="add_customer", user_id=None, application_id="agreegate directory apply")
    reply = await (await visitor(world, language=language)).get("/activity")
    [line] = lines(reply.page)
    assert who in line
    assert channel in line
    assert "API" not in line


async def test_the_newest_is_first_and_older_ones_are_a_page_further(world: World) -> None:
    for number in range(120):
        record(world, number, resource_id=f"{number:03}", operation="update_subscription",
               resource_type="subscription", resource_old_value='{"Quantity":999}',
               resource_new_value=f'{{"Quantity":{number}}}')  # fmt: skip
    someone = await visitor(world)
    first = await someone.get("/activity?kind=subscription")
    second = await someone.get("/activity" + link_to(first.page, "list=after.*#list"))
    third = await someone.get("/activity" + link_to(second.page, "list=after.*#list"))
    seen = [line.partition("to ")[2].split()[0] for reply in (first, second, third) for line in lines(reply.page)]
    assert seen == [str(number) for number in reversed(range(120))]
    assert "kind=subscription" in link_to(first.page, "list=after.*#list"), "what is looked for stays"
    back = await someone.get("/activity" + link_to(third.page, "list=before.*#list"))
    assert lines(back.page) == lines(second.page)
    assert not [link for link in third.page.links if "list=after" in link and link.endswith("#list")]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [4, 3, 2, 1, 0]),
        ("from=2018-11-07", [4, 3]),
        ("from=2018-11-07&to=2018-11-07", [3]),
        ("to=2018-08-15", [2, 1, 0]),
        (f"customer={cast.CEDAR}", [3, 2, 0]),
        (f"customer={cast.CEDAR.upper()}", [3, 2, 0]),
        (f"customer={cast.CEDAR}&from=2018-11-07", [3]),
        ("customer=BAKE", [3, 2, 0]),
        ("customer=conseil", [1]),
        ("customer=%25", []),
        (f"user={cast.ALDER_ADMIN}", [1]),
        ("user=application", [2]),
        ("user=%27%20or%201%3D1", []),
        ("kind=confirmation", [1]),
        ("kind=account", [4]),
        ("kind=nonsense", [4, 3, 2, 1, 0]),
        ("status=failed", [2]),
        ("status=succeeded&kind=order&customer=cedar", [3, 0]),
        ("list=after-x-y", [4, 3, 2, 1, 0]),
    ],
)
async def test_it_is_found_by_dates_customer_user_kind_and_outcome(world: World, query: str, found: list[int]) -> None:
    record(world, 0)
    record(
        world,
        1,
        operation="create_agreement",
        resource_type="agreement",
        customer_id=cast.FRENE,
        user_id=cast.ALDER_ADMIN,
    )
    record(world, 2, operation_status="failed", user_id=None, application_id="robot")
    record(world, 3, at=DASHBOARD_ENFORCED)
    record(world, 4, at=API_ENFORCED, operation="update_partner", resource_type="partner", customer_id=None)
    someone = await visitor(world)
    reply = await someone.get(f"/activity?{query}")
    assert reply.status == 200
    assert len(lines(reply.page)) == len(found)
    saved = list(csv.reader((await export(someone, query)).splitlines()))[1:]
    assert [row[9] for row in saved] == [f"r{number}" for number in found]


async def export(someone: Visitor, query: str) -> str:
    answer = await someone.client.get(f"/activity.csv?{query}")
    assert answer.status_code == 200
    return answer.content.decode("utf-8-sig")


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(
    ("query", "english"),
    [
        ("from=yesterday", "We cannot read this date"),
        ("to=2018-02-30", "We cannot read this date"),
        ("to=9999-12-31", "We cannot read this date"),
        ("from=2018-11-07&to=2018-11-06", "The last day is before the first one"),
        ("from=%3Cscript%3E", "We cannot read this date"),
    ],
)
async def test_a_date_that_cannot_be_is_said_and_kept(world: World, language: str, query: str, english: str) -> None:
    record(world, 0)
    someone = await visitor(world, language=language)
    reply = await someone.get(f"/activity?{query}&customer=cedar")
    assert reply.status == 422
    assert (english in reply.text) is (language == "en")
    assert reply.page.forms[-1].fields["customer"] == ["cedar"]
    assert lines(reply.page) == []
    assert (await someone.get(f"/activity.csv?{query}")).status == 400


@pytest.mark.parametrize(
    ("language", "nothing", "none_found"),
    [
        ("en", "Nothing has been done yet", "No activity matches"),
        ("fr", "Rien n’a encore été fait", "Aucune activité ne correspond"),
    ],
)
async def test_an_empty_list_says_so(world: World, language: str, nothing: str, none_found: str) -> None:
    someone = await visitor(world, language=language)
    assert nothing in (await someone.get("/activity")).text
    assert none_found in (await someone.get("/activity?customer=nobody")).text


@pytest.mark.rule("R26")
async def test_nobody_reads_what_others_did(world: World) -> None:
    record(world, 1)
    hazel = await visitor(world, cast.HAZEL_ADMIN)
    assert "Nothing has been done yet" in (await hazel.get("/activity")).text
    assert "No activity matches" in (await hazel.get(f"/activity?customer={cast.CEDAR}")).text
    assert "alder" not in await export(hazel, "")
    assert "alder" not in (await hazel.get("/activity")).page.html


@pytest.mark.parametrize("name", [HOSTILE, RIGHT_TO_LEFT, LONG, '=cmd|" /C calc"!A0', "{who}\x01\x02{0}"])
async def test_names_are_data(world: World, name: str) -> None:
    rename(world, name)
    record(world, 1)
    someone = await visitor(world)
    reply = await someone.get("/activity")
    assert name in lines(reply.page)[0] or "\x01" in name
    assert reply.page.tags.count("script") == len(reply.page.scripts) == 2
    assert "<bdi>" in reply.page.html
    [_, row] = csv.reader((await export(someone, "")).splitlines())
    assert row[2] == ("'" if name.startswith("=") else "") + name
    assert not row[1].startswith("=")


async def test_a_customer_no_longer_served_is_named_without_a_link(world: World) -> None:
    record(world, 1)
    write(
        world, "update relationship set ended_at = 1 where partner_id = ? and customer_id = ?", cast.ALDER, cast.CEDAR
    )
    reply = await (await visitor(world)).get("/activity")
    assert "Cedar Bakery" in lines(reply.page)[0]
    assert f"/customers/{cast.CEDAR}" not in reply.page.links


async def test_the_file_is_in_the_readers_language(world: World) -> None:
    record(world, 1)
    someone = await visitor(world, language="fr")
    reply = await someone.get("/activity?kind=order")
    answer = await someone.client.get(link_to(reply.page, "csv"))
    assert answer.headers["content-disposition"] == 'attachment; filename="activite-2018-08-15.csv"'
    head, row = csv.reader(answer.content.decode("utf-8-sig").splitlines(), delimiter=";")
    assert head[:3] == ["Quand", "Ce qui s’est passé", "Client"]
    assert row[:3] == [
        "2018-08-15T00:00:00Z",
        "sales@alder.example a passé une commande pour Cedar Bakery.",
        "Cedar Bakery",
    ]


async def streamed(world: World, someone: Visitor) -> tuple[int, int, bytes]:
    """The file, while a record older than all is added once it has begun: lines, the largest piece, the last piece."""
    chunks: list[int] = []
    complete = asyncio.Event()
    rows, last = 0, b""
    scope = someone.client.build_request("GET", "/activity.csv", headers={"accept-encoding": "identity"})

    requests = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, object]:
        if (message := next(requests, None)) is None:
            await complete.wait()  # the reader stays until the end
        return message or {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal rows, last
        if body := message.get("body"):
            if not chunks:
                record(world, 1, at=AUGUST - timedelta(days=1), resource_id="written meanwhile")
            chunks.append(len(body))
            rows += body.count(b"\r\n")
            last = body
        if message["type"] == "http.response.body" and not message.get("more_body"):
            complete.set()

    await world.app(_scope(scope), receive, send)
    return rows, max(chunks), last


def _scope(request: httpx2.Request) -> dict[str, Any]:
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": request.method, "scheme": "http",
        "path": request.url.path, "raw_path": request.url.raw_path, "query_string": b"", "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw], "state": {},
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8400), "extensions": {},
    }  # fmt: skip


async def test_a_long_file_is_sent_as_it_is_read_and_not_kept_in_memory(world: World) -> None:
    someone = await visitor(world)
    insert = (
        "with recursive n(i) as (select 0 union all select i + 1 from n where i < 49999)"
        " insert into audit_record (partner_id, audit_id, customer_id, resource_type, resource_id, operation_type,"
        " operation_status, user_id, channel, operation_at)"
        " select ?, printf('00000000-0000-4000-8000-%012d', i), ?, 'order', 'r' || i, 'create_order', 'succeeded', ?,"
        " 'api', ? + i from n"
    )
    write(world, insert, cast.ALDER, cast.CEDAR, cast.ALDER_SALES, to_micros(AUGUST))
    rows, largest, last = await streamed(world, someone)
    assert rows == 50_002
    assert largest < 1_000_000, "a thousand lines at a time"
    assert b"written meanwhile" in last, "the end is read after the beginning has gone out"
