"""Garbage at every door: an answer that says something, nothing stored, no typing lost, no traceback.

The doors are tables: `OPERATIONS`, the pages, and `FILES`. A new operation or page is met by all of this as soon as it is there; one with
a new kind of parameter in its path makes `Dashboard.at` fail until it is named there.
"""

import io
import json
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus
from uuid import uuid4

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks
from schemathesis.core.result import Ok

from agreegate.app import WIRE_ROUTES
from agreegate.dashboard.frame.form import LARGEST_FORM
from agreegate.domain.error import Rejected
from agreegate.i18n import text
from agreegate.settings import checked as checked_settings
from agreegate.storage.agreements.text_file import measured
from agreegate.storage.engine.backup import back_up
from tests import personas as cast
from tests.asgi import call
from tests.cli.conftest import Agreegate
from tests.dashboard.publishing import operator
from tests.dashboard.reading import Page, SeenForm
from tests.dashboard.sandbox import sandbox_visitor
from tests.dashboard.visitor import visitor
from tests.garbage.doors import (
    BODIES,
    EXAMPLE,
    FILES,
    FORM,
    GETS,
    GOOD,
    POSTS,
    REQUEST_ID,
    SPECIAL,
    TOKEN,
    Dashboard,
    check_error,
    check_said,
    checked,
    encoded,
    kept,
    largest_body,
    parts,
    rows_of,
    state_of,
)
from tests.garbage.values import CONTENTS, SCRIPT, TEXTS, altered, damaged, edited, recoded
from tests.operations import OPERATIONS, Case, Operation, case_for, named
from tests.texts import AMERICA, docx, pdf, publish
from tests.world import AUGUST, DASHBOARD_ENFORCED, World, application_token, token

# Requests: path, query, headers and body at once


CASE = Case(cast.ALDER, cast.CEDAR, "cedar.example", *[cast.NOBODY] * 4)
REQUESTS = [(one.method, one.at(CASE)) for one in OPERATIONS]
texts = st.sampled_from(TEXTS) | st.text(max_size=20)
quoted = texts.map(lambda text: quote(text.encode("utf-8", "replace")[:3_000], safe=""))
segments = (
    st.sampled_from([cast.CEDAR, cast.ELM, cast.NOBODY, cast.CEDAR.upper(), f"{{{cast.CEDAR}}}", "{}", "all", "%00"])
    | st.sampled_from(sorted({part for route in WIRE_ROUTES for part in route.path.split("/") if "{" not in part}))
    | st.sampled_from(["", ".", "..", "%2e%2e", "%2F", "%ff%fe", "%", "%zz", "*", ";x=1"])
    | quoted
)
paths = (
    st.sampled_from([path for _, path in REQUESTS])
    | st.lists(segments, max_size=7).map(lambda parts: "/v1/" + "/".join(parts))
    | st.lists(segments, max_size=4).map(lambda parts: "/" + "/".join(parts))
)
parameters = st.sampled_from(
    ["size", "SEEKOPERATION", "filter", "agreementType", "country", "language", "at", "mpnId", "tenantId", "order_id", "billingType", "startDate",
     "endDate", "relationship_type", "on", "knownAt", "x"]
)  # fmt: skip
odd = st.sampled_from(["%7B%22Field%22%3A%22CompanyName%22%7D", "%7B%7D", "%5B%5D", "%ff", "Next", "9e999", cast.ALDER])
queries = (
    st.just("")
    | st.lists(st.tuples(parameters, quoted | odd), min_size=1, max_size=4).map(
        lambda pairs: "?" + "&".join(f"{name}={value}" for name, value in pairs)
    )
    | st.sampled_from(["?", "?&&&", "?=", "?a", "?%", "?size=1&size=2", "?" + "a=1&" * 60])
)
bearers = st.sampled_from(
    [f"Bearer {token(cast.ALDER_SALES)}"] * 6
    + [f"Bearer {token(who)}" for who in (cast.BIRCH_SALES, cast.FIR_ADMIN, cast.MAPLE_ADMIN, cast.OPERATOR_USER)]
    + [f"Bearer {application_token(cast.ALDER)}", "Bearer", "Basic YTpi", "Bearer a.b.c", "Bearer " + "a" * 20_000, ""]
)
header_values = st.binary(max_size=30).map(lambda data: data.translate(None, b"\0\r\n")) | st.sampled_from(
    [b"", b"*", b"0", b"-1", b'"', b"W/\"x\"", b"fr-FR", b"application/json", b"AQAAAA==", b"\xff" * 20, cast.NOBODY.encode(), b"a" * 4_000]
)  # fmt: skip
header_names = st.sampled_from(
    [b"accept", b"accept-language", b"content-type", b"content-length", b"ms-requestid", b"ms-correlationid", b"x-locale",
     b"if-match", b"ms-continuationtoken", b"agreegate-confirmed-by", b"host", b"expect", b"x-forwarded-for", b"cookie"]
)  # fmt: skip
headers = st.lists(st.tuples(header_names, header_values), max_size=4)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
bodies = (
    st.binary(max_size=200)
    | st.sampled_from(list(CONTENTS.values()))
    | json_values.map(lambda value: json.dumps(value).encode())
    | st.sampled_from([body for one in OPERATIONS if isinstance(body := one.body(CASE), dict)]).flatmap(
        lambda body: st.dictionaries(st.sampled_from(sorted(body)), json_values, max_size=2).map(
            lambda changes: json.dumps(body | changes).encode()
        )
    )
)
methods = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW", "TRACE", "CONNECT"])
requests = st.one_of(*[st.sampled_from(REQUESTS)] * 3, st.tuples(methods, paths))


