"""Browsers' questions before calls from a page of another origin (CORS), answered by a list of origins. Source: WHATWG Fetch."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
_Headers = list[tuple[bytes, bytes]]

_MAX_AGE = b"600"
_EXPOSED = (
    b"x-request-id, request-id, x-amzn-requestid, x-amzn-errortype, retry-after, location, x-should-retry, traceparent, "
    b"x-gatehouse-call-id, x-gatehouse-model, x-gatehouse-region, x-gatehouse-decision, x-gatehouse-adjusted, x-gatehouse-cost-usd, x-gatehouse-replayed, "
    b"x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests, "
    b"x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens, "
    b"anthropic-ratelimit-requests-limit, anthropic-ratelimit-requests-remaining, anthropic-ratelimit-requests-reset, "
    b"anthropic-ratelimit-tokens-limit, anthropic-ratelimit-tokens-remaining, anthropic-ratelimit-tokens-reset"
)


class Origins:
    """Those whose pages may call: exactly as browsers send them, or `*` for all. Cookies are never asked for."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self._allowed = {origin.encode("latin-1") for origin in allowed}
        self._all = b"*" in self._allowed

    def opening(self, scope: Message, send: Send) -> Send:
        """`send` that lets the page read what is answered, where it may; in any case told apart by origin for caches."""
        origin = dict(scope["headers"]).get(b"origin", b"")
        more: _Headers = [(b"vary", b"Origin")]
        if origin and (self._all or origin in self._allowed):
            more += [(b"access-control-allow-origin", b"*" if self._all else origin)]
            more += [(b"access-control-expose-headers", _EXPOSED)]

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = message | {"headers": [*message.get("headers", ()), *more]}
            await send(message)

        return sent

    def preflight(self, scope: Message) -> _Headers:
        """What a page of an allowed origin may send; nothing for others."""
        asked = dict(scope["headers"])
        if not self._allowed or not (self._all or asked.get(b"origin") in self._allowed):
            return []
        return [
            (b"access-control-allow-methods", b"GET, POST, DELETE"),
            (b"access-control-allow-headers", asked.get(b"access-control-request-headers", b"authorization, content-type")),
            (b"access-control-max-age", _MAX_AGE),
        ]  # fmt: skip
