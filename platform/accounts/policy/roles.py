"""PURE: what each role in a team may do."""

from enum import StrEnum


class Capability(StrEnum):
    """One thing a person may be allowed to do in a team."""

    VIEW_USAGE = "view_usage"  # figures: calls, tokens, cost
    VIEW_CONTENT = "view_content"  # redacted requests and answers
    REVIEW_CALLS = "review_calls"  # a verdict on a call, and what it should have said
    KNOW_PEOPLE = "know_people"  # whom placeholders stand for, where the team keeps a list
    READ_RAW = "read_raw"  # what was said before masking, where it is stored
    MANAGE_DATA_KEYS = "manage_data_keys"  # the keys that raw text is encrypted with: new ones, and erasing
    EDIT_PROMPTS = "edit_prompts"  # drafts, test sets, experiments, knowledge, the playground
    APPROVE_PROMPTS = "approve_prompts"  # reviews of others' versions
    MANAGE_KEYS = "manage_keys"  # applications and their API keys
    MANAGE_TEAM = "manage_team"  # the team, its members, its budget
    MANAGE_OWNERS = "manage_owners"  # who owns the team


_REVIEWER = frozenset(
    {
        Capability.VIEW_USAGE,
        Capability.VIEW_CONTENT,
        Capability.REVIEW_CALLS,
        Capability.KNOW_PEOPLE,
        Capability.APPROVE_PROMPTS,
    }
)
_DEVELOPER = _REVIEWER | {Capability.MANAGE_KEYS, Capability.EDIT_PROMPTS}

CAPABILITIES: dict[str, frozenset[Capability]] = {
    "owner": frozenset(Capability),
    "admin": _DEVELOPER | {Capability.MANAGE_TEAM},
    "developer": _DEVELOPER,
    "reviewer": _REVIEWER,
    "viewer": frozenset({Capability.VIEW_USAGE}),
}


def roles_with(capability: Capability) -> frozenset[str]:
    """The roles that carry a capability."""
    return frozenset(role for role, capabilities in CAPABILITIES.items() if capability in capabilities)
