"""Forms: typed values are kept, a form sent twice is done once, and each mistake stands beside its field.

Every form is shown by a GET and sent by a POST to one address. A hidden field carries the request id that makes a second
click, a reload or the back button the same call (contract 3.10). Its kept answer is the next address.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from uuid import UUID, uuid4

import msgspec
from litestar import Response
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.exceptions import PermissionDeniedException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from agreegate.bounded_request import BoundedRequest, parsed
from agreegate.dashboard.frame.form_token import is_same, is_token, new_token
from agreegate.dashboard.frame.page import FORM_TOKEN, DashboardRequest, actor_of, reader_of, see
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.error import Rejected
from agreegate.services.idempotency import Answer, IdempotentCall, do_once
from agreegate.storage.engine.unit_of_work import UnitOfWork

REQUEST_ID = "request_id"
CSRF = "_csrf_token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""
LARGEST_FORM = 64 * 1024
"""Bytes of a form. Pages that state no other limit have this one."""
MOST_FIELDS = 1_000
"""Fields of a form: a hundred customers to choose from, and more."""
RESENT = {"request.id-reused": "form.sent-before", "confirmation.ended-since": "form.confirmation-ended"}
"""The sentence for a form that was sent before and cannot be answered as it was then, by the error's code."""
_FORM = "form"
"""Where a request's state has the fields of its form."""

T = TypeVar("T")
Fields = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with one field, or with the form as a whole."""

    where: str
    """The field's name; empty for the form."""
    key: str
    parameters: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it is shown: its values, and what is wrong with them."""

    fields: Fields
    request_id: str
    mistakes: tuple[Mistake, ...] = ()
    repeatable: bool = True

    def __getitem__(self, name: str) -> str:
        """Return the typed value without blanks around it; empty when there is none."""
        values = self.fields.get(name) or ("",)
        return values[0].strip()

    def all(self, name: str) -> list[str]:
        """Return every value of a field."""
        return list(self.fields.get(name, ()))

    def wrong(self, name: str) -> list[Mistake]:
        """Return the mistakes of a field."""
        return [mistake for mistake in self.mistakes if mistake.where == name]

    def with_values(self, **values: str) -> "Form":
        """Return the form with some values replaced."""
        return replace(self, fields={**self.fields, **{name: [value] for name, value in values.items()}})

    def with_mistakes(self, *mistakes: Mistake) -> "Form":
        """Return the form with more mistakes."""
        return replace(self, mistakes=(*self.mistakes, *mistakes))

    def rejected(self, error: Rejected, fields: Mapping[str, str] | None = None) -> "Form":
        """Return the form with the mistake of a rule that refused it.

        Args:
            fields: maps the member that a rule names to a field, such as `{"primaryContact.email": "email"}`.
        """
        if error.code in RESENT:  # with a new id the next click is a call of its own
            return replace(self, request_id=str(uuid4())).with_mistakes(Mistake("", RESENT[error.code]))
        name = str(error.parameters.get("name", ""))
        return self.with_mistakes(Mistake((fields or {}).get(name, ""), error.code, error.parameters))


class OwnForms:
    """Accepts only forms of our own pages; refuses every other form with the same error.

    A form is ours when it has the token of the browser's cookie, signed with the site's key. No form is
    taken in parts. `FormsWithFiles` in `dashboard/frame/upload.py` adds the one that is.
    """

    def __init__(self, app: ASGIApp, keys: Sequence[str], cookie: Cookie) -> None:
        """Wrap the application that serves the pages.

        Args:
            keys: they sign form tokens; the first signs new ones.
            cookie: the cookie of the form token, without the token.
        """
        self._app, self._keys, self._cookie = app, keys, cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the form before the framework does, which would keep the last thousand forms in memory.

        Raises:
            PermissionDeniedException: the form's token is not valid, or the form came in parts although it has no file.
            RequestEntityTooLarge: it has more bytes than its page takes, or more than `MOST_FIELDS` fields.
        """
        request = BoundedRequest(scope, receive)
        if in_parts(request):
            raise PermissionDeniedException
        fields: dict[str, list[str]] = {}
        if request.content_type[0] == RequestEncodingType.URL_ENCODED:
            body = await request.body()
            if body.count(b"&") >= MOST_FIELDS:
                raise RequestEntityTooLarge
            for name, value in parsed(body):
                fields.setdefault(name, []).append(value)
        await self.hand_on(request, fields, send)

    async def hand_on(self, request: DashboardRequest, fields: dict[str, list[str]], send: Send) -> None:
        """Pass a request on with the fields of its form.

        Raises:
            PermissionDeniedException: the request changes something, and its form token is missing or not valid.
        """
        kept, state = self._kept(request), request.scope["state"]
        state[_FORM], state[FORM_TOKEN] = fields, kept
        if request.method not in SAFE:
            if not self.is_ours(request, fields.get(CSRF, [""])[-1]):
                raise PermissionDeniedException
        elif not self._signed(kept):
            state[FORM_TOKEN] = new_token(self._keys[0])
            send = self._setting(state[FORM_TOKEN], send)
        await self._app(request.scope, request.receive, send)

    def is_ours(self, request: DashboardRequest, token: str) -> bool:
        """Whether the token is the one of the browser's cookie, signed by this server."""
        kept = self._kept(request)
        return self._signed(kept) and is_same(token, kept)

    def _signed(self, kept: str) -> bool:
        return any(is_token(kept, key) for key in self._keys)

    def _kept(self, request: DashboardRequest) -> str:
        """Return the token in the browser's cookie; empty when it has none."""
        return request.cookies.get(self._cookie.key, "")

    def _setting(self, token: str, send: Send) -> Send:
        """Return a `send` that also gives the browser its token."""
        cookie = replace(self._cookie, value=token)

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"set-cookie", cookie.to_header(header="").encode())]
            await send(message)

        return send_with_cookie


