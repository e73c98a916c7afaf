"""Privacy policies."""

from typing import Any

from accounts.models import Team
from governance.privacy.models import PrivacyPolicy, RedactionRule


def make_policy(team: Team | None = None, *, entities: tuple[str, ...] = (), **fields: Any) -> PrivacyPolicy:
    """The draft of a team's policy, or without a team of the organisation's, with a rule for each entity."""
    policy = PrivacyPolicy.objects.create(team=team, **fields)
    for entity in entities:
        RedactionRule.objects.create(policy=policy, entity=entity)
    return policy
