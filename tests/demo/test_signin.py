"""The demo's sign-in service: every grant, both shapes of answer, the page of users, and what is refused."""

import base64
import hashlib
import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from litestar import Litestar
from litestar.testing import TestClient

from agreegate.demo.oauth import DIRECTORY_GRAPH, PARTNER_CENTER
from agreegate.demo.signin import signin_routes
from agreegate.demo.tokens import issuers
from agreegate.deployment.demo_start import DemoUser
from agreegate.i18n import text
from agreegate.identity.auth import Claims, TokenVerifier
from agreegate.identity.issuer import PublishedKeys, fixed_keys
from tests.rejection import rejected

BASE = "http://127.0.0.1:8400"
NOW = 1_500_000_000
ALDER = "a1de0000-0000-4000-8000-000000000001"
BIRCH = "b12c0000-0000-4000-8000-000000000002"
ADMIN = "a1de0000-0000-4000-8000-0000000000a1"
CLIENT = "0ff1ce00-0000-4000-8000-000000000009"
KEY = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"})
USERS = [
    DemoUser("admin@alder.example", ALDER, "alder.example", "Alder Distribution", ADMIN, "signin.may.admin"),
    DemoUser(
        "helpdesk@alder.example",
        ALDER,
        "alder.example",
        "Alder Distribution",
        "a1de0000-0000-4000-8000-0000000000a3",
        "signin.may.helpdesk",
    ),
    DemoUser(
        "sales@birch.example",
        BIRCH,
        "birch.example",
        "Birch <IT>",
        "b12c0000-0000-4000-8000-0000000000b1",
        "signin.may.reseller",
    ),
]
VERIFIER = "a-verifier-of-at-least-forty-three-characters"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PASSWORD = {"grant_type": "password", "client_id": CLIENT, "username": "admin@alder.example", "password": "demo"}
SECRET = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": "demo"}
SCOPE = {"scope": f"{PARTNER_CENTER}/.default"}
RESOURCE = {"resource": PARTNER_CENTER}
BACK = "http://localhost:5000/signed-in"
ASKED = {
    "client_id": CLIENT,
    "response_type": "code",
    "redirect_uri": BACK,
    "scope": f"openid {PARTNER_CENTER}/user_impersonation offline_access",
    "state": "a state & more",
    "nonce": "n-1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


class Demo:
    """The sign-in service alone, with a clock the test turns, and a verifier as the API has one."""

    def __init__(self) -> None:
        self.now = float(NOW)
        self.app: Any = Litestar(signin_routes(USERS, KEY, BASE, lambda: self.now), openapi_config=None)
        self.client = TestClient(self.app, base_url=BASE)
        self.verifier = TokenVerifier(
            issuers=issuers(BASE),
            audiences=[PARTNER_CENTER],
            application_audiences=[DIRECTORY_GRAPH],
            keys=fixed_keys(KeySet([KEY])),
            clock=lambda: self.now,
            leeway=0,
        )

    def post(self, path: str, form: dict[str, str], **headers: str) -> Any:
        return self.client.post(path, data=form, headers=headers)

    def v2(self, form: dict[str, str], tenant: str = "organizations", **headers: str) -> Any:
        return self.post(f"/{tenant}/oauth2/v2.0/token", form, **headers)

    def v1(self, form: dict[str, str], tenant: str = "organizations", **headers: str) -> Any:
        return self.post(f"/{tenant}/oauth2/token", form, **headers)

    def page(self, asked: dict[str, str], tenant: str = "organizations", **headers: str) -> Any:
        return self.client.get(_authorize(asked, tenant), headers=headers, follow_redirects=False)

    def choose(self, asked: dict[str, str], user: str = ADMIN, tenant: str = "organizations", **headers: str) -> Any:
        path = _authorize(asked, tenant)
        return self.client.post(path, data={"user": user}, headers=headers, follow_redirects=False)

    def code(self, **change: str) -> str:
        return _answer(self.choose(ASKED | change))["code"]


def _authorize(asked: dict[str, str], tenant: str) -> str:
    return f"/{tenant}/oauth2/v2.0/authorize?{urlencode(asked)}"


def _answer(response: Any) -> dict[str, str]:
    assert response.status_code == 303, response.text
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["location"]).query).items()}


