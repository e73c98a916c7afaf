"""Asks one side: boto3, but the body goes as the probe has it, so that what boto3 would not send is tried, too."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import orjson
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EventStreamError
from urllib3.exceptions import HTTPError

from embedded.simulator.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from embedded.trial.marks import marks_of, streamed
from embedded.trial.outcome import Outcome, Usage, without_secrets
from embedded.trial.probe import Probe
from embedded.trial.target import Target

# A new schema's first compilation takes AWS minutes.
_CONNECT_SECONDS, _READ_SECONDS = 5, 120
_STREAM = "ConverseStream"
_METHODS = {
    "Converse": "converse",
    _STREAM: "converse_stream",
    "CountTokens": "count_tokens",
    "InvokeModel": "invoke_model",
}
# What botocore wants before it sends anything; the probe's body takes its place.
_NOTHING: dict[str, dict[str, Any]] = {
    "Converse": {"messages": []}, _STREAM: {"messages": []}, "CountTokens": {"input": {}}, "InvokeModel": {"body": b"{}"},
}  # fmt: skip
_FAULTS = (
    "ModelTimeoutException",
    "ModelErrorException",
    "ModelNotReadyException",
    "InternalServerException",
)
_THROTTLING = ("ThrottlingException", "TooManyRequestsException", "ServiceQuotaExceededException")


class Side:
    """One of the two that are asked. Close it."""

    def __init__(self, region: str, endpoint_url: str = "", *, is_simulator: bool = False) -> None:
        more: dict[str, Any] = {}
        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"total_max_attempts": 1},
            parameter_validation=False,
            # The simulator knows no tokens, which the environment may have for AWS.
            signature_version="v4" if is_simulator else None,
        )
        if is_simulator:
            more = {"aws_access_key_id": ACCESS_KEY_ID, "aws_secret_access_key": SECRET_ACCESS_KEY}
        self._client = boto3.client(
            "bedrock-runtime", region_name=region, endpoint_url=endpoint_url or None, config=config, **more
        )

    @property
    def address(self) -> str:
        """Where requests go."""
        return str(self._client.meta.endpoint_url)

    def ask(self, probe: Probe, target: Target) -> Outcome:
        """The answer. What is throttled is asked once more; what can't be asked is unknown."""
        found = self._ask(probe, target)
        return self._ask(probe, target) if found.exception in _THROTTLING else found

    def close(self) -> None:
        """Closes its connections."""
        self._client.close()

    def _ask(self, probe: Probe, target: Target) -> Outcome:
        model_id = (
            target.base_id
            if probe.by_base_id
            else target.profile_id
            if probe.by_profile
            else target.invoke_id
        )
        try:
            with self._sending(probe):
                answer = getattr(self._client, _METHODS[probe.operation])(
                    modelId=model_id, **_NOTHING[probe.operation]
                )
                return _outcome(probe, answer)
        except (ClientError, EventStreamError) as error:
            return _refused(error)
        except (BotoCoreError, HTTPError, ValueError) as error:
            return Outcome(
                exception=type(error).__name__, message=without_secrets(str(error)), is_unknown=True
            )

    @contextmanager
    def _sending(self, probe: Probe) -> Iterator[None]:
        """The probe's body in place of the one that botocore made."""

        def put(params: dict[str, Any], **_: Any) -> None:
            params["body"] = orjson.dumps(probe.body)
            params["headers"]["Content-Type"] = "application/json"

        event = f"before-call.bedrock-runtime.{probe.operation}"
        self._client.meta.events.register(event, put)
        try:
            yield
        finally:
            self._client.meta.events.unregister(event, put)


def _outcome(probe: Probe, answer: dict[str, Any]) -> Outcome:
    status = int(answer["ResponseMetadata"]["HTTPStatusCode"])
    if probe.operation == "CountTokens":
        return Outcome(status, marks=("inputTokens",) if answer.get("inputTokens") else ())
    if probe.operation == "InvokeModel":
        told = orjson.loads(answer["body"].read())
        kinds = tuple(dict.fromkeys(str(each.get("type")) for each in told.get("content") or ()))
        usage = told.get("usage") or {}
        counted = Usage(int(usage.get("input_tokens") or 0), int(usage.get("output_tokens") or 0))
        return Outcome(
            status, stop_reason=str(told.get("stop_reason")), marks=kinds, usage=counted if usage else None
        )
    if probe.operation == _STREAM:
        content, stop_reason, usage, marks = streamed(answer["stream"])
        return Outcome(
            status, stop_reason=stop_reason, marks=(*marks_of(content), *marks), usage=_usage(usage)
        )
    content = answer.get("output", {}).get("message", {}).get("content") or []
    return Outcome(
        status,
        stop_reason=str(answer.get("stopReason")),
        marks=marks_of(content),
        usage=_usage(answer.get("usage")),
    )


def _usage(usage: dict[str, Any] | None) -> Usage | None:
    if not usage:
        return None
    names = ("inputTokens", "cacheReadInputTokens", "cacheWriteInputTokens")
    return Usage(sum(int(usage.get(name) or 0) for name in names), int(usage.get("outputTokens") or 0))


def _refused(error: ClientError | EventStreamError) -> Outcome:
    told = error.response.get("Error", {})
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
    code = str(told.get("Code") or type(error).__name__)
    code = code[:1].upper() + code[1:]  # inside a stream it is the name of an event's member
    is_unknown = code in (*_THROTTLING, *_FAULTS) or status >= 500
    return Outcome(status, code, without_secrets(str(told.get("Message") or "")), is_unknown=is_unknown)
