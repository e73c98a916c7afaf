"""What is collected in memory and written now and then, off the path of a call."""

import logging
from typing import Any, ClassVar

from kernel.deadlines import within
from kernel.faults import Fault, fault_of
from kernel.postgres_pool import PostgresPool
from kernel.upkeep import Upkeep

logger = logging.getLogger(__name__)

_EVERY_SECONDS = 5.0
_DEADLINE_SECONDS = 30.0
_LAST_SECONDS = 5.0


class Writer:
    """Writes every few seconds, and once more when it is stopped. What can't be written yet is kept for the next time."""

    what: ClassVar[str]

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._upkeep: Upkeep | None = None

    def start(self, upkeep: Upkeep) -> None:
        self._upkeep = upkeep
        upkeep.every(_EVERY_SECONDS, self._name, self._write_what_waits, deadline=_DEADLINE_SECONDS)

    async def stop(self) -> None:
        if self._upkeep is not None:
            await self._upkeep.stop(self._name)
        try:
            await within(_LAST_SECONDS, self._write_what_waits())
        except Exception as error:
            logger.warning("%s not written before the end (%s)", self.what, type(error).__name__)

    @property
    def _name(self) -> str:
        return f"writing down {self.what}"

    async def _write_what_waits(self) -> None:
        taken = self._take()
        if not taken:
            return
        try:
            await self._write(taken)
        except BaseException as error:
            if fault_of(error) is not Fault.ITEM:
                self._give_back(taken)
            raise

    def _take(self) -> Any:
        """What waits, which waits no more; nothing where there is none."""
        raise NotImplementedError

    def _give_back(self, taken: Any) -> None:
        """It waits again, beside what has come meanwhile."""
        raise NotImplementedError

    async def _write(self, taken: Any) -> None:
        raise NotImplementedError
