"""Lines and terms that are legal and odd, or broken where nobody looks: each is told by itself, and none stops the others."""

import codecs
import json
from typing import Any

import pytest

from gateway.batches.models import Batch, BatchFault
from gateway.batches.policy.lines import Splitter
from gateway.batches.policy.terms import TermsError, kept_seconds, terms_of
from gateway.runtime import Gateway
from tests.gateway.batches.test_work import BODY, batched, file_of, make_jobs, step, world
from tests.gateway.factories import gateway_settings, simulator
from tests.gateway.jobs.test_attempts import in_thread, run
from tests.world import World

__all__ = ["gateway_settings", "simulator", "world"]


def line(custom_id: str, **body: Any) -> bytes:
    whole = {
        "custom_id": custom_id,
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {**BODY, **body},
    }
    return json.dumps(whole).encode()


def codes() -> dict[int, str]:
    return dict(BatchFault.objects.order_by("line").values_list("line", "code"))


@pytest.mark.django_db(transaction=True)
def test_a_first_line_that_can_t_be_made_does_not_break_the_others(world: World):
    content = b"\n".join(
        [
            line("a", model="no-such-model"),
            line("b", model="gone"),
            line("c"),
            line("d"),
            line("e", model="other"),
        ]
    )

    async def scenario(gateway: Gateway) -> None:
        batch_id = await batched(gateway, world, content)
        assert await step(gateway, world, batch_id) == "in_progress"
        assert await in_thread(codes) == {1: "model_not_found", 2: "model_not_found", 5: "mismatched_model"}
        batch = await in_thread(Batch.objects.get)
        assert (batch.total, batch.broken, batch.model) == (5, 3, "nova-lite")

    run(scenario)


@pytest.mark.django_db(transaction=True)
def test_a_nul_and_a_byte_order_mark_stop_nothing(world: World):
    broken = line("b", **{"no\0such": 1})
    content = codecs.BOM_UTF8 + b"\n".join(
        [line("a"), broken, b'{"custom_id": "\\u0000", "method": "POST"}', line("\0 c")]
    )

    async def scenario(gateway: Gateway) -> None:
        batch_id = await batched(gateway, world, content)
        assert await step(gateway, world, batch_id) == "in_progress"
        assert set(await in_thread(codes)) == {3}
        for _ in range(2):
            await step(gateway, world, batch_id)
        await make_jobs(gateway, world)
        for _ in range(3):
            await step(gateway, world, batch_id)
        batch = await in_thread(Batch.objects.get)
        assert (batch.state, batch.completed, batch.failed) == ("completed", 3, 1)
        told = await file_of(gateway, world, batch.output_file_id)
        assert [each["custom_id"] for each in told] == ["a", "b", "\0 c"]

    run(scenario)


def test_a_byte_order_mark_is_of_the_file_alone():
    mark = codecs.BOM_UTF8
    for pieces in ([mark + b"{}\n{}"], [mark[:1], mark[1:] + b"{}", b"\n{}"]):
        splitter = Splitter(most=100)
        found = [each for piece in pieces for each in splitter.feed(piece)] + list(splitter.end())
        assert [each.text for each in found] == [b"{}", b"{}"]
        assert [each.ends_at for each in found] == [6, 8]
    assert [each.text for each in Splitter(most=100, offset=6, number=2).feed(mark + b"{}\n")] == [
        mark + b"{}"
    ]


TERMS = {"input_file_id": "file-x", "endpoint": "/v1/embeddings", "completion_window": "24h"}


def test_terms_that_postgres_could_not_keep():
    found = terms_of({**TERMS, "metadata": {"a\0b": "c\0d"}})
    assert found.metadata == {"ab": "cd"}
    for seconds in ("3600x", "0000036000000", "3" * 5000, "", True):
        with pytest.raises(TermsError):
            kept_seconds({"anchor": "created_at", "seconds": seconds}, "expires_after")
    assert kept_seconds({"anchor": "created_at", "seconds": "3600"}, "expires_after") == 3600
