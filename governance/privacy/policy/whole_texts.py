"""PURE: what is looked for beyond the ends of segments: admins' own rules, and secrets. In the text as it reads, whatever its spelling."""

from collections.abc import Iterator

from governance.privacy.policy.kinds import SECRET
from governance.privacy.policy.recognition import engine
from governance.privacy.policy.recognition.passwords import passwords
from governance.privacy.policy.recognition.views import view_of
from governance.privacy.policy.ruleset import RuleSet
from governance.screening.policy.findings import Finding
from governance.screening.policy.secrets import find_secrets

_BEYOND = 300
_READ_AT_ONCE = 50_000
"""Characters of which a view is made at once: of a longer text it is made by segments, so that nothing else has to wait."""


def found_across(text: str, offset: int, segment: str, rules: RuleSet) -> list[Finding]:
    """What begins in a segment and may go on beyond its end: what the admins' own rules find, and of a long text what is secret in
    it as it reads. Offsets are the text's."""
    is_long = rules.secrets and len(text) > _READ_AT_ONCE
    if not rules.has_custom and not is_long:
        return []
    window = text[offset : offset + len(segment) + _BEYOND]
    found = custom(window, rules) if rules.has_custom else []
    if is_long and (view := view_of(window)) is not None:
        found += engine.back(view, _secrets(view.text))
    return [each.moved(offset) for each in found if each.start < len(segment)]


def custom(text: str, rules: RuleSet) -> list[Finding]:
    """What the admins' own rules find in a text as it is written, and as it reads."""
    found = rules.custom(text)
    if (view := view_of(text)) is None:
        return found
    return list(dict.fromkeys([*found, *engine.back(view, rules.custom(view.text))]))


def secrets(text: str, rules: RuleSet) -> list[Finding]:
    """Credentials, in the whole of a text: a private key is longer than a segment."""
    if not rules.secrets:
        return []
    if len(text) <= _READ_AT_ONCE and (view := view_of(text)) is not None:
        return engine.back(view, _secrets(view.text))
    return [*_secrets(text)]


def _secrets(text: str) -> Iterator[Finding]:
    for each in find_secrets(text):
        yield Finding(each.start, each.end, SECRET, each.score, f"secrets: {each.entity}")
    yield from passwords(text)
