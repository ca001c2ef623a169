"""The rules of a country on the wire, which clients ask for before they create a customer (contract 7.1)."""

import pytest

from agreegate.locales import countries
from tests import personas as cast
from tests.wire.requests import contoso, create
from tests.world import World

pytestmark = pytest.mark.fault("D17")

PORTUGAL = (
    b'{"iso2Code":"PT","defaultCulture":"pt-PT","isStateRequired":false,"supportedStatesList":[],'
    b'"supportedLanguagesList":["en","pt"],"supportedCulturesList":["en-US","pt-PT"],"isPostalCodeRequired":false,'
    b'"isCityRequired":true,"isVatIdSupported":false,"countryCallingCodesList":[],'
    b'"attributes":{"objectType":"CountryInformation"}}'
)


@pytest.mark.parametrize("path", ["PT", "pt", "/PT/", "{PT}"])
@pytest.mark.parametrize("who", [cast.ALDER_SALES, cast.ALDER_HELPDESK, cast.ALDER, cast.FIR_ADMIN])
async def test_the_rules_of_a_country(world: World, who: str, path: str) -> None:
    answer = await world.send(who, "GET", f"/v1/countryvalidationrules/{path}")
    assert (answer.status_code, answer.content) == (200, PORTUGAL)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("country", "culture", "languages"),
    [
        ("US", "en-US", ["en"]),
        ("NA", "en-US", ["en"]),
        ("RS", "sr-Latn-RS", ["en", "sr"]),
        ("CH", "fr-FR", ["en", "fr"]),
        ("XK", "en-US", ["en"]),
    ],
)
async def test_the_languages_are_those_of_the_table(
    world: World, country: str, culture: str, languages: list[str]
) -> None:
    rules = (await world.send(cast.ALDER_SALES, "GET", f"/v1/countryvalidationrules/{country}")).json()
    assert (rules["iso2Code"], rules["defaultCulture"]) == (country, culture)
    assert rules["supportedLanguagesList"] == languages


@pytest.mark.parametrize("country", ["ZZ", "CN", "UK", "P", "PRT", "п", "%00", "ﬁ", cast.CEDAR])
async def test_a_country_that_the_table_does_not_have(world: World, country: str) -> None:
    answer = await world.send(cast.ALDER_SALES, "GET", f"/v1/countryvalidationrules/{country}")
    assert (answer.status_code, answer.json()["code"]) == (404, 1000)


async def test_what_the_rules_say_is_what_creating_a_customer_asks(world: World) -> None:
    """Every language and culture offered is taken, and only what is required is refused when it is missing."""
    required = {"state": "isStateRequired", "postalCode": "isPostalCodeRequired", "city": "isCityRequired"}
    for number, country in enumerate({row.languages: row.code for row in countries()}.values()):
        rules = (await world.send(cast.ALDER_SALES, "GET", f"/v1/countryvalidationrules/{country}")).json()
        offered = [*rules["supportedLanguagesList"], *rules["supportedCulturesList"]]
        body = contoso(companyProfile__domain=f"c{number}.example")
        body["billingProfile"] |= {"language": offered[number % len(offered)], "culture": rules["defaultCulture"]}
        body["billingProfile"]["defaultAddress"] |= {"country": country, "phoneNumber": "5550100"}
        for member, name in required.items():
            if not rules[name]:
                del body["billingProfile"]["defaultAddress"][member]
        answer = await create(world, cast.ALDER_SALES, body)
        assert answer.status_code == 201 or answer.json()["code"] == 600049, (country, answer.text)
    del body["billingProfile"]["defaultAddress"]["city"]
    assert (await create(world, cast.ALDER_SALES, body)).status_code == 400
