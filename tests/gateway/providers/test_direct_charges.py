"""What calls cost whose provider beside Bedrock says too little, too much, or nothing of what it used: never nothing, never more than
was held, and always on record."""

import asyncio
from typing import Any

import pytest
from django.db import connection

from gateway.call.prompt_run import PromptRequest
from gateway.catalogue.models import ProviderAccount
from gateway.catalogue.services.account_keys import set_key
from governance.records.models import AuditRecord
from tests.accounts.factories import make_application, make_key, make_team
from tests.gateway.catalogue.factories import make_deployment, make_model, make_price, make_route
from tests.gateway.factories import call_of, gateway_settings, made, simulator, started
from tests.gateway.providers.raw_provider import RawProvider, chat, delta, events, http, raw_provider
from tests.governance.limits.factories import DOLLAR, make_budget
from tests.governance.limits.invariants import assert_sound
from tests.prompts.registry.factories import make_prompt

__all__ = ["gateway_settings", "simulator"]
pytestmark = [pytest.mark.django_db(transaction=True)]
MOST = 50
SCHEMA = {"type": "object", "required": ["item"], "properties": {"item": {"type": "string"}}}
PROMPTS: dict[str, Any] = {
    "refuses": {"schema": SCHEMA, "mode": "text", "corrections": 0},
    "declares": {"schema": SCHEMA, "mode": "text", "on_failure": "fallback", "fallback": {"item": "none"}},
}


@pytest.fixture
def key_text(gateway_settings: Any) -> str:
    gateway_settings.GATEWAY_PROVIDERS_ALLOW_PRIVATE = True
    team = make_team("Leaves", may_leave_aws=True)
    make_budget(team, limit_nanos=100 * DOLLAR)
    for name, output in PROMPTS.items():
        document = {"model": "our-text", "messages": [{"role": "user", "text": "Read it."}], "output": output}
        make_prompt(team, name, document=document, label="production")
    return make_key(make_application(team, "App")).text


def account_at(url: str) -> None:
    account = ProviderAccount(name="Ours", provider="openai-compatible", base_url=url)
    set_key(account, "sk-of-ours-1234")
    account.save()
    for kind in ("text", "embedding"):
        model = make_model(f"acme.{kind}", kind, vendor="Acme", kind=kind)
        deployment = make_deployment(
            model, "our-hall", input_rate=None, provider_account=account, provider_model="m"
        )
        make_price(deployment, input_rate=1_000_000_000, output_rate=4_000_000_000)
        make_route(f"our-{kind}", deployment)


def records(key_text: str, calls: list[tuple[bytes, dict[str, Any]]]) -> list[AuditRecord]:
    """Of a call for each answer, with fields of its request."""

    async def work() -> list[Any]:
        async with raw_provider() as raw:
            await asyncio.to_thread(account_at, raw.url)
            async with started() as gateway:
                return [(await one(raw, gateway, answer, fields)).id for answer, fields in calls]

    async def one(raw: RawProvider, gateway: Any, answer: bytes, fields: dict[str, Any]) -> Any:
        raw.answer = answer
        said = {} if fields is VECTORS else {"inferenceConfig": {"maxTokens": MOST}}
        return await made(gateway, call_of(key_text, "Tell me of it.", conversation=said, **fields))

    ids = asyncio.run(work())
    with connection.cursor() as cursor:

        def execute(query: str) -> list[Any]:
            cursor.execute(query)
            return cursor.fetchall()

        assert_sound(execute)
    found = {record.call_id: record for record in AuditRecord.objects.all()}
    return [found[each] for each in ids]


WHOLE: dict[str, Any] = {"model": "our-text", "wire_format": "openai"}
STREAM = WHOLE | {"is_stream": True}
VECTORS = WHOLE | {"model": "our-embedding", "kind": "embedding"}
USAGES: list[Any] = [
    None, {}, {"prompt_tokens": -5, "completion_tokens": -100}, {"prompt_tokens": 5, "completion_tokens": 10**12},
    {"prompt_tokens": 10**8, "completion_tokens": 10**8}, {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 10**7},
]  # fmt: skip
NOTHING = events(delta({"role": "assistant", "content": ""}), delta({}, "length"))
CALLED: Any = {"prompt_tokens": 3, "completion_tokens": 2}


