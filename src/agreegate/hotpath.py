"""The two routes that must be near the server's limit, answered ahead of the framework (decision 0002).

`HotPath.at_once` answers a plain question to the gate. Any other question (an unknown token, an unusual spelling, a bad
body) goes to the framework's route, the one place for every error. Confirm is answered by the same function as its route.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from agreegate.api.asgi import incoming_of, send_reply
from agreegate.api.body import LARGEST_QUESTION
from agreegate.api.confirmation import ROUTES
from agreegate.api.exchange import perform
from agreegate.api.gate import encoded
from agreegate.deployment.deployment import Deployment
from agreegate.domain.actor import ASK_GATE, Channel, permit
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
        """Answer a confirmation, or hand the request to the framework."""
        found = _customer_of(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        ids = {"customer_id": found[1]}
        canonical = scope | {"path": _CONFIRM.path.format_map(ids)}
        reply = await perform(self._deployment, _CONFIRM, incoming_of(canonical, receive, ids, _CONFIRM))
        self._deployment.metrics.count("POST", _CONFIRM.path, reply.status)
        await send_reply(send, reply)

    def at_once(self, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes | None:
        """Return the body of the gate's answer (200) to a plain question.

        None when question or caller are not plain, or the store has to be waited for: then the framework's route answers,
        through ASGI. A task, a scope and messages would cost more than the check.
        """
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
        if actor is None or len(body) > LARGEST_QUESTION or deployment.store.waits:
            return None
        try:
            permit(actor, ASK_GATE)
            question = self._decode(body)
            of_caller = question.partner_id in (None, actor.partner.id)
            plain_text = body.count(b'"') == _PLAIN_QUOTES[question.partner_id is not None]
            if not (of_caller and plain_text and _is_plain_id(question.customer_id)):
                return None
            now = deployment.store.clock()
            transaction = _TRANSACTIONS[question.action, question.channel]
            steps = ask(deployment.store, actor, deployment.programme, question.customer_id, transaction, now, now)
            try:
                steps.send(None)
            except StopIteration as end:
                decision: Decision = end.value
            else:
                steps.close()
                return None
            language = language_of((locale or languages).decode("latin-1"))
            answer = self._encode(encoded(decision, deployment.programme, language, now, now))
        except Exception:  # noqa: BLE001
            return None
        deployment.metrics.count("POST", GATE, 200)
        return answer
