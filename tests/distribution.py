"""Whether a statement stays on one shard when tables are distributed by `partner_id`, as Citus does it.

A statement stays on one shard when every distributed table in it is bound to the same partner: `partner_id` is compared with one
value, or with the `partner_id` of another table that is. What is joined by an `or` binds nothing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pglast
from pglast import ast
from pglast.enums import A_Expr_Kind, BoolExprType

from tests.shards import DETAILS, LOCAL, REFERENCE

KEY = "partner_id"
DETAIL_KEY = "confirmation_number"
_NUMBERED = re.compile(r"\?([0-9]+)")


@dataclass
class _Source:
    """A table or a query in `from`."""

    name: str
    table: str
    keys: dict[str, object] = field(default_factory=dict)
    """By column, the class of its values."""


@dataclass
class _Scope:
    sources: list[_Source]
    outer: "_Scope | None" = None


class _Reader:
    """Joins the partners that a statement compares into classes."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values
        self._parents: dict[object, object] = {}
        self._queries: dict[str, dict[str, object]] = {}
        self.sharded: list[tuple[str, object]] = []
        self.local: list[str] = []
        self._made = 0

    def _new(self) -> object:
        self._made += 1
        return self._made

    def root(self, node: object) -> object:
        while (parent := self._parents.get(node, node)) != node:
            node = parent
        return node

    def _join(self, one: object | None, other: object | None) -> None:
        if one is not None and other is not None:
            first, second = self.root(one), self.root(other)
            if first != second:
                if isinstance(second, str):
                    first, second = second, first
                self._parents[second] = first

    def given(self, node: object) -> bool:
        return isinstance(self.root(node), str)

    def _source(self, name: str, table: str) -> _Source:
        if table.startswith(("pg_", "sqlite_")):
            return _Source(name, table)
        if table in self._queries:
            return _Source(name, table, dict(self._queries[table]))
        source = _Source(name, table)
        if table in DETAILS:
            source.keys = {DETAIL_KEY: self._new()}
            self.sharded.append((table, source.keys[DETAIL_KEY]))
        else:
            source.keys = {KEY: self._new()}
            if table == "confirmation":
                source.keys["number"] = source.keys[KEY]
            if table in LOCAL:
                self.local.append(table)
            elif table not in REFERENCE:
                self.sharded.append((table, source.keys[KEY]))
        return source

    def statement(self, node: Any, outer: _Scope | None = None) -> dict[str, object]:
        """Read a statement or a query in one; the classes of its output columns."""
        for query in getattr(node.withClause, "ctes", None) or () if getattr(node, "withClause", None) else ():
            self._queries[query.ctename] = {}  # a recursive query names itself
            self._queries[query.ctename] = self._named(query, self.statement(query.ctequery, outer))
        match node:
            case ast.SelectStmt() if node.larg is not None:
                left, right = self.statement(node.larg, outer), self.statement(node.rarg, outer)
                for key in left.keys() & right.keys():
                    self._join(left[key], right[key])
                return {key: left[key] for key in left.keys() & right.keys()}
            case ast.SelectStmt():
                return self._select(node, outer)
            case ast.InsertStmt():
                return self._insert(node, outer)
            case ast.UpdateStmt() | ast.DeleteStmt():
                target = self._source(_name(node.relation), node.relation.relname)
                scope = _Scope([target], outer)
                for item in getattr(node, "fromClause", None) or getattr(node, "usingClause", None) or ():
                    self._item(item, scope)
                self._condition(node.whereClause, scope)
                for part in (*(getattr(node, "targetList", None) or ()), *_returned(node)):
                    self._subqueries(part, scope)
                return self._outputs(_returned(node), scope)
        return {}

    def _named(self, query: Any, outputs: dict[str, object]) -> dict[str, object]:
        if query.aliascolnames:
            names = [column.sval for column in query.aliascolnames]
            return {name: outputs[name] for name in names if name in outputs}
        return outputs

    def _select(self, node: Any, outer: _Scope | None) -> dict[str, object]:
        scope = _Scope([], outer)
        for item in node.fromClause or ():
            self._item(item, scope)
        self._condition(node.whereClause, scope)
        parts = (*(node.targetList or ()), node.havingClause, *(node.sortClause or ()), node.limitCount)
        for part in parts:
            self._subqueries(part, scope)
        return self._outputs(node.targetList or (), scope)

    def _insert(self, node: Any, outer: _Scope | None) -> dict[str, object]:
        target = self._source(_name(node.relation), node.relation.relname)
        scope = _Scope([target], outer)
        columns = [column.name for column in node.cols or ()]
        key = DETAIL_KEY if node.relation.relname in DETAILS else KEY
        select = node.selectStmt
        if select is not None and key in columns:
            place = columns.index(key)
            if select.valuesLists:
                for row in select.valuesLists:
                    self._join(target.keys[key], self._value(row[place], scope))
                    for value in row:
                        self._subqueries(value, scope)
            else:
                arm, inner = select, _Scope([], outer)
                self.statement_with_scope(arm, inner)
                self._join(target.keys[key], self._value(arm.targetList[place].val, inner) if arm.targetList else None)
        elif select is not None:
            self.statement(select, outer)
        if node.onConflictClause is not None:
            self._condition(node.onConflictClause.whereClause, scope)
        return self._outputs(_returned(node), scope)

    def statement_with_scope(self, node: Any, scope: _Scope) -> None:
        """Read a query whose sources the caller asks about afterwards."""
        for query in getattr(node.withClause, "ctes", None) or () if node.withClause else ():
            self._queries[query.ctename] = self.statement(query.ctequery, scope.outer)
        for item in node.fromClause or ():
            self._item(item, scope)
        self._condition(node.whereClause, scope)
        for part in node.targetList or ():
            self._subqueries(part, scope)

    def _item(self, item: Any, scope: _Scope) -> None:
        match item:
            case ast.RangeVar():
                scope.sources.append(self._source(_name(item), item.relname))
            case ast.RangeSubselect():
                keys = self.statement(item.subquery, scope if item.lateral else scope.outer)
                scope.sources.append(_Source(item.alias.aliasname if item.alias else "", "", keys))
            case ast.JoinExpr():
                before = len(scope.sources)
                self._item(item.larg, scope)
                middle = len(scope.sources)
                self._item(item.rarg, scope)
                using = {column.sval for column in item.usingClause or ()}
                if KEY in using:
                    left = next((s.keys[KEY] for s in scope.sources[before:middle] if KEY in s.keys), None)
                    right = next((s.keys[KEY] for s in scope.sources[middle:] if KEY in s.keys), None)
                    self._join(left, right)
                if DETAIL_KEY in using:
                    found = [s.keys[DETAIL_KEY] for s in scope.sources[before:] if DETAIL_KEY in s.keys]
                    for one in found[1:]:
                        self._join(found[0], one)
                self._condition(item.quals, scope)

    def _condition(self, node: Any, scope: _Scope) -> None:
        match node:
            case None:
                return
            case ast.BoolExpr() if node.boolop == BoolExprType.AND_EXPR:
                for part in node.args:
                    self._condition(part, scope)
            case ast.A_Expr() if node.kind == A_Expr_Kind.AEXPR_OP and node.name[-1].sval == "=":
                if isinstance(node.lexpr, ast.RowExpr) and isinstance(node.rexpr, ast.RowExpr):
                    for left, right in zip(node.lexpr.args, node.rexpr.args, strict=True):
                        self._equal(left, right, scope)
                else:
                    self._equal(node.lexpr, node.rexpr, scope)
                self._subqueries(node, scope)
            case ast.SubLink() if node.testexpr is not None:
                keys = self.statement(node.subselect, scope)
                tested = node.testexpr.args if isinstance(node.testexpr, ast.RowExpr) else (node.testexpr,)
                for one in tested:
                    if (column := _column(one)) in (KEY, DETAIL_KEY):
                        self._join(self._value(one, scope), keys.get(column))
            case _:
                self._subqueries(node, scope)

    def _equal(self, left: Any, right: Any, scope: _Scope) -> None:
        columns = {_column(left), _column(right)}
        if columns & {KEY, DETAIL_KEY, "number"}:
            self._join(self._value(left, scope), self._value(right, scope))

    def _value(self, node: Any, scope: _Scope) -> object | None:
        match node:
            case ast.ParamRef():
                return f"value {self._values[node.number - 1]!r}"
            case ast.A_Const():
                return f"constant {node.val}"
            case ast.TypeCast():
                return self._value(node.arg, scope)
            case ast.ColumnRef():
                return self._resolved(node, scope)
        return None

    def _resolved(self, node: Any, scope: _Scope | None) -> object | None:
        column = _column(node)
        qualifier = node.fields[-2].sval if len(node.fields) > 1 else None
        while scope is not None:
            for source in scope.sources:
                if column in source.keys and qualifier in (None, source.name):
                    return source.keys[column]
                if qualifier == source.name:
                    return None
            scope = scope.outer
        return None

    def _outputs(self, targets: Any, scope: _Scope) -> dict[str, object]:
        found: dict[str, object] = {}
        for target in targets:
            if isinstance(target.val, ast.ColumnRef) and isinstance(target.val.fields[-1], ast.A_Star):
                qualifier = target.val.fields[0].sval if len(target.val.fields) > 1 else None
                for source in scope.sources:
                    if qualifier in (None, source.name):
                        found = {**source.keys, **found}
                continue
            name = target.name or _column(target.val)
            value = self._value(target.val, scope)
            if name and value is not None and (isinstance(target.val, ast.ColumnRef) or name == KEY):
                found[name] = value
        return found

    def _subqueries(self, node: Any, scope: _Scope) -> None:
        for query in _selects(node):
            self.statement(query, scope)


