"""The demo's signing key, kept in the data folder so that tokens outlive a restart."""

import os
from pathlib import Path
from secrets import token_hex

from joserfc.errors import JoseError
from joserfc.jwk import KeyParameters, RSAKey

PARAMETERS: KeyParameters = {"use": "sig", "alg": "RS256"}


class SigningKeyUnusable(Exception):
    """The file at `path` holds no signing key of ours; it is left as it is."""

    key = "signin.key-file"

    def __init__(self, path: Path) -> None:
        super().__init__(self.key)
        self.path = path


def load_or_create(path: Path) -> RSAKey:
    """The RSA key of 2048 bits kept at `path`, made there first when there is none; only its owner may read the file.

    Of two processes that start together both end with the same key.

    Raises:
        SigningKeyUnusable: the file exists and is not an RSA private key of 2048 bits or more.
        OSError: the folder cannot be read or written.
    """
    if not path.exists():
        _create(path)
    text = path.read_bytes()
    try:
        key = RSAKey.import_key(text, PARAMETERS)
    except (JoseError, ValueError, TypeError):
        raise SigningKeyUnusable(path) from None
    if not key.is_private or key.raw_value.key_size < 2048:
        raise SigningKeyUnusable(path)
    path.chmod(0o600)
    key.ensure_kid()
    return key


def _create(path: Path) -> None:
    draft = path.with_name(f"{path.name}.{token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(RSAKey.generate_key(2048).as_pem(private=True))
        try:
            os.link(draft, path)  # Unlike a rename, it never replaces the key of one who was faster.
        except FileExistsError:
            return
    finally:
        draft.unlink()
