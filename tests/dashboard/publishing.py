"""The operator at the page that takes files: fills it as a browser does, looks at what it shows, and publishes."""

import re
from collections.abc import Mapping
from typing import Any

from tests import personas as cast
from tests.dashboard.reading import SeenForm
from tests.dashboard.visitor import Reply, Visitor, visitor
from tests.world import World

PATH = "/agreements/publish"
TYPED = {
    "label": "2018-09", "kind": "major", "effective_date": "2018-09-01", "effective_time": "00:00", "note": "How long data are kept.",
    "language-0": "en-US", "language-1": "fr-FR",
}  # fmt: skip
ENGLISH, FRENCH = b"# Sample agreement\n", b"# Contrat exemple\n"
FILES = {"file-0": ("english.md", ENGLISH), "file-1": ("français.md", FRENCH)}
BOUNDARY = "made-up"
_FILE = re.compile(r"(file|pdf)-\d+")
"""Fields of files."""
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


def in_parts(fields: Mapping[str, Any], files: Mapping[str, tuple[str, bytes]], chosen_none: list[str]) -> bytes:
    """A form with files as a browser sends it: a field in which no file was chosen is there, with an empty name."""
    body = b""
    for name, values in fields.items():
        for value in [values] if isinstance(values, str) else values:
            body += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for name, (called, content) in {**dict.fromkeys(chosen_none, ("", b"")), **files}.items():
        quoted = called.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{quoted}"\r\n'
        body += f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


async def send_parts(
    who: Visitor,
    form: SeenForm,
    files: Mapping[str, tuple[str, bytes]],
    path: str = PATH,
    **fields: str | list[str] | None,
) -> Reply:
    """Press the button of the page's form with these files chosen; None leaves a field out."""
    typed = {**form.fields, **fields}
    sent = {name: value for name, value in typed.items() if value is not None and not _FILE.fullmatch(name)}
    none = [name for name in form.fields if _FILE.fullmatch(name)]
    answer = await who.client.post(
        path, content=in_parts(sent, files, none), headers={"content-type": MULTIPART}, follow_redirects=True
    )
    return Reply(answer)


async def check(
    who: Visitor, files: Mapping[str, tuple[str, bytes]] = FILES, path: str = PATH, **changes: str | list[str] | None
) -> Reply:
    """Open the page, fill it with what is in order but for some changes, and press the button once."""
    opened = await who.get(path)
    assert opened.status == 200, opened.text
    return await send_parts(who, opened.page.form(), files, path, **{**TYPED, **changes})


async def publish(who: Visitor, checked: Reply, path: str = PATH, **changes: str | list[str] | None) -> Reply:
    """Press the button of the page that shows what would be published."""
    assert checked.status == 200, checked.text
    return await who.send(path, checked.page.form(), step="publish", **changes)


async def operator(world: World, language: str = "en") -> Visitor:
    """The programme's operator at the dashboard."""
    return await visitor(world, cast.OPERATOR_USER, language)


def published(world: World) -> list[str]:
    """The labels of what is published."""
    return [label for (label,) in world.rows("select label from text_version order by template_id, number")]
