"""Partner Center's spellings: models of requests, objects of answers, and their way into the domain and back (decision 0016).

camelCase and the contract's names live here only.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

Body = dict[str, Any]
"""An object of an answer, its members in the contract's order."""


class Wire(msgspec.Struct, rename="camel", omit_defaults=True):
    """A body as the contract spells it. Members without a value are left out (contract 3.5)."""


def present(members: Mapping[str, Any]) -> Body:
    """Return an object without the members that have no value (contract 3.5)."""
    return {name: value for name, value in members.items() if value is not None}


def link(uri: str, headers: Mapping[str, str] | None = None) -> Body:
    """Return a link to read `uri`, which is relative and without `/v1` (contract 3.9)."""
    return {
        "uri": uri,
        "method": "GET",
        "headers": [{"key": key, "value": value} for key, value in (headers or {}).items()],
    }


def collection(items: Sequence[Body], links: Body | None = None, token: str | None = None) -> Body:
    """Return a list of resources; `totalCount` counts the items of this page (contract 3.9)."""
    return present(
        {
            "totalCount": len(items),
            "items": items,
            "links": links,
            "attributes": {"objectType": "Collection"},
            "continuationToken": token,
        }
    )
