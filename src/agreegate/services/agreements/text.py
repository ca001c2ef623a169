"""Publish versions of agreement texts, list them, and find the one in force (R32, R38, contract 4.4)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agreegate.domain.actor import Actor
from agreegate.domain.agreements.agreement import AgreementTemplate
from agreegate.domain.agreements.text import (
    FoundText,
    Locale,
    Reach,
    TextDraft,
    TextVersion,
    in_effect,
    in_force,
    in_language,
    outdates_at_once,
    published_before,
    reaches,
    violations_of,
)
from agreegate.domain.error import Rejected
from agreegate.domain.fact import ResourceChanged
from agreegate.domain.partner import Account, Cloud, Partner, PartnerId, PartnerKind
from agreegate.domain.programme import Programme
from agreegate.storage.agreements.text import add_text_version, text_versions, text_versions_in
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.partner import operator_of, users_named
from agreegate.storage.record import record

COMMAND = "agreegate agreements publish"
"""Who the records say it was, when it was an operator's command and nobody's token."""
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
"""Stands for the programme where the directory lists no operator."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What publishing came to."""

    version: TextVersion
    fresh: bool
    """False for a repeat, which changes nothing."""


@dataclass(frozen=True, slots=True)
class Review:
    """What is to be said of a version before it is published."""

    repeated: TextVersion | None
    """The version that it says once more; publishing it would change nothing."""
    errors: tuple[Rejected, ...]
    """Everything that is in its way."""

    def check(self) -> None:
        """Raise the first refusal, if there is one."""
        for error in self.errors:
            raise error


@dataclass(frozen=True, slots=True)
class Listed:
    """A version as readers see it."""

    template: AgreementTemplate
    version: TextVersion
    reach: Reach
    """As of now."""
    by: str | None
    """Who published it, a user's name or the command; None: the reader may not see it."""


async def at_command_line(uow: UnitOfWork, command: str = COMMAND) -> Actor:
    """The actor of commands on the data folder: the programme's operator.

    Args:
        command: what the records name as the application.
    """
    return Actor(await operator_of(uow) or _UNLISTED, application_id=command)


async def review_text(
    uow: UnitOfWork, programme: Programme, table: Collection[Locale], draft: TextDraft, *, allow_past: bool = False
) -> Review:
    """What publishing the version would do, and everything that is in its way. Nothing is changed.

    Args:
        table: the countries and languages that go together.
        allow_past: whether a major version may take effect in the past, which outdates confirmations at once.
    """
    errors: list[Rejected] = []
    if programme.template(draft.template_id) is None:
        errors.append(Rejected("confirmation.template-unknown", name="template"))
    errors += violations_of(draft, table)
    repeated = None
    try:
        repeated = published_before(draft, await text_versions(uow, draft.template_id))
    except Rejected as error:
        errors.append(error)
    if repeated is None and outdates_at_once(draft, uow.now) and not allow_past:
        errors.append(Rejected("text.effective-in-past", label=draft.label))
    return Review(repeated, tuple(errors))


async def publish_text(
    uow: UnitOfWork,
    actor: Actor,
    programme: Programme,
    table: Collection[Locale],
    draft: TextDraft,
    *,
    allow_past: bool = False,
) -> Publication:
    """Publish a version, all of it or nothing. Its files are on disk before. The very same again changes nothing.

    Raises:
        `confirmation.template-unknown`, `request.invalid-property`, `text.locale-unknown`, `text.shown-as-unfit`,
            `text.label-taken`, `text.effective-in-past`.
    """
    review = await review_text(uow, programme, table, draft, allow_past=allow_past)
    review.check()
    if review.repeated is not None:
        return Publication(review.repeated, fresh=False)
    version, files = await add_text_version(uow, draft, actor.recorded_by), sorted(draft.files.items())
    told: dict[str, Any] = {
        "template_id": version.template_id,
        "label": version.label,
        "major": version.major,
        "effective_from": version.effective_from.isoformat(),
        "files": {str(locale): file.digest for locale, file in files},
    }
    shown = {str(locale): file.shown_as.digest for locale, file in files if file.shown_as is not None}
    if shown:
        told["shown_as"] = shown
    change = ResourceChanged("publish_agreement_text", "agreement_text", resource_id=version.id, new_value=told)
    await record(uow, actor, change)
    return Publication(version, fresh=True)


async def list_texts(uow: UnitOfWork, programme: Programme) -> list[tuple[AgreementTemplate, list[TextVersion]]]:
    """Every version of every template of the programme, in the order of publishing."""
    return [(template, await text_versions(uow, template.id)) for template in programme.templates]


async def show_texts(
    uow: UnitOfWork, actor: Actor, programme: Programme
) -> list[tuple[AgreementTemplate, list[Listed]]]:
    """Every version of every template as a page lists it: what takes effect last comes first."""
    listed = await list_texts(uow, programme)
    names = await _publishers(uow, actor, [version for _, versions in listed for version in versions])
    return [(template, _listed(template, versions, names, uow.now)) for template, versions in listed]


async def show_text_version(uow: UnitOfWork, actor: Actor, programme: Programme, version_id: str) -> Listed:
    """One version of the programme.

    Raises:
        `request.not-found`: there is none of this id.
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
    """Who published, as far as the record knows. Only the operator sees it, and only its own people."""
    if actor.partner.kind is not PartnerKind.OPERATOR:
        return {}
    users = {version.published_by for version in versions}
    named = await users_named(uow, actor.partner.id, users)
    return {COMMAND: COMMAND} | {user: known.name for user, known in named.items()}


async def find_text(
    uow: UnitOfWork, programme: Programme, template_id: str, country: str, language: str, at: datetime | None = None
) -> FoundText:
    """The text that a customer of the country reads and accepts: the one in force now, or at another instant.

    Args:
        country: compared as it is: codes are written in capitals (contract 4.4).
        language: in any case; where the version has none in it, `en-US` is given.

    Raises:
        `confirmation.feature-absent`: before the programme began (R1).
        `request.not-found`: the programme has no such template.
        `text.missing`: no text of it is in force anywhere.
        `text.country-without`: none is in this country.
    """
    programme.require(uow.now)
    template = programme.template(template_id)
    if template is None:
        raise Rejected("request.not-found")
    on = at or uow.now
    version = in_force(await text_versions_in(uow, template.id, country), country, on)
    if version is not None:
        return in_language(version, country, language)
    if in_effect(await text_versions(uow, template.id), on):
        raise Rejected("text.country-without", name="country")
    raise Rejected("text.missing")
