"""`CONTRIBUTING.md` names what is there: every file and command of the page, and every name of its recipes."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from agreegate.cli import COMMANDS, Agreegate
from agreegate.cli.words import Words
from agreegate.domain.reason import Code
from agreegate.i18n import catalogue

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "agreegate"
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
RECIPES = {part.partition("\n")[0]: part for part in PAGE.split("\n## ") if part.startswith("Recipe: ")}

_PATH = re.compile(r"[\w.<>*@/-]+(?:\.(?:py|toml|po|mo|sql|md|html|json)|/)")
_COMMAND = re.compile(r"(?:make|agreegate|\.venv/bin/\w+) .+")
MADE_UP = {"<noun>", "noun.what-is-wrong", "{name}"}
"""What a reader names."""
FOREIGN = {"$1", "$2", "*_at", "check", "style=", "on…="}
"""Words of SQL, and of HTML that is forbidden."""


def spans(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


PATHS = sorted(span for span in spans(PAGE) if _PATH.fullmatch(span))
TYPED = sorted(span for span in spans(PAGE) if _COMMAND.fullmatch(span))
NAMES = sorted(
    span
    for span in set().union(*map(spans, RECIPES.values())) - MADE_UP - FOREIGN
    if not (_PATH.fullmatch(span) or _COMMAND.fullmatch(span))
)
PLACED = sorted(set(re.findall(r"`(\w+)` (?:in|of the reference model,|\() ?`([\w/]+\.py)`", " ".join(PAGE.split()))))


def there(path: str) -> list[Path]:
    """The files that a path of the page means."""
    pattern = re.sub(r"<\w+>|NNNN_name", "*", path).rstrip("/")
    return [found for base in (SOURCE, ROOT) for found in base.glob(pattern)]


@pytest.mark.parametrize("path", PATHS)
def test_every_file_is_there(path: str) -> None:
    assert there(path) or (path == "messages.mo" and list((SOURCE / "locale" / "click").rglob(path)))


@pytest.mark.parametrize("typed", TYPED)
def test_every_command_is_there(typed: str) -> None:
    program, *words = typed.split()
    if program == "make":
        assert re.search(rf"^{words[0]}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    elif program == "agreegate":
        assert words[0] in COMMANDS
        group = Agreegate(Words("en")).get_command(click.Context(click.Group()), words[0])
        assert words[1:] == [] or (isinstance(group, click.Group) and words[1] in group.commands)
    else:
        paths = [word for word in words if "/" in word]
        assert paths
        assert all((ROOT / path).exists() for path in paths)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_there(name: str) -> None:
    if name.startswith("gate."):
        assert all(name.replace("<code>", code) in known() for code in Code) or name in known()
    elif name.startswith("POST "):
        assert name.removeprefix("POST /api") in known()
    else:
        words = re.findall(r"[a-z][\w-]*", name.replace("async def f", ""), re.IGNORECASE)
        assert words
        assert set(words) <= known()


@pytest.mark.parametrize(("name", "path"), PLACED)
def test_every_name_is_where_it_says(name: str, path: str) -> None:
    [file] = there(path)
    assert name in named_in(file)


def test_the_page_places_names() -> None:
    assert {"obstacles", "Code", "OUTCOMES", "WIRE_ROUTES", "PLACES", "run_idempotent"} <= {name for name, _ in PLACED}


def test_what_knows_every_code_is_in_the_recipe_of_a_gate_rule() -> None:
    """A new code concerns what knows all codes of today; nothing else has to be edited."""
    recipe = spans(RECIPES["Recipe: a gate rule"])
    knowing = {path for path in written() if all(code in path.read_text(encoding="utf-8") for code in Code)}
    assert SOURCE / "domain" / "reason.py" in knowing
    assert knowing <= {path for span in recipe if _PATH.fullmatch(span) for path in there(span)}


def written() -> Iterator[Path]:
    """Every file of words and code; `tests/cases` has broken files on purpose."""
    for folder in (SOURCE, ROOT / "tests", ROOT / "tools", ROOT / "docs"):
        for path in folder.rglob("*"):
            if path.suffix in {".py", ".sql", ".html", ".toml", ".md"} and path.parent.name != "cases":
                yield path


@cache
def known() -> frozenset[str]:
    """Names and short texts of our code, keys of the catalogues, words of other files."""
    found = set(catalogue("en"))
    for path in written():
        if path.suffix == ".py" and path != Path(__file__):
            found |= named_in(path)
        elif path.suffix in {".sql", ".html", ".toml"}:
            found |= set(re.findall(r"[\w-]+", path.read_text(encoding="utf-8")))
    return frozenset(found)


@cache
def named_in(path: Path) -> frozenset[str]:
    """What a module defines, takes or reads by name, and its short texts."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Name(id=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)) | ast.Attribute(attr=name):
                found.add(name)
            case ast.Constant(value=str(text)) if len(text) < 50:
                found.add(text)
            case _:
                pass
    return frozenset(found)
