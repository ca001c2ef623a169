"""`agreegate programme show`: dates and rules, and what goes beyond the published process."""

import asyncio
import os
from importlib.resources import files
from pathlib import Path

import pytest

from agreegate.domain.actor import Actor, Role, UserId
from agreegate.programme import load, shipped
from agreegate.services.confirmation import confirm
from agreegate.storage.engine.sqlite import SqliteStore
from agreegate.storage.partner import partner_of
from tests import personas as cast
from tests.cli.conftest import Agreegate
from tests.memory import DRAFT_CONFIRMATION, call

CAST = Path(__file__).parents[2] / "src" / "agreegate" / "demo" / "cast.toml"


@pytest.mark.parametrize("name", shipped())
@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_is_shipped_is_the_published_process(agreegate: Agreegate, name: str, language: str) -> None:
    result = agreegate("programme", "show", name, language=language)
    assert (result.status, result.err) == (0, "")
    title, *lines = result.out.splitlines()
    assert f"({load(name).policy})" in title
    mark = {"en": "[as in the published process]", "fr": "[comme dans le processus publié]"}[language]
    assert all(line.endswith(mark) for line in lines)


@pytest.mark.rule("R1", "R3", "R4")
def test_the_dates_are_printed(agreegate: Agreegate) -> None:
    out = agreegate("programme", "show").out
    for words in (
        "Confirmations can be recorded from: 2018-08-07T00:00:00Z",
        "Orders are refused (dashboard) from: 2018-11-07T00:00:00Z",
        "Orders are refused (API) from: 2019-03-22T00:00:00Z",
        "allows orders from 2019-10-01T00:00:00Z, without end",
        "allows orders from the beginning, without end",
        "china, germany, us_government",
    ):
        assert words in out
    history = agreegate("programme", "show", "microsoft-customer-agreement").out
    assert "allows orders from the beginning, until 2020-02-01T00:00:00Z" in history
    assert "can no longer be confirmed from 2020-03-31T00:00:00Z" in history


def test_extensions_are_marked(agreegate: Agreegate, tmp_path: Path) -> None:
    file = tmp_path / "strict.toml"
    text = (files("agreegate") / "programmes" / "microsoft-cloud-agreement.toml").read_text(encoding="utf-8")
    text = text.replace("version = 2", 'version = 2\nstale_rule = "refuse"\nstale_from = 2024-09-01').replace(
        "dashboard = 2018", "# was 2018"
    )
    file.write_text(text.replace('name = "microsoft-cloud-agreement"', 'name = "strict"'), encoding="utf-8")

    extensions = [
        line for line in agreegate("programme", "show", file).out.splitlines() if line.endswith("[extension]")
    ]

    assert [line.split(":")[0].strip() for line in extensions] == [
        "Nothing is refused (dashboard)",
        "A confirmation of an older text",
        "Refused for this reason from",
    ]
    for language, mark in (("en", "own"), ("fr", "propre")):
        lines = agreegate("programme", "show", file, language=language).out.splitlines()[1:]
        assert {line.rpartition("[")[2] for line in lines} == {f"{mark}]", "extension]"}


def test_unknown_and_broken_programmes_are_reported(agreegate: Agreegate, tmp_path: Path) -> None:
    result = agreegate("programme", "show", "nix")
    assert (result.status, result.out) == (2, "")
    assert "microsoft-cloud-agreement" in result.err
    broken = tmp_path / "broken.toml"
    broken.write_text("name = = 1\n", encoding="utf-8")
    result = agreegate("programme", "show", broken)
    assert result.status == 2
    assert f"{broken}, line 1" in result.err


