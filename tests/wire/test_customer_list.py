"""The list of customers on the wire: filters, pages and their links (contract 3.9, 4.7)."""

import json
from base64 import urlsafe_b64encode
from urllib.parse import quote

import pytest

from agreegate.deployment.cursor import Cursors
from agreegate.domain.partner import PartnerId
from tests import personas as cast
from tests.wire.requests import SELF, contoso, create
from tests.world import World


async def test_a_list_shows_what_a_list_shows(world: World) -> None:
    answer = await world.send(cast.HAZEL_ADMIN, "GET", "/v1/customers")
    assert answer.status_code == 200
    body = answer.json()
    assert body.pop("continuationToken")
    assert body == {
        "totalCount": 2,
        "items": [
            {
                "id": customer,
                "companyProfile": {
                    "tenantId": customer,
                    "domain": domain,
                    "companyName": name,
                    "attributes": {"objectType": "CustomerCompanyProfile"},
                },
                "relationshipToPartner": "reseller",
                "attributes": {"objectType": "Customer"},
            }
            for customer, domain, name in (
                (cast.CEDAR, "cedar.example", "Cedar Bakery"),
                (cast.ELM, "elm.example", "Elm Studio"),
            )
        ],
        "links": {"self": SELF | {"uri": "/customers?size=500"}},
        "attributes": {"objectType": "Collection"},
    }


@pytest.mark.parametrize("query", ["", "?size=0", "?size=500", "?size=501", "?size=999999999", "?Size=", "//"])
async def test_without_a_size_there_is_one_large_page(world: World, query: str) -> None:
    path = "/v1//customers" if query == "//" else f"/v1/customers{query}"
    answer = await world.send(cast.ALDER_SALES, "GET", path)
    assert answer.json()["totalCount"] == 3
    assert answer.json()["links"] == {"self": SELF | {"uri": "/customers?size=500"}}


async def test_an_offset_of_0_is_the_first_page(world: World) -> None:
    answer = await world.send(cast.ALDER_SALES, "GET", "/v1/customers?size=1&offset=0")
    assert (answer.status_code, answer.json()["totalCount"]) == (200, 1)


async def test_a_client_follows_the_links_there_and_back(world: World) -> None:
    first = (await world.send(cast.ALDER_SALES, "GET", "/v1/customers?size=1")).json()
    seen = [first]
    assert "previous" not in first["links"]
    while "next" in seen[-1]["links"]:
        link = seen[-1]["links"]["next"]
        assert link["uri"] == "/customers?size=1&seekOperation=Next"
        sent = {header["key"]: header["value"] for header in link["headers"]}
        assert list(sent) == ["MS-ContinuationToken"]
        seen.append((await world.send(cast.ALDER_SALES, "GET", f"/v1/{link['uri']}", headers=sent)).json())
    assert [page["items"][0]["id"] for page in seen] == [cast.CEDAR, cast.DOGWOOD, cast.FRENE]
    assert [page["totalCount"] for page in seen] == [1, 1, 1]

    back = seen[-1]["links"]["previous"]
    sent = {header["key"]: header["value"] for header in back["headers"]}
    assert (await world.send(cast.ALDER_SALES, "GET", f"/v1{back['uri']}", headers=sent)).json() == seen[1]
    token = {"MS-ContinuationToken": seen[1]["continuationToken"]}
    for operation, page in (("next", seen[2]), ("First", seen[0]), ("LAST", seen[2]), ("Previous", seen[0])):
        moved = await world.send(
            cast.ALDER_SALES, "GET", f"/v1/customers?size=1&seekOperation={operation}", None, token
        )
        assert moved.json()["items"] == page["items"]
    assert (await world.send(cast.ALDER_SALES, "GET", "/v1/customers?size=1", None, token)).json() == seen[2]


async def token_of(world: World, who: str, path: str = "/v1/customers") -> str:
    return str((await world.send(who, "GET", f"{path}?size=1")).json()["continuationToken"])


