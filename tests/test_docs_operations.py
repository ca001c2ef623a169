"""`docs/operations.md` names every setting there is, and what it says to watch exists."""

import re
from pathlib import Path

import pytest

from agreegate.deployment.caller import KEPT_SECONDS
from agreegate.identity.issuer import LIFETIME
from agreegate.settings import SETTINGS, Setting, checked, variable
from tests.world import World

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "operations.md").read_text(encoding="utf-8")
ROWS = {
    option: (named, default)
    for option, named, default in re.findall(r"^\| `--([a-z-]+)` \| `(\w+)` \| ([^|]*?) ?\|", PAGE, re.MULTILINE)
}


def default_of(setting: Setting) -> set[str]:
    """How the page may spell a setting's default."""
    if setting.default is None:
        return {"", "required", "the issuer's"}
    if setting.default is False:
        return {"off"}
    return {f"`{setting.default}`"}


def test_every_setting_is_explained_with_its_variable_and_default() -> None:
    assert list(ROWS) == [setting.name for setting in SETTINGS]
    for setting in SETTINGS:
        named, default = ROWS[setting.name]
        assert named == variable(setting.name)
        assert default in default_of(setting), setting.name


def test_the_settings_called_required_are() -> None:
    assert {name for name, (_, default) in ROWS.items() if default == "required"} == {"public-url", "token-issuer"}


async def test_what_it_says_to_watch_is_there(world: World) -> None:
    for path in re.findall(r"^\| `(/\w+)` \|", PAGE, re.MULTILINE):
        answer = await world.send(None, "GET", path)
        assert answer.status_code == 200
    await world.send(None, "GET", "/v1/agreements")
    named = re.search(r"`(agreegate_\w+)`", PAGE.partition("## What to watch")[2])
    assert named
    answer = await world.send(None, "GET", "/metrics")
    assert answer.headers["content-type"].count("charset") == 1
    metrics = answer.text
    assert f'{named[1]}{{method="GET",route="/v1/agreements",status="401"}} 1.0' in metrics


@pytest.mark.fault("E3")
def test_the_example_of_an_environment_lets_people_sign_in_to_pages() -> None:
    example = dict(re.findall(r"^(AGREEGATE_\w+)=(.+)$", PAGE, re.MULTILINE))
    assert {"AGREEGATE_PUBLIC_URL", "AGREEGATE_TOKEN_ISSUER", "AGREEGATE_CLIENT_ID"} <= example.keys()
    assert example.keys() <= {variable(setting.name) for setting in SETTINGS}
    checked({setting.name: example.get(variable(setting.name)) for setting in SETTINGS})


@pytest.mark.fault("E3")
def test_a_withdrawn_key_is_said_to_end_as_late_as_it_does() -> None:
    assert f"withdraws therefore takes effect within {(LIFETIME + KEPT_SECONDS) / 60:.0f} minutes" in " ".join(
        PAGE.split()
    )
