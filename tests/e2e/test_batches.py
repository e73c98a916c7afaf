"""Files and batches as openai-python uses them, with Celery's own workers: made, cancelled, broken, too dear, and whatever dies."""

import json
import os
import signal
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import openai
import pytest
from openai.types import Batch

from embedded.waiting import start_and_wait
from tests.client import HTTP
from tests.e2e.conftest import MODEL, World
from tests.e2e.test_jobs import Worker, held_back, release
from tests.governance.limits.invariants import assert_sound
from tests.services import Stack, temporary_folder, until

pytestmark = [pytest.mark.slow]
SECRET = "My card is 4111 1111 1111 1111."
OVER = ("completed", "failed", "expired", "cancelled")


@pytest.fixture(scope="module")
def batches() -> Iterator[World]:
    """A stack of its own: its parts get killed."""
    with Stack(temporary_folder(), durable=True) as stack:
        stack.manage("load_catalog")
        world = World(stack, stack.gateway(), "")
        world.key = world.new_key()
        world.set_budget(team="Tests", limit_nanos=10**15)
        until(lambda: world.chat().status_code == 200, what="the first answer")
        yield world


@pytest.fixture(scope="module")
def worker(batches: World) -> Iterator[Worker]:
    running = Worker(batches.stack, batches.url)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def client(batches: World) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{batches.url}/v1", api_key=batches.key) as made:
        yield made


def line(number: int | str, content: str = "Hello", **changes: Any) -> dict[str, Any]:
    body = {"model": MODEL, "messages": [{"role": "user", "content": content}], "max_tokens": 20}
    whole = {"custom_id": f"line-{number}", "method": "POST", "url": "/v1/chat/completions", "body": body}
    return {**whole, **changes}


def lines(*each: dict[str, Any] | str) -> bytes:
    return "\n".join(one if isinstance(one, str) else json.dumps(one) for one in each).encode() + b"\n"


def send(client: openai.OpenAI, content: bytes, **options: Any) -> Batch:
    file = client.files.create(file=("calls.jsonl", content), purpose="batch")
    return client.batches.create(
        completion_window="24h", endpoint="/v1/chat/completions", input_file_id=file.id, **options
    )


def ended(client: openai.OpenAI, batch: Batch, seconds: float = 90) -> Batch:
    until(
        lambda: client.batches.retrieve(batch.id).status in OVER, seconds=seconds, what="the end of the batch"
    )
    return client.batches.retrieve(batch.id)


def told(client: openai.OpenAI, file_id: str | None) -> dict[str, dict[str, Any]]:
    """The lines of a file, by their ids."""
    if file_id is None:
        return {}
    found = [json.loads(each) for each in client.files.content(file_id).text.splitlines()]
    return {each["custom_id"]: each for each in found}


