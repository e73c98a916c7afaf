"""Answers written in advance: what a test, or a demonstration, wants the model to say."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from embedded.simulator.exceptions import InvalidException, SimulatedException, exception_of
from embedded.simulator.turns import SimulatedTurn

_MAX_SCRIPTS = 5_000


class InvalidScript(Exception):
    """The message says what is wrong with it."""


@dataclass(slots=True)
class Script:
    """Says `text` to the next `times` turns in which `match` occurs anywhere; None: to all of them.

    `content`, where there is any, are Converse's blocks in place of the text, whatever they are; `usage` are counts in place
    of the true ones; `error` is an exception in place of an answer, or within it.
    """

    text: str
    match: str = ""
    times: int | None = 1
    stop_reason: str = ""
    content: list[dict[str, Any]] | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    error: SimulatedException | None = None

    def fits(self, turn: SimulatedTurn) -> bool:
        return not self.match or any(self.match in part for part in turn.prompt.parts)


class Scripts:
    """Those that are still to be said, in order."""

    def __init__(self) -> None:
        self._scripts: deque[Script] = deque()

    def replace(self, value: Any) -> int:
        """Takes a list of scripts in the place of those there are; how many. Raises InvalidScript."""
        if not isinstance(value, list) or len(value) > _MAX_SCRIPTS:
            raise InvalidScript(f"send a list of at most {_MAX_SCRIPTS} scripts")
        self._scripts = deque(_script(each) for each in value)
        return len(self._scripts)

    def next(self, turn: SimulatedTurn) -> Script | None:
        """What is to be said in a turn."""
        for script in self._scripts:
            if script.fits(turn):
                if script.times is not None:
                    script.times -= 1
                    if script.times <= 0:
                        self._scripts.remove(script)
                return script
        return None

    def __len__(self) -> int:
        return len(self._scripts)


def _script(value: Any) -> Script:
    if not isinstance(value, dict) or not ({"text", "content", "error"} & set(value)):
        raise InvalidScript('a script is an object with a "text", a "content" or an "error"')
    text, content, usage = value.get("text", ""), value.get("content"), value.get("usage", {})
    if not isinstance(text, str):
        raise InvalidScript('"text" is a text')
    times = value.get("times", 1)
    if times is not None and (not isinstance(times, int) or times < 1):
        raise InvalidScript('"times" is a number from 1, or null for ever')
    if content is not None and not _are_blocks(content):
        raise InvalidScript('"content" is a list of blocks')
    if not isinstance(usage, dict):
        raise InvalidScript('"usage" is an object of counts')
    try:
        error = exception_of(value["error"]) if value.get("error") is not None else None
    except InvalidException as wrong:
        raise InvalidScript(f"error: {wrong}") from None
    match, stop_reason = str(value.get("match", "")), str(value.get("stop_reason", ""))
    return Script(text, match, times, stop_reason, content, usage, error)


def _are_blocks(content: Any) -> bool:
    return isinstance(content, list) and all(isinstance(block, dict) for block in content)
