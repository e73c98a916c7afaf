"""What callers send daily and Bedrock does not take: repaired and said, or refused by name, on the strict simulator."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from gateway.catalogue.models import Deployment, Model, Price, Route, RouteTarget
from gateway.catalogue.services.catalog import PRICED_FROM
from tests.e2e.wire import adjusted, sent
from tests.services import until

USER: dict[str, Any] = {"role": "user", "content": "Which file?"}
TOOL = {
    "type": "function",
    "function": {"name": "fs.read_file", "parameters": {"type": "object", "properties": {}}},
}
SCHEMA = {"type": "object", "properties": {"r": {"type": "string", "minLength": 3}}, "required": ["r"]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}


@pytest.mark.quick
def test_sampling_values_are_dropped_and_said_on_the_answer_and_the_record(world):
    answer = world.chat(model="claude-opus-4-8", temperature=0.5, stop=["\n", "END"], max_tokens=64_000)
    assert answer.status_code == 200
    said = "temperature; dropped, stop[0]; dropped"
    assert adjusted(answer) == said
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert ", ".join(record["checks"]["adjusted"]) == said
    assert sent(world)["inferenceConfig"] == {"maxTokens": 64_000, "stopSequences": ["END"]}
    streamed = world.chat(model="claude-opus-4-8", temperature=0.5, stream=True)
    assert adjusted(streamed) == "temperature; dropped"


@pytest.mark.quick
def test_names_of_tools_are_turned_back(world):
    answer = world.chat(tools=[TOOL], tool_choice="required")
    assert adjusted(answer) == "tools[0].name; aliased"
    (call,) = answer.json()["choices"][0]["message"]["tool_calls"]
    assert call["function"]["name"] == "fs.read_file"
    (tool,) = sent(world)["toolConfig"]["tools"]
    alias = tool["toolSpec"]["name"]
    assert alias != "fs.read_file"
    assert world.record(answer.headers["x-gatehouse-call-id"])["status"] == "succeeded"
    history = [USER, {"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": call["id"], "content": ""}]  # fmt: skip
    again = world.post(
        json={"model": "claude-haiku-4-5", "messages": history, "tools": [TOOL], "stream": True}
    )
    assert again.status_code == 200
    assert sent(world)["messages"][1]["content"][0]["toolUse"]["name"] == alias
    named = world.chat(tools=[TOOL], tool_choice={"type": "function", "function": {"name": "fs.read_file"}})
    assert sent(world)["toolConfig"]["toolChoice"] == {"tool": {"name": alias}}
    assert named.json()["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "fs.read_file"


def test_a_streamed_tool_has_its_own_name(world):
    answer = world.chat(tools=[TOOL], tool_choice="required", stream=True)
    assert '"fs.read_file"' in answer.text


@pytest.mark.quick
@pytest.mark.parametrize(
    ("model", "how"),
    [("claude-haiku-4-5", "adapted"), ("claude-opus-4-8", "by=tool"), ("llama-3-3-70b", "by=words")],
)
def test_a_schema_is_kept_however_the_model_is_held_to_it(world, model, how):
    world.say('{"r": "abc"}')
    answer = world.chat(model=model, response_format=FORMAT)
    assert answer.status_code == 200, answer.text
    assert f"response_format; {how}" in adjusted(answer)
    assert json.loads(answer.json()["choices"][0]["message"]["content"]) == {"r": "abc"}
    assert answer.json()["choices"][0]["finish_reason"] == "stop"
    body = sent(world)
    if how == "adapted":
        schema = json.loads(body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"])
        assert schema["additionalProperties"] is False
        assert "minLength" in schema["properties"]["r"]["description"]
    else:
        assert "outputConfig" not in body


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_breaks_the_callers_schema_is_an_error(world, stream):
    """The subset has no minLength: it is checked here, against the original."""
    world.say('{"r": "a"}')
    answer = world.chat(model="claude-haiku-4-5", response_format=FORMAT, stream=stream)
    assert "contract_failed" in answer.text
    assert stream or answer.status_code == 422
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert record["code"] == "contract_failed"
    assert record["cost_nanos"] > 0


@pytest.mark.parametrize("text", ['{"a": 1}', '```json\n{"a": 1}\n```', 'Here: {"a": 1}'])
def test_a_json_object_is_asked_for_in_words_and_delivered_without_fences(world, text):
    world.say(text)
    answer = world.chat(response_format={"type": "json_object"})
    assert json.loads(answer.json()["choices"][0]["message"]["content"]) == {"a": 1}
    assert "response_format; by=words" in adjusted(answer)
    assert "outputConfig" not in sent(world)
    assert "JSON" in sent(world)["system"][-1]["text"]


def test_native_structured_output_that_is_refused_after_all_goes_by_tool(world):
    """The catalogue says yes, the deployment says no: asked in another way, charged once, remembered."""
    error = {
        "type": "ValidationException",
        "message": "The model returned the following errors: output_config.format: Extra inputs are not permitted",
        "times": 1,
    }
    world.fault("us-east-1", error=error)
    world.say('{"r": "abc"}')
    answer = world.chat(model="claude-opus-4-5", response_format=FORMAT)
    assert json.loads(answer.json()["choices"][0]["message"]["content"]) == {"r": "abc"}
    assert "by=tool" in adjusted(answer)
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert (record["attempts"], record["region"]) == (2, "us-east-1")
    world.say('{"r": "abc"}')
    again = world.chat(model="claude-opus-4-5", response_format=FORMAT)
    assert world.record(again.headers["x-gatehouse-call-id"])["attempts"] == 1
    assert "toolConfig" in sent(world)


def test_a_long_prompt_is_counted_by_the_base_id(world):
    answer = world.chat("word " * 165_000, model="claude-haiku-4-5", max_tokens=5)
    assert answer.status_code == 200
    counted = [each for each in world.received() if each["operation"] == "CountTokens"]
    assert counted[-1]["model_id"] == "anthropic.claude-haiku-4-5-20251001-v1:0"


def test_counting_that_fails_refuses_nothing(world):
    error = {"type": "ValidationException", "message": "The provided model doesn't support counting tokens.", "operations": ["CountTokens"]}  # fmt: skip
    for region in ("us-east-1", "us-west-2"):
        world.fault(region, error=error)
    answer = world.chat("ward " * 165_000, model="claude-haiku-4-5", max_tokens=5)
    assert answer.status_code == 200


@pytest.mark.quick
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"messages": [{"role": "user", "content": [{}]}]}, "messages.1.member.content.1"),
        ({"messages": [{"role": "user", "content": [{"text": " "}]}]}, "The text field in the ContentBlock object at messages.0.content.0 is blank"),
        ({"messages": [{"role": "user", "content": [{"text": "x"}]}], "toolConfig": {"tools": [{"toolSpec": {"name": "a.b", "inputSchema": {"json": {"type": "object"}}}}]}}, "toolConfig.tools.1.member.toolSpec.name"),
        ({"messages": [{"role": "user", "content": [{"document": {"format": "exe", "name": "a", "source": {"bytes": "eHg="}}}]}]}, "enum value set"),
    ],
)  # fmt: skip
def test_bedrocks_own_entrance_refuses_in_bedrocks_words(world, body, words):
    before = world.count_received()
    answer = world.post("/bedrock/model/claude-haiku-4-5/converse", json=body)
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (400, "ValidationException")
    assert words in answer.json()["message"]
    assert world.count_received() == before


def test_what_clients_of_that_entrance_send_by_default_is_repaired(world):
    body = {"messages": [{"role": "user", "content": [{"text": "x"}, {"cachePoint": {"type": "default"}}]}], "inferenceConfig": {"temperature": 0.5, "maxTokens": 4096}}  # fmt: skip
    answer = world.post("/bedrock/model/llama-3-3-70b/converse", json=body)
    assert answer.status_code == 200
    assert (
        adjusted(answer)
        == "inferenceConfig.maxTokens; lowered=4095, messages.0.content.1; dropped=cache_point"
    )


@pytest.mark.quick
def test_errors_name_the_callers_own_place(world):
    messages = [USER, USER, {"role": "assistant", "content": "It is"}, USER, {"role": "tool", "tool_call_id": "c", "content": "x"}]  # fmt: skip
    answer = world.chat(messages=messages)
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, "messages[4]")
    assert error["message"].startswith("messages[4]: there is no call")
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAA="}}
    content = [{"type": "text", "text": "x"}, image]
    refused = world.chat(model="nova-micro", messages=[{"role": "user", "content": content}])
    assert refused.json()["error"]["param"] == "messages[0].content[1]"
    assert "takes no images" in refused.json()["error"]["message"]


@pytest.mark.parametrize("model", ["claude-3-5-sonnet", "us.anthropic.claude-3-5-sonnet-20240620-v1:0"])
def test_a_retired_model_is_answered_with_its_successors_name(world, model):
    answer = world.chat(model=model)
    assert answer.status_code == 404
    assert "'claude-sonnet-4-5'" in answer.json()["error"]["message"]


@pytest.mark.quick
def test_what_is_nested_too_deeply_is_the_callers_fault(world):
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(300):
        schema = {"type": "object", "properties": {"a": schema}}
    tool = {"type": "function", "function": {"name": "f", "parameters": schema}}
    for body in (
        {"tools": [tool]},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}},
    ):
        answer = world.chat(**body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
        assert "deep" in answer.json()["error"]["message"]


def test_a_history_of_two_thousand_messages(world):
    messages = [{"role": "user" if number % 3 else "assistant", "content": f"m{number}" if number % 7 else ""} for number in range(2_000)]  # fmt: skip
    answer = world.chat(messages=[*messages, USER], max_tokens=5)
    assert answer.status_code == 200
    assert "more; count=" in adjusted(answer)


def test_a_rule_is_switched_for_a_deployment_and_counted(world):
    def switch(rules: dict[str, str]) -> None:
        world.stack.make(
            lambda: Deployment.objects.filter(model__model_id="anthropic.claude-opus-4-7").update(rules=rules)
        )

    def ask() -> httpx.Response:
        return world.chat(model="claude-opus-4-7", temperature=0.5)

    switch({"sampling": "refuse"})
    try:
        until(lambda: ask().status_code == 400, what="the rule")
        assert ask().json()["error"]["param"] == "temperature"
        switch({"sampling": "pass"})
        until(lambda: "deprecated" in ask().text, what="the rule")  # which the model itself says
    finally:
        switch({})
    until(lambda: ask().status_code == 200, what="the usual rule")
    statement = (
        "SELECT action, sum(number)::int AS n FROM gateway_ruleuse WHERE rule = 'sampling' GROUP BY action"
    )
    until(
        lambda: {row["action"] for row in world.execute(statement)} >= {"refuse", "pass", "repair"},
        seconds=60,
        what="the counts",
    )


def test_a_route_is_held_to_what_the_one_that_is_tried_can_do(world):
    """Another deployment answers what the first can't; and one that can't is passed by where the first is down."""

    def make() -> None:
        route = Route.objects.create(name="mixed")
        for position, model in enumerate(("nova-micro", "claude-haiku-4-5")):
            target = Route.objects.get(name=model).targets.first()
            assert target is not None
            RouteTarget.objects.create(route=route, deployment=target.deployment, position=position)

    world.stack.make(make)
    until(lambda: world.chat(model="mixed").status_code == 200, what="the route")
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAA="}}
    answer = world.chat(
        model="mixed", messages=[{"role": "user", "content": [{"type": "text", "text": "x"}, image]}]
    )
    assert answer.status_code == 200
    assert "haiku" in answer.headers["x-gatehouse-model"]
    plain = world.chat(model="mixed", temperature=0.5, top_p=0.5)
    assert "nova-micro" in plain.headers["x-gatehouse-model"]
    assert adjusted(plain) == ""


def test_what_an_admin_says_a_model_can_do_holds_from_the_next_call_on(world):
    def set_sampling(sampling: str) -> None:
        world.stack.make(
            lambda: [_with_sampling(model, sampling) for model in Model.objects.filter(name="Nova Pro")]
        )

    set_sampling("none")
    try:
        until(
            lambda: adjusted(world.chat(model="nova-pro", temperature=0.5)) == "temperature; dropped",
            what="the capability",
        )
    finally:
        set_sampling("all")


def test_a_route_may_refuse_sampling_values(world):
    def set_refuses(refuses: bool) -> None:
        world.stack.make(
            lambda: Route.objects.filter(name="claude-sonnet-5").update(refuses_sampling=refuses)
        )

    set_refuses(True)
    try:
        until(
            lambda: world.chat(model="claude-sonnet-5", top_p=0.5).status_code == 400, what="the route's rule"
        )
        assert world.chat(model="claude-sonnet-5", top_p=0.5).json()["error"]["param"] == "top_p"
        assert world.chat(model="claude-sonnet-5").status_code == 200
    finally:
        set_refuses(False)


@pytest.mark.parametrize("model", ["claude-haiku-4-5", "llama-3-3-70b"])
def test_what_is_told_in_words_or_descriptions_is_followed_by_the_simulator(world, model):
    """As a model follows it: without a script, the demonstration's answers keep what callers ask for."""
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^a+$"}, "n": {"type": "integer", "minimum": 7}}, "required": ["a", "n"]}  # fmt: skip
    for form in (
        {"type": "json_object"},
        {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}},
    ):
        answer = world.chat(model=model, response_format=form)
        assert answer.status_code == 200, answer.text
        assert isinstance(json.loads(answer.json()["choices"][0]["message"]["content"]), dict)


