"""A full disk: writes are refused and can be sent again, the gate still answers, and service resumes with the space."""

import asyncio
import random
import resource
from collections.abc import Iterator
from pathlib import Path

import apsw
import httpx2
import pytest

from agreegate.storage.engine.folder import DATABASE
from tests import personas as cast
from tests.dashboard.publishing import MULTIPART, PATH, TYPED, in_parts
from tests.dashboard.reading import Page, SeenForm
from tests.dashboard.routes import COMPANY
from tests.faults.server import PATIENCE, Server
from tests.operations import confirmation
from tests.world import agreement

SALES = "sales@alder.example"
CEDAR = f"/v1/customers/{cast.CEDAR}"
QUESTION = {"customerId": cast.CEDAR, "action": "new_purchase", "channel": "api"}
ORDER = {"lineItems": [{"lineItemNumber": 0, "offerId": cast.NOBODY, "quantity": 1}]}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path) as started:
        yield started


def leave_space(server: Server, size: int) -> None:
    """Let no file of the server's grow beyond `size` bytes: the system refuses the write, as a full disk does."""
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def names_on_record(server: Server) -> list[str]:
    read = server.send(SALES, "GET", f"{CEDAR}/agreements")
    assert read.status_code == 200
    return [item["primaryContact"]["firstName"] for item in read.json()["items"]]


def test_writes_wait_for_space_while_the_gate_answers(server: Server) -> None:
    assert server.send(SALES, "POST", f"{CEDAR}/agreements", agreement()).status_code == 201
    before = names_on_record(server)
    headers = {"MS-RequestId": cast.NOBODY}
    leave_space(server, 0)
    for method, path, body in (
        ("POST", f"{CEDAR}/agreements", agreement(primaryContact__firstName="Later")),
        ("POST", f"{CEDAR}/orders", ORDER),
        ("POST", f"{CEDAR}/carts", {"lineItems": [{"catalogItemId": cast.NOBODY, "quantity": 1}]}),
        ("POST", "/api/gate/decisions", QUESTION | {"record": True}),
        ("POST", f"/api/customers/{cast.CEDAR}/standing/end", {"reason": "no_longer_agrees"}),
        ("POST", f"/api/customers/{cast.CEDAR}/confirmations", confirmation()),
        ("PUT", "/api/sandbox/clock", {"now": "2019-03-22T00:00:00Z"}),
    ):
        refused = server.send(SALES, method, path, body, headers)
        assert refused.status_code == 503, (path, refused.text)
        assert int(refused.headers["Retry-After"]) > 0
        said = refused.json()
        assert said.get("isRetryable", True)
        assert said.get("description") or said.get("detail")
    for _ in range(3):
        asked = server.send(SALES, "POST", "/api/gate/decisions", QUESTION)
        assert (asked.status_code, asked.json()["verdict"]) == (200, "allow")
        assert asked.json()["confirmation"]["templateId"] == cast.CLOUD_AGREEMENT
    assert names_on_record(server) == before
    assert server.send(SALES, "GET", "/api/sandbox/clock").json()["now"].startswith("2018-08-15")
    assert server.client.get("/healthz").status_code == 200
    assert server.client.get("/readyz").status_code == 503
    leave_space(server, resource.RLIM_INFINITY)
    done = server.send(SALES, "POST", f"{CEDAR}/agreements", agreement(primaryContact__firstName="Later"), headers)
    assert done.status_code == 201, done.text
    assert names_on_record(server) == ["Later", *before]
    assert server.send(SALES, "POST", f"{CEDAR}/orders", ORDER).status_code == 201
    server.become_ready()
    server.stop()
    assert server.output.count("free space on the disk of the data folder") == 1, server.output


READ = (
    "/", "/customers", "/customers.csv", f"/customers/{cast.CEDAR}", f"/customers/{cast.CEDAR}/order", "/activity",
    "/agreements", "/questions", "/clock", "/how-to-confirm", "/api/docs", "/customers/new", "/nowhere",
)  # fmt: skip
"""Pages that only read."""


