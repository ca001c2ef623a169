"""Customers on the wire, as the contract's pages show them (contract 4.5, 4.7)."""

import asyncio
import json
from pathlib import Path

import pytest

from agreegate.directory import read, written
from agreegate.services.directory import apply_directory
from agreegate.storage.directory import listed_partners
from agreegate.toml_input import TomlFile
from tests import personas as cast
from tests.wire.requests import SELF, contoso, create
from tests.world import API_ENFORCED, BASE_URL, World

CASES = Path(__file__).parents[1] / "cases"
REQUEST_ID = "d628adbe-b7ee-412e-ac55-58f22b4ba2f4"


async def test_a_customer_is_created_and_read_back(world: World) -> None:
    posted = await create(world, cast.HAZEL_ADMIN)
    assert posted.status_code == 201
    assert posted.headers["content-type"] == "application/json; charset=utf-8"
    assert posted.content.startswith(b'{"id":"')
    new = posted.json()
    credentials = new.pop("userCredentials")
    assert credentials["userName"] == "admin"
    assert credentials["password"]
    etag = new["billingProfile"]["attributes"]["etag"]
    assert etag.isdigit()
    assert new == {
        "id": new["id"],
        "commerceId": new["commerceId"],
        "companyProfile": {
            "tenantId": new["id"],
            "domain": "contoso.example",
            "companyName": "Contoso",
            "attributes": {"objectType": "CustomerCompanyProfile"},
        },
        "billingProfile": contoso()["billingProfile"]
        | {
            "id": new["billingProfile"]["id"],
            "attributes": {"etag": etag, "objectType": "CustomerBillingProfile"},
        },
        "relationshipToPartner": "none",
        "attributes": {"objectType": "Customer"},
    }
    read = await world.send(cast.HAZEL_ADMIN, "GET", f"/v1/customers/{new['id']}")
    assert read.status_code == 200
    assert read.json() == new | {
        "relationshipToPartner": "reseller",
        "allowDelegatedAccess": True,
        "customDomains": ["contoso.example"],
        "links": {"self": SELF | {"uri": f"/customers/{new['id']}"}},
    }


@pytest.mark.fault("D18")
@pytest.mark.parametrize("language", ["pt-PT", "pt", "Pt", "por", "PT-br"])
async def test_a_language_may_be_a_culture_and_comes_back_as_it_was_given(world: World, language: str) -> None:
    changes = {"language": language, "culture": "pt-PT"}
    body = contoso(
        **{f"billingProfile__{name}": value for name, value in changes.items()},
        billingProfile__defaultAddress__country="PT",
        billingProfile__defaultAddress__state=None,
    )
    posted = await create(world, cast.HAZEL_ADMIN, body)
    assert posted.status_code == 201, posted.text
    read = await world.send(cast.HAZEL_ADMIN, "GET", f"/v1/customers/{posted.json()['id']}")
    for answer in (posted, read):
        assert answer.json()["billingProfile"].items() >= changes.items()


