"""How every page is made: its language, its reader, its template, and headers under which only our own files are loaded."""

import asyncio
from collections.abc import Callable
from functools import cache, partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.types import ASGIApp

from agreegate import __version__
from agreegate.dashboard.frame.form_token import masked
from agreegate.dashboard.frame.navigation import places
from agreegate.dashboard.frame.static import YEAR, address
from agreegate.deployment.deployment import Deployment, deployment_of
from agreegate.domain.actor import Actor
from agreegate.domain.milestone import milestones
from agreegate.domain.partner import PartnerKind
from agreegate.i18n import (
    LANGUAGES,
    count_text,
    date_text,
    instant_text,
    language_of,
    moment_text,
    number_text,
    text,
    time_text,
)
from agreegate.storage.engine.unit_of_work import Reads

LANGUAGE_COOKIE = "agreegate-language"
FORM_TOKEN = "form_token"  # noqa: S105 - a name, no token
"""Where a request's state has the browser's form token."""
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
    "vary": "accept-language, cookie",
}
_MOVED = {"cache-control": "no-store", "x-content-type-options": "nosniff"}

OF_SEVERAL = {
    PartnerKind.INDIRECT_RESELLER: "its customers are in its providers' rows",
    PartnerKind.OPERATOR: "its pages count and simulate over all partners",
}
"""The kinds of partners whose pages show other partners' rows, and why."""

DashboardRequest = Request[Any, Any, Any]


def reader_of(request: DashboardRequest) -> Actor | None:
    """Return the signed-in user of a public page; None where nobody is signed in."""
    reader: Actor | None = request.scope.get("user")
    return reader


def actor_of(request: DashboardRequest) -> Actor:
    """Return the signed-in user that the guard found."""
    actor: Actor = request.scope["user"]
    return actor


def records_of(request: DashboardRequest) -> Reads:
    """Return the reads of a page. Most partners' pages see no rows of other partners, whatever a statement selects.

    Pages without a user see no partner's rows.
    """
    store, reader = deployment_of(request).store, reader_of(request)
    if reader is not None and reader.partner.kind in OF_SEVERAL:
        return store
    return store.confined("" if reader is None else reader.partner.id)


def reader_language(request: DashboardRequest) -> str:
    """Return the reader's language: chosen with `?lang=`, now or before, else what the browser prefers."""
    for chosen in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if chosen in LANGUAGES:
            return str(chosen)
    return language_of(request.headers.get("accept-language"))


class RenderedPage(Response[Any]):
    """A page that is rendered when it is sent, on another thread: a long one would keep the gate waiting."""

    def __init__(self, render: Callable[[], str], status: int, headers: dict[str, str]) -> None:
        super().__init__(None, media_type="text/html", status_code=status, headers=headers)
        self._render = render

    def to_asgi_response(self, *arguments: Any, **named: Any) -> ASGIApp:  # type: ignore[override]  # hands them on
        """Return the response for the framework to send."""

        async def send_page(scope: Any, receive: Any, send: Any) -> None:
            self.content = await asyncio.to_thread(self._render)
            await super(RenderedPage, self).to_asgi_response(*arguments, **named)(scope, receive, send)

        return send_page


def page(request: DashboardRequest, template: str, status: int = 200, **shown: object) -> Response[Any]:
    """Return a page in the reader's language.

    Args:
        template: a file of `templates/`.
        shown: what the template calls by name. All of it is escaped.
    """
    language, reader, deployment = reader_language(request), reader_of(request), deployment_of(request)
    session = request.scope.get("session")
    notice = session.pop("notice", None) if isinstance(session, dict) else None
    now = deployment.store.clock()
    render = partial(
        rendered,
        template,
        language,
        path=request.url.path,
        here=_here(request),
        address_in=partial(_address_in, request),
        milestones=() if deployment.sandbox is None else milestones(deployment.programme),
        deployment=deployment,
        now=now,
        reader=reader,
        places=places(reader, request.url.path),
        csrf_token=masked(request.scope["state"].get(FORM_TOKEN, "")),
        clock_behind=bool(request.scope["state"].get("clock_behind")),
        notice=None if notice is None else text(notice[0], language, **notice[1]),
        **shown,
    )  # fmt: skip
    answer = RenderedPage(render, status, HEADERS | {"content-language": language})
    if request.query_params.get("lang") in LANGUAGES:
        answer.cookies.append(cookie(deployment, LANGUAGE_COOKIE, language, YEAR))
    return answer


def cookie(deployment: Deployment, name: str, value: str | None = None, max_age: int | None = None) -> Cookie:
    """Return a cookie that no script reads and no form of another site brings.

    Args:
        max_age: seconds; None: until the browser is closed.
    """
    return Cookie(name, value=value, max_age=max_age, secure=deployment.secure, httponly=True, samesite="lax")


def rendered(template: str, language: str, /, **shown: object) -> str:
    """Return the text of a page in one language.

    Args:
        template: a file of `templates/`.
        shown: what the template calls by name, besides what every template does. All of it is escaped.
    """
    return (
        _templates()
        .get_template(template)
        .render(
            shown,
            t=partial(text, language=language),
            n=partial(count_text, language=language),
            number=partial(number_text, language=language),
            date=partial(date_text, language=language),
            instant=partial(instant_text, language=language),
            moment=partial(moment_text, language=language),
            time=time_text,
            language=language,
            version=__version__,
            address=address,
        )
    )


def _here(request: DashboardRequest) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _address_in(request: DashboardRequest, wished: str) -> str:
    """Return the address of this page in another language."""
    return f"?{urlencode([*asked_besides(request, 'lang'), ('lang', wished)])}"


def id_of(typed: str) -> str | None:
    """Return a typed id as the record has it; None where it is none."""
    try:
        return str(UUID(typed))
    except ValueError:
        return None


def asked_besides(request: DashboardRequest, *names: str) -> list[tuple[str, str]]:
    """Return the parameters of the address besides some names, in its own order."""
    return [pair for pair in request.query_params.items() if pair[0] not in names]


def see(request: DashboardRequest, path: str, notice: str | None = None, **parameters: str) -> Response[Any]:
    """Redirect to another page, which shows a sentence about what was done.

    Args:
        path: begins with one slash.
        notice: the sentence's catalogue key.
    """
    if notice is not None:
        request.session["notice"] = [notice, parameters]
    return to(path)


def to(location: str) -> Response[Any]:
    """Send the browser elsewhere."""
    return Response(b"", media_type="text/plain", status_code=303, headers=_MOVED | {"location": location})


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("agreegate.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
