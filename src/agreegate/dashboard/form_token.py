"""The token that makes a form ours, masked anew on each page.

Pages are compressed, and a compressed page's length tells what repeats in it. A token that differs on every page gives
nothing away by that.
"""

from secrets import token_bytes

_BYTES = 64
"""Length of the framework's token, which it writes as hexadecimal digits."""


def masked(token: str) -> str:
    """The token under a fresh random pad: pad and sum, as hexadecimal digits. Empty when it is no token of the framework's."""
    plain = _bytes(unmasked(token))
    if len(plain) != _BYTES:
        return ""
    pad = token_bytes(_BYTES)
    return (pad + _sum(pad, plain)).hex()


def unmasked(sent: str) -> str:
    """The token in what a form sent, masked or plain; anything else comes back as it is."""
    both = _bytes(sent)
    return _sum(both[:_BYTES], both[_BYTES:]).hex() if len(both) == 2 * _BYTES else sent


def _bytes(digits: str) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return b""


def _sum(first: bytes, second: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(first, second, strict=True))
