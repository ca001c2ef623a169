"""Asking the gate, reading and ending a standing: our own API (R3–R11, R26, R28, R31, R47)."""

from datetime import UTC, datetime

import pytest

from tests import personas as cast
from tests.world import API_ENFORCED, AUGUST, DASHBOARD_ENFORCED, EVE_OF_API, EVE_OF_DASHBOARD, World, agreement

END = f"/api/customers/{cast.CEDAR}/standing/end"


@pytest.mark.rule("R2", "R3", "R4", "R5", "R6")
@pytest.mark.parametrize(
    ("now", "dashboard", "api"),
    [
        (AUGUST, "allow", "allow"),
        (EVE_OF_DASHBOARD, "allow", "allow"),
        (DASHBOARD_ENFORCED, "deny", "allow"),
        (EVE_OF_API, "deny", "allow"),
        (API_ENFORCED, "deny", "deny"),
    ],
)
async def test_each_channel_has_its_own_date(world: World, now, dashboard: str, api: str) -> None:
    world.clock.now = now
    for channel, verdict in (("dashboard", dashboard), ("api", api)):
        decision = await world.ask(cast.ALDER_SALES, cast.DOGWOOD, channel=channel)
        assert decision["verdict"] == verdict
        if verdict == "deny":
            [reason] = decision["reasons"]
            assert (reason["code"], reason["rule"]) == ("confirmation.missing", "R9")
            assert reason["text"]
            assert reason["nextStep"]
        else:
            [advisory] = decision["advisories"]
            assert advisory["code"] == "enforcement.upcoming"
            assert advisory["channel"] == channel
            assert advisory["date"] == {"dashboard": "2018-11-07", "api": "2019-03-22"}[channel] + "T00:00:00Z"


@pytest.mark.rule("R41", "R14")
async def test_a_confirmation_opens_both_channels_and_is_named(world: World) -> None:
    world.clock.now = API_ENFORCED
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    for channel in ("api", "dashboard"):
        assert await world.ask(cast.ALDER_SALES, cast.DOGWOOD, channel=channel) == {
            "verdict": "allow",
            "reasons": [],
            "advisories": [],
            "policy": "microsoft-cloud-agreement@2",
            "decidedAt": "2019-03-22T00:00:00Z",
            "confirmation": {
                "templateId": cast.CLOUD_AGREEMENT,
                "type": "MicrosoftCloudAgreement",
                "dateAgreed": "2018-08-10T00:00:00.000Z",
                "recordedAt": "2019-03-22T00:00:00Z",
            },
        }


@pytest.mark.rule("R31")
async def test_nothing_is_gated_in_a_national_cloud(world: World) -> None:
    world.clock.now = API_ENFORCED
    assert (await world.ask(cast.FIR_ADMIN, cast.GINKGO))["verdict"] == "allow"
    assert (await world.confirm(cast.FIR_ADMIN, cast.GINKGO)).status_code == 404


async def test_at_moves_the_dates_and_not_the_standing(world: World) -> None:
    assert (await world.ask(cast.ALDER_SALES, cast.DOGWOOD, at="2019-03-22"))["verdict"] == "deny"
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    assert (await world.ask(cast.ALDER_SALES, cast.DOGWOOD, at="2019-03-22"))["verdict"] == "allow"
    assert world.rows("select count(*) from decision") == [(0,)]


async def test_a_recorded_decision_has_an_id_and_a_repeat_adds_no_row(world: World) -> None:
    question = {"customerId": cast.DOGWOOD, "action": "new_purchase", "channel": "api", "record": True}
    headers = {"MS-RequestId": "5b7f0f0e-2a1c-4d9b-9a3e-0c1d2e3f4a5b"}
    answers = [
        (await world.send(cast.ALDER_SALES, "POST", "/api/gate/decisions", question, headers)).json() for _ in range(2)
    ]
    assert answers[0]["decisionId"] == answers[1]["decisionId"]
    assert world.rows("select decision_id, verdict from decision") == [(answers[0]["decisionId"], "allow")]


