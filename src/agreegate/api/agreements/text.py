"""The texts of agreements: `/v1/agreementtemplates/{id}/document` (contract 4.4), and `/api/agreements/{id}/text`."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from litestar import get
from litestar.openapi.spec import Example
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta

from agreegate.api.exchange import JSON, Exchange, Route, answer
from agreegate.api.instant import query_date, read_date, written_z
from agreegate.api.paths import as_guid
from agreegate.api.problem_details import problems
from agreegate.api.rest import RestRequest, actor_of
from agreegate.api.wire.agreement import document_body
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import AGREEMENT_DOCUMENT, READ_TEXTS
from agreegate.domain.agreements.text import DEFAULT_COUNTRY, DEFAULT_LANGUAGE, Fallback, country_to_read
from agreegate.domain.error import Rejected
from agreegate.locales import countries
from agreegate.services.agreements.text import find_text
from agreegate.services.idempotency import Answer
from agreegate.text_link import Use

WITHOUT_DOCUMENT = "MicrosoftCloudAgreement"
"""The agreement type without a document in the contract (R38, contract 4.4). Our own API delivers its text."""

_TEMPLATE = "998b88de-aa99-4388-a42c-1b3517d49490"
_LINK = "https://gate.example/texts/{use}/eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJwcmV2aWV3In0.c2lnbmF0dXJl"


async def template_document(exchange: Exchange) -> Answer:
    """`GET /v1/agreementtemplates/{id}/document`: template id and country are case-sensitive, the language is not.

    An unknown country gets the text of `US`; the answer names the country.
    """
    exchange.guid("template_id", "Agreement Template Id")
    deployment = exchange.deployment
    template = deployment.programme.template(exchange.incoming.ids["template_id"])
    if template is None or template.agreement_type == WITHOUT_DOCUMENT:
        raise Rejected("request.not-found")
    country = country_to_read(exchange.query["country"] or DEFAULT_COUNTRY, {one.code for one in countries()})
    language = exchange.query["language"] or DEFAULT_LANGUAGE
    found = await deployment.store.read(
        lambda uow: find_text(uow, deployment.programme, template.id, country, language)
    )
    display, download = (deployment.links.to_text(template, found, use, exchange.actor.key) for use in Use)
    return answer(200, document_body(display, download, found.locale))


ROUTES = (
    Route(
        "GET",
        "/v1/agreementtemplates/{template_id}/document",
        AGREEMENT_DOCUMENT,
        template_document,
        JSON,
        parameters=("language", "country"),
    ),
)


class VersionOut(msgspec.Struct, rename="camel"):
    """A published version of an agreement's text."""

    version_id: Annotated[str, Meta(description="The version's id.", examples=["0d7b1c52-7f0e-4a86-9d5b-0c6f4a1f7a10"])]
    label: Annotated[str, Meta(description="What people call it.", examples=["2018-08"])]
    major: Annotated[bool, Meta(description="A major version asks customers again; a minor one does not.")]
    effective_from: Annotated[
        str, Meta(description="From when on it may be the one in force, in UTC.", examples=["2018-08-01T00:00:00Z"])
    ]
    note: Annotated[str, Meta(description="What changed.", examples=["The first text."])]
    published_at: Annotated[str, Meta(description="When it was published, in UTC.", examples=["2018-07-25T09:00:00Z"])]


class ShownAsOut(msgspec.Struct, rename="camel"):
    """The PDF that `displayUri` shows instead of a Word document."""

    digest: Annotated[str, Meta(description="SHA-256 of the PDF's bytes, hexadecimal.", examples=["60303ae2" * 8])]
    size: Annotated[int, Meta(description="Bytes of the PDF.", examples=[81920])]


