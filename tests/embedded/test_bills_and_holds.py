"""What the gateway holds for a prompt is never below what the simulator bills, which counts by code of its own."""

from io import BytesIO
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject

from embedded.simulator.converse import read_turn
from gateway.catalogue.services.catalog import read_catalog
from gateway.conversation import Conversation
from gateway.wire.tokens import Estimator
from tests.embedded.strict_bodies import HAIKU, MODELS, NOVA, OPUS_4_8, body, document, image, user
from tests.gateway.wire.media_files import docx, jpeg, pdf, png, webp, xlsx, zipped

PROSE = "The quick brown fox jumps over the lazy dog, and the dog sleeps on. " * 12
SEEING = sorted(
    each.model_id for each in read_catalog().models if each.kind == "text" and each.supports_images
)
UNHURRIED = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


def billed_and_held(*blocks: dict[str, Any], model_id: str = HAIKU) -> tuple[int, int]:
    asked = body(user("What is this?", *blocks))
    model = MODELS.resolve(model_id)
    turn = read_turn(asked, model=model, model_id=model_id, region="us-east-1")
    conversation = msgspec.convert(asked, Conversation)
    family = model.model_id.partition(".")[0]
    held = Estimator().estimate(conversation, family=family, model_id=model.model_id).upper_bound
    return turn.prompt.tokens(), held


def picture(width: int, height: int, kind: str = "png", **more: Any) -> bytes:
    target = BytesIO()
    Image.new("RGB", (width, height), (200, 30, 60)).save(target, kind, **more)
    return target.getvalue()


def written(*pages: bytes, **more: Any) -> bytes:
    """A PDF by pypdf, with one content for each page."""
    writer = PdfWriter()
    for content in pages:
        page = writer.add_blank_page(612, 792)
        stream = DecodedStreamObject()
        stream.set_data(content)
        page[NameObject("/Contents")] = writer._add_object(stream.flate_encode())
        for name, value in more.items():
            page[NameObject(f"/{name}")] = value(writer)
    target = BytesIO()
    writer.write(target)
    return target.getvalue()


def shown(text: str) -> bytes:
    return b"BT /F1 12 Tf 72 720 Td (" + text.encode() + b") Tj ET"


# --- images ---


@pytest.mark.parametrize("model_id", SEEING)
@pytest.mark.parametrize(
    "size", [(1, 1), (28, 29), (300, 1000), (1000, 300), (1568, 1568), (2576, 1449), (3000, 2900)]
)
def test_pictures_of_every_model(model_id: str, size: tuple[int, int]) -> None:
    billed, held = billed_and_held(image(picture(*size)), model_id=model_id)
    assert billed <= held


@pytest.mark.parametrize(
    "data",
    [picture(800, 600, "jpeg", progressive=True), picture(800, 600, "webp"), picture(800, 600, "webp", lossless=True),
     picture(800, 600, "gif"), picture(800, 600, "jpeg", exif=Image.Exif().tobytes())],
    ids=["progressive", "webp", "lossless", "gif", "exif"],
)  # fmt: skip
def test_the_size_of_a_real_file_is_read(data: bytes) -> None:
    kind = str(Image.open(BytesIO(data)).format).lower()
    billed, held = billed_and_held(image(data, kind))
    assert 640 <= billed - billed_and_held()[0] <= 641
    assert billed <= held


@UNHURRIED
@given(
    st.integers(1, 8000), st.integers(1, 8000), st.integers(1, 5), st.sampled_from(SEEING),
    st.sampled_from([("png", png), ("jpeg", jpeg), ("webp", webp)]),
)  # fmt: skip
def test_any_size(width: int, height: int, number: int, model_id: str, made: Any) -> None:
    kind, make = made
    billed, held = billed_and_held(*[image(make(width, height), kind)] * number, model_id=model_id)
    assert billed <= held


@pytest.mark.parametrize("model_id", SEEING)
def test_a_picture_whose_size_can_t_be_read(model_id: str) -> None:
    billed, held = billed_and_held(image(b"\xff\xd8\xff\xe0" + bytes(50), "jpeg"), model_id=model_id)
    assert billed <= held


# --- documents ---


