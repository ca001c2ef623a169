"""`agreegate standing`: what was the standing on a day, as the records stood on another; and the exit status."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agreegate.domain.actor import Actor, Role, UserId
from agreegate.programme import load
from agreegate.services.confirmation import confirm
from agreegate.services.standing import record_no_longer_agrees
from agreegate.storage.agreements.text import add_text_version
from agreegate.storage.engine.folder import DATABASE
from agreegate.storage.engine.schema import upgrade
from agreegate.storage.engine.sqlite import InlineStore, connect
from agreegate.storage.engine.sqlite_unit import drive
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.partner import partner_of
from tests.cast_rows import populate
from tests.cli.conftest import Agreegate, Result
from tests.memory import DRAFT_CONFIRMATION, call
from tests.personas import ALDER, ALDER_SALES, BIRCH, CEDAR, DOGWOOD, ELM, FIR, GINKGO, NOBODY
from tests.texts import draft
from tests.world import AUGUST, Clock

DAY = timedelta(days=1)
RECORDED = datetime(2019, 4, 2, 9, 30, tzinfo=UTC)
REFUSED = datetime(2019, 6, 3, 14, tzinfo=UTC)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Cedar accepted on 15 August 2018, recorded on 2 April 2019; a newer text since 1 May; no longer agrees on 3 June."""
    connection = connect(tmp_path / DATABASE)
    upgrade(connection)
    populate(connection)
    clock = Clock(AUGUST)
    store = InlineStore(connection, clock)

    async def publish(uow: UnitOfWork) -> None:
        for label, effective in (("1", AUGUST - DAY), ("2", datetime(2019, 5, 1, tzinfo=UTC))):
            await add_text_version(uow, draft(label, effective_from=effective), "tests")

    async def actor(uow: UnitOfWork) -> Actor:
        partner = await partner_of(uow, ALDER)
        assert partner is not None
        return Actor(partner, frozenset({Role.SALES_AGENT}), UserId(ALDER_SALES))

    async def record(uow: UnitOfWork) -> None:
        await confirm(uow, call(await actor(uow)), load(), CEDAR, DRAFT_CONFIRMATION)

    async def refuse(uow: UnitOfWork) -> None:
        await record_no_longer_agrees(uow, call(await actor(uow), 2), load(), CEDAR, "By phone.")

    for at, work in ((AUGUST, publish), (RECORDED, record), (REFUSED, refuse)):
        clock.now = at
        drive(store.write(work))
    connection.close()
    return tmp_path


def ask(
    agreegate: Agreegate, data: Path, *more: str, partner: str = ALDER, customer: str = CEDAR, language: str = "en"
) -> Result:
    return agreegate("standing", "--partner", partner, "--customer", customer, *more, "--data", data, language=language)


@pytest.mark.rule("R17", "R34", "R36", "R47", "R48")
@pytest.mark.parametrize(
    ("on", "known_at", "status", "words"),
    [
        ("2019-05-01", "2019-06-01", 0, "Cloud Agreement: outdated. Accepted 2018-08-15T00:00:00Z; recorded"),
        ("2019-04-30", "2019-06-01", 0, "Cloud Agreement: confirmed. Accepted"),
        ("2018-08-15", "2019-06-01", 0, "Cloud Agreement: confirmed. Accepted"),
        ("2018-08-15", "2019-04-01", 3, "Cloud Agreement: not confirmed.\n"),
        ("2018-08-14", "2019-06-01", 3, "Cloud Agreement: not confirmed.\n"),
        ("2019-04-02", "2019-04-02T09:29:59Z", 3, "Cloud Agreement: not confirmed.\n"),
        ("2019-04-02", "2019-04-02T09:30:00Z", 0, "Cloud Agreement: confirmed. Accepted"),
        ("2019-06-03", "2019-06-02", 0, "the answer is what was to be expected"),
        (
            "2019-06-03",
            "2019-06-03",
            3,
            "no longer agrees. The customer no longer agreed; recorded 2019-06-03T14:00:00Z through the",
        ),
        ("2019-06-03T13:59:59Z", "2019-06-03", 0, "Cloud Agreement: outdated."),
        ("2018-06-30", "2019-06-03", 3, "the partner did not serve this customer on this day"),
    ],
)
def test_the_two_days_decide(agreegate: Agreegate, data: Path, on: str, known_at: str, status: int, words: str) -> None:
    result = ask(agreegate, data, "--on", on, "--known-at", known_at)
    assert (result.status, result.err) == (status, "")
    assert words in result.out


