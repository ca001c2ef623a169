"""Where a reader can go from every page: one row a place, shown to those who may enter it."""

from dataclasses import dataclass

from agreegate.domain.actor import (
    ANYONE_SIGNED_IN,
    CONFIRM,
    READ_AUDIT,
    READ_CUSTOMERS,
    READ_NEEDED_DATA,
    READ_RESELLERS,
    Access,
    Actor,
    may,
)


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the navigation."""

    path: str
    key: str
    """The catalogue key of its name."""
    access: Access


PLACES = (
    Place("/", "nav.overview", ANYONE_SIGNED_IN),
    Place("/customers", "nav.customers", READ_CUSTOMERS),
    Place("/reconfirmations", "nav.reconfirmations", CONFIRM),
    Place("/resellers", "nav.resellers", READ_RESELLERS),
    Place("/providers", "nav.providers", READ_NEEDED_DATA),
    Place("/agreements", "nav.agreements", ANYONE_SIGNED_IN),
    Place("/activity", "nav.activity", READ_AUDIT),
    Place("/questions", "nav.questions", ANYONE_SIGNED_IN),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry, as one reader sees it on one page."""

    path: str
    key: str
    here: bool


def places(reader: Actor | None, path: str) -> list[Shown]:
    """Return the places that the reader may enter; `here` marks the place of the page at `path`."""
    return [
        Shown(place.path, place.key, path == place.path or (place.path != "/" and path.startswith(f"{place.path}/")))
        for place in PLACES
        if reader is not None and may(reader, place.access)
    ]
