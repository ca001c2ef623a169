"""Every sentence in English and French: same file, same keys, same placeholders, none empty, missing, unused or long.

`python -m tools.translations` prints every fault and fails on one.
"""

import re
import string
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from babel import Locale

from agreegate.domain.errors import Rejected
from agreegate.i18n import LANGUAGES, catalogue

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "agreegate"

_LITERAL = re.compile(r"""["']([a-z][a-z0-9]*(?:[.-][A-Za-z0-9_-]+)+)["']""")
_JOINED = re.compile(r"""["']([a-z][A-Za-z0-9.-]*\.)["']\s*~""")
"""A key that a template puts together: a fixed beginning, and a name."""
_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+|\n")
LONGEST_SENTENCE = 20
"""Words; more than this is read twice."""
PLURALS = {language: Locale(language).plural_form.tags | {"other"} for language in LANGUAGES}
"""The plural categories of each language. `one` and `other` are a must: what has no sentence of its own takes that of `other`."""
_FORMATTED = re.compile(r"""f["']([^"']*\{[^"']*)["']""")


def faults() -> Iterator[str]:
    """Every fault, as a sentence."""
    catalogues = {language: catalogue(language) for language in LANGUAGES}
    yield from _misplaced()
    yield from _differences(catalogues)
    for language, sentences in catalogues.items():
        yield from _long(language, sentences)
    literals, patterns = _mentioned()
    english = catalogues["en"]
    for key in sorted(english):
        stem, _, ending = key.rpartition(".")
        if ending in ("one", "other") and stem in literals:
            continue
        if key not in literals and not any(pattern.fullmatch(key) for pattern in patterns):
            yield f"{key}: nothing uses it"
    for kind in _kinds(Rejected):
        if "key" in vars(kind) and kind.key not in english:
            yield f"{kind.key}: {kind.__name__} has no sentence"


def _misplaced() -> Iterator[str]:
    """Keys that stand twice, or in different files by language; plural categories that a language lacks or does not have."""
    areas: dict[str, dict[str, str]] = {}
    for language in LANGUAGES:
        found = areas[language] = {}
        for file in sorted((SOURCE / "locale" / language).iterdir()):
            for key, sentence in tomllib.loads(file.read_text(encoding="utf-8")).items():
                if key in found:
                    yield f"{key}: stands in {found[key]} and {file.name} in {language}"
                found[key] = file.name
                if isinstance(sentence, dict) and not {"one", "other"} <= sentence.keys() <= PLURALS[language]:
                    yield f"{key}: plural categories in {language} are {', '.join(sorted(PLURALS[language]))}"
    english, french = (areas[language] for language in LANGUAGES)
    yield from (f"{key}: stands in another file in French" for key in english if french.get(key, "") != english[key])


def _differences(catalogues: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    keys = set().union(*catalogues.values())
    for key in sorted(keys):
        fields = set()
        for language, sentences in catalogues.items():
            if not sentences.get(key, "").strip():
                yield f"{key}: no sentence in {language}"
                continue
            fields.add(frozenset(name for _, name, _, _ in string.Formatter().parse(sentences[key]) if name))
        if len(fields) > 1:
            yield f"{key}: the languages have different placeholders"


def _long(language: str, sentences: Mapping[str, str]) -> Iterator[str]:
    for key, text in sorted(sentences.items()):
        for sentence in _SENTENCE_END.split(text):
            words = sum(1 for word in sentence.split() if any(map(str.isalnum, word)))
            if words > LONGEST_SENTENCE:
                yield f"{key}: a sentence of {words} words in {language}"


def _mentioned() -> tuple[set[str], list[re.Pattern[str]]]:
    """Keys that the source names, and patterns of those it puts together."""
    literals = {"defect"}
    patterns: list[re.Pattern[str]] = []
    for path in [*SOURCE.rglob("*.py"), *SOURCE.rglob("*.html"), SOURCE / "rules.json"]:
        text = path.read_text(encoding="utf-8")
        literals.update(_LITERAL.findall(text))
        patterns += [re.compile(re.escape(start) + ".+") for start in _JOINED.findall(text)]
        for formatted in _FORMATTED.findall(text):
            fixed = re.split(r"\{[^}]*\}", formatted)
            if "." in formatted and any(len(piece) > 1 for piece in fixed):
                patterns.append(re.compile(".+".join(map(re.escape, fixed)).replace(".+", ".*")))
    return literals, patterns


def _kinds(kind: type[Rejected]) -> Iterator[type[Rejected]]:
    for child in kind.__subclasses__():
        yield child
        yield from _kinds(child)


def main() -> int:
    """Print the faults; 1 when there is one."""
    found = list(faults())
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
