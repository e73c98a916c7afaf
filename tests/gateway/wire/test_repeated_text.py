"""A file may show one text many times, or have it read where it isn't looked for: its hold is never for less than that."""

import time
import zlib
from collections.abc import Callable

import pytest

from gateway.wire.media import UNBOUNDED, vision_of, weigh_document
from tests.gateway.wire.media_files import block, xlsx, zipped

HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0"
TEXT = b"The quick brown fox jumps over the lazy dog, and sleeps. " * 20
SHOWN = b"BT (" + TEXT + b") Tj ET"
TIMES = 300
PAGE = b"<</Type /Page /Parent 2 0 R /Contents 4 0 R /Resources <</XObject <</Fm0 5 0 R>>>>>>"
FORM = b"/Type /XObject /Subtype /Form"


def held(form: str, data: bytes) -> int:
    (document,) = block("document", form, data).values()
    weight = weigh_document(document, vision_of(HAIKU))
    assert weight.expected <= max(weight.most, 1)
    return weight.most


def stream(content: bytes, header: bytes = b"") -> bytes:
    packed = zlib.compress(content)
    return b"<<%b /Filter /FlateDecode /Length %d>>\nstream\n%b\nendstream" % (header, len(packed), packed)


def file(*objects: bytes, page: bytes = PAGE) -> bytes:
    """One page; its objects begin at the fourth, which is the page's content."""
    first = (b"<</Type /Catalog /Pages 2 0 R>>", b"<</Type /Pages /Kids [3 0 R] /Count 1>>", page)
    found = b"%PDF-1.7\n"
    for number, each in enumerate((*first, *objects), 1):
        found += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    return found + b"trailer <</Root 1 0 R>>\n%%EOF\n"


