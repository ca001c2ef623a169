"""Every sentence in English and French: same file, same keys, same placeholders, none empty, missing, unused or long.

`python -m tools.translations` prints every fault and fails on one.
"""

import ast
import re
import string
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from babel import Locale
from jinja2 import Environment, nodes

from agreegate.i18n import LANGUAGES

SOURCE = Path(__file__).resolve().parent.parent / "src" / "agreegate"

LONGEST_SENTENCE = 20
"""Words; more than this is read twice."""
PLURALS = {language: Locale(language).plural_form.tags | {"other"} for language in LANGUAGES}
"""The plural categories of each language. `one` and `other` are a must: a category without a sentence takes that of `other`."""
MEMBERS = frozenset(
    {"collection.collected_on", "collection.person", "collection.reseller_id", "employee.email", "employee.name"}
)
"""Names of a form's or a body's members that look like keys."""
_KEY = re.compile(r"[a-z][a-z0-9-]*(\.[\w-]*\w)+")
_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+|\n")
_HOLE = "\0"
_PART = r"([\w-]+(?:\.[\w-]+)*)"


@dataclass(frozen=True, slots=True)
class Sentence:
    """What stands under one key in one language: by plural category, or by "" where the sentence does not count."""

    area: str
    """The file's name."""
    forms: Mapping[str, str]

    @property
    def placeholders(self) -> frozenset[str]:
        """The parameters that the sentence shows, in whichever form."""
        parsed = (part for text in self.forms.values() for part in string.Formatter().parse(text))
        return frozenset(name for _, name, _, _ in parsed if name)


@dataclass(slots=True)
class Source:
    """What the code, the templates and the rules say that may be a key, or a part of one."""

    literals: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    """Names of parameters, fields and members, as they stand in a key."""
    built: set[str] = field(default_factory=set)
    """Texts that are put together, `_HOLE` where something is filled in."""

    def read_code(self, text: str) -> None:
        """Read a module."""
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.JoinedStr(values=parts):
                    self.built.add(
                        "".join(str(part.value) if isinstance(part, ast.Constant) else _HOLE for part in parts)
                    )
                case ast.Constant(value=str(literal)):
                    self.literals.add(literal)
                case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                    self.names.update({name.lower(), name.lower().replace("_", "-")})

    def read_template(self, text: str) -> None:
        """Read a template."""
        for node in Environment(autoescape=True).parse(text).find_all(nodes.Expr):
            match node:
                case nodes.Concat(nodes=parts):
                    self.built.add(
                        "".join(str(part.value) if isinstance(part, nodes.Const) else _HOLE for part in parts)
                    )
                case nodes.Const(value=str(literal)):
                    self.literals.add(literal)


def source_in(folder: Path) -> Source:
    """What every file below a folder says."""
    source = Source()
    for path in folder.rglob("*.py"):
        source.read_code(path.read_text(encoding="utf-8"))
    for path in folder.rglob("*.html"):
        source.read_template(path.read_text(encoding="utf-8"))
    for path in folder.glob("rules.json"):
        source.literals.update(re.findall(r'"([\w.-]+)"', path.read_text(encoding="utf-8")))
    return source


def faults(folder: Path = SOURCE) -> Iterator[str]:
    """Every fault, as a sentence."""
    catalogues = {language: _read(folder / "locale" / language) for language in LANGUAGES}
    for key in sorted(set().union(*catalogues.values())):
        stands = {language: catalogues[language].get(key, []) for language in LANGUAGES}
        yield from (f"{key}: {len(found)} times in {language}" for language, found in stands.items() if len(found) != 1)
        sentences = {language: found[0] for language, found in stands.items() if found}
        if len({sentence.area for sentence in sentences.values()}) > 1:
            yield f"{key}: in different files"
        if len({sentence.placeholders for sentence in sentences.values()}) > 1:
            yield f"{key}: the languages have different placeholders"
        for language, sentence in sentences.items():
            if sentence.forms.keys() != {""} and not {"one", "other"} <= sentence.forms.keys() <= PLURALS[language]:
                yield f"{key}: plural categories in {language} are {', '.join(sorted(PLURALS[language]))}"
            for text in sentence.forms.values():
                yield from _faults_of_text(key, language, text)
    homes: dict[str, set[str]] = defaultdict(set)
    for key, found in catalogues[LANGUAGES[0]].items():
        homes[key.partition(".")[0]].add(found[0].area)
    yield from (f"{word}.*: in {', '.join(sorted(areas))}" for word, areas in sorted(homes.items()) if len(areas) > 1)
    yield from _strays(source_in(folder), catalogues[LANGUAGES[0]])


def _read(folder: Path) -> dict[str, list[Sentence]]:
    found: dict[str, list[Sentence]] = defaultdict(list)
    for file in sorted(folder.glob("*.toml")):
        for key, value in tomllib.loads(file.read_text(encoding="utf-8")).items():
            found[key].append(Sentence(file.name, value if isinstance(value, dict) else {"": value}))
    return found


def _faults_of_text(key: str, language: str, text: str) -> Iterator[str]:
    if not text.strip():
        yield f"{key}: empty in {language}"
    for sentence in _SENTENCE_END.split(text):
        words = sum(1 for word in sentence.split() if any(map(str.isalnum, word)))
        if words > LONGEST_SENTENCE:
            yield f"{key}: a sentence of {words} words in {language}"


def _strays(source: Source, catalogue: Mapping[str, list[Sentence]]) -> Iterator[str]:
    """Keys that nothing uses, and what the source uses as a key that is none.

    A key that the source puts together must have its parts in the source too, as literals or as names.
    """
    forms = set(catalogue)
    for key, found in catalogue.items():
        forms.update(f"{key}.{form}" for form in found[0].forms if form)
    first = tuple({key.partition(".")[0] + "." for key in catalogue})
    known, parts = source.literals | source.names, set[str]()
    used = source.literals & forms
    for built in sorted(source.built):
        if built.startswith(first) and _KEY.fullmatch(built.replace(_HOLE, "x")):
            pattern = re.compile(re.escape(built).replace(_HOLE, _PART))
            filled = {key: match.groups() for key in forms if (match := pattern.fullmatch(key))}
            made = {key: holes for key, holes in filled.items() if known.issuperset(holes)}
            if not made:
                yield f"{built.replace(_HOLE, '*')}: put together, but no key is like this"
            used |= made.keys()
            parts.update(*made.values())
    for key in sorted(catalogue):
        if not used.intersection([key, *(f"{key}.{form}" for form in catalogue[key][0].forms)]):
            yield f"{key}: nothing uses it"
    for text in sorted(source.literals - forms - parts - MEMBERS):
        if text.startswith(first) and _KEY.fullmatch(text) and not text.endswith(".html"):
            yield f"{text}: used, but no sentence"


def main() -> int:
    """Print the faults; 1 when there is one."""
    found = list(faults())
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
