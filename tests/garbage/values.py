"""What people, scanners and broken programs send: one set of generators for every door."""

import json
import random
import re
from collections.abc import Iterator
from typing import Any

from tests.texts import docx, pdf

DIGITS = 5_000
SCRIPT = '"><script>alert(1)</script>'
TEXTS = (
    "", "   ", SCRIPT, "'\"` onfocus=alert(1) x=", "{{ 7*7 }}", "{name}", "${jndi:ldap://x.example}", "%s", "%00", "\0", "a\0b", "\x1b[31m",
    "\u202egnp.exe", "\u202e\u2066", "مخبز الأرز", "\ufffe\uffff", "\ud800", "💥" * 50, "=cmd|' /C calc'!A0", "@SUM(1+1)", "+1", "-1", "-0",
    "0", "٣", "²", "1e9", "NaN", "0x10", "1_000", "2147483648", "999999999", "9" * DIGITS, "3.5", "0000-01-01", "0001-01-01",
    "0001-01-01T00:00:00", "9999-12-31", "10000-01-01", "2018-02-30", "2018-13-01", "1 ² 2018", "31 February 2018",
    "0001-01-01 00:00+14:00", "9999-12-31T23:59:59-14:00", "a@" + "b" * 300, "a@b@c", "a\nb", "a\r\nSet-Cookie: x=y",
    "../../etc/passwd", "//evil.example", "https://evil.example/", "javascript:alert(1)", "/\\evil.example", "/%0d%0aX: y", "/\r\nX: y",
    "/é?q=\u2028", "' or 1=1 --", "'; drop table customer; --", "NEAR(", "null", "after-", "before--5-x", "after-1-\0",
    "after-99999999999999999999-x", "x" * 10_000,
)  # fmt: skip
"""What is put into a field, a member, a value or an address."""
OTHER_KINDS: tuple[Any, ...] = (None, True, -1, 0, 1.5, 1e300, 2**62, [], {}, [None], [[]], [{}], {"": None})
"""What else a member of JSON may be."""
TOML_VALUES = (
    "9" * DIGITS, "0x" + "f" * DIGITS, "-1", "0", str(2**63), str(2**31), "1e400", "nan", "true", "[]", "{}", "[[[]]]", '""', '" "',
    '"\\u0000"', '"\\u001b[31m"', '"\\u202eabc"', f'"{"a" * 100_000}"', '"""a\nb"""', "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", "9999-12-31", "0001-01-01", "07:32:00", "1979-05-27", "1979-05-27T07:32:00", '[1, "a", {}, 1.5]',
    "{a = 1}", "[{}]", '["a", "a"]', '"../../../etc/passwd"', '"/etc/passwd"', '"."',
)  # fmt: skip

CONTENTS = {
    "empty": b"",
    "a blank": b" ",
    "blanks": b" \r\n\t ",
    "zeros": bytes(100),
    "a mark alone": b"\xef\xbb\xbf",
    "a picture": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "a database": b"SQLite format 3\x00" + bytes(84),
    "a PDF": pdf(),
    "a Word file": docx(),
    "HTML": b"<html><body>Not found</body></html>",
    "XML": b"<?xml version='1.0'?><agreement/>",
    "a form": b"firstName=Noa&lastName=Berg",
    "half a sign": b'name = "\xc3',
    "half a surrogate": b'name = "\xed\xa0\x80"',
    "a number without end": b"version = " + b"9" * DIGITS,
    "a hexadecimal number without end": b"version = 0x" + b"f" * DIGITS,
    "an octal number without end": b"version = 0o" + b"7" * DIGITS,
    "a fraction without end": b"version = 0." + b"9" * DIGITS,
    "an exponent without end": b"version = 1e" + b"9" * DIGITS,
    "a year without end": b"starts = " + b"2" * DIGITS + b"-01-01",
    "deep lists": b"name = " + b"[" * 100_000,
    "deep lists on lines": b"name = " + b"[\n" * 50_000,
    "deep tables": b"name = " + b"{a=" * 100_000,
    "a deep key": b".".join([b"a"] * 3_000) + b" = 1",
    "a deep header": b"[" + b".".join([b"a"] * 3_000) + b"]",
    "a very deep header": b"[" + b".".join([b"a"] * 50_000) + b"]",
    "a very deep quoted key": b" . ".join([b'"a"'] * 50_000) + b" = 1",
    "a long key": b"a" * 100_000 + b" = 1",
    "a key of signs": b'"\\u001b[31m\\n\\u202e\\u0000" = 1',
    "a long line": b"#" * 900_000,
    "many lines": b"\n" * 100_000,
    "no end of a text": b'name = """' + b"a\n" * 1_000,
    "twice the same": b'name = "a"\nname = "b"',
    "something else": b"[somebody]\nelse = true",
    "JSON cut off": b'{"primaryContact":{"firstName":"Noa"',
    "text after JSON": b'{"templateId":"x"} {"templateId":"x"}',
    "a comment": b'{/* no */"templateId":"x"}',
    "single quotes": b"{'templateId':'x'}",
    "a comma too many": b'{"templateId":"x",}',
    "an array": b"[]",
    "an array of objects": b"[{}]",
    "null": b"null",
    "a number": b"42",
    "a text": b'"success"',
    "true": b"true",
    "not a number": b'{"quantity":NaN}',
    "infinity": b'{"quantity":-Infinity}',
    "beyond a double": b'{"quantity":1e999}',
    "beyond 64 bits": b'{"quantity":9223372036854775808}',
    "a JSON number without end": b'{"quantity":' + b"9" * DIGITS + b"}",
    "a leading zero": b'{"quantity":01}',
    "20,000 nested arrays": b"[" * 20_000 + b"]" * 20_000,
    "20,000 nested objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "nested in a member nobody knows": b'{"whatNobodyKnows":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "65 levels": b'{"x":' + b"[" * 64 + b"]" * 64 + b"}",
    "invalid UTF-8": b'{"firstName":"\xff\xfe"}',
    "overlong UTF-8": b'{"firstName":"\xc0\xaf"}',
    "a surrogate as UTF-8": b'{"firstName":"\xed\xa0\x80"}',
    "half a surrogate pair": b'{"firstName":"\\ud800"}',
    "UTF-16": '{"templateId":"x"}'.encode("utf-16"),
    "UTF-32": '{"templateId":"x"}'.encode("utf-32"),
    "Latin-1": '{"firstName":"Noël"}'.encode("latin-1"),
    "a NUL byte": b'{"firstName":"N\x00a"}',
    "an escaped NUL": b'{"firstName":"N\\u0000a"}',
    "an escaped NUL in a name": b'{"first\\u0000Name":"Noa"}',
    "a name twice": b'{"templateId":"x","templateId":"y"}',
}
"""Contents that are never right, neither as a body nor as a file."""


