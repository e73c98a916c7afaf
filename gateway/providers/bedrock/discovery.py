"""What a region has, from Bedrock's control plane: every list, page by page. Called by background work, never on the way of a call.

Sources: botocore's models of `bedrock`, `bedrock-agent` and `sts`; which lists have pages is theirs, too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from gateway.discovery.policy import Found, Listed
from gateway.providers.bedrock.boto_time import timed_client
from gateway.providers.bedrock.offers import DENIED, Offered, offers_from
from kernel.clock import perf_counter

_CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 4, "mode": "standard"})
"""Standard retries wait before a throttled call is made again, up to 20 s. Source: botocore, `retries/standard.py`."""
_OUT_AFTER = 2
"""Lists that nothing answered for, each tried again, before the others are not asked for any more."""
_MAX_TOLD = 300
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Source:
    """A list: its operation, its method at boto3's client, the member that has its rows, and what is made of one."""

    operation: str
    service: str
    method: str
    rows: str
    kinds: tuple[str, ...]
    made: Callable[[Row], Found]


def read_region(*, region: str, endpoint_url: str, seconds: float) -> tuple[list[Listed], list[Offered]]:
    """Every list of a region, each by itself; and what of it the catalogue may call. Never raises for one that fails: it says why.

    After `seconds` no further page is asked for.
    """
    end, out = perf_counter() + seconds, 0
    clients: dict[str, Any] = {}
    listed: list[Listed] = []
    rows: dict[str, list[Row]] = {}
    for source in _SOURCES:
        found: list[Row] = []
        try:
            if out >= _OUT_AFTER:
                raise _OutError
            if source.service not in clients:
                clients[source.service] = timed_client(
                    source.service, region_name=region, endpoint_url=endpoint_url or None, config=_CONFIG
                )
            for page in _pages(clients[source.service], source, end):
                found += page
            rows[source.operation] = found
            listed.append(
                Listed(operation=source.operation, kinds=source.kinds, found=tuple(map(source.made, found)))
            )
        except (BotoCoreError, ClientError, _TooLateError, _OutError, KeyError) as error:
            out += _is_out(error)
            listed.append(_failed(source, error))
    for client in clients.values():
        client.close()
    models, profiles = rows.get("ListFoundationModels"), rows.get("ListInferenceProfiles")
    offers = [] if models is None or profiles is None else offers_from(models, profiles)
    return listed, offers


def account_of(endpoint_url: str) -> str:
    """The AWS account of the credentials; "" where it can't be told. The simulator has one of its own."""
    if endpoint_url:
        return "000000000000"
    try:
        return str(timed_client("sts", config=_CONFIG).get_caller_identity()["Account"])
    except (BotoCoreError, ClientError):
        return ""


class _TooLateError(Exception):
    """The time for a region is over."""


class _OutError(Exception):
    """The region does not answer."""


def _is_out(error: Exception) -> bool:
    """Whether nothing of the region answered: not where it refused, nor where it throttles."""
    if isinstance(error, ClientError):
        return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) >= 500
    return isinstance(error, HTTPClientError)


def _pages(client: Any, source: _Source, end: float) -> Iterator[list[Row]]:
    if perf_counter() > end:
        raise _TooLateError
    if not client.can_paginate(source.method):
        yield getattr(client, source.method)()[source.rows]
        return
    for page in client.get_paginator(source.method).paginate():
        yield page.get(source.rows, [])
        if page.get("nextToken") and perf_counter() > end:
            raise _TooLateError


def _failed(source: _Source, error: Exception) -> Listed:
    if isinstance(error, _OutError):
        text, is_denied = "The region did not answer, so it was not asked for this, too.", False
    elif isinstance(error, _TooLateError):
        text, is_denied = "The time for this region was over before it was read.", False
    elif isinstance(error, KeyError):
        text, is_denied = f"AWS's answer has a row without {error}, so it was not taken over.", False
    else:
        code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
        is_denied = code in DENIED
        lacks = f"Gatehouse's role lacks the permission bedrock:{source.operation}. " if is_denied else ""
        text = f"{lacks}{error}"
    return Listed(
        operation=source.operation, kinds=source.kinds, problem=text[:_MAX_TOLD], is_denied=is_denied
    )


