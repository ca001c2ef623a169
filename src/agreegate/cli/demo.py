"""`agreegate demo`: everything on one machine, with made-up data and a clock that can be set."""

import asyncio
import sys
import tempfile
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import click

from agreegate.cli.values import instant, whole_number
from agreegate.cli.words import Words
from agreegate.identity.issuer import is_loopback
from agreegate.programme import DEFAULT

EXAMPLE = """agreegate demo --at 2019-03-21T00:00:00Z
agreegate demo --data ./demo --programme microsoft-customer-agreement"""


def command(words: Words) -> click.Command:
    """Return the command in the user's language."""
    return words.command(
        "demo",
        start,
        [
            words.option("--port", "setting.port", "port", type=whole_number(words, 0, 65535), default=8400, show_default=True),
            words.option("--host", "setting.host", "host", default="127.0.0.1", show_default=True),
            words.option("--data", "cli.demo.data", "folder", type=click.Path(file_okay=False, path_type=Path)),
            words.option("--database", "setting.database", "url"),
            words.option("--at", "cli.demo.at", "instant", type=instant(words)),
            words.option("--programme", "setting.programme", "programme"),
        ],
        EXAMPLE,
    )  # fmt: skip


def start(
    words: Words,
    port: int,
    host: str,
    data: Path | None,
    database: str | None,
    at: datetime | None,
    programme: str | None,
) -> None:
    """Start the demo and serve until a signal stops it."""
    from agreegate.demo.demo import open_demo
    from agreegate.diagnostics import begin_diagnostics
    from agreegate.programme import load
    from agreegate.server import listen, run
    from agreegate.settings import database_url
    from agreegate.storage.engine.folder import DataFolder

    begin_diagnostics()
    named = load(programme or DEFAULT)
    with ExitStack() as stack:
        listener = stack.enter_context(listen(host, port))
        reached = "127.0.0.1" if host in ("0.0.0.0", "::", "") else f"[{host}]" if ":" in host else host  # noqa: S104 - compared
        url = f"http://{reached}:{listener.getsockname()[1]}"
        folder = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="agreegate-demo-")))
        if database is not None:
            database = database_url("database", database)
        opening = open_demo(
            DataFolder(folder), named, url, at, programme_named=programme is not None, database=database
        )
        demo = asyncio.run(opening)
        stack.callback(demo.close)

        def ready() -> None:
            if not is_loopback(reached) or (reached != host.strip("[]") and ":" not in host):
                click.echo(words("demo.exposed", host=host), err=True)
            click.echo(f"ready {url}")
            click.echo(words("demo.intro", programme=demo.deployment.programme.title))
            click.echo(words("demo.page", url=url))
            click.echo(words("demo.users"))
            click.echo(words("demo.try"))
            click.echo(
                f'  curl -H "Authorization: Bearer $(.venv/bin/agreegate token sales@alder.example --url {url})"'
                f" {url}/v1/agreements"
            )
            sys.stdout.flush()

        run(demo.app, listener, ready)
