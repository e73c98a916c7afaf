"""PURE: the `response` object of OpenAI's Responses, its usage and its errors. Source: the `openai` SDK's `Response`."""

from typing import Any

import msgspec
import orjson

from gateway.call import Call
from gateway.conversation import Json
from gateway.entrances.formats.responses_output import Output
from gateway.entrances.formats.responses_request import ResponsesRequest
from gateway.events import Finished, Usage
from gateway.outbound.stop_reasons import words_of
from gateway.refusals import Refusal

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def response_id(call: Call) -> str:
    """The id of a call's response."""
    return f"resp_{call.id.hex}"


class ResponseObject:
    """The object of one call: what is the same at its beginning and its end is encoded once."""

    def __init__(self, call: Call, request: ResponsesRequest, tools: list[Json]) -> None:
        self._call = call
        self._same = {
            "id": response_id(call),
            "object": "response",
            "created_at": int(call.started_at.timestamp()),
            "background": False,
            "instructions": request.instructions,
            "max_output_tokens": request.max_output_tokens,
            "max_tool_calls": None,
            "model": call.request.model,
            "parallel_tool_calls": request.parallel_tool_calls is not False,
            "previous_response_id": request.previous_response_id,
            "prompt_cache_key": request.prompt_cache_key,
            "reasoning": _reasoning(request),
            "safety_identifier": request.safety_identifier,
            "temperature": request.temperature,
            "text": _text(request),
            "tool_choice": request.tool_choice if request.tool_choice is not None else "auto",
            "tools": orjson.Fragment(orjson.dumps(tools)),
            "top_logprobs": 0,
            "top_p": request.top_p,
            "truncation": "disabled",
            "user": request.user,
            "metadata": _metadata(request.metadata),
        }

    def begun(self) -> Json:
        """As it stands before the answer."""
        return self._with(status="in_progress", output=[], stores=_stores(self._call))

    def ended(self, output: Output, finished: Finished) -> Json:
        """As it stands when the answer has ended by itself: completed, or incomplete."""
        reason = _INCOMPLETE.get(words_of(finished.stop_reason).openai)
        return self._with(
            status="incomplete" if reason else "completed",
            output=output.items,
            stores=_stores(self._call),
            incomplete={"reason": reason} if reason else None,
            usage=usage_of(finished.usage, output),
            completed_at=None if reason else self._now(),
        )

    def failed(self, output: Output, refusal: Refusal) -> Json:
        """As it stands when the answer failed midway. `code` is one of those that OpenAI's SDK knows; `type` is our own."""
        code = {429: "rate_limit_exceeded", 400: "invalid_prompt"}.get(refusal.status, "server_error")
        error = {"code": code, "message": refusal.message, "param": refusal.param, "type": refusal.code}
        return self._with(status="failed", output=output.items, stores=False, error=error)

    def _now(self) -> int:
        """When the answer ended: told again where the response is read, so the same each time."""
        now = int(self._call.started_at.timestamp() + self._call.elapsed_ms() / 1000)
        run = self._call.response
        if run is None:
            return now
        run.completed_at = run.completed_at or now
        return run.completed_at

    def _with(
        self,
        *,
        status: str,
        output: list[Json],
        stores: bool,
        error: Json | None = None,
        incomplete: Json | None = None,
        usage: Json | None = None,
        completed_at: int | None = None,
    ) -> Json:
        return self._same | {
            "status": status,
            "completed_at": completed_at,
            "error": error,
            "incomplete_details": incomplete,
            "output": output,
            "service_tier": self._call.tier if self._call.tier in ("flex", "priority") else "default",
            "store": stores,
            "usage": usage,
        }


def usage_of(used: Usage, output: Output) -> Json:
    """Usage, cached tokens counted among the input's. Of the reasoning Bedrock says nothing: it is an estimate, by its
    share of what the model wrote."""
    written = output.reasoning_characters + output.characters
    share = output.reasoning_characters / written if written else 0.0
    return {
        "input_tokens": used.prompt,
        "input_tokens_details": {
            "cached_tokens": used.cache_read,
            "cache_write_tokens": used.cache_write + used.cache_write_1h,
        },
        "output_tokens": used.output,
        "output_tokens_details": {"reasoning_tokens": round(used.output * share)},
        "total_tokens": used.total,
    }


def _stores(call: Call) -> bool:
    return call.response is not None and call.response.is_kept


def _reasoning(request: ResponsesRequest) -> Json:
    asked = request.reasoning
    return {"effort": asked.effort if asked else None, "summary": summary_of(request)}


def summary_of(request: ResponsesRequest) -> str | None:
    """The summary of reasoning that is asked for; None where none is."""
    asked = request.reasoning
    found = (asked.summary or asked.generate_summary) if asked is not None else None
    return None if found == "none" else found


def _text(request: ResponsesRequest) -> Json:
    wanted = request.text.format if request.text else None
    shown: Json = {"type": "text"} if wanted is None else _set(msgspec.to_builtins(wanted))
    if shown["type"] == "json_schema":
        shown = {"name": "answer", "schema": {}} | shown
    return {"format": shown, "verbosity": (request.text and request.text.verbosity) or "medium"}


def _set(members: dict[str, Any]) -> Json:
    return {name: value for name, value in members.items() if value is not None}


def _metadata(given: dict[str, Any] | None) -> dict[str, str]:
    """As it came; what is no text, which prompts take, is told as JSON."""
    return {
        name: value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in (given or {}).items()
    }
