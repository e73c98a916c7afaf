"""Policies of several levels: the stricter always wins, no level loosens another, and a document says what it may."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.privacy.policy.detection import concluded
from governance.privacy.policy.kinds import KINDS, title
from governance.privacy.policy.presets import PRESETS
from governance.privacy.policy.privacy import (
    ACTIONS,
    BODIES,
    DOCUMENTS,
    OVERLOADS,
    SCREENING_ACTIONS,
    InForce,
    PolicyDocument,
    PrivacyRule,
    Screening,
    combined,
    decode_policy,
    encode_policy,
    ends_answers,
    extended,
    stricter,
)
from governance.privacy.policy.ruleset import RuleSet
from governance.privacy.services.privacy import UnusablePolicyError, check_names, check_policy
from tests.governance.privacy.samples import findings_in

ENTITIES = ("EMAIL_ADDRESS", "CREDIT_CARD", "PERSON", "CUSTOM", "OTHER")
DIRECTIONS = ("to_model", "to_client", "to_log")
actions = st.sampled_from(ACTIONS)
words = st.lists(st.sampled_from(("Ab", "b1", "é", "zz")), max_size=2).map(tuple)
thresholds = st.sampled_from((0.0, 0.4, 0.5, 0.9, 1.0))
rules = st.builds(
    PrivacyRule,
    entity=st.sampled_from(ENTITIES),
    threshold=thresholds,
    to_model=actions,
    to_client=actions,
    to_log=actions,
    deny=words,
    allow=words,
    languages=st.sampled_from(((), ("en",), ("de", "fr"))),
)
screening_actions = st.sampled_from(SCREENING_ACTIONS)
screenings = st.builds(
    Screening,
    **dict.fromkeys(("user", "document", "tool", "leak", "links"), screening_actions),
    flag_at=thresholds,
    block_at=thresholds,
    delimit=st.booleans(),
    canary=st.booleans(),
)
documents = st.builds(
    PolicyDocument,
    rules=st.lists(rules, max_size=4).map(tuple),
    names=st.booleans(),
    overload=st.sampled_from(OVERLOADS),
    guardrail=st.sampled_from(("", "gr-1", "gr-2")),
    guardrail_version=st.sampled_from(("DRAFT", "1")),
    guardrail_failure=st.sampled_from(OVERLOADS),
    screening=screenings,
    bodies=st.sampled_from(BODIES),
    sample_percent=st.integers(0, 100),
    other_model=st.sampled_from(("", "one", "two")),
    documents=st.sampled_from(DOCUMENTS),
)
versions = st.builds(InForce, st.sampled_from(("Organisation", "Team", "App")), st.integers(1, 9), documents)
texts = st.text(st.sampled_from("Abz1é @."), max_size=20)


@given(versions, st.lists(versions, min_size=1, max_size=2), texts, st.data())
def test_a_further_policy_never_loosens_what_is_done_with_a_finding(more, several, text, data):
    findings = data.draw(findings_in(text, *ENTITIES))
    fewer, all_of_them = RuleSet(combined(several)), RuleSet(combined([*several, more]))
    before = dict(fewer.decisions(text, findings))
    after = dict(all_of_them.decisions(text, findings))
    assert before.keys() <= after.keys()
    for finding, decision in before.items():
        for direction in DIRECTIONS:
            was, now = getattr(decision, direction), getattr(after[finding], direction)
            assert ACTIONS.index(now) >= ACTIONS.index(was)
    assert set(fewer.custom(text)) <= set(all_of_them.custom(text))
    assert fewer.patterns <= all_of_them.patterns
    assert fewer.entities <= all_of_them.entities
    assert fewer.client_patterns <= all_of_them.client_patterns
    assert all_of_them.names >= fewer.names
    assert all_of_them.checks_answers >= fewer.checks_answers


@given(versions, st.lists(versions, min_size=1, max_size=2), texts, st.data())
def test_a_further_policy_never_shows_a_character_more(more, several, text, data):
    findings = data.draw(findings_in(text, *ENTITIES))
    fewer, all_of_them = RuleSet(combined(several)), RuleSet(combined([*several, more]))
    before = concluded(text, fewer, [(0, findings)])
    after = concluded(text, all_of_them, [(0, findings)])
    for direction in DIRECTIONS:
        were, are = (
            {place: hit.action for hit in getattr(each, direction) for place in range(hit.start, hit.end)}
            for each in (before, after)
        )
        for place, action in were.items():
            assert ACTIONS.index(are.get(place, "")) >= ACTIONS.index(action) or is_plain_at(text, place)


def is_plain_at(text, place):
    """The rest of a value whose greater part a stricter rule took may stay, if it is punctuation or lower case."""
    return not (text[place].isdecimal() or text[place].isupper())


@given(st.lists(versions, min_size=1, max_size=4))
def test_what_holds_is_the_strictest_of_each(several):
    effective = combined(several)
    documents = [each.document for each in several]
    assert effective.names == any(each.names for each in documents)
    assert effective.sample_percent == min(each.sample_percent for each in documents)
    for name, order in (("overload", OVERLOADS), ("guardrail_failure", OVERLOADS), ("documents", DOCUMENTS)):
        assert order.index(getattr(effective, name)) == max(
            order.index(getattr(each, name)) for each in documents
        )
    assert effective.bodies == (max((each.bodies for each in documents), key=BODIES.index) or "redacted")
    for name in ("user", "document", "tool", "leak"):
        assert SCREENING_ACTIONS.index(getattr(effective.screening, name)) == max(
            SCREENING_ACTIONS.index(getattr(each.screening, name)) for each in documents
        )
    for name in ("flag_at", "block_at"):
        assert getattr(effective.screening, name) == min(getattr(each.screening, name) for each in documents)
    assert {each.guardrail for each in documents} - {""} == {name for name, _ in effective.guardrails}
    assert effective.sources == tuple((each.owner, each.number) for each in several)
    assert [rule for _, rule in effective.rules] == [rule for each in documents for rule in each.rules]


@given(versions, st.lists(versions, min_size=1, max_size=3))
def test_no_level_asks_another_model_where_one_above_ends_the_answer_or_names_its_own(more, several):
    """To end the answer is stricter: a policy that ends answers and names no model means that."""
    fewer, all_of_them = combined(several), combined([*several, more])
    assert extended(fewer, more).other_model == all_of_them.other_model
    if ends_answers(fewer):
        assert all_of_them.other_model in ("", fewer.other_model)
    if any(ends_answers(each.document) and not each.document.other_model for each in (*several, more)):
        assert all_of_them.other_model == ""
    elif fewer.other_model:
        assert all_of_them.other_model == fewer.other_model


@given(st.permutations(ACTIONS))
def test_the_strictest_does_not_depend_on_the_order(several):
    assert stricter(ACTIONS, *several) == "block"
    assert ACTIONS == ("", "log", "mask", "hash", "redact", "block")


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_a_preset_is_a_policy_that_can_be_published(preset):
    check_policy(preset.document)
    effective = combined((InForce("Gatehouse", 0, preset.document),))
    check_names(effective)
    entities = [rule.entity for rule in preset.document.rules]
    assert set(entities) <= set(KINDS)
    assert len(entities) == len(set(entities))
    assert decode_policy(encode_policy(preset.document)) == preset.document


def test_each_preset_is_stricter_than_the_one_before():
    observe, protect, strict = (PRESETS[name].document for name in ("observe", "protect", "strict"))
    for milder, sterner in ((observe, protect), (protect, strict)):
        both = combined((InForce("a", 1, milder), InForce("b", 1, sterner)))
        alone = combined((InForce("b", 1, sterner),))
        for name in ("screening", "names", "overload", "documents", "other_model"):
            assert getattr(both, name) == getattr(alone, name)


@given(documents)
def test_a_document_is_the_same_after_it_was_stored(document):
    value = encode_policy(document)
    assert decode_policy(value) == document
    assert decode_policy(msgspec.json.decode(msgspec.json.encode(value))) == document


@pytest.mark.parametrize(
    "value",
    [
        {"rule": []},
        {"rules": [{"entity": "A", "colour": "red"}]},
        {"rules": [{}]},
        {"rules": [{"entity": 1}]},
        {"rules": [{"entity": "A", "to_model": "hide"}]},
        {"rules": [{"entity": "A", "threshold": "high"}]},
        {"rules": [{"entity": "A", "deny": "word"}]},
        {"rules": "none"},
        {"names": "yes"},
        {"bodies": "all"},
        {"overload": ""},
        {"sample_percent": 1.5},
        {"screening": {"user": "shout"}},
        {"screening": {"flag": 1}},
        [],
        None,
    ],
)
def test_what_is_no_document_is_refused(value):
    with pytest.raises(msgspec.ValidationError):
        decode_policy(value)


def test_every_kind_has_a_title_for_people():
    titles = {kind: title(kind) for kind in KINDS}
    assert {kind for kind, words in titles.items() if words == kind or "_" in words} == set()


def test_a_kind_of_an_admin_s_own_is_called_as_it_is():
    assert title("US_CUSTOMER_ID") == "US_CUSTOMER_ID"
    assert title("DE_PASSPORT") == "Passport (Germany)"


@given(versions, versions)
def test_rules_that_differ_are_told_apart_by_their_salt(one, other):
    first, second = combined((one,)), combined((other,))
    if (first.rules, first.names, first.guardrails) != (second.rules, second.names, second.guardrails):
        assert RuleSet(first).salt != RuleSet(second).salt
    assert RuleSet(first).salt == RuleSet(combined((one,))).salt


@pytest.mark.parametrize(
    ("rules", "what"),
    [
        ([PrivacyRule(entity=f"KIND_{number}", deny=("x",)) for number in range(3000)], "rules"),
        ([PrivacyRule(entity="KIND", patterns=tuple(f"a{number}" for number in range(301)))], "patterns"),
        ([PrivacyRule(entity="KIND", deny=tuple(f"a{number}" for number in range(10_001)))], "words"),
    ],
    ids=["rules", "patterns", "words"],
)
def test_a_policy_that_would_slow_every_call_is_refused_with_its_bound(rules, what):
    with pytest.raises(UnusablePolicyError, match=f"at most .* {what}"):
        check_policy(PolicyDocument(rules=tuple(rules)))
