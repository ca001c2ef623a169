"""Whatever is in a file that a command is given: one sentence that says what to do, no traceback, and nothing changed."""

import io
import os
import random
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import apsw
import pytest

from agreegate.domain.error import Rejected
from agreegate.settings import checked
from agreegate.storage.backup import back_up
from agreegate.storage.text_file import measured
from tests import personas as cast
from tests.cli.conftest import Agreegate, Said
from tests.test_manifest import GOOD
from tests.texts import docx, pdf

pytestmark = pytest.mark.fault("C6")

EXAMPLE = Path(__file__).parents[2] / "docs" / "directory.example.toml"
OWN = (files("agreegate") / "programmes" / "microsoft-customer-agreement.toml").read_text(encoding="utf-8")
PROGRAMME = OWN.replace('name = "microsoft-customer-agreement"', 'name = "made-up"')
DIGITS = 5_000
LONGEST_LINE = 1_500
"""Characters of an answer."""

SMALL = {
    "empty": b"",
    "a blank": b" ",
    "zeros": bytes(100),
    "a mark alone": b"\xef\xbb\xbf",
    "a picture": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "a database": b"SQLite format 3\x00" + bytes(84),
    "a PDF": pdf(),
    "a Word file": docx(),
    "half a sign": b'name = "\xc3',
    "half a surrogate": b'name = "\xed\xa0\x80"',
    "a number without end": b"version = " + b"9" * DIGITS,
    "a hexadecimal number without end": b"version = 0x" + b"f" * DIGITS,
    "an octal number without end": b"version = 0o" + b"7" * DIGITS,
    "a fraction without end": b"version = 0." + b"9" * DIGITS,
    "an exponent without end": b"version = 1e" + b"9" * DIGITS,
    "a year without end": b"starts = " + b"2" * DIGITS + b"-01-01",
    "deep lists": b"name = " + b"[" * 100_000,
    "deep lists on lines": b"name = " + b"[\n" * 50_000,
    "deep tables": b"name = " + b"{a=" * 100_000,
    "a deep key": b".".join([b"a"] * 3_000) + b" = 1",
    "a deep header": b"[" + b".".join([b"a"] * 3_000) + b"]",
    "a very deep header": b"[" + b".".join([b"a"] * 50_000) + b"]",
    "a very deep quoted key": b" . ".join([b'"a"'] * 50_000) + b" = 1",
    "a long key": b"a" * 100_000 + b" = 1",
    "a key of signs": b'"\\u001b[31m\\n\\u202e\\u0000" = 1',
    "a long line": b"#" * 900_000,
    "many lines": b"\n" * 100_000,
    "no end of a text": b'name = """' + b"a\n" * 1_000,
    "twice the same": b'name = "a"\nname = "b"',
    "something else": b"[somebody]\nelse = true",
    "not TOML": b"<html><body>Not found</body></html>",
}
"""Contents that are never right."""


def recoded(text: str) -> Iterator[tuple[str, bytes]]:
    """A right text in encodings that are not."""
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "cp037"):
        yield encoding, text.encode(encoding, "replace")
    yield "latin-1", f'# "\xe9"\n{text}'.encode("latin-1", "replace")
    yield "UTF-8, then not", text.encode() + b"# \xff\n"


VALUES = [
    "9" * DIGITS, "0x" + "f" * DIGITS, "-1", "0", str(2**63), str(2**31), "1e400", "nan", "true", "[]", "{}", "[[[]]]", '""', '" "',
    '"\\u0000"', '"\\u001b[31m"', '"\\u202eabc"', f'"{"a" * 100_000}"', '"""a\nb"""', "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", "9999-12-31", "0001-01-01", "07:32:00", "1979-05-27", "1979-05-27T07:32:00", '[1, "a", {}, 1.5]',
    "{a = 1}", "[{}]", '["a", "a"]', '"../../../etc/passwd"', '"/etc/passwd"', '"."',
]  # fmt: skip


