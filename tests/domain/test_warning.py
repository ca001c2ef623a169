"""What speaks against the acceptor's address: whole domains and those below, in any spelling, and never an error (X14)."""

import pytest

from agreegate.domain.warning import AcceptorWarning, warnings

PARTNER, RESELLER, OWN = AcceptorWarning.PARTNER_DOMAIN, AcceptorWarning.RESELLER_DOMAIN, AcceptorWarning.OWN_ADDRESS


@pytest.mark.rule("R24")
@pytest.mark.parametrize(
    ("email", "found"),
    [
        ("nora@cedar.example", ()),
        ("nora@alder.example", (PARTNER,)),
        ("NORA@Alder.EXAMPLE", (PARTNER,)),
        ("nora@mail.alder.example", (PARTNER,)),
        ("nora@notalder.example", ()),
        ("nora@alder.example.com", ()),
        ("nora@example", ()),
        ("alder.example@cedar.example", ()),
        ('"a@alder.example"@cedar.example', ()),
        ("nora@birch.example", (RESELLER,)),
        ("nora@eu.birch.example", (RESELLER,)),
        ("nora@müller.example", (PARTNER,)),
        ("nora@MÜLLER.example", (PARTNER,)),
        ("nora@xn--mller-kva.example", (PARTNER,)),
        ("nora@post.xn--mller-kva.example", (PARTNER,)),
        ("nora@forêt.example", (RESELLER,)),
        ("sales@alder.example", (PARTNER, OWN)),
        ("Sales@ALDER.example ", (PARTNER, OWN)),
        ("nora@[10.0.0.1]", ()),
        ("", ()),
        ("no address", ()),
    ],
)
def test_an_address_of_the_partners_side_is_noticed(email: str, found: tuple[AcceptorWarning, ...]) -> None:
    partner = ["alder.example", "müller.example"]
    resellers = ["birch.example", "xn--fort-ipa.example"]
    assert warnings(email, partner, resellers, ["sales@alder.example"]) == found


@pytest.mark.parametrize(
    ("user_name", "found"),
    [
        ("ops@cloud.example", (OWN,)),
        ("OPS@CLOUD.example", (OWN,)),
        ("other@cloud.example", ()),
        (None, ()),
        ("ops", ()),
    ],
)
def test_the_confirming_users_own_address_is_noticed_whatever_its_domain(
    user_name: str | None, found: tuple[AcceptorWarning, ...]
) -> None:
    assert warnings("ops@cloud.example", [], [], [user_name]) == found


@pytest.mark.rule("R24", "R28")
def test_the_employee_behind_a_designated_account_is_the_one_who_confirms() -> None:
    assert warnings("robin@home.example", [], [], ["marketplace@alder.example", "Robin@Home.example"]) == (OWN,)


def test_a_domain_in_two_lists_is_reported_twice() -> None:
    assert warnings("a@shared.example", ["shared.example"], ["shared.example"], []) == (PARTNER, RESELLER)


@pytest.mark.parametrize("domain", ["", ".", "a..b", "x" * 300 + ".example", "ü" * 100, "\u202ealder.example"])
def test_a_domain_that_no_name_system_can_encode_breaks_nothing(domain: str) -> None:
    assert warnings(f"a@{domain}", ["alder.example"], [domain], [None]) in ((), (RESELLER,))
