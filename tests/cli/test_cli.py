"""The command line as a whole: languages, help, wrong use."""

import gettext
import os
import re
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import click
import pytest
from babel.messages.pofile import read_po

from agreegate.cli import COMMANDS, Agreegate
from agreegate.cli.words import Words, language_of_locale
from tests.cli.conftest import Agreegate as Typed

EXECUTABLE = Path(sys.executable).with_name("agreegate")


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "fr_CA"}, "fr"),
        ({"LANG": "fr"}, "fr"),
        ({"LANG": "fr_FR.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "fr_BE@euro"}, "fr"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "de:fr:en"}, "fr"),
        ({"LANG": "fr_FR.UTF-8", "LANGUAGE": "en:fr"}, "en"),
        ({"LANG": "fr_FR.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "frr_DE"}, "en"),
    ],
)
def test_the_locale_chooses_the_language(environment: dict[str, str], language: str) -> None:
    assert language_of_locale(environment) == language


def test_a_real_process_speaks_the_users_language() -> None:
    def typed(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
        return subprocess.run(
            [EXECUTABLE, *arguments], env=environment | variables, capture_output=True, text=True, check=False
        )

    french, english = typed("--help", LC_ALL="fr_FR.UTF-8"), typed("--help", LANG="en_US.UTF-8")
    assert french.returncode == english.returncode == 0
    assert french.stdout.startswith("Utilisation")
    assert english.stdout.startswith("Usage")

    wrong = typed("gate", "check", LC_MESSAGES="fr")
    assert wrong.returncode == 2
    assert wrong.stdout == ""
    assert wrong.stderr.startswith("Erreur\u00a0: Option manquante")


def test_narrow_terminals_and_closed_pipes_are_no_failures() -> None:
    narrow = subprocess.run(
        [EXECUTABLE, "rules", "R28"],
        env=os.environ | {"LANGUAGE": "fr", "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=False,
    )
    assert (narrow.returncode, narrow.stderr) == (0, b"")
    assert narrow.stdout.startswith(b"R28  L?utilisateur qui confirme")

    with subprocess.Popen([EXECUTABLE, "rules"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as closed:
        assert closed.stdout is not None
        assert closed.stderr is not None
        closed.stdout.close()
        assert closed.stderr.read() == b""


def commands(language: str) -> list[tuple[str, click.Command]]:
    """Every command that can be typed, with its path."""
    root = Agreegate(Words(language))
    context = click.Context(root)
    found: list[tuple[str, click.Command]] = []
    for name in COMMANDS:
        command = root.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found.extend((f"{name} {inner}", each) for inner, each in command.commands.items())
        else:
            found.append((name, command))
    return found


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_command_explains_itself_with_an_example(agreegate: Typed, language: str) -> None:
    listing = agreegate("--help", language=language).out
    heading = {"en": "Example:", "fr": "Exemple\u00a0:"}[language]
    for path, command in commands(language):
        assert f"\n  {path.split()[0]} " in listing
        result = agreegate(*path.split(), "--help", language=language)
        assert result.status == 0
        assert f"  {heading}\n    agreegate {path}" in result.out
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"{path}: {parameter.name}"
        assert not re.search(r"--[a-z-]+ (TEXT|INTEGER|PATH|FILE OR)", result.out), path
        if language == "fr":
            assert not re.search(r"^\S+[^\s]:$", result.out, re.MULTILINE), path


@pytest.mark.fault("F10")
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_group_of_commands_shows_an_example_of_each(agreegate: Typed, language: str) -> None:
    heading = {"en": "Example:", "fr": "Exemple\u00a0:"}[language]
    groups = {path.split()[0] for path, _ in commands(language) if " " in path}
    assert {"agreements", "db", "directory", "gate", "programme"} <= groups
    for name in groups:
        result = agreegate(name, "--help", language=language)
        assert (result.status, heading in result.out) == (0, True)
        for path, _ in commands(language):
            shown = re.search(rf"\n    agreegate {path}\b", result.out) is not None
            assert shown == (path.split()[0] == name), path
    assert f"{heading}\n    agreegate demo" in agreegate("--help", language=language).out


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        (["rules"], "agreegate rules [OPTIONS] [RULE]..."),
        (["programme", "show"], "agreegate programme show [OPTIONS] [NAME]"),
        (["directory", "apply"], "agreegate directory apply [OPTIONS] FILE"),
    ],
)
def test_what_may_be_left_out_stands_in_brackets(agreegate: Typed, command: list[str], usage: str) -> None:
    assert usage in agreegate(*command, "--help").out


def test_an_example_can_be_typed() -> None:
    for path, command in commands("en"):
        lines = (command.epilog or "").replace("\\\n", " ").splitlines()
        for line in (line for line in lines if line.startswith("  agreegate ")):
            words = line.partition(">")[0].partition("&&")[0].split()[1:]
            arguments = words[len(path.split()) :]
            with click.Context(command) as context:
                command.parse_args(context, arguments)


@pytest.mark.parametrize(
    ("typed", "english", "french"),
    [
        (["directroy"], "No such command 'directroy'.", "La commande 'directroy' n’existe pas."),
        (["db", "bakup"], "Did you mean 'backup'?", "Vouliez-vous dire 'backup'\u202f?"),
        (["directory", "apply"], "Missing argument 'FILE'.", "Argument manquant\u00a0: 'FICHIER'."),
        (["directory", "show", "--dta", "x"], "No such option '--dta'.", "L’option '--dta' n’existe pas."),
        (["directory", "show", "x"], "Got unexpected extra argument (x)", "Argument en trop\u00a0: x."),
        (["directory", "show", "--data"], "requires an argument", "demande une valeur"),
        (
            ["directory", "show", "--database", "mysql://x/y"],
            "not the URL of a PostgreSQL database",
            "pas l’URL d’une base PostgreSQL",
        ),
        (
            ["demo", "--port", "abc"],
            "'abc' is not a whole number from 0 to 65535.",
            "n’est pas un nombre entier de 0 à 65535.",
        ),
        (["demo", "--port", "65536"], "'65536' is not a whole number", "'65536' n’est pas un nombre entier"),
    ],
)
def test_wrong_use_is_reported_in_one_line(agreegate: Typed, typed: list[str], english: str, french: str) -> None:
    for language, sentence in (("en", english), ("fr", french)):
        result = agreegate(*typed, language=language)
        assert result.status == 2
        assert result.out == ""
        assert result.err.count("\n") == 1
        assert sentence in result.err


@pytest.mark.fault("F10")
@pytest.mark.parametrize("broken", ["a = ", "a = = 1", "[a", 'a = "', "a = 1\na = 2", "\x00"])
def test_french_never_wraps_an_english_parser_message(agreegate: Typed, tmp_path: Path, broken: str) -> None:
    (tmp_path / "broken.toml").write_text(broken, encoding="utf-8")
    with pytest.raises(tomllib.TOMLDecodeError) as parser:
        tomllib.loads(broken)
    english = str(parser.value).partition(" (")[0]
    assert agreegate("db", "upgrade", "--data", str(tmp_path / "data")).status == 0
    for typed in (
        ["directory", "apply", str(tmp_path / "broken.toml"), "--dry-run", "--data", str(tmp_path / "data")],
        ["agreements", "publish", str(tmp_path), "--dry-run", "--data", str(tmp_path / "data")],
        ["programme", "show", str(tmp_path / "broken.toml")],
    ):
        result = agreegate(*typed, language="fr")
        assert (result.status, english in result.err) == (2, False), typed
        assert "n’est pas du TOML valide" in result.err


def test_the_librarys_french_words_are_compiled_and_enough(agreegate: Typed) -> None:
    folder = files("agreegate") / "locale" / "click" / "fr" / "LC_MESSAGES"
    with (folder / "messages.mo").open("rb") as file:
        french = gettext.GNUTranslations(file)
    with (folder / "messages.po").open("rb") as file:
        written = {message.id: message.string for message in read_po(file, locale="fr") if message.id}
    for english, words in written.items():
        if isinstance(english, str):
            assert french.gettext(english) == words, "run tools/compile_messages.py"
        else:
            assert tuple(french.ngettext(english[0], english[1], count) for count in (1, 2)) == words
    everything = "\n".join(agreegate(*path.split(), "--help", language="fr").out for path, _ in commands("fr"))
    for english in ("Usage", "Show this", "required", "default:", "Missing", "Positional"):
        assert english not in everything


def test_help_comes_without_the_rest_of_the_product() -> None:
    script = (
        "import sys\nfrom agreegate.cli import run\nfrom agreegate.cli.words import Words\n"
        "run(['--help'], Words('en'))\n"
        "loaded = [name for name in ('apsw', 'litestar', 'cryptography', 'httpx2', 'joserfc') if name in sys.modules]\n"
        "sys.exit(', '.join(loaded) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
