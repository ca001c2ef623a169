"""The work list: whose confirmations must be renewed, by when, and back to it from the form (R33–R37)."""

import csv
import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from agreegate.domain.agreements.agreement import TemplateId
from agreegate.i18n import text
from agreegate.services.orders.renewal import run_renewals
from agreegate.storage.agreements.text import add_text_version
from tests import personas as cast
from tests.dashboard.past import add
from tests.dashboard.typed import HOSTILE_NAMES
from tests.dashboard.visitor import Reply, Visitor, link_to, visitor
from tests.operations import OFFER
from tests.texts import AMERICA, FRANCE, file
from tests.texts import draft as text_draft
from tests.world import AUGUST, World

DAY = timedelta(days=1)
NEWER = datetime(2019, 5, 1, tzinfo=UTC)
ENDS = datetime(2019, 8, 15, tzinfo=UTC)
NOTHING = "Nothing is outdated"


async def publish(
    world: World, label: str, effective: datetime, where: Collection[Any] = (AMERICA, FRANCE), **changes: Any
) -> None:
    """A version of the Cloud Agreement, as rows."""
    draft = text_draft(label, effective_from=effective, files={locale: file() for locale in where}, **changes)
    await world.store.write(lambda uow: add_text_version(uow, draft, "tests"))


async def buy(world: World, customer: str, who: str = cast.ALDER_SALES) -> None:
    """A subscription for a year."""
    body = {"lineItems": [{"lineItemNumber": 0, "offerId": OFFER, "quantity": 1, "friendlyName": "Mail"}]}
    answer = await world.send(who, "POST", f"/v1/customers/{customer}/orders", body)
    assert answer.status_code == 201, answer.text


async def outdated(world: World) -> None:
    """All of Alder's customers confirmed in August 2018 on the first text; the second is in force since May 2019."""
    await publish(world, "2018-01", datetime(2018, 1, 1, tzinfo=UTC))
    for customer in (cast.CEDAR, cast.DOGWOOD, cast.FRENE):
        answer = await world.confirm(cast.ALDER_SALES, customer)
        assert answer.status_code == 201, answer.text
    await buy(world, cast.CEDAR)
    await publish(world, "2019-05", NEWER)
    await at(world, NEWER)


async def at(world: World, now: datetime) -> None:
    world.clock.now = now
    await run_renewals(world.store, now)


def lines(reply: Reply) -> list[str]:
    """The lines of the list, as text."""
    body = reply.page.html.partition('<section id="results"')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)).strip() for row in body.split("</tr>")[:-1]]


def names(reply: Reply) -> list[str]:
    body = reply.page.html.partition('<section id="results"')[2]
    return re.findall(r'<th scope="row"><a href="/customers/[0-9a-f-]+"><bdi>(.*?)</bdi>', body)


@pytest.mark.rule("R34", "R37")
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", [
            ("Cedar Bakery cedar.example United States Microsoft Cloud Agreement 10 August 2018 text 2018-01"
            " 15 August 2019 106 days left Birch IT Hornbeam Informatique outdated newer text since 1 May 2019 Reconfirm"),
            ("Dogwood Legal dogwood.example United States Microsoft Cloud Agreement 10 August 2018 text 2018-01"
            " the next new order – outdated newer text since 1 May 2019 Reconfirm"),
            ("Frêne Conseil frene.example France Microsoft Cloud Agreement 10 August 2018 text 2018-01"
            " the next new order Hornbeam Informatique outdated newer text since 1 May 2019 Reconfirm"),
        ]),
        ("fr", [
            ("Cedar Bakery cedar.example États-Unis Contrat Microsoft Cloud 10 août 2018 texte 2018-01"
            " 15 août 2019 106 jours restants Birch IT Hornbeam Informatique version antérieure texte plus récent depuis le 1er mai 2019 Reconfirmer"),
        ]),
    ],
)  # fmt: skip
async def test_each_line_says_by_when_and_leads_to_the_form(world: World, language: str, expected: list[str]) -> None:
    await outdated(world)
    someone = await visitor(world, language=language)
    reply = await someone.get("/reconfirmations")
    assert reply.status == 200
    assert lines(reply)[: len(expected)] == expected
    assert len(lines(reply)) == 3
    form = link_to(reply.page, f"^/customers/{cast.CEDAR}/confirmation")
    assert parse_qs(urlsplit(form).query) == {"template": [cast.CLOUD_AGREEMENT], "next": ["/reconfirmations"]}
    assert ("/reconfirmations", text("nav.reconfirmations", language)) in entries(reply)


