"""More of what callers send, through each entrance, on the strict simulator: schemas, tools beside them, long and deep."""

import json
from typing import Any

import anthropic
import pytest

from gateway.catalogue.models import Deployment, Route, RouteTarget
from tests.e2e.wire import adjusted, sent
from tests.services import until

USER: dict[str, Any] = {"role": "user", "content": "Hello"}
SCHEMA = {"type": "object", "properties": {"r": {"type": "string"}}, "required": ["r"]}
DEEP_ARGUMENTS = '{"a":' * 5000 + "1" + "}" * 5000


def form(schema: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}


def tool(name: str = "fs.read", **more: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {}}
    return {"type": "function", "function": {"name": name, "parameters": parameters, **more}}


@pytest.mark.quick
def test_what_is_nested_without_end_is_refused_by_name(world):
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": DEEP_ARGUMENTS}}
    history = [USER, {"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "c", "content": "x"}]  # fmt: skip
    answer = world.chat(messages=history)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "messages[1].tool_calls[0]")
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(260):
        deep = {"not": deep}
    for strict in (True, False):
        parameters = {"type": "object", "properties": {"a": {"type": "string", "not": deep}}}
        refused = world.chat(tools=[tool(parameters=parameters, strict=strict)])
        assert refused.status_code == 400, refused.text


@pytest.mark.quick
def test_what_is_nested_too_deeply_is_not_counted(world):
    schema = json.loads('{"not":' * 400 + "{}" + "}" * 400)
    body = {"model": "claude-haiku-4-5", "messages": [USER], "tools": [{"name": "f", "input_schema": schema}]}
    assert world.post("/v1/messages/count_tokens", json=body).status_code == 400


@pytest.mark.quick
def test_numbers_of_any_length_in_a_tools_schema(world):
    parameters = {"type": "object", "properties": {"a": {"type": "integer", "maximum": 10**30}}}
    answer = world.chat(tools=[tool(parameters=parameters, strict=True)])
    assert answer.status_code == 200, answer.text
    assert "tools[0].strict; dropped" in adjusted(answer)


@pytest.mark.quick
@pytest.mark.parametrize("stream", [False, True])
def test_personal_data_in_a_schema_leaves_it_a_schema(world, stream):
    mail = "anna.smith@example.com"
    schema = {
        "type": "object",
        "properties": {"mail": {"enum": [mail, None]}, mail: {"type": "string"}},
        "required": ["mail", mail],
    }  # fmt: skip
    world.say(json.dumps({"mail": mail, mail: "x"}))
    answer = world.chat(response_format=form(schema), stream=stream)
    assert answer.status_code == 200, answer.text
    assert "contract_failed" not in answer.text
    given = json.loads(sent(world)["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"])
    assert mail not in json.dumps(given)
    card = schema | {"properties": {"card": {"const": 4111111111111111}}, "required": ["card"]}
    refused = world.chat(response_format=form(card), stream=stream)
    assert (refused.status_code, "number" in refused.text) == (400, True)  # a placeholder is no number


@pytest.mark.quick
def test_personal_data_in_a_documents_title_is_found_before_its_signs_are_changed(world):
    source = {"type": "text", "media_type": "text/plain", "data": "Hello"}
    blocks = [
        {"type": "document", "title": "anna.smith@example.com", "source": source},
        {"type": "text", "text": "x"},
    ]
    body = {"model": "claude-haiku-4-5", "max_tokens": 50, "messages": [{"role": "user", "content": blocks}]}
    answer = world.post("/v1/messages", json=body)
    assert answer.status_code == 200, answer.text
    name = sent(world)["messages"][0]["content"][0]["document"]["name"]
    assert "anna" not in name
    assert "EMAIL" in name


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["claude-haiku-4-5", "claude-opus-4-8", "llama-3-3-70b"])
def test_a_tool_may_be_called_where_an_answer_is_held_to_a_schema(world, model, stream):
    """What is said before the call is no answer, whatever it begins with."""
    world.chat(tools=[tool()])
    alias = sent(world)["toolConfig"]["tools"][0]["toolSpec"]["name"]
    call = {"toolUse": {"toolUseId": "t1", "name": alias, "input": {}}}
    world.say({"content": [{"text": "[Note: I look it up, in the file that was named first.]"}, call], "stop_reason": "tool_use"})  # fmt: skip
    answer = world.chat(model=model, tools=[tool()], response_format=form(SCHEMA), stream=stream)
    assert "contract_failed" not in answer.text
    assert '"fs.read"' in answer.text
    assert "tool_calls" in answer.text


@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_is_told_as_one_and_what_is_not_whole_is_an_error(world, stream):
    world.say({"content": [{"text": "I will not do that."}], "stop_reason": "refusal"})
    refused = world.chat(response_format=form(SCHEMA), stream=stream)
    assert "content_filter" in refused.text
    world.say({"content": [{"text": '{"r": "x"}'}], "stop_reason": "malformed_model_output"})
    broken = world.chat(response_format=form(SCHEMA), stream=stream)
    assert "contract_failed" in broken.text
    assert "malformed_model_output" in broken.text


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("wanted", [form(SCHEMA), {"type": "json_object"}], ids=["schema", "object"])
@pytest.mark.parametrize(
    ("begun", "rest"),
    [("{", '"r": "a long enough answer, which is sent in parts"}'), ("```json\n{", '"r": "a"}\n')],
)
def test_an_answer_that_the_caller_began_is_read_with_its_beginning(world, begun, rest, wanted, stream):
    world.say(rest)
    messages = [USER, {"role": "assistant", "content": begun}]
    answer = world.chat(messages=messages, response_format=wanted, stream=stream)
    assert answer.status_code == 200, answer.text
    assert "contract_failed" not in answer.text
    if not stream:
        assert answer.json()["choices"][0]["message"]["content"].strip() == rest.strip()
    world.say('{"r": "a"}')
    anew = world.chat(messages=messages, response_format=wanted)
    assert json.loads(anew.json()["choices"][0]["message"]["content"]) == {"r": "a"}


