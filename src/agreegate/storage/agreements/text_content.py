"""Checks that a text's file is of its kind: a whole PDF, a plain Word document, or UTF-8 text. Its content is never run.

A process of its own inspects PDFs and Word documents (`text_inspection`): a hostile file may exhaust or crash that process.
"""

import codecs
import shutil
import subprocess
import sys
from tempfile import TemporaryFile
from typing import BinaryIO

import msgspec

from agreegate.domain.agreements.text import MediaType
from agreegate.domain.error import ErrorCode, Rejected, StoreUnavailable

PIECE = 64 * 1024
LONGEST_WAIT = 120
"""Maximum seconds of an inspection."""


def check(file: BinaryIO, name: str, media_type: MediaType) -> None:
    """Check that a file is of its kind and contains nothing that no text may contain.

    Raises:
        `text.not-markdown`: the file is not UTF-8 text.
        Rejected: the inspection found a problem, which the code names.
        StoreUnavailable: the file cannot be inspected now.
    """
    if media_type is MediaType.MARKDOWN:
        _check_markdown(file, name)
    else:
        _inspect(file, name, media_type.ending)


def _inspect(file: BinaryIO, name: str, kind: str) -> None:
    """Inspect a file in a process of its own; the process fails on a file beyond its limits."""
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
        raise Rejected("text.too-complex", file=name) from None
    except OSError as error:
        raise StoreUnavailable(type(error).__name__) from error
    if found.returncode != 0:
        raise Rejected("text.too-complex", file=name)
    if found.stdout:
        raise Rejected(msgspec.convert(found.stdout.decode(), ErrorCode), file=name)


def _check_markdown(file: BinaryIO, name: str) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while piece := file.read(PIECE):
            if "\0" in decoder.decode(piece):
                raise Rejected("text.not-markdown", file=name)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise Rejected("text.not-markdown", file=name) from None
