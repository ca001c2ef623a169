"""Clients that export: they read audit records page after page, as fast as the server answers, while the gate is measured."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from bench.load import Aims
from bench.machine import CannotMeasure

CLIENTS = 4
PATH = "/v1/auditrecords?size=500"
TOKEN = "MS-ContinuationToken"


class Exports:
    """The pages that the clients have read so far."""

    def __init__(self) -> None:
        self.pages = 0
        self.over = threading.Event()
        self.failed = ""

    def read(self, url: str, bearer: str) -> None:
        """Read page after page until `over` is set; after the last page, begin again."""
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=30)
        authorised = {"Authorization": f"Bearer {bearer}"}
        path, headers = PATH, authorised
        while not self.over.is_set():
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                self.failed = f"{answer.status} {body[:200]!r}"
                return
            self.pages += 1
            at = body.rfind(b'"continuationToken":"')
            more = at >= 0 and b'"next"' in body
            token = body[at:].split(b'"')[3].decode() if more else ""
            path, headers = (f"{PATH}&seekOperation=Next", authorised | {TOKEN: token}) if more else (PATH, authorised)
        connection.close()


@contextmanager
def exporting(url: str, aims: Aims) -> Iterator[Exports]:
    """Run the clients until the block ends.

    Raises:
        CannotMeasure: an export failed, or no page came.
    """
    _, bearer = aims.first()
    exports = Exports()
    clients = [threading.Thread(target=exports.read, args=(url, bearer)) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield exports
    finally:
        exports.over.set()
        for client in clients:
            client.join()
    if exports.failed or not exports.pages:
        raise CannotMeasure(f"an export failed: {exports.failed or 'no page came'}")