def decoy() -> bytes:
    """A document that begins elsewhere than documents do."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    relations = f'<Relationships><Relationship Id="a" Type="{kind}" Target="text/main.xml"/></Relationships>'
    main = f"<t>{PROSE * 20}</t>"
    parts = {"_rels/.rels": relations, "word/document.xml": "<t/>", "text/main.xml": main}
    return zipped({name: text.encode() for name, text in parts.items()})


def form(times: int, text: str) -> bytes:
    """A page that draws one form over and over."""

    def resources(writer: PdfWriter) -> DictionaryObject:
        drawn = DecodedStreamObject()
        drawn.set_data(shown(text))
        drawn.update(
            {NameObject("/Type"): NameObject("/XObject"), NameObject("/Subtype"): NameObject("/Form")}
        )
        named = DictionaryObject({NameObject("/Fm0"): writer._add_object(drawn)})
        return DictionaryObject({NameObject("/XObject"): named})

    return written(b"/Fm0 Do\n" * times, Resources=resources)


def repeated(times: int, text: str) -> bytes:
    """A page whose contents name one stream over and over."""

    def contents(writer: PdfWriter) -> ArrayObject:
        stream = DecodedStreamObject()
        stream.set_data(shown(text))
        return ArrayObject([writer._add_object(stream)] * times)

    return written(b"", Contents=contents)


PDFS = {
    "blank": written(b"", b""),
    "prose": written(*[shown(PROSE)] * 5),
    "dense": written(shown(PROSE * 20)),
    "digits": written(shown("0123456789" * 900)),
    "marks": written(shown("#!%&/=?{}[]$" * 700)),
    "letter by letter": written(b"BT " + b"".join(b"(%c) Tj 5 0 Td " % each for each in PROSE.encode()) + b"ET"),
    "an array": written(b"BT [" + b"(The quick) -250 (brown fox) 20 " * 400 + b"] TJ ET"),
    "glyphs": written(b"BT <" + b"004100420043" * 2000 + b"> Tj ET"),
    "scanned": picture(1200, 1600, "pdf"),
    "one content for all pages": pdf([PROSE] * 50, shared=True),
    "packed": pdf([PROSE] * 20, packed=False, ascii85=True),
    "encrypted": pdf([PROSE]).replace(b"/Root", b"/Encrypt 9 0 R /Root"),
    "named twice": pdf([PROSE, PROSE]).replace(b"12 0 R]", b"10 0 R]"),
    "no pdf": b"%PDF-1.4",
    "a form drawn often": form(400, PROSE),
    "a stream named often": repeated(400, PROSE),
}  # fmt: skip


CASES = [
    pytest.param(name, model_id, cited, id=f"{name}-{model_id}-{cited}")
    for name in PDFS for model_id in (HAIKU, OPUS_4_8, NOVA) for cited in (False, True)
]  # fmt: skip


@pytest.mark.parametrize(("name", "model_id", "cited"), CASES)
def test_pdfs(name: str, model_id: str, cited: bool) -> None:
    more = {"citations": {"enabled": True}} if cited and model_id != NOVA else {}
    billed, held = billed_and_held(document(data=PDFS[name], **more), model_id=model_id)
    assert billed <= held


TEXTS = st.text(st.characters(codec="utf-8"), max_size=2000) | st.text("0123456789,.;\n", max_size=2000)


@UNHURRIED
@given(TEXTS, st.sampled_from(["txt", "md", "csv", "html"]), st.sampled_from([HAIKU, NOVA]))
def test_texts(text: str, kind: str, model_id: str) -> None:
    billed, held = billed_and_held(document(kind=kind, data=text.encode()), model_id=model_id)
    assert billed <= held


WORDS = st.text("abc déf.,0123", max_size=300)


@UNHURRIED
@given(st.lists(WORDS, min_size=1, max_size=5), st.lists(st.integers(0, 4), max_size=200))
def test_office_documents(strings: list[str], cells: list[int]) -> None:
    table = xlsx(strings, [cell % len(strings) for cell in cells])
    for kind, data in (("xlsx", table), ("docx", docx(" ".join(strings)))):
        billed, held = billed_and_held(document(kind=kind, data=data))
        assert billed <= held


def test_a_document_that_begins_elsewhere() -> None:
    billed, held = billed_and_held(document(kind="docx", data=decoy()))
    assert billed <= held
