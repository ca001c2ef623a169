"""`agreegate questions`: 35 questions, answered in the user's language for a partner and a date."""

import pytest

from agreegate.domain.partner import PartnerKind
from agreegate.domain.question import questions
from agreegate.i18n import LANGUAGES, catalogue
from tests.cli.conftest import Agreegate

IDS = [question.id for question in questions()]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(PartnerKind))
def test_all_of_them_are_answered_for_every_kind_of_partner(agreegate: Agreegate, kind: str, language: str) -> None:
    said = agreegate("questions", "--partner-kind", kind, "--at", "2018-11-07", language=language)
    assert (said.status, said.err) == (0, "")
    heads = [line for line in said.out.splitlines() if line[:1] in "PLT" and line[1:2].isdigit()]
    assert [head.split()[0] for head in heads] == IDS
    for head in heads:
        assert head[5:] == catalogue(language)[f"question.{head.split()[0]}"]
    assert {line.rstrip()[-1] for line in said.out.splitlines() if line.startswith("     ")} >= {"]"}


@pytest.mark.rule("R3", "R11")
def test_one_question_at_a_date(agreegate: Agreegate) -> None:
    out = agreegate("questions", "l3", "--at", "2018-11-07").out
    assert out.startswith("Microsoft Cloud Agreement, 7 November 2018\n")
    assert "New purchase: passes by API, is refused on the dashboard. [R2, R9]" in out
    assert "Auto-renewal: passes on both channels. [R11]" in out
    assert "Show me: in the demo, /customers/…/order on 7 November 2018" in out
    assert out.count("?") == 1


def test_language_and_programme_can_be_named(agreegate: Agreegate) -> None:
    out = agreegate(
        "questions", "L14", "--at", "2020-02-01", "--programme", "microsoft-customer-agreement", "--lang", "fr"
    ).out
    assert out.startswith("Microsoft Customer Agreement, 1er février 2020\n\nLes règles\n")
    assert "Le contrat à confirmer aujourd’hui : Microsoft Customer Agreement. [R32]" in out


@pytest.mark.rule("R31")
def test_a_national_cloud_is_told_that_nothing_is_asked(agreegate: Agreegate) -> None:
    out = agreegate("questions", "L3", "--cloud", "us_government", "--account", "sandbox").out
    assert "Your account is in the US Government cloud: nothing is confirmed there" in out
    assert "is refused on" not in out


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (["questions", "L20"], "There is no question L20. Questions are P1 to P6"),
        (["questions", "--programme", "nix"], "microsoft-cloud-agreement"),
        (["questions", "--at", "soon"], "soon"),
        (["questions", "--partner-kind", "friend"], "friend"),
    ],
)
def test_wrong_use_is_told(agreegate: Agreegate, typed: list[str], sentence: str) -> None:
    said = agreegate(*typed)
    assert (said.status, said.out) == (2, "")
    assert sentence in said.err


def test_every_rule_named_is_printed_by_the_rules_command(agreegate: Agreegate) -> None:
    out = agreegate("questions", "--at", "2018-11-07").out
    known = {line.split()[0] for line in agreegate("rules").out.splitlines() if line and not line.startswith(" ")}
    named = {
        rule for line in out.splitlines() if line.endswith("]") for rule in line.rpartition("[")[2][:-1].split(", ")
    }
    assert named <= known
    assert len(named) == 50
