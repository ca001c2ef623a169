"""Programme files: the shipped ones say what the published process says; a malformed one names file, line and reason."""

from datetime import UTC, datetime

import pytest

from agreegate.domain.actor import Channel
from agreegate.domain.error import Rejected
from agreegate.domain.partner import Cloud
from agreegate.domain.programme import Programme, StaleRule
from agreegate.programme import load, read, shipped
from agreegate.toml_input import TomlFile
from tests.files import sentence
from tests.personas import CLOUD_AGREEMENT, CUSTOMER_AGREEMENT

SEED = load("microsoft-cloud-agreement")
LATER = load("microsoft-customer-agreement")


def programme_of(text: str) -> Programme:
    return read(TomlFile(text, "pinecone.toml"))


def day(year: int, month: int, of_month: int) -> datetime:
    return datetime(year, month, of_month, tzinfo=UTC)


def test_both_programmes_are_shipped() -> None:
    assert shipped() == ("microsoft-cloud-agreement", "microsoft-customer-agreement")


@pytest.mark.rule("R1", "R3", "R4", "R5", "R30", "R31")
def test_the_seed_has_the_published_dates_and_regions() -> None:
    assert SEED.starts == day(2018, 8, 7)
    assert SEED.enforce_from == {Channel.DASHBOARD: day(2018, 11, 7), Channel.API: day(2019, 3, 22)}
    assert SEED.unsupported_clouds == {Cloud.US_GOVERNMENT, Cloud.GERMANY, Cloud.CHINA}
    assert SEED.stale_rule is StaleRule.ADVISE


@pytest.mark.parametrize(
    ("programme", "template", "at", "opens"),
    [
        (SEED, CLOUD_AGREEMENT, day(2018, 8, 7), True),
        (SEED, CLOUD_AGREEMENT, day(2026, 1, 1), True),
        (SEED, CUSTOMER_AGREEMENT, day(2019, 9, 30), False),
        (SEED, CUSTOMER_AGREEMENT, day(2019, 10, 1), True),
        (LATER, CLOUD_AGREEMENT, day(2020, 1, 31), True),
        (LATER, CLOUD_AGREEMENT, day(2020, 2, 1), False),
        (LATER, CUSTOMER_AGREEMENT, day(2019, 10, 1), True),
    ],
)
def test_which_agreement_opens_the_gate_is_dated(programme, template, at, opens) -> None:
    assert programme.opens_gate(template, at) is opens


def test_the_cloud_agreements_template_retires_only_in_the_later_programme() -> None:
    assert not SEED.template(CLOUD_AGREEMENT).retired(day(2026, 1, 1))
    assert not LATER.template(CLOUD_AGREEMENT).retired(day(2020, 3, 30))
    assert LATER.template(CLOUD_AGREEMENT).retired(day(2020, 3, 31))


@pytest.mark.fault("D11")
def test_a_version_is_loaded_by_its_name_and_the_newest_without_it() -> None:
    first, second = load("microsoft-cloud-agreement@1"), load("microsoft-cloud-agreement@2")
    assert (first.policy, second) == ("microsoft-cloud-agreement@1", SEED)
    assert load("microsoft-customer-agreement@1") == LATER
    dates = [one.template(CUSTOMER_AGREEMENT).duplicates_refused_from for one in (first, second, LATER)]
    assert dates == [day(2018, 8, 7), day(2021, 1, 14), day(2021, 1, 14)]
    for unknown in ("microsoft-cloud-agreement@3", "microsoft-cloud-agreement@", "microsoft-cloud-agreement@01",
                    "microsoft-customer-agreement@2", "@1", "", "../programmes/microsoft-cloud-agreement"):  # fmt: skip
        with pytest.raises(Rejected) as refused:
            load(unknown)
        assert refused.value.code == "programme.unknown"


WHOLE = """\
name = "pinecone-licence"
version = 3
title = "Pinecone Licence"
starts = 2024-01-01
default_agreement_type = "PineconeLicence"
unsupported_clouds = []

[enforce_from]
api = 2024-06-01T00:00:00Z

[[template]]
id = "0a0a0a0a-0000-4000-8000-000000000001"
agreement_type = "PineconeLicence"
link = "https://pinecone.example/licence"
"""


@pytest.mark.rule("X5")
def test_a_programme_may_refuse_older_texts_from_a_grace_date_on() -> None:
    programme = programme_of(f'stale_rule = "refuse"\nstale_from = 2024-09-01\n{WHOLE}')
    assert programme.stale_from == day(2024, 9, 1)
    assert [programme.denies_outdated(at) for at in (day(2024, 8, 31), day(2024, 9, 1))] == [False, True]
    assert not programme_of(WHOLE).denies_outdated(day(2024, 9, 1))


def test_another_vendor_needs_no_code() -> None:
    programme = programme_of(WHOLE)
    assert programme.policy == "pinecone-licence@3"
    assert programme.enforce_from == {Channel.API: day(2024, 6, 1), Channel.DASHBOARD: None}


