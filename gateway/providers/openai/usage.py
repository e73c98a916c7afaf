"""PURE: what an answer of OpenAI's chat completions says that it used."""

from typing import Any

from gateway.events import Usage

MAX_TOKENS = 1_000_000_000
"""No answer uses more, and no record takes more."""


def usage_of(given: Any, *, has_written: bool) -> Usage | None:
    """The tokens that are billed; None where it does not say, or says what can't be: then they are estimated.

    `prompt_tokens` has those of the cache in it, but at servers that pass on Anthropic's own counts. `completion_tokens` lacks
    those of reasoning at some, which `total_tokens` has: they are billed as output (vercel/ai#12425, of xAI;
    CultivateLabs/raif#470, of Gemini).
    """
    if not isinstance(given, dict):
        return None
    found = given.get("prompt_tokens_details")
    details = found if isinstance(found, dict) else {}
    prompt, output = _count(given.get("prompt_tokens")), _count(given.get("completion_tokens"))
    if not prompt or output is None or (has_written and not output):
        return None
    read, written = _count(details.get("cached_tokens")) or 0, _count(details.get("cache_write_tokens")) or 0
    if read + written > prompt:
        prompt += read + written
    output = max(output, (_count(given.get("total_tokens")) or 0) - prompt)
    return Usage(input=prompt - read - written, output=output, cache_read=read, cache_write=written)


def input_of(given: Any) -> int:
    """The tokens of an embedding's texts; 0 where it does not say."""
    found = given if isinstance(given, dict) else {}
    return max(_count(found.get("prompt_tokens")) or 0, _count(found.get("total_tokens")) or 0)


def _count(value: Any) -> int | None:
    """A number of tokens; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= MAX_TOKENS:
        return None
    return -int(-value // 1)
