"""The list of customers: who sees whom, what finds them, how it turns, and the file of it."""

import csv
import re
from datetime import timedelta
from html import escape
from urllib.parse import quote

import pytest

from agreegate.storage.customers.person import BEHIND
from agreegate.upkeep import PersonIndex
from tests import personas as cast
from tests.cast_rows import index_names
from tests.dashboard.past import add
from tests.dashboard.typed import HOSTILE_NAMES
from tests.dashboard.visitor import Reply, Visitor, visitor
from tests.world import AUGUST, World


def names(reply: Reply) -> list[str]:
    """The customers of the list, in order."""
    body = reply.answer.text.partition('<section id="results"')[2]
    return re.findall(r'<th scope="row"><a href="/customers/[0-9a-f-]+"><bdi>(.*?)</bdi>', body)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["Cedar Bakery", "Dogwood Legal", "Frêne Conseil"]),
        ("ced", ["Cedar Bakery"]),
        ("BAK", ["Cedar Bakery"]),
        ("bak ced", ["Cedar Bakery"]),
        ("edar", []),
        ("frene", ["Frêne Conseil"]),
        ("FRÊ con", ["Frêne Conseil"]),
        ("fre\u0302ne", ["Frêne Conseil"]),
        ("dogwood.ex", ["Dogwood Legal"]),
        ("DOGWOOD.EXAMPLE", ["Dogwood Legal"]),
        ("example", []),
        (cast.FRENE, ["Frêne Conseil"]),
        ("{" + cast.FRENE.upper() + "}", ["Frêne Conseil"]),
        (cast.ELM, []),
        ("elm", []),
        ("{F2E00000-", ["Frêne Conseil"]),
        ("ceda0", ["Cedar Bakery"]),
        ("ＢＡＫ", ["Cedar Bakery"]),
        (cast.NOBODY, []),
        ('" OR name : *', []),
        ("ced OR dog", []),
        ("NEAR(ced)", []),
        ("ced*", ["Cedar Bakery"]),
        ("&", []),
        ("\x00ced\u200f", ["Cedar Bakery"]),
        ("x" * 5000, []),
    ],
)
async def test_what_is_typed_finds_beginnings_of_words(world: World, typed: str, found: list[str]) -> None:
    someone = await visitor(world)
    reply = await someone.get(f"/customers?q={quote(typed)}")
    assert reply.status == 200
    assert names(reply) == found
    assert ("No customers match" in reply.text) is (not found)