def _exchange(code: str, **change: str) -> dict[str, str]:
    form = {
        "grant_type": "authorization_code",
        "client_id": CLIENT,
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
    }
    return form | change


def _without(form: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in form.items() if key != name}


def _read(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, KEY, algorithms=["RS256"]).claims)


@pytest.fixture
def demo() -> Iterator[Demo]:
    demo = Demo()
    with demo.client:
        yield demo


def test_a_users_token_over_v2(demo: Demo) -> None:
    response = demo.v2(PASSWORD | SCOPE)
    answer = response.json()
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert {name: value for name, value in answer.items() if name != "access_token"} == {
        "token_type": "Bearer",
        "scope": f"{PARTNER_CENTER}/.default",
        "expires_in": 3600,
        "ext_expires_in": 3600,
    }
    assert _read(answer["access_token"]) == {
        "aud": PARTNER_CENTER,
        "iss": f"{BASE}/{ALDER}/v2.0",
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 3600,
        "tid": ALDER,
        "oid": ADMIN,
        "sub": _read(answer["access_token"])["sub"],
        "upn": "admin@alder.example",
        "unique_name": "admin@alder.example",
        "appid": CLIENT,
        "scp": "user_impersonation",
        "amr": ["pwd"],
        "ver": "2.0",
    }


def test_a_users_token_over_v1_has_numbers_as_texts(demo: Demo) -> None:
    answer = demo.v1(PASSWORD | RESOURCE).json()
    assert {name: value for name, value in answer.items() if "_token" not in name} == {
        "token_type": "Bearer",
        "scope": "user_impersonation",
        "expires_in": "3600",
        "ext_expires_in": "3600",
        "expires_on": str(NOW + 3600),
        "not_before": str(NOW),
        "resource": PARTNER_CENTER,
    }
    claims = _read(answer["access_token"])
    assert (claims["iss"], claims["aud"]) == (f"{BASE}/{ALDER}/", PARTNER_CENTER)
    assert answer["refresh_token"]


def test_an_applications_token_over_v1(demo: Demo) -> None:
    answer = demo.v1(SECRET | {"resource": DIRECTORY_GRAPH}, ALDER).json()
    assert {name: value for name, value in answer.items() if name != "access_token"} == {
        "token_type": "Bearer",
        "expires_in": "3600",
        "ext_expires_in": "3600",
        "expires_on": str(NOW + 3600),
        "not_before": str(NOW),
        "resource": DIRECTORY_GRAPH,
    }
    claims = _read(answer["access_token"])
    assert (claims["idtyp"], claims["tid"], claims["appid"]) == ("app", ALDER, CLIENT)
    assert not claims.keys() & {"scp", "upn", "unique_name", "amr"}


@pytest.mark.parametrize("tenant", [ALDER, ALDER.upper(), "alder.example", "Alder.Example"])
@pytest.mark.parametrize("form", [SECRET, PASSWORD])
def test_a_tenant_by_id_or_domain(demo: Demo, tenant: str, form: dict[str, str]) -> None:
    assert _read(demo.v2(form | SCOPE, tenant).json()["access_token"])["tid"] == ALDER
    assert _read(demo.v1(form | RESOURCE, tenant).json()["access_token"])["tid"] == ALDER


@pytest.mark.parametrize("tenant", ["organizations", "common", "Common"])
def test_a_user_tells_the_tenant(demo: Demo, tenant: str) -> None:
    answer = demo.v2(PASSWORD | SCOPE | {"username": "Sales@Birch.example"}, tenant).json()
    assert _read(answer["access_token"])["tid"] == BIRCH


@pytest.mark.parametrize("suffix", ["", "/", "/.default", "/user_impersonation", "//.default"])
def test_spellings_of_scope_and_resource(demo: Demo, suffix: str) -> None:
    for form in (PASSWORD, SECRET):
        for answer in (
            demo.v2(form | {"scope": PARTNER_CENTER + suffix}, ALDER),
            demo.v1(form | {"resource": PARTNER_CENTER + suffix}, ALDER),
        ):
            assert _read(answer.json()["access_token"])["aud"] == PARTNER_CENTER


