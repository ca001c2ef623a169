"""What the server logs for its operator: causes, never names, tokens or ids. A leaf for the edges."""

import logging
import time
from collections.abc import Callable, Hashable

PAUSE = 60.0
"""Seconds between two lines of the same cause: strangers must not be able to fill a disk."""
CAUSES = 64
"""Maximum causes of one kind that are logged in that time."""


class _Pace:
    """Decides whether a cause is logged: at once, then once a minute."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._reported: dict[Hashable, float] = {}

    def is_due(self, cause: Hashable) -> bool:
        now = self._clock()
        if now - self._reported.get(cause, float("-inf")) < PAUSE:
            return False
        if len(self._reported) >= CAUSES:
            self._reported = {other: at for other, at in self._reported.items() if now - at < PAUSE}
            if len(self._reported) >= CAUSES:
                return False
        self._reported[cause] = now
        return True


class Causes:
    """Warns of a cause at once, then at most once a minute."""

    def __init__(self, logger: logging.Logger, message: str, clock: Callable[[], float]) -> None:
        self._logger = logger
        self._message = message
        self._pace = _Pace(clock)

    def warn(self, cause: str) -> None:
        """Log a cause, in a few words such as the name of a claim."""
        if self._pace.is_due(cause):
            self._logger.warning(self._message, cause)


class OnceAMinute(logging.Filter):
    """Lets each place in the code, the libraries' too, log at once, then at most once a minute.

    An exception counts by its kind and by where it was raised, so that one defect does not hide another.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._pace = _Pace(clock)

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is written. Records of `Causes` were counted before."""
        return record.pathname == __file__ or self._pace.is_due((record.pathname, record.lineno, _raised(record)))


def begin_diagnostics() -> None:
    """Write warnings and errors to standard error, ours and the libraries', each once a minute."""
    handler = logging.StreamHandler()
    handler.addFilter(OnceAMinute())
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s", handlers=[handler]
    )


def _raised(record: logging.LogRecord) -> Hashable:
    if not record.exc_info or record.exc_info[0] is None:
        return None
    kind, _, place = record.exc_info
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return kind, place and (place.tb_frame.f_code.co_filename, place.tb_lineno)
