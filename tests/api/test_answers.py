"""Our own API's answers, byte for byte: encoded once, and a kept answer is sent again as it was."""

import re
from typing import Any

import httpx2

from tests import personas as cast
from tests.operations import confirmation
from tests.world import World

OWN = f"/api/customers/{cast.DOGWOOD}"
REQUEST = {"MS-RequestId": "0f6b2c1e-7a57-4d7e-9d9c-0f5f3f0a2b42"}
ENDED = {"reason": "no_longer_agrees", "note": "Made up."}
CONTENT = (
    '{"confirmationId":"<id>","templateId":"998b88de-aa99-4388-a42c-1b3517d49490","type":"MicrosoftCloudAgreement",'
    '"dateAgreed":"2018-08-10T00:00:00.000Z","recordedAt":"2018-08-15T00:00:00Z",'
    '"userId":"a1de0000-0000-4000-8000-0000000000a2","recordedBy":"a1de0000-0000-4000-8000-0000000000a2",'
    '"channel":"api","contact":{"firstName":"Noa","lastName":"Berg","email":"noa@contoso.example",'
    '"phoneNumber":"5550100"},"confirmedBy":null,"collectedThrough":null,"warnings":[],"text":null,"ended":'
)
ENDING = (
    '{"reason":"no_longer_agrees","note":"Made up.","recordedAt":"2018-08-15T00:00:00Z",'
    '"recordedBy":"a1de0000-0000-4000-8000-0000000000a2","channel":"api"}'
)
STANDING = (
    '{"customerId":"d09d0000-0000-4000-8000-000000000012","relationshipSince":"2018-07-01T00:00:00Z","agreements":['
    '{"agreementType":"MicrosoftCustomerAgreement","templateId":"117a77b0-9360-443b-8795-c6dedc750cf9",'
    '"state":"ended","outdatedSince":null,"renewBy":null,"confirmation":null,"history":[]},'
    '{"agreementType":"MicrosoftCloudAgreement","templateId":"998b88de-aa99-4388-a42c-1b3517d49490",'
    f'"state":"ended","outdatedSince":null,"renewBy":null,"confirmation":null,"history":[{CONTENT}{ENDING}}}]}}],'
    f'"refusals":[{ENDING}]}}'
)


async def post(world: World, path: str, body: object, **more: Any) -> httpx2.Response:
    return await world.send(cast.ALDER_SALES, "POST", path, body, **more)


def text_of(answer: httpx2.Response) -> str:
    """The answer's text, without the id that was made for it."""
    assert answer.headers["content-type"] == "application/json"
    return re.sub(r'"confirmationId":"[0-9a-f-]{36}"', '"confirmationId":"<id>"', answer.content.decode())


async def test_a_confirmation_and_its_ending_are_answered_with_these_bytes(world: World) -> None:
    recorded = await post(world, f"{OWN}/confirmations", confirmation())
    assert (recorded.status_code, text_of(recorded)) == (201, f"{CONTENT}null}}")
    ended = await post(world, f"{OWN}/standing/end", ENDED)
    assert (ended.status_code, text_of(ended)) == (200, STANDING)


async def test_an_employee_is_answered_with_these_bytes(world: World) -> None:
    await world.confirm(cast.ALDER_MARKETPLACE, cast.DOGWOOD)
    [(id_,)] = world.rows("select confirmation_id from confirmation where customer_id = ?", cast.DOGWOOD)
    stated = await post(world, f"/api/confirmations/{id_}/employee", {"name": "Robin Vale"})
    assert (stated.status_code, text_of(stated)) == (201, '{"name":"Robin Vale","email":null,"reference":null}')


async def test_a_kept_answer_is_sent_again_as_it_was_encoded(world: World) -> None:
    """Also when an earlier version encoded it, with other members than this one's."""
    for path, body in ((f"{OWN}/confirmations", confirmation()), (f"{OWN}/standing/end", ENDED)):
        first = await post(world, path, body, headers=REQUEST)
        [(kept,)] = world.rows("select body from idempotency where path = ?", path)
        assert first.content == kept
        earlier = kept.replace(b"{", b'{"former":1,', 1)
        world.change("update idempotency set body = ? where path = ?", earlier, path)
        assert (await post(world, path, body, headers=REQUEST)).content == earlier
