"""Rows are read by name, beside the statement that selects them: no row is indexed by a number."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src" / "agreegate"


def indexed_rows(text: str, *, strict: bool) -> set[int]:
    """The lines in which a row is indexed by a number.

    Args:
        strict: everything but the result of a call counts as a row. Otherwise what was awaited does, its parts do, and
            parameters that are annotated as rows.
    """
    tree = ast.parse(text)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {
        node.lineno
        for scope in ([tree] if strict else functions)
        for rows in [named_rows(scope)]
        for node in ast.walk(scope)
        if isinstance(node, ast.Subscript) and is_number(node.slice)
        if (not isinstance(node.value, ast.Call) if strict else is_row(node.value, rows))
    }


def is_number(index: ast.expr) -> bool:
    if isinstance(index, ast.UnaryOp):
        index = index.operand
    return isinstance(index, ast.Constant) and type(index.value) is int


def is_row(node: ast.expr, rows: set[str]) -> bool:
    match node:
        case ast.Await():
            return True
        case ast.Name(id=name):
            return name in rows
        case ast.Subscript(value=value) | ast.Attribute(value=value, attr="items") | ast.IfExp(body=value):
            return is_row(value, rows)
    return False


def named_rows(function: ast.AST) -> set[str]:
    """The names of what a function awaited, of its parts, and of parameters that are annotated as rows."""
    rows: set[str] = set()
    for _ in range(3):  # a part of a part of what was awaited
        for node in ast.walk(function):
            match node:
                case ast.arg(arg=name, annotation=ast.expr() as annotation) if "Row" in names_in(annotation):
                    rows.add(name)
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if is_row(value, rows):
                    rows.add(name)
                case ast.NamedExpr(target=ast.Name(id=name), value=value) if is_row(value, rows):
                    rows.add(name)
                case (
                    ast.For(target=ast.Name(id=name), iter=value)
                    | ast.comprehension(target=ast.Name(id=name), iter=value)
                ) if is_row(value, rows):
                    rows.add(name)
    return rows


def names_in(annotation: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)}


@pytest.mark.parametrize("part", ["domain", "services", "storage"])
def test_no_row_is_indexed_by_a_number(part: str) -> None:
    found = {
        f"{path.relative_to(SOURCE)}:{line}"
        for path in (SOURCE / part).rglob("*.py")
        for line in indexed_rows(path.read_text(encoding="utf-8"), strict=part == "storage")
    }
    assert found == set()


@pytest.mark.parametrize(
    "text",
    [
        "async def f(uow):\n    row = await uow.fetch_one('')\n    return row[0]",
        "async def f(uow):\n    rows = await uow.fetch_all('')\n    return rows[-1]",
        "async def f(uow):\n    return (await uow.fetch_one(''))[0]",
        "async def f(uow):\n    return [row[1] for row in await uow.fetch_all('')]",
        "async def f(uow):\n    page = await page_of(uow)\n    for row in page.items:\n        g(row[2])",
        "async def f(uow):\n    row = await uow.fetch_one('') if uow else None\n    return row[0]",
        "async def f(uow):\n    if row := await uow.fetch_one(''):\n        return row[0]",
        "def f(row: Row):\n    return row[0]",
        "def f(rows: Sequence[Row]):\n    return rows[0][1]",
    ],
)
def test_an_indexed_row_is_found(text: str) -> None:
    assert len(indexed_rows(text, strict=False)) == len(indexed_rows(text, strict=True)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "async def f(uow):\n    [(count,)] = await uow.fetch_all('')\n    return count",
        "async def f(uow):\n    return [name for _, name in await uow.fetch_all('')]",
        "def f(word):\n    return word.partition('-')[0]",
        "async def f(uow, place):\n    rows = await uow.fetch_all('')\n    return rows[:place], rows[place]",
    ],
)
def test_a_row_by_name_passes(text: str) -> None:
    assert indexed_rows(text, strict=False) == indexed_rows(text, strict=True) == set()
