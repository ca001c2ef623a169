"""Customers on the wire, in requests and answers (contract 4.7)."""

from dataclasses import asdict
from typing import Any

from msgspec import field, structs

from agreegate.api.paths import as_guid
from agreegate.api.wire import Etagged, Link, ObjectType, Wire
from agreegate.domain.customers.customer import Address, Customer, CustomerDraft, CustomerSummary
from agreegate.domain.partner import PartnerId
from agreegate.services.customers.customer import ServedCustomer

USER_NAME = "admin"
NOTHING_TO_VALIDATE: list[Wire] = []
"""The validation codes of a government partner: always none. A bare array, no collection (contract 7.1)."""
REMOVED: dict[str, Any] = {
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


class CompanyProfile(Wire):
    """A customer's company profile."""

    tenant_id: str
    domain: str
    company_name: str
    organization_registration_number: str | None = None
    attributes: ObjectType | None = None


class BillingProfile(Wire):
    """A customer's billing profile."""

    id: str
    email: str
    culture: str
    language: str
    company_name: str
    default_address: AddressBody
    attributes: Etagged


class UserCredentials(Wire):
    """The first account of a new customer tenant."""

    user_name: str
    password: str


class CustomerOut(Wire):
    """A customer as it is answered: all of it by id, some of it in a list."""

    id: str
    company_profile: CompanyProfile
    relationship_to_partner: str
    commerce_id: str | None = None
    billing_profile: BillingProfile | None = None
    allow_delegated_access: bool | None = None
    user_credentials: UserCredentials | None = None
    custom_domains: list[str] | None = None
    associated_partner_id: str | None = None
    links: dict[str, Link] | None = None
    attributes: ObjectType | None = None

    @classmethod
    def created(cls, served: ServedCustomer, password: str) -> "CustomerOut":
        """Return the answer to a create: `none` for the partner's own customer, `reseller` through a reseller (contract 4.7).

        Args:
            password: made up, because clients expect one. No directory account is created.
        """
        return cls(
            **_whole(served),
            relationship_to_partner="none" if served.reseller is None else "reseller",
            user_credentials=UserCredentials(USER_NAME, password),
        )

    @classmethod
    def read(cls, served: ServedCustomer) -> "CustomerOut":
        """Return a customer in full."""
        customer = served.customer
        return cls(
            **_whole(served),
            relationship_to_partner="reseller",
            allow_delegated_access=True,
            custom_domains=[customer.domain],
            links={"self": Link.to(f"/customers/{customer.id}")},
        )

    @classmethod
    def listed(cls, customer: CustomerSummary) -> "CustomerOut":
        """Return an item of a list."""
        return cls(
            id=customer.id,
            company_profile=_company(customer),
            relationship_to_partner="reseller",
            attributes=ObjectType("Customer"),
        )


class RelationshipRequest(Wire):
    """Where a customer agrees to be served by the partner."""

    url: str
    attributes: ObjectType


def _whole(served: ServedCustomer) -> dict[str, Any]:
    """Return the members of every answer about one customer."""
    customer = served.customer
    return {
        "id": customer.id,
        "commerce_id": customer.commerce_id,
        "company_profile": _company(customer),
        "billing_profile": _billing(customer),
        "associated_partner_id": served.reseller,
        "attributes": ObjectType("Customer"),
    }


def _company(customer: Customer | CustomerSummary) -> CompanyProfile:
    return CompanyProfile(
        tenant_id=customer.id,
        domain=customer.domain,
        company_name=customer.company_name,
        organization_registration_number=customer.registration_number if isinstance(customer, Customer) else None,
        attributes=ObjectType("CustomerCompanyProfile"),
    )


def _billing(customer: Customer) -> BillingProfile | None:
    billing = customer.billing
    if billing is None:
        return None
    return BillingProfile(
        id=billing.profile_id,
        email=billing.email,
        culture=customer.culture,
        language=customer.language,
        company_name=customer.company_name,
        default_address=AddressBody.of(billing.address),
        attributes=Etagged(billing.etag, "CustomerBillingProfile"),
    )
