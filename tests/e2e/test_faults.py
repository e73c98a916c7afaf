"""The model's side throttled, down, slow, cut and corrupt; callers who leave midway."""

import json
from contextlib import closing

import httpx
import pytest

from tests.client import HTTP
from tests.e2e.conftest import MODEL
from tests.services import until

BODY = {"model": MODEL, "messages": [{"role": "user", "content": "Hello ann@example.com"}]}
REGIONS = ("us-east-1", "us-west-2")


def holds(world):
    return world.execute("SELECT count(*) AS n FROM governance_hold")[0]["n"]


def everywhere(world, **settings):
    for region in REGIONS:
        world.fault(region, **settings)


def events(answer: httpx.Response) -> list[dict]:
    lines = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


@pytest.mark.parametrize("stream", [False, True])
def test_another_region_answers_when_one_is_down(world, stream):
    world.fault("us-east-1", outage=True)
    answer = world.post(json=BODY | {"stream": stream})
    assert answer.status_code == 200
    assert "ann@example.com" in answer.text or stream
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert (record["status"], record["region"], record["attempts"]) == ("succeeded", "us-west-2", 2)
    assert [stage[2] for stage in record["stages"] if stage[0] == "attempt 1"] == ["upstream_error"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("settings", "status", "code"),
    [({"outage": True}, 502, "upstream_error"), ({"throttle_rate": 1.0}, 429, "upstream_throttled")],
)
def test_all_regions_out(world, settings, status, code, stream):
    """Three attempts at faults; a throttled call is tried for a little longer where the route has answered lately."""
    everywhere(world, **settings)
    answer = world.post(json=BODY | {"stream": stream})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert int(answer.headers["retry-after"]) >= 1
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert (record["status"], record["code"], record["cost_nanos"]) == ("failed", code, 0)
    assert record["attempts"] == 3 if status == 502 else record["attempts"] >= 3
    assert not world.execute("SELECT 1 FROM governance_hold WHERE call_id = %s", record["call_id"])


def test_throttled_here_and_there(world):
    everywhere(world, throttle_rate=0.5)
    codes = [world.post(json=BODY).status_code for _ in range(8)]
    assert codes.count(200) >= 6


def test_a_slow_model_is_given_up(world):
    world.execute("UPDATE gateway_route SET timeout_seconds = 1 WHERE name = %s", MODEL)
    everywhere(world, latency_ms=5000)
    try:
        until(lambda: world.post(json=BODY).status_code == 504, seconds=15, what="the new timeout")
        answer = world.post(json=BODY)
        assert answer.json()["error"]["code"] == "upstream_timeout"
        record = world.record(answer.headers["x-gatehouse-call-id"])
        # Bedrock may bill what it never got to send, so no other region is asked, and the whole hold is charged.
        assert (record["status"], record["attempts"], record["is_estimated"]) == ("failed", 1, True)
        assert 0 < record["cost_nanos"] <= record["reserved_nanos"]
    finally:
        world.execute("UPDATE gateway_route SET timeout_seconds = 300 WHERE name = %s", MODEL)
        world.heal()
        until(lambda: world.post(json=BODY).status_code == 200)


@pytest.mark.parametrize("fault", ["cut_after_events", "corrupt_after_events"])
def test_a_stream_that_breaks_midway_ends_with_an_error_and_is_charged(world, fault):
    everywhere(world, **{fault: 20})
    answer = world.post(json=BODY | {"stream": True})
    assert answer.status_code == 200
    last = events(answer)[-1]
    assert last["error"]["code"] == "upstream_error"
    assert "[DONE]" not in answer.text
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert (record["status"], record["is_estimated"]) == ("failed", True)
    assert 0 < record["cost_nanos"] <= record["reserved_nanos"]
    assert "ann@example.com" not in world.content(str(record["call_id"]))["answer"]


