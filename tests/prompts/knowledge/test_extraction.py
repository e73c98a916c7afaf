"""Documents of every kind, good and bad, in a child process with limits."""

import io
import zipfile
from base64 import b64decode

import docx
import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from prompts.knowledge.policy.blocks import BlockKind, TextBlock
from prompts.knowledge.services.extraction import (
    DocumentError,
    ExtractionLimits,
    check_size,
    extract,
    media_type_of,
)
from prompts.knowledge.services.extraction.problems import BOMB

LIMITS = ExtractionLimits(bytes=25_000_000, memory_mb=1024, seconds=20, characters=1_000_000)
PIXEL = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def read(name: str, content: bytes, limits: ExtractionLimits = LIMITS) -> list[TextBlock]:
    return extract(content, media_type_of(name, content), limits)


def pdf(*pages: str, password: str = "", owner: str = "") -> bytes:
    writer = PdfWriter()
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    for text in pages:
        page = writer.add_blank_page(300, 300)
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 20 200 Td ({text}) Tj ET".encode() if text else b"")
        page[NameObject("/Contents")] = stream
    if password or owner:
        writer.encrypt(password, owner or password, algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def word() -> bytes:
    document = docx.Document()
    document.add_heading("Handbook", 1)
    document.add_paragraph("Thirty days a year.")
    document.add_paragraph("first", style="List Bullet")
    document.add_paragraph("second", style="List Bullet")
    table = document.add_table(2, 2)
    for number, cell in enumerate(cell for row in table.rows for cell in row.cells):
        cell.text = f"cell {number}"
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def zipped(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return out.getvalue()


def test_text():
    assert read("a.txt", "One\nline.\n\n- a\n- b\n\nLast ü".encode()) == [
        TextBlock(BlockKind.PARAGRAPH, "One line."),
        TextBlock(BlockKind.LIST, "- a\n- b"),
        TextBlock(BlockKind.PARAGRAPH, "Last ü"),
    ]
    assert read("a.txt", "Grüße".encode("cp1252")) == read("a.txt", "Grüße".encode("utf-16"))


def test_markdown():
    text = "---\ntitle: x\n---\n# A *b*\n\npara `x` [link](http://example.com)\n\n> quote\n\n- a\n  - b\n\n| h | i |\n|---|---|\n| 1 | 2 |\n\n```\ncode\n```\n<div><p>raw</p><script>bad()</script></div>\n"
    assert read("a.md", text.encode()) == [
        TextBlock(BlockKind.HEADING, "A b", 1),
        TextBlock(BlockKind.PARAGRAPH, "para x link"),
        TextBlock(BlockKind.PARAGRAPH, "quote"),
        TextBlock(BlockKind.LIST, "- a\n  - b"),
        TextBlock(BlockKind.TABLE, "h | i\n1 | 2"),
        TextBlock(BlockKind.CODE, "code"),
        TextBlock(BlockKind.PARAGRAPH, "raw"),
    ]


def test_html():
    text = """<html><head><title>T</title><style>x{}</style></head><body><nav>menu</nav><h1>A <b>b</b></h1>
    <div>loose <i>text</i><p>para</p>more</div><ul><li>a<ul><li>b</li></ul></li></ul><script>bad()</script>
    <table><tr><th>h</th><th>i</th></tr><tr><td>1</td><td>2</td></tr></table><pre>x\n y</pre><p hidden>unseen</p></body></html>"""
    assert read("a.html", text.encode()) == [
        TextBlock(BlockKind.HEADING, "A b", 1),
        TextBlock(BlockKind.PARAGRAPH, "loose text"),
        TextBlock(BlockKind.PARAGRAPH, "para"),
        TextBlock(BlockKind.PARAGRAPH, "more"),
        TextBlock(BlockKind.LIST, "- a\n- b"),
        TextBlock(BlockKind.TABLE, "h | i\n1 | 2"),
        TextBlock(BlockKind.CODE, "x\n y"),
    ]


def test_html_nested_deeper_than_any_stack():
    assert read("a.html", b"<div>" * 10_000 + b"deep") == [TextBlock(BlockKind.PARAGRAPH, "deep")]


def test_pdf_by_pages():
    assert read("a.pdf", pdf("First page.", "Second page.")) == [
        TextBlock(BlockKind.HEADING, "Page 1", 1),
        TextBlock(BlockKind.PARAGRAPH, "First page."),
        TextBlock(BlockKind.HEADING, "Page 2", 1),
        TextBlock(BlockKind.PARAGRAPH, "Second page."),
    ]
    assert read("a.pdf", pdf("Open to read.", owner="owner"))[1].text == "Open to read."


def test_word():
    assert read("a.docx", word()) == [
        TextBlock(BlockKind.HEADING, "Handbook", 1),
        TextBlock(BlockKind.PARAGRAPH, "Thirty days a year."),
        TextBlock(BlockKind.LIST, "- first\n- second"),
        TextBlock(BlockKind.TABLE, "cell 0 | cell 1\ncell 2 | cell 3"),
    ]


def pdf_bomb() -> bytes:
    """A page whose content inflates to 300 MB."""
    reader = PdfReader(io.BytesIO(pdf("x")))
    writer = PdfWriter(clone_from=reader)
    stream = DecodedStreamObject()
    stream.set_data(b"0 0 m " * 50_000_000)
    writer.pages[0][NameObject("/Contents")] = stream.flate_encode()
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def lying_zip() -> bytes:
    """A document that declares a small size for a large part."""
    content = zipped(word__document_xml=b" " * 50_000_000)
    return content.replace((50_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))


def encrypted_zip() -> bytes:
    content = bytearray(zipped(word__document_xml=b"<x/>"))
    content[6] |= 1
    central = content.index(b"PK\x01\x02")
    content[central + 8] |= 1
    return bytes(content)


BAD = {
    "empty text": ("a.txt", lambda: b" \n\n ", "no text"),
    "a picture named text": ("a.txt", lambda: PIXEL, "is not a text document"),
    "a picture": ("a.png", lambda: PIXEL, "Documents of this kind"),
    "a pdf named text": ("a.txt", lambda: pdf("x"), "right ending"),
    "text named pdf": ("a.pdf", lambda: b"hello", "right ending"),
    "an archive": ("a.zip", lambda: zipped(a=b"x"), "archive"),
    "an archive named word": ("a.docx", lambda: zipped(a=b"x"), "archive"),
    "old word": ("a.doc", lambda: b"\xd0\xcf\x11\xe0" + b"x" * 600, "old Word"),
    "encrypted word": ("a.docx", lambda: b"\xd0\xcf\x11\xe0" + b"x" * 600, "password"),
    "encrypted zip": ("a.docx", encrypted_zip, "password"),
    "zip bomb": ("a.docx", lambda: zipped(word__document_xml=b" " * 50_000_000), "unpacks"),
    "lying zip bomb": ("a.docx", lying_zip, "damaged"),
    "broken word": ("a.docx", lambda: word()[:-3000], "damaged"),
    "broken xml": ("a.docx", lambda: zipped(word__document_xml=b"<x"), "damaged"),
    "encrypted pdf": ("a.pdf", lambda: pdf("x", password="secret"), "password"),
    "scanned pdf": ("a.pdf", lambda: pdf("", ""), "OCR"),
    "broken pdf": ("a.pdf", lambda: b"%PDF-1.7\nnothing", "damaged"),
    "pdf bomb": ("a.pdf", pdf_bomb, "unpacks"),
    "too much text": ("a.txt", lambda: b"word " * 300_000, "too much text"),
    "binary": ("a.md", lambda: b"abc\x00def", "is not a text document"),
}


@pytest.mark.parametrize(("name", "make", "problem"), BAD.values(), ids=BAD.keys())
def test_what_can_t_be_used_says_what_to_do(name, make, problem):
    with pytest.raises(DocumentError, match=problem):
        read(name, make())


def test_sizes_are_bounded(settings):
    with pytest.raises(DocumentError, match="no text"):
        check_size(0)
    with pytest.raises(DocumentError, match="larger than 25 MB"):
        check_size(300 * 1024 * 1024)


def test_the_child_has_little_memory_and_little_time():
    big = b"# " + b"word " * 1_000_000
    with pytest.raises(DocumentError, match="memory"):
        extract(big, "text/markdown", ExtractionLimits(bytes=0, memory_mb=60, seconds=20, characters=10**9))
    slow = b"<table>" + b"<tr>" * 30_000 + b"<td>x" * 200_000
    with pytest.raises(DocumentError, match="longer than is allowed"):
        extract(slow * 5, "text/html", ExtractionLimits(bytes=0, memory_mb=2048, seconds=1, characters=10**9))


def test_the_child_knows_no_secrets(monkeypatch, tmp_path):
    """A module of the child's that writes its environment in the place of blocks."""
    monkeypatch.setenv("GATEHOUSE_MASTER_KEY", "secret")
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys, prompts.knowledge.services.extraction.plain as plain\n"
        "from prompts.knowledge.policy.blocks import BlockKind, TextBlock\n"
        "plain.extract = lambda content: [TextBlock(BlockKind.PARAGRAPH, ' '.join(os.environ))]\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    [block] = read("a.txt", b"hello")
    assert set(block.text.split()) <= {"PYTHONPATH", "PATH", "LANG", "LC_CTYPE"}


def test_problems_are_for_people():
    assert BOMB.endswith(".")
