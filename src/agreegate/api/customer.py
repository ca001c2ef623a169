"""Customers: list, read, create, end the relationship; and the checks before creating one (contract 4.7)."""

from agreegate.api.exchange import Exchange, Route, answer
from agreegate.api.pagination import PAGE, page_collection, page_request_of, whole_list
from agreegate.api.wire.customer import (
    ADDRESS_NAMES,
    NAMES,
    NOTHING_TO_VALIDATE,
    REMOVED,
    AddressBody,
    CustomerIn,
    CustomerPatch,
    created_body,
    customer_body,
    listed_body,
    relationship_request_body,
)
from agreegate.api.wire.filter import customer_search
from agreegate.api.wire.partner import relationship_body
from agreegate.domain.actor import PREPARE_CUSTOMERS, READ_CUSTOMERS, WRITE_CUSTOMERS
from agreegate.domain.customers.customer import checked_address
from agreegate.domain.error import Rejected
from agreegate.domain.partner import Cloud
from agreegate.locales import country_codes
from agreegate.services.customers.customer import (
    create_customer,
    delete_customer,
    domain_taken,
    get_customer,
    list_customers,
    remove_relationship,
    resellers_of_customer,
)
from agreegate.services.idempotency import Answer
from agreegate.services.partner import RelationshipType
from agreegate.storage.engine.unit_of_work import UnitOfWork

RELATIONSHIP_REQUEST = "/relationship-request"
"""The page that shows a customer which partner asks to serve it; the partner's tenant id follows."""


async def customers(exchange: Exchange) -> Answer:
    """`GET /v1/customers`: one page of them, filtered or not."""
    page_request = page_request_of(exchange)
    search = customer_search(exchange.query["filter"])
    actor = exchange.actor

    async def read(uow: UnitOfWork) -> Answer:
        page = await list_customers(uow, actor, search, page_request)
        items = [listed_body(customer) for customer in page.items]
        return answer(200, page_collection(exchange, "/customers", page_request, page, items))

    return await exchange.deployment.store.read_slow(read)


async def customer_by_id(exchange: Exchange) -> Answer:
    """`GET /v1/customers/{id}`."""
    customer, actor = exchange.customer(), exchange.actor
    served = await exchange.deployment.store.read(lambda uow: get_customer(uow, actor, customer))
    return answer(200, customer_body(served))


async def new_customer(exchange: Exchange) -> Answer:
    """`POST /v1/customers`: one customer for one request id, however often it is sent (contract 3.10)."""
    body = await exchange.read(CustomerIn)
    draft, reseller = body.to_draft(), body.reseller()
    call = exchange.call(body)

    async def created(uow: UnitOfWork) -> Answer:
        served = await create_customer(uow, call, draft, reseller)
        return answer(201, created_body(served, uow.new_id()))

    return await exchange.once(call, created)


async def changed_customer(exchange: Exchange) -> Answer:
    """`PATCH /v1/customers/{id}`: end the relationship, the one change there is."""
    customer = exchange.customer()
    body = await exchange.read(CustomerPatch)
    if body.relationship_to_partner.lower() != "none":
        raise Rejected("request.invalid-property", name="relationshipToPartner")
    call = exchange.call(body)

    async def removed(uow: UnitOfWork) -> Answer:
        await remove_relationship(uow, call, customer)
        return answer(200, REMOVED)

    return await exchange.once(call, removed)


async def deleted_customer(exchange: Exchange) -> Answer:
    """`DELETE /v1/customers/{id}`: only from a sandbox account."""
    customer = exchange.customer()
    call = exchange.call()

    async def deleted(uow: UnitOfWork) -> Answer:
        await delete_customer(uow, call, customer)
        return answer(204)

    return await exchange.once(call, deleted)


async def customer_relationships(exchange: Exchange) -> Answer:
    """`GET /v1/customers/{id}/relationships`: the resellers that serve the customer."""
    customer, actor = exchange.customer(), exchange.actor
    return await whole_list(
        exchange,
        lambda uow: resellers_of_customer(uow, actor, customer),
        lambda reseller: relationship_body(reseller, RelationshipType.PROVIDER_OF),
    )


async def domain_check(exchange: Exchange) -> Answer:
    """`HEAD /v1/domains/{domain}`: 200 when a customer has the domain, 404 when it is free."""
    domain = exchange.incoming.ids["domain"]
    taken = await exchange.deployment.store.read(lambda uow: domain_taken(uow, domain))
    return answer(200 if taken else 404)


async def address_check(exchange: Exchange) -> Answer:
    """`POST /v1/validations/address`: an empty answer when the address keeps to the limits."""
    address = (await exchange.read(AddressBody)).to_address()
    checked_address(address, country_codes(exchange.actor.partner.cloud))
    return answer(200)


async def relationship_request(exchange: Exchange) -> Answer:
    """`GET /v1/customers/relationshiprequests`: the link that a partner gives to a customer."""
    url = f"{exchange.deployment.public_url}{RELATIONSHIP_REQUEST}/{exchange.actor.partner.id}"
    return answer(200, relationship_request_body(url))


async def validation_codes(exchange: Exchange) -> Answer:
    """`GET /v1/customers/all/validations`: there for government partners only."""
    if exchange.actor.partner.cloud is not Cloud.US_GOVERNMENT:
        raise Rejected("request.not-found")
    return answer(200, NOTHING_TO_VALIDATE)


_ONE = "/v1/customers/{customer_id}"

ROUTES = (
    Route("GET", "/v1/customers", READ_CUSTOMERS, customers, costly=True, parameters=(*PAGE, "filter")),
    Route("POST", "/v1/customers", WRITE_CUSTOMERS, new_customer, names=NAMES),
    Route(
        "GET",
        "/v1/customers/relationshiprequests",
        PREPARE_CUSTOMERS,
        relationship_request,
        unserved=("indirectCloudSolutionProviderId", "indirectResellerId", "dualRoleIndirectRelationship"),
    ),
    Route("GET", "/v1/customers/all/validations", PREPARE_CUSTOMERS, validation_codes),
    Route("GET", _ONE, READ_CUSTOMERS, customer_by_id, throttled=True),
    Route("PATCH", _ONE, WRITE_CUSTOMERS, changed_customer, throttled=True),
    Route("DELETE", _ONE, WRITE_CUSTOMERS, deleted_customer, throttled=True),
    Route("GET", f"{_ONE}/relationships", READ_CUSTOMERS, customer_relationships),
    Route("HEAD", "/v1/domains/{domain}", PREPARE_CUSTOMERS, domain_check, unserved=("customer_id",)),
    Route("POST", "/v1/validations/address", PREPARE_CUSTOMERS, address_check, names=ADDRESS_NAMES),
)
