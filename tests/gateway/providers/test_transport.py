"""What this host can't do is not Bedrock's fault."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.providers.transport import Transport, UnreachableError
from gateway.refusals import Refusal


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    next_one = os.dup(0)
    os.close(next_one)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_one, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_host_without_descriptors_is_overloaded_and_bedrock_is_not_blamed(caplog):
    transport = Transport(max_connections=4, connect_timeout_seconds=2)
    nowhere = transport.post("http://127.0.0.1:9/", headers={}, body=b"", timeout_seconds=5)
    with no_descriptor_left(), pytest.raises(Refusal) as refused:
        await nowhere.__aenter__()
    assert (refused.value.code, "none left" in caplog.text) == ("overloaded", True)
    with pytest.raises(UnreachableError):
        async with transport.post("http://127.0.0.1:9/", headers={}, body=b"", timeout_seconds=5):
            pass
    await transport.close()
