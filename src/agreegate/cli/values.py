"""Values as they are typed: identifiers and instants."""

from datetime import datetime
from typing import Any
from uuid import UUID

import click

from agreegate.cli.words import Words
from agreegate.domain.as_of import Moment


class Guid(click.ParamType[str]):
    """A GUID in any spelling, read to lower case with hyphens."""

    name = "guid"

    def __init__(self, words: Words) -> None:
        self._words = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The id, or a refusal."""
        try:
            return str(UUID(value))
        except ValueError:
            self.fail(self._words("cli.not-guid", value=value), param, ctx)


class Instant(click.ParamType[datetime]):
    """An instant as the wire reads it: `2019-03-22T00:00:00Z`, or a date alone, which is midnight UTC."""

    name = "instant"

    def __init__(self, words: Words) -> None:
        self._words = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The instant, or a refusal."""
        from agreegate.api.instant import parse_instant

        if isinstance(value, datetime):
            return value
        try:
            read = parse_instant(value)
        except ValueError:
            read = None
        if read is None:
            self.fail(self._words("cli.not-instant", value=value), param, ctx)
        return read.instant


class DayOrInstant(click.ParamType[Moment]):
    """A date alone, which is the whole day in UTC, or an instant: `2019-03-22`, `2019-03-22T09:30:00Z`."""

    name = "moment"

    def __init__(self, words: Words) -> None:
        self._words = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Moment:
        """The moment, or a refusal."""
        from agreegate.api.instant import query_moment

        if isinstance(value, Moment):
            return value
        try:
            return query_moment(value)
        except ValueError:
            self.fail(self._words("cli.not-instant", value=value), param, ctx)
