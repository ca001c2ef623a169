"""Previewing a new version, on pages: counts for the operator, customers for the partner whose they are, in both languages."""

import csv
from datetime import UTC, datetime
from typing import Any

import pytest

from agreegate.dashboard.agreements.simulation import SHOWN
from agreegate.spreadsheet import SEPARATORS
from tests import personas as cast
from tests.dashboard.reading import Page
from tests.dashboard.visitor import Visitor, link_to, visitor
from tests.portfolio import MONTH, Bought, Confirmed, Subscribed, fill
from tests.texts import AMERICA, FRANCE, publish
from tests.world import API_ENFORCED, World

ADDRESS = "/agreements/simulation"
FILE, CUSTOMERS_FILE = "/agreements/simulation.csv", "/agreements/simulation-customers.csv"
ACCEPTED = Confirmed(datetime(2018, 8, 20, tzinfo=UTC))
BOUGHT = datetime(2018, 8, 20, 9, 30, tzinfo=UTC)
ASKED = "?effective_from=2019-05-01&rule=refuse"
HOSTILE = "<script>alert(1)</script>=cmd()"


def made(world: World, *bought: Bought) -> None:
    connection = world.connection()
    fill(connection, bought)
    connection.close()


@pytest.fixture
def portfolio(world: World) -> World:
    """Customers of two partners, in two countries, a day after the API's date."""
    world.clock.now = API_ENFORCED
    yearly, monthly = Subscribed(BOUGHT, auto_renew=False), Subscribed(datetime(2019, 3, 10, tzinfo=UTC), MONTH)
    made(
        world,
        Bought("Acme (made up)", [ACCEPTED], [yearly], resellers=[cast.BIRCH, cast.HORNBEAM]),
        Bought("Zoé (made up)", [ACCEPTED], [monthly], country="FR"),
        Bought("Never (made up)", (), [yearly]),
        Bought("Hazel’s (made up)", [ACCEPTED], [yearly], partner=cast.HAZEL),
    )
    return world


def table(page: Page, id_: str) -> list[list[str]]:
    """The rows of a table, cell by cell."""
    body = page.html.partition(f'id="{id_}"')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    rows = body.split("<tr>")[1:]
    return [[Page(cell.partition(">")[2]).text for cell in row.replace("<th", "<td").split("<td")[1:]] for row in rows]


async def download(someone: Visitor, address: str, language: str = "en") -> list[list[str]]:
    answer = await someone.client.get(address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.reader(answer.content.decode("utf-8-sig").splitlines(), delimiter=SEPARATORS[language]))


@pytest.mark.rule("R34", "R37", "X4", "X5")
async def test_the_operator_sees_counts_and_no_customer(portfolio: World) -> None:
    someone = await visitor(portfolio, cast.OPERATOR_USER)
    assert ADDRESS in (await someone.get("/agreements")).page.links
    shown = await someone.get(ADDRESS + ASKED)
    assert shown.status == 200
    assert "3 customers would become outdated." in shown.text
    assert "Orders through the API are refused from 1 May 2019 on." in shown.text
    assert table(shown.page, "by-week")[-1] == ["Total", "3", "12", "2", "0", "2", "2"]
    assert ["19 August 2019", "2", "0", "2", "0", "2", "2"] in table(shown.page, "by-week")
    assert ["6 May 2019", "1", "1", "0", "0", "0", "0"] in table(shown.page, "by-week")
    assert table(shown.page, "by-partner") == [
        ["Alder Distribution", "2", "0", "12", "1", "0", "1", "1"],
        ["Hazel Cloud", "1", "0", "0", "1", "0", "1", "1"],
        ["Total", "3", "0", "12", "2", "0", "2", "2"],
    ]
    assert table(shown.page, "by-reseller")[:2] == [
        ["through none", "2", "0", "12", "1", "0", "1", "1"],
        ["Birch IT", "1", "0", "0", "1", "0", "1", "1"],
    ]
    rows = await download(someone, link_to(shown.page, "simulation.csv"))
    assert rows[1] == ["Total", "", "", "3", "0", "12", "2", "0", "2", "2"]
    assert ["Partner", cast.HAZEL, "Hazel Cloud", "1", "0", "0", "1", "0", "1", "1"] in rows
    everything = shown.page.html + str(rows)
    assert not [name for name in ("Acme", "Zoé", "Hazel’s", "/customers/") if name in everything]
    assert (await someone.client.get(CUSTOMERS_FILE + ASKED)).status_code == 403


