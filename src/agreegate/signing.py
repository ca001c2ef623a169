"""Keys that sign, drawn from the secrets of an installation: each purpose has keys of its own. A leaf.

Secrets are replaced one by one: the first of them signs, and what the others signed is still accepted.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import TypeVar

from joserfc.errors import JoseError
from joserfc.jwk import OctKey

T = TypeVar("T")


def keys_for(secrets: Sequence[str], purpose: bytes) -> list[bytes]:
    """Return a key of 32 bytes for each secret, in their order."""
    return [hmac.digest(secret.encode(), purpose, hashlib.sha256) for secret in secrets]


class SigningKeys:
    """Keys of JSON Web Signatures (HS256) for one purpose."""

    def __init__(self, secrets: Sequence[str], purpose: bytes) -> None:
        self._keys = [OctKey.import_key(key) for key in keys_for(secrets, purpose)]
        self.first = self._keys[0]
        """The key that signs."""

    def read(self, read: Callable[[OctKey], T]) -> T:
        """Return what a function reads with the key that fits.

        Raises:
            JoseError: no key fits.
        """
        for key in self._keys[:-1]:
            try:
                return read(key)
            except JoseError:
                continue
        return read(self._keys[-1])
