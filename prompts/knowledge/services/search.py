"""Searches for people, who try out a base. A question is embedded, which costs the team money."""

from time import monotonic

from django.db import connection

from prompts.knowledge.models import KnowledgeBase
from prompts.knowledge.policy.fusion import fuse
from prompts.knowledge.policy.knowledge import Candidate, GroundedAnswer, Retrieved
from prompts.knowledge.selectors import base_entry
from prompts.knowledge.services.embedding import Embedder
from prompts.knowledge.services.retriever import SEARCH, candidates, parameters, retriever_of

_SECONDS = 20.0


def search(
    base: KnowledgeBase,
    question: str,
    *,
    application_id: int | None = None,
    top_k: int | None = None,
    floor: float | None = None,
    max_tokens: int | None = None,
) -> Retrieved:
    """What a base has to say to a question, as an application of its team would be given it; without one, all of it.

    The question is embedded at the team's cost. EmbeddingError or RetrieverError says why it can't be done.
    """
    found = _candidates(base, question, application_id, top_k or base.top_k)
    return fuse(
        found,
        top_k=top_k or base.top_k,
        floor=base.floor if floor is None else floor,
        max_tokens=max_tokens or base.max_tokens,
    )


def answer_elsewhere(base: KnowledgeBase, question: str, *, route: str) -> GroundedAnswer:
    """What Bedrock itself makes of its base for a question. Not charged here (docs/decisions/0019). RetrieverError."""
    return retriever_of(base.kind).answer(base_entry(base), question, route)


def _candidates(
    base: KnowledgeBase, question: str, application_id: int | None, top_k: int
) -> list[Candidate]:
    entry = base_entry(base)
    if not base.is_local:
        return retriever_of(base.kind).retrieve(entry, question)
    assert base.dimensions is not None
    [vector] = Embedder(base.team, base.route, base.dimensions).embed(
        [question], until=monotonic() + _SECONDS
    )
    with connection.cursor() as cursor:
        cursor.execute(SEARCH, parameters([entry], application_id, vector, question, top_k))
        return candidates(cursor.fetchall())
