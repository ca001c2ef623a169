"""The production server as an operator starts it: a process of its own, an external issuer, one public name."""

import socket
import time
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from tests import personas as cast
from tests.served import Issuer, Starter, agreegate, confirmed_ahead, fill, free_port, new_key


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.fault("B9")
def test_another_programme_is_refused_until_the_record_is_put_under_it(
    tmp_path: Path, started: Starter, issuer: Issuer
) -> None:
    def refused(*arguments: str) -> str:
        """A start that fails; the sentence that it says."""
        end = agreegate("serve", "--port", str(free_port()), "--public-url", "http://x.example", "--token-issuer",
                        issuer.url, *arguments, "--data", data)  # fmt: skip
        assert (end.returncode, len(end.stderr.strip().splitlines())) == (1, 1), end.stderr
        return end.stderr

    data, usual, other = str(tmp_path / "data"), "microsoft-cloud-agreement", "microsoft-customer-agreement"
    fill(tmp_path)
    for name in (usual, usual, other):
        assert agreegate("programme", "use", name, "--data", data).returncode == 0
    for named in ([], ["--programme", f"{usual}@1"]):
        assert f"agreegate programme use {named[-1] if named else usual} --data {data}" in refused(*named)
    client = started("--programme", other)
    asked = {"customerId": cast.DOGWOOD, "action": "new_purchase", "channel": "api"}
    decision = client.post("/api/gate/decisions", json=asked, headers=bearer(issuer.token())).json()
    assert decision["policy"] == f"{other}@1"
    assert agreegate("programme", "use", usual, "--dry-run", "--data", data).returncode == 0
    meanwhile = agreegate("programme", "use", usual, "--data", data)
    assert (meanwhile.returncode, meanwhile.stdout) == (1, "")
    assert "Stop it first" in meanwhile.stderr


@pytest.mark.fault("B8")
def test_a_record_dated_a_year_ahead_closes_the_gate_until_the_clock_is_accepted(
    tmp_path: Path, started: Starter, issuer: Issuer, capfd: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path)
    confirmed_ahead(tmp_path / "data")
    client = started()
    headers = bearer(issuer.token())
    asked = {"customerId": cast.CEDAR, "action": "new_purchase", "channel": "api"}
    order = {"lineItems": [{"lineItemNumber": 0, "offerId": cast.NOBODY, "quantity": 1}]}

    def ask() -> list[str]:
        answer = client.post("/api/gate/decisions", json=asked, headers=headers).json()
        return [answer["verdict"], *(reason["code"] for reason in answer["reasons"])]

    def buy() -> int:
        return client.post(f"/v1/customers/{cast.CEDAR}/orders", json=order, headers=headers).status_code

    assert [ask(), ask(), buy()] == [["deny", "clock.behind"], ["deny", "clock.behind"], 503]
    accepted = agreegate("clock", "accept", "--reason", "The year was wrong.", "--data", str(tmp_path / "data"))
    assert (accepted.returncode, accepted.stderr) == (0, "")
    assert [ask(), ask(), buy()] == [["allow"], ["allow"], 201], "the running server notices what is accepted beside it"
    output = capfd.readouterr().err
    assert output.count("behind the newest record") == 1
    assert cast.ALDER not in output


