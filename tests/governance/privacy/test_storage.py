"""What of a call is stored, sealed and searched by: pure rules."""

import json
import os
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.privacy.policy.storage import (
    ALWAYS,
    NOTHING,
    Extent,
    StoragePolicy,
    decide_storage,
    is_sampled,
)
from governance.records.policy import MAX_CHARACTERS, SealBrokenError, seal, unseal, words_of
from kernel.ids import new_id

FACTS = ("has_findings", "is_error", "is_flagged")
KEY = bytes(range(32))
policies = st.builds(
    StoragePolicy,
    bodies=st.sampled_from(("redacted", "raw", "none")),
    sample_percent=st.integers(0, 100),
    keep_on=st.frozensets(st.sampled_from(sorted(ALWAYS))),
)
facts = st.fixed_dictionaries({name: st.booleans() for name in FACTS})


@given(policies, st.uuids(), facts)
def test_a_decision_follows_its_policy(policy, call_id, facts):
    storing = decide_storage(policy, call_id=call_id, **facts)
    assert storing == decide_storage(policy, call_id=call_id, **facts)
    names = {"findings": "has_findings", "errors": "is_error", "flags": "is_flagged"}
    is_kept = any(facts[names[name]] for name in policy.keep_on if name in names)
    if policy.bodies == "none":
        assert storing == NOTHING
        return
    if policy.sample_percent == 100 or is_kept:
        assert storing.extent is Extent.WHOLE
    if policy.sample_percent == 0 and not is_kept:
        assert storing.extent is (Extent.FOR_NOW if "feedback" in policy.keep_on else Extent.METADATA)
    assert storing.is_raw == (policy.bodies == "raw" and storing.extent is not Extent.METADATA)


@given(st.uuids(), st.integers(0, 100), st.integers(0, 100))
def test_who_is_in_a_small_sample_is_in_a_larger_one(call_id, one, other):
    small, large = sorted((one, other))
    assert is_sampled(call_id, large) or not is_sampled(call_id, small)


@pytest.mark.parametrize("percent", [0, 1, 10, 50, 99, 100])
def test_a_sample_has_about_its_share(percent):
    count = sum(is_sampled(new_id(), percent) for _ in range(20_000))
    assert abs(count / 200 - percent) < 1.5  # four standard deviations at a half


@given(st.binary(max_size=2000), st.uuids(), st.integers(1, 2**40))
def test_what_is_sealed_comes_back_for_the_same_call_only(plain, call_id, team_id):
    sealed = seal(plain, key=KEY, call_id=call_id, team_id=team_id, nonce=os.urandom(12))
    assert len(plain) < 8 or plain not in sealed
    assert unseal(sealed, key=KEY, call_id=call_id, team_id=team_id) == plain
    others = [
        {"key": bytes(32), "call_id": call_id, "team_id": team_id},
        {"key": KEY, "call_id": UUID(int=call_id.int ^ 1), "team_id": team_id},
        {"key": KEY, "call_id": call_id, "team_id": team_id + 1},
    ]
    for other in others:
        with pytest.raises(SealBrokenError):
            unseal(sealed, **other)
    for changed in (sealed[:-1], sealed[:20] + bytes([sealed[20] ^ 1]) + sealed[21:], b"", sealed[:5]):
        with pytest.raises(SealBrokenError):
            unseal(changed, key=KEY, call_id=call_id, team_id=team_id)


def test_words_are_what_was_said_and_nothing_else():
    request = {
        "system": [{"text": "Be brief"}],
        "messages": [
            {"role": "user", "content": [{"text": "Mail <EMAIL_ADDRESS_3f2a9c>"}]},
            {"role": "user", "content": [{"image": {"format": "png", "source": {"bytes": "AAAA"}}}]},
            {
                "role": "user",
                "content": [{"toolResult": {"toolUseId": "id-1", "content": [{"json": {"a": "sunny"}}]}}],
            },
        ],
        "inferenceConfig": {"stopSequences": ["unsaid"]},
    }
    answer = [{"toolUse": {"toolUseId": "id-2", "name": "weather", "input": {"city": "Ulm"}}}]
    words = words_of(json.dumps(request), json.dumps(answer)).split()
    assert words == ["Be", "brief", "Mail", "EMAIL_ADDRESS_3f2a9c", "sunny", "weather", "Ulm"]


@given(st.text(), st.text())
def test_words_bear_anything(request, answer):
    words_of(request, answer).encode()


def test_words_of_much_are_cut_short():
    request = json.dumps({"messages": [{"content": [{"text": "word " * 100_000 + "\x00\ud800"}]}]})
    assert len(words_of(request, "[]")) == MAX_CHARACTERS
