"""PURE: bodies of InvokeModel that are a text: Titan's, Llama's, and Mistral's and Cohere's older ones.

Source: AWS user guide, "Inference request parameters and response fields for foundation models".
"""

from typing import Any

import msgspec
import orjson

from gateway.call import Call
from gateway.conversation import InferenceConfig, Json
from gateway.entrances.formats.entrance import Parsed
from gateway.entrances.formats.invoke_body import (
    Asked,
    Body,
    Pieces,
    members,
    some,
    text_of,
    texts_parsed,
    unsupported,
)
from gateway.entrances.formats.invoke_templates import turns_of
from gateway.events import Event, Finished, TextDelta
from gateway.outbound.stop_reasons import words_of
from gateway.refusals import Refusal


class _Strict(msgspec.Struct, forbid_unknown_fields=True):
    """What is not among the members is refused by its name."""


class _TitanConfig(_Strict):
    temperature: float | None = None
    topP: float | None = None  # noqa: N815 - Titan's own
    maxTokenCount: int | None = None  # noqa: N815
    stopSequences: list[str] | None = None  # noqa: N815


class _Titan(_Strict):
    inputText: str  # noqa: N815
    textGenerationConfig: _TitanConfig | None = None  # noqa: N815


class _Llama(_Strict):
    prompt: str
    temperature: float | None = None
    top_p: float | None = None
    max_gen_len: int | None = None
    images: list[Any] | None = None


class _Mistral(_Strict):
    prompt: str
    max_tokens: int | None = None
    stop: list[str] | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None


class _Cohere(_Strict):
    prompt: str
    temperature: float | None = None
    p: float | None = None
    k: int | None = None
    max_tokens: int | None = None
    stop_sequences: list[str] | None = None
    return_likelihoods: str | None = None
    stream: bool | None = None
    num_generations: int | None = None
    logit_bias: Any = None
    truncate: str | None = None


def _read_titan(asked: Asked) -> Parsed:
    given = members(asked.body, _Titan)
    config = given.textGenerationConfig or _TitanConfig()
    return _parsed(
        asked,
        [("user", given.inputText)],
        InferenceConfig(
            max_tokens=config.maxTokenCount,
            temperature=config.temperature,
            top_p=config.topP,
            stop_sequences=config.stopSequences or None,
        ),
    )


def _read_llama(asked: Asked) -> Parsed:
    given = members(asked.body, _Llama)
    if some(given.images):
        raise unsupported("images")
    config = InferenceConfig(max_tokens=given.max_gen_len, temperature=given.temperature, top_p=given.top_p)
    return _parsed(asked, turns_of(given.prompt), config)


def _read_mistral(asked: Asked) -> Parsed:
    given = members(asked.body, _Mistral)
    config = InferenceConfig(
        max_tokens=given.max_tokens,
        temperature=given.temperature,
        top_p=given.top_p,
        stop_sequences=given.stop or None,
    )
    fields = {} if given.top_k is None else {"top_k": given.top_k}
    return _parsed(asked, turns_of(given.prompt), config, fields)


def _read_cohere(asked: Asked) -> Parsed:
    given = members(asked.body, _Cohere)
    if given.num_generations not in (None, 1):
        raise unsupported("num_generations", "One answer is given.")
    if given.return_likelihoods not in (None, "NONE"):
        raise unsupported("return_likelihoods")
    for name in ("logit_bias", "truncate"):
        if some(getattr(given, name)) and getattr(given, name) != "NONE":
            raise unsupported(name)
    config = InferenceConfig(
        max_tokens=given.max_tokens,
        temperature=given.temperature,
        top_p=given.p,
        stop_sequences=given.stop_sequences or None,
    )
    return _parsed(asked, [("user", given.prompt)], config, {} if given.k is None else {"k": given.k})


def _parsed(
    asked: Asked, turns: list[tuple[str, str]], config: InferenceConfig, fields: Json | None = None
) -> Parsed:
    system = [text for role, text in turns if role == "system"]
    rest = [(role, text) for role, text in turns if role != "system"]
    if not any(text.strip() for _, text in rest):
        raise Refusal("invalid_request", "Malformed input request: the prompt is empty.", param="prompt")
    return texts_parsed(asked, rest, config=config, system=system, fields=fields)


def is_length(reason: str) -> bool:
    """Whether the answer was cut at a bound."""
    return words_of(reason).openai == "length"


def _titan_reason(reason: str) -> str:
    if reason == "stop_sequence":
        return "STOP_CRITERIA_MET"
    return {"length": "LENGTH", "content_filter": "CONTENT_FILTERED"}.get(words_of(reason).openai, "FINISH")