@pytest.mark.rule("R26", "R34")
async def test_a_partner_sees_its_own_customers_and_nobody_elses(portfolio: World) -> None:
    someone = await visitor(portfolio, cast.ALDER_SALES)
    shown = await someone.get(ADDRESS + ASKED)
    assert "2 customers would become outdated." in shown.text
    assert table(shown.page, "customers") == [
        ["Acme (made up)", "20 August 2019, 09:30 UTC", "0", "1", "0", "1", "1"],
        ["Zoé (made up)", "10 May 2019", "12", "0", "0", "0", "0"],
    ]
    acme = link_to(shown.page, "^/customers/.+")
    assert "Acme (made up)" in (await someone.get(acme)).text
    assert "by-partner" not in shown.page.ids
    rows = await download(someone, link_to(shown.page, "simulation-customers.csv"))
    assert [row[1:] for row in rows[1:]] == [
        ["Acme (made up)", "United States", "Birch IT, Hornbeam Informatique", "2018-08-20T00:00:00Z", "",
         "2019-08-20T09:30:00Z", "0", "1", "0", "1", "1"],
        ["Zoé (made up)", "France", "", "2018-08-20T00:00:00Z", "", "2019-05-10T00:00:00Z", "12", "0", "0", "0", "0"],
    ]  # fmt: skip
    counts = await download(someone, link_to(shown.page, "simulation.csv"))
    assert {row[1] for row in counts if row[0] == "Partner"} == {cast.ALDER}
    everything = shown.page.html + str(rows) + str(counts)
    assert not [name for name in ("Hazel", "Never (made up)") if name in everything]


async def test_it_is_shown_in_french(portfolio: World) -> None:
    someone = await visitor(portfolio, cast.ALDER_ADMIN, "fr")
    opened = await someone.get(f"{ADDRESS}?countries=all")
    form = next(form for form in opened.page.forms if form.action == ADDRESS)
    assert form.fields["countries"] == ["tous"]
    assert (await someone.get(f"{ADDRESS}{ASKED}&countries=tous")).status == 200
    shown = await someone.get(ADDRESS + ASKED.replace("2019-05-01", "01/05/2019"))
    assert "2 clients passeraient en « version antérieure »." in shown.text
    assert "Les commandes par l’API sont refusées à partir du 1er mai 2019." in shown.text
    rows = await download(someone, link_to(shown.page, "simulation-customers.csv"), "fr")
    assert rows[1][2] == "États-Unis"


async def test_the_form_proposes_and_its_answer_can_be_passed_on(portfolio: World) -> None:
    someone = await visitor(portfolio, cast.ALDER_SALES)
    opened = await someone.get(ADDRESS)
    assert (opened.status, "result" in opened.page.ids) == (200, False)
    form = next(form for form in opened.page.forms if form.action == ADDRESS)
    assert form.method == "get"
    assert form.names == {"template", "countries", "effective_from", "rule", "grace", "weeks"}
    assert {name: values[0] for name, values in form.fields.items()} == {
        "template": cast.CLOUD_AGREEMENT, "countries": "all", "effective_from": "2019-04-21", "rule": "advise",
        "grace": "", "weeks": "52",
    }  # fmt: skip
    answer = await someone.client.get(ADDRESS, params={name: values[0] for name, values in form.fields.items()})
    assert answer.status_code == 200
    assert "2 customers would become outdated." in Page(answer.text).text
    assert "Orders are allowed, with a warning." in Page(answer.text).text
    assert "Refused: API" not in answer.text
    hazel = await visitor(portfolio, cast.HAZEL_ADMIN)
    passed_on = await hazel.get(str(answer.url).partition("8400")[2])
    assert "1 customer would become outdated." in passed_on.text


