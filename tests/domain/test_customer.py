"""What a customer must be before it can be created."""

import sys
from dataclasses import replace

import pytest

from agreegate.domain.customers.customer import (
    Address,
    CustomerDraft,
    checked_address,
    checked_draft,
    search_key,
    text_language,
    violations_of,
)
from agreegate.domain.error import ErrorCode
from agreegate.domain.partner import Cloud
from agreegate.locales import country_codes
from tests.domain.drafts import ADDRESS, CUSTOMER
from tests.rejection import rejected

COUNTRIES = country_codes(Cloud.PUBLIC)
ANY_SCRIPT = (
    "株式会社 ☀",
    "株式会社\u3000山田商店",
    "Société\u00a0Générale\u202f!",
    "نرم\u200cافزار",
    "क्\u200dष",
    "\u200fעברית\u200e",
)
"""Names with ideographic and no-break spaces, ZWNJ, ZWJ and directional marks."""
NUMBERS = {
    "AM": "12345678",
    "AZ": "1234567890",
    "BY": "123456789",
    "HU": "12345678-1-42",
    "KG": "12345678901234",
    "KZ": "123456789012",
    "MD": "1234567890123",
    "RU": "1234567890",
    "TJ": "123456789",
    "UA": "12345678",
    "UZ": "123456789",
}


def placed(**changes: str) -> CustomerDraft:
    return replace(CUSTOMER, address=replace(ADDRESS, **changes))


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (CUSTOMER, CUSTOMER),
        (replace(CUSTOMER, domain=" Contoso.EXAMPLE ", culture="EN-us"), CUSTOMER),
        (placed(country="us", city=" Redmond "), CUSTOMER),
        (replace(CUSTOMER, registration_number="  "), CUSTOMER),
        (replace(CUSTOMER, culture="SR-latn-rs"), replace(CUSTOMER, culture="sr-Latn-RS")),
        *((replace(CUSTOMER, company_name=name), replace(CUSTOMER, company_name=name)) for name in ANY_SCRIPT),
        (placed(state="", line2="", postal_code="", phone=""), placed(state="", line2="", postal_code="", phone="")),
    ],
)
def test_a_draft_is_kept_in_one_spelling(written: CustomerDraft, kept: CustomerDraft) -> None:
    assert checked_draft(written, COUNTRIES) == kept


@pytest.mark.fault("D18")
@pytest.mark.parametrize("language", ["En", "pt-PT", "PT-pt", "fil", "fil-PH", "sr-Latn-RS", "zh-Hant", "es-419"])
def test_a_language_is_a_code_or_a_culture_and_is_kept_as_given(language: str) -> None:
    assert checked_draft(replace(CUSTOMER, language=f" {language} "), COUNTRIES).language == language


@pytest.mark.fault("D18")
@pytest.mark.parametrize(
    ("language", "culture", "read"),
    [
        ("pt-PT", "pt-PT", "pt-PT"),
        ("pt-PT", "pt-BR", "pt-PT"),
        ("pt-PT", "en-US", "pt-PT"),
        ("pt", "pt-BR", "pt-BR"),
        ("PT", "pt-BR", "pt-BR"),
        ("pt", "en-US", "pt"),
        ("fr", "de-CH", "fr"),
        ("fil", "fil-PH", "fil-PH"),
        ("fi", "fil-PH", "fi"),
        ("en", "en-GB", "en-GB"),
        ("en", "fr-FR", "fr-FR"),
        ("En", "de-DE", "de-DE"),
    ],
)
def test_texts_are_found_in_the_language_that_somebody_chose(language: str, culture: str, read: str) -> None:
    assert text_language(language, culture) == read


@pytest.mark.rule("R19")
@pytest.mark.parametrize(
    ("draft", "name"),
    [
        (replace(CUSTOMER, domain=""), "domain"),
        (replace(CUSTOMER, domain="contoso"), "domain"),
        (replace(CUSTOMER, domain="con toso.example"), "domain"),
        (replace(CUSTOMER, domain="-contoso.example"), "domain"),
        (replace(CUSTOMER, domain="contoso.example."), "domain"),
        (replace(CUSTOMER, domain="192.0.2.1"), "domain"),
        (replace(CUSTOMER, domain="x" * 64 + ".example"), "domain"),
        (replace(CUSTOMER, domain="x." * 124 + "example"), "domain"),
        (replace(CUSTOMER, company_name=" "), "company_name"),
        (replace(CUSTOMER, company_name="\u200b \u202e"), "company_name"),
        (placed(last_name="\u2060"), "address.last_name"),
        (replace(CUSTOMER, company_name="x" * 201), "company_name"),
        (replace(CUSTOMER, company_name="Con\ntoso"), "company_name"),
        (replace(CUSTOMER, email="nobody"), "email"),
        (replace(CUSTOMER, culture="english"), "culture"),
        (replace(CUSTOMER, culture=""), "culture"),
        (replace(CUSTOMER, language="e"), "language"),
        (replace(CUSTOMER, language="english"), "language"),
        (replace(CUSTOMER, language="pt-"), "language"),
        (replace(CUSTOMER, language="pt_PT"), "language"),
        (replace(CUSTOMER, language="pt-PT-PT"), "language"),
        (replace(CUSTOMER, language="e1"), "language"),
        (placed(country="USA"), "address.country"),
        (placed(country=""), "address.country"),
        (placed(city=""), "address.city"),
        (placed(line1=" "), "address.line1"),
        (placed(line1="x" * 201), "address.line1"),
        (placed(line2="x" * 201), "address.line2"),
        (placed(state="WAS"), "address.state"),
        (placed(first_name=""), "address.first_name"),
        (placed(first_name="x" * 51), "address.first_name"),
        (placed(last_name=""), "address.last_name"),
        (placed(last_name="Be\x00rg"), "address.last_name"),
    ],
)
def test_what_is_missing_or_breaks_a_limit_is_named(draft: CustomerDraft, name: str) -> None:
    with rejected("request.invalid-property") as refused:
        checked_draft(draft, COUNTRIES)
    assert refused.value.parameters["name"] == name