@pytest.mark.parametrize(
    ("old", "new", "key", "line", "field"),
    [
        ("version = 3", "version = 'three'", "programme.not-positive", 2, "version"),
        ("version = 3", "version = true", "programme.not-positive", 2, "version"),
        ("version = 3", "version = 0", "programme.not-positive", 2, "version"),
        ("version = 3", "version = = 3", "toml.not-toml", 2, ""),
        ('link = "https://pinecone.example/licence"', "link =", "toml.not-toml", 14, ""),
        ('name = "pinecone-licence"', 'name = "Pine Cone"', "programme.bad.name", 1, "name"),
        ("starts = 2024-01-01", "", "toml.missing", 1, "starts"),
        ("starts = 2024-01-01", "starts = 'soon'", "toml.not-date", 4, "starts"),
        ("unsupported_clouds = []", "unsupported_clouds = ['moon']", "toml.not-one-of", 6, "unsupported_clouds"),
        ("unsupported_clouds = []", "stale_rule = 'shrug'", "toml.not-one-of", 6, "stale_rule"),
        ("unsupported_clouds = []", "stale_from = 2025-01-01", "programme.grace-needs-refuse", 6, "stale_from"),
        ("unsupported_clouds = []", "trial_offers = ['half a trial']", "programme.not-offer", 6, "trial_offers"),
        ("unsupported_clouds = []", "trial_offers = [7]", "programme.not-offer", 6, "trial_offers"),
        ("unsupported_clouds = []", "trial_offers = 'none'", "programme.not-offer", 6, "trial_offers"),
        ("unsupported_clouds = []", "stale = 'refuse'", "toml.unknown-field", 6, "stale"),
        ("api = 2024", "fax = 2024", "toml.unknown-field", 9, "enforce_from.fax"),
        ('id = "0a0a0a0a-0000', 'id = "0a0a', "toml.not-guid", 12, "template.id"),
        ('default_agreement_type = "PineconeLicence"', 'default_agreement_type = "Lease"', "programme.no-such-type", 5,
         "default_agreement_type"),
        ('link = "https://', 'link = "ftp://', "programme.bad.link", 14, "template.link"),
        ('link = "https://pinecone.example/licence"', "", "toml.missing", 11, "template.link"),
        ('link = "https://pinecone.example/licence"', "link = 1", "programme.bad.link", 14, "template.link"),
        ('agreement_type = "P', 'agreement_type = "1P', "programme.bad.agreement_type", 13, "template.agreement_type"),
        ("version = 3", "version = 3\nstarts_at = 1", "toml.unknown-field", 3, "starts_at"),
        ("[[template]]", "[template]", "toml.not-list", 11, "template"),
    ],
)  # fmt: skip
def test_a_malformed_file_names_line_field_and_reason(old: str, new: str, key: str, line: int, field: str) -> None:
    assert old in WHOLE
    with pytest.raises(Rejected) as refused:
        programme_of(WHOLE.replace(old, new))
    assert (refused.value.code, refused.value.parameters["line"], refused.value.parameters.get("name", "")) == (
        key,
        line,
        field,
    )
    for language in ("en", "fr"):
        assert "pinecone.toml" in sentence(refused.value, language)


def test_a_programme_that_is_not_there_is_named_with_those_that_are(tmp_path) -> None:
    with pytest.raises(Rejected) as unknown:
        load("nowhere")
    assert "microsoft-cloud-agreement" in sentence(unknown.value, "en")
    with pytest.raises(Rejected) as unreadable:
        load(str(tmp_path / "nowhere.toml"))
    assert unreadable.value.code == "file.unreadable"


def test_a_file_in_another_encoding_is_reported(tmp_path) -> None:
    file = tmp_path / "latin.toml"
    file.write_bytes(WHOLE.replace("Pinecone Licence", "Pomme de pin agréée").encode("latin-1"))
    with pytest.raises(Rejected) as refused:
        load(str(file))
    assert "UTF-8" in sentence(refused.value, "en")


def test_the_second_template_is_named_by_its_own_line() -> None:
    second = '\n[[template]]\nid = "0a0a0a0a-0000-4000-8000-000000000002"\nagreement_type = "Later"\n'
    with pytest.raises(Rejected) as refused:
        programme_of(WHOLE + second)
    assert sentence(refused.value, "en") == ("pinecone.toml, line 16: template.link is missing. Add it.")


@pytest.mark.parametrize(
    "written", ["2024-01-01", "2024-01-01T00:00:00", "2024-01-01T00:00:00Z", "2024-01-01T02:00:00+02:00"]
)
def test_an_instant_without_a_zone_is_in_utc(written: str) -> None:
    assert programme_of(WHOLE.replace("starts = 2024-01-01", f"starts = {written}")).starts == day(2024, 1, 1)


def test_a_file_may_not_take_a_shipped_programmes_name(tmp_path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(WHOLE.replace("pinecone-licence", "microsoft-cloud-agreement"))
    with pytest.raises(Rejected) as refused:
        load(str(file))
    assert refused.value.code == "programme.name-taken"
