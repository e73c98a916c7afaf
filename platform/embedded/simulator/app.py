"""The ASGI application: a request's steps, in order.

verify the signature → match the operation → note the request → apply the region's faults → hold the body to the
service's shapes → hold it to Bedrock's rules, while it is read → answer
"""

import time
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

import orjson

from embedded.simulator import (
    converse,
    converse_answer,
    embeddings,
    guardrails,
    inventory,
    knowledge,
    messages,
    messages_answer,
    reranking,
    tokens,
)
from embedded.simulator.batch_jobs import SimulatedBatchJobs
from embedded.simulator.caching import PromptCache, SimulatedUsage
from embedded.simulator.caller import CallerLeft, Headers, Receive, Send, SimulatedCaller
from embedded.simulator.control import Control
from embedded.simulator.credentials import SimulatorCredentials
from embedded.simulator.direct.app import DirectSimulators
from embedded.simulator.errors import (
    AwsError,
    invalid,
    not_counted,
    request_too_large,
    throttled,
    unavailable,
    waits,
)
from embedded.simulator.exceptions import SimulatedException
from embedded.simulator.faults import Regions, Settings
from embedded.simulator.framing import CONTENT_TYPE
from embedded.simulator.guarded import guard
from embedded.simulator.models import Models, SimulatedModel
from embedded.simulator.operations import Operation, match_operation
from embedded.simulator.quotas import service_quotas
from embedded.simulator.recorder import Recorder
from embedded.simulator.replies import reply_to
from embedded.simulator.reply_blocks import SimulatedReply
from embedded.simulator.scripts import Scripts
from embedded.simulator.shapes import json_object, mapping
from embedded.simulator.signature import verify
from embedded.simulator.storage import SimulatedStorage
from embedded.simulator.streams import pump
from embedded.simulator.strict import service
from embedded.simulator.turns import SimulatedTurn

_MAX_BODY = 25 * 1024 * 1024


@dataclass(slots=True)
class SimulatorRequest:
    """A signed request on its way through the steps."""

    caller: SimulatedCaller
    headers: Headers
    region: str
    settings: Settings
    operation: Operation
    model_id: str
    query: dict[str, str]
    body: bytes
    error: SimulatedException | None = None  # that it meets within its stream
    parsed: dict[str, Any] | None = None

    def json(self) -> dict[str, Any]:
        """The body, read once. Raises AwsError (400)."""
        if self.parsed is None:
            self.parsed = json_object(self.body)
        return self.parsed


