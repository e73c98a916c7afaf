"""PURE: links and images that carry data away, taken out of an answer as it comes."""

from collections.abc import Callable

from gateway.outbound.screen import BlockedError
from governance.privacy.policy.privacy import ScreeningAction
from governance.screening.policy.links import OPEN, Said, data_links

KIND = "DATA_IN_LINK"
_MAX_HELD = 5_000


class LinkScreen:
    """One block of text. What may still become a link is held back."""

    def __init__(self, said: Said, action: ScreeningAction, *, note: Callable[[], None]) -> None:
        self._said = said
        self._action = action
        self._note = note
        self._held = ""

    def feed(self, text: str) -> str:
        """What may be let go. BlockedError where a link ends the answer."""
        self._held += text
        open_part = OPEN.search(self._held, max(0, len(self._held) - _MAX_HELD))
        return self._let_go(len(self._held) if open_part is None else open_part.start())

    def close(self) -> str:
        """What was held back."""
        return self._let_go(len(self._held))

    def _let_go(self, cut: int) -> str:
        passed, self._held = self._held[:cut], self._held[cut:]
        if "//" not in passed:
            return passed
        parts: list[str] = []
        position = 0
        for found in data_links(passed, self._said):
            self._note()
            if self._action == "block":
                raise BlockedError(KIND)
            if self._action == "strip":
                parts += (passed[position : found.start], found.instead)
                position = found.end
        return "".join((*parts, passed[position:]))


class Passing:
    """A block in which no links are looked for."""

    def feed(self, text: str) -> str:
        return text

    def close(self) -> str:
        return ""
