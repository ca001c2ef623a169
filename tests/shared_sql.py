"""The SQL that SQLite and PostgreSQL share (decision 0006): every statement of ours that a test runs is read as PostgreSQL reads it."""

import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import apsw
import pglast
from pglast import ast
from pglast.visitors import Visitor

import agreegate.storage

STORAGE = str(Path(agreegate.storage.__file__).parent)
UNITS = tuple(f"{STORAGE}/engine/{name}" for name in ("sqlite.py", "sqlite_unit.py"))
"""Where statements of the product are handed to the engine."""
OF_THE_ENGINE = ("begin", "commit", "pragma", "release", "rollback", "savepoint")
ONLY_SQLITE = {
    "char", "group_concat", "hex", "ifnull", "iif", "instr", "json", "json_array", "json_each", "json_extract",
    "json_group_array", "json_group_object", "json_object", "json_tree", "julianday", "last_insert_rowid", "likelihood",
    "likely", "printf", "strftime", "total", "typeof", "unicode", "unixepoch", "unlikely", "zeroblob",
}  # fmt: skip
"""Functions that PostgreSQL does not have, or has with another meaning."""
AGGREGATES = {"max", "min"}
"""Aggregates; with several arguments SQLite alone knows them."""
_NUMBERED = re.compile(r"\?([0-9]+)")


class OnlySqlite(AssertionError):
    """A statement that PostgreSQL would not run."""


class _Check(Visitor):  # type: ignore[misc] - the package has no types
    """Collects what only SQLite knows."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def visit_FuncCall(self, _: Any, node: ast.FuncCall) -> None:  # noqa: N802 - the name of a node
        name = node.funcname[-1].sval
        if name in ONLY_SQLITE or (name in AGGREGATES and len(node.args or ()) > 1):
            self.found.append(f"{name}()")

    def visit_RangeFunction(self, _: Any, node: ast.RangeFunction) -> None:  # noqa: N802 - the name of a node
        self.found.append("a table-valued function")

    def visit_ColumnRef(self, _: Any, node: ast.ColumnRef) -> None:  # noqa: N802 - the name of a node
        if getattr(node.fields[-1], "sval", "") in ("rowid", "oid", "_rowid_"):
            self.found.append("rowid")

    def visit_A_Expr(self, _: Any, node: ast.A_Expr) -> None:  # noqa: N802 - the name of a node
        name = node.name[-1].sval
        if name in ("->", "->>", "glob", "==") or (name == "+" and node.lexpr is None):
            self.found.append(f"the operator {name}")

    def visit_JoinExpr(self, _: Any, node: ast.JoinExpr) -> None:  # noqa: N802 - the name of a node
        if node.quals is None and node.usingClause is None and not node.isNatural:
            self.found.append("cross join, which orders a join")


@cache
def only_sqlite(sql: str) -> str:
    """What of a statement only SQLite knows; empty where there is nothing."""
    if sql.split(maxsplit=1)[0].lower() in OF_THE_ENGINE:
        return ""
    try:
        tree = pglast.parse_sql(_NUMBERED.sub(r"$\1", sql))
    except pglast.parser.ParseError as error:
        return str(error)
    check = _Check()
    check(tree)
    return ", ".join(check.found)


def _traced(_: apsw.Cursor, sql: str, __: Any) -> bool:
    # The frame is not kept: it would keep the cursor, and so its statement, alive.
    if sys._getframe(1).f_code.co_filename in UNITS and (wrong := only_sqlite(sql)):
        raise OnlySqlite(f"{wrong} in: {sql}")
    return True


def _watch(connection: apsw.Connection) -> None:
    connection.exec_trace = _traced


def watch_statements() -> None:
    """From here on, a test that runs a statement which only SQLite knows fails."""
    if _watch not in apsw.connection_hooks:
        apsw.connection_hooks.append(_watch)