async def test_the_api_trusts_these_tokens(demo: Demo) -> None:
    user = await demo.verifier.verify(demo.v2(PASSWORD | SCOPE).json()["access_token"])
    assert user == Claims(ALDER, ADMIN, "admin@alder.example", CLIENT, (), NOW + 3600)
    assert (await demo.verifier.verify(demo.v1(PASSWORD | RESOURCE).json()["access_token"])).user_id == ADMIN
    for form in (SECRET | RESOURCE, SECRET | {"resource": DIRECTORY_GRAPH}):
        assert (await demo.verifier.verify(demo.v1(form, ALDER).json()["access_token"])).user_id is None
    assert (await demo.verifier.verify(demo.v2(SECRET | SCOPE, ALDER).json()["access_token"])).application_id == CLIENT


async def test_a_server_elsewhere_finds_the_keys_by_discovery(demo: Demo) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(demo.app)) as client:
        keys = PublishedKeys(f"{BASE}/common/v2.0/.well-known/openid-configuration", client, clock=lambda: demo.now)
        verifier = TokenVerifier(
            issuers=issuers(BASE), audiences=[PARTNER_CENTER], keys=keys, clock=lambda: demo.now, leeway=0
        )
        assert (await verifier.verify(demo.v2(PASSWORD | SCOPE).json()["access_token"])).user_id == ADMIN


async def test_the_api_trusts_no_id_token_and_no_refresh_token(demo: Demo) -> None:
    answer = demo.v2(PASSWORD | {"client_id": PARTNER_CENTER, "scope": "openid offline_access"}).json()
    for name in ("id_token", "refresh_token", "access_token"):
        with rejected("access.unauthenticated"):
            await demo.verifier.verify(answer[name])


def test_basic_credentials_are_taken_too(demo: Demo) -> None:
    basic = base64.b64encode(f"{CLIENT}:demo".encode()).decode()
    form = {"grant_type": "client_credentials", **SCOPE}
    assert demo.v2(form, ALDER, Authorization=f"Basic {basic}").status_code == 200
    wrong = base64.b64encode(f"{CLIENT}:other".encode()).decode()
    refused = demo.v2(form, ALDER, Authorization=f"Basic {wrong}")
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert refused.headers["www-authenticate"] == "Basic"
    assert demo.v2(form | {"client_id": "another"}, ALDER, Authorization=f"Basic {basic}").status_code == 400
    assert demo.v2(form, ALDER, Authorization="Basic !").status_code == 400


