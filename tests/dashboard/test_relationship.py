"""The page behind a relationship request: who asks, what follows, and nothing about tenants that could not ask."""

import pytest

from tests import personas as cast
from tests.world import World


@pytest.mark.parametrize(
    ("language", "expected", "agreement"),
    [
        ("en", "Alder Distribution asks to serve", "the Microsoft Cloud Agreement"),
        ("fr", "Alder Distribution demande à servir", "le contrat Microsoft Cloud."),
    ],
)
async def test_the_link_of_a_request_leads_to_who_asks(
    world: World, language: str, expected: str, agreement: str
) -> None:
    link = (await world.send(cast.ALDER_SALES, "GET", "/v1/customers/relationshiprequests")).json()["url"]
    shown = await world.client.get(link, params={"lang": language})
    assert shown.status_code == 200
    assert expected in shown.text
    assert agreement in shown.text
    assert "default-src 'none'" in shown.headers["content-security-policy"]


@pytest.mark.parametrize("tenant", [cast.NOBODY, cast.BIRCH, cast.OPERATOR, "x", "<script>"])
async def test_a_tenant_that_could_not_serve_is_unknown(world: World, tenant: str) -> None:
    shown = await world.client.get(f"/relationship-request/{tenant}")
    assert shown.status_code == 404
    assert "No relationship request has this address" in shown.text
    assert "<script>" not in shown.text
