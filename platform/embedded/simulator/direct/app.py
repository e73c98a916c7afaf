"""A request to one of these providers: show the key → match the path → note the request → apply the faults → hold it to the
provider's rules, while it is read → answer."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import uuid4

import orjson

from embedded.simulator.caching import PromptCache
from embedded.simulator.caller import Headers, SimulatedCaller
from embedded.simulator.direct import chat, chat_answer, embeddings, messages
from embedded.simulator.direct.errors import DirectError, invalid, key_refused, out, throttled
from embedded.simulator.direct.models import KEYS, DirectModel, DirectModels
from embedded.simulator.errors import AwsError
from embedded.simulator.exceptions import SimulatedException
from embedded.simulator.faults import Regions, Settings
from embedded.simulator.models import Models
from embedded.simulator.recorder import Recorder
from embedded.simulator.regions import PROVIDERS
from embedded.simulator.replies import reply_to
from embedded.simulator.scripts import Scripts
from embedded.simulator.streams import pump

_MAX_BODY = 32 * 1024 * 1024
_EVENT_STREAM = b"text/event-stream; charset=utf-8"
_PATHS = {
    ("openai", "/v1/chat/completions"): "CreateChatCompletion",
    ("openai", "/v1/embeddings"): "CreateEmbeddings",
    ("openai", "/v1/models"): "ListModels",
    ("anthropic", "/v1/messages"): "CreateMessage",
    ("anthropic", "/v1/models"): "ListModels",
    ("perplexity", "/chat/completions"): "CreateChatCompletion",
}


class DirectOperation(Enum):
    """What can be asked of them."""

    CHAT = "CreateChatCompletion"
    MESSAGE = "CreateMessage"
    EMBEDDINGS = "CreateEmbeddings"
    MODELS = "ListModels"

    @property
    def can_be_throttled(self) -> bool:
        return self is not DirectOperation.MODELS

    @property
    def streams(self) -> bool:
        """Whether it can."""
        return self in (DirectOperation.CHAT, DirectOperation.MESSAGE)


@dataclass(slots=True)
class DirectRequest:
    """A request on its way through the steps."""

    provider: str
    operation: DirectOperation
    caller: SimulatedCaller
    headers: Headers
    settings: Settings
    asked: dict[str, str]
    body: dict[str, Any]
    error: SimulatedException | None = None


class DirectSimulators:
    """All of these providers."""

    def __init__(
        self,
        models: Models,
        regions: Regions,
        recorder: Recorder,
        prompt_cache: PromptCache,
        scripts: Scripts,
    ) -> None:
        self._models = DirectModels(models)
        self._regions, self._recorder = regions, recorder
        self._prompt_cache, self._scripts = prompt_cache, scripts

    @staticmethod
    def owns(path: str) -> bool:
        """Whether a path is one of theirs."""
        return path.split("/")[1] in PROVIDERS

    async def serve(self, scope: dict[str, Any], caller: SimulatedCaller) -> None:
        """Answers one request."""
        provider, path = scope["path"][1:].partition("/")[::2]
        request_id = f"req_{uuid4().hex}"
        name = b"request-id" if provider == "anthropic" else b"x-request-id"
        headers: Headers = [(name, request_id.encode()), *_quotas(provider)]
        try:
            raw = await caller.body(_MAX_BODY)
            if raw is None:
                raise DirectError(413, "request_too_large", "Request exceeds the maximum size")
            asked = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
            _check_key(provider, asked)
            found = _PATHS.get((provider, f"/{path}"))
            if found is None:
                raise DirectError(404, "invalid_request_error", f"Invalid URL ({scope['method']} /{path})")
            operation, body = DirectOperation(found), _json(raw)
            self._recorder.received(
                request_id, provider, operation.value, str(body.get("model", "")), raw, _trace(asked)
            )
            settings = self._regions[provider].settings
            request = DirectRequest(provider, operation, caller, headers, settings, asked, body)
            await self._apply_faults(request)
            await self._answer(request)
        except AwsError as error:  # of what all simulators share
            await self._refuse(provider, invalid(error.message), caller, headers)
        except DirectError as error:
            await self._refuse(provider, error, caller, headers)

    async def _refuse(
        self, provider: str, error: DirectError, caller: SimulatedCaller, headers: Headers
    ) -> None:
        self._recorder.refused(provider, error.code or error.kind)
        if error.retry_after:
            headers.append((b"retry-after", error.retry_after.encode()))
        await caller.answer(error.status, error.body(provider), headers)

    async def _apply_faults(self, request: DirectRequest) -> None:
        region = self._regions[request.provider]
        if request.settings.latency_ms:
            await request.caller.wait(request.settings.latency_ms / 1000)
        if request.settings.outage:
            raise out(request.provider)
        if request.operation.can_be_throttled and region.throttles():
            raise throttled(request.provider, request.settings.retry_after_ms)
        request.error = region.error_for(request.operation)
        if request.error is not None and request.error.after_events is None:
            raise _error_of(request.error)

    async def _answer(self, request: DirectRequest) -> None:
        if request.operation is DirectOperation.MODELS:
            data = [{"id": name, "object": "model"} for name in self._models.names(request.provider)]
            await request.caller.answer(200, orjson.dumps({"object": "list", "data": data}), request.headers)
            return
        model = self._models.get(request.provider, request.body.get("model"))
        if request.operation is DirectOperation.EMBEDDINGS:
            found = embeddings.embeddings_response(request.body, model)
            await request.caller.answer(200, found, request.headers)
            return
        await self._generate(request, model)

    async def _generate(self, request: DirectRequest, model: DirectModel) -> None:
        is_own = request.operation is DirectOperation.MESSAGE
        if is_own:
            if request.asked.get("anthropic-version") not in messages.VERSIONS:
                raise invalid("anthropic-version: header is required")
            turn = messages.read_own_turn(request.body, model, request.asked.get("anthropic-beta", ""))
        else:
            turn = chat.read_chat_turn(request.body, model, request.provider)
        script = self._scripts.next(turn)
        if script is not None and script.error is not None:
            if script.error.after_events is None or not request.body.get("stream"):
                raise _error_of(script.error)
            request.error = script.error
        reply = reply_to(turn, script if script is not None and script.says_something else None)
        usage = self._prompt_cache.use(turn, reply.output_tokens, time.monotonic())
        if request.body.get("stream"):
            events = (
                messages.own_events(reply, usage, turn)
                if is_own
                else chat_answer.chat_events(reply, usage, turn, model, request.body)
            )
            await self._stream(request, events)
            return
        seconds = request.settings.generation_seconds(reply.output_tokens)
        if seconds:
            await request.caller.wait(seconds)
        answer = (
            messages.own_response(reply, usage, turn, model)
            if is_own
            else chat_answer.chat_response(reply, usage, turn, model, request.body)
        )
        if request.settings.corrupt_after_events is not None:
            answer = answer[: len(answer) // 2]  # half an answer, with status 200
        await request.caller.answer(200, answer, request.headers)

    async def _stream(self, request: DirectRequest, events: Iterator[tuple[int, bytes]]) -> None:
        self._recorder.stream_opened()
        how = "abandoned"
        try:
            await request.caller.start(200, request.headers, _EVENT_STREAM)
            failed = None
            if request.error is not None:
                body = _error_of(request.error).body(request.provider)
                is_own = request.provider == "anthropic"
                failed = b"event: error\ndata: " + body + b"\n\n" if is_own else chat_answer.sse(body)
            ending = await pump(
                request.caller, events, request.settings, request.error, corrupt=_corrupted, failed=failed
            )
            how = ending.value
        finally:
            self._recorder.stream_ended(how)


def _corrupted(event: bytes) -> bytes:
    """Half an event."""
    return event[: len(event) // 2] + b"\n\n"


def _error_of(error: SimulatedException) -> DirectError:
    code = None if error.type.endswith("_error") else error.type
    return DirectError(error.status, error.type, error.message, code=code, fields=error.fields)


def _check_key(provider: str, asked: dict[str, str]) -> None:
    shown = (
        asked.get("x-api-key", "")
        if provider == "anthropic"
        else asked.get("authorization", "").removeprefix("Bearer ")
    )
    if shown != KEYS[provider]:
        raise key_refused(provider)


def _json(raw: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(raw or b"{}")
    except orjson.JSONDecodeError:
        raise invalid("We could not parse the JSON body of your request.") from None
    if not isinstance(found, dict):
        raise invalid("The body of the request must be a JSON object.")
    return found


def _trace(asked: dict[str, str]) -> dict[str, str]:
    return {name: asked[name] for name in ("traceparent", "tracestate") if name in asked}


def _quotas(provider: str) -> Headers:
    """What is left of quotas. Sources: OpenAI API docs, Rate limits; Anthropic API docs, Rate limits."""
    if provider == "openai":
        return [
            (b"x-ratelimit-limit-requests", b"500"), (b"x-ratelimit-remaining-requests", b"499"),
            (b"x-ratelimit-reset-requests", b"120ms"), (b"x-ratelimit-limit-tokens", b"200000"),
            (b"x-ratelimit-remaining-tokens", b"199000"), (b"x-ratelimit-reset-tokens", b"6m0s"),
        ]  # fmt: skip
    if provider == "anthropic":
        return [
            (b"anthropic-ratelimit-requests-remaining", b"49"), (b"anthropic-ratelimit-requests-reset", b"2030-01-01T00:00:00Z"),
            (b"anthropic-ratelimit-input-tokens-remaining", b"39000"), (b"anthropic-ratelimit-output-tokens-remaining", b"8000"),
        ]  # fmt: skip
    return []
