"""PURE: stand-ins for personal data, the same for the same value in one team, and the way back within one call."""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from typing import Any

from governance.policy.findings import Finding

_SHORTEST = 6  # hexadecimal characters of the keyed hash in a placeholder


def team_key(master_key: str, team_public_id: str) -> bytes:
    """The key that placeholders of a team are made with, derived, so that nothing has to be kept."""
    return hmac.digest(master_key.encode(), b"placeholder:" + team_public_id.encode(), hashlib.sha256)


class Mask:
    """The placeholders of one call: `hide` puts them in, `values` is the way back. Never shared between calls."""

    def __init__(self, *, key: bytes, find: Callable[[str], Iterable[Finding]]) -> None:
        self._key = key
        self._find = find
        self._tokens: dict[tuple[str, str], str] = {}
        self.values: dict[str, str] = {}
        self.counts: dict[str, int] = {}

    def hide(self, text: str) -> str:
        """The text with every finding replaced by its placeholder."""
        findings = self._find(text)
        if not findings:
            return text
        parts: list[str] = []
        position = 0
        for finding in findings:
            parts += (
                text[position : finding.start],
                self._token(finding.entity, text[finding.start : finding.end]),
            )
            self.counts[finding.entity] = self.counts.get(finding.entity, 0) + 1
            position = finding.end
        parts.append(text[position:])
        return "".join(parts)

    def hide_json(self, value: Any) -> Any:
        """The same for every string inside a JSON value, names of members included."""
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, dict):
            return {self.hide(name): self.hide_json(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self.hide_json(member) for member in value]
        return value

    def _token(self, entity: str, value: str) -> str:
        known = self._tokens.get((entity, value))
        if known is not None:
            return known
        digest = hmac.digest(
            self._key, f"{entity}:{value}".encode("utf-8", "surrogatepass"), hashlib.sha256
        ).hex()
        length = _SHORTEST
        # Two values that collide in one call get longer tokens; equal values never get here.
        while (token := f"<{entity}_{digest[:length]}>") in self.values:
            length += 2
        self._tokens[entity, value] = token
        self.values[token] = value
        return token
