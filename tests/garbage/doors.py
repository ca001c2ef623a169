"""Every door through which something comes in: bodies of operations, forms, addresses, files of commands."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import httpx2

from agreegate.dashboard.dashboard import PAGES
from tests import personas as cast
from tests.cli.conftest import Result
from tests.dashboard import publishing
from tests.dashboard.reading import Page, SeenForm
from tests.dashboard.visitor import Visitor
from tests.operations import GATE, OPERATIONS, Operation
from tests.texts import MANIFEST
from tests.world import World

BODIES = [one for one in OPERATIONS if one.method in ("POST", "PUT", "PATCH") and not one.path.endswith("/checkout")]
"""Operations that read a body."""


def largest_body(operation: Operation) -> int:
    """Bytes that an operation reads: an order of 500 lines, one question or a batch, or one record (A6)."""
    if operation.path.startswith(GATE):
        return (4 if operation.path == GATE else 512) * 1024
    many = operation.path.endswith(("/orders", "/orders/{order_id}", "/carts", "/carts/{cart_id}"))
    return (1024 if many else 128) * 1024


def rows_of(world: World) -> dict[str, int]:
    """How many rows every table has."""
    return dict(world.rows(" union all ".join(f"select '{table}', count(*) from {table}" for table in world.tables())))


def state_of(world: World) -> object:
    """What differs once something was committed; on PostgreSQL, once a table has more or fewer rows."""
    if world.store.waits:
        return rows_of(world)
    return world.store.reader.pragma("data_version")


def check_error(answer: httpx2.Response, *statuses: int) -> None:
    """A 4xx whose body is JSON with a sentence."""
    assert answer.status_code in statuses, answer.text
    body = answer.json()
    sentence = body.get("description") or body.get("detail")
    assert sentence
    assert len(sentence) <= 1024


POSTS = sorted({path for page in PAGES if "POST" in page.http_methods for path in page.paths})
GETS = sorted({path for page in PAGES if "GET" in page.http_methods for path in page.paths})
FORM = "application/x-www-form-urlencoded"
TOKEN, REQUEST_ID = "_csrf_token", "request_id"
TYPED = ("text", "email", "tel", "date", "number", "search")
"""Kinds of fields that people type into."""
GOOD = {
    "offer-0": "bd938f12-058f-4927-bba3-ae36b1d2501c", "name-0": "Mail", "quantity": "7", "to": "suspend", "sure": "yes",
    "accepted": "on",
}  # fmt: skip
"""What lets a form on to what it asks next."""
OTHERS = {
    "/employee": {"customer": cast.FRENE}, "/recorded-in-error": {"customer": cast.FRENE}, "}/request": {"reseller": cast.HORNBEAM}
}  # fmt: skip
"""Whom a page is tried with, where the usual ones have nothing to be asked about."""
STORED = ("customer", "customer_contact", "relationship", "confirmation", "confirmation_contact", "ending", "order_", "subscription",
          "reseller_request", "confirmation_employee", "audit_record", "idempotency", "text_version", "text_file")  # fmt: skip
"""What an error leaves alone. Sessions are another matter, and so is the gate's record of what it refused."""


