"""From every form that asks for a confirmation, the customer's text is one step away (R49)."""

import re
from typing import Any

import pytest

from agreegate.domain.agreements.text import Locale
from tests import personas as cast
from tests.dashboard.acceptor import ACCEPTOR
from tests.dashboard.visitor import visitor
from tests.operations import OFFER
from tests.texts import AMERICA, FRANCE, FRANCE_ENGLISH, publish
from tests.world import AUGUST, DASHBOARD_ENFORCED, World

BELGIUM, BELGIUM_DUTCH, SWITZERLAND = Locale("BE", "en-US"), Locale("BE", "nl-NL"), Locale("CH", "fr-FR")
DOGWOOD, FRENE = f"/customers/{cast.DOGWOOD}", f"/customers/{cast.FRENE}"
EVERYWHERE = {
    AMERICA: ("en.md", b"# American"),
    FRANCE: ("fr.md", "# Français".encode()),
    FRANCE_ENGLISH: ("en-fr.md", b"# English for France"),
    BELGIUM: ("be.md", b"# English for Belgium"),
    BELGIUM_DUTCH: ("nl.md", b"# Nederlands"),
    SWITZERLAND: ("ch.md", "# Français de Suisse".encode()),
}


def the_text(links: list[str], customer: str = cast.DOGWOOD, template: str = cast.CLOUD_AGREEMENT) -> str:
    """The link to the text, if the page has the right one."""
    [link] = [one for one in links if one == f"/customers/{customer}/text?template={template}"]
    return link


@pytest.mark.fault("D18")
@pytest.mark.parametrize(
    ("language", "culture", "read"),
    [("fr", "en-US", "# Français"), ("fr-FR", "de-DE", "# Français"), ("FR", "fr-CH", "# Français"),
     ("en", "fr-FR", "# Français"), ("fil", "fr-FR", "# English for France")],
)  # fmt: skip
async def test_the_text_is_in_the_language_that_the_partner_gave(
    world: World, language: str, culture: str, read: str
) -> None:
    await publish(world, EVERYWHERE)
    world.change("update customer set language = ?, culture = ? where customer_id = ?", language, culture, cast.FRENE)
    someone = await visitor(world)
    shown = await someone.get(the_text((await someone.get(f"{FRENE}/confirmation")).page.links, cast.FRENE))
    assert read.removeprefix("# ") in shown.text


@pytest.mark.rule("R49")
@pytest.mark.parametrize(
    ("country", "culture", "read"),
    [
        ("US", "en-US", "# American"),
        ("US", "es-MX", "# American"),
        ("FR", "fr-FR", "# Français"),
        ("FR", "fr-CH", "# Français"),
        ("FR", "de-DE", "# English for France"),
        ("BE", "fr-BE", "# English for Belgium"),
        ("BE", "nl-BE", "# Nederlands"),
        ("CH", "fr-CH", "# Français de Suisse"),
        ("CH", "de-CH", "# Français de Suisse"),
    ],
)
async def test_one_step_leads_from_the_form_to_the_text_in_the_customers_language_or_the_closest(
    world: World, country: str, culture: str, read: str
) -> None:
    await publish(world, EVERYWHERE)
    world.change("update customer set country = ?, culture = ? where customer_id = ?", country, culture, cast.DOGWOOD)
    someone = await visitor(world)
    shown = await someone.get(the_text((await someone.get(f"{DOGWOOD}/confirmation")).page.links))
    assert shown.status == 200
    assert re.fullmatch(r"/texts/preview/[\w.-]+", shown.path)
    assert read.removeprefix("# ") in shown.text


@pytest.mark.rule("R32", "R49")
async def test_it_is_the_text_in_force_on_the_day_and_not_an_older_or_an_upcoming_one(world: World) -> None:
    await publish(world, {AMERICA: ("a.md", b"# Older")}, "1")
    await publish(world, {AMERICA: ("a.md", b"# Newer")}, "2", effective_from=DASHBOARD_ENFORCED)
    someone = await visitor(world)
    path = f"{DOGWOOD}/text?template={cast.CLOUD_AGREEMENT}"
    assert "Older" in (await someone.get(path)).text
    world.clock.now = DASHBOARD_ENFORCED
    assert "Newer" in (await someone.get(path)).text


