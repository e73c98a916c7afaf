"""What Bedrock's API answers besides models: lists of models and profiles, and counts of tokens."""

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any

import msgspec
import orjson
from django.http import HttpRequest, HttpResponse

from gateway.call import Call
from gateway.conversation import Json
from gateway.entrances.formats.bedrock import BedrockEntrance, Catalogue
from gateway.entrances.formats.entrance import ConverseEntrance, Entrance, Headers, Parsed, decode_body
from gateway.entrances.formats.incoming import new_call
from gateway.entrances.formats.invoke import InvokeEntrance
from gateway.entrances.formats.invoke_families import family_asked
from gateway.entrances.formats.outgoing import JSON, call_headers
from gateway.entrances.handover import handover_of, scope_of
from gateway.entrances.views.base import LeanView, refused
from gateway.entrances.views.count_tokens import CountTokensView
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.snapshot.names import spelling
from gateway.stages.limit_rates import limit_requests
from gateway.steps import identified

ENTRANCE = BedrockEntrance()
_MAX_PAGE_SIZE = 1000
_FILTERS = {
    "byOutputModality": "outputModalities",
    "byInferenceType": "inferenceTypesSupported",
    "byCustomizationType": "customizationsSupported",
}


class _ListView(LeanView):
    """A list of what the key may call."""

    async def get(self, request: HttpRequest, **kwargs: str) -> HttpResponse:
        scope = scope_of(request)
        gateway = handover_of(scope).gateway
        call = new_call(scope, wire_format=ENTRANCE.name, parsed=None, body_bytes=0)
        try:
            identified(call, gateway)
            await limit_requests(call, gateway)
            found = self.found(Catalogue(gateway.snapshot, call.key, call.started_at), request, kwargs)
        except Refusal as refusal:
            return refused(call, ENTRANCE, refusal)
        return answered(call, found)

    def found(self, catalogue: Catalogue, request: HttpRequest, parts: dict[str, str]) -> Json:
        """The answer. Raises Refusal."""
        raise NotImplementedError


def answered(call: Call, found: Json | bytes) -> HttpResponse:
    """A whole answer that is no model's."""
    body = found if isinstance(found, bytes) else orjson.dumps(found)
    return HttpResponse(body, content_type=JSON, headers=call_headers(call, with_cost=False))


class FoundationModelsView(_ListView):
    """GET /foundation-models, and /foundation-models/{id}."""

    def found(self, catalogue: Catalogue, request: HttpRequest, parts: dict[str, str]) -> Json:
        models = catalogue.models()
        if (wanted := parts.get("model")) is not None:
            return {"modelDetails": _one(models, wanted, ("modelId", "modelArn"), "modelIdentifier")}
        if provider := request.GET.get("byProvider", "").lower():
            models = [each for each in models if each["providerName"].lower() == provider]
        for name, member in _FILTERS.items():
            if wanted := request.GET.get(name):
                models = [each for each in models if wanted in each[member]]
        return {"modelSummaries": models}


class InferenceProfilesView(_ListView):
    """GET /inference-profiles, in pages, and /inference-profiles/{id}."""

    def found(self, catalogue: Catalogue, request: HttpRequest, parts: dict[str, str]) -> Json:
        profiles = catalogue.profiles()
        if (wanted := parts.get("profile")) is not None:
            names = ("inferenceProfileId", "inferenceProfileArn")
            return _one(profiles, wanted, names, "inferenceProfileIdentifier")
        kind = request.GET.get("type") or request.GET.get("typeEquals")
        if kind and kind not in ("SYSTEM_DEFINED", "APPLICATION"):
            raise Refusal("invalid_request", "'type' is SYSTEM_DEFINED or APPLICATION.", param="type")
        return _page([each for each in profiles if not kind or each["type"] == kind], request)


def _one(several: list[Json], wanted: str, members: tuple[str, str], param: str) -> Json:
    for each in several:
        if wanted in (each[members[0]], each[members[1]]):
            return each
    bare = spelling(wanted, frozenset())  # an ARN's region, and the account in it, are not told apart
    for each in several:
        if bare._replace(region="") == spelling(each[members[0]], frozenset())._replace(region=""):
            return each
    raise Refusal("not_found", f"There is no '{wanted[:200]}' that this API key may call.", param=param)


def _page(several: list[Json], request: HttpRequest) -> Json:
    size, begin = request.GET.get("maxResults", str(_MAX_PAGE_SIZE)), request.GET.get("nextToken", "0")
    if not (size.isdecimal() and len(size) <= 4 and 1 <= int(size) <= _MAX_PAGE_SIZE):
        told = f"'maxResults' is a number from 1 to {_MAX_PAGE_SIZE}."
        raise Refusal("invalid_request", told, param="maxResults")
    if not (begin.isdecimal() and len(begin) <= 9):
        raise Refusal("invalid_request", "'nextToken' is not one of this list's.", param="nextToken")
    end = int(begin) + int(size)
    found: Json = {"inferenceProfileSummaries": several[int(begin) : end]}
    return found | ({"nextToken": str(end)} if end < len(several) else {})


class BedrockCountTokensView(CountTokensView):
    """POST /model/{id}/count-tokens, of a body of Converse or of InvokeModel. The gateway's own estimate, too."""

    entrance: Entrance = ENTRANCE
    answer_member = "inputTokens"

    def read(self, body: bytes, headers: Headers, gateway: Gateway) -> Parsed:
        given: Any = decode_body(msgspec.json.decode, body)
        wanted = given.get("input") if isinstance(given, dict) else None
        model = self.kwargs["model"]
        match wanted:
            case {"converse": dict() as inner}:
                return ConverseEntrance(model=model).parse(msgspec.json.encode(inner), headers)
            case {"invokeModel": {"body": str() as encoded}}:
                family = family_asked(gateway.snapshot, model)
                return InvokeEntrance(model=model, family=family).parse(_decoded(encoded), headers)
        raise Refusal(
            "invalid_request",
            "'input' has either 'converse' or 'invokeModel' with its 'body'.",
            param="input",
        )


def _decoded(encoded: str) -> bytes:
    try:
        return b64decode(encoded, validate=True)
    except (Base64Error, ValueError) as error:
        raise Refusal(
            "invalid_request", "input.invokeModel.body is not base64.", param="input.invokeModel.body"
        ) from error
