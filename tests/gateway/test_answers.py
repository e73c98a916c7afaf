"""Answers of every kind through the whole gateway, in every format: nothing is lost, and what was used is charged."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import orjson
import pytest
from botocore.eventstream import EventStreamBuffer

from gateway.call import Call
from gateway.catalogue.models import Model, Price
from gateway.entrances.formats.entrance import (
    AnthropicEntrance,
    ConverseEntrance,
    Entrance,
    OpenAIEntrance,
    Parsed,
)
from gateway.pipeline import fold, respond
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from governance.alerts.models import Alert
from governance.records.models import AuditContent, AuditRecord
from tests.gateway.catalogue.factories import make_deployment, make_route
from tests.gateway.factories import call_of, gateway_settings, simulator, started
from tests.gateway.fake_bedrock import FakeBedrock, fake_bedrock
from tests.world import World, make_world

__all__ = ["gateway_settings", "simulator"]
pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "ann.lee@example.com"
ENTRANCES: dict[str, Entrance] = {
    "openai": OpenAIEntrance(),
    "anthropic": AnthropicEntrance(),
    "converse": ConverseEntrance(model="nova-lite"),
}
CITATION = {
    "title": "Sky (1)",
    "sourceContent": [{"text": "blue"}],
    "location": {"documentPage": {"documentIndex": 0, "start": 3, "end": 4}},
}
WEB = {"title": "Sky", "location": {"web": {"url": "https://example.com/sky", "domain": "example.com"}}}


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeBedrock]:
    with fake_bedrock() as running:
        yield running


@pytest.fixture
def world(fake: FakeBedrock, gateway_settings: Any) -> World:
    fake.reset()
    gateway_settings.BEDROCK_ENDPOINT_URL = fake.url
    made = make_world()
    Model.objects.update(context_window=200_000)
    Price.objects.update(output_rate=240_000_000)
    return made


class Running:
    """One gateway for several calls."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._context = started()
        self.gateway = self.run(self._context.__aenter__())

    def run(self, work: Any) -> Any:
        return self._runner.run(work)

    def close(self) -> None:
        self.run(self._context.__aexit__(None, None, None))
        self._runner.close()


@pytest.fixture
def gateway(world: World) -> Iterator[Running]:
    running = Running()
    yield running
    running.close()


class Told:
    """What a caller got, and what is on record of it."""

    def __init__(
        self,
        world: World,
        format: str,
        *,
        is_stream: bool = False,
        text: str = "Hello",
        gateway: "Running | None" = None,
    ) -> None:
        call = call_of(world.mine.key_text, text, wire_format=format, is_stream=is_stream)
        entrance = ENTRANCES[format]
        self.refusal: Refusal | None = None
        self.body, self.raw, self.headers = None, b"", {}

        async def made() -> None:
            async with started() as gateway:
                await self._ask(gateway, call, entrance)

        if gateway is None:
            asyncio.run(made())
        else:
            gateway.run(self._ask(gateway.gateway, call, entrance))
        self.record = AuditRecord.objects.get(pk=call.id)

    async def _ask(self, gateway: Gateway, call: Call, entrance: Entrance) -> None:
        parsed = Parsed(model="", conversation=call.conversation, is_stream=True, include_usage=True)
        writer = entrance.writer(call, parsed)
        try:
            if call.request.is_stream:
                self.raw = writer.start()
                async for event in respond(call, gateway):
                    self.raw += writer.write(event)
            else:
                reply = await fold(call, gateway)
                self.body = orjson.loads(entrance.whole(call, reply.events, reply.finished))
        except Refusal as refusal:
            self.refusal = refusal
            self.raw += writer.error(refusal)

    @property
    def events(self) -> list[Any]:
        """Of server-sent events."""
        lines = [line[6:] for line in self.raw.splitlines() if line.startswith(b"data: ")]
        return [orjson.loads(line) for line in lines if line != b"[DONE]"]

    @property
    def frames(self) -> list[tuple[str, Any]]:
        """Of Converse's stream, as botocore reads it."""
        buffer = EventStreamBuffer()
        buffer.add_data(self.raw)
        names = (":event-type", ":exception-type")
        return [
            (next(each.headers[name] for name in names if name in each.headers), orjson.loads(each.payload))
            for each in buffer
        ]

    @property
    def text(self) -> str:
        """All text, whichever the format."""
        if self.body is None:
            choices = [
                each["choices"][0]["delta"].get("content") or ""
                for each in self.events
                if each.get("choices")
            ]
            deltas = [
                each["delta"].get("text", "")
                for each in self.events
                if each.get("type") == "content_block_delta"
            ]
            return "".join(choices + deltas)
        if "choices" in self.body:
            return self.body["choices"][0]["message"]["content"] or ""
        return "".join(block.get("text", "") for block in self.body["content"])


