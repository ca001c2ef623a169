"""`agreegate clock accept`: what an operator sees, and what is kept of it."""

from pathlib import Path

import pytest

from agreegate.storage.engine.folder import DATABASE
from agreegate.storage.engine.sqlite import connect
from tests import personas as cast
from tests.cli.conftest import Agreegate
from tests.served import DIRECTORY, confirmed_ahead

pytestmark = pytest.mark.fault("B8")

CHECK = (
    "gate",
    "check",
    "--partner",
    cast.ALDER,
    "--customer",
    cast.CEDAR,
    "--action",
    "new_purchase",
    "--channel",
    "api",
)


@pytest.fixture
def data(agreegate: Agreegate, tmp_path: Path) -> Path:
    assert agreegate("directory", "apply", DIRECTORY, "--data", tmp_path / "data").status == 0
    confirmed_ahead(tmp_path / "data")
    return tmp_path / "data"


@pytest.mark.parametrize(
    ("language", "done", "ahead", "again"),
    [
        ("en", "Accepted for 7 partners: the clock is right, ", "1 partner has records dated ahead, the newest ",
         "No record is dated ahead of the clock."),
        ("fr", "Accepté pour 7 partenaires\u00a0: l’horloge est juste, ", "1 partenaire a des enregistrements datés en avance",
         "Aucun enregistrement n’est daté en avance sur l’horloge."),
    ],
)  # fmt: skip
def test_the_gate_opens_again_and_the_command_says_what_it_did(
    agreegate: Agreegate, data: Path, language: str, done: str, ahead: str, again: str
) -> None:
    assert agreegate(*CHECK, "--data", data).status == 3
    assert "(clock.behind, R6)" in agreegate(*CHECK, "--data", data).out
    result = agreegate("clock", "accept", "--reason", "Made up", "--data", data, language=language)
    assert (result.status, result.err) == (0, "")
    first, second = result.out.splitlines()
    assert first.startswith(done)
    assert second.startswith(ahead)
    assert agreegate(*CHECK, "--data", data).status == 0
    assert agreegate("clock", "accept", "--reason", "Again", "--data", data, language=language).out.endswith(
        again + "\n"
    )
    connection = connect(data / DATABASE, read_only=True)
    kept = connection.execute("select distinct reason, accepted_by from clock_acceptance order by 1").fetchall()
    audited = connection.execute("select count(*) from audit_record where operation_type = 'accept_clock'").get
    connection.close()
    assert kept == [("Again", "agreegate clock accept"), ("Made up", "agreegate clock accept")]
    assert audited == 14


def test_one_partner_alone(agreegate: Agreegate, data: Path) -> None:
    for partner, status in ((cast.HAZEL, 3), (cast.ALDER, 0)):
        result = agreegate("clock", "accept", "--reason", "Made up", "--partner", partner, "--data", data)
        assert result.out.startswith("Accepted for 1 partner: ")
        assert agreegate(*CHECK, "--data", data).status == status


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("--reason", "Made up", "--partner", cast.NOBODY), 2, cast.NOBODY),
        (("--reason", "Made up", "--partner", "alder"), 2, "--partner"),
        (("--reason", " "), 2, "reason"),
        (("--reason", "x" * 1001), 2, "reason"),
        ((), 2, "--reason"),
    ],
)
def test_what_cannot_be_accepted_is_reported(
    agreegate: Agreegate, data: Path, arguments: tuple[str, ...], status: int, words: str
) -> None:
    result = agreegate("clock", "accept", *arguments, "--data", data)
    assert (result.status, result.out) == (status, "")
    assert words in result.err
    assert agreegate(*CHECK, "--data", data).status == 3


def test_there_must_be_a_record(agreegate: Agreegate, tmp_path: Path) -> None:
    result = agreegate("clock", "accept", "--reason", "Made up", "--data", tmp_path)
    assert (result.status, result.out) == (1, "")
