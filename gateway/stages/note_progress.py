import msgspec

from gateway.call import Call
from gateway.catalogue.policy import cost, price_at
from gateway.events import Usage
from gateway.routing.plan import family_of
from gateway.runtime import Gateway
from gateway.wire.interrupted import interrupted_usage
from gateway.wire.tokens import count_text
from kernel.clock import perf_counter

_EVERY_SECONDS = 5.0
"""How often what a stream has cost so far is put on its hold: one that ends sooner writes nothing."""


class Progress:
    """What a stream has come to, for the case that this process dies (docs/decisions/0010)."""

    def __init__(self, call: Call, gateway: Gateway) -> None:
        self._call = call
        self._gateway = gateway
        self._next = perf_counter() + _EVERY_SECONDS
        self._prompt: Usage | None = None
        self._tokens = self._blocks = self._parts = 0

    def note(self) -> None:
        """After each event: looks at the clock, and now and then writes. Nobody waits for that, nor fails with it."""
        now = perf_counter()
        if now < self._next or self._call.hold is None:
            return
        self._next = now + _EVERY_SECONDS
        self._gateway.ledger.note_progress(self._call.id, self._progress(now))

    def _progress(self, now: float) -> dict[str, object]:
        """Columns of the record: the cost of what came, and of as much more as came since the last time."""
        call, before = self._call, self._tokens
        self._count()
        if self._prompt is None:
            self._prompt = interrupted_usage(call, self._gateway.cached_prefixes, output=0, now=now)
        output = min(2 * self._tokens - before, call.bounds.max_tokens)
        usage = msgspec.structs.replace(self._prompt, output=output)
        price = price_at(call.deployment.prices, call.moment, call.tier)
        assert price is not None
        earlier = call.reply.earlier
        return {
            "cost_nanos": cost(price, usage, images=call.conversation.image_count)
            + sum(each.cost_nanos for each in earlier),
            "price_id": price.id,
            "attempts": call.reply.attempts,
            "route": call.routed.route.name,
            "model": call.deployment.model_id,
            "region": call.deployment.region,
            "invoke_id": call.deployment.invoke_id,
            "first_token_ms": None
            if call.reply.first_token_ms is None
            else round(call.reply.first_token_ms, 3),
            "input_tokens": usage.input + sum(each.usage.input for each in earlier),
            "output_tokens": usage.output + sum(each.usage.output for each in earlier),
            "cache_read_tokens": usage.cache_read + sum(each.usage.cache_read for each in earlier),
            "cache_write_tokens": usage.cache_write + usage.cache_write_1h,
            "cache_write_1h_tokens": usage.cache_write_1h,
        }

    def _count(self) -> None:
        """Counts what came since the last time; the block that is being written goes on."""
        answer = self._call.reply.answer
        new: list[str] = []
        for number in range(self._blocks, len(answer)):
            new += answer[number].parts[self._parts :] if number == self._blocks else answer[number].parts
        if answer:
            self._blocks, self._parts = len(answer) - 1, len(answer[-1].parts)
        factor = self._gateway.estimator.factor(family_of(self._call.deployment))
        self._tokens += count_text("".join(new), factor=factor)
