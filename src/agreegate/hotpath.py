"""The two routes that must be near the server's limit, answered ahead of the framework (decision 0002).

`HotPath.at_once` answers a plain question to the gate. Any other question (an unknown token, an unusual spelling, a bad
body) goes to the framework's route, the one place for every error. Confirm is answered by the same function as its route.
"""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import msgspec

from agreegate.api.asgi import incoming_of, send_reply
from agreegate.api.body import LARGEST_QUESTION
from agreegate.api.confirmation import ROUTES
from agreegate.api.exchange import Reply, perform
from agreegate.api.gate import encoded
from agreegate.deployment.deployment import Deployment
from agreegate.domain.actor import ASK_GATE, Actor, Channel, permit
from agreegate.domain.gate import Decision
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.i18n import language_of
from agreegate.services.gate import ask

App = Callable[[Any, Any, Any], Awaitable[None]]

GATE = "/api/gate/decisions"
_customer_of = re.compile(
    "/v1(?:[.]0)?/customers/([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})/agreements"
).fullmatch
_is_plain_id = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch
_CONFIRM = next(route for route in ROUTES if route.method == "POST")
_TRANSACTIONS = {(action, channel): Transaction(action, channel) for action in Action for channel in Channel}
_PLAIN_QUOTES = {False: 12, True: 16}
"""Quotation marks in a question without and with `partnerId`: three or four names and as many texts. More means a name
given twice, or text that is escaped."""


_Asked = tuple[Actor, str, Transaction, str, datetime]
"""Who asks about which customer and transaction, the language of the answer, and the store's clock."""
_JSON = [(b"content-type", b"application/json")]


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
        """Answer a confirmation or, where the store has to be waited for, a question; hand other requests to the framework."""
        if scope["type"] == "http" and scope["method"] == "POST":
            if (found := _customer_of(scope["path"])) is not None:
                await self._confirm(found[1], scope, receive, send)
                return
            if scope["path"] == GATE and self._deployment.store.waits:
                await self._decide(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _confirm(self, customer: str, scope: Any, receive: Any, send: Any) -> None:
        ids = {"customer_id": customer}
        canonical = scope | {"path": _CONFIRM.path.format_map(ids)}
        reply = await perform(self._deployment, _CONFIRM, incoming_of(canonical, receive, ids, _CONFIRM))
        self._deployment.metrics.count("POST", _CONFIRM.path, reply.status)
        await send_reply(send, reply)

    async def _decide(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a plain question; any other question goes to the framework's route with what was received of it."""
        received = []
        body, more = b"", True
        while more and len(body) <= LARGEST_QUESTION:
            received.append(message := await receive())
            body += message.get("body", b"")
            more = message["type"] == "http.request" and message.get("more_body", False)
        plain = None if more else self._plain(scope["headers"], body)
        if plain is not None:
            actor, customer, transaction, _, now = plain
            decision = await ask(
                self._deployment.store, actor, self._deployment.programme, customer, transaction, now, now
            )
            await send_reply(send, Reply(200, _JSON, self._answer(plain, decision)))
            return

        async def again() -> Any:
            return received.pop(0) if received else await receive()

        await self._app(scope, again, send)

    def at_once(self, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes | None:
        """Return the body of the gate's answer (200) to a plain question.

        None when question or caller are not plain, or the store has to be waited for: then the framework's route answers,
        through ASGI. A task, a scope and messages would cost more than the check.
        """
        deployment = self._deployment
        if deployment.store.waits or (plain := self._plain(headers, body)) is None:
            return None
        actor, customer, transaction, _, now = plain
        steps = ask(deployment.store, actor, deployment.programme, customer, transaction, now, now)
        try:
            steps.send(None)
        except StopIteration as end:
            return self._answer(plain, end.value)
        except Exception:  # noqa: BLE001
            return None
        steps.close()
        return None

    def _plain(self, headers: list[tuple[bytes, bytes]], body: bytes) -> _Asked | None:
        """Return a plain question of a known caller; None when question or caller are not plain."""
        authorization = locale = languages = b""
        for name, value in reversed(headers):  # of a repeated one the first counts, as in the framework's route
            if name == b"authorization":
                authorization = value
            elif name == b"x-locale":
                locale = value
            elif name == b"accept-language":
                languages = value
        actor = self._deployment.callers.known(authorization)
        if actor is None or len(body) > LARGEST_QUESTION:
            return None
        try:
            permit(actor, ASK_GATE)
            question = self._decode(body)
            of_caller = question.partner_id in (None, actor.partner.id)
            plain_text = body.count(b'"') == _PLAIN_QUOTES[question.partner_id is not None]
            if not (of_caller and plain_text and _is_plain_id(question.customer_id)):
                return None
            transaction = _TRANSACTIONS[question.action, question.channel]
            language = language_of((locale or languages).decode("latin-1"))
        except Exception:  # noqa: BLE001 - the framework's route says what is wrong
            return None
        return actor, question.customer_id, transaction, language, self._deployment.store.clock()

    def _answer(self, plain: _Asked, decision: Decision) -> bytes:
        _, _, _, language, now = plain
        answer = self._encode(encoded(decision, self._deployment.programme, language, now, now))
        self._deployment.metrics.count("POST", GATE, 200)
        return answer