@pytest.mark.parametrize(
    ("query", "found", "counts"),
    [
        (
            "",
            ["Cedar Bakery", "Dogwood Legal", "Frêne Conseil"],
            "3 customers. confirmed: 1, outdated: 0, overdue: 0, not confirmed: 1, no longer agrees: 1.",
        ),
        (
            "state=current",
            ["Cedar Bakery"],
            "1 customer. confirmed: 1, outdated: 0, overdue: 0, not confirmed: 1, no longer agrees: 1.",
        ),
        ("state=missing", ["Frêne Conseil"], "1 customer."),
        ("state=ended", ["Dogwood Legal"], "1 customer."),
        ("state=ended&q=ced", [], "0 customers."),
        ("state=current&q=ced", ["Cedar Bakery"], "1 customer."),
        (
            "country=FR",
            ["Frêne Conseil"],
            "1 customer. confirmed: 0, outdated: 0, overdue: 0, not confirmed: 1, no longer agrees: 0.",
        ),
        ("country=US&state=missing", [], "0 customers."),
        ("country=US&q=d", ["Dogwood Legal"], "1 customer."),
        (f"reseller={cast.BIRCH}", ["Cedar Bakery"], "1 customer."),
        (f"reseller={cast.HORNBEAM}", ["Cedar Bakery", "Frêne Conseil"], "2 customers."),
        (f"reseller={cast.HORNBEAM}&state=missing&country=FR", ["Frêne Conseil"], "1 customer."),
        (f"reseller={cast.HORNBEAM}&country=US&q=bak", ["Cedar Bakery"], "1 customer."),
        ("state=no&country=france&reseller=x&results=after-x", ["Cedar Bakery", "Dogwood Legal", "Frêne Conseil"], "3"),
        ("results=after-999999", ["Cedar Bakery", "Dogwood Legal", "Frêne Conseil"], "3"),
        ("results=last", ["Cedar Bakery", "Dogwood Legal", "Frêne Conseil"], "3"),
    ],
)
async def test_filters_fit_together(world: World, query: str, found: list[str], counts: str) -> None:
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    ended = await world.send(cast.ALDER_SALES, "POST", f"/api/customers/{cast.DOGWOOD}/standing/end",
                             {"reason": "no_longer_agrees"})  # fmt: skip
    assert ended.status_code == 200
    someone = await visitor(world)
    reply = await someone.get(f"/customers?{query}")
    assert names(reply) == found
    assert counts in reply.text


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Großmann & Söhne GmbH", "grossmann"),
        ("Großmann & Söhne GmbH", "GROẞMANN"),
        ("Grossmann", "großm"),
        ("İstanbul Işık", "istanbul isik"),
        ("ＡＣＭＥ", "acme"),
        ("北京阿里信息有限公司", "阿里"),
        ("서울전자", "전자"),
        ("ﾃｽﾄ株式会社", "スト"),
    ],
)
async def test_a_name_is_found_however_it_is_written(world: World, name: str, typed: str) -> None:
    await add(world, 1, name)
    someone = await visitor(world)
    assert names(await someone.get(f"/customers?q={quote(typed)}")) == [escape(name)]


async def test_accents_do_not_part_names_that_begin_alike(world: World) -> None:
    for number, name in enumerate(("Zebra", "Érable", "Elm", "eau", "Œuvre", "Oak"), 1):
        await add(world, number, name, "DE")
    someone = await visitor(world)
    assert names(await someone.get("/customers?country=DE")) == ["eau", "Elm", "Érable", "Oak", "Œuvre", "Zebra"]


@pytest.mark.parametrize(
    ("language", "many", "too_many", "more"),
    [
        ("en", "10,004 customers. confirmed: 0, outdated: 0, overdue: 0, not confirmed: 10,004, ", "More than 10,000 customers match what you typed.",
         "Type more letters, or a rarer word."),
        ("fr", "10 004 clients. confirmé : 0, version antérieure : 0, en retard : 0, non confirmé : 10 004, ", "Plus de 10 000 clients correspondent à votre saisie.",
         "Saisissez davantage de lettres, ou un mot plus rare."),
    ],
)  # fmt: skip
async def test_among_many_customers_a_search_leaves_none_out_silently(
    world: World, language: str, many: str, too_many: str, more: str
) -> None:
    connection = world.connection()
    with connection:
        for number in range(10_001):
            id_, name = f"{number:08x}-0000-4000-8000-0000000000fe", f"Sample {number:05}"
            connection.execute(
                "insert into customer (partner_id, customer_id, commerce_id, company_name, company_key, domain, country,"
                " language, culture, created_at) values (?, ?, ?, ?, ?, ?, 'US', 'en', 'en-US', 0)",
                (cast.ALDER, id_, id_, name, name.lower(), f"{number}.example"),
            )
            connection.execute("insert into relationship (partner_id, customer_id, period, started_at) values (?, ?, 1, 0)",
                               (cast.ALDER, id_))  # fmt: skip
        index_names(connection)
    connection.close()
    someone = await visitor(world, language=language)
    whole = await someone.get("/customers")
    assert many in whole.text
    assert names(whole)[:4] == ["Cedar Bakery", "Dogwood Legal", "Frêne Conseil", "Sample 00000"]
    asked = await someone.get("/customers?q=sam")
    assert (names(asked), too_many in asked.text, more in asked.text) == ([], True, True)
    assert "/customers.csv?q=sam" not in asked.page.links
    file = await someone.client.get("/customers.csv?q=sam")
    assert (file.status_code, file.headers["location"]) == (303, "/customers?q=sam")
    found = await someone.get("/customers?q=sam+0999")
    assert names(found) == [f"Sample {number:05}" for number in range(9_990, 10_000)]
    assert names(await someone.get("/customers?q=sam&country=FR")) == []
    assert names(await someone.get("/customers?results=last"))[-1] == "Sample 10000"


