"""Every rule of the published process is held by code and shown by tests, or says which step it waits for."""

from collections.abc import Mapping, Sequence

import pytest

from agreegate.i18n import LANGUAGES, catalogue
from tools.generate_rules import PAGE, RULES, TABLE, as_json, as_page, exists, faults, marked, rules

Tests = Mapping[str, Sequence[str]]


@pytest.fixture(scope="module")
def tests() -> Tests:
    return marked()


def test_no_rule_is_left_without_code_and_test_or_a_step(tests: Tests) -> None:
    assert list(faults(rules(tests), tests)) == []


def test_what_is_generated_is_current(tests: Tests) -> None:
    table = rules(tests)
    assert TABLE.read_text(encoding="utf-8") == as_json(table), "run make rules"
    assert PAGE.read_text(encoding="utf-8") == as_page(table), "run make rules"


def test_every_rule_has_its_statement_in_one_line() -> None:
    for language in LANGUAGES:
        statements = [catalogue(language)[f"rule.{rule}"] for rule in RULES]
        assert len(set(statements)) == 50
        assert all(20 < len(statement) < 200 and "\n" not in statement for statement in statements)


def test_what_is_wrong_is_found() -> None:
    table = rules({"R1": ["tests/x.py::test_x"], "R99": ["tests/x.py::test_y"]})
    table[0]["code"] = ["domain/gate.py:decided"]
    found = list(faults(table, {"R1": [], "R99": [], "X5": []}))
    assert "R99: there is no such rule" in found
    assert "R1: domain/gate.py:decided does not exist" in found
    assert "R2: no test shows it, and it waits for no step" in found
    assert not [fault for fault in found if fault.startswith("X5")]


def test_no_rule_is_open() -> None:
    assert [entry["id"] for entry in rules({}) if entry["open"]] == []


@pytest.mark.parametrize(
    ("place", "there"),
    [
        ("domain/gate.py:decide", True),
        ("domain/gate.py:Decision.allowed", True),
        ("domain/programme.py:Programme.enforce_from", True),
        ("domain/actor.py:CONFIRM", True),
        ("storage/migrations/sqlite/0001_initial.sql:current_confirmation", True),
        ("storage/migrations/sqlite/0001_initial.sql:current_confirmations", False),
        ("domain/gate.py:allowed", False),
        ("domain/gates.py:decide", False),
    ],
)
def test_code_is_named_as_it_is(place: str, there: bool) -> None:
    assert exists(place) is there