class Simulator:
    """Bedrock, simulated: an ASGI application. Building one loads the tokenizer (0.3 s)."""

    def __init__(
        self,
        credentials: SimulatorCredentials | None = None,
        models: Models | None = None,
        defaults: Settings | None = None,
    ) -> None:
        tokens.load()
        self._credentials = credentials or SimulatorCredentials()
        self._models = models or Models.load()
        if not self._models.lenient:
            service.load()
        self._regions = Regions(defaults)
        self._recorder = Recorder()
        self._prompt_cache = PromptCache()
        self._scripts = Scripts()
        self._knowledge = knowledge.SimulatedKnowledge()
        self._storage = SimulatedStorage()
        self._jobs = SimulatedBatchJobs(self._storage, self._recorded)
        self._direct = DirectSimulators(
            self._models, self._regions, self._recorder, self._prompt_cache, self._scripts
        )
        self._control = Control(
            self._regions, self._recorder, self._prompt_cache, self._scripts, self._knowledge,
            self._models.inventory,
        )  # fmt: skip

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answers one HTTP request."""
        if scope["type"] != "http":
            raise NotImplementedError("the simulator speaks HTTP alone")
        caller = SimulatedCaller(receive, send)
        try:
            if Control.owns(scope["path"]) and not _target(scope):
                await self._control.handle(scope["method"], scope["path"], caller)
            elif SimulatedStorage.owns(scope):
                await self._storage.serve(scope, caller)
            elif DirectSimulators.owns(scope["path"]):
                await self._direct.serve(scope, caller)
            else:
                await self._serve(scope, caller)
        except CallerLeft:
            pass
        finally:
            caller.close()

    async def _serve(self, scope: dict[str, Any], caller: SimulatedCaller) -> None:
        request_id = str(uuid4())
        headers = [(b"x-amzn-requestid", request_id.encode())]
        region = "unknown"
        try:
            body = await caller.body(_MAX_BODY)
            if body is None:
                raise request_too_large(_MAX_BODY)
            region = verify(scope, body, self._credentials, datetime.now(UTC))
            operation, model_id = match_operation(
                scope["method"], scope["raw_path"].decode("latin-1"), _target(scope)
            )
            trace = {
                name.decode(): value.decode("latin-1")
                for name, value in scope["headers"]
                if name in (b"traceparent", b"tracestate")
            }
            self._recorder.received(request_id, region, operation.value, model_id, body, trace)
            settings = self._regions[region].settings
            query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
            request = SimulatorRequest(caller, headers, region, settings, operation, model_id, query, body)
            await self._apply_faults(request)
            self._hold_to_shapes(request)
            await self._answer(request)
        except AwsError as error:
            self._recorder.refused(region, error.code)
            headers += [(b"x-amzn-errortype", error.error_type.encode()), *error.headers]
            # Service Quotas speaks JSON 1.1, which names an error in its body. Source: botocore, `JSONParser`.
            named = {"__type": error.code} if _target(scope) else {}
            body = orjson.dumps({**named, "message": error.message, **error.fields})
            await caller.answer(error.status, body, headers)

    async def _apply_faults(self, request: SimulatorRequest) -> None:
        if request.settings.latency_ms:
            await request.caller.wait(request.settings.latency_ms / 1000)
        if request.settings.outage:
            raise unavailable()
        if request.operation.can_be_throttled:
            region = self._regions[request.region]
            if region.throttles() or region.is_over_quota(time.monotonic()):
                raise throttled(request.settings.retry_after_ms)
        request.error = self._regions[request.region].error_for(request.operation)
        if request.error is not None and request.error.after_events is None:
            error = request.error.error()
            error.headers = error.headers or waits(error.status, request.settings.retry_after_ms)
            raise error

    def _hold_to_shapes(self, request: SimulatorRequest) -> None:
        if not self._models.lenient and request.body:
            service.hold_to_shapes(request.operation, request.json(), request.model_id)

    async def _answer(self, request: SimulatorRequest) -> None:
        match request.operation:
            case listed if listed in inventory.LISTS:
                await _whole(request, self._listed(request))
            case Operation.LIST_SERVICE_QUOTAS:
                await _whole(
                    request, {"Quotas": service_quotas(self._models, request.region, request.json())}
                )
            case Operation.CREATE_INFERENCE_PROFILE:
                made = self._models.create_profile(request.region, request.json())
                await _whole(request, {"inferenceProfileArn": made, "status": "ACTIVE"})
            case Operation.CREATE_JOB:
                await _whole(request, self._jobs.create(request.region, request.json()))
            case Operation.GET_JOB:
                await _whole(request, self._jobs.get(request.model_id))
            case Operation.STOP_JOB:
                await _whole(request, self._jobs.stop(request.model_id))
            case Operation.COUNT_TOKENS:
                await _whole(request, {"inputTokens": self._read_counted(request).input_tokens})
            case Operation.APPLY_GUARDRAIL:
                identifier, _, version = request.model_id.rpartition("/")
                await _whole(request, guardrails.guardrail_response(identifier, version, request.json()))
            case Operation.RETRIEVE:
                await _whole(request, self._knowledge.retrieve(request.model_id, request.json()))
            case Operation.RETRIEVE_AND_GENERATE:
                await _whole(request, self._knowledge.generate(request.json(), self._models))
            case _:
                await self._invoke(request)

    def _listed(self, request: SimulatorRequest) -> dict[str, Any]:
        """One page of a list. Raises AwsError (400)."""
        region, asked = request.region, request.query
        usual: list[dict[str, Any]] | None = None
        if request.operation is Operation.LIST_FOUNDATION_MODELS:
            usual = self._models.summaries(region, asked)
        elif request.operation is Operation.LIST_INFERENCE_PROFILES:
            usual = self._models.listed_profiles(region, asked.get("type"))
        elif request.operation is Operation.LIST_KNOWLEDGE_BASES:
            asked = request.json()
        return self._models.inventory.page(region, request.operation, asked, usual)

    async def _invoke(self, request: SimulatorRequest) -> None:
        if request.operation is Operation.INVOKE_MODEL:
            model = self._called(request)
            if model.kind == "embedding":
                body, headers = embeddings.embeddings_response(model, request.json())
                await request.caller.answer(200, body, request.headers + headers)
                return
            if model.kind == "rerank":
                found = reranking.rerank_response(model, request.json())
                await request.caller.answer(200, found, request.headers)
                return
        turn = self._read(request, request.json())
        quota = self._regions[request.region].tokens
        taken = quota.take(request.settings.tokens_per_minute, turn.most_tokens, time.monotonic())
        if taken is None:
            raise throttled(request.settings.retry_after_ms)
        script = self._scripts.next(turn)
        if script is not None and script.error is not None:
            if script.error.after_events is None or not request.operation.streams:
                raise script.error.error()
            request.error = script.error
        reply = reply_to(turn, script if script is not None and script.says_something else None)
        guard(turn, reply)
        usage = self._prompt_cache.use(turn, reply.output_tokens, time.monotonic())
        spent = usage.input + usage.cache_write + usage.output * turn.model.capabilities.output_burndown
        settle = partial(quota.settle, taken, spent)
        if request.operation.streams:
            frames = _frames(request, turn, reply, usage)
            await self._stream(request, _before_the_last(frames, settle))
        else:
            seconds = request.settings.generation_seconds(reply.output_tokens)
            if seconds:
                await request.caller.wait(seconds)
            body, headers = _body(request, turn, reply, usage)
            settle()
            await request.caller.answer(200, body, request.headers + headers)

    def _recorded(self, region: str, model_id: str, body: dict[str, Any]) -> bytes:
        """Converse's answer to a record of batch inference. Raises AwsError."""
        settings = self._regions[region].settings
        if not self._models.lenient:
            service.hold_to_shapes(Operation.CONVERSE, body, model_id)
        model = self._models.called(model_id, region, anywhere=settings.any_model)
        turn = converse.read_turn(
            body, model=model, model_id=model_id, region=region, lenient=self._models.lenient
        )
        turn.weigh(tells_tokens=settings.tells_tokens)
        script = self._scripts.next(turn)
        if script is not None and script.error is not None:
            raise script.error.error()
        reply = reply_to(turn, script)
        usage = self._prompt_cache.use(turn, reply.output_tokens, time.monotonic())
        return converse_answer.converse_response(turn, reply, usage, 1)

    async def _stream(self, request: SimulatorRequest, frames: Iterator[tuple[int, bytes]]) -> None:
        self._recorder.stream_opened()
        how = "abandoned"
        try:
            headers = request.headers
            if request.operation is Operation.INVOKE_MODEL_STREAM:
                headers = [*headers, (b"x-amzn-bedrock-content-type", b"application/json")]
            await request.caller.start(200, headers, CONTENT_TYPE)
            how = (await pump(request.caller, frames, request.settings, request.error)).value
        finally:
            self._recorder.stream_ended(how)

    def _read(
        self, request: SimulatorRequest, body: dict[str, Any], *, anthropic: bool | None = None
    ) -> SimulatedTurn:
        """The turn of a body, which is Converse's or Anthropic's according to the operation."""
        counts = request.operation is Operation.COUNT_TOKENS
        model = self._counted(request) if counts else self._called(request)
        if anthropic is None:
            anthropic = request.operation in (Operation.INVOKE_MODEL, Operation.INVOKE_MODEL_STREAM)
        read = messages.read_messages_turn if anthropic else converse.read_turn
        lenient = self._models.lenient
        turn = read(body, model=model, model_id=request.model_id, region=request.region, lenient=lenient)
        if request.operation is Operation.CONVERSE_STREAM:
            converse.hold_to_streaming(turn)
        turn.weigh(tells_tokens=request.settings.tells_tokens)
        return turn

    def _called(self, request: SimulatorRequest) -> SimulatedModel:
        return self._models.called(request.model_id, request.region, anywhere=request.settings.any_model)

    def _counted(self, request: SimulatorRequest) -> SimulatedModel:
        """The model of a CountTokens request, which takes one id of each model that it can count for."""
        model = self._models.resolve(request.model_id)
        if model.capabilities.count_tokens_id not in (None, request.model_id):
            raise not_counted()
        return model

    def _read_counted(self, request: SimulatorRequest) -> SimulatedTurn:
        """The turn inside a CountTokens request."""
        wanted = mapping(request.json().get("input"))
        if "converse" in wanted:
            return self._read(request, mapping(wanted["converse"]), anthropic=False)
        if "invokeModel" not in wanted:
            raise invalid("The input field must have either invokeModel or converse.")
        try:
            inner = b64decode(mapping(wanted["invokeModel"]).get("body") or "", validate=True)
        except (Base64Error, TypeError, ValueError):
            raise invalid("The value at input.invokeModel.body is not valid base64.") from None
        return self._read(request, json_object(inner), anthropic=True)


