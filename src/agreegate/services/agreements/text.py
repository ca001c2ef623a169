"""Publish, list and find versions of agreement texts (R32, R38, contract 4.4)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agreegate.domain.actor import Actor
from agreegate.domain.agreements.agreement import AgreementTemplate
from agreegate.domain.agreements.text import (
    FoundText,
    Reach,
    TextDraft,
    TextVersion,
    in_effect,
    in_force,
    in_language,
    is_country_code,
    outdates_at_once,
    published_before,
    reaches,
    violations_of,
)
from agreegate.domain.error import Rejected
from agreegate.domain.fact import ResourceChanged
from agreegate.domain.partner import Account, Cloud, Partner, PartnerId, PartnerKind
from agreegate.domain.programme import Programme
from agreegate.locales import locales
from agreegate.storage.agreements.text import add_text_version, lock_texts, text_versions, text_versions_in
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.partner import operator_of, users_named
from agreegate.storage.record import record

COMMAND = "agreegate agreements publish"
"""The application in records of an operator's command, which has no token."""
_UNLISTED = Partner(
    PartnerId("00000000-0000-0000-0000-000000000000"),
    "",
    PartnerKind.OPERATOR,
    Cloud.PUBLIC,
    Account.PRODUCTION,
    None,
    "",
    "",
    "",
)
"""The operator where the directory lists none."""


@dataclass(frozen=True, slots=True)
class Publication:
    """The result of publishing."""

    version: TextVersion
    fresh: bool
    """False: a repeat, which changes nothing."""


@dataclass(frozen=True, slots=True)
class Review:
    """The check of a version before it is published."""

    repeated: TextVersion | None
    """The version that the draft repeats; publishing would change nothing."""
    errors: tuple[Rejected, ...]
    """Everything that prevents publishing."""

    def check(self) -> None:
        """Raise the first error, if there is one."""
        for error in self.errors:
            raise error


@dataclass(frozen=True, slots=True)
class Listed:
    """A version for readers."""

    template: AgreementTemplate
    version: TextVersion
    reach: Reach
    """As of now."""
    by: str | None
    """Who published it: a user's name or the command; None: the reader may not see it."""


async def at_command_line(uow: UnitOfWork, command: str = COMMAND) -> Actor:
    """Return the actor of commands on the data folder: the programme's operator.

    Args:
        command: the application in the records.
    """
    return Actor(await operator_of(uow) or _UNLISTED, application_id=command)


async def review_text(uow: UnitOfWork, programme: Programme, draft: TextDraft, *, allow_past: bool = False) -> Review:
    """Check a version without publishing it.

    Args:
        allow_past: a major version may take effect in the past, which outdates confirmations at once.
    """
    errors: list[Rejected] = []
    if programme.template(draft.template_id) is None:
        errors.append(Rejected("confirmation.template-unknown", name="template"))
    errors += violations_of(draft, locales())
    repeated = None
    try:
        repeated = published_before(draft, await text_versions(uow, draft.template_id))
    except Rejected as error:
        errors.append(error)
    if repeated is None and outdates_at_once(draft, uow.now) and not allow_past:
        errors.append(Rejected("text.effective-in-past", label=draft.label))
    return Review(repeated, tuple(errors))


async def publish_text(
    uow: UnitOfWork, actor: Actor, programme: Programme, draft: TextDraft, *, allow_past: bool = False
) -> Publication:
    """Publish a version whose files are on disk. A repeat changes nothing.

    Raises:
        Rejected: the first error of `review_text`.
    """
    await lock_texts(uow, draft.template_id, publishing=True)
    review = await review_text(uow, programme, draft, allow_past=allow_past)
    review.check()
    if review.repeated is not None:
        return Publication(review.repeated, fresh=False)
    version, files = await add_text_version(uow, draft, actor.recorded_by), sorted(draft.files.items())
    described: dict[str, Any] = {
        "template_id": version.template_id,
        "label": version.label,
        "major": version.major,
        "effective_from": version.effective_from.isoformat(),
        "files": {str(locale): file.digest for locale, file in files},
    }
    shown = {str(locale): file.shown_as.digest for locale, file in files if file.shown_as is not None}
    if shown:
        described["shown_as"] = shown
    change = ResourceChanged("publish_agreement_text", "agreement_text", resource_id=version.id, new_value=described)
    await record(uow, actor, change)
    return Publication(version, fresh=True)


async def list_texts(uow: UnitOfWork, programme: Programme) -> list[tuple[AgreementTemplate, list[TextVersion]]]:
    """Return every version of every template of the programme, in the order of publishing."""
    return [(template, await text_versions(uow, template.id)) for template in programme.templates]


async def show_texts(
    uow: UnitOfWork, actor: Actor, programme: Programme
) -> list[tuple[AgreementTemplate, list[Listed]]]:
    """Return every version of every template for a page, latest effect first."""
    listed = await list_texts(uow, programme)
    names = await _publishers(uow, actor, [version for _, versions in listed for version in versions])
    return [(template, _listed(template, versions, names, uow.now)) for template, versions in listed]


async def show_text_version(uow: UnitOfWork, actor: Actor, programme: Programme, version_id: str) -> Listed:
    """Return one version of the programme.

    Raises:
        `request.not-found`: no version has this id.
    """
    for _, versions in await show_texts(uow, actor, programme):
        for listed in versions:
            if listed.version.id == version_id:
                return listed
    raise Rejected("request.not-found")


def _listed(
    template: AgreementTemplate, versions: Collection[TextVersion], names: Mapping[str, str], now: datetime
) -> list[Listed]:
    reach = reaches(versions, now)
    newest_first = sorted(versions, key=lambda one: one.rank, reverse=True)
    return [Listed(template, one, reach[one.id], names.get(one.published_by)) for one in newest_first]


async def _publishers(uow: UnitOfWork, actor: Actor, versions: Collection[TextVersion]) -> Mapping[str, str]:
    """Return the names of those who published: only for the operator, and only its own users."""
    if actor.partner.kind is not PartnerKind.OPERATOR:
        return {}
    users = {version.published_by for version in versions}
    named = await users_named(uow, actor.partner.id, users)
    return {COMMAND: COMMAND} | {user: known.name for user, known in named.items()}


async def find_text(
    uow: UnitOfWork, programme: Programme, template_id: str, country: str, language: str, at: datetime | None = None
) -> FoundText:
    """Return the text in force in a country, now or at another instant.

    Args:
        country: in capitals (contract 4.4).
        language: in any case of letters; see `in_language`.

    Raises:
        `confirmation.feature-absent`: before the programme starts (R1).
        `request.not-found`: the programme has no such template.
        `text.missing`: no text of the template is in force anywhere.
        `text.country-without`: no text is in force in this country.
    """
    programme.require(uow.now)
    template = programme.template(template_id)
    if template is None:
        raise Rejected("request.not-found")
    if not is_country_code(country):
        raise Rejected("text.country-without", name="country")
    on = at or uow.now
    version = in_force(await text_versions_in(uow, template.id, country), country, on)
    if version is not None:
        return in_language(version, country, language)
    if in_effect(await text_versions(uow, template.id), on):
        raise Rejected("text.country-without", name="country")
    raise Rejected("text.missing")
