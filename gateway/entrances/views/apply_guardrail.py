"""POST /bedrock/guardrail/{id}/version/{version}/apply: a guardrail that a privacy policy of the key's names."""

from collections import Counter
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse

from gateway.call import Call
from gateway.entrances.formats.entrance import decode_body
from gateway.entrances.formats.incoming import check_tags, headers_of, new_call
from gateway.entrances.handover import handover_of, scope_of
from gateway.entrances.views.base import LeanView, refused
from gateway.entrances.views.bedrock import ENTRANCE, answered
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.served import serve

_MEMBERS = frozenset({"source", "content", "outputScope"})


class ApplyGuardrailView(LeanView):
    """Bedrock's answer as it comes; the units that AWS bills are on the call's record. Texts alone are looked at."""

    async def post(self, request: HttpRequest, *, guardrail: str, version: str) -> HttpResponse:
        scope = scope_of(request)
        found = handover_of(scope)
        call = new_call(scope, wire_format=ENTRANCE.name, parsed=None, body_bytes=len(found.body))

        async def work() -> bytes:
            guardrail_id = _known(call, guardrail, version)
            check_tags(headers_of(scope))
            body = _checked(found.body)
            region = _region(call, found.gateway, guardrail_id)
            content = await found.gateway.guardrails.apply(
                body, guardrail_id=guardrail_id, version=version, region=region
            )
            _note(call, content)
            return content

        try:
            content = await serve(call, found.gateway, work)
        except Refusal as refusal:
            return refused(call, ENTRANCE, refusal)
        return answered(call, content)


def _known(call: Call, guardrail: str, version: str) -> str:
    """The guardrail as the policy names it. Refusal not_found for all others: which there are is nobody's business."""
    bare = guardrail.rpartition("/")[2]
    for known, known_version in call.rules.effective.guardrails:
        is_same = bare == known.rpartition("/")[2] and (guardrail in (known, bare) or known == bare)
        if is_same and known_version == version:
            return known
    raise Refusal(
        "not_found",
        f"There is no guardrail '{guardrail[:200]}' of version {version[:20]} in the privacy policies of this API key.",
        param="guardrailIdentifier",
    )


def _checked(body: bytes) -> bytes:
    given: Any = decode_body(msgspec.json.decode, body)
    if not isinstance(given, dict) or given.get("source") not in ("INPUT", "OUTPUT"):
        raise Refusal("invalid_request", "'source' is INPUT or OUTPUT.", param="source")
    for name in given:
        if name not in _MEMBERS:
            raise Refusal("invalid_request", f"'{name[:100]}' is not known.", param=name[:100])
    content = given.get("content")
    if not isinstance(content, list) or not content or not all(map(_is_text, content)):
        raise Refusal(
            "invalid_request", "'content' is a list of blocks of text; images are not taken.", param="content"
        )
    return body


def _is_text(block: Any) -> bool:
    match block:
        case {"text": {"text": str() as text}} if text.strip() and len(block) == 1:
            return True
    return False


def _region(call: Call, gateway: Gateway, guardrail_id: str) -> str:
    """The region in its ARN; else where the key's first model is, as for calls."""
    parts = guardrail_id.split(":")
    if len(parts) > 5 and parts[0] == "arn":
        return parts[3]
    for name in gateway.snapshot.route_names:
        route = gateway.snapshot.routes[name]
        region = next((each.region for each in route.deployments if each.account is None), None)
        if region is not None and call.key.may_call(name, call.started_at):
            return region
    raise Refusal(
        "model_not_found", "This API key may call no model on Bedrock, so no region is known.", param="model"
    )


def _note(call: Call, content: bytes) -> None:
    try:
        answer: Any = msgspec.json.decode(content)
        call.checks.guardrail = "blocked" if answer["action"] == "GUARDRAIL_INTERVENED" else "passed"
        units = {name: int(number) for name, number in (answer.get("usage") or {}).items() if number}
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refusal("upstream_error", "The guardrail sent an answer that can't be read.") from error
    call.checks.guardrail_units.update(Counter(units))