BLOCKS = [
    ({"citationsContent": {"content": [{"text": "The sky is blue."}]}}, "The sky is blue."),
    ({"citationsContent": {"content": [{"text": "The sky "}, {"text": "is blue."}], "citations": [WEB]}}, "The sky is blue."),
    ({"citationsContent": {"content": [{"text": "Blue."}], "citations": [WEB], "mood": "calm"}}, "Blue."),
    ({"image": {"format": "png", "source": {"bytes": "aGVsbG8="}}}, ""),
    ({"image": {"format": "png", "error": {"message": "No such picture."}}}, "No such picture."),
    ({"toolResult": {"toolUseId": "t", "content": [{"text": "Found."}, {"json": {"a": 1}}], "type": "x"}}, 'Found.{"a":1}'),
    ({"toolUse": {"toolUseId": "t", "name": "search", "input": {"q": 1}, "type": "server_tool_use"}}, ""),
    ({"guardContent": {"text": {"text": "Guarded."}}}, "Guarded."),
    ({"hologramContent": {"frames": [1, 2], "content": [{"text": "From the future."}]}}, "From the future."),
    ({"whisper": "Psst."}, "Psst."),
    ({"void": {}}, ""),
]  # fmt: skip


@pytest.mark.parametrize("format", ENTRANCES)
def test_blocks_of_any_kind_are_told_or_an_error_never_nothing(world, fake, gateway, format):
    for block, text in BLOCKS:
        fake.reset()
        _check_block(world, fake, gateway, format, block, text)


def _check_block(world, fake, gateway, format, block, text):
    fake.says({"text": "First. "}, block)
    told = Told(world, format, gateway=gateway)
    assert (told.record.input_tokens, told.record.output_tokens) == (10, 5)
    assert told.record.cost_nanos > 0
    if format == "converse":
        assert told.body["output"]["message"]["content"] == [{"text": "First. "}, block]
    elif text:
        assert told.text == f"First. {text}"
    else:
        assert (told.refusal.code, told.refusal.status, told.refusal.may_retry) == (
            "upstream_error",
            502,
            False,
        )
        assert next(iter(block)) in told.refusal.message


STREAMED = [
    ([("contentBlockDelta", {"delta": {"toolResult": [{"text": "Found"}]}}), ("contentBlockDelta", {"delta": {"toolResult": [{"text": " it."}]}})], "Found it."),
    ([("contentBlockStart", {"start": {"toolResult": {"toolUseId": "t"}}}), ("contentBlockDelta", {"delta": {"toolResult": [{"text": "Found."}]}})], "Found."),
    ([("contentBlockStart", {"start": {"image": {"format": "png"}}}), ("contentBlockDelta", {"delta": {"image": {"source": {"bytes": "aGVsbG8="}}}})], ""),
    ([("contentBlockDelta", {"delta": {"hologram": {"text": "From the future."}}})], "From the future."),
    ([("contentBlockDelta", {"delta": {"reasoningContent": {"mood": "calm"}}})], ""),
    ([("contentBlockStart", {"start": {"toolUse": {"toolUseId": "t", "name": "s", "type": "server_tool_use"}}}), ("contentBlockDelta", {"delta": {"toolUse": {"input": "{}"}}})], ""),
]  # fmt: skip


@pytest.mark.parametrize("format", ENTRANCES)
def test_deltas_of_any_kind_are_told_or_an_error_never_nothing(world, fake, gateway, format):
    for frames, text in STREAMED:
        fake.reset()
        _check_deltas(world, fake, gateway, format, frames, text)


