"""The demo's signing key, kept in the data folder so that tokens outlive a restart."""

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwk import KeyParameters, RSAKey

from agreegate.domain.error import Rejected
from agreegate.storage.engine.key_file import kept_key

PARAMETERS: KeyParameters = {"use": "sig", "alg": "RS256"}
BITS = 2048


def load_or_create(path: Path) -> RSAKey:
    """Return the RSA key kept at `path`, and make it first when there is none; only its owner may read the file.

    Raises:
        `key-file.unusable`: the file exists and is not an RSA private key of 2048 bits or more.
        OSError: the folder cannot be read or written.
    """
    content = kept_key(path, lambda: RSAKey.generate_key(BITS).as_pem(private=True))
    try:
        key = RSAKey.import_key(content, PARAMETERS)
    except (JoseError, UnsupportedAlgorithm, ValueError, TypeError):
        raise Rejected("key-file.unusable", path=str(path)) from None
    if not key.is_private or key.raw_value.key_size < BITS:
        raise Rejected("key-file.unusable", path=str(path))
    path.chmod(0o600)
    key.ensure_kid()
    return key
