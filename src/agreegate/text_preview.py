"""Lays out agreement texts in Markdown as pages. A leaf.

Nothing in a text is run: HTML in Markdown stays text, and the page's policy loads and runs nothing. The page of a Word
document shows none of its words (decision 0021): it names the file and offers it.

`python -m agreegate.text_preview` reads Markdown from standard input and writes HTML, compressed by zlib, to standard output.
The server lays texts out in such a process: 1 MiB takes seconds of Python, and no thread may hold the interpreter so long.
"""

import base64
import hashlib
import os
import resource
import signal
import sys
import zlib
from collections.abc import Iterable
from contextlib import suppress
from html import escape
from typing import NoReturn

LARGEST_RENDERED = 1024 * 1024
"""Characters of Markdown that are laid out; a longer text is shown as it is written."""
LARGEST_LAID_OUT = 8 * 1024 * 1024
"""Characters of HTML that a text may become; one that becomes more is shown as it is written."""
LONGEST_LAYOUT = 20
"""Seconds of the processor that a layout may take; a text that takes longer is shown as it is written."""
LARGEST_MEMORY = 1024 * 1024 * 1024
"""Bytes of memory that a layout may take; a text that takes more is shown as it is written."""
KINDNESS = 10
"""How far a layout stands back behind the server (`nice`)."""
STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:45rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}"
    "table{border-collapse:collapse}td,th{border:1px solid;padding:.25rem .5rem}pre{white-space:pre-wrap}"
    "@media(prefers-color-scheme:dark){html{color-scheme:dark}}"
)
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"
"""The policy of every page made here."""
OFFER_POLICY = f"{POLICY} allow-downloads"
"""The policy of the page that offers a file: its one link may download."""
_RIGHT_TO_LEFT = frozenset({"ar", "he"})


def laid_out(source: str) -> str:
    """Return the HTML of a text in Markdown; the text as it is written where it exceeds a limit of this module.

    So is a text that is nested so deep that the renderer would leave words out, or that would become an empty page.
    """
    found = None
    with suppress(_TooLong, MemoryError, RecursionError):
        found = _rendered(source)
    return as_written(source) if found is None else found


def _rendered(source: str) -> str | None:
    """Return a text's HTML by the renderer; None: the text exceeds a limit, or words would be left out."""
    if len(source) > LARGEST_RENDERED:
        return None
    from markdown_it import MarkdownIt  # noqa: PLC0415 - a tenth of the demo's start, for what is rarely asked

    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(source)
    if max((token.level for token in tokens), default=0) >= reader.options.maxNesting - 1:
        return None
    found: str = reader.renderer.render(tokens, reader.options, {})
    return found if len(found) <= LARGEST_LAID_OUT and (found or not source.strip()) else None


def as_written(source: str) -> str:
    """Return the HTML of a text as it is written."""
    return f"<pre>{escape(source)}</pre>"


def packed(shown: str) -> bytes:
    """Return HTML compressed, as pages are kept."""
    return zlib.compress(shown.encode(), 1)


def offer(sentence: str, facts: Iterable[tuple[str, str]], link: tuple[str, str], language: str, title: str) -> str:
    """Return the page of a file that is not shown: why, the file's facts, and the download.

    Args:
        facts: names and values, such as size and digest.
        link: the words and the address of the download.
        language: of `sentence` and of the other words.
    """
    words, address = link
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in facts)
    body = (
        f"<h1>{escape(title)}</h1><p>{escape(sentence)}</p>"
        f'<p><a href="{escape(address)}" download>{escape(words)}</a></p><table>{rows}</table>'
    )
    return body.join(frame(language, title))


def frame(language: str, title: str) -> tuple[str, str]:
    """Return the HTML before and after the body of a page."""
    direction = "rtl" if language.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"
    before = (
        f'<!doctype html><html lang="{escape(language)}" dir="{direction}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title><style>{STYLE}</style></head>'
        "<body><main>"
    )
    return before, "</main></body></html>"


class _TooLong(Exception):
    """The layout took more of the processor than it may."""


def _give_up(*_: object) -> NoReturn:
    raise _TooLong


def main() -> None:
    """Lay the text on standard input out, within limits that the system holds this process to."""
    os.nice(KINDNESS)
    resource.setrlimit(resource.RLIMIT_AS, (LARGEST_MEMORY, LARGEST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST_LAYOUT, 2 * LONGEST_LAYOUT))
    signal.signal(signal.SIGXCPU, _give_up)
    sys.stdout.buffer.write(packed(laid_out(sys.stdin.buffer.read().decode("utf-8-sig"))))


if __name__ == "__main__":
    main()
