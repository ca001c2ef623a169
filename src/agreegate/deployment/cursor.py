"""The continuation tokens of long lists: signed positions of a page's first and last item."""

import hashlib
import hmac

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from agreegate.domain.error import Rejected
from agreegate.domain.partner import PartnerId
from agreegate.storage.pagination import Position

TOKEN = "MS-ContinuationToken"  # noqa: S105 - a header's name
LONGEST = 8 * 1024
"""Maximum characters of a token. Names of 200 characters at both ends of a page fit."""
_ALGORITHMS = ["HS256"]
_PURPOSE = b"continuation tokens"
_decode = msgspec.json.Decoder(tuple[str, str, Position, Position]).decode


class Cursors:
    """Writes continuation tokens and reads them back. A token is good for its partner and its list alone."""

    def __init__(self, secret: str) -> None:
        """Sign with a key of its own, drawn from a secret of the data folder: tokens outlive a restart."""
        self._key = OctKey.import_key(hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256))

    def to(self, partner: PartnerId, path: str, first: Position, last: Position) -> str:
        """Return the token of a page.

        Args:
            path: the list's, canonical.
        """
        content = msgspec.json.encode((partner, path, first, last))
        return jws.serialize_compact({"alg": _ALGORITHMS[0]}, content, self._key, _ALGORITHMS)

    def read(self, token: str, partner: PartnerId, path: str) -> tuple[Position, Position]:
        """Return the positions of the first and last item of a token's page.

        Raises:
            `request.invalid-parameter`: the token is another partner's, another list's, or was not written by this server.
        """
        try:
            if len(token) > LONGEST:
                raise Rejected("request.invalid-parameter", name=TOKEN)
            content = jws.deserialize_compact(token, self._key, _ALGORITHMS).payload
            owner, listed, first, last = _decode(content)
        except (JoseError, ValueError, msgspec.MsgspecError):
            raise Rejected("request.invalid-parameter", name=TOKEN) from None
        if (owner, listed) != (partner, path):
            raise Rejected("request.invalid-parameter", name=TOKEN)
        return first, last
