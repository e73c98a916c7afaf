"""What images and documents are held for: never less than they can cost, as far as that is known, and the window else."""

import random
import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.conversation import Conversation
from gateway.wire.image_size import size_of
from gateway.wire.media import UNBOUNDED, vision_of, weigh_document, weigh_image
from gateway.wire.tokens import Estimate, Estimator, count_text, image_bound
from tests.gateway.wire.media_files import block, docx, gif, jpeg, pdf, png, webp, xlsx, zipped

HAIKU, OPUS = "anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic.claude-opus-4-8"
PAGE = "The quick brown fox jumps over the lazy dog. " * 60
FACTOR = 1.25


def estimate(*blocks: dict[str, object], model: str = HAIKU) -> Estimate:
    content = [{"text": "What is this?"}, *blocks]
    asked = msgspec.convert({"messages": [{"role": "user", "content": content}]}, Conversation)
    return Estimator().estimate(asked, family=model.partition(".")[0], model_id=model)


SIZES = st.integers(1, 8000)
IMAGES = {"png": png, "gif": gif, "jpeg": jpeg, "webp": webp}


@given(SIZES, SIZES, st.sampled_from(sorted(IMAGES)), st.sampled_from([HAIKU, OPUS]))
def test_an_image_is_held_by_its_pixels(width, height, form, model):
    (image,) = block("image", form, IMAGES[form](width, height)).values()
    weight = weigh_image(image, vision_of(model))
    cap = 1_600 if model == HAIKU else 4_784
    assert min(cap, width * height // 750) <= weight.most <= cap
    assert weight.expected <= weight.most
    assert weight.most <= max(100, min(cap, (width + 28) * (height + 28) / 750 * 1.06 + 1))


@pytest.mark.parametrize("kind", ["VP8X", "VP8L", "VP8 "])
def test_every_kind_of_webp_has_a_size(kind):
    (image,) = block("image", "webp", webp(280, 280, kind)).values()
    assert weigh_image(image, vision_of(OPUS)).most == 110


@pytest.mark.parametrize("before", [0, 5_000, 70_000, 300_000])
def test_a_jpeg_tells_its_size_behind_its_thumbnail(before):
    data = jpeg(280, 310, before)
    assert size_of(lambda most: data[:most]) == (280, 310)


@given(
    st.binary(max_size=300),
    st.sampled_from([HAIKU, OPUS, "amazon.nova-pro-v1:0", "meta.llama4-scout", "x.y"]),
)
def test_an_image_of_no_known_size_is_held_for_the_largest(data, model):
    (image,) = block("image", "png", b"?" + data).values()
    vision = vision_of(model)
    assert weigh_image(image, vision).most == vision.cap


def test_a_large_file_that_says_it_is_small_is_not_believed():
    (image,) = block("image", "png", png(10, 10) + bytes(400_000)).values()
    assert weigh_image(image, vision_of(OPUS)).most == 800


def test_a_vendor_s_images_are_held_for_the_dearest_of_its_models():
    assert vision_of("", "anthropic").cap == 4_784
    assert vision_of("", "unheard-of").cap >= 16_384


@given(st.integers(1, 60), st.booleans(), st.booleans(), st.booleans())
def test_pages_of_a_pdf_are_counted(number, packed, ascii85, shared):
    texts = [f"{n} {PAGE}" for n in range(number)]
    found = estimate(block("document", "pdf", pdf(texts, packed=packed, ascii85=ascii85, shared=shared)))
    truth = number * count_text(texts[0], factor=FACTOR)
    assert truth < found.upper_bound < UNBOUNDED
    assert number * 330 < found.expected <= found.upper_bound
    assert found.upper_bound > number * 3_000


def test_a_page_that_is_set_densely_costs_more_than_usual():
    (found,) = block("document", "pdf", pdf(["q7z " * 8_000], shared=True)).values()
    assert weigh_document(found, vision_of(HAIKU)).most > count_text("q7z " * 8_000, factor=FACTOR)


def plain(kind: str) -> bytes:
    return {
        "encrypted": pdf([PAGE]).replace(b"/Root", b"/Encrypt 9 0 R /Root"),
        "no pages": b"%PDF-1.7\n%%EOF",
        "a bomb": pdf(["a" * 30_000_000]),
        "a filter of its own": pdf([PAGE]).replace(b"/FlateDecode", b"/LZWDecode"),
        "a page that is named twice": pdf([PAGE, PAGE]).replace(b"12 0 R]", b"10 0 R]"),
        "damaged": pdf([PAGE]).replace(b"endstream", b"endstreem"),
        "a stream that is none": pdf([PAGE]).replace(b"stream\n", b"stream\n?"),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "encrypted",
        "no pages",
        "a bomb",
        "a filter of its own",
        "a page that is named twice",
        "damaged",
        "a stream that is none",
    ],
)
def test_a_pdf_that_can_t_be_measured_is_held_for_the_window_and_never_refused_for_it(kind):
    found = estimate(block("document", "pdf", plain(kind)))
    assert found.upper_bound >= UNBOUNDED
    assert found.expected < 40_000


