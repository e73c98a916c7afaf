"""Bedrock Guardrails as an engine that finds personal data: ApplyGuardrail, without a model.

Guardrails bills each kind of policy by the text unit; the units of each are in every answer and failure.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

import msgspec

from gateway.providers.bedrock.assessments import GuardrailAnswer, body_of, locate, requests
from gateway.providers.bedrock.client import Attempt, BedrockClient
from gateway.providers.bedrock.errors import error_type, message_of, refusal_of
from gateway.refusals import Refusal
from governance.privacy.policy.engines import EngineAnswer, EngineFailedError, Failure

_AT_A_TIME = 4
_FIRST_WAIT_SECONDS = 0.2
_FAILURES = {
    "ThrottlingException": Failure.THROTTLED,
    "TooManyRequestsException": Failure.THROTTLED,
    "ServiceQuotaExceededException": Failure.THROTTLED,
    "InternalServerException": Failure.UNREACHABLE,
    "ServiceUnavailableException": Failure.UNREACHABLE,
}
_QUOTATION = "Value '"
"""AWS's words before it quotes what it was sent, which must not get into logs."""


class Guardrails:
    """Applies guardrails of this account. One for all calls."""

    def __init__(self, client: BedrockClient, *, timeout_seconds: float = 5.0) -> None:
        self._client = client
        self._timeout_seconds = timeout_seconds

    async def find(
        self, texts: Sequence[str], *, guardrail_id: str, version: str, region: str, source: str
    ) -> EngineAnswer:
        """What a guardrail finds in texts of a prompt (`source` INPUT) or an answer (OUTPUT).

        A match stands for all its occurrences in all of the texts. EngineFailedError where any of them could not be
        looked at in time.
        """
        path = f"/guardrail/{quote(guardrail_id, safe='')}/version/{quote(version, safe='')}/apply"
        work = _Work(path, region, Counter(), asyncio.Semaphore(_AT_A_TIME))
        try:
            async with asyncio.timeout(self._timeout_seconds):
                answers = await self._apply_all(work, [body_of(part, source) for part in requests(texts)])
            findings = locate(texts, [match for answer in answers for match in answer.matches])
        except TimeoutError as error:
            message = f"The guardrail in {region} did not answer within {self._timeout_seconds:g} seconds."
            raise EngineFailedError(Failure.TIMEOUT, message, work.billed) from error
        except ExceptionGroup as failures:
            first = _first(failures)
            raise EngineFailedError(first.failure, str(first), work.billed) from failures
        except ValueError as error:
            message = f"The guardrail in {region} reported a match ({error}) that is not in the text."
            raise EngineFailedError(Failure.UNREADABLE, message, work.billed) from error
        blocks = dict.fromkeys(block for answer in answers for block in answer.blocks)
        return EngineAnswer(findings, tuple(blocks), work.billed)

    async def apply(self, body: bytes, *, guardrail_id: str, version: str, region: str) -> bytes:
        """The answer to a body of ApplyGuardrail, as it comes. Raises Refusal."""
        path = f"/guardrail/{quote(guardrail_id, safe='')}/version/{quote(version, safe='')}/apply"
        attempt = Attempt(region, "", self._timeout_seconds)
        async with self._client.post(attempt, path, body) as answer:
            status, kind = answer.status, error_type(answer.header("x-amzn-errortype"))
            content = await answer.read()
        if status != 200:
            raise refusal_of(kind=kind, status=status, body=content, region=region)
        return content

    async def _apply_all(self, work: "_Work", bodies: Sequence[bytes]) -> list[GuardrailAnswer]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._apply(work, body)) for body in bodies]
        return [task.result() for task in tasks]

    async def _apply(self, work: "_Work", body: bytes) -> GuardrailAnswer:
        """One request; sent again while it is throttled and there is time."""
        wait = _FIRST_WAIT_SECONDS
        async with work.gate:
            while True:
                try:
                    answer = await self._ask(work, body)
                except EngineFailedError as error:
                    if error.failure is not Failure.THROTTLED or wait > self._timeout_seconds / 2:
                        raise
                    await asyncio.sleep(wait)
                    wait *= 2
                else:
                    work.billed.update(answer.billed)
                    return answer

    async def _ask(self, work: "_Work", body: bytes) -> GuardrailAnswer:
        attempt = Attempt(work.region, "", self._timeout_seconds)
        try:
            async with self._client.post(attempt, work.path, body) as answer:
                status, kind = answer.status, error_type(answer.header("x-amzn-errortype"))
                content = await answer.read()
        except Refusal as refusal:
            failure = Failure.TIMEOUT if refusal.code == "upstream_timeout" else Failure.UNREACHABLE
            raise EngineFailedError(failure, refusal.message) from refusal
        if status != 200:
            raise _failed(work.region, kind, status, content)
        try:
            return msgspec.json.decode(content, type=GuardrailAnswer)
        except msgspec.MsgspecError as error:
            message = f"The guardrail in {work.region} sent an answer that can't be read."
            raise EngineFailedError(Failure.UNREADABLE, message) from error


@dataclass(frozen=True, slots=True)
class _Work:
    """What the requests of one call to `find` share."""

    path: str
    region: str
    billed: Counter[str]
    gate: asyncio.Semaphore


def _failed(region: str, kind: str, status: int, content: bytes) -> EngineFailedError:
    """The failure of an error answer: by its name, else by its status."""
    usual = Failure.REFUSED if status < 500 else Failure.UNREACHABLE
    said = message_of(content)
    said = "the request is not valid" if _QUOTATION in said else said
    message = f"The guardrail in {region} answered {kind or status}: {said}"
    return EngineFailedError(_FAILURES.get(kind, usual), message)


def _first(failures: BaseExceptionGroup[BaseException]) -> EngineFailedError:
    """The failure that ended the others; anything else goes on as it is."""
    found = failures.exceptions[0]
    if isinstance(found, EngineFailedError):
        return found
    raise found
