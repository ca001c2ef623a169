"""Profiles, relationships between partners, and the status of a partner's own agreement (contract 4.6, 4.8)."""

import json
from urllib.parse import quote

import pytest

from tests import personas as cast
from tests.world import World

STATUS = "/v1/compliance/csp/agreementstatus"
CONTROLLERS, COMPLIANCE = "PartnerApiServiceControllers", "ComplianceController"
UNKNOWN = "{} {} is either invalid or not yet migrated, or is not of a partner that you work with."


async def test_the_organization_profile(world: World) -> None:
    answer = await world.send(cast.ALDER, "GET", "/v1/profiles/organization")
    assert answer.status_code == 200
    assert answer.json() == {
        "id": cast.ALDER,
        "companyName": "Alder Distribution",
        "defaultAddress": {"country": "US"},
        "tenantId": cast.ALDER,
        "domain": "alder.example",
        "language": "en",
        "culture": "en-US",
        "profileType": "OrganizationProfile",
        "links": {"self": {"uri": "/profiles/organization", "method": "GET", "headers": []}},
        "attributes": {"etag": "1", "objectType": "OrganizationProfile"},
    }


@pytest.mark.parametrize(
    ("query", "mpn_id", "name"),
    [("", "1000001", None), ("?mpnId=1000002", "1000002", "Birch IT"), ("?MPNID=1000001", "1000001", "Alder Distribution")],
)  # fmt: skip
async def test_the_network_profile(world: World, query: str, mpn_id: str, name: str | None) -> None:
    answer = await world.send(cast.ALDER_HELPDESK, "GET", f"/v1/profiles/mpn{query}")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["mpnId"], body.get("partnerName"), body["profileType"]) == (mpn_id, name, "MpnProfile")
    assert body["attributes"] == {"objectType": "MpnProfile"}


@pytest.mark.parametrize(
    ("who", "query", "status", "code"),
    [
        (cast.ALDER_SALES, "?mpnId=1000003", 404, 1000),
        (cast.ALDER_SALES, "?mpnId=9999999", 404, 1000),
        (cast.ALDER_SALES, "?mpnId=birch", 400, 2000),
        (cast.OPERATOR_USER, "", 403, 2032),
    ],
)
async def test_a_network_profile_of_nobody_one_works_with(
    world: World, who: str, query: str, status: int, code: int
) -> None:
    answer = await world.send(who, "GET", f"/v1/profiles/mpn{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def relationship(partner: str, name: str, mpn_id: str, location: str, kind: str) -> dict:
    return {
        "id": partner,
        "name": name,
        "relationshipType": kind,
        "state": "Active",
        "mpnId": mpn_id,
        "location": location,
        "attributes": {"objectType": "PartnerRelationship"},
    }


@pytest.mark.parametrize(
    ("who", "kind", "wire", "partners"),
    [
        (
            cast.ALDER,
            "IsIndirectCloudSolutionProviderOf",
            "is_indirect_cloud_solution_provider_of",
            [(cast.BIRCH, "Birch IT", "1000002", "US"), (cast.HORNBEAM, "Hornbeam Informatique", "1000007", "FR")],
        ),
        (
            cast.BIRCH_SALES,
            "is_indirect_reseller_of",
            "is_indirect_reseller_of",
            [(cast.ALDER, "Alder Distribution", "1000001", "US")],
        ),
        (cast.HAZEL_ADMIN, "isindirectcloudsolutionproviderof", "is_indirect_cloud_solution_provider_of", []),
    ],
)
async def test_relationships_are_listed(
    world: World, who: str, kind: str, wire: str, partners: list[tuple[str, str, str, str]]
) -> None:
    answer = await world.send(who, "GET", f"/v1/relationships?relationship_type={kind}")
    assert answer.status_code == 200
    assert answer.json() == {
        "totalCount": len(partners),
        "items": [relationship(*partner, wire) for partner in partners],
        "attributes": {"objectType": "Collection"},
    }


BIRCH, HORNBEAM = "Birch IT", "Hornbeam Informatique"


@pytest.mark.fault("D2", "D6")
@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ({"Field": "Name", "Value": "birch", "Operator": "starts_with"}, [BIRCH]),
        ({"Field": "name", "Value": "HORN", "Operator": "StartsWith"}, [HORNBEAM]),
        ({"field": "Name", "value": "h", "operator": 9}, [HORNBEAM]),
        ({"Field": "Name", "Value": "IT", "Operator": "starts_with"}, []),
        ({"Field": "Name", "Value": " it", "Operator": "substring"}, [BIRCH]),
        ({"Field": "Name", "Value": "I", "Operator": "Substring"}, [BIRCH, HORNBEAM]),
        ({"Field": "Name", "Value": "beam inf", "Operator": "6"}, [HORNBEAM]),
        ({"Field": "Name", "Value": "Birch", "Operator": "equals"}, []),
        ({"Field": "Name", "Value": "BIRCH it", "Operator": 0}, [BIRCH]),
        ({"Field": "Name", "Value": "%", "Operator": "substring"}, []),
    ],
)
async def test_relationships_are_filtered_by_name(world: World, condition: dict[str, object], names: list[str]) -> None:
    query = f"relationship_type=IsIndirectCloudSolutionProviderOf&filter={quote(json.dumps(condition))}"
    answer = await world.send(cast.ALDER_SALES, "GET", f"/v1/relationships?{query}")
    assert answer.status_code == 200
    assert [item["name"] for item in answer.json()["items"]] == names
    assert answer.json()["totalCount"] == len(names)