@pytest.mark.rule("R48")
def test_it_says_what_was_asked_what_was_found_and_what_it_rests_on(agreegate: Agreegate, data: Path) -> None:
    result = ask(agreegate, data, "--on", "2019-05-01", "--known-at", "2019-06-01")
    connection = connect(data / DATABASE)
    [[id_]] = connection.execute("select confirmation_id from confirmation").fetchall()
    connection.close()
    assert result.out.splitlines() == [
        "On 2019-05-01T23:59:59.999999Z, as the records stood at 2019-06-01T23:59:59.999999Z (microsoft-cloud-agreement@2):",
        "Microsoft Customer Agreement: not confirmed.",
        (
            "Microsoft Cloud Agreement: outdated. Accepted 2018-08-15T00:00:00Z; recorded 2019-04-02T09:30:00Z through the API;"
            f" confirmation {id_}. The text: version 1, inferred from date, country and language."
            " A newer text has been in force since 2019-05-01T00:00:00Z."
        ),
        "Recorded by then. Confirmations: 1, endings: 0, renewals: 0, versions of texts for the country: 2.",
        "Recorded later, and left out. Confirmations: 0, endings: 1, renewals: 0, versions of texts for the country: 0.",
        "Texts bind by the customer’s country of today, United States: earlier ones are not kept.",
    ]
    assert "noa" not in result.out.casefold(), "nobody's data"
    french = ask(agreegate, data, "--on", "2019-05-01", "--known-at", "2019-06-01", language="fr").out
    assert french.startswith("Le 2019-05-01T23:59:59.999999Z, d’après l’état des enregistrements au 2019-06-01T23:59")
    assert "Contrat Microsoft Cloud : version antérieure. Acceptation le 2018-08-15T00:00:00Z\u202f;" in french


def test_what_is_left_out_is_now(agreegate: Agreegate, data: Path) -> None:
    assert "Cloud Agreement: no longer agrees." in ask(agreegate, data).out
    assert "Cloud Agreement: outdated." in ask(agreegate, data, "--on", "2019-06-02").out
    words = ask(agreegate, data, "--known-at", "2019-06-02").out
    assert words.startswith("On 2019-06-02T23:59:59.999999Z, as the records stood at 2019-06-02T23:59:59.999999Z")


def test_before_the_first_day_it_says_when_recording_begins(agreegate: Agreegate, data: Path) -> None:
    begins = "Confirmations exist from 7 August 2018 on. Before that day none was required.\n"
    assert begins in ask(agreegate, data, "--on", "2018-08-06").out
    assert begins not in ask(agreegate, data, "--on", "2018-08-07").out


@pytest.mark.parametrize(
    ("more", "changes", "words"),
    [
        (["--known-at", "2219-01-01"], {}, "--known-at is in the future: what will be recorded is not known yet."),
        (["--on", "yesterday"], {}, "'yesterday' is not an instant such as"),
        (["--known-at", "2019-02-30"], {}, "'2019-02-30' is not an instant such as"),
        (["--on", ""], {}, "'' is not an instant such as"),
        ([], {"partner": NOBODY}, "Run: agreegate directory show"),
        ([], {"partner": "alder"}, "is not a GUID"),
        ([], {"customer": NOBODY}, "has no commerce relationship"),
        ([], {"customer": ELM}, "has no commerce relationship"),
        ([], {"partner": BIRCH}, "has no commerce relationship"),
        pytest.param(
            ["--on", "2019-05-01"],
            {"partner": FIR, "customer": GINKGO},
            "Confirmations do not exist in this cloud",
            marks=pytest.mark.fault("B4"),
        ),
    ],
)
def test_wrong_questions_are_reported(
    agreegate: Agreegate, data: Path, more: list[str], changes: dict[str, str], words: str
) -> None:
    result = ask(agreegate, data, *more, **changes)
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
    assert words in result.err


def test_a_customer_of_whom_nothing_was_recorded_is_reported(agreegate: Agreegate, data: Path) -> None:
    result = ask(agreegate, data, customer=DOGWOOD)
    assert result.status == 3
    assert result.out.count(": not confirmed.\n") == 2


def test_without_a_record_it_says_where_it_searched(agreegate: Agreegate, tmp_path: Path) -> None:
    result = ask(agreegate, tmp_path / "nothing-here")
    assert (result.status, result.out) == (1, "")
    assert "nothing-here" in result.err
