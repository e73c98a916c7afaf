"""What coding agents send with their defaults, replayed: none of it is refused, and the model gets what they meant."""

import base64
import json
from urllib.parse import quote

import pytest

from gateway.wire.eventstream import Decoder
from tests.client import HTTP
from tests.e2e import agent_shapes as shapes


def events_of(answer) -> list[dict]:
    """The events of a stream, of whatever kind, after its answer has been looked at."""
    assert answer.status_code == 200, answer.text
    if "eventstream" in answer.headers["content-type"]:
        frames = list(Decoder().feed(answer.content))
        return [json.loads(base64.b64decode(json.loads(frame.payload)["bytes"])) for frame in frames]
    lines = [line[6:] for line in answer.text.splitlines() if line.startswith("data: {")]
    return [json.loads(line) for line in lines]


def sent(world):
    body = world.received()[-1]["body"]
    return json.loads(body) if isinstance(body, str) else body


def messages(world, body, betas):
    return world.post("/v1/messages?beta=true", json=body, headers=shapes.claude_headers(betas))


CLAUDE = {
    "2.1.197, opus": (shapes.claude_old(), shapes.OLD_BETAS),
    "2.1.197, sonnet": (shapes.claude_small("claude-sonnet-4-5-20250929"), shapes.CLAUDE_BETAS),
    "2.1.197, haiku": (shapes.claude_small("claude-haiku-4-5-20251001"), shapes.CLAUDE_BETAS),
    "2.1.332, opus": (shapes.claude_new(), shapes.NEW_BETAS),
    "2.1.332, sonnet": (shapes.claude_new("claude-sonnet-5-5"), shapes.NEW_BETAS),
    "2.1.332, haiku": (shapes.claude_new("claude-haiku-5-5"), shapes.NEW_BETAS),
    "2.1.332, what it falls back to": (shapes.claude_wide(), shapes.CLAUDE_BETAS),
}


def test_the_shapes_are_as_long_as_what_was_captured():
    lengths = {name: len(json.dumps(body, separators=(",", ":"))) for name, (body, _) in CLAUDE.items()}
    assert lengths["2.1.197, opus"] == pytest.approx(76_617, rel=0.05)
    assert lengths["2.1.332, what it falls back to"] == pytest.approx(127_434, rel=0.05)
    assert len(json.dumps(shapes.codex())) == pytest.approx(40_583, rel=0.15)
    assert len(json.dumps(shapes.opencode())) == pytest.approx(30_521, rel=0.05)


def thought_of(events):
    """What was thought, as the client sends it again."""
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    thinking = "".join(delta.get("thinking", "") for delta in deltas)
    signature = "".join(delta.get("signature", "") for delta in deltas)
    return [{"type": "thinking", "thinking": thinking, "signature": signature}] if signature else []


def ends_well(events):
    assert [events[0]["type"], events[-1]["type"]] == ["message_start", "message_stop"]
    (delta,) = [event["delta"] for event in events if event["type"] == "message_delta"]
    assert delta["stop_reason"] in ("tool_use", "end_turn")


def is_shared(given):
    """Whether what differs in each conversation stands behind what all of them have."""
    marks = [number for number, block in enumerate(given["system"]) if "cachePoint" in block]
    texts = [block.get("text", "") for block in given["system"]]
    (header,) = [number for number, each in enumerate(texts) if each.startswith("x-anthropic-billing")]
    return header > marks[1]


@pytest.mark.parametrize("name", CLAUDE)
def test_claude_code(world, name):
    body, betas = CLAUDE[name]
    first = messages(world, body, betas)
    ends_well(events_of(first))
    record = world.record(first.headers["x-gatehouse-call-id"])
    assert (record["status"], record["session"]) == ("succeeded", shapes.SESSION)
    assert is_shared(sent(world))
    assert len([tool for tool in sent(world)["toolConfig"]["tools"] if "toolSpec" in tool]) == len(body["tools"])  # fmt: skip
    thought = thought_of(events_of(first))
    assert thought
    ends_well(events_of(messages(world, shapes.claude_next(body, thought), betas)))
    used = [block["toolUse"]["name"] for block in sent(world)["messages"][-2]["content"] if "toolUse" in block]  # fmt: skip
    assert used == ["Read", "Read"]
    summary = messages(world, shapes.claude_compaction(body, thought), betas)
    ends_well(events_of(summary))


def test_developers_read_what_others_of_their_release_have_cached(world):
    def begun(last):
        body = shapes.claude_old("claude-sonnet-4-5")
        body["system"][0] = shapes.text(shapes.billing(last))
        body["messages"][0]["content"][1] = shapes.text(f"say hi to {last}", cached=True)
        return world.record(messages(world, body, shapes.OLD_BETAS).headers["x-gatehouse-call-id"])

    begun("423")
    record = begun("513")
    read = record["cache_read_tokens"]
    assert read > 0.7 * (read + record["cache_write_tokens"] + record["input_tokens"])


