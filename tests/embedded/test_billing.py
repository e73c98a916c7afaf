"""What media weigh in the simulator: pixels, pages and texts, within bounds of time and space."""

import random
import time
import zlib
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded.simulator.billing.documents import PAGE_TEXT, bill
from embedded.simulator.billing.images import UNREAD, image_tokens
from embedded.simulator.billing.pdf import pages_of
from embedded.simulator.converse import read_turn
from embedded.simulator.messages import read_messages_turn
from embedded.simulator.tokens import count
from tests.embedded.strict_bodies import (
    HAIKU,
    MODELS,
    NOVA,
    OPUS_4_8,
    anthropic,
    assistant,
    body,
    call,
    document,
    encoded,
    image,
    png,
    result,
    said_by,
    tools,
    user,
)
from tests.gateway.wire.media_files import docx, pdf, xlsx, zipped

PAGE = "The quick brown fox jumps over the lazy dog. " * 30
EARLIER, LATER = "anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic.claude-opus-4-8"


@pytest.mark.parametrize(
    ("model_id", "size", "expected"),
    [
        (EARLIER, (750, 1000), 1_000),
        (EARLIER, (1, 1), 1),
        (EARLIER, (8000, 8000), 1_600),
        (EARLIER, (8000, 100), 1_568 * 20 // 750),
        (LATER, (28, 28), 1),
        (LATER, (29, 28), 2),
        (LATER, (8000, 8000), 4_784),
        ("amazon.nova-pro-v1:0", (900, 450), 778),  # 800 by AWS
        ("amazon.nova-pro-v1:0", (900, 900), 1_357),  # 1,300
        ("amazon.nova-pro-v1:0", (1300, 1300), 2_614),  # 2,600
        ("meta.llama4-scout-17b-instruct-v1:0", (300, 300), 144),
        ("meta.llama4-scout-17b-instruct-v1:0", (5000, 5000), 17 * 144),
        ("google.gemma-3-27b-it", (5000, 5000), 256),
        ("openai.gpt-6-sol", (1024, 1024), 85 + 4 * 170),
        ("mistral.pixtral-large-2502-v1:0", (1024, 1024), 65 * 64),
        ("unheard.of", (10, 10), UNREAD),
        (EARLIER, (0, 0), UNREAD),
        ("google.gemma-3-27b-it", (0, 0), 256),
    ],
)
def test_tokens_of_images(model_id: str, size: tuple[int, int], expected: int) -> None:
    assert image_tokens(model_id, size) == expected


def billed(*blocks: dict[str, Any], model_id: str = HAIKU) -> int:
    """Beside a text."""
    model = MODELS.resolve(model_id)

    def tokens(given: dict[str, Any]) -> int:
        return read_turn(given, model=model, model_id=model_id, region="us-east-1").prompt.tokens()

    return tokens(body(user("x", *blocks))) - tokens(body(user("x")))


@pytest.mark.parametrize("packed", [False, True])
def test_pages_weigh_what_they_say(packed: bool) -> None:
    data = pdf([f"{number} {PAGE}" for number in range(7)], ascii85=packed)
    found = billed(document("r", data=data)) - count("<document r>\n")
    assert found == pytest.approx(7 * count(PAGE), rel=0.03)


@pytest.mark.parametrize(("model_id", "page"), [(HAIKU, 2_000), (OPUS_4_8, 4_784)])
def test_pages_are_seen_where_they_are_cited(model_id: str, page: int) -> None:
    data = pdf([PAGE] * 3)
    cited = billed(document(data=data, citations={"enabled": True}), model_id=model_id)
    assert cited - billed(document(data=data), model_id=model_id) == 3 * page


def test_pages_that_can_t_be_read_have_a_written_figure() -> None:
    unread = pdf([PAGE] * 4).replace(b"/FlateDecode", b"/LZWDecode")
    assert bill(unread, "pdf", EARLIER, seen=False).tokens == 4 * PAGE_TEXT
    for data in (b"%PDF", b"", pdf([PAGE]).replace(b"/Root", b"/Encrypt 9 0 R /Root")):
        assert bill(data, "pdf", EARLIER, seen=False).tokens == PAGE_TEXT


def test_a_page_that_is_named_often_is_as_many_pages_and_a_tree_that_is_a_circle_has_an_end() -> None:
    assert len(pages_of(pdf([PAGE, PAGE]).replace(b"12 0 R]", b"10 0 R]"))) == 2
    assert pages_of(pdf([PAGE]).replace(b"/Kids [10 0 R]", b"/Kids [ 2 0 R]")) == []


def test_written_documents_are_their_text() -> None:
    name = count("<document r>\n")
    for kind in ("txt", "md", "csv", "html"):
        assert billed(document("r", kind, PAGE.encode())) == pytest.approx(name + count(PAGE), abs=3)
    assert billed(document("r", "docx", docx(PAGE))) == pytest.approx(name + count(PAGE), abs=3)
    table = xlsx([PAGE, "b"], [0] * 20)
    assert billed(document("r", "xlsx", table)) == pytest.approx(20 * count(PAGE), rel=0.05)
    inside = {"document": {"name": "r", "source": {"content": [{"text": PAGE}, {"text": PAGE}]}}}
    assert billed(inside) == pytest.approx(2 * count(PAGE), rel=0.02)


def test_a_document_is_read_where_it_says_it_begins() -> None:
    relations = b'<Relationships><Relationship Id="a" Type="http://x/officeDocument" Target="other/text.xml"/></Relationships>'
    parts = {
        "_rels/.rels": relations,
        "word/document.xml": b"<t/>",
        "other/text.xml": f"<t>{PAGE}</t>".encode(),
    }
    assert PAGE.strip() in bill(zipped(parts), "docx", EARLIER, seen=False).text


def test_media_in_results_count_in_both_bodies() -> None:
    asked = ("x", assistant(call()))
    picture = png(750, 1000)

    def tokens(*parts: Any) -> int:
        given = body(*asked, user(result("one", "found", *parts)), toolConfig=tools())
        return read_turn(
            given, model=MODELS.resolve(HAIKU), model_id=HAIKU, region="us-east-1"
        ).prompt.tokens()

    assert tokens(image(picture)) - tokens() == 1_000
    source = {"type": "base64", "media_type": "image/png", "data": encoded(picture)}
    found = []
    for content in ([], [{"type": "image", "source": source}]):
        use = {"type": "tool_use", "id": "one", "name": "look", "input": {}}
        given = anthropic(
            "x",
            said_by("assistant", use),
            said_by("user", {"type": "tool_result", "tool_use_id": "one", "content": content}),
        )
        turn = read_messages_turn(given, model=MODELS.resolve(HAIKU), model_id=HAIKU, region="us-east-1")
        found.append(turn.prompt.tokens())
    assert found[1] - found[0] == 1_000


def test_a_recording_is_not_read_as_text() -> None:
    video = {"video": {"format": "mp4", "source": {"bytes": b64encode(bytes(200_000)).decode()}}}
    assert billed(video, model_id=NOVA) == 2_880


def test_another_file_is_another_beginning_of_a_prompt() -> None:
    def digest(data: bytes) -> bytes:
        turn = read_turn(
            body(user("x", image(data))), model=MODELS.resolve(HAIKU), model_id=HAIKU, region="us-east-1"
        )
        return turn.prompt.digest("")

    assert digest(png(9, 9)) == digest(png(9, 9)) != digest(png(9, 9) + b"?")


def packed(*pages: str) -> bytes:
    """Objects in a stream of objects, as today's writers have them."""
    kids = [10 + 2 * number for number in range(len(pages))]
    objects = {1: b"<</Type/Catalog/Pages 2 0 R>>"}
    objects[2] = b"<</Type/Pages/Kids[%b]/Count %d>>" % (
        b" ".join(b"%d 0 R" % kid for kid in kids),
        len(pages),
    )
    objects |= {kid: b"<</Type/Page/Parent 2 0 R/Contents %d 0 R>>" % (kid + 1) for kid in kids}
    places, at = b"", 0
    for number, value in objects.items():
        places += b"%d %d " % (number, at)
        at += len(value) + 1
    body = zlib.compress(places + b" ".join(objects.values()))
    head = b"<</Type/ObjStm/N %d/First %d/Filter/FlateDecode/Length %d>>"
    found = b"%PDF-1.7\n5 0 obj\n" + head % (len(objects), len(places), len(body))
    found += b"\nstream\n" + body + b"\nendstream\nendobj\n"
    for kid, text in zip(kids, pages, strict=True):
        found += b"%d 0 obj\n<<>>\nstream\nBT (%b) Tj ET\nendstream\nendobj\n" % (kid + 1, text.encode())
    return found + b"%%EOF"


def test_objects_in_a_stream_are_found() -> None:
    pages = pages_of(packed(PAGE, "two"))
    assert [page.text.text if page.text else None for page in pages] == [PAGE.strip(), "two"]


@given(
    st.integers(0, 1_000),
    st.binary(max_size=6),
    st.sampled_from(["in a stream", "badly packed", "plain", "docx", "xlsx"]),
)
def test_a_damaged_file_is_billed_all_the_same(place: int, damage: bytes, kind: str) -> None:
    files = {
        "in a stream": packed(PAGE, "two"), "badly packed": pdf([PAGE], packed=True), "plain": pdf([PAGE, PAGE]),
        "docx": docx(PAGE), "xlsx": xlsx([PAGE], [0]),
    }  # fmt: skip
    data = files[kind]
    place %= len(data)
    damaged = data[:place] + damage + data[place + len(damage) :]
    assert bill(damaged, kind if kind in ("docx", "xlsx") else "pdf", EARLIER, seen=True).tokens >= 0
    assert bill(data, kind if kind in ("docx", "xlsx") else "pdf", EARLIER, seen=True).tokens >= 0


def drawn_by_forms() -> bytes:
    """Forms that draw forms, a thousand times each, seven deep."""
    found = b"%PDF 1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Kids[3 0 R]>>endobj "
    found += b"3 0 obj<</Type/Page/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>> >>endobj 4 0 obj<<>>stream\n/F Do\nendstream endobj "
    for number in range(5, 12):
        head = b"%d 0 obj<</Subtype/Form/Resources<</XObject<</F %d 0 R>>>> >>" % (number, number + 1)
        found += head + b"stream\n" + b"/F Do\n" * 1_000 + b"(a) Tj\nendstream endobj "
    return found


HOSTILE = {
    "forms": drawn_by_forms(),
    "bomb": pdf(["a" * 60_000_000], shared=True),
    "many bombs": pdf(["a" * 6_000_000] * 8),
    "parentheses": b"%PDF " + b"(" * 3_000_000,
    "streams": b"stream\n" * 500_000,
    "objects": b"1 0 obj\n" * 500_000,
    "digits": b"1" * 4_000_000,
    "kids": b"1 0 obj<</Type/Catalog/Pages 1 0 R/Kids [" + b"1 0 R " * 600_000 + b"]>>endobj",
    "kids unclosed": b"1 0 obj<</Type/Catalog/Pages 1 0 R " + b"/Kids [" * 500_000,
    "noise": b"%PDF" + random.Random(1).randbytes(4_000_000),
    "text of parentheses": pdf(["(a" * 1_000_000]),
    "names": pdf(["/a" * 1_000_000]),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pdfs_take_little_time(name: str) -> None:
    begun = time.process_time()
    bill(HOSTILE[name], "pdf", EARLIER, seen=True)
    assert time.process_time() - begun < 4


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("docx", docx("a" * 60_000_000)),
        ("docx", docx("<w:t>" * 2_000_000)),
        ("docx", docx("<" * 4_000_000)),
        ("xlsx", xlsx(["x" * 30_000], [0] * 5_000)),
        ("xlsx", zipped({"xl/worksheets/sheet1.xml": b"<c>" * 2_000_000})),
        ("xlsx", zipped({"xl/sharedStrings.xml": b"<si>" * 2_000_000})),
        ("docx", zipped({f"word/header{number}.xml": b"" for number in range(6000)})),
        ("docx", docx(PAGE)[:-20]),
    ],
    ids=["bomb", "tags", "open tags", "shared text", "open cells", "open texts", "parts", "cut"],
)
def test_hostile_office_documents_take_little_time(kind: str, data: bytes) -> None:
    begun = time.process_time()
    bill(data, kind, EARLIER, seen=False)
    assert time.process_time() - begun < 4


@given(st.binary(max_size=2000), st.sampled_from(["pdf", "docx", "xlsx", "doc", "xls", "txt", "csv"]))
def test_no_bytes_are_too_strange(data: bytes, kind: str) -> None:
    for each in (
        data,
        b"%PDF-1.7 1 0 obj<</Type/Catalog/Pages 1 0 R" + data,
        zipped({"word/document.xml": data}),
    ):
        assert bill(each, kind, EARLIER, seen=True).tokens >= 0
