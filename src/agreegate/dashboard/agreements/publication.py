"""Publishes a version of an agreement: the first press uploads and checks the files, the second publishes (R32)."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post

from agreegate.dashboard.agreements.publication_draft import (
    LANGUAGES,
    MOST_ROWS,
    ROWS,
    Reading,
    file_fields,
    kept_text,
    read_draft,
    rows_of,
)
from agreegate.dashboard.agreements.simulation import PATH as SIMULATION
from agreegate.dashboard.agreements.version import PATH as VERSIONS
from agreegate.dashboard.agreements.version import Part, parts
from agreegate.dashboard.frame.form import Done, Form, Mistake, opened, save, seen, sent
from agreegate.dashboard.frame.page import DashboardRequest, actor_of, page, reader_language, records_of, to
from agreegate.dashboard.frame.upload import uploads_of
from agreegate.deployment.deployment import Deployment, deployment_of
from agreegate.domain.actor import PUBLISH_TEXTS
from agreegate.domain.agreements.text import LARGEST, TextDraft, outdates_at_once
from agreegate.domain.error import Rejected
from agreegate.i18n import culture_text, plain, text
from agreegate.locales import locales
from agreegate.services.agreements.text import Review, publish_text, review_text
from agreegate.services.idempotency import IdempotentCall
from agreegate.storage.agreements.text_file import TextDamaged
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.text_link import Use, unpublished

PATH = "/agreements/publish"
PUBLISH, BACK = "publish", "back"
"""Values of the buttons that publish what is shown, and that lead back to the form."""
OFFERED = (ROWS, 12, MOST_ROWS)
"""Maximum number of rows of texts with which the form opens."""


@get(PATH, opt={"access": PUBLISH_TEXTS})
async def show_publication(request: DashboardRequest) -> Response[str]:
    """Show the form for a version, for `?texts=` files; it proposes the next midnight."""
    programme, now = deployment_of(request).programme, deployment_of(request).store.clock()
    first, midnight = programme.asked_template(now) or programme.templates[0], f"{(now + timedelta(days=1)).date()}"
    form = opened(request, template=first.id, effective_date=midnight, effective_time="00:00")
    # Of files chosen before a sign-in only the names were kept.
    again = [Mistake(name, "publication.file-again") for name in file_fields(request) if name in form.fields]
    return _form(request, form.with_mistakes(*again), 200)


@post(PATH, opt={"access": PUBLISH_TEXTS, "files": file_fields})
async def publish_version(request: DashboardRequest) -> Response[Any]:
    """Check everything and show it at the first press; publish what was shown at the second.

    Raises:
        StoreUnavailable: nothing is published.
    """
    deployment, form, uploads = deployment_of(request), await sent(request), uploads_of(request)
    reading = await read_draft(
        form, rows_of(request), uploads, deployment.texts, deployment.store.clock(), reader_language(request)
    )  # fmt: skip
    if form["step"] == BACK:
        return _form(request, reading.form, 200)
    if form["step"] == PUBLISH and not uploads and not reading.mistakes:
        return await _publish(request, reading)
    review = await records_of(request).read_slow(lambda uow: _review(uow, deployment, reading))
    shown = reading.with_errors(review)
    return _form(request, shown, 422) if shown.mistakes else _check(request, reading, reading.form, review)


@get(PATH + "/text", opt={"access": PUBLISH_TEXTS})
async def preview_unpublished(request: DashboardRequest) -> Response[Any]:
    """Redirect to an uploaded file as customers would read it, by a new link that expires in five minutes.

    Raises:
        `request.not-found`: no such file was sent.
    """
    deployment, asked = deployment_of(request), request.query_params
    template, language = deployment.programme.template(asked.get("template", "")), asked.get("language", "")
    if template is None or language not in LANGUAGES:
        raise Rejected("request.not-found")
    try:
        file = await kept_text(deployment.texts, asked.get("digest", ""), f"text.{asked.get('kind', '')}")
    except (TextDamaged, Rejected):
        raise Rejected("request.not-found") from None
    target = unpublished(file, template.title, asked.get("label", ""), language)
    return to(deployment.links.to(target, Use.PREVIEW, actor_of(request).key))


async def _publish(request: DashboardRequest, reading: Reading) -> Response[Any]:
    """Publish the whole version or nothing, once however often the form is sent."""
    deployment, actor, draft = deployment_of(request), actor_of(request), reading.draft

    async def work(uow: UnitOfWork, call: IdempotentCall) -> Done:  # noqa: ARG001 - the record of a text is not a call's
        published = await publish_text(
            uow, actor, deployment.programme, draft, allow_past=reading.allow_past
        )  # fmt: skip
        notice = "publication.done" if published.fresh else "publication.nothing"
        return Done(f"{VERSIONS}/{published.version.id}", notice, {"label": draft.label})

    try:
        return seen(request, await save(request, reading.form, work))
    except Rejected as error:
        review = await records_of(request).read_slow(lambda uow: _review(uow, deployment, reading))
        changed = error.code == "request.id-reused"
        if review.errors:
            shown = reading.with_errors(review)
            return _form(request, shown.rejected(error) if changed else shown, 409 if changed else 422)
        error.expect("request.id-reused")
        return _check(request, reading, reading.form.rejected(error), review, 409)


async def _review(uow: UnitOfWork, deployment: Deployment, reading: Reading) -> Review:
    return await review_text(uow, deployment.programme, reading.draft, allow_past=reading.allow_past)


def _form(request: DashboardRequest, form: Form, status: int) -> Response[str]:
    language, count, templates = reader_language(request), rows_of(request), deployment_of(request).programme.templates
    named = sorted(((code, culture_text(code, language)) for code in LANGUAGES), key=lambda one: plain(one[1]))
    return page(
        request,
        "publication.html",
        status,
        form=form,
        templates=[(one.id, text("agreement.title", language, agreement=one.title)) for one in templates],
        languages=[("", "–"), *((code, f"{name} ({code})") for code, name in named)],
        count=count,
        offered=[number for number in OFFERED if number > count],
        limit=LARGEST // 1024 // 1024,
    )


def _check(request: DashboardRequest, reading: Reading, form: Form, review: Review, status: int = 200) -> Response[str]:
    deployment, draft = deployment_of(request), reading.draft
    shown = parts(draft.files, reader_language(request), reading.names)
    return page(
        request,
        "publication_check.html",
        status,
        form=form,
        draft=draft,
        agreement=deployment.programme.template(draft.template_id),
        repeated=review.repeated,
        at_once=outdates_at_once(draft, deployment.store.clock()),
        parts_=shown,
        links={one: _preview(draft, one) for one in shown},
        simulation=simulated(draft) if draft.major else None,
    )


def _preview(draft: TextDraft, one: Part) -> str:
    """Return the address at which a text can be read before it is published. It does not hold the file's name."""
    query = {"template": draft.template_id, "label": draft.label, "digest": one.file.shown.digest}
    query |= {"kind": one.file.shown.media_type.ending, "language": one.language}
    return f"{PATH}/text?{urlencode(query)}"


def simulated(draft: TextDraft) -> str:
    """Return the address of the preview of a drafted version."""
    codes = sorted({locale.country for locale in draft.files})
    everywhere = set(codes) == {locale.country for locale in locales()}
    asked = {
        "template": draft.template_id,
        "countries": "all" if everywhere else ",".join(codes),
        "effective_from": f"{draft.effective_from:%Y-%m-%dT%H:%M:%SZ}",
    }
    return f"{SIMULATION}?{urlencode(asked)}"


ROUTES = (show_publication, publish_version, preview_unpublished)