@pytest.mark.fault("D2")
@pytest.mark.parametrize(
    "condition",
    [
        "x",
        "[]",
        "{}",
        '{"Field":"Name","Value":"B"}',
        '{"Field":"Id","Value":"B","Operator":"starts_with"}',
        '{"Field":"Name","Value":"B","Operator":"not_equals"}',
        '{"Field":"Name","Value":"B","Operator":1}',
        '{"Field":"Name","Value":"B","Operator":10}',
        '{"Field":"Name","Value":"B","Operator":-1}',
        '{"Field":"Name","Value":"B","Operator":true}',
        '{"Field":"Name","Value":null,"Operator":"starts_with"}',
        '{"Filters":[{"Field":"Name","Value":"B","Operator":"starts_with"}],"Operator":"and"}',
    ],
)
async def test_a_filter_of_relationships_that_cannot_be_used_is_refused(world: World, condition: str) -> None:
    query = f"relationship_type=IsIndirectCloudSolutionProviderOf&filter={quote(condition)}"
    answer = await world.send(cast.ALDER_SALES, "GET", f"/v1/relationships?{query}")
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (400, 2000, ["filter"])


@pytest.mark.parametrize("query", ["", "?relationship_type=", "?relationship_type=IsFriendOf"])
async def test_an_unknown_kind_of_relationship_is_refused(world: World, query: str) -> None:
    answer = await world.send(cast.ALDER_SALES, "GET", f"/v1/relationships{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, 2000)


@pytest.mark.parametrize(
    ("query", "code", "description", "source"),
    [
        ("?tenantId=birch", 2000, "Tenant Id must be a GUID.", CONTROLLERS),
        ("?mpnId=birch", 2000, "MPN Id must be numeric.", CONTROLLERS),
        ("?mpnId=-1", 2000, "MPN Id must be numeric.", CONTROLLERS),
        ("?mpnId=%D9%A1", 2000, "MPN Id must be numeric.", CONTROLLERS),
        ("", 2001, "Both MPN Id and Tenant Id cannot be empty.", COMPLIANCE),
        ("?mpnId=&tenantId=", 2001, "Both MPN Id and Tenant Id cannot be empty.", COMPLIANCE),
        (f"?mpnId=1&tenantId={cast.BIRCH}", 2000, "Both MPN Id and Tenant Id should not be passed.", COMPLIANCE),
        ("?mpnId=9999999", 2200, UNKNOWN.format("MPN Id", "9999999"), COMPLIANCE),
        ("?mpnId=1000003", 2200, UNKNOWN.format("MPN Id", "1000003"), COMPLIANCE),
        (f"?mpnId={'9' * 5_000}", 2200, UNKNOWN.format("MPN Id", "9" * 36), COMPLIANCE),
        (f"?tenantId={cast.NOBODY}", 2200, UNKNOWN.format("Tenant Id", cast.NOBODY), COMPLIANCE),
        (f"?tenantId={cast.HAZEL}", 2200, UNKNOWN.format("Tenant Id", cast.HAZEL), COMPLIANCE),
    ],
)
async def test_the_status_of_nobody_is_refused(
    world: World, query: str, code: int, description: str, source: str
) -> None:
    answer = await world.send(cast.ALDER_SALES, "GET", STATUS + query)
    body = answer.json()
    assert (answer.status_code, body["code"], body["description"], body["source"]) == (400, code, description, source)
    assert isinstance(body["data"], list)


@pytest.mark.parametrize(
    ("who", "query"),
    [
        (cast.ALDER_SALES, "?mpnid=1000002"),
        (cast.ALDER_SALES, "?mpnId=1000002&tenantId="),
        (cast.ALDER_SALES, f"?mpnId=&tenantId={cast.BIRCH.upper()}"),
        (cast.ALDER_HELPDESK, f"?tenantId={cast.ALDER}"),
        (cast.ALDER_ADMIN, "?mpnId=1000001"),
    ],
)
async def test_a_partner_agreement_is_signed_or_not(world: World, who: str, query: str) -> None:
    answer = await world.send(who, "GET", STATUS + query)
    assert (answer.status_code, answer.content) == (200, b'{"isAgreementSigned":false}')
    await world.store.write(lambda uow: uow.execute("update partner set mpa_signed_at = 0"))
    answer = await world.send(who, "GET", STATUS.replace("csp", "CSP") + query)
    assert answer.content == b'{"isAgreementSigned":true}'


async def test_the_status_needs_a_user(world: World) -> None:
    answer = await world.send(cast.ALDER, "GET", f"{STATUS}?mpnId=1000002")
    assert (answer.status_code, answer.json()["code"]) == (403, 2032)
