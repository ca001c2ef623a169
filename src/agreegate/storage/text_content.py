"""A text's file is what its name says: a whole PDF, a plain Word document, or UTF-8 text. Nothing in it is ever run.

A process of its own inspects PDFs and Word documents (`text_inspection`): a hostile file may exhaust or crash that process.
"""

import codecs
import shutil
import subprocess
import sys
from tempfile import TemporaryFile
from typing import BinaryIO

from agreegate.domain.errors import (
    DocxActive,
    DocxRemote,
    DocxRuns,
    DocxTooDense,
    DocxWordless,
    NotDocx,
    NotMarkdown,
    NotPdf,
    PdfAttachment,
    PdfDamaged,
    PdfLaunch,
    PdfPassword,
    PdfScript,
    Rejected,
    StoreUnavailable,
    TextTooComplex,
)
from agreegate.domain.text import MediaType

PIECE = 64 * 1024
LONGEST_WAIT = 120
"""Seconds that an inspection may take on a busy machine."""
UNFIT: tuple[type[Rejected], ...] = (
    NotPdf,
    PdfPassword,
    PdfScript,
    PdfLaunch,
    PdfAttachment,
    PdfDamaged,
    NotDocx,
    DocxActive,
    DocxRemote,
    DocxRuns,
    DocxTooDense,
    DocxWordless,
    TextTooComplex,
)
"""What an inspection can find."""
_BY_KEY = {kind.key: kind for kind in UNFIT}


def check(file: BinaryIO, name: str, media_type: MediaType) -> None:
    """Refuse a file that is not of its kind, or has in it what no text may have.

    Raises:
        NotMarkdown: it is no UTF-8 text.
        Rejected: one of `UNFIT`.
        StoreUnavailable: the file cannot be inspected now.
    """
    if media_type is MediaType.MARKDOWN:
        _check_markdown(file, name)
    else:
        _inspect(file, name, media_type.ending)


def _inspect(file: BinaryIO, name: str, kind: str) -> None:
    """Inspect a file in a process of its own; a process that fails has met a file beyond its limits."""
    try:
        with TemporaryFile() as copy:  # a descriptor of its own: the file may be in memory alone
            file.seek(0)
            shutil.copyfileobj(file, copy)
            copy.seek(0)
            found = subprocess.run(  # noqa: S603 - our own module, and one of two words
                [sys.executable, "-P", "-m", "agreegate.text_inspection", kind], stdin=copy, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, check=False, start_new_session=True, timeout=LONGEST_WAIT,
            )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise TextTooComplex(file=name) from None
    except OSError as error:
        raise StoreUnavailable(type(error).__name__) from error
    if found.returncode != 0:
        raise TextTooComplex(file=name)
    if key := found.stdout.decode("ascii", "replace"):
        raise _BY_KEY[key](file=name)


def _check_markdown(file: BinaryIO, name: str) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while piece := file.read(PIECE):
            if "\0" in decoder.decode(piece):
                raise NotMarkdown(file=name)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise NotMarkdown(file=name) from None
