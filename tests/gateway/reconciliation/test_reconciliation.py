"""Invocation logs and bills, read from a real S3 API: matched, counted, corrected by entries, never twice."""

import gzip
import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from gateway.catalogue.models import Deployment, Price, TeamInferenceProfile
from gateway.catalogue.policy import cost
from gateway.catalogue.selectors import price_entry
from gateway.events import Usage
from gateway.reconciliation.corrections import post_corrections
from gateway.reconciliation.invocations import import_invocation_logs, match_again
from gateway.tasks import reconcile
from governance.limits.models import BudgetWindow, LedgerEntry
from governance.limits.services.ledger import Ledger, Settlement
from governance.limits.services.ledger_repair import expire_due_holds
from governance.records.models import AuditRecord
from governance.usage.models import AwsImport, LoggedInvocation, RejectedLine
from governance.usage.policy.invocation_logs import CALL_KEY
from governance.usage.selectors.drift import drift, unknown_lines, unlogged_calls
from kernel.clock import utc_now
from tests.gateway.catalogue.factories import make_deployment, make_model
from tests.gateway.reconciliation.factories import bucket, s3_server
from tests.governance.limits.factories import DOLLAR
from tests.governance.limits.test_ledger import hold, record, run
from tests.world import World, make_world

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["bucket", "s3_server"]


@pytest.fixture
def world() -> World:
    return make_world()


def charge(
    world: World, request_id: str, *, posted: int, held: int = 10**9, estimated: bool = True, **more: Any
) -> AuditRecord:
    """A call of Mine as the gateway settles it."""
    request = hold(world.mine.budget, held)
    columns = {
        "upstream_request_id": request_id, "model": "amazon.nova-lite-v1:0", "region": "us-east-1", "started_at": utc_now(),
        "is_estimated": estimated, "reserved_nanos": held, "team_id": world.mine.team.pk,
        "price_id": more.pop("price_id", None) or Price.objects.get().pk,
    } | more  # fmt: skip

    async def scenario(ledger: Ledger, _: Ledger) -> None:
        await ledger.reserve(request)
        await ledger.settle(Settlement(record(request.call_id, cost=posted, **columns), None))

    run(scenario)
    return AuditRecord.objects.get(pk=request.call_id)


def leave(world: World, *, held: int, invoke_id: str = "amazon.nova-lite-v1:0") -> UUID:
    """A call whose process died: its hold has expired, charged in full."""
    request = hold(world.mine.budget, held, seconds=-1)
    request.record.update(
        model="amazon.nova-lite-v1:0",
        region="us-east-1",
        invoke_id=invoke_id,
        team_id=world.mine.team.pk,
    )
    request = replace(request, started_at=utc_now())

    async def scenario(ledger: Ledger, _: Ledger) -> None:
        await ledger.reserve(request)

    run(scenario)
    assert expire_due_holds() == 1
    return request.call_id


def line(request_id: str, *, tokens: tuple[int, int] = (1000, 100), **members) -> bytes:
    return json.dumps(
        {
            "schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "timestamp": utc_now().isoformat(),
            "accountId": "123456789012", "region": "us-east-1", "requestId": request_id, "operation": "Converse",
            "modelId": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
            "input": {"inputBodyJson": {"messages": "a secret prompt"}, "inputTokenCount": tokens[0]},
            "output": {"outputBodyJson": "a secret answer", "outputTokenCount": tokens[1]},
        } | members
    ).encode()  # fmt: skip


def put(bucket, lines: list[bytes], key: str = "AWSLogs/a.json.gz") -> None:
    body = b"\n".join(lines) + b"\n"
    bucket.put_object(Bucket="logs", Key=key, Body=gzip.compress(body) if key.endswith(".gz") else body)


def read(address: str = "s3://logs/AWSLogs/"):
    return [tally for _, tally in import_invocation_logs(address)]


