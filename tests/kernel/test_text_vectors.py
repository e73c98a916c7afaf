"""The local model of texts."""

import pytest

from kernel.text_vectors import (
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
