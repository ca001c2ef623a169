"""A text in a browser: its words, laid out; and whatever somebody put into it, nothing that runs or loads."""

import re

import pytest

from agreegate.text_preview import LARGEST_RENDERED, POLICY, as_written, frame, laid_out

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe src=//evil.example></iframe>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](&#106;avascript:alert(1))",
    "[a](data:text/html;base64,PHNjcmlwdD4=)",
    "[a](vbscript:x)",
    "<javascript:alert(1)>",
    '[a](https://x.example "onmouseover=alert(1)")',
    "![a](javascript:alert(1))",
    "# <style>*{display:none}</style>",
    "```\n</code></pre><script>alert(1)</script>\n```",
    "`<script>`",
    "<!-- --><script>",
    "a\n\n<div onclick=x>\n\nb",
    "</main></body><script>alert(1)</script>",
    "[a]: javascript:alert(1)\n\n[a]",
]
TAGS = re.compile(r"<\s*/?\s*([a-zA-Z]+)")
HARMLESS = {
    "html", "head", "meta", "title", "style", "body", "main", "p", "h", "a", "img", "code", "pre", "em", "strong", "ul", "ol",
    "li", "table", "thead", "tbody", "tr", "th", "td", "blockquote", "hr", "br",
}  # fmt: skip


@pytest.mark.parametrize("source", HOSTILE)
def test_nothing_in_markdown_becomes_more_than_words(source: str) -> None:
    for shown in (laid_out(source).join(frame("en-US", "T")), as_written(source).join(frame("en-US", "T"))):
        assert set(TAGS.findall(shown)) <= HARMLESS
        assert shown.count("<style>") == 1, "ours"
        for written in re.findall(r"<[^>]*>", shown):
            assert not re.search(r"\son\w+\s*=", written.partition('title="')[0])
            assert not re.search(r"(?:href|src)=\"(?:javascript|data|vbscript|file):", written, re.IGNORECASE)


def test_markdown_is_laid_out() -> None:
    source = "# Heading\n\n- one\n- **two**\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    shown = laid_out(source).join(frame("fr-FR", "A & <B>"))
    for part in ("<h1>Heading</h1>", "<li><strong>two</strong></li>", "<td>1</td>", '<html lang="fr-FR" dir="ltr">'):
        assert part in shown
    assert "<title>A &amp; &lt;B&gt;</title>" in shown


def test_languages_written_from_the_right_are() -> None:
    for language in ("ar-SA", "he-IL"):
        assert f'<html lang="{language}" dir="rtl">' in laid_out("x").join(frame(language, "T"))


def test_the_policy_loads_and_runs_nothing() -> None:
    rules = dict(rule.partition(" ")[::2] for rule in POLICY.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["sandbox"] == ""
    assert "script-src" not in rules
    assert "unsafe" not in POLICY


def test_a_long_text_is_shown_as_it_is_written() -> None:
    assert LARGEST_RENDERED < 25 * 1024 * 1024
    assert laid_out("# A <b>" + "x" * LARGEST_RENDERED).startswith("<pre># A &lt;b&gt;xxx")


@pytest.mark.parametrize("depth", range(1, 40))
@pytest.mark.parametrize("sign", ["list", "quote"])
def test_no_word_is_left_out_however_deep_a_text_is_nested(sign: str, depth: int) -> None:
    nested = (
        "\n".join(f"{'  ' * level}- Level {level}" for level in range(depth))
        if sign == "list"
        else "> " * depth + f"Level {depth - 1}"
    )
    shown = laid_out(f"# Agreement\n\n{nested}\n\n## Section 3\n\nThe customer pays.\n")
    for words in (f"Level {depth - 1}", "Section 3", "The customer pays."):
        assert words in shown, words
