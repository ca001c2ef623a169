"""`agreegate token` and `agreegate gate check` beside a running demo, in processes of their own."""

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Agreegate
from tests.personas import ALDER, DOGWOOD

EXECUTABLE = Path(sys.executable).with_name("agreegate")


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[str]:
    """A demo that believes it is the eve of the API's date; its address."""
    command = [str(EXECUTABLE), "demo", "--port", "0", "--data", str(tmp_path / "demo"), "--at", "2019-03-21T12:00:00Z"]
    environment = os.environ | {"LC_ALL": "C"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        address = process.stdout.readline().removeprefix("ready ").strip()
        try:
            yield address
        finally:
            process.terminate()


def typed(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [EXECUTABLE, *map(str, arguments)],
        env=os.environ | {"LC_ALL": "C", "http_proxy": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_token_opens_the_api_and_the_gate_follows_the_demos_clock(demo: str, tmp_path: Path) -> None:
    result = typed("token", "sales@alder.example", "--url", demo)
    assert (result.returncode, result.stderr) == (0, "")
    token = result.stdout.removesuffix("\n")
    assert token.count(".") == 2

    check = ["gate", "check", "--partner", ALDER, "--customer", DOGWOOD, "--action", "seat_change",
             "--channel", "api", "--data", tmp_path / "demo"]  # fmt: skip
    assert typed(*check).returncode == 0
    request = urllib.request.Request(
        f"{demo}/api/sandbox/clock",
        method="PUT",
        data=json.dumps({"now": "2019-03-22T00:00:00Z"}).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request) as answer:
        assert answer.status == 200
    refused = typed(*check)
    assert refused.returncode == 3
    assert "confirmation.missing, R10" in refused.stdout
    assert "2019-03-22T00:0" in refused.stdout

    wrong = typed("token", "nobody@alder.example", "--url", demo)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert f"knows no user nobody@alder.example. Take one that {demo} lists" in wrong.stderr

    taken = typed("db", "restore", tmp_path / "demo" / "agreegate.db", "--force", "--data", tmp_path / "demo")
    assert taken.returncode == 1
    assert "Stop it first" in taken.stderr
    assert typed("db", "backup", tmp_path / "copy.db", "--data", tmp_path / "demo").returncode == 0


def test_without_a_demo_one_is_suggested(agreegate: Agreegate) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        result = agreegate("token", "sales@alder.example", "--url", address)
    assert (result.status, result.out) == (1, "")
    assert result.err == f"Error: No demo answers at {address}. Start one with: agreegate demo\n"


@pytest.mark.parametrize("address", ["nowhere", "ftp://127.0.0.1", "http://127.0.0.1:x"])
def test_no_address_is_wrong_use(agreegate: Agreegate, address: str) -> None:
    result = agreegate("token", "sales@alder.example", "--url", address, language="fr")
    assert result.status == 2
    assert "n’est pas une adresse" in result.err
