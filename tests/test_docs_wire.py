"""`docs/wire.md`: every operation that is served is in it with its callers, and each example answers as shown."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from agreegate.app import WIRE_ROUTES
from agreegate.demo.demo import cast as demo_cast
from agreegate.domain.actor import AGENTS, CONFIRMING_KINDS, SELLING_KINDS, STAFF, Access
from tests import personas as cast
from tests.texts import AMERICA, FRANCE, docx, publish
from tests.world import API_ENFORCED, World

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "wire.md").read_text(encoding="utf-8")
ROWS = {
    (method, path): who
    for method, path, who in re.findall(r"^\| `([A-Z]+) (/v1/\S+)` \| ([a-z, ]+) \|", PAGE, re.MULTILINE)
}
EXAMPLES = [
    match.groupdict()
    for match in re.finditer(
        r"^```http\n(?P<request>.*?)^```\n\nAnswer: (?P<status>\d{3})(?P<kept>[^\n]*)\n(?:\n```json\n(?P<answer>.*?)^```\n)?",
        PAGE,
        re.MULTILINE | re.DOTALL,
    )
]
PARAMETERS = {
    (method, path): tuple(re.findall(r"`\?(\w+)=`", rest))
    for method, path, rest in re.findall(r"^\| `([A-Z]+) (/v1/\S+)` \|(.*)$", PAGE, re.MULTILINE)
}
NAMES = {name: user for user, (_, name) in cast.USERS.items()}


def access(who: str) -> Access:
    """What the words in the table mean."""
    users_only = "users only" in who
    return Access(
        kinds=SELLING_KINDS if "resellers too" in who else CONFIRMING_KINDS,
        roles=STAFF if who.startswith("staff") else AGENTS,
        application=not users_only,
        public_cloud_only="public cloud" in who,
        reseller_silent=users_only,
    )


def test_every_operation_is_there_and_says_who_may_call_it() -> None:
    assert {key: access(who) for key, who in ROWS.items()} == {
        (route.method, route.path): route.access for route in WIRE_ROUTES
    }


@pytest.mark.fault("D2")
def test_every_query_parameter_is_there() -> None:
    for route in WIRE_ROUTES:
        assert sorted(PARAMETERS[route.method, route.path]) == sorted(route.parameters), route.path
        for name in route.unserved:
            assert f"`{name}`" in PAGE, route.path


def holds(answered: Any, shown: Any) -> bool:
    """Whether what is shown is part of what was answered."""
    if isinstance(shown, dict):
        return isinstance(answered, dict) and all(
            name in answered and holds(answered[name], value) for name, value in shown.items()
        )
    if isinstance(shown, list):
        return len(answered) == len(shown) and all(map(holds, answered, shown))
    return bool(answered == shown)


@pytest.mark.fault("D22")
def test_the_partner_network_ids_are_those_of_the_demo() -> None:
    shown = re.findall(r'(?:"value": "|mpnId=|mpn_id=|partnerIdOnRecord": ")(\d+)', PAGE)
    assert shown
    assert set(shown) <= {listed.partner.mpn_id for listed in demo_cast()}


def test_every_block_is_an_example_that_is_sent() -> None:
    assert PAGE.count("```") == 2 * sum(1 + (example["answer"] is not None) for example in EXAMPLES)


async def test_each_example_answers_as_shown(world: World) -> None:
    world.clock.now = API_ENFORCED
    for listed in demo_cast():
        world.change("update partner set mpn_id = ? where partner_id = ?", listed.partner.mpn_id, listed.partner.id)
    texts = {AMERICA: ("en.docx", docx()), FRANCE: ("fr.docx", docx())}
    await publish(world, texts, template_id=cast.CUSTOMER_AGREEMENT)
    kept: dict[str, str] = {}
    for example in EXAMPLES:
        head, _, body = example["request"].partition("\n\n")
        first, *lines = head.splitlines()
        headers = dict(line.split(": ", 1) for line in lines)
        caller = re.search(r"of (\S+)\)", headers.pop("Authorization", "(of sales@alder.example)"))
        assert caller
        method, path = first.split(" ", 1)
        path = re.sub(r"\{(\w+)\}", lambda found: kept[found[1]], path)
        answer = await world.send(
            NAMES[caller[1]],
            method,
            path,
            body.encode() if body else None,
            headers | {"Content-Type": "application/json"},
        )
        assert answer.status_code == int(example["status"]), (first, answer.text)
        if example["answer"]:
            assert holds(answer.json(), json.loads(example["answer"])), (first, answer.text)
        for whose, name in re.findall(r"the (id|line's `subscriptionId`) as `\{(\w+)\}`", example["kept"]):
            answered_body = answer.json()
            kept[name] = answered_body["id"] if whose == "id" else answered_body["lineItems"][0]["subscriptionId"]
