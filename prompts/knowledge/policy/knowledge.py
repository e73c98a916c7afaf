"""PURE: what a search in knowledge bases is asked, and what it answers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseEntry:
    """A knowledge base, as far as a search has to know it."""

    base_id: int
    team_id: int
    name: str
    kind: str
    route: str = ""
    dimensions: int | None = None
    bedrock_id: str = ""
    region: str = ""
    top_k: int = 5
    floor: float = 0.7
    max_tokens: int = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A passage that one of the two searches found. Ranks are from 1 within its base; None: not found by that search."""

    chunk_id: int | None
    base_id: int
    document_id: int | None
    document: str
    version: int | None
    headings: str
    text: str
    tokens: int
    similarity: float
    """To the question: cosine, from -1 to 1; for a base of Bedrock its own score."""
    by_vector: int | None = None
    by_words: int | None = None


@dataclass(frozen=True, slots=True)
class GroundedAnswer:
    """An answer that was made elsewhere of what a base holds, and the passages it cites."""

    text: str
    cited: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A passage as it is handed on, with where it is from. Its text is untrusted.

    `score` orders passages of one search and means nothing else. Ids are None for a base of Bedrock.
    """

    chunk_id: int | None
    base_id: int
    document_id: int | None
    document: str
    version: int | None
    headings: str
    text: str
    tokens: int
    similarity: float
    score: float


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What a search found, the best first, and how sure it is that this is about the question (0 to 1)."""

    passages: tuple[Passage, ...]
    confidence: float
    left_out: tuple[Passage, ...] = ()
    """The best of what was less similar than asked for: shown to people who set the floor, to nobody else."""
