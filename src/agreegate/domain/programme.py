"""A programme: one vendor's dates and rules, as data (D17).

What goes beyond the published process is a key of its own, and off in `microsoft-cloud-agreement`.
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
    """What an outdated confirmation does to purchases (X4, X5)."""

    ADVISE = "advise"
    """As in the published process: presence suffices, the partner is reminded."""
    REFUSE = "refuse"
    """Extension: purchases need a confirmation of the current text. Auto-renewal never does."""


@dataclass(frozen=True, slots=True)
class Programme:
    """The rules of one vendor. `policy` names the exact set that a decision was made under."""

    name: str
    version: int
    title: str
    starts: datetime
    """Before this instant the feature does not exist (R1)."""
    default_agreement_type: AgreementType
    """What a list shows when no type is asked for (contract 4.1)."""
    templates: tuple[AgreementTemplate, ...]
    """In the order in which a list of everything shows them."""
    enforce_from: Mapping[Channel, datetime | None]
    """Per channel: refusals start at this instant; None: the gate only watches (D17)."""
    unsupported_clouds: frozenset[Cloud]
    trial_offers: frozenset[str] = frozenset()
    """Ids, in lower case, of the offers that are trials without `isTrial` in the order (contract 7.1)."""
    stale_rule: StaleRule = StaleRule.ADVISE
    stale_from: datetime | None = None
    """Grace: before this instant an outdated confirmation is only advised about. None: the rule holds from the first day."""
    policy: str = field(init=False)
    """The name under which decisions keep these rules, such as `microsoft-cloud-agreement@2`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "policy", f"{self.name}@{self.version}")

    def template(self, template_id: str) -> AgreementTemplate | None:
        """The template of this id, or None."""
        for template in self.templates:
            if template.id == template_id:
                return template
        return None

    def of_type(self, agreement_type: str) -> AgreementTemplate | None:
        """The template of this agreement type, its name in any case (contract 4.1), or None."""
        wanted = agreement_type.casefold()
        return next((t for t in self.templates if t.agreement_type.casefold() == wanted), None)

    def is_trial(self, offer_id: str) -> bool:
        """Whether the offer of this id, in any case, is a trial."""
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
        """The agreement that a refusal at `now` asks to confirm, as people write it: one whose template opens the gate.

        The programme's default type comes first, so that old clients are asked for what they know.
        """
        template = self.asked_template(now)
        return self.title if template is None else template.title

    def asked_template(self, now: datetime) -> AgreementTemplate | None:
        """The template that a refusal at `now` asks to confirm; None: none opens the gate."""
        opening = [template for template in self.templates if template.opens_gate(now)]
        usual = [template for template in opening if template.agreement_type == self.default_agreement_type]
        return next(iter((*usual, *opening)), None)

    def denies_outdated(self, now: datetime) -> bool:
        """Whether purchases need a confirmation of the current text at `now` (X5); auto-renewal never does (X4)."""
        return self.stale_rule is StaleRule.REFUSE and (self.stale_from is None or now >= self.stale_from)

    def opens_gate(self, template_id: TemplateId, now: datetime) -> bool:
        """Whether a confirmation of the template opens the gate at `now`; a template unknown here never does."""
        template = self.template(template_id)
        return template is not None and template.opens_gate(now)

    def has_opened(self, template_id: TemplateId, now: datetime) -> bool:
        """Whether a confirmation of the template has ever opened the gate by `now`."""
        template = self.template(template_id)
        return template is not None and template.has_opened(now)