def changed(text: str) -> Iterator[tuple[str, bytes]]:
    """A right text with one thing in it that is wrong, or strange."""
    lines, header, seen = text.splitlines(), "", set()
    for number, line in enumerate(lines):
        header = line if line.startswith("[") else header
        if (found := re.match(r"(\w+) = ", line)) and (header, found[1]) not in seen:
            seen.add((header, found[1]))
            for value in [*VALUES[:2], *VALUES[2 + len(seen) % 3 :: 3]]:  # a third of them; over all keys, all of them
                new = [*lines[:number], found[0] + value, *lines[number + 1 :]]
                yield f"{found[1]} = {value[:30]}", "\n".join(new).encode()
        yield f"without {line[:30]}", "\n".join([*lines[:number], *lines[number + 1 :]]).encode()
    yield "with a zero", text.encode() + b"# \x00\n"
    chance = random.Random(9)
    for size in [chance.randrange(len(text)) for _ in range(10)]:
        yield f"cut at {size}", text.encode()[:size]
        noisy = bytearray(text.encode())
        for _ in range(5):
            noisy[chance.randrange(len(noisy))] = chance.randrange(256)
        yield f"noise {size}", bytes(noisy)


def check(said: Said, what: str, *, statuses: tuple[int, ...] = (0, 1, 2)) -> None:
    """A sentence on one line, or success."""
    assert said.status in statuses, (what, said)
    if said.status in (1, 2):
        assert (said.out, said.err.count("\n")) == ("", 1), (what, said)
        assert said.err.startswith("Error: "), (what, said)
        assert said.err.rstrip("\n").isprintable(), (what, said)
        assert len(said.err) < LONGEST_LINE, (what, len(said.err))


@pytest.fixture
def data(agreegate: Agreegate, tmp_path: Path) -> Path:
    """A data folder with the directory of the example."""
    assert agreegate("directory", "apply", EXAMPLE, "--data", tmp_path / "data").status == 0
    return tmp_path / "data"


@pytest.mark.parametrize("kind", ["content", "encoding", "values"])
def test_any_directory_file(agreegate: Agreegate, data: Path, tmp_path: Path, kind: str) -> None:
    text, file = EXAMPLE.read_text(encoding="utf-8"), tmp_path / "partners.toml"
    contents = {"content": SMALL.items(), "encoding": recoded(text), "values": changed(text)}[kind]
    for what, content in contents:
        file.write_bytes(content)
        said = agreegate("directory", "apply", file, "--dry-run", "--data", data)
        check(said, what, statuses=(0, 1, 2) if kind == "values" else (2,))
        if kind == "encoding":
            assert said.err == f"Error: {file} is not UTF-8. Save it as UTF-8 text, then try again.\n", what


@pytest.mark.parametrize("kind", ["content", "encoding", "values"])
def test_any_manifest(agreegate: Agreegate, data: Path, tmp_path: Path, kind: str) -> None:
    text, folder = GOOD.replace("2019-01-01T00:00:00Z", "2999-01-01T00:00:00Z"), tmp_path / "version"
    (folder / "texts").mkdir(parents=True)
    for name in ("en.docx", "texts/fr.docx"):
        (folder / name).write_bytes(docx())
    contents = {"content": SMALL.items(), "encoding": recoded(text), "values": changed(text)}[kind]
    for what, content in contents:
        (folder / "manifest.toml").write_bytes(content)
        for command in ("publish", "simulate") if kind != "values" else ("publish",):
            more = ["--dry-run"] if command == "publish" else []
            said = agreegate("agreements", command, folder, *more, "--data", data)
            check(said, what, statuses=(0, 1, 2) if kind == "values" else (2,))
            if kind == "encoding":
                assert "is not UTF-8. Save it" in said.err, what


