"""What makes two requests the same call (contract 3.10)."""

from agreegate.domain.actor import Actor, UserId
from agreegate.services.idempotency import IdempotentCall
from tests import personas as cast
from tests.memory import Memory


def fingerprint(actor: Actor, path: str = "/v1/customers", body: bytes = b"{}") -> str:
    return IdempotentCall.of(actor, "POST", path, "r", "c", body, repeatable=True).fingerprint


async def test_the_acting_one_the_place_and_the_body_make_a_call() -> None:
    memory = Memory()
    user = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    asked = fingerprint(user)
    assert fingerprint(user, "/V1/Customers") == asked
    assert fingerprint(user, body=b"[]") != asked
    assert fingerprint(await memory.actor(cast.ALDER, cast.ALDER_ADMIN)) != asked
    assert fingerprint(Actor(user.partner, user_id=UserId(cast.ALDER_SALES), application_id="another")) == asked


async def test_an_application_is_never_taken_for_a_user() -> None:
    """Both are named by a GUID of the directory, and an application's may be of anybody's choosing."""
    memory = Memory()
    user = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    application = Actor(user.partner, application_id=cast.ALDER_SALES)
    assert fingerprint(application) != fingerprint(user)
