"""`agreegate programme show`: dates and rules, and what goes beyond the published process."""

from importlib.resources import files
from pathlib import Path

import pytest

from agreegate.programme import load, shipped
from tests.cli.conftest import Agreegate


@pytest.mark.parametrize("name", shipped())
@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_is_shipped_is_the_published_process(agreegate: Agreegate, name: str, language: str) -> None:
    said = agreegate("programme", "show", name, language=language)
    assert (said.status, said.err) == (0, "")
    title, *lines = said.out.splitlines()
    assert f"({load(name).policy})" in title
    mark = {"en": "[as in the published process]", "fr": "[comme dans le processus publié]"}[language]
    assert all(line.endswith(mark) for line in lines)


@pytest.mark.rule("R1", "R3", "R4")
def test_the_dates_are_told(agreegate: Agreegate) -> None:
    out = agreegate("programme", "show").out
    for told in (
        "Confirmations can be recorded from: 2018-08-07T00:00:00Z",
        "Refusals begin (dashboard): 2018-11-07T00:00:00Z",
        "Refusals begin (API): 2019-03-22T00:00:00Z",
        "opens the gate from 2019-10-01T00:00:00Z, without end",
        "opens the gate since ever, without end",
        "china, germany, us_government",
    ):
        assert told in out
    history = agreegate("programme", "show", "microsoft-customer-agreement").out
    assert "opens the gate since ever, until 2020-02-01T00:00:00Z" in history
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
        "No refusal (dashboard)",
        "A confirmation of an older text",
        "That refusal starts on",
    ]
    for language, mark in (("en", "own"), ("fr", "propre")):
        lines = agreegate("programme", "show", file, language=language).out.splitlines()[1:]
        assert {line.rpartition("[")[2] for line in lines} == {f"{mark}]", "extension]"}


def test_unknown_and_broken_programmes_are_told(agreegate: Agreegate, tmp_path: Path) -> None:
    said = agreegate("programme", "show", "nix")
    assert (said.status, said.out) == (2, "")
    assert "microsoft-cloud-agreement" in said.err
    broken = tmp_path / "broken.toml"
    broken.write_text("name = = 1\n", encoding="utf-8")
    said = agreegate("programme", "show", broken)
    assert said.status == 2
    assert f"{broken}, line 1" in said.err
