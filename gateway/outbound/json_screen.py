"""PURE: rules for the direction to the client, over JSON: the arguments of a tool, or structured output.

JSON is looked at when all of it has come, and as what it says rather than as it is written, so that it stays JSON.
"""

import json
from collections.abc import Callable
from typing import Any

from gateway.outbound.screen import BlockedError, Judge, Replace, Screen
from governance.privacy.policy.ruleset import Hit
from kernel.digits import digits_of


class JsonScreen:
    """One block of JSON. What turns out to be none is looked at as text."""

    def __init__(self, judge: Judge, replace: Replace, *, note: Callable[[Hit], None]) -> None:
        self._judge = judge
        self._replace = replace
        self._note = note
        self._parts: list[str] = []

    def feed(self, text: str) -> str:
        """Nothing: no part of JSON is certain before its end."""
        self._parts.append(text)
        return ""

    def close(self) -> str:
        """All of it, with findings replaced; as it came where there are none."""
        text = "".join(self._parts)
        self._parts.clear()
        if not text:
            return ""
        try:
            value = json.loads(text, object_pairs_hook=_members)
            shown = self._shown(value)
        except (ValueError, RecursionError):
            screen = Screen(self._judge, self._replace, note=self._note, is_whole=True)
            return screen.feed(text) + screen.close()
        return text if shown == value else json.dumps(shown, ensure_ascii=False)

    def _shown(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {self._text(name): self._shown(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self._shown(member) for member in value]
        if digits := digits_of(value):
            shown = self._text(digits)
            return value if shown == digits else shown
        return value

    def _text(self, text: str) -> str:
        hits = self._judge(text)
        for hit in hits:
            self._note(hit)
            if hit.action == "block":
                raise BlockedError(hit.entity)
        return self._replace(text, hits) if hits else text


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError  # of two members of one name only one would be looked at
    return members
