"""An answer that breaks a policy's rule is asked for once from the model that the policy names: at its cost, and never more."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import orjson
import pytest
from django.db import connection

from accounts.models import ApiKey
from gateway.call.prompt_run import PromptRequest
from gateway.catalogue.models import Model, Price, Route
from gateway.catalogue.policy import cost
from gateway.catalogue.selectors import price_entry
from gateway.entrances.formats.entrance import AnthropicEntrance, ConverseEntrance, OpenAIEntrance, Parsed
from gateway.events import Usage
from gateway.pipeline import fold, respond
from gateway.refusals import Refusal
from governance.limits.models import Budget, BudgetWindow, Grant
from governance.privacy.policy.privacy import PolicyDocument, decode_policy
from governance.privacy.services.privacy import UnusablePolicyError, publish, take_up
from governance.records.models import AuditRecord
from tests.gateway.catalogue.factories import make_deployment, make_model, make_route
from tests.gateway.factories import call_of, gateway_settings, simulator, started
from tests.gateway.fake_bedrock import FakeBedrock, fake_bedrock
from tests.governance.limits.factories import make_budget
from tests.governance.limits.invariants import assert_sound
from tests.prompts.registry.factories import make_prompt
from tests.world import World, make_world

__all__ = ["gateway_settings", "simulator"]
pytestmark = pytest.mark.django_db(transaction=True)

TICKET = "TK-48151"
RULE = {
    "entity": "TICKET",
    "patterns": ["TK-[0-9]{5}"],
    "to_model": "",
    "to_client": "block",
    "to_log": "mask",
}
POLICY = {"rules": [RULE], "other_model": "other"}
FIRST, SECOND = "amazon.nova-lite-v1:0", "amazon.nova-pro-v1:0"
BAD, GOOD = f"It is {TICKET}, as you know.", "I can't name it."
ENTRANCES = {
    "openai": OpenAIEntrance(),
    "anthropic": AnthropicEntrance(),
    "converse": ConverseEntrance(model="nova-lite"),
}
CONTRACT = {
    "model": "nova-lite",
    "messages": [{"role": "user", "text": "Count."}],
    "output": {"schema": {"type": "object", "required": ["count"], "properties": {"count": {"type": "integer"}, "of": {"type": "string"}}}, "mode": "text", "corrections": 2},
}  # fmt: skip


@pytest.fixture(scope="module")
def fake():
    with fake_bedrock() as running:
        yield running


@pytest.fixture
def world(fake: FakeBedrock, gateway_settings: Any) -> World:
    fake.reset()
    gateway_settings.BEDROCK_ENDPOINT_URL = fake.url
    made = make_world()
    dear = make_deployment(make_model(SECOND, "Nova Pro", context_window=200_000), input_rate=800_000_000)
    make_route("other", dear)
    Model.objects.update(context_window=200_000)
    for price in Price.objects.all():
        Price.objects.filter(pk=price.pk).update(output_rate=4 * price.input_rate)
    under(made, POLICY)
    BudgetWindow.objects.update(spent_nanos=0)
    return made


def under(world: World, document: dict[str, Any]) -> None:
    policy = world.mine.team.privacy_policies.get()
    take_up(policy, decode_policy(document))
    publish(policy, by=None, reason="A test.")


class Answer:
    """What a caller got, and what is on record of it."""

    def __init__(
        self, world: World, *, is_stream: bool = False, format: str = "converse", **fields: Any
    ) -> None:
        fields = {"model": "nova-lite", "wire_format": format, "is_stream": is_stream} | fields
        conversation = {"inferenceConfig": {"maxTokens": 1000}} | fields.pop("conversation", {})
        self.call = call_of(world.mine.key_text, "Which ticket?", conversation=conversation, **fields)
        self.text, self.refusal = b"", None
        asyncio.run(self._ask(ENTRANCES[format]))
        self.record = AuditRecord.objects.get(pk=self.call.id)
        self.adjusted = self.record.checks.get("adjusted", [])

    async def _ask(self, entrance: Any) -> None:
        call = self.call
        async with started() as gateway:
            parsed = Parsed(model="", conversation=call.conversation, is_stream=True, include_usage=True)
            with suppress(Refusal):
                if call.request.is_stream:
                    writer = entrance.writer(call, parsed)
                    async for event in respond(call, gateway):
                        self.text += writer.write(event)
                else:
                    reply = await fold(call, gateway)
                    self.text = entrance.whole(call, reply.events, reply.finished)
            self.refusal = call.refusal


def say(fake: FakeBedrock, is_stream: bool, *texts: str) -> None:
    for text in texts:
        if is_stream:
            at = {"contentBlockIndex": 0}
            fake.streams(("contentBlockDelta", {"delta": {"text": text}} | at), ("contentBlockStop", at))
        else:
            fake.says({"text": text})


def price_of(model: str):
    return price_entry(Price.objects.get(deployment__model__model_id=model))


def once(model: str) -> int:
    """Of an answer as the fake one counts it."""
    return cost(price_of(model), Usage(input=10, output=5))


def check_ledger(world: World, record: AuditRecord) -> None:
    def of_calls_made(statement: str) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return [
                row for row in cursor.fetchall() if row[0] not in (world.mine.call.pk, world.other.call.pk)
            ]

    assert_sound(of_calls_made)
    spent, reserved = BudgetWindow.objects.values_list("spent_nanos", "reserved_nanos").get(
        budget=world.mine.budget
    )
    assert (spent, reserved) == (record.cost_nanos, 0)
    assert record.cost_nanos <= record.reserved_nanos


def models_asked(fake: FakeBedrock) -> list[str]:
    return [model for model, _ in fake.asked]


@pytest.mark.parametrize("format", ENTRANCES)
@pytest.mark.parametrize("is_stream", [False, True])
def test_the_other_model_answers_and_both_are_paid(world, fake, format, is_stream):
    say(fake, is_stream, BAD, GOOD)
    answer = Answer(world, is_stream=is_stream, format=format)
    assert models_asked(fake) == [FIRST, SECOND]
    assert TICKET.encode() not in answer.text
    assert GOOD.encode() in answer.text
    record = answer.record
    assert (record.status, record.stop_reason, record.route, record.model) == (
        "succeeded",
        "end_turn",
        "other",
        SECOND,
    )
    assert answer.adjusted == ["model; violation=other"]
    dropped = record.checks["violation"]
    assert (dropped["kind"], dropped["route"], dropped["model"]) == ("TICKET", "nova-lite", FIRST)
    assert record.cost_nanos == dropped["cost_nanos"] + once(SECOND)
    assert record.is_estimated is is_stream  # the first one was stopped on its way
    if not is_stream:
        assert dropped["cost_nanos"] == once(FIRST)
        assert (record.input_tokens, record.output_tokens) == (20, 10)
    check_ledger(world, record)
    assert [name for name, _, _ in record.stages if name in ("invoke", "other model")] == [
        "invoke",
        "other model",
        "invoke",
    ]


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_second_violation_ends_the_answer_and_no_third_is_asked(world, fake, is_stream):
    say(fake, is_stream, BAD, BAD, GOOD)
    answer = Answer(world, is_stream=is_stream)
    assert models_asked(fake) == [FIRST, SECOND]
    assert TICKET.encode() not in answer.text
    assert answer.record.stop_reason == "content_filtered"
    assert answer.record.checks["output"]["blocked"] == "TICKET"
    check_ledger(world, answer.record)


def test_what_was_shown_of_a_stream_can_t_be_taken_back(world, fake):
    at = {"contentBlockIndex": 0}
    long = "The weather is fine today, and the sea is calm and blue. " * 10
    fake.streams(
        *(("contentBlockDelta", {"delta": {"text": text}} | at) for text in (long, BAD)),
        ("contentBlockStop", at),
    )
    answer = Answer(world, is_stream=True)
    assert (len(fake.asked), answer.record.stop_reason) == (1, "content_filtered")
    assert b"the sea is calm" in answer.text


def test_a_whole_answer_of_several_blocks_is_dropped_whole(world, fake):
    fake.says(
        {"text": "A first part of it. "},
        {"toolUse": {"toolUseId": "t", "name": "send", "input": {"to": TICKET}}},
    )
    fake.says({"text": GOOD})
    answer = Answer(world)
    assert b"A first part" not in answer.text
    assert answer.record.cost_nanos == once(FIRST) + once(SECOND)


def forbid(world: World) -> None:
    ApiKey.objects.filter(pk=world.mine.api_key.pk).update(allowed_models=["nova-lite"])


def spend(world: World) -> None:
    """Leaves what the first model can cost, and a little more."""
    most = cost(price_of(FIRST), Usage(input=2000, output=1000))
    Grant.objects.all().delete()
    Budget.objects.filter(pk=world.mine.budget.pk).update(limit_nanos=most)


def of_its_own(world: World) -> None:
    """A budget for the other model alone: the call is not in it, and can't join it on the way."""
    make_budget(world.mine.team, limit_nanos=10**12, model="other")