async def test_a_missing_confirmation_leads_to_its_form(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    someone = await visitor(world)
    reply = await someone.get("/customers")
    forms = [link for link in reply.page.links if link.endswith("/confirmation")]
    assert forms == [f"/customers/{cast.DOGWOOD}/confirmation", f"/customers/{cast.FRENE}/confirmation"]
    assert f"/customers/{cast.CEDAR}" in reply.page.links


async def test_pages_turn_both_ways_and_to_the_ends(world: World) -> None:
    for number in range(1, 61):
        await add(world, number, f"Company {number:03}", "DE")
    someone = await visitor(world)
    for query in ("country=DE", "q=company", "country=DE&state=missing"):
        expected = [f"Company {number:03}" for number in range(1, 61)]
        first = await someone.get(f"/customers?{query}")
        assert names(first) == expected[:25]
        second = await follow(someone, first, "Next page")
        assert names(second) == expected[25:50]
        third = await follow(someone, second, "Next page")
        assert names(third) == expected[50:]
        assert names(await follow(someone, third, "Previous page")) == expected[25:50]
        assert names(await follow(someone, third, "First page")) == expected[:25]
        last = await follow(someone, first, "Last page")
        assert names(last) == expected[35:]
        assert names(await follow(someone, last, "Previous page")) == expected[10:35]


async def follow(someone: Visitor, reply: Reply, name: str) -> Reply:
    """Follow a link by its words."""
    address = re.search(rf'href="([^"]*)"[^>]*>{name}</a>', reply.answer.text)
    assert address is not None, name
    return await someone.get("/customers" + address[1].replace("&amp;", "&").partition("#")[0])


@pytest.mark.parametrize(
    ("user", "status", "found", "shown"),
    [
        (cast.ALDER_SALES, 200, ["Cedar Bakery", "Dogwood Legal", "Frêne Conseil"], "not confirmed: 3"),
        (cast.ALDER_HELPDESK, 200, ["Cedar Bakery", "Dogwood Legal", "Frêne Conseil"], "shown to Admin agents"),
        (cast.BIRCH_SALES, 200, ["Cedar Bakery"], "Alder Distribution"),
        (cast.HORNBEAM_SALES, 200, ["Cedar Bakery", "Frêne Conseil"], "Alder Distribution"),
        (cast.HAZEL_ADMIN, 200, ["Cedar Bakery", "Elm Studio"], "not confirmed: 2"),
        (cast.FIR_ADMIN, 200, ["Ginkgo Agency"], "national cloud"),
        (cast.MAPLE_ADMIN, 200, [], "no customers yet"),
        (cast.OPERATOR_USER, 403, [], ""),
    ],
)
@pytest.mark.rule("R22", "R31")
async def test_everybody_sees_their_own_and_no_more(
    world: World, user: str, status: int, found: list[str], shown: str
) -> None:
    someone = await visitor(world, user)
    reply = await someone.get("/customers")
    assert reply.status == status
    assert names(reply) == found
    assert shown in reply.text
    for state in ("current", "missing"):
        filtered = await someone.get(f"/customers?state={state}")
        if "not confirmed:" not in shown:
            assert names(filtered) == found  # what is not shown filters nothing
    assert (await someone.get("/customers.csv")).status == status


async def test_before_the_feature_exists_no_standing_is_shown(world: World) -> None:
    world.clock.now = AUGUST - timedelta(days=365)
    someone = await visitor(world)
    assert 'class="state' not in (await someone.get("/customers")).answer.text


async def test_a_customer_that_left_is_not_found_until_it_is_back(world: World) -> None:
    someone = await visitor(world)
    gone = await world.send(cast.ALDER_SALES, "PATCH", f"/v1/customers/{cast.FRENE}", {"relationshipToPartner": "none"})
    assert gone.status_code == 200, gone.text
    for query in ("", "q=frene", f"q={cast.FRENE}", "country=FR", f"reseller={cast.HORNBEAM}&q=frene"):
        assert "Frêne Conseil" not in names(await someone.get(f"/customers?{query}"))
    assert "Frêne" not in (await (await visitor(world, cast.HORNBEAM_SALES)).get("/customers")).text


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_hostile_names_are_data(world: World, language: str) -> None:
    for number, name in enumerate(HOSTILE_NAMES.values(), 1):
        await add(world, number, name)
    someone = await visitor(world, language=language)
    reply = await someone.get("/customers")
    assert "<script>alert" not in reply.answer.text
    assert "&lt;script&gt;alert(1)" in reply.answer.text
    file = (await someone.client.get("/customers.csv")).content.decode("utf-8-sig")
    lines = list(csv.reader(file.splitlines(), delimiter=";" if language == "fr" else ","))
    assert [line[0] for line in lines[1:]] == [
        HOSTILE_NAMES["script"], f"'{HOSTILE_NAMES['formula']}", "Cedar Bakery", "Dogwood Legal", "Frêne Conseil", HOSTILE_NAMES["long"],
        HOSTILE_NAMES["hebrew"],
    ]  # fmt: skip
    assert lines[0] == (
        ["Customer", "Domain", "Customer id", "Country", "Confirmation"]
        if language == "en"
        else ["Client", "Domaine", "Identifiant du client", "Pays", "Confirmation"]
    )
    assert lines[3][1:] == ["cedar.example", cast.CEDAR, "United States" if language == "en" else "États-Unis",
                            "not confirmed" if language == "en" else "non confirmé"]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Cedar Bakery", "Dogwood Legal", "Frêne Conseil"]),
        ("q=bak", ["Cedar Bakery"]),
        ("country=FR", ["Frêne Conseil"]),
    ],
)
async def test_the_file_has_what_is_shown(world: World, query: str, found: list[str]) -> None:
    someone = await visitor(world)
    shown = await someone.get(f"/customers?{query}")
    assert f"/customers.csv{'?' + query if query else ''}" in shown.page.links
    file = (await someone.client.get(f"/customers.csv?{query}")).text
    assert [line[0] for line in csv.reader(file.splitlines()[1:])] == found


