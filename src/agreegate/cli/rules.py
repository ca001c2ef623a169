"""`agreegate rules`: the published process, rule by rule, with what holds each and what shows it."""

import json
from collections.abc import Sequence
from importlib.resources import files

import click

from agreegate.cli.words import Misuse, Words

EXAMPLE = "agreegate rules\nagreegate rules R5 R47"


def command(words: Words) -> click.Command:
    """Return the command."""
    only = words.argument("only", "cli.rules.only", "rule", nargs=-1)
    return words.command("rules", _rules, [only], EXAMPLE)


def _rules(words: Words, only: Sequence[str]) -> None:
    table = json.loads((files("agreegate") / "rules.json").read_text(encoding="utf-8"))
    known = {rule["id"] for rule in table}
    ids = [name.upper() for name in only]
    for id_ in ids:
        if id_ not in known:
            raise Misuse(words("cli.rules.unknown", rule=id_))
    labels = {kind: words(f"cli.rules.{kind}") for kind in ("code", "tests", "open")}
    width = max(map(len, labels.values())) + 2
    for rule in table:
        if ids and rule["id"] not in ids:
            continue
        click.echo(f"{rule['id']:<4} {words(rule['statement'])}")
        for kind in ("code", "tests"):
            for number, place in enumerate(rule[kind]):
                click.echo(f"     {labels[kind] if number == 0 else '':<{width}}{place}")
        if rule["open"]:
            step = words(f"cli.rules.open.{rule['open']}")
            click.echo(f"     {labels['open']:<{width}}{step}")
