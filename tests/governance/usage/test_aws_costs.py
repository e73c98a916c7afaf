"""AWS's bill, read from a real S3 API: each month as it was last delivered, compared by model, region and day."""

import gzip

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from gateway.reconciliation.costs import import_aws_costs
from governance.usage.models import AwsImport, BilledLine, RejectedLine
from governance.usage.selectors.drift import drift
from kernel.clock import utc_now
from tests.accounts.api_resources import API
from tests.gateway.reconciliation.factories import (
    BUCKET,
    COST,
    LEGACY,
    bucket,
    costs_file,
    put_costs,
    s3_server,
)
from tests.governance.records.factories import make_call
from tests.world import make_world

pytestmark = pytest.mark.django_db
__all__ = ["bucket", "s3_server"]

COSTS = [
    COST,
    COST | {"identity_line_item_id": "id-2", "line_item_unblended_cost": "1.25"},
    COST | {"line_item_product_code": "AmazonEC2", "identity_line_item_id": "id-3"},
    COST | {"identity_line_item_id": "id-4", "line_item_currency_code": "EUR"},
    COST | {"identity_line_item_id": "id-5", "line_item_unblended_cost": "lots"},
    COST | {"identity_line_item_id": ""},
    COST | {"identity_line_item_id": "id-6", "line_item_line_item_type": "Tax"},
    COST | {"identity_line_item_id": "id-2", "line_item_unblended_cost": "1.25"},
]
MONTH = "cur/export/data/BILLING_PERIOD=2026-11"


def read(address: str = f"s3://{BUCKET}/cur/"):
    return [tally for _, tally in import_aws_costs(address)]


def total() -> int:
    return sum(BilledLine.objects.filter(aws_import__is_current=True).values_list("cost_nanos", flat=True))


def priced(dollars: str, identity: str = "id-1", **columns) -> dict:
    return COST | {"line_item_unblended_cost": dollars, "identity_line_item_id": identity} | columns


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
def test_a_bill(bucket, ending):
    put_costs(bucket, COSTS, f"cur/a.{ending}")
    (tally,) = read()
    assert (tally.lines, tally.taken, tally.duplicates, tally.rejected) == (8, 2, 1, 3)
    assert total() == 1_250_090_000
    line = BilledLine.objects.get()
    assert (line.model, line.region, line.usage_type, line.amount) == (
        "NovaLite", "us-east-1", "USE1-NovaLite-input-tokens", 3,
    )  # fmt: skip
    assert RejectedLine.objects.get(line=4).reason == "in EUR: only US dollars can be compared"
    assert read() == [None]
    assert total() == 1_250_090_000


def test_a_month_is_replaced_by_its_next_delivery_whole(bucket):
    """AWS numbers lines anew each time: by their identities, the second delivery would count on top of the first."""
    put_costs(bucket, [priced("1"), priced("2", "id-2")], f"{MONTH}/x-00001.csv.gz")
    put_costs(bucket, [priced("4", "id-3")], f"{MONTH}/x-00002.csv.gz")
    read()
    assert total() == 7 * 10**9
    put_costs(bucket, [priced("1.5", "new-1"), priced("2", "new-2")], f"{MONTH}/x-00001.csv.gz")
    assert [tally is None for tally in read()] == [False, True]
    assert total() == 7_500_000_000
    bucket.delete_object(Bucket=BUCKET, Key=f"{MONTH}/x-00002.csv.gz")  # the next one is shorter
    assert read() == [None]
    put_costs(bucket, [priced("9", "new-1")], f"{MONTH}/x-00001.csv.gz")
    read()
    assert total() == 9 * 10**9
    put_costs(bucket, [priced("1"), priced("2", "id-2")], f"{MONTH}/x-00001.csv.gz")  # as it once was
    read()
    assert total() == 3 * 10**9


@pytest.mark.parametrize("month", [MONTH, "cur/report/20261101-20261201"])
def test_a_delivery_beside_the_one_before_takes_its_place(bucket, month):
    put_costs(bucket, [priced("1")], f"{month}/2026-11-02T00-00-00Z/x-1.csv.gz")
    read()
    put_costs(bucket, [priced("3", "id-7")], f"{month}/2026-11-03T00-00-00Z/x-1.csv.gz")
    put_costs(
        bucket,
        [priced("5", "id-8")],
        "cur/export/data/BILLING_PERIOD=2026-10/2026-11-03T00-00-00Z/x-1.csv.gz",
    )
    read()
    assert total() == 8 * 10**9
    assert read(f"s3://{BUCKET}/{month}/2026-11-02T00-00-00Z/") == [
        None
    ]  # asked for by name, it stays outdated
    assert total() == 8 * 10**9