def exact(tokens: tuple[int, int] = (1000, 100)) -> int:
    return cost(price_entry(Price.objects.get()), Usage(input=tokens[0], output=tokens[1]))


def spent(world: World) -> int:
    return sum(BudgetWindow.objects.filter(budget=world.mine.budget).values_list("spent_nanos", flat=True))


def test_of_an_answer_that_was_dropped_the_line_has_its_own_price(world, bucket):
    """Another model answered in its place: each line costs what its model costs."""
    dear = make_deployment(make_model("amazon.nova-pro-v1:0", "Nova Pro"), input_rate=800_000_000)
    first, second = Price.objects.order_by("pk")
    costs = [cost(price_entry(price), Usage(input=1000, output=100)) for price in (first, second)]
    dropped = {"region": "us-east-1", "model": "amazon.nova-lite-v1:0", "invoke_id": "us.amazon.nova-lite-v1:0", "price_id": first.pk}  # fmt: skip
    more = {"model": dear.model.model_id, "price_id": second.pk, "checks": {"violation": dropped}}
    before = spent(world)
    call = charge(world, "r-2", posted=7, **more)
    names = {"requestMetadata": {"gatehouse-call-id": str(call.pk)}}
    pro = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0"
    put(bucket, [line("r-1", modelId="us.amazon.nova-lite-v1:0", **names), line("r-2", modelId=pro, **names)])
    read()
    assert spent(world) - before == sum(costs)
    lines = LoggedInvocation.objects.order_by("request_id").values_list("cost_nanos", flat=True)
    assert list(lines) == costs


def test_an_estimate_is_corrected_by_an_entry_of_its_own(world, bucket):
    call = charge(world, "r-1", posted=5_000_000)
    right = charge(world, "r-2", posted=exact(), estimated=False)
    put(bucket, [line("r-1"), line("r-2"), line("r-3")])
    (tally,) = read()
    assert (tally.lines, tally.taken, tally.matched, tally.corrected) == (3, 3, 2, 1)
    (entry,) = LedgerEntry.objects.filter(kind="correction")
    assert (entry.call_id, entry.amount_nanos) == (call.pk, exact() - 5_000_000)
    assert "s3://logs/AWSLogs/a.json.gz" in entry.note
    call.refresh_from_db()
    assert call.cost_nanos == 5_000_000
    assert spent(world) == 50 * DOLLAR + 2 * exact()
    assert LoggedInvocation.objects.get(pk="r-3").call_id is None
    assert not any(
        b"secret" in json.dumps(row, default=str).encode() for row in LoggedInvocation.objects.values()
    )
    assert right.cost_nanos == exact()
    row = next(
        each
        for each in drift(since=utc_now().date(), until=utc_now().date() + timedelta(days=1))
        if each.lines
    )
    assert (row.calls, row.unlogged, row.lines, row.unknown) == (4, 2, 3, 1)  # two are of the world itself
    assert row.difference == 2 * 1_500_000


def test_nothing_is_taken_in_or_corrected_twice(world, bucket):
    charge(world, "r-1", posted=5_000_000)
    put(bucket, [line("r-1"), line("r-1")])
    put(bucket, [line("r-1")], "AWSLogs/again.json.gz")
    first, second = read()
    assert (first.taken, first.duplicates, second.taken, second.duplicates) == (1, 1, 0, 1)
    assert read() == [None, None]
    assert LedgerEntry.objects.filter(kind="correction").count() == 1


def test_two_importers_at_once_correct_once(world, bucket):
    for number in range(20):
        charge(world, f"r-{number}", posted=5_000_000)
    put(bucket, [line(f"r-{n}") for n in range(20)], "AWSLogs/a.json.gz")
    put(bucket, [line(f"r-{n}") for n in reversed(range(20))], "AWSLogs/b.json.gz")
    errors: list[Exception] = []

    def one(key: str) -> None:
        try:
            read(f"s3://logs/AWSLogs/{key}")
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(key,)) for key in ("a.json.gz", "b.json.gz")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert LedgerEntry.objects.filter(kind="correction").count() == 20
    assert LedgerEntry.objects.filter(kind="correction").values("call_id").distinct().count() == 20
    assert spent(world) == 50 * DOLLAR + 20 * exact()