def test_files_are_sent_listed_read_and_deleted(batches, client):
    content = b"x" * 3_000_000 + b"\n" + b"y" * 10
    made = client.files.create(file=("calls.jsonl", BytesIO(content)), purpose="batch")
    assert (made.object, made.bytes, made.filename, made.status) == (
        "file",
        len(content),
        "calls.jsonl",
        "processed",
    )
    assert client.files.wait_for_processing(made.id).id == made.id
    assert client.files.content(made.id).read() == content
    short = client.files.create(
        file=b"{}", purpose="batch", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    assert 3590 <= short.expires_at - short.created_at <= 3610
    assert [each.id for each in client.files.list(limit=1)][:2] == [short.id, made.id]  # page after page
    assert [each.id for each in client.files.list(order="asc", purpose="batch")][:2] == [made.id, short.id]
    assert client.files.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(made.id)
    with pytest.raises(openai.BadRequestError, match="purpose"):
        client.files.create(file=b"{}", purpose="fine-tune")
    with pytest.raises(openai.BadRequestError, match="empty"):
        client.files.create(file=b"", purpose="batch")
    assert batches.execute("SELECT count(*) AS n FROM gateway_storedfile WHERE NOT is_whole")[0]["n"] == 0
    kept = batches.execute("SELECT sealed FROM gateway_filechunk")
    assert len(kept) == 1
    assert b"{}" not in bytes(kept[0]["sealed"])


def test_a_batch_with_broken_lines_makes_the_others(batches, worker, client):
    content = lines(
        line(1), "{broken", line(1), line(2, method="GET"), line(3, url="/v1/embeddings"), line(4, body={"model": "other-model"}),
        {"method": "POST"}, line(5, body={"model": MODEL, "messages": 7}), "", line(6, SECRET),
    )  # fmt: skip
    batch = send(client, content, metadata={"report": "17"})
    assert (batch.object, batch.status, batch.metadata) == ("batch", "validating", {"report": "17"})
    found = ended(client, batch)
    assert found.status == "completed", found
    assert found.completed_at
    assert found.model == MODEL
    counts = found.request_counts
    assert counts is not None
    assert (counts.total, counts.completed, counts.failed) == (9, 2, 7)
    answers = told(client, found.output_file_id)
    assert set(answers) == {"line-1", "line-6"}
    body = answers["line-6"]["response"]["body"]
    assert (answers["line-6"]["response"]["status_code"], body["object"]) == (200, "chat.completion")
    assert "4111 1111 1111 1111" not in json.dumps(batches.received())  # masked, as a call is
    errors = [json.loads(each) for each in client.files.content(found.error_file_id or "").text.splitlines()]
    assert [each["error"]["code"] for each in errors] == [
        "invalid_json_line", "duplicate_custom_id", "invalid_method", "invalid_url", "mismatched_model",
        "missing_required_parameter", "invalid_request",
    ]  # fmt: skip
    assert [each["custom_id"] for each in errors] == [
        None,
        "line-1",
        "line-2",
        "line-3",
        "line-4",
        None,
        "line-5",
    ]
    [row] = rows(batches, batch)
    charged = batches.execute("SELECT sum(cost_nanos)::bigint AS n FROM governance_auditrecord")[0]["n"]
    assert 0 < row["cost_nanos"] <= charged
    assert row["cost_nanos"] <= row["held_nanos"]
    assert held(batches) == 0
    assert batches.execute("SELECT 1 FROM gateway_job WHERE batch_id IS NOT NULL") == []
    assert next(iter(client.batches.list(limit=1))).id == batch.id
    assert_sound(batches.execute)


def test_one_that_can_t_be_paid_for_fails_and_says_why(batches, worker):
    key = batches.new_key(team="Poor")
    batches.set_budget(team="Poor", limit_nanos=1000)
    batches.knows(batches.new_key(team="Poor"))
    with openai.OpenAI(base_url=f"{batches.url}/v1", api_key=key) as poor:
        found = ended(poor, send(poor, lines(line(1), line(2))))
        assert found.status == "failed"
        assert found.errors is not None
        assert [each.code for each in found.errors.data or []] == ["budget_exceeded"]
        assert "Poor" in str(found.errors.data) or "left" in str(found.errors.data)
        bad = ended(poor, send(poor, b"no\nlines\n"))
        assert bad.status == "failed"
        assert [each.line for each in bad.errors.data or []] == [1, 2] if bad.errors else False
        for wrong in (
            {"endpoint": "/v1/moderations"},
            {"input_file_id": "file-x"},
            {"completion_window": "1h"},
        ):
            terms = {
                "endpoint": "/v1/chat/completions",
                "input_file_id": bad.input_file_id,
                "completion_window": "24h",
            }
            with pytest.raises(openai.BadRequestError, match=next(iter(wrong))):
                poor.batches.create(**{**terms, **wrong})
    assert held(batches) == 0


def test_held_before_and_let_go_of_by_cancelling(batches, worker):
    key = held_back(batches, "Patient")
    with openai.OpenAI(base_url=f"{batches.url}/v1", api_key=key) as patient:
        batch = send(
            patient, lines(*(line(number) for number in range(5))), extra_headers={"Idempotency-Key": "b"}
        )
        same = patient.batches.create(
            completion_window="24h", endpoint="/v1/chat/completions", input_file_id=batch.input_file_id,
            extra_headers={"Idempotency-Key": "b"},
        )  # fmt: skip
        assert same.id == batch.id
        with pytest.raises(openai.BadRequestError, match="another batch"):
            patient.batches.create(
                completion_window="24h", endpoint="/v1/chat/completions", input_file_id=batch.input_file_id,
                extra_headers={"Idempotency-Key": "b", "X-Gatehouse-Prefer": "compliance=bedrock"},
            )  # fmt: skip
        until(
            lambda: patient.batches.retrieve(batch.id).status == "in_progress",
            seconds=60,
            what="its beginning",
        )
        [row] = rows(batches, batch)
        assert held(batches) == row["held_nanos"] > 0
        with pytest.raises(openai.BadRequestError, match="reads this file"):
            patient.files.delete(batch.input_file_id)
        assert patient.batches.cancel(batch.id).status in ("cancelling", "cancelled")
        assert held(batches) == 0
        found = ended(patient, batch)
        assert (found.status, found.output_file_id) == ("cancelled", None)
        assert {each["error"]["code"] for each in told(patient, found.error_file_id).values()} == {
            "batch_cancelled"
        }
        with pytest.raises(openai.BadRequestError, match="is cancelled"):
            patient.batches.cancel(batch.id)
    release(batches, "Patient")
    with openai.OpenAI(base_url=f"{batches.url}/v1", api_key=batches.key) as other:
        with pytest.raises(openai.NotFoundError):
            other.batches.retrieve(batch.id)
        with pytest.raises(openai.NotFoundError):
            other.files.content(batch.input_file_id)
    step = HTTP.post(
        f"{batches.url}/internal/batches/{batch.id}/step",
        headers={"authorization": f"Bearer {batches.key}"},
        json={},
    )
    assert step.status_code == 404
    assert_sound(batches.execute)


def test_one_whose_window_is_over_tells_what_was_not_made(batches, worker):
    key = held_back(batches, "Late")
    with openai.OpenAI(base_url=f"{batches.url}/v1", api_key=key) as late:
        batch = send(late, lines(*(line(number) for number in range(3))))
        until(
            lambda: late.batches.retrieve(batch.id).status == "in_progress", seconds=60, what="its beginning"
        )
        batches.execute(
            "UPDATE gateway_batch SET deadline_at = now() WHERE id = %s", batch.id.removeprefix("batch_")
        )
        found = ended(late, batch)
        assert (found.status, found.output_file_id) == ("expired", None)
        assert {each["error"]["code"] for each in told(late, found.error_file_id).values()} == {
            "batch_expired"
        }
    assert held(batches) == 0
    release(batches, "Late")


def test_whatever_is_killed_no_line_is_charged_twice(batches, worker, client):
    batches.fault("us-east-1", latency_ms=1500)
    number = 40
    batch = send(
        client,
        lines(*(line(each) for each in range(number))),
        extra_headers={"X-Gatehouse-Feature": "killed"},
    )
    until(lambda: len(charges(batches)) >= 3, seconds=60, what="some answers")
    worker.kill("worker")
    worker.kill("beat")
    batches.server.kill()
    valkey = batches.stack.services.child("valkey")
    assert valkey.pid is not None
    os.kill(valkey.pid, signal.SIGKILL)
    until(lambda: not valkey.is_alive(), what="the end of Valkey")
    batches.heal()
    # A minute goes by: nobody renews what the dead had.
    for statement in (
        "UPDATE gateway_job SET lease_until = now(), sent_at = NULL WHERE state IN ('queued', 'running')",
        "UPDATE gateway_batch SET lease_until = now(), sent_at = NULL",
        "UPDATE governance_gatewayinstance SET heartbeat_at = now() - interval '1 minute'",
    ):
        batches.execute(statement)
    start_and_wait(valkey)
    batches.server.start()
    worker.start()
    found = ended(client, batch, seconds=240)
    assert found.status == "completed", found
    counts = found.request_counts
    assert counts is not None
    assert counts.completed + counts.failed == counts.total == number
    answers, errors = told(client, found.output_file_id), told(client, found.error_file_id)
    assert len(answers | errors) == number
    assert {each["error"]["code"] for each in errors.values()} <= {
        "lost"
    }  # asked, charged, and never answered
    assert len(charges(batches)) <= number
    until(
        lambda: not batches.execute("SELECT 1 FROM governance_hold"), seconds=60, what="the last settlement"
    )
    assert_sound(batches.execute)


def rows(world: World, batch: Batch) -> list[dict[str, Any]]:
    return world.execute("SELECT * FROM gateway_batch WHERE id = %s", batch.id.removeprefix("batch_"))


def held(world: World) -> int:
    """What batches hold, in nano-dollars."""
    found = world.execute(
        "SELECT coalesce(sum(amount_nanos), 0)::bigint AS n FROM governance_hold WHERE instance_id = %s",
        "0" * 32,
    )
    return int(found[0]["n"])


def charges(world: World) -> list[dict[str, Any]]:
    return world.execute("SELECT * FROM governance_auditrecord WHERE feature = 'killed' AND cost_nanos > 0")