@pytest.mark.parametrize(
    ("who", "changes", "status", "code"),
    [
        (cast.ALDER_SALES, {"partnerId": cast.HAZEL}, 403, "access.denied"),
        (cast.ALDER_SALES, {"partnerId": cast.ALDER.upper()}, 200, None),
        (cast.ALDER_SALES, {"customerId": "no guid"}, 400, "request.malformed-id"),
        (cast.ALDER_SALES, {"action": "dance"}, 400, "request.invalid-choice"),
        (cast.ALDER_SALES, {"channel": "fax"}, 400, "request.invalid-choice"),
        (cast.ALDER_SALES, {"at": "soon"}, 400, "request.invalid-instant"),
        (cast.ALDER_SALES, {"at": "2019-01-01", "record": True}, 400, "request.recorded-at-now"),
        (cast.ALDER_SALES, {"agreementType": "Lease"}, 400, "request.invalid-property"),
        (cast.ALDER_SALES, {"recrod": True}, 400, "request.invalid-property"),
        (cast.ALDER_HELPDESK, {}, 200, None),
        (cast.ALDER_HELPDESK, {"record": True}, 403, "access.role"),
        (cast.BIRCH_SALES, {}, 403, "access.denied"),
        (cast.ALDER, {}, 200, None),
        (None, {}, 401, "access.unauthenticated"),
    ],
)
async def test_who_may_ask_and_what(world: World, who, changes, status: int, code: str | None) -> None:
    question = {"customerId": cast.CEDAR, "action": "new_purchase", "channel": "api"} | changes
    answer = await world.send(who, "POST", "/api/gate/decisions", question)
    assert answer.status_code == status, answer.text
    if code is not None:
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.json()["status"], answer.json()["code"]) == (status, code)
        assert answer.json()["detail"]


async def test_the_answer_speaks_the_callers_language(world: World) -> None:
    world.clock.now = API_ENFORCED
    question = {"customerId": cast.DOGWOOD, "action": "seat_change", "channel": "api"}
    for headers in ({"X-Locale": "fr-FR"}, {"Accept-Language": "de, fr;q=0.8, en;q=0.5"}):
        answer = await world.send(cast.ALDER_SALES, "POST", "/api/gate/decisions", question, headers)
        [reason] = answer.json()["reasons"]
        assert reason["rule"] == "R10"
        assert "accepté" in reason["text"]


