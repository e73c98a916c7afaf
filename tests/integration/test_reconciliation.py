"""Invocation logs and bills, read from a real S3 API: matched, counted, corrected by entries, never twice."""

import csv
import gzip
import io
import json
import threading
from datetime import UTC, datetime, timedelta

import boto3
import pyarrow
import pyarrow.parquet
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from moto.server import ThreadedMotoServer

from gateway.events import Usage
from gateway.models import Price
from gateway.pricing import cost
from gateway.services.reconciliation.costs import import_aws_costs
from gateway.services.reconciliation.invocations import import_invocation_logs, match_again
from gateway.snapshot.build import price_entry
from governance.models import (
    AuditRecord,
    AwsImport,
    BilledLine,
    BudgetWindow,
    LedgerEntry,
    LoggedInvocation,
    RejectedLine,
)
from governance.selectors.drift import drift
from governance.services.ledger import Ledger, Settlement
from kernel.clock import utc_now
from tests.integration.admin_world import DOLLAR, World, make_world
from tests.integration.api_world import API
from tests.integration.test_ledger import hold, record, run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def s3_server():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server, monkeypatch):
    for name, value in {
        "AWS_ENDPOINT_URL_S3": s3_server, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="logs")
    yield client
    for item in client.list_objects_v2(Bucket="logs").get("Contents", ()):
        client.delete_object(Bucket="logs", Key=item["Key"])


@pytest.fixture
def world() -> World:
    return make_world()


def charge(
    world: World, request_id: str, *, posted: int, held: int = 10**9, estimated: bool = True
) -> AuditRecord:
    """A call of Mine as the gateway settles it."""
    request = hold(world.mine.budget, held)
    columns = {
        "upstream_request_id": request_id, "model": "amazon.nova-lite-v1:0", "region": "us-east-1", "started_at": utc_now(),
        "price_id": Price.objects.get().pk, "is_estimated": estimated, "reserved_nanos": held, "team_id": world.mine.team.pk,
    }  # fmt: skip

    async def scenario(ledger: Ledger, _: Ledger) -> None:
        await ledger.reserve(request)
        await ledger.settle(Settlement(record(request.call_id, cost=posted, **columns), None))

    run(scenario)
    return AuditRecord.objects.get(pk=request.call_id)


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
    assert (row.calls, row.lines, row.unknown, row.difference) == (2, 3, 1, 0)


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
    read()  # whichever was turned away by the other's lock
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


COST = {
    "identity_line_item_id": "id-1", "identity_time_interval": "2026-11-01T00:00:00Z/2026-11-01T01:00:00Z",
    "line_item_product_code": "AmazonBedrock", "line_item_usage_start_date": "2026-11-01T00:00:00.000Z",
    "line_item_usage_type": "USE1-NovaLite-input-tokens", "line_item_usage_amount": "1.5",
    "line_item_unblended_cost": "0.000090", "line_item_currency_code": "USD", "product_region_code": "us-east-1",
}  # fmt: skip
COSTS = [
    COST,
    COST | {"identity_line_item_id": "id-2", "line_item_unblended_cost": "1.25"},
    COST | {"line_item_product_code": "AmazonEC2", "identity_line_item_id": "id-3"},
    COST | {"identity_line_item_id": "id-4", "line_item_currency_code": "EUR"},
    COST | {"identity_line_item_id": "id-5", "line_item_unblended_cost": "lots"},
    COST | {"identity_line_item_id": ""},
]


def put_costs(bucket, rows: list[dict], key: str) -> None:
    out = io.BytesIO()
    if key.endswith(".parquet"):
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), out)
    else:
        text = io.StringIO()
        writer = csv.DictWriter(text, rows[0])
        writer.writeheader()
        writer.writerows(rows)
        out.write(
            gzip.compress(text.getvalue().encode()) if key.endswith(".gz") else text.getvalue().encode()
        )
    bucket.put_object(Bucket="logs", Key=key, Body=out.getvalue())


@pytest.mark.parametrize("key", ["cur/a.csv", "cur/a.csv.gz", "cur/a.parquet"])
def test_a_bill(bucket, key):
    put_costs(bucket, COSTS, key)
    ((_, tally),) = import_aws_costs("s3://logs/cur/")
    assert (tally.lines, tally.taken, tally.rejected) == (6, 2, 3)
    assert sum(BilledLine.objects.values_list("cost_nanos", flat=True)) == 1_250_090_000
    reasons = list(RejectedLine.objects.values_list("reason", flat=True))
    assert reasons[0] == "in EUR: only US dollars can be compared"
    put_costs(
        bucket, [COST | {"line_item_unblended_cost": "2"}], key.replace("a.", "b.")
    )  # AWS sends a line again
    list(import_aws_costs("s3://logs/cur/"))
    assert sum(BilledLine.objects.values_list("cost_nanos", flat=True)) == 3_250_000_000


def test_the_legacy_report_and_other_files(bucket):
    legacy = {
        "identity/LineItemId": "x", "identity/TimeInterval": "i", "lineItem/ProductCode": "AmazonBedrock",
        "lineItem/UsageStartDate": "2026-11-01T00:00:00Z", "lineItem/UsageType": "t", "lineItem/UsageAmount": "1",
        "lineItem/UnblendedCost": "3", "lineItem/CurrencyCode": "USD", "product/region": "us-east-1",
    }  # fmt: skip
    put_costs(bucket, [legacy], "cur/a.csv")
    bucket.put_object(Bucket="logs", Key="cur/manifest.json", Body=b"{}")
    bucket.put_object(Bucket="logs", Key="cur/z.parquet", Body=b"not parquet")
    tallies = [tally for _, tally in import_aws_costs("s3://logs/cur/")]
    assert [bool(tally.problem) for tally in tallies] == [False, True, True]
    assert BilledLine.objects.get().cost_nanos == 3 * 10**9


def test_the_page_and_the_api_are_a_superuser_s(world, bucket):
    page = reverse("admin:governance_awsimport_changelist")
    superuser, owner = world.client("superuser"), world.client("owner")
    assert "import_invocation_logs" in superuser.get(page).content.decode()
    charge(world, "r-1", posted=5_000_000)
    put(bucket, [line("r-1"), b"{"])
    read()
    put_costs(bucket, [COST | {"line_item_usage_start_date": datetime.now(UTC).isoformat()}], "cur/a.csv")
    list(import_aws_costs("s3://logs/cur/"))
    text = superuser.get(page).content.decode()
    assert "amazon.nova-lite-v1:0" in text
    assert "s3://logs/AWSLogs/a.json.gz" in text
    made = AwsImport.objects.get(kind="invocations")
    assert (
        "not JSON"
        in superuser.get(reverse("admin:governance_awsimport_change", args=[made.pk])).content.decode()
    )
    found = superuser.get(f"{API}/reconciliation/").json()
    assert found["drift"][0]["not_ours"] == 0
    assert found["bill"][0]["billed_usd"] == "0.00009"
    assert owner.get(page).status_code == 403
    assert owner.get(f"{API}/reconciliation/").status_code == 403
    assert "Reconciliation" not in owner.get(reverse("admin:index")).content.decode()