@pytest.mark.parametrize("kind", ["content", "encoding", "values"])
def test_any_programme(agreegate: Agreegate, data: Path, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "own.toml"
    contents = {"content": SMALL.items(), "encoding": recoded(PROGRAMME), "values": changed(PROGRAMME)}[kind]
    of = ["--partner", "0a110000-0000-4000-8000-000000000001", "--customer", cast.CEDAR]
    for what, content in contents:
        file.write_bytes(content)
        shown = agreegate("programme", "show", file)
        check(shown, what, statuses=(0, 1, 2) if kind == "values" else (2,))
        if kind == "encoding":
            assert "is not UTF-8. Save it" in shown.err, what
        if shown.status == 0:  # what can be read can be used
            asked = agreegate("gate", "check", *of, "--action", "new_purchase", "--channel", "api",
                              "--programme", file, "--data", data)  # fmt: skip
            check(asked, what, statuses=(0, 3))
            check(agreegate("questions", "--programme", file, "L3", "T10"), what, statuses=(0,))
            check(agreegate("programme", "use", file, "--data", data, "--dry-run"), what)
            check(agreegate("agreements", "list", "--programme", file, "--data", data), what, statuses=(0,))


def unreadable(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


def in_a_circle(path: Path) -> None:
    path.symlink_to(path)


def large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10 * 1024**3)


SPECIAL: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: None,
    "a folder": Path.mkdir,
    "a named pipe": os.mkfifo,
    "ten gigabytes": large,
    "a link to nowhere": unreadable,
    "a link to itself": in_a_circle,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "an empty device": lambda path: path.symlink_to("/dev/null"),
    "memory": lambda path: path.symlink_to("/proc/self/mem"),
}
"""What else may be found under the name of a file."""
FILES: dict[str, list[object]] = {
    "x.toml": ["directory", "apply", "FILE", "--dry-run"],
    "version/manifest.toml": ["agreements", "publish", "FOLDER", "--dry-run"],
    "version/en.md": ["agreements", "publish", "FOLDER", "--dry-run"],
    "own.toml": ["gate", "check", "--partner", cast.ALDER, "--customer", cast.CEDAR, "--action", "new_purchase", "--channel", "api",
                 "--programme", "FILE"],
    "copy.db": ["db", "restore", "FILE", "--force"],
}  # fmt: skip


@pytest.mark.parametrize("what", SPECIAL)
@pytest.mark.parametrize("name", FILES)
def test_what_is_no_file_is_told_at_once(
    agreegate: Agreegate, data: Path, tmp_path: Path, name: str, what: str
) -> None:
    path = tmp_path / name
    (tmp_path / "version").mkdir()
    if name == "version/en.md":
        text = GOOD.replace("en.docx", "en.md").replace("texts/fr.docx", "en.md").replace("2019-01-01T", "2999-01-01T")
        (tmp_path / "version" / "manifest.toml").write_text(text)
    SPECIAL[what](path)
    typed = [{"FILE": path, "FOLDER": tmp_path / "version"}.get(str(word), word) for word in FILES[name]]
    before = (data / "agreegate.db").read_bytes()
    check(agreegate(*typed, "--data", data), what, statuses=(1, 2))
    assert (data / "agreegate.db").read_bytes() == before


@pytest.mark.parametrize("file", ["/dev/null", "PIPE"])
def test_a_device_is_no_place_for_a_file(agreegate: Agreegate, data: Path, tmp_path: Path, file: str) -> None:
    target = tmp_path / "pipe" if file == "PIPE" else Path(file)
    if file == "PIPE":
        os.mkfifo(target)
    for typed in (
        ["db", "backup", target, "--force"],
        ["agreements", "simulate", tmp_path, "--csv", target, "--force"],
        ["agreements", "simulate", tmp_path, "--rows", target, "--force"],
    ):
        check(agreegate(*typed, "--data", data), file, statuses=(2,))
    assert not target.is_file()


def test_a_pipe_of_the_shell_is_read(agreegate: Agreegate, data: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, EXAMPLE.read_bytes())
    os.close(writing)
    said = agreegate("directory", "apply", f"/dev/fd/{reading}", "--dry-run", "--data", data)
    os.close(reading)
    assert (said.status, said.err) == (0, "")


@pytest.mark.parametrize("what", [*SMALL, *SPECIAL, "UTF-16", "two lines", "a key of signs"])
def test_any_file_with_a_secret(tmp_path: Path, what: str) -> None:
    path = tmp_path / "secret"
    given: dict[str, object] = {
        "public-url": "https://gate.example", "token-issuer": ["https://login.example"], "client-secret-file": path
    }  # fmt: skip
    wrong = {"UTF-16": "s3cret".encode("utf-16"), "two lines": b"s3cret\nof another\n"} | SMALL
    if what in SPECIAL:
        SPECIAL[what](path)
    else:
        path.write_bytes(wrong[what])
    try:
        assert len(str(checked(given).client_secret)) > 0
    except Rejected as refused:
        assert refused.parameters["setting"] == "--client-secret-file"
        return
    assert what not in SPECIAL
    assert what not in ("empty", "a blank", "zeros", "UTF-16", "two lines", "many lines")


