"""Signing in and out of the dashboard, through the OpenID provider (decision 0008)."""

from typing import Any
from urllib.parse import quote, urlsplit

from litestar import Response, get, post

from agreegate.dashboard.frame import pending
from agreegate.dashboard.frame.page import DashboardRequest, page, reader_language, reader_of, see, to
from agreegate.dashboard.frame.session import begin_session, end_session
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import Channel
from agreegate.domain.error import Rejected
from agreegate.services.caller import Identity, recognise
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.partner import add_user

CALLBACK = "/sign-in/callback"
PUBLIC = {"public": True}
_KEPT = "/?#&=%+,:;@!$'()*~[]"
"""What an address may hold as it is; a header takes nothing beyond ASCII."""


@get("/sign-in", opt=PUBLIC)
async def begin_sign_in(request: DashboardRequest) -> Response[Any]:
    """Send the browser to the provider; `next` is where it comes back to."""
    deployment, next_path = deployment_of(request), local(request.query_params.get("next", "/"))
    if deployment.provider is None:
        return page(request, "refused.html", 503, sentence_key="sign-in.not-set-up", parameters={})
    if request.headers.get("host") != urlsplit(deployment.public_url).netloc:
        # Under another name of the same machine the cookie would not come back with the answer.
        return to(f"{deployment.public_url}/sign-in?next={quote(next_path, safe='')}")
    if reader_of(request) is not None:
        return see(request, next_path)
    begun = await deployment.provider.begin(reader_language(request), lasting=deployment.roles_from_token)
    answer = to(begun.url)
    answer.cookies.extend(pending.begin(request, deployment, begun, next_path, deployment.provider.clock()))
    return answer


@get(CALLBACK, opt=PUBLIC)
async def finish_sign_in(request: DashboardRequest) -> Response[Any]:
    """Take the provider's answer from the browser, and begin the user's session under a new id."""
    state, code = request.query_params.get("state", ""), request.query_params.get("code")
    deployment = deployment_of(request)
    provider = deployment.provider
    kept = None if provider is None else pending.pending(request, deployment, state, provider.clock())
    if kept is None and reader_of(request) is not None:  # the back button
        return see(request, "/")
    if provider is None or kept is None or not code:
        raise Rejected("sign-in.again")
    begun, next_path = kept
    asked_at = provider.clock()
    who = await provider.finish(begun, code)
    roles = who.roles if deployment.roles_from_token else None
    identity = Identity(who.tenant, who.user_id, who.user_name, None, roles)
    found = await deployment.store.read(lambda uow: recognise(uow, identity, Channel.DASHBOARD))
    if found is None:
        return page(request, "refused.html", 403, sentence_key="sign-in.unknown", parameters={})
    actor, stranger = found

    async def welcome(uow: UnitOfWork) -> None:
        if stranger and actor.user_id is not None:
            await add_user(uow, actor.partner.id, actor.user_id, who.user_name)

    user = {"tenant": who.tenant, "id": who.user_id, "name": who.user_name}
    key, cookie = await begin_session(request, user, welcome)
    if deployment.roles_from_token:
        deployment.held.hold(key, who, asked_at)
    answer = to(next_path)
    answer.cookies.extend((cookie, pending.ended(deployment, state)))
    return answer


@post("/sign-out", opt=PUBLIC)
async def sign_out(request: DashboardRequest) -> Response[Any]:
    """End the session."""
    answer = to("/")
    answer.cookies.append(await end_session(request))
    return answer


ROUTES = (begin_sign_in, finish_sign_in, sign_out)


def local(path: str) -> str:
    """Return a path of this site, encoded for a header; `/` for anything else, so that no link leads elsewhere.

    A path of more than 2 KiB leads to the start too.
    """
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    led = quote(path, safe=_KEPT) if ours else "/"
    return led if len(led) <= pending.LONGEST_NEXT else "/"
