"""Every option of the production server, declared once: its field, default and reader. Its help is in the catalogues.

`--public-url` is `AGREEGATE_PUBLIC_URL`, and so on: command line first, then the environment. No option takes a secret:
tokens are signed by the issuer and only verified here, and the dashboard's client secret is read from a file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, get_type_hints
from urllib.parse import urlsplit

from agreegate.domain.error import ErrorCode, Rejected
from agreegate.file_input import read_text

PARTNER_CENTER = "https://api.partnercenter.microsoft.com"
DIRECTORY_GRAPH = "https://graph.windows.net"
PREFIX = "AGREEGATE_"
POSTGRESQL = ("postgresql://", "postgres://")
"""How the URL of a PostgreSQL database begins."""
LARGEST_NUMBER = 65_535
"""Of a port; no other number needs to be larger."""
LARGEST_SECRET = 64 * 1024
"""Bytes of a file with a secret."""


def refused(code: ErrorCode, setting: str, detail: str = "") -> Rejected:
    """Return the error about an option."""
    return Rejected(code, setting=f"--{setting}", variable=variable(setting), detail=detail)


def _text(_: str, written: str) -> str:
    return written


@dataclass(frozen=True, slots=True)
class Setting:
    """One option. Its help is the catalogue's sentence `setting.<name>`."""

    name: str
    metavar: str | None
    """The name of the value in the help; None for an option without one."""
    read: Callable[[str, str], object] = _text
    """Reads a value; its arguments are the option's name and the text."""
    default: str | int | bool | None = None
    many: bool = False
    required: bool = False


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.replace("-", "_").upper()


def _path(_: str, written: str) -> Path:
    return Path(written)


def _number(name: str, written: str) -> int:
    try:
        number = int(written)
    except ValueError:
        number = -1
    if not 0 <= number <= LARGEST_NUMBER:
        raise refused("setting.not-a-number", name, written)
    return number


def _positive(name: str, written: str) -> int:
    number = _number(name, written)
    if not number:
        raise refused("setting.not-positive", name, written)
    return number


def database_url(name: str, written: str) -> str:
    """Return the URL of a PostgreSQL database.

    Raises:
        Rejected: it is none. The sentence does not repeat it: it may hold a password.
    """
    try:
        parts = urlsplit(written)
        usable = written.startswith(POSTGRESQL) and len(parts.path) > 1 and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise refused("setting.not-a-database", name)
    return written


def _url(name: str, written: str) -> str:
    try:
        parts = urlsplit(written)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise refused("setting.not-a-url", name, written)
    return written


def _origin(name: str, written: str) -> str:
    url = _url(name, written.rstrip("/"))
    if urlsplit(url).path or "?" in url or "#" in url:
        raise refused("setting.not-an-origin", name, url)
    return url


def _secret(name: str, written: str) -> str:
    try:
        secret = read_text(Path(written), LARGEST_SECRET).strip()
    except (OSError, Rejected):
        raise refused("setting.not-a-file", name, written) from None
    if not secret or not secret.isprintable():
        raise refused("setting.not-a-secret", name, written)
    return secret


def _machine(name: str, written: str) -> str:
    try:
        return str(ip_address(written))
    except ValueError:
        raise refused("setting.not-a-machine", name, written) from None


