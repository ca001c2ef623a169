"""Agreement types and their templates: what may be confirmed, and what opens the gate.

An *agreement type* is a kind of document; a *template* has its stable id on the wire. Texts: `domain/agreements/text.py`.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

TemplateId = NewType("TemplateId", str)
"""An agreement template's id: a GUID in lower case, stable over all versions of the text."""

AgreementType = NewType("AgreementType", str)
"""The wire's name, such as `MicrosoftCloudAgreement`."""


@dataclass(frozen=True, slots=True)
class AgreementTemplate:
    """One template of a programme."""

    id: TemplateId
    agreement_type: AgreementType
    link: str
    version_rank: int
    confirm_until: datetime | None
    """The instant from which the template is retired and cannot be confirmed. None: never."""
    opens_from: datetime | None
    """The instant from which a confirmation opens the gate. None: always."""
    opens_until: datetime | None
    """The instant from which a confirmation no longer opens the gate. None: without end."""
    duplicates_refused_from: datetime | None
    """The instant from which a duplicate is refused (contract 4.2). None: never."""

    @property
    def title(self) -> str:
        """The agreement type as people write it: `Microsoft Cloud Agreement`."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", self.agreement_type)

    def has_opened(self, now: datetime) -> bool:
        """Whether a confirmation opens the gate at `now`, or opened it before."""
        return self.opens_from is None or self.opens_from <= now

    def opens_gate(self, now: datetime) -> bool:
        """Whether a confirmation opens the gate at `now` (contract 4.14, step 5)."""
        return self.has_opened(now) and (self.opens_until is None or now < self.opens_until)

    def retired(self, now: datetime) -> bool:
        """Whether the template cannot be confirmed at `now`."""
        return self.confirm_until is not None and self.confirm_until <= now

    def refuses_duplicates(self, now: datetime) -> bool:
        """Whether a duplicate is refused at `now`."""
        return self.duplicates_refused_from is not None and self.duplicates_refused_from <= now