def entries(reply: Reply) -> list[tuple[str, str]]:
    """The navigation."""
    bar = reply.page.html.partition("<header>")[2].partition("</header>")[0]
    return re.findall(r'<li><a href="([^"]*)"[^>]*>([^<]*)</a></li>', bar)


@pytest.mark.rule("R33", "R34")
async def test_an_overdue_one_is_marked_and_can_be_seen_alone(world: World) -> None:
    await outdated(world)
    someone = await visitor(world)
    await at(world, ENDS - DAY)
    assert "15 August 2019 1 day left" in lines(await someone.get("/reconfirmations"))[0]
    assert "overdue:" not in (await someone.get("/reconfirmations")).text
    await at(world, ENDS)
    reply = await someone.get("/reconfirmations")
    assert "15 August 2020 366 days left" in lines(reply)[0]
    assert " overdue newer text since 1 May 2019 Reconfirm" in lines(reply)[0]
    assert "1 is overdue: a renewal has run without a confirmation of the newer text." in reply.text
    alone = await someone.get(link_to(reply.page, r"state=overdue$"))
    assert names(alone) == ["Cedar Bakery"]
    assert names(await someone.get("/reconfirmations?state=outdated")) == ["Dogwood Legal", "Frêne Conseil"]


async def test_what_was_due_before_is_said_to_be_past(world: World) -> None:
    await outdated(world)
    someone = await visitor(world)
    for now, expected in ((ENDS + timedelta(hours=3), "today"), (ENDS + 2 * DAY, "2 days ago")):
        world.clock.now = now  # nothing renews: the machine was off
        assert f"15 August 2019 {expected} " in lines(await someone.get("/reconfirmations"))[0]
    assert names(await someone.get("/reconfirmations?due=7")) == ["Cedar Bakery"]


@pytest.mark.parametrize(
    ("query", "found", "count"),
    [
        ("", ["Cedar Bakery", "Dogwood Legal", "Frêne Conseil"], "3 confirmations to renew."),
        ("q=frene", ["Frêne Conseil"], "1 confirmation to renew."),
        (f"q={cast.DOGWOOD}", ["Dogwood Legal"], "1 confirmation"),
        ("q=dogwood.ex", ["Dogwood Legal"], "1 confirmation"),
        (f"q={cast.ELM}", [], "0 confirmations"),
        ("q=elm", [], "0 confirmations"),
        ("q=%26", [], "0 confirmations"),
        ("country=FR", ["Frêne Conseil"], "1 confirmation"),
        ("country=DE", [], "0 confirmations"),
        (f"reseller={cast.HORNBEAM}", ["Cedar Bakery", "Frêne Conseil"], "2 confirmations"),
        (f"reseller={cast.HORNBEAM}&country=US&q=bak", ["Cedar Bakery"], "1 confirmation"),
        (f"reseller={cast.HORNBEAM}&q={cast.DOGWOOD}", [], "0 confirmations"),
        ("due=order", ["Dogwood Legal", "Frêne Conseil"], "2 confirmations"),
        ("due=90", [], "0 confirmations"),
        (f"agreement={cast.CLOUD_AGREEMENT}", ["Cedar Bakery", "Dogwood Legal", "Frêne Conseil"], "3 confirmations"),
        (f"agreement={cast.CUSTOMER_AGREEMENT}", [], "0 confirmations"),
        ("state=outdated&due=order&country=FR", ["Frêne Conseil"], "1 confirmation"),
        ("state=current&due=x&country=france&reseller=x&agreement=x&results=after-x", 3, "3 confirmations"),
        ("results=after-999999999999999999-outdated.z", 3, "3 confirmations"),
        ("results=before-0-", 3, "3 confirmations"),
        ("results=last", 3, "3 confirmations"),
    ],
)  # fmt: skip
async def test_filters_fit_together(world: World, query: str, found: list[str] | int, count: str) -> None:
    await outdated(world)
    someone = await visitor(world)
    reply = await someone.get(f"/reconfirmations?{query}")
    assert reply.status == 200
    assert names(reply) == found if isinstance(found, list) else len(names(reply)) == found
    assert count in reply.text
    assert ("No confirmations match." in reply.text) is (found == [])