@pytest.mark.parametrize(
    ("form", "tenant", "error"),
    [
        ({}, ALDER, "invalid_request"),
        (_without(PASSWORD, "grant_type") | SCOPE, ALDER, "invalid_request"),
        (PASSWORD | SCOPE | {"grant_type": "device_code"}, ALDER, "unsupported_grant_type"),
        (_without(PASSWORD, "client_id") | SCOPE, ALDER, "invalid_request"),
        (PASSWORD | SCOPE | {"client_id": "x" * 201}, ALDER, "invalid_request"),
        (PASSWORD | SCOPE | {"client_id": "a\nb"}, ALDER, "invalid_request"),
        (_without(PASSWORD, "username") | SCOPE, ALDER, "invalid_request"),
        (_without(PASSWORD, "password") | SCOPE, ALDER, "invalid_request"),
        (PASSWORD | SCOPE | {"password": "Demo"}, ALDER, "invalid_grant"),
        (PASSWORD | SCOPE | {"password": "démo"}, ALDER, "invalid_grant"),
        (PASSWORD | SCOPE | {"username": "nobody@alder.example"}, ALDER, "invalid_grant"),
        (PASSWORD | SCOPE, "birch.example", "invalid_grant"),
        (PASSWORD | SCOPE, "nowhere.example", "invalid_request"),
        (PASSWORD, ALDER, "invalid_request"),
        (PASSWORD | {"scope": "https://else.example/.default"}, ALDER, "invalid_scope"),
        (PASSWORD | {"scope": f"{PARTNER_CENTER}/.default https://else.example/.default"}, ALDER, "invalid_scope"),
        (PASSWORD | {"scope": f"{DIRECTORY_GRAPH}/.default"}, ALDER, "invalid_scope"),
        (PASSWORD | {"scope": "offline_access"}, ALDER, "invalid_scope"),
        (SECRET, ALDER, "invalid_request"),
        (SECRET | {"scope": "openid"}, ALDER, "invalid_scope"),
        (SECRET | SCOPE | {"client_secret": "Demo"}, ALDER, "invalid_client"),
        (_without(SECRET, "client_secret") | SCOPE, ALDER, "invalid_client"),
        (SECRET | SCOPE, "organizations", "invalid_request"),
        (_exchange("never issued"), ALDER, "invalid_grant"),
        (_without(_exchange("x"), "code"), ALDER, "invalid_request"),
        ({"grant_type": "refresh_token", "client_id": CLIENT}, ALDER, "invalid_request"),
        ({"grant_type": "refresh_token", "client_id": CLIENT, "refresh_token": "x.y.z"}, ALDER, "invalid_grant"),
    ],
)
def test_what_the_token_address_refuses(demo: Demo, form: dict[str, str], tenant: str, error: str) -> None:
    response = demo.v2(form, tenant)
    assert (response.status_code, response.json()["error"]) == (401 if error == "invalid_client" else 400, error)
    assert set(response.json()) == {"error", "error_description"}
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "form",
    [
        PASSWORD | {"resource": DIRECTORY_GRAPH},
        PASSWORD | {"resource": "https://else.example"},
        SECRET | {"resource": "https://else.example"},
    ],
)
def test_resources_that_are_refused(demo: Demo, form: dict[str, str]) -> None:
    assert demo.v1(form, ALDER).json()["error"] == "invalid_resource"


def test_errors_speak_the_readers_language(demo: Demo) -> None:
    form = PASSWORD | SCOPE | {"password": "wrong"}
    for language in ("en", "fr"):
        answer = demo.v2(form, **{"Accept-Language": language}).json()
        assert answer["error_description"] == text("signin.credentials", language)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/organizations/oauth2/v2.0/token", "/organizations/oauth2/token"])
def test_a_wrong_method_is_refused_in_oauths_words(demo: Demo, method: str, path: str) -> None:
    response = demo.client.request(method, path)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (urlencode(PASSWORD | SCOPE).encode(), "application/json"),
        (urlencode(PASSWORD | SCOPE).encode(), ""),
        (urlencode([*(PASSWORD | SCOPE).items(), ("username", "x")]).encode(), "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"username=%ff", "application/x-www-form-urlencoded"),
        (b"a=1&" * 1000, "application/x-www-form-urlencoded"),
        (b"a=" + b"x" * 100_000, "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
    ],
)
def test_a_wrong_body_is_refused_in_oauths_words(demo: Demo, content: bytes, kind: str) -> None:
    response = demo.client.post("/common/oauth2/v2.0/token", content=content, headers={"Content-Type": kind})
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.sampled_from([*PASSWORD, *SECRET, "scope", "code", "refresh_token", "code_verifier"]), st.text())
)
def test_garbage_forms_are_refused(demo: Demo, form: dict[str, str]) -> None:
    encoded = urlencode(form, errors="surrogatepass").encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for grant in ("password", "client_credentials", "authorization_code", "refresh_token"):
        body = encoded + b"&grant_type=" + grant.encode() if "grant_type" not in form else encoded
        response = demo.client.post(f"/{ALDER}/oauth2/v2.0/token", content=body, headers=headers)
        assert response.status_code in (400, 401)
        assert response.json()["error"]


