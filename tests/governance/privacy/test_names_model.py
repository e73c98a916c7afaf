"""The names model that is shipped: names in seven languages, and ordinary words of letters that are none."""

import io
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given

from governance.privacy.policy.languages import NAMES_READ_IN
from governance.privacy.policy.recognition import engine, ner, ner_model
from governance.privacy.policy.recognition.nationalities import nationalities
from governance.privacy.policy.recognition.ner_features import ROWS, words
from governance.privacy.policy.recognition.ner_model import (
    FILE,
    MAX_SIZE,
    NamesWeights,
    read_model,
    shipped,
    write_model,
)
from tests.governance.privacy.test_recognition import any_text, marked

FOUND = {
    "de": "Gestern traf [Annika Vogelsang] in [Hannover] den Chef der [Brandner GmbH].",
    "en": "Yesterday [Annika Vogelsang] met the head of [Brandner Inc.] in [Dublin].",
    "es": "Ayer [Lucía Benavente] viajó a [Zaragoza] con su hermano.",
    "fr": "Hier, [Lucie Delacourt] est partie pour [Grenoble] avec son frère.",
    "it": "Ieri [Lucia Benatti] è partita per [Bologna] con suo fratello.",
    "nl": "Gisteren reisde [Anouk de Vries] naar [Rotterdam] met haar broer.",
    "pt": "Ontem [Lúcia Figueiredo] viajou para [Coimbra] com o seu irmão.",
}
ORDINARY = [
    "Rechnung", "Vielen Dank", "Freundliche Grüsse", "KÜNDIGUNG", "Kontonummer: 12", "Sehr geehrte Damen und Herren,\n\nvielen Dank für Ihre Bestellung.",
    "Cordialement", "Muchas gracias y un saludo", "Cordiali saluti", "Met vriendelijke groet", "Com os melhores cumprimentos", "Kind regards",
    "Send the IBAN, the SSN and the VAT number ASAP.", "The ATM pays in CHF.", "Die Geschäftsführung hat den Haushalt genehmigt.",
    "Toutefois, la livraison aura lieu demain.",
]  # fmt: skip


def named(text: str) -> set[str]:
    found = engine.names(text, shipped().spans(ner.as_read(text)))
    return {text[each.start : each.end] for each in found if each.entity in ner.SCORES}


def test_every_language_has_its_sentence() -> None:
    assert tuple(sorted(FOUND)) == NAMES_READ_IN


@pytest.mark.parametrize("text", FOUND.values(), ids=FOUND)
def test_names_are_found_in(text: str) -> None:
    plain, values = marked(text)
    assert named(plain) >= values


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_words_of_letters_are_no_names(text: str) -> None:
    assert named(text) == set()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Quorra, Ben and Cara said yes.", {"Quorra", "Ben", "Cara"}),
        ("Ask Mbeki about it.", {"Mbeki"}),
        ("you can tell maria was tired", {"maria"}),
    ],
)
def test_single_names_are_found_in_lists_and_in_lower_case(text: str, names: set[str]) -> None:
    assert named(text) >= names


@given(any_text)
def test_whatever_the_text_spans_are_in_it_and_apart(text: str) -> None:
    last = 0
    for start, end, label in shipped().spans(text):
        assert last <= start < end <= len(text)
        assert label in ner_model.LABELS
        last = end
    assert all(text[start:end].strip(" \t") for start, end in words(text))


def test_the_same_text_gives_the_same_whatever_was_read_before() -> None:
    fresh = ner_model.NamesModel(read_model(files(ner_model.__package__).joinpath(FILE).read_bytes()))
    text = "Maria Keller from Lisbon works for Zentavo Ltd."
    first = fresh.spans(text)
    fresh.spans("Maria\nKeller, LISBON; zentavo")
    assert fresh.spans(text) == first == shipped().spans(text)


def _weights() -> NamesWeights:
    rng = np.random.default_rng(1)
    sizes = [(20, 6), (18, 6), (6, ner_model.OUTPUTS)]
    return NamesWeights(
        rng.normal(size=(ROWS, 4)).astype(np.float32),
        tuple((rng.normal(size=size).astype(np.float32), np.zeros(size[1], np.float32)) for size in sizes),
    )


def test_a_model_is_written_and_read() -> None:
    weights = _weights()
    read = read_model(write_model(weights))
    assert np.allclose(read.table, weights.table, atol=0.03)
    assert len(read.layers) == 3


@pytest.mark.parametrize("spoil", ["cut", "pickled", "shape", "size"])
def test_what_is_no_model_is_refused(spoil: str) -> None:
    data = write_model(_weights())
    if spoil == "cut":
        data = data[: len(data) // 2]
    elif spoil == "size":
        data = data + bytes(MAX_SIZE)
    else:
        buffer = io.BytesIO()
        table = np.array([{}], dtype=object) if spoil == "pickled" else np.zeros((3, 3), np.int8)
        np.savez(buffer, table=table, scale=np.zeros(3, np.float16))
        data = buffer.getvalue()
    with pytest.raises(Exception, match=r".") as caught:
        read_model(data)
    assert not isinstance(caught.value, AssertionError)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("She is Danish, he is a Sikh.", {"Danish", "Sikh"}),
        ("The Americans came.", {"Americans"}),
        ("In the Czech Republic with American Airlines, speaking of polish", set()),
    ],
)
def test_nationalities_and_religions_are_found(text: str, found: set[str]) -> None:
    assert {text[each.start : each.end] for each in nationalities(text)} == found
