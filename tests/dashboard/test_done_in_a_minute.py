"""Done in a minute, as the READMEs say: what is typed and pressed between signing in and a confirmation, or an order."""

from datetime import timedelta
from pathlib import Path

import pytest

from agreegate.i18n import text
from agreegate.storage.agreements.text import add_text_version
from tests import personas as cast
from tests.dashboard.reading import SeenForm
from tests.dashboard.sandbox import demo_visitor, seeded_demo
from tests.dashboard.visitor import link_to
from tests.texts import draft
from tests.world import API_ENFORCED

DOGWOOD = f"/customers/{cast.DOGWOOD}"


def to_be_typed(form: SeenForm) -> set[str]:
    """What of a confirmation stands empty when its form opens."""
    needed = ("acceptor_first_name", "acceptor_last_name", "acceptor_email", "accepted_on")
    return {name for name in needed if not form.fields[name][0]}


@pytest.mark.rule("R19")
@pytest.mark.parametrize("language", ["en", "fr"])
async def test_a_confirmation_takes_four_clicks_and_a_date(tmp_path: Path, language: str) -> None:
    demo = await seeded_demo(tmp_path, API_ENFORCED)
    nobody = await demo_visitor(demo, None, language)
    assert any(link.startswith("/sign-in") for link in (await nobody.get("/")).page.links)  # one
    someone = await demo_visitor(demo, cast.ALDER_SALES, language)  # two: the user's name
    where = link_to((await someone.get("/")).page, f"^{DOGWOOD}/confirmation$")  # three
    form = (await someone.get(where)).page.form()
    assert to_be_typed(form) == {"accepted_on"}
    saved = await someone.send(where, form, accepted_on="2019-03-21")  # four
    assert text("confirmation.saved", language, company="Dogwood Legal") in saved.text
    demo.close()


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_a_refused_order_is_one_click_and_a_date_away_from_being_placed(tmp_path: Path, language: str) -> None:
    demo = await seeded_demo(tmp_path, API_ENFORCED)
    someone = await demo_visitor(demo, cast.ALDER_SALES, language)
    offer = {"offer-0": "bd938f12-058f-4927-bba3-ae36b1d2501c"}
    refused = await someone.fill(f"{DOGWOOD}/order", None, **offer)
    form = refused.page.form()
    assert to_be_typed(form) == {"accepted_on"}
    step, pressed = form.buttons[0]
    placed = await someone.send(f"{DOGWOOD}/order", form, accepted_on="2019-03-21", **{step: pressed})
    assert text("order.placed", language) in placed.text
    demo.close()


@pytest.mark.rule("R33", "R34")
@pytest.mark.parametrize("language", ["en", "fr"])
async def test_a_reconfirmation_takes_two_clicks_on_the_work_list_and_a_date(tmp_path: Path, language: str) -> None:
    demo = await seeded_demo(tmp_path, API_ENFORCED)
    newer = draft("2019-03", effective_from=API_ENFORCED - timedelta(days=21))
    await demo.deployment.store.write(lambda uow: add_text_version(uow, newer, "tests"))
    someone = await demo_visitor(demo, cast.ALDER_SALES, language)
    listed = await someone.get("/reconfirmations")
    where = link_to(listed.page, f"^/customers/{cast.CEDAR}/confirmation")  # one
    form = (await someone.get(where)).page.form()
    assert to_be_typed(form) <= {"accepted_on"}
    saved = await someone.send(where, form, accepted_on="2019-03-20")  # two
    assert saved.path == "/reconfirmations"
    assert text("confirmation.saved", language, company="Cedar Bakery") in saved.text
    assert f"/customers/{cast.CEDAR}" not in saved.page.links
    record = (await someone.get(f"/customers/{cast.CEDAR}")).text
    assert text("state.current", language) in record
    demo.close()
