"""PURE: what stands in for personal data, the same for the same value in one team, and the way back within one call."""

from collections import Counter
from collections.abc import Callable
from copy import copy
from typing import Any

from governance.privacy.policy.detection import TextHits, beyond, without_placeholders
from governance.privacy.policy.members import label
from governance.privacy.policy.placeholders import LITERAL, MIN_LENGTH
from governance.privacy.policy.ruleset import OUTSIDE, Hit, RuleSet
from kernel.digits import digits_of
from kernel.placeholders import digest, placeholder

_HASH_DIGITS = 12


class Mask:
    """The placeholders of one call: `hide` puts them in, `values` is the way back. Never shared between calls."""

    def __init__(self, *, key: bytes, rules: RuleSet, find: Callable[[str], TextHits]) -> None:
        self._key = key
        self._rules = rules
        self._find_new = find
        self.known: dict[str, TextHits] = {}
        """What was found in texts of this call that nothing else remembers."""
        self.asked: dict[str, str] = {}
        """Texts of this call that answer a question, and what it asks for."""
        self._tokens: dict[tuple[str, str], str] = {}
        self._taken: dict[str, tuple[str, str]] = {}
        self._for_log: dict[str, str] = {}
        self.values: dict[str, str] = {}
        """What the answer's placeholders are turned back into."""
        self.counts: Counter[str] = Counter()
        """Findings by kind, whatever was done with them."""
        self.blocked: Counter[str] = Counter()
        """Findings for which the call is to be refused."""

    def again(self) -> "Mask":
        """The same for another call that says the same."""
        made = copy(self)
        for name in ("known", "asked", "_tokens", "_taken", "_for_log", "values"):
            setattr(made, name, dict(getattr(self, name)))
        made.counts, made.blocked = Counter(self.counts), Counter(self.blocked)
        return made

    def _find(self, text: str) -> TextHits:
        known = self.known.get(text)
        found = self._find_new(text) if known is None else known
        if self.asked and found.is_clean and (before := self.asked.get(text)) is not None:
            return beyond(self._find_new(before + text), len(before))
        return found

    def hide(self, text: str) -> str:
        """The text as the model may see it."""
        return self._hidden(text, self._find(text))

    def _hidden(self, text: str, found: TextHits) -> str:
        if found.is_clean:
            return text
        self.counts.update(dict(found.counts))
        self.blocked.update(hit.entity for hit in found.to_model if hit.action == "block")
        shown = self._replaced(text, found.to_model, is_reversible=True)
        if found.log_differs:
            self._for_log[shown] = self._replaced(text, found.to_log, is_reversible=False)
        return shown

    def hide_json(self, value: Any, name: str = "") -> Any:
        """The same for every string inside a JSON value, names of members included, and for numbers as long as a phone's.

        The `name` of the member that a value is of speaks for what the value is.
        """
        if isinstance(value, str):
            return self._hide_member(name, value)
        if isinstance(value, dict):
            return {self.hide(own): self.hide_json(member, own) for own, member in value.items()}
        if isinstance(value, list):
            return [self.hide_json(member, name) for member in value]
        if digits := digits_of(value):
            hidden = self._hide_member(name, digits)
            return value if hidden == digits else hidden
        return value

    def _hide_member(self, name: str, text: str) -> str:
        hidden = self.hide(text)
        if not name or hidden != text or not (beside := label(name, text)):
            return hidden
        return self._hidden(text, beyond(self._find(beside + text), len(beside)))

    def logged(self, shown: str) -> str:
        """The text as it may be kept, of a text that the model was shown."""
        return self._for_log.get(shown, shown)

    @property
    def entities(self) -> frozenset[str]:
        """The kinds of which there may be placeholders."""
        return self._rules.entities

    @property
    def logs_differ(self) -> bool:
        """Whether anything must look different in the log from what the model was shown."""
        return bool(self._for_log)

    def hide_answer(self, text: str) -> str:
        """What a model wrote, as it may be kept: personal data of its own is hidden, too."""
        hits = without_placeholders(text, self._rules, self._find(text).to_log)
        return self._replaced(text, hits, is_reversible=False) if hits else text

    def checked_answer(self, text: str, hits: tuple[Hit, ...]) -> str:
        """What a model wrote, as the client may see it."""
        return self._replaced(text, hits, is_reversible=False)

    def _replaced(self, text: str, hits: tuple[Hit, ...], *, is_reversible: bool) -> str:
        parts: list[str] = []
        position = 0
        for hit in hits:
            if hit.action == "log":
                continue
            value = text[hit.start : hit.end]
            parts += (text[position : hit.start], self._stand_in(hit, value, is_reversible=is_reversible))
            position = hit.end
        parts.append(text[position:])
        return "".join(parts)

    def _stand_in(self, hit: Hit, value: str, *, is_reversible: bool) -> str:
        if hit.action == "mask":
            token = self._token(hit.entity, value)
            if is_reversible:
                self.values[token] = value
            return token
        if hit.action == "hash":
            return f"<{hit.entity}#{digest(self._key, hit.entity, value)[:_HASH_DIGITS]}>"
        return f"<{hit.entity}>"

    def _token(self, entity: str, value: str) -> str:
        known = self._tokens.get((entity, value))
        if known is not None:
            return known
        digits = digest(self._key, entity, value)
        name = entity if entity == LITERAL or entity in self._rules.entities else OUTSIDE
        length = MIN_LENGTH
        # Two values that collide in one call get longer tokens; equal values never get here.
        while (token := placeholder(name, digits[:length])) in self._taken:
            length += 2
        self._tokens[entity, value] = token
        self._taken[token] = (entity, value)
        return token
