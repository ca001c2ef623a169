"""Programs in other languages, as far as a server can tell: how they spell bodies, dates and heads (contract section 8).

Each sends the same resources: the .NET library every property with its nulls, the Java library none without a value,
a Go program every field with its zero value.
"""

import json
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from http.client import HTTPResponse
from typing import Any

Json = dict[str, Any]
ZERO_DATE = "0001-01-01T00:00:00"
TEXT, DATE, NUMBER, FLAG, MAP, LIST = "text", "date", "number", "flag", "map", "list"

RESOURCES: dict[str, dict[str, str]] = {
    "Agreement": {
        "userId": TEXT, "primaryContact": "Contact", "templateId": TEXT, "dateAgreed": DATE, "type": TEXT, "agreementLink": TEXT,
    },
    "Contact": {"firstName": TEXT, "lastName": TEXT, "email": TEXT, "phoneNumber": TEXT},
    "Customer": {
        "id": TEXT, "commerceId": TEXT, "companyProfile": "CustomerCompanyProfile", "billingProfile": "CustomerBillingProfile",
        "relationshipToPartner": "unknown", "allowDelegatedAccess": TEXT, "userCredentials": "UserCredentials",
        "customDomains": LIST, "associatedPartnerId": TEXT,
    },
    "CustomerCompanyProfile": {"tenantId": TEXT, "domain": TEXT, "companyName": TEXT, "organizationRegistrationNumber": TEXT},
    "CustomerBillingProfile": {
        "id": TEXT, "firstName": TEXT, "lastName": TEXT, "email": TEXT, "culture": TEXT, "language": TEXT, "companyName": TEXT,
        "defaultAddress": "Address",
    },
    "Address": {
        "country": TEXT, "region": TEXT, "city": TEXT, "state": TEXT, "addressLine1": TEXT, "addressLine2": TEXT,
        "postalCode": TEXT, "firstName": TEXT, "lastName": TEXT, "phoneNumber": TEXT,
    },
    "Order": {
        "id": TEXT, "alternateId": TEXT, "referenceCustomerId": TEXT, "billingCycle": "unknown", "currencyCode": TEXT,
        "currencySymbol": TEXT, "lineItems": "[OrderLineItem]", "creationDate": TEXT, "status": TEXT, "transactionType": TEXT,
        "links": LIST, "totalPrice": TEXT, "partnerOnRecordAttestationAccepted": TEXT,
    },
    "OrderLineItem": {
        "lineItemNumber": NUMBER, "offerId": TEXT, "subscriptionId": TEXT, "parentSubscriptionId": TEXT, "termDuration": TEXT,
        "renewsTo": LIST, "transactionType": TEXT, "friendlyName": TEXT, "quantity": NUMBER, "pricing": LIST,
        "partnerIdOnRecord": TEXT, "additionalPartnerIdsOnRecord": LIST, "provisioningContext": MAP, "attestationAccepted": TEXT,
        "links": LIST,
    },
    "Cart": {
        "id": TEXT, "creationTimestamp": TEXT, "lastModifiedTimestamp": TEXT, "expirationTimestamp": DATE,
        "lastModifiedUser": TEXT, "lineItems": "[CartLineItem]", "status": TEXT, "partnerOnRecordAttestationAccepted": TEXT,
        "links": LIST,
    },
    "CartLineItem": {
        "id": NUMBER, "catalogItemId": TEXT, "friendlyName": TEXT, "quantity": NUMBER, "currencyCode": TEXT,
        "billingCycle": "unknown", "termDuration": TEXT, "participants": LIST, "provisioningContext": MAP, "orderGroup": TEXT,
        "addonItems": "[CartLineItem]", "renewsTo": LIST, "error": LIST, "attestationAccepted": TEXT,
    },
    "Subscription": {
        "id": TEXT, "entitlementId": TEXT, "offerId": TEXT, "offerName": TEXT, "friendlyName": TEXT, "productType": LIST,
        "quantity": NUMBER, "unitType": TEXT, "parentSubscriptionId": TEXT, "consumptionType": TEXT, "creationDate": DATE,
        "effectiveStartDate": DATE, "commitmentEndDate": DATE, "cancellationAllowedUntilDate": TEXT, "status": "none",
        "autoRenewEnabled": FLAG, "isTrial": FLAG, "billingType": "none", "billingCycle": "unknown", "suspensionReasons": LIST,
        "contractType": "subscription", "orderId": TEXT, "partnerId": TEXT, "termDuration": TEXT, "renewalTermDuration": TEXT,
        "hasPurchasableAddons": FLAG, "attentionNeeded": FLAG, "actionTaken": FLAG, "actions": LIST, "refundOptions": LIST,
        "links": LIST,
    },
    "Upgrade": {
        "targetOffer": "Offer", "upgradeType": "none", "isEligible": FLAG, "quantity": NUMBER, "upgradeErrors": LIST,
    },
    "Offer": {
        "id": TEXT, "name": TEXT, "description": TEXT, "minimumQuantity": NUMBER, "maximumQuantity": NUMBER, "rank": NUMBER,
        "uri": TEXT, "locale": TEXT, "country": TEXT, "category": LIST, "prerequisiteOffers": LIST, "isAddOn": FLAG,
        "hasAddOns": FLAG, "isAvailableForPurchase": FLAG, "billing": "none", "supportedBillingCycles": LIST,
        "isAutoRenewable": FLAG, "product": LIST, "unitType": TEXT, "links": LIST,
    },
    "Conversion": {"offerId": TEXT, "targetOfferId": TEXT, "orderId": TEXT, "quantity": NUMBER, "billingCycle": "unknown"},
    "UserCredentials": {"userName": TEXT, "password": TEXT},
}  # fmt: skip
"""The properties of the libraries' resources, in their order: the kind of each, the value of an enumeration that nobody set, or the
resource inside. `DATE` can have no null there."""
WITHOUT_ATTRIBUTES = {"Contact", "Address", "OrderLineItem", "CartLineItem", "UserCredentials"}


