"""Stopping a server: it finishes what it began, closes the record and leaves nothing behind."""

import os
import signal
import subprocess
from pathlib import Path
from threading import Thread

import apsw
import pytest

from agreegate.storage.folder import DATABASE
from tests import personas as cast
from tests.faults.server import COMMAND, PATIENCE, Server
from tests.world import agreement

SALES = "sales@alder.example"


def test_a_server_told_to_stop_answers_first_and_closes_the_record(tmp_path: Path) -> None:
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


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_demo_without_a_folder_leaves_none(tmp_path: Path, number: int, status: int) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path), "LANGUAGE": "en"}
    with subprocess.Popen(
        [str(COMMAND), "demo", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready ")
        assert list(tmp_path.iterdir()) != []
        process.send_signal(number)
        said, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == status
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []
