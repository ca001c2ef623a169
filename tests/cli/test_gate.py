"""`agreegate gate check`: the decision as one line, and the exit status."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from agreegate.domain.actor import Actor, Role, UserId
from agreegate.i18n import text
from agreegate.programme import load
from agreegate.services.confirmation import confirm
from agreegate.services.standing import record_no_longer_agrees
from agreegate.storage.agreements.text import add_text_version
from agreegate.storage.engine.folder import DATABASE
from agreegate.storage.engine.sqlite import InlineStore, connect
from agreegate.storage.engine.sqlite_unit import drive
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.partner import partner_of
from tests.cli.conftest import Agreegate, Result
from tests.memory import DRAFT_CONFIRMATION, call
from tests.personas import ALDER, ALDER_SALES, BIRCH, CEDAR, DOGWOOD, ELM, FIR, GINKGO, NOBODY
from tests.texts import draft
from tests.world import AUGUST

CAST = str(files("agreegate") / "demo" / "cast.toml")


@pytest.fixture
def data(agreegate: Agreegate, tmp_path: Path) -> Path:
    assert agreegate("directory", "apply", CAST, "--data", tmp_path).status == 0
    return tmp_path


def check(agreegate: Agreegate, data: Path, *more: str, language: str = "en", **changes: str) -> Result:
    asked = {"partner": ALDER, "customer": DOGWOOD, "action": "new_purchase", "channel": "api"} | changes
    options = [word for name, value in asked.items() for word in (f"--{name}", value)]
    return agreegate("gate", "check", *options, *more, "--data", data, language=language)


def recorded(data: Path, work: Callable[[UnitOfWork, Actor], Awaitable[object]]) -> None:
    """Do something in August 2018 as a user of Alder."""
    connection = connect(data / DATABASE)

    async def done(uow: UnitOfWork) -> None:
        partner = await partner_of(uow, ALDER)
        assert partner is not None
        await work(uow, Actor(partner, frozenset({Role.SALES_AGENT}), UserId(ALDER_SALES)))

    drive(InlineStore(connection, lambda: AUGUST).write(done))
    connection.close()


@pytest.mark.parametrize(
    ("language", "gone", "unknown"),
    [("en", "does not exist any more", "does not exist."), ("fr", "n’existe plus", "n’existe pas.")],
)
def test_a_database_that_is_not_there_is_named_with_what_to_do(
    agreegate: Agreegate, data: Path, language: str, gone: str, unknown: str
) -> None:
    (data / DATABASE).unlink()
    result = check(agreegate, data, language=language)
    assert (result.status, result.out) == (1, "")
    assert f"{data / DATABASE} {gone}" in result.err
    assert "agreegate db restore" in result.err
    assert "db upgrade" not in result.err, "it would refuse"
    elsewhere = data / "not-mounted"
    result = check(agreegate, elsewhere, language=language)
    assert result.status == 1
    assert f"{elsewhere / DATABASE} {unknown}" in result.err
    for advice in ("agreegate db restore", f"agreegate db upgrade --data {elsewhere}"):
        assert advice in result.err


@pytest.mark.rule("R3", "R4", "R5")
@pytest.mark.parametrize(
    ("channel", "at", "status"),
    [
        ("dashboard", "2018-11-06T23:59:59Z", 0),
        ("dashboard", "2018-11-07", 3),
        ("api", "2018-11-07", 0),
        ("api", "2019-03-21T23:59:59Z", 0),
        ("api", "2019-03-22T00:00:00Z", 3),
        ("api", "2019-03-22T00:00:00+01:00", 0),
    ],
)
def test_the_date_and_the_channel_decide(agreegate: Agreegate, data: Path, channel: str, at: str, status: int) -> None:
    result = check(agreegate, data, "--at", at, channel=channel)
    assert result.status == status
    assert result.out.count("\n") == 1
    assert result.out.startswith("Refused" if status else "Allowed")
    assert ("confirmation.missing, R9" if status else "enforcement.upcoming, R2") in result.out


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Confirmations can be recorded from 7 August 2018 on."),
        ("fr", "Les confirmations peuvent être enregistrées à partir du 7 août 2018."),
    ],
)
def test_before_the_first_day_it_says_when_recording_begins(
    agreegate: Agreegate, data: Path, language: str, sentence: str
) -> None:
    assert check(agreegate, data, "--at", "2018-08-06", language=language).out.endswith(f"{sentence}\n")
    assert sentence not in check(agreegate, data, "--at", "2018-08-07", language=language).out


def test_the_line_is_in_the_users_language(agreegate: Agreegate, data: Path) -> None:
    assert check(agreegate, data, "--at", "2019-03-22").out == (
        "Refused (microsoft-cloud-agreement@2, 2019-03-22T00:00:00Z). We have no confirmation that this customer accepted"
        " the Microsoft Cloud Agreement. (confirmation.missing, R9) Obtain the customer's acceptance, confirm it, and"
        " send the same transaction again.\n"
    )
    french = check(agreegate, data, "--at", "2019-03-22", language="fr")
    assert french.status == 3
    sentence = text("gate.confirmation.missing.text", "fr", agreement="Microsoft Cloud Agreement")
    assert french.out.startswith(f"Refusé (microsoft-cloud-agreement@2, 2019-03-22T00:00:00Z). {sentence} (")


@pytest.mark.rule("R11", "R12", "R31", "R40")
def test_what_is_not_gated_passes(agreegate: Agreegate, data: Path) -> None:
    for action in ("auto_renewal", "cancel", "suspend", "profile_change"):
        assert check(agreegate, data, "--at", "2020-01-01", action=action).status == 0
    assert check(agreegate, data, "--at", "2020-01-01", partner=FIR, customer=GINKGO).status == 0


def test_a_strangers_customer_and_nobody_are_answered_alike(agreegate: Agreegate, data: Path) -> None:
    answers = [check(agreegate, data, "--at", "2018-08-07", customer=customer) for customer in (ELM, NOBODY)]
    answers.append(check(agreegate, data, "--at", "2018-08-07", partner=BIRCH, customer=CEDAR))
    assert {answer.status for answer in answers} == {3}
    assert len({answer.out for answer in answers}) == 1
    assert "relationship.missing" in answers[0].out


def test_another_programme_can_be_tried(agreegate: Agreegate, data: Path, tmp_path: Path) -> None:
    watching = tmp_path / "watching.toml"
    shipped = (files("agreegate") / "programmes" / "microsoft-cloud-agreement.toml").read_text(encoding="utf-8")
    watching.write_text(
        shipped.replace('name = "microsoft-cloud-agreement"', 'name = "watching"').replace("api = 2019", "# was 2019"),
        encoding="utf-8",
    )

    result = check(agreegate, data, "--at", "2019-03-22", "--programme", str(watching))

    assert result.status == 0
    assert "confirmation.missing" in result.out


@pytest.mark.parametrize(
    ("changes", "more", "words"),
    [
        ({"partner": NOBODY}, [], "agreegate directory show"),
        ({"partner": "alder"}, [], "'--partner': 'alder' is not a GUID"),
        ({"action": "buy"}, [], "'new_purchase'"),
        ({"channel": "fax"}, [], "'api', 'dashboard'"),
        ({}, ["--at", "tomorrow"], "2019-03-22T00:00:00Z"),
        ({}, ["--programme", "nix"], "microsoft-cloud-agreement"),
        ({}, ["--programme", "nix.toml"], "Check the path."),
    ],
)
def test_wrong_questions_are_reported(
    agreegate: Agreegate, data: Path, changes: dict[str, str], more: list[str], words: str
) -> None:
    result = check(agreegate, data, *more, **changes)
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
    assert words in result.err


@pytest.mark.rule("R47", "R2")
@pytest.mark.parametrize(
    ("at", "also"), [("2019-03-21", "enforcement.upcoming, R2"), ("2019-03-22", "confirmation.missing, R9")]
)
def test_the_line_has_every_reason_and_advisory(agreegate: Agreegate, data: Path, at: str, also: str) -> None:
    recorded(data, lambda uow, actor: record_no_longer_agrees(uow, call(actor), load(), CEDAR, "By phone."))
    result = check(agreegate, data, "--at", at, customer=CEDAR)
    assert (result.status, result.out.count("\n")) == (3, 1)
    assert 0 < result.out.index("(confirmation.ended, R47)") < result.out.index(f"({also})")


@pytest.mark.rule("R34", "R37")
@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "(confirmation.outdated, R34) Have the customer accept the current text and confirm it before"),
        ("fr", "(confirmation.outdated, R34) Faites accepter le texte actuel par le client et confirmez-le avant"),
    ],
)
def test_an_older_text_is_reported_with_the_order_that_it_is_due_before(
    agreegate: Agreegate, data: Path, language: str, sentence: str
) -> None:
    async def work(uow: UnitOfWork, actor: Actor) -> None:
        await confirm(uow, call(actor), load(), CEDAR, DRAFT_CONFIRMATION)
        for label, effective in (("2", AUGUST + timedelta(days=1)), ("3", AUGUST + timedelta(days=9_999))):
            await add_text_version(uow, draft(label, effective_from=effective), "tests")

    recorded(data, work)
    result = check(agreegate, data, "--at", "2019-04-01", customer=CEDAR, language=language)
    assert result.status == 0
    assert sentence in result.out