def test_refresh_gives_a_new_token_for_the_same_user(demo: Demo) -> None:
    first = demo.v2(PASSWORD | {"scope": f"openid offline_access {PARTNER_CENTER}/.default"}).json()
    demo.now += 3600
    form = {"grant_type": "refresh_token", "client_id": CLIENT, "refresh_token": first["refresh_token"]}
    for answer in (demo.v2(form).json(), demo.v2(form | SCOPE).json(), demo.v1(form | RESOURCE).json()):
        claims = _read(answer["access_token"])
        assert (claims["oid"], claims["exp"], claims["aud"]) == (ADMIN, NOW + 7200, PARTNER_CENTER)
        assert answer["refresh_token"]
        assert answer["id_token"]


def test_refresh_tokens_are_bound_to_client_tenant_and_time(demo: Demo) -> None:
    answer = demo.v1(PASSWORD | RESOURCE).json()
    form = {"grant_type": "refresh_token", "client_id": CLIENT, "refresh_token": answer["refresh_token"], **RESOURCE}
    assert demo.v1(form | {"client_id": "another"}).json()["error"] == "invalid_grant"
    assert demo.v1(form, "birch.example").json()["error"] == "invalid_grant"
    assert demo.v1(form | {"refresh_token": answer["access_token"]}).json()["error"] == "invalid_grant"
    demo.now += 90 * 24 * 3600
    assert demo.v1(form).json()["error"] == "invalid_grant"


def test_without_offline_access_there_is_no_refresh_token(demo: Demo) -> None:
    assert "refresh_token" not in demo.v2(PASSWORD | SCOPE).json()


def test_signing_in_through_a_browser(demo: Demo) -> None:
    page = demo.page(ASKED)
    assert page.status_code == 200
    values = re.findall(r'<button name="user" value="([^"]+)">', page.text)
    assert values == [user.user_id for user in USERS]
    answer = _answer(demo.choose(ASKED, values[0]))
    assert answer["state"] == ASKED["state"]
    tokens = demo.v2(_exchange(answer["code"])).json()
    access, identity = _read(tokens["access_token"]), _read(tokens["id_token"])
    assert (access["oid"], access["tid"], access["aud"], access["amr"]) == (
        ADMIN,
        ALDER,
        PARTNER_CENTER,
        ["pwd", "mfa"],
    )
    assert identity == {
        "aud": CLIENT,
        "iss": f"{BASE}/{ALDER}/v2.0",
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 3600,
        "tid": ALDER,
        "oid": ADMIN,
        "sub": access["sub"],
        "preferred_username": "admin@alder.example",
        "name": "admin@alder.example",
        "nonce": "n-1",
        "ver": "2.0",
    }
    assert tokens["refresh_token"]


def test_signing_in_only(demo: Demo) -> None:
    tokens = demo.v2(_exchange(demo.code(scope="openid profile"))).json()
    assert _read(tokens["id_token"])["oid"] == ADMIN
    assert _read(tokens["access_token"])["aud"] != PARTNER_CENTER
    narrowed = demo.v2(_exchange(demo.code(scope="openid"), **SCOPE)).json()
    assert _read(narrowed["access_token"])["aud"] == PARTNER_CENTER
    assert narrowed["id_token"]


def test_a_code_exchanged_over_v1(demo: Demo) -> None:
    tokens = demo.v1(_exchange(demo.code(), **RESOURCE), ALDER).json()
    assert (tokens["expires_in"], _read(tokens["access_token"])["oid"]) == ("3600", ADMIN)


def test_the_page_says_who_may_do_what_in_the_readers_language(demo: Demo) -> None:
    for language in ("en", "fr"):
        page = unescape(demo.page(ASKED, **{"Accept-Language": language}).text)
        assert f'<html lang="{language}">' in page
        for user in USERS:
            assert user.name in page
            assert text(user.may, language) in page
        assert text("signin.page-next", language, address="http://localhost:5000") in page
    wished = demo.page(ASKED | {"ui_locales": "fr-FR en"}, **{"Accept-Language": "en"})
    assert '<html lang="fr">' in wished.text