def altered(body: Any, turn: Iterator[int]) -> Iterator[Any]:
    """JSON with one member at a time left out, or of a value that does not belong there.

    Args:
        turn: numbers, one for each member. It gets a sixth of the texts; over all members, all of them.
    """
    if isinstance(body, dict):
        for name, inner in body.items():
            yield {other: value for other, value in body.items() if other != name}
            yield from (body | {name: wrong} for wrong in (*OTHER_KINDS, *TEXTS[next(turn) % 6 :: 6]))
            yield from (body | {name: changed} for changed in altered(inner, turn))
    elif isinstance(body, list):
        yield body * 3
        for at, inner in enumerate(body):
            others = (*OTHER_KINDS, *altered(inner, turn))
            yield from ([*body[:at], changed, *body[at + 1 :]] for changed in others)


def edited(text: str) -> Iterator[tuple[str, bytes]]:
    """A TOML text with one thing in it that is wrong, or strange."""
    lines, header, seen = text.splitlines(), "", set()
    for number, line in enumerate(lines):
        header = line if line.startswith("[") else header
        if (found := re.match(r"(\w+) = ", line)) and (header, found[1]) not in seen:
            seen.add((header, found[1]))
            for value in [*TOML_VALUES[:2], *TOML_VALUES[2 + len(seen) % 3 :: 3]]:  # over all keys, all of them
                new = [*lines[:number], found[0] + value, *lines[number + 1 :]]
                yield f"{found[1]} = {value[:30]}", "\n".join(new).encode()
        yield f"without {line[:30]}", "\n".join([*lines[:number], *lines[number + 1 :]]).encode()
    yield "with a zero", text.encode() + b"# \x00\n"
    yield from damaged(text.encode(), 10, (5,))


def recoded(text: str) -> Iterator[tuple[str, bytes]]:
    """A right text in encodings that are not."""
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "cp037"):
        yield encoding, text.encode(encoding, "replace")
    yield "latin-1", f'# "\xe9"\n{text}'.encode("latin-1", "replace")
    yield "UTF-8, then not", text.encode() + b"# \xff\n"


def damaged(content: bytes, times: int, changes: tuple[int, ...] = (1, 5, 50)) -> Iterator[tuple[str, bytes]]:
    """A right content cut off, and with bytes changed: near its beginning as often as anywhere."""
    chance = random.Random(9)
    for number in range(times):
        yield f"cut {number}", content[: chance.randrange(len(content) * 9 // 10)]
        noisy = bytearray(content)
        reach = chance.choice((min(4096, len(content)), len(content)))
        for _ in range(chance.choice(changes)):
            noisy[chance.randrange(reach)] = chance.randrange(256)
        yield f"noise {number}", bytes(noisy)


def as_json(value: Any) -> bytes:
    """A value as clients write it, half surrogates included."""
    return json.dumps(value).encode()
