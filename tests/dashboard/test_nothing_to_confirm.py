"""Pages about confirmations, where a user has nothing to confirm: each says why, in its own heading and no more."""

from datetime import UTC, datetime

import pytest

from agreegate.dashboard.dashboard import PAGES
from agreegate.i18n import date_text, text
from agreegate.programme import load
from tests import personas as cast
from tests.dashboard.routes import ROUTES, Cast, Own, Route, named

ABSENT = {
    (method, path): handler.opt
    for handler in PAGES
    if "absent" in handler.opt
    for path in handler.paths
    for method in handler.http_methods
}


def nobodys(*rights: str) -> list[Route]:
    """The routes that say so, of these rights: they answer before anything of the address is read."""
    return [route for route in ROUTES if (route.method, route.path) in ABSENT and route.right in rights]


async def assert_absent(everybody: Cast, user: str, language: str, routes: list[Route], why: str) -> None:
    guest, before = await everybody.come(user), everybody.records()
    guest.visitor.client.headers["accept-language"] = language
    sentence = text(f"customer.absent.{why}", language, date=date_text(load().starts, language))
    assert routes
    for route in routes:
        answer = await guest.ask(route, Own(), {})
        title = text(ABSENT[route.method, route.path]["absent"], language)
        main = answer.text.partition("<main")[2]
        assert (answer.status_code, f"<h1>{title}</h1>" in main, sentence in main) == (200, True, True), named(route)
        assert "<form" not in main.partition("</main>")[0], named(route)
    assert everybody.records() == before


@pytest.mark.rule("R1")
@pytest.mark.parametrize("language", ["en", "fr"])
async def test_before_the_programme_each_page_says_from_when(everybody: Cast, language: str) -> None:
    everybody.world.clock.now = datetime(2018, 8, 6, 23, 59, 59, tzinfo=UTC)
    shared = ("signed in", "text", "simulate")
    for user, rights in (
        (cast.ALDER_ADMIN, (*shared, "confirm", "resellers", "asking")),
        (cast.BIRCH_SALES, ("signed in", "text", "providers")),
        (cast.OPERATOR_USER, ("signed in", "simulate")),
    ):
        await assert_absent(everybody, user, language, nobodys(*rights), "not-yet")
    for route in nobodys("text"):
        answer = await (await everybody.come(cast.OPERATOR_USER)).ask(route, everybody.owns[cast.ALDER], {})
        assert (answer.status_code, "customer.absent" in answer.text) == (200, False), "the operator publishes ahead"


@pytest.mark.rule("R30", "R31")
@pytest.mark.parametrize("language", ["en", "fr"])
async def test_in_a_national_cloud_each_page_says_so(everybody: Cast, language: str) -> None:
    everybody.world.change("update partner set cloud = 'germany'")
    await assert_absent(everybody, cast.ALDER_ADMIN, language, nobodys("signed in", "resellers", "asking"), "cloud")
    await assert_absent(everybody, cast.BIRCH_SALES, language, nobodys("providers"), "cloud")