def _inside(kind: str) -> str | None:
    """The resource that a property or the items of its list are, if it is of that kind."""
    name = kind.strip("[]")
    return name if name in RESOURCES else None


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _java_date(text: str) -> str:
    """`Instant.toString()` of Java 15 and later, with a part of a microsecond."""
    return f"{_moment(text):%Y-%m-%dT%H:%M:%S.%f}789Z"


def _go_date(text: str) -> str:
    """RFC 3339 with nanoseconds, in the machine's zone and without zeros at the end."""
    there = _moment(text).astimezone(timezone(timedelta(hours=2)))
    return re.sub(r"\.?0*(?=\+)", "", f"{there:%Y-%m-%dT%H:%M:%S.%f}001+02:00")


def _net_date(text: str) -> str:
    """The round-trip form of .NET: ticks of 100 nanoseconds."""
    return f"{_moment(text):%Y-%m-%dT%H:%M:%S.%f}9Z"


def _escaped(text: str, signs: str) -> str:
    return re.sub(signs, lambda found: "".join(f"\\u{unit:04X}" for unit in _units(found[0])), text)


def _units(sign: str) -> Iterator[int]:
    """The UTF-16 code units of a sign, as both languages escape one."""
    encoded = sign.encode("utf-16-be")
    yield from (int.from_bytes(encoded[at : at + 2], "big") for at in range(0, len(encoded), 2))


@dataclass(frozen=True, eq=False)
class Client:
    """A program: how it spells members and values, and what it sends around them."""

    name: str
    headers: Mapping[str, str] = field(default_factory=dict)
    pascal: bool = False
    unset: Mapping[str, Any] | None = None
    """What stands for a property that nobody set, by its kind; None: nothing does."""
    enumerations: bool = False
    """Whether an enumeration that nobody set is sent with its first value."""
    attributes: bool = False
    date: Callable[[str], str] = str
    escape: Callable[[str], str] = str
    """Turns JSON into the JSON of that language."""
    end: str = ""
    """What follows the body."""
    empty: bytes = b""
    """The body of a call without one."""
    chunked: bool = False
    waits: bool = False
    """Whether it sends a body only once the server says to go on."""
    whole: bool = False
    """Whether it changes a resource by sending back all of it."""
    followed: str = "/v1"
    """What it puts before a link that it follows."""

    def serialised(self, resource: str, given: Json) -> Json:
        """A resource with every property that this client sends."""
        members: Json = {}
        properties = RESOURCES[resource]
        for name, kind in {**properties, **{name: LIST for name in given if name not in properties}}.items():
            value = given.get(name)
            inside = _inside(kind)
            if value is None:
                if self.unset is None:
                    continue
                value = self.unset.get(
                    kind, kind if self.enumerations and kind not in (LIST, MAP) and not inside else None
                )
            elif kind == DATE and isinstance(value, str):
                value = self.date(value)
            elif inside and isinstance(value, list):
                value = [self.serialised(inside, one) for one in value]
            elif inside:
                value = self.serialised(inside, value)
            elif kind != MAP:
                value = self._renamed(value)
            members[self._name(name)] = value
        if self.attributes and resource not in WITHOUT_ATTRIBUTES and self._name("attributes") not in members:
            members[self._name("attributes")] = self._renamed({"objectType": resource})
        return members

    def _name(self, name: str) -> str:
        return name[:1].upper() + name[1:] if self.pascal else name

    def _renamed(self, value: Any) -> Any:
        """What is no resource of the table: links, attributes and lists of them."""
        if isinstance(value, list):
            return [self._renamed(one) for one in value]
        if isinstance(value, dict):
            return {self._name(name): self._renamed(one) for name, one in value.items()}
        return value

    def body(self, resource: str, given: Json) -> bytes:
        """The bytes of a resource."""
        text = json.dumps(self.serialised(resource, given), ensure_ascii=False, separators=(",", ":"))
        return (self.escape(text) + self.end).encode()


