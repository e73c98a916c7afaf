"""When a version has the approvals that its team's rules ask for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.registry.policy.reviews import ApprovalRule, Vote, standing

PEOPLE = st.integers(1, 5)
VOTES = st.lists(st.builds(Vote, PEOPLE | st.none(), st.booleans()), max_size=12)
RULES = st.lists(
    st.builds(ApprovalRule, name=st.just("ApprovalRule"), approvals=st.integers(1, 3), reviewers=st.frozensets(PEOPLE, max_size=3)), max_size=3
)  # fmt: skip
AUTHOR = PEOPLE | st.none()


@given(RULES, VOTES, AUTHOR)
def test_the_author_never_counts(rules, votes, author):
    without = [vote for vote in votes if vote.reviewer != author]
    assert standing(rules, votes, authors={author}) == standing(rules, without, authors={author})


@given(RULES, VOTES, AUTHOR)
def test_the_last_vote_of_a_person_counts(rules, votes, author):
    last = list({vote.reviewer: vote for vote in votes}.values())
    assert standing(rules, votes, authors={author}) == standing(rules, last, authors={author})


@given(RULES, VOTES, AUTHOR, PEOPLE)
def test_one_more_approval_takes_nothing_away(rules, votes, author, person):
    before = standing(rules, votes, authors={author})
    after = standing(rules, [*votes, Vote(person, True)], authors={author})
    assert after.approvals >= before.approvals
    assert after.is_approved or not before.is_approved
    assert len(after.missing) <= len(before.missing)


@given(RULES, VOTES, AUTHOR, PEOPLE)
def test_one_more_objection_gives_nothing(rules, votes, author, person):
    before = standing(rules, votes, authors={author})
    after = standing(rules, [*votes, Vote(person, False)], authors={author})
    assert after.approvals <= before.approvals
    assert before.is_approved or not after.is_approved
    assert not after.is_approved or person == author


@given(RULES, RULES, VOTES, AUTHOR)
def test_more_rules_ask_for_no_less(rules, more, votes, author):
    assert set(standing(rules, votes, authors={author}).missing) <= set(
        standing([*rules, *more], votes, authors={author}).missing
    )


@given(RULES, VOTES, AUTHOR)
def test_approved_means_that_every_rule_is_met_by_different_people(rules, votes, author):
    found = standing(rules, votes, authors={author})
    approving = {
        each.reviewer for each in {vote.reviewer: vote for vote in votes}.values() if each.approves
    } - {author, None}
    assert found.approvals == len(approving)
    if found.is_approved:
        for rule in rules:
            assert len(approving & rule.reviewers if rule.reviewers else approving) >= rule.approvals


def test_people_who_are_gone_do_not_count():
    rule = ApprovalRule(name="One", approvals=1)
    assert not standing([rule], [Vote(None, True)], authors=set()).is_approved
    assert standing([], [Vote(None, False)], authors=set()).is_approved


def test_no_rule_asks_for_nothing():
    assert standing([], [], authors={1}).is_approved


def test_what_is_missing_is_said():
    rules = [
        ApprovalRule(name="Two", approvals=2),
        ApprovalRule(name="Legal", approvals=1, reviewers=frozenset({7})),
    ]
    assert standing(rules, [], authors={1}).missing == (
        "“Two” wants 2 more approvals.",
        "“Legal” wants 1 more approval of its reviewers.",
    )
    assert standing(rules, [Vote(2, True), Vote(3, False)], authors={1}).missing == (
        "1 reviewer asks for changes.",
        "“Two” wants 1 more approval.",
        "“Legal” wants 1 more approval of its reviewers.",
    )
    assert standing(rules, [Vote(3, True), Vote(7, True)], authors={1}).is_approved


@pytest.mark.parametrize(
    ("tag", "parts", "applies"),
    [
        ("", set(), True),
        ("legal", set(), True),
        ("other", set(), False),
        ("", {"messages"}, True),
        ("", {"tools"}, False),
        ("", {"tools", "messages"}, True),
        ("legal", {"tools"}, False),
        ("other", {"messages"}, False),
    ],
)
def test_rules_by_tag_and_by_part(tag, parts, applies):
    rule = ApprovalRule(name="ApprovalRule", approvals=1, tag=tag, parts=frozenset(parts))
    assert rule.applies(["legal", "beta"], {"messages", "variables"}) is applies
