"""The `filter` parameter of lists: one field, one operator, one value, as JSON (contract 4.7, 4.12, 7.1)."""

from agreegate.api.body import read_json, to_model
from agreegate.api.paths import as_guid
from agreegate.api.wire import Wire
from agreegate.api.wire.audit import RESOURCES
from agreegate.domain.audit import AuditField, AuditSearch
from agreegate.domain.customers.customer import Search, SearchField
from agreegate.domain.error import Rejected
from agreegate.domain.partner_search import NameMatch, NameSearch

_STARTS_WITH, _EQUALS, _SUBSTRING = "startswith", "equals", "substring"
_SEARCH_FIELDS = {
    "companyname": SearchField.COMPANY_NAME,
    "domain": SearchField.DOMAIN,
    "indirectreseller": SearchField.INDIRECT_RESELLER,
    "indirectcloudsolutionprovider": SearchField.INDIRECT_PROVIDER,
}
_AUDIT_FIELDS = {
    "companyname": AuditField.COMPANY_NAME,
    "customerid": AuditField.CUSTOMER_ID,
    "resourcetype": AuditField.RESOURCE_TYPE,
}
"""What lists are filtered by: the wire's names, in lower case."""
_PARTNERS = (SearchField.INDIRECT_RESELLER, SearchField.INDIRECT_PROVIDER)
_OPERATIONS = (
    _EQUALS,
    "notequals",
    "greaterthan",
    "greaterthanorequals",
    "lessthan",
    "lessthanorequals",
    _SUBSTRING,
    "and",
    "or",
    _STARTS_WITH,
    "notstartswith",
)
"""The SDKs' enumeration, in its order: clients that write enumerations as numbers send the place in it (contract 7.1)."""
_PLACES = {str(place): operation for place, operation in enumerate(_OPERATIONS)}


class Filter(Wire):
    """A condition as clients write it: names in any case, the operator as `starts_with`, `StartsWith` or 9."""

    field: str
    value: str
    operator: str | int

    @property
    def operation(self) -> str:
        """Return the operator in lower case, without underscores."""
        name = str(self.operator)
        return _PLACES.get(name) or name.replace("_", "").lower()


def customer_search(text: str) -> Search | None:
    """Return the search of a filter for customers; None without a filter.

    Raises:
        `customer.search-unsupported`: the operator is neither `starts_with` nor `equals`.
        `request.invalid-parameter`: anything else is wrong, such as a part of a reseller's or provider's tenant id.
    """
    if (found := _filter(text)) is None:
        return None
    if found.operation not in (_STARTS_WITH, _EQUALS):
        raise Rejected("customer.search-unsupported")
    field = _SEARCH_FIELDS.get(found.field.lower())
    if field is None:
        raise Rejected("request.invalid-parameter", name="filter")
    value = _guid(found.value) if field in _PARTNERS else found.value.strip()
    return Search(field, value, whole=found.operation == _EQUALS)


def audit_search(text: str) -> AuditSearch | None:
    """Return the search of a filter for audit records; None without a filter.

    Raises:
        `request.invalid-parameter`.
    """
    if (found := _filter(text)) is None:
        return None
    field = _AUDIT_FIELDS.get(found.field.lower())
    if field is None or found.operation != (_SUBSTRING if field is AuditField.COMPANY_NAME else _EQUALS):
        raise Rejected("request.invalid-parameter", name="filter")
    match field:
        case AuditField.CUSTOMER_ID:
            return AuditSearch(field, _guid(found.value))
        case AuditField.RESOURCE_TYPE:
            return AuditSearch(field, RESOURCES.get(found.value.strip().lower(), ""))
        case AuditField.COMPANY_NAME:
            return AuditSearch(field, found.value.strip())


def relationship_search(text: str) -> NameSearch | None:
    """Return the search of a filter for names of linked partners; None without a filter.

    Raises:
        `request.invalid-parameter`.
    """
    if (found := _filter(text)) is None:
        return None
    if found.field.lower() != "name" or found.operation not in set(NameMatch):
        raise Rejected("request.invalid-parameter", name="filter")
    return NameSearch(NameMatch(found.operation), found.value.strip())


def _filter(text: str) -> Filter | None:
    if not text:
        return None
    try:
        return to_model(read_json(text.encode()), Filter)
    except Rejected:
        raise Rejected("request.invalid-parameter", name="filter") from None


def _guid(value: str) -> str:
    return as_guid(value.strip(), "filter", "request.invalid-parameter")
