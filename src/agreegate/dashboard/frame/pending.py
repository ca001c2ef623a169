"""Sign-ins under way. Each is a cookie that only this server can read or make, so the record holds nothing of them.

The cookie's name is the sign-in's own, so several tabs sign in at the same time.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterator

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from litestar.datastructures import Cookie

from agreegate.dashboard.frame.page import DashboardRequest, cookie
from agreegate.deployment.deployment import Deployment
from agreegate.identity.openid import Begun
from agreegate.signing import keys_for

LIFETIME = 10 * 60
"""Seconds within which the browser must come back from the provider."""
LONGEST_NEXT = 2 * 1024
"""Characters of the address that a sign-in leads back to, as it stands in a header."""
MOST_LETTERS = 3_200
"""Characters of all sign-in cookies together, so that a browser's cookies stay within the 4 KiB that the server takes."""
_PURPOSE = b"sign-ins under way"
_NAME_LETTERS = 8


def begin(
    request: DashboardRequest, deployment: Deployment, begun: Begun, next_path: str, now: float
) -> Iterator[Cookie]:
    """Yield the cookie of a new sign-in, and the ends of the oldest ones that exceed the browser's room.

    Args:
        now: the machine's time, in seconds since 1970.
    """
    seal = _seal(deployment)
    plain = msgspec.msgpack.encode((begun.state, begun.nonce, begun.verifier, next_path))
    new = _cookie(deployment, begun.state, seal.encrypt_at_time(plain, int(now)).decode().rstrip("="), LIFETIME)
    yield new
    room = MOST_LETTERS - len(new.key) - len(new.value or "")
    prefix = _name(deployment, "")
    earlier = [(_age(seal, value, now), name) for name, value in request.cookies.items() if name.startswith(prefix)]
    for age, name in sorted(earlier):
        room -= len(name) + len(request.cookies[name])
        if room < 0 or age > LIFETIME:
            yield _cookie(deployment, name.removeprefix(prefix), "", 0)


def pending(request: DashboardRequest, deployment: Deployment, state: str, now: float) -> tuple[Begun, str] | None:
    """Return the sign-in of a state and the address it leads back to; None when this browser began none."""
    value = request.cookies.get(_name(deployment, state[:_NAME_LETTERS]), "")
    try:
        plain = _seal(deployment).decrypt_at_time(_padded(value), LIFETIME, int(now))
    except InvalidToken:
        return None
    began, nonce, verifier, next_path = msgspec.msgpack.decode(plain, type=tuple[str, str, str, str])
    same = hmac.compare_digest(began.encode(), state.encode("utf-8", "surrogatepass"))
    return (Begun("", began, nonce, verifier), next_path) if same else None


def ended(deployment: Deployment, state: str) -> Cookie:
    """Return the cookie that ends a sign-in: an answer of the provider is valid once."""
    return _cookie(deployment, state, "", 0)


def _age(seal: MultiFernet, value: str, now: float) -> float:
    """Return the age of a cookie in seconds; infinite for a cookie of somebody else."""
    try:
        return now - seal.extract_timestamp(_padded(value))
    except InvalidToken:
        return float("inf")


def _padded(value: str) -> bytes:
    """Return the sealed text with the padding that a cookie's value cannot have without quotes."""
    return value.encode("ascii", "replace") + b"=" * (-len(value) % 4)


def _seal(deployment: Deployment) -> MultiFernet:
    """Encrypts with keys drawn from the installation's secrets."""
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in keys_for(deployment.form_keys, _PURPOSE)])


def _name(deployment: Deployment, state: str) -> str:
    return f"{deployment.cookie_prefix}agreegate-sign-in-{state}"


def _cookie(deployment: Deployment, state: str, value: str, max_age: int) -> Cookie:
    return cookie(deployment, _name(deployment, state[:_NAME_LETTERS]), value, max_age)
