"""Customers, confirmations and subscriptions as the rules get them: right ones, and one with everything wrong."""

from datetime import UTC, datetime, timedelta
from typing import Any

from agreegate.domain.actor import UserId
from agreegate.domain.agreements.agreement import AgreementTemplate, AgreementType, TemplateId
from agreegate.domain.confirmation import (
    CollectionDraft,
    Draft,
    Employee,
    Facts,
    PrimaryContact,
)
from agreegate.domain.customers.customer import (
    Address,
    CustomerDraft,
)
from agreegate.domain.orders.subscription import (
    Subscription,
    SubscriptionId,
    SubscriptionStatus,
)
from agreegate.domain.orders.term import BillingCycle, Commitment, TermDuration
from agreegate.domain.partner import PartnerId
from tests import personas as cast

ADDRESS = Address(
    country="US",
    city="Redmond",
    line1="1 Main St",
    state="WA",
    postal_code="98052",
    first_name="Noa",
    last_name="Berg",
    phone="5550100",
)

CUSTOMER = CustomerDraft("contoso.example", "Contoso", "noa@contoso.example", "en-US", "en", ADDRESS)


NOW = datetime(2019, 2, 14, 12, 0, tzinfo=UTC)

TEMPLATE = AgreementTemplate(
    id=TemplateId(cast.CLOUD_AGREEMENT),
    agreement_type=AgreementType("MicrosoftCloudAgreement"),
    link="https://agreement.example",
    version_rank=0,
    confirm_until=None,
    opens_from=None,
    opens_until=None,
    duplicates_refused_from=None,
)

FACTS = Facts(NOW, TEMPLATE, UserId(cast.ALDER_SALES))

BROKEN = Draft(
    PrimaryContact(" ", "B" * 51, "noa", "5\x00"),
    TEMPLATE.id,
    None,
    version="2099-01",
    employee=Employee("", "ada", "4" * 51),
    collection=CollectionDraft(PartnerId(cast.ELM), "\t", NOW + timedelta(days=2)),
)


BOUGHT_AT = datetime(2019, 3, 22, tzinfo=UTC)

ACTIVE, SUSPENDED, DELETED, EXPIRED = SubscriptionStatus


def subscription(**changes: Any) -> Subscription:
    members: dict[str, Any] = {
        "id": SubscriptionId("b34024c7-9258-4841-bd0b-1e2a5d5c9d8d"),
        "customer_id": "ceda0000-0000-4000-8000-000000000011",
        "order_id": "06035d39-e52a-4b00-a0b4-4d2eb96e131b",
        "offer_id": "BD938F12-058F-4927-BBA3-AE36B1D2501C",
        "offer_name": "Office",
        "friendly_name": "Office",
        "quantity": 5,
        "billing_cycle": BillingCycle.MONTHLY,
        "status": ACTIVE,
        "auto_renew": True,
        "commitment": Commitment.begin(BOUGHT_AT, TermDuration.YEAR),
        "created_at": BOUGHT_AT,
    }
    return Subscription(**members | changes)
