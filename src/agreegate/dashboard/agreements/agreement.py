"""Agreements by country and language (R46): the table, and for each pair its templates and their texts in force (R49)."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from agreegate.dashboard.customers.text import lead_to
from agreegate.dashboard.frame.page import DashboardRequest, actor_of, page, reader_language, records_of
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import ANYONE_SIGNED_IN, PUBLISH_TEXTS, READ_TEXTS, SIMULATE, may
from agreegate.domain.agreements.agreement import AgreementTemplate
from agreegate.domain.agreements.text import DEFAULT_LANGUAGE, FoundText, primary_subtag
from agreegate.domain.error import Rejected
from agreegate.i18n import country_text, culture_text, plain
from agreegate.locales import countries
from agreegate.services.agreements.text import find_text


@dataclass(frozen=True, slots=True)
class CountryLanguage:
    """One language of a country."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Row:
    """A country as its readers name it, with the languages that agreements have there."""

    code: str
    name: str
    languages: tuple[CountryLanguage, ...]
    search_text: str
    """Everything by which it is found, without accents and in small letters."""

    def language_of(self, code: str) -> CountryLanguage | None:
        """Return the country's language of this code in any case, else the country's first variant of that language."""
        same_language = [one for one in self.languages if primary_subtag(one.code) == primary_subtag(code)]
        return next((one for one in same_language if one.code.lower() == code.lower()), next(iter(same_language), None))


@dataclass(frozen=True, slots=True)
class Chosen:
    """The row and language that an address asks for."""

    row: Row
    language: CountryLanguage
    stands_in: bool
    """The country has no agreement in the language asked for: `en-US` stands in."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A template, with its text in force for one country and language; None: none is published for that country."""

    template: AgreementTemplate
    found: FoundText | None


@get("/agreements", opt={"access": ANYONE_SIGNED_IN, "absent": "agreements.title", "costly": True})
async def show_agreements(request: DashboardRequest) -> Response[str]:
    """Show the table or the rows that match the search; the row of `?country=&language=` comes first."""
    rows, query = table(reader_language(request)), request.query_params.get("q", "").strip()
    country = request.query_params.get("country", "")
    chosen = _chosen(rows, country, request.query_params.get("language", ""))
    words = plain(query).split()
    found = [row for row in rows if all(word in row.search_text for word in words)]
    return page(
        request,
        "agreements.html",
        found=found,
        query=query,
        chosen=chosen,
        unknown=bool(country) and chosen is None,
        listed=[] if chosen is None else await _listed(request, chosen),
        may_read=may(actor_of(request), READ_TEXTS),
        may_simulate=may(actor_of(request), SIMULATE),
        may_publish=may(actor_of(request), PUBLISH_TEXTS),
    )


@get("/agreements/{country:str}/{culture:str}", opt={"access": ANYONE_SIGNED_IN, "absent": "agreements.title"})
async def show_agreement(request: DashboardRequest, country: FromPath[str], culture: FromPath[str]) -> Response[str]:
    """Show the agreements for one country and language, since when each counts, and its text.

    Raises:
        `request.not-found`: the table has no such pair; its codes are written exactly so.
    """
    chosen = _pair(request, country, culture)
    listed, may_read = await _listed(request, chosen), may(actor_of(request), READ_TEXTS)
    return page(request, "agreement.html", chosen=chosen, listed=listed, may_read=may_read)


@get("/agreements/{country:str}/{culture:str}/text", opt={"access": READ_TEXTS})
async def show_text(request: DashboardRequest, country: FromPath[str], culture: FromPath[str]) -> Response[Any]:
    """Lead to the text in force of `?template=`, to read it or to download the file: each time by a new, short-lived link.

    Raises:
        `request.not-found`: there is no such pair or template, or no text of it for this country.
    """
    deployment, chosen = deployment_of(request), _pair(request, country, culture)
    template = deployment.programme.template(request.query_params.get("template", ""))
    found = None if template is None else await _text(request, chosen, template)
    if template is None or found is None:
        raise Rejected("request.not-found")
    return lead_to(request, template, found)


@cache
def table(reader: str) -> tuple[Row, ...]:
    """Return every country with its languages, named in the reader's language, in the order of names."""
    rows = []
    for country in countries():
        name = country_text(country.code, reader)
        languages = tuple(CountryLanguage(code, culture_text(code, reader)) for code in country.languages)
        search_text = [country.code, name, country.name, *(part for one in languages for part in (one.code, one.name))]
        rows.append(Row(country.code, name, languages, plain(" ".join(search_text))))
    return tuple(sorted(rows, key=lambda row: plain(row.name)))


def _chosen(rows: tuple[Row, ...], country: str, language: str) -> Chosen | None:
    row = next((one for one in rows if one.code == country.upper()), None)
    if row is None:
        return None
    found = row.language_of(language)
    fallback = row.language_of(DEFAULT_LANGUAGE) or row.languages[0]
    return Chosen(row, found or fallback, stands_in=found is None and bool(language))


def _pair(request: DashboardRequest, country: str, culture: str) -> Chosen:
    row = next((one for one in table(reader_language(request)) if one.code == country), None)
    found = None if row is None else next((one for one in row.languages if one.code == culture), None)
    if row is None or found is None:
        raise Rejected("request.not-found")
    return Chosen(row, found, stands_in=False)


async def _listed(request: DashboardRequest, chosen: Chosen) -> list[Listed]:
    """Return every template with its text, those that open the gate today first."""
    now = deployment_of(request).store.clock()
    templates = sorted(
        deployment_of(request).programme.templates, key=lambda one: (not one.opens_gate(now), one.retired(now))
    )
    return [Listed(template, await _text(request, chosen, template)) for template in templates]


async def _text(request: DashboardRequest, chosen: Chosen, template: AgreementTemplate) -> FoundText | None:
    deployment, country, language = deployment_of(request), chosen.row.code, chosen.language.code
    try:
        return await records_of(request).read(
            lambda uow: find_text(uow, deployment.programme, template.id, country, language)
        )
    except Rejected as error:
        error.expect("text.country-without", "text.country-in-capitals", "text.missing")
        return None


ROUTES = (show_agreements, show_agreement, show_text)
