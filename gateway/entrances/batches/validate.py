"""A batch's file is looked through once: what is broken is noted, and what the rest can cost is held."""

from datetime import timedelta
from typing import Any

from django.conf import settings

from gateway.batches.policy.lines import Fault, LineReader
from gateway.batches.services.batch_store import Work
from gateway.batches.services.file_store import FileSeen
from gateway.call import Call
from gateway.call.job import JobRequest
from gateway.entrances.batches.bound import Bound, bound_of, key_of, windows_of_batch
from gateway.entrances.batches.files import lines_of
from gateway.entrances.batches.turn import Turn
from gateway.providers.bedrock.batch_inference import MIN_RECORDS
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from governance.limits.services.ledger import Admission, HoldRequest
from kernel.clock import utc_now
from kernel.money import format_usd

_FAULTS_AT_ONCE = 200
_TOLD_FAULTS = 100
_LONGER = timedelta(days=1)
"""So long after its deadline calls under way may still end; the sweep lets go of a hold that nobody needs before."""
_CHAT = "/v1/chat/completions"
_OUR_SIDE = 500


class NotNowError(Exception):
    """Nothing is wrong with the batch: it is tried again."""


class Validation:
    """One look through a file."""

    def __init__(self, work: Work, request: JobRequest, turn: Turn, gateway: Gateway) -> None:
        self._work, self._request, self._turn, self._gateway = work, request, turn, gateway
        self._total = self._broken = self._nanos = 0
        self._first: Call | None = None
        self._inferred: int | None = (
            0 if settings.BATCH_BUCKET and settings.BATCH_ROLE_ARN and work.endpoint == _CHAT else None
        )
        self._faults: list[Fault] = []
        self._told: list[dict[str, Any]] = []

    async def run(self, file: FileSeen) -> str:
        """The state it is in then. Raises NotNowError and what stores and files raise."""
        key = self._key()
        if isinstance(key, Refusal):
            return await self.fail(key.code, key.message)
        await self._gateway.batches.forget_faults(self._work.id)
        reader = LineReader(endpoint=self._work.endpoint)
        async for raw in lines_of(file, self._gateway):
            self._total += 1
            if self._total > settings.BATCH_MAX_LINES:
                told = f"The file has more lines than the {settings.BATCH_MAX_LINES:,} that a batch may have. Send several."
                return await self.fail("too_many_tasks", told)
            found = reader.read(raw)
            bound = found if isinstance(found, Fault) else await self._bound(found, key)
            await self._note(bound)
            if self._first is None:
                reader.forget_model()
            await self._turn.rest()
        await self._write_faults()
        if self._first is None:
            if not self._total:
                return await self.fail("empty_file", "The file has no lines.")
            return await self._failed(self._told)
        return await self._begin(reader.model)

    def _key(self) -> Any:
        try:
            return key_of(self._work.key_id, self._request, self._gateway)
        except Refusal as refusal:
            if refusal.status >= _OUR_SIDE:
                raise NotNowError from refusal
            return refusal

    async def _bound(self, line: Any, key: Any) -> Bound | Fault:
        try:
            return await bound_of(line, self._request, key, self._gateway)
        except Refusal as refusal:
            if refusal.status >= _OUR_SIDE:
                raise NotNowError from refusal
            param = f"body.{refusal.param}" if refusal.param else ""
            return Fault(line=line.number, code=refusal.code, message=refusal.message, param=param)

    async def _note(self, found: Bound | Fault) -> None:
        if isinstance(found, Bound):
            self._nanos += found.nanos
            self._first = self._first or found.call
            self._add_inferred(found)
            return
        self._broken += 1
        self._faults.append(found)
        if len(self._told) < _TOLD_FAULTS:
            self._told.append(_problem(found.code, found.message, line=found.line, param=found.param))
        if len(self._faults) >= _FAULTS_AT_ONCE:
            await self._write_faults()

    def _add_inferred(self, found: Bound) -> None:
        """What batch inference would cost, as long as it can make all lines at one deployment."""
        assert self._first is not None
        if (
            self._inferred is None
            or found.inferred is None
            or found.call.routed.deployments[0].id != self._first.routed.deployments[0].id
        ):
            self._inferred = None
        else:
            self._inferred += found.inferred

    async def _write_faults(self) -> None:
        if self._faults:
            await self._gateway.batches.note_faults(self._work.id, self._faults)
            self._faults = []

    async def _begin(self, model: str) -> str:
        """Holds what all of it can cost, and begins. Should this process die in between, who comes next holds it anew."""
        assert self._first is not None
        deployment = self._first.routed.deployments[0]
        if self._inferred is not None and self._total - self._broken >= MIN_RECORDS:
            self._nanos = self._inferred
            where: dict[str, Any] = {"deployment": deployment.id, "region": deployment.region}
        else:
            where = {}
        windows = windows_of_batch(self._first, self._request, self._work.created_at)
        request = HoldRequest(
            call_id=self._work.id,
            amount_nanos=self._nanos,
            least_nanos=self._nanos,
            windows=windows,
            started_at=self._work.created_at,
            lifetime_seconds=(self._work.deadline_at + _LONGER - utc_now()).total_seconds(),
            record={},
        )
        admission = await self._gateway.batch_holds.hold(request)
        if not admission.admitted:
            return await self.fail("budget_exceeded", self._short(admission))
        await self._gateway.batches.begin(
            self._work.id, self._turn.runner, total=self._total, broken=self._broken, held_nanos=self._nanos, model=model, **where
        )  # fmt: skip
        return "in_progress"

    def _short(self, admission: Admission) -> str:
        window = admission.window
        assert window is not None
        assert self._first is not None
        budget = next(each for each in self._first.key.budgets if each.id == window.budget_id)
        left = format_usd(max(admission.remaining_nanos or 0, 0))
        return (
            f"The budget for {budget.name} has {left} left, and this batch may cost up to {format_usd(self._nanos)}, all of which "
            "is held before it begins. A smaller max_tokens on each line, or fewer lines, lower that."
        )

    async def fail(self, code: str, message: str) -> str:
        """None of it is made: `message` says why."""
        return await self._failed([_problem(code, message)])

    async def _failed(self, problems: list[dict[str, Any]]) -> str:
        await self._gateway.batches.fail(
            self._work.id, self._turn.runner, problems=problems, total=self._total, broken=self._broken
        )
        return "finalizing"


def _problem(code: str, message: str, *, line: int | None = None, param: str = "") -> dict[str, Any]:
    return {
        "code": code,
        "line": line,
        "message": message.replace("\0", "")[:500],
        "param": param.replace("\0", "") or None,
    }
