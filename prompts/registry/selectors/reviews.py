"""Where the review of a version stands."""

import msgspec
from django.db.models import Q, QuerySet

from accounts.models import Team, User
from accounts.policy.roles import Capability, roles_with
from prompts.registry.models import PromptVersion, ReviewRule, Verdict, VersionState
from prompts.registry.policy.document import PARTS, changed_parts, decoded
from prompts.registry.policy.reviews import Rule, Standing, Vote, standing


def standing_of(version: PromptVersion) -> Standing:
    """What the team's rules still ask for. A shared prompt takes one approval of a superuser other than its author."""
    rules = [rule for rule in rules_of(version) if rule.applies(version.prompt.tags, changed_in(version))]
    votes = [
        Vote(reviewer, verdict == Verdict.APPROVE)
        for reviewer, verdict in version.reviews.filter(is_stale=False).values_list("reviewer_id", "verdict")
    ]
    return standing(rules, votes, authors={*version.editors, version.author_id})


def rules_of(version: PromptVersion) -> list[Rule]:
    """All rules of the prompt's team."""
    team_id = version.prompt.team_id
    if team_id is None:
        return [Rule(name="Shared by all teams", approvals=1)]
    rows = ReviewRule.objects.filter(team_id=team_id).prefetch_related("reviewers")
    return [
        Rule(
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
        return changed_parts(decoded(before.document) if before else None, decoded(version.document))
    except msgspec.ValidationError:
        return frozenset(PARTS)