PLAIN = Client("plain", {"Content-Type": "application/json"})
JAVA = Client(
    "Java",
    {
        "Accept": "application/json",
        "MS-Contract-Version": "v1",
        "X-Locale": "en-US",
        "MS-PartnerCenter-Client": "Partner Center Java SDK",
        "MS-SdkVersion": "1.15.4",
        "Content-Type": "application/json; charset=utf-8",
        "Connection": "Keep-Alive",
        "Accept-Encoding": "gzip",
        "User-Agent": "okhttp/3.12.1",
    },
    attributes=True,
    date=_java_date,
    empty=b'""',
    whole=True,
    followed="/v1/",
)
GO = Client(
    "Go",
    {"Content-Type": "application/json", "Accept-Encoding": "gzip", "User-Agent": "Go-http-client/1.1"},
    unset={TEXT: "", DATE: ZERO_DATE + "Z", NUMBER: 0, FLAG: False, "none": "", "unknown": "", "subscription": ""},
    date=_go_date,
    escape=lambda text: _escaped(text, "[<>&\u2028\u2029]"),
    end="\n",
    chunked=True,
    whole=True,
)
NET = Client(
    ".NET",
    {
        "Accept": "application/json",
        "X-Locale": "en-US",
        "MS-PartnerCenter-Client": "Partner Center .NET SDK",
        "MS-PartnerCenter-Application": "A made-up application",
        "MS-SdkVersion": "1.13.1",
        "Content-Type": "application/json",
        "Expect": "100-continue",
    },
    pascal=True,
    unset={DATE: ZERO_DATE, NUMBER: 0, FLAG: False, TEXT: None},
    enumerations=True,
    attributes=True,
    date=_net_date,
    escape=lambda text: _escaped(text.replace('\\"', "\\u0022"), "[^ -~]|[<>&'+`]"),
    waits=True,
    whole=True,
    followed="/v1/",
)
CLIENTS = (JAVA, GO, NET)


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: Any
    """JSON; None for none."""


class Connection:
    """One connection, on which a client sends its calls to the letter."""

    def __init__(self, client: Client, host: str, port: int, patience: float) -> None:
        self._client = client
        self._host = f"{host}:{port}"
        self._socket = socket.create_connection((host, port), timeout=patience)

    def close(self) -> None:
        self._socket.close()

    def call(
        self, method: str, path: str, token: str, body: bytes | None, ids: Mapping[str, str], more: Mapping[str, str]
    ) -> Reply:
        """Send one request and read its answer."""
        client = self._client
        named = {"Host": self._host, "Authorization": f"Bearer {token}", **client.headers, **ids, **more}
        if client is GO:
            named = {name.title(): value for name, value in named.items()}
        content = client.empty if body is None and method == "POST" else body
        chunked = client.chunked and bool(content)
        if not content:
            named.pop("Expect", None)
        if content is None:
            pass
        elif chunked:
            named["Transfer-Encoding"] = "chunked"
        else:
            named["Content-Length"] = str(len(content))
        head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        self._socket.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode())
        if content and "Expect" in named:
            assert self._exactly(len(GO_ON)) == GO_ON
        if chunked and content:
            for piece in (content[:20], content[20:]):
                self._socket.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
            self._socket.sendall(b"0\r\n\r\n")
        elif content:
            self._socket.sendall(content)
        answer = HTTPResponse(self._socket, method=method)
        answer.begin()
        read = answer.read()
        answer.close()
        return Reply(answer.status, {n.lower(): v for n, v in answer.getheaders()}, json.loads(read) if read else None)

    def _exactly(self, count: int) -> bytes:
        read = b""
        while len(read) < count and (piece := self._socket.recv(count - len(read))):
            read += piece
        return read


GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"


@contextmanager
def connected(client: Client, url: str, patience: float) -> Iterator[Connection]:
    """A connection of a client to a server."""
    host, port = url.removeprefix("http://").split(":")
    connection = Connection(client, host, int(port), patience)
    try:
        yield connection
    finally:
        connection.close()
