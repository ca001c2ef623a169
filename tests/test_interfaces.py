"""Each interface (wire, REST, form) has names of its own for the members that a rule names in an error."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agreegate.api import audit, confirmation, customer, partner
from agreegate.api.confirmation_record import NAMES as REST
from agreegate.api.orders import cart, order, subscription
from agreegate.api.wire.agreement import NAMES as WIRE
from agreegate.dashboard.customers.confirmation_form import FIELDS as FORM
from agreegate.domain.confirmation import violations_of
from agreegate.domain.error import Rejected
from tests import personas as cast
from tests.dashboard.acceptor import confirm
from tests.dashboard.visitor import visitor
from tests.domain.drafts import BROKEN, FACTS
from tests.world import World, agreement

SOURCE = Path(__file__).resolve().parent.parent / "src" / "agreegate"
NOT_ON_THE_WIRE = {"collection", "version"}
NOT_IN_THE_FORM = {"template_id", "employee", "employee.reference", "collection"}
"""Members that a form's user cannot get wrong: its page chooses them, or does not have them."""
WORDS_OF_BOTH = {
    "countries", "country", "effective_from", "grace", "label", "note", "reason", "status", "template", "text", "version",
    "weeks",
}  # fmt: skip
"""Members that the wire calls the same, or that only pages and commands have."""


def test_each_interface_has_a_name_for_what_a_rule_says_of_a_confirmation() -> None:
    facts = replace(FACTS, template=None, resellers=frozenset(), published=())
    found = [*violations_of(BROKEN, facts), *violations_of(BROKEN, replace(facts, resellers=None))]
    named = {name for violation in found for name in violation.names}
    assert named <= set(REST)
    assert {name for name in named if name.partition(".")[0] not in NOT_ON_THE_WIRE} == set(WIRE)
    assert named - NOT_IN_THE_FORM == set(FORM)


def test_every_member_that_an_error_names_has_a_name_outside() -> None:
    modules = (audit, cart, confirmation, customer, order, partner, subscription)
    wire = {name for module in modules for route in module.ROUTES for name in route.names}
    assert set(named()) - WORDS_OF_BOTH <= wire | set(REST) | {"known_at", "MS-RequestId"}


@pytest.mark.rule("R15", "R16", "R41", "R42")
@pytest.mark.parametrize(
    ("wrong", "typed", "wire", "rest", "form"),
    [
        ("firstName", " ", "primaryContact.firstName", "contact.firstName", "acceptor_first_name"),
        ("lastName", "x" * 51, "primaryContact.lastName", "contact.lastName", "acceptor_last_name"),
        ("email", "noa@contoso", "primaryContact.email", "contact.email", "acceptor_email"),
        ("phoneNumber", "5\x07", "primaryContact.phoneNumber", "contact.phoneNumber", "acceptor_phone"),
        ("dateAgreed", "2018-09-30", "dateAgreed", "dateAgreed", "accepted_on"),
    ],
)
async def test_three_interfaces_refuse_the_same_and_record_nothing(
    world: World, wrong: str, typed: str, wire: str, rest: str, form: str
) -> None:
    dated = wrong == "dateAgreed"
    through_wire = agreement(dateAgreed=typed) if dated else agreement(**{f"primaryContact__{wrong}": typed})
    through_rest = {
        "templateId": cast.CLOUD_AGREEMENT,
        "contact": through_wire["primaryContact"],
        "dateAgreed": through_wire["dateAgreed"],
    }
    for path, body, member in (("v1", through_wire, wire), ("api", through_rest, rest)):
        last = "agreements" if path == "v1" else "confirmations"
        refused = await world.send(cast.ALDER_SALES, "POST", f"/{path}/customers/{cast.DOGWOOD}/{last}", body)
        assert refused.status_code == 400
        assert member in refused.text
    shown = await confirm(await visitor(world), **{form: typed})
    assert shown.status == 422
    assert [name for name in shown.page.ids if name.endswith("-mistake")] == [f"{form}-mistake"]
    assert world.rows("select 1 from confirmation") == []


async def test_three_interfaces_record_the_same(world: World) -> None:
    """One service stands behind them: what they record differs in channel and id alone."""
    path = f"customers/{cast.DOGWOOD}"
    wire = agreement()
    rest = {"templateId": cast.CLOUD_AGREEMENT, "contact": wire["primaryContact"], "dateAgreed": wire["dateAgreed"]}
    assert (await world.send(cast.ALDER_SALES, "POST", f"/v1/{path}/agreements", wire)).status_code == 201
    assert (await world.send(cast.ALDER_SALES, "POST", f"/api/{path}/confirmations", rest)).status_code == 201
    contact = wire["primaryContact"]
    form = {
        "acceptor_first_name": contact["firstName"],
        "acceptor_last_name": contact["lastName"],
        "acceptor_email": contact["email"],
        "acceptor_phone": contact["phoneNumber"],
        "accepted_on": wire["dateAgreed"][:10],
    }
    assert (await confirm(await visitor(world), **form)).status == 200
    standing = (await world.send(cast.ALDER_SALES, "GET", f"/api/{path}/standing")).json()
    shown = [one for agreement_type in standing["agreements"] for one in agreement_type["history"]]
    assert [one.pop("channel") for one in shown] == ["dashboard", "api", "api"]
    assert len({one.pop("confirmationId") for one in shown}) == 3
    assert shown[0] == shown[1] == shown[2]
    audited = world.rows(
        "select channel, operation_type, resource_type, user_id, resource_new_value from audit_record order by operation_at"
    )
    assert [row[0] for row in audited] == ["api", "api", "dashboard"]
    assert len({row[1:] for row in audited}) == 1


def test_a_member_of_a_list_keeps_its_place() -> None:
    names = {"lines[].offer_id": "lineItems[].offerId"}
    assert Rejected("order.invalid-offer", name="lines[12].offer_id").renamed(names).parameters == {
        "name": "lineItems[12].offerId"
    }
    kept = Rejected("request.invalid-property", name="status")
    assert kept.renamed(names) is kept


def named() -> Iterator[str]:
    """The members that errors name in the rules and the use cases; of a list without their place."""
    for part in ("domain", "services"):
        for file in (SOURCE / part).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                    for given in (keyword.value for keyword in node.exc.keywords if keyword.arg == "name"):
                        yield from written(given)


def written(given: ast.expr) -> Iterator[str]:
    match given:
        case ast.Constant(value=str(name)):
            yield name
        case ast.JoinedStr(values=parts):
            yield "".join(part.value for part in parts if isinstance(part, ast.Constant))
        case ast.IfExp(body=one, orelse=other):
            yield from (*written(one), *written(other))