@pytest.mark.rule("R34")
async def test_a_published_version_is_simulated_by_its_id(portfolio: World) -> None:
    effective = datetime(2019, 6, 1, 8, tzinfo=UTC)
    text = {FRANCE: ("text.md", b"# Made up")}
    major = await publish(portfolio, text, "2019-06", effective_from=effective)
    await publish(portfolio, text, "2019-07", effective_from=datetime(2019, 7, 1, tzinfo=UTC), major=False)
    someone = await visitor(portfolio, cast.ALDER_SALES)
    opened = await someone.get(ADDRESS)
    assert "Microsoft Cloud Agreement, version 2019-06 , major, from 1 June 2019, 08:00 UTC on" in opened.text
    shown = await someone.get(link_to(opened.page, major.id))
    assert shown.status == 200
    assert "It has texts for 1 country." in shown.text
    assert [row[0] for row in table(shown.page, "customers")] == ["Zoé (made up)"]
    form = next(form for form in shown.page.forms if form.action == ADDRESS)
    assert form.fields["version"] == [major.id]
    minor = await someone.get(opened.page.links[opened.page.links.index(f"{ADDRESS}?version={major.id}") + 1])
    assert "A minor version makes no customer outdated." in minor.text
    wrong = await someone.get(f"{ADDRESS}?version={major.id}&weeks=none")
    assert (wrong.status, "version 2019-06" in wrong.text) == (422, True)
    portfolio.clock.now = effective
    late = await someone.get(f"{ADDRESS}?version={major.id}")
    assert (late.status, "has taken effect already" in late.text) == (422, True)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("effective_from=tomorrow", "effective_from"),
        ("effective_from=now", "effective_from"),
        ("effective_from=2019-02-30", "effective_from"),
        ("effective_from=9999-12-31", "effective_from"),
        ("effective_from=0001-01-01T00:00:00%2B14:00", "effective_from"),
        ("effective_from=2019-05-01T00:00:00 02:00", "effective_from"),
        ("effective_from=2019-05-01&template=none", "template"),
        ("effective_from=2019-05-01&countries=,", "countries"),
        ("effective_from=2019-05-01&countries=FR,QQ", "countries"),
        ("effective_from=2019-05-01&countries=%00", "countries"),
        (f"effective_from=2019-05-01&countries={'A' * 5000}", "countries"),
        ("effective_from=2019-05-01&countries=%3Cscript%3E", "countries"),
        ("effective_from=2019-05-01&rule=deny", "rule"),
        ("effective_from=2019-05-01&grace=soon&rule=refuse", "grace"),
        ("effective_from=2019-05-01&grace=2019-06-01&rule=advise", "grace"),
        ("effective_from=2019-05-01&weeks=0", "weeks"),
        ("effective_from=2019-05-01&weeks=521", "weeks"),
        ("effective_from=2019-05-01&weeks=-1", "weeks"),
        ("effective_from=2019-05-01&weeks=%D9%A5", "weeks"),
        ("effective_from=2019-05-01&weeks=1e3", "weeks"),
        (f"effective_from=2019-05-01&weeks={'9' * 5000}", "weeks"),
        ("effective_from=2017-05-01", "weeks"),
        ("version=none", ""),
        ("version=%27%20or%201=1", ""),
        ("version=%00", ""),
    ],
)
async def test_what_cannot_be_is_reported_beside_its_field_and_kept(
    portfolio: World, query: str, field: str, language: str
) -> None:
    someone = await visitor(portfolio, cast.ALDER_SALES, language)
    shown = await someone.get(f"{ADDRESS}?{query}")
    assert shown.status == 422
    assert "result" not in shown.page.ids
    assert "mistakes" in shown.page.ids
    if field:
        assert f"{field}-mistake" in shown.page.ids
        assert f"#{field}" in shown.page.links
    assert "<script>" not in shown.page.html
    for file in (FILE, CUSTOMERS_FILE):
        assert (await someone.client.get(f"{file}?{query}")).status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "effective_from=2019-05-01T08:30:00Z",
        "effective_from=2019-05-01 08:30",
        "effective_from=1 May 2019",
        "effective_from=2019-05-01T00:00:00%2B02:00",
        "effective_from=2019-05-01&countries=fr;us, XK",
        "effective_from=2019-05-01&countries=All&template=microsoftcloudagreement",
        f"effective_from=2019-05-01&template={cast.CLOUD_AGREEMENT.upper()}",
        "effective_from=2019-05-01&rule=refuse&grace=2019-06-01T12:00Z",
        "effective_from=2019-05-01&weeks=520",
        "effective_from=2018-09-01",
        "effective_from=8999-12-31",
        "effective_from=2019-05-01&lang=fr&other=1",
    ],
)
async def test_what_can_be_read_is_simulated(portfolio: World, query: str) -> None:
    someone = await visitor(portfolio, cast.ALDER_SALES)
    shown = await someone.get(f"{ADDRESS}?{query}")
    assert (shown.status, "result" in shown.page.ids) == (200, True), shown.text


