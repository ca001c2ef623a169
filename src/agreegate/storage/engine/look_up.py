"""Look-ups of concurrent callers, made in one round trip to PostgreSQL.

A statement is joined to a list of its parameters, so that one execution of it answers many callers. Callers that come while a
round trip is under way share the next one. Each sees what was committed before it asked.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from functools import cache

from agreegate.storage.engine.unit_of_work import Row, Value

MOST = 100
"""Callers that share a round trip."""
AT_A_TIME = 2
"""Round trips under way at the same time."""
Fetch = Callable[..., Awaitable[list[Row]]]
"""Runs a statement with its parameters, on a connection of its own."""
_PARAMETER = re.compile(r"\$(\d+)")
_TYPES: dict[type, str] = {str: "text", int: "bigint"}

_Asked = tuple[tuple[Value, ...], "asyncio.Future[list[Row]]"]
_Kind = tuple[str, tuple[type, ...]]


class LookUps:
    """Runs statements that change nothing for many callers together."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._waiting: dict[_Kind, list[_Asked]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def fetch_all(self, sql: str, *parameters: Value) -> list[Row]:
        """Return the rows of one statement.

        Raises:
            StoreUnavailable: as `fetch` does.
        """
        types = tuple(map(type, parameters))
        if not parameters or not all(kind in _TYPES for kind in types):
            return await self._fetch(sql, *parameters)
        future: asyncio.Future[list[Row]] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault((sql, types), []).append((parameters, future))
        if len(self._running) < AT_A_TIME:
            task = asyncio.create_task(self._run())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return await future

    async def _run(self) -> None:
        while self._waiting:
            kind = next(iter(self._waiting))
            waiting = self._waiting.pop(kind)
            if len(waiting) > MOST:
                self._waiting[kind] = waiting[MOST:]
            await self._answer(kind, waiting[:MOST])

    async def _answer(self, kind: _Kind, asked: list[_Asked]) -> None:
        sql, types = kind
        try:
            if len(asked) == 1:
                [(alone, _)] = asked
                answers = [await self._fetch(sql, *alone)]
            else:
                answers = [[] for _ in asked]
                columns = zip(*(parameters for parameters, _ in asked), strict=True)
                for number, *row in await self._fetch(_joined(sql, types), *map(list, columns)):
                    answers[number - 1].append(tuple(row))
        except Exception as error:  # noqa: BLE001 - every caller gets it
            for _, future in asked:
                if not future.done():
                    future.set_exception(error)
        else:
            for (_, future), rows in zip(asked, answers, strict=True):
                if not future.done():  # else the caller went away
                    future.set_result(rows)


@cache
def _joined(sql: str, types: tuple[type, ...]) -> str:
    """The statement for many callers: its parameters are columns of `asked`, and each row begins with the caller's number."""
    arrays = ", ".join(f"${place}::{_TYPES[kind]}[]" for place, kind in enumerate(types, 1))
    columns = ", ".join(f"p{place}" for place in range(1, len(types) + 1))
    correlated = _PARAMETER.sub(r"asked.p\1", sql)
    return (
        f"select asked.number, found.* from unnest({arrays}) with ordinality asked ({columns}, number)"
        f" cross join lateral ({correlated}) found order by asked.number"
    )
