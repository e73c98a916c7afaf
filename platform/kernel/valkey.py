"""Connections to Valkey, wherever its primary is by now. As long to import as all of Django's models: only where it is used."""

from contextlib import ExitStack
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
    sentinels = Sentinel(found.hosts, sentinel_kwargs=found.to_sentinels)  # type: ignore[no-untyped-call]
    options |= found.connection | ({"ssl": True} if found.uses_tls else {})
    client: redis.asyncio.Redis = sentinels.master_for(found.name, connection_pool_class=_Pool, **options)
    return client


def check(url: str, *, seconds: float) -> None:
    """Raises ValueError for an address that can't be read, and redis.RedisError or OSError where none answers there."""
    found = sentinels_of(url)
    options: dict[str, Any] = {"socket_connect_timeout": seconds, "socket_timeout": seconds}
    with ExitStack() as ending:
        if found is None:
            client = redis.Redis.from_url(url, **options)
        else:
            sentinels: Any = SyncSentinel(found.hosts, sentinel_kwargs=found.to_sentinels)  # type: ignore[no-untyped-call]
            for each in sentinels.sentinels:
                ending.callback(each.close)
            options |= found.connection | ({"ssl": True} if found.uses_tls else {})
            client = sentinels.master_for(found.name, **options)
        ending.callback(client.close)
        client.ping()
