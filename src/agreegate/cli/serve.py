"""`agreegate serve`: the production server. Its options are `settings.SETTINGS`, each once."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory
from typing import Any

import click

from agreegate.cli.words import Words
from agreegate.settings import SETTINGS, ServerSettings, Setting, checked, variable

EXAMPLE = """agreegate serve --public-url https://gate.example --data /srv/agreegate \\
    --token-issuer https://login.example/{tid}/v2.0 \\
    --token-keys https://login.example/common/v2.0/.well-known/openid-configuration \\
    --client-id 5f0c9a52-0000-4000-8000-000000000000"""


def command(words: Words) -> click.Command:
    """Return the command in the user's language."""
    return words.command("serve", serve, [_option(words, setting) for setting in SETTINGS], EXAMPLE)


def serve(words: Words, **values: Any) -> int:
    """Check the settings, open the record, and serve until a signal."""
    given = {name.replace("_", "-"): value for name, value in values.items()}
    settings = checked(given)

    from agreegate.diagnostics import begin_diagnostics
    from agreegate.production import prepare
    from agreegate.server import listen
    from agreegate.workers import Workers

    begin_diagnostics()
    with ExitStack() as stack:
        listener = stack.enter_context(listen(settings.host, settings.port))
        metrics = None
        if settings.metrics_address is not None:
            metrics = stack.enter_context(listen(*settings.metrics_address))

        def ready() -> None:
            click.echo(f"ready http://{settings.host}:{listener.getsockname()[1]}")

        for unsafe in asyncio.run(prepare(settings)):
            click.echo(words("serve.unsafe", reason=words(unsafe.code, **unsafe.parameters)), err=True)
        if settings.workers == 1:
            _serve(words, settings, listener, metrics, ready)
            return 0
        shared = Path(stack.enter_context(TemporaryDirectory(prefix="agreegate-metrics-")))
        return Workers(
            settings.workers, lambda on_ready: _serve(words, settings, listener, metrics, on_ready, shared), ready
        ).run()


def _serve(
    words: Words,
    settings: ServerSettings,
    listener: socket,
    metrics: socket | None,
    ready: Callable[[], None],
    shared: Path | None = None,
) -> None:
    """Serve in this process until a signal."""
    from agreegate.client_connections import Limits
    from agreegate.production import open_server
    from agreegate.server import run

    server = asyncio.run(open_server(settings, shared))
    if server.fresh:
        click.echo(words("serve.fresh", folder=server.location), err=True)
    limits = Limits(
        settings.head_seconds,
        settings.body_seconds,
        settings.body_bytes_per_second,
        settings.answer_seconds,
        settings.idle_seconds,
        settings.most_connections,
        settings.most_connections_per_address,
        frozenset(settings.trusted_proxies),
    )
    try:
        run(server.app, listener, ready, None if metrics is None else (server.deployment, metrics), limits)
    finally:
        server.close()


def _option(words: Words, setting: Setting) -> click.Option:
    """Return a setting as an option; `many` may be given several times, and its variable holds a list separated by blanks."""
    attributes: dict[str, Any] = {"envvar": variable(setting.name)}
    if isinstance(setting.default, bool):
        attributes["is_flag"] = True
    elif setting.default is not None:
        attributes["default"] = (setting.default,) if setting.many else setting.default
        attributes["show_default"] = True
    if setting.many:
        attributes["multiple"] = True
    return words.option(f"--{setting.name}", f"setting.{setting.name}", setting.metavar, **attributes)
