"""Required tests stand before protected labels: who may only edit makes them stricter, never weaker."""

from accounts.access.principals import has_capability, may_manage_shared
from accounts.models import Team, User
from accounts.policy.roles import Capability
from prompts.evaluations.models import TestSet
from prompts.registry.models import Prompt
from prompts.registry.services.labels import has_protected_label
from prompts.registry.services.prompts import PromptError

LOOSENING = Capability.MANAGE_TEAM
"""What it takes, in the team of the set, to change what is required there: as to protect labels."""


class RequiredTestError(PromptError):
    """Somebody who may only edit asks for what could weaken a required test. The message says who can do it."""

    code = "permission_denied"
    status = 403


def check_may_loosen(test_set: TestSet, by: User | None) -> None:
    """Raises RequiredTestError where the set is required and the person may not weaken it. By nobody: Gatehouse itself."""
    if by is not None and (reason := why_not_loosen(test_set, by)):
        raise RequiredTestError(reason)


def check_may_require(test_set: TestSet, by: User | None) -> None:
    """The same for making the set required, which of shared prompts binds all teams."""
    if by is not None and (reason := why_not_require(by, prompt=test_set.prompt)):
        raise RequiredTestError(reason)


def why_not_loosen(test_set: TestSet, by: User) -> str:
    """Why the person may not change or remove cases, assertions, the pass mark or the set; "" where they may."""
    prompt, team = test_set.prompt, test_set.team
    if not test_set.is_required or _may(by, team, prompt) or not has_protected_label(prompt):
        return ""
    return (
        f"{prompt} has a protected label, and this set is required for it. Only {_who(team, prompt)} may change or take out "
        "its cases and assertions, change what it passes at, or delete it. Everybody who edits may add cases."
    )


def why_not_require(by: User, *, prompt: Prompt) -> str:
    """Why the person may not make a set required for a prompt; "" where they may."""
    if prompt.team_id is not None or may_manage_shared(by):
        return ""
    return "Only superusers require tests of shared prompts."


def _may(by: User, team: Team, prompt: Prompt) -> bool:
    return has_capability(by, LOOSENING, None if prompt.team_id is None else team.pk)


def _who(team: Team, prompt: Prompt) -> str:
    return "superusers" if prompt.team_id is None else f"owners and admins of {team}"
