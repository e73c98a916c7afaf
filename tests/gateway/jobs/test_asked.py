"""What is asked of a job with its headers."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.entrances.jobs.accept import _known_where_full
from gateway.entrances.jobs.asked import terms_of
from gateway.refusals import Refusal


@pytest.mark.parametrize(("text", "seconds"), [("1", 1), ("86400", 86400), (" 0060 ", 60)])
def test_a_deadline(text, seconds):
    assert terms_of({b"x-gatehouse-deadline": text.encode()}).deadline_seconds == seconds


@pytest.mark.parametrize(
    "text", ["0", "00", "-1", "1.5", "86401", "0000000019999999999999", "9" * 6000, "٣٠", "1e3"]
)
def test_a_deadline_that_can_t_be(text):
    with pytest.raises(Refusal, match=r"from 1 to 86,400"):
        terms_of({b"x-gatehouse-deadline": text.encode("utf-8")})


def test_where_a_team_has_no_room_the_job_of_the_same_key_is_told_still(settings):
    settings.TEAM_JOBS_WAITING = 5
    made: Any = object()

    async def same(application_id: int, idempotency: bytes) -> Any:
        return made if idempotency == b"known" else None

    gateway: Any = SimpleNamespace(jobs=SimpleNamespace(same=same))

    async def asked(waiting: int, idempotency: bytes | None) -> Any:
        return await _known_where_full(
            (waiting, 0), {"application_id": 1, "idempotency": idempotency}, gateway
        )

    assert asyncio.run(asked(5, b"known")) is made
    assert asyncio.run(asked(4, b"known")) is None
    for idempotency in (b"new", None):
        with pytest.raises(Refusal, match="5 jobs waiting"):
            asyncio.run(asked(5, idempotency))