@pytest.mark.fault("B9")
@pytest.mark.parametrize(
    ("language", "closes", "done"),
    [
        ("en", "new orders, which the present rules allow, are refused for 1 customer.", "The record is under"),
        (
            "fr",
            "les nouvelles commandes, permises par les règles actuelles, sont refusées pour 1 client.",
            "maintenant",
        ),
    ],
)
def test_what_another_programme_closes_is_shown_first_and_a_dry_run_changes_nothing(
    agreegate: Agreegate, tmp_path: Path, language: str, closes: str, done: str
) -> None:
    usual, other, data = "microsoft-cloud-agreement", "microsoft-customer-agreement", tmp_path / "data"
    agreegate("directory", "apply", CAST, "--data", data)
    assert agreegate("programme", "use", usual, "--data", data).status == 0
    asyncio.run(confirmed(data))
    tried = agreegate("programme", "use", other, "--dry-run", "--data", data, language=language)
    assert (tried.status, tried.err) == (0, "")
    assert closes in tried.out
    gone = [line for line in tried.out.splitlines() if line.startswith(("- ", "+ "))]
    assert {line[0] for line in gone} == {"-", "+"}
    assert any("2020-02-01" in line for line in gone if line.startswith("+"))
    applied = agreegate("programme", "use", other, "--yes", "--data", data, language=language)
    assert closes in applied.out
    assert done in applied.out
    again = agreegate("programme", "use", other, "--data", data, language=language)
    assert (again.status, len(again.out.splitlines())) == (0, 1)


@pytest.mark.fault("B9")
def test_a_programme_of_ones_own_is_left_and_taken_by_its_file(agreegate: Agreegate, tmp_path: Path) -> None:
    text = (files("agreegate") / "programmes" / "microsoft-cloud-agreement.toml").read_text(encoding="utf-8")
    own, data = tmp_path / "own.toml", tmp_path / "data"
    own.write_text(text.replace('"microsoft-cloud-agreement"', '"own"'), encoding="utf-8")
    agreegate("directory", "apply", CAST, "--data", data)
    assert agreegate("programme", "use", own, "--data", data).out.endswith(f"--programme {own}.\n")
    left = agreegate("programme", "use", "microsoft-customer-agreement", "--data", data).out
    assert "new orders are refused for 6 customers." in left
    assert "new orders are allowed for 1 customer." in left


@pytest.mark.fault("B9")
@pytest.mark.parametrize(("typed", "status", "found"), [("n", 130, "microsoft-cloud-agreement"), ("y", 0, "other")])
def test_on_a_terminal_it_asks_first(
    agreegate: Agreegate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, status: int, found: str
) -> None:
    usual, other, data = "microsoft-cloud-agreement", "microsoft-customer-agreement", tmp_path / "data"
    agreegate("directory", "apply", CAST, "--data", data)
    agreegate("programme", "use", usual, "--data", data)
    ours, theirs = os.openpty()
    with os.fdopen(ours, "w") as keys, os.fdopen(theirs) as terminal:
        keys.write(f"{typed}\n")
        keys.flush()
        monkeypatch.setattr("sys.stdin", terminal)
        assert agreegate("programme", "use", other, "--data", data).status == status
    result = agreegate("programme", "use", usual, "--dry-run", "--data", data).out
    assert ("already" in result) is (found == usual)


@pytest.mark.fault("B9")
def test_a_change_that_cannot_be_made_is_reported(agreegate: Agreegate, tmp_path: Path) -> None:
    for arguments, status in ((("nix",), 2), (("microsoft-cloud-agreement",), 1), ((tmp_path / "no.toml",), 2)):
        result = agreegate("programme", "use", *arguments, "--data", tmp_path / "nowhere")
        assert (result.status, result.out, len(result.err.splitlines())) == (status, "", 1)
    assert not (tmp_path / "nowhere").exists()


async def confirmed(data: Path) -> None:
    """The Cloud Agreement, for one customer."""
    store = SqliteStore(data / "agreegate.db")
    partner = await store.read(lambda uow: partner_of(uow, cast.ALDER))
    assert partner is not None
    actor = Actor(partner, frozenset({Role.SALES_AGENT}), UserId(cast.ALDER_SALES))
    await store.write(lambda uow: confirm(uow, call(actor), load(), cast.CEDAR, DRAFT_CONFIRMATION))
    store.close()