def _foundation(row: Row) -> Found:
    life = row.get("modelLifecycle", {})
    facts = {
        "arn": row["modelArn"], "vendor": row.get("providerName", ""), "takes": sorted(row.get("inputModalities", ())),
        "gives": sorted(row.get("outputModalities", ())), "streams": bool(row.get("responseStreamingSupported")),
        "ways": sorted(row.get("inferenceTypesSupported", ())), "customised_by": sorted(row.get("customizationsSupported", ())),
        "status": life.get("status", ""), "starts_on": _day(life.get("startOfLifeTime")), "legacy_from": _day(life.get("legacyTime")),
        "extended_from": _day(life.get("publicExtendedAccessTime")), "ends_on": _day(life.get("endOfLifeTime")),
    }  # fmt: skip
    name = row.get("modelName") or row["modelId"]
    return Found(kind="foundation", identifier=row["modelId"], name=name, state=facts["status"], facts=facts)


def _custom(row: Row) -> Found:
    facts = {"base": _model_of(row["baseModelArn"]), "customised_by": row.get("customizationType", "")}
    return Found(
        kind="custom",
        identifier=row["modelArn"],
        name=row["modelName"],
        state=row.get("modelStatus", ""),
        facts=facts,
    )


def _custom_deployment(row: Row) -> Found:
    return Found(
        kind="custom_deployment", identifier=row["customModelDeploymentArn"], name=row["customModelDeploymentName"],
        state=row["status"], facts={"of": row["modelArn"], "base": _model_of(row["modelArn"])},
    )  # fmt: skip


def _imported(row: Row) -> Found:
    facts = {
        "architecture": row.get("modelArchitecture", ""),
        "instructs": bool(row.get("instructSupported")),
    }
    return Found(kind="imported", identifier=row["modelArn"], name=row["modelName"], facts=facts)


def _profile(row: Row) -> Found:
    is_own = row["type"] == "APPLICATION"
    arns = [str(each.get("modelArn", "")) for each in row["models"]]
    facts = {
        "arn": row["inferenceProfileArn"],
        "base": _model_of(arns[0]) if arns else "",
        "regions": sorted({arn.split(":")[3] for arn in arns if arn.count(":") > 4} - {""}),
    }
    return Found(
        kind="application_profile" if is_own else "profile",
        identifier=row["inferenceProfileArn"] if is_own else row["inferenceProfileId"],
        name=row["inferenceProfileName"],
        state=row["status"],
        facts=facts,
    )


def _provisioned(row: Row) -> Found:
    facts = {
        "of": row["modelArn"], "base": _model_of(row["foundationModelArn"]), "units": row["modelUnits"],
        "commitment": row.get("commitmentDuration", ""), "committed_until": _day(row.get("commitmentExpirationTime")),
    }  # fmt: skip
    return Found(
        kind="provisioned", identifier=row["provisionedModelArn"], name=row["provisionedModelName"], state=row["status"], facts=facts
    )  # fmt: skip


def _guardrail(row: Row) -> Found:
    facts = {"arn": row["arn"], "version": row["version"]}
    return Found(kind="guardrail", identifier=row["id"], name=row["name"], state=row["status"], facts=facts)


def _knowledge_base(row: Row) -> Found:
    return Found(
        kind="knowledge_base", identifier=row["knowledgeBaseId"], name=row["name"], state=row["status"]
    )


def _model_of(arn: str) -> str:
    """The foundation model's ID that an ARN names: its own, or the one that a custom model is made of."""
    resource = arn.split(":", 5)[-1]
    kind, _, rest = resource.partition("/")
    return rest if kind == "foundation-model" else rest.rpartition("/")[0] if kind == "custom-model" else ""


def _day(moment: object) -> str | None:
    return moment.date().isoformat() if isinstance(moment, datetime) else None


_SOURCES = (
    _Source("ListFoundationModels", "bedrock", "list_foundation_models", "modelSummaries", ("foundation",), _foundation),
    _Source("ListInferenceProfiles", "bedrock", "list_inference_profiles", "inferenceProfileSummaries", ("profile", "application_profile"), _profile),
    _Source("ListCustomModels", "bedrock", "list_custom_models", "modelSummaries", ("custom",), _custom),
    _Source("ListCustomModelDeployments", "bedrock", "list_custom_model_deployments", "modelDeploymentSummaries", ("custom_deployment",), _custom_deployment),
    _Source("ListImportedModels", "bedrock", "list_imported_models", "modelSummaries", ("imported",), _imported),
    _Source("ListProvisionedModelThroughputs", "bedrock", "list_provisioned_model_throughputs", "provisionedModelSummaries", ("provisioned",), _provisioned),
    _Source("ListGuardrails", "bedrock", "list_guardrails", "guardrails", ("guardrail",), _guardrail),
    _Source("ListKnowledgeBases", "bedrock-agent", "list_knowledge_bases", "knowledgeBaseSummaries", ("knowledge_base",), _knowledge_base),
)  # fmt: skip
