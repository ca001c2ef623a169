"""What the server tells its operator beside its answers: causes, never names, tokens or ids. A leaf for the edges."""

import logging
from collections.abc import Callable

PAUSE = 60.0
"""Seconds between two lines of the same cause: strangers must not be able to fill a disk."""
CAUSES = 64


class Causes:
    """Warns of a cause at once, then at most once a minute."""

    def __init__(self, logger: logging.Logger, message: str, clock: Callable[[], float]) -> None:
        self._logger = logger
        self._message = message
        self._clock = clock
        self._told: dict[str, float] = {}

    def warn(self, cause: str) -> None:
        """Say why, in one word such as the name of a claim."""
        now = self._clock()
        if now - self._told.get(cause, float("-inf")) < PAUSE or (
            cause not in self._told and len(self._told) >= CAUSES
        ):
            return
        self._told[cause] = now
        self._logger.warning(self._message, cause)