def _check_deltas(world, fake, gateway, format, frames, text):
    shown = [(name, payload | {"contentBlockIndex": 0}) for name, payload in frames]
    shown.append(("contentBlockStop", {"contentBlockIndex": 0}))
    fake.streams(*shown)
    told = Told(world, format, is_stream=True, gateway=gateway)
    assert (told.record.output_tokens, told.record.is_estimated) == (5, False)
    if format == "converse":
        assert [frame for frame in told.frames if frame[0].startswith("contentBlock")] == shown
    elif text:
        assert (told.text, told.refusal) == (text, None)
    else:
        assert told.refusal.code == "upstream_error"
        assert "error" in told.events[-1]


@pytest.mark.parametrize("is_stream", [False, True])
def test_text_of_unknown_kinds_is_masked_and_screened(world, fake, is_stream):
    """Its own values come back into it, on record they are placeholders."""
    fake.says({"text": "Hm"})
    Told(world, "converse", text=f"Write to {ADDRESS}")
    placeholder = fake.asked[0][1]["messages"][0]["content"][0]["text"].removeprefix("Write to ")
    assert ADDRESS not in placeholder
    fake.reset()
    half, rest = placeholder[:5], placeholder[5:]
    if is_stream:
        delta = {"contentBlockIndex": 0}
        fake.streams(
            ("contentBlockDelta", delta | {"delta": {"hologram": {"text": f"To {half}"}}}),
            ("contentBlockDelta", delta | {"delta": {"hologram": {"text": rest}}}),
            ("contentBlockStop", delta),
        )
    else:
        fake.says({"hologram": {"text": f"To {placeholder}"}})
    told = Told(world, "converse", is_stream=is_stream, text=f"Write to {ADDRESS}")
    said = told.raw.decode("latin-1") if is_stream else orjson.dumps(told.body).decode()
    assert f"To {ADDRESS}" in said
    stored = AuditContent.objects.get(pk=told.record.pk).answer
    assert placeholder in stored
    assert ADDRESS not in stored


def test_citations_in_each_format(world, fake, gateway):
    block = {"citationsContent": {"content": [{"text": "Blue."}], "citations": [CITATION, WEB]}}
    fake.says(block)
    assert Told(world, "converse", gateway=gateway).body["output"]["message"]["content"] == [block]
    [shown] = Told(world, "anthropic", gateway=gateway).body["content"]
    assert shown["citations"] == [
        {
            "type": "page_location", "cited_text": "blue", "document_index": 0, "document_title": "Sky", "file_id": None,
            "start_page_number": 3, "end_page_number": 4,
        },
        {"type": "web_search_result_location", "cited_text": "", "title": "Sky", "url": "https://example.com/sky", "encrypted_index": ""},
    ]  # fmt: skip
    message = Told(world, "openai", gateway=gateway).body["choices"][0]["message"]
    assert message["content"] == "Blue. [Sky (1), page 3-4]"
    place = {"start_index": 0, "end_index": 5, "title": "Sky", "url": "https://example.com/sky"}
    assert message["annotations"] == [{"type": "url_citation", "url_citation": place}]


def test_citations_in_streams(world, fake):
    at = {"contentBlockIndex": 0}
    frames = [
        ("contentBlockDelta", {"delta": {"text": "Blue."}} | at),
        ("contentBlockDelta", {"delta": {"citation": CITATION}} | at),
        ("contentBlockDelta", {"delta": {"citation": WEB}} | at),
        ("contentBlockStop", at),
    ]
    fake.streams(*frames)
    assert Told(world, "converse", is_stream=True).frames[1:5] == frames
    deltas = [each["delta"]["type"] for each in Told(world, "anthropic", is_stream=True).events if each["type"] == "content_block_delta"]  # fmt: skip
    assert deltas == ["text_delta", "citations_delta", "citations_delta"]
    told = Told(world, "openai", is_stream=True)
    assert told.text == "Blue. [Sky (1), page 3-4]"
    assert any("annotations" in each["choices"][0]["delta"] for each in told.events if each["choices"])


REASONS = {
    "end_turn": ("stop", "end_turn"),
    "stop_sequence": ("stop", "stop_sequence"),
    "tool_use": ("tool_calls", "tool_use"),
    "max_tokens": ("length", "max_tokens"),
    "model_context_window_exceeded": ("length", "model_context_window_exceeded"),
    "guardrail_intervened": ("content_filter", "refusal"),
    "content_filtered": ("content_filter", "refusal"),
    "malformed_model_output": None,
    "malformed_tool_use": None,
    "gone_fishing": None,
}


