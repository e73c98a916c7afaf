"""POST /v1/feedback: what an end user says of an answer."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

import msgspec
import orjson
from django.http import HttpRequest, HttpResponse

from gateway.call import Call
from gateway.entrances.formats.entrance import OpenAIEntrance
from gateway.entrances.formats.incoming import check_tags, headers_of, new_call
from gateway.entrances.formats.outgoing import JSON
from gateway.entrances.handover import handover_of, scope_of
from gateway.entrances.views.base import LeanView, refused
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.stages.limit_rates import limit_requests
from gateway.steps import identified
from governance.privacy.policy.masking import Mask
from governance.privacy.services.detector import NamesUnavailableError
from governance.reviews.services.feedback import FeedbackUnavailableError, Given


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    call_id: UUID
    helpful: bool | None = None
    score: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    comment: Annotated[str, msgspec.Meta(max_length=4000)] = ""


class FeedbackView(LeanView):
    """Stores it, and answers when it is durable. One per call and end user: a later one takes its place."""

    async def post(self, request: HttpRequest, **kwargs: str) -> HttpResponse:
        scope = scope_of(request)
        gateway = handover_of(scope).gateway
        call = new_call(scope, wire_format="openai", parsed=None, body_bytes=0)
        try:
            check_tags(headers_of(scope))
            identified(call, gateway)
            await limit_requests(call, gateway)
            found = await _put(_parsed(request.body), call, gateway)
        except Refusal as refusal:
            return refused(call, OpenAIEntrance(), refusal)
        headers = {"x-request-id": call.request.request_id}
        return HttpResponse(orjson.dumps(found), content_type=JSON, headers=headers)


def _parsed(body: bytes) -> _Body:
    try:
        found = msgspec.json.decode(body, type=_Body)
    except msgspec.DecodeError as error:
        raise Refusal("invalid_request", f"The feedback can't be read: {error}.") from error
    if found.helpful is None and found.score is None:
        raise Refusal(
            "invalid_request",
            'Say whether the answer was helpful ("helpful": true or false), give a score from 0 to 1, or both.',
            param="helpful",
        )
    return found


async def _put(body: _Body, call: Call, gateway: Gateway) -> dict[str, Any]:
    given = Given(
        call_id=body.call_id,
        helpful=body.helpful,
        score=body.score,
        comment=await _redacted(body.comment.replace("\0", ""), call, gateway),
        end_user=call.request.end_user,
    )
    try:
        found = await gateway.feedback.put(given, team_id=call.key.team.id)
    except FeedbackUnavailableError as error:
        raise Refusal(
            "overloaded", "Feedback can't be stored right now. Try again shortly.", retry_after=1
        ) from error
    if found is None:
        raise Refusal(
            "not_found",
            f"There is no call {body.call_id} of your team. Feedback can be given when a call has ended.",
            param="call_id",
        )
    return found


async def _redacted(comment: str, call: Call, gateway: Gateway) -> str:
    """The comment as the team's rules let it be kept."""
    if not comment:
        return ""
    rules = call.key.rules
    try:
        detected = await gateway.detector.detect(rules, [comment], may_remember=False)
    except NamesUnavailableError as error:
        raise Refusal(
            "overloaded",
            "The comment must be searched for names before it is stored, and that can't be done right now. Try again shortly.",
            retry_after=1,
        ) from error
    mask = Mask(key=call.key.team.placeholder_key, rules=rules, find=partial(gateway.detector.found, rules))
    mask.known = detected.found
    return mask.hide_answer(comment)