class Dashboard:
    """A demo with one of everything that an address can name, a seller signed in, and the operator, who publishes."""

    def __init__(self, world: World, seller: Visitor, operator: Visitor, ids: dict[str, str]) -> None:
        self.world, self.seller, self.operator, self.ids = world, seller, operator, ids

    def guest(self, path: str) -> Visitor:
        """Whose page it is."""
        return self.operator if path.startswith(("/agreements/publish", "/agreements/versions")) else self.seller

    def at(self, path: str) -> str:
        """The address of a handler."""
        ids = self.ids | next((named for end, named in OTHERS.items() if path.endswith(end)), {})
        return re.sub(r"{(\w+):\w+}", lambda found: ids[found[1]], path)

    def stored(self) -> tuple[Any, ...]:
        """How much there is of everything, and what can change in place."""
        counts = ", ".join(f"(select count(*) from {table})" for table in STORED)
        changing = self.world.rows(
            "select status, quantity, auto_renew, revision from subscription order by subscription_id"
        )
        return *self.world.rows(f"select {counts}")[0], changing

    async def form(self, path: str) -> SeenForm:
        """The form that is shown where it is sent to, as far on as it goes; where none is, the token alone."""
        guest = self.guest(path)
        if path == publishing.PATH:
            return (await publishing.check(guest)).page.form()
        shown = await guest.get(f"{path}?to=suspend")
        if shown.status != 200:
            return SeenForm("", "post", {TOKEN: [await self.token(path)]})
        form = own_form(shown.page)
        good = {name: value for name, value in GOOD.items() if name in form.names}
        asked = await guest.send(path, form, **good) if good else shown
        return own_form(asked.page) if asked.status == 200 and asked.path == path else form

    async def token(self, post: str) -> str:
        """What makes a form one of ours. Who signs out signs in again first."""
        client = self.guest(post).client
        if post == "/sign-out":
            client.cookies.clear()
            await self.seller.sign_in(cast.ALDER_SALES)
        elif "agreegate-form" in client.cookies:
            return client.cookies["agreegate-form"]
        return own_form((await self.guest(post).get("/clock")).page).fields[TOKEN][0]

    async def send(
        self, path: str, body: bytes, content_type: str = FORM, *more: tuple[bytes, bytes]
    ) -> httpx2.Response:
        """Send these very bytes. They are accepted, or answered with a sentence and change nothing."""
        before = self.stored()
        given = [(b"content-type", content_type.encode()), *more]
        answer = await self.guest(path).client.post(path, content=body, headers=given)
        assert answer.status_code == 303 or self.stored() == before, (path, body[:200])
        checked(answer, body)
        return answer


def own_form(page: Page) -> SeenForm:
    """The form that a page is for; else only the token that every page has."""
    forms = [form for form in page.forms if form.method == "post"]
    own = [form for form in forms if REQUEST_ID in form.names]
    return own[-1] if own else SeenForm("", "post", {TOKEN: forms[0].fields[TOKEN]})


def checked(answer: httpx2.Response, sent: object) -> None:
    """Every page: no defect, nothing of our code, nobody sent elsewhere, and what was sent is text and nothing else."""
    assert answer.status_code < 500, (str(answer.url), sent, answer.text[:300])
    assert "Traceback" not in answer.text
    location = answer.headers.get("location", "/")
    assert re.fullmatch(r"/(?![/\\])[!-~]*|http://127\.0\.0\.1:8400/[!-~]*", location), (location, sent)
    page = Page(answer.text)
    assert "<script>alert" not in answer.text, sent
    assert not [name for name in page.attributes if name.startswith("on")], sent
    if answer.status_code >= 400:
        assert "h1" in page.tags, (str(answer.url), sent)