def test_boto3_sees_a_broken_stream_as_bedrocks_own(world):
    import boto3
    from botocore.exceptions import EventStreamError

    everywhere(world, cut_after_events=10)
    client = boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=f"{world.url}/bedrock",
        aws_access_key_id=world.key,
        aws_secret_access_key="unused",
    )
    stream = client.converse_stream(
        modelId=MODEL, messages=[{"role": "user", "content": [{"text": "Hello"}]}]
    )
    with closing(stream["stream"]) as events_of_stream, pytest.raises(EventStreamError) as caught:
        list(events_of_stream)
    assert caught.value.response["Error"]["Code"] == "modelStreamErrorException"
    client.close()


@pytest.mark.quick
def test_a_client_that_leaves_midway_stops_the_model_and_pays_for_what_it_had(world):
    everywhere(world, tokens_per_second=50)
    before = holds(world)
    long = BODY | {
        "stream": True,
        "max_tokens": 4000,
        "messages": [{"role": "user", "content": "[simulate: tokens=4000] Go"}],
    }
    headers = {"authorization": f"Bearer {world.key}"}
    with HTTP.stream("POST", f"{world.url}/v1/chat/completions", json=long, headers=headers) as answer:
        call_id = answer.headers["x-gatehouse-call-id"]
        lines = answer.iter_lines()
        for _ in range(12):
            next(lines)
    record = world.record(call_id)  # long before the model would have ended by itself
    assert (record["status"], record["http_status"], record["is_estimated"]) == ("cancelled", 499, True)
    assert 0 < record["output_tokens"] < 1000
    assert 0 < record["cost_nanos"] < record["reserved_nanos"]
    until(lambda: holds(world) <= before)
    ended = HTTP.get(f"{world.stack.simulator}/_simulator/requests").json()
    assert json.dumps(ended).count("abandoned")


def test_a_stream_that_is_left_midway_pays_for_a_cached_prompt_what_reading_it_costs(world):
    everywhere(world, tokens_per_second=50)
    rules = " ".join(f"Rule {number}: be brief." for number in range(2500))
    body = {
        "model": MODEL,
        "max_tokens": 4000,
        "system": [{"type": "text", "text": rules, "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": "[simulate: tokens=2] Go"}],
    }
    url, headers = f"{world.url}/v1/messages", {"x-api-key": world.key, "anthropic-version": "2023-06-01"}
    whole = []
    for _ in range(2):  # written, and read
        answer = HTTP.post(url, json=body, headers=headers)
        whole.append(world.record(answer.headers["x-gatehouse-call-id"]))
    left = body | {"stream": True, "messages": [{"role": "user", "content": "[simulate: tokens=4000] Go"}]}
    with HTTP.stream("POST", url, json=left, headers=headers) as answer:
        lines = answer.iter_lines()
        for _ in range(12):
            next(lines)
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert (record["status"], record["is_estimated"]) == ("cancelled", True)
    assert record["cache_read_tokens"] == whole[1]["cache_read_tokens"] > 10_000
    assert record["input_tokens"] < 5_000
    assert record["cost_nanos"] < whole[0]["cost_nanos"] / 3
    print(f"whole {whole[1]['cost_nanos']}, left {record['cost_nanos']} nano-dollars")


def test_two_calls_in_flight_never_see_each_others_values(world):
    everywhere(world, tokens_per_second=200)
    with httpx.Client(headers={"authorization": f"Bearer {world.key}"}, timeout=60) as client:
        import concurrent.futures

        def ask(number: int) -> tuple[int, str]:
            content = f"Mail person{number}@example.com and call 415-555-{2000 + number}."
            body = {
                "model": MODEL,
                "stream": number % 2 == 0,
                "messages": [{"role": "user", "content": content}],
            }
            answer = client.post(f"{world.url}/v1/chat/completions", json=body)
            if not body["stream"]:
                return number, answer.json()["choices"][0]["message"]["content"]
            return number, "".join(e["choices"][0]["delta"].get("content") or "" for e in events(answer))

        with concurrent.futures.ThreadPoolExecutor(16) as threads:
            for number, text in threads.map(ask, range(32)):
                assert f"person{number}@example.com" in text
                assert f"415-555-{2000 + number}" in text
                assert text.count("@example.com") == 1
                assert "<" not in text
