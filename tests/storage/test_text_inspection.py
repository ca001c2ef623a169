"""What a document may be: files as they failed elsewhere, and hostile ones, each with its answer."""

import io
import os
import zlib
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest

from agreegate.domain.error import ErrorCode, Rejected
from agreegate.error import sentence_of
from agreegate.i18n import LANGUAGES
from agreegate.storage.agreements.text_file import measured
from tests.texts import WORD_BODY, docx, pdf, relations, zipped

CASES = Path(__file__).parents[1] / "cases"
NUMBERS = ["01", "02", "04", "05", "06", "07", "11"]
WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def error_of(name: str, content: bytes) -> ErrorCode:
    with pytest.raises(Rejected) as refused:
        measured(io.BytesIO(content), name)
    assert all(name in sentence_of(refused.value, language) for language in LANGUAGES)
    return refused.value.code


def case(number: str) -> tuple[str, bytes]:
    [path] = CASES.glob(f"{number}-*")
    return path.name, path.read_bytes()


@pytest.mark.parametrize("number", NUMBERS)
def test_documents_of_common_programs_are_taken(number: str) -> None:
    name, content = case(number)
    assert measured(io.BytesIO(content), name).size == len(content)


@pytest.mark.parametrize(
    ("number", "kind"),
    [("08", "text.docx-wordless"), ("12", "text.docx-remote"), ("14", "text.pdf-password")],
)
def test_documents_that_cannot_be_read_or_fetch_something_are_refused(number: str, kind: ErrorCode) -> None:
    assert error_of(*case(number)) == kind


def saved(made: pikepdf.Pdf, **how: object) -> bytes:
    written = io.BytesIO()
    made.save(written, **how)
    return written.getvalue()


def one_page() -> pikepdf.Pdf:
    made = pikepdf.new()
    made.add_blank_page()
    return made


def attached() -> bytes:
    made = one_page()
    made.attachments["a.txt"] = b"Made up."
    return saved(made)


def scanned() -> bytes:
    """A page that is a picture and has no letter."""
    made = one_page()
    picture = pikepdf.Stream(made, bytes(100))
    picture.update(
        {"/Type": pikepdf.Name.XObject, "/Subtype": pikepdf.Name.Image, "/Width": 10, "/Height": 10,
         "/ColorSpace": pikepdf.Name.DeviceGray, "/BitsPerComponent": 8}
    )  # fmt: skip
    made.pages[0].Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=picture))
    made.pages[0].Contents = pikepdf.Stream(made, b"q 100 0 0 100 0 0 cm /Im0 Do Q")
    return saved(made)


TAKEN_PDF = {
    "a scan": scanned(),
    "an owner's password alone": saved(one_page(), encryption=pikepdf.Encryption(owner="owner", user="")),
    "objects in a compressed stream": saved(one_page(), object_stream_mode=pikepdf.ObjectStreamMode.generate),
    "fonts of odd names": pdf("", b"<</Font<</JS 3 0 R/EF<</Type/Font>>/Launch 3 0 R>>>>"),
    "a link": pdf("", b"<</Type/Action/S/URI/URI(https://docs.example/)>>"),
}


@pytest.mark.parametrize("content", TAKEN_PDF.values(), ids=TAKEN_PDF)
def test_a_pdf_that_only_shows_pages_is_taken(content: bytes) -> None:
    assert measured(io.BytesIO(content), "a.pdf").size == len(content)


