"""Where the review of a version stands."""

import msgspec
from django.db.models import Q, QuerySet

from accounts.models import Team, User
from accounts.policy.roles import Capability, roles_with
from prompts.registry.models import PromptVersion, ReviewRule, ReviewVerdict, VersionState
from prompts.registry.policy.document import PARTS, changed_parts, decode_document
from prompts.registry.policy.reviews import ApprovalRule, ReviewStanding, Vote, standing


def review_standing(version: PromptVersion) -> ReviewStanding:
    """What the team's rules still ask for. A shared prompt takes one approval of a superuser other than its author."""
    rules = [rule for rule in rules_for(version) if rule.applies(version.prompt.tags, changed_in(version))]
    votes = [
        Vote(reviewer, verdict == ReviewVerdict.APPROVE)
        for reviewer, verdict in version.reviews.filter(is_stale=False).values_list("reviewer_id", "verdict")
    ]
    return standing(rules, votes, authors={*version.editors, version.author_id})


def rules_for(version: PromptVersion) -> list[ApprovalRule]:
    """All rules of the prompt's team."""
    team_id = version.prompt.team_id
    if team_id is None:
        return [ApprovalRule(name="Shared by all teams", approvals=1)]
    rows = ReviewRule.objects.filter(team_id=team_id).prefetch_related("reviewers")
    return [
        ApprovalRule(
            name=row.name,
            approvals=row.approvals,
            tag=row.tag,
            parts=frozenset(row.parts),
            reviewers=frozenset(person.pk for person in row.reviewers.all()),
        )
        for row in rows
    ]


def reviewers_of(team: Team) -> QuerySet[User]:
    """Everybody whose approval can count in a team."""
    of_team = Q(memberships__team=team, memberships__role__in=roles_with(Capability.APPROVE_PROMPTS))
    return User.objects.filter(of_team | Q(is_superuser=True), is_active=True).distinct()


def baseline_of(version: PromptVersion) -> PromptVersion | None:
    """What a version is compared with: the last one approved before it."""
    return (
        version.prompt.versions.filter(state=VersionState.APPROVED, number__lt=version.number)
        .order_by("-number")
        .first()
    )


def changed_in(version: PromptVersion) -> frozenset[str]:
    """The parts that differ from the last approved version; all of them where one of the two can't be read."""
    before = baseline_of(version)
    try:
        return changed_parts(
            decode_document(before.document) if before else None, decode_document(version.document)
        )
    except msgspec.ValidationError:
        return frozenset(PARTS)
