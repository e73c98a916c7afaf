"""PURE: the answer watched for the system prompt and its canary, block by block."""

from collections.abc import Callable

from gateway.outbound.screen import BlockedError
from governance.screening.policy.leaks import LeakWatch, SystemPrompt

KIND = "SYSTEM_PROMPT"
_HELD_WORDS = 14
_MAX_HELD_LENGTH = 400


class LeakScreen:
    """One block of text. Where a leak ends the answer, the last words are held back, so that it ends before them."""

    def __init__(self, prompt: SystemPrompt, *, ends_answer: bool, note: Callable[[str], None]) -> None:
        self._watch = LeakWatch(prompt)
        self._ends_answer = ends_answer
        self._note = note
        self._held = ""

    def feed(self, text: str) -> str:
        """What may be let go. BlockedError where a leak ends the answer."""
        self._judge(self._watch.feed(text))
        if not self._ends_answer:
            return text
        self._held += text
        return self._let_go(self._cut())

    def close(self) -> str:
        """What was held back."""
        self._judge(self._watch.close())
        return self._let_go(len(self._held))

    def _judge(self, leak: str) -> None:
        if leak:
            self._note(leak)
            if self._ends_answer:
                raise BlockedError(KIND)

    def _cut(self) -> int:
        """Where the words begin that a leak could be made of: those of a run, and at least the last one."""
        words = min(_HELD_WORDS, max(1, self._watch.run) + 1)
        cut = len(self._held)
        for _ in range(words):
            cut = max(self._held.rfind(" ", 0, cut), self._held.rfind("\n", 0, cut))
            if cut <= 0:
                cut = 0
                break
        return max(cut, len(self._held) - _MAX_HELD_LENGTH)

    def _let_go(self, cut: int) -> str:
        passed, self._held = self._held[:cut], self._held[cut:]
        return passed
