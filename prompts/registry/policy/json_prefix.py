"""PURE: a JSON answer checked while it is still being written.

What has come so far is parsed as the beginning of a JSON value, ever less often as it grows, so that all of it costs
no more than a few passes. Members that are complete are checked against their own schemas: an answer that can't become
valid any more is known before it has ended, and the model can be stopped.
"""

from collections.abc import Mapping
from typing import Any

import jiter
import jsonschema_rs

_FIRST_LOOK = 32
_GROWTH = 1.25
_HARMLESS = ("trailing characters", "duplicate key", "recursion limit")


class Prefix:
    """`feed` pieces of an answer; `error` says why it can't become valid any more, `settled` how much of it is sound."""

    def __init__(self, members: Mapping[str, jsonschema_rs.Validator]) -> None:
        """Of an object's members, those that can be checked alone."""
        self._members = members
        self._text = ""
        self._next_look = _FIRST_LOOK
        self._checked: set[str] = set()
        self.error = ""
        self.settled = 0
        """Characters from the beginning that are the sound beginning of a valid value."""

    @property
    def text(self) -> str:
        return self._text

    def feed(self, piece: str) -> None:
        """Takes the next piece in."""
        self._text += piece
        if not self.error and len(self._text) >= self._next_look:
            self._next_look = int(len(self._text) * _GROWTH) + _FIRST_LOOK
            self._look()

    def _look(self) -> None:
        if not self._text.lstrip()[:1] or self._text.lstrip()[0] not in "{[":
            return  # a fence or chatter, which is taken off in the end
        raw = self._text.encode("utf-8", "surrogatepass")
        try:
            value = jiter.from_json(raw, catch_duplicate_keys=True, allow_inf_nan=False)
        except ValueError as error:
            if not str(error).startswith("EOF"):
                # Chatter behind a whole value is taken off; of a member that is there twice, the last counts.
                if not any(words in str(error) for words in _HARMLESS):
                    self.error = f"It is not valid JSON: {error}."
                return
            # Partial parsing stops in silence at a missing comma: only now is it known that there is none.
            value = jiter.from_json(raw, partial_mode="trailing-strings")
        self._check(value)
        if not self.error:
            self.settled = len(self._text)

    def _check(self, value: Any) -> None:
        """Members before the last one are complete."""
        if not isinstance(value, dict) or not self._members:
            return
        for name in list(value)[:-1]:
            if name in self._checked or name not in self._members:
                continue
            self._checked.add(name)
            try:
                self._members[name].validate(value[name])
            except jsonschema_rs.ValidationError as error:
                where = "/".join(map(str, (name, *error.instance_path)))
                self.error = f"At {where}: {error.message}."
                return