@pytest.mark.fault("F2")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--token-issuer"),
        (["--token-issuer", "https://login.example/{tid}/v2.0", "--public-url", "https://x.example"], "--token-keys"),
        (["--token-issuer", "https://login.example"], "--public-url"),
        (["--token-issuer", "https://login.example", "--public-url", "gate"], "--public-url"),
        (["--token-issuer", "https://login.example", "--public-url", "https://x", "--workers", "2"], "--workers"),
        (["--token-issuer", "https://login.example", "--public-url", "https://x", "--database", "postgresql://x"],
         "--database"),
        (["--token-issuer", "http://login.example", "--public-url", "https://x"], "--token-keys"),
        (["--token-issuer", "https://login.example", "--public-url", "https://x", "--programme", "none"], "none"),
        (["--token-issuer", "login", "--public-url", "https://x"], "--token-issuer"),
        (["--token-issuer", "https://login.example", "--public-url", "https://x/sub?q=1"], "--public-url"),
        (["--token-issuer", "https://login.example", "--public-url", "https://x", "--trusted-proxy", "proxy"],
         "--trusted-proxy"),
        (["--token-issuer", "https://login.example", "--public-url", "https://x", "--head-seconds", "0"],
         "--head-seconds"),
        (["--token-issuer", "https://login.example", "--public-url", "https://x", "--most-connections", "many"],
         "--most-connections"),
        (["--surprise"], "--surprise"),
    ],
)  # fmt: skip
def test_it_refuses_to_start_and_names_the_setting(tmp_path: Path, arguments: list[str], said: str) -> None:
    refused = agreegate("serve", "--port", "0", "--data", str(tmp_path / "data"), *arguments)
    assert refused.returncode == 2
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_an_issuers_users_confirm_and_a_strangers_do_not(tmp_path: Path, started: Starter, issuer: Issuer) -> None:
    fill(tmp_path)
    client = started()
    known = client.get("/v1/agreements", headers=bearer(issuer.token()))
    assert known.status_code == 200
    for changes in (
        {"iss": "https://other.example"},
        {"aud": "x"},
        {"tid": cast.NOBODY},
        {"exp": int(time.time()) - 600},
    ):
        assert client.get("/v1/agreements", headers=bearer(issuer.token(**changes))).status_code == 401
    newcomer = issuer.token(oid=cast.NOBODY, upn="new@alder.example")
    assert client.get("/v1/agreements", headers=bearer(newcomer)).json()["code"] == 900150
    shown = agreegate("directory", "show", "--data", str(tmp_path / "data"))
    assert cast.NOBODY in shown.stdout


def test_keys_are_followed_through_a_rotation(tmp_path: Path, started: Starter, issuer: Issuer) -> None:
    fill(tmp_path)
    client = started()
    issuer.key = new_key()
    assert client.get("/v1/agreements", headers=bearer(issuer.token())).status_code == 200


def test_roles_may_come_from_the_token(tmp_path: Path, started: Starter, issuer: Issuer) -> None:
    fill(tmp_path)
    client = started("--roles-from-token")
    path = f"/v1/customers/{cast.CEDAR}/agreements"
    assert client.get(path, headers=bearer(issuer.token(roles=["sales_agent"]))).status_code == 200
    assert client.get(path, headers=bearer(issuer.token(roles=["helpdesk_agent"]))).status_code == 403
    assert client.get(path, headers=bearer(issuer.token())).status_code == 403


def test_only_the_public_name_is_answered_to(tmp_path: Path, started: Starter) -> None:
    client = started("--trusted-proxy", "127.0.0.1")
    assert client.get("/healthz", headers={"Host": "10.1.2.3"}).status_code == 200
    assert client.get("/readyz").json() == {"status": "ready"}
    refused = client.get("/v1/agreements", headers={"Host": "evil.example"})
    assert (refused.status_code, refused.json()["errorName"]) == (400, "HostUnknown")
    assert client.get("/v1/agreements", headers={"X-Forwarded-Host": "evil.example"}).status_code == 400


@pytest.mark.fault("D9")
def test_the_demos_sign_in_and_clock_are_not_there(started: Starter, issuer: Issuer) -> None:
    client = started()
    form = {"grant_type": "password", "username": "admin@alder.example", "password": "demo"}
    assert client.post("/organizations/oauth2/v2.0/token", data=form).status_code == 404
    exchanged = client.post("/generatetoken", data={"grant_type": "jwt_token"}, headers=bearer(issuer.token()))
    assert (exchanged.status_code, exchanged.json()["code"]) == (404, 1000)
    assert client.get("/api/sandbox/clock").status_code == 404


