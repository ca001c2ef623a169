"""A programme: one vendor's dates and rules, as data (decision 0017).

Each rule beyond the published process has its own key, which is off in `microsoft-cloud-agreement`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from agreegate.domain.actor import Channel
from agreegate.domain.agreements.agreement import AgreementTemplate, AgreementType, TemplateId
from agreegate.domain.error import Rejected
from agreegate.domain.partner import Cloud


class StaleRule(StrEnum):
    """The effect of an outdated confirmation on purchases (X4, X5)."""

    ADVISE = "advise"
    """As in the published process: the gate allows the purchase and advises the partner."""
    REFUSE = "refuse"
    """Extension: purchases need a confirmation of the current text; auto-renewal never does."""


@dataclass(frozen=True, slots=True)
class Programme:
    """The rules of one vendor."""

    name: str
    version: int
    title: str
    starts: datetime
    """Before this instant the feature does not exist (R1)."""
    default_agreement_type: AgreementType
    """The type of a list when the client names none (contract 4.1)."""
    templates: tuple[AgreementTemplate, ...]
    """In the order of a list of all."""
    enforce_from: Mapping[Channel, datetime | None]
    """By channel, the instant from which the gate denies; None: the gate only advises (decision 0017)."""
    unsupported_clouds: frozenset[Cloud]
    trial_offers: frozenset[str] = frozenset()
    """Ids in lower case of the offers that are always trials (contract 7.1)."""
    stale_rule: StaleRule = StaleRule.ADVISE
    stale_from: datetime | None = None
    """Grace: before this instant the gate only advises about an outdated confirmation. None: no grace."""
    policy: str = field(init=False)
    """The name of these rules in decisions, such as `microsoft-cloud-agreement@2`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "policy", f"{self.name}@{self.version}")

    def template(self, template_id: str) -> AgreementTemplate | None:
        """Return the template of this id, or None."""
        for template in self.templates:
            if template.id == template_id:
                return template
        return None

    def of_type(self, agreement_type: str) -> AgreementTemplate | None:
        """Return the template of this agreement type, in any case of letters (contract 4.1), or None."""
        folded = agreement_type.casefold()
        return next((template for template in self.templates if template.agreement_type.casefold() == folded), None)

    def is_trial(self, offer_id: str) -> bool:
        """Whether the offer of this id, in any case of letters, is always a trial."""
        return offer_id.lower() in self.trial_offers

    def exists(self, now: datetime, cloud: Cloud | None = None) -> bool:
        """Whether confirmations exist at `now` (R1) and, where a cloud is named, in that cloud (R31)."""
        return now >= self.starts and cloud not in self.unsupported_clouds

    def require(self, now: datetime, cloud: Cloud | None = None) -> None:
        """Go on only where confirmations exist: see `exists`.

        Raises:
            `confirmation.feature-absent`.
        """
        if not self.exists(now, cloud):
            raise Rejected("confirmation.feature-absent")

    def asks_for(self, now: datetime) -> str:
        """Return the title of the agreement that a denial at `now` asks to confirm: see `asked_template`."""
        template = self.asked_template(now)
        return self.title if template is None else template.title

    def asked_template(self, now: datetime) -> AgreementTemplate | None:
        """Return the template that a denial at `now` asks to confirm: the default type first; None: none opens the gate."""
        opening = [template for template in self.templates if template.opens_gate(now)]
        usual = [template for template in opening if template.agreement_type == self.default_agreement_type]
        return next(iter((*usual, *opening)), None)

    def denies_outdated(self, now: datetime) -> bool:
        """Whether purchases need a confirmation of the current text at `now` (X5)."""
        return self.stale_rule is StaleRule.REFUSE and (self.stale_from is None or now >= self.stale_from)

    def opens_gate(self, template_id: TemplateId, now: datetime) -> bool:
        """Whether a confirmation of the template opens the gate at `now`; of an unknown template never."""
        template = self.template(template_id)
        return template is not None and template.opens_gate(now)

    def has_opened(self, template_id: TemplateId, now: datetime) -> bool:
        """Whether a confirmation of the template opens the gate at `now`, or opened it before."""
        template = self.template(template_id)
        return template is not None and template.has_opened(now)
