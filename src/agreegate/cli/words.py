"""The words of the command line: the user's language, and commands and options whose help comes from the catalogues."""

import asyncio
import gettext
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

import click

from agreegate.i18n import DEFAULT_LANGUAGE, LANGUAGES, text

VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""The environment variables of a user's locale, the strongest first, as in gettext."""


LONGEST_SHOWN = 400
"""Maximum characters of a value in a sentence."""


class Failure(click.ClickException):
    """The failure of a command, with a sentence that says what to do."""

    exit_code = 1


class Misuse(Failure):
    """The failure of a wrong argument, or of a file that an argument names."""

    exit_code = 2


def second(instant: datetime) -> str:
    """Return an instant to the second, in UTC: `2019-03-22T00:00:00Z`."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def shown(value: object) -> str:
    """Return a value from a file or a user for a sentence: on one line, and shortened."""
    text = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in str(value))
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN // 2]}…{text[-LONGEST_SHOWN // 2 :]}"


@dataclass(frozen=True, slots=True)
class Words:
    """Sentences in one language, and commands made of them."""

    language: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Words":
        """Return the words of a user's locale.

        click takes its own words from gettext, and so is pointed to our catalogue of them.
        """
        language = language_of_locale(environment)
        if language != DEFAULT_LANGUAGE:
            gettext.bindtextdomain("messages", str(files("agreegate") / "locale" / "click"))
        return cls(language)

    def __call__(self, key: str, **parameters: object) -> str:
        """Return the sentence of a key."""
        return text(key, self.language, **parameters)

    def group(self, name: str, *commands: click.Command) -> click.Group:
        """Return a group of commands; its help is the sentence `cli.<name>`, with the first example of each command."""
        return click.Group(
            name,
            commands=commands,
            help=self(f"cli.{name}"),
            epilog="\n".join(["\b", self("cli.example"), *(_first_example(command) for command in commands)]),
            options_metavar=self("cli.options"),
            subcommand_metavar=self("cli.command"),
        )

    def command(
        self, name: str, run: Callable[..., Any], params: Sequence[click.Parameter], example: str
    ) -> click.Command:
        """Return a command; its help is the sentence `cli.<name>`, where `name` is the whole path such as `gate.check`.

        Args:
            run: called, or awaited, with these words and one keyword argument for each parameter.
            example: one or more command lines to copy.
        """
        return click.Command(
            name.rpartition(".")[2],
            callback=lambda **values: _done(run(self, **values)),
            params=list(params),
            help=self(f"cli.{name}"),
            short_help=self(f"cli.{name}").partition(". ")[0].rstrip(".") + ".",
            epilog="\b\n" + "\n".join([self("cli.example"), *(f"  {line}" for line in example.splitlines())]),
            options_metavar=self("cli.options"),
        )

    def option(self, name: str, key: str, metavar: str | None = None, **attributes: Any) -> click.Option:
        """Return an option, its help the sentence of the key."""
        return click.Option([name], help=self(key), metavar=metavar and self(f"cli.metavar.{metavar}"), **attributes)

    def argument(self, name: str, key: str, metavar: str, **attributes: Any) -> click.Argument:
        """Return an argument, its help the sentence of the key; one that may be left out stands in brackets."""
        shown = self(f"cli.metavar.{metavar}")
        if attributes.get("nargs") == -1:
            shown = f"[{shown}]..."
        elif not attributes.get("required", True):
            shown = f"[{shown}]"
        return click.Argument([name], help=self(key), metavar=shown, **attributes)


def _done(result: Any) -> Any:
    """Return what a command returns, or what its coroutine does: one event loop for the whole command."""
    return asyncio.run(result) if inspect.iscoroutine(result) else result


def _first_example(command: click.Command) -> str:
    """Return the first command line of a command's examples, with its continued lines."""
    lines = (command.epilog or "").splitlines()[2:]
    last = next((number for number, line in enumerate(lines) if not line.endswith("\\")), 0)
    return "\n".join(lines[: last + 1])


def language_of_locale(environment: Mapping[str, str]) -> str:
    """Return the first of our languages that the locale names, as `fr_FR.UTF-8` or, in LANGUAGE, a list; else English."""
    named = next((environment[name] for name in VARIABLES if environment.get(name)), "")
    for locale in named.split(":"):
        language = locale.replace("-", "_").partition("_")[0].partition(".")[0].lower()
        if language in LANGUAGES:
            return language
        if locale in ("C", "POSIX"):
            break
    return DEFAULT_LANGUAGE
