"""The two routes that must be near the server's limit, answered before the framework is asked (D2).

The gate's question in its plain form, and confirm. Whatever is not plain (an unknown token, an unusual spelling, a bad
body) is handed to the framework with the body put back, so there is one place for every refusal.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from agreegate.api.body import MAX_BODY
from agreegate.api.confirmation import ROUTES
from agreegate.api.deployment import Deployment
from agreegate.api.exchange import perform
from agreegate.api.gate import Question, spelled
from agreegate.api.server import incoming_of, send_reply
from agreegate.domain.actor import ASK_GATE, permit
from agreegate.domain.errors import Rejected
from agreegate.domain.transaction import Transaction
from agreegate.i18n import language_of
from agreegate.services.gate import ask

App = Callable[[Any, Any, Any], Awaitable[None]]

GATE = "/api/gate/decisions"
_CUSTOMERS = "/v1/customers/"
_AGREEMENTS = "/agreements"
_ID = slice(len(_CUSTOMERS), -len(_AGREEMENTS))
_ID_LENGTH = 36
_CONFIRM_LENGTH = len(_CUSTOMERS) + _ID_LENGTH + len(_AGREEMENTS)
_ID_CHARACTERS = b"0123456789abcdef-"
_CONFIRM = next(route for route in ROUTES if route.method == "POST")
_PLAIN_QUOTES = {False: 12, True: 16}
"""Quotation marks in a question without and with `partnerId`: three or four names and as many texts. More means a name
given twice, a member left to the framework, or text that is escaped."""


class HotPath:
    """An ASGI application in front of the framework's."""

    def __init__(self, app: App, deployment: Deployment) -> None:
        self._app = app
        self._deployment = deployment
        self._decode = msgspec.json.Decoder(Question).decode
        self._encode = msgspec.json.Encoder().encode

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer, or hand on."""
        if scope["type"] == "http" and scope["method"] == "POST":
            path: str = scope["path"]
            if path == GATE:
                await self._gate(scope, receive, send)
                return
            if len(path) == _CONFIRM_LENGTH and path.startswith(_CUSTOMERS) and path.endswith(_AGREEMENTS):
                incoming = incoming_of(scope, receive, {"customer_id": path[_ID]})
                reply = await perform(self._deployment, _CONFIRM, incoming)
                self._deployment.figures.count("POST", _CONFIRM.path, reply.status)
                await send_reply(send, reply)
                return
        await self._app(scope, receive, send)

    async def _gate(self, scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        if message.get("more_body"):
            await self._app(scope, _first(message, receive), send)
            return
        body: bytes = message.get("body", b"")
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        actor = self._deployment.callers.known(headers.get(b"authorization", b""))
        question = self._question(body)
        if actor is None or question is None:
            await self._app(scope, _first(message, receive), send)
            return
        try:
            permit(actor, ASK_GATE)
        except Rejected:
            await self._app(scope, _first(message, receive), send)
            return
        if question.partner_id is not None and question.partner_id != actor.partner.id:
            await self._app(scope, _first(message, receive), send)
            return
        deployment = self._deployment
        spoken = language_of((headers.get(b"x-locale") or headers.get(b"accept-language") or b"").decode("latin-1"))
        asked = Transaction(question.action, question.channel)
        decision = await ask(deployment.store, actor, deployment.programme, question.customer_id, asked)
        answer = self._encode(spelled(decision, deployment, spoken))
        deployment.figures.count("POST", GATE, 200)
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))],
            }
        )
        await send({"type": "http.response.body", "body": answer})

    def _question(self, body: bytes) -> Question | None:
        """The question, if it is plain: an id in its usual spelling, nothing to record, no date, no type, no repeats."""
        if len(body) > MAX_BODY:
            return None
        try:
            question = self._decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        customer = question.customer_id.encode()
        plain = (
            not question.record
            and question.at is None
            and question.agreement_type is None
            and body.count(b'"') == _PLAIN_QUOTES[question.partner_id is not None]
            and len(customer) == _ID_LENGTH
            and not customer.strip(_ID_CHARACTERS)
            and customer[8] == customer[13] == customer[18] == customer[23] == 45
            and customer.count(b"-") == 4
        )
        return question if plain else None


def _first(message: Any, receive: Any) -> Callable[[], Awaitable[Any]]:
    """A `receive` that gives back the message already taken, then the rest."""
    waiting = [message]

    async def again() -> Any:
        return waiting.pop() if waiting else await receive()

    return again
