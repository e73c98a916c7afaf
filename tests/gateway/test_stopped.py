"""A gateway that ends in good order says so: the others tell nobody of it as of one that hangs."""

import asyncio
from uuid import UUID

import pytest
from django.db import connection

from governance.limits.models import GatewayInstance
from tests.gateway.factories import gateway_settings, simulator, started

__all__ = ["gateway_settings", "simulator"]
pytestmark = pytest.mark.django_db(transaction=True)


def process_id(instance: UUID) -> int:
    try:
        return GatewayInstance.objects.get(pk=instance).pid
    finally:
        connection.close()  # the thread's own


async def test_a_gateway_says_that_it_has_ended(gateway_settings):
    async with started() as gateway:
        assert await asyncio.to_thread(process_id, gateway.instance_id)
    assert await asyncio.to_thread(process_id, gateway.instance_id) == 0