class TextOut(msgspec.Struct, rename="camel"):
    """The text in force, and where it is for five minutes."""

    template_id: Annotated[str, Meta(description="The agreement template.", examples=[_TEMPLATE])]
    agreement_type: Annotated[str, Meta(description="Its agreement type.", examples=["MicrosoftCloudAgreement"])]
    country: Annotated[str, Meta(description="The country asked for.", examples=["FR"])]
    language: Annotated[str, Meta(description="The language of this text.", examples=["fr-FR"])]
    fallback: Annotated[
        Fallback,
        Meta(
            description="What had to be given instead of what was asked for: nothing, `en-US`, or the country's first other "
            "language."
        ),
    ]
    version: VersionOut
    digest: Annotated[str, Meta(description="SHA-256 of the file's bytes, hexadecimal.", examples=["9f86d081" * 8])]
    media_type: Annotated[str, Meta(description="PDF, Word document or Markdown.", examples=["text/markdown"])]
    size: Annotated[int, Meta(description="Bytes of the file.", examples=[4096])]
    shown_as: Annotated[
        ShownAsOut | None,
        Meta(description="The PDF that its publisher gives to be shown; none: `displayUri` shows or offers the file."),
    ]
    display_uri: Annotated[
        str,
        Meta(
            description="Shows the text in a browser. Another link each time.", examples=[_LINK.format(use="preview")]
        ),
    ]
    download_uri: Annotated[
        str, Meta(description="Downloads the very file that was published.", examples=[_LINK.format(use="download")])
    ]
    links_expire_at: Annotated[
        str,
        Meta(
            description="Until when the links work, by the machine's clock, in UTC.", examples=["2019-03-22T00:05:00Z"]
        ),
    ]


@get(
    "/agreements/{template_id:str}/text",
    opt={"access": READ_TEXTS},
    tags=["agreements"],
    summary="Find the text in force",
    response_description="The text.",
    responses=problems(400, 403, 404),
)
async def read_text(
    request: RestRequest,
    template_id: Annotated[
        str, PathParameter(description="An agreement template's id, a GUID.", examples=[Example(value=_TEMPLATE)])
    ],
    country: Annotated[
        str,
        QueryParameter(
            description="A country's code in capitals, as in the list of agreements; `US` when left out.",
            examples=[Example(value="FR")],
        ),
    ] = DEFAULT_COUNTRY,
    language: Annotated[
        str,
        QueryParameter(
            description="A language's code; `en-US` when left out, and where the country has no text in it.",
            examples=[Example(value="fr-FR")],
        ),
    ] = DEFAULT_LANGUAGE,
    at: Annotated[
        str | None,
        QueryParameter(
            description="The text that was or will be in force at this instant; now when left out.",
            examples=[Example(value="2019-03-22T00:00:00Z")],
        ),
    ] = None,
) -> TextOut:
    """Return the text that customers of a country read and accept, of any agreement of the programme."""
    deployment = deployment_of(request)
    id_, programme = as_guid(template_id, "templateId"), deployment.programme
    on = None if at is None else read_date(query_date, at, "at")
    found = await deployment.store.read(
        lambda uow: find_text(uow, programme, id_, country or DEFAULT_COUNTRY, language or DEFAULT_LANGUAGE, on)
    )
    template, version = programme.template(id_), found.version
    if template is None:
        raise Rejected("request.not-found")
    display, download = (deployment.links.to_text(template, found, use, actor_of(request).key) for use in Use)
    return TextOut(
        template_id=template.id,
        agreement_type=template.agreement_type,
        country=found.locale.country,
        language=found.locale.language,
        fallback=found.fallback,
        version=VersionOut(
            version_id=version.id,
            label=version.label,
            major=version.major,
            effective_from=written_z(version.effective_from),
            note=version.note,
            published_at=written_z(version.published_at),
        ),
        digest=found.file.digest,
        media_type=found.file.media_type,
        size=found.file.size,
        shown_as=None if found.file.shown_as is None else ShownAsOut(found.file.shown.digest, found.file.shown.size),
        display_uri=display,
        download_uri=download,
        links_expire_at=written_z(datetime.fromtimestamp(int(deployment.links.expires_at()), UTC)),
    )
