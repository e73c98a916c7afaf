"""Connections to Valkey, wherever its primary is by now. As long to import as all of Django's models: only where it is used."""

from typing import Any

import redis
import redis.asyncio
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.sentinel import Sentinel as SyncSentinel

from kernel.valkey_address import sentinels_of


class _Pool(SentinelConnectionPool):
    """It closes what asks the Sentinels, too."""

    async def aclose(self) -> None:
        await super().aclose()
        await self.sentinel_manager.aclose()


def connected(url: str, **options: Any) -> "redis.asyncio.Redis":
    """A client for an event loop. Raises ValueError for an address that can't be read."""
    found = sentinels_of(url)
    if found is None:
        return redis.asyncio.from_url(url, **options)
    sentinels = Sentinel(found.hosts, sentinel_kwargs=found.to_sentinels)
    more = {"ssl": True} if found.uses_tls else {}
    return sentinels.master_for(
        found.name, connection_pool_class=_Pool, **found.connection, **more, **options
    )


def check(url: str, *, seconds: float) -> None:
    """Raises ValueError for an address that can't be read, and redis.RedisError or OSError where none answers there."""
    found = sentinels_of(url)
    waits = {"socket_connect_timeout": seconds, "socket_timeout": seconds}
    if found is None:
        client = redis.Redis.from_url(url, **waits)
        try:
            client.ping()
        finally:
            client.close()
        return
    sentinels = SyncSentinel(found.hosts, sentinel_kwargs=found.to_sentinels)
    more = {"ssl": True} if found.uses_tls else {}
    client = sentinels.master_for(found.name, **found.connection, **more, **waits)
    try:
        client.ping()
    finally:
        client.close()
        for each in sentinels.sentinels:
            each.close()