@pytest.mark.rule("R47", "R40", "R11")
async def test_a_customer_that_no_longer_agrees_buys_nothing_until_it_agrees_again(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    ended = await world.send(cast.ALDER_SALES, "POST", END, {"reason": "no_longer_agrees", "note": "By phone."})
    assert ended.status_code == 200
    assert {agreement["state"] for agreement in ended.json()["agreements"]} == {"ended"}
    for action in ("new_purchase", "seat_change", "upgrade", "conversion", "add_on", "renewal", "reactivate"):
        early = await world.ask(cast.ALDER_SALES, cast.CEDAR, action=action)
        assert [reason["code"] for reason in early["reasons"]] == ["confirmation.ended"], action
        later = await world.ask(cast.ALDER_SALES, cast.CEDAR, action=action, at="2019-03-22")
        upcoming, missing = ([], []) if action == "reactivate" else (["enforcement.upcoming"], ["confirmation.missing"])
        assert [advisory["code"] for advisory in early["advisories"]] == upcoming, action
        assert [reason["code"] for reason in later["reasons"]] == ["confirmation.ended", *missing], action
        assert later["advisories"] == []
    for action in ("auto_renewal", "cancel", "suspend", "profile_change"):
        assert (await world.ask(cast.ALDER_SALES, cast.CEDAR, action=action))["verdict"] == "allow"
    read = await world.send(cast.ALDER_SALES, "GET", f"/v1/customers/{cast.CEDAR}/agreements")
    assert read.json()["items"] == []
    assert (await world.send(cast.ALDER_SALES, "POST", END, {"reason": "no_longer_agrees"})).status_code == 409
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    assert (await world.ask(cast.ALDER_SALES, cast.CEDAR))["verdict"] == "allow"


@pytest.mark.rule("R17")
async def test_what_was_recorded_in_error_is_voided_and_the_state_before_returns(world: World) -> None:
    void_confirmation = {"reason": "recorded_in_error", "templateId": cast.CLOUD_AGREEMENT, "note": "Wrong customer."}
    await world.confirm(cast.ALDER_SALES, cast.CEDAR, primaryContact__firstName="Nia")
    await world.confirm(cast.ALDER_SALES, cast.CEDAR, primaryContact__firstName="Wrong")
    first = (await world.send(cast.ALDER_SALES, "POST", END, void_confirmation)).json()["agreements"][1]
    assert (first["state"], first["confirmation"]["contact"]["firstName"]) == ("current", "Nia")
    assert [item["ended"] and item["ended"]["note"] for item in first["history"]] == ["Wrong customer.", None]
    second = (await world.send(cast.ALDER_SALES, "POST", END, void_confirmation)).json()["agreements"][1]
    assert (second["state"], second["confirmation"], len(second["history"])) == ("missing", None, 2)
    assert (await world.send(cast.ALDER_SALES, "POST", END, void_confirmation)).status_code == 409
    assert world.rows("select count(*) from confirmation") == [(2,)]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"reason": "boredom"}, 400, "request.invalid-choice"),
        ({"reason": "recorded_in_error"}, 400, "request.invalid-property"),
        ({"reason": "recorded_in_error", "templateId": "x"}, 400, "request.malformed-id"),
        ({"reason": "recorded_in_error", "templateId": cast.NOBODY}, 400, "confirmation.template-unknown"),
        ({"reason": "recorded_in_error", "templateId": cast.CLOUD_AGREEMENT}, 409, "confirmation.nothing-to-end"),
        ({"reason": "no_longer_agrees", "note": "x" * 1001}, 400, "request.invalid-property"),
        ({}, 400, "request.invalid-property"),
        ({"reason": "no_longer_agrees", "why": "x"}, 400, "request.invalid-property"),
        ([], 400, "request.invalid"),
        (b"{", 400, "request.invalid"),
    ],
)
async def test_an_ending_that_cannot_be_is_refused(world: World, body, status: int, code: str) -> None:
    answer = await world.send(cast.ALDER_SALES, "POST", END, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert world.rows("select count(*) from ending") == [(0,)]


@pytest.mark.rule("R28")
async def test_the_employee_behind_a_designated_account_is_kept_and_never_on_the_wire(world: World) -> None:
    path = f"/v1/customers/{cast.CEDAR}/agreements"
    body = {"Agreegate-Confirmed-By": "Ada Quill <ada@alder.example>; ref=4711"}
    named = await world.send(cast.ALDER_MARKETPLACE, "POST", path, agreement(), body)
    assert named.status_code == 201
    unnamed = await world.confirm(cast.ALDER_MARKETPLACE, cast.FRENE)
    assert unnamed.status_code == 201
    for answer in (named, await world.send(cast.ALDER_SALES, "GET", path)):
        assert "Ada" not in answer.text
        assert "4711" not in answer.text
    standing = (await world.send(cast.ALDER_SALES, "GET", f"/api/customers/{cast.CEDAR}/standing")).json()
    assert standing["agreements"][1]["confirmation"]["confirmedBy"] == {
        "name": "Ada Quill",
        "email": "ada@alder.example",
        "reference": "4711",
    }
    [unknown] = (await world.send(cast.ALDER_SALES, "GET", "/api/confirmations/without-employee")).json()
    assert unknown["customerId"] == cast.FRENE
    state = f"/api/confirmations/{unknown['confirmationId']}/employee"
    assert (await world.send(cast.HAZEL_ADMIN, "POST", state, {"name": "Eve"})).status_code == 404
    assert (await world.send(cast.ALDER_ADMIN, "POST", state, {"name": "Ben Ohm"})).status_code == 201
    corrected = await world.send(cast.ALDER_ADMIN, "POST", state, {"name": "Someone else"})
    assert (corrected.status_code, corrected.json()["name"]) == (201, "Someone else")
    shown = (await world.send(cast.ALDER_SALES, "GET", f"/api/customers/{cast.FRENE}/standing")).json()
    assert shown["agreements"][1]["confirmation"]["confirmedBy"]["name"] == "Someone else"
    assert world.rows("select name from confirmation_employee where name like 'Ben%'") == [("Ben Ohm",)]
    assert (await world.send(cast.ALDER_SALES, "GET", "/api/confirmations/without-employee")).json() == []


@pytest.mark.parametrize(
    ("at", "named"), [("2019-09-30", "Microsoft Cloud Agreement"), ("2020-02-01", "Microsoft Customer Agreement")]
)
async def test_a_denial_names_the_agreement_that_would_open_the_gate(tmp_path, at: str, named: str) -> None:
    world = World(tmp_path, datetime.fromisoformat(at).replace(tzinfo=UTC), "microsoft-customer-agreement")
    order = {"lineItems": [{"lineItemNumber": 0, "offerId": cast.NOBODY, "quantity": 1}]}
    refused = await world.send(cast.ALDER_SALES, "POST", f"/v1/customers/{cast.DOGWOOD}/orders", order)
    decision = await world.ask(cast.ALDER_SALES, cast.DOGWOOD)
    await world.close()
    assert named in refused.json()["description"]
    assert named in decision["reasons"][0]["text"]
