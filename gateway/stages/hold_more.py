"""Keeps an answer within what is held for it, holding more as it grows (docs/decisions/0026)."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from gateway.call import Call
from gateway.call.fit import Adjustment
from gateway.call.places import member_of
from gateway.events import (
    BlockStop,
    Event,
    Finished,
    Raw,
    ReasoningDelta,
    TextDelta,
    ToolDelta,
    ToolStart,
    Usage,
)
from gateway.routing.plan import family_of
from gateway.routing.worst_case import held_tokens, nanos_for
from gateway.runtime import Gateway
from gateway.wire.tokens import bound_of_text
from governance.limits.services.ledger import LedgerUnavailableError

_MARGIN = 256
"""Tokens that a model may write between the last one seen and the closing of its stream."""
_PATIENCE_SECONDS = 5.0
"""How long an answer waits for the ledger before it ends."""
_PER_BLOCK = 32
"""Tokens around a block that are charged and not shown: the words in which a tool is called."""


async def keep_within_hold(
    call: Call, gateway: Gateway, reply: AsyncGenerator[Event, None]
) -> AsyncGenerator[Event, None]:
    """A reply as it comes, ended as by its bound where no more can be held for it: the model is stopped then.

    What is asked for whole is bounded by what is held, and passes.
    """
    held: HeldAnswer | None = None
    async with aclosing(reply) as events:
        async for event in events:
            if not call.reply.is_streamed:
                yield event
                continue
            held = held or HeldAnswer(call, gateway)
            goes_on = await held.covers(event)
            if goes_on or held.fits:
                yield event
            if not goes_on:
                break
        else:
            return
    member = member_of("max_tokens", call.request.wire_format)
    call.checks.adjusted = [*call.checks.adjusted, str(Adjustment(member, "ended", "budget"))]
    if held.open is not None:
        yield BlockStop(held.open)
    yield Finished("max_tokens", Usage(), is_cut=True)


class HeldAnswer:
    """An answer whose hold is a part of what it can cost, while it comes as a stream.

    Of what came, the most tokens that it can have are known at any time: its bytes, or once these are used up, what a
    tokenizer counts and some. Before they reach what is held, more is held; where no more can be, the answer ends.
    """

    def __init__(self, call: Call, gateway: Gateway) -> None:
        self._call = call
        self._gateway = gateway
        self._held = held_tokens(call, call.deployment)
        self._ahead = max(_MARGIN, min(call.bounds.first_tokens, self._held) // 2)
        self._counted = 0
        self._bytes = 0
        self._new: list[str] = []
        self._asked: asyncio.Future[int] | None = None
        self.open: int | None = None
        """The block that is being written."""

    @property
    def fits(self) -> bool:
        """Whether all that came is held for."""
        return self._used <= self._held

    async def covers(self, event: Event) -> bool:
        """Counts an event; whether the answer may go on behind it."""
        match event:
            case (
                TextDelta(index, text)
                | ReasoningDelta(index, text)
                | ToolDelta(index, text)
                | Raw(index, text=text)
            ):
                self.open = index
                self._new.append(text)
                self._bytes += len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
            case ToolStart(index):
                self.open = index
                self._counted += _PER_BLOCK
            case BlockStop():
                self.open = None
                return True
            case _:
                return True
        if self._used + self._ahead <= self._held or self._held >= self._call.bounds.max_tokens:
            return True
        self._count()
        if self._used + self._ahead <= self._held:
            return True
        self._ask()
        if self._used + _MARGIN <= self._held:
            return True  # while the ledger answers
        more = await self._more()
        is_late = self._asked is not None
        return more or (not is_late and await self._more())

    @property
    def _used(self) -> int:
        return self._counted + self._bytes

    def _count(self) -> None:
        """Counts by the tokenizer what has been counted by its bytes."""
        text = "".join(self._new)
        factor = self._gateway.estimator.factor(family_of(self._call.deployment))
        self._counted += min(self._bytes, bound_of_text(text, factor=factor))
        self._bytes = 0
        self._new.clear()

    def _ask(self) -> None:
        """Asks the ledger for as much again as is held, unless it is being asked."""
        call = self._call
        if self._asked is not None and not self._asked.done():
            return
        if self._asked is not None:
            self._take()
        tokens = min(call.bounds.max_tokens - self._held, max(self._held, call.bounds.first_tokens))
        try:
            nanos = nanos_for(call, call.deployment, tokens)
            self._asked = self._gateway.ledger.extend(call.id, nanos)
            self._asked.add_done_callback(_look_at)
        except LedgerUnavailableError:
            self._asked = None

    async def _more(self) -> bool:
        """Waits for the ledger; whether more is held then than has been written."""
        self._ask()
        if self._asked is not None:
            await asyncio.wait((self._asked,), timeout=_PATIENCE_SECONDS)
            if not self._asked.done():
                return False  # what it may add all the same is given back with the rest
            self._take()
        return self._used + _MARGIN <= self._held or self._held >= self._call.bounds.max_tokens

    def _take(self) -> None:
        """Takes over what the ledger has added."""
        assert self._asked is not None
        asked, self._asked = self._asked, None
        assert self._call.hold is not None
        if asked.cancelled() or asked.exception() is not None:
            return
        self._call.hold.nanos += asked.result()
        self._held = held_tokens(self._call, self._call.deployment)


def _look_at(asked: "asyncio.Future[int]") -> None:
    """An answer may have ended before the ledger says that it can't be reached: nobody else looks then."""
    if not asked.cancelled():
        asked.exception()
