"""Forms with files: the form token is checked first, files are streamed to disk and removed after the answer.

Its handler says `opt={"files": …}`: the names of the file fields that the form has at the address asked for. The order is
what keeps the disk from strangers (decision 0022): who is signed in and may publish, before a byte of the body is read;
the form's own token, which comes first in it, before a byte of a file is kept; and the sizes, as it comes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO
from unicodedata import category

from litestar.exceptions import PermissionDeniedException
from litestar.types import Receive, Scope, Send
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from agreegate.bounded_request import BoundedRequest
from agreegate.dashboard.frame.form import CSRF, LARGEST_FORM, OwnForms, in_parts
from agreegate.dashboard.frame.guard import guard, keep_typed, refused
from agreegate.dashboard.frame.page import DashboardRequest
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.agreements.text import LARGEST
from agreegate.domain.characters import UNSEEN
from agreegate.domain.error import Rejected, StoreUnavailable

LONGEST_NAME = 100
"""Characters that are kept of a file's name: the last ones, which say what it is."""
_FILES = "files"
_MOST_PARTS = 500
"""Fields and files of a form."""

FileFields = Callable[[DashboardRequest], Collection[str]]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent. It is closed, and with that gone, once the request is answered."""

    name: str
    """What its sender calls it: to be shown, and never a part of a path."""
    content: BinaryIO
    """Its bytes; of a file that is too large, one more than it may have."""


def uploads_of(request: DashboardRequest) -> Mapping[str, Upload]:
    """Return the files that came with a form, by the name of their field."""
    found: Mapping[str, Upload] = request.scope["state"].get(_FILES, {})
    return found


class FormsWithFiles(OwnForms):
    """Takes files with the forms that have them; no other form is taken in parts."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read a form with files, for who may send it.

        Raises:
            `access.denied`, `access.role`: it is not read.
            PermissionDeniedException: the form's token is not valid, or the upload broke off.
            `request.files-too-large`, `request.too-large`: the rest of it is not read.
            StoreUnavailable: the disk takes no more.
        """
        request = BoundedRequest(scope, receive)
        fields: FileFields | None = request.route_handler.opt.get("files")
        if fields is None or not in_parts(request):
            await super().__call__(scope, receive, send)
            return
        texts, names = deployment_of(request).texts, fields(request)
        try:
            await guard(request, request.route_handler)
        except Rejected as error:
            error.expect("access.unauthenticated", "sign-in.provider-silent")
            # Answered here: the body is read to keep what was typed.
            await keep_typed(request, error, lambda: self._words(request, names))
            await refused(request, error).to_asgi_response(None, request)(scope, receive, send)
            return
        form = _Form(self._ours(request), names, texts.incoming)
        try:
            await form.read(request)
            scope["state"][_FILES] = form.files
            await self.hand_on(request, form.fields, send)
        finally:
            form.close()

    async def _words(self, request: DashboardRequest, names: Collection[str]) -> Mapping[str, list[str]]:
        """Return what was typed into the form, with the names of its files, which are not kept."""
        form = _Form(self._ours(request), names, None)
        await form.read(request)
        return form.fields

    def _ours(self, request: DashboardRequest) -> Callable[[str], bool]:
        return partial(self.is_ours, request)


class _Form:
    """Takes a form apart while it comes: words into memory, files to disk."""

    def __init__(
        self, ours: Callable[[str], bool], names: Collection[str], room: Callable[[], BinaryIO] | None
    ) -> None:
        """Begin a form.

        Args:
            ours: whether this is the token of a form of ours.
            names: the fields that can have a file.
            room: makes a place for a file; None: files are let pass, and their names stand for them among the words.
        """
        self._ours, self._names, self._room = ours, names, room
        self._known = False
        self._letters = 0
        self._part: MultipartSegment | None = None
        self._words = bytearray()
        self._upload: Upload | None = None
        self.fields: dict[str, list[str]] = {}
        self.files: dict[str, Upload] = {}

    async def read(self, request: DashboardRequest) -> None:
        """Read all of it.

        Raises:
            PermissionDeniedException, `request.files-too-large`, `request.too-large`, StoreUnavailable.
        """
        boundary = request.content_type[1].get("boundary", "")
        most = len(self._names) * LARGEST + LARGEST_FORM
        try:
            with PushMultipartParser(boundary, max_segment_count=_MOST_PARTS) as parser:
                async for piece in _body(request, most):
                    for event in parser.parse(piece):
                        await self._take(event)
        except MultipartError:
            raise PermissionDeniedException from None
        except OSError as error:
            raise StoreUnavailable from error
        if not self._known:
            raise PermissionDeniedException

    def close(self) -> None:
        """Let the files go."""
        for upload in self.files.values():
            with suppress(OSError):  # a failed write was reported when it happened
                upload.content.close()

    async def _take(self, event: MultipartSegment | bytes | None) -> None:
        if isinstance(event, MultipartSegment):
            await self._begin(event)
        elif event is not None:
            await self._go_on(event)
        else:
            await self._end()

    async def _begin(self, part: MultipartSegment) -> None:
        if not self._known and (part.name != CSRF or part.filename is not None):
            raise PermissionDeniedException
        self._part, self._upload = part, None
        if not part.filename:  # words; or a field for a file, and none was chosen
            return
        if part.name not in self._names or part.name in self.files:
            raise PermissionDeniedException
        if self._room is None:
            self.fields[part.name] = [shown_name(part.filename)]
        else:
            self._upload = Upload(shown_name(part.filename), await asyncio.to_thread(self._room))
            self.files[part.name] = self._upload

    async def _go_on(self, piece: bytes) -> None:
        assert self._part is not None  # noqa: S101 - the parser begins a part before it goes on
        if self._upload is not None:
            room = LARGEST + 1 - (self._part.bytes_received - len(piece))
            if room > 0:
                await asyncio.to_thread(self._upload.content.write, piece[:room])
        elif self._part.filename is None:
            self._letters += len(piece)
            if self._letters > LARGEST_FORM:
                raise Rejected("request.too-large", limit=LARGEST_FORM)
            self._words += piece

    async def _end(self) -> None:
        part, words = self._part, self._words.decode("utf-8", "replace")
        if self._upload is not None:
            await asyncio.to_thread(self._upload.content.flush)
        self._part, self._upload = None, None
        self._words.clear()
        if part is None or part.name is None or part.filename is not None:
            return
        if not self._known and not self._ours(words):
            raise PermissionDeniedException
        self._known = True
        self.fields.setdefault(part.name, []).append(words)


def shown_name(given: str) -> str:
    """Return a file's name as it can be shown: without folders and unseen signs, and no longer than a line."""
    last = given.replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in last if category(sign) not in UNSEEN).strip()[-LONGEST_NAME:]


async def _body(request: DashboardRequest, most: int) -> AsyncIterator[bytes]:
    """Yield the body as it comes, and read no more than its maximum.

    Raises:
        `request.files-too-large`: it has more bytes than that, or says so.
        PermissionDeniedException: the client went away.
    """
    seen = request.content_length or 0
    too_large = Rejected("request.files-too-large", limit=most // 1024 // 1024)
    if seen > most:
        raise too_large
    seen, more = 0, True
    while more:
        event = await request.receive()
        if event["type"] != "http.request":
            raise PermissionDeniedException
        piece, more = event["body"], event.get("more_body", False)
        seen += len(piece)
        if seen > most:
            raise too_large
        if piece:
            yield piece
