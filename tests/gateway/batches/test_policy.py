"""Lines, forms and terms: the same however they come in pieces."""

import json
from collections.abc import Iterable
from itertools import pairwise

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.batches.policy.lines import Fault, Line, LineReader, RawLine, Splitter, custom_id_of
from gateway.batches.policy.multipart import BrokenFormError, FormReader, Part, PartEnd, boundary_of
from gateway.batches.policy.terms import TermsError, terms_of

BODY = {"model": "nova-lite", "messages": []}
TERMS = {"input_file_id": "file-1", "endpoint": "/v1/responses", "completion_window": "24h"}


def pieces(content: bytes, cuts: Iterable[int]) -> list[bytes]:
    places = sorted({0, len(content), *(cut % (len(content) + 1) for cut in cuts)})
    return [content[start:end] for start, end in pairwise(places)]


def split(
    content: bytes, cuts: Iterable[int] = (), *, most: int = 1000, offset: int = 0, number: int = 1
) -> list[RawLine]:
    splitter = Splitter(most=most, offset=offset, number=number)
    found = [line for piece in pieces(content[offset:], cuts) for line in splitter.feed(piece)]
    return [*found, *splitter.end()]


CUTS = st.lists(st.integers(0, 5000), max_size=8)


@given(
    st.lists(st.binary(max_size=40).filter(lambda text: b"\n" not in text), max_size=12), CUTS, st.booleans()
)
def test_lines_are_the_same_however_they_come_and_wherever_one_goes_on(texts, cuts, has_end):
    content = b"\n".join(texts) + (b"\n" if has_end and texts else b"")
    whole = split(content)
    assert split(content, cuts) == whole
    assert [line.text for line in whole] == [text.strip() for text in texts if text.strip()]
    assert [line.number for line in whole] == list(range(1, len(whole) + 1))
    for at, line in enumerate(whole):
        rest = split(content, cuts, offset=line.ends_at, number=line.number + 1)
        assert rest == whole[at + 1 :]


@given(st.integers(1, 60), CUTS)
def test_a_line_that_is_too_long_is_told_and_the_next_is_read(most, cuts):
    content = b"a" * (most + 1) + b"\n" + b"b" * most + b"\nc"
    assert [line.text for line in split(content, cuts, most=most)] == [None, b"b" * most, b"c"]


def read(*found: object) -> list[Line | Fault]:
    reader = LineReader(endpoint="/v1/chat/completions")
    texts = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in found]
    return [reader.read(RawLine(number, text, 0)) for number, text in enumerate(texts, 1)]


def a_line(**changes: object) -> dict[str, object]:
    return {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": BODY} | changes


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"custom_id": ""}, "missing_required_parameter", "custom_id"),
        ({"custom_id": 7}, "missing_required_parameter", "custom_id"),
        ({"custom_id": "x" * 513}, "missing_required_parameter", "custom_id"),
        ({"method": "GET"}, "invalid_method", "method"),
        ({"url": "/v1/embeddings"}, "invalid_url", "url"),
        ({"body": []}, "missing_required_parameter", "body"),
        ({"body": {"messages": []}}, "missing_required_parameter", "body.model"),
        ({"body": BODY | {"stream": True}}, "invalid_request", "body.stream"),
    ],
)
def test_what_is_wrong_with_a_line(changes, code, param):
    [found] = read(a_line(**changes))
    assert isinstance(found, Fault)
    assert (found.code, found.param) == (code, param)


def test_ids_are_unique_and_the_model_is_one():
    found = read(
        a_line(),
        a_line(),
        a_line(custom_id="b", body=BODY | {"model": "other"}),
        b"{",
        b"7",
        a_line(custom_id="c"),
    )
    assert [getattr(each, "code", "") for each in found] == [
        "", "duplicate_custom_id", "mismatched_model", "invalid_json_line", "invalid_json_line", "",
    ]  # fmt: skip


@given(
    st.one_of(
        st.none(),
        st.binary(max_size=60),
        st.builds(lambda text: json.dumps({"custom_id": text}).encode(), st.text()),
    )
)
def test_no_line_is_too_broken_to_be_told(text):
    raw = RawLine(1, text, 0)
    found = LineReader(endpoint="/v1/responses").read(raw)
    assert isinstance(found, Fault)
    assert custom_id_of(raw) is None or isinstance(custom_id_of(raw), str)


@given(st.binary(max_size=300), CUTS, st.booleans())
def test_a_form_is_the_same_however_it_comes(content, cuts, file_first):
    fields = {"purpose": "batch"}
    request = httpx.Request(
        "POST", "http://a.example.com/", data=fields, files={"file": ("cälls.jsonl", content)}
    )
    body, boundary = request.read(), boundary_of(request.headers["content-type"])
    if file_first:
        first, second = body.split(b"--" + boundary + b"\r\n")[1:]
        second, end = second.rsplit(b"--" + boundary + b"--", 1)
        body = b"".join(
            (
                b"--" + boundary + b"\r\n",
                second,
                b"--" + boundary + b"\r\n",
                first,
                b"--" + boundary + b"--",
                end,
            )
        )
    reader, found, name = FormReader(boundary), {}, ""
    for piece in pieces(body, cuts):
        for event in reader.feed(piece):
            if isinstance(event, Part):
                name = event.name
                found[name] = b""
                assert (event.filename is None) is (name == "purpose")
            elif not isinstance(event, PartEnd):
                found[name] += event
    assert reader.is_over
    assert found == {"purpose": b"batch", "file": content}


@given(st.binary(max_size=200), CUTS)
def test_what_is_no_form_is_told_or_never_over(content, cuts):
    reader = FormReader(b"mark")
    try:
        for piece in pieces(content, cuts):
            list(reader.feed(piece))
    except BrokenFormError:
        return
    assert not reader.is_over or b"--mark--" in content


@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", "multipart/form-data", "multipart/form-data; boundary=" + "x" * 71],
)
def test_without_a_boundary_it_is_no_form(content_type):
    with pytest.raises(BrokenFormError):
        boundary_of(content_type)


def test_terms():
    found = terms_of(
        TERMS | {"metadata": {"a": "b"}, "output_expires_after": {"anchor": "created_at", "seconds": 3600}}
    )
    assert (found.metadata, found.output_seconds) == ({"a": "b"}, 3600)


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"endpoint": "/v1/moderations"}, "endpoint"),
        ({"completion_window": "1h"}, "completion_window"),
        ({"input_file_id": None}, "input_file_id"),
        ({"metadata": {"a": 1}}, "metadata"),
        ({"metadata": {str(n): "" for n in range(17)}}, "metadata"),
        ({"output_expires_after": {"anchor": "created_at", "seconds": 1}}, "output_expires_after"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_terms_that_can_t_be_had_are_named(changes, param):
    with pytest.raises(TermsError) as told:
        terms_of(TERMS | changes)
    assert told.value.param == param
