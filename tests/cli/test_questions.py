"""`agreegate questions`: 35 questions, answered in the user's language for a partner and a date."""

import pytest

from agreegate.domain.partner import PartnerKind
from agreegate.i18n import LANGUAGES, catalogue, text
from agreegate.questions.table import QUESTIONS
from tests.cli.conftest import Agreegate

IDS = [question.id for question in QUESTIONS]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(PartnerKind))
def test_all_of_them_are_answered_for_every_kind_of_partner(agreegate: Agreegate, kind: str, language: str) -> None:
    result = agreegate("questions", "--partner-kind", kind, "--at", "2018-11-07", language=language)
    assert (result.status, result.err) == (0, "")
    heads = [line for line in result.out.splitlines() if line[:1] in "PLT" and line[1:2].isdigit()]
    assert [head.split()[0] for head in heads] == IDS
    for head in heads:
        assert head[5:] == catalogue(language)[f"question.{head.split()[0]}"]
    shown = text("cli.questions.show-me", language, path="")
    assert len([line for line in result.out.splitlines() if line.startswith(f"     {shown}/")]) == len(IDS)
    for line in result.out.splitlines():
        assert not line.startswith("     ") or line.endswith("]") or line.startswith(f"     {shown}/")


@pytest.mark.rule("R3", "R11")
def test_one_question_at_a_date(agreegate: Agreegate) -> None:
    out = agreegate("questions", "l3", "--at", "2018-11-07").out
    assert out.startswith("Microsoft Cloud Agreement, 7 November 2018\n")
    bought = text("answer.outcome.deny.allow", "en", action=text("answer.action.new_purchase", "en"))
    renewed = text("answer.outcome.allow.allow", "en", action=text("answer.action.auto_renewal", "en"))
    assert f"     {bought} [R9, R2]\n" in out
    assert f"     {renewed} [R11]\n" in out
    assert out.endswith(f"     {text('cli.questions.show-me', 'en', path='/customers/…/order')}\n")
    assert out.count("?") == 1
    before = agreegate("questions", "l3", "--at", "2018-11-06").out
    dated = text("cli.questions.show-me-on", "en", path="/customers/…/order", date="7 November 2018")
    assert before.endswith(f"     {dated}\n")


def test_language_and_programme_can_be_named(agreegate: Agreegate) -> None:
    out = agreegate(
        "questions", "L14", "--at", "2020-02-01", "--programme", "microsoft-customer-agreement", "--lang", "fr"
    ).out
    assert out.startswith("Contrat client Microsoft, 1er février 2020\n\nLes règles\n")
    assert f"     {text('answer.L14.today', 'fr', agreement='Microsoft Customer Agreement')} [R32]\n" in out
    assert "le contrat client Microsoft." in out


@pytest.mark.rule("R31")
def test_a_national_cloud_reads_that_nothing_is_asked(agreegate: Agreegate) -> None:
    out = agreegate("questions", "L3", "--cloud", "us_government", "--account", "sandbox").out
    first, second = out.splitlines()[5:7]
    assert first == f"     {text('answer.absent', 'en', cloud=text('answer.cloud.us_government', 'en'))} [R31]"
    assert second == f"     {text('answer.L3.national', 'en')} [R31]"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (["questions", "L20"], "There is no question L20. Questions are P1 to P6"),
        (["questions", "--programme", "nix"], "microsoft-cloud-agreement"),
        (["questions", "--at", "soon"], "soon"),
        (["questions", "--partner-kind", "friend"], "friend"),
    ],
)
def test_wrong_use_is_reported(agreegate: Agreegate, typed: list[str], sentence: str) -> None:
    result = agreegate(*typed)
    assert (result.status, result.out) == (2, "")
    assert sentence in result.err


def test_every_rule_named_is_printed_by_the_rules_command(agreegate: Agreegate) -> None:
    out = agreegate("questions", "--at", "2018-11-07").out
    known = {line.split()[0] for line in agreegate("rules").out.splitlines() if line and not line.startswith(" ")}
    named = {
        rule for line in out.splitlines() if line.endswith("]") for rule in line.rpartition("[")[2][:-1].split(", ")
    }
    assert named <= known
    assert len(named) == 50
