"""POST /bedrock/knowledgebases/{id}/retrieve and /bedrock/retrieveAndGenerate: a team's own knowledge bases of Bedrock.

An answer is made here, of what Retrieve finds: Bedrock's own RetrieveAndGenerate says neither what was read nor what it used
(docs/decisions/0019).
"""

from django.http import HttpRequest, HttpResponse

from gateway.call import Call
from gateway.call.places import Places
from gateway.conversation import Conversation, Json
from gateway.entrances.formats.entrance import Parsed
from gateway.entrances.formats.incoming import Scope, check_tags, headers_of, new_call
from gateway.entrances.formats.invoke_body import text_of
from gateway.entrances.formats.outgoing import call_headers
from gateway.entrances.formats.retrieval import (
    Generation,
    Search,
    conversation_of,
    generated,
    generation_of,
    passage_text,
    search_of,
)
from gateway.entrances.handover import handover_of, scope_of
from gateway.entrances.views.base import LeanView, refused
from gateway.entrances.views.bedrock import ENTRANCE, answered
from gateway.pipeline import fold
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.served import serve
from gateway.stages.gather_context import hidden, may_be_read
from gateway.stages.resolve_route import resolve_route
from prompts.knowledge.policy.knowledge import BaseEntry


class RetrieveView(LeanView):
    """What a base finds, as it comes; what gives models orders is left out where policy says so."""

    async def post(self, request: HttpRequest, *, base: str) -> HttpResponse:
        scope = scope_of(request)
        found = handover_of(scope)
        call = _call(scope, len(found.body))

        async def work() -> Json:
            entry = _base(call, found.gateway, base)
            check_tags(headers_of(scope))
            return await _retrieved(call, found.gateway, entry, search_of(found.body))

        try:
            answer = await serve(call, found.gateway, work)
        except Refusal as refusal:
            return refused(call, ENTRANCE, refusal)
        return answered(call, answer)


class RetrieveAndGenerateView(LeanView):
    """Two calls, each with its record: one that finds, and one of the model, under the team's rules and budgets."""

    async def post(self, request: HttpRequest) -> HttpResponse:
        scope = scope_of(request)
        found = handover_of(scope)
        made = [] if found.made is None else found.made
        call = _call(scope, len(found.body))
        made.append(call)

        async def work() -> tuple[Generation, Json]:
            check_tags(headers_of(scope))
            asked = generation_of(found.body)
            entry = _base(call, found.gateway, asked.search.base)
            # Before anything is searched: whether the model may be called at all.
            resolve_route(_call(scope, 0, key_of=call, model=asked.model), found.gateway)
            return asked, await _retrieved(call, found.gateway, entry, asked.search)

        try:
            asked, answer = await serve(call, found.gateway, work)
            passages: list[Json] = answer.get("retrievalResults") or []
            conversation = conversation_of(asked, passages)
            call = _call(scope, len(found.body), model=asked.model, conversation=conversation)
            made.append(call)
            reply = await fold(call, found.gateway)
        except Refusal as refusal:
            return refused(call, ENTRANCE, refusal)
        body = generated(text_of(reply.events), passages, str(call.id))
        response = answered(call, body)
        for name, value in call_headers(call, with_cost=True).items():
            response[name] = value
        return response


def _call(
    scope: Scope,
    body_bytes: int,
    *,
    key_of: Call | None = None,
    model: str = "",
    conversation: Conversation | None = None,
) -> Call:
    parsed = Parsed(
        model=model,
        conversation=conversation or Conversation(messages=[]),
        is_stream=False,
        places=Places(),
    )
    call = new_call(scope, wire_format=ENTRANCE.name, parsed=parsed, body_bytes=body_bytes)
    if key_of is not None:
        call.key = key_of.key
    return call


def _base(call: Call, gateway: Gateway, bedrock_id: str) -> BaseEntry:
    """The base of the key's team with this id. Refusal not_found for all others: which there are is nobody's business."""
    for (team_id, _), base in gateway.snapshot.bases.items():
        if team_id == call.key.team.id and base.kind == "bedrock" and base.bedrock_id == bedrock_id:
            return base
    raise Refusal(
        "not_found",
        f"Your team has no knowledge base '{bedrock_id[:100]}'. An administrator sets up which it may search.",
        param="knowledgeBaseId",
    )


async def _retrieved(call: Call, gateway: Gateway, base: BaseEntry, search: Search) -> Json:
    question = await hidden(call, gateway, search.question)
    body = {**search.body, "retrievalQuery": {"text": question}}
    answer = await gateway.knowledge_bases.retrieve_as_asked(
        body, bedrock_id=base.bedrock_id, region=base.region
    )
    results = answer.get("retrievalResults")
    if not isinstance(results, list):
        raise Refusal(
            "upstream_error", f"The knowledge base in {base.region} sent an answer that can't be read."
        )
    kept = [each for each in results if await may_be_read(call, gateway, passage_text(each))]
    if len(kept) < len(results):
        call.checks.adjusted.append(f"retrievalResults; left out={len(results) - len(kept)}")
    return answer | {"retrievalResults": kept}
