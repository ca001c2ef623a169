"""How every page is made: its language, its template, and headers under which nothing but our own style is loaded."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Request, Response, get

from agreegate import __version__
from agreegate.domain.programme import Programme
from agreegate.i18n import LANGUAGES, language_of, text
from agreegate.storage.unit_of_work import Store

STYLESHEET = "/static/agreegate.css"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
    "vary": "accept-language",
}
YEAR = 31_536_000


@dataclass(frozen=True, slots=True)
class Site:
    """The server that the pages belong to."""

    store: Store
    programme: Programme
    public_url: str
    """Where it is reached, without a trailing slash."""


def language(request: Request[Any, Any, Any]) -> str:
    """The reader's language: the one chosen with `?lang=`, else what the browser prefers."""
    chosen = request.query_params.get("lang")
    return chosen if chosen in LANGUAGES else language_of(request.headers.get("accept-language"))


def page(request: Request[Any, Any, Any], template: str, **shown: object) -> Response[str]:
    """A page in the reader's language.

    Args:
        template: a file of `templates/`.
        shown: what the template calls by name. All of it is escaped.
    """
    spoken = language(request)
    body = (
        _templates()
        .get_template(template)
        .render(
            t=partial(text, language=spoken),
            language=spoken,
            query=f"?lang={spoken}" if "lang" in request.query_params else "",
            version=__version__,
            stylesheet=f"{STYLESHEET}?v={_stylesheet()[1]}",
            **shown,
        )
    )
    return Response(body, media_type="text/html", headers=HEADERS | {"content-language": spoken})


@get(STYLESHEET, opt={"public": True}, include_in_schema=False)
async def stylesheet(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The one stylesheet. Pages ask for it by its content, so that it may be kept for good; else it is asked for anew."""
    body, digest = _stylesheet()
    kept = f"public, max-age={YEAR}, immutable" if request.query_params.get("v") == digest else "no-cache"
    headers: Mapping[str, str] = {"cache-control": kept, "etag": f'"{digest}"', "x-content-type-options": "nosniff"}
    if request.headers.get("if-none-match") == f'"{digest}"':
        return Response(b"", status_code=304, headers=headers)
    return Response(body, media_type="text/css", headers=headers)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("agreegate.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _stylesheet() -> tuple[bytes, str]:
    body = (files("agreegate.dashboard") / "static" / "agreegate.css").read_bytes()
    return body, hashlib.sha256(body).hexdigest()[:16]
