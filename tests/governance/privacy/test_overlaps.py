"""Where findings overlap: one hit a character, the strictest action, and nothing of a value left in sight."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from governance.privacy.policy.detection import concluded
from governance.privacy.policy.privacy import ACTIONS, PrivacyRule
from governance.privacy.policy.recognition.overlaps import PRECEDENCE, resolved
from governance.privacy.policy.ruleset import FindingDecision, hits
from governance.screening.policy.findings import Finding
from tests.governance.privacy.samples import findings_in, rule_set

KINDS = (*(kind for kind in PRECEDENCE if kind != "*"), "CUSTOM", "US_ITIN")
texts = st.text(st.sampled_from("aB1 é.-ß_\nשⒶ²李"), max_size=30)
actions = st.sampled_from(ACTIONS)


def is_plain(text):
    """What may be left of a loser: punctuation and lower case."""
    return all(letter.islower() or not (letter.isalnum() or letter.isupper()) for letter in text)


def runs_outside(covered, start, end):
    """The stretches of a span that nothing covers."""
    position = start
    while position < end:
        stop = position
        while stop < end and (stop in covered) == (position in covered):
            stop += 1
        if position not in covered:
            yield position, stop
        position = stop


@given(st.data(), texts)
def test_nothing_overlaps_and_nothing_of_a_finding_is_lost(data, text):
    findings = data.draw(findings_in(text, *KINDS))
    kept = resolved(text, findings)
    for one, next_one in pairwise(kept):
        assert one.end <= next_one.start
    assert all(each.start < each.end for each in kept)
    covered = {place for each in kept for place in range(each.start, each.end)}
    for finding in findings:
        for start, end in runs_outside(covered, finding.start, finding.end):
            assert finding not in kept
            assert is_plain(text[start:end])
            assert finding.entity != "LITERAL" or not any(map(str.isalnum, text[start:end]))
    for each in kept:
        assert any(
            each.entity == finding.entity and finding.start <= each.start and each.end <= finding.end
            for finding in findings
        )


@given(st.data(), texts)
def test_the_order_in_which_they_are_found_does_not_matter(data, text):
    findings = data.draw(findings_in(text, *KINDS))
    assert resolved(text, findings) == resolved(text, data.draw(st.permutations(findings)))


@given(st.data(), texts)
def test_what_was_there_before_is_left_alone(data, text):
    taken = resolved(text, data.draw(findings_in(text, "CUSTOM")))
    kept = resolved(text, data.draw(findings_in(text, *KINDS)), taken=taken)
    assert not any(one.overlaps(other) for one in kept for other in taken)


def test_rank_then_length_then_score_decide():
    text = "Anna Berg 12345"
    person, longer = Finding(0, 9, "PERSON", 0.5), Finding(0, 15, "LOCATION", 0.9)
    assert resolved(text, [longer, person]) == (person, Finding(10, 15, "LOCATION", 0.9))
    assert resolved(text, [Finding(0, 4, "PERSON", 0.9), person]) == (person,)
    surer = Finding(0, 9, "PERSON", 0.8)
    assert resolved(text, [person, surer]) == (surer,)
    assert resolved("Anna berg", [Finding(0, 4, "EMAIL_ADDRESS"), Finding(0, 9, "PERSON")]) == (
        Finding(0, 4, "EMAIL_ADDRESS"),
    )


# --- what is done with them ---


@given(st.data(), texts)
def test_the_strictest_action_wins_on_each_character(data, text):
    findings = data.draw(findings_in(text, *KINDS))
    decided = [(finding, FindingDecision(to_model=data.draw(actions))) for finding in findings]
    found = hits(text, decided, "to_model")
    for one, next_one in pairwise(found):
        assert one.end <= next_one.start
    at = {place: hit.action for hit in found for place in range(hit.start, hit.end)}
    for finding, decision in decided:
        if not decision.to_model:
            continue
        for start, end in runs_outside(at, finding.start, finding.end):
            assert is_plain(text[start:end])
        for place in range(finding.start, finding.end):
            if place in at and not is_plain(text[place]):
                assert ACTIONS.index(at[place]) >= ACTIONS.index(decision.to_model)


@given(st.data(), st.text(st.sampled_from("aB1 "), min_size=4, max_size=20))
def test_what_is_to_be_blocked_blocks_whatever_else_is_found_there(data, text):
    findings = data.draw(findings_in(text, "SECRET", "EMAIL_ADDRESS", "CUSTOM"))
    blocked = Finding(0, 2, "ORGANIZATION", 0.1)
    decided = [(blocked, FindingDecision(to_model="block"))]
    decided += [
        (finding, FindingDecision(to_model=data.draw(actions.filter(lambda a: a != "block"))))
        for finding in findings
    ]
    found = hits(text, decided, "to_model")
    assert [(hit.start, hit.end) for hit in found if hit.action == "block"] == [(0, 2)]


@given(st.data(), texts)
def test_each_direction_is_decided_for_itself(data, text):
    rules = rule_set(
        PrivacyRule(
            entity="CUSTOM", deny=("zzz",), threshold=0.5, to_model="mask", to_client="redact", to_log="hash"
        ),
        PrivacyRule(entity="US_ITIN", threshold=0.0, to_model="", to_client="block", to_log=""),
    )
    found = concluded(text, rules, [(0, data.draw(findings_in(text, "CUSTOM", "US_ITIN", "PERSON")))])
    for several, allowed in (
        (found.to_model, {"mask"}),
        (found.to_client, {"redact", "block", "mask"}),
        (found.to_log, {"hash", "mask"}),
    ):
        assert {hit.action for hit in several} <= allowed
        assert {hit.entity for hit in several} <= {"CUSTOM", "US_ITIN", "LITERAL"}
    assert all(hit.score >= 0.5 for hit in found.to_model if hit.entity == "CUSTOM")
    assert found.is_clean == (not found.counts)