async def test_a_provider_creates_for_its_reseller(world: World) -> None:
    posted = await create(world, cast.ALDER_SALES, contoso(associatedPartnerId=cast.BIRCH.upper()))
    assert posted.status_code == 201
    assert posted.json()["relationshipToPartner"] == "reseller"
    assert posted.json()["associatedPartnerId"] == cast.BIRCH
    path = f"/v1/customers/{posted.json()['id']}"
    assert (await world.send(cast.BIRCH_SALES, "GET", path)).json()["associatedPartnerId"] == cast.BIRCH
    assert (await world.send(cast.HORNBEAM_SALES, "GET", path)).status_code == 403
    relationships = await world.send(cast.ALDER_SALES, "GET", f"{path}/relationships")
    assert relationships.json() == {
        "totalCount": 1,
        "items": [
            {
                "id": cast.BIRCH,
                "name": "Birch IT",
                "relationshipType": "is_indirect_cloud_solution_provider_of",
                "state": "Active",
                "mpnId": "1000002",
                "location": "US",
                "attributes": {"objectType": "PartnerRelationship"},
            }
        ],
        "attributes": {"objectType": "Collection"},
    }


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"companyProfile": None}, 3000, "companyProfile"),
        ({"companyProfile__domain": None}, 3000, "companyProfile.domain"),
        ({"companyProfile__domain": "no domain"}, 3000, "companyProfile.domain"),
        ({"billingProfile": None}, 3000, "billingProfile"),
        ({"billingProfile__email": None}, 3000, "billingProfile.email"),
        ({"billingProfile__email": "nobody"}, 3000, "billingProfile.email"),
        ({"billingProfile__culture": ""}, 3000, "billingProfile.culture"),
        ({"billingProfile__language": "english"}, 3000, "billingProfile.language"),
        ({"billingProfile__companyName": " "}, 3000, "billingProfile.companyName"),
        ({"billingProfile__companyName": 7}, 3000, "billingProfile.companyName"),
        ({"billingProfile__defaultAddress": None}, 3000, "billingProfile.defaultAddress"),
        ({"billingProfile__defaultAddress__firstName": None}, 3000, "billingProfile.defaultAddress.firstName"),
        ({"billingProfile__defaultAddress__state": "Ohio"}, 3000, "billingProfile.defaultAddress.state"),
        ({"billingProfile__defaultAddress__country": "USA"}, 3000, "billingProfile.defaultAddress.country"),
        ({"associatedPartnerId": "no guid"}, 3000, "associatedPartnerId"),
        ({"associatedPartnerId": cast.HAZEL}, 3000, "associatedPartnerId"),
        ({"companyProfile__organizationRegistrationNumber": "12345678"}, 600002, None),
        ({"billingProfile__defaultAddress__country": "AM"}, 600049, None),
        (
            {
                "billingProfile__defaultAddress__country": "AM",
                "companyProfile__organizationRegistrationNumber": "1234567",
            },
            600050,
            None,
        ),
        (
            {
                "billingProfile__defaultAddress__country": "AM",
                "companyProfile__organizationRegistrationNumber": "12345678",
            },
            600051,
            None,
        ),
    ],
)
async def test_what_breaks_a_rule_is_refused_and_nobody_is_created(
    world: World, changes: dict, code: int, named: str | None
) -> None:
    before = world.rows("select count(*) from customer")
    answer = await create(world, cast.ALDER_SALES, contoso(**changes))
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["description"]
    if named is not None:
        assert answer.json()["data"] == [named]
    if code == 600050:
        assert answer.json()["description"].endswith(r"^\d{8}$")
    assert world.rows("select count(*) from customer") == before


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "{name}. UK is no country of the vendor’s list. Use GB."),
        ("fr", "{name}. UK n’est pas un pays de la liste de l’éditeur. Indiquez GB."),
    ],
)
async def test_a_country_that_the_table_does_not_have_is_refused_with_the_nearest(
    world: World, language: str, sentence: str
) -> None:
    body = json.loads((CASES / "31-POST-customers-country-UK.json").read_text(encoding="utf-8"))
    answer = await create(world, cast.ALDER_SALES, body, **{"X-Locale": language})
    assert (answer.status_code, answer.json()["code"]) == (400, 3000)
    name = "billingProfile.defaultAddress.country"
    assert answer.json()["data"] == [name]
    assert answer.json()["description"].endswith(sentence.format(name=name))
    body["billingProfile"]["defaultAddress"]["country"] = "GB"
    assert (await create(world, cast.ALDER_SALES, body)).status_code == 201


@pytest.mark.parametrize(
    ("cloud", "country", "taken"), [("public", "CN", False), ("china", "CN", True), ("china", "ZZ", False)]
)
async def test_china_is_a_country_of_its_own_cloud_alone(world: World, cloud: str, country: str, taken: bool) -> None:
    world.change("update partner set cloud = ? where partner_id = ?", cloud, cast.ALDER)
    body = contoso(billingProfile__defaultAddress__country=country)
    assert (await create(world, cast.ALDER_SALES, body)).status_code == (201 if taken else 400)
    address = body["billingProfile"]["defaultAddress"]
    checked = await world.send(cast.ALDER_SALES, "POST", "/v1/validations/address", address)
    assert checked.status_code == (200 if taken else 400)
    rules = await world.send(cast.ALDER_SALES, "GET", f"/v1/countryvalidationrules/{country}")
    assert rules.status_code == (200 if taken else 404)


async def test_a_country_recorded_before_is_kept_and_shown(world: World) -> None:
    new = (await create(world, cast.ALDER_SALES)).json()["id"]
    world.change("update customer set country = 'UK' where customer_id = ?", new)
    shown = (await world.send(cast.ALDER_SALES, "GET", f"/v1/customers/{new}")).json()
    assert shown["billingProfile"]["defaultAddress"]["country"] == "UK"
    await world.confirm(cast.ALDER_SALES, new)


async def test_what_the_api_took_is_shown_as_a_file_that_can_be_applied(world: World) -> None:
    case = CASES / "32-POST-customers-ideographic-space-then-directory-show-apply.json"
    assert (await create(world, cast.ALDER_SALES, json.loads(case.read_text(encoding="utf-8")))).status_code == 201
    shown = written(await world.deployment.store.read(listed_partners))
    assert "株式会社\u3000山田商店" in shown
    described = read(TomlFile(shown, "shown.toml"))
    assert await world.deployment.store.write(lambda uow: apply_directory(uow, described)) == ()