def remove(world: World) -> None:
    Price.objects.filter(deployment__model__model_id=SECOND).delete()


def same(world: World) -> None:
    under(world, POLICY | {"other_model": "nova-lite"})


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("hinder", [forbid, spend, of_its_own, remove, same])
def test_where_it_can_t_be_asked_the_answer_is_ended_as_without_it(world, fake, hinder, is_stream):
    hinder(world)
    say(fake, is_stream, BAD, GOOD)
    answer = Answer(world, is_stream=is_stream)
    record = answer.record
    assert (models_asked(fake), record.stop_reason, record.status) == (
        [FIRST],
        "content_filtered",
        "succeeded",
    )
    assert (record.route, record.model, answer.adjusted) == ("nova-lite", FIRST, [])
    assert "violation" not in record.checks
    if not is_stream:
        assert (record.cost_nanos, record.is_estimated) == (once(FIRST), False)
    check_ledger(world, record)


def test_the_second_round_is_held_before_it_is_asked(world, fake):
    say(fake, False, BAD, GOOD)
    record = Answer(world).record
    most = cost(price_of(SECOND), Usage(output=1000))
    assert record.reserved_nanos > record.checks["violation"]["cost_nanos"] + most


def test_the_hold_lives_as_long_as_both_rounds_can_take(world, fake):
    def lifetime() -> float:
        seconds: list[float] = []
        call = call_of(world.mine.key_text, "Which ticket?")

        async def made() -> None:
            async with started() as gateway:
                reserve = gateway.ledger.reserve
                gateway.ledger.reserve = lambda request: (  # type: ignore[method-assign]
                    seconds.append(request.lifetime_seconds) or reserve(request)
                )
                await fold(call, gateway)

        asyncio.run(made())
        return seconds[0]

    say(fake, False, GOOD)
    with_other = lifetime()
    under(world, POLICY | {"other_model": ""})
    assert with_other - lifetime() == Route.objects.get(name="other").timeout_seconds


