"""POST /v1/moderations: by the gateway's own screening, or by a Bedrock guardrail, as an administrator has set it."""

import asyncio

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from gateway.call import Call
from gateway.call.groups import Routed
from gateway.entrances.formats.entrance import OpenAIEntrance
from gateway.entrances.formats.incoming import check_tags, headers_of, new_call
from gateway.entrances.formats.moderations import guardrail_scores, moderation_result, texts_of_request
from gateway.entrances.formats.outgoing import JSON, call_headers
from gateway.entrances.handover import handover_of, scope_of
from gateway.entrances.views.base import LeanView, refused
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.snapshot.state import RouteEntry
from gateway.stages.limit_rates import limit_rates
from gateway.stages.take_turn import take_turn
from gateway.steps import identified
from governance.privacy.policy.engines import EngineFailedError
from governance.screening.policy.verdict import ScreeningOutcome, Thresholds
from governance.screening.services import Item
from kernel.clock import utc_now

_SCREENING = "screening"
_NAME = "moderation"
"""What rate limits know it by, as a model."""


class ModerationsView(LeanView):
    """A verdict on each text. It is no call of a model: it has no record and costs no budget; guardrails are AWS' to bill.

    It counts as a request in rate limits.
    """

    async def post(self, request: HttpRequest, **kwargs: str) -> HttpResponse:
        scope = scope_of(request)
        found = handover_of(scope)
        gateway = found.gateway
        call = new_call(scope, wire_format=OpenAIEntrance.name, parsed=None, body_bytes=len(found.body))
        try:
            identified(call, gateway)
            check_tags(headers_of(scope))
            texts, model = texts_of_request(found.body)
            if not settings.MODERATION:
                raise Refusal(
                    "not_found",
                    "Moderation is not set up here. An administrator can map it to the gateway's own screening, or to a "
                    "Bedrock guardrail, with GATEHOUSE_MODERATION.",
                )
            await _admit(call, gateway)
            results = await _results(gateway, texts, call)
        except Refusal as refusal:
            return refused(call, OpenAIEntrance(), refusal)
        finally:
            if call.taken.has_slot:
                gateway.slots.release()
            if call.taken.ticket is not None:
                gateway.limiter.settle(call.taken.ticket, dict.fromkeys(call.taken.token_counters, 0))
        answer = {"id": f"modr-{call.id.hex}", "model": model, "results": results}
        return HttpResponse(
            orjson.dumps(answer), content_type=JSON, headers=call_headers(call, with_cost=True)
        )


async def _admit(call: Call, gateway: Gateway) -> None:
    call.admitted_at = utc_now()
    route = RouteEntry(
        name=_NAME, strategy="", default_max_tokens=0, expected_output_tokens=0, max_tokens_limit=None, timeout_seconds=0, wait_seconds=0,
        created_at=utc_now(), deployments=(),
    )  # fmt: skip
    call.routed = Routed(route=route, deployments=())
    await take_turn(call, gateway)
    await limit_rates(call, gateway)


async def _results(gateway: Gateway, texts: list[str], call: Call) -> list[object]:
    if settings.MODERATION == _SCREENING:
        return [await _screened(gateway, text, call) for text in texts]
    return list(await asyncio.gather(*(_guarded(gateway, text) for text in texts)))


async def _screened(gateway: Gateway, text: str, call: Call) -> object:
    """By the thresholds of the team's own policy."""
    screening = call.rules.effective.screening
    item = Item("user", text)
    verdicts = await gateway.screener.screen(
        [item], Thresholds(flag=screening.flag_at, block=screening.block_at)
    )
    verdict = verdicts[item]
    flagged = [] if verdict.verdict is ScreeningOutcome.CLEAN else ["prompt_attack"]
    return moderation_result({"prompt_attack": round(verdict.score, 4)}, flagged)


async def _guarded(gateway: Gateway, text: str) -> object:
    guardrail_id, _, version = settings.MODERATION.rpartition(":")
    if not text.strip():
        return moderation_result({}, [])
    try:
        found = await gateway.guardrails.find(
            [text],
            guardrail_id=guardrail_id,
            version=version,
            region=guardrail_id.split(":")[3],
            source="INPUT",
        )
    except EngineFailedError as error:
        raise Refusal(
            "overloaded",
            "The guardrail that moderates can't be asked right now. Try again shortly.",
            retry_after=1,
        ) from error
    scores = guardrail_scores(found.blocks)
    return moderation_result(scores, scores)
