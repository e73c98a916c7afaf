"""A real S3 API for tests, and lines of AWS's bill."""

import csv
import gzip
import io
from collections.abc import Iterator
from typing import Any

import boto3
import pyarrow
import pyarrow.parquet
import pytest
from moto.server import ThreadedMotoServer

from tests.aws_environment import use_aws

BUCKET = "logs"


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Its URL."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client, with an empty bucket."""
    use_aws(monkeypatch, {
        "AWS_ENDPOINT_URL_S3": s3_server, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    })  # fmt: skip
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET)
    yield client
    for item in client.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        client.delete_object(Bucket=BUCKET, Key=item["Key"])
    client.close()


COST = {
    "identity_line_item_id": "id-1", "identity_time_interval": "2026-11-01T00:00:00Z/2026-11-01T01:00:00Z",
    "line_item_product_code": "AmazonBedrock", "line_item_usage_start_date": "2026-11-01T00:00:00.000Z",
    "line_item_usage_type": "USE1-NovaLite-input-tokens", "line_item_usage_amount": "1.5",
    "line_item_unblended_cost": "0.000090", "line_item_currency_code": "USD", "product_region_code": "us-east-1",
    "line_item_line_item_type": "Usage", "product_product_name": "",
}  # fmt: skip
LEGACY = {
    "identity/LineItemId": "x", "identity/TimeInterval": "i", "lineItem/ProductCode": "AmazonBedrock",
    "lineItem/UsageStartDate": "2026-11-01T00:00:00Z", "lineItem/UsageType": "t", "lineItem/UsageAmount": "1",
    "lineItem/UnblendedCost": "3", "lineItem/CurrencyCode": "USD", "product/region": "us-east-1",
}  # fmt: skip


def costs_file(rows: list[dict[str, Any]], key: str) -> bytes:
    """Lines of a bill as a file of the kind that the key's ending says."""
    if key.endswith(".parquet"):
        out = io.BytesIO()
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), out)
        return out.getvalue()
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    body = text.getvalue().encode()
    return gzip.compress(body) if key.endswith(".gz") else body


def put_costs(client: Any, rows: list[dict[str, Any]], key: str) -> None:
    client.put_object(Bucket=BUCKET, Key=key, Body=costs_file(rows, key))
