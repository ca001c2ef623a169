"""Customers on the wire, in requests and answers (contract 4.7)."""

from dataclasses import asdict

from msgspec import field, structs

from agreegate.api.paths import as_guid
from agreegate.api.wire import Body, Wire, link, present
from agreegate.domain.customers.customer import Address, Customer, CustomerDraft, CustomerSummary
from agreegate.domain.partner import PartnerId
from agreegate.services.customers.customer import ServedCustomer

USER_NAME = "admin"
NOTHING_TO_VALIDATE: list[Body] = []
"""The validation codes of a government partner: always none. A bare array, no collection (contract 7.1)."""
REMOVED: Body = {
    "Id": None,
    "CommerceId": None,
    "CompanyProfile": None,
    "BillingProfile": None,
    "RelationshipToPartner": "none",
    "AllowDelegatedAccess": None,
    "UserCredentials": None,
    "CustomDomains": None,
    "AssociatedPartnerId": None,
    "Attributes": {"ObjectType": "Customer"},
}
"""The answer when a relationship has ended: nulls, and names as nowhere else (contract 4.7)."""


class AddressBody(Wire):
    """A customer's address, in a request and in an answer. The fields are named as the domain's `Address` names them."""

    country: str | None = None
    city: str | None = None
    state: str | None = None
    line1: str | None = field(default=None, name="addressLine1")
    line2: str | None = field(default=None, name="addressLine2")
    postal_code: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = field(default=None, name="phoneNumber")

    def to_address(self) -> Address:
        """Return the address as it was written; what is missing is blank."""
        return Address(**{name: value or "" for name, value in structs.asdict(self).items()})

    @classmethod
    def of(cls, address: Address) -> "AddressBody":
        """Return the address as it is kept."""
        return cls(
            **{name: None if name in _OPTIONAL and not value else value for name, value in asdict(address).items()}
        )


_OPTIONAL = frozenset({"state", "line2", "postal_code"})
"""Left out of an answer where they are blank."""
ADDRESS_NAMES = {f"address.{one.name}": one.encode_name for one in structs.fields(AddressBody)}
"""The domain's names of an address's members, as the wire calls them in an address alone."""
NAMES = {
    "domain": "companyProfile.domain",
    "registration_number": "companyProfile.organizationRegistrationNumber",
    "email": "billingProfile.email",
    "culture": "billingProfile.culture",
    "language": "billingProfile.language",
    "company_name": "billingProfile.companyName",
    "reseller_id": "associatedPartnerId",
    **{member: f"billingProfile.defaultAddress.{name}" for member, name in ADDRESS_NAMES.items()},
}
"""The domain's names of a customer's members, as the wire calls them."""


class CompanyProfileIn(Wire):
    """Of a customer to be created."""

    domain: str
    organization_registration_number: str | None = None


class BillingProfileIn(Wire):
    """Of a customer to be created."""

    email: str
    culture: str
    language: str
    company_name: str
    default_address: AddressBody


class CustomerIn(Wire):
    """A customer to be created."""

    company_profile: CompanyProfileIn
    billing_profile: BillingProfileIn
    associated_partner_id: str | None = None

    def to_draft(self) -> CustomerDraft:
        """Return the customer to create."""
        billing = self.billing_profile
        return CustomerDraft(
            domain=self.company_profile.domain,
            company_name=billing.company_name,
            email=billing.email,
            culture=billing.culture,
            language=billing.language,
            address=billing.default_address.to_address(),
            registration_number=self.company_profile.organization_registration_number,
        )

    def reseller(self) -> PartnerId | None:
        """Return the reseller that will serve the customer; None for none.

        Raises:
            `request.invalid-property`: its id is no GUID.
        """
        if not self.associated_partner_id:
            return None
        return PartnerId(as_guid(self.associated_partner_id, "associatedPartnerId", "request.invalid-property"))


class CustomerPatch(Wire):
    """The one thing about a customer that can be changed."""

    relationship_to_partner: str


def created_body(served: ServedCustomer, password: str) -> Body:
    """Return the answer to a create: `none` for the partner's own customer, `reseller` through a reseller (contract 4.7).

    Args:
        password: made up, because clients expect one. No directory account is created.
    """
    relationship = "none" if served.reseller is None else "reseller"
    return _whole(served, relationship, {"userCredentials": {"userName": USER_NAME, "password": password}})


def customer_body(served: ServedCustomer) -> Body:
    """Return a customer in full."""
    customer = served.customer
    return _whole(
        served,
        "reseller",
        {"allowDelegatedAccess": True, "customDomains": [customer.domain]},
        {"self": link(f"/customers/{customer.id}")},
    )


def listed_body(customer: CustomerSummary) -> Body:
    """Return an item of a list."""
    return {
        "id": customer.id,
        "companyProfile": _company(customer),
        "relationshipToPartner": "reseller",
        "attributes": {"objectType": "Customer"},
    }


def relationship_request_body(url: str) -> Body:
    """Return where a customer agrees to be served by the partner."""
    return {"url": url, "attributes": {"objectType": "RelationshipRequest"}}


def _whole(served: ServedCustomer, relationship: str, more: Body, links: Body | None = None) -> Body:
    """Return the members of every answer about one customer, with the members that one answer has `more`."""
    customer = served.customer
    return present(
        {
            "id": customer.id,
            "companyProfile": _company(customer),
            "relationshipToPartner": relationship,
            "commerceId": customer.commerce_id,
            "billingProfile": _billing(customer),
            **more,
            "associatedPartnerId": served.reseller,
            "links": links,
            "attributes": {"objectType": "Customer"},
        }
    )


def _company(customer: Customer | CustomerSummary) -> Body:
    return present(
        {
            "tenantId": customer.id,
            "domain": customer.domain,
            "companyName": customer.company_name,
            "organizationRegistrationNumber": customer.registration_number if isinstance(customer, Customer) else None,
            "attributes": {"objectType": "CustomerCompanyProfile"},
        }
    )


def _billing(customer: Customer) -> Body | None:
    billing = customer.billing
    if billing is None:
        return None
    return {
        "id": billing.profile_id,
        "email": billing.email,
        "culture": customer.culture,
        "language": customer.language,
        "companyName": customer.company_name,
        "defaultAddress": AddressBody.of(billing.address),
        "attributes": {"etag": billing.etag, "objectType": "CustomerBillingProfile"},
    }