def in_object_stream(part: bytes) -> bytes:
    made = one_page()
    made.Root["/More"] = made.make_indirect(pikepdf.Object.parse(part))
    content = saved(made, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert part not in content
    return content


REFUSED_PDF = {
    "a script": (pdf("", b"<</Type/Action/S/JavaScript/JS(app.alert(1))>>"), "text.pdf-script"),
    "a script under an odd name": (pdf("", b"<</S/#4aavaScript/JS(app.alert(1))>>"), "text.pdf-script"),
    "a script that nothing leads to": (
        pdf("", b"null", b"<</S/JavaScript/JS(app.alert(1))>>"), "text.pdf-script",
    ),
    "a script within": (pdf("", b"[[<</A<</S/JavaScript/JS 3 0 R>>>>]]"), "text.pdf-script"),
    "a script that is compressed": (in_object_stream(b"<</S/JavaScript/JS(a)>>"), "text.pdf-script"),
    "a script beside a picture": (pdf("", b"<</S/Rendition/JS(app.alert(1))>>"), "text.pdf-script"),
    "a scripted form": (pdf("", b"<</Fields[]/XFA 3 0 R>>"), "text.pdf-script"),
    "a program": (pdf("", b"<</S/Launch/F(cmd.exe)>>"), "text.pdf-launch"),
    "an attachment": (attached(), "text.pdf-attachment"),
    "an attachment that nothing leads to": (pdf("", b"<</Type/EmbeddedFile/Length 2>>stream\nab\nendstream"), "text.pdf-attachment"),
    "a table of wrong places": (pdf().replace(b"%PDF-1.7", b"%PDF-1.7\n%more"), "text.pdf-damaged"),
    "a key twice": (pdf("", b"<</Title(One)/Title(Other)>>"), "text.pdf-damaged"),
    "an object that breaks off": (pdf("", b"<</Title(One)"), "text.pdf-damaged"),
    "no page": (pdf().replace(b"/Kids[3 0 R]/Count 1", b"/Kids[     ]/Count 0"), "text.not-pdf"),
    "no catalogue": (b"%PDF-1.7\nstartxref\n9\n%%EOF\n", "text.pdf-damaged"),
    "pages in a circle": (pdf().replace(b"/Kids[3 0 R]", b"/Kids[2 0 R]"), "text.pdf-damaged"),
    "both passwords": (saved(one_page(), encryption=pikepdf.Encryption(owner="a", user="b")), "text.pdf-password"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "kind"), REFUSED_PDF.values(), ids=REFUSED_PDF)
def test_a_pdf_that_does_more_is_refused(content: bytes, kind: ErrorCode) -> None:
    assert error_of("a.pdf", content) == kind


def test_a_pdf_that_viewers_repair_is_refused_because_each_repairs_it_in_its_own_way() -> None:
    content = (
        pdf("", b"<</Title(One)>>", b"<</Title(Other)>>").replace(b"5 0 obj", b"4 0 obj").replace(b"xref\n0", b"x\n0")
    )
    with pikepdf.open(io.BytesIO(content)) as repaired:
        assert (len(repaired.pages), repaired.Root.More.Title) == (1, "Other"), "another viewer may find the first"
    assert error_of("a.pdf", content) == "text.pdf-damaged"


def body_with(more: str) -> str:
    """The words of a Word document with more before them."""
    return WORD_BODY.replace("<w:body>", "<w:body>" + more)


def endless(beginning: bytes) -> bytes:
    """A compressed stream that unpacks to two gigabytes."""
    packing = zlib.compressobj(1)
    head = packing.compress(beginning) + packing.flush(zlib.Z_FULL_FLUSH)
    return head + (packing.compress(bytes(1 << 20)) + packing.flush(zlib.Z_FULL_FLUSH)) * 2048


def dense() -> bytes:
    """Objects in a stream that unpacks without end, named by a table in a stream."""
    packed = endless(b"9 0 <<>>")
    head = b"<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>stream\n" % len(packed)
    made = pdf("", b"null", head + packed + b"\nendstream")
    table = b"<</Type/XRef/Size 10/Root 1 0 R/W[1 4 1]/Index[0 6 9 1]/Length 42>>stream\n"
    places = [made.index(b"%d 0 obj" % number) for number in range(1, 6)]
    lines = [
        bytes(6),
        *(b"\1" + place.to_bytes(4, "big") + b"\0" for place in places),
        b"\2" + (5).to_bytes(4, "big") + b"\0",
    ]
    whole = made[: made.rindex(b"xref\n0 ")]
    return (
        whole + b"8 0 obj\n" + table + b"".join(lines) + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(whole)
    )


def dense_table() -> bytes:
    """A table in a stream that unpacks without end."""
    packed = endless(b"")
    head = b"8 0 obj\n<</Type/XRef/Size 10/Root 1 0 R/W[1 4 1]/Filter/FlateDecode/Length %d>>stream\n" % len(packed)
    whole = pdf()[: pdf().rindex(b"xref\n0 ")]
    return whole + head + packed + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(whole)


HOSTILE: dict[str, tuple[str, Callable[[], bytes], ErrorCode | None]] = {
    "a table that unpacks without end": ("a.pdf", dense_table, "text.pdf-damaged"),
    "a stream that unpacks without end": ("a.pdf", dense, "text.too-complex"),
    "nested arrays": ("a.pdf", lambda: pdf("", b"[" * 500_000 + b"]" * 500_000), "text.too-complex"),
    "nested pages": ("a.pdf", lambda: pdf("", *(b"<</Type/Pages/Kids[%d 0 R]>>" % (number + 5) for number in range(3000))), None),
    "many objects": ("a.pdf", lambda: pdf("", *(b"1" for _ in range(600_000))), "text.too-complex"),
    "a table without end": ("a.pdf", lambda: pdf().replace(b"/Size 5", b"/Size 2147483647/Prev 9"), "text.pdf-damaged"),
    "fields within fields": (
        "a.docx", lambda: docx(body_with('<w:fldChar w:fldCharType="begin"/><w:instrText>x</w:instrText>' * 100_000)), None,
    ),
    "elements within elements": ("a.docx", lambda: docx(body_with("<w:p>" * 1_000_000)), "text.not-docx"),
}  # fmt: skip


@pytest.mark.faults
def test_a_document_that_would_fill_the_memory_is_too_complex() -> None:
    nested = docx(more={"word/a.bin": os.urandom(400_000), "word/a.xml": b"<a>" * 12_000_000})
    assert error_of("a.docx", nested) == "text.too-complex"
    assert error_of("a.pdf", pdf("", b"[" + b"[]" * 8_000_000 + b"]")) == "text.too-complex"


@pytest.mark.parametrize(("name", "content", "kind"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_has_an_answer(name: str, content: Callable[[], bytes], kind: ErrorCode | None) -> None:
    made = content()
    if kind is None:
        assert measured(io.BytesIO(made), name).size == len(made)
    else:
        assert error_of(name, made) == kind


TAKEN_DOCX = {
    "another main part": docx(main="word/document2.xml"),
    "a main part of another ending": docx(main="content/main.txt"),
    "backslashes": zipped(
        {
            "[Content_Types].xml": b"<Types/>",
            "_rels\\.rels": relations(("officeDocument", "/word/document.xml")).encode(),
            "word\\document.xml": WORD_BODY.encode(),
        }
    ),
    "a link": docx(more={"word/_rels/document.xml.rels": relations(("hyperlink", "https://docs.example/"), external=True).encode()}),
    "a date": docx(body_with('<w:fldSimple w:instr=" DATE "/>')),
    "a picture with a declaration": docx(more={"word/media/a.svg": b"<!DOCTYPE svg><svg/>", "word/media/b.png": b"\x89PNG"}),
}  # fmt: skip


@pytest.mark.parametrize("content", TAKEN_DOCX.values(), ids=TAKEN_DOCX)
def test_a_plain_word_document_is_taken(content: bytes) -> None:
    assert measured(io.BytesIO(content), "a.docx").size == len(content)


def with_field(*pieces: str) -> bytes:
    """A document whose footer has a field, its instruction in pieces."""
    runs = "".join(f"<w:r><w:instrText>{piece}</w:instrText></w:r>" for piece in pieces)
    begin, end = (f'<w:r><w:fldChar w:fldCharType="{mark}"/></w:r>' for mark in ("begin", "end"))
    return docx(more={"word/footer1.xml": f"<w:ftr {WORD}><w:p>{begin}{runs}{end}</w:p></w:ftr>".encode()})


REFUSED_DOCX = {
    "a field": (with_field(" DDEAUTO c:\\\\cmd.exe "), "text.docx-runs"),
    "a field in pieces": (with_field("D", "D", "E c:\\\\cmd.exe"), "text.docx-runs"),
    "a field in an attribute": (docx(body_with('<w:fldSimple w:instr=" dde x y"/>')), "text.docx-runs"),
    "a field without an end": (docx(WORD_BODY.replace("</w:body>", '<w:fldChar w:fldCharType="begin"/><w:instrText>LINK Excel.Sheet</w:instrText></w:body>')),
                               "text.docx-runs"),
    "a remote picture": (docx(more={"word/_rels/a.rels": relations(("image", "http://a.example/b.png"), external=True).encode()}),
                         "text.docx-remote"),
    "a remote object": (docx(more={"word/_rels/a.rels": relations(("oleObject", "mhtml:http://a.example/!x"), external=True).encode()}),
                        "text.docx-remote"),
    "macros of another name": (docx(more={"word/_rels/document.xml.rels": relations(("vbaProject", "plain.bin")).encode()}),
                               "text.docx-active"),
    "blanks alone": (docx(WORD_BODY.replace("Sample &lt;1&gt;", " ").replace("Made", "").replace("up.", "\n")), "text.docx-wordless"),
    "no relations": (zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": WORD_BODY.encode()}), "text.not-docx"),
    "two main parts": (docx(more={"_rels/.rels": relations(("officeDocument", "word/document.xml"), ("officeDocument", "b.xml")).encode()}),
                       "text.not-docx"),
    "a main part that is not there": (docx(more={"_rels/.rels": relations(("officeDocument", "word/other.xml")).encode()}), "text.not-docx"),
    "a main part outside": (docx(more={"_rels/.rels": relations(("officeDocument", "../../word/document.xml")).encode()}), "text.not-docx"),
    "two parts of one name": (docx(more={"word\\document.xml": b"<x/>"}), "text.not-docx"),
    "a declaration in a header": (docx(more={"word/header1.xml": b"<!DOCTYPE x><x/>"}), "text.docx-active"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "kind"), REFUSED_DOCX.values(), ids=REFUSED_DOCX)
def test_a_word_document_that_does_more_is_refused(content: bytes, kind: ErrorCode) -> None:
    assert error_of("a.docx", content) == kind