async def test_a_registered_customer_is_created_where_a_number_is_asked_for(world: World) -> None:
    body = contoso(
        billingProfile__defaultAddress__country="AM",
        billingProfile__defaultAddress__phoneNumber="5550100",
        companyProfile__organizationRegistrationNumber="12345678",
    )
    answer = await create(world, cast.ALDER_SALES, body)
    assert answer.status_code == 201
    assert answer.json()["companyProfile"]["organizationRegistrationNumber"] == "12345678"


async def test_the_same_request_id_makes_one_customer_eight_times_over(world: World) -> None:
    answers = await asyncio.gather(*(create(world, cast.HAZEL_ADMIN, **{"MS-RequestId": REQUEST_ID}) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert world.rows("select count(*) from customer where domain = 'contoso.example'") == [(1,)]
    assert world.rows("select count(*) from audit_record") == [(1,)]

    other = await create(
        world, cast.HAZEL_ADMIN, contoso(billingProfile__companyName="Other"), **{"MS-RequestId": REQUEST_ID}
    )
    assert (other.status_code, other.json()["code"]) == (409, 3000)
    elsewhere = await create(
        world, cast.ALDER_SALES, contoso(companyProfile__domain="c.example"), **{"MS-RequestId": REQUEST_ID}
    )
    assert elsewhere.status_code == 201, "another partner's request ids are its own"


async def test_eight_at_once_without_a_request_id_make_one_customer_of_a_domain(world: World) -> None:
    answers = await asyncio.gather(*(create(world, cast.HAZEL_ADMIN) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {3000}


async def test_a_refused_create_is_decided_again(world: World) -> None:
    bad = contoso(associatedPartnerId=cast.MAPLE)
    assert (await create(world, cast.ALDER_SALES, bad, **{"MS-RequestId": REQUEST_ID})).status_code == 400
    assert (await create(world, cast.ALDER_SALES, **{"MS-RequestId": REQUEST_ID})).status_code == 201


async def test_ending_a_relationship_answers_with_nulls_and_closes_the_gate(world: World) -> None:
    world.clock.now = API_ENFORCED
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    assert (await world.ask(cast.ALDER_SALES, cast.DOGWOOD))["verdict"] == "allow"
    for _ in range(2):
        answer = await world.send(
            cast.ALDER_SALES,
            "PATCH",
            f"/v1/customers/{cast.DOGWOOD}/",
            {"relationshipToPartner": "none", "attributes": {"objectType": "Customer"}},
            {"MS-RequestId": REQUEST_ID},
        )
        assert answer.status_code == 200
        assert answer.content == (
            b'{"Id":null,"CommerceId":null,"CompanyProfile":null,"BillingProfile":null,"RelationshipToPartner":"none",'
            b'"AllowDelegatedAccess":null,"UserCredentials":null,"CustomDomains":null,"AssociatedPartnerId":null,'
            b'"Attributes":{"ObjectType":"Customer"}}'
        )
    assert (await world.ask(cast.ALDER_SALES, cast.DOGWOOD))["reasons"][0]["code"] == "relationship.missing"
    gone = await world.send(cast.ALDER_SALES, "GET", f"/v1/customers/{cast.DOGWOOD}")
    assert (gone.status_code, gone.json()["code"]) == (403, 20002)
    assert world.rows("select count(*) from confirmation") == [(1,)]


async def test_a_relationship_with_active_subscriptions_stays(world: World) -> None:
    ordered = {"lineItems": [{"lineItemNumber": 0, "offerId": REQUEST_ID, "quantity": 1}]}
    path = f"/v1/customers/{cast.DOGWOOD}"
    bought = await world.send(cast.ALDER_SALES, "POST", f"{path}/orders", ordered)
    assert bought.status_code == 201
    answer = await world.send(cast.ALDER_SALES, "PATCH", path, {"RelationshipToPartner": "None"})
    assert (answer.status_code, answer.json()["code"]) == (409, 3000)
    assert (await world.send(cast.ALDER_SALES, "GET", path)).status_code == 200
    [subscription] = (await world.send(cast.ALDER_SALES, "GET", f"{path}/subscriptions")).json()["items"]
    suspended = subscription | {"status": "suspended"}
    changed = await world.send(cast.ALDER_SALES, "PATCH", f"{path}/subscriptions/{subscription['id']}", suspended)
    assert changed.status_code == 200
    answer = await world.send(cast.ALDER_SALES, "PATCH", path, {"relationshipToPartner": "none"})
    assert answer.status_code == 200


@pytest.mark.parametrize("body", [{"relationshipToPartner": "advisor"}, {"relationshipToPartner": ""}, {}])
async def test_nothing_else_about_a_customer_is_changed(world: World, body: dict) -> None:
    answer = await world.send(cast.ALDER_SALES, "PATCH", f"/v1/customers/{cast.CEDAR}", body)
    assert (answer.status_code, answer.json()["code"]) == (400, 3000)
    assert answer.json()["data"] == ["relationshipToPartner"]


@pytest.mark.parametrize(
    ("domain", "status"),
    [
        ("cedar.example", 200),
        ("Cedar.Example", 200),
        ("alder.example", 200),
        ("nobody.example", 404),
        ("no_domain", 400),
    ],
)
async def test_a_domain_is_taken_or_free(world: World, domain: str, status: int) -> None:
    answer = await world.send(cast.ALDER_HELPDESK, "HEAD", f"/v1/domains/{domain}")
    assert answer.status_code == status
    assert (await world.send(cast.ALDER_HELPDESK, "GET", f"/v1/domains/{domain}")).status_code == 404


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ({"country": "US", "city": "Redmond", "state": "WA", "addressLine1": "1 Main St", "postalCode": "98052"}, None),
        ({"Country": "US", "City": "Redmond", "AddressLine1": "1 Main St", "AddressLine2": None, "Region": "x"}, None),
        ({"country": "US", "city": "Redmond", "addressLine1": "x" * 200, "firstName": "x" * 50}, None),
        ({}, "country"),
        ({"country": "USA", "city": "Redmond", "addressLine1": "1 Main St"}, "country"),
        ({"country": "US", "city": "Redmond", "addressLine1": ""}, "addressLine1"),
        ({"country": "US", "city": "Redmond", "addressLine1": "x" * 201}, "addressLine1"),
        ({"country": "US", "city": "Redmond", "addressLine1": "x", "addressLine2": "x" * 201}, "addressLine2"),
        ({"country": "US", "city": "Redmond", "addressLine1": "x", "state": "Ohio"}, "state"),
        ({"country": "US", "city": "Redmond", "addressLine1": "x", "lastName": "x" * 51}, "lastName"),
        ({"country": "US", "addressLine1": "x"}, "city"),
    ],
)
async def test_an_address_is_checked(world: World, address: dict, named: str | None) -> None:
    answer = await world.send(cast.ALDER_SALES, "POST", "/v1/validations/address", address)
    if named is None:
        assert (answer.status_code, answer.content) == (200, b"")
    else:
        assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (400, 3000, [named])


async def test_the_relationship_request_is_a_link_of_ours(world: World) -> None:
    answer = await world.send(cast.ALDER_SALES, "GET", "/v1/customers/relationshiprequests")
    assert answer.status_code == 200
    assert answer.json() == {
        "url": f"{BASE_URL}/relationship-request/{cast.ALDER}",
        "attributes": {"objectType": "RelationshipRequest"},
    }


@pytest.mark.fault("D5")
@pytest.mark.rule("R31")
async def test_validation_codes_exist_for_government_partners_only(world: World) -> None:
    answer = await world.send(cast.FIR_ADMIN, "GET", "/v1/customers/all/validations")
    assert (answer.status_code, answer.content) == (200, b"[]")
    answer = await world.send(cast.ALDER_SALES, "GET", "/v1/customers/all/validations")
    assert (answer.status_code, answer.json()["code"]) == (404, 1000)


async def test_direct_acceptance_is_a_flag_of_the_record(world: World) -> None:
    path = f"/v1/customers/{cast.CEDAR}/directSignedMicrosoftCustomerAgreementStatus"
    answer = await world.send(cast.ALDER_SALES, "GET", path)
    assert (answer.status_code, answer.content) == (200, b'{"isSigned":false}')
    await world.store.write(
        lambda uow: uow.execute(
            "insert into direct_acceptance values ($1, $2, 'MicrosoftCustomerAgreement', 0)", cast.ALDER, cast.CEDAR
        )
    )
    assert (await world.send(cast.ALDER_SALES, "GET", path.lower())).content == b'{"isSigned":true}'
    assert (await world.send(cast.HAZEL_ADMIN, "GET", path)).content == b'{"isSigned":false}'
    refused = await world.send(cast.BIRCH_SALES, "GET", path)
    assert (refused.status_code, refused.content) == (403, b"")
    alone = await world.send(cast.ALDER, "GET", path)
    assert (alone.status_code, alone.json()["code"]) == (403, 2032)
    assert (await world.send(cast.FIR_ADMIN, "GET", path)).status_code == 404