@pytest.mark.fault("D25")
async def test_a_token_is_good_for_its_partner_and_its_list_alone(world: World) -> None:
    theirs, ours = await token_of(world, cast.HAZEL_ADMIN), await token_of(world, cast.ALDER_ADMIN)
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    records = await token_of(world, cast.ALDER_ADMIN, "/v1/auditrecords")
    for path, token in (("customers", theirs), ("customers", records), ("auditrecords", ours)):
        answer = await world.send(cast.ALDER_SALES, "GET", f"/v1/{path}", None, {"MS-ContinuationToken": token})
        assert (answer.status_code, answer.json()["code"]) == (400, 2000)
    for path, token in (("customers", ours), ("CUSTOMERS/", ours), ("auditrecords", records)):
        answer = await world.send(cast.ALDER_SALES, "GET", f"/v1/{path}", None, {"MS-ContinuationToken": token})
        assert answer.status_code == 200, "a colleague may go on where another stopped"


@pytest.mark.fault("D25")
async def test_an_altered_token_is_refused(world: World) -> None:
    good = await token_of(world, cast.ALDER_SALES)
    head, content, signature = good.split(".")
    none = urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    other = Cursors(["another secret"]).to(PartnerId(cast.ALDER), "/v1/customers", ("a", "a"), ("b", "b"))
    altered = [good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :] for at in range(0, len(good) - 1, 7)]
    for token in (
        *altered,
        good[:-2],
        good * 2,
        f"{none}.{content}.",
        f"{head}.{content}.",
        f".{content}.{signature}",
        other,
    ):
        answer = await world.send(cast.ALDER_SALES, "GET", "/v1/customers", None, {"MS-ContinuationToken": token})
        assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (
            400,
            2000,
            ["MS-ContinuationToken"],
        )


@pytest.mark.fault("D25")
async def test_long_names_fit_into_a_token(world: World) -> None:
    for name in ("a" * 200, "𐀀" * 200):
        await create(
            world,
            cast.HAZEL_ADMIN,
            contoso(companyProfile__domain=f"long-{len(name.encode())}.example", billingProfile__companyName=name),
        )
    page = (await world.send(cast.HAZEL_ADMIN, "GET", "/v1/customers?size=4")).json()
    sent = {"MS-ContinuationToken": page["continuationToken"]}
    assert (
        await world.send(cast.HAZEL_ADMIN, "GET", "/v1/customers?seekOperation=First", None, sent)
    ).status_code == 200


@pytest.mark.fault("D6")
@pytest.mark.parametrize(
    ("field", "value", "operator", "found"),
    [
        ("CompanyName", "cEd", 9, [cast.CEDAR]),
        ("CompanyName", "cEd", "9", [cast.CEDAR]),
        ("CompanyName", "cedar", 0, []),
        ("CompanyName", "cedar bakery", 0, [cast.CEDAR]),
        ("IndirectReseller", cast.BIRCH, 9.0, [cast.CEDAR]),
        ("CompanyName", "cEd", "starts_with", [cast.CEDAR]),
        ("companyname", "frêne", "StartsWith", [cast.FRENE]),
        ("CompanyName", "cedar", "equals", []),
        ("CompanyName", "FRENE", "starts_with", [cast.FRENE]),
        ("CompanyName", "ＣＥＤＡＲ ｂ", "starts_with", [cast.CEDAR]),
        ("CompanyName", "frene conseil", "equals", [cast.FRENE]),
        ("CompanyName", "conseil", "starts_with", []),
        ("Domain", "ＤＯＧＷＯＯＤ", "starts_with", [cast.DOGWOOD]),
        ("Domain", "DOGWOOD", "starts_with", [cast.DOGWOOD]),
        ("Domain", "dogwood.example", "Equals", [cast.DOGWOOD]),
        ("IndirectReseller", cast.BIRCH, "starts_with", [cast.CEDAR]),
        ("IndirectReseller", f"{{{cast.HORNBEAM.upper()}}}", "starts_with", [cast.CEDAR, cast.FRENE]),
        ("IndirectCloudSolutionProvider", cast.ALDER, "equals", [cast.CEDAR, cast.DOGWOOD, cast.FRENE]),
        ("IndirectCloudSolutionProvider", cast.HAZEL, "equals", []),
    ],
)
async def test_customers_are_found(
    world: World, field: str, value: str, operator: str | float, found: list[str]
) -> None:
    condition = {"Field": field, "Value": value, "Operator": operator}
    path = f"/v1/customers?size=0&filter={quote(json.dumps(condition))}"
    answer = await world.send(cast.ALDER_SALES, "GET", path)
    assert answer.status_code == 200
    assert sorted(item["id"] for item in answer.json()["items"]) == sorted(found)


