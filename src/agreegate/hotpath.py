"""The two routes that must be near the server's limit, answered before the framework is asked (D2).

The gate's question in its plain form, and confirm. Whatever is not plain (an unknown token, an unusual spelling, a bad
body) is handed to the framework with the body put back, so there is one place for every refusal.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from agreegate.api.body import LARGEST_QUESTION
from agreegate.api.confirmation import ROUTES
from agreegate.api.deployment import Deployment
from agreegate.api.exchange import perform
from agreegate.api.gate import spelled
from agreegate.api.server import incoming_of, send_reply
from agreegate.domain.actor import ASK_GATE, Channel, permit
from agreegate.domain.transaction import Action, Transaction
from agreegate.i18n import language_of
from agreegate.services.gate import ask

App = Callable[[Any, Any, Any], Awaitable[None]]

GATE = "/api/gate/decisions"
_customer_of = re.compile(
    "/v1(?:[.]0)?/customers/([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})/agreements"
).fullmatch
_is_plain_id = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch
_CONFIRM = next(route for route in ROUTES if route.method == "POST")
_ASKED = {(action, channel): Transaction(action, channel) for action in Action for channel in Channel}
_JSON = (b"content-type", b"application/json")
_PLAIN_QUOTES = {False: 12, True: 16}
"""Quotation marks in a question without and with `partnerId`: three or four names and as many texts. More means a name
given twice, or text that is escaped."""


class _Plain(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A `Question` in its plain form: nothing to record, no date, no agreement type."""

    customer_id: str
    action: Action
    channel: Channel
    partner_id: str | None = None


class HotPath:
    """An ASGI application in front of the framework's."""

    def __init__(self, app: App, deployment: Deployment) -> None:
        self._app = app
        self._deployment = deployment
        self._decode = msgspec.json.Decoder(_Plain).decode
        self._encode = msgspec.json.Encoder().encode

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer, or hand on."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
        elif scope["path"] == GATE:
            message = await receive()
            decided = (
                None if message.get("more_body") else await self._decided(scope["headers"], message.get("body", b""))
            )
            if decided is None:
                await self._app(scope, _first(message, receive), send)
            else:
                headers = [_JSON, (b"content-length", b"%d" % len(decided))]
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await send({"type": "http.response.body", "body": decided})
        elif found := _customer_of(scope["path"]):
            ids = {"customer_id": found[1]}
            canonical = scope | {"path": _CONFIRM.path.format_map(ids)}
            reply = await perform(self._deployment, _CONFIRM, incoming_of(canonical, receive, ids, _CONFIRM))
            self._deployment.figures.count("POST", _CONFIRM.path, reply.status)
            await send_reply(send, reply)
        else:
            await self._app(scope, receive, send)

    def at_once(self, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes | None:
        """The body of the gate's answer (200) to a plain question. None: ask in full, through ASGI.

        For a server that has the whole request in its hands. A task, a scope and messages cost more than the check does.
        """
        steps = self._decided(headers, body)
        try:
            steps.send(None)
        except StopIteration as end:
            answer: bytes | None = end.value
            return answer
        steps.close()  # this store has to be waited for
        return None

    async def _decided(self, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes | None:
        """The gate's answer. None when question, caller or record are not plain: the framework's route says what is wrong."""
        authorization = locale = languages = b""
        for name, value in reversed(headers):  # of a repeated one the first counts, as in the framework's route
            if name == b"authorization":
                authorization = value
            elif name == b"x-locale":
                locale = value
            elif name == b"accept-language":
                languages = value
        deployment = self._deployment
        actor = deployment.callers.known(authorization)
        if actor is None or len(body) > LARGEST_QUESTION:
            return None
        try:
            permit(actor, ASK_GATE)
            question = self._decode(body)
            own = question.partner_id in (None, actor.partner.id)
            said_once = body.count(b'"') == _PLAIN_QUOTES[question.partner_id is not None]
            if not (own and said_once and _is_plain_id(question.customer_id)):
                return None
            now = deployment.store.clock()
            asked = _ASKED[question.action, question.channel]
            decision = await ask(deployment.store, actor, deployment.programme, question.customer_id, asked, now, now)
            spoken = language_of((locale or languages).decode("latin-1"))
            answer = self._encode(spelled(decision, deployment.programme, spoken, now, now))
        except Exception:  # noqa: BLE001
            return None
        deployment.figures.count("POST", GATE, 200)
        return answer


def _first(message: Any, receive: Any) -> Callable[[], Awaitable[Any]]:
    """A `receive` that gives back the message already taken, then the rest."""
    waiting = [message]

    async def again() -> Any:
        return waiting.pop() if waiting else await receive()

    return again