@dataclass(frozen=True, slots=True)
class Done:
    """The next page, and the sentence there that says what was done."""

    path: str
    notice: str | None = None
    """The catalogue key of the sentence."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    confirmation_id: str | None = None
    """The recorded confirmation, if nothing else was done: once it has ended, a repeat is not answered as saved."""


def in_parts(request: DashboardRequest) -> bool:
    """Whether the form was sent as multipart, the encoding of forms with files."""
    return request.content_type[0] == RequestEncodingType.MULTI_PART


async def typed(request: DashboardRequest) -> dict[str, list[str]]:
    """Return the sent fields without the form token."""
    fields: dict[str, list[str]] = request.scope["state"][_FORM]
    return {name: [value.replace("\r\n", "\n") for value in values] for name, values in fields.items() if name != CSRF}


def opened(request: DashboardRequest, **defaults: str) -> Form:
    """Return a form with default values, or with the values kept when the user's session ended."""
    kept = request.session.get("kept")
    reader = reader_of(request)
    if kept is not None and kept["path"] == request.url.path and reader is not None and reader.user_id == kept["user"]:
        del request.session["kept"]
        return Form(kept["fields"], str(uuid4()), (Mistake("", "form.kept"),))
    return Form({name: [value] for name, value in defaults.items()}, str(uuid4()))


async def sent(request: DashboardRequest) -> Form:
    """Return the sent form."""
    fields = await typed(request)
    given = fields.pop(REQUEST_ID, [""])[0]
    try:
        return Form(fields, str(UUID(given)))
    except ValueError:
        return Form(fields, str(uuid4()), repeatable=False)


async def save(
    request: DashboardRequest,
    form: Form,
    work: Callable[[UnitOfWork, IdempotentCall], Awaitable[Done | T]],
    *,
    goes_on: bool = False,
) -> Done | T:
    """Run the work of a form once, however often the form is sent.

    Args:
        work: runs in one unit of work. Its `Done` is kept for repeats; any other result is returned and not kept.
        goes_on: as in `once`.

    Raises:
        Rejected: nothing was done. `request.id-reused`: it was sent before with other values. `confirmation.ended-since`: it
            was saved before, and the confirmation has ended since.
    """
    actor = actor_of(request)
    body = msgspec.json.encode(form.fields, order="deterministic")
    call = IdempotentCall.of(
        actor, "POST", request.url.path, form.request_id, form.request_id, body, repeatable=form.repeatable
    )  # fmt: skip
    otherwise: list[T] = []

    async def do(uow: UnitOfWork) -> Answer:
        result = await work(uow, call)
        if isinstance(result, Done):
            return Answer(200, msgspec.json.encode(result), result.confirmation_id)
        otherwise.append(result)
        return Answer(400, b"")

    answer = await do_once(deployment_of(request).store, call, do, goes_on=goes_on)
    return msgspec.json.decode(answer.body, type=Done) if answer.accepted else otherwise[-1]


def seen(request: DashboardRequest, done: Done) -> Response[Any]:
    """Redirect to the page that says what was done."""
    return see(request, done.path, done.notice, **done.parameters)
