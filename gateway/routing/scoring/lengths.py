"""PURE: how long prompts and answers of a kind of calls have been lately, for what the next one will cost."""

from __future__ import annotations

from gateway.call import Call

_NEW = 0.05
_MAX_KINDS = 2000
_USUAL_OUTPUT = 400.0
"""Tokens of an answer while nothing is known."""
_BYTES_PER_TOKEN = 4


class Lengths:
    """Of one process: by route, and prompt or else feature. Those unused for longest are forgotten."""

    def __init__(self) -> None:
        self._means: dict[tuple[str, str], tuple[float, float]] = {}

    def note(self, call: Call) -> None:
        """A call has ended with its usage."""
        kind, usage = _kind(call), call.reply.usage
        before = self._means.pop(kind, None)
        if before is None:
            found = float(usage.prompt), float(usage.output)
            if len(self._means) >= _MAX_KINDS:
                del self._means[next(iter(self._means))]
        else:
            found = (
                before[0] + (usage.prompt - before[0]) * _NEW,
                before[1] + (usage.output - before[1]) * _NEW,
            )
        self._means[kind] = found

    def expected(self, call: Call, route: str) -> tuple[int, int]:
        """Tokens of the prompt and of the answer. What a prompt of Gatehouse's comes to is known by those before alone."""
        known = self._means.get((route, _use(call)))
        size = max(1, call.body_bytes // _BYTES_PER_TOKEN)
        if known is not None and call.request.prompt is not None:
            size = max(size, round(known[0]))
        output = _USUAL_OUTPUT if known is None else known[1]
        config = call.conversation.inference_config
        most = None if config is None else config.max_tokens
        return size, max(1, round(output if most is None else min(output, most)))


def _kind(call: Call) -> tuple[str, str]:
    return call.routed.route.name, _use(call)


def _use(call: Call) -> str:
    return f"prompt/{call.prompt.prompt.name}" if call.has_prompt else call.request.feature
