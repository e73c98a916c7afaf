"""Searches in knowledge bases that are kept here, for the data plane: one round trip, without the ORM.

What may be found is decided in the database (`gatehouse_search_knowledge`, prompts/knowledge/sql): bases of the
application's own team, versions in force, documents that the application may be given. What is found is untrusted text."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kernel.deadlines import within
from kernel.errors import UnavailableError
from kernel.postgres_pool import PostgresPool
from prompts.knowledge.policy.knowledge import BaseEntry, Candidate, GroundedAnswer

SEARCH = "SELECT * FROM gatehouse_search_knowledge(%s, %s, %s::halfvec, %s, %s)"
"""Of: ids of bases, id of an application or None, a vector, the question, candidates of a list."""
_MIN_CANDIDATES = 20
_CANDIDATES_PER_PASSAGE = 4
_MAX_QUESTION_LENGTH = 10_000


_MAX_SECONDS = 15.0


class Retriever:
    """Finds passages. One for all calls, on a pool that it is given."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def candidates(
        self,
        *,
        bases: Sequence[BaseEntry],
        application_id: int,
        vector: Sequence[float],
        text: str,
        top_k: int,
    ) -> list[Candidate]:
        """What some bases have, before the best are chosen (`prompts.knowledge.policy.fusion`): who asks may have more from elsewhere.

        The dimensions of the bases must be the vector's (ValueError). psycopg's errors pass.
        """
        values = parameters(bases, application_id, vector, text, top_k)
        return candidates(await within(_MAX_SECONDS, self._rows(values)))

    async def _rows(self, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(SEARCH, values)
            rows: list[tuple[Any, ...]] = await cursor.fetchall()
            return rows


def parameters(
    bases: Sequence[BaseEntry], application_id: int | None, vector: Sequence[float], text: str, top_k: int
) -> tuple[Any, ...]:
    """What SEARCH is given. ValueError for a base whose vectors have other dimensions than this one."""
    for base in bases:
        if base.dimensions != len(vector):
            raise ValueError(f"{base.name} has vectors of {base.dimensions} numbers, not {len(vector)}")
    most = max(_MIN_CANDIDATES, _CANDIDATES_PER_PASSAGE * top_k)
    words = text[:_MAX_QUESTION_LENGTH].replace("\x00", " ")
    return [base.base_id for base in bases], application_id, literal(vector), words, most


def literal(vector: Sequence[float]) -> str:
    """A vector as PostgreSQL reads it."""
    return "[" + ",".join(f"{value:.7g}" for value in vector) + "]"


def candidates(rows: Iterable[tuple[Any, ...]]) -> list[Candidate]:
    """The rows of SEARCH."""
    return [
        Candidate(
            chunk_id=row[0],
            base_id=row[1],
            document_id=row[2],
            document=row[3],
            version=row[4],
            headings=row[5],
            text=row[6],
            tokens=row[7],
            similarity=row[8],
            by_vector=row[9],
            by_words=row[10],
        )
        for row in rows
    ]


Retrieve = Callable[[BaseEntry, str], list[Candidate]]
"""Of a base and a question."""
Answer = Callable[[BaseEntry, str, str], GroundedAnswer]
"""Of a base, a question, and the name of the route whose model is to answer."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What asks a kind of base. Both raise RetrieverError with what to do, where it can't be asked."""

    retrieve: Retrieve
    answer: Answer


_known: dict[str, Elsewhere] = {}


class RetrieverError(UnavailableError):
    """A base elsewhere can't be asked; the message says why."""


def register_retriever(kind: str, elsewhere: Elsewhere) -> None:
    """Makes a kind of base searchable."""
    _known[kind] = elsewhere


def retriever_of(kind: str) -> Elsewhere:
    """What asks a kind of base. RetrieverError where nothing does."""
    if kind not in _known:
        raise RetrieverError("Bases of this kind can't be searched from here.")
    return _known[kind]