def test_every_stop_reason_has_its_word(world, fake, gateway):
    for reason in REASONS:
        fake.reset()
        _check_reason(world, fake, gateway, reason)


def _check_reason(world, fake, gateway, reason):
    fake.says({"text": "Hello"}, stop_reason=reason)
    assert Told(world, "converse", gateway=gateway).body["stopReason"] == reason
    for format, number in (("openai", 0), ("anthropic", 1)):
        told = Told(world, format, gateway=gateway)
        assert told.record.stop_reason == reason
        assert told.record.cost_nanos > 0
        if (words := REASONS[reason]) is None:
            assert (told.refusal.code, told.record.status) == ("upstream_error", "failed")
            assert reason in told.refusal.message
        else:
            found = told.body if format == "anthropic" else told.body["choices"][0]
            assert (found.get("stop_reason") or found.get("finish_reason")) == words[number]


@pytest.mark.parametrize("pieces", [(), ("",), ("", " ")])
def test_a_tool_without_arguments(world, fake, pieces):
    at = {"contentBlockIndex": 0}
    frames = [
        ("contentBlockStart", {"start": {"toolUse": {"toolUseId": "t", "name": "now"}}} | at),
        *(("contentBlockDelta", {"delta": {"toolUse": {"input": piece}}} | at) for piece in pieces),
        ("contentBlockStop", at),
    ]
    fake.streams(*frames, stop_reason="tool_use")
    told = Told(world, "openai", is_stream=True)
    calls = [each["choices"][0]["delta"].get("tool_calls", []) for each in told.events if each["choices"]]
    assert "".join(call["function"]["arguments"] for [call] in filter(None, calls)) == "{}"
    assert Told(world, "converse", is_stream=True).frames[1 : 1 + len(frames)] == frames


def test_converse_keeps_what_an_answer_says_besides(world, fake):
    details = [{"ttl": "1h", "inputTokens": 3}]
    more: dict[str, Any] = {
        "trace": {"promptRouter": {"invokedModelId": "m"}},
        "performanceConfig": {"latency": "standard"},
        "serviceTier": {"type": "default"},
    }
    usage = {"inputTokens": 1, "outputTokens": 2, "totalTokens": 6, "cacheReadInputTokens": 0, "cacheWriteInputTokens": 3, "cacheDetails": details}  # fmt: skip
    fields = {"additionalModelResponseFields": {"stop_sequence": "x"}}
    fake.says({"text": "Hello"}, usage=usage, **more, **fields)
    answer = Told(world, "converse").body
    assert answer.items() >= (more | fields | {"usage": usage}).items()
    fake.reset()
    fake.streams(("contentBlockDelta", {"delta": {"text": "Hello"}, "contentBlockIndex": 0}), stop=fields, usage=usage, **more)  # fmt: skip
    frames = dict(Told(world, "converse", is_stream=True).frames)
    assert frames["messageStop"] == {"stopReason": "end_turn"} | fields
    assert frames["metadata"].items() >= (more | {"usage": usage}).items()


def usage(read: int, written: int) -> dict[str, Any]:
    return {"usage": {"inputTokens": read, "outputTokens": written, "totalTokens": read + written}}


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("reason", ["end_turn", "tool_use", "stop_sequence"])
def test_an_answer_of_nothing_is_asked_for_once_more(world, fake, is_stream, reason):
    say = fake.streams if is_stream else fake.says
    say(stop_reason=reason, **usage(2, 0))
    if is_stream:
        fake.streams(
            ("contentBlockDelta", {"delta": {"text": "Hello"}, "contentBlockIndex": 0}), **usage(2, 1)
        )
    else:
        fake.says({"text": "Hello"}, **usage(2, 1))
    told = Told(world, "openai", is_stream=is_stream)
    assert (told.text, len(fake.asked)) == ("Hello", 2)
    assert (told.record.input_tokens, told.record.output_tokens) == (4, 1)
    assert told.record.cost_nanos <= told.record.reserved_nanos


