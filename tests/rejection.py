"""Says by its code which rule rejects what a test asks for."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from agreegate.domain.error import ErrorCode, Rejected


@contextmanager
def rejected(*codes: ErrorCode) -> Iterator[pytest.ExceptionInfo[Rejected]]:
    """Like `pytest.raises`, for an error that has one of these codes."""
    with pytest.raises(Rejected) as raised:
        yield raised
    assert raised.value.code in codes
