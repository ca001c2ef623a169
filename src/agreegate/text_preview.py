"""Shows an agreement text in a browser: Markdown as a plain page of its words. A leaf.

Nothing in a text is ever run: HTML in Markdown stays text, and the page is served under a policy that loads nothing and
runs nothing. No words of a Word document are shown (D22): its page names the file and offers it.
"""

import base64
import hashlib
from collections.abc import Iterable
from html import escape

LARGEST_RENDERED = 1024 * 1024
"""Bytes of Markdown that are laid out; a longer text is shown as it is written."""
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


def offer(sentence: str, facts: Iterable[tuple[str, str]], link: tuple[str, str], language: str, title: str) -> str:
    """The page of a file that is not shown: why, what is known of the file, and where to download it.

    Args:
        facts: names and values, such as size and digest.
        link: the words and the address of the download.
        language: of `sentence` and of the other words.
    """
    words, address = link
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in facts)
    return page(
        f"<h1>{escape(title)}</h1><p>{escape(sentence)}</p>"
        f'<p><a href="{escape(address)}" download>{escape(words)}</a></p><table>{rows}</table>',
        language,
        title,
    )


def page(body: str, language: str, title: str) -> str:
    """A whole page around HTML that is harmless already."""
    direction = "rtl" if language.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"
    return (
        f'<!doctype html><html lang="{escape(language)}" dir="{direction}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title><style>{STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>"
    )
