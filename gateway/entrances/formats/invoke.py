"""PURE: `POST /bedrock/model/{id}/invoke` and `/invoke-with-response-stream`: a body of the model's own family, the same
pipeline as for every call, and an answer in the family's shape.

Source: botocore's model of `bedrock-runtime`, operations InvokeModel and InvokeModelWithResponseStream.
"""

from base64 import b64encode
from typing import ClassVar

import msgspec
import orjson

from gateway.call import Call
from gateway.call.fit import Adjustment
from gateway.call.places import Places
from gateway.call.prompt_run import PREFIX
from gateway.conversation import Conversation, Json, PerformanceConfig, ServiceTier
from gateway.entrances.formats.aws_errors import converse_error, converse_error_type, exception_frame
from gateway.entrances.formats.entrance import NO_HEADERS, Headers, Parsed, Writer, decode_body
from gateway.entrances.formats.invoke_anthropic import ANTHROPIC
from gateway.entrances.formats.invoke_body import Asked, Body, Chunks
from gateway.entrances.formats.invoke_chat import COHERE_CHAT, MISTRAL_CHAT
from gateway.entrances.formats.invoke_embeddings import COHERE_EMBEDDING, TITAN_EMBEDDING
from gateway.entrances.formats.invoke_families import Family, family_of_body
from gateway.entrances.formats.invoke_nova import NOVA
from gateway.entrances.formats.invoke_text import COHERE_GENERATE, LLAMA, MISTRAL_TEXT, TITAN_TEXT
from gateway.events import Event, Finished
from gateway.refusals import Refusal
from gateway.wire.eventstream import Frame, encode

_BODIES = {
    Family.ANTHROPIC: ANTHROPIC,
    Family.NOVA: NOVA,
    Family.TITAN_TEXT: TITAN_TEXT,
    Family.TITAN_EMBEDDING: TITAN_EMBEDDING,
    Family.COHERE_EMBEDDING: COHERE_EMBEDDING,
    Family.COHERE_GENERATE: COHERE_GENERATE,
    Family.COHERE_CHAT: COHERE_CHAT,
    Family.LLAMA: LLAMA,
    Family.MISTRAL: MISTRAL_TEXT,
}
_NAMES = "Anthropic, Nova, Titan, Cohere, Llama and Mistral"


class InvokeEntrance:
    """One call. `family` is of the model that the address names; None where nobody knows it."""

    name: ClassVar[str] = "invoke"
    stream_type: ClassVar[str] = "application/vnd.amazon.eventstream"

    def __init__(self, *, model: str, family: Family | None = None, is_stream: bool = False) -> None:
        self._model = model
        self._family = family
        self._is_stream = is_stream
        self._body = ANTHROPIC

    def parse(self, body: bytes, headers: Headers = NO_HEADERS) -> Parsed:
        given = decode_body(msgspec.json.decode, body)
        family = family_of_body(given, self._family)
        if family is None and self._model.startswith(PREFIX):
            told = 'A prompt is run with Anthropic\'s body: send "anthropic_version", and variables as its metadata.'
            raise Refusal("invalid_request", told, param="anthropic_version")
        if family is None:
            # Nobody's model: the pipeline says so, before anything is said of the body.
            return Parsed(
                model=self._model, conversation=Conversation(messages=[]), is_stream=self._is_stream
            )
        if not isinstance(given, dict):
            raise Refusal("invalid_request", "Malformed input request: expected type: JSONObject.")
        self._body = _body_of(family, given)
        if self._is_stream and self._body.chunks is None:
            raise Refusal(
                "invalid_request", "The model is unsupported for streaming. Call it by InvokeModel."
            )
        parsed = self._body.read(Asked(self._model, given, headers, self._is_stream))
        _heed(headers, parsed)
        return parsed

    def whole(self, call: Call, events: list[Event], finished: Finished) -> bytes:
        return self._body.whole(call, events, finished)

    def writer(self, call: Call, parsed: Parsed) -> Writer:
        assert self._body.chunks is not None
        return ChunkWriter(call, self._body.chunks(call))

    def error(self, call: Call, refusal: Refusal) -> tuple[bytes, dict[str, str]]:
        return orjson.dumps(converse_error(refusal)), {"x-amzn-errortype": converse_error_type(refusal)}