async def test_pages_turn_both_ways_and_the_file_has_every_line_in_their_order(world: World) -> None:
    await publish(world, "2018-01", datetime(2018, 1, 1, tzinfo=UTC))
    for number in range(1, 61):
        customer = await add(world, number, f"Company {number:03}", "FR" if number % 3 else "US")
        await world.confirm(cast.ALDER_SALES, customer)
        if number % 2:
            await at(world, AUGUST + timedelta(hours=60 - number))
            await buy(world, customer)
    await publish(world, "2019-05", NEWER)
    await at(world, NEWER)
    bought = [f"Company {number:03}" for number in range(59, 0, -2)]
    others = [f"Company {number:03}" for number in range(2, 61, 2)]
    expected = bought + others
    someone = await visitor(world)
    first = await someone.get("/reconfirmations")
    assert names(first) == expected[:25]
    second = await follow(someone, first, "Next page")
    assert names(second) == expected[25:50]
    third = await follow(someone, second, "Next page")
    assert names(third) == expected[50:]
    assert names(await follow(someone, third, "Previous page")) == expected[25:50]
    assert names(await follow(someone, third, "First page")) == expected[:25]
    assert names(await follow(someone, first, "Last page")) == expected[-25:]
    file_ = await someone.client.get("/reconfirmations.csv")
    assert [row[0] for row in csv.reader(file_.text.removeprefix("\ufeff").splitlines())][1:] == expected
    form = link_to(second.page, r"/confirmation\?")
    back = parse_qs(urlsplit(form).query)["next"][0]
    assert names(await someone.get(back)) == expected[25:50], "back to the page of the list that it came from"


@pytest.mark.rule("R34")
async def test_when_the_last_line_of_a_page_is_renewed_the_page_before_is_shown(world: World) -> None:
    for number in range(1, 27):
        await world.confirm(cast.ALDER_SALES, await add(world, number, f"Company {number:03}"))
    await publish(world, "2019-05", NEWER)
    await at(world, NEWER)
    someone = await visitor(world)
    second = await follow(someone, await someone.get("/reconfirmations?country=US"), "Next page")
    assert len(names(second)) == 1
    where = link_to(second.page, r"/confirmation\?")
    saved = await someone.fill(where, None, accepted_on="2019-05-01")
    assert (saved.path, len(names(saved))) == ("/reconfirmations", 25)
    assert "No confirmations match." not in saved.text


async def follow(someone: Visitor, reply: Reply, name: str) -> Reply:
    """Follow a link by its words."""
    address = re.search(rf'href="([^"]*)"[^>]*>{name}</a>', reply.answer.text)
    assert address is not None, name
    return await someone.get("/reconfirmations" + address[1].replace("&amp;", "&").partition("#")[0])


@pytest.mark.parametrize(
    ("user", "status", "present", "named"),
    [
        (cast.ALDER_ADMIN, 200, "3 confirmations", True),
        (cast.ALDER_SALES, 200, "3 confirmations", True),
        (cast.HAZEL_ADMIN, 200, "1 confirmation", True),
        (cast.MAPLE_ADMIN, 200, NOTHING, True),
        (cast.ALDER_HELPDESK, 403, "role", False),
        (cast.BIRCH_SALES, 403, "indirect provider", False),
        (cast.FIR_ADMIN, 404, "", False),
        (cast.OPERATOR_USER, 403, "", False),
    ],
)
@pytest.mark.rule("R21", "R22", "R26", "R31")
async def test_who_confirms_sees_their_own_and_others_a_sentence(
    world: World, user: str, status: int, present: str, named: bool
) -> None:
    await world.confirm(cast.HAZEL_ADMIN, cast.CEDAR)
    await outdated(world)
    someone = await visitor(world, user)
    reply = await someone.get("/reconfirmations")
    assert reply.status == status
    assert present in reply.text
    assert (await someone.get("/reconfirmations.csv")).status == status
    assert ("/reconfirmations" in [path for path, _ in entries(reply)]) is named
    if user == cast.HAZEL_ADMIN:
        assert lines(reply) == [
            (
                "Cedar Bakery cedar.example United States Microsoft Cloud Agreement 10 August 2018 text not known"
                " the next new order outdated newer text since 1 May 2019 Reconfirm"
            )
        ], "not Alder's subscription, nor its resellers"
        assert names(await someone.get(f"/reconfirmations?reseller={cast.BIRCH}&q={cast.DOGWOOD}")) == []


