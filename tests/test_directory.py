"""Reading directory files: an error names its field and line."""

from pathlib import Path

import pytest

from agreegate.directory import read, written
from agreegate.domain.directory import ListedPartner, check
from agreegate.domain.error import Rejected
from agreegate.domain.partner import Cloud
from agreegate.i18n import LANGUAGES
from agreegate.locales import country_codes
from agreegate.toml_input import TomlFile
from tests.files import sentence

EXAMPLE = (Path(__file__).parents[1] / "docs" / "directory.example.toml").read_text(encoding="utf-8")


def described(text: str) -> tuple[ListedPartner, ...]:
    return read(TomlFile(text, "x.toml"))


def refused(text: str) -> Rejected:
    """What is wrong with a file, for a record that is empty."""
    try:
        file = TomlFile(text, "x.toml")
        check([], read(file), {cloud: country_codes(cloud) for cloud in Cloud})
    except Rejected as error:
        return error if "line" in error.parameters else file.refused(error.code, **error.parameters)
    pytest.fail("nothing is wrong")


def test_the_example_says_that_it_is_made_up() -> None:
    assert "made up" in EXAMPLE
    for listed in described(EXAMPLE):
        assert listed.partner.domain.endswith(".example")
        assert all(customer.draft.domain.endswith(".example") for customer in listed.customers)


def test_what_is_left_out_has_its_default() -> None:
    _, reseller = described(EXAMPLE)
    assert (reseller.partner.cloud, reseller.partner.account) == ("public", "production")
    assert reseller.mail_domains == {"willow.example"}
    assert (reseller.email, reseller.mpa_signed_at) == (None, None)
    assert [(user.active, user.designated) for user in reseller.users] == [(True, False)]


def test_what_is_written_reads_back_the_same() -> None:
    listed = described(EXAMPLE.replace("Rowan Florist", 'Rowan \\"Flór\\" \\\\ 花 Florist'))
    assert described(written(listed)) == listed


WRONG = [
    ('name = "Linden Distribution"\n', "", "toml.missing", "partner.name"),
    ('name = "Linden Distribution"', "name = 7", "toml.not-text", "partner.name"),
    ('name = "Linden Distribution"', 'name = "two\\nlines"', "directory.not-text", "partner.name"),
    ('name = "Linden Distribution"', 'name = "Linden', "toml.not-toml", "line"),
    ('name = "Linden Distribution"', 'nme = "Linden"', "toml.unknown-field", "partner.nme"),
    ('kind = "indirect_provider"', 'kind = "provider"', "toml.not-one-of", "partner.kind"),
    ('domain = "linden.example"', 'domain = "linden"', "directory.not-domain", "partner.domain"),
    ('"mail.linden.example"', "5", "toml.not-text", "partner.mail_domains"),
    ('mpn_id = "6660001"', 'mpn_id = "66-1"', "directory.not-number", "partner.mpn_id"),
    ('country = "DE"             #', 'country = "de" #', "directory.not-country", "partner.country"),
    ('culture = "de-DE"\nemail', 'culture = "german"\nemail', "directory.not-culture", "partner.culture"),
    ('email = "office@linden.example"', 'email = "office"', "directory.not-email", "partner.email"),
    ("mpa_signed = 2019-09-03", 'mpa_signed = "soon"', "toml.not-date", "partner.mpa_signed"),
    ('id = "0a110000-0000-4000-8000-0000000000a2"', 'id = "42"', "toml.not-guid", "partner.user.id"),
    ('name = "shop@linden.example"', 'name = "shop"', "directory.not-email", "partner.user.name"),
    ('roles = ["admin_agent"]', 'roles = ["admin"]', "toml.not-one-of", "partner.user.roles"),
    ("designated = true", 'designated = "yes"', "toml.not-boolean", "partner.user.designated"),
    ('language = "de"', 'language = "german"', "request.invalid-property", "partner.customer.language"),
    ('city = "Musterstadt"\n', "", "toml.missing", "partner.customer.contact.city"),
    ('email = "rosa@rowan.example"', 'email = "rosa"', "request.invalid-property", "partner.customer.contact.email"),
    ('phone = "000 000 11"', f'phone = "{"0" * 60}"', "request.invalid-property", "partner.customer.contact.phone"),
    ('country = "DE"\nlanguage', 'country = "HU"\nlanguage', "customer.registration-missing",
     "partner.customer.registration_number"),
    ('state = "ended" #', 'state = "gone" #', "toml.not-one-of", "partner.customer.state"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "key", "field"), WRONG, ids=[f"{w[3]}-{w[2]}" for w in WRONG])
def test_what_is_wrong_is_reported_with_its_place(old: str, new: str, key: str, field: str) -> None:
    assert old in EXAMPLE
    broken = EXAMPLE.replace(old, new, 1)

    error = refused(broken)

    assert (error.code, error.parameters.get("name", "line")) == (key, field)
    written_on = broken.splitlines()[int(error.parameters["line"]) - 1]
    if new and field != "line":
        assert new.splitlines()[0] in written_on or field.rpartition(".")[2] == "registration_number"
    for language in LANGUAGES:
        assert sentence(error, language).startswith("x.toml, ")


@pytest.mark.fault("D18")
@pytest.mark.parametrize(
    ("old", "new", "language"),
    [
        ('language = "de" # ', "# ", "de"),
        ('language = "de" # two or three letters, or a culture; default: that of `culture`\nculture = "de-DE"',
         'culture = "fil-PH"', "fil"),
        ('language = "de"', 'language = "pt-PT"', "pt-PT"),
        ('language = "de"', 'language = "deu"', "deu"),
    ],
)  # fmt: skip
def test_a_customers_language_is_that_of_its_culture_unless_it_is_given(old: str, new: str, language: str) -> None:
    assert old in EXAMPLE
    [draft] = [
        customer.draft
        for listed in described(EXAMPLE.replace(old, new, 1))
        for customer in listed.customers
        if customer.draft.company_name == "Rowan Florist"
    ]
    assert draft.language == language


def test_a_missing_field_is_reported_with_the_line_of_its_table() -> None:
    broken = EXAMPLE.replace('name = "shop@linden.example"\n', "")
    line = int(refused(broken).parameters["line"])
    assert broken.splitlines()[line - 1] == "[[partner.user]]"
    assert "0000000000a2" in broken.splitlines()[line]


def test_a_file_without_partners_is_refused() -> None:
    assert refused("# nothing\n").code == "directory.empty"