def _short_reason(reason: str) -> str:
    return "length" if is_length(reason) else "stop"


def cohere_reason(reason: str) -> str:
    """Why an answer ended, as Cohere says it."""
    return {"length": "MAX_TOKENS", "content_filter": "ERROR_TOXIC"}.get(words_of(reason).openai, "COMPLETE")


def _whole_titan(call: Call, events: list[Event], finished: Finished) -> bytes:
    result = {
        "tokenCount": finished.usage.output,
        "outputText": text_of(events),
        "completionReason": _titan_reason(finished.stop_reason),
    }
    return orjson.dumps({"inputTextTokenCount": finished.usage.prompt, "results": [result]})


def _whole_llama(call: Call, events: list[Event], finished: Finished) -> bytes:
    return orjson.dumps(
        {
            "generation": text_of(events),
            "prompt_token_count": finished.usage.prompt,
            "generation_token_count": finished.usage.output,
            "stop_reason": _short_reason(finished.stop_reason),
        }
    )


def _whole_mistral(call: Call, events: list[Event], finished: Finished) -> bytes:
    output = {"text": text_of(events), "stop_reason": _short_reason(finished.stop_reason)}
    return orjson.dumps({"outputs": [output]})


def _whole_cohere(call: Call, events: list[Event], finished: Finished) -> bytes:
    generation = {
        "id": str(call.id),
        "text": text_of(events),
        "finish_reason": cohere_reason(finished.stop_reason),
    }
    return orjson.dumps({"id": str(call.id), "generations": [generation]})


class _TitanChunks(Pieces):
    def __init__(self, call: Call) -> None:
        self._input = call.bounds.counted_input_tokens

    def feed(self, event: Event) -> list[Json]:
        match event:
            case TextDelta(_, text) if text:
                return [self.piece(text)]
            case Finished(reason, used):
                return [self._chunk("", used.prompt, used.output, _titan_reason(reason))]
        return []

    def piece(self, text: str) -> Json:
        return self._chunk(text, self._input, None, None)

    def _chunk(self, text: str, tokens: int, output: int | None, reason: str | None) -> Json:
        return {
            "outputText": text, "index": 0, "totalOutputTextTokenCount": output, "completionReason": reason,
            "inputTextTokenCount": tokens,
        }  # fmt: skip


class _LlamaChunks(Pieces):
    """The first says how long the prompt is, each how long the answer is so far: by pieces, and exactly in the last."""

    def __init__(self, call: Call) -> None:
        self._prompt: int | None = call.bounds.counted_input_tokens
        self._pieces = 0

    def feed(self, event: Event) -> list[Json]:
        match event:
            case TextDelta(_, text) if text:
                self._pieces += 1
                return [self.piece(text)]
            case Finished(reason, used):
                return [self._chunk("", None, used.output, _short_reason(reason))]
        return []

    def piece(self, text: str) -> Json:
        prompt, self._prompt = self._prompt, None
        return self._chunk(text, prompt, self._pieces, None)

    def _chunk(self, text: str, prompt: int | None, written: int, reason: str | None) -> Json:
        return {
            "generation": text, "prompt_token_count": prompt, "generation_token_count": written, "stop_reason": reason,
        }  # fmt: skip


class _MistralChunks(Pieces):
    def __init__(self, call: Call) -> None:
        pass

    def feed(self, event: Event) -> list[Json]:
        match event:
            case TextDelta(_, text) if text:
                return [self.piece(text)]
            case Finished(reason):
                return [{"outputs": [{"text": "", "stop_reason": _short_reason(reason)}]}]
        return []

    def piece(self, text: str) -> Json:
        return {"outputs": [{"text": text, "stop_reason": None}]}


class _CohereChunks(Pieces):
    def __init__(self, call: Call) -> None:
        self._id = str(call.id)

    def feed(self, event: Event) -> list[Json]:
        match event:
            case TextDelta(_, text) if text:
                return [self.piece(text)]
            case Finished(reason):
                return [
                    {"is_finished": True, "index": 0, "finish_reason": cohere_reason(reason), "id": self._id}
                ]
        return []

    def piece(self, text: str) -> Json:
        return {"text": text, "is_finished": False, "index": 0}


TITAN_TEXT = Body(_read_titan, _whole_titan, _TitanChunks)
LLAMA = Body(_read_llama, _whole_llama, _LlamaChunks)
MISTRAL_TEXT = Body(_read_mistral, _whole_mistral, _MistralChunks)
COHERE_GENERATE = Body(_read_cohere, _whole_cohere, _CohereChunks)
