"""Small files of each kind, made by hand: images that are a header, PDFs, zips of XML."""

import zlib
from base64 import a85encode, b64encode
from collections.abc import Sequence
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile


def png(width: int, height: int) -> bytes:
    return (
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"
        + width.to_bytes(4, "big")
        + height.to_bytes(4, "big")
        + b"\x08\x06"
        + bytes(99)
    )


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + width.to_bytes(2, "little") + height.to_bytes(2, "little") + bytes(30)


def jpeg(width: int, height: int, before: int = 100) -> bytes:
    """With so many bytes of other segments before the size."""
    segments = b"".join(
        b"\xff\xe1" + (2 + length).to_bytes(2, "big") + b"\xff\xc0" * (length // 2) + bytes(length % 2)
        for length in [60_000] * (before // 60_000) + [before % 60_000]
    )
    frame = b"\xff\xc2\x00\x11\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big") + bytes(20)
    return b"\xff\xd8" + segments + frame


def webp(width: int, height: int, kind: str = "VP8X") -> bytes:
    head = b"RIFF" + bytes(4) + b"WEBP" + kind.encode() + bytes(4)
    if kind == "VP8X":
        return head + bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    if kind == "VP8L":
        return head + b"\x2f" + ((width - 1) | (height - 1) << 14).to_bytes(4, "little") + bytes(9)
    return head + b"\x10\x00\x00\x9d\x01\x2a" + width.to_bytes(2, "little") + height.to_bytes(2, "little")


def pdf(pages: Sequence[str], *, packed: bool = False, ascii85: bool = False, shared: bool = False) -> bytes:
    """One page for each text. `packed`: its objects are in a compressed stream; `shared`: one content for all pages."""
    objects: dict[int, bytes] = {1: b"<</Type/Catalog/Pages 2 0 R>>"}
    streams: dict[int, bytes] = {}
    kids = [10 + 2 * number for number in range(len(pages))]
    named = b" ".join(b"%d 0 R" % kid for kid in kids)
    objects[2] = b"<</Type /Pages /Kids [%b] /Count %d>>" % (named, len(pages))
    for kid, text in zip(kids, pages, strict=True):
        content = kids[0] + 1 if shared else kid + 1
        objects[kid] = b"<</Type /Page /Parent 2 0 R /Contents %d 0 R>>" % content
        if shared and kid != kids[0]:
            continue
        body = zlib.compress(b"BT /F1 12 Tf (" + text.encode("latin-1", "replace") + b") Tj ET")
        filters = b"/FlateDecode"
        if ascii85:
            body, filters = a85encode(body) + b"~>", b"[/ASCII85Decode /FlateDecode]"
        streams[kid + 1] = b"<</Length %d /Filter %b>>\nstream\n%b\nendstream" % (len(body), filters, body)
    found = b"%PDF-1.7\n"
    if packed:
        body = zlib.compress(b" ".join(objects.values()))
        streams[5] = b"<</Type /ObjStm /N %d /First 0 /Filter /FlateDecode>>\nstream\r\n%b\nendstream" % (
            len(objects),
            body,
        )
        objects = {}
    for number, value in {**objects, **streams}.items():
        found += b"%d 0 obj\n%b\nendobj\n" % (number, value)
    return found + b"trailer <</Root 1 0 R>>\n%%EOF\n"


def zipped(parts: dict[str, bytes]) -> bytes:
    target = BytesIO()
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def docx(text: str, **more: bytes) -> bytes:
    body = f"<w:document><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>".encode()
    return zipped(
        {
            "[Content_Types].xml": b"<Types/>",
            "word/document.xml": body,
            "word/styles.xml": b"<s/>" * 1000,
            **more,
        }
    )


def xlsx(strings: Sequence[str], cells: Sequence[int]) -> bytes:
    shared = "".join(f"<si><t>{text}</t></si>" for text in strings)
    sheet = "".join(f'<c r="A{n}" t="s"><v>{number}</v></c>' for n, number in enumerate(cells))
    return zipped(
        {
            "xl/sharedStrings.xml": f"<sst>{shared}</sst>".encode(),
            "xl/worksheets/sheet1.xml": f"<x>{sheet}</x>".encode(),
        }
    )


def block(kind: str, form: str, data: bytes) -> dict[str, object]:
    """A content block of Converse."""
    return {kind: {"format": form, "name": "a file", "source": {"bytes": b64encode(data).decode()}}}