@pytest.mark.parametrize("kind", ["provisioned-model", "imported-model", "custom-model-deployment"])
def test_a_deployment_may_be_an_arn_of_its_own(world, kind):
    """Provisioned, imported and custom models are called by their ARN; what they can do is what their model can."""
    arn = f"arn:aws:bedrock:us-east-1:123456789012:{kind}/abcdefghijkl"

    def make() -> None:
        model = Model.objects.get(model_id="anthropic.claude-opus-4-8")
        deployment = Deployment.objects.create(model=model, region="us-east-1", arn=arn)
        Price.objects.create(deployment=deployment, valid_from=PRICED_FROM, input_rate=1, output_rate=1)
        route = Route.objects.create(name=kind)
        RouteTarget.objects.create(route=route, deployment=deployment)

    world.stack.make(make)
    until(lambda: world.chat(model=kind).status_code == 200, what="the route")
    answer = world.chat(model=kind, temperature=0.5)
    assert adjusted(answer) == "temperature; dropped"
    assert world.received()[-1]["model_id"] == arn


def test_a_capability_that_changes_while_calls_run_fails_none(world):
    def toggle(sampling: str) -> None:
        world.stack.make(
            lambda: [_with_sampling(each, sampling) for each in Model.objects.filter(name="Nova Lite")]
        )

    def ask(_: int) -> tuple[int, str]:
        answer = world.chat(model="nova-lite", temperature=0.5)
        return answer.status_code, adjusted(answer)

    with ThreadPoolExecutor(6) as pool:
        answers = pool.map(ask, range(120))
        for sampling in ("none", "all", "none", "all"):
            toggle(sampling)
        seen = list(answers)
    assert {status for status, _ in seen} == {200}
    assert {said for _, said in seen} <= {"", "temperature; dropped"}


def _with_sampling(model: Model, sampling: str) -> None:
    model.sampling = sampling
    model.save()
