"""What a guardrail is sent and what is made of its answer: nothing is lost, and everything is where it says."""

import json
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.providers.bedrock.assessments import (
    MAX_UNITS,
    TEXT_UNIT,
    GuardrailAnswer,
    body_of,
    guardrail_pieces,
    locate,
    requests,
)
from governance.privacy.policy.engines import EngineAnswer, EngineBlock
from governance.screening.policy.findings import Finding

MAX = 1_000
TEXTS = st.lists(st.text(alphabet="ab \n\u00e9", max_size=4_000), max_size=8)
SHORT = st.text(alphabet="ab1 \n", max_size=30)


@given(text=st.text(alphabet="abc \n\t", max_size=5_000))
def test_pieces_of_a_long_text_overlap_and_leave_nothing_out(text):
    end = 0
    for piece in guardrail_pieces(text, MAX):
        start = text.index(piece, max(0, end - MAX))
        assert not text[end:start].strip()
        assert piece.strip()
        assert len(piece) <= MAX
        end = start + len(piece)
    assert not text[end:].strip()


@pytest.mark.parametrize("joint", [" ", ""])
def test_what_stands_where_a_text_is_cut_is_whole_in_one_piece(joint):
    text = joint.join(f"w{n}" for n in range(2_000))[:5_000]
    found = list(guardrail_pieces(text, MAX))
    for place in range(len(text) - 60):
        assert any(text[place : place + 60] in piece for piece in found)


@given(texts=TEXTS)
def test_requests_keep_to_the_quota(texts):
    found = requests(texts)
    assert all(sum(-(-len(text) // TEXT_UNIT) for text in part) <= MAX_UNITS for part in found)
    sent = {text for part in found for text in part}
    assert sent == {text for text in texts if text.strip()}


def test_long_texts_take_several_requests():
    text = "word " * 12_000
    assert len(requests([text, "short", "short", "  "])) == 3
    assert requests(["", " \n"]) == []


@given(texts=st.lists(SHORT, min_size=1, max_size=4), data=st.data())
def test_a_match_is_found_wherever_it_stands(texts, data):
    """Each finding is a match's text; findings are in order and apart; every match that counts is covered."""
    text = data.draw(st.sampled_from(texts))
    start = data.draw(st.integers(0, len(text)))
    match = text[start : data.draw(st.integers(start, len(text)))]
    if not match.split():
        with pytest.raises(ValueError, match="PERSON"):
            locate(texts, [(match, "PERSON")])
        return
    found = locate(texts, [(match, "PERSON")])
    assert len(found) == len(texts)
    hits = [(text, finding) for text, findings in zip(texts, found, strict=True) for finding in findings]
    assert hits
    for text, finding in hits:
        assert text[finding.start : finding.end].split() == match.split()
    for findings in found:
        assert all(one.end <= other.start for one, other in pairwise(findings))


def entities(text: str, *matches: tuple[str, str]) -> list[tuple[str, str]]:
    (found,) = locate([text], matches)
    return [(text[finding.start : finding.end], finding.entity) for finding in found]


def test_matches_within_words_count_only_where_there_is_no_other():
    assert entities("Ann, 42, met Anna in 1942. Ann!", ("Ann", "PERSON"), ("42", "AGE")) == [
        ("Ann", "PERSON"), ("42", "AGE"), ("Ann", "PERSON"),
    ]  # fmt: skip
    assert entities("key=xAnn1", ("Ann", "PERSON")) == [("Ann", "PERSON")]
    assert entities("我叫王伟。王伟", ("王伟", "PERSON")) == [("王伟", "PERSON")] * 2


def test_the_longer_match_wins_and_white_space_may_differ():
    text = "Write to jo@example.com,\nJo\n  Doe"
    found = entities(text, ("example.com", "URL"), ("jo@example.com", "EMAIL_ADDRESS"), ("Jo Doe", "PERSON"))
    assert found == [("jo@example.com", "EMAIL_ADDRESS"), ("Jo\n  Doe", "PERSON")]


def test_a_match_in_one_text_is_protected_in_all():
    assert locate(["I am Jo.", "Ask Jo", "-"], [("Jo", "PERSON")]) == [
        (Finding(5, 7, "PERSON", rule="bedrock-guardrails"),),
        (Finding(4, 6, "PERSON", rule="bedrock-guardrails"),),
        (),
    ]


def answer(action: str = "GUARDRAIL_INTERVENED", **policies: dict) -> GuardrailAnswer:
    body = {
        "action": action,
        "assessments": [policies],
        "usage": {"topicPolicyUnits": 2, "wordPolicyUnits": 0},
    }
    return msgspec.json.decode(json.dumps(body), type=GuardrailAnswer)


PII = {"match": "x@y.z", "type": "EMAIL", "action": "ANONYMIZED"}


def test_types_are_named_as_ours():
    listed = [
        PII,
        {"match": "7", "type": "PIN", "action": "NONE", "detected": True},
        {"match": "", "type": "AGE", "action": "NONE", "detected": False},
    ]
    regexes = [
        {"name": "Order no. (EU)", "match": "E-1", "regex": "E-.", "action": "BLOCKED"},
        {"match": "E", "action": "NONE"},
    ]
    found = answer(sensitiveInformationPolicy={"piiEntities": listed, "regexes": regexes})
    assert found.matches == [("x@y.z", "EMAIL_ADDRESS"), ("7", "PIN"), ("E-1", "ORDER_NO_EU"), ("E", "REGEX")]
    assert found.blocks == [EngineBlock("personal_data", "ORDER_NO_EU")]
    assert found.billed == {"topicPolicyUnits": 2}


@pytest.mark.parametrize(
    ("policies", "blocks"),
    [
        ({"topicPolicy": {"topics": [{"name": "Pay", "type": "DENY", "action": "BLOCKED"}]}}, [("topic", "Pay")]),
        ({"topicPolicy": {"topics": [{"name": "Pay", "type": "DENY", "action": "NONE"}]}, "sensitiveInformationPolicy": {"piiEntities": [PII], "regexes": []}}, []),
        ({"contentPolicy": {"filters": [{"type": "HATE", "confidence": "HIGH", "action": "BLOCKED"}]}}, [("content", "HATE")]),
        ({"wordPolicy": {"customWords": [{"match": "secret", "action": "BLOCKED"}], "managedWordLists": [{"match": "damn", "type": "PROFANITY", "action": "BLOCKED"}]}},
         [("word", "custom"), ("word", "PROFANITY")]),
        ({"contextualGroundingPolicy": {"filters": [{"type": "GROUNDING", "threshold": 0.5, "score": 0.1, "action": "BLOCKED"}]}}, [("grounding", "GROUNDING")]),
        ({"automatedReasoningPolicy": {"findings": [{"tooComplex": {}}]}}, [("guardrail", "unknown")]),
    ],
)  # fmt: skip
def test_no_block_is_lost(policies, blocks):
    assert answer(**policies).blocks == [EngineBlock(*block) for block in blocks]
    assert not any("secret" in block.name for block in answer(**policies).blocks)


def test_halves_of_characters_can_be_sent():
    text = "\ud83d Jo"
    assert json.loads(body_of([text], "INPUT"))["content"] == [{"text": {"text": "? Jo"}}]
    assert entities(text, ("? Jo", "PERSON")) == [("\ud83d Jo", "PERSON")]


def test_an_answer_reads_as_a_sequence():
    finding = Finding(0, 1, "PERSON")
    found = EngineAnswer([(finding,), ()])
    assert list(found) == [(finding,), ()]
    assert (len(found), found[0], found[1:]) == (2, (finding,), [()])
