"""PURE: Anthropic's Messages as InvokeModel has them: neither `model` nor `stream`, but an `anthropic_version`.

Source: AWS user guide, "Anthropic Claude Messages API"; AnthropicBedrock of the `anthropic` SDK.
"""

import re
from dataclasses import replace

import msgspec

from gateway.call import Call
from gateway.conversation import Json
from gateway.entrances.formats import anthropic_reply
from gateway.entrances.formats.entrance import AnthropicEntrance, Headers, Parsed
from gateway.entrances.formats.invoke_body import Asked, Body
from gateway.events import Event, Finished
from gateway.refusals import Refusal

_VERSION = re.compile(r"(bedrock-)?\d{4}-\d{2}-\d{2}")
_BETA = b"anthropic-beta"
_MESSAGES = AnthropicEntrance()


def _read(asked: Asked) -> Parsed:
    body = dict(asked.body)
    version, betas = body.pop("anthropic_version", None), body.pop("anthropic_beta", None)
    if version is None:
        raise Refusal(
            "invalid_request",
            "anthropic_version: Field required. This model takes Anthropic's Messages: send "
            '"anthropic_version": "bedrock-2023-05-31".',
            param="anthropic_version",
        )
    if not isinstance(version, str) or _VERSION.fullmatch(version) is None:
        raise Refusal("invalid_request", "anthropic_version: Invalid API version", param="anthropic_version")
    for name in ("model", "stream"):
        if name in body:
            where = "which model" if name == "model" else "whether to stream"
            raise Refusal(
                "invalid_request",
                f"{name}: Extra inputs are not permitted. The address says {where}.",
                param=name,
            )
    content = msgspec.json.encode(body | {"model": asked.model})
    parsed = _MESSAGES.parse(content, _with_betas(asked.headers, betas))
    return replace(parsed, is_stream=asked.is_stream)


def _with_betas(headers: Headers, betas: object) -> Headers:
    """The betas of the body beside those of the header, in which Anthropic's own API has them."""
    if betas is None:
        return headers
    several = [betas] if isinstance(betas, str) else betas
    if not isinstance(several, list) or not all(isinstance(each, str) for each in several):
        raise Refusal(
            "invalid_request", "anthropic_beta: Input should be a list of texts.", param="anthropic_beta"
        )
    found = [*filter(None, headers.get(_BETA, b"").decode("latin-1").split(",")), *several]
    joined = ",".join(dict.fromkeys(each.strip() for each in found))
    return {**headers, _BETA: joined.encode("latin-1", "replace")}


def _whole(call: Call, events: list[Event], finished: Finished) -> bytes:
    return anthropic_reply.message(
        call_id=call.id, model=call.request.model, events=events, finished=finished
    )


class _Chunks:
    """Each chunk is an event of Anthropic's stream."""

    def __init__(self, call: Call) -> None:
        self._steps: list[Json] = []
        self._writer = anthropic_reply.EventWriter(call, encode=self._note)

    def start(self) -> list[Json]:
        self._writer.start()
        return self._taken()

    def feed(self, event: Event) -> list[Json]:
        self._writer.write(event)
        return self._taken()

    def keep_alive(self) -> list[Json]:
        self._writer.keep_alive()
        return self._taken()

    def _note(self, step: Json) -> bytes:
        self._steps.append(step)
        return b""

    def _taken(self) -> list[Json]:
        taken, self._steps = self._steps, []
        return taken


ANTHROPIC = Body(_read, _whole, _Chunks)