@pytest.mark.parametrize(("country", "number"), NUMBERS.items())
def test_some_countries_ask_for_a_registration_number_and_a_phone(country: str, number: str) -> None:
    draft = replace(placed(country=country), registration_number=number)
    assert checked_draft(draft, COUNTRIES).registration_number == number
    refused_drafts: list[tuple[CustomerDraft, ErrorCode]] = [
        (replace(draft, registration_number=None), "customer.registration-missing"),
        (replace(draft, registration_number=f"{number}X"), "customer.registration-malformed"),
        (replace(draft, registration_number="٣" * len(number)), "customer.registration-malformed"),
        (replace(draft, address=replace(draft.address, phone="")), "customer.phone-missing"),
    ]
    for refused, kind in refused_drafts:
        with rejected(kind):
            checked_draft(refused, COUNTRIES)


@pytest.mark.parametrize(("country", "nearest"), [("UK", "GB"), ("uk", "GB"), ("EL", "GR"), ("ZZ", None), ("CN", None)])
def test_a_country_is_one_of_the_table(country: str, nearest: str | None) -> None:
    with rejected("customer.country-meant" if nearest else "customer.country-unknown") as refused:
        checked_draft(placed(country=country), COUNTRIES)
    named = {"name": "address.country", "country": country.upper()}
    assert refused.value.parameters == named | ({"nearest": nearest} if nearest else {})


def test_partners_of_the_china_cloud_have_customers_in_china() -> None:
    assert checked_draft(placed(country="cn"), country_codes(Cloud.CHINA)).address.country == "CN"


def test_everything_that_is_wrong_is_named_at_once() -> None:
    blank = CustomerDraft("", "", "", "", "", Address("", "", ""))
    named = [str(fault.parameters["name"]).rpartition(".")[2] for fault in violations_of(blank, COUNTRIES)]
    expected = "email language country city line1 first_name last_name domain company_name culture"
    assert named == expected.split()
    asked = [fault.code for fault in violations_of(replace(placed(country="AM", phone=""), company_name=""), COUNTRIES)]
    assert asked == ["request.invalid-property", "customer.registration-missing", "customer.phone-missing"]
    assert violations_of(CUSTOMER, COUNTRIES) == []


def test_no_other_country_knows_a_registration_number() -> None:
    with rejected("customer.registration-not-supported"):
        checked_draft(replace(CUSTOMER, registration_number="12345678"), COUNTRIES)


def test_an_address_alone_needs_no_names() -> None:
    place = Address(country="fr", city="Lyon", line1="1 rue de la Paix")
    assert checked_address(place, COUNTRIES) == replace(place, country="FR")


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        *((typed, "frene") for typed in ("FRÊNE", "frêne", "Fre\u0302ne", "ＦＲÊＮＥ", "Frene")),
        ("Großmann & Söhne", "grossmann & sohne"),
        ("GROSSMANN", "grossmann"),
        ("İstanbul ISI ışı", "istanbul isi isi"),
        ("Œuvre Ærø Łódź Đurđević", "oeuvre aero lodz durdevic"),
        ("ﬁne №1", "fine no1"),
        ("\x00ce\x00dar", "cedar"),
        ("ﾃｽﾄ", "テスト"),
        ("서울전자", "서울전자"),
        ("אִילָן", "אילן"),
        ("مُحَمَّد", "محمد"),
    ],
)
def test_a_name_is_found_however_it_is_written(typed: str, key: str) -> None:
    assert search_key(typed) == key


def test_marks_that_make_another_letter_stay() -> None:
    assert search_key("がく") != search_key("かく")
    assert search_key("हिन्दी") == "हिन्दी"
    assert search_key("น้ำ") != search_key("นำ")


def test_folding_a_key_changes_nothing() -> None:
    for code in range(sys.maxunicode + 1):
        if not 0xD800 <= code < 0xE000:  # halves of characters
            key = search_key(chr(code))
            assert search_key(key) == key == search_key(chr(code).upper()) == search_key(chr(code).lower()), hex(code)


def test_names_of_both_languages_are_ordered_together_and_other_scripts_by_code_point() -> None:
    names = ["Zebra", "Érable", "Elm", "eau", "Œuvre", "Oak", "Ядро", "北京", "서울", "かえで"]
    assert sorted(names, key=search_key) == [
        "eau", "Elm", "Érable", "Oak", "Œuvre", "Zebra", "Ядро", "かえで", "北京", "서울",
    ]  # fmt: skip