def test_a_broken_part_leaves_the_month_as_it_was(bucket):
    put_costs(bucket, [priced("1")], f"{MONTH}/x-00001.csv.gz")
    read()
    whole = costs_file([priced("7", f"id-{n}") for n in range(3000)], "x.csv.gz")
    put_costs(bucket, [priced("9")], f"{MONTH}/x-00001.csv.gz")
    bucket.put_object(Bucket=BUCKET, Key=f"{MONTH}/x-00002.csv.gz", Body=whole[: len(whole) // 2])
    tallies = read()
    assert [bool(tally.problem) for tally in tallies] == [False, True]
    assert total() == 10**9
    problems = set(AwsImport.objects.exclude(problem="").values_list("problem", flat=True))
    assert len(problems) == 2
    assert any("EOFError" in each for each in problems)
    bucket.put_object(Bucket=BUCKET, Key=f"{MONTH}/x-00002.csv.gz", Body=whole)
    read()
    assert total() == 9 * 10**9 + 3000 * 7 * 10**9


def test_the_legacy_report_and_other_files(bucket):
    put_costs(bucket, [LEGACY], "cur/a.csv")
    bucket.put_object(Bucket=BUCKET, Key="cur/manifest.json", Body=b"{}")
    bucket.put_object(Bucket=BUCKET, Key="cur/y.csv.gz", Body=b"not gzip")
    bucket.put_object(Bucket=BUCKET, Key="cur/z.parquet", Body=b"not parquet")
    bucket.put_object(Bucket=BUCKET, Key="cur/zz.csv", Body=b'a,b\n1,"' + b"x" * 17_000_000)
    assert [bool(tally.problem) for tally in read()] == [False, True, True, True]
    assert total() == 3 * 10**9


MARKETPLACE = {
    "line_item_product_code": "9kqmr4ecb3vfa1nkuwxyz1234", "line_item_usage_type": "USE1-MP:USE1_InputTokenCount-Units",
    "product_product_name": "Claude Haiku 4.5 (Amazon Bedrock Edition)", "product_region_code": "",
}  # fmt: skip


@pytest.mark.parametrize("key", ["cur/a.csv", "cur/a.parquet", "cur/map.csv", "cur/map.parquet"])
def test_models_sold_through_the_marketplace(bucket, key):
    row = COST | MARKETPLACE
    if "map" in key:
        name = row.pop("product_product_name")
        row["product"] = (
            {"product_name": name} if key.endswith("parquet") else f'{{"product_name": "{name}"}}'
        )
    put_costs(bucket, [row], key)
    read()
    line = BilledLine.objects.get()
    assert (line.model, line.region, line.cost_nanos) == ("Claude Haiku 4.5", "us-east-1", 90_000)


def test_the_bill_stands_beside_the_calls_it_is_of(bucket):
    make_call(
        None,
        None,
        model="anthropic.claude-haiku-4-5-20251001-v1:0",
        cost_nanos=5_000_000,
        upstream_request_id="r",
    )
    make_call(None, None, cost_nanos=1_000_000, upstream_request_id="s")
    today = {"line_item_usage_start_date": utc_now().isoformat()}
    put_costs(
        bucket,
        [
            priced("0.004", "a", **MARKETPLACE, **today),
            priced("0.001", "b", **today),
            priced("2", "c", **today, line_item_usage_type="USE1-SomethingElse-input-tokens"),
        ],
        "cur/a.csv",
    )
    read()
    day = utc_now().date()
    rows = {row.model: row for row in drift(since=day, until=day.replace(year=day.year + 1))}
    haiku = rows["anthropic.claude-haiku-4-5-20251001-v1:0"]
    assert (haiku.billed, haiku.billed_difference, haiku.billed_per_cent) == (4_000_000, 1_000_000, 25.0)
    assert rows["amazon.nova-lite-v1:0"].billed_difference == 0
    assert (rows["SomethingElse"].billed, rows["SomethingElse"].calls) == (2 * 10**9, 0)


def test_a_dry_run_keeps_nothing(bucket, capsys):
    put_costs(bucket, COSTS, "cur/a.csv")
    call_command("import_aws_costs", f"s3://{BUCKET}/cur/", "--dry-run")
    out = capsys.readouterr().out
    assert "8 lines, 2 of Bedrock, 1 twice, 3 rejected" in out
    assert "Nothing of this was kept" in out
    assert not AwsImport.objects.exists()


def test_files_of_a_folder(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(costs_file([COST], "a.csv")))
    call_command("import_aws_costs", str(tmp_path))
    assert total() == 90_000
    (tmp_path / "none").mkdir()
    with pytest.raises(CommandError, match="nothing at"):
        call_command("import_aws_costs", str(tmp_path / "none"))


def test_the_page_and_the_api_are_a_superuser_s(bucket):
    world = make_world()
    page = reverse("admin:governance_awsimport_changelist")
    gaps = reverse("admin:governance_awsimport_gaps")
    superuser, owner = world.client("superuser"), world.client("owner")
    assert "import_invocation_logs" in superuser.get(page).content.decode()
    put_costs(
        bucket,
        [priced("0.001", line_item_usage_start_date=utc_now().isoformat()), priced("x", "b")],
        "cur/a.csv",
    )
    read()
    text = superuser.get(page).content.decode()
    assert "amazon.nova-lite-v1:0" in text
    assert f"s3://{BUCKET}/cur/a.csv" in text
    made = AwsImport.objects.get()
    change = reverse("admin:governance_awsimport_change", args=[made.pk])
    assert "the cost is not a number" in superuser.get(change).content.decode()
    found = superuser.get(f"{API}/reconciliation/").json()["drift"]
    assert [row["billed_usd"] for row in found if row["billed_usd"]] == ["0.001"]
    assert superuser.get(f"{API}/reconciliation/imports/").json()["results"][0]["rejected"] == 1
    detail = superuser.get(f"{API}/reconciliation/imports/{made.pk}/").json()
    assert detail["rejections"] == [{"line": 2, "reason": "the cost is not a number"}]
    assert len(superuser.get(f"{API}/reconciliation/gaps/").json()["calls_not_in_log"]) == 2
    assert superuser.get(f"{API}/reconciliation/gaps/?from=soon").status_code == 400
    for url in (page, gaps, change, *(f"{API}/reconciliation/{each}" for each in ("", "gaps/", "imports/"))):
        assert owner.get(url).status_code == 403, url
    assert owner.get(f"{API}/reconciliation/imports/{made.pk}/").status_code == 403
    assert "Reconciliation" not in owner.get(reverse("admin:index")).content.decode()