async def test_a_filter_goes_along_with_the_links(world: World) -> None:
    condition = quote('{"Field":"CompanyName","Value":"d","Operator":"starts_with"}')
    await create(world, cast.ALDER_SALES, contoso(billingProfile__companyName="Dune & Co"))
    first = (await world.send(cast.ALDER_SALES, "GET", f"/v1/customers?filter={condition}&size=1")).json()
    assert first["items"][0]["id"] == cast.DOGWOOD
    link = first["links"]["next"]
    sent = {header["key"]: header["value"] for header in link["headers"]}
    second = (await world.send(cast.ALDER_SALES, "GET", f"/v1{link['uri']}", headers=sent)).json()
    assert second["items"][0]["companyProfile"]["companyName"] == "Dune & Co"
    assert "next" not in second["links"]


@pytest.mark.fault("D6")
@pytest.mark.parametrize("operator", ['"substring"', "6", "1", "10", "11", "-1"])
async def test_a_wrong_operator_is_refused_with_the_contracts_sentence(world: World, operator: str) -> None:
    condition = quote(f'{{"Field":"CompanyName","Value":"x","Operator":{operator}}}')
    answer = await world.send(cast.ALDER_SALES, "GET", f"/v1/customers?filter={condition}")
    assert (answer.status_code, answer.json()["code"]) == (400, 2000)
    assert answer.json()["description"] == "Customer search only allows starts with and equals operation."
    french = await world.send(cast.ALDER_SALES, "GET", f"/v1/customers?filter={condition}", None, {"X-Locale": "fr-FR"})
    assert french.json()["description"].startswith("La recherche de clients")


@pytest.mark.parametrize(
    ("query", "token", "named"),
    [
        ("size=-1", None, "size"),
        ("size=ten", None, "size"),
        ("size=٣", None, "size"),
        ("size=99999999999999999999", None, "size"),
        ("seekOperation=PageIndex", None, "seekOperation"),
        ("seekOperation=sideways", None, "seekOperation"),
        ("", "not base64!", "MS-ContinuationToken"),
        ("", "AQAAAA==", "MS-ContinuationToken"),
        ("", "W10=", "MS-ContinuationToken"),
        ("", "W1sxLCJhIl0sWzIsImIiXV0=", "MS-ContinuationToken"),
        ("", "W1siXHUwMDAwIiwiYSJdLFsiYiIsImMiXV0=", "MS-ContinuationToken"),
        ("filter=nonsense", None, "filter"),
        ("filter=[]", None, "filter"),
        ('filter={"Field":"CompanyName"}', None, "filter"),
        ('filter={"Field":"Phone","Value":"1","Operator":"equals"}', None, "filter"),
        ('filter={"Field":"CompanyName","Value":1,"Operator":"equals"}', None, "filter"),
        ('filter={"Field":"IndirectReseller","Value":"Birch","Operator":"equals"}', None, "filter"),
    ],
)
async def test_a_list_that_cannot_be_is_refused(world: World, query: str, token: str | None, named: str) -> None:
    headers = {} if token is None else {"MS-ContinuationToken": token}
    answer = await world.send(cast.ALDER_SALES, "GET", f"/v1/customers?{query}", None, headers)
    assert (answer.status_code, answer.json()["code"]) == (400, 2000)
    assert answer.json()["data"] == [named]