class Browser:
    """A person's browser at the server."""

    def __init__(self, server: Server) -> None:
        self.client = httpx2.Client(
            base_url=server.url, trust_env=False, timeout=PATIENCE, headers={"accept": "text/html"}
        )

    def sign_in(self, user: str) -> httpx2.Response:
        begun = self.client.get("/sign-in")
        assert begun.status_code == 303, begun.text
        return self.client.post(begun.headers["location"], data={"user": user}, follow_redirects=True)

    def sign_out(self) -> httpx2.Response:
        return self.client.post("/sign-out", data=Page(self.client.get("/").text).form("/sign-out").fields)

    def signed_in(self) -> bool:
        return self.client.get("/customers").status_code == 200

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()


def age_sessions(server: Server) -> None:
    """Let every session have been used two minutes ago, so that its next use is noted."""
    connection = apsw.Connection(str(server.folder / DATABASE))
    connection.set_busy_timeout(10_000)
    connection.execute("update session set seen_at = seen_at - 120000000")
    connection.close()


def refused_with_a_sentence(answer: httpx2.Response) -> bool:
    return (
        answer.status_code == 503 and int(answer.headers["retry-after"]) > 0 and "Nothing was changed." in answer.text
    )


@pytest.mark.fault("C2")
def test_pages_are_read_while_signing_in_and_out_wait_for_space(server: Server) -> None:
    with Browser(server) as someone, Browser(server) as other:
        assert someone.sign_in(cast.ALDER_SALES).status_code == 200
        age_sessions(server)
        leave_space(server, 0)
        for path in READ:
            assert someone.client.get(path).status_code == (404 if path == "/nowhere" else 200), path
        assert refused_with_a_sentence(someone.sign_out())
        assert someone.signed_in(), "nothing was changed"
        for _ in range(2):
            assert refused_with_a_sentence(other.sign_in(cast.ALDER_ADMIN))
            assert not other.signed_in()
            assert other.client.get("/").status_code == 200
        leave_space(server, resource.RLIM_INFINITY)
        assert other.sign_in(cast.ALDER_ADMIN).status_code == 200
        assert other.signed_in()
        assert someone.sign_out().status_code == 303
        assert not someone.signed_in()
    server.stop()
    assert server.output.count("the record is unavailable") == 1
    assert "Traceback" not in server.output
    assert "alder" not in server.output.partition("agreegate.record")[2], "no names in diagnostics"


@pytest.mark.faults
@pytest.mark.fault("C2")
def test_pages_sign_ins_and_forms_never_break_wherever_the_space_runs_out(server: Server) -> None:
    outcomes: set[tuple[str, int]] = set()
    with Browser(server) as kept:
        kept.sign_in(cast.ALDER_ADMIN)
        for round_ in range(15):
            age_sessions(server)
            leave_space(server, (server.folder / f"{DATABASE}-wal").stat().st_size + random.randrange(100_000))
            for number in range(10):
                form = Page(kept.client.get("/customers/new").text).form().fields
                typed = form | COMPANY | {"domain": f"made-up-{round_}-{number}.example"}
                outcomes.add(("form", kept.client.post("/customers/new", data=typed).status_code))
                outcomes |= {("read", kept.client.get(path).status_code) for path in random.sample(READ[:-1], 2)}
                with Browser(server) as someone:
                    signed_in = someone.sign_in(random.choice([cast.ALDER_SALES, cast.HAZEL_ADMIN]))
                    outcomes.add(("in", signed_in.status_code))
                    if signed_in.status_code == 200:
                        outcomes.add(("out", someone.sign_out().status_code))
            leave_space(server, resource.RLIM_INFINITY)
            assert kept.signed_in()
    allowed = {("in", 200), ("in", 503), ("read", 200), ("form", 303), ("form", 503), ("out", 303), ("out", 503)}
    assert outcomes <= allowed, outcomes
    assert {("in", 200), ("in", 503), ("form", 303), ("form", 503)} <= outcomes
    server.stop()
    assert "Traceback" not in server.output


