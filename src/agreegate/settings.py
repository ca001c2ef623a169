"""Every option of the production server, once: name, default, help. Command line first, then the environment.

`--public-url` is `AGREEGATE_PUBLIC_URL`, and so on. No option takes a secret: tokens are signed by
the issuer and only verified here, and the dashboard's client secret is read from a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from agreegate.file_input import FileRefused, read_text

PARTNER_CENTER = "https://api.partnercenter.microsoft.com"
DIRECTORY_GRAPH = "https://graph.windows.net"
PREFIX = "AGREEGATE_"
LARGEST_NUMBER = 65_535
"""Of a port; no other number needs to be larger."""
LARGEST_SECRET = 64 * 1024
"""Bytes of a file with a secret."""


class SettingError(Exception):
    """A setting is missing or cannot be used. `key` finds the sentence; `setting` is the option's name."""

    def __init__(self, key: str, setting: str, detail: str = "") -> None:
        super().__init__(f"{setting}: {key}")
        self.key = key
        self.parameters: dict[str, str | int] = {
            "setting": f"--{setting}",
            "variable": variable(setting),
            "detail": detail,
        }


@dataclass(frozen=True, slots=True)
class Setting:
    """One option. Its help is the catalogue's sentence `setting.<name>`."""

    name: str
    default: str | int | bool | None = None
    many: bool = False


SETTINGS = (
    Setting("public-url"),
    Setting("host", "127.0.0.1"),
    Setting("port", 8400),
    Setting("data", "agreegate-data"),
    Setting("database"),
    Setting("workers", 1),
    Setting("programme", "microsoft-cloud-agreement"),
    Setting("token-issuer", many=True),
    Setting("token-audience", PARTNER_CENTER, many=True),
    Setting("token-application-audience", DIRECTORY_GRAPH, many=True),
    Setting("token-keys"),
    Setting("roles-from-token", False),
    Setting("client-id"),
    Setting("client-secret-file"),
    Setting("trusted-proxy", many=True),
    Setting("metrics-address"),
    Setting("head-seconds", 10),
    Setting("body-seconds", 30),
    Setting("body-bytes-per-second", 1024),
    Setting("answer-seconds", 30),
    Setting("idle-seconds", 75),
    Setting("most-connections", 1_000),
    Setting("most-connections-per-address", 100),
    Setting("requests-per-minute", 0),
    Setting("costly-requests-per-minute", 60),
    Setting("most-subscriptions", 10_000),
    Setting("emit-bom", False),
)


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.replace("-", "_").upper()


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The settings of a production server, checked."""

    public_url: str
    """Without a trailing slash. Builds every absolute link; its host is the only one answered to."""
    token_issuers: tuple[str, ...]
    """Templates; `{tid}` stands for the tenant of the token."""
    token_keys: str
    """Where the issuer publishes its discovery document."""
    host: str = "127.0.0.1"
    port: int = 8400
    data: Path = Path("agreegate-data")
    programme: str = "microsoft-cloud-agreement"
    token_audiences: tuple[str, ...] = (PARTNER_CENTER,)
    token_application_audiences: tuple[str, ...] = (DIRECTORY_GRAPH,)
    roles_from_token: bool = False
    client_id: str | None = None
    """What the issuer knows the dashboard as; None: nobody signs in to pages."""
    client_secret: str | None = field(default=None, repr=False)
    """None for a client without one."""
    trusted_proxies: tuple[str, ...] = field(default=())
    metrics_address: tuple[str, int] | None = None
    head_seconds: int = 10
    """Within which a request's head has to come."""
    body_seconds: int = 30
    """Within which its body has to come, and then `body_bytes_per_second`."""
    body_bytes_per_second: int = 1024
    answer_seconds: int = 30
    """Within which a client has to take some of an answer."""
    idle_seconds: int = 75
    """How long a connection without a request is kept."""
    most_connections: int = 1_000
    most_connections_per_address: int = 100
    requests_per_minute: int = 0
    """The contract's rate limit per partner tenant; 0 is off."""
    costly_requests_per_minute: int = 60
    """The limit of lists, searches, files and texts per user or application; 0 is off."""
    most_subscriptions: int = 10_000
    """That a customer can have with one partner."""
    emit_bom: bool = False


