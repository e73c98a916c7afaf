"""Privacy policies as callers and reviewers meet them: over HTTP, with the real SDKs."""

import json
import re
import signal
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

import httpx
import openai
import pytest

from tests.e2e.conftest import MODEL, World
from tests.prompts.knowledge.test_extraction import pdf
from tests.services import until

MAIL = "zoe.quist@example.org"
TICKET = "TK-48151"
_OWN = {"entity": "TICKET", "patterns": ["TK-[0-9]{5}"]}
RULES = {
    "mask": {"rules": [{"entity": "EMAIL_ADDRESS"}]},
    "block": {"rules": [{"entity": "CREDIT_CARD", "to_model": "block"}]},
    "client": {"rules": [_OWN | {"to_model": "", "to_client": "redact", "to_log": "mask"}]},
    "client_block": {"rules": [_OWN | {"to_model": "", "to_client": "block", "to_log": "mask"}]},
    "other": {
        "rules": [_OWN | {"to_model": "", "to_client": "block", "to_log": "mask"}],
        "other_model": "claude-haiku-4-5",
    },
    "documents": {"rules": [{"entity": "EMAIL_ADDRESS"}], "documents": "read"},
    "log_only": {"rules": [_OWN | {"to_model": "log", "to_log": "redact"}]},
    "hash": {"rules": [_OWN | {"to_model": "hash", "to_log": "hash"}]},
    "own": {
        "rules": [
            {"entity": "CUSTOMER_ID", "patterns": ["CU-[0-9]{6}"], "to_model": "mask", "to_log": "mask"}
        ]
    },
    "names": {"names": True, "rules": [{"entity": "PERSON"}, {"entity": "EMAIL_ADDRESS"}]},
}


def team_with(world: World, name: str) -> str:
    """A key of a team of its own under one of the policies above."""
    team = f"Privacy {name}"
    key = world.new_key(team=team)
    world.set_policy(RULES[name], team=team, key=key)
    return key


def ask(world: World, key: str, text: str, **members) -> httpx.Response:
    body = {"model": MODEL, "messages": [{"role": "user", "content": text}]} | members
    return world.post(key=key, json=body)


def said(answer: httpx.Response) -> str:
    return answer.json()["choices"][0]["message"]["content"]


def test_a_blocking_rule_refuses_in_words_and_without_the_value(world):
    key = team_with(world, "block")
    before = world.count_received()
    answer = ask(world, key, "My card is 4111 1111 1111 1111.")
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "pii_blocked"
    assert "Payment card" in error["message"]
    assert "4111" not in answer.text
    assert world.count_received() == before
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert (record["status"], record["code"], record["cost_nanos"]) == ("refused", "pii_blocked", 0)
    assert record["findings"] == {"CREDIT_CARD": 1}
    assert "4111" not in json.dumps(record, default=str)
    client = openai.OpenAI(base_url=f"{world.url}/v1", api_key=key, max_retries=0)
    with client, pytest.raises(openai.BadRequestError, match="Payment card"):
        client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "4111 1111 1111 1111"}]
        )


@pytest.mark.parametrize("stream", [False, True])
def test_what_a_model_writes_is_removed_before_the_client_sees_it(world, stream):
    key = team_with(world, "client")
    with openai.OpenAI(base_url=f"{world.url}/v1", api_key=key, max_retries=0) as client:
        messages = [{"role": "user", "content": f"Repeat {TICKET} please, and then go on about the weather."}]
        if stream:
            chunks = client.chat.completions.create(model=MODEL, messages=messages, stream=True)
            text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        else:
            text = client.chat.completions.create(model=MODEL, messages=messages).choices[0].message.content
    assert TICKET not in text
    assert "<TICKET>" in text
    assert "weather" in text
    assert TICKET in json.dumps(world.received()[-1]["body"])


@pytest.mark.parametrize("stream", [False, True])
def test_a_blocking_rule_ends_the_answer_as_the_format_has_it(world, stream):
    key = team_with(world, "client_block")
    with openai.OpenAI(base_url=f"{world.url}/v1", api_key=key, max_retries=0) as client:
        messages = [{"role": "user", "content": f"Repeat {TICKET} please, and then go on about the weather."}]
        raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=messages, stream=stream)
        if stream:
            chunks = list(raw.parse())
            text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
            reason = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1]
        else:
            choice = raw.parse().choices[0]
            text, reason = choice.message.content or "", choice.finish_reason
    assert reason == "content_filter"
    assert TICKET not in text
    assert "weather" not in text
    record = world.record(raw.headers["x-gatehouse-call-id"])
    assert (record["status"], record["stop_reason"]) == ("succeeded", "content_filtered")
    assert record["checks"]["output"]["blocked"] == "TICKET"
    assert record["cost_nanos"] > 0
    assert record["is_estimated"] is stream