def kept(html: str, typed: dict[str, str], where: str) -> None:
    """What was typed stands in its field again, as text."""
    for field in re.findall(r"<input\b[^>]*>", html):
        given = {name: unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', field)}
        if given.get("type", "text") in TYPED and given.get("name") in typed:
            value = typed[given["name"]].encode("utf-8", "surrogatepass").decode("utf-8", "replace")
            assert given.get("value", "") == value.replace("\r\n", "\n").strip(), (where, given["name"], value)


def encoded(fields: dict[str, list[str]]) -> bytes:
    """A form as a browser sends it; what is no text, as broken clients do."""
    pairs = ((name, value) for name, values in fields.items() for value in values)
    return "&".join(
        f"{quote_plus(name)}={quote_plus(value.encode('utf-8', 'surrogatepass'))}" for name, value in pairs
    ).encode()


def parts(*several: tuple[str, str, bytes]) -> bytes:
    """A form in parts: name, further headers, value."""
    heads = (
        (f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode(), value)
        for name, more, value in several
    )
    return b"".join(head + value + b"\r\n" for head, value in heads) + b"--b--\r\n"


EXAMPLE = Path(__file__).parents[2] / "docs" / "directory.example.toml"
DIRECTORY = EXAMPLE.read_text(encoding="utf-8")
PROGRAMME = (files("agreegate") / "programmes" / "microsoft-customer-agreement.toml").read_text(encoding="utf-8")
PROGRAMME = PROGRAMME.replace('name = "microsoft-customer-agreement"', 'name = "made-up"')
AHEAD = MANIFEST.replace("2019-01-01T", "2999-01-01T")
LONGEST_LINE = 1_500
"""Characters of an answer."""
GATE_CHECK = ("gate", "check", "--partner", "0a110000-0000-4000-8000-000000000001", "--customer", cast.CEDAR,
              "--action", "new_purchase", "--channel", "api", "--programme", "FILE", "--data", "DATA")  # fmt: skip


@dataclass(frozen=True)
class FileDoor:
    """A command that reads a file."""

    file: str
    typed: tuple[str, ...]
    """What is typed: `FILE` stands for the file, `FOLDER` for its folder, `DATA` for the folder of the record."""
    good: str = ""
    """A TOML text that it takes."""
    then: tuple[tuple[tuple[str, ...], tuple[int, ...]], ...] = ()
    """Other commands that read the file, each with the statuses that it ends with where this one took it."""

    def command(self, path: Path, data: Path, typed: tuple[str, ...] | None = None) -> list[object]:
        return [{"FILE": path, "FOLDER": path.parent, "DATA": data}.get(word, word) for word in typed or self.typed]


FILES = {
    "directory": FileDoor("partners.toml", ("directory", "apply", "FILE", "--dry-run", "--data", "DATA"), DIRECTORY),
    "manifest": FileDoor(
        "version/manifest.toml", ("agreements", "publish", "FOLDER", "--dry-run", "--data", "DATA"), AHEAD
    ),
    "simulated manifest": FileDoor("version/manifest.toml", ("agreements", "simulate", "FOLDER", "--data", "DATA")),
    "programme": FileDoor(
        "own.toml",
        ("programme", "show", "FILE"),
        PROGRAMME,
        (
            (GATE_CHECK, (0, 3)),
            (("questions", "--programme", "FILE", "L3", "T10"), (0,)),
            (("programme", "use", "FILE", "--dry-run", "--data", "DATA"), (0, 1, 2)),
            (("agreements", "list", "--programme", "FILE", "--data", "DATA"), (0,)),
        ),
    ),
    "text": FileDoor("version/en.docx", ("agreements", "publish", "FOLDER", "--dry-run", "--data", "DATA")),
    "backup": FileDoor("copy.db", ("db", "restore", "FILE", "--force", "--data", "DATA")),
}


def check_said(said: Result, what: str, statuses: tuple[int, ...]) -> None:
    """A sentence on one line, or success."""
    assert said.status in statuses, (what, said)
    if said.status in (1, 2):
        assert (said.out, said.err.count("\n")) == ("", 1), (what, said)
        assert said.err.startswith("Error: "), (what, said)
        assert said.err.rstrip("\n").isprintable(), (what, said)
        assert len(said.err) < LONGEST_LINE, (what, len(said.err))


def large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10 * 1024**3)


SPECIAL: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: None,
    "a folder": Path.mkdir,
    "a named pipe": os.mkfifo,
    "ten gigabytes": large,
    "a link to nowhere": lambda path: path.symlink_to(path.with_name("nowhere")),
    "a link to itself": lambda path: path.symlink_to(path),
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "an empty device": lambda path: path.symlink_to("/dev/null"),
    "memory": lambda path: path.symlink_to("/proc/self/mem"),
}
"""What else may be found under the name of a file."""
