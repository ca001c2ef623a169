"""The made-up programme of `docs/programmes.md` is read by the real reader, and does what the page says."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agreegate.domain.actor import Channel
from agreegate.domain.agreements.agreement import AgreementType, TemplateId
from agreegate.domain.error import Rejected
from agreegate.domain.gate import Verdict, decide
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.partner import Cloud
from agreegate.domain.reason import Code
from agreegate.domain.standing import Current, Standing
from agreegate.programme import EXTENSIONS, read
from agreegate.toml_input import TomlFile
from tests.files import sentence

PAGE = (Path(__file__).parent.parent / "docs" / "programmes.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
FILE = "larkspur.toml"
LARKSPUR = read(TomlFile(EXAMPLE, FILE))
NEW, OLD = LARKSPUR.templates


def day(date: str) -> datetime:
    return datetime.fromisoformat(date).replace(tzinfo=UTC)


def standing(confirmed: str | None) -> Standing:
    """A customer of the partner, with one confirmation of the agreement type or none."""
    if confirmed is None:
        return Standing(related=True)
    template = LARKSPUR.of_type(confirmed)
    assert template is not None
    agreed = day("2027-01-05")
    current = Current(AgreementType(confirmed), TemplateId(template.id), agreed, agreed, sequence=1)
    return Standing(related=True, current=(current,))


@pytest.mark.parametrize(
    ("confirmed", "channel", "date", "verdict"),
    [
        (None, Channel.DASHBOARD, "2027-01-31", Verdict.ALLOW),
        (None, Channel.DASHBOARD, "2027-02-01", Verdict.DENY),
        (None, Channel.API, "2027-03-31", Verdict.ALLOW),
        (None, Channel.API, "2027-04-01", Verdict.DENY),
        ("LarkspurCloudTerms", Channel.API, "2027-04-01", Verdict.ALLOW),
        ("LarkspurCustomerTerms", Channel.API, "2027-09-30", Verdict.DENY),
        ("LarkspurCustomerTerms", Channel.API, "2027-10-01", Verdict.ALLOW),
        ("LarkspurCloudTerms", Channel.API, "2027-12-31", Verdict.ALLOW),
        ("LarkspurCloudTerms", Channel.API, "2028-01-01", Verdict.DENY),
    ],
)
def test_the_gate_opens_and_closes_on_the_days_the_page_names(
    confirmed: str | None, channel: Channel, date: str, verdict: Verdict
) -> None:
    transaction = Transaction(Action.NEW_PURCHASE, channel)
    assert decide(transaction, standing(confirmed), LARKSPUR, Cloud.PUBLIC, day(date)).verdict is verdict


def test_recording_starts_stops_and_refuses_repeats_on_the_days_the_page_names() -> None:
    assert not LARKSPUR.exists(day("2026-12-31"))
    assert LARKSPUR.exists(day("2027-01-01"))
    assert not OLD.retired(day("2028-02-29"))
    assert OLD.retired(day("2028-03-01"))
    assert NEW.refuses_duplicates(day("2027-10-01"))
    assert not OLD.refuses_duplicates(day("2028-03-01"))


def test_nothing_is_asked_in_the_cloud_the_page_leaves_out() -> None:
    transaction = Transaction(Action.NEW_PURCHASE, Channel.API)
    assert decide(transaction, standing(None), LARKSPUR, Cloud.US_GOVERNMENT, day("2028-01-01")).allowed


def test_without_enforcement_dates_the_gate_only_watches() -> None:
    table = re.compile(r"\[enforce_from\]\n.*?\n\n", re.DOTALL)
    watching = read(TomlFile(table.sub("", EXAMPLE), FILE))
    transaction = Transaction(Action.NEW_PURCHASE, Channel.API)
    decision = decide(transaction, standing(None), watching, Cloud.PUBLIC, day("2028-01-01"))
    assert decision.allowed
    assert [advisory.code for advisory in decision.advisories] == [Code.CONFIRMATION_MISSING]
    assert not decide(transaction, Standing(related=False), watching, Cloud.PUBLIC, day("2028-01-01")).allowed


def test_the_page_explains_every_key_there_is() -> None:
    """The error for an unknown key lists the known ones: those are the ones to explain."""
    explained = [set(re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)) for part in PAGE.split("And of a template:")]
    for wrong, keys in (("nonsense = 1\n" + EXAMPLE, explained[0]), (EXAMPLE + "nonsense = 1\n", explained[1])):
        with pytest.raises(Rejected) as refused:
            read(TomlFile(wrong, FILE))
        assert set(str(refused.value.parameters["detail"]).split(", ")) == keys
    marked = set(re.findall(r"^\| `(\w+)` \| \w+ \| \*extension\.\*", PAGE, re.MULTILINE))
    assert marked == EXTENSIONS


def test_a_mistake_is_answered_with_the_sentence_on_the_page() -> None:
    with pytest.raises(Rejected) as refused:
        read(TomlFile(EXAMPLE.replace("opens_from", "opens_form"), FILE))
    assert sentence(refused.value, "en") in PAGE
