"""The rule of who sees and changes what, for all people and all owners."""

from hypothesis import given
from hypothesis import strategies as st

from accounts.access.policy import (
    NOBODY,
    Principal,
    Reach,
    Shared,
    first_team,
    may_name,
    reach_to_change,
    reach_to_see,
)
from accounts.policy.roles import CAPABILITIES, Capability

TEAMS = st.integers(min_value=1, max_value=5)
OWNERS = st.none() | TEAMS
PEOPLE = st.builds(
    Principal,
    id=st.integers(min_value=1),
    is_active=st.booleans(),
    is_superuser=st.booleans(),
    roles=st.dictionaries(TEAMS, st.sampled_from(sorted(CAPABILITIES))),
)
CAPABILITY = st.sampled_from(Capability)
SHARED = st.sampled_from(Shared)


@given(PEOPLE, CAPABILITY, SHARED, OWNERS)
def test_sight_follows_from_role_and_owner(who, capability, shared, owner):
    if not who.is_active:
        expected = False
    elif who.is_superuser:
        expected = True
    elif owner is None:
        expected = shared is Shared.EVERYONE
    else:
        expected = owner in who.roles and capability in CAPABILITIES[who.roles[owner]]
    assert reach_to_see(who, capability, shared).covers(owner) is expected


@given(PEOPLE, CAPABILITY, OWNERS)
def test_what_belongs_to_no_team_is_changed_by_superusers_alone(who, capability, owner):
    reach = reach_to_change(who, capability)
    if owner is None:
        assert reach.covers(owner) is (who.is_active and who.is_superuser)
    if reach.covers(owner):
        assert all(reach_to_see(who, capability, shared).covers(owner) for shared in Shared)


@given(CAPABILITY, SHARED, OWNERS)
def test_nobody_reaches_nothing(capability, shared, owner):
    assert not reach_to_see(NOBODY, capability, shared).covers(owner)
    assert reach_to_see(NOBODY, capability, shared).is_empty


@given(PEOPLE, CAPABILITY, SHARED)
def test_an_empty_reach_covers_no_owner(who, capability, shared):
    reach = reach_to_see(who, capability, shared)
    assert reach.is_empty == (not any(reach.covers(owner) for owner in (None, *range(1, 6))))


@given(OWNERS, OWNERS)
def test_a_row_names_its_own_team_s_and_nobody_s(owner, named):
    assert may_name(owner, named) is (named is None or named == owner)


def test_of_several_ways_the_first_that_leads_to_a_team_counts():
    assert first_team([None, 3, 4]) == 3
    assert first_team([None]) is None


def test_what_a_reach_is_made_of():
    assert Reach(frozenset({1})).covers(1)
    assert not Reach(frozenset({1})).covers(None)
    assert Reach(shared=True).covers(None)
