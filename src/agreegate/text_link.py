"""Links to agreement texts that work for five minutes for everybody who has them (contract 4.4). A leaf.

A link is a signed token that names what it leads to. Its time is the machine's, whatever a demo's clock says.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from secrets import token_urlsafe

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError

from agreegate.domain.agreements.agreement import AgreementTemplate
from agreegate.domain.agreements.text import Digest, FoundText, MediaType, TextFile
from agreegate.domain.error import Rejected
from agreegate.signing import SigningKeys

LIFETIME = 5 * 60
"""Seconds."""
LONGEST = 2000
"""Maximum characters of a link's last part."""
LONGEST_LABEL = 50
"""Maximum characters of an unpublished label in a title."""
_ALGORITHMS = ["HS256"]
_PURPOSE = b"links to agreement texts"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class Use(StrEnum):
    """The use of a link."""

    PREVIEW = "preview"
    DOWNLOAD = "download"


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link leads to. Its fields are claims of the link."""

    digest: Digest
    media_type: MediaType
    name: str
    """Of the file, once downloaded: letters, digits, dots and hyphens only."""
    title: str
    language: str
    maker: str = ""
    """The key of the user or application that the link was made for."""


def unpublished(file: TextFile, title: str, label: str, language: str) -> Linked:
    """Return what a link to an unpublished file leads to, for the operator's preview."""
    shown = f"{title} · {label[:LONGEST_LABEL]}"
    return _linked(file, shown, shown, language)


def _linked(file: TextFile, stem: str, title: str, language: str) -> Linked:
    name = f"{_UNSAFE.sub('-', stem)}.{file.media_type.ending}"
    return Linked(file.digest, file.media_type, name, title, language)


class TextLinks:
    """Makes links, each different, and reads them."""

    def __init__(self, secrets: Sequence[str], public_url: str, machine_time: Callable[[], float]) -> None:
        """Sign with keys drawn from the installation's secrets.

        Args:
            public_url: what every link starts with; without a trailing slash.
            machine_time: seconds since 1970.
        """
        self._keys = SigningKeys(secrets, _PURPOSE)
        self._public_url = public_url
        self._machine_time = machine_time

    def expires_at(self) -> float:
        """Return when a link made now expires, in seconds since 1970."""
        return self._machine_time() + LIFETIME

    def to_text(self, template: AgreementTemplate, found: FoundText, use: Use, maker: str) -> str:
        """Return a new absolute link to a text; a preview leads to the PDF that stands for a Word document, if there is one.

        Args:
            maker: as in `to`.
        """
        file = found.file.shown if use is Use.PREVIEW else found.file
        stem = f"{template.agreement_type}-{found.version.label}-{found.locale.country}-{found.locale.language}"
        target = _linked(file, stem, f"{template.title} · {found.version.label}", found.locale.language)
        return self.to(target, use, maker)

    def to(self, target: Linked, use: Use, maker: str) -> str:
        """Return a new absolute link.

        Args:
            maker: the key of the user or application that it is made for: opening it counts as theirs.
        """
        times = {"aud": str(use), "exp": int(self.expires_at()), "jti": token_urlsafe(12)}
        claims = asdict(replace(target, maker=maker)) | times
        return f"{self._public_url}/texts/{use}/{jwt.encode({'alg': _ALGORITHMS[0]}, claims, self._keys.first, _ALGORITHMS)}"

    def read(self, token: str, use: Use) -> Linked:
        """Return what a link leads to, by its last part.

        Raises:
            `text.link-expired`: its time is over, it is for another use, or its signature is not valid.
        """
        try:
            if len(token) > LONGEST:
                raise Rejected("text.link-expired")
            claims = self._keys.read(lambda key: jwt.decode(token, key, _ALGORITHMS).claims)
            if claims["aud"] != use or claims["exp"] <= self._machine_time():
                raise Rejected("text.link-expired")
            return msgspec.convert(claims, Linked)
        except (JoseError, ValueError, msgspec.ValidationError):  # a link of an older version too
            raise Rejected("text.link-expired") from None