def test_a_streamed_answer_that_does_not_fit_is_told_why(world):
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "n": {"type": "integer", "maximum": 5}},
    }
    world.say(json.dumps({"a": "long enough to be sent on before its end", "n": 7}))
    answer = world.chat(response_format=form(schema), stream=True)
    assert "greater than the maximum of 5" in answer.text


@pytest.mark.quick
def test_a_tool_of_the_callers_named_as_ours_stays_the_callers(world):
    call = {"toolUse": {"toolUseId": "t1", "name": "answer", "input": {"x": 1}}}
    for stream in (False, True):
        world.say({"content": [call], "stop_reason": "tool_use"})
        answer = world.chat(model="claude-opus-4-8", tools=[tool("answer")], response_format=form(SCHEMA), stream=stream)  # fmt: skip
        assert '"answer"' in answer.text
        assert "by=words" in adjusted(answer)


@pytest.mark.quick
def test_the_tool_runner_of_anthropics_sdk_goes_on_without_a_thread(world, opened):
    client = opened(anthropic.Anthropic(api_key=world.key, base_url=world.url, max_retries=0))

    @anthropic.beta_tool
    def look(q: str) -> str:
        """Looks it up."""
        return f"found {q}"

    runner = client.beta.messages.tool_runner(
        model="claude-haiku-4-5", max_tokens=500, messages=[{"role": "user", "content": "Hi"}], tools=[look]
    )
    assert runner.until_done().stop_reason == "end_turn"


def test_a_run_of_a_prompt_names_places_of_its_messages(world):
    document = {
        "model": "nova-micro",
        "messages": [{"role": "system", "text": "Be brief."}, {"role": "user", "text": "Hello"}],
        "takes_messages": True,
    }
    world.new_prompt("places", document)
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAA="}}
    content = [{"type": "text", "text": "x"}, image]
    body = {"messages": [{"role": "assistant", "content": "a"}, {"role": "user", "content": content}]}  # fmt: skip
    until(lambda: world.post("/v1/prompts/places/run", json=body).status_code != 404, what="the prompt")
    answer = world.post("/v1/prompts/places/run", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "messages[1].content[1]"), (
        answer.text
    )


@pytest.mark.parametrize(
    "model", ["claude-3-5-sonnet-20240620", "claude-3-5-sonnet-latest", "CLAUDE-3-5-Sonnet", "bedrock/anthropic.claude-3-5-sonnet-20240620-v1:0", "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-5-sonnet-20240620-v1:0"]
)  # fmt: skip
def test_a_retired_model_in_the_spellings_callers_have(world, model):
    assert "'claude-sonnet-4-5'" in world.chat(model=model).json()["error"]["message"]


def test_switched_rules_that_are_none_break_nothing(world):
    def switch(rules: Any) -> None:
        world.stack.make(
            lambda: Deployment.objects.filter(model__model_id="anthropic.claude-opus-4-7").update(rules=rules)
        )

    for rules in ({"sampling": {"a": 1}, "nothing": "refuse", "prefill": "repair"}, ["sampling"], "pass"):
        switch(rules)
        try:
            key = world.new_key()
            world.knows(key)  # a new snapshot was built
            answer = world.chat(model="claude-opus-4-7", temperature=0.5)
            assert (answer.status_code, adjusted(answer)) == (200, "temperature; dropped")
        finally:
            switch({})


def test_a_rule_that_is_let_pass_sends_what_came(world):
    """Bedrock decides, and what it says reaches the caller."""

    def switch(rules: Any) -> None:
        world.stack.make(
            lambda: Deployment.objects.filter(model__model_id="anthropic.claude-opus-4-7").update(rules=rules)
        )
        world.knows(world.new_key())

    switch({"tool_names": "pass"})
    try:
        passed = world.chat(model="claude-opus-4-7", tools=[tool()])
        assert passed.status_code == 400
        assert "toolSpec.name" in passed.text
        assert sent(world)["toolConfig"]["tools"][0]["toolSpec"]["name"] == "fs.read"
    finally:
        switch({})


def test_a_schema_asked_in_another_way_stays_within_what_is_held(world):
    """The first deployment fails, the second is asked by words: its text is longer than what the bound was of."""

    def make() -> None:
        route = Route.objects.create(name="two-ways")
        for position, model in enumerate(("claude-haiku-4-5", "llama-3-3-70b")):
            target = Route.objects.get(name=model).targets.first()
            assert target is not None
            RouteTarget.objects.create(route=route, deployment=target.deployment, position=position)

    world.stack.make(make)
    until(lambda: world.chat(model="two-ways").status_code == 200, what="the route")
    error = {"type": "ServiceUnavailableException", "message": "Not now.", "times": 1}
    world.fault("us-east-1", error=error)
    world.say('{"r": "x"}')
    answer = world.chat(model="two-ways", response_format=form(SCHEMA))
    assert answer.status_code == 200, answer.text
    assert "by=words" in adjusted(answer)
    assert "llama" in answer.headers["x-gatehouse-model"]
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert ", ".join(record["checks"]["adjusted"]) == adjusted(answer)
    assert record["attempts"] == 2
