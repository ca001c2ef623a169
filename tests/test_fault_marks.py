"""Every fault that clients, files or an attacker showed keeps a test, marked `@pytest.mark.fault("A6")`."""

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
FAULTS = frozenset(
    [f"A{number}" for number in range(1, 8)]
    + [f"B{number}" for number in (1, 3, 4, 5, 6, 7, 8, 9, 10, 11)]
    + [f"C{number}" for number in range(1, 7)]
    + [f"D{number}" for number in range(1, 26) if number != 19]
    + [f"E{number}" for number in range(1, 4)]
    + [f"F{number}" for number in range(2, 12)]
)


def marked_faults(source: str) -> Iterator[str]:
    """The fault ids in the marks of one test module, read without importing it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.fault":
            yield from (str(argument.value) for argument in node.args if isinstance(argument, ast.Constant))


def test_every_fault_has_a_test_and_every_mark_names_a_fault() -> None:
    marked = {fault for path in TESTS.rglob("test_*.py") for fault in marked_faults(path.read_text(encoding="utf-8"))}
    assert sorted(FAULTS - marked) == [], "faults without a test"
    assert sorted(marked - FAULTS) == [], "marks that name no fault"


def test_marks_are_found_on_functions_parameters_and_modules() -> None:
    source = (
        "import pytest\n"
        'pytestmark = pytest.mark.fault("A1")\n'
        '@pytest.mark.fault("B1", "B3")\n'
        "def test_x(): ...\n"
        '@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.fault("C1"))])\n'
        "def test_y(x): ...\n"
    )
    assert set(marked_faults(source)) == {"A1", "B1", "B3", "C1"}
