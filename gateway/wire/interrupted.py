"""PURE: what a call has used whose end never came: counted, and so an estimate."""

from gateway.call import Call
from gateway.events import Usage
from gateway.wire.cached_prefixes import CachedPrefixes, points_of


def interrupted_usage(call: Call, cached: CachedPrefixes, *, output: int, now: float) -> Usage:
    """The prompt by what is known of the provider's cache, and so many tokens of the answer."""
    if not call.deployment.supports_prompt_cache:
        return Usage(input=call.bounds.counted_input_tokens, output=output)
    return cached.estimate(
        call.deployment.id,
        points_of(call.sent_conversation, key=call.key.team.placeholder_key),
        prompt_tokens=call.bounds.counted_input_tokens,
        output=output,
        now=now,
    )
