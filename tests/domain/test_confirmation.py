"""What makes a confirmation valid: who accepted, when, and of what; and when the same again is one too many (4.2)."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import idna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agreegate.domain.agreements.accepted_text import UNDETERMINED, AcceptedText, Basis
from agreegate.domain.agreements.text import Digest, VersionId
from agreegate.domain.confirmation import (
    CollectionDraft,
    Draft,
    Employee,
    Facts,
    PrimaryContact,
    Repeated,
    repeats,
    valid_email,
    violations_of,
    violations_of_contact,
    violations_of_employee,
)
from agreegate.domain.error import ErrorCode
from agreegate.domain.partner import PartnerId
from tests import personas as cast
from tests.domain.drafts import BROKEN, FACTS, NOW, TEMPLATE
from tests.texts import AMERICA, FRANCE

NOA = PrimaryContact("Noa", "Berg", "noa@contoso.example", "5550100")
BIRCH = PartnerId(cast.BIRCH)


@pytest.mark.fault("D21")
@pytest.mark.parametrize(
    "domain",
    [
        "paral·lel.cat",
        "COL·LEGI.cat",
        "カタ・カナ.jp",
        "・カナ.jp",
        "日本・東京.jp",
        "faß.de",
        "͵α.gr",
        "צ׳ק.co.il",
        "צה״ל.co.il",
        "پاک۽سنڌ.pk",
        "བོད་ཡིག.bt",
        "ශ්‍රී.lk",
        "نامه‌ای.com",
        "क्‌ष.भारत",
        "۱۲۳.ir",
        "xn--parallel-koa.cat",
    ],
)
def test_a_domain_may_have_what_idna_2008_allows(domain: str) -> None:
    idna.encode(domain.lower())
    assert valid_email(f"info@{domain}")


SCRIPTS = [
    "allL·",
    "アあ漢・ー々",
    "α͵βς",
    "אב׳״",
    "بنا۽۾\u200c",
    "بَنّ",
    "ཀཁ་ོ",
    "කර්\u200d\u200cීය",
    "कष्\u200c\u200dा",
    "а-й",
    "ßéñ",
    "กำ",
    "한글",
    "۱۲",
    "١٢",
]


@pytest.mark.fault("D21")
@settings(max_examples=400)
@given(st.sampled_from(SCRIPTS).flatmap(lambda script: st.text(script + "a1-", min_size=1, max_size=12)))
def test_whatever_idna_2008_registers_is_taken(label: str) -> None:
    try:
        idna.encode(label)
    except idna.IDNAError:
        return
    assert valid_email(f"a@{label}.example")


@pytest.mark.fault("D21")
@pytest.mark.parametrize(
    "domain",
    ["a·b.cat", "·l.cat", "l·.cat", "l·l", "l··l.cat", "·.cat", "a\u200cb.com", "a\u200db.com", "\u200c.com",
     "نا\u200dمه.com", "\u200cنا.com", "نا\u200c.com", "a\u2027b.com", "a\uff65\u00b7b.com", "a\u0e3fb.com"],
)  # fmt: skip
def test_signs_elsewhere_are_no_part_of_a_domain(domain: str) -> None:
    assert not valid_email(f"info@{domain}")


@pytest.mark.rule("R15", "R16")
@pytest.mark.parametrize(
    "address",
    [
        "noa@contoso.example",
        "x@example.com",
        "a@b.co",
        "FirstName.LastName@EasierReading.example",
        "very.common@example.com",
        "long.email-address-with-hyphens@and.subdomains.example.com",
        "user.name+tag+sorting@example.com",
        "name/surname@example.com",
        "mailhost!username@example.org",
        "user%example.com@example.org",
        "user-@example.org",
        "_______@example.com",
        "1234567890@example.com",
        "js#internal@proseware.example",
        "o'brien@example.ie",
        "!#$%&'*+-/=?^_`{|}~@example.org",
        "email@example.museum",
        "email@example-one.com",
        "js@proseware.com9",
        "noa@xn--bcher-kva.example",
        "a@" + "b" * 63 + ".example",
        '" "@example.org',
        '"john..doe"@example.org',
        '"noa@work"@example.org',
        r'"j\"s\""@proseware.example',
        r'"very.(),:;<>[]\".VERY.\"very@\\ \"very\".unusual"@strange.example.com',
        "postmaster@[123.123.123.123]",
        "j_9@[129.126.118.1]",
        "Pelé@example.com",
        "δοκιμή@παράδειγμα.δοκιμή",
        "我買@屋企.香港",
        "二ノ宮@黒川.日本",
        "медведь@с-балалайкой.рф",
        "संपर्क@डाटामेल.भारत",
        "user@تجربة.example",
        "noa@example." + "x" * 63,
        "n" * 242 + "@example.com",
    ],
)
def test_an_address_of_the_form_of_one_is_taken(address: str) -> None:
    assert valid_email(address)
    assert violations_of_contact(replace(NOA, email=f"  {address} ")) == []


@pytest.mark.rule("R16")
@pytest.mark.parametrize(
    "address",
    [
        "noa",
        "noa@",
        "@example.com",
        "abc.example.com",
        "admin@example",
        "a@b@c@example.com",
        r'a"b(c)d,e:f;g<h>i[j\k]l@example.com',
        'just"not"right@example.com',
        r'this is"not\allowed@example.com',
        r"this\ still\"not\\allowed@example.com",
        '""@example.com',
        '"noa@example.com',
        '"noa\\"@example.com',
        "i.like.underscores@but_they_are_not_allowed_in_this_part",
        ".noa@example.com",
        "noa.@example.com",
        "no..a@example.com",
        "noa@.example.com",
        "noa@example..com",
        "noa@example.com.",
        "noa@-example.com",
        "noa@example-.com",
        "noa@example.c-",
        "noa@111.222.333.44444",
        "noa@[256.1.1.1]",
        "noa@[1.2.3]",
        "noa@[1.2.3.4",
        "noa@1.2.3.4",
        "noa@[IPv6:2001:db8::1]",
        "noa@a b.example",
        "no a@example.com",
        "noa@example.com (Noa)",
        "Noa Berg <noa@example.com>",
        "mailto:noa@example.com",
        "noa@example.com,eve@example.com",
        "noa@example.com;eve@example.com",
        "noa@example,com",
        "noa@exam\\ple.com",
        "a@" + "b" * 64 + ".example",
        "n" * 243 + "@example.com",
        "noa@example.com\x00",
        "no\x00a@example.com",
        "no\ta@example.com",
        "noa@exam\nple.com",
        '"no\na"@example.com',
        "noa\x85@example.com",
        "\u202enoa@example.com",
        "noa\u200b@example.com",
        "noa@exam\u200fple.com",
        "no\u00a0a@example.com",
    ],
)
def test_anything_else_is_not(address: str) -> None:
    assert not valid_email(address)
    [violation] = violations_of_contact(replace(NOA, email=address))
    assert violation.code == "confirmation.invalid-email"
    assert violation.names == ("contact.email",)


@pytest.mark.rule("R16")
@pytest.mark.parametrize("unit", ['"', "\\", "a", ".", "a.", "a-", '"\\', "@", "é", "ा"])
def test_a_long_address_is_refused_at_once(unit: str) -> None:
    assert not valid_email("a@" + unit * 200_000)
    assert not valid_email(unit * 200_000)


@pytest.mark.rule("R15", "R24")
@pytest.mark.parametrize(
    "contact",
    [
        NOA,
        replace(NOA, phone=None),
        PrimaryContact("Ü", "李", "noa@contoso.example"),
        PrimaryContact("محمد", "العربي", "noa@contoso.example", "+49 (0)30 123-45 ext. 6"),
        PrimaryContact("\u200fנועה", "ברג", "noa@contoso.example"),
        PrimaryContact("Anne-Marie", "O’Neill d’Arc", "noa@contoso.example", "one ring after noon"),
        PrimaryContact("N" * 50, "B" * 50, "noa@contoso.example", "5" * 50),
        PrimaryContact("👩‍💻", "Zoë\u0308", "noa@contoso.example"),
    ],
)
def test_any_name_of_any_script_is_kept_as_it_is(contact: PrimaryContact) -> None:
    assert violations_of_contact(contact) == []
    assert contact.stripped() == contact


@pytest.mark.rule("R15")
def test_blanks_around_are_taken_off_and_a_blank_phone_is_none() -> None:
    blanks = PrimaryContact(" Noa\t", "\u00a0Berg ", " noa@contoso.example\n", "  ")
    assert violations_of_contact(blanks) == []
    assert blanks.stripped() == replace(NOA, phone=None)


@pytest.mark.rule("R15")
@pytest.mark.parametrize("member", [field.name for field in fields(PrimaryContact) if field.name != "phone"])
@pytest.mark.parametrize("missing", ["", "   ", "\u3000"])
def test_what_is_required_is_named_when_it_is_missing(member: str, missing: str) -> None:
    [violation] = violations_of_contact(replace(NOA, **{member: missing}))
    assert violation.code == "request.invalid-property"
    assert violation.parameters == {"name": f"contact.{member}"}


@pytest.mark.rule("R15")
@pytest.mark.parametrize("member", ["first_name", "last_name", "phone"])
@pytest.mark.parametrize("text", ["x" * 51, "a\x00b", "a\nb", "a\tb", "a\x7fb", "a\x85b", "a\x9fb", "a\ud800b"])
def test_text_that_is_too_long_or_holds_control_characters_is_refused(member: str, text: str) -> None:
    [violation] = violations_of_contact(replace(NOA, **{member: text}))
    assert violation.code == "request.invalid-property"
    assert violation.names == (f"contact.{member}",)


@pytest.mark.rule("R28")
def test_the_employee_behind_a_designated_account_needs_a_name_only() -> None:
    assert violations_of_employee(Employee(" Ada Quill ", " ", "")) == []
    assert Employee(" Ada Quill ", " ", "").stripped() == Employee("Ada Quill")
    assert violations_of_employee(Employee("A" * 100, "ada@alder.example", " 4711 ")) == []
    for member, wrong in (
        ("name", Employee("")),
        ("name", Employee("A" * 101)),
        ("email", Employee("Ada", "ada")),
        ("reference", Employee("Ada", None, "4" * 51)),
    ):
        [violation] = violations_of_employee(wrong)
        assert violation.names == (f"employee.{member}",)


@pytest.mark.rule("X11")
@pytest.mark.parametrize(
    ("ahead", "zoned", "accepted"),
    [
        (timedelta(days=-36_500), True, True),
        (timedelta(0), True, True),
        (timedelta(minutes=5), True, True),
        (timedelta(minutes=5, microseconds=1), True, False),
        (timedelta(days=1), True, False),
        (timedelta(hours=14), False, True),
        (timedelta(hours=14, microseconds=1), False, False),
    ],
)
def test_a_date_in_the_future_is_refused_beyond_what_clocks_and_zones_explain(
    ahead: timedelta, zoned: bool, accepted: bool
) -> None:
    draft = Draft(NOA, TEMPLATE.id, NOW + ahead, date_zoned=zoned)
    assert kinds(draft) == ([] if accepted else ["confirmation.agreed-in-future"])


def test_a_retired_template_is_refused_from_its_day_on() -> None:
    template = replace(TEMPLATE, confirm_until=NOW)
    draft = Draft(NOA, TEMPLATE.id, NOW - timedelta(days=9))
    assert kinds(draft, replace(FACTS, template=template, now=NOW - timedelta(microseconds=1))) == []
    assert kinds(draft, replace(FACTS, template=template)) == ["confirmation.template-retired"]


@pytest.mark.rule("R17", "R36")
@pytest.mark.parametrize(
    ("again", "is_repeat"),
    [
        (NOA, True),
        (replace(NOA, first_name="Nia"), False),
        (replace(NOA, first_name="noa"), False),
        (replace(NOA, last_name="Borg"), False),
        (replace(NOA, email="nia@contoso.example"), False),
        (replace(NOA, phone="5550101"), False),
        (replace(NOA, phone=None), False),
    ],
)
def test_a_repeat_has_all_four_members_the_same_and_is_refused_only_where_the_programme_does(
    again: PrimaryContact, is_repeat: bool
) -> None:
    refusing, current = replace(TEMPLATE, duplicates_refused_from=NOW), Repeated(NOA)
    assert repeats(again, None, current, refusing, NOW) is is_repeat
    assert not repeats(again, None, current, refusing, NOW - timedelta(microseconds=1))
    assert not repeats(again, None, current, TEMPLATE, NOW)
    assert not repeats(again, None, Repeated(None), refusing, NOW)
    draft, facts = Draft(again, refusing.id, NOW), replace(FACTS, template=refusing, current=current)
    assert kinds(draft, facts) == ["confirmation.already-exists"] * is_repeat
    assert kinds(replace(draft, date_agreed=None), facts) == ["request.invalid-property"], "nothing else is compared"


FIRST, SECOND = (AcceptedText(Basis.INFERRED, VersionId(name), AMERICA, Digest("0" * 64)) for name in ("1", "2"))


@pytest.mark.rule("R17", "R33", "R35", "R38")
@pytest.mark.parametrize(
    ("text", "accepted", "outdated", "is_repeat"),
    [
        (FIRST, FIRST, False, True),
        (replace(FIRST, basis=Basis.STATED, locale=None, digest=None, label="1"), FIRST, False, True),
        (replace(FIRST, locale=FRANCE, digest=Digest("1" * 64)), FIRST, False, True),
        (SECOND, FIRST, False, False),
        (FIRST, SECOND, False, False),
        (None, None, False, True),
        (UNDETERMINED, UNDETERMINED, False, True),
        (UNDETERMINED, None, False, True),
        (None, UNDETERMINED, False, True),
        (FIRST, None, False, False),
        (FIRST, UNDETERMINED, False, False),
        (None, FIRST, False, False),
        (UNDETERMINED, FIRST, False, False),
        (SECOND, FIRST, True, False),
        (FIRST, FIRST, True, False),
        (UNDETERMINED, UNDETERMINED, True, False),
    ],
)
def test_a_repeat_is_one_of_the_same_text_and_never_of_an_outdated_one(
    text: AcceptedText | None, accepted: AcceptedText | None, outdated: bool, is_repeat: bool
) -> None:
    refusing, current = replace(TEMPLATE, duplicates_refused_from=NOW), Repeated(NOA, accepted, outdated)
    assert repeats(NOA, text, current, refusing, NOW) is is_repeat
    assert not repeats(replace(NOA, phone=None), text, current, refusing, NOW)
    assert not repeats(NOA, text, current, TEMPLATE, NOW)


@pytest.mark.rule("R15", "R16", "R23", "R28", "R35")
def test_everything_that_is_wrong_is_found_at_once() -> None:
    facts = replace(FACTS, template=None, user_id=None, designated=False, resellers=frozenset(), published=())
    found = [(one.code, *one.names) for one in violations_of(BROKEN, facts)]
    assert found == [
        ("request.invalid-property", "contact.first_name"),
        ("request.invalid-property", "contact.last_name"),
        ("confirmation.invalid-email", "contact.email"),
        ("request.invalid-property", "contact.phone"),
        ("request.invalid-property", "employee.name"),
        ("confirmation.invalid-email", "employee.email"),
        ("request.invalid-property", "employee.reference"),
        ("confirmation.template-unknown", "template_id"),
        ("request.invalid-property", "date_agreed"),
        ("request.invalid-property", "collection.person"),
        ("confirmation.agreed-in-future", "collection.collected_on"),
        ("customer.reseller-not-linked", "collection.reseller_id"),
        ("access.user-required",),
        ("confirmation.not-designated", "employee"),
        ("text.version-unknown", "version"),
    ]


@pytest.mark.rule("R22", "R28")
def test_who_confirms_and_who_collects_is_compared_with_the_facts() -> None:
    draft = Draft(NOA, TEMPLATE.id, NOW, employee=Employee("Ada"), collection=CollectionDraft(BIRCH, "K" * 100, NOW))
    assert kinds(draft, facts := replace(FACTS, designated=True, resellers=frozenset({BIRCH}))) == []
    longer = replace(draft, collection=CollectionDraft(BIRCH, "K" * 101, NOW))
    assert [one.names for one in violations_of(longer, facts)] == [("collection.person",)]
    assert kinds(draft, replace(FACTS, user_known=False, designated=True)) == [
        "request.invalid-property",
        "confirmation.user-unknown",
    ]


@pytest.mark.rule("X11")
def test_a_day_lies_ahead_once_it_has_not_begun_where_customer_and_partner_are() -> None:
    day = datetime(2019, 2, 15, tzinfo=UTC)
    draft = Draft(NOA, TEMPLATE.id, day, date_zoned=False, collection=CollectionDraft(BIRCH, "Kim", day))
    facts = replace(FACTS, resellers=frozenset({BIRCH}))
    assert kinds(draft, facts) == []
    assert kinds(draft, replace(facts, latest_day=day)) == []
    assert kinds(draft, replace(facts, latest_day=day - timedelta(days=1))) == [
        "confirmation.agreed-in-future",
        "confirmation.agreed-in-future",
    ]


def kinds(draft: Draft, facts: Facts | None = None) -> list[ErrorCode]:
    return [one.code for one in violations_of(draft, facts or FACTS)]
