"""Reading policies: what is in force, and what a draft changes."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings

from governance.privacy.models import PrivacyPolicy, PrivacyPolicyVersion
from governance.privacy.policy.kinds import title
from governance.privacy.policy.overruled import overruled
from governance.privacy.policy.presets import PRESETS, Preset
from governance.privacy.policy.privacy import (
    Effective,
    InForce,
    PolicyDocument,
    PrivacyRule,
    combined,
    decode_policy,
)
from governance.privacy.policy.ruleset import RuleSet
from governance.records.models import AuditContent, AuditRecord
from governance.records.selectors.calls import first_id_at

_Row = tuple[int, str, int]
"""(id of the version, owner in words, number)."""
_Level = tuple[int | None, int | None]
_ORGANISATION: _Level = (None, None)
_DEFAULT: _Row = (0, "Gatehouse", 0)


class Policies:
    """Those in force, read at once; each combination of versions is compiled once per process."""

    def __init__(self) -> None:
        rows = PrivacyPolicy.objects.filter(in_force__isnull=False).select_related(
            "in_force", "team", "application"
        )
        self._rows: dict[_Level, _Row] = {}
        for row in rows:
            assert row.in_force is not None
            self._rows[row.team_id, row.application_id] = (row.in_force.pk, row.owner, row.in_force.number)

    def of(self, team_id: int | None, application_id: int | None) -> RuleSet:
        """The rules of the organisation, the team and the application, as one."""
        return _compiled(self._of(_levels(team_id, application_id)))

    def with_draft(
        self, policy: PrivacyPolicy, document: PolicyDocument, *, names: bool | None = None
    ) -> Effective:
        """What would hold for those of a policy if its draft were published; with or without names, if that is said."""
        own = (policy.team_id, policy.application_id)
        above = list(map(_in_force, self._of([level for level in _levels(*own) if level != own])))
        effective = combined([*above, InForce(policy.owner, 0, document)])
        return effective if names is None else replace(effective, names=names)

    def overruled(self, policy: PrivacyPolicy, document: PolicyDocument) -> list[str]:
        """Sentences: what of a draft, or of a version, has no effect because of the levels above it."""
        own = (policy.team_id, policy.application_id)
        above = self._of([level for level in _levels(*own) if level != own])
        return overruled(document, list(map(_in_force, above)))

    def _of(self, levels: Iterable[_Level]) -> tuple[_Row, ...]:
        """The rows of some levels; in the place of the organisation's, where it has none, what holds by default."""
        rows = [self._rows.get(level, _DEFAULT if level == _ORGANISATION else None) for level in levels]
        return tuple(row for row in rows if row is not None)


def _levels(team_id: int | None, application_id: int | None) -> tuple[_Level, ...]:
    return tuple(dict.fromkeys(((None, None), (team_id, None), (team_id, application_id))))


def _in_force(row: _Row) -> InForce:
    pk, owner, number = row
    return InForce(owner, number, _document(pk) if pk else preset().document)


def preset() -> Preset:
    """What holds until the organisation has a policy of its own in force."""
    return PRESETS[settings.PRESET]


@lru_cache(maxsize=4096)
def _document(pk: int) -> PolicyDocument:
    return decode_policy(
        PrivacyPolicyVersion.objects.get(pk=pk).document
    )  # never changed, so never read again


@lru_cache(maxsize=4096)
def _compiled(rows: tuple[_Row, ...]) -> RuleSet:
    return RuleSet(combined(map(_in_force, rows)))


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
    "sample_percent": "share of calls kept", "other_model": "another model once", "documents": "PDF and Word documents in requests",
}  # fmt: skip
_SCREENING = {
    "user": "screening of users' texts", "document": "screening of documents", "tool": "screening of results of tools", "flag_at": "suspicious from",
    "block_at": "an injection from", "delimit": "mark users' texts", "canary": "canary", "leak": "when the system prompt leaks",
    "delimit_outside": "mark what comes from elsewhere", "links": "links and images that carry data away",
}  # fmt: skip


def changes(before: Any, after: Any) -> list[str]:
    """One line a change; of a first version, what it does. Documents, or their JSON values."""
    old, new = _as_document(before), _as_document(after)
    lines = [line for name, words in _FIELDS.items() if (line := _change(words, old, new, name))]
    lines += [
        line
        for name, words in _SCREENING.items()
        if (line := _change(words, old.screening, new.screening, name))
    ]
    return lines + _rules(old.rules, new.rules)


def _as_document(value: Any) -> PolicyDocument:
    if value is None:
        return PolicyDocument()
    return value if isinstance(value, PolicyDocument) else decode_policy(value)


def _change(words: str, old: Any, new: Any, name: str) -> str:
    was, now = getattr(old, name), getattr(new, name)
    return "" if was == now else f"{words[:1].upper()}{words[1:]}: {_value(was)} → {_value(now)}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value != "" else "not set"


def _rules(old: tuple[PrivacyRule, ...], new: tuple[PrivacyRule, ...]) -> list[str]:
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


def _actions(rule: PrivacyRule) -> str:
    said = (f"{words} {_ACTIONS[action]}" for name, words in _DIRECTIONS if (action := getattr(rule, name)))
    return ", ".join(said) or "nothing done"


def _difference(was: PrivacyRule, now: PrivacyRule) -> str:
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


_READ_AT_ONCE = 200


def stored_texts(policy: PrivacyPolicy, *, now: datetime, days: int, most: int) -> list[str]:
    """What users, documents and tools said in the latest calls that a policy is for, each text once."""
    calls = AuditRecord.objects.filter(pk__gte=first_id_at(now - timedelta(days=days)))
    if policy.application_id is not None:
        calls = calls.filter(application=policy.application_id)
    elif policy.team_id is not None:
        calls = calls.filter(team=policy.team_id)
    ids = list(calls.order_by("-call_id").values_list("call_id", flat=True)[: most * 2])
    texts: dict[str, None] = {}
    for start in range(0, len(ids), _READ_AT_ONCE):
        contents = AuditContent.objects.filter(call_id__in=ids[start : start + _READ_AT_ONCE])
        for request in contents.values_list("request", flat=True):
            texts.update(dict.fromkeys(_texts(request)))
        if len(texts) >= most:
            break
    return list(texts)[:most]


def _texts(request: str) -> Iterator[str]:
    try:
        conversation = json.loads(request)
    except ValueError:
        return
    messages = conversation.get("messages", []) if isinstance(conversation, dict) else []
    for message in messages:
        for block in message.get("content", []):
            yield from _strings(block.get("text") or block.get("toolResult", {}).get("content"))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