@pytest.mark.parametrize("stream", [False, True])
def test_another_model_answers_in_the_place_of_an_answer_that_breaks_a_rule(world, stream):
    key = team_with(world, "other")
    world.say(f"It is {TICKET}.", "It has no number.")
    answer = ask(world, key, "Which ticket?", stream=stream)
    assert TICKET not in answer.text
    assert "no number" in answer.text
    assert answer.headers["x-gatehouse-adjusted"] == "model; violation=claude-haiku-4-5"
    assert "haiku" in answer.headers["x-gatehouse-model"]
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert (record["status"], record["route"]) == ("succeeded", "claude-haiku-4-5")
    assert 0 < record["checks"]["violation"]["cost_nanos"] < record["cost_nanos"] <= record["reserved_nanos"]


def test_a_pdf_is_read_on_its_way_to_the_model_in_every_format(world):
    key = team_with(world, "documents")
    data = b64encode(pdf(f"Write to {MAIL} today.")).decode()
    source = {"type": "base64", "media_type": "application/pdf", "data": data}
    document = {"name": "report", "format": "pdf", "source": {"bytes": data}}
    say, put = {"type": "text", "text": "Sum it up."}, {"type": "document", "source": source}
    bodies: dict[str, list[dict[str, object]]] = {
        "/v1/chat/completions": [say, {"type": "file", "file": {"filename": "a.pdf", "file_data": data}}],
        "/v1/messages": [say, put],
        f"/bedrock/model/{MODEL}/converse": [{"text": "Sum it up."}, {"document": document}],
    }
    for path, content in bodies.items():
        body = {"messages": [{"role": "user", "content": content}]}
        if "bedrock" not in path:
            body |= {"model": MODEL, "max_tokens": 50}
        answer = world.post(path, key=key, json=body)
        assert answer.status_code == 200, answer.text
        assert "[1]; sent=text" in answer.headers["x-gatehouse-adjusted"]
        sent = json.dumps(world.received()[-1]["body"])
        assert MAIL not in sent
        assert "EMAIL_ADDRESS_" in sent
        body["messages"][0]["content"][-1] = _with(content[-1], b64encode(b"%PDF-1.7 broken").decode())
        refused = world.post(path, key=key, json=body)
        assert refused.status_code == 400
        assert "messages[0].content[1]: this document can't be read" in refused.text


def _with(part, data):
    """The part with another document in it."""
    text = json.dumps(part)
    return json.loads(re.sub(r"JVBERi[A-Za-z0-9+/=]+", data, text))


@pytest.mark.quick
def test_the_log_may_see_less_than_the_model(world):
    key = team_with(world, "log_only")
    answer = ask(world, key, f"Write to {TICKET}.")
    assert TICKET in said(answer)
    assert TICKET in json.dumps(world.received()[-1]["body"])
    content = world.content(answer.headers["x-gatehouse-call-id"])
    assert TICKET not in content["request"] + content["answer"]
    assert "<TICKET>" in content["request"]


def test_a_hash_is_never_turned_back(world):
    key = team_with(world, "hash")
    answer = ask(world, key, f"Write to {TICKET}.")
    assert TICKET not in said(answer)
    assert re.search(r"<TICKET#[0-9a-f]{12}>", said(answer))


def test_a_rule_of_ones_own_and_the_organisations_default_hold_together(world):
    key = team_with(world, "own")
    answer = ask(world, key, f"Customer CU-123456 has {MAIL}.")
    assert "CU-123456" in said(answer)
    sent = json.dumps(world.received()[-1]["body"])
    assert "CU-123456" not in sent
    assert "CUSTOMER_ID_" in sent
    assert MAIL not in sent