@pytest.mark.parametrize(("here", "there"), [("en", "fr"), ("fr", "en")])
def test_the_other_language_is_one_click_away_and_the_sign_in_goes_on(demo: Demo, here: str, there: str) -> None:
    page = demo.page(ASKED, **{"Accept-Language": here}).text
    links = dict(re.findall(r'<a href="([^"]+)" lang="(\w\w)"', page))
    query = next(unescape(link) for link, language in links.items() if language == there)
    other = demo.page({name: values[0] for name, values in parse_qs(query.removeprefix("?")).items()})
    assert f'<html lang="{there}">' in other.text
    answer = _answer(demo.choose(ASKED | {"ui_locales": there}))
    assert answer["state"] == ASKED["state"]
    assert 'aria-current="true"' in page


def test_each_partner_is_a_heading_above_its_users(demo: Demo) -> None:
    page = demo.page(ASKED).text
    assert re.findall(r"<h([12])>([^<]+)</h", page) == [
        ("1", "Sign in to the demo"), ("2", "Alder Distribution"), ("2", "Birch &lt;IT&gt;")
    ]  # fmt: skip
    assert page.index("helpdesk@alder.example") < page.index("Birch &lt;IT&gt;") < page.index("sales@birch.example")


def test_the_page_offers_the_users_of_the_tenant_in_the_address(demo: Demo) -> None:
    page = demo.page(ASKED, "birch.example").text
    assert "sales@birch.example" in page
    assert "admin@alder.example" not in page
    assert demo.choose(ASKED, ADMIN, "birch.example").status_code == 400


def test_the_page_runs_under_a_strict_policy(demo: Demo) -> None:
    page = demo.page(ASKED)
    policy = page.headers["content-security-policy"]
    assert policy == (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' http://localhost:5000; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    assert "<script" not in page.text
    assert "<style" not in page.text
    assert "style=" not in page.text
    assert "Birch &lt;IT&gt;" in page.text
    assert (
        "form-action 'self' http:;"
        in demo.page(ASKED | {"redirect_uri": "http://[::1]/"}).headers["content-security-policy"]
    )


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8400/signed-in",
        "http://localhost/",
        "http://localhost:5000/a?b=c",
        "https://127.9.9.9:1/",
        "http://[::1]:9/",
    ],
)
def test_redirects_to_the_demo_and_to_this_machine(demo: Demo, address: str) -> None:
    assert demo.page(ASKED | {"redirect_uri": address}).status_code == 200
    location = demo.choose(ASKED | {"redirect_uri": address}).headers["location"]
    assert location.startswith(address + ("&code=" if "?" in address else "?code="))


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "http://localhost.evil.example/",
        "http://localhost@evil.example/",
        "http://127.0.0.1:8400@evil.example/",
        "http://user@localhost/",
        "http://evil.example#@localhost/",
        "http://evil.example\\@localhost/",
        "http://localhost\\.evil.example/",
        "//localhost/",
        "/signed-in",
        "localhost",
        "javascript:alert(1)//localhost",
        "ftp://localhost/",
        "http://localhost/#fragment",
        "http://localhost:port/",
        "http://[::1/",
        "http://localhost/\r\nSet-Cookie: a=b",
        "http://localhost/\t",
        "http://locälhost/",
        "http://10.0.0.1/",
        "http:///path",
    ],
)
def test_redirects_anywhere_else_stay_here(demo: Demo, address: str) -> None:
    for response in (demo.page(ASKED | {"redirect_uri": address}), demo.choose(ASKED | {"redirect_uri": address})):
        assert response.status_code == 400
        assert "location" not in response.headers
        assert unescape(response.text).count(text("signin.redirect", "en")) == 1


