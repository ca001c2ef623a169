"""Values as they are typed: identifiers, instants and days."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import click

from agreegate.cli.words import Words
from agreegate.domain.as_of import Moment

T = TypeVar("T")


class Typed(click.ParamType[T]):
    """A type of values whose texts a function reads."""

    name = "text"

    def __init__(self, words: Words, key: str, read: Callable[[str], T], **parameters: object) -> None:
        """Read by `read`; where it raises ValueError, the sentence of `key` with these parameters says what is wrong."""
        self._words = words
        self._key = key
        self._read = read
        self._parameters = parameters

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> T:
        """Return the value, or fail with the sentence."""
        try:
            return self._read(value)
        except ValueError:
            self.fail(self._words(self._key, value=value, **self._parameters), param, ctx)


def guid(words: Words) -> Typed[str]:
    """Return the type of a GUID in any spelling, read to lower case with hyphens."""
    return Typed(words, "cli.not-guid", lambda value: str(UUID(value)))


def whole_number(words: Words, least: int, most: int) -> Typed[int]:
    """Return the type of a whole number within two bounds."""

    def read(value: str) -> int:
        number = int(value)
        if not least <= number <= most:
            raise ValueError(value)
        return number

    return Typed(words, "cli.not-whole-number", read, least=least, most=most)


def instant(words: Words) -> Typed[datetime]:
    """Return the type of an instant as the wire reads it: `2019-03-22T00:00:00Z`, or a date alone, which is midnight UTC."""

    def read(value: str) -> datetime:
        from agreegate.api.instant import stated_instant

        return stated_instant(value).instant

    return Typed(words, "cli.not-instant", read)


def day_or_instant(words: Words) -> Typed[Moment]:
    """Return the type of a date alone, which is the whole day in UTC, or an instant: `2019-03-22T09:30:00Z`."""

    def read(value: str) -> Moment:
        from agreegate.api.instant import query_moment

        return query_moment(value)

    return Typed(words, "cli.not-instant", read)
