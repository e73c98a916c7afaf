"""Stored responses, opened for whom they belong to."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from gateway.records.keyring import KeyRing
from gateway.records.stored_responses import restored
from governance.records.policy import SealBrokenError, unseal
from governance.records.services.response_store import Kept, ResponseStore, Whose

_PREFIX = "resp_"
_HEX = 32


def call_of_response(response_id: str) -> UUID | None:
    """The call whose response has this id; None for one that is none of Gatehouse's."""
    return _uuid(response_id[len(_PREFIX) :]) if response_id.startswith(_PREFIX) else None


def call_of_item(item_id: str) -> UUID | None:
    """The call that an item's id is of."""
    return _uuid(item_id.rpartition("_")[2][:_HEX])


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(hex=text) if len(text) == _HEX else None
    except ValueError:
        return None


class ResponseReader:
    """Reads from the store and opens with the team's keys. Raises ResponsesUnavailableError."""

    def __init__(self, store: ResponseStore, keyring: KeyRing) -> None:
        self._store = store
        self._keyring = keyring

    async def one(self, call_id: UUID, whose: Whose) -> dict[str, Any] | None:
        """`response` and `input` of a call's, as they were; None where there is none that can be opened."""
        found = await self.several([call_id], whose)
        return found[0] if found else None

    async def several(self, call_ids: Sequence[UUID], whose: Whose) -> list[dict[str, Any]]:
        """Those of these calls' that are there."""
        kept = await self._store.get(call_ids, whose)
        return [opened for each in kept if (opened := await self._opened(each, whose)) is not None]

    async def items_before(
        self, call_id: UUID, whose: Whose, *, most_bytes: int
    ) -> list[dict[str, Any]] | None:
        """All items of a conversation up to and with this response; None where a part of it is not there any more."""
        chain = await self._store.chain(call_id, whose, most_bytes=most_bytes)
        if not chain or chain[0].previous_id is not None:
            return None
        items: list[dict[str, Any]] = []
        for each in chain:
            opened = await self._opened(each, whose)
            if opened is None:
                return None
            items += opened["input"] + opened["response"]["output"]
        return items

    async def _opened(self, kept: Kept, whose: Whose) -> dict[str, Any] | None:
        key = await self._keyring.of_generation(whose.team_id, kept.generation)
        if key is None:
            return None
        try:
            return await asyncio.to_thread(_open, kept, key, whose.team_id)
        except SealBrokenError:
            return None


def _open(kept: Kept, key: bytes, team_id: int) -> dict[str, Any]:
    content = orjson.loads(unseal(kept.sealed, key=key, call_id=kept.call_id, team_id=team_id))
    values, entities = content.pop("values"), frozenset(content.pop("entities"))
    found: dict[str, Any] = restored(content, values, entities)
    return found
