"""Keys that a gateway does not know, where it may be behind."""

import asyncio

import httpx
import pytest

from gateway.entrances.handler import GatewayHandler
from tests.gateway.factories import gateway_settings, simulator, started

__all__ = ["gateway_settings", "simulator"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("gateway_settings")]


@pytest.mark.parametrize(
    ("seconds", "status", "code"), [(0.0, 401, "invalid_api_key"), (2.0, 503, "not_auditable")]
)
def test_an_unknown_key_is_not_told_to_be_wrong_while_changes_can_t_be_read(
    monkeypatch, seconds, status, code
):
    async def scenario() -> httpx.Response:
        handler = GatewayHandler()
        async with started() as gateway:
            monkeypatch.setattr(type(gateway), "snapshot_age", property(lambda _: seconds))
            handler.gateway = gateway
            transport = httpx.ASGITransport(app=handler)
            async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
                headers = {"authorization": "Bearer gh_nobody_has_this"}
                return await client.get("/v1/models", headers=headers)

    answer = asyncio.run(scenario())
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert ("retry-after" in answer.headers) is (status == 503)


def test_what_does_not_pass_by_itself_ends_a_start(monkeypatch):
    handler = GatewayHandler()
    monkeypatch.setattr(
        "gateway.runtime.Gateway._warm_up", lambda _: (_ for _ in ()).throw(FileNotFoundError("a model"))
    )

    async def scenario() -> None:
        with pytest.raises(FileNotFoundError):
            await handler.starting.begin()

    asyncio.run(scenario())
    assert handler.starting.waits_for == ""