def test_should_the_process_die_meanwhile_all_that_is_held_is_charged_to_the_other_model(world, fake):
    noted: list[dict[str, Any]] = []
    call = call_of(world.mine.key_text, "Which ticket?")

    async def made() -> None:
        async with started() as gateway:
            note = gateway.ledger.note_progress
            gateway.ledger.note_progress = lambda call_id, columns: (
                noted.append(columns),
                note(call_id, columns),
            )
            await fold(call, gateway)

    say(fake, False, BAD, GOOD)
    asyncio.run(made())
    (columns,) = noted
    assert (columns["cost_nanos"], columns["route"], columns["model"]) == (call.hold.nanos, "other", SECOND)
    assert columns["checks"]["violation"]["kind"] == "TICKET"


def test_an_error_of_the_other_model_is_told_and_the_first_answer_paid(world, fake):
    fake.says({"text": BAD})
    fake.fails("ThrottlingException", 429, "Too many requests")
    answer = Answer(world)
    assert (answer.refusal.code, answer.record.status) == ("upstream_throttled", "failed")
    assert answer.record.cost_nanos == once(FIRST)
    check_ledger(world, answer.record)


def test_a_contract_s_rounds_go_on_with_the_other_model(world, fake):
    """Malformed, then a violation, then the other model: malformed, then right."""
    make_prompt(world.mine.team, "counts", document=CONTRACT, label="production")
    good = json.dumps({"count": 3})
    say(fake, False, "none", json.dumps({"count": 1, "of": TICKET}), "nothing", good)
    answer = Answer(world, model="prompt/counts", prompt=PromptRequest(name="counts"))
    assert answer.refusal is None, answer.refusal
    assert models_asked(fake) == [FIRST, FIRST, SECOND, SECOND]
    assert (
        good.encode() in orjson.dumps(orjson.loads(answer.text)).replace(b'\\"', b'"').replace(b":", b": ")
        or b"count" in answer.text
    )
    assert answer.record.prompt_run["contract"] == {"outcome": "corrected", "rounds": 3}
    assert answer.record.checks["violation"]["cost_nanos"] == 2 * once(FIRST)
    assert answer.record.cost_nanos == 2 * once(FIRST) + 2 * once(SECOND)
    check_ledger(world, answer.record)


def test_an_answer_that_leaks_the_system_prompt_is_asked_of_the_other_model(world, fake):
    under(world, {"rules": [RULE], "other_model": "other", "screening": {"canary": True, "leak": "block"}})
    system = "You are the assistant of a bank in Basel. Never speak of the vault code, which only the board may hear of."
    say(fake, False, f"My orders: {system}", GOOD)
    answer = Answer(world, conversation={"system": [{"text": system}]})
    assert models_asked(fake) == [FIRST, SECOND]
    assert answer.record.checks["violation"]["kind"] == "SYSTEM_PROMPT"
    assert b"vault code" not in answer.text


def test_a_model_that_is_none_can_t_be_named(world):
    policy = world.mine.team.privacy_policies.get()
    take_up(policy, PolicyDocument(other_model="nowhere"))
    with pytest.raises(UnusablePolicyError, match="no route named “nowhere”"):
        publish(policy, by=None, reason="x")
