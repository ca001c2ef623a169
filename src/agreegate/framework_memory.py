"""Bounds what the framework remembers of strangers: it caches a thousand queries, cookies and paths each, by their text."""

import sys
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

from litestar import Litestar

MOST_REMEMBERED = 1 << 20
"""Bytes of paths, queries and cookies after which the caches are emptied. Taken apart, they need up to ten times that."""

App = Callable[[Any, Any, Any], Awaitable[None]]
_Cached = type(lru_cache(print))


class BoundedMemory:
    """An ASGI application in front of the framework's, which empties the framework's caches from time to time.

    The framework has no setting for its caches, and no list of them: they are every cached function of its modules, and the
    router's.
    """

    def __init__(self, framework: Litestar) -> None:
        self._app = framework
        self._remembered = 0
        self._caches = {
            framework.asgi_router.handle_routing,
            *(
                value
                for name, module in list(sys.modules.items())
                if name.partition(".")[0] == "litestar"
                for value in vars(module).values()
                if isinstance(value, _Cached)
            ),
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand on."""
        if scope["type"] == "http":
            self._remembered += len(scope["path"]) + len(scope["query_string"])
            self._remembered += sum(len(value) for name, value in scope["headers"] if name == b"cookie")
            if self._remembered > MOST_REMEMBERED:
                self._remembered = 0
                for cached in self._caches:
                    cached.cache_clear()
        await self._app(scope, receive, send)