def _target(scope: dict[str, Any]) -> str:
    """The operation that a header names, as AWS's JSON 1.1 has it."""
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-amz-target"), "")


async def _whole(request: SimulatorRequest, answer: dict[str, Any]) -> None:
    await request.caller.answer(200, orjson.dumps(answer), request.headers)


def _body(
    request: SimulatorRequest, turn: SimulatedTurn, reply: SimulatedReply, usage: SimulatedUsage
) -> tuple[bytes, Headers]:
    latency = _latency_ms(request.settings, reply)
    if request.operation is Operation.CONVERSE:
        return converse_answer.converse_response(turn, reply, usage, latency), []
    return messages_answer.messages_response(reply, usage, turn), messages_answer.headers(usage, latency)


def _frames(
    request: SimulatorRequest, turn: SimulatedTurn, reply: SimulatedReply, usage: SimulatedUsage
) -> Iterator[tuple[int, bytes]]:
    latency = _latency_ms(request.settings, reply)
    if request.operation is Operation.CONVERSE_STREAM:
        return converse_answer.frames(turn, reply, usage, latency)
    first = max(1, round(request.settings.time_to_first_token_ms))
    return messages_answer.messages_frames(reply, usage, turn, (latency, first))


def _before_the_last(
    frames: Iterator[tuple[int, bytes]], then: Callable[[], None]
) -> Iterator[tuple[int, bytes]]:
    """Does something before the last frame is sent: who has read that may count on it."""
    held = next(frames, None)
    for frame in frames:
        assert held is not None
        yield held
        held = frame
    then()
    if held is not None:
        yield held


def _latency_ms(settings: Settings, reply: SimulatedReply) -> int:
    """The latency as set, not as measured: the same request gets the same answer."""
    seconds = settings.generation_seconds(reply.output_tokens)
    return max(1, round(settings.latency_ms + seconds * 1000))
