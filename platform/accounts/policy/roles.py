"""PURE: what each role in a team may do."""

from enum import StrEnum


class Capability(StrEnum):
    """One thing a person may be allowed to do in a team."""

    VIEW_USAGE = "view_usage"  # figures: calls, tokens, cost
    VIEW_CONTENT = "view_content"  # redacted requests and answers
    READ_RAW = "read_raw"  # what was said before masking, where it is stored
    MANAGE_DATA_KEYS = "manage_data_keys"  # the keys that raw text is encrypted with: new ones, and erasing
    MANAGE_KEYS = "manage_keys"  # applications and their API keys
    MANAGE_TEAM = "manage_team"  # the team, its members, its budget
    MANAGE_OWNERS = "manage_owners"  # who owns the team


_DEVELOPER = frozenset({Capability.VIEW_USAGE, Capability.VIEW_CONTENT, Capability.MANAGE_KEYS})

CAPABILITIES: dict[str, frozenset[Capability]] = {
    "owner": frozenset(Capability),
    "admin": _DEVELOPER | {Capability.MANAGE_TEAM},
    "developer": _DEVELOPER,
    "reviewer": frozenset({Capability.VIEW_USAGE, Capability.VIEW_CONTENT}),
    "viewer": frozenset({Capability.VIEW_USAGE}),
}


def roles_with(capability: Capability) -> frozenset[str]:
    """The roles that carry a capability."""
    return frozenset(role for role, capabilities in CAPABILITIES.items() if capability in capabilities)
