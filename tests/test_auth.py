"""Which bearer tokens are trusted, and for how long."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from agreegate.domain.error import Rejected
from agreegate.identity.auth import LARGEST_TOKEN, Claims
from tests.rejection import rejected
from tests.tokens import (
    ADMIN,
    ALDER,
    APPLICATION,
    AUDIENCE,
    ELLIPTIC,
    GRAPH,
    NOW,
    SIGNING,
    USER,
    Clock,
    Rotating,
    token,
    verifier,
)

HAZEL = "4a2e0000-0000-4000-8000-000000000003"
STRANGER = RSAKey.generate_key(2048, {"kid": "one"})
ALONE = {name: value for name, value in USER.items() if name not in ("scp", "upn", "amr")} | {"idtyp": "app"}


def without(*names: str, claims: dict[str, Any] = USER) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if name not in names}


async def test_a_users_token_says_who_calls() -> None:
    assert await verifier().verify(token()) == Claims(
        tenant=ALDER,
        user_id=ADMIN,
        user_name="admin@alder.example",
        application_id=APPLICATION,
        roles=(),
        expires_at=NOW + 3600,
    )


async def test_an_application_alone_is_no_user() -> None:
    claims = await verifier().verify(token(ALONE | {"roles": ["Partner.Read"]}))
    assert (claims.user_id, claims.user_name, claims.application_id) == (None, None, APPLICATION)
    assert claims.roles == ("Partner.Read",)


@pytest.mark.parametrize(
    "claims",
    [
        USER | {"aud": [AUDIENCE, "https://else.example"]},
        USER | {"aud": AUDIENCE + "/"},
        USER | {"iss": f"https://issuer.example/{ALDER}/v2.0"},
        USER | {"exp": NOW + 0.5 + 1},
        without("nbf", "iat", "upn", "amr", "appid"),
        without("appid") | {"azp": APPLICATION},
        without("upn") | {"unique_name": "admin@alder.example"},
        without("upn") | {"preferred_username": "admin@alder.example"},
        USER | {"tid": ALDER.upper(), "oid": ADMIN.upper(), "iss": f"https://issuer.example/{ALDER.upper()}/"},
        USER | {"unknown": {"deeply": [1, None]}},
        without("idtyp", claims=ALONE),
        ALONE | {"aud": GRAPH},
    ],
)
async def test_what_may_differ(claims: dict[str, Any]) -> None:
    assert (await verifier().verify(token(claims))).tenant == ALDER


@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", "application/at+jwt"])
async def test_types_of_access_tokens(typ: str) -> None:
    assert await verifier().verify(token(USER, typ=typ))


async def test_elliptic_keys_sign_too() -> None:
    assert await verifier().verify(token(USER, ELLIPTIC, alg="ES256"))


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param(USER | {"exp": NOW}, id="expired this second"),
        pytest.param(USER | {"exp": NOW - 3600}, id="expired"),
        pytest.param(without("exp"), id="never expires"),
        pytest.param(USER | {"exp": "tomorrow"}, id="exp is a text"),
        pytest.param(USER | {"exp": True}, id="exp is true"),
        pytest.param(USER | {"exp": float("nan")}, id="exp is not a number"),
        pytest.param(USER | {"exp": float("inf")}, id="exp is infinite"),
        pytest.param(USER | {"nbf": NOW + 1}, id="not yet valid"),
        pytest.param(USER | {"iat": NOW + 1}, id="issued in the future"),
        pytest.param(without("aud"), id="no audience"),
        pytest.param(USER | {"aud": "https://else.example"}, id="other audience"),
        pytest.param(USER | {"aud": ["https://else.example"]}, id="other audiences"),
        pytest.param(USER | {"aud": [AUDIENCE, 1]}, id="audience is a number"),
        pytest.param(USER | {"aud": {AUDIENCE: 1}}, id="audience is an object"),
        pytest.param(USER | {"aud": GRAPH}, id="the application's audience with a user"),
        pytest.param(without("iss"), id="no issuer"),
        pytest.param(USER | {"iss": f"https://other.example/{ALDER}/"}, id="other issuer"),
        pytest.param(USER | {"iss": f"https://issuer.example/{HAZEL}/"}, id="issuer of another tenant"),
        pytest.param(USER | {"iss": "https://issuer.example/{tid}/"}, id="issuer is the template"),
        pytest.param(USER | {"iss": [f"https://issuer.example/{ALDER}/"]}, id="issuer is a list"),
        pytest.param(USER | {"tid": HAZEL}, id="tenant of another issuer"),
        pytest.param(without("tid"), id="no tenant"),
        pytest.param(USER | {"tid": "x/../y", "iss": "https://issuer.example/x/../y/"}, id="tenant is no GUID"),
        pytest.param(USER | {"tid": ALDER + "\n"}, id="tenant with a line end"),
        pytest.param(without("oid"), id="user without object id"),
        pytest.param(USER | {"oid": 7}, id="object id is a number"),
        pytest.param(USER | {"oid": "admin"}, id="object id is no GUID"),
        pytest.param(USER | {"scp": ""}, id="empty scp"),
        pytest.param(USER | {"scp": ["user_impersonation"]}, id="scp is a list"),
        pytest.param(USER | {"idtyp": "app"}, id="a user and an application at once"),
        pytest.param(USER | {"upn": "a\u0000b"}, id="NUL in the name"),
        pytest.param(USER | {"upn": "\ud800"}, id="half a character in the name"),
        pytest.param(USER | {"upn": 1}, id="name is a number"),
        pytest.param(USER | {"roles": "x\ny"}, id="role with a line end"),
        pytest.param(USER | {"roles": [None]}, id="role is null"),
        pytest.param(ALONE | {"idtyp": "user"}, id="a user without scp"),
        pytest.param(without("appid", claims=ALONE), id="an application without id"),
        pytest.param(without("scp"), id="an ID token: a name and no scp"),
        pytest.param(without("idtyp", claims=ALONE) | {"nonce": "n"}, id="an ID token: a nonce and no scp"),
        pytest.param(ALONE | {"preferred_username": "x@y.example"}, id="an application with a user's name"),
    ],
)
async def test_claims_that_are_refused(claims: dict[str, Any]) -> None:
    with rejected("access.unauthenticated"):
        await verifier().verify(token(claims))


async def test_leeway_counts_at_both_ends() -> None:
    clock = Clock()
    lenient = verifier(clock, leeway=60)
    late, early = token(USER | {"exp": NOW - 59}), token(USER | {"nbf": NOW + 59})
    assert await lenient.verify(late)
    assert await lenient.verify(early)
    for refused in (token(USER | {"exp": NOW - 60}), token(USER | {"nbf": NOW + 61})):
        with rejected("access.unauthenticated"):
            await lenient.verify(refused)


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _unsigned() -> str:
    header = _encoded(json.dumps({"alg": "none", "kid": "one"}).encode())
    return f"{header}.{token().split('.')[1]}."


def _confused() -> str:
    header = _encoded(json.dumps({"alg": "HS256", "kid": "one"}).encode())
    signed = f"{header}.{token().split('.')[1]}"
    mac = hmac.digest(SIGNING.as_pem(private=False), signed.encode(), hashlib.sha256)
    return f"{signed}.{_encoded(mac)}"


@pytest.mark.parametrize(
    "refused",
    [
        pytest.param(token(USER, STRANGER), id="another key under a known id"),
        pytest.param(_unsigned(), id="alg none"),
        pytest.param(_confused(), id="the public key as a shared secret"),
        pytest.param(token(USER, alg="RS512"), id="RS512"),
        pytest.param(token(USER, alg="PS256"), id="PS256"),
        pytest.param(token(USER, ELLIPTIC, alg="ES256", kid="one"), id="ES256 under an RSA key's id"),
        pytest.param(token(USER, SIGNING, kid="curve"), id="RS256 under a curve's id"),
        pytest.param(token(USER, SIGNING, kid="two"), id="unknown key id"),
        pytest.param(token(USER, SIGNING, typ="refresh+jwt"), id="a refresh token"),
        pytest.param(token(USER, SIGNING, typ="dpop+jwt"), id="another kind of token"),
        pytest.param(jwt.encode({"alg": "RS256"}, USER, SIGNING), id="no key id"),
        pytest.param(token()[:-8] + "AAAAAAAA", id="signature changed"),
        pytest.param(token() + ".", id="a dot more"),
        pytest.param(token() + " ", id="a space more"),
        pytest.param("Bearer " + token(), id="the scheme left in"),
        pytest.param("", id="empty"),
        pytest.param("...", id="dots"),
        pytest.param("\ud800", id="half a character"),
        pytest.param(token(USER | {"unknown": "x" * LARGEST_TOKEN}), id="too long"),
    ],
)
async def test_tokens_that_are_refused(refused: str) -> None:
    with rejected("access.unauthenticated"):
        await verifier().verify(refused)


@pytest.mark.parametrize("payload", ["", "[]", "null", "1", '"x"', "{", '{"exp":1e999}', "[" * 9000, "\udcff"])
async def test_a_signed_payload_that_is_no_claims(payload: str) -> None:
    signed = jws.serialize_compact({"alg": "RS256", "kid": "one"}, payload.encode("utf-8", "replace"), SIGNING)
    with rejected("access.unauthenticated"):
        await verifier().verify(signed)


def _segments() -> st.SearchStrategy[bytes]:
    documents = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["alg", "kid", "typ", "crit", "b64", "exp", "aud", "iss", "tid", "x"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    )
    encoded = documents.map(lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"="))
    header = base64.urlsafe_b64encode(b'{"alg":"RS256","kid":"one"}').rstrip(b"=")
    return st.binary(max_size=40) | encoded | st.just(header)


@settings(deadline=None)
@given(st.lists(_segments(), min_size=0, max_size=5).map(b".".join) | st.text())
async def test_garbage_is_refused_and_nothing_else_happens(garbage: bytes | str) -> None:
    with rejected("access.unauthenticated"):
        await verifier().verify(garbage)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*USER, "roles", "idtyp", "azp"]), st.none() | st.integers() | st.text() | st.lists(st.text())
    )
)
async def test_signed_garbage_is_refused_or_understood(change: dict[str, Any]) -> None:
    try:
        claims = await verifier().verify(token(USER | change))
    except Rejected as error:
        error.expect("access.unauthenticated")
        return
    assert claims.tenant == ALDER
    assert claims.user_id in (None, ADMIN)


async def test_a_token_of_a_key_that_is_taken_away_is_refused() -> None:
    keys = Rotating(SIGNING, ELLIPTIC)
    seen = verifier(keys=keys)
    old, new = token(), token(USER, ELLIPTIC, alg="ES256")
    await seen.verify(old)
    for replaced in (KeySet([STRANGER, ELLIPTIC]), KeySet([ELLIPTIC])):  # another key under the same id is another key
        keys.set, before = replaced, seen.withdrawals
        assert await seen.verify(new)
        assert seen.withdrawals == before + 1
        with rejected("access.unauthenticated"):
            await seen.verify(old)


@pytest.mark.fault("D25")
async def test_a_key_id_that_nobody_has_is_no_withdrawal() -> None:
    """Strangers make the issuer be asked again: what it publishes then may be more, in another order, or said otherwise."""
    keys = Rotating(SIGNING, ELLIPTIC)
    seen = verifier(keys=keys)
    await seen.verify(token())
    before = seen.withdrawals
    published = SIGNING.as_dict(private=False)
    for fresh in (
        KeySet([ELLIPTIC, SIGNING]),
        KeySet([RSAKey.import_key(published | {"x5t": "made-up"}), ELLIPTIC]),
        KeySet([SIGNING, ELLIPTIC, ECKey.generate_key("P-256", {"kid": "next"})]),
    ):
        keys.set = fresh
        with rejected("access.unauthenticated"):
            await seen.verify(token(USER, ECKey.generate_key("P-256", {"kid": "nobody's"}), alg="ES256"))
    assert seen.withdrawals == before


async def test_a_bad_header_never_reaches_the_issuer() -> None:
    keys = Rotating(SIGNING)
    seen = verifier(keys=keys)
    for refused in (_unsigned(), _confused(), "garbage", "x" * (LARGEST_TOKEN + 1)):
        with rejected("access.unauthenticated"):
            await seen.verify(refused)
    assert keys.asked == []


async def test_the_reason_goes_to_the_diagnostics_without_values(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "agreegate")
    with rejected("access.unauthenticated"):
        await verifier().verify(token(USER | {"aud": "https://else.example"}))
    assert caplog.messages == ["bearer token refused: aud"]
