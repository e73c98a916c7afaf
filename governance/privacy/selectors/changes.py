"""What changed from one version of a privacy policy to another, in words."""

from typing import Any

from governance.privacy.policy.kinds import title
from governance.privacy.policy.privacy import Document, Rule, decoded

_ACTIONS = {
    "": "nothing",
    "log": "count only",
    "mask": "mask",
    "hash": "hash",
    "redact": "remove",
    "block": "block",
}
_DIRECTIONS = (("to_model", "to the model"), ("to_client", "to the client"), ("to_log", "to the log"))
_FIELDS = {
    "names": "find names", "overload": "when names can't be looked for", "guardrail": "Bedrock guardrail",
    "guardrail_version": "guardrail version", "guardrail_failure": "when the guardrail can't be asked", "bodies": "kept of requests and answers",
    "sample_percent": "share of calls kept",
}  # fmt: skip
_SCREENING = {
    "user": "screening of users' texts", "document": "screening of documents", "tool": "screening of results of tools", "flag_at": "suspicious from",
    "block_at": "an injection from", "delimit": "mark users' texts", "canary": "canary", "leak": "when the system prompt leaks",
}  # fmt: skip


def changes(before: Any, after: Any) -> list[str]:
    """One line a change; of a first version, what it does. Documents, or their JSON values."""
    old, new = _document(before), _document(after)
    lines = [line for name, words in _FIELDS.items() if (line := _change(words, old, new, name))]
    lines += [
        line
        for name, words in _SCREENING.items()
        if (line := _change(words, old.screening, new.screening, name))
    ]
    return lines + _rules(old.rules, new.rules)


def _document(value: Any) -> Document:
    if value is None:
        return Document()
    return value if isinstance(value, Document) else decoded(value)


def _change(words: str, old: Any, new: Any, name: str) -> str:
    was, now = getattr(old, name), getattr(new, name)
    return "" if was == now else f"{words[:1].upper()}{words[1:]}: {_value(was)} → {_value(now)}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value != "" else "not set"


def _rules(old: tuple[Rule, ...], new: tuple[Rule, ...]) -> list[str]:
    """Kinds that changed in the same way share a line."""
    changed: dict[str, list[str]] = {}
    for entity in sorted({rule.entity for rule in (*old, *new)}, key=title):
        was = [rule for rule in old if rule.entity == entity]
        now = [rule for rule in new if rule.entity == entity]
        if was != now:
            what = (
                f"Added ({_actions(now[0])})"
                if not was
                else "No longer looked for"
                if not now
                else _difference(was[0], now[0])
            )
            changed.setdefault(what, []).append(title(entity))
    return [f"{what}: {', '.join(kinds)}" for what, kinds in changed.items()]


def _actions(rule: Rule) -> str:
    said = (f"{words} {_ACTIONS[action]}" for name, words in _DIRECTIONS if (action := getattr(rule, name)))
    return ", ".join(said) or "nothing done"


def _difference(was: Rule, now: Rule) -> str:
    parts = [
        f"{words} {_ACTIONS[getattr(was, name)]} → {_ACTIONS[getattr(now, name)]}"
        for name, words in _DIRECTIONS
        if getattr(was, name) != getattr(now, name)
    ]
    others = [
        name
        for name in ("threshold", "patterns", "deny", "allow", "context", "checksum", "languages")
        if getattr(was, name) != getattr(now, name)
    ]
    text = ", ".join([*parts, *(f"{name} changed" for name in others)]) or "changed"
    return text[:1].upper() + text[1:]
