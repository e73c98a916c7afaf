"""Whether the right passage is found: labelled paraphrases as questions, by vectors, by words, and by both.

Each pair of the set that means the same is a passage and a question about it; the other texts of the set, and passages of
long documents, stand beside them. Vectors are those of the simulator's model, words and search the product's own. The set
is public, but small and not of questions: the figures compare the ways to search, and say little of a real base.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import log2
from pathlib import Path

import psycopg

from embedded.simulator.embeddings import vector
from prompts.knowledge.policy.blocks import BlockKind, TextBlock
from prompts.knowledge.policy.chunking import chunk
from prompts.knowledge.policy.fusion import fuse
from prompts.knowledge.policy.knowledge import Candidate
from prompts.knowledge.services.retriever import SEARCH, candidates, literal
from tests.services import Stack, temporary_folder

DIMENSIONS = 256
FOUND = 10
MAX = 40


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and the number of the passage that is meant."""

    text: str
    passage: int
    is_short: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One way to search: figures over all questions."""

    name: str
    questions: str
    number: int
    recall: float
    ndcg: float


@dataclass(frozen=True, slots=True)
class Measured:
    passages: int
    rows: list[Row]


def measure(data: Path) -> Measured:
    """Fills a base, and asks each question in each way."""
    passages, questions = _set(data)
    folder = temporary_folder()
    with Stack(folder) as stack, stack.connect() as connection:
        base = _fill(connection, passages)
        places = dict(connection.execute("SELECT id, position FROM prompts_chunk").fetchall())
        found = {question: _ask(connection, base, question) for question in questions}
    shutil.rmtree(folder, ignore_errors=True)
    kinds: dict[str, Callable[[Question], bool]] = {
        "paraphrases": lambda each: not each.is_short,
        "three rare words of them": lambda each: each.is_short,
    }
    ways: dict[str, Callable[[Candidate], Candidate]] = {
        "vectors alone": lambda each: replace(each, by_words=None),
        "words alone": lambda each: replace(each, by_vector=None),
        "both": lambda each: each,
    }
    rows = [
        _row(way, kind, {each: _ranked(found[each], changed, places) for each in questions if is_of(each)})
        for kind, is_of in kinds.items()
        for way, changed in ways.items()
    ]
    return Measured(len(passages), rows)


def _set(data: Path) -> tuple[list[str], list[Question]]:
    rows = [json.loads(line) for line in (data / "paraphrase" / "dev.jsonl").read_text().splitlines()]
    passages = list(dict.fromkeys(row["a"] for row in rows))
    number = {text: place for place, text in enumerate(passages)}
    questions = [Question(row["b"], number[row["a"]]) for row in rows if row["same"]]
    others = [row["b"] for row in rows if not row["same"]]
    for line in (data / "prompts" / "long_documents.jsonl").read_text().splitlines():
        blocks = [TextBlock(BlockKind.PARAGRAPH, part) for part in json.loads(line)["text"].split("\n\n")]
        others += [piece.text for piece in chunk(blocks, most_tokens=100, overlap_tokens=0)]
    passages += [text for text in dict.fromkeys(others) if text not in number]
    return passages, [*questions, *_short(questions, passages)]


def _short(questions: Iterable[Question], passages: Sequence[str]) -> list[Question]:
    """As people type into a search box: the three rarest words that question and passage share."""
    seen: dict[str, int] = {}
    for passage in passages:
        for word in set(_words(passage)):
            seen[word] = seen.get(word, 0) + 1
    made = []
    for question in questions:
        shared = set(_words(question.text)) & set(_words(passages[question.passage]))
        rarest = sorted(shared, key=lambda word: (seen[word], word))[:3]
        if len(rarest) == 3:
            made.append(Question(" ".join(rarest), question.passage, is_short=True))
    return made


def _words(text: str) -> list[str]:
    return [word.strip(".,;:!?()\"'").lower() for word in text.split()]


def _fill(connection: "psycopg.Connection", passages: Sequence[str]) -> int:
    """A base with a document whose passages are these; a passage's position is its number."""

    def insert(statement: str, *values: object) -> int:
        row = connection.execute(statement + " RETURNING id", values).fetchone()
        assert row is not None
        return int(row[0])

    team = insert(
        "INSERT INTO accounts_team (name, description, public_id, weight, created_at) "
        "VALUES ('bench', '', gen_random_uuid(), 1, now())"
    )
    base = insert(
        "INSERT INTO prompts_knowledgebase (team_id, name, description, kind, route, dimensions, bedrock_id, region, "
        "language, top_k, floor, max_tokens, chunk_tokens, overlap_tokens, source, sync_error, is_indexed, common_words, "
        "created_at) VALUES (%s, 'bench', '', 'local', 'r', %s, '', '', 'english', 5, 0, 2000, 300, 40, '', '', false, "
        "'{}', now())", team, DIMENSIONS,
    )  # fmt: skip
    document = insert(
        "INSERT INTO prompts_knowledgedocument (base_id, name, media_type, source, reference, mark, application_ids, "
        "state, error, created_at, updated_at) VALUES (%s, 'd', 'text/plain', 'upload', '', '', '{}', 'ready', '', now(), "
        "now())", base,
    )  # fmt: skip
    version = insert(
        "INSERT INTO prompts_documentversion (document_id, number, sha256, size, created_at) VALUES (%s, 1, '', 0, now())",
        document,
    )
    connection.execute("UPDATE prompts_knowledgedocument SET current_id = %s", (version,))
    copy_in = (
        "COPY prompts_chunk (base_id, document_id, version_id, position, headings, text, tokens, digest, language, vector) "
        "FROM STDIN"
    )
    with connection.cursor() as cursor, cursor.copy(copy_in) as copy:
        for place, text in enumerate(passages):
            row = (base, document, version, place, "", text, len(text.split()), "", "english")
            copy.write_row((*row, literal(vector(text, DIMENSIONS))))
    return base


def _ask(connection: "psycopg.Connection", base: int, question: Question) -> list[Candidate]:
    values = ([base], None, literal(vector(question.text, DIMENSIONS)), question.text, MAX)
    return candidates(connection.execute(SEARCH, values).fetchall())


def _ranked(
    found: list[Candidate], changed: Callable[[Candidate], Candidate], places: dict[int | None, int]
) -> list[int]:
    """The numbers of the passages, best first."""
    kept = [each for each in map(changed, found) if each.by_vector is not None or each.by_words is not None]
    passages = fuse(kept, top_k=FOUND, floor=-1.0, max_tokens=10**6).passages
    return [places[passage.chunk_id] for passage in passages]


def _row(way: str, kind: str, ranked: dict[Question, list[int]]) -> Row:
    places = [
        found.index(question.passage) + 1 if question.passage in found else None
        for question, found in ranked.items()
    ]
    recall = sum(place is not None and place <= 5 for place in places) / len(places)
    ndcg = sum(1 / log2(place + 1) for place in places if place is not None) / len(places)
    return Row(way, kind, len(places), recall, ndcg)


def show(found: Measured) -> None:
    """The table of docs/performance.md."""
    print(f"\n{found.passages:,} passages\n")
    print("| questions | number | search by | recall@5 | nDCG@10 |\n|---|---|---|---|---|")
    for row in found.rows:
        print(f"| {row.questions} | {row.number} | {row.name} | {row.recall:.3f} | {row.ndcg:.3f} |")
