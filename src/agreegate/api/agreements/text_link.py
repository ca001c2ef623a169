"""The addresses of text links: `/texts/preview/…` shows a text, `/texts/download/…` sends the published file.

They need no token: the link itself gives the right to the text, for five minutes (`text_link.py`).
"""

import asyncio
import os
from collections.abc import AsyncIterator
from itertools import chain
from typing import Any, BinaryIO, assert_never

from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.response import Stream

from agreegate.api.agreements.text_page import LaidOutTexts, pieces_of
from agreegate.deployment.deployment import Deployment, deployment_of
from agreegate.domain.agreements.text import MediaType
from agreegate.i18n import language_of, number_text, text
from agreegate.storage.agreements.text_store import TextStore
from agreegate.text_link import Linked, Use
from agreegate.text_preview import OFFER_POLICY, POLICY, frame, offer

PIECE = 64 * 1024
SEALED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"
"""The policy of files. A browser's own viewer of PDF opens under it too."""
_HEADERS = {
    "x-content-type-options": "nosniff",
    "cache-control": "private, no-store",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


@get("/texts/preview/{token:str}", opt={"public": True}, include_in_schema=False)
async def preview_text(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[Any]:
    """Show the text in a browser: a PDF as it is, Markdown as a page; a page offers a Word document (decision 0021)."""
    deployment, target = _target(request, token, Use.PREVIEW)
    texts = deployment.texts
    match target.media_type:
        case MediaType.PDF:
            return await _streamed(texts, target, f'inline; filename="{target.name}"')
        case MediaType.DOCX:
            language = language_of(request.headers.get("accept-language"))
            with await texts.opened(target.digest) as file:
                size = file.seek(0, os.SEEK_END)
            shown = _offered(target, size, deployment.links.to(target, Use.DOWNLOAD, target.maker), language)
            headers = _HEADERS | {"content-security-policy": OFFER_POLICY, "content-language": language}
            return Response(shown.encode(), media_type="text/html", headers=headers)
        case MediaType.MARKDOWN:
            pages: LaidOutTexts = request.app.state.pages
            return _framed(await pages.page_of(target.digest), target)
        case _:
            assert_never(target.media_type)


@get("/texts/download/{token:str}", opt={"public": True}, include_in_schema=False)
async def download_text(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[Any]:
    """Send the file, byte by byte as it was published."""
    deployment, target = _target(request, token, Use.DOWNLOAD)
    return await _streamed(deployment.texts, target, f'attachment; filename="{target.name}"')


HANDLERS = (preview_text, download_text)


def _target(request: Request[Any, Any, Any], token: str, use: Use) -> tuple[Deployment, Linked]:
    """Return what a link leads to, and count a request of the caller that the link was made for.

    Raises:
        `text.link-expired`, `request.throttled`.
    """
    deployment = deployment_of(request)
    target = deployment.links.read(token, use)
    if deployment.caller_throttle is not None:
        deployment.caller_throttle.count(target.maker)
    return deployment, target


def _framed(body: bytes, target: Linked) -> Response[Any]:
    """Return a page around compressed HTML."""
    before, after = (part.encode() for part in frame(target.language, target.title))
    headers = _HEADERS | {"content-security-policy": POLICY, "content-language": target.language}
    return Stream(chain([before], pieces_of(body), [after]), media_type="text/html", headers=headers)


def _offered(target: Linked, size: int, address: str, language: str) -> str:
    facts = (
        (text("text.offer.file", language), target.name),
        (text("text.offer.size", language), text("text.offer.bytes", language, size=number_text(size, language))),
        (text("text.offer.digest", language), target.digest),
    )
    link = (text("text.offer.download", language), address)
    return offer(text("text.offer.why", language), facts, link, language, target.title)


async def _streamed(texts: TextStore, target: Linked, disposition: str) -> Response[Any]:
    """Send the file's bytes, after comparing all of them with the published digest."""
    file = await texts.opened(target.digest)
    size = file.seek(0, 2)
    file.seek(0)
    headers = _HEADERS | {
        "content-disposition": disposition,
        "content-security-policy": SEALED,
        "content-language": target.language,
        "content-length": str(size),
    }
    return Stream(_pieces(file), media_type=target.media_type, headers=headers)


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