MALFORMED = {
    "not JSON": b"{",
    "not UTF-8": b'{"requestId": "\xff"}',
    "an array": b"[1]",
    "no request": line("x", requestId=None),
    "no time": line("x", timestamp="yesterday"),
    "counts below zero": line("x", input={"inputTokenCount": -1}),
    "counts that are none": line("x", output={"outputTokenCount": "many"}),
    "a huge count": line("x", input={"inputTokenCount": 2**40}),
    "input of another type": line("x", input=[1]),
    "a NUL": line("x\x00"),
    "nested deeply": b"[" * 100_000,
}


def test_malformed_lines_are_listed_and_the_rest_counted(world, bucket):
    charge(world, "r-1", posted=1)
    put(bucket, [*MALFORMED.values(), line("r-1"), b"", line("other", schemaType="Audit")])
    (tally,) = read()
    assert (tally.rejected, tally.taken, tally.matched) == (len(MALFORMED), 1, 1)
    rows = list(RejectedLine.objects.values_list("line", "reason"))
    assert [number for number, _ in rows] == list(range(1, len(MALFORMED) + 1))
    assert not any("secret" in reason for _, reason in rows)


def test_a_truncated_object_leaves_nothing_and_is_read_when_it_is_whole(world, bucket):
    charge(world, "r-1", posted=5_000_000)
    whole = gzip.compress(b"\n".join(line(f"r-{n}") for n in range(1, 4000)))
    bucket.put_object(Bucket="logs", Key="AWSLogs/a.json.gz", Body=whole[: len(whole) // 2])
    (tally,) = read()
    assert "EOFError" in tally.problem
    assert not LoggedInvocation.objects.exists()
    assert not LedgerEntry.objects.filter(kind="correction").exists()
    bucket.put_object(Bucket="logs", Key="AWSLogs/a.json.gz", Body=whole)
    (tally,) = read()
    assert (tally.taken, tally.corrected, tally.problem) == (3999, 1, "")


def test_a_line_that_comes_before_its_call(world, bucket):
    put(bucket, [line("r-1")], "AWSLogs/plain.json")
    (tally,) = read()
    assert tally.matched == 0
    charge(world, "r-1", posted=5_000_000)
    assert [match_again(), match_again()] == [1, 0]
    assert LedgerEntry.objects.filter(kind="correction").count() == 1


def test_the_command(world, bucket, capsys):
    charge(world, "r-1", posted=5_000_000)
    put(bucket, [line("r-1"), b"{"])
    call_command("import_invocation_logs", "s3://logs/AWSLogs/")
    out = capsys.readouterr().out
    assert "2 lines, 1 new, 0 known, 1 rejected, 1 matched with calls, 1 corrected" in out
    assert "line 2: not JSON" in out
    for address in ("s3://logs/nothing/", "s3://no-such-bucket/x", "/no/such/folder"):
        with pytest.raises(CommandError):
            call_command("import_invocation_logs", address)


def test_a_call_is_found_by_the_name_its_metadata_gives(world, bucket):
    """So are those that AWS gave no request ID to: they timed out, or their process died."""
    call = charge(world, "", posted=5_000_000)
    named = {"requestMetadata": {CALL_KEY: str(call.pk), "of": "the caller"}}
    put(
        bucket,
        [
            line("r-1", **named),
            line("r-2", requestMetadata={CALL_KEY: "no id"}),
            line("r-3", requestMetadata=7),
        ],
    )
    (tally,) = read()
    assert (tally.taken, tally.matched, tally.corrected, tally.corrected_nanos) == (
        3,
        1,
        1,
        exact() - 5_000_000,
    )
    assert spent(world) == 50 * DOLLAR + exact()


@pytest.mark.parametrize("through_profile", [False, True])
def test_an_expired_hold_is_put_right_by_the_price_of_its_time(world, bucket, through_profile):
    invoke_id = "amazon.nova-lite-v1:0"
    if through_profile:
        invoke_id = "arn:aws:bedrock:us-east-1:000000000000:application-inference-profile/abc"
        TeamInferenceProfile.objects.create(
            team=world.mine.team, deployment=Deployment.objects.get(), arn=invoke_id
        )
    call_id = leave(world, held=7_000_000, invoke_id=invoke_id)
    put(bucket, [line("r-1", requestMetadata={CALL_KEY: str(call_id)})])
    (tally,) = read()
    assert (tally.matched, tally.corrected_nanos) == (1, exact() - 7_000_000)
    assert AuditRecord.objects.get(pk=call_id).status == "expired"
    assert spent(world) == 50 * DOLLAR + exact()


def test_attempts_of_one_call_count_together(world, bucket):
    call = charge(world, "", posted=5_000_000)
    named = {"requestMetadata": {CALL_KEY: str(call.pk)}}
    put(bucket, [line("r-1", errorCode="ThrottlingException", output={}, **named), line("r-2", **named)])
    put(bucket, [line("r-3", **named)], "AWSLogs/b.json.gz")
    read()
    assert spent(world) == 50 * DOLLAR + 2 * exact()


@pytest.mark.parametrize("part", [{"output": {}}, {"output": None}, {"input": {"inputTokenCount": None}}])
def test_what_aws_did_not_count_corrects_nothing(world, bucket, part):
    charge(world, "r-1", posted=5_000_000)
    put(bucket, [line("r-1", **part)])
    (tally,) = read()
    assert (tally.matched, tally.corrected) == (1, 0)
    assert spent(world) == 50 * DOLLAR + 5_000_000


def test_a_dry_run_says_it_and_keeps_nothing(world, bucket):
    charge(world, "r-1", posted=5_000_000)
    put(bucket, [line("r-1"), b"{"])
    ((_, tally),) = import_invocation_logs("s3://logs/AWSLogs/", dry_run=True)
    assert (tally.taken, tally.corrected, tally.corrected_nanos) == (1, 1, exact() - 5_000_000)
    assert not AwsImport.objects.exists()
    assert not LoggedInvocation.objects.exists()
    assert spent(world) == 50 * DOLLAR + 5_000_000
    (tally,) = read()
    assert tally.corrected == 1


def test_what_was_taken_in_and_not_posted_is_posted_later(world, bucket):
    """As after a crash between the two."""
    charge(world, "r-1", posted=5_000_000)
    put(bucket, [line("r-1")])
    read()
    LoggedInvocation.objects.update(is_posted=False)
    assert post_corrections() == []
    LoggedInvocation.objects.update(is_posted=False, cost_nanos=9_000_000)
    assert post_corrections() == [9_000_000 - exact()]
    assert spent(world) == 50 * DOLLAR + 9_000_000


def test_two_who_post_at_once_post_once(world, bucket):
    for number in range(30):
        charge(world, f"r-{number}", posted=5_000_000)
    put(bucket, [line(f"r-{n}") for n in range(30)])
    read()
    LoggedInvocation.objects.update(is_posted=False, cost_nanos=9_000_000)
    barrier, amounts = threading.Barrier(3), []

    def one() -> None:
        barrier.wait()
        amounts.extend(post_corrections())
        connection.close()

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert amounts == [9_000_000 - exact()] * 30
    assert spent(world) == 50 * DOLLAR + 30 * 9_000_000


def test_damaged_objects_and_those_that_are_no_log(world, bucket):
    whole = bytearray(gzip.compress(b"\n".join(line(f"r-{n}") for n in range(3000)), mtime=0))
    whole[len(whole) // 2] ^= 0xFF
    bucket.put_object(Bucket="logs", Key="AWSLogs/BedrockModelInvocationLogs/x.json.gz", Body=bytes(whole))
    bucket.put_object(
        Bucket="logs", Key="AWSLogs/BedrockModelInvocationLogs/data/r-1_input.json.gz", Body=b"{}"
    )
    bucket.put_object(Bucket="logs", Key="AWSLogs/amazon-bedrock-logs-permission-check", Body=b"x")
    (tally,) = read()
    assert tally.problem
    assert (tally.taken, tally.matched) == (0, 0)
    assert not LoggedInvocation.objects.exists()
    assert len(read()) == 1  # it is tried again
    assert AwsImport.objects.count() == 1


def test_a_line_longer_than_any_of_bedrock_s(world, bucket, monkeypatch):
    monkeypatch.setattr("gateway.reconciliation.invocations.MAX_BYTES", 2000)
    monkeypatch.setattr("governance.usage.policy.invocation_logs.MAX_BYTES", 2000)
    put(bucket, [line("r-1", accountId="9" * 9000), line("r-2")])
    (tally,) = read()
    assert (tally.lines, tally.rejected, tally.taken) == (2, 1, 1)


def test_gaps_are_listed(world, bucket):
    call = charge(world, "r-1", posted=5_000_000)
    put(bucket, [line("r-2")])
    read()
    today = {"since": utc_now().date(), "until": utc_now().date() + timedelta(days=1)}
    assert call.pk in [each.call_id for each in unlogged_calls(**today)]
    assert unlogged_calls(**today, model="another") == []
    assert [each.request_id for each in unknown_lines(**today)] == ["r-2"]
    client = world.client("superuser")
    text = client.get(reverse("admin:governance_awsimport_gaps"), {"day": utc_now().date()}).content.decode()
    assert str(call.pk) in text
    assert "r-2" in text
    assert client.get(reverse("admin:governance_awsimport_gaps"), {"day": "x"}).status_code == 200


def test_it_is_read_daily_where_the_settings_say(world, bucket, settings):
    assert reconcile() == 0
    settings.RECONCILIATION_LOGS = "s3://logs/AWSLogs/"
    charge(world, "r-1", posted=5_000_000)
    put(bucket, [line("r-1")])
    assert [reconcile(), reconcile()] == [1, 0]
    assert spent(world) == 50 * DOLLAR + exact()


def test_much_of_it_is_read_a_part_at_a_time(world, bucket, settings, monkeypatch):
    """So that other tasks of the same worker have their turn."""
    settings.RECONCILIATION_LOGS = "s3://logs/AWSLogs/"
    again: list[int] = []
    monkeypatch.setattr(reconcile, "delay", lambda: again.append(1))
    monkeypatch.setattr("gateway.tasks.SECONDS_AT_A_TIME", 0)
    for number in range(3):
        put(bucket, [line(f"r-{number}")], f"AWSLogs/{number}.json.gz")
    put(bucket, [b"x"], "AWSLogs/0.broken.json")
    bucket.put_object(Bucket="logs", Key="AWSLogs/1.json.gz", Body=b"not gzip")
    assert [reconcile() for _ in range(4)] == [1, 1, 1, 0]
    assert len(again) == 3
    assert LoggedInvocation.objects.count() == 2


def test_calls_of_other_providers_are_not_missing_from_aws_s_log(world):
    charge(world, "here", posted=1_000, estimated=False)
    charge(world, "there", posted=2_000, estimated=False, provider="openai", region="openai")
    today = utc_now().date()
    days = {"since": today, "until": today + timedelta(days=1)}
    assert {row.region for row in drift(**days)} == {"us-east-1"}
    assert {call.region for call in unlogged_calls(**days)} == {"us-east-1"}