def test_a_text_waits_for_space_and_is_published_as_a_whole_afterwards(server: Server) -> None:
    server.client.get("/sign-in", follow_redirects=True)
    chosen = server.client.get("/sign-in", params={"next": PATH}).headers["location"]
    signed_in = server.client.post(chosen, data={"user": cast.OPERATOR_USER}, follow_redirects=True)
    assert signed_in.status_code == 200, signed_in.text
    large = {"file-0": ("english.md", b"# Made up\n" * 20_000), "file-1": ("fr.md", b"# Exemple\n")}

    def listed() -> int:
        return server.client.get("/agreements/versions").text.count(TYPED["label"])

    def press(form: SeenForm, **fields: str) -> httpx2.Response:
        return server.client.post(PATH, data=form.fields | fields, follow_redirects=True)

    def choose() -> httpx2.Response:
        form = Page(server.client.get(PATH).text).form()
        body = in_parts({name: value for name, value in form.fields.items() if "file-" not in name} | TYPED, large, [])
        return server.client.post(PATH, content=body, headers={"content-type": MULTIPART})

    kept = {entry for entry in (server.folder / "texts").rglob("*") if entry.is_file()}
    for space in (0, 5_000, 100_000):
        leave_space(server, space)
        refused = choose()
        assert (refused.status_code, "Nothing was changed." in refused.text) == (503, True), (space, refused.text)
        assert int(refused.headers["Retry-After"]) > 0
        assert {entry for entry in (server.folder / "texts").rglob("*") if entry.is_file()} == kept, "nothing half kept"
    leave_space(server, resource.RLIM_INFINITY)
    checked = choose()
    assert checked.status_code == 200, checked.text
    leave_space(server, 0)
    refused = press(Page(checked.text).form(), step="publish")
    assert refused.status_code == 503
    leave_space(server, resource.RLIM_INFINITY)
    assert listed() == 0, "all or nothing"
    done = press(Page(checked.text).form(), step="publish")
    assert (done.status_code, "Version 2018-09 is published." in done.text) == (200, True)
    assert listed() == 1


def test_space_that_runs_out_in_the_middle_loses_nothing_acknowledged(server: Server) -> None:
    acknowledged: list[str] = []
    refused: list[str] = []

    async def work(round_: int, worker: int, client: httpx2.AsyncClient) -> None:
        for number in range(10_000):
            name = f"r{round_}w{worker}n{number}"
            body = agreement(primaryContact__firstName=name)
            status = (await client.post(f"{CEDAR}/agreements", json=body)).status_code
            assert status in (201, 503)
            (acknowledged if status == 201 else refused).append(name)
            if status == 503:
                return

    async def work_until_full(round_: int) -> None:
        headers = {"Authorization": f"Bearer {server.token(SALES)}"}
        async with httpx2.AsyncClient(
            base_url=server.url, headers=headers, trust_env=False, timeout=PATIENCE
        ) as client:
            await asyncio.gather(*(work(round_, worker, client) for worker in range(8)))

    for round_ in range(3):
        written = (server.folder / f"{DATABASE}-wal").stat().st_size
        leave_space(server, written + random.randrange(20_000, 400_000))
        asyncio.run(work_until_full(round_))
        leave_space(server, resource.RLIM_INFINITY)
        assert server.send(SALES, "POST", f"{CEDAR}/agreements", agreement()).status_code == 201
    assert refused
    server.restart()
    names = names_on_record(server)
    assert set(acknowledged) <= set(names)
    assert set(refused).isdisjoint(names)
    assert len(set(names) - {"Noa"}) == len(acknowledged)
