"""PURE: Nova's bodies of InvokeModel (`messages-v1`), which are Converse's but for a few names.

Source: Amazon Nova user guide, "Complete request schema" and "Using the Invoke API".
"""

import msgspec
import orjson

from gateway.call import Call
from gateway.call.places import Places
from gateway.conversation import Json
from gateway.entrances.formats import converse, converse_reply
from gateway.entrances.formats.entrance import Parsed, decode_body
from gateway.entrances.formats.invoke_body import Asked, Body, unsupported
from gateway.entrances.formats.prompt_names import prompt_request_of
from gateway.events import Event, Finished
from gateway.refusals import Refusal

_MEMBERS = frozenset({"schemaVersion", "messages", "system", "inferenceConfig", "toolConfig"})
_INFERENCE = {
    "maxTokens": "maxTokens", "max_new_tokens": "maxTokens", "max_tokens": "maxTokens", "temperature": "temperature",
    "topP": "topP", "top_p": "topP", "topK": "topK", "top_k": "topK",
    "stopSequences": "stopSequences", "stop_sequences": "stopSequences",
}  # fmt: skip
_FIELDS = ("additionalModelRequestFields", "reasoningConfig")


def _read(asked: Asked) -> Parsed:
    body = asked.body
    if body.get("schemaVersion", "messages-v1") != "messages-v1":
        raise Refusal("invalid_request", "schemaVersion: only messages-v1 is known.", param="schemaVersion")
    for name in body:
        if name not in _MEMBERS and name not in _FIELDS:
            raise unsupported(name[:100])
    given = {name: body[name] for name in ("messages", "system", "toolConfig") if body.get(name) is not None}
    if isinstance(given.get("system"), str):
        given["system"] = [{"text": given["system"]}]
    config, fields = _inference(body.get("inferenceConfig") or {})
    more = body.get("additionalModelRequestFields") or {}
    if not isinstance(more, dict):
        told = "additionalModelRequestFields must be an object."
        raise Refusal("invalid_request", told, param="additionalModelRequestFields")
    fields |= more
    if body.get("reasoningConfig") is not None:
        fields["reasoningConfig"] = body["reasoningConfig"]
    given |= {"inferenceConfig": config} | ({"additionalModelRequestFields": fields} if fields else {})
    places = Places()
    content = msgspec.json.encode(given)
    conversation = decode_body(lambda each: converse.decode(each, places=places, is_prompt=False), content)
    converse.check_request(conversation)
    return Parsed(
        model=asked.model,
        conversation=conversation,
        is_stream=asked.is_stream,
        prompt=prompt_request_of(asked.model, None),
        places=places,
    )


def _inference(given: Json) -> tuple[Json, Json]:
    """Converse's inferenceConfig, and what it has no member for."""
    if not isinstance(given, dict):
        raise Refusal("invalid_request", "inferenceConfig must be an object.", param="inferenceConfig")
    for name in given:
        if name not in _INFERENCE:
            raise unsupported(f"inferenceConfig.{name[:100]}")
    config = {_INFERENCE[name]: value for name, value in given.items() if value is not None}
    top_k = config.pop("topK", None)
    return config, {} if top_k is None else {"inferenceConfig": {"topK": top_k}}


def _whole(call: Call, events: list[Event], finished: Finished) -> bytes:
    message = {"role": "assistant", "content": converse_reply.content_of(events)}
    return orjson.dumps(
        {"output": {"message": message}, "stopReason": finished.stop_reason, "usage": _usage(finished)}
    )


def _usage(finished: Finished) -> Json:
    used = finished.usage
    return {
        "inputTokens": used.input,
        "outputTokens": used.output,
        "totalTokens": used.total,
        "cacheReadInputTokenCount": used.cache_read,
        "cacheWriteInputTokenCount": used.cache_write + used.cache_write_1h,
    }


class _Chunks:
    """Each chunk is an event of Converse's stream, under its name."""

    def __init__(self, call: Call) -> None:
        self._has_started = False

    def start(self) -> list[Json]:
        if self._has_started:
            return []
        self._has_started = True
        return [dict((converse_reply.START,))]

    def feed(self, event: Event) -> list[Json]:
        found = [{name: payload} for name, payload in converse_reply.steps_of(event)]
        if isinstance(event, Finished):
            found[-1] = {"metadata": {"usage": _usage(event), "metrics": {}, "trace": {}}}
        return found

    def keep_alive(self) -> list[Json]:
        return self.start()  # and nothing after it: which block is open, an empty delta would have to know


NOVA = Body(_read, _whole, _Chunks)