@pytest.mark.parametrize(
    ("asked", "tenant"),
    [
        (_without(ASKED, "client_id"), "common"),
        (_without(ASKED, "redirect_uri"), "common"),
        (ASKED, "nowhere.example"),
    ],
)
def test_a_request_that_cannot_be_answered_to_its_client_stays_here(
    demo: Demo, asked: dict[str, str], tenant: str
) -> None:
    response = demo.page(asked, tenant)
    assert response.status_code == 400
    assert text("signin.page-refused", "en") in response.text


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (_without(ASKED, "response_type"), "unsupported_response_type"),
        (ASKED | {"response_type": "token"}, "unsupported_response_type"),
        (ASKED | {"response_mode": "fragment"}, "invalid_request"),
        (_without(ASKED, "code_challenge"), "invalid_request"),
        (_without(ASKED, "code_challenge_method"), "invalid_request"),
        (ASKED | {"code_challenge_method": "plain"}, "invalid_request"),
        (ASKED | {"code_challenge": "short"}, "invalid_request"),
        (_without(ASKED, "scope"), "invalid_request"),
        (ASKED | {"scope": "https://else.example/.default"}, "invalid_scope"),
        (ASKED | {"prompt": "none"}, "login_required"),
    ],
)
def test_other_faults_are_reported_to_the_client(demo: Demo, asked: dict[str, str], error: str) -> None:
    for response in (demo.page(asked), demo.choose(asked)):
        answer = _answer(response)
        assert (answer["error"], answer["state"]) == (error, ASKED["state"])
        assert answer["error_description"]
        assert response.headers["location"].startswith(BACK)


def test_a_form_of_another_site_signs_nobody_in(demo: Demo) -> None:
    assert demo.choose(ASKED, **{"Sec-Fetch-Site": "cross-site"}).status_code == 400
    assert demo.choose(ASKED, **{"Sec-Fetch-Site": "same-origin"}).status_code == 303
    assert demo.choose(ASKED, user="nobody").status_code == 400


def test_a_code_works_once(demo: Demo) -> None:
    code = demo.code()
    assert demo.v2(_exchange(code)).status_code == 200
    assert demo.v2(_exchange(code)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "change",
    [
        {"code_verifier": "another-verifier-of-at-least-forty-three-chars"},
        {"code_verifier": CHALLENGE},
        {"code_verifier": ""},
        {"client_id": "another"},
        {"redirect_uri": "http://localhost:5000/elsewhere"},
        {"redirect_uri": ""},
    ],
)
def test_a_code_is_bound_and_void_after_a_wrong_try(demo: Demo, change: dict[str, str]) -> None:
    code = demo.code()
    assert demo.v2(_exchange(code, **change)).json()["error"] == "invalid_grant"
    assert demo.v2(_exchange(code)).json()["error"] == "invalid_grant"


def test_a_code_lapses_after_two_minutes_and_in_another_tenant(demo: Demo) -> None:
    code = demo.code()
    demo.now += 119
    assert demo.v2(_exchange(code)).status_code == 200
    code = demo.code()
    demo.now += 120
    assert demo.v2(_exchange(code)).json()["error"] == "invalid_grant"
    assert demo.v2(_exchange(demo.code()), "birch.example").json()["error"] == "invalid_grant"


@pytest.mark.parametrize("tenant", ["common", "organizations", ALDER, "alder.example"])
def test_keys_and_discovery(demo: Demo, tenant: str) -> None:
    document = demo.client.get(f"/{tenant}/v2.0/.well-known/openid-configuration").json()
    issuer = "{tenantid}" if tenant in ("common", "organizations") else ALDER
    assert document["issuer"] == f"{BASE}/{issuer}/v2.0"
    assert document["token_endpoint"] == f"{BASE}/{tenant}/oauth2/v2.0/token"
    assert document["authorization_endpoint"] == f"{BASE}/{tenant}/oauth2/v2.0/authorize"
    keys = demo.client.get(document["jwks_uri"]).json()["keys"]
    assert [set(key) for key in keys] == [{"kty", "use", "alg", "kid", "n", "e"}]
    token = demo.v2(PASSWORD | SCOPE).json()["access_token"]
    assert (
        jwt.decode(token, KeySet.import_key_set({"keys": keys}), algorithms=["RS256"]).header["kid"] == keys[0]["kid"]
    )


@pytest.mark.parametrize("path", ["/nowhere.example/discovery/v2.0/keys", "/x/v2.0/.well-known/openid-configuration"])
def test_an_unknown_tenant_has_no_documents(demo: Demo, path: str) -> None:
    response = demo.client.get(path)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_addresses_are_the_demos_own_whatever_the_host_header_says(demo: Demo) -> None:
    path = "/common/v2.0/.well-known/openid-configuration"
    assert "evil" not in demo.client.get(path, headers={"Host": "evil.example"}).text
