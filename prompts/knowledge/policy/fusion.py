"""PURE: two searches made one: by meaning (vectors) and by words (full text).

**Order.** Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): a passage scores 1 / (60 + rank) in each
search that found it, and the sum counts. Ranks need no common scale, which cosines and full-text ranks do not have.

**Floor.** A passage less similar to the question than the floor is left out, also where only the words found it: its
similarity is known all the same.

**Confidence.** The weighted mean of the similarities that are handed on, the most similar first, with the weights 1, 1/2,
1/4 and so on, within 0 and 1; 0 where nothing was found. So it is high where the best passage is close, lower where it
stands alone among lesser ones. It says how close the texts are to the question, in the scale of the embedding model; not
whether an answer made of them is right.
"""

from collections.abc import Iterable, Sequence

from prompts.knowledge.policy.knowledge import Candidate, Passage, Retrieved

RANK_CONSTANT = 60
_MAX_LEFT_OUT = 5


def fuse(candidates: Iterable[Candidate], *, top_k: int, floor: float, max_tokens: int) -> Retrieved:
    """The best passages: at most `top_k`, none less similar than `floor`, together at most `max_tokens`.

    A passage that no longer fits is passed over, and a shorter one after it may fit. The same text is handed on once.
    """
    ranked = sorted(
        map(_passage, candidates), key=lambda each: (-each.score, -each.similarity, each.chunk_id or 0)
    )
    chosen: list[Passage] = []
    below: list[Passage] = []
    seen: set[str] = set()
    left = max_tokens
    for passage in ranked:
        if passage.text in seen:
            continue
        seen.add(passage.text)
        if passage.similarity < floor:
            below.append(passage)
        elif len(chosen) < top_k and passage.tokens <= left:
            chosen.append(passage)
            left -= passage.tokens
    below.sort(key=lambda each: -each.similarity)
    return Retrieved(
        tuple(chosen), confidence([each.similarity for each in chosen]), tuple(below[:_MAX_LEFT_OUT])
    )


def confidence(similarities: Sequence[float]) -> float:
    """See above."""
    best_first = sorted(similarities, reverse=True)
    weights = [0.5**number for number in range(len(best_first))]
    mean = sum(map(_times, weights, best_first)) / sum(weights) if weights else 0.0
    return round(min(max(mean, 0.0), 1.0), 4)


def _times(weight: float, similarity: float) -> float:
    return weight * similarity


def _passage(candidate: Candidate) -> Passage:
    ranks = (rank for rank in (candidate.by_vector, candidate.by_words) if rank is not None)
    return Passage(
        chunk_id=candidate.chunk_id,
        base_id=candidate.base_id,
        document_id=candidate.document_id,
        document=candidate.document,
        version=candidate.version,
        headings=candidate.headings,
        text=candidate.text,
        tokens=candidate.tokens,
        similarity=candidate.similarity,
        score=sum(1 / (RANK_CONSTANT + rank) for rank in ranks),
    )