def calling(arguments: Any, reason: str = "tool_calls") -> bytes:
    function = {"name": "f", "arguments": arguments}
    said = {"content": None, "tool_calls": [{"id": "a", "type": "function", "function": function}]}
    return http(200, chat(said, reason, usage=CALLED))


NO_TEXT = http(200, b'{"choices": [{"message": {"content": "\xff"}, "finish_reason": "stop"}]}')


def vectors(usage: Any) -> bytes:
    return http(200, {"data": [{"index": 0, "embedding": [0.25, 0.5]}], "usage": usage})


CALLS: list[tuple[bytes, dict[str, Any], tuple[str, bool]]] = [
    # the answer, the call; its code and whether its cost is an estimate
    *((http(200, chat({"content": "Yes. " * 5}, usage=usage)), WHOLE, ("", True)) for usage in USAGES),
    (http(200, chat(usage={"prompt_tokens": 3, "completion_tokens": 2})), WHOLE, ("", False)),
    (NOTHING, STREAM, ("", True)),
    (NO_TEXT, WHOLE, ("upstream_error", True)),
    # a tool is not called with nothing where the model has written something else
    *((calling(arguments), WHOLE | {"wire_format": format}, ("upstream_error", False))
      for arguments in ('{"a":', "[1]", '"text"') for format in ("anthropic", "converse")),
    *((calling(arguments), WHOLE | {"wire_format": "anthropic"}, ("", False)) for arguments in ("", "null", "{}", {"a": 1})),
    (calling('{"a":', "length"), WHOLE | {"wire_format": "anthropic"}, ("", False)),
    (calling('{"a":'), WHOLE, ("", False)),
    *((vectors(usage), VECTORS, ("", True)) for usage in (None, {"prompt_tokens": -9}, {"prompt_tokens": 10**14})),
    (vectors({"prompt_tokens": 7}), VECTORS, ("", False)),
]  # fmt: skip


def test_what_was_used_is_never_nothing_and_never_more_than_was_held(key_text):
    broken = http(503, b'{"err', length=500)
    *found, failed = records(key_text, [*((answer, fields) for answer, fields, _ in CALLS), (broken, WHOLE)])
    for record, (answer, _, expected) in zip(found, CALLS, strict=True):
        assert (record.code, record.is_estimated) == expected, answer
        assert 0 < record.cost_nanos <= record.reserved_nanos, answer
        assert record.input_tokens > 0, answer
    assert found[-1].input_tokens == 7
    assert (failed.code, failed.cost_nanos) == ("upstream_error", 0)


def test_a_declared_answer_is_the_last_of_the_chain(key_text):
    """Whether a model failed, may have been paid for it, or is known to be out and is not asked."""
    declares, refuses = (
        WHOLE | {"wire_format": "prompts", "model": f"prompt/{name}", "prompt": PromptRequest(name=name)}
        for name in ("declares", "refuses")
    )
    half = http(200, b'{"choices": [', length=500)
    out = http(503)
    calls = [(half, declares), (half, refuses), *((out, declares) for _ in range(4)), (out, refuses)]
    billed, failed, *fallen, refused = records(key_text, calls)
    for record in (billed, *fallen):
        assert (record.status, record.prompt_run["contract"]["outcome"]) == ("succeeded", "fallback")
    assert 0 < billed.cost_nanos <= billed.reserved_nanos
    assert billed.is_estimated
    assert [record.cost_nanos for record in fallen] == [0] * 4
    assert fallen[-1].attempts == 0
    assert [(record.code, record.http_status) for record in (failed, refused)] == [
        ("upstream_error", 502),
        ("upstream_throttled", 503),
    ]