@pytest.mark.parametrize("format", ENTRANCES)
@pytest.mark.parametrize(("written", "asked"), [(0, 2), (3, 1)])
def test_an_answer_of_nothing_is_an_error_by_name_and_charged(world, fake, format, written, asked):
    fake.says(**usage(2, written))
    told = Told(world, format)
    assert (told.refusal.code, told.refusal.may_retry, len(fake.asked)) == ("upstream_error", False, asked)
    assert "without saying anything" in told.refusal.message
    assert (told.record.input_tokens, told.record.output_tokens) == (2 * asked, written)
    assert 0 < told.record.cost_nanos <= told.record.reserved_nanos


def test_nothing_is_an_answer_where_it_did_not_end_by_itself(world, fake):
    fake.says(stop_reason="max_tokens")
    assert Told(world, "openai").body["choices"][0]["finish_reason"] == "length"


# Errors


@pytest.fixture
def two(world: World) -> World:
    """With a second deployment behind the route."""
    model = Model.objects.get()
    route = make_route("both", *model.deployments.all(), make_deployment(model, "us-west-2"))
    assert route.targets.count() == 2
    return world


def failed(world: World, route: str = "both", **fields: Any) -> tuple[Any, Refusal | None]:
    call = call_of(world.mine.key_text, "Hello", model=route, **fields)

    async def made() -> str:
        async with started() as gateway:
            with suppress(Refusal):
                await fold(call, gateway)
            return str(dict(gateway.metrics.admin_faults))

    faults = asyncio.run(made())
    return AuditRecord.objects.get(pk=call.id), call.refusal, faults


def test_what_only_admins_can_mend_fails_over_and_is_told_to_them_once(two, fake):
    for _ in range(2):
        fake.reset()
        fake.fails("ValidationException", 400, "The provided model identifier is invalid.")
        fake.says({"text": "Hello"})
        record, refusal, faults = failed(two)
        assert (record.status, record.region, record.attempts, refusal) == ("succeeded", "us-west-2", 2, None)
        assert "model id is not valid" in faults
    alert = Alert.objects.get(kind=Alert.Kind.MODEL_UNUSABLE)
    assert "The provided model identifier is invalid." in alert.text
    assert alert.path.startswith("/admin/")


def test_what_the_caller_can_mend_does_not_fail_over(two, fake):
    fake.fails("ValidationException", 400, "messages.0: the document name is too long for this context")
    record, refusal, faults = failed(two)
    assert (refusal.code, refusal.status, record.attempts, faults) == ("invalid_request", 400, 1, "{}")
    assert "the document name is too long" in refusal.message


def test_of_several_failures_the_one_that_time_mends_is_told(two, fake):
    fake.fails("ThrottlingException", 429, "Too many requests", **{"x-amz-retry-after": "2500"})
    fake.fails(
        "AccessDeniedException", 403, "You don't have access to the model with the specified model ID."
    )
    record, refusal, _ = failed(two)
    assert (record.attempts, refusal.code, refusal.status, refusal.retry_after) == (
        3,  # the one that asked to wait is waited for
        "upstream_throttled",
        429,
        3,
    )


def test_an_error_within_a_stream_is_of_its_own_kind(world, fake, gateway):
    text = ("contentBlockDelta", {"delta": {"text": "Hello"}, "contentBlockIndex": 0})
    for kind in ("throttlingException", "validationException", "serviceUnavailableException", "internalServerException", "modelStreamErrorException"):  # fmt: skip
        fake.reset()
        fake.breaks_off(kind, "No more.", text)
        told = Told(world, "converse", is_stream=True, gateway=gateway)
        assert told.frames[-1][0] == kind
        assert told.record.status == "failed"


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_fault_of_gatehouses_own_is_told_as_one(world, fake, gateway, is_stream, monkeypatch):
    def broken(*args: Any) -> Any:
        raise RuntimeError("secret words")

    monkeypatch.setattr(gateway.gateway.bedrock, "converse_stream" if is_stream else "converse", broken)
    told = Told(world, "openai", is_stream=is_stream, gateway=gateway)
    assert (told.refusal.code, told.refusal.status, told.refusal.may_retry) == ("internal_error", 500, False)
    assert "secret words" not in told.refusal.message
    assert (told.record.code, told.record.http_status) == ("internal_error", 500)