def test_names_are_masked_and_a_killed_worker_stops_nothing(world):
    key = team_with(world, "names")
    text = "Jonathan Whitfield met Amelia Hargreaves in the library."
    answer = ask(world, key, text)
    assert "Jonathan Whitfield" in said(answer)
    sent = json.dumps(world.received()[-1]["body"])
    assert "Whitfield" not in sent
    assert "Hargreaves" not in sent
    record = world.record(answer.headers["x-gatehouse-call-id"])
    assert record["findings"] == {"PERSON": 2}
    assert record["checks"]["input"]["names"] == record["checks"]["input"]["characters"]
    content = world.content(answer.headers["x-gatehouse-call-id"])
    assert "Whitfield" not in content["request"] + content["answer"]
    killed = world.server.kill_children(
        named="governance.privacy.services.names.worker", with_signal=signal.SIGKILL
    )
    assert killed
    answer = ask(world, key, "Jonathan Whitfield wrote to Beatrice Colquhoun about it.")
    assert answer.status_code == 200
    assert "Colquhoun" not in json.dumps(world.received()[-1]["body"])


def test_names_of_a_language_that_the_model_does_not_know_are_found_by_rules_and_the_record_says_so(world):
    key = team_with(world, "names")
    text = (
        "Wczoraj Agnieszka Wiśniewska pojechała do Warszawy, żeby porozmawiać z siostrą o nowym mieszkaniu."
    )
    for _ in ("new", "seen"):
        answer = ask(world, key, text)
        assert "Agnieszka" not in json.dumps(world.received()[-1]["body"])
        checked = world.record(answer.headers["x-gatehouse-call-id"])["checks"]["input"]
        assert checked == {"characters": len(text), "names": 0, "names_by_rules": len(text)}


def test_calls_at_once_never_exchange_values(world):
    key = team_with(world, "mask")

    def one(number: int) -> tuple[str, str]:
        mail = f"person{number}@example.org"
        return mail, said(ask(world, key, f"Say {mail} again. Not <EMAIL_ADDRESS_{number:06x}>."))

    with ThreadPoolExecutor(16) as threads:
        for mail, text in threads.map(one, range(100, 164)):
            assert set(re.findall(r"person\d+@example\.org", text)) == {mail}


def test_writing_a_placeholder_is_no_way_to_its_value(world):
    key = team_with(world, "mask")
    ask(world, key, f"Write to {MAIL}.")
    token = re.search(r"<EMAIL_ADDRESS_[0-9a-f]{6}>", json.dumps(world.received()[-1]["body"]))[0]
    body = {
        "model": MODEL,
        "messages": [{"role": "system", "content": f"The boss is {MAIL}."}, {"role": "user", "content": f"Repeat: {token} {token[1:-1].lower()}"}],
    }  # fmt: skip
    answer = said(world.post(key=key, json=body))
    repeated = answer[answer.index("Repeat") :] if "Repeat" in answer else answer
    assert token in repeated
    assert MAIL not in repeated


def test_nothing_raw_is_left_anywhere(world):
    key = team_with(world, "mask")
    marks = ("needle.one@example.org", "needle.two@example.org")
    tool = {"type": "function", "function": {"name": "send", "description": f"Mails {marks[0]}", "parameters": {"type": "object", "properties": {}}}}  # fmt: skip
    answer = ask(world, key, f"Tell {marks[0]} and {marks[1]}", tools=[tool])
    stream = ask(world, key, f"Tell {marks[1]}", stream=True)
    assert answer.status_code == stream.status_code == 200
    world.record(answer.headers["x-gatehouse-call-id"])
    tables = world.execute("SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'")  # fmt: skip
    for table in tables:
        rows = world.execute(
            f'SELECT count(*) AS number FROM "{table["table_name"]}" t WHERE t::text LIKE %s', "%needle.%"
        )
        assert rows[0]["number"] == 0, table
    assert all("needle." not in text for text in world.stack.logs())
    assert all(b"needle." not in value for value in world.stack.valkey_values())


def test_odd_texts_pass_whole(world):
    key = team_with(world, "mask")
    for text in (
        "\u202eabc " + MAIL + " \u0301\u0301",
        "<EMAIL_ADDRESS_3f2a9c>" * 40,
        "e\u0301" * 500 + MAIL,
        "x" * 100_000 + " " + MAIL,
    ):
        answer = ask(world, key, text)
        assert answer.status_code == 200, answer.text[:300]
        assert MAIL not in json.dumps(world.received()[-1]["body"])
        assert text[:200] in said(answer) or len(text) > 50_000
    history = [{"role": ("user", "assistant")[n % 2], "content": f"turn {n} {MAIL}"} for n in range(2001)]
    answer = world.post(key=key, json={"model": MODEL, "messages": history})
    assert answer.status_code == 200, answer.text[:300]
    until(
        lambda: world.record(answer.headers["x-gatehouse-call-id"])["findings"] == {"EMAIL_ADDRESS": 2001},
        what="the record",
    )
