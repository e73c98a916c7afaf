"""What the counters of a limit are called that counts each value by itself."""

from collections import defaultdict
from collections.abc import Iterable

from governance.limits.policy.scopes import OTHER, UNTAGGED
from governance.limits.selectors.names import names_of

BY_ID = ("team", "application", "api_key")
"""Dimensions whose values are told apart by their ids."""
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
