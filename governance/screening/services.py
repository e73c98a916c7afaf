"""Screens texts for instructions that do not belong there, and remembers: chats send their earlier turns again and again."""

import os
from collections import OrderedDict
from collections.abc import Iterable
from hashlib import blake2b
from pydoc_data.topics import topics
from typing import NamedTuple

from governance.screening.policy.guards import Guards
from governance.screening.policy.verdict import ScreeningVerdict, Thresholds, screen_text
from governance.screening.policy.whole import screen_whole, screening_pieces, whole
from kernel.breath import Breath

_WARM_PAGES = 12
_WARM_LENGTH = 500
REMEMBERED_VERDICTS = 16_384


class Item(NamedTuple):
    """A text, where it comes from (user, document, tool), whether it may have to be stripped, and what its system prompt guards."""

    role: str
    text: str
    with_spans: bool = False
    guards: Guards | None = None


class Screener:
    """Memory of verdicts by keyed hash of role, thresholds, guards and text. It keeps no text."""

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._remembered: OrderedDict[bytes, ScreeningVerdict] = OrderedDict()

    def warm_up(self) -> None:
        """Loads what is loaded at first use, and lets it grow on ordinary prose: first texts cost most."""
        from governance.screening.policy.scoring import grow  # numpy, and the model

        for page in topics.values():
            for at in range(0, len(page), _WARM_LENGTH):
                grow(page[at : at + _WARM_LENGTH])
        for page in sorted(topics.values(), key=len)[-_WARM_PAGES:]:
            screen_text(page[:_WARM_LENGTH], role="user", thresholds=Thresholds(), with_spans=False)

    def recall(self, item: Item, thresholds: Thresholds) -> ScreeningVerdict | None:
        """The verdict on this text before."""
        key = self._key_of(item, thresholds)
        verdict = self._remembered.get(key)
        if verdict is not None:
            self._remembered.move_to_end(key)
        return verdict

    def screen_at_once(self, item: Item, thresholds: Thresholds) -> ScreeningVerdict:
        """The verdict on a text so short that nobody notices."""
        verdict = screen_whole(
            item.text,
            role=item.role,
            thresholds=thresholds,
            with_spans=item.with_spans,
            guards=item.guards,
        )
        self._remember(item, thresholds, verdict)
        return verdict

    async def screen(self, items: Iterable[Item], thresholds: Thresholds) -> dict[Item, ScreeningVerdict]:
        """Verdicts on texts of any length, while the event loop goes on."""
        verdicts: dict[Item, ScreeningVerdict] = {}
        async with Breath() as breath:
            for item in items:
                parts = []
                for at, piece in screening_pieces(item.text):
                    verdict = screen_text(
                        piece,
                        role=item.role,
                        thresholds=thresholds,
                        with_spans=item.with_spans,
                        guards=item.guards,
                    )
                    parts.append((at, verdict))
                    await breath.draw()
                verdicts[item] = whole(parts)
                self._remember(item, thresholds, verdicts[item])
        return verdicts

    def _remember(self, item: Item, thresholds: Thresholds, verdict: ScreeningVerdict) -> None:
        self._remembered[self._key_of(item, thresholds)] = verdict
        if len(self._remembered) > REMEMBERED_VERDICTS:
            self._remembered.popitem(last=False)

    def _key_of(self, item: Item, thresholds: Thresholds) -> bytes:
        role, text, with_spans, guards = item
        salt = blake2b(
            f"{role} {thresholds.flag} {thresholds.block} {with_spans} {guards}".encode(), digest_size=16
        ).digest()
        return blake2b(
            text.encode("utf-8", "surrogatepass"), digest_size=16, key=self._key, salt=salt
        ).digest()