def test_a_secret_may_end_with_a_line(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\r\n")
    settings = checked(
        {"public-url": "https://x", "token-issuer": ["https://y"], "client-secret-file": str(tmp_path / "secret")}
    )
    assert settings.client_secret == "s3cret"


def test_any_backup(agreegate: Agreegate, data: Path, tmp_path: Path) -> None:
    good, file = tmp_path / "good.db", tmp_path / "x.db"
    back_up(data / "agreegate.db", good)
    before = {entry.name: entry.read_bytes() for entry in data.iterdir() if entry.is_file()}
    contents, chance = dict(SMALL), random.Random(9)
    size = good.stat().st_size
    for number in range(40):
        noisy = bytearray(good.read_bytes())
        for _ in range(chance.choice([1, 20, 1000])):
            noisy[chance.randrange(chance.choice([100, 4096, size]))] = chance.randrange(256)
        contents[f"noise {number}"] = bytes(noisy)
        contents[f"cut {number}"] = good.read_bytes()[: chance.randrange(size - 4096)]
    for what, content in contents.items():
        file.write_bytes(content)
        said = agreegate("db", "restore", file, "--data", tmp_path / "other", "--force")
        check(said, what, statuses=(0, 1, 2) if what.startswith("noise") else (2,))
        assert "disk space" not in said.err, (what, said.err)
        if said.status:
            assert not (tmp_path / "other" / "agreegate.db").exists(), what
            left = list((tmp_path / "other").iterdir()) if (tmp_path / "other").exists() else []
            assert [entry.name for entry in left if entry.name != "agreegate.lock"] == [], what
        shutil.rmtree(tmp_path / "other", ignore_errors=True)
    assert {entry.name: entry.read_bytes() for entry in data.iterdir() if entry.is_file()} == before


HOSTILE = {
    "a table with a quote": 'create table "a""b" (x)',
    "a view for a table": "alter table text_file rename to elsewhere; create view text_file as select 1 as digest, 'x' as size",
    "no such column": "alter table text_file rename column digest to other",
    "a digest that leads out": "insert into text_version values (1, 't', 'v', 'l', 0, '', 0, 0, 'u', 1);"
    " insert into text_file values (1, 'US', 'en', '../../../' || printf('%055d', 0), 'm', 5, null, null)",
    "a size that is none": "insert into text_version values (1, 't', 'v', 'l', 0, '', 0, 0, 'u', 1);"
    f" insert into text_file values (1, 'US', 'en', '{'a' * 64}', 'm', 'many', null, null)",
    "a table that has its name": "create table backup_text (id text)",
    "a key that leads nowhere": "pragma foreign_keys = off; insert into customer_reseller values ('a', 'b', 'c', 0)",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_backup_made_to_harm(agreegate: Agreegate, data: Path, tmp_path: Path, what: str) -> None:
    file = tmp_path / "x.db"
    back_up(data / "agreegate.db", file)
    with closing(apsw.Connection(str(file))) as connection:
        connection.execute(HOSTILE[what])
    said = agreegate("db", "restore", file, "--data", tmp_path / "deep" / "other")
    check(said, what)
    assert "disk space" not in said.err, (what, said.err)
    if not what.startswith("a table"):
        assert said.status == 2
        assert not (tmp_path / "deep" / "other" / "agreegate.db").exists()
    assert not (tmp_path / "deep" / "texts").exists()


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.md", "a", "a.exe"])
def test_any_text(name: str) -> None:
    from agreegate.domain.error import Rejected

    chance = random.Random(9)
    contents = dict(SMALL)
    for number in range(200):
        noisy = bytearray(docx() if chance.random() < 0.8 else pdf())
        for _ in range(chance.choice([1, 5, 50])):
            noisy[chance.randrange(len(noisy))] = chance.randrange(256)
        contents[f"noise {number}"] = bytes(noisy)
        contents[f"cut {number}"] = bytes(noisy[: chance.randrange(len(noisy))])
    for what, content in contents.items():
        try:
            measured(io.BytesIO(content), name)
        except Rejected as refused:
            assert refused.code, what
