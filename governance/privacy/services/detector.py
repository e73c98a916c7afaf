"""Finds what rules speak of, and remembers it: chats send their earlier turns again and again."""

import asyncio
import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from governance.privacy.policy.detection import (
    TextHits,
    concluding,
    found_at_seams,
    found_by_form,
    found_by_name,
    looked_through,
    segments,
)
from governance.privacy.policy.languages import beside
from governance.privacy.policy.recognition import engine
from governance.privacy.policy.recognition.ner import Span
from governance.privacy.policy.ruleset import RuleSet
from governance.privacy.policy.whole_texts import found_across, secrets
from governance.privacy.services.names import NamesBusyError, NamesFailedError, NamesPool, batches
from governance.screening.policy.findings import Finding
from kernel.breath import Breath
from kernel.errors import UnavailableError

REMEMBERED_TEXTS = 16_384
_BATCH_CHARACTERS = 800
_BATCHES_AT_ONCE = 4
_SECONDS_FOR_NAMES = 30.0


class NamesUnavailableError(UnavailableError):
    """The language model is busy or down, and the policy wants it."""


@dataclass(frozen=True, slots=True)
class Detected:
    """What was found in each text, and whether names were looked for where they were to be.

    In segments of languages that the model does not know they are looked for by rules: `read_characters` of a text leaves these out.
    """

    found: dict[str, TextHits]
    names_read: bool


@dataclass(frozen=True, slots=True)
class _Reading:
    """Batches of segments that are read for names: those under way have a future, in the same order.

    `beside` has what stands around the short ones.
    """

    batches: list[list[str]]
    beside: dict[str, str]
    futures: list["Future[Any]"]


class Detector:
    """Memory of findings by keyed hash of the text, and of the rules it was looked at under. It keeps no text."""

    def __init__(self, pool: NamesPool) -> None:
        self._pool = pool
        self._key = os.urandom(32)
        self._remembered: OrderedDict[bytes, TextHits] = OrderedDict()

    def warm_up(self) -> None:
        """Loads what is loaded at first use."""
        engine.warm_up()

    def recall(self, rules: RuleSet, text: str) -> TextHits | None:
        """What was found in this text before."""
        key = self._key_of(rules, text)
        found = self._remembered.get(key)
        if found is not None:
            self._remembered.move_to_end(key)
        return found

    def found(self, rules: RuleSet, text: str) -> TextHits:
        """What is known of a text, looked for by form alone where nothing is."""
        found = self.recall(rules, text)
        if found is None:
            found = looked_through(text, rules)
            if not rules.names:
                self._remember(rules, text, found)
        return found

    async def detect(
        self,
        rules: RuleSet,
        texts: Sequence[str],
        *,
        extra: Mapping[str, Sequence[Finding]] | None = None,
        may_remember: bool = True,
    ) -> Detected:
        """Looks through texts, while the event loop goes on; `extra` is what another engine found in them.

        NamesUnavailableError where the language model can't be had and the policy blocks such calls.
        """
        parts = {text: list(segments(text)) for text in texts}
        wanted = dict.fromkeys(segment for several in parts.values() for _, segment in several)
        batches = self._submit(list(wanted)) if rules.names else None
        by_form: dict[str, list[Finding]] = {}
        async with Breath() as breath:
            for segment in wanted:
                by_form[segment] = found_by_form(segment, rules)
                await breath.draw()
        spans = None if batches is None else await self._collect(batches)
        if rules.names and spans is None and rules.effective.overload == "block":
            raise NamesUnavailableError
        is_whole = spans is not None or not rules.names
        found: dict[str, TextHits] = {}
        async with Breath() as breath:
            for text, several in parts.items():
                read = 0
                all_found: list[tuple[int, list[Finding]]] = [(0, list((extra or {}).get(text, ())))]
                all_found.append((0, secrets(text, rules)))
                for at, segment in several:
                    all_found.append((0, found_across(text, at, segment, rules)))
                    all_found.append((at, self._all(segment, by_form[segment], spans)))
                    read += len(segment) if spans is not None and spans[segment] is not None else 0
                    await breath.draw()
                for part in found_at_seams(text, rules):
                    all_found.append(part)
                    await breath.draw()
                steps = concluding(text, rules, all_found, read_characters=read)
                found[text] = await breath.through(steps)
                if is_whole and may_remember:
                    self._remember(rules, text, found[text])
        return Detected(found, is_whole)

    def _all(
        self, segment: str, by_form: list[Finding], spans: Mapping[str, list[Span] | None] | None
    ) -> list[Finding]:
        return by_form if spans is None else by_form + found_by_name(segment, spans[segment])

    def _submit(self, wanted: Sequence[str]) -> "_Reading | None":
        """The first batch under way, and those to come; None where the model can't be had."""
        lots = list(batches(wanted, characters=_BATCH_CHARACTERS))
        around = dict(zip(wanted, beside(wanted), strict=True))
        try:
            return _Reading(lots, around, [self._ask(lot, around) for lot in lots[:1]])
        except NamesBusyError:
            return None

    def _ask(self, lot: list[str], around: Mapping[str, str]) -> "Future[Any]":
        return self._pool.submit(lot, [around[segment] for segment in lot])

    async def _collect(self, reading: "_Reading") -> dict[str, list[Span] | None] | None:
        """The spans of every segment, a few batches at a time: one long text does not fill the queue."""
        spans: dict[str, list[Span] | None] = {}
        try:
            async with asyncio.timeout(_SECONDS_FOR_NAMES):
                for number, batch in enumerate(reading.batches):
                    self._submit_more(reading, up_to=number + _BATCHES_AT_ONCE, at_least=number + 1)
                    spans |= zip(batch, await asyncio.wrap_future(reading.futures[number]), strict=True)
        except (NamesBusyError, NamesFailedError, TimeoutError):
            for future in reading.futures:
                future.cancel()
            return None
        return spans

    def _submit_more(self, reading: "_Reading", *, up_to: int, at_least: int) -> None:
        """Puts batches under way as far as the queue takes them. NamesBusyError where it does not take enough."""
        for batch in reading.batches[len(reading.futures) : up_to]:
            try:
                reading.futures.append(self._ask(batch, reading.beside))
            except NamesBusyError:
                if len(reading.futures) < at_least:
                    raise
                return  # when one of its own is done there is room again

    def _remember(self, rules: RuleSet, text: str, found: TextHits) -> None:
        self._remembered[self._key_of(rules, text)] = found
        if len(self._remembered) > REMEMBERED_TEXTS:
            self._remembered.popitem(last=False)

    def _key_of(self, rules: RuleSet, text: str) -> bytes:
        return blake2b(
            text.encode("utf-8", "surrogatepass"), digest_size=16, key=self._key, salt=rules.salt
        ).digest()
