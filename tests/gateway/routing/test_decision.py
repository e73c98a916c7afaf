"""The routing decision, as a header and as the record have it."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.call.decision import Candidate, Decision

TEXTS = st.text(max_size=400)


@given(TEXTS, TEXTS, TEXTS, TEXTS, st.lists(TEXTS, max_size=8), st.none() | st.floats(-1, 50))
def test_a_sentence_is_one_line_of_ascii_under_a_thousand_characters(
    model, invoke_id, region, reason, events, impact
):
    decision = Decision(reason=reason, events=events, cost_impact=impact)
    said = decision.sentence(model=model, invoke_id=invoke_id, region=region)
    assert len(said) < 1000
    assert all(" " <= letter <= "~" for letter in said)


def test_a_record_has_what_there_is():
    decision = Decision(
        reason="first of 2 in order", candidates=(Candidate("m", "r", "i", 0.5), Candidate("n", "r", "j"))
    )
    decision.note("m in r: upstream_error")
    decision.note("m in r: upstream_error")
    assert decision.as_json() == {
        "provider": "bedrock",
        "reason": "first of 2 in order",
        "confidence": 1.0,
        "events": ["m in r: upstream_error"],
        "candidates": [
            {"model": "m", "region": "r", "invoke_id": "i", "score": 0.5},
            {"model": "n", "region": "r", "invoke_id": "j"},
        ],
    }
