"""Commands. Each is a module of its own, imported when it is called, so that the demo starts quickly.

`agreegate.cli.<name>` offers `command(words)`, which makes the command or group in the user's language.
"""

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import click

from agreegate.cli.words import Words

COMMANDS = (
    "demo",
    "serve",
    "directory",
    "agreements",
    "db",
    "gate",
    "standing",
    "programme",
    "clock",
    "rules",
    "questions",
    "token",
)
"""In the order in which the help lists them; each has a line `cli.<name>.short` in the catalogues."""


def main() -> NoReturn:
    """Run `agreegate`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without our apostrophes is no reason to fail
    sys.exit(run(sys.argv[1:], Words.of(os.environ)))


def run(arguments: Sequence[str], words: Words) -> int:
    """Run a command line; return the exit status: 0 done, 1 failed, 2 wrong use, or the command's own."""
    try:
        status = Agreegate(words).main(list(arguments), "agreegate", standalone_mode=False)
    except click.Abort:
        return 130
    except click.exceptions.NoArgsIsHelpError as bare:
        bare.show()
        return bare.exit_code
    except Exception as error:
        from agreegate.cli.failure import failure_of

        failure = failure_of(error, words)
        if failure is None:
            raise
        click.echo(words("cli.error", message=failure.message), err=True)
        return failure.exit_code
    return status if isinstance(status, int) else 0


class Agreegate(click.Group):
    """The whole command line."""

    def __init__(self, words: Words) -> None:
        super().__init__(
            "agreegate",
            help=words("cli.help"),
            epilog=f"\b\n{words('cli.example')}\n  agreegate demo\n\n{words('cli.more')}",
            options_metavar=words("cli.options"),
            subcommand_metavar=words("cli.command"),
            params=[click.Option(["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_version,
                                 help=words("cli.version"))],
        )  # fmt: skip
        self.words = words

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click passes it
        """Return every command, without importing any."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click passes it
        """One command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"agreegate.cli.{cmd_name}").command(self.words)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click passes it
        """Write the list of commands, from the catalogues."""
        with formatter.section(self.words("cli.commands")):
            formatter.write_dl([(name, self.words(f"cli.{name}.short")) for name in COMMANDS])


def _version(ctx: click.Context, _: click.Parameter, wish: bool) -> None:
    if wish and not ctx.resilient_parsing:
        from agreegate import __version__

        click.echo(f"agreegate {__version__}")
        ctx.exit()
