"""Shows an agreement text in a browser: Markdown and Word documents as a plain page of their words. A leaf.

Nothing in a text is ever run: HTML in Markdown stays text, of a Word document only its words are taken, and the page is
served under a policy that loads nothing and runs nothing.
"""

import base64
import hashlib
import zipfile
from collections.abc import Iterator
from html import escape
from typing import BinaryIO
from xml.parsers import expat

LARGEST_RENDERED = 1024 * 1024
"""Bytes of Markdown that are laid out; a longer text is shown as it is written."""
STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:45rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}"
    "table{border-collapse:collapse}td,th{border:1px solid;padding:.25rem .5rem}pre{white-space:pre-wrap}"
    "@media(prefers-color-scheme:dark){html{color-scheme:dark}}"
)
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"
"""For the page that `page` makes."""
_RIGHT_TO_LEFT = frozenset({"ar", "he"})
_BODY = "word/document.xml"
_PIECE = 64 * 1024
_HEADINGS = frozenset("123456")


def markdown(source: str, language: str, title: str) -> str:
    """The page of a text in Markdown; as it is written, where it is nested so deep that the reader would leave words out."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 - a tenth of the demo's start, for what is rarely asked

    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(source)
    if max((token.level for token in tokens), default=0) >= reader.options.maxNesting - 1:
        return as_written(source, language, title)
    return page(reader.renderer.render(tokens, reader.options, {}), language, title)


def as_written(source: str, language: str, title: str) -> str:
    """The page of a text that is too long, or nested too deep, to lay out."""
    return page(f"<pre>{escape(source)}</pre>", language, title)


def word_document(file: BinaryIO, language: str, title: str) -> str:
    """The page of a Word document: headings and paragraphs in their order, without anything else.

    Raises:
        ValueError: it is none.
    """
    words = _Words()
    try:
        with zipfile.ZipFile(file) as archive, archive.open(_BODY) as body:
            while piece := body.read(_PIECE):
                words.feed(piece)
            words.feed(b"", last=True)
    except (zipfile.BadZipFile, KeyError, expat.ExpatError, RuntimeError) as error:
        raise ValueError(_BODY) from error
    return page("\n".join(words.paragraphs()), language, title)


def page(body: str, language: str, title: str) -> str:
    """A whole page around HTML that is harmless already."""
    direction = "rtl" if language.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"
    return (
        f'<!doctype html><html lang="{escape(language)}" dir="{direction}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title><style>{STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>"
    )


class _Words:
    """Takes the words out of a Word document's body."""

    def __init__(self) -> None:
        self._paragraphs: list[tuple[str, str]] = []
        self._text: list[str] = []
        self._kind = "p"
        self._taking = False
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def feed(self, piece: bytes, *, last: bool = False) -> None:
        """Take the next bytes."""
        self._parser.Parse(piece, last)

    def paragraphs(self) -> Iterator[str]:
        """Each paragraph that has words, as HTML."""
        for kind, text in self._paragraphs:
            if text.strip():
                yield f"<{kind}>{escape(text)}</{kind}>"

    def _refuse(self, *_: object) -> None:
        raise ValueError("a declaration")

    def _start(self, element: str, attributes: dict[str, str]) -> None:
        match element.rpartition(" ")[2]:
            case "t":
                self._taking = True
            case "tab" | "br" | "cr":
                self._text.append(" ")
            case "pStyle":
                style = next((value for name, value in attributes.items() if name.endswith(" val")), "")
                level = style[-1:]
                if style.lower().startswith(("heading", "title", "titre")):
                    self._kind = f"h{level if level in _HEADINGS else 1}"

    def _end(self, element: str) -> None:
        match element.rpartition(" ")[2]:
            case "t":
                self._taking = False
            case "p":
                self._paragraphs.append((self._kind, "".join(self._text)))
                self._text.clear()
                self._kind = "p"

    def _characters(self, characters: str) -> None:
        if self._taking:
            self._text.append(characters)
