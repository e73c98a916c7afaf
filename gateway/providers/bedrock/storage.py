"""Objects in S3, or files, to read from: AWS's logs and bills."""

import gzip
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from gateway.providers.bedrock.boto_time import timed_client

READ_ERRORS = (BotoCoreError, ClientError)
"""What AWS's side raises where it can't be read; files raise OSError."""


@dataclass(frozen=True, slots=True)
class Source:
    """One object: its address, what changes when its content does, when it was written, and its bytes."""

    address: str
    digest: str
    modified_at: datetime
    size: int = 0


def sources(address: str) -> Iterator[Source]:
    """All objects below an address (`s3://bucket/prefix`, a folder or a file), in the order of their names.

    Raises OSError and botocore's errors where it can't be read.
    """
    if address.startswith("s3://"):
        bucket, _, prefix = address.removeprefix("s3://").partition("/")
        pages = _client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            for item in page.get("Contents", ()):
                if item["Size"]:
                    yield Source(
                        f"s3://{bucket}/{item['Key']}",
                        item["ETag"].strip('"'),
                        item["LastModified"],
                        item["Size"],
                    )
        return
    root = Path(address)
    for path in sorted(each for each in root.rglob("*") if each.is_file()) if root.is_dir() else [root]:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        found = path.stat()
        yield Source(str(path), digest, datetime.fromtimestamp(found.st_mtime, tz=UTC), found.st_size)


@contextmanager
def opened(source: Source) -> Iterator[IO[bytes]]:
    """The object's bytes, unpacked where its name ends in .gz; seekable where it does not."""
    with TemporaryFile() if source.address.startswith("s3://") else Path(source.address).open("rb") as file:
        if source.address.startswith("s3://"):
            bucket, _, key = source.address.removeprefix("s3://").partition("/")
            _client().download_fileobj(bucket, key, file)
            file.seek(0)
        yield cast(IO[bytes], gzip.GzipFile(fileobj=file) if source.address.endswith(".gz") else file)


def _client() -> Any:
    return timed_client("s3")