@pytest.mark.rule("R49")
@pytest.mark.parametrize("where", ["order", "seats", "other agreement", "new customer"])
async def test_every_form_that_asks_for_a_confirmation_has_the_link(world: World, where: str) -> None:
    await publish(world, EVERYWHERE)
    await publish(world, {AMERICA: ("c.md", b"# Customer Agreement")}, template_id=cast.CUSTOMER_AGREEMENT)
    line: dict[str, Any] = {"lineItems": [{"lineItemNumber": 0, "offerId": OFFER, "quantity": 3}]}
    await world.send(cast.ALDER_SALES, "POST", f"/v1{DOGWOOD}/orders", line)
    world.clock.now = DASHBOARD_ENFORCED
    someone = await visitor(world)
    if where == "new customer":
        assert "/agreements" in (await someone.get("/customers/new")).page.links
        return
    if where == "other agreement":
        shown = await someone.get(f"{DOGWOOD}/confirmation?template={cast.CUSTOMER_AGREEMENT}")
        link = the_text(shown.page.links, template=cast.CUSTOMER_AGREEMENT)
        assert "Customer Agreement" in (await someone.get(link)).text
        return
    if where == "order":
        shown = await someone.fill(f"{DOGWOOD}/order", None, **{"offer-0": OFFER})
    else:
        [(subscription,)] = world.rows("select subscription_id from subscription")
        shown = await someone.fill(f"{DOGWOOD}/subscriptions/{subscription}/seats", None, quantity="9")
    assert "acceptor_email" in shown.page.form().names
    assert "American" in (await someone.get(the_text(shown.page.links))).text


@pytest.mark.rule("R49")
@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", "No text is published here for this country."), ("fr", "Aucun n’est publié ici pour ce pays.")],
)
async def test_where_no_text_is_published_the_table_of_agreements_says_so(
    world: World, language: str, expected: str
) -> None:
    await publish(world, {AMERICA: ("a.md", b"# American")})
    someone = await visitor(world, language=language)
    shown = await someone.get(the_text((await someone.get(f"{FRENE}/confirmation")).page.links, cast.FRENE))
    assert shown.path == "/agreements"
    assert "France" in shown.text
    assert expected in shown.text


@pytest.mark.rule("R49")
async def test_the_link_on_the_form_opens_beside_it_so_that_nothing_typed_is_lost(world: World) -> None:
    shown = await (await visitor(world)).get(f"{DOGWOOD}/confirmation")
    link = the_text(shown.page.links).replace("&", "&amp;")
    assert f'<a href="{link}" target="_blank" rel="noopener">' in shown.page.html
    typed = await (await visitor(world)).fill(f"{DOGWOOD}/confirmation", None, **ACCEPTOR | {"accepted_on": ""})
    assert the_text(typed.page.links)


async def test_each_time_another_link_is_made_and_none_names_the_customer(world: World) -> None:
    await publish(world, {AMERICA: ("a.md", b"# American")})
    someone = await visitor(world)
    path = f"{DOGWOOD}/text?template={cast.CLOUD_AGREEMENT}"
    answers = [await someone.client.get(path) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    first, second = [answer.headers["location"] for answer in answers]
    assert first != second
    assert cast.DOGWOOD not in first
    assert answers[0].headers["cache-control"] == "no-store"


@pytest.mark.rule("R1")
async def test_before_the_programme_there_is_nothing_to_read(world: World) -> None:
    await publish(world, {AMERICA: ("a.md", b"# American")})
    world.clock.now = AUGUST.replace(day=6)
    shown = await (await visitor(world)).get(f"{DOGWOOD}/text?template={cast.CLOUD_AGREEMENT}")
    assert shown.status == 404
