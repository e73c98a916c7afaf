"""Celery's connections to Valkey: one that has become a replica is left, and its address looked up anew.

kombu's own take a refusal for the caller's fault, and go on asking the same server (`get_redis_error_classes`: READONLY is a
ResponseError, and so an error of the channel). With Sentinel redis-py does the same by itself (SentinelManagedConnection).
"""

from typing import Any

from kombu.transport import redis as transport
from redis import Connection, SSLConnection
from redis.exceptions import ConnectionError as LostError
from redis.exceptions import ReadOnlyError


class _Leaving:
    def read_response(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().read_response(*arguments, **options)  # type: ignore[misc]
        except ReadOnlyError as error:
            self.disconnect()  # type: ignore[attr-defined]
            raise LostError("what was the primary is a replica") from error


class _Plain(_Leaving, Connection):
    pass


class _Tls(_Leaving, SSLConnection):
    pass


class Channel(transport.Channel):  # type: ignore[misc]
    connection_class, connection_class_ssl = _Plain, _Tls


class Transport(transport.Transport):  # type: ignore[misc]
    Channel = Channel
