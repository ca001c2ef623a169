"""What counts as SQL that both engines share."""

import pytest

from tests.shared_sql import only_sqlite


@pytest.mark.parametrize(
    "sql",
    [
        "select value from json_each(?1)",
        "select iif(a, b, c) from t",
        "select group_concat(a) from t",
        "select max(a, b) from t",
        "select a ->> 'b' from t",
        "select a from t cross join u on t.a = u.a",
        "select a from t cross join u",
        "select rowid from t",
        "select a from t indexed by i",
        "insert or replace into t values (1)",
        "select a from t where a is b",
        "select a from t order by +a",
        "select a from t where a match ?1",
    ],
)
def test_what_only_sqlite_knows_is_found(sql: str) -> None:
    assert only_sqlite(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "begin immediate",
        "select max(a), min(b) from t where (a, b) > (?1, ?2) and c is null limit ?3",
        "insert into t (a) values (?1) on conflict (a) do update set a = excluded.a returning a",
        "select a from t where b like ?1 escape '!'",
        "with f as materialized (select 1 as a) select a from f",
    ],
)
def test_what_both_know_is_not(sql: str) -> None:
    assert not only_sqlite(sql)
