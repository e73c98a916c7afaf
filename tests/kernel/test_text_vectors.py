"""The local model of texts."""

import struct

import pytest

from kernel.text_vectors import (
    DIMENSIONS,
    half_binary,
    half_bytes,
    half_literal,
    text_array,
    text_vector,
    warm_up,
)


def test_texts_of_like_meaning_are_near() -> None:
    warm_up()
    car, automobile, bread = (
        text_array(text) for text in ("buy a car", "purchase an automobile", "bake bread")
    )
    assert car is not None
    assert automobile is not None
    assert bread is not None
    assert float(car @ automobile) > float(car @ bread)
    assert float(car @ car) == pytest.approx(1.0, abs=1e-5)


def test_a_text_without_tokens_has_no_vector() -> None:
    assert text_vector("") is None


def test_forms_in_which_a_vector_is_kept() -> None:
    vector = text_array("What is the capital of France?")
    assert vector is not None
    assert len(half_bytes(vector)) == 2 * DIMENSIONS
    assert struct.unpack("<256e", half_bytes(vector)) == pytest.approx(vector.tolist(), abs=1e-3)
    assert [float(one) for one in half_literal(vector)[1:-1].split(",")] == pytest.approx(
        vector.tolist(), abs=1e-3
    )
    binary = half_binary(vector)
    assert struct.unpack(">HH", binary[:4]) == (DIMENSIONS, 0)
    assert struct.unpack(">256e", binary[4:]) == pytest.approx(vector.tolist(), abs=1e-3)
