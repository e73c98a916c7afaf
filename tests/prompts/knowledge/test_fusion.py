"""Two searches made one: order, floor, number, budget, confidence."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prompts.knowledge.policy.fusion import confidence, fuse
from prompts.knowledge.policy.knowledge import Candidate


def candidate(number, similarity=0.8, *, vector=None, words=None, tokens=10, text=None):
    return Candidate(
        chunk_id=number, base_id=1, document_id=1, document="a.md", version=1, headings="", text=text or f"text {number}",
        tokens=tokens, similarity=similarity, by_vector=vector, by_words=words,
    )  # fmt: skip


def ids(retrieved):
    return [passage.chunk_id for passage in retrieved.passages]


def test_what_both_searches_found_comes_first():
    found = fuse(
        [candidate(1, vector=1), candidate(2, vector=2, words=2), candidate(3, words=1)],
        top_k=5, floor=0.0, max_tokens=1000,
    )  # fmt: skip
    assert ids(found)[0] == 2
    assert set(ids(found)) == {1, 2, 3}


def test_the_floor_holds_for_what_only_words_found():
    found = fuse(
        [candidate(1, 0.9, vector=1), candidate(2, 0.69, words=1)], top_k=5, floor=0.7, max_tokens=1000
    )
    assert ids(found) == [1]
    assert [passage.chunk_id for passage in found.left_out] == [2]


def test_what_is_left_out_is_shown_with_the_most_similar_first():
    three = [
        candidate(1, 0.1, vector=1, words=1),
        candidate(2, 0.3, vector=2),
        candidate(3, 0.2, vector=3, words=2),
    ]
    found = fuse(three, top_k=5, floor=0.7, max_tokens=1000)
    assert [passage.chunk_id for passage in found.left_out] == [2, 3, 1]


def test_a_passage_that_does_not_fit_is_passed_over():
    three = [
        candidate(1, vector=1, tokens=60),
        candidate(2, vector=2, tokens=60),
        candidate(3, vector=3, tokens=40),
    ]
    assert ids(fuse(three, top_k=5, floor=0.0, max_tokens=100)) == [1, 3]


def test_the_same_text_is_handed_on_once():
    two = [candidate(1, vector=1, text="same"), candidate(2, vector=2, text="same")]
    assert ids(fuse(two, top_k=5, floor=0.0, max_tokens=100)) == [1]


def test_confidence_follows_the_similarities():
    assert confidence([]) == 0.0
    assert confidence([0.9]) == 0.9
    assert confidence([0.9, 0.9]) == 0.9
    assert confidence([0.1, 0.9]) == confidence([0.9, 0.1]) < 0.9
    assert confidence([-0.5]) == 0.0


CANDIDATES = st.lists(
    st.builds(
        candidate, st.integers(1, 20), st.floats(-1, 1),
        vector=st.none() | st.integers(1, 9), words=st.none() | st.integers(1, 9), tokens=st.integers(1, 50),
    ),
    max_size=20,
)  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CANDIDATES, st.integers(1, 6), st.floats(0, 1), st.integers(1, 120))
def test_no_limit_is_passed(candidates, top_k, floor, max_tokens):
    found = fuse(candidates, top_k=top_k, floor=floor, max_tokens=max_tokens)
    assert len(found.passages) <= top_k
    assert sum(passage.tokens for passage in found.passages) <= max_tokens
    assert all(passage.similarity >= floor for passage in found.passages)
    scores = [passage.score for passage in found.passages]
    assert scores == sorted(scores, reverse=True)
    assert 0 <= found.confidence <= 1
    assert bool(found.passages) or found.confidence == 0