@pytest.mark.rule("R1", "R34")
async def test_an_empty_list_says_why(world: World) -> None:
    someone = await visitor(world)
    assert NOTHING in (await someone.get("/reconfirmations")).text
    await publish(world, "2018-01", datetime(2018, 1, 1, tzinfo=UTC))
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    await publish(world, "small", NEWER - DAY, major=False)
    await publish(world, "France", NEWER, [FRANCE])
    assert "takes effect" not in (await someone.get("/reconfirmations")).text, "of no concern to its customers"
    await publish(world, "2019-06", NEWER + DAY)
    reply = await someone.get("/reconfirmations?country=US")
    assert "A new major version takes effect on 2 May 2019" in reply.text
    assert "No confirmations match" not in reply.text
    world.clock.now = AUGUST - timedelta(days=30)
    assert (await someone.get("/reconfirmations.csv")).status == 404


@pytest.mark.rule("R34")
async def test_a_version_for_one_country_lists_that_countrys_customers(world: World) -> None:
    await outdated(world)
    for customer in (cast.CEDAR, cast.DOGWOOD, cast.FRENE):
        await world.confirm(cast.ALDER_SALES, customer, dateAgreed="2019-05-01T00:00:00Z")
    someone = await visitor(world)
    assert NOTHING in (await someone.get("/reconfirmations")).text
    await publish(world, "France", NEWER + DAY, [FRANCE])
    await at(world, NEWER + DAY)
    assert names(await someone.get("/reconfirmations")) == ["Frêne Conseil"]


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_hostile_names_are_data_on_the_page_and_in_the_file(world: World, language: str) -> None:
    await publish(world, "2018-01", datetime(2018, 1, 1, tzinfo=UTC))
    for number, name in enumerate(HOSTILE_NAMES.values(), 1):
        await world.confirm(cast.ALDER_SALES, await add(world, number, name))
    await publish(world, "2019-05", NEWER)
    await at(world, NEWER)
    someone = await visitor(world, language=language)
    reply = await someone.get("/reconfirmations")
    assert "<script>alert" not in reply.answer.text
    assert "&lt;script&gt;alert(1)" in reply.answer.text
    answer = await someone.client.get("/reconfirmations.csv")
    assert (
        answer.headers["content-disposition"]
        == f'attachment; filename="{text("csv.reconfirmations", language)}-2019-05-01.csv"'
    )
    read = list(csv.reader(answer.content.decode("utf-8-sig").splitlines(), delimiter=";" if language == "fr" else ","))
    assert len(read[0]) == 12
    assert "'=HYPERLINK(1)" in [row[0] for row in read]
    row = next(row for row in read if row[0] == "W" * 200)
    assert row[3:] == [
        text_of("US", language), "Microsoft Cloud Agreement", "2018-08-10", "2018-01", "2019-05-01", "", "",
        text("state.outdated", language), "",
    ]  # fmt: skip
    one = await someone.get(f"/reconfirmations?q={quote('<script>alert(1)</script>')}")
    assert "<script>alert" not in one.answer.text
    assert len(names(one)) == 1


def text_of(country: str, language: str) -> str:
    return {"en": "United States", "fr": "États-Unis"}[language] if country == "US" else country


@pytest.mark.rule("R34")
@pytest.mark.parametrize("language", ["en", "fr"])
async def test_lists_tell_the_outdated_apart_and_lead_to_the_work_list(world: World, language: str) -> None:
    await outdated(world)
    await at(world, ENDS)
    await world.confirm(cast.ALDER_SALES, cast.FRENE, dateAgreed="2019-08-01T00:00:00Z")
    someone = await visitor(world, language=language)
    reply = await someone.get("/customers")
    shown = re.findall(r'class="state ([a-z]+)"', reply.page.html)
    assert shown == ["overdue", "outdated", "current"]
    form = f"/customers/{cast.CEDAR}/confirmation?template={cast.CLOUD_AGREEMENT}"
    assert form in reply.page.links
    answer = await someone.client.get("/customers.csv")
    states = [row[-1] for row in csv.reader(answer.text.splitlines(), delimiter=";" if language == "fr" else ",")]
    assert states[1:] == [text(f"state.{state}", language) for state in shown]
    for state in shown:
        listed = await someone.get(f"/customers?state={state}")
        assert (listed.path, re.findall(r'class="state ([a-z]+)"', listed.page.html)) == ("/customers", [state])
    start = await someone.get("/")
    assert "/reconfirmations" in start.page.links
    for state in ("outdated", "overdue"):
        assert re.search(rf'<a href="/(?:customers|reconfirmations)\?state={state}"[^>]*>1</a>', start.page.html)
    reseller = await someone.get(f"/resellers/{cast.HORNBEAM}")
    assert names(await someone.get(link_to(reseller.page, r"^/reconfirmations\?reseller="))) == ["Cedar Bakery"]
    own = (await someone.get(f"/customers/{cast.CEDAR}")).page.html
    assert f">{text('reconfirmations.do', language)}</a>" in own
    assert f">{text('customer.update', language)}</a>" not in own


