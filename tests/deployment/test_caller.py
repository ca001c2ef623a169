"""Who is known by a token, and for how long: a minute, never after the token, and not once its key is taken away."""

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, KeySet

from agreegate.deployment import caller
from agreegate.deployment.caller import KEPT_SECONDS, Callers
from tests import personas as cast
from tests.rejection import rejected
from tests.tokens import ELLIPTIC, NOW, SIGNING, USER, Clock, Rotating, token, verifier
from tests.world import AUGUST, World


class Desk:
    """Finds callers by a clock and with keys that a test changes."""

    def __init__(self, world: World) -> None:
        self.world, self.clock, self.keys = world, Clock(), Rotating(SIGNING, ELLIPTIC)
        self.callers = Callers(world.store, verifier(self.clock, self.keys, leeway=60), self.clock)

    async def meet(self, sent: str) -> bytes:
        """Find the caller; the header that knows it again."""
        authorization = f"Bearer {sent}".encode()
        actor = await self.callers.actor_of(authorization)
        assert (actor.partner.id, actor.user_id) == (cast.ALDER, cast.ALDER_ADMIN)
        return authorization

    def knows(self, authorization: bytes) -> bool:
        return self.callers.known(authorization) is not None


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    world = World(tmp_path, AUGUST)
    yield Desk(world)
    await world.close()


async def test_a_caller_is_known_for_a_minute(desk: Desk) -> None:
    header = f"Bearer {token()}".encode()
    assert not desk.knows(header)
    await desk.meet(token())
    desk.clock.now += KEPT_SECONDS - 0.1
    assert desk.knows(header)
    assert await desk.callers.actor_of(header) is desk.callers.known(header)
    desk.clock.now += 0.1
    assert not desk.knows(header)
    await desk.meet(token())
    assert desk.knows(header)


async def test_a_caller_is_unknown_once_the_token_expires_or_the_clock_goes_back(desk: Desk) -> None:
    header = await desk.meet(token(USER | {"exp": NOW + 10}))
    desk.clock.now -= 1
    assert not desk.knows(header)
    desk.clock.now += 10.9
    assert desk.knows(header)
    desk.clock.now += 0.1
    assert not desk.knows(header)


async def test_the_leeway_of_the_clocks_makes_nobody_known(desk: Desk) -> None:
    assert not desk.knows(await desk.meet(token(USER | {"exp": NOW - 59})))


@pytest.mark.fault("D25")
async def test_a_key_taken_away_makes_every_caller_be_asked_again(desk: Desk) -> None:
    old, new = await desk.meet(token()), await desk.meet(token(USER, ELLIPTIC, alg="ES256"))
    desk.keys.set = KeySet([ELLIPTIC])
    assert desk.knows(old)  # until the issuer is asked, or a minute has passed
    with rejected("access.unauthenticated"):
        await desk.callers.actor_of(
            b"Bearer " + token(USER, ECKey.generate_key("P-256", {"kid": "x"}), alg="ES256").encode()
        )
    assert not desk.knows(old)
    with rejected("access.unauthenticated"):
        await desk.callers.actor_of(old)
    await desk.callers.actor_of(new)
    assert desk.knows(new)


@pytest.mark.fault("D25")
async def test_a_key_id_that_nobody_has_makes_nobody_unknown(desk: Desk) -> None:
    header = await desk.meet(token())
    desk.keys.set = KeySet([ELLIPTIC, SIGNING])
    with rejected("access.unauthenticated"):
        await desk.callers.actor_of(
            b"Bearer " + token(USER, ECKey.generate_key("P-256", {"kid": "x"}), alg="ES256").encode()
        )
    assert desk.knows(header)


async def test_refused_tokens_are_not_remembered(desk: Desk) -> None:
    for refused in (token()[:-8] + "AAAAAAAA", "garbage", ""):
        header = f"Bearer {refused}".encode()
        with rejected("access.unauthenticated"):
            await desk.callers.actor_of(header)
        assert not desk.knows(header)


async def test_as_many_callers_are_known_as_have_room_the_newest(desk: Desk) -> None:
    tokens = (token(USER | {"n": number}, ELLIPTIC, alg="ES256") for number in itertools.count())
    first = await desk.meet(next(tokens))
    second = await desk.meet(next(tokens))
    await desk.callers.actor_of(first)
    for sent in itertools.islice(tokens, caller.KEPT_ACTORS - 2):
        await desk.meet(sent)
    assert desk.knows(first)
    last = await desk.meet(next(tokens))
    assert [desk.knows(header) for header in (first, second, last)] == [False, True, True]
