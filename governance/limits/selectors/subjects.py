"""What the ids of usage are called."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from accounts.models import ApiKey, Application, Team
from governance.limits.policy.scopes import OTHER, UNTAGGED

_MODELS: dict[str, Any] = {"team": Team, "application": Application, "api_key": ApiKey}
_NONE = {
    "team": "No team", "application": "No application", "api_key": "No key", "feature": "No feature",
    "end_user": "Nobody named", "route": "No model", "model": "No model", "region": "No region",
    "prompt": "No prompt",
}  # fmt: skip


def names_of(group: str, keys: Iterable[Any]) -> dict[Any, str]:
    """A name for each value of a dimension. What has been deleted keeps its number."""
    found = {key: str(key) if key else _NONE[group] for key in keys}
    model = _MODELS.get(group)
    if model is not None:
        related = ("application",) if group == "api_key" else ()
        rows = model.objects.filter(pk__in=[key for key in found if key]).select_related(*related)
        found |= {
            row.pk: row.name if group != "api_key" else f"{row.name or row} of {row.application.name}"
            for row in rows
        }
        found |= {
            key: f"{group.replace('_', ' ').capitalize()} {key}, deleted"
            for key in found
            if key and found[key] == str(key)
        }
    return found


BY_ID = ("team", "application", "api_key")
"""Dimensions whose values are told apart by their ids."""
PEOPLE = ("end_user", "session")
"""Dimensions whose values may stand for people."""
_WORDS = {"": "", UNTAGGED: "without one", OTHER: "all others"}


def subject_names(found: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """A name for each dimension and subject, in a query a dimension at most. What has been deleted keeps its number."""
    names: dict[tuple[str, str], str] = {}
    ids: dict[str, set[int]] = defaultdict(set)
    for per, subject in found:
        if per in BY_ID and subject.isascii() and subject.isdecimal():
            ids[per].add(int(subject))
        else:
            names[per, subject] = _WORDS.get(subject, subject)
    for per, keys in ids.items():
        names |= {(per, str(key)): name for key, name in names_of(per, keys).items()}
    return names
