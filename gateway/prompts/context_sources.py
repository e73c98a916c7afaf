"""What context sources hold, fetched for calls, and kept for a while."""

import asyncio
import time
from collections import OrderedDict
from hashlib import sha256
from typing import Any

import orjson
import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import RequestError

from kernel.postgres_pool import PostgresAwayError, PostgresPool
from prompts.knowledge.policy.context import BadSourceError, SourceEntry, address_of, check_url

_MAX_KEPT = 512
_MAX_BYTES = 256 * 1024
_MAX_CONNECTIONS = 4


class SourceFailedError(Exception):
    """A source did not answer in time, or not with what it should; the message says which and why, without addresses."""


class ContextSources:
    """One for all calls of a process. Connections are made when they are first needed."""

    def __init__(self, *, database_url: str, hosts: tuple[str, ...]) -> None:
        self._database_url = database_url
        self._hosts = hosts
        self._pool: PostgresPool | None = None
        self._client: Client | None = None
        self._kept: OrderedDict[tuple[int, str, str], tuple[float, Any]] = OrderedDict()

    async def stop(self) -> None:
        if self._pool is not None:
            await self._pool.close()
        if self._client is not None:
            await self._client.close()

    async def get(self, source: SourceEntry, values: dict[str, Any]) -> Any:
        """A text, a JSON value, or a list of rows. SourceFailedError; None where the source may be missing."""
        if source.kind == "text":
            return source.text
        value = values.get(source.variable) if source.variable else None
        if isinstance(value, dict | list):
            raise SourceFailedError(
                f"The variable '{source.variable}' picks what “{source.name}” gives: it must be a text or a number."
            )
        key = (source.id, source.revision, sha256(repr(value).encode("utf-8", "surrogatepass")).hexdigest())
        kept = self._kept.get(key)
        if kept is not None and kept[0] > time.monotonic():
            self._kept.move_to_end(key)
            return kept[1]
        try:
            async with asyncio.timeout(source.timeout_ms / 1000):
                found = await (
                    self._rows(source, value) if source.kind == "sql" else self._answer(source, value)
                )
        except (
            TimeoutError,
            PostgresAwayError,
            psycopg.Error,
            RequestError,
            OSError,
            BadSourceError,
            ValueError,
        ) as error:
            if source.on_failure == "empty":
                return None
            why = "took too long" if isinstance(error, TimeoutError) else "failed"
            raise SourceFailedError(f"The context source “{source.name}” {why}.") from error
        if source.cache_seconds:
            self._kept[key] = (time.monotonic() + source.cache_seconds, found)
            if len(self._kept) > _MAX_KEPT:
                self._kept.popitem(last=False)
        return found

    async def _rows(self, source: SourceEntry, value: Any) -> list[dict[str, Any]]:
        """Rows of the view, in a transaction that can only read."""
        if not self._database_url:
            raise ValueError("there is no database for context")
        if self._pool is None:
            self._pool = PostgresPool(
                self._database_url, min_size=0, max_size=_MAX_CONNECTIONS, timeout=30, writes=False, connection={"row_factory": dict_row},
            )  # fmt: skip
            await self._pool.open()
        name = sql.Identifier(*source.view.split("."))
        where = (
            sql.SQL("WHERE {}::text = %s").format(sql.Identifier(source.key_column))
            if source.key_column
            else sql.SQL("")
        )
        statement = sql.SQL("SELECT * FROM {} {} LIMIT {}").format(name, where, sql.Literal(source.most_rows))
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute("SET TRANSACTION READ ONLY")
            await connection.execute(f"SET LOCAL statement_timeout = {int(source.timeout_ms)}")
            cursor = await connection.execute(statement, (str(value),) if source.key_column else ())
            rows: list[dict[str, Any]] = await cursor.fetchall()
        return orjson.loads(orjson.dumps(rows, default=str))  # type: ignore[no-any-return]

    async def _answer(self, source: SourceEntry, value: Any) -> Any:
        url = address_of(source, value)
        check_url(url, hosts=self._hosts)
        if self._client is None:
            self._client = ClientBuilder().follow_redirects(False).max_connections(16).build()
        async with self._client.get(url).streamed_read_buffer_limit(0).build_streamed() as response:
            if response.status != 200:
                raise ValueError(f"status {response.status}")
            body = b""
            while (chunk := await response.body_reader.read_chunk()) is not None:
                body += bytes(chunk)
                if len(body) > _MAX_BYTES:
                    raise ValueError("the answer is too large")
        if "json" in (response.get_header("content-type") or ""):
            return orjson.loads(body)
        return body.decode("utf-8", "replace")