def _body_of(family: Family, given: Json) -> Body:
    if family is Family.MISTRAL and "messages" in given:
        return MISTRAL_CHAT
    if family not in _BODIES:
        raise Refusal(
            "invalid_request",
            f"InvokeModel is spoken here in the bodies of {_NAMES} alone, and this model has another. Call it by Converse.",
        )
    return _BODIES[family]


_GUARDRAIL = (b"x-amzn-bedrock-guardrailidentifier", b"x-amzn-bedrock-guardrailversion")
_LATENCY = b"x-amzn-bedrock-performanceconfig-latency"
_TIER = b"x-amzn-bedrock-service-tier"
_TRACE = b"x-amzn-bedrock-trace"


def _heed(headers: Headers, parsed: Parsed) -> None:
    """What InvokeModel says in headers. Refusal invalid_request for what can't be honoured."""
    if any(headers.get(name) for name in _GUARDRAIL):
        raise Refusal(
            "invalid_request",
            "Which guardrails look at a call is decided by Gatehouse's administrators. Leave X-Amzn-Bedrock-GuardrailIdentifier "
            "out; your team's guardrails hold without it.",
            param="X-Amzn-Bedrock-GuardrailIdentifier",
        )
    latency = headers.get(_LATENCY, b"").decode("latin-1").lower()
    if latency and latency not in ("standard", "optimized"):
        raise _unknown("X-Amzn-Bedrock-PerformanceConfig-Latency", "standard or optimized")
    if latency:
        parsed.conversation.performance_config = PerformanceConfig(
            latency="optimized" if latency == "optimized" else "standard"
        )
    tier = headers.get(_TIER, b"").decode("latin-1").lower()
    if tier:
        parsed.conversation.service_tier = _service_tier(tier)
    if headers.get(_TRACE, b"").upper() in (b"ENABLED", b"ENABLED_FULL"):
        # It traces a guardrail of the request's own, which there is none of.
        (parsed.places or Places()).adjustments.append(Adjustment("X-Amzn-Bedrock-Trace", "dropped"))


def _service_tier(tier: str) -> ServiceTier:
    match tier:
        case "default" | "priority" | "flex":
            return ServiceTier(type=tier)
    raise _unknown("X-Amzn-Bedrock-Service-Tier", "default, priority or flex")


def _unknown(header: str, known: str) -> Refusal:
    return Refusal("invalid_request", f"The header {header} takes {known}.", param=header)


class ChunkWriter:
    """Writes the events of one reply as frames, with a family's JSON in base64."""

    def __init__(self, call: Call, chunks: Chunks) -> None:
        self._call = call
        self._chunks = chunks

    def start(self) -> bytes:
        return b"".join(map(_frame, self._chunks.start()))

    def write(self, event: Event) -> bytes:
        """An event's bytes; empty for what the family's streams do not show. The last says what was used."""
        found = self._chunks.feed(event)
        if isinstance(event, Finished) and found:
            found[-1]["amazon-bedrock-invocationMetrics"] = _metrics(self._call, event)
        return b"".join(map(_frame, found))

    def keep_alive(self) -> bytes:
        """A chunk that says nothing, where the family has one."""
        return b"".join(map(_frame, self._chunks.keep_alive()))

    def error(self, refusal: Refusal) -> bytes:
        """An exception, as Bedrock ends a stream that failed."""
        return exception_frame(refusal, has_timeouts=True)


def _metrics(call: Call, finished: Finished) -> Json:
    used, whole = finished.usage, round(call.elapsed_ms())
    first = call.reply.first_token_ms
    metrics = {
        "inputTokenCount": used.input,
        "outputTokenCount": used.output,
        "invocationLatency": finished.latency_ms or whole,
        "firstByteLatency": whole if first is None else round(first),
    }
    if used.cache_read or used.cache_write or used.cache_write_1h:
        metrics["cacheReadInputTokenCount"] = used.cache_read
        metrics["cacheWriteInputTokenCount"] = used.cache_write + used.cache_write_1h
    return metrics


def _frame(chunk: Json) -> bytes:
    return encode(Frame("event", "chunk", b'{"bytes":"%b"}' % b64encode(orjson.dumps(chunk))))
