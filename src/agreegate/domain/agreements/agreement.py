"""Agreement types and their templates: what may be confirmed, and what opens the gate.

*Agreement*: the document type. *Template*: its stable id on the wire. Its texts: `domain/agreements/text.py`.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

TemplateId = NewType("TemplateId", str)
"""An agreement template's id: a GUID in lower case, stable over all versions of the text."""

AgreementType = NewType("AgreementType", str)
"""The wire's name of a document type, such as `MicrosoftCloudAgreement`."""


@dataclass(frozen=True, slots=True)
class AgreementTemplate:
    """One template of a programme: how it is shown, when it may be confirmed, when it opens the gate."""

    id: TemplateId
    agreement_type: AgreementType
    link: str
    version_rank: int
    confirm_until: datetime | None
    """From this instant on the template is retired: a confirmation of it is refused. None: never."""
    opens_from: datetime | None
    """A confirmation of it opens the gate from this instant. None: since ever."""
    opens_until: datetime | None
    """From this instant on it opens the gate no longer. None: without end."""
    duplicates_refused_from: datetime | None
    """From this instant on an identical repeat is refused (contract 4.2). None: never."""

    @property
    def title(self) -> str:
        """The agreement type as people write it: `Microsoft Cloud Agreement`."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", self.agreement_type)

    def has_opened(self, now: datetime) -> bool:
        """Whether its confirmations have begun to open the gate, even if they have stopped since."""
        return self.opens_from is None or self.opens_from <= now

    def opens_gate(self, now: datetime) -> bool:
        """Whether a confirmation of this template opens the gate at `now` (contract 4.14, step 5)."""
        return self.has_opened(now) and (self.opens_until is None or now < self.opens_until)

    def retired(self, now: datetime) -> bool:
        """Whether confirming this template is refused at `now`."""
        return self.confirm_until is not None and self.confirm_until <= now

    def refuses_duplicates(self, now: datetime) -> bool:
        """Whether an identical repeat is refused at `now`."""
        return self.duplicates_refused_from is not None and self.duplicates_refused_from <= now