def _selects(node: Any) -> Iterator[Any]:
    """The queries in an expression, not those within them."""
    match node:
        case ast.SelectStmt():
            yield node
        case tuple() | list():
            for one in node:
                yield from _selects(one)
        case ast.Node():
            for name in node:
                yield from _selects(getattr(node, name))


def _returned(node: Any) -> tuple[Any, ...]:
    return tuple(node.returningClause.exprs) if node.returningClause else ()


def _name(relation: Any) -> str:
    return relation.alias.aliasname if relation.alias else relation.relname


def _column(node: Any) -> str | None:
    if isinstance(node, ast.ColumnRef) and not isinstance(node.fields[-1], ast.A_Star):
        return str(node.fields[-1].sval)
    return None


def crossing(sql: str, values: Sequence[Any]) -> str:
    """Why a statement does not stay on one shard; empty where it does.

    Args:
        values: the statement's parameters; two parameters with one value name one partner.
    """
    reader = _Reader(values)
    for tree in pglast.parse_sql(_NUMBERED.sub(r"$\1", sql)):
        reader.statement(tree.stmt)
    if not reader.sharded:
        return ""
    if reader.local:
        return f"joins {reader.local[0]}, which is on the coordinator"
    if not all(reader.given(node) for _, node in reader.sharded):
        return "names no partner"
    if len({reader.root(node) for _, node in reader.sharded}) > 1:
        return "names several partners"
    return ""