def test_claude_code_asks_first_whether_somebody_is_there(world):
    for path in ("/", "/api/hello"):
        assert HTTP.head(world.url + path, follow_redirects=True).status_code < 500
    body = {k: v for k, v in shapes.claude_new().items() if k not in ("stream", "max_tokens")}
    counted = world.post("/v1/messages/count_tokens?beta=true", json=body, headers=shapes.claude_headers(shapes.NEW_BETAS))  # fmt: skip
    assert counted.json()["input_tokens"] > 5_000, counted.text


@pytest.mark.parametrize("is_old", [True, False])
def test_the_probes_of_its_bedrock_mode(world, is_old):
    """Each is answered at once: by the model, or from the catalogue, by a name that the SDK knows."""
    listed = HTTP.get(
        f"{world.url}/bedrock/inference-profiles",
        params={"type": "SYSTEM_DEFINED"}, headers={"authorization": f"Bearer {world.key}"},
    )  # fmt: skip
    assert listed.json()["inferenceProfileSummaries"]
    before, passed = world.count_received(), 0
    for model in shapes.CLAUDE_PROBED:
        answer = world.post(f"/bedrock/model/{quote(model, safe='')}/invoke", json=shapes.claude_probe(old=is_old))  # fmt: skip
        assert answer.headers["x-amzn-requestid"]
        if answer.status_code == 200:
            passed += 1
            assert world.record(answer.headers["x-gatehouse-call-id"])["checks"]["probe"] is True
        else:
            assert answer.headers["x-amzn-errortype"].startswith("ResourceNotFoundException"), answer.text
    assert passed >= 3
    assert world.count_received() == before + passed


BEDROCK = {
    "2.1.197, opus": "us.anthropic.claude-opus-4-8",
    "2.1.197, sonnet": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "2.1.197, haiku": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "2.1.332, opus": "us.anthropic.claude-opus-5-5",
}


@pytest.mark.parametrize("name", BEDROCK)
def test_its_bedrock_mode(world, name):
    body, path = (
        CLAUDE[name][0],
        f"/bedrock/model/{quote(BEDROCK[name], safe='')}/invoke-with-response-stream",
    )
    headers = {"X-Claude-Code-Session-Id": shapes.SESSION}
    first = world.post(path, json=shapes.claude_bedrock(body), headers=headers)
    ends_well(events_of(first))
    assert world.record(first.headers["x-gatehouse-call-id"])["session"] == shapes.SESSION
    assert is_shared(sent(world))
    then = shapes.claude_next(body, thought_of(events_of(first)))
    ends_well(events_of(world.post(path, json=shapes.claude_bedrock(then), headers=headers)))


def test_codex(world):
    calls = [{"toolUse": {"toolUseId": f"tooluse_{n}", "name": name, "input": {"path": "a"}}} for n, name in enumerate(("exec_command", "multi_agent_v1__wait_agent"))]  # fmt: skip
    world.say({"content": [{"text": "I look."}, *calls], "stop_reason": "tool_use"}, "It is done.")
    answer = world.post("/v1/responses", json=shapes.codex(), headers=shapes.CODEX_HEADERS)
    events = events_of(answer)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    first = events[-1]["response"]
    called = [(item["name"], item.get("namespace")) for item in first["output"] if item["type"] == "function_call"]  # fmt: skip
    assert called == [("exec_command", None), ("wait_agent", "multi_agent_v1")]
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert record["session"] == shapes.SESSION
    again = world.post("/v1/responses", json=shapes.codex_next(first["output"]), headers=shapes.CODEX_HEADERS)
    assert events_of(again)[-1]["response"]["output"][-1]["content"][0]["text"] == "It is done."
    summary = shapes.codex_next(first["output"])
    summary["input"].append({"type": "message", "role": "user", "content": [{"type": "input_text", "text": shapes.words(1_500)}]})  # fmt: skip
    without = {k: v for k, v in summary.items() if k not in ("tools", "tool_choice", "parallel_tool_calls")}
    for compaction in (summary, without):
        assert events_of(world.post("/v1/responses", json=compaction, headers=shapes.CODEX_HEADERS))[-1]["type"] == "response.completed"  # fmt: skip


@pytest.mark.parametrize("is_title", [True, False])
def test_opencode(world, is_title):
    answer = world.post(json=shapes.opencode(title=is_title), headers=shapes.OPENCODE_HEADERS)
    assert events_of(answer)[-1]["usage"]["completion_tokens"] > 0
    given = sent(world)
    assert "cachePoint" in given["system"][-1]
    assert "cachePoint" in given["messages"][-1]["content"][-1]
    assert world.record(answer.headers["x-gatehouse-call-id"])["session"] == "ses_1"
