"""What the names model learns from is read as it is labelled, what may only be measured is left out, and learning learns."""

import json
from pathlib import Path

import pytest

from governance.management.names_training.corpora import (
    LabelledText,
    brat,
    conll,
    is_held_out,
    shared,
    two_tables,
)
from governance.management.names_training.fit import Setup, fit
from governance.privacy.policy.recognition.ner_model import NamesModel, read_model, write_model


def named(text: str, spans: list[tuple[int, int, str]]) -> list[tuple[str, str]]:
    return [(text[start:end], label) for start, end, label in spans]


@pytest.mark.parametrize("first", ["B", "I"])
def test_tagged_words_become_a_text_with_names(tmp_path: Path, first: str) -> None:
    path = tmp_path / "a.conll"
    path.write_text(
        f"Dr. O\nAnna {first}-PER\nVogel I-PER\n( O\nBern B-LOC\n) O\n, O\nsaid O\n\nNo O\n. O\n", "utf-8"
    )
    (text, spans), (other, none) = conll(path)
    assert text == "Dr. Anna Vogel (Bern), said"
    assert named(text, spans) == [("Anna Vogel", "PER"), ("Bern", "LOC")]
    assert (other, none) == ("No.", [])


def test_annotations_beside_a_text_keep_their_place(tmp_path: Path) -> None:
    text = "Uno.\n\n" + "x" * 700 + " Anna Vogel vive en Berna.\n"
    (tmp_path / "a.txt").write_text(text, "utf-8")
    start = text.index("Anna")
    (tmp_path / "a.ann").write_text(f"T1\tPER {start} {start + 10}\tAnna Vogel\n", "utf-8")
    pieces = list(brat(tmp_path))
    assert "".join(piece for piece, _ in pieces) == text
    assert [name for piece, spans in pieces for name in named(piece, spans)] == [("Anna Vogel", "PER")]


def test_titles_that_are_labelled_as_people_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "paragraphs_x.csv").write_text('doc_id,text\na,"Il Presidente Moro"\n', "utf-8")
    (tmp_path / "annotations_x.csv").write_text(
        "doc_id,start_pos,end_pos,surface,type\na,3,13,Presidente,PER\na,14,18,Moro,PER\n", "utf-8"
    )
    ((text, spans),) = two_tables(tmp_path / "paragraphs_x.csv")
    assert named(text, spans) == [("Moro", "PER")]


def test_what_may_only_be_measured_is_not_learned_from(tmp_path: Path) -> None:
    texts = [f"Satz {number} über Bern" for number in range(40)]
    for folder in ("ner", "pii", "injection"):
        (tmp_path / folder).mkdir()
    for name in ("germeval_dev_de", "wnut17_train_en", "btc_tweets_en", "sec_filings_en"):
        rows = [
            {"text": text, "spans": [], "use": use, "lang": name[-2:]}
            for use in ("train", "measure")
            for text in [f"{use} {text}" for text in texts]
        ]
        (tmp_path / "ner" / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "ner" / "wikineural_val_de.jsonl").write_text(json.dumps({"text": "wiki", "use": "measure"}))
    (tmp_path / "pii" / "presidio_synth_v2.jsonl").write_text(json.dumps({"text": "synth", "spans": []}))
    row = {"text": "docs", "use": "train"}
    (tmp_path / "injection" / "documents_ordinary_docs.jsonl").write_text(json.dumps(row))
    learned = list(shared(tmp_path))
    assert {each.text.split()[0] for each in learned} == {"train", "synth", "docs"}
    german = {each.text for each in learned if each.language == "de"}
    assert 5 < len(german) < 35
    assert not any(map(is_held_out, german))


def test_learning_learns_and_is_the_same_each_time() -> None:
    names, places = ("Zorb", "Quux", "Fnord", "Blorp", "Mimsy"), ("Tulgey", "Wabe", "Borogo", "Raths")
    texts = []
    for name in names:
        for place in places:
            text = f"today {name} went to {place} again"
            at = text.index(place)
            texts.append(
                LabelledText(text, ((6, 6 + len(name), "PER"), (at, at + len(place), "LOC")), "en", "made")
            )
    setup = Setup(width=8, hidden=16, middle=1, epochs=40, batch_words=60, rate=0.02)
    said: list[str] = []
    data = write_model(fit(texts, setup, said.append))
    model = NamesModel(read_model(data))
    text = "today Vorpal went to Jubjub again"
    assert named(text, model.spans(text)) == [("Vorpal", "PERSON"), ("Jubjub", "LOCATION")]
    assert write_model(fit(texts, setup, said.append)) == data
    assert len(said) == 80