def _address(name: str, written: str) -> tuple[str, int]:
    host, _, port = written.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) <= LARGEST_NUMBER:
        raise refused("setting.not-an-address", name, written)
    return host.strip("[]"), int(port)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The settings of a production server, checked."""

    public_url: Annotated[str, Setting("public-url", "url", _origin, required=True)]
    """Without a trailing slash. Builds every absolute link; its host is the only one answered to."""
    host: Annotated[str, Setting("host", "host", default="127.0.0.1")]
    port: Annotated[int, Setting("port", "number", _number, 8400)]
    data: Annotated[Path, Setting("data", "folder", _path, "agreegate-data")]
    database: Annotated[str | None, Setting("database", "url", database_url)] = field(repr=False)
    """None: the record is in the folder."""
    form_keys: Annotated[tuple[str, ...], Setting("form-key-file", "file", _secret, many=True)] = field(repr=False)
    """Secrets that sign forms, links and list positions: the first signs, all of them are accepted."""
    workers: Annotated[int, Setting("workers", "number", _positive, 1)]
    pooler: Annotated[bool, Setting("pooler", None, default=False)]
    """Between the server and PostgreSQL is a pooler of transactions."""
    allow_unsafe_database: Annotated[bool, Setting("allow-unsafe-database", None, default=False)]
    require_synchronous: Annotated[bool, Setting("require-synchronous", None, default=False)]
    programme: Annotated[str, Setting("programme", "programme", default="microsoft-cloud-agreement")]
    token_issuers: Annotated[tuple[str, ...], Setting("token-issuer", "url", _url, many=True, required=True)]
    """Templates; `{tid}` stands for the tenant of the token."""
    token_audiences: Annotated[
        tuple[str, ...], Setting("token-audience", "audience", default=PARTNER_CENTER, many=True)
    ]
    token_application_audiences: Annotated[
        tuple[str, ...], Setting("token-application-audience", "audience", default=DIRECTORY_GRAPH, many=True)
    ]
    token_keys: Annotated[str, Setting("token-keys", "url", _url)]
    """Where the issuer publishes its discovery document."""
    roles_from_token: Annotated[bool, Setting("roles-from-token", None, default=False)]
    client_id: Annotated[str | None, Setting("client-id", "id")]
    """The dashboard's client id with the issuer; None: nobody signs in to pages."""
    client_secret: Annotated[str | None, Setting("client-secret-file", "file", _secret)] = field(repr=False)
    """None for a client without one."""
    trusted_proxies: Annotated[tuple[str, ...], Setting("trusted-proxy", "machine", _machine, many=True)]
    metrics_address: Annotated[tuple[str, int] | None, Setting("metrics-address", "address", _address)]
    head_seconds: Annotated[int, Setting("head-seconds", "number", _positive, 10)]
    """Seconds within which a request's head has to arrive."""
    body_seconds: Annotated[int, Setting("body-seconds", "number", _positive, 30)]
    """Seconds within which its body has to arrive; then `body_bytes_per_second`."""
    body_bytes_per_second: Annotated[int, Setting("body-bytes-per-second", "number", _positive, 1024)]
    answer_seconds: Annotated[int, Setting("answer-seconds", "number", _positive, 30)]
    """Seconds within which a client has to take some of an answer."""
    idle_seconds: Annotated[int, Setting("idle-seconds", "number", _positive, 75)]
    """Seconds for which a connection without a request is kept."""
    most_connections: Annotated[int, Setting("most-connections", "number", _positive, 1_000)]
    most_connections_per_address: Annotated[int, Setting("most-connections-per-address", "number", _positive, 100)]
    requests_per_minute: Annotated[int, Setting("requests-per-minute", "number", _number, 0)]
    """The contract's rate limit per partner tenant; 0 is off."""
    costly_requests_per_minute: Annotated[int, Setting("costly-requests-per-minute", "number", _number, 60)]
    """The limit of lists, searches, files and texts per user or application; 0 is off."""
    most_subscriptions: Annotated[int, Setting("most-subscriptions", "number", _positive, 10_000)]
    """Maximum subscriptions of a customer with one partner."""
    emit_bom: Annotated[bool, Setting("emit-bom", None, default=False)]


_BY_FIELD: dict[str, Setting] = {
    name: hint.__metadata__[0] for name, hint in get_type_hints(ServerSettings, include_extras=True).items()
}
SETTINGS = tuple(_BY_FIELD.values())
"""Every option, in the order of the help."""


def checked(given: Mapping[str, object]) -> ServerSettings:
    """Return the settings of a server from option values by name.

    Raises:
        Rejected: one is missing, or is of no use; it names the option.
    """
    values: dict[str, Any] = {}
    for name, setting in reversed(_BY_FIELD.items()):  # of two that are missing, the issuer is named, not the URL
        values[name] = _value(setting, given.get(setting.name))
    if values["token_keys"] is None:
        plain = [issuer for issuer in values["token_issuers"] if "{tid}" not in issuer]
        if not plain:
            raise refused("setting.missing", "token-keys")
        values["token_keys"] = plain[0].rstrip("/") + "/.well-known/openid-configuration"
    if values["database"] is None and values["workers"] != 1:
        raise refused("setting.one-worker", "workers", str(values["workers"]))
    if values["roles_from_token"] and values["client_id"] is not None and values["workers"] != 1:
        raise refused("setting.roles-one-worker", "roles-from-token")
    if values["database"] is not None and not values["form_keys"]:
        raise refused("setting.missing", "form-key-file")
    return ServerSettings(**values)


def _value(setting: Setting, given: object) -> object:
    """Return an option's value, or its default; a tuple where the option may be given several times."""
    if isinstance(setting.default, bool):
        return bool(given)
    listed = given if isinstance(given, list | tuple) else [given]
    written = [str(one).strip() for one in listed if one is not None and str(one).strip()]
    if not written and setting.required:
        raise refused("setting.missing", setting.name)
    if not written and setting.default is not None:
        written = [str(setting.default)]
    values = tuple(setting.read(setting.name, one) for one in written)
    return values if setting.many else next(iter(values), None)
