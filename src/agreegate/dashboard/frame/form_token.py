"""The token that proves that a form came from our page: a random part and its signature, masked differently on each page.

A browser has it in a cookie that no other site can read; a form that is sent has to bring the same.

Pages are compressed, and a compressed page's length tells what repeats in it. A token that differs on every page gives
nothing away by that.
"""

import hmac
from secrets import token_bytes, token_hex

_RANDOM = 64
"""Hexadecimal digits of the random part."""
_BYTES = 64
"""Length of a token, which is written as hexadecimal digits."""


def new_token(key: str) -> str:
    """Return a new token, signed with a key."""
    random = token_hex(_RANDOM // 2)
    return random + _signature(random, key)


def is_token(kept: str, key: str) -> bool:
    """Whether this is a token that was signed with a key."""
    random, signature = kept[:_RANDOM], kept[_RANDOM:]
    return _equal(signature, _signature(random, key))


def is_same(sent: str, kept: str) -> bool:
    """Whether a form sent the browser's token, masked or plain."""
    return _equal(unmasked(sent), kept)


def masked(token: str) -> str:
    """Return the token under a fresh random pad: pad and sum, as hexadecimal digits. Empty when it is no token."""
    plain = _bytes(unmasked(token))
    if len(plain) != _BYTES:
        return ""
    pad = token_bytes(_BYTES)
    return (pad + _sum(pad, plain)).hex()


def unmasked(sent: str) -> str:
    """Return the token in what a form sent, masked or plain; anything else is returned as it is."""
    both = _bytes(sent)
    return _sum(both[:_BYTES], both[_BYTES:]).hex() if len(both) == 2 * _BYTES else sent


def _bytes(digits: str) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return b""


def _sum(first: bytes, second: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(first, second, strict=True))


def _signature(random: str, key: str) -> str:
    return hmac.digest(key.encode(), random.encode("utf-8", "surrogatepass"), "sha256").hex()


def _equal(one: str, other: str) -> bool:
    """Compares in a time that says nothing about where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))