async def test_an_instant_is_kept_to_the_microsecond(portfolio: World) -> None:
    ends = "2019-05-10T00:00:00"
    someone = await visitor(portfolio, cast.ALDER_SALES)
    for fraction, renewals in ((".000000", "1"), (".000001", "0")):
        shown = await someone.get(f"{ADDRESS}?effective_from={ends}{fraction}Z&weeks=1&countries=FR")
        assert table(shown.page, "by-week")[-1][2] == renewals


EMPTY = [
    ("No customer would become outdated", "Aucun client ne passerait en « version antérieure »", "&countries=JP"),
    ("None of your customers has a confirmation", "Aucun de vos clients", f"&template={cast.CUSTOMER_AGREEMENT}"),
]


@pytest.mark.parametrize(("english", "french", "query"), EMPTY)
async def test_an_empty_answer_says_what_it_means(portfolio: World, english: str, french: str, query: str) -> None:
    for language, expected in (("en", english), ("fr", french)):
        someone = await visitor(portfolio, cast.ALDER_SALES, language)
        shown = await someone.get(ADDRESS + ASKED + query)
        assert expected in shown.text
        assert "by-week" not in shown.page.ids
        assert len(await download(someone, FILE + ASKED + query, language)) == 2
        assert len(await download(someone, CUSTOMERS_FILE + ASKED + query, language)) == 1


async def test_customers_outdated_in_any_case_are_shown_apart(portfolio: World) -> None:
    text: dict[Any, Any] = {AMERICA: ("text.md", b"# Made up")}
    await publish(portfolio, text, "2019-04", effective_from=datetime(2019, 4, 1, tzinfo=UTC))
    someone = await visitor(portfolio, cast.ALDER_SALES)
    shown = await someone.get(ADDRESS + ASKED)
    assert "1 customer would become outdated. 1 customer will be outdated by then anyway." in shown.text
    shown = await someone.get(ADDRESS + ASKED + "&countries=US")
    assert "No customer would become outdated" in shown.text
    assert "1 customer will be outdated by then anyway." in shown.text


async def test_many_customers_are_shown_in_part_and_all_are_in_the_file(portfolio: World) -> None:
    made(portfolio, *(Bought(f"{number:04} {HOSTILE}", [ACCEPTED]) for number in range(1_200)))
    someone = await visitor(portfolio, cast.ALDER_SALES)
    shown = await someone.get(ADDRESS + ASKED)
    assert "1,202 customers would become outdated." in shown.text
    assert "25 of 1,202 customers, by name" in shown.text
    assert len(table(shown.page, "customers")) == SHOWN
    assert "<script>alert" not in shown.page.html
    rows = await download(someone, CUSTOMERS_FILE + ASKED)
    assert [row[1] for row in rows[1:1201]] == [f"{number:04} {HOSTILE}" for number in range(1_200)]
    assert len(rows) == 1_203


async def test_asking_changes_nothing(portfolio: World) -> None:
    def everything() -> list[Any]:
        tables = portfolio.rows("select name from sqlite_master where type = 'table' and name <> 'session'")
        return [portfolio.rows(f"select * from {name}") for (name,) in tables]

    someone = await visitor(portfolio, cast.ALDER_SALES)
    before = everything()
    for address in (ADDRESS, FILE, CUSTOMERS_FILE):
        assert (await someone.client.get(address + ASKED)).status_code == 200
        assert (await someone.client.post(address, data={"effective_from": "2019-05-01"})).status_code in (403, 405)
    assert everything() == before


@pytest.mark.parametrize("user", [cast.ALDER_HELPDESK, cast.BIRCH_SALES, cast.FIR_ADMIN])
async def test_it_is_not_offered_to_those_who_may_not(portfolio: World, user: str) -> None:
    someone = await visitor(portfolio, user)
    assert ADDRESS not in (await someone.get("/agreements")).page.links
