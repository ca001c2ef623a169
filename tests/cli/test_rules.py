"""`agreegate rules`: fifty rules, in the user's language."""

import json

from agreegate.i18n import catalogue
from tests.cli.conftest import Agreegate
from tools.generate_rules import RULES, TABLE


def test_the_command_prints_all_fifty_in_both_languages(agreegate: Agreegate) -> None:
    for language, step in (("en", "waits for the dashboard step"), ("fr", "attend l’étape du tableau de bord")):
        result = agreegate("rules", language=language)
        assert (result.status, result.err) == (0, "")
        heads = [line.split()[0] for line in result.out.splitlines() if not line.startswith(" ")]
        assert heads == list(RULES)
        assert catalogue(language)["rule.R27"] in result.out
        table = json.loads(TABLE.read_text(encoding="utf-8"))
        assert (step in result.out) == any(rule["open"] == "dashboard" for rule in table)


def test_the_command_prints_only_what_is_asked_for(agreegate: Agreegate) -> None:
    result = agreegate("rules", "R5", "r47")
    assert [line.split()[0] for line in result.out.splitlines() if not line.startswith(" ")] == ["R5", "R47"]
    assert "domain/standing.py:obstacles" in result.out

    wrong = agreegate("rules", "R51")
    assert (wrong.status, wrong.out) == (2, "")
    assert "R1 to R50" in wrong.err
