"""Partner Center's spellings: every request and answer model, and what turns them into the domain and back (decision 0016).

camelCase and the contract's names live here only.
"""

from collections.abc import Sequence

import msgspec


class Wire(msgspec.Struct, rename="camel", omit_defaults=True):
    """A body as the contract spells it. Members without a value are left out (contract 3.5)."""


class Link(Wire):
    """Where a resource is."""

    uri: str
    method: str
    headers: list[dict[str, str]]

    @classmethod
    def to(cls, uri: str, headers: dict[str, str] | None = None) -> "Link":
        """Return a link to read `uri`, which is relative and without `/v1` (contract 3.9)."""
        return cls(uri, "GET", [{"key": key, "value": value} for key, value in (headers or {}).items()])


class ObjectType(Wire):
    """The `attributes` of a resource without an etag."""

    object_type: str


class Etagged(Wire):
    """The `attributes` of a resource with an etag."""

    etag: str | None = None
    object_type: str | None = None


class Collection(Wire):
    """A list of resources; `totalCount` counts the items of this page (contract 3.9)."""

    total_count: int
    items: Sequence[Wire]
    links: dict[str, Link] | None = None
    attributes: ObjectType | None = None
    continuation_token: str | None = None