def test_metrics_can_have_an_address_of_their_own(tmp_path: Path, started: Starter) -> None:
    port = free_port()
    client = started("--metrics-address", f"127.0.0.1:{port}")
    assert client.get("/metrics").status_code == 404
    scraped = httpx2.get(f"http://127.0.0.1:{port}/metrics")
    assert scraped.status_code == 200
    assert "\nagreegate_person_search_lag_seconds " in scraped.text


@pytest.mark.fault("A2", "A4")
def test_strangers_have_bounds_on_every_address(started: Starter, capfd: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    client = started("--metrics-address", f"127.0.0.1:{port}", "--head-seconds", "1", AGREEGATE_MOST_CONNECTIONS="3")
    for at in (client.base_url.port, port):
        assert httpx2.get(f"http://127.0.0.1:{at}/metrics?{'a' * 9000}").status_code == 414
        assert httpx2.get(f"http://127.0.0.1:{at}/metrics", headers={"Cookie": "a=1; " * 50 + "b=2"}).status_code == 431
        with socket.create_connection(("127.0.0.1", at), timeout=30) as slow:
            slow.sendall(b"GET /metrics HTTP/1.1\r\n")
            with slow.makefile("rb") as answer:
                assert answer.readline().split()[1] == b"408"
    with ExitStack() as stack:
        lines = [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30)) for _ in range(4)]
        assert lines[0].recv(1) == b"", "the bound is one for both addresses"
        assert client.get("/healthz").status_code == 200
    output = capfd.readouterr().err
    assert output.count("head did not come in time") == 1
    assert output.count("3 connections are open") == 1


def test_settings_come_from_the_environment_too(tmp_path: Path, started: Starter, issuer: Issuer) -> None:
    fill(tmp_path)
    client = started(AGREEGATE_EMIT_BOM="1")
    answer = client.get("/v1/agreements", headers=bearer(issuer.token()))
    assert answer.content.startswith(b"\xef\xbb\xbf{")


def test_a_busy_port_is_named(tmp_path: Path, issuer: Issuer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = agreegate("serve", "--port", str(port), "--public-url", "http://x.example", "--token-issuer",
                            issuer.url, "--data", str(tmp_path / "data"))  # fmt: skip
    assert refused.returncode == 2
    assert str(port) in refused.stderr
    assert not (tmp_path / "data").exists()


def test_why_tokens_are_refused_is_reported_once_and_without_names(
    tmp_path: Path, started: Starter, issuer: Issuer, capfd: pytest.CaptureFixture[str]
) -> None:
    client = started()
    for _ in range(3):
        assert client.get("/v1/agreements", headers=bearer(issuer.token(aud="x"))).status_code == 401
    assert client.get("/v1/agreements", headers=bearer(issuer.token())).status_code == 401
    output = capfd.readouterr().err
    assert "A new, empty database was made in" in output
    assert output.count("bearer token refused: aud") == 1
    assert output.count("the directory does not have its tenant") == 1
    assert "alder" not in output


def test_probes_may_ask_with_head(started: Starter) -> None:
    client = started()
    for path in ("/healthz", "/readyz"):
        answer = client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")


def test_a_head_without_end_is_given_up(started: Starter) -> None:
    client = started()
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=30) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        refused = b""
        for _ in range(100):
            try:
                connection.sendall(b"X-Long: " + b"x" * 8192 + b"\r\n")
            except OSError:
                break
        while piece := connection.recv(4096):
            refused += piece
            if b"\r\n\r\n" in refused:
                break
    assert refused.startswith(b"HTTP/1.1 431")
    assert client.get("/healthz").status_code == 200


def test_a_file_where_the_data_folder_should_be_is_reported(tmp_path: Path, issuer: Issuer) -> None:
    file = tmp_path / "data"
    file.write_text("mine")
    refused = agreegate("serve", "--port", "0", "--public-url", "http://x.example", "--token-issuer", issuer.url,
                        "--data", str(file))  # fmt: skip
    assert refused.returncode == 1
    assert "not a folder" in refused.stderr
    assert file.read_text() == "mine"
