"""What a search takes from what is typed, and the words by which a name is found."""

import pytest

from agreegate.domain.customers.customer_search import CustomerSearch, index_words, spaced_words
from tests import personas as cast


@pytest.mark.parametrize(
    ("typed", "words", "domain"),
    [
        ("", (), None),
        (" Cedar  bak ", ("cedar", "bak"), None),
        ("Cedar.Ex", ("cedar", "ex"), "cedar.ex"),
        ("ＣＥＤＡＲ．ｅｘ", ("cedar", "ex"), "cedar.ex"),
        ("& +", (), None),
        ("\x00a\u200fb", ("a", "b"), None),
        ("Frêne", ("frene",), "frene"),
        ("ced CED cédé", ("ced", "cede"), None),
        ("100% _ro*", ("100", "ro"), None),
        (" ".join("abcdefghij"), tuple("abcdefgh"), None),
        ("阿里", ("阿里",), None),
        ("株式会社ABC商事", ("株式会社", "abc", "商事"), None),
        ("x" * 500, ("x" * 32,), "x" * 200),
    ],
)
def test_what_is_typed_is_read(typed: str, words: tuple[str, ...], domain: str | None) -> None:
    search = CustomerSearch(typed)
    assert (search.words, search.domain) == (words, domain)


@pytest.mark.parametrize(
    ("typed", "customer"),
    [
        (cast.CEDAR, cast.CEDAR),
        ("{" + cast.CEDAR.upper() + "}", cast.CEDAR),
        (cast.CEDAR.replace("-", ""), cast.CEDAR),
        ("ceda0", "ceda0"),
        (" {CEDA0000-00", "ceda0000-00"),
        ("ceda000000", "ceda0000-00"),
        ("ceda0000-", "ceda0000-"),
        ("2020", "2020"),
        ("facadeface", "facadefa-ce"),
        ("ced", None),
        ("café", None),
        ("facade", None),
        ("ceda-0000", None),
        (cast.CEDAR + "0", None),
        ("cedar0", None),
        ("e140 studio", None),
    ],
)
def test_the_beginning_of_a_customer_id_is_read(typed: str, customer: str | None) -> None:
    assert CustomerSearch(typed).customer == customer


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Frêne Conseil", {"frene", "conseil"}),
        ("Murphy & O'Brien, O'Brien", {"murphy", "o", "brien"}),
        ("Großmann & Söhne GmbH", {"grossmann", "sohne", "gmbh"}),
        ("हिन्दी कंपनी", {"हिन्दी", "कंपनी"}),
        ("서울전자", {"서울전자", "울전자", "전자", "자"}),
        ("株式会社ABC商事", {"株式会社", "式会社", "会社", "社", "abc", "商事", "事"}),
        ("ﾃｽﾄ", {"テスト", "スト", "ト"}),
        ("Z" * 200, {"z" * 32}),
        ("&", set()),
    ],
)
def test_a_name_is_found_by_its_words(name: str, words: set[str]) -> None:
    assert index_words(name) == words
    assert index_words(spaced_words(name)) == words, "an upgrade takes them from the words in order"


def test_a_long_chinese_name_has_a_bounded_number_of_short_words() -> None:
    name = "".join(chr(0x4E00 + place) for place in range(200))
    words = index_words(name)
    assert len(words) == 200
    assert max(map(len, words)) == 32
    assert all(name[start : start + 40][:32] in words for start in range(200))


def test_words_are_spaced_in_their_order() -> None:
    assert spaced_words("Murphy & O'Brien 北京ABC") == " murphy o brien 北京 abc"