@pytest.mark.parametrize("user", [cast.ALDER_HELPDESK, cast.BIRCH_SALES, cast.OPERATOR_USER])
async def test_who_may_not_confirm_sees_nothing_of_it(world: World, user: str) -> None:
    await outdated(world)
    someone = await visitor(world, user)
    for path in ("/", "/customers", "/customers?state=outdated", f"/resellers/{cast.HORNBEAM}"):
        reply = await someone.get(path)
        assert reply.path == path.partition("?")[0]
        assert not [link for link in reply.page.links if link.startswith("/reconfirmations")]
        if user != cast.OPERATOR_USER:
            assert 'class="state outdated"' not in reply.page.html


@pytest.mark.rule("R17", "R34")
async def test_two_clicks_and_a_date_and_it_is_off_the_list(world: World) -> None:
    await outdated(world)
    await at(world, NEWER + DAY)
    for language in ("en", "fr"):
        customer, company = {"en": (cast.CEDAR, "Cedar Bakery"), "fr": (cast.FRENE, "Frêne Conseil")}[language]
        someone = await visitor(world, language=language)
        listed = "/reconfirmations?state=outdated&lang=" + language
        where = link_to((await someone.get(listed)).page, f"^/customers/{customer}/confirmation")  # one
        form = (await someone.get(where)).page.form()
        saved = await someone.send(where, form, accepted_on="2019-05-02")  # two, and the date
        assert (saved.path, saved.answer.url.query) == ("/reconfirmations", b"state=outdated")
        assert text("confirmation.saved", language, company=company) in saved.text
        assert company not in names(saved)
        [(first, last)] = world.rows(
            "select first_name, last_name from confirmation_contact join confirmation on number = confirmation_number"
            " where customer_id = ? order by number desc limit 1",
            customer,
        )
        assert (first, last) == ("Noa", "Berg"), "the same acceptor"
        standing = await world.send(cast.ALDER_SALES, "GET", f"/api/customers/{customer}/standing")
        states = {one["agreementType"]: one["state"] for one in standing.json()["agreements"]}
        assert states["MicrosoftCloudAgreement"] == "current"


@pytest.mark.rule("R34")
@pytest.mark.parametrize("rules", ["microsoft-cloud-agreement", "microsoft-customer-agreement"])
async def test_reconfirming_with_the_same_acceptor_is_no_duplicate_where_repeats_are_refused(
    tmp_path: Path, rules: str
) -> None:
    world = World(tmp_path, datetime(2021, 2, 1, tzinfo=UTC), rules)
    asked = {
        "templateId": cast.CUSTOMER_AGREEMENT,
        "type": "MicrosoftCustomerAgreement",
        "dateAgreed": "2021-02-01T00:00:00Z",
    }
    newer = world.clock.now + 90 * DAY
    template = TemplateId(cast.CUSTOMER_AGREEMENT)
    await publish(world, "2019-10", datetime(2019, 10, 1, tzinfo=UTC), template_id=template)
    await publish(world, "2021-05", newer, template_id=template)
    assert (await world.confirm(cast.ALDER_SALES, cast.CEDAR, **asked)).status_code == 201
    again = await world.confirm(cast.ALDER_SALES, cast.CEDAR, **asked)
    assert (again.status_code, again.json()["code"]) == (409, 600061)
    await at(world, newer + DAY)
    someone = await visitor(world)
    where = link_to((await someone.get("/reconfirmations")).page, f"^/customers/{cast.CEDAR}/confirmation")
    form = (await someone.get(where)).page.form()
    saved = await someone.send(where, form, accepted_on=f"{newer + DAY:%Y-%m-%d}")
    assert (saved.status, saved.path) == (200, "/reconfirmations")
    assert text("confirmation.saved", "en", company="Cedar Bakery") in saved.text
    assert NOTHING in saved.text
    await world.close()