@given(st.binary(max_size=2000), st.sampled_from(["pdf", "docx", "xlsx", "doc", "xls", "pptx", "new"]))
def test_no_bytes_are_too_strange(data, form):
    for each in (data, b"%PDF-1.7 " + data, zipped({"word/document.xml": data})[: len(data)]):
        (document,) = block("document", form, each).values()
        weight = weigh_document(document, vision_of(HAIKU))
        assert weight.most >= weight.expected


@given(st.text(st.characters(codec="utf-8"), max_size=3000), st.sampled_from(["txt", "md", "csv", "html"]))
def test_a_written_document_counts_as_its_text(text, form):
    found = estimate(block("document", form, text.encode()))
    alone = count_text(text, factor=FACTOR)
    assert alone <= found.expected <= found.upper_bound < UNBOUNDED


@given(st.text("abc déf.,", min_size=1, max_size=2000))
def test_a_zipped_document_counts_as_its_text_and_pictures(text):
    found = estimate(block("document", "docx", docx(text, **{"word/media/image1.png": png(900, 900)})))
    assert count_text(text, factor=FACTOR) + 1_600 <= found.upper_bound < UNBOUNDED
    assert found.upper_bound < 4_000 + 3 * len(text)


def test_a_text_that_many_cells_name_counts_as_often():
    text = "one long text of a workbook " * 40
    found = estimate(block("document", "xlsx", xlsx([text, "b"], [0] * 500)))
    assert found.upper_bound > 500 * count_text(text, factor=1.0)


@pytest.mark.parametrize(
    "data",
    [
        docx("a" * 30_000_000),
        bytes([*docx(PAGE)[:60], 0xFF, 0xFF, *docx(PAGE)[62:]]),
        zipped({"word/document.xml": b"x"})[:-10],
        xlsx(["a"], [7]),
        zipped({f"word/{n}.xml": b"" for n in range(6000)}),
    ],
    ids=["a bomb", "damaged", "cut", "a cell of no text", "many parts"],
)
def test_a_zip_that_is_not_what_it_says_is_held_for_the_window(data):
    form = "xlsx" if b"xl/" in data else "docx"
    found = estimate(block("document", form, data))
    assert found.upper_bound >= UNBOUNDED


def test_hostile_files_take_no_time():
    bombs = [
        pdf(["a" * 100_000_000], shared=True),
        docx("a" * 100_000_000),
        b"%PDF " + b"(" * 3_000_000,
        b"stream\n" * 500_000,
    ]
    noise = random.Random(1).randbytes(3_000_000)
    begun = time.process_time()
    for form, data in [
        ("pdf", bombs[0]),
        ("docx", bombs[1]),
        ("pdf", bombs[2]),
        ("pdf", bombs[3]),
        ("pdf", b"%PDF" + noise),
    ]:
        estimate(block("document", form, data))
    assert time.process_time() - begun < 3


def test_videos_and_sounds_are_held_for_the_window():
    for kind in ("video", "audio"):
        assert (
            estimate(block(kind, "mp4", bytes(5000)), model="amazon.nova-pro-v1:0").upper_bound >= UNBOUNDED
        )


def test_media_in_the_results_of_tools_count_as_much():
    result = {"toolResult": {"toolUseId": "a", "content": [block("image", "png", png(1500, 1500))]}}
    assert estimate(result).upper_bound > estimate().upper_bound + 1_600


def test_another_vendor_s_models_may_count_images_higher():
    asked = msgspec.convert(
        {"messages": [{"role": "user", "content": [block("image", "png", png(4000, 3000))]}]}, Conversation
    )
    assert image_bound(asked, "amazon") > image_bound(asked, "anthropic") == 4_784
    assert image_bound(msgspec.convert({"messages": []}, Conversation), "amazon") == 0
