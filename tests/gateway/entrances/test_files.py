"""Files in OpenAI's formats, as Converse's documents and images."""

import base64

import pytest

from gateway.entrances.formats.files import file_block
from gateway.refusals import Refusal

TEXT = base64.b64encode("Grüße, a;b".encode()).decode()
PDF = base64.b64encode(b"%PDF-1.7 x").decode()
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("data", "filename", "kind", "name"),
    [
        (PDF, "reports/q3_2026.v2.pdf", "pdf", "q3_2026.v2"),
        (f"data:application/pdf;base64,{PDF}", None, "pdf", "Document 3"),
        (f"data:application/pdf;name=a.pdf;base64,{PDF[:8]}\n{PDF[8:]}", "", "pdf", "Document 3"),
        (PDF, None, "pdf", "Document 3"),
        (f"data:{WORD};base64,{PDF}", "C:\\letters\\to you", "docx", "to you"),
        (PDF, "table.XLSX", "xlsx", "table"),
        (f"data:application/octet-stream;base64,{PDF}", "old.doc", "doc", "old"),
    ],
)
def test_documents(data: str, filename: str | None, kind: str, name: str) -> None:
    document = file_block(data=data, filename=filename, where="input[0]", number=3).document
    assert document == {"format": kind, "name": name, "source": {"bytes": PDF}}


@pytest.mark.parametrize(
    ("data", "filename", "kind"),
    [
        (TEXT, "notes.txt", "txt"),
        (TEXT, "main.py", "txt"),
        (f"data:text/csv;base64,{TEXT}", "a", "csv"),
        (f"data:text/x-rust;charset=utf-8;base64,{TEXT}", None, "txt"),
        (f"data:application/json;base64,{TEXT}", "a.json", "txt"),
    ],
)
def test_texts_stay_texts(data: str, filename: str | None, kind: str) -> None:
    document = file_block(data=data, filename=filename, where="input[0]").document
    assert document is not None
    assert (document["format"], document["source"]) == (kind, {"text": "Grüße, a;b"})


@pytest.mark.parametrize(("data", "filename"), [(f"data:image/jpg;base64,{PDF}", None), (PDF, "scan.jpeg")])
def test_images(data: str, filename: str | None) -> None:
    block = file_block(data=data, filename=filename, where="input[0]")
    assert block.image == {"format": "jpeg", "source": {"bytes": PDF}}


@pytest.mark.parametrize(
    ("data", "filename", "words"),
    [
        (None, "a.pdf", "there is no store of files"),
        ("http://a/b.pdf", "b.pdf", "neither base64 nor a data: URL"),
        (f"data:application/zip;base64,{TEXT}", "a.zip", "a file of the type 'application/zip'"),
        (TEXT, "a.bin", "the file '.bin'"),
        (TEXT, None, "without a type and a name"),
        (base64.b64encode(b"\xff\xfe\x00").decode(), "a.txt", "not text in UTF-8"),
        ("====", "a.txt", "neither base64"),
    ],
)
def test_what_is_no_file_is_refused_by_its_place(data: str | None, filename: str | None, words: str) -> None:
    with pytest.raises(Refusal, match=words) as refused:
        file_block(data=data, filename=filename, where="input[0].content[1]")
    assert refused.value.param == "input[0].content[1]"
