"""Stopping a server: it finishes what it began, closes the record and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread

import apsw
import pytest

from agreegate.storage.engine.folder import DATABASE
from tests import personas as cast
from tests.faults.server import COMMAND, PATIENCE, Server
from tests.world import agreement

SALES = "sales@alder.example"


def test_a_server_that_is_stopped_answers_first_and_closes_the_record(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        answers: list[int] = []

        def confirm(number: int) -> None:
            body = agreement(primaryContact__firstName=f"n{number}")
            answers.append(server.send(SALES, "POST", f"/v1/customers/{cast.CEDAR}/agreements", body).status_code)

        server.token(SALES)
        senders = [Thread(target=confirm, args=(number,)) for number in range(8)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join(PATIENCE)
        assert server.stop() == 0
        assert answers == [201] * 8
        assert not (tmp_path / f"{DATABASE}-wal").exists(), "the record was closed"
    look = apsw.Connection(str(tmp_path / DATABASE), flags=apsw.SQLITE_OPEN_READONLY)
    assert look.pragma("integrity_check") == "ok"
    look.close()


def started(disposition: str, *arguments: str) -> list[str]:
    """A command line that starts the product with SIGINT set as a shell (`SIG_DFL`) or a supervisor (`SIG_IGN`) would."""
    script = f"import os, signal, sys; signal.signal(signal.SIGINT, signal.{disposition}); os.execv(sys.argv[1], sys.argv[1:])"
    return [sys.executable, "-c", script, str(COMMAND), *arguments]


@pytest.mark.fault("F2")
@pytest.mark.parametrize(
    ("number", "disposition", "status"),
    [
        (signal.SIGTERM, "SIG_DFL", 0),
        (signal.SIGINT, "SIG_DFL", 130),
        (signal.SIGTERM, "SIG_IGN", 0),
        (signal.SIGINT, "SIG_IGN", 0),
    ],
)
def test_a_demo_without_a_folder_leaves_none(tmp_path: Path, number: int, disposition: str, status: int) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path), "LANGUAGE": "en"}
    with subprocess.Popen(
        started(disposition, "demo", "--port", "0"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("ready ").strip()
        assert url.startswith("http://127.0.0.1:")
        assert f"Dashboard: {url}/" in "".join(process.stdout.readline() for _ in range(2))
        assert list(tmp_path.iterdir()) != []
        process.send_signal(number)
        said, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == status
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []
