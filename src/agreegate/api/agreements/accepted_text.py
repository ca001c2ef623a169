"""The accepted text of a confirmation, in our own API."""

from typing import Annotated

import msgspec
from msgspec import Meta

from agreegate.domain.agreements.accepted_text import AcceptedText, Basis


class AcceptedTextOut(msgspec.Struct, rename="camel"):
    """Which text of the agreement was accepted (R38)."""

    basis: Annotated[
        Basis,
        Meta(description="`inferred` from date, country and language; `stated` by a person; else `undetermined`."),
    ]
    label: Annotated[str | None, Meta(description="What people call the version.", examples=["2018-01"])]
    version_id: Annotated[
        str | None, Meta(description="The version's id.", examples=["7a2f9d10-5b1c-4f0e-8f43-2d1c6b7a9e01"])
    ]
    country: Annotated[str | None, Meta(description="Country of the file.", examples=["US"])]
    language: Annotated[str | None, Meta(description="Language of the file.", examples=["en-US"])]
    digest: Annotated[str | None, Meta(description="SHA-256 of the file's bytes.", examples=["0" * 64])]

    @classmethod
    def of(cls, accepted: AcceptedText) -> "AcceptedTextOut":
        """Return the accepted text as our own API answers it."""
        locale = accepted.locale
        return cls(
            accepted.basis,
            accepted.label,
            accepted.version_id,
            None if locale is None else locale.country,
            None if locale is None else locale.language,
            accepted.digest,
        )
