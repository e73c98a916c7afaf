"""Files of the data plane: written and read piece by piece, without the ORM, sealed before they come here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel.deadlines import within
from kernel.errors import UnavailableError
from kernel.postgres_pool import PostgresAwayError, PostgresPool

CHUNK_BYTES = 1024 * 1024
"""Of what is sealed: all pieces of a file but the last have as much."""
_MAX_SECONDS = 10.0
_COLUMNS = "id, team_id, name, purpose, bytes, generation, created_at, expires_at"
_MINE = "team_id = %(team)s AND application_id = %(application)s AND is_whole AND expires_at > now()"
_BEGIN = """
    INSERT INTO gateway_storedfile (id, team_id, application_id, name, purpose, is_whole, bytes, generation, created_at, expires_at)
    VALUES (%(id)s, %(team)s, %(application)s, %(name)s, %(purpose)s, false, 0, %(generation)s, %(created_at)s, %(expires_at)s)"""
_ADD = """
    WITH grown AS (UPDATE gateway_storedfile SET bytes = bytes + %(size)s WHERE id = %(id)s AND NOT is_whole RETURNING id)
    INSERT INTO gateway_filechunk (file_id, number, sealed) SELECT id, %(number)s, %(sealed)s FROM grown RETURNING 1"""
_FINISH = """
    UPDATE gateway_storedfile SET is_whole = true, name = %s, purpose = %s, expires_at = %s WHERE id = %s AND NOT is_whole RETURNING 1"""
_DROP = """
    WITH gone AS (DELETE FROM gateway_filechunk WHERE file_id = %(id)s) DELETE FROM gateway_storedfile WHERE id = %(id)s"""
_GET = f"SELECT {_COLUMNS} FROM gateway_storedfile WHERE id = %(id)s AND {_MINE}"  # noqa: S608 - names of columns
_OF_BATCH = f"SELECT {_COLUMNS} FROM gateway_storedfile WHERE id = %(id)s AND team_id = %(team)s AND is_whole"  # noqa: S608
_LIST = f"""
    SELECT {_COLUMNS} FROM gateway_storedfile f WHERE {_MINE} AND (%(purpose)s::text = '' OR purpose = %(purpose)s::text)
        AND (%(after)s::uuid IS NULL OR (created_at, id) {{sign}}
             (SELECT a.created_at, a.id FROM gateway_storedfile a WHERE a.id = %(after)s::uuid))
    ORDER BY created_at {{order}}, id {{order}} LIMIT %(limit)s"""  # noqa: S608
_IN_USE = """
    SELECT 1 FROM gateway_batch WHERE application_id = %(application)s AND input_file_id = %(id)s
        AND state IN ('validating', 'in_progress', 'finalizing', 'cancelling') LIMIT 1"""
_BYTES = "SELECT coalesce(sum(bytes), 0)::bigint FROM gateway_storedfile WHERE team_id = %s"
_CHUNK = "SELECT sealed FROM gateway_filechunk WHERE file_id = %s AND number = %s"


class FilesUnavailableError(UnavailableError):
    """The database did not answer in time, or a file was deleted while it was read or written."""


@dataclass(frozen=True, slots=True)
class FileSeen:
    """A file as its caller may see it."""

    id: UUID
    team_id: int
    name: str
    purpose: str
    bytes: int
    generation: int
    created_at: datetime
    expires_at: datetime

    @property
    def chunks(self) -> int:
        return -(-self.bytes // CHUNK_BYTES)


class FileStore:
    """On the gateway's pool. Every call has a deadline. Raises FilesUnavailableError."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def begin(self, values: dict[str, Any]) -> None:
        """The row of a file that is still to come."""
        await self.rows(_BEGIN, values)

    async def add(self, file_id: UUID, *, number: int, sealed: bytes, size: int) -> None:
        """One more piece, of so many bytes before it was sealed."""
        values = {"id": file_id, "number": number, "sealed": sealed, "size": size}
        if not await self.rows(_ADD, values):
            raise FilesUnavailableError("the file was deleted meanwhile")

    async def finish(self, file_id: UUID, *, name: str, purpose: str, expires_at: datetime) -> None:
        """All of it is there."""
        if not await self.rows(_FINISH, (name, purpose, expires_at, file_id)):
            raise FilesUnavailableError("the file was deleted meanwhile")

    async def drop(self, file_id: UUID) -> None:
        """Deletes a file with its pieces."""
        await self.rows(_DROP, {"id": file_id})

    async def get(self, file_id: UUID, *, team_id: int, application_id: int) -> FileSeen | None:
        """The file, if it is theirs."""
        rows = await self.rows(_GET, {"id": file_id, "team": team_id, "application": application_id})
        return FileSeen(*rows[0]) if rows else None

    async def of_batch(self, file_id: UUID, *, team_id: int) -> FileSeen | None:
        """The file that a batch reads, which stays for as long as it does."""
        rows = await self.rows(_OF_BATCH, {"id": file_id, "team": team_id})
        return FileSeen(*rows[0]) if rows else None

    async def page(
        self,
        *,
        team_id: int,
        application_id: int,
        purpose: str,
        after: UUID | None,
        limit: int,
        newest_first: bool,
    ) -> list[FileSeen]:
        order, sign = ("DESC", "<") if newest_first else ("ASC", ">")
        values = {
            "team": team_id, "application": application_id, "purpose": purpose, "after": after, "limit": limit,
        }  # fmt: skip
        rows = await self.rows(_LIST.format(order=order, sign=sign), values)
        return [FileSeen(*row) for row in rows]

    async def is_in_use(self, file_id: UUID, *, application_id: int) -> bool:
        """Whether a batch that has not ended reads it."""
        return bool(await self.rows(_IN_USE, {"id": file_id, "application": application_id}))

    async def bytes_of(self, team_id: int) -> int:
        """What all files of a team have."""
        return int((await self.rows(_BYTES, (team_id,)))[0][0])

    async def chunk(self, file_id: UUID, number: int) -> bytes:
        """A piece, sealed."""
        rows = await self.rows(_CHUNK, (file_id, number))
        if not rows:
            raise FilesUnavailableError("the file was deleted meanwhile")
        return bytes(rows[0][0])

    async def rows(self, statement: str, values: Any) -> Any:
        try:
            return await within(_MAX_SECONDS, self._read(statement, values))
        except (PostgresAwayError, TimeoutError) as error:
            raise FilesUnavailableError(type(error).__name__) from error

    async def _read(self, statement: str, values: Any) -> Any:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statement, values)
            return await cursor.fetchall() if cursor.description else []
