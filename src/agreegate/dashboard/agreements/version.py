"""The published versions of agreements: all of them, and each with its files (R32, R46)."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath

from agreegate.dashboard.agreements.agreement import table
from agreegate.dashboard.agreements.simulation import PATH as SIMULATION
from agreegate.dashboard.customers.text import lead_to
from agreegate.dashboard.frame.page import DashboardRequest, actor_of, page, reader_language, records_of
from agreegate.dashboard.frame.pagination import page_links, page_request
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import PUBLISH_TEXTS, READ_TEXTS, SIMULATE, may
from agreegate.domain.agreements.text import Fallback, FoundText, Locale, TextFile
from agreegate.domain.error import Rejected
from agreegate.i18n import culture_text
from agreegate.locales import locales
from agreegate.services.agreements.text import Listed, show_text_version, show_texts
from agreegate.storage.engine.unit_of_work import to_micros
from agreegate.storage.pagination import Position, page_in

PATH = "/agreements/versions"
SIZE = 50
"""Versions of an agreement on one page."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a version in one language, with the countries that it is for."""

    file: TextFile
    language: str
    language_name: str
    """The language as the reader names it."""
    countries: tuple[tuple[str, str], ...]
    """Each with its code and its name, in the order of the names."""
    everywhere: bool
    """These are all countries that have the language."""
    name: str = ""
    """Of the file, while it is known."""

    @property
    def locale(self) -> dict[str, str]:
        """Return a country and the language, as an address names them."""
        return {"country": self.countries[0][0], "language": self.language}


@get(PATH, opt={"access": READ_TEXTS, "absent": "versions.title", "shown_to": PUBLISH_TEXTS, "costly": True})
async def show_versions(request: DashboardRequest) -> Response[str]:
    """Show the versions of every agreement, a page of each, with where they are in force now."""
    deployment, actor = deployment_of(request), actor_of(request)
    may_publish = may(actor, PUBLISH_TEXTS)
    lists = []
    for template, versions in await records_of(request).read_slow(
        lambda uow: show_texts(uow, actor, deployment.programme)
    ):
        found = page_in(versions, _place, page_request(request, template.agreement_type, SIZE))
        lists.append((template, found.items, page_links(request, template.agreement_type, found)))
    return page(request, "versions.html", lists=lists, may_publish=may_publish)


@get(PATH + "/{version:uuid}", opt={"access": READ_TEXTS, "absent": "versions.title", "shown_to": PUBLISH_TEXTS})
async def show_version(request: DashboardRequest, version: FromPath[UUID]) -> Response[str]:
    """Show one version and its files.

    Raises:
        `request.not-found`: the programme has none of this id.
    """
    listed = await _found(request, version)
    shown = parts(listed.version.files, reader_language(request))
    links = {one: f"{PATH}/{version}/text?{urlencode(one.locale)}" for one in shown}
    ahead = listed.version.major and listed.version.effective_from > deployment_of(request).store.clock()
    return page(
        request,
        "version.html",
        listed=listed,
        parts_=shown,
        links=links,
        simulation=f"{SIMULATION}?version={version}" if ahead and may(actor_of(request), SIMULATE) else None,
    )


@get(PATH + "/{version:uuid}/text", opt={"access": READ_TEXTS})
async def show_version_text(request: DashboardRequest, version: FromPath[UUID]) -> Response[Any]:
    """Lead to the version's text for `?country=&language=`, by a new, short-lived link.

    Raises:
        `request.not-found`: the version has no such text.
    """
    listed = await _found(request, version)
    locale = Locale(request.query_params.get("country", ""), request.query_params.get("language", ""))
    file = listed.version.files.get(locale)
    if file is None:
        raise Rejected("request.not-found")
    return lead_to(request, listed.template, FoundText(listed.version, locale, file, Fallback.NONE))


def parts(
    files: Mapping[Locale, TextFile], reader: str, names: Mapping[TextFile, str] | None = None
) -> tuple[Part, ...]:
    """Return the files of a version in the order of their languages, each with its countries.

    Args:
        reader: the reader's language.
        names: the files' names, while they are known.
    """
    grouped: dict[tuple[str, TextFile], set[str]] = defaultdict(set)
    for locale, file in files.items():
        grouped[locale.language, file].add(locale.country)
    return tuple(
        Part(
            file,
            language,
            culture_text(language, reader),
            tuple((row.code, row.name) for row in table(reader) if row.code in codes),
            everywhere=codes >= countries_of(language),
            name=(names or {}).get(file, ""),
        )
        for (language, file), codes in sorted(
            grouped.items(), key=lambda one: (one[0][0], one[0][1].digest, one[0][1].shown.digest)
        )
    )


def countries_of(language: str) -> set[str]:
    """Return the countries that have a language in the table."""
    return {locale.country for locale in locales() if locale.language == language}


def _place(listed: Listed) -> Position:
    """Return the position of a version in its list: when it takes effect, then its number."""
    return to_micros(listed.version.effective_from), f"{listed.version.number:09}"


async def _found(request: DashboardRequest, version: UUID) -> Listed:
    deployment, actor = deployment_of(request), actor_of(request)
    return await records_of(request).read_slow(
        lambda uow: show_text_version(uow, actor, deployment.programme, str(version))
    )


ROUTES = (show_versions, show_version, show_version_text)
