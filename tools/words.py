"""The vocabulary: identifiers and phrases that have given way to a plain term (`words.toml`).

Identifiers are read from the syntax tree, parts of names also from file names, templates and SQL; phrases from
docstrings, comments, docs and catalogues.
`python -m tools.words` prints each one with its replacement, and fails on one.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ("src", "tests", "bench", "failover", "tools")
CODE = ("src/", "bench/", "failover/", "tools/")
"""Folders whose whole identifiers are checked. Parts of names are checked in the tests too."""
TEMPLATES = "src/agreegate/dashboard/templates/*.html"
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
"""A word of a snake_case or CamelCase name."""
EXPRESSION = re.compile(r"\{[{%].*?[%}]\}", re.DOTALL)
NAME_IN_TEMPLATE = re.compile(r"(?<![\w.\"'-])[A-Za-z_]\w*(?![\w\"'-])")
STATEMENT = re.compile(
    r"\s*(select|with|insert|update|delete|case|join|left join|from|and|where|exists)\b(?=[^.]*[\s(])"
)
"""The beginning of a string that holds SQL: its words are in small letters."""
QUOTED = re.compile(r"'[^']*'")
NAME_IN_SQL = re.compile(r"[a-z_][a-z0-9_]*")
PROSE = ("*.md", "src/agreegate/locale/*.toml")
METHODS = "uow"
"""The name of a unit of work in code: some words are wrong only as its methods."""


def faults(root: Path = ROOT) -> Iterator[str]:
    """Every identifier and phrase of the list that the tree still has, with its place and replacement."""
    listed = tomllib.loads((root / "tools" / "words.toml").read_text(encoding="utf-8"))
    phrases = {
        re.compile(r"\b" + r"\s+".join(map(re.escape, phrase.split())) + r"\b", re.IGNORECASE): plain
        for phrase, plain in listed["phrases"].items()
    }
    for file in _tracked(root, *(f"{folder}/*.py" for folder in PYTHON)):
        source = (root / file).read_text(encoding="utf-8")
        tree = ast.parse(source)
        yield from _parts(f"{file}:1", Path(file).stem, listed)
        for name, line in _identifiers(tree):
            if file.startswith(CODE) and name in listed["identifiers"]:
                yield f"{file}:{line}: {name}: {listed['identifiers'][name]}"
            else:
                yield from _parts(f"{file}:{line}", name, listed)
        for name, line in _names_in_sql(tree):
            yield from _parts(f"{file}:{line}", name, listed)
        for line, text in (*_docstrings(tree), *_comments(source)):
            yield from _phrases(f"{file}:{line}", text, phrases)
    for file in _tracked(root, TEMPLATES):
        yield from _parts(f"{file}:1", Path(file).stem, listed)
        source = (root / file).read_text(encoding="utf-8")
        for expression in EXPRESSION.finditer(source):
            line = source.count("\n", 0, expression.start()) + 1
            for name in NAME_IN_TEMPLATE.findall(expression[0]):
                yield from _parts(f"{file}:{line}", name, listed)
    for file in _tracked(root, *PROSE):
        yield from _phrases(file, (root / file).read_text(encoding="utf-8"), phrases)


def _parts(place: str, name: str, listed: dict[str, Any]) -> Iterator[str]:
    """Yield a fault for each listed word in a name; `taken_back` is listed as two words."""
    if name in listed["allowed"]["names"]:
        return
    words = "_".join(part.lower() for part in PART.findall(name))
    for part, plain in listed["parts"].items():
        if f"_{part}_" in f"_{words}_":
            yield f"{place}: {name}: {part}: {plain}"


def _tracked(root: Path, *patterns: str) -> list[str]:
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=root, capture_output=True, text=True, check=True)
    return [file for file in listed.stdout.splitlines() if (root / file).exists()]


def _identifiers(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner == METHODS:
                yield f"{METHODS}.{name}", node.lineno
            case ast.Name(id=name) | ast.Attribute(attr=name):
                yield name, node.lineno
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield name, node.lineno
            case ast.alias(name=name):
                yield from ((part, node.lineno) for part in name.split("."))
            case ast.ImportFrom(module=str(name)):
                yield from ((part, node.lineno) for part in name.split("."))
            case _:
                pass


def _names_in_sql(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield each name in the tree's SQL once: tables, columns, aliases and common table expressions."""
    templates = [node.values for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    inside = {id(part) for parts in templates for part in parts}
    for node in ast.walk(tree):
        match node:
            case ast.Constant() if id(node) in inside:
                continue
            case ast.JoinedStr(values=parts):
                sql = "{}".join(str(part.value) for part in parts if isinstance(part, ast.Constant))
            case ast.Constant(value=str(sql)):
                pass
            case _:
                continue
        if STATEMENT.match(sql):
            yield from ((name, node.lineno) for name in dict.fromkeys(NAME_IN_SQL.findall(QUOTED.sub("", sql))))


def _docstrings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.lineno, text
            case _:
                pass


def _comments(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _phrases(place: str, text: str, phrases: dict[re.Pattern[str], str]) -> Iterator[str]:
    for phrase, plain in phrases.items():
        for found in phrase.finditer(text):
            line = f" (line {text.count(chr(10), 0, found.start()) + 1})" if "\n" in text else ""
            yield f"{place}{line}: “{found[0]}”: {plain}"


def main() -> int:
    """Print the faults; 1 when there is one."""
    found = list(faults())
    print(*found, sep="\n", end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
