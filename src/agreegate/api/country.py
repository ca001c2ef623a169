"""The rules of a country for a customer's address, and its languages (contract 7.1)."""

from agreegate.api.exchange import Exchange, Route, answer
from agreegate.api.wire.country import country_body
from agreegate.domain.actor import PREPARE_CUSTOMERS
from agreegate.domain.error import Rejected
from agreegate.locales import countries_of
from agreegate.services.idempotency import Answer


async def country_rules(exchange: Exchange) -> Answer:
    """`GET /v1/countryvalidationrules/{country}`: a row of the vendor's table, by its code in any case."""
    code = exchange.incoming.ids["country"]
    found = next(
        (one for one in countries_of(exchange.actor.partner.cloud) if code.isascii() and one.code == code.upper()), None
    )
    if found is None:
        raise Rejected("request.not-found")
    return answer(200, country_body(found.code, found.languages))


ROUTES = (Route("GET", "/v1/countryvalidationrules/{country}", PREPARE_CUSTOMERS, country_rules),)