@pytest.mark.rule("R26")
async def test_the_person_who_accepted_finds_the_customer_for_those_who_may_read_the_person(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.CEDAR, primaryContact__email="noa@office.example")
    await PersonIndex(world.store).catch_up()
    for user, found, may_read in (
        (cast.ALDER_ADMIN, ["Cedar Bakery"], True),
        (cast.ALDER_SALES, ["Cedar Bakery"], True),
        (cast.ALDER_HELPDESK, [], False),
        (cast.BIRCH_SALES, [], False),
        (cast.HAZEL_ADMIN, [], True),
    ):
        someone = await visitor(world, user)
        for typed in ("berg", "noa@office.example", "noa berg bak"):
            reply = await someone.get(f"/customers?q={quote(typed)}")
            assert names(reply) == found
            assert ("person who accepted" in reply.text) is may_read
            file = await someone.client.get(f"/customers.csv?q={quote(typed)}")
            assert file.text.count("Cedar Bakery") == len(found)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "still preparing the search by person"), ("fr", "prépare encore la recherche par personne")],
)
async def test_a_search_says_while_persons_are_being_taken_over(world: World, language: str, sentence: str) -> None:
    someone = await visitor(world, cast.ALDER_SALES, language)
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    assert sentence not in (await someone.get("/customers?q=bak")).text
    world.change("update person_progress set confirmation_number = ?", -BEHIND)
    assert sentence in (await someone.get("/customers?q=bak")).text
    assert sentence not in (await someone.get("/customers")).text
    await PersonIndex(world.store).catch_up()
    assert sentence not in (await someone.get("/customers?q=bak")).text