def checked(given: Mapping[str, object]) -> ServerSettings:
    """The settings of a server from option values by name.

    Raises:
        SettingError: one is missing, or is of no use; it names the option.
    """
    if given.get("database"):
        raise SettingError("setting.not-yet", "database", "postgresql://")
    workers = _number(given, "workers", 1)
    if workers != 1:
        raise SettingError("setting.one-worker", "workers", str(workers))
    issuers = tuple(_checked_url("token-issuer", issuer) for issuer in _many(given, "token-issuer"))
    if not issuers:
        raise SettingError("setting.missing", "token-issuer")
    keys = str(given.get("token-keys") or "")
    if not keys:
        plain = [issuer for issuer in issuers if "{tid}" not in issuer]
        if not plain:
            raise SettingError("setting.missing", "token-keys")
        keys = plain[0].rstrip("/") + "/.well-known/openid-configuration"
    return ServerSettings(
        public_url=_url(given, "public-url"),
        token_issuers=issuers,
        token_keys=_checked_url("token-keys", keys),
        host=str(given.get("host") or "127.0.0.1"),
        port=_number(given, "port", 8400),
        data=Path(str(given.get("data") or "agreegate-data")),
        programme=str(given.get("programme") or "microsoft-cloud-agreement"),
        token_audiences=_many(given, "token-audience") or (PARTNER_CENTER,),
        token_application_audiences=_many(given, "token-application-audience") or (DIRECTORY_GRAPH,),
        roles_from_token=bool(given.get("roles-from-token")),
        client_id=str(given.get("client-id") or "") or None,
        client_secret=_secret(given, "client-secret-file"),
        trusted_proxies=tuple(_machine(proxy) for proxy in _many(given, "trusted-proxy")),
        metrics_address=_address(given, "metrics-address"),
        head_seconds=_number(given, "head-seconds", 10, least=1),
        body_seconds=_number(given, "body-seconds", 30, least=1),
        body_bytes_per_second=_number(given, "body-bytes-per-second", 1024, least=1),
        answer_seconds=_number(given, "answer-seconds", 30, least=1),
        idle_seconds=_number(given, "idle-seconds", 75, least=1),
        most_connections=_number(given, "most-connections", 1_000, least=1),
        most_connections_per_address=_number(given, "most-connections-per-address", 100, least=1),
        requests_per_minute=_number(given, "requests-per-minute", 0),
        costly_requests_per_minute=_number(given, "costly-requests-per-minute", 60),
        most_subscriptions=_number(given, "most-subscriptions", 10_000, least=1),
        emit_bom=bool(given.get("emit-bom")),
    )


def _many(given: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = given.get(name)
    if value is None:
        return ()
    listed = value if isinstance(value, list | tuple) else [value]
    return tuple(str(item).strip() for item in listed if str(item).strip())


def _number(given: Mapping[str, object], name: str, default: int, least: int = 0) -> int:
    value = given.get(name)
    try:
        number = default if value is None else int(str(value))
    except ValueError:
        raise SettingError("setting.not-a-number", name, str(value)) from None
    if not least <= number <= LARGEST_NUMBER:
        raise SettingError("setting.not-positive" if least else "setting.not-a-number", name, str(value))
    return number


def _url(given: Mapping[str, object], name: str) -> str:
    value = str(given.get(name) or "").rstrip("/")
    if not value:
        raise SettingError("setting.missing", name)
    _checked_url(name, value)
    if urlsplit(value).path or "?" in value or "#" in value:
        raise SettingError("setting.not-an-origin", name, value)
    return value


def _secret(given: Mapping[str, object], name: str) -> str | None:
    path = given.get(name)
    if not path:
        return None
    try:
        secret = read_text(Path(str(path)), LARGEST_SECRET).strip()
    except (OSError, FileRefused):
        raise SettingError("setting.not-a-file", name, str(path)) from None
    if not secret or not secret.isprintable():
        raise SettingError("setting.not-a-secret", name, str(path))
    return secret


def _machine(written: str) -> str:
    try:
        return str(ip_address(written))
    except ValueError:
        raise SettingError("setting.not-a-machine", "trusted-proxy", written) from None


def _checked_url(name: str, value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise SettingError("setting.not-a-url", name, value)
    return value


def _address(given: Mapping[str, object], name: str) -> tuple[str, int] | None:
    value = given.get(name)
    if not value:
        return None
    host, _, port = str(value).rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) <= 65_535:
        raise SettingError("setting.not-an-address", name, str(value))
    return host.strip("[]"), int(port)
