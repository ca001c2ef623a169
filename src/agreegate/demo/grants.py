"""The demo's sign-in service: tenants, users, and the four grants of a token."""

import hmac
from collections.abc import Callable, Mapping, Sequence

from joserfc.jwk import RSAKey

from agreegate.demo.authorize import Codes
from agreegate.demo.oauth import SIGN_IN_SCOPES, OAuthError, audience_of, client_of, missing, resource_of
from agreegate.demo.tokens import Granted, Mint, Version
from agreegate.deployment.demo_start import DemoUser

PASSWORD = "demo"  # noqa: S105 - published on purpose: the demo guards nothing
ANY_TENANT = ("organizations", "common")


class SignIn:
    """The rules of the demo's sign-in service: tenants, users and grants."""

    def __init__(self, users: Sequence[DemoUser], key: RSAKey, base_url: str, clock: Callable[[], float]) -> None:
        self.base_url = base_url
        self.mint = Mint(base_url, key, clock, users)
        self.codes = Codes(clock)
        self._users = {user.name.lower(): user for user in users}
        self._tenants = {name: user.tenant_id for user in users for name in (user.tenant_id, user.tenant_domain)}

    def tenant_of(self, name: str) -> str | None:
        """Return the id of the tenant in the address; None for `organizations` and `common`, where the user decides.

        Raises:
            OAuthError: no such tenant.
        """
        if name.lower() in ANY_TENANT:
            return None
        tenant_id = self._tenants.get(name.lower())
        if tenant_id is None:
            raise OAuthError("invalid_request", "signin.tenant-unknown")
        return tenant_id

    def users_of(self, tenant_id: str | None) -> list[DemoUser]:
        """Return the users who can sign in at this tenant's address."""
        return [user for user in self._users.values() if tenant_id in (None, user.tenant_id)]

    def grant(self, form: Mapping[str, str], tenant: str, version: Version) -> Granted:
        """Return the grant of a request at the token address.

        Raises:
            OAuthError.
        """
        tenant_id = self.tenant_of(tenant)
        match form.get("grant_type") or missing("grant_type"):
            case "client_credentials":
                granted = self._by_secret(form, tenant_id, version)
            case "password":
                granted = self._by_password(form, version)
            case "authorization_code":
                code, address = form.get("code") or missing("code"), form.get("redirect_uri", "")
                granted = self.codes.redeem(code, client_of(form), address, form.get("code_verifier", ""))
                granted = _narrowed(granted, form, version)
            case "refresh_token":
                token = form.get("refresh_token") or missing("refresh_token")
                granted = _narrowed(self.mint.read_refresh_token(token, client_of(form)), form, version)
            case _:
                raise OAuthError("unsupported_grant_type", "signin.parameter-unusable", name="grant_type")
        if tenant_id not in (None, granted.tenant_id):
            raise OAuthError("invalid_grant", "signin.credentials")
        return granted

    def _by_secret(self, form: Mapping[str, str], tenant_id: str | None, version: Version) -> Granted:
        client_id = client_of(form)
        if tenant_id is None:
            raise OAuthError("invalid_request", "signin.tenant-needed")
        if not _same(form.get("client_secret", ""), PASSWORD):
            raise OAuthError("invalid_client", "signin.secret")
        return Granted(client_id, tenant_id, _audience(form, version, application=True))

    def _by_password(self, form: Mapping[str, str], version: Version) -> Granted:
        client_id = client_of(form)
        user = self._users.get((form.get("username") or missing("username")).lower())
        if user is None or not _same(form.get("password") or missing("password"), PASSWORD):
            raise OAuthError("invalid_grant", "signin.credentials")
        audience = _audience(form, version, application=False)
        return Granted(client_id, user.tenant_id, audience, user, form.get("scope", ""))


def _audience(form: Mapping[str, str], version: Version, *, application: bool) -> str:
    if version is Version.V2:
        return audience_of(form.get("scope") or missing("scope"), application=application)
    return resource_of(form.get("resource") or missing("resource"), application=application)


def _narrowed(granted: Granted, form: Mapping[str, str], version: Version) -> Granted:
    """Return the grant for the audience of the form; for the first audience when the form names none."""
    named = "scope" if version is Version.V2 else "resource"
    if named not in form:
        return granted
    audience = _audience(form, version, application=False)
    kept = [name for name in granted.scope.split() if version is Version.V1 or name in SIGN_IN_SCOPES]
    scope = " ".join(dict.fromkeys([*form.get("scope", "").split(), *kept]))
    return Granted(granted.client_id, granted.tenant_id, audience, granted.user, scope, granted.factors, granted.nonce)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