@hypothesis.settings(max_examples=1_000, suppress_health_check=list(HealthCheck))
@given(requests, queries, bearers, headers, bodies, st.booleans())
async def test_any_request_is_answered(
    world: World,
    request_line: tuple[str, str],
    query: str,
    bearer: str,
    more: list[tuple[bytes, bytes]],
    body: bytes,
    whole: bool,
) -> None:
    method, path = request_line
    before = state_of(world)
    answer = await call(
        world.app,
        method,
        (path + query).encode("ascii"),
        [(b"host", b"127.0.0.1:8400"), (b"authorization", bearer.encode()), *more],
        body if whole else halves(body),
    )
    assert answer.status < 500, (answer.status, answer.body)
    if answer.status < 400:
        return
    assert state_of(world) == before
    silent = answer.status == 403 and not answer.body
    if method == "HEAD" or silent:
        return
    if answer.headers.get(b"content-type", b"").startswith(b"text/html"):  # a page of people's
        assert not path.startswith(("/v1", "/api"))
        assert b"<h1" in answer.body
        return
    said = json.loads(answer.body)
    assert said.get("description") or said.get("detail")


async def halves(body: bytes) -> AsyncIterator[bytes]:
    yield body[: len(body) // 2]
    yield body[len(body) // 2 :]


@pytest.fixture(scope="module")
def own_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One server for every generated case, on a day when everything can be confirmed."""
    world = World(Path(tmp_path_factory.mktemp("own-api")), AUGUST)
    yield world
    world.store.close()


def test_our_own_api_keeps_its_description(own_api: World) -> None:
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", own_api.app)
    headers = {"Authorization": f"Bearer {token(cast.ALDER_SALES)}"}
    seen = set()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found.err()
        operation = found.ok()
        seen.add((operation.method.upper(), operation.path))
        for mode in GenerationMode:

            @hypothesis.settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
            @given(operation.as_strategy(generation_mode=mode))
            def kept(case: Any) -> None:
                case.call_and_validate(headers=headers, excluded_checks=[checks.positive_data_acceptance])

            kept()
    assert seen == {(one.method, one.path.partition("?")[0]) for one in OPERATIONS if one.path.startswith("/api")}


# Bodies of operations


@pytest.mark.parametrize("operation", {(one.method, one.path): one for one in BODIES}.values(), ids=named)
async def test_a_body_that_cannot_be_read_is_refused(world: World, operation: Operation) -> None:
    case = await case_for(world, cast.MAPLE_ADMIN, operation)
    before = rows_of(world)
    for name, body in CONTENTS.items():
        answer = await world.send(cast.MAPLE_ADMIN, operation.method, operation.at(case), body)
        status = 413 if len(body) > largest_body(operation) else 400
        assert answer.status_code == status, (name, answer.text)
        check_error(answer, status)
    assert rows_of(world) == before


@pytest.mark.parametrize("operation", BODIES, ids=named)
async def test_a_member_of_the_wrong_kind_is_never_an_error_of_ours(world: World, operation: Operation) -> None:
    who = cast.MAPLE_ADMIN if operation.right == "write in a sandbox" else cast.HAZEL_ADMIN
    case = await case_for(world, who, operation)
    before = rows_of(world)
    for number, body in enumerate(altered(operation.body(case), count())):
        fresh = json.dumps(body).replace(f"new-{case.domain}", f"new-{number}-{case.domain}")  # a domain is taken once
        answer = await world.send(who, operation.method, operation.at(case), fresh.encode())
        if answer.is_success:
            before = rows_of(world)
        else:
            check_error(answer, 413 if len(fresh) > largest_body(operation) else answer.status_code)
            assert answer.status_code in (400, 403, 404, 409, 413)
            assert rows_of(world) == before, body


# Forms and addresses of pages


@pytest.fixture
async def dashboard(world: World) -> Dashboard:
    """On the day on which the dashboard begins to refuse."""
    line = {"lineItemNumber": 0, "offerId": GOOD["offer-0"], "quantity": 5, "friendlyName": "Mail"}
    made = await world.send(cast.ALDER_SALES, "POST", f"/v1/customers/{cast.DOGWOOD}/orders", {"lineItems": [line]})
    await world.confirm(cast.ALDER_MARKETPLACE, cast.FRENE)
    version = await publish(world, {AMERICA: ("text.md", b"# Made up")})
    world.clock.now = DASHBOARD_ENFORCED
    seller = await sandbox_visitor(world, cast.ALDER_SALES)
    await seller.fill(f"/resellers/{cast.BIRCH}/request")
    ids = {
        "customer": cast.DOGWOOD,
        "subscription": made.json()["lineItems"][0]["subscriptionId"],
        "reseller": cast.BIRCH,
        "partner": cast.ALDER,
        "country": "FR",
        "culture": "fr-FR",
        "question": "P1",
        "version": version.id,
        "id_": world.rows("select request_id from reseller_request")[0][0],
        "confirmation": world.rows("select confirmation_id from confirmation")[0][0],
        "decision": cast.NOBODY,
    }
    publisher = await operator(world)
    return Dashboard(world, seller, publisher, ids)


async def test_garbage_in_fields(dashboard: Dashboard) -> None:
    for turn, post in enumerate(POSTS):
        path = dashboard.at(post)
        form = await dashboard.form(path)
        names = sorted(form.names - {TOKEN, REQUEST_ID})
        buttons = [{name: [value]} if name else {} for name, value in form.buttons] or [{}]
        for place, value in enumerate(TEXTS if names else TEXTS[::20]):
            fields = form.fields | buttons[place % len(buttons)]
            wrong = names if (turn + place) % 2 else names[place % len(names) :][:1] if names else []
            fields |= {name: [value] for name in wrong}
            fields |= {TOKEN: [await dashboard.token(post)], REQUEST_ID: [str(uuid4())]}
            answer = await dashboard.send(path, encoded(fields))
            if answer.status_code in (409, 422):
                shown = [
                    name for name in names if not name.startswith("countries-")
                ]  # they are shown as they were read
                kept(answer.text, {name: fields[name][0] for name in shown if fields.get(name)}, path)
    rows = "select count(*) from text_file f where f.number = v.number"
    assert dashboard.world.rows(f"select label from text_version v where files <> ({rows})") == []


async def test_garbage_instead_of_a_form(dashboard: Dashboard) -> None:
    cookie = (b"cookie", b"agreegate-form=" + b"%C3%A9" * 200)
    for post in POSTS:
        path = dashboard.at(post)
        form = await dashboard.form(path)
        every = no_forms(form, await dashboard.token(post))
        for content_type, body in every if REQUEST_ID in form.names else every[::6]:
            renewed = body.replace(form.fields[TOKEN][0].encode(), (await dashboard.token(post)).encode())
            await dashboard.send(path, renewed, content_type)
        assert (await dashboard.send(path, encoded(form.fields), FORM, cookie)).status_code == 403


def no_forms(form: SeenForm, token: str) -> list[tuple[str, bytes]]:
    """Bodies that are no form, a foreign one, or too large; by content type."""
    start, several = f"{TOKEN}={token}&".encode(), "multipart/form-data; boundary=b"
    names = [name for name in form.names if name not in (TOKEN, REQUEST_ID)]
    doubled = encoded({name: [*values, *values, SCRIPT] for name, values in form.fields.items()})
    own = (TOKEN, "", token.encode())
    return [
        (FORM, start + b"%&=%zz&%=%e9&a=%ff%fe&&;;=" + b"=" * 50),
        (FORM, start + b"\xff\xfe\0\x01" * 50),
        (FORM, start + b"step=%ed%a0%80&to=%00&at=%&lines=%u0031"),
        (FORM, start + b"&".join(f"{name}={name}".encode() for name in names) + b"&request_id=" + b"9" * 5_000),
        (FORM, start + b"request_id=&request_id=%00&lines=999999999&lines=-1"),
        (FORM, start + b"x=" + b"y" * (LARGEST_FORM - 200)),
        (FORM, start + b"a=&" * 20_000),
        (FORM, start + b"x=" + b"y" * LARGEST_FORM),
        (FORM, start + b"accepted_on=" + b"9" * LARGEST_FORM),
        (FORM, doubled),
        (FORM + "; charset=utf-16", start + b"x=1"),
        (FORM + "; charset=nonsense", start + b"x=1"),
        (FORM, b""),
        (FORM, b"x=1"),
        (FORM, TOKEN.encode() + b"=" + "é".encode() * 200),
        (FORM, TOKEN.encode() + b"=%00&" + start),
        (FORM, start + start),
        ("application/json", b"{}"),
        ("application/json", b"[" * 10_000),
        ("text/plain", start),
        ("", b"\0"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=" + "b" * 300, b"x"),
        (several, b""),
        (several, b"--b"),
        (several, b"--b\r\n\r\n\r\n--b--"),
        (several, parts(own)),
        (several, parts(own)[:-8]),
        (several, parts(own, *((name, "", b"\xff\xfe\0") for name in names or ["x"]))),
        (several, parts(own, *((name, "\r\nContent-Type: text/plain; charset=nonsense", b"x") for name in names or ["x"]))),
        (several, parts(own, *((name, '; filename="x"', b"x") for name in names or ["x"]))),
        (several, parts((TOKEN, '; filename="x"', token.encode()))),
        (several, parts(own, own)),
        (several, parts(own, *[("x", "", b"")] * 2_000)),
    ]  # fmt: skip


NAMES = (
    "q", "state", "country", "reseller", "results", "language", "template", "use", "domain", "to", "next", "collected", "asked", "customer", "after",
    "before", "requests", "from", "user", "kind", "status", "list", "orders", "decisions", "subscriptions", "lang", "code", "texts", "label",
    "digest", "due", "agreement", "countries", "effective_from", "version", "on", "known-at",
)  # fmt: skip
"""What pages look for in their addresses."""


async def test_garbage_in_addresses(dashboard: Dashboard) -> None:
    before = dashboard.stored()
    several = ["%&=%zz&%=%e9&a=%ff%fe&&;;=", "lang=fr&lang=en&lang=xx", "q=a&q=b", "a=&" * 2_000]
    for place in range(0, len(TEXTS), 4):
        values = [
            TEXTS[(place + 5 * shift) % len(TEXTS)].encode("utf-8", "surrogatepass") for shift in range(len(NAMES))
        ]
        pairs = zip(NAMES, values, strict=True)
        several.append("&".join(f"{name}={quote_plus(value[:2_000])}" for name, value in pairs))
    for get in GETS:
        path = dashboard.at(get)
        for query in several:
            checked(await dashboard.guest(path).client.get(f"{path}?{query}"), query)
    assert dashboard.stored() == before


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_what_is_no_form_of_ours_is_refused_in_words(world: World, language: str) -> None:
    guest = await visitor(world, language=language)
    token = (await guest.get("/customers/new")).page.form().fields[TOKEN][0]
    too_much = await guest.client.post("/customers/new", data={TOKEN: token, "company": "x" * LARGEST_FORM})
    assert too_much.status_code == 413
    assert text("request.too-large", language, limit=LARGEST_FORM) in Page(too_much.text).text
    too_many = await guest.client.post(
        "/customers/new", content=f"{TOKEN}={token}&{'a&' * 1_000}", headers={"content-type": FORM}
    )
    assert too_many.status_code == 413, "so many fields would take long to read"
    in_parts = await guest.client.post("/customers/new", files={TOKEN: (None, token)})
    assert in_parts.status_code == 403
    assert text("page.form-untrusted", language) in Page(in_parts.text).text
    viewed = await guest.client.get("/sign-out")
    assert viewed.status_code == 405


# Files of commands


@pytest.fixture
def data(agreegate: Agreegate, tmp_path: Path) -> Path:
    """A data folder with the directory of the example, and beside it a version with its texts."""
    assert agreegate("directory", "apply", EXAMPLE, "--data", tmp_path / "data").status == 0
    (tmp_path / "version" / "texts").mkdir(parents=True)
    for name in ("en.docx", "texts/fr.docx"):
        (tmp_path / "version" / name).write_bytes(docx())
    return tmp_path / "data"


@pytest.mark.fault("C6")
@pytest.mark.parametrize("door", ["directory", "manifest", "simulated manifest", "programme"])
def test_any_content_of_a_file(agreegate: Agreegate, data: Path, tmp_path: Path, door: str) -> None:
    path = tmp_path / FILES[door].file
    command = FILES[door].command(path, data)
    for what, content in CONTENTS.items():
        path.write_bytes(content)
        check_said(agreegate(*command), what, (2,))
    for what, content in recoded(FILES[door].good) if FILES[door].good else ():
        path.write_bytes(content)
        said = agreegate(*command)
        assert said.err == f"Error: {path} is not UTF-8. Save it as UTF-8 text, then try again.\n", what
        check_said(said, what, (2,))


@pytest.mark.fault("C6")
@pytest.mark.parametrize("name", [name for name, door in FILES.items() if door.good])
def test_any_value_in_a_file(agreegate: Agreegate, data: Path, tmp_path: Path, name: str) -> None:
    door, path = FILES[name], tmp_path / FILES[name].file
    for what, content in edited(door.good):
        path.write_bytes(content)
        said = agreegate(*door.command(path, data))
        check_said(said, what, (0, 1, 2))
        for typed, statuses in door.then if said.status == 0 else ():  # what can be read can be used
            check_said(agreegate(*door.command(path, data, typed)), what, statuses)


@pytest.mark.fault("C6")
@pytest.mark.parametrize("what", SPECIAL)
@pytest.mark.parametrize("name", FILES)
def test_what_is_no_file_is_reported_at_once(
    agreegate: Agreegate, data: Path, tmp_path: Path, name: str, what: str
) -> None:
    path = tmp_path / FILES[name].file
    if name == "text":
        (path.parent / "manifest.toml").write_text(FILES["manifest"].good)
    path.unlink(missing_ok=True)
    SPECIAL[what](path)
    before = (data / "agreegate.db").read_bytes()
    check_said(agreegate(*FILES[name].command(path, data)), what, (1, 2))
    assert (data / "agreegate.db").read_bytes() == before


@pytest.mark.fault("C6")
@pytest.mark.parametrize("what", [*CONTENTS, *SPECIAL, "a secret"])
def test_any_file_with_a_secret(tmp_path: Path, what: str) -> None:
    path = tmp_path / "secret"
    if what in SPECIAL:
        SPECIAL[what](path)
    else:
        path.write_bytes(({"a secret": b"s3cret\r\n"} | CONTENTS)[what])
    try:
        issuer = ["https://login.example"]
        settings = checked_settings(
            {"public-url": "https://gate.example", "token-issuer": issuer, "client-secret-file": path}
        )
    except Rejected as refused:
        assert refused.parameters["setting"] == "--client-secret-file"
        assert what != "a secret"
        return
    assert what not in SPECIAL
    secret = settings.client_secret or ""
    assert secret.isprintable()
    assert secret == path.read_text(encoding="utf-8").strip() != ""


@pytest.mark.fault("C6")
def test_any_backup(agreegate: Agreegate, data: Path, tmp_path: Path) -> None:
    good, file, other = tmp_path / "good.db", tmp_path / "x.db", tmp_path / "other"
    back_up(data / "agreegate.db", good)
    before = {entry.name: entry.read_bytes() for entry in data.iterdir() if entry.is_file()}
    for what, content in [*CONTENTS.items(), *damaged(good.read_bytes(), 40, (1, 20, 1000))]:
        file.write_bytes(content)
        said = agreegate("db", "restore", file, "--data", other, "--force")
        check_said(said, what, (0, 1, 2) if what.startswith("noise") else (2,))
        assert "disk space" not in said.err, (what, said.err)
        if said.status:
            left = [entry.name for entry in other.iterdir()] if other.exists() else []
            assert [name for name in left if name != "agreegate.lock"] == [], what
        else:
            other.rename(tmp_path / f"restored {what}")
    assert {entry.name: entry.read_bytes() for entry in data.iterdir() if entry.is_file()} == before


@pytest.mark.fault("C6")
@pytest.mark.parametrize(
    ("name", "good"), [("a.pdf", pdf()), ("a.docx", docx()), ("a.md", b"# Text"), ("a", b"# Text"), ("a.exe", b"MZ")]
)
def test_any_text(name: str, good: bytes) -> None:
    for what, content in [*CONTENTS.items(), *damaged(good, 200)]:
        try:
            measured(io.BytesIO(content), name)
        except Rejected as refused:
            assert refused.code.startswith("text."), what