DRAWING = stream(b"/Fm0 Do " * TIMES)
MANY = b" ".join([b"4 0 R"] * TIMES)
CMAP = b"1 begincodespacerange <00> <ff> endcodespacerange 1 beginbfchar <41> <%b> endbfchar" % (b"0061" * 40)
REPEATED = {
    "a form": lambda: file(DRAWING, stream(SHOWN, FORM)),
    "a form of an escaped name": lambda: file(stream(b"/F#6d0 Do " * TIMES), stream(SHOWN, FORM)),
    "a form that is named with a comment between": lambda: file(
        DRAWING, stream(SHOWN, FORM), page=PAGE.replace(b"5 0 R", b"5%x\n0 R")
    ),
    "a form that is written with an escape": lambda: file(DRAWING, stream(SHOWN, b"/Subtype /F#6frm")),
    "a form in a form": lambda: file(
        stream(b"/Fm0 Do " * 20),
        stream(b"/Fm1 Do " * 20, FORM + b"/Resources <</XObject <</Fm1 6 0 R>>>>"),
        stream(SHOWN, FORM),
    ),
    "a form that draws itself": lambda: file(DRAWING, stream(SHOWN + b" /Fm0 Do", FORM)),
    "a pattern": lambda: file(stream(b"/Fm0 scn 0 0 9 9 re f " * TIMES), stream(SHOWN, b"/PatternType 1")),
    "contents": lambda: file(stream(SHOWN), page=b"<</Type /Page /Contents [%b]>>" % MANY),
    "contents elsewhere": lambda: file(stream(SHOWN), b"[%b]" % MANY, page=b"<</Type /Page /Contents 5 0 R>>"),
    "contents among others": lambda: file(stream(SHOWN), page=b"<</Type /Page /Contents [%b null]>>" % MANY),
    "a content that is said to be a picture": lambda: file(stream(SHOWN * TIMES, b"/Subtype /Image")),
    "a content that is said to be a font": lambda: file(stream(SHOWN * TIMES, b"/Length1 9")),
    "annotations": lambda: file(
        stream(b""), stream(SHOWN, FORM), b"<</Subtype /Stamp /AP <</N 5 0 R>>>>",
        page=b"<</Type /Page /Contents 4 0 R /Annots [%b]>>" % b" ".join([b"6 0 R"] * TIMES),
    ),
    "annotations of many states": lambda: file(
        stream(b""), stream(SHOWN, FORM), b"<</On 5 0 R>>", b"<</Subtype /Widget /AP <</N 6 0 R>>>>",
        page=b"<</Type /Page /Contents 4 0 R /Annots [%b]>>" % b" ".join([b"7 0 R"] * TIMES),
    ),
    "spoken text": lambda: file(
        stream(b"/Span /Fm0 BDC (a) Tj EMC " * TIMES), b"<</ActualText (%b)>>" % TEXT
    ),
    "letters of one glyph": lambda: file(stream(b"BT (" + b"A" * 9000 + b") Tj ET"), stream(CMAP)),
    "letters of a glyph by its name": lambda: file(
        stream(b"BT (" + b"A" * 9000 + b") Tj ET"), b"<</Differences [65 /uni%b]>>" % (b"0061" * 40)
    ),
    "a glyph that is text": lambda: file(stream(b"(AAAA) Tj"), stream(b"9 0 d0 " + SHOWN)),
    "a string with the end of a stream in it": lambda: file(
        b"<</Length %d>>\nstream\n(endstream endobj %b) Tj\nendstream" % (len(TEXT) * TIMES + 22, TEXT * TIMES)
    ),
    "an object in a stream": lambda: file(b"<<>>\nstream\n9 0 obj <<>> endobj\nendstream"),
    "a drawing behind a comment": lambda: file(
        stream(b"%(\n" + b"/Fm0 Do " * TIMES + b"\n%)\n"), stream(SHOWN, FORM)
    ),
    "a form that is none": lambda: file(DRAWING, stream(SHOWN, b"/Subtype /New")),
    "a form that is said to be a font": lambda: file(DRAWING, stream(SHOWN, b"/Length1 9")),
    "a string in a string": lambda: file(stream(b"BT (a\\\\(b)" + TEXT * TIMES + b") Tj ET")),
    "digits that are none": lambda: file(stream(b"BT <zz" + b"41" * len(TEXT) * TIMES + b"> Tj ET")),
    "pages of no type": lambda: file(
        stream(SHOWN * TIMES), b"<</Contents 4 0 R>>", page=b"<</Type /Page /Contents 4 0 R>>"
    ),
    "pages that a list names twice": lambda: file(
        stream(SHOWN), b"<</Type /Pages /Kids 6 0 R>>", b"[3 0 R 3 0 R]"
    ),
    "pages that two nodes name": lambda: file(stream(SHOWN), b"<</Type /Pages /Kids [3 0 R]>>"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REPEATED)
def test_pdfs(kind: str) -> None:
    shown = 2 if kind.startswith("pages") else TIMES
    assert held("pdf", REPEATED[kind]()) > len(TEXT) * shown


def test_what_is_shown_once_costs_no_more_than_before() -> None:
    usual = 3_000 + 2_500
    picture = stream(b"", b"/Subtype /Image")
    assert held("pdf", file(stream(SHOWN))) == usual
    assert held("pdf", file(stream(b"/Fm0 Do " * TIMES), picture)) == usual
    assert held("pdf", file(stream(b"/Fm0 Do"), stream(SHOWN, FORM))) == usual
    ligatures = CMAP.replace(b"0061" * 40, b"006600660069")
    assert held("pdf", file(stream(SHOWN), stream(ligatures))) == usual


LONG = "one long text of a part " * 400
KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"


def docx(target: str, part: str, *, kind: str = "officeDocument", text: str = f"<t>{LONG}</t>") -> bytes:
    relations = f"<Relationships><Relationship Type='{KIND}{kind}' Id='a' Target='{target}'/></Relationships>"
    parts = {"_rels/.rels": relations, "word/document.xml": "<t/>", part: text}
    return zipped({name: each.encode() for name, each in parts.items()})


OFFICE: dict[str, bytes] = {
    "elsewhere": docx("/text/main.xml", "text/main.xml"),
    "of another ending": docx("text/main.bin", "text/main.bin"),
    "in other letters": docx("TEXT/Main.bin", "text/main.BIN"),
    "escaped": docx("a%20b&#46;bin", "a b.bin"),
    "among pictures": docx("word/media/a.png", "word/media/a.png"),
    "as styles": docx("word/styles.xml", "word/styles.xml"),
    "whole": docx("word/a.html", "word/a.html", kind="aFChunk"),
    "not parsed": docx("word/document.xml", "word/b.xml", text=f"<t><![CDATA[{LONG}]]></t>"),
    "named": docx("a.xml", "a.xml", text=f"<!DOCTYPE a [<!ENTITY b '{LONG}'>]><t>&b;</t>"),
}  # fmt: skip


@pytest.mark.parametrize("kind", OFFICE)
def test_parts_wherever_they_are(kind: str) -> None:
    (document,) = block("document", "docx", OFFICE[kind]).values()
    weight = weigh_document(document, vision_of(HAIKU))
    assert weight.most >= UNBOUNDED or len(weight.text) >= len(LONG)


@pytest.mark.parametrize(
    "change",
    [lambda text: text.replace("<", "<x:").replace("<x:/", "</x:"), lambda text: text.replace('"', "'")],
)
def test_cells_in_other_words(change: Callable[[str], str]) -> None:
    strings = change(f'<sst count="1"><si><t>{LONG}</t></si></sst>')
    sheet = change("<x>" + '<c t="s"><v>0</v></c>' * 50 + "</x>")
    (document,) = block(
        "document", "xlsx", zipped({"xl/a.xml": strings.encode(), "xl/b.xml": sheet.encode()})
    ).values()
    weight = weigh_document(document, vision_of(HAIKU))
    assert len(weight.text) * weight.times >= 50 * len(LONG)


def test_a_sheet_that_is_named_twice_is_held_for_the_window() -> None:
    book = b'<workbook><sheets><sheet name="a" r:id="b"/><sheet name="c" r:id="b"/></sheets></workbook>'
    assert held("xlsx", zipped({"xl/workbook.xml": book, "xl/worksheets/sheet1.xml": b"<x/>"})) >= UNBOUNDED
    assert held("xlsx", xlsx(["a"], [0])) < UNBOUNDED


MEGABYTES = 3_000_000
HOSTILE = {
    "lists": ("pdf", file(b"/Kids[" * (MEGABYTES // 6))),
    "differences": ("pdf", file(b"/Differences[" * (MEGABYTES // 13))),
    "comments": ("pdf", file(b"/a%" * (MEGABYTES // 3))),
    "contents": ("pdf", file(b"/Contents[" * (MEGABYTES // 10))),
    "appearances": ("pdf", file(b"/AP<<" * (MEGABYTES // 5))),
    "names": ("pdf", file(b"/" * MEGABYTES)),
    "references": ("pdf", file(b"/a 1 0 R " * (MEGABYTES // 9))),
    "ranges": ("pdf", file(stream(b"1 beginbfrange " + b"<00> <ff> <00410042> " * 100_000 + b"endbfrange"))),
    "comments of a page": ("pdf", file(stream(b"/a%" * (MEGABYTES // 3) + b"Do Tj"))),
    "maps": ("pdf", file(stream(b"beginbf" * (MEGABYTES // 7)))),
    "spoken": ("pdf", file(b"/ActualText(" * (MEGABYTES // 12))),
    "glyphs": ("pdf", file(stream(b"9 0 d0 (a) Tj" + b" BI" * (MEGABYTES // 3)))),
    "objects": ("pdf", file(*[b"<</AP <</N 9 0 R>>>>"] * 60_000)),
    "a chain": ("pdf", file(DRAWING, *[
        stream(b"/Fm0 Do " * 40, FORM + b"/Resources <</XObject <</Fm0 %d 0 R>>>>" % (number + 1))
        for number in range(5, 3000)
    ])),
    "many forms of one name": ("pdf", file(
        stream(b"/Fm0 Do"), b"/Fm0 %d 0 R " * 4000 % tuple(range(6, 4006)), *[stream(b"/Fm0 Do", FORM)] * 4000
    )),
    "tags": ("docx", zipped({"word/document.xml": b"<" * MEGABYTES})),
    "strings": ("xlsx", zipped({"xl/sharedStrings.xml": b"<sst>" + b"<si>" * (MEGABYTES // 4)})),
    "cells": ("xlsx", zipped({"xl/a.xml": b"<sst></sst><c " + b't="s" ' * (MEGABYTES // 6)})),
    "relations": ("docx", zipped({"_rels/.rels": b"<Relationship Type='" + b"a" * MEGABYTES + b">"})),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_files_take_little_time(kind: str) -> None:
    form, data = HOSTILE[kind]
    begun = time.process_time()
    held(form, data)
    assert time.process_time() - begun < 2
