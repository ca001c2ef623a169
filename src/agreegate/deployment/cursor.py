"""The continuation tokens of long lists: signed positions of a page's first and last item."""

from collections.abc import Sequence

import msgspec
from joserfc import jws
from joserfc.errors import JoseError

from agreegate.domain.error import Rejected
from agreegate.domain.partner import PartnerId
from agreegate.signing import SigningKeys
from agreegate.storage.pagination import Position

TOKEN = "MS-ContinuationToken"  # noqa: S105 - a header's name
LONGEST = 8 * 1024
"""Maximum characters of a token. Names of 200 characters at both ends of a page fit."""
_ALGORITHMS = ["HS256"]
_PURPOSE = b"continuation tokens"
_decode = msgspec.json.Decoder(tuple[str, str, Position, Position]).decode


class Cursors:
    """Writes continuation tokens and reads them back. A token is good for its partner and its list alone."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """Sign with keys drawn from the installation's secrets: tokens outlive a restart."""
        self._keys = SigningKeys(secrets, _PURPOSE)

    def to(self, partner: PartnerId, path: str, first: Position, last: Position) -> str:
        """Return the token of a page.

        Args:
            path: the list's, canonical.
        """
        content = msgspec.json.encode((partner, path, first, last))
        return jws.serialize_compact({"alg": _ALGORITHMS[0]}, content, self._keys.first, _ALGORITHMS)

    def read(self, token: str, partner: PartnerId, path: str) -> tuple[Position, Position]:
        """Return the positions of the first and last item of a token's page.

        Raises:
            `request.invalid-parameter`: the token is another partner's, another list's, or was not written by this server.
        """
        try:
            if len(token) > LONGEST:
                raise Rejected("request.invalid-parameter", name=TOKEN)
            content = self._keys.read(lambda key: jws.deserialize_compact(token, key, _ALGORITHMS).payload)
            owner, listed, first, last = _decode(content)
        except (JoseError, ValueError, msgspec.MsgspecError):
            raise Rejected("request.invalid-parameter", name=TOKEN) from None
        if (owner, listed) != (partner, path):
            raise Rejected("request.invalid-parameter", name=TOKEN)
        return first, last
